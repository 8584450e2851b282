//! Trees as many small numbers: read once, compared often.

use std::cmp::Ordering;
use std::ops::Range;

use lychgate_model::{HashKind, Mode};

use crate::numbers::{Full, Names, Numbers};

/// What an entry of a tree is, as far as its path is judged by it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Entry {
    /// Name number in the low bits, mode in the high ones.
    packed: u32,
    /// Number of the object.
    pub(crate) object: u32,
}

const NAME_BITS: u32 = 29;

impl Entry {
    fn new(name: u32, mode: Mode, object: u32) -> Self {
        let mode = match mode {
            Mode::Regular => 0,
            Mode::Executable => 1,
            Mode::Symlink => 2,
            Mode::Gitlink => 3,
            Mode::Tree => 4,
        };
        Self {
            packed: mode << NAME_BITS | name,
            object,
        }
    }

    pub(crate) const fn name(self) -> u32 {
        self.packed & ((1 << NAME_BITS) - 1)
    }

    pub(crate) const fn mode(self) -> Mode {
        match self.packed >> NAME_BITS {
            0 => Mode::Regular,
            1 => Mode::Executable,
            2 => Mode::Symlink,
            3 => Mode::Gitlink,
            _ => Mode::Tree,
        }
    }

    pub(crate) const fn is_tree(self) -> bool {
        matches!(self.mode(), Mode::Tree)
    }

    /// Whether what is named is no object of this repository.
    pub(crate) const fn is_gitlink(self) -> bool {
        matches!(self.mode(), Mode::Gitlink)
    }

    /// Whether the same content stands here in the same way: a file that becomes executable is
    /// the same, one that becomes a symlink is not, nor one that was a gitlink.
    pub(crate) fn same(self, other: Self) -> bool {
        let way = |e: Self| (matches!(e.mode(), Mode::Symlink), e.is_gitlink());
        self.object == other.object && way(self) == way(other)
    }
}

/// One entry as it stands in a tree object.
pub(crate) struct RawEntry<'a> {
    pub(crate) mode: Option<Mode>,
    pub(crate) name: &'a [u8],
    pub(crate) id: &'a [u8],
    /// All of it, for comparing with another tree's.
    pub(crate) whole: &'a [u8],
}

/// Splits the first entry off `data`; `None`: malformed.
pub(crate) fn split_entry(data: &[u8], kind: HashKind) -> Option<(RawEntry<'_>, &[u8])> {
    let mut bits: u32 = 0;
    let mut at = 0;
    loop {
        match *data.get(at)? {
            b' ' if at > 0 => break,
            digit @ b'0'..=b'7' if at < 7 => bits = bits << 3 | u32::from(digit - b'0'),
            _ => return None,
        }
        at += 1;
    }
    let rest = data.get(at + 1..)?;
    let end = rest.iter().position(|b| *b == 0)?;
    let name = rest.get(..end).filter(|name| !name.is_empty())?;
    let id = rest.get(end + 1..)?.get(..kind.len())?;
    let (whole, after) = data.split_at_checked(at + 1 + end + 1 + kind.len())?;
    Some((
        RawEntry {
            mode: Mode::from_bits(bits),
            name,
            id,
            whole,
        },
        after,
    ))
}

/// How many bytes both begin with, at least: counted in blocks while they last.
fn agreement(a: &[u8], b: &[u8]) -> usize {
    const BLOCK: usize = 64;
    let blocks = a.chunks_exact(BLOCK).zip(b.chunks_exact(BLOCK));
    let whole = BLOCK * blocks.take_while(|(a, b)| a == b).count();
    let (a, b) = (
        a.get(whole..).unwrap_or_default(),
        b.get(whole..).unwrap_or_default(),
    );
    whole + a.iter().zip(b).take_while(|(a, b)| a == b).count()
}

/// A tree object that cannot be read as one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Malformed;

impl From<Full> for Malformed {
    fn from(_: Full) -> Self {
        Self
    }
}

/// The entries of many trees, one after another.
#[derive(Default)]
pub(crate) struct Trees {
    names: Names,
    entries: Vec<Entry>,
}

impl Trees {
    /// Reads a tree; `base` is one read before whose bytes are at hand: where both agree nothing
    /// is looked up again, and in a pack nearly all of a tree agrees with its delta base.
    pub(crate) fn read(
        &mut self,
        content: &[u8],
        base: Option<(&[u8], Range<usize>)>,
        numbers: &mut Numbers,
        kind: HashKind,
    ) -> Result<Range<usize>, Malformed> {
        let start = self.entries.len();
        let result = self.read_entries(content, base, numbers, kind);
        if result.is_err() {
            self.entries.truncate(start);
        }
        result.map(|()| start..self.entries.len())
    }

