//! A text that is mostly an earlier one: stretches of it were searched a moment ago, and of most
//! of them nothing came.
//!
//! ```text
//! earlier   |---- one ----| gone |---- another ----| gone |---- end ----|
//! this one  |---- one ----|new|---- another ----|   new   |---- end ----|
//!         keywords as known  searched    as known    searched   as known
//! ```
//!
//! Whether a keyword stands somewhere, its own bytes tell; what comes of it, a stretch around it
//! that is bounded. So keywords are taken over from what is the same, and nothing is done about
//! those of which nothing came and whose stretch is the same as well, with all that it could be
//! joined to. Where anything came of one, it is searched again.

use crate::alike::Stretch;
use crate::disguise::{Earlier, Veils};
use crate::effort::Account;
use crate::prefilter::{Hit, Hits};
use crate::searcher::Target;

use super::hot::{Warm, touches};
use super::{Pass, STEP, State, Text};

/// What was searched before, and how much of it a text is.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Like<'p> {
    /// Every keyword of the earlier text, in order.
    pub(crate) hits: &'p [Hit],
    /// How long it was,
    pub(crate) length: usize,
    /// what searching it cost at most,
    pub(crate) account: Account,
    /// and where something came of it.
    pub(crate) warm: &'p [Warm],
    /// What is the same.
    pub(crate) stretches: &'p [Stretch],
    /// What came of looking behind its disguises, if nothing did.
    pub(crate) veils: Option<&'p Veils>,
}

impl Like<'_> {
    /// What is known of disguises.
    pub(crate) fn earlier(&self) -> Option<Earlier<'_>> {
        Some(Earlier {
            veils: self.veils?,
            length: self.length,
            stretches: self.stretches,
        })
    }
}

/// What is known of a text that was searched to its end.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Told {
    /// What its search cost at most.
    pub(crate) account: Account,
    pub(crate) veils: Option<Veils>,
}

/// Keywords of a text of several steps that are remembered: as many as of one step, however long
/// it is.
pub(crate) const KEYWORDS: usize = STEP / 16;
/// Keywords of a text that is mostly an earlier one; with more it is searched step by step.
const MOST: usize = 4 * KEYWORDS;

/// Room for one search.
#[derive(Debug, Default)]
pub(super) struct Again {
    hits: Vec<Hit>,
    /// Whether they are all of the text that was searched last, if it has more than one step.
    whole: bool,
    parts: Vec<Part>,
    /// By rule: where the windows begin, and where they end, that are searched.
    edges: Vec<Edge>,
    touched: Vec<u32>,
    /// Of each keyword of a pattern, the last first, whether its window is searched because of
    /// what stands there or behind it.
    near: Vec<bool>,
}

#[derive(Clone, Copy, Debug, Default)]
struct Edge {
    low: Option<u64>,
    high: Option<u64>,
}

/// A part of a text whose keywords are known, or one that was searched.
#[derive(Clone, Copy, Debug)]
struct Part {
    /// Its keywords end before this one.
    hits: usize,
    /// Where what is the same begins and ends, if it is; nothing stands before the text and behind
    /// it.
    same: Option<(Option<u64>, Option<u64>)>,
    /// Where it stood, less where it stands.
    moved: i64,
}

impl Part {
    /// Whether from `low` to `high` the text is the same, and so is as much as `before` and
    /// `behind` it.
    fn holds(&self, (low, high): (u64, u64), (before, behind): (u64, u64)) -> bool {
        self.same.is_some_and(|(from, to)| {
            from.is_none_or(|from| from.saturating_add(before) <= low)
                && to.is_none_or(|to| high.saturating_add(behind) <= to)
        })
    }

    /// Whether something came of what stood from `low` to `high`.
    fn was_warm(&self, warm: &[Warm], (low, high): (u64, u64)) -> bool {
        let was = |at: u64| at.saturating_add_signed(self.moved);
        !warm.is_empty() && touches(warm, was(low), was(high))
    }
}

impl Again {
    /// A text is searched step by step: what is hit is noted where one step does not hold it all.
    pub(super) fn begin(&mut self, text: Text<'_>) {
        self.hits.clear();
        let all = text.last && text.base == 0 && text.fresh == 0;
        self.whole = all && text.bytes.len() > STEP;
    }

    /// What was hit in the step that begins at `from`.
    pub(super) fn note(&mut self, from: usize, hits: &Hits) {
        if self.whole {
            self.whole = self.take(from, hits, KEYWORDS);
        }
    }

