//! Deflated text without a header, in base64: what says nothing of itself is looked at where its
//! first bits can begin a text, which those of names, hashes and keys seldom do.

use std::ops::Range;

use flate2::{Decompress, FlushDecompress, Status};

use super::Scene;
use super::radix::{self, MOST};
use super::view::View;
use crate::overwritten::overwrite;

/// Characters of the shortest run: digests are shorter, but for the longest.
const LEAST: usize = 80;
/// Bytes that are looked at before the whole is.
const HEAD: usize = 18;
/// Bytes of text that one of what is packed may stand for.
const GROWTH: usize = 32;

/// Looks at one run, which decodes to no text. False: there is no room for more.
pub(super) fn find(
    scene: &Scene<'_>,
    run: Range<usize>,
    view: &mut View,
    each: &mut dyn FnMut(&View) -> bool,
) -> bool {
    let digits = scene.text.get(run.clone()).unwrap_or_default();
    if run.len() < LEAST || !may_be(digits) {
        return true;
    }
    let mut packed: Vec<u8> = digits.chunks(4).flat_map(radix::three).collect();
    packed.truncate(digits.len() * 3 / 4);
    view.begin("base64, deflate");
    let most = packed.len().saturating_mul(GROWTH).min(MOST);
    view.plain.reserve(most);
    let status =
        Decompress::new(false).decompress_vec(&packed, &mut view.plain, FlushDecompress::Finish);
    overwrite(&mut packed);
    let text = view.plain.iter().take(HEAD).all(|b| radix::is_text(*b));
    if !matches!(status, Ok(Status::StreamEnd)) || !text {
        return true;
    }
    view.stands_for(0, run);
    view.core = 0..view.plain.len();
    each(view)
}

/// Whether the last block of a text may begin here: one of few bytes is the only one.
fn may_be(digits: &[u8]) -> bool {
    let mut head = [0; HEAD];
    for (slot, byte) in head.iter_mut().zip(digits.chunks(4).flat_map(radix::three)) {
        *slot = byte;
    }
    let mut bits = Bits {
        bytes: &head,
        at: 0,
    };
    match bits.take(3) {
        0b011 => bits.begins_fixed(),
        0b101 => bits.begins_dynamic(),
        _ => false,
    }
}

/// RFC 1951: bits from the lowest on.
struct Bits<'h> {
    bytes: &'h [u8; HEAD],
    at: usize,
}

impl Bits<'_> {
    fn take(&mut self, count: usize) -> usize {
        (0..count).fold(0, |sum, i| sum | self.one() << i)
    }

    fn one(&mut self) -> usize {
        let byte = self.bytes.get(self.at / 8).copied().unwrap_or(0);
        let bit = usize::from(byte >> (self.at % 8) & 1);
        self.at += 1;
        bit
    }

    /// Four letters in the code that is always the same: eight bits each, the highest first.
    fn begins_fixed(&mut self) -> bool {
        (0..4).all(|_| {
            let code = (0..8).fold(0, |sum, _| sum << 1 | self.one());
            let byte = u8::try_from(code).ok().and_then(|c| c.checked_sub(0x30));
            byte.is_some_and(radix::is_text)
        })
    }

    /// A code of its own: of the lengths of its codes, that are all used up.
    fn begins_dynamic(&mut self) -> bool {
        let (literals, distances) = (self.take(5), self.take(5));
        let count = self.take(4) + 4;
        let used = (0..count).fold(0, |sum, _| match self.take(3) {
            0 => sum,
            length => sum + (1 << (7 - length)),
        });
        literals <= 29 && distances <= 29 && used == 1 << 7
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use base64::Engine as _;
    use base64::engine::general_purpose::STANDARD;
    use flate2::Compression;
    use flate2::write::DeflateEncoder;

    use super::super::tests::{VALUE, one, scan};

    fn packed(text: &str) -> String {
        let mut encoder = DeflateEncoder::new(Vec::new(), Compression::best());
        encoder.write_all(text.as_bytes()).unwrap_or_default();
        STANDARD.encode(encoder.finish().unwrap_or_default())
    }

    #[test]
    fn what_has_no_header_is_read() {
        for more in [12, 400] {
            let text: String = (0..more)
                .map(|i| format!("{} = {}\n", i * 7919, i))
                .collect();
            let text = format!("# settings of the test\nkey = {VALUE}\n{text}");
            assert_eq!(one(packed(&text).as_bytes()).1, "base64, deflate");
            let twin = packed(&text.replace("tokx_", "word_"));
            assert!(scan(twin.as_bytes()).findings.is_empty());
            // Cut, it is no text that can be told.
            let cut = packed(&text);
            assert!(scan(&cut.as_bytes()[..cut.len() / 2]).findings.is_empty());
        }
    }
}
