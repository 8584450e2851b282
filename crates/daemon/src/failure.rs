//! Why the daemon does not run.

use std::io;
use std::path::PathBuf;

use lychgate_model::exit;

/// Ends the process, with what its operator has to know.
#[derive(Debug)]
pub(crate) enum Failure {
    /// The command line.
    Usage(String),
    /// The place where the socket should stand cannot be trusted or used.
    Place {
        /// The file or folder.
        path: PathBuf,
        /// What is wrong with it.
        what: String,
    },
    /// Nothing can be made in the folder of the socket.
    Unwritable {
        /// The folder.
        folder: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// Something else, or nothing, stands where others look for this instance.
    Lost(PathBuf),
    /// The service manager did not hand over what it announced.
    Activation(&'static str),
    /// The operating system refused.
    System {
        /// What was tried.
        doing: &'static str,
        /// On what; may be empty.
        path: PathBuf,
        /// Its answer.
        source: io::Error,
    },
}

impl Failure {
    pub(crate) fn system(
        doing: &'static str,
        path: impl Into<PathBuf>,
        source: impl Into<io::Error>,
    ) -> Self {
        Self::System {
            doing,
            path: path.into(),
            source: source.into(),
        }
    }

    pub(crate) fn exit_code(&self) -> u8 {
        match self {
            Self::Usage(_) => exit::USAGE,
            Self::Place { .. } => exit::REFUSED,
            Self::Unwritable { .. } | Self::Lost(_) | Self::Activation(_) | Self::System { .. } => {
                exit::UNAVAILABLE
            }
        }
    }
}

impl std::fmt::Display for Failure {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Usage(what) => write!(f, "{what}"),
            Self::Place { path, what } => write!(f, "{}: {what}", path.display()),
            Self::Unwritable { folder, source } => {
                let (folder, said) = (folder.display(), plainly(source));
                writeln!(f, "cannot write in {folder}: {said}")?;
                write!(
                    f,
                    "The socket and its lock stand there; it has to be writable. "
                )?;
                match source.kind() {
                    io::ErrorKind::StorageFull => write!(f, "Free some space: df -h {folder}"),
                    io::ErrorKind::ReadOnlyFilesystem => write!(
                        f,
                        "Mount it for writing, or set XDG_RUNTIME_DIR to another folder of yours."
                    ),
                    _ => write!(
                        f,
                        "chmod u+rwx {folder}, or set XDG_RUNTIME_DIR to another folder of yours."
                    ),
                }
            }
            Self::Lost(path) => {
                write!(f, "{}: removed or replaced while serving", path.display())
            }
            Self::Activation(what) => write!(f, "socket activation: {what}"),
            Self::System {
                doing,
                path,
                source,
            } if path.as_os_str().is_empty() => {
                write!(f, "cannot {doing}: {}", plainly(source))
            }
            Self::System {
                doing,
                path,
                source,
            } => {
                write!(f, "cannot {doing} {}: {}", path.display(), plainly(source))
            }
        }
    }
}

/// What the system said, without the number it has for that.
fn plainly(error: &io::Error) -> String {
    let said = error.to_string();
    let end = said.find(" (os error").unwrap_or(said.len());
    said.get(..end).unwrap_or(&said).to_owned()
}

impl std::error::Error for Failure {}
