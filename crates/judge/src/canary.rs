//! A made-up token that every policy denies, and the same text without it: whether a judge judges.

use std::sync::Arc;

use jiff::civil::Date;
use lychgate_model::{Decision, HashKind, Hook, ObjectId, ObjectKind, Reason, RuleId};
use lychgate_wire::frame::{Answer, Facts, Frame, Object, Role};
use lychgate_wire::tally::Counter;
use lychgate_wire::version;

use crate::cache::Cache;
use crate::engine::Engine;
use crate::in_process::InProcess;
use crate::reply::Reply;
use crate::session::{Context, Session};
use crate::state::State;

/// The rule that finds it: critical, so that no threshold is above it.
pub const RULE: &str = "github.personal-access-token";
/// What the two files are called.
pub const NAME: &str = "self-test.txt";

/// A file with the token, which is nobody's: its checksum is right and its letters are these.
pub fn dirty() -> Vec<u8> {
    let token = ["gh", "p_", "Q7wZk2LmX9cVb4N", "tR8yHs3Jd6Gf1Pa", "0JmPmc"].concat();
    format!("token = \"{token}\"\n").into_bytes()
}

/// The same without.
pub fn clean() -> Vec<u8> {
    b"token = os.environ[\"TOKEN\"]\n".to_vec()
}

/// Whether what was answered to [`dirty`] is right: a denial, or where an organisation only
/// observes, that there would have been one.
pub fn is_denied(decision: Decision, rules: &[RuleId], notes: &[String]) -> bool {
    let found = rules.iter().any(|rule| rule.as_str() == RULE);
    let observed = || {
        notes
            .iter()
            .any(|n| n.starts_with("observe: would be denied"))
    };
    found && (decision == Decision::Deny || (decision == Decision::Allow && observed()))
}

/// Whether what was answered to [`clean`] is right.
pub fn is_allowed(decision: Decision, rules: &[RuleId]) -> bool {
    decision == Decision::Allow && rules.is_empty()
}

/// Judges both as a client's files would be.
///
/// # Errors
/// What was answered instead, in words.
pub fn self_test(engine: &Arc<Engine>, today: Date) -> Result<(), String> {
    let (answer, rules) = judged(engine, today, &dirty())?;
    if !is_denied(answer.decision, &rules, &answer.notes) {
        return Err(wrong("a token was", &answer));
    }
    let (answer, rules) = judged(engine, today, &clean())?;
    if !is_allowed(answer.decision, &rules) {
        return Err(wrong("a file without one was", &answer));
    }
    Ok(())
}

fn wrong(what: &str, answer: &Answer) -> String {
    format!("{what} {}", instead(answer.decision, &answer.reasons))
}

/// What was done that should not have been, with the first reason.
pub fn instead(decision: Decision, reasons: &[Reason]) -> String {
    let why = reasons.first();
    let why = why.map_or_else(String::new, |why| format!(": {}", why.message));
    let how = match decision {
        Decision::Allow => "allowed",
        Decision::Indeterminate => "not checked",
        Decision::Deny => "denied",
    };
    format!("{how}{why}")
}

/// The answer and the rules that found something.
fn judged(
    engine: &Arc<Engine>,
    today: Date,
    content: &[u8],
) -> Result<(Answer, Vec<RuleId>), String> {
    let context = Context {
        peer: 0,
        today,
        request: String::new(),
        build: String::new(),
        capabilities: 0,
    };
    // Nothing is remembered of it, and nothing kept.
    let (cache, state) = (Arc::new(Cache::new(0)), Arc::new(State::open(None)));
    let mut judge = InProcess::new(Session::new(engine.clone(), cache, state, context));
    let mut counter = Counter::new();
    let object = Object {
        role: Role::File,
        kind: ObjectKind::Blob,
        id: ObjectId::null(HashKind::Sha1),
        size: content.len() as u64,
        path: NAME.as_bytes(),
    };
    counter.object(&object, false);
    counter.data(Role::File, content.len());
    let facts = Facts {
        hook: Hook::CheckStdin,
        object_format: HashKind::Sha1,
        want_findings: true,
        repository: b"",
        head: b"",
        head_born: false,
        variables: Vec::new(),
    };
    for frame in [
        Frame::Hello(version::hello(0, "self-test", Vec::new())),
        Frame::Facts(facts),
        Frame::Ready,
        Frame::Object(object),
        Frame::Data(content),
        Frame::Done(counter.tally()),
    ] {
        judge.send(&frame).map_err(|refusal| refusal.message)?;
    }
    let mut rules = Vec::new();
    while let Some(reply) = judge.receive() {
        match reply {
            Reply::Finding(finding) => rules.push(finding.rule.clone()),
            Reply::Verdict(answer) => return Ok((Answer::clone(answer), rules)),
            _ => {}
        }
    }
    Err("no verdict was given".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    const TODAY: Date = jiff::civil::date(2026, 11, 22);

    fn engine(organisation: &str) -> Arc<Engine> {
        let mut sources = crate::Sources::built_in();
        sources.organisation = Some(crate::Text {
            name: "org.toml".into(),
            text: format!("schema = 1\n{organisation}"),
        });
        Arc::new(Engine::load(&sources).unwrap())
    }

    #[test]
    fn every_policy_denies_the_token_or_says_that_it_would() {
        for organisation in [
            "",
            "mode = \"observe\"\n",
            "unread = \"deny\"\n[blocks]\ndefault = \"critical\"\n[tree]\nlargest = \"1KiB\"\n",
            "[blocks]\ndefault = \"note\"\nshapeless = \"medium\"\n",
        ] {
            assert_eq!(
                self_test(&engine(organisation), TODAY),
                Ok(()),
                "{organisation}"
            );
        }
    }

    #[test]
    fn a_judge_that_does_not_judge_is_found_out() {
        let broken = Arc::try_unwrap(engine(""))
            .unwrap()
            .with_fault_injection(b"token = ");
        let said = self_test(&Arc::new(broken), TODAY).unwrap_err();
        assert!(said.starts_with("a token was not checked: "), "{said}");
        let id = [RuleId::new(RULE).unwrap()];
        let note = ["observe: would be denied: x".to_owned()];
        assert!(!is_denied(Decision::Allow, &id, &[]));
        assert!(is_denied(Decision::Allow, &id, &note));
        assert!(!is_denied(Decision::Deny, &[], &[]));
        assert!(!is_denied(Decision::Indeterminate, &id, &[]));
        assert!(!is_allowed(Decision::Allow, &id));
        assert!(is_allowed(Decision::Allow, &[]));
    }

    #[test]
    fn no_token_stands_in_its_twin() {
        assert!(!String::from_utf8(clean()).unwrap().contains("gh"));
        assert!(dirty().len() > clean().len());
    }
}
