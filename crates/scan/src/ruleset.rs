//! Packs become one immutable set of rules.

use std::sync::Arc;

use lychgate_model::{Category, Digest, Problem, RuleId};

use crate::advice::Advice;
use crate::canonical::digests;
use crate::gitleaks::Foreign;
use crate::matcher::Matcher;
use crate::named::Named;
use crate::pack;
use crate::packs;
use crate::recall::{Baseline, Recall};
use crate::rule::Rule;
use crate::searcher::Searcher;
use crate::structural;

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
    pub(crate) rules: Arc<Vec<Rule>>,
    pub(crate) searcher: Arc<Searcher>,
    pub(crate) named: Arc<Named>,
    pub(crate) recall: Option<Arc<Recall>>,
    /// Number of the first structural rule.
    pub(crate) structural: u32,
    /// What documents that were adopted say without effect.
    pub(crate) idle: Vec<String>,
    digest: Digest,
    matching_digest: Digest,
}

impl RuleSet {
    /// What documents that were adopted say without effect here, a sentence each; said once, when
    /// they are adopted.
    pub fn without_effect(&self) -> &[String] {
        &self.idle
    }

    /// Compiles packs, together with the structural rules that are always there. All problems of
    /// all packs are returned; with any problem there is no set: never half a rule set.
    pub fn load(sources: &[PackSource<'_>]) -> (Option<Self>, Vec<Problem>) {
        Self::load_onto(Vec::new(), sources)
    }

    /// The packs compiled in and more; [`RuleSet::load`] says what is returned.
    pub fn built_in_with(added: &[PackSource<'_>]) -> (Option<Self>, Vec<Problem>) {
        match packs::built_in() {
            Ok(rules) => Self::load_onto(rules, added),
            Err(problem) => (None, vec![problem]),
        }
    }

    fn load_onto(
        mut rules: Vec<(Rule, Matcher)>,
        sources: &[PackSource<'_>],
    ) -> (Option<Self>, Vec<Problem>) {
        let mut seen = pack::Seen::new();
        let mut problems = Vec::new();
        if !sources.is_empty() {
            for rule in structural::rules() {
                seen.insert(rule.id.to_string(), "the rules compiled in".to_owned());
            }
            for (rule, _) in &rules {
                let pack = format!("the built-in pack {}", rule.pack);
                seen.insert(rule.id.to_string(), pack);
            }
        }
        for source in sources {
            let (loaded, wrong) = pack::load(*source, &mut seen);
            rules.extend(loaded.into_iter().map(|l| (l.rule, l.matcher)));
            problems.extend(wrong);
        }
        if problems.is_empty() {
            (Some(Self::from_loaded(rules)), problems)
        } else {
            (None, problems)
        }
    }

    /// These rules and more; what was compiled is shared.
    pub(crate) fn with(&self, added: Vec<(Rule, Matcher)>, trusted: Option<&Arc<Foreign>>) -> Self {
        let own = self.rules.iter().cloned();
        let own = own.zip(self.searcher.matchers.iter().cloned());
        let own = own.map(|(mut rule, matcher)| match trusted {
            Some(lists) => {
                rule.foreign = Some(lists.clone());
                (rule, Arc::new(matcher.excused_by(lists.clone())))
            }
            None => (rule, matcher),
        });
        let added = added.into_iter().map(|(rule, m)| (rule, Arc::new(m)));
        Self::from_shared(own.chain(added).collect())
    }

    /// This set and a rule for references to each store that is not among `approved`.
    ///
    /// # Errors
    /// Problems of the pack compiled in; a test proves that there are none.
    pub fn approving(&self, approved: &[String]) -> Result<Self, Vec<Problem>> {
        let mut rules = packs::stores().map_err(|problem| vec![problem])?;
        rules.retain(|(rule, _)| {
            let name = rule.id.as_str().strip_prefix(packs::STORE);
            !name.is_some_and(|name| approved.iter().any(|a| a == name))
        });
        let list = approved.join(", ");
        let fix = match list.as_str() {
            "" => "Take it out: no store is approved.".to_owned(),
            list => format!("Read it from an approved store: {list}."),
        };
        for (rule, _) in &mut rules {
            // A reference is no secret: what is wrong is where it leads.
            rule.category = Category::Process;
            let advice = Advice {
                fix: &fix,
                ..rule.advice()
            };
            rule.advice = advice.packed();
        }
        Ok(self.with(rules, None))
    }

    pub(crate) fn from_loaded(loaded: Vec<(Rule, Matcher)>) -> Self {
        let shared = loaded.into_iter().map(|(rule, m)| (rule, Arc::new(m)));
        Self::from_shared(shared.collect())
    }

    fn from_shared(loaded: Vec<(Rule, Arc<Matcher>)>) -> Self {
        let (mut rules, matchers): (Vec<Rule>, Vec<Arc<Matcher>>) = loaded.into_iter().unzip();
        let structural = u32::try_from(rules.len()).unwrap_or(u32::MAX);
        rules.extend(structural::rules());
        let (digest, matching_digest) = digests(&rules, &matchers);
        let searcher = Arc::new(Searcher::new(matchers));
        let named = Arc::new(Named::new(&rules));
        Self {
            rules: Arc::new(rules),
            searcher,
            named,
            recall: None,
            structural,
            idle: Vec::new(),
            digest,
            matching_digest,
        }
    }

    /// The same rules, recognising the values that `baselines` list: a finding says which entry
    /// holds it. Patterns and what was compiled of them are shared.
    #[must_use]
    pub fn recalling(&self, baselines: &[&Baseline]) -> Self {
        self.with_recall(Recall::new(&self.rules, baselines))
    }

    /// The same, making a content key for every finding too. `seed`: random bytes for this run
    /// alone, from which each entry's salt follows. `expected`: SHA-1 digests of values that are
    /// asked for, as other tools list them; a finding says which of them it is.
    #[must_use]
    pub fn minting(&self, baselines: &[&Baseline], seed: [u8; 32], expected: &[[u8; 20]]) -> Self {
        self.with_recall(Recall::new(&self.rules, baselines).with_mint(seed, expected))
    }

    fn with_recall(&self, recall: Recall) -> Self {
        Self {
            rules: self.rules.clone(),
            searcher: self.searcher.clone(),
            named: self.named.clone(),
            recall: Some(Arc::new(recall)),
            structural: self.structural,
            idle: self.idle.clone(),
            digest: self.digest,
            matching_digest: self.matching_digest,
        }
    }

    /// Digest of what is recognised; `None`: nothing is. It decides nothing about objects in which
    /// nothing is found.
    pub fn recall_digest(&self) -> Option<Digest> {
        self.recall.as_ref().map(|r| r.digest())
    }

    /// The packs compiled in: every file of `config/packs`.
    ///
    /// # Errors
    /// Their problems; a test proves that there are none.
    pub fn built_in() -> Result<Self, Vec<Problem>> {
        match Self::built_in_with(&[]) {
            (Some(set), _) => Ok(set),
            (None, problems) => Err(problems),
        }
    }

    /// The day on which the packs were compiled into this program, counted from 1970-01-01.
    pub fn packs_built() -> i32 {
        packs::BUILT.parse().unwrap_or_default()
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

    /// How many patterns were needed so far, and so compiled.
    pub fn compiled(&self) -> usize {
        self.searcher
            .matchers
            .iter()
            .filter(|m| m.is_compiled())
            .count()
    }

    /// Compiles every pattern, which else is done when one is first needed; gives the bytes they
    /// take. For measurements.
    pub fn compile(&self) -> usize {
        let matchers = self.searcher.matchers.iter();
        let matchers = matchers.filter(|m| m.by_hand().is_none() && !m.is_path());
        let engines = matchers.filter_map(|m| m.compiled());
        engines.map(crate::engine::Engine::memory).sum()
    }

    /// Whether the values of `rule` are read by hand, without a pattern.
    pub fn reads_assignments(&self, rule: &Rule) -> bool {
        let matcher = self
            .index(&rule.id)
            .and_then(|i| self.searcher.matchers.get(i as usize));
        matcher.is_some_and(|m| m.by_hand().is_some())
    }

    /// Every keyword of every rule, lower case, each once; for benchmarks and tests.
    pub fn keywords(&self) -> Vec<Vec<u8>> {
        let all = self
            .searcher
            .matchers
            .iter()
            .flat_map(|m| m.keywords().iter().map(|k| k.to_vec()));
        let mut words: Vec<Vec<u8>> = all.collect();
        words.sort_unstable();
        words.dedup();
        words
    }

    /// The number of a rule, as [`crate::RawFinding::rule`] has it.
    pub fn index(&self, id: &RuleId) -> Option<u32> {
        self.rules
            .iter()
            .position(|r| r.id == *id)
            .and_then(|i| u32::try_from(i).ok())
    }
}
