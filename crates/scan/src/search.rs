//! From keyword hits to matches: windows around hits, merged per rule, searched once each.

mod again;
mod by_hand;
mod hot;
mod room;
mod same;
mod state;
#[cfg(test)]
mod tests;
mod text;

use lychgate_model::{Confidence, limits};
use regex_automata::Span;

use crate::effort;
use crate::engine::{Engine, Match};
use crate::gitleaks::{Says, Seen};
use crate::marker;
use crate::prefilter::RANGE_MOST;
use crate::recall::Recall;
use crate::rule::Rule;
use crate::searcher::{Searcher, Target};
use crate::shapeless::{Evidence, Fact};
use crate::value::{Secret, ValueKey};
use crate::window::{Place, Window};

pub(crate) use again::{KEYWORDS, Like, Told};
pub(crate) use hot::Warm;
pub(crate) use room::{Worth, make_room};
pub(crate) use state::State;
pub(crate) use text::{Found, Text};
use text::{is_header, lines_of};

/// Bytes the prefilter takes at once: as large as the hits of one call may become.
pub(crate) const STEP: usize = RANGE_MOST;
/// Values without a shape that are kept of one object and could not block anywhere: beyond them it
/// is a table of data.
const SHAPELESS_MOST: usize = 256;
/// Bytes that are skimmed for one unit of work.
const SKIMMED: u64 = 8;
/// Units of work for a place where a match may begin.
const TRIED: u64 = 30;
/// Bytes before the end of a piece where a match may still be waiting for its rest; no match that
/// crosses two pieces is longer. With the widest window it fits into the overlap.
const TAIL: u64 = (limits::OVERLAP as u64) / 2;

/// One pass: the searcher, the rules' grades, the key.
pub(crate) struct Pass<'p> {
    pub(crate) searcher: &'p Searcher,
    pub(crate) rules: &'p [Rule],
    pub(crate) key: &'p ValueKey,
    /// Values that are known already.
    pub(crate) recall: Option<&'p Recall>,
    /// Whether markers mean anything here.
    pub(crate) markers: bool,
}

