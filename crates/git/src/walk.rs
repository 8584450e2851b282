//! Which commits are new: reachable from the new tips and from nothing that counts.

use std::collections::{BinaryHeap, HashSet};

use crate::error::Error;
use crate::graph::{Graph, Node};
use crate::objects::Objects;

/// How much younger than a commit its ancestors may claim to be before the walk misses that they
/// are ancestors. Missing it means judging again what was judged, never the other way.
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
    let mut seen = HashSet::new();
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
        let mut paint = Paint::new(graph, objects, judged.tips);
        let all: Vec<u32> = judged.tips.iter().copied().collect();
        let few = !judged.likely.is_empty() && judged.likely.len() < all.len();
        let mut stored = paint.run(&doubtful, if few { judged.likely } else { &all })?;
        if few && !(stored.new.is_empty() && stored.unreadable.is_empty()) {
            stored = paint.run(&doubtful, &all)?;
        }
        found.unreadable.append(&mut stored.unreadable);
        found.new.extend(
            stored
                .new
                .into_iter()
                .filter(|n| !seen.contains(n) || !here(*n)),
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
    paint.begin();
    paint.reach(ancestor, OLD);
    paint.reach(commit, NEW);
    // What is reached from the ancestor cannot lead to it: only the rest is of interest.
    while paint.at(ancestor) & NEW == 0 && paint.waiting > 0 {
        let Some((_, number)) = paint.heap.pop() else {
            break;
        };
        paint.pop(number);
        let colour = if paint.at(number) & OLD != 0 {
            OLD
        } else {
            NEW
        };
        for parent in paint.parents(number) {
            paint.reach(parent, colour);
        }
    }
    paint.at(ancestor) & NEW != 0
}

/// Reached from what is asked about.
const NEW: u8 = 1;
/// Reached from what counts as judged.
const OLD: u8 = 2;
/// In the heap.
const QUEUED: u8 = 4;

struct Paint<'a> {
    graph: &'a mut Graph,
    objects: &'a Objects,
    tips: &'a HashSet<u32>,
    colours: Vec<u8>,
    heap: BinaryHeap<(i64, u32)>,
    /// Commits in the heap that are new as far as is known.
    waiting: usize,
    /// Every commit that was ever new, and what could not be read where one was expected.
    reached: Vec<u32>,
    unreadable: Vec<u32>,
    oldest: i64,
}

impl<'a> Paint<'a> {
    fn new(graph: &'a mut Graph, objects: &'a Objects, tips: &'a HashSet<u32>) -> Self {
        Self {
            graph,
            objects,
            tips,
            colours: Vec::new(),
            heap: BinaryHeap::new(),
            waiting: 0,
            reached: Vec::new(),
            unreadable: Vec::new(),
            oldest: i64::MAX,
        }
    }

    fn begin(&mut self) {
        self.colours.clear();
        self.heap.clear();
        self.reached.clear();
        self.unreadable.clear();
        self.waiting = 0;
        self.oldest = i64::MAX;
    }

    fn run(&mut self, start: &[u32], old: &[u32]) -> Result<NewCommits, Error> {
        self.begin();
        for &number in start {
            self.reach(number, NEW);
        }
        for &number in old {
            self.reach(number, OLD);
        }
        while let Some((date, number)) = self.heap.pop() {
            self.pop(number);
            self.graph.step(1)?;
            if self.waiting == 0
                && self.at(number) & OLD != 0
                && date < self.oldest.saturating_sub(CLOCK_SKEW)
            {
                break;
            }
            let colour = if self.at(number) & OLD != 0 { OLD } else { NEW };
            for parent in self.parents(number) {
                self.reach(parent, colour);
            }
        }
        let is_new = |n: &u32| self.at(*n) & OLD == 0;
        Ok(NewCommits {
            new: self.reached.iter().copied().filter(is_new).collect(),
            unreadable: self.unreadable.iter().copied().filter(is_new).collect(),
        })
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

    fn pop(&mut self, number: u32) {
        let colours = self.at(number);
        self.set(number, colours & !QUEUED);
        if colours & QUEUED != 0 && colours & OLD == 0 {
            self.waiting -= 1;
        }
    }

    fn parents(&self, number: u32) -> Vec<u32> {
        self.graph
            .commit(number)
            .map_or_else(Vec::new, |c| self.graph.parents(c).to_vec())
    }

    /// Paints a commit; tags are followed.
    fn reach(&mut self, mut number: u32, colour: u8) {
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
        if before & colour == colour {
            return;
        }
        let now = before | colour;
        let Some(commit) = self.graph.commit(number) else {
            if before == 0 && colour == NEW {
                self.unreadable.push(number);
            }
            return self.set(number, now);
        };
        if now & OLD == 0 {
            self.oldest = self.oldest.min(commit.date);
        }
        if before == 0 && colour == NEW {
            self.reached.push(number);
        }
        if before & QUEUED != 0 && before & OLD == 0 && now & OLD != 0 {
            self.waiting -= 1;
        }
        if before & QUEUED == 0 {
            self.heap.push((commit.date, number));
            self.waiting += usize::from(now & OLD == 0);
        }
        self.set(number, now | QUEUED);
    }
}
