//! The id of an object, computed from its bytes and never taken on anybody's word (contract 6).

#[cfg(target_arch = "x86_64")]
mod together;

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
        let (head, length) = head(kind, size);
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

/// `type size NUL`, and how long it is.
fn head(kind: ObjectKind, size: u64) -> ([u8; HEAD], usize) {
    let mut head = [0; HEAD];
    let mut rest = head.as_mut_slice();
    // It fits: a test holds the longest name and size against it.
    let _ = write!(rest, "{} {size}\0", kind.name());
    let length = HEAD - rest.len();
    (head, length)
}

/// An object whose id is doubted.
#[derive(Clone, Copy)]
pub(crate) struct Claim<'a> {
    pub(crate) kind: ObjectKind,
    pub(crate) content: &'a [u8],
    pub(crate) id: ObjectId,
}

impl Claim<'_> {
    fn holds(&self, hash: HashKind) -> bool {
        let mut identity = Identity::new(hash, self.kind, self.content.len() as u64);
        identity.update(self.content);
        identity.is(&self.id)
    }
}

/// Of each object whether its id is that of its content, in order.
pub(crate) fn hold(hash: HashKind, claims: &[Claim<'_>]) -> Vec<bool> {
    #[cfg(target_arch = "x86_64")]
    if hash == HashKind::Sha1 && claims.len() > 1 {
        let heads: Vec<_> = claims
            .iter()
            .map(|claim| head(claim.kind, claim.content.len() as u64))
            .collect();
        let messages: Vec<_> = heads
            .iter()
            .zip(claims)
            .map(|((head, length), claim)| together::Message {
                head: head.get(..*length).unwrap_or_default(),
                content: claim.content,
            })
            .collect();
        if let Some(digests) = together::digests(&messages) {
            let pairs = digests.iter().zip(claims);
            return pairs
                .map(|(digest, claim)| claim.id.as_bytes() == digest)
                .collect();
        }
    }
    claims.iter().map(|claim| claim.holds(hash)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_claim_is_held_against_its_own_content() {
        let contents: Vec<Vec<u8>> = (0..41usize).map(|n| vec![n as u8; n * n * 7]).collect();
        for hash in [HashKind::Sha1, HashKind::Sha256] {
            let id = |n: usize| {
                let content = &contents[n];
                let mut identity = Identity::new(hash, ObjectKind::Blob, content.len() as u64);
                identity.update(content);
                match identity {
                    Identity::Sha1(hash) => ObjectId::from_bytes(&hash.finalize()),
                    Identity::Sha256(hash) => ObjectId::from_bytes(&hash.finalize()),
                }
                .unwrap()
            };
            // Of every third the id is another's, and of every fifth the type.
            let ids: Vec<_> = (0..40)
                .map(|n| id(if n % 3 == 0 { n + 1 } else { n }))
                .collect();
            let claims: Vec<_> = (0..40)
                .map(|n| Claim {
                    kind: match n % 5 {
                        0 => ObjectKind::Tree,
                        _ => ObjectKind::Blob,
                    },
                    content: &contents[n],
                    id: ids[n],
                })
                .collect();
            for count in [0, 1, 2, 5, 40] {
                let expected: Vec<_> = (0..count).map(|n| n % 3 != 0 && n % 5 != 0).collect();
                assert_eq!(hold(hash, &claims[..count]), expected);
            }
        }
    }

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
