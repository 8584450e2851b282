//! The codec over a blocking stream, with a deadline on every read and write.

use std::io::{self, IoSlice, Read, Write};
use std::os::unix::net::UnixStream;
use std::time::Duration;

use crate::decoder::Decoder;
use crate::encode::Encoder;
use crate::error::Error as FrameError;
use crate::frame::Frame;

/// Bytes gathered before they are written without being asked to.
const BATCH: usize = 64 << 10;
/// A timeout is set anew when it would otherwise be late by this much: a system call less for
/// most reads and writes.
const SLACK: Duration = Duration::from_millis(200);

/// A stream whose next read or write can be told to give up after a while.
pub trait Stream: Read + Write {
    /// Reads and writes fail with [`io::ErrorKind::WouldBlock`] or `TimedOut` after `limit`.
    ///
    /// # Errors
    ///
    /// Whatever the operating system says.
    fn give_up_after(&self, limit: Duration) -> io::Result<()>;
}

impl Stream for UnixStream {
    fn give_up_after(&self, limit: Duration) -> io::Result<()> {
        self.set_read_timeout(Some(limit))?;
        self.set_write_timeout(Some(limit))
    }
}

/// Why a conversation ended early.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The stream failed.
    #[error("connection failed")]
    Io(#[source] io::Error),
    /// The deadline passed.
    #[error("deadline passed")]
    Deadline,
    /// The peer closed between two frames, or while this side was sending. In the latter case
    /// it may have said why: [`Connection::receive`] still gives what it sent.
    #[error("peer closed the connection")]
    Closed,
    /// The peer closed inside a frame.
    #[error("peer closed the connection inside a frame")]
    Truncated,
    /// A frame is wrong, or too large to be sent.
    #[error("frame is wrong")]
    Frame(#[source] FrameError),
}

impl From<FrameError> for Error {
    fn from(error: FrameError) -> Self {
        Self::Frame(error)
    }
}

/// Frames over a stream. `C` gives the time left until the deadline; it is asked before every
/// read and write, and zero ends the conversation.
#[derive(Debug)]
pub struct Connection<S, C> {
    stream: S,
    time_left: C,
    set_to: Option<Duration>,
    decoder: Decoder,
    out: Vec<u8>,
}

impl<S: Stream, C: Fn() -> Duration> Connection<S, C> {
    /// A conversation over `stream`.
    pub fn new(stream: S, time_left: C) -> Self {
        Self {
            stream,
            time_left,
            set_to: None,
            decoder: Decoder::new(),
            out: Vec::new(),
        }
    }

    /// The stream, to ask it about its peer.
    pub fn stream(&self) -> &S {
        &self.stream
    }

    /// Sends a frame, or gathers it with those before it; see [`Connection::flush`]. The payload
    /// of a Data frame is written from where it stands.
    ///
    /// # Errors
    ///
    /// See [`Error`].
    pub fn send(&mut self, frame: &Frame<'_>) -> Result<(), Error> {
        match frame {
            Frame::Data(bytes) if bytes.len() >= BATCH / 8 => {
                Encoder::put_data_head(bytes.len(), &mut self.out)?;
                self.write_out(bytes)
            }
            _ => {
                Encoder::put(frame, &mut self.out)?;
                if self.out.len() >= BATCH {
                    self.flush()
                } else {
                    Ok(())
                }
            }
        }
    }

    /// Writes what was gathered.
    ///
    /// # Errors
    ///
    /// See [`Error`].
    pub fn flush(&mut self) -> Result<(), Error> {
        self.write_out(&[])
    }

    /// The next frame. Flushes first: nobody answers what was not sent.
    ///
    /// # Errors
    ///
    /// See [`Error`].
    pub fn receive(&mut self) -> Result<Frame<'_>, Error> {
        self.flush()?;
        self.receive_only()
    }

    fn receive_only(&mut self) -> Result<Frame<'_>, Error> {
        // A lending loop the borrow checker does not follow: look first, then borrow.
        while self.decoder.is_waiting() {
            self.arm()?;
            let count = match self.stream.read(self.decoder.space()) {
                Ok(count) => count,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                Err(error) => return Err(failed(error)),
            };
            if count == 0 {
                let between = self.decoder.is_at_boundary();
                return Err(if between {
                    Error::Closed
                } else {
                    Error::Truncated
                });
            }
            self.decoder.filled(count);
        }
        self.decoder.next()?.ok_or(Error::Truncated)
    }

    fn write_out(&mut self, payload: &[u8]) -> Result<(), Error> {
        let mut done = 0;
        let total = self.out.len() + payload.len();
        while done < total {
            self.arm()?;
            let gathered = self.out.get(done..).unwrap_or_default();
            let rest = payload
                .get(done.saturating_sub(self.out.len())..)
                .unwrap_or_default();
            match self
                .stream
                .write_vectored(&[IoSlice::new(gathered), IoSlice::new(rest)])
            {
                Ok(0) => return Err(Error::Closed),
                Ok(count) => done += count,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) if is_gone(&error) => {
                    self.out.clear();
                    return Err(Error::Closed);
                }
                Err(error) => return Err(failed(error)),
            }
        }
        self.out.clear();
        Ok(())
    }

    fn arm(&mut self) -> Result<(), Error> {
        let left = (self.time_left)();
        if left.is_zero() {
            return Err(Error::Deadline);
        }
        let late = self
            .set_to
            .is_none_or(|set| set > left.saturating_add(SLACK) || set < left);
        if late {
            self.stream.give_up_after(left).map_err(Error::Io)?;
            self.set_to = Some(left);
        }
        Ok(())
    }
}

fn is_gone(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::BrokenPipe | io::ErrorKind::ConnectionReset
    )
}

fn failed(error: io::Error) -> Error {
    match error.kind() {
        io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut => Error::Deadline,
        _ => Error::Io(error),
    }
}
