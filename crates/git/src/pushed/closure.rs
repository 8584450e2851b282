//! Whether everything that new commits, trees and tags name is judged.
//!
//! An id is covered when it is judged in any case, or when it stands at the same path in a
//! parent's tree. Everything else is judged too, wherever it lies.

use lychgate_model::path::promise;
use lychgate_model::{Mode, ObjectKind, Side};

use super::Visitor;
use super::added::{Added, TOP};
use super::deliver::Stop;
use crate::bits::Bits;
use crate::graph::{Graph, Node, too_many};
use crate::numbers::{Full, Lists};
use crate::objects::Objects;
use crate::trees::{Beside, Entry, Listing};

/// What the closure adds to what is judged in any case.
#[derive(Debug, Default)]
pub(crate) struct Outside {
    /// Numbers of objects to be read from the store and judged, in the order they were met.
    pub(crate) late: Vec<u32>,
    /// What cannot be read though something names it, and where it stands.
    pub(crate) unreadable: Vec<(u32, Vec<u8>)>,
}

/// How often one tree is compared with different ones, and how many trees all those of one commit
/// are compared with. Beyond that it is judged as if nothing had stood in its place, which is too
/// much and never too little: trees can be nested so that the comparisons double at every level.
const COMPARISONS: u8 = u8::MAX;
const SIDES: usize = 4_000_000;

/// So many entries that are the very same as those beside them cost as much as one that is not.
const SKIPPED: usize = 16;

/// Follows what judged objects name.
pub(crate) struct Closure<'a> {
    graph: &'a mut Graph,
    objects: &'a Objects,
    here: &'a dyn Fn(u32) -> bool,
    /// Objects that are judged only because something names them.
    added: Bits,
    /// Each comparison of a tree with those at the same path in the parents: its number, then
    /// theirs.
    comparisons: Lists,
    /// The comparison being looked up.
    comparison: Vec<u32>,
    /// How many there are of each tree.
    compared: Vec<u8>,
    /// Trees that those of this commit were compared with.
    sides: usize,
    paths: Added<'a>,
    outside: Outside,
}

struct Frame {
    tree: Listing,
    at: usize,
    beside: Vec<Beside>,
    folder: u32,
    /// Whether all of it stands in no parent, and for the first time in its folder.
    whole: bool,
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
            added: Bits::default(),
            comparisons: Lists::default(),
            comparison: Vec::new(),
            compared: Vec::new(),
            sides: 0,
            paths: Added::new(visitor),
            outside: Outside::default(),
        }
    }

    /// What is judged beside, and the folders that were walked.
    pub(crate) fn finish(self) -> (Outside, Lists) {
        (self.outside, self.paths.into_folders())
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
            let trees = &self.graph.trees;
            let beside = frame.beside.iter();
            let at = beside.fold(frame.at, |at, beside| beside.skip(trees, frame.tree, at));
            let skipped = at - frame.at;
            frame.at = at + 1;
            let Some(entry) = trees.entry(frame.tree, at) else {
                frames.pop();
                continue;
            };
            old.clear();
            let beside = frame.beside.iter_mut();
            old.extend(beside.filter_map(|beside| beside.find(trees, frame.tree, at)));
            self.graph.step(skipped / SKIPPED)?;
            let runs = |e: &Entry| e.mode() == Mode::Executable;
            let becomes = runs(&entry) && !old.is_empty() && !old.iter().any(runs);
            let same = old.iter().any(|old| old.same(entry));
            if same && !becomes {
                continue;
            }
            if !path.is_empty() {
                path.push(b'/');
            }
            path.extend_from_slice(self.graph.trees.name(entry));
            let (folder, name) = (frame.folder, entry.name());
            if old.is_empty() && !entry.is_tree() {
                let id = self.graph.numbers.id(entry.object);
                let mode = entry.mode();
                let (what, trees) = (Side { mode, id }, &self.graph.trees);
                self.paths
                    .path((folder, name), frame.whole, trees, &path, what)?;
            } else if let Some(before) = old.first()
                && (becomes || (before.mode().is_blob() && promise(&path).is_some()))
            {
                let side = |e: Entry| Side {
                    mode: e.mode(),
                    id: self.graph.numbers.id(e.object),
                };
                let content = (folder, name, entry.object);
                let (new, before) = (side(entry), side(*before));
                self.paths.changed(content, &path, new, before)?;
            }
            if same {
                continue;
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
                let below = self.paths.below(folder, name)?;
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
        if self.compared(number) == COMPARISONS || self.sides > SIDES {
            beside.clear();
        }
        self.comparison.clear();
        self.comparison.push(number);
        self.comparison.extend_from_slice(&beside);
        let numbered = self.comparisons.number(&self.comparison);
        let (comparison, first) = numbered.map_err(|Full| too_many())?;
        let at = (self.graph.numbers.id(number), path);
        let walks = self.paths.walks(comparison, folder, first, at)?;
        if !walks && !first {
            return Ok(());
        }
        if first {
            if let Some(compared) = self.compared.get_mut(number as usize) {
                *compared = compared.saturating_add(1);
            }
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
            sides.extend(self.graph.listing(tree).map(Beside::new));
        }
        let tree = self.graph.listing(number).unwrap_or_default();
        if let (true, true, Some(entry)) = (tree.is_empty(), sides.is_empty(), entry) {
            let id = self.graph.numbers.id(number);
            let trees = &self.graph.trees;
            let mode = Mode::Tree;
            self.paths
                .path(entry, false, trees, path, Side { mode, id })?;
        }
        let whole = walks && sides.is_empty() && self.paths.begins(folder, tree);
        frames.push(Frame {
            tree,
            at: 0,
            beside: sides,
            folder,
            whole,
            path: path.len(),
        });
        Ok(())
    }

    /// How often a tree was compared.
    fn compared(&mut self, number: u32) -> u8 {
        let at = number as usize;
        if at >= self.compared.len() {
            self.compared.resize(at + 1, 0);
        }
        self.compared.get(at).copied().unwrap_or(COMPARISONS)
    }
}
