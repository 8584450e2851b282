//! Sets of ids that clients choose, by a hash of each under a key of the session: eight bytes an id,
//! and nobody can choose two with one hash.

use std::collections::HashSet;
use std::hash::{BuildHasherDefault, Hasher};

/// Ids by their hash, which was made once: the set takes it as it is.
pub(crate) type Ids = HashSet<u64, BuildHasherDefault<Taken>>;

/// A hash that is one already.
#[derive(Default)]
pub(crate) struct Taken(u64);

impl Hasher for Taken {
    fn write(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.0 = self.0.rotate_left(8) ^ u64::from(*byte);
        }
    }

    fn write_u64(&mut self, hash: u64) {
        self.0 = hash;
    }

    fn finish(&self) -> u64 {
        self.0
    }
}
