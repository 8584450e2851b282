//! Promises of a server's hook, kept by the real binary.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test that cannot go on fails"
)]

mod stage;

use std::fs::Permissions;
use std::os::unix::fs::PermissionsExt as _;

use lychgate_model::Decision;
use stage::Stage;
use stage::world::{Judge, Outburst};

#[test]
fn a_real_push_is_judged() {
    let stage = Stage::server();
    let _daemon = stage.daemon(|n| Judge {
        decision: if n < 2 {
            Decision::Allow
        } else {
            Decision::Deny
        },
        lines: if n < 2 {
            vec![]
        } else {
            vec!["a:1:1 something"]
        },
        ..Judge::default()
    });
    let push = |branch: &str| {
        let refspec = format!("HEAD:refs/heads/{branch}");
        stage.git(&["push", "-q", "bare.git", &refspec], &[])
    };
    stage.world.stage("a", b"one\n");
    stage.world.git(&["commit", "-qm", "one"]);
    push("new").silently_allowed();
    push("other").denied(&["remote: a:1:1 something"]);
}

#[test]
fn without_a_daemon_a_push_is_denied_and_told_why() {
    let stage = Stage::server();
    let incoming = stage.incoming();
    stage
        .hook("pre-receive", &[], incoming.as_bytes())
        .denied(&["push not checked: no daemon is running. Help: tell the administrators"]);
    let _daemon = stage.daemon(|_| Judge::default());
    stage
        .hook("pre-receive", &[], incoming.as_bytes())
        .silently_allowed();
}

#[test]
fn only_its_own_conf_is_read() {
    let stage = Stage::server();
    let incoming = stage.incoming();
    let _daemon = stage.daemon(|_| Judge::default());
    // A pusher's variables reach the hook when the push is a local one.
    let away = stage.user.path().join("away.sock");
    let variables = [
        ("LYCHGATE_SOCKET", away.to_str().unwrap()),
        ("XDG_RUNTIME_DIR", "/nonexistent"),
        ("HOME", "/nonexistent"),
    ];
    let run = || stage.hook_with("pre-receive", &[], incoming.as_bytes(), &variables);
    run().silently_allowed();

    stage.conf(&format!("surface = server\nsocket = {}\n", away.display()));
    run().denied(&["no daemon is running"]);
    let socket = stage.socket();
    let variables = [("LYCHGATE_SOCKET", socket.to_str().unwrap())];
    let said = stage.hook_with("pre-receive", &[], incoming.as_bytes(), &variables);
    said.denied(&["no daemon is running"]);

    // What a client may choose is not a server's to choose.
    let fallback = stage.fallback(0);
    for choice in ["in-process", "allow-recorded"] {
        let (away, fallback) = (away.display(), fallback.display());
        stage.conf(&format!(
            "socket = {away}\nunavailable = {choice}\nlychgate = {fallback}\n"
        ));
        run().denied(&["no daemon is running"]);
        assert!(!stage.told().exists());
    }
}

#[test]
fn a_conf_that_is_missing_or_not_the_owners_denies() {
    let stage = Stage::server();
    let incoming = stage.incoming();
    let _daemon = stage.daemon(|_| Judge::default());
    let run = || stage.hook("pre-receive", &[], incoming.as_bytes());
    run().silently_allowed();
    let path = stage.hooks.join("lychgate.conf");
    for mode in [0o664, 0o646] {
        std::fs::set_permissions(&path, Permissions::from_mode(mode)).unwrap();
        let said = run();
        said.denied(&["push not checked: others may write lychgate.conf."]);
        // The last line mends it, typed as it stands there.
        let help = said.text.lines().last().unwrap();
        let mend = help.strip_prefix("    help: ").unwrap();
        assert!(mend.starts_with("chmod go-w /"), "{help}");
        let shell = std::process::Command::new("sh").args(["-c", mend]).status();
        assert!(shell.unwrap().success());
        run().silently_allowed();
    }
    if rustix::process::geteuid().is_root() {
        std::os::unix::fs::chown(&path, Some(4242), None).unwrap();
        let mend = format!("help: chown root {}", path.display());
        run().denied(&["lychgate.conf belongs to user 4242", &mend]);
        std::os::unix::fs::chown(&path, Some(0), None).unwrap();
    }
    run().silently_allowed();
    stage.conf("surface = client\n");
    run().denied(&["is for a client"]);
    std::fs::remove_file(&path).unwrap();
    run().denied(&["there is no lychgate.conf beside the hook"]);
}

#[test]
fn a_folder_of_hooks_that_everybody_may_write_denies() {
    let stage = Stage::server();
    let incoming = stage.incoming();
    let _daemon = stage.daemon(|_| Judge::default());
    let run = || stage.hook("pre-receive", &[], incoming.as_bytes());
    let set = |mode| std::fs::set_permissions(&stage.hooks, Permissions::from_mode(mode)).unwrap();
    // A group that shares the repository, and a folder where nobody replaces what is another's.
    for well in [0o755, 0o2775, 0o1777] {
        set(well);
        run().silently_allowed();
    }
    for open in [0o777, 0o757] {
        set(open);
        let said = run();
        said.denied(&["push not checked: everybody may write the hook's folder"]);
        let help = said.text.lines().last().unwrap();
        let mend = help.strip_prefix("    help: ").unwrap();
        assert!(mend.starts_with("chmod o-w /"), "{help}");
        let shell = std::process::Command::new("sh").args(["-c", mend]).status();
        assert!(shell.unwrap().success());
        run().silently_allowed();
    }
}

