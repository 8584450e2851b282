//! A repository with the real hook installed as `lychgate install` does it, and a daemon on a
//! thread that listens where the hook looks for it.
#![allow(
    dead_code,
    unreachable_pub,
    reason = "each test file uses a part of it"
)]
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test may fail")]

#[path = "../../../client/tests/world/mod.rs"]
pub mod world;

use std::fs::Permissions;
use std::io::Write as _;
use std::os::unix::fs::{PermissionsExt as _, symlink};
use std::os::unix::net::UnixListener;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread::JoinHandle;

use world::{Judge, World};

/// The binary as it was built. Cargo names it in a variable too, but no shell passes on a variable with
/// a hyphen in its name, and the compiler is started through one (`.cargo/rustc-static-hook`).
pub fn hook_binary() -> PathBuf {
    let test = std::env::current_exe().unwrap();
    test.parent()
        .and_then(Path::parent)
        .unwrap()
        .join("lychgate-hook")
}

/// A repository, its hooks, and the folders of its user.
pub struct Stage {
    pub world: World,
    pub user: tempfile::TempDir,
    pub hooks: PathBuf,
}

impl Stage {
    /// A work tree with client hooks.
    pub fn client() -> Self {
        let stage = Self::of(World::new(), ".git/hooks");
        for hook in ["pre-commit", "commit-msg", "pre-push"] {
            stage.install(hook);
        }
        stage
    }

    /// A bare repository with server hooks, told where the daemon listens.
    pub fn server() -> Self {
        let world = World::new();
        world.git(&["clone", "-q", "--bare", ".", "bare.git"]);
        let stage = Self::of(world, "bare.git/hooks");
        for hook in ["pre-receive", "update"] {
            stage.install(hook);
        }
        stage.conf(&format!(
            "surface = server\nsocket = {}\n",
            stage.socket().display()
        ));
        stage
    }

    fn of(world: World, hooks: &str) -> Self {
        let user = tempfile::tempdir().unwrap();
        for folder in ["run", "state", "home", "bin"] {
            std::fs::create_dir(user.path().join(folder)).unwrap();
            let private = Permissions::from_mode(0o700);
            std::fs::set_permissions(user.path().join(folder), private).unwrap();
        }
        let hooks = world.path().join(hooks);
        std::fs::create_dir_all(&hooks).unwrap();
        // A folder of its own: beside the built one a real daemon may lie.
        let (built, own) = (hook_binary(), user.path().join("bin/lychgate-hook"));
        if std::fs::hard_link(&built, &own).is_err() {
            std::fs::copy(&built, &own).unwrap();
        }
        Self { world, user, hooks }
    }

    /// Where the hook's binary lies.
    pub fn programs(&self) -> PathBuf {
        self.user.path().join("bin")
    }

    fn install(&self, hook: &str) {
        symlink(self.programs().join("lychgate-hook"), self.hooks.join(hook)).unwrap();
    }

    pub fn conf(&self, text: &str) {
        let path = self.hooks.join("lychgate.conf");
        std::fs::write(&path, text).unwrap();
        std::fs::set_permissions(&path, Permissions::from_mode(0o644)).unwrap();
    }

    /// A program of this text, in the folder of the hooks.
    pub fn script(&self, name: &str, text: &str) -> PathBuf {
        program(self.hooks.join(name), text)
    }

    /// A `lychgate` that tells how it was called in a file, and exits with `code`.
    pub fn fallback(&self, code: u8) -> PathBuf {
        let told = self.told().display().to_string();
        let tell = "printf '%s\\n' \"$@\"; echo --env; env | sort; echo --in; cat";
        self.script(
            "lychgate",
            &format!("#!/bin/sh\n{{ {tell}; }} > '{told}'\nexit {code}\n"),
        )
    }

    pub fn told(&self) -> PathBuf {
        self.user.path().join("told")
    }

    pub fn socket(&self) -> PathBuf {
        self.user.path().join("run/lychgate/lychgated.sock")
    }

    /// A daemon whose every session is judged by what `judge` gives for its number.
    pub fn daemon(&self, judge: impl Fn(usize) -> Judge + Send + 'static) -> Daemon {
        let folder = self.socket().parent().unwrap().to_owned();
        std::fs::create_dir_all(&folder).unwrap();
        std::fs::set_permissions(&folder, Permissions::from_mode(0o700)).unwrap();
        Daemon::at(&self.socket(), judge)
    }

