//! A tree against the index, or against another tree. Cost follows what differs: a folder that the
//! index has as a whole tree, or whose two ids are equal, is passed over.

use std::cmp::Ordering;
use std::ops::ControlFlow;

use lychgate_model::{Change, Mode, ObjectId, ObjectKind, RepoPath, Side};

use crate::documents::OF_FOLDERS;
use crate::error::Error;
use crate::index::tree::{CachedTrees, Node};
use crate::index::{Cursor, Index};
use crate::objects::Objects;
use crate::objects::parse::{TreeEntry, tree_entries};

/// Folders in folders that are followed; Git's own default.
const DEPTH: usize = 2048;

/// Takes the changes.
pub(crate) type Sink<'s> = &'s mut dyn FnMut(Change) -> ControlFlow<()>;

/// What differs between `tree` and `index`, in the order of the paths.
///
/// `own`: takes the paths of documents that folders in which something may differ have of their
/// own in `tree`.
pub(crate) fn with_index(
    objects: &Objects,
    tree: ObjectId,
    index: &Index,
    sink: Sink<'_>,
    own: &mut Vec<RepoPath>,
) -> Result<(), Error> {
    let cached = index.trees();
    let root = cached.root();
    if index.tree().is_some_and(|whole| whole == tree) {
        return Ok(());
    }
    let mut walk = Walk::new(objects, sink);
    walk.own = Some(own);
    let listing = walk.listing(tree)?;
    let folders = root.map(|root| cached.below(&root)).unwrap_or_default();
    walk.frames.push(Frame {
        outside: 0,
        sides: Sides::Index { listing, folders },
    });
    let mut entries = Entries {
        cursor: index.entries(),
        standing: false,
        cached,
    };
    entries.advance()?;
    walk.run(Some(entries))
}

/// What differs between two trees, in the order of the paths.
pub(crate) fn with_tree(
    objects: &Objects,
    old: ObjectId,
    new: ObjectId,
    sink: Sink<'_>,
) -> Result<(), Error> {
    let mut walk = Walk::new(objects, sink);
    if old != new {
        let sides = Sides::Trees {
            old: Some(walk.listing(old)?),
            new: Some(walk.listing(new)?),
        };
        walk.frames.push(Frame { outside: 0, sides });
    }
    walk.run(None)
}

/// A folder on the way down.
struct Frame<'a> {
    /// Length of the path without the name of this folder.
    outside: usize,
    sides: Sides<'a>,
}

enum Sides<'a> {
    Index {
        listing: Listing,
        folders: Vec<Node<'a>>,
    },
    Trees {
        old: Option<Listing>,
        new: Option<Listing>,
    },
}

/// A tree that is being gone through.
struct Listing {
    id: ObjectId,
    data: Vec<u8>,
    /// Where the next entry begins.
    at: usize,
}

impl Listing {
    /// The next entry, and where the one after it begins.
    fn peek(&self) -> Result<Option<(TreeEntry<'_>, usize)>, Error> {
        let mut entries =
            tree_entries(self.data.get(self.at..).unwrap_or_default(), self.id.kind());
        match entries.next() {
            None => Ok(None),
            Some(Some(entry)) => Ok(Some((entry, self.data.len() - entries.left()))),
            Some(None) => Err(Error::CorruptObject {
                id: self.id,
                what: "an entry of the tree is invalid",
            }),
        }
    }
}

/// The index while it is gone through.
struct Entries<'a> {
    cursor: Cursor<'a>,
    /// Whether the cursor stands on an entry.
    standing: bool,
    cached: CachedTrees<'a>,
}

impl Entries<'_> {
    fn advance(&mut self) -> Result<(), Error> {
        self.standing = self.cursor.advance()?;
        Ok(())
    }

    /// What the path of the entry has below `folder`; `None`: it is not below it.
    fn below(&self, folder: &[u8]) -> Option<&[u8]> {
        if self.standing {
            self.cursor.path().strip_prefix(folder)
        } else {
            None
        }
    }

    /// Passes over the entries of a whole folder.
    fn pass(&mut self, count: usize, folder: &[u8], name: &[u8]) -> Result<(), Error> {
        let malformed = || Error::corrupt("the index and its cached trees do not agree");
        self.cursor
            .skip(count.saturating_sub(1))
            .ok_or_else(malformed)?;
        self.advance()?;
        match self.below(folder).and_then(|rest| rest.strip_prefix(name)) {
            Some([b'/', ..]) => Err(malformed()),
            _ => Ok(()),
        }
    }
}

/// Where to go on.
enum Next<'a> {
    Here,
    Down(Frame<'a>),
    Up,
}

struct Walk<'a, 's> {
    objects: &'a Objects,
    sink: Sink<'s>,
    frames: Vec<Frame<'a>>,
    /// The folder, with `/` at its end; empty at the root.
    path: Vec<u8>,
    ended: bool,
    own: Option<&'s mut Vec<RepoPath>>,
}

impl<'a, 's> Walk<'a, 's> {
    fn new(objects: &'a Objects, sink: Sink<'s>) -> Self {
        Self {
            objects,
            sink,
            frames: Vec::new(),
            path: Vec::new(),
            ended: false,
            own: None,
        }
    }

