//! Keywords known by four bytes of them.
//!
//! Only every second place of a text is looked at, so a keyword is known by two grams: one for
//! texts in which it begins at an even place, one for odd ones. What is not clear from a gram
//! alone, its neighbours decide, and then the keyword itself. Keywords of three and of four bytes
//! are known by what is left of them, any byte standing beside it.

use std::ops::Range;

use super::choice::{cheapest, rarity};
use super::keywords::Keywords;
use super::look::{CHUNK, Fourths, Look};
use super::{Hit, hit};

/// Chunks that are looked at before their marks are.
const CHUNKS: usize = 16;

/// Bytes that are looked at of what stands around a gram: two before it, two behind.
const AROUND: usize = 8;
const BEFORE: usize = 2;

/// Grams and what they stand for.
#[derive(Debug)]
pub(super) struct Grams {
    look: Look,
    fourths: Box<Fourths>,
    /// By [`slot`].
    beside: Vec<Beside>,
    /// Those of a slot one after the other.
    items: Vec<Item>,
}

/// What stands beside the grams of a slot.
#[derive(Clone, Copy, Debug, Default)]
struct Beside {
    /// Kinds of bytes that may follow, and that may stand before.
    after: u32,
    before: u32,
    /// The first of their keywords.
    item: u32,
}

/// A keyword at a distance from a gram.
#[derive(Clone, Copy, Debug, Default)]
struct Item {
    /// Eight bytes around the gram, as far as they are the keyword's, letters in lower case.
    around: u64,
    keyword: u32,
    /// How far behind its beginning the gram stands, and one more.
    offset: u8,
    /// Bits of the eight bytes that are not the keyword's: below it and above.
    below: u8,
    above: u8,
    /// No other of the slot follows.
    last: bool,
}

/// Where in a keyword grams are taken from.
const REACH: usize = 128;

/// How a gram stands in a keyword.
#[derive(Clone, Copy)]
enum Gram {
    /// Four bytes from here on.
    Four(usize),
    /// Three bytes from here on, then any.
    Three(usize),
    /// Any byte, and the first three.
    Behind,
}

/// Every letter in lower case; some other bytes become one as well.
const LOWER: u64 = 0x2020_2020_2020_2020;

fn kind(b: u8) -> u32 {
    1 << (b & 31)
}

/// Where it is kept what stands beside a gram: letters of both cases are one.
#[inline(always)]
fn slot(gram: u32) -> usize {
    ((gram & 0x1f1f_1f1f).wrapping_mul(0x9e37_79b1) >> (32 - SLOTS)) as usize
}

const SLOTS: u32 = 15;

impl Grams {
    /// `None`: some keyword is too short.
    pub(super) fn new(keywords: &Keywords, look: Look) -> Option<Self> {
        if keywords.shortest < 3 {
            return None;
        }
        let fourths = vec![0; 1 << 15].into_boxed_slice();
        let mut grams = Self {
            look,
            fourths: fourths.try_into().ok()?,
            beside: vec![Beside::default(); 1 << SLOTS],
            items: Vec::new(),
        };
        // Short ones have no choice; others may then choose the same.
        let mut order: Vec<(u32, &[u8])> = keywords.iter().collect();
        order.sort_by_key(|(_, keyword)| keyword.len());
        let mut items = Vec::with_capacity(8 * order.len());
        for (number, keyword) in order {
            let near = keyword.get(..REACH).unwrap_or(keyword);
            let taken = |gram: &[u8]| grams.takes(gram);
            let chosen = match near {
                [] => continue,
                [_, _, _] => [Gram::Three(0), Gram::Behind],
                [first @ .., _] if first.len() == 3 && rarity(first) > rarity(&near[1..]) => {
                    [Gram::Four(0), Gram::Behind]
                }
                [_, _, _, _] => [Gram::Four(0), Gram::Three(1)],
                _ => [false, true].map(|odd| Gram::Four(cheapest(near, odd, taken))),
            };
            for gram in chosen {
                grams.add(number, keyword, gram, &mut items);
            }
        }
        grams.sort(&items);
        Some(grams)
    }

    fn takes(&self, gram: &[u8]) -> bool {
        gram.first_chunk().is_some_and(|gram| {
            let (three, fourth) = self.look.place(*gram);
            self.fourths[three] & fourth != 0
        })
    }

