//! Objects in files of their own.

use std::fs::{self, File};
use std::io::{self, Read as _};
use std::ops::ControlFlow;
use std::os::unix::ffi::OsStrExt as _;
use std::path::{Path, PathBuf};

use lychgate_model::{HashKind, ObjectId, ObjectKind, limits};
use rustix::buffer::spare_capacity;

use super::inflate::Inflater;
use super::parse::kind_named;
use super::{Header, ObjectSink, Scratch};
use crate::error::Error;

/// Longest head that can be right: a kind, a space, 20 digits and a NUL.
const HEAD: usize = 32;

/// An open loose object whose head has been read.
pub(super) struct Loose<'s> {
    file: File,
    path: PathBuf,
    id: ObjectId,
    header: Header,
    inflater: &'s mut Inflater,
    input: &'s mut Input,
    chunk: &'s mut Vec<u8>,
    /// What was decoded along with the head.
    early: [u8; HEAD],
    early_start: usize,
    early_end: usize,
    ended: bool,
}

/// Bytes read from a file and not yet decoded.
#[derive(Default)]
pub(crate) struct Input {
    bytes: Vec<u8>,
    start: usize,
}

impl Input {
    /// Enough for most objects but the large ones, which then take larger steps.
    const FIRST: usize = 8 << 10;
    const NEXT: usize = 64 << 10;

    fn clear(&mut self) {
        self.bytes.clear();
        self.start = 0;
    }

    fn pending(&self) -> &[u8] {
        self.bytes.get(self.start..).unwrap_or_default()
    }

    /// Reads more when there is nothing left; whether there is something now.
    fn fill(&mut self, file: &File) -> io::Result<bool> {
        if self.pending().is_empty() {
            let size = if self.bytes.is_empty() {
                Self::FIRST
            } else {
                Self::NEXT
            };
            self.clear();
            self.bytes.reserve(size);
            while let Err(error) = rustix::io::read(file, spare_capacity(&mut self.bytes)) {
                if error != rustix::io::Errno::INTR {
                    return Err(error.into());
                }
            }
        }
        Ok(!self.pending().is_empty())
    }
}

/// The file of `id` under an object directory.
pub(crate) fn path_of(directory: &Path, id: ObjectId) -> PathBuf {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    let mut path = Vec::with_capacity(directory.as_os_str().len() + 2 * id.as_bytes().len() + 2);
    path.extend_from_slice(directory.as_os_str().as_bytes());
    path.push(b'/');
    for (at, byte) in id.as_bytes().iter().enumerate() {
        for digit in [byte >> 4, byte & 15] {
            path.extend(DIGITS.get(usize::from(digit)));
        }
        if at == 0 {
            path.push(b'/');
        }
    }
    PathBuf::from(std::ffi::OsString::from(std::ffi::OsStr::from_bytes(&path)))
}

/// Of each byte whether `directory` has a folder for the ids that begin with it.
pub(super) fn fans(directory: &Path) -> Result<[bool; 256], Error> {
    let mut fans = [false; 256];
    let listed = match fs::read_dir(directory) {
        Ok(listed) => listed,
        Err(e) if is_absent(&e) => return Ok(fans),
        Err(e) => return Err(Error::io("list", directory)(e)),
    };
    for entry in listed {
        let name = entry.map_err(Error::io("list", directory))?.file_name();
        let byte = name.to_str().filter(|name| name.len() == 2);
        let byte = byte.and_then(|name| usize::from_str_radix(name, 16).ok());
        if let Some(fan) = byte.and_then(|byte| fans.get_mut(byte)) {
            *fan = true;
        }
    }
    Ok(fans)
}

/// Opens the file of `id` in `directory`; `None`: not there.
pub(crate) fn open(directory: &Path, id: ObjectId) -> Result<Option<(File, PathBuf)>, Error> {
    let path = path_of(directory, id);
    match File::open(&path) {
        Ok(file) => Ok(Some((file, path))),
        Err(e) if is_absent(&e) => Ok(None),
        Err(e) => Err(Error::io("open", &path)(e)),
    }
}

impl<'s> Loose<'s> {
    /// Reads the head of the object in `file`.
    pub(super) fn open(
        file: File,
        path: PathBuf,
        id: ObjectId,
        scratch: &'s mut Scratch,
    ) -> Result<Self, Error> {
        let Scratch {
            inflater,
            input,
            chunk,
            ..
        } = scratch;
        input.clear();
        inflater.begin();
        let mut early = [0u8; HEAD];
        let (mut early_end, mut ended) = (0, false);
        let damaged = |what| Error::CorruptObject { id, what };
        while early_end < HEAD && !ended {
            if !input.fill(&file).map_err(Error::io("read", &path))? {
                return Err(damaged("its file ends early"));
            }
            let room = early.get_mut(early_end..).unwrap_or_default();
            let progress = inflater
                .step(input.pending(), room)
                .ok_or(damaged("its compressed data is invalid"))?;
            input.start += progress.read;
            early_end += progress.written;
            ended = progress.ended;
        }
        let decoded = early.get(..early_end).unwrap_or_default();
        let nul = decoded
            .iter()
            .position(|&b| b == 0)
            .ok_or(damaged("it has no header"))?;
        let header = decoded
            .get(..nul)
            .and_then(header)
            .ok_or(damaged("its header is invalid"))?;
        Ok(Self {
            file,
            path,
            id,
            header,
            inflater,
            input,
            chunk,
            early,
            early_start: nul + 1,
            early_end,
            ended,
        })
    }

