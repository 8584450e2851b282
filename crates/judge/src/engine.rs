//! One generation of rules and floor: immutable, pinned by every session that began with it.

use std::time::Duration;

use jiff::civil::Date;
use lychgate_model::{Digest, Problem, RuleId};
use lychgate_policy::{Organisation, Policy};
use lychgate_scan::RuleSet;
use sha2::{Digest as _, Sha256};

use crate::cache::ShelfKey;
use crate::gitleaks::Adopted;
use crate::load::{Sources, Text};

/// Rules and the organisation's floor, ready to judge.
#[derive(Debug)]
pub struct Engine {
    rules: RuleSet,
    organisation: Organisation,
    floor: Digest,
    fault: Option<Vec<u8>>,
    delay: Option<(Vec<u8>, Duration)>,
    adopted: Adopted,
    idle: Vec<String>,
}

impl Engine {
    /// Compiles rules and floor.
    ///
    /// # Errors
    /// All problems of all files; there is never half an engine.
    pub fn load(sources: &Sources) -> Result<Self, Vec<Problem>> {
        let mut problems = Vec::new();
        let organisation = sources.compose().unwrap_or_else(|found| {
            problems.extend(found);
            Organisation::built_in()
        });
        let (rules, found) = RuleSet::built_in_with(&sources.as_packs());
        problems.extend(found);
        match rules {
            Some(rules) if problems.is_empty() => Ok(Self {
                idle: sources.idle().to_vec(),
                ..Self::new(rules, organisation)
            }),
            _ => Err(problems),
        }
    }

    /// The packs of `texts` and no others, under the floor compiled in: to try them.
    ///
    /// # Errors
    /// All problems of all packs.
    pub fn trying(texts: Vec<Text>) -> Result<Self, Vec<Problem>> {
        let mut sources = Sources::built_in();
        sources.packs = texts;
        match RuleSet::load(&sources.as_packs()) {
            (Some(rules), _) => Ok(Self::new(rules, Organisation::built_in())),
            (None, problems) => Err(problems),
        }
    }

    /// The packs and the floor compiled in.
    ///
    /// # Errors
    /// Their problems; a test proves that there are none.
    pub fn built_in() -> Result<Self, Vec<Problem>> {
        Self::load(&Sources::built_in())
    }

    fn new(rules: RuleSet, organisation: Organisation) -> Self {
        let floor = Policy::floor(&organisation).digest();
        Self {
            rules,
            organisation,
            floor,
            fault: None,
            delay: None,
            adopted: Adopted::default(),
            idle: Vec::new(),
        }
    }

    /// The same floor with other rules.
    pub(crate) fn with_rules(&self, rules: RuleSet) -> Self {
        Self {
            fault: self.fault.clone(),
            delay: self.delay.clone(),
            ..Self::new(rules, self.organisation.clone())
        }
    }

    pub(crate) fn adopted(&self) -> &Adopted {
        &self.adopted
    }

    /// The scan of any object that contains `needle` panics: for tests of what a panic does.
    #[must_use]
    pub fn with_fault_injection(mut self, needle: &[u8]) -> Self {
        self.fault = Some(needle.to_vec());
        self
    }

    /// Reading any object or document that contains `needle` takes `delay` longer: for tests of
    /// what comes before what.
    #[must_use]
    pub fn with_delay_injection(mut self, needle: &[u8], delay: Duration) -> Self {
        self.delay = Some((needle.to_vec(), delay));
        self
    }

    /// The rules.
    pub fn rules(&self) -> &RuleSet {
        &self.rules
    }

    /// The floor as written.
    pub fn organisation(&self) -> &Organisation {
        &self.organisation
    }

    /// The day on which the packs of this program were compiled in, counted from 1970-01-01.
    pub fn packs_built() -> i32 {
        RuleSet::packs_built()
    }

    /// What the organisation's files say to no effect `today`, a line each: packs that are not
    /// there, acceptances that are over or name no rule.
    pub fn idle(&self, today: Date) -> Vec<String> {
        let known = |id: &RuleId| self.rules.rule(id).is_some();
        let accepts = self.organisation.idle(today, &known);
        self.idle.iter().cloned().chain(accepts).collect()
    }

    /// Digest of everything the rules say.
    pub fn rule_set(&self) -> Digest {
        self.rules.digest()
    }

    /// Digest of what decides matches; the key of the cache.
    pub fn matching(&self) -> Digest {
        self.rules.matching_digest()
    }

    /// Where the cache keeps what these rules make of objects.
    pub(crate) fn shelf(&self) -> ShelfKey {
        let clean = self.matching();
        let found = self.rules.recall_digest().map_or(clean, |recall| {
            let hash = Sha256::new().chain_update(clean.0).chain_update(recall.0);
            Digest(hash.finalize().into())
        });
        ShelfKey { clean, found }
    }

    /// Digest of the floor without any repository's policy.
    pub fn policy(&self) -> Digest {
        self.floor
    }

    #[expect(
        clippy::panic,
        reason = "asked for by with_fault_injection, which only tests call"
    )]
    pub(crate) fn fail_if_asked(&self, content: &[u8]) {
        if let Some(needle) = &self.fault
            && holds(content, needle)
        {
            panic!("injected fault");
        }
        if let Some((needle, delay)) = &self.delay
            && holds(content, needle)
        {
            std::thread::sleep(*delay);
        }
    }
}

fn holds(content: &[u8], needle: &[u8]) -> bool {
    !needle.is_empty() && content.windows(needle.len()).any(|w| w == needle)
}
