//! `lychgate rules`: what is looked for and why, offline, and packs checked like source code.

mod explain;
mod profile;
mod trial;

use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use lychgate_model::{Problem, exit};
use lychgate_scan::{PackSource, Rule, RuleSet};

use crate::Said;
use crate::args::RulesCommand;
use crate::failure::{Failure, Kind};
use crate::here::engine;
use crate::page::cut;
use crate::surroundings::Surroundings;

/// The longest pack read.
pub(crate) const PACK: u64 = 16 << 20;

/// What is said, and the exit code.
pub(crate) fn run(around: &Surroundings, command: Option<&RulesCommand>) -> Result<Said, Failure> {
    let out = match command {
        None | Some(RulesCommand::List) => list(around),
        Some(RulesCommand::Explain { ids }) => explain::text(around, ids),
        Some(RulesCommand::Check { files }) => check(files),
        Some(RulesCommand::Try { files, range, path }) => {
            let over = trial::Over {
                range: range.as_deref(),
                paths: path,
            };
            return trial::run(around, files, &over);
        }
        Some(RulesCommand::Profile { paths }) => profile::text(around, paths),
    }?;
    Ok(Said {
        out,
        err: String::new(),
        code: exit::ALLOW,
    })
}

/// The page about a rule or a reason code.
pub(crate) fn explain(around: &Surroundings, id: &str) -> Result<String, Failure> {
    explain::text(around, &[id.to_owned()])
}

fn list(around: &Surroundings) -> Result<String, Failure> {
    let engine = engine(around, "nothing was listed")?;
    let mut rules: Vec<_> = engine.rules().rules().iter().collect();
    rules.sort_by(|a, b| a.id.cmp(&b.id));
    let mut out = String::new();
    for rule in rules {
        let head = format!(
            "{:<31}  {:<8}  {:<6}  {:<15}  ",
            rule.id.as_str(),
            rule.severity.name(),
            rule.confidence.name(),
            rule.check.unwrap_or("-"),
        );
        let left = lychgate_model::limits::COLUMNS.saturating_sub(head.len());
        let _ = writeln!(out, "{head}{}", cut(&scope(rule), left));
    }
    Ok(out)
}

/// The paths a rule is bound to, `!` before those it leaves out; `-`: all.
fn scope(rule: &Rule) -> String {
    let only = rule.paths.only.iter().map(ToString::to_string);
    let never = rule.paths.never.iter().map(|glob| format!("!{glob}"));
    let globs: Vec<String> = only.chain(never).collect();
    if globs.is_empty() {
        "-".to_owned()
    } else {
        globs.join(" ")
    }
}

/// Nothing is said of packs that are good, and of a `.gitleaks.toml` only what has no effect.
fn check(files: &[PathBuf]) -> Result<String, Failure> {
    let mut problems = Vec::new();
    let mut texts = Vec::new();
    let mut notes = String::new();
    for file in files {
        let name = file.display().to_string();
        match crate::regular::text(file, PACK) {
            Ok(text) if is_of_gitleaks(file) => match foreign(&name, &text) {
                Ok(idle) => idle.iter().for_each(|note| {
                    let _ = writeln!(notes, "note: {note}");
                }),
                Err(found) => problems.extend(found),
            },
            Ok(text) => {
                problems.extend(lychgate_scan::check_pack(&name, &text));
                problems.extend(lychgate_scan::poor_examples(&name, &text));
                texts.push((name, text));
            }
            Err(error) => problems.push(Problem {
                file: name,
                line: 0,
                column: 0,
                key: String::new(),
                message: format!("cannot be read: {error}"),
                help: String::new(),
            }),
        }
    }
    problems.extend(taken(&texts));
    if problems.is_empty() {
        return Ok(notes);
    }
    problems.sort();
    problems.dedup();
    let number = problems.len();
    let mut out = String::new();
    for problem in &problems {
        let _ = writeln!(out, "{problem}");
    }
    let what = format!(
        "{number} problem{} found",
        if number == 1 { "" } else { "s" }
    );
    Err(Failure::new(Kind::Refused, what).listing(out))
}

/// Whether a file is named as gitleaks names its own: `.gitleaks.toml`, `acme.gitleaks.toml`.
fn is_of_gitleaks(file: &Path) -> bool {
    let name = file.file_name().unwrap_or_default();
    name.as_encoded_bytes().ends_with(b"gitleaks.toml")
}

/// What of a `.gitleaks.toml` would have no effect in a repository.
fn foreign(name: &str, text: &str) -> Result<Vec<String>, Vec<Problem>> {
    let with = RuleSet::built_in()?.adopting(PackSource { name, text }, false)?;
    Ok(with.without_effect().to_vec())
}

/// Rules whose ids a built-in pack or another of the files has: the daemon would refuse them.
fn taken(texts: &[(String, String)]) -> Vec<Problem> {
    let sources = texts.iter().map(|(name, text)| PackSource { name, text });
    let (_, mut problems) = RuleSet::built_in_with(&sources.collect::<Vec<_>>());
    problems.retain(|problem| {
        // A built-in pack that is being worked on does not collide with itself.
        let own = Path::new(&problem.file).file_stem();
        let own = own.map(|stem| format!("in the built-in pack {}", stem.to_string_lossy()));
        let message = problem.message.as_str();
        message.contains("` is taken already, ")
            && !own.is_some_and(|own| message.ends_with(own.as_str()))
    });
    problems
}
