//! New rules come into force whole or not at all.

use lychgate_model::Decision;
use lychgate_wire::frame::caps;
use rustix::process::Signal;

use crate::running::{Place, Running, assert_serves, dirty, until, value};

fn digest(running: &Running) -> String {
    value(&running.status(), "rule-set").unwrap().to_owned()
}

fn compiles(running: &Running) -> u32 {
    value(&running.status(), "rule-compiles")
        .unwrap()
        .parse()
        .unwrap()
}

#[test]
fn rules_are_compiled_once_however_many_ask() {
    let place = Place::new();
    let running = place.start();
    for _ in 0..200 {
        assert_serves(&running);
    }
    let status = running.status();
    assert_eq!(value(&status, "rule-compiles"), Some("1"));
    assert!(
        value(&status, "verdicts")
            .unwrap()
            .starts_with("200 allow, 0 deny"),
        "{status:?}"
    );
}

#[test]
fn a_broken_pack_keeps_the_old_rules_serving_and_status_says_so() {
    let place = Place::new();
    let running = place.start();
    let before = digest(&running);
    assert_eq!(value(&running.status(), "state"), Some("ready"));

    std::fs::write(place.path("extra.toml"), "[pack]\nid = 7\nnonsense\n").unwrap();
    let lines = running.client().control(caps::RELOAD);
    assert_eq!(value(&lines, "reload"), Some("failed, the old rules serve"));
    assert!(
        value(&lines, "problem").unwrap().contains("extra.toml"),
        "{lines:?}"
    );
    let status = running.status();
    assert_eq!(value(&status, "state"), Some("degraded"));
    assert!(
        value(&status, "problem").unwrap().contains("extra.toml"),
        "{status:?}"
    );
    assert_eq!(digest(&running), before);
    assert_eq!(
        running.judge(&dirty()).decision,
        Decision::Deny,
        "by the old rules"
    );
    assert_serves(&running);

    place.write_pack("a better title");
    let lines = running.client().control(caps::RELOAD);
    assert_eq!(value(&lines, "reload"), Some("ok"), "{lines:?}");
    assert_ne!(digest(&running), before);
    assert_eq!(value(&running.status(), "state"), Some("ready"));
    assert_eq!(running.judge(&dirty()).decision, Decision::Deny);
}

#[test]
fn a_signal_or_a_changed_file_is_enough() {
    let place = Place::new();
    let running = place.start();
    let before = digest(&running);
    place.write_pack("after the file changed");
    let seen = until("a reload by itself", || {
        Some(digest(&running)).filter(|d| *d != before)
    });
    let compiled = compiles(&running);
    running.signal(Signal::HUP);
    until("a reload by signal", || {
        (compiles(&running) > compiled).then_some(())
    });
    assert_eq!(digest(&running), seen, "the same files make the same rules");
}

/// While the rules that were read are still compiled, or tested on themselves.
#[test]
fn a_file_that_changes_while_the_daemon_starts_is_seen() {
    for wait in [0, 20, 60, 150, 400, 900] {
        let place = Place::new();
        let running = Running::of(place.command().spawn().unwrap(), &place.socket());
        std::thread::sleep(std::time::Duration::from_millis(wait));
        place.write_pack("changed at the start");
        running.wait_ready();
        until("the rule as it is now", || {
            let lines = running.client().control(caps::STATUS);
            let file = lines.iter().find(|l| l.contains("extra.toml"))?.clone();
            file.contains(&place.digest_of_pack()).then_some(())
        });
    }
}

#[test]
fn a_session_ends_with_the_rules_it_began_with() {
    let place = Place::new();
    let running = place.start();
    let before = digest(&running);
    let mut old = running.client();
    old.begin();
    old.announce(6);
    old.flush();
    // Its Facts have been read when another session that came later is answered.
    assert_serves(&running);
    place.write_pack("changed in between");
    let lines = running.client().control(caps::RELOAD);
    assert_eq!(value(&lines, "reload"), Some("ok"), "{lines:?}");
    let after = digest(&running);
    assert_ne!(after, before);
    old.data(b"clean\n");
    assert_eq!(old.finish().rule_set.to_string(), before);
    assert_eq!(running.judge(b"clean\n").rule_set.to_string(), after);
}

#[test]
fn without_any_rules_nothing_is_judged_until_they_are_mended() {
    let place = Place::new();
    let mut command = place.command();
    std::fs::write(place.path("extra.toml"), "nonsense").unwrap();
    let running = Running::of(command.spawn().unwrap(), &place.socket());
    running.wait_ready();
    let status = running.status();
    assert_eq!(value(&status, "state"), Some("not-ready"));
    let mut client = running.client();
    client.hello(caps::OFFERS);
    match client.outcome() {
        crate::running::Outcome::Refused(code, message) => {
            assert_eq!(code, lychgate_wire::frame::RefuseCode::NotReady);
            assert!(message.contains("extra.toml"), "{message}");
        }
        other => panic!("{other:?}"),
    }
    place.write_pack("mended");
    until("rules", || {
        (value(&running.status(), "state")? == "ready").then_some(())
    });
    assert_eq!(running.judge(&dirty()).decision, Decision::Deny);
}
