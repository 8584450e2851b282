//! Where objects with a hit stand, and what stood there before.

use std::collections::{BTreeMap, BTreeSet};

use lychgate_model::{Mode, ObjectId};

use crate::server::Server;

#[test]
fn the_commit_that_brings_it_and_its_old_side() {
    let server = Server::new();
    server.write("dir/a", "one\n");
    server.write("b", "b\n");
    server.commit("base");
    server.push(&["main"]);
    let before = server.id("HEAD:dir/a");
    let commit = server.commit_file("dir/a", "two\n");
    let hit = server.id("HEAD:dir/a");
    server.commit_file("dir/a", "three\n");
    server.commit_file("elsewhere", "two\n");
    let places = server.ask(&["main"]).places(&[hit]);
    assert_eq!(places.len(), 2);
    assert_eq!(places[0].commit, Some(commit));
    assert_eq!(places[0].path.as_bytes(), b"dir/a");
    assert_eq!(places[0].mode, Mode::Regular);
    assert_eq!(places[0].reference, b"refs/heads/main");
    assert_eq!(places[0].old, [before]);
    assert!(places[0].deleted.is_empty());
    assert_eq!(places[1].path.as_bytes(), b"elsewhere");
    assert!(places[1].old.is_empty());
}

#[test]
fn a_rename_names_what_is_gone() {
    let server = Server::new();
    server.write("old/name", "debt\n");
    server.write("old/stays", "stays\n");
    server.commit("base");
    server.push(&["main"]);
    let debt = server.id("HEAD:old/name");
    server.git(&["rm", "-q", "-r", "--cached", "old"]);
    std::fs::rename(server.root.join("work/old"), server.root.join("work/new")).unwrap();
    server.write("old/stays", "stays\n");
    server.commit("rename");
    let places = server.ask(&["main"]).places(&[debt]);
    assert_eq!(places.len(), 1);
    assert_eq!(places[0].path.as_bytes(), b"new/name");
    assert_eq!(places[0].deleted, [debt]);
    // Its twin: a copy deletes nothing.
    server.write("old/name", "debt\n");
    server.commit("back");
    server.push(&["main"]);
    server.write("copy", "debt\n");
    server.commit("copy");
    let places = server.ask(&["main"]).places(&[debt]);
    assert_eq!((places.len(), places[0].deleted.len()), (1, 0));
}

#[test]
fn what_goes_with_several_commits_is_named_with_each() {
    let server = Server::new();
    for path in ["from/gone", "from/stays", "other/stays", "other/changes"] {
        server.write(path, path);
    }
    server.commit("base");
    server.push(&["main"]);
    let gone = server.id("HEAD:from/gone");
    let mut hits = Vec::new();
    // The same folders change in the same way twice, beside something else.
    for branch in ["x", "y"] {
        server.git(&["checkout", "-q", "-b", branch, "main"]);
        server.git(&["rm", "-q", "from/gone"]);
        server.write("other/changes", "changed");
        server.commit_file(&format!("into/{branch}"), branch);
        hits.push(server.id(&format!("HEAD:into/{branch}")));
        server.write("other/changes", "changed again");
        server.commit_file(&format!("into/{branch}"), &format!("{branch} again"));
        hits.push(server.id(&format!("HEAD:into/{branch}")));
    }
    let places = server.ask(&["x", "y"]).places(&hits);
    let deleted: Vec<_> = places
        .iter()
        .map(|place| place.deleted.as_slice())
        .collect();
    assert_eq!(places.len(), 4);
    for (hit, place) in places.iter().enumerate() {
        let first = hits.iter().position(|id| *id == place.object).unwrap() % 2 == 0;
        let expected = if first { &[gone][..] } else { &[] };
        assert_eq!(deleted[hit], expected, "{:?}", place.path);
    }
}

