//! One folder of objects, and the others it leads to.

use std::cell::{Cell, OnceCell, RefCell};
use std::ffi::OsStr;
use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use lychgate_model::{HashKind, ObjectId};

use super::loose;
use super::pack::Pack;
use crate::environment::separated;
use crate::error::Error;
use crate::pack::PackIndex;

/// How many `info/alternates` files may follow one another, as with Git.
const ALTERNATES_DEPTH: usize = 5;

/// One folder of objects: loose ones by fan-out, and packs.
#[derive(Debug)]
pub struct ObjectDirectory {
    path: PathBuf,
    /// Listed when first needed; listed again before an object counts as missing.
    packs: RefCell<Option<Arc<[Arc<Pack>]>>>,
    /// Ids beginning with which bytes may be loose here; listed when first needed.
    fans: OnceCell<[bool; 256]>,
    /// How many objects were looked for as loose ones in vain.
    missed: Cell<u32>,
}

/// So many are looked for in vain before the folder is listed: that is dearer than one look.
const MISSES: u32 = 64;

/// Where an object was found.
pub(super) enum Found {
    Loose(File, PathBuf),
    Packed(Arc<Pack>, usize),
}

/// Numbers packs as they are first seen.
#[derive(Debug, Default)]
pub(super) struct Serials(Cell<u32>);

impl Serials {
    fn next(&self) -> u32 {
        self.0.replace(self.0.get().wrapping_add(1))
    }
}

impl ObjectDirectory {
    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Looks for an object: loose first while the packs are not listed, since the commit at HEAD is
    /// usually loose, and a commit of nothing then needs no pack at all.
    pub(super) fn find(
        &self,
        id: ObjectId,
        hash: HashKind,
        serials: &Serials,
        again: bool,
    ) -> Result<Option<Found>, Error> {
        let loose = || {
            let found = loose::open(&self.path, id)?;
            Ok(found.map(|(file, path)| Found::Loose(file, path)))
        };
        let packs_first = again || self.packs.borrow().is_some();
        if !packs_first && let Some(found) = loose()? {
            return Ok(Some(found));
        }
        for pack in self.packs(hash, serials, again)?.iter() {
            if let Some(at) = pack.open_at(id)? {
                return Ok(Some(Found::Packed(Arc::clone(pack), at)));
            }
        }
        // What comes in the meantime is found when it is looked for again.
        if again || (packs_first && (self.missed.get() < MISSES || self.may_be_loose(id)?)) {
            let found = loose()?;
            self.missed
                .set(self.missed.get().saturating_add(found.is_none().into()));
            return Ok(found);
        }
        Ok(None)
    }

    /// Whether an object is here, without opening it.
    pub(super) fn has(
        &self,
        id: ObjectId,
        hash: HashKind,
        serials: &Serials,
    ) -> Result<bool, Error> {
        Ok(self.has_packed(id, hash, serials)? || self.has_loose(id)?)
    }

    /// Whether an object was here before: one that comes in the meantime may be told as not.
    pub(super) fn had(
        &self,
        id: ObjectId,
        hash: HashKind,
        serials: &Serials,
    ) -> Result<bool, Error> {
        if self.has_packed(id, hash, serials)? {
            return Ok(true);
        }
        Ok(self.may_be_loose(id)? && self.has_loose(id)?)
    }

    /// Whether there was a folder for an object to be loose in.
    fn may_be_loose(&self, id: ObjectId) -> Result<bool, Error> {
        let fans = match self.fans.get() {
            Some(fans) => fans,
            None => {
                let fans = loose::fans(&self.path)?;
                self.fans.get_or_init(|| fans)
            }
        };
        let first = id.as_bytes().first().map_or(0, |byte| usize::from(*byte));
        Ok(fans.get(first) == Some(&true))
    }

    fn has_packed(&self, id: ObjectId, hash: HashKind, serials: &Serials) -> Result<bool, Error> {
        for pack in self.packs(hash, serials, false)?.iter() {
            if pack.find(id)?.is_some() {
                return Ok(true);
            }
        }
        Ok(false)
    }

    fn has_loose(&self, id: ObjectId) -> Result<bool, Error> {
        let path = loose::path_of(&self.path, id);
        match fs::symlink_metadata(&path) {
            Ok(_) => Ok(true),
            Err(e) if is_absent(&e) => Ok(false),
            Err(e) => Err(Error::io("look up", &path)(e)),
        }
    }

    /// The objects here whose id begins with these hex digits.
    pub(super) fn with_prefix(
        &self,
        prefix: &str,
        hash: HashKind,
        serials: &Serials,
    ) -> Result<Vec<ObjectId>, Error> {
        let mut found = loose::with_prefix(&self.path, hash, prefix)?;
        for pack in self.packs(hash, serials, false)?.iter() {
            found.extend(pack.with_prefix(prefix)?);
        }
        Ok(found)
    }

