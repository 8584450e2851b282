//! `install` and `uninstall`: once is as good as twice, and nothing is left behind.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test that cannot go on fails"
)]

mod scene;

use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::Path;

use scene::{Scene, everything};

const HOOKS: [&str; 4] = ["pre-commit", "pre-merge-commit", "commit-msg", "pre-push"];

#[track_caller]
fn gated(folder: &Path, hooks: &[&str]) {
    for hook in hooks {
        let target = std::fs::read_link(folder.join(hook)).unwrap_or_default();
        assert!(
            target.ends_with("bin/lychgate-hook"),
            "{hook} in {}",
            folder.display()
        );
        assert!(target.is_absolute());
    }
    assert!(folder.join("lychgate.conf").is_file());
}

#[test]
fn installing_twice_is_installing_once() {
    let scene = Scene::new();
    let repository = scene.repository("r");
    let first = scene.lychgate(&repository, ["install"]).exits(0);
    assert!(first.out.contains("installed pre-commit"), "{}", first.out);
    gated(&repository.join(".git/hooks"), &HOOKS);
    let once = everything(&repository);
    let second = scene.lychgate(&repository, ["install"]).exits(0);
    assert!(second.out.contains("already"), "{}", second.out);
    assert_eq!(once, everything(&repository));
}

#[test]
fn uninstall_restores_byte_for_byte() {
    let scene = Scene::new();
    let repository = scene.repository("r");
    let hooks = repository.join(".git/hooks");
    scene.program("r/.git/hooks/pre-commit", "#!/bin/sh\necho mine\n");
    let msg = scene.program("r/.git/hooks/commit-msg", "#!/bin/sh\nexit 0\n");
    std::fs::set_permissions(&msg, PermissionsExt::from_mode(0o640)).unwrap();
    scene.program("r/tools/push", "#!/bin/sh\nexit 0\n");
    symlink("../../tools/push", hooks.join("pre-push")).unwrap();
    std::fs::write(hooks.join("odd name"), "x").unwrap();
    let before = everything(&repository);

    scene.lychgate(&repository, ["install"]).exits(0);
    gated(&hooks, &HOOKS);
    scene.lychgate(&repository, ["install"]).exits(0);
    let conf = std::fs::read_to_string(hooks.join("lychgate.conf")).unwrap();
    // A hook without its executable bit was not run before, and is not run now.
    let chained = "chained = pre-commit.before-lychgate pre-push.before-lychgate\n";
    assert!(conf.contains(chained), "{conf}");
    scene.lychgate(&repository, ["uninstall"]).exits(0);
    assert_eq!(before, everything(&repository));
    scene.lychgate(&repository, ["uninstall"]).exits(0);
    assert_eq!(before, everything(&repository));
}

#[test]
fn a_folder_that_was_not_there_is_gone_again() {
    let scene = Scene::new();
    let repository = scene.repository("r");
    let before = everything(&repository);
    assert!(!repository.join(".git/hooks").exists());
    scene.lychgate(&repository, ["install"]).exits(0);
    scene.lychgate(&repository, ["uninstall"]).exits(0);
    assert_eq!(before, everything(&repository));
}

#[test]
fn the_configuration_of_the_hooks_is_the_owners_alone() {
    let scene = Scene::new();
    let repository = scene.repository("r");
    scene
        .lychgate(&repository, ["install", "--unavailable", "deny"])
        .exits(0);
    let conf = repository.join(".git/hooks/lychgate.conf");
    assert_eq!(conf.metadata().unwrap().permissions().mode() & 0o777, 0o600);
    let text = std::fs::read_to_string(conf).unwrap();
    assert!(text.contains("surface = client\n"), "{text}");
    assert!(text.contains("unavailable = deny\n"), "{text}");
    assert!(text.contains(&format!(
        "lychgate = {}\n",
        scene.path("bin/lychgate").display()
    )));
}

