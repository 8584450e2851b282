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
/// Most bytes searched in one call; positions in hits are 32 bits.
pub const RANGE_MOST: usize = 1 << 20;

/// Finds keywords.
#[derive(Debug)]
pub struct Prefilter {
    engine: Engine,
    longest: usize,
}

#[derive(Debug)]
enum Engine {
    Table(Box<Table>),
    /// More states than 15 bits can number.
    Fallback(Box<AhoCorasick>),
}

/// Transitions of which one cache line holds as many of a state as text nearly always asks for.
const LINE: usize = 32;

/// The bit of a state in which a keyword ends.
const ENDS: u16 = 1 << 15;

/// Transitions, a line a state. Behind the lines of all states for the first classes lie those for
/// the next: what is seldom asked for takes up no room between what is.
#[derive(Debug)]
struct Table {
    next: Vec<u16>,
    /// By byte: where its transitions stand for the first state.
    places: [u32; 256],
    /// The first state in which a keyword ends; all behind it do.
    first_match: u16,
    /// For each matching state in order, its keywords.
    ends: Vec<Box<[u32]>>,
}

impl Prefilter {
    /// An automaton over keywords; their numbers are their places in the list. Empty ones never
    /// hit.
    pub fn new<K: AsRef<[u8]>>(keywords: &[K]) -> Self {
        let keywords: Vec<&[u8]> = keywords.iter().map(AsRef::as_ref).collect();
        let longest = keywords.iter().map(|k| k.len()).max().unwrap_or(0);
        let (classes, count) = classes(&keywords);
        let trie = Trie::new(&keywords, &classes);
        let engine = if trie.states.len() > usize::from(ENDS) {
            Self::fallback(&keywords)
        } else {
            Engine::Table(Box::new(trie.table(&classes, count)))
        };
        Self { engine, longest }
    }

    /// The same keywords on the reference automaton, for tests and as the floor of benchmarks.
    pub fn reference<K: AsRef<[u8]>>(keywords: &[K]) -> Self {
        let keywords: Vec<&[u8]> = keywords.iter().map(AsRef::as_ref).collect();
        let longest = keywords.iter().map(|k| k.len()).max().unwrap_or(0);
        Self {
            engine: Self::fallback(&keywords),
            longest,
        }
    }

