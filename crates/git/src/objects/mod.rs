//! Reading objects by id, whole or in pieces, from every object directory Git would look in.
//!
//! An object is what its id names: replace refs, grafts and the commit-graph are not consulted,
//! nothing is fetched, and no program runs. A copy that is there but damaged is an error.

mod cache;
mod inflate;
mod loose;
mod pack;
mod packed;
pub(crate) mod parse;

use std::cell::{Cell, RefCell};
use std::ffi::OsStr;
use std::fs::{self, File};
use std::io;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use lychgate_model::{HashKind, ObjectId, ObjectKind, limits};

use self::cache::Bases;
use self::inflate::Inflater;
use self::loose::Loose;
use self::pack::Pack;
use crate::environment::separated;
use crate::error::Error;

/// How many `info/alternates` files may follow one another, as with Git.
const ALTERNATES_DEPTH: usize = 5;

/// Takes the content of one object in pieces.
pub trait ObjectSink {
    /// Called once, before any content. `Break` ends the read without content.
    fn begin(&mut self, kind: ObjectKind, size: u64) -> ControlFlow<()>;

    /// Called for each piece in order, of at most `limits::CHUNK` bytes; not for an empty object.
    fn data(&mut self, piece: &[u8]) -> ControlFlow<()>;
}

/// What is known of an object without decoding its content.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Header {
    /// What it is.
    pub kind: ObjectKind,
    /// Its size in bytes.
    pub size: u64,
}

/// One folder of objects: loose ones by fan-out, and packs.
#[derive(Debug)]
pub struct ObjectDirectory {
    path: PathBuf,
    /// Listed when first needed; listed again before an object counts as missing.
    packs: RefCell<Option<Vec<Arc<Pack>>>>,
}

impl ObjectDirectory {
    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.path
    }
}

/// Every object a repository has, wherever it lies. Not for several threads at once.
#[derive(Debug)]
pub struct Objects {
    hash: HashKind,
    directories: Vec<ObjectDirectory>,
    scratch: RefCell<Option<Box<Scratch>>>,
    bases: RefCell<Bases>,
    serial: Cell<u32>,
}

/// Buffers used for one read after the other. Taken out while in use, so that a sink may itself
/// read another object.
#[derive(Default)]
struct Scratch {
    inflater: Inflater,
    input: loose::Input,
    chunk: Vec<u8>,
    delta: Vec<u8>,
}

impl std::fmt::Debug for Scratch {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Scratch")
    }
}

/// Where an object was found.
enum Found {
    Loose(File, PathBuf),
    Packed(Arc<Pack>, usize),
}

impl Objects {
    /// Opens the object directory `primary` and what it and `alternates` lead to.
    pub(crate) fn open(
        hash: HashKind,
        primary: PathBuf,
        alternates: Vec<PathBuf>,
    ) -> Result<Self, Error> {
        let mut directories = Vec::with_capacity(1);
        add_directory(&mut directories, primary, 0)?;
        for path in alternates {
            add_directory(&mut directories, path, 0)?;
        }
        Ok(Self {
            hash,
            directories,
            scratch: RefCell::new(None),
            bases: RefCell::new(Bases::default()),
            serial: Cell::new(0),
        })
    }

    /// The hash kind of every id here.
    pub fn hash_kind(&self) -> HashKind {
        self.hash
    }

    /// The object directories in the order they are searched: in a push, the quarantine first.
    pub fn directories(&self) -> &[ObjectDirectory] {
        &self.directories
    }

    /// Whether the object is here.
    pub fn contains(&self, id: ObjectId) -> Result<bool, Error> {
        Ok(self.built_in(id).is_some() || self.is_in(&self.directories, id)?)
    }

    /// Whether the object is here apart from the directory that is searched first: in a push,
    /// whether the store had it before.
    pub(crate) fn contains_behind(&self, id: ObjectId) -> Result<bool, Error> {
        self.is_in(self.directories.get(1..).unwrap_or_default(), id)
    }

    fn is_in(&self, directories: &[ObjectDirectory], id: ObjectId) -> Result<bool, Error> {
        for directory in directories {
            let packs = self.packs(directory, false)?;
            for pack in &packs {
                if pack.find(id)?.is_some() {
                    return Ok(true);
                }
            }
            let path = loose::path_of(&directory.path, id);
            match fs::symlink_metadata(&path) {
                Ok(_) => return Ok(true),
                Err(e) if e.kind() == io::ErrorKind::NotFound => {}
                Err(e) => return Err(Error::io("look up", &path)(e)),
            }
        }
        Ok(false)
    }

