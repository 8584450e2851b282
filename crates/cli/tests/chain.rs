//! The real hook under the real git: what stood there before runs first, as it did.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test that cannot go on fails"
)]

mod scene;

use scene::{Scene, token};

#[test]
fn a_previous_hook_gets_stdin_arguments_and_environment_and_its_code_ends_the_run() {
    let scene = Scene::with_programs();
    let repository = scene.repository("r");
    let log = scene.path("log");
    let script = format!(
        "#!/bin/sh\nprintf '%s|' \"$0\" \"$@\" >> {0}\ncat >> {0}\necho \"$GIT_PREFIX.$X\" >> {0}\nexit $CODE\n",
        log.display()
    );
    scene.program("r/.git/hooks/pre-push", &script);
    let bare = scene.bare_repository("b.git");
    scene.git(&repository, ["remote", "add", "o", bare.to_str().unwrap()]);
    let push = |code: &str, reference: &str| {
        let mut git = scene.command("git", &repository);
        git.args(["push", "-q", "o", reference])
            .env("CODE", code)
            .env("X", "kept");
        let said = scene::said(&mut git);
        let text = std::fs::read_to_string(&log).unwrap_or_default();
        let _ = std::fs::remove_file(&log);
        (said.code == 0, text)
    };
    let (went, without) = push("0", "main:one");
    assert!(went);
    scene.lychgate(&repository, ["install"]).exits(0);
    let (went, with) = push("0", "main:two");
    assert!(went);
    let same = |text: &str| {
        let (_, rest) = text.split_once('|').unwrap();
        rest.replace("refs/heads/one", "REF")
            .replace("refs/heads/two", "REF")
    };
    assert_eq!(same(&without), same(&with));
    assert!(with.contains("kept"), "{with}");
    let (went, ran) = push("7", "main:three");
    assert!(!went && !ran.is_empty());
    scene.lychgate(&repository, ["uninstall"]).exits(0);
    assert_eq!(
        std::fs::read_to_string(repository.join(".git/hooks/pre-push")).unwrap(),
        script
    );
}

#[test]
fn what_a_previous_hook_adds_to_the_index_is_judged() {
    let scene = Scene::with_programs();
    let repository = scene.repository("r");
    let script = "#!/bin/sh\n[ ! -f add ] || { cp add added; git add added; }\n";
    scene.program("r/.git/hooks/pre-commit", script);
    scene.lychgate(&repository, ["install"]).exits(0);
    std::fs::write(repository.join(".git/info/exclude"), "add\n").unwrap_or_else(|_| {
        std::fs::create_dir_all(repository.join(".git/info")).unwrap();
        std::fs::write(repository.join(".git/info/exclude"), "add\n").unwrap();
    });
    std::fs::write(repository.join("f"), "x\n").unwrap();
    scene.git(&repository, ["add", "f"]);
    scene.git(&repository, ["commit", "-qm", "without"]);
    std::fs::write(repository.join("add"), format!("k={}\n", token(20))).unwrap();
    std::fs::write(repository.join("f"), "y\n").unwrap();
    scene.git(&repository, ["add", "f"]);
    let denied = scene.try_git(&repository, ["commit", "-qm", "with"]);
    assert_ne!(denied.code, 0, "{}", denied.err);
    std::fs::write(repository.join("add"), "k=none\n").unwrap();
    scene.git(&repository, ["commit", "-qm", "with"]);
}

#[test]
fn the_gate_of_all_repositories_calls_the_hooks_of_each() {
    let scene = Scene::with_programs();
    let repository = scene.repository("r");
    scene.program("r/.git/hooks/pre-commit", "#!/bin/sh\n[ ! -f no ]\n");
    scene
        .lychgate(&repository, ["install", "--global"])
        .exits(0);
    let commit = |name: &str, text: &str| {
        std::fs::write(repository.join(name), text).unwrap();
        scene.git(&repository, ["add", name]);
        scene.try_git(&repository, ["commit", "-qm", name]).code == 0
    };
    assert!(commit("a", "fine\n"));
    assert!(!commit("b", &format!("k={}\n", token(21))));
    assert!(commit("b", "k=none\n"));
    std::fs::write(repository.join("no"), "").unwrap();
    assert!(!commit("c", "fine\n"));
    scene
        .lychgate(&repository, ["uninstall", "--global"])
        .exits(0);
    assert!(!commit("d", "fine\n"), "its own hook still says no");
}

#[test]
fn without_a_daemon_the_hook_judges_in_process_and_refuses_what_was_cut_short() {
    let scene = Scene::with_programs();
    std::fs::remove_file(scene.path("bin/lychgated")).unwrap();
    let repository = scene.repository("r");
    scene.lychgate(&repository, ["install"]).exits(0);
    std::fs::write(repository.join("f"), format!("k={}\n", token(22))).unwrap();
    scene.git(&repository, ["add", "f"]);
    let secret = token(22);
    let denied = scene.try_git(&repository, ["commit", "-qm", "x"]);
    assert_ne!(denied.code, 0);
    assert!(
        denied.err.contains("f:1:3") && !denied.err.contains(&secret),
        "{}",
        denied.err
    );
    std::fs::write(repository.join("f"), "k=none\n").unwrap();
    scene.git(&repository, ["add", "f"]);
    scene.git(&repository, ["commit", "-qm", "x"]);

    let judge = |bytes: &str, refs: &str| {
        let args = [
            "judge-hook",
            "pre-push",
            "--stdin-bytes",
            bytes,
            "--stdin-refs",
            refs,
        ];
        let mut command = scene.command(scene.path("bin/lychgate"), &repository);
        scene::said(command.args(args).args(["--", "o", "url"]))
    };
    judge("0", "0").exits(0);
    let short = judge("100", "1").exits(3);
    assert!(
        short.err.starts_with("lychgate: push not checked"),
        "{}",
        short.err
    );
    let args = [
        "judge-hook",
        "pre-receive",
        "--stdin-bytes",
        "0",
        "--stdin-refs",
        "0",
    ];
    assert_ne!(scene.lychgate(&repository, args).code, 0);
}
