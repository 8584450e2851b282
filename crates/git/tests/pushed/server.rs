//! A bare repository that takes real pushes and keeps what its pre-receive hook was given.

use std::collections::{BTreeMap, BTreeSet};
use std::ffi::{OsStr, OsString};
use std::fs;
use std::io::Write as _;
use std::ops::ControlFlow;
use std::os::unix::ffi::OsStringExt as _;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};

use lychgate_git::{Environment, NewObjects, Place, Repository, Visitor};
use lychgate_model::{HashKind, Mode, ObjectId, ObjectKind, RefKind, RefUpdate, Side};

/// Records what Git gives the hook, then answers as told.
const HOOK: &str = r#"#!/bin/sh
d="$(pwd)/../given"
rm -rf "$d"; mkdir "$d"
env -0 >"$d/env"; cat >"$d/lines"
if [ -n "$GIT_QUARANTINE_PATH" ]; then cp -a "$GIT_QUARANTINE_PATH" "$d/quarantine"; fi
exit "$(cat ../answer)"
"#;

static SERIAL: AtomicU32 = AtomicU32::new(0);

/// A server and a developer's repository that pushes to it.
pub(crate) struct Server {
    pub(crate) root: PathBuf,
}

impl Drop for Server {
    fn drop(&mut self) {
        fs::remove_dir_all(&self.root).ok();
    }
}

impl Server {
    pub(crate) fn new() -> Self {
        Self::with_format("sha1")
    }

    pub(crate) fn with_format(format: &str) -> Self {
        let serial = SERIAL.fetch_add(1, Ordering::Relaxed);
        let name = format!("lychgate-pushed-{}-{serial}", std::process::id());
        let server = Self {
            root: std::env::temp_dir().join(name),
        };
        fs::create_dir_all(&server.root).unwrap();
        let format = format!("--object-format={format}");
        server.run(
            "",
            &["init", "-q", "--bare", "-b", "main", &format, "server.git"],
        );
        server.run("", &["init", "-q", "-b", "main", &format, "work"]);
        server.git(&["remote", "add", "origin", "../server.git"]);
        server.hook("pre-receive", HOOK);
        server.answer(0);
        server
    }

    /// What pre-receive answers from now on.
    pub(crate) fn answer(&self, code: u8) {
        fs::write(self.root.join("answer"), code.to_string()).unwrap();
    }

