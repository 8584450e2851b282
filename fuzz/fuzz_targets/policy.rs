//! Any text as a policy file: problems or a policy, never both and never a panic.
#![no_main]

use libfuzzer_sys::fuzz_target;
use lychgate_policy::{Organisation, RepositoryPolicy};

fuzz_target!(|text: &str| {
    let (made, problems) = Organisation::parse("fuzz", text);
    assert_eq!(made.is_some(), problems.is_empty());
    let (made, problems) = RepositoryPolicy::parse("fuzz", text);
    assert_eq!(made.is_some(), problems.is_empty());
    let _ = Organisation::built_in().tighten_with("fuzz", text);
});
