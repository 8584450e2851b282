//! The way to a judge: a socket, or memory.

use std::cell::Cell;
use std::fmt;
use std::os::unix::net::UnixStream;
use std::rc::Rc;
use std::time::{Duration, Instant};

use lychgate_model::ReasonCode;
use lychgate_wire::blocking::{self, Connection};
use lychgate_wire::frame::{Frame, RefuseCode};

/// Frames to a judge and frames from it.
pub trait Link {
    /// Sends a frame, or gathers it with those before it. May block while the judge is busy.
    fn send(&mut self, frame: &Frame<'_>) -> Result<(), Error>;

    /// Sends what was gathered.
    fn flush(&mut self) -> Result<(), Error>;

    /// The next frame from the judge; flushes first.
    fn receive(&mut self) -> Result<Frame<'_>, Error>;

    /// When whoever asks has to be done; `None`: at any time.
    fn deadline(&self) -> Option<Instant> {
        None
    }
}

/// A link over a socket with one deadline for everything.
pub struct SocketLink {
    connection: Connection<UnixStream, Box<dyn Fn() -> Duration>>,
    deadline: Rc<Cell<Instant>>,
}

impl SocketLink {
    /// Talks over `stream` until `deadline`, then gives up.
    pub fn new(stream: UnixStream, deadline: Instant) -> Self {
        let deadline = Rc::new(Cell::new(deadline));
        let watched = Rc::clone(&deadline);
        let left = move || watched.get().saturating_duration_since(Instant::now());
        Self {
            connection: Connection::new(stream, Box::new(left)),
            deadline,
        }
    }

    /// Moves the deadline.
    pub fn set_deadline(&mut self, deadline: Instant) {
        self.deadline.set(deadline);
    }
}

impl Link for SocketLink {
    fn send(&mut self, frame: &Frame<'_>) -> Result<(), Error> {
        self.connection.send(frame).map_err(Error::from)
    }

    fn flush(&mut self) -> Result<(), Error> {
        self.connection.flush().map_err(Error::from)
    }

    fn receive(&mut self) -> Result<Frame<'_>, Error> {
        self.connection.receive().map_err(Error::from)
    }

    fn deadline(&self) -> Option<Instant> {
        Some(self.deadline.get())
    }
}

impl fmt::Debug for SocketLink {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SocketLink")
            .field("deadline", &self.deadline)
            .finish_non_exhaustive()
    }
}

/// Why a link no longer carries frames.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The judge is gone. What it said last can still be received.
    #[error("the judge closed the connection")]
    Closed,
    /// The deadline passed.
    #[error("the deadline passed")]
    Deadline,
    /// A frame that does not decode, or cannot be encoded.
    #[error("a frame is wrong")]
    Frame(#[source] lychgate_wire::Error),
    /// The operating system refused.
    #[error("the connection failed")]
    Io(#[source] std::io::Error),
    /// A judge in the same process failed.
    #[error("the judge failed: {0}")]
    Judge(String),
}

impl Error {
    /// What this makes of a verdict.
    pub fn reason(&self) -> ReasonCode {
        match self {
            Self::Closed | Self::Io(_) => ReasonCode::Unavailable,
            Self::Deadline => ReasonCode::Deadline,
            Self::Frame(_) => ReasonCode::Protocol,
            Self::Judge(_) => ReasonCode::Fault,
        }
    }
}

/// What a refusal makes of a verdict.
pub(crate) fn refused(code: RefuseCode) -> ReasonCode {
    match code {
        RefuseCode::Version | RefuseCode::Protocol => ReasonCode::Protocol,
        RefuseCode::Busy | RefuseCode::Draining => ReasonCode::Busy,
        RefuseCode::NotAllowed | RefuseCode::NotReady => ReasonCode::Unavailable,
        RefuseCode::Limit => ReasonCode::Unreadable,
    }
}

impl From<blocking::Error> for Error {
    fn from(error: blocking::Error) -> Self {
        use std::io::ErrorKind::{BrokenPipe, ConnectionReset};
        match error {
            blocking::Error::Closed | blocking::Error::Truncated => Self::Closed,
            blocking::Error::Io(e) if matches!(e.kind(), BrokenPipe | ConnectionReset) => {
                Self::Closed
            }
            blocking::Error::Io(e) => Self::Io(e),
            blocking::Error::Deadline => Self::Deadline,
            blocking::Error::Frame(e) => Self::Frame(e),
            other => Self::Judge(other.to_string()),
        }
    }
}
