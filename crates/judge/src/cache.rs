//! What was judged already: an object's raw findings, or that there are none (contract 6).
//!
//! Written only after a complete scan of bytes whose id the judge computed itself. Findings are
//! kept before paths, allow lines, dates and newness, so that policy can change without a scan.

use std::collections::HashMap;
use std::io::{self, Read as _};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use lychgate_model::keyed::KeyedMap;
use lychgate_model::{Digest, ObjectId, ObjectKind};
use lychgate_scan::Scanned;

use crate::kept::{self, Distrust};
use crate::persisted;
use crate::state::State;

/// The name of the saved cache, in the state folder.
pub(crate) const FILE: &str = "objects.cache";

/// Bytes one clean entry is reckoned at, with its share of the table.
const ENTRY: usize = 96;

/// What is known of an object.
#[derive(Clone, Debug)]
pub(crate) struct Known {
    pub(crate) kind: ObjectKind,
    pub(crate) size: u64,
    /// `None`: clean.
    pub(crate) scanned: Option<Arc<Scanned>>,
}

/// Under which rules objects were judged. In a clean one nothing is recognised: what a baseline
/// lists decides about the others alone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct ShelfKey {
    /// What decides matches.
    pub(crate) clean: Digest,
    /// That, and what is recognised.
    pub(crate) found: Digest,
}

impl Known {
    fn cost(&self) -> usize {
        let Some(scanned) = &self.scanned else {
            return ENTRY;
        };
        let masked: usize = scanned.findings.iter().map(|f| f.masked.len() + 160).sum();
        ENTRY
            + 128
            + masked
            + scanned.markers.len() * 192
            + scanned.link.as_ref().map_or(0, |_| 192)
    }
}

/// One peer's entries under one rule set, in two generations: when the young one is full it
/// becomes the old one, and what was not asked for since is forgotten with the next turn.
#[derive(Debug, Default)]
struct Shelf {
    young: KeyedMap<ObjectId, Known>,
    old: KeyedMap<ObjectId, Known>,
    young_bytes: usize,
    old_bytes: usize,
}

impl Shelf {
    fn bytes(&self) -> usize {
        self.young_bytes + self.old_bytes
    }

    fn put(&mut self, id: ObjectId, known: Known) {
        let cost = known.cost();
        match self.young.insert(id, known) {
            Some(before) => self.young_bytes = self.young_bytes - before.cost() + cost,
            None => self.young_bytes += cost,
        }
    }

    fn get(&mut self, id: &ObjectId) -> Option<Known> {
        if let Some(known) = self.young.get(id) {
            return Some(known.clone());
        }
        let known = self.old.remove(id)?;
        self.old_bytes -= known.cost();
        self.put(*id, known.clone());
        Some(known)
    }

    fn turn(&mut self) {
        self.old = std::mem::take(&mut self.young);
        self.old_bytes = std::mem::take(&mut self.young_bytes);
    }
}

#[derive(Debug, Default)]
struct Shelves {
    all: HashMap<(u32, Digest), Shelf>,
    changed: bool,
}

impl Shelves {
    fn bytes(&self) -> usize {
        self.all.values().map(Shelf::bytes).sum()
    }

    /// Makes room by turning the largest shelf until the budget is kept.
    fn shrink(&mut self, budget: usize) {
        while self.bytes() > budget {
            let largest = self
                .all
                .iter()
                .max_by_key(|(_, s)| s.bytes())
                .map(|(k, _)| *k);
            let Some(shelf) = largest.and_then(|k| self.all.get_mut(&k)) else {
                return;
            };
            shelf.turn();
            if shelf.bytes() > budget {
                *shelf = Shelf::default();
            }
        }
        self.all.retain(|_, s| s.bytes() > 0);
    }
}

/// Objects judged before: shared by all sessions, bounded in bytes, one shelf per peer.
#[derive(Debug)]
pub struct Cache {
    budget: usize,
    shelves: Mutex<Shelves>,
}

impl Cache {
    /// An empty cache of at most about `budget` bytes; 0 remembers nothing.
    pub fn new(budget: usize) -> Self {
        Self {
            budget,
            shelves: Mutex::default(),
        }
    }

    fn lock(&self) -> MutexGuard<'_, Shelves> {
        // No code that can panic runs under the lock; a poisoned one is still whole.
        self.shelves.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn get(&self, peer: u32, key: ShelfKey, ids: &[ObjectId]) -> Vec<Option<Known>> {
        let mut shelves = self.lock();
        let mut out = vec![None; ids.len()];
        let both = key.clean == key.found;
        if let Some(shelf) = shelves.all.get_mut(&(peer, key.clean)) {
            for (slot, id) in out.iter_mut().zip(ids) {
                *slot = shelf.get(id).filter(|k| both || k.scanned.is_none());
            }
        }
        if !both && let Some(shelf) = shelves.all.get_mut(&(peer, key.found)) {
            for (slot, id) in out.iter_mut().zip(ids).filter(|(slot, _)| slot.is_none()) {
                *slot = shelf.get(id);
            }
        }
        out
    }

    pub(crate) fn put(&self, peer: u32, key: ShelfKey, entries: Vec<(ObjectId, Known)>) {
        // Nearly always all of them are.
        if entries.iter().all(|(_, known)| known.scanned.is_none()) {
            return self.put_under(peer, key.clean, entries);
        }
        let (clean, found): (Vec<_>, Vec<_>) =
            entries.into_iter().partition(|(_, k)| k.scanned.is_none());
        self.put_under(peer, key.clean, clean);
        self.put_under(peer, key.found, found);
    }

