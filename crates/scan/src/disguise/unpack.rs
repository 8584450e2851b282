//! Packed content: zip members, gzip, zlib, the streams of a PDF, files of bzip2, xz and zstd.
//!
//! A zip is read by its local headers, wherever they stand: its directory at the end is the
//! author's word, and may leave out what an unpacker that streams would write (APPNOTE 4.3.7).
//! What is stored without compression, tar among it, is plain to the pass over the raw bytes.

use std::io::Read;
use std::ops::Range;

use flate2::{Decompress, FlushDecompress, Status};
use lychgate_model::limits;

use super::containers;
use super::packers;
use super::radix;
use super::view::Content;
use crate::overwritten::overwrite;

pub(super) const ZIP: &[u8] = b"PK\x03\x04";
pub(super) const GZIP: &[u8] = b"\x1f\x8b\x08";
const PDF: &[u8] = b"%PDF-";
/// What a stream of a PDF is called.
pub(super) const IN_PDF: &str = "PDF stream";
/// What is packed in a way that is not read.
const OTHERS: [(&[u8], &str); 3] = [
    (b"7z\xbc\xaf\x27\x1c", "7-Zip"),
    (b"Rar!\x1a\x07", "RAR"),
    (b"\x04\x22\x4d\x18", "LZ4"),
];
/// What is said of what is not opened.
const UNOPENED: &str = "an archive of a kind that is not opened";
/// What is said of a stream that ends in the middle.
pub(super) const DAMAGED: &str = "packed content that is damaged";
/// Bytes that come out of a zlib stream that ends in the middle before it is one: its head is two
/// bytes, and a dozen may come out of whatever stands behind such.
const SURE: u64 = 32;
/// What a member is called that may be read otherwise than the bytes it is stored in.
pub(super) const STORED: &str = "stored member";
/// Members of one archive.
const MEMBERS: usize = 10_000;
/// Bytes that are unpacked before they are looked at.
const PIECE: usize = 4 << 20;
/// Bytes unpacked at once.
const STEP: usize = 64 << 10;

/// A part of something packed.
pub(super) enum Entry<'e> {
    /// What came out, and where it was packed. A long part comes in pieces that overlap.
    Content {
        kind: &'static str,
        /// As the archive says it; nobody has looked at it.
        name: &'e [u8],
        raw: Range<usize>,
        content: &'e [u8],
    },
    /// What did not come out.
    Unread(&'static str),
}

/// Whether anything packed begins with this byte: most text does not.
pub(super) const fn may_begin(b: u8) -> bool {
    matches!(
        b,
        b'P' | 0x1f | b'%' | b'B' | 0xfd | 0x28 | b'7' | b'R' | 0x04 | 0x78 | 0x5d
    )
}

impl<'e> Entry<'e> {
    fn of(kind: &'static str, name: &'e [u8], raw: &Range<usize>, content: &'e [u8]) -> Self {
        Self::Content {
            kind,
            name,
            raw: raw.clone(),
            content,
        }
    }
}

/// Whether something packed begins here.
pub(crate) fn is_packed(head: &[u8]) -> bool {
    if !head.first().is_some_and(|b| may_begin(*b)) {
        return false;
    }
    [ZIP, GZIP, PDF].iter().any(|magic| head.starts_with(magic))
        || OTHERS.iter().any(|(magic, _)| head.starts_with(magic))
        || packers::begins(head)
        // Text may begin with the fourth of the flags of zlib.
        || (is_zlib(head) && head.get(1) != Some(&b'^'))
}

/// Whether a PDF begins here.
pub(super) fn is_pdf(head: &[u8]) -> bool {
    head.starts_with(PDF)
}

/// Whether a zlib stream begins here (RFC 1950, section 2.2).
pub(super) fn is_zlib(head: &[u8]) -> bool {
    matches!(head, [0x78, flags @ (0x01 | 0x5e | 0x9c | 0xda), ..]
        if (0x7800u32 + u32::from(*flags)).is_multiple_of(31))
}

/// What bytes are that are no text: something packed, or text of two bytes a character.
pub(super) fn content_of(head: &[u8]) -> Option<Content> {
    if is_zlib(head) || is_packed(head) {
        return Some(Content::Packed);
    }
    let text = |b: &u8| radix::is_text(*b);
    let (pairs, _) = head.as_chunks::<2>();
    let wide = match head {
        [0xff, 0xfe, _, 0, ..] | [0xfe, 0xff, 0, ..] => true,
        _ => {
            head.len() >= 12
                && (pairs.iter().all(|[a, b]| *b == 0 && text(a))
                    || pairs.iter().all(|[a, b]| *a == 0 && text(b)))
        }
    };
    wide.then_some(Content::Wide)
}

