//! Which existing refs excuse what they reach (contract 1.2: no laundering through a lax ref).

use lychgate_model::{RefKind, RefUpdate, Severity};

use crate::policy::Policy;

/// Refs that never excuse anything (contract-memory 9).
const NEVER: [&str; 2] = ["refs/lychgate/**", "refs/replace/**"];

impl Policy {
    /// The severity from which a new finding blocks in a push: the strictest of the refs it moves,
    /// for an object may be reached through any of them.
    pub fn blocks_in(&self, updates: &[RefUpdate]) -> Severity {
        let moved = updates.iter().filter(|u| u.kind != RefKind::Delete);
        let strictest = moved.map(|u| self.blocks_at(Some(&u.name))).min();
        strictest.unwrap_or_else(|| self.blocks_at(None))
    }

    /// Whether a commit of this push may be new to a ref whose messages need trailers. `head`: the
    /// branch a bare repository's HEAD names, which is always protected; empty: none.
    pub fn requires_trailers(&self, updates: &[RefUpdate], head: &[u8]) -> bool {
        let guarded = |u: &RefUpdate| {
            u.kind != RefKind::Delete && (self.is_protected(&u.name) || is_head(&u.name, head))
        };
        !self.trailers().is_empty() && updates.iter().any(guarded)
    }

    /// For existing refs in order: the first pattern that fits says whether the ref excludes what
    /// it reaches. It does when it blocks at least everything the strictest target blocks, and asks
    /// for the same trailers. Where layers overlap the answer errs towards judging again.
    pub fn plan(&self, updates: &[RefUpdate], head: &[u8]) -> Vec<(Vec<u8>, bool)> {
        let target = self.blocks_in(updates);
        let mut plan: Vec<(Vec<u8>, bool)> = NEVER
            .iter()
            .map(|p| (p.as_bytes().to_vec(), false))
            .collect();
        let named = || self.layers().iter().flat_map(|l| l.refs.iter());
        let default = self.blocks_at(None) <= target;
        let mut take = |lax: bool| {
            for (pattern, severity) in named() {
                if (severity.value > target) == lax {
                    plan.push((pattern.as_str().as_bytes().to_vec(), !lax));
                }
            }
        };
        take(true);
        if self.requires_trailers(updates, head) {
            if default {
                if !head.is_empty() {
                    plan.push((head.to_vec(), true));
                }
                let guarded = self.protected().iter();
                plan.extend(guarded.map(|p| (p.as_str().as_bytes().to_vec(), true)));
            }
            plan.push((b"**".to_vec(), false));
        } else {
            take(false);
            if !default {
                plan.push((b"**".to_vec(), false));
            }
        }
        plan
    }
}

pub(crate) fn is_head(name: &[u8], head: &[u8]) -> bool {
    !head.is_empty() && name == head
}
