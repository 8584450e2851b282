//! Everything an engine is built from, read from files once and then only bytes.

use std::io::Read as _;
use std::os::unix::fs::{MetadataExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};

use lychgate_model::limits::Deltas;
use lychgate_model::{Problem, pattern};
use lychgate_policy::Organisation;
use lychgate_scan::PackSource;
use rustix::fs::OFlags;

/// Where the organisation's file stands.
pub const ORGANISATION: &str = "/etc/lychgate/lychgate.toml";

/// A file's text and its name for people.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Text {
    /// The name, usually the path.
    pub name: String,
    /// What stands in it.
    pub text: String,
}

/// What an engine is built from.
#[derive(Clone, Debug, Default)]
pub struct Sources {
    /// The organisation's file; `None`: the built-in floor.
    pub organisation: Option<Text>,
    /// Files that tighten it, in order.
    pub added: Vec<Text>,
    /// Packs beside the built-in ones.
    pub packs: Vec<Text>,
    files: Vec<PathBuf>,
    idle: Vec<String>,
}

impl Sources {
    /// Nothing but what is compiled in.
    pub fn built_in() -> Self {
        Self::default()
    }

    /// Reads the organisation's file, which may be absent, the files that tighten it, which must
    /// be there, and the packs both name.
    ///
    /// # Errors
    /// Every file that cannot be read and every problem in them.
    pub fn read(organisation: Option<&Path>, added: &[PathBuf]) -> Result<Self, Vec<Problem>> {
        let mut sources = Self::default();
        let mut problems = Vec::new();
        if let Some(path) = organisation.filter(|path| !is_absent(path)) {
            match read(path) {
                Ok(text) => sources.organisation = Some(sources.note(path, text)),
                Err(problem) => problems.push(problem),
            }
        }
        for path in added {
            match read(path) {
                Ok(text) => {
                    let text = sources.note(path, text);
                    sources.added.push(text);
                }
                Err(problem) => problems.push(problem),
            }
        }
        match sources.compose() {
            Ok(composed) => {
                for listed in composed.packs() {
                    sources.read_packs(listed, &mut problems);
                }
            }
            Err(found) => problems.extend(found),
        }
        if problems.is_empty() {
            Ok(sources)
        } else {
            Err(problems)
        }
    }

    /// The files that were read, in order, and folders where one may come: what a daemon watches.
    pub fn files(&self) -> &[PathBuf] {
        &self.files
    }

    /// What the organisation lets an object stored as a delta cost; `None`: its files are no policy.
    pub fn deltas(&self) -> Option<Deltas> {
        let organisation = self.compose().ok()?;
        Some(organisation.bounds().deltas())
    }

    /// What these files say to no effect, a line each.
    pub(crate) fn idle(&self) -> &[String] {
        &self.idle
    }

    /// The organisation's file with those that tighten it.
    pub(crate) fn compose(&self) -> Result<Organisation, Vec<Problem>> {
        let mut problems = Vec::new();
        let mut organisation = match &self.organisation {
            None => Organisation::built_in(),
            Some(file) => {
                let (made, found) = Organisation::parse(&file.name, &file.text);
                problems.extend(found);
                made.unwrap_or_else(Organisation::built_in)
            }
        };
        for file in &self.added {
            if let Err(found) = organisation.tighten_with(&file.name, &file.text) {
                problems.extend(found);
            }
        }
        if problems.is_empty() {
            Ok(organisation)
        } else {
            Err(problems)
        }
    }

