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

/// A script that many hooks are links to: what it does, it takes from its own name.
const DISPATCHER: &str = "#!/bin/sh\n\
    here=$(dirname \"$0\")\n\
    [ ! -f \"$here/lint\" ] || . \"$here/lint\"\n\
    case $(basename \"$0\") in\n\
    pre-commit) [ ! -f \"$here/../../no\" ] || exit 9 ;;\n\
    esac\n";

fn stands(path: &std::path::Path) -> std::path::PathBuf {
    std::fs::read_link(path).unwrap()
}

#[test]
fn a_dispatcher_under_the_name_of_a_hook_is_still_that_hook() {
    let scene = Scene::with_programs();
    let repository = scene.repository("r");
    let hooks = repository.join(".git/hooks");
    scene.program("r/.git/tools/dispatch", DISPATCHER);
    scene.program("r/.git/hooks/lint", "[ ! -f lint-says-no ] || exit 8\n");
    // A relative link: it must lead to the same script wherever it is kept.
    let target = std::path::Path::new("../tools/dispatch");
    for hook in ["pre-commit", "pre-push", "post-commit"] {
        std::os::unix::fs::symlink(target, hooks.join(hook)).unwrap();
    }
    let before = scene::everything(&repository.join(".git"));
    let commit = || {
        let args = ["commit", "-q", "--allow-empty", "-m", "x"];
        scene.try_git(&repository, args).code == 0
    };
    let obeyed = || {
        for file in ["no", "lint-says-no"] {
            std::fs::write(repository.join(file), "").unwrap();
            assert!(!commit(), "{file}");
            std::fs::remove_file(repository.join(file)).unwrap();
        }
    };
    obeyed();
    let said = scene.lychgate(&repository, ["install"]).exits(0);
    assert!(said.out.contains("by its own name"), "{}", said.out);
    obeyed();
    assert!(commit());
    scene.lychgate(&repository, ["daemon", "start"]).exits(0);
    scene.lychgate(&repository, ["doctor"]).exits(0);
    let again = scene.lychgate(&repository, ["install"]).exits(0);
    assert!(!again.out.contains("own name"), "{}", again.out);

    // As it was installed before there were such links: run, but by another name.
    let links = repository.join(".git/hooks.before-lychgate");
    assert_eq!(
        stands(&links.join("pre-commit")),
        std::path::Path::new("../hooks/pre-commit.before-lychgate")
    );
    assert!(!links.join("commit-msg").exists());
    std::fs::remove_dir_all(&links).unwrap();
    std::fs::write(repository.join("lint-says-no"), "").unwrap();
    assert!(!commit(), "it is run");
    std::fs::remove_file(repository.join("lint-says-no")).unwrap();
    let doctor = scene.lychgate(&repository, ["doctor"]).exits(1);
    assert!(
        doctor.out.contains("mend: lychgate install"),
        "{}",
        doctor.out
    );
    scene.lychgate(&repository, ["install"]).exits(0);
    obeyed();
    scene.lychgate(&repository, ["doctor"]).exits(0);

    // A link that leads elsewhere is not followed, and what is not ours stays.
    std::fs::remove_file(links.join("pre-commit")).unwrap();
    std::os::unix::fs::symlink("/bin/true", links.join("pre-commit")).unwrap();
    std::fs::write(repository.join("lint-says-no"), "").unwrap();
    assert!(!commit(), "the kept one is run");
    std::fs::remove_file(repository.join("lint-says-no")).unwrap();
    scene.lychgate(&repository, ["install"]).exits(0);
    obeyed();

    let undo = || {
        scene.lychgate(&repository, ["uninstall"]).exits(0);
        for hook in ["pre-commit", "pre-push", "post-commit"] {
            assert_eq!(stands(&hooks.join(hook)), target);
        }
    };
    undo();
    assert!(!links.exists());
    let changed = ["objects", "refs", "logs", "index", "COMMIT_EDITMSG"];
    let kept = |all: std::collections::BTreeMap<std::path::PathBuf, (u32, Vec<u8>)>| {
        let mut all = all;
        all.retain(|path, _| {
            let shown = path.to_string_lossy().into_owned();
            !changed
                .iter()
                .any(|part| shown.contains(&format!(".git/{part}")))
        });
        all
    };
    assert_eq!(
        kept(before),
        kept(scene::everything(&repository.join(".git")))
    );
    obeyed();
}
