//! A repository: where its parts are, and what it is made of.

use std::cell::OnceCell;
use std::collections::HashSet;
use std::ffi::OsStr;
use std::fs;
use std::io;
use std::os::unix::ffi::OsStrExt as _;
use std::path::{Path, PathBuf};

use lychgate_model::{HashKind, ObjectId, ObjectKind};

use crate::discovery::{self, Location, normal};
use crate::environment::Environment;
use crate::error::Error;
use crate::format::Format;
use crate::graph::History;
use crate::index::Index;
use crate::objects::parse::{CommitLinks, tag_target};
use crate::objects::{ObjectSink, Objects, empty_tree};
use crate::refs::{Head, Refs};

/// Tags that point at tags are followed this far.
const TAG_DEPTH: usize = 64;

/// An opened repository. It is read and never written, and no program it names is run. For one
/// thread at a time.
#[derive(Debug)]
pub struct Repository {
    location: Location,
    format: Format,
    work_tree: Option<PathBuf>,
    /// The index Git uses.
    index_path: PathBuf,
    objects: Objects,
    refs: Refs,
    shallow: Option<PathBuf>,
    shallow_push: bool,
    /// What `git merge` is about to merge, as it tells `pre-merge-commit`.
    githeads: Vec<ObjectId>,
    /// What stands before the names of refs in Git's namespace; mostly nothing.
    namespace: Vec<u8>,
    /// HEAD and the index as they were when first looked at: one answer, one state.
    head: OnceCell<Head>,
    head_tree: OnceCell<ObjectId>,
    index: OnceCell<Option<Index>>,
    /// History that was read to tell how refs move.
    pub(crate) read: History,
}

impl Repository {
    /// Opens the repository `env` names, or the one around its current folder.
    ///
    /// # Errors
    ///
    /// [`Error::Unsupported`] for a format or extension Git itself would refuse, or that is not
    /// known here; [`Error::Ownership`] when it was found by searching and is another user's.
    pub fn open(env: &Environment) -> Result<Self, Error> {
        let location = discovery::locate(env)?;
        discovery::check_ownership(&location, env)?;
        let format = Format::read(&location.common_dir, &location.git_dir)?;
        if env.reference_backend().is_some() {
            return Err(Error::unsupported("GIT_REFERENCE_BACKEND"));
        }
        let work_tree = work_tree(&location, &format, env);
        let base = base(&location, work_tree.as_deref(), env);
        let primary = match env.object_directory() {
            Some(path) => normal(&base.join(path)),
            None => location.common_dir.join("objects"),
        };
        let alternates = env.alternate_object_directories();
        let alternates = alternates
            .iter()
            .map(|path| normal(&base.join(path)))
            .collect();
        let objects = Objects::open(format.hash, primary, alternates)?;
        let refs = Refs::new(
            &location.git_dir,
            &location.common_dir,
            format.refs,
            format.hash,
        );
        let (shallow, shallow_push) = match env.shallow_file().map(|v| v.as_bytes()) {
            None => (Some(location.common_dir.join("shallow")), false),
            Some(b"") => (None, false),
            Some(path) => (Some(base.join(std::ffi::OsStr::from_bytes(path))), true),
        };
        let index_path = match env.index_file() {
            Some(path) => normal(&base.join(path)),
            None => location.git_dir.join("index"),
        };
        Ok(Self {
            location,
            format,
            work_tree,
            index_path,
            objects,
            refs,
            shallow,
            shallow_push,
            githeads: env.githeads().to_vec(),
            namespace: env.namespace().map(within).unwrap_or_default(),
            head: OnceCell::new(),
            head_tree: OnceCell::new(),
            index: OnceCell::new(),
            read: History::default(),
        })
    }

    /// The hash kind of its ids.
    pub fn hash_kind(&self) -> HashKind {
        self.format.hash
    }

    /// What belongs to this work tree alone: HEAD, the index.
    pub fn git_dir(&self) -> &Path {
        &self.location.git_dir
    }

    /// What all work trees share; the same as [`git_dir`](Self::git_dir) without linked ones.
    pub fn common_dir(&self) -> &Path {
        &self.location.common_dir
    }

