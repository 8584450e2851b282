//! Why a repository, or something in it, could not be read.

use std::fmt;
use std::io;
use std::path::{Path, PathBuf};

use lychgate_model::path::printable;
use lychgate_model::{ObjectId, ReasonCode, Unread};

/// Everything that keeps this crate from giving a complete answer. There is no "nothing found".
#[derive(Debug)]
#[non_exhaustive]
pub enum Error {
    /// No repository at or above this folder, or what `GIT_DIR` names is none.
    NotARepository {
        /// Where the search began.
        path: PathBuf,
    },
    /// The repository uses a format or extension this crate does not know how to read.
    Unsupported {
        /// What it uses, for people.
        what: String,
    },
    /// The repository belongs to another user.
    Ownership {
        /// What belongs to somebody else.
        path: PathBuf,
        /// The user id it belongs to.
        owner: u32,
        /// The user id of this process.
        user: u32,
    },
    /// A file of the repository is damaged.
    Corrupt {
        /// Which, and how, for people.
        what: String,
    },
    /// An object is there but cannot be decoded.
    CorruptObject {
        /// The object.
        id: ObjectId,
        /// What is wrong with it.
        what: &'static str,
    },
    /// An object that something names is in no object directory.
    Missing {
        /// The object.
        id: ObjectId,
    },
    /// An object is larger than what is judged whole.
    TooLarge {
        /// The object.
        id: ObjectId,
        /// Its size, or the length of its delta chain.
        what: &'static str,
        /// The limit it exceeds, in bytes, or in links for a delta chain.
        limit: u64,
    },
    /// No ref, or no object, of that name.
    Unresolved {
        /// The name, printable.
        spec: String,
    },
    /// There are more paths to an object than anyone can walk.
    TooDeep,
    /// Whoever asked has no time left; see [`crate::NewObjects::stop_when`].
    Stopped,
    /// The operating system refused.
    Io {
        /// What was tried, as a verb.
        operation: &'static str,
        /// On what.
        path: PathBuf,
        /// What it said.
        source: io::Error,
    },
}

impl Error {
    /// What this error makes of a verdict.
    pub fn reason(&self) -> ReasonCode {
        match self {
            Self::Unsupported { .. } | Self::Ownership { .. } => ReasonCode::Unsupported,
            Self::Stopped => ReasonCode::Deadline,
            _ => ReasonCode::Unreadable,
        }
    }

    /// The object this error is about; everything else stops the whole enumeration.
    pub fn object(&self) -> Option<ObjectId> {
        match self {
            Self::Missing { id } | Self::CorruptObject { id, .. } | Self::TooLarge { id, .. } => {
                Some(*id)
            }
            _ => None,
        }
    }

    pub(crate) fn io(operation: &'static str, path: &Path) -> impl FnOnce(io::Error) -> Self {
        move |source| Self::Io {
            operation,
            path: path.to_owned(),
            source,
        }
    }

    pub(crate) fn corrupt(what: impl Into<String>) -> Self {
        Self::Corrupt { what: what.into() }
    }

    pub(crate) fn unsupported(what: impl Into<String>) -> Self {
        Self::Unsupported { what: what.into() }
    }
}

/// A path for a message: printable ASCII, whatever it holds.
pub(crate) fn shown(path: &Path) -> String {
    use std::os::unix::ffi::OsStrExt as _;
    printable(path.as_os_str().as_bytes())
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotARepository { path } => write!(f, "no git repository at {}", shown(path)),
            Self::Unsupported { what } => write!(f, "the repository uses {what}"),
            Self::Ownership { path, owner, user } => write!(
                f,
                "{} belongs to user {owner}, and this process runs as user {user}",
                shown(path)
            ),
            Self::Corrupt { what } => write!(f, "the repository is damaged: {what}"),
            Self::CorruptObject { id, what } => write!(f, "object {id} is damaged: {what}"),
            Self::Missing { id } => fmt::Display::fmt(&Unread::Missing(*id), f),
            Self::TooLarge { id, what, limit } => {
                write!(f, "object {id}: {what} is over the limit of {limit}")
            }
            Self::Unresolved { spec } => write!(f, "no ref or object named '{spec}'"),
            Self::TooDeep => f.write_str("the history is too deep to say where everything stands"),
            Self::Stopped => f.write_str("the deadline passed"),
            Self::Io {
                operation, path, ..
            } => write!(f, "cannot {operation} {}", shown(path)),
        }
    }
}

impl std::error::Error for Error {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Io { source, .. } => Some(source),
            _ => None,
        }
    }
}
