//! A real `lychgated` in a folder of its own, and a client that says exactly what a test wants.

use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

use lychgate_model::limits::Deltas;
use lychgate_model::{Decision, Digest, HashKind, Hook, ObjectId, ObjectKind};
use lychgate_wire::blocking::Connection;
use lychgate_wire::frame::{
    Answer, Document, DocumentContent, DocumentSide, Facts, Frame, Object, Role, caps,
};
use lychgate_wire::{tally::Counter, version};
use sha2::{Digest as _, Sha256};
use tempfile::TempDir;

/// Longest wait for something that must come; never a measure of how fast it is.
pub(crate) const PATIENCE: Duration = Duration::from_secs(120);

pub(crate) fn program() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_lychgated"));
    command
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .env_remove("LYCHGATE_CONFIG");
    command
}

/// Waits until `seen` gives something.
pub(crate) fn until<T>(what: &str, mut seen: impl FnMut() -> Option<T>) -> T {
    let end = Instant::now() + PATIENCE;
    loop {
        if let Some(found) = seen() {
            return found;
        }
        assert!(Instant::now() < end, "{what} did not happen");
        std::thread::sleep(Duration::from_millis(5));
    }
}

/// A folder with a place for a socket, a state folder, and configuration that adds one rule.
pub(crate) struct Place {
    pub(crate) dir: TempDir,
}

/// What the rule of [`Place::config`] finds. No shape of any real credential.
pub(crate) const TOKEN: &str = "zqtok_0a1b2c3d4e5f6071";

impl Place {
    pub(crate) fn new() -> Self {
        Self {
            dir: tempfile::Builder::new().prefix("lg").tempdir().unwrap(),
        }
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    pub(crate) fn socket(&self) -> PathBuf {
        self.path("run/lychgated.sock")
    }

    /// Writes a configuration file that names a pack with one rule, and the pack, once.
    pub(crate) fn config(&self) -> PathBuf {
        let config = self.path("lychgate.toml");
        let pack = self.path("extra.toml");
        if config.exists() {
            return config;
        }
        self.write_pack("zq test token");
        std::fs::write(
            &config,
            format!("schema = 1\npacks = [{:?}]\n", pack.display().to_string()),
        )
        .unwrap();
        config
    }

    pub(crate) fn write_pack(&self, title: &str) {
        let text = format!(
            r#"[pack]
id = "extra"
title = "Tests"
[[rule]]
id = "zq.token"
version = 1
title = "{title}"
severity = "critical"
confidence = "high"
category = "secret"
keywords = ["zqtok_"]
pattern = '\b(zqtok_[0-9a-f]{{16}})\b'
cwe = [798]
standards = []
why = "It opens the test."
remediation = "Take it out."
references = []
[rule.playbook.rotation]
steps = ["make another"]
[rule.playbook.revocation]
steps = ["forget it"]
[rule.examples]
bad = ['k = zqtok_{{hex:16}}']
good = ['k = zqtok_short']
"#
        );
        // Renamed into place: the daemon may look at any moment.
        let draft = self.path("extra.draft");
        std::fs::write(&draft, text).unwrap();
        std::fs::rename(draft, self.path("extra.toml")).unwrap();
    }

    /// As `status` names it.
    pub(crate) fn digest_of_pack(&self) -> String {
        let text = std::fs::read(self.path("extra.toml")).unwrap();
        Digest(Sha256::digest(text).into()).to_string()
    }

    pub(crate) fn command(&self) -> Command {
        let mut command = program();
        command
            .arg("--socket")
            .arg(self.socket())
            .arg("--state-dir")
            .arg(self.path("state"));
        command.arg("--config").arg(self.config());
        command.stderr(std::fs::File::create(self.path("log")).unwrap());
        command
    }

    pub(crate) fn start(&self) -> Running {
        self.start_with(&[])
    }

    pub(crate) fn start_with(&self, more: &[&str]) -> Running {
        let running = Running::of(self.command().args(more).spawn().unwrap(), &self.socket());
        running.wait_ready();
        running
    }

    pub(crate) fn log(&self) -> String {
        std::fs::read_to_string(self.path("log")).unwrap_or_default()
    }
}

/// A daemon, killed when dropped.
pub(crate) struct Running {
    pub(crate) child: Child,
    pub(crate) socket: PathBuf,
}

impl Running {
    pub(crate) fn of(child: Child, socket: &Path) -> Self {
        Self {
            child,
            socket: socket.to_owned(),
        }
    }

