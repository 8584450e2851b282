//! Pushes that are damaged, or made so that something is missed.

use std::fs;
use std::io::Write as _;
use std::process::{Command, Stdio};

use lychgate_git::{Environment, NewObjects, Repository, ref_kind};
use lychgate_model::{ObjectId, RefKind, RefUpdate};

use crate::server::{Given, Judged, Server, remove_loose};

#[test]
fn a_missing_blob_is_unreadable() {
    let server = Server::new();
    server.commit_file("dir/a", "one\n");
    let blob = server.id("HEAD:dir/a");
    let given = server.ask(&["main"]);
    assert!(given.judge().unreadable.is_empty());
    remove_loose(&given.quarantine(), blob);
    let judged = given.judge();
    assert_eq!(judged.unreadable.len(), 1);
    assert_eq!(judged.unreadable[0].0, blob);
    assert_eq!(judged.unreadable[0].1, "dir/a");
}

#[test]
fn a_missing_tree_or_commit_is_unreadable() {
    let server = Server::new();
    server.commit_file("dir/a", "one\n");
    server.commit_file("dir/a", "two\n");
    for (spec, path) in [("HEAD:dir", "dir"), ("HEAD~1:dir", "dir"), ("HEAD~1", "")] {
        let given = server.ask(&["main"]);
        let id = server.id(spec);
        remove_loose(&given.quarantine(), id);
        let judged = given.judge();
        assert_eq!(judged.unreadable.len(), 1, "{spec}");
        assert_eq!(
            (judged.unreadable[0].0, judged.unreadable[0].1.as_str()),
            (id, path),
            "{spec}"
        );
    }
}

#[test]
fn a_damaged_object_is_unreadable() {
    let server = Server::new();
    server.commit_file("a", "one\n");
    let given = server.ask(&["main"]);
    for spec in ["HEAD:a", "HEAD^{tree}", "HEAD"] {
        let id = server.id(spec);
        let hex = id.to_string();
        let path = given.quarantine().join(&hex[..2]).join(&hex[2..]);
        let good = fs::read(&path).unwrap();
        fs::remove_file(&path).unwrap();
        fs::write(&path, &good[..good.len() / 2]).unwrap();
        let judged = given.judge();
        assert!(judged.unreadable.iter().any(|u| u.0 == id), "{spec}");
        fs::write(&path, good).unwrap();
        assert!(given.judge().unreadable.is_empty());
    }
}

#[test]
fn a_damaged_pack_entry_is_unreadable_and_the_rest_is_not() {
    let server = Server::new();
    for n in 0..150 {
        server.write(&format!("f{n}"), format!("{n} {}", "x".repeat(n)));
    }
    server.commit("many");
    let given = server.ask(&["main"]);
    let packs = given.quarantine().join("pack");
    let names = fs::read_dir(&packs).unwrap().map(|e| e.unwrap().path());
    let pack = names
        .into_iter()
        .find(|p| p.extension().is_some_and(|e| e == "pack"))
        .unwrap();
    let mut bytes = fs::read(&pack).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 0xff;
    bytes[middle + 1] ^= 0xff;
    fs::remove_file(&pack).unwrap();
    fs::write(&pack, bytes).unwrap();
    let judged = given.judge();
    assert!(!judged.unreadable.is_empty());
    assert!(judged.objects.len() > 100);
}

#[test]
fn a_ref_line_that_names_nothing() {
    let server = Server::new();
    server.commit_file("a", "one\n");
    let mut given = server.ask(&["main"]);
    let nowhere = ObjectId::from_bytes(&[0x42; 20]).unwrap();
    given.refs[0].new = nowhere;
    assert_eq!(given.judge().unreadable[0].0, nowhere);
}

#[test]
fn a_shallow_push_is_not_supported() {
    let server = Server::new();
    server.commit_file("a", "one\n");
    let mut given = server.ask(&["main"]);
    given
        .vars
        .push(("GIT_SHALLOW_FILE".into(), "shallow_x".into()));
    let (repository, environment) = (given.repository(), given.environment());
    assert!(NewObjects::of_push(&repository, &environment, &given.refs, &|_| true).is_err());
}

