//! Files of packers that are read through once: bzip2, xz and zstd.
//!
//! What comes out is counted as everything unpacked is; what a packer asks for before that, its
//! window, is bounded here.

use std::io::Read;

/// Bytes a packer may look back over: 64 MiB is the most that `xz -9` asks for.
const WINDOW: u64 = 64 << 20;

pub(super) const BZIP2: &[u8] = b"BZh";
pub(super) const XZ: &[u8] = b"\xfd7zXZ\0";
pub(super) const ZSTD: &[u8] = b"\x28\xb5\x2f\xfd";

/// Whether a file of one of these begins here.
pub(super) fn begins(head: &[u8]) -> bool {
    let digit = |b: &u8| (b'1'..=b'9').contains(b);
    (head.starts_with(BZIP2) && head.get(3).is_some_and(digit) && head.get(4) == Some(&0x31))
        || head.starts_with(XZ)
        || head.starts_with(ZSTD)
        || is_lzma(head)
}

/// Whether an object that begins so is one stream from end to end.
pub(crate) fn is_stream(head: &[u8]) -> bool {
    begins(head) || head.starts_with(super::unpack::GZIP)
}

/// Whether a file of the older LZMA begins here: it has no mark, but few properties, dictionaries
/// and lengths that anybody chooses.
pub(super) fn is_lzma(head: &[u8]) -> bool {
    let Some((&[0x5d, 0, 0, high, highest], rest)) = head.split_first_chunk() else {
        return false;
    };
    let dictionary = u32::from_le_bytes([0, 0, high, highest]);
    let size = rest.first_chunk().map(|b| u64::from_le_bytes(*b));
    let usual = dictionary.count_ones() == 1 && u64::from(dictionary) <= WINDOW;
    usual && size.is_none_or(|size| size == u64::MAX || size < 1 << 38)
}

/// Reads the member of a zip that is packed by `method` (APPNOTE 4.4.5).
pub(super) fn member<'r>(method: usize, packed: &'r mut &[u8]) -> Option<Box<dyn Read + 'r>> {
    let begins: &[u8] = match method {
        12 => BZIP2,
        93 => ZSTD,
        95 => XZ,
        _ => return lzma(packed),
    };
    let reader = packed.starts_with(begins).then(|| reader(packed))?;
    reader.map(|(_, reader)| reader)
}

/// LZMA in a zip (APPNOTE 5.8.8): a version, the length of the properties and these come before it.
fn lzma(packed: &[u8]) -> Option<Box<dyn Read + '_>> {
    let &[_, _, 5, 0, properties, a, b, c, d] = packed.first_chunk()? else {
        return None;
    };
    let dictionary = u32::from_le_bytes([a, b, c, d]);
    let fits = u64::from(dictionary) <= WINDOW;
    let body = packed.get(9..).filter(|_| fits)?;
    let reader =
        lzma_rust2::LzmaReader::new_with_props(body, u64::MAX, properties, dictionary, None);
    Some(Box::new(reader.ok()?))
}

/// What reads a packed file, and what it is called; `None`: it is not one of these, or asks for
/// more than it may. What stands behind it is left in `bytes`.
pub(super) fn reader<'r>(bytes: &'r mut &[u8]) -> Option<(&'static str, Box<dyn Read + 'r>)> {
    if bytes.starts_with(BZIP2) {
        return Some((
            "bzip2",
            Box::new(bzip2::bufread::MultiBzDecoder::new(bytes)),
        ));
    }
    if bytes.starts_with(XZ) {
        let kibibytes = u32::try_from(WINDOW >> 10).unwrap_or(u32::MAX);
        let reader = lzma_rust2::XzReader::new_mem_limit(bytes, true, kibibytes);
        return Some(("xz", Box::new(reader)));
    }
    if is_lzma(bytes) {
        let kibibytes = u32::try_from(WINDOW >> 10).unwrap_or(u32::MAX);
        let reader = lzma_rust2::LzmaReader::new_mem_limit(bytes, kibibytes, None).ok()?;
        return Some(("lzma", Box::new(reader)));
    }
    if bytes.starts_with(ZSTD) {
        let reader =
            (window(bytes)? <= WINDOW).then(|| ruzstd::decoding::StreamingDecoder::new(bytes));
        return Some(("zstd", Box::new(reader?.ok()?)));
    }
    None
}

/// The window that a frame of zstd asks for (RFC 8878, section 3.1.1.1).
fn window(bytes: &[u8]) -> Option<u64> {
    let descriptor = *bytes.get(ZSTD.len())?;
    let single = descriptor & 0x20 != 0;
    if !single {
        let window = u64::from(*bytes.get(ZSTD.len() + 1)?);
        let base = 1u64 << (10 + (window >> 3));
        return Some(base + base / 8 * (window & 7));
    }
    let dictionary = [0, 1, 2, 4].get(usize::from(descriptor & 3)).copied()?;
    let at = ZSTD.len() + 1 + dictionary;
    let size = 1usize << (descriptor >> 6);
    let field = bytes.get(at..at + size)?;
    Some(field.iter().rev().fold(0, |n, b| n << 8 | u64::from(*b)))
}

