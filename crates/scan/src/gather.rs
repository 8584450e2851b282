//! Matches become findings with lines and columns, in order, each once.

use std::collections::BTreeSet;

use lychgate_model::{Confidence, Severity, Source, Span, limits};

use crate::check::{Check, Strength};
use crate::cursor::Cursor;
use crate::disguise::Room;
use crate::marker::Says;
use crate::rule::Rule;
use crate::scanned::{Home, Marker, MarkerKind, RawFinding, Scanned};
use crate::search::{Found, State, Text, Worth, make_room};
use crate::structural;
use crate::value::{Secret, ValueKey};

/// What was found so far in one object.
#[derive(Debug, Default)]
pub(crate) struct Gathered {
    pub(crate) findings: Vec<RawFinding>,
    markers: Vec<Marker>,
    pub(crate) truncated: bool,
    /// It cost what it may.
    exhausted: bool,
    pub(crate) incomplete: bool,
    /// What was hidden beyond a limit.
    left_out: Vec<&'static str>,
    /// More values without a shape than are kept.
    pub(crate) crowded: bool,
    /// More was found than is kept.
    overfull: bool,
    /// Number of the first structural rule.
    pub(crate) structural: u32,
}

impl Gathered {
    pub(crate) fn reset(&mut self, structural: u32) {
        self.findings.clear();
        self.markers.clear();
        self.truncated = false;
        self.exhausted = false;
        self.incomplete = false;
        self.left_out.clear();
        self.crowded = false;
        self.overfull = false;
        self.structural = structural;
    }

    /// Takes what a pass left in `state`; `cursor` stands at the beginning of `text`.
    pub(crate) fn take(
        &mut self,
        state: &mut State,
        text: Text<'_>,
        cursor: Cursor,
        source: Source,
    ) {
        self.truncated |= state.truncated;
        self.exhausted |= state.truncated && state.is_over();
        self.incomplete |= state.incomplete;
        self.crowded |= state.crowded;
        self.overfull |= state.overfull;
        // Of what comes in pieces, the next are not read for what there is no room for.
        state.overfull |= self.overfull;
        if state.found.is_empty() && state.heard.is_empty() {
            return;
        }
        // Of two the same, the one that stands first in the text stays first.
        state.found.sort_by_key(|f| (f.start, f.rule));
        let mut walk = Walk { text, cursor };
        for found in state.found.drain(..) {
            let span = walk.span(found.start, found.end);
            self.push(finding(found, span, source));
        }
        state.heard.sort_unstable_by_key(|h| h.start);
        let mut walk = Walk { text, cursor };
        for heard in state.heard.drain(..) {
            let span = walk.span(heard.start, heard.end);
            let kind = match heard.says {
                Says::Allow {
                    rule,
                    until,
                    reason,
                } => MarkerKind::Allow {
                    rule,
                    until,
                    reason,
                },
                Says::Foreign { tool, next_line } => MarkerKind::Foreign { tool, next_line },
                Says::Malformed { what, value } => {
                    self.push(RawFinding {
                        span,
                        source,
                        value,
                        masked: what.into(),
                        ..structural::raw(self.structural, structural::ALLOW_MALFORMED)
                    });
                    continue;
                }
            };
            if self.markers.len() >= limits::FINDINGS_PER_OBJECT {
                self.truncated = true;
                break;
            }
            self.markers.push(Marker { span, kind });
        }
    }

    /// Of an object that is one packed stream: what a packer cannot make smaller it stores, and
    /// there the pass over the raw bytes saw what unpacking found, too.
    pub(crate) fn forget_stored(&mut self, room: &Room) {
        let unpacked = room.found.iter().map(|u| (u.found.rule, u.found.value));
        let unpacked: BTreeSet<_> = unpacked.collect();
        self.findings
            .retain(|f| !unpacked.contains(&(f.rule, f.value)));
    }

    /// Takes what unveiling found in `text`.
    pub(crate) fn take_unveiled(
        &mut self,
        room: &mut Room,
        text: Text<'_>,
        cursor: Cursor,
        source: Source,
    ) {
        // What is hidden is given up only for what it costs.
        self.truncated |= room.truncated || room.overfull;
        self.exhausted |= room.truncated;
        self.crowded |= room.crowded;
        for what in room.left_out.drain(..) {
            if !self.left_out.contains(&what) {
                self.left_out.push(what);
            }
        }
        if room.found.is_empty() {
            return;
        }
        room.found
            .sort_unstable_by_key(|u| (u.found.start, u.found.end, u.found.rule));
        let mut walk = Walk { text, cursor };
        for unveiled in room.found.drain(..) {
            let span = walk.span(unveiled.found.start, unveiled.found.end);
            let mut finding = finding(unveiled.found, span, source);
            finding.via = Some(unveiled.via);
            finding.home = unveiled.home;
            self.push(finding);
        }
    }

