//! Where in a text a disguise may begin: one pass that asks what every way of disguising asks.
//!
//! Ordinary text has few such places, and they stand together. So every block of 64 bytes gets
//! bits that say what may begin in it, and each way looks only into its own blocks.

use std::ops::Range;

use crate::masks::{BLOCK, Classes, classes_of, has_twenty, twenty_from};

use super::{Hints, joined, listed};

/// What may begin in a block.
pub(super) mod mark {
    /// A run of at least twenty characters of base64.
    pub(in crate::disguise) const RUN: u16 = 1;
    /// A quote that closes a literal which goes on in another.
    pub(in crate::disguise) const JOIN: u16 = 2;
    /// An escape of a string literal, of a URL, of markup.
    pub(in crate::disguise) const BACKSLASH: u16 = 4;
    pub(in crate::disguise) const PERCENT: u16 = 8;
    pub(in crate::disguise) const ENTITY: u16 = 16;
    /// The bracket of a list of bytes.
    pub(in crate::disguise) const LIST: u16 = 32;
    /// A colon between pairs of hexadecimal digits.
    pub(in crate::disguise) const COLON: u16 = 64;
    /// A blank before and after such a pair.
    pub(in crate::disguise) const BLANK: u16 = 128;
    /// A sign of equality before one: an escape of quoted-printable; or before a line end.
    pub(in crate::disguise) const EQUALS: u16 = 256;
}

