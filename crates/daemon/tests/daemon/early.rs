//! Deadlines and what comes before what.

use lychgate_model::{Decision, ReasonCode};

use crate::running::{Client, Outcome, Place, Running, assert_serves, dirty};

/// More slow content than can be read until the deadline, each piece of work of its own.
fn slow() -> Vec<Vec<u8>> {
    let content = |n: u32| {
        let mut content = format!("SLOW {n}\n").into_bytes();
        content.resize(257 << 10, b'.');
        content
    };
    (0..60).map(content).collect()
}

fn push(running: &Running, contents: &[Vec<u8>]) -> (usize, Box<lychgate_wire::frame::Answer>) {
    let mut client = running.client();
    let needed = client.push(contents);
    match client.outcome() {
        Outcome::Verdict(answer) => {
            if answer.decision == Decision::Deny {
                let text = client.lines.join("\n");
                assert!(text.contains("zq.token"), "{text}");
            }
            (needed, answer)
        }
        other => panic!("no verdict but {other:?}"),
    }
}

#[test]
fn a_secret_behind_slow_content_is_denied_before_the_deadline() {
    let place = Place::new();
    let running = place.start_with(&["--inject-delay", "SLOW"]);
    let mut contents = slow();
    contents.push(dirty());
    let (_, answer) = push(&running, &contents);
    assert_eq!(answer.decision, Decision::Deny, "{answer:?}");
    assert!(!answer.coverage.complete, "{answer:?}");
    assert_eq!(answer.coverage.tally.objects, 61);
    let [reason] = answer.reasons.as_slice() else {
        panic!("{answer:?}");
    };
    assert_eq!(reason.code, ReasonCode::Deadline);
    assert!(reason.message.contains("of 61 objects"), "{reason:?}");
}

#[test]
fn slow_content_without_a_secret_is_judged_in_several_tries() {
    let place = Place::new();
    let running = place.start_with(&["--inject-delay", "SLOW"]);
    let contents = slow();
    let (mut needed, mut answer) = push(&running, &contents);
    assert_eq!(answer.decision, Decision::Indeterminate, "{answer:?}");
    assert_eq!(answer.reasons[0].code, ReasonCode::Deadline);
    while answer.decision == Decision::Indeterminate {
        let (now, again) = push(&running, &contents);
        assert!(now < needed, "{now} of {needed}: what was judged stays");
        (needed, answer) = (now, again);
    }
    assert_eq!(answer.decision, Decision::Allow);
}

#[test]
fn sessions_with_documents_of_full_size_hold_no_commit_up() {
    let place = Place::new();
    let running = place.start_with(&["--inject-delay", "SLOW"]);
    let mut policy = b"schema = 1\n# SLOW ".to_vec();
    policy.resize(lychgate_wire::bound::DOCUMENT, b'#');
    let mut waiting: Vec<Client> = (0..16)
        .map(|_| {
            let mut client = running.client();
            client.begin_with_policy(&policy);
            client
        })
        .collect();
    assert_serves(&running);
    // All of them came first, and some are not through yet.
    assert!(waiting.iter_mut().any(|client| !client.has_answer()));
}
