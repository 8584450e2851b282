//! Whoever waits for long is told how far it is.

use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::{Duration, Instant};

use lychgate_e2e::World;
use lychgate_model::limits::PROGRESS;
use rustix::process::{Pid, Signal};

use crate::push::world;

/// What is pushed: far more than a socket holds.
const FILES: usize = 32;
const SIZE: usize = 256 << 10;

/// The hook of this world that is running as `name`.
fn running(world: &World, name: &str) -> Option<PathBuf> {
    let processes = std::fs::read_dir("/proc").ok()?.flatten();
    let mut processes = processes.map(|entry| entry.path());
    processes.find(|process| {
        let said = std::fs::read_to_string(process.join("comm")).unwrap_or_default();
        let cwd = std::fs::read_link(process.join("cwd")).unwrap_or_default();
        said.trim_end() == name && cwd.starts_with(world.root())
    })
}

/// Bytes that a process has written so far; `None`: it is gone.
fn written(process: &Path) -> Option<usize> {
    let said = std::fs::read_to_string(process.join("io")).ok()?;
    let count = said.lines().find_map(|line| line.strip_prefix("wchar: "));
    count?.parse().ok()
}

/// Stops the daemons once the hook has begun to send; whether that was before its end.
fn stop_in_the_midst(world: &World, daemons: &[Pid]) -> bool {
    let start = Instant::now();
    let mut hook = None;
    while hook.is_none() && start.elapsed() < Duration::from_secs(30) {
        hook = running(world, "pre-receive");
    }
    let Some(hook) = hook else { return false };
    while written(&hook).is_some_and(|bytes| bytes < SIZE / 2) {
        std::thread::yield_now();
    }
    signal(daemons, Signal::STOP);
    written(&hook).is_some_and(|bytes| bytes < FILES * SIZE / 2)
}

fn signal(daemons: &[Pid], signal: Signal) {
    for daemon in daemons {
        rustix::process::kill_process(*daemon, signal).unwrap();
    }
}

/// Text that is not twice the same, and that no compression makes much smaller.
fn text(state: &mut u64) -> String {
    let mut line = || {
        *state = state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1);
        format!("{:04x} {:04x}\n", *state >> 48, *state >> 32 & 0xffff)
    };
    (0..SIZE / 10).map(|_| line()).collect()
}

#[test]
fn a_push_that_takes_long_says_how_far_it_is() {
    let world = world();
    let (_, repo) = world.server("r");
    repo.git(&["config", "core.compression", "0"]).ok();
    let daemons: Vec<Pid> = world
        .daemons()
        .into_iter()
        .filter_map(Pid::from_raw)
        .collect();
    let mut state = 7;
    // It may be over before anybody can stop it; another takes its turn then.
    let mut caught = false;
    for _ in 0..20 {
        for n in 0..FILES {
            repo.write(format!("f{n}"), text(&mut state));
        }
        repo.git(&["add", "-A"]).ok();
        repo.git(&["commit", "-qnm", "much"]).ok();
        let mut push = world.command("git", &repo.path);
        push.args(["push", "-q", "o", "main"])
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        let push = push.spawn().unwrap();
        let stopped = stop_in_the_midst(&world, &daemons);
        if stopped {
            // What is waited for is that this passes.
            std::thread::sleep(PROGRESS + Duration::from_millis(300));
        }
        signal(&daemons, Signal::CONT);
        let output = world.gather(push).ok();
        if stopped {
            output.says("objects judged so far").fits_a_terminal();
            caught = true;
            break;
        }
    }
    assert!(
        caught,
        "twenty pushes were over before they could be stopped"
    );
    // What takes no time says nothing.
    repo.write("README", "hello again\n");
    repo.git(&["commit", "-qnam", "little"]).ok();
    repo.push(&["main"]).ok().silent();
}
