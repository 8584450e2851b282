//! Odd places: names a shell reads differently, homes that are none, files that are damaged. What
//! mends something is a command that works when it is copied.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test that cannot go on fails"
)]

mod scene;

use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use scene::{Scene, said};

/// The commands a page says would mend what it names.
fn mends(page: &str) -> Vec<&str> {
    let lines = page.lines();
    lines.filter_map(|l| l.strip_prefix("  mend: ")).collect()
}

/// A home with stand-ins for the other programs.
fn home() -> Scene {
    let scene = Scene::new();
    scene.program("bin/lychgated", "#!/bin/sh\necho \"lychgated 0.1.0\"\n");
    scene
}

fn typed(scene: &Scene, cwd: &Path, command: &str) {
    said(scene.command("bash", cwd).args(["-c", command])).exits(0);
}

#[test]
fn what_mends_is_one_command_whatever_the_folder_is_called() {
    let scene = home();
    for name in ["two  spaces", "it's $HOME;", "new\nline", "\u{e9}\u{1b}"] {
        let repository = scene.repository(name);
        scene.lychgate(&repository, ["install"]).exits(0);
        let conf = repository.join(".git/hooks/lychgate.conf");
        let open = std::fs::Permissions::from_mode(0o666);
        std::fs::set_permissions(&conf, open).unwrap();
        let page = scene.lychgate(&repository, ["doctor"]).exits(1).out;
        assert!(page.is_ascii(), "{page}");
        let [mend] = mends(&page)[..] else {
            panic!("{page}");
        };
        typed(&scene, &repository, mend);
        let page = scene.lychgate(&repository, ["doctor"]).exits(0).out;
        if name == "two  spaces" {
            assert!(page.contains("two  spaces"), "{page}");
        }
    }
}

#[test]
fn a_damaged_manifest_is_mended_and_the_hook_before_still_runs() {
    let scene = home();
    let repository = scene.repository("r");
    let before = "#!/bin/sh\nexit 0\n";
    scene.program("r/.git/hooks/pre-commit", before);
    scene.lychgate(&repository, ["install"]).exits(0);
    let hooks = repository.join(".git/hooks");
    std::fs::write(hooks.join("lychgate.manifest"), "damaged").unwrap();
    scene.lychgate(&repository, ["install"]).exits(4);
    let page = scene.lychgate(&repository, ["doctor"]).exits(1).out;
    let [mend] = mends(&page)[..] else {
        panic!("{page}");
    };
    typed(&scene, &repository, mend);
    scene.lychgate(&repository, ["doctor"]).exits(0);
    let conf = std::fs::read_to_string(hooks.join("lychgate.conf")).unwrap();
    assert!(
        conf.contains("\nchained = pre-commit.before-lychgate\n"),
        "{conf}"
    );
    scene.lychgate(&repository, ["uninstall"]).exits(0);
    let back = std::fs::read_to_string(hooks.join("pre-commit")).unwrap();
    assert_eq!(back, before);
}

#[test]
fn without_a_home_the_gate_stands_and_doctor_says_what_the_daemon_lacks() {
    let scene = home();
    let repository = scene.repository("r");
    let run = |args: &[&str]| {
        let mut command = scene.command(scene.path("bin/lychgate"), &repository);
        for name in ["HOME", "XDG_RUNTIME_DIR", "XDG_STATE_HOME", "XDG_DATA_HOME"] {
            command.env_remove(name);
        }
        // Whoever runs the tests may have this folder.
        command
            .env("LYCHGATE_SOCKET", "")
            .env("LANG", "C")
            .env("COLUMNS", "20");
        said(command.args(args))
    };
    run(&["install"]).exits(0);
    run(&["check"]).exits(0);
    run(&["install", "--global"]).exits(3);
    let page = run(&["doctor"]);
    for line in page.out.lines().chain(page.err.lines()) {
        assert!(line.len() <= 80 && line.is_ascii(), "{line}");
    }
    if page.code == 1 {
        let flat = page.out.split_whitespace().collect::<Vec<_>>().join(" ");
        assert!(
            flat.contains("no folder can hold the daemon's socket mend: export "),
            "{flat}"
        );
    }
    run(&["uninstall"]).exits(0);
}

#[test]
fn in_a_bare_repository_nothing_is_staged_and_in_its_worktree_something_is() {
    let scene = Scene::new();
    let origin = scene.repository("r");
    std::fs::write(origin.join("a.py"), "x = 1\n").unwrap();
    scene.git(&origin, ["add", "."]);
    scene.git(&origin, ["commit", "-qm", "one"]);
    scene.git(scene.root(), ["clone", "-q", "--bare", "r", "bare.git"]);
    let bare = scene.path("bare.git");
    let said = scene.lychgate(&bare, ["check"]).exits(2);
    assert!(
        said.err.ends_with("\n  lychgate check --all\n"),
        "{}",
        said.err
    );
    scene.lychgate(&bare, ["check", "--all"]).exits(0);
    scene.git(&bare, ["worktree", "add", "-q", "../linked", "main"]);
    let linked = scene.path("linked");
    scene.lychgate(&linked, ["check"]).exits(0);
    let secret = format!("k = \"{}\"\n", scene::token(50));
    std::fs::write(linked.join("b.py"), secret).unwrap();
    scene.git(&linked, ["add", "."]);
    scene.lychgate(&linked, ["check"]).exits(1);
}

/// A terminal gets what a file gets: help without colour, on a page however wide it is.
#[test]
fn help_is_plain_on_every_terminal() {
    let scene = Scene::new();
    for term in ["dumb", "xterm-256color"] {
        let mut command = scene.command("script", scene.root());
        command
            .env("TERM", term)
            .args(["-qec", "lychgate check --help", "/dev/null"]);
        let help = said(&mut command).exits(0).out;
        assert!(
            help.contains("--accept-draft") && !help.contains('\u{1b}'),
            "{help}"
        );
    }
}

