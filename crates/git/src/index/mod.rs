//! The index file, read where it is mapped: nothing is allocated for an entry, and the file is not
//! hashed again. Whoever can write the index can also commit without a hook, so its cached tree is
//! believed; its bounds are not.

mod cursor;
mod split;
pub(crate) mod tree;

use std::io;
use std::path::Path;

use lychgate_model::{HashKind, ObjectId};

pub(crate) use self::cursor::Cursor;
use self::split::Merged;
use crate::error::{Error, shown};
use crate::mapped::Mapped;

/// Bytes before the first entry.
const HEADER: usize = 12;

/// An index file.
#[derive(Debug)]
pub(crate) struct Index {
    map: Mapped,
    hash: HashKind,
    version: u32,
    count: usize,
    /// Where the cached trees are in the map; empty: none.
    trees: std::ops::Range<usize>,
    /// All entries, when this file only holds what differs from a shared one.
    merged: Option<Merged>,
}

/// Where in the file the link to a shared index stands, if it has one.
type Link = Option<std::ops::Range<usize>>;

impl Index {
    /// Opens the index at `path`; `None`: there is none, which is an index without entries.
    pub(crate) fn open(path: &Path, git_dir: &Path, hash: HashKind) -> Result<Option<Self>, Error> {
        let map = match Mapped::dense(path) {
            Ok(map) => map,
            Err(e) if e.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(e) => return Err(Error::io("map", path)(e)),
        };
        let damaged = || Error::corrupt(format!("{} is no sound index", shown(path)));
        let (mut index, link) = Self::parse(map, hash)?.ok_or_else(damaged)?;
        if let Some(link) = link {
            let link = index.map.get(link).unwrap_or_default();
            let parsed = split::parse(link, hash).ok_or_else(damaged)?;
            if let Some(base) = parsed.base {
                let path = git_dir.join(format!("sharedindex.{base}"));
                let shared = Mapped::dense(&path).map_err(Error::io("map", &path))?;
                let (shared, link) = Self::parse(shared, hash)?
                    .ok_or_else(|| Error::corrupt(format!("{} is no sound index", shown(&path))))?;
                if link.is_some() {
                    return Err(damaged());
                }
                index.merged = Some(split::merge(&shared, &index, &parsed)?.ok_or_else(damaged)?);
            }
        }
        Ok(Some(index))
    }

    /// Reads everything in an index of these bytes.
    #[cfg(fuzzing)]
    pub(crate) fn exhaust(bytes: &[u8], hash: HashKind) {
        let Ok(Some((index, link))) = Self::parse(Mapped::Bytes(bytes.to_vec()), hash) else {
            return;
        };
        let link = link.and_then(|link| split::parse(index.map.get(link)?, hash));
        let merged = link.map(|link| split::merge(&index, &index, &link));
        if let Some(Ok(Some(merged))) = &merged {
            let mut cursor = Cursor::of_merged(merged);
            while let Ok(true) = cursor.advance() {}
        }
        let mut cursor = index.entries();
        while let Ok(true) = cursor.advance() {
            std::hint::black_box((cursor.path(), cursor.entry()));
        }
        let trees = index.trees();
        let mut folders: Vec<_> = trees.root().into_iter().collect();
        for _ in 0..1000 {
            let Some(folder) = folders.pop() else { break };
            folders.extend(trees.below(&folder));
        }
    }

    /// The index in `map` and where its link to a shared one is; `None`: damaged.
    fn parse(map: Mapped, hash: HashKind) -> Result<Option<(Self, Link)>, Error> {
        let Some((version, count)) = header(&map, hash) else {
            return Ok(None);
        };
        if !(2..=4).contains(&version) {
            return Err(Error::unsupported(format!("index version {version}")));
        }
        let mut index = Self {
            map,
            hash,
            version,
            count,
            trees: 0..0,
            merged: None,
        };
        let Some(end) = index.end_of_entries() else {
            return Ok(None);
        };
        let mut at = end;
        let last = index.map.len() - hash.len();
        let mut link = None;
        while at < last {
            let Some((name, body)) = index.extension(at, last) else {
                return Ok(None);
            };
            at = body.end;
            match &name {
                b"TREE" => index.trees = body,
                b"link" => link = Some(body),
                // Sparse entries stand among the others and are seen there.
                b"sdir" => {}
                _ if name.first().is_some_and(u8::is_ascii_uppercase) => {}
                _ => {
                    let name = lychgate_model::path::printable(&name);
                    return Err(Error::unsupported(format!("the index extension '{name}'")));
                }
            }
        }
        Ok(Some((index, link)))
    }

    fn extension(&self, at: usize, last: usize) -> Option<([u8; 4], std::ops::Range<usize>)> {
        let name = self.map.get(at..at + 4)?.try_into().ok()?;
        let size = usize::try_from(word(&self.map, at + 4)?).ok()?;
        let start = at + 8;
        let end = start.checked_add(size).filter(|&end| end <= last)?;
        Some((name, start..end))
    }

    /// Only the lengths of the entries say where they end.
    fn end_of_entries(&self) -> Option<usize> {
        let mut cursor = Cursor::of_file(self);
        cursor.skip(self.count)?;
        Some(cursor.offset())
    }

    /// A cursor before the first entry.
    pub(crate) fn entries(&self) -> Cursor<'_> {
        match &self.merged {
            Some(merged) => Cursor::of_merged(merged),
            None => Cursor::of_file(self),
        }
    }

    /// The tree that the whole index makes, if it says so.
    pub(crate) fn tree(&self) -> Option<ObjectId> {
        let count = self.merged.as_ref().map_or(self.count, Merged::len);
        let (covered, id) = self.trees().root()?.valid?;
        (covered == count).then_some(id)
    }

    /// The cached trees.
    pub(crate) fn trees(&self) -> tree::CachedTrees<'_> {
        tree::CachedTrees::new(
            self.map.get(self.trees.clone()).unwrap_or_default(),
            self.hash,
        )
    }
}

fn header(map: &[u8], hash: HashKind) -> Option<(u32, usize)> {
    let least = HEADER + hash.len();
    if map.len() < least || !map.starts_with(b"DIRC") {
        return None;
    }
    Some((word(map, 4)?, usize::try_from(word(map, 8)?).ok()?))
}

fn word(bytes: &[u8], at: usize) -> Option<u32> {
    let word = bytes.get(at..at.checked_add(4)?)?;
    Some(u32::from_be_bytes(word.try_into().ok()?))
}
