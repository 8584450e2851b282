//! A text that is mostly an earlier one: its beginning and its end were searched a moment ago, and
//! nothing came of them.
//!
//! ```text
//! earlier   |------ beginning ------|  gone   |------- end -------|
//! this one  |------ beginning ------|   new   new |------- end -------|
//!            keywords as known       searched     keywords as known
//! ```
//!
//! Whether a keyword stands somewhere, its own bytes tell; what comes of it, a stretch around it
//! that is bounded. So keywords are taken over from what is the same, and nothing is done about
//! those whose stretch is the same as well, with all that it could be joined to. That holds of
//! texts of which nothing came: where anything does, the text is searched as a whole.

use crate::effort::Account;
use crate::prefilter::Hit;
use crate::searcher::Target;

use super::{Pass, STEP, State, Text};

/// What was searched before, and how much of it a text is.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Like<'p> {
    /// Every keyword of the earlier text, in order.
    pub(crate) hits: &'p [Hit],
    /// How long it was,
    pub(crate) length: usize,
    /// and what searching it cost at most.
    pub(crate) account: Account,
    /// Bytes at the beginning of both that are the same.
    pub(crate) prefix: usize,
    /// The same at the end; not shared with those.
    pub(crate) suffix: usize,
}

/// Room for one search.
#[derive(Debug, Default)]
pub(super) struct Again {
    hits: Vec<Hit>,
    /// By rule: where its windows begin that what is new may reach; and where they end.
    edges: Vec<Edge>,
    touched: Vec<u32>,
}

#[derive(Clone, Copy, Debug, Default)]
struct Edge {
    known: bool,
    low: u64,
    high: u64,
}

impl Again {
    /// The edge of `rule`, whose windows reach as far as is said, between `new` bytes.
    fn edge(&mut self, rule: u32, (back, ahead): (u64, u64), new: (u64, u64)) -> Option<&mut Edge> {
        let edge = self.edges.get_mut(rule as usize)?;
        if !edge.known {
            self.touched.push(rule);
            // As if a keyword ended at either side of what is new.
            *edge = Edge {
                known: true,
                low: new.0.saturating_sub(back),
                high: new.1.saturating_add(ahead),
            };
        }
        Some(edge)
    }
}

impl State {
    /// Every keyword of the text that was searched last, in order; texts of more than one step
    /// have none.
    pub(crate) fn keywords_of(&self, text: &[u8]) -> Option<impl Iterator<Item = Hit> + '_> {
        (text.len() <= STEP).then(|| self.hits.iter())
    }

    /// What a search cost of which nothing came and which left nothing open; `None`: something
    /// did, or it cost too much to be told of without being done.
    pub(crate) fn settled(&self) -> Option<Account> {
        let nothing = self.found.is_empty()
            && self.near.is_empty()
            && self.heard.is_empty()
            && self.matches == 0
            && self.document == 0
            && !(self.truncated || self.incomplete || self.crowded);
        self.caches.effort.account().filter(|_| nothing)
    }

    /// Whether a text that was searched [`Pass::again`] is judged as if it had been as a whole,
    /// with all that was done since.
    pub(crate) fn holds(&self) -> bool {
        self.caches.effort.account().is_some()
    }
}