    /// The root of the work tree; `None` for a bare repository.
    pub fn work_tree(&self) -> Option<&Path> {
        self.work_tree.as_deref()
    }

    /// Whether `GIT_SHALLOW_FILE` names a file: the push brings history with an edge.
    pub fn is_shallow_push(&self) -> bool {
        self.shallow_push
    }

    /// Whether objects may be missing on purpose (`extensions.partialClone`). Missing is missing.
    pub fn is_partial_clone(&self) -> bool {
        self.format.partial_clone
    }

    /// Whether this work tree has configuration of its own.
    pub(crate) fn has_worktree_configuration(&self) -> bool {
        self.format.worktree_config
    }

    /// The commits whose parents this repository does not have because it is shallow.
    pub fn shallow_commits(&self) -> Result<Vec<ObjectId>, Error> {
        let Some(path) = &self.shallow else {
            return Ok(Vec::new());
        };
        let content = match fs::read(path) {
            Ok(content) => content,
            Err(e) if e.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
            Err(e) => return Err(Error::io("read", path)(e)),
        };
        content
            .split(|&b| b == b'\n')
            .filter(|line| !line.is_empty())
            .map(|line| {
                ObjectId::from_hex(line)
                    .ok_or_else(|| Error::corrupt("the list of shallow commits"))
            })
            .collect()
    }

    /// Its objects.
    pub fn objects(&self) -> &Objects {
        &self.objects
    }

    /// Its refs.
    pub(crate) fn refs(&self) -> &Refs {
        &self.refs
    }

    /// What HEAD names.
    pub fn head(&self) -> Result<Head, Error> {
        if let Some(head) = self.head.get() {
            return Ok(head.clone());
        }
        let head = self.refs.head()?;
        Ok(self.head.get_or_init(|| head).clone())
    }

    /// The tree at HEAD; the empty one before the first commit.
    pub(crate) fn head_tree(&self) -> Result<ObjectId, Error> {
        if let Some(tree) = self.head_tree.get() {
            return Ok(*tree);
        }
        let tree = match self.head()?.commit {
            Some(commit) => self.tree_of(commit)?,
            None => empty_tree(self.hash_kind()),
        };
        Ok(*self.head_tree.get_or_init(|| tree))
    }

    /// The index: the one `GIT_INDEX_FILE` names (from the root of the work tree), or its own.
    /// `None`: there is none yet.
    pub(crate) fn index(&self) -> Result<Option<&Index>, Error> {
        if let Some(index) = self.index.get() {
            return Ok(index.as_ref());
        }
        let index = Index::open(&self.index_path, self.git_dir(), self.hash_kind())?;
        Ok(self.index.get_or_init(|| index).as_ref())
    }

    /// What the next commit has as parents: HEAD, and what is being merged. None before the first
    /// commit.
    /// `merging`: Git makes a merge commit at once, which only pre-merge-commit knows; the variables
    /// that name its heads are believed nowhere else.
    pub(crate) fn parents_to_be(&self, merging: bool) -> Result<Vec<ObjectId>, Error> {
        let mut parents: Vec<_> = self.head()?.commit.into_iter().collect();
        parents.extend(self.merge_heads()?);
        if merging {
            parents.extend(&self.githeads);
        }
        let mut seen = HashSet::new();
        parents.retain(|id| id.kind() == self.hash_kind() && seen.insert(*id));
        Ok(parents)
    }

    /// The commits named in `MERGE_HEAD`.
    fn merge_heads(&self) -> Result<Vec<ObjectId>, Error> {
        let path = self.git_dir().join("MERGE_HEAD");
        let content = match fs::read(&path) {
            Ok(content) => content,
            Err(e) if e.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
            Err(e) => return Err(Error::io("read", &path)(e)),
        };
        let malformed = || Error::corrupt("MERGE_HEAD names no commit");
        let lines = content
            .split(|&b| b == b'\n')
            .filter(|line| !line.is_empty());
        lines
            .map(|line| ObjectId::from_hex(line).ok_or_else(malformed))
            .collect()
    }

