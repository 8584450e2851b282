//! A client made by hand: every frame a test sends stands in the test.

use std::collections::HashMap;
use std::sync::{Arc, LazyLock};

use lychgate_judge::{
    Cache, Context, Engine, InProcess, Refusal, Reply, Session, Sources, State, Text,
};
use lychgate_model::{
    Decision, Finding, HashKind, Hook, Mode, ObjectId, ObjectKind, RefKind, RefUpdate, RuleNote,
    Side, Tally,
};
use lychgate_wire::frame::{
    Answer, Document, DocumentContent, DocumentSide, Entry, Facts, Frame, Object, Place, Role,
    Unreadable,
};
use lychgate_wire::tally::Counter;
use lychgate_wire::version;
use sha1::{Digest, Sha1};

/// A rule with a shape nobody else has.
pub(crate) const PACK: &str = r#"
[pack]
id = "test"
title = "Rules of the tests"
[[rule]]
id = "test.token"
version = 1
title = "Test token"
severity = "high"
confidence = "high"
category = "secret"
keywords = ["tkn-"]
pattern = '\b(tkn-[A-Z0-9]{12})\b'
why = "Whoever reads it can test."
remediation = "Read it from the environment."
playbook.rotation.steps = ["make a new one"]
playbook.revocation.steps = ["delete this one"]
examples.bad = ['x = tkn-ABCDEFGHJKLM']
examples.good = ['x = tkn-short']
[[rule]]
id = "test.scoped"
version = 1
title = "Scoped test token"
severity = "high"
confidence = "high"
category = "secret"
keywords = ["scp-"]
pattern = '\b(scp-[A-Z0-9]{12})\b'
why = "Whoever reads it can test."
remediation = "Read it from the environment."
playbook.rotation.steps = ["make a new one"]
playbook.revocation.steps = ["delete this one"]
paths = { never = ["vendor/**"] }
examples.bad = ['x = scp-ABCDEFGHJKLM']
examples.good = ['x = scp-short']
"#;

/// The value the rule of [`PACK`] finds; `n` makes it another.
pub(crate) fn token(n: u8) -> String {
    format!(
        "tkn-QFWHCZPLVN{}{}",
        char::from(b'A' + n / 26),
        char::from(b'A' + n % 26)
    )
}

/// A line with what the scoped rule of [`PACK`] finds.
pub(crate) fn scoped(n: u8) -> Vec<u8> {
    format!("key = {}\n", token(n).replace("tkn-", "scp-")).into_bytes()
}

fn sources() -> Sources {
    let mut sources = Sources::built_in();
    sources.packs.push(Text {
        name: "test.toml".into(),
        text: PACK.into(),
    });
    sources
}

pub(crate) static ENGINE: LazyLock<Arc<Engine>> =
    LazyLock::new(|| Arc::new(Engine::load(&sources()).unwrap_or_else(|p| panic!("{p:?}"))));

/// An engine under an organisation's file.
pub(crate) fn engine(organisation: &str) -> Arc<Engine> {
    let mut sources = sources();
    sources.organisation = Some(Text {
        name: "org.toml".into(),
        text: organisation.into(),
    });
    Arc::new(Engine::load(&sources).unwrap_or_else(|p| panic!("{p:?}")))
}

pub(crate) fn id_of(kind: ObjectKind, content: &[u8]) -> ObjectId {
    let mut hash = Sha1::new();
    hash.update(format!("{} {}\0", kind.name(), content.len()));
    hash.update(content);
    ObjectId::from_bytes(&hash.finalize()).unwrap()
}

pub(crate) fn blob(content: &[u8]) -> ObjectId {
    id_of(ObjectKind::Blob, content)
}

pub(crate) fn side(content: &[u8]) -> Option<Side> {
    Some(Side {
        mode: Mode::Regular,
        id: blob(content),
    })
}

pub(crate) fn null() -> ObjectId {
    ObjectId::null(HashKind::Sha1)
}

pub(crate) fn update(name: &str, kind: RefKind) -> RefUpdate {
    let id = |n: u8| ObjectId::from_bytes(&[n; 20]).unwrap();
    let old = if kind == RefKind::Create {
        null()
    } else {
        id(1)
    };
    let new = if kind == RefKind::Delete {
        null()
    } else {
        id(2)
    };
    RefUpdate {
        name: name.as_bytes().to_vec(),
        old,
        new,
        kind,
    }
}

/// One place an object stands at.
#[derive(Clone, Debug)]
pub(crate) struct At {
    pub(crate) object: ObjectId,
    pub(crate) commit: ObjectId,
    pub(crate) path: &'static str,
    pub(crate) mode: Mode,
    pub(crate) reference: &'static str,
    pub(crate) old: Vec<ObjectId>,
    pub(crate) deleted: Vec<ObjectId>,
}

