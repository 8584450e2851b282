//! One pass over the bytes for every keyword at once, ASCII case aside.
//!
//! An Aho-Corasick automaton made deterministic over classes of bytes. Each step waits for the
//! load before it, so several parts of the text are walked in one loop: the waits overlap.

use std::ops::Range;

use aho_corasick::{AhoCorasick, AhoCorasickKind, MatchKind};

/// A keyword that ends at a place.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Hit {
    /// Where the keyword ends, counted from the start of the range searched.
    pub end: u32,
    /// Which keyword, as numbered when the prefilter was made.
    pub keyword: u32,
}

/// Where hits are collected: one list per part of the text, each in order, and the parts in order.
#[derive(Debug, Default)]
pub struct Hits {
    lanes: [Vec<Hit>; LANES],
}

impl Hits {
    /// All hits, by where they end.
    pub fn iter(&self) -> impl Iterator<Item = Hit> + '_ {
        self.lanes.iter().flatten().copied()
    }

    fn clear(&mut self) {
        self.lanes.iter_mut().for_each(Vec::clear);
    }

    /// Whether nothing was hit.
    pub fn is_empty(&self) -> bool {
        self.lanes.iter().all(Vec::is_empty)
    }
}

const LANES: usize = 4;
/// Below this one walk is faster than several.
const SMALL: usize = 512;
/// Most bytes searched in one call; positions in hits are 32 bits.
pub const RANGE_MOST: usize = 1 << 20;

/// Finds keywords.
#[derive(Debug)]
pub struct Prefilter {
    classes: [u8; 256],
    engine: Engine,
    longest: usize,
}

#[derive(Debug)]
enum Engine {
    Narrow(Table<32>),
    Middle(Table<64>),
    Wide(Table<128>),
    /// More states than 16 bits can number, or more classes than a table has.
    Fallback(Box<AhoCorasick>),
}

/// Whole cache lines, so that a row does not lie on one line more than it has to.
#[derive(Clone, Copy, Debug)]
#[repr(align(64))]
struct Row<const CLASSES: usize>([u16; CLASSES]);

/// Transitions, one row a state; states from `first_match` on end a keyword.
#[derive(Debug)]
struct Table<const CLASSES: usize> {
    rows: Vec<Row<CLASSES>>,
    first_match: u16,
    /// For each matching state in order, its keywords.
    ends: Vec<Box<[u32]>>,
}

impl Prefilter {
    /// An automaton over keywords; their numbers are their places in the list. Empty ones never
    /// hit.
    pub fn new<K: AsRef<[u8]>>(keywords: &[K]) -> Self {
        let keywords: Vec<Vec<u8>> = keywords
            .iter()
            .map(|k| k.as_ref().to_ascii_lowercase())
            .collect();
        let longest = keywords.iter().map(Vec::len).max().unwrap_or(0);
        let (classes, count) = classes(&keywords);
        let trie = Trie::new(&keywords, &classes, count);
        let engine = match count {
            _ if trie.ends.len() > usize::from(u16::MAX) => Self::fallback(&keywords),
            ..=32 => Engine::Narrow(trie.table()),
            33..=64 => Engine::Middle(trie.table()),
            65..=128 => Engine::Wide(trie.table()),
            _ => Self::fallback(&keywords),
        };
        Self {
            classes,
            engine,
            longest,
        }
    }

    /// The same keywords on the reference automaton, for tests and as the floor of benchmarks.
    pub fn reference<K: AsRef<[u8]>>(keywords: &[K]) -> Self {
        let keywords: Vec<Vec<u8>> = keywords
            .iter()
            .map(|k| k.as_ref().to_ascii_lowercase())
            .collect();
        let longest = keywords.iter().map(Vec::len).max().unwrap_or(0);
        Self {
            classes: [0; 256],
            engine: Self::fallback(&keywords),
            longest,
        }
    }

    fn fallback(keywords: &[Vec<u8>]) -> Engine {
        let build = |kind| {
            AhoCorasick::builder()
                .ascii_case_insensitive(true)
                .match_kind(MatchKind::Standard)
                .kind(kind)
                .build(keywords)
        };
        let made = build(Some(AhoCorasickKind::DFA)).or_else(|_| build(None));
        match made {
            Ok(ac) => Engine::Fallback(Box::new(ac)),
            // Fails only beyond 2^31 states, which packs cannot reach; an empty set hits nothing.
            Err(_) => Engine::Narrow(Trie::new(&[], &[0; 256], 1).table()),
        }
    }

