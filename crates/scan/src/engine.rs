//! Patterns that run in bounded memory.
//!
//! A pattern's automaton is built state by state while it runs. Those states belong to the worker
//! that runs it and are thrown away when there are too many: hostile text can make every rule fire,
//! and cannot make the gate grow.

use regex_automata::meta::{BuildError, Cache, Config, Regex};
use regex_automata::util::primitives::NonMaxUsize;
use regex_automata::util::syntax;
use regex_automata::{Input, Span};

use crate::needs::Needs;

/// Bytes a compiled pattern may take.
const SIZE_LIMIT: usize = 1 << 20;
/// Bytes of lazily built states per direction of one pattern. Below the need of a pattern, the
/// slow engine would take its place.
pub(crate) const STATES_LIMIT: usize = 512 << 10;
/// Bytes of lazily built states a worker keeps over all patterns.
const CACHES_LIMIT: usize = 8 << 20;

/// A compiled pattern, and the group that is the value.
#[derive(Clone, Debug)]
pub(crate) struct Engine {
    regex: Regex,
    group: usize,
    needs: Needs,
}

/// What a worker's patterns keep between searches.
#[derive(Debug, Default)]
pub(crate) struct Caches {
    /// Boxed: a cache is kilobytes even when it is empty, and most rules never fire.
    by_rule: Vec<Option<Box<(Cache, usize)>>>,
    bytes: usize,
    searcher: u64,
    slots: Vec<Option<NonMaxUsize>>,
}

impl Caches {
    /// Room for the caches of `rules` rules of one searcher; what belongs to another goes.
    pub(crate) fn prepare(&mut self, searcher: u64, rules: usize) {
        if self.searcher != searcher || self.by_rule.len() != rules {
            self.searcher = searcher;
            self.by_rule.clear();
            self.by_rule.resize_with(rules, || None);
            self.bytes = 0;
        }
    }

    fn with<T>(
        &mut self,
        rule: u32,
        engine: &Engine,
        search: impl FnOnce(&Regex, &mut Cache, &mut Vec<Option<NonMaxUsize>>) -> T,
    ) -> Option<T> {
        let slot = self.by_rule.get_mut(rule as usize)?;
        let kept = slot.get_or_insert_with(|| Box::new((engine.regex.create_cache(), 0)));
        let (cache, counted) = &mut **kept;
        let out = search(&engine.regex, cache, &mut self.slots);
        let now = cache.memory_usage();
        self.bytes = (self.bytes + now).saturating_sub(*counted);
        *counted = now;
        if self.bytes > CACHES_LIMIT {
            self.by_rule.iter_mut().for_each(|slot| *slot = None);
            self.bytes = 0;
        }
        Some(out)
    }
}

impl Engine {
    /// Compiles a pattern over bytes. One that matches nothing at all would match everywhere.
    pub(crate) fn new(pattern: &str) -> Result<Self, String> {
        let engine = Self::any(pattern)?;
        if engine.regex.is_match("") {
            return Err("matches the empty text, and so everywhere".to_owned());
        }
        Ok(engine)
    }

    /// The same for a pattern that only says yes or no about a text.
    pub(crate) fn any(pattern: &str) -> Result<Self, String> {
        let config = Config::new()
            .utf8_empty(false)
            .nfa_size_limit(Some(SIZE_LIMIT))
            // A third of all memory, and it would only find groups in matches that are rare.
            .onepass(false)
            .hybrid_cache_capacity(STATES_LIMIT);
        let syntax = syntax::Config::new().unicode(false).utf8(false);
        let mut builder = Regex::builder();
        let builder = builder.configure(config).syntax(syntax);
        // Read once, for both; what does not read is said by the builder.
        let read = regex_automata::util::syntax::parse_with(pattern, &syntax);
        let needs = read.as_ref().map_or(Needs::default(), Needs::of);
        let regex = match &read {
            Ok(hir) => builder.build_from_hir(hir),
            Err(_) => builder.build(pattern),
        }
        .map_err(|e| sentence(&e))?;
        let mut names = regex
            .group_info()
            .pattern_names(regex_automata::PatternID::ZERO);
        let named = names.position(|n| n == Some("secret"));
        let group = named.unwrap_or(usize::from(regex.captures_len() > 1));
        Ok(Self {
            regex,
            group,
            needs,
        })
    }

    /// What stands in every match.
    pub(crate) fn needs(&self) -> Needs {
        self.needs
    }

    /// The same with a group of its own as the value; 0 changes nothing.
    pub(crate) fn with_group(mut self, group: usize) -> Self {
        if group > 0 {
            self.group = group;
        }
        self
    }

    /// How many groups it has.
    pub(crate) fn groups(&self) -> usize {
        self.regex.captures_len() - 1
    }

    /// Bytes it takes, without what searches build.
    pub(crate) fn memory(&self) -> usize {
        self.regex.memory_usage()
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
        let found = caches.with(rule, self, |regex, cache, _| {
            regex.search_with(cache, &input)
        })?;
        found.map(|m| m.span())
    }

    /// The same match, and its value.
    pub(crate) fn value(
        &self,
        rule: u32,
        text: &[u8],
        (from, to): (usize, usize),
        caches: &mut Caches,
    ) -> Option<(Span, Span)> {
        let input = input(text, from, to)?;
        let group = self.group;
        caches.with(rule, self, |regex, cache, slots| {
            slots.clear();
            slots.resize(2 * group + 2, None);
            regex.search_slots_with(cache, &input, slots)?;
            let span = |group: usize| {
                let at = |i: usize| slots.get(i).copied().flatten().map(NonMaxUsize::get);
                Some(Span {
                    start: at(2 * group)?,
                    end: at(2 * group + 1)?,
                })
            };
            let whole = span(0)?;
            Some((whole, span(group).unwrap_or(whole)))
        })?
    }
}

fn input(text: &[u8], from: usize, to: usize) -> Option<Input<'_>> {
    (from <= to && to <= text.len()).then(|| Input::new(text).range(from..to))
}

fn sentence(error: &BuildError) -> String {
    if let Some(limit) = error.size_limit() {
        return format!("compiles to more than {limit} bytes: bounded repeats are too large");
    }
    // Below the drawing of a syntax error stands the sentence.
    let text = error
        .syntax_error()
        .map_or_else(|| error.to_string(), ToString::to_string);
    let line = text.lines().last().unwrap_or(&text).trim();
    format!(
        "is no pattern: {}",
        line.strip_prefix("error: ").unwrap_or(line)
    )
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
            let (whole, value) = engine.value(0, b" key ", (0, 5), &mut caches).unwrap();
            assert_eq!((whole.range(), value.range()), (1..4, want), "{pattern}");
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
            assert!(caches.bytes <= CACHES_LIMIT);
            let kept: usize = caches
                .by_rule
                .iter()
                .flatten()
                .map(|kept| kept.0.memory_usage())
                .sum();
            assert_eq!(kept, caches.bytes);
        }
    }
}
