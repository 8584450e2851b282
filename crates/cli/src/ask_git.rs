//! What the installed `git` itself says about a repository: which hooks folder it would use.
//!
//! Installing and diagnosing ask git and do not work it out, since what counts is the folder that
//! this git will look into. Judging never does this, and content is never read this way: git
//! would run what a repository names and fetch what it lacks.

use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use crate::failure::{Failure, Kind};

/// `git`, run in one folder.
#[derive(Clone, Debug)]
pub(crate) struct Git {
    folder: PathBuf,
    any_owner: bool,
}

/// How a repository lies on disk; every path absolute.
#[derive(Clone, Debug)]
pub(crate) struct Layout {
    /// Whether there is no work tree.
    pub(crate) bare: bool,
    /// Where git runs client hooks: the top of the work tree; for a bare repository itself.
    pub(crate) top: PathBuf,
    /// The `.git` of this work tree.
    pub(crate) git_dir: PathBuf,
    /// The `.git` that linked worktrees share.
    pub(crate) common_dir: PathBuf,
    /// The folder git looks for hooks in; may not exist.
    pub(crate) hooks: PathBuf,
}

/// `core.hooksPath` as it takes effect.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct HooksPath {
    /// `system`, `global`, `local`, `worktree` or `command`.
    pub(crate) scope: String,
    /// The file that says so, as git names it.
    pub(crate) origin: String,
    /// The value as written.
    pub(crate) value: OsString,
}

impl HooksPath {
    /// What turns every hook off, as the subject of a sentence; `None`: hooks are run.
    pub(crate) fn off(&self) -> Option<&'static str> {
        match self.value.as_encoded_bytes() {
            // Git looks for them in the root of the file system then.
            b"" => Some("an empty core.hooksPath"),
            b"/dev/null" => Some("core.hooksPath = /dev/null"),
            _ => None,
        }
    }

    /// The command that takes it back, and it alone: a key may have several values.
    pub(crate) fn unset(&self) -> String {
        if self.scope == "command" {
            return "unset GIT_CONFIG_COUNT GIT_CONFIG_PARAMETERS".to_owned();
        }
        let only = match self.value.as_encoded_bytes() {
            b"" => " '^$'",
            b"/dev/null" => " '^/dev/null$'",
            _ => "",
        };
        format!(
            "git config --{} --unset-all core.hooksPath{only}",
            self.scope
        )
    }
}

impl Git {
    /// Git in `folder`, which must belong to this user as far as git cares.
    pub(crate) fn at(folder: &Path) -> Self {
        Self {
            folder: folder.to_path_buf(),
            any_owner: false,
        }
    }

    /// Git in `folder`, a repository itself, whoever owns it: an administrator looks after other
    /// users' repositories. Only questions are asked this way, and none of them runs what a
    /// configuration names.
    pub(crate) fn of_any_owner(folder: &Path) -> Self {
        Self {
            folder: folder.to_path_buf(),
            any_owner: true,
        }
    }

    /// The repository this folder is in; `None`: in none.
    pub(crate) fn layout(&self) -> Result<Option<Layout>, Failure> {
        let Some(git_dir) = self.line(["rev-parse", "--absolute-git-dir"])? else {
            return match self.of_another_user()? {
                true => Err(Failure::new(
                    Kind::Incomplete,
                    "not done: this repository belongs to another user, and git refuses it",
                )
                .hint("git config --global --add safe.directory \"$PWD\"")),
                false => Ok(None),
            };
        };
        let git_dir = PathBuf::from(git_dir);
        let top = self
            .line(["rev-parse", "--show-toplevel"])?
            .map(PathBuf::from);
        let bare = self.line(["rev-parse", "--is-bare-repository"])?.as_deref()
            == Some(OsStr::new("true"));
        let top = top.unwrap_or_else(|| git_dir.clone());
        // From the top, because a relative hooks folder counts from there.
        let from_top = Self {
            folder: top.clone(),
            any_owner: self.any_owner,
        };
        let path = |args: [&str; 2]| -> Result<PathBuf, Failure> {
            let mut asked = vec!["rev-parse"];
            asked.extend(args.iter().filter(|a| !a.is_empty()));
            let said = from_top.line(asked)?.unwrap_or_default();
            Ok(tidy(&top.join(said)))
        };
        Ok(Some(Layout {
            bare,
            hooks: path(["--git-path", "hooks"])?,
            common_dir: path(["--git-common-dir", ""])?,
            git_dir,
            top,
        }))
    }

    /// Whether git refuses the repository here for its owner alone.
    fn of_another_user(&self) -> Result<bool, Failure> {
        let asked = ["rev-parse", "--absolute-git-dir"];
        let done = self.command(asked).output().map_err(not_run)?;
        let said = String::from_utf8_lossy(&done.stderr);
        Ok(!done.status.success() && said.contains("dubious ownership"))
    }

    /// Which `core.hooksPath` is in effect, if any.
    pub(crate) fn hooks_path(&self) -> Result<Option<HooksPath>, Failure> {
        let asked = [
            "config",
            "-z",
            "--show-scope",
            "--show-origin",
            "--get",
            "core.hooksPath",
        ];
        let Some(said) = self.bytes(asked)? else {
            return Ok(None);
        };
        let mut parts = said.split(|b| *b == 0);
        let mut text = || String::from_utf8_lossy(parts.next().unwrap_or_default()).into_owned();
        let (scope, origin) = (text(), text());
        let value = OsString::from_vec(parts.next().unwrap_or_default().to_vec());
        Ok(Some(HooksPath {
            scope,
            origin,
            value,
        }))
    }

