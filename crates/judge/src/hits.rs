//! What scans found, kept until it is known where it stands.

use std::collections::HashMap;
use std::sync::Arc;

use lychgate_model::{Mode, ObjectId, ObjectKind, Side};
use lychgate_scan::{Scanned, Sealed};
use lychgate_wire::frame::Place;

use crate::about::Runnable;

/// An object with something in it.
pub(crate) struct Hit {
    pub(crate) id: ObjectId,
    pub(crate) kind: ObjectKind,
    pub(crate) scanned: Arc<Scanned>,
    pub(crate) places: Vec<Stand>,
}

/// One place where an object stands.
#[derive(Clone)]
pub(crate) struct Stand {
    pub(crate) commit: Option<ObjectId>,
    pub(crate) path: Vec<u8>,
    pub(crate) mode: Mode,
    pub(crate) note: bool,
    pub(crate) old: Arc<[ObjectId]>,
    pub(crate) deleted: Arc<[ObjectId]>,
}

/// A name with something in it, or a file outside Git.
pub(crate) struct Named {
    pub(crate) name: Vec<u8>,
    /// Bytes of the file.
    pub(crate) size: u64,
    pub(crate) scanned: Scanned,
}

/// The path of an entry with something in it.
pub(crate) struct Route {
    pub(crate) path: Vec<u8>,
    pub(crate) scanned: Scanned,
    /// What stands there.
    pub(crate) new: Side,
    /// Whether something stood there before.
    pub(crate) stood: bool,
    pub(crate) staged: bool,
    /// Of a push: the commit that brings it, once that is known.
    pub(crate) commit: Option<ObjectId>,
}

/// Everything that is not clean in one session.
#[derive(Default)]
pub(crate) struct Hits {
    pub(crate) objects: Vec<Hit>,
    pub(crate) paths: Vec<Route>,
    pub(crate) executables: Vec<Runnable>,
    pub(crate) files: Vec<Named>,
    pub(crate) references: Vec<Named>,
    pub(crate) message: Option<Scanned>,
    pub(crate) persons: Option<Scanned>,
    /// Old sides that were looked at; `None`: clean, or not to be had.
    pub(crate) sides: HashMap<ObjectId, Option<Arc<Scanned>>>,
    /// Paths at which deleted sides stood, by commit (`None`: staged) and blob.
    pub(crate) gone: HashMap<(Option<ObjectId>, ObjectId), Vec<Vec<u8>>>,
}

impl Hits {
    pub(crate) fn object(&mut self, id: ObjectId, kind: ObjectKind, scanned: Arc<Scanned>) {
        self.objects.push(Hit {
            id,
            kind,
            scanned,
            places: Vec::new(),
        });
    }

    /// Blobs that are clean so far: where they stand decides.
    pub(crate) fn watch(&mut self, ids: Vec<ObjectId>) {
        let clean = Arc::new(Scanned::default());
        for id in ids {
            // One that was found something in stands before it, and stays.
            self.object(id, ObjectKind::Blob, clean.clone());
        }
    }

    /// One order whatever the order of completion, and no object twice.
    pub(crate) fn settle(&mut self) {
        self.objects.sort_by_key(|h| h.id);
        self.objects.dedup_by_key(|h| h.id);
        self.paths.sort_by(|a, b| a.path.cmp(&b.path));
        self.executables.sort_by(|a, b| a.path.cmp(&b.path));
        for named in [&mut self.files, &mut self.references] {
            named.sort_by(|a, b| a.name.cmp(&b.name));
        }
    }

    /// Takes note of where an object stands for the paths that lead to it: what stood there in
    /// another parent than HEAD, or which commit brings it.
    pub(crate) fn leads(&mut self, place: &Place<'_>) {
        self.runs(place);
        let start = self.paths.partition_point(|r| &r.path[..] < place.path);
        let same = self.paths.iter_mut().skip(start);
        for route in same.take_while(|r| r.path == place.path) {
            if route.new.id != place.object {
                continue;
            }
            if route.staged {
                route.stood |= !place.old.is_empty();
            } else if route.commit.is_none() && place.old.is_empty() {
                route.commit = (!place.commit.is_null()).then_some(place.commit);
            }
        }
    }

    /// What an object was found to be encrypted by, or whether it is open.
    pub(crate) fn sealed(&self, id: &ObjectId) -> Option<Sealed> {
        let at = self.objects.binary_search_by_key(id, |h| h.id).ok()?;
        self.objects.get(at)?.scanned.sealed
    }

    pub(crate) fn find(&mut self, id: &ObjectId) -> Option<&mut Hit> {
        let at = self.objects.binary_search_by_key(id, |h| h.id).ok()?;
        self.objects.get_mut(at)
    }
}
