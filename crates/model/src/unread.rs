//! Why an object cannot be judged, as far as people mend it in different ways.
//!
//! From a client to a judge it goes as a sentence, as every reason does. The sentences are written
//! and read here alone; what is not one of them is damage that somebody has to look at.

use std::fmt;

use crate::{ObjectId, ObjectKind};

/// A reason that tells what to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unread {
    /// It is in no object directory.
    Missing(ObjectId),
    /// Its bytes are those of its id, and no tree, commit or tag: it was made so.
    IllFormed(ObjectKind),
    /// An entry of a tree whose mode is none that Git gives to anything: it was made so.
    Mode(u32),
    /// It is stored as a delta at the end of more of them than are followed.
    LongChain,
    /// It is stored as a delta and is larger than what is made of one.
    LargeResult,
}

const MISSING: (&str, &str) = ("object ", " is missing");
const MODE: (&str, &str) = ("mode ", " is none that Git writes");
const ILL_FORMED: &str = "it is no well-formed ";
const LONG_CHAIN: &str = "its delta chain is too long";
const LARGE_RESULT: &str = "its delta result is too large";

impl fmt::Display for Unread {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Missing(id) => write!(f, "{}{id}{}", MISSING.0, MISSING.1),
            Self::IllFormed(kind) => write!(f, "{ILL_FORMED}{}", kind.name()),
            Self::Mode(bits) => write!(f, "{}{bits:o}{}", MODE.0, MODE.1),
            Self::LongChain => f.write_str(LONG_CHAIN),
            Self::LargeResult => f.write_str(LARGE_RESULT),
        }
    }
}

impl Unread {
    /// What `reason` says, if it is one of the sentences.
    pub fn read(reason: &str) -> Option<Self> {
        let within = |(before, behind): (&str, &str)| {
            let rest = reason.strip_prefix(before)?;
            rest.strip_suffix(behind).map(str::to_owned)
        };
        match reason {
            LONG_CHAIN => return Some(Self::LongChain),
            LARGE_RESULT => return Some(Self::LargeResult),
            _ => {}
        }
        if let Some(id) = within(MISSING) {
            return ObjectId::from_hex(id.as_bytes()).map(Self::Missing);
        }
        if let Some(bits) = within(MODE) {
            return u32::from_str_radix(&bits, 8).ok().map(Self::Mode);
        }
        let kind = reason.strip_prefix(ILL_FORMED)?;
        let mut kinds = ObjectKind::ALL.into_iter();
        kinds.find(|k| k.name() == kind).map(Self::IllFormed)
    }

    /// The object that `message` says is missing, and what of it comes before the sentence: what
    /// could not be read for want of the object. More may follow.
    pub fn missing_in(message: &str) -> Option<(&str, ObjectId)> {
        let end = message.find(MISSING.1)?;
        let start = message.get(..end)?.rfind(MISSING.0)?;
        let sentence = message.get(start..end + MISSING.1.len())?;
        match Self::read(sentence)? {
            Self::Missing(id) => Some((message.get(..start)?, id)),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn id(digit: &str, len: usize) -> ObjectId {
        ObjectId::from_hex(digit.repeat(len).as_bytes()).unwrap()
    }

    #[test]
    fn every_sentence_is_read_as_it_was_written() {
        let mut all = vec![
            Unread::Missing(id("a", 40)),
            Unread::Missing(id("b", 64)),
            Unread::Mode(0o644),
            Unread::Mode(0o140_000),
            Unread::LongChain,
            Unread::LargeResult,
        ];
        all.extend(ObjectKind::ALL.map(Unread::IllFormed));
        for unread in all {
            let said = unread.to_string();
            assert_eq!(Unread::read(&said), Some(unread), "{said}");
            assert_eq!(Unread::read(&format!("{said}!")), None, "{said}");
        }
        for other in [
            "",
            "object of mine is missing",
            "mode 9 is none that Git writes",
            "it is no well-formed excuse",
        ] {
            assert_eq!(Unread::read(other), None, "{other}");
        }
    }

    #[test]
    fn a_missing_object_is_found_behind_what_wanted_it() {
        let id = id("c", 40);
        let message = format!("d/f: object {id} is missing (on the server's main)");
        assert_eq!(Unread::missing_in(&message), Some(("d/f: ", id)));
        assert_eq!(Unread::missing_in("object of mine is missing"), None);
        assert_eq!(Unread::missing_in("Reviewed-by is missing"), None);
    }
}
