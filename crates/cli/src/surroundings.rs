//! What a command finds when it starts: working folder, environment, its own place on disk.
//! Read once, in `main`; everything else gets it as an argument.

use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};

use lychgate_client::locate::Folders;

use crate::failure::{Failure, Kind};

/// The process as it was started.
#[derive(Clone, Debug)]
pub(crate) struct Surroundings {
    cwd: PathBuf,
    variables: Vec<(OsString, OsString)>,
    program: PathBuf,
    uid: u32,
}

impl Surroundings {
    /// This process.
    pub(crate) fn of_process() -> Result<Self, Failure> {
        let cwd = std::env::current_dir().map_err(|e| {
            Failure::new(Kind::Incomplete, "not done: no working folder")
                .because(&e)
                .hint("Go to a folder that is there: cd")
        })?;
        let program = std::env::current_exe()
            .and_then(std::fs::canonicalize)
            .map_err(|e| Failure::new(Kind::Incomplete, "where am I installed").because(&e))?;
        let uid = rustix::process::geteuid().as_raw();
        Ok(Self {
            cwd,
            variables: std::env::vars_os().collect(),
            program,
            uid,
        })
    }

    /// The working folder.
    pub(crate) fn cwd(&self) -> &Path {
        &self.cwd
    }

    /// A variable that is set and not empty.
    pub(crate) fn variable(&self, name: &str) -> Option<&OsStr> {
        let set = self.variables.iter().find(|(key, _)| key == name)?;
        Some(set.1.as_os_str()).filter(|value| !value.is_empty())
    }

    /// All variables.
    pub(crate) fn variables(&self) -> &[(OsString, OsString)] {
        &self.variables
    }

    /// The effective user id.
    pub(crate) const fn uid(&self) -> u32 {
        self.uid
    }

    /// A program of the same installation: beside this one, links resolved.
    pub(crate) fn beside(&self, name: &str) -> PathBuf {
        self.program.with_file_name(name)
    }

    /// This program, links resolved.
    pub(crate) fn program(&self) -> &Path {
        &self.program
    }

    /// Where the daemon and its state are, by the rules the hook goes by.
    pub(crate) fn folders(&self) -> Folders {
        Folders::new(self.uid, self.variables.iter())
    }

    /// The folder for the user's own data, hooks of every repository included.
    pub(crate) fn data(&self) -> Option<PathBuf> {
        Some(self.xdg("XDG_DATA_HOME", ".local/share")?.join("lychgate"))
    }

    /// Variables of places that are ignored because they hold no absolute path.
    pub(crate) fn ignored(&self) -> impl Iterator<Item = &'static str> {
        let names = [
            "LYCHGATE_SOCKET",
            "LYCHGATE_STATE_DIR",
            "XDG_RUNTIME_DIR",
            "XDG_STATE_HOME",
            "XDG_DATA_HOME",
        ];
        let relative = |name: &&str| {
            self.variable(name)
                .is_some_and(|v| Path::new(v).is_relative())
        };
        names.into_iter().filter(relative)
    }

    /// The file `LYCHGATE_CONFIG` names; it adds to the organisation's (contract 4.4).
    pub(crate) fn extra_config(&self) -> Option<PathBuf> {
        Some(self.cwd.join(self.variable("LYCHGATE_CONFIG")?))
    }

    /// As the XDG base directory specification says: a relative path is ignored.
    fn xdg(&self, variable: &str, below_home: &str) -> Option<PathBuf> {
        let absolute = |v: &OsStr| Some(PathBuf::from(v)).filter(|p| p.is_absolute());
        self.variable(variable)
            .and_then(absolute)
            .or_else(|| Some(self.variable("HOME").and_then(absolute)?.join(below_home)))
    }
}
