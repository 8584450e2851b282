//! The classes of thirty-two bytes at once, where the machine has AVX2.
//!
//! A byte is looked up by its upper and by its lower four bits in two tables of sixteen: what both
//! say of it is true. Each bit of the tables stands for the bytes that have one of some upper and
//! one of some lower halves; a class is made of a few of those. [`crate::masks::Block`] says the
//! same on any machine, and a test holds one against the other.
#![expect(
    unsafe_code,
    reason = "a call that wants AVX2, after the machine said that it has it"
)]

use std::arch::x86_64::{
    __m256i, _mm_set_epi64x, _mm256_and_si256, _mm256_broadcastsi128_si256, _mm256_cmpeq_epi8,
    _mm256_min_epu8, _mm256_movemask_epi8, _mm256_or_si256, _mm256_set_epi64x, _mm256_set1_epi8,
    _mm256_setzero_si256, _mm256_shuffle_epi8, _mm256_slli_epi16, _mm256_srli_epi16,
};

use crate::masks::{BLOCK, Classes};

/// The classes of blocks, and whether one of their bytes is zero; `None`: not on this machine.
pub(crate) fn classes_of(blocks: &[[u8; BLOCK]], out: &mut [Classes]) -> Option<bool> {
    // SAFETY: all that it wants of the machine is there.
    std::arch::is_x86_feature_detected!("avx2").then(|| unsafe { classify(blocks, out) })
}

/// Bytes of one bit: upper halves, lower halves.
type Bit = (&'static [u8], &'static [u8]);

const DIGIT_BITS: u8 = 1 << 2;
const HEX_BITS: u8 = DIGIT_BITS | 1 << 5;
const SIX_BITS: u8 = 0b1_1111;
const JOIN_BIT: u8 = 1 << 6;
/// What stands for classes of values, the uppermost for signs.
const VALUES: [Bit; 8] = [
    (
        &[4, 6],
        &[1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15],
    ),
    (&[5, 7], &[0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10]),
    (&[3], &[0, 1, 2, 3, 4, 5, 6, 7, 8, 9]),
    (&[2], &[0xb, 0xd, 0xf]),
    (&[5], &[0xf]),
    (&[4, 6], &[1, 2, 3, 4, 5, 6]),
    (&[2], &[9, 0xb, 0xe]),
    (&[3], &[0xa, 0xd]),
];

const QUOTE_BITS: u8 = 0b11;
const SPACE_BITS: u8 = 0b1100;
const LEAD_BITS: u8 = 0b11_0000;
const OPEN_BITS: u8 = 0b1100_0000;
const ANY_JOIN_BITS: u8 = QUOTE_BITS | SPACE_BITS | LEAD_BITS;
/// What stands for classes of signs, the fourth for the blank.
const SIGNS: [Bit; 8] = [
    (&[2], &[2, 7]),
    (&[6], &[0]),
    (&[0], &[9, 0xa, 0xc, 0xd]),
    (&[2], &[0]),
    (&[5], &[0xc]),
    (&[2], &[5, 6]),
    (&[5, 7], &[0xb]),
    (&[2], &[8]),
];

/// What the upper and the lower half of a byte allow.
const fn tables(bits: [Bit; 8]) -> [[u8; 16]; 2] {
    let mut tables = [[0; 16]; 2];
    let mut bit = 0;
    while bit < 8 {
        let (upper, lower) = bits[bit];
        let mut i = 0;
        while i < upper.len() {
            tables[0][upper[i] as usize] |= 1 << bit;
            i += 1;
        }
        i = 0;
        while i < lower.len() {
            tables[1][lower[i] as usize] |= 1 << bit;
            i += 1;
        }
        bit += 1;
    }
    tables
}

const VALUE_TABLES: [[u8; 16]; 2] = tables(VALUES);
const SIGN_TABLES: [[u8; 16]; 2] = tables(SIGNS);