    fn run(&mut self, mut entries: Option<Entries<'a>>) -> Result<(), Error> {
        while let Some(mut frame) = self.frames.pop() {
            let next = loop {
                let next = match (&mut frame.sides, &mut entries) {
                    (Sides::Trees { old, new }, _) => self.step_trees(old, new)?,
                    (Sides::Index { listing, folders }, Some(entries)) => {
                        self.step_index(listing, folders, entries)?
                    }
                    (Sides::Index { .. }, None) => Next::Up,
                };
                if self.ended {
                    return Ok(());
                }
                if !matches!(next, Next::Here) {
                    break next;
                }
            };
            match next {
                Next::Down(_) if self.frames.len() >= DEPTH => {
                    return Err(Error::unsupported("folders nested more than 2048 deep"));
                }
                Next::Down(inner) => self.frames.extend([frame, inner]),
                Next::Here | Next::Up => self.path.truncate(frame.outside),
            }
        }
        Ok(())
    }

    fn step_trees(
        &mut self,
        old: &mut Option<Listing>,
        new: &mut Option<Listing>,
    ) -> Result<Next<'a>, Error> {
        let before = old.as_ref().map(Listing::peek).transpose()?.flatten();
        let after = new.as_ref().map(Listing::peek).transpose()?.flatten();
        let order = match (&before, &after) {
            (None, None) => return Ok(Next::Up),
            (Some(_), None) => Ordering::Less,
            (None, Some(_)) => Ordering::Greater,
            (Some((a, _)), Some((b, _))) => order((a.name, a.is_tree()), (b.name, b.is_tree())),
        };
        let before = before.filter(|_| order.is_le());
        let after = after.filter(|_| order.is_ge());
        let ends = (before.map(|(_, end)| end), after.map(|(_, end)| end));
        let (before, after) = (
            before.map(|(entry, _)| entry),
            after.map(|(entry, _)| entry),
        );
        let next = self.pair(before, after)?;
        for (side, end) in [(old, ends.0), (new, ends.1)] {
            if let (Some(listing), Some(end)) = (side.as_mut(), end) {
                listing.at = end;
            }
        }
        Ok(next)
    }

    /// Two entries of one name and type, or one of them alone.
    fn pair(
        &mut self,
        old: Option<TreeEntry<'_>>,
        new: Option<TreeEntry<'_>>,
    ) -> Result<Next<'a>, Error> {
        let Some(entry) = old.or(new) else {
            return Ok(Next::Here);
        };
        if entry.is_tree() {
            let (old, new) = (old.map(|e| e.id), new.map(|e| e.id));
            return if old == new {
                Ok(Next::Here)
            } else {
                self.down(entry.name, old, new)
            };
        }
        let (old, new) = (old.map(side), new.map(side));
        if old != new {
            let path = [self.path.as_slice(), entry.name].concat();
            self.emit(path, old, new);
        }
        Ok(Next::Here)
    }

    fn step_index(
        &mut self,
        listing: &mut Listing,
        folders: &[Node<'a>],
        entries: &mut Entries<'a>,
    ) -> Result<Next<'a>, Error> {
        let before = listing.peek()?;
        let after = entries.below(&self.path).map(component);
        let order = match (&before, &after) {
            (None, None) => return Ok(Next::Up),
            (Some(_), None) => Ordering::Less,
            (None, Some(_)) => Ordering::Greater,
            (Some((tree, _)), Some(index)) => order((tree.name, tree.is_tree()), *index),
        };
        let Some((tree, end)) = before.filter(|_| order.is_le()) else {
            return self.added(entries);
        };
        let next = if order.is_lt() {
            self.pair(Some(tree), None)?
        } else if tree.is_tree() {
            self.folder(tree, folders, entries)?
        } else {
            self.file(tree, entries)?;
            Next::Here
        };
        listing.at = end;
        Ok(next)
    }

    /// An entry of the index that the tree does not have.
    fn added(&mut self, entries: &mut Entries<'a>) -> Result<Next<'a>, Error> {
        let entry = entries.cursor.entry();
        let mut next = Next::Here;
        if is_folder(entry.mode) {
            let below = entries.below(&self.path).unwrap_or_default();
            let name = below.strip_suffix(b"/").unwrap_or(below).to_vec();
            next = self.down(&name, None, Some(entry.id))?;
        } else if !entry.intent_to_add {
            let new = staged_side(entry.mode, entry.id)?;
            self.emit(entries.cursor.path().to_vec(), None, Some(new));
        }
        entries.advance()?;
        Ok(next)
    }

    /// A folder that both have.
    fn folder(
        &mut self,
        tree: TreeEntry<'_>,
        folders: &[Node<'a>],
        entries: &mut Entries<'a>,
    ) -> Result<Next<'a>, Error> {
        let node = folders.iter().find(|node| node.name == tree.name);
        if let Some((count, id)) = node.and_then(|node| node.valid)
            && id == tree.id
            && count > 0
        {
            entries.pass(count, &self.path, tree.name)?;
            return Ok(Next::Here);
        }
        let entry = entries.cursor.entry();
        if is_folder(entry.mode)
            && entries.cursor.path().len() == self.path.len() + tree.name.len() + 1
        {
            entries.advance()?;
            if entry.id == tree.id {
                return Ok(Next::Here);
            }
            return self.down(tree.name, Some(tree.id), Some(entry.id));
        }
        let listing = self.listing(tree.id)?;
        self.note_own(tree.name, &listing);
        let folders = node
            .map(|node| entries.cached.below(node))
            .unwrap_or_default();
        Ok(Next::Down(
            self.inner(tree.name, Sides::Index { listing, folders }),
        ))
    }

    /// A path that both have: in the index once, or once for each side of a conflict.
    fn file(&mut self, tree: TreeEntry<'_>, entries: &mut Entries<'a>) -> Result<(), Error> {
        let old = side(tree);
        let mut stands = false;
        while entries.below(&self.path) == Some(tree.name) && !self.ended {
            let entry = entries.cursor.entry();
            if !entry.intent_to_add {
                stands = true;
                let new = staged_side(entry.mode, entry.id)?;
                if new != old {
                    self.emit(entries.cursor.path().to_vec(), Some(old), Some(new));
                }
            }
            entries.advance()?;
        }
        if !stands && !self.ended {
            let path = [self.path.as_slice(), tree.name].concat();
            self.emit(path, Some(old), None);
        }
        Ok(())
    }

    fn down(
        &mut self,
        name: &[u8],
        old: Option<ObjectId>,
        new: Option<ObjectId>,
    ) -> Result<Next<'a>, Error> {
        let old = old.map(|id| self.listing(id)).transpose()?;
        if let Some(old) = &old {
            self.note_own(name, old);
        }
        let new = new.map(|id| self.listing(id)).transpose()?;
        Ok(Next::Down(self.inner(name, Sides::Trees { old, new })))
    }

    fn inner(&mut self, name: &[u8], sides: Sides<'a>) -> Frame<'a> {
        let outside = self.path.len();
        self.path.extend_from_slice(name);
        self.path.push(b'/');
        Frame { outside, sides }
    }

    /// Takes note of the documents that the folder `name` has of its own.
    fn note_own(&mut self, name: &[u8], listing: &Listing) {
        let Some(own) = &mut self.own else { return };
        for document in OF_FOLDERS {
            let entry = [b" ", document, b"\0"].concat();
            if memchr::memmem::find(&listing.data, &entry).is_some() {
                let path = [&self.path, name, b"/", document].concat();
                own.push(RepoPath(path));
            }
        }
    }

    fn listing(&self, id: ObjectId) -> Result<Listing, Error> {
        let mut data = Vec::new();
        self.objects.load_kind(id, ObjectKind::Tree, &mut data)?;
        Ok(Listing { id, data, at: 0 })
    }

    fn emit(&mut self, path: Vec<u8>, old: Option<Side>, new: Option<Side>) {
        self.ended |= (self.sink)(Change {
            path: RepoPath(path),
            old,
            new,
        })
        .is_break();
    }
}

