//! Finding the repository a program stands in, the way Git does.

use std::fs::{self, Metadata};
use std::io;
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Component, Path, PathBuf};

use crate::environment::Environment;
use crate::error::{Error, shown};
use crate::safe;

/// Where a repository is.
#[derive(Debug)]
pub(crate) struct Location {
    /// What belongs to this work tree alone: HEAD, the index.
    pub(crate) git_dir: PathBuf,
    /// What all work trees share: objects, refs, the configuration.
    pub(crate) common_dir: PathBuf,
    /// The folder that holds `.git`, when it was found by that.
    pub(crate) around: Option<PathBuf>,
    /// Whether `GIT_DIR` said so.
    pub(crate) explicit: bool,
}

/// Where `GIT_DIR` says, or the nearest repository at or above the current folder.
pub(crate) fn locate(env: &Environment) -> Result<Location, Error> {
    if let Some(path) = env.git_dir() {
        let path = normal(&env.cwd().join(path));
        let git_dir = match fs::metadata(&path) {
            Ok(metadata) if metadata.is_file() => linked(&path)?,
            _ => path,
        };
        return location(git_dir, None, env)?
            .map(|found| Location {
                explicit: true,
                ..found
            })
            .ok_or_else(|| Error::NotARepository {
                path: env.cwd().to_owned(),
            });
    }
    let start = fs::metadata(env.cwd()).map_err(Error::io("look at", env.cwd()))?;
    let mut folder = env.cwd();
    loop {
        let dot_git = folder.join(".git");
        match fs::metadata(&dot_git) {
            Ok(metadata) if metadata.is_file() => {
                let target = linked(&dot_git)?;
                check_owner(&dot_git, &metadata, folder, env)?;
                return location(target.clone(), Some(folder), env)?
                    .ok_or(Error::NotARepository { path: target });
            }
            Ok(_) => {
                if let Some(found) = location(dot_git, Some(folder), env)? {
                    return Ok(found);
                }
            }
            Err(e) if matches!(e.kind(), io::ErrorKind::NotFound) => {}
            Err(e) => return Err(Error::io("look at", &dot_git)(e)),
        }
        if let Some(found) = location(folder.to_owned(), None, env)? {
            return Ok(found);
        }
        let nowhere = || Error::NotARepository {
            path: env.cwd().to_owned(),
        };
        folder = folder
            .parent()
            .filter(|up| !env.is_ceiling(up))
            .ok_or_else(nowhere)?;
        if fs::metadata(folder)
            .map_err(Error::io("look at", folder))?
            .dev()
            != start.dev()
        {
            return Err(nowhere());
        }
    }
}

/// The repository at `git_dir`, if it has what makes one: a HEAD, refs and objects.
fn location(
    git_dir: PathBuf,
    around: Option<&Path>,
    env: &Environment,
) -> Result<Option<Location>, Error> {
    match fs::symlink_metadata(git_dir.join("HEAD")) {
        Ok(metadata) if metadata.is_file() || metadata.is_symlink() => {}
        Ok(_) => return Ok(None),
        Err(e) if is_absent(&e) => return Ok(None),
        Err(e) => return Err(Error::io("look at", &git_dir.join("HEAD"))(e)),
    }
    let common_dir = match env.common_dir() {
        Some(path) => normal(&env.cwd().join(path)),
        None => common_dir(&git_dir)?,
    };
    if !common_dir.join("refs").is_dir() {
        return Ok(None);
    }
    if env.object_directory().is_none() && !common_dir.join("objects").is_dir() {
        return Ok(None);
    }
    let around = around.map(Path::to_owned);
    Ok(Some(Location {
        git_dir,
        common_dir,
        around,
        explicit: false,
    }))
}

/// What the file `commondir` of a linked work tree names, else the folder itself.
fn common_dir(git_dir: &Path) -> Result<PathBuf, Error> {
    let file = git_dir.join("commondir");
    match fs::read(&file) {
        Ok(content) => Ok(real(&git_dir.join(path_in(&content)))),
        Err(e) if is_absent(&e) => Ok(git_dir.to_owned()),
        Err(e) => Err(Error::io("read", &file)(e)),
    }
}

/// Where a `.git` file says the repository is.
fn linked(file: &Path) -> Result<PathBuf, Error> {
    let content = fs::read(file).map_err(Error::io("read", file))?;
    let path = content
        .strip_prefix(b"gitdir: ")
        .map(path_in)
        .filter(|path| !path.as_os_str().is_empty())
        .ok_or_else(|| Error::corrupt(format!("{} names no repository", shown(file))))?;
    let folder = file.parent().unwrap_or(Path::new("/"));
    Ok(real(&folder.join(path)))
}

/// Where a path from a file leads; as it stands when that is nowhere.
fn real(path: &Path) -> PathBuf {
    fs::canonicalize(path).unwrap_or_else(|_| normal(path))
}

/// A path that stands alone in a file, its line end removed.
fn path_in(content: &[u8]) -> &Path {
    let end = content
        .iter()
        .rposition(|b| !matches!(b, b'\n' | b'\r'))
        .map_or(0, |at| at + 1);
    Path::new(std::ffi::OsStr::from_bytes(
        content.get(..end).unwrap_or_default(),
    ))
}

/// Git refuses a repository of another user that it found by itself, and so do we: whoever can
/// write there decides what is read. Setting `GIT_DIR` vouches for it, as with Git, which sets it
/// for every server hook, and so does the user's own `safe.directory`. Root may also use what
/// belongs to the user whose `sudo` it is.
pub(crate) fn check_ownership(location: &Location, env: &Environment) -> Result<(), Error> {
    if location.explicit {
        return Ok(());
    }
    let here = location.around.as_ref().unwrap_or(&location.git_dir);
    for path in std::iter::once(&location.git_dir).chain(&location.around) {
        let metadata = fs::metadata(path).map_err(Error::io("look at", path))?;
        check_owner(path, &metadata, here, env)?;
    }
    Ok(())
}

/// `here`: what `safe.directory` would name, the work tree or, where there is none, the repository.
fn check_owner(
    path: &Path,
    metadata: &Metadata,
    here: &Path,
    env: &Environment,
) -> Result<(), Error> {
    let user = rustix::process::geteuid().as_raw();
    let owner = metadata.uid();
    if owner == user || user == 0 && env.sudo_uid() == Some(owner) || safe::is_named(here, env)? {
        return Ok(());
    }
    Err(Error::Ownership {
        path: path.to_owned(),
        owner,
        user,
    })
}

fn is_absent(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::NotFound | io::ErrorKind::NotADirectory
    )
}

/// `path` without `.` components, which is how Git's own `GIT_DIR=.` becomes one path. `..` stays:
/// only the file system knows what it means after a symlink.
pub(crate) fn normal(path: &Path) -> PathBuf {
    path.components()
        .filter(|part| !matches!(part, Component::CurDir))
        .collect()
}
