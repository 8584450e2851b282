//! Single files that govern the gate itself, read from a tree or the index.

use std::cmp::Ordering;

use lychgate_model::limits::DOCUMENT;
use lychgate_model::{Mode, ObjectId, ObjectKind, Side};

use crate::error::Error;
use crate::index::Index;
use crate::objects::parse::tree_entries;
use crate::repository::Repository;

/// Documents that any folder may have of its own, for what stands below it.
pub(crate) const OF_FOLDERS: [&[u8]; 2] = [b".gitattributes", b".sops.yaml"];

/// Where a document is looked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Where {
    /// In the tree at HEAD: in a bare repository, of the branch HEAD names.
    Head,
    /// In the index Git names.
    Index,
    /// In the tree of this commit.
    Commit(ObjectId),
}

/// What was found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Document {
    /// Nothing of that name; or there is no commit yet.
    Absent,
    /// A file.
    Bytes {
        /// Its blob.
        id: ObjectId,
        /// Its content, at most `limits::DOCUMENT` bytes.
        content: Vec<u8>,
    },
    /// Something that cannot be taken for the document, nor for its absence.
    Unusable {
        /// Why, for people.
        why: String,
    },
}

impl Document {
    fn unusable(why: &str) -> Self {
        Self::Unusable {
            why: why.to_owned(),
        }
    }
}

/// What a path is in a tree or the index.
enum Stands {
    Nothing,
    /// A blob or a submodule.
    File(Side),
    Folder,
    /// A name that differs from it in case alone, which is the same name to some file systems.
    Variant,
    /// A component before the last is no folder.
    Behind(Mode),
    Conflict,
}

impl Repository {
    /// The file at `path`, as the gate's own files are read: it must be a regular one, its folders
    /// must be folders, and no other name may differ from theirs in (ASCII) case alone.
    ///
    /// # Errors
    ///
    /// When HEAD, a tree, the index or the blob cannot be read.
    pub fn document(&self, path: &[u8], place: Where) -> Result<Document, Error> {
        let stands = match place {
            Where::Head => in_tree(self, self.head_tree()?, path, Variants::Clash)?,
            Where::Commit(commit) => in_tree(self, self.tree_of(commit)?, path, Variants::Clash)?,
            Where::Index => match self.index()? {
                Some(index) => in_index(self, index, path)?,
                None => Stands::Nothing,
            },
        };
        let side = match stands {
            Stands::Nothing => return Ok(Document::Absent),
            Stands::File(side) => side,
            Stands::Folder => return Ok(Document::unusable("it is a folder")),
            Stands::Variant => {
                return Ok(Document::unusable(
                    "another name differs from it in case alone",
                ));
            }
            Stands::Behind(Mode::Gitlink) => {
                return Ok(Document::unusable("its folder is a submodule"));
            }
            Stands::Behind(_) => return Ok(Document::unusable("its folder is not a folder")),
            Stands::Conflict => return Ok(Document::unusable("it is in conflict")),
        };
        match side.mode {
            Mode::Regular | Mode::Executable => {}
            Mode::Symlink => return Ok(Document::unusable("it is a symbolic link")),
            Mode::Gitlink | Mode::Tree => return Ok(Document::unusable("it is a submodule")),
        }
        let mut content = Vec::new();
        match self
            .objects()
            .load_within(side.id, DOCUMENT as u64, &mut content)
        {
            Ok(ObjectKind::Blob) => Ok(Document::Bytes {
                id: side.id,
                content,
            }),
            Ok(_) => Err(Error::CorruptObject {
                id: side.id,
                what: "it is no blob",
            }),
            Err(Error::TooLarge { .. }) => Ok(Document::unusable("it is too large")),
            Err(e) => Err(e),
        }
    }
}

/// The blob or submodule at `path` in a tree; `None`: there is none.
pub(crate) fn file_in_tree(
    repo: &Repository,
    tree: ObjectId,
    path: &[u8],
) -> Result<Option<Side>, Error> {
    match in_tree(repo, tree, path, Variants::Ignored)? {
        Stands::File(side) => Ok(Some(side)),
        _ => Ok(None),
    }
}

/// Whether a name that differs in case alone is taken for the name.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Variants {
    /// They are other names, as Git has it.
    Ignored,
    Clash,
}