    /// One finding more, up to the limit.
    pub(crate) fn push(&mut self, finding: RawFinding) {
        if self.findings.len() >= limits::FINDINGS_PER_OBJECT {
            let of = |f: &RawFinding| Worth::of(f.evidence, f.severity);
            let worth = of(&finding);
            let lost = make_room(&mut self.findings, worth, of);
            self.crowded |= lost == Worth::Told;
            self.overfull |= lost != Worth::Told;
            if lost == worth {
                return;
            }
        }
        self.findings.push(finding);
    }

    /// A finding of a structural rule. `shown` is what a person sees and holds no value.
    pub(crate) fn flaw(
        &mut self,
        rule: &str,
        span: Span,
        source: Source,
        (value, key): (&[u8], &ValueKey),
        shown: String,
    ) {
        let flaw = structural::raw(self.structural, rule);
        self.push(RawFinding {
            span,
            source,
            value: Secret::new(value).tag(key),
            masked: shown.into(),
            ..flaw
        });
    }

    /// Hands everything over, in order.
    pub(crate) fn finish(&mut self, rules: &[Rule], out: &mut Scanned) {
        out.truncated |= self.truncated || self.overfull;
        out.exhausted |= self.exhausted;
        if self.incomplete {
            out.not_looked_at
                .push("a rule whose pattern does not compile");
        }
        out.not_looked_at.append(&mut self.left_out);
        if self.crowded {
            out.not_looked_at
                .push("values without a shape that block nowhere, after the first 256");
        }
        if self.findings.is_empty() && self.markers.is_empty() {
            return;
        }
        let findings = &mut self.findings;
        // A rule for some files says nothing about messages, names and tags.
        let bound = |f: &RawFinding| {
            let rule = rules.get(f.rule as usize);
            f.source != Source::Blob && rule.is_some_and(|r| !r.paths.only.is_empty() && !r.by_path)
        };
        // A name assigns nothing, whatever stands in it.
        let named = |f: &RawFinding| f.source == Source::Path && !f.evidence.is_none();
        findings.retain(|f| !bound(f) && !named(f));
        for f in findings.iter_mut().filter(|f| f.home.text == 0) {
            (f.home.start, f.home.end) = (f.span.byte_start, f.span.byte_end);
        }
        // By the way to it too: of two that lead to one place the same one speaks every time.
        findings.sort_unstable_by(|a, b| {
            let way = |f: &RawFinding| (f.home, f.rule, f.via.as_deref().map(str::len));
            way(a).cmp(&way(b)).then_with(|| a.via.cmp(&b.via))
        });
        // The raw and the decoded view of one text may both see a match. Escapes are seldom what a
        // value is made of: where nothing has a shape, the view that says more speaks.
        findings.dedup_by(|b, a| {
            let same = a.rule == b.rule && a.source == b.source && a.home.overlaps(&b.home);
            if same && !a.evidence.is_none() && b.evidence.points() > a.evidence.points() {
                std::mem::swap(a, b);
            }
            same
        });
        crate::gitleaks::keep_required(findings, rules);
        let mut all = std::mem::take(findings);
        while let Some(first) = all.first() {
            let text = first.home.text;
            let next = all.partition_point(|f| f.home.text <= text);
            let mut rest = all.split_off(next);
            drop_beside(&mut all, rules);
            drop_shapeless(&mut all, rules);
            drop_shadowed(&mut all, rules);
            findings.append(&mut all);
            std::mem::swap(&mut all, &mut rest);
        }
        findings.sort_by_key(|f| (f.span.byte_start, f.span.byte_end, f.rule));
        // Foreign markers silence nothing where nothing was found.
        let found = !findings.is_empty();
        for mut marker in self.markers.drain(..) {
            let span = marker.span;
            match &mut marker.kind {
                MarkerKind::Foreign { .. } if !found => continue,
                MarkerKind::Allow { reason, .. } => {
                    if findings.iter().any(|f| overlap(f.span, span)) {
                        *reason = "(withheld: it holds a finding)".into();
                    }
                }
                MarkerKind::Foreign { .. } => {}
            }
            out.markers.push(marker);
        }
        out.markers.sort_by_key(|m| m.span.line);
        out.findings.append(findings);
    }
}

fn overlap(a: Span, b: Span) -> bool {
    a.byte_start < b.byte_end && b.byte_start < a.byte_end
}

