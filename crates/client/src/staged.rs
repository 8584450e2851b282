//! A staged change: each path with both sides, and the content of what the judge does not know.

use std::collections::BTreeMap;
use std::ops::ControlFlow;

use lychgate_git::Repository;
use lychgate_model::{Change, Mode, ObjectId, Side, limits};
use lychgate_wire::frame::{Entry, Role};

use crate::content::{self, Sending};
use crate::talk::{Stop, Talk};

/// Tells the judge the whole change.
///
/// `merging`: in pre-merge-commit.
pub(crate) fn tell(
    talk: &mut Talk<'_>,
    repository: &Repository,
    merging: bool,
) -> Result<(), Stop> {
    let mut telling = Telling {
        talk: &mut *talk,
        repository,
        merging,
        merged: None,
        waiting: Vec::new(),
        known: BTreeMap::new(),
    };
    let mut stop = None;
    let mut own = Vec::new();
    let mut take = |change| match telling.take(change) {
        Ok(()) => ControlFlow::Continue(()),
        Err(early) => {
            stop = Some(early);
            ControlFlow::Break(())
        }
    };
    lychgate_git::staged_with(repository, &mut take, &mut own)?;
    if let Some(stop) = stop {
        return Err(stop);
    }
    telling.end()?;
    for path in &own {
        talk.nested(path.as_bytes())?;
    }
    Ok(())
}

/// How far an object is that stands on a new side.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Known {
    /// Offered, wanted and not sent yet.
    Wanted,
    /// Sent, or never wanted.
    Settled,
}

struct Telling<'t, 'l, 'r> {
    talk: &'t mut Talk<'l>,
    repository: &'r Repository,
    merging: bool,
    /// The trees that are being merged, once they were needed.
    merged: Option<Vec<ObjectId>>,
    /// Changes that are not told yet: too few to be worth an offer, or not a full one.
    waiting: Vec<Change>,
    known: BTreeMap<ObjectId, Known>,
}

impl Telling<'_, '_, '_> {
    fn take(&mut self, mut change: Change) -> Result<(), Stop> {
        let runs = |side: Option<Side>| side.is_some_and(|s| s.mode == Mode::Executable);
        if runs(change.new) && !runs(change.old) {
            // What is merged may have made it executable.
            let path = change.path.as_bytes();
            let trees = match self.merged.take() {
                Some(trees) => trees,
                None => lychgate_git::merged_trees(self.repository, self.merging)?,
            };
            let merged = lychgate_git::executable_in(self.repository, &trees, path)?;
            change.old = merged.or(change.old);
            self.merged = Some(trees);
        }
        self.waiting.push(change);
        if self.waiting.len() == limits::OFFER {
            self.offer()?;
            self.tell_waiting()?;
        }
        Ok(())
    }

    fn end(mut self) -> Result<(), Stop> {
        if self.waiting.len() >= limits::OFFER_FROM {
            self.offer()?;
        }
        self.tell_waiting()
    }

    fn offer(&mut self) -> Result<(), Stop> {
        if !self.talk.takes_offers() {
            return Ok(());
        }
        let mut ids = Vec::new();
        for id in self.waiting.iter().filter_map(blob) {
            if let std::collections::btree_map::Entry::Vacant(free) = self.known.entry(id) {
                free.insert(Known::Settled);
                ids.push(id);
            }
        }
        let mut needed = Vec::with_capacity(ids.len());
        self.talk.offer(&ids, &mut needed)?;
        let wanted = ids.into_iter().zip(needed).filter(|(_, needed)| *needed);
        self.known.extend(wanted.map(|(id, _)| (id, Known::Wanted)));
        Ok(())
    }

    fn tell_waiting(&mut self) -> Result<(), Stop> {
        for change in std::mem::take(&mut self.waiting) {
            let path = change.path.as_bytes();
            self.talk.entry(Entry {
                path,
                old: change.old,
                new: change.new,
            })?;
            let Some(id) = blob(&change) else { continue };
            let before = self.known.insert(id, Known::Settled);
            if before == Some(Known::Settled) {
                continue;
            }
            let offered = before.is_some();
            let what = Sending {
                role: Role::New,
                id,
                path,
                offered,
            };
            content::send(self.talk, self.repository, what)?;
        }
        Ok(())
    }
}

/// The blob on the new side; `None`: a deletion or another repository's commit.
fn blob(change: &Change) -> Option<ObjectId> {
    change
        .new
        .filter(|side| side.mode.is_blob())
        .map(|side| side.id)
}
