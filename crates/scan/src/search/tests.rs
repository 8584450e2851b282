//! Every pattern alone, over text made of its own keywords and examples: what it reads grows no
//! faster than the text.

use super::{Pass, State, Text};
use crate::matcher::Matcher;
use crate::pack::{self, expand};
use crate::packs;
use crate::ruleset::{PackSource, RuleSet};
use crate::value::ValueKey;

/// Bytes of the shorter text; the longer has four times as many.
const SIZE: usize = 2 << 10;

/// Bytes that the only rule of `set` reads of `unit` over and over, whatever it may cost.
fn read(set: &RuleSet, state: &mut State, unit: &[u8], size: usize) -> u64 {
    let bytes = unit.repeat(size.div_ceil(unit.len()));
    let key = ValueKey::new([0; 32]);
    let pass = Pass {
        searcher: &set.searcher,
        rules: &set.rules,
        key: &key,
        recall: None,
        markers: false,
    };
    state.begin(usize::MAX / 1024);
    state.reset(&set.searcher);
    let text = Text {
        bytes: &bytes,
        base: 0,
        fresh: 0,
        last: true,
    };
    pass.run(text, state);
    state.work
}

#[test]
fn every_pattern_alone_stays_linear() {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../../config/packs");
    let mut patterns = 0;
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let text = std::fs::read_to_string(&path).unwrap();
        let name = path.file_name().unwrap().to_str().unwrap();
        let source = PackSource { name, text: &text };
        let (rules, problems) = pack::load(source, &mut pack::Seen::new());
        assert!(problems.is_empty(), "{name}");
        let plain = |m: &Matcher| m.by_hand().is_none() && !m.is_path();
        for one in rules.into_iter().filter(|one| plain(&one.matcher)) {
            let id = one.rule.id.to_string();
            let made = |(number, example): (usize, &pack::At<String>)| {
                expand(&example.value, &id, number + 1).unwrap()
            };
            let examples = one.bad.iter().chain(&one.good).enumerate();
            let examples: Vec<String> = examples.map(made).collect();
            let keywords = one.matcher.keywords().join(&b' ');
            let first = one.matcher.keywords().first().map_or(&b""[..], |k| k);
            let whole = examples.concat().into_bytes();
            // A match that is cut off before its end.
            let cut = examples.iter().flat_map(|e| e.as_bytes().split_last());
            let cut: Vec<u8> = cut.flat_map(|(_, rest)| rest).copied().collect();
            let mixed = [first, b"_a1 = \"", first, b"-"].concat();
            let units = [keywords.clone(), first.to_vec(), whole, cut, mixed];
            let set = RuleSet::from_loaded(vec![(one.rule, one.matcher)]);
            let mut state = State::default();
            for unit in units.iter().filter(|unit| !unit.is_empty()) {
                let short = read(&set, &mut state, unit, SIZE);
                let long = read(&set, &mut state, unit, 4 * SIZE);
                // What one window may read beyond, and an automaton after the steps, is no growth.
                assert!(
                    long * 2 <= short * 9 + 8 * SIZE as u64,
                    "{id}: {short} bytes, then {long}"
                );
            }
            patterns += 1;
        }
    }
    assert!(
        patterns > packs::built_in().unwrap().len() / 2,
        "{patterns}"
    );
}
