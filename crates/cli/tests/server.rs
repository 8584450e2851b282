//! `install --server`: bare repositories, one or many.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test that cannot go on fails"
)]

mod scene;

use std::os::unix::fs::PermissionsExt;

use scene::{Scene, everything};

#[test]
fn a_bare_repository_is_gated_and_given_back() {
    let scene = Scene::new();
    let bare = scene.bare_repository("b.git");
    scene.program("b.git/hooks/pre-receive", "#!/bin/sh\nexit 0\n");
    let before = everything(&bare);
    let said = scene
        .lychgate(scene.root(), ["install", "--server", "b.git"])
        .exits(0);
    assert!(
        said.out.contains("run/lychgate/lychgated.sock"),
        "{}",
        said.out
    );
    let hook = std::fs::read_link(bare.join("hooks/pre-receive")).unwrap();
    assert_eq!(hook, scene.path("bin/lychgate-hook"));
    let conf = bare.join("hooks/lychgate.conf");
    assert_eq!(conf.metadata().unwrap().permissions().mode() & 0o777, 0o644);
    let text = std::fs::read_to_string(conf).unwrap();
    for line in [
        "surface = server",
        "deadline_seconds = 60",
        "chained = pre-receive.before-lychgate",
    ] {
        assert!(text.contains(line), "{text}");
    }
    assert!(text.contains("daemon_uids = 0"), "{text}");
    assert!(!text.contains("unavailable"), "{text}");
    let once = everything(&bare);
    scene
        .lychgate(scene.root(), ["install", "--server", "b.git"])
        .exits(0);
    assert_eq!(once, everything(&bare));
    // What was lost or changed is written again, and that is said.
    let hooks = bare.join("hooks");
    let again = || {
        let said = scene.lychgate(scene.root(), ["install", "--server", "b.git"]);
        said.exits(0).out
    };
    assert!(again().contains("holds the gate already"));
    for (file, gone) in [
        (
            "lychgate.conf",
            "lychgate.conf was gone: written again, as at a first",
        ),
        (
            "lychgate.manifest",
            "lychgate.manifest was gone: written again",
        ),
    ] {
        std::fs::remove_file(hooks.join(file)).unwrap();
        let said = again();
        assert!(said.contains(gone) && !said.contains("already"), "{said}");
        assert_eq!(once, everything(&bare));
        assert!(again().contains("holds the gate already"));
    }
    let conf = hooks.join("lychgate.conf");
    let text = std::fs::read_to_string(&conf).unwrap();
    std::fs::write(&conf, format!("{text}# a note\n")).unwrap();
    let said = again();
    assert!(
        said.contains("lychgate.conf was not as it was written"),
        "{said}"
    );
    assert_eq!(once, everything(&bare));
    scene
        .lychgate(scene.root(), ["uninstall", "--server", "b.git"])
        .exits(0);
    assert_eq!(before, everything(&bare));
}

#[test]
fn a_folder_of_repositories_is_gated_whole() {
    let scene = Scene::new();
    for name in ["srv/a.git", "srv/team/b.git", "srv/team/deep/c.git"] {
        std::fs::create_dir_all(scene.path(name).parent().unwrap()).unwrap();
        scene.bare_repository(name);
    }
    std::fs::create_dir_all(scene.path("srv/not-one.git/objects")).unwrap();
    std::os::unix::fs::symlink(scene.path("srv/a.git"), scene.path("srv/link.git")).unwrap();
    scene
        .lychgate(scene.root(), ["install", "--server", "srv"])
        .exits(0);
    for name in ["srv/a.git", "srv/team/b.git", "srv/team/deep/c.git"] {
        assert!(
            scene.path(name).join("hooks/pre-receive").is_symlink(),
            "{name}"
        );
    }
    assert!(!scene.path("srv/not-one.git/hooks").exists());
    scene
        .lychgate(scene.root(), ["uninstall", "--server", "srv"])
        .exits(0);
    assert!(!scene.path("srv/a.git/hooks/lychgate.conf").exists());

    std::fs::create_dir(scene.path("empty")).unwrap();
    let none = scene
        .lychgate(scene.root(), ["install", "--server", "empty"])
        .exits(2);
    assert!(none.err.contains("no repository"), "{}", none.err);
}

#[test]
fn a_named_socket_and_more_users_are_written_down() {
    let scene = Scene::new();
    let bare = scene.bare_repository("b.git");
    let args = [
        "install",
        "--server",
        "b.git",
        "--socket",
        "/run/x/s",
        "--daemon-uid",
        "4242",
    ];
    scene.lychgate(scene.root(), args).exits(0);
    let text = std::fs::read_to_string(bare.join("hooks/lychgate.conf")).unwrap();
    assert!(text.contains("socket = /run/x/s\n"), "{text}");
    assert!(text.contains(" 4242\n"), "{text}");
}

