//! Where a match of a pattern can begin, told from the pattern: a few bytes before one of its
//! keywords, or where one of few texts stands that every match begins with. There alone it is
//! looked for and not in all that stands around a keyword: text that holds the keywords of every
//! rule costs each rule a few bytes a keyword, not a window.

use std::collections::BTreeSet;
use std::ops::RangeInclusive;

use regex_syntax::hir::{Class, Hir, HirKind};

use crate::fields::{Reader, Writer};

/// Farthest before a keyword that a match may begin.
const FARTHEST: usize = 64;
/// Most places before one keyword.
const PLACES: u32 = 4;
/// Most beginnings of a pattern that are followed at once.
const PATHS: usize = 128;
/// A byte that may be one of several.
const ANY: u8 = 0xff;
/// Most heads that are looked for at once.
const HEADS: usize = 32;
/// Most bytes of a class that are told apart.
const FEW: usize = 4;

/// The distances, as a set of bits, from the beginning of a match to a keyword in it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Lead(u64);

impl Lead {
    /// `None`: some match holds none of `keywords`, or too far from its beginning.
    pub(crate) fn of<K: AsRef<[u8]>>(hir: &Hir, keywords: &[K]) -> Option<Self> {
        let mut lead = 0u64;
        // Where the keyword stands with which a text ends.
        let done = |text: &[u8]| {
            let places = keywords.iter().filter_map(|k| {
                let k = k.as_ref();
                let at = text.len().checked_sub(k.len())?;
                let ends = text.get(at..)?.eq_ignore_ascii_case(k);
                (ends && !k.is_empty() && at < FARTHEST).then_some(at)
            });
            let place = places.min();
            place.inspect(|at| lead |= 1 << at).is_some()
        };
        let open = Walk(done).through(hir, vec![Vec::new()])?;
        (open.is_empty() && lead.count_ones() <= PLACES).then_some(Self(lead))
    }

    #[allow(dead_code, reason = "the build script does")]
    pub(crate) fn write(&self, out: &mut Writer) {
        out.small(self.0 as u32 as usize);
        out.small((self.0 >> 32) as usize);
    }

    /// What [`Lead::write`] wrote.
    pub(crate) fn read(from: &mut Reader<'_>) -> Option<Self> {
        let low = u64::try_from(from.small()?).ok()?;
        let high = u64::try_from(from.small()?).ok()?;
        Some(Self(low | high << 32))
    }

    /// How far before a keyword a match may begin, the farthest first.
    pub(crate) fn distances(self) -> impl Iterator<Item = u64> {
        (0..FARTHEST as u64)
            .rev()
            .filter(move |n| self.0 >> n & 1 == 1)
    }
}

/// Fewest and most bytes of a head.
const HEAD: RangeInclusive<usize> = LEAST..=5;
const LEAST: usize = 3;

/// Bytes, lower case, that stand at a distance from the beginning of a match.
type Head = (u8, Box<[u8]>);

/// Kinds of bytes, by their last bits: letters that differ in case alone are of one.
const KINDS: usize = 32;

fn kind(b: u8) -> usize {
    usize::from(b) % KINDS
}

/// By place and kind: which heads have one there, as bits.
type Kinds = [[u32; KINDS]; LEAST];

/// What every match begins with: one of some texts, case aside.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Heads {
    heads: Box<[Head]>,
    /// Which byte of each head is looked for, and what it may be, in both cases.
    probe: usize,
    bytes: Box<[u8]>,
    /// The same where they are many: by the last bits of each of the first bytes of a head, which
    /// heads have them.
    table: Option<Box<Kinds>>,
    nearest: usize,
    farthest: usize,
}

impl Heads {
    /// `None`: matches begin in too many ways.
    pub(crate) fn of(hir: &Hir) -> Option<Self> {
        // The longer, the seldomer found in vain; the shorter, the fewer.
        HEAD.rev().find_map(|most| Self::up_to(most, hir))
    }