#[test]
fn a_moved_installation_is_followed() {
    let scene = Scene::new();
    let repository = scene.repository("r");
    let before = everything(&repository);
    scene.lychgate(&repository, ["install"]).exits(0);
    std::fs::rename(scene.path("bin"), scene.path("moved")).unwrap();
    let moved = scene.path("moved/lychgate");
    scene::said(scene.command(&moved, &repository).arg("install")).exits(0);
    let target = std::fs::read_link(repository.join(".git/hooks/pre-commit")).unwrap();
    assert_eq!(target, scene.path("moved/lychgate-hook"));
    scene::said(scene.command(&moved, &repository).arg("uninstall")).exits(0);
    assert_eq!(before, everything(&repository));
}

#[test]
fn every_level_of_hooks_path_is_understood() {
    for (level, args) in [
        ("local", ["config", "--local"]),
        ("worktree", ["config", "--worktree"]),
        ("global", ["config", "--global"]),
    ] {
        let scene = Scene::new();
        let repository = scene.repository("r");
        scene.git(&repository, ["config", "extensions.worktreeConfig", "true"]);
        let folder = scene.path("elsewhere");
        let mut set = args.to_vec();
        set.extend(["core.hooksPath", folder.to_str().unwrap()]);
        scene.git(&repository, &set);
        let before = (everything(&repository), everything(&scene.path("home")));
        scene.lychgate(&repository, ["install"]).exits(0);
        gated(&folder, &HOOKS);
        assert!(!repository.join(".git/hooks").exists(), "{level}");
        scene.lychgate(&repository, ["uninstall"]).exits(0);
        assert!(!folder.exists(), "{level}");
        assert_eq!(
            before,
            (everything(&repository), everything(&scene.path("home"))),
            "{level}"
        );
    }
}

#[test]
fn the_system_level_is_understood() {
    let scene = Scene::new();
    let repository = scene.repository("r");
    let folder = scene.path("for-all");
    let system = scene.path("system-config");
    std::fs::write(
        &system,
        format!("[core]\n\thooksPath = {}\n", folder.display()),
    )
    .unwrap();
    let install = |verb: &str| {
        let mut command = scene.command(scene.path("bin/lychgate"), &repository);
        command
            .env_remove("GIT_CONFIG_NOSYSTEM")
            .env("GIT_CONFIG_SYSTEM", &system)
            .arg(verb);
        scene::said(&mut command).exits(0)
    };
    let said = install("install");
    gated(&folder, &HOOKS);
    assert!(said.out.contains("serves every repository"), "{}", said.out);
    install("uninstall");
    assert!(!folder.exists());
}

#[test]
fn a_relative_hooks_path_counts_from_the_top() {
    let scene = Scene::new();
    let repository = scene.repository("r");
    scene.git(&repository, ["config", "core.hooksPath", ".git/mine"]);
    std::fs::create_dir(repository.join("sub")).unwrap();
    scene
        .lychgate(&repository.join("sub"), ["install"])
        .exits(0);
    gated(&repository.join(".git/mine"), &HOOKS);
}

#[test]
fn a_folder_in_the_work_tree_gets_ours_in_front_of_it() {
    let scene = Scene::new();
    let repository = scene.repository("r");
    scene.program(
        "r/.githooks/pre-commit",
        "#!/bin/sh\necho project >> \"$PWD/ran\"\n",
    );
    scene.program(
        "r/.githooks/post-commit",
        "#!/bin/sh\necho after >> \"$PWD/ran\"\n",
    );
    scene.git(&repository, ["config", "core.hooksPath", ".githooks"]);
    let before = everything(&repository);
    scene.lychgate(&repository, ["install"]).exits(0);
    let ours = repository.join(".git/lychgate/hooks");
    gated(&ours, &HOOKS);
    let set = scene.git(&repository, ["config", "--get", "core.hooksPath"]);
    assert_eq!(Path::new(set.trim()), ours);
    let status = scene.git(&repository, ["status", "--porcelain"]);
    assert_eq!(status, "?? .githooks/\n");

    // The stand-in of this scene does not chain; the shim does, for itself.
    scene.git(&repository, ["commit", "-q", "--allow-empty", "-m", "x"]);
    assert_eq!(
        std::fs::read_to_string(repository.join("ran")).unwrap(),
        "after\n"
    );
    let shim = ours.join("pre-commit.before-lychgate");
    scene::said(&mut scene.command(shim, &repository)).exits(0);
    assert_eq!(
        std::fs::read_to_string(repository.join("ran")).unwrap(),
        "after\nproject\n"
    );
    std::fs::remove_file(repository.join("ran")).unwrap();

    scene.lychgate(&repository, ["install"]).exits(0);
    scene.lychgate(&repository, ["uninstall"]).exits(0);
    assert_eq!(
        std::fs::read_to_string(repository.join(".git/config"))
            .unwrap()
            .as_bytes(),
        before[&repository.join(".git/config")].1
    );
    assert!(!repository.join(".git/lychgate").exists());
    assert!(repository.join(".githooks/pre-commit").exists());
}

