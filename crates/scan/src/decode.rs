//! UTF-16 and UTF-32 become UTF-8; everything else is scanned as it is.
//!
//! The raw bytes are always scanned too: what looks like UTF-16 may hold plain text. Runs of
//! UTF-16 inside a binary are for [`crate::runs`].

/// How many raw bytes a scalar value of the decoded text had.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Unit {
    /// Text as it stands.
    Byte,
    /// Two, or four beyond the basic plane.
    Two,
    /// Four.
    Four,
}

impl Unit {
    /// Raw bytes of decoded text.
    pub(crate) fn raw_length(self, decoded: &[u8]) -> u64 {
        let count = |f: fn(&&u8) -> bool| decoded.iter().filter(f).count() as u64;
        match self {
            Self::Byte => decoded.len() as u64,
            Self::Two => 2 * count(|b| **b & 0xc0 != 0x80) + 2 * count(|b| **b >= 0xf0),
            Self::Four => 4 * count(|b| **b & 0xc0 != 0x80),
        }
    }
}

/// An encoding of two or four bytes a unit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Wide {
    unit: Unit,
    big_endian: bool,
    /// Bytes of the byte order mark.
    pub(crate) mark: usize,
}

/// Bytes that are enough to tell an encoding.
pub(crate) const HEAD: usize = 4096;
/// Fewest units without a byte order mark.
const UNITS: usize = 4;

impl Wide {
    pub(crate) fn unit(self) -> Unit {
        self.unit
    }

    /// The encoding of text that begins with `head`, by its mark or by where its NULs stand.
    pub(crate) fn of(head: &[u8]) -> Option<Self> {
        let wide = |unit, big_endian, mark| {
            Some(Self {
                unit,
                big_endian,
                mark,
            })
        };
        match head {
            [0xff, 0xfe, 0, 0, ..] => return wide(Unit::Four, false, 4),
            [0, 0, 0xfe, 0xff, ..] => return wide(Unit::Four, true, 4),
            [0xff, 0xfe, ..] => return wide(Unit::Two, false, 2),
            [0xfe, 0xff, ..] => return wide(Unit::Two, true, 2),
            _ => {}
        }
        let head = head.get(..HEAD).unwrap_or(head);
        memchr::memchr(0, head)?;
        let quads = head.len() / 4;
        let mut nul = [0usize; 4];
        for four in head.chunks_exact(4) {
            for (n, b) in nul.iter_mut().zip(four) {
                *n += usize::from(*b == 0);
            }
        }
        let [a, b, c, d] = nul;
        let most = |n: usize| n * 4 >= quads * 3;
        let few = |n: usize| n * 8 <= quads;
        if quads >= UNITS && most(b) && most(c) && most(d) && few(a) {
            return wide(Unit::Four, false, 0);
        }
        if quads >= UNITS && most(a) && most(b) && most(c) && few(d) {
            return wide(Unit::Four, true, 0);
        }
        // A quarter of the units from Latin is enough: the rest may be any script.
        let pairs = head.len() / 2;
        let (even, odd) = (a + c, b + d);
        if pairs >= 2 * UNITS && odd * 4 >= pairs && even * 8 <= odd {
            return wide(Unit::Two, false, 0);
        }
        if pairs >= 2 * UNITS && even * 4 >= pairs && odd * 8 <= even {
            return wide(Unit::Two, true, 0);
        }
        None
    }
}

/// Decodes pieces of any length.
#[derive(Debug)]
pub(crate) struct Decoder {
    wide: Wide,
    /// Raw bytes of a unit that is not complete.
    rest: [u8; 4],
    held: usize,
    /// The first half of a pair.
    high: Option<u16>,
}

impl Decoder {
    pub(crate) fn new(wide: Wide) -> Self {
        Self {
            wide,
            rest: [0; 4],
            held: 0,
            high: None,
        }
    }

    /// Appends the decoded form of `raw`; what is no scalar value becomes U+FFFD, one for each
    /// unit, so that raw lengths can be counted back.
    pub(crate) fn decode(&mut self, raw: &[u8], out: &mut Vec<u8>) {
        let size = if self.wide.unit == Unit::Four { 4 } else { 2 };
        let mut raw = raw;
        while self.held > 0 && self.held < size {
            let Some((&b, tail)) = raw.split_first() else {
                return;
            };
            if let Some(slot) = self.rest.get_mut(self.held) {
                *slot = b;
            }
            self.held += 1;
            raw = tail;
        }
        if self.held == size {
            let whole = self.rest;
            self.held = 0;
            self.unit(whole.get(..size).unwrap_or_default(), out);
        }
        let mut units = raw.chunks_exact(size);
        for unit in units.by_ref() {
            self.unit(unit, out);
        }
        let rest = units.remainder();
        if let Some(slot) = self.rest.get_mut(..rest.len()) {
            slot.copy_from_slice(rest);
        }
        self.held = rest.len();
    }

