//! The process behind a socket: it holds the lock, be it that the socket is gone or that nobody
//! answers there.
//!
//! Nothing here takes the lock, not even for a moment: a daemon that starts just then would
//! leave, taking this process for another one.

use std::fs::{File, Metadata};
use std::io::Read as _;
use std::os::fd::OwnedFd;
use std::os::unix::fs::{MetadataExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, Timespec};
use rustix::fs::OFlags;
use rustix::process::{Pid, PidfdFlags, Signal};

use super::PROGRAM;

/// What the kernel adds to the name of a program that was replaced since it started.
const REPLACED: &str = " (deleted)";

/// What a daemon that drains adds below its pid.
const DRAINS: &str = "drains";

/// How long a process that was killed may take to be gone.
const KILLED: Duration = Duration::from_secs(5);

/// The process that holds the lock: a daemon of this user.
#[derive(Debug)]
pub(super) struct Holder {
    /// Its process id.
    pub(super) pid: i32,
    // Means this process for ever, whoever gets its number next.
    process: OwnedFd,
}

impl Holder {
    /// Who holds the lock of `socket`; `None`: nobody, or nobody that `uid` may end.
    pub(super) fn of(socket: &Path, uid: u32) -> Option<Self> {
        Self::noted(socket, uid, false)
    }

    /// Who held it last, has let it go and is about to end: it answers its last sessions.
    pub(super) fn draining(socket: &Path, uid: u32) -> Option<Self> {
        Self::noted(socket, uid, true)
    }

    fn noted(socket: &Path, uid: u32, draining: bool) -> Option<Self> {
        let Noted {
            pid: number,
            drains,
            lock,
        } = noted(socket)?;
        if drains != draining {
            return None;
        }
        let pid = Pid::from_raw(number)?;
        let process = rustix::process::pidfd_open(pid, PidfdFlags::empty()).ok()?;
        let about = PathBuf::from(format!("/proc/{number}"));
        if about.metadata().ok()?.uid() != uid {
            return None;
        }
        let program = about.join("exe").read_link().ok()?;
        let name = program.file_name()?.to_str()?;
        if name.strip_suffix(REPLACED).unwrap_or(name) != PROGRAM {
            return None;
        }
        let same = |open: &Metadata| (open.dev(), open.ino()) == (lock.dev(), lock.ino());
        let mut open = about.join("fd").read_dir().ok()?;
        let holds = open.any(|fd| fd.is_ok_and(|fd| fd.path().metadata().is_ok_and(|m| same(&m))));
        holds.then_some(Self {
            pid: number,
            process,
        })
    }

    /// Asks it to end and waits until it lets the lock of `socket` go; kills it after `patience`,
    /// at once where it is stopped: it could neither judge nor end.
    pub(super) fn end(
        &self,
        socket: &Path,
        uid: u32,
        patience: Duration,
    ) -> std::io::Result<Ended> {
        rustix::process::pidfd_send_signal(&self.process, Signal::TERM)?;
        let patience = match self.is_stopped() {
            true => Duration::ZERO,
            false => patience,
        };
        if self.lets_go(socket, uid, patience) {
            return Ok(Ended::Asked);
        }
        rustix::process::pidfd_send_signal(&self.process, Signal::KILL)?;
        Ok(match self.lets_go(socket, uid, KILLED) {
            true => Ended::Killed,
            false => Ended::Not,
        })
    }

    /// Waits until it has ended, for as long as `patience`; whether it has.
    pub(super) fn is_gone(&self, patience: Duration) -> bool {
        let mut ended = [PollFd::new(&self.process, PollFlags::IN)];
        let patience = Timespec::try_from(patience).ok();
        rustix::event::poll(&mut ended, patience.as_ref()).is_ok_and(|ready| ready > 0)
    }

    fn lets_go(&self, socket: &Path, uid: u32, patience: Duration) -> bool {
        let deadline = Instant::now() + patience;
        while Self::of(socket, uid).is_some_and(|holder| holder.pid == self.pid) {
            if Instant::now() >= deadline {
                return false;
            }
            std::thread::sleep(Duration::from_millis(5));
        }
        true
    }

    fn is_stopped(&self) -> bool {
        let about = std::fs::read_to_string(format!("/proc/{}/stat", self.pid));
        // The name of the program stands before the state, in brackets, and may hold anything.
        about.is_ok_and(|about| {
            about
                .rsplit(") ")
                .next()
                .is_some_and(|s| s.starts_with('T'))
        })
    }
}

/// How a daemon ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Ended {
    /// By itself, when it was asked.
    Asked,
    /// Killed.
    Killed,
    /// Not at all.
    Not,
}

/// What stands in the lock file, and the file.
struct Noted {
    pid: i32,
    drains: bool,
    lock: Metadata,
}

fn noted(socket: &Path) -> Option<Noted> {
    let mut path = socket.as_os_str().to_owned();
    path.push(".lock");
    let flags = OFlags::NOFOLLOW | OFlags::NONBLOCK;
    let file = File::options()
        .read(true)
        .custom_flags(i32::try_from(flags.bits()).ok()?)
        .open(path)
        .ok()?;
    let lock = file.metadata().ok().filter(Metadata::is_file)?;
    let mut text = String::new();
    file.take(16).read_to_string(&mut text).ok()?;
    let (pid, drains) = match text.trim_end().split_once('\n') {
        Some((pid, DRAINS)) => (pid, true),
        Some(_) => return None,
        None => (text.trim_end(), false),
    };
    let pid = pid.parse().ok()?;
    // Others mean groups of processes.
    (pid > 0).then_some(Noted { pid, drains, lock })
}
