//! Rules as one unambiguous string of bytes, for digests.

use std::borrow::Cow;

use lychgate_model::Digest;
use sha2::{Digest as _, Sha256};

use crate::matcher::Matcher;
use crate::rule::Rule;
use crate::structural;

/// Fields, each with its length before it, so that no two lists of fields read the same.
#[derive(Default)]
pub(crate) struct Canonical(Sha256);

impl Canonical {
    pub(crate) fn number(&mut self, n: u64) {
        self.0.update(n.to_be_bytes());
    }

    pub(crate) fn bytes(&mut self, bytes: &[u8]) {
        self.number(bytes.len() as u64);
        self.0.update(bytes);
    }

    pub(crate) fn text(&mut self, text: &str) {
        self.bytes(text.as_bytes());
    }

    pub(crate) fn list<'a>(&mut self, items: impl ExactSizeIterator<Item = &'a [u8]>) {
        self.number(items.len() as u64);
        items.for_each(|item| self.bytes(item));
    }

    fn texts(&mut self, items: &[Cow<'static, str>]) {
        self.list(items.iter().map(|text| text.as_bytes()));
    }

    fn digest(self) -> Digest {
        Digest(self.0.finalize().into())
    }
}

/// Over everything the rules say, and over what decides raw findings. The engine's own version is
/// in both: it decides as much as the rules do. So is the order: findings name rules by number.
pub(crate) fn digests(rules: &[Rule], matchers: &[std::sync::Arc<Matcher>]) -> (Digest, Digest) {
    let mut matching = Canonical::default();
    matching.text("lychgate rules 2");
    matching.text(env!("CARGO_PKG_VERSION"));
    matching.number(u64::from(structural::VERSION));
    matching.number(u64::from(crate::sealed::VERSION));
    matching.number(u64::from(crate::disguise::VERSION));
    for (number, rule) in rules.iter().enumerate() {
        matching.text(rule.id.as_str());
        matching.number(u64::from(rule.version));
        matching.text(rule.severity.name());
        matching.text(rule.confidence.name());
        // Rules bound to paths say nothing about messages, and do not speak for unsure ones.
        matching.number(u64::from(rule.paths.only.is_empty()));
        matching.number(u64::from(rule.paths.never.is_empty()));
        if let Some(matcher) = matchers.get(number) {
            matcher.canonical(&mut matching);
        }
    }
    let matching = matching.digest();
    let mut all = Canonical::default();
    all.bytes(&matching.0);
    for rule in rules {
        all.text(&rule.pack);
        all.text(&rule.title);
        all.text(rule.category.name());
        all.text(rule.new.name());
        all.number(rule.cwe.len() as u64);
        rule.cwe.iter().for_each(|n| all.number(u64::from(*n)));
        all.texts(&rule.paths.only);
        all.texts(&rule.paths.never);
        all.bytes(&rule.advice.0);
    }
    (all.digest(), matching)
}
