//! Sixty-four bytes looked at at once: which of them belong to a class, as the bits of a word.
//!
//! This is what every machine runs; [`crate::sixteen::Sixteen`] alone differs. Where thirty-two
//! bytes can be read at once, [`crate::nibbles`] says the same of whole texts in half the time.

use crate::sixteen::Sixteen;

/// Bytes of a block.
pub(crate) const BLOCK: usize = 64;

/// Which bytes of a block belong to which class: bit `i` of every mask tells of byte `i`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Classes {
    /// Letters, digits and `+/-_`: what both alphabets of base64 are made of.
    pub(crate) six: u64,
    /// Hexadecimal digits.
    pub(crate) hex: u64,
    /// What a number begins with: `0` to `9` and `-`.
    pub(crate) numbers: u64,
    /// `:` and `=`.
    pub(crate) signs: u64,
    /// The blank.
    pub(crate) blanks: u64,
    /// ASCII whitespace.
    pub(crate) spaces: u64,
    /// `"`, `'` and the backtick.
    pub(crate) quotes: u64,
    /// What escapes begin with: `\`, `%` and `&`.
    pub(crate) leads: u64,
    /// `[`, `{` and `(`.
    pub(crate) opens: u64,
    /// What may follow a literal that goes on in another, of the usual ways: whitespace, quotes,
    /// leads and `)+.<>|~`.
    pub(crate) joins: u64,
}

/// The classes of every whole block; whether a byte of them is zero. `out` is as long as `blocks`.
pub(crate) fn classes_of(blocks: &[[u8; BLOCK]], out: &mut [Classes]) -> bool {
    #[cfg(target_arch = "x86_64")]
    if let Some(zero) = crate::nibbles::classes_of(blocks, out) {
        return zero;
    }
    for (block, out) in blocks.iter().zip(out) {
        *out = Block::new(block).classes();
    }
    memchr::memchr(0, blocks.as_flattened()).is_some()
}

/// A block of text.
#[derive(Clone, Copy)]
pub(crate) struct Block([Sixteen; 4]);

impl Block {
    /// The bytes from `at` on. Beyond the end stand zeros, which belong to no class.
    pub(crate) fn of(text: &[u8], at: usize) -> Self {
        let rest = text.get(at..).unwrap_or_default();
        match rest.first_chunk() {
            Some(whole) => Self::new(whole),
            None => {
                let mut padded = [0; BLOCK];
                for (slot, b) in padded.iter_mut().zip(rest) {
                    *slot = *b;
                }
                Self::new(&padded)
            }
        }
    }

    pub(crate) fn new(bytes: &[u8; BLOCK]) -> Self {
        let (four, _) = bytes.as_chunks();
        let part = |i: usize| four.get(i).map_or(Sixteen::all(0), Sixteen::of);
        Self([part(0), part(1), part(2), part(3)])
    }

    #[inline]
    fn mask(&self, class: impl Fn(Sixteen) -> Sixteen) -> u64 {
        let [a, b, c, d] = self.0;
        let bits = |sixteen| u64::from(class(sixteen).tops());
        bits(a) | bits(b) << 16 | bits(c) << 32 | bits(d) << 48
    }

    pub(crate) fn classes(&self) -> Classes {
        Classes {
            six: self.mask(six),
            hex: self.mask(|v| digits(v).or(v.or(Sixteen::all(0x20)).within(b'a', 5))),
            numbers: self.mask(|v| digits(v).or(v.is(b'-'))),
            signs: self.mask(|v| v.is(b':').or(v.is(b'='))),
            blanks: self.mask(|v| v.is(b' ')),
            spaces: self.mask(spaces),
            quotes: self.quotes(),
            leads: self.mask(leads),
            opens: self.mask(|v| v.or(Sixteen::all(0x20)).is(b'{').or(v.is(b'('))),
            joins: self.mask(joins),
        }
    }

    /// `"`, `'` and the backtick.
    pub(crate) fn quotes(&self) -> u64 {
        self.mask(quotes)
    }

    /// Ends of lines.
    #[inline]
    pub(crate) fn line_ends(&self) -> u64 {
        self.mask(|v| v.is(b'\n'))
    }

