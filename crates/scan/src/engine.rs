//! Patterns that run in bounded memory.
//!
//! Where it is known at which places a match may begin, a pattern's steps are followed from there
//! ([`crate::steps`]). What takes too many of them, or has to be looked for everywhere, is read by
//! an automaton, made when it is first needed and built state by state while it runs. Those states
//! belong to the worker that runs it and are thrown away when there are too many: hostile text can
//! make every rule fire, and cannot make the gate grow. There is no slower engine behind it to fall
//! back on: a pattern that needs more than it may have is refused when it is read. Only the groups
//! of a match, whose place is known, may be told by another engine.

mod machine;

use std::borrow::Cow;
use std::sync::OnceLock;

use regex_automata::hybrid::dfa;
use regex_automata::nfa::thompson::{backtrack, pikevm};
use regex_automata::util::primitives::NonMaxUsize;
use regex_automata::{Anchored, Input, Span};

use crate::effort::{self, Effort};
use crate::fields::Reader;
use crate::front::Front;
use crate::lead::{Heads, Lead};
use crate::needs::Needs;
use crate::program::{Program, parse};
use crate::steps::{Led, Steps, Trail};

use machine::Machine;

/// Units of work for each byte of a match of which a group is told, and one more for so many parts
/// of the pattern.
const TRACED: usize = 20;
const PARTS: usize = 64;
/// Steps that are followed from one place before an automaton is asked,
const STEPS: u64 = 4096;
/// and for each byte of a match that an automaton found, to tell its value.
const STEPS_PER: u64 = 16;
/// Most bytes in which steps are followed from every place, and how many for each.
const SOUGHT: usize = 4096;
const SOUGHT_PER: u64 = 8;
/// Bytes of lazily built states per direction of one pattern. A pattern that cannot have a few
/// states in them is refused.
pub(crate) const STATES_LIMIT: usize = 512 << 10;
/// Bytes of lazily built states a worker keeps over all patterns from one object to the next,
const CACHES_LIMIT: usize = 12 << 20;
/// and those of one object that has automata of its own.
const OWN_LIMIT: usize = 6 << 20;
/// States of one pattern that go first when there are too many.
const LARGE: usize = 16 << 10;

/// A compiled pattern, and the group that is the value.
#[derive(Clone, Debug)]
pub(crate) struct Engine {
    pattern: Cow<'static, str>,
    program: Program,
    /// Made when nothing else tells where to look.
    front: OnceLock<Front>,
    /// `None` inside: larger than a pattern may be.
    machine: OnceLock<Option<Box<Machine>>>,
}

/// A match, and its value as far as that is known with it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Match {
    pub(crate) whole: Span,
    pub(crate) value: Option<Span>,
}

/// What was seen at one place.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Tried {
    pub(crate) found: Option<Match>,
    /// Steps that were followed, and bytes that an automaton read.
    pub(crate) steps: u64,
    pub(crate) read: u64,
    /// Nobody knows: there is no automaton.
    pub(crate) unknown: bool,
}

/// What a worker's patterns keep between searches, and what the object at hand has cost.
#[derive(Debug, Default)]
pub(crate) struct Caches {
    shelf: Shelf,
    /// Of an object that has automata of its own ([`crate::effort`]).
    own: Shelf,
    searcher: u64,
    pub(crate) effort: Effort,
    trail: Trail,
    slots: Vec<Option<NonMaxUsize>>,
    traces: Option<backtrack::Cache>,
    threads: Option<pikevm::Cache>,
}

#[derive(Debug)]
struct Kept {
    forward: dfa::Cache,
    back: Option<dfa::Cache>,
    /// Bytes of both as counted last.
    counted: usize,
}

/// Automata as far as they are built, by rule.
#[derive(Debug, Default)]
struct Shelf {
    /// Boxed: a cache is kilobytes even when it is empty, and most rules never fire.
    by_rule: Vec<Option<Box<Kept>>>,
    bytes: usize,
}

impl Shelf {
    fn empty(&mut self, rules: usize) {
        self.by_rule.clear();
        self.by_rule.resize_with(rules, || None);
        self.bytes = 0;
    }

    /// The large ones go first: most patterns need few states, and need them again.
    fn shrink(&mut self) {
        for most in [LARGE, 0] {
            if self.bytes <= CACHES_LIMIT / 4 * 3 {
                return;
            }
            for slot in &mut self.by_rule {
                if let Some(kept) = slot.take_if(|kept| kept.counted > most) {
                    self.bytes = self.bytes.saturating_sub(kept.counted);
                }
            }
        }
    }
}

impl Kept {
    fn bytes(&self) -> usize {
        let back = self.back.as_ref().map_or(0, dfa::Cache::memory_usage);
        self.forward.memory_usage() + back
    }

