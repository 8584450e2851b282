//! The index and the history as a whole, beside what Git lists.

use std::collections::BTreeSet;
use std::fs;
use std::ops::ControlFlow;

use lychgate_git::{indexed, reachable};

use crate::world::{World, id, loose};

/// `mode id path` of every entry, ours and Git's.
fn check_index(world: &World) -> usize {
    let mut ours = Vec::new();
    indexed(&world.open(), &mut |change| {
        let new = change.new.unwrap();
        assert_eq!(change.old, None);
        let path = change.path.as_bytes().escape_ascii();
        ours.push(format!("{:06o} {} 0\t{path}", new.mode.bits(), new.id));
        ControlFlow::Continue(())
    })
    .unwrap();
    assert_eq!(ours.join("\n"), world.git(&["ls-files", "--stage"]));
    ours.len()
}

#[test]
fn every_entry_of_the_index_is_listed_whatever_its_form() {
    let world = World::new();
    assert_eq!(check_index(&world), 0);
    world.populate();
    assert_eq!(check_index(&world), 8);
    world.add("b/new", "staged and not committed\n");
    for version in ["2", "3", "4"] {
        world.git(&["update-index", "--index-version", version]);
        assert_eq!(check_index(&world), 9);
    }
    world.git(&["update-index", "--split-index"]);
    world.add("a", "other\n");
    assert_eq!(check_index(&world), 9);
    let repo = world.open();
    let staged = world.git(&["rev-parse", ":b/new"]);
    assert_eq!(repo.blob_in_index(b"b/new").unwrap(), Some(id(&staged)));
    assert_eq!(repo.blob_in_index(b"b").unwrap(), None);
    assert_eq!(repo.blob_in_index(b"nothing").unwrap(), None);
}

#[test]
fn every_blob_that_a_ref_reaches_is_listed_once() {
    let world = World::new();
    let ours = || {
        let mut all = Vec::new();
        reachable(&world.open(), &mut |id, path| {
            all.push(format!("{id} {}", path.escape_ascii()));
        })
        .unwrap();
        let set: BTreeSet<_> = all.iter().cloned().collect();
        assert_eq!(set.len(), all.len());
        set
    };
    assert!(ours().is_empty());
    world.populate();
    world.git(&["branch", "other"]);
    world.add("b/c", "changed\n");
    world.add("b/same", "changed\n");
    world.git(&[
        "tag",
        "-a",
        "-m",
        "x",
        "blob",
        &world.git(&["rev-parse", ":top.txt"]),
    ]);
    world.commit();
    world.git(&["checkout", "-q", "other"]);
    world.add("side", "on another branch\n");
    world.commit();
    world.git(&["merge", "-q", "-m", "x", "main"]);
    let listed = world.git(&[
        "rev-list",
        "--objects",
        "--all",
        "--filter=object:type=blob",
    ]);
    let ids = |set: &BTreeSet<String>| -> BTreeSet<String> {
        set.iter().map(|l| l[..40].to_owned()).collect()
    };
    let theirs: BTreeSet<String> = listed.lines().map(|l| l[..40].to_owned()).collect();
    let blobs: BTreeSet<String> = theirs
        .into_iter()
        .filter(|hex| world.git(&["cat-file", "-t", hex]) == "blob")
        .collect();
    assert_eq!(ids(&ours()), blobs);
    assert_eq!(blobs.len(), 10);

    let repo = world.open();
    let first = id(&world.git(&["rev-parse", "main~1"]));
    let there = repo.file_at(first, b"b/c").unwrap().unwrap();
    assert_eq!(there.id, id(&world.git(&["rev-parse", "main~1:b/c"])));
    assert_eq!(repo.file_at(first, b"side").unwrap(), None);

    // What is gone is named: a blob as before, a tree in place of what stands in it.
    let tree = world.git(&["rev-parse", "HEAD:z"]);
    fs::remove_file(loose(&world, &tree)).unwrap();
    let listed = ours();
    assert!(listed.contains(&format!("{tree} z")), "{listed:?}");
    assert!(!listed.iter().any(|l| l.ends_with(" z/y/v")), "{listed:?}");
}
