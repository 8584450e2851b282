//! Sixteen bytes as one, and what can be asked of them.
//!
//! Every x86-64 has SSE2, whose operations are used there; elsewhere bytes are worked on one after
//! the other. A test holds one against the other.
#![expect(
    unsafe_code,
    reason = "operations of SSE2: they read and write registers only"
)]

#[cfg(target_arch = "x86_64")]
pub(crate) use sse2::Sixteen;

#[cfg(not(target_arch = "x86_64"))]
pub(crate) use plain::Sixteen;

#[cfg(target_arch = "x86_64")]
mod sse2 {
    use std::arch::x86_64::{
        __m128i, _mm_and_si128, _mm_cmpeq_epi8, _mm_min_epu8, _mm_movemask_epi8, _mm_or_si128,
        _mm_set_epi64x, _mm_set1_epi8, _mm_slli_epi16, _mm_sub_epi8,
    };

    /// Sixteen bytes.
    #[derive(Clone, Copy)]
    pub(crate) struct Sixteen(__m128i);

    /// Operations that only want SSE2.
    macro_rules! sse2 {
        ($operation:expr) => {
            // SAFETY: SSE2 is part of x86-64, and no operation used here touches memory.
            unsafe { $operation }
        };
    }

    impl Sixteen {
        #[inline(always)]
        pub(crate) fn of(bytes: &[u8; 16]) -> Self {
            let both = u128::from_le_bytes(*bytes);
            Self(sse2!(_mm_set_epi64x((both >> 64) as i64, both as i64)))
        }

        #[inline(always)]
        pub(crate) fn all(b: u8) -> Self {
            Self(sse2!(_mm_set1_epi8(b.cast_signed())))
        }

        #[inline(always)]
        pub(crate) fn is(self, b: u8) -> Self {
            Self(sse2!(_mm_cmpeq_epi8(self.0, Self::all(b).0)))
        }

        /// From `least` on, and at most `more` beyond it.
        #[inline(always)]
        pub(crate) fn within(self, least: u8, more: u8) -> Self {
            let above = self.less(Self::all(least)).0;
            let least = sse2!(_mm_min_epu8(above, Self::all(more).0));
            Self(sse2!(_mm_cmpeq_epi8(least, above)))
        }

        #[inline(always)]
        pub(crate) fn or(self, other: Self) -> Self {
            Self(sse2!(_mm_or_si128(self.0, other.0)))
        }

        #[inline(always)]
        pub(crate) fn and(self, other: Self) -> Self {
            Self(sse2!(_mm_and_si128(self.0, other.0)))
        }

        #[inline(always)]
        pub(crate) fn less(self, other: Self) -> Self {
            Self(sse2!(_mm_sub_epi8(self.0, other.0)))
        }

        /// Each byte's bits moved up by `by`; what falls in from the byte below is low.
        #[inline(always)]
        pub(crate) fn raised(self, by: u32) -> Self {
            Self(match by {
                2 => sse2!(_mm_slli_epi16::<2>(self.0)),
                4 => sse2!(_mm_slli_epi16::<4>(self.0)),
                _ => sse2!(_mm_slli_epi16::<6>(self.0)),
            })
        }

        /// The highest bit of each byte.
        #[inline(always)]
        pub(crate) fn tops(self) -> u16 {
            sse2!(_mm_movemask_epi8(self.0)) as u16
        }
    }
}

#[cfg(any(test, not(target_arch = "x86_64")))]
mod plain {
    /// Sixteen bytes.
    #[derive(Clone, Copy)]
    pub(crate) struct Sixteen([u8; 16]);

    impl Sixteen {
        pub(crate) fn of(bytes: &[u8; 16]) -> Self {
            Self(*bytes)
        }

        pub(crate) fn all(b: u8) -> Self {
            Self([b; 16])
        }

        fn with(self, other: Self, op: impl Fn(u8, u8) -> u8) -> Self {
            Self(std::array::from_fn(|i| op(self.0[i], other.0[i])))
        }

        pub(crate) fn is(self, b: u8) -> Self {
            Self(self.0.map(|v| if v == b { 0xff } else { 0 }))
        }

        pub(crate) fn within(self, least: u8, more: u8) -> Self {
            let inside = |v: u8| v.wrapping_sub(least) <= more;
            Self(self.0.map(|v| if inside(v) { 0xff } else { 0 }))
        }

        pub(crate) fn or(self, other: Self) -> Self {
            self.with(other, |a, b| a | b)
        }

        pub(crate) fn and(self, other: Self) -> Self {
            self.with(other, |a, b| a & b)
        }

        pub(crate) fn less(self, other: Self) -> Self {
            self.with(other, u8::wrapping_sub)
        }

        pub(crate) fn raised(self, by: u32) -> Self {
            Self(self.0.map(|v| v << by))
        }

        pub(crate) fn tops(self) -> u16 {
            let top = |sum: u16, (i, v): (usize, &u8)| sum | u16::from(v >> 7) << i;
            self.0.iter().enumerate().fold(0, top)
        }
    }
}

#[cfg(all(test, target_arch = "x86_64"))]
mod tests {
    use super::{plain, sse2};

    #[test]
    fn both_kinds_of_sixteen_agree() {
        let mut seed = 7u32;
        for round in 0..4096u32 {
            let bytes: [u8; 16] = std::array::from_fn(|_| {
                seed = seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                (seed >> 24) as u8
            });
            let (fast, slow) = (sse2::Sixteen::of(&bytes), plain::Sixteen::of(&bytes));
            let b = (round % 256) as u8;
            assert_eq!(fast.tops(), slow.tops());
            assert_eq!(fast.is(b).tops(), slow.is(b).tops());
            assert_eq!(fast.within(b, 25).tops(), slow.within(b, 25).tops());
            for up in [2, 4, 6] {
                assert_eq!(fast.raised(up).tops(), slow.raised(up).tops());
            }
            let (a, z) = (sse2::Sixteen::all(b), plain::Sixteen::all(b));
            assert_eq!(fast.less(a).tops(), slow.less(z).tops());
            assert_eq!(fast.and(a).tops(), slow.and(z).tops());
            assert_eq!(fast.or(a).tops(), slow.or(z).tops());
        }
    }
}
