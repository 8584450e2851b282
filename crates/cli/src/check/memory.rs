//! A judge in this process: the session the daemon runs, reached through memory.
//!
//! The caller's thread speaks and listens; scanning is done by a few threads beside it. Content
//! that waits to be scanned is bounded: `send` blocks while too much of it is held.

use std::collections::VecDeque;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use lychgate_client::link::{self, Link};
use lychgate_judge::{Reply, Scratch, Session, Work, WorkDone};
use lychgate_model::limits;
use lychgate_wire::frame::Frame;

/// A change smaller than this is scanned by the caller's thread alone: threads cost more.
const ALONE: usize = 512 << 10;

/// A link to a session in this process.
pub(crate) struct MemoryLink {
    session: Session,
    crew: Crew,
    said: VecDeque<Reply>,
    current: Option<Reply>,
    refused: bool,
    deadline: Option<Instant>,
    /// When the session is told that the deadline is near.
    late: Option<Instant>,
}

impl MemoryLink {
    /// Speaks with `session`; `threads` scan beside the caller.
    pub(crate) fn new(session: Session, threads: usize) -> Self {
        let crew = Crew::new(threads);
        let said = VecDeque::new();
        Self {
            session,
            crew,
            said,
            current: None,
            refused: false,
            deadline: None,
            late: None,
        }
    }

    /// The same, which answers INDETERMINATE when it is not done at `deadline`.
    pub(crate) fn until(mut self, deadline: Instant) -> Self {
        let left = deadline.saturating_duration_since(Instant::now());
        self.late = deadline.checked_sub(left * (100 - limits::EARLY_DENIAL) / 100);
        self.deadline = Some(deadline);
        self
    }

    /// Milliseconds of scanning, over all threads.
    pub(crate) fn scanned(&self) -> Duration {
        self.crew.spent
    }

    /// Moves what the session has to say and to do on.
    fn turn(&mut self) {
        while let Some(work) = self.session.work() {
            self.crew.take(work);
        }
        while let Some(reply) = self.session.reply() {
            self.said.push_back(reply);
        }
    }

    /// Ends the session with the share done when its time is up.
    fn look_at_the_clock(&mut self) {
        if self.late.is_some_and(|late| Instant::now() > late) {
            self.late = None;
            self.session.hurry();
            self.turn();
        }
        if self
            .deadline
            .is_some_and(|deadline| Instant::now() > deadline)
        {
            self.deadline = None;
            self.session.expire();
            self.turn();
        }
    }

    /// Waits for one piece of work; false: there is none.
    fn wait(&mut self) -> bool {
        self.look_at_the_clock();
        if self.session.is_finished() {
            return false;
        }
        let Some(done) = self.crew.next() else {
            return false;
        };
        self.session.complete(done);
        self.turn();
        true
    }
}

impl Link for MemoryLink {
    fn deadline(&self) -> Option<Instant> {
        self.deadline
    }

    fn send(&mut self, frame: &Frame<'_>) -> Result<(), link::Error> {
        if self.refused || self.session.is_finished() {
            return Err(link::Error::Closed);
        }
        if let Err(refusal) = self.session.receive(frame) {
            self.refused = true;
            self.turn();
            return Err(link::Error::Judge(refusal.message));
        }
        self.turn();
        self.look_at_the_clock();
        while let Some(done) = self.crew.finished() {
            self.session.complete(done);
            self.turn();
        }
        // Too much is held, or the policy is being read.
        while !self.session.wants_input() && self.wait() {}
        Ok(())
    }

    fn flush(&mut self) -> Result<(), link::Error> {
        Ok(())
    }

    fn receive(&mut self) -> Result<Frame<'_>, link::Error> {
        self.turn();
        while self.said.is_empty() && self.wait() {}
        self.current = self.said.pop_front();
        self.current
            .as_ref()
            .map(Reply::frame)
            .ok_or(link::Error::Closed)
    }
}

/// Threads that scan, started when there is enough to do.
struct Crew {
    wanted: usize,
    threads: Vec<JoinHandle<()>>,
    waiting: VecDeque<Work>,
    held: usize,
    out: usize,
    work: Option<Sender<Work>>,
    done: Receiver<(WorkDone, Duration)>,
    give: Sender<(WorkDone, Duration)>,
    scratch: Scratch,
    spent: Duration,
}

impl Crew {
    fn new(wanted: usize) -> Self {
        let (give, done) = channel();
        Self {
            wanted,
            threads: Vec::new(),
            waiting: VecDeque::new(),
            held: 0,
            out: 0,
            work: None,
            done,
            give,
            scratch: Scratch::new(),
            spent: Duration::ZERO,
        }
    }

    fn take(&mut self, work: Work) {
        self.held += work.bytes();
        self.waiting.push_back(work);
        if self.wanted > 1 && self.threads.is_empty() && self.held > ALONE {
            self.start();
        }
        let Some(sender) = &self.work else { return };
        while let Some(work) = self.waiting.pop_front() {
            match sender.send(work) {
                Ok(()) => self.out += 1,
                Err(returned) => {
                    self.waiting.push_front(returned.0);
                    break;
                }
            }
        }
    }

    fn start(&mut self) {
        let (sender, receiver) = channel::<Work>();
        let receiver = Arc::new(Mutex::new(receiver));
        for _ in 0..self.wanted {
            let (receiver, give) = (Arc::clone(&receiver), self.give.clone());
            let thread = std::thread::Builder::new()
                .name("scan".into())
                .spawn(move || {
                    let mut scratch = Scratch::new();
                    loop {
                        let next = receiver
                            .lock()
                            .unwrap_or_else(PoisonError::into_inner)
                            .recv();
                        let Ok(work) = next else { return };
                        let begun = Instant::now();
                        let done = work.run(&mut scratch);
                        if give.send((done, begun.elapsed())).is_err() {
                            return;
                        }
                    }
                });
            self.threads.extend(thread);
        }
        // No thread could be had: the caller's does everything.
        self.work = (!self.threads.is_empty()).then_some(sender);
    }

    /// Something that is done already.
    fn finished(&mut self) -> Option<WorkDone> {
        let (done, spent) = self.done.try_recv().ok()?;
        Some(self.account(done, spent))
    }

    /// The next thing done, waited for or done here; `None`: there is nothing to do.
    fn next(&mut self) -> Option<WorkDone> {
        if let Some(work) = self.waiting.pop_front() {
            let begun = Instant::now();
            let done = work.run(&mut self.scratch);
            self.spent += begun.elapsed();
            return Some(done);
        }
        if self.out == 0 {
            return None;
        }
        let (done, spent) = self.done.recv().ok()?;
        Some(self.account(done, spent))
    }

    fn account(&mut self, done: WorkDone, spent: Duration) -> WorkDone {
        self.out = self.out.saturating_sub(1);
        self.spent += spent;
        done
    }
}

impl Drop for Crew {
    fn drop(&mut self) {
        self.work = None;
        for thread in self.threads.drain(..) {
            let _ = thread.join();
        }
    }
}