    /// Kind and size, without decoding content.
    ///
    /// # Errors
    ///
    /// [`Error::Missing`] when it is nowhere.
    pub fn header(&self, id: ObjectId) -> Result<Header, Error> {
        if let Some(kind) = self.built_in(id) {
            return Ok(Header { kind, size: 0 });
        }
        self.with_scratch(|scratch| match self.find(id)? {
            Found::Loose(file, path) => Ok(Loose::open(file, path, id, scratch)?.header()),
            Found::Packed(pack, at) => self.packed_header(id, &pack, at, scratch),
        })
    }

    /// The content in pieces. `Ok` also when the sink broke off.
    ///
    /// Only an object stored as a delta is ever held whole, and only up to
    /// `limits::DELTA_RESULT`; any other streams, whatever its size.
    ///
    /// # Errors
    ///
    /// After `begin`, an error means that what was handed on is not the whole object.
    pub fn read(&self, id: ObjectId, sink: &mut dyn ObjectSink) -> Result<(), Error> {
        if let Some(kind) = self.built_in(id) {
            let _ended_either_way = sink.begin(kind, 0);
            return Ok(());
        }
        self.with_scratch(|scratch| match self.find(id)? {
            Found::Loose(file, path) => Loose::open(file, path, id, scratch)?.stream(sink),
            Found::Packed(pack, at) => self.packed_stream(id, &pack, at, scratch, sink),
        })
    }

    /// The whole content, in `into`, which is cleared first.
    ///
    /// # Errors
    ///
    /// [`Error::TooLarge`] above `limits::DELTA_RESULT`.
    pub fn load(&self, id: ObjectId, into: &mut Vec<u8>) -> Result<ObjectKind, Error> {
        self.load_within(id, limits::DELTA_RESULT, into)
    }

    /// The whole content of an object that is at most `limit` bytes.
    pub(crate) fn load_within(
        &self,
        id: ObjectId,
        limit: u64,
        into: &mut Vec<u8>,
    ) -> Result<ObjectKind, Error> {
        into.clear();
        if let Some(kind) = self.built_in(id) {
            return Ok(kind);
        }
        let limit = limit.min(limits::DELTA_RESULT);
        self.with_scratch(|scratch| match self.find(id)? {
            Found::Loose(file, path) => {
                let loose = Loose::open(file, path, id, scratch)?;
                let Header { kind, size } = loose.header();
                within(id, size, limit)?;
                loose.load(into)?;
                Ok(kind)
            }
            Found::Packed(pack, at) => self.packed_load(id, &pack, at, limit, scratch, into),
        })
    }

    /// The content of an object that must be of this kind.
    pub(crate) fn load_kind(
        &self,
        id: ObjectId,
        kind: ObjectKind,
        into: &mut Vec<u8>,
    ) -> Result<(), Error> {
        if self.load(id, into)? == kind {
            Ok(())
        } else {
            Err(Error::CorruptObject {
                id,
                what: "it is of another kind than what names it says",
            })
        }
    }

    /// The objects whose id begins with these hex digits (lower case, at least four).
    pub(crate) fn with_prefix(&self, prefix: &str) -> Result<Vec<ObjectId>, Error> {
        let mut found = Vec::new();
        for directory in &self.directories {
            for pack in self.packs(directory, false)? {
                found.extend(pack.with_prefix(prefix)?);
            }
            found.extend(loose::with_prefix(&directory.path, self.hash, prefix)?);
        }
        found.sort_unstable();
        found.dedup();
        Ok(found)
    }

    /// Git knows the empty tree and the empty blob without having them.
    fn built_in(&self, id: ObjectId) -> Option<ObjectKind> {
        if id == empty_tree(self.hash) {
            Some(ObjectKind::Tree)
        } else if id == empty_blob(self.hash) {
            Some(ObjectKind::Blob)
        } else {
            None
        }
    }

    fn with_scratch<T>(
        &self,
        work: impl FnOnce(&mut Scratch) -> Result<T, Error>,
    ) -> Result<T, Error> {
        let mut scratch = self.scratch.take().unwrap_or_default();
        let outcome = work(&mut scratch);
        self.scratch.replace(Some(scratch));
        outcome
    }

    /// Looks everywhere; when it is nowhere, lists the packs again, since a repack moves objects
    /// from loose files and old packs into packs not seen yet.
    fn find(&self, id: ObjectId) -> Result<Found, Error> {
        if id.kind() != self.hash || id.is_null() {
            return Err(Error::Missing { id });
        }
        for listed_again in [false, true] {
            for directory in &self.directories {
                if let Some(found) = self.find_in(directory, id, listed_again)? {
                    return Ok(found);
                }
            }
        }
        Err(Error::Missing { id })
    }

