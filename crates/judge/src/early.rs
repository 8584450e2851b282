//! Ends before the end: a denial when the deadline is near, and what can be said when it is there.
//!
//! What waits is judged in the order of danger ([`crate::Work::rank`]). When most of the time is
//! gone and something was found that would deny, the rest is not scanned any more: it is only
//! counted, so that the client comes to its end and can be asked where the finding stands. The
//! verdict says what share was judged, and it is never an allow.

use std::sync::atomic::Ordering;
use std::time::Duration;

use lychgate_model::{Decision, Hook, ObjectId, ObjectKind, Reason, ReasonCode, Surface, limits};
use lychgate_policy::{Asked, Sighting};
use lychgate_scan::{RawFinding, Scanned};

use crate::candidates::severity_on;
use crate::hits::Hits;
use crate::session::{Phase, Session};
use crate::sure::sure_at;
use crate::work::Shared;

/// Seconds a check of a whole range, repository or folder may take.
const CHECK_DEADLINE_S: u64 = 60 * 60;
/// Objects with words of their own that are weighed when the deadline is there.
const WORDS: usize = 200;

impl Session {
    /// How long this session may take. A check of more than a staged change holds up no commit:
    /// it may take an hour.
    pub fn deadline(&self) -> Duration {
        let bounds = self.engine.organisation().bounds();
        let hook = self.asking.as_ref().map(|a| a.hook);
        Duration::from_secs(match (hook, self.surface()) {
            (Some(Hook::CheckRange | Hook::CheckAll | Hook::CheckPath | Hook::CheckStdin), _) => {
                CHECK_DEADLINE_S
            }
            (_, Surface::Client) => bounds.client_deadline_s,
            (_, Surface::Server) => bounds.server_deadline_s,
        })
    }

    /// When to call [`Session::hurry`]; `None`: not yet known, or done.
    pub fn hurry_after(&self) -> Option<Duration> {
        let due = self.asking.is_some() && !self.hurried;
        due.then(|| self.deadline() * limits::EARLY_DENIAL / 100)
    }

    /// The deadline is near: from now on a finding that would deny ends the scanning.
    pub fn hurry(&mut self) {
        self.hurried = true;
        self.intake.flush(true);
        self.cut_if_late();
        self.advance();
    }

    /// Stops the scanning if that is the way to a denial in time.
    pub(crate) fn cut_if_late(&mut self) {
        let idle = self.claimed.is_some() && self.intake.is_idle();
        let open = self.phase == Phase::Receiving && self.hurried && !self.cut;
        if !open || idle || !self.would_deny() {
            return;
        }
        self.leave_the_rest();
    }

    /// What is taken in or handed out and not begun is not judged any more.
    fn leave_the_rest(&mut self) {
        self.cut = true;
        if let Some(shared) = &self.shared {
            shared.cut.store(true, Ordering::Relaxed);
        }
        self.intake.cut_bulk();
    }

    /// Whether something was found that denies where it is new and nothing excuses it.
    fn would_deny(&self) -> bool {
        let Some(asking) = &self.asking else {
            return false;
        };
        let asked = Asked {
            hook: asking.hook,
            head: &asking.head,
            refs: &self.refs,
            repository: &asking.repository,
            today: self.context.today,
        };
        let threshold = asked.threshold(&self.policy);
        let rules = self.engine.rules().rules();
        let denies = |object: Option<ObjectId>, path: &[u8], s: &Scanned| {
            let new = |raw: &RawFinding| {
                let Some(rule) = rules.get(raw.rule as usize) else {
                    return false;
                };
                let Some(confidence) = sure_at(raw, rule, path) else {
                    return false;
                };
                let seen = Sighting {
                    object,
                    rule: &rule.id,
                    severity: severity_on(self.context.today, raw, rule, path),
                    confidence,
                    shapeless: !raw.evidence.is_none(),
                };
                (path.is_empty() || rule.applies_to(path))
                    && raw.recalled.known.is_none()
                    && asked.would_deny(&self.policy, threshold, seen)
            };
            s.markers.is_empty() && s.findings.iter().any(new)
        };
        let hits = &self.hits;
        let references = hits.references.iter();
        hits.objects
            .iter()
            .any(|h| denies(Some(h.id), b"", &h.scanned))
            || hits.message.iter().any(|s| denies(None, b"", s))
            || hits.persons.iter().any(|s| denies(None, b"", s))
            || hits.paths.iter().any(|r| {
                let object = r.new.mode.is_blob().then_some(r.new.id);
                !r.stood && denies(object, b"", &r.scanned)
            })
            || hits.files.iter().any(|n| denies(None, &n.name, &n.scanned))
            || references.map(|n| &n.scanned).any(|s| denies(None, b"", s))
    }

