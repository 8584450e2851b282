//! What all tasks share.

use std::path::PathBuf;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::Instant;

use jiff::Timestamp;
use lychgate_judge::{Cache, Distrust, Engine, State};
use lychgate_model::Decision;
use lychgate_model::limits::{self, Deltas};
use tokio::sync::{mpsc, oneshot, watch};

use crate::arguments::Arguments;
use crate::budget::Budget;
use crate::listen::{Endpoint, Stand};
use crate::pool::Pool;
use crate::queue::Ticket;

/// How far the end has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Stop {
    /// Not at all.
    Serving,
    /// Somebody asked for it.
    Asked,
    /// The socket is gone; a successor may start. Open sessions go on.
    Retired,
    /// Open sessions end now.
    Now,
}

/// What judging needs; a session keeps the one it began with.
#[derive(Clone)]
pub(crate) struct Warm {
    pub(crate) engine: Arc<Engine>,
    pub(crate) cache: Arc<Cache>,
    pub(crate) state: Arc<State>,
    /// Why what was remembered before was not believed.
    pub(crate) distrust: Option<Arc<Distrust>>,
}

/// The rules in force and how the last attempt to load rules went.
#[derive(Clone, Default)]
pub(crate) struct Rules {
    /// `None`: not loaded yet, or the first attempt failed.
    pub(crate) warm: Option<Warm>,
    /// Attempts that ended, well or not.
    pub(crate) attempts: u64,
    /// Attempts that compiled a rule set.
    pub(crate) compiled: u64,
    /// When the last attempt ended.
    pub(crate) at: Option<Timestamp>,
    /// What was wrong with the last attempt; empty: it succeeded.
    pub(crate) problems: Vec<String>,
    /// The files in force, with the SHA-256 of their text.
    pub(crate) files: Vec<(String, String)>,
    /// When the rules in force last judged a made-up token, and what went wrong.
    pub(crate) tested: Option<(Timestamp, Result<(), String>)>,
}

/// Asks for a reload; the answer is what was wrong.
pub(crate) type ReloadRequest = oneshot::Sender<Vec<String>>;

/// Everything counted since the start.
#[derive(Default)]
pub(crate) struct Counters {
    pub(crate) served: AtomicU64,
    pub(crate) open: AtomicUsize,
    pub(crate) refused: AtomicU64,
    pub(crate) allowed: AtomicU64,
    pub(crate) denied: AtomicU64,
    pub(crate) indeterminate: AtomicU64,
    pub(crate) unanswered: AtomicU64,
    /// Answers to made-up questions; none of the above.
    pub(crate) probes: AtomicU64,
    pub(crate) bytes: AtomicU64,
}

impl Counters {
    pub(crate) fn verdict(&self, decision: Option<Decision>) {
        let counter = match decision {
            Some(Decision::Allow) => &self.allowed,
            Some(Decision::Deny) => &self.denied,
            Some(Decision::Indeterminate) => &self.indeterminate,
            None => &self.unanswered,
        };
        counter.fetch_add(1, Ordering::Relaxed);
    }
}

/// The daemon.
pub(crate) struct Daemon {
    pub(crate) arguments: Arguments,
    pub(crate) socket: PathBuf,
    pub(crate) started: Timestamp,
    pub(crate) pool: Arc<Pool>,
    pub(crate) budget: Budget,
    pub(crate) counters: Counters,
    pub(crate) rules: watch::Sender<Rules>,
    /// What an object stored as a delta may cost, known as soon as the organisation's file is
    /// read: before the rules are.
    pub(crate) deltas: watch::Sender<Option<Deltas>>,
    pub(crate) reload: mpsc::Sender<ReloadRequest>,
    pub(crate) stop: watch::Sender<Stop>,
    pub(crate) last_activity: Mutex<Instant>,
    /// The path at which clients did not find this instance any more: why it ends.
    pub(crate) lost: OnceLock<PathBuf>,
    stand: Option<Stand>,
    /// Sessions the process has descriptors for.
    pub(crate) session_room: usize,
    next_ticket: AtomicU64,
}

