//! What one object may cost, and what it has cost so far, in units of about a nanosecond. Every
//! kind of work that hostile text can make more of is charged here, at a price that was measured:
//! a limit on bytes alone says nothing about text that makes each byte dear.
//!
//! What was charged depends on the object alone, never on what the worker read before: else one
//! worker would judge what another does not. So the first bytes that patterns read are charged as
//! if each built a state of an automaton; an object that makes them read more gets automata of its
//! own, which begin empty, and pays for what is built.

use lychgate_model::limits;

/// Units an object may cost beyond what every byte costs, for each of its bytes,
const PER_BYTE: u64 = 20;
/// for each of so many at its beginning,
const PER_BEGINNING: u64 = 28;
const BEGINNING: u64 = 128 << 10;
/// and a small one all the same.
const AT_LEAST: u64 = 600_000;

/// The same for each byte that comes out of an archive or a packed file,
const PER_UNPACKED: u64 = 6;
/// and for each of the first of them: a manual is as good packed as plain.
const PER_FIRST_UNPACKED: u64 = 18;
const FIRST_UNPACKED: u64 = 128 << 10;

/// Units that a finding may have cost: what is found is no waste, and there are not many.
const FOUND: u64 = 6000;

/// Bytes that patterns read of an object at first, and for each so many of its bytes one more.
const FIRST: u64 = 2048;
const FIRST_PER: u64 = 128;

/// A byte that a pattern reads when nobody knows whether a state has to be built for it.
const MAYBE_BUILT: u64 = 250;
/// The same where one match, or what looks like one, goes on: its states are few.
const LONG: u64 = 30;
/// A byte read by an automaton that is there.
const READ: u64 = 2;
/// An automaton without states.
const MADE: u64 = 1000;
/// A byte of its states.
const BUILT: u64 = 3;

/// A step of a pattern.
pub(crate) const STEP: u64 = 2;
/// A place where a keyword of a rule ends.
pub(crate) const HIT: u64 = 14;
/// A window, before anything in it is read.
pub(crate) const WINDOW: u64 = 600;
/// A value that a pattern found, before it is kept; and each byte of the match.
pub(crate) const MATCH: u64 = 1500;
pub(crate) const MATCHED: u64 = 16;
/// A name whose value is read by hand.
pub(crate) const NAME: u64 = 250;
/// One that stands where the same stood around it before.
pub(crate) const SAME: u64 = 50;
/// A name of a service.
pub(crate) const BESIDE: u64 = 260;
/// What stands between such a name and a word behind it.
pub(crate) const JUDGED: u64 = 170;
/// A value that is weighed: what stands around it is read.
pub(crate) const READING: u64 = 4000;
/// A line that may speak to the gate.
pub(crate) const MARKER: u64 = 700;
/// A text behind a disguise.
pub(crate) const VIEW: u64 = 700;

/// The account of one object.
#[derive(Debug, Default)]
pub(crate) struct Effort {
    spent: u64,
    allowed: u64,
    /// Findings for which more is allowed.
    findings: usize,
    /// Bytes of it that have come, as far as more is allowed for them.
    beginning: u64,
    /// The same of what came out of something packed; and how much that was.
    first_unpacked: u64,
    unpacked: u64,
    /// Bytes that patterns may still read before the object has automata of its own.
    first: u64,
    /// The same when it began.
    begun: u64,
    alone: bool,
    /// What was not spent because of what was done before.
    spared: u64,
    /// Bytes that patterns were about to read at once, the most so far.
    widest: u64,
}

/// What an object costs at most, told without doing it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Account {
    spent: u64,
    read: u64,
    widest: u64,
}

impl Account {
    /// What was added to it since it was `before`.
    pub(crate) fn since(&self, before: &Self) -> Self {
        Self {
            spent: self.spent.saturating_sub(before.spent),
            read: self.read.saturating_sub(before.read),
            widest: self.widest,
        }
    }
}

impl Effort {
    /// A new object of `size` bytes, or as many as have come.
    pub(crate) fn of(size: usize) -> Self {
        let mut effort = Self {
            allowed: AT_LEAST,
            first: FIRST,
            begun: FIRST,
            ..Self::default()
        };
        effort.allow(size);
        effort
    }

    /// More of the object has come.
    pub(crate) fn allow(&mut self, size: usize) {
        let size = size as u64;
        let beginning = size.min(BEGINNING.saturating_sub(self.beginning));
        self.beginning += beginning;
        self.allowed = self.allowed.saturating_add(size.saturating_mul(PER_BYTE));
        self.allowed += beginning * PER_BEGINNING;
        self.first = self.first.saturating_add(size / FIRST_PER);
        self.begun = self.begun.saturating_add(size / FIRST_PER);
    }

