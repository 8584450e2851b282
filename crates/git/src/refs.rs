//! Refs: HEAD, one file each over `packed-refs`, or tables.

mod files;
mod packed;
mod reftable;

use std::cell::OnceCell;
use std::path::{Path, PathBuf};

use lychgate_model::path::printable;
use lychgate_model::{HashKind, ObjectId};

use crate::error::Error;
use crate::format::RefStorage;

/// Symbolic refs are followed this far, as with Git.
const SYMBOLIC_DEPTH: usize = 5;

/// What HEAD names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Head {
    /// The full name of the branch; `None`: detached.
    pub branch: Option<Vec<u8>>,
    /// The commit; `None`: the branch is not born yet.
    pub commit: Option<ObjectId>,
}

/// What a ref holds.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Value {
    Id(ObjectId),
    Symbolic(Vec<u8>),
}

/// The refs of a repository, as one of its work trees sees them.
#[derive(Debug)]
pub(crate) struct Refs {
    git_dir: PathBuf,
    common_dir: PathBuf,
    storage: RefStorage,
    hash: HashKind,
    /// The tables of all work trees, and those of a linked one; filled only for that storage.
    shared_table: OnceCell<reftable::Table>,
    own_table: OnceCell<reftable::Table>,
}

impl Refs {
    pub(crate) fn new(
        git_dir: &Path,
        common_dir: &Path,
        storage: RefStorage,
        hash: HashKind,
    ) -> Self {
        Self {
            git_dir: git_dir.to_owned(),
            common_dir: common_dir.to_owned(),
            storage,
            hash,
            shared_table: OnceCell::new(),
            own_table: OnceCell::new(),
        }
    }

    /// What HEAD names.
    pub(crate) fn head(&self) -> Result<Head, Error> {
        match self.value(b"HEAD")? {
            None => Err(Error::corrupt("there is no HEAD")),
            Some(Value::Id(id)) => Ok(Head {
                branch: None,
                commit: Some(id),
            }),
            Some(Value::Symbolic(branch)) => {
                let commit = self.find(&branch)?;
                Ok(Head {
                    branch: Some(branch),
                    commit,
                })
            }
        }
    }

    /// What the ref of this full name leads to.
    pub(crate) fn find(&self, name: &[u8]) -> Result<Option<ObjectId>, Error> {
        let mut name = name.to_vec();
        for _ in 0..=SYMBOLIC_DEPTH {
            match self.value(&name)? {
                None => return Ok(None),
                Some(Value::Id(id)) => return Ok(Some(id)),
                Some(Value::Symbolic(target)) => name = target,
            }
        }
        let name = printable(&name);
        Err(Error::corrupt(format!(
            "the symbolic ref {name} leads through too many others"
        )))
    }

    /// What the ref of this full name names itself, when it is symbolic.
    pub(crate) fn symbolic(&self, name: &[u8]) -> Result<Option<Vec<u8>>, Error> {
        Ok(match self.value(name)? {
            Some(Value::Symbolic(target)) => Some(target),
            Some(Value::Id(_)) | None => None,
        })
    }

    pub(crate) fn for_each(&self, visit: &mut dyn FnMut(&[u8], ObjectId)) -> Result<(), Error> {
        let all = match self.storage {
            RefStorage::Files => files::all(self)?,
            RefStorage::Reftable => reftable::all(self)?,
        };
        for (name, value) in &all {
            let id = match value {
                Value::Id(id) => Some(*id),
                Value::Symbolic(target) => self.find(target)?,
            };
            if let Some(id) = id {
                visit(name, id);
            }
        }
        Ok(())
    }

    /// Whether a ref could have this name.
    pub(crate) fn is_name(&self, name: &[u8]) -> bool {
        is_safe(name)
    }

    fn value(&self, name: &[u8]) -> Result<Option<Value>, Error> {
        if !is_safe(name) {
            return Err(Error::corrupt(format!(
                "the ref name {} is invalid",
                printable(name)
            )));
        }
        match self.storage {
            RefStorage::Files => files::value(self, name),
            RefStorage::Reftable => reftable::value(self, name),
        }
    }

    /// The folder whose refs hold `name`: some belong to one work tree alone.
    fn folder(&self, name: &[u8]) -> &Path {
        if is_per_work_tree(name) {
            &self.git_dir
        } else {
            &self.common_dir
        }
    }
}

/// Whether each work tree has its own ref of this name.
fn is_per_work_tree(name: &[u8]) -> bool {
    const OWN: [&[u8]; 3] = [b"refs/bisect/", b"refs/worktree/", b"refs/rewritten/"];
    !name.starts_with(b"refs/") || OWN.iter().any(|own| name.starts_with(own))
}

/// Whether a name can be made a path without leaving the repository's folders.
fn is_safe(name: &[u8]) -> bool {
    let sound =
        |part: &[u8]| !part.is_empty() && !part.starts_with(b".") && !part.ends_with(b".lock");
    !name.iter().any(|&b| {
        b < b' '
            || matches!(
                b,
                0x7f | b'\\' | b'~' | b'^' | b':' | b'?' | b'*' | b'[' | b' '
            )
    }) && name.split(|&b| b == b'/').all(sound)
        && !name.windows(2).any(|pair| pair == b"..")
}

/// Reads everything in tables and packed refs of these bytes.
#[cfg(fuzzing)]
pub(crate) fn exhaust(bytes: &[u8]) {
    for hash in [HashKind::Sha1, HashKind::Sha256] {
        let _damaged_or_not = reftable::add(bytes, hash, &mut reftable::Table::new());
        for name in [&b"HEAD"[..], b"refs/heads/main", b"refs/tags/v1"] {
            let _damaged_or_not = packed::search(bytes, name, hash);
        }
    }
}
