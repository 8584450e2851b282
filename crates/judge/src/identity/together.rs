//! SHA-1 of many objects at once: the rounds of one wait for each other, those of four do not.

#![expect(
    unsafe_code,
    reason = "the processor's own instructions for SHA-1, where it has them"
)]

use std::arch::x86_64::{
    __m128i, _mm_add_epi32, _mm_extract_epi32, _mm_loadu_si128, _mm_set_epi32, _mm_set_epi64x,
    _mm_setzero_si128, _mm_sha1msg1_epu32, _mm_sha1msg2_epu32, _mm_sha1nexte_epu32,
    _mm_sha1rnds4_epu32, _mm_shuffle_epi8, _mm_shuffle_epi32, _mm_xor_si128,
};

/// How many are hashed at once: with more the registers do not suffice.
const LANES: usize = 4;
const BLOCK: usize = 64;

const START: [u32; 5] = [
    0x6745_2301,
    0xefcd_ab89,
    0x98ba_dcfe,
    0x1032_5476,
    0xc3d2_e1f0,
];

/// One message: a head and what follows it.
#[derive(Clone, Copy)]
pub(super) struct Message<'a> {
    pub(super) head: &'a [u8],
    pub(super) content: &'a [u8],
}

/// A message on its way, block by block.
struct Lane<'a> {
    number: usize,
    message: Message<'a>,
    /// Bytes done, a multiple of a block.
    at: usize,
    /// The block that stands nowhere as it is: with the head, or at the end.
    made: [[u8; BLOCK]; 1],
}

impl<'a> Lane<'a> {
    fn new(number: usize, message: Message<'a>) -> Self {
        let mut lane = Self {
            number,
            message,
            at: 0,
            made: [[0; BLOCK]],
        };
        lane.make();
        lane
    }

    fn len(&self) -> usize {
        self.message.head.len() + self.message.content.len()
    }

    /// Bytes with the 1 bit and the length at the end.
    fn padded(&self) -> usize {
        (self.len() + 1 + 8).next_multiple_of(BLOCK)
    }

    /// The blocks that come next and stand in the content as they are.
    fn ready(&self) -> &'a [[u8; BLOCK]] {
        let from = self.at.checked_sub(self.message.head.len());
        let rest = from.and_then(|from| self.message.content.get(from..));
        rest.unwrap_or_default().as_chunks().0
    }

    /// Some of what comes next.
    fn next(&self) -> &[[u8; BLOCK]] {
        match self.ready() {
            [] => &self.made,
            ready => ready,
        }
    }

    /// Goes on by so many blocks; whether there are more.
    fn advance(&mut self, blocks: usize) -> bool {
        self.at += blocks * BLOCK;
        if self.at >= self.padded() {
            return false;
        }
        if self.ready().is_empty() {
            self.make();
        }
        true
    }

    /// Makes the block that comes next.
    fn make(&mut self) {
        let Message { head, content } = self.message;
        let (len, last) = (self.len(), self.at + BLOCK == self.padded());
        let [block] = &mut self.made;
        *block = [0; BLOCK];
        let parts = [(0, head), (head.len(), content), (len, &[0x80][..])];
        for (start, part) in parts {
            // Where the part begins in the block, or how much of it went before.
            let (to, from) = match start.checked_sub(self.at) {
                Some(to) => (to, 0),
                None => (0, self.at - start),
            };
            let room = block.get_mut(to..).unwrap_or_default();
            let part = part.get(from..).unwrap_or_default();
            room.iter_mut().zip(part).for_each(|(to, from)| *to = *from);
        }
        if last && let Some(end) = block.last_chunk_mut() {
            *end = (len as u64).wrapping_mul(8).to_be_bytes();
        }
    }
}

