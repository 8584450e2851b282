//! Commits, trees and tags by number: what the walks walk over.

use std::cell::Cell;
use std::collections::HashMap;
use std::fmt;

use lychgate_model::{HashKind, ObjectId, ObjectKind, Unread};

use crate::error::Error;
use crate::numbers::{Full, Numbers};
use crate::objects::Objects;
use crate::trees::{Listing, Malformed, Trees};

/// What is known of an object.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Node {
    /// Named by something, not read.
    Unread,
    Blob,
    /// Index into the trees.
    Tree(u32),
    /// Index into the commits.
    Commit(u32),
    /// The number of what it points at.
    Tag(u32),
    /// Could not be read; why is in [`Graph::why`].
    Unreadable,
}

/// A node in one word: there is one for each of a million objects.
#[derive(Clone, Copy, Default)]
struct PackedNode(u32);

impl PackedNode {
    const BITS: u32 = 29;
    const BLOB: u32 = 1;
    const UNREADABLE: u32 = 2;
    const TREE: u32 = 3;
    const COMMIT: u32 = 4;
    const TAG: u32 = 5;

    /// `None`: more than can be told apart.
    const fn new(kind: u32, at: usize) -> Option<Self> {
        if at >> Self::BITS != 0 {
            return None;
        }
        Some(Self(kind << Self::BITS | at as u32))
    }

    const fn kind(self) -> u32 {
        self.0 >> Self::BITS
    }

    const fn at(self) -> u32 {
        self.0 & ((1 << Self::BITS) - 1)
    }
}

/// What of a commit the walks need.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Commit {
    pub(crate) tree: u32,
    parents: (u32, u32),
    /// Committer date in seconds; 0 when it cannot be read. Only ever an order of work.
    pub(crate) date: i64,
}

/// Everything read so far.
pub(crate) struct Graph {
    kind: HashKind,
    pub(crate) numbers: Numbers,
    pub(crate) trees: Trees,
    nodes: Vec<PackedNode>,
    listings: Vec<Listing>,
    /// What tags point at.
    targets: Vec<u32>,
    commits: Vec<Commit>,
    parents: Vec<u32>,
    failures: HashMap<u32, String>,
    /// Of trees that cannot be read, the name of the entry that is to blame.
    blamed: HashMap<u32, Vec<u8>>,
    buffer: Vec<u8>,
    /// Commits whose parents are not here by design (a shallow clone's boundary).
    shallow: Vec<ObjectId>,
    /// Whether there is no time left, and the steps made since that was asked last.
    expired: Option<Box<dyn Fn() -> bool + Send>>,
    steps: usize,
}

/// Steps between two looks at the clock, and how many of them reading an object is worth.
const LOOK: usize = 4096;
const READ: usize = 64;

impl Graph {
    pub(crate) fn new(kind: HashKind, mut shallow: Vec<ObjectId>) -> Self {
        shallow.sort();
        Self {
            kind,
            numbers: Numbers::new(kind),
            trees: Trees::default(),
            nodes: Vec::new(),
            listings: Vec::new(),
            targets: Vec::new(),
            commits: Vec::new(),
            parents: Vec::new(),
            failures: HashMap::new(),
            blamed: HashMap::new(),
            buffer: Vec::new(),
            shallow,
            expired: None,
            steps: 0,
        }
    }

    /// Has `expired` asked now and then.
    pub(crate) fn stop_when(&mut self, expired: Box<dyn Fn() -> bool + Send>) {
        self.expired = Some(expired);
    }

    /// Counts steps of a walk, which ends when there is no time left.
    pub(crate) fn step(&mut self, steps: usize) -> Result<(), Error> {
        self.steps = self.steps.saturating_add(steps);
        if self.steps < LOOK {
            return Ok(());
        }
        self.steps = 0;
        match &self.expired {
            Some(expired) if expired() => Err(Error::Stopped),
            _ => Ok(()),
        }
    }

    /// The number of `id`.
    pub(crate) fn number(&mut self, id: ObjectId) -> Result<u32, Error> {
        self.numbers
            .number(id.as_bytes())
            .map_err(|Full| too_many())
    }

    fn packed(&self, number: u32) -> PackedNode {
        let node = self.nodes.get(number as usize);
        node.copied().unwrap_or_default()
    }

