//! What a baseline is made from: the index, what is staged, all history, or files.

use std::collections::HashSet;
use std::ffi::OsStr;
use std::ops::ControlFlow;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

use lychgate_git::Repository;
use lychgate_model::{Change, ObjectId, ObjectKind};
use walkdir::WalkDir;

use super::Place;
use crate::args;
use crate::failure::{Failure, Kind};
use crate::surroundings::Surroundings;

/// Takes a path from the top of the work tree, and its content; `None`: it could not be read.
type Sink<'s> = dyn FnMut(&[u8], Option<&[u8]>) + 's;

const NOT: &str = "no baseline was written";

/// Hands on what is wanted: without a selector every file of the index, as the index has it.
pub(super) fn each(
    around: &Surroundings,
    place: &Place,
    top: &Path,
    wanted: &args::Baseline,
    sink: &mut Sink<'_>,
) -> Result<(), Failure> {
    if !wanted.path.is_empty() {
        return wanted
            .path
            .iter()
            .try_for_each(|path| files(&around.cwd().join(path), top, sink));
    }
    let blobs = if wanted.staged {
        of_index(place, lychgate_git::staged)?
    } else if wanted.all {
        history(place)?
    } else {
        of_index(place, lychgate_git::indexed)?
    };
    let mut content = Vec::new();
    let mut seen = HashSet::new();
    for (id, path) in blobs {
        if !seen.insert((id, path.clone())) {
            continue;
        }
        match place.repository.objects().load(id, &mut content) {
            Ok(ObjectKind::Blob) => sink(&path, Some(&content)),
            _ => sink(&path, None),
        }
    }
    Ok(())
}

type Blobs = Vec<(ObjectId, Vec<u8>)>;

/// What `list` hands on of the index, by path.
fn of_index(
    place: &Place,
    list: impl FnOnce(
        &Repository,
        &mut dyn FnMut(Change) -> ControlFlow<()>,
    ) -> Result<(), lychgate_git::Error>,
) -> Result<Blobs, Failure> {
    let mut out = Blobs::new();
    list(&place.repository, &mut |change| {
        if let Some(new) = change.new.filter(|new| new.mode.is_blob()) {
            out.push((new.id, change.path.0));
        }
        ControlFlow::Continue(())
    })
    .map_err(|e| Failure::new(Kind::Incomplete, NOT).because(&e))?;
    Ok(out)
}

/// Of a blob the first path is told.
fn history(place: &Place) -> Result<Blobs, Failure> {
    let mut out = Blobs::new();
    lychgate_git::reachable(&place.repository, &mut |id, path| {
        out.push((id, path.to_vec()));
    })
    .map_err(|e| Failure::new(Kind::Incomplete, NOT).because(&e))?;
    Ok(out)
}

/// A file, or every file below a folder; links are not followed.
fn files(path: &Path, top: &Path, sink: &mut Sink<'_>) -> Result<(), Failure> {
    if path.symlink_metadata().is_err() {
        let what = format!("{NOT}: there is no {}", path.display());
        return Err(Failure::new(Kind::Usage, what));
    }
    let entries = WalkDir::new(path).sort_by_file_name().into_iter();
    let entries = entries.filter_entry(|e| e.file_name() != OsStr::new(".git"));
    for entry in entries {
        let Ok(entry) = entry else {
            sink(path.as_os_str().as_bytes(), None);
            continue;
        };
        if !entry.file_type().is_file() {
            continue;
        }
        let named = entry.path().strip_prefix(top).unwrap_or(entry.path());
        let read = std::fs::read(entry.path());
        sink(named.as_os_str().as_bytes(), read.ok().as_deref());
    }
    Ok(())
}
