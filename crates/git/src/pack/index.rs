//! The index of a pack: ids in order, and where their entries begin.

use std::cmp::Ordering;
use std::io;
use std::path::Path;

use lychgate_model::{HashKind, ObjectId};

use crate::mapped::Mapped;

const FAN: usize = 256 * 4;

/// A pack's index, version 1 or 2, as it lies in its file.
#[derive(Debug)]
pub(crate) struct PackIndex {
    map: Mapped,
    hash: HashKind,
    is_second: bool,
    count: usize,
}

impl PackIndex {
    /// Maps an index file; `Ok(None)`: it is damaged.
    pub(crate) fn open(path: &Path, hash: HashKind) -> io::Result<Option<Self>> {
        Ok(Self::new(Mapped::sparse(path)?, hash))
    }

    pub(crate) fn new(map: Mapped, hash: HashKind) -> Option<Self> {
        let is_second = map.starts_with(b"\xfftOc");
        if is_second && word(&map, 4)? != 2 {
            return None;
        }
        let mut index = Self {
            map,
            hash,
            is_second,
            count: 0,
        };
        index.count = usize::try_from(word(&index.map, index.fan_out() + FAN - 4)?).ok()?;
        let row = hash.len() + if is_second { 8 } else { 4 };
        let rows = index.count.checked_mul(row)?;
        let least = rows.checked_add(index.fan_out() + FAN + 2 * hash.len())?;
        (index.map.len() >= least).then_some(index)
    }

    pub(crate) fn count(&self) -> usize {
        self.count
    }

    /// Where the 256 running counts begin.
    const fn fan_out(&self) -> usize {
        if self.is_second { 8 } else { 0 }
    }

    /// The id in a row.
    pub(crate) fn id(&self, row: usize) -> Option<&[u8]> {
        let (width, skip) = if self.is_second {
            (self.hash.len(), 0)
        } else {
            (self.hash.len() + 4, 4)
        };
        let at = self.fan_out() + FAN + row.checked_mul(width)? + skip;
        self.map.get(at..)?.get(..self.hash.len())
    }

    /// Where the entry of a row begins in the pack.
    pub(crate) fn offset(&self, row: usize) -> Option<u64> {
        if !self.is_second {
            let at = self.fan_out() + FAN + row.checked_mul(self.hash.len() + 4)?;
            return word(&self.map, at).map(u64::from);
        }
        let short = self.fan_out() + FAN + self.count * (self.hash.len() + 4);
        let value = word(&self.map, short + row.checked_mul(4)?)?;
        if value & 0x8000_0000 == 0 {
            return Some(value.into());
        }
        let long = short + self.count * 4 + usize::try_from(value & 0x7fff_ffff).ok()? * 8;
        let bytes = self.map.get(long..long.checked_add(8)?)?;
        Some(u64::from_be_bytes(bytes.try_into().ok()?))
    }

    /// The rows whose ids begin with this byte.
    fn rows(&self, first: u8) -> Option<(usize, usize)> {
        let count_at = |byte: usize| {
            word(&self.map, self.fan_out() + byte * 4).and_then(|n| usize::try_from(n).ok())
        };
        let low = match first {
            0 => 0,
            _ => count_at(usize::from(first) - 1)?,
        };
        let high = count_at(usize::from(first))?;
        (low <= high && high <= self.count).then_some((low, high))
    }

    /// The row of an id, the first of them if a pack has it twice; `Err`: the index contradicts
    /// itself.
    pub(crate) fn find(&self, id: &[u8]) -> Result<Option<usize>, Inconsistent> {
        let first = *id.first().ok_or(Inconsistent)?;
        let (low, high) = self.rows(first).ok_or(Inconsistent)?;
        let keys = u32::from_be_bytes([first, 0, 0, 0]);
        Ok(self.find_between(id, (low, high), (keys, keys | 0xff_ffff)))
    }

    /// The same, of an id that stands in these rows if anywhere, whose first four bytes are within
    /// `keys`. Ids are spread evenly, and each row that is looked at is a wait for memory: it is
    /// looked for where it should be first.
    pub(crate) fn find_between(
        &self,
        id: &[u8],
        (mut low, mut high): (usize, usize),
        (mut least, mut most): (u32, u32),
    ) -> Option<usize> {
        const GUESSES: usize = 4;
        let key = key(id)?;
        for _ in 0..GUESSES {
            let rows = high.checked_sub(low + 1)? as u64;
            let above = u64::from(key.saturating_sub(least));
            let keys = u64::from(most.saturating_sub(least)).max(1);
            let at = low + (rows * above.min(keys) / keys) as usize;
            let found = self.id(at)?;
            match found.cmp(id) {
                Ordering::Less => (low, least) = (at + 1, self::key(found)?),
                Ordering::Equal if at == low || self.id(at - 1) != Some(id) => return Some(at),
                Ordering::Equal => high = at,
                Ordering::Greater => (high, most) = (at, self::key(found)?),
            }
        }
        let end = high;
        while low < high {
            let middle = low + (high - low) / 2;
            if self.id(middle)? < id {
                low = middle + 1;
            } else {
                high = middle;
            }
        }
        (low < end && self.id(low) == Some(id)).then_some(low)
    }