    /// Adds a keyword that is known by `gram`, to `items` with its slot.
    fn add(&mut self, number: u32, keyword: &[u8], gram: Gram, items: &mut Vec<(usize, Item)>) {
        let at = |i: usize| keyword.get(i).copied().unwrap_or(0);
        let kinds = |i: Option<usize>| {
            i.and_then(|i| keyword.get(i))
                .map_or(u32::MAX, |b| kind(*b))
        };
        // From one before the keyword, so that none is negative.
        let offset = match gram {
            Gram::Four(from) | Gram::Three(from) => from + 1,
            Gram::Behind => 0,
        };
        let mut item = Item {
            keyword: number,
            offset: u8::try_from(offset).unwrap_or(u8::MAX),
            ..Item::default()
        };
        for i in (0..AROUND).rev() {
            let place = (offset + i).checked_sub(BEFORE + 1);
            item.around <<= 8;
            match place.map(|p| keyword.get(p)) {
                Some(Some(b)) => item.around |= u64::from(b | 0x20),
                Some(None) => item.above += 8,
                None => item.below += 8,
            }
        }
        let after = kinds(Some(offset + 3));
        let before = kinds(offset.checked_sub(2));
        let mut lead = |gram: [u8; 4]| {
            let (three, fourth) = self.look.place(gram);
            self.fourths[three] |= fourth;
            let slot = slot(u32::from_le_bytes(gram));
            if let Some(beside) = self.beside.get_mut(slot) {
                beside.after |= after;
                beside.before |= before;
                items.push((slot, item));
            }
        };
        match gram {
            Gram::Four(i) => lead([at(i), at(i + 1), at(i + 2), at(i + 3)]),
            Gram::Three(i) => {
                (b'@'..=b'_').for_each(|any| lead([at(i), at(i + 1), at(i + 2), any]));
            }
            Gram::Behind => {
                (b'@'..=b'_').for_each(|any| lead([any, at(0), at(1), at(2)]));
            }
        }
    }

    /// Puts what belongs to a slot together.
    fn sort(&mut self, items: &[(usize, Item)]) {
        for (slot, _) in items {
            if let Some(beside) = self.beside.get_mut(*slot) {
                beside.item += 1;
            }
        }
        let mut end = 0;
        for beside in &mut self.beside {
            end += beside.item;
            beside.item = end;
        }
        self.items = vec![Item::default(); items.len()];
        for (slot, item) in items {
            let Some(beside) = self.beside.get_mut(*slot) else {
                continue;
            };
            // From the last to the first; the first that comes is the last.
            beside.item -= 1;
            if let Some(place) = self.items.get_mut(beside.item as usize) {
                *place = *item;
            }
        }
        let begins = self.beside.iter().skip(1).map(|b| b.item as usize);
        for begin in begins.chain([items.len()]) {
            if let Some(item) = begin.checked_sub(1).and_then(|i| self.items.get_mut(i)) {
                item.last = true;
            }
        }
    }

    /// Adds the keywords that end inside `range` and returns up to where they are known: where
    /// text has too many grams, that is not its end.
    pub(super) fn find(
        &self,
        keywords: &Keywords,
        text: &[u8],
        range: Range<usize>,
        (hits, marked): (&mut Vec<Hit>, &mut Marked),
    ) -> usize {
        let mut search = Search {
            grams: self,
            keywords,
            text,
            range: range.clone(),
            hits,
            marked,
            spent: 0,
        };
        let known = search.run();
        if known < range.end {
            while hits
                .last()
                .is_some_and(|h| range.start + h.end as usize > known)
            {
                hits.pop();
            }
        }
        known
    }
}

/// Marks of a chunk are nearly always no more.
const FEW: usize = 4;

/// Room for the marked places of a few chunks.
pub(super) type Marked = [u16; CHUNKS * CHUNK / 2 + FEW];
pub(super) const NONE: Marked = [0; CHUNKS * CHUNK / 2 + FEW];

/// What a search may cost before it is given up, and how many bytes of text pay for one more.
const COST: usize = 4096;
const PAYS: usize = 4;

/// One call of [`Grams::find`].
struct Search<'s> {
    grams: &'s Grams,
    keywords: &'s Keywords,
    text: &'s [u8],
    range: Range<usize>,
    hits: &'s mut Vec<Hit>,
    /// Marked places of a few chunks, counted from the first.
    marked: &'s mut Marked,
    spent: usize,
}

