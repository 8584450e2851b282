//! A daemon whose socket was removed under it: nobody waits long for it, and it is named.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test that cannot go on fails"
)]

mod scene;

use std::path::PathBuf;
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};
use scene::{Scene, said};

/// A daemon that lost its socket and, being stopped, does not see it.
struct Lost {
    scene: Scene,
    repository: PathBuf,
    pid: Pid,
}

impl Lost {
    fn new() -> Self {
        let scene = Scene::with_programs();
        let repository = scene.repository("r");
        scene
            .lychgate(&repository, ["install", "--unavailable", "deny"])
            .exits(0);
        scene.lychgate(&repository, ["daemon", "start"]).exits(0);
        let status = scene.lychgate(scene.root(), ["status"]).exits(0);
        let pid = status.out.lines().find_map(|l| l.strip_prefix("pid: "));
        let pid = Pid::from_raw(pid.unwrap().parse().unwrap()).unwrap();
        kill_process(pid, Signal::STOP).unwrap();
        let lost = Self {
            scene,
            repository,
            pid,
        };
        std::fs::remove_file(lost.socket()).unwrap();
        lost
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
    let lychgate = lost.scene.path("bin/lychgate");
    let mut stop = lost.scene.command(lychgate, lost.scene.root());
    stop.args(["daemon", "stop"]);
    let stopped = std::thread::scope(|scope| {
        let stopped = scope.spawn(|| said(&mut stop));
        // Told to end before it could see by itself that it has to.
        let about = format!("/proc/{}/status", lost.pid.as_raw_nonzero());
        let pending = || {
            let about = std::fs::read_to_string(&about).unwrap();
            let set = about.lines().find_map(|l| l.strip_prefix("ShdPnd:"));
            u64::from_str_radix(set.unwrap().trim(), 16).unwrap() & 1 << 14 != 0
        };
        while !pending() && !stopped.is_finished() {
            std::thread::sleep(Duration::from_millis(5));
        }
        lost.goes_on();
        stopped.join().unwrap()
    });
    let told = stopped.exits(0).out;
    assert!(told.contains("had lost its socket"), "{told}");
    let none = lost.scene.lychgate(lost.scene.root(), ["daemon", "stop"]);
    assert!(none.exits(0).out.contains("no daemon runs"));
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