    fn up_to(most: usize, hir: &Hir) -> Option<Self> {
        let mut heads: Vec<Head> = Vec::new();
        // The known bytes before the last `skip` of a text, if they are a head.
        let mut known = |text: &[u8], skip: usize, least: usize| {
            let text = text.get(..text.len() - skip).unwrap_or_default();
            let run = text.iter().rev().take_while(|b| **b != ANY).count();
            let at = text.len() - run;
            if run < least || at >= FARTHEST {
                return false;
            }
            let head = text.get(at..).unwrap_or_default().into();
            let head = (u8::try_from(at).unwrap_or(u8::MAX), head);
            if !heads.contains(&head) {
                heads.push(head);
            }
            true
        };
        let open = Walk(|text: &[u8]| match text.last() {
            Some(&ANY) => known(text, 1, *HEAD.start()),
            _ => known(text, 0, most),
        })
        .through(hir, vec![Vec::new()])?;
        if !open.iter().all(|text| known(text, 0, *HEAD.start())) {
            return None;
        }
        let distances = || heads.iter().map(|t| t.0);
        // Else the places would not come in order.
        if heads.len() > HEADS || distances().max()? - distances().min()? > 1 {
            return None;
        }
        let common = |b: u8| {
            COMMON
                .iter()
                .rev()
                .position(|c| *c == b)
                .map_or(0, |n| n + 1)
        };
        let cost = |probe: &usize| {
            let bytes = heads.iter().filter_map(|h| h.1.get(*probe));
            let bytes: BTreeSet<u8> = bytes.copied().collect();
            bytes.into_iter().map(common).sum::<usize>()
        };
        let probe = (0..*HEAD.start()).min_by_key(cost)?;
        Self::probed(heads, probe)
    }

    /// These, of which one byte is looked for.
    fn probed(heads: Vec<Head>, probe: usize) -> Option<Self> {
        let nearest = usize::from(heads.iter().map(|t| t.0).min()?);
        let farthest = usize::from(heads.iter().map(|t| t.0).max()?);
        let bytes: BTreeSet<u8> = heads
            .iter()
            .filter_map(|h| h.1.get(probe))
            .flat_map(|b| [b.to_ascii_lowercase(), b.to_ascii_uppercase()])
            .collect();
        let table = (bytes.len() > 3).then(|| {
            let mut table = Box::new([[0; KINDS]; LEAST]);
            for (number, (_, text)) in heads.iter().enumerate() {
                for (place, b) in table.iter_mut().zip(text) {
                    place[kind(*b)] |= 1 << number;
                }
            }
            table
        });
        Some(Self {
            heads: heads.into(),
            probe,
            bytes: bytes.into_iter().collect(),
            table,
            nearest,
            farthest,
        })
    }

    #[allow(dead_code, reason = "the build script does")]
    pub(crate) fn write(&self, out: &mut Writer) {
        out.small(self.probe);
        out.small(self.heads.len());
        for (distance, text) in &self.heads {
            out.byte(*distance);
            out.small(text.len());
            text.iter().for_each(|b| out.byte(*b));
        }
    }

    /// What [`Heads::write`] wrote.
    pub(crate) fn read(from: &mut Reader<'_>) -> Option<Self> {
        let probe = from.small()?;
        let mut heads = Vec::new();
        for _ in 0..from.small()? {
            let distance = from.byte()?;
            let length = from.small()?;
            heads.push((distance, from.take(length)?.into()));
        }
        Self::probed(heads, probe)
    }

    /// The first place at or after `from` where a match may begin.
    pub(crate) fn next(&self, text: &[u8], from: usize) -> Option<usize> {
        let mut at = from.checked_add(self.nearest + self.probe)?;
        if let Some(table) = self.table.as_deref() {
            return self.next_of_many(table, text, from);
        }
        loop {
            let rest = text.get(at..)?;
            at += match *self.bytes {
                [a] => memchr::memchr(a, rest)?,
                [a, b] => memchr::memchr2(a, b, rest)?,
                [a, b, c] => memchr::memchr3(a, b, c, rest)?,
                _ => return None,
            };
            if let Some(begin) = self.begins(text, at - self.probe, from) {
                return Some(begin);
            }
            at += 1;
        }
    }

    fn next_of_many(&self, table: &Kinds, text: &[u8], from: usize) -> Option<usize> {
        let [first, second, third] = table;
        let mut at = from.checked_add(self.nearest)?;
        loop {
            let rest = text.get(at..)?;
            let mut pairs = rest.iter().zip(rest.get(1..)?).zip(rest.get(2..)?);
            at += pairs.position(|((a, b), c)| {
                first[kind(*a)] & second[kind(*b)] & third[kind(*c)] != 0
            })?;
            if let Some(begin) = self.begins(text, at, from) {
                return Some(begin);
            }
            at += 1;
        }
    }

