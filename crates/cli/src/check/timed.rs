//! A link that knows where the time went, and lets a daemon take its time as long as it answers.

use std::time::{Duration, Instant};

use lychgate_client::link::{Error, Link, SocketLink};
use lychgate_model::limits;
use lychgate_wire::frame::Frame;

use super::memory::MemoryLink;

/// A daemon that says and takes nothing for this long is given up. There is no deadline for the
/// whole: a check of everything takes as long as it takes.
const SILENCE: Duration = Duration::from_secs(60);

/// How long a daemon may say nothing, before its first word and after it.
const fn patience(has_spoken: bool) -> Duration {
    match has_spoken {
        true => SILENCE,
        false => limits::COMMAND_WAIT,
    }
}

/// The judge at the other end.
pub(crate) enum Judge {
    /// Over a socket.
    Daemon(SocketLink),
    /// In this process.
    Here(Box<MemoryLink>),
}

/// Measures sending and waiting.
pub(crate) struct Timed {
    judge: Judge,
    /// Whether the judge has said anything.
    has_spoken: bool,
    begun: Instant,
    sending: Duration,
    waiting: Duration,
}

impl Timed {
    /// Begins to measure.
    pub(crate) fn new(judge: Judge, begun: Instant) -> Self {
        Self {
            judge,
            has_spoken: false,
            begun,
            sending: Duration::ZERO,
            waiting: Duration::ZERO,
        }
    }

    /// Whether a daemon is asked that has not said a word.
    pub(crate) const fn is_silent(&self) -> bool {
        self.is_daemon() && !self.has_spoken
    }

    /// Whether a daemon is asked.
    pub(crate) const fn is_daemon(&self) -> bool {
        matches!(self.judge, Judge::Daemon(_))
    }

    /// One line for each part, for `--timing`.
    pub(crate) fn lines(&self) -> String {
        let total = self.begun.elapsed();
        let enumerating = total.saturating_sub(self.sending + self.waiting);
        let row = |name: &str, time: Duration| format!("{name:<10}{:>10.2} ms\n", ms(time));
        let mut out = row("enumerate", enumerating);
        out += &row("stream", self.sending);
        out += &row("verdict", self.waiting);
        if let Judge::Here(memory) = &self.judge {
            // Within the two above, over all threads.
            out += &row("scan (cpu)", memory.scanned());
        }
        out += &row("total", total);
        out
    }
}

impl Link for Timed {
    fn send(&mut self, frame: &Frame<'_>) -> Result<(), Error> {
        let begun = Instant::now();
        let sent = match &mut self.judge {
            Judge::Daemon(link) => {
                link.set_deadline(begun + patience(self.has_spoken));
                link.send(frame)
            }
            Judge::Here(link) => link.send(frame),
        };
        self.sending += begun.elapsed();
        sent
    }

    fn flush(&mut self) -> Result<(), Error> {
        match &mut self.judge {
            Judge::Daemon(link) => link.flush(),
            Judge::Here(link) => link.flush(),
        }
    }

    fn receive(&mut self) -> Result<Frame<'_>, Error> {
        let begun = Instant::now();
        let waiting = &mut self.waiting;
        let received = match &mut self.judge {
            Judge::Daemon(link) => {
                link.set_deadline(begun + patience(self.has_spoken));
                link.receive()
            }
            Judge::Here(link) => link.receive(),
        };
        *waiting += begun.elapsed();
        self.has_spoken |= received.is_ok();
        received
    }
}

fn ms(time: Duration) -> f64 {
    time.as_secs_f64() * 1e3
}
