//! Content held in memory, over all sessions: who may read more from its socket.
//!
//! Not reading is back-pressure: the peer's writes block. Three rules keep it fair and free of
//! deadlock. A session with little in memory always reads on, so that a push cannot shut a
//! commit out. No session may hold more than a share. And a session that cannot finish the
//! object it is receiving, because it is large or others hold everything, gets the one permit to
//! go past both, until the object is complete: somebody always gets on.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use tokio::sync::Notify;

use crate::queue::Ticket;

/// A session may always hold this much.
const ALWAYS: usize = 64 << 10;

/// What all sessions hold.
#[derive(Debug)]
pub(crate) struct Budget {
    limit: AtomicUsize,
    state: Mutex<State>,
    /// Told whenever something was given back.
    pub(crate) freed: Notify,
}

#[derive(Debug, Default)]
struct State {
    held: usize,
    permit: Option<Ticket>,
}

impl Budget {
    pub(crate) fn new(limit: usize) -> Self {
        Self {
            limit: AtomicUsize::new(limit),
            state: Mutex::default(),
            freed: Notify::new(),
        }
    }

    /// Changes the limit; what is held stays.
    pub(crate) fn set_limit(&self, limit: usize) {
        self.limit.store(limit, Ordering::Relaxed);
    }

    /// Bytes held now.
    pub(crate) fn held(&self) -> usize {
        self.lock().held
    }

    /// Records that a session went from holding `before` to `now`.
    pub(crate) fn moved(&self, ticket: Ticket, before: usize, now: usize) {
        if before == now {
            return;
        }
        let mut state = self.lock();
        state.held = (state.held + now).saturating_sub(before);
        if now <= ALWAYS && state.permit == Some(ticket) {
            state.permit = None;
        }
        drop(state);
        if now < before {
            self.freed.notify_waiters();
        }
    }

    /// Whether a session that holds `own` bytes may read on. `stuck`: it has no work under way
    /// that would give anything back.
    pub(crate) fn may_read(&self, ticket: Ticket, own: usize, stuck: bool) -> bool {
        let limit = self.limit.load(Ordering::Relaxed);
        let mut state = self.lock();
        if own < ALWAYS || (state.held < limit && own < limit / 4) {
            return true;
        }
        if stuck && state.permit.is_none_or(|holder| holder == ticket) {
            state.permit = Some(ticket);
            return true;
        }
        false
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_session_cannot_hold_everything_and_a_small_one_always_reads() {
        let budget = Budget::new(40 << 20);
        let (push, commit) = (Ticket(1), Ticket(2));
        assert!(budget.may_read(push, 1 << 20, false));
        budget.moved(push, 0, 10 << 20);
        assert!(!budget.may_read(push, 10 << 20, false));
        budget.moved(push, 10 << 20, 60 << 20);
        assert!(budget.may_read(commit, 0, true));
        assert!(!budget.may_read(commit, 1 << 20, false));
    }

    #[test]
    fn exactly_one_stuck_session_goes_past_the_limit() {
        let budget = Budget::new(8 << 20);
        budget.moved(Ticket(1), 0, 4 << 20);
        budget.moved(Ticket(2), 0, 4 << 20);
        assert!(budget.may_read(Ticket(1), 4 << 20, true));
        assert!(!budget.may_read(Ticket(2), 4 << 20, true));
        assert!(budget.may_read(Ticket(1), 5 << 20, true));
        budget.moved(Ticket(1), 4 << 20, 0);
        assert!(budget.may_read(Ticket(2), 4 << 20, true));
        budget.moved(Ticket(2), 4 << 20, 0);
        assert_eq!(budget.held(), 0);
    }
}
