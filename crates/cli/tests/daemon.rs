//! `daemon`, `status` and `doctor`: every finding has a twin that is well.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test that cannot go on fails"
)]

mod scene;

use std::os::unix::fs::{PermissionsExt, symlink};
use std::os::unix::net::UnixListener;
use std::path::Path;

use scene::{Said, Scene};

fn doctor(scene: &Scene, cwd: &Path) -> Said {
    scene.lychgate(cwd, ["doctor"])
}

#[track_caller]
fn finds(said: &Said, what: &str, mend: &str) {
    let flat = said.out.split_whitespace().collect::<Vec<_>>().join(" ");
    assert_eq!(said.code, 1, "{}{}", said.out, said.err);
    assert!(flat.contains(what), "{what}\n{}", said.out);
    assert!(flat.contains(mend), "{mend}\n{}", said.out);
}

#[test]
fn a_daemon_starts_answers_reloads_and_stops() {
    let scene = Scene::with_programs();
    let none = scene.lychgate(scene.root(), ["status"]).exits(5);
    assert!(none.flat().contains("no daemon runs"), "{}", none.err);
    scene.lychgate(scene.root(), ["daemon", "reload"]).exits(5);
    scene.lychgate(scene.root(), ["daemon", "stop"]).exits(0);

    scene.lychgate(scene.root(), ["daemon", "start"]).exits(0);
    assert!(scene.path("run/lychgate/lychgated.sock").exists());
    let status = scene.lychgate(scene.root(), ["status"]).exits(0);
    assert!(status.out.contains("\npacks: built 20"), "{}", status.out);
    for key in [
        "build: ",
        "pid: ",
        "socket: ",
        "rule-set: ",
        "policy: ",
        "config: ",
    ] {
        assert!(status.out.contains(key), "{}", status.out);
    }
    let again = scene.lychgate(scene.root(), ["daemon", "start"]).exits(0);
    assert!(again.out.contains("already"), "{}", again.out);
    scene.lychgate(scene.root(), ["daemon", "reload"]).exits(0);
    let pid = status.out.lines().find_map(|l| l.strip_prefix("pid: "));
    let running = || {
        let about = std::fs::read_to_string(format!("/proc/{}/stat", pid.unwrap()));
        about.is_ok_and(|about| !about.contains(") Z "))
    };
    assert!(running());
    let stopped = scene.lychgate(scene.root(), ["daemon", "stop"]).exits(0);
    assert!(stopped.out.contains("has stopped"), "{}", stopped.out);
    // What it remembers is written, and nothing writes there any more.
    assert!(!running());
    scene.lychgate(scene.root(), ["status"]).exits(5);
}

#[test]
fn a_whole_installation_is_well() {
    let scene = Scene::with_programs();
    let repository = scene.repository("r");
    finds(
        &doctor(&scene, &repository),
        "no gate stands in",
        "mend: lychgate install",
    );
    scene.lychgate(&repository, ["install"]).exits(0);
    let away = doctor(&scene, &repository).exits(0);
    assert!(
        away.out.contains("the first hook starts one"),
        "{}",
        away.out
    );
    scene.lychgate(&repository, ["daemon", "start"]).exits(0);
    let well = doctor(&scene, &repository).exits(0);
    assert!(well.out.contains("ok: the daemon answers"), "{}", well.out);
    let flat = well.out.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(
        flat.contains("denies a made-up token and allows a file without one"),
        "{flat}"
    );
    // What doctor made up is counted apart; what somebody asks is not.
    let counts = |wanted: [&str; 2]| {
        let status = scene.lychgate(&repository, ["status"]).exits(0).out;
        for line in wanted {
            assert!(status.lines().any(|l| l == line), "{line}\n{status}");
        }
    };
    let none = "verdicts: 0 allow, 0 deny, 0 indeterminate, 0 unanswered";
    counts([none, "probes: 2"]);
    let one = none.replacen('0', "1", 1);
    scene.lychgate(&repository, ["check"]).exits(0);
    counts([&one, "probes: 2"]);
}

/// The rules serve before they are tested: a status may come in between.
#[test]
fn a_daemon_tells_its_last_self_test() {
    let scene = Scene::with_programs();
    scene.lychgate(scene.root(), ["daemon", "start"]).exits(0);
    let told = || {
        let status = scene.lychgate(scene.root(), ["status"]).exits(0).out;
        let line = status.lines().find(|l| l.starts_with("self-test: "));
        line.map(str::to_owned)
    };
    let line = std::iter::repeat_with(told).flatten().next().unwrap();
    assert!(
        line.starts_with("self-test: 20") && line.ends_with("Z ok"),
        "{line}"
    );
}

