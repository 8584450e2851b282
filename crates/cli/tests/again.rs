//! Installing again: what was chosen before stays, and what changes is said.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod scene;

use std::path::Path;

use scene::Scene;

fn conf(hooks: &Path) -> String {
    std::fs::read_to_string(hooks.join("lychgate.conf")).unwrap()
}

#[test]
fn installing_again_loosens_nothing() {
    let scene = Scene::new();
    let repository = scene.repository("r");
    let hooks = repository.join(".git/hooks");
    let install = |args: &[&str]| {
        let args = ["install"].into_iter().chain(args.iter().copied());
        scene.lychgate(&repository, args).exits(0).out
    };
    install(&["--unavailable", "deny", "--socket", "s"]);
    let strict = conf(&hooks);
    assert!(strict.contains("unavailable = deny\n"), "{strict}");
    let said = install(&[]);
    assert!(said.contains("already"), "{said}");
    assert_eq!(strict, conf(&hooks));
    // The twin: what is asked for is done, and said.
    let said = install(&["--unavailable", "in-process"]);
    assert!(
        said.contains("changed unavailable: deny -> in-process"),
        "{said}"
    );
    assert_eq!(strict.replace("= deny", "= in-process"), conf(&hooks));
}

#[test]
fn a_server_keeps_its_socket_and_its_daemon() {
    let scene = Scene::new();
    let hooks = scene.bare_repository("b.git").join("hooks");
    let install = |args: &[&str]| {
        let first = ["install", "--server", "b.git"];
        let args = first.into_iter().chain(args.iter().copied());
        scene.lychgate(scene.root(), args).exits(0).out
    };
    install(&["--socket", "/nowhere/s", "--daemon-uid", "77"]);
    let before = conf(&hooks);
    assert!(before.contains("socket = /nowhere/s\n"), "{before}");
    let said = install(&[]);
    assert!(said.contains("already"), "{said}");
    assert!(said.contains("expected at /nowhere/s"), "{said}");
    assert_eq!(before, conf(&hooks));
    let said = install(&["--daemon-uid", "78"]);
    assert!(said.contains("changed daemon_uids: "), "{said}");
    assert!(!said.contains("changed socket"), "{said}");
    let said = install(&["--socket", "/nowhere/t"]);
    let changed = "changed socket: /nowhere/s -> /nowhere/t";
    assert!(said.contains(changed), "{said}");
    assert!(conf(&hooks).contains(" 78"), "{}", conf(&hooks));
}

#[test]
fn the_two_sides_do_not_overwrite_each_other() {
    for server_first in [false, true] {
        let scene = Scene::new();
        let repository = scene.repository("a");
        scene.bare_repository("b.git");
        // One folder for all repositories of this user, bare ones included.
        let hooks = scene.path("hooks");
        std::fs::create_dir(&hooks).unwrap();
        let set = ["config", "--global", "core.hooksPath"];
        scene.git(
            &repository,
            set.into_iter().chain([hooks.to_str().unwrap()]),
        );
        let mut sides = [vec!["install"], vec!["install", "--server", "../b.git"]];
        if server_first {
            sides.reverse();
        }
        let [first, second] = sides;
        scene.lychgate(&repository, first.clone()).exits(0);
        let before = scene::everything(&hooks);
        let refused = scene.lychgate(&repository, second.clone()).exits(4);
        let named = format!("the gate of `lychgate {}", first.join(" "));
        let named = named.trim_end_matches(" ../b.git");
        assert!(refused.flat().contains(named), "{}", refused.err);
        assert_eq!(before, scene::everything(&hooks));
        // The twin: once the first is out, the second goes in.
        let mut out = first;
        out[0] = "uninstall";
        scene.lychgate(&repository, out).exits(0);
        scene.lychgate(&repository, second).exits(0);
    }
}

#[test]
fn a_configuration_that_cannot_be_read_is_not_written_over() {
    let scene = Scene::new();
    let repository = scene.repository("r");
    scene.lychgate(&repository, ["install"]).exits(0);
    let file = repository.join(".git/hooks/lychgate.conf");
    let damaged = format!("{}nonsense\n", conf(&repository.join(".git/hooks")));
    std::fs::write(&file, &damaged).unwrap();
    let refused = scene.lychgate(&repository, ["install"]).exits(4);
    assert!(
        refused.err.contains("nothing was installed"),
        "{}",
        refused.err
    );
    assert_eq!(std::fs::read_to_string(&file).unwrap(), damaged);
    std::fs::remove_file(&file).unwrap();
    scene.lychgate(&repository, ["install"]).exits(0);
}

