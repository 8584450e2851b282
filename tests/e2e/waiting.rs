//! A push in progress keeps no commit waiting: both get a CPU, and the commit its answer first.

use std::process::Stdio;

use lychgate_e2e::{World, forge_token};

/// Files of a push, each as dear to scan as one of its size can be, and how large they are.
const FILES: usize = 5000;
const SIZE: usize = 16 << 10;
/// Clock ticks of the daemon after which the push is being scanned.
const BEGUN: u64 = 25;

/// Clock ticks that a process had a CPU for.
fn ticks(pid: i32) -> u64 {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap();
    // Behind the name, which may hold anything: user time and system time are fields 14 and 15.
    let (_, fields) = stat.rsplit_once(')').unwrap();
    let fields: Vec<&str> = fields.split_whitespace().collect();
    let number = |at: usize| fields[at - 3].parse::<u64>().unwrap();
    number(14) + number(15)
}

#[test]
fn a_commit_is_answered_before_a_push_that_came_first_and_burns_cpu() {
    let world = World::new();
    world.start_daemon();
    let (_, repo) = world.server("r");
    // The hooks of a client of the same daemon.
    let (bad, good) = (world.repo("bad"), world.repo("good"));
    let token = forge_token();
    bad.stage("a", format!("k={token}\n"));
    good.stage("a", "fine\n");
    // One name of a secret after the other, and never a value.
    for n in 0..FILES {
        let mut text = format!("{n}\n");
        while text.len() < SIZE {
            text.push_str("api_key=");
        }
        repo.write(format!("f{n}"), text);
    }
    repo.git(&["add", "-A"]).ok();
    repo.git(&["commit", "-qnm", "dear"]).ok();
    let daemon = world.daemons()[0];
    let idle = ticks(daemon);

    let mut push = world.command("git", &repo.path);
    push.args(["push", "-q", "o", "main"])
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    let mut push = push.spawn().unwrap();
    while ticks(daemon) < idle + BEGUN {
        let ended = push.try_wait().unwrap();
        assert!(ended.is_none(), "the push cost nothing: {ended:?}");
        std::thread::yield_now();
    }
    bad.commit().fails().says("a:1:3").hides(&token);
    good.commit().ok().silent();
    let ended = push.try_wait().unwrap();
    assert!(
        ended.is_none(),
        "the commits waited for the push: {ended:?}"
    );
    let judged = ticks(daemon);
    let said = world.gather(push);
    assert!(ticks(daemon) > judged, "all of the push was scanned before");
    // Where everything is slow, there may not be time for all of it; that is no allow.
    assert_eq!(
        said.code == 0,
        !said.text().contains("deadline"),
        "{}",
        said.text()
    );
}
