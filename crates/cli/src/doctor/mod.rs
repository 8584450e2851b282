//! `lychgate doctor`: names what keeps the gate from working, and the command that mends it.
//!
//! Looks and asks, and changes nothing. A problem makes the exit code 1; a note does not.

mod canary;
mod daemon;
mod gate;
mod managed;
mod policy;
mod programs;
mod server;

use crate::args;
use crate::ask_git::Git;
use crate::daemon::Place;
use crate::failure::Failure;
use crate::install::client::global_folder;
use crate::install::manifest::Manifest;
use crate::page::{advice, wrapped};
use crate::surroundings::Surroundings;

/// What was found.
#[derive(Default)]
pub(crate) struct Report {
    problems: Vec<(String, String)>,
    notes: Vec<String>,
    well: Vec<String>,
}

impl Report {
    /// The gate does not work: what is wrong, and what mends it.
    fn problem(&mut self, what: impl Into<String>, mend: impl Into<String>) {
        let problem = (what.into(), mend.into());
        if !self.problems.contains(&problem) {
            self.problems.push(problem);
        }
    }

    /// Worth knowing.
    fn note(&mut self, what: impl Into<String>) {
        self.notes.push(what.into());
    }

    /// What was looked at and is as it should be.
    fn well(&mut self, what: impl Into<String>) {
        self.well.push(what.into());
    }

    fn text(&self) -> String {
        let mut out = String::new();
        for (what, mend) in &self.problems {
            out += &wrapped(what, "problem: ", "  ");
            for line in mend.lines() {
                out += &advice(line, "  mend: ", "    ");
            }
        }
        for note in &self.notes {
            out += &wrapped(note, "note: ", "  ");
        }
        for well in &self.well {
            out += &wrapped(well, "ok: ", "  ");
        }
        out
    }
}

/// Looks at everything; gives the page and the exit code.
pub(crate) fn run(around: &Surroundings, wanted: &args::Doctor) -> Result<(String, u8), Failure> {
    let mut report = Report::default();
    programs::look(around, &mut report);
    for name in around.ignored() {
        report.note(format!("{name} is ignored: it is not an absolute path"));
    }
    let git = Git::at(around.cwd());
    let layout = git.layout()?;
    let status = if let Some(folder) = &wanted.server {
        server::look(around, &around.cwd().join(folder), &mut report)?
    } else if let Some(layout) = layout {
        if layout.bare {
            server::look(around, &layout.git_dir, &mut report)?
        } else {
            let conf = gate::look(around, &git, &layout, &mut report)?;
            daemon::look(Place::of_client(around, conf.as_ref()), false, &mut report)
        }
    } else {
        let installed = global_folder(around)
            .map(|f| Manifest::read(&f))
            .transpose()?
            .flatten();
        if installed.is_none() {
            report.problem(
                "this folder is in no Git repository, and no gate stands in all of them",
                "lychgate install --global",
            );
        }
        daemon::look(Place::of_client(around, None), false, &mut report)
    };
    if status.is_none() && wanted.server.is_none() {
        daemon::state(around, &mut report);
    }
    policy::look(around, status.as_deref(), &mut report);
    let code = u8::from(!report.problems.is_empty());
    Ok((report.text(), code))
}
