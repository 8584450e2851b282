//! Threads that scan what the queue gives them.
//!
//! One more than there are cores takes work of small sessions only: a commit never waits until a
//! large object is done (DM-07).

use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use lychgate_judge::{Scratch, Work, WorkDone};
use tokio::sync::mpsc::UnboundedSender;

use crate::process::release_memory;
use crate::queue::{Queue, Ticket};

/// After work of this many bytes a thread gives its buffers back,
const LARGE_JOB: usize = 1 << 20;
/// if it has had nothing to do for so long.
const QUIET: Duration = Duration::from_millis(250);

/// A piece of work and where its result goes.
struct Job {
    work: Work,
    done: UnboundedSender<WorkDone>,
}

/// What a thread does next.
enum Next {
    Job(Job),
    /// There is nothing to do and memory to give back.
    Pause,
    End,
}

struct State {
    queue: Queue<Job>,
    /// Threads that sleep and were not called. Too high a count is harmless, because whoever is
    /// awake looks at the queue before it sleeps; one too low would leave work waiting.
    idle: usize,
    /// The same, of the thread for small sessions.
    idle_small: usize,
    closed: bool,
}

/// The threads and their queue.
pub(crate) struct Pool {
    state: Mutex<State>,
    any: Condvar,
    small: Condvar,
}

impl Pool {
    /// Starts the threads: one for each core, at least two, and one for small sessions.
    pub(crate) fn start() -> std::io::Result<Arc<Self>> {
        let state = State {
            queue: Queue::new(),
            idle: 0,
            idle_small: 0,
            closed: false,
        };
        let (any, small) = (Condvar::new(), Condvar::new());
        let pool = Arc::new(Self {
            state: Mutex::new(state),
            any,
            small,
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
        let (bytes, rank) = (work.bytes() as u64, work.rank());
        let mut state = self.lock();
        let small = state.queue.put(ticket, Job { work, done }, bytes, rank);
        // One thread is called for one piece of work; the rest would wake in vain.
        let called = if small && state.idle_small > 0 {
            state.idle_small -= 1;
            Some(&self.small)
        } else if state.idle > 0 {
            state.idle -= 1;
            Some(&self.any)
        } else {
            None
        };
        // It would only wait for the lock.
        drop(state);
        if let Some(called) = called {
            called.notify_one();
        }
    }

    /// Drops what the session has queued and forgets its clock; work that runs goes on. Returns
    /// how many pieces were dropped.
    pub(crate) fn leave(&self, ticket: Ticket) -> usize {
        self.lock().queue.leave(ticket)
    }

    /// Pieces of work that wait.
    pub(crate) fn waiting(&self) -> usize {
        self.lock().queue.waiting()
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
                    grown |= job.work.bytes() > LARGE_JOB;
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

    /// Waits for something to do. `grown`: after a while it tidies up instead.
    fn next(&self, only_small: bool, grown: bool) -> Next {
        let mut state = self.lock();
        loop {
            if let Some(job) = state.queue.take(only_small) {
                return Next::Job(job);
            }
            if state.closed {
                return Next::End;
            }
            // It was called for what has become too large for it: others can do that.
            if only_small && state.queue.waiting() > 0 && state.idle > 0 {
                state.idle -= 1;
                self.any.notify_one();
            }
            let called = if only_small {
                state.idle_small += 1;
                &self.small
            } else {
                state.idle += 1;
                &self.any
            };
            if !grown {
                state = called.wait(state).unwrap_or_else(PoisonError::into_inner);
                continue;
            }
            let waited = called.wait_timeout(state, QUIET);
            let (again, late) = waited.unwrap_or_else(PoisonError::into_inner);
            state = again;
            if late.timed_out() && state.queue.waiting() == 0 {
                return Next::Pause;
            }
        }
    }

    /// No code that can panic runs under the lock: a poisoned queue is a whole one.
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