/// What unpacking reuses: to set up a decompressor costs more than a small member.
pub(super) struct Unpacker {
    raw: Decompress,
    zlib: Decompress,
    piece: Vec<u8>,
    content: Vec<u8>,
}

impl Default for Unpacker {
    fn default() -> Self {
        Self {
            raw: Decompress::new(false),
            zlib: Decompress::new(true),
            piece: Vec::new(),
            content: Vec::new(),
        }
    }
}

impl std::fmt::Debug for Unpacker {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Unpacker(..)")
    }
}

/// How a stream is framed.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Framing {
    Raw,
    Zlib,
}

impl Unpacker {
    /// Every part of `bytes` that is packed. `left` counts down the bytes that may come out.
    pub(super) fn entries(
        &mut self,
        bytes: &[u8],
        left: &mut usize,
        each: &mut dyn FnMut(Entry<'_>),
    ) {
        if OTHERS.iter().any(|(magic, _)| bytes.starts_with(magic)) {
            each(Entry::Unread(UNOPENED));
        }
        let ahead = self.ahead(bytes, left, each);
        // Signatures stand in other binaries too, by chance or as data: only what begins as an
        // archive is a damaged one.
        let archive = ahead.is_none() && is_packed(bytes);
        let each: &mut dyn FnMut(Entry<'_>) = &mut |entry| match entry {
            Entry::Unread(DAMAGED) if !archive => {}
            entry => each(entry),
        };
        if containers::is_png(bytes) {
            self.png(bytes, left, each);
        }
        // Who unpacks a zip looks for it from its end, whatever stands before it.
        let from = ahead.unwrap_or(0);
        self.zip(bytes, from, left, each);
        self.gzip(bytes, from, left, each);
        self.others(bytes, from, left, each);
        if bytes.starts_with(PDF) {
            self.pdf(bytes, left, each);
        }
    }

    /// The streams that `bytes` begins with, one behind the other, if with any: where the last
    /// one ends that came out whole.
    fn ahead(
        &mut self,
        bytes: &[u8],
        left: &mut usize,
        each: &mut dyn FnMut(Entry<'_>),
    ) -> Option<usize> {
        if let Some(start) = containers::git_pack(bytes) {
            self.git_pack(bytes, start, left, each);
            // What stands in its objects is deflated: no signature is found there but by chance.
            return Some(0);
        }
        let mut at = 0;
        for stream in 0.. {
            let rest = bytes.get(at..).unwrap_or_default();
            let packed = packers::begins(rest);
            if !packed && !is_zlib(rest) {
                return (stream > 0).then_some(at);
            }
            if stream == MEMBERS {
                each(Entry::Unread("archive members beyond the limit"));
                return Some(at);
            }
            let used = match packed {
                true => self.packed(rest, at, left, each),
                false => self.stream(rest, at, ("zlib", b""), Framing::Zlib, left, each),
            };
            if used == 0 {
                return Some(at);
            }
            at += used;
        }
        None
    }

    fn zip(
        &mut self,
        bytes: &[u8],
        from: usize,
        left: &mut usize,
        each: &mut dyn FnMut(Entry<'_>),
    ) {
        let number = |at: usize| {
            let two = bytes.get(at..at + 2).and_then(|b| b.first_chunk());
            two.map_or(0, |b| usize::from(u16::from_le_bytes(*b)))
        };
        let mut members = 0;
        let mut skip = from;
        for header in memchr::memmem::find_iter(bytes, ZIP) {
            if header < skip {
                continue;
            }
            let (flags, method) = (number(header + 6), number(header + 8));
            let name = header + 30..header + 30 + number(header + 26);
            let data = name.end + number(header + 28);
            let Some(packed) = bytes.get(data..) else {
                continue;
            };
            members += 1;
            if members > MEMBERS {
                each(Entry::Unread("archive members beyond the limit"));
                return;
            }
            if flags & 1 != 0 {
                each(Entry::Unread("an encrypted archive member"));
                continue;
            }
            match method {
                0 => {
                    let size = number(header + 18) | number(header + 20) << 16;
                    let own = packed.get(..size).filter(|own| {
                        matches!(own, [b'<' | 0xef | 0x30, ..]) && own.len() <= *left
                    });
                    if let Some(own) = own {
                        *left -= own.len();
                        let name = bytes.get(name).unwrap_or_default();
                        each(Entry::of(STORED, name, &(data..data + size), own));
                    }
                }
                8 => {
                    let name = bytes.get(name).unwrap_or_default();
                    let what = ("zip member", name);
                    skip = data + self.stream(packed, data, what, Framing::Raw, left, each);
                }
                12 | 14 | 93 | 95 => {
                    let name = bytes.get(name).unwrap_or_default();
                    // What streams says its length behind it.
                    let size = number(header + 18) | number(header + 20) << 16;
                    let own = packed.get(..size).filter(|own| !own.is_empty());
                    let mut packed = own.unwrap_or(packed);
                    let what = ("zip member", name, data..data + packed.len());
                    match packers::member(method, &mut packed) {
                        Some(reader) => {
                            self.read_through(reader, what, left, each);
                        }
                        None => each(Entry::Unread(UNOPENED)),
                    }
                }
                _ => each(Entry::Unread(
                    "an archive member of a method that is not read",
                )),
            }
        }
    }

    fn gzip(
        &mut self,
        bytes: &[u8],
        from: usize,
        left: &mut usize,
        each: &mut dyn FnMut(Entry<'_>),
    ) {
        let mut skip = from;
        let mut members = 0;
        for header in memchr::memmem::find_iter(bytes, GZIP) {
            let Some(at) = gzip_body(bytes, header).filter(|_| header >= skip) else {
                continue;
            };
            members += 1;
            if members > MEMBERS {
                each(Entry::Unread("archive members beyond the limit"));
                return;
            }
            let packed = bytes.get(at..).unwrap_or_default();
            skip = at + self.stream(packed, at, ("gzip", b""), Framing::Raw, left, each);
        }
    }

    fn pdf(&mut self, bytes: &[u8], left: &mut usize, each: &mut dyn FnMut(Entry<'_>)) {
        if memchr::memmem::find(bytes, b"/Encrypt").is_some() {
            each(Entry::Unread("an encrypted PDF"));
        }
        let mut skip = 0;
        let mut streams = 0;
        for word in memchr::memmem::find_iter(bytes, b"stream") {
            let at = match bytes.get(word + 6..) {
                Some([b'\r', b'\n', ..]) => word + 8,
                Some([b'\n' | b'\r', ..]) => word + 7,
                _ => continue,
            };
            let Some(packed) = bytes.get(at..).filter(|p| word >= skip && is_zlib(p)) else {
                continue;
            };
            streams += 1;
            if streams > MEMBERS {
                each(Entry::Unread("archive members beyond the limit"));
                return;
            }
            let what = (IN_PDF, &b""[..]);
            skip = at + self.stream(packed, at, what, Framing::Zlib, left, each);
        }
    }

    /// Unpacks a file of a packer that is read through once; returns how many bytes it had, 0 if
    /// it did not come out whole, or its reader does not tell.
    pub(super) fn packed(
        &mut self,
        bytes: &[u8],
        at: usize,
        left: &mut usize,
        each: &mut dyn FnMut(Entry<'_>),
    ) -> usize {
        let mut behind = bytes;
        let Some((kind, reader)) = packers::reader(&mut behind) else {
            each(Entry::Unread(UNOPENED));
            return 0;
        };
        let what = (kind, &b""[..], at..at + bytes.len());
        let whole = self.read_through(reader, what, left, each);
        match whole && !packers::is_lzma(bytes) {
            true => bytes.len() - behind.len(),
            false => 0,
        }
    }

    /// Reads what a packer gives; whether it came to its end.
    fn read_through(
        &mut self,
        mut reader: Box<dyn Read + '_>,
        (kind, name, raw): (&'static str, &[u8], Range<usize>),
        left: &mut usize,
        each: &mut dyn FnMut(Entry<'_>),
    ) -> bool {
        self.piece.resize(STEP, 0);
        self.content.clear();
        let said = loop {
            // What is asked for beyond what is left tells whether there is more.
            let most = STEP.min(left.saturating_add(1));
            let room = self.piece.get_mut(..most).unwrap_or_default();
            let n = match reader.read(room) {
                Ok(0) => break None,
                Ok(n) if n > *left => break Some("packed content beyond the limit"),
                Ok(n) => n,
                Err(e) if e.kind() == std::io::ErrorKind::Interrupted => continue,
                Err(_) => break Some(DAMAGED),
            };
            *left -= n;
            self.content
                .extend_from_slice(self.piece.get(..n).unwrap_or_default());
            if self.content.len() >= PIECE {
                each(Entry::of(kind, name, &raw, &self.content));
                let overlap = limits::OVERLAP.min(self.content.len());
                self.content.drain(..self.content.len() - overlap);
            }
        };
        if !self.content.is_empty() {
            each(Entry::of(kind, name, &raw, &self.content));
        }
        said.into_iter().for_each(|s| each(Entry::Unread(s)));
        overwrite(&mut self.piece);
        overwrite(&mut self.content);
        self.content.clear();
        if self.content.capacity() > 4 * STEP {
            self.content = Vec::new();
        }
        said.is_none()
    }

    /// Unpacks one stream; returns how many packed bytes it had, 0 if it is none.
    pub(super) fn stream(
        &mut self,
        packed: &[u8],
        at: usize,
        (kind, name): (&'static str, &[u8]),
        framing: Framing,
        left: &mut usize,
        each: &mut dyn FnMut(Entry<'_>),
    ) -> usize {
        let (decoder, least) = match framing {
            Framing::Raw => (&mut self.raw, 1),
            Framing::Zlib => (&mut self.zlib, SURE),
        };
        decoder.reset(framing == Framing::Zlib);
        self.piece.resize(STEP, 0);
        self.content.clear();
        let place = |n: u64| usize::try_from(n).unwrap_or(usize::MAX);
        let mut widest = 0;
        let whole = loop {
            let (read, written) = (decoder.total_in(), decoder.total_out());
            let rest = packed.get(place(read)..).unwrap_or_default();
            let status = decoder.decompress(rest, &mut self.piece, FlushDecompress::None);
            let used = place(decoder.total_in());
            let n = place(decoder.total_out() - written);
            widest = widest.max(n);
            let entry = |content| Entry::Content {
                kind,
                name,
                raw: at..at + used,
                content,
            };
            let over = n > *left;
            if !over && n > 0 {
                *left -= n;
                let new = self.piece.get(..n).unwrap_or_default();
                self.content.extend_from_slice(new);
            }
            let stuck = n == 0 && decoder.total_in() == read;
            let stopped = match status {
                _ if over => Some(Some("packed content beyond the limit")),
                Ok(Status::StreamEnd) => Some(None),
                Ok(_) if !stuck => None,
                _ => Some((decoder.total_out() >= least).then_some(DAMAGED)),
            };
            if let Some(said) = stopped {
                if !self.content.is_empty() {
                    each(entry(&self.content));
                }
                said.into_iter().for_each(|s| each(Entry::Unread(s)));
                break over || matches!(status, Ok(Status::StreamEnd));
            }
            if self.content.len() >= PIECE {
                each(entry(&self.content));
                let overlap = limits::OVERLAP.min(self.content.len());
                self.content.drain(..self.content.len() - overlap);
            }
        };
        if let Some(written) = self.piece.get_mut(..widest) {
            overwrite(written);
        }
        let used = place(decoder.total_in());
        overwrite(&mut self.content);
        self.content.clear();
        if self.content.capacity() > 4 * STEP {
            self.content = Vec::new();
        }
        if whole { used } else { 0 }
    }
}

/// Where the deflated data of a gzip member begins (RFC 1952, section 2.3).
pub(super) fn gzip_body(bytes: &[u8], header: usize) -> Option<usize> {
    const LONGEST: usize = 4096;
    let flags = *bytes.get(header + 3)?;
    // The upper flags are reserved and zero.
    if flags & 0xe0 != 0 {
        return None;
    }
    let mut at = header + 10;
    if flags & 4 != 0 {
        let length = u16::from_le_bytes(*bytes.get(at..at + 2)?.first_chunk()?);
        at += 2 + usize::from(length);
    }
    for flag in [8, 16] {
        if flags & flag != 0 {
            let rest = bytes.get(at..bytes.len().min(at + LONGEST))?;
            at += memchr::memchr(0, rest)? + 1;
        }
    }
    if flags & 2 != 0 {
        at += 2;
    }
    (at < bytes.len()).then_some(at)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_packed_begins_otherwise() {
        let magics = OTHERS.iter().map(|(magic, _)| *magic);
        for magic in magics.chain([ZIP, GZIP, PDF]) {
            assert!(may_begin(magic[0]) && is_packed(magic), "{magic:?}");
        }
        for first in 0..=u8::MAX {
            let zlib = (0..=u8::MAX).any(|second| is_zlib(&[first, second]));
            assert!(may_begin(first) || !zlib, "{first}");
        }
    }
}
