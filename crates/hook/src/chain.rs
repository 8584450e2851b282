//! The hook that stood here before runs too: with the same input, arguments and environment.

use std::ffi::OsStr;
use std::io;
use std::os::unix::process::{CommandExt as _, ExitStatusExt as _};
use std::path::Path;
use std::process::{Command, ExitStatus, Stdio};

use lychgate_client::conf::{self, Conf};
use lychgate_client::hooked::reads_stdin;
use lychgate_model::path::printable;

use crate::failure::Failure;
use crate::handed;
use crate::invocation::Invocation;

/// Runs the previous hook, if there was one, and gives its code unless it was successful.
pub(crate) fn run(
    invocation: &Invocation,
    conf: &Conf,
    input: &[u8],
) -> Result<Option<u8>, Failure> {
    let Some(name) = conf.chained_for(invocation.hook.name()) else {
        return Ok(None);
    };
    let folder = &invocation.folder;
    // By its own name: the kernel tells a script nothing else of how it was called.
    let path = conf::under_own_name(folder, invocation.hook.name(), &name)
        .unwrap_or_else(|| folder.join(&name));
    match status(invocation, &path, input) {
        Ok(status) => Ok(failed(status)),
        Err(source) => {
            let name = printable(name.as_encoded_bytes());
            Err(Failure::Chained { name, source })
        }
    }
}

fn status(invocation: &Invocation, path: &Path, input: &[u8]) -> io::Result<ExitStatus> {
    let mut command = Command::new(path);
    command.arg0(&invocation.zeroth);
    match finish(command, invocation, input) {
        // Git runs a file without interpreter line with the shell.
        Err(e) if e.raw_os_error() == Some(rustix::io::Errno::NOEXEC.raw_os_error()) => {
            let mut command = Command::new(OsStr::new("/bin/sh"));
            command.arg(path);
            finish(command, invocation, input)
        }
        done => done,
    }
}

fn finish(mut command: Command, invocation: &Invocation, input: &[u8]) -> io::Result<ExitStatus> {
    let input = if reads_stdin(invocation.hook) {
        handed::again(input)?
    } else {
        Stdio::inherit()
    };
    command.args(&invocation.arguments).stdin(input).status()
}

/// The code a shell would give; `None`: success.
fn failed(status: ExitStatus) -> Option<u8> {
    if status.success() {
        return None;
    }
    let code = status.code().or(status.signal().map(|s| 128 + s));
    Some(
        code.and_then(|c| u8::try_from(c).ok())
            .unwrap_or(lychgate_model::exit::DENY),
    )
}