    /// Waits until rules are loaded or known not to load.
    pub(crate) fn wait_ready(&self) {
        until("the daemon's start", || {
            let mut client = Client::try_connect(&self.socket)?;
            let lines = client.control(caps::STATUS);
            (value(&lines, "state")? != "loading").then_some(())
        });
    }

    pub(crate) fn client(&self) -> Client {
        Client::connect(&self.socket)
    }

    pub(crate) fn status(&self) -> Vec<String> {
        self.client().control(caps::STATUS)
    }

    pub(crate) fn signal(&self, signal: rustix::process::Signal) {
        let pid = rustix::process::Pid::from_child(&self.child);
        rustix::process::kill_process(pid, signal).unwrap();
    }

    pub(crate) fn exited(&mut self) -> ExitStatus {
        until("the daemon's end", || self.child.try_wait().unwrap())
    }

    /// Judges `content` as a file.
    pub(crate) fn judge(&self, content: &[u8]) -> Answer {
        let mut client = self.client();
        client.begin();
        client.file(content);
        client.finish()
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // It may have ended, which is what many tests are about.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The value of a `key: value` line.
pub(crate) fn value<'l>(lines: &'l [String], key: &str) -> Option<&'l str> {
    lines
        .iter()
        .find_map(|line| line.strip_prefix(key)?.strip_prefix(": "))
}

/// How a conversation ended.
#[derive(Debug, PartialEq)]
pub(crate) enum Outcome {
    Verdict(Box<Answer>),
    Refused(lychgate_wire::frame::RefuseCode, String),
    Closed,
}

type Clock = Box<dyn Fn() -> Duration + Send>;

/// A client.
pub(crate) struct Client {
    link: Connection<UnixStream, Clock>,
    counter: Counter,
    /// Lines for people that came with an outcome.
    pub(crate) lines: Vec<String>,
}

impl Client {
    pub(crate) fn try_connect(socket: &Path) -> Option<Self> {
        let stream = UnixStream::connect(socket).ok()?;
        let end = Instant::now() + PATIENCE;
        let clock: Clock = Box::new(move || end.saturating_duration_since(Instant::now()));
        Some(Self {
            link: Connection::new(stream, clock),
            counter: Counter::new(),
            lines: Vec::new(),
        })
    }

    pub(crate) fn connect(socket: &Path) -> Self {
        Self::try_connect(socket).expect("the daemon listens")
    }

    pub(crate) fn send(&mut self, frame: &Frame<'_>) {
        // The daemon may have closed: what it said is read by `outcome`.
        let _ = self.link.send(frame);
    }

    /// Bytes that need not be a frame.
    pub(crate) fn send_raw(&mut self, bytes: &[u8]) {
        use std::io::Write as _;
        let _ = self.link.flush();
        let _ = self.link.stream().write_all(bytes);
    }

    pub(crate) fn flush(&mut self) {
        let _ = self.link.flush();
    }

    pub(crate) fn hello(&mut self, capabilities: u64) {
        self.send(&Frame::Hello(version::hello(
            capabilities,
            "test",
            Vec::new(),
        )));
    }

