//! Where objects with a hit stand, in which commit, and what stood there before.

use std::collections::{HashMap, HashSet};
use std::hash::{BuildHasher as _, RandomState};
use std::ops::ControlFlow;

use lychgate_model::keyed::{KeyedMap, KeyedSet};
use lychgate_model::limits::{DELETED_SIDES, PLACES_PER_OBJECT};
use lychgate_model::{Mode, ObjectId, ObjectKind, RepoPath, Side};

use crate::bits::Bits;
use crate::deleted::{Deleted, Deletions};
use crate::error::Error;
use crate::graph::{Graph, Node, too_many};
use crate::numbers::Full;
use crate::objects::Objects;
use crate::pushed::{NewObjects, Visitor};
use crate::trees::{Beside, Entry, Listing};

/// One place where an object stands in what is judged.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    /// The object.
    pub object: ObjectId,
    /// The commit that brings it there; `None` for a staged change, a tag, or what a ref points
    /// at without a commit.
    pub commit: Option<ObjectId>,
    /// The path; empty for a commit, a tag or a root tree.
    pub path: RepoPath,
    /// How it stands there; `Regular` for a commit or a tag.
    pub mode: Mode,
    /// The ref through which the commit is reached; may be empty.
    pub reference: Vec<u8>,
    /// What stands at the same path in every parent.
    pub old: Vec<ObjectId>,
    /// Blobs at paths that the same change deletes, likely sources of a move first.
    pub deleted: Vec<ObjectId>,
}

/// Trees entered before the search for places fails: somebody may have nested them so that there
/// are more paths than anyone can walk.
const STEPS: usize = 1_000_000;

impl NewObjects<'_> {
    /// Says where each of `wanted` stands, at most `limits::PLACES_PER_OBJECT` places each: those
    /// of the first ref first, oldest commit first. The same path comes again where something else
    /// stood there before. An object without a place is reachable from no ref of the push.
    ///
    /// # Errors
    ///
    /// As [`NewObjects::enumerate`], when that was not called before; [`Error::TooDeep`] when there
    /// are too many paths to look at: what was told until then is not all.
    pub fn places(
        &mut self,
        wanted: &HashSet<ObjectId>,
        sink: &mut dyn FnMut(Place),
    ) -> Result<(), Error> {
        if self.commits.is_none() {
            self.enumerate(&mut Uninterested)?;
        }
        let wanted: Bits = wanted
            .iter()
            .filter_map(|id| self.graph.numbers.get(id.as_bytes()))
            .collect();
        let references = self.references();
        let mut commits = self.oldest_first();
        // A full list must not be all of the ref that is laxest.
        commits.sort_by_key(|number| references.get(number).copied());
        let objects = self.objects();
        let mut search = Search::new(&mut self.graph, objects, sink);
        search.wanted = wanted;
        for tip in &self.tips {
            search.tip(tip.number, &tip.reference)?;
        }
        let reference = |number: &u32| {
            let tip = references.get(number).and_then(|tip| self.tips.get(*tip));
            tip.map_or(&[][..], |tip| &tip.reference)
        };
        for number in &commits {
            search.commit(*number, reference(number))?;
        }
        // Sent again though it was there before: it stands beside itself.
        for number in search.found.keys() {
            search.wanted.remove(*number);
        }
        if !search.wanted.is_empty() {
            search.unchanged = true;
            search.forget();
            for number in &commits {
                search.commit(*number, reference(number))?;
            }
        }
        Ok(())
    }

    /// Says at which paths the deleted sides of some commits stood: each a commit and a blob.
    ///
    /// # Errors
    ///
    /// As [`NewObjects::places`].
    pub fn gone(
        &mut self,
        wanted: &[(ObjectId, ObjectId)],
        sink: &mut dyn FnMut(ObjectId, ObjectId, &[u8]),
    ) -> Result<(), Error> {
        let mut sides: HashMap<ObjectId, HashSet<ObjectId>> = HashMap::new();
        for (commit, blob) in wanted {
            sides.entry(*commit).or_default().insert(*blob);
        }
        let mut commits = self.oldest_first();
        commits.retain(|n| sides.contains_key(&self.graph.numbers.id(*n)));
        let objects = self.objects();
        let mut nowhere = |_| {};
        let mut search = Search::new(&mut self.graph, objects, &mut nowhere);
        for number in commits {
            let gone = search.gone_from(number)?;
            let graph = &search.graph;
            let commit = graph.numbers.id(number);
            for file in &gone.files {
                let blob = graph.numbers.id(file.blob);
                if sides.get(&commit).is_some_and(|s| s.contains(&blob)) {
                    sink(commit, blob, &gone.path(&graph.trees, *file));
                }
            }
        }
        Ok(())
    }

    /// The new commits, parents before children.
    pub(crate) fn oldest_first(&self) -> Vec<u32> {
        let new = self.commits.as_deref().unwrap_or_default();
        let members: Bits = new.iter().copied().collect();
        let mut done = Bits::default();
        let mut order = Vec::with_capacity(new.len());
        let mut dated: Vec<_> = new
            .iter()
            .map(|n| (self.graph.commit(*n).map_or(0, |c| c.date), *n))
            .collect();
        dated.sort_unstable();
        for (_, start) in dated {
            let mut stack = vec![(start, false)];
            while let Some((number, parents_done)) = stack.pop() {
                if parents_done {
                    order.push(number);
                } else if members.contains(number) && done.insert(number) {
                    stack.push((number, true));
                    if let Some(commit) = self.graph.commit(number) {
                        stack.extend(self.graph.parents(commit).iter().map(|p| (*p, false)));
                    }
                }
            }
        }
        order
    }

    /// For each new commit the first tip that reaches it.
    fn references(&self) -> KeyedMap<u32, usize> {
        let new = self.commits.as_deref().unwrap_or_default();
        let members: Bits = new.iter().copied().collect();
        let mut references = KeyedMap::default();
        for (at, tip) in self.tips.iter().enumerate() {
            let mut number = tip.number;
            while let Node::Tag(target) = self.graph.node(number) {
                number = target;
            }
            let mut stack = vec![number];
            while let Some(number) = stack.pop() {
                if members.contains(number) && !references.contains_key(&number) {
                    references.insert(number, at);
                    if let Some(commit) = self.graph.commit(number) {
                        stack.extend_from_slice(self.graph.parents(commit));
                    }
                }
            }
        }
        references
    }
}

