//! An Aho-Corasick automaton made deterministic over classes of bytes. Each step waits for the
//! load before it, so several parts of the text are walked in one loop: the waits overlap.

use std::ops::Range;

use super::keywords::Keywords;
use super::{Hit, Hits, LANES, hit};

/// Transitions of which one cache line holds as many of a state as text nearly always asks for.
const LINE: usize = 32;

/// The bit of a state in which a keyword ends.
const ENDS: u16 = 1 << 15;

/// Transitions, a line a state. Behind the lines of all states for the first classes lie those for
/// the next: what is seldom asked for takes up no room between what is.
#[derive(Debug)]
pub(super) struct Table {
    next: Vec<u16>,
    /// By byte: where its transitions stand for the first state.
    places: [u32; 256],
    /// The first state in which a keyword ends; all behind it do.
    first_match: u16,
    /// For each matching state in order, its keywords.
    ends: Vec<Box<[u32]>>,
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
pub(super) struct Trie {
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
    pub(super) fn new(keywords: &[&[u8]], classes: &[u8; 256]) -> Self {
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
    pub(super) fn table(mut self, classes: &[u8; 256], count: usize) -> Table {
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
    /// `None`: more states than 15 bits can number.
    pub(super) fn new(keywords: &Keywords) -> Option<Self> {
        let keywords: Vec<&[u8]> = keywords.iter().map(|(_, keyword)| keyword).collect();
        let (classes, count) = classes(&keywords);
        let trie = Trie::new(&keywords, &classes);
        (trie.states.len() <= usize::from(ENDS)).then(|| trie.table(&classes, count))
    }

    /// Adds the keywords, at most `longest` bytes long, that end inside `range`; hits count from
    /// `origin`.
    pub(super) fn find(
        &self,
        longest: usize,
        text: &[u8],
        range: Range<usize>,
        origin: usize,
        hits: &mut Hits,
    ) {
        if self.ends.is_empty() {
            return;
        }
        let walk = Walk {
            table: self,
            longest,
            text,
            range,
            origin,
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
    fn note(&self, state: u16, end: usize, origin: usize, lane: &mut Vec<Hit>) {
        if let Some(ends) = self
            .ends
            .get(usize::from((state & !ENDS) - self.first_match))
        {
            lane.extend(ends.iter().map(|&k| hit(end, origin, k)));
        }
    }
}

/// One call of [`Table::find`].
struct Walk<'w> {
    table: &'w Table,
    longest: usize,
    text: &'w [u8],
    range: Range<usize>,
    origin: usize,
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
                            let end = begins[lane] + i + 1;
                            self.table.note(state, end, self.origin, &mut lanes[lane]);
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
                let end = begins[LANES - 1] + quarter + i + 1;
                self.table
                    .note(state, end, self.origin, &mut lanes[LANES - 1]);
            }
        }
    }
}
