//! Everything an engine is built from, read from files once and then only bytes.

use std::path::{Path, PathBuf};

use lychgate_model::{Problem, pattern};
use lychgate_policy::Organisation;
use lychgate_scan::PackSource;

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
        if let Some(path) = organisation {
            match std::fs::read_to_string(path) {
                Ok(text) => sources.organisation = Some(sources.note(path, text)),
                Err(e) if e.kind() == std::io::ErrorKind::NotFound => {}
                Err(e) => problems.push(unreadable(path, &e)),
            }
        }
        for path in added {
            match std::fs::read_to_string(path) {
                Ok(text) => {
                    let text = sources.note(path, text);
                    sources.added.push(text);
                }
                Err(e) => problems.push(unreadable(path, &e)),
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

    /// The files that were read, in order: what a daemon watches and `status` lists.
    pub fn files(&self) -> &[PathBuf] {
        &self.files
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
                Err(e) if e.kind() == std::io::ErrorKind::NotFound => Vec::new(),
                Err(e) => {
                    problems.push(unreadable(folder, &e));
                    Vec::new()
                }
            }
        } else {
            vec![path.to_owned()]
        };
        for path in found {
            match std::fs::read_to_string(&path) {
                Ok(text) => {
                    let text = self.note(&path, text);
                    self.packs.push(text);
                }
                Err(e) => problems.push(unreadable(&path, &e)),
            }
        }
    }
}

fn fits(pattern: &str, path: &Path) -> bool {
    let name = path
        .file_name()
        .map(std::ffi::OsStr::as_encoded_bytes)
        .unwrap_or_default();
    pattern::matches(pattern.as_bytes(), name)
}

fn unreadable(path: &Path, error: &std::io::Error) -> Problem {
    Problem {
        file: path.display().to_string(),
        line: 0,
        column: 0,
        key: String::new(),
        message: format!("cannot be read: {error}"),
        help: String::new(),
    }
}
