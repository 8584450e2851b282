//! A server's hooks, and the daemon they depend on.

use std::path::Path;

use super::gate::{hooks_of, owner};
use super::{Report, daemon};
use crate::ask_git::Git;
use crate::daemon::Place;
use crate::failure::Failure;
use crate::install::SERVER_HOOKS;
use crate::install::folder::is_executable;
use crate::install::manifest::Manifest;
use crate::install::server::{apart, closed_to, leaves, not_bare, repositories};
use crate::page::shell_word;
use crate::surroundings::Surroundings;

/// Looks at every repository of `folder`; gives what a daemon of theirs says of itself.
pub(super) fn look(
    around: &Surroundings,
    folder: &Path,
    report: &mut Report,
) -> Result<Option<Vec<String>>, Failure> {
    let names: Vec<&str> = SERVER_HOOKS.iter().map(|h| h.name()).collect();
    let mut places = Vec::new();
    let (found, passed) = apart(repositories(folder)?);
    match not_bare(folder, &passed).as_slice() {
        // Of many it is enough to know how many.
        [many, of_them @ ..] if of_them.iter().any(|line| line.starts_with(' ')) => {
            report.note(many);
        }
        each => each.iter().for_each(|line| report.note(line)),
    }
    for path in found {
        let git = Git::of_any_owner(&path);
        let Some(layout) = git.layout()? else {
            report.note(format!("git does not take {} for one", path.display()));
            continue;
        };
        let at = path.display();
        let install = format!("lychgate install --server {}", shell_word(&path));
        if let Some(set) = git.hooks_path()?.filter(|set| leaves(set, &layout)) {
            let here = format!("git -C {}", shell_word(&path));
            let value = lychgate_model::path::printable(set.value.as_encoded_bytes());
            report.problem(
                format!(
                    "core.hooksPath = {value} ({}, {}) turns the hooks of {at} away",
                    set.scope, set.origin
                ),
                format!("{} && {install}", set.unset().replacen("git", &here, 1)),
            );
            continue;
        }
        if !layout.bare {
            report.problem(
                format!("{at} has a work tree, and a server's hooks are for bare repositories"),
                "lychgate install",
            );
            continue;
        }
        if !matches!(Manifest::read(&layout.hooks), Ok(Some(_))) {
            report.problem(
                format!("no gate stands in {}", layout.hooks.display()),
                install,
            );
            continue;
        }
        let before = report.problems.len();
        let owner = owner(&path).unwrap_or(around.uid());
        let conf = hooks_of(&layout.hooks, &names, owner, report);
        for (_, mend) in report.problems.iter_mut().skip(before) {
            *mend = mend.replace("lychgate install", &install);
        }
        let socket = conf.as_ref().and_then(|conf| conf.socket.as_deref());
        if let Some(closed) = socket.and_then(|s| closed_to(s.parent()?, owner)) {
            report.problem(
                format!(
                    "user {owner} owns {at} and cannot reach the daemon's socket: {} is closed",
                    closed.display()
                ),
                format!("{install} --socket /run/lychgate/lychgated.sock"),
            );
        }
        match conf.map(|conf| Place::of_server(&conf, owner)) {
            Some(Some(place)) if !places.contains(&place) => places.push(place),
            Some(None) => report.problem(
                format!(
                    "lychgate.conf in {} names no socket",
                    layout.hooks.display()
                ),
                install.clone(),
            ),
            _ => {}
        }
        let target = std::fs::read_link(layout.hooks.join("pre-receive")).unwrap_or_default();
        if let Some(closed) = closed_to(&target, owner) {
            report.problem(
                format!(
                    "user {owner} owns {at} and cannot pass {}",
                    closed.display()
                ),
                format!("./install.sh --prefix /usr/local && {install}"),
            );
        }
        if is_executable(&layout.hooks.join("update")) {
            report.note(format!(
                "{at} has an update hook: what it denies is in the store already, and stays"
            ));
        }
        if report.problems.len() == before {
            report.well(format!("the gate stands in {}", layout.hooks.display()));
        }
    }
    let mut status = None;
    for place in places {
        status = daemon::look(Ok(place), true, report).or(status);
    }
    Ok(status)
}
