//! Paths that new commits add: each told once, however many commits bring it.
//!
//! A name is content, and a value may be split over the components of a path. The tree objects
//! hold single names only, and one of them may be put below another name without being sent
//! again; so whole paths are told beside them.

use std::collections::hash_map::Entry;
use std::ops::ControlFlow;

use lychgate_model::keyed::{KeyedMap, KeyedSet};
use lychgate_model::limits::NAME;
use lychgate_model::{ObjectId, Side};

use super::Visitor;
use super::deliver::{Stop, on};
use crate::graph::too_many;
use crate::numbers::{Full, Lists};
use crate::trees::{Listing, Trees};

/// Paths told of one push.
const PATHS: usize = 4_000_000;

/// Folders walked again only because their trees came to stand at another path: trees can be
/// nested so that there are more paths than anyone can walk.
const AGAIN: usize = 500_000;

/// The folder of a whole tree.
pub(super) const TOP: u32 = 0;

/// Which paths were told, and which trees were walked at which path.
pub(super) struct Added<'v> {
    visitor: &'v mut dyn Visitor,
    /// Folders, each as the folder above and the number of its name.
    folders: Lists,
    /// Of each folder the first tree that was told whole: a first push tells every path there is,
    /// and this is one word for all of a folder.
    whole: KeyedMap<u32, Listing>,
    /// What was told beside them, and how many paths were told in all.
    told: KeyedSet<(u32, u32)>,
    /// Paths that are told though something stood there, each with its new content.
    changed: KeyedSet<(u32, u32, u32)>,
    count: usize,
    /// For each comparison, by its number, the folder it was made in first; and where else.
    walked: Vec<u32>,
    walked_too: KeyedSet<(u32, u32)>,
    again: usize,
    /// There were too many, or one was too long: what was told is not all, and that is said.
    given_up: bool,
}

impl<'v> Added<'v> {
    pub(super) fn new(visitor: &'v mut dyn Visitor) -> Self {
        Self {
            visitor,
            folders: Lists::default(),
            whole: KeyedMap::default(),
            told: KeyedSet::default(),
            changed: KeyedSet::default(),
            count: 0,
            walked: Vec::new(),
            walked_too: KeyedSet::default(),
            again: 0,
            given_up: false,
        }
    }

    /// The folder called `name` in another.
    pub(super) fn below(&mut self, folder: u32, name: u32) -> Result<u32, Stop> {
        if self.given_up {
            return Ok(TOP);
        }
        let numbered = self.folders.number(&[folder, name]);
        let (number, _) = numbered.map_err(|Full| too_many())?;
        Ok(number + 1)
    }

    /// Whether a comparison, known by a number, is to be made in `folder` for the sake of its
    /// paths; `first`: it is made in any case.
    pub(super) fn walks(
        &mut self,
        comparison: u32,
        folder: u32,
        first: bool,
        at: (ObjectId, &[u8]),
    ) -> Result<bool, Stop> {
        if self.given_up {
            return Ok(false);
        }
        if first {
            // Comparisons are numbered in the order in which they are first made.
            self.walked.push(folder);
            return Ok(true);
        }
        let walked = self.walked.get(comparison as usize) == Some(&folder);
        if walked || !self.walked_too.insert((comparison, folder)) {
            return Ok(false);
        }
        self.again += 1;
        if self.again > AGAIN {
            self.give_up(at, "there are more paths than are looked at")?;
        }
        Ok(!self.given_up)
    }

    /// A tree that stands in no parent is walked in `folder`; whether it is the first.
    pub(super) fn begins(&mut self, folder: u32, tree: Listing) -> bool {
        match self.whole.entry(folder) {
            Entry::Occupied(_) => false,
            Entry::Vacant(slot) => {
                slot.insert(tree);
                true
            }
        }
    }

    /// Something stands at `path`, the entry `name` of `folder`, and nothing did in any parent.
    /// `whole`: it is met while the first tree is walked that [began](Added::begins) its folder.
    pub(super) fn path(
        &mut self,
        (folder, name): (u32, u32),
        whole: bool,
        trees: &Trees,
        path: &[u8],
        new: Side,
    ) -> Result<(), Stop> {
        if self.given_up {
            return Ok(());
        }
        let first = self.whole.get(&folder).filter(|_| !whole);
        let told = first.is_some_and(|tree| trees.holds_file(*tree, name));
        let known = match whole {
            true => self.told.contains(&(folder, name)),
            false => told || !self.told.insert((folder, name)),
        };
        if known {
            return Ok(());
        }
        self.tell(path, new, None)
    }

    /// Something else than `old` stands at `path`, and what changed matters whatever it is.
    /// `content`: the number of the new blob.
    pub(super) fn changed(
        &mut self,
        (folder, name, content): (u32, u32, u32),
        path: &[u8],
        new: Side,
        old: Side,
    ) -> Result<(), Stop> {
        if self.given_up || !self.changed.insert((folder, name, content)) {
            return Ok(());
        }
        self.tell(path, new, Some(old))
    }

    fn tell(&mut self, path: &[u8], new: Side, old: Option<Side>) -> Result<(), Stop> {
        self.count += 1;
        if path.len() > NAME {
            return self.give_up((new.id, path), "its path is longer than is looked at");
        }
        if self.count > PATHS {
            return self.give_up((new.id, path), "there are more paths than are looked at");
        }
        on(self.visitor.path(path, new, old))
    }

    /// The folders that were walked.
    pub(super) fn into_folders(self) -> Lists {
        self.folders
    }

    fn give_up(&mut self, (id, path): (ObjectId, &[u8]), why: &str) -> Result<(), Stop> {
        self.given_up = true;
        self.folders = Lists::default();
        self.whole = KeyedMap::default();
        self.told = KeyedSet::default();
        self.changed = KeyedSet::default();
        self.walked = Vec::new();
        self.walked_too = KeyedSet::default();
        let path = if path.len() > NAME { b"" } else { path };
        let flow: ControlFlow<()> = self.visitor.unreadable(id, path, why);
        on(flow)
    }
}
