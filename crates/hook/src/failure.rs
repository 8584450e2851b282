//! Why a hook denies without a verdict, in words: first what did not happen, then why, then what
//! to do.

use std::fmt;

use lychgate_client::connect::Outcome;
use lychgate_client::error::chain;
use lychgate_client::{conf, link, locate, spawn};
use lychgate_model::path::shell_word;
use lychgate_model::{Hook, ReasonCode};

use crate::invocation::Invocation;

/// What helps when there was no time left.
const AGAIN: &str = "try again; what was judged already is remembered.";

/// No verdict.
pub(crate) enum Failure {
    /// Nobody judged. Another judge may be asked, where that is allowed.
    Away(Away),
    /// The change could not be judged, and would not be by anybody else.
    Unjudged(lychgate_client::Error),
    /// The gate's own time ran out before anybody judged.
    Late,
    /// What the hook was told at installation cannot be used.
    Conf(conf::Error),
    /// A server hook in a folder that everybody may write.
    OpenFolder,
    /// A server hook without `lychgate.conf`.
    NoConf,
    /// A server hook beside a client's `lychgate.conf`.
    ClientConf,
    /// The process has no current folder, or its input cannot be read.
    Process {
        what: &'static str,
        source: std::io::Error,
    },
    /// More input than a hook takes.
    Input { limit: usize },
    /// The hook that stood here before cannot be run.
    Chained {
        name: String,
        source: std::io::Error,
    },
    /// The `lychgate` that judges in process cannot be run.
    Fallback {
        program: String,
        source: std::io::Error,
    },
    /// That nothing was judged could not be recorded.
    Record(std::io::Error),
}

/// Why nobody judged.
pub(crate) enum Away {
    /// There is no place for a socket.
    Nowhere(locate::Error),
    /// Nobody listens, or nobody who is believed.
    NotListening(Outcome),
    /// No daemon could be started.
    Start(spawn::Error),
    /// There is no folder for the state of a daemon.
    NoState,
    /// A daemon was there and gave no verdict.
    Judge(lychgate_client::Error),
    /// A daemon took the connection and did not say a first word in time.
    Hung,
}

impl Away {
    /// What went wrong while the daemon was greeted.
    pub(crate) fn greeting(error: lychgate_client::Error) -> Self {
        match error {
            lychgate_client::Error::Link(link::Error::Deadline) => Self::Hung,
            other => Self::Judge(other),
        }
    }
}

/// A clause that says all of it: who was to judge and why that one did not.
impl fmt::Display for Away {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Nowhere(error) => write!(f, "{error}"),
            Self::NotListening(Outcome::NoSocket) => f.write_str("no daemon is running"),
            Self::NotListening(Outcome::Refused) => {
                f.write_str("nobody listens at the daemon's socket")
            }
            Self::NotListening(Outcome::NotOurs(why)) => {
                write!(f, "the daemon's socket is not trusted ({})", chain(why))
            }
            Self::NotListening(Outcome::Other(error)) => {
                write!(f, "the daemon cannot be reached ({error})")
            }
            Self::NotListening(Outcome::Listening(_)) => f.write_str("the daemon said nothing"),
            Self::Start(error) => f.write_str(&chain(error)),
            Self::NoState => f.write_str("no folder can hold the daemon's state"),
            Self::Judge(error) => f.write_str(&chain(error)),
            Self::Hung => f.write_str("the daemon listens and does not answer"),
        }
    }
}

impl From<lychgate_client::Error> for Failure {
    fn from(error: lychgate_client::Error) -> Self {
        if error.is_judges() {
            Self::Away(Away::Judge(error))
        } else {
            Self::Unjudged(error)
        }
    }
}

impl From<lychgate_git::Error> for Failure {
    fn from(error: lychgate_git::Error) -> Self {
        Self::Unjudged(error.into())
    }
}

impl Failure {
    /// The whole message, but for a command it may end in.
    pub(crate) fn told(&self, hook: Hook) -> String {
        let what = asked(hook);
        let help = self.help(hook);
        let gap = if help.is_empty() { "" } else { " Help: " };
        format!("lychgate: {what} not checked: {self}.{gap}{help}")
    }

    /// The command that mends it, where only one that names a file does: a line of its own, ready
    /// to be copied.
    pub(crate) fn command(&self, invocation: &Invocation) -> Option<String> {
        let error = match self {
            Self::Conf(error) => error,
            Self::OpenFolder => {
                let folder = std::path::absolute(&invocation.folder).ok()?;
                return Some(format!("chmod o-w {}", shell_word(&folder)));
            }
            _ => return None,
        };
        let file = std::path::absolute(invocation.folder.join(conf::FILE)).ok()?;
        let file = shell_word(&file);
        match error {
            conf::Error::Writable => Some(format!("chmod go-w {file}")),
            conf::Error::Owner { .. } if on_server(invocation.hook) => {
                Some(format!("chown root {file}"))
            }
            conf::Error::Line { .. } if on_server(invocation.hook) => Some(format!("edit {file}")),
            _ => None,
        }
    }

    fn help(&self, hook: Hook) -> &'static str {
        let server = on_server(hook);
        match self {
            Self::Away(_) if server => {
                "tell the administrators of this server; nothing was accepted."
            }
            Self::Away(_) => "lychgate doctor",
            Self::Late => AGAIN,
            Self::Unjudged(error) => match error.reason() {
                ReasonCode::Deadline => AGAIN,
                _ if server => "",
                _ => "lychgate doctor",
            },
            // A command follows, see above.
            Self::Conf(conf::Error::Writable) => "",
            Self::Conf(conf::Error::Owner { .. } | conf::Error::Line { .. }) if server => "",
            Self::Conf(_) if server => "remove it, then: lychgate install --server DIR",
            Self::NoConf => "lychgate install --server DIR writes it.",
            Self::ClientConf => "lychgate uninstall, then: lychgate install --server DIR",
            Self::Conf(_) | Self::Chained { .. } => "lychgate doctor",
            Self::Fallback { .. } => "lychgate install repairs it.",
            _ => "",
        }
    }
}

fn on_server(hook: Hook) -> bool {
    hook.surface() == lychgate_model::Surface::Server
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Away(away) => write!(f, "{away}"),
            Self::Late => f.write_str("the deadline passed"),
            Self::Unjudged(error) => f.write_str(&chain(error)),
            Self::Conf(error) => f.write_str(&chain(error)),
            Self::OpenFolder => {
                f.write_str("everybody may write the hook's folder, and so replace the gate")
            }
            Self::NoConf => f.write_str("there is no lychgate.conf beside the hook"),
            Self::ClientConf => f.write_str("lychgate.conf beside the hook is for a client"),
            Self::Process { what, source } => write!(f, "{what}: {source}"),
            Self::Input { limit } => write!(f, "git's input is over {limit} bytes"),
            Self::Chained { name, source } => {
                write!(
                    f,
                    "the hook that stood here before, {name}, cannot be run: {source}"
                )
            }
            Self::Fallback { program, source } => {
                write!(f, "no daemon, and {program} cannot be run: {source}")
            }
            Self::Record(error) => write!(f, "no daemon, and that could not be recorded: {error}"),
        }
    }
}

/// What a hook is asked about, in a word.
pub(crate) fn asked(hook: Hook) -> &'static str {
    match hook {
        Hook::PrePush | Hook::PreReceive | Hook::Update => "push",
        _ => "commit",
    }
}
