//! Just enough of the formats of trees, commits and tags to follow them.

use lychgate_model::{HashKind, ObjectId, ObjectKind};

/// The entries of a tree, in its order.
pub(crate) fn tree_entries(data: &[u8], hash: HashKind) -> TreeEntries<'_> {
    TreeEntries { rest: data, hash }
}

/// One entry of a tree.
#[derive(Clone, Copy, Debug)]
pub(crate) struct TreeEntry<'a> {
    /// The mode as it stands there: Git's file type bits count, the others vary.
    pub(crate) mode: u32,
    /// One component of a path.
    pub(crate) name: &'a [u8],
    /// What it names.
    pub(crate) id: ObjectId,
}

impl TreeEntry<'_> {
    /// Whether the entry is a folder.
    pub(crate) fn is_tree(&self) -> bool {
        self.mode & 0o170_000 == 0o040_000
    }
}

/// Yields `None` once where the tree is damaged, and then ends.
#[derive(Clone, Debug)]
pub(crate) struct TreeEntries<'a> {
    rest: &'a [u8],
    hash: HashKind,
}

impl<'a> TreeEntries<'a> {
    /// Bytes not yet gone through.
    pub(crate) fn left(&self) -> usize {
        self.rest.len()
    }

    fn parse(&mut self) -> Option<TreeEntry<'a>> {
        let mut mode = 0u32;
        let mut digits = 0;
        for &byte in self.rest.iter().take(8) {
            match byte {
                b'0'..=b'7' => mode = mode << 3 | u32::from(byte - b'0'),
                _ => break,
            }
            digits += 1;
        }
        let named = self
            .rest
            .get(digits..)?
            .strip_prefix(b" ")
            .filter(|_| digits > 0)?;
        let end = named.iter().position(|&b| b == 0).filter(|&end| end > 0)?;
        let (name, after) = (named.get(..end)?, named.get(end + 1..)?);
        let id = ObjectId::from_bytes(after.get(..self.hash.len())?)?;
        self.rest = after.get(self.hash.len()..)?;
        Some(TreeEntry { mode, name, id })
    }
}

impl<'a> Iterator for TreeEntries<'a> {
    type Item = Option<TreeEntry<'a>>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.rest.is_empty() {
            return None;
        }
        let entry = self.parse();
        if entry.is_none() {
            self.rest = &[];
        }
        Some(entry)
    }
}

/// What a commit names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct CommitLinks {
    /// Its tree.
    pub(crate) tree: ObjectId,
    /// Its parents, in order.
    pub(crate) parents: Vec<ObjectId>,
}

impl CommitLinks {
    /// Reads the head of a commit; `None`: damaged.
    pub(crate) fn parse(data: &[u8], hash: HashKind) -> Option<Self> {
        let (tree, mut rest) = link(data, b"tree ", hash)?;
        let mut parents = Vec::new();
        while rest.starts_with(b"parent ") {
            let (parent, after) = link(rest, b"parent ", hash)?;
            parents.push(parent);
            rest = after;
        }
        Some(Self { tree, parents })
    }
}

/// The object an annotated tag names, and its declared kind; `None`: damaged.
pub(crate) fn tag_target(data: &[u8], hash: HashKind) -> Option<(ObjectId, ObjectKind)> {
    let (id, rest) = link(data, b"object ", hash)?;
    let rest = rest.strip_prefix(b"type ")?;
    let end = rest.iter().position(|&b| b == b'\n')?;
    Some((id, kind_named(rest.get(..end)?)?))
}

/// The kind of an object from its name in headers.
pub(crate) fn kind_named(name: &[u8]) -> Option<ObjectKind> {
    match name {
        b"blob" => Some(ObjectKind::Blob),
        b"tree" => Some(ObjectKind::Tree),
        b"commit" => Some(ObjectKind::Commit),
        b"tag" => Some(ObjectKind::Tag),
        _ => None,
    }
}

fn link<'a>(data: &'a [u8], key: &[u8], hash: HashKind) -> Option<(ObjectId, &'a [u8])> {
    let digits = hash.len() * 2;
    let rest = data.strip_prefix(key)?;
    let id = ObjectId::from_hex(rest.get(..digits)?)?;
    Some((id, rest.get(digits..)?.strip_prefix(b"\n")?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn trees_are_read_to_the_end_or_to_the_damage() {
        let mut tree = b"100644 a\0".to_vec();
        tree.extend([1; 20]);
        tree.extend(b"40000 b\0");
        tree.extend([2; 20]);
        let names: Vec<_> = tree_entries(&tree, HashKind::Sha1)
            .map(|e| e.map(|e| (e.mode, e.name.to_vec(), e.is_tree())))
            .collect();
        let wanted = [
            Some((0o100_644, b"a".to_vec(), false)),
            Some((0o40_000, b"b".to_vec(), true)),
        ];
        assert_eq!(names, wanted);
        for cut in 1..tree.len() {
            if cut != 29 {
                let last = tree_entries(&tree[..cut], HashKind::Sha1).last().unwrap();
                assert!(last.is_none(), "{cut}");
            }
        }
    }

    #[test]
    fn commits_and_tags_name_their_links() {
        let (tree, parent) = ("a".repeat(40), "b".repeat(40));
        let commit = format!("tree {tree}\nparent {parent}\nparent {tree}\nauthor x\n\nparent y\n");
        let links = CommitLinks::parse(commit.as_bytes(), HashKind::Sha1).unwrap();
        assert_eq!(links.tree.to_string(), tree);
        assert_eq!(links.parents.len(), 2);
        assert_eq!(CommitLinks::parse(b"tree abc\n", HashKind::Sha1), None);
        let tag = format!("object {tree}\ntype commit\ntag x\n");
        let target = tag_target(tag.as_bytes(), HashKind::Sha1).unwrap();
        assert_eq!((target.0.to_string(), target.1), (tree, ObjectKind::Commit));
    }
}
