//! `lychgate`: what people type.

mod args;
mod ask_git;
mod baseline;
mod check;
mod daemon;
mod doctor;
mod explain;
mod failure;
mod here;
mod import;
mod install;
mod judge_hook;
mod page;
mod regular;
mod report;
mod rules;
mod surroundings;
mod today;

use std::io::Write as _;
use std::process::ExitCode;

use clap::Parser as _;
use lychgate_model::exit;

use args::{Command, CommandLine};
use failure::{Failure, Kind};
use surroundings::Surroundings;

fn main() -> ExitCode {
    let line = match CommandLine::try_parse() {
        Ok(line) => line,
        Err(told) => return misread(&told),
    };
    // Some commands scan in this process, and a hook may have it judge in a daemon's stead.
    lychgate_client::process::no_core_dumps();
    // A panic's message can quote what was scanned: only its place is told.
    std::panic::set_hook(Box::new(|panic| {
        let at = panic
            .location()
            .map_or_else(String::new, |l| format!(" at {}:{}", l.file(), l.line()));
        let _ = writeln!(std::io::stderr(), "lychgate: a bug{at}");
    }));
    let said = std::panic::catch_unwind(|| run(&line.command));
    let said = said.unwrap_or_else(|_| Err(Failure::new(Kind::Incomplete, "not done: a bug")));
    let said = said.unwrap_or_else(|failure| Said {
        out: String::new(),
        err: failure.text(),
        code: failure.exit(),
    });
    ExitCode::from(said.print())
}

/// Help that was asked for, or a command line that cannot be understood, on lines that fit the page.
fn misread(told: &clap::Error) -> ExitCode {
    if !told.use_stderr() {
        told.exit();
    }
    let fitting = |line: &str| {
        let text = line.trim_start();
        let indent = " ".repeat(line.len() - text.len());
        match line.len() > lychgate_model::limits::COLUMNS {
            true => page::wrapped(text, &indent, &format!("{indent}  ")),
            false => format!("{line}\n"),
        }
    };
    let page: String = told.render().to_string().lines().map(fitting).collect();
    let _ = std::io::stderr().lock().write_all(page.as_bytes());
    ExitCode::from(exit::USAGE)
}

fn run(command: &Command) -> Result<Said, Failure> {
    let around = Surroundings::of_process()?;
    Ok(match command {
        Command::Install(wanted) => Said::lines(&install::install(&around, wanted)?),
        Command::Uninstall(target) => Said::lines(&install::uninstall(&around, target)?),
        Command::Doctor(wanted) => {
            let (out, code) = doctor::run(&around, wanted)?;
            Said {
                out,
                err: String::new(),
                code,
            }
        }
        Command::Status => Said::lines(&daemon::status(&around)?),
        Command::Check(wanted) => {
            let (out, err, code) = check::run(&around, wanted)?;
            Said { out, err, code }
        }
        Command::Baseline(wanted) => baseline::run(&around, wanted)?,
        Command::Import(wanted) => import::run(&around, wanted)?,
        Command::Rules(wanted) => rules::run(&around, wanted.command.as_ref())?,
        Command::Explain(wanted) => Said {
            out: explain::run(&around, wanted)?,
            err: String::new(),
            code: exit::ALLOW,
        },
        Command::Daemon(wanted) => {
            let (lines, code) = daemon::run(&around, wanted.command)?;
            Said {
                code,
                ..Said::lines(&lines)
            }
        }
        Command::JudgeHook(asked) => {
            let code = judge_hook::run(&around, asked)?;
            Said {
                out: String::new(),
                err: String::new(),
                code,
            }
        }
    })
}

/// What a command says when it is done.
struct Said {
    out: String,
    err: String,
    code: u8,
}

impl Said {
    /// Lines of what was done, to standard output.
    fn lines(lines: &[String]) -> Self {
        let out = lines.iter().map(|line| page::plain(line) + "\n").collect();
        Self {
            out,
            err: String::new(),
            code: exit::ALLOW,
        }
    }

    /// Prints, and gives the exit code.
    fn print(&self) -> u8 {
        let _ = std::io::stderr().lock().write_all(self.err.as_bytes());
        let mut stdout = std::io::stdout().lock();
        match stdout
            .write_all(self.out.as_bytes())
            .and_then(|()| stdout.flush())
        {
            // A report nobody got whole is none. A reader that had enough (`| head`) is not told.
            Err(error) if self.code == exit::ALLOW && !self.out.is_empty() => {
                if error.kind() == std::io::ErrorKind::BrokenPipe {
                    return exit::ALLOW;
                }
                exit::INDETERMINATE
            }
            _ => self.code,
        }
    }
}
