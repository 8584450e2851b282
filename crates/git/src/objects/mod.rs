//! Reading objects by id, whole or in pieces, from every object directory Git would look in.
//!
//! An object is what its id names: replace refs, grafts and the commit-graph are not consulted,
//! nothing is fetched, and no program runs. A copy that is there but damaged is an error.

mod cache;
mod directory;
mod inflate;
mod loose;
mod pack;
mod packed;
pub(crate) mod parse;

use std::cell::{Cell, RefCell};
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use lychgate_model::limits::Deltas;
use lychgate_model::{HashKind, ObjectId, ObjectKind};

use self::cache::Bases;
pub use self::directory::ObjectDirectory;
use self::directory::{Found, Serials};
pub(crate) use self::inflate::Inflater;
use self::loose::Loose;
use self::packed::front;
use crate::error::Error;
use crate::inflate::Whole;
use crate::pack::PackIndex;

/// Says whether the front of an object is as much of it as somebody needs.
type Enough<'e> = &'e dyn Fn(&[u8]) -> bool;

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

/// Every object a repository has, wherever it lies. Not for several threads at once.
#[derive(Debug)]
pub struct Objects {
    hash: HashKind,
    directories: Vec<ObjectDirectory>,
    scratch: RefCell<Option<Box<Scratch>>>,
    bases: RefCell<Bases>,
    serial: Serials,
    deltas: Cell<Deltas>,
}

/// Buffers used for one read after the other. Taken out while in use, so that a sink may itself
/// read another object.
#[derive(Default)]
struct Scratch {
    inflater: Inflater,
    whole: Whole,
    input: loose::Input,
    chunk: Vec<u8>,
    delta: Vec<u8>,
}

impl std::fmt::Debug for Scratch {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Scratch")
    }
}

impl Objects {
    /// Opens the object directory `primary` and what it and `alternates` lead to.
    pub(crate) fn open(
        hash: HashKind,
        primary: PathBuf,
        alternates: Vec<PathBuf>,
    ) -> Result<Self, Error> {
        let mut directories = Vec::with_capacity(1);
        directory::add(&mut directories, primary, 0)?;
        for path in alternates {
            directory::add(&mut directories, path, 0)?;
        }
        Ok(Self {
            hash,
            directories,
            scratch: RefCell::new(None),
            bases: RefCell::new(Bases::default()),
            serial: Serials::default(),
            deltas: Cell::default(),
        })
    }

    /// Sets what an object stored as a delta may cost from here on.
    pub fn allow_deltas(&self, deltas: Deltas) {
        self.deltas.set(deltas.within_bounds());
    }

    /// What an object stored as a delta may cost.
    pub fn deltas(&self) -> Deltas {
        self.deltas.get()
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
        if self.built_in(id).is_some() {
            return Ok(true);
        }
        for directory in &self.directories {
            if directory.has(id, self.hash, &self.serial)? {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// Whether the object is here apart from the directory that is searched first: in a push,
    /// whether the store had it before.
    pub(crate) fn contains_behind(&self, id: ObjectId) -> Result<bool, Error> {
        for directory in self.directories.get(1..).unwrap_or_default() {
            if directory.had(id, self.hash, &self.serial)? {
                return Ok(true);
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
    /// Only an object stored as a delta is ever held whole, and only up to [`Deltas::result`]; any
    /// other streams, whatever its size.
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
    /// [`Error::TooLarge`] above [`Deltas::result`].
    pub fn load(&self, id: ObjectId, into: &mut Vec<u8>) -> Result<ObjectKind, Error> {
        self.load_within(id, self.deltas().result, into)
    }

    /// The content of an object that is read for what it names: of a commit, only as much of it as is
    /// `enough`. What was left out is not known to be whole.
    pub(crate) fn load_links(
        &self,
        id: ObjectId,
        enough: Enough<'_>,
        into: &mut Vec<u8>,
    ) -> Result<ObjectKind, Error> {
        self.load_or_front(id, self.deltas().result, Some(enough), into)
    }

    /// The whole content of an object that is at most `limit` bytes.
    pub(crate) fn load_within(
        &self,
        id: ObjectId,
        limit: u64,
        into: &mut Vec<u8>,
    ) -> Result<ObjectKind, Error> {
        self.load_or_front(id, limit, None, into)
    }

    fn load_or_front(
        &self,
        id: ObjectId,
        limit: u64,
        enough: Option<Enough<'_>>,
        into: &mut Vec<u8>,
    ) -> Result<ObjectKind, Error> {
        into.clear();
        if let Some(kind) = self.built_in(id) {
            return Ok(kind);
        }
        let limit = limit.min(self.deltas().result);
        self.with_scratch(|scratch| match self.find(id)? {
            Found::Loose(file, path) => {
                let loose = Loose::open(file, path, id, scratch)?;
                let Header { kind, size } = loose.header();
                within(id, size, limit)?;
                loose.load(into)?;
                Ok(kind)
            }
            Found::Packed(pack, at) => match enough {
                Some(enough) if front(&pack, at, enough, scratch, into) => Ok(ObjectKind::Commit),
                _ => self.packed_load(id, &pack, at, limit, scratch, into),
            },
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

    /// The index at `path`, if it is that of a pack here: mapped once, whoever looks into it.
    pub(crate) fn index(&self, path: &Path) -> Result<Option<Arc<PackIndex>>, Error> {
        let (Some(folder), Some(name)) = (path.parent(), path.file_name()) else {
            return Ok(None);
        };
        let real = |path: &Path| std::fs::canonicalize(path).ok();
        let Some(folder) = real(folder) else {
            return Ok(None);
        };
        for directory in &self.directories {
            if real(&directory.path().join("pack")).as_ref() == Some(&folder) {
                return directory.index(name, self.hash, &self.serial);
            }
        }
        Ok(None)
    }

    /// The objects whose id begins with these hex digits (lower case, at least four).
    pub(crate) fn with_prefix(&self, prefix: &str) -> Result<Vec<ObjectId>, Error> {
        let mut found = Vec::new();
        for directory in &self.directories {
            found.extend(directory.with_prefix(prefix, self.hash, &self.serial)?);
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
                if let Some(found) = directory.find(id, self.hash, &self.serial, listed_again)? {
                    return Ok(found);
                }
            }
        }
        Err(Error::Missing { id })
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
