//! When nobody answers, or somebody else does: the server denies and says why, the client judges
//! in process or as installed. No path leads to a silent allow.

use std::io::{Read, Write};
use std::os::unix::fs::{PermissionsExt, symlink};
use std::os::unix::net::UnixListener;
use std::path::Path;
use std::process::Stdio;

use lychgate_e2e::{Output, Repo, World, binaries, forge_token};
use rustix::process::Signal;

fn hook(repo: &Repo<'_>) -> std::process::Command {
    let mut hook = repo
        .world
        .command(binaries().join("lychgate-hook"), &repo.path);
    hook.arg("pre-commit");
    hook
}

/// A repository with a secret staged, and one without.
fn pair(world: &World) -> (Repo<'_>, Repo<'_>) {
    let (bad, good) = (world.repo("bad"), world.repo("good"));
    bad.stage(
        "a",
        format!("k={}\n{}", forge_token(), "x\n".repeat(50_000)),
    );
    good.stage("a", "fine\n");
    (bad, good)
}

#[test]
fn fifty_hooks_race_a_cold_start_and_one_daemon_answers_them_all() {
    let world = World::new();
    let (bad, good) = pair(&world);
    world.lychgate(&["daemon", "stop"]).ok();
    let spawn = |repo: &Repo<'_>| {
        let mut hook = hook(repo);
        hook.stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        hook.spawn().unwrap()
    };
    let running: Vec<_> = (0..50)
        .map(|n| (n % 2 == 1, spawn(if n % 2 == 1 { &bad } else { &good })))
        .collect();
    for (is_bad, child) in running {
        let output = world.gather(child);
        assert_eq!(output.code != 0, is_bad, "{}", output.text());
    }
    assert_eq!(world.daemons().len(), 1);
}

#[test]
fn a_daemon_killed_at_any_moment_never_means_allow() {
    let world = World::new();
    let (bad, good) = pair(&world);
    for n in 0..20u64 {
        let mut hook = hook(&bad);
        hook.stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        let child = hook.spawn().unwrap();
        std::thread::sleep(std::time::Duration::from_micros(n * 500));
        world.signal_daemons(Signal::KILL);
        world.gather(child).fails();
    }
    world.finish(hook(&good), b"").ok();
}

#[test]
fn a_hung_daemon_costs_a_moment_not_a_secret_and_is_told() {
    let world = World::new();
    let (bad, good) = pair(&world);
    world.finish(hook(&good), b"").ok();
    world.signal_daemons(Signal::STOP);
    bad.commit().fails().says("the daemon does not answer");
    good.commit().ok().says("the daemon does not answer");
    world.signal_daemons(Signal::CONT);
    good.stage("more", "more\n");
    good.commit().ok();
}

#[test]
fn an_impostor_on_the_socket_is_not_believed() {
    let world = World::new();
    let (bad, good) = pair(&world);
    world.lychgate(&["daemon", "stop"]).ok();
    // Garbage, silence and an early end, from a socket that is ours by uid.
    let folder = world.socket().parent().unwrap().to_path_buf();
    std::fs::create_dir_all(&folder).unwrap();
    std::fs::set_permissions(&folder, PermissionsExt::from_mode(0o700)).unwrap();
    let _ = std::fs::remove_file(world.socket());
    let listener = UnixListener::bind(world.socket()).unwrap();
    std::thread::spawn(move || {
        for (n, stream) in listener.incoming().flatten().enumerate() {
            let mut stream = stream;
            let answers: [&[u8]; 4] = [b"", b"HTTP/1.1 200 OK\r\n\r\n", &[0; 64], &[255; 64]];
            let _ = stream.write_all(answers[n % 4]);
            let _ = stream.set_read_timeout(Some(std::time::Duration::from_millis(50)));
            let _ = stream.read(&mut [0; 4096]);
        }
    });
    for _ in 0..4 {
        bad.commit().fails();
    }
    good.commit().ok();
}

#[test]
fn a_socket_behind_a_symlink_or_open_to_others_is_not_used() {
    let world = World::new();
    let (bad, good) = pair(&world);
    world.lychgate(&["daemon", "stop"]).ok();
    let (folder, real) = (
        world.root().join("run/lychgate"),
        world.root().join("elsewhere"),
    );
    let _ = std::fs::remove_dir_all(&folder);
    std::fs::create_dir(&real).unwrap();
    symlink(&real, &folder).unwrap();
    bad.commit().fails();
    good.commit().ok();
    std::fs::remove_file(&folder).unwrap();
    std::fs::create_dir(&folder).unwrap();
    std::fs::set_permissions(&folder, PermissionsExt::from_mode(0o777)).unwrap();
    good.stage("a", "fine still\n");
    bad.commit().fails();
    good.commit().ok();
}

