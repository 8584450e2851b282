//! Whether something packed stands in an object that is too large to be opened.

use flate2::{Decompress, FlushDecompress, Status};
use zeroize::Zeroizing;

use super::unpack::{GZIP, ZIP, gzip_body, is_zlib};

/// Bytes after a signature that are enough to tell: the names before a stream are at most 4 KiB,
/// or they are not read in a smaller object either.
const AHEAD: usize = 8 << 10;
/// Bytes looked at once.
const SLICE: usize = 64 << 10;
/// What comes out of a stream, and not out of bytes that only look like its beginning.
const PROOF: usize = 64;
/// Signatures tried in vain, after which it is said without a proof.
const TRIALS: usize = 10_000;

/// Looks for archives in bytes that come in pieces, until it finds one.
pub(crate) struct Within {
    /// Reserved once: a buffer that moves would leave copies behind.
    buffer: Zeroizing<Vec<u8>>,
    decoder: Option<Decompress>,
    trials: usize,
    begun: bool,
    found: bool,
}

impl Within {
    pub(crate) fn new() -> Self {
        Self {
            buffer: Zeroizing::default(),
            decoder: None,
            trials: 0,
            begun: false,
            found: false,
        }
    }

    /// The next bytes, of any length.
    pub(crate) fn feed(&mut self, mut piece: &[u8]) {
        while !self.found && !piece.is_empty() {
            let room = (SLICE + AHEAD).saturating_sub(self.buffer.len());
            self.buffer.reserve_exact(room);
            let (now, rest) = piece.split_at(room.min(piece.len()));
            self.buffer.extend_from_slice(now);
            piece = rest;
            if now.len() == room {
                self.look(SLICE);
                self.buffer.drain(..SLICE);
            }
        }
    }

    /// Whether there is one, when all bytes came.
    pub(crate) fn finish(mut self) -> bool {
        if !self.found {
            self.look(self.buffer.len());
        }
        self.found
    }

    /// Looks at signatures that begin before `end`.
    fn look(&mut self, end: usize) {
        let bytes = std::mem::take(&mut self.buffer);
        if !std::mem::replace(&mut self.begun, true) && is_zlib(&bytes) {
            self.found |= self.opens(&bytes, true);
        }
        let zips = memchr::memmem::find_iter(&bytes, ZIP).map(|at| (at, true));
        let gzips = memchr::memmem::find_iter(&bytes, GZIP).map(|at| (at, false));
        for (at, is_zip) in zips.chain(gzips).filter(|(at, _)| *at < end) {
            let head = bytes.get(at..).unwrap_or_default();
            self.trials += 1;
            self.found |= self.trials > TRIALS
                || match is_zip {
                    true => self.zip(head),
                    false => gzip_body(head, 0)
                        .and_then(|body| head.get(body..))
                        .is_some_and(|body| self.opens(body, false)),
                };
            if self.found {
                break;
            }
        }
        self.buffer = bytes;
    }

    /// Whether the member of a zip that begins here holds what plain text does not show.
    fn zip(&mut self, head: &[u8]) -> bool {
        let number = |at: usize| {
            let two = head.get(at..at + 2).and_then(|b| b.first_chunk());
            two.map(|b| usize::from(u16::from_le_bytes(*b)))
        };
        let (Some(flags), Some(method)) = (number(6), number(8)) else {
            return false;
        };
        let (Some(name), Some(extra)) = (number(26), number(28)) else {
            return false;
        };
        match method {
            0 => flags & 1 != 0,
            8 if flags & 1 == 0 => match head.get(30 + name + extra..) {
                Some(body) => self.opens(body, false),
                // Its names are longer than is looked at.
                None => true,
            },
            _ => true,
        }
    }

    /// Whether a stream begins here.
    fn opens(&mut self, packed: &[u8], zlib: bool) -> bool {
        let mut framed = Decompress::new(true);
        let decoder = match zlib {
            true => &mut framed,
            false => self.decoder.get_or_insert_with(|| Decompress::new(false)),
        };
        decoder.reset(zlib);
        let mut out = Zeroizing::new([0; 4 * PROOF]);
        let status = decoder.decompress(packed, out.as_mut(), FlushDecompress::None);
        let written = decoder.total_out();
        match status {
            Ok(Status::StreamEnd) => written > 0,
            Ok(_) => written >= PROOF as u64,
            Err(_) => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use super::*;

    fn noise(length: usize) -> Vec<u8> {
        let mut state = 0x9e37_79b9_7f4a_7c15u64;
        let next = || {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            state as u8
        };
        std::iter::repeat_with(next).take(length).collect()
    }

    fn gzip(text: &[u8]) -> Vec<u8> {
        let mut out = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
        out.write_all(text).unwrap();
        out.finish().unwrap()
    }

    fn said(bytes: &[u8], piece: usize) -> bool {
        let mut within = Within::new();
        bytes.chunks(piece).for_each(|piece| within.feed(piece));
        within.finish()
    }

    #[test]
    fn an_archive_is_found_wherever_it_begins_and_however_it_comes() {
        let packed = gzip(b"a little text");
        let mut zip = b"PK\x03\x04\x14\0\0\0\x08\0".to_vec();
        zip.resize(26, 0);
        zip.extend([1, 0, 0, 0, b'n']);
        zip.extend(&packed[10..packed.len() - 8]);
        let mut zlib = flate2::write::ZlibEncoder::new(Vec::new(), flate2::Compression::default());
        zlib.write_all(b"a little text").unwrap();
        let zlib = zlib.finish().unwrap();
        for piece in [1 << 20, 65_536, 4099] {
            for before in [0, 5, SLICE - 3, SLICE + AHEAD - 3, 300_000] {
                for archive in [&packed, &zip] {
                    let whole = [&noise(before), archive.as_slice(), &noise(90_000)].concat();
                    assert!(said(&whole, piece), "{piece} {before}");
                    let end = &whole[..before + archive.len()];
                    assert!(said(end, piece), "at the end: {piece} {before}");
                }
            }
            assert!(said(&[zlib.as_slice(), &noise(90_000)].concat(), piece));
        }
    }

    #[test]
    fn what_only_looks_like_one_is_not() {
        let mut bytes = noise(400_000);
        for at in (1000..300_000).step_by(10_000) {
            bytes[at..at + 4].copy_from_slice(b"\x1f\x8b\x08\0");
            bytes[at + 10] = 0xff;
        }
        assert!(!said(&bytes, 70_000));
        // Stored members are plain to the pass over the bytes.
        let mut stored = b"PK\x03\x04\x14\0\0\0\0\0".to_vec();
        stored.resize(200_000, b'x');
        assert!(!said(&stored, 70_000));
        stored[6] = 1;
        assert!(said(&stored, 70_000), "an encrypted one is not");
    }

    #[test]
    fn a_sea_of_signatures_ends() {
        let sea = b"\x1f\x8b\x08\0\0\0\0\0\0\0\xff".repeat(20_000);
        assert!(said(&sea, 1 << 20), "that many are not tried");
    }
}
