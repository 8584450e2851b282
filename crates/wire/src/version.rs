//! Which versions understand each other.

use std::cmp::Ordering;

use crate::frame::{Hello, Refuse, RefuseCode};

/// Incompatible changes. Peers of different majors refuse each other.
pub const MAJOR: u16 = 1;
/// Compatible additions. Each side works with any minor of its major, old or new.
pub const MINOR: u16 = 1;

/// This side's Hello.
pub fn hello<'a>(capabilities: u64, build: &'a str, documents: Vec<&'a [u8]>) -> Hello<'a> {
    Hello {
        major: MAJOR,
        minor: MINOR,
        capabilities,
        build,
        documents,
    }
}

/// This side's Refuse.
pub fn refuse(code: RefuseCode, message: &str) -> Refuse<'_> {
    Refuse {
        code,
        message,
        major: MAJOR,
        minor: MINOR,
    }
}

/// The minor version two peers speak: the older of the two; `None` when their majors differ.
pub fn agreed(theirs: &Hello<'_>) -> Option<u16> {
    (theirs.major == MAJOR).then(|| theirs.minor.min(MINOR))
}

/// Whether the program behind `ours` is newer than the one behind `theirs`, by protocol version
/// and then by build (`1.10.0` is after `1.9.3`): a client hook that is newer than the daemon it
/// finds asks it to drain and starts its own.
pub fn is_newer(ours: &Hello<'_>, theirs: &Hello<'_>) -> bool {
    let key = |hello: &Hello<'_>| (hello.major, hello.minor);
    key(ours)
        .cmp(&key(theirs))
        .then_with(|| compare_builds(ours.build, theirs.build))
        == Ordering::Greater
}

/// Compares the dotted numbers at the front of two build strings; what follows them does not
/// count.
fn compare_builds(a: &str, b: &str) -> Ordering {
    let numbers = |build: &str| -> Vec<u64> {
        let end = build
            .find(|c: char| !c.is_ascii_digit() && c != '.')
            .unwrap_or(build.len());
        build
            .split_at(end)
            .0
            .split('.')
            .map_while(|n| n.parse().ok())
            .collect()
    };
    numbers(a).cmp(&numbers(b))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn builds_compare_by_number() {
        assert_eq!(compare_builds("1.10.0", "1.9.3"), Ordering::Greater);
        assert_eq!(compare_builds("0.1.0 (abc)", "0.1.0"), Ordering::Equal);
        assert_eq!(compare_builds("", "0.1.0"), Ordering::Less);
    }

    #[test]
    fn majors_must_agree_and_minors_meet_at_the_older() {
        let mut theirs = hello(0, "9.0", Vec::new());
        theirs.minor = MINOR + 3;
        assert_eq!(agreed(&theirs), Some(MINOR));
        assert!(is_newer(&theirs, &hello(0, "9.0", Vec::new())));
        assert!(!is_newer(&hello(0, "9.0", Vec::new()), &theirs));
        theirs.major += 1;
        assert_eq!(agreed(&theirs), None);
    }
}
