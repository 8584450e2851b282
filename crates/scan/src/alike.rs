//! What a text has in common with an earlier one: its beginning, its end, and stretches between
//! them that begin with the same lines.

use crate::masks::{BLOCK, Block};

/// Bytes of a stretch between beginning and end that is worth it.
const LEAST: usize = 256;
/// Bytes by which lines are told apart: of a line, or of it and those behind it.
const TOLD: usize = 32;
/// Lines that may be in vain while nearly all of a text is new.
const IN_VAIN: usize = 64;
/// Bytes of the earlier text behind what is known that are looked through at first,
const NEAR: usize = 4 << 10;
/// how many times as many then,
const WIDER: usize = 4;
/// and after how many lines in vain.
const PATIENCE: usize = 32;
/// Bytes of text for which a line is expected, and slots for lines.
const LINE: usize = 16;
const SLOTS_LEAST: usize = 1 << 8;
const SLOTS_MOST: usize = 1 << 14;
/// Bytes compared at once.
const STEP: usize = 256;
/// and where they differ.
const WORD: usize = 8;

/// Bytes of a text that stand in an earlier one as well.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Stretch {
    /// Where they stand,
    pub(crate) at: usize,
    /// and where they stood.
    pub(crate) was: usize,
    pub(crate) length: usize,
}

/// Stretches of one text, and room to look for them.
#[derive(Debug, Default)]
pub(crate) struct Alike {
    /// By what a line begins with: where in the earlier text, 0: nowhere.
    slots: Vec<u32>,
    stretches: Vec<Stretch>,
}

impl Alike {
    /// In the order in which they stand in both texts; none shares a byte with another.
    pub(crate) fn stretches(&self) -> &[Stretch] {
        &self.stretches
    }

    /// Looks for what `text` has in common with `past`, of which as many bytes as are said are the
    /// same at the beginning and at the end. Returns how many bytes are.
    pub(crate) fn find(
        &mut self,
        past: &[u8],
        text: &[u8],
        (prefix, suffix): (usize, usize),
    ) -> usize {
        self.stretches.clear();
        self.add(0, 0, prefix);
        let old = prefix..past.len().saturating_sub(suffix);
        let new = prefix..text.len().saturating_sub(suffix);
        if old.len() >= LEAST && new.len() >= LEAST {
            let count = (old.len() / LINE).next_power_of_two();
            self.slots.clear();
            self.slots.resize(count.clamp(SLOTS_LEAST, SLOTS_MOST), 0);
            self.between(past, text, old, new.clone());
        }
        self.add(new.end, past.len().saturating_sub(suffix), suffix);
        self.stretches.iter().map(|s| s.length).sum()
    }

    fn add(&mut self, at: usize, was: usize, length: usize) {
        if length > 0 {
            self.stretches.push(Stretch { at, was, length });
        }
    }

    /// Notes where the lines of a part of the earlier text begin, the first of those that are told
    /// by the same and do not begin before `gone`. Returns from where on they are not noted.
    fn index(&mut self, past: &[u8], part: std::ops::Range<usize>, gone: usize) -> usize {
        for at in lines(past, part.start) {
            if at > part.end {
                return at - 1;
            }
            let Some(told) = past.get(at..).and_then(<[u8]>::first_chunk) else {
                break;
            };
            let slot = slot(told, self.slots.len());
            if let Some(slot) = self.slots.get_mut(slot)
                && (*slot as usize) < gone.max(1)
            {
                *slot = u32::try_from(at).unwrap_or(0);
            }
        }
        past.len()
    }

    fn between(
        &mut self,
        past: &[u8],
        text: &[u8],
        old: std::ops::Range<usize>,
        new: std::ops::Range<usize>,
    ) {
        let part = text.get(..new.end).unwrap_or_default();
        let past = past.get(..old.end).unwrap_or_default();
        // Up to where both are known, and how many lines were in vain.
        let (mut done, mut gone, mut vain, mut found) = (new.start, old.start, 0, 0);
        // From where on the earlier text is not looked through, how far that is done behind what is
        // known, and lines in vain since.
        let (mut noted, mut ahead, mut missed) = (gone, NEAR, 0);
        let mut begins = lines(part, done);
        while let Some(at) = begins.next() {
            let until = past.len().min(gone.saturating_add(ahead));
            if noted < until {
                noted = self.index(past, noted.max(gone)..until, gone);
            }
            let Some(told) = part.get(at..).and_then(<[u8]>::first_chunk::<TOLD>) else {
                break;
            };
            let slot = slot(told, self.slots.len());
            let was = self.slots.get(slot).map_or(0, |was| *was as usize);
            let before = past.get(was..).and_then(<[u8]>::first_chunk::<TOLD>);
            let length = match before {
                Some(before) if was >= gone && was > 0 && before == told => {
                    let rest = part.get(at..).unwrap_or_default();
                    let longer = same_beginning(past.get(was..).unwrap_or_default(), rest);
                    let head = part.get(done..at).unwrap_or_default();
                    let behind = same_end(past.get(gone..was).unwrap_or_default(), head);
                    Some((behind, longer)).filter(|_| behind + longer >= LEAST)
                }
                _ => None,
            };
            if let Some((behind, longer)) = length {
                self.add(at - behind, was - behind, behind + longer);
                found += behind + longer;
                (done, gone) = (at + longer, was + longer);
                (ahead, missed) = (NEAR, 0);
                begins = lines(part, done);
            } else {
                missed += 1;
                if missed == PATIENCE {
                    (ahead, missed) = (ahead.saturating_mul(WIDER), 0);
                }
                vain += 1;
                if vain > IN_VAIN && found < (at - new.start) / 8 {
                    break;
                }
            }
        }
    }
}

