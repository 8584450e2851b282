//! What a scan is given and what it hands back.

use lychgate_model::{Confidence, HashKind, ObjectKind, RuleId, Severity, Source, Span};

use crate::recall::Recalled;
use crate::sealed::Sealed;
use crate::shapeless::Evidence;
use crate::value::ValueTag;

/// One object of a repository, whole.
#[derive(Clone, Copy, Debug)]
pub struct Input<'a> {
    /// Which parts of it are content of which source follows from this.
    pub kind: ObjectKind,
    /// How long the ids in a tree are.
    pub hash: HashKind,
    /// The object without its `type size NUL` header.
    pub bytes: &'a [u8],
}

/// A rule matched: before paths, allow lines, dates, newness and severity overrides (contract 6).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RawFinding {
    /// Index into [`crate::RuleSet::rules`] of the set that scanned.
    pub rule: u32,
    /// Where. In commits and tags, lines count from the start of the part that `source` names;
    /// byte offsets are into the object always. In a tree, line 1 and the column within the name.
    pub span: Span,
    /// Which part of the object. Content of a blob is [`Source::Blob`]: whether it is a symlink's
    /// target or a note, only the tree above it knows.
    pub source: Source,
    /// Tells two sightings of one value from two values.
    pub value: ValueTag,
    /// Public prefix and length; never the value.
    pub masked: Box<str>,
    /// The rule's, lowered where a check failed.
    pub severity: Severity,
    /// The rule's, raised or lowered by its check. Without a shape: what the evidence is worth at
    /// a path that says nothing.
    pub confidence: Confidence,
    /// What was taken off before the rule saw the value, outermost first: `base64, gzip`. `None`
    /// where it stands as it is.
    pub via: Option<Box<str>>,
    /// Where it stands among other findings.
    pub home: Home,
    /// The last day on which the value may be worth something, where it says one itself: an
    /// expired token's `exp`. Judged at the verdict, which knows the day.
    pub until: Option<Day>,
    /// For a value without a shape, what speaks for it; the path is added at the verdict.
    pub evidence: Evidence,
    /// Allow-lists of the rule itself, by bit, that excuse it where path or commit agree.
    pub open: u32,
    /// What the rules were told to remember of its value.
    pub recalled: Recalled,
}

impl RawFinding {
    /// What a rule finds at the beginning of an object's content, of which nothing else is known;
    /// whoever knows more says so over it.
    pub fn of(rule: u32, severity: Severity, confidence: Confidence) -> Self {
        Self {
            rule,
            span: Span {
                line: 1,
                column: 1,
                end_line: 1,
                end_column: 1,
                byte_start: 0,
                byte_end: 0,
            },
            source: Source::Blob,
            value: ValueTag([0; 16]),
            masked: "".into(),
            severity,
            confidence,
            via: None,
            home: Home::default(),
            until: None,
            evidence: Evidence::NONE,
            open: 0,
            recalled: Recalled::default(),
        }
    }
}

/// The text a finding stands in, and where in it: the object itself, or something that was packed
/// in it, whose findings all have the place of the packing. Findings are held against each other
/// within one text.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Home {
    pub(crate) text: u32,
    pub(crate) start: u64,
    pub(crate) end: u64,
}

impl Home {
    /// Whether two findings share bytes.
    pub fn overlaps(&self, other: &Self) -> bool {
        self.text == other.text && self.start < other.end && other.start < self.end
    }
}

/// A calendar day, UTC.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Day {
    /// 1 to 9999.
    pub year: u16,
    /// 1 to 12.
    pub month: u8,
    /// 1 to 31, as the month has.
    pub day: u8,
}

/// A comment in a blob that asks for silence.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Marker {
    /// From its word (`lychgate:`) to the end of what was read of the line.
    pub span: Span,
    /// What it says.
    pub kind: MarkerKind,
}

/// Content of a blob that leads upwards if the blob is a symlink. Whether it is one, and at which
/// path, only the tree above it knows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Link {
    /// Folders it climbs from its own; `u32::MAX`: it is absolute.
    pub(crate) climbs: u32,
    /// What is found where it leads out.
    pub finding: RawFinding,
}

impl Link {
    /// Whether a symlink at `path` with this target leads out of the repository.
    pub fn leads_out_from(&self, path: &[u8]) -> bool {
        let depth = path.iter().filter(|&&b| b == b'/').count();
        usize::try_from(self.climbs).unwrap_or(usize::MAX) > depth
    }
}

/// What a marker says. One that begins like ours but cannot be read is no marker: it is a finding
/// of the rule [`crate::structural::ALLOW_MALFORMED`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum MarkerKind {
    /// `lychgate: allow RULE until DAY because REASON`, for this line and the next.
    Allow {
        /// The rule it silences.
        rule: RuleId,
        /// The last day it holds, inclusive.
        until: Day,
        /// Why, printable ASCII; withheld where a finding overlaps it.
        reason: Box<str>,
    },
    /// Another tool's marker.
    Foreign {
        /// Which tool's, as written by people: `gitleaks`, `detect-secrets`, ...
        tool: &'static str,
        /// Whether it speaks of the next line instead of its own.
        next_line: bool,
    },
}

/// All that a scan found in one object. Reused between objects: [`Scanned::clear`].
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Scanned {
    /// By place, then rule.
    pub findings: Vec<RawFinding>,
    /// By line.
    pub markers: Vec<Marker>,
    /// Of a blob that may be a symlink's target.
    pub link: Option<Box<Link>>,
    /// Of a blob: the tool that encrypted it.
    pub sealed: Option<Sealed>,
    /// There were more than [`lychgate_model::limits::FINDINGS_PER_OBJECT`] findings or markers: the
    /// object was not judged completely.
    pub truncated: bool,
    /// It cost as much as an object of its size may: it was not judged completely.
    pub exhausted: bool,
    /// What was not looked at because the object came in pieces; names for people.
    pub not_looked_at: Vec<&'static str>,
}

impl Scanned {
    /// Forgets the last object, keeps the memory.
    pub fn clear(&mut self) {
        self.findings.clear();
        self.markers.clear();
        self.link = None;
        self.sealed = None;
        self.truncated = false;
        self.exhausted = false;
        self.not_looked_at.clear();
    }

    /// Nothing found, nothing left out.
    pub fn is_clean(&self) -> bool {
        self.findings.is_empty()
            && self.markers.is_empty()
            && self.link.is_none()
            && self.sealed.is_none()
            && !self.truncated
            && self.not_looked_at.is_empty()
    }
}
