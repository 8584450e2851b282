//! Sixty-four bytes looked at at once: which of them belong to a class, as the bits of a word.
//!
//! This is what every machine runs; [`Sixteen`] alone differs.

use crate::sixteen::Sixteen;

/// Bytes of a block.
pub(crate) const BLOCK: usize = 64;

/// A block of text; bit `i` of every mask tells of byte `i`.
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

    fn new(bytes: &[u8; BLOCK]) -> Self {
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

    /// Letters, digits and `+/-_`: what both alphabets of base64 are made of.
    pub(crate) fn six(&self) -> u64 {
        self.mask(six)
    }

    /// `=` and `.`: what values of keys are made of beside those.
    pub(crate) fn dots(&self) -> u64 {
        self.mask(|v| v.is(b'=').or(v.is(b'.')))
    }

    /// `"`, `'` and the backtick.
    pub(crate) fn quotes(&self) -> u64 {
        self.mask(|v| v.is(b'"').or(v.is(b'\'')).or(v.is(b'`')))
    }

    /// What escapes begin with: `\`, `%` and `&`.
    pub(crate) fn leads(&self) -> u64 {
        self.mask(|v| v.is(b'\\').or(v.is(b'%')).or(v.is(b'&')))
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

fn six(v: Sixteen) -> Sixteen {
    // `/` is the byte before the digits.
    let digits = v.within(b'/', 10);
    let marks = v.is(b'+').or(v.is(b'-')).or(v.is(b'_'));
    letters(v).or(digits).or(marks)
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

#[cfg(test)]
mod tests {
    use super::*;

    const SIX: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

    fn one(b: u8) -> Block {
        let mut bytes = [0; BLOCK];
        bytes[37] = b;
        Block::new(&bytes)
    }

    #[test]
    fn every_byte_has_its_classes_and_no_other() {
        for b in 0..=u8::MAX {
            let block = one(b);
            let at = |is: bool| u64::from(is) << 37;
            let six = SIX.contains(&b) || matches!(b, b'-' | b'_');
            assert_eq!(block.six(), at(six), "{b}");
            assert_eq!(block.dots(), at(matches!(b, b'=' | b'.')), "{b}");
            assert_eq!(block.quotes(), at(matches!(b, b'"' | b'\'' | b'`')), "{b}");
            assert_eq!(block.leads(), at(matches!(b, b'\\' | b'%' | b'&')), "{b}");
        }
    }

    #[test]
    fn characters_of_base64_tell_the_highest_bits_of_bytes() {
        let url: Vec<u8> = SIX[..62].iter().chain(b"-_").copied().collect();
        for alphabet in [SIX, &url] {
            for (value, b) in alphabet.iter().enumerate() {
                let got = one(*b).highest().map(|mask| mask >> 37 & 1);
                assert_eq!(got, [5, 3, 1].map(|bit| value as u64 >> bit & 1), "{b}");
            }
        }
    }

    #[test]
    fn runs_of_twenty_are_found_across_blocks() {
        for length in [19, 20, 21, 70] {
            for at in 0..64 {
                let bits = ((1u128 << length) - 1) << at;
                let begins = (0..64).filter(|i| *i >= at && i + 20 <= at + length);
                let want = begins.fold(0, |sum, i| sum | 1u64 << i);
                assert_eq!(twenty_from(bits), want, "{length} at {at}");
            }
        }
    }

    #[test]
    fn a_part_of_a_block_is_padded() {
        let text = [b'a'; 70];
        assert_eq!(Block::of(&text, 0).six(), u64::MAX);
        assert_eq!(Block::of(&text, 64).six(), 0x3f);
        assert_eq!(Block::of(&text, 70).six(), 0);
        assert_eq!(Block::of(&text, 99).six(), 0);
    }
}