/// What `path` is in a tree.
fn in_tree(
    repo: &Repository,
    tree: ObjectId,
    path: &[u8],
    variants: Variants,
) -> Result<Stands, Error> {
    let mut tree = tree;
    let mut data = Vec::new();
    let mut components = path.split(|&b| b == b'/').peekable();
    while let Some(name) = components.next() {
        repo.objects()
            .load_kind(tree, ObjectKind::Tree, &mut data)?;
        let mut found = None;
        for entry in tree_entries(&data, repo.hash_kind()) {
            let what = "an entry of the tree is invalid";
            let entry = entry.ok_or(Error::CorruptObject { id: tree, what })?;
            if entry.name == name {
                found = Some((entry.is_tree(), entry.mode, entry.id));
            } else if variants == Variants::Clash && entry.name.eq_ignore_ascii_case(name) {
                return Ok(Stands::Variant);
            }
        }
        let last = components.peek().is_none();
        match found {
            None => return Ok(Stands::Nothing),
            Some((true, ..)) if last => return Ok(Stands::Folder),
            Some((true, _, id)) => tree = id,
            Some((false, mode, id)) => {
                let mode = Mode::from_bits(mode).unwrap_or(Mode::Gitlink);
                let here = if last {
                    Stands::File(Side { mode, id })
                } else {
                    Stands::Behind(mode)
                };
                return Ok(here);
            }
        }
    }
    Ok(Stands::Nothing)
}

/// What `path` is in the index.
fn in_index(repo: &Repository, index: &Index, path: &[u8]) -> Result<Stands, Error> {
    // An index that is HEAD's tree need not be searched.
    if index.tree() == Some(repo.head_tree()?) {
        return in_tree(repo, repo.head_tree()?, path, Variants::Clash);
    }
    let mut found = Stands::Nothing;
    let mut cursor = index.entries();
    while cursor.advance()? {
        let (entry, other) = (cursor.entry(), cursor.path());
        if is_after(other, path) {
            break;
        }
        if entry.intent_to_add {
            continue;
        }
        let mode = Mode::from_bits(entry.mode)
            .ok_or_else(|| Error::corrupt("an entry of the index has an unknown mode"))?;
        match relation(other, path) {
            Relation::Elsewhere => {}
            Relation::Variant => return Ok(Stands::Variant),
            Relation::Same if entry.stage > 0 => return Ok(Stands::Conflict),
            Relation::Same => found = Stands::File(Side { mode, id: entry.id }),
            Relation::Below => found = Stands::Folder,
            Relation::Above(rest) if mode == Mode::Tree => {
                found = in_tree(repo, entry.id, rest, Variants::Clash)?;
            }
            Relation::Above(_) => return Ok(Stands::Behind(mode)),
        }
    }
    Ok(found)
}

enum Relation<'p> {
    Elsewhere,
    /// The same up to the case of letters, as far as both go.
    Variant,
    Same,
    /// The entry is below the path.
    Below,
    /// The path is below the entry, by this.
    Above(&'p [u8]),
}

fn relation<'p>(entry: &[u8], path: &'p [u8]) -> Relation<'p> {
    let mut rest = path;
    let mut entry = entry;
    loop {
        let (name, after) = split(rest);
        let (other, below) = split(entry);
        if !name.eq_ignore_ascii_case(other) {
            return Relation::Elsewhere;
        }
        if name != other {
            return Relation::Variant;
        }
        match (after, below) {
            (None, None) => return Relation::Same,
            (None, Some(_)) => return Relation::Below,
            // A folder of a sparse index ends with a slash.
            (Some(after), None | Some(b"")) => return Relation::Above(after),
            (Some(after), Some(below)) => (rest, entry) = (after, below),
        }
    }
}

fn split(path: &[u8]) -> (&[u8], Option<&[u8]>) {
    match path.iter().position(|&b| b == b'/') {
        Some(at) => {
            let (name, rest) = path.split_at(at);
            (name, rest.get(1..))
        }
        None => (path, None),
    }
}

/// Whether no entry from here on can be `path`, below it, or a variant of it: small letters come
/// after capital ones.
fn is_after(entry: &[u8], path: &[u8]) -> bool {
    let first = split(path).0;
    let small = first.iter().map(u8::to_ascii_lowercase);
    let head = entry.iter().take(first.len()).copied();
    head.cmp(small) == Ordering::Greater
}
