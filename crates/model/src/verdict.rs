//! The answer.

use crate::coverage::Coverage;
use crate::finding::Finding;
use crate::ids::{Digest, RuleId};

/// Three answers; there is no fourth.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Decision {
    /// Everything was read and nothing blocks.
    Allow,
    /// Not judged completely. What it means is declared per surface; at a server it denies.
    Indeterminate,
    /// Something blocks.
    Deny,
}

impl Decision {
    /// The word for it in reports.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Allow => "allow",
            Self::Indeterminate => "indeterminate",
            Self::Deny => "deny",
        }
    }
}

/// Why a verdict is not allow, beside its findings.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ReasonCode {
    /// An object named by the change could not be read, or is too large to be judged whole.
    Unreadable,
    /// The counts, bytes or digests of the two sides differ.
    Coverage,
    /// The deadline passed.
    Deadline,
    /// A scan or parser failed on an object.
    Fault,
    /// The repository uses what the gate does not know how to read.
    Unsupported,
    /// The daemon shed load or is shutting down.
    Busy,
    /// No daemon answered and nothing else was allowed to judge.
    Unavailable,
    /// The peer broke the protocol or speaks another version.
    Protocol,
    /// A protected ref would be rewritten, moved or deleted.
    ProtectedRef,
    /// A required trailer is missing from a commit message.
    Trailer,
    /// A policy or pack file cannot be used.
    Policy,
}

impl ReasonCode {
    /// Every code.
    pub const ALL: [Self; 11] = [
        Self::Unreadable,
        Self::Coverage,
        Self::Deadline,
        Self::Fault,
        Self::Unsupported,
        Self::Busy,
        Self::Unavailable,
        Self::Protocol,
        Self::ProtectedRef,
        Self::Trailer,
        Self::Policy,
    ];

    /// The stable code in reports and in `lychgate rules explain`.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Unreadable => "unreadable",
            Self::Coverage => "coverage",
            Self::Deadline => "deadline",
            Self::Fault => "fault",
            Self::Unsupported => "unsupported",
            Self::Busy => "busy",
            Self::Unavailable => "unavailable",
            Self::Protocol => "protocol",
            Self::ProtectedRef => "protected-ref",
            Self::Trailer => "trailer",
            Self::Policy => "policy",
        }
    }

    /// What a reason of this code alone makes of the verdict.
    pub const fn decision(self) -> Decision {
        match self {
            Self::ProtectedRef | Self::Trailer | Self::Policy => Decision::Deny,
            _ => Decision::Indeterminate,
        }
    }
}

/// One reason: what did not happen or is not allowed, and what to do about it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reason {
    /// The stable code.
    pub code: ReasonCode,
    /// What is wrong, one sentence, printable ASCII.
    pub message: String,
    /// The next step, one sentence; may be empty.
    pub help: String,
}

/// What a person needs to know of a rule that is cited, once per rule.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RuleNote {
    /// The rule.
    pub id: RuleId,
    /// Its title.
    pub title: String,
    /// Why it matters.
    pub why: String,
    /// How to mend it.
    pub fix: String,
    /// How to rotate and revoke what leaked; empty where it does not apply.
    pub rotate: String,
    /// Who owns the rule; empty until owners exist.
    pub owner: String,
}

/// The answer to one session.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Verdict {
    /// The answer.
    pub decision: Decision,
    /// In report order; those that do not block included.
    pub findings: Vec<Finding>,
    /// Reasons beside the findings.
    pub reasons: Vec<Reason>,
    /// One line each, for people: an allow line used or soon to expire, would-deny in observe.
    pub notes: Vec<String>,
    /// The rules cited in `findings`, by id.
    pub rules: Vec<RuleNote>,
    /// What was judged.
    pub coverage: Coverage,
    /// Digest of the rule set that judged.
    pub rule_set: Digest,
    /// Digest of the policy that judged.
    pub policy: Digest,
    /// Correlates hook, daemon log and (later) ledger; random, printable, 16 hex digits. Empty in
    /// process, so that the verdict is the same byte for byte.
    pub request: String,
}

impl Verdict {
    /// A verdict that says only that nothing was judged, and why.
    pub fn indeterminate(reason: Reason) -> Self {
        Self {
            decision: reason.code.decision(),
            findings: Vec::new(),
            reasons: vec![reason],
            notes: Vec::new(),
            rules: Vec::new(),
            coverage: Coverage::default(),
            rule_set: Digest::default(),
            policy: Digest::default(),
            request: String::new(),
        }
    }

    /// Findings that block.
    pub fn blocking(&self) -> impl Iterator<Item = &Finding> {
        self.findings.iter().filter(|f| f.blocks)
    }
}
