//! Paths that new commits add: each told once, however many commits bring it.
//!
//! A name is content, and a value may be split over the components of a path. The tree objects
//! hold single names only, and one of them may be put below another name without being sent
//! again; so whole paths are told beside them.

use std::collections::{HashMap, HashSet};
use std::ops::ControlFlow;

use lychgate_model::limits::NAME;
use lychgate_model::{Mode, ObjectId};

use super::Visitor;
use super::deliver::{Stop, on};

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
    /// Folders by the folder above and the number of their name.
    folders: HashMap<(u32, u32), u32>,
    told: HashSet<(u32, u32)>,
    /// Comparisons by number, and the folders they were made in.
    walked: HashSet<(u32, u32)>,
    again: usize,
    /// There were too many, or one was too long: what was told is not all, and that is said.
    given_up: bool,
}

impl<'v> Added<'v> {
    pub(super) fn new(visitor: &'v mut dyn Visitor) -> Self {
        Self {
            visitor,
            folders: HashMap::new(),
            told: HashSet::new(),
            walked: HashSet::new(),
            again: 0,
            given_up: false,
        }
    }

    /// The folder called `name` in another.
    pub(super) fn below(&mut self, folder: u32, name: u32) -> u32 {
        if self.given_up {
            return TOP;
        }
        // As many as there are are never numbered: each costs a step of the walk.
        let next = u32::try_from(self.folders.len() + 1).unwrap_or(u32::MAX);
        *self.folders.entry((folder, name)).or_insert(next)
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
        if self.given_up || !self.walked.insert((comparison, folder)) {
            return Ok(false);
        }
        self.again += usize::from(!first);
        if self.again > AGAIN {
            self.give_up(at, "there are more paths than are looked at")?;
        }
        Ok(!self.given_up)
    }

    /// Something stands at `path`, the entry `name` of `folder`, and nothing did in any parent.
    pub(super) fn path(
        &mut self,
        (folder, name): (u32, u32),
        path: &[u8],
        mode: Mode,
        id: ObjectId,
    ) -> Result<(), Stop> {
        if self.given_up || !self.told.insert((folder, name)) {
            return Ok(());
        }
        if path.len() > NAME {
            return self.give_up((id, path), "its path is longer than is looked at");
        }
        if self.told.len() > PATHS {
            return self.give_up((id, path), "there are more paths than are looked at");
        }
        on(self.visitor.path(path, mode, id))
    }

    fn give_up(&mut self, (id, path): (ObjectId, &[u8]), why: &str) -> Result<(), Stop> {
        self.given_up = true;
        self.folders = HashMap::new();
        self.told = HashSet::new();
        self.walked = HashSet::new();
        let path = if path.len() > NAME { b"" } else { path };
        let flow: ControlFlow<()> = self.visitor.unreadable(id, path, why);
        on(flow)
    }
}
