//! The bytes of a pack, of which only some are in memory at a time.

use std::fs::File;
use std::io;
use std::ops::Range;

use lychgate_model::HashKind;

use super::entry::Entry;
use crate::mapped::Mapped;

/// What one page fault brings in, as Linux has it by default.
const BLOCK: u64 = 64 << 10;

/// Blocks that are kept. A map of the whole pack would let go of nothing: for a large push that is
/// more memory than everything else together.
const BLOCKS: usize = 20;

/// Reads a pack here and there, through a map that is given up and made anew.
pub(crate) struct Reader<'p> {
    file: &'p File,
    /// Where the entries end and the checksum begins.
    end: u64,
    hash: HashKind,
    map: Mapped,
    /// Blocks looked at since the map was made, a bit each, and how many.
    seen: Vec<u64>,
    count: usize,
}

impl<'p> Reader<'p> {
    /// Whether a file begins as a pack does, and where its entries end.
    pub(crate) fn end_of(file: &File, hash: HashKind) -> io::Result<Option<u64>> {
        let map = Mapped::of(file)?;
        let starts = map.starts_with(b"PACK\0\0\0\x02") || map.starts_with(b"PACK\0\0\0\x03");
        let end = map.len().checked_sub(hash.len());
        Ok(end.filter(|end| starts && *end >= 12).map(|end| end as u64))
    }

    pub(crate) fn new(file: &'p File, end: u64, hash: HashKind) -> io::Result<Self> {
        let blocks = usize::try_from(end / BLOCK / 64).map_err(io::Error::other)? + 1;
        Ok(Self {
            file,
            end,
            hash,
            map: Mapped::of(file)?,
            seen: vec![0; blocks],
            count: 0,
        })
    }

    /// The bytes of a range, up to where the entries end; none when the file was cut short.
    pub(crate) fn bytes(&mut self, range: Range<u64>) -> &[u8] {
        let range = range.start..range.end.min(self.end);
        if range.is_empty() {
            return &[];
        }
        if self.count > BLOCKS
            && let Ok(map) = Mapped::of(self.file)
        {
            self.map = map;
            self.seen.fill(0);
            self.count = 0;
        }
        for block in range.start / BLOCK..=(range.end - 1) / BLOCK {
            if let Some(word) = self.seen.get_mut((block / 64) as usize) {
                let bit = 1 << (block % 64);
                self.count += usize::from(*word & bit == 0);
                *word |= bit;
            }
        }
        let (Ok(start), Ok(end)) = (usize::try_from(range.start), usize::try_from(range.end))
        else {
            return &[];
        };
        self.map.get(start..end).unwrap_or_default()
    }

    /// The head of the entry at `start`, which ends before `end`.
    pub(crate) fn head(&mut self, start: u64, end: u64) -> Option<Entry> {
        let hash = self.hash;
        Entry::read(self.bytes(start..end.min(start + Entry::HEAD)), start, hash)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_bytes_are_those_of_the_file_however_much_was_let_go() {
        let name = format!("lychgate-reader-{}", std::process::id());
        let path = std::env::temp_dir().join(name);
        let mut bytes = b"PACK\0\0\0\x02".to_vec();
        bytes.extend((0..BLOCK as u32 * 60 / 4).flat_map(|n| n.wrapping_mul(77).to_be_bytes()));
        std::fs::write(&path, &bytes).unwrap();
        let file = File::open(&path).unwrap();
        std::fs::remove_file(&path).unwrap();
        let end = Reader::end_of(&file, HashKind::Sha1).unwrap().unwrap();
        assert_eq!(end, bytes.len() as u64 - 20);
        let mut reader = Reader::new(&file, end, HashKind::Sha1).unwrap();
        for n in 0..400 {
            let start = n * 7_654_321 % end;
            let range = start..start + n * 500;
            let within = start as usize..range.end.min(end) as usize;
            assert_eq!(reader.bytes(range), &bytes[within]);
            assert!(
                reader.count <= BLOCKS + 5,
                "more is kept than is meant to be"
            );
        }
        assert!(reader.bytes(end..end + 9).is_empty());
    }
}
