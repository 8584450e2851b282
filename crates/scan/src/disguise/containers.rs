//! What is packed within files that are no archives: texts of a PNG, objects of a Git pack, members
//! of a tar or an `ar`.

use super::packers;
use super::unpack::{self, Entry, Framing, Unpacker, is_zlib};

const PNG: &[u8] = b"\x89PNG\r\n\x1a\n";
const PACK: &[u8] = b"PACK\0\0\0";
/// Files of packers that are tried within one that is none.
const TRIALS: usize = 16;
/// Objects of a pack.
const OBJECTS: usize = 100_000;
/// Bytes of a header of a tar, and of what its members are filled up to.
const RECORD: usize = 512;

/// Whether a picture begins here that may hold texts.
pub(super) fn is_png(bytes: &[u8]) -> bool {
    bytes.starts_with(PNG)
}

/// Where the objects begin of a Git pack, or of the one in a bundle.
pub(super) fn git_pack(bytes: &[u8]) -> Option<usize> {
    let bundle = bytes.starts_with(b"# v2 git bundle\n") || bytes.starts_with(b"# v3 git bundle\n");
    let start = match bundle {
        true => memchr::memmem::find(bytes, b"\n\nPACK")? + 2,
        false => 0,
    };
    bytes.get(start..)?.starts_with(PACK).then_some(start + 12)
}