    /// Where a match may begin, at or after `from`, if a head stands at `at`.
    fn begins(&self, text: &[u8], at: usize, from: usize) -> Option<usize> {
        let head = text.get(at..)?;
        let three = head.first_chunk::<LEAST>()?;
        let three = three.map(|b| b.to_ascii_lowercase());
        let begins = |distance: usize| {
            let begin = at.checked_sub(distance)?;
            let is = |h: &Head| {
                let (first, rest) = h.1.split_first_chunk()?;
                let same = usize::from(h.0) == distance && three == *first;
                let text = head.get(first.len()..h.1.len()).filter(|_| same)?;
                text.eq_ignore_ascii_case(rest).then_some(())
            };
            let found = begin >= from && self.heads.iter().any(|h| is(h).is_some());
            found.then_some(begin)
        };
        begins(self.farthest).or_else(|| begins(self.nearest))
    }
}

/// Bytes that text has most of, the commonest first.
const COMMON: &[u8] = b"etaoinsrlcdupmhgf_bvykwx-\"'()/$.";

/// Follows the ways a match can begin, until each is told to be done.
struct Walk<F>(F);

/// Beginnings of matches, lower case, that are not done.
type Open = Vec<Vec<u8>>;

impl<F: FnMut(&[u8]) -> bool> Walk<F> {
    /// What is still open after `hir`; `None`: too much to follow.
    fn through(&mut self, hir: &Hir, open: Open) -> Option<Open> {
        if open.is_empty() {
            return Some(open);
        }
        match hir.kind() {
            HirKind::Empty | HirKind::Look(_) => Some(open),
            HirKind::Literal(literal) => literal
                .0
                .iter()
                .try_fold(open, |open, b| self.byte(open, &[b.to_ascii_lowercase()])),
            HirKind::Class(class) => match few(class)? {
                bytes if bytes.len() > FEW => self.byte(open, &[ANY]),
                bytes => self.byte(open, &bytes),
            },
            HirKind::Capture(capture) => self.through(&capture.sub, open),
            HirKind::Concat(parts) => parts
                .iter()
                .try_fold(open, |open, part| self.through(part, open)),
            HirKind::Alternation(parts) => {
                let mut all = Open::new();
                for part in parts {
                    let more = self.through(part, open.clone())?;
                    join(&mut all, more)?;
                }
                Some(all)
            }
            HirKind::Repetition(repetition) => {
                let mut now = open;
                for _ in 0..repetition.min {
                    now = self.through(&repetition.sub, now)?;
                    if now.is_empty() {
                        return Some(now);
                    }
                }
                let mut all = now.clone();
                let mut times = repetition.min;
                while repetition.max.is_none_or(|max| times < max) {
                    now = self.through(&repetition.sub, now)?;
                    if now.is_empty() {
                        break;
                    }
                    // What follows would stand at more places than are told apart.
                    let more = repetition.max.map_or(u32::MAX, |max| max - times);
                    if more > PLACES {
                        return None;
                    }
                    join(&mut all, now.clone())?;
                    times += 1;
                }
                Some(all)
            }
        }
    }

    fn byte(&mut self, open: Open, bytes: &[u8]) -> Option<Open> {
        let mut all = Open::new();
        for text in open {
            for &b in bytes {
                let mut longer = text.clone();
                longer.push(b);
                if (self.0)(&longer) {
                    continue;
                }
                // A keyword at the farthest place may still end.
                if longer.len() > 2 * FARTHEST {
                    return None;
                }
                join(&mut all, vec![longer])?;
            }
        }
        Some(all)
    }
}

/// The bytes of a class, lower case; only so many that it can be told that they are not few.
fn few(class: &Class) -> Option<Vec<u8>> {
    let mut bytes: Vec<u8> = Vec::with_capacity(FEW + 1);
    let mut add = |from: u8, to: u8| {
        for b in (from..=to).map(|b| b.to_ascii_lowercase()) {
            if bytes.len() > FEW {
                break;
            }
            if !bytes.contains(&b) {
                bytes.push(b);
            }
        }
    };
    match class {
        Class::Bytes(class) => {
            let ranges = class.ranges().iter();
            ranges.for_each(|r| add(r.start(), r.end()));
        }
        // Of single letters side by side; other characters are several bytes.
        Class::Unicode(class) if class.is_ascii() => {
            let ranges = class.ranges().iter();
            ranges.for_each(|r| add(r.start() as u8, r.end() as u8));
        }
        Class::Unicode(_) => return None,
    }
    Some(bytes)
}

