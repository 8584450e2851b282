//! Whether everything that new commits, trees and tags name is judged.
//!
//! An id is covered when it is judged in any case, or when it stands at the same path in a
//! parent's tree. Everything else is judged too, wherever it lies.

use std::collections::{HashMap, HashSet};
use std::ops::Range;

use lychgate_model::{Mode, ObjectKind};

use super::Visitor;
use super::added::{Added, TOP};
use super::deliver::Stop;
use crate::graph::{Graph, Node};
use crate::objects::Objects;
use crate::trees::{Beside, Entry};

/// What the closure adds to what is judged in any case.
#[derive(Debug, Default)]
pub(crate) struct Outside {
    /// Numbers of objects to be read from the store and judged, in the order they were met.
    pub(crate) late: Vec<u32>,
    /// What cannot be read though something names it, and where it stands.
    pub(crate) unreadable: Vec<(u32, Vec<u8>)>,
}

/// Comparisons of one tree with those at the same path in the parents, numbered.
type Seen = HashMap<(u32, Vec<u32>), u32>;

/// How often one tree is compared with different ones, and how many trees all those of one commit
/// are compared with. Beyond that it is judged as if nothing had stood in its place, which is too
/// much and never too little: trees can be nested so that the comparisons double at every level.
const COMPARISONS: u32 = 256;
const SIDES: usize = 4_000_000;

/// Follows what judged objects name.
pub(crate) struct Closure<'a> {
    graph: &'a mut Graph,
    objects: &'a Objects,
    here: &'a dyn Fn(u32) -> bool,
    added: HashSet<u32>,
    seen: Seen,
    comparisons: HashMap<u32, u32>,
    /// Trees that those of this commit were compared with.
    sides: usize,
    paths: Added<'a>,
    outside: Outside,
}

struct Frame {
    rest: Range<usize>,
    beside: Vec<Beside>,
    folder: u32,
    path: usize,
}

impl<'a> Closure<'a> {
    /// `here(n)`: the object is judged in any case. `visitor` is told of paths.
    pub(crate) fn new(
        graph: &'a mut Graph,
        objects: &'a Objects,
        here: &'a dyn Fn(u32) -> bool,
        visitor: &'a mut dyn Visitor,
    ) -> Self {
        Self {
            graph,
            objects,
            here,
            added: HashSet::new(),
            seen: Seen::new(),
            comparisons: HashMap::new(),
            sides: 0,
            paths: Added::new(visitor),
            outside: Outside::default(),
        }
    }

    pub(crate) fn finish(self) -> Outside {
        self.outside
    }

    /// Judges an object that nothing covers.
    pub(crate) fn judge(&mut self, number: u32) {
        if !(self.here)(number) && self.added.insert(number) {
            self.outside.late.push(number);
        }
    }

    pub(crate) fn unreadable(&mut self, number: u32, path: &[u8]) {
        if self.added.insert(number) || (self.here)(number) {
            self.outside.unreadable.push((number, path.to_vec()));
        }
    }

    /// What a ref or a tag names that is no commit.
    pub(crate) fn named(&mut self, number: u32) -> Result<(), Stop> {
        match self.graph.peek(number, self.objects) {
            Node::Tree(_) => return self.tree(number, Vec::new()),
            Node::Blob | Node::Commit(_) | Node::Tag(_) => self.judge(number),
            Node::Unread | Node::Unreadable => self.unreadable(number, b""),
        }
        Ok(())
    }

    /// A new commit: its tree against those of its parents.
    pub(crate) fn commit(&mut self, number: u32) -> Result<(), Stop> {
        self.sides = 0;
        self.judge(number);
        let Some(commit) = self.graph.commit(number) else {
            return Ok(());
        };
        let parents = self.graph.parents(commit).to_vec();
        let mut beside = Vec::with_capacity(parents.len());
        for parent in parents {
            self.graph.step(1)?;
            self.graph.load(parent, self.objects);
            beside.extend(self.graph.commit(parent).map(|parent| parent.tree));
        }
        if !beside.contains(&commit.tree) {
            self.tree(commit.tree, beside)?;
        }
        Ok(())
    }