#[test]
fn linked_worktrees_share_the_gate() {
    let scene = Scene::new();
    let repository = scene.repository("r");
    let linked = scene.path("linked");
    scene.git(
        &repository,
        ["worktree", "add", "-q", linked.to_str().unwrap(), "-b", "b"],
    );
    scene.lychgate(&linked, ["install"]).exits(0);
    gated(&repository.join(".git/hooks"), &HOOKS);
    let said = scene.lychgate(&repository, ["install"]).exits(0);
    assert!(said.out.contains("already"));
    scene.lychgate(&linked, ["uninstall"]).exits(0);
    assert!(!repository.join(".git/hooks").exists());
}

#[test]
fn a_submodule_has_its_own_gate() {
    let scene = Scene::new();
    let inner = scene.repository("inner");
    let outer = scene.repository("outer");
    let url = inner.to_str().unwrap();
    scene.git(
        &outer,
        [
            "-c",
            "protocol.file.allow=always",
            "submodule",
            "add",
            "-q",
            url,
            "sub",
        ],
    );
    scene.lychgate(&outer.join("sub"), ["install"]).exits(0);
    gated(&outer.join(".git/modules/sub/hooks"), &HOOKS);
    assert!(!outer.join(".git/hooks/pre-commit").exists());
}

#[test]
fn all_repositories_of_a_user_and_back() {
    let scene = Scene::new();
    let repository = scene.repository("r");
    scene.program("r/.git/hooks/post-commit", "#!/bin/sh\necho after > ran\n");
    let before = (
        everything(&scene.path("home")),
        everything(&scene.path("data")),
    );
    scene
        .lychgate(&repository, ["install", "--global"])
        .exits(0);
    let folder = scene.path("data/lychgate/hooks");
    gated(&folder, &HOOKS);
    let set = scene.git(&repository, ["rev-parse", "--git-path", "hooks"]);
    assert_eq!(Path::new(set.trim()), folder);
    scene.git(&repository, ["commit", "-q", "--allow-empty", "-m", "x"]);
    assert_eq!(
        std::fs::read_to_string(repository.join("ran")).unwrap(),
        "after\n"
    );

    let once = everything(&folder);
    let again = scene
        .lychgate(&repository, ["install", "--global"])
        .exits(0);
    assert!(again.out.contains("already"), "{}", again.out);
    assert_eq!(once, everything(&folder));
    let one = scene.lychgate(&repository, ["install"]).exits(0);
    assert!(one.out.contains("all your repositories"), "{}", one.out);
    let refused = scene.lychgate(&repository, ["uninstall"]).exits(2);
    assert!(
        refused.err.contains("lychgate uninstall --global"),
        "{}",
        refused.err
    );

    scene
        .lychgate(&repository, ["uninstall", "--global"])
        .exits(0);
    assert_eq!(
        before,
        (
            everything(&scene.path("home")),
            everything(&scene.path("data"))
        )
    );
}

