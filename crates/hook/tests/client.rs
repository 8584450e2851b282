//! Promises of a client's hook, kept by the real binary.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test that cannot go on fails"
)]

mod stage;

use std::fs::Permissions;
use std::os::unix::fs::{PermissionsExt as _, symlink};

use lychgate_model::Decision;
use lychgate_wire::frame::{RefuseCode, caps};
use stage::world::{Judge, Outburst};
use stage::{Daemon, Stage, program};

fn denying() -> Judge {
    Judge {
        decision: Decision::Deny,
        lines: vec!["a.txt:1:1 something"],
        ..Judge::default()
    }
}

#[test]
fn a_commit_that_is_allowed_is_silent() {
    let stage = Stage::client();
    let daemon = stage.daemon(|_| Judge::default());
    stage.world.stage("a.txt", b"fine\n");
    stage.git(&["commit", "-qm", "c"], &[]).silently_allowed();
    assert_eq!(daemon.sessions(), 2, "pre-commit and commit-msg");
}

#[test]
fn a_commit_that_is_denied_is_not_made() {
    let stage = Stage::client();
    let _daemon = stage.daemon(|_| denying());
    stage.world.stage("a.txt", b"secret\n");
    let before = stage.world.id("HEAD");
    let said = stage.git(&["commit", "-qm", "c"], &[]);
    said.denied(&["a.txt:1:1 something"]);
    assert_eq!(stage.world.id("HEAD"), before);
}

#[test]
fn indeterminate_is_no_allow_and_never_silent() {
    let stage = Stage::client();
    let _daemon = stage.daemon(|_| Judge {
        decision: Decision::Indeterminate,
        ..Judge::default()
    });
    stage
        .hook("pre-commit", &[], b"")
        .denied(&["lychgate: commit indeterminate"]);
}

#[test]
fn with_no_daemon_it_is_as_installed() {
    let stage = Stage::client();
    // No `lychgated` lies beside the binary, so none can be started.
    stage.conf("unavailable = deny\n");
    stage
        .hook("pre-commit", &[], b"")
        .denied(&["commit not checked: cannot run ", "Help: lychgate doctor"]);

    stage.conf("unavailable = allow-recorded\n");
    let said = stage.hook("pre-commit", &[], b"");
    assert_eq!(said.code, 0);
    assert!(
        said.text.contains("not checked") && said.text.contains("recorded"),
        "{said:?}"
    );
    let record = stage.user.path().join("state/lychgate/unjudged.log");
    let recorded = std::fs::read_to_string(&record).unwrap();
    assert_eq!(recorded.lines().count(), 1);
    assert!(recorded.contains(" pre-commit "));
    assert_eq!(
        std::fs::metadata(&record).unwrap().permissions().mode() & 0o777,
        0o600
    );

    std::fs::remove_file(&record).unwrap();
    std::fs::create_dir(&record).unwrap();
    stage
        .hook("pre-commit", &[], b"")
        .denied(&["could not be recorded"]);

    let program = stage.user.path().join("nothing");
    stage.conf(&format!(
        "unavailable = in-process\nlychgate = {}\n",
        program.display()
    ));
    stage
        .hook("pre-commit", &[], b"")
        .denied(&["commit not checked", "cannot be run"]);
}

#[test]
fn the_fallback_is_told_everything_and_nothing_it_must_not_know() {
    let stage = Stage::client();
    let program = stage.fallback(0);
    stage.conf(&format!("lychgate = {}\n", program.display()));
    let input = stage.outgoing();
    let variables = [
        ("LD_AUDIT", "x"),
        ("GIT_CUSTOM", "kept"),
        ("API_TOKEN", "t"),
    ];
    let said = stage.hook_with("pre-push", &["origin", "url"], input.as_bytes(), &variables);
    said.silently_allowed();
    let told = std::fs::read_to_string(stage.told()).unwrap();
    let (arguments, rest) = told.split_once("--env\n").unwrap();
    let (environment, stdin) = rest.split_once("--in\n").unwrap();
    assert_eq!(stdin, input);
    let conf = std::fs::canonicalize(stage.hooks.join("lychgate.conf")).unwrap();
    let expected = [
        "judge-hook",
        "pre-push",
        "--conf",
        conf.to_str().unwrap(),
        "--stdin-bytes",
        &input.len().to_string(),
        "--stdin-refs",
        "1",
        "--",
        "origin",
        "url",
    ];
    assert_eq!(arguments.lines().collect::<Vec<_>>(), expected);
    for kept in ["GIT_CUSTOM=kept", "HOME=", "XDG_STATE_HOME="] {
        assert!(environment.contains(kept), "{kept}: {environment}");
    }
    for scrubbed in ["LD_AUDIT", "API_TOKEN"] {
        assert!(!environment.contains(scrubbed), "{scrubbed}: {environment}");
    }

    stage.fallback(1);
    assert_eq!(
        stage
            .hook("pre-push", &["origin", "url"], input.as_bytes())
            .code,
        1
    );
}

