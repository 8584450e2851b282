//! What a client does when no daemon can be had: as it was told at installation.

use std::ffi::{OsStr, OsString};
use std::fs::{DirBuilder, File};
use std::io::{self, Write as _};
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::SystemTime;

use lychgate_client::conf::{self, Conf, Unavailable};
use lychgate_client::hooked::{count_refs, reads_stdin};
use lychgate_client::locate::{Folders, keeps_for_daemon};
use lychgate_model::path::printable;

use crate::failure::{Away, Failure, asked};
use crate::invocation::Invocation;
use crate::voice::Voice;
use crate::{handed, process};

/// The program that judges in process.
const PROGRAM: &str = "lychgate";
/// What was allowed without having been judged, one line each, in the state folder.
const RECORD: &str = "unjudged.log";

/// Allows what nobody judged (`Ok`), when that is what was chosen and could be recorded.
pub(crate) fn instead(
    invocation: &Invocation,
    conf: Option<&Conf>,
    folders: &Folders,
    input: &[u8],
    away: Away,
) -> Result<(), Failure> {
    match conf.map(|c| c.unavailable).unwrap_or_default() {
        Unavailable::InProcess => {
            // Nothing else would tell that every hook waits for it in vain.
            if matches!(away, Away::Hung) {
                Voice::new(invocation).sentence(
                    "lychgate: the daemon does not answer: judged without it (lychgate doctor)",
                );
            }
            Err(in_process(invocation, conf, input))
        }
        Unavailable::Deny => Err(Failure::Away(away)),
        Unavailable::AllowRecorded => {
            record(invocation, folders, &away).map_err(Failure::Record)?;
            let what = asked(invocation.hook);
            let said = format!(
                "lychgate: {what} not checked: {away}; \
                allowed, and recorded in {RECORD} of the state folder"
            );
            Voice::new(invocation).sentence(&said);
            Ok(())
        }
    }
}

/// Becomes the `lychgate` that asks the same question in process. Comes back only to say why that
/// was not possible.
fn in_process(invocation: &Invocation, conf: Option<&Conf>, input: &[u8]) -> Failure {
    let program = match conf.and_then(|c| c.lychgate.clone()) {
        Some(program) => Ok(program),
        None => process::own_folder().map(|folder| folder.join(PROGRAM)),
    };
    let attempt = |program: &Path| -> io::Result<Command> {
        let mut command = Command::new(program);
        command.arg("judge-hook").arg(invocation.hook.name());
        if conf.is_some() {
            let path = std::path::absolute(invocation.folder.join(conf::FILE))?;
            command.arg("--conf").arg(path);
        }
        command.arg("--stdin-bytes").arg(input.len().to_string());
        command
            .arg("--stdin-refs")
            .arg(count_refs(input).to_string());
        command.arg("--").args(&invocation.arguments);
        let kept = invocation.variables.iter().filter(|(name, _)| keeps(name));
        command
            .env_clear()
            .envs(kept.map(|(name, value)| (name, value)));
        let stdin = if reads_stdin(invocation.hook) {
            handed::again(input)?
        } else {
            Stdio::null()
        };
        command.stdin(stdin);
        Ok(command)
    };
    let (program, source) = match program {
        Ok(program) => {
            let error = match attempt(&program) {
                Ok(mut command) => command.exec(),
                Err(error) => error,
            };
            (program, error)
        }
        Err(error) => (PathBuf::from(PROGRAM), error),
    };
    Failure::Fallback {
        program: printable(program.as_os_str().as_bytes()),
        source,
    }
}

/// Git's own variables say which repository, index and push are meant, and who makes a commit.
fn keeps(name: &OsStr) -> bool {
    let exact = ["SUDO_UID", "EMAIL"];
    keeps_for_daemon(name)
        || name.as_bytes().starts_with(b"GIT")
        || exact.iter().any(|e| name == *e)
}

fn record(invocation: &Invocation, folders: &Folders, away: &Away) -> io::Result<()> {
    let folder = folders.state_folder().ok_or(io::ErrorKind::NotFound)?;
    DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(&folder)?;
    let file = folder.join(RECORD);
    let mut file = File::options()
        .append(true)
        .create(true)
        .mode(0o600)
        .open(file)?;
    let now = SystemTime::now()
        .duration_since(SystemTime::UNIX_EPOCH)
        .unwrap_or_default();
    let here = std::env::current_dir()
        .map(OsString::from)
        .unwrap_or_default();
    let line = format!(
        "{} {} {} {away}\n",
        now.as_secs(),
        invocation.hook.name(),
        printable(here.as_bytes()),
    );
    file.write_all(line.as_bytes())
}