/// By byte: after which quote or lead it may follow for the mark to mean anything.
const FOLLOWS: [u16; 256] = {
    let mut table = [0; 256];
    let each: [(&[u8], u16); 4] = [
        (b" \t\r\n+.&\\\"'`|<~),;", mark::JOIN),
        (b"nrt\"'`\\/xuU0123\n\r_-", mark::BACKSLASH),
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
pub(super) fn follows(b: u8) -> u16 {
    FOLLOWS.get(usize::from(b)).copied().unwrap_or(0)
}

/// Blocks whose classes are told at once.
const AT_ONCE: usize = 32;
/// Blocks asked for a mark at once.
const ASKED: usize = 16;

/// What may begin in each block of a text. Reused between texts.
#[derive(Debug, Default)]
pub(super) struct Survey {
    from: usize,
    marks: Vec<u16>,
    /// Of each block, which bytes are characters of base64.
    six: Vec<u64>,
    /// Marks of any block.
    any: u16,
    zero: bool,
    /// The classes of the blocks that are looked at.
    classes: Vec<Classes>,
}

impl Survey {
    /// Looks at a part of `text`. Where it ends before the text does, the last block tells of what
    /// stands in the part alone.
    pub(super) fn of(&mut self, text: &[u8], part: Range<usize>, hints: Hints) {
        let from = part.start;
        self.from = from;
        self.zero = false;
        let (blocks, rest) = text.get(part).unwrap_or_default().as_chunks();
        let count = blocks.len() + 1;
        self.marks.resize(count, 0);
        self.six.resize(count, 0);
        let goes_on = hints.joins || hints.goes_on;
        let glance = Glance {
            text,
            hints,
            joins: if goes_on { u64::MAX } else { 0 },
        };
        let mut slots = self.marks.iter_mut().zip(&mut self.six);
        let (mut any, mut at, mut hex_before) = (0, from, 0);
        // All but the last, which waits for what follows it.
        let mut look = |classes: &[Classes]| {
            let pairs = classes.iter().zip(classes.iter().skip(1));
            for ((here, next), (marks, six)) in pairs.zip(&mut slots) {
                *marks = glance.marks(at, hex_before, here, next);
                *six = here.six;
                any |= *marks;
                (hex_before, at) = (here.hex, at + BLOCK);
            }
        };
        let classes = &mut self.classes;
        classes.resize(AT_ONCE + 1, Classes::default());
        let mut waits = 0;
        for blocks in blocks.chunks(AT_ONCE) {
            let known = waits + blocks.len();
            let Some(now) = classes.get_mut(waits..known) else {
                break;
            };
            self.zero |= classes_of(blocks, now);
            look(classes.get(..known).unwrap_or_default());
            classes.swap(0, known - 1);
            waits = 1;
        }
        // What is left, and a block of nothing behind it.
        let mut last = [[0; BLOCK]];
        let [padded] = &mut last;
        for (slot, b) in padded.iter_mut().zip(rest) {
            *slot = *b;
        }
        self.zero |= rest.contains(&0);
        if let Some(end) = classes.get_mut(..3) {
            let [_, left, behind] = end else { return };
            classes_of(&last, std::slice::from_mut(left));
            *behind = Classes::default();
            look(end.get(1 - waits..).unwrap_or_default());
        }
        self.any = any;
    }

    /// Whether a byte is zero.
    pub(super) fn has_zero(&self) -> bool {
        self.zero
    }

    /// The first block with `mark` that reaches beyond `at`: where it begins.
    pub(super) fn next(&self, mark: u16, at: usize) -> Option<usize> {
        if self.any & mark == 0 {
            return None;
        }
        let mut first = at.saturating_sub(self.from) / BLOCK;
        loop {
            let rest = self.marks.get(first..)?;
            if rest.first()? & mark != 0 {
                return Some(self.from + first * BLOCK);
            }
            let some = rest.first_chunk::<ASKED>();
            let none = some.is_some_and(|some| some.iter().fold(0, |sum, m| sum | m) & mark == 0);
            first += if none { ASKED } else { 1 };
        }
    }

    fn six_of(&self, block: usize) -> u64 {
        self.six.get(block).copied().unwrap_or(0)
    }

    /// Where the next run of at least twenty characters of base64 begins, at or after `at`.
    pub(super) fn next_run(&self, at: usize) -> Option<usize> {
        let mut at = at;
        loop {
            let start = self.next(mark::RUN, at)?;
            let block = (start - self.from) / BLOCK;
            let six = |block| u128::from(self.six_of(block));
            let begins = twenty_from(six(block) | six(block + 1) << BLOCK);
            let left = begins & u64::MAX << at.saturating_sub(start);
            if left != 0 {
                return Some(start + left.trailing_zeros() as usize);
            }
            at = start + BLOCK;
        }
    }

    /// Where the run of characters of base64 ends that begins at `at`, which may have none.
    pub(super) fn run_end(&self, at: usize) -> usize {
        let place = at.saturating_sub(self.from);
        let (mut block, bit) = (place / BLOCK, place % BLOCK);
        let other = !self.six_of(block) & u64::MAX << bit;
        if other != 0 {
            return at + other.trailing_zeros() as usize - bit;
        }
        loop {
            block += 1;
            let length = self.six_of(block).trailing_ones() as usize;
            if length < BLOCK {
                return self.from + block * BLOCK + length;
            }
        }
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

/// What is looked at block by block.
struct Glance<'t> {
    text: &'t [u8],
    hints: Hints,
    /// All bits where whatever follows a literal may join it to another.
    joins: u64,
}

impl Glance<'_> {
    /// The marks of the block at `at`, with what is known of those before and behind it.
    #[inline]
    fn marks(&self, at: usize, hex_before: u64, here: &Classes, next: &Classes) -> u16 {
        let mut marks = 0;
        // A run that began before is none that begins here, but it may be asked for.
        if has_twenty(here.six, next.six) {
            marks |= mark::RUN;
        }
        let follow = |here: u64, next: u64, by: u32| here >> by | next << (64 - by);
        let closing = here.quotes & (follow(here.joins, next.joins, 1) | self.joins);
        if closing != 0 {
            marks |= self.joins(at, closing);
        }
        if here.leads != 0 {
            marks |= self.escapes(at, here.leads);
        }
        let behind = here.opens << 1;
        // Behind the whitespace after a bracket stands a bit that was carried there.
        let (sum, beyond) = here.spaces.overflowing_add(behind & here.spaces);
        let first = (behind | sum) & !here.spaces;
        let quoted = here.quotes & (here.quotes >> 2 | next.quotes << 62);
        let items = first & (here.numbers | quoted);
        let casts = first & here.opens;
        let cast = |bit: usize| {
            let rest = self.text.get(at + bit..);
            rest.is_some_and(|rest| rest.starts_with(listed::CAST))
        };
        if (items != 0 && bits(items).any(|bit| listed::begins(self.text, at + bit)))
            || (casts != 0
                && bits(casts).any(|bit| cast(bit) && listed::begins(self.text, at + bit)))
        {
            marks |= mark::LIST;
        }
        if beyond || here.opens >> (BLOCK - 1) != 0 {
            marks |= mark::LIST;
        }
        let pairs = follow(here.hex, next.hex, 1) & follow(here.hex, next.hex, 2);
        let spaced = here.blanks & pairs & follow(here.blanks, next.blanks, 3);
        if spaced != 0 {
            marks |= mark::BLANK;
        }
        // A line that is broken behind a sign of equality.
        let (ends, later) = (here.spaces & !here.blanks, next.spaces & !next.blanks);
        let broken = here.signs & follow(ends, later, 1);
        if broken != 0 && bits(broken).any(|bit| self.text.get(at + bit) == Some(&b'=')) {
            marks |= mark::EQUALS;
        }
        let signs = here.signs & pairs;
        if signs != 0 {
            let lead = |by: u32| here.hex << by | hex_before >> (64 - by);
            let behind = lead(1) & lead(2);
            marks |= bits(signs).fold(0, |marks, bit| {
                marks
                    | match self.text.get(at + bit) {
                        Some(b'=') => mark::EQUALS,
                        _ if behind >> bit & 1 != 0 => mark::COLON,
                        _ => 0,
                    }
            });
        }
        marks
    }

    /// The mark of a block some of whose quotes, those in `quotes`, may close a literal.
    fn joins(&self, at: usize, quotes: u64) -> u16 {
        if bits(quotes).any(|bit| joined::may_go_on(self.text, at + bit, self.hints)) {
            mark::JOIN
        } else {
            0
        }
    }

    /// The marks of a block with escapes that begin at `leads`.
    fn escapes(&self, at: usize, leads: u64) -> u16 {
        bits(leads).fold(0, |marks, bit| {
            let lead = self.text.get(at + bit).copied().unwrap_or(0);
            let next = self.text.get(at + bit + 1).copied().unwrap_or(0);
            let way = match lead {
                b'\\' => mark::BACKSLASH,
                b'%' => mark::PERCENT,
                _ => mark::ENTITY,
            };
            marks | way & follows(next)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::super::view::is_value;
    use super::*;
    use proptest::prelude::*;

    /// Bytes that mean something to one of the ways, more often than in any text.
    fn text() -> impl Strategy<Value = Vec<u8>> {
        let bytes = b"aaabcdefgnq09124AF{[(:= \t\n\r\"'`,;+.&\\%#x|<~)_/-\x00\x80\xff!";
        let one = proptest::sample::select(bytes.to_vec()).prop_map(|b| vec![b]);
        let run = "[a-zA-Z0-9+/_-]{1,90}".prop_map(String::into_bytes);
        let blank = "[ \t\n]{1,80}".prop_map(String::into_bytes);
        let pairs = "([0-9a-f]{2}[ :=]){1,9}".prop_map(String::into_bytes);
        let list = "[\\[{(][ \n]{0,66}(9|6[0-9]|31|-3|0x4[0-9]|\\(byte\\) ?70|'a'|\"\"|1), ?"
            .prop_map(String::into_bytes);
        let part = prop_oneof![20 => one, 1 => run, 1 => blank, 1 => pairs, 1 => list];
        proptest::collection::vec(part, 0..250).prop_map(|parts| parts.concat())
    }

    /// Whether `mark` means something at a place, asked of it alone.
    fn means(text: &[u8], from: usize, at: usize, mark: u16, hints: Hints) -> bool {
        let byte = |at: usize| text.get(at).copied().unwrap_or(0);
        let hex = |at: usize| byte(at).is_ascii_hexdigit();
        let lead = |b: u8| byte(at) == b && follows(byte(at + 1)) & mark != 0;
        match mark {
            mark::RUN => {
                (0..20).all(|i| is_value(byte(at + i)) && !matches!(byte(at + i), b'=' | b'.'))
            }
            mark::JOIN => {
                let quote = matches!(byte(at), b'"' | b'\'' | b'`');
                quote && joined::may_go_on(text, at, hints)
            }
            mark::BACKSLASH => lead(b'\\'),
            mark::PERCENT => lead(b'%'),
            mark::ENTITY => lead(b'&'),
            mark::LIST => {
                let blanks = (at + 1..)
                    .take_while(|i| byte(*i).is_ascii_whitespace())
                    .count();
                let opens = matches!(byte(at), b'[' | b'{' | b'(');
                opens && blanks <= 64 && listed::begins(text, at + 1 + blanks)
            }
            mark::COLON => {
                let behind = at >= from + 2 && hex(at - 1) && hex(at - 2);
                byte(at) == b':' && behind && hex(at + 1) && hex(at + 2)
            }
            mark::BLANK => byte(at) == b' ' && hex(at + 1) && hex(at + 2) && byte(at + 3) == b' ',
            _ => {
                let line = byte(at + 1).is_ascii_whitespace() && byte(at + 1) != b' ';
                byte(at) == b'=' && (line || (hex(at + 1) && hex(at + 2)))
            }
        }
    }

    #[test]
    fn a_list_that_begins_with_a_signed_byte_is_marked() {
        let mut survey = Survey::default();
        survey.of(b"byte[] x = {-3, 55, 122};", 0..25, Hints::default());
        assert_eq!(survey.next(mark::LIST, 0), Some(0));
        survey.of(b"byte[] x = {-4, 55, 122};", 0..25, Hints::default());
        assert_eq!(survey.next(mark::LIST, 0), None);
    }

    proptest! {
        #[test]
        fn nothing_is_overlooked_and_little_is_marked_in_vain(
            text in text(),
            from in 0usize..70,
            (joins, goes_on) in (any::<bool>(), any::<bool>()),
        ) {
            let from = from.min(text.len());
            let hints = Hints { joins, goes_on, ..Hints::default() };
            let mut survey = Survey::default();
            survey.of(&text, from..text.len(), hints);
            prop_assert_eq!(survey.has_zero(), text[from..].contains(&0));
            for mark in (0..9).map(|bit| 1u16 << bit) {
                let mut block = from;
                while block < text.len() {
                    let end = text.len().min(block + BLOCK);
                    let places: Vec<usize> = (block..end)
                        .filter(|at| means(&text, from, *at, mark, hints))
                        .collect();
                    let marked = survey.next(mark, block) == Some(block);
                    prop_assert!(places.is_empty() || marked, "{} not at {:?}", mark, places);
                    // A bracket with nothing but whitespace up to the end of its block may be one.
                    let open = text[block..end].iter().rposition(|b| !b.is_ascii_whitespace());
                    let open = open.map(|i| text[block + i]);
                    let may = mark == mark::LIST && matches!(open, Some(b'[' | b'{' | b'('));
                    prop_assert!(!marked || may || !places.is_empty(), "{} at {}", mark, block);
                    block += BLOCK;
                }
                prop_assert_eq!(survey.next(mark, text.len() + BLOCK), None);
            }
        }

        #[test]
        fn the_next_block_is_the_first_one(marks in proptest::collection::vec(0u16..4, 0..90), at in 0usize..7000) {
            let any = marks.iter().fold(0, |sum, m| sum | m);
            let survey = Survey { from: 5, marks, any, ..Survey::default() };
            let first = at.saturating_sub(5) / BLOCK;
            let plainly = survey.marks.iter().enumerate().skip(first).find(|(_, m)| **m & 2 != 0);
            prop_assert_eq!(survey.next(2, at), plainly.map(|(i, _)| 5 + i * BLOCK));
        }

        #[test]
        fn runs_end_where_they_end(text in text(), from in 0usize..70) {
            let mut survey = Survey::default();
            survey.of(&text, from..text.len(), Hints::default());
            for at in from..text.len().max(from) {
                let six = |b: &&u8| is_value(**b) && !matches!(**b, b'=' | b'.');
                let plainly = at + text[at..].iter().take_while(six).count();
                prop_assert_eq!(survey.run_end(at), plainly);
            }
        }
    }
}