#[test]
fn tips_that_are_no_commits() {
    let server = Server::new();
    server.commit_file("dir/a", "one\n");
    let blob = server.id("HEAD:dir/a").to_string();
    server.git(&["tag", "tree", "HEAD^{tree}"]);
    server.git(&["tag", "-a", "-m", "tag of a blob", "blob", &blob]);
    server.git(&["tag", "-a", "-m", "tag of a tag", "nested", "blob"]);
    let given = server.ask(&["tree"]);
    assert_eq!(given.judge().offered.len(), 3);
    let given = server.ask(&["nested"]);
    let judged = given.judge();
    assert_eq!(judged.offered.len(), 3);
    assert!(judged.has("tag of a blob") && judged.has("tag of a tag") && judged.has("one\n"));
    // Their objects being there already changes nothing, unless a ref counts.
    server.push(&["nested"]);
    assert!(
        server
            .ask(&["nested:refs/tags/again"])
            .judge()
            .offered
            .is_empty()
    );
    assert!(
        server.ask(&["tree"]).judge().has("one\n"),
        "judged again at a path"
    );
}

#[test]
fn replace_refs_and_grafts_hide_nothing() {
    let server = Server::new();
    server.commit_file("a", "one\n");
    server.push(&["main"]);
    server.commit_file("a", "the secret\n");
    let secret = server.id("HEAD:a");
    let innocent = {
        server.write("b", "innocent\n");
        server.git(&["hash-object", "-w", "b"])
    };
    server.git(&["replace", &secret.to_string(), &innocent]);
    server.push(&["refs/replace/*:refs/replace/*"]);
    let tip = server.id("HEAD").to_string();
    let info = server.root.join("server.git/info");
    fs::create_dir_all(&info).unwrap();
    fs::write(info.join("grafts"), format!("{tip}\n")).unwrap();
    let given = server.ask(&["main"]);
    assert!(given.judge().has("the secret\n"));
}

#[test]
fn unreachable_objects_in_the_quarantine_are_judged() {
    let server = Server::new();
    server.commit_file("a", "one\n");
    let given = server.ask(&["main"]);
    let mut git = Command::new("git")
        .current_dir(&given.cwd)
        .envs(given.vars.clone())
        .args(["hash-object", "-w", "--stdin"])
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .spawn()
        .unwrap();
    git.stdin.take().unwrap().write_all(b"in no tree").unwrap();
    assert!(git.wait().unwrap().success());
    assert!(given.judge().has("in no tree"));
}

#[test]
fn a_tree_that_is_a_bomb() {
    let server = Server::new();
    server.write("f", "boom\n");
    let mut below = server.git(&["hash-object", "-w", "f"]);
    let blob = ObjectId::from_hex(below.as_bytes()).unwrap();
    for level in 0..12 {
        let kind = if level == 0 {
            "100644 blob"
        } else {
            "040000 tree"
        };
        let listing: String = (0..10).map(|n| format!("{kind} {below}\td{n}\n")).collect();
        let mut git = Command::new("git")
            .current_dir(server.root.join("work"))
            .arg("mktree")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        git.stdin
            .take()
            .unwrap()
            .write_all(listing.as_bytes())
            .unwrap();
        below = String::from_utf8(git.wait_with_output().unwrap().stdout)
            .unwrap()
            .trim()
            .into();
    }
    let commit = server.git(&["commit-tree", "-m", "bomb", &below]);
    let given = server.ask(&[&format!("{commit}:refs/heads/main")]);
    assert_eq!(given.judge().offered.len(), 14);
    assert_eq!(
        given.places(&[blob]).len(),
        lychgate_model::limits::PLACES_PER_OBJECT
    );
}

#[test]
fn a_gitlink_is_no_object_of_this_repository() {
    let server = Server::new();
    server.commit_file("a", "one\n");
    let foreign = "1".repeat(40);
    server.git(&[
        "update-index",
        "--add",
        "--cacheinfo",
        &format!("160000,{foreign},sub"),
    ]);
    server.git(&["commit", "-q", "-m", "submodule"]);
    let given = server.ask(&["main"]);
    let judged = given.judge();
    assert!(judged.unreadable.is_empty());
    assert_eq!(judged.offered, given.rev_list());
}

#[test]
fn how_refs_move() {
    let server = Server::new();
    let first = server.commit_file("a", "one\n");
    server.push(&["main"]);
    let second = server.commit_file("a", "two\n");
    server.git(&["checkout", "-q", "-b", "side", &first.to_string()]);
    let other = server.commit_file("a", "three\n");
    server.git(&["merge", "-q", "-s", "ours", "-m", "merge", "main"]);
    let merge = server.id("HEAD");
    server.git(&["tag", "-a", "-m", "x", "v1"]);
    let tag = server.id("v1");
    let given = server.ask(&["side"]);
    let repository = given.repository();
    let null = ObjectId::null(repository.hash_kind());
    for (old, new, expected) in [
        (null, second, RefKind::Create),
        (first, null, RefKind::Delete),
        (first, second, RefKind::FastForward),
        (first, merge, RefKind::FastForward),
        (second, merge, RefKind::FastForward),
        (other, merge, RefKind::FastForward),
        (second, other, RefKind::Forced),
        (merge, first, RefKind::Forced),
        (second, first, RefKind::Forced),
        (first, tag, RefKind::Forced),
        (tag, merge, RefKind::Forced),
        (
            ObjectId::from_bytes(&[9; 20]).unwrap(),
            first,
            RefKind::Forced,
        ),
    ] {
        assert_eq!(
            ref_kind(&repository, old, new).unwrap(),
            expected,
            "{old} -> {new}"
        );
    }
}

