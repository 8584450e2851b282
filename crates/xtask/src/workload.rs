//! The repositories that are measured: synthetic ones from `tests/synthetic.py`, or a real one.

use std::path::PathBuf;
use std::process::{Command, Stdio};

use lychgate_e2e::{Repo, World};

/// A repository of `files` files with `commits` commits after the first, no hooks installed.
pub(crate) fn synthetic<'w>(
    world: &'w World,
    name: &str,
    files: u32,
    commits: u32,
    lines: u32,
) -> Repo<'w> {
    let repo = world.bare_of_hooks(name, &[]);
    let script = crate::top().join("tests/synthetic.py");
    let mut make = Command::new("python3")
        .arg(script)
        .args([files, commits, 4, lines].map(|n| n.to_string()))
        .stdout(Stdio::piped())
        .spawn()
        .expect("python3 is installed");
    let stream = make.stdout.take().expect("piped");
    let import = world
        .command("git", &repo.path)
        .args(["fast-import", "--quiet", "--done"])
        .stdin(stream)
        .status()
        .expect("git runs");
    assert!(
        import.success() && make.wait().is_ok_and(|s| s.success()),
        "the repository was not made"
    );
    repo.git(&["reset", "-q", "--hard"]).ok();
    repo
}

/// The repository that `LYCHGATE_BENCH_REPO` names, to be pushed whole; otherwise a synthetic one
/// of 10,000 commits and more than 500 MB of blobs.
pub(crate) fn history(world: &World) -> PathBuf {
    if let Some(named) = std::env::var_os("LYCHGATE_BENCH_REPO") {
        return PathBuf::from(named);
    }
    synthetic(world, "history", 3000, 10_000, 300).path
}