    /// The ids that begin with `prefix` in hex, two digits at least.
    pub(crate) fn with_prefix(&self, prefix: &str) -> Vec<ObjectId> {
        let Some((low, high)) = prefix
            .get(..2)
            .and_then(|d| u8::from_str_radix(d, 16).ok())
            .and_then(|b| self.rows(b))
        else {
            return Vec::new();
        };
        (low..high)
            .filter_map(|row| ObjectId::from_bytes(self.id(row)?))
            .filter(|id| id.to_string().starts_with(prefix))
            .collect()
    }
}

/// An index that contradicts itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Inconsistent;

/// The first four bytes of an id.
fn key(id: &[u8]) -> Option<u32> {
    id.first_chunk().map(|bytes| u32::from_be_bytes(*bytes))
}

fn word(bytes: &[u8], at: usize) -> Option<u32> {
    let word = bytes.get(at..at.checked_add(4)?)?;
    Some(u32::from_be_bytes(word.try_into().ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn index(version: u8, ids: &[(u8, u32)]) -> Vec<u8> {
        let mut out = Vec::new();
        if version == 2 {
            out.extend_from_slice(b"\xfftOc\0\0\0\x02");
        }
        for byte in 0..=255u8 {
            let n = ids.iter().filter(|(id, _)| *id <= byte).count() as u32;
            out.extend_from_slice(&n.to_be_bytes());
        }
        if version == 1 {
            for (id, offset) in ids {
                out.extend_from_slice(&offset.to_be_bytes());
                out.extend_from_slice(&[*id; 20]);
            }
        } else {
            ids.iter()
                .for_each(|(id, _)| out.extend_from_slice(&[*id; 20]));
            ids.iter().for_each(|_| out.extend_from_slice(&[0; 4]));
            ids.iter()
                .for_each(|(_, offset)| out.extend_from_slice(&offset.to_be_bytes()));
        }
        out
    }

    fn read(bytes: &[u8]) -> Option<PackIndex> {
        PackIndex::new(Mapped::Bytes(bytes.to_vec()), HashKind::Sha1)
    }

    #[test]
    fn both_versions_give_the_same() {
        for version in [1, 2] {
            let mut file = index(version, &[(3, 12), (200, 99)]);
            file.extend([0; 40]);
            let found = read(&file).unwrap();
            let rows = (0..found.count()).map(|row| (found.id(row).unwrap(), found.offset(row)));
            let expected = [(&[3; 20][..], Some(12)), (&[200; 20][..], Some(99))];
            assert!(rows.eq(expected));
            assert_eq!(found.find(&[200; 20]), Ok(Some(1)));
            assert_eq!(found.find(&[4; 20]), Ok(None));
            assert!(read(&file[..file.len() - 1]).is_none());
        }
    }

    #[test]
    fn large_offsets() {
        let mut file = index(2, &[(3, 0x8000_0001)]);
        file.extend_from_slice(&[0; 8]);
        file.extend_from_slice(&[0, 0, 0, 1, 0, 0, 0, 2]);
        file.extend([0; 40]);
        assert_eq!(read(&file).unwrap().offset(0), Some((1 << 32) + 2));
        let short = index(2, &[(3, 0x8000_0001)]);
        let cut = read(&[short, vec![0; 40]].concat()).unwrap();
        assert_eq!(cut.offset(0), Some(0), "the checksums stand there");
        let far = index(2, &[(3, 0xffff_ffff)]);
        assert_eq!(
            read(&[far, vec![0; 40]].concat()).unwrap().offset(0),
            None,
            "beyond the file"
        );
    }

    #[test]
    fn running_counts_that_run_backwards_are_noticed() {
        let mut file = index(2, &[(3, 12), (200, 99)]);
        file.extend([0; 40]);
        file[8 + 4 * 3..8 + 4 * 4].copy_from_slice(&9u32.to_be_bytes());
        assert_eq!(read(&file).unwrap().find(&[3; 20]), Err(Inconsistent));
    }
}
