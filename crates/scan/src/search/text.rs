//! What a pass looks at, and what it finds.

use lychgate_model::{Confidence, Severity};

use crate::recall::Recalled;
use crate::scanned::Day;
use crate::shapeless::Evidence;
use crate::value::ValueTag;

/// Text in one coordinate system: an object, or the part of it that is in memory.
#[derive(Clone, Copy)]
pub(crate) struct Text<'a> {
    pub(crate) bytes: &'a [u8],
    /// Where the part begins in the whole.
    pub(crate) base: u64,
    /// Index of the first byte that was not searched before.
    pub(crate) fresh: usize,
    /// Nothing follows.
    pub(crate) last: bool,
}

impl<'a> Text<'a> {
    /// The bytes from one place to another.
    pub(crate) fn between(&self, from: u64, to: u64) -> &'a [u8] {
        self.bytes
            .get(self.index(from)..self.index(to))
            .unwrap_or_default()
    }

    pub(super) fn end(&self) -> u64 {
        self.base + self.bytes.len() as u64
    }

    pub(crate) fn index(&self, at: u64) -> usize {
        let index = usize::try_from(at.saturating_sub(self.base)).unwrap_or(usize::MAX);
        index.min(self.bytes.len())
    }
}

/// A match, in the coordinates of the text.
#[derive(Debug)]
pub(crate) struct Found {
    pub(crate) rule: u32,
    pub(crate) start: u64,
    pub(crate) end: u64,
    pub(crate) value: ValueTag,
    pub(crate) masked: Box<str>,
    pub(crate) severity: Severity,
    pub(crate) confidence: Confidence,
    pub(crate) until: Option<Day>,
    pub(crate) evidence: Evidence,
    /// Allow-lists that may still excuse it.
    pub(crate) open: u32,
    pub(crate) recalled: Recalled,
}
