//! Where in a text a disguise may begin: one pass that asks what every way of disguising asks.
//!
//! Ordinary text has few such places, and they stand together. So every block of 64 bytes gets a
//! byte that says what may begin in it, and each way looks only into its own blocks.

use crate::masks::{BLOCK, Block, twenty_from};

use super::Hints;

/// What may begin in a block.
pub(super) mod mark {
    /// A run of at least twenty characters of base64.
    pub(in crate::disguise) const RUN: u8 = 1;
    /// A quote that closes a literal which goes on in another.
    pub(in crate::disguise) const JOIN: u8 = 2;
    /// An escape of a string literal, of a URL, of markup.
    pub(in crate::disguise) const BACKSLASH: u8 = 4;
    pub(in crate::disguise) const PERCENT: u8 = 8;
    pub(in crate::disguise) const ENTITY: u8 = 16;
}

/// By byte: after which quote or lead it may follow for the mark to mean anything.
const FOLLOWS: [u8; 256] = {
    let mut table = [0; 256];
    let each: [(&[u8], u8); 4] = [
        (b" \t\r\n+.&\\\"'`|<~),;", mark::JOIN),
        (b"nrt\"'`\\/xuU0123\n\r", mark::BACKSLASH),
        (b"0123456789abcdefABCDEF", mark::PERCENT),
        (b"aqlg#", mark::ENTITY),
    ];
    let mut i = 0;
    while i < each.len() {
        let mut j = 0;
        while j < each[i].0.len() {
            table[each[i].0[j] as usize] |= each[i].1;
            j += 1;
        }
        i += 1;
    }
    table
};

/// What `b` may be the second byte of.
pub(super) fn follows(b: u8) -> u8 {
    FOLLOWS.get(usize::from(b)).copied().unwrap_or(0)
}

/// What may begin in each block of a text. Reused between texts.
#[derive(Debug, Default)]
pub(super) struct Survey {
    from: usize,
    marks: Vec<u8>,
}

impl Survey {
    /// Looks at all of `text` from `from` on.
    pub(super) fn of(&mut self, text: &[u8], from: usize, hints: Hints) {
        self.from = from;
        self.marks.clear();
        let length = text.len().saturating_sub(from);
        self.marks.reserve(length.div_ceil(BLOCK));
        let before = from.checked_sub(1).and_then(|i| text.get(i));
        let mut value_before = before.is_some_and(|b| super::view::is_value(*b));
        let (mut block, mut at) = (Block::of(text, from), from);
        let mut six = block.six();
        while at < text.len() {
            let next = Block::of(text, at + BLOCK);
            let six_next = next.six();
            let mut marks = 0;
            // A run that began before is none that begins here, but it may be asked for.
            if twenty_from(u128::from(six) | u128::from(six_next) << 64) != 0 {
                marks |= mark::RUN;
            }
            let quotes = block.quotes();
            if quotes != 0 {
                let after_value = (six | block.dots()) << 1 | u64::from(value_before);
                marks |= joins(text, at, quotes & after_value, hints);
            }
            marks |= escapes(text, at, block.leads());
            self.marks.push(marks);
            let last = text.get(at + BLOCK - 1);
            value_before = last.is_some_and(|b| super::view::is_value(*b));
            (block, six, at) = (next, six_next, at + BLOCK);
        }
    }

    /// The first block with `mark` that reaches beyond `at`: where it begins.
    pub(super) fn next(&self, mark: u8, at: usize) -> Option<usize> {
        let first = at.saturating_sub(self.from) / BLOCK;
        let rest = self.marks.get(first..)?;
        let found = rest.iter().position(|marks| marks & mark != 0)?;
        Some(self.from + (first + found) * BLOCK)
    }
}

/// The bits of a mask, from the lowest on.
pub(super) fn bits(mut mask: u64) -> impl Iterator<Item = usize> {
    std::iter::from_fn(move || {
        let bit = mask.trailing_zeros() as usize;
        mask &= mask.wrapping_sub(1);
        (bit < BLOCK).then_some(bit)
    })
}

/// The mark of a block some of whose quotes, those in `closing`, close a literal.
fn joins(text: &[u8], at: usize, closing: u64, hints: Hints) -> u8 {
    let goes_on = |bit: usize| {
        let next = text.get(at + bit + 1).copied().unwrap_or(0);
        follows(next) & mark::JOIN != 0
            && (hints.joins || next != b',')
            && (hints.goes_on || next != b';')
    };
    if bits(closing).any(goes_on) {
        mark::JOIN
    } else {
        0
    }
}

/// The marks of a block with escapes that begin at `leads`.
fn escapes(text: &[u8], at: usize, leads: u64) -> u8 {
    bits(leads).fold(0, |marks, bit| {
        let lead = text.get(at + bit).copied().unwrap_or(0);
        let next = text.get(at + bit + 1).copied().unwrap_or(0);
        let way = match lead {
            b'\\' => mark::BACKSLASH,
            b'%' => mark::PERCENT,
            _ => mark::ENTITY,
        };
        marks | way & follows(next)
    })
}
