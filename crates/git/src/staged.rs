//! What a commit would bring: HEAD's tree against the index.

use std::collections::HashSet;
use std::ops::ControlFlow;

use lychgate_model::limits::{DELETED_SIDES, PLACES_PER_OBJECT};
use lychgate_model::{Change, Mode, ObjectId, RepoPath, Side};

use crate::compare;
use crate::documents::file_in_tree;
use crate::error::Error;
use crate::objects::empty_tree;
use crate::places::Place;
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
    sink: &mut dyn FnMut(Change) -> ControlFlow<()>,
) -> Result<(), Error> {
    staged_with(repo, sink, &mut Vec::new())
}

/// The same; `own` takes the paths of `.gitattributes` and `.sops.yaml` that folders in which
/// something may differ have of their own at HEAD.
///
/// # Errors
///
/// As [`staged`].
pub fn staged_with(
    repo: &Repository,
    sink: &mut dyn FnMut(Change) -> ControlFlow<()>,
    own: &mut Vec<RepoPath>,
) -> Result<(), Error> {
    against(repo, repo.head_tree()?, sink, own)
}

/// Says where each of `wanted` stands among the staged changes, at most
/// `limits::PLACES_PER_OBJECT` paths each, with what stands there in every commit that is to be a
/// parent: HEAD, and what is being merged. `merging`: in pre-merge-commit, where Git's variables
/// alone say what that is.
///
/// # Errors
///
/// Any: a place told before it may then lack old sides, and none after it is known.
pub fn staged_places(
    repo: &Repository,
    wanted: &HashSet<ObjectId>,
    merging: bool,
    sink: &mut dyn FnMut(Place),
) -> Result<(), Error> {
    let mut hits: Vec<(ObjectId, Mode, RepoPath)> = Vec::new();
    let mut deleted = Vec::new();
    staged(repo, &mut |change| {
        if let Some(new) = change.new.filter(|new| wanted.contains(&new.id)) {
            let known = hits.iter().filter(|(id, ..)| *id == new.id).count();
            if known < PLACES_PER_OBJECT {
                hits.push((new.id, new.mode, change.path.clone()));
            }
        }
        note_deleted(&mut deleted, change);
        ControlFlow::Continue(())
    })?;
    if hits.is_empty() {
        return Ok(());
    }
    let head = repo.head_tree()?;
    let mut trees = Vec::new();
    for parent in repo.parents_to_be(merging)? {
        trees.push(repo.tree_of(parent)?);
    }
    for tree in trees.iter().filter(|tree| **tree != head) {
        let mut note = |change| {
            note_deleted(&mut deleted, change);
            ControlFlow::Continue(())
        };
        against(repo, *tree, &mut note, &mut Vec::new())?;
    }
    for (object, mode, path) in hits {
        let mut old = Vec::new();
        for tree in &trees {
            let side = file_in_tree(repo, *tree, path.as_bytes())?;
            old.extend(side.filter(|side| side.mode.is_blob()).map(|side| side.id));
        }
        old.sort_unstable();
        old.dedup();
        let deleted = likely_sources(object, &path, &deleted);
        let (commit, reference) = (None, Vec::new());
        sink(Place {
            object,
            commit,
            path,
            mode,
            reference,
            old,
            deleted,
        });
    }
    Ok(())
}

/// Says at which paths the blobs in `wanted` stood that a staged change deletes; `merging` as in
/// [`staged_places`].
///
/// # Errors
///
/// Any: what was told until then is not all.
pub fn staged_gone(
    repo: &Repository,
    wanted: &HashSet<ObjectId>,
    merging: bool,
    sink: &mut dyn FnMut(ObjectId, &[u8]),
) -> Result<(), Error> {
    let mut deleted = Vec::new();
    let mut trees = vec![repo.head_tree()?];
    trees.extend(merged_trees(repo, merging)?);
    for tree in trees {
        let mut note = |change| {
            note_deleted(&mut deleted, change);
            ControlFlow::Continue(())
        };
        against(repo, tree, &mut note, &mut Vec::new())?;
    }
    for (id, path) in deleted {
        if wanted.contains(&id) {
            sink(id, path.as_bytes());
        }
    }
    Ok(())
}

/// The trees that are being merged into HEAD; `merging` as in [`staged_places`].
///
/// # Errors
///
/// What is being merged cannot be read.
pub fn merged_trees(repo: &Repository, merging: bool) -> Result<Vec<ObjectId>, Error> {
    let head = repo.head()?.commit;
    let merged = repo.parents_to_be(merging)?.into_iter();
    let merged = merged.filter(|parent| Some(*parent) != head);
    merged.map(|parent| repo.tree_of(parent)).collect()
}

/// A file that is executable in one of some trees.
///
/// # Errors
///
/// A tree on the way cannot be read.
pub fn executable_in(
    repo: &Repository,
    trees: &[ObjectId],
    path: &[u8],
) -> Result<Option<Side>, Error> {
    for tree in trees {
        let side = file_in_tree(repo, *tree, path)?;
        if let Some(side) = side.filter(|side| side.mode == Mode::Executable) {
            return Ok(Some(side));
        }
    }
    Ok(None)
}

fn note_deleted(deleted: &mut Vec<(ObjectId, RepoPath)>, change: Change) {
    if let (Some(old), None) = (change.old, change.new)
        && old.mode.is_blob()
    {
        deleted.push((old.id, change.path));
    }
}

/// The deleted blobs that come into question as where `object` was before: the same content
/// first, then the same file name.
fn likely_sources(
    object: ObjectId,
    path: &RepoPath,
    deleted: &[(ObjectId, RepoPath)],
) -> Vec<ObjectId> {
    let name = |path: &RepoPath| {
        path.as_bytes()
            .rsplit(|&b| b == b'/')
            .next()
            .map(<[u8]>::to_vec)
    };
    let wanted = name(path);
    let mut ranked: Vec<_> = deleted
        .iter()
        .map(|(id, path)| (*id != object, name(path) != wanted, *id))
        .collect();
    ranked.sort_by_key(|(other, elsewhere, _)| (*other, *elsewhere));
    let mut seen = HashSet::new();
    let ids = ranked
        .into_iter()
        .map(|(_, _, id)| id)
        .filter(|id| seen.insert(*id));
    ids.take(DELETED_SIDES).collect()
}

/// What differs between `tree` and the index.
pub(crate) fn against(
    repo: &Repository,
    tree: ObjectId,
    sink: compare::Sink<'_>,
    own: &mut Vec<RepoPath>,
) -> Result<(), Error> {
    match repo.index()? {
        Some(index) => compare::with_index(repo.objects(), tree, index, sink, own),
        None => compare::with_tree(repo.objects(), tree, empty_tree(repo.hash_kind()), sink),
    }
}
