//! Which commits are new: reachable from the new tips and from nothing that counts.

use std::collections::{BinaryHeap, HashSet};

use crate::bits::Bits;
use crate::error::Error;
use crate::graph::{Graph, Node};
use crate::objects::Objects;

/// So many old commits are read to be certain; then their dates are believed, to a day. At about 8
/// microseconds each a history of millions must not use up a hook's time. Believing them can mean
/// judging again what was judged, never the other way.
const CERTAIN: usize = 400_000;
const CLOCK_SKEW: i64 = 24 * 60 * 60;

/// What the walk found.
#[derive(Debug, Default)]
pub(crate) struct NewCommits {
    /// Numbers of commits, children before parents as far as their dates tell.
    pub(crate) new: Vec<u32>,
    /// Numbers of what a tip or new commit names as a commit and that cannot be read as one.
    pub(crate) unreadable: Vec<u32>,
}

/// What is taken as judged.
pub(crate) struct Judged<'a> {
    /// What refs that count point at directly: commits, tags, or anything else.
    pub(crate) tips: &'a HashSet<u32>,
    /// Those of them that most likely contain what a push builds on.
    pub(crate) likely: &'a [u32],
}

/// Walks from `start`, the numbers of commits. `here(n)`: the object is judged in any case.
///
/// Commits that are `here` are followed without question. Whether another one is judged is
/// settled by the tips alone where it is one of them, which is nearly always; only otherwise
/// history is read, first that of the likely tips, then that of all.
pub(crate) fn new_commits(
    graph: &mut Graph,
    objects: &Objects,
    start: &[u32],
    here: &dyn Fn(u32) -> bool,
    judged: &Judged<'_>,
) -> Result<NewCommits, Error> {
    let mut found = NewCommits::default();
    let mut seen = Bits::default();
    let mut doubtful = Vec::new();
    let mut stack = start.to_vec();
    while let Some(number) = stack.pop() {
        if judged.tips.contains(&number) || !seen.insert(number) {
            continue;
        }
        if !here(number) {
            doubtful.push(number);
            continue;
        }
        graph.step(1)?;
        match graph.commit(number) {
            Some(commit) => {
                found.new.push(number);
                stack.extend_from_slice(graph.parents(commit));
            }
            None => found.unreadable.push(number),
        }
    }
    if !doubtful.is_empty() {
        let mut stored = Paint::new(graph, objects, judged.tips).run(&doubtful, judged.likely)?;
        found.unreadable.append(&mut stored.unreadable);
        found.new.extend(
            stored
                .new
                .into_iter()
                .filter(|n| !seen.contains(*n) || !here(*n)),
        );
    }
    Ok(found)
}

/// Whether `ancestor` is reachable from `commit` over commits that can be read.
pub(crate) fn is_ancestor(
    graph: &mut Graph,
    objects: &Objects,
    ancestor: u32,
    commit: u32,
) -> bool {
    let none = HashSet::new();
    let mut paint = Paint::new(graph, objects, &none);
    paint.reach(ancestor, OLD, 0);
    paint.reach(commit, NEW, 0);
    // What is reached from the ancestor cannot lead to it: only the rest is of interest.
    while paint.at(ancestor) & NEW == 0 && paint.waiting > 0 && paint.step() {}
    paint.at(ancestor) & NEW != 0
}

/// Reached from what is asked about.
const NEW: u8 = 1;
/// Reached from what counts as judged.
const OLD: u8 = 2;
/// In the heap.
const QUEUED: u8 = 4;

/// Two colours that run down history, the younger commits first.
///
/// Dates order the work and decide nothing. What is reached from a tip that counts is old, so the
/// only mistake there can be is to stop too early and to call something new that an old commit
/// would have led to. Three things end the walk without it:
///
/// - nothing is left that could be new;
/// - every commit that could be new has been followed to old ones, and
/// - whatever old is still to be followed lies *below* all of them.
///
/// A commit lies below a new one when it is an ancestor of one of its old parents: led it to the
/// new one, history would run in a circle. It is enough to know that for the new commits that have
/// no new parent, since every other stands above one of them. Those share 64 bits, one for each
/// set of parents. Where that does not do (more sets, or a new commit without parents) the whole
/// of the old side is read, up to [`CERTAIN`].
struct Paint<'a> {
    graph: &'a mut Graph,
    objects: &'a Objects,
    tips: &'a HashSet<u32>,
    colours: Vec<u8>,
    /// Below which of the lowest new commits each commit lies.
    below: Vec<u64>,
    /// All of these bits, once they are given out; 0 when no bits do.
    lowest: Option<u64>,
    heap: BinaryHeap<(i64, u32)>,
    /// Commits in the heap that must be followed.
    waiting: usize,
    /// Commits that are new as far as is known.
    fresh: usize,
    /// Every commit that was ever new, and what could not be read where one was expected.
    reached: Vec<u32>,
    unreadable: Vec<u32>,
    oldest: i64,
    /// Commits followed since bits were given out.
    certain: usize,
}

impl<'a> Paint<'a> {
    fn new(graph: &'a mut Graph, objects: &'a Objects, tips: &'a HashSet<u32>) -> Self {
        Self {
            graph,
            objects,
            tips,
            colours: Vec::new(),
            below: Vec::new(),
            lowest: None,
            heap: BinaryHeap::new(),
            waiting: 0,
            fresh: 0,
            reached: Vec::new(),
            unreadable: Vec::new(),
            oldest: i64::MAX,
            certain: 0,
        }
    }