    pub(crate) fn hook(&self, name: &str, script: &str) {
        let path = self.root.join("server.git/hooks").join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, script).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
    }

    fn command(&self, dir: &str, args: &[&str]) -> Command {
        let mut command = Command::new("git");
        command.current_dir(self.root.join(dir)).args(args);
        for (key, _) in std::env::vars_os() {
            if key.to_string_lossy().starts_with("GIT_") {
                command.env_remove(key);
            }
        }
        let (name, mail) = ("A U Thor", "author@example.com");
        command
            .env("HOME", &self.root)
            .env("GIT_CONFIG_NOSYSTEM", "1")
            .env("GIT_AUTHOR_NAME", name)
            .env("GIT_AUTHOR_EMAIL", mail)
            .env("GIT_COMMITTER_NAME", name)
            .env("GIT_COMMITTER_EMAIL", mail);
        command
    }

    pub(crate) fn try_run(&self, dir: &str, args: &[&str]) -> Output {
        self.command(dir, args).output().unwrap()
    }

    pub(crate) fn run(&self, dir: &str, args: &[&str]) -> String {
        let output = self.try_run(dir, args);
        let told = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "git {args:?}: {told}");
        String::from_utf8_lossy(&output.stdout)
            .trim_end()
            .to_owned()
    }

    /// Git with something on its standard input.
    pub(crate) fn feed(&self, dir: &str, args: &[&str], input: &str) {
        let mut command = self.command(dir, args);
        let mut git = command.stdin(Stdio::piped()).spawn().unwrap();
        git.stdin
            .take()
            .unwrap()
            .write_all(input.as_bytes())
            .unwrap();
        assert!(git.wait().unwrap().success(), "git {args:?}");
    }

    /// Git in the developer's repository.
    pub(crate) fn git(&self, args: &[&str]) -> String {
        self.run("work", args)
    }

    pub(crate) fn write(&self, path: &str, content: impl AsRef<[u8]>) {
        let path = self.root.join("work").join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, content).unwrap();
    }

    /// Commits the work tree as it is.
    pub(crate) fn commit(&self, message: &str) -> ObjectId {
        self.git(&["add", "-A"]);
        self.git(&["commit", "-q", "--allow-empty", "-m", message]);
        self.id("HEAD")
    }

    /// Writes one file and commits it.
    pub(crate) fn commit_file(&self, path: &str, content: &str) -> ObjectId {
        self.write(path, content);
        self.commit(path)
    }

    pub(crate) fn id(&self, spec: &str) -> ObjectId {
        ObjectId::from_hex(self.git(&["rev-parse", spec]).as_bytes()).unwrap()
    }

    /// Pushes for good.
    pub(crate) fn push(&self, refs: &[&str]) {
        self.answer(0);
        self.git(&[&["push", "-q", "origin"], refs].concat());
    }

    /// Pushes, is refused by pre-receive, and gives what it was asked about.
    pub(crate) fn ask(&self, refs: &[&str]) -> Given {
        fs::remove_dir_all(self.root.join("given")).ok();
        self.answer(1);
        let output = self.try_run("work", &[&["push", "origin"], refs].concat());
        let told = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(
            !output.status.success() && told.contains("hook declined"),
            "{told}"
        );
        self.given()
    }

    /// What pre-receive was given last.
    pub(crate) fn given(&self) -> Given {
        let given = self.root.join("given");
        let server = self.root.join("server.git");
        let quarantine = given.join("quarantine");
        let mut vars = Vec::new();
        for pair in fs::read(given.join("env")).unwrap().split(|b| *b == 0) {
            let Some(at) = pair.iter().position(|b| *b == b'=') else {
                continue;
            };
            let (key, value) = (&pair[..at], &pair[at + 1..]);
            let value = match key {
                b"GIT_QUARANTINE_PATH" | b"GIT_OBJECT_DIRECTORY" => quarantine.clone().into(),
                _ => OsString::from_vec(value.to_vec()),
            };
            if key.starts_with(b"GIT_") {
                vars.push((OsString::from_vec(key.to_vec()), value));
            }
        }
        let lines = fs::read_to_string(given.join("lines")).unwrap();
        Given {
            cwd: server,
            vars,
            refs: lines.lines().map(line).collect(),
        }
    }

    /// The same push as an `update` hook sees it: nothing in quarantine any more.
    pub(crate) fn without_quarantine(&self, refs: Vec<RefUpdate>) -> Given {
        let vars = vec![("GIT_DIR".into(), ".".into())];
        Given {
            cwd: self.root.join("server.git"),
            vars,
            refs,
        }
    }
}

fn line(line: &str) -> RefUpdate {
    let words: Vec<_> = line.split(' ').collect();
    let id = |at: usize| ObjectId::from_hex(words[at].as_bytes()).unwrap();
    let name = words[2].as_bytes().to_vec();
    RefUpdate {
        name,
        old: id(0),
        new: id(1),
        kind: RefKind::Create,
    }
}

/// What a hook was given.
pub(crate) struct Given {
    pub(crate) cwd: PathBuf,
    pub(crate) vars: Vec<(OsString, OsString)>,
    pub(crate) refs: Vec<RefUpdate>,
}

impl Given {
    pub(crate) fn environment(&self) -> Environment {
        Environment::new(self.cwd.clone(), self.vars.clone().into_iter())
    }

    pub(crate) fn repository(&self) -> Repository {
        Repository::open(&self.environment()).unwrap()
    }

    pub(crate) fn quarantine(&self) -> PathBuf {
        let key = OsStr::new("GIT_QUARANTINE_PATH");
        self.vars
            .iter()
            .find(|(k, _)| k == key)
            .map(|(_, v)| v.into())
            .unwrap_or_default()
    }

    /// Whether the push was kept as a pack, not unpacked.
    pub(crate) fn is_packed(&self) -> bool {
        let names = fs::read_dir(self.quarantine().join("pack"))
            .into_iter()
            .flatten();
        names
            .flatten()
            .any(|entry| entry.path().extension() == Some(OsStr::new("pack")))
    }

    /// Ids of everything in the quarantine.
    pub(crate) fn in_quarantine(&self) -> BTreeSet<ObjectId> {
        let batch = [
            "cat-file",
            "--batch-all-objects",
            "--batch-check=%(objectname)",
        ];
        let mut command = Command::new("git");
        let output = command
            .current_dir(&self.cwd)
            .args(batch)
            .envs(self.vars.clone())
            .env_remove("GIT_ALTERNATE_OBJECT_DIRECTORIES")
            .output()
            .unwrap();
        let text = String::from_utf8(output.stdout).unwrap();
        text.lines()
            .map(|l| ObjectId::from_hex(l.as_bytes()).unwrap())
            .collect()
    }