    pub(super) fn header(&self) -> Header {
        self.header
    }

    /// Decodes into `output` until it is full or the object ends; the length written.
    fn piece(&mut self, output: &mut [u8]) -> Result<usize, Error> {
        let early = self
            .early
            .get(self.early_start..self.early_end)
            .unwrap_or_default();
        let mut written = early.len().min(output.len());
        if let (Some(to), Some(from)) = (output.get_mut(..written), early.get(..written)) {
            to.copy_from_slice(from);
        }
        self.early_start += written;
        while written < output.len() && !self.ended {
            if !self
                .input
                .fill(&self.file)
                .map_err(Error::io("read", &self.path))?
            {
                return Err(self.damaged("its file ends early"));
            }
            let room = output.get_mut(written..).unwrap_or_default();
            let Some(progress) = self.inflater.step(self.input.pending(), room) else {
                return Err(self.damaged("its compressed data is invalid"));
            };
            self.input.start += progress.read;
            written += progress.written;
            self.ended = progress.ended;
        }
        Ok(written)
    }

    /// Reads what is left of the stream: nothing but its checksum may be.
    fn finish(&mut self) -> Result<(), Error> {
        let mut beyond = [0u8; 1];
        if self.piece(&mut beyond)? > 0 {
            return Err(self.damaged("it expands beyond its declared size"));
        }
        let more = !self.input.pending().is_empty()
            || (&self.file)
                .read(&mut beyond)
                .map_err(Error::io("read", &self.path))?
                > 0;
        if more {
            Err(self.damaged("its file goes on after its end"))
        } else {
            Ok(())
        }
    }

    /// The whole content, of a size the caller has accepted.
    pub(super) fn load(mut self, into: &mut Vec<u8>) -> Result<(), Error> {
        let size = usize::try_from(self.header.size).map_err(|_| self.damaged("its size"))?;
        // Grows with what is really there, so that a lie about the size costs nothing.
        while into.len() < size {
            let at = into.len();
            into.resize(size.min(at + limits::PIECE), 0);
            let room = into.get_mut(at..).unwrap_or_default();
            let wanted = room.len();
            if self.piece(room)? < wanted {
                return Err(self.damaged("it is shorter than its declared size"));
            }
        }
        self.finish()
    }

    /// The content in pieces of at most `limits::CHUNK` bytes.
    pub(super) fn stream(mut self, sink: &mut dyn ObjectSink) -> Result<(), Error> {
        if sink.begin(self.header.kind, self.header.size).is_break() {
            return Ok(());
        }
        let mut chunk = std::mem::take(self.chunk);
        let outcome = self.pieces(&mut chunk, sink);
        *self.chunk = chunk;
        outcome
    }

    fn pieces(&mut self, chunk: &mut Vec<u8>, sink: &mut dyn ObjectSink) -> Result<(), Error> {
        let mut left = self.header.size;
        while left > 0 {
            let size = usize::try_from(left)
                .unwrap_or(usize::MAX)
                .min(limits::CHUNK);
            chunk.resize(size, 0);
            if self.piece(chunk)? < size {
                return Err(self.damaged("it is shorter than its declared size"));
            }
            left -= size as u64;
            // The last piece is handed on only once the end is known to be the end.
            if left == 0 {
                self.finish()?;
            }
            if let ControlFlow::Break(()) = sink.data(chunk) {
                return Ok(());
            }
        }
        if self.header.size == 0 {
            self.finish()
        } else {
            Ok(())
        }
    }

    fn damaged(&self, what: &'static str) -> Error {
        Error::CorruptObject { id: self.id, what }
    }
}

fn header(head: &[u8]) -> Option<Header> {
    let space = head.iter().position(|&b| b == b' ')?;
    let kind: ObjectKind = kind_named(head.get(..space)?)?;
    let digits = std::str::from_utf8(head.get(space + 1..)?).ok()?;
    let canonical = digits == "0" || !digits.starts_with(['0', '+']);
    Some(Header {
        kind,
        size: digits.parse().ok().filter(|_| canonical)?,
    })
}

fn is_absent(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::NotFound | io::ErrorKind::NotADirectory
    )
}

/// The loose objects of `directory` whose hex id begins with `prefix` (at least two digits).
pub(crate) fn with_prefix(
    directory: &Path,
    hash: HashKind,
    prefix: &str,
) -> Result<Vec<ObjectId>, Error> {
    let (fan_out, _) = prefix.split_at(2);
    let folder = directory.join(fan_out);
    let entries = match fs::read_dir(&folder) {
        Ok(entries) => entries,
        Err(e) if is_absent(&e) => return Ok(Vec::new()),
        Err(e) => return Err(Error::io("list", &folder)(e)),
    };
    let mut found = Vec::new();
    for entry in entries {
        let name = entry.map_err(Error::io("list", &folder))?.file_name();
        let hex = [fan_out.as_bytes(), name.as_bytes()].concat();
        if hex.starts_with(prefix.as_bytes()) {
            found.extend(ObjectId::from_hex(&hex).filter(|id| id.kind() == hash));
        }
    }
    Ok(found)
}
