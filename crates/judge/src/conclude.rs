//! What was found becomes a verdict, and the verdict lines for people.

use std::collections::BTreeSet;

use jiff::ToSpan;
use lychgate_model::text::{self, View};
use lychgate_model::{
    Decision, Finding, Hook, Reason, RuleId, RuleNote, Surface, Verdict, exit, limits,
};
use lychgate_policy::{Asked, Inline, weigh};
use lychgate_scan::Advice;
use lychgate_wire::frame::Answer;

use crate::reply::Reply;
use crate::session::{Session, short};
use crate::{causes, natural};

/// Reasons of one verdict.
const REASONS: usize = 20;

impl Session {
    /// Gives the verdict.
    pub(crate) fn conclude(&mut self) {
        let hits = std::mem::take(&mut self.hits);
        let candidates = self.candidates(&hits);
        let removed = self.removed_secrets(&hits);
        self.refused_refs();
        let asking = self.asking.clone();
        let hook = asking.as_ref().map_or(Hook::CheckStdin, |a| a.hook);
        let asked = Asked {
            hook,
            head: asking.as_ref().map_or(&[], |a| &a.head),
            refs: &self.refs,
            repository: asking.as_ref().map_or(&[], |a| &a.repository),
            today: self.context.today,
        };
        let known = |id: &RuleId| self.engine.rules().rule(id).is_some();
        let mut reasons = std::mem::take(&mut self.reasons);
        let rank = |r: &Reason| {
            (
                std::cmp::Reverse(r.code.decision()),
                r.code,
                natural::key(&r.message),
            )
        };
        reasons.sort_by_cached_key(rank);
        let mut reasons = causes::once_each(reasons, &mut self.notes);
        self.untold += reasons.len().saturating_sub(REASONS);
        reasons.truncate(REASONS);
        let weighed = weigh(&self.policy, &asked, &known, candidates, reasons);
        let mut notes = weighed.notes;
        if weighed.decision == Decision::Allow {
            notes.extend(self.removed_note(removed, &asked));
        }
        notes.append(&mut self.notes);
        // By place, after what is said of the whole.
        notes.sort_by_cached_key(|n| n.starts_with("allowed: ").then(|| natural::key(n)));
        if self.untold > 0 {
            notes.push(format!("{} more reasons are not listed", self.untold));
        }
        notes.extend(self.anchor_note());
        let mut findings = weighed.findings;
        if findings.len() > limits::FINDINGS {
            // What blocks is kept before what does not.
            self.unlisted += findings.len() - limits::FINDINGS;
            findings.sort_by_key(|f| !f.blocks);
            findings.truncate(limits::FINDINGS);
            findings.sort_by(Finding::order);
        }
        if self.unlisted > 0 {
            let (kept, more) = (findings.len(), self.unlisted);
            notes.push(format!("{more} more findings are not listed, {kept} are"));
        }
        let verdict = Verdict {
            decision: weighed.decision,
            rules: self.rule_notes(&findings),
            findings,
            reasons: weighed.reasons,
            notes,
            coverage: self.coverage,
            rule_set: self.engine.rule_set(),
            policy: self.policy.digest(),
            request: self.context.request.clone(),
        };
        self.summary.decision = Some(verdict.decision);
        self.summary.coverage = verdict.coverage;
        let cited: BTreeSet<RuleId> = verdict.blocking().map(|f| f.rule.clone()).collect();
        self.summary.rules = cited.into_iter().collect();
        self.summary.reasons = verdict.reasons.iter().map(|r| r.code).collect();
        self.answer(verdict, hook, asking.is_some_and(|a| a.want_findings));
    }

