//! The blocking adapter over real sockets: what a peer that is slow, gone or refusing does to it.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test fails by panicking"
)]

use std::io::Write as _;
use std::os::unix::net::UnixStream;
use std::time::{Duration, Instant};

use lychgate_wire::blocking::{Connection, Error};
use lychgate_wire::frame::RefuseCode;
use lychgate_wire::{Encoder, Frame, version};

fn pair() -> (Connection<UnixStream, impl Fn() -> Duration>, UnixStream) {
    let (ours, theirs) = UnixStream::pair().unwrap();
    let end = Instant::now() + Duration::from_secs(20);
    (
        Connection::new(ours, move || end.saturating_duration_since(Instant::now())),
        theirs,
    )
}

fn bytes_of(frame: &Frame<'_>) -> Vec<u8> {
    let mut out = Vec::new();
    Encoder::put(frame, &mut out).unwrap();
    out
}

#[test]
fn what_one_side_sends_the_other_receives() {
    let (mut ours, theirs) = pair();
    let mut theirs = Connection::new(theirs, || Duration::from_secs(20));
    let content = vec![b'x'; 200_000];
    let sender = std::thread::spawn(move || {
        ours.send(&Frame::Ready).unwrap();
        ours.send(&Frame::Data(&content)).unwrap();
        ours.send(&Frame::Data(b"tail")).unwrap();
        ours.send(&Frame::Answered).unwrap();
        assert_eq!(ours.receive().unwrap(), Frame::Line("thanks"));
    });
    let mut names = Vec::new();
    let mut content = 0;
    loop {
        let frame = theirs.receive().unwrap();
        if let Frame::Data(bytes) = frame {
            content += bytes.len();
            continue;
        }
        names.push(frame.name());
        if names.last() == Some(&"Answered") {
            break;
        }
    }
    assert_eq!((names, content), (vec!["Ready", "Answered"], 200_004));
    theirs.send(&Frame::Line("thanks")).unwrap();
    theirs.flush().unwrap();
    sender.join().unwrap();
}

#[test]
fn a_peer_that_closes_is_told_apart_from_one_that_is_cut_off() {
    let (mut ours, theirs) = pair();
    drop(theirs);
    assert!(matches!(ours.receive(), Err(Error::Closed)));

    let (mut ours, mut theirs) = pair();
    theirs
        .write_all(&bytes_of(&Frame::Line("half"))[..7])
        .unwrap();
    drop(theirs);
    assert!(matches!(ours.receive(), Err(Error::Truncated)));
}

#[test]
fn the_reason_of_a_peer_that_left_can_still_be_read() {
    let (mut ours, mut theirs) = pair();
    let refuse = version::refuse(RefuseCode::Busy, "full");
    theirs
        .write_all(&bytes_of(&Frame::Refuse(refuse.clone())))
        .unwrap();
    drop(theirs);
    let content = vec![0; 100_000];
    assert!(matches!(
        ours.send(&Frame::Data(&content)),
        Err(Error::Closed)
    ));
    assert_eq!(ours.receive().unwrap(), Frame::Refuse(refuse));
    assert!(matches!(ours.receive(), Err(Error::Closed)));
}

#[test]
fn a_silent_peer_costs_no_more_than_the_deadline() {
    let (ours, _theirs) = UnixStream::pair().unwrap();
    let end = Instant::now() + Duration::from_millis(30);
    let mut ours = Connection::new(ours, move || end.saturating_duration_since(Instant::now()));
    assert!(matches!(ours.receive(), Err(Error::Deadline)));
    assert!(
        matches!(ours.receive(), Err(Error::Deadline)),
        "and it stays passed"
    );
}

#[test]
fn garbage_is_an_error_and_not_a_frame() {
    let (mut ours, mut theirs) = pair();
    theirs.write_all(&[0, 0, 0, 1, 0x42]).unwrap();
    assert!(matches!(
        ours.receive(),
        Err(Error::Frame(lychgate_wire::Error::UnknownTag(0x42)))
    ));
}
