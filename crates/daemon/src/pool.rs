//! Threads that scan, behind a queue that is fair between sessions.
//!
//! Each session has a clock that advances by the bytes scanned for it; the next piece of work is
//! taken from the session whose clock is furthest behind. A session that begins starts a little
//! behind the others, so that a small commit is served before a push that is in progress, but it
//! cannot starve it. One more thread than there are cores takes work of small sessions only: a
//! commit never waits until a large object is done (DM-07).

use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use lychgate_judge::{Scratch, Work, WorkDone};
use tokio::sync::mpsc::UnboundedSender;

use crate::process::release_memory;

/// A session counts as small until this much was taken up for it.
const SMALL_SESSION: u64 = 1 << 20;
/// How far behind the others a session starts.
const HEAD_START: u64 = 1 << 20;
/// What a piece of work costs beside its bytes.
const OVERHEAD: u64 = 4 << 10;

/// After work of this size a thread gives its buffers back,
const LARGE_JOB: u64 = 1 << 20;

/// if it has had nothing to do for so long.
const QUIET: Duration = Duration::from_millis(250);

/// Names a session in the queue.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) struct Ticket(pub(crate) u64);

struct Job {
    work: Work,
    cost: u64,
    done: UnboundedSender<WorkDone>,
}

/// What a thread does next.
enum Next {
    Job(Job),
    /// There is nothing to do and memory to give back.
    Pause,
    End,
}

#[derive(Default)]
struct Line {
    jobs: VecDeque<Job>,
    clock: u64,
    taken: u64,
}

#[derive(Default)]
struct Queue {
    lines: HashMap<Ticket, Line>,
    /// The clock of the session served last: where newcomers are placed.
    now: u64,
    waiting: usize,
    /// Threads that sleep and were not called.
    idle: usize,
    /// The same, of the thread for small sessions.
    idle_small: usize,
    closed: bool,
}

/// The threads and their queue.
pub(crate) struct Pool {
    queue: Mutex<Queue>,
    any: Condvar,
    small: Condvar,
}

impl Pool {
    /// Starts the threads: one for each core, at least two, and one for small sessions.
    pub(crate) fn start() -> std::io::Result<Arc<Self>> {
        let pool = Arc::new(Self {
            queue: Mutex::default(),
            any: Condvar::new(),
            small: Condvar::new(),
        });
        let cores = std::thread::available_parallelism()
            .map_or(2, usize::from)
            .max(2);
        for number in 0..=cores {
            let pool = Arc::clone(&pool);
            let only_small = number == cores;
            let name = if only_small {
                "scan-small".into()
            } else {
                format!("scan-{number}")
            };
            std::thread::Builder::new()
                .name(name)
                .spawn(move || pool.run(only_small))?;
        }
        Ok(pool)
    }

    /// Queues a piece of work; its result goes to `done`.
    pub(crate) fn submit(&self, ticket: Ticket, work: Work, done: UnboundedSender<WorkDone>) {
        let cost = work.bytes() as u64 + OVERHEAD;
        let mut queue = self.lock();
        let start = queue.now.saturating_sub(HEAD_START);
        let line = queue.lines.entry(ticket).or_default();
        // One that was idle does not come back with the time it did not use.
        if line.jobs.is_empty() {
            line.clock = line.clock.max(start);
        }
        let small = line.taken + cost <= SMALL_SESSION;
        line.jobs.push_back(Job { work, cost, done });
        queue.waiting += 1;
        // One thread is called for one piece of work; the rest would wake in vain. Whoever is
        // busy looks at the queue before it sleeps, so a call that nobody hears loses nothing.
        if small && queue.idle_small > 0 {
            queue.idle_small -= 1;
            self.small.notify_one();
        } else if queue.idle > 0 {
            queue.idle -= 1;
            self.any.notify_one();
        }
    }

    /// Drops what the session has queued and forgets its clock; work that runs goes on. Returns
    /// how many pieces were dropped.
    pub(crate) fn leave(&self, ticket: Ticket) -> usize {
        let mut queue = self.lock();
        let dropped = queue
            .lines
            .remove(&ticket)
            .map_or(0, |line| line.jobs.len());
        queue.waiting -= dropped;
        dropped
    }

    /// Pieces of work that wait.
    pub(crate) fn waiting(&self) -> usize {
        self.lock().waiting
    }

    /// Ends the threads once they are idle.
    pub(crate) fn close(&self) {
        self.lock().closed = true;
        self.any.notify_all();
        self.small.notify_all();
    }

    fn run(&self, only_small: bool) {
        let mut scratch = Scratch::default();
        let mut grown = false;
        loop {
            match self.next(only_small, grown) {
                Next::Job(job) => {
                    grown |= job.cost > LARGE_JOB;
                    let done = job.work.run(&mut scratch);
                    // The session is gone: so is whoever wanted to know.
                    let _ = job.done.send(done);
                }
                Next::Pause => {
                    scratch = Scratch::default();
                    grown = false;
                    release_memory();
                }
                Next::End => return,
            }
        }
    }

    /// Waits for something to do. `grown`: rather than sleep, the thread tidies up.
    fn next(&self, only_small: bool, grown: bool) -> Next {
        let mut queue = self.lock();
        loop {
            if let Some(job) = queue.take(only_small) {
                return Next::Job(job);
            }
            if queue.closed {
                return Next::End;
            }
            // Called for what has become too large for it: others can do it.
            if only_small && queue.waiting > 0 && queue.idle > 0 {
                queue.idle -= 1;
                self.any.notify_one();
            }
            let called = if only_small {
                queue.idle_small += 1;
                &self.small
            } else {
                queue.idle += 1;
                &self.any
            };
            if !grown {
                queue = called.wait(queue).unwrap_or_else(PoisonError::into_inner);
                continue;
            }
            // A count of idle threads that is too high is harmless, one too low is not: the
            // thread stays counted when nobody called it.
            let waited = called.wait_timeout(queue, QUIET);
            let (again, late) = waited.unwrap_or_else(PoisonError::into_inner);
            queue = again;
            if late.timed_out() && queue.waiting == 0 {
                return Next::Pause;
            }
        }
    }

    /// No code that can panic runs under the lock: a poisoned queue is a whole one.
    fn lock(&self) -> MutexGuard<'_, Queue> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Queue {
    fn take(&mut self, only_small: bool) -> Option<Job> {
        let small = |line: &Line| {
            let next = line.jobs.front().map_or(0, |job| job.cost);
            line.taken + next <= SMALL_SESSION
        };
        let ready = self
            .lines
            .iter_mut()
            .filter(|(_, line)| !line.jobs.is_empty());
        let (_, line) = ready
            .filter(|(_, line)| !only_small || small(line))
            .min_by_key(|(ticket, line)| (line.clock, **ticket))?;
        let job = line.jobs.pop_front()?;
        self.now = self.now.max(line.clock);
        line.clock += job.cost;
        line.taken += job.cost;
        self.waiting -= 1;
        Some(job)
    }
}
