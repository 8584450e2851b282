//! A daemon that hangs, and one whose socket was removed under it: nobody waits long for either,
//! and both are named and ended.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test that cannot go on fails"
)]

mod scene;

use std::os::unix::net::UnixStream;
use std::path::PathBuf;
use std::process::Stdio;
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};
use scene::Scene;

/// A daemon that is stopped.
struct Lost {
    scene: Scene,
    repository: PathBuf,
    pid: Pid,
}

impl Lost {
    /// It lost its socket and does not see it.
    fn new() -> Self {
        let lost = Self::hung("deny");
        std::fs::remove_file(lost.socket()).unwrap();
        lost
    }

    /// It takes connections and never says a word.
    fn hung(unavailable: &str) -> Self {
        let scene = Scene::with_programs();
        let repository = scene.repository("r");
        scene
            .lychgate(&repository, ["install", "--unavailable", unavailable])
            .exits(0);
        scene.lychgate(&repository, ["daemon", "start"]).exits(0);
        let status = scene.lychgate(scene.root(), ["status"]).exits(0);
        let pid = status.out.lines().find_map(|l| l.strip_prefix("pid: "));
        let pid = Pid::from_raw(pid.unwrap().parse().unwrap()).unwrap();
        kill_process(pid, Signal::STOP).unwrap();
        Self {
            scene,
            repository,
            pid,
        }
    }

