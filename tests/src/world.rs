//! The world and the repositories in it.

use std::ffi::{OsStr, OsString};
use std::io::Write;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::Mutex;

use crate::{Output, binaries};

/// A throw-away home with its own daemon.
pub struct World {
    root: tempfile::TempDir,
    /// Everything any command of this world printed, for the test that greps it.
    said: Mutex<Vec<u8>>,
}

impl World {
    /// An empty world.
    pub fn new() -> Self {
        let root = tempfile::Builder::new()
            .prefix("lych")
            .tempdir()
            .expect("a temporary folder");
        let world = Self {
            root,
            said: Mutex::default(),
        };
        for folder in ["home", "run", "state", "tmp"] {
            let path = world.root().join(folder);
            std::fs::create_dir(&path).expect("an empty world");
            std::fs::set_permissions(&path, PermissionsExt::from_mode(0o700)).expect("ours");
        }
        for (key, value) in [
            ("init.defaultBranch", "main"),
            ("protocol.file.allow", "always"),
            ("advice.detachedHead", "false"),
            ("gc.auto", "0"),
        ] {
            world
                .run("git", ["config", "--global", key, value], world.root())
                .ok();
        }
        world
    }

    /// The folder everything of this world lies in.
    pub fn root(&self) -> &Path {
        self.root.path()
    }

    /// Where the daemon keeps its state.
    pub fn state(&self) -> PathBuf {
        self.root().join("state").join("lychgate")
    }

    /// The socket of the per-user daemon.
    pub fn socket(&self) -> PathBuf {
        self.root()
            .join("run")
            .join("lychgate")
            .join("lychgated.sock")
    }

    /// A command in this world's environment, and nothing of the outer one's.
    pub fn command(&self, program: impl AsRef<OsStr>, cwd: impl AsRef<Path>) -> Command {
        let at = |name: &str| self.root().join(name);
        let mut path = binaries().clone().into_os_string();
        path.push(":");
        path.push(std::env::var_os("PATH").unwrap_or_default());
        let mut command = Command::new(program);
        command
            .current_dir(cwd)
            .env_clear()
            .env("PATH", path)
            .env("HOME", at("home"))
            .env("TMPDIR", at("tmp"))
            .env("LANG", "C.UTF-8")
            .env("XDG_RUNTIME_DIR", at("run"))
            .env("XDG_STATE_HOME", at("state"))
            .env("XDG_CONFIG_HOME", at("home").join(".config"))
            .env("XDG_CACHE_HOME", at("home").join(".cache"))
            .env("GIT_CONFIG_NOSYSTEM", "1")
            .env("GIT_TERMINAL_PROMPT", "0");
        for who in ["AUTHOR", "COMMITTER"] {
            command
                .env(format!("GIT_{who}_NAME"), "a")
                .env(format!("GIT_{who}_EMAIL"), "a@b.org");
        }
        command
    }

    /// Runs a prepared command to its end.
    #[must_use]
    pub fn finish(&self, mut command: Command, stdin: &[u8]) -> Output {
        command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        let mut child = command.spawn().expect("the program exists");
        let mut pipe = child.stdin.take().expect("piped");
        let stdin = stdin.to_vec();
        // A program may end without reading its input: that is its right, not our failure.
        let feed = std::thread::spawn(move || pipe.write_all(&stdin).is_ok());
        let output = self.gather(child);
        let _ = feed.join();
        output
    }

    /// Waits for a child whose streams are piped.
    #[must_use]
    pub fn gather(&self, child: Child) -> Output {
        let done = child.wait_with_output().expect("a child ends");
        let mut said = self.said.lock().expect("no test panics while holding it");
        said.extend_from_slice(&done.stdout);
        said.extend_from_slice(&done.stderr);
        Output {
            code: done.status.code().unwrap_or(-1),
            stdout: done.stdout,
            stderr: done.stderr,
        }
    }

    /// Runs `program` to its end.
    #[must_use]
    pub fn run<I>(&self, program: &str, args: I, cwd: impl AsRef<Path>) -> Output
    where
        I: IntoIterator,
        I::Item: AsRef<OsStr>,
    {
        let mut command = self.command(program, cwd);
        command.args(args);
        self.finish(command, b"")
    }

    /// Runs `lychgate` in the root of the world.
    #[must_use]
    pub fn lychgate(&self, args: &[&str]) -> Output {
        self.run("lychgate", args, self.root())
    }

    /// Everything any command of this world printed so far.
    pub fn everything_said(&self) -> Vec<u8> {
        self.said
            .lock()
            .expect("no test panics while holding it")
            .clone()
    }

