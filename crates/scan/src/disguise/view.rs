//! Plain text made of a stretch of other text.

use std::ops::Range;

use super::map::Map;
use crate::decode::Wide;
use crate::overwritten::overwrite;

/// Shortest text in which anything can hide.
pub(super) const LEAST: usize = 12;
/// Bytes before a stretch that are shown with it: a name, an operator, a quote.
pub(super) const BEFORE: usize = 96;
/// Bytes after it.
pub(super) const AFTER: usize = 32;
/// Most bytes of one view; a longer stretch goes on in another that overlaps.
pub(super) const MOST: usize = 64 << 10;

/// What a view holds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Content {
    #[default]
    Text,
    /// UTF-16, as it is decoded.
    Wide,
    /// Something packed, or a file that is no text.
    Packed,
}

/// Plain text, where it came from and what was taken off.
#[derive(Debug, Default)]
pub(super) struct View {
    pub(super) kind: &'static str,
    pub(super) plain: Vec<u8>,
    /// The part that was hidden; the rest is context.
    pub(super) core: Range<usize>,
    pub(super) content: Content,
    map: Map,
    /// Most bytes it had since it was wiped.
    most: usize,
}

impl View {
    /// Empty, for another stretch.
    pub(super) fn begin(&mut self, kind: &'static str) {
        self.kind = kind;
        self.most = self.most.max(self.plain.len());
        self.plain.clear();
        self.core = 0..0;
        self.content = Content::Text;
        self.map.clear();
    }

    /// Bytes as they stand.
    pub(super) fn copy(&mut self, text: &[u8], raw: Range<usize>) {
        let bytes = text.get(raw.clone()).unwrap_or_default();
        self.map
            .push((self.plain.len(), bytes.len()), (raw.start, bytes.len()));
        self.plain.extend_from_slice(bytes);
    }

    /// Bytes that stand for others.
    pub(super) fn put(&mut self, bytes: &[u8], raw: Range<usize>) {
        self.map
            .push((self.plain.len(), bytes.len()), (raw.start, raw.len()));
        self.plain.extend_from_slice(bytes);
    }

    /// What was added since `plain` stands for `raw`.
    pub(super) fn stands_for(&mut self, plain: usize, raw: Range<usize>) {
        let length = self.plain.len().saturating_sub(plain);
        self.map.push((plain, length), (raw.start, raw.len()));
    }

    /// What was added since `plain` stands for what the bytes before it stand for too.
    pub(super) fn goes_on(&mut self, plain: usize) {
        let length = self.plain.len().saturating_sub(plain);
        let (_, raw) = self.map.raw(plain.saturating_sub(1), plain);
        self.map.push((plain, length), (raw.saturating_sub(1), 1));
    }

    /// Where plain bytes stand in the text.
    pub(super) fn raw(&self, start: u64, end: u64) -> (u64, u64) {
        let place = |at: u64| usize::try_from(at).unwrap_or(usize::MAX);
        let (from, to) = self.map.raw(place(start), place(end));
        (from as u64, to as u64)
    }

    /// The text with ends of lines in the place of the quotes around what was hidden, where it holds
    /// such quotes itself: they would end within it.
    pub(super) fn apart(&self) -> Option<Vec<u8>> {
        let before = self.core.start.checked_sub(1)?;
        let quote = *self.plain.get(before)?;
        let hidden = self.plain.get(self.core.clone())?;
        if !matches!(quote, b'"' | b'\'' | b'`') {
            return None;
        }
        let first = self.core.start + memchr::memchr(quote, hidden)?;
        // Among escapes a quote that stands for itself ends the literal, as it does in the text.
        let (from, to) = self.map.raw(first, first + 1);
        if matches!(self.kind, "escapes" | "percent" | "entities") && to - from == 1 {
            return None;
        }
        let mut apart = self.plain.clone();
        for at in [before, self.core.end] {
            if let Some(b) = apart.get_mut(at).filter(|b| **b == quote) {
                *b = b'\n';
            }
        }
        Some(apart)
    }

    pub(super) fn is_packed(&self) -> bool {
        self.content == Content::Packed
    }

    pub(super) fn wide(&self) -> Option<Wide> {
        (self.content == Content::Wide)
            .then(|| Wide::of(&self.plain))
            .flatten()
    }

    /// Overwrites what it held.
    pub(super) fn wipe(&mut self) {
        self.begin("");
        self.plain.resize(self.most, 0);
        overwrite(&mut self.plain);
        self.plain.clear();
        self.most = 0;
    }
}

/// Where the line of `at` begins, at most [`BEFORE`] bytes before it.
pub(super) fn before(text: &[u8], at: usize) -> usize {
    let least = at.saturating_sub(BEFORE);
    let head = text.get(least..at).unwrap_or_default();
    memchr::memrchr(b'\n', head).map_or(least, |n| least + n + 1)
}

/// Where the line of `at` ends, at most [`AFTER`] bytes after it.
pub(super) fn after(text: &[u8], at: usize) -> usize {
    let most = text.len().min(at.saturating_add(AFTER));
    let tail = text.get(at..most).unwrap_or_default();
    memchr::memchr(b'\n', tail).map_or(most, |n| at + n)
}

/// Letters, digits and what else values of keys are made of.
pub(super) fn is_value(b: u8) -> bool {
    b.is_ascii_alphanumeric() || matches!(b, b'+' | b'/' | b'=' | b'_' | b'-' | b'.')
}
