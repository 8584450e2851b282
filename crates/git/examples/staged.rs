//! Prints what is staged in the repository around the current folder, and what finding out cost:
//! page faults, and microseconds. For measuring.

use std::io::Write as _;
use std::ops::ControlFlow;
use std::time::Instant;

use lychgate_git::{Environment, Repository, staged};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let faults = page_faults();
    let start = Instant::now();
    let environment = Environment::new(std::env::current_dir()?, std::env::vars_os());
    let repo = Repository::open(&environment)?;
    let opened = (page_faults(), start.elapsed().as_micros());
    let mut changes = Vec::new();
    staged(&repo, &mut |change| {
        changes.push(change);
        ControlFlow::Continue(())
    })?;
    let ended = (page_faults(), start.elapsed().as_micros());
    let mut out = std::io::stdout().lock();
    if std::env::args().any(|argument| argument == "--list") {
        for change in &changes {
            writeln!(out, "{}", change.path)?;
        }
    }
    writeln!(
        out,
        "{} changes; opening {} faults, {} us; staged {} faults, {} us",
        changes.len(),
        opened.0 - faults,
        opened.1,
        ended.0 - opened.0,
        ended.1 - opened.1,
    )?;
    Ok(())
}

/// Minor faults of this process so far.
fn page_faults() -> u64 {
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap_or_default();
    // The name of the program may hold blanks; the state follows its closing parenthesis.
    let mut fields = stat
        .rsplit(')')
        .next()
        .unwrap_or_default()
        .split_whitespace();
    fields
        .nth(7)
        .and_then(|field| field.parse().ok())
        .unwrap_or_default()
}
