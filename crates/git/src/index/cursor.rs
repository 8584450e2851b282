//! One entry of an index after the other.

use lychgate_model::{HashKind, ObjectId};

use super::split::Merged;
use super::{HEADER, Index, word};
use crate::error::Error;

/// What an entry says beside its path.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Entry {
    pub(crate) mode: u32,
    pub(crate) id: ObjectId,
    /// 0, or the side of an unfinished merge.
    pub(crate) stage: u8,
    /// Announced but without content: not part of a commit.
    pub(crate) intent_to_add: bool,
}

/// Stands on one entry at a time.
#[derive(Debug)]
pub(crate) struct Cursor<'a> {
    from: From<'a>,
    /// Entries not yet visited.
    left: usize,
    entry: Entry,
    /// The path of the entry where it does not stand in the file in one piece.
    compressed: Vec<u8>,
}

#[derive(Debug)]
enum From<'a> {
    File {
        bytes: &'a [u8],
        hash: HashKind,
        version: u32,
        /// Where the next entry begins.
        at: usize,
        path: &'a [u8],
    },
    Merged {
        merged: &'a Merged,
        next: usize,
    },
}

/// The fields of an entry that stand before its path.
const FIELDS: usize = 40;
const MODE: usize = 24;

impl<'a> Cursor<'a> {
    pub(super) fn of_file(index: &'a Index) -> Self {
        // Without the checksum at the end.
        let end = index.map.len().saturating_sub(index.hash.len());
        let bytes = index.map.get(..end).unwrap_or_default();
        let from = From::File {
            bytes,
            hash: index.hash,
            version: index.version,
            at: HEADER,
            path: b"",
        };
        Self::new(from, index.count, index.hash)
    }

    pub(super) fn of_merged(merged: &'a Merged) -> Self {
        Self::new(
            From::Merged { merged, next: 0 },
            merged.len(),
            merged.hash(),
        )
    }

    fn new(from: From<'a>, left: usize, hash: HashKind) -> Self {
        let id = ObjectId::null(hash);
        let entry = Entry {
            mode: 0,
            id,
            stage: 0,
            intent_to_add: false,
        };
        Self {
            from,
            left,
            entry,
            compressed: Vec::new(),
        }
    }

    /// The path of the entry the cursor stands on.
    pub(crate) fn path(&self) -> &[u8] {
        match &self.from {
            From::File { version: 4, .. } => &self.compressed,
            From::File { path, .. } => path,
            From::Merged { merged, next } => merged.path(next.wrapping_sub(1)),
        }
    }

    /// What else it says.
    pub(crate) fn entry(&self) -> Entry {
        self.entry
    }

    /// Where the next entry of the file begins.
    pub(super) fn offset(&self) -> usize {
        match &self.from {
            From::File { at, .. } => *at,
            From::Merged { .. } => 0,
        }
    }

    /// Moves to the next entry; whether there is one.
    ///
    /// The order of the entries is not checked: each is visited whatever it is.
    pub(crate) fn advance(&mut self) -> Result<bool, Error> {
        if self.left == 0 {
            return Ok(false);
        }
        match self.step(true) {
            Some(()) => Ok(true),
            None => Err(Error::corrupt("the index is malformed")),
        }
    }

    /// Passes over `count` entries; `None`: there are not as many, or one is malformed. The cursor
    /// stands on nothing until it advances.
    pub(crate) fn skip(&mut self, count: usize) -> Option<()> {
        self.left = self.left.checked_sub(count)?;
        match &mut self.from {
            From::Merged { next, .. } => *next += count,
            From::File {
                bytes,
                hash,
                version: 2 | 3,
                at,
                ..
            } => {
                let flags_at = FIELDS + hash.len();
                let mut start = *at;
                for _ in 0..count {
                    start = Self::after_plain(bytes, start, flags_at)?;
                }
                *at = start;
            }
            From::File { .. } => {
                self.left += count;
                for _ in 0..count {
                    self.step(false)?;
                }
            }
        }
        Some(())
    }

    /// Where the entry after the one at `start` begins, in a file whose paths are whole. Most of
    /// what a commit costs here is this, for every entry: it looks at two bytes of each.
    #[inline]
    fn after_plain(bytes: &[u8], start: usize, flags_at: usize) -> Option<usize> {
        let flags = half(bytes, start + flags_at)?;
        let mut length = usize::from(flags & NAME_LENGTH);
        let name_at = flags_at + if flags & EXTENDED != 0 { 4 } else { 2 };
        if length == LONG_NAME {
            length = memchr(bytes.get(start + name_at..)?)?;
        }
        Some(start + ((name_at + length + 8) & !7)).filter(|&end| end <= bytes.len())
    }

    /// Moves by one; `whole`: as far as its mode, id and flags are concerned, too.
    fn step(&mut self, whole: bool) -> Option<()> {
        self.left = self.left.checked_sub(1)?;
        match &mut self.from {
            From::Merged { merged, next } => {
                self.entry = merged.entry(*next)?;
                *next += 1;
            }
            From::File {
                bytes,
                hash,
                version,
                at,
                path,
            } => {
                let start = *at;
                let head = bytes.get(start..)?;
                let flags_at = FIELDS + hash.len();
                let flags = half(head, flags_at)?;
                let mut name_at = flags_at + 2;
                let mut more = 0;
                if flags & EXTENDED != 0 {
                    more = half(head, name_at).filter(|_| *version >= 3)?;
                    name_at += 2;
                }
                if whole {
                    self.entry = Entry {
                        mode: word(head, MODE)?,
                        id: ObjectId::from_bytes(head.get(FIELDS..flags_at)?)?,
                        stage: u8::try_from(flags >> 12 & 3).ok()?,
                        intent_to_add: more & INTENT_TO_ADD != 0,
                    };
                }
                let name = head.get(name_at..)?;
                if *version == 4 {
                    let (dropped, used) = distance(name)?;
                    let suffix = name.get(used..)?;
                    let length = memchr(suffix)?;
                    let kept = self.compressed.len().checked_sub(dropped)?;
                    self.compressed.truncate(kept);
                    self.compressed.extend_from_slice(suffix.get(..length)?);
                    *at = start + name_at + used + length + 1;
                } else {
                    let length = match usize::from(flags & NAME_LENGTH) {
                        LONG_NAME => memchr(name)?,
                        length => length,
                    };
                    *path = name.get(..length)?;
                    // At least one NUL, and as many as make the entry a multiple of eight.
                    *at = start + ((name_at + length + 8) & !7);
                    bytes.get(..*at)?;
                }
            }
        }
        Some(())
    }
}

const EXTENDED: u16 = 0x4000;
const NAME_LENGTH: u16 = 0x0fff;
const LONG_NAME: usize = 0x0fff;
const INTENT_TO_ADD: u16 = 0x2000;

fn half(bytes: &[u8], at: usize) -> Option<u16> {
    let half = bytes.get(at..at.checked_add(2)?)?;
    Some(u16::from_be_bytes(half.try_into().ok()?))
}

fn memchr(bytes: &[u8]) -> Option<usize> {
    bytes.iter().position(|&b| b == 0)
}

/// The number in front of a prefix-compressed path, and how many bytes it takes.
fn distance(bytes: &[u8]) -> Option<(usize, usize)> {
    let mut used = 0;
    let mut value = 0usize;
    loop {
        let byte = *bytes.get(used)?;
        used += 1;
        value = value
            .checked_mul(128)?
            .checked_add(usize::from(byte & 0x7f))?;
        if byte & 0x80 == 0 {
            return Some((value, used));
        }
        value = value.checked_add(1)?;
    }
}