impl Search<'_> {
    /// Returns up to where keywords are known.
    fn run(&mut self) -> usize {
        let (text, Range { start, end }) = (self.text, self.range.clone());
        // Keywords that end in the range begin here at the earliest.
        let from = start.saturating_sub(self.keywords.longest.saturating_sub(1)) & !1;
        let mut at = from;
        let mut marks = [0; CHUNKS];
        if at == 0 {
            // Nothing stands before it.
            self.edge(0);
            at = CHUNK;
        }
        // Three bytes of a gram are the keyword's.
        while at + 3 <= end {
            let room = text.len().saturating_sub(at + AROUND) / CHUNK;
            let wanted = (end - at).div_ceil(CHUNK);
            let chunks = CHUNKS.min(room).min(wanted);
            if chunks == 0 {
                self.edge(at);
                at += CHUNK;
                continue;
            }
            let marks = &mut marks[..chunks];
            self.grams
                .look
                .mark(&self.grams.fourths, &text[at..], marks);
            self.judge(marks, text, (at, at));
            at += chunks * CHUNK;
            if self.spent > COST + (at - from) / PAYS {
                // A gram stands at most three bytes before the end of its keyword.
                return (at + 2).clamp(start, end);
            }
        }
        end
    }

    /// The chunk at `at`, where text begins or ends: as if zeros stood around it.
    fn edge(&mut self, at: usize) {
        let mut padded = [0; BEFORE + CHUNK + AROUND];
        let from = at.saturating_sub(BEFORE);
        let rest = self.text.get(from..).unwrap_or_default();
        let slots = padded.iter_mut().skip(BEFORE + from - at);
        slots.zip(rest).for_each(|(slot, b)| *slot = *b);
        let mut marks = [0];
        let look = self.grams.look;
        look.mark(&self.grams.fourths, &padded[BEFORE..], &mut marks);
        self.judge(&marks, &padded, (BEFORE, at));
    }

    /// Looks at what was marked. The first chunk stands at `begin` in `view`, and at `at` in the
    /// text.
    fn judge(&mut self, marks: &[u64], view: &[u8], (begin, at): (usize, usize)) {
        let mut count = 0;
        for (chunk, &marks) in marks.iter().enumerate() {
            count = self.list(chunk * CHUNK, marks, count);
        }
        self.spent += count;
        let count = self.sift(count, view, begin);
        for i in 0..count {
            let Some(&place) = self.marked.get(i) else {
                break;
            };
            self.compare(view, begin + usize::from(place), at + usize::from(place));
        }
    }

    /// Lists the places of one chunk, without a branch where there are few.
    #[inline(always)]
    fn list(&mut self, chunk: usize, mut marks: u64, mut count: usize) -> usize {
        let mut left = marks.count_ones() as usize;
        let total = count + left;
        loop {
            if let Some(slots) = self.marked.get_mut(count..count + FEW) {
                for slot in slots {
                    *slot = (chunk + 2 * marks.trailing_zeros() as usize) as u16;
                    marks &= marks.wrapping_sub(1);
                }
            }
            count += FEW;
            left = left.saturating_sub(FEW);
            if left == 0 {
                return total;
            }
        }
    }

    /// Keeps the places whose neighbours fit.
    #[inline(always)]
    fn sift(&mut self, count: usize, view: &[u8], begin: usize) -> usize {
        let mut kept = 0;
        for i in 0..count.min(self.marked.len()) {
            let place = self.marked[i];
            let around = around(view, begin + usize::from(place));
            let beside = self.beside(around);
            let fits = beside.after >> (around >> 48 & 31) & beside.before >> (around >> 8 & 31);
            self.marked[kept] = place;
            kept += (fits & 1) as usize;
        }
        kept
    }

    #[inline(always)]
    fn beside(&self, around: u64) -> Beside {
        let slot = slot((around >> 16) as u32);
        self.grams.beside.get(slot).copied().unwrap_or_default()
    }

    /// Compares the keywords of a gram; it stands at `seen` in `view` and at `at` in the text.
    fn compare(&mut self, view: &[u8], seen: usize, at: usize) {
        let grams = self.grams;
        let around = around(view, seen);
        let from = self.beside(around).item as usize;
        let around = around | LOWER;
        for item in grams.items.get(from..).unwrap_or_default() {
            self.spent += 4;
            let differ = (around ^ item.around) << item.above >> item.above >> item.below;
            if differ == 0 {
                self.whole(item, at);
            }
            if item.last {
                break;
            }
        }
    }

    /// Adds the keyword of an item, if it stands around `at`.
    #[inline]
    fn whole(&mut self, item: &Item, at: usize) {
        let keyword = self.keywords.get(item.keyword);
        let Some(from) = (at + 1).checked_sub(item.offset.into()) else {
            return;
        };
        let end = from + keyword.len();
        let inside = self.range.start < end && end <= self.range.end;
        let found = || self.text.get(from..end);
        if inside && found().is_some_and(|f| f.eq_ignore_ascii_case(keyword)) {
            let hit = hit(end, self.range.start, item.keyword);
            // A gram may stand behind that of a keyword which ends later: few do.
            let order = |h: &Hit| {
                let length = self.keywords.get(h.keyword).len();
                (h.end, usize::MAX - length, h.keyword)
            };
            let later = |h: &&Hit| h.end > hit.end || (h.end == hit.end && order(h) > order(&hit));
            let behind = self.hits.iter().rev().take_while(later).count();
            self.hits.insert(self.hits.len() - behind, hit);
        }
    }
}

/// The bytes around the gram at `at`.
#[inline(always)]
fn around(view: &[u8], at: usize) -> u64 {
    let bytes = view.get(at - BEFORE..).and_then(<[u8]>::first_chunk);
    u64::from_le_bytes(*bytes.unwrap_or(&[0; AROUND]))
}
