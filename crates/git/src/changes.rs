//! Every file whose content is new at its path: what is promised of a path is held against it.

use std::collections::HashSet;

use lychgate_model::{Change, ObjectId, RepoPath};

use crate::documents::file_in_tree;
use crate::error::Error;
use crate::places::Place;
use crate::pushed::NewObjects;
use crate::repository::Repository;
use crate::trees::{Beside, Entry, Listing};

/// Trees entered before the search fails: somebody may have nested them so that there are more
/// paths than anyone can walk.
const STEPS: usize = 4_000_000;

/// Whether a path lies in one of some folders; of the empty name, every path does.
fn lies_in(folders: &[Vec<u8>], path: &[u8]) -> bool {
    let in_it = |f: &Vec<u8>| {
        let rest = path.strip_prefix(f.as_slice());
        f.is_empty() || rest.is_some_and(|rest| rest.first() == Some(&b'/'))
    };
    folders.iter().any(in_it)
}

/// Whether a folder lies in one of some, or one of them in it.
fn leads_to(folders: &[Vec<u8>], path: &[u8]) -> bool {
    let above = |f: &Vec<u8>| {
        let rest = f.strip_prefix(path);
        rest.is_some_and(|rest| matches!(rest.first(), None | Some(b'/')))
    };
    lies_in(folders, path) || folders.iter().any(above)
}

struct Frame {
    tree: Listing,
    at: usize,
    beside: Vec<Beside>,
    path: usize,
}

impl NewObjects<'_> {
    /// Says of every file below `folders` whose content no parent has at its path where it stands,
    /// each content of a path once, oldest commit first. Without the deleted sides.
    ///
    /// # Errors
    ///
    /// As [`NewObjects::places`].
    pub fn changes(
        &mut self,
        folders: &[Vec<u8>],
        sink: &mut dyn FnMut(Place),
    ) -> Result<(), Error> {
        let mut told: HashSet<(Vec<u8>, u32)> = HashSet::new();
        let mut steps = 0;
        for number in self.oldest_first() {
            let Some(commit) = self.graph.commit(number) else {
                continue;
            };
            let parents = self.graph.parents(commit).to_vec();
            let parents = parents.iter().filter_map(|p| self.graph.commit(*p));
            let parents: Vec<u32> = parents.map(|p| p.tree).collect();
            if parents.contains(&commit.tree) {
                continue;
            }
            let commit_id = self.graph.numbers.id(number);
            let mut path = Vec::new();
            let mut frames = Vec::new();
            self.enter(commit.tree, &parents, 0, &mut steps, &mut frames)?;
            while let Some(frame) = frames.last_mut() {
                path.truncate(frame.path);
                self.graph.step(1 + frame.beside.len())?;
                let trees = &self.graph.trees;
                let beside = frame.beside.iter();
                let next = beside.fold(frame.at, |at, b| b.skip(trees, frame.tree, at));
                frame.at = next + 1;
                let Some(entry) = trees.entry(frame.tree, next) else {
                    frames.pop();
                    continue;
                };
                let beside = frame.beside.iter_mut();
                let old = beside.filter_map(|b| b.find(trees, frame.tree, next));
                let old: Vec<Entry> = old.collect();
                if old.iter().any(|old| old.same(entry)) {
                    continue;
                }
                if !path.is_empty() {
                    path.push(b'/');
                }
                path.extend_from_slice(trees.name(entry));
                let old = old.iter().filter(|old| !old.is_gitlink());
                let old: Vec<u32> = old.map(|old| old.object).collect();
                if entry.is_tree() && leads_to(folders, &path) {
                    self.enter(entry.object, &old, path.len(), &mut steps, &mut frames)?;
                } else if entry.mode().is_blob()
                    && lies_in(folders, &path)
                    && told.insert((path.clone(), entry.object))
                {
                    let numbers = &self.graph.numbers;
                    sink(Place {
                        object: numbers.id(entry.object),
                        commit: Some(commit_id),
                        path: RepoPath(path.clone()),
                        mode: entry.mode(),
                        reference: Vec::new(),
                        old: old.iter().map(|n| numbers.id(*n)).collect(),
                        deleted: Vec::new(),
                    });
                }
            }
        }
        Ok(())
    }

    fn enter(
        &mut self,
        tree: u32,
        beside: &[u32],
        path: usize,
        steps: &mut usize,
        frames: &mut Vec<Frame>,
    ) -> Result<(), Error> {
        *steps += 1;
        if *steps > STEPS {
            return Err(Error::TooDeep);
        }
        let objects = self.objects();
        let mut sides = Vec::with_capacity(beside.len());
        for side in beside {
            self.graph.load(*side, objects);
            sides.extend(self.graph.listing(*side).map(Beside::new));
        }
        self.graph.load(tree, objects);
        if let Some(tree) = self.graph.listing(tree) {
            frames.push(Frame {
                tree,
                at: 0,
                beside: sides,
                path,
            });
        }
        Ok(())
    }
}

/// The same of a staged change; `merging` as in [`crate::staged_places`].
///
/// # Errors
///
/// Any: what was told until then is not all.
pub fn staged_changes(
    repo: &Repository,
    folders: &[Vec<u8>],
    merging: bool,
    sink: &mut dyn FnMut(Place),
) -> Result<(), Error> {
    let mut changes: Vec<Change> = Vec::new();
    crate::staged::staged(repo, &mut |change| {
        if lies_in(folders, change.path.as_bytes()) {
            changes.push(change);
        }
        std::ops::ControlFlow::Continue(())
    })?;
    let mut trees = Vec::new();
    for parent in repo.parents_to_be(merging)? {
        trees.push(repo.tree_of(parent)?);
    }
    for change in changes {
        let Some(new) = change.new.filter(|new| new.mode.is_blob()) else {
            continue;
        };
        let mut old: Vec<ObjectId> = Vec::new();
        for tree in &trees {
            let side = file_in_tree(repo, *tree, change.path.as_bytes())?;
            old.extend(side.filter(|side| side.mode.is_blob()).map(|side| side.id));
        }
        old.sort_unstable();
        old.dedup();
        if old.contains(&new.id) {
            continue;
        }
        sink(Place {
            object: new.id,
            commit: None,
            path: change.path,
            mode: new.mode,
            reference: Vec::new(),
            old,
            deleted: Vec::new(),
        });
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn folders_hold_paths_and_lead_to_each_other() {
        let folders = [b"a/b".to_vec()];
        assert!(lies_in(&folders, b"a/b/c") && !lies_in(&folders, b"a/bc"));
        assert!(leads_to(&folders, b"a") && leads_to(&folders, b"a/b/c"));
        assert!(leads_to(&folders, b"a/b") && !leads_to(&folders, b"a/c"));
        let all = [Vec::new()];
        assert!(lies_in(&all, b"x") && leads_to(&all, b"x/y"));
    }
}
