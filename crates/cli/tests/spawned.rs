//! A daemon that a hook started gives way to one that stays, if that can take its place.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod scene;

use scene::Scene;

/// A scene in which a hook started a daemon, and where that hook stands.
fn spawned() -> (Scene, std::path::PathBuf) {
    let scene = Scene::with_programs();
    let repository = scene.repository("r");
    scene.lychgate(&repository, ["install"]).exits(0);
    scene.git(&repository, ["commit", "-q", "--allow-empty", "-m", "x"]);
    (scene, repository)
}

fn pid(scene: &Scene) -> String {
    let status = scene.lychgate(scene.root(), ["status"]).exits(0);
    let mut lines = status.out.lines();
    lines.find(|l| l.starts_with("pid: ")).unwrap().to_owned()
}

#[test]
fn it_gives_way_to_one_that_stays() {
    let (scene, repository) = spawned();
    let first = pid(&scene);
    scene.lychgate(&repository, ["daemon", "start"]).exits(0);
    let stays = pid(&scene);
    assert_ne!(first, stays);
    scene.lychgate(&repository, ["daemon", "start"]).exits(0);
    assert_eq!(stays, pid(&scene));
}

#[test]
fn it_stays_where_there_is_no_place_for_another() {
    let (scene, repository) = spawned();
    let first = pid(&scene);
    // What root may write, too, but not as a file.
    let log = scene.path("state/lychgate/lychgated.log");
    std::fs::remove_file(&log).unwrap();
    std::fs::create_dir(&log).unwrap();
    let said = scene.lychgate(&repository, ["daemon", "start"]).exits(3);
    assert!(said.flat().contains("cannot write"), "{}", said.err);
    assert_eq!(first, pid(&scene));

    std::fs::remove_dir(&log).unwrap();
    scene.lychgate(&repository, ["daemon", "start"]).exits(0);
    assert_ne!(first, pid(&scene));
}
