//! How a daemon ends: idle, asked, told; without losing a client.

use std::io::Read as _;
use std::os::fd::OwnedFd;
use std::process::Stdio;

use lychgate_model::Decision;
use lychgate_wire::frame::{RefuseCode, caps};
use rustix::process::Signal;

use crate::running::{Client, Outcome, Place, Running, assert_serves, until};

#[test]
fn a_spawned_daemon_leaves_when_idle_and_takes_its_socket_along() {
    let place = Place::new();
    let mut running = place.start_with(&["--spawned", "--idle", "1"]);
    assert_eq!(running.exited().code(), Some(0));
    assert!(!place.socket().exists());
    assert!(
        place.path("state/lychgated.log").exists(),
        "it logs into its state folder"
    );
}

#[test]
fn an_open_session_keeps_an_idle_daemon() {
    let place = Place::new();
    let mut running = place.start_with(&["--spawned", "--idle", "1"]);
    let mut client = running.client();
    client.begin();
    std::thread::sleep(std::time::Duration::from_millis(1500));
    assert!(running.child.try_wait().unwrap().is_none());
    client.file(b"clean\n");
    assert_eq!(client.finish().decision, Decision::Allow);
    assert_eq!(running.exited().code(), Some(0));
}

#[test]
fn a_spawned_daemon_keeps_nothing_of_the_hook_that_spawned_it() {
    let place = Place::new();
    let (ours, theirs) = std::io::pipe().unwrap();
    // The pipe is standard error, and, because it is not closed on exec in `sh`, descriptor 9.
    let script = "exec 9>&2; exec \"$0\" \"$@\"";
    let mut command = std::process::Command::new("sh");
    command.args([
        "-c",
        script,
        env!("CARGO_BIN_EXE_lychgated"),
        "--spawned",
        "--idle",
        "60",
    ]);
    command
        .arg("--socket")
        .arg(place.socket())
        .arg("--state-dir")
        .arg(place.path("state"));
    command
        .env("SECRET_OF_THE_HOOK", "x")
        .current_dir(place.dir.path());
    let child = command
        .stdin(Stdio::null())
        .stdout(theirs.try_clone().unwrap());
    let child = child
        .stderr(Stdio::from(OwnedFd::from(theirs)))
        .spawn()
        .unwrap();
    drop(command);
    let running = Running::of(child, &place.socket());
    running.wait_ready();
    let mut rest = Vec::new();
    let mut ours = ours;
    ours.read_to_end(&mut rest)
        .expect("the pipe ends although the daemon runs");
    assert_eq!(rest, b"");
    let proc = format!("/proc/{}", running.child.id());
    assert_eq!(
        std::fs::read_link(format!("{proc}/cwd")).unwrap(),
        std::path::Path::new("/")
    );
    let stat = std::fs::read_to_string(format!("{proc}/stat")).unwrap();
    let session = stat
        .rsplit(')')
        .next()
        .unwrap()
        .split_whitespace()
        .nth(3)
        .unwrap();
    assert_eq!(
        session,
        running.child.id().to_string(),
        "it leads its own session"
    );
    let limits = std::fs::read_to_string(format!("{proc}/limits")).unwrap();
    let core = limits
        .lines()
        .find(|l| l.starts_with("Max core file size"))
        .unwrap();
    assert!(core.contains(" 0  "), "{core}");
    let filter = std::fs::read_to_string(format!("{proc}/coredump_filter")).unwrap();
    assert_eq!(filter.trim(), "00000000");
}

#[test]
fn on_sigterm_open_sessions_finish_and_nobody_new_is_let_in() {
    for signal in [Signal::TERM, Signal::INT] {
        let place = Place::new();
        let mut running = place.start();
        let mut client = running.client();
        client.begin();
        client.flush();
        running.signal(signal);
        until("the socket's end", || {
            (!place.socket().exists()).then_some(())
        });
        assert!(Client::try_connect(&place.socket()).is_none());
        client.file(b"clean\n");
        assert_eq!(client.finish().decision, Decision::Allow);
        assert_eq!(running.exited().code(), Some(0));
    }
}

#[test]
fn a_drained_daemon_makes_room_at_once_for_its_successor() {
    let place = Place::new();
    let mut first = place.start();
    let mut client = first.client();
    client.begin();
    client.flush();
    let lines = first.client().control(caps::DRAIN);
    assert_eq!(lines, ["draining: 1 sessions"]);
    assert!(!place.socket().exists(), "gone before the answer ends");

    let second = place.start();
    assert!(
        first.child.try_wait().unwrap().is_none(),
        "the first still has a session"
    );
    client.file(b"clean\n");
    assert_eq!(client.finish().decision, Decision::Allow);
    assert_eq!(first.exited().code(), Some(0));
    assert_serves(&second);
}