    /// What a ref leads to, by its full name; symbolic refs are followed. `None`: no such ref.
    pub fn find_ref(&self, name: &[u8]) -> Result<Option<ObjectId>, Error> {
        self.refs.find(name)
    }

    /// What a symbolic ref names, by the full name it has in Git's namespace, as a push gives it.
    /// `None`: no such ref, or one that is not symbolic.
    pub fn symbolic_ref(&self, name: &[u8]) -> Result<Option<Vec<u8>>, Error> {
        let Some(target) = self.refs.symbolic(&[&self.namespace, name].concat())? else {
            return Ok(None);
        };
        let inner = target.strip_prefix(self.namespace.as_slice());
        Ok(Some(inner.map_or_else(|| target.clone(), <[u8]>::to_vec)))
    }

    /// Calls `visit` for every ref below `refs/` in order of their names, symbolic ones with what
    /// they lead to. Of linked work trees, only the refs of this one.
    pub fn for_each_ref(&self, visit: &mut dyn FnMut(&[u8], ObjectId)) -> Result<(), Error> {
        self.refs.for_each(visit)
    }

    /// Hands the content of one object to `sink` in pieces; see [`Objects::read`].
    pub fn read(&self, id: ObjectId, sink: &mut dyn ObjectSink) -> Result<(), Error> {
        self.objects.read(id, sink)
    }

    /// Follows tags from `id` to a commit; `None`: it is, or leads to, a tree or blob.
    pub fn peel_to_commit(&self, id: ObjectId) -> Result<Option<ObjectId>, Error> {
        let mut id = id;
        let mut content = Vec::new();
        for _ in 0..TAG_DEPTH {
            match self.objects.header(id)?.kind {
                ObjectKind::Commit => return Ok(Some(id)),
                ObjectKind::Tree | ObjectKind::Blob => return Ok(None),
                ObjectKind::Tag => {
                    self.objects.load_kind(id, ObjectKind::Tag, &mut content)?;
                    (id, _) =
                        tag_target(&content, self.hash_kind()).ok_or(Error::CorruptObject {
                            id,
                            what: "the tag names no object",
                        })?;
                }
            }
        }
        Err(Error::TooLarge {
            id,
            what: "its chain of tags",
            limit: TAG_DEPTH as u64,
        })
    }

    /// The tree of a commit.
    pub fn tree_of(&self, commit: ObjectId) -> Result<ObjectId, Error> {
        Ok(self.links_of(commit)?.tree)
    }

    /// The tree and parents of a commit, as it names them itself.
    pub(crate) fn links_of(&self, commit: ObjectId) -> Result<CommitLinks, Error> {
        let mut content = Vec::new();
        self.objects
            .load_kind(commit, ObjectKind::Commit, &mut content)?;
        CommitLinks::parse(&content, self.hash_kind()).ok_or(Error::CorruptObject {
            id: commit,
            what: "the commit's head is invalid",
        })
    }
}

fn work_tree(location: &Location, format: &Format, env: &Environment) -> Option<PathBuf> {
    if let Some(path) = env.work_tree() {
        return Some(normal(&env.cwd().join(path)));
    }
    if let Some(path) = &format.work_tree {
        let path = Path::new(std::ffi::OsStr::from_bytes(path));
        return Some(normal(&location.git_dir.join(path)));
    }
    if format.bare == Some(true) {
        return None;
    }
    if location.explicit {
        Some(env.cwd().to_owned())
    } else {
        location.around.clone()
    }
}

/// Git changes to the root of the work tree, or into a bare repository, before it resolves
/// relative variables, provided that it stands inside of it.
fn base(location: &Location, work_tree: Option<&Path>, env: &Environment) -> PathBuf {
    let root = work_tree.unwrap_or(&location.git_dir);
    let inside = env.cwd().starts_with(root);
    if inside {
        root.to_owned()
    } else {
        env.cwd().to_owned()
    }
}
/// The prefix of the refs in a namespace, which may be one within another.
fn within(namespace: &OsStr) -> Vec<u8> {
    let parts = namespace.as_bytes().split(|&b| b == b'/');
    parts
        .filter(|part| !part.is_empty())
        .flat_map(|part| [b"refs/namespaces/", part, b"/"].concat())
        .collect()
}