    /// Takes over what was hit behind `from`, if there is room for it.
    fn take(&mut self, from: usize, hits: &Hits, most: usize) -> bool {
        let fits = self.hits.len() + hits.len() <= most;
        if fits {
            let placed = hits.iter().map(|h| ending(&h, from + h.end as usize));
            self.hits.extend(placed);
        }
        fits
    }
}

impl State {
    /// Every keyword of the text that was searched last, in order; `None`: there are too many.
    pub(crate) fn keywords_of(&self, text: &[u8]) -> Option<impl Iterator<Item = Hit> + '_> {
        // Of a text of several steps they were noted; the last of one holds them all.
        let (noted, step) = match text.len() <= STEP {
            true => (None, Some(&self.hits)),
            false => (self.again.whole.then_some(&self.again.hits), None),
        };
        let some = noted.is_some() || step.is_some();
        let noted = noted.into_iter().flatten().copied();
        some.then(|| noted.chain(step.into_iter().flat_map(Hits::iter)))
    }

    /// What a search cost that left nothing open; `None`: it left something, or it cost too much
    /// to be told of without being done.
    pub(crate) fn settled(&self) -> Option<Account> {
        let short = self.truncated || self.overfull || self.crowded;
        let open = short || self.incomplete || self.comparisons == 0;
        self.caches.effort.account().filter(|_| !open)
    }

    /// Where something came of the text that was searched last, put into `places`; `None`: at too
    /// many places.
    pub(crate) fn warm(&mut self, places: &mut Vec<Warm>) -> Option<()> {
        self.hot.tell(places)
    }

    /// What the object has cost; `None`: it does not say what another would.
    pub(crate) fn account(&self) -> Option<Account> {
        self.caches.effort.account()
    }

    /// Bytes that came out of something packed in the object.
    pub(crate) fn came_out(&self) -> u64 {
        self.caches.effort.came_out()
    }

    /// The object is charged as if all of that were done for it.
    pub(crate) fn assume(&mut self, account: &Account) {
        self.caches.effort.assume(account);
    }

    /// Whether a text that was searched [`Pass::again`] is judged as if it had been as a whole,
    /// with all that was done since.
    pub(crate) fn holds(&self) -> bool {
        self.caches.effort.account().is_some()
    }
}

