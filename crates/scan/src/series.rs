//! Objects out of one buffer, one after the other: versions of a file come one after the other, and
//! most of each was scanned in the one before.

use std::borrow::Cow;
use std::fmt;
use std::ops::Range;

use lychgate_model::ObjectKind;

use crate::alike::{Alike, same_beginning, same_end};
use crate::prefilter::Hit;
use crate::ruleset::RuleSet;
use crate::scan::{Scratch, unmarked};
use crate::scanned::{Input, Scanned};
use crate::search::{self, Like, Told, Warm};
use crate::tree;
use crate::value::ValueKey;

/// Texts that are remembered.
const PAST: usize = 8;
/// Bytes of a text that is worth it.
const LEAST: usize = 512;
/// Bytes of the longest that is remembered.
const MOST: usize = 8 * search::STEP;
/// Texts that are so many times as long are not alike, or it does not help.
const TIMES: usize = 4;
/// Bytes of text for which a keyword is remembered; text of keywords is scanned every time.
const SPARSE: usize = 16;

/// Scans objects of one buffer under one set of rules. What it finds in each is what
/// [`RuleSet::scan`] finds, byte for byte; what is the same as in one of the last texts costs less.
///
/// It remembers texts where they stand, and lives no longer than they do.
pub struct Series<'r, 'b> {
    rules: &'r RuleSet,
    key: &'r ValueKey,
    /// The latest last.
    past: Vec<Past<'b>>,
    spare: Vec<Known>,
    alike: Alike,
    trees: tree::Clean<'b>,
}

/// A text that was searched to its end.
struct Past<'b> {
    text: &'b [u8],
    known: Cow<'b, Known>,
}

/// What is known of one.
#[derive(Clone, Debug, Default)]
struct Known {
    /// Its keywords,
    hits: Vec<Hit>,
    /// where something came of them,
    warm: Vec<Warm>,
    /// and what it cost.
    told: Option<Told>,
}

/// What a series knows of the texts in one buffer when it ends: another may begin with it.
#[derive(Debug)]
pub struct Left {
    /// The rules it is about.
    instance: u64,
    texts: Vec<(Range<usize>, Known)>,
}

impl Left {
    /// Whether it is of any use.
    pub fn is_empty(&self) -> bool {
        self.texts.is_empty()
    }
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
            alike: Alike::default(),
            trees: tree::Clean::default(),
        }
    }
}

impl<'b> Series<'_, 'b> {
    /// Goes on where a series ended that scanned what stands in `buffer`.
    #[must_use]
    pub fn after(mut self, left: &'b Left, buffer: &'b [u8]) -> Self {
        if left.instance == self.rules.searcher.instance {
            let past = left.texts.iter().filter_map(|(range, known)| {
                Some(Past {
                    text: buffer.get(range.clone())?,
                    known: Cow::Borrowed(known),
                })
            });
            self.past.extend(past.take(PAST));
        }
        self
    }

    /// Ends the series. What it knows of texts that stand in `buffer` is left.
    pub fn leave(self, buffer: &'b [u8]) -> Left {
        let Range { start, end } = buffer.as_ptr_range();
        let texts = self.past.into_iter().filter_map(|past| {
            let place = past.text.as_ptr_range();
            let here = start <= place.start && place.end <= end;
            let at = place.start.addr().wrapping_sub(start.addr());
            here.then(|| (at..at + past.text.len(), past.known.into_owned()))
        });
        Left {
            instance: self.rules.searcher.instance,
            texts: texts.collect(),
        }
    }

    /// Scans one whole object, as [`RuleSet::scan`] does.
    pub fn scan(&mut self, input: Input<'b>, scratch: &mut Scratch, out: &mut Scanned) {
        if input.kind == ObjectKind::Tree && !scratch.is_metered() {
            self.tree(input, scratch, out);
            return;
        }
        let text = unmarked(input.bytes);
        let fits = (LEAST..=MOST).contains(&text.len());
        if input.kind != ObjectKind::Blob || !fits || scratch.is_metered() {
            self.rules.scan(input, self.key, scratch, out);
            return;
        }
        let found = self.nearest(text);
        let past = found.and_then(|i| self.past.get(i));
        let like = past.and_then(|past| {
            let told = past.known.told.as_ref()?;
            Some(Like {
                hits: &past.known.hits,
                length: past.text.len(),
                account: told.account,
                warm: &past.known.warm,
                stretches: self.alike.stretches(),
                veils: told.veils.as_ref(),
            })
        });
        let told = self
            .rules
            .scan_like(input, like.as_ref(), self.key, scratch, out);
        let gone = match found {
            Some(i) => Some(i),
            None => (self.past.len() == PAST).then_some(0),
        };
        if told.is_none() {
            return;
        }
        let mut known = self.spare.pop().unwrap_or_default();
        known.told = told;
        if !known.learn(text, scratch) {
            self.spare.push(known);
            return;
        }
        if let Some(i) = gone
            && let Cow::Owned(known) = self.past.remove(i).known
        {
            self.spare.push(known);
        }
        self.past.push(Past {
            text,
            known: Cow::Owned(known),
        });
    }

    /// What is said of a tree hangs on its names and modes alone.
    fn tree(&mut self, input: Input<'b>, scratch: &mut Scratch, out: &mut Scanned) {
        let Input { bytes, hash, .. } = input;
        if !self.trees.has_names_of(bytes, hash) {
            self.rules.scan(input, self.key, scratch, out);
            if out.is_clean() {
                self.trees.keep(bytes, hash);
            }
        }
    }

    /// Forgets what was scanned.
    pub fn forget(&mut self) {
        self.past.clear();
        self.trees = tree::Clean::default();
    }

    /// The text that has most in common with `text` at its beginning and end, if it has much in
    /// common with it at all: `alike` tells what.
    fn nearest(&mut self, text: &[u8]) -> Option<usize> {
        let mut best = None;
        let mut most = 0;
        for (i, past) in self.past.iter().enumerate().rev() {
            let (one, other) = (past.text.len(), text.len());
            if one / TIMES > other || other / TIMES > one {
                continue;
            }
            let prefix = same_beginning(past.text, text);
            let rest = |text: &'b [u8]| text.get(prefix..).unwrap_or_default();
            let suffix = same_end(rest(past.text), text.get(prefix..).unwrap_or_default());
            if best.is_none() || prefix + suffix > most {
                most = prefix + suffix;
                best = Some((i, past.text, (prefix, suffix)));
            }
            if most >= other / 2 {
                break;
            }
        }
        let (i, past, ends) = best?;
        let common = self.alike.find(past, text, ends);
        (common >= LEAST.max(text.len() / 4)).then_some(i)
    }
}

impl Known {
    /// Takes over what the scan of `text` left; whether that is worth it.
    fn learn(&mut self, text: &[u8], scratch: &mut Scratch) -> bool {
        let state = &mut scratch.plain.state;
        let most = (text.len() / SPARSE).min(search::KEYWORDS);
        self.hits.clear();
        let Some(keywords) = state.keywords_of(text) else {
            return false;
        };
        self.hits.extend(keywords.take(most + 1));
        self.hits.len() <= most && state.warm(&mut self.warm).is_some()
    }
}
