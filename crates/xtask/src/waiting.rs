//! A push that waits to be judged, as `pre-receive` sees it.

use std::path::{Path, PathBuf};
use std::process::Command;

use lychgate_e2e::{Repo, World};

/// A quarantine that holds the history of a repository, or the end of it.
pub(crate) struct Waiting<'w> {
    pub(crate) bare: Repo<'w>,
    pub(crate) quarantine: PathBuf,
    stdin: PathBuf,
    range: String,
}

impl<'w> Waiting<'w> {
    /// A bare repository behind the gate, to which the history of `source` is about to be pushed:
    /// all of it, or with `LYCHGATE_BENCH_COMMITS=n` the last n commits or some more, when the
    /// repository has those before them.
    pub(crate) fn new(world: &'w World, source: &Path) -> Self {
        let name = source.file_name().unwrap_or_default().display();
        let bare = world.bare_of_hooks(&format!("bench-{name}.git"), &["--bare"]);
        world
            .lychgate(&["install", "--server", &bare.path.display().to_string()])
            .ok();
        let quarantine = bare.path.join("objects/tmp_objdir-incoming-bench");
        std::fs::create_dir_all(quarantine.join("pack")).expect("a writable world");
        let tip = shell(world, source, "git rev-parse HEAD");
        let old = last().map(|commits| before(world, source, commits));
        let (objects, packs) = (bare.path.join("objects"), quarantine.join("pack"));
        let line = match &old {
            None => {
                fill(world, source, &tip, &packs);
                format!("{} {tip} refs/heads/main\n", "0".repeat(tip.len()))
            }
            Some(old) => {
                fill(world, source, old, &objects.join("pack"));
                bare.git(&["update-ref", "refs/heads/main", old]).ok();
                // As a push sends it, and as git takes it in: a thin pack, then completed.
                let script = format!(
                    "printf '%s\\n^%s\\n' {tip} {old} |
                     git -c pack.threads=2 pack-objects -q --thin --stdout --revs --delta-base-offset |
                     GIT_OBJECT_DIRECTORY={0} GIT_ALTERNATE_OBJECT_DIRECTORIES={1} \
                     git --git-dir={2} index-pack --stdin --fix-thin",
                    quarantine.display(),
                    objects.display(),
                    bare.path.display(),
                );
                shell(world, source, &script);
                format!("{old} {tip} refs/heads/main\n")
            }
        };
        let range = old.map_or(tip.clone(), |old| format!("{old}..{tip}"));
        let range = format!("git rev-list --count {range}");
        let range = format!("{} commits", shell(world, source, &range));
        let stdin = bare.path.join("stdin");
        std::fs::write(&stdin, line).expect("a writable world");
        Self {
            bare,
            quarantine,
            stdin,
            range,
        }
    }

    /// How much waits, in words.
    pub(crate) fn size(&self) -> &str {
        &self.range
    }

    /// The real pre-receive hook, as git runs it while the push waits.
    pub(crate) fn hook(&self) -> Command {
        let script = format!("exec hooks/pre-receive < {}", self.stdin.display());
        let mut hook = self.bare.world.command("sh", &self.bare.path);
        hook.args(["-c", &script])
            .env("GIT_DIR", ".")
            .env("GIT_OBJECT_DIRECTORY", &self.quarantine)
            .env("GIT_QUARANTINE_PATH", &self.quarantine)
            .env(
                "GIT_ALTERNATE_OBJECT_DIRECTORIES",
                self.bare.path.join("objects"),
            );
        hook
    }

    /// The pack that waits.
    pub(crate) fn pack(&self) -> PathBuf {
        let files = std::fs::read_dir(self.quarantine.join("pack")).expect("made above");
        let mut paths = files.flatten().map(|file| file.path());
        let pack = paths.find(|path| path.extension().is_some_and(|e| e == "pack"));
        pack.expect("a pack was made")
    }
}

/// How many commits are to be pushed; `None`: all.
fn last() -> Option<usize> {
    std::env::var("LYCHGATE_BENCH_COMMITS").ok()?.parse().ok()
}

/// The newest commit of the main line that leaves out so many commits, or its first.
fn before(world: &World, source: &Path, commits: usize) -> String {
    let line = shell(world, source, "git rev-list --first-parent HEAD");
    let line: Vec<&str> = line.lines().collect();
    let few = |commit: &&str| {
        let count = shell(
            world,
            source,
            &format!("git rev-list --count {commit}..HEAD"),
        );
        count.parse::<usize>().is_ok_and(|count| count < commits)
    };
    let at = line.partition_point(few).min(line.len() - 1);
    line.get(at)
        .map(|commit| (*commit).to_owned())
        .unwrap_or_default()
}

/// Packs everything reachable from `tip` into `folder`, as index-pack leaves it.
fn fill(world: &World, source: &Path, tip: &str, folder: &Path) {
    let script = format!(
        "echo {tip} | git -c pack.threads=2 pack-objects -q --revs --delta-base-offset {}/pack",
        folder.display()
    );
    shell(world, source, &script);
}

/// What a script says that runs in the repository `source`, whoever owns that.
fn shell(world: &World, source: &Path, script: &str) -> String {
    let mut shell = world.command("sh", source);
    shell
        .args(["-ec", script])
        .env("GIT_CONFIG_COUNT", "1")
        .env("GIT_CONFIG_KEY_0", "safe.directory")
        .env("GIT_CONFIG_VALUE_0", "*");
    world.finish(shell, b"").ok().out().trim().to_owned()
}
