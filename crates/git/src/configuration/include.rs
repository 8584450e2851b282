//! `include.path` and `includeIf.<condition>.path`: another file's settings, at that place.

use std::ffi::OsStr;
use std::fs;
use std::os::unix::ffi::OsStrExt as _;
use std::path::{Path, PathBuf};

use gix::glob::{self, wildmatch};
use lychgate_model::limits;

use super::{Setting, content, parsed, path};
use crate::environment::Environment;
use crate::error::Error;

/// Files that lead from one to the next: Git's own limit.
const DEPTH: usize = 10;

/// The repository that conditions are held against, and its own files.
pub(crate) struct Here<'a> {
    pub(crate) git_dir: &'a Path,
    /// The branch HEAD names, without `refs/heads/`.
    pub(crate) branch: Option<&'a [u8]>,
    /// Its configuration, in order.
    pub(crate) files: Vec<PathBuf>,
}

/// Gathers settings while it follows what includes what.
pub(super) struct Reader<'a> {
    env: &'a Environment,
    here: Option<&'a Here<'a>>,
    wanted: fn(&[u8]) -> bool,
    /// The addresses of all remotes, once a condition has asked for them. While they are gathered
    /// no such condition holds: a file included by one may name none.
    remotes: Option<Vec<Vec<u8>>>,
    gathers_remotes: bool,
    found: Vec<Setting>,
    files: usize,
}

/// The file an include stands in; `None`: the command line.
type Origin<'f> = Option<&'f Path>;

impl<'a> Reader<'a> {
    pub(super) fn new(
        env: &'a Environment,
        here: Option<&'a Here<'a>>,
        wanted: fn(&[u8]) -> bool,
    ) -> Self {
        Self {
            env,
            here,
            wanted,
            remotes: None,
            gathers_remotes: false,
            found: Vec::new(),
            files: 0,
        }
    }

    pub(super) fn found(self) -> Vec<Setting> {
        self.found
    }

    /// One file, and what it includes.
    pub(super) fn file(&mut self, file: &Path, text: &[u8]) -> Result<(), Error> {
        self.settings(Some(file), parsed(file, text)?, 0)
    }

    /// What came with the command, and what that includes.
    pub(super) fn command(&mut self, settings: Vec<Setting>) -> Result<(), Error> {
        self.settings(None, settings, 0)
    }

    fn settings(
        &mut self,
        from: Origin<'_>,
        settings: Vec<Setting>,
        depth: usize,
    ) -> Result<(), Error> {
        for setting in settings {
            let included = self.included(from, &setting)?;
            if (self.wanted)(&setting.key) {
                self.found.push(setting);
            }
            if let Some(file) = included {
                self.follow(&file, depth + 1)?;
            }
        }
        Ok(())
    }

    fn follow(&mut self, file: &Path, depth: usize) -> Result<(), Error> {
        let Some(text) = content(file)? else {
            return Ok(());
        };
        self.files += 1;
        if depth > DEPTH || self.files > limits::CONFIGURATION_FILES {
            let what = "configuration that includes too many files";
            return Err(Error::unsupported(what));
        }
        self.settings(Some(file), parsed(file, &text)?, depth)
    }

    /// The file a setting includes here.
    fn included(&mut self, from: Origin<'_>, setting: &Setting) -> Result<Option<PathBuf>, Error> {
        let condition = match setting.key.as_slice() {
            b"include.path" => None,
            key => {
                let condition = key.strip_prefix(b"includeif.");
                let Some(condition) = condition.and_then(|c| c.strip_suffix(b".path")) else {
                    return Ok(None);
                };
                Some(condition)
            }
        };
        if let Some(condition) = condition
            && !self.holds(from, condition)?
        {
            return Ok(None);
        }
        let Some(named) = &setting.value else {
            return Err(Error::corrupt(
                "an include in the configuration names no file",
            ));
        };
        let Some(named) = from_home(named, self.env, false) else {
            return Ok(None);
        };
        if named.is_absolute() {
            return Ok(Some(named));
        }
        let folder = from.and_then(Path::parent);
        let folder = folder.ok_or_else(relative)?;
        Ok(Some(folder.join(named)))
    }

    fn holds(&mut self, from: Origin<'_>, condition: &[u8]) -> Result<bool, Error> {
        let plain = wildmatch::Mode::NO_MATCH_SLASH_LITERAL;
        if let Some(pattern) = condition.strip_prefix(b"gitdir:") {
            return self.is_in(from, pattern, plain);
        }
        if let Some(pattern) = condition.strip_prefix(b"gitdir/i:") {
            return self.is_in(from, pattern, plain | wildmatch::Mode::IGNORE_CASE);
        }
        if let Some(pattern) = condition.strip_prefix(b"onbranch:") {
            let branch = self.here.and_then(|here| here.branch);
            return Ok(branch.is_some_and(|branch| fits(&below(pattern), branch, plain)));
        }
        if let Some(pattern) = condition.strip_prefix(b"hasconfig:remote.*.url:") {
            let remotes = self.remotes()?;
            return Ok(remotes.iter().any(|url| fits(pattern, url, plain)));
        }
        // As Git: a condition nobody knows does not hold.
        Ok(false)
    }

