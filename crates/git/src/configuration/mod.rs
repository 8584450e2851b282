//! Git's configuration, as far as somebody here has to know it: the settings of every layer that
//! counts, in the order in which Git reads them, with the files they include.
//!
//! Which format a repository has is asked of its own file alone, and does not come this way.

mod command;
mod include;
mod text;

use std::ffi::OsStr;
use std::fs::File;
use std::io::{self, Read as _};
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

use lychgate_model::limits;
use rustix::fs::OFlags;

use crate::environment::Environment;
use crate::error::{Error, shown};

pub(crate) use include::{Here, from_home};
pub(crate) use text::Setting;

/// The system's file, unless `GIT_CONFIG_SYSTEM` names another.
const SYSTEM: &str = "/etc/gitconfig";

/// The settings `wanted` takes a key of, in the order in which they count. Without `here` they
/// are those that no repository has a say in: the system's, the user's, the command's.
///
/// # Errors
///
/// A file that cannot be read, is malformed, or includes more than Git or this program follows.
pub(crate) fn read(
    env: &Environment,
    here: Option<&Here<'_>>,
    wanted: fn(&[u8]) -> bool,
) -> Result<Vec<Setting>, Error> {
    gather(include::Reader::new(env, here, wanted), env, here)
}

fn gather(
    mut reader: include::Reader<'_>,
    env: &Environment,
    here: Option<&Here<'_>>,
) -> Result<Vec<Setting>, Error> {
    for file in people(env) {
        match content(&file) {
            Ok(Some(text)) => reader.file(&file, &text)?,
            Ok(None) => {}
            // As Git: what its owner may not read says nothing.
            Err(Error::Io { source, .. }) if source.kind() == io::ErrorKind::PermissionDenied => {}
            Err(error) => return Err(error),
        }
    }
    for file in here.into_iter().flat_map(|here| &here.files) {
        if let Some(text) = content(file)? {
            reader.file(file, &text)?;
        }
    }
    reader.command(command::settings(env))?;
    Ok(reader.found())
}

/// The settings in one file, which includes nothing; none when there is no file.
///
/// # Errors
///
/// A file that cannot be read or is malformed.
pub(crate) fn settings(path: &Path) -> Result<Vec<Setting>, Error> {
    content(path)?.map_or(Ok(Vec::new()), |text| parsed(path, &text))
}

fn parsed(path: &Path, text: &[u8]) -> Result<Vec<Setting>, Error> {
    text::parse(text).ok_or_else(|| Error::corrupt(format!("{} is malformed", shown(path))))
}

/// What stands in a file; `None`: there is none.
fn content(path: &Path) -> Result<Option<Vec<u8>>, Error> {
    let absent = [io::ErrorKind::NotFound, io::ErrorKind::NotADirectory];
    // A pipe that nobody feeds would be waited at for ever.
    let opened = File::options()
        .read(true)
        .custom_flags(OFlags::NONBLOCK.bits().cast_signed())
        .open(path);
    let file = match opened {
        Ok(file) => file,
        Err(e) if absent.contains(&e.kind()) => return Ok(None),
        Err(e) => return Err(Error::io("read", path)(e)),
    };
    let mut text = Vec::new();
    let most = limits::CONFIGURATION;
    file.take(most + 1)
        .read_to_end(&mut text)
        .map_err(Error::io("read", path))?;
    if text.len() as u64 > most {
        let what = format!("{} has more than {most} bytes", shown(path));
        return Err(Error::unsupported(what));
    }
    Ok(Some(text))
}

/// The system's file, then the user's.
fn people(env: &Environment) -> Vec<PathBuf> {
    let home = env.configuration("HOME").map(Path::new);
    let mut files = Vec::new();
    let no_system = env.configuration("GIT_CONFIG_NOSYSTEM");
    let no_system = no_system.is_some_and(|value| {
        let value = value.to_ascii_lowercase();
        !["", "0", "false", "no", "off"]
            .iter()
            .any(|no| value == *no)
    });
    if !no_system {
        let named = env.configuration("GIT_CONFIG_SYSTEM");
        files.push(named.map_or(PathBuf::from(SYSTEM), PathBuf::from));
    }
    if let Some(named) = env.configuration("GIT_CONFIG_GLOBAL") {
        files.push(PathBuf::from(named));
    } else {
        let xdg = env
            .configuration("XDG_CONFIG_HOME")
            .filter(|v| !v.is_empty());
        let folder = xdg.map(PathBuf::from);
        let folder = folder.or_else(|| home.map(|home| home.join(".config")));
        files.extend(folder.map(|folder| folder.join("git/config")));
        files.extend(home.map(|home| home.join(".gitconfig")));
    }
    files.retain(|file| !file.as_os_str().is_empty());
    files
}

fn path(bytes: &[u8]) -> &Path {
    Path::new(OsStr::from_bytes(bytes))
}