impl Pass<'_> {
    /// Searches a whole text that is mostly an earlier one. What it costs is at least what a
    /// search of the whole costs. `None`: it has to be searched as a whole.
    pub(crate) fn again(
        &self,
        text: Text<'_>,
        like: &Like<'_>,
        state: &mut State,
    ) -> Option<Account> {
        state.same.forget();
        state.beside.forget();
        let mut again = std::mem::take(&mut state.again);
        again
            .edges
            .resize(self.searcher.matchers.len(), Edge::default());
        state.caches.effort.assume(&like.account);
        if !self.gather(text, like, &mut again, state) {
            state.again = again;
            return None;
        }
        self.windows(&mut again, like.warm);
        self.follow(text, &mut again, like.warm, state);
        for rule in again.touched.drain(..) {
            if let Some(edge) = again.edges.get_mut(rule as usize) {
                *edge = Edge::default();
            }
        }
        again.whole = text.bytes.len() > STEP;
        if !again.whole {
            state.hits.become_these(&mut again.hits);
        }
        state.again = again;
        self.close(text, state);
        state.settled()
    }

    /// All keywords of the text, part by part; whether there is room for them.
    fn gather(
        &self,
        text: Text<'_>,
        like: &Like<'_>,
        again: &mut Again,
        state: &mut State,
    ) -> bool {
        again.whole = false;
        again.hits.clear();
        again.parts.clear();
        let length = text.bytes.len();
        let mut from = 0;
        for &Stretch {
            at,
            was,
            length: same,
        } in like.stretches
        {
            let (end, ended) = (at + same, was + same);
            // Keywords that end here or before may begin in what is new.
            let until = match (at, was) {
                (0, 0) => 0,
                _ => at + self.searcher.prefilter.longest(),
            };
            if until >= end {
                continue;
            }
            if !self.find(text, from..until, again, state) {
                return false;
            }
            let place = |h: &Hit| (h.end as usize + at).saturating_sub(was);
            let first = like
                .hits
                .partition_point(|h| (h.end as usize) <= until + was - at);
            let last = like.hits.partition_point(|h| h.end as usize <= ended);
            let known = like.hits.get(first..last).unwrap_or_default();
            if again.hits.len() + known.len() > MOST {
                return false;
            }
            let moved = known.iter().map(|h| ending(h, place(h)));
            again.hits.extend(moved);
            let begins = (until > 0).then_some(at as u64);
            let ends = ((end, ended) != (length, like.length)).then_some(end as u64);
            again.parts.push(Part {
                hits: again.hits.len(),
                same: Some((begins, ends)),
                moved: was as i64 - at as i64,
            });
            from = end;
        }
        self.find(text, from..length, again, state)
    }

    /// The keywords of a part that is new, a step at a time; whether there is room for them.
    fn find(
        &self,
        text: Text<'_>,
        range: std::ops::Range<usize>,
        again: &mut Again,
        state: &mut State,
    ) -> bool {
        if range.is_empty() {
            return true;
        }
        let mut from = range.start;
        while from < range.end {
            let to = range.end.min(from + STEP);
            let hits = &mut state.hits;
            self.searcher.prefilter.find(text.bytes, from..to, hits);
            if !again.take(from, hits, MOST) {
                return false;
            }
            from = to;
        }
        again.parts.push(Part {
            hits: again.hits.len(),
            same: None,
            moved: 0,
        });
        true
    }

    /// Finds, from the last keyword to the first, whose windows are searched: those that what is
    /// new may reach, if a keyword ended at its edge, those of which something came, and those that
    /// one of them is joined to.
    fn windows(&self, again: &mut Again, warm: &[Warm]) {
        again.near.clear();
        let mut last = again.hits.len();
        for i in (0..again.parts.len()).rev() {
            let Some(&part) = again.parts.get(i) else {
                break;
            };
            let first = match i.checked_sub(1) {
                Some(before) => again.parts.get(before).map_or(0, |p| p.hits),
                None => 0,
            };
            for hit in again.hits.get(first..last).unwrap_or_default().iter().rev() {
                let end = u64::from(hit.end);
                for target in self.searcher.targets(hit.keyword).iter().rev() {
                    let Target::Rule(rule, _) = *target else {
                        continue;
                    };
                    let (back, ahead) = self.searcher.reach(rule);
                    let (start, stop) = (end.saturating_sub(back), end.saturating_add(ahead));
                    let Some(edge) = again.edges.get_mut(rule as usize) else {
                        continue;
                    };
                    // A keyword that is new ends so far behind what is new, at most.
                    let wide = ahead.saturating_add(self.searcher.prefilter.longest() as u64 + 1);
                    let clear = part.holds((start, stop), (wide, back.saturating_add(1)));
                    let near = !clear
                        || edge.low.is_some_and(|low| low <= stop)
                        || part.was_warm(warm, (start, stop));
                    if near {
                        if edge.low.is_none() {
                            again.touched.push(rule);
                        }
                        edge.low = Some(start);
                    }
                    again.near.push(near);
                }
            }
            last = first;
        }
    }

    /// Does what is to be done about every keyword.
    fn follow(&self, text: Text<'_>, again: &mut Again, warm: &[Warm], state: &mut State) {
        for &rule in &self.searcher.always {
            self.widen((rule, 0), 0, text, state);
        }
        let mut first = 0;
        for part in &again.parts {
            for hit in again.hits.get(first..part.hits).unwrap_or_default() {
                if state.truncated {
                    return;
                }
                let end = u64::from(hit.end);
                for target in self.searcher.targets(hit.keyword) {
                    match *target {
                        Target::Rule(rule, length) => {
                            let (back, ahead) = self.searcher.reach(rule);
                            let Some(edge) = again.edges.get_mut(rule as usize) else {
                                continue;
                            };
                            let start = end.saturating_sub(back);
                            let near = again.near.pop().unwrap_or(true);
                            if near || edge.high.is_some_and(|high| start <= high) {
                                edge.high = Some(end.saturating_add(ahead));
                                self.widen((rule, length), end, text, state);
                            }
                        }
                        Target::Named(rule, length) => {
                            let matcher = self.searcher.matchers.get(rule as usize);
                            let reach = matcher.and_then(|m| m.read_around());
                            let done = reach.is_some_and(|reach| part.holds((end, end), reach));
                            if !done || part.was_warm(warm, (end, end)) {
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
            first = part.hits;
        }
    }
}

/// The keyword, ending elsewhere.
fn ending(hit: &Hit, end: usize) -> Hit {
    Hit {
        end: u32::try_from(end).unwrap_or(u32::MAX),
        ..*hit
    }
}
