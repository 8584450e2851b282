//! The same with AVX2, where the machine has it: bytes are told apart better, and all that is
//! reckoned is reckoned for eight places at once. What is looked up is looked up one by one: where
//! the processor has an instruction for eight, it takes as long, and on some machines much longer.
#![expect(
    unsafe_code,
    reason = "functions for machines with AVX2, called where it was found; vectors as words"
)]

use std::arch::x86_64::{
    __m256i, _mm256_and_si256, _mm256_blend_epi16, _mm256_blendv_epi8, _mm256_movemask_epi8,
    _mm256_mullo_epi32, _mm256_packs_epi16, _mm256_permute4x64_epi64, _mm256_set_epi64x,
    _mm256_set1_epi8, _mm256_set1_epi32, _mm256_setzero_si256, _mm256_shuffle_epi8,
    _mm256_slli_epi16, _mm256_sllv_epi32, _mm256_srli_epi32, _mm256_xor_si256,
};

use super::{ASIDE, CHUNK, DIGIT_KINDS, Fourths, LOW_KINDS, THREE};

/// Proof that this machine has AVX2.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in super::super) struct Able(());

impl Able {
    pub(super) fn here() -> Option<Self> {
        std::arch::is_x86_feature_detected!("avx2").then_some(Self(()))
    }

    pub(super) fn mark(self, fourths: &Fourths, text: &[u8], marks: &mut [u64]) {
        // SAFETY: an `Able` is made where AVX2 was found, and nowhere else.
        unsafe { mark(fourths, text, marks) }
    }
}

/// Vectors that tell of one chunk: in turn of its places 0, 4, 8.. and 2, 6, 10..
const VECTORS: usize = CHUNK / 16;

#[target_feature(enable = "avx2")]
fn mark(fourths: &Fourths, text: &[u8], marks: &mut [u64]) {
    for (i, mark) in marks.iter_mut().enumerate() {
        let from = i * CHUNK;
        let Some(chunk) = text.get(from..).and_then(<[u8]>::first_chunk) else {
            return;
        };
        let mut grams = [_mm256_setzero_si256(); VECTORS];
        let mut words = [[0; 8]; VECTORS];
        for (i, (gram, words)) in grams.iter_mut().zip(&mut words).enumerate() {
            *gram = kinds(load(chunk, i / 2 * 32 + i % 2 * 2));
            *words = as_words(three(*gram));
        }
        for word in words.as_flattened_mut() {
            *word = fourths[*word as usize % fourths.len()];
        }
        for (gram, words) in grams.iter_mut().zip(&words) {
            *gram = tops(as_vector(words), *gram);
        }
        let [a, b, c, d, e, f, g, h] = grams;
        let low = thirty_two(sixteen(a, b), sixteen(c, d));
        let high = thirty_two(sixteen(e, f), sixteen(g, h));
        *mark = u64::from(low) | u64::from(high) << 32;
    }
}

/// [`super::three`] of eight.
#[inline]
#[target_feature(enable = "avx2")]
fn three(grams: __m256i) -> __m256i {
    let three = _mm256_and_si256(grams, _mm256_set1_epi32(THREE.cast_signed()));
    let three = _mm256_mullo_epi32(three, _mm256_set1_epi32(ASIDE.cast_signed()));
    _mm256_srli_epi32::<17>(three)
}

/// The bit of the fourth byte of each gram, moved to the top.
#[inline]
#[target_feature(enable = "avx2")]
fn tops(fourths: __m256i, grams: __m256i) -> __m256i {
    let fourth = _mm256_srli_epi32::<24>(grams);
    _mm256_sllv_epi32(fourths, _mm256_xor_si256(fourth, _mm256_set1_epi32(31)))
}

/// The marks of sixteen places, each the top bit of two bytes, from those of every second.
#[inline]
#[target_feature(enable = "avx2")]
fn sixteen(even: __m256i, odd: __m256i) -> __m256i {
    _mm256_blend_epi16::<0b1010_1010>(_mm256_srli_epi32::<16>(even), odd)
}

