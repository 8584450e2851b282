//! A split index: a shared file, and a small one with what differs from it.

use std::ops::Range;

use lychgate_model::{HashKind, ObjectId};

use super::cursor::Entry;
use super::{Index, word};
use crate::error::Error;

/// The extension that makes an index one half of a split one.
#[derive(Debug)]
pub(super) struct Link {
    /// The checksum that names the shared file; `None`: there is none.
    pub(super) base: Option<ObjectId>,
    /// Positions in the shared file whose entries are gone, ascending.
    deleted: Vec<Range<usize>>,
    /// Positions whose entries stand, without their path, first in the small file.
    replaced: Vec<Range<usize>>,
}

/// The entries of both files in order.
#[derive(Debug)]
pub(crate) struct Merged {
    hash: HashKind,
    entries: Vec<(Vec<u8>, Entry)>,
}

impl Merged {
    pub(super) fn len(&self) -> usize {
        self.entries.len()
    }

    pub(super) fn hash(&self) -> HashKind {
        self.hash
    }

    pub(super) fn path(&self, at: usize) -> &[u8] {
        self.entries
            .get(at)
            .map(|(path, _)| path.as_slice())
            .unwrap_or_default()
    }

    pub(super) fn entry(&self, at: usize) -> Option<Entry> {
        self.entries.get(at).map(|(_, entry)| *entry)
    }
}

/// Reads the extension; `None`: damaged.
pub(super) fn parse(body: &[u8], hash: HashKind) -> Option<Link> {
    let (base, rest) = body.split_at_checked(hash.len())?;
    let base = ObjectId::from_bytes(base).filter(|id| !id.is_null());
    if rest.is_empty() {
        return Some(Link {
            base,
            deleted: Vec::new(),
            replaced: Vec::new(),
        });
    }
    let (deleted, used) = bitmap(rest)?;
    let (replaced, _) = bitmap(rest.get(used..)?)?;
    Some(Link {
        base,
        deleted,
        replaced,
    })
}

/// Puts `shared` and `own` together; `Ok(None)`: they do not fit.
pub(super) fn merge(shared: &Index, own: &Index, link: &Link) -> Result<Option<Merged>, Error> {
    let mut entries = Vec::with_capacity(shared.count.min(1 << 20));
    let mut theirs = super::Cursor::of_file(shared);
    let mut ours = super::Cursor::of_file(own);
    let (mut deleted, mut replaced) = (
        link.deleted.iter().cloned().flatten().peekable(),
        link.replaced.iter().cloned().flatten().peekable(),
    );
    let mut position = 0;
    while theirs.advance()? {
        let is_replaced = replaced.next_if_eq(&position).is_some();
        let is_deleted = deleted.next_if_eq(&position).is_some();
        position += 1;
        let mut entry = theirs.entry();
        if is_replaced {
            // Both at once happens: the entry was replaced and then removed.
            if !ours.advance()? || !ours.path().is_empty() {
                return Ok(None);
            }
            entry = ours.entry();
        }
        if !is_deleted {
            entries.push((theirs.path().to_vec(), entry));
        }
    }
    if deleted.next().is_some() || replaced.next().is_some() {
        return Ok(None);
    }
    while ours.advance()? {
        if ours.path().is_empty() {
            return Ok(None);
        }
        entries.push((ours.path().to_vec(), ours.entry()));
    }
    entries.sort_by(|(a, x), (b, y)| a.cmp(b).then(x.stage.cmp(&y.stage)));
    Ok(Some(Merged {
        hash: shared.hash,
        entries,
    }))
}

/// The positions of the set bits of a compressed (EWAH) bitmap, and how many bytes it takes. Runs
/// stay runs: eight bytes may announce billions of positions.
fn bitmap(bytes: &[u8]) -> Option<(Vec<Range<usize>>, usize)> {
    let bits = usize::try_from(word(bytes, 0)?).ok()?;
    let words = usize::try_from(word(bytes, 4)?).ok()?;
    let end = words.checked_mul(8)?.checked_add(8)?;
    let mut body = bytes.get(8..end)?.chunks_exact(8);
    let mut next = || {
        body.next()
            .and_then(|w| w.try_into().ok())
            .map(u64::from_be_bytes)
    };
    let mut set = Vec::new();
    let mut at = 0usize;
    while let Some(marker) = next() {
        let run = usize::try_from(marker >> 1 & 0xffff_ffff)
            .ok()?
            .checked_mul(64)?;
        let until = at.checked_add(run)?;
        if marker & 1 != 0 {
            set.push(at..until.min(bits));
        }
        at = until;
        for _ in 0..marker >> 33 {
            let literal = next()?;
            set.extend(
                (0..64)
                    .filter(|bit| literal >> bit & 1 != 0)
                    .map(|bit| at + bit..at + bit + 1),
            );
            at = at.checked_add(64)?;
        }
    }
    // After the words: where the last marker stands, which only a writer needs.
    bytes.get(end..end + 4)?;
    Some((set, end + 4))
}

#[cfg(test)]
mod tests {
    /// Twenty bytes may announce four billion set bits; found by fuzzing.
    #[test]
    fn a_run_of_billions_stays_a_run() {
        let bits = u32::MAX;
        // One word follows: its lowest bit says "of ones", the next 32 how many words of them.
        let marker: u64 = 1 | u64::from(u32::MAX) << 1;
        let mut bytes = Vec::new();
        bytes.extend_from_slice(&bits.to_be_bytes());
        bytes.extend_from_slice(&1u32.to_be_bytes());
        bytes.extend_from_slice(&marker.to_be_bytes());
        bytes.extend_from_slice(&0u32.to_be_bytes());
        let (set, taken) = super::bitmap(&bytes).expect("a bitmap");
        assert_eq!((set.len(), taken), (1, bytes.len()));
        assert_eq!(set.first().map(|r| r.end), Some(bits as usize));
    }
}
