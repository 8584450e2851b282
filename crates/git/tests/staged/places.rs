//! What stood where a hit stands now.

use std::collections::HashSet;

use lychgate_git::{Place, Repository, staged_places};
use lychgate_model::ObjectId;

use crate::world::{World, environment, id};

fn places(repo: &Repository, wanted: &[ObjectId]) -> Vec<Place> {
    places_in(repo, wanted, false)
}

fn places_in(repo: &Repository, wanted: &[ObjectId], merging: bool) -> Vec<Place> {
    let wanted: HashSet<_> = wanted.iter().copied().collect();
    let mut found = Vec::new();
    staged_places(repo, &wanted, merging, &mut |place| found.push(place)).unwrap();
    found
}

fn at(world: &World, spec: &str) -> ObjectId {
    id(&world.git(&["rev-parse", spec]))
}

#[test]
fn the_old_side_is_the_same_path_at_head() {
    let world = World::populated();
    world.add("b/d/e", "changed\n");
    world.add("new", "changed\n");
    world.add("other", "not asked for\n");
    let found = places(&world.open(), &[at(&world, ":new")]);
    let told: Vec<_> = found
        .iter()
        .map(|p| (p.path.as_bytes(), p.old.clone()))
        .collect();
    assert_eq!(
        told,
        [
            (&b"b/d/e"[..], vec![at(&world, "HEAD:b/d/e")]),
            (b"new", vec![])
        ]
    );
    assert!(
        found
            .iter()
            .all(|p| p.commit.is_none() && p.deleted.is_empty())
    );
}

#[test]
fn a_move_names_what_it_deleted() {
    let world = World::populated();
    world.git(&["mv", "b/d/e", "q"]);
    world.git(&["rm", "-q", "a"]);
    let moved = at(&world, ":q");
    let found = places(&world.open(), &[moved]);
    assert_eq!(found.len(), 1);
    assert_eq!(found[0].deleted, [moved, at(&world, "HEAD:a")]);
    world.add("q", "moved and changed\n");
    let found = places(&world.open(), &[at(&world, ":q")]);
    let deleted: HashSet<_> = found[0].deleted.iter().copied().collect();
    assert_eq!(deleted, HashSet::from([at(&world, "HEAD:a"), moved]));
}

#[test]
fn a_name_in_another_case_is_another_name() {
    let world = World::populated();
    world.add("A", "another\n");
    world.commit();
    world.add("a", "changed\n");
    let found = places(&world.open(), &[at(&world, ":a")]);
    assert_eq!(found[0].old, [at(&world, "HEAD:a")]);
}

#[test]
fn the_first_commit_has_no_old_side() {
    let world = World::new();
    world.add("a", "1\n");
    let found = places(&world.open(), &[at(&world, ":a")]);
    assert_eq!((found.len(), found[0].old.len()), (1, 0));
}

/// A merge of two branches with files of their own; what they brought is on an old side, named by
/// `MERGE_HEAD` or by Git's variables.
#[test]
fn every_parent_of_a_merge_counts() {
    let world = World::populated();
    world.git(&["checkout", "-q", "-b", "one"]);
    world.add("one", "debt\n");
    world.git(&["mv", "z/y/v", "moved"]);
    world.commit();
    world.git(&["checkout", "-q", "-b", "two", "main"]);
    world.add("two", "debt\n");
    world.commit();
    world.git(&["checkout", "-q", "main"]);
    world.add("a", "ours\n");
    world.commit();
    world.git(&["merge", "-q", "--no-commit", "--no-ff", "one", "two"]);
    let debt = at(&world, ":one");
    let moved = at(&world, ":moved");
    let check = |repo: &Repository, merging| {
        let found = places_in(repo, &[debt, moved], merging);
        let told: Vec<_> = found
            .iter()
            .map(|p| (p.path.as_bytes(), p.old.clone()))
            .collect();
        let wanted = [
            (&b"moved"[..], vec![moved]),
            (b"one", vec![debt]),
            (b"two", vec![debt]),
        ];
        assert_eq!(told, wanted);
    };
    check(&world.open(), false);
    // Before MERGE_HEAD is written.
    let names = ["one", "two"].map(|branch| format!("GITHEAD_{}", at(&world, branch)));
    std::fs::remove_file(world.repo().join(".git/MERGE_HEAD")).unwrap();
    assert!(
        places(&world.open(), &[debt])
            .iter()
            .all(|place| place.old.is_empty())
    );
    let variables = [(names[0].as_str(), "one"), (names[1].as_str(), "two")];
    let repo = Repository::open(&environment(&world.repo(), &variables)).unwrap();
    check(&repo, true);
    // Anybody can set a variable: outside of pre-merge-commit it names nothing.
    let found = places(&repo, &[debt]);
    assert!(found.iter().all(|place| place.old.is_empty()));
}
