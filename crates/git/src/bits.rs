//! Sets of small numbers, a bit each.

/// A set that takes a bit for every number up to its largest.
#[derive(Debug, Default)]
pub(crate) struct Bits {
    words: Vec<u64>,
    count: usize,
}

impl Bits {
    pub(crate) fn contains(&self, number: u32) -> bool {
        let word = self.words.get(number as usize / 64);
        word.is_some_and(|word| word & bit(number) != 0)
    }

    /// Puts a number in; whether it was not there.
    pub(crate) fn insert(&mut self, number: u32) -> bool {
        let at = number as usize / 64;
        if at >= self.words.len() {
            self.words.resize(at + 1, 0);
        }
        let is_new = !self.contains(number);
        if let Some(word) = self.words.get_mut(at) {
            *word |= bit(number);
        }
        self.count += usize::from(is_new);
        is_new
    }

    pub(crate) fn remove(&mut self, number: u32) {
        self.count -= usize::from(self.contains(number));
        if let Some(word) = self.words.get_mut(number as usize / 64) {
            *word &= !bit(number);
        }
    }

    pub(crate) const fn is_empty(&self) -> bool {
        self.count == 0
    }
}

const fn bit(number: u32) -> u64 {
    1 << (number % 64)
}

impl FromIterator<u32> for Bits {
    fn from_iter<I: IntoIterator<Item = u32>>(numbers: I) -> Self {
        let mut bits = Self::default();
        for number in numbers {
            bits.insert(number);
        }
        bits
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_set_is_a_set() {
        let mut bits: Bits = [3, 64, 3, 1000].into_iter().collect();
        assert!(!bits.insert(64) && bits.insert(63));
        for number in [3, 63, 64, 1000] {
            assert!(bits.contains(number) && !bits.contains(number + 7));
            assert!(!bits.is_empty());
            bits.remove(number);
            bits.remove(number + 7);
            assert!(!bits.contains(number));
        }
        assert!(bits.is_empty() && !bits.contains(u32::MAX));
    }
}
