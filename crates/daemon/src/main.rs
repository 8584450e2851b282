//! `lychgated`: keeps rules warm and judges what hooks send over a Unix socket.
//!
//! One thread does all I/O and waiting and never scans; a pool of threads scans and never does
//! I/O. Read in this order: `serve` accepts, `session` is one client, `pool` is who is served
//! next, `reload` is where rules come from, `control` is what `lychgate status` sees.

mod arguments;
mod budget;
mod control;
mod daemon;
mod failure;
mod listen;
mod peer;
mod pool;
mod process;
mod queue;
mod reload;
mod serve;
mod session;
mod telemetry;
mod watched;

use std::io::Write as _;
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;

use tokio::sync::mpsc;

use crate::arguments::{Arguments, Command};
use crate::daemon::Daemon;
use crate::failure::Failure;
use crate::listen::Attempt;
use crate::pool::Pool;

/// Version of this program, as it says in its Hello.
pub(crate) const BUILD: &str = env!("CARGO_PKG_VERSION");

/// The name of the log in the state folder of a spawned daemon.
const LOG: &str = "lychgated.log";

fn main() -> ExitCode {
    let arguments = match arguments::parse(std::env::args_os().skip(1)) {
        Ok(Command::Serve(arguments)) => arguments,
        Ok(Command::Help) => {
            print!("{}", arguments::USAGE);
            return ExitCode::SUCCESS;
        }
        Ok(Command::Version) => {
            println!("lychgated {BUILD}");
            return ExitCode::SUCCESS;
        }
        Err(failure) => {
            eprint!("lychgated: {failure}\n{}", arguments::USAGE);
            return ExitCode::from(failure.exit_code());
        }
    };
    match run(arguments) {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            // Whoever started it may have stopped reading long ago.
            let _ = writeln!(std::io::stderr(), "lychgated: {failure}");
            ExitCode::from(failure.exit_code())
        }
    }
}

fn run(mut arguments: Arguments) -> Result<(), Failure> {
    // Before anything opens a descriptor.
    let passed = if arguments.activated {
        Some(process::passed_socket()?)
    } else {
        None
    };
    if arguments.spawned {
        process::detach()?;
    }
    let room = process::harden();
    read_environment(&mut arguments)?;

    let endpoint = match (passed, &arguments.socket) {
        (Some(passed), _) => listen::adopt(passed)?,
        (None, Some(path)) => {
            match listen::bind(path, arguments.mode.unwrap_or(0o600), arguments.group)? {
                Attempt::Listening(endpoint) => endpoint,
                Attempt::AnotherInstance => return Ok(()),
            }
        }
        (None, None) => return Err(Failure::Usage("--socket PATH is missing".into())),
    };
    start_log(&arguments)?;
    telemetry::log_panics_by_place();
    process::leave_folder()?;

    let pool = Pool::start().map_err(|e| Failure::system("start threads", "", e))?;
    let (reload, requests) = mpsc::channel(4);
    let daemon = Arc::new(Daemon::new(arguments, &endpoint, room, pool, reload));
    tracing::info!(build = BUILD, pid = std::process::id(), "listening");

    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build();
    let runtime = runtime.map_err(|e| Failure::system("start the reactor", "", e))?;
    let served = runtime.block_on(async {
        tokio::spawn(reload::keep(Arc::clone(&daemon), requests));
        serve::run(&daemon, endpoint).await
    });
    tracing::info!("stopped");
    served
}

/// `LYCHGATE_CONFIG` names one more file that adds to the organisation's (contract 4.4). The
/// working folder is about to change, so every path is made absolute.
fn read_environment(arguments: &mut Arguments) -> Result<(), Failure> {
    if let Some(file) = std::env::var_os("LYCHGATE_CONFIG").filter(|file| !file.is_empty()) {
        let file = PathBuf::from(file);
        if !arguments.config.contains(&file) {
            arguments.config.push(file);
        }
    }
    let places = [
        &mut arguments.socket,
        &mut arguments.state_dir,
        &mut arguments.log,
    ];
    for path in places.into_iter().flatten().chain(&mut arguments.config) {
        *path = std::path::absolute(&*path)
            .map_err(|e| Failure::system("find the folder of", path.clone(), e))?;
    }
    Ok(())
}

/// A spawned daemon has no standard error: it logs into its state folder.
fn start_log(arguments: &Arguments) -> Result<(), Failure> {
    let level = std::env::var("LYCHGATE_LOG").ok();
    let in_state = arguments.state_dir.as_ref().filter(|_| arguments.spawned);
    let file = arguments
        .log
        .clone()
        .or_else(|| in_state.map(|dir| dir.join(LOG)));
    if let (Some(dir), None) = (in_state, &arguments.log) {
        // What cannot be created cannot be logged to, and a log is not worth a refusal.
        use std::os::unix::fs::DirBuilderExt as _;
        let _ = std::fs::DirBuilder::new()
            .recursive(true)
            .mode(0o700)
            .create(dir);
        if telemetry::start(file.as_deref(), level.as_deref()).is_err() {
            return telemetry::start(None, level.as_deref());
        }
        return Ok(());
    }
    telemetry::start(file.as_deref(), level.as_deref())
}