#[test]
fn what_shadows_the_gate_is_named_with_the_command_that_mends_it() {
    let scene = Scene::with_programs();
    let repository = scene.repository("r");
    scene.lychgate(&repository, ["install"]).exits(0);
    doctor(&scene, &repository).exits(0);
    scene.git(&repository, ["config", "core.hooksPath", "/elsewhere"]);
    let said = doctor(&scene, &repository);
    finds(
        &said,
        "core.hooksPath = /elsewhere (local, file:",
        "shadows the gate",
    );
    finds(&said, "", "mend: lychgate install");
    scene.git(
        &repository,
        ["config", "--local", "--unset-all", "core.hooksPath"],
    );
    doctor(&scene, &repository).exits(0);
}

#[test]
fn hooks_that_do_not_run_are_named() {
    let scene = Scene::with_programs();
    let repository = scene.repository("r");
    let hook = repository.join(".git/hooks/pre-commit");
    scene.lychgate(&repository, ["install"]).exits(0);

    std::fs::remove_file(&hook).unwrap();
    finds(
        &doctor(&scene, &repository),
        "pre-commit is gone",
        "mend: lychgate install",
    );
    scene.lychgate(&repository, ["install"]).exits(0);
    doctor(&scene, &repository).exits(0);

    std::fs::remove_file(&hook).unwrap();
    symlink("/no/such/lychgate-hook", &hook).unwrap();
    finds(
        &doctor(&scene, &repository),
        "which is not there",
        "mend: lychgate install",
    );
    scene.lychgate(&repository, ["install"]).exits(0);
    doctor(&scene, &repository).exits(0);

    std::fs::remove_file(&hook).unwrap();
    scene.program("r/.git/hooks/pre-commit", "#!/bin/sh\n");
    finds(
        &doctor(&scene, &repository),
        "was replaced by another tool",
        "mend: lychgate install",
    );
    std::fs::remove_file(&hook).unwrap();
    scene.lychgate(&repository, ["install"]).exits(0);

    let program = scene.path("bin/lychgate-hook");
    std::fs::set_permissions(&program, PermissionsExt::from_mode(0o644)).unwrap();
    finds(
        &doctor(&scene, &repository),
        "cannot be run",
        "mend: chmod +x",
    );
    std::fs::set_permissions(&program, PermissionsExt::from_mode(0o755)).unwrap();
    doctor(&scene, &repository).exits(0);
}

#[test]
fn programs_of_another_version_are_named() {
    let scene = Scene::with_programs();
    let repository = scene.repository("r");
    scene.lychgate(&repository, ["install"]).exits(0);
    doctor(&scene, &repository).exits(0);
    std::fs::remove_file(scene.path("bin/lychgate-hook")).unwrap();
    scene.program("bin/lychgate-hook", "#!/bin/sh\necho lychgate-hook 9.9.9\n");
    finds(
        &doctor(&scene, &repository),
        "is version 9.9.9",
        "mend: ./install.sh",
    );
}

#[test]
fn a_loose_or_missing_configuration_is_named() {
    let scene = Scene::with_programs();
    let repository = scene.repository("r");
    scene.lychgate(&repository, ["install"]).exits(0);
    let conf = repository.join(".git/hooks/lychgate.conf");
    std::fs::set_permissions(&conf, PermissionsExt::from_mode(0o666)).unwrap();
    finds(
        &doctor(&scene, &repository),
        "others may write",
        "mend: chmod go-w",
    );
    std::fs::set_permissions(&conf, PermissionsExt::from_mode(0o600)).unwrap();
    doctor(&scene, &repository).exits(0);
    std::fs::remove_file(&conf).unwrap();
    finds(
        &doctor(&scene, &repository),
        "there is no lychgate.conf",
        "mend: lychgate install",
    );
    scene.lychgate(&repository, ["install"]).exits(0);
    doctor(&scene, &repository).exits(0);
}