    /// A new repository with one commit and the hooks installed.
    pub fn repo(&self, name: &str) -> Repo<'_> {
        let repo = self.bare_of_hooks(name, &[]);
        repo.write("README", "hello\n");
        repo.git(&["add", "."]).ok();
        repo.git(&["commit", "-qm", "init"]).ok();
        repo.lychgate(&["install"]).ok();
        repo
    }

    /// A new, empty repository without hooks; `init` are further arguments of `git init`.
    pub fn bare_of_hooks(&self, name: &str, init: &[&str]) -> Repo<'_> {
        let path = self.root().join(name);
        let mut args = vec!["init", "-q"];
        args.extend_from_slice(init);
        args.push(name);
        self.run("git", args, self.root()).ok();
        Repo { world: self, path }
    }

    /// A bare repository behind the gate, and a clone of it that has pushed one commit. The
    /// daemon must run.
    pub fn server(&self, name: &str) -> (Repo<'_>, Repo<'_>) {
        let bare = self.bare_of_hooks(&format!("{name}.git"), &["--bare"]);
        self.run(
            "lychgate",
            [
                OsStr::new("install"),
                OsStr::new("--server"),
                bare.path.as_os_str(),
            ],
            self.root(),
        )
        .ok();
        let clone = self.bare_of_hooks(name, &[]);
        clone
            .git(&["remote", "add", "o", &format!("../{name}.git")])
            .ok();
        clone.write("README", "hello\n");
        clone.git(&["add", "."]).ok();
        clone.git(&["commit", "-qm", "init"]).ok();
        clone.git(&["push", "-q", "o", "main"]).ok();
        (bare, clone)
    }

    /// Starts the daemon as an admin would.
    pub fn start_daemon(&self) {
        self.lychgate(&["daemon", "start"]).ok();
    }

    /// Process ids of this world's daemons.
    pub fn daemons(&self) -> Vec<i32> {
        let mut found = Vec::new();
        let root = self.root().as_os_str().as_bytes();
        for entry in std::fs::read_dir("/proc").expect("Linux").flatten() {
            let Some(pid) = entry.file_name().to_str().and_then(|n| n.parse().ok()) else {
                continue;
            };
            let read = |name: &str| std::fs::read(entry.path().join(name)).unwrap_or_default();
            let holds = |hay: &[u8], needle: &[u8]| hay.windows(needle.len()).any(|w| w == needle);
            let (line, environ) = (read("cmdline"), read("environ"));
            if holds(&line, b"lychgated") && (holds(&line, root) || holds(&environ, root)) {
                found.push(pid);
            }
        }
        found
    }

    /// Sends `signal` to every daemon of this world.
    pub fn signal_daemons(&self, signal: rustix::process::Signal) {
        for pid in self.daemons() {
            if let Some(pid) = rustix::process::Pid::from_raw(pid) {
                let _ = rustix::process::kill_process(pid, signal);
            }
        }
    }
}

impl Default for World {
    fn default() -> Self {
        Self::new()
    }
}

impl Drop for World {
    /// Ends its daemons: one that still writes would keep its folder.
    fn drop(&mut self) {
        for _ in 0..2000 {
            if self.daemons().is_empty() {
                return;
            }
            self.signal_daemons(rustix::process::Signal::KILL);
            std::thread::sleep(std::time::Duration::from_millis(5));
        }
    }
}

/// One repository of a world.
pub struct Repo<'w> {
    /// The world it lies in.
    pub world: &'w World,
    /// Its root.
    pub path: PathBuf,
}

impl Repo<'_> {
    /// Runs git here.
    #[must_use]
    pub fn git(&self, args: &[&str]) -> Output {
        self.world.run("git", args, &self.path)
    }

    /// Runs git here with further variables.
    #[must_use]
    pub fn git_with(&self, args: &[&str], env: &[(&str, &str)]) -> Output {
        let mut command = self.world.command("git", &self.path);
        command.args(args).envs(env.iter().copied());
        self.world.finish(command, b"")
    }

    /// Runs `lychgate` here.
    #[must_use]
    pub fn lychgate(&self, args: &[&str]) -> Output {
        self.world.run("lychgate", args, &self.path)
    }

    /// Writes a file of the working tree, replacing whatever stands there.
    pub fn write(&self, name: impl AsRef<Path>, content: impl AsRef<[u8]>) {
        let path = self.path.join(name);
        if let Some(parent) = path.parent() {
            std::fs::create_dir_all(parent).expect("a writable world");
        }
        if path.is_symlink() {
            std::fs::remove_file(&path).expect("a link can go");
        }
        std::fs::write(path, content).expect("a writable world");
    }

    /// Writes a file and stages everything.
    pub fn stage(&self, name: impl AsRef<Path>, content: impl AsRef<[u8]>) {
        self.write(name, content);
        self.git(&["add", "-A"]).ok();
    }

    /// `git commit` with the hooks on.
    #[must_use]
    pub fn commit(&self) -> Output {
        self.git(&["commit", "-qm", "change"])
    }

    /// Stages a file and commits it past the hooks, to build a history with debt.
    pub fn commit_unseen(&self, name: impl AsRef<Path>, content: impl AsRef<[u8]>) {
        self.stage(name, content);
        self.git(&["commit", "-qnm", "change", "--allow-empty"])
            .ok();
    }

    /// `git push o` of these refs.
    #[must_use]
    pub fn push(&self, refs: &[&str]) -> Output {
        let mut args = vec!["push", "-q", "o"];
        args.extend_from_slice(refs);
        self.git(&args)
    }

    /// The id `name` resolves to.
    pub fn id(&self, name: &str) -> String {
        self.git(&["rev-parse", name]).ok().out()
    }

    /// Every file below the repository with its content and mode, to prove that nothing changed.
    pub fn snapshot(&self) -> Vec<(OsString, u32, Vec<u8>)> {
        let mut all = Vec::new();
        let mut folders = vec![self.path.clone()];
        while let Some(folder) = folders.pop() {
            for entry in std::fs::read_dir(&folder).expect("readable").flatten() {
                let (path, meta) = (entry.path(), entry.metadata().expect("readable"));
                let mode = meta.permissions().mode();
                if meta.is_dir() {
                    folders.push(path.clone());
                    all.push((path.into_os_string(), mode, Vec::new()));
                } else if meta.is_symlink() {
                    let target = std::fs::read_link(&path).expect("a link");
                    all.push((
                        path.into_os_string(),
                        mode,
                        target.as_os_str().as_bytes().to_vec(),
                    ));
                } else {
                    let content = std::fs::read(&path).expect("readable");
                    all.push((path.into_os_string(), mode, content));
                }
            }
        }
        all.sort();
        all
    }
}
