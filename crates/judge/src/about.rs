//! What is found about a file as a whole: where it leads, how it stands, how large it is, and
//! whether it is kept as was promised (RF-10, SE-24).

use lychgate_model::{
    Mode, ObjectId, ObjectKind, ReasonCode, RuleId, Severity, Side, Source, limits,
};
use lychgate_policy::raised::sized;
use lychgate_policy::{Asked, Candidate};
use lychgate_scan::{RawFinding, Rule, Scanned, structural};
use lychgate_wire::frame::{Entry, Place};

use crate::before::Before;
use crate::candidates::{Found, rule_at};
use crate::hits::Hits;
use crate::session::Session;

/// Executables that block nowhere and are listed all the same.
const QUIET: usize = 50;

/// A file that becomes executable.
pub(crate) struct Runnable {
    pub(crate) path: Vec<u8>,
    pub(crate) id: ObjectId,
    /// Of a push: the commit that brings it, once that is known.
    pub(crate) commit: Option<ObjectId>,
    /// It may block, so that it is asked for.
    pub(crate) matters: bool,
}

impl Session {
    pub(crate) fn about_the_file(
        &self,
        found: &Found<'_>,
        scanned: &Scanned,
        old: Option<&Before>,
        out: &mut Vec<Candidate>,
    ) {
        self.escape(found, scanned, old, out);
        self.plain(found, scanned, old, out);
        self.oversized(found, old, out);
    }

    /// A file that has to be encrypted, and is not.
    fn plain(
        &self,
        found: &Found<'_>,
        scanned: &Scanned,
        old: Option<&Before>,
        out: &mut Vec<Candidate>,
    ) {
        if !found.file || found.note || found.path.is_empty() {
            return;
        }
        let demand = self.contract.at(found.path);
        let Some(demand) = demand.filter(|d| !d.is_kept(scanned.sealed)) else {
            return;
        };
        let lfs = demand.rule() == structural::LFS_MISMATCH;
        let told = |f: &RawFinding| {
            let rule = rule_at(self, f.rule);
            rule.is_some_and(|rule| rule.id.as_str() == demand.rule())
        };
        if lfs && scanned.findings.iter().any(told) {
            return;
        }
        let shown = format!("by {}", demand.source);
        let stood = |old: &Before| old.same || old.here.plain || (lfs && old.moved);
        let existing = old.is_some_and(stood);
        out.extend(self.whole_file(found, demand.rule(), shown, existing));
    }

    /// A symlink that leads out of the repository.
    fn escape(
        &self,
        found: &Found<'_>,
        scanned: &Scanned,
        old: Option<&Before>,
        out: &mut Vec<Candidate>,
    ) {
        let link = scanned.link.as_ref().filter(|_| found.link);
        let Some(link) = link.filter(|link| link.leads_out_from(found.path)) else {
            return;
        };
        if let Some(rule) = rule_at(self, link.finding.rule) {
            out.push(Candidate {
                finding: self.finding(found, &link.finding, rule),
                // Where a target leads depends on the folder: moved, it is another.
                existing: old.is_some_and(|old| old.same),
                shapeless: false,
                listed: None,
                marks: Vec::new(),
            });
        }
    }

    /// A file above the size that the policy sets.
    fn oversized(&self, found: &Found<'_>, old: Option<&Before>, out: &mut Vec<Candidate>) {
        let Some(largest) = self.policy.largest().filter(|_| !found.link) else {
            return;
        };
        let known = found.object.and_then(|(id, _)| self.oversized.get(&id));
        let Some(size) = known.copied().or(found.size).filter(|s| *s > largest) else {
            return;
        };
        let shown = format!("{} ({} at most)", sized(size), sized(largest));
        // The same bytes at another path cost a clone nothing.
        let existing = old.is_some_and(|old| old.same || old.moved);
        out.extend(self.whole_file(found, structural::OVERSIZED, shown, existing));
    }

