//! The repositories that are measured: synthetic ones from `tests/synthetic.py`, or a real one.

use std::io::{BufWriter, Write as _};
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

/// A repository of one commit with so many files of a few bytes, a hundred in each folder.
pub(crate) fn tiny(world: &World, files: u32) -> PathBuf {
    let repo = world.bare_of_hooks("tiny", &[]);
    let mut import = world
        .command("git", &repo.path)
        .args(["fast-import", "--quiet", "--done"])
        .stdin(Stdio::piped())
        .spawn()
        .expect("git runs");
    let mut stream = BufWriter::new(import.stdin.take().expect("piped"));
    let mut write = |text: String| {
        let written = stream.write_all(text.as_bytes());
        written.expect("git reads what it is sent");
    };
    write("commit refs/heads/main\ncommitter B <b@example.org> 1 +0000\ndata 2\nx\n".into());
    for n in 0..files {
        let text = format!("{:x}\n", n.wrapping_mul(2_654_435_761) >> 4);
        let (folder, size) = (n / 100, text.len());
        write(format!(
            "M 100644 inline d{folder}/f{n}\ndata {size}\n{text}\n"
        ));
    }
    write("done\n".into());
    stream.flush().expect("git reads what it is sent");
    drop(stream);
    assert!(import.wait().is_ok_and(|s| s.success()), "it was not made");
    repo.path
}

/// The repository that `LYCHGATE_BENCH_REPO` names, to be pushed whole; otherwise a synthetic one
/// of 10,000 commits and more than 500 MB of blobs.
pub(crate) fn history(world: &World) -> PathBuf {
    if let Some(named) = std::env::var_os("LYCHGATE_BENCH_REPO") {
        return PathBuf::from(named);
    }
    synthetic(world, "history", 3000, 10_000, 300).path
}