    /// Git as the hook could run it.
    pub(crate) fn git(&self, args: &[&str]) -> String {
        let mut command = Command::new("git");
        let output = command
            .current_dir(&self.cwd)
            .args(args)
            .envs(self.vars.clone());
        let output = output.output().unwrap();
        assert!(
            output.status.success(),
            "{args:?}: {}",
            String::from_utf8_lossy(&output.stderr)
        );
        String::from_utf8_lossy(&output.stdout)
            .trim_end()
            .to_owned()
    }

    /// What git says stands at each of `specs`, or a line that ends in `missing`.
    pub(crate) fn stands(&self, specs: &str) -> Vec<String> {
        let mut git = Command::new("git")
            .current_dir(&self.cwd)
            .envs(self.vars.clone())
            .args(["cat-file", "--batch-check=%(objectname)"])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut input = git.stdin.take().unwrap();
        let specs = specs.to_owned();
        let writer = std::thread::spawn(move || input.write_all(specs.as_bytes()).unwrap());
        let output = git.wait_with_output().unwrap();
        writer.join().unwrap();
        String::from_utf8(output.stdout)
            .unwrap()
            .lines()
            .map(str::to_owned)
            .collect()
    }

    pub(crate) fn ids(&self, args: &[&str]) -> BTreeSet<ObjectId> {
        let text = self.git(args);
        text.lines()
            .map(|l| ObjectId::from_hex(l.as_bytes()).unwrap())
            .collect()
    }

    /// What Git calls new: reachable from the new tips and from no ref.
    pub(crate) fn rev_list(&self) -> BTreeSet<ObjectId> {
        let new: Vec<_> = self
            .refs
            .iter()
            .filter(|r| !r.new.is_null())
            .map(|r| r.new.to_string())
            .collect();
        let mut args = vec!["rev-list", "--objects", "--no-object-names"];
        args.extend(new.iter().map(String::as_str));
        args.extend(["--not", "--all"]);
        self.ids(&args)
    }

    pub(crate) fn judge(&self) -> Judged {
        self.judge_where(&|_| true)
    }

    /// `counts` as for [`NewObjects::of_push`].
    pub(crate) fn judge_where(&self, counts: &dyn Fn(&[u8]) -> bool) -> Judged {
        let repository = self.repository();
        let environment = self.environment();
        let mut new = NewObjects::of_push(&repository, &environment, &self.refs, counts).unwrap();
        Judged::all(&mut new)
    }

    /// Where `wanted` stand.
    pub(crate) fn places(&self, wanted: &[ObjectId]) -> Vec<Place> {
        let repository = self.repository();
        let environment = self.environment();
        let mut new =
            NewObjects::of_push(&repository, &environment, &self.refs, &|_| true).unwrap();
        let mut places = Vec::new();
        let wanted = wanted.iter().copied().collect();
        new.places(&wanted, &mut |place| places.push(place))
            .unwrap();
        places
    }
}

/// A visitor that keeps everything and checks that it is told as promised.
#[derive(Default)]
pub(crate) struct Judged {
    pub(crate) offered: BTreeSet<ObjectId>,
    pub(crate) objects: BTreeMap<ObjectId, (ObjectKind, Vec<u8>)>,
    pub(crate) unreadable: Vec<(ObjectId, String, String)>,
    pub(crate) paths: BTreeMap<String, Mode>,
    /// Paths told with an old side: its mode, and the new one.
    pub(crate) changed: Vec<(String, Mode, Mode)>,
    pub(crate) rounds: u32,
    /// Objects that came as deltas.
    pub(crate) deltas: u32,
    refused: BTreeSet<ObjectId>,
    open: Option<(ObjectId, u64)>,
    offering: bool,
}

impl Judged {
    /// Everything that `new` enumerates, contents included.
    pub(crate) fn all(new: &mut NewObjects<'_>) -> Self {
        Self::but(new, BTreeSet::new())
    }

    /// The same, of a judge that knows `refused` already.
    pub(crate) fn but(new: &mut NewObjects<'_>, refused: BTreeSet<ObjectId>) -> Self {
        let mut judged = Self {
            refused,
            ..Self::default()
        };
        new.enumerate(&mut judged).unwrap();
        judged.close();
        let hears_of: BTreeSet<_> = judged.objects.keys().copied().collect();
        let unreadable: BTreeSet<_> = judged.unreadable.iter().map(|u| u.0).collect();
        for id in judged.offered.difference(&judged.refused) {
            assert!(
                hears_of.contains(id) || unreadable.contains(id),
                "{id} was never answered"
            );
        }
        judged
    }

    pub(crate) fn content(&self, id: ObjectId) -> &[u8] {
        &self.objects[&id].1
    }

