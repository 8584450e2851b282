//! What scanning costs, rule by rule. Counted only where somebody asked: else nothing is read,
//! and one `Option` is looked at for each window.

/// Nanoseconds since some moment, as the caller counts them.
pub type Clock = fn() -> u64;

/// Readings that tell what a reading itself takes.
const READINGS: usize = 32;

/// What one rule cost.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct RuleCost {
    /// Keywords of the rule that were hit.
    pub hits: u64,
    /// Windows its pattern searched, or names that were read by hand.
    pub windows: u64,
    /// Bytes of these windows.
    pub bytes: u64,
    /// Matches, before entropy, stopwords and checks.
    pub matches: u64,
    /// Nanoseconds in the rule.
    pub nanos: u64,
}

/// What scanning cost since the scratch was made.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Costs {
    /// By the number of the rule.
    pub rules: Vec<RuleCost>,
    /// Nanoseconds in the search for keywords.
    pub prefilter: u64,
    /// Nanoseconds in looking for disguises and taking them off, without what views cost.
    pub decoders: u64,
    /// Bytes the search for keywords read, views included.
    pub bytes: u64,
}

impl Costs {
    fn rule(&mut self, rule: u32) -> &mut RuleCost {
        let at = rule as usize;
        if self.rules.len() <= at {
            self.rules.resize(at + 1, RuleCost::default());
        }
        &mut self.rules[at]
    }

    fn nanos(&self) -> u64 {
        self.prefilter + self.decoders + self.rules.iter().map(|r| r.nanos).sum::<u64>()
    }

    /// Counts these as well.
    pub fn add(&mut self, more: &Self) {
        self.prefilter += more.prefilter;
        self.decoders += more.decoders;
        self.bytes += more.bytes;
        for (number, other) in (0u32..).zip(&more.rules) {
            let rule = self.rule(number);
            rule.hits += other.hits;
            rule.windows += other.windows;
            rule.bytes += other.bytes;
            rule.matches += other.matches;
            rule.nanos += other.nanos;
        }
    }
}

/// Counts for one [`crate::search::State`].
#[derive(Debug)]
pub(crate) struct Meter {
    clock: Clock,
    /// Nanoseconds of one reading.
    own: u64,
    pub(crate) costs: Costs,
}

impl Meter {
    pub(crate) fn new(clock: Clock) -> Self {
        let gap = |_| {
            let begun = clock();
            clock().saturating_sub(begun)
        };
        Self {
            clock,
            own: (0..READINGS).map(gap).min().unwrap_or(0),
            costs: Costs::default(),
        }
    }

    pub(crate) fn now(&self) -> u64 {
        (self.clock)()
    }

    fn since(&self, begun: u64) -> u64 {
        self.now().saturating_sub(begun + self.own)
    }

    pub(crate) fn hit(&mut self, rule: u32) {
        self.costs.rule(rule).hits += 1;
    }

    pub(crate) fn walked(&mut self, begun: u64, bytes: usize) {
        self.costs.prefilter += self.since(begun);
        self.costs.bytes += bytes as u64;
    }

    /// One window of `rule` of some bytes was searched.
    pub(crate) fn searched(&mut self, rule: u32, begun: u64, (bytes, matches): (u64, u64)) {
        let nanos = self.since(begun);
        let rule = self.costs.rule(rule);
        rule.windows += 1;
        rule.bytes += bytes;
        rule.matches += matches;
        rule.nanos += nanos;
    }

    /// When looking behind disguises begins: the time, and what is counted already.
    pub(crate) fn mark(&self) -> (u64, u64) {
        (self.now(), self.costs.nanos())
    }

    /// What was neither prefilter nor rule since then was decoding.
    pub(crate) fn unveiled(&mut self, (begun, before): (u64, u64)) {
        let all = self.since(begun);
        let inside = self.costs.nanos() - before;
        self.costs.decoders += all.saturating_sub(inside);
    }
}