    /// How often states were thrown away to make room.
    fn clears(&self) -> usize {
        let back = self.back.as_ref().map_or(0, dfa::Cache::clear_count);
        self.forward.clear_count() + back
    }
}

impl Caches {
    /// Room for the caches of `rules` rules of one searcher; what belongs to another goes.
    pub(crate) fn prepare(&mut self, searcher: u64, rules: usize) {
        if self.searcher != searcher || self.shelf.by_rule.len() != rules {
            self.searcher = searcher;
            self.shelf.empty(rules);
            self.own.empty(0);
        }
        self.shelf.shrink();
    }

    /// A new object of `size` bytes, or as many as have come.
    pub(crate) fn begin(&mut self, size: usize) {
        self.effort = Effort::of(size);
        self.own.empty(0);
    }

    fn with<T>(
        &mut self,
        rule: u32,
        machine: &Machine,
        search: impl FnOnce(&mut Kept) -> Option<T>,
    ) -> Option<T> {
        let rules = self.shelf.by_rule.len();
        let (shelf, limit) = match self.effort.alone() {
            true => (&mut self.own, OWN_LIMIT),
            false => (&mut self.shelf, CACHES_LIMIT),
        };
        if shelf.by_rule.len() != rules {
            shelf.empty(rules);
        }
        let slot = shelf.by_rule.get_mut(rule as usize)?;
        let kept = slot.get_or_insert_with(|| {
            let forward = machine.forward.create_cache();
            let counted = forward.memory_usage();
            self.effort.made(counted);
            shelf.bytes += counted;
            Box::new(Kept {
                forward,
                back: None,
                counted,
            })
        });
        let clears = kept.clears();
        let out = search(kept);
        let now = kept.bytes();
        let cleared = kept.clears().saturating_sub(clears) * STATES_LIMIT;
        self.effort
            .built((now + cleared).saturating_sub(kept.counted));
        shelf.bytes = (shelf.bytes + now).saturating_sub(kept.counted);
        kept.counted = now;
        // What came last goes: where more rules take turns than there is room for, most stay.
        if shelf.bytes > limit {
            shelf.bytes = shelf.bytes.saturating_sub(now);
            *slot = None;
        }
        out
    }
}

impl Engine {
    /// Compiles a pattern over bytes. One that matches nothing at all would match everywhere.
    #[cfg(test)]
    pub(crate) fn new(pattern: &str) -> Result<Self, String> {
        Self::tested(Cow::Owned(pattern.to_owned()), &[] as &[&[u8]], 0)
    }

    /// The same for a pattern of which a keyword tells where to look; `group`: the value, 0 for the
    /// usual one. Says whatever is wrong with it.
    pub(crate) fn tested<K: AsRef<[u8]>>(
        pattern: Cow<'static, str>,
        keywords: &[K],
        group: u32,
    ) -> Result<Self, String> {
        let hir = parse(&pattern)?;
        let engine = Self::made(pattern, Program::of(&hir, keywords, group));
        let machine = Machine::of(&hir)?;
        let _ = engine.machine.set(Some(Box::new(machine)));
        let short = hir.properties().minimum_len() == Some(0);
        let mut caches = Caches::default();
        caches.prepare(0, 1);
        if short && engine.at(0, b"", (0, 0), &mut caches).found.is_some() {
            return Err("matches the empty text, and so everywhere".to_owned());
        }
        Ok(engine)
    }

    /// The same for a pattern that was tested before.
    pub(crate) fn led<K: AsRef<[u8]>>(
        pattern: Cow<'static, str>,
        keywords: &[K],
        group: u32,
    ) -> Result<Self, String> {
        let hir = parse(&pattern)?;
        Ok(Self::made(pattern, Program::of(&hir, keywords, group)))
    }

    /// The same for a pattern that was read when this program was built.
    pub(crate) fn packed(pattern: Cow<'static, str>, program: &[u8]) -> Option<Self> {
        let program = Program::read(Reader(program))?;
        Some(Self::made(pattern, program))
    }

    /// The same for a pattern that only says yes or no about a text.
    pub(crate) fn any(pattern: &str) -> Result<Self, String> {
        let hir = parse(pattern)?;
        let program = Program::of(&hir, &[] as &[&[u8]], 0);
        let engine = Self::made(Cow::Owned(pattern.to_owned()), program);
        let _ = engine.machine.set(Some(Box::new(Machine::of(&hir)?)));
        Ok(engine)
    }

    fn made(pattern: Cow<'static, str>, program: Program) -> Self {
        Self {
            pattern,
            program,
            front: OnceLock::new(),
            machine: OnceLock::new(),
        }
    }

