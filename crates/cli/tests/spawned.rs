//! A daemon that a hook started gives way to one that stays.

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
fn it_gives_way_where_no_log_can_be_written_too() {
    let (scene, repository) = spawned();
    let first = pid(&scene);
    // What root may write, too, but not as a file.
    let log = scene.path("state/lychgate/lychgated.log");
    std::fs::remove_file(&log).unwrap();
    std::fs::create_dir(&log).unwrap();
    let said = scene.lychgate(&repository, ["daemon", "start"]).exits(0);
    let flat = said.out.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(
        flat.contains("it writes no log: none can be written in"),
        "{flat}"
    );
    let second = pid(&scene);
    assert_ne!(first, second);

    std::fs::remove_dir(&log).unwrap();
    scene.lychgate(&repository, ["daemon", "stop"]).exits(0);
    let said = scene.lychgate(&repository, ["daemon", "start"]).exits(0);
    assert!(log.is_file() && !said.out.contains("log"), "{}", said.out);
}
