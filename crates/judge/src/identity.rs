//! The id of an object, computed from its bytes and never taken on anybody's word (contract 6).

use std::io::Write as _;

use lychgate_model::{HashKind, ObjectId, ObjectKind};
use sha1::Sha1;
use sha2::{Digest, Sha256};

/// Room for `type size NUL`.
const HEAD: usize = 32;

/// Hashes `type size NUL content` in pieces.
#[derive(Clone, Debug)]
pub(crate) enum Identity {
    Sha1(Sha1),
    Sha256(Sha256),
}

impl Identity {
    pub(crate) fn new(hash: HashKind, kind: ObjectKind, size: u64) -> Self {
        let mut identity = match hash {
            HashKind::Sha1 => Self::Sha1(Sha1::new()),
            HashKind::Sha256 => Self::Sha256(Sha256::new()),
        };
        let mut head = [0; HEAD];
        let mut rest = head.as_mut_slice();
        // It fits: a test holds the longest name and size against it.
        let _ = write!(rest, "{} {size}\0", kind.name());
        let length = HEAD - rest.len();
        identity.update(head.get(..length).unwrap_or_default());
        identity
    }

    pub(crate) fn update(&mut self, bytes: &[u8]) {
        match self {
            Self::Sha1(hash) => hash.update(bytes),
            Self::Sha256(hash) => hash.update(bytes),
        }
    }

    pub(crate) fn is(self, id: &ObjectId) -> bool {
        match self {
            Self::Sha1(hash) => id.as_bytes() == hash.finalize().as_slice(),
            Self::Sha256(hash) => id.as_bytes() == hash.finalize().as_slice(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_gits() {
        let empty = ObjectId::from_hex(b"e69de29bb2d1d6434b8b29ae775ad8c2e48c5391").unwrap();
        assert!(Identity::new(HashKind::Sha1, ObjectKind::Blob, 0).is(&empty));
        assert!(!Identity::new(HashKind::Sha1, ObjectKind::Tree, 0).is(&empty));
        let hello = b"ce013625030ba8dba906f756967f9e9ca394464a";
        let mut identity = Identity::new(HashKind::Sha1, ObjectKind::Blob, 6);
        identity.update(b"hel");
        identity.update(b"lo\n");
        assert!(identity.is(&ObjectId::from_hex(hello).unwrap()));
    }

    #[test]
    fn every_head_fits() {
        for kind in [
            ObjectKind::Blob,
            ObjectKind::Tree,
            ObjectKind::Commit,
            ObjectKind::Tag,
        ] {
            assert!(format!("{} {}\0", kind.name(), u64::MAX).len() <= HEAD);
        }
    }
}