#[test]
fn what_merges_take_out_is_named_with_each() {
    let server = Server::new();
    for path in [
        "a/b/gone",
        "a/b/stays",
        "a/kept",
        "c/gone",
        "c/d/e",
        "c/d/f",
    ] {
        server.write(path, path);
    }
    server.commit("base");
    server.push(&["main"]);
    server.git(&["branch", "old"]);
    server.git(&["rm", "-q", "a/b/gone", "c/gone"]);
    server.commit("out");
    let mut hits = Vec::new();
    for round in 0..7 {
        server.git(&["checkout", "-q", "old"]);
        match round {
            2 => drop(server.git(&["rm", "-q", "a/b/gone"])),
            3 => server.write("a/b/gone", "again"),
            4 => server.write("c/d/only/here", "here"),
            5 => server.write("a/kept", "changed"),
            _ => {}
        }
        server.commit_file("c/x", &format!("{round}"));
        server.git(&["checkout", "-q", "main"]);
        server.git(&["merge", "-q", "--no-commit", "-s", "ours", "old"]);
        server.write("both", format!("merge {round}"));
        server.commit("merge");
        hits.push(server.id("HEAD:both"));
    }
    let standing = |commit: &str| -> BTreeMap<String, ObjectId> {
        let listed = server.git(&["ls-tree", "-r", commit]);
        let entry = |line: &str| {
            let (head, path) = line.split_once('\t').unwrap();
            let id = head.rsplit(' ').next().unwrap();
            (path.to_owned(), ObjectId::from_hex(id.as_bytes()).unwrap())
        };
        listed.lines().map(entry).collect()
    };
    let places = server.ask(&["main"]).places(&hits);
    assert_eq!(places.len(), hits.len());
    for place in places {
        let commit = place.commit.unwrap().to_string();
        let stands = standing(&commit);
        let parents = [1, 2].map(|nth| standing(&format!("{commit}^{nth}")));
        let gone = parents.into_iter().flatten();
        let gone = gone.filter(|(path, _)| !stands.contains_key(path));
        let expected: BTreeSet<ObjectId> = gone.map(|(_, id)| id).collect();
        let deleted: BTreeSet<ObjectId> = place.deleted.iter().copied().collect();
        assert_eq!(deleted, expected);
        assert_eq!(deleted.len(), place.deleted.len());
    }
}

#[test]
fn content_that_only_a_merge_brings() {
    let server = Server::new();
    server.write("f", "base\n");
    server.commit("base");
    server.push(&["main"]);
    server.git(&["checkout", "-q", "-b", "x"]);
    server.commit_file("f", "ours\n");
    let ours = server.id("HEAD:f");
    server.git(&["checkout", "-q", "-b", "y", "main"]);
    server.commit_file("f", "theirs\n");
    let theirs = server.id("HEAD:f");
    assert!(
        !server
            .try_run("work", &["merge", "-q", "x"])
            .status
            .success()
    );
    server.write("f", "an evil merge\n");
    let merge = server.commit("merge");
    let evil = server.id("HEAD:f");
    let given = server.ask(&["y"]);
    assert!(given.judge().has("an evil merge"));
    let places = given.places(&[evil]);
    assert_eq!(places.len(), 1);
    assert_eq!(places[0].commit, Some(merge));
    let mut sides = vec![ours, theirs];
    sides.sort();
    assert_eq!(places[0].old, sides, "both parents are old sides");
}

#[test]
fn an_octopus_and_what_it_brings() {
    let server = Server::new();
    server.commit_file("base", "base\n");
    server.push(&["main"]);
    for side in ["a", "b", "c"] {
        server.git(&["checkout", "-q", "-b", side, "main"]);
        server.commit_file(side, side);
    }
    server.git(&["checkout", "-q", "main"]);
    server.git(&["merge", "-q", "--no-commit", "a", "b", "c"]);
    server.write("octopus", "only here\n");
    let merge = server.commit("octopus");
    let hit = server.id("HEAD:octopus");
    let given = server.ask(&["main"]);
    assert_eq!(given.judge().offered, given.rev_list());
    let places = given.places(&[hit]);
    assert_eq!((places.len(), places[0].commit), (1, Some(merge)));
}

#[test]
fn commits_trees_and_tags_have_places_too() {
    let server = Server::new();
    server.commit_file("dir/sub/f", "one\n");
    let root = server.id("HEAD^{tree}");
    let sub = server.id("HEAD:dir/sub");
    server.git(&["tag", "-a", "-m", "inner", "inner"]);
    server.git(&["tag", "-a", "-m", "outer", "outer", "inner"]);
    let (commit, inner, outer) = (server.id("main"), server.id("inner"), server.id("outer"));
    let places = server
        .ask(&["outer"])
        .places(&[commit, root, sub, inner, outer]);
    let of = |id| places.iter().find(|place| place.object == id).unwrap();
    assert_eq!(places.len(), 5);
    assert!(
        places
            .iter()
            .all(|place| place.reference == b"refs/tags/outer")
    );
    assert_eq!(of(commit).commit, Some(commit));
    assert_eq!(
        (of(root).path.as_bytes(), of(root).mode),
        (&b""[..], Mode::Tree)
    );
    assert_eq!(
        (of(sub).path.as_bytes(), of(sub).commit),
        (&b"dir/sub"[..], Some(commit))
    );
    assert_eq!((of(inner).commit, of(outer).commit), (None, None));
}

#[test]
fn notes_tell_their_ref() {
    let server = Server::new();
    server.commit_file("a", "one\n");
    server.push(&["main"]);
    server.git(&["notes", "add", "-m", "a note to self"]);
    let given = server.ask(&["refs/notes/commits"]);
    let judged = given.judge();
    assert!(judged.has("a note to self"));
    let hit = *judged
        .objects
        .iter()
        .find(|(_, o)| o.1 == b"a note to self\n")
        .unwrap()
        .0;
    assert_eq!(given.places(&[hit])[0].reference, b"refs/notes/commits");
}

