//! Chaining shims: a hooks folder of ours, set as `core.hooksPath`, stands in front of the folder
//! git would have used, and calls every hook that is there. The text is `hooks/chain`.

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::path::PathBuf;

use lychgate_model::Hook;

use super::manifest::kept_name;

/// The folder behind ours.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Behind {
    /// `hooks` in each repository's own `.git`.
    Repository,
    /// What `core.hooksPath` said before; relative to the top of the work tree, as git has it.
    Folder(PathBuf),
}

const TEMPLATE: &str = include_str!("../../../../hooks/chain");
const MARK: &str = "# lychgate chaining shim";

/// Hooks a folder in front must pass on. Left out on purpose, `doctor` names them where a
/// repository has one: `push-to-checkout` and `proc-receive`, whose presence alone changes what
/// git does, `fsmonitor-watchman`, which git does not look up there, and `reference-transaction`
/// and `post-index-change`, which would cost a process for every ref and every index written.
const PASSED_ON: [&str; 18] = [
    "applypatch-msg",
    "pre-applypatch",
    "post-applypatch",
    "prepare-commit-msg",
    "post-commit",
    "pre-rebase",
    "post-checkout",
    "post-merge",
    "post-rewrite",
    "pre-auto-gc",
    "sendemail-validate",
    "pre-receive",
    "update",
    "post-receive",
    "post-update",
    "p4-changelist",
    "p4-prepare-changelist",
    "p4-pre-submit",
];

/// Hooks that a folder in front does not pass on.
pub(crate) const NOT_PASSED_ON: [&str; 4] = [
    "reference-transaction",
    "post-index-change",
    "push-to-checkout",
    "proc-receive",
];

/// File name and text of every shim; a gated hook's stands where a previous hook would be kept.
pub(crate) fn all(behind: &Behind, gated: &[Hook]) -> Vec<(String, String)> {
    let text = text(behind);
    let gated = gated.iter().map(|h| kept_name(h.name()));
    let others = PASSED_ON
        .iter()
        .filter(|name| !gated_name(name))
        .map(|name| (*name).to_owned());
    gated
        .chain(others)
        .map(|name| (name, text.clone()))
        .collect()
}

/// Whether `text` is a shim of ours.
pub(crate) fn is_ours(text: &str) -> bool {
    text.lines()
        .nth(1)
        .is_some_and(|line| line.starts_with(MARK))
}

fn gated_name(name: &str) -> bool {
    super::CLIENT_HOOKS.iter().any(|h| h.name() == name)
}

fn text(behind: &Behind) -> String {
    let folder = match behind {
        Behind::Repository => String::new(),
        Behind::Folder(path) => quoted(path.as_os_str()),
    };
    TEMPLATE.replace("@FOLDER@", &folder)
}

/// As one word of a POSIX shell. Bytes that are not UTF-8 cannot stand in a `String`; the caller
/// has refused such a path before.
fn quoted(word: &OsStr) -> String {
    let text = String::from_utf8_lossy(word.as_bytes());
    format!("'{}'", text.replace('\'', r"'\''"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_quote_in_a_folder_name_ends_nothing() {
        let behind = Behind::Folder(PathBuf::from("a'b $(x)"));
        assert!(
            text(&behind).contains(r"folder='a'\''b $(x)'"),
            "{}",
            text(&behind)
        );
    }

    #[test]
    fn shims_are_known_again_and_nothing_else_is() {
        assert!(is_ours(&text(&Behind::Repository)));
        assert!(!is_ours("#!/bin/sh\necho hello\n"));
        assert!(text(&Behind::Repository).lines().count() < 10);
    }
}