    fn answer(&mut self, verdict: Verdict, hook: Hook, want_findings: bool) {
        let lines = self.lines(&verdict, hook);
        let exit = exit::of(&verdict);
        if want_findings {
            let findings = verdict.findings.into_iter();
            self.replies
                .extend(findings.map(|f| Reply::Finding(Box::new(f))));
            self.replies
                .extend(verdict.rules.into_iter().map(|r| Reply::Rule(Box::new(r))));
        }
        self.replies.extend(lines.into_iter().map(Reply::Line));
        self.replies.push_back(Reply::Verdict(Box::new(Answer {
            decision: verdict.decision,
            exit,
            reasons: verdict.reasons,
            notes: verdict.notes,
            coverage: verdict.coverage,
            rule_set: verdict.rule_set,
            policy: verdict.policy,
            request: verdict.request,
        })));
    }

    fn lines(&self, verdict: &Verdict, hook: Hook) -> Vec<String> {
        let until = self
            .context
            .today
            .checked_add(30.days())
            .unwrap_or(self.context.today);
        let until = until.to_string();
        let mut view = View {
            hook,
            allow_until: (self.policy.inline() != Inline::Off).then_some(until.as_str()),
            baseline: self.engine.organisation().counts_baseline(Surface::Client),
            contact: self.policy.contact(),
            full_list: None,
        };
        if hook.surface() == Surface::Client && text::is_capped(verdict, &view) {
            let all = text::full_list(verdict, &view);
            let written = self
                .state
                .reports()
                .and_then(|f| crate::report::write(&f, &all));
            let written = written.map(|p| p.display().to_string());
            view.full_list = written.as_deref();
            return text::lines(verdict, &view);
        }
        let range = self.range();
        if hook.surface() == Surface::Server {
            view.full_list = range.as_deref();
        }
        text::lines(verdict, &view)
    }

    /// The command that judges what the first ref of the push brings; `None`: it begins where
    /// nothing stood, and no commit that the pusher surely has bounds it.
    fn range(&self) -> Option<String> {
        let update = self.refs.iter().find(|u| !u.new.is_null())?;
        (!update.old.is_null()).then(|| {
            let (old, new) = (short(&update.old), short(&update.new));
            format!("lychgate check --range {old}..{new}")
        })
    }

    fn refused_refs(&mut self) {
        let Some(asking) = &self.asking else { return };
        let (head, surface) = (asking.head.clone(), asking.hook.surface());
        let refs = std::mem::take(&mut self.refs);
        for update in &refs {
            let shown = |name: &str| self.policy.refused_ref(surface, update, &head, name);
            if shown("").is_none() {
                continue;
            }
            let name = self.shown_reference(&update.name);
            let refused = self.policy.refused_ref(surface, update, &head, &name);
            if let Some(Reason {
                code,
                message,
                help,
            }) = refused
            {
                self.tell(code, message, &help);
            }
        }
        self.refs = refs;
    }

    /// A bare repository whose HEAD names no branch has no policy of its own (contract-memory 4).
    fn anchor_note(&self) -> Option<String> {
        let asking = self.asking.as_ref()?;
        let moved =
            |u: &lychgate_model::RefUpdate| u.name.starts_with(b"refs/heads/") && !u.old.is_null();
        let server = asking.hook.surface() == Surface::Server;
        let unborn = server && !asking.head_born && !asking.head.is_empty();
        let head = lychgate_model::path::printable(&asking.head);
        (unborn && self.refs.iter().any(moved))
            .then(|| format!("HEAD names {head}, which does not exist: no repository policy"))
    }

    fn rule_notes(&self, findings: &[Finding]) -> Vec<RuleNote> {
        let cited: BTreeSet<&RuleId> = findings.iter().map(|f| &f.rule).collect();
        let rules = cited
            .into_iter()
            .filter_map(|id| self.engine.rules().rule(id));
        rules
            .map(|rule| {
                let advice = rule.advice();
                RuleNote {
                    id: rule.id.clone(),
                    title: rule.title.to_string(),
                    why: advice.why.to_owned(),
                    fix: advice.fix.to_owned(),
                    rotate: rotation(&advice),
                    owner: advice.owner.to_owned(),
                }
            })
            .collect()
    }
}

/// Rotation, then revocation, as one sentence of steps.
fn rotation(advice: &Advice<'_>) -> String {
    [advice.rotation.as_slice(), &advice.revocation]
        .concat()
        .join("; ")
}
