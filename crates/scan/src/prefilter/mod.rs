//! One pass over the bytes for every keyword at once, ASCII case aside.
//!
//! Every keyword is known by four bytes of it that text seldom has ([`grams`]); where they stand
//! the keyword is compared. Where text has too many of them, as hostile text may, an automaton
//! ([`table`]) goes on, whose cost does not depend on the text.

use std::ops::Range;
use std::sync::OnceLock;

use crate::prefilter::automaton::Automaton;
use crate::prefilter::grams::Grams;
use crate::prefilter::keywords::Keywords;
use crate::prefilter::look::Look;

mod automaton;
mod choice;
mod grams;
mod keywords;
mod look;
mod table;

/// Whether the search takes every byte of a keyword for a blank: it would stop wherever a line is
/// set in, whatever stands there.
pub(crate) fn is_blank(keyword: &[u8]) -> bool {
    let blank = look::KINDS[usize::from(b' ')];
    keyword
        .iter()
        .all(|b| look::KINDS[usize::from(*b)] == blank)
}

/// A keyword that ends at a place.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Hit {
    /// Where the keyword ends, counted from the start of the range searched.
    pub end: u32,
    /// Which keyword, as numbered when the prefilter was made.
    pub keyword: u32,
}

/// Where hits are collected: one list per part of the text, each in order, and the parts in order.
#[derive(Debug, Default)]
pub struct Hits {
    lanes: [Vec<Hit>; LANES],
    /// Room for one search.
    marked: Option<Box<grams::Marked>>,
}

impl Hits {
    /// All hits, by where they end; of those that end together, the longest keyword first.
    pub fn iter(&self) -> impl Iterator<Item = Hit> + '_ {
        self.lanes.iter().flatten().copied()
    }

    /// Takes a list in order for all that was hit, and leaves another in its place.
    pub(crate) fn become_these(&mut self, hits: &mut Vec<Hit>) {
        self.clear();
        std::mem::swap(&mut self.lanes[0], hits);
    }

    fn clear(&mut self) {
        self.lanes.iter_mut().for_each(Vec::clear);
    }

    /// How many there are.
    pub(crate) fn len(&self) -> usize {
        self.lanes.iter().map(Vec::len).sum()
    }

    /// Whether nothing was hit.
    pub fn is_empty(&self) -> bool {
        self.lanes.iter().all(Vec::is_empty)
    }
}

const LANES: usize = 4;
/// Most bytes searched in one call; positions in hits are 32 bits.
pub const RANGE_MOST: usize = 1 << 20;

/// Finds keywords.
#[derive(Debug)]
pub struct Prefilter {
    keywords: Keywords,
    grams: Option<Grams>,
    /// Made when text first asks for it.
    automaton: OnceLock<Automaton>,
}

impl Prefilter {
    /// A prefilter for keywords; their numbers are their places in the list. Empty ones never hit.
    pub fn new<K: AsRef<[u8]>>(keywords: &[K]) -> Self {
        Self::looking(keywords, Look::best())
    }

    fn looking<K: AsRef<[u8]>>(keywords: &[K], look: Look) -> Self {
        let keywords = Keywords::new(keywords);
        Self {
            grams: Grams::new(&keywords, look),
            keywords,
            automaton: OnceLock::new(),
        }
    }

    /// The same keywords on the reference automaton, for tests and as the floor of benchmarks.
    pub fn reference<K: AsRef<[u8]>>(keywords: &[K]) -> Self {
        Self::walking(keywords, Automaton::reference)
    }

    fn walking<K: AsRef<[u8]>>(keywords: &[K], made: fn(&Keywords) -> Automaton) -> Self {
        let keywords = Keywords::new(keywords);
        Self {
            grams: None,
            automaton: made(&keywords).into(),
            keywords,
        }
    }

    /// Every way this machine has to find the same keywords, by name: for tests and benchmarks.
    pub fn ways<K: AsRef<[u8]>>(keywords: &[K]) -> Vec<(&'static str, Self)> {
        let mut ways: Vec<_> = Look::all()
            .into_iter()
            .map(|look| (look.name(), Self::looking(keywords, look)))
            .collect();
        ways.push(("automaton", Self::walking(keywords, Automaton::new)));
        ways.push(("reference", Self::reference(keywords)));
        ways
    }

    /// Bytes of the longest keyword.
    pub(crate) fn longest(&self) -> usize {
        self.keywords.longest
    }

    /// Finds the keywords that end inside `range` of `text`, which may begin before it. At most
    /// [`RANGE_MOST`] bytes of the range are searched.
    pub fn find(&self, text: &[u8], range: Range<usize>, hits: &mut Hits) {
        hits.clear();
        let end = range
            .end
            .min(text.len())
            .min(range.start.saturating_add(RANGE_MOST));
        let range = range.start.min(end)..end;
        let known = match &self.grams {
            Some(grams) => {
                let marked = hits.marked.get_or_insert_with(|| Box::new(grams::NONE));
                let [lane, ..] = &mut hits.lanes;
                grams.find(&self.keywords, text, range.clone(), (lane, marked))
            }
            None => range.start,
        };
        if known < range.end {
            let automaton = || Automaton::new(&self.keywords);
            let automaton = self.automaton.get_or_init(automaton);
            let rest = known..range.end;
            automaton.find(self.keywords.longest, text, rest, range.start, hits);
        }
    }
}

/// `end` and `start` are places in a text, `start` that of the range searched.
fn hit(end: usize, start: usize, keyword: u32) -> Hit {
    Hit {
        end: u32::try_from(end - start).unwrap_or(u32::MAX),
        keyword,
    }
}