    pub(crate) fn node(&self, number: u32) -> Node {
        let node = self.packed(number);
        match node.kind() {
            PackedNode::BLOB => Node::Blob,
            PackedNode::UNREADABLE => Node::Unreadable,
            PackedNode::TREE => Node::Tree(node.at()),
            PackedNode::COMMIT => Node::Commit(node.at()),
            PackedNode::TAG => match self.targets.get(node.at() as usize) {
                Some(target) => Node::Tag(*target),
                None => Node::Unreadable,
            },
            _ => Node::Unread,
        }
    }

    /// The type of an object that was read.
    pub(crate) fn kind_of(&self, number: u32) -> Option<ObjectKind> {
        match self.node(number) {
            Node::Blob => Some(ObjectKind::Blob),
            Node::Tree(_) => Some(ObjectKind::Tree),
            Node::Commit(_) => Some(ObjectKind::Commit),
            Node::Tag(_) => Some(ObjectKind::Tag),
            Node::Unread | Node::Unreadable => None,
        }
    }

    /// Why an object is [`Node::Unreadable`].
    pub(crate) fn why(&self, number: u32) -> &str {
        self.failures
            .get(&number)
            .map_or("it cannot be read", String::as_str)
    }

    /// The name of the entry for which a tree is [`Node::Unreadable`], where it is one.
    pub(crate) fn blamed(&self, number: u32) -> Option<&[u8]> {
        self.blamed.get(&number).map(Vec::as_slice)
    }

    fn set(&mut self, number: u32, node: PackedNode) {
        let at = number as usize;
        if at >= self.nodes.len() {
            self.nodes.resize(at + 1, PackedNode::default());
        }
        if let Some(slot) = self.nodes.get_mut(at) {
            *slot = node;
        }
    }

    pub(crate) fn fail(&mut self, number: u32, why: impl Into<String>) {
        self.set(
            number,
            PackedNode::new(PackedNode::UNREADABLE, 0).unwrap_or_default(),
        );
        self.failures.insert(number, why.into());
    }

    /// Notes the type of an object that need not be read for what it names.
    pub(crate) fn note_blob(&mut self, number: u32) {
        if self.node(number) == Node::Unread {
            self.set(
                number,
                PackedNode::new(PackedNode::BLOB, 0).unwrap_or_default(),
            );
        }
    }

    /// As [`Graph::load`], but without reading a blob's content.
    pub(crate) fn peek(&mut self, number: u32, objects: &Objects) -> Node {
        if self.node(number) == Node::Unread {
            match objects.header(self.numbers.id(number)) {
                Ok(header) if header.kind == ObjectKind::Blob => self.note_blob(number),
                Ok(_) => return self.load(number, objects),
                Err(error) => self.fail(number, error.to_string()),
            }
        }
        self.node(number)
    }

    /// Takes in an object's content. `base`: a tree read before, with its content at hand.
    pub(crate) fn add(
        &mut self,
        number: u32,
        kind: ObjectKind,
        content: &[u8],
        base: Option<(u32, &[u8])>,
    ) {
        let node = match kind {
            ObjectKind::Blob => PackedNode::new(PackedNode::BLOB, 0),
            ObjectKind::Tree => match self.add_tree(content, base) {
                Ok(node) => node,
                Err(Malformed::Entries) => None,
                Err(Malformed::Full) => return self.fail(number, too_many().to_string()),
                Err(Malformed::Mode { bits, name }) => {
                    self.blamed.insert(number, name);
                    return self.fail(number, Unread::Mode(bits).to_string());
                }
            },
            ObjectKind::Commit => self.add_commit(number, content),
            ObjectKind::Tag => target(content, self.kind)
                .and_then(|(id, _)| self.numbers.number(id.as_bytes()).ok())
                .and_then(|target| {
                    let node = PackedNode::new(PackedNode::TAG, self.targets.len())?;
                    self.targets.push(target);
                    Some(node)
                }),
        };
        match node {
            Some(node) => self.set(number, node),
            None => self.fail(number, Unread::IllFormed(kind).to_string()),
        }
    }

    fn add_tree(
        &mut self,
        content: &[u8],
        base: Option<(u32, &[u8])>,
    ) -> Result<Option<PackedNode>, Malformed> {
        let base = base.and_then(|(number, bytes)| Some((bytes, self.listing(number)?)));
        let listing = self
            .trees
            .read(content, base, &mut self.numbers, self.kind)?;
        let node = PackedNode::new(PackedNode::TREE, self.listings.len());
        self.listings.extend(node.is_some().then_some(listing));
        Ok(node)
    }

