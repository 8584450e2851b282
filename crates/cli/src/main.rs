//! `lychgate`: what people type.

mod args;
mod ask_git;
mod failure;
mod install;
mod page;
mod surroundings;

use std::io::Write as _;
use std::process::ExitCode;

use clap::Parser as _;

use args::{Command, CommandLine};
use failure::Failure;
use surroundings::Surroundings;

fn main() -> ExitCode {
    let line = CommandLine::parse();
    match run(&line.command) {
        Ok(code) => ExitCode::from(code),
        Err(failure) => {
            let _ = std::io::stderr().lock().write_all(failure.text().as_bytes());
            ExitCode::from(failure.exit())
        }
    }
}

fn run(command: &Command) -> Result<u8, Failure> {
    let around = Surroundings::of_process()?;
    match command {
        Command::Install(wanted) => install::install(&around, wanted).map(say),
        Command::Uninstall(target) => install::uninstall(&around, target).map(say),
        _ => Ok(0),
    }
}

/// Prints what was done, to standard output.
fn say(lines: Vec<String>) -> u8 {
    let text: String = lines.iter().map(|line| page::plain(line) + "\n").collect();
    let _ = std::io::stdout().lock().write_all(text.as_bytes());
    lychgate_model::exit::ALLOW
}
