//! A hash for tables of ids and of numbers: one multiplication for eight bytes, under random keys.
//!
//! Which ids are looked up is chosen by clients, and what is numbered in which order by whoever
//! pushes: without keys it could be so that all falls into one slot. For telling things apart by
//! their hash alone it is too weak: a table compares the things themselves.

use std::collections::{HashMap, HashSet};
use std::fmt;
use std::hash::{BuildHasher, Hasher, RandomState};

/// A set of small things.
pub type KeyedSet<T> = HashSet<T, Keyed>;

/// A table by small things.
pub type KeyedMap<K, V> = HashMap<K, V, Keyed>;

/// Makes hashers that agree with each other and with no others. Its keys are never shown.
#[derive(Clone)]
pub struct Keyed {
    start: u64,
    factor: u64,
}

impl Default for Keyed {
    fn default() -> Self {
        let random = RandomState::new();
        Self {
            start: random.hash_one(1),
            factor: random.hash_one(2) | 1,
        }
    }
}

impl fmt::Debug for Keyed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Keyed(..)")
    }
}

impl BuildHasher for Keyed {
    type Hasher = Folding;

    fn build_hasher(&self) -> Folding {
        Folding {
            state: self.start,
            factor: self.factor,
        }
    }
}

/// Multiplies by the key and folds the two halves of the product.
pub struct Folding {
    state: u64,
    factor: u64,
}

impl fmt::Debug for Folding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Folding(..)")
    }
}

impl Folding {
    fn word(&mut self, word: u64) {
        let wide = u128::from(self.state ^ word) * u128::from(self.factor);
        self.state = wide as u64 ^ (wide >> 64) as u64;
    }
}

impl Hasher for Folding {
    fn write(&mut self, bytes: &[u8]) {
        let mut words = bytes.chunks_exact(8);
        for word in &mut words {
            self.word(word.try_into().map_or(0, u64::from_le_bytes));
        }
        if !words.remainder().is_empty() {
            let mut last = [0; 8];
            for (to, from) in last.iter_mut().zip(words.remainder()) {
                *to = *from;
            }
            self.word(u64::from_le_bytes(last));
        }
    }

    fn write_u32(&mut self, word: u32) {
        self.word(word.into());
    }

    fn write_u64(&mut self, word: u64) {
        self.word(word);
    }

    fn write_usize(&mut self, word: usize) {
        self.word(word as u64);
    }

    fn write_isize(&mut self, word: isize) {
        self.word(word as u64);
    }

    fn finish(&self) -> u64 {
        // A table takes the highest bits and the lowest.
        self.state ^ self.state.rotate_left(32).wrapping_mul(self.factor)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ids::ObjectId;

    #[test]
    fn numbers_that_differ_little_spread_over_both_ends() {
        let (one, other) = (Keyed::default(), Keyed::default());
        let pairs: Vec<(u32, u32)> = (0..64).flat_map(|a| (0..64).map(move |b| (a, b))).collect();
        let low: HashSet<u64> = pairs.iter().map(|p| one.hash_one(p) & 0xffff).collect();
        let high: HashSet<u64> = pairs.iter().map(|p| one.hash_one(p) >> 48).collect();
        assert!(low.len() > 3000 && high.len() > 3000, "of 4096");
        assert_eq!(one.hash_one((3u32, 4u32)), one.hash_one((3u32, 4u32)));
        assert_ne!(one.hash_one((3u32, 4u32)), other.hash_one((3u32, 4u32)));
    }

    #[test]
    fn ids_that_differ_little_are_spread_and_keys_differ() {
        let keyed = Keyed::default();
        for width in [20, 32] {
            // Slots and tags as a table of 65,536 would take them.
            let (mut low, mut high) = (HashSet::new(), HashSet::new());
            for n in 0..20_000u32 {
                let mut raw = vec![0; width];
                raw[width - 4..].copy_from_slice(&n.to_be_bytes());
                let hash = keyed.hash_one(ObjectId::from_bytes(&raw).unwrap());
                low.insert(hash & 0xffff);
                high.insert(hash >> 48);
            }
            // By chance 17,200 of 65,536.
            assert!(
                low.len() > 16_000 && high.len() > 16_000,
                "{} {}",
                low.len(),
                high.len()
            );
        }
        let id = ObjectId::from_bytes(&[7; 20]).unwrap();
        let again = keyed.hash_one(id);
        assert_eq!(keyed.hash_one(id), again);
        assert_ne!(keyed.hash_one(id), Keyed::default().hash_one(id));
    }
}
