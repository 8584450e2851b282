//! A throw-away repository made by real git, and a judge on a thread that speaks the real wire
//! and does what a test tells it to.
#![allow(
    dead_code,
    unreachable_pub,
    reason = "each test file uses a part of it"
)]
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test may fail")]

use std::ffi::OsString;
use std::io::{self, Read, Write};
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::process::Command;
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use lychgate_client::{Answered, Asker, Error, Question, SocketLink, ask};
use lychgate_git::{Environment, Repository};
use lychgate_model::limits::Deltas;
use lychgate_model::{Coverage, Decision, Digest, HashKind, Hook, ObjectId, Tally};
use lychgate_wire::blocking::{Connection, Stream};
use lychgate_wire::frame::{
    Answer, DocumentSide, Frame, Object, Plan, RefuseCode, Role, Want, caps,
};
use lychgate_wire::{Order, tally::Counter, version};

pub const BUILD: &str = env!("CARGO_PKG_VERSION");
pub const POLICY: &[u8] = b".lychgate/policy.toml";

/// A repository with one commit.
pub struct World {
    pub folder: tempfile::TempDir,
}

impl World {
    pub fn new() -> Self {
        let world = Self {
            folder: tempfile::tempdir().unwrap(),
        };
        world.git(&["init", "-q", "-b", "main"]);
        world.write("README", b"hello\n");
        world.git(&["add", "."]);
        world.git(&["commit", "-qm", "first"]);
        world
    }

    pub fn path(&self) -> &Path {
        self.folder.path()
    }

    pub fn git(&self, arguments: &[&str]) -> String {
        let mut command = Command::new("git");
        command.args(arguments).current_dir(self.path()).env_clear();
        command.env("PATH", std::env::var_os("PATH").unwrap_or_default());
        command
            .env("HOME", self.path())
            .env("GIT_CONFIG_NOSYSTEM", "1");
        for role in ["AUTHOR", "COMMITTER"] {
            command.env(format!("GIT_{role}_NAME"), "a");
            command.env(format!("GIT_{role}_EMAIL"), "a@example.org");
        }
        let output = command.output().unwrap();
        assert!(output.status.success(), "{arguments:?}: {output:?}");
        String::from_utf8(output.stdout).unwrap().trim().to_owned()
    }

    pub fn write(&self, name: &str, content: &[u8]) {
        let path = self.path().join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, content).unwrap();
    }

    pub fn stage(&self, name: &str, content: &[u8]) {
        self.write(name, content);
        self.git(&["add", name]);
    }

    pub fn id(&self, revision: &str) -> ObjectId {
        ObjectId::from_hex(self.git(&["rev-parse", revision]).as_bytes()).unwrap()
    }

    pub fn environment(&self) -> Environment {
        Environment::new(self.path().to_owned(), std::iter::empty())
    }
}

/// Asks `judge` as `hook`.
pub fn put(world: &World, hook: Hook, question: Question<'_>, judge: Judge) -> Put {
    put_with(world, hook, question, judge, Duration::from_secs(20))
}

/// The same, with little patience.
pub fn put_with(
    world: &World,
    hook: Hook,
    question: Question<'_>,
    judge: Judge,
    patience: Duration,
) -> Put {
    let (ours, theirs) = UnixStream::pair().unwrap();
    let judge = judge.start(theirs);
    let mut link = SocketLink::new(ours, Instant::now() + patience);
    let environment = world.environment();
    let repository = Repository::open(&environment).unwrap();
    let variables: Vec<(OsString, OsString)> = vec![("GL_ID".into(), "user-1".into())];
    let asker = Asker {
        hook,
        build: BUILD,
        wants_findings: false,
        environment: &environment,
        variables: &variables,
        repository: Some(&repository),
        progress: None,
    };
    let answered = ask(&mut link, asker, question);
    drop(link);
    Put {
        answered,
        deltas: repository.objects().deltas(),
        seen: judge.join().unwrap(),
    }
}

/// How a question ended, at both ends.
pub struct Put {
    pub answered: Result<Answered, Error>,
    /// What an object stored as a delta may cost after it was said.
    pub deltas: Deltas,
    pub seen: Seen,
}

impl Put {
    pub fn decision(&self) -> Option<Decision> {
        self.answered.as_ref().ok().map(|a| a.answer.decision)
    }

    #[track_caller]
    pub fn allowed(&self) -> &Seen {
        assert_eq!(
            self.decision(),
            Some(Decision::Allow),
            "{:?} {:?}",
            self.answered,
            self.seen
        );
        &self.seen
    }

