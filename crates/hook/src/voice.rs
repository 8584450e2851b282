//! What people read: lines on standard error, and nothing when all is well.

use std::io::{self, Write as _};

use lychgate_model::limits::{COLUMNS, REMOTE, SIDEBAND};
use lychgate_model::{Surface, exit};

use crate::invocation::Invocation;

/// What GitLab shows to a pusher, and nothing else.
const GITLAB: &str = "GL-HOOK-ERR: ";

/// Writes for one run.
#[derive(Clone, Copy)]
pub(crate) struct Voice {
    prefix: &'static str,
    columns: usize,
}

impl Voice {
    pub(crate) fn new(invocation: &Invocation) -> Self {
        let set = |name| invocation.variable(name).is_some();
        match invocation.hook.surface() {
            Surface::Client => Self {
                prefix: "",
                columns: COLUMNS,
            },
            Surface::Server
                if ["GL_ID", "GL_REPOSITORY", "GL_PROTOCOL"]
                    .into_iter()
                    .any(set) =>
            {
                Self {
                    prefix: GITLAB,
                    columns: COLUMNS - REMOTE,
                }
            }
            Surface::Server => Self {
                prefix: "",
                columns: COLUMNS - REMOTE,
            },
        }
    }

    /// Lines that are ready to print.
    pub(crate) fn lines(self, lines: &[String]) {
        let mut text = String::new();
        for line in lines {
            for piece in cut(&plain(line), SIDEBAND - self.prefix.len()) {
                text.push_str(self.prefix);
                text.push_str(piece);
                text.push('\n');
            }
        }
        // Nobody may be reading any more; the exit code still counts.
        let _ = io::stderr().write_all(text.as_bytes());
    }

    /// A sentence, on as many lines as it needs.
    pub(crate) fn sentence(self, text: &str) {
        self.lines(&wrapped(&plain(text), self.columns));
    }
}

/// Answers `--version`.
pub(crate) fn plainly(line: &str) -> u8 {
    match writeln!(io::stdout(), "{line}") {
        Ok(()) => exit::ALLOW,
        Err(_) => exit::DENY,
    }
}

/// Answers a call that is none of a hook.
pub(crate) fn usage() -> u8 {
    let text = "lychgate-hook: not checked: call it as a Git hook, or with the hook's name\n\
        usage: lychgate-hook pre-commit | pre-merge-commit | commit-msg FILE\n\
        \x20      lychgate-hook pre-push REMOTE URL | pre-receive | update REF OLD NEW\n";
    let _ = io::stderr().write_all(text.as_bytes());
    exit::DENY
}

/// No byte a terminal acts on, wherever it came from.
fn plain(text: &str) -> String {
    let shown = |c: char| if matches!(c, ' '..='~') { c } else { '?' };
    text.chars().map(shown).collect()
}

fn cut(line: &str, most: usize) -> Vec<&str> {
    // All of it is ASCII by now, so every index is a boundary.
    let mut pieces = Vec::new();
    let mut rest = line;
    while rest.len() > most {
        let (piece, after) = rest.split_at(most);
        pieces.push(piece);
        rest = after;
    }
    pieces.push(rest);
    pieces
}

fn wrapped(text: &str, columns: usize) -> Vec<String> {
    let mut lines = Vec::new();
    let mut line = String::new();
    for word in text.split(' ') {
        if !line.trim_start().is_empty() && line.len() + 1 + word.len() > columns {
            lines.push(std::mem::replace(&mut line, "   ".to_owned()));
        }
        if !line.is_empty() {
            line.push(' ');
        }
        line.push_str(word);
    }
    lines.push(line);
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sentences_stay_inside_the_columns() {
        let text = "lychgate: push not checked: nobody who is believed listens at the socket \
            that lychgate.conf beside this hook names; help: tell an administrator";
        let lines = wrapped(text, 72);
        assert!(
            lines.len() == 3 && lines.iter().all(|l| l.len() <= 72),
            "{lines:?}"
        );
        assert!(lines.iter().skip(1).all(|l| l.starts_with("    ")));
        assert_eq!(wrapped("short", 72), ["short"]);
        let long = "x".repeat(100);
        assert_eq!(wrapped(&format!("a {long} b"), 72).len(), 3);
    }

    #[test]
    fn no_line_is_longer_than_a_sideband_takes_and_none_has_control_bytes() {
        let pieces = cut("aaaaabbbbbc", 5);
        assert_eq!(pieces, ["aaaaa", "bbbbb", "c"]);
        assert_eq!(cut("", 5), [""]);
        assert_eq!(plain("a\x1b[31m\u{e9}\n"), "a?[31m??");
    }
}