    /// Characters of base64 whose highest bit of six is not set.
    pub(crate) fn low(&self) -> u64 {
        self.mask(|v| v.within(b'A', 25).or(v.within(b'a', 5)))
    }

    /// Of the six bits that a character of base64 stands for, those that are the highest of a byte
    /// where the character is the first, the second and the third of four. Other bytes: anything.
    pub(crate) fn highest(&self) -> [u64; 3] {
        let [a, b, c, d] = self.0;
        let values = Self([sextets(a), sextets(b), sextets(c), sextets(d)]);
        // Bits 5, 3 and 1, each moved to the top of its byte.
        let raised = |up| values.mask(|v| v.raised(up));
        [raised(2), raised(4), raised(6)]
    }
}

fn letters(v: Sixteen) -> Sixteen {
    v.or(Sixteen::all(0x20)).within(b'a', 25)
}

fn digits(v: Sixteen) -> Sixteen {
    v.within(b'0', 9)
}

fn six(v: Sixteen) -> Sixteen {
    // `/` is the byte before the digits.
    let digits = v.within(b'/', 10);
    let marks = v.is(b'+').or(v.is(b'-')).or(v.is(b'_'));
    letters(v).or(digits).or(marks)
}

fn spaces(v: Sixteen) -> Sixteen {
    let feeds = v.is(b'\x0c').or(v.is(b'\r'));
    v.is(b' ').or(v.within(b'\t', 1)).or(feeds)
}

fn quotes(v: Sixteen) -> Sixteen {
    v.is(b'"').or(v.is(b'\'')).or(v.is(b'`'))
}

fn leads(v: Sixteen) -> Sixteen {
    v.is(b'\\').or(v.is(b'%')).or(v.is(b'&'))
}

fn joins(v: Sixteen) -> Sixteen {
    let plain = v.is(b')').or(v.is(b'+')).or(v.is(b'.'));
    // `<`, `>`, `|` and `~`.
    let arrows = v.or(Sixteen::all(0x42)).is(b'~');
    spaces(v).or(quotes(v)).or(leads(v)).or(plain).or(arrows)
}

/// What characters of base64 stand for, in the low six bits.
fn sextets(v: Sixteen) -> Sixteen {
    let lower = v.within(b'a', 25).and(Sixteen::all(b'a' - 26));
    let upper = v.within(b'A', 25).and(Sixteen::all(b'A'));
    let digits = v.within(b'0', 9).and(Sixteen::all(b'0'.wrapping_sub(52)));
    let plus = v.is(b'+').and(Sixteen::all(b'+'.wrapping_sub(62)));
    let minus = v.is(b'-').and(Sixteen::all(b'-'.wrapping_sub(62)));
    let slash = v.is(b'/').and(Sixteen::all(b'/'.wrapping_sub(63)));
    let under = v.is(b'_').and(Sixteen::all(b'_' - 63));
    let offset = lower
        .or(upper)
        .or(digits)
        .or(plus.or(minus))
        .or(slash.or(under));
    v.less(offset)
}

/// Where at least twenty bits in a row begin among the first 64 of `bits`.
pub(crate) fn twenty_from(bits: u128) -> u64 {
    let two = bits & bits >> 1;
    let four = two & two >> 2;
    let eight = four & four >> 4;
    let sixteen = eight & eight >> 8;
    let twenty = sixteen & four >> 16;
    u64::try_from(twenty & u128::from(u64::MAX)).unwrap_or(0)
}

/// Whether at least twenty bits in a row begin in `bits`, with `next` behind them.
#[inline]
pub(crate) fn has_twenty(bits: u64, next: u64) -> bool {
    let twenty = |bits: u64| {
        let two = bits & bits >> 1;
        let four = two & two >> 2;
        let eight = four & four >> 4;
        eight & eight >> 8 & four >> 16
    };
    // Those that begin in the last twenty bits go on in what is next. No branch: half of all
    // words end so.
    let last = bits >> 44 | next << 20;
    twenty(bits) | twenty(last) << 44 != 0
}

#[cfg(test)]
mod tests {
    use super::*;

    const SIX: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