struct Search<'a> {
    graph: &'a mut Graph,
    objects: &'a Objects,
    wanted: Bits,
    /// Places told of each object, as digests of all but their commits.
    found: HashMap<u32, Vec<u64>>,
    digests: RandomState,
    /// Whether something wanted stands below a tree, and how often that was found out.
    contains: Vec<Contains>,
    known: usize,
    /// Trees entered, in all and since `contains` was made.
    steps: usize,
    fresh: usize,
    /// Whether an object has had all its places since then.
    full: bool,
    /// Whether to look at what the parents have at the same path, too.
    unchanged: bool,
    deletions: Deletions,
    sink: &'a mut dyn FnMut(Place),
}

struct Frame {
    tree: Listing,
    at: usize,
    beside: Vec<Beside>,
    path: usize,
}

/// What is known of the trees below one.
#[derive(Clone, Copy, Default, PartialEq, Eq)]
enum Contains {
    #[default]
    Unknown,
    No,
    Yes,
}

/// The commit being looked at.
struct Looked<'a> {
    commit: Option<u32>,
    parents: Vec<u32>,
    reference: &'a [u8],
    deleted: Option<Deleted>,
}

impl<'a> Search<'a> {
    fn new(graph: &'a mut Graph, objects: &'a Objects, sink: &'a mut dyn FnMut(Place)) -> Self {
        Self {
            graph,
            objects,
            wanted: Bits::default(),
            found: HashMap::new(),
            digests: RandomState::new(),
            contains: Vec::new(),
            known: 0,
            steps: 0,
            fresh: 0,
            full: false,
            unchanged: false,
            deletions: Deletions::default(),
            sink,
        }
    }

    /// What a commit deletes.
    fn gone_from(&mut self, number: u32) -> Result<Deleted, Error> {
        let Some(commit) = self.graph.commit(number) else {
            return Ok(Deleted::default());
        };
        let parents = self.graph.parents(commit).iter();
        let parents = parents.filter_map(|parent| self.graph.commit(*parent));
        let parents = parents.map(|parent| parent.tree).collect();
        self.deleted(&Looked {
            commit: Some(number),
            parents,
            reference: b"",
            deleted: None,
        })
    }

    fn tip(&mut self, mut number: u32, reference: &[u8]) -> Result<(), Error> {
        let mut at = Looked {
            commit: None,
            parents: Vec::new(),
            reference,
            deleted: Some(Deleted::default()),
        };
        while let Node::Tag(target) = self.graph.node(number) {
            self.place(&mut at, number, Mode::Regular, b"", &[])?;
            number = target;
        }
        match self.graph.kind_of(number) {
            Some(ObjectKind::Blob) => self.place(&mut at, number, Mode::Regular, b"", &[]),
            Some(ObjectKind::Tree) => self.tree(&mut at, number, &[]),
            _ => Ok(()),
        }
    }

