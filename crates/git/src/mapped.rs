//! Files mapped into memory, read-only.

#![expect(
    unsafe_code,
    reason = "mapping a file is unsafe: another process could truncate it"
)]

use std::fs::File;
use std::io;
use std::ops::Deref;
use std::path::Path;

use memmap2::{Mmap, MmapOptions};

/// The content of a file without a copy. Git replaces indexes, packs and packed-refs by renaming a
/// new file over them and never writes into one, so the bytes do not change under the map.
#[derive(Debug)]
pub(crate) enum Mapped {
    /// Nothing can be mapped of an empty file.
    Empty,
    /// The pages of the file.
    Pages(Mmap),
    /// Bytes that are in no file.
    #[cfg(any(test, fuzzing))]
    Bytes(Vec<u8>),
}

impl Mapped {
    /// Maps a file that is read here and there.
    pub(crate) fn sparse(path: &Path) -> io::Result<Self> {
        Self::with(&mut MmapOptions::new(), path)
    }

    /// Maps a file that is read from end to end: its pages are mapped in one go, which spares a
    /// page fault for each.
    pub(crate) fn dense(path: &Path) -> io::Result<Self> {
        Self::with(MmapOptions::new().populate(), path)
    }

    fn with(options: &mut MmapOptions, path: &Path) -> io::Result<Self> {
        Self::map(options, &File::open(path)?)
    }

    fn map(options: &mut MmapOptions, file: &File) -> io::Result<Self> {
        let metadata = file.metadata()?;
        if !metadata.is_file() {
            return Err(io::Error::other("not a regular file"));
        }
        if metadata.len() == 0 {
            return Ok(Self::Empty);
        }
        let length = usize::try_from(metadata.len()).map_err(io::Error::other)?;
        options.len(length);
        // SAFETY: the map is private and read-only; see the type for why the file stays as it is.
        unsafe { options.map_copy_read_only(file) }.map(Self::Pages)
    }
}

impl Deref for Mapped {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        match self {
            Self::Empty => &[],
            Self::Pages(map) => map,
            #[cfg(any(test, fuzzing))]
            Self::Bytes(bytes) => bytes,
        }
    }
}