/// The marks of 32 places.
#[inline]
#[target_feature(enable = "avx2")]
fn thirty_two(low: __m256i, high: __m256i) -> u32 {
    // Halves of both stand in turn: put in order.
    let both = _mm256_packs_epi16(low, high);
    _mm256_movemask_epi8(_mm256_permute4x64_epi64::<0b11_01_10_00>(both)).cast_unsigned()
}

/// [`super::KINDS`] of thirty-two bytes.
#[inline]
#[target_feature(enable = "avx2")]
fn kinds(bytes: __m256i) -> __m256i {
    let low = _mm256_shuffle_epi8(twice(&LOW_KINDS), bytes);
    let digit = _mm256_shuffle_epi8(twice(&DIGIT_KINDS), bytes);
    let other = _mm256_and_si256(bytes, _mm256_set1_epi8(31));
    // Bits 4 and 6 of each byte, at its top, choose.
    let low = _mm256_blendv_epi8(low, digit, _mm256_slli_epi16::<3>(bytes));
    _mm256_blendv_epi8(low, other, _mm256_slli_epi16::<1>(bytes))
}

#[inline]
#[target_feature(enable = "avx2")]
fn twice(bytes: &[u8; 16]) -> __m256i {
    let both = u128::from_le_bytes(*bytes);
    let (low, high) = (both as i64, (both >> 64) as i64);
    _mm256_set_epi64x(high, low, high, low)
}

/// Thirty-two bytes; what would be beyond the chunk is none of the callers'.
#[inline]
#[target_feature(enable = "avx2")]
fn load(chunk: &[u8; CHUNK + 4], at: usize) -> __m256i {
    let bytes: &[u8; 32] = chunk
        .get(at..)
        .and_then(<[u8]>::first_chunk)
        .unwrap_or(&[0; 32]);
    // SAFETY: both are 32 bytes, and any bits are a value of either.
    unsafe { std::mem::transmute::<[u8; 32], __m256i>(*bytes) }
}

#[inline]
#[target_feature(enable = "avx2")]
fn as_words(vector: __m256i) -> [u32; 8] {
    // SAFETY: both are 32 bytes, and any bits are a value of either.
    unsafe { std::mem::transmute::<__m256i, [u32; 8]>(vector) }
}

#[inline]
#[target_feature(enable = "avx2")]
fn as_vector(words: &[u32; 8]) -> __m256i {
    // SAFETY: both are 32 bytes, and any bits are a value of either.
    unsafe { std::mem::transmute::<[u32; 8], __m256i>(*words) }
}

#[cfg(test)]
mod tests {
    use super::super::Look;
    use super::*;

    #[test]
    fn the_marks_of_every_place_are_those_of_its_gram() {
        let Some(able) = Able::here() else { return };
        let mut number = 1u32;
        let mut next = || {
            number = number.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            number >> 8
        };
        let mut fourths = vec![0u32; 1 << 15];
        fourths.fill_with(|| next() << 8 | next());
        let fourths: Box<Fourths> = fourths.into_boxed_slice().try_into().unwrap();
        let text: Vec<u8> = (0..1 << 20).map(|_| next() as u8).collect();
        let mut marks = vec![0; (text.len() - 4) / CHUNK];
        able.mark(&fourths, &text, &mut marks);
        for (i, mark) in marks.iter().enumerate() {
            for place in 0..CHUNK / 2 {
                let at = i * CHUNK + 2 * place;
                let gram = *text[at..].first_chunk().unwrap();
                let (three, fourth) = Look::Wide(able).place(gram);
                let want = fourths[three] & fourth != 0;
                assert_eq!(mark >> place & 1 == 1, want, "{gram:?} at {at}");
            }
        }
    }
}