    /// What the judge's Hello, and Deltas where it promises them, let objects cost.
    pub(crate) fn limits(&mut self) -> Deltas {
        match self.link.receive() {
            Ok(Frame::Hello(hello)) if hello.capabilities & caps::DELTAS == 0 => {
                return Deltas::default();
            }
            Ok(Frame::Hello(_)) => {}
            other => panic!("no Hello but {other:?}"),
        }
        match self.link.receive() {
            Ok(Frame::Deltas(deltas)) => deltas,
            other => panic!("no Deltas but {other:?}"),
        }
    }

    /// Hello, Facts and Ready of `check --stdin`, and the judge's Hello.
    pub(crate) fn begin(&mut self) {
        self.hello(caps::OFFERS);
        match self.link.receive() {
            Ok(Frame::Hello(_)) => {}
            other => panic!("no Hello but {other:?}"),
        }
        self.send(&facts());
        self.send(&Frame::Ready);
    }

    /// Announces a file without sending its content.
    pub(crate) fn announce(&mut self, size: u64) {
        let object = Object {
            role: Role::File,
            kind: ObjectKind::Blob,
            id: ObjectId::null(HashKind::Sha1),
            size,
            path: b"notes.txt",
        };
        self.counter.object(&object, false);
        self.send(&Frame::Object(object));
    }

    /// A whole push of one blob: offered, and sent if it is needed.
    pub(crate) fn blob(&mut self, content: &[u8]) {
        self.blob_as(content, content);
    }

    /// The same, with the id of other bytes than those that are sent.
    pub(crate) fn blob_as(&mut self, named: &[u8], sent: &[u8]) {
        let id = blob_id(named);
        self.hello(caps::OFFERS);
        self.send(&facts_of(Hook::CheckAll));
        self.send(&Frame::Ready);
        self.counter.offer(&[id]);
        self.send(&Frame::Offer(vec![id]));
        let needed = loop {
            match self.link.receive() {
                Ok(Frame::Need(needed)) => break needed == [true],
                Ok(Frame::Hello(_) | Frame::Plan(_)) => {}
                other => panic!("no Need but {other:?}"),
            }
        };
        if needed {
            let size = sent.len() as u64;
            let (role, kind, path) = (Role::New, ObjectKind::Blob, &b""[..]);
            self.send(&Frame::Object(Object {
                role,
                kind,
                id,
                size,
                path,
            }));
            self.counter.data(role, sent.len());
            self.send(&Frame::Data(sent));
        }
    }

    /// A push of blobs, in this order, to its Done; gives how many were needed.
    pub(crate) fn push(&mut self, contents: &[Vec<u8>]) -> usize {
        self.hello(caps::OFFERS);
        self.send(&facts_of(Hook::PrePush));
        self.send(&Frame::Ready);
        let ids: Vec<ObjectId> = contents.iter().map(|c| blob_id(c)).collect();
        self.counter.offer(&ids);
        self.send(&Frame::Offer(ids.clone()));
        let needed = loop {
            match self.link.receive() {
                Ok(Frame::Need(needed)) => break needed,
                Ok(Frame::Hello(_) | Frame::Plan(_)) => {}
                other => panic!("no Need but {other:?}"),
            }
        };
        for ((content, id), _) in contents.iter().zip(ids).zip(&needed).filter(|(_, n)| **n) {
            let object = Object {
                role: Role::New,
                kind: ObjectKind::Blob,
                id,
                size: content.len() as u64,
                path: b"",
            };
            self.counter.object(&object, true);
            self.send(&Frame::Object(object));
            for piece in content.chunks(lychgate_model::limits::CHUNK) {
                self.counter.data(Role::New, piece.len());
                self.send(&Frame::Data(piece));
            }
        }
        self.done();
        needed.iter().filter(|n| **n).count()
    }

