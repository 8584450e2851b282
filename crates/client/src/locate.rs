//! Where a client's daemon listens and keeps its state: one answer for hook, `check` and
//! `daemon start`, or they would not find each other.

use std::ffi::{OsStr, OsString};
use std::fmt;
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};

use crate::trust::shown;

/// Bytes a socket's path may have: what the kernel takes, less the NUL.
pub const PATH_BYTES: usize = 107;

/// The socket's name in its folder.
pub const SOCKET: &str = "lychgated.sock";

/// The socket of a daemon for the whole machine.
pub const SYSTEM_SOCKET: &str = "/run/lychgate/lychgated.sock";

/// What of the environment says where things are.
#[derive(Clone, Debug, Default)]
pub struct Folders {
    /// The user of this process.
    pub uid: u32,
    /// `LYCHGATE_SOCKET`.
    pub socket: Option<PathBuf>,
    /// `LYCHGATE_STATE_DIR`.
    pub state: Option<PathBuf>,
    /// `XDG_RUNTIME_DIR`.
    pub xdg_runtime: Option<PathBuf>,
    /// `XDG_STATE_HOME`.
    pub xdg_state: Option<PathBuf>,
    /// `HOME`.
    pub home: Option<PathBuf>,
}

impl Folders {
    /// Takes what it needs from the variables of a process. A relative path, or one set to
    /// nothing, counts as not set.
    pub fn new<'a>(uid: u32, vars: impl Iterator<Item = &'a (OsString, OsString)>) -> Self {
        let mut folders = Self {
            uid,
            ..Self::default()
        };
        for (name, value) in vars {
            let slot = match name.as_bytes() {
                b"LYCHGATE_SOCKET" => &mut folders.socket,
                b"LYCHGATE_STATE_DIR" => &mut folders.state,
                b"XDG_RUNTIME_DIR" => &mut folders.xdg_runtime,
                b"XDG_STATE_HOME" => &mut folders.xdg_state,
                b"HOME" => &mut folders.home,
                _ => continue,
            };
            *slot = Some(PathBuf::from(value)).filter(|p| p.is_absolute());
        }
        folders
    }

    /// The folder of the key, the cache and the reports; `None`: there is nowhere to put it.
    pub fn state_folder(&self) -> Option<PathBuf> {
        let below = |base: &PathBuf, rest: &str| base.join(rest);
        self.state
            .clone()
            .or_else(|| self.xdg_state.as_ref().map(|b| below(b, "lychgate")))
            .or_else(|| {
                self.home
                    .as_ref()
                    .map(|b| below(b, ".local/state/lychgate"))
            })
    }

    /// The socket: `LYCHGATE_SOCKET`, `configured` (from `lychgate.conf`), the runtime folder,
    /// `/run/user/<uid>`, the state folder. Never a shared temporary folder.
    ///
    /// The first that can be used is the answer, whether a daemon listens there or not.
    pub fn socket(&self, configured: Option<&Path>) -> Result<PathBuf, Error> {
        let in_folder = |base: PathBuf| base.join("lychgate").join(SOCKET);
        let run_user = || PathBuf::from(format!("/run/user/{}", self.uid));
        let path = self
            .socket
            .clone()
            .or_else(|| configured.map(Path::to_owned))
            .or_else(|| {
                self.xdg_runtime
                    .clone()
                    .filter(|b| self.owns(b))
                    .map(in_folder)
            })
            .or_else(|| Some(run_user()).filter(|b| self.owns(b)).map(in_folder))
            .or_else(|| self.state_folder().map(|f| f.join(SOCKET)))
            .ok_or(Error::Nowhere)?;
        if path.as_os_str().as_bytes().len() > PATH_BYTES {
            return Err(Error::TooLong { path });
        }
        Ok(path)
    }

    /// Whether `base` can hold a folder of this user. Under sudo the runtime folder may be
    /// somebody else's.
    fn owns(&self, base: &Path) -> bool {
        std::fs::metadata(base).is_ok_and(|m| m.is_dir() && m.uid() == self.uid)
    }
}

/// Why there is no place for a socket. A client judges in process then.
#[derive(Debug, PartialEq, Eq)]
pub enum Error {
    /// No runtime folder, no state folder, no home.
    Nowhere,
    /// The kernel takes no path of this length.
    TooLong {
        /// The path.
        path: PathBuf,
    },
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Nowhere => f.write_str("no folder can hold the daemon's socket"),
            Self::TooLong { path } => {
                write!(
                    f,
                    "the socket path {} is over {PATH_BYTES} bytes",
                    shown(path)
                )
            }
        }
    }
}

