//! Findings and facts become an answer.

use jiff::civil::Date;
use lychgate_model::path::printable;
use lychgate_model::{
    Confidence, Decision, Finding, Hook, ObjectId, Reason, ReasonCode, RefUpdate, RuleId, Severity,
    Source, State, Surface, limits, pattern,
};

use crate::exception::{Exception, Marked, Standing, days};
use crate::layer::{Inline, Mode};
use crate::organisation::Accept;
use crate::policy::Policy;

/// The facts a verdict rests on beside its findings.
#[derive(Clone, Copy, Debug)]
pub struct Asked<'a> {
    /// What was asked.
    pub hook: Hook,
    /// The branch HEAD names; empty: detached.
    pub head: &'a [u8],
    /// The ref lines of a push.
    pub refs: &'a [RefUpdate],
    /// The repository's label.
    pub repository: &'a [u8],
    /// The judge's day, UTC.
    pub today: Date,
}

impl Asked<'_> {
    /// The severity from which a new finding blocks here.
    pub fn threshold(&self, policy: &Policy) -> Severity {
        if self.refs.is_empty() {
            policy.blocks_at((!self.head.is_empty()).then_some(self.head))
        } else {
            policy.blocks_in(self.refs)
        }
    }
}

/// What a denial asks of a finding before it is known where it stands.
#[derive(Clone, Copy, Debug)]
pub struct Sighting<'s> {
    /// The object it is in, if any.
    pub object: Option<ObjectId>,
    /// The rule.
    pub rule: &'s RuleId,
    /// As it counts today.
    pub severity: Severity,
    /// As it counts at its path, as far as that is known.
    pub confidence: Confidence,
    /// The rule does not know the shape of the value.
    pub shapeless: bool,
}

impl Asked<'_> {
    /// Whether a finding denies if it is new and no allow line or baseline speaks for it, when it
    /// blocks from `threshold` on.
    pub fn would_deny(&self, policy: &Policy, threshold: Severity, seen: Sighting<'_>) -> bool {
        let accepted = |a: &Accept| {
            a.speaks_for(self, seen.object, seen.rule) && days(self.today, a.until) >= 0
        };
        policy.mode() == Mode::Enforce
            && seen.severity >= threshold
            && is_sure(policy, seen.shapeless, seen.confidence)
            && !policy.accepts().iter().any(accepted)
    }
}

impl Accept {
    fn speaks_for(&self, asked: &Asked<'_>, object: Option<ObjectId>, rule: &RuleId) -> bool {
        Some(self.object) == object
            && self.rule == *rule
            && pattern::matches(self.repository.as_bytes(), asked.repository)
    }
}

fn is_sure(policy: &Policy, shapeless: bool, confidence: Confidence) -> bool {
    !shapeless || confidence >= policy.blocks_shapeless_from()
}

/// Which baseline lists a finding.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Listed {
    /// The one that stood before.
    Before,
    /// Only the one that this change brings.
    Added,
}

/// Findings of a baseline told one by one; of more the number is told.
const LISTED: usize = 10;

/// A finding before policy has spoken.
#[derive(Clone, Debug)]
pub struct Candidate {
    /// What was found; `state`, `blocks` and `allowed_by` are filled in here.
    pub finding: Finding,
    /// Whether the same rule and value stands on an old side.
    pub existing: bool,
    /// The rule knows no shape of the value: it blocks only when it is sure enough.
    pub shapeless: bool,
    /// The repository's baseline lists its rule and value, and such a list counts.
    pub listed: Option<Listed>,
    /// Exceptions that cover its line.
    pub marks: Vec<Marked>,
}

impl Candidate {
    /// What excuses it without further conditions: content that the baseline lists.
    fn by_baseline(&self) -> Option<&'static str> {
        let content = self.finding.source == Source::Blob && !self.existing;
        self.listed.filter(|_| content).map(|listed| match listed {
            Listed::Before => "the baseline",
            Listed::Added => "a new baseline entry",
        })
    }

    /// Place and rule, for a note.
    fn named(&self) -> String {
        let path = self.finding.path.as_ref();
        let source = self.finding.source.name();
        let path = path.map_or_else(|| source.to_owned(), ToString::to_string);
        format!("{path}:{} {}", self.finding.span.line, self.finding.rule)
    }
}

/// What policy makes of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Weighed {
    /// The answer.
    pub decision: Decision,
    /// Every finding with its state, in report order.
    pub findings: Vec<Finding>,
    /// Reasons that count.
    pub reasons: Vec<Reason>,
    /// One line each for people.
    pub notes: Vec<String>,
}