#[inline]
#[target_feature(enable = "avx2")]
fn table(bytes: [u8; 16]) -> __m256i {
    let both = u128::from_le_bytes(bytes);
    _mm256_broadcastsi128_si256(_mm_set_epi64x((both >> 64) as i64, both as i64))
}

#[inline]
#[target_feature(enable = "avx2")]
fn all(b: u8) -> __m256i {
    _mm256_set1_epi8(b.cast_signed())
}

/// The bytes of which one of `bits` is set.
#[inline]
#[target_feature(enable = "avx2")]
fn any(v: __m256i, bits: u8) -> u32 {
    let none = _mm256_cmpeq_epi8(_mm256_and_si256(v, all(bits)), _mm256_setzero_si256());
    !_mm256_movemask_epi8(none).cast_unsigned()
}

/// The bytes whose uppermost bit is set.
#[inline]
#[target_feature(enable = "avx2")]
fn tops(v: __m256i) -> u32 {
    _mm256_movemask_epi8(v).cast_unsigned()
}

#[target_feature(enable = "avx2")]
fn classify(blocks: &[[u8; BLOCK]], out: &mut [Classes]) -> bool {
    let [value_upper, value_lower] = [table(VALUE_TABLES[0]), table(VALUE_TABLES[1])];
    let [sign_upper, sign_lower] = [table(SIGN_TABLES[0]), table(SIGN_TABLES[1])];
    let mut least = all(u8::MAX);
    for (block, out) in blocks.iter().zip(out) {
        let mut sums = Classes::default();
        let (halves, _) = block.as_chunks::<32>();
        for (half, shift) in halves.iter().zip([0, 32]) {
            let (words, _) = half.as_chunks::<8>();
            let word = |i: usize| words.get(i).map_or(0, |w| i64::from_le_bytes(*w));
            let v = _mm256_set_epi64x(word(3), word(2), word(1), word(0));
            least = _mm256_min_epu8(least, v);
            let upper = _mm256_and_si256(_mm256_srli_epi16::<4>(v), all(0x0f));
            // A byte beyond ASCII has no lower half here, and no class.
            let of = |upper_table, lower_table| {
                let lower = _mm256_shuffle_epi8(lower_table, v);
                _mm256_and_si256(_mm256_shuffle_epi8(upper_table, upper), lower)
            };
            let values = of(value_upper, value_lower);
            let signs = of(sign_upper, sign_lower);
            // `<`, `>`, `|` and `~`.
            let arrows = _mm256_cmpeq_epi8(_mm256_or_si256(v, all(0x42)), all(b'~'));
            let joins = _mm256_and_si256(signs, all(ANY_JOIN_BITS));
            let joins = _mm256_or_si256(joins, _mm256_and_si256(values, all(JOIN_BIT)));
            let add = |mask: &mut u64, bits: u32| *mask |= u64::from(bits) << shift;
            add(&mut sums.six, any(values, SIX_BITS));
            add(&mut sums.hex, any(values, HEX_BITS));
            let minus = _mm256_cmpeq_epi8(v, all(b'-'));
            let numbers = _mm256_or_si256(_mm256_slli_epi16::<5>(values), minus);
            add(&mut sums.numbers, tops(numbers));
            add(&mut sums.signs, tops(values));
            add(&mut sums.blanks, tops(_mm256_slli_epi16::<4>(signs)));
            add(&mut sums.spaces, any(signs, SPACE_BITS));
            add(&mut sums.quotes, any(signs, QUOTE_BITS));
            add(&mut sums.leads, any(signs, LEAD_BITS));
            add(&mut sums.opens, any(signs, OPEN_BITS));
            add(
                &mut sums.joins,
                any(_mm256_or_si256(joins, arrows), u8::MAX),
            );
        }
        *out = sums;
    }
    tops(_mm256_cmpeq_epi8(least, _mm256_setzero_si256())) != 0
}
