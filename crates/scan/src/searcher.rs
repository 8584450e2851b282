//! All rules at once: their keywords in one prefilter, and what each leads to.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use crate::disguise::{self, Hint};
use crate::marker;
use crate::matcher::Matcher;
use crate::prefilter::Prefilter;

/// What a keyword leads to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Target {
    /// A rule, by number, and the length of the keyword; 0: longer than can be said.
    Rule(u32, u8),
    /// A rule whose values are read by hand, by number, and the length of the keyword.
    Named(u32, u8),
    /// A marker, by its place in [`marker::WORDS`].
    Marker(u8),
    /// The head of a section of a `.gitmodules` file.
    Submodule,
    /// A word without which one way to disguise text does not occur.
    Hint(Hint),
}

impl Target {
    /// The rule, if it is one.
    pub(crate) fn rule(self) -> Option<u32> {
        match self {
            Self::Rule(rule, _) | Self::Named(rule, _) => Some(rule),
            Self::Marker(_) | Self::Submodule | Self::Hint(_) => None,
        }
    }
}

/// Everything a pass needs and does not change.
#[derive(Debug)]
pub(crate) struct Searcher {
    pub(crate) matchers: Vec<Arc<Matcher>>,
    /// By rule: how far before the end of a keyword its pattern looks, and how far behind it.
    reaches: Vec<(u64, u64)>,
    /// Rules that look at every text.
    pub(crate) always: Vec<u32>,
    pub(crate) prefilter: Prefilter,
    /// What keywords lead to, one after the other, and where that of each begins: text of many
    /// keywords meets most of it, and nothing has to be followed to get there.
    targets: Box<[Target]>,
    begins: Box<[u32]>,
    /// No other searcher of this process has the same: automata that a worker keeps belong to one.
    pub(crate) instance: u64,
}

/// Where a keyword of a rule leads.
fn target(rule: u32, matcher: &Matcher, keyword: &[u8]) -> Target {
    if matcher.by_hand().is_some() {
        Target::Named(rule, u8::try_from(keyword.len()).unwrap_or(u8::MAX))
    } else {
        Target::Rule(rule, u8::try_from(keyword.len()).unwrap_or(0))
    }
}

static INSTANCES: AtomicU64 = AtomicU64::new(1);

impl Searcher {
    pub(crate) fn new(matchers: Vec<Arc<Matcher>>) -> Self {
        let mut numbers: HashMap<&[u8], usize> = HashMap::with_capacity(4 * matchers.len());
        let mut words: Vec<&[u8]> = Vec::new();
        let mut targets: Vec<Vec<Target>> = Vec::new();
        let mut add = |word, target| {
            let number = *numbers.entry(word).or_insert_with(|| {
                words.push(word);
                targets.push(Vec::new());
                words.len() - 1
            });
            targets[number].push(target);
        };
        for (rule, matcher) in (0u32..).zip(&matchers) {
            for keyword in matcher.keywords() {
                add(keyword.as_ref(), target(rule, matcher, keyword));
            }
        }
        for (number, word) in (0u8..).zip(marker::WORDS) {
            add(word.text.as_bytes(), Target::Marker(number));
        }
        add(b"[submodule", Target::Submodule);
        for (word, hint) in disguise::WORDS {
            add(word, Target::Hint(hint));
        }
        let instance = INSTANCES.fetch_add(1, Ordering::Relaxed);
        let always = (0u32..).zip(&matchers).filter(|(_, m)| m.is_always());
        let always = always.map(|(rule, _)| rule).collect();
        let prefilter = Prefilter::new(&words);
        let begins = targets.iter().scan(0u32, |begin, of| {
            let own = *begin;
            *begin += u32::try_from(of.len()).unwrap_or(u32::MAX);
            Some(own)
        });
        let reach = |matcher: &Arc<Matcher>| {
            let longest = matcher.keywords().iter().map(|k| k.len()).max();
            let ahead = matcher.window();
            (ahead.saturating_add(longest.unwrap_or(0) as u64), ahead)
        };
        Self {
            reaches: matchers.iter().map(reach).collect(),
            always,
            prefilter,
            matchers,
            begins: begins.collect(),
            targets: targets.into_iter().flatten().collect(),
            instance,
        }
    }

    /// What a keyword leads to.
    pub(crate) fn targets(&self, keyword: u32) -> &[Target] {
        let keyword = keyword as usize;
        let Some(&begin) = self.begins.get(keyword) else {
            return &[];
        };
        let end = self.begins.get(keyword + 1);
        let end = end.map_or(self.targets.len(), |end| *end as usize);
        self.targets.get(begin as usize..end).unwrap_or_default()
    }

    /// How far before the end of a keyword the pattern of `rule` looks, and how far behind it.
    pub(crate) fn reach(&self, rule: u32) -> (u64, u64) {
        self.reaches.get(rule as usize).copied().unwrap_or_default()
    }
}