    /// Nothing follows: a half pair is complete as it is.
    pub(crate) fn finish(&mut self, out: &mut Vec<u8>) {
        if self.high.take().is_some() {
            push(None, out);
        }
    }

    fn unit(&mut self, bytes: &[u8], out: &mut Vec<u8>) {
        let big = self.wide.big_endian;
        if let [a, b, c, d] = *bytes {
            let four = [a, b, c, d];
            let n = if big {
                u32::from_be_bytes(four)
            } else {
                u32::from_le_bytes(four)
            };
            return push(char::from_u32(n), out);
        }
        let &[a, b] = bytes else { return };
        let n = if big {
            u16::from_be_bytes([a, b])
        } else {
            u16::from_le_bytes([a, b])
        };
        match (self.high.take(), n) {
            (None, ..0x80) => out.push((n & 0x7f).try_into().unwrap_or(b'?')),
            (Some(high), 0xdc00..=0xdfff) => {
                let n = 0x1_0000 + (u32::from(high - 0xd800) << 10) + u32::from(n - 0xdc00);
                push(char::from_u32(n), out);
            }
            (lone, 0xd800..=0xdbff) => {
                if lone.is_some() {
                    push(None, out);
                }
                self.high = Some(n);
            }
            (lone, _) => {
                if lone.is_some() {
                    push(None, out);
                }
                push(char::from_u32(u32::from(n)), out);
            }
        }
    }
}

fn push(c: Option<char>, out: &mut Vec<u8>) {
    let c = c.unwrap_or(char::REPLACEMENT_CHARACTER);
    out.extend_from_slice(c.encode_utf8(&mut [0; 4]).as_bytes());
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "key = \"abc\"\r\nü € 😀 and more text\r\n";

    fn encode(text: &str, unit: Unit, big: bool) -> Vec<u8> {
        if unit == Unit::Four {
            let four = |c: char| {
                if big {
                    u32::from(c).to_be_bytes()
                } else {
                    u32::from(c).to_le_bytes()
                }
            };
            return text.chars().flat_map(four).collect();
        }
        text.encode_utf16()
            .flat_map(|u| {
                if big {
                    u.to_be_bytes()
                } else {
                    u.to_le_bytes()
                }
            })
            .collect()
    }

    #[test]
    fn told_apart_with_and_without_mark() {
        for unit in [Unit::Two, Unit::Four] {
            for big in [false, true] {
                let plain = encode(TEXT, unit, big);
                let found = Wide::of(&plain).unwrap();
                assert_eq!((found.unit, found.big_endian, found.mark), (unit, big, 0));
                let marked = encode(&format!("\u{feff}{TEXT}"), unit, big);
                let found = Wide::of(&marked).unwrap();
                assert_eq!((found.unit, found.big_endian), (unit, big));
                assert_eq!(found.mark, if unit == Unit::Four { 4 } else { 2 });
            }
        }
        for other in [
            TEXT.as_bytes(),
            b"",
            b"\0",
            b"\x7fELF\x02\x01\x01\0\0\0\0\0\0\0\0\0\x03\0",
        ] {
            assert_eq!(Wide::of(other), None);
        }
    }

    #[test]
    fn pieces_decode_like_the_whole_and_lengths_count_back() {
        for unit in [Unit::Two, Unit::Four] {
            for big in [false, true] {
                let raw = encode(TEXT, unit, big);
                for cut in 0..raw.len() {
                    let mut out = Vec::new();
                    let mut d = Decoder::new(Wide {
                        unit,
                        big_endian: big,
                        mark: 0,
                    });
                    d.decode(&raw[..cut], &mut out);
                    d.decode(&raw[cut..], &mut out);
                    d.finish(&mut out);
                    assert_eq!(std::str::from_utf8(&out).unwrap(), TEXT);
                    assert_eq!(unit.raw_length(&out), raw.len() as u64);
                }
            }
        }
    }

    #[test]
    fn half_pairs_become_replacements_of_their_length() {
        let raw: Vec<u8> = [0xd800u16, 0x41, 0xdc00, 0xd800]
            .iter()
            .flat_map(|u| u.to_le_bytes())
            .collect();
        let mut out = Vec::new();
        let mut d = Decoder::new(Wide {
            unit: Unit::Two,
            big_endian: false,
            mark: 0,
        });
        d.decode(&raw, &mut out);
        d.finish(&mut out);
        assert_eq!(
            std::str::from_utf8(&out).unwrap(),
            "\u{fffd}A\u{fffd}\u{fffd}"
        );
        assert_eq!(Unit::Two.raw_length(&out), 8);
    }
}