    /// What stands in every match.
    pub(crate) fn needs(&self) -> Needs {
        self.program.needs
    }

    /// Where a keyword stands in every match, if it does.
    pub(crate) fn lead(&self) -> Option<Lead> {
        self.program.lead
    }

    /// What every match begins with, if that is known and no keyword tells more.
    pub(crate) fn heads(&self) -> Option<&Heads> {
        self.program.heads.as_ref()
    }

    /// What the first bytes of every match can be.
    pub(crate) fn front(&self) -> &Front {
        let made = || self.program.steps.as_ref().map(Front::of);
        self.front.get_or_init(|| made().unwrap_or_default())
    }

    /// How many groups it has.
    pub(crate) fn groups(&self) -> usize {
        self.program.group.all as usize
    }

    /// Bytes it takes, without what searches build.
    pub(crate) fn memory(&self) -> usize {
        let steps = self.program.steps.as_ref().map_or(0, Steps::memory);
        let machine = self.machine.get().and_then(Option::as_deref);
        let pattern = match &self.pattern {
            Cow::Borrowed(_) => 0,
            Cow::Owned(text) => text.len(),
        };
        let front = self.front.get().map_or(0, Front::memory);
        let own = size_of::<Self>() + pattern + steps + front;
        own + machine.map_or(0, Machine::memory)
    }

    /// States of the automaton that it is: what tells a group from a match may be in each at each
    /// byte.
    pub(crate) fn parts(&self) -> usize {
        let parts = |machine: &Machine| machine.forward.get_nfa().states().len();
        self.machine().map_or(usize::MAX, parts)
    }

    /// Made when it is first asked for: most patterns never need it.
    fn machine(&self) -> Option<&Machine> {
        let made = self.machine.get_or_init(|| {
            let hir = parse(&self.pattern).ok()?;
            Machine::of(&hir).ok().map(Box::new)
        });
        made.as_deref()
    }

    /// The leftmost match in `from..to`, in not too many steps; `None`: nobody knows, an automaton
    /// has to look.
    pub(crate) fn seek(
        &self,
        text: &[u8],
        (from, to): (usize, usize),
        caches: &mut Caches,
    ) -> Option<Tried> {
        let steps = self.program.steps.as_ref()?;
        let width = to.checked_sub(from).filter(|_| to <= text.len())?;
        if width > SOUGHT {
            return None;
        }
        let most = STEPS + SOUGHT_PER * width as u64;
        let mut left = most;
        let found = steps.seek(text, (from, to), &mut caches.trail, &mut left);
        let tried = |found| Tried {
            found,
            steps: most - left,
            ..Tried::default()
        };
        match found {
            (from, Led::To(end, value)) => {
                let whole = Span { start: from, end };
                let value = value.map(span).or(Some(whole));
                Some(tried(Some(Match { whole, value })))
            }
            (_, Led::Nowhere) => Some(tried(None)),
            (_, Led::TooFar) => {
                caches.effort.charge(most * effort::STEP);
                None
            }
        }
    }

    /// The leftmost match that begins and ends in `from..to`; what stands around is context.
    pub(crate) fn find(
        &self,
        rule: u32,
        text: &[u8],
        (from, to): (usize, usize),
        caches: &mut Caches,
    ) -> Option<Span> {
        let input = input(text, from, to)?;
        let machine = self.machine()?;
        let end = caches.with(rule, machine, |kept| {
            let found = machine.forward.try_search_fwd(&mut kept.forward, &input);
            found.ok()?.map(|end| end.offset())
        })?;
        let input = input.range(from..end);
        let Some(dfa) = machine.back(&self.pattern) else {
            return machine.find_slowly(&input, caches);
        };
        let start = caches.with(rule, machine, |kept| {
            let cache = kept.back.get_or_insert_with(|| dfa.create_cache());
            let input = input.clone().anchored(Anchored::Yes);
            let found = dfa.try_search_rev(cache, &input);
            found.ok()?.map(|start| start.offset())
        })?;
        Some(Span { start, end })
    }

    /// The match that begins at `from` and ends before `to`, if one does.
    pub(crate) fn at(
        &self,
        rule: u32,
        text: &[u8],
        (from, to): (usize, usize),
        caches: &mut Caches,
    ) -> Tried {
        let mut tried = Tried::default();
        let Some(input) = input(text, from, to).map(|input| input.anchored(Anchored::Yes)) else {
            return tried;
        };
        if let Some(steps) = &self.program.steps {
            let mut left = STEPS;
            let led = steps.follow(text, (from, to), &mut caches.trail, &mut left);
            tried.steps = STEPS - left;
            let whole = |end| Span { start: from, end };
            match led {
                Led::To(end, value) => {
                    tried.found = Some(Match {
                        whole: whole(end),
                        value: value.map(span).or(Some(whole(end))),
                    });
                    return tried;
                }
                Led::Nowhere => return tried,
                Led::TooFar => {}
            }
        }
        let Some(machine) = self.machine() else {
            tried.unknown = true;
            return tried;
        };
        let mut read = 0;
        let end = caches.with(rule, machine, |kept| {
            machine.end(&mut kept.forward, &input, &mut read)
        });
        tried.read = read as u64;
        tried.found = end.map(|end| Match {
            whole: Span { start: from, end },
            value: None,
        });
        tried
    }