#[test]
fn a_push_without_ref_lines_is_denied() {
    let stage = Stage::server();
    let _daemon = stage.daemon(|_| Judge::default());
    stage
        .hook("pre-receive", &[], b"")
        .denied(&["push not checked", "no ref line"]);
    let cut = stage.incoming();
    let said = stage.hook("pre-receive", &[], cut.trim_end().as_bytes());
    said.denied(&["line 1 of git's input is not a ref line"]);
}

#[test]
fn a_daemon_killed_at_any_frame_denies() {
    let stage = Stage::server();
    let incoming = stage.incoming();
    let daemon = stage.daemon(|n| Judge {
        after: Some((n, Outburst::Nothing)),
        ..Judge::default()
    });
    // Everything the branch reaches is there already, so there is little to tell: Hello, Facts,
    // Ref, Document, Ready, Done.
    for killed in 0..6 {
        let said = stage.hook("pre-receive", &[], incoming.as_bytes());
        said.denied(&["push not checked: the judge closed the connection. Help:"]);
        assert_eq!(daemon.sessions(), killed + 1);
    }
    stage
        .hook("pre-receive", &[], incoming.as_bytes())
        .silently_allowed();
}

#[test]
fn a_daemon_killed_at_any_frame_of_a_real_push_denies() {
    let stage = Stage::server();
    stage.world.stage("folder/a", b"one\n");
    stage.world.git(&["commit", "-qm", "one"]);
    let daemon = stage.daemon(|n| Judge {
        after: Some((n, Outburst::Nothing)),
        ..Judge::default()
    });
    let push = || stage.git(&["push", "-q", "bare.git", "HEAD:refs/heads/new"], &[]);
    let mut killed = 0;
    let allowed = loop {
        let said = push();
        if said.code == 0 {
            break said;
        }
        said.denied(&["push not checked: the judge closed the connection. Help:"]);
        killed += 1;
        assert_eq!(daemon.sessions(), killed);
        assert!(killed < 100, "it is never allowed");
    };
    allowed.silently_allowed();
    // Hello, Facts, Ref, Document, Ready, a path, three objects and their content, Done.
    assert!(killed >= 10, "{killed}");
}

#[test]
fn update_judges_its_one_ref() {
    let stage = Stage::server();
    let daemon = stage.daemon(|_| Judge::default());
    let tip = stage.world.id("HEAD").to_string();
    let null = "0".repeat(40);
    stage
        .hook("update", &["refs/heads/new", &null, &tip], b"")
        .silently_allowed();
    assert_eq!(daemon.sessions(), 1);
    stage
        .hook("update", &["refs/heads/new", &null], b"")
        .denied(&["push not checked"]);
    stage
        .hook("update", &["refs/heads/new", "x", &tip], b"")
        .denied(&["push not checked"]);
}

#[test]
fn the_hook_that_stood_here_before_runs_after_an_allow() {
    let stage = Stage::server();
    let conf = format!(
        "surface = server\nsocket = {}\nchained = pre-receive.before-lychgate\n",
        stage.socket().display()
    );
    stage.conf(&conf);
    let told = stage.told().display().to_string();
    stage.script(
        "pre-receive.before-lychgate",
        &format!("#!/bin/sh\ncat > '{told}'\nexit 3\n"),
    );
    let incoming = stage.incoming();
    let _daemon = stage.daemon(|n| Judge {
        decision: if n == 0 {
            Decision::Deny
        } else {
            Decision::Allow
        },
        ..Judge::default()
    });
    assert_eq!(stage.hook("pre-receive", &[], incoming.as_bytes()).code, 1);
    assert!(
        !stage.told().exists(),
        "a denied push is nobody else's business"
    );
    assert_eq!(stage.hook("pre-receive", &[], incoming.as_bytes()).code, 3);
    assert_eq!(std::fs::read_to_string(stage.told()).unwrap(), incoming);
}

#[test]
fn gitlab_gets_lines_it_shows() {
    let stage = Stage::server();
    let _daemon = stage.daemon(|_| Judge {
        decision: Decision::Deny,
        lines: vec!["a:1:1 something", "bell \x07 and \u{e9}"],
        ..Judge::default()
    });
    let incoming = stage.incoming();
    let run = |variables: &[(&str, &str)]| {
        stage
            .hook_with("pre-receive", &[], incoming.as_bytes(), variables)
            .text
    };
    assert_eq!(run(&[]), "a:1:1 something\nbell ? and ?\n");
    let shown = "GL-HOOK-ERR: a:1:1 something\nGL-HOOK-ERR: bell ? and ?\n";
    for name in ["GL_ID", "GL_REPOSITORY", "GL_PROTOCOL"] {
        assert_eq!(run(&[(name, "x")]), shown);
    }
}
