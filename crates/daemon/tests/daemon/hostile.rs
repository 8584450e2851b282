//! A peer that is broken, of another version or means harm: it gets an error or is closed, never
//! a verdict of allow, and the daemon serves the next one.

use crate::running::{Client, Outcome, Place, Running, assert_serves, facts, value};
use lychgate_model::{Decision, limits};
use lychgate_wire::frame::{Frame, RefuseCode};
use lychgate_wire::version;

fn refused(outcome: &Outcome, code: RefuseCode) -> bool {
    matches!(outcome, Outcome::Refused(c, _) if *c == code)
}

#[test]
fn another_major_version_is_told_which_is_spoken() {
    let place = Place::new();
    let running = place.start();
    let mut hello = version::hello(0, "from the future", Vec::new());
    hello.major += 1;
    let mut client = running.client();
    client.send(&Frame::Hello(hello));
    let outcome = client.outcome();
    assert!(refused(&outcome, RefuseCode::Version), "{outcome:?}");

    let mut hello = version::hello(0, "a little newer", Vec::new());
    hello.minor += 1;
    let mut client = running.client();
    client.send(&Frame::Hello(hello));
    client.send(&facts());
    client.send(&Frame::Ready);
    client.file(b"clean\n");
    assert_eq!(
        client.finish().decision,
        Decision::Allow,
        "minors are compatible"
    );
}

#[test]
fn garbage_gets_an_error_whatever_it_is() {
    let place = Place::new();
    let running = place.start();
    let oversized = (u32::try_from(limits::FRAME).unwrap()).to_be_bytes();
    let cases: [&[u8]; 6] = [
        b"GET / HTTP/1.1\r\n\r\n",
        &[0, 0, 0, 0],
        &oversized,
        &[0, 0, 0, 1, 0x42],
        &[
            0, 0, 0, 9, 0x01, b'N', b'O', b'T', b'L', b'Y', b'C', b'H', b'G',
        ],
        &[0, 0, 0, 1, 0x13],
    ];
    for bytes in cases {
        let mut client = running.client();
        client.send_raw(bytes);
        let outcome = client.outcome();
        assert!(
            refused(&outcome, RefuseCode::Protocol),
            "{bytes:?}: {outcome:?}"
        );
        let mut client = running.client();
        client.begin();
        client.send_raw(bytes);
        let outcome = client.outcome();
        assert!(
            refused(&outcome, RefuseCode::Protocol),
            "later, {bytes:?}: {outcome:?}"
        );
    }
    assert_serves(&running);
}

#[test]
fn a_wrong_order_is_never_an_allow() {
    let place = Place::new();
    let running = place.start();
    type Step = fn(&mut Client);
    let cases: [(&str, Step); 6] = [
        ("facts twice", |c| c.send(&facts())),
        ("data without an object", |c| c.data(b"x")),
        ("more bytes than announced", |c| {
            c.announce(1);
            c.data(b"xyz");
        }),
        ("fewer bytes than announced", |c| {
            c.announce(5);
            c.data(b"xyz");
            c.done();
        }),
        ("an answer nobody asked for", |c| {
            c.send(&Frame::Answered);
            c.done();
        }),
        ("a judge's frame", |c| c.send(&Frame::Line("allow"))),
    ];
    for (name, step) in cases {
        let mut client = running.client();
        client.begin();
        step(&mut client);
        match client.outcome() {
            Outcome::Verdict(answer) => assert_ne!(answer.decision, Decision::Allow, "{name}"),
            Outcome::Refused(..) | Outcome::Closed => {}
        }
    }
    assert_serves(&running);
}

#[test]
fn a_stream_cut_anywhere_leaves_the_daemon_serving() {
    let place = Place::new();
    let running = place.start();
    let mut whole = Vec::new();
    for frame in [
        Frame::Hello(version::hello(0, "cut", Vec::new())),
        facts(),
        Frame::Ready,
    ] {
        lychgate_wire::Encoder::put(&frame, &mut whole).unwrap();
    }
    for cut in 0..whole.len() {
        running.client().send_raw(&whole[..cut]);
    }
    assert_serves(&running);
}

#[test]
fn counts_that_differ_are_indeterminate() {
    let place = Place::new();
    let running = place.start();
    let mut client = running.client();
    client.begin();
    client.file(b"clean\n");
    client.send(&Frame::Done(lychgate_model::Tally::default()));
    match client.outcome() {
        Outcome::Verdict(answer) => assert_eq!(answer.decision, Decision::Indeterminate),
        other => panic!("{other:?}"),
    }
    assert_serves(&running);
}

#[test]
fn a_peer_that_dribbles_is_closed_and_delays_nobody() {
    let place = Place::new();
    let running = place.start();
    let mut slow = running.client();
    slow.send_raw(&[0, 0]);
    assert_serves(&running);
    let outcome = slow.outcome();
    assert!(refused(&outcome, RefuseCode::Limit), "{outcome:?}");
}

#[test]
fn with_few_descriptors_some_are_told_that_it_is_busy_and_all_are_served_later() {
    let place = Place::new();
    let _ = place.config();
    let script = "ulimit -n 40; exec \"$0\" --socket \"$1\" --config \"$2\"";
    let child = std::process::Command::new("sh")
        .args(["-c", script, env!("CARGO_BIN_EXE_lychgated")])
        .args([place.socket(), place.path("lychgate.toml")])
        .stderr(std::fs::File::create(place.path("log")).unwrap())
        .spawn()
        .unwrap();
    let running = Running::of(child, &place.socket());
    crate::running::until("its start", || Client::try_connect(&place.socket()));
    running.wait_ready();
    let mut held: Vec<Client> = (0..20).map(|_| running.client()).collect();
    let mut busy = 0;
    for client in held.iter_mut().skip(10) {
        if refused(&client.outcome(), RefuseCode::Busy) {
            busy += 1;
        }
    }
    assert_eq!(
        busy, 10,
        "eight sessions fit, and the first ten connections hold them"
    );
    drop(held);
    crate::running::until("room", || {
        let status =
            Client::try_connect(&running.socket)?.control(lychgate_wire::frame::caps::STATUS);
        value(&status, "sessions")
            .is_some_and(|s| s.starts_with("1 open"))
            .then_some(())
    });
    assert_serves(&running);
}