    /// Says that the rest was left out.
    pub(crate) fn tell_cut(&mut self) {
        // Nothing may have been left to judge when it was cut.
        let skipped = |s: &Shared| s.left_out.load(Ordering::Relaxed);
        let left_out = self.intake.left_out() || self.shared.as_ref().is_some_and(skipped);
        if !self.cut || !left_out {
            return;
        }
        self.coverage.complete = false;
        let (judged, all) = (self.judged, self.coverage.tally.objects);
        self.tell(
            ReasonCode::Deadline,
            format!("the deadline was near: {judged} of {all} objects were judged"),
            "mend what was found and try again: what was judged is remembered",
        );
    }

    /// The deadline passed: a denial if what was found is one whatever else there is, or else
    /// INDETERMINATE; with the share done.
    pub fn expire(&mut self) {
        let seconds = self.deadline().as_secs();
        let judged = self.judged;
        let announced = self.counter.tally();
        let message = if announced.objects == 0 {
            format!("the deadline of {seconds} s passed")
        } else {
            format!(
                "the deadline of {seconds} s passed with {judged} of {} objects judged so far",
                announced.objects
            )
        };
        let help = "try again: what was judged is remembered".into();
        let reason = Reason {
            code: ReasonCode::Deadline,
            message,
            help,
        };
        let denied = |r: &Reason| r.code.decision() == Decision::Deny;
        self.hits.keep_certain();
        let certain = self.would_deny() || self.reasons.iter().any(denied);
        let weighs = matches!(self.phase, Phase::Receiving | Phase::Asking);
        if !certain || !weighs || self.shared.is_none() {
            self.abort(reason);
            return;
        }
        self.coverage.tally = announced;
        self.coverage.complete = false;
        self.reasons.push(reason);
        self.leave_the_rest();
        self.weigh();
    }

    /// Ends the session without judging the rest, for a reason.
    pub fn abort(&mut self, reason: Reason) {
        if self.phase == Phase::Over {
            return;
        }
        self.coverage.tally = self.counter.tally();
        self.coverage.complete = false;
        self.hits = Hits::default();
        self.forget_weighing();
        self.reasons = vec![reason];
        self.finish();
    }

    /// A bug of the judge.
    pub(crate) fn faulted(&mut self, message: &str) {
        self.abort(Reason {
            code: ReasonCode::Fault,
            message: message.to_owned(),
            help: "report this as a bug".to_owned(),
        });
    }

    /// Ends the session because its refs are more than are judged.
    pub(crate) fn refuse_refs(&mut self, message: String) {
        self.refs = Vec::new();
        self.abort(Reason {
            code: ReasonCode::Unreadable,
            message,
            help: "push fewer refs at once, with shorter names".to_owned(),
        });
    }
}

impl Hits {
    /// Keeps what is new wherever it stands (contract 2.1): what was found in messages, names of
    /// people, tags and refs, and in files outside Git. Of the rest it is not known.
    fn keep_certain(&mut self) {
        let words = |kind| matches!(kind, ObjectKind::Commit | ObjectKind::Tag);
        self.objects.retain(|h| words(h.kind));
        self.objects.truncate(WORDS);
        self.paths.clear();
        self.settle();
    }
}
