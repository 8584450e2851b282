//! The three binaries: there, and of one version.

use std::path::Path;
use std::process::{Command, Stdio};

use super::Report;
use crate::install::folder::{self, is_executable};
use crate::surroundings::Surroundings;

/// Looks at the programs beside this one.
pub(super) fn look(around: &Surroundings, report: &mut Report) {
    for name in [folder::PROGRAM, crate::daemon::PROGRAM] {
        let path = around.beside(name);
        if is_executable(&path) {
            compare(&path, report);
        } else if path.is_file() {
            report.problem(
                format!("{} cannot be run: it is not executable", path.display()),
                format!("chmod +x {}", crate::page::shell_word(&path)),
            );
        } else {
            report.problem(format!("there is no {}", path.display()), "./install.sh");
        }
    }
}

/// Whether `program` is of this version.
pub(super) fn compare(program: &Path, report: &mut Report) {
    let ours = env!("CARGO_PKG_VERSION");
    match version(program) {
        Some(theirs) if theirs == ours => {}
        Some(theirs) => report.problem(
            format!(
                "{} is version {theirs}, and lychgate is {ours}",
                program.display()
            ),
            "./install.sh",
        ),
        None => report.problem(
            format!("{} does not say its version", program.display()),
            "./install.sh",
        ),
    }
}

/// The last word of what `--version` says.
fn version(program: &Path) -> Option<String> {
    let done = Command::new(program)
        .arg("--version")
        .env_clear()
        .stdin(Stdio::null())
        .stderr(Stdio::null())
        .output()
        .ok()?;
    let said = String::from_utf8(done.stdout).ok()?;
    let last = said.lines().next()?.split_whitespace().last()?.to_owned();
    done.status.success().then_some(last)
}
