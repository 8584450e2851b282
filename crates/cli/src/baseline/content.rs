//! What a baseline is made from: the index, what is staged, all history, or files.

use std::collections::HashSet;
use std::ffi::OsStr;
use std::ops::ControlFlow;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

use lychgate_model::{Mode, ObjectId, ObjectKind};
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
        staged(place)?
    } else if wanted.all {
        history(place)?
    } else {
        index(place)?
    };
    let mut content = Vec::new();
    let mut seen = HashSet::new();
    for (id, path) in blobs {
        if !seen.insert((id, path.clone())) {
            continue;
        }
        match place.repository.objects().load(id, &mut content) {
            Ok(_) => sink(&path, Some(&content)),
            Err(_) => sink(&path, None),
        }
    }
    Ok(())
}

type Blobs = Vec<(ObjectId, Vec<u8>)>;

fn staged(place: &Place) -> Result<Blobs, Failure> {
    let mut out = Blobs::new();
    lychgate_git::staged(&place.repository, &mut |change| {
        if let Some(new) = change.new.filter(|new| new.mode.is_blob()) {
            out.push((new.id, change.path.0));
        }
        ControlFlow::Continue(())
    })
    .map_err(|e| Failure::new(Kind::Incomplete, NOT).because(&e))?;
    Ok(out)
}

/// `mode SP id SP stage TAB path NUL`.
fn index(place: &Place) -> Result<Blobs, Failure> {
    let said = place.git.says(&["ls-files", "-z", "--stage"], NOT)?;
    let mut out = Blobs::new();
    for entry in said.split(|b| *b == 0).filter(|e| !e.is_empty()) {
        let read = || {
            let tab = entry.iter().position(|b| *b == b'\t')?;
            let mut words = entry.get(..tab)?.split(|b| *b == b' ');
            let mode = std::str::from_utf8(words.next()?).ok()?;
            let mode = Mode::from_bits(u32::from_str_radix(mode, 8).ok()?)?;
            let id = ObjectId::from_hex(words.next()?)?;
            Some((mode, id, entry.get(tab + 1..)?.to_vec()))
        };
        match read() {
            Some((mode, id, path)) if mode.is_blob() => out.push((id, path)),
            Some(_) => {}
            None => {
                let what = format!("{NOT}: git ls-files said what is not understood");
                return Err(Failure::new(Kind::Incomplete, what));
            }
        }
    }
    Ok(out)
}

/// `id SP path LF`; commits have no path, and of a blob the first path is told.
fn history(place: &Place) -> Result<Blobs, Failure> {
    let said = place.git.says(&["rev-list", "--objects", "--all"], NOT)?;
    let mut out = Blobs::new();
    for line in said.split(|b| *b == b'\n') {
        let Some(space) = line.iter().position(|b| *b == b' ') else {
            continue;
        };
        let (id, path) = line.split_at(space);
        let (Some(id), Some(path)) = (ObjectId::from_hex(id), path.get(1..)) else {
            continue;
        };
        let header = place.repository.objects().header(id);
        if header.is_ok_and(|h| h.kind != ObjectKind::Blob) {
            continue;
        }
        out.push((id, path.to_vec()));
    }
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
