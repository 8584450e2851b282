//! Everything that stands in a repository, for whoever lists it: the index as a whole, all that
//! the refs reach, one file of one commit. What is missing is not fetched from anywhere.

use std::collections::HashSet;
use std::ops::ControlFlow;

use lychgate_model::{Change, ObjectId, ObjectKind, Side};

use crate::documents::file_in_tree;
use crate::error::Error;
use crate::objects::empty_tree;
use crate::objects::parse::{CommitLinks, tag_target, tree_entries};
use crate::repository::Repository;
use crate::staged;

/// Calls `sink` for every path of the index, in the order of their bytes, as what would be staged
/// if there were no commit yet; a folder that stands there as a tree is gone through.
///
/// # Errors
///
/// Any: nothing is known then of the paths not yet handed on. `Ok` also when the sink broke off.
pub fn indexed(
    repo: &Repository,
    sink: &mut dyn FnMut(Change) -> ControlFlow<()>,
) -> Result<(), Error> {
    staged::against(repo, empty_tree(repo.hash_kind()), sink, &mut Vec::new())
}

/// Calls `sink` once for every blob that HEAD or a ref reaches, with the path it is met at first.
/// It is called too for whatever cannot be gone through: that is then no blob that can be read.
///
/// # Errors
///
/// HEAD, refs or the list of shallow commits cannot be read.
pub fn reachable(repo: &Repository, sink: &mut dyn FnMut(ObjectId, &[u8])) -> Result<(), Error> {
    let edge: HashSet<ObjectId> = repo.shallow_commits()?.into_iter().collect();
    let mut left: Vec<(ObjectId, Vec<u8>)> = Vec::new();
    repo.for_each_ref(&mut |_, id| left.push((id, Vec::new())))?;
    left.extend(repo.head()?.commit.map(|id| (id, Vec::new())));
    left.reverse();
    let mut seen = HashSet::new();
    let mut content = Vec::new();
    while let Some((id, path)) = left.pop() {
        if !seen.insert(id) {
            continue;
        }
        match repo.objects().header(id).map(|header| header.kind) {
            Ok(ObjectKind::Blob) => {
                sink(id, &path);
                continue;
            }
            Ok(kind) if repo.objects().load_kind(id, kind, &mut content).is_ok() => {
                let named = match kind {
                    ObjectKind::Tree => entries(&content, &path, id),
                    ObjectKind::Commit => CommitLinks::parse(&content, id.kind()).map(|links| {
                        let parents = links.parents.into_iter();
                        // On top of the stack: the tree is gone through before the parents.
                        parents
                            .filter(|_| !edge.contains(&id))
                            .rev()
                            .chain([links.tree])
                            .map(|id| (id, Vec::new()))
                            .collect()
                    }),
                    _ => tag_target(&content, id.kind()).map(|(id, _)| vec![(id, Vec::new())]),
                };
                match named {
                    Some(named) => left.extend(named),
                    None => sink(id, &path),
                }
            }
            _ => sink(id, &path),
        }
    }
    Ok(())
}

/// What a tree names, the last first; `None`: it is damaged.
fn entries(content: &[u8], path: &[u8], id: ObjectId) -> Option<Vec<(ObjectId, Vec<u8>)>> {
    let mut out = Vec::new();
    for entry in tree_entries(content, id.kind()) {
        let entry = entry?;
        if entry.mode & 0o170_000 == 0o160_000 {
            continue;
        }
        let between: &[u8] = if path.is_empty() { b"" } else { b"/" };
        out.push((entry.id, [path, between, entry.name].concat()));
    }
    out.reverse();
    Some(out)
}

impl Repository {
    /// What stands at `path` of the commit that `id` is or leads to; `None`: no file does.
    ///
    /// # Errors
    ///
    /// When the commit or a tree on the way cannot be read.
    pub fn file_at(&self, id: ObjectId, path: &[u8]) -> Result<Option<Side>, Error> {
        match self.peel_to_commit(id)? {
            Some(commit) => file_in_tree(self, self.tree_of(commit)?, path),
            None => Ok(None),
        }
    }

    /// The blob at `path` of the index; in a conflict, of the first side. `None`: there is none.
    ///
    /// # Errors
    ///
    /// When the index cannot be read.
    pub fn blob_in_index(&self, path: &[u8]) -> Result<Option<ObjectId>, Error> {
        let mut found = None;
        indexed(self, &mut |change| {
            if change.path.as_bytes() != path {
                return ControlFlow::Continue(());
            }
            found = change
                .new
                .filter(|new| new.mode.is_blob())
                .map(|new| new.id);
            ControlFlow::Break(())
        })?;
        Ok(found)
    }
}