    #[track_caller]
    pub fn refused(self) -> Error {
        self.answered
            .expect_err("a verdict where there must be none")
    }
}

/// What a judge was told.
#[derive(Debug, Default)]
pub struct Seen {
    /// Names of the frames, in order.
    pub frames: Vec<&'static str>,
    /// Facts as said.
    pub head: Vec<u8>,
    pub head_born: bool,
    pub variables: usize,
    /// Paths of a staged change.
    pub paths: Vec<Vec<u8>>,
    /// Objects with their content.
    pub objects: Vec<(Role, ObjectId, Vec<u8>)>,
    pub refs: Vec<(Vec<u8>, lychgate_model::RefKind)>,
    pub documents: Vec<(DocumentSide, Option<Vec<u8>>)>,
    pub offered: Vec<ObjectId>,
    pub unreadable: Vec<String>,
    pub places: Vec<(Vec<u8>, Vec<ObjectId>, Vec<ObjectId>)>,
    /// Bytes this judge said.
    pub said: usize,
}

/// What a judge does; the default judges well and allows.
pub struct Judge {
    pub decision: Decision,
    pub lines: Vec<&'static str>,
    /// Changes the tally of the verdict.
    pub lie: fn(&mut Tally),
    /// The verdict's own word that it is complete.
    pub complete: bool,
    /// Which of the offered ids it wants.
    pub needs: fn(usize) -> bool,
    /// What it asks after Done.
    pub wants: Vec<Want>,
    /// Says this after so many frames, instead of going on, and closes.
    pub after: Option<(usize, Outburst)>,
    /// Closes after having said so many bytes.
    pub budget: usize,
    pub capabilities: u64,
    /// What it says right after its Hello.
    pub deltas: Option<Deltas>,
    pub major: u16,
    pub minor: u16,
    pub build: &'static str,
}

/// What a judge can say that it should not, or not yet.
#[derive(Clone, Copy)]
pub enum Outburst {
    Nothing,
    Silence(Duration),
    Refuse(RefuseCode),
    Verdict(Decision),
    Frame(fn() -> Frame<'static>),
    Garbage,
}

impl Default for Judge {
    fn default() -> Self {
        Self {
            decision: Decision::Allow,
            lines: Vec::new(),
            lie: |_| {},
            complete: true,
            needs: |_| true,
            wants: Vec::new(),
            after: None,
            budget: usize::MAX,
            capabilities: caps::OFFERS,
            deltas: None,
            major: version::MAJOR,
            minor: version::MINOR,
            build: BUILD,
        }
    }
}

/// A stream that ends when a number of bytes was written.
struct Budgeted {
    stream: UnixStream,
    left: usize,
    said: usize,
}

impl Read for Budgeted {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        self.stream.read(into)
    }
}

impl Write for Budgeted {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let count = bytes.len().min(self.left);
        if count == 0 {
            return Err(io::ErrorKind::BrokenPipe.into());
        }
        self.left -= count;
        self.said += count;
        self.stream.write_all(&bytes[..count])?;
        Ok(count)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Stream for Budgeted {
    fn give_up_after(&self, limit: Duration) -> io::Result<()> {
        self.stream.give_up_after(limit)
    }
}

impl Judge {
    pub fn start(self, stream: UnixStream) -> JoinHandle<Seen> {
        std::thread::spawn(move || self.listen(stream))
    }

    /// Judges until the conversation is over.
    pub fn listen(self, stream: UnixStream) -> Seen {
        let mut seen = Seen::default();
        let budgeted = Budgeted {
            stream,
            left: self.budget,
            said: 0,
        };
        let mut link = Connection::new(budgeted, || Duration::from_secs(20));
        // The end is whatever the client makes of it.
        let _ = self.converse(&mut link, &mut seen);
        seen.said = link.stream().said;
        seen
    }

