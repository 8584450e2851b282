//! The cache as a file: clean objects only, all of it under one seal.
//!
//! ```text
//! "LYCHCLN2"
//! group    'G'  peer u32  matching digest 32
//! record   'R'  group number u16, kind u8, id length u8, id 32, size u64
//! seal     HMAC-SHA-256 of all that under the key of the state folder
//! ```
//!
//! Numbers are little-endian. Who does not have the key cannot write an object into it that is
//! then taken for clean, and what is damaged anywhere is not there (contract 6).

use std::fmt;
use std::fs::OpenOptions;
use std::io::{self, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

use hmac::{Hmac, KeyInit as _, Mac as _};
use lychgate_model::{Digest, ObjectId, ObjectKind};
use sha2::Sha256;
use zeroize::Zeroizing;

const MAGIC: &[u8; 8] = b"LYCHCLN2";
/// Bytes of the seal.
const SEAL: usize = 32;
const KINDS: [ObjectKind; 4] = [
    ObjectKind::Blob,
    ObjectKind::Tree,
    ObjectKind::Commit,
    ObjectKind::Tag,
];

/// A clean object as it was written.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Record {
    pub(crate) peer: u32,
    pub(crate) matching: Digest,
    pub(crate) id: ObjectId,
    pub(crate) kind: ObjectKind,
    pub(crate) size: u64,
}

/// Tells what a state folder's own judge wrote from what anybody else did.
pub(crate) struct Seal(Zeroizing<[u8; 32]>);

impl fmt::Debug for Seal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Seal(..)")
    }
}

impl Seal {
    /// The seal that belongs to a state folder's key.
    pub(crate) fn of(key: &[u8; 32]) -> Option<Self> {
        let mut mac = Hmac::<Sha256>::new_from_slice(key).ok()?;
        mac.update(b"lychgate/clean objects/v2\0");
        Some(Self(Zeroizing::new(mac.finalize().into_bytes().into())))
    }

    fn mac(&self, body: &[u8]) -> Option<Hmac<Sha256>> {
        let mut mac = Hmac::<Sha256>::new_from_slice(&*self.0).ok()?;
        mac.update(body);
        Some(mac)
    }

    /// What stands before the seal, if it is this one.
    fn opened<'b>(&self, bytes: &'b [u8]) -> Option<&'b [u8]> {
        let (body, seal) = bytes.split_at_checked(bytes.len().checked_sub(SEAL)?)?;
        self.mac(body)?.verify_slice(seal).ok()?;
        Some(body)
    }
}

/// Builds the file's bytes.
#[derive(Debug)]
pub(crate) struct Writer {
    out: Vec<u8>,
    groups: u16,
}

impl Writer {
    pub(crate) fn new() -> Self {
        Self {
            out: MAGIC.to_vec(),
            groups: 0,
        }
    }

    pub(crate) fn group(&mut self, peer: u32, matching: Digest) {
        self.groups = self.groups.saturating_add(1);
        self.out.push(b'G');
        self.out.extend_from_slice(&peer.to_le_bytes());
        self.out.extend_from_slice(&matching.0);
    }

    pub(crate) fn record(&mut self, id: &ObjectId, kind: ObjectKind, size: u64) {
        let mut record = [0u8; 45];
        let code = KINDS.iter().position(|k| *k == kind).unwrap_or(0);
        let length = id.as_bytes().len();
        let head = [
            b'R',
            self.groups.to_le_bytes()[0],
            self.groups.to_le_bytes()[1],
            u8::try_from(code).unwrap_or(0),
            u8::try_from(length).unwrap_or(0),
        ];
        let (front, back) = record.split_at_mut(37);
        for (slot, byte) in front.iter_mut().zip(head.iter().chain(id.as_bytes())) {
            *slot = *byte;
        }
        back.copy_from_slice(&size.to_le_bytes());
        self.out.extend_from_slice(&record);
    }

    /// The file, sealed.
    pub(crate) fn finish(mut self, seal: &Seal) -> Vec<u8> {
        if let Some(mac) = seal.mac(&self.out) {
            self.out.extend_from_slice(&mac.finalize().into_bytes());
        }
        self.out
    }
}

/// Every record, when the file bears this seal.
pub(crate) fn read(bytes: &[u8], seal: &Seal) -> Vec<Record> {
    let mut found = Vec::new();
    let body = seal.opened(bytes);
    let Some(mut rest) = body.and_then(|body| body.strip_prefix(MAGIC)) else {
        return found;
    };
    let mut group = None;
    let mut groups = 0u16;
    while let Some(next) = step(&mut rest, &mut group, &mut groups) {
        found.extend(next);
    }
    found
}

fn step(
    rest: &mut &[u8],
    group: &mut Option<(u32, Digest)>,
    groups: &mut u16,
) -> Option<Option<Record>> {
    match rest.first()? {
        b'G' => {
            let (body, after) = rest.split_at_checked(37)?;
            let peer = u32::from_le_bytes(*body.get(1..5)?.first_chunk()?);
            *group = Some((peer, Digest(*body.get(5..)?.first_chunk()?)));
            *groups = groups.saturating_add(1);
            *rest = after;
            Some(None)
        }
        b'R' => {
            let (body, after) = rest.split_at_checked(45)?;
            let (peer, matching) = (*group)?;
            let number = u16::from_le_bytes(*body.get(1..3)?.first_chunk()?);
            if number != *groups {
                return None;
            }
            let kind = *KINDS.get(usize::from(*body.get(3)?))?;
            let length = usize::from(*body.get(4)?);
            let id = ObjectId::from_bytes(body.get(5..5 + length)?)?;
            let size = u64::from_le_bytes(*body.get(37..)?.first_chunk()?);
            *rest = after;
            Some(Some(Record {
                peer,
                matching,
                id,
                kind,
                size,
            }))
        }
        _ => None,
    }
}

/// Writes a file beside `path` and renames it there.
pub(crate) fn replace(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let mut nonce = [0u8; 8];
    getrandom::fill(&mut nonce).map_err(|_| io::Error::other("no randomness"))?;
    let name = path
        .file_name()
        .unwrap_or_default()
        .to_string_lossy()
        .into_owned();
    let draft = path.with_file_name(format!(".{name}.{:016x}", u64::from_ne_bytes(nonce)));
    let mut file = OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(&draft)?;
    let written = file
        .write_all(bytes)
        .and_then(|()| std::fs::rename(&draft, path));
    if written.is_err() {
        let _ = std::fs::remove_file(&draft);
    }
    written
}