fn join(all: &mut Open, more: Open) -> Option<()> {
    for text in more {
        if !all.contains(&text) {
            all.push(text);
        }
    }
    (all.len() <= PATHS).then_some(())
}

#[cfg(test)]
mod tests {
    use super::{Heads, Lead};
    use proptest::prelude::*;

    fn hir(pattern: &str) -> regex_syntax::hir::Hir {
        let mut parser = regex_syntax::ParserBuilder::new();
        let mut parser = parser.unicode(false).utf8(false).build();
        parser.parse(pattern).unwrap()
    }

    fn lead(pattern: &str, keywords: &[&str]) -> Option<Vec<u64>> {
        let lead = Lead::of(&hir(pattern), keywords)?;
        Some(lead.distances().collect())
    }

    #[test]
    fn places_are_told_from_the_pattern() {
        for (pattern, keywords, want) in [
            (r"\b(xyz_[a-z]{20})\b", vec!["xyz_"], Some(vec![0])),
            (
                r"(?i:xy[_-]?z[a-z]{0,40}?key)",
                vec!["xyz", "xy_z", "xy-z"],
                Some(vec![0]),
            ),
            (r"(?:^|[^a-z])(xyz[a-z]+)", vec!["xyz"], Some(vec![1, 0])),
            (r"[A-Za-z0-9]{33}XyZ", vec!["xyz"], Some(vec![33])),
            (r"(?:abc|xyz)_", vec!["abc", "xyz"], Some(vec![0])),
            (r"(?:abc|xyz)_", vec!["abc"], None),
            (r"[a-z]+xyz", vec!["xyz"], None),
            (r"[a-z]{0,9}xyz", vec!["xyz"], None),
            (r"\s*xyz", vec!["xyz"], None),
            (r"[a-z]{20}", vec!["xyz"], None),
            (r"(?:x|y|z)?xyz", vec!["xyz"], Some(vec![1, 0])),
            (r"x?xyz", vec!["xyz"], Some(vec![1, 0])),
            (r"[0-9]{70}xyz", vec!["xyz"], None),
        ] {
            assert_eq!(lead(pattern, &keywords), want, "{pattern}");
        }
    }

    #[test]
    fn heads_are_found_in_order() {
        let heads = Heads::of(&hir(r"(?:^|[^a-z])(xyz|(?i:abc))[0-9]*")).unwrap();
        let text = b"xyz aBc xyzaxyz";
        let mut found = Vec::new();
        let mut from = 0;
        while let Some(at) = heads.next(text, from) {
            found.push(at);
            from = at + 1;
        }
        assert_eq!(found, [0, 3, 4, 7, 8, 11, 12]);
        for few in ["[a-z]+", "ab", "(?:ab)?", ".{3}", "a?b?c?"] {
            assert_eq!(Heads::of(&hir(few)), None, "{few}");
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig {
            failure_persistence: None,
            ..ProptestConfig::with_cases(256)
        })]

        /// Every match begins where the lead says.
        #[test]
        fn matches_begin_at_the_places_told(
            pattern in r"([abk]|[a-c]\{(1|2)\}|key|\(a\|bkey\)|(a|[b-d]|\(ke\))(\?|\{1,2\})|\\b){1,6}key?[a-d]*",
            text in "([abcd]{1,4}|key|KEY|[ .]|ke){1,12}",
        ) {
            let keywords = ["key", "ake"];
            let regex = regex_automata::meta::Regex::builder().build_from_hir(&hir(&pattern)).unwrap();
            let heads = Heads::of(&hir(&pattern));
            for m in regex.find_iter(text.as_bytes()) {
                for from in heads.as_ref().into_iter().flat_map(|_| 0..=m.start()) {
                    let next = heads.as_ref().and_then(|h| h.next(text.as_bytes(), from));
                    prop_assert!(next.is_some_and(|n| from <= n && n <= m.start()), "{pattern} {text}");
                }
                let Some(lead) = Lead::of(&hir(&pattern), &keywords) else { continue };
                let begins = lead.distances().any(|n| {
                    let at = m.start() + usize::try_from(n).unwrap();
                    let rest = text.as_bytes().get(at..).unwrap_or_default();
                    keywords.iter().any(|k| rest.len() >= k.len() && rest[..k.len()].eq_ignore_ascii_case(k.as_bytes()))
                });
                prop_assert!(begins, "{pattern} {text} {m:?}");
            }
        }
    }
}
