//! Every byte is looked at, whatever the text is made of: where grams are too dense, and where
//! keywords are too short for them.

use std::ops::Range;

use aho_corasick::{AhoCorasick, AhoCorasickKind, MatchKind};

use super::keywords::Keywords;
use super::table::{Table, Trie};
use super::{Hits, hit};

/// An automaton over keywords.
#[derive(Debug)]
pub(super) enum Automaton {
    Table(Box<Table>),
    /// The reference; also for more states than 15 bits can number.
    Reference(Box<AhoCorasick>),
}

impl Automaton {
    pub(super) fn new(keywords: &Keywords) -> Self {
        match Table::new(keywords) {
            Some(table) => Self::Table(Box::new(table)),
            None => Self::reference(keywords),
        }
    }

    pub(super) fn reference(keywords: &Keywords) -> Self {
        let build = |kind| {
            AhoCorasick::builder()
                .ascii_case_insensitive(true)
                .match_kind(MatchKind::Standard)
                .kind(kind)
                .build(keywords.iter().map(|(_, keyword)| keyword))
        };
        let made = build(Some(AhoCorasickKind::DFA)).or_else(|_| build(None));
        match made {
            Ok(ac) => Self::Reference(Box::new(ac)),
            // Fails only beyond 2^31 states, which packs cannot reach; an empty set hits nothing.
            Err(_) => Self::Table(Box::new(Trie::new(&[], &[0; 256]).table(&[0; 256], 1))),
        }
    }

    /// Adds the keywords, at most `longest` bytes long, that end inside `range`; hits count from
    /// `start`.
    pub(super) fn find(
        &self,
        longest: usize,
        text: &[u8],
        range: Range<usize>,
        start: usize,
        hits: &mut Hits,
    ) {
        match self {
            Self::Table(table) => table.find(longest, text, range, start, hits),
            Self::Reference(ac) => {
                let from = range.start.saturating_sub(longest.saturating_sub(1));
                let Some(part) = text.get(from..range.end) else {
                    return;
                };
                let before = range.start - from;
                let lane = &mut hits.lanes[0];
                for m in ac.find_overlapping_iter(part).filter(|m| m.end() > before) {
                    lane.push(hit(from + m.end(), start, m.pattern().as_u32()));
                }
            }
        }
    }
}