#[test]
fn a_daemon_killed_at_any_frame_leaves_the_question_to_the_fallback() {
    let stage = Stage::client();
    let program = stage.fallback(1);
    stage.conf(&format!("lychgate = {}\n", program.display()));
    let input = stage.outgoing();
    let whole = stage.daemon(|_| Judge::default());
    stage
        .hook("pre-push", &["origin", "url"], input.as_bytes())
        .silently_allowed();
    drop(whole);
    assert!(!stage.told().exists());
    // A pre-push of one commit: Hello, Facts, Ref, Document, Ready, Offer, three objects, Done.
    let _daemon = stage.daemon(|n| Judge {
        after: Some((n, Outburst::Nothing)),
        ..Judge::default()
    });
    for killed in 0..13 {
        let _ = std::fs::remove_file(stage.told());
        let said = stage.hook("pre-push", &["origin", "url"], input.as_bytes());
        assert_eq!(said.code, 1, "{killed}: {said:?}");
        let told = std::fs::read_to_string(stage.told()).unwrap();
        assert!(
            told.ends_with(&format!("--in\n{input}")),
            "{killed}: {told}"
        );
    }
}

#[test]
fn a_daemon_that_refuses_leaves_the_question_to_the_fallback() {
    let stage = Stage::client();
    let program = stage.fallback(1);
    stage.conf(&format!("lychgate = {}\n", program.display()));
    for code in [
        RefuseCode::Busy,
        RefuseCode::NotAllowed,
        RefuseCode::NotReady,
    ] {
        let _ = std::fs::remove_file(stage.told());
        let _daemon = stage.daemon(move |_| Judge {
            after: Some((0, Outburst::Refuse(code))),
            ..Judge::default()
        });
        assert_eq!(stage.hook("pre-commit", &[], b"").code, 1);
        assert!(stage.told().exists(), "{code:?}");
    }
}

#[test]
fn the_hook_that_stood_here_before_runs_first() {
    let stage = Stage::client();
    let daemon = stage.daemon(|_| Judge::default());
    let told = stage.told().display().to_string();
    let script = format!(
        "#!/bin/sh\n{{ printf '%s\\n' \"$@\"; cat; echo $MARK; }} > '{told}'\nexit $CODE\n"
    );
    stage.script("pre-push.before-lychgate", &script);
    stage.conf("chained = pre-push.before-lychgate\n");
    let input = stage.outgoing();
    let run = |code: &str| {
        let variables = [("MARK", "m"), ("CODE", code)];
        stage.hook_with("pre-push", &["origin", "url"], input.as_bytes(), &variables)
    };
    run("0").silently_allowed();
    let said = std::fs::read_to_string(stage.told()).unwrap();
    assert_eq!(said, format!("origin\nurl\n{input}m\n"));
    assert_eq!(daemon.sessions(), 1);

    assert_eq!(run("7").code, 7);
    assert_eq!(
        daemon.sessions(),
        1,
        "ours is not asked when the run is over"
    );

    stage.conf("chained = pre-commit.before-lychgate\n");
    stage
        .hook("pre-commit", &[], b"")
        .denied(&["pre-commit.before-lychgate", "cannot be run"]);
}

#[test]
fn what_the_chained_hook_stages_is_judged() {
    let stage = Stage::client();
    stage.world.stage("a.txt", b"fine\n");
    // No interpreter line: git would run it with the shell.
    stage.script(
        "pre-commit.before-lychgate",
        "echo more > added && git add added\n",
    );
    stage.conf("chained = pre-commit.before-lychgate\n");
    let (send, receive) = std::sync::mpsc::channel();
    let socket = stage.socket();
    std::fs::create_dir_all(socket.parent().unwrap()).unwrap();
    std::fs::set_permissions(socket.parent().unwrap(), Permissions::from_mode(0o700)).unwrap();
    let listener = std::os::unix::net::UnixListener::bind(&socket).unwrap();
    let daemon = std::thread::spawn(move || {
        let (stream, _) = listener.accept().unwrap();
        send.send(Judge::default().listen(stream).paths).unwrap();
    });
    stage.hook("pre-commit", &[], b"").silently_allowed();
    daemon.join().unwrap();
    assert_eq!(
        receive.recv().unwrap(),
        [b"a.txt".to_vec(), b"added".to_vec()]
    );
}

