//! The daemon: believed, alive, of this version.

use std::os::unix::fs::MetadataExt as _;
use std::path::Path;

use lychgate_client::trust::Distrust;
use lychgate_wire::frame::caps;
use rustix::fs::Access;

use super::{Report, canary};
use crate::daemon::{FOLDED_HELP, Place, Reached, Unheard, hear, lost_at};
use crate::failure::Failure;
use crate::surroundings::Surroundings;

/// Where a system's daemon listens.
const SYSTEM: &str = "/run/lychgate";

/// Looks at what hooks find at `place`. A server's hooks start no daemon: there one `must_run`.
/// Gives its status, if it answers.
pub(super) fn look(
    place: Result<Place, Failure>,
    must_run: bool,
    report: &mut Report,
) -> Option<Vec<String>> {
    let place = match place {
        Ok(place) => place,
        Err(failure) => {
            let mend = "export XDG_RUNTIME_DIR=/run/user/$(id -u)";
            report.problem(failure.fragment(), mend);
            return None;
        }
    };
    let path = &place.socket;
    let at = path.display();
    match place.reach() {
        Reached::Answers(mut link) => {
            modes(path, must_run, report);
            match hear(&mut link, caps::STATUS) {
                Ok(lines) => {
                    version(&lines, report);
                    canary::ask(&place, report);
                    return Some(lines);
                }
                Err(Unheard::Silent) => hangs(&place, report),
                Err(Unheard::Failed(error)) => {
                    let said = lychgate_client::error::chain(&error);
                    report.problem(format!("the daemon: {said} (at {at})"), restart());
                }
            }
        }
        Reached::Silent => hangs(&place, report),
        Reached::Away => away(&place, must_run, report),
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
    None
}

fn hangs(place: &Place, report: &mut Report) {
    let at = place.socket.display();
    report.problem(format!("{} at {at}", place.silence()), restart());
}

/// Who may connect (contract 4.3): at one's own socket nobody else, at a server's its group.
fn modes(socket: &Path, of_server: bool, report: &mut Report) {
    let own = !of_server && !socket.starts_with(SYSTEM);
    let (rest, whose) = if own { (0o077, "go") } else { (0o007, "o") };
    let mode_of = |path: &Path| path.symlink_metadata().ok().map(|m| m.mode() & 0o777);
    if let Some(mode) = mode_of(socket).filter(|mode| mode & rest != 0) {
        report.problem(
            format!("others may connect to {} (mode {mode:o})", socket.display()),
            format!("chmod {whose}-rwx {}", crate::page::shell_word(socket)),
        );
    }
    let folder = socket.parent().filter(|_| own);
    if let Some((folder, mode)) = folder.and_then(|f| Some((f, mode_of(f)?)))
        && mode & rest != 0
    {
        let at = folder.display();
        report.problem(
            format!("others may enter {at}, where the socket is (mode {mode:o})"),
            format!("chmod 700 {}", crate::page::shell_word(folder)),
        );
    }
}

fn away(place: &Place, must_run: bool, report: &mut Report) {
    let path = &place.socket;
    let at = path.display();
    if let Some(lost) = lost_at(place) {
        let what = format!("no daemon can be reached at {at}: {lost}");
        return report.problem(what, restart());
    }
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
    } else if let Some(closed) = closed(path) {
        report.note(format!(
            "no daemon runs, and none can: {} is not to be written to; every hook judges by \
             itself. Set LYCHGATE_STATE_DIR or XDG_RUNTIME_DIR to a folder of yours",
            closed.display()
        ));
    } else {
        report.note("no daemon runs; the first hook starts one");
    }
}

/// The folder that would have to be written to for a socket at `path`, where that cannot be done.
fn closed(path: &Path) -> Option<&Path> {
    let folder = path.ancestors().skip(1).find(|folder| folder.is_dir())?;
    let wanted = Access::WRITE_OK | Access::EXEC_OK;
    rustix::fs::access(folder, wanted)
        .is_err()
        .then_some(folder)
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
    if let Some(distrust) = of("distrust:") {
        let (what, help) = distrust.split_once(FOLDED_HELP).unwrap_or((distrust, ""));
        forgets(what, help, report);
    }
    if let Some(unkept) = of("key:").and_then(|key| key.strip_prefix("of this process: ")) {
        let (what, help) = unkept.split_once(FOLDED_HELP).unwrap_or((unkept, ""));
        report.problem(
            format!("no fingerprints, and nothing is remembered: {what}"),
            format!("{help}\n{}", restart()),
        );
    }
    if let Some(failed) = of("self-test:").filter(|said| said.contains(" failed: ")) {
        report.problem(format!("the daemon's own self-test: {failed}"), restart());
    }
    for note in lines.iter().filter_map(|line| line.strip_prefix("note: ")) {
        report.note(note);
    }
    let not_ready = of("state:") == Some("not-ready");
    for problem in lines
        .iter()
        .filter_map(|line| line.strip_prefix("problem: "))
    {
        let what = if not_ready {
            "the daemon judges nothing"
        } else {
            "the daemon keeps its old rules"
        };
        let (problem, help) = problem.split_once(FOLDED_HELP).unwrap_or((problem, ""));
        let gap = if help.is_empty() { "" } else { "; " };
        let file = problem.split(": ").next().unwrap_or_default();
        let file = file.split(':').next().unwrap_or_default();
        let mend = match help.starts_with("chmod ") {
            true => format!("{help} && lychgate daemon reload"),
            false => format!("edit {file}, then: lychgate daemon reload"),
        };
        report.problem(format!("{what}: {problem}{gap}{help}"), mend);
    }
}

/// Whether a daemon of this user would believe what is kept, where none says so itself.
pub(super) fn state(around: &Surroundings, report: &mut Report) {
    let folder = around.folders().state_folder();
    if let Some(Err(distrust)) = folder.map(|folder| lychgate_judge::look(&folder)) {
        forgets(&distrust.to_string(), &distrust.mend(), report);
    }
}

/// What is kept of objects that were judged is not believed.
fn forgets(what: &str, mend: &str, report: &mut Report) {
    report.problem(
        format!("what was judged before is not remembered: {what}"),
        format!("{mend}\n{}", restart()),
    );
}

fn mend(distrust: &Distrust) -> String {
    let quoted = |path: &Path| crate::page::shell_word(path);
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

pub(super) fn restart() -> String {
    "lychgate daemon stop; lychgate daemon start".to_owned()
}
