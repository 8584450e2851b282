//! What was enumerated, counted and digested by both sides with this code (DM-17).
//!
//! The digest is SHA-256 over the items in the order they were announced. Each item begins with
//! a letter; numbers are big-endian. `docs/protocol.md` has the same list.
//!
//! ```text
//! R  u32 length, name, old id, new id, kind (u8)
//! I  id                                            one per offered id
//! E  u32 length, path, old side, new side          side: mode u32, u8 length of the id, id; absent: 0 and 0
//! O  kind (u8), id, u64 size, u32 length, path     an object sent without having been offered
//! U  id, u32 length, path
//! ```

use lychgate_model::{Digest, ObjectId, RefUpdate, Side, Tally};
use sha2::{Digest as _, Sha256};

use crate::code::Code as _;
use crate::frame::{Entry, Object, Role, Unreadable};

/// Counts one session's items.
#[derive(Clone, Debug, Default)]
pub struct Counter {
    counts: Tally,
    hash: Sha256,
}

impl Counter {
    /// Nothing counted yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// A ref line.
    pub fn reference(&mut self, update: &RefUpdate) {
        self.counts.refs += 1;
        self.hash.update(b"R");
        self.name(&update.name);
        self.hash.update(update.old.as_bytes());
        self.hash.update(update.new.as_bytes());
        self.hash.update([update.kind.code()]);
    }

    /// The ids of one offer.
    pub fn offer(&mut self, ids: &[ObjectId]) {
        self.counts.objects += ids.len() as u64;
        // Gathered: a call for each costs more than the hash.
        let mut gathered = [0u8; 2112];
        for some in ids.chunks(64) {
            let mut len = 0;
            for id in some {
                let id = id.as_bytes();
                let end = len + 1 + id.len();
                if let Some([letter, room @ ..]) = gathered.get_mut(len..end) {
                    *letter = b'I';
                    room.copy_from_slice(id);
                }
                len = end;
            }
            self.hash.update(gathered.get(..len).unwrap_or_default());
        }
    }

    /// A path of a staged change.
    pub fn entry(&mut self, entry: &Entry<'_>) {
        self.counts.changes += 1;
        self.hash.update(b"E");
        self.name(entry.path);
        self.side(entry.old.as_ref());
        self.side(entry.new.as_ref());
    }

    /// An object that is about to be sent. `offered`: it was announced in an offer and is
    /// counted already. Old sides are not counted.
    pub fn object(&mut self, object: &Object<'_>, offered: bool) {
        if offered || object.role == Role::Old {
            return;
        }
        self.counts.objects += 1;
        self.hash.update(b"O");
        self.hash.update([object.kind.code()]);
        self.hash.update(object.id.as_bytes());
        self.hash.update(object.size.to_be_bytes());
        self.name(object.path);
    }

    /// Content bytes of an object of this role.
    pub fn data(&mut self, role: Role, bytes: usize) {
        if role != Role::Old {
            self.counts.bytes += bytes as u64;
        }
    }

    /// Something that could not be read.
    pub fn unreadable(&mut self, what: &Unreadable<'_>) {
        self.hash.update(b"U");
        self.hash.update(what.id.as_bytes());
        self.name(what.path);
    }

    /// What was counted so far.
    pub fn tally(&self) -> Tally {
        let digest = self.hash.clone().finalize();
        Tally {
            digest: Digest(digest.into()),
            ..self.counts
        }
    }

    /// Names are at most 16 KiB long, so the length always fits.
    fn name(&mut self, name: &[u8]) {
        self.hash
            .update(u32::try_from(name.len()).unwrap_or(u32::MAX).to_be_bytes());
        self.hash.update(name);
    }

    fn side(&mut self, side: Option<&Side>) {
        let Some(side) = side else {
            self.hash.update([0; 5]);
            return;
        };
        let id = side.id.as_bytes();
        self.hash.update(side.mode.bits().to_be_bytes());
        self.hash.update([u8::try_from(id.len()).unwrap_or(0)]);
        self.hash.update(id);
    }
}