    fn command(&self, program: &Path, folder: &Path) -> Command {
        let user = self.user.path();
        let mut command = Command::new(program);
        command.current_dir(folder).env_clear();
        command.env("PATH", std::env::var_os("PATH").unwrap_or_default());
        command
            .env("HOME", user.join("home"))
            .env("GIT_CONFIG_NOSYSTEM", "1");
        command.env("XDG_RUNTIME_DIR", user.join("run"));
        command.env("XDG_STATE_HOME", user.join("state"));
        for role in ["AUTHOR", "COMMITTER"] {
            command.env(format!("GIT_{role}_NAME"), "a");
            command.env(format!("GIT_{role}_EMAIL"), "a@example.org");
        }
        command
    }

    /// git, with the hooks on.
    pub fn git(&self, arguments: &[&str], variables: &[(&str, &str)]) -> Said {
        let mut command = self.command(Path::new("git"), self.world.path());
        command.args(arguments).envs(variables.iter().copied());
        Said::of(command.output().unwrap())
    }

    /// The hook, called as git calls it.
    pub fn hook(&self, name: &str, arguments: &[&str], stdin: &[u8]) -> Said {
        self.hook_with(name, arguments, stdin, &[])
    }

    pub fn hook_with(
        &self,
        name: &str,
        arguments: &[&str],
        stdin: &[u8],
        variables: &[(&str, &str)],
    ) -> Said {
        let bare = self.hooks.starts_with(self.world.path().join("bare.git"));
        let folder = self.world.path().join(if bare { "bare.git" } else { "" });
        let mut command = self.command(&self.hooks.join(name), &folder);
        command.args(arguments).envs(variables.iter().copied());
        if bare {
            command.env("GIT_DIR", ".");
        }
        command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        let mut child = command.spawn().unwrap();
        // A hook may well end before it has read everything.
        let _ = child.stdin.take().unwrap().write_all(stdin);
        Said::of(child.wait_with_output().unwrap())
    }

    /// A line of pre-push for a new branch.
    pub fn outgoing(&self) -> String {
        let tip = self.world.id("HEAD");
        format!("refs/heads/main {tip} refs/heads/main {}\n", "0".repeat(40))
    }

    /// A line of pre-receive for a new branch.
    pub fn incoming(&self) -> String {
        format!(
            "{} {} refs/heads/new\n",
            "0".repeat(40),
            self.world.id("HEAD")
        )
    }
}

/// Makes a program.
pub fn program(path: PathBuf, text: &str) -> PathBuf {
    std::fs::write(&path, text).unwrap();
    std::fs::set_permissions(&path, Permissions::from_mode(0o755)).unwrap();
    path
}

/// How a program ended and what it said.
#[derive(Debug)]
pub struct Said {
    pub code: i32,
    pub text: String,
}

impl Said {
    fn of(output: Output) -> Self {
        let text = [output.stdout, output.stderr].concat();
        Self {
            code: output.status.code().unwrap_or(-1),
            text: String::from_utf8_lossy(&text).into_owned(),
        }
    }

    #[track_caller]
    pub fn silently_allowed(&self) {
        assert_eq!((self.code, self.text.as_str()), (0, ""));
    }

    /// Denied, with each of `words` in what was said, on lines that fit a terminal.
    #[track_caller]
    pub fn denied(&self, words: &[&str]) {
        assert_eq!(self.code, 1, "{self:?}");
        let flat = self.text.split_whitespace().collect::<Vec<_>>().join(" ");
        for word in words {
            assert!(flat.contains(word), "no {word:?} in {:?}", self.text);
        }
    }
}

/// Listens until it is dropped.
pub struct Daemon {
    path: PathBuf,
    over: Arc<AtomicBool>,
    sessions: Arc<AtomicUsize>,
    thread: Option<JoinHandle<()>>,
}

impl Daemon {
    pub fn at(path: &Path, judge: impl Fn(usize) -> Judge + Send + 'static) -> Self {
        let _ = std::fs::remove_file(path);
        let listener = UnixListener::bind(path).unwrap();
        let over = Arc::new(AtomicBool::new(false));
        let sessions = Arc::new(AtomicUsize::new(0));
        let (ended, count) = (Arc::clone(&over), Arc::clone(&sessions));
        let thread = std::thread::spawn(move || {
            for stream in listener.incoming() {
                if ended.load(Ordering::SeqCst) {
                    return;
                }
                judge(count.fetch_add(1, Ordering::SeqCst)).listen(stream.unwrap());
            }
        });
        Self {
            path: path.to_owned(),
            over,
            sessions,
            thread: Some(thread),
        }
    }

    pub fn sessions(&self) -> usize {
        self.sessions.load(Ordering::SeqCst)
    }
}

impl Drop for Daemon {
    fn drop(&mut self) {
        self.over.store(true, Ordering::SeqCst);
        let _ = std::os::unix::net::UnixStream::connect(&self.path);
        let _ = self.thread.take().unwrap().join();
        let _ = std::fs::remove_file(&self.path);
    }
}
