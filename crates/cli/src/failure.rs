//! How a command that could not do its work says so, and the exit code that goes with it.
//!
//! The first line says what did not happen; `From` for every library's error stands here and
//! nowhere else, so that the kinds are decided in one place.

use std::fmt::Write as _;

use lychgate_model::exit;

/// What sort of failure it is; decides the exit code (contract 9.2).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// The command line asks for something that makes no sense.
    Usage,
    /// Something could not be read, written or completed; a bug is this too.
    Incomplete,
    /// What is there does not allow it: a policy, a pack, another tool's hooks.
    Refused,
    /// The daemon is away.
    Unavailable,
}

impl Kind {
    const fn exit(self) -> u8 {
        match self {
            Self::Usage => exit::USAGE,
            Self::Incomplete => exit::INDETERMINATE,
            Self::Refused => exit::REFUSED,
            Self::Unavailable => exit::UNAVAILABLE,
        }
    }
}

/// A command did not do its work.
#[derive(Debug)]
pub(crate) struct Failure {
    kind: Kind,
    what: String,
    causes: Vec<String>,
    hint: String,
    listed: String,
}

impl Failure {
    /// A failure of `kind`; `what` says what did not happen and why, as a fragment.
    pub(crate) fn new(kind: Kind, what: impl Into<String>) -> Self {
        let (causes, hint, listed) = (Vec::new(), String::new(), String::new());
        Self {
            kind,
            what: what.into(),
            causes,
            hint,
            listed,
        }
    }

    /// The same, caused by `error`: its whole chain is printed, without the system's numbers.
    pub(crate) fn because(mut self, error: &dyn std::error::Error) -> Self {
        let mut next = Some(error);
        while let Some(error) = next {
            let said = error.to_string();
            let end = said.find(" (os error").unwrap_or(said.len());
            self.causes
                .push(said.get(..end).unwrap_or_default().to_owned());
            next = error.source();
        }
        self
    }

    /// The same, with the next step: full sentences or commands, lines kept as they are.
    pub(crate) fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = hint.into();
        self
    }

    /// The same, with lines that follow it, like a compiler's: problems of files.
    pub(crate) fn listing(mut self, lines: String) -> Self {
        self.listed = lines;
        self
    }

    /// The exit code.
    pub(crate) const fn exit(&self) -> u8 {
        self.kind.exit()
    }

    /// What did not happen and why, without the next step, for a sentence of somebody else.
    pub(crate) fn fragment(&self) -> String {
        let mut text = self.what.clone();
        for cause in &self.causes {
            let _ = write!(text, ": {cause}");
        }
        text
    }

    /// As people read it, newline included: printable ASCII, whatever the causes hold.
    pub(crate) fn text(&self) -> String {
        let line = format!("lychgate: {}", self.fragment());
        let mut out = crate::page::wrapped(&line, "", "  ");
        for problem in self.listed.lines() {
            let text = problem.trim_start();
            let indent = " ".repeat(problem.len() - text.len());
            let rest = format!("{indent}    ");
            out.push_str(&crate::page::wrapped(text, &indent, &rest));
        }
        for hint in self.hint.lines() {
            out.push_str(&crate::page::advice(hint, "  ", "    "));
        }
        out
    }
}
