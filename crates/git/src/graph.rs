//! Commits, trees and tags by number: what the walks walk over.

use std::collections::HashMap;
use std::ops::Range;

use lychgate_model::{HashKind, ObjectId, ObjectKind};

use crate::error::Error;
use crate::numbers::{Full, Numbers};
use crate::objects::Objects;
use crate::trees::{Entry, Trees};

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
    /// Number of what it points at.
    Tag(u32),
    /// Could not be read; why is in [`Graph::why`].
    Unreadable,
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
    nodes: Vec<Node>,
    /// First entry and number of entries of every tree read.
    ranges: Vec<(u32, u32)>,
    commits: Vec<Commit>,
    parents: Vec<u32>,
    failures: HashMap<u32, String>,
    buffer: Vec<u8>,
    /// Commits whose parents are not here by design (a shallow clone's boundary).
    shallow: Vec<ObjectId>,
    /// Whether there is no time left, and the steps made since that was asked last.
    expired: Option<Box<dyn Fn() -> bool>>,
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
            ranges: Vec::new(),
            commits: Vec::new(),
            parents: Vec::new(),
            failures: HashMap::new(),
            buffer: Vec::new(),
            shallow,
            expired: None,
            steps: 0,
        }
    }

    /// Has `expired` asked now and then.
    pub(crate) fn stop_when(&mut self, expired: Box<dyn Fn() -> bool>) {
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

    pub(crate) fn node(&self, number: u32) -> Node {
        self.nodes
            .get(number as usize)
            .copied()
            .unwrap_or(Node::Unread)
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

    fn set(&mut self, number: u32, node: Node) {
        let at = number as usize;
        if at >= self.nodes.len() {
            self.nodes.resize(at + 1, Node::Unread);
        }
        if let Some(slot) = self.nodes.get_mut(at) {
            *slot = node;
        }
    }

    pub(crate) fn fail(&mut self, number: u32, why: impl Into<String>) {
        self.set(number, Node::Unreadable);
        self.failures.insert(number, why.into());
    }

    /// Notes the type of an object that need not be read for what it names.
    pub(crate) fn note_blob(&mut self, number: u32) {
        if self.node(number) == Node::Unread {
            self.set(number, Node::Blob);
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
            ObjectKind::Blob => Some(Node::Blob),
            ObjectKind::Tree => self.add_tree(content, base),
            ObjectKind::Commit => self.add_commit(number, content),
            ObjectKind::Tag => target(content, self.kind)
                .and_then(|(id, _)| self.numbers.number(id.as_bytes()).ok())
                .map(Node::Tag),
        };
        match node {
            Some(node) => self.set(number, node),
            None => self.fail(number, format!("it is no well-formed {}", kind.name())),
        }
    }

    fn add_tree(&mut self, content: &[u8], base: Option<(u32, &[u8])>) -> Option<Node> {
        let base = base.and_then(|(number, bytes)| Some((bytes, self.range(number)?)));
        let range = self
            .trees
            .read(content, base, &mut self.numbers, self.kind)
            .ok()?;
        let at = u32::try_from(self.ranges.len()).ok()?;
        self.ranges.push((
            u32::try_from(range.start).ok()?,
            u32::try_from(range.len()).ok()?,
        ));
        Some(Node::Tree(at))
    }

    fn add_commit(&mut self, number: u32, content: &[u8]) -> Option<Node> {
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
        let at = u32::try_from(self.commits.len()).ok()?;
        self.commits.push(Commit {
            tree,
            parents: (start, end),
            date: links.date,
        });
        Some(Node::Commit(at))
    }

    /// What `number` is, read from the store if it was not yet.
    pub(crate) fn load(&mut self, number: u32, objects: &Objects) -> Node {
        let node = self.node(number);
        if node != Node::Unread {
            return node;
        }
        self.steps = self.steps.saturating_add(READ);
        let mut buffer = std::mem::take(&mut self.buffer);
        match objects.load(self.numbers.id(number), &mut buffer) {
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

    /// Where a tree's entries stand in [`Graph::trees`].
    pub(crate) fn range(&self, number: u32) -> Option<Range<usize>> {
        match self.node(number) {
            Node::Tree(at) => {
                let (start, len) = *self.ranges.get(at as usize)?;
                Some(start as usize..start as usize + len as usize)
            }
            _ => None,
        }
    }

    pub(crate) fn entries(&self, number: u32) -> Option<&[Entry]> {
        Some(self.trees.entries(self.range(number)?))
    }
}

fn too_many() -> Error {
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