#[test]
fn a_conf_that_cannot_be_used_denies() {
    let stage = Stage::client();
    let _daemon = stage.daemon(|_| Judge::default());
    stage.conf("unavailable = deny\n");
    stage.hook("pre-commit", &[], b"").silently_allowed();
    stage.conf("unavailible = deny\n");
    stage
        .hook("pre-commit", &[], b"")
        .denied(&["line 1 of lychgate.conf"]);
    stage.conf("unavailable = deny\n");
    let path = stage.hooks.join("lychgate.conf");
    std::fs::set_permissions(&path, Permissions::from_mode(0o666)).unwrap();
    stage
        .hook("pre-commit", &[], b"")
        .denied(&["others may write lychgate.conf. help: chmod go-w /"]);
    std::fs::set_permissions(&path, Permissions::from_mode(0o600)).unwrap();
    stage.hook("pre-commit", &[], b"").silently_allowed();
}

#[test]
fn a_socket_of_somebody_else_is_not_believed() {
    let stage = Stage::client();
    stage.conf("unavailable = deny\n");
    let run = stage.user.path().join("run");
    let _daemon = stage.daemon(|_| Judge::default());
    stage.hook("pre-commit", &[], b"").silently_allowed();

    std::fs::set_permissions(&run, Permissions::from_mode(0o777)).unwrap();
    stage
        .hook("pre-commit", &[], b"")
        .denied(&["not trusted", "others may write"]);
    std::fs::set_permissions(&run, Permissions::from_mode(0o700)).unwrap();

    let real = run.join("lychgate/elsewhere.sock");
    std::fs::rename(stage.socket(), &real).unwrap();
    symlink(&real, stage.socket()).unwrap();
    stage
        .hook("pre-commit", &[], b"")
        .denied(&["not trusted", "symbolic link"]);
    std::fs::remove_file(stage.socket()).unwrap();
    std::fs::rename(&real, stage.socket()).unwrap();

    if rustix::process::geteuid().is_root() {
        std::os::unix::fs::chown(stage.socket(), Some(4242), None).unwrap();
        stage
            .hook("pre-commit", &[], b"")
            .denied(&["not trusted", "belongs to user 4242"]);
        std::os::unix::fs::chown(stage.socket(), Some(0), None).unwrap();
    }
    stage.hook("pre-commit", &[], b"").silently_allowed();
}

#[test]
fn the_socket_a_person_names_comes_first() {
    let stage = Stage::client();
    stage.conf("unavailable = deny\n");
    let other = stage.user.path().join("other.sock");
    let daemon = Daemon::at(&other, |_| Judge::default());
    let variable = [("LYCHGATE_SOCKET", other.to_str().unwrap())];
    stage
        .hook_with("pre-commit", &[], b"", &variable)
        .silently_allowed();
    assert_eq!(daemon.sessions(), 1);
    let long = format!("/{}", "x".repeat(120));
    let said = stage.hook_with("pre-commit", &[], b"", &[("LYCHGATE_SOCKET", &long)]);
    said.denied(&["over 107 bytes"]);
}

#[test]
fn a_daemon_that_hangs_is_not_waited_for() {
    for (frames, said) in [
        (0, "listens and does not answer"),
        (1, "deadline"),
        (6, "deadline"),
    ] {
        let stage = Stage::client();
        stage.conf("unavailable = deny\ndeadline_seconds = 1\n");
        let silence = Outburst::Silence(std::time::Duration::from_secs(2));
        let _daemon = stage.daemon(move |_| Judge {
            after: Some((frames, silence)),
            ..Judge::default()
        });
        stage.world.stage("a.txt", b"fine\n");
        stage
            .hook("pre-commit", &[], b"")
            .denied(&["not checked", said]);
    }
}

#[test]
fn when_its_own_time_is_over_nobody_is_called_away_and_nothing_is_allowed() {
    let stage = Stage::client();
    let lychgate = stage.fallback(0);
    // It listens long after the hook's time.
    program(
        stage.programs().join("lychgated"),
        "#!/bin/sh\nexec sleep 2\n",
    );
    for choice in ["in-process", "deny", "allow-recorded"] {
        stage.conf(&format!(
            "deadline_seconds = 1\nlychgate = {}\nunavailable = {choice}\n",
            lychgate.display()
        ));
        let said = stage.hook("pre-commit", &[], b"");
        said.denied(&["commit not checked: the deadline passed", "try again"]);
        assert!(!said.text.contains("daemon"), "{said:?}");
        assert!(!stage.told().exists(), "there was no time left to ask");
    }
    let _daemon = stage.daemon(|_| Judge::default());
    stage.hook("pre-commit", &[], b"").silently_allowed();
}

