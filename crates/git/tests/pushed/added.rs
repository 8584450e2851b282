//! Paths that stand in a new commit and in none of its parents.

use std::collections::BTreeSet;
use std::io::Write as _;
use std::process::{Command, Stdio};

use lychgate_git::NewObjects;
use lychgate_model::Mode;

use crate::server::{Given, Judged, Server};

/// What Git says of every new commit.
pub(crate) fn expected(given: &Given) -> BTreeSet<String> {
    let tips: Vec<String> = given.refs.iter().map(|line| line.new.to_string()).collect();
    let mut list = vec!["rev-list", "--parents"];
    list.extend(tips.iter().map(String::as_str));
    list.extend(["--not", "--all"]);
    let paths = |commit: &str| -> BTreeSet<String> {
        let all = given.git(&["ls-tree", "-r", "--name-only", commit]);
        all.lines().map(str::to_owned).collect()
    };
    let mut out = BTreeSet::new();
    for line in given.git(&list).lines() {
        let mut words = line.split(' ');
        let mut here = paths(words.next().unwrap());
        for parent in words {
            let there = paths(parent);
            here.retain(|path| !there.contains(path));
        }
        out.append(&mut here);
    }
    out
}

fn told(given: &Given) -> Vec<String> {
    let judged = given.judge();
    assert!(judged.unreadable.is_empty(), "{:?}", judged.unreadable);
    let told: Vec<String> = judged.paths.into_keys().collect();
    let expected = expected(given);
    assert_eq!(told.iter().cloned().collect::<BTreeSet<_>>(), expected);
    told
}

fn fed(server: &Server, args: &[&str], input: impl AsRef<[u8]>) -> String {
    let mut git = Command::new("git")
        .current_dir(server.root.join("work"))
        .args(args)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    git.stdin.take().unwrap().write_all(input.as_ref()).unwrap();
    let output = git.wait_with_output().unwrap();
    assert!(output.status.success(), "git {args:?}");
    String::from_utf8(output.stdout).unwrap().trim().to_owned()
}

fn commit(server: &Server, tree: &str, parents: &[&str]) {
    let mut args = vec!["commit-tree", "-m", "x", tree];
    parents.iter().for_each(|p| args.extend(["-p", p]));
    let commit = server.git(&args);
    server.git(&["update-ref", "refs/heads/made", &commit]);
}

#[test]
fn a_path_is_told_where_nothing_stood() {
    let server = Server::new();
    server.commit_file("a/b/one", "1\n");
    server.commit_file("a/two", "2\n");
    assert_eq!(told(&server.ask(&["main"])), ["a/b/one", "a/two"]);
    server.push(&["main"]);
    server.commit_file("a/b/one", "changed\n");
    server.git(&["rm", "-q", "a/two"]);
    server.commit("gone");
    assert!(told(&server.ask(&["main"])).is_empty());
    server.commit_file("a/two", "2\n");
    server.commit_file("a/b/three", "1\n");
    server.git(&["rm", "-q", "a/b/three"]);
    server.commit("come and gone");
    assert_eq!(told(&server.ask(&["main"])), ["a/b/three", "a/two"]);
}

#[test]
fn a_tree_that_moves_brings_every_path_below_it() {
    let server = Server::new();
    for name in ["x/1", "x/y/2", "x/y/3"] {
        server.write(name, name);
    }
    server.commit("first");
    server.push(&["main"]);
    server.git(&["mv", "x", "z"]);
    server.commit("moved");
    assert_eq!(told(&server.ask(&["main"])), ["z/1", "z/y/2", "z/y/3"]);
    // The same tree below two names in one push, and back where it was.
    server.git(&["mv", "z", "w"]);
    server.commit("moved");
    server.git(&["mv", "w", "x"]);
    server.commit("back");
    let all = told(&server.ask(&["main"]));
    assert_eq!(all.len(), 9);
    assert_eq!((&*all[0], &*all[8]), ("w/1", "z/y/3"));
}

#[test]
fn what_a_parent_has_is_not_told_again() {
    let server = Server::new();
    server.commit_file("base", "b\n");
    server.push(&["main"]);
    server.git(&["checkout", "-q", "-b", "side"]);
    server.commit_file("theirs", "t\n");
    server.push(&["side"]);
    server.git(&["checkout", "-q", "main"]);
    server.commit_file("ours", "o\n");
    server.push(&["main"]);
    server.git(&["merge", "-q", "--no-commit", "side"]);
    server.commit_file("of-the-merge", "m\n");
    assert_eq!(told(&server.ask(&["main"])), ["of-the-merge"]);
}