    fn run(&mut self, start: &[u32], likely: &[u32]) -> Result<NewCommits, Error> {
        for &number in start {
            self.reach(number, NEW, 0);
        }
        for &number in likely {
            self.reach(number, OLD, 0);
        }
        self.follow()?;
        if !self.is_settled() {
            for &number in self.tips {
                self.reach(number, OLD, 0);
            }
            self.follow()?;
        }
        if !self.is_settled() {
            self.give_bits();
            self.follow()?;
        }
        let is_new = |n: &u32| self.at(*n) & OLD == 0;
        Ok(NewCommits {
            new: self.reached.iter().copied().filter(is_new).collect(),
            unreadable: self.unreadable.iter().copied().filter(is_new).collect(),
        })
    }

    fn is_settled(&self) -> bool {
        self.fresh == 0 && self.unreadable.is_empty()
    }

    /// Walks while something must be followed; before bits are given out also while it is likely,
    /// by the dates, that more turns out to be old.
    fn follow(&mut self) -> Result<(), Error> {
        while let Some(&(date, _)) = self.heap.peek() {
            let more = if self.lowest.is_none() {
                self.waiting > 0 || date >= self.oldest
            } else {
                self.certain += 1;
                let believed = date < self.oldest.saturating_sub(CLOCK_SKEW);
                self.waiting > 0 && !(believed && self.certain > CERTAIN)
            };
            if self.is_settled() || !more {
                break;
            }
            self.step();
            self.graph.step(1)?;
        }
        Ok(())
    }

    /// Marks what lies below the lowest new commits: their parents, and what is reached from them.
    fn give_bits(&mut self) {
        let mut sets: Vec<Vec<u32>> = Vec::new();
        let mut proven = self.unreadable.iter().all(|n| self.at(*n) & OLD != 0);
        for &number in &self.reached {
            if self.at(number) & OLD != 0 {
                continue;
            }
            let parents = self.parents(number);
            let is_new =
                |n: &u32| self.at(*n) & (NEW | OLD) == NEW && self.graph.commit(*n).is_some();
            if parents.iter().any(is_new) {
                continue;
            }
            proven &= parents.iter().any(|n| self.graph.commit(*n).is_some());
            if !sets.contains(&parents) {
                sets.push(parents);
            }
            if !proven || sets.len() > 64 {
                proven = false;
                break;
            }
        }
        self.lowest = Some(match sets.len() {
            _ if !proven => 0,
            64.. => u64::MAX,
            few => (1 << few) - 1,
        });
        self.waiting = self.heap.len();
        if proven {
            for (bit, parents) in sets.iter().enumerate() {
                for &parent in parents {
                    self.reach(parent, OLD, 1 << bit);
                }
            }
        }
    }

    /// Follows the youngest commit to its parents; `false`: there is none.
    fn step(&mut self) -> bool {
        let Some((_, number)) = self.heap.pop() else {
            return false;
        };
        self.waiting -= usize::from(self.must_be_followed(number));
        let colours = self.at(number) & !QUEUED;
        self.set(number, colours);
        let bits = self.bits(number);
        let colour = if colours & OLD != 0 { OLD } else { NEW };
        for parent in self.parents(number) {
            self.reach(parent, colour, bits);
        }
        true
    }

    /// Whether a commit in the heap could still tell something.
    fn must_be_followed(&self, number: u32) -> bool {
        match self.lowest {
            None => self.at(number) & OLD == 0,
            Some(all) => all == 0 || self.bits(number) != all,
        }
    }

    fn at(&self, number: u32) -> u8 {
        self.colours.get(number as usize).copied().unwrap_or(0)
    }

    fn set(&mut self, number: u32, colours: u8) {
        let at = number as usize;
        if at >= self.colours.len() {
            self.colours.resize(at + 1, 0);
        }
        if let Some(slot) = self.colours.get_mut(at) {
            *slot = colours;
        }
    }

    fn bits(&self, number: u32) -> u64 {
        self.below.get(number as usize).copied().unwrap_or(0)
    }

    fn add_bits(&mut self, number: u32, bits: u64) {
        let at = number as usize;
        if bits != 0 && at >= self.below.len() {
            self.below.resize(at + 1, 0);
        }
        if let Some(slot) = self.below.get_mut(at) {
            *slot |= bits;
        }
    }

    fn parents(&self, number: u32) -> Vec<u32> {
        self.graph
            .commit(number)
            .map_or_else(Vec::new, |c| self.graph.parents(c).to_vec())
    }

    /// Paints a commit; tags are followed.
    fn reach(&mut self, mut number: u32, colour: u8, bits: u64) {
        let colour = if self.tips.contains(&number) {
            OLD
        } else {
            colour
        };
        let mut links = 0;
        while let Node::Tag(target) = self.graph.load(number, self.objects) {
            number = target;
            links += 1;
            if links > lychgate_model::limits::DELTA_CHAIN {
                if colour == NEW {
                    self.unreadable.push(number);
                }
                return;
            }
        }
        let before = self.at(number);
        let now = before | colour;
        if before & colour == colour && bits & !self.bits(number) == 0 {
            return;
        }
        let Some(commit) = self.graph.commit(number) else {
            if before == 0 && colour == NEW {
                self.unreadable.push(number);
            }
            return self.set(number, now);
        };
        let queued = before & QUEUED != 0;
        let waited = queued && self.must_be_followed(number);
        self.set(number, now | QUEUED);
        self.add_bits(number, bits);
        self.waiting += usize::from(self.must_be_followed(number));
        self.waiting -= usize::from(waited);
        self.fresh += usize::from(before & (NEW | OLD) == 0 && colour == NEW);
        self.fresh -= usize::from(before & (NEW | OLD) == NEW && colour == OLD);
        if before & (NEW | OLD) == 0 && colour == NEW {
            self.oldest = self.oldest.min(commit.date);
            self.reached.push(number);
        }
        if !queued {
            self.heap.push((commit.date, number));
        }
    }
}