    /// Whether the repository lies where `pattern` says: by its real path, or as it was found.
    fn is_in(
        &self,
        from: Origin<'_>,
        pattern: &[u8],
        mode: wildmatch::Mode,
    ) -> Result<bool, Error> {
        let Some(here) = self.here else {
            return Ok(false);
        };
        // What stands before the pattern itself, and is no pattern.
        let (mut literal, mut pattern) = (Vec::new(), pattern.to_vec());
        if let Some(rest) = pattern.strip_prefix(b"./") {
            let Some(file) = from else {
                return Ok(false);
            };
            let real = fs::canonicalize(file).unwrap_or_else(|_| file.to_owned());
            let folder = real.parent().unwrap_or(Path::new("/"));
            literal = folder.join("").as_os_str().as_bytes().to_vec();
            pattern = match rest {
                b"" => b"**".to_vec(),
                rest => rest.to_vec(),
            };
        } else {
            let Some(named) = from_home(&pattern, self.env, true) else {
                return Ok(false);
            };
            pattern = named.as_os_str().as_bytes().to_vec();
            if !named.is_absolute() {
                pattern = [b"**/", pattern.as_slice()].concat();
            }
        }
        let pattern = below(&pattern);
        let real = fs::canonicalize(here.git_dir);
        let real = real.unwrap_or_else(|_| here.git_dir.to_owned());
        let is_case_ignored = mode.contains(wildmatch::Mode::IGNORE_CASE);
        Ok([&real, here.git_dir].into_iter().any(|place| {
            let place = place.as_os_str().as_bytes();
            let Some((front, rest)) = place.split_at_checked(literal.len()) else {
                return false;
            };
            let same = front == literal || is_case_ignored && front.eq_ignore_ascii_case(&literal);
            same && fits(&pattern, rest, mode)
        }))
    }

    fn remotes(&mut self) -> Result<&[Vec<u8>], Error> {
        if self.remotes.is_none() && !self.gathers_remotes {
            let mut gathered = Reader::new(self.env, self.here, |key| {
                key.starts_with(b"remote.") && key.ends_with(b".url")
            });
            gathered.gathers_remotes = true;
            let settings = super::gather(gathered, self.env, self.here)?;
            let urls = settings.into_iter().filter_map(|setting| setting.value);
            self.remotes = Some(urls.collect());
        }
        Ok(self.remotes.as_deref().unwrap_or_default())
    }
}

fn fits(pattern: &[u8], text: &[u8], mode: wildmatch::Mode) -> bool {
    glob::wildmatch(pattern.into(), text.into(), mode)
}

/// A pattern that names a folder takes what lies below it.
fn below(pattern: &[u8]) -> Vec<u8> {
    let mut pattern = pattern.to_vec();
    if pattern.ends_with(b"/") {
        pattern.extend_from_slice(b"**");
    }
    pattern
}

/// Without the setting itself: an address in a condition may hold a password.
fn relative() -> Error {
    Error::corrupt("an include on the command line is relative to nothing")
}

/// A path in which `~/` is this user's home and `~name/` another's, and `%(prefix)/`, where this
/// Git was installed, is nowhere. `None`: there is no such home. `real`: where the home really is.
pub(crate) fn from_home(named: &[u8], env: &Environment, real: bool) -> Option<PathBuf> {
    if named.starts_with(b"%(prefix)/") {
        return None;
    }
    let Some(rest) = named.strip_prefix(b"~") else {
        return Some(path(named).to_owned());
    };
    let end = rest.iter().position(|b| *b == b'/').unwrap_or(rest.len());
    let (user, rest) = rest.split_at_checked(end)?;
    let home = match user {
        b"" => PathBuf::from(env.configuration("HOME")?),
        user => home_of(user)?,
    };
    let home = match real {
        true => fs::canonicalize(&home).unwrap_or(home),
        false => home,
    };
    let rest = rest.strip_prefix(b"/").unwrap_or(rest);
    Some(home.join(path(rest)))
}

/// The home of a user that `/etc/passwd` names.
fn home_of(user: &[u8]) -> Option<PathBuf> {
    let text = content(Path::new("/etc/passwd")).ok().flatten()?;
    let line = text.split(|b| *b == b'\n').find(|line| {
        line.strip_prefix(user)
            .is_some_and(|rest| rest.starts_with(b":"))
    })?;
    let home = line.split(|b| *b == b':').nth(5)?;
    let home = PathBuf::from(OsStr::from_bytes(home));
    home.is_absolute().then_some(home)
}
