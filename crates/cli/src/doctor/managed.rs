//! Where a hook manager owns the folder: whether its own file runs the gate, and last.

mod lefthook;

use super::Report;
use crate::ask_git::Layout;
use crate::install::CLIENT_HOOKS;
use crate::install::folder::{Standing, standing};
use crate::install::manager::Manager;

/// What runs beside or after ours.
#[derive(Debug, PartialEq, Eq)]
struct Later {
    what: String,
    /// `None`: ours is to be moved to the end.
    mend: Option<String>,
}

impl Later {
    fn moved(what: String) -> Self {
        Self { what, mend: None }
    }

    fn mended(what: impl Into<String>, mend: impl Into<String>) -> Self {
        let (what, mend) = (what.into(), Some(mend.into()));
        Self { what, mend }
    }
}

/// Looks at the manager's file.
pub(super) fn look(manager: Manager, layout: &Layout, report: &mut Report) {
    let files: Vec<String> = match manager {
        Manager::Husky => {
            let of = |hook: &lychgate_model::Hook| format!(".husky/{}", hook.name());
            CLIENT_HOOKS.iter().map(of).collect()
        }
        Manager::Lefthook => [
            "lefthook.yml",
            ".lefthook.yml",
            "lefthook.yaml",
            "lefthook.toml",
        ]
        .map(str::to_owned)
        .to_vec(),
        Manager::PreCommit => [".pre-commit-config.yaml", ".pre-commit-config.yml"]
            .map(str::to_owned)
            .to_vec(),
    };
    let texts: Vec<(&String, String)> = files
        .iter()
        .filter_map(|file| {
            let text = std::fs::read_to_string(layout.top.join(file)).ok()?;
            Some((file, without_comments(&text)))
        })
        .collect();
    let before = report.problems.len();
    let missing: Vec<&str> = CLIENT_HOOKS
        .iter()
        .map(|hook| hook.name())
        .filter(|hook| {
            !texts
                .iter()
                .any(|(file, text)| runs(manager, file, text, hook))
        })
        .collect();
    if !missing.is_empty() {
        report.problem(
            format!(
                "{} owns the hooks, and its file does not run lychgate-hook at {}",
                manager.name(),
                missing.join(", ")
            ),
            format!(
                "add to {}:\n{}",
                texts
                    .first()
                    .map_or(files.first(), |(file, _)| Some(*file))
                    .map_or("", |f| f),
                manager.snippet()
            ),
        );
    }
    for (file, text) in &texts {
        for later in later_in(manager, file, text) {
            let mend = later.mend;
            let mend = mend.unwrap_or_else(|| format!("move lychgate to the end of {file}"));
            report.problem(
                format!("in {file}, {} and can change the index", later.what),
                mend,
            );
        }
    }
    let push = layout.hooks.join("pre-push");
    if manager == Manager::PreCommit && !matches!(standing(&push), Ok(Standing::Ours)) {
        report.note(
            "pre-commit hands on one ref of a push: pushes need the gate's own pre-push hook, \
             or the server (hooks/README.md)",
        );
    }
    if report.problems.len() == before {
        report.well(format!(
            "{} runs the gate, as its file says",
            manager.name()
        ));
    }
}

fn without_comments(text: &str) -> String {
    let line = |line: &str| -> String {
        let cut = line
            .char_indices()
            .find(|(at, c)| {
                let before = line.get(..*at).and_then(|head| head.chars().next_back());
                *c == '#' && before.is_none_or(char::is_whitespace)
            })
            .map_or(line.len(), |(at, _)| at);
        line.get(..cut).unwrap_or_default().to_owned() + "\n"
    };
    text.lines().map(line).collect()
}

/// Whether `text` has the gate run at `hook`.
fn runs(manager: Manager, file: &str, text: &str, hook: &str) -> bool {
    let bare = |word: &str| word.trim_matches(['"', '\'', ',', '[', ']']).to_owned();
    let words: Vec<String> = text.split_whitespace().map(bare).collect();
    let pair = |first: &str, second: &str| {
        words
            .windows(2)
            .any(|w| matches!(w, [a, b] if (a == first || a.ends_with(&format!("/{first}"))) && b == second))
    };
    match manager {
        Manager::Husky => file.ends_with(&format!("/{hook}")) && pair("lychgate-hook", hook),
        Manager::Lefthook => pair("lychgate-hook", hook),
        Manager::PreCommit => match hook {
            // Its pre-push stage sees one ref of a push: another hook's work, see the note.
            "pre-push" => true,
            "commit-msg" => pair("lychgate-hook", hook) || pair("id:", "lychgate-msg"),
            // One entry serves both.
            _ => pair("lychgate-hook", "pre-commit") || pair("id:", "lychgate"),
        },
    }
}

/// What runs beside or after ours at `pre-commit`, where the manager's file has an order.
fn later_in(manager: Manager, file: &str, text: &str) -> Vec<Later> {
    let lines: Vec<&str> = text.lines().filter(|l| !l.trim().is_empty()).collect();
    match manager {
        Manager::PreCommit => {
            let Some(last) = lines.iter().rposition(|l| l.contains("lychgate")) else {
                return Vec::new();
            };
            let later = lines.iter().skip(last + 1);
            later
                .filter_map(|l| l.trim().trim_start_matches("- ").strip_prefix("id:"))
                .map(|id| Later::moved(format!("{} runs after lychgate", id.trim())))
                .take(1)
                .collect()
        }
        Manager::Husky => {
            let last = lines.last().filter(|_| file.ends_with("/pre-commit"));
            let ours = text.contains("lychgate-hook");
            last.filter(|last| ours && !last.contains("lychgate"))
                .map(|last| Later::moved(format!("`{}` runs after lychgate", last.trim())))
                .into_iter()
                .collect()
        }
        Manager::Lefthook => lefthook::later(&lines),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_to_be_copied_is_enough() {
        for (manager, text) in [
            (Manager::Lefthook, Manager::Lefthook.snippet()),
            (Manager::PreCommit, Manager::PreCommit.snippet()),
        ] {
            let text = without_comments(text);
            for hook in CLIENT_HOOKS {
                assert!(runs(manager, "", &text, hook.name()), "{text}");
            }
            assert_eq!(later_in(manager, "", &text), []);
        }
    }

    #[test]
    fn a_comment_runs_nothing() {
        let text = "pre-commit:\n  # run: lychgate-hook pre-commit\n";
        let on = text.replace("# ", "");
        let runs = |text| runs(Manager::Lefthook, "", &without_comments(text), "pre-commit");
        assert!(!runs(text));
        assert!(runs(&on));
    }
}