#[test]
fn a_force_push_judges_what_is_new() {
    let server = Server::new();
    let first = server.commit_file("a", "one\n");
    server.commit_file("a", "two\n");
    server.push(&["main"]);
    server.git(&["reset", "-q", "--hard", &first.to_string()]);
    server.commit_file("a", "three\n");
    let given = server.ask(&["+main"]);
    assert_eq!(given.judge().offered, given.rev_list());
    assert!(given.judge().has("three\n") && !given.judge().has("two\n"));
}

#[test]
fn a_parent_that_is_missing_in_the_store() {
    let server = Server::new();
    server.commit_file("a", "one\n");
    let middle = server.commit_file("a", "two\n");
    let tip = server.commit_file("a", "three\n");
    let work = server.root.join("work");
    let ask = || {
        let environment = Environment::new(work.clone(), std::iter::empty());
        let repository = Repository::open(&environment).unwrap();
        let mut new = NewObjects::of_range(&repository, None, tip).unwrap();
        Judged::all(&mut new).unreadable
    };
    assert!(ask().is_empty());
    remove_loose(&work.join(".git/objects"), middle);
    let unreadable = ask();
    assert_eq!((unreadable.len(), unreadable[0].0), (1, middle));
}

#[test]
fn large_files_come_in_pieces() {
    let server = Server::new();
    let mut content = Vec::new();
    let mut state = 1u32;
    while content.len() < 17 << 20 {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        content.extend_from_slice(&state.to_be_bytes());
    }
    server.git(&["config", "core.compression", "0"]);
    server.write("large", &content);
    server.commit("large");
    let blob = server.id("HEAD:large");
    assert_eq!(server.ask(&["main"]).judge().content(blob), content);
    server.run("server.git", &["config", "receive.unpackLimit", "1"]);
    let given = server.ask(&["main"]);
    assert!(given.is_packed());
    assert_eq!(given.judge().content(blob), content);

    // A delta of it needs it whole.
    content.extend_from_slice(b"and more");
    server.write("large", &content);
    server.commit("larger");
    let given: Given = server.ask(&["main"]);
    assert_eq!(given.judge().content(server.id("HEAD:large")), content);
    assert_eq!(given.judge().offered, given.rev_list());
}

#[test]
fn dates_that_lie() {
    let server = Server::new();
    let date = |n: i64| format!("{} +0000", 1_700_000_000 + n);
    let mut tips = Vec::new();
    // Younger and younger children, as far as their dates tell.
    for n in 0..6 {
        server.write("a", format!("{n}\n"));
        server.git(&["add", "-A"]);
        let when = format!("--date={}", date(-n * 400_000));
        let env = format!("GIT_COMMITTER_DATE={}", date(-n * 400_000));
        let status = Command::new("env")
            .current_dir(server.root.join("work"))
            .args([
                &env,
                "HOME=/nonexistent",
                "git",
                "-c",
                "user.name=x",
                "-c",
                "user.email=x@x",
            ])
            .args(["commit", "-q", "-m", "x", &when])
            .status()
            .unwrap();
        assert!(status.success());
        tips.push(server.id("HEAD"));
    }
    server.push(&["main"]);
    server.push(&[&format!("{}:refs/heads/first", tips[0])]);
    let given = server.ask(&[&format!("{}:refs/heads/third", tips[2])]);
    assert!(given.judge().offered.is_superset(&given.rev_list()));
    let repository = given.repository();
    let kind = |old, new| ref_kind(&repository, old, new).unwrap();
    assert_eq!(kind(tips[0], tips[5]), RefKind::FastForward);
    assert_eq!(kind(tips[5], tips[0]), RefKind::Forced);
    let line = RefUpdate {
        name: b"refs/heads/x".to_vec(),
        old: ObjectId::null(repository.hash_kind()),
        new: tips[5],
        kind: RefKind::Create,
    };
    assert!(
        server
            .without_quarantine(vec![line])
            .judge()
            .offered
            .is_empty()
    );
}