    /// Whether the bytes are among what was judged.
    pub(crate) fn has(&self, bytes: &str) -> bool {
        let found = |content: &[u8]| content.windows(bytes.len()).any(|w| w == bytes.as_bytes());
        self.objects.values().any(|(_, content)| found(content))
    }

    fn close(&mut self) {
        let Some((id, size)) = self.open.take() else {
            return;
        };
        let (kind, content) = &self.objects[&id];
        assert_eq!(content.len() as u64, size, "{id}");
        let git_kind = match kind {
            ObjectKind::Blob => gix::objs::Kind::Blob,
            ObjectKind::Tree => gix::objs::Kind::Tree,
            ObjectKind::Commit => gix::objs::Kind::Commit,
            ObjectKind::Tag => gix::objs::Kind::Tag,
        };
        let hash = match id.kind() {
            HashKind::Sha1 => gix::hash::Kind::Sha1,
            HashKind::Sha256 => gix::hash::Kind::Sha256,
        };
        let actual = gix::objs::compute_hash(hash, git_kind, content).unwrap();
        assert_eq!(actual.as_slice(), id.as_bytes(), "content of {id}");
    }
}

impl Visitor for Judged {
    fn offer(&mut self, ids: &[ObjectId], needed: &mut Vec<bool>) -> ControlFlow<()> {
        self.close();
        assert!(!ids.is_empty() && ids.len() <= lychgate_model::limits::OFFER);
        self.rounds += u32::from(!std::mem::replace(&mut self.offering, true));
        for id in ids {
            assert!(self.offered.insert(*id), "{id} is offered twice");
            needed.push(!self.refused.contains(id));
        }
        ControlFlow::Continue(())
    }

    fn object(&mut self, id: ObjectId, kind: ObjectKind, size: u64) -> ControlFlow<()> {
        self.close();
        self.offering = false;
        assert!(
            self.offered.contains(&id) && !self.refused.contains(&id),
            "{id} is not needed"
        );
        assert!(
            self.objects.insert(id, (kind, Vec::new())).is_none(),
            "{id} comes twice"
        );
        self.open = Some((id, size));
        ControlFlow::Continue(())
    }

    fn made(
        &mut self,
        (id, kind, size): (ObjectId, ObjectKind, u64),
        base: ObjectId,
        delta: &[u8],
    ) -> ControlFlow<(), bool> {
        self.close();
        let taken = id.as_bytes()[0] % 4 != 0;
        let base = self.objects.get(&base).filter(|_| taken);
        let Some((_, base)) = base.map(|(kind, base)| (kind, base.clone())) else {
            return ControlFlow::Continue(false);
        };
        self.object(id, kind, size)?;
        let head = lychgate_model::delta::head(delta).unwrap();
        let mut content = vec![0; usize::try_from(size).unwrap()];
        let instructions = &delta[head.instructions..];
        lychgate_model::delta::apply(&base, instructions, &mut content).unwrap();
        self.objects.get_mut(&id).unwrap().1 = content;
        self.deltas += 1;
        ControlFlow::Continue(true)
    }

    fn data(&mut self, piece: &[u8]) -> ControlFlow<()> {
        assert!(!piece.is_empty() && piece.len() <= lychgate_model::limits::CHUNK);
        let id = self.open.as_ref().unwrap().0;
        self.objects
            .get_mut(&id)
            .unwrap()
            .1
            .extend_from_slice(piece);
        ControlFlow::Continue(())
    }

    fn path(&mut self, path: &[u8], new: Side, old: Option<Side>) -> ControlFlow<()> {
        self.close();
        let path = String::from_utf8_lossy(path).into_owned();
        if let Some(old) = old {
            self.changed.push((path, old.mode, new.mode));
            return ControlFlow::Continue(());
        }
        assert!(
            self.paths.insert(path.clone(), new.mode).is_none(),
            "{path} comes twice"
        );
        ControlFlow::Continue(())
    }

    fn unreadable(&mut self, id: ObjectId, path: &[u8], reason: &str) -> ControlFlow<()> {
        if self.open.is_some_and(|(open, _)| open == id) {
            self.open = None;
            self.objects.remove(&id);
        }
        self.close();
        let path = String::from_utf8_lossy(path).into_owned();
        self.unreadable.push((id, path, reason.to_owned()));
        ControlFlow::Continue(())
    }
}

/// Removes one loose object from a repository.
pub(crate) fn remove_loose(objects: &Path, id: ObjectId) {
    let hex = id.to_string();
    fs::remove_file(objects.join(&hex[..2]).join(&hex[2..])).unwrap();
}
