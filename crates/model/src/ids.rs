//! Identifiers: objects, rules, digests.

use std::fmt;

/// The hash function a repository names its objects by.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum HashKind {
    /// 20 bytes, 40 hex digits.
    Sha1,
    /// 32 bytes, 64 hex digits (`extensions.objectFormat = sha256`).
    Sha256,
}

#[expect(clippy::len_without_is_empty, reason = "no hash is empty")]
impl HashKind {
    /// Bytes of an id of this kind.
    pub const fn len(self) -> usize {
        match self {
            Self::Sha1 => 20,
            Self::Sha256 => 32,
        }
    }

    /// Git's name for it, as in `--object-format`.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Sha1 => "sha1",
            Self::Sha256 => "sha256",
        }
    }
}

/// The id of a Git object, of either hash kind.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ObjectId {
    kind: HashKind,
    bytes: [u8; 32],
}

/// What each byte is worth as a hex digit; above 15: it is none.
const DIGITS: [u8; 256] = {
    let mut digits = [u8::MAX; 256];
    let mut at = 0;
    while at < 16 {
        let lower = b"0123456789abcdef"[at];
        digits[lower as usize] = at as u8;
        digits[lower.to_ascii_uppercase() as usize] = at as u8;
        at += 1;
    }
    digits
};

impl ObjectId {
    /// The all-zero id with which Git says "no object".
    pub const fn null(kind: HashKind) -> Self {
        Self {
            kind,
            bytes: [0; 32],
        }
    }

    /// An id from its 20 or 32 raw bytes; `None` for any other length.
    pub fn from_bytes(raw: &[u8]) -> Option<Self> {
        let kind = match raw.len() {
            20 => HashKind::Sha1,
            32 => HashKind::Sha256,
            _ => return None,
        };
        let mut bytes = [0; 32];
        bytes.get_mut(..raw.len())?.copy_from_slice(raw);
        Some(Self { kind, bytes })
    }

    /// An id from 40 or 64 hex digits; `None` for anything else.
    pub fn from_hex(hex: &[u8]) -> Option<Self> {
        let mut raw = [0u8; 32];
        if !matches!(hex.len(), 40 | 64) {
            return None;
        }
        let mut all = 0;
        for (out, pair) in raw.iter_mut().zip(hex.as_chunks().0) {
            let [high, low] = pair.map(|digit| DIGITS[usize::from(digit)]);
            *out = high << 4 | low;
            all |= high | low;
        }
        let raw = raw.get(..hex.len() / 2).filter(|_| all <= 15)?;
        Self::from_bytes(raw)
    }

    /// The hash kind.
    pub const fn kind(&self) -> HashKind {
        self.kind
    }

    /// The 20 or 32 raw bytes.
    pub fn as_bytes(&self) -> &[u8] {
        self.bytes.get(..self.kind.len()).unwrap_or(&self.bytes)
    }

    /// Whether this is the all-zero id.
    pub fn is_null(&self) -> bool {
        self.bytes == [0; 32]
    }
}

impl fmt::Display for ObjectId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        hex(self.as_bytes(), f)
    }
}

impl fmt::Debug for ObjectId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

fn hex(bytes: &[u8], f: &mut fmt::Formatter<'_>) -> fmt::Result {
    for b in bytes {
        write!(f, "{b:02x}")?;
    }
    Ok(())
}

/// A SHA-256: of a rule set, of a policy, over what was enumerated.
#[derive(Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Digest(pub [u8; 32]);

impl fmt::Display for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        hex(&self.0, f)
    }
}

impl fmt::Debug for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// HMAC-SHA-256 of a secret value under the key of one state folder, first 16 bytes: tells two
/// sightings of one value apart from two values, and nothing else. Content only: no path, line or
/// commit. Never sent by a server to a pusher (it would be a guessing oracle).
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Fingerprint(pub [u8; 16]);

impl fmt::Display for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        hex(&self.0, f)
    }
}

impl fmt::Debug for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// The stable name of a rule and the only code users see: `[a-z0-9]+([.-][a-z0-9]+)*`, 3 to 64
/// bytes.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RuleId(std::sync::Arc<str>);

impl RuleId {
    /// A rule id, or `None` when `text` is not of the form above.
    pub fn new(text: &str) -> Option<Self> {
        let word = |w: &str| {
            !w.is_empty()
                && w.bytes()
                    .all(|b| b.is_ascii_lowercase() || b.is_ascii_digit())
        };
        let fits = (3..=64).contains(&text.len()) && text.split(['.', '-']).all(word);
        fits.then(|| Self(text.into()))
    }

    /// The id as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for RuleId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for RuleId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hex_round_trips_for_both_kinds() {
        for n in [20usize, 32] {
            let raw: Vec<u8> = (0u8..).take(n).collect();
            let id = ObjectId::from_bytes(&raw).unwrap();
            assert_eq!(ObjectId::from_hex(id.to_string().as_bytes()), Some(id));
            assert_eq!(id.as_bytes(), raw);
        }
        assert_eq!(ObjectId::from_hex(b"xyz"), None);
        assert_eq!(ObjectId::from_hex(&[b'g'; 40]), None);
        assert_eq!(ObjectId::from_bytes(&[1; 21]), None);
    }

    #[test]
    fn rule_ids_have_one_form() {
        for good in ["aws.access-key-id", "jwt", "a1-2.b"] {
            assert!(RuleId::new(good).is_some(), "{good}");
        }
        for bad in [
            "",
            "ab",
            "A.b",
            "a..b",
            "-ab",
            "ab-",
            "a_b.c",
            &"x".repeat(65),
        ] {
            assert!(RuleId::new(bad).is_none(), "{bad}");
        }
    }
}