#[cfg(test)]
pub(super) mod tests {
    use std::io::Write as _;

    use base64::Engine as _;
    use base64::engine::general_purpose::STANDARD;

    use super::super::tests::{VALUE, one, scan};
    use super::*;

    pub(in crate::disguise) fn bzip2(bytes: &[u8]) -> Vec<u8> {
        let level = ::bzip2::Compression::best();
        let mut out = ::bzip2::write::BzEncoder::new(Vec::new(), level);
        out.write_all(bytes).unwrap();
        out.finish().unwrap()
    }

    /// One frame of blocks that are stored.
    pub(in crate::disguise) fn zstd(bytes: &[u8]) -> Vec<u8> {
        let mut out = [ZSTD, &[0, 0x50]].concat();
        let mut blocks = bytes.chunks(60_000).peekable();
        while let Some(block) = blocks.next() {
            let last = u32::from(blocks.peek().is_none());
            let header = u32::try_from(block.len()).unwrap() << 3 | last;
            out.extend_from_slice(&header.to_le_bytes()[..3]);
            out.extend_from_slice(block);
        }
        out
    }

    /// One block of chunks that are stored, without a check of its own.
    pub(in crate::disguise) fn xz(bytes: &[u8]) -> Vec<u8> {
        let crc = |b: &[u8]| crc32fast::hash(b).to_le_bytes();
        let number = |mut n: usize| {
            let mut out = Vec::new();
            while n > 127 {
                out.push(n as u8 | 128);
                n >>= 7;
            }
            out.push(n as u8);
            out
        };
        let mut out = [XZ, &[0, 0]].concat();
        out.extend(crc(&[0, 0]));
        let header = [2, 0, 0x21, 1, 22, 0, 0, 0];
        out.extend(header);
        out.extend(crc(&header));
        let begin = out.len() - 12;
        for (i, chunk) in bytes.chunks(1 << 16).enumerate() {
            out.push(if i == 0 { 1 } else { 2 });
            out.extend(u16::try_from(chunk.len() - 1).unwrap().to_be_bytes());
            out.extend(chunk);
        }
        out.push(0);
        let unpadded = out.len() - begin;
        out.resize(out.len().next_multiple_of(4), 0);
        let mut index = [&[0, 1][..], &number(unpadded), &number(bytes.len())].concat();
        index.resize(index.len().next_multiple_of(4), 0);
        let backward = u32::try_from(index.len() / 4).unwrap().to_le_bytes();
        out.extend(&index);
        out.extend(crc(&index));
        let footer = [&backward[..], &[0, 0]].concat();
        out.extend(crc(&footer));
        out.extend(footer);
        out.extend(b"YZ");
        out
    }

    #[test]
    fn what_is_packed_is_read() {
        let text = format!("{}k = {VALUE}\n", "words ".repeat(50));
        for (pack, kind) in [
            (bzip2 as fn(&[u8]) -> Vec<u8>, "bzip2"),
            (xz, "xz"),
            (zstd, "zstd"),
        ] {
            // What is stored stands there plainly too, but not under Base64.
            let (_, via) = one(STANDARD.encode(pack(text.as_bytes())).as_bytes());
            assert_eq!(via, format!("base64, {kind}"));
            // As a file of its own it is found once, where it was packed, stored or not.
            let out = scan(&pack(text.as_bytes())).findings;
            let ways: Vec<_> = out.iter().map(|f| f.via.as_deref()).collect();
            assert_eq!(ways, [Some(kind)]);
            // Twice in what was packed is twice.
            let twice = format!("{text}{}\nl = {VALUE}\n", "more ".repeat(50));
            assert_eq!(scan(&pack(twice.as_bytes())).findings.len(), 2, "{kind}");
            let twin = pack(b"nothing that anybody would hide");
            let out = scan(&twin);
            assert!(
                out.findings.is_empty() && out.not_looked_at.is_empty(),
                "{kind}"
            );
        }
    }

    #[test]
    fn bombs_end_and_damage_is_said() {
        let long = vec![b' '; 80 << 20];
        let said = scan(&bzip2(&long)).not_looked_at;
        assert!(said.contains(&"packed content beyond the limit"));
        for pack in [bzip2 as fn(&[u8]) -> Vec<u8>, xz, zstd] {
            let mut cut = pack(&[VALUE.as_bytes(), &[b'.'; 4000]].concat());
            cut.truncate(cut.len() / 2);
            assert_eq!(scan(&cut).not_looked_at, ["packed content that is damaged"]);
        }
        // A window of a gigabyte is not given.
        let greedy = [ZSTD, &[0, 20 << 3, 1, 0, 0]].concat();
        let said = ["an archive of a kind that is not opened"];
        assert_eq!(scan(&greedy).not_looked_at, said);
    }
}
