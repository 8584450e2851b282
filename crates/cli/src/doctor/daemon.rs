//! The daemon: believed, alive, of this version.

use std::path::Path;

use lychgate_client::trust::Distrust;
use lychgate_wire::frame::caps;

use super::Report;
use crate::daemon::{Reached, ask, reach, socket};
use crate::surroundings::Surroundings;

/// Looks at the socket. `configured`: the one a server's hook uses, where a daemon must run.
pub(super) fn look(around: &Surroundings, configured: Option<&Path>, report: &mut Report) {
    let path = match configured.map_or_else(|| socket(around), |path| Ok(path.to_path_buf())) {
        Ok(path) => path,
        Err(failure) => {
            report.problem(
                failure
                    .text()
                    .trim_start_matches("lychgate: ")
                    .trim_end()
                    .replace('\n', " "),
                "export XDG_RUNTIME_DIR=/run/user/$(id -u)",
            );
            return;
        }
    };
    let at = path.display();
    match reach(around, &path) {
        Reached::Answers(mut link) => match ask(&mut link, caps::STATUS, "the daemon") {
            Ok(lines) => version(&lines, report),
            Err(failure) => {
                let said = failure.text();
                let said = said
                    .trim_start_matches("lychgate: ")
                    .trim_end()
                    .replace('\n', " ");
                report.problem(format!("{said} (at {at})"), restart());
            }
        },
        Reached::Away => away(&path, configured.is_some(), report),
        Reached::NotOurs(distrust) => {
            report.problem(
                format!("the hooks do not believe what is at {at}: {distrust}"),
                mend(&distrust),
            );
        }
        Reached::Failed(error) => {
            report.problem(
                format!("cannot reach the daemon at {at}: {error}"),
                restart(),
            );
        }
    }
}

fn away(path: &Path, must_run: bool, report: &mut Report) {
    let at = path.display();
    let dead = path.symlink_metadata().is_ok();
    if must_run {
        report.problem(
            format!("no daemon listens at {at}; every push is denied"),
            start(),
        );
    } else if dead {
        report.problem(
            format!("the socket {at} is dead: its daemon was killed"),
            start(),
        );
    } else {
        report.note("no daemon runs; the first hook starts one");
    }
}

fn version(lines: &[String], report: &mut Report) {
    let ours = env!("CARGO_PKG_VERSION");
    let of = |key: &str| {
        lines
            .iter()
            .find_map(|line| line.strip_prefix(key))
            .map(str::trim)
    };
    let theirs = of("build:")
        .and_then(|b| b.split_whitespace().last())
        .unwrap_or("of no version");
    if theirs == ours {
        report.well("the daemon answers");
    } else {
        report.problem(
            format!("the daemon is {theirs}, and lychgate is {ours}"),
            restart(),
        );
    }
    for problem in lines
        .iter()
        .filter_map(|line| line.strip_prefix("problem: "))
    {
        report.problem(
            format!("the daemon keeps its old rules: {problem}"),
            "lychgate daemon reload",
        );
    }
}

fn mend(distrust: &Distrust) -> String {
    let quoted = |path: &Path| format!("'{}'", path.display().to_string().replace('\'', r"'\''"));
    match distrust {
        Distrust::Writable { path } => format!("chmod go-w {}", quoted(path)),
        Distrust::Symlink { path } | Distrust::Kind { path } => {
            format!("rm {} && lychgate daemon start", quoted(path))
        }
        Distrust::Owner { path, .. } => {
            format!("sudo rm -r {} && lychgate daemon start", quoted(path))
        }
        _ => start(),
    }
}

fn start() -> String {
    "lychgate daemon start".to_owned()
}

fn restart() -> String {
    "lychgate daemon stop; lychgate daemon start".to_owned()
}
