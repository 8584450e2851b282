//! How the program was called: as which hook, with what, from where.

use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::OsStrExt as _;
use std::path::{Path, PathBuf};

use lychgate_model::Hook;

/// What the program was called for.
pub(crate) enum Called {
    Hook(Box<Invocation>),
    Version,
    Wrongly,
}

/// One run of one hook.
pub(crate) struct Invocation {
    pub(crate) hook: Hook,
    /// As Git gave it: the path of the hook.
    pub(crate) zeroth: OsString,
    /// What Git gave beside it.
    pub(crate) arguments: Vec<OsString>,
    /// Where the hook stands, and `lychgate.conf` with it. Not resolved: the binary may be shared.
    pub(crate) folder: PathBuf,
    pub(crate) variables: Vec<(OsString, OsString)>,
}

impl Invocation {
    pub(crate) fn of_process() -> Called {
        let mut words: Vec<OsString> = std::env::args_os().collect();
        if words.is_empty() {
            return Called::Wrongly;
        }
        let zeroth = words.remove(0);
        let hook = match named(Path::new(&zeroth).file_name()) {
            Some(hook) => hook,
            None => match words.first().map(OsString::as_os_str) {
                Some(word) if word == "--version" => return Called::Version,
                word => match named(word) {
                    Some(hook) => {
                        words.remove(0);
                        hook
                    }
                    None => return Called::Wrongly,
                },
            },
        };
        let variables = std::env::vars_os().collect();
        let folder = folder(&zeroth);
        Called::Hook(Box::new(Self {
            hook,
            zeroth,
            arguments: words,
            folder,
            variables,
        }))
    }

    pub(crate) fn variable(&self, name: &str) -> Option<&OsStr> {
        let found = self
            .variables
            .iter()
            .find(|(n, _)| n.as_bytes() == name.as_bytes());
        found.map(|(_, value)| value.as_os_str())
    }
}

fn named(word: Option<&OsStr>) -> Option<Hook> {
    Hook::from_name(word?.to_str()?)
}

/// Found through `PATH`, the program stands nowhere Git could have put it.
fn folder(zeroth: &OsStr) -> PathBuf {
    match Path::new(zeroth).parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent.to_owned(),
        _ => crate::process::own_folder().unwrap_or_else(|_| PathBuf::from("/")),
    }
}