    fn read_entries(
        &mut self,
        content: &[u8],
        base: Option<(&[u8], Range<usize>)>,
        numbers: &mut Numbers,
        kind: HashKind,
    ) -> Result<(), Malformed> {
        let (mut old, mut known) = base.unwrap_or_default();
        let mut rest = content;
        let mut agree = agreement(rest, old);
        while !rest.is_empty() {
            let (raw, after) = split_entry(rest, kind).ok_or(Malformed)?;
            rest = after;
            let mode = raw.mode.ok_or(Malformed)?;
            let len = raw.whole.len();
            if agree < len {
                while let Some((_, next)) =
                    split_entry(old, kind).filter(|(theirs, _)| theirs.name < raw.name)
                {
                    old = next;
                    known.start += 1;
                }
                agree = match old.strip_prefix(raw.whole) {
                    Some(next) => len + agreement(rest, next),
                    None => 0,
                };
            }
            let same = agree >= len;
            if same {
                old = old.get(len..).unwrap_or_default();
                agree -= len;
            }
            if same && !known.is_empty() {
                let entry = self.entries.get(known.start).copied().ok_or(Malformed)?;
                self.entries.push(entry);
                known.start += 1;
            } else {
                let name = self.names.number(raw.name)?;
                if name >= 1 << NAME_BITS {
                    return Err(Malformed);
                }
                let object = numbers.number(raw.id)?;
                self.entries.push(Entry::new(name, mode, object));
            }
        }
        Ok(())
    }

    pub(crate) fn entries(&self, range: Range<usize>) -> &[Entry] {
        self.entries.get(range).unwrap_or_default()
    }

    pub(crate) fn name(&self, entry: Entry) -> &[u8] {
        self.names.get(entry.name())
    }

    /// How Git orders two entries: by name, a tree's as if it ended in a slash.
    fn order(&self, a: Entry, b: Entry) -> Ordering {
        if a.name() == b.name() {
            return a.is_tree().cmp(&b.is_tree());
        }
        let key = |e: Entry| {
            let slash: &[u8] = if e.is_tree() { b"/" } else { b"" };
            self.name(e).iter().chain(slash)
        };
        key(a).cmp(key(b))
    }
}

/// Finds, entry by entry of one tree in order, what stands at the same path in another.
///
/// In a tree that is not in Git's order some entries are not found. They are then taken as new,
/// so that a malformed tree can be judged too often but never too little.
pub(crate) struct Beside {
    rest: Range<usize>,
}

impl Beside {
    pub(crate) const fn new(other: Range<usize>) -> Self {
        Self { rest: other }
    }

    /// What stands in the other tree at the path of `entry`, as the same kind of thing: a file or
    /// symlink beside a file or symlink, a tree beside a tree.
    pub(crate) fn find(&mut self, trees: &Trees, entry: Entry) -> Option<Entry> {
        while let Some(other) = trees.entries.get(self.rest.clone()).and_then(|r| r.first()) {
            match trees.order(*other, entry) {
                Ordering::Less => self.rest.start += 1,
                Ordering::Equal => {
                    self.rest.start += 1;
                    return Some(*other);
                }
                Ordering::Greater => return None,
            }
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tree(entries: &[(&str, &str, u8)]) -> Vec<u8> {
        let mut out = Vec::new();
        for (mode, name, id) in entries {
            out.extend_from_slice(mode.as_bytes());
            out.push(b' ');
            out.extend_from_slice(name.as_bytes());
            out.push(0);
            out.extend_from_slice(&[*id; 20]);
        }
        out
    }

    #[test]
    fn a_base_changes_nothing_but_the_work() {
        let old = tree(&[
            ("100644", "a", 1),
            ("160000", "b", 2),
            ("40000", "c", 3),
            ("120000", "d", 4),
            ("100644", "e", 5),
        ]);
        let new = tree(&[
            ("100644", "a", 1),
            ("100644", "b", 9),
            ("160000", "bb", 7),
            ("40000", "c", 3),
            ("100644", "d", 4),
            ("100644", "e", 5),
            ("100644", "f", 6),
        ]);
        let mut numbers = Numbers::new(HashKind::Sha1);
        let mut trees = Trees::default();
        let base = trees
            .read(&old, None, &mut numbers, HashKind::Sha1)
            .unwrap();
        let alone = trees
            .read(&new, None, &mut numbers, HashKind::Sha1)
            .unwrap();
        let helped = trees
            .read(
                &new,
                Some((&old, base.clone())),
                &mut numbers,
                HashKind::Sha1,
            )
            .unwrap();
        assert_eq!(trees.entries(alone.clone()), trees.entries(helped));
        assert_eq!(alone.len(), 7);

        let mut beside = Beside::new(base);
        let found = trees
            .entries(alone)
            .iter()
            .map(|e| beside.find(&trees, *e).is_some_and(|other| other.same(*e)))
            .collect::<Vec<_>>();
        assert_eq!(found, [true, false, false, true, false, true, false]);
    }

    #[test]
    fn what_is_no_tree_is_refused() {
        let mut numbers = Numbers::new(HashKind::Sha1);
        let mut trees = Trees::default();
        for bad in [
            b"100644 a".to_vec(),
            b"100644 a\0short".to_vec(),
            tree(&[("100644", "", 1)]),
            tree(&[("", "a", 1)]),
            tree(&[("100684", "a", 1)]),
            tree(&[("010000", "fifo", 1)]),
            tree(&[("123456701", "a", 1)]),
        ] {
            assert_eq!(
                trees.read(&bad, None, &mut numbers, HashKind::Sha1),
                Err(Malformed)
            );
        }
        assert_eq!(
            trees.read(b"", None, &mut numbers, HashKind::Sha1),
            Ok(0..0)
        );
    }
}
