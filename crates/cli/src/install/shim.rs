//! Chaining shims: a hooks folder of ours, set as `core.hooksPath`, stands in front of the folder
//! git would have used, and calls every hook that is there. The text is `hooks/chain`.

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use lychgate_model::Hook;

use super::folder::is_executable;
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

/// Hooks a folder in front always passes on.
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

/// Hooks that are passed on only where one stands behind. The presence of `push-to-checkout` and
/// `proc-receive` alone changes what git does, and the others would cost a process for every ref
/// and every index written. `doctor` names one that came later.
pub(crate) const WHERE_PRESENT: [&str; 4] = [
    "reference-transaction",
    "post-index-change",
    "push-to-checkout",
    "proc-receive",
];

/// File name and text of every shim; a gated hook's stands where a previous hook would be kept.
/// `hooks` is the folder behind, where it is one and the same for every repository.
pub(crate) fn all(behind: &Behind, hooks: Option<&Path>, gated: &[Hook]) -> Vec<(String, String)> {
    let text = text(behind);
    let present = WHERE_PRESENT
        .iter()
        .filter(|name| hooks.is_some_and(|hooks| is_executable(&hooks.join(name))));
    let gated = gated.iter().map(|h| kept_name(h.name()));
    let others = PASSED_ON
        .iter()
        .filter(|name| !gated_name(name))
        .chain(present)
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

/// What the shims in `front`, a folder of ours, stand in front of.
pub(crate) fn behind(front: &Path) -> Option<Behind> {
    let shim = front.join(kept_name(Hook::PreCommit.name()));
    let text = std::fs::read_to_string(shim).ok()?;
    is_ours(&text).then(|| folder_in(&text).map_or(Behind::Repository, Behind::Folder))
}

/// The folder named in a shim of ours; `None`: each repository's own.
fn folder_in(text: &str) -> Option<PathBuf> {
    let quoted = text.lines().find_map(|line| line.strip_prefix("folder="))?;
    let inner = quoted.strip_prefix('\'')?.strip_suffix('\'')?;
    Some(inner.replace(r"'\''", "'").into()).filter(|path: &PathBuf| !path.as_os_str().is_empty())
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
        assert_eq!(folder_in(&text(&behind)), Some("a'b $(x)".into()));
        assert_eq!(folder_in(&text(&Behind::Repository)), None);
    }

    #[test]
    fn shims_are_known_again_and_nothing_else_is() {
        assert!(is_ours(&text(&Behind::Repository)));
        assert!(!is_ours("#!/bin/sh\necho hello\n"));
        assert!(text(&Behind::Repository).lines().count() < 10);
    }
}
