//! Starting a daemon on first use: once, however many hooks find none at the same moment.

use std::ffi::OsString;
use std::fs::{DirBuilder, File};
use std::io;
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use rustix::fs::{FlockOperation, flock};

use crate::connect::{Outcome, connect};
use crate::descriptors;
use crate::locate::keeps_for_daemon;
use crate::trust::{self, Distrust, Trusted};

/// The daemon's program, in the folder of the program that starts it.
pub const PROGRAM: &str = "lychgated";

/// Whoever holds this file's lock starts the daemon; the others wait for it.
const LOCK: &str = "lychgated.spawn";

/// How long a daemon that left for another one's sake is waited for in that other one's place.
/// Between taking its lock and listening, the other needs a few milliseconds; one that holds the
/// lock for longer has lost its socket.
const SETTLE: Duration = Duration::from_millis(200);

/// A daemon to be started.
#[derive(Clone, Copy, Debug)]
pub struct Spawn<'a> {
    /// The folder of the running program, resolved; never a folder of `PATH`.
    pub beside: &'a Path,
    /// Where it shall listen.
    pub socket: &'a Path,
    /// Where it shall keep its state.
    pub state: &'a Path,
    /// The variables of this process; few of them are handed on.
    pub variables: &'a [(OsString, OsString)],
    /// Whose daemon is believed.
    pub trusted: Trusted<'a>,
}

/// A daemon that listens.
#[derive(Debug)]
pub struct Started {
    /// A connection with it.
    pub stream: UnixStream,
    /// Whether this process started it, and not another one in the meantime.
    pub by_us: bool,
}

impl Spawn<'_> {
    /// Starts the daemon, or waits for the one that another process is starting, until `deadline`.
    pub fn start(&self, deadline: Instant) -> Result<Started, Error> {
        let folder = self
            .socket
            .parent()
            .ok_or(Error::Folder(io::ErrorKind::NotFound.into()))?;
        self.make(folder).map_err(Error::Folder)?;
        trust::folder(folder, self.trusted).map_err(Error::Untrusted)?;
        let lock = File::options()
            .write(true)
            .create(true)
            .truncate(false)
            .mode(0o600)
            .open(folder.join(LOCK))
            .map_err(Error::Folder)?;
        if flock(&lock, FlockOperation::NonBlockingLockExclusive).is_err() {
            return self.wait_for(&lock, deadline);
        }
        // Between our first attempt and the lock somebody may have finished.
        match connect(self.socket, self.trusted, deadline) {
            Outcome::Listening(stream) => Ok(Started {
                stream,
                by_us: false,
            }),
            Outcome::NotOurs(distrust) => Err(Error::Untrusted(distrust)),
            _ => self.wait(self.launch()?, deadline),
        }
    }

    /// Nothing is made above the folder, except on the way to the state folder: that may well be
    /// the first of its kind in a new home.
    fn make(&self, folder: &Path) -> io::Result<()> {
        let mut builder = DirBuilder::new();
        builder
            .mode(0o700)
            .recursive(folder.starts_with(self.state));
        match builder.create(folder) {
            Err(e) if e.kind() == io::ErrorKind::AlreadyExists => Ok(()),
            done => done,
        }
    }

    fn launch(&self) -> Result<Child, Error> {
        let program = self.beside.join(PROGRAM);
        descriptors::close_on_exec();
        let kept = self
            .variables
            .iter()
            .filter(|(name, _)| keeps_for_daemon(name));
        Command::new(&program)
            .arg("--socket")
            .arg(self.socket)
            .arg("--state-dir")
            .arg(self.state)
            .arg("--spawned")
            .env_clear()
            .envs(kept.map(|(name, value)| (name, value)))
            .current_dir("/")
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .map_err(|source| Error::Launch { program, source })
    }

    /// Waits for the daemon that is `child`, or for the one whose lock made `child` leave.
    fn wait(&self, mut child: Child, deadline: Instant) -> Result<Started, Error> {
        let mut until = deadline;
        let mut left = false;
        let mut pause = Pause::default();
        loop {
            if let Some(stream) = self.listening(deadline)? {
                let by_us = !left;
                return Ok(Started { stream, by_us });
            }
            if !left && let Ok(Some(status)) = child.try_wait() {
                // One that finds another in its place leaves with success.
                if !status.success() {
                    return Err(Error::Died(status.to_string()));
                }
                left = true;
                until = deadline.min(Instant::now() + SETTLE);
            }
            match pause.sleep(until) {
                Ok(()) => {}
                Err(Over) if left => return Err(Error::Held),
                Err(Over) => return Err(Error::Late),
            }
        }
    }

    /// Waits for the daemon that the holder of `lock` starts, and no longer than the holder does.
    fn wait_for(&self, lock: &File, deadline: Instant) -> Result<Started, Error> {
        let mut pause = Pause::default();
        loop {
            // In this order: the holder lets go after its daemon listens, or gave up.
            let given_up = flock(lock, FlockOperation::NonBlockingLockExclusive).is_ok();
            if let Some(stream) = self.listening(deadline)? {
                let by_us = false;
                return Ok(Started { stream, by_us });
            }
            if given_up {
                return Err(Error::GivenUp);
            }
            pause.sleep(deadline).map_err(|Over| Error::Late)?;
        }
    }

    fn listening(&self, deadline: Instant) -> Result<Option<UnixStream>, Error> {
        match connect(self.socket, self.trusted, deadline) {
            Outcome::Listening(stream) => Ok(Some(stream)),
            Outcome::NotOurs(distrust) => Err(Error::Untrusted(distrust)),
            Outcome::Refused | Outcome::NoSocket | Outcome::Other(_) => Ok(None),
        }
    }
}

/// Pauses that grow, so that a quick start is seen at once and a slow one costs little.
struct Pause(Duration);

/// There was no time left.
struct Over;

impl Default for Pause {
    fn default() -> Self {
        Self(Duration::from_millis(1))
    }
}

impl Pause {
    fn sleep(&mut self, until: Instant) -> Result<(), Over> {
        let left = until.saturating_duration_since(Instant::now());
        if left.is_zero() {
            return Err(Over);
        }
        std::thread::sleep(self.0.min(left));
        self.0 = (self.0 * 3 / 2).min(Duration::from_millis(20));
        Ok(())
    }
}

/// Why no daemon could be started.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The folder of the socket cannot be made or written.
    #[error("cannot make the socket's folder")]
    Folder(#[source] io::Error),
    /// Somebody else could listen there.
    #[error("the socket's place is not safe")]
    Untrusted(#[source] Distrust),
    /// The program does not run.
    #[error("cannot run {}", trust::shown(.program))]
    Launch {
        /// Its path.
        program: PathBuf,
        /// What the operating system said.
        #[source]
        source: io::Error,
    },
    /// It ended at once.
    #[error("the daemon ended at once ({0})")]
    Died(String),
    /// Another one holds the daemon's lock, and nobody can reach it.
    #[error("a daemon that lost its socket holds the lock")]
    Held,
    /// Another process wanted to start it and let it be.
    #[error("another process tried to start the daemon and gave up")]
    GivenUp,
    /// It did not listen in time.
    #[error("the daemon did not start in time")]
    Late,
}
