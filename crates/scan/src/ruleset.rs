//! Packs become one immutable set of rules that scans.

use lychgate_model::{Digest, Mode, ObjectKind, Problem, RuleId, Source};

use crate::rule::Rule;
use crate::scanned::{Input, Scanned};
use crate::stream::Stream;
use crate::value::ValueKey;

/// A pack as text, and the name problems are reported under.
#[derive(Clone, Copy, Debug)]
pub struct PackSource<'a> {
    /// A path or label.
    pub name: &'a str,
    /// TOML.
    pub text: &'a str,
}

/// Rules, ready to scan: immutable, shared between threads; patterns compile when first needed.
#[derive(Debug)]
pub struct RuleSet {
    rules: Vec<Rule>,
    digest: Digest,
    matching_digest: Digest,
}

/// One worker's buffers, reused between objects; what held content is overwritten on drop.
#[derive(Debug, Default)]
pub struct Scratch {}

impl Scratch {
    /// Empty buffers.
    pub fn new() -> Self {
        Self::default()
    }
}

impl RuleSet {
    /// Compiles packs, together with the structural rules that are always there. All problems of
    /// all packs are returned; with any problem there is no set: never half a rule set.
    pub fn load(sources: &[PackSource<'_>]) -> (Option<Self>, Vec<Problem>) {
        let _ = sources;
        (
            Some(Self {
                rules: Vec::new(),
                digest: Digest::default(),
                matching_digest: Digest::default(),
            }),
            Vec::new(),
        )
    }

    /// The packs compiled in, [`crate::packs::BUILT_IN`].
    ///
    /// # Errors
    /// Their problems; a test proves that there are none.
    pub fn built_in() -> Result<Self, Vec<Problem>> {
        match Self::load(crate::packs::BUILT_IN) {
            (Some(set), _) => Ok(set),
            (None, problems) => Err(problems),
        }
    }

    /// SHA-256 over everything the rules say.
    pub fn digest(&self) -> Digest {
        self.digest
    }

    /// SHA-256 over what decides raw findings only; the key of the cache (contract 6).
    pub fn matching_digest(&self) -> Digest {
        self.matching_digest
    }

    /// Every rule; [`crate::RawFinding::rule`] counts in this order.
    pub fn rules(&self) -> &[Rule] {
        &self.rules
    }

    /// A rule by its id.
    pub fn rule(&self, id: &RuleId) -> Option<&Rule> {
        self.rules.iter().find(|r| r.id == *id)
    }

    /// The number of a rule, as [`crate::RawFinding::rule`] has it.
    pub fn index(&self, id: &RuleId) -> Option<u32> {
        self.rules.iter().position(|r| r.id == *id).and_then(|i| u32::try_from(i).ok())
    }

    /// Scans one whole object; adds to `out`. Never fails, never panics, time linear in the input.
    pub fn scan(&self, input: Input<'_>, key: &ValueKey, scratch: &mut Scratch, out: &mut Scanned) {
        let _ = (input, key, scratch, out);
    }

    /// Scans text that is no object: a ref name, a message being written, a symlink's target.
    pub fn scan_text(
        &self,
        source: Source,
        bytes: &[u8],
        key: &ValueKey,
        scratch: &mut Scratch,
        out: &mut Scanned,
    ) {
        let _ = (source, bytes, key, scratch, out);
    }

    /// Scans a whole path of a staged change: secrets in it, and tree hygiene of every component
    /// (RF-10). `mode` is the new side's, `None` where it is not known.
    pub fn scan_path(
        &self,
        path: &[u8],
        mode: Option<Mode>,
        key: &ValueKey,
        scratch: &mut Scratch,
        out: &mut Scanned,
    ) {
        let _ = (path, mode, key, scratch, out);
    }

    /// Judges a symlink's target beside its content: a note when it is absolute or climbs out of
    /// the repository from the folder of `path`.
    pub fn check_symlink_target(
        &self,
        path: &[u8],
        target: &[u8],
        key: &ValueKey,
        out: &mut Scanned,
    ) {
        let _ = (path, target, key, out);
    }

    /// Begins an object that comes in pieces because it is larger than
    /// [`lychgate_model::limits::WHOLE_OBJECT`].
    pub fn stream<'s>(
        &'s self,
        kind: ObjectKind,
        key: &'s ValueKey,
        scratch: &'s mut Scratch,
    ) -> Stream<'s> {
        Stream::new(self, kind, key, scratch)
    }
}
