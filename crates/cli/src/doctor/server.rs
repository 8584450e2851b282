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
use crate::install::server::{closed_to, repositories};
use crate::page::shell_word;
use crate::surroundings::Surroundings;

/// Looks at every repository of `folder`.
pub(super) fn look(
    around: &Surroundings,
    folder: &Path,
    report: &mut Report,
) -> Result<(), Failure> {
    let names: Vec<&str> = SERVER_HOOKS.iter().map(|h| h.name()).collect();
    let mut places = Vec::new();
    for path in repositories(folder)? {
        let Some(layout) = Git::of_any_owner(&path).layout()? else {
            continue;
        };
        let at = path.display();
        let install = format!("lychgate install --server {}", shell_word(&path));
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
    for place in places {
        daemon::look(Ok(place), true, report);
    }
    Ok(())
}