    /// A value of the user's own configuration, `~` expanded.
    pub(crate) fn global_path(&self, key: &str) -> Result<Option<PathBuf>, Failure> {
        Ok(self
            .line(["config", "--global", "--type=path", "--get", key])?
            .map(PathBuf::from))
    }

    /// Adds one more value for `core.hooksPath`, which then counts, and leaves what is there.
    pub(crate) fn add_hooks_path(&self, scope: &str, value: &Path) -> Result<(), Failure> {
        let scope = format!("--{scope}");
        let asked = [
            OsStr::new("config"),
            OsStr::new(&scope),
            OsStr::new("--add"),
            OsStr::new("core.hooksPath"),
            value.as_os_str(),
        ];
        self.must(asked, "core.hooksPath was not set")
    }

    /// Takes that value away again; one that is gone already is no failure.
    pub(crate) fn remove_hooks_path(&self, scope: &str, value: &Path) -> Result<(), Failure> {
        let scope = format!("--{scope}");
        let asked = [
            OsStr::new("config"),
            OsStr::new(&scope),
            OsStr::new("--fixed-value"),
            OsStr::new("--get"),
            OsStr::new("core.hooksPath"),
            value.as_os_str(),
        ];
        if self.bytes(asked)?.is_none() {
            return Ok(());
        }
        let unset = asked.map(|a| {
            if a == "--get" {
                OsStr::new("--unset")
            } else {
                a
            }
        });
        self.must(unset, "core.hooksPath was not unset")
    }

    /// The commands of config-based hooks for `hook`, where this git has `git hook list`.
    pub(crate) fn configured_hooks(&self, hook: &str) -> Result<Vec<String>, Failure> {
        let Some(said) = self.bytes(["hook", "list", hook])? else {
            return Ok(Vec::new());
        };
        let lines = String::from_utf8_lossy(&said).into_owned();
        Ok(lines
            .lines()
            .filter(|l| !l.is_empty())
            .map(str::to_owned)
            .collect())
    }

    /// One line of output, without its newline; `None`: git says no.
    fn line<A: AsRef<OsStr>>(
        &self,
        args: impl IntoIterator<Item = A>,
    ) -> Result<Option<OsString>, Failure> {
        Ok(self.bytes(args)?.map(|mut said| {
            if said.last() == Some(&b'\n') {
                said.pop();
            }
            OsString::from_vec(said)
        }))
    }

    fn bytes<A: AsRef<OsStr>>(
        &self,
        args: impl IntoIterator<Item = A>,
    ) -> Result<Option<Vec<u8>>, Failure> {
        let done = self
            .command(args)
            .stderr(Stdio::null())
            .output()
            .map_err(not_run)?;
        Ok(done.status.success().then_some(done.stdout))
    }

    fn must<A: AsRef<OsStr>>(
        &self,
        args: impl IntoIterator<Item = A>,
        what: &str,
    ) -> Result<(), Failure> {
        let done = self
            .command(args)
            .stderr(Stdio::piped())
            .output()
            .map_err(not_run)?;
        if done.status.success() {
            return Ok(());
        }
        let said = lychgate_model::path::printable(done.stderr.trim_ascii());
        Err(Failure::new(
            Kind::Incomplete,
            format!("{what}: git: {said}"),
        ))
    }

    fn command<A: AsRef<OsStr>>(&self, args: impl IntoIterator<Item = A>) -> Command {
        let mut command = Command::new("git");
        command
            .current_dir(&self.folder)
            .envs(ALONE)
            .stdin(Stdio::null())
            // Neither a program that looks after the work tree, nor an alias where this git does
            // not know the word: what a repository names is not run.
            .args([
                "--no-pager",
                "-c",
                "core.fsmonitor=false",
                "-c",
                "alias.hook=",
            ]);
        if self.any_owner {
            // This one alone, as git spells it.
            let here = std::fs::canonicalize(&self.folder);
            let mut safe = OsString::from("safe.directory=");
            safe.push(here.as_deref().unwrap_or(&self.folder));
            command.arg("-c").arg(safe);
        }
        command.args(args);
        command
    }
}

/// Git answers from what is here: it fetches nothing, asks nobody and writes nothing on the side.
const ALONE: [(&str, &str); 7] = [
    ("LC_ALL", "C"),
    ("GIT_NO_LAZY_FETCH", "1"),
    // No transport at all, whatever `protocol.allow` says.
    ("GIT_ALLOW_PROTOCOL", ""),
    ("GIT_PROTOCOL_FROM_USER", "0"),
    ("GIT_OPTIONAL_LOCKS", "0"),
    ("GIT_NO_REPLACE_OBJECTS", "1"),
    ("GIT_TERMINAL_PROMPT", "0"),
];

#[expect(
    clippy::needless_pass_by_value,
    reason = "it is what map_err hands over"
)]
fn not_run(error: std::io::Error) -> Failure {
    Failure::new(Kind::Incomplete, "git cannot be run")
        .because(&error)
        .hint("Install git and put it into PATH.")
}

/// `path` without `.` and `x/..`, where that changes nothing: no component before `..` is a link.
fn tidy(path: &Path) -> PathBuf {
    if path.as_os_str().as_bytes().windows(2).any(|w| w == b"..")
        && let Ok(real) = std::fs::canonicalize(path)
    {
        return real;
    }
    path.components().collect()
}