impl Pass<'_> {
    /// Searches a whole text that is mostly an earlier one. What it costs is at least what a
    /// search of the whole costs. `None`: something came of it, and it has to be searched as a
    /// whole.
    pub(crate) fn again(
        &self,
        text: Text<'_>,
        like: &Like<'_>,
        state: &mut State,
    ) -> Option<Account> {
        state.same.forget();
        let mut again = std::mem::take(&mut state.again);
        again
            .edges
            .resize(self.searcher.matchers.len(), Edge::default());
        state.caches.effort.assume(&like.account);
        self.parts(text, like, &mut again, state);
        for rule in again.touched.drain(..) {
            if let Some(edge) = again.edges.get_mut(rule as usize) {
                *edge = Edge::default();
            }
        }
        state.hits.become_these(&mut again.hits);
        state.again = again;
        self.close(text, state);
        state.settled()
    }

    fn parts(&self, text: Text<'_>, like: &Like<'_>, again: &mut Again, state: &mut State) {
        let length = text.bytes.len();
        let ends = length.saturating_sub(like.suffix);
        // Keywords that end here or before may begin in what is new.
        let until = length.min(ends + self.searcher.prefilter.longest());
        let first = like.hits.partition_point(|h| h.end as usize <= like.prefix);
        let moved = |h: &Hit| (h.end as usize + length).saturating_sub(like.length);
        let last = like.hits.partition_point(|h| moved(h) <= until);
        let prefilter = &self.searcher.prefilter;
        prefilter.find(text.bytes, like.prefix..until, &mut state.hits);
        let at = |end: usize, hit: &Hit| Hit {
            end: u32::try_from(end).unwrap_or(u32::MAX),
            ..*hit
        };
        again.hits.clear();
        again.hits.extend(like.hits.iter().take(first));
        let new = state.hits.iter();
        again
            .hits
            .extend(new.map(|h| at(like.prefix + h.end as usize, &h)));
        again
            .hits
            .extend(like.hits.iter().skip(last).map(|h| at(moved(h), h)));
        let new = (like.prefix as u64, until as u64);
        self.low_edges(first, new, again);
        for &rule in &self.searcher.always {
            self.widen((rule, 0), 0, text, state);
        }
        for i in 0..again.hits.len() {
            let Some(&hit) = again.hits.get(i) else { break };
            if state.truncated {
                break;
            }
            let end = u64::from(hit.end);
            let targets = self.searcher.targets.get(hit.keyword as usize);
            for target in targets.into_iter().flatten() {
                match *target {
                    Target::Rule(rule, length) => {
                        let reach @ (back, ahead) = self.searcher.reach(rule);
                        let Some(edge) = again.edge(rule, reach, new) else {
                            continue;
                        };
                        let done = if end <= new.0 {
                            end < edge.low
                        } else if end <= new.1 || end.saturating_sub(back) <= edge.high {
                            edge.high = edge.high.max(end.saturating_add(ahead));
                            false
                        } else {
                            true
                        };
                        if !done {
                            self.widen((rule, length), end, text, state);
                        }
                    }
                    Target::Named(rule, length) => {
                        let matcher = self.searcher.matchers.get(rule as usize);
                        let reach = matcher.and_then(|m| m.read_around());
                        let done = reach.is_some_and(|(behind, ahead)| {
                            end + ahead <= new.0 || end >= ends as u64 + behind
                        });
                        if !done {
                            self.name((rule, length, end), text, state);
                        }
                    }
                    Target::Marker(word) if self.markers => self.listen(word, end, text, state),
                    Target::Marker(_) => {}
                    Target::Submodule => state.submodules = true,
                    Target::Hint(hint) => state.hints.hear(hint),
                }
            }
        }
    }

    /// Finds where, in the beginning that is known, windows begin that what is new may reach: the
    /// keywords before them are done with.
    fn low_edges(&self, first: usize, new: (u64, u64), again: &mut Again) {
        for i in (0..first).rev() {
            let Some(&hit) = again.hits.get(i) else {
                continue;
            };
            let end = u64::from(hit.end);
            let targets = self.searcher.targets.get(hit.keyword as usize);
            for target in targets.into_iter().flatten() {
                if let Target::Rule(rule, _) = *target {
                    let reach @ (back, ahead) = self.searcher.reach(rule);
                    if let Some(edge) = again.edge(rule, reach, new)
                        && end.saturating_add(ahead) >= edge.low
                    {
                        edge.low = edge.low.min(end.saturating_sub(back));
                    }
                }
            }
        }
    }
}
