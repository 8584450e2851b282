//! Invariants of the repository that no compiler checks, as a list of complaints.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;

/// Which floor each crate stands on. Edges go strictly down, with the exception that the
/// binaries' tests may use anything.
const FLOORS: [(&str, u8); 11] = [
    ("lychgate-model", 0),
    ("lychgate-wire", 1),
    ("lychgate-git", 1),
    ("lychgate-scan", 1),
    ("lychgate-policy", 1),
    ("lychgate-client", 2),
    ("lychgate-judge", 2),
    ("lychgate-hook", 3),
    ("lychgated", 3),
    ("lychgate", 3),
    ("xtask", 4),
];

/// What the hook must not link (contract 11).
const HOOK_NEVER: [&str; 9] = [
    "tokio",
    "regex",
    "aho-corasick",
    "serde",
    "serde_derive",
    "clap",
    "toml",
    "tracing-subscriber",
    "lychgate-scan",
];

/// Lines one Rust file may have before it must be split by meaning.
const FILE_LINES: usize = 600;

/// Every complaint.
pub(crate) fn problems() -> Vec<String> {
    let mut found = Vec::new();
    found.extend(floors());
    found.extend(hook_closure());
    found.extend(files());
    found.extend(documents());
    found.extend(crate::traced::problems());
    found
}

fn cargo(args: &[&str]) -> String {
    let out = Command::new(env!("CARGO"))
        .args(args)
        .current_dir(crate::top())
        .output()
        .expect("cargo runs");
    String::from_utf8_lossy(&out.stdout).into_owned()
}

fn floors() -> Vec<String> {
    let metadata: Value = serde_json::from_str(&cargo(&[
        "metadata",
        "--no-deps",
        "--format-version",
        "1",
        "--locked",
    ]))
    .expect("cargo metadata is JSON");
    let floor: BTreeMap<&str, u8> = FLOORS.into_iter().collect();
    let mut found = Vec::new();
    for package in metadata["packages"].as_array().into_iter().flatten() {
        let name = package["name"].as_str().unwrap_or_default();
        let Some(&own) = floor.get(name) else {
            if name != "lychgate-e2e" {
                found.push(format!(
                    "{name}: stands on no floor; add it to xtask/src/tidy.rs and ARCHITECTURE.md"
                ));
            }
            continue;
        };
        for dependency in package["dependencies"].as_array().into_iter().flatten() {
            let to = dependency["name"].as_str().unwrap_or_default();
            let is_normal = dependency["kind"].is_null();
            if let Some(&other) = floor.get(to)
                && is_normal
                && other >= own
            {
                found.push(format!(
                    "{name} (floor {own}) depends on {to} (floor {other}): edges go down"
                ));
            }
            if to == "tokio" && is_normal && name != "lychgated" {
                found.push(format!("{name} depends on tokio: only the daemon may"));
            }
        }
    }
    found
}

fn hook_closure() -> Vec<String> {
    let tree = cargo(&[
        "tree",
        "--locked",
        "-p",
        "lychgate-hook",
        "-e",
        "normal",
        "--prefix",
        "none",
    ]);
    let names: BTreeSet<&str> = tree
        .lines()
        .filter_map(|l| l.split_whitespace().next())
        .collect();
    if names.is_empty() {
        return vec!["cargo tree said nothing of lychgate-hook".into()];
    }
    let unwanted = HOOK_NEVER.iter().filter(|n| names.contains(*n));
    unwanted
        .map(|n| format!("lychgate-hook links {n}"))
        .collect()
}

fn tracked() -> Vec<PathBuf> {
    let top = crate::top();
    let out = Command::new("git")
        .args(["ls-files", "-z"])
        .current_dir(&top)
        .output()
        .expect("git runs");
    let names = out.stdout.split(|b| *b == 0).filter(|n| !n.is_empty());
    names
        .map(|n| top.join(String::from_utf8_lossy(n).as_ref()))
        .collect()
}

fn files() -> Vec<String> {
    let mut found = Vec::new();
    // Assembled, so that this file does not complain about itself.
    let unfinished = [
        "to".to_owned() + "do!(",
        "unimple".to_owned() + "mented!(",
        "FIX".to_owned() + "ME",
        "#[igno".to_owned() + "re]",
    ];
    for path in tracked() {
        let Ok(text) = std::fs::read_to_string(&path) else {
            continue;
        };
        let shown = path
            .strip_prefix(crate::top())
            .unwrap_or(&path)
            .display()
            .to_string();
        if path.extension().is_some_and(|e| e == "rs") {
            let lines = text.lines().count();
            if lines > FILE_LINES {
                found.push(format!(
                    "{shown}: {lines} lines; split it by meaning (limit {FILE_LINES})"
                ));
            }
            for word in &unfinished {
                if text.contains(word.as_str()) {
                    found.push(format!("{shown}: holds {word}"));
                }
            }
        }
    }
    found
}

/// Every path that a document names in backticks exists.
fn documents() -> Vec<String> {
    let mut found = Vec::new();
    for path in tracked() {
        if path.extension().is_none_or(|e| e != "md") {
            continue;
        }
        let Ok(text) = std::fs::read_to_string(&path) else {
            continue;
        };
        let shown = path
            .strip_prefix(crate::top())
            .unwrap_or(&path)
            .display()
            .to_string();
        let is_blank = |w: &str| w.len() > 2 && w.starts_with('@') && w.ends_with('@');
        if let Some(word) = text.split_whitespace().find(|w| is_blank(w)) {
            found.push(format!("{shown}: {word} was never filled in"));
        }
        for name in text.split('`').skip(1).step_by(2) {
            let looks_like_ours = ["crates/", "config/", "docs/", "hooks/", "tests/", "fuzz/"]
                .iter()
                .any(|folder| name.starts_with(folder))
                && !name.contains(['*', '{', '<', ' ', '\n', '$']);
            if looks_like_ours && !crate::top().join(Path::new(name)).exists() {
                found.push(format!("{shown}: names `{name}`, which does not exist"));
            }
        }
    }
    found
}

#[cfg(test)]
mod tests {
    #[test]
    fn the_repository_is_tidy() {
        let problems = super::problems();
        assert!(problems.is_empty(), "{}", problems.join("\n"));
    }
}