impl At {
    pub(crate) fn new(object: ObjectId, path: &'static str) -> Self {
        let (old, deleted) = (Vec::new(), Vec::new());
        Self {
            object,
            commit: null(),
            path,
            mode: Mode::Regular,
            reference: "",
            old,
            deleted,
        }
    }
    pub(crate) fn old(mut self, content: &[u8]) -> Self {
        self.old.push(blob(content));
        self
    }
    pub(crate) fn deleted(mut self, content: &[u8]) -> Self {
        self.deleted.push(blob(content));
        self
    }
    pub(crate) fn commit(mut self, commit: ObjectId) -> Self {
        self.commit = commit;
        self
    }
}

/// Everything a session answered.
#[derive(Debug, Default)]
pub(crate) struct Answered {
    pub(crate) findings: Vec<Finding>,
    pub(crate) rules: Vec<RuleNote>,
    pub(crate) lines: Vec<String>,
    pub(crate) answer: Option<Answer>,
    /// Content frames the judge asked for after Done.
    pub(crate) wanted: Vec<ObjectId>,
}

impl Answered {
    pub(crate) fn decision(&self) -> Decision {
        self.answer.as_ref().expect("a verdict").decision
    }
    pub(crate) fn codes(&self) -> Vec<&'static str> {
        self.answer
            .as_ref()
            .unwrap()
            .reasons
            .iter()
            .map(|r| r.code.name())
            .collect()
    }
    pub(crate) fn states(&self) -> Vec<&'static str> {
        self.findings.iter().map(|f| f.state.name()).collect()
    }
    pub(crate) fn text(&self) -> String {
        self.lines.join("\n")
    }
}

/// A client.
pub(crate) struct Talk {
    pub(crate) judge: InProcess,
    pub(crate) counter: Counter,
    pub(crate) store: HashMap<ObjectId, (ObjectKind, Vec<u8>)>,
    pub(crate) places: Vec<At>,
    pub(crate) plan: Vec<(Vec<u8>, bool)>,
    pub(crate) replies: Vec<Reply>,
    /// Capabilities of its Hello.
    pub(crate) speaks: u64,
}

pub(crate) fn context() -> Context {
    Context {
        peer: 1000,
        today: jiff::civil::date(2026, 11, 21),
        request: String::new(),
        build: "test".into(),
        capabilities: 0,
    }
}

impl Talk {
    pub(crate) fn with(engine: &Arc<Engine>, cache: &Arc<Cache>, state: &Arc<State>) -> Self {
        let session = Session::new(engine.clone(), cache.clone(), state.clone(), context());
        Self {
            judge: InProcess::new(session),
            counter: Counter::new(),
            store: HashMap::new(),
            places: Vec::new(),
            plan: Vec::new(),
            replies: Vec::new(),
            speaks: 0,
        }
    }

    pub(crate) fn new(engine: &Arc<Engine>) -> Self {
        Self::with(
            engine,
            &Arc::new(Cache::new(1 << 20)),
            &Arc::new(State::open(None)),
        )
    }

    pub(crate) fn send(&mut self, frame: &Frame<'_>) -> Result<(), Refusal> {
        self.judge.send(frame)?;
        while let Some(reply) = self.judge.receive() {
            let reply = reply.clone();
            self.replies.push(reply);
        }
        Ok(())
    }

    pub(crate) fn must(&mut self, frame: &Frame<'_>) {
        self.send(frame)
            .unwrap_or_else(|r| panic!("{frame:?}: {r:?}"));
    }

    pub(crate) fn next(&mut self) -> Option<Reply> {
        (!self.replies.is_empty()).then(|| self.replies.remove(0))
    }