#[test]
fn the_client_does_as_it_was_installed() {
    let world = World::new();
    for (choice, bad_ends, good_ends) in [
        ("in-process", 1, 0),
        ("deny", 1, 1),
        ("allow-recorded", 0, 0),
    ] {
        let bad = world.repo(&format!("bad-{choice}"));
        let good = world.repo(&format!("good-{choice}"));
        bad.stage("a", format!("k={}\n", forge_token()));
        good.stage("a", "fine\n");
        world.lychgate(&["daemon", "stop"]).ok();
        for (repo, ends) in [(&bad, bad_ends), (&good, good_ends)] {
            let conf = repo.path.join(".git/hooks/lychgate.conf");
            let said = std::fs::read_to_string(&conf).unwrap();
            let kept: String = said
                .lines()
                .filter(|l| !l.starts_with("unavailable") && !l.starts_with("socket"))
                .map(|l| format!("{l}\n"))
                .collect();
            // A socket that nobody can listen on, so that none can be started either.
            std::fs::write(
                &conf,
                format!("{kept}socket = /proc/none.sock\nunavailable = {choice}\n"),
            )
            .unwrap();
            let said = repo.commit().code(ends);
            if choice == "allow-recorded" {
                said.says("not checked");
            }
        }
    }
    // What was allowed is on record; where it cannot be recorded, it is denied.
    let log = std::fs::read_dir(world.state())
        .unwrap()
        .flatten()
        .any(|f| std::fs::read_to_string(f.path()).is_ok_and(|t| t.contains("bad-allow-recorded")));
    assert!(log, "no record of an allowance");
}

#[test]
fn the_server_denies_and_says_why() {
    let world = World::new();
    world.start_daemon();
    let (bare, repo) = world.server("r");
    repo.commit_unseen("a", "k=1\n");
    world.lychgate(&["daemon", "stop"]).ok();
    repo.push(&["main"])
        .fails()
        .says("not checked")
        .says("daemon");
    world.start_daemon();
    repo.push(&["main"]).ok();

    // Configuration that others could have written is not believed.
    let conf = bare.path.join("hooks/lychgate.conf");
    let mode = |m: u32| std::fs::set_permissions(&conf, PermissionsExt::from_mode(m)).unwrap();
    repo.commit_unseen("a", "k=2\n");
    mode(0o666);
    repo.push(&["main"]).fails().says("lychgate.conf");
    mode(0o644);
    repo.push(&["main"]).ok();
    repo.commit_unseen("a", "k=3\n");
    let kept = std::fs::read(&conf).unwrap();
    std::fs::remove_file(&conf).unwrap();
    repo.push(&["main"]).fails().says("lychgate.conf");
    std::fs::write(&conf, kept).unwrap();
    mode(0o644);
    repo.push(&["main"]).ok();
}

#[test]
fn the_environment_of_a_pusher_moves_nothing() {
    let world = World::new();
    world.start_daemon();
    let (_, repo) = world.server("r");
    let token = forge_token();
    repo.commit_unseen("a", format!("k={token}\n"));
    let nowhere = world.root().join("nowhere").display().to_string();
    let env = [
        ("LYCHGATE_SOCKET", nowhere.as_str()),
        ("LYCHGATE_STATE_DIR", nowhere.as_str()),
        ("LYCHGATE_CONFIG", nowhere.as_str()),
        ("XDG_RUNTIME_DIR", nowhere.as_str()),
        ("HOME", nowhere.as_str()),
    ];
    repo.git_with(&["push", "-q", "o", "main"], &env)
        .fails()
        .hides(&token)
        .says("a:1:3");
    repo.git(&["reset", "-q", "--hard", "HEAD^"]).ok();
    repo.commit_unseen("a", "k=1\n");
    repo.git_with(&["push", "-q", "o", "main"], &env).ok();
}

#[test]
fn an_empty_question_is_never_answered_with_allow() {
    let world = World::new();
    world.start_daemon();
    let (bare, _) = world.server("r");
    let mut hook = world.command(bare.path.join("hooks/pre-receive"), &bare.path);
    hook.env("GIT_DIR", ".");
    world.finish(hook, b"").fails().says("not checked");
}

#[test]
fn a_full_disk_or_a_read_only_state_folder_changes_no_verdict() {
    let world = World::new();
    let (bad, good) = pair(&world);
    world.lychgate(&["daemon", "stop"]).ok();
    // /dev/full stands for the disk: state cannot be written below a file.
    let run = |repo: &Repo<'_>| {
        let mut git = world.command("git", &repo.path);
        git.args(["commit", "-qm", "m"])
            .env("XDG_STATE_HOME", "/dev/full")
            .env("LYCHGATE_STATE_DIR", "/dev/full/x");
        world.finish(git, b"")
    };
    run(&bad).fails();
    run(&good).ok();
}

