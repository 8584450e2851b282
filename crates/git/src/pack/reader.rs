//! The bytes of a pack, of which only some are in memory at a time.
//!
//! They are read into buffers that are used again. A map would be made and given up over and over,
//! with page faults in between, and a file that is cut short under it ends the process.

use std::fs::File;
use std::io;
use std::ops::Range;

use lychgate_model::HashKind;
use rustix::buffer::spare_capacity;
use rustix::io::Errno;

use super::entry::Entry;

/// Bytes that are read at once: dozens of small entries.
const BLOCK: u64 = 16 << 10;

/// Blocks that are kept, each in the place its number gives it.
const BLOCKS: usize = 64;

/// Most bytes that are given at once where they do not stand in one block.
pub(super) const LONG: u64 = 128 << 10;

/// Reads a pack here and there.
pub(crate) struct Reader<'p> {
    file: &'p File,
    /// Where the entries end and the checksum begins.
    end: u64,
    hash: HashKind,
    blocks: Vec<Block>,
    long: Vec<u8>,
}

#[derive(Clone, Default)]
struct Block {
    start: u64,
    bytes: Vec<u8>,
}

impl<'p> Reader<'p> {
    /// Whether a file begins as a pack does, and where its entries end.
    pub(crate) fn end_of(file: &File, hash: HashKind) -> io::Result<Option<u64>> {
        let mut head = Vec::new();
        read(file, 0..8, &mut head)?;
        let starts = head == b"PACK\0\0\0\x02" || head == b"PACK\0\0\0\x03";
        let end = file.metadata()?.len().checked_sub(hash.len() as u64);
        Ok(end.filter(|end| starts && *end >= 12))
    }

    pub(crate) fn new(file: &'p File, end: u64, hash: HashKind) -> Self {
        Self {
            file,
            end,
            hash,
            blocks: vec![Block::default(); BLOCKS],
            long: Vec::new(),
        }
    }

    /// The bytes at the front of a range, all of them up to [`LONG`]; none where the entries end,
    /// and fewer when the file was cut short or cannot be read.
    pub(crate) fn bytes(&mut self, range: Range<u64>) -> &[u8] {
        let range = range.start..range.end.min(self.end);
        if range.is_empty() {
            return &[];
        }
        let start = range.start / BLOCK * BLOCK;
        if range.end - start > BLOCK {
            let end = range.end.min(range.start + LONG);
            if read(self.file, range.start..end, &mut self.long).is_err() {
                self.long.clear();
            }
            return &self.long;
        }
        let Some(block) = self.blocks.get_mut((start / BLOCK) as usize % BLOCKS) else {
            return &[];
        };
        if block.start != start || block.bytes.is_empty() {
            block.start = start;
            let end = self.end.min(start + BLOCK);
            if read(self.file, start..end, &mut block.bytes).is_err() {
                block.bytes.clear();
            }
        }
        let within = |at: u64| ((at - start) as usize).min(block.bytes.len());
        let (from, to) = (within(range.start), within(range.end));
        block.bytes.get(from..to).unwrap_or_default()
    }

    /// The head of the entry at `start`, which ends before `end`.
    pub(crate) fn head(&mut self, start: u64, end: u64) -> Option<Entry> {
        let hash = self.hash;
        Entry::read(self.bytes(start..end.min(start + Entry::HEAD)), start, hash)
    }
}

/// Reads a range of a file into a buffer that is used again: as much as there is.
fn read(file: &File, range: Range<u64>, into: &mut Vec<u8>) -> io::Result<()> {
    let wanted = usize::try_from(range.end - range.start).map_err(io::Error::other)?;
    into.clear();
    into.reserve_exact(wanted);
    while into.len() < wanted {
        let at = range.start + into.len() as u64;
        match rustix::io::pread(file, spare_capacity(into), at) {
            Ok(0) => break,
            Ok(_) | Err(Errno::INTR) => {}
            Err(error) => return Err(error.into()),
        }
    }
    into.truncate(wanted);
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_bytes_are_those_of_the_file_however_much_was_let_go() {
        let name = format!("lychgate-reader-{}", std::process::id());
        let path = std::env::temp_dir().join(name);
        let mut bytes = b"PACK\0\0\0\x02".to_vec();
        bytes.extend((0..BLOCK as u32 * 60).flat_map(|n| n.wrapping_mul(77).to_be_bytes()));
        std::fs::write(&path, &bytes).unwrap();
        let file = File::options().read(true).write(true).open(&path).unwrap();
        std::fs::remove_file(&path).unwrap();
        let end = Reader::end_of(&file, HashKind::Sha1).unwrap().unwrap();
        assert_eq!(end, bytes.len() as u64 - 20);
        let mut reader = Reader::new(&file, end, HashKind::Sha1);
        for n in 0..1000 {
            let start = n * 7_654_321 % end;
            let range = start..start + n * 500;
            let to = range.end.min(end).min(start + LONG) as usize;
            assert_eq!(reader.bytes(range), &bytes[start as usize..to]);
        }
        assert!(reader.bytes(end..end + 9).is_empty());
        let kept: usize = reader.blocks.iter().map(|b| b.bytes.capacity()).sum();
        assert!(
            kept as u64 <= BLOCK * BLOCKS as u64,
            "{kept} bytes are kept"
        );
    }

    #[test]
    fn a_file_that_is_cut_short_gives_fewer_bytes() {
        let path = std::env::temp_dir().join(format!("lychgate-cut-{}", std::process::id()));
        std::fs::write(&path, [7; 40_000]).unwrap();
        let file = File::options().read(true).write(true).open(&path).unwrap();
        std::fs::remove_file(&path).unwrap();
        assert_eq!(Reader::end_of(&file, HashKind::Sha1).unwrap(), None);
        let mut reader = Reader::new(&file, 39_980, HashKind::Sha1);
        file.set_len(20_000).unwrap();
        assert_eq!(reader.bytes(19_000..20_500).len(), 1000);
        assert_eq!(reader.bytes(10_000..30_000).len(), 10_000);
        assert!(reader.bytes(30_000..30_100).is_empty());
        assert!(reader.bytes(20_000..39_000).is_empty());
    }
}
