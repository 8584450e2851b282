//! A set of bytes.

use regex_syntax::hir::Class;

/// Which bytes may stand at a place.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Set([u64; 4]);

impl Set {
    /// One byte.
    pub(crate) const fn one(b: u8) -> Self {
        let mut set = Self([0; 4]);
        set.0[(b >> 6) as usize] = 1 << (b & 63);
        set
    }

    /// All of a text.
    pub(crate) const fn of(text: &[u8]) -> Self {
        let mut set = Self([0; 4]);
        let mut i = 0;
        while i < text.len() {
            set.0[(text[i] >> 6) as usize] |= 1 << (text[i] & 63);
            i += 1;
        }
        set
    }

    /// The bytes of a class; `None`: some of it are characters of several bytes.
    pub(crate) fn class(class: &Class) -> Option<Self> {
        let mut set = Self::default();
        match class {
            Class::Bytes(class) => {
                let ranges = class.ranges().iter();
                ranges.for_each(|r| set.add(r.start(), r.end()));
            }
            Class::Unicode(class) => {
                for r in class.ranges() {
                    if !r.end().is_ascii() {
                        return None;
                    }
                    set.add(r.start() as u8, r.end() as u8);
                }
            }
        }
        Some(set)
    }

    pub(crate) fn add(&mut self, from: u8, to: u8) {
        for (word, first) in self.0.iter_mut().zip([0u8, 64, 128, 192]) {
            let low = from.max(first);
            let high = to.min(first + 63);
            if low <= high {
                let ones = u64::MAX >> (63 - (high - low));
                *word |= ones << (low - first);
            }
        }
    }

    pub(crate) const fn has(&self, b: u8) -> bool {
        self.0[(b >> 6) as usize] >> (b & 63) & 1 == 1
    }

    /// How many there are.
    pub(crate) fn count(&self) -> u32 {
        self.0.iter().map(|w| w.count_ones()).sum()
    }

    /// What stands in either.
    pub(crate) fn or(&self, other: &Self) -> Self {
        let [a, b, c, d] = self.0;
        let [e, f, g, h] = other.0;
        Self([a | e, b | f, c | g, d | h])
    }

    /// Whether nothing stands in both.
    pub(crate) fn is_apart(&self, other: &Self) -> bool {
        self.0.iter().zip(&other.0).all(|(a, b)| a & b == 0)
    }

    /// Whether all of it stands in `other`.
    pub(crate) fn is_within(&self, other: &Self) -> bool {
        self.0.iter().zip(&other.0).all(|(a, b)| a & !b == 0)
    }

    /// The bytes as ranges, in order.
    pub(crate) fn ranges(&self) -> impl Iterator<Item = (u8, u8)> + '_ {
        let begins =
            |b: &u8| self.has(*b) && b.checked_sub(1).is_none_or(|before| !self.has(before));
        (0..=255).filter(begins).map(|from| {
            let to = (from..=255).take_while(|b| self.has(*b)).last();
            (from, to.unwrap_or(from))
        })
    }

    /// The bytes, in order.
    pub(crate) fn bytes(&self) -> impl Iterator<Item = u8> + '_ {
        (0..=255).filter(|b| self.has(*b))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_are_the_bytes_between() {
        for (from, to) in [
            (0, 255),
            (0, 63),
            (63, 64),
            (7, 7),
            (64, 191),
            (200, 255),
            (9, 8),
        ] {
            let mut set = Set::default();
            set.add(from, to);
            let all: Vec<u8> = (from..=to).collect();
            assert_eq!(set.bytes().collect::<Vec<u8>>(), all);
            assert_eq!(set.count() as usize, all.len());
            assert_eq!(set, Set::of(&all));
            assert!(set.ranges().eq((from <= to).then_some((from, to))));
        }
        let (ab, bc) = (Set::of(b"ab"), Set::of(b"bc"));
        assert!(!ab.is_apart(&bc) && ab.is_apart(&Set::one(b'c')));
        assert!(Set::of(b"abd").ranges().eq([(b'a', b'b'), (b'd', b'd')]));
        assert!(Set::one(b'a').is_within(&ab) && !ab.is_within(&bc));
        assert_eq!(ab.or(&bc), Set::of(b"abc"));
    }
}