#[test]
fn every_hook_behind_still_runs() {
    let scene = Scene::new();
    let repository = scene.repository("r");
    let ran = repository.join("ran");
    let hook = |name: &str| {
        let text = format!("#!/bin/sh\necho {name} >> \"{}\"\n", ran.display());
        scene.program(format!("r/.githooks/{name}"), &text);
    };
    hook("reference-transaction");
    scene.git(&repository, ["config", "core.hooksPath", ".githooks"]);
    scene.lychgate(&repository, ["install"]).exits(0);
    let ours = repository.join(".git/lychgate/hooks");
    assert!(!ours.join("post-index-change").exists());
    scene.git(&repository, ["branch", "b"]);
    let said = std::fs::read_to_string(&ran).unwrap();
    assert!(said.contains("reference-transaction"), "{said}");

    // One that comes later is named, and the mend helps.
    hook("post-index-change");
    let doctor = scene.lychgate(&repository, ["doctor"]).out;
    let mend = doctor.split("post-index-change").nth(1).unwrap_or_default();
    assert!(mend.contains("mend: lychgate install"), "{doctor}");
    scene.lychgate(&repository, ["install"]).exits(0);
    let doctor = scene.lychgate(&repository, ["doctor"]).out;
    assert!(!doctor.contains("post-index-change"), "{doctor}");
    std::fs::write(repository.join("x"), "x").unwrap();
    scene.git(&repository, ["add", "x"]);
    let said = std::fs::read_to_string(&ran).unwrap();
    assert!(said.contains("post-index-change"), "{said}");
    scene.lychgate(&repository, ["uninstall"]).exits(0);
    assert!(!repository.join(".git/lychgate").exists());
}

#[test]
fn one_repositorys_hook_never_runs_in_another() {
    let scene = Scene::new();
    let repository = scene.repository("r");
    let text = "#!/bin/sh\nexit 0\n";
    scene.program("r/.git/hooks/reference-transaction", text);
    scene
        .lychgate(&repository, ["install", "--global"])
        .exits(0);
    let doctor = scene.lychgate(&repository, ["doctor"]).out;
    assert!(!doctor.contains("ln -s"), "{doctor}");
    let mend = doctor
        .lines()
        .find_map(|line| line.strip_prefix("  mend: git config --local"))
        .map(|rest| format!("git config --local{rest}"))
        .unwrap_or_default();
    scene::said(scene.command("sh", &repository).args(["-c", &mend])).exits(0);
    let doctor = scene.lychgate(&repository, ["doctor"]).out;
    assert!(!doctor.contains("reference-transaction"), "{doctor}");
    assert!(repository.join(".git/hooks/pre-commit").is_symlink());
    let all = scene.path("data/lychgate/hooks");
    assert!(!all.join("reference-transaction").exists());
}

#[test]
fn hooks_turned_off_are_told_as_such() {
    let scene = Scene::new();
    let repository = scene.repository("r");
    // A key may have several values; the command that mends takes back this one alone.
    for value in ["own", "/dev/null", "/dev/null"] {
        scene.git(&repository, ["config", "--add", "core.hooksPath", value]);
    }
    let mend = "git config --local --unset-all core.hooksPath '^/dev/null$'";
    let refused = scene.lychgate(&repository, ["install"]).exits(4);
    assert!(
        refused.flat().contains("turns every hook off"),
        "{}",
        refused.err
    );
    assert!(refused.err.contains(mend), "{}", refused.err);
    scene.lychgate(&repository, ["uninstall"]).exits(0);
    let doctor = scene.lychgate(&repository, ["doctor"]).exits(1).out;
    assert!(doctor.contains(mend), "{doctor}");
    let environment = |args: [&str; 1]| {
        let mut command = scene.command(scene.path("bin/lychgate"), &repository);
        command
            .env("GIT_CONFIG_COUNT", "1")
            .env("GIT_CONFIG_KEY_0", "core.hooksPath")
            .env("GIT_CONFIG_VALUE_0", "/dev/null");
        scene::said(command.args(args))
    };
    let refused = environment(["install"]).exits(4);
    assert!(
        refused.err.contains("\n  unset GIT_CONFIG_COUNT "),
        "{}",
        refused.err
    );
    scene::said(scene.command("sh", &repository).args(["-c", mend])).exits(0);
    let left = scene.git(&repository, ["config", "--get-all", "core.hooksPath"]);
    assert_eq!(left, "own\n");
    scene.lychgate(&repository, ["install"]).exits(0);
}

#[test]
fn an_empty_hooks_path_is_told_as_one_that_turns_every_hook_off() {
    let scene = Scene::new();
    let repository = scene.repository("r");
    for (scope, install) in [
        ("--local", &["install"][..]),
        ("--global", &["install", "--global"]),
    ] {
        scene.git(&repository, ["config", scope, "core.hooksPath", ""]);
        let refused = scene
            .lychgate(&repository, install.iter().copied())
            .exits(4);
        let told = "an empty core.hooksPath turns every hook off";
        assert!(refused.flat().contains(told), "{}", refused.err);
        let mend = format!("git config {scope} --unset-all core.hooksPath '^$'");
        assert!(refused.err.contains(&mend), "{}", refused.err);
        let doctor = scene.lychgate(&repository, ["doctor"]).exits(1).out;
        let flat = doctor.split_whitespace().collect::<Vec<_>>().join(" ");
        assert!(
            flat.contains("problem: an empty core.hooksPath ("),
            "{doctor}"
        );
        assert!(
            doctor.contains(&format!("mend: {mend} && lychgate install")),
            "{doctor}"
        );
        scene::said(scene.command("sh", &repository).args(["-c", &mend])).exits(0);
        scene
            .lychgate(&repository, install.iter().copied())
            .exits(0);
        scene
            .lychgate(
                &repository,
                ["uninstall"]
                    .into_iter()
                    .chain(install.iter().copied().skip(1)),
            )
            .exits(0);
    }
}