    /// Hello to Ready of a commit, with a policy file at HEAD.
    pub(crate) fn begin_with_policy(&mut self, policy: &[u8]) {
        self.hello(caps::OFFERS);
        match self.link.receive() {
            Ok(Frame::Hello(_)) => {}
            other => panic!("no Hello but {other:?}"),
        }
        self.send(&facts_of(Hook::PreCommit));
        self.send(&Frame::Document(Document {
            side: DocumentSide::Base,
            path: b".lychgate/policy.toml",
            id: ObjectId::null(HashKind::Sha1),
            content: DocumentContent::Bytes(policy),
        }));
        self.send(&Frame::Ready);
        self.flush();
    }

    /// Whether the daemon has said something that was not read yet.
    pub(crate) fn has_answer(&mut self) -> bool {
        let mut first = [std::mem::MaybeUninit::uninit(); 1];
        let flags = rustix::net::RecvFlags::PEEK | rustix::net::RecvFlags::DONTWAIT;
        rustix::net::recv(self.link.stream(), &mut first, flags).is_ok()
    }

    pub(crate) fn data(&mut self, content: &[u8]) {
        for piece in content.chunks(lychgate_model::limits::CHUNK) {
            self.counter.data(Role::File, piece.len());
            self.send(&Frame::Data(piece));
        }
    }

    pub(crate) fn file(&mut self, content: &[u8]) {
        self.announce(content.len() as u64);
        self.data(content);
    }

    pub(crate) fn done(&mut self) {
        let tally = self.counter.tally();
        self.send(&Frame::Done(tally));
    }

    pub(crate) fn finish(&mut self) -> Answer {
        self.done();
        match self.outcome() {
            Outcome::Verdict(answer) => *answer,
            other => panic!("no verdict but {other:?}"),
        }
    }

    /// Everything the daemon still says, to its last word. Answers what it wants with nothing.
    pub(crate) fn outcome(&mut self) -> Outcome {
        self.flush();
        loop {
            let wants = match self.link.receive() {
                Ok(Frame::Verdict(answer)) => return Outcome::Verdict(answer),
                Ok(Frame::Refuse(r)) => return Outcome::Refused(r.code, r.message.to_owned()),
                Ok(Frame::Want(_)) => true,
                Ok(Frame::Line(line)) => {
                    self.lines.push(line.to_owned());
                    false
                }
                Ok(_) => false,
                Err(lychgate_wire::blocking::Error::Deadline) => panic!("the daemon is silent"),
                Err(_) => return Outcome::Closed,
            };
            if wants {
                self.send(&Frame::Answered);
            }
        }
    }

    /// Asks with a control capability and gives the lines.
    pub(crate) fn control(&mut self, capability: u64) -> Vec<String> {
        self.hello(capability);
        let mut lines = Vec::new();
        loop {
            match self.link.receive() {
                Ok(Frame::Line(line)) => lines.push(line.to_owned()),
                Ok(Frame::Hello(_) | Frame::Deltas(_)) => {}
                Ok(Frame::Refuse(_)) | Err(_) => return lines,
                Ok(other) => panic!("unexpected {other:?}"),
            }
        }
    }
}

pub(crate) fn facts() -> Frame<'static> {
    facts_of(Hook::CheckStdin)
}

fn blob_id(content: &[u8]) -> ObjectId {
    use sha1::Digest as _;
    let mut hash = sha1::Sha1::new();
    hash.update(format!("blob {}\0", content.len()));
    hash.update(content);
    ObjectId::from_bytes(&hash.finalize()).unwrap()
}

fn facts_of(hook: Hook) -> Frame<'static> {
    Frame::Facts(Facts {
        hook,
        object_format: HashKind::Sha1,
        want_findings: false,
        repository: b"",
        head: b"",
        head_born: false,
        variables: Vec::new(),
    })
}

/// A content the extra rule denies.
pub(crate) fn dirty() -> Vec<u8> {
    format!("key = {TOKEN}\n").into_bytes()
}

pub(crate) fn assert_serves(running: &Running) {
    assert_eq!(running.judge(b"nothing to see\n").decision, Decision::Allow);
}