    /// Loose first while the packs are not listed: the commit at HEAD is usually loose, and a
    /// commit of nothing then needs no pack at all.
    fn find_in(
        &self,
        directory: &ObjectDirectory,
        id: ObjectId,
        again: bool,
    ) -> Result<Option<Found>, Error> {
        let listed = directory.packs.borrow().is_some();
        if !listed && !again {
            if let Some((file, path)) = loose::open(&directory.path, id)? {
                return Ok(Some(Found::Loose(file, path)));
            }
        }
        for pack in self.packs(directory, again)? {
            if let Some(at) = pack.open_at(id)? {
                return Ok(Some(Found::Packed(pack, at)));
            }
        }
        if listed || again {
            let loose = loose::open(&directory.path, id)?;
            return Ok(loose.map(|(file, path)| Found::Loose(file, path)));
        }
        Ok(None)
    }

    /// The packs of a directory; `again`: as they are now.
    fn packs(&self, directory: &ObjectDirectory, again: bool) -> Result<Vec<Arc<Pack>>, Error> {
        let known = directory.packs.borrow().clone();
        match known {
            Some(packs) if !again => Ok(packs),
            known => {
                let known = known.unwrap_or_default();
                let packs = self.list_packs(&directory.path, &known)?;
                directory.packs.replace(Some(packs.clone()));
                Ok(packs)
            }
        }
    }

    fn list_packs(&self, directory: &Path, known: &[Arc<Pack>]) -> Result<Vec<Arc<Pack>>, Error> {
        let folder = directory.join("pack");
        let entries = match fs::read_dir(&folder) {
            Ok(entries) => entries,
            Err(e) if e.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
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
        let pack = |stem: PathBuf| {
            known
                .iter()
                .find(|pack| pack.stem() == stem)
                .cloned()
                .unwrap_or_else(|| {
                    let serial = self.serial.get();
                    self.serial.set(serial.wrapping_add(1));
                    Arc::new(Pack::new(stem, self.hash, serial))
                })
        };
        Ok(stems.into_iter().map(pack).collect())
    }
}

/// Refuses a size that is not to be held whole.
fn within(id: ObjectId, size: u64, limit: u64) -> Result<(), Error> {
    if size <= limit {
        Ok(())
    } else {
        Err(Error::TooLarge {
            id,
            what: "its size",
            limit,
        })
    }
}

/// Adds `path` and the directories its `info/alternates` leads to, each once.
fn add_directory(
    directories: &mut Vec<ObjectDirectory>,
    path: PathBuf,
    depth: usize,
) -> Result<(), Error> {
    if directories.iter().any(|known| known.path == path) {
        return Ok(());
    }
    let list = path.join("info/alternates");
    let alternates = match fs::read(&list) {
        Ok(lines) => lines,
        Err(e)
            if matches!(
                e.kind(),
                io::ErrorKind::NotFound | io::ErrorKind::NotADirectory
            ) =>
        {
            Vec::new()
        }
        Err(e) => return Err(Error::io("read", &list)(e)),
    };
    let base = path.clone();
    let path = match alternates.is_empty() {
        true => path,
        false => fs::canonicalize(&path).unwrap_or(path),
    };
    directories.push(ObjectDirectory {
        path,
        packs: RefCell::new(None),
    });
    for line in alternates
        .split(|&b| b == b'\n')
        .filter(|line| !line.starts_with(b"#"))
    {
        for alternate in separated(line, b'\n') {
            if depth >= ALTERNATES_DEPTH {
                return Err(Error::unsupported("alternates nested more than five deep"));
            }
            let path = base.join(alternate);
            // Told apart by what they are, or a circle of relative paths would go on for ever. One
            // that is not there has no objects.
            add_directory(
                directories,
                fs::canonicalize(&path).unwrap_or(path),
                depth + 1,
            )?;
        }
    }
    Ok(())
}

/// The id of the tree without entries.
pub(crate) fn empty_tree(hash: HashKind) -> ObjectId {
    from_hex(match hash {
        HashKind::Sha1 => "4b825dc642cb6eb9a060e54bf8d69288fbee4904",
        HashKind::Sha256 => "6ef19b41225c5369f1c104d45d8d85efa9b057b53b14b4b9b939dd74decc5321",
    })
}

/// The id of the blob without content.
pub(crate) fn empty_blob(hash: HashKind) -> ObjectId {
    from_hex(match hash {
        HashKind::Sha1 => "e69de29bb2d1d6434b8b29ae775ad8c2e48c5391",
        HashKind::Sha256 => "473a0f4c3be8a93681a267e3b1e9a7dcda1185436fe141f7749120a303721813",
    })
}

fn from_hex(hex: &str) -> ObjectId {
    ObjectId::from_hex(hex.as_bytes()).unwrap_or(ObjectId::null(HashKind::Sha1))
}