    /// The value of the match that begins at `from` and ends at `end`.
    pub(crate) fn value(
        &self,
        text: &[u8],
        (from, end): (usize, usize),
        caches: &mut Caches,
    ) -> Option<Span> {
        let whole = Span { start: from, end };
        if self.program.group.value == 0 {
            return Some(whole);
        }
        let length = end.saturating_sub(from);
        if let Some(steps) = &self.program.steps {
            let most = STEPS + STEPS_PER * length as u64;
            let mut left = most;
            let led = steps.follow(text, (from, end), &mut caches.trail, &mut left);
            caches.effort.charge((most - left) * effort::STEP);
            if let Led::To(_, value) = led {
                return value.map(span).or(Some(whole));
            }
        }
        let parts = self.parts();
        let units = parts + length * (TRACED + parts / PARTS);
        caches.effort.charge(units as u64);
        let input = input(text, from, end)?.anchored(Anchored::Yes);
        let value = self
            .machine()?
            .traced(self.program.group.value, &input, caches);
        Some(value.unwrap_or(whole))
    }
}

fn span((start, end): (usize, usize)) -> Span {
    Span { start, end }
}

fn input(text: &[u8], from: usize, to: usize) -> Option<Input<'_>> {
    (from <= to && to <= text.len()).then(|| Input::new(text).range(from..to))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_that_cost_too_much_are_refused() {
        for (bad, why) in [
            ("(", "unclosed group"),
            ("a{1000}{1000}", "bounded repeats"),
            ("x*", "empty text"),
            (r"\pL", "Unicode"),
        ] {
            let said = Engine::new(bad).map(|_| ()).unwrap_err();
            assert!(said.contains(why), "{bad}: {said}");
        }
        for good in ["key=([a-z]+)", r"\bkey\b", r"key(?P<secret>\w{5,100})"] {
            assert!(Engine::new(good).is_ok(), "{good}");
        }
    }

    #[test]
    fn the_value_is_the_named_group_then_the_first_then_all() {
        let mut caches = Caches::default();
        let cases = [("key", 1..4), ("k(e)y", 2..3), ("(k)e(?P<secret>y)", 3..4)];
        for (number, (pattern, want)) in (1u64..).zip(cases) {
            caches.prepare(number, 1);
            let engine = Engine::new(pattern).unwrap();
            let value = engine.value(b" key ", (1, 4), &mut caches).unwrap();
            assert_eq!(value.range(), want, "{pattern}");
            let tried = engine.at(0, b" key ", (1, 5), &mut caches);
            let found = tried.found.unwrap();
            assert_eq!(
                (found.whole.range(), found.value.unwrap().range()),
                (1..4, want)
            );
            assert_eq!(tried.read, 0);
        }
    }

    #[test]
    fn what_stands_around_the_range_is_context() {
        let mut caches = Caches::default();
        caches.prepare(1, 1);
        let engine = Engine::new(r"\bkey\b").unwrap();
        assert!(engine.find(0, b"akey", (1, 4), &mut caches).is_none());
        assert!(engine.find(0, b"keyz", (0, 3), &mut caches).is_none());
        assert!(engine.find(0, b" key ", (1, 4), &mut caches).is_some());
        assert!(engine.find(0, b"key", (2, 9), &mut caches).is_none());
    }

    #[test]
    fn caches_never_grow_beyond_their_limit() {
        let mut caches = Caches::default();
        caches.prepare(1, 64);
        let engine = Engine::new(r"[a-q][^u-z]{13}x|x[a-z]{40}[0-9]").unwrap();
        let text: Vec<u8> = (0..40_000u32)
            .map(|i| b'a' + (i.wrapping_mul(i) % 26) as u8)
            .collect();
        for rule in 0..64 {
            let _ = engine.find(rule, &text, (0, text.len()), &mut caches);
            assert!(caches.shelf.bytes <= CACHES_LIMIT);
            let kept: usize = caches
                .shelf
                .by_rule
                .iter()
                .flatten()
                .map(|kept| kept.bytes())
                .sum();
            assert_eq!(kept, caches.shelf.bytes);
        }
    }
}