impl std::error::Error for Error {}

/// Whether a variable of this name is handed to a daemon or a fallback that a client hook starts.
///
/// Nothing that changes how a program is loaded or which program is run: no `LD_*`, no `PATH`.
pub fn keeps_for_daemon(name: &OsStr) -> bool {
    let name = name.as_bytes();
    let exact: [&[u8]; 5] = [b"HOME", b"LANG", b"TZ", b"USER", b"LOGNAME"];
    let prefixes: [&[u8]; 3] = [b"XDG_", b"LYCHGATE_", b"LC_"];
    exact.contains(&name) || prefixes.iter().any(|p| name.starts_with(p))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn folders(vars: &[(&str, &Path)]) -> Folders {
        let vars: Vec<(OsString, OsString)> = vars
            .iter()
            .map(|(k, v)| (OsString::from(k), v.as_os_str().to_owned()))
            .collect();
        Folders::new(rustix::process::geteuid().as_raw(), vars.iter())
    }

    #[test]
    fn the_first_usable_place_is_taken() {
        let top = tempfile::tempdir().unwrap();
        let (run, home) = (top.path().join("run"), top.path().join("home"));
        let conf = Path::new("/srv/conf.sock");
        let explicit = Path::new("/srv/explicit.sock");
        let all = [
            ("LYCHGATE_SOCKET", explicit),
            ("XDG_RUNTIME_DIR", run.as_path()),
            ("HOME", home.as_path()),
        ];
        std::fs::create_dir(&run).unwrap();
        assert_eq!(folders(&all).socket(Some(conf)).unwrap(), explicit);
        assert_eq!(folders(&all[1..]).socket(Some(conf)).unwrap(), conf);
        let in_run = run.join("lychgate/lychgated.sock");
        assert_eq!(folders(&all[1..]).socket(None).unwrap(), in_run);
    }

    #[test]
    fn a_runtime_folder_of_somebody_else_is_passed_over() {
        let top = tempfile::tempdir().unwrap();
        let mut folders = folders(&[("XDG_RUNTIME_DIR", top.path()), ("HOME", Path::new("/h"))]);
        folders.uid = 3_999_999_999;
        let state = Path::new("/h/.local/state/lychgate/lychgated.sock");
        assert_eq!(folders.socket(None).unwrap(), state);
        folders.home = None;
        assert_eq!(folders.socket(None), Err(Error::Nowhere));
    }

    #[test]
    fn the_state_folder_has_one_order() {
        let mut vars = vec![("HOME", Path::new("/h"))];
        let expect = |vars: &[(&str, &Path)], path: &str| {
            assert_eq!(folders(vars).state_folder().unwrap(), Path::new(path));
        };
        expect(&vars, "/h/.local/state/lychgate");
        vars.push(("XDG_STATE_HOME", Path::new("/x")));
        expect(&vars, "/x/lychgate");
        vars.push(("LYCHGATE_STATE_DIR", Path::new("/s")));
        expect(&vars, "/s");
        assert_eq!(
            folders(&[("HOME", Path::new("relative"))]).state_folder(),
            None
        );
    }

    #[test]
    fn a_path_the_kernel_would_not_take_is_an_error() {
        let exactly = PathBuf::from(format!("/{}", "s".repeat(PATH_BYTES - 1)));
        assert_eq!(
            folders(&[("LYCHGATE_SOCKET", &exactly)])
                .socket(None)
                .unwrap(),
            exactly
        );
        let over = PathBuf::from(format!("/{}", "s".repeat(PATH_BYTES)));
        let refused = folders(&[("LYCHGATE_SOCKET", &over)]).socket(None);
        assert_eq!(refused, Err(Error::TooLong { path: over }));
    }

    #[test]
    fn nothing_that_loads_or_chooses_programs_is_handed_on() {
        for kept in ["HOME", "XDG_RUNTIME_DIR", "LYCHGATE_CONFIG", "LC_ALL"] {
            assert!(keeps_for_daemon(OsStr::new(kept)), "{kept}");
        }
        for dropped in ["LD_PRELOAD", "PATH", "GIT_DIR", "RUST_BACKTRACE", "HOMEX"] {
            assert!(!keeps_for_daemon(OsStr::new(dropped)), "{dropped}");
        }
    }
}