    fn one(b: u8) -> [u8; BLOCK] {
        let mut bytes = [0; BLOCK];
        bytes[37] = b;
        bytes
    }

    /// The classes of a byte at one place, from what they are said to be.
    fn said(b: u8) -> Classes {
        let at = |is: bool| u64::from(is) << 37;
        let quote = matches!(b, b'"' | b'\'' | b'`');
        let lead = matches!(b, b'\\' | b'%' | b'&');
        let space = b.is_ascii_whitespace();
        let other = matches!(b, b')' | b'+' | b'.' | b'<' | b'>' | b'|' | b'~');
        Classes {
            six: at(SIX.contains(&b) || matches!(b, b'-' | b'_')),
            hex: at(b.is_ascii_hexdigit()),
            numbers: at(b.is_ascii_digit() || b == b'-'),
            signs: at(matches!(b, b':' | b'=')),
            blanks: at(b == b' '),
            spaces: at(space),
            quotes: at(quote),
            leads: at(lead),
            opens: at(matches!(b, b'[' | b'{' | b'(')),
            joins: at(space || quote || lead || other),
        }
    }

    #[test]
    fn every_byte_has_its_classes_and_no_other() {
        for b in 0..=u8::MAX {
            assert_eq!(Block::new(&one(b)).classes(), said(b), "{b}");
            let mut out = [Classes::default()];
            assert!(classes_of(&[one(b)], &mut out), "{b}");
            assert_eq!(out, [said(b)], "{b}");
            assert_eq!(Block::new(&one(b)).quotes(), said(b).quotes, "{b}");
        }
    }

    #[test]
    fn both_ways_to_classes_agree() {
        let mut seed = 9u32;
        let mut byte = || {
            seed = seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            (seed >> 24) as u8
        };
        for length in 0..70 {
            let mut blocks = vec![[0; BLOCK]; length];
            blocks.iter_mut().flatten().for_each(|b| *b = byte().max(1));
            let mut out = vec![Classes::default(); length];
            assert!(!classes_of(&blocks, &mut out));
            let plainly: Vec<_> = blocks.iter().map(|b| Block::new(b).classes()).collect();
            assert_eq!(out, plainly);
            if let Some(b) = blocks.get_mut(length / 2) {
                b[usize::from(byte() % 64)] = 0;
                assert!(classes_of(&blocks, &mut out));
            }
        }
    }

    #[test]
    fn characters_of_base64_tell_the_highest_bits_of_bytes() {
        let url: Vec<u8> = SIX[..62].iter().chain(b"-_").copied().collect();
        for alphabet in [SIX, &url] {
            for (value, b) in alphabet.iter().enumerate() {
                let got = Block::new(&one(*b)).highest().map(|mask| mask >> 37 & 1);
                assert_eq!(got, [5, 3, 1].map(|bit| value as u64 >> bit & 1), "{b}");
                let low = Block::new(&one(*b)).low() >> 37;
                assert_eq!(low, u64::from(value < 32), "{b}");
            }
        }
    }

    #[test]
    fn runs_of_twenty_are_found_across_blocks() {
        for length in [1, 2, 19, 20, 21, 40, 70] {
            for at in 0..64 {
                let bits = ((1u128 << length) - 1) << at;
                let begins = (0..64).filter(|i| *i >= at && i + 20 <= at + length);
                let want = begins.fold(0, |sum, i| sum | 1u64 << i);
                assert_eq!(twenty_from(bits), want, "{length} at {at}");
                let (low, high) = (bits as u64, (bits >> 64) as u64);
                assert_eq!(has_twenty(low, high), want != 0, "{length} at {at}");
                assert!(!has_twenty(low & 0x7fff_f7ff_ff7f_fff7, u64::MAX >> 1 << 1));
            }
        }
    }

    #[test]
    fn a_part_of_a_block_is_padded() {
        let text = [b'"'; 70];
        assert_eq!(Block::of(&text, 0).quotes(), u64::MAX);
        assert_eq!(Block::of(&text, 64).quotes(), 0x3f);
        assert_eq!(Block::of(&text, 70).quotes(), 0);
        assert_eq!(Block::of(&text, 99).quotes(), 0);
    }
}
