//! What goes out, a range of commits, and everything: pushes without a quarantine.

use std::path::PathBuf;
use std::sync::Arc;

use lychgate_model::ObjectId;

use crate::error::Error;
use crate::pack::PackIndex;
use crate::pushed::NewObjects;
use crate::quarantine::Contents;
use crate::repository::Repository;

/// One line of what Git tells `pre-push`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PrePushLine {
    /// What is pushed, as given: a ref name, `(delete)`, or any revision.
    pub local_ref: Vec<u8>,
    /// Its id; null: the remote ref is deleted.
    pub local_id: ObjectId,
    /// The full name of the remote ref.
    pub remote_ref: Vec<u8>,
    /// What it points at now; null: it does not exist.
    pub remote_id: ObjectId,
}

impl<'r> NewObjects<'r> {
    /// What a `pre-push` sends (contract 1.3): all that is reachable from the local ids and not
    /// from a remote id that is here, nor from what `refs/remotes/<remote>/` says the remote has.
    ///
    /// `remote` is the hook's first argument, a remote's name or, for a remote without one, its
    /// URL; a URL has no tracking refs.
    ///
    /// # Errors
    ///
    /// Refs that cannot be read.
    pub fn of_outgoing(
        repository: &'r Repository,
        lines: &[PrePushLine],
        remote: &[u8],
    ) -> Result<Self, Error> {
        let mut new = Self::empty(repository, repository.shallow_commits()?);
        let mut there = Vec::new();
        let mut tracked = Vec::new();
        for line in lines.iter().filter(|line| !line.remote_id.is_null()) {
            if repository.objects().contains(line.remote_id)? {
                there.push(line.remote_id);
            }
        }
        let prefix = [b"refs/remotes/", remote, b"/"].concat();
        repository.for_each_ref(&mut |name, id| {
            if !remote.is_empty() && name.starts_with(&prefix) {
                tracked.push(id);
            }
        })?;
        new.exclude(&there)?;
        new.likely = new.counting.iter().copied().collect();
        new.exclude(&tracked)?;
        for line in lines.iter().filter(|line| !line.local_id.is_null()) {
            new.add_tip(&line.remote_ref, line.local_id)?;
        }
        let read = repository.read.take(repository.hash_kind());
        new.graph.take_commits(&read)?;
        Ok(new)
    }

    /// The objects of `to` that are not objects of `from`, judged as a push.
    ///
    /// # Errors
    ///
    /// Refs that cannot be read.
    pub fn of_range(
        repository: &'r Repository,
        from: Option<ObjectId>,
        to: ObjectId,
    ) -> Result<Self, Error> {
        let mut new = Self::empty(repository, repository.shallow_commits()?);
        new.exclude(from.as_slice())?;
        new.add_tip(b"", to)?;
        Ok(new)
    }

    /// Every object reachable from any ref, or from a HEAD that is on none, as a first push.
    ///
    /// # Errors
    ///
    /// Refs that cannot be read.
    pub fn of_all(repository: &'r Repository) -> Result<Self, Error> {
        let mut new = Self::empty(repository, repository.shallow_commits()?);
        new.adopt_largest()?;
        let mut refs = Vec::new();
        repository.for_each_ref(&mut |name, id| refs.push((name.to_vec(), id)))?;
        if let Some(head) = repository.head()?.commit {
            refs.push((b"HEAD".to_vec(), head));
        }
        for (name, id) in refs {
            new.add_tip(&name, id)?;
        }
        new.everything = true;
        Ok(new)
    }

    /// Numbers objects by the rows of the store's largest index.
    fn adopt_largest(&mut self) -> Result<(), Error> {
        let kind = self.hash_kind();
        let mut largest: Option<(Arc<PackIndex>, PathBuf)> = None;
        for directory in self.objects().directories() {
            // Of each directory the largest comes first.
            let Some(path) = Contents::packs(directory.path())?.into_iter().next() else {
                continue;
            };
            let index = match self.objects().index(&path).ok().flatten() {
                Some(index) => Some(index),
                None => PackIndex::open(&path, kind)
                    .map_err(Error::io("read", &path))?
                    .map(Arc::new),
            };
            let best = largest.as_ref().map_or(0, |(index, _)| index.count());
            if let Some(index) = index.filter(|index| index.count() > best) {
                largest = Some((index, path));
            }
        }
        // A damaged index is an error once its pack is read.
        let _adopted = largest.map(|(index, path)| self.graph.numbers.adopt(&path, &index));
        Ok(())
    }

    /// Takes `ids` as judged.
    fn exclude(&mut self, ids: &[ObjectId]) -> Result<(), Error> {
        for id in ids {
            let number = self.graph.number(*id)?;
            self.counting.insert(number);
        }
        Ok(())
    }
}
