//! Files outside Git, one at a time: however many there are, one is open.

use std::fmt;
use std::io::Read;

use lychgate_model::{HashKind, ObjectId, ObjectKind, limits};
use lychgate_wire::frame::{Object, Role, Unreadable};

use crate::talk::{Stop, Talk};

/// A file to be judged.
pub struct File {
    /// The path to report.
    pub path: Vec<u8>,
    /// Its content.
    pub content: Content,
}

/// What is known of a file before it is read.
pub enum Content {
    /// Something to read exactly `size` bytes from.
    Bytes {
        /// How many.
        size: u64,
        /// From where.
        reader: Box<dyn Read>,
    },
    /// Why it cannot be read, as a sentence fragment.
    Unreadable(String),
}

impl fmt::Debug for File {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("File").finish_non_exhaustive()
    }
}

/// Tells the judge every file.
pub(crate) fn tell(
    talk: &mut Talk<'_>,
    format: HashKind,
    files: &mut dyn Iterator<Item = File>,
) -> Result<(), Stop> {
    let mut telling = Telling {
        talk,
        id: ObjectId::null(format),
        buffer: Vec::new(),
    };
    for File { path, content } in files {
        let told = match content {
            Content::Bytes { size, mut reader } => telling.bytes(&path, size, &mut *reader)?,
            Content::Unreadable(reason) => Err(reason),
        };
        if let Err(reason) = told {
            let what = Unreadable {
                id: telling.id,
                path: &path,
                reason: &reason,
            };
            telling.talk.unreadable(what)?;
        }
    }
    Ok(())
}

struct Telling<'t, 'l> {
    talk: &'t mut Talk<'l>,
    /// Files have no id.
    id: ObjectId,
    buffer: Vec<u8>,
}

impl Telling<'_, '_> {
    /// `Ok(Err(reason))`: it could not be read to its end.
    fn bytes(
        &mut self,
        path: &[u8],
        size: u64,
        reader: &mut dyn Read,
    ) -> Result<Result<(), String>, Stop> {
        let object = Object {
            role: Role::File,
            kind: ObjectKind::Blob,
            id: self.id,
            size,
            path,
        };
        self.talk.object(object, false)?;
        let mut left = size;
        while left > 0 {
            let piece = usize::try_from(left)
                .unwrap_or(usize::MAX)
                .min(limits::CHUNK);
            self.buffer.resize(piece, 0);
            match read_some(reader, &mut self.buffer) {
                Ok(0) => return Ok(Err("it became shorter while it was read".to_owned())),
                Ok(count) => {
                    self.talk
                        .data(Role::File, self.buffer.get(..count).unwrap_or_default())?;
                    left = left.saturating_sub(count as u64);
                }
                Err(error) => return Ok(Err(error.to_string())),
            }
        }
        // What was appended since is not judged.
        Ok(match read_some(reader, &mut [0]) {
            Ok(0) => Ok(()),
            Ok(_) => Err("it became longer while it was read".to_owned()),
            Err(error) => Err(error.to_string()),
        })
    }
}

fn read_some(reader: &mut dyn Read, into: &mut [u8]) -> std::io::Result<usize> {
    loop {
        match reader.read(into) {
            Err(error) if error.kind() == std::io::ErrorKind::Interrupted => {}
            done => return done,
        }
    }
}
