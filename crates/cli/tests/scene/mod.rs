//! A throw-away home with an installation of lychgate in it, and the real git.

#![allow(
    dead_code,
    unreachable_pub,
    clippy::unwrap_used,
    reason = "a part of every test file, which uses what it needs of it"
)]

use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// One home.
pub struct Scene {
    root: tempfile::TempDir,
}

/// What a command said.
#[derive(Debug)]
pub struct Said {
    pub code: i32,
    pub out: String,
    pub err: String,
}

impl Said {
    /// What went to standard error, as if the page were endlessly wide.
    pub fn flat(&self) -> String {
        self.err.split_whitespace().collect::<Vec<_>>().join(" ")
    }

    #[track_caller]
    pub fn exits(self, code: i32) -> Self {
        assert_eq!(self.code, code, "out: {}\nerr: {}", self.out, self.err);
        self
    }
}

impl Drop for Scene {
    /// Ends daemons that were started here: one that still writes would keep its folder.
    fn drop(&mut self) {
        for _ in 0..2000 {
            let ours: Vec<rustix::process::Pid> = self.daemons().collect();
            if ours.is_empty() {
                return;
            }
            for pid in ours {
                // It may have ended by itself.
                let _ = rustix::process::kill_process(pid, rustix::process::Signal::KILL);
            }
            std::thread::sleep(std::time::Duration::from_millis(5));
        }
    }
}

impl Scene {
    /// Processes that run a program of this home.
    fn daemons(&self) -> impl Iterator<Item = rustix::process::Pid> {
        let bin = std::fs::canonicalize(self.root()).map(|root| root.join("bin"));
        let processes = std::fs::read_dir("/proc").into_iter().flatten().flatten();
        processes.filter_map(move |process| {
            let program = std::fs::read_link(process.path().join("exe")).ok()?;
            let pid = process.file_name().to_str()?.parse().ok()?;
            let ours = program.starts_with(bin.as_ref().ok()?);
            rustix::process::Pid::from_raw(pid).filter(|_| ours)
        })
    }

    /// A home where `lychgate-hook` is a stand-in that allows everything.
    pub fn new() -> Self {
        let scene = Self::bare();
        scene.program(
            "bin/lychgate-hook",
            "#!/bin/sh\necho \"lychgate-hook 0.1.0\"\nexit 0\n",
        );
        scene
    }

    /// A home with the three real programs.
    pub fn with_programs() -> Self {
        let scene = Self::bare();
        for name in ["lychgate-hook", "lychgated"] {
            copy(&built(name), &scene.path("bin").join(name));
        }
        scene
    }

    fn bare() -> Self {
        let root = tempfile::Builder::new().prefix("lych").tempdir().unwrap();
        let scene = Self { root };
        for folder in ["home", "run", "state", "bin", "data"] {
            std::fs::create_dir(scene.path(folder)).unwrap();
            let private = PermissionsExt::from_mode(0o700);
            std::fs::set_permissions(scene.path(folder), private).unwrap();
        }
        // A copy, so that what is beside it is this scene's.
        copy(
            Path::new(env!("CARGO_BIN_EXE_lychgate")),
            &scene.path("bin/lychgate"),
        );
        scene.git(
            scene.root(),
            ["config", "--global", "init.defaultBranch", "main"],
        );
        scene
    }

    pub fn root(&self) -> &Path {
        self.root.path()
    }

    pub fn path(&self, below: impl AsRef<Path>) -> PathBuf {
        std::fs::canonicalize(self.root()).unwrap().join(below)
    }

    /// A command in this home, with nothing of the outer environment.
    pub fn command(&self, program: impl AsRef<OsStr>, cwd: &Path) -> Command {
        let mut path = self.path("bin").into_os_string();
        path.push(":");
        path.push(std::env::var_os("PATH").unwrap_or_default());
        let mut command = Command::new(program);
        command
            .current_dir(cwd)
            .env_clear()
            .env("PATH", path)
            .env("HOME", self.path("home"))
            .env("XDG_RUNTIME_DIR", self.path("run"))
            .env("XDG_STATE_HOME", self.path("state"))
            .env("XDG_DATA_HOME", self.path("data"))
            .env("GIT_CONFIG_NOSYSTEM", "1")
            .env("GIT_AUTHOR_NAME", "a")
            .env("GIT_AUTHOR_EMAIL", "a@example.org")
            .env("GIT_COMMITTER_NAME", "a")
            .env("GIT_COMMITTER_EMAIL", "a@example.org")
            .stdin(Stdio::null());
        command
    }

