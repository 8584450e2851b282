//! `lychgate judge-hook`: what a client hook becomes when no daemon can be had (contract 4.5).
//!
//! The hook hands over what it read from Git on our standard input and says how much that was; if
//! we find anything else, nothing was judged. Every way out but allow is a code that stops Git.

use std::io::{Read as _, Write as _};
use std::time::Instant;

use lychgate_client::hooked::{Run, count_refs, reads_stdin};
use lychgate_client::{Progress, conf, greet, so_far};
use lychgate_git::Environment;
use lychgate_model::{Decision, Hook, Surface, exit, limits};

use crate::args::JudgeHook;
use crate::check::judge::session;
use crate::check::memory::MemoryLink;
use crate::failure::{Failure, Kind};
use crate::surroundings::Surroundings;

const BUILD: &str = env!("CARGO_PKG_VERSION");

/// Judges, prints what the hook would have printed, gives its exit code.
pub(crate) fn run(around: &Surroundings, asked: &JudgeHook) -> Result<u8, Failure> {
    let begun = Instant::now();
    let hook = Hook::from_name(&asked.hook)
        .filter(|hook| hook.surface() == Surface::Client)
        .ok_or_else(|| not_checked(&asked.hook, "no hook of a client has that name"))?;
    let stdin = handed_over(asked, hook)?;
    let deadline = match &asked.conf {
        None => limits::CLIENT_DEADLINE,
        Some(path) => deadline(around, asked, path)?,
    };

    let environment = Environment::new(
        around.cwd().to_path_buf(),
        around.variables().iter().cloned(),
    );
    let repository = crate::check::open(&environment)?;
    let mut link = MemoryLink::new(session(around)?, threads()).until(begun + deadline);
    let run = Run {
        hook,
        arguments: &asked.arguments,
        stdin: &stdin,
        environment: &environment,
        variables: around.variables(),
        build: BUILD,
        repository: &repository,
        progress: Some(Progress {
            tell: &|judged, announced| eprintln!("{}", so_far(judged, announced)),
            every: limits::PROGRESS,
        }),
    };
    let answered = greet(&mut link, BUILD, 0)
        .and_then(|greeting| run.ask(&mut link, &greeting))
        .map_err(|e| not_checked(hook.name(), "").because(&e))?;
    let text: String = answered
        .lines
        .iter()
        .map(|l| crate::page::plain(l) + "\n")
        .collect();
    let _ = std::io::stderr().lock().write_all(text.as_bytes());
    match answered.answer.decision {
        Decision::Allow => Ok(exit::ALLOW),
        other if answered.lines.is_empty() => Err(not_checked(
            hook.name(),
            &format!("the verdict is {}", other.name()),
        )),
        _ => Ok(exit::DENY),
    }
}

fn handed_over(asked: &JudgeHook, hook: Hook) -> Result<Vec<u8>, Failure> {
    let mut stdin = Vec::new();
    if reads_stdin(hook) {
        std::io::stdin()
            .lock()
            .read_to_end(&mut stdin)
            .map_err(|e| {
                not_checked(hook.name(), "cannot read what the hook handed over").because(&e)
            })?;
    }
    let same =
        stdin.len() as u64 == asked.stdin_bytes && count_refs(&stdin) as u64 == asked.stdin_refs;
    if same {
        return Ok(stdin);
    }
    let what = format!(
        "{} bytes with {} ref lines came over, not {} with {}",
        stdin.len(),
        count_refs(&stdin),
        asked.stdin_bytes,
        asked.stdin_refs
    );
    Err(not_checked(hook.name(), &what))
}

fn deadline(
    around: &Surroundings,
    asked: &JudgeHook,
    path: &std::path::Path,
) -> Result<std::time::Duration, Failure> {
    let folder = around.cwd().join(path);
    let folder = folder.parent().unwrap_or(around.cwd());
    let owner = std::os::unix::fs::MetadataExt::uid(
        &std::fs::metadata(folder).map_err(|e| not_checked(&asked.hook, "").because(&e))?,
    );
    let conf = conf::read(folder, &[around.uid(), owner])
        .map_err(|e| not_checked(&asked.hook, "").because(&e))?;
    Ok(conf.unwrap_or_default().deadline_on(Surface::Client))
}

fn threads() -> usize {
    std::thread::available_parallelism()
        .map_or(1, usize::from)
        .min(4)
}

fn not_checked(hook: &str, why: &str) -> Failure {
    let what = match hook {
        "commit-msg" => "commit message not checked",
        "pre-push" => "push not checked",
        _ => "commit not checked",
    };
    let what = if why.is_empty() {
        what.to_owned()
    } else {
        format!("{what}: {why}")
    };
    Failure::new(Kind::Incomplete, what)
}
