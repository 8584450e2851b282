//! What a commit would bring: HEAD's tree against the index.

use std::ops::ControlFlow;

use lychgate_model::{Change, ObjectId};

use crate::compare;
use crate::environment::Environment;
use crate::error::Error;
use crate::index::Index;
use crate::objects::empty_tree;
use crate::repository::Repository;

/// Calls `sink` for every path that differs between HEAD's tree and the index Git names, in the
/// order of their bytes. An unborn HEAD is a tree without entries.
///
/// Type and mode changes are changes; a rename is a deletion and an addition. What is only
/// announced (`git add -N`) is not in the index; entries whose work tree Git does not look at are.
/// Of a path in conflict, each side that is not HEAD's is a change of its own.
///
/// # Errors
///
/// Any: nothing is known then of the paths not yet handed on. `Ok` also when the sink broke off.
pub fn staged(
    repo: &Repository,
    env: &Environment,
    sink: &mut dyn FnMut(Change) -> ControlFlow<()>,
) -> Result<(), Error> {
    let index = open_index(repo, env)?;
    let tree = head_tree(repo)?;
    against(repo, tree, index.as_ref(), sink)
}

pub(crate) fn open_index(repo: &Repository, env: &Environment) -> Result<Option<Index>, Error> {
    Index::open(&repo.index_path(env), repo.git_dir(), repo.hash_kind())
}

/// The tree at HEAD; the empty one before the first commit.
pub(crate) fn head_tree(repo: &Repository) -> Result<ObjectId, Error> {
    match repo.head()?.commit {
        Some(commit) => repo.tree_of(commit),
        None => Ok(empty_tree(repo.hash_kind())),
    }
}

pub(crate) fn against(
    repo: &Repository,
    tree: ObjectId,
    index: Option<&Index>,
    sink: compare::Sink<'_>,
) -> Result<(), Error> {
    match index {
        Some(index) => compare::with_index(repo.objects(), tree, index, sink),
        None => compare::with_tree(repo.objects(), tree, empty_tree(repo.hash_kind()), sink),
    }
}
