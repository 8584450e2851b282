//! How one rule decides: pattern, entropy, stopwords, check.

use std::sync::OnceLock;

use lychgate_model::{Confidence, Severity};
use regex::bytes::{Regex, RegexBuilder};

use crate::canonical::Canonical;
use crate::check::{Check, OnFailure, Outcome};
use crate::entropy::bits_per_byte;

/// Bytes a compiled pattern may take.
const SIZE_LIMIT: usize = 1 << 20;
/// Bytes of lazily built states a thread may keep per pattern.
const DFA_LIMIT: usize = 1 << 20;

/// The matching half of a rule. Compiles its pattern when first needed: most rules never fire.
#[derive(Debug)]
pub(crate) struct Matcher {
    keywords: Vec<Vec<u8>>,
    pattern: String,
    window: u32,
    entropy: f32,
    check: Option<Check>,
    on_failure: OnFailure,
    stopwords: Vec<Vec<u8>>,
    compiled: OnceLock<Option<Compiled>>,
}

/// A pattern ready to run, and the group that is the value.
#[derive(Debug)]
pub(crate) struct Compiled {
    pub(crate) regex: Regex,
    pub(crate) group: usize,
}

impl Matcher {
    pub(crate) fn new(
        keywords: Vec<Vec<u8>>,
        pattern: String,
        window: u32,
        entropy: f32,
        check: Option<Check>,
        on_failure: OnFailure,
        stopwords: Vec<Vec<u8>>,
    ) -> Self {
        let compiled = OnceLock::new();
        Self { keywords, pattern, window, entropy, check, on_failure, stopwords, compiled }
    }

    pub(crate) fn keywords(&self) -> &[Vec<u8>] {
        &self.keywords
    }

    /// Bytes looked at on either side of a keyword.
    pub(crate) fn window(&self) -> u64 {
        u64::from(self.window)
    }

    /// Compiles without keeping.
    pub(crate) fn compile(&self) -> Result<Compiled, String> {
        if turns_unicode_on(&self.pattern) {
            return Err("turns Unicode on with `(?u`: patterns are over bytes".to_owned());
        }
        let regex = RegexBuilder::new(&self.pattern)
            .unicode(false)
            .size_limit(SIZE_LIMIT)
            .dfa_size_limit(DFA_LIMIT)
            .build()
            .map_err(|e| match e {
                regex::Error::CompiledTooBig(n) => {
                    format!("compiles to more than {n} bytes: bounded repeats are too large")
                }
                other => last_line(&other.to_string()),
            })?;
        if regex.is_match(b"") {
            return Err("matches the empty text, and so everywhere".to_owned());
        }
        let named = regex.capture_names().position(|n| n == Some("secret"));
        let group = named.unwrap_or(usize::from(regex.captures_len() > 1));
        Ok(Compiled { regex, group })
    }

    /// The compiled pattern; `None` only for a pattern that nobody tested.
    pub(crate) fn compiled(&self) -> Option<&Compiled> {
        self.compiled.get_or_init(|| self.compile().ok()).as_ref()
    }

    /// Severity and confidence of a value, from the rule's own; `None`: no finding.
    pub(crate) fn weigh(
        &self,
        value: &[u8],
        severity: Severity,
        confidence: Confidence,
    ) -> Option<(Severity, Confidence)> {
        if value.is_empty() || self.stopwords.iter().any(|w| contains_folded(value, w)) {
            return None;
        }
        if self.entropy > 0.0 && bits_per_byte(value) < self.entropy {
            return None;
        }
        let Some(check) = self.check else { return Some((severity, confidence)) };
        match (check.verify(value), self.on_failure) {
            (Outcome::Holds, _) => Some((severity, Confidence::High)),
            (Outcome::Fails, OnFailure::Drop) => None,
            (Outcome::Fails, OnFailure::Low) if check.is_proven() => {
                Some((severity.min(Severity::Low), Confidence::Low))
            }
            (Outcome::Fails, OnFailure::Low) => Some((severity, Confidence::Low)),
            (Outcome::Fails, OnFailure::Keep) | (Outcome::Unclear, _) => {
                Some((severity, confidence))
            }
        }
    }

    /// The longest keyword that `value` begins with, as public as the rule itself.
    pub(crate) fn public_prefix(&self, value: &[u8]) -> &[u8] {
        let starts = |k: &&Vec<u8>| {
            value.get(..k.len()).is_some_and(|head| head.eq_ignore_ascii_case(k))
        };
        self.keywords.iter().filter(starts).max_by_key(|k| k.len()).map_or(&[], Vec::as_slice)
    }

    /// What decides its matches, for a digest.
    pub(crate) fn canonical(&self, out: &mut Canonical) {
        out.text(&self.pattern);
        out.number(u64::from(self.window));
        out.number(u64::from(self.entropy.to_bits()));
        out.text(self.check.map_or("", Check::name));
        out.text(self.on_failure.name());
        out.list(self.keywords.iter().map(Vec::as_slice));
        out.list(self.stopwords.iter().map(Vec::as_slice));
    }
}

/// Whether a group of flags has `u` before any minus.
fn turns_unicode_on(pattern: &str) -> bool {
    pattern.split("(?").skip(1).any(|flags| {
        let set = flags.bytes().take_while(u8::is_ascii_alphabetic);
        let names = flags.starts_with("P<");
        !names && set.into_iter().any(|b| b == b'u')
    })
}

/// The last line of a regex error is the sentence; above it stands a drawing.
fn last_line(text: &str) -> String {
    let line = text.lines().last().unwrap_or(text).trim();
    format!("is no pattern: {}", line.strip_prefix("error: ").unwrap_or(line))
}

/// Whether `text` holds the lower-case `word`, case aside.
fn contains_folded(text: &[u8], word: &[u8]) -> bool {
    !word.is_empty() && text.windows(word.len()).any(|w| w.eq_ignore_ascii_case(word))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn matcher(pattern: &str) -> Matcher {
        let on_failure = OnFailure::Low;
        Matcher::new(vec![b"key".to_vec()], pattern.into(), 256, 0.0, None, on_failure, vec![])
    }

    #[test]
    fn patterns_that_cost_too_much_are_refused() {
        for bad in ["(", "a{1000}{1000}", "x*", r"\pL", "(?u)é+x"] {
            assert!(matcher(bad).compile().is_err(), "{bad}");
        }
        for good in ["key=([a-z]+)", r"\bkey\b", r"key(?P<secret>\w{5,100})"] {
            assert!(matcher(good).compile().is_ok(), "{good}");
        }
    }

    #[test]
    fn the_value_is_the_named_group_then_the_first_then_all() {
        assert_eq!(matcher("key").compile().unwrap().group, 0);
        assert_eq!(matcher("k(e)y").compile().unwrap().group, 1);
        assert_eq!(matcher("(k)(?P<secret>e)y").compile().unwrap().group, 2);
    }

    #[test]
    fn stopwords_and_entropy_refuse() {
        let on = OnFailure::Low;
        let words = vec![b"example".to_vec()];
        let m = Matcher::new(vec![], "x".into(), 1, 3.0, None, on, words);
        let weigh = |v: &[u8]| m.weigh(v, Severity::High, Confidence::Medium).is_some();
        assert!(weigh(b"a1b2c3d4e5f6g7h8"));
        assert!(!weigh(b"a1b2EXAMPLEd4e5f6g7h8"));
        assert!(!weigh(b"aaaaaaaabbbbbbbb"));
        assert!(!weigh(b""));
    }
}