#[test]
fn a_global_folder_that_is_there_is_used() {
    let scene = Scene::new();
    let repository = scene.repository("r");
    scene.program("home/hooks/pre-push", "#!/bin/sh\nexit 0\n");
    scene.git(
        &repository,
        ["config", "--global", "core.hooksPath", "~/hooks"],
    );
    let before = everything(&scene.path("home"));
    scene
        .lychgate(&repository, ["install", "--global"])
        .exits(0);
    gated(&scene.path("home/hooks"), &HOOKS);
    assert!(scene.path("home/hooks/pre-push.before-lychgate").exists());
    scene
        .lychgate(&repository, ["uninstall", "--global"])
        .exits(0);
    assert_eq!(before, everything(&scene.path("home")));
}

#[test]
fn managers_keep_their_folder_and_get_a_snippet() {
    let wrote = [
        (
            "lefthook",
            "#!/bin/sh\ncall_lefthook() { :; }\n",
            "lefthook.yml",
        ),
        (
            "pre-commit",
            "#!/usr/bin/env bash\n# File generated by pre-commit: https://x\n",
            ".yaml",
        ),
    ];
    for (name, text, snippet) in wrote {
        let scene = Scene::new();
        let repository = scene.repository("r");
        scene.program("r/.git/hooks/pre-commit", text);
        let before = everything(&repository);
        let refused = scene.lychgate(&repository, ["install"]).exits(4);
        assert!(
            refused.err.contains(name) && refused.err.contains(snippet),
            "{}",
            refused.err
        );
        assert!(
            refused.err.contains("lychgate-hook pre-commit"),
            "{}",
            refused.err
        );
        assert_eq!(before, everything(&repository));
        // The twin: the same hook, without what the manager writes.
        scene.program("r/.git/hooks/pre-commit", "#!/bin/sh\n");
        scene.lychgate(&repository, ["install"]).exits(0);
    }
    let scene = Scene::new();
    let repository = scene.repository("r");
    scene.program("r/.husky/_/pre-commit", "#!/bin/sh\n");
    scene.git(&repository, ["config", "core.hooksPath", ".husky/_"]);
    let refused = scene.lychgate(&repository, ["install"]).exits(4);
    assert!(refused.err.contains("husky"), "{}", refused.err);
}

#[test]
fn what_another_tool_put_in_our_place_is_not_thrown_away() {
    let scene = Scene::new();
    let repository = scene.repository("r");
    scene.program("r/.git/hooks/pre-commit", "#!/bin/sh\necho first\n");
    scene.lychgate(&repository, ["install"]).exits(0);
    let hook = repository.join(".git/hooks/pre-commit");
    std::fs::remove_file(&hook).unwrap();
    scene.program("r/.git/hooks/pre-commit", "#!/bin/sh\necho second\n");
    let refused = scene.lychgate(&repository, ["install"]).exits(4);
    assert!(refused.flat().contains("both stand"), "{}", refused.err);
    let left = scene.lychgate(&repository, ["uninstall"]).exits(4);
    assert!(
        left.err.contains("pre-commit.before-lychgate"),
        "{}",
        left.err
    );
    assert_eq!(
        std::fs::read_to_string(&hook).unwrap(),
        "#!/bin/sh\necho second\n"
    );
    std::fs::remove_file(&hook).unwrap();
    scene.lychgate(&repository, ["uninstall"]).exits(0);
    assert_eq!(
        std::fs::read_to_string(&hook).unwrap(),
        "#!/bin/sh\necho first\n"
    );
}