#[test]
fn a_socket_that_is_dead_loose_or_a_link_is_named() {
    let scene = Scene::with_programs();
    let repository = scene.repository("r");
    scene.lychgate(&repository, ["install"]).exits(0);
    let folder = scene.path("run/lychgate");
    std::fs::create_dir(&folder).unwrap();
    std::fs::set_permissions(&folder, PermissionsExt::from_mode(0o700)).unwrap();
    let socket = folder.join("lychgated.sock");

    drop(UnixListener::bind(&socket).unwrap());
    finds(
        &doctor(&scene, &repository),
        "is dead",
        "mend: lychgate daemon start",
    );
    std::fs::remove_file(&socket).unwrap();
    doctor(&scene, &repository).exits(0);

    let real = scene.path("run/real");
    let _listener = UnixListener::bind(&real).unwrap();
    symlink(&real, &socket).unwrap();
    finds(
        &doctor(&scene, &repository),
        "is a symbolic link",
        "mend: rm ",
    );
    std::fs::remove_file(&socket).unwrap();

    std::fs::set_permissions(&folder, PermissionsExt::from_mode(0o777)).unwrap();
    scene::said(
        scene
            .command(scene.path("bin/lychgate"), &repository)
            .args(["daemon", "start"]),
    );
    let _listener = UnixListener::bind(&socket);
    finds(
        &doctor(&scene, &repository),
        "others may write",
        "mend: chmod go-w",
    );
    let _ = std::fs::remove_file(&socket);
    std::fs::set_permissions(&folder, PermissionsExt::from_mode(0o700)).unwrap();
    doctor(&scene, &repository).exits(0);
}

#[test]
fn a_socket_in_a_folder_of_somebody_else_is_named() {
    let scene = Scene::with_programs();
    let repository = scene.repository("r");
    scene.lychgate(&repository, ["install"]).exits(0);
    let folder = scene.path("run/lychgate");
    std::fs::create_dir(&folder).unwrap();
    std::fs::set_permissions(&folder, PermissionsExt::from_mode(0o700)).unwrap();
    let _listener = UnixListener::bind(folder.join("lychgated.sock")).unwrap();
    if std::os::unix::fs::chown(&folder, Some(4242), None).is_err() {
        return; // Only root can give a folder away.
    }
    finds(
        &doctor(&scene, &repository),
        "belongs to user 4242",
        "mend: sudo rm -r",
    );
    std::fs::remove_dir_all(&folder).unwrap();
    doctor(&scene, &repository).exits(0);
}

#[test]
fn hooks_check_and_doctor_ask_the_same_daemon() {
    let scene = Scene::with_programs();
    let repository = scene.repository("r");
    let socket = scene.path("run/lychgate/lychgated.sock");
    scene.lychgate(&repository, ["daemon", "start"]).exits(0);
    let moved = |verb: &[&str]| {
        let mut command = scene.command(scene.path("bin/lychgate"), &repository);
        command
            .env("XDG_RUNTIME_DIR", scene.path("state"))
            .args(verb);
        scene::said(&mut command)
    };
    moved(&["install", "--unavailable", "deny"]).exits(0);
    moved(&["check"]).exits(5);
    let args = [
        "install",
        "--unavailable",
        "deny",
        "--socket",
        socket.to_str().unwrap(),
    ];
    moved(&args).exits(0);
    moved(&["check"]).exits(0);
    let well = moved(&["doctor"]).exits(0);
    assert!(well.out.contains("ok: the daemon answers"), "{}", well.out);
}

#[test]
fn a_manager_that_does_not_run_the_gate_is_named() {
    let scene = Scene::with_programs();
    let repository = scene.repository("r");
    scene.program(
        "r/.git/hooks/pre-commit",
        "#!/bin/sh\n# File generated by pre-commit: x\n",
    );
    let config = repository.join(".pre-commit-config.yaml");
    std::fs::write(&config, "repos:\n- repo: local\n  hooks:\n  - id: other\n").unwrap();
    finds(
        &doctor(&scene, &repository),
        "does not run lychgate-hook at",
        "- id: lychgate",
    );
    let ours = "  - id: lychgate\n    entry: lychgate-hook pre-commit\n  - id: lychgate-msg\n";
    std::fs::write(&config, format!("repos:\n- hooks:\n{ours}  - id: black\n")).unwrap();
    finds(
        &doctor(&scene, &repository),
        "black runs after lychgate",
        "move lychgate to the end",
    );
    std::fs::write(&config, format!("repos:\n- hooks:\n  - id: black\n{ours}")).unwrap();
    let well = doctor(&scene, &repository).exits(0);
    assert!(
        well.out.contains("note: pre-commit hands on"),
        "{}",
        well.out
    );
}

