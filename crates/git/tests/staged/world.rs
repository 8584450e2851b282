//! Repositories in a folder of their own, and what Git says of them.

use std::ffi::OsString;
use std::fs;
use std::ops::ControlFlow;
use std::os::unix::ffi::{OsStrExt as _, OsStringExt as _};
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};

use lychgate_git::{Environment, Error, ObjectSink, Repository, staged};
use lychgate_model::{Change, ObjectId, ObjectKind};

/// A folder that goes away with the value.
pub(crate) struct World {
    root: PathBuf,
}

impl Drop for World {
    fn drop(&mut self) {
        let _gone_anyway = fs::remove_dir_all(&self.root);
    }
}

static NEXT: AtomicU32 = AtomicU32::new(0);

impl World {
    /// An empty folder.
    pub(crate) fn empty() -> Self {
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        let name = format!("lychgate-git-{}-{number}", std::process::id());
        let root = std::env::temp_dir().join(name);
        fs::create_dir_all(&root).unwrap();
        Self {
            root: root.canonicalize().unwrap(),
        }
    }

    /// A repository in `repo`, made with these arguments to `git init`.
    pub(crate) fn with(arguments: &[&str]) -> Self {
        let world = Self::empty();
        let arguments = [&["init", "-q", "-b", "main", "repo"], arguments].concat();
        world.git_in(&world.root.clone(), &arguments);
        world
    }

    pub(crate) fn new() -> Self {
        Self::with(&[])
    }

    pub(crate) fn root(&self) -> &Path {
        &self.root
    }

    pub(crate) fn repo(&self) -> PathBuf {
        self.root.join("repo")
    }

    pub(crate) fn git(&self, arguments: &[&str]) -> String {
        self.git_in(&self.repo(), arguments)
    }

    /// Runs Git, which must succeed; what it prints, without the last line end.
    pub(crate) fn git_in(&self, folder: &Path, arguments: &[&str]) -> String {
        let output = self.try_git(folder, arguments, &[]);
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(output.status.success(), "git {arguments:?}: {said}");
        String::from_utf8_lossy(&output.stdout)
            .trim_end()
            .to_owned()
    }

    pub(crate) fn try_git(
        &self,
        folder: &Path,
        arguments: &[&str],
        variables: &[(&str, &str)],
    ) -> Output {
        let mut command = Command::new("git");
        command
            .env_clear()
            .env("PATH", std::env::var_os("PATH").unwrap());
        for (name, value) in [
            ("GIT_CONFIG_GLOBAL", "/dev/null"),
            ("GIT_CONFIG_SYSTEM", "/dev/null"),
            ("GIT_AUTHOR_NAME", "A"),
            ("GIT_AUTHOR_EMAIL", "a@example.org"),
            ("GIT_COMMITTER_NAME", "A"),
            ("GIT_COMMITTER_EMAIL", "a@example.org"),
            ("GIT_AUTHOR_DATE", "1700000000 +0000"),
            ("GIT_COMMITTER_DATE", "1700000000 +0000"),
            ("LC_ALL", "C"),
        ] {
            command.env(name, value);
        }
        command.envs(variables.iter().copied());
        command
            .args(["-c", "protocol.file.allow=always", "-c", "gc.auto=0"])
            .args(arguments);
        command
            .current_dir(folder)
            .stdin(Stdio::null())
            .output()
            .unwrap()
    }

    pub(crate) fn write(&self, path: &str, content: &str) {
        self.write_bytes(path.as_bytes(), content.as_bytes());
    }

    pub(crate) fn write_bytes(&self, path: &[u8], content: &[u8]) {
        let file = self.repo().join(OsString::from_vec(path.to_vec()));
        fs::create_dir_all(file.parent().unwrap()).unwrap();
        fs::write(file, content).unwrap();
    }

    /// Writes a file and stages it.
    pub(crate) fn add(&self, path: &str, content: &str) {
        self.write(path, content);
        self.git(&["add", "-f", "--", path]);
    }

    pub(crate) fn commit(&self) {
        self.git(&["commit", "-q", "--allow-empty", "-m", "x"]);
    }

    /// A repository with a few folders, committed.
    pub(crate) fn populated() -> Self {
        let world = Self::new();
        world.populate();
        world
    }

