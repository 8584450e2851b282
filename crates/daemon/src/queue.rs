//! Who is served next: fair between sessions, small ones first; within one, by rank.
//!
//! Each session has a clock that advances by the bytes taken up for it; the next piece of work
//! is taken from the session whose clock is furthest behind. A session that begins starts a
//! little behind the others, so that a small commit is served before a push that is in progress,
//! but it cannot starve it.

use std::collections::{BTreeMap, HashMap};

/// A session counts as small until this much was taken up for it.
const SMALL_SESSION: u64 = 1 << 20;
/// How far behind the others a session starts.
const HEAD_START: u64 = 1 << 20;
/// What a piece of work costs beside its bytes.
const OVERHEAD: u64 = 4 << 10;

/// Names a session in the queue.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) struct Ticket(pub(crate) u64);

#[derive(Debug)]
struct Line<T> {
    /// By rank, then in the order they came; with what each costs.
    jobs: BTreeMap<(u64, u64), (T, u64)>,
    clock: u64,
    taken: u64,
}

impl<T> Line<T> {
    fn is_small(&self) -> bool {
        let next = self
            .jobs
            .first_key_value()
            .map_or(0, |(_, (_, cost))| *cost);
        self.taken + next <= SMALL_SESSION
    }
}

/// Pieces of work of all sessions.
#[derive(Debug)]
pub(crate) struct Queue<T> {
    lines: HashMap<Ticket, Line<T>>,
    /// What a session that always had work would have been given by now: where newcomers are
    /// placed. It advances whoever is served, so that no stream of newcomers starves the rest.
    now: u64,
    waiting: usize,
    /// Pieces of work that came.
    came: u64,
}

impl<T> Queue<T> {
    pub(crate) fn new() -> Self {
        Self {
            lines: HashMap::new(),
            now: 0,
            waiting: 0,
            came: 0,
        }
    }

    /// Queues a piece of work of so many bytes; the lowest rank of a session goes first. Says
    /// whether the session is small.
    pub(crate) fn put(&mut self, ticket: Ticket, job: T, bytes: u64, rank: u64) -> bool {
        let start = self.now.saturating_sub(HEAD_START);
        let new = || Line {
            jobs: BTreeMap::new(),
            clock: start,
            taken: 0,
        };
        let line = self.lines.entry(ticket).or_insert_with(new);
        // One that had nothing to do does not come back with the time it did not use.
        if line.jobs.is_empty() {
            line.clock = line.clock.max(start);
        }
        line.jobs.insert((rank, self.came), (job, bytes + OVERHEAD));
        self.came += 1;
        self.waiting += 1;
        line.is_small()
    }

    /// The piece of work whose turn it is. `only_small`: of a small session.
    pub(crate) fn take(&mut self, only_small: bool) -> Option<T> {
        let ready = |line: &Line<T>| !line.jobs.is_empty();
        let active = self.lines.values().filter(|line| ready(line)).count() as u64;
        let fits = |line: &Line<T>| ready(line) && (!only_small || line.is_small());
        let (_, line) = self
            .lines
            .iter_mut()
            .filter(|(_, line)| fits(line))
            .min_by_key(|(ticket, line)| (line.clock, **ticket))?;
        let (_, (job, cost)) = line.jobs.pop_first()?;
        line.clock += cost;
        line.taken += cost;
        self.now += cost / active.max(1);
        self.waiting -= 1;
        Some(job)
    }

    /// Forgets a session; returns how many pieces of its work are dropped.
    pub(crate) fn leave(&mut self, ticket: Ticket) -> usize {
        let dropped = self.lines.remove(&ticket).map_or(0, |line| line.jobs.len());
        self.waiting -= dropped;
        dropped
    }

    /// Pieces of work that wait.
    pub(crate) fn waiting(&self) -> usize {
        self.waiting
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MIB: u64 = 1 << 20;

    /// Takes everything and gives the tickets in the order they were served.
    fn served(queue: &mut Queue<u64>) -> Vec<u64> {
        std::iter::from_fn(|| queue.take(false)).collect()
    }

    #[test]
    fn a_commit_is_served_before_a_push_that_was_there_first() {
        let mut queue = Queue::new();
        for _ in 0..100 {
            queue.put(Ticket(1), 1, MIB, 0);
        }
        for _ in 0..50 {
            queue.take(false);
        }
        assert!(queue.put(Ticket(2), 2, 1000, 0));
        assert_eq!(queue.take(false), Some(2));
    }

    #[test]
    fn one_session_is_served_by_rank_and_then_in_order() {
        let mut queue = Queue::new();
        for (job, rank) in [(1, 3), (2, 2), (3, 3), (4, 1), (5, 2)] {
            queue.put(Ticket(1), job, 1000, rank);
        }
        assert_eq!(served(&mut queue), [4, 2, 5, 1, 3]);
        // What is dangerous to one does not go before what another waits for.
        for _ in 0..20 {
            queue.put(Ticket(1), 1, MIB, 0);
        }
        for _ in 0..10 {
            queue.take(false);
        }
        queue.put(Ticket(2), 2, 1000, 9);
        assert_eq!(queue.take(false), Some(2));
    }

    #[test]
    fn two_pushes_share_by_bytes_and_not_by_pieces() {
        let mut queue = Queue::new();
        for _ in 0..40 {
            queue.put(Ticket(1), 1, 4 * MIB, 0);
        }
        for _ in 0..160 {
            queue.put(Ticket(2), 2, MIB, 0);
        }
        let first: Vec<u64> = served(&mut queue).into_iter().take(50).collect();
        let large = first.iter().filter(|t| **t == 1).count();
        assert!(
            (9..=11).contains(&large),
            "{large} of 50 pieces were the large ones"
        );
    }

    #[test]
    fn commits_without_end_do_not_starve_a_push() {
        let mut queue = Queue::new();
        queue.put(Ticket(0), 0, MIB, 0);
        queue.take(false);
        queue.put(Ticket(0), 0, MIB, 0);
        let turns = (1..10_000u64).find(|n| {
            queue.put(Ticket(*n), *n, 1000, 0);
            let now = queue.take(false);
            queue.leave(Ticket(*n));
            now == Some(0)
        });
        assert!(turns.is_some_and(|n| n < 1000), "{turns:?}");
    }

    #[test]
    fn the_small_lane_takes_nothing_of_a_push() {
        let mut queue = Queue::new();
        assert!(!queue.put(Ticket(1), 1, 2 * MIB, 0));
        assert_eq!(queue.take(true), None);
        for _ in 0..4 {
            assert!(queue.put(Ticket(2), 2, MIB / 2, 0));
        }
        assert_eq!(queue.take(true), Some(2));
        assert_eq!(queue.take(true), None, "by then it is not small any more");
        assert_eq!((queue.leave(Ticket(2)), queue.waiting()), (3, 1));
        assert_eq!(served(&mut queue), [1]);
    }
}
