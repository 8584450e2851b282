//! Files outside Git, for `check --path`: every one under a folder, ignored or not.
//!
//! Found by one walk and opened one at a time, when the judge is ready for it, so that memory does
//! not grow with the tree. Links are not followed: a link's target is content, and is judged as
//! Git would store it. Folders called `.git` are skipped, and nothing else is.

use std::ffi::OsStr;
use std::fs;
use std::io::{self, Cursor, Read};
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use indicatif::{ProgressBar, ProgressStyle};
use lychgate_client::files::{Content, File};
use walkdir::{DirEntry, WalkDir};

/// All files of some roots, in order.
pub(crate) struct Files {
    roots: std::vec::IntoIter<PathBuf>,
    current: Option<Root>,
    bar: ProgressBar,
    unreadable: u64,
}

struct Root {
    /// As given: what a file's path is reported relative to.
    base: PathBuf,
    walk: Box<dyn Iterator<Item = walkdir::Result<DirEntry>>>,
}

impl Files {
    /// The files under `roots`; progress goes to `bar`.
    pub(crate) fn new(roots: Vec<PathBuf>, bar: ProgressBar) -> Self {
        Self {
            roots: roots.into_iter(),
            current: None,
            bar,
            unreadable: 0,
        }
    }

    /// How many files were found that cannot be opened, so far.
    pub(crate) const fn unreadable(&self) -> u64 {
        self.unreadable
    }
}

impl Iterator for Files {
    type Item = File;

    fn next(&mut self) -> Option<File> {
        loop {
            if self.current.is_none() {
                let base = self.roots.next()?;
                self.current = Some(Root {
                    walk: walk(&base),
                    base,
                });
            }
            let root = self.current.as_mut()?;
            match root.walk.next() {
                None => self.current = None,
                Some(entry) => {
                    if let Some(file) = file(&root.base, entry) {
                        self.bar.inc(1);
                        self.unreadable +=
                            u64::from(matches!(file.content, Content::Unreadable(_)));
                        return Some(file);
                    }
                }
            }
        }
    }
}

/// A bar on a terminal, nothing anywhere else.
pub(crate) fn bar(is_terminal: bool) -> ProgressBar {
    if !is_terminal {
        return ProgressBar::hidden();
    }
    let bar = ProgressBar::new_spinner();
    if let Ok(style) = ProgressStyle::with_template("{spinner} files: {pos}, {elapsed}") {
        bar.set_style(style.tick_chars("-\\|/ "));
    }
    bar
}

/// Content that comes from standard input, read whole: its size must be known first.
pub(crate) fn given(path: &Path, mut input: impl Read) -> io::Result<File> {
    let mut bytes = Vec::new();
    input.read_to_end(&mut bytes)?;
    let size = bytes.len() as u64;
    let content = Content::Bytes {
        size,
        reader: Box::new(Cursor::new(bytes)),
    };
    Ok(File {
        path: path.as_os_str().as_bytes().to_vec(),
        content,
    })
}

fn walk(base: &Path) -> Box<dyn Iterator<Item = walkdir::Result<DirEntry>>> {
    let not_git = |entry: &DirEntry| {
        let git = entry.file_name() == OsStr::new(".git") && entry.file_type().is_dir();
        entry.depth() == 0 || !git
    };
    let walk = WalkDir::new(base)
        .follow_links(false)
        .follow_root_links(true);
    Box::new(walk.sort_by_file_name().into_iter().filter_entry(not_git))
}

/// `None`: a folder, or something under one that holds no content (a pipe, a device, a socket).
fn file(base: &Path, entry: walkdir::Result<DirEntry>) -> Option<File> {
    let entry = match entry {
        Ok(entry) => entry,
        Err(error) => {
            let path = reported(base, error.path().unwrap_or(base));
            let why = error
                .io_error()
                .map_or_else(|| error.to_string(), ToString::to_string);
            return Some(File {
                path,
                content: Content::Unreadable(why),
            });
        }
    };
    let content = match entry.depth() {
        0 => named(entry.path())?,
        _ if entry.path_is_symlink() => target(entry.path()),
        _ if entry.file_type().is_file() => open(entry.path()),
        _ => return None,
    };
    let content = content.unwrap_or_else(|e| Content::Unreadable(e.to_string()));
    Some(File {
        path: reported(base, entry.path()),
        content,
    })
}

