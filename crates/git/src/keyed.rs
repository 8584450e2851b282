//! A hash for sets of numbers: one multiplication for each, under random keys.
//!
//! What is numbered in which order is chosen by whoever pushes: without keys it could be so that all
//! falls into one slot.

use std::collections::{HashMap, HashSet};
use std::hash::{BuildHasher, Hasher, RandomState};

/// A set of small things.
pub(crate) type KeyedSet<T> = HashSet<T, Keyed>;

/// A table by small things.
pub(crate) type KeyedMap<K, V> = HashMap<K, V, Keyed>;

/// Makes hashers that agree with each other and with no others.
#[derive(Clone)]
pub(crate) struct Keyed {
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
pub(crate) struct Folding {
    state: u64,
    factor: u64,
}

impl Hasher for Folding {
    fn write(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.write_u64((*byte).into());
        }
    }

    fn write_u32(&mut self, number: u32) {
        self.write_u64(number.into());
    }

    fn write_u64(&mut self, number: u64) {
        let wide = u128::from(self.state ^ number) * u128::from(self.factor);
        self.state = wide as u64 ^ (wide >> 64) as u64;
    }

    fn finish(&self) -> u64 {
        // A table takes the highest bits and the lowest.
        self.state ^ self.state.rotate_left(32).wrapping_mul(self.factor)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

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
}