    fn fallback(keywords: &[&[u8]]) -> Engine {
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
            Err(_) => Engine::Table(Box::new(Trie::new(&[], &[0; 256]).table(&[0; 256], 1))),
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
            Engine::Table(t) => t.find(self.longest, text, range, hits),
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
fn classes(keywords: &[&[u8]]) -> ([u8; 256], usize) {
    let mut occurs = [false; 256];
    for &b in keywords.iter().copied().flatten() {
        occurs[usize::from(b.to_ascii_lowercase())] = true;
    }
    let mut classes = [0u8; 256];
    let mut count = 1usize;
    let all = FREQUENT.iter().copied().chain(0..=u8::MAX);
    for b in all.filter(|b| occurs[usize::from(*b)]) {
        let at = usize::from(b);
        if classes[at] == 0 {
            let class = u8::try_from(count).unwrap_or(u8::MAX);
            classes[usize::from(b.to_ascii_lowercase())] = class;
            classes[usize::from(b.to_ascii_uppercase())] = class;
            count += 1;
        }
    }
    (classes, count)
}

/// The automaton while it is made: a tree of the keywords, state 0 its root.
struct Trie {
    states: Vec<State>,
}

#[derive(Default)]
struct State {
    /// Of the byte that leads here.
    class: u8,
    /// The last state that one more byte leads to, and the one before it among its siblings; 0:
    /// none.
    child: u32,
    sibling: u32,
    /// The state of the longest end of this text that is the beginning of a keyword.
    fallback: u32,
    /// Keywords that end here.
    ends: Vec<u32>,
}

impl Trie {
    fn new(keywords: &[&[u8]], classes: &[u8; 256]) -> Self {
        let mut trie = Self {
            states: vec![State::default()],
        };
        for (number, keyword) in (0u32..).zip(keywords) {
            let walk = |at, b: &u8| trie.step(at, classes[usize::from(*b)]);
            let end = keyword.iter().fold(0, walk);
            if end != 0 {
                trie.states[end].ends.push(number);
            }
        }
        trie
    }

    /// The state a byte leads to, made where there was none.
    fn step(&mut self, from: usize, class: u8) -> usize {
        match self.child(from, class) {
            0 => {
                let new = self.states.len();
                let sibling = self.states[from].child;
                self.states.push(State {
                    class,
                    sibling,
                    ..State::default()
                });
                self.states[from].child = u32::try_from(new).unwrap_or(0);
                new
            }
            child => child,
        }
    }

    /// The state a byte leads to; 0: none.
    fn child(&self, from: usize, class: u8) -> usize {
        let mut at = self.states[from].child as usize;
        while at != 0 && self.states[at].class != class {
            at = self.states[at].sibling as usize;
        }
        at
    }

    /// Every state, the shorter before the longer, with all keywords that end there: text is
    /// mostly near the root, and those rows are to lie together.
    fn complete(&mut self) -> Vec<usize> {
        let mut order = vec![0];
        let mut next = 0;
        while let Some(&state) = order.get(next) {
            next += 1;
            let mut child = self.states[state].child as usize;
            while child != 0 {
                let class = self.states[child].class;
                let mut behind = state;
                let fallback = loop {
                    if behind == 0 {
                        break 0;
                    }
                    behind = self.states[behind].fallback as usize;
                    let found = self.child(behind, class);
                    if found != 0 {
                        break found;
                    }
                };
                self.states[child].fallback = u32::try_from(fallback).unwrap_or(0);
                // It is shallower, and so complete already.
                let inherited = self.states[fallback].ends.clone();
                self.states[child].ends.extend(inherited);
                order.push(child);
                child = self.states[child].sibling as usize;
            }
        }
        order
    }

    /// Numbers the states anew, those in which a keyword ends last.
    fn table(mut self, classes: &[u8; 256], count: usize) -> Table {
        let order = self.complete();
        let ending = |s: &usize| !self.states[*s].ends.is_empty();
        let sections = count.div_ceil(LINE);
        let count = order.len();
        let quiet = count - order.iter().filter(|s| ending(s)).count();
        let (mut next, mut next_ending) = (0..quiet, quiet..count);
        let mut number = vec![0u16; count];
        for state in &order {
            let from = if ending(state) {
                &mut next_ending
            } else {
                &mut next
            };
            let new = from.next().and_then(|n| u16::try_from(n).ok());
            let bit = if ending(state) { ENDS } else { 0 };
            number[*state] = new.unwrap_or(u16::MAX) | bit;
        }
        let line = |state: usize| usize::from(number[state] & !ENDS) * LINE;
        let section = count * LINE;
        let mut next = vec![0u16; padded(section * sections + LINE)];
        // The lines are to be whole cache lines. What is allocated once does not move.
        let skew = next.as_ptr().align_offset(2 * LINE) % LINE;
        for &state in &order {
            // Where no keyword goes on, its shorter end does.
            let behind = line(self.states[state].fallback as usize);
            let own = line(state);
            for from in (0..sections).map(|i| skew + i * section) {
                next.copy_within(from + behind..from + behind + LINE, from + own);
            }
            let mut child = self.states[state].child as usize;
            while child != 0 {
                let class = usize::from(self.states[child].class);
                next[skew + class / LINE * section + own + class % LINE] = number[child];
                child = self.states[child].sibling as usize;
            }
        }
        let places = classes.map(|class| {
            let class = usize::from(class);
            u32::try_from(skew + class / LINE * section + class % LINE).unwrap_or(0)
        });
        let first_match = u16::try_from(quiet).unwrap_or(u16::MAX);
        let ends = order
            .iter()
            .filter(|s| ending(s))
            .copied()
            .collect::<Vec<_>>();
        let ends = ends
            .into_iter()
            .map(|s| std::mem::take(&mut self.states[s].ends).into())
            .collect();
        Table {
            next,
            places,
            first_match,
            ends,
        }
    }
}

/// A length for so many transitions that a walk may be made for.
fn padded(transitions: usize) -> usize {
    match transitions.next_power_of_two().max(1 << 15) {
        // More is rare, and then the comparison is not spared.
        p if p > 1 << 21 => transitions,
        p => p,
    }
}

impl Table {
    fn find(&self, longest: usize, text: &[u8], range: Range<usize>, hits: &mut Hits) {
        if self.ends.is_empty() {
            return;
        }
        let walk = Walk {
            table: self,
            longest,
            text,
            range,
        };
        // A length the compiler knows spares a comparison with every byte.
        macro_rules! of_lengths {
            ($next:expr, $($length:literal)*) => {
                $(if let Ok(next) = <&[u16; 1 << $length]>::try_from($next) {
                    // The bit falls out by itself: a line is 32 long.
                    let next = |state, place| next[(state * LINE + place) % (1 << $length)];
                    return walk.run(next, hits);
                })*
            };
        }
        let next = self.next.as_slice();
        of_lengths!(next, 15 16 17 18 19 20);
        let line = |state| (state & usize::from(!ENDS)) * LINE;
        if let Ok(next) = <&[u16; 1 << 21]>::try_from(next) {
            return walk.run(|state, place| next[(line(state) + place) % (1 << 21)], hits);
        }
        walk.run(|state, place| next[line(state) + place], hits);
    }

    #[cold]
    fn note(&self, state: u16, end: usize, lane: &mut Vec<Hit>) {
        if let Some(ends) = self
            .ends
            .get(usize::from((state & !ENDS) - self.first_match))
        {
            lane.extend(ends.iter().map(|&k| hit(end, k)));
        }
    }
}

/// One call of [`Table::find`].
struct Walk<'w> {
    table: &'w Table,
    longest: usize,
    text: &'w [u8],
    range: Range<usize>,
}

impl Walk<'_> {
    #[inline(always)]
    fn run(&self, next: impl Fn(usize, usize) -> u16, hits: &mut Hits) {
        let places = &self.table.places;
        let step = |state: u16, byte: u8| {
            let place = places[usize::from(byte)] as usize;
            next(usize::from(state), place)
        };
        let Range { start, end } = self.range;
        // Every part but the first is walked from before its beginning: short ones are not worth it.
        let quarter = (end - start) / LANES;
        let quarter = if quarter < self.longest { 0 } else { quarter };
        let begins: [usize; LANES] = std::array::from_fn(|i| start + i * quarter);
        // The state after the bytes before a part, as far as they matter.
        let before = |at: usize| {
            let from = at.saturating_sub(self.longest.saturating_sub(1));
            &self.text[from..at]
        };
        let walk = |part: &[u8]| part.iter().fold(0, |state, &b| step(state, b));
        let mut states = if quarter > 0 {
            // The first part seldom has anything before it; the others at once.
            let parts = before(begins[1]).iter().zip(before(begins[2]));
            let parts = parts.zip(before(begins[3]));
            let [b, c, d] = parts.fold([0; 3], |[b, c, d], ((&x, &y), &z)| {
                [step(b, x), step(c, y), step(d, z)]
            });
            [walk(before(begins[0])), b, c, d]
        } else {
            begins.map(|at| walk(before(at)))
        };
        let lanes = &mut hits.lanes;
        if quarter > 0 {
            let part = |i: usize| &self.text[begins[i]..begins[i] + quarter];
            let bytes = part(0).iter().zip(part(1)).zip(part(2).iter().zip(part(3)));
            let [mut a, mut b, mut c, mut d] = states;
            for (i, ((&w, &x), (&y, &z))) in bytes.enumerate() {
                a = step(a, w);
                b = step(b, x);
                c = step(c, y);
                d = step(d, z);
                if (a | b | c | d) & ENDS != 0 {
                    for (lane, state) in [a, b, c, d].into_iter().enumerate() {
                        if state & ENDS != 0 {
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
            if state & ENDS != 0 {
                let end = LANES * quarter + i + 1;
                self.table.note(state, end, &mut lanes[LANES - 1]);
            }
        }
    }
}