impl Unpacker {
    /// Texts of a PNG that are packed (PNG specification, 11.3.3).
    pub(super) fn png(&mut self, bytes: &[u8], left: &mut usize, each: &mut dyn FnMut(Entry<'_>)) {
        let mut at = PNG.len();
        while let Some(&[a, b, c, d, ref kind @ ..]) =
            bytes.get(at..at + 8).and_then(|b| b.first_chunk::<8>())
        {
            let length = u32::from_be_bytes([a, b, c, d]) as usize;
            let start = at + 8;
            let data = bytes.get(start..).unwrap_or_default();
            let data = data.get(..length).unwrap_or(data);
            let skip = match kind {
                b"zTXt" => memchr::memchr(0, data).map(|at| at + 2),
                b"iTXt" => international(data),
                _ => None,
            };
            if let Some(skip) = skip.filter(|skip| data.get(*skip..).is_some_and(is_zlib)) {
                let packed = data.get(skip..).unwrap_or_default();
                let what = ("PNG text", &b""[..]);
                self.stream(packed, start + skip, what, Framing::Zlib, left, each);
            }
            let Some(next) = start.checked_add(length).and_then(|at| at.checked_add(4)) else {
                break;
            };
            at = next;
        }
    }

    /// Objects of a Git pack (gitformat-pack); of those that are told by a difference, what is new.
    pub(super) fn git_pack(
        &mut self,
        bytes: &[u8],
        start: usize,
        left: &mut usize,
        each: &mut dyn FnMut(Entry<'_>),
    ) {
        let count = bytes.get(start - 4..start).and_then(|b| b.first_chunk());
        let count = count.map_or(0, |b| u32::from_be_bytes(*b)) as usize;
        let mut at = start;
        for object in 0..count {
            let Some(body) = body(bytes, at).filter(|_| object < OBJECTS) else {
                each(Entry::Unread("archive members beyond the limit"));
                return;
            };
            let packed = bytes.get(body..).unwrap_or_default();
            let what = ("Git object", &b""[..]);
            let used = self.stream(packed, body, what, Framing::Zlib, left, each);
            if used == 0 {
                each(Entry::Unread("a Git pack that cannot be read"));
                return;
            }
            at = body + used;
        }
    }

    /// Files of packers within something else, and what a tar keeps as nothing else does.
    pub(super) fn others(
        &mut self,
        bytes: &[u8],
        from: usize,
        left: &mut usize,
        each: &mut dyn FnMut(Entry<'_>),
    ) {
        let mut trials = 0;
        // What follows such a file is none of its own, and looks like damage.
        let each: &mut dyn FnMut(Entry<'_>) = &mut |entry| match entry {
            Entry::Unread(what) if what == unpack::DAMAGED => {}
            entry => each(entry),
        };
        // The first block of bzip2 begins so, four bytes behind its mark.
        for (mark, behind) in [(packers::XZ, 0), (packers::ZSTD, 0), (&b"1AY&SY"[..], 4)] {
            for found in memchr::memmem::find_iter(bytes, mark) {
                let at = found.saturating_sub(behind);
                let rest = bytes.get(at..).unwrap_or_default();
                if at < from.max(1) || !packers::begins(rest) {
                    continue;
                }
                trials += 1;
                if trials > TRIALS {
                    each(Entry::Unread("archive members beyond the limit"));
                    return;
                }
                self.packed(rest, at, left, each);
            }
        }
        if bytes.get(257..262) == Some(b"ustar") {
            self.tar(bytes, left, each);
        }
    }

    fn tar(&mut self, bytes: &[u8], left: &mut usize, each: &mut dyn FnMut(Entry<'_>)) {
        let mut at = 0;
        while let Some(header) = bytes.get(at..at + RECORD) {
            let name = header.get(..100).unwrap_or_default();
            let name = name.split(|b| *b == 0).next().unwrap_or_default();
            let digits = header.get(124..136).unwrap_or_default().iter();
            let digits = digits.filter(|b| matches!(b, b'0'..=b'7'));
            let size = digits.fold(0usize, |n, b| {
                n.saturating_mul(8).saturating_add(usize::from(b - b'0'))
            });
            let start = at + RECORD;
            let rest = bytes.get(start..).unwrap_or_default();
            let content = rest.get(..size).unwrap_or(rest);
            let wide = matches!(content, [0xff, 0xfe, ..] | [0xfe, 0xff, ..]);
            if is_zlib(content) {
                let what = ("tar member", name);
                self.stream(content, start, what, Framing::Zlib, left, each);
            } else if (wide || packers::is_lzma(content)) && content.len() <= *left {
                *left -= content.len();
                each(Entry::Content {
                    kind: "tar member",
                    name,
                    raw: start..start + content.len(),
                    content,
                });
            }
            let Some(next) = size
                .checked_next_multiple_of(RECORD)
                .and_then(|size| start.checked_add(size))
            else {
                return;
            };
            at = next;
        }
    }
}

/// Where the text begins in a chunk that may say it in any script, if it is packed.
fn international(data: &[u8]) -> Option<usize> {
    let keyword = memchr::memchr(0, data)?;
    if data.get(keyword + 1) != Some(&1) {
        return None;
    }
    let language = keyword + 3;
    let translated = language + memchr::memchr(0, data.get(language..)?)? + 1;
    Some(translated + memchr::memchr(0, data.get(translated..)?)? + 1)
}

/// Where the stream begins of the object of a pack at `at`.
fn body(bytes: &[u8], at: usize) -> Option<usize> {
    let first = *bytes.get(at)?;
    let more = |at: usize| {
        let rest = bytes.get(at..)?.iter().take(10);
        Some(at + rest.take_while(|b| **b & 0x80 != 0).count() + 1)
    };
    let end = if first & 0x80 != 0 {
        more(at + 1)?
    } else {
        at + 1
    };
    match first >> 4 & 7 {
        1..=4 => Some(end),
        // The base stands so far before it,
        6 => more(end),
        // or has this name.
        7 => [20, 32]
            .map(|n| end + n)
            .into_iter()
            .find(|at| bytes.get(*at..).is_some_and(is_zlib)),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use super::super::tests::{VALUE, one, scan};
    use super::*;

    fn zlib(bytes: &[u8]) -> Vec<u8> {
        let mut out = flate2::write::ZlibEncoder::new(Vec::new(), flate2::Compression::best());
        out.write_all(bytes).unwrap();
        out.finish().unwrap()
    }

    fn bzip2(bytes: &[u8]) -> Vec<u8> {
        let mut out = ::bzip2::write::BzEncoder::new(Vec::new(), ::bzip2::Compression::best());
        out.write_all(bytes).unwrap();
        out.finish().unwrap()
    }

    fn png(chunk: &[u8; 4], data: &[u8]) -> Vec<u8> {
        let mut out = PNG.to_vec();
        for (kind, data) in [(b"IHDR", &[0; 13][..]), (chunk, data), (b"IEND", b"")] {
            out.extend(u32::try_from(data.len()).unwrap().to_be_bytes());
            out.extend(kind);
            out.extend(data);
            out.extend([0; 4]);
        }
        out
    }

    fn tar(content: &[u8]) -> Vec<u8> {
        let mut out = vec![0; RECORD];
        out[..4].copy_from_slice(b"file");
        out[124..135].copy_from_slice(format!("{:011o}", content.len()).as_bytes());
        out[257..262].copy_from_slice(b"ustar");
        out.extend(content);
        out.resize(out.len().next_multiple_of(RECORD) + 2 * RECORD, 0);
        out
    }

    fn pack(content: &[u8]) -> Vec<u8> {
        let mut out = [PACK, &[2, 0, 0, 0, 2]].concat();
        for object in [b"a file", content] {
            // Four bits of the size are in the first byte, seven in the next.
            out.push(0x30 | 0x80 | (object.len() & 15) as u8);
            out.push((object.len() >> 4) as u8);
            out.extend(zlib(object));
        }
        out
    }

    #[test]
    fn what_is_packed_within_is_read() {
        let text = format!("{}\nkey = {VALUE}\n", "words ".repeat(20));
        let twin = text.replace("tokx_", "word_");
        type Way<'w> = &'w dyn Fn(&[u8]) -> Vec<u8>;
        let ways: [(Way<'_>, &str); 7] = [
            (
                &|b| png(b"zTXt", &[b"Comment\0\0", &zlib(b)[..]].concat()),
                "PNG text",
            ),
            (
                &|b| png(b"iTXt", &[b"Comment\0\x01\0en\0\0", &zlib(b)[..]].concat()),
                "PNG text",
            ),
            (&|b| tar(&zlib(b)), "tar member file"),
            (&|b| tar(&bzip2(b)), "bzip2"),
            (&pack, "Git object"),
            (
                &|b| [&b"# v2 git bundle\n1234 refs\n\n"[..], &pack(b)].concat(),
                "Git object",
            ),
            (&|b| zlib(b), "zlib"),
        ];
        for (way, kind) in ways {
            assert_eq!(one(&way(text.as_bytes())).1, kind);
            let out = scan(&way(twin.as_bytes()));
            assert!(
                out.findings.is_empty() && out.not_looked_at.is_empty(),
                "{kind}"
            );
        }
        let mut cut = pack(text.as_bytes());
        cut[19] ^= 0xff;
        let said = scan(&cut).not_looked_at;
        assert!(said.contains(&"a Git pack that cannot be read"), "{said:?}");
    }
}
