//! Objects in packs: finding them through the pack's index, and the heads of their entries.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use lychgate_model::{HashKind, ObjectId, ObjectKind};

use crate::error::{Error, shown};
use crate::mapped::Mapped;

/// A pack and its index, each mapped when first needed.
#[derive(Debug)]
pub(crate) struct Pack {
    /// Without its extension.
    stem: PathBuf,
    hash: HashKind,
    /// Tells one pack from another in the cache of delta bases.
    pub(crate) serial: u32,
    index: OnceLock<PackIndex>,
    data: OnceLock<Mapped>,
}

/// What an entry of a pack says of itself.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Entry {
    pub(crate) form: Form,
    /// Bytes its stream expands to: of the object, or of the delta.
    pub(crate) size: u64,
    /// Where its stream begins.
    pub(crate) data: usize,
}

/// How an entry stores its object.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Form {
    Whole(ObjectKind),
    /// Against the entry that begins here.
    DeltaAt(usize),
    /// Against this object.
    DeltaOf(ObjectId),
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
            Some(index) => index.find(id, &self.stem),
            None => Ok(None),
        }
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

    fn index(&self) -> Result<Option<&PackIndex>, Error> {
        if let Some(index) = self.index.get() {
            return Ok(Some(index));
        }
        let path = self.stem.with_extension("idx");
        let Some(map) = mapped(&path)? else {
            return Ok(None);
        };
        let index = PackIndex::new(map, self.hash)
            .ok_or_else(|| Error::corrupt(format!("{} is no pack index", shown(&path))))?;
        Ok(Some(self.index.get_or_init(|| index)))
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
        let bytes = self.stream(at);
        let mut used = 1;
        let first = *bytes.first()?;
        let mut size = u64::from(first & 15);
        let (mut shift, mut more) = (4, first & 0x80 != 0);
        while more {
            let byte = *bytes.get(used)?;
            let part = u64::from(byte & 0x7f);
            size |= part.checked_shl(shift).filter(|v| v >> shift == part)?;
            shift += 7;
            used += 1;
            more = byte & 0x80 != 0;
        }
        let form = match first >> 4 & 7 {
            1 => Form::Whole(ObjectKind::Commit),
            2 => Form::Whole(ObjectKind::Tree),
            3 => Form::Whole(ObjectKind::Blob),
            4 => Form::Whole(ObjectKind::Tag),
            6 => {
                let (distance, length) = distance(bytes.get(used..)?)?;
                used += length;
                // An entry stands after its base, so a chain of these always ends.
                Form::DeltaAt(
                    at.checked_sub(distance)
                        .filter(|&base| base < at && base >= 12)?,
                )
            }
            7 => {
                let end = used + self.hash.len();
                let base = ObjectId::from_bytes(bytes.get(used..end)?)?;
                used = end;
                Form::DeltaOf(base)
            }
            _ => return None,
        };
        Some(Entry {
            form,
            size,
            data: at.checked_add(used)?,
        })
    }
}

fn mapped(path: &Path) -> Result<Option<Mapped>, Error> {
    match Mapped::sparse(path) {
        Ok(map) => Ok(Some(map)),
        Err(e) if e.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(e) => Err(Error::io("map", path)(e)),
    }
}

fn distance(bytes: &[u8]) -> Option<(usize, usize)> {
    let mut used = 0;
    let mut value = 0usize;
    loop {
        let byte = *bytes.get(used)?;
        used += 1;
        value = value
            .checked_mul(128)?
            .checked_add(usize::from(byte & 0x7f))?;
        if byte & 0x80 == 0 {
            return Some((value, used));
        }
        value = value.checked_add(1)?;
    }
}

/// A pack's index, version 1 or 2.
#[derive(Debug)]
struct PackIndex {
    map: Mapped,
    hash: HashKind,
    /// Where the 256 running counts begin.
    fan_out: usize,
    count: usize,
}

impl PackIndex {
    fn new(map: Mapped, hash: HashKind) -> Option<Self> {
        let second = map.starts_with(b"\xfftOc");
        if second && word(&map, 4)? != 2 {
            return None;
        }
        let fan_out = if second { 8 } else { 0 };
        let count = usize::try_from(word(&map, fan_out + 255 * 4)?).ok()?;
        let row = hash.len() + if second { 8 } else { 4 };
        let least = count
            .checked_mul(row)?
            .checked_add(fan_out + 1024 + 2 * hash.len())?;
        (map.len() >= least).then_some(Self {
            map,
            hash,
            fan_out,
            count,
        })
    }

    fn is_second(&self) -> bool {
        self.fan_out == 8
    }

    fn id(&self, row: usize) -> Option<&[u8]> {
        let (width, skip) = if self.is_second() {
            (self.hash.len(), 0)
        } else {
            (self.hash.len() + 4, 4)
        };
        let at = self.fan_out + 1024 + row * width + skip;
        self.map.get(at..at + self.hash.len())
    }

    /// The rows whose ids begin with this byte.
    fn rows(&self, first: u8) -> Option<(usize, usize)> {
        let count_at = |byte: usize| {
            word(&self.map, self.fan_out + byte * 4).and_then(|n| usize::try_from(n).ok())
        };
        let low = match first {
            0 => 0,
            _ => count_at(usize::from(first) - 1)?,
        };
        let high = count_at(usize::from(first))?;
        (low <= high && high <= self.count).then_some((low, high))
    }

    fn find(&self, id: ObjectId, stem: &Path) -> Result<Option<usize>, Error> {
        let damaged = || Error::corrupt(format!("{}.idx is inconsistent", shown(stem)));
        let wanted = id.as_bytes();
        let first = *wanted.first().ok_or_else(damaged)?;
        let (mut low, mut high) = self.rows(first).ok_or_else(damaged)?;
        while low < high {
            let middle = low + (high - low) / 2;
            match self.id(middle).ok_or_else(damaged)?.cmp(wanted) {
                std::cmp::Ordering::Less => low = middle + 1,
                std::cmp::Ordering::Greater => high = middle,
                std::cmp::Ordering::Equal => {
                    return self.offset(middle).map(Some).ok_or_else(damaged);
                }
            }
        }
        Ok(None)
    }

    fn offset(&self, row: usize) -> Option<usize> {
        if !self.is_second() {
            let at = self.fan_out + 1024 + row * (self.hash.len() + 4);
            return usize::try_from(word(&self.map, at)?).ok();
        }
        let short = self.fan_out + 1024 + self.count * (self.hash.len() + 4);
        let value = word(&self.map, short + row * 4)?;
        if value & 0x8000_0000 == 0 {
            return usize::try_from(value).ok();
        }
        let long = short + self.count * 4 + usize::try_from(value & 0x7fff_ffff).ok()? * 8;
        let bytes = self.map.get(long..long + 8)?;
        usize::try_from(u64::from_be_bytes(bytes.try_into().ok()?)).ok()
    }

    fn with_prefix(&self, prefix: &str) -> Vec<ObjectId> {
        let Some((low, high)) = prefix
            .get(..2)
            .and_then(|d| u8::from_str_radix(d, 16).ok())
            .and_then(|b| self.rows(b))
        else {
            return Vec::new();
        };
        (low..high)
            .filter_map(|row| ObjectId::from_bytes(self.id(row)?))
            .filter(|id| id.to_string().starts_with(prefix))
            .collect()
    }
}

fn word(bytes: &[u8], at: usize) -> Option<u32> {
    let word = bytes.get(at..at.checked_add(4)?)?;
    Some(u32::from_be_bytes(word.try_into().ok()?))
}