    fn lychgate(&self, args: &[&'static str]) -> scene::Said {
        self.scene.lychgate(&self.repository, args.iter().copied())
    }

    fn socket(&self) -> PathBuf {
        self.scene.path("run/lychgate/lychgated.sock")
    }

    fn goes_on(&self) {
        // It may have ended.
        let _ = kill_process(self.pid, Signal::CONT);
    }

    fn names(&self, text: &str) -> bool {
        let expected = format!("pid {} holds its lock", self.pid.as_raw_nonzero());
        text.contains(&expected)
    }

    fn commit(&self) -> scene::Said {
        let args = ["commit", "-q", "--allow-empty", "-m", "x"];
        self.scene.try_git(&self.repository, args)
    }
}

impl Drop for Lost {
    fn drop(&mut self) {
        let _ = kill_process(self.pid, Signal::KILL);
    }
}

#[test]
fn a_hook_does_not_wait_for_it_as_for_one_that_starts() {
    let lost = Lost::new();
    let denied = lost.commit();
    assert_eq!(denied.code, 1, "{denied:?}");
    let why = denied.flat();
    assert!(why.contains("lost its socket holds the lock"), "{why}");
    // It sees what happened and ends, and then a hook starts another.
    lost.goes_on();
    let end = Instant::now() + Duration::from_secs(30);
    while lost.commit().code != 0 {
        assert!(Instant::now() < end, "it did not end");
    }
    assert!(lost.socket().exists());
}

#[test]
fn start_and_status_name_it_and_start_waits_for_its_end() {
    let lost = Lost::new();
    let verb = |args: &[&'static str]| {
        let args = args.iter().copied();
        lost.scene.lychgate(lost.scene.root(), args)
    };
    let status = verb(&["status"]).exits(5);
    assert!(lost.names(&status.flat()), "{}", status.err);
    let start = verb(&["daemon", "start"]).exits(5);
    assert!(lost.names(&start.flat()), "{}", start.err);
    assert!(start.err.contains("lychgate daemon stop"), "{}", start.err);
    lost.goes_on();
    verb(&["daemon", "start"]).exits(0);
    verb(&["status"]).exits(0);
}

#[test]
fn stop_ends_it() {
    let lost = Lost::new();
    let told = lost.lychgate(&["daemon", "stop"]).exits(0).out;
    assert!(told.contains("had lost its socket"), "{told}");
    let none = lost.lychgate(&["daemon", "stop"]);
    assert!(none.exits(0).out.contains("no daemon runs"));
    lost.lychgate(&["daemon", "start"]).exits(0);
}

#[test]
fn one_that_hangs_is_named_by_every_verb_and_ended_by_stop() {
    let hung = Lost::hung("in-process");
    let pid = format!("does not answer (pid {})", hung.pid.as_raw_nonzero());
    for args in [&["status"][..], &["daemon", "reload"], &["daemon", "start"]] {
        let begun = Instant::now();
        let said = hung.lychgate(args).exits(5);
        assert!(said.flat().contains(&pid), "{}", said.err);
        let next = "lychgate daemon stop; lychgate daemon start";
        assert!(said.flat().contains(next), "{}", said.err);
        // Two seconds, on a machine that has better things to do; it was a minute.
        assert!(begun.elapsed() < Duration::from_secs(20), "{args:?}");
    }
    let stopped = hung.lychgate(&["daemon", "stop"]).exits(0);
    assert!(stopped.out.contains("was killed"), "{}", stopped.out);
    hung.lychgate(&["daemon", "start"]).exits(0);
    hung.lychgate(&["status"]).exits(0);
}

#[test]
fn doctors_command_mends_one_that_hangs() {
    let hung = Lost::hung("in-process");
    let said = hung.lychgate(&["doctor"]).exits(1);
    let mend = "lychgate daemon stop; lychgate daemon start";
    assert!(said.out.contains(mend), "{}", said.out);
    let mut command = hung.scene.command("sh", &hung.repository);
    scene::said(command.args(["-c", mend])).exits(0);
    hung.lychgate(&["doctor"]).exits(0);
}

#[test]
fn check_does_not_wait_for_one_that_hangs_and_says_who_judged() {
    let hung = Lost::hung("in-process");
    let told = "judged in this process: the daemon does not answer";
    std::fs::write(hung.repository.join("f"), "fine\n").unwrap();
    hung.scene.git(&hung.repository, ["add", "f"]);
    let begun = Instant::now();
    let clean = hung.lychgate(&["check"]).exits(0);
    assert!(begun.elapsed() < Duration::from_secs(20));
    assert!(clean.flat().contains(told), "{}", clean.err);
    assert_eq!(clean.flat().matches("lychgate: judged").count(), 1);
    std::fs::write(
        hung.repository.join("f"),
        format!("k={}\n", scene::token(3)),
    )
    .unwrap();
    hung.scene.git(&hung.repository, ["add", "f"]);
    let dirty = hung.lychgate(&["check"]).exits(1);
    assert!(dirty.flat().contains(told), "{}", dirty.err);
    hung.goes_on();
    let silent = hung.lychgate(&["check"]).exits(1);
    assert!(!silent.flat().contains("this process"), "{}", silent.err);

    // Where the hooks insist on a daemon, nothing else judges.
    let insisting = Lost::hung("deny");
    let refused = insisting.lychgate(&["check"]).exits(5);
    assert!(refused.flat().contains("insist on one"), "{}", refused.err);
}

#[test]
fn stop_ends_nothing_but_a_daemon_that_holds_the_lock() {
    let lost = Lost::new();
    let lock = lost.scene.path("run/lychgate/lychgated.sock.lock");
    let mut other = lost.scene.command("sleep", lost.scene.root());
    let mut other = other.arg("600").spawn().unwrap();
    for noted in [other.id().to_string(), "0".into(), "-1".into(), "x".into()] {
        std::fs::write(&lock, noted).unwrap();
        let none = lost.scene.lychgate(lost.scene.root(), ["daemon", "stop"]);
        assert!(none.exits(0).out.contains("no daemon runs"));
    }
    assert!(other.try_wait().unwrap().is_none());
    other.kill().unwrap();
    other.wait().unwrap();
}

#[test]
fn a_second_stop_waits_for_the_end_of_one_that_drains() {
    let scene = Scene::with_programs();
    let stop = || scene.lychgate(scene.root(), ["daemon", "stop"]).exits(0);
    assert!(stop().out.contains("no daemon runs"));
    scene.lychgate(scene.root(), ["daemon", "start"]).exits(0);
    let status = scene.lychgate(scene.root(), ["status"]).exits(0);
    let pid = status.out.lines().find_map(|l| l.strip_prefix("pid: "));
    let pid = Pid::from_raw(pid.unwrap().parse().unwrap()).unwrap();
    let socket = scene.path("run/lychgate/lychgated.sock");

    // It says nothing: a drain waits for it, and lasts until this has looked.
    let idle = UnixStream::connect(&socket).unwrap();
    let stopping = || {
        let mut stop = scene.command(scene.path("bin/lychgate"), scene.root());
        let stop = stop.args(["daemon", "stop"]).stdout(Stdio::piped());
        stop.spawn().unwrap()
    };
    let mut first = stopping();
    while socket.exists() {
        assert!(first.try_wait().unwrap().is_none(), "nothing drained");
        std::thread::sleep(Duration::from_millis(1));
    }
    kill_process(pid, Signal::STOP).unwrap();
    let mut second = stopping();
    std::thread::sleep(Duration::from_millis(500));
    assert!(second.try_wait().unwrap().is_none(), "it did not wait");
    kill_process(pid, Signal::CONT).unwrap();
    let second = second.wait_with_output().unwrap();
    let second = String::from_utf8(second.stdout).unwrap();
    let number = pid.as_raw_nonzero();
    assert!(!PathBuf::from(format!("/proc/{number}/exe")).exists());
    let told = format!("was stopping already; pid {number} has ended");
    assert!(second.contains(&told), "{second}");
    drop(idle);
    assert!(first.wait().unwrap().success());
    assert!(stop().out.contains("no daemon runs"));

    // What drains is not in the way of the next, and then it is the next that is stopped.
    scene.lychgate(scene.root(), ["daemon", "start"]).exits(0);
    assert!(stop().out.contains("the daemon has stopped"));
}

#[test]
fn doctor_names_it_and_what_mends_it() {
    let lost = Lost::new();
    let doctor = || lost.scene.lychgate(&lost.repository, ["doctor"]);
    let said = doctor().exits(1);
    let flat = said.out.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(lost.names(&flat), "{}", said.out);
    let mend = "lychgate daemon stop; lychgate daemon start";
    assert!(said.out.contains(mend), "{}", said.out);
    lost.goes_on();
    let mut command = lost.scene.command("sh", &lost.repository);
    scene::said(command.args(["-c", mend])).exits(0);
    doctor().exits(0);
}