/// Weighs candidates and reasons under a policy. A reason that denies is only noted in observe
/// mode; one that says INDETERMINATE always stands.
pub fn weigh(
    policy: &Policy,
    asked: &Asked<'_>,
    known: &dyn Fn(&RuleId) -> bool,
    candidates: Vec<Candidate>,
    reasons: Vec<Reason>,
) -> Weighed {
    let threshold = asked.threshold(policy);
    let mut notes = Vec::new();
    let mut would_deny = Vec::new();
    let mut listed = Vec::new();
    let mut findings: Vec<Finding> = Vec::with_capacity(candidates.len());
    for candidate in candidates {
        let (state, allowed_by) = match candidate.by_baseline() {
            Some(by) => {
                listed.push(format!("allowed by {by}: {}", candidate.named()));
                (State::Allowed, Some(by.to_owned()))
            }
            None => state(policy, asked, known, &candidate, &mut notes),
        };
        let named = candidate.named();
        let mut finding = candidate.finding;
        let sure = is_sure(policy, candidate.shapeless, finding.confidence);
        let blocks = state == State::New && finding.severity >= threshold && sure;
        finding.blocks = blocks && policy.mode() == Mode::Enforce;
        if blocks && !finding.blocks {
            would_deny.push((finding.path.clone(), finding.span.line, named));
        }
        finding.state = state;
        finding.allowed_by = allowed_by;
        findings.push(finding);
    }
    let untold = listed.len().saturating_sub(LISTED);
    listed.truncate(LISTED);
    notes.append(&mut listed);
    if untold > 0 {
        notes.push(format!(
            "{untold} more findings are allowed by the baseline"
        ));
    }
    findings.sort_by(Finding::order);
    let mut standing = Vec::new();
    for reason in reasons {
        if policy.mode() == Mode::Observe && reason.code.decision() == Decision::Deny {
            notes.push(format!("observe: would be denied: {}", reason.message));
        } else if !standing.contains(&reason) {
            standing.push(reason);
        }
    }
    would_deny.sort();
    if let Some((_, _, first)) = would_deny.first() {
        let more = match would_deny.len() {
            1 => String::new(),
            all => format!(", the first of {all} new findings{}", listing(asked.hook)),
        };
        notes.push(format!("observe: would be denied: {first}{more}"));
    }
    notes.dedup();
    let decision = decide(&findings, &standing);
    Weighed {
        decision,
        findings,
        reasons: standing,
        notes,
    }
}

/// The command that lists what a hook only counts.
const fn listing(hook: Hook) -> &'static str {
    match hook {
        Hook::PreCommit | Hook::PreMergeCommit => "; all: lychgate check",
        Hook::PrePush | Hook::PreReceive | Hook::Update => "; all: lychgate check --all",
        _ => "",
    }
}

fn decide(findings: &[Finding], reasons: &[Reason]) -> Decision {
    let by_reason = reasons.iter().map(|r| r.code.decision()).max();
    if findings.iter().any(|f| f.blocks) {
        return Decision::Deny;
    }
    by_reason.unwrap_or(Decision::Allow)
}

fn state(
    policy: &Policy,
    asked: &Asked<'_>,
    known: &dyn Fn(&RuleId) -> bool,
    candidate: &Candidate,
    notes: &mut Vec<String>,
) -> (State, Option<String>) {
    let finding = &candidate.finding;
    let place = || {
        let path = finding
            .path
            .as_ref()
            .map_or_else(String::new, ToString::to_string);
        format!("{path}:{}", finding.span.line)
    };
    for accept in policy.accepts() {
        if !accept.speaks_for(asked, finding.object, &finding.rule) {
            continue;
        }
        let (by, until) = (printable(accept.by.as_bytes()), accept.until);
        if days(asked.today, until) < 0 {
            notes.push(format!("{}: acceptance by {by} ended {until}", place()));
        } else {
            let reason = printable(accept.reason.as_bytes());
            return (
                State::Existing,
                Some(format!("accepted by {by} until {until}: {reason}")),
            );
        }
    }
    if candidate.existing {
        return (State::Existing, None);
    }
    let server = asked.hook.surface() == Surface::Server;
    let counts = match policy.inline() {
        Inline::Off => false,
        // At a server what stood there before is existing; what comes with the push is not asked.
        Inline::Accepted => !server,
        Inline::Pusher => true,
    };
    if !counts || finding.source != Source::Blob {
        return (State::New, None);
    }
    for mark in &candidate.marks {
        match (&mark.exception, mark.exception.standing(asked.today, known)) {
            (
                Exception::Allow {
                    rule,
                    until,
                    reason,
                },
                Standing::Counts(left),
            ) if *rule == finding.rule => {
                let reason = printable(reason.as_bytes());
                let soon = match left {
                    0 => " (last day)".to_owned(),
                    1 => " (1 day left)".to_owned(),
                    2..=limits::WARN_DAYS => format!(" ({left} days left)"),
                    _ => String::new(),
                };
                notes.push(format!("allowed: {} {rule} until {until}{soon}", place()));
                return (
                    State::Allowed,
                    Some(format!("allow line until {until}: {reason}")),
                );
            }
            (Exception::Foreign { tool, .. }, _) if policy.honours_foreign_markers() => {
                let tool = printable(tool.as_bytes());
                notes.push(format!(
                    "allowed: {} {} by a {tool} marker",
                    place(),
                    finding.rule
                ));
                return (State::Allowed, Some(format!("{tool} marker")));
            }
            _ => {}
        }
    }
    (State::New, None)
}

/// The reason for a message without its required trailers.
pub fn trailer_reason(subject: &str, missing: &[&str]) -> Reason {
    let keys = missing.join(", ");
    let plural = if missing.len() == 1 { "" } else { "s" };
    let example = missing.first().copied().unwrap_or_default();
    Reason {
        code: ReasonCode::Trailer,
        message: format!("{subject} lacks the trailer{plural} {keys}"),
        help: format!("add a last paragraph with a line `{example}: ...`"),
    }
}
