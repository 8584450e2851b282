//! What the daemon adds to judging: the pool, memory, faults, logs, and a client of other make.

use std::io::Write as _;
use std::process::{Command, Stdio};

use lychgate_model::{Decision, ReasonCode, limits};

use crate::running::{Place, Running, TOKEN, assert_serves, dirty, value};

#[test]
fn a_token_is_denied_and_its_absence_allowed() {
    let place = Place::new();
    let running = place.start();
    assert_eq!(running.judge(&dirty()).decision, Decision::Deny);
    assert_eq!(
        running.judge(b"key = zqtok_short\n").decision,
        Decision::Allow
    );
}

#[test]
fn a_scan_that_panics_costs_its_own_verdict_and_nothing_else() {
    let place = Place::new();
    let running = place.start_with(&["--inject-fault", "BOOM"]);
    for _ in 0..20 {
        let answer = running.judge(b"one BOOM two\n");
        assert_eq!(answer.decision, Decision::Indeterminate);
        assert!(
            answer.reasons.iter().any(|r| r.code == ReasonCode::Fault),
            "{answer:?}"
        );
    }
    assert_serves(&running);
    assert_eq!(running.judge(&dirty()).decision, Decision::Deny);
}

#[test]
fn a_push_that_fills_the_memory_does_not_keep_a_commit_waiting() {
    let place = Place::new();
    let running = place.start();
    // Large objects of which no one ever sends the last byte: nothing can be given back.
    let size = 12 << 20;
    let part = vec![b'.'; 9 << 20];
    let mut pushes: Vec<_> = (0..4)
        .map(|_| {
            let mut client = running.client();
            client.begin();
            client.announce(size);
            client
        })
        .collect();
    let senders: Vec<_> = pushes
        .drain(..)
        .map(|mut client| {
            let part = part.clone();
            std::thread::spawn(move || {
                client.data(&part);
                client.flush();
                client
            })
        })
        .collect();
    for _ in 0..20 {
        assert_serves(&running);
    }
    // The daemon's end closes what the senders are blocked in.
    drop(running);
    for sender in senders {
        drop(sender.join().unwrap());
    }
}

#[test]
fn large_content_passes_through_in_bounded_memory() {
    let place = Place::new();
    let running = place.start();
    assert_serves(&running);
    let before = resident(&running, "VmRSS:");
    let mut client = running.client();
    client.begin();
    let piece = vec![b'x'; limits::CHUNK];
    let pieces = 400;
    client.announce((limits::CHUNK * pieces) as u64 + dirty().len() as u64);
    for _ in 0..pieces {
        client.data(&piece);
    }
    client.data(&dirty());
    assert_eq!(
        client.finish().decision,
        Decision::Deny,
        "100 MiB, and the token at the end"
    );
    let peak = resident(&running, "VmHWM:");
    assert!(
        peak < before + (64 << 10),
        "{before} KiB before, {peak} KiB at most"
    );
}

fn resident(running: &Running, key: &str) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{}/status", running.child.id())).unwrap();
    let line = status
        .lines()
        .find_map(|line| line.strip_prefix(key))
        .unwrap();
    line.trim().trim_end_matches(" kB").parse().unwrap()
}

#[test]
fn neither_log_nor_status_nor_answer_holds_what_was_scanned() {
    let place = Place::new();
    let mut command = place.command();
    command.env("LYCHGATE_LOG", "trace");
    let running = Running::of(
        command.args(["--inject-fault", "BOOM"]).spawn().unwrap(),
        &place.socket(),
    );
    running.wait_ready();
    let answer = running.judge(&dirty());
    assert_eq!(answer.decision, Decision::Deny);
    let with_fault = [dirty(), b"BOOM\n".to_vec()].concat();
    assert_eq!(running.judge(&with_fault).decision, Decision::Indeterminate);
    let status = running.status().join("\n");
    assert!(
        value(&running.status(), "verdicts")
            .unwrap()
            .contains("1 deny, 1 indeterminate")
    );
    let log = place.log();
    assert!(
        log.contains("session closed") && log.contains(&answer.request),
        "{log}"
    );
    for (name, text) in [
        ("log", &log),
        ("status", &status),
        ("answer", &format!("{answer:?}")),
    ] {
        assert!(!text.contains(TOKEN), "{name} holds the token");
        assert!(!text.contains(&TOKEN[6..]), "{name} holds the token's body");
    }
    for entry in std::fs::read_dir(place.path("state")).unwrap() {
        let path = entry.unwrap().path();
        let bytes = if path.is_file() {
            std::fs::read(&path).unwrap()
        } else {
            Vec::new()
        };
        let found = bytes.windows(TOKEN.len()).any(|w| w == TOKEN.as_bytes());
        assert!(!found, "{} holds the token", path.display());
    }
}

#[test]
fn a_client_written_from_the_specification_alone_is_understood() {
    let place = Place::new();
    let running = place.start();
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/../../tests/second_client.py");
    let lines = std::fs::read_to_string(script).unwrap().lines().count();
    assert!(lines <= 100, "{lines} lines");
    let run = |argument: &str, content: &[u8]| {
        let mut command = Command::new("python3");
        command.arg(script).arg(&running.socket).arg(argument);
        let child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn();
        let mut child = child.expect("python3 is there");
        // A client that needs no input may have closed it.
        let _ = child.stdin.take().unwrap().write_all(content);
        let output = child.wait_with_output().unwrap();
        (
            output.status.code(),
            String::from_utf8(output.stdout).unwrap(),
        )
    };
    let (code, text) = run("a.env", &dirty());
    assert!(
        code == Some(1) && text.trim_end().ends_with("deny"),
        "{code:?} {text}"
    );
    assert!(text.contains("zq.token") && !text.contains(TOKEN), "{text}");
    let large = vec![b'\n'; 600_000];
    assert_eq!(run("a.env", &large), (Some(0), "allow\n".to_owned()));
    let (code, text) = run("--status", b"");
    assert!(code == Some(0) && text.contains("state: ready"), "{text}");
}

#[test]
fn objects_that_were_judged_stay_known_over_a_restart() {
    let place = Place::new();
    let judged = |running: &Running| {
        let mut client = running.client();
        client.blob(b"clean\n");
        client.finish().coverage
    };
    let mut first = place.start();
    assert_eq!(judged(&first).cached_objects, 0);
    assert_eq!(judged(&first).cached_objects, 1);
    first.signal(rustix::process::Signal::TERM);
    assert_eq!(first.exited().code(), Some(0));
    let second = place.start();
    assert_eq!(
        judged(&second).cached_objects,
        1,
        "{}",
        second.status().join("\n")
    );
}

#[test]
fn clean_bytes_under_another_id_are_not_remembered_for_it() {
    let place = Place::new();
    let running = place.start();
    let mut liar = running.client();
    liar.blob_as(&dirty(), b"clean\n");
    let answer = liar.finish();
    assert_eq!(answer.decision, Decision::Indeterminate);
    let mut honest = running.client();
    honest.blob(&dirty());
    let answer = honest.finish();
    assert_eq!(
        (answer.decision, answer.coverage.cached_objects),
        (Decision::Deny, 0)
    );
}
