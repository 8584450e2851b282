//! Why there is no verdict. None of these is ever an allow.

use lychgate_model::ReasonCode;
use lychgate_wire::frame::RefuseCode;

use crate::link;

/// A conversation that did not end in a verdict.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The way to the judge failed.
    #[error(transparent)]
    Link(#[from] link::Error),
    /// The judge takes no session.
    #[error("the judge refused: {message}")]
    Refused {
        /// Its reason.
        code: RefuseCode,
        /// Its words.
        message: String,
    },
    /// The judge speaks another major version.
    #[error("the judge speaks version {theirs} of the protocol and this program {ours}")]
    Version {
        /// The judge's major version.
        theirs: u16,
        /// This program's.
        ours: u16,
    },
    /// The judge said something that must not come there.
    #[error("the judge broke the protocol: {0}")]
    Protocol(&'static str),
    /// The judge allowed something else than what was sent.
    #[error("the judge's count of what it judged is not the count of what was sent")]
    Coverage,
    /// The repository, or an object of it, cannot be read.
    #[error(transparent)]
    Git(#[from] lychgate_git::Error),
    /// The file with the commit message cannot be read.
    #[error("cannot read the commit message")]
    Message(#[source] std::io::Error),
    /// The commit message is larger than a message can be.
    #[error("the commit message is over {0} bytes")]
    LargeMessage(u64),
    /// Git's arguments to the hook are not what they must be.
    #[error("git gave the hook {0}")]
    Arguments(&'static str),
    /// A line of Git's input to the hook is not a ref line.
    #[error("line {0} of git's input is not a ref line")]
    RefLine(usize),
    /// A push to another name of a ref: what holds for that ref would not hold for the push.
    #[error("{name} is a symbolic ref: push to {target}")]
    SymbolicRef {
        /// The name pushed to, printable.
        name: String,
        /// What it names, printable.
        target: String,
    },
    /// More ref lines than are taken.
    #[error("git's input has over {0} ref lines")]
    ManyRefs(usize),
    /// A push without a single ref line.
    #[error("git's input has no ref line")]
    NoRefs,
    /// The question needs a repository and none was given.
    #[error("there is no repository to ask about")]
    NoRepository,
}

impl Error {
    /// What this makes of a verdict.
    pub fn reason(&self) -> ReasonCode {
        match self {
            Self::Link(error) => error.reason(),
            Self::Refused { code, .. } => link::refused(*code),
            Self::Version { .. } | Self::Protocol(_) => ReasonCode::Protocol,
            Self::Coverage => ReasonCode::Coverage,
            Self::Git(error) => error.reason(),
            Self::SymbolicRef { .. } => ReasonCode::Unsupported,
            Self::Arguments(_) | Self::RefLine(_) | Self::NoRefs => ReasonCode::Fault,
            Self::Message(_) | Self::LargeMessage(_) | Self::ManyRefs(_) | Self::NoRepository => {
                ReasonCode::Unreadable
            }
        }
    }

    /// Whether it was the judge that failed, so that another judge can be asked the same
    /// question. A deadline is not among these: there is no time left to ask.
    pub fn is_judges(&self) -> bool {
        match self {
            Self::Link(error) => !matches!(error, link::Error::Deadline),
            Self::Refused { .. } | Self::Version { .. } | Self::Protocol(_) => true,
            _ => false,
        }
    }

    /// Whether the judge asks for somebody else, or is about to make room for it.
    pub fn is_version(&self) -> bool {
        matches!(
            self,
            Self::Version { .. }
                | Self::Refused {
                    code: RefuseCode::Version,
                    ..
                }
        )
    }
}

/// An error with what caused it, joined by `: `.
pub fn chain(error: &dyn std::error::Error) -> String {
    let mut said = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        said.push_str(": ");
        said.push_str(&cause.to_string());
        source = cause.source();
    }
    said
}