    pub(crate) fn populate(&self) {
        for path in [
            "a", "b/c", "b/d/e", "b/d/f", "b-x", "z/y/x/w", "z/y/v", "top.txt",
        ] {
            self.add(path, &format!("content of {path}\n"));
        }
        self.commit();
    }

    pub(crate) fn environment(&self) -> Environment {
        environment(&self.repo(), &[])
    }

    pub(crate) fn open(&self) -> Repository {
        Repository::open(&self.environment()).unwrap()
    }

    /// Compares what we say of the index with what Git says.
    pub(crate) fn check(&self) -> Vec<String> {
        self.check_in(&self.repo(), &[])
    }

    pub(crate) fn check_in(&self, folder: &Path, variables: &[(&str, &str)]) -> Vec<String> {
        let repo = Repository::open(&environment(folder, variables)).unwrap();
        let ours = changes(&repo).unwrap();
        let ours: Vec<String> = ours.iter().map(raw).collect();
        let head = self.try_git(folder, &["rev-parse", "-q", "--verify", "HEAD"], variables);
        let base = if head.status.success() {
            "HEAD".to_owned()
        } else {
            let empty = ["hash-object", "-t", "tree", "/dev/null"];
            String::from_utf8(self.try_git(folder, &empty, variables).stdout).unwrap()
        };
        let arguments = [
            "diff-index",
            "-r",
            "--cached",
            "--raw",
            "-z",
            "--no-abbrev",
            "--no-renames",
            "--ita-invisible-in-index",
            "--ignore-submodules=none",
            base.trim_end(),
        ];
        let output = self.try_git(folder, &arguments, variables);
        assert!(
            output.status.success(),
            "{}",
            String::from_utf8_lossy(&output.stderr)
        );
        let mut wanted = Vec::new();
        let mut fields = output.stdout.split(|&b| b == 0);
        while let (Some(head), Some(path)) = (fields.next(), fields.next()) {
            let head = std::str::from_utf8(head).unwrap();
            // Without the letter for the kind of change.
            wanted.push(format!(
                "{} {}",
                &head[..head.len() - 2],
                path.escape_ascii()
            ));
        }
        assert_eq!(ours, wanted);
        ours
    }
}

/// The environment of a program in `folder` with these variables.
pub(crate) fn environment(folder: &Path, variables: &[(&str, &str)]) -> Environment {
    let variables = variables
        .iter()
        .map(|(name, value)| (name.into(), value.into()));
    Environment::new(folder.to_owned(), variables)
}

pub(crate) fn changes(repo: &Repository) -> Result<Vec<Change>, Error> {
    let mut all = Vec::new();
    staged(repo, &mut |change| {
        all.push(change);
        ControlFlow::Continue(())
    })?;
    Ok(all)
}

/// A change as `git diff-index --raw` has it.
fn raw(change: &Change) -> String {
    let null = ObjectId::null(change.new.or(change.old).unwrap().id.kind());
    let mode = |side: Option<lychgate_model::Side>| side.map_or(0, |side| side.mode.bits());
    let id = |side: Option<lychgate_model::Side>| side.map_or(null, |side| side.id);
    format!(
        ":{:06o} {:06o} {} {} {}",
        mode(change.old),
        mode(change.new),
        id(change.old),
        id(change.new),
        change.path.as_bytes().escape_ascii()
    )
}

/// Collects one object.
#[derive(Default)]
pub(crate) struct Collected {
    pub(crate) header: Option<(ObjectKind, u64)>,
    pub(crate) content: Vec<u8>,
    pub(crate) largest: usize,
}

impl ObjectSink for Collected {
    fn begin(&mut self, kind: ObjectKind, size: u64) -> ControlFlow<()> {
        self.header = Some((kind, size));
        ControlFlow::Continue(())
    }

    fn data(&mut self, piece: &[u8]) -> ControlFlow<()> {
        self.largest = self.largest.max(piece.len());
        self.content.extend_from_slice(piece);
        ControlFlow::Continue(())
    }
}

/// An id from what Git printed.
pub(crate) fn id(hex: &str) -> ObjectId {
    ObjectId::from_hex(hex.as_bytes()).unwrap()
}

/// Where a loose object lies.
pub(crate) fn loose(world: &World, hex: &str) -> PathBuf {
    let (fan_out, rest) = hex.split_at(2);
    let path = world.repo().join(".git/objects").join(fan_out).join(rest);
    assert!(path.as_os_str().as_bytes().ends_with(rest.as_bytes()));
    path
}