/// The first component of a path and whether it is a folder.
fn component(path: &[u8]) -> (&[u8], bool) {
    match path.iter().position(|&b| b == b'/') {
        Some(end) => (path.get(..end).unwrap_or_default(), true),
        None => (path, false),
    }
}

/// The order of names in a tree, which is that of paths: a folder's ends with `/`.
fn order(a: (&[u8], bool), b: (&[u8], bool)) -> Ordering {
    let common = a.0.len().min(b.0.len());
    let after = |(name, folder): (&[u8], bool)| {
        name.get(common)
            .copied()
            .unwrap_or(if folder { b'/' } else { 0 })
    };
    let heads = a.0.get(..common).cmp(&b.0.get(..common));
    heads
        .then_with(|| after(a).cmp(&after(b)))
        .then_with(|| a.0.len().cmp(&b.0.len()))
}

fn is_folder(mode: u32) -> bool {
    mode & 0o170_000 == 0o040_000
}

/// An entry of a tree that is no folder. Git takes a type it does not know for a submodule.
fn side(entry: TreeEntry<'_>) -> Side {
    Side {
        mode: Mode::from_bits(entry.mode).unwrap_or(Mode::Gitlink),
        id: entry.id,
    }
}

fn staged_side(mode: u32, id: ObjectId) -> Result<Side, Error> {
    match Mode::from_bits(mode) {
        Some(mode) => Ok(Side { mode, id }),
        None => Err(Error::corrupt("an entry of the index has an unknown mode")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn folders_sort_as_if_they_ended_with_a_slash() {
        let sorted: [(&[u8], bool); 6] = [
            (b"a", false),
            (b"a-b", false),
            (b"a", true),
            (b"a0", false),
            (b"ab", true),
            (b"b", false),
        ];
        for (x, a) in sorted.iter().enumerate() {
            for (y, b) in sorted.iter().enumerate() {
                assert_eq!(order(*a, *b), x.cmp(&y), "{a:?} {b:?}");
            }
        }
    }
}