/// Where lines begin behind a place.
struct Lines<'t> {
    text: &'t [u8],
    /// Where the block stands that is looked at, and the ends of lines in it that are left.
    at: usize,
    ends: u64,
}

fn lines(text: &[u8], from: usize) -> Lines<'_> {
    Lines {
        text,
        at: from,
        ends: Block::of(text, from).line_ends(),
    }
}

impl Iterator for Lines<'_> {
    type Item = usize;

    #[inline]
    fn next(&mut self) -> Option<usize> {
        while self.ends == 0 {
            self.at += BLOCK;
            if self.at >= self.text.len() {
                return None;
            }
            self.ends = Block::of(self.text, self.at).line_ends();
        }
        let bit = self.ends.trailing_zeros() as usize;
        self.ends &= self.ends - 1;
        Some(self.at + bit + 1)
    }
}

fn slot(told: &[u8; TOLD], count: usize) -> usize {
    let (words, _) = told.as_chunks::<WORD>();
    let word = |i: usize| words.get(i).map_or(0, |word| u64::from_le_bytes(*word));
    let one = (word(0) ^ word(1).rotate_left(29)).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    let other = (word(2) ^ word(3).rotate_left(29)).wrapping_mul(0xc2b2_ae3d_27d4_eb4f);
    ((one ^ other.rotate_left(32)) >> 32) as usize & count.wrapping_sub(1)
}

/// How many bytes at the beginning of both are the same.
pub(crate) fn same_beginning(a: &[u8], b: &[u8]) -> usize {
    let (steps, _) = a.as_chunks::<STEP>();
    let (others, _) = b.as_chunks();
    let differs = steps.iter().zip(others).position(|(a, b)| a != b);
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
pub(crate) fn same_end(a: &[u8], b: &[u8]) -> usize {
    let (_, steps) = a.as_rchunks::<STEP>();
    let (_, others) = b.as_rchunks();
    let mut both = steps.iter().rev().zip(others.iter().rev());
    let differs = both.position(|(a, b)| a != b);
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
    // Not skipped: that would take a step for each.
    let rest = |text: &'_ [u8]| text.len() - known;
    let (a, b) = (a.get(..rest(a)), b.get(..rest(b)));
    let rest = a.unwrap_or_default().iter().rev();
    let both = rest.zip(b.unwrap_or_default().iter().rev());
    known + both.take_while(|(a, b)| a == b).count()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn what_is_found_is_the_same_and_in_order(
            lines in proptest::collection::vec("[a-c ]{0,40}\n", 40..200),
            edits in proptest::collection::vec((any::<usize>(), 0usize..4, "[a-d\n]{0,30}"), 0..6),
        ) {
            let past = lines.concat().into_bytes();
            let mut changed = lines;
            for (at, how, text) in edits {
                let at = at % changed.len();
                match how {
                    0 => changed[at] = text,
                    1 => changed.insert(at, text),
                    2 if changed.len() > 1 => drop(changed.remove(at)),
                    _ => changed.rotate_left(at % 5),
                }
            }
            let text = changed.concat().into_bytes();
            let prefix = same_beginning(&past, &text);
            let suffix = same_end(&past[prefix..], &text[prefix..]);
            let mut alike = Alike::default();
            let count = alike.find(&past, &text, (prefix, suffix));
            let (mut at, mut was, mut sum) = (0, 0, 0);
            for stretch in alike.stretches() {
                prop_assert!(stretch.at >= at && stretch.was >= was);
                (at, was) = (stretch.at + stretch.length, stretch.was + stretch.length);
                prop_assert_eq!(&text[stretch.at..at], &past[stretch.was..was]);
                sum += stretch.length;
            }
            prop_assert!(count == sum && count >= prefix + suffix);
        }
    }

    #[test]
    fn what_stands_between_two_edits_is_found() {
        let line = |i: usize| format!("line {i} of a text that has many of them\n");
        let text = |edits: &[usize]| {
            let line = |i| match edits.contains(&i) {
                true => "another\n".to_owned(),
                false => line(i),
            };
            (0..300).map(line).collect::<String>().into_bytes()
        };
        let (past, text) = (text(&[]), text(&[40, 41, 150, 270]));
        let mut alike = Alike::default();
        let prefix = same_beginning(&past, &text);
        let suffix = same_end(&past[prefix..], &text[prefix..]);
        let count = alike.find(&past, &text, (prefix, suffix));
        assert_eq!(alike.stretches().len(), 4);
        assert!(count > text.len() - 100, "{count} of {}", text.len());
    }

    proptest! {
        #[test]
        fn what_is_the_same_is_counted(
            (one, other) in ("[ab]{0,9}", "[ab]{0,9}"),
            (before, behind) in (0usize..600, 0usize..600),
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