    fn commit(&mut self, number: u32, reference: &[u8]) -> Result<(), Error> {
        let Some(commit) = self.graph.commit(number) else {
            return Ok(());
        };
        let parents: Vec<u32> = self
            .graph
            .parents(commit)
            .iter()
            .filter_map(|parent| self.graph.commit(*parent))
            .map(|parent| parent.tree)
            .collect();
        let mut at = Looked {
            commit: Some(number),
            parents: parents.clone(),
            reference,
            deleted: None,
        };
        if self.wanted.contains(number) {
            at.deleted = Some(Deleted::default());
            self.place(&mut at, number, Mode::Regular, b"", &[])?;
            at.deleted = None;
        }
        if self.unchanged || !parents.contains(&commit.tree) {
            self.tree(&mut at, commit.tree, &parents)?;
        }
        Ok(())
    }

    /// Walks a tree beside those of the parents, wherever something wanted stands below.
    fn tree(&mut self, at: &mut Looked<'_>, root: u32, parents: &[u32]) -> Result<(), Error> {
        let mut path = Vec::new();
        let mut frames = Vec::new();
        let (mut beside, mut old): (Vec<Entry>, Vec<u32>) = (Vec::new(), Vec::new());
        self.place(at, root, Mode::Tree, b"", parents)?;
        self.enter(root, parents, 0, &mut frames)?;
        while let Some(frame) = frames.last_mut() {
            path.truncate(frame.path);
            self.graph.step(1 + frame.beside.len())?;
            let mut next = frame.at;
            if !self.unchanged {
                let trees = &self.graph.trees;
                let beside = frame.beside.iter();
                next = beside.fold(next, |at, beside| beside.skip(trees, frame.tree, at));
            }
            frame.at = next + 1;
            let Some(entry) = self.graph.trees.entry(frame.tree, next) else {
                frames.pop();
                continue;
            };
            let interesting = (self.wanted.contains(entry.object) && !entry.is_gitlink())
                || (entry.is_tree() && self.below(entry.object) != Contains::No);
            if !interesting {
                continue;
            }
            let trees = &self.graph.trees;
            let sides = frame.beside.iter_mut();
            beside.clear();
            beside.extend(sides.filter_map(|side| side.find(trees, frame.tree, next)));
            if !self.unchanged && beside.iter().any(|old| old.same(entry)) {
                continue;
            }
            if !path.is_empty() {
                path.push(b'/');
            }
            path.extend_from_slice(self.graph.trees.name(entry));
            let sides = beside.iter().filter(|old| !old.is_gitlink());
            old.clear();
            old.extend(sides.map(|old| old.object));
            self.place(at, entry.object, entry.mode(), &path, &old)?;
            if entry.is_tree() {
                self.enter(entry.object, &old, path.len(), &mut frames)?;
            }
        }
        Ok(())
    }

    fn enter(
        &mut self,
        tree: u32,
        beside: &[u32],
        path: usize,
        frames: &mut Vec<Frame>,
    ) -> Result<(), Error> {
        if self.full && self.fresh > self.known {
            self.forget();
            self.fresh = 0;
            self.full = false;
        }
        if !self.contains(tree)? {
            return Ok(());
        }
        if self.steps >= STEPS {
            return Err(Error::TooDeep);
        }
        self.steps += 1;
        self.fresh += 1;
        let mut sides = Vec::with_capacity(beside.len());
        for side in beside {
            self.graph.load(*side, self.objects);
            sides.extend(self.graph.listing(*side).map(Beside::new));
        }
        if let Some(tree) = self.graph.listing(tree) {
            frames.push(Frame {
                tree,
                at: 0,
                beside: sides,
                path,
            });
        }
        Ok(())
    }

    /// Whether something wanted stands in or below a tree, as far as it was read; trees that were
    /// not are unchanged, and are read only when those are looked at too.
    fn contains(&mut self, root: u32) -> Result<bool, Error> {
        match self.below(root) {
            Contains::Unknown => {}
            known => return Ok(known == Contains::Yes),
        }
        let mut stack = vec![(root, false)];
        while let Some((tree, below_done)) = stack.pop() {
            if !below_done && self.below(tree) != Contains::Unknown {
                continue;
            }
            if self.unchanged {
                self.graph.load(tree, self.objects);
            }
            let listing = self.graph.listing(tree).unwrap_or_default();
            self.graph.step(1 + listing.len())?;
            let at = stack.len();
            let mut within = false;
            for entry in self.graph.trees.entries(listing) {
                within |= self.wanted.contains(entry.object) && !entry.is_gitlink();
                if entry.is_tree() {
                    match self.below(entry.object) {
                        Contains::Yes => within = true,
                        Contains::Unknown => stack.push((entry.object, false)),
                        Contains::No => {}
                    }
                }
                if within {
                    break;
                }
            }
            if within {
                stack.truncate(at);
                self.note(tree, Contains::Yes);
                continue;
            }
            if stack.len() > at && !below_done {
                stack.insert(at, (tree, true));
            }
            self.note(tree, Contains::No);
        }
        Ok(self.below(root) == Contains::Yes)
    }

