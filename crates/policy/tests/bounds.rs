//! How many patterns a policy file may hold, and how long they may be.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test that cannot go on fails"
)]

use lychgate_model::limits;
use lychgate_policy::RepositoryPolicy;

fn problems(patterns: &[String]) -> Vec<String> {
    let list: Vec<String> = patterns.iter().map(|p| format!("\"{p}\"")).collect();
    let text = format!("schema = 1\n[refs]\nprotected = [{}]\n", list.join(", "));
    let (made, problems) = RepositoryPolicy::parse("policy.toml", &text);
    assert_eq!(made.is_some(), problems.is_empty());
    problems.into_iter().map(|p| p.message).collect()
}

#[test]
fn a_pattern_may_have_a_length_and_no_more() {
    let of = |length: usize| vec![format!("refs/{}", "a".repeat(length - 5))];
    assert_eq!(problems(&of(limits::PATTERN)), [""; 0]);
    let said = problems(&of(limits::PATTERN + 1));
    assert_eq!(said, ["longer than 256 bytes"]);
}

#[test]
fn a_file_may_hold_so_many_patterns_and_so_many_bytes_of_them() {
    let of = |count: usize, width: usize| -> Vec<String> {
        (0..count).map(|n| format!("refs/{n:0>width$}")).collect()
    };
    assert_eq!(problems(&of(limits::PATTERNS, 10)), [""; 0]);
    for patterns in [
        of(limits::PATTERNS + 1, 10),
        of(limits::PATTERN_BYTES / 100 + 1, 95),
    ] {
        let said = problems(&patterns);
        assert_eq!(said, ["more than 1000 patterns, or 32768 bytes of them"]);
    }
}
