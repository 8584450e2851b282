//! Refs in files of their own, over those in `packed-refs`.

use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::fs;
use std::io;
use std::os::unix::ffi::OsStrExt as _;
use std::path::Path;

use lychgate_model::path::printable;
use lychgate_model::{HashKind, ObjectId};

use super::{Refs, Value, is_per_work_tree, packed};
use crate::error::Error;

/// The value of one ref.
pub(super) fn value(refs: &Refs, name: &[u8]) -> Result<Option<Value>, Error> {
    let path = refs.folder(name).join(OsStr::from_bytes(name));
    match fs::read(&path) {
        Ok(content) => return loose(refs, name, &path, &content).map(Some),
        Err(e) if is_absent(&e) => {}
        // The name of a folder is no ref; `packed-refs` may still have one.
        Err(e) if e.kind() == io::ErrorKind::IsADirectory => {}
        Err(e) => return Err(Error::io("read", &path)(e)),
    }
    if !name.starts_with(b"refs/") {
        return Ok(dangling(&path));
    }
    let found = packed::find(&refs.common_dir, name, refs.hash)?;
    Ok(found.map(Value::Id).or_else(|| dangling(&path)))
}

/// All refs below `refs/`.
pub(super) fn all(refs: &Refs) -> Result<BTreeMap<Vec<u8>, Value>, Error> {
    let mut all = BTreeMap::new();
    packed::for_each(&refs.common_dir, refs.hash, &mut |name, id| {
        all.insert(name.to_vec(), Value::Id(id));
    })?;
    let is_linked = refs.git_dir != refs.common_dir;
    collect(
        refs,
        &refs.common_dir,
        b"refs",
        &mut |name| !is_linked || !is_per_work_tree(name),
        &mut all,
    )?;
    if is_linked {
        collect(
            refs,
            &refs.git_dir,
            b"refs",
            &mut is_per_work_tree,
            &mut all,
        )?;
    }
    Ok(all)
}

fn collect(
    refs: &Refs,
    root: &Path,
    name: &[u8],
    belongs: &mut dyn FnMut(&[u8]) -> bool,
    all: &mut BTreeMap<Vec<u8>, Value>,
) -> Result<(), Error> {
    let folder = root.join(OsStr::from_bytes(name));
    let entries = match fs::read_dir(&folder) {
        Ok(entries) => entries,
        Err(e) if is_absent(&e) => return Ok(()),
        Err(e) => return Err(Error::io("list", &folder)(e)),
    };
    for entry in entries {
        let entry = entry.map_err(Error::io("list", &folder))?;
        let part = entry.file_name();
        if part.as_bytes().starts_with(b".") || part.as_bytes().ends_with(b".lock") {
            continue;
        }
        let full = [name, b"/", part.as_bytes()].concat();
        let path = entry.path();
        let kind = match fs::metadata(&path) {
            Ok(metadata) => metadata,
            Err(e) if is_absent(&e) => continue,
            Err(e) => return Err(Error::io("look at", &path)(e)),
        };
        if kind.is_dir() {
            collect(refs, root, &full, belongs, all)?;
        } else if belongs(&full) {
            match fs::read(&path) {
                Ok(content) => {
                    let value = loose(refs, &full, &path, &content)?;
                    all.insert(full, value);
                }
                // Deleted, or packed, since the folder was listed.
                Err(e) if is_absent(&e) => {}
                Err(e) => return Err(Error::io("read", &path)(e)),
            }
        }
    }
    Ok(())
}

/// What the file of a ref says.
fn loose(refs: &Refs, name: &[u8], path: &Path, content: &[u8]) -> Result<Value, Error> {
    if let Some(target) = content.strip_prefix(b"ref:") {
        return Ok(Value::Symbolic(target.trim_ascii().to_vec()));
    }
    let id = leading_id(content, refs.hash)
        .ok_or_else(|| Error::corrupt(format!("the ref {} names no object", printable(name))))?;
    // HEAD was once a symlink to the branch; its content is then that of the branch.
    Ok(match name {
        b"HEAD" => dangling(path).unwrap_or(Value::Id(id)),
        _ => Value::Id(id),
    })
}

/// The branch that a ref names by being a symlink.
fn dangling(path: &Path) -> Option<Value> {
    let target = fs::read_link(path).ok()?;
    let name = target.as_os_str().as_bytes();
    name.starts_with(b"refs/")
        .then(|| Value::Symbolic(name.to_vec()))
}

fn leading_id(content: &[u8], hash: HashKind) -> Option<ObjectId> {
    let digits = hash.len() * 2;
    let ended = content.get(digits).is_none_or(u8::is_ascii_whitespace);
    content
        .get(..digits)
        .filter(|_| ended)
        .and_then(ObjectId::from_hex)
}

fn is_absent(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::NotFound | io::ErrorKind::NotADirectory
    )
}
