//! `Containerfile`, held against what it names: a machine without containers builds no image, but
//! it has the script that fills it, the programs and their arguments.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test that cannot go on fails"
)]

mod scene;

use std::os::unix::fs::PermissionsExt;
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};

use scene::{Scene, said};

const TOP: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../..");

/// One instruction: its word and what follows, continued lines joined.
type Instruction = (String, String);

/// The stages of the file, each from its `FROM`.
fn stages() -> Vec<Vec<Instruction>> {
    let text = std::fs::read_to_string(Path::new(TOP).join("Containerfile")).unwrap();
    let text = text.replace("\\\n", " ");
    let lines = text.lines().map(str::trim);
    let mut stages: Vec<Vec<Instruction>> = Vec::new();
    for line in lines.filter(|line| !line.is_empty() && !line.starts_with('#')) {
        let (word, rest) = line.split_once(' ').unwrap();
        if word == "FROM" {
            stages.push(Vec::new());
        }
        let instruction = (word.to_owned(), rest.trim().to_owned());
        stages.last_mut().unwrap().push(instruction);
    }
    stages
}

fn all<'s>(stage: &'s [Instruction], word: &str) -> Vec<&'s str> {
    let named = stage.iter().filter(|(w, _)| w == word);
    named.map(|(_, rest)| rest.as_str()).collect()
}

fn one<'s>(stage: &'s [Instruction], word: &str) -> &'s str {
    let [found] = all(stage, word)[..] else {
        panic!("not one {word} in {stage:?}");
    };
    found
}

/// The words of `["a", "b"]`.
fn list(text: &str) -> Vec<String> {
    serde_json::from_str(text).unwrap()
}

/// A path of the image, below `root`.
fn below(root: &Path, path: &str) -> PathBuf {
    root.join(path.trim_start_matches('/'))
}

/// Does in `root` what the last stage does in an image, with these programs for those that the
/// first stage builds.
fn filled(scene: &Scene, root: &Path) -> Vec<Instruction> {
    let stages = stages();
    let [build, image] = &stages[..] else {
        panic!("not two stages: {stages:?}");
    };
    assert!(one(build, "FROM").ends_with(" AS build"));
    assert_eq!(one(image, "FROM"), "scratch");
    assert_eq!(
        one(build, "COPY"),
        ". .",
        "the script builds what stands here"
    );

    // What the first stage leaves.
    let made = scene.path("made");
    for step in one(build, "RUN").split("&&") {
        let words: Vec<&str> = step.split_whitespace().collect();
        match words[..] {
            ["./install.sh", ref options @ ..] => {
                let said = said(
                    scene
                        .command("./install.sh", Path::new(TOP))
                        .args(options)
                        .arg("--dry-run"),
                )
                .exits(0);
                assert!(said.out.contains("--locked, static"), "{}", said.out);
                // Where it says that it would install, these stand.
                let bin = said
                    .out
                    .lines()
                    .find_map(|l| l.strip_prefix("installing to "));
                let bin = below(&made, bin.unwrap());
                std::fs::create_dir_all(&bin).unwrap();
                for program in ["lychgate", "lychgated", "lychgate-hook"] {
                    assert!(said.out.contains(&format!("/{program}\n")), "{}", said.out);
                    std::fs::hard_link(scene.path("bin").join(program), bin.join(program)).unwrap();
                }
            }
            ["install", "-d", "-o", user, "-g", group, "-m", mode, folder] => {
                let folder = below(&made, folder);
                std::fs::create_dir_all(&folder).unwrap();
                let mode = u32::from_str_radix(mode, 8).unwrap();
                std::fs::set_permissions(&folder, PermissionsExt::from_mode(mode)).unwrap();
                assert_eq!(one(image, "USER"), format!("{user}:{group}"), "{step}");
            }
            _ => panic!("not known here: {step}"),
        }
    }
    for copy in all(image, "COPY") {
        let words: Vec<&str> = copy.split_whitespace().collect();
        let (flags, paths): (Vec<&str>, Vec<&str>) =
            words.iter().partition(|word| word.starts_with("--"));
        assert!(flags.contains(&"--from=build"), "{copy}");
        let [from, to] = paths[..] else {
            panic!("not one source: {copy}");
        };
        let owner = format!("--chown={}", one(image, "USER"));
        let is_theirs = !to.ends_with("/bin/");
        assert_eq!(flags.contains(&owner.as_str()), is_theirs, "{copy}");
        let (from, to) = (below(&made, from), below(root, to));
        assert!(
            from.is_dir(),
            "{copy}: the first stage makes no such folder"
        );
        std::fs::create_dir_all(to.parent().unwrap()).unwrap();
        let done = scene
            .command("cp", scene.root())
            .arg("-a")
            .arg(&from)
            .arg(&to)
            .status();
        assert!(done.unwrap().success());
    }
    image.clone()
}

#[test]
fn what_the_image_holds_and_starts_is_there_and_serves() {
    let scene = Scene::with_programs();
    let root = scene.path("image");
    let image = filled(&scene, &root);

    // Every absolute path among the words is the image's.
    let here = |word: &str| match word.starts_with('/') {
        true => below(&root, word).to_str().unwrap().to_owned(),
        false => word.to_owned(),
    };
    let (name, value) = one(&image, "ENV").split_once('=').unwrap();
    let run = |words: &[String]| {
        let words: Vec<String> = words.iter().map(|word| here(word)).collect();
        let (program, rest) = words.split_first().unwrap();
        let mut command = scene.command(program, Path::new("/"));
        command.env_clear().env(name, here(value)).args(rest);
        command
    };
    let health = one(&image, "HEALTHCHECK").strip_prefix("CMD ").unwrap();
    let health = list(health);
    said(&mut run(&health)).exits(5);

    let entry = [list(one(&image, "ENTRYPOINT")), list(one(&image, "CMD"))].concat();
    let mut daemon = run(&entry);
    // One group, so that nothing of it outlives the test.
    let mut daemon = daemon
        .process_group(0)
        .stderr(std::process::Stdio::null())
        .spawn()
        .unwrap();
    let answered = std::iter::repeat_with(|| {
        std::thread::sleep(std::time::Duration::from_millis(20));
        let gone = daemon.try_wait().unwrap();
        assert!(gone.is_none(), "the daemon ended: {gone:?}");
        said(&mut run(&health))
    })
    .take(3000)
    .find(|said| said.code == 0 && said.out.contains("\nstate: ready\n"));
    let status = answered.expect("the daemon answers").out;
    let socket = here(value);
    assert!(status.contains(&format!("socket: {socket}\n")), "{status}");
    assert!(status.contains("key: kept\n"), "{status}");
    daemon.kill().unwrap();
    daemon.wait().unwrap();
}

#[test]
fn what_is_built_is_what_the_repository_has() {
    let left_out = std::fs::read_to_string(Path::new(TOP).join(".containerignore")).unwrap();
    for line in left_out.lines().filter(|line| !line.is_empty()) {
        // Whatever the build reads; a name leaves out what lies below it, too.
        for needed in [
            "Cargo.toml",
            "Cargo.lock",
            "install.sh",
            "crates",
            "config",
            ".cargo",
        ] {
            let is_above = Path::new(needed).starts_with(line) || line.starts_with(needed);
            assert!(!is_above, "{line} leaves out {needed}");
        }
    }
    // The programs find no C library in an image made of nothing.
    let stages = stages();
    assert!(one(&stages[0], "RUN").contains("--static"));
    assert!(Path::new(TOP).join(".cargo/rustc-static-hook").exists());
}