#[test]
fn the_first_ref_that_reaches_it() {
    let server = Server::new();
    server.commit_file("a", "one\n");
    let hit = server.id("HEAD:a");
    server.git(&["checkout", "-q", "-b", "side"]);
    server.commit_file("b", "two\n");
    let other = server.id("HEAD:b");
    let mut given = server.ask(&["main", "side"]);
    given
        .refs
        .sort_by_key(|line| line.name != b"refs/heads/main");
    let places = given.places(&[hit, other]);
    assert_eq!(places[0].reference, b"refs/heads/main");
    assert_eq!(places[1].reference, b"refs/heads/side");
}

#[test]
fn at_most_so_many_places_of_one_object() {
    let server = Server::new();
    for n in 0..=lychgate_model::limits::PLACES_PER_OBJECT {
        server.write(&format!("d{n}/f"), "the same\n");
    }
    server.commit("many");
    let hit = server.id("HEAD:d0/f");
    let places = server.ask(&["main"]).places(&[hit]);
    assert_eq!(places.len(), lychgate_model::limits::PLACES_PER_OBJECT);
}

#[test]
fn a_symlink_where_a_file_stood() {
    let server = Server::new();
    server.commit_file("a", "target");
    let blob = server.id("HEAD:a");
    server.push(&["main"]);
    std::fs::remove_file(server.root.join("work/a")).unwrap();
    std::os::unix::fs::symlink("target", server.root.join("work/a")).unwrap();
    server.commit("type change");
    let given = server.ask(&["main"]);
    assert!(
        given.judge().offered.contains(&blob),
        "the same bytes are now a link's target"
    );
    let places = given.places(&[blob]);
    assert_eq!(
        (places[0].mode, places[0].old.as_slice()),
        (Mode::Symlink, &[blob][..])
    );
    // Its twin: a file that becomes executable is what it was.
    server.push(&["main"]);
    server.write("tool", "tool");
    server.commit("tool");
    let tool = server.id("HEAD:tool");
    server.push(&["main"]);
    server.git(&["update-index", "--chmod=+x", "tool"]);
    server.git(&["commit", "-q", "-m", "mode"]);
    assert!(!server.ask(&["main"]).judge().offered.contains(&tool));
}

#[test]
fn the_same_path_is_told_again_where_it_is_new() {
    let server = Server::new();
    server.commit_file("f", "debt\n");
    let debt = server.id("HEAD:f");
    server.git(&["checkout", "-q", "--orphan", "other"]);
    server.git(&["rm", "-q", "-r", "--cached", "."]);
    std::fs::remove_file(server.root.join("work/f")).unwrap();
    server.commit_file("g", "nothing here\n");
    server.push(&["main", "other"]);
    // On main the file changes, on the other branch the same content is new.
    server.git(&["checkout", "-q", "main"]);
    server.commit_file("f", "debt, and more\n");
    let hit = server.id("HEAD:f");
    server.git(&["checkout", "-q", "other"]);
    let second = server.commit_file("f", "debt, and more\n");
    server.git(&["checkout", "-q", "main"]);
    let third = server.commit_file("f", "something else\n");
    server.commit_file("f", "debt, and more\n");
    let places = server.ask(&["main", "other"]).places(&[hit]);
    let on = |name: &[u8]| {
        places
            .iter()
            .filter(|p| p.reference == name)
            .collect::<Vec<_>>()
    };
    let (main, other) = (on(b"refs/heads/main"), on(b"refs/heads/other"));
    assert_eq!((places.len(), main.len(), other.len()), (3, 2, 1));
    assert_eq!(main[0].old, [debt]);
    assert_eq!(main[1].old, [server.id(&format!("{third}:f"))]);
    assert_eq!(other[0].commit, Some(second));
    assert!(other[0].old.is_empty());
}

#[test]
fn a_lax_ref_does_not_use_up_the_places() {
    let server = Server::new();
    server.commit_file("base", "base\n");
    server.push(&["main"]);
    server.git(&["checkout", "-q", "-b", "scratch"]);
    for n in 0..lychgate_model::limits::PLACES_PER_OBJECT {
        server.write(&format!("d{n}/f"), "the secret\n");
    }
    server.commit("many");
    server.git(&["checkout", "-q", "main"]);
    let strict = server.commit_file("f", "the secret\n");
    let hit = server.id("HEAD:f");
    let mut given = server.ask(&["main", "scratch"]);
    given
        .refs
        .sort_by_key(|line| line.name != b"refs/heads/main");
    let places = given.places(&[hit]);
    assert_eq!(places[0].commit, Some(strict));
    assert_eq!(places.len(), lychgate_model::limits::PLACES_PER_OBJECT);
}