    pub fn lychgate<'a>(&self, cwd: &Path, args: impl IntoIterator<Item = &'a str>) -> Said {
        said(self.command(self.path("bin/lychgate"), cwd).args(args))
    }

    /// Git, which must succeed; gives its output.
    #[track_caller]
    pub fn git<A: AsRef<OsStr>>(&self, cwd: &Path, args: impl IntoIterator<Item = A>) -> String {
        said(self.command("git", cwd).args(args)).exits(0).out
    }

    /// Git, however it ends.
    pub fn try_git<A: AsRef<OsStr>>(&self, cwd: &Path, args: impl IntoIterator<Item = A>) -> Said {
        said(self.command("git", cwd).args(args))
    }

    /// A repository with one commit, without the sample hooks.
    pub fn repository(&self, name: &str) -> PathBuf {
        let path = self.path(name);
        self.git(
            self.root(),
            ["init", "-q", "--template=", path.to_str().unwrap()],
        );
        std::fs::write(path.join("README"), "hello\n").unwrap();
        self.git(&path, ["add", "."]);
        self.git(&path, ["commit", "-qm", "first"]);
        path
    }

    pub fn bare_repository(&self, name: &str) -> PathBuf {
        let path = self.path(name);
        self.git(
            self.root(),
            ["init", "-q", "--bare", path.to_str().unwrap()],
        );
        path
    }

    /// An executable file.
    pub fn program(&self, below: impl AsRef<Path>, text: &str) -> PathBuf {
        let path = self.path(below);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        let draft = self.path("draft");
        std::fs::write(&draft, text).unwrap();
        copy(&draft, &path);
        std::fs::remove_file(draft).unwrap();
        std::fs::set_permissions(&path, PermissionsExt::from_mode(0o755)).unwrap();
        path
    }
}

/// By another process: what this one has open for writing, a child another test starts at that
/// moment holds open too, and then the system refuses to run it.
fn copy(from: &Path, to: &Path) {
    let done = Command::new("cp").arg(from).arg(to).status().unwrap();
    assert!(done.success());
}

pub fn said(command: &mut Command) -> Said {
    let done = command.output().unwrap();
    Said {
        code: done.status.code().unwrap_or(-1),
        out: String::from_utf8(done.stdout).unwrap(),
        err: String::from_utf8(done.stderr).unwrap(),
    }
}

/// Every file below `folder`: path, mode, and content or link target.
pub fn everything(folder: &Path) -> BTreeMap<PathBuf, (u32, Vec<u8>)> {
    let mut found = BTreeMap::new();
    for entry in walkdir::WalkDir::new(folder) {
        let entry = entry.unwrap();
        let meta = entry.path().symlink_metadata().unwrap();
        let content = if meta.file_type().is_symlink() {
            std::fs::read_link(entry.path())
                .unwrap()
                .as_os_str()
                .as_bytes()
                .to_vec()
        } else if meta.is_file() {
            std::fs::read(entry.path()).unwrap()
        } else {
            Vec::new()
        };
        found.insert(
            entry.path().to_path_buf(),
            (meta.permissions().mode(), content),
        );
    }
    found
}

/// One of the other programs, built when it is not there.
fn built(name: &str) -> PathBuf {
    let path = Path::new(env!("CARGO_BIN_EXE_lychgate")).with_file_name(name);
    static ONCE: std::sync::Once = std::sync::Once::new();
    ONCE.call_once(|| {
        let mut build = Command::new(env!("CARGO"));
        build.args([
            "build",
            "--quiet",
            "--package",
            "lychgate-hook",
            "--package",
            "lychgated",
        ]);
        let target = path.ancestors().nth(2).unwrap();
        build.arg("--target-dir").arg(target);
        if path.parent().is_some_and(|p| p.ends_with("release")) {
            build.arg("--release");
        }
        assert!(
            build
                .current_dir(env!("CARGO_MANIFEST_DIR"))
                .status()
                .unwrap()
                .success()
        );
    });
    path
}

/// A token with the shape and the checksum of a forge's, different for every `seed`.
pub fn token(seed: u64) -> String {
    const DIGITS: &[u8; 62] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
    let mut state = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
    let mut body = String::new();
    while body.len() < 30 {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        body.push(char::from(
            DIGITS[usize::try_from(state >> 33).unwrap() % 62],
        ));
    }
    let mut crc = !0u32;
    for byte in body.bytes() {
        crc ^= u32::from(byte);
        for _ in 0..8 {
            crc = if crc & 1 == 1 {
                crc >> 1 ^ 0xedb8_8320
            } else {
                crc >> 1
            };
        }
    }
    let mut rest = !crc;
    let mut sum = [b'0'; 6];
    for digit in sum.iter_mut().rev() {
        *digit = DIGITS[usize::try_from(rest % 62).unwrap()];
        rest /= 62;
    }
    format!(
        "{}{}{body}{}",
        "gh",
        "p_",
        std::str::from_utf8(&sum).unwrap()
    )
}
