//! Rules that speak about a path alone, and which of them a path may concern.

use std::borrow::Cow;
use std::sync::OnceLock;

use globset::GlobSet;

use crate::rule::{Rule, globs};

/// Every such rule of a set; their globs are one automaton, built when a path is first asked for.
#[derive(Debug, Default)]
pub(crate) struct Named {
    /// Each glob with the number of its rule.
    globs: Vec<(Cow<'static, str>, u32)>,
    /// Rules of a `.gitleaks.toml`: patterns, asked one by one.
    foreign: Vec<u32>,
    compiled: OnceLock<GlobSet>,
}

impl Named {
    pub(crate) fn new(rules: &[Rule]) -> Self {
        let mut named = Self::default();
        for (number, rule) in (0u32..).zip(rules) {
            if rule.by_path {
                let only = rule.paths.only.iter();
                named.globs.extend(only.map(|g| (g.clone(), number)));
            } else if rule.foreign.as_deref().is_some_and(|f| f.only_path) {
                named.foreign.push(number);
            }
        }
        named
    }

    /// The rules a path may concern, in order.
    pub(crate) fn at(&self, path: &[u8]) -> Vec<u32> {
        let text = String::from_utf8_lossy(path);
        let mut hit: Vec<u32> = self
            .compiled()
            .matches(text.as_ref())
            .into_iter()
            .filter_map(|at| self.globs.get(at).map(|g| g.1))
            .collect();
        hit.extend(&self.foreign);
        hit.sort_unstable();
        hit.dedup();
        hit
    }

    fn compiled(&self) -> &GlobSet {
        let all = || globs(self.globs.iter().map(|g| g.0.as_ref()));
        self.compiled.get_or_init(all)
    }
}
