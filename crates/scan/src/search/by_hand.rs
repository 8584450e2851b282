//! Rules whose values are read by hand: what stands around a keyword, and what is kept of it.

use lychgate_model::Confidence;

use super::same::Name;
use super::{Found, Pass, SHAPELESS_MOST, State, Text};
use crate::beside::{self, Read, Work};
use crate::effort;
use crate::matcher::Matcher;
use crate::recall::Recalled;
use crate::shapeless::{self, ByHand, Evidence, Reading};
use crate::value::Secret;

impl Pass<'_> {
    /// A keyword of a rule whose values are read by hand ends at `end`.
    pub(super) fn name(
        &self,
        (rule, length, end): (u32, u8, u64),
        text: Text<'_>,
        state: &mut State,
    ) {
        let Some(matcher) = self.searcher.matchers.get(rule as usize) else {
            return;
        };
        let Some(how) = matcher.by_hand() else { return };
        // Only the first line of an object is a heading.
        if how == ByHand::Columns && end > shapeless::columns::HEADING as u64 {
            return;
        }
        let units = match how {
            ByHand::Assignment => effort::SAME,
            ByHand::KubernetesSecret | ByHand::Columns => effort::NAME,
            ByHand::Beside => effort::BESIDE,
        };
        if !state.afford(units) {
            return;
        }
        // There is no room for what they would find, and room was found for as much as is kept.
        if state.overfull && how != ByHand::Beside {
            return;
        }
        if !text.last && end + how.ahead() as u64 > text.end() {
            state.names.push((rule, length, end));
            return;
        }
        let stop = text.index(end);
        let begun = state.begun();
        let before = state.found.len();
        match how {
            ByHand::Assignment => {
                let start = stop.saturating_sub(usize::from(length));
                let name = Name {
                    // All of them read alike.
                    rule: 0,
                    keyword: start..stop,
                    reach: (shapeless::BEHIND, shapeless::AHEAD),
                };
                let reading = match state.same.known(text.bytes, &name) {
                    Some((reading, units)) => {
                        state.caches.effort.spare(units);
                        reading
                    }
                    None => {
                        let reading = shapeless::read(text.bytes, start..stop);
                        state.caches.effort.charge(effort::NAME);
                        let told = reading.clone();
                        state.same.learn(text.bytes, name, told, effort::NAME);
                        reading
                    }
                };
                if let Some(reading) = reading {
                    state.hot.note(end, end);
                    state.caches.effort.charge(effort::READING);
                    self.keep((rule, matcher), &reading, text, state);
                }
            }
            ByHand::Beside => {
                let start = stop.saturating_sub(usize::from(length));
                let name = Name {
                    rule,
                    keyword: start..stop,
                    reach: (
                        usize::from(length) + beside::BEFORE,
                        matcher.table().ahead(),
                    ),
                };
                let read = match state.beside.known(text.bytes, &name) {
                    Some((read, units)) => {
                        state.caches.effort.spare(units);
                        read
                    }
                    None => {
                        let mut work = Work::default();
                        let table = matcher.table();
                        let read = beside::read(text.bytes, start..stop, table, &mut work);
                        let units = work.judged * effort::JUDGED;
                        state.caches.effort.charge(units);
                        // Else it was read as soon as it is known again.
                        if work.judged + work.tried > 0 {
                            state.beside.learn(text.bytes, name, read.clone(), units);
                        }
                        read
                    }
                };
                if read.is_some() {
                    state.hot.note(end, end);
                }
                match read {
                    Some(Read::Key(value)) => {
                        self.keep_shaped((rule, matcher), value, text, state);
                    }
                    // Beyond these it is a table of data.
                    Some(Read::Near(value)) if state.near.len() < SHAPELESS_MOST => {
                        state.near.push(text.base + value.start as u64);
                    }
                    Some(Read::Near(_)) | None => {}
                }
            }
            ByHand::Columns if text.base > 0 => {}
            ByHand::Columns => {
                let start = stop.saturating_sub(usize::from(length));
                let mut keep = |reading: Reading| {
                    state.caches.effort.charge(effort::READING);
                    self.keep((rule, matcher), &reading, text, state);
                };
                let read = shapeless::columns::read(text.bytes, start..stop, &mut keep);
                state.caches.effort.charge(read as u64);
            }
            // What a document holds is read once, however often it says what it is.
            ByHand::KubernetesSecret if end < state.document => {}
            ByHand::KubernetesSecret => {
                let mut keep = |reading: Reading| {
                    state.caches.effort.charge(effort::READING);
                    self.keep((rule, matcher), &reading, text, state);
                };
                let read = shapeless::kubernetes::read(text.bytes, stop, &mut keep);
                state.document = text.base + read as u64;
                // As much before it.
                let read = read.saturating_sub(stop) as u64 + shapeless::kubernetes::REACH as u64;
                state.caches.effort.charge(read);
            }
        }
        let kept = state.found.len().saturating_sub(before) as u64;
        if let (Some(meter), Some(begun)) = (&mut state.meter, begun) {
            meter.searched(rule, begun, (u64::from(length), kept));
        }
    }

    fn keep(
        &self,
        (rule, matcher): (u32, &Matcher),
        reading: &Reading,
        text: Text<'_>,
        state: &mut State,
    ) {
        let begins = text.base + reading.value.start as u64;
        if state.shapeless.1 == Some(begins) {
            return;
        }
        let value = text.bytes.get(reading.value.clone()).unwrap_or_default();
        let Some(grades) = self.rules.get(rule as usize) else {
            return;
        };
        // What blocks nowhere must not use up the room of what does.
        let may_block = reading.evidence.may_block();
        if !may_block && state.shapeless.0 >= SHAPELESS_MOST {
            state.crowded = true;
            return;
        }
        let weighed = matcher.weigh(value, &[], (grades.severity, grades.confidence));
        let Some((severity, _)) = weighed else { return };
        state.shapeless = (state.shapeless.0 + usize::from(!may_block), Some(begins));
        let secret = Secret::new(value);
        let recalled = self.recalled(rule, &secret, state);
        let found = Found {
            rule,
            start: begins,
            end: text.base + reading.value.end as u64,
            value: secret.tag(self.key),
            masked: secret.masked(b""),
            severity,
            confidence: reading.evidence.confidence().unwrap_or(Confidence::Low),
            until: None,
            evidence: reading.evidence,
            open: 0,
            recalled,
        };
        self.put(found, state);
    }

    /// Keeps a value whose rule knows the shape.
    fn keep_shaped(
        &self,
        (rule, matcher): (u32, &Matcher),
        value: std::ops::Range<usize>,
        text: Text<'_>,
        state: &mut State,
    ) {
        let bytes = text.bytes.get(value.clone()).unwrap_or_default();
        let grades = self.rules.get(rule as usize);
        let own = grades.map(|r| (r.severity, r.confidence));
        let weighed = own.and_then(|own| matcher.weigh(bytes, bytes, own));
        let Some(weighed) = weighed else {
            return;
        };
        let told = grades.map(|rule| rule.told(text.bytes, value.start, &value, weighed));
        let (severity, confidence) = told.unwrap_or(weighed);
        let start = text.base + value.start as u64;
        // Its service may be named twice.
        if state
            .found
            .iter()
            .rev()
            .take(4)
            .any(|f| f.rule == rule && f.start == start)
        {
            return;
        }
        let secret = Secret::new(bytes);
        let recalled = self.recalled(rule, &secret, state);
        let found = Found {
            rule,
            start,
            end: text.base + value.end as u64,
            value: secret.tag(self.key),
            masked: secret.masked(b""),
            severity,
            confidence,
            until: None,
            evidence: Evidence::NONE,
            open: 0,
            recalled,
        };
        self.put(found, state);
    }

    pub(super) fn recalled(&self, rule: u32, secret: &Secret<'_>, state: &mut State) -> Recalled {
        match (self.recall, self.rules.get(rule as usize)) {
            (Some(recall), Some(of)) => recall.look(rule, &of.id, secret, &mut state.comparisons),
            _ => Recalled::default(),
        }
    }

    pub(super) fn names_that_waited(&self, text: Text<'_>, state: &mut State) {
        for name in std::mem::take(&mut state.names) {
            self.name(name, text, state);
        }
    }
}