impl Pass<'_> {
    /// Searches what is fresh in `text`.
    pub(crate) fn run(&self, text: Text<'_>, state: &mut State) {
        state.same.forget();
        state.beside.forget();
        self.markers_that_waited(text, state);
        self.names_that_waited(text, state);
        for (rule, length, end) in std::mem::take(&mut state.keywords) {
            self.keyword((rule, length, end), text, state);
        }
        for &rule in &self.searcher.always {
            self.widen((rule, 0), text.base + text.fresh as u64, text, state);
        }
        let mut hits = std::mem::take(&mut state.hits);
        let mut from = text.fresh;
        state.again.begin(text);
        while from < text.bytes.len() && !state.truncated {
            let to = text.bytes.len().min(from + STEP);
            let begun = state.begun();
            self.searcher
                .prefilter
                .find(text.bytes, from..to, &mut hits);
            state.again.note(from, &hits);
            if let (Some(meter), Some(begun)) = (&mut state.meter, begun) {
                meter.walked(begun, to - from);
            }
            for hit in hits.iter() {
                if state.truncated {
                    break;
                }
                let end = text.base + (from as u64) + u64::from(hit.end);
                for target in self.searcher.targets(hit.keyword) {
                    if let (Some(meter), Some(rule)) = (&mut state.meter, target.rule()) {
                        meter.hit(rule);
                    }
                    match *target {
                        Target::Rule(rule, length) => {
                            self.keyword((rule, length, end), text, state);
                        }
                        Target::Named(rule, length) => {
                            self.name((rule, length, end), text, state);
                        }
                        Target::Marker(word) if self.markers => {
                            self.listen(word, end, text, state);
                        }
                        Target::Marker(_) => {}
                        Target::Submodule => state.submodules = true,
                        Target::Hint(hint) => state.hints.hear(hint),
                    }
                }
            }
            from = to;
        }
        state.hits = hits;
        self.close(text, state);
    }

    /// Where rules' keywords end in `bytes`, in order, put into `ends`; `None`: at too many places
    /// to list, or wherever there is something.
    pub(crate) fn rule_hits(
        &self,
        bytes: &[u8],
        ends: &mut Vec<usize>,
        state: &mut State,
    ) -> Option<()> {
        const MOST: usize = 4096;
        ends.clear();
        if !self.searcher.always.is_empty() {
            return None;
        }
        let mut from = 0;
        while from < bytes.len() {
            let to = bytes.len().min(from + STEP);
            self.searcher
                .prefilter
                .find(bytes, from..to, &mut state.hits);
            for hit in state.hits.iter() {
                let mut targets = self.searcher.targets(hit.keyword).iter();
                if targets.any(|t| matches!(t, Target::Rule(..))) {
                    if ends.len() == MOST {
                        return None;
                    }
                    ends.push(from + hit.end as usize);
                }
            }
            from = to;
        }
        Some(())
    }

    /// A keyword of `rule` ends at `end`. Near to the end of a piece it waits for the next one: to
    /// keep its window open would make one of all that come until then.
    fn keyword(&self, (rule, length, end): (u32, u8, u64), text: Text<'_>, state: &mut State) {
        if !text.last && end + TAIL > text.end() {
            state.keywords.push((rule, length, end));
        } else {
            self.widen((rule, length), end, text, state);
        }
    }

    /// The window of `rule` reaches as far as a keyword that ends at `end` demands.
    fn widen(&self, (rule, length): (u32, u8), end: u64, text: Text<'_>, state: &mut State) {
        if !state.afford(effort::HIT) {
            return;
        }
        let Some(window) = state.windows.get_mut(rule as usize) else {
            return;
        };
        let (back, ahead) = self.searcher.reach(rule);
        let start = end.saturating_sub(back);
        let stop = end.saturating_add(ahead);
        if window.open && start <= window.end {
            window.end = window.end.max(stop);
            window.begin(length, end);
            return;
        }
        if window.open {
            self.flush(rule, text, state);
        } else if window.done == 0 {
            state.touched.push(rule);
        }
        if let Some(window) = state.windows.get_mut(rule as usize) {
            if window.open {
                // More text decides about its end: wait for both at once.
                window.end = window.end.max(stop);
                window.begin(length, end);
                return;
            }
            let start = start.max(window.done).max(text.base);
            *window = Window {
                start,
                end: stop,
                open: stop > start,
                done: window.done,
                ..Window::default()
            };
            window.begin(length, end);
        }
    }

    /// Searches windows that no hit will widen any more, and weighs what only the whole tells.
    fn close(&self, text: Text<'_>, state: &mut State) {
        doubt(state);
        for i in 0..state.touched.len() {
            if let Some(&rule) = state.touched.get(i) {
                self.flush(rule, text, state);
            }
        }
    }

    /// Searches the window of `rule` as far as the text goes. Where more text follows, what lies
    /// near the end stays open.
    fn flush(&self, rule: u32, text: Text<'_>, state: &mut State) {
        let Some(&window) = state.windows.get(rule as usize).filter(|w| w.open) else {
            return;
        };
        if !state.afford(effort::WINDOW) {
            return;
        }
        let begun = state.begun();
        let work = state.work;
        let matches = self.search(rule, window, text, state);
        let done = (state.work - work, matches);
        if let (Some(meter), Some(begun)) = (&mut state.meter, begun) {
            meter.searched(rule, begun, done);
        }
    }

    /// Returns how many matches there are, before anything is weighed.
    fn search(&self, rule: u32, window: Window, text: Text<'_>, state: &mut State) -> u64 {
        let Some(matcher) = self.searcher.matchers.get(rule as usize) else {
            return 0;
        };
        let Some(engine) = matcher.compiled() else {
            state.incomplete = true;
            return 0;
        };
        let mut matches = 0;
        let text_end = text.end();
        let partial = !text.last && window.end > text_end.saturating_sub(TAIL);
        let limit = if partial {
            text_end.saturating_sub(TAIL)
        } else {
            u64::MAX
        };
        let mut from = window.start;
        let mut stop = window.end.min(text_end);
        let mut places = window.places(engine);
        let width = stop.saturating_sub(from);
        state.caches.effort.charge(matcher.price(width) / SKIMMED);
        // A keyword with nothing of its pattern behind it is told by a few bytes.
        let possible =
            places.refine(engine, text, limit) && engine.needs().met(text.between(from, stop));
        // A run that every match holds begins there, as far as it was looked for.
        let mut held = None;
        while possible && from < stop && !state.truncated {
            let place = places.next(text, from, stop);
            let found = match place {
                // Nearer to the end more has to come first.
                Place::At(place) if place > limit => break,
                Place::At(place) => {
                    let passed = place.saturating_sub(from);
                    if !state.afford(TRIED + 2 * matcher.price(passed)) {
                        break;
                    }
                    let ahead = text.between(place, stop);
                    if held.is_none_or(|held| held < place) {
                        held = engine.needs().run_in(ahead).map(|at| place + at as u64);
                        let skimmed = held.map_or(ahead.len() as u64, |held| held - place);
                        state.caches.effort.charge(matcher.price(skimmed) / SKIMMED);
                        if held.is_none() {
                            // Nor from any place behind.
                            break;
                        }
                    }
                    let (at, to) = (text.index(place), text.index(stop));
                    let tried = engine.at(rule, text.bytes, (at, to), &mut state.caches);
                    state.incomplete |= tried.unknown;
                    let work = tried.steps + tried.read;
                    state.work += work;
                    state.caches.effort.charge(tried.steps * effort::STEP);
                    state.caches.effort.read(matcher.price(tried.read));
                    places.read(work);
                    tried.found
                }
                Place::After => {
                    let range = (text.index(from), text.index(stop));
                    match engine.seek(text.bytes, range, &mut state.caches) {
                        Some(tried) => {
                            state.work += tried.steps;
                            state.caches.effort.charge(tried.steps * effort::STEP);
                            tried.found
                        }
                        None => {
                            let width = stop.saturating_sub(from);
                            state.caches.effort.expect(matcher.price(width));
                            let found = next_match(rule, engine, text, range, state);
                            let end = found.map(|m| text.base + m.whole.end as u64);
                            let read = end.map_or(width, |end| end.saturating_sub(from));
                            state.caches.effort.read(matcher.price(read));
                            found
                        }
                    }
                }
                Place::Nowhere => {
                    let width = stop.saturating_sub(from);
                    state.caches.effort.charge(2 * matcher.price(width));
                    break;
                }
            };
            if !state.afford(0) {
                break;
            }
            let Some(found) = found else {
                match place {
                    Place::At(place) => from = place + 1,
                    _ => break,
                }
                continue;
            };
            let Span { start, end } = found.whole;
            let (start, end) = (text.base + start as u64, text.base + end as u64);
            if end == stop && stop < text_end {
                // Cut by the window: look again with more, at most an overlap's worth.
                let more = (stop - start).max(256);
                let most = (start + limits::OVERLAP as u64).min(text_end);
                if stop < most {
                    stop = (stop + more).min(most);
                    continue;
                }
            }
            if start > limit {
                // Still near the end: found again, whole, when more has come.
                break;
            }
            matches += 1;
            if let Some(found) = self.weigh(rule, engine, text, found, state) {
                self.put(found, state);
            }
            from = end.max(start + 1);
        }
        if matches > 0 {
            state.hot.note(window.start, stop.max(from));
        }
        let Some(slot) = state.windows.get_mut(rule as usize) else {
            return matches;
        };
        if partial {
            let waits = limit.max(from);
            *slot = Window {
                start: waits,
                end: window.end,
                open: waits < window.end,
                done: waits,
                ..window
            };
        } else {
            *slot = Window {
                done: stop.max(from),
                ..Window::default()
            };
        }
        matches
    }

    fn weigh(
        &self,
        rule: u32,
        engine: &Engine,
        text: Text<'_>,
        Match { whole, value }: Match,
        state: &mut State,
    ) -> Option<Found> {
        let value = match value {
            Some(value) => value,
            None => {
                let range = (whole.start, whole.end);
                engine.value(text.bytes, range, &mut state.caches)?
            }
        };
        let around = text.bytes.get(whole.range()).unwrap_or_default();
        let length = around.len() as u64;
        let within = value.start.wrapping_sub(whole.start)..value.end.wrapping_sub(whole.start);
        let (refusing, at, its) = &state.refused;
        let same = *refusing == rule && *its == within && !at.is_empty();
        if same && around == text.between(at.start, at.end) {
            state.caches.effort.charge(effort::SAME + length);
            return None;
        }
        let units = effort::MATCH + effort::MATCHED * length;
        state.caches.effort.charge(units);
        let bytes = text.bytes.get(value.range())?;
        let grades = self.rules.get(rule as usize)?;
        let matcher = self.searcher.matchers.get(rule as usize)?;
        let own = (grades.severity, grades.confidence);
        let Some(own) = matcher.weigh(bytes, around, own) else {
            let from = text.base + whole.start as u64;
            state.refused = (rule, from..from + length, within);
            return None;
        };
        let (severity, confidence) = grades.told(text.bytes, whole.start, &value.range(), own);
        let seen = Seen {
            secret: bytes,
            whole: around,
            line: lines_of(text.bytes, whole.range()),
        };
        state.caches.effort.charge(seen.line.len() as u64 / SKIMMED);
        let Says::Open(open) = matcher.excuse(&seen) else {
            return None;
        };
        let secret = Secret::new(bytes);
        // Above the first line of a key there is no room for a comment, but above its header.
        let header = text.bytes.get(whole.start..value.start);
        let start = match is_header(header.unwrap_or_default(), bytes) {
            true => whole.start,
            false => value.start,
        };
        Some(Found {
            rule,
            start: text.base + start as u64,
            end: text.base + value.end as u64,
            value: secret.tag(self.key),
            masked: secret.masked(matcher.public_prefix(secret.expose())),
            severity,
            confidence,
            until: matcher.until(bytes, around),
            evidence: Evidence::NONE,
            open,
            recalled: self.recalled(rule, &secret, state),
        })
    }

    fn listen(&self, word: u8, end: u64, text: Text<'_>, state: &mut State) {
        if !text.last && end + marker::LOOK_AHEAD as u64 > text.end() {
            state.waiting.push((word, end));
            return;
        }
        if !state.afford(effort::MARKER) {
            return;
        }
        if let Some(heard) = marker::read(word, text.bytes, text.index(end), text.base, self.key) {
            if state.heard.len() >= limits::FINDINGS_PER_OBJECT {
                state.truncated = true;
            } else {
                state.heard.push(heard);
            }
        }
    }

    fn markers_that_waited(&self, text: Text<'_>, state: &mut State) {
        for (word, end) in std::mem::take(&mut state.waiting) {
            self.listen(word, end, text, state);
        }
    }
}

/// A value that misses the length of a service's keys is hardly one, whatever its name says.
fn doubt(state: &mut State) {
    let State { near, found, .. } = state;
    let missed = |f: &&mut Found| !f.evidence.is_none() && near.contains(&f.start);
    for f in found.iter_mut().filter(missed) {
        f.evidence = f.evidence.with(Fact::OtherLength);
        f.confidence = f.evidence.confidence().unwrap_or(Confidence::Low);
    }
}

/// The leftmost match in `from..stop`, with what stands around as context.
fn next_match(
    rule: u32,
    engine: &Engine,
    text: Text<'_>,
    (from, stop): (usize, usize),
    state: &mut State,
) -> Option<Match> {
    let found = engine.find(rule, text.bytes, (from, stop), &mut state.caches);
    let reached = found.map_or(stop, |m| m.end);
    state.work += reached.saturating_sub(from) as u64;
    found.map(|whole| Match { whole, value: None })
}