#[test]
fn a_slow_chained_hook_leaves_the_gate_its_whole_time() {
    let stage = Stage::client();
    stage.script("pre-commit.before-lychgate", "#!/bin/sh\nexec sleep 1.2\n");
    for choice in ["in-process", "deny", "allow-recorded"] {
        stage.conf(&format!(
            "deadline_seconds = 1\nunavailable = {choice}\n\
            chained = pre-commit.before-lychgate\n"
        ));
        let daemon = stage.daemon(|n| if n == 0 { denying() } else { Judge::default() });
        stage
            .hook("pre-commit", &[], b"")
            .denied(&["a.txt:1:1 something"]);
        stage.hook("pre-commit", &[], b"").silently_allowed();
        assert_eq!(daemon.sessions(), 2, "{choice}");
    }
}

#[test]
fn a_daemon_that_is_started_is_mentioned_once() {
    let stage = Stage::client();
    // The program beside the hook makes its own daemon known by a file; this test listens.
    let asked = stage.user.path().join("asked");
    program(
        stage.programs().join("lychgated"),
        &format!(
            "#!/bin/sh\necho \"$@\" > '{0}.new' && mv '{0}.new' '{0}' && exec sleep 2\n",
            asked.display()
        ),
    );
    let socket = stage.socket();
    let waiting = std::thread::spawn({
        let asked = asked.clone();
        move || {
            while !asked.exists() {
                std::thread::yield_now();
            }
            Daemon::at(&socket, |_| Judge::default())
        }
    });
    let first = stage.hook("pre-commit", &[], b"");
    let daemon = waiting.join().unwrap();
    assert_eq!(
        (first.code, first.text.as_str()),
        (0, "lychgate: started the daemon\n")
    );
    stage.hook("pre-commit", &[], b"").silently_allowed();
    assert_eq!(daemon.sessions(), 2);
    let (run, state) = (stage.socket(), stage.user.path().join("state/lychgate"));
    let called = std::fs::read_to_string(asked).unwrap();
    let expected = format!(
        "--socket {} --state-dir {} --spawned\n",
        run.display(),
        state.display()
    );
    assert_eq!(called, expected);
}

#[test]
fn an_older_daemon_that_a_hook_started_is_asked_to_go() {
    let stage = Stage::client();
    let older = |capabilities| {
        move |n| Judge {
            build: "0.0.1",
            capabilities,
            // The second session is the one that asks it to drain.
            after: (n == 1).then_some((1, Outburst::Nothing)),
            ..Judge::default()
        }
    };
    let daemon = stage.daemon(older(caps::SPAWNED));
    stage.hook("pre-commit", &[], b"").silently_allowed();
    assert_eq!(
        daemon.sessions(),
        3,
        "greeted, asked to drain, asked whoever listens then"
    );
    drop(daemon);
    let daemon = stage.daemon(older(0));
    stage.hook("pre-commit", &[], b"").silently_allowed();
    assert_eq!(
        daemon.sessions(),
        1,
        "one that a person or systemd started stays"
    );
}

#[test]
fn outside_a_repository_nothing_is_allowed() {
    let stage = Stage::client();
    let _daemon = stage.daemon(|_| Judge::default());
    let variables = [("GIT_DIR", "/nonexistent")];
    stage
        .hook_with("pre-commit", &[], b"", &variables)
        .denied(&["commit not checked", "repository"]);
}

#[test]
fn it_says_what_it_is() {
    let output = std::process::Command::new(stage::hook_binary())
        .arg("--version")
        .output()
        .unwrap();
    let version = format!("lychgate-hook {}\n", env!("CARGO_PKG_VERSION"));
    assert_eq!(
        (output.status.code(), output.stdout),
        (Some(0), version.into_bytes())
    );
    for wrong in [&[][..], &["post-update"], &["check-staged"]] {
        let output = std::process::Command::new(stage::hook_binary())
            .args(wrong)
            .output()
            .unwrap();
        assert_eq!(output.status.code(), Some(1));
        assert!(!output.stderr.is_empty());
    }
}

#[test]
fn it_needs_no_loader_and_is_not_relocated() {
    let elf = std::fs::read(stage::hook_binary()).unwrap();
    let number = |at: usize, bytes: usize| {
        let field = &elf[at..at + bytes];
        field
            .iter()
            .rev()
            .fold(0usize, |n, b| n << 8 | usize::from(*b))
    };
    assert_eq!(&elf[..5], b"\x7fELF\x02");
    assert_eq!(number(16, 2), 2, "ET_EXEC: nothing to relocate");
    let (table, size, count) = (number(32, 8), number(54, 2), number(56, 2));
    let kinds: Vec<usize> = (0..count).map(|n| number(table + n * size, 4)).collect();
    assert!(
        kinds.contains(&1) && !kinds.contains(&3),
        "PT_LOAD and no PT_INTERP: {kinds:?}"
    );
}