#[test]
fn a_configured_hook_after_the_gate_is_named_where_git_has_them() {
    let scene = Scene::with_programs();
    let repository = scene.repository("r");
    scene.lychgate(&repository, ["install"]).exits(0);
    doctor(&scene, &repository).exits(0);
    // This git has no such hooks: one in front of it answers as a newer one does.
    let real = scene
        .command("sh", scene.root())
        .args(["-c", "command -v git"])
        .output()
        .unwrap();
    let real = String::from_utf8(real.stdout).unwrap();
    let git = |listed: &str| {
        let script = format!(
            "#!/bin/sh\ncase \"$*\" in *'hook list'*) printf '{listed}'; exit 0;; esac\nexec {} \"$@\"\n",
            real.trim()
        );
        scene.program("bin/git", &script);
    };
    git("hook from hookdir\\nformatter\\n");
    finds(
        &doctor(&scene, &repository),
        "configured hook formatter runs after",
        "mend: git config",
    );
    git("formatter\\nhook from hookdir\\n");
    doctor(&scene, &repository).exits(0);
}

#[test]
fn a_hook_that_a_folder_in_front_hides_is_named() {
    let scene = Scene::with_programs();
    let repository = scene.repository("r");
    scene
        .lychgate(&repository, ["install", "--global"])
        .exits(0);
    doctor(&scene, &repository).exits(0);
    let hidden = scene.program("r/.git/hooks/reference-transaction", "#!/bin/sh\n");
    finds(
        &doctor(&scene, &repository),
        "reference-transaction is not run",
        "mend: git config --local core.hooksPath",
    );
    std::fs::remove_file(hidden).unwrap();
    doctor(&scene, &repository).exits(0);
}

#[test]
fn a_server_needs_its_daemon() {
    let scene = Scene::with_programs();
    let bare = scene.bare_repository("b.git");
    finds(
        &doctor(&scene, &bare),
        "no gate stands in",
        "lychgate install --server",
    );
    scene.lychgate(scene.root(), ["daemon", "start"]).exits(0);
    scene
        .lychgate(scene.root(), ["install", "--server", "b.git"])
        .exits(0);
    doctor(&scene, &bare).exits(0);
    scene.program("b.git/hooks/update", "#!/bin/sh\n");
    let noted = doctor(&scene, &bare).exits(0);
    assert!(noted.out.contains("has an update hook"), "{}", noted.out);
    scene.lychgate(scene.root(), ["daemon", "stop"]).exits(0);
    finds(
        &doctor(&scene, &bare),
        "every push is denied",
        "mend: lychgate daemon start",
    );
}

#[test]
fn a_socket_that_others_reach_is_named() {
    let scene = Scene::with_programs();
    let repository = scene.repository("r");
    scene.lychgate(&repository, ["install"]).exits(0);
    scene.lychgate(scene.root(), ["daemon", "start"]).exits(0);
    doctor(&scene, &repository).exits(0);
    let socket = scene.path("run/lychgate/lychgated.sock");
    let folder = scene.path("run/lychgate");
    for (path, right, wrong, what, mend) in [
        (
            &socket,
            0o600,
            0o660,
            "others may connect to",
            "chmod go-rwx ",
        ),
        (&folder, 0o700, 0o755, "others may enter", "chmod 700 "),
    ] {
        let set = |mode| std::fs::set_permissions(path, PermissionsExt::from_mode(mode)).unwrap();
        set(wrong);
        finds(&doctor(&scene, &repository), what, mend);
        set(right);
        doctor(&scene, &repository).exits(0);
    }
    scene.lychgate(scene.root(), ["daemon", "stop"]).exits(0);
}

#[test]
fn a_hooks_folder_that_everybody_may_write_is_named() {
    let scene = Scene::with_programs();
    let repository = scene.repository("r");
    let bare = scene.bare_repository("b.git");
    scene.lychgate(&repository, ["install"]).exits(0);
    scene.lychgate(scene.root(), ["daemon", "start"]).exits(0);
    scene
        .lychgate(scene.root(), ["install", "--server", "b.git"])
        .exits(0);
    for (at, hooks) in [
        (&repository, repository.join(".git/hooks")),
        (&bare, bare.join("hooks")),
    ] {
        for path in [hooks.as_path(), hooks.parent().unwrap()] {
            doctor(&scene, at).exits(0);
            let set = |mode| {
                std::fs::set_permissions(path, PermissionsExt::from_mode(mode)).unwrap();
            };
            set(0o777);
            let mend = format!("mend: chmod o-w {}", path.display());
            finds(&doctor(&scene, at), "everybody may write", &mend);
            set(0o775);
        }
        doctor(&scene, at).exits(0);
    }
}