    /// So many bytes came out of something packed.
    pub(crate) fn unpacked(&mut self, size: usize) {
        let size = size as u64;
        let first = size.min(FIRST_UNPACKED.saturating_sub(self.first_unpacked));
        self.first_unpacked += first;
        self.unpacked = self.unpacked.saturating_add(size);
        self.allowed = self
            .allowed
            .saturating_add(size.saturating_mul(PER_UNPACKED));
        self.allowed += first * PER_FIRST_UNPACKED;
    }

    /// Something was found.
    pub(crate) fn found(&mut self) {
        if self.findings < limits::FINDINGS_PER_OBJECT {
            self.findings += 1;
            self.allowed = self.allowed.saturating_add(FOUND);
        }
    }

    /// So much was not spent because the same was done before in this text.
    pub(crate) fn spare(&mut self, units: u64) {
        self.spared = self.spared.saturating_add(units);
    }

    pub(crate) fn charge(&mut self, units: u64) {
        self.spent = self.spent.saturating_add(units);
    }

    /// Patterns are about to read as many bytes, if all goes badly.
    pub(crate) fn expect(&mut self, bytes: u64) {
        self.widest = self.widest.max(bytes);
        self.alone |= bytes > self.first;
    }

    /// A pattern read so many bytes.
    pub(crate) fn read(&mut self, bytes: u64) {
        if self.alone {
            self.charge(bytes * READ);
        } else {
            let first = bytes.min(self.first);
            self.charge(first * MAYBE_BUILT + (bytes - first) * LONG);
            self.first = self.first.saturating_sub(bytes);
            self.alone = self.first == 0;
        }
    }

    /// An automaton was made, of so many bytes and without states.
    pub(crate) fn made(&mut self, bytes: usize) {
        if self.alone {
            self.charge(MADE + bytes as u64 / 4);
        }
    }

    /// An automaton has become larger by so many bytes.
    pub(crate) fn built(&mut self, bytes: usize) {
        if self.alone {
            self.charge(bytes as u64 * BUILT);
        }
    }

    /// What the object has cost. `None`: as much as it may, or so much that the order counts in
    /// which it was spent.
    pub(crate) fn account(&self) -> Option<Account> {
        let spent = self.spent.saturating_add(self.spared);
        let plain = !self.alone && spent <= self.allowed && self.widest <= self.first;
        plain.then(|| Account {
            spent,
            read: self.begun.saturating_sub(self.first),
            widest: self.widest,
        })
    }

    /// The object is charged as if all of that were done for it.
    pub(crate) fn assume(&mut self, account: &Account) {
        self.charge(account.spent);
        self.first = self.first.saturating_sub(account.read);
        self.widest = self.widest.max(account.widest);
        self.alone |= self.first == 0;
    }

    /// Whether the object has automata of its own.
    pub(crate) fn alone(&self) -> bool {
        self.alone
    }

    /// Whether it has cost what it may.
    pub(crate) fn is_over(&self) -> bool {
        self.spent > self.allowed
    }

    /// Units it may cost.
    pub(crate) fn allowed(&self) -> u64 {
        self.allowed
    }

    /// Bytes that came out of something packed.
    pub(crate) fn came_out(&self) -> u64 {
        self.unpacked
    }

    /// Units spent.
    pub(crate) fn spent(&self) -> u64 {
        self.spent
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_read_first_is_charged_as_if_it_were_built() {
        let mut effort = Effort::of(0);
        effort.built(1 << 20);
        effort.read(10);
        assert_eq!(effort.spent(), 10 * MAYBE_BUILT);
        effort.expect(FIRST);
        assert!(effort.alone());
        effort.read(10);
        effort.built(100);
        assert_eq!(effort.spent(), 10 * (MAYBE_BUILT + READ) + 100 * BUILT);
        assert!(!effort.is_over());
        effort.charge(AT_LEAST);
        assert!(effort.is_over());
        effort.allow(1 << 20);
        assert!(!effort.is_over());
    }

    #[test]
    fn findings_may_cost_something_and_not_without_end() {
        let mut effort = Effort::of(0);
        for _ in 0..2 * limits::FINDINGS_PER_OBJECT {
            effort.found();
        }
        let most = AT_LEAST + FOUND * limits::FINDINGS_PER_OBJECT as u64;
        assert_eq!(effort.allowed(), most);
    }

    #[test]
    fn what_is_packed_may_cost_more_at_first() {
        let mut effort = Effort::of(0);
        for _ in 0..3 {
            effort.unpacked(1 << 16);
        }
        let first = FIRST_UNPACKED * PER_FIRST_UNPACKED;
        assert_eq!(effort.came_out(), 3 << 16);
        assert_eq!(
            effort.allowed(),
            AT_LEAST + first + (3 << 16) * PER_UNPACKED
        );
    }

    #[test]
    fn pieces_may_cost_what_the_whole_may() {
        let whole = Effort::of(1 << 20);
        let mut pieces = Effort::of(0);
        for _ in 0..16 {
            pieces.allow(1 << 16);
        }
        assert_eq!(whole.allowed(), pieces.allowed());
    }
}
