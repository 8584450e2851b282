//! The command line. Few options and no abbreviations: programs write it, seldom people.

use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::OsStrExt as _;
use std::path::PathBuf;
use std::time::Duration;

use crate::failure::Failure;

pub(crate) const USAGE: &str = "\
usage: lychgated --socket PATH [--state-dir DIR] [--config FILE]...
                 [--spawned | --activated] [--idle SECONDS]
                 [--mode OCTAL] [--group GID] [--log FILE]

  --socket PATH     where to listen (not with --activated)
  --state-dir DIR   key, cache and reports; without it nothing is kept
  --config FILE     adds to the organisation's file, never loosens it
  --spawned         started by a hook: own session, silent, exits when idle
  --activated       the service manager hands over the listening socket
  --idle SECONDS    exit after so long without a session; 0: never
  --mode OCTAL      mode of the socket (0600)
  --group GID       group of the socket
  --log FILE        log there instead of standard error
  --inject-delay T  for tests: what contains T takes longer to read
  --inject-fault T  for tests: a scan of an object that contains T fails
";

/// What the daemon was told.
#[derive(Clone, Debug, Default)]
pub(crate) struct Arguments {
    pub(crate) socket: Option<PathBuf>,
    pub(crate) state_dir: Option<PathBuf>,
    pub(crate) config: Vec<PathBuf>,
    pub(crate) spawned: bool,
    pub(crate) activated: bool,
    /// `None`: not said. Zero: never.
    pub(crate) idle: Option<Duration>,
    pub(crate) mode: Option<u32>,
    pub(crate) group: Option<u32>,
    pub(crate) log: Option<PathBuf>,
    pub(crate) fault: Option<Vec<u8>>,
    pub(crate) delay: Option<Vec<u8>>,
}

/// What to do.
pub(crate) enum Command {
    Serve(Arguments),
    Help,
    Version,
}

/// Reads the command line, without the program's name.
pub(crate) fn parse(given: impl Iterator<Item = OsString>) -> Result<Command, Failure> {
    let mut given = given;
    let mut all = Arguments::default();
    while let Some(option) = given.next() {
        let name = option.to_string_lossy().into_owned();
        let mut value = || {
            given
                .next()
                .ok_or(Failure::Usage(format!("{name} needs a value")))
        };
        match option.as_bytes() {
            b"--help" | b"-h" => return Ok(Command::Help),
            b"--version" | b"-V" => return Ok(Command::Version),
            b"--socket" => all.socket = Some(value()?.into()),
            b"--state-dir" => all.state_dir = Some(value()?.into()),
            b"--config" => all.config.push(value()?.into()),
            b"--log" => all.log = Some(value()?.into()),
            b"--spawned" => all.spawned = true,
            b"--activated" => all.activated = true,
            b"--idle" => {
                all.idle = Some(Duration::from_secs(number(&name, &value()?, 10)?.into()));
            }
            b"--mode" => all.mode = Some(mode(&name, &value()?)?),
            b"--group" => all.group = Some(number(&name, &value()?, 10)?),
            b"--inject-delay" => all.delay = Some(value()?.as_bytes().to_vec()),
            b"--inject-fault" => all.fault = Some(value()?.as_bytes().to_vec()),
            _ => return Err(Failure::Usage(format!("unknown argument {name}"))),
        }
    }
    match (&all.socket, all.activated, all.spawned) {
        (None, false, _) => Err(Failure::Usage("--socket PATH is missing".into())),
        (Some(_), true, _) => Err(Failure::Usage(
            "--activated brings its own socket: leave out --socket".into(),
        )),
        (_, true, true) => Err(Failure::Usage(
            "--activated and --spawned exclude each other".into(),
        )),
        _ => Ok(Command::Serve(all)),
    }
}

fn number(name: &str, text: &OsStr, radix: u32) -> Result<u32, Failure> {
    let parsed = text
        .to_str()
        .and_then(|t| u32::from_str_radix(t, radix).ok());
    parsed.ok_or_else(|| Failure::Usage(format!("{name}: {} is no number", text.display())))
}

/// Others may never use the socket: the daemon would answer them, and peer checks are the second
/// wall, not the first.
fn mode(name: &str, text: &OsStr) -> Result<u32, Failure> {
    let mode = number(name, text, 8)?;
    if mode & !0o660 == 0 && mode & 0o600 == 0o600 {
        return Ok(mode);
    }
    Err(Failure::Usage(format!(
        "{name}: {mode:04o} is neither 0600 nor 0660"
    )))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(line: &str) -> Result<Arguments, String> {
        match parse(line.split_whitespace().map(OsString::from)) {
            Ok(Command::Serve(all)) => Ok(all),
            Ok(_) => Err("no arguments".into()),
            Err(failure) => Err(failure.to_string()),
        }
    }

    #[test]
    fn what_clients_write_is_understood() {
        let all = read("--socket /s --state-dir /d --spawned --config a --config b").unwrap();
        assert_eq!(all.config.len(), 2);
        assert!(all.spawned && all.idle.is_none());
        let all = read("--socket /s --mode 0660 --group 7 --idle 0").unwrap();
        assert_eq!(
            (all.mode, all.group, all.idle),
            (Some(0o660), Some(7), Some(Duration::ZERO))
        );
    }

    #[test]
    fn what_cannot_be_meant_is_named() {
        for (line, words) in [
            ("", "--socket PATH is missing"),
            ("--socket", "--socket needs a value"),
            (
                "--socket /s --mode 0666",
                "--mode: 0666 is neither 0600 nor 0660",
            ),
            ("--socket /s --idle x", "--idle: x is no number"),
            ("--socket /s --activated", "leave out --socket"),
            ("--frob", "unknown argument --frob"),
        ] {
            let error = read(line).unwrap_err();
            assert!(error.contains(words), "{line}: {error}");
        }
    }
}