#[test]
fn what_takes_a_servers_hooks_away_is_mended_by_what_is_printed() {
    let scene = Scene::with_programs();
    let bare = scene.bare_repository("b.git");
    scene.lychgate(scene.root(), ["daemon", "start"]).exits(0);
    scene
        .lychgate(scene.root(), ["install", "--server", "b.git"])
        .exits(0);
    scene.git(&bare, ["config", "core.hooksPath", "/nowhere/at/all"]);
    let said = doctor(&scene, &bare).exits(1);
    assert!(
        said.out.contains("core.hooksPath = /nowhere"),
        "{}",
        said.out
    );
    let mend = said.out.lines().find_map(|l| l.strip_prefix("  mend: "));
    scene::said(
        scene
            .command("sh", scene.root())
            .args(["-c", mend.unwrap()]),
    )
    .exits(0);
    doctor(&scene, &bare).exits(0);
}

#[test]
fn what_the_organisation_says_to_no_effect_is_a_note() {
    let scene = Scene::with_programs();
    let repository = scene.repository("r");
    scene.lychgate(&repository, ["install"]).exits(0);
    let config = scene.path("extra.toml");
    std::fs::create_dir(scene.path("packs")).unwrap();
    let packs = scene.path("packs/*.toml");
    let text = format!("schema = 1\npacks = [\"{}\"]\n", packs.display());
    std::fs::write(&config, text).unwrap();
    let run = |args: &[&str]| {
        let mut command = scene.command(scene.path("bin/lychgate"), &repository);
        scene::said(command.env("LYCHGATE_CONFIG", &config).args(args))
    };
    let told = "packs: no file fits";
    let said = run(&["doctor"]).exits(0);
    assert!(said.out.contains(told), "{}", said.out);
    run(&["daemon", "start"]).exits(0);
    let said = run(&["status"]).exits(0);
    assert!(said.out.contains(&format!("note: {told}")), "{}", said.out);
    let said = run(&["doctor"]).exits(0);
    assert_eq!(said.out.matches(told).count(), 1, "{}", said.out);
    std::fs::set_permissions(&config, PermissionsExt::from_mode(0o666)).unwrap();
    run(&["daemon", "stop"]).exits(0);
    let mend = format!("mend: chmod o-w {}", config.display());
    finds(&run(&["doctor"]), "everybody may write it", &mend);
}

#[test]
fn a_stricter_file_that_the_daemon_does_not_know_counts_all_the_same() {
    let scene = Scene::with_programs();
    let repository = scene.repository("r");
    scene.lychgate(&repository, ["daemon", "start"]).exits(0);
    let config = scene.path("extra.toml");
    std::fs::write(&config, "schema = 1\n[blocks]\ndefault = \"note\"\n").unwrap();
    // Low: it blocks by that file alone.
    std::fs::write(repository.join("a.pem"), "nothing\n").unwrap();
    scene.git(&repository, ["add", "a.pem"]);
    let run = |args: &[&str]| {
        let mut command = scene.command(scene.path("bin/lychgate"), &repository);
        scene::said(command.env("LYCHGATE_CONFIG", &config).args(args))
    };
    scene.lychgate(&repository, ["check"]).exits(0);
    run(&["check", "--in-process"]).exits(1);
    let said = run(&["check"]).exits(1);
    assert!(
        said.flat().contains("without LYCHGATE_CONFIG"),
        "{}",
        said.err
    );
    scene.lychgate(&repository, ["install"]).exits(0);
    let mend = "lychgate daemon stop; lychgate daemon start";
    finds(&run(&["doctor"]), "the daemon judges without it", mend);
    // The twin: a daemon that was started with it is asked, and the hooks go by it.
    run(&["daemon", "stop"]).exits(0);
    run(&["daemon", "start"]).exits(0);
    let said = run(&["check"]).exits(1);
    assert_eq!(said.err, "");
    run(&["doctor"]).exits(0);
    let commit = ["commit", "-q", "-m", "x"];
    assert_ne!(scene.try_git(&repository, commit).code, 0);
}