    fn add_commit(&mut self, number: u32, content: &[u8]) -> Option<PackedNode> {
        let links = Links::parse(content, self.kind)?;
        let tree = self.numbers.number(links.tree.as_bytes()).ok()?;
        let start = u32::try_from(self.parents.len()).ok()?;
        if self
            .shallow
            .binary_search(&self.numbers.id(number))
            .is_err()
        {
            for parent in &links.parents {
                let parent = self.numbers.number(parent.as_bytes()).ok()?;
                self.parents.push(parent);
            }
        }
        let end = u32::try_from(self.parents.len()).ok()?;
        let node = PackedNode::new(PackedNode::COMMIT, self.commits.len())?;
        self.commits.push(Commit {
            tree,
            parents: (start, end),
            date: links.date,
        });
        Some(node)
    }

    /// What `number` is, read from the store if it was not yet. Of a commit only what it names is
    /// read, and that its message can be is not known: what is to be judged is read by whoever
    /// hands it over.
    pub(crate) fn load(&mut self, number: u32, objects: &Objects) -> Node {
        let node = self.node(number);
        if node != Node::Unread {
            return node;
        }
        self.steps = self.steps.saturating_add(READ);
        let mut buffer = std::mem::take(&mut self.buffer);
        let enough = |front: &[u8]| Links::are_told(front, self.kind);
        match objects.load_links(self.numbers.id(number), &enough, &mut buffer) {
            Ok(kind) => self.add(number, kind, &buffer, None),
            Err(error) => self.fail(number, error.to_string()),
        }
        self.buffer = buffer;
        self.node(number)
    }

    pub(crate) fn commit(&self, number: u32) -> Option<Commit> {
        match self.node(number) {
            Node::Commit(at) => self.commits.get(at as usize).copied(),
            _ => None,
        }
    }

    pub(crate) fn parents(&self, commit: Commit) -> &[u32] {
        self.parents
            .get(commit.parents.0 as usize..commit.parents.1 as usize)
            .unwrap_or_default()
    }

    /// Takes over the commits that another graph has read.
    pub(crate) fn take_commits(&mut self, other: &Self) -> Result<(), Error> {
        if self.shallow != other.shallow {
            return Ok(());
        }
        for (number, node) in (0..).zip(&other.nodes) {
            let read = other.commits.get(node.at() as usize);
            let Some(commit) = read.filter(|_| node.kind() == PackedNode::COMMIT) else {
                continue;
            };
            let mut numbered = |number| self.number(other.numbers.id(number));
            let (number, tree) = (numbered(number)?, numbered(commit.tree)?);
            if self.node(number) != Node::Unread {
                continue;
            }
            let start = u32::try_from(self.parents.len()).map_err(|_| too_many())?;
            for parent in other.parents(*commit) {
                let parent = self.number(other.numbers.id(*parent))?;
                self.parents.push(parent);
            }
            let end = u32::try_from(self.parents.len()).map_err(|_| too_many())?;
            let node = PackedNode::new(PackedNode::COMMIT, self.commits.len());
            self.commits.push(Commit {
                tree,
                parents: (start, end),
                date: commit.date,
            });
            self.set(number, node.ok_or_else(too_many)?);
        }
        Ok(())
    }

    /// Where a tree's entries stand in [`Graph::trees`].
    pub(crate) fn listing(&self, number: u32) -> Option<Listing> {
        match self.node(number) {
            Node::Tree(at) => self.listings.get(at as usize).copied(),
            _ => None,
        }
    }
}

/// Commits that were read before anything else, to be taken over by who reads more.
#[derive(Default)]
pub(crate) struct History(Cell<Option<Box<Graph>>>);

/// With more commits than this a graph is given up, for the room it takes.
const KEPT: usize = 1 << 16;

impl History {
    /// What was kept, or an empty graph.
    pub(crate) fn take(&self, kind: HashKind) -> Box<Graph> {
        let kept = self.0.take();
        kept.unwrap_or_else(|| Box::new(Graph::new(kind, Vec::new())))
    }

    pub(crate) fn keep(&self, graph: Box<Graph>) {
        self.0.set(Some(graph).filter(|g| g.commits.len() <= KEPT));
    }
}

impl fmt::Debug for History {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("History")
    }
}

pub(crate) fn too_many() -> Error {
    Error::unsupported("more objects than can be numbered")
}

/// The header of a commit.
struct Links {
    tree: ObjectId,
    parents: Vec<ObjectId>,
    date: i64,
}

