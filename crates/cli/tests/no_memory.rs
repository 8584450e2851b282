//! State folders that cannot be written: every daemon judges without memory and says so, and what
//! is advised fits the cause. Folders of sockets that cannot be: no daemon, and that is said so.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test that cannot go on fails"
)]

mod scene;

use std::process::Command;

use scene::{Said, Scene, said, token};

/// Runs a script in a namespace of its own, where it may mount; `None`: this machine forbids it.
/// Its daemon ends with it.
fn apart(scene: &Scene, script: &str) -> Option<Said> {
    let namespace = ["-r", "-m", "-p", "-f", "--kill-child", "--mount-proc"];
    let may = Command::new("unshare")
        .args(namespace)
        .args(["mount", "-t", "tmpfs", "none", "/mnt"])
        .output();
    if !may.is_ok_and(|done| done.status.success()) {
        assert!(std::env::var_os("CI").is_none(), "CI must be able to mount");
        return None;
    }
    let repository = scene.repository("r");
    scene.lychgate(&repository, ["install"]).exits(0);
    let mut command = scene.command("unshare", &repository);
    command.args(namespace).args(["sh", "-euc", script]);
    Some(said(
        command
            .env("STATE", scene.path("state"))
            .env("TOKEN", token(7)),
    ))
}

/// After `mount`: a start by the user, a status, a denied commit and an allowed one, the same with
/// a daemon that a hook starts.
fn both_ways(mount: &str) -> String {
    format!(
        "{mount}
        commit() {{
            echo \"key = $TOKEN\" > a; git add a
            ! git commit -qm bad
            echo \"fine $1\" > a; git add a
            git commit -qm \"$1\"
        }}
        lychgate daemon start
        lychgate status | grep -A2 '^key:'
        lychgate doctor || true
        commit one
        lychgate daemon stop
        commit two
        lychgate status | grep -A2 '^key:'
        git log --format=%s"
    )
}

#[track_caller]
fn judged_without_memory(said: &Said, why: &str, mend: &str) {
    let flat = said.out.split_whitespace().collect::<Vec<_>>().join(" ");
    assert_eq!(said.code, 0, "{}\n{}", said.out, said.err);
    assert!(said.out.ends_with("two\none\nfirst\n"), "{}", said.out);
    assert!(
        flat.contains("it judges without memory: cannot write in"),
        "{flat}"
    );
    assert_eq!(
        flat.matches("key: of this process: cannot write in")
            .count(),
        2,
        "{flat}"
    );
    assert!(flat.contains(&format!("help: {mend}")), "{flat}");
    assert!(flat.contains(&format!("mend: {mend}")), "{flat}");
    assert!(flat.contains(why) && !flat.contains("chmod u+rw"), "{flat}");
    let pages = said.out.lines().chain(said.err.lines());
    for line in pages.filter(|line| !line.contains("socket") && !line.contains("listens at")) {
        assert!(line.len() <= 80, "{line}");
    }
    assert!(!said.err.contains(&token(7)), "{}", said.err);
}

#[test]
fn on_a_read_only_file_system() {
    let scene = Scene::with_programs();
    let mount = "mount -t tmpfs -o ro,mode=700 none \"$STATE\"";
    if let Some(said) = apart(&scene, &both_ways(mount)) {
        judged_without_memory(
            &said,
            "Read-only file system",
            "mount it for writing, or set",
        );
    }
}

#[test]
fn on_a_full_disk() {
    let scene = Scene::with_programs();
    let mount = "mount -t tmpfs -o size=64k,mode=700 none \"$STATE\"
        mkdir -m 700 \"$STATE/lychgate\"
        cat /dev/zero > \"$STATE/full\" 2>/dev/null || true";
    if let Some(said) = apart(&scene, &both_ways(mount)) {
        judged_without_memory(&said, "No space left on device", "free some space: df -h ");
    }
}

#[test]
fn where_it_can_be_written_nothing_is_said() {
    let scene = Scene::with_programs();
    let mount = "mount -t tmpfs -o mode=700 none \"$STATE\"";
    if let Some(said) = apart(&scene, &both_ways(mount)) {
        assert_eq!(said.code, 0, "{}\n{}", said.out, said.err);
        assert!(said.out.contains("key: kept"), "{}", said.out);
        assert!(!said.out.contains("memory"), "{}", said.out);
        assert!(said.out.ends_with("two\none\nfirst\n"), "{}", said.out);
    }
}

/// A start by the user and one in the foreground, a denied commit and an allowed one: with a folder of
/// the socket that cannot be written, then with one that can.
fn without_a_place(make: &str, mend: &str) -> String {
    format!(
        "mkdir -p -m 700 \"$XDG_RUNTIME_DIR/lychgate\"
        {make}
        for verb in start run; do
            code=0
            lychgate daemon $verb 2>&1 || code=$?
            echo \"ended $code\"
        done
        echo \"key = $TOKEN\" > a; git add a
        ! git commit -qm bad 2>&1
        echo fine > a; git add a
        git commit -qm one 2>&1
        {mend}
        lychgate daemon start
        lychgate daemon stop
        git log --format=%s"
    )
}

#[track_caller]
fn told_which_folder(scene: &Scene, said: &Said, why: &str, mend: &str) {
    let flat = said.out.split_whitespace().collect::<Vec<_>>().join(" ");
    assert_eq!(said.code, 0, "{}\n{}", said.out, said.err);
    let folder = scene.path("run").join("lychgate");
    let cannot = format!("cannot write in {}: {why}", folder.display());
    for told in [
        format!("lychgate: the daemon was not started: {cannot} The socket and its lock stand"),
        format!("lychgated: {cannot} The socket and its lock stand"),
    ] {
        assert!(flat.contains(&told), "{told}\n{flat}");
    }
    assert_eq!(flat.matches("ended 5").count(), 2, "{flat}");
    assert_eq!(flat.matches(mend).count(), 2, "{flat}");
    assert!(flat.contains("set XDG_RUNTIME_DIR to"), "{flat}");
    assert!(
        !flat.contains("os error") && !flat.contains("exit status"),
        "{flat}"
    );
    // The hook judges by itself, and says why.
    assert!(flat.contains("a:1:7"), "{flat}");
    assert!(flat.contains("the daemon listens at"), "{flat}");
    assert!(said.out.ends_with("one\nfirst\n"), "{}", said.out);
}

#[test]
fn a_read_only_folder_for_the_socket_is_named_with_what_mends_it() {
    let scene = Scene::with_programs();
    let script = without_a_place(
        "mount --bind \"$XDG_RUNTIME_DIR\" \"$XDG_RUNTIME_DIR\"
        mount -o remount,ro,bind \"$XDG_RUNTIME_DIR\"",
        "mount -o remount,rw,bind \"$XDG_RUNTIME_DIR\"",
    );
    if let Some(said) = apart(&scene, &script) {
        told_which_folder(
            &scene,
            &said,
            "Read-only file system",
            "Mount it for writing, or",
        );
    }
}