#[test]
fn what_doctor_says_of_a_replaced_hook_mends_it_and_throws_nothing_away() {
    let scene = Scene::with_programs();
    let repository = scene.repository("r");
    scene.program("r/.git/hooks/pre-commit", "#!/bin/sh\necho first\n");
    scene.lychgate(&repository, ["install"]).exits(0);
    let hook = repository.join(".git/hooks/pre-commit");
    let doctor = || scene.lychgate(&repository, ["doctor"]);
    let typed = |said: &scene::Said| {
        let mend = said.out.lines().find_map(|l| l.strip_prefix("  mend: "));
        scene::said(scene.command("sh", &repository).args(["-c", mend.unwrap()])).exits(0)
    };
    // Another tool's, and a link that leads nowhere, which git passes over.
    for (n, replace) in [false, true].into_iter().enumerate() {
        std::fs::remove_file(&hook).unwrap();
        if replace {
            std::os::unix::fs::symlink("/nowhere/at/all", &hook).unwrap();
        } else {
            scene.program("r/.git/hooks/pre-commit", "#!/bin/sh\necho second\n");
        }
        let said = doctor().exits(1);
        assert!(said.out.contains("was replaced"), "{}", said.out);
        typed(&said);
        doctor().exits(0);
        let older = match n {
            0 => "pre-commit.older",
            _ => "pre-commit.older1",
        };
        let older = std::fs::read_to_string(hook.with_file_name(older)).unwrap();
        assert_eq!(older.contains("first"), n == 0, "{older}");
    }
}

#[test]
fn a_folder_under_a_hooks_name_is_named_and_nothing_is_changed() {
    let scene = Scene::with_programs();
    let repository = scene.repository("r");
    let hooks = repository.join(".git/hooks");
    let folder = hooks.join("pre-merge-commit");
    std::fs::create_dir_all(folder.join("more")).unwrap();
    let before = scene::everything(&repository);
    let refused = scene.lychgate(&repository, ["install"]).exits(4);
    assert!(refused.flat().contains("is a folder"), "{}", refused.err);
    assert_eq!(before, scene::everything(&repository));
    std::fs::remove_dir_all(&folder).unwrap();
    scene.lychgate(&repository, ["install"]).exits(0);
    // One that an earlier version kept is put back.
    std::fs::create_dir(hooks.join("pre-merge-commit.before-lychgate")).unwrap();
    let manifest = hooks.join("lychgate.manifest");
    let text = std::fs::read_to_string(&manifest).unwrap() + "kept = pre-merge-commit\n";
    std::fs::write(&manifest, text).unwrap();
    scene.lychgate(&repository, ["uninstall"]).exits(0);
    assert!(folder.is_dir() && !hooks.join("pre-commit").is_symlink());
    // And one that came since is told with what mends it.
    std::fs::remove_dir(&folder).unwrap();
    scene.lychgate(&repository, ["install"]).exits(0);
    std::fs::remove_file(&folder).unwrap();
    std::fs::create_dir(&folder).unwrap();
    let said = scene.lychgate(&repository, ["doctor"]).exits(1);
    let mend = said.out.lines().find_map(|l| l.strip_prefix("  mend: "));
    scene::said(scene.command("sh", &repository).args(["-c", mend.unwrap()])).exits(0);
    scene.lychgate(&repository, ["doctor"]).exits(0);
}

#[test]
fn nowhere_to_install_is_said_plainly() {
    let scene = Scene::new();
    let outside = scene.lychgate(&scene.path("home"), ["install"]).exits(2);
    assert!(
        outside.err.starts_with("lychgate: nothing was installed"),
        "{}",
        outside.err
    );
    let bare = scene.bare_repository("b.git");
    let refused = scene.lychgate(&bare, ["install"]).exits(2);
    assert!(
        refused.err.contains("install --server ."),
        "{}",
        refused.err
    );
    std::fs::remove_file(scene.path("bin/lychgate-hook")).unwrap();
    let repository = scene.repository("r");
    scene.lychgate(&repository, ["install"]).exits(3);
    assert!(!repository.join(".git/hooks").exists());
}

#[test]
fn the_page_is_eighty_columns_of_ascii() {
    let scene = Scene::new();
    for args in [
        vec!["--help"],
        vec!["install", "--help"],
        vec!["check", "--help"],
        vec!["doctor", "--help"],
        vec!["rules", "--help"],
        vec!["daemon", "--help"],
    ] {
        let help = scene.lychgate(scene.root(), args).exits(0);
        for line in help.out.lines() {
            assert!(
                line.len() <= 80 && line.is_ascii() && !line.contains('\x1b'),
                "{line:?}"
            );
        }
    }
    scene.lychgate(scene.root(), ["no-such-verb"]).exits(2);
}
