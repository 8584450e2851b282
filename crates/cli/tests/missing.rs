//! Objects that are missing: never an allow, and one reason for each of them.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test that cannot go on fails"
)]

mod scene;

use std::path::Path;

use scene::{Said, Scene};

/// Takes one loose object away while `ask` runs.
fn without(scene: &Scene, repository: &Path, named: &str, ask: impl Fn() -> Said) -> Said {
    let id = scene.git(repository, ["rev-parse", named]);
    let (folder, rest) = id.trim().split_at(2);
    let file = repository.join(".git/objects").join(folder).join(rest);
    let aside = scene.path("aside");
    std::fs::rename(&file, &aside).unwrap();
    let said = ask();
    std::fs::rename(&aside, &file).unwrap();
    said
}

#[test]
fn one_missing_object_is_one_reason_whatever_was_to_be_read_through_it() {
    let scene = Scene::with_programs();
    let repository = scene.repository("r");
    std::fs::create_dir(repository.join("d")).unwrap();
    std::fs::write(repository.join("d/f"), "fine\n").unwrap();
    scene.git(&repository, ["add", "."]);
    scene.git(&repository, ["commit", "-qm", "second"]);
    let check = || scene.lychgate(&repository, ["check", "--all", "--in-process"]);
    check().exits(0);
    // Where the tree of HEAD is missing the policy cannot be read, which refuses (4); elsewhere
    // something was not judged (3).
    for (named, code) in [
        ("HEAD", 4),
        ("HEAD^{tree}", 4),
        ("HEAD~1", 3),
        ("HEAD:d", 3),
        ("HEAD:d/f", 3),
    ] {
        let said = without(&scene, &repository, named, check).exits(code);
        let page = said.out;
        let flat = page.split_whitespace().collect::<Vec<_>>().join(" ");
        assert_eq!(flat.matches("is missing").count(), 1, "{named}\n{page}");
        assert!(!flat.contains("also:"), "{named}\n{page}");
        assert!(flat.contains("git fsck"), "{named}\n{page}");
        assert!(page.lines().all(|line| line.len() <= 80), "{named}\n{page}");
        assert!(page.lines().count() <= 6, "{named}\n{page}");
        let json = || {
            let args = ["check", "--all", "--in-process", "--format", "json"];
            scene.lychgate(&repository, args)
        };
        let said = without(&scene, &repository, named, json).exits(code);
        let told: serde_json::Value = serde_json::from_str(&said.out).unwrap();
        let reasons = told["verdict"]["reasons"].as_array().unwrap();
        assert_eq!(reasons.len(), 1, "{named}\n{reasons:?}");
        check().exits(0);
    }
    std::fs::write(repository.join("n"), "fine\n").unwrap();
    scene.git(&repository, ["add", "n"]);
    let staged = || scene.lychgate(&repository, ["check", "--in-process"]);
    let said = without(&scene, &repository, "HEAD^{tree}", staged).exits(3);
    let flat = said.out.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(
        flat.contains("staged change not checked: object "),
        "{flat}"
    );
    staged().exits(0);
}