    /// The index `name` of a pack here.
    pub(super) fn index(
        &self,
        name: &OsStr,
        hash: HashKind,
        serials: &Serials,
    ) -> Result<Option<Arc<PackIndex>>, Error> {
        let packs = self.packs(hash, serials, false)?;
        let stem = Path::new(name).file_stem();
        let pack = packs.iter().find(|pack| pack.stem().file_name() == stem);
        match pack {
            Some(pack) => Ok(pack.index()?.map(Arc::clone)),
            None => Ok(None),
        }
    }

    /// The packs; `again`: as they are now.
    fn packs(
        &self,
        hash: HashKind,
        serials: &Serials,
        again: bool,
    ) -> Result<Arc<[Arc<Pack>]>, Error> {
        let known = self.packs.borrow().clone();
        if let Some(packs) = known.as_ref().filter(|_| !again) {
            return Ok(Arc::clone(packs));
        }
        let known = known.as_deref().unwrap_or_default();
        let mut packs = Vec::new();
        for stem in self.pack_stems()? {
            let same = known.iter().find(|pack| pack.stem() == stem).cloned();
            packs.push(same.unwrap_or_else(|| Arc::new(Pack::new(stem, hash, serials.next()))));
        }
        let packs: Arc<[Arc<Pack>]> = packs.into();
        self.packs.replace(Some(Arc::clone(&packs)));
        Ok(packs)
    }

    /// The paths of the packs that have an index, without their extension.
    fn pack_stems(&self) -> Result<Vec<PathBuf>, Error> {
        let folder = self.path.join("pack");
        let entries = match fs::read_dir(&folder) {
            Ok(entries) => entries,
            Err(e) if is_absent(&e) => return Ok(Vec::new()),
            Err(e) => return Err(Error::io("list", &folder)(e)),
        };
        let mut stems = Vec::new();
        for entry in entries {
            let name = PathBuf::from(entry.map_err(Error::io("list", &folder))?.file_name());
            if name.extension() == Some(OsStr::new("idx")) {
                stems.push(folder.join(name.with_extension("")));
            }
        }
        stems.sort_unstable();
        Ok(stems)
    }
}

/// Adds `path` and the directories its `info/alternates` leads to, each once.
pub(super) fn add(
    directories: &mut Vec<ObjectDirectory>,
    path: PathBuf,
    depth: usize,
) -> Result<(), Error> {
    let list = path.join("info/alternates");
    let alternates = match fs::read(&list) {
        Ok(lines) => lines,
        Err(e) if is_absent(&e) => Vec::new(),
        Err(e) => return Err(Error::io("read", &list)(e)),
    };
    let base = path.clone();
    // Told apart by what they are, or a circle of relative paths would go on for ever. One that is
    // not there has no objects.
    let path = match alternates.is_empty() && depth == 0 {
        true => path,
        false => fs::canonicalize(&path).unwrap_or(path),
    };
    if directories.iter().any(|known| known.path == path) {
        return Ok(());
    }
    directories.push(ObjectDirectory {
        path,
        packs: RefCell::new(None),
        fans: OnceCell::new(),
        missed: Cell::new(0),
    });
    for line in alternates
        .split(|&b| b == b'\n')
        .filter(|line| !line.starts_with(b"#"))
    {
        for alternate in separated(line, b'\n') {
            if depth >= ALTERNATES_DEPTH {
                return Err(Error::unsupported("alternates nested more than five deep"));
            }
            add(directories, base.join(alternate), depth + 1)?;
        }
    }
    Ok(())
}

fn is_absent(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::NotFound | io::ErrorKind::NotADirectory
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_loose_before_was_here() {
        let name = format!("lychgate-directory-{}", std::process::id());
        let path = std::env::temp_dir().join(name);
        let id = |byte: u8| ObjectId::from_bytes(&[byte; 20]).unwrap();
        fs::create_dir_all(path.join("ab")).unwrap();
        fs::create_dir_all(path.join("pack")).unwrap();
        fs::write(loose::path_of(&path, id(0xab)), b"").unwrap();
        let mut directories = Vec::new();
        add(&mut directories, path.clone(), 0).unwrap();
        let (directory, serials) = (&directories[0], Serials::default());
        let had = |id| directory.had(id, HashKind::Sha1, &serials).unwrap();
        assert!(had(id(0xab)) && !had(id(0xac)));
        let mut other = [0xab; 20];
        other[19] = 0;
        assert!(!had(ObjectId::from_bytes(&other).unwrap()));
        // A whole look-up sees what comes later.
        fs::create_dir_all(path.join("ac")).unwrap();
        fs::write(loose::path_of(&path, id(0xac)), b"").unwrap();
        let has = directory.has(id(0xac), HashKind::Sha1, &serials).unwrap();
        fs::remove_dir_all(path).unwrap();
        assert!(has && !had(id(0xac)));
    }
}