impl Links {
    fn parse(content: &[u8], kind: HashKind) -> Option<Self> {
        let (tree, mut rest) = header_id(content, b"tree ", kind)?;
        let mut parents = Vec::new();
        while let Some((parent, after)) = header_id(rest, b"parent ", kind) {
            parents.push(parent);
            rest = after;
        }
        // A line that begins like a parent but is none must not make a commit parentless.
        if rest.starts_with(b"parent ") {
            return None;
        }
        let date = rest
            .split(|b| *b == b'\n')
            .take_while(|line| !line.is_empty())
            .find_map(|line| line.strip_prefix(b"committer "))
            .and_then(|line| {
                let mut words = line.rsplit(|b| *b == b' ');
                words.next()?;
                std::str::from_utf8(words.next()?).ok()?.parse().ok()
            });
        Some(Self {
            tree,
            parents,
            date: date.unwrap_or(0),
        })
    }
}

impl Links {
    /// Whether the front of a commit has all of its links, and all of what comes before its message
    /// but for headers that nobody asks for.
    fn are_told(front: &[u8], kind: HashKind) -> bool {
        let Some((_, mut rest)) = header_id(front, b"tree ", kind) else {
            return false;
        };
        while let Some((_, after)) = header_id(rest, b"parent ", kind) {
            rest = after;
        }
        let mut lines = rest.split_inclusive(|b| *b == b'\n');
        let mut is = |key: &[u8]| {
            let line = lines.next();
            line.is_some_and(|line| line.starts_with(key) && line.ends_with(b"\n"))
        };
        is(b"author ") && is(b"committer ")
    }
}

/// What a tag object points at.
pub(crate) fn target(content: &[u8], kind: HashKind) -> Option<(ObjectId, ObjectKind)> {
    let (id, rest) = header_id(content, b"object ", kind)?;
    let rest = rest.strip_prefix(b"type ")?;
    let name = rest.split(|b| *b == b'\n').next()?;
    let kinds = [
        ObjectKind::Blob,
        ObjectKind::Tree,
        ObjectKind::Commit,
        ObjectKind::Tag,
    ];
    Some((id, kinds.into_iter().find(|k| k.name().as_bytes() == name)?))
}

fn header_id<'a>(text: &'a [u8], key: &[u8], kind: HashKind) -> Option<(ObjectId, &'a [u8])> {
    let (hex, rest) = text.strip_prefix(key)?.split_at_checked(kind.len() * 2)?;
    Some((ObjectId::from_hex(hex)?, rest.strip_prefix(b"\n")?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn commit_headers() {
        let (a, b) = ("a1".repeat(20), "b2".repeat(20));
        let text = format!(
            "tree {a}\nparent {b}\nparent {a}\nauthor x <x> 1 +0000\n\
             committer y <y 99> 1700000000 -0130\n\ncommitter no <no> 5 +0000\n"
        );
        let links = Links::parse(text.as_bytes(), HashKind::Sha1).unwrap();
        assert_eq!((links.parents.len(), links.date), (2, 1_700_000_000));
        for bad in [
            format!("tree {b}x\n"),
            format!("tree {b}\nparent {}\n", &a[1..]),
        ] {
            assert!(Links::parse(bad.as_bytes(), HashKind::Sha1).is_none());
        }
        assert!(Links::parse(format!("tree {b}\n").as_bytes(), HashKind::Sha256).is_none());
    }

    #[test]
    fn the_front_of_a_commit_is_enough_once_it_tells_who_made_it() {
        let (a, b) = ("a1".repeat(20), "b2".repeat(20));
        let text = format!(
            "tree {a}\nparent {b}\nparent {a}\nauthor x <x> 1 +0000\n\
             committer y <y> 1700000000 -0130\n"
        );
        let tells = |text: &[u8]| Links::are_told(text, HashKind::Sha1);
        for len in 0..text.len() {
            assert!(!tells(&text.as_bytes()[..len]), "{len} bytes");
        }
        assert!(tells(text.as_bytes()) && tells(format!("{text}gpgs").as_bytes()));
        assert!(!tells(
            text.replace("\nparent a1", "\nparent x1").as_bytes()
        ));
        assert!(!tells(text.replace("author", "autor").as_bytes()));
    }

    #[test]
    fn tag_headers() {
        let id = "c3".repeat(32);
        let text = format!("object {id}\ntype tree\ntag v1\n");
        assert_eq!(
            target(text.as_bytes(), HashKind::Sha256).unwrap().1,
            ObjectKind::Tree
        );
        assert!(
            target(
                format!("object {id}\ntype x\n").as_bytes(),
                HashKind::Sha256
            )
            .is_none()
        );
    }
}
