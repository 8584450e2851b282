//! Objects out of one buffer, one after the other: versions of a file come one after the other, and
//! most of each was scanned in the one before.

use std::fmt;

use lychgate_model::ObjectKind;

use crate::effort::Account;
use crate::prefilter::Hit;
use crate::ruleset::RuleSet;
use crate::scan::{Scratch, unmarked};
use crate::scanned::{Input, Scanned};
use crate::search::Like;
use crate::value::ValueKey;

/// Texts that are remembered.
const PAST: usize = 8;
/// Bytes of a text that is worth it.
const LEAST: usize = 512;
/// Bytes of one that is searched in more than one step.
const MOST: usize = 256 << 10;
/// Bytes compared at once.
const STEP: usize = 64;
/// and where they differ.
const WORD: usize = 8;

/// Scans objects of one buffer under one set of rules. What it finds in each is what
/// [`RuleSet::scan`] finds, byte for byte; what is the same as in one of the last texts costs less.
///
/// It remembers texts where they stand, and lives no longer than they do.
pub struct Series<'r, 'b> {
    rules: &'r RuleSet,
    key: &'r ValueKey,
    /// The latest last.
    past: Vec<Past<'b>>,
    spare: Vec<Vec<Hit>>,
}

/// A text of which nothing came.
struct Past<'b> {
    text: &'b [u8],
    hits: Vec<Hit>,
    account: Account,
}

impl fmt::Debug for Series<'_, '_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Series(..)")
    }
}

impl RuleSet {
    /// Begins a series of objects.
    pub fn series<'r, 'b>(&'r self, key: &'r ValueKey) -> Series<'r, 'b> {
        Series {
            rules: self,
            key,
            past: Vec::with_capacity(PAST),
            spare: Vec::new(),
        }
    }
}

impl<'b> Series<'_, 'b> {
    /// Scans one whole object, as [`RuleSet::scan`] does.
    pub fn scan(&mut self, input: Input<'b>, scratch: &mut Scratch, out: &mut Scanned) {
        let text = unmarked(input.bytes);
        let fits = (LEAST..=MOST).contains(&text.len());
        if input.kind != ObjectKind::Blob || !fits || scratch.is_metered() {
            self.rules.scan(input, self.key, scratch, out);
            return;
        }
        let found = self.nearest(text);
        let past = found.and_then(|(i, prefix, suffix)| Some((self.past.get(i)?, prefix, suffix)));
        let like = past.map(|(past, prefix, suffix)| Like {
            hits: &past.hits,
            length: past.text.len(),
            account: past.account,
            prefix,
            suffix,
        });
        let quiet = self
            .rules
            .scan_like(input, like.as_ref(), self.key, scratch, out);
        let gone = match found {
            Some((i, ..)) => Some(i),
            None => (self.past.len() == PAST).then_some(0),
        };
        let state = &scratch.plain.state;
        let kept = quiet.zip(state.keywords_of(text));
        let Some((account, keywords)) = kept else {
            return;
        };
        if let Some(i) = gone {
            self.spare.push(self.past.remove(i).hits);
        }
        let mut hits = self.spare.pop().unwrap_or_default();
        hits.clear();
        hits.extend(keywords);
        self.past.push(Past {
            text,
            hits,
            account,
        });
    }

    /// Forgets what was scanned.
    pub fn forget(&mut self) {
        self.past.clear();
    }

    /// The text that has most in common with `text`: which it is, and how many bytes at the
    /// beginning and at the end are the same.
    fn nearest(&self, text: &[u8]) -> Option<(usize, usize, usize)> {
        let mut best = None;
        let mut most = LEAST.max(text.len() / 4);
        for (i, past) in self.past.iter().enumerate().rev() {
            let shorter = past.text.len().min(text.len());
            if shorter < most {
                continue;
            }
            let prefix = same_beginning(past.text, text);
            let rest = |text: &'b [u8]| text.get(prefix..).unwrap_or_default();
            let suffix = same_end(rest(past.text), text.get(prefix..).unwrap_or_default());
            if prefix + suffix >= most {
                most = prefix + suffix + 1;
                best = Some((i, prefix, suffix));
            }
        }
        best
    }
}

/// How many bytes at the beginning of both are the same.
fn same_beginning(a: &[u8], b: &[u8]) -> usize {
    let (steps, _) = a.as_chunks();
    let (others, _) = b.as_chunks();
    let differs = steps.iter().zip(others).position(|(a, b)| differ(a, b));
    let known = differs.unwrap_or(steps.len().min(others.len())) * STEP;
    let (words, _) = a.get(known..).unwrap_or_default().as_chunks();
    let (others, _) = b.get(known..).unwrap_or_default().as_chunks();
    for (i, (word, other)) in words.iter().zip(others).enumerate() {
        let other = u64::from_le_bytes(*word) ^ u64::from_le_bytes(*other);
        if other != 0 {
            return known + i * WORD + (other.trailing_zeros() / 8) as usize;
        }
    }
    let known = known + words.len().min(others.len()) * WORD;
    let rest = a.iter().zip(b).skip(known);
    known + rest.take_while(|(a, b)| a == b).count()
}

/// The same at the end of both.
fn same_end(a: &[u8], b: &[u8]) -> usize {
    let (_, steps) = a.as_rchunks();
    let (_, others) = b.as_rchunks();
    let mut both = steps.iter().rev().zip(others.iter().rev());
    let differs = both.position(|(a, b)| differ(a, b));
    let known = differs.unwrap_or(steps.len().min(others.len())) * STEP;
    let (_, words) = a.get(..a.len() - known).unwrap_or_default().as_rchunks();
    let (_, others) = b.get(..b.len() - known).unwrap_or_default().as_rchunks();
    for (i, (word, other)) in words.iter().rev().zip(others.iter().rev()).enumerate() {
        let other = u64::from_le_bytes(*word) ^ u64::from_le_bytes(*other);
        if other != 0 {
            return known + i * WORD + (other.leading_zeros() / 8) as usize;
        }
    }
    let known = known + words.len().min(others.len()) * WORD;
    let rest = a.iter().rev().zip(b.iter().rev()).skip(known);
    known + rest.take_while(|(a, b)| a == b).count()
}

/// Without a branch for each byte.
#[inline(always)]
fn differ(a: &[u8; STEP], b: &[u8; STEP]) -> bool {
    a.iter().zip(b).fold(0, |sum, (a, b)| sum | (a ^ b)) != 0
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn what_is_the_same_is_counted(
            (one, other) in ("[ab]{0,9}", "[ab]{0,9}"),
            (before, behind) in (0usize..150, 0usize..150),
        ) {
            let made = |part: &str| {
                [&b"x".repeat(before), part.as_bytes(), &b"y".repeat(behind)].concat()
            };
            let (a, b) = (made(&one), made(&other));
            let count = |same: &mut dyn Iterator<Item = bool>| same.take_while(|s| *s).count();
            let first = count(&mut a.iter().zip(&b).map(|(a, b)| a == b));
            let last = count(&mut a.iter().rev().zip(b.iter().rev()).map(|(a, b)| a == b));
            prop_assert_eq!(same_beginning(&a, &b), first);
            prop_assert_eq!(same_end(&a, &b), last);
        }
    }
}
