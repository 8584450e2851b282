//! The automata of a pattern: forwards, backwards, and what tells its groups.

use std::sync::OnceLock;

use regex_automata::hybrid::LazyStateID;
use regex_automata::hybrid::dfa::{self, DFA};
use regex_automata::nfa::thompson::backtrack::BoundedBacktracker;
use regex_automata::nfa::thompson::pikevm::PikeVM;
use regex_automata::nfa::thompson::{self, NFA, WhichCaptures};
use regex_automata::util::primitives::NonMaxUsize;
use regex_automata::{Input, MatchKind, Span};
use regex_syntax::hir::Hir;

use super::{Caches, STATES_LIMIT};
use crate::program::parse;

/// Bytes a compiled pattern may take.
const SIZE_LIMIT: usize = 1 << 20;

/// The automata of a pattern.
#[derive(Clone, Debug)]
pub(super) struct Machine {
    pub(super) forward: DFA,
    /// From the end of a match to its beginning: for patterns that are looked for everywhere,
    /// made when one is. `None` inside: larger than a pattern may be.
    back: OnceLock<Option<Box<DFA>>>,
}

impl Machine {
    pub(super) fn of(hir: &Hir) -> Result<Self, String> {
        Ok(Self {
            forward: automaton(hir, false)?,
            back: OnceLock::new(),
        })
    }

    pub(super) fn memory(&self) -> usize {
        let back = self.back.get().and_then(Option::as_ref);
        let of = |dfa: &DFA| size_of::<DFA>() + dfa.get_nfa().memory_usage();
        of(&self.forward) + back.map_or(0, |dfa| of(dfa))
    }

    pub(super) fn back(&self, pattern: &str) -> Option<&DFA> {
        let made = self.back.get_or_init(|| {
            let hir = parse(pattern).ok()?;
            automaton(&hir, true).ok().map(Box::new)
        });
        made.as_deref()
    }

    /// For the few patterns that are small forwards and large backwards.
    pub(super) fn find_slowly(&self, input: &Input<'_>, caches: &mut Caches) -> Option<Span> {
        let vm = PikeVM::new_from_nfa(self.forward.get_nfa().clone()).ok()?;
        let cache = caches.threads.get_or_insert_with(|| vm.create_cache());
        cache.reset(&vm);
        let mut slots = [None; 2];
        vm.search_slots(cache, input, &mut slots)?;
        let [start, end] = slots.map(|slot| slot.map(NonMaxUsize::get));
        Some(Span {
            start: start?,
            end: end?,
        })
    }

    /// Where the match ends that begins where `input` does.
    pub(super) fn end(
        &self,
        cache: &mut dfa::Cache,
        input: &Input<'_>,
        read: &mut usize,
    ) -> Option<usize> {
        let dfa = &self.forward;
        let mut state = dfa.start_state_forward(cache, input).ok()?;
        let mut found = None;
        // A match shows itself one byte late.
        let mut see = |state: LazyStateID, at: usize| {
            if state.is_match() {
                found = Some(at);
            }
            state.is_dead() || state.is_quit()
        };
        let text = input.haystack();
        for at in input.get_range() {
            state = dfa.next_state(cache, state, *text.get(at)?).ok()?;
            *read += 1;
            if state.is_tagged() && see(state, at) {
                return found;
            }
        }
        let state = match text.get(input.end()) {
            Some(after) => dfa.next_state(cache, state, *after),
            None => dfa.next_eoi_state(cache, state),
        };
        see(state.ok()?, input.end());
        found
    }

    /// The group that is the value, of the match that `input` is.
    pub(super) fn traced(
        &self,
        group: u32,
        input: &Input<'_>,
        caches: &mut Caches,
    ) -> Option<Span> {
        let group = group as usize;
        let nfa = self.forward.get_nfa();
        let slots = &mut caches.slots;
        slots.clear();
        slots.resize(2 * group + 2, None);
        let tracer = BoundedBacktracker::new_from_nfa(nfa.clone()).ok()?;
        let cache = caches.traces.get_or_insert_with(|| tracer.create_cache());
        cache.reset(&tracer);
        // It takes matches of some kilobytes; keys can be longer.
        if tracer.try_search_slots(cache, input, slots).is_err() {
            let vm = PikeVM::new_from_nfa(nfa.clone()).ok()?;
            let cache = caches.threads.get_or_insert_with(|| vm.create_cache());
            cache.reset(&vm);
            vm.search_slots(cache, input, slots)?;
        }
        let at = |i: usize| slots.get(i).copied().flatten().map(NonMaxUsize::get);
        Some(Span {
            start: at(2 * group)?,
            end: at(2 * group + 1)?,
        })
    }
}

/// The automaton of a pattern, from the beginning of a match to its end or back.
fn automaton(hir: &Hir, back: bool) -> Result<DFA, String> {
    let captures = match back {
        true => WhichCaptures::None,
        false => WhichCaptures::All,
    };
    let kind = match back {
        true => MatchKind::All,
        false => MatchKind::LeftmostFirst,
    };
    let nfa = NFA::compiler()
        .configure(
            thompson::Config::new()
                .utf8(false)
                .reverse(back)
                .which_captures(captures)
                .nfa_size_limit(Some(SIZE_LIMIT)),
        )
        .build_from_hir(hir)
        .map_err(|error| match error.size_limit() {
            Some(limit) => {
                format!("compiles to more than {limit} bytes: bounded repeats are too large")
            }
            None => format!("is no pattern: {error}"),
        })?;
    DFA::builder()
        .configure(
            dfa::Config::new()
                .match_kind(kind)
                .cache_capacity(STATES_LIMIT),
        )
        .build_from_nfa(nfa)
        .map_err(|_| {
            format!("needs more than {STATES_LIMIT} bytes to run: bounded repeats are too large")
        })
}