#[test]
fn folders_made_for_all_repositories_go_with_the_gate() {
    let scene = Scene::new();
    let run = |args: [&str; 2]| {
        let mut command = scene.command(scene.path("bin/lychgate"), scene.root());
        scene::said(command.env_remove("XDG_DATA_HOME").args(args)).exits(0);
    };
    let before = scene::everything(&scene.path("home"));
    run(["install", "--global"]);
    let hooks = scene.path("home/.local/share/lychgate/hooks");
    assert!(hooks.join("pre-commit").is_symlink());
    // A second time changes nothing of what is known.
    run(["install", "--global"]);
    run(["uninstall", "--global"]);
    assert_eq!(before, scene::everything(&scene.path("home")));

    // What was there stays, and so does what somebody else uses by now.
    std::fs::create_dir_all(scene.path("home/.local")).unwrap();
    run(["install", "--global"]);
    run(["uninstall", "--global"]);
    assert!(scene.path("home/.local").is_dir() && !scene.path("home/.local/share").exists());
    run(["install", "--global"]);
    std::fs::write(scene.path("home/.local/share/other"), "x").unwrap();
    run(["uninstall", "--global"]);
    assert!(scene.path("home/.local/share/other").exists());
    assert!(!scene.path("home/.local/share/lychgate").exists());
}

#[test]
fn a_command_line_that_is_not_understood_is_told_on_lines_that_fit() {
    let scene = Scene::new();
    for args in [
        &["check", "--format", "x"][..],
        &["check", "--confidence"],
        &["nothing"],
    ] {
        let said = scene.lychgate(scene.root(), args.iter().copied()).exits(2);
        assert!(said.err.starts_with("error: "), "{}", said.err);
        assert!(
            said.err.lines().all(|line| line.len() <= 80),
            "{}",
            said.err
        );
    }
    let said = scene.lychgate(scene.root(), ["check", "--format", "x"]);
    assert!(said.flat().contains("csv, agent]"), "{}", said.err);
    let help = scene.lychgate(scene.root(), ["check", "--help"]).exits(0);
    assert!(help.out.contains("--format"), "{}", help.out);
}

#[test]
fn a_hook_that_cannot_be_run_is_not_said_to_be_absent() {
    let scene = Scene::new();
    let repository = scene.repository("r");
    let hook = scene.path("bin/lychgate-hook");
    let closed = std::os::unix::fs::PermissionsExt::from_mode(0o644);
    std::fs::set_permissions(&hook, closed).unwrap();
    let refused = scene.lychgate(&repository, ["install"]).exits(3);
    assert!(
        refused.flat().contains("is not executable"),
        "{}",
        refused.err
    );
    assert!(refused.err.contains("chmod +x"), "{}", refused.err);
    let doctor = scene.lychgate(&repository, ["doctor"]).exits(1).out;
    assert!(doctor.contains("not executable"), "{doctor}");
}

#[test]
fn repositories_of_any_name_are_found_and_nothing_is_said_twice() {
    let scene = Scene::new();
    let hooks = scene.bare_repository("srv/plain").join("hooks");
    scene.bare_repository("srv/b.git");
    scene
        .lychgate(scene.root(), ["install", "--server", "srv"])
        .exits(0);
    assert!(hooks.join("pre-receive").is_symlink());
    let gone = scene
        .lychgate(scene.root(), ["install", "--server", "/nonexistent"])
        .exits(2);
    assert_eq!(gone.err.matches("/nonexistent").count(), 1, "{}", gone.err);
}

#[test]
fn a_repository_of_another_user_is_told_as_such() {
    let scene = Scene::new();
    let repository = scene.repository("r");
    // Only root can give a repository away; git itself can be told to assume it.
    let install = |other: bool| {
        let mut command = scene.command(scene.path("bin/lychgate"), &repository);
        if other {
            command.env("GIT_TEST_ASSUME_DIFFERENT_OWNER", "1");
        }
        scene::said(command.arg("install"))
    };
    let refused = install(true).exits(3);
    assert!(
        refused.flat().contains("belongs to another user"),
        "{}",
        refused.err
    );
    assert!(refused.err.contains("safe.directory"), "{}", refused.err);
    install(false).exits(0);
}