#[test]
fn whoever_waits_in_the_queue_of_a_drained_daemon_is_sent_on() {
    let place = Place::new();
    let running = place.start();
    // Stopped, so that it cannot accept before it is told to end.
    running.signal(Signal::STOP);
    let mut waiting = running.client();
    running.signal(Signal::TERM);
    running.signal(Signal::CONT);
    match waiting.outcome() {
        // Either is right; silence would not be.
        Outcome::Refused(code, _) => assert_eq!(code, RefuseCode::Draining),
        Outcome::Closed => panic!("closed without a word"),
        Outcome::Verdict(answer) => assert_ne!(answer.decision, Decision::Allow),
    }
}

#[test]
fn a_session_that_does_not_end_is_told_to_and_is_never_an_allow() {
    let place = Place::new();
    let mut running = place.start();
    let mut client = running.client();
    client.begin();
    client.announce(10);
    client.data(b"half");
    client.flush();
    running.signal(Signal::TERM);
    match client.outcome() {
        Outcome::Verdict(answer) => assert_eq!(answer.decision, Decision::Indeterminate),
        other => panic!("{other:?}"),
    }
    assert_eq!(running.exited().code(), Some(0));
}

#[test]
fn a_daemon_killed_in_the_middle_says_nothing() {
    let place = Place::new();
    let mut running = place.start();
    let mut client = running.client();
    client.begin();
    client.announce(10);
    client.data(b"half");
    client.flush();
    running.child.kill().unwrap();
    assert_eq!(client.outcome(), Outcome::Closed);
}

/// What stands at the place of a daemon's own files.
fn number(path: &std::path::Path) -> u64 {
    use std::os::unix::fs::MetadataExt as _;
    path.symlink_metadata().unwrap().ino()
}

/// Stands until the daemon has looked after its own files at least once.
fn a_look_later() {
    std::thread::sleep(std::time::Duration::from_millis(2500));
}

#[test]
fn a_daemon_whose_socket_was_removed_makes_room_for_another() {
    let place = Place::new();
    let mut first = place.start();
    let mut client = first.client();
    client.begin();
    client.flush();
    a_look_later();
    assert!(first.child.try_wait().unwrap().is_none(), "all is in place");

    let lock = place.path("run/lychgated.sock.lock");
    let free = || {
        let lock = std::fs::File::open(&lock).unwrap();
        let free = rustix::fs::flock(lock, rustix::fs::FlockOperation::NonBlockingLockExclusive);
        free.is_ok().then_some(())
    };
    assert!(free().is_none());
    std::fs::remove_file(place.socket()).unwrap();
    until("the lock", free);
    assert!(first.child.try_wait().unwrap().is_none());
    let second = place.start();
    client.file(b"clean\n");
    assert_eq!(client.finish().decision, Decision::Allow, "it drains");
    assert_eq!(first.exited().code(), Some(5), "and says that it failed");
    assert_serves(&second);
}

#[test]
fn a_daemon_whose_place_another_took_leaves_it_to_that_one() {
    let place = Place::new();
    let mut first = place.start();
    // As a cleaner of temporary folders does.
    std::fs::remove_dir_all(place.path("run")).unwrap();
    let second = place.start();
    let (socket, lock) = (place.socket(), place.path("run/lychgated.sock.lock"));
    let before = (number(&socket), number(&lock));
    assert_eq!(first.exited().code(), Some(5));
    assert_eq!((number(&socket), number(&lock)), before);
    assert_serves(&second);
}

#[test]
fn a_daemon_whose_lock_was_removed_takes_its_socket_along() {
    let place = Place::new();
    let mut running = place.start();
    std::fs::remove_file(place.path("run/lychgated.sock.lock")).unwrap();
    assert_eq!(running.exited().code(), Some(5));
    assert!(!place.socket().exists());
    assert_serves(&place.start());
}

#[test]
fn the_lock_names_its_holder() {
    let place = Place::new();
    let lock = place.path("run/lychgated.sock.lock");
    std::fs::create_dir(place.path("run")).unwrap();
    let own = std::os::unix::fs::PermissionsExt::from_mode(0o700);
    std::fs::set_permissions(place.path("run"), own).unwrap();
    std::fs::write(&lock, "12345678901\n").unwrap();
    let running = place.start();
    let named = || std::fs::read_to_string(&lock).unwrap();
    assert_eq!(named(), format!("{}\n", running.child.id()));
    // One that finds it held changes nothing.
    assert!(place.command().status().unwrap().success());
    assert_eq!(named(), format!("{}\n", running.child.id()));
}
