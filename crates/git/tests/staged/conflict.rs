//! Merges that did not end by themselves.

use lychgate_git::Repository;
use lychgate_model::{Mode, Side};

use crate::world::{World, changes, environment, id};

fn conflicting() -> World {
    let world = World::populated();
    world.git(&["checkout", "-q", "-b", "side"]);
    world.add("a", "theirs\n");
    world.add("b/c", "theirs, no conflict\n");
    world.commit();
    world.git(&["checkout", "-q", "main"]);
    world.add("a", "ours\n");
    world.commit();
    assert!(
        !world
            .try_git(&world.repo(), &["merge", "side"], &[])
            .status
            .success()
    );
    world
}

#[test]
fn every_side_that_head_lacks_is_a_change() {
    let world = conflicting();
    let found = changes(&world.open()).unwrap();
    let at = |rev: &str| id(&world.git(&["rev-parse", rev]));
    let side = |id| {
        Some(Side {
            mode: Mode::Regular,
            id,
        })
    };
    let a: Vec<_> = found.iter().filter(|c| c.path.as_bytes() == b"a").collect();
    assert!(a.iter().all(|change| change.old == side(at("HEAD:a"))));
    let news: Vec<_> = a.iter().map(|change| change.new).collect();
    assert_eq!(news, [side(at("HEAD~1:a")), side(at("side:a"))]);
    assert_eq!(found.len(), 3);
}

#[test]
fn a_resolved_conflict_is_compared_with_head() {
    let world = conflicting();
    world.add("a", "both\n");
    assert_eq!(world.check().len(), 2);
}

#[test]
fn the_parents_to_be_come_from_variables_before_merge_head_is_there() {
    let world = World::populated();
    let head = world.git(&["rev-parse", "HEAD"]);
    let name = format!("GITHEAD_{head}");
    let env = environment(&world.repo(), &[(&name, "side")]);
    assert_eq!(env.githeads(), [id(&head)]);
    assert!(
        changes(&Repository::open(&env).unwrap())
            .unwrap()
            .is_empty()
    );
}