#[test]
fn a_repository_does_not_choose_where_an_administrator_writes() {
    let scene = Scene::new();
    let bare = scene.bare_repository("b.git");
    let outside = scene.path("outside");
    scene.git(
        &bare,
        ["config", "core.hooksPath", outside.to_str().unwrap()],
    );
    let refused = scene
        .lychgate(scene.root(), ["install", "--server", "b.git"])
        .exits(4);
    assert!(
        refused.err.contains("leaves the repository"),
        "{}",
        refused.err
    );
    assert!(!outside.exists());
    scene.git(
        &bare,
        [
            "config",
            "core.hooksPath",
            bare.join("own").to_str().unwrap(),
        ],
    );
    scene
        .lychgate(scene.root(), ["install", "--server", "b.git"])
        .exits(0);
    assert!(bare.join("own/pre-receive").is_symlink());
}

#[test]
fn a_folder_everybody_may_write_holds_no_gate() {
    let scene = Scene::new();
    let bare = scene.bare_repository("b.git");
    let hooks = bare.join("hooks");
    std::fs::set_permissions(&hooks, PermissionsExt::from_mode(0o777)).unwrap();
    let refused = scene
        .lychgate(scene.root(), ["install", "--server", "b.git"])
        .exits(4);
    assert!(refused.err.contains("chmod o-w"), "{}", refused.err);
    std::fs::set_permissions(&hooks, PermissionsExt::from_mode(0o755)).unwrap();
    scene
        .lychgate(scene.root(), ["install", "--server", "b.git"])
        .exits(0);
}

#[test]
fn a_work_tree_gets_no_gate_of_a_server() {
    let scene = Scene::new();
    let repository = scene.repository("srv/work");
    for named in [".", ".git"] {
        let refused = scene
            .lychgate(&repository, ["install", "--server", named])
            .exits(4);
        assert!(refused.flat().contains("a work tree"), "{}", refused.err);
    }
    let hooks = repository.join(".git/hooks/pre-receive");
    assert!(!hooks.is_symlink());
    scene.lychgate(&repository, ["install"]).exits(0);
    // Among bare ones it is passed over, and that is said.
    let bare = scene.bare_repository("srv/b.git");
    let said = scene
        .lychgate(scene.root(), ["install", "--server", "srv"])
        .exits(0);
    assert!(
        said.out.contains("passed over work: it has"),
        "{}",
        said.out
    );
    // Where there are many they are counted, and a command names them all.
    for n in 0..30 {
        scene.repository(&format!("srv/w{n:02}"));
    }
    let said = scene
        .lychgate(scene.root(), ["install", "--server", "srv"])
        .exits(0);
    assert!(
        said.out.contains("passed over 31 repositories"),
        "{}",
        said.out
    );
    assert!(said.out.contains("\n  w00\n"), "{}", said.out);
    assert!(said.out.contains("and 28 more"), "{}", said.out);
    assert!(said.out.lines().count() <= 8, "{}", said.out);
    let mut lines = said.out.lines();
    let all = lines.find_map(|l| l.trim().strip_prefix("find ")).unwrap();
    let mut find = scene.command("sh", scene.root());
    let listed = scene::said(find.args(["-c", &format!("find {all}")])).exits(0);
    assert_eq!(listed.out.lines().count(), 31);
    scene.lychgate(scene.root(), ["daemon", "start"]);
    let doctor = scene.lychgate(scene.root(), ["doctor", "--server", "srv"]);
    assert_eq!(
        doctor.out.matches("passed over").count(),
        1,
        "{}",
        doctor.out
    );
    assert!(bare.join("hooks/pre-receive").is_symlink() && !hooks.is_symlink());
}

#[test]
fn git_is_told_of_one_folder_that_it_is_safe_not_of_all() {
    let scene = Scene::new();
    let bare = scene.bare_repository("b.git");
    // Git, as it is asked: its arguments are kept.
    let asked = scene.path("asked");
    let real = ["/usr/bin/git", "/usr/local/bin/git", "/bin/git"];
    let real = real.iter().find(|git| std::path::Path::new(git).exists());
    let stand_in = format!(
        "#!/bin/sh\nprintf '%s\\n' \"$*\" >>'{}'\nexec {} \"$@\"\n",
        asked.display(),
        real.unwrap()
    );
    scene.program("bin/git", &stand_in);
    let mut command = scene.command(scene.path("bin/lychgate"), scene.root());
    command
        .env("GIT_TEST_ASSUME_DIFFERENT_OWNER", "1")
        .args(["install", "--server", "b.git"]);
    scene::said(&mut command).exits(0);
    assert!(bare.join("hooks/pre-receive").is_symlink());
    let asked = std::fs::read_to_string(asked).unwrap();
    let named = format!("safe.directory={}", bare.display());
    for line in asked.lines().filter(|line| line.contains("safe.directory")) {
        assert!(line.contains(&named) && !line.contains('*'), "{line}");
    }
    assert!(asked.contains(&named), "{asked}");
}
