//! A rule as everybody but the matcher sees it.

use std::borrow::Cow;
use std::sync::{Arc, OnceLock};

use globset::{GlobBuilder, GlobSet, GlobSetBuilder};

use lychgate_model::{Category, Confidence, ObjectId, RuleId, Severity};

use crate::advice::{Advice, PackedAdvice};
use crate::gitleaks::Foreign;
use crate::scanned::RawFinding;

/// What decides whether a finding is new (contract 2.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NewBy {
    /// New when no old side has the same rule and value.
    Value,
    /// New when its lines are among the added ones.
    Line,
}

impl NewBy {
    /// The word for it in packs.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Value => "value",
            Self::Line => "line",
        }
    }
}

/// The paths a rule applies to; judged at the verdict, because one blob stands at many paths.
#[derive(Clone, Debug, Default)]
pub struct Paths {
    /// Globs of which one must match; empty: every path.
    pub only: Vec<Cow<'static, str>>,
    /// Globs of which none may match.
    pub never: Vec<Cow<'static, str>>,
    /// Both lists, built when a path is first asked for: most rules are never asked.
    compiled: OnceLock<(GlobSet, GlobSet)>,
}

impl Paths {
    /// Globs that were tested.
    pub(crate) fn new(only: Vec<Cow<'static, str>>, never: Vec<Cow<'static, str>>) -> Self {
        let compiled = OnceLock::new();
        Self {
            only,
            never,
            compiled,
        }
    }

    /// Whether a rule with these globs applies to a path (bytes, `/`-separated, no leading `/`).
    pub fn applies_to(&self, path: &[u8]) -> bool {
        if self.only.is_empty() && self.never.is_empty() {
            return true;
        }
        // A glob reads characters; what is not UTF-8 becomes U+FFFD, which only a wildcard matches.
        let text = String::from_utf8_lossy(path);
        let (only, never) = self.compiled.get_or_init(|| {
            let set = |list: &[Cow<'_, str>]| globs(list.iter().map(AsRef::as_ref));
            (set(&self.only), set(&self.never))
        });
        (self.only.is_empty() || only.is_match(text.as_ref())) && !never.is_match(text.as_ref())
    }
}

/// Globs as one set: `*` stays within a component. What is no glob is left out.
pub(crate) fn globs<'g>(list: impl Iterator<Item = &'g str>) -> GlobSet {
    let mut builder = GlobSetBuilder::new();
    for glob in list {
        if let Ok(glob) = GlobBuilder::new(glob).literal_separator(true).build() {
            builder.add(glob);
        }
    }
    builder.build().unwrap_or_default()
}

impl Rule {
    /// Whether it speaks everywhere and nothing but policy can make it silent: then others need not
    /// say the same.
    pub(crate) fn applies_everywhere(&self) -> bool {
        self.paths.only.is_empty() && self.paths.never.is_empty() && self.foreign.is_none()
    }

    /// Whether it speaks about content at a path.
    pub fn applies_to(&self, path: &[u8]) -> bool {
        let foreign = self.foreign.as_ref();
        self.paths.applies_to(path) && foreign.is_none_or(|f| f.applies_to(path))
    }

    /// Whether it speaks about content at some paths and not at others, as far as it can be told
    /// without one: a repository's own rules may, by their `path`, their allow-lists, and by the
    /// file that they stand in.
    pub fn asks_for_paths(&self) -> bool {
        !self.applies_everywhere()
    }

    /// Whether an allow-list of the rule itself excuses a finding at this path, in this commit.
    pub fn excuses(
        &self,
        finding: &RawFinding,
        path: Option<&[u8]>,
        commit: Option<&ObjectId>,
    ) -> bool {
        let foreign = self.foreign.as_ref();
        finding.open != 0 && foreign.is_some_and(|f| f.excuses(finding.open, path, commit))
    }

    /// What it tells people, taken apart now.
    pub fn advice(&self) -> Advice<'_> {
        self.advice.read()
    }

    /// Who issues what it finds: the first part of its id.
    pub fn provider(&self) -> &str {
        let id = self.id.as_str();
        id.split('.').next().unwrap_or(id)
    }
}

/// A rule: who it is, how bad its matches are and what to do about them. How it matches is hidden.
#[derive(Clone, Debug)]
pub struct Rule {
    /// The stable name.
    pub id: RuleId,
    /// Counts up when what it matches changes.
    pub version: u32,
    /// The pack it came from; `lychgate` for the structural rules compiled in.
    pub pack: Cow<'static, str>,
    /// What it finds, a noun phrase.
    pub title: Cow<'static, str>,
    /// How bad.
    pub severity: Severity,
    /// How sure.
    pub confidence: Confidence,
    /// What kind of thing.
    pub category: Category,
    /// The offline check of its values, by the name packs give it.
    pub check: Option<&'static str>,
    /// What makes a finding new.
    pub new: NewBy,
    /// Where it applies.
    pub paths: Paths,
    /// Weaknesses of the CWE list.
    pub cwe: Vec<u32>,
    pub(crate) advice: PackedAdvice,
    /// The path alone decides: whatever stands at one of `paths` is found.
    pub by_path: bool,
    /// A name beside the value decides: a rule that knows the value itself speaks instead.
    pub(crate) beside: bool,
    /// What a rule from a `.gitleaks.toml` has beside.
    pub(crate) foreign: Option<Arc<Foreign>>,
}

impl Paths {
    /// The file Git reads submodules from: at the top only.
    pub(crate) fn gitmodules() -> Self {
        Self::new(vec![Cow::Borrowed(".gitmodules")], Vec::new())
    }
}