    fn put_under(&self, peer: u32, matching: Digest, found: Vec<(ObjectId, Known)>) {
        if self.budget == 0 || found.is_empty() {
            return;
        }
        let mut shelves = self.lock();
        shelves.changed = true;
        let shelf = shelves.all.entry((peer, matching)).or_default();
        for (id, known) in found {
            shelf.put(id, known);
        }
        // Checked per batch: the overshoot is at most what one batch brings.
        if shelf.young_bytes > self.budget / 2 {
            shelf.turn();
        }
        shelves.shrink(self.budget);
    }

    /// Forgets everything judged under other rules; after a reload.
    pub fn retain(&self, matching: Digest) {
        let mut shelves = self.lock();
        shelves.all.retain(|(_, digest), _| *digest == matching);
        shelves.changed = true;
    }

    /// Objects remembered.
    pub fn entries(&self) -> usize {
        self.lock()
            .all
            .values()
            .map(|s| s.young.len() + s.old.len())
            .sum()
    }

    /// About how many bytes they take.
    pub fn bytes(&self) -> usize {
        self.lock().bytes()
    }

    /// Whether anything changed since the last [`Cache::save`] or [`Cache::load`].
    pub fn is_dirty(&self) -> bool {
        self.lock().changed
    }

    /// Adds the clean entries that were saved under `state`. What is damaged, absent or sealed by
    /// somebody else is not there: it is scanned.
    ///
    /// # Errors
    /// The file is not looked into: others could have written it.
    pub fn load(&self, state: &State) -> Result<(), Distrust> {
        let Some((folder, seal)) = state.sealed() else {
            return Ok(());
        };
        let Some(mut file) = kept::open(folder, FILE)? else {
            return Ok(());
        };
        let mut bytes = Vec::new();
        if file.read_to_end(&mut bytes).is_err() {
            return Ok(());
        }
        let mut found: HashMap<(u32, Digest), Vec<(ObjectId, Known)>> = HashMap::new();
        for record in persisted::read(&bytes, seal) {
            let known = Known {
                kind: record.kind,
                size: record.size,
                scanned: None,
            };
            found
                .entry((record.peer, record.matching))
                .or_default()
                .push((record.id, known));
        }
        let before = self.is_dirty();
        for ((peer, matching), entries) in found {
            self.put_under(peer, matching, entries);
        }
        self.lock().changed = before;
        Ok(())
    }

    /// Writes the clean entries to a file of mode 0600, whole or not at all. Without a state
    /// folder's key there is nothing to seal them with, and they are not written.
    ///
    /// # Errors
    /// The file system's.
    pub fn save(&self, state: &State) -> io::Result<()> {
        let Some((folder, seal)) = state.sealed() else {
            return Ok(());
        };
        let mut out = persisted::Writer::new();
        {
            let mut shelves = self.lock();
            for ((peer, matching), shelf) in &shelves.all {
                out.group(*peer, *matching);
                for (id, known) in shelf.old.iter().chain(&shelf.young) {
                    if known.scanned.is_none() {
                        out.record(id, known.kind, known.size);
                    }
                }
            }
            shelves.changed = false;
        }
        let written = persisted::replace(&folder.join(FILE), &out.finish(seal));
        if written.is_err() {
            self.lock().changed = true;
        }
        written
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs::Permissions;
    use std::os::unix::fs::PermissionsExt as _;

    const KEY: ShelfKey = ShelfKey {
        clean: Digest([7; 32]),
        found: Digest([8; 32]),
    };

    /// A cache that says of one object that it is clean.
    fn says_clean(id: ObjectId) -> Cache {
        let cache = Cache::new(1 << 20);
        let known = Known {
            kind: ObjectKind::Blob,
            size: 5,
            scanned: None,
        };
        cache.put(1000, KEY, vec![(id, known)]);
        cache
    }

    fn loaded(state: &State) -> (usize, bool) {
        let cache = Cache::new(1 << 20);
        let refused = cache.load(state).is_err();
        (cache.entries(), refused)
    }

    #[test]
    fn a_planted_file_makes_nothing_clean() {
        let id = ObjectId::from_bytes(&[9; 20]).unwrap();
        let (own, others) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        let state = State::open(Some(own.path()));
        let file = own.path().join(FILE);
        says_clean(id).save(&state).unwrap();
        assert_eq!(loaded(&state), (1, false), "one's own is used");

        // Right in form, by somebody who does not know the key.
        let stranger = State::open(Some(others.path()));
        says_clean(id).save(&stranger).unwrap();
        let own_bytes = std::fs::read(&file).unwrap();
        std::fs::copy(others.path().join(FILE), &file).unwrap();
        assert_eq!(loaded(&state), (0, false));

        // The form before this one had no key.
        let mut old = b"LYCHCLN1".to_vec();
        old.extend_from_slice(&own_bytes[8..]);
        std::fs::write(&file, old).unwrap();
        assert_eq!(loaded(&state), (0, false));

        // Even one's own is not looked into where others could have put it.
        std::fs::write(&file, own_bytes).unwrap();
        std::fs::set_permissions(&file, Permissions::from_mode(0o666)).unwrap();
        assert_eq!(loaded(&state), (0, true));
        std::fs::set_permissions(&file, Permissions::from_mode(0o600)).unwrap();
        std::fs::set_permissions(own.path(), Permissions::from_mode(0o777)).unwrap();
        assert_eq!(loaded(&state), (0, true));
        std::fs::set_permissions(own.path(), Permissions::from_mode(0o700)).unwrap();
        assert_eq!(loaded(&state), (1, false));
    }
}