    /// The packs beside the built-in ones, as the scan takes them.
    pub(crate) fn as_packs(&self) -> Vec<PackSource<'_>> {
        let packs = self.packs.iter().map(|pack| PackSource {
            name: &pack.name,
            text: &pack.text,
        });
        packs.collect()
    }

    fn note(&mut self, path: &Path, text: String) -> Text {
        self.files.push(path.to_owned());
        Text {
            name: path.display().to_string(),
            text,
        }
    }

    fn read_packs(&mut self, listed: &str, problems: &mut Vec<Problem>) {
        let path = Path::new(listed);
        let name = path
            .file_name()
            .map(|n| n.to_string_lossy().into_owned())
            .unwrap_or_default();
        let found = if name.contains('*') {
            let folder = path.parent().unwrap_or(Path::new("/"));
            match std::fs::read_dir(folder) {
                Ok(entries) => {
                    let paths = entries.filter_map(|e| e.ok().map(|e| e.path()));
                    let mut paths: Vec<PathBuf> = paths.filter(|p| fits(&name, p)).collect();
                    paths.sort();
                    paths
                }
                Err(e) => {
                    problems.push(unreadable(folder, &e));
                    return;
                }
            }
        } else {
            vec![path.to_owned()]
        };
        if found.is_empty() {
            self.idle.push(format!("packs: no file fits {listed}"));
            // One may come.
            self.files.extend(path.parent().map(Path::to_owned));
        }
        for path in found {
            match read(&path) {
                Ok(text) => {
                    let text = self.note(&path, text);
                    self.packs.push(text);
                }
                Err(problem) => problems.push(problem),
            }
        }
    }
}

/// Whether nothing at all has this name. A link that leads nowhere, or one on the way, is a file
/// that cannot be read: what it is to hold may be stricter than what would do without it.
fn is_absent(path: &Path) -> bool {
    let missing = |e: &std::io::Error| e.kind() == std::io::ErrorKind::NotFound;
    path.ancestors().all(|part| match part.symlink_metadata() {
        Ok(meta) => part == path || !meta.is_symlink() || part.metadata().is_ok(),
        Err(e) => missing(&e),
    }) && path.symlink_metadata().is_err_and(|e| missing(&e))
}

/// What stands in a file of whoever keeps this machine: one that anybody may write is not.
fn read(path: &Path) -> Result<String, Problem> {
    // A pipe would be waited at for ever, by whatever loads rules.
    let mut file = std::fs::File::options()
        .read(true)
        .custom_flags(OFlags::NONBLOCK.bits().cast_signed())
        .open(path)
        .map_err(|e| unreadable(path, &e))?;
    let open_to_all = |m: &std::fs::Metadata| m.mode() & 0o002 != 0;
    let meta = file.metadata().map_err(|e| unreadable(path, &e))?;
    if !meta.is_file() {
        let what = "cannot be read: it is not a regular file".to_owned();
        return Err(refused(path, what));
    }
    // A file in a folder that all may write can be replaced, unless only its owner may do that.
    let folder = path.parent().and_then(|folder| folder.metadata().ok());
    let replaceable = folder.filter(|m| open_to_all(m) && m.mode() & 0o1000 == 0);
    if open_to_all(&meta) || replaceable.is_some() {
        let of = if open_to_all(&meta) {
            Some(path)
        } else {
            path.parent()
        };
        let mut problem = refused(path, "is not read: everybody may write it".to_owned());
        problem.help = format!("chmod o-w {}", of.unwrap_or(path).display());
        return Err(problem);
    }
    let mut text = String::new();
    file.read_to_string(&mut text)
        .map_err(|e| unreadable(path, &e))?;
    Ok(text)
}

fn fits(pattern: &str, path: &Path) -> bool {
    let name = path
        .file_name()
        .map(std::ffi::OsStr::as_encoded_bytes)
        .unwrap_or_default();
    pattern::matches(pattern.as_bytes(), name)
}

fn unreadable(path: &Path, error: &std::io::Error) -> Problem {
    let dangling = path.is_symlink() && error.kind() == std::io::ErrorKind::NotFound;
    refused(
        path,
        match dangling {
            true => "cannot be read: it is a link that leads nowhere".to_owned(),
            false => format!("cannot be read: {error}"),
        },
    )
}

fn refused(path: &Path, message: String) -> Problem {
    Problem {
        file: path.display().to_string(),
        line: 0,
        column: 0,
        key: String::new(),
        message,
        help: String::new(),
    }
}
