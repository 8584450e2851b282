//! What a layer asks of single rules and of files.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test that cannot go on fails"
)]

use lychgate_model::{Problem, RuleId, Severity};
use lychgate_policy::{Organisation, Policy, RepositoryPolicy};

fn organisation(text: &str) -> Organisation {
    let (made, problems) = Organisation::parse("org.toml", text);
    made.unwrap_or_else(|| panic!("{problems:?}"))
}

fn repository(text: &str) -> RepositoryPolicy {
    let (made, problems) = RepositoryPolicy::parse("policy.toml", text);
    made.unwrap_or_else(|| panic!("{problems:?}"))
}

fn shown(problems: &[Problem]) -> Vec<String> {
    problems.iter().map(ToString::to_string).collect()
}

#[test]
fn severities_are_raised_and_never_lowered() {
    let rule = |id: &str| RuleId::new(id).unwrap();
    let floor = organisation(
        "schema = 1\n[[raise]]\nrule = \"tree.executable\"\npaths = [\"docs/**\", \"*.md\"]\n\
         severity = \"high\"\n[[raise]]\nrule = \"aws.key\"\nseverity = \"low\"\n",
    );
    let lower =
        repository("schema = 1\n[[raise]]\nrule = \"tree.executable\"\nseverity = \"low\"\n");
    let policy = Policy::compose(&floor, &[lower]).unwrap();
    let at = |id: &str, path: &str, own| policy.raised(&rule(id), path.as_bytes(), own);
    assert_eq!(
        at("tree.executable", "docs/a/b", Severity::Note),
        Severity::High
    );
    assert_eq!(
        at("tree.executable", "a.md", Severity::Note),
        Severity::High
    );
    assert_eq!(
        at("tree.executable", "a/b.md", Severity::Note),
        Severity::Low
    );
    assert_eq!(at("aws.key", "a", Severity::Critical), Severity::Critical);
    assert_eq!(
        at("tree.bad-name", "docs/a", Severity::Note),
        Severity::Note
    );
    let (_, problems) = RepositoryPolicy::parse(
        "policy.toml",
        "schema = 1\n[[raise]]\nrule = \"X\"\npaths = [\"/a\"]\nseverity = \"dire\"\n",
    );
    assert_eq!(problems.len(), 3, "{problems:?}");
}

#[test]
fn a_lower_layer_may_only_name_a_smaller_size() {
    let largest = |text: &str| format!("schema = 1\n[tree]\nlargest = \"{text}\"\n");
    let floor = organisation(&largest("10MiB"));
    assert_eq!(Policy::floor(&floor).largest(), Some(10 << 20));
    let tighter = repository(&largest("1MiB"));
    let policy = Policy::compose(&floor, &[tighter.clone(), repository(&largest("5 MiB"))]);
    assert_eq!(policy.unwrap().largest(), Some(1 << 20));
    let problems = Policy::compose(&floor, &[repository(&largest("11MiB"))]).unwrap_err();
    assert_eq!(
        shown(&problems)[0].lines().next().unwrap(),
        "policy.toml:3:11: tree.largest: 11 MiB would loosen 10 MiB, which org.toml sets"
    );
    let free = organisation("schema = 1\n");
    assert_eq!(Policy::floor(&free).largest(), None);
    assert_eq!(
        Policy::compose(&free, &[tighter]).unwrap().largest(),
        Some(1 << 20)
    );
    assert!(RepositoryPolicy::parse("p", &largest("10MB")).0.is_none());
}