impl Daemon {
    pub(crate) fn new(
        arguments: Arguments,
        endpoint: &Endpoint,
        session_room: usize,
        pool: Arc<Pool>,
        reload: mpsc::Sender<ReloadRequest>,
    ) -> Self {
        Self {
            arguments,
            socket: endpoint.path.clone(),
            started: Timestamp::now(),
            pool,
            budget: Budget::new(limits::IN_FLIGHT),
            counters: Counters::default(),
            rules: watch::Sender::new(Rules::default()),
            deltas: watch::Sender::new(None),
            reload,
            stop: watch::Sender::new(Stop::Serving),
            last_activity: Mutex::new(Instant::now()),
            lost: OnceLock::new(),
            stand: endpoint.stand(),
            session_room,
            next_ticket: AtomicU64::new(1),
        }
    }

    /// A number no other session has.
    pub(crate) fn ticket(&self) -> Ticket {
        Ticket(self.next_ticket.fetch_add(1, Ordering::Relaxed))
    }

    /// The rules in force, waiting for the first attempt to load them.
    ///
    /// # Errors
    ///
    /// What was wrong with it, while there are none.
    pub(crate) async fn warm(&self) -> Result<Warm, Vec<String>> {
        let mut rules = self.rules.subscribe();
        // The sender lives as long as the daemon, so waiting cannot fail.
        let Ok(rules) = rules.wait_for(|rules| rules.attempts > 0).await else {
            return Err(Vec::new());
        };
        rules.warm.clone().ok_or_else(|| rules.problems.clone())
    }

    /// What the organisation lets an object stored as a delta cost.
    ///
    /// # Errors
    ///
    /// What was wrong with its files, while none have been read that are not.
    pub(crate) async fn deltas(&self) -> Result<Deltas, Vec<String>> {
        let mut deltas = self.deltas.subscribe();
        let told = async {
            match deltas.wait_for(Option::is_some).await {
                Ok(told) => told.unwrap_or_default(),
                // The sender lives as long as the daemon.
                Err(_) => Deltas::default(),
            }
        };
        tokio::select! {
            biased;
            told = told => Ok(told),
            // Rules are loaded after it is told, or not at all.
            warm = self.warm() => warm.map(|warm| warm.engine.organisation().bounds().deltas()),
        }
    }

    /// Sessions served at once.
    pub(crate) fn session_limit(&self) -> usize {
        let rules = self.rules.borrow();
        let asked = rules
            .warm
            .as_ref()
            .map(|w| w.engine.organisation().bounds().sessions);
        let asked = asked
            .and_then(|n| usize::try_from(n).ok())
            .unwrap_or(limits::SESSIONS);
        asked.min(self.session_room).max(1)
    }

    /// Moves the end forward; it never goes back.
    pub(crate) fn stop_at_least(&self, to: Stop) {
        self.stop.send_if_modified(|now| {
            let forward = *now < to;
            *now = (*now).max(to);
            forward
        });
    }

    /// Waits until the end has come as far as `to`.
    pub(crate) async fn stopping(&self, to: Stop) {
        // The sender lives as long as the daemon: waiting ends only with the value.
        let _ = self.stop.subscribe().wait_for(|stop| *stop >= to).await;
    }

    /// Ends when nobody can find this instance any more: it would keep the lock from one that
    /// can be found.
    pub(crate) fn end_if_lost(&self) {
        // Later, it takes its socket away itself.
        if *self.stop.borrow() != Stop::Serving {
            return;
        }
        let Some(path) = self.stand.as_ref().and_then(Stand::lost) else {
            return;
        };
        tracing::warn!(path = %path.display(), "removed or replaced: this instance ends");
        // Set once, because it stops now.
        let _ = self.lost.set(path.to_owned());
        self.stop_at_least(Stop::Asked);
    }

    pub(crate) fn touch(&self) {
        *self
            .last_activity
            .lock()
            .unwrap_or_else(PoisonError::into_inner) = Instant::now();
    }

    pub(crate) fn idle_since(&self) -> Instant {
        *self
            .last_activity
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }
}
