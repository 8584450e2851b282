//! Whose files and sockets are believed, by owner and mode bits alone.

/// Mode bits with which the group, or everybody, may write.
pub const WRITABLE_BY_OTHERS: u32 = 0o022;

/// The users whose files and whose daemon are trusted.
#[derive(Clone, Copy, Debug)]
pub struct Trusted<'a> {
    /// The user of this process.
    pub own: u32,
    /// Those `lychgate.conf` lists.
    pub listed: &'a [u32],
}

/// Why something is not believed that has an owner and mode bits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Objection {
    /// Its owner is not trusted.
    Owner {
        /// That user.
        uid: u32,
    },
    /// Its group or everybody may write it.
    Writable,
}

impl Trusted<'_> {
    /// Whether `uid` is trusted: oneself, root, or listed. Root trusts root alone, whatever is
    /// listed: otherwise a daemon's user would decide what root is told.
    pub fn accepts(&self, uid: u32) -> bool {
        uid == 0 || self.own != 0 && (uid == self.own || self.listed.contains(&uid))
    }

    /// What speaks against something that belongs to `uid` and has these mode bits.
    pub fn objection(&self, uid: u32, mode: u32) -> Option<Objection> {
        if !self.accepts(uid) {
            return Some(Objection::Owner { uid });
        }
        (mode & WRITABLE_BY_OTHERS != 0).then_some(Objection::Writable)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn root_trusts_root_alone() {
        let root = Trusted {
            own: 0,
            listed: &[7],
        };
        assert!(root.accepts(0) && !root.accepts(7) && !root.accepts(1000));
        let person = Trusted {
            own: 1000,
            listed: &[7],
        };
        assert!(person.accepts(0) && person.accepts(7) && person.accepts(1000));
        assert!(!person.accepts(1001));
    }

    #[test]
    fn an_owner_comes_before_the_mode_and_both_are_looked_at() {
        let person = Trusted {
            own: 1000,
            listed: &[],
        };
        assert_eq!(person.objection(1000, 0o100_755), None);
        assert_eq!(person.objection(0, 0o100_600), None);
        for writable in [0o100_620, 0o100_602, 0o040_777] {
            assert_eq!(person.objection(1000, writable), Some(Objection::Writable));
        }
        let other = Some(Objection::Owner { uid: 4242 });
        assert_eq!(person.objection(4242, 0o100_600), other);
        assert_eq!(person.objection(4242, 0o100_666), other);
    }
}