/// Where a rule that is sure and one that is not see the same bytes, the sure one speaks for both.
/// A sure rule that applies to some paths only does not: elsewhere nobody would speak. Nor does one
/// without a shape: how sure it is depends on the path.
fn drop_shadowed(findings: &mut Vec<RawFinding>, rules: &[Rule]) {
    let everywhere = |f: &RawFinding| {
        rules
            .get(f.rule as usize)
            .is_some_and(Rule::applies_everywhere)
    };
    let sure =
        |f: &RawFinding| f.confidence >= Confidence::High && f.evidence.is_none() && everywhere(f);
    // Sorted by start: the reach of the sure findings seen so far, and of those still to come.
    let mut keep: Vec<bool> = vec![true; findings.len()];
    let mut reach: Option<(u64, Severity)> = None;
    for (f, keep) in findings.iter().zip(&mut keep) {
        if sure(f) {
            if reach.is_none_or(|(end, _)| f.home.end > end) {
                reach = Some((f.home.end, f.severity));
            }
        } else if let Some((end, severity)) = reach {
            *keep = !(f.home.start < end && f.severity <= severity);
        }
    }
    let mut next: Option<(u64, Severity)> = None;
    for (f, keep) in findings.iter().zip(&mut keep).rev() {
        if sure(f) {
            next = Some((f.home.start, f.severity));
        } else if let Some((start, severity)) = next {
            *keep &= !(start < f.home.end && f.severity <= severity);
        }
    }
    let mut keep = keep.into_iter();
    findings.retain(|_| keep.next().unwrap_or(true));
}

/// A value that a rule found and took for a name somebody chose, or that misses a check which proves
/// nothing: it may be another's key, and the rule silences nobody. What a checksum refutes is none.
fn is_doubted(finding: &RawFinding, rules: &[Rule]) -> bool {
    let check = rules.get(finding.rule as usize).and_then(|r| r.check);
    finding.confidence == Confidence::Low
        && check
            .and_then(Check::from_name)
            .is_some_and(|c| matches!(c.strength(), Strength::Shape | Strength::Supposed))
}

/// Where a rule that knows the value itself sees it, those that know the name beside it are
/// silent; of two of those, one speaks.
fn drop_beside(findings: &mut Vec<RawFinding>, rules: &[Rule]) {
    let rule = |f: &RawFinding| rules.get(f.rule as usize);
    let beside = |f: &RawFinding| rule(f).is_some_and(|r| r.beside);
    if !findings.iter().any(beside) {
        return;
    }
    let knows = |f: &&RawFinding| {
        !beside(f)
            && f.evidence.is_none()
            && rule(f).is_some_and(Rule::applies_everywhere)
            && !is_doubted(f, rules)
    };
    let known: Vec<Home> = findings.iter().filter(knows).map(|f| f.home).collect();
    findings.retain(|f| !beside(f) || !known.iter().any(|k| k.overlaps(&f.home)));
    findings.dedup_by(|b, a| beside(a) && beside(b) && a.home.overlaps(&b.home));
}

/// Where a rule that knows the shape sees a value, those that do not are silent. A rule for some
/// paths only is weighed against them at the verdict.
fn drop_shapeless(findings: &mut Vec<RawFinding>, rules: &[Rule]) {
    if findings.iter().all(|f| f.evidence.is_none()) {
        return;
    }
    let everywhere = |f: &&RawFinding| {
        f.evidence.is_none()
            && !is_doubted(f, rules)
            && rules
                .get(f.rule as usize)
                .is_some_and(Rule::applies_everywhere)
    };
    let shaped: Vec<Home> = findings.iter().filter(everywhere).map(|f| f.home).collect();
    findings.retain(|f| f.evidence.is_none() || !shaped.iter().any(|s| s.overlaps(&f.home)));
    // Of two that read one value the one with more evidence stays. Sorted by start: neighbours.
    findings.dedup_by(|b, a| {
        let same = !a.evidence.is_none() && !b.evidence.is_none() && a.home.overlaps(&b.home);
        if same && b.evidence.points() > a.evidence.points() {
            std::mem::swap(a, b);
        }
        same
    });
}

fn finding(found: Found, span: Span, source: Source) -> RawFinding {
    RawFinding {
        rule: found.rule,
        span,
        source,
        value: found.value,
        masked: found.masked,
        severity: found.severity,
        confidence: found.confidence,
        via: None,
        home: Home::default(),
        until: found.until,
        evidence: found.evidence,
        open: found.open,
        recalled: found.recalled,
    }
}

/// A cursor that only goes forward over one text.
struct Walk<'a> {
    text: Text<'a>,
    cursor: Cursor,
}

impl Walk<'_> {
    fn span(&mut self, start: u64, end: u64) -> Span {
        let before = self.text.between(self.cursor.at, start);
        self.cursor.advance(before);
        let mut stop = self.cursor;
        stop.advance(self.text.between(start, end));
        Span {
            line: self.cursor.line,
            column: self.cursor.column,
            end_line: stop.line,
            end_column: stop.column,
            byte_start: self.cursor.raw,
            byte_end: stop.raw,
        }
    }
}
