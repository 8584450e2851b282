//! What a pass looks at, and what it finds.

use lychgate_model::{Confidence, Severity, limits};

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

/// The lines a match stands on, as far as an overlap reaches.
pub(super) fn lines_of(text: &[u8], at: std::ops::Range<usize>) -> &[u8] {
    let least = at.start.saturating_sub(limits::OVERLAP);
    let most = text.len().min(at.end.saturating_add(limits::OVERLAP));
    let before = text.get(least..at.start).unwrap_or_default();
    let after = text.get(at.end..most).unwrap_or_default();
    let from = memchr::memrchr(b'\n', before).map_or(least, |n| least + n + 1);
    let to = memchr::memchr(b'\n', after).map_or(most, |n| at.end + n);
    text.get(from..to).unwrap_or_default()
}

/// Whether what a match has before its value is the header of an armoured key.
pub(super) fn is_header(before: &[u8], value: &[u8]) -> bool {
    let has_end = |text| memchr::memchr(b'\n', text).is_some();
    before.starts_with(b"-----") || (has_end(before) && has_end(value))
}
