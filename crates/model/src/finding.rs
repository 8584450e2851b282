//! A rule matched.

use crate::ids::{Fingerprint, ObjectId, RuleId};
use crate::path::RepoPath;

/// How bad it is if the finding is real.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Severity {
    /// Worth knowing.
    Note,
    /// Weakens something.
    Low,
    /// Gives something away under conditions.
    Medium,
    /// Gives access.
    High,
    /// Gives wide or lasting access.
    Critical,
}

impl Severity {
    /// Every severity, mildest first.
    pub const ALL: [Self; 5] = [
        Self::Note,
        Self::Low,
        Self::Medium,
        Self::High,
        Self::Critical,
    ];

    /// The word for it in packs, policies and reports.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Note => "note",
            Self::Low => "low",
            Self::Medium => "medium",
            Self::High => "high",
            Self::Critical => "critical",
        }
    }
}

/// How sure the rule is that the finding is real.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Confidence {
    /// A shape that others share.
    Low,
    /// A shape with context.
    Medium,
    /// A shape nobody else has.
    High,
    /// A value that proves itself: its checksum holds, its key parses. No rule begins there.
    Certain,
}

impl Confidence {
    /// Every confidence, weakest first.
    pub const ALL: [Self; 4] = [Self::Low, Self::Medium, Self::High, Self::Certain];

    /// Those a rule may claim of itself: certainty comes from a check of the value.
    pub const OF_RULES: [Self; 3] = [Self::Low, Self::Medium, Self::High];

    /// The word for it in packs and reports.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Low => "low",
            Self::Medium => "medium",
            Self::High => "high",
            Self::Certain => "certain",
        }
    }
}

/// What kind of thing a rule looks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Category {
    /// A credential.
    Secret,
    /// Something no tree should hold: `.git` look-alikes, `..`, colliding names (RF-10).
    Tree,
    /// A malformed or expired exception.
    Process,
}

impl Category {
    /// Every category.
    pub const ALL: [Self; 3] = [Self::Secret, Self::Tree, Self::Process];

    /// The word for it in packs and reports.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Secret => "secret",
            Self::Tree => "tree",
            Self::Process => "process",
        }
    }
}

/// Where in Git the matched bytes stand: not only blobs are content.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Source {
    /// A file's content.
    Blob,
    /// A file's name.
    Path,
    /// A symlink's target.
    Symlink,
    /// A commit message.
    Message,
    /// An author's name or address.
    Author,
    /// A committer's name or address.
    Committer,
    /// A tagger's name or address.
    Tagger,
    /// A tag's name or message.
    Tag,
    /// The name of a ref.
    Ref,
    /// A note (`refs/notes/*`).
    Note,
}

impl Source {
    /// Every source.
    pub const ALL: [Self; 10] = [
        Self::Blob,
        Self::Path,
        Self::Symlink,
        Self::Message,
        Self::Author,
        Self::Committer,
        Self::Tagger,
        Self::Tag,
        Self::Ref,
        Self::Note,
    ];

    /// The word for it in reports.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Blob => "blob",
            Self::Path => "path",
            Self::Symlink => "symlink",
            Self::Message => "message",
            Self::Author => "author",
            Self::Committer => "committer",
            Self::Tagger => "tagger",
            Self::Tag => "tag",
            Self::Ref => "ref",
            Self::Note => "note",
        }
    }
}

/// Where a finding stands in its object. Lines end at LF and count from 1; columns count Unicode
/// scalar values of the decoded line from 1 (bytes where it cannot be decoded); `end_column` is
/// exclusive; byte offsets are into the raw object, end exclusive.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[expect(missing_docs, reason = "the head comment gives every field's unit")]
pub struct Span {
    pub line: u32,
    pub column: u32,
    pub end_line: u32,
    pub end_column: u32,
    pub byte_start: u64,
    pub byte_end: u64,
}

/// Whether a finding was there before (contract 2).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum State {
    /// On no old side.
    New,
    /// The same rule and value stands on an old side: debt. Listed, never blocks by itself.
    Existing,
    /// Silenced by a valid exception; reported.
    Allowed,
}

impl State {
    /// The word for it in reports.
    pub const fn name(self) -> &'static str {
        match self {
            Self::New => "new",
            Self::Existing => "existing",
            Self::Allowed => "allowed",
        }
    }
}

/// A rule matched. Holds no secret: `masked` was made inside the scan.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// Relative to the root of the repository; `None` when the source has no path.
    pub path: Option<RepoPath>,
    /// Where in the object.
    pub span: Span,
    /// Where in Git.
    pub source: Source,
    /// The object; `None` for what has no id (a ref name, a message being written).
    pub object: Option<ObjectId>,
    /// The commit of this push that introduced it, where that is known.
    pub commit: Option<ObjectId>,
    /// The rule.
    pub rule: RuleId,
    /// The rule's title.
    pub title: String,
    /// What kind of thing it is.
    pub category: Category,
    /// How bad.
    pub severity: Severity,
    /// How sure.
    pub confidence: Confidence,
    /// The value's fingerprint; `None` where there is no readable key or at a server.
    pub fingerprint: Option<Fingerprint>,
    /// At most the public prefix and the length.
    pub masked: String,
    /// New, existing or allowed.
    pub state: State,
    /// Whether it blocks under the policy in force.
    pub blocks: bool,
    /// For an allowed finding: what allows it, as one sentence for people.
    pub allowed_by: Option<String>,
    /// What was taken off before the rule saw the value, outermost first: `base64, gzip`.
    pub via: Option<String>,
}

impl Finding {
    /// The order of every report: path, then place, then rule.
    pub fn order(&self, other: &Self) -> std::cmp::Ordering {
        let key = |f: &Self| {
            (
                f.path.clone(),
                f.object,
                f.span.byte_start,
                f.rule.clone(),
                f.source,
            )
        };
        key(self).cmp(&key(other))
    }
}