    /// A tree that is judged, and those that stood in its place.
    pub(crate) fn tree(&mut self, number: u32, beside: Vec<u32>) -> Result<(), Stop> {
        let mut path = Vec::new();
        let mut frames = Vec::new();
        let mut old: Vec<Entry> = Vec::new();
        self.enter(number, beside, (TOP, None), &path, &mut frames)?;
        while let Some(frame) = frames.last_mut() {
            path.truncate(frame.path);
            self.graph.step(1 + frame.beside.len())?;
            let Some(at) = frame.rest.next() else {
                frames.pop();
                continue;
            };
            let Some(&entry) = self.graph.trees.entries(at..at + 1).first() else {
                continue;
            };
            old.clear();
            let trees = &self.graph.trees;
            old.extend(
                frame
                    .beside
                    .iter_mut()
                    .filter_map(|beside| beside.find(trees, entry)),
            );
            if old.iter().any(|old| old.same(entry)) {
                continue;
            }
            if !path.is_empty() {
                path.push(b'/');
            }
            path.extend_from_slice(self.graph.trees.name(entry));
            let (folder, name) = (frame.folder, entry.name());
            if old.is_empty() && !entry.is_tree() {
                let id = self.graph.numbers.id(entry.object);
                self.paths.path((folder, name), &path, entry.mode(), id)?;
            }
            if entry.is_gitlink() {
                continue;
            }
            if entry.is_tree() {
                let trees = old
                    .iter()
                    .filter(|old| old.is_tree())
                    .map(|old| old.object)
                    .collect();
                let below = self.paths.below(folder, name);
                let place = (below, Some((folder, name)));
                self.enter(entry.object, trees, place, &path, &mut frames)?;
            } else {
                match self.graph.kind_of(entry.object) {
                    None | Some(ObjectKind::Blob) => self.judge(entry.object),
                    Some(_) => {
                        self.graph
                            .fail(entry.object, "a tree says that it is a file");
                        self.unreadable(entry.object, &path);
                    }
                }
            }
        }
        Ok(())
    }

    /// Begins a tree that stands in the folder `folder`, which is the entry `entry` of another.
    fn enter(
        &mut self,
        number: u32,
        mut beside: Vec<u32>,
        (folder, entry): (u32, Option<(u32, u32)>),
        path: &[u8],
        frames: &mut Vec<Frame>,
    ) -> Result<(), Stop> {
        beside.sort_unstable();
        beside.dedup();
        let comparisons = self.comparisons.entry(number).or_default();
        if *comparisons > COMPARISONS || self.sides > SIDES {
            beside.clear();
        }
        let next = u32::try_from(self.seen.len()).unwrap_or(u32::MAX);
        let comparison = *self.seen.entry((number, beside.clone())).or_insert(next);
        let first = comparison == next;
        let at = (self.graph.numbers.id(number), path);
        if !self.paths.walks(comparison, folder, first, at)? && !first {
            return Ok(());
        }
        if first {
            *comparisons += 1;
            self.sides += beside.len();
        }
        match self.graph.load(number, self.objects) {
            Node::Tree(_) => self.judge(number),
            Node::Unreadable => {
                self.unreadable(number, path);
                return Ok(());
            }
            _ => {
                self.graph.fail(number, "it is named as a tree and is none");
                self.unreadable(number, path);
                return Ok(());
            }
        }
        let mut sides = Vec::with_capacity(beside.len());
        for tree in beside {
            self.graph.step(1)?;
            self.graph.load(tree, self.objects);
            sides.extend(self.graph.range(tree).map(Beside::new));
        }
        let rest = self.graph.range(number).unwrap_or_default();
        if let (true, true, Some(entry)) = (rest.is_empty(), sides.is_empty(), entry) {
            let id = self.graph.numbers.id(number);
            self.paths.path(entry, path, Mode::Tree, id)?;
        }
        frames.push(Frame {
            rest,
            beside: sides,
            folder,
            path: path.len(),
        });
        Ok(())
    }
}
