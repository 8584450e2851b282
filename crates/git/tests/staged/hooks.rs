//! What a real hook sees, in every way Git starts one. The hook is this test program again, told
//! by a variable to answer instead of to test.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use lychgate_git::{Environment, Repository};

use crate::world::{World, changes};

const ANSWER: &str = "LYCHGATE_TEST_ANSWER";

/// Writes what is staged to the file the variable names; without it, tests nothing.
#[test]
fn probe() {
    let Some(path) = std::env::var_os(ANSWER) else {
        return;
    };
    let cwd = std::env::current_dir().unwrap();
    let repo = Repository::open(&Environment::new(cwd, std::env::vars_os())).unwrap();
    let mut said: Vec<String> = changes(&repo)
        .unwrap()
        .iter()
        .map(|change| change.path.to_string())
        .collect();
    said.push(format!("bare {}", repo.work_tree().is_none()));
    fs::write(path, said.join("\n")).unwrap();
}

struct Hooked {
    world: World,
}

impl Hooked {
    fn new() -> Self {
        Self::over(World::populated())
    }

    fn over(world: World) -> Self {
        let hooked = Self { world };
        let hooks = hooked.world.root().join("hooks");
        fs::create_dir(&hooks).unwrap();
        let program = std::env::current_exe().unwrap();
        let script = format!(
            "#!/bin/sh\n{ANSWER}='{}' exec '{}' hooks::probe --exact >/dev/null\n",
            hooked.answer().display(),
            program.display()
        );
        for name in ["pre-commit", "pre-merge-commit"] {
            fs::write(hooks.join(name), &script).unwrap();
            fs::set_permissions(hooks.join(name), fs::Permissions::from_mode(0o755)).unwrap();
        }
        let path = hooks.to_str().unwrap().to_owned();
        hooked.world.git(&["config", "core.hooksPath", &path]);
        hooked
    }

    fn answer(&self) -> std::path::PathBuf {
        self.world.root().join("answer")
    }

    /// Runs Git, whose hook must have seen these paths staged.
    fn sees(&self, folder: &Path, arguments: &[&str], wanted: &[&str]) {
        let _none_yet = fs::remove_file(self.answer());
        self.world.git_in(folder, arguments);
        let answer = fs::read_to_string(self.answer()).unwrap();
        let mut lines: Vec<_> = answer.lines().collect();
        assert_eq!(lines.pop(), Some("bare false"));
        assert_eq!(lines, wanted, "{arguments:?}");
    }
}

#[test]
fn every_way_to_commit() {
    let hooked = Hooked::new();
    let world = &hooked.world;
    let repo = world.repo();
    let within = repo.join("b/d");

    world.add("a", "1\n");
    world.write("b/c", "only in the work tree\n");
    hooked.sees(&repo, &["commit", "-qm", "x"], &["a"]);
    hooked.sees(&repo, &["commit", "-qam", "x"], &["b/c"]);

    world.add("a", "2\n");
    world.write("b/c", "2\n");
    hooked.sees(&repo, &["commit", "-qm", "x", "b/c"], &["b/c"]);
    hooked.sees(&within, &["commit", "-qm", "x"], &["a"]);

    world.add("a", "3\n");
    world.write("b/c", "3\n");
    hooked.sees(
        &within,
        &["commit", "-qm", "x", "--include", "../c"],
        &["a", "b/c"],
    );
    world.add("a", "4\n");
    world.write("b/d/e", "4\n");
    hooked.sees(&within, &["commit", "-qm", "x", "--only", "e"], &["b/d/e"]);
    hooked.sees(&within, &["commit", "-qam", "x"], &["a"]);
    hooked.sees(&repo, &["commit", "-qm", "x", "--allow-empty"], &[]);

    world.add("new", "5\n");
    hooked.sees(&repo, &["commit", "-q", "--amend", "-m", "y"], &["new"]);
    let git_dir = repo.join(".git").into_os_string().into_string().unwrap();
    world.add("a", "6\n");
    let work_tree = repo.to_str().unwrap();
    let arguments = [
        "--git-dir",
        &git_dir,
        "--work-tree",
        work_tree,
        "commit",
        "-qm",
        "x",
    ];
    hooked.sees(Path::new("/"), &arguments, &["a"]);
    world.add("a", "7\n");
    let dash_c = ["-C", work_tree, "commit", "-qm", "x"];
    hooked.sees(Path::new("/"), &dash_c, &["a"]);
}

#[test]
fn the_first_commit_and_other_formats() {
    for arguments in [
        &[][..],
        &["--object-format=sha256", "--ref-format=reftable"],
    ] {
        let hooked = Hooked::over(World::with(arguments));
        let repo = hooked.world.repo();
        hooked.world.add("first", "1\n");
        hooked.sees(&repo, &["commit", "-qm", "x"], &["first"]);
        hooked.world.add("second", "1\n");
        hooked.sees(&repo, &["commit", "-qm", "x"], &["second"]);
    }
}

#[test]
fn linked_work_trees_and_submodules() {
    let hooked = Hooked::new();
    let world = &hooked.world;
    world.git(&["worktree", "add", "-q", "../linked", "-b", "linked"]);
    let linked = world.root().join("linked");
    fs::write(linked.join("a"), "1\n").unwrap();
    fs::write(linked.join("b/c"), "1\n").unwrap();
    world.git_in(&linked, &["add", "a"]);
    hooked.sees(&linked.join("b/d"), &["commit", "-qm", "x"], &["a"]);
    hooked.sees(&linked, &["commit", "-qam", "x"], &["b/c"]);

    let url = linked.to_str().unwrap().to_owned();
    world.git(&["submodule", "--quiet", "add", &url, "sub"]);
    hooked.sees(
        &world.repo(),
        &["commit", "-qm", "x"],
        &[".gitmodules", "sub"],
    );
    let sub = world.repo().join("sub");
    let hooks = world.root().join("hooks");
    world.git_in(&sub, &["config", "core.hooksPath", hooks.to_str().unwrap()]);
    fs::write(sub.join("a"), "in the submodule\n").unwrap();
    hooked.sees(&sub.join("b"), &["commit", "-qam", "x"], &["a"]);
    hooked.sees(&world.repo(), &["commit", "-qam", "x"], &["sub"]);
}

#[test]
fn merges_with_and_without_conflict() {
    let hooked = Hooked::new();
    let world = &hooked.world;
    let repo = world.repo();
    world.git(&["checkout", "-q", "-b", "side"]);
    world.add("side", "1\n");
    hooked.sees(&repo, &["commit", "-qm", "x"], &["side"]);
    world.git(&["checkout", "-q", "main"]);
    world.add("main", "1\n");
    hooked.sees(&repo, &["commit", "-qm", "x"], &["main"]);
    hooked.sees(&repo, &["merge", "-q", "-m", "x", "side"], &["side"]);

    world.git(&["checkout", "-q", "side"]);
    world.add("a", "theirs\n");
    hooked.sees(&repo, &["commit", "-qm", "x"], &["a"]);
    world.git(&["checkout", "-q", "main"]);
    world.add("a", "ours\n");
    hooked.sees(&repo, &["commit", "-qm", "x"], &["a"]);
    assert!(
        !world
            .try_git(&repo, &["merge", "side"], &[])
            .status
            .success()
    );
    world.add("a", "both\n");
    hooked.sees(&repo, &["commit", "-qm", "x"], &["a"]);
    assert_eq!(world.git(&["rev-list", "--count", "--merges", "HEAD"]), "2");
}