#[test]
fn problems_of_a_daemon_are_told_on_the_page_that_their_file_would_get() {
    let scene = Scene::with_programs();
    let file = scene.path("extra.toml");
    let run = |args: &[&str]| {
        let mut command = scene.command(scene.path("bin/lychgate"), scene.root());
        said(command.env("LYCHGATE_CONFIG", &file).args(args))
    };
    std::fs::write(&file, "schema = 2\n").unwrap();
    let refused = run(&["daemon", "start"]).exits(4);
    assert!(
        refused.err.contains("extra.toml:1:10: schema: "),
        "{}",
        refused.err
    );
    assert!(
        refused.err.contains("\n  help: install a newer"),
        "{}",
        refused.err
    );
    assert!(
        refused.err.contains("\n  Mend them, then: "),
        "{}",
        refused.err
    );
    std::fs::write(&file, "schema = 1\n").unwrap();
    run(&["daemon", "reload"]).exits(0);
    std::fs::write(&file, "schema = 1\nblocking = 1\n").unwrap();
    let refused = run(&["daemon", "reload"]).exits(4);
    assert!(
        refused.err.contains("\n    help: did you mean `blocks`?"),
        "{}",
        refused.err
    );
    let page = run(&["doctor"]).out;
    assert!(page.contains("; did you mean"), "{page}");
    run(&["daemon", "stop"]).exits(0);
}

#[test]
fn a_place_that_is_not_absolute_is_said_to_be_ignored() {
    let scene = home();
    let repository = scene.repository("r");
    scene.lychgate(&repository, ["install"]).exits(0);
    let doctor = |value: &std::ffi::OsStr| {
        let mut command = scene.command(scene.path("bin/lychgate"), &repository);
        said(command.env("LYCHGATE_SOCKET", value).arg("doctor"))
            .exits(0)
            .out
    };
    let page = doctor("run/s".as_ref());
    assert!(
        page.contains("note: LYCHGATE_SOCKET is ignored: "),
        "{page}"
    );
    let page = doctor(scene.path("run/s").as_os_str());
    assert!(!page.contains("ignored"), "{page}");
}

#[test]
fn a_folder_in_front_of_another_stays_in_front_when_its_manifest_is_lost() {
    let scene = home();
    let repository = scene.repository("r");
    scene.program("r/own/pre-commit", "#!/bin/sh\nexit 0\n");
    scene.git(&repository, ["config", "core.hooksPath", "own"]);
    scene.lychgate(&repository, ["install"]).exits(0);
    let ours = repository.join(".git/lychgate/hooks");
    let conf = || std::fs::read_to_string(ours.join("lychgate.conf")).unwrap();
    let before = conf();
    assert!(
        before.contains("chained = pre-commit.before-lychgate"),
        "{before}"
    );
    std::fs::remove_file(ours.join("lychgate.manifest")).unwrap();
    scene.lychgate(&repository, ["install"]).exits(0);
    assert_eq!(conf(), before);
    scene.lychgate(&repository, ["doctor"]).exits(0);
    scene.lychgate(&repository, ["uninstall"]).exits(0);
    let left = scene.git(&repository, ["config", "--get-all", "core.hooksPath"]);
    assert_eq!(left, "own\n");
    assert!(!ours.join("pre-commit").exists() && !ours.join("pre-push").exists());
}

#[track_caller]
fn finds(said: &scene::Said, what: &str, mend: &str) {
    let flat = said.out.split_whitespace().collect::<Vec<_>>().join(" ");
    assert_eq!(said.code, 1, "{}{}", said.out, said.err);
    assert!(flat.contains(what) && flat.contains(mend), "{}", said.out);
}

#[test]
fn a_key_that_others_may_read_and_a_file_for_a_folder_are_named() {
    let scene = Scene::with_programs();
    let repository = scene.repository("r");
    scene.lychgate(&repository, ["install"]).exits(0);
    scene.lychgate(&repository, ["daemon", "start"]).exits(0);
    scene.lychgate(&repository, ["doctor"]).exits(0);
    let key = scene.path("state/lychgate/value.key");
    let mode =
        |mode| std::fs::set_permissions(&key, std::fs::Permissions::from_mode(mode)).unwrap();
    mode(0o644);
    let restart = || {
        scene.lychgate(&repository, ["daemon", "stop"]).exits(0);
        scene.lychgate(&repository, ["daemon", "start"]).exits(0);
    };
    restart();
    let said = scene.lychgate(&repository, ["doctor"]);
    finds(
        &said,
        "no fingerprints, and nothing is remembered",
        "mend: chmod 600 ",
    );
    scene.lychgate(&repository, ["daemon", "stop"]).exits(0);
    finds(
        &scene.lychgate(&repository, ["doctor"]),
        "others may read",
        "mend: chmod 600 ",
    );
    mode(0o600);
    scene.lychgate(&repository, ["daemon", "start"]).exits(0);
    scene.lychgate(&repository, ["doctor"]).exits(0);
    scene.lychgate(&repository, ["daemon", "stop"]).exits(0);

    let state = scene.path("state/lychgate");
    std::fs::remove_dir_all(&state).unwrap();
    std::fs::write(&state, "x").unwrap();
    finds(
        &scene.lychgate(&repository, ["doctor"]),
        "is not a folder",
        "mend: mv ",
    );
    std::fs::remove_file(&state).unwrap();
    scene.lychgate(&repository, ["doctor"]).exits(0);
}