    /// Takes note of a blob or file above the limit.
    pub(crate) fn weigh_size(&mut self, id: ObjectId, size: u64) {
        if self.policy.largest().is_none_or(|largest| size <= largest) {
            return;
        }
        if self.oversized.len() < limits::PLACES {
            self.oversized.insert(id, size);
            self.watched.push(id);
        } else {
            let most = limits::PLACES;
            self.tell_once(format!(
                "more than {most} files are larger than the policy takes"
            ));
        }
    }

    /// Files that become executable.
    pub(crate) fn executables(&mut self, hits: &Hits, out: &mut Vec<Candidate>) {
        for file in &hits.executables {
            let found = Found {
                path: &file.path,
                shown: Some(self.masked_path(&file.path)),
                object: Some((file.id, ObjectKind::Blob)),
                commit: file.commit,
                ..Found::default()
            };
            let made = self.whole_file(&found, structural::EXECUTABLE, "mode 100755".into(), false);
            out.extend(made.map(|mut candidate| {
                candidate.finding.source = Source::Path;
                candidate
            }));
            self.bound(out);
        }
    }

    /// Takes note of a file that becomes executable: of those that block nowhere only the first,
    /// for there are many such, and they are nobody's fault.
    pub(crate) fn watch_mode(&mut self, entry: &Entry<'_>, new: Side) {
        let stood = entry.old.is_some_and(|old| old.mode == Mode::Executable);
        if new.mode != Mode::Executable || stood {
            return;
        }
        let Some(rule) = RuleId::new(structural::EXECUTABLE) else {
            return;
        };
        let worth = structural::severity(structural::EXECUTABLE);
        let raised = self.policy.raised(&rule, entry.path, worth);
        let matters = raised > worth || self.threshold() == Severity::Note;
        let kept = self.hits.executables.len();
        if !matters && kept >= QUIET {
            return;
        }
        if kept >= limits::FINDINGS {
            let most = limits::FINDINGS;
            self.tell_once(format!("more than {most} files become executable"));
            return;
        }
        self.hits.executables.push(Runnable {
            path: entry.path.to_vec(),
            id: new.id,
            commit: None,
            matters,
        });
    }

    /// The severity from which findings block, found out once.
    fn threshold(&mut self) -> Severity {
        if let Some(known) = self.blocks {
            return known;
        }
        let asking = self.asking.as_ref();
        let asked = Asked {
            hook: asking.map_or(lychgate_model::Hook::CheckStdin, |a| a.hook),
            head: asking.map_or(&[], |a| &a.head),
            refs: &self.refs,
            repository: asking.map_or(&[], |a| &a.repository),
            today: self.context.today,
        };
        let threshold = asked.threshold(&self.policy);
        self.blocks = Some(threshold);
        threshold
    }

    /// Says once that more came than is held, so that not all was judged.
    pub(crate) fn tell_once(&mut self, message: String) {
        if !self.reasons.iter().any(|r| r.message == message) {
            let help = "push or commit less at once";
            self.tell(ReasonCode::Unreadable, message, help);
        }
    }

    /// A finding of `rule` about the file as such.
    pub(crate) fn whole_file(
        &self,
        found: &Found<'_>,
        rule: &str,
        shown: String,
        existing: bool,
    ) -> Option<Candidate> {
        let rule = self.engine.rules().rule(&RuleId::new(rule)?)?;
        let mut finding = self.finding(found, &whole(rule, shown), rule);
        finding.fingerprint = None;
        Some(Candidate {
            finding,
            existing,
            shapeless: false,
            listed: None,
            marks: Vec::new(),
        })
    }
}

impl Hits {
    /// Takes note of the commit that makes a file executable.
    pub(crate) fn runs(&mut self, place: &Place<'_>) {
        let start = self
            .executables
            .partition_point(|e| &e.path[..] < place.path);
        let same = self.executables.iter_mut().skip(start);
        for file in same.take_while(|e| e.path == place.path) {
            if file.id == place.object && file.commit.is_none() && place.mode == Mode::Executable {
                file.commit = (!place.commit.is_null()).then_some(place.commit);
            }
        }
    }
}

fn whole(rule: &Rule, shown: String) -> RawFinding {
    RawFinding {
        masked: shown.into(),
        ..RawFinding::of(0, rule.severity, rule.confidence)
    }
}
