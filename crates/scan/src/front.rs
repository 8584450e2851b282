//! What the first bytes of every match can be, place by place. Text that holds keywords holds few
//! values: most are told by these bytes, for which no automaton has to be built.

use crate::set::Set;
use crate::steps::{Edge, Places, Steps};

/// Places that are told apart.
const PLACES: usize = 32;
/// Ways to go on that are followed at once.
const STATES: usize = 32;
/// A place where so many bytes may stand tells nothing.
const MANY: u32 = 200;

/// For each of the first bytes of a match, which it may be.
#[derive(Clone, Debug, Default)]
pub(crate) struct Front {
    places: usize,
    /// By byte: the places where it may stand, as bits.
    table: Option<Box<[u32; 256]>>,
    /// What is asked of the place itself.
    edge: Option<Edge>,
    /// The place that tells most, and what may stand there if that is little.
    probe: usize,
    bytes: Box<[u8]>,
}

impl Front {
    pub(crate) fn of(steps: &Steps) -> Self {
        let mut places: Vec<Set> = Vec::new();
        let mut known = 0;
        let mut followed = Places::of(steps);
        while places.len() < PLACES {
            let Some(set) = followed.next(STATES) else {
                break;
            };
            places.push(set);
            if set.count() < MANY {
                known = places.len();
            } else if places.len() > known + 8 {
                break;
            }
        }
        places.truncate(known);
        let set = |place: &usize| places.get(*place);
        let probe = (0..places.len()).min_by_key(|p| set(p).map_or(256, Set::count));
        let probe = probe.unwrap_or(0);
        let few = set(&probe).filter(|s| s.count() <= 3);
        let bytes = few.map(|s| s.bytes().collect());
        let mut table = Box::new([0; 256]);
        for (place, set) in places.iter().enumerate() {
            set.bytes()
                .for_each(|b| table[usize::from(b)] |= 1 << place);
        }
        Self {
            places: places.len(),
            table: (!places.is_empty()).then_some(table),
            edge: steps.edge(),
            probe,
            bytes: bytes.unwrap_or_default(),
        }
    }

    /// Whether it is worth looking for: two bytes in a row, or more, are told.
    pub(crate) fn tells(&self) -> bool {
        self.places > 1
    }

    /// The first place at or after `from` where a match may begin.
    pub(crate) fn next(&self, text: &[u8], from: usize) -> Option<usize> {
        let table = self.table.as_deref()?;
        let mut at = from.checked_add(self.probe)?;
        loop {
            let rest = text.get(at..)?;
            at += match *self.bytes {
                [a] => memchr::memchr(a, rest)?,
                [a, b] => memchr::memchr2(a, b, rest)?,
                [a, b, c] => memchr::memchr3(a, b, c, rest)?,
                _ => rest
                    .iter()
                    .position(|b| table[usize::from(*b)] >> self.probe & 1 == 1)?,
            };
            let begin = at - self.probe;
            if self.may_begin(text, begin) {
                return Some(begin);
            }
            at += 1;
        }
    }

    /// Whether a match may begin at `at`, by what stands there and before.
    pub(crate) fn may_begin(&self, text: &[u8], at: usize) -> bool {
        self.edge.as_ref().is_none_or(|edge| edge.met(text, at))
            && text.get(at..).is_some_and(|rest| self.met(rest))
    }

    /// Whether a match may begin where `text` does.
    fn met(&self, text: &[u8]) -> bool {
        let (Some(table), Some(text)) = (&self.table, text.get(..self.places)) else {
            return self.places == 0;
        };
        // Runs are cut off more often than they begin.
        let mut both = text.iter().enumerate().rev();
        both.all(|(place, b)| table[usize::from(*b)] >> place & 1 == 1)
    }

    /// Bytes it takes.
    pub(crate) fn memory(&self) -> usize {
        self.table.as_deref().map_or(0, size_of_val)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use crate::engine::{Caches, Engine};

    fn places(pattern: &str) -> usize {
        Engine::any(pattern).unwrap().front().places
    }

    #[test]
    fn first_bytes_are_told_from_the_pattern() {
        for (pattern, many) in [
            (r"\b(xyz_[a-z]{20})\b", 24),
            ("xyz[a-z]{60}", 32),
            ("(?i)xyz.{0,40}key", 3),
            ("ab?c", 2),
            ("a|bcd", 1),
            ("[^a]xyz", 4),
            ("(?s).*xyz", 0),
        ] {
            assert_eq!(places(pattern), many, "{pattern}");
        }
        let engine = Engine::any("x[0-9]{3}").unwrap();
        let front = engine.front();
        assert!(front.met(b"x123y"));
        for other in [&b"x12"[..], b"x12y", b"y123", b""] {
            assert!(!front.met(other));
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig {
            failure_persistence: None,
            ..ProptestConfig::with_cases(256)
        })]

        /// Whatever matches begins as it is told.
        #[test]
        fn nothing_that_matches_is_refused(
            pattern in r"([ab@]|[a-c]\{(2|13)\}|\(a\|@b\)|\^|(a|\.|[a-z]|\(ab@\))(\?|\*|\{2,3\})|\\b){1,6}",
            text in "([a-c]{1,30}|[0-9]{14}|[@. ]|[a-z]{12}){1,8}",
        ) {
            let engine = Engine::any(&pattern).unwrap();
            let mut caches = Caches::default();
            caches.prepare(1, 1);
            let text = text.as_bytes();
            for from in 0..=text.len() {
                if engine.at(0, text, (from, text.len()), &mut caches).found.is_some() {
                    let front = engine.front();
                    prop_assert!(front.may_begin(text, from), "{pattern} {from}");
                    prop_assert!(!front.tells() || front.next(text, from) == Some(from));
                }
            }
        }
    }
}