    fn converse<C: Fn() -> Duration>(
        &self,
        link: &mut Connection<Budgeted, C>,
        seen: &mut Seen,
    ) -> Result<(), lychgate_wire::blocking::Error> {
        let (mut counter, mut order) = (Counter::new(), Order::new());
        let mut wants = self.wants.clone().into_iter();
        let mut verdict = false;
        while !verdict {
            if let Some((frames, outburst)) = self.after
                && seen.frames.len() == frames
            {
                return self.burst_out(link, outburst, &counter);
            }
            let mut replies: Vec<Frame<'static>> = Vec::new();
            let open = order.open_object();
            let frame = link.receive()?;
            order
                .receive(&frame)
                .expect("the client keeps to the order");
            // Data comes in pieces of whatever size the socket gives.
            if !matches!(frame, Frame::Data(_)) || seen.frames.last() != Some(&"Data") {
                seen.frames.push(frame.name());
            }
            match frame {
                Frame::Hello(_) => {
                    let mut hello = version::hello(self.capabilities, self.build, vec![POLICY]);
                    (hello.major, hello.minor) = (self.major, self.minor);
                    replies.push(Frame::Hello(hello));
                    replies.extend(self.deltas.map(Frame::Deltas));
                }
                Frame::Facts(facts) => {
                    seen.head = facts.head.to_vec();
                    seen.head_born = facts.head_born;
                    seen.variables = facts.variables.len();
                }
                Frame::Ref(update) => {
                    counter.reference(&update);
                    seen.refs.push((update.name, update.kind));
                }
                Frame::Document(document) => {
                    use lychgate_wire::frame::DocumentContent::{Absent, Bytes, Unusable};
                    let content = match document.content {
                        Absent => None,
                        Bytes(bytes) => Some(bytes.to_vec()),
                        Unusable(why) => Some(format!("unusable: {why}").into_bytes()),
                    };
                    seen.documents.push((document.side, content));
                }
                Frame::Ready => {
                    let refs: Vec<(&[u8], bool)> = vec![(b"refs/heads/lax", false)];
                    replies.push(Frame::Plan(Plan { refs }));
                }
                Frame::Offer(ids) => {
                    counter.offer(&ids);
                    let before = seen.offered.len();
                    let needed = (0..ids.len()).map(|n| (self.needs)(before + n)).collect();
                    seen.offered.extend(ids);
                    replies.push(Frame::Need(needed));
                }
                Frame::Entry(entry) => {
                    counter.entry(&entry);
                    seen.paths.push(entry.path.to_vec());
                }
                Frame::Object(object) => {
                    counter.object(&object, seen.offered.contains(&object.id));
                    seen.objects.push((object.role, object.id, Vec::new()));
                }
                Frame::Data(bytes) => {
                    let (role, _) = open.expect("an object is open");
                    counter.data(role, bytes.len());
                    seen.objects.last_mut().unwrap().2.extend_from_slice(bytes);
                }
                Frame::Unreadable(what) => {
                    counter.unreadable(&what);
                    seen.unreadable.push(what.reason.to_owned());
                }
                Frame::Place(place) => {
                    seen.places
                        .push((place.path.to_vec(), place.old, place.deleted));
                }
                Frame::Done(_) | Frame::Answered => match wants.next() {
                    Some(want) => replies.push(Frame::Want(want)),
                    None => {
                        replies.extend(self.lines.iter().map(|l| Frame::Line(l)));
                        replies.push(self.verdict(&counter));
                        verdict = true;
                    }
                },
                other => panic!("a client does not say {}", other.name()),
            }
            for reply in &replies {
                order.sent(reply);
                link.send(reply)?;
            }
            link.flush()?;
        }
        Ok(())
    }

    fn burst_out<C: Fn() -> Duration>(
        &self,
        link: &mut Connection<Budgeted, C>,
        outburst: Outburst,
        counter: &Counter,
    ) -> Result<(), lychgate_wire::blocking::Error> {
        match outburst {
            Outburst::Nothing => {}
            Outburst::Silence(time) => std::thread::sleep(time),
            Outburst::Refuse(code) => {
                link.send(&Frame::Refuse(version::refuse(code, "not now")))?;
            }
            Outburst::Verdict(decision) => {
                link.send(&Frame::Line("said early"))?;
                let judge = Self {
                    decision,
                    ..Self::default()
                };
                link.send(&judge.verdict(counter))?;
            }
            Outburst::Frame(frame) => link.send(&frame())?,
            Outburst::Garbage => {
                let mut stream = &link.stream().stream;
                stream.write_all(&[0xff; 64]).unwrap();
            }
        }
        link.flush()
    }

    fn verdict(&self, counter: &Counter) -> Frame<'static> {
        let mut tally = counter.tally();
        (self.lie)(&mut tally);
        Frame::Verdict(Box::new(Answer {
            decision: self.decision,
            exit: 0,
            reasons: Vec::new(),
            notes: Vec::new(),
            coverage: Coverage {
                tally,
                complete: self.complete,
                ..Coverage::default()
            },
            rule_set: Digest::default(),
            policy: Digest::default(),
            request: String::new(),
        }))
    }
}

/// A frame only a client may say.
pub fn clients_frame() -> Frame<'static> {
    let id = ObjectId::null(HashKind::Sha1);
    let kind = lychgate_model::ObjectKind::Blob;
    Frame::Object(Object {
        role: Role::New,
        kind,
        id,
        size: 0,
        path: b"",
    })
}