#[test]
fn what_becomes_executable_or_breaks_the_promise_of_its_name_is_told_with_its_old_side() {
    let server = Server::new();
    for name in ["run", "db.age", "note", "same"] {
        server.write(name, name);
    }
    server.commit("first");
    server.push(&["main"]);
    let runs = |name: &str| {
        let path = server.root.join("work").join(name);
        let mode = std::os::unix::fs::PermissionsExt::from_mode(0o755);
        std::fs::set_permissions(path, mode).unwrap();
    };
    // Content alone, of a name that promises nothing; mode alone; both; content below a promise.
    server.commit_file("note", "changed\n");
    runs("same");
    server.commit("runs");
    server.write("run", "changed\n");
    runs("run");
    server.commit("runs too");
    server.commit_file("run", "again\n");
    server.commit_file("db.age", "plain\n");
    server.commit_file("db.age", "plainer\n");
    let mut changed = server.ask(&["main"]).judge().changed;
    changed.sort();
    let (file, runs) = (Mode::Regular, Mode::Executable);
    let want = [
        ("db.age", file, file),
        ("db.age", file, file),
        ("run", file, runs),
        ("same", file, runs),
    ];
    assert_eq!(changed, want.map(|(p, old, new)| (p.to_owned(), old, new)));
}

#[test]
fn gitlinks_empty_folders_and_changes_of_kind() {
    let server = Server::new();
    server.commit_file("f", "1\n");
    let blob = server.git(&["rev-parse", "HEAD:f"]);
    let empty = fed(&server, &["mktree"], "");
    // Git's own mktree sees that the id is a blob's.
    let raw = [b"160000 g\0", server.id("main:f").as_bytes()].concat();
    let hash = ["hash-object", "-t", "tree", "-w", "--stdin"];
    let link = fed(&server, &hash, raw);
    let tree = format!("040000 tree {empty}\te\n040000 tree {link}\tl\n");
    let tree = fed(&server, &["mktree"], tree);
    commit(&server, &tree, &[]);
    let judged = server.ask(&["made"]).judge();
    let told: Vec<_> = judged.paths.iter().map(|(p, m)| (p.as_str(), *m)).collect();
    assert_eq!(told, [("e", Mode::Tree), ("l/g", Mode::Gitlink)]);
    assert!(!judged.has("1\n"), "a gitlink names no object of ours");
    server.push(&["made"]);
    // A file with the id that the gitlink had is no longer somebody else's.
    let file = fed(&server, &["mktree"], format!("100644 blob {blob}\tg\n"));
    let tree = fed(&server, &["mktree"], format!("040000 tree {file}\tl\n"));
    commit(&server, &tree, &["made"]);
    let given = server.ask(&["made"]);
    let judged = given.judge();
    assert!(judged.has("1\n") && judged.paths.is_empty());
    let wanted = [server.id("main:f")];
    let places = given.places(&wanted);
    assert_eq!(places.len(), 1);
    assert_eq!(places[0].path.as_bytes(), b"l/g");
    assert!(places[0].old.is_empty() && places[0].deleted.is_empty());
}

#[test]
fn a_tree_alone_and_a_tag_of_one() {
    let server = Server::new();
    server.commit_file("d/f", "1\n");
    server.git(&["tag", "-a", "-m", "x", "t", "HEAD^{tree}"]);
    let judged = server.ask(&["t"]).judge();
    assert_eq!(judged.paths.into_keys().collect::<Vec<_>>(), ["d/f"]);
}

/// 2^30 paths, and one that is longer than any name may be.
#[test]
fn too_many_paths_or_too_long_ones_are_said() {
    let server = Server::new();
    server.commit_file("f", "1\n");
    let blob = server.git(&["rev-parse", "HEAD:f"]);
    let leaf = fed(&server, &["mktree"], format!("100644 blob {blob}\tf\n"));
    let nest = |times: usize, names: &[&str]| {
        (0..times).fold(leaf.clone(), |below, _| {
            let lines = names.iter().map(|n| format!("040000 tree {below}\t{n}\n"));
            fed(&server, &["mktree"], lines.collect::<String>())
        })
    };
    let long = "n".repeat(250);
    for (tree, said) in [
        (nest(30, &["a", "b"]), "there are more paths than"),
        (nest(66, &[&long]), "its path is longer than"),
    ] {
        commit(&server, &tree, &[]);
        let judged = server.ask(&["made"]).judge();
        let why: Vec<_> = judged.unreadable.iter().map(|(_, _, why)| why).collect();
        assert_eq!(why.len(), 1, "{why:?}");
        assert!(why[0].contains(said), "{why:?}");
        let all: BTreeSet<_> = judged.offered;
        assert!(all.contains(&server.id("made^{tree}")) && all.contains(&server.id("main:f")));
    }
    commit(&server, &nest(60, &[&long]), &[]);
    let judged = server.ask(&["made"]).judge();
    assert!(judged.unreadable.is_empty());
    assert_eq!(judged.paths.len(), 1);
}

#[test]
fn an_update_finds_the_same_paths() {
    let server = Server::new();
    server.commit_file("a", "1\n");
    server.push(&["main"]);
    server.commit_file("d/b", "2\n");
    let mut given = server.ask(&["main"]);
    let refs = std::mem::take(&mut given.refs);
    server.push(&["main:refs/hidden/x"]);
    let given = server.without_quarantine(refs);
    let repository = given.repository();
    let mut new = NewObjects::of_push(&repository, &given.environment(), &given.refs, &|name| {
        !name.starts_with(b"refs/hidden/")
    })
    .unwrap();
    let judged = Judged::all(&mut new);
    assert_eq!(judged.paths.into_keys().collect::<Vec<_>>(), ["d/b"]);
}