/// The SHA-1 of each message, in order; `None`: the processor has no instructions for it.
pub(super) fn digests(messages: &[Message<'_>]) -> Option<Vec<[u8; 20]>> {
    if !(is_x86_feature_detected!("sha")
        && is_x86_feature_detected!("ssse3")
        && is_x86_feature_detected!("sse4.1"))
    {
        return None;
    }
    let mut digests = vec![[0; 20]; messages.len()];
    // The longest first: none of them is left alone at the end for long.
    let mut order: Vec<usize> = (0..messages.len()).collect();
    let len = |number: &usize| messages.get(*number).map_or(0, |m| m.content.len());
    order.sort_unstable_by_key(|number| std::cmp::Reverse(len(number)));
    let mut waiting = order
        .into_iter()
        .filter_map(|number| Some(Lane::new(number, *messages.get(number)?)));
    let mut lanes: Vec<Lane<'_>> = waiting.by_ref().take(LANES).collect();
    let mut states = [START; LANES];
    while !lanes.is_empty() {
        // SAFETY: the processor was asked for what `together` needs.
        let blocks = unsafe {
            match lanes.as_slice() {
                [a, b, c, d] => together(&mut states, [a.next(), b.next(), c.next(), d.next()]),
                [a, b, c] => narrow(&mut states, [a.next(), b.next(), c.next()]),
                [a, b] => narrow(&mut states, [a.next(), b.next()]),
                [a, ..] => narrow(&mut states, [a.next()]),
                [] => break,
            }
        };
        let mut at = 0;
        while let Some(lane) = lanes.get_mut(at) {
            if lane.advance(blocks) {
                at += 1;
                continue;
            }
            let words = states.get(at).copied().unwrap_or_default();
            if let Some(digest) = digests.get_mut(lane.number) {
                let bytes = words.map(u32::to_be_bytes);
                digest.copy_from_slice(bytes.as_flattened());
            }
            if let Some(next) = waiting.next() {
                *lane = next;
                if let Some(state) = states.get_mut(at) {
                    *state = START;
                }
                at += 1;
            } else {
                // The last takes its place, and its state too.
                lanes.swap_remove(at);
                states.swap(at, lanes.len());
            }
        }
    }
    Some(digests)
}

/// # Safety
///
/// As for [`together`].
unsafe fn narrow<const N: usize>(states: &mut [[u32; 5]], blocks: [&[[u8; BLOCK]]; N]) -> usize {
    let Some(states) = states.first_chunk_mut() else {
        return usize::MAX;
    };
    // SAFETY: the caller asked the processor.
    unsafe { together(states, blocks) }
}

/// Takes as many blocks into each state as all have; how many that were.
///
/// # Safety
///
/// The processor has the features that are named.
#[target_feature(enable = "sha,sse2,ssse3,sse4.1")]
unsafe fn together<const N: usize>(
    states: &mut [[u32; 5]; N],
    blocks: [&[[u8; BLOCK]]; N],
) -> usize {
    let swap = _mm_set_epi64x(0x0001_0203_0405_0607, 0x0809_0a0b_0c0d_0e0f);
    let mut abcd = states.map(|[a, b, c, d, _]| {
        let [a, b, c, d] = [a, b, c, d].map(u32::cast_signed);
        _mm_set_epi32(a, b, c, d)
    });
    let mut first = states.map(|s| _mm_set_epi32(s[4].cast_signed(), 0, 0, 0));
    let count = blocks.iter().map(|b| b.len()).min().unwrap_or(0);
    for at in 0..count {
        let (abcd_before, e_before) = (abcd, first);
        let mut words: [[__m128i; 4]; N] = blocks.map(|blocks| {
            let quarter = |n: usize| {
                // SAFETY: it stands within the 64 bytes of the block, and need not be aligned.
                let bytes = unsafe { _mm_loadu_si128(blocks[at].as_ptr().add(16 * n).cast()) };
                _mm_shuffle_epi8(bytes, swap)
            };
            [quarter(0), quarter(1), quarter(2), quarter(3)]
        });
        let mut e = [_mm_setzero_si128(); N];
        macro_rules! four_rounds {
            ($function:literal: $($group:literal)*) => {$(
                for lane in 0..N {
                    let w = &mut words[lane];
                    if $group > 3 {
                        let mixed = _mm_sha1msg1_epu32(w[$group % 4], w[($group + 1) % 4]);
                        let mixed = _mm_xor_si128(mixed, w[($group + 2) % 4]);
                        w[$group % 4] = _mm_sha1msg2_epu32(mixed, w[($group + 3) % 4]);
                    }
                    let added = if $group == 0 {
                        _mm_add_epi32(first[lane], w[0])
                    } else {
                        _mm_sha1nexte_epu32(e[lane], w[$group % 4])
                    };
                    e[lane] = abcd[lane];
                    abcd[lane] = _mm_sha1rnds4_epu32::<$function>(abcd[lane], added);
                }
            )*};
        }
        four_rounds!(0: 0 1 2 3 4);
        four_rounds!(1: 5 6 7 8 9);
        four_rounds!(2: 10 11 12 13 14);
        four_rounds!(3: 15 16 17 18 19);
        for lane in 0..N {
            first[lane] = _mm_sha1nexte_epu32(e[lane], e_before[lane]);
            abcd[lane] = _mm_add_epi32(abcd[lane], abcd_before[lane]);
        }
    }
    for lane in 0..N {
        // The highest lane of the vector is the first word.
        let ordered = _mm_shuffle_epi32::<0x1b>(abcd[lane]);
        let word = |n: i32| n.cast_unsigned();
        states[lane] = [
            word(_mm_extract_epi32::<0>(ordered)),
            word(_mm_extract_epi32::<1>(ordered)),
            word(_mm_extract_epi32::<2>(ordered)),
            word(_mm_extract_epi32::<3>(ordered)),
            word(_mm_extract_epi32::<3>(first[lane])),
        ];
    }
    count
}

#[cfg(test)]
mod tests {
    use super::*;
    use sha1::{Digest, Sha1};

    fn plain(message: &Message<'_>) -> [u8; 20] {
        let mut hash = Sha1::new();
        hash.update(message.head);
        hash.update(message.content);
        hash.finalize().into()
    }

    #[test]
    fn together_is_one_by_one() {
        let bytes: Vec<u8> = (0..4000u32).map(|n| (n * 7919) as u8).collect();
        let message = |head: usize, at: usize, len: usize| Message {
            head: &bytes[..head],
            content: &bytes[at..at + len],
        };
        // Every way to lie in blocks, then any number of any length beside each other.
        let mut messages: Vec<_> = (0..300).map(|len| message(len % 29, len, len)).collect();
        messages.extend((0..32).flat_map(|head| (90..140).map(move |len| message(head, 1, len))));
        messages.extend((0..50).map(|n| message(9, n, n * n + 1)));
        let some = [0, 1, 2, 3, 4, 5, 7, 8, messages.len()];
        for count in some {
            for messages in [&messages[..count], &messages[messages.len() - count..]] {
                let Some(digests) = digests(messages) else {
                    return;
                };
                let expected: Vec<_> = messages.iter().map(plain).collect();
                assert_eq!(digests, expected, "{count}");
            }
        }
    }
}
