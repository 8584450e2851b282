//! A scan that gives findings their content keys. No value leaves it.

use std::ops::Range;

use lychgate_judge::Engine;
use lychgate_model::limits::{PIECE, WHOLE_OBJECT};
use lychgate_model::path::printable;
use lychgate_model::{Category, HashKind, ObjectKind, Problem, Source};
use lychgate_scan::{
    Entry, Input, PackSource, RawFinding, RuleSet, Scanned, Scratch, ValueKey, ValueTag,
};

use super::Listing;
use crate::check::judge;
use crate::failure::{Failure, Kind};

/// Rules, told which values are known, and the keys of one run.
pub(crate) struct Meet {
    rules: RuleSet,
    key: ValueKey,
    scratch: Scratch,
}

/// A value of one rule in one content.
pub(crate) struct Met {
    /// What lists it, or would.
    pub(crate) entry: Entry,
    /// Which entry of the baseline holds it already.
    pub(crate) known: Option<u32>,
    /// Which of the expected values it is.
    pub(crate) expected: Option<u32>,
    /// The same for the same value, in this run.
    pub(crate) value: ValueTag,
    pub(crate) line: u32,
    pub(crate) end_line: u32,
    /// Where in the content, unless something was taken off.
    pub(crate) bytes: Range<usize>,
    /// Whether something was taken off before it was seen.
    pub(crate) inside: bool,
}

/// What one content holds.
pub(crate) struct Content {
    pub(crate) met: Vec<Met>,
    /// There is more.
    pub(crate) truncated: bool,
}

impl Meet {
    /// The rules of `engine`, with those of the repository's `.gitleaks.toml`.
    pub(super) fn new(
        engine: &Engine,
        listing: &Listing,
        not: &str,
        expected: &[[u8; 20]],
    ) -> Result<Self, Failure> {
        const GITLEAKS: &str = ".gitleaks.toml";
        let unusable = |problems: &[Problem]| {
            judge::unusable(&format!("{not}: {GITLEAKS} cannot be used"), problems)
        };
        let own = std::fs::read_to_string(listing.top().join(GITLEAKS)).ok();
        let adopted = own.map(|text| {
            let source = PackSource {
                name: GITLEAKS,
                text: &text,
            };
            let trusted = engine.organisation().trusts_gitleaks();
            engine.rules().adopting(source, trusted)
        });
        let adopted = adopted.transpose().map_err(|p| unusable(&p))?;
        let rules = adopted.as_ref().unwrap_or(engine.rules());
        let mut seeds = [[0u8; 32]; 2];
        for seed in &mut seeds {
            getrandom::fill(seed)
                .map_err(|_| Failure::new(Kind::Incomplete, format!("{not}: no random numbers")))?;
        }
        let [seed, key] = seeds;
        Ok(Self {
            rules: rules.minting(&[listing.stands()], seed, expected),
            key: ValueKey::new(key),
            scratch: Scratch::new(),
        })
    }

    /// What of a content a baseline may list: secrets, by the rules that apply at its path.
    pub(crate) fn scan(&mut self, path: &[u8], bytes: &[u8]) -> Content {
        let mut out = Scanned::default();
        let kind = ObjectKind::Blob;
        if bytes.len() as u64 > WHOLE_OBJECT {
            let mut stream = self.rules.stream(kind, &mut self.scratch);
            for piece in bytes.chunks(PIECE) {
                stream.feed(&self.rules, &self.key, &mut self.scratch, piece);
            }
            stream.finish(&self.rules, &self.key, &mut self.scratch, &mut out);
        } else {
            let input = Input {
                kind,
                hash: HashKind::Sha1,
                bytes,
            };
            self.rules
                .scan(input, &self.key, &mut self.scratch, &mut out);
        }
        let found = out.findings.into_iter();
        Content {
            met: found.filter_map(|raw| self.met(path, raw)).collect(),
            truncated: out.truncated,
        }
    }

    fn met(&self, path: &[u8], raw: RawFinding) -> Option<Met> {
        let rule = self.rules.rules().get(usize::try_from(raw.rule).ok()?)?;
        let counts = rule.category == Category::Secret
            && raw.source == Source::Blob
            && rule.applies_to(path)
            && !rule.excuses(&raw, Some(path), None)
            && (raw.evidence.is_none() || raw.evidence.at(path).confidence().is_some());
        let minted = raw.recalled.minted.filter(|_| counts)?;
        let at = |byte: u64| usize::try_from(byte).unwrap_or(usize::MAX);
        Some(Met {
            entry: Entry {
                key: minted.key,
                rule: rule.id.clone(),
            },
            known: raw.recalled.known.map(|k| k.entry),
            expected: minted.expected,
            value: raw.value,
            line: raw.span.line,
            end_line: raw.span.end_line,
            bytes: at(raw.span.byte_start)..at(raw.span.byte_end),
            inside: raw.via.is_some(),
        })
    }

    /// A path as it may be shown: one that holds a secret is not.
    pub(crate) fn shown(&mut self, path: &[u8]) -> String {
        let mut out = Scanned::default();
        let (rules, scratch) = (&self.rules, &mut self.scratch);
        rules.scan_text(Source::Path, path, &self.key, scratch, &mut out);
        if out.findings.is_empty() {
            printable(path)
        } else {
            "(a path with a secret in it)".to_owned()
        }
    }
}
