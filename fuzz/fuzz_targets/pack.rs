//! Any text as a rule pack: problems, never a panic.
#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    let problems = lychgate_scan::check_pack("fuzz", text);
    let source = lychgate_scan::PackSource { name: "fuzz", text };
    let (rules, found) = lychgate_scan::RuleSet::load(&[source]);
    assert_eq!(rules.is_some(), found.is_empty());
    assert!(rules.is_some() || !problems.is_empty());
});