    fn below(&self, tree: u32) -> Contains {
        let known = self.contains.get(tree as usize);
        known.copied().unwrap_or_default()
    }

    fn note(&mut self, tree: u32, contains: Contains) {
        let at = tree as usize;
        if at >= self.contains.len() {
            self.contains.resize(at + 1, Contains::Unknown);
        }
        if let Some(slot) = self.contains.get_mut(at) {
            self.known += usize::from(*slot == Contains::Unknown);
            *slot = contains;
        }
    }

    fn forget(&mut self) {
        self.contains.clear();
        self.known = 0;
    }

    fn place(
        &mut self,
        at: &mut Looked<'_>,
        object: u32,
        mode: Mode,
        path: &[u8],
        old: &[u32],
    ) -> Result<(), Error> {
        if !self.wanted.contains(object) {
            return Ok(());
        }
        if at.deleted.is_none() {
            at.deleted = Some(self.deleted(at)?);
        }
        let name = match file_name(path) {
            [] => None,
            name => Some(self.graph.trees.name_number(name)),
        };
        let name = name.transpose().map_err(|Full| too_many())?;
        let files = at.deleted.as_ref().map_or(&[][..], |gone| &gone.files);
        self.graph.step(files.len())?;
        // The same bytes are gone from elsewhere: nothing else can say more.
        let moved = files.iter().find(|file| file.blob == object);
        let of_name = |same: bool| {
            let files = files.iter().filter(|_| moved.is_none());
            files.filter(move |file| (Some(file.name) == name) == same)
        };
        let mut seen = KeyedSet::default();
        let deleted: Vec<ObjectId> = { moved.into_iter() }
            .chain(of_name(true))
            .chain(of_name(false))
            .filter(|file| seen.insert(file.blob))
            .take(DELETED_SIDES)
            .map(|file| self.graph.numbers.id(file.blob))
            .collect();
        let mut old: Vec<ObjectId> = old.iter().map(|n| self.graph.numbers.id(*n)).collect();
        old.sort_unstable();
        old.dedup();
        // The same path with other old sides may be new where it was not before.
        let digest = self
            .digests
            .hash_one((path, at.reference, mode, &old, &deleted));
        let told = self.found.entry(object).or_default();
        if told.contains(&digest) {
            return Ok(());
        }
        told.push(digest);
        if told.len() >= PLACES_PER_OBJECT {
            self.wanted.remove(object);
            self.full = true;
        }
        (self.sink)(Place {
            object: self.graph.numbers.id(object),
            commit: at.commit.map(|commit| self.graph.numbers.id(commit)),
            path: RepoPath(path.to_vec()),
            mode,
            reference: at.reference.to_vec(),
            old,
            deleted,
        });
        Ok(())
    }

    /// Blobs that stand in a parent and not in the commit.
    fn deleted(&mut self, at: &Looked<'_>) -> Result<Deleted, Error> {
        let commit = at.commit.and_then(|commit| self.graph.commit(commit));
        let tree = commit.map(|commit| commit.tree);
        self.deletions
            .of(self.graph, self.objects, tree, &at.parents)
    }
}

fn file_name(path: &[u8]) -> &[u8] {
    path.rsplit(|b| *b == b'/').next().unwrap_or_default()
}

/// Follows everything and wants no content.
struct Uninterested;

impl Visitor for Uninterested {
    fn offer(&mut self, ids: &[ObjectId], needed: &mut Vec<bool>) -> ControlFlow<()> {
        needed.resize(ids.len(), false);
        ControlFlow::Continue(())
    }

    fn object(&mut self, _: ObjectId, _: ObjectKind, _: u64) -> ControlFlow<()> {
        ControlFlow::Continue(())
    }

    fn path(&mut self, _: &[u8], _: Side, _: Option<Side>) -> ControlFlow<()> {
        ControlFlow::Continue(())
    }

    fn data(&mut self, _: &[u8]) -> ControlFlow<()> {
        ControlFlow::Continue(())
    }

    fn unreadable(&mut self, _: ObjectId, _: &[u8], _: &str) -> ControlFlow<()> {
        ControlFlow::Continue(())
    }
}
