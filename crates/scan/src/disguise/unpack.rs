//! Packed content: zip members, gzip, zlib, the streams of a PDF.
//!
//! A zip is read by its local headers, wherever they stand: its directory at the end is the
//! author's word, and may leave out what an unpacker that streams would write (APPNOTE 4.3.7).
//! What is stored without compression, tar among it, is plain to the pass over the raw bytes.

use std::io::Read;
use std::ops::Range;

use flate2::bufread::{DeflateDecoder, MultiGzDecoder, ZlibDecoder};
use lychgate_model::limits;
use zeroize::Zeroize;

const ZIP: &[u8] = b"PK\x03\x04";
const GZIP: &[u8] = b"\x1f\x8b\x08";
const PDF: &[u8] = b"%PDF-";
/// What is packed in a way that is not read.
const OTHERS: [(&[u8], &str); 6] = [
    (b"BZh", "bzip2"),
    (b"\xfd7zXZ\0", "xz"),
    (b"\x28\xb5\x2f\xfd", "zstd"),
    (b"7z\xbc\xaf\x27\x1c", "7-Zip"),
    (b"Rar!\x1a\x07", "RAR"),
    (b"\x04\x22\x4d\x18", "LZ4"),
];
/// Members of one archive.
const MEMBERS: usize = 10_000;
/// Bytes that are unpacked before they are looked at.
const PIECE: usize = 4 << 20;

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

/// Whether something packed begins here.
pub(crate) fn is_packed(head: &[u8]) -> bool {
    [ZIP, GZIP, PDF].iter().any(|magic| head.starts_with(magic))
        || OTHERS.iter().any(|(magic, _)| head.starts_with(magic))
}

/// Whether a zlib stream begins here (RFC 1950, section 2.2).
pub(super) fn is_zlib(head: &[u8]) -> bool {
    matches!(head, [0x78, flags @ (0x01 | 0x5e | 0x9c | 0xda), ..]
        if (0x7800u32 + u32::from(*flags)).is_multiple_of(31))
}

/// Every part of `bytes` that is packed. `left` counts down the bytes that may come out.
pub(super) fn entries(bytes: &[u8], left: &mut usize, each: &mut dyn FnMut(Entry<'_>)) {
    if OTHERS.iter().any(|(magic, _)| bytes.starts_with(magic)) {
        each(Entry::Unread("an archive of a kind that is not opened"));
    }
    if is_zlib(bytes) {
        stream(bytes, 0, ("zlib", b""), ZlibDecoder::new, left, each);
        return;
    }
    zip(bytes, left, each);
    gzip(bytes, left, each);
    if bytes.starts_with(PDF) {
        pdf(bytes, left, each);
    }
}

fn zip(bytes: &[u8], left: &mut usize, each: &mut dyn FnMut(Entry<'_>)) {
    let number = |at: usize| {
        let two = bytes.get(at..at + 2).and_then(|b| b.first_chunk());
        two.map_or(0, |b| usize::from(u16::from_le_bytes(*b)))
    };
    let mut members = 0;
    let mut skip = 0;
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
            0 => {}
            8 => {
                let name = bytes.get(name).unwrap_or_default();
                let what = ("zip member", name);
                skip = data + stream(packed, data, what, DeflateDecoder::new, left, each);
            }
            _ => each(Entry::Unread(
                "an archive member of a method that is not read",
            )),
        }
    }
}

fn gzip(bytes: &[u8], left: &mut usize, each: &mut dyn FnMut(Entry<'_>)) {
    let mut skip = 0;
    let mut members = 0;
    for header in memchr::memmem::find_iter(bytes, GZIP) {
        // The upper flags are reserved and zero (RFC 1952, section 2.3.1).
        let flags = bytes.get(header + 3).copied().unwrap_or(0xff);
        if header < skip || flags & 0xe0 != 0 {
            continue;
        }
        members += 1;
        if members > MEMBERS {
            each(Entry::Unread("archive members beyond the limit"));
            return;
        }
        let packed = bytes.get(header..).unwrap_or_default();
        skip = header
            + stream(
                packed,
                header,
                ("gzip", b""),
                MultiGzDecoder::new,
                left,
                each,
            );
    }
}

fn pdf(bytes: &[u8], left: &mut usize, each: &mut dyn FnMut(Entry<'_>)) {
    if memchr::memmem::find(bytes, b"/Encrypt").is_some() {
        each(Entry::Unread("an encrypted PDF"));
    }
    let mut skip = 0;
    for word in memchr::memmem::find_iter(bytes, b"stream") {
        let at = match bytes.get(word + 6..) {
            Some([b'\r', b'\n', ..]) => word + 8,
            Some([b'\n' | b'\r', ..]) => word + 7,
            _ => continue,
        };
        let Some(packed) = bytes.get(at..).filter(|p| word >= skip && is_zlib(p)) else {
            continue;
        };
        skip = at
            + stream(
                packed,
                at,
                ("PDF stream", b""),
                ZlibDecoder::new,
                left,
                each,
            );
    }
}

/// Unpacks one stream; returns how many packed bytes it had, 0 if it is none.
fn stream<'p, R: Read + Rest>(
    packed: &'p [u8],
    at: usize,
    (kind, name): (&'static str, &[u8]),
    decoder: impl FnOnce(&'p [u8]) -> R,
    left: &mut usize,
    each: &mut dyn FnMut(Entry<'_>),
) -> usize {
    let mut decoder = decoder(packed);
    let mut content = Vec::new();
    let mut piece = vec![0u8; 64 << 10];
    let mut any = false;
    let whole = loop {
        let read = decoder.read(&mut piece);
        let used = packed.len() - decoder.rest().min(packed.len());
        let entry = |content| Entry::Content {
            kind,
            name,
            raw: at..at + used,
            content,
        };
        match read {
            Ok(n) if n > 0 && n <= *left => {
                any = true;
                *left -= n;
                content.extend_from_slice(piece.get(..n).unwrap_or_default());
                if content.len() >= PIECE {
                    each(entry(&content));
                    content.drain(..content.len() - limits::OVERLAP.min(content.len()));
                }
            }
            end => {
                each(entry(&content));
                let stopped = match end {
                    Ok(0) => None,
                    Ok(_) => Some("packed content beyond the limit"),
                    Err(_) if any => Some("packed content that is damaged"),
                    Err(_) => None,
                };
                stopped.into_iter().for_each(|s| each(Entry::Unread(s)));
                break end.is_ok();
            }
        }
    };
    piece.zeroize();
    content.zeroize();
    let used = packed.len() - decoder.rest().min(packed.len());
    if whole { used } else { 0 }
}

/// How much of its input a decoder has left.
trait Rest {
    fn rest(&self) -> usize;
}

impl Rest for DeflateDecoder<&[u8]> {
    fn rest(&self) -> usize {
        self.get_ref().len()
    }
}

impl Rest for ZlibDecoder<&[u8]> {
    fn rest(&self) -> usize {
        self.get_ref().len()
    }
}

impl Rest for MultiGzDecoder<&[u8]> {
    fn rest(&self) -> usize {
        self.get_ref().len()
    }
}
