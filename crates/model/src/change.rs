//! What a commit changes: one path, what stands there now and what stood there before.

use crate::ids::ObjectId;
use crate::path::RepoPath;

/// The type of a Git object.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ObjectKind {
    /// Content of a file, or the target of a symlink.
    Blob,
    /// A directory.
    Tree,
    /// A commit.
    Commit,
    /// An annotated tag.
    Tag,
}

impl ObjectKind {
    /// Every type.
    pub const ALL: [Self; 4] = [Self::Blob, Self::Tree, Self::Commit, Self::Tag];

    /// Git's name, as it stands in an object's header.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Blob => "blob",
            Self::Tree => "tree",
            Self::Commit => "commit",
            Self::Tag => "tag",
        }
    }
}

/// The mode of a tree or index entry. Git knows no others.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Mode {
    /// 100644 (and the historical 100664).
    Regular,
    /// 100755.
    Executable,
    /// 120000: the blob is the link's target.
    Symlink,
    /// 160000: the id names a commit of another repository; nothing here to read.
    Gitlink,
    /// 40000.
    Tree,
}

impl Mode {
    /// From the octal mode of a tree or index entry, by its file type bits as Git does.
    pub const fn from_bits(bits: u32) -> Option<Self> {
        match bits & 0o170_000 {
            0o100_000 if bits & 0o100 != 0 => Some(Self::Executable),
            0o100_000 => Some(Self::Regular),
            0o120_000 => Some(Self::Symlink),
            0o160_000 => Some(Self::Gitlink),
            0o040_000 => Some(Self::Tree),
            _ => None,
        }
    }

    /// The octal mode as Git writes it.
    pub const fn bits(self) -> u32 {
        match self {
            Self::Regular => 0o100_644,
            Self::Executable => 0o100_755,
            Self::Symlink => 0o120_000,
            Self::Gitlink => 0o160_000,
            Self::Tree => 0o040_000,
        }
    }

    /// Whether the id names a blob of this repository.
    pub const fn is_blob(self) -> bool {
        matches!(self, Self::Regular | Self::Executable | Self::Symlink)
    }
}

/// One side of a change: what stands at the path.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Side {
    /// How it stands there.
    pub mode: Mode,
    /// What stands there.
    pub id: ObjectId,
}

/// One path that differs between the old tree and the new one, by object id and mode: renames are
/// not detected, so a rename is a deletion and an addition, and both are judged.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Change {
    /// The path, the same on both sides.
    pub path: RepoPath,
    /// What stood there (at HEAD, or in the first parent); `None`: nothing.
    pub old: Option<Side>,
    /// What stands there now; `None`: deleted.
    pub new: Option<Side>,
}