#[test]
fn few_descriptors_change_no_verdict() {
    let world = World::new();
    let (bad, good) = pair(&world);
    let run = |repo: &Repo<'_>| {
        let mut shell = world.command("sh", &repo.path);
        shell.args(["-c", "ulimit -n 16; exec git commit -qm m"]);
        world.finish(shell, b"")
    };
    run(&bad).fails();
    run(&good).ok();
}

/// `program` where the kernel kills whoever asks for a socket that is not a Unix socket.
fn without_network(world: &World, program: &[&str], cwd: &Path) -> Output {
    let fence = concat!(env!("CARGO_MANIFEST_DIR"), "/no_network.py");
    let all = [fence].into_iter().chain(program.iter().copied());
    world.run("python3", all, cwd)
}

#[test]
fn without_a_network_everything_works() {
    let world = World::new();
    let asks = |family: &str| {
        let script = format!("import socket; socket.socket(socket.{family})");
        without_network(&world, &["python3", "-c", &script], world.root())
    };
    asks("AF_UNIX").ok();
    asks("AF_INET").fails();

    // A commit, by a daemon that the hook starts.
    let (bad, good) = pair(&world);
    world.lychgate(&["daemon", "stop"]).ok();
    let commit = ["git", "commit", "-qm", "m"];
    without_network(&world, &commit, &bad.path)
        .fails()
        .says("a:1:3");
    without_network(&world, &commit, &good.path).ok();
    behind_the_fence(&world);
    // In process.
    let check = ["lychgate", "check", "--in-process", "--all"];
    without_network(&world, &check, &good.path).ok();

    // A push, by a daemon that an administrator starts.
    world.lychgate(&["daemon", "stop"]).ok();
    without_network(&world, &["lychgate", "daemon", "start"], world.root()).ok();
    behind_the_fence(&world);
    let (_, repo) = world.server("r");
    repo.commit_unseen("a", format!("k={}\n", forge_token()));
    let push = ["git", "push", "-q", "o", "main"];
    without_network(&world, &push, &repo.path)
        .fails()
        .says("a:1:3");
    repo.git(&["reset", "-q", "--hard", "HEAD^"]).ok();
    repo.commit_unseen("a", "k=1\n");
    without_network(&world, &push, &repo.path).ok();
    for (ask, says) in [
        ("status", "state: ready"),
        ("doctor", "ok: the daemon answers"),
    ] {
        without_network(&world, &["lychgate", ask], &repo.path).says(says);
    }
}

/// Panics unless there is one daemon, and the filter holds for it.
#[track_caller]
fn behind_the_fence(world: &World) {
    let daemons = world.daemons();
    assert_eq!(daemons.len(), 1);
    let status = std::fs::read_to_string(format!("/proc/{}/status", daemons[0])).unwrap();
    assert!(status.contains("\nSeccomp:\t2\n"), "{status}");
}

#[test]
fn a_slow_hook_from_before_takes_no_time_from_the_gate() {
    let world = World::new();
    world.start_daemon();
    for choice in ["in-process", "deny", "allow-recorded"] {
        let repo = world.repo(choice);
        repo.lychgate(&["uninstall"]).ok();
        let slow = repo.path.join(".git/hooks/pre-commit");
        std::fs::write(&slow, "#!/bin/sh\nexec sleep 1.2\n").unwrap();
        std::fs::set_permissions(&slow, PermissionsExt::from_mode(0o755)).unwrap();
        repo.lychgate(&["install", "--unavailable", choice]).ok();
        let conf = repo.path.join(".git/hooks/lychgate.conf");
        let said = std::fs::read_to_string(&conf).unwrap();
        let kept = said.lines().filter(|l| !l.starts_with("deadline_seconds"));
        let kept: String = kept.map(|line| format!("{line}\n")).collect();
        // Less than the other hook takes.
        std::fs::write(&conf, format!("{kept}deadline_seconds = 1\n")).unwrap();

        let token = forge_token();
        repo.stage("a", format!("k={token}\n"));
        let denied = repo.commit().fails().says("a:1:3").hides(&token);
        assert!(!denied.text().contains("daemon"), "{}", denied.text());
        repo.stage("a", "fine\n");
        let allowed = repo.commit().ok();
        assert_eq!(
            allowed.text(),
            "",
            "{choice}: it was asked and said nothing"
        );
    }
}