    /// Finds the keywords that end inside `range` of `text`, which may begin before it. At most
    /// [`RANGE_MOST`] bytes of the range are searched.
    pub fn find(&self, text: &[u8], range: Range<usize>, hits: &mut Hits) {
        hits.clear();
        let end = range
            .end
            .min(text.len())
            .min(range.start.saturating_add(RANGE_MOST));
        let range = range.start.min(end)..end;
        match &self.engine {
            Engine::Narrow(t) => t.find(&self.classes, self.longest, text, range, hits),
            Engine::Middle(t) => t.find(&self.classes, self.longest, text, range, hits),
            Engine::Wide(t) => t.find(&self.classes, self.longest, text, range, hits),
            Engine::Fallback(ac) => {
                let from = range.start.saturating_sub(self.longest.saturating_sub(1));
                let Some(part) = text.get(from..range.end) else {
                    return;
                };
                let before = range.start - from;
                let lane = &mut hits.lanes[0];
                for m in ac.find_overlapping_iter(part).filter(|m| m.end() > before) {
                    lane.push(hit(m.end() - before, m.pattern().as_u32()));
                }
                lane.sort_unstable();
            }
        }
    }
}

fn hit(end: usize, keyword: u32) -> Hit {
    Hit {
        end: u32::try_from(end).unwrap_or(u32::MAX),
        keyword,
    }
}

/// Bytes that text has most of: the first line of a row holds what is nearly always asked for.
const FREQUENT: &[u8] = b"etaoinsrlcdupmhgf_bvyxkw-\"'()/$.";

/// A class for every byte that occurs, letters of both cases sharing one; 0 is everything else.
fn classes(keywords: &[Vec<u8>]) -> ([u8; 256], usize) {
    let mut occurs = [false; 256];
    for &b in keywords.iter().flatten() {
        occurs[usize::from(b)] = true;
    }
    let mut classes = [0u8; 256];
    let mut count = 1usize;
    let all = FREQUENT.iter().copied().chain(0..=u8::MAX);
    for b in all.filter(|b| occurs[usize::from(*b)]) {
        let at = usize::from(b);
        if classes[at] == 0 {
            classes[at] = u8::try_from(count).unwrap_or(u8::MAX);
            classes[usize::from(b.to_ascii_uppercase())] = classes[at];
            count += 1;
        }
    }
    (classes, count)
}

/// The automaton while it is made: state 0 is the root, `width` transitions a state.
struct Trie {
    width: usize,
    next: Vec<u32>,
    ends: Vec<Vec<u32>>,
    /// States by their depth: text is mostly near the root, and those rows lie together.
    order: Vec<usize>,
}

impl Trie {
    fn new(keywords: &[Vec<u8>], classes: &[u8; 256], width: usize) -> Self {
        const NONE: u32 = u32::MAX;
        let mut next = vec![NONE; width];
        let mut ends: Vec<Vec<u32>> = vec![Vec::new()];
        for (number, keyword) in (0u32..).zip(keywords) {
            let mut state = 0usize;
            for &b in keyword {
                let at = state * width + usize::from(classes[usize::from(b)]);
                if next[at] == NONE {
                    next[at] = u32::try_from(ends.len()).unwrap_or(NONE);
                    next.resize(next.len() + width, NONE);
                    ends.push(Vec::new());
                }
                state = next[at] as usize;
            }
            if state != 0 {
                ends[state].push(number);
            }
        }
        // Breadth first: a state's fallback is shallower, and so complete already.
        let mut fallback = vec![0u32; ends.len()];
        let mut order = vec![0usize];
        let mut done = 0;
        while let Some(&state) = order.get(done) {
            done += 1;
            let above = fallback[state] as usize;
            for class in 0..width {
                let behind = if state == 0 {
                    0
                } else {
                    next[above * width + class]
                };
                let child = next[state * width + class];
                if child == NONE {
                    next[state * width + class] = behind;
                    continue;
                }
                fallback[child as usize] = behind;
                if !ends[behind as usize].is_empty() {
                    let inherited = ends[behind as usize].clone();
                    ends[child as usize].extend(inherited);
                }
                order.push(child as usize);
            }
        }
        Self {
            width,
            next,
            ends,
            order,
        }
    }

    /// Numbers the states anew, so that one comparison tells a match.
    fn table<const CLASSES: usize>(self) -> Table<CLASSES> {
        let (quiet, ending): (Vec<usize>, Vec<usize>) =
            self.order.iter().partition(|&&s| self.ends[s].is_empty());
        let mut number = vec![0u16; self.ends.len()];
        for (new, &old) in (0u16..=u16::MAX).zip(quiet.iter().chain(&ending)) {
            number[old] = new;
        }
        // Padded: see where it is walked.
        let count = self.ends.len();
        let padded = if count <= 32_768 {
            count.next_power_of_two().max(1024)
        } else {
            count
        };
        let mut rows = vec![Row([0u16; CLASSES]); padded];
        for (row, &old) in rows.iter_mut().zip(quiet.iter().chain(&ending)) {
            let from = &self.next[old * self.width..][..self.width];
            for (to, &state) in row.0.iter_mut().zip(from) {
                *to = number[state as usize];
            }
        }
        let first_match = u16::try_from(quiet.len()).unwrap_or(u16::MAX);
        let mut ends = self.ends;
        let ends = ending
            .iter()
            .map(|&s| std::mem::take(&mut ends[s]).into())
            .collect();
        Table {
            rows,
            first_match,
            ends,
        }
    }
}

