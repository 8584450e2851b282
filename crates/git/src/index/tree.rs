//! The cached trees of an index: which folders are, entry for entry, a tree that is already stored.

use lychgate_model::{HashKind, ObjectId};

/// The extension as it stands in the file; nodes are found by where they begin.
#[derive(Clone, Copy, Debug)]
pub(crate) struct CachedTrees<'a> {
    bytes: &'a [u8],
    hash: HashKind,
}

/// One folder.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Node<'a> {
    /// One component of a path; empty for the root.
    pub(crate) name: &'a [u8],
    /// How many entries it covers, and the tree they make; `None`: changed since.
    pub(crate) valid: Option<(usize, ObjectId)>,
    /// How many nodes stand directly below it.
    folders: usize,
    /// Where the first of them begins.
    below: usize,
}

impl<'a> CachedTrees<'a> {
    pub(crate) fn new(bytes: &'a [u8], hash: HashKind) -> Self {
        Self { bytes, hash }
    }

    /// The node of the whole index.
    pub(crate) fn root(&self) -> Option<Node<'a>> {
        self.node(0)
    }

    /// The nodes directly below `node`. Where the extension is malformed the rest is left out,
    /// which costs time and nothing else.
    pub(crate) fn below(&self, node: &Node<'a>) -> Vec<Node<'a>> {
        let mut found = Vec::new();
        let mut at = node.below;
        for _ in 0..node.folders {
            let Some(folder) = self.node(at) else { break };
            let Some(next) = self.after(&folder) else {
                break;
            };
            found.push(folder);
            at = next;
        }
        found
    }

    fn node(&self, at: usize) -> Option<Node<'a>> {
        let rest = self.bytes.get(at..)?;
        let name_end = rest.iter().position(|&b| b == 0)?;
        let numbers = rest.get(name_end + 1..)?;
        let line_end = numbers.iter().position(|&b| b == b'\n')?;
        let line = std::str::from_utf8(numbers.get(..line_end)?).ok()?;
        let (entries, folders) = line.split_once(' ')?;
        let mut below = at + name_end + 1 + line_end + 1;
        let mut valid = None;
        if !entries.starts_with('-') {
            let id = self.bytes.get(below..below.checked_add(self.hash.len())?)?;
            valid = Some((entries.parse().ok()?, ObjectId::from_bytes(id)?));
            below += self.hash.len();
        }
        Some(Node {
            name: rest.get(..name_end)?,
            valid,
            folders: folders.parse().ok()?,
            below,
        })
    }

    /// Where the node after `node` and all that stands below it begins.
    fn after(&self, node: &Node<'a>) -> Option<usize> {
        let mut at = node.below;
        let mut left = node.folders;
        while left > 0 {
            let inner = self.node(at)?;
            left = (left - 1).checked_add(inner.folders)?;
            at = inner.below;
        }
        Some(at)
    }
}
