//! Objects in packs: finding them through the pack's index, and the heads of their entries.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};

use lychgate_model::{HashKind, ObjectId};

use crate::error::{Error, shown};
use crate::mapped::Mapped;
use crate::pack::{Entry, Inconsistent, PackIndex};

/// A pack and its index, each mapped when first needed.
#[derive(Debug)]
pub(crate) struct Pack {
    /// Without its extension.
    stem: PathBuf,
    hash: HashKind,
    /// Tells one pack from another in the cache of delta bases.
    pub(crate) serial: u32,
    index: OnceLock<Arc<PackIndex>>,
    data: OnceLock<Mapped>,
}

impl Pack {
    pub(crate) fn new(stem: PathBuf, hash: HashKind, serial: u32) -> Self {
        Self {
            stem,
            hash,
            serial,
            index: OnceLock::new(),
            data: OnceLock::new(),
        }
    }

    pub(crate) fn stem(&self) -> &Path {
        &self.stem
    }

    /// Where the entry of `id` begins; `None`: not in this pack, or the pack has gone.
    pub(crate) fn find(&self, id: ObjectId) -> Result<Option<usize>, Error> {
        match self.index()? {
            Some(index) => self.find_in(index, id),
            None => Ok(None),
        }
    }

    fn find_in(&self, index: &PackIndex, id: ObjectId) -> Result<Option<usize>, Error> {
        let damaged = || Error::corrupt(format!("{}.idx is inconsistent", shown(&self.stem)));
        let row = index
            .find(id.as_bytes())
            .map_err(|Inconsistent| damaged())?;
        row.map(|row| {
            let offset = index.offset(row).and_then(|at| usize::try_from(at).ok());
            offset.ok_or_else(damaged)
        })
        .transpose()
    }

    /// The ids that begin with `prefix` in hex.
    pub(crate) fn with_prefix(&self, prefix: &str) -> Result<Vec<ObjectId>, Error> {
        Ok(self
            .index()?
            .map(|index| index.with_prefix(prefix))
            .unwrap_or_default())
    }

    /// Looks for `id` and makes sure that the pack itself can be read: a repack may have removed it
    /// after its index was mapped.
    pub(crate) fn open_at(&self, id: ObjectId) -> Result<Option<usize>, Error> {
        let Some(at) = self.find(id)? else {
            return Ok(None);
        };
        Ok(self.bytes()?.map(|_| at))
    }

    /// `None`: the pack has gone.
    pub(super) fn index(&self) -> Result<Option<&Arc<PackIndex>>, Error> {
        if let Some(index) = self.index.get() {
            return Ok(Some(index));
        }
        let path = self.stem.with_extension("idx");
        let Some(map) = mapped(&path)? else {
            return Ok(None);
        };
        let index = PackIndex::new(map, self.hash)
            .ok_or_else(|| Error::corrupt(format!("{} is no pack index", shown(&path))))?;
        Ok(Some(self.index.get_or_init(|| Arc::new(index))))
    }

    fn bytes(&self) -> Result<Option<&Mapped>, Error> {
        if let Some(map) = self.data.get() {
            return Ok(Some(map));
        }
        let path = self.stem.with_extension("pack");
        let Some(map) = mapped(&path)? else {
            return Ok(None);
        };
        if !map.starts_with(b"PACK") || map.len() < 12 + self.hash.len() {
            return Err(Error::corrupt(format!("{} is no pack", shown(&path))));
        }
        Ok(Some(self.data.get_or_init(|| map)))
    }

    /// The compressed bytes from `at` to the pack's checksum.
    pub(crate) fn stream(&self, at: usize) -> &[u8] {
        let bytes: &[u8] = self.data.get().map(|map| &**map).unwrap_or_default();
        bytes
            .get(at..bytes.len().saturating_sub(self.hash.len()))
            .unwrap_or_default()
    }

    /// The head of the entry at `at`; `None`: damaged. The pack must be open.
    pub(crate) fn entry(&self, at: usize) -> Option<Entry> {
        Entry::read(self.stream(at), at as u64, self.hash)
    }
}

fn mapped(path: &Path) -> Result<Option<Mapped>, Error> {
    match Mapped::sparse(path) {
        Ok(map) => Ok(Some(map)),
        Err(e) if e.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(e) => Err(Error::io("map", path)(e)),
    }
}