/// What was named itself, links followed; `None`: a folder. Whoever names a pipe or a device
/// expects an answer about it, and passing over it would be one.
fn named(path: &Path) -> Option<io::Result<Content>> {
    match fs::metadata(path) {
        Ok(meta) if meta.is_dir() => None,
        Ok(meta) if meta.is_file() => Some(open(path)),
        Ok(_) => Some(Err(io::Error::other("it is neither a file nor a folder"))),
        Err(error) => Some(Err(error)),
    }
}

/// Relative to the folder that was named; a file that was named, as it was named.
fn reported(base: &Path, path: &Path) -> Vec<u8> {
    match path.strip_prefix(base) {
        Ok(below) if !below.as_os_str().is_empty() => below.as_os_str().as_bytes().to_vec(),
        _ => path.as_os_str().as_bytes().to_vec(),
    }
}

fn target(link: &Path) -> io::Result<Content> {
    let target = fs::read_link(link)?.into_os_string().into_vec();
    let size = target.len() as u64;
    Ok(Content::Bytes {
        size,
        reader: Box::new(Cursor::new(target)),
    })
}

fn open(path: &Path) -> io::Result<Content> {
    // A pipe put in the file's place since must not make us wait for somebody to write to it.
    let nonblocking = rustix::fs::OFlags::NONBLOCK.bits().cast_signed();
    let file = fs::OpenOptions::new()
        .read(true)
        .custom_flags(nonblocking)
        .open(path)?;
    let meta = file.metadata()?;
    if !meta.is_file() {
        return Err(io::Error::other("it is no longer a file"));
    }
    Ok(Content::Bytes {
        size: meta.len(),
        reader: Box::new(file),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(folder: &Path) -> Vec<String> {
        let files = Files::new(vec![folder.to_path_buf()], ProgressBar::hidden());
        files.map(|f| String::from_utf8(f.path).unwrap()).collect()
    }

    #[test]
    fn everything_but_git_is_found_in_order() {
        let folder = tempfile::tempdir().unwrap();
        for path in [
            "b/.gitignore",
            "b/c",
            "a",
            ".git/config",
            "b/.git/x",
            ".hidden/x",
            "s/.git",
        ] {
            let path = folder.path().join(path);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, "x").unwrap();
        }
        std::os::unix::fs::symlink("/", folder.path().join("z")).unwrap();
        assert_eq!(
            found(folder.path()),
            [".hidden/x", "a", "b/.gitignore", "b/c", "s/.git", "z"]
        );
    }

    #[test]
    fn a_file_is_reported_as_it_was_named() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("one");
        fs::write(&path, "x").unwrap();
        let mut files = Files::new(vec![path.clone()], ProgressBar::hidden());
        assert_eq!(files.next().unwrap().path, path.as_os_str().as_bytes());
        assert!(files.next().is_none());
    }

    #[test]
    fn a_link_that_was_named_is_followed_and_a_device_is_not_passed_over() {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("real"), "x").unwrap();
        let link = folder.path().join("link");
        std::os::unix::fs::symlink("real", &link).unwrap();
        let mut files = Files::new(
            vec![link, PathBuf::from("/dev/null")],
            ProgressBar::hidden(),
        );
        assert!(matches!(
            files.next().unwrap().content,
            Content::Bytes { size: 1, .. }
        ));
        assert!(matches!(
            files.next().unwrap().content,
            Content::Unreadable(_)
        ));
        assert!(files.next().is_none());
    }

    #[test]
    fn what_is_not_there_is_unreadable_and_not_absent() {
        let gone = PathBuf::from("/no/such/file");
        let mut files = Files::new(vec![gone], ProgressBar::hidden());
        assert!(matches!(
            files.next().unwrap().content,
            Content::Unreadable(_)
        ));
        assert_eq!(files.unreadable(), 1);
    }
}
