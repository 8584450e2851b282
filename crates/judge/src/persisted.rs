//! The cache as a file: clean objects only, every record with its own checksum.
//!
//! ```text
//! "LYCHCLN1"
//! group    'G'  peer u32  matching digest 32                              crc32 of it
//! record   'R'  group number u16, kind u8, id length u8, id 32, size u64  crc32 of it and its group
//! ```
//!
//! Numbers are little-endian. Reading stops at the first record that is not whole.

use std::fs::OpenOptions;
use std::io::{self, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

use lychgate_model::{Digest, ObjectId, ObjectKind};

const MAGIC: &[u8; 8] = b"LYCHCLN1";
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

/// Builds the file's bytes.
#[derive(Debug)]
pub(crate) struct Writer {
    out: Vec<u8>,
    groups: u16,
    group: Vec<u8>,
}

impl Writer {
    pub(crate) fn new() -> Self {
        Self {
            out: MAGIC.to_vec(),
            groups: 0,
            group: Vec::new(),
        }
    }

    pub(crate) fn group(&mut self, peer: u32, matching: Digest) {
        self.groups = self.groups.saturating_add(1);
        self.group = [b"G".as_slice(), &peer.to_le_bytes(), &matching.0].concat();
        let sum = crc32fast::hash(&self.group);
        self.out.extend_from_slice(&self.group);
        self.out.extend_from_slice(&sum.to_le_bytes());
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
        self.out
            .extend_from_slice(&checksum(&self.group, &record).to_le_bytes());
    }

    pub(crate) fn finish(self) -> Vec<u8> {
        self.out
    }
}

fn checksum(group: &[u8], record: &[u8]) -> u32 {
    let mut sum = crc32fast::Hasher::new();
    sum.update(group);
    sum.update(record);
    sum.finalize()
}

/// Every whole record up to the first that is not.
pub(crate) fn read(bytes: &[u8]) -> Vec<Record> {
    let mut found = Vec::new();
    let Some(mut rest) = bytes.strip_prefix(MAGIC) else {
        return found;
    };
    let mut group: Option<(u32, Digest, &[u8])> = None;
    let mut groups = 0u16;
    while let Some(next) = step(&mut rest, &mut group, &mut groups) {
        found.extend(next);
    }
    found
}

fn step<'b>(
    rest: &mut &'b [u8],
    group: &mut Option<(u32, Digest, &'b [u8])>,
    groups: &mut u16,
) -> Option<Option<Record>> {
    let sum = |at: &[u8]| Some(u32::from_le_bytes(*at.first_chunk()?));
    match rest.first()? {
        b'G' => {
            let (body, after) = rest.split_at_checked(37)?;
            let (crc, after) = after.split_at_checked(4)?;
            if sum(crc)? != crc32fast::hash(body) {
                return None;
            }
            let peer = u32::from_le_bytes(*body.get(1..5)?.first_chunk()?);
            *group = Some((peer, Digest(*body.get(5..)?.first_chunk()?), body));
            *groups = groups.saturating_add(1);
            *rest = after;
            Some(None)
        }
        b'R' => {
            let (body, after) = rest.split_at_checked(45)?;
            let (crc, after) = after.split_at_checked(4)?;
            let (peer, matching, head) = (*group)?;
            let number = u16::from_le_bytes(*body.get(1..3)?.first_chunk()?);
            if number != *groups || sum(crc)? != checksum(head, body) {
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