impl<const CLASSES: usize> Table<CLASSES> {
    fn find(
        &self,
        classes: &[u8; 256],
        longest: usize,
        text: &[u8],
        range: Range<usize>,
        hits: &mut Hits,
    ) {
        if self.ends.is_empty() {
            return;
        }
        // A length the compiler knows spares a comparison with every byte.
        let rows = self.rows.as_slice();
        let walk = Walk {
            table: self,
            classes,
            longest,
            text,
            range,
        };
        if let Ok(rows) = <&[_; 1024]>::try_from(rows) {
            walk.run(|state| &rows[usize::from(state) % 1024].0, hits);
        } else if let Ok(rows) = <&[_; 2048]>::try_from(rows) {
            walk.run(|state| &rows[usize::from(state) % 2048].0, hits);
        } else if let Ok(rows) = <&[_; 4096]>::try_from(rows) {
            walk.run(|state| &rows[usize::from(state) % 4096].0, hits);
        } else if let Ok(rows) = <&[_; 8192]>::try_from(rows) {
            walk.run(|state| &rows[usize::from(state) % 8192].0, hits);
        } else if let Ok(rows) = <&[_; 16_384]>::try_from(rows) {
            walk.run(|state| &rows[usize::from(state) % 16_384].0, hits);
        } else if let Ok(rows) = <&[_; 32_768]>::try_from(rows) {
            walk.run(|state| &rows[usize::from(state) % 32_768].0, hits);
        } else {
            walk.run(|state| &rows[usize::from(state)].0, hits);
        }
    }

    #[cold]
    fn note(&self, state: u16, end: usize, lane: &mut Vec<Hit>) {
        if let Some(ends) = self.ends.get(usize::from(state - self.first_match)) {
            lane.extend(ends.iter().map(|&k| hit(end, k)));
        }
    }
}

/// One call of [`Table::find`].
struct Walk<'w, const CLASSES: usize> {
    table: &'w Table<CLASSES>,
    classes: &'w [u8; 256],
    longest: usize,
    text: &'w [u8],
    range: Range<usize>,
}

impl<const CLASSES: usize> Walk<'_, CLASSES> {
    #[inline(always)]
    fn run<'r>(&self, row: impl Fn(u16) -> &'r [u16; CLASSES], hits: &mut Hits) {
        // A class is below CLASSES by construction; the remainder tells the compiler so.
        let class = |byte: u8| usize::from(self.classes[usize::from(byte)]) % CLASSES;
        let step = |state: u16, byte: u8| row(state)[class(byte)];
        let Range { start, end } = self.range;
        let quarter = if end - start < SMALL {
            0
        } else {
            (end - start) / LANES
        };
        let begins: [usize; LANES] = std::array::from_fn(|i| start + i * quarter);
        // The state after the bytes before a part, as far as they matter.
        let mut states = begins.map(|at| {
            let from = at.saturating_sub(self.longest.saturating_sub(1));
            self.text[from..at]
                .iter()
                .fold(0, |state, &b| step(state, b))
        });
        let lanes = &mut hits.lanes;
        let first = self.table.first_match;
        if quarter > 0 {
            let part = |i: usize| &self.text[begins[i]..begins[i] + quarter];
            let bytes = part(0).iter().zip(part(1)).zip(part(2).iter().zip(part(3)));
            let [mut a, mut b, mut c, mut d] = states;
            for (i, ((&w, &x), (&y, &z))) in bytes.enumerate() {
                a = step(a, w);
                b = step(b, x);
                c = step(c, y);
                d = step(d, z);
                if a.max(b).max(c.max(d)) >= first {
                    for (lane, state) in [a, b, c, d].into_iter().enumerate() {
                        if state >= first {
                            let end = lane * quarter + i + 1;
                            self.table.note(state, end, &mut lanes[lane]);
                        }
                    }
                }
            }
            states = [a, b, c, d];
        }
        // What the division left over follows the last part.
        let mut state = states[LANES - 1];
        for (i, &byte) in self.text[begins[LANES - 1] + quarter..end]
            .iter()
            .enumerate()
        {
            state = step(state, byte);
            if state >= first {
                let end = LANES * quarter + i + 1;
                self.table.note(state, end, &mut lanes[LANES - 1]);
            }
        }
    }
}