    /// Hello, Facts, refs, documents, Ready.
    pub(crate) fn open(
        &mut self,
        hook: Hook,
        refs: &[RefUpdate],
        documents: &[(DocumentSide, DocumentContent<'_>)],
    ) {
        let policy = b".lychgate/policy.toml".as_slice();
        let named: Vec<_> = documents.iter().map(|(s, c)| (policy, *s, *c)).collect();
        self.open_with(hook, refs, &named);
    }

    /// The same with documents at any path.
    pub(crate) fn open_with(
        &mut self,
        hook: Hook,
        refs: &[RefUpdate],
        documents: &[(&[u8], DocumentSide, DocumentContent<'_>)],
    ) {
        let hello = version::hello(self.speaks, "test", Vec::new());
        self.must(&Frame::Hello(hello));
        assert!(matches!(self.next(), Some(Reply::Hello { .. })));
        self.must(&Frame::Facts(Facts {
            hook,
            object_format: HashKind::Sha1,
            want_findings: true,
            repository: b"/srv/git/shop.git",
            head: b"refs/heads/main",
            head_born: true,
            variables: Vec::new(),
        }));
        for update in refs {
            self.counter.reference(update);
            self.must(&Frame::Ref(update.clone()));
        }
        for (path, side, content) in documents {
            let document = Document {
                side: *side,
                path,
                id: null(),
                content: *content,
            };
            self.must(&Frame::Document(document));
        }
        self.must(&Frame::Ready);
        match self.next() {
            Some(Reply::Plan(plan)) => self.plan = plan,
            other => panic!("{other:?}"),
        }
    }

    pub(crate) fn entry(&mut self, path: &str, old: Option<Side>, new: Option<Side>) {
        let entry = Entry {
            path: path.as_bytes(),
            old,
            new,
        };
        self.counter.entry(&entry);
        self.must(&Frame::Entry(entry));
    }

    /// An object under whatever id.
    pub(crate) fn object_as(
        &mut self,
        role: Role,
        kind: ObjectKind,
        id: ObjectId,
        path: &str,
        content: &[u8],
        offered: bool,
    ) {
        let size = content.len() as u64;
        let object = Object {
            role,
            kind,
            id,
            size,
            path: path.as_bytes(),
        };
        self.counter.object(&object, offered);
        self.must(&Frame::Object(object));
        for piece in content.chunks(100_000) {
            self.counter.data(role, piece.len());
            self.must(&Frame::Data(piece));
        }
    }

    pub(crate) fn blob(&mut self, content: &[u8]) -> ObjectId {
        let id = blob(content);
        self.object_as(Role::New, ObjectKind::Blob, id, "", content, false);
        id
    }

    pub(crate) fn commit(&mut self, message: &str) -> ObjectId {
        let content = format!(
            "tree 4b825dc642cb6eb9a060e54bf8d69288fbee4904\nauthor a <a@example.org> 1 +0000\n\
             committer a <a@example.org> 1 +0000\n\n{message}"
        );
        let id = id_of(ObjectKind::Commit, content.as_bytes());
        self.object_as(
            Role::New,
            ObjectKind::Commit,
            id,
            "",
            content.as_bytes(),
            false,
        );
        id
    }

    /// One changed path and its new content.
    pub(crate) fn change(&mut self, path: &'static str, old: &[u8], new: &[u8]) -> ObjectId {
        self.entry(path, side(old), side(new));
        let id = self.blob(new);
        self.old_side(old);
        self.places.push(At::new(id, path).old(old));
        id
    }

    /// One added path.
    pub(crate) fn add(&mut self, path: &'static str, new: &[u8]) -> ObjectId {
        self.entry(path, None, side(new));
        let id = self.blob(new);
        self.places.push(At::new(id, path));
        id
    }

    pub(crate) fn old_side(&mut self, content: &[u8]) {
        self.store
            .insert(blob(content), (ObjectKind::Blob, content.to_vec()));
    }

    pub(crate) fn offer(&mut self, ids: &[ObjectId]) -> Vec<bool> {
        self.counter.offer(ids);
        self.must(&Frame::Offer(ids.to_vec()));
        match self.next() {
            Some(Reply::Need(needed)) => needed,
            other => panic!("{other:?}"),
        }
    }

    pub(crate) fn unreadable(&mut self, id: ObjectId, path: &str, reason: &str) {
        let what = Unreadable {
            id,
            path: path.as_bytes(),
            reason,
        };
        self.counter.unreadable(&what);
        self.must(&Frame::Unreadable(what));
    }

    /// Done, then answers to every question.
    pub(crate) fn close(mut self) -> Answered {
        let tally = self.counter.tally();
        self.close_with(tally)
    }

    pub(crate) fn close_with(&mut self, tally: Tally) -> Answered {
        self.must(&Frame::Done(tally));
        self.rest()
    }

    pub(crate) fn rest(&mut self) -> Answered {
        let mut out = Answered::default();
        while let Some(reply) = self.next() {
            match reply {
                Reply::Places(ids) => {
                    let places: Vec<At> = self
                        .places
                        .iter()
                        .filter(|p| ids.contains(&p.object))
                        .cloned()
                        .collect();
                    for at in &places {
                        self.must(&Frame::Place(Place {
                            object: at.object,
                            commit: at.commit,
                            path: at.path.as_bytes(),
                            mode: at.mode,
                            reference: at.reference.as_bytes(),
                            old: at.old.clone(),
                            deleted: at.deleted.clone(),
                        }));
                    }
                    self.must(&Frame::Answered);
                }
                Reply::Content(ids) => {
                    for id in ids {
                        out.wanted.push(id);
                        if let Some((kind, content)) = self.store.get(&id).cloned() {
                            self.object_as(Role::Old, kind, id, "", &content, false);
                        }
                    }
                    self.must(&Frame::Answered);
                }
                Reply::Small(most, ids) => {
                    for id in ids {
                        out.wanted.push(id);
                        let held = self.store.get(&id).cloned();
                        let held = held.filter(|(_, content)| content.len() as u64 <= most);
                        if let Some((kind, content)) = held {
                            self.object_as(Role::Old, kind, id, "", &content, false);
                        }
                    }
                    self.must(&Frame::Answered);
                }
                Reply::Finding(finding) => out.findings.push(*finding),
                Reply::Rule(rule) => out.rules.push(*rule),
                Reply::Line(line) => out.lines.push(line),
                Reply::Verdict(answer) => out.answer = Some(*answer),
                other => panic!("{other:?}"),
            }
        }
        out
    }
}
