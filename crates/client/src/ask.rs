//! The whole of a conversation, as `lychgate_wire` draws it: the same for a hook over a socket
//! and for `lychgate check` in one process.

use std::ffi::OsString;
use std::os::unix::ffi::OsStrExt as _;

use lychgate_git::{Document as Stood, Environment, NewObjects, PrePushLine, Repository, Where};
use lychgate_model::limits::Deltas;
use lychgate_model::{HashKind, Hook, ObjectId, RefKind, RefUpdate, Surface, pattern};
use lychgate_wire::frame::{Document, DocumentContent, DocumentSide, Facts, Frame, caps};
use lychgate_wire::{bound, version};

use crate::error::Error;
use crate::files::{self, File};
use crate::link::Link;
use crate::pace::Progress;
use crate::talk::{Answered, Asked, Stop, Talk, refusal};
use crate::wants::Places;
use crate::{lines, pushed, staged, variables, wants};

/// Who asks.
#[derive(Clone, Copy)]
pub struct Asker<'a> {
    /// The hook or check.
    pub hook: Hook,
    /// The version of this program.
    pub build: &'a str,
    /// Whether findings are wanted beside the lines for people.
    pub wants_findings: bool,
    /// Where the program stands and what Git told it.
    pub environment: &'a Environment,
    /// All variables of the process; a server's judge is told a few of them.
    pub variables: &'a [(OsString, OsString)],
    /// The repository; `None`: files are judged outside of any.
    pub repository: Option<&'a Repository>,
    /// Who is told how far it is when it takes long.
    pub progress: Option<Progress<'a>>,
}

/// What is asked.
pub enum Question<'a> {
    /// HEAD against the index.
    Staged,
    /// A commit message: what [`crate::message::judged`] leaves of its file.
    Message(&'a [u8]),
    /// What a remote lacks.
    Outgoing {
        /// The remote's name, or its URL when it has none.
        remote: &'a [u8],
        /// Git's lines.
        lines: &'a [PrePushLine],
    },
    /// What a push brings: pre-receive with every ref line, update with its one.
    Push(&'a [RefUpdate]),
    /// Objects of `to` that are not objects of `from`.
    Range {
        /// `None`: everything `to` reaches.
        from: Option<ObjectId>,
        /// A commit or tag.
        to: ObjectId,
    },
    /// Every object any ref reaches.
    All,
    /// Files outside Git.
    Files(&'a mut dyn Iterator<Item = File>),
}

/// What a judge said of itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Greeting {
    /// The documents it wants.
    pub documents: Vec<Vec<u8>>,
    /// Its capabilities.
    pub capabilities: u64,
    /// Whether the asking program is newer than the judge.
    pub is_older: bool,
    /// What an object stored as a delta may cost this side.
    pub deltas: Deltas,
}

impl Greeting {
    /// Whether the judge makes room for a newer one when it is asked to: it was started by a hook.
    pub fn gives_way(&self) -> bool {
        self.is_older && self.capabilities & caps::SPAWNED != 0
    }
}

/// Says Hello and hears the judge's.
pub fn greet(link: &mut dyn Link, build: &str, capabilities: u64) -> Result<Greeting, Error> {
    hail(link, build, capabilities)?;
    hear_greeting(link, build)
}

/// The first half of [`greet`], for who has something to do until the judge answers.
pub fn hail(link: &mut dyn Link, build: &str, capabilities: u64) -> Result<(), Error> {
    let ours = version::hello(capabilities | caps::CHANGES, build, Vec::new());
    link.send(&Frame::Hello(ours))?;
    match link.flush() {
        // A judge that refuses at once may be gone already; its reason is still there.
        Ok(()) | Err(crate::link::Error::Closed) => Ok(()),
        Err(error) => Err(error.into()),
    }
}

/// The second half of [`greet`].
pub fn hear_greeting(link: &mut dyn Link, build: &str) -> Result<Greeting, Error> {
    let mut greeting = hear_hello(link, build)?;
    hear_limits(link, &mut greeting)?;
    Ok(greeting)
}

/// The judge's first word: it is alive. What it lets objects cost comes with [`hear_limits`].
pub fn hear_hello(link: &mut dyn Link, build: &str) -> Result<Greeting, Error> {
    let ours = version::hello(0, build, Vec::new());
    match link.receive()? {
        Frame::Hello(theirs) if version::agreed(&theirs).is_some() => Ok(Greeting {
            documents: theirs.documents.iter().map(|d| d.to_vec()).collect(),
            capabilities: theirs.capabilities,
            is_older: version::is_newer(&ours, &theirs),
            deltas: Deltas::default(),
        }),
        Frame::Hello(theirs) => Err(Error::Version {
            theirs: theirs.major,
            ours: ours.major,
        }),
        Frame::Refuse(refuse) => Err(refusal(refuse.code, refuse.message)),
        _ => Err(Error::Protocol("no Hello")),
    }
}

/// What follows a Hello that says so; a judge that has just started may have to read it first.
pub fn hear_limits(link: &mut dyn Link, greeting: &mut Greeting) -> Result<(), Error> {
    if greeting.capabilities & caps::DELTAS != 0 {
        greeting.deltas = match link.receive()? {
            Frame::Deltas(deltas) => deltas,
            Frame::Refuse(refuse) => return Err(refusal(refuse.code, refuse.message)),
            _ => {
                return Err(Error::Protocol(
                    "no Deltas after a Hello that promised them",
                ));
            }
        };
    }
    Ok(())
}

/// Says Hello with one of [`caps`] that asks for something else than a judgement (status, drain,
/// reload), and gives the lines of the answer.
pub fn control(link: &mut dyn Link, build: &str, capability: u64) -> Result<Vec<String>, Error> {
    greet(link, build, capability)?;
    told(link)
}

/// The lines of an answer to a Hello that asked for something else than a judgement.
pub fn told(link: &mut dyn Link) -> Result<Vec<String>, Error> {
    let mut lines = Vec::new();
    loop {
        match link.receive() {
            Ok(Frame::Line(line)) => lines.push(line.to_owned()),
            Ok(Frame::Refuse(refuse)) => return Err(refusal(refuse.code, refuse.message)),
            Ok(_) => return Err(Error::Protocol("something else than a line")),
            Err(crate::link::Error::Closed) => return Ok(lines),
            Err(error) => return Err(error.into()),
        }
    }
}

/// Greets the judge and asks it.
pub fn ask(
    link: &mut dyn Link,
    asker: Asker<'_>,
    question: Question<'_>,
) -> Result<Answered, Error> {
    let greeting = greet(link, asker.build, 0)?;
    ask_greeted(link, &greeting, asker, question)
}

/// Asks a judge that was greeted.
///
/// Whatever goes wrong is an error, never an allow: an allow is given only when the enumeration
/// reached its end and both sides counted the same.
pub fn ask_greeted(
    link: &mut dyn Link,
    greeting: &Greeting,
    asker: Asker<'_>,
    question: Question<'_>,
) -> Result<Answered, Error> {
    if let Some(repository) = asker.repository {
        repository.objects().allow_deltas(greeting.deltas);
    }
    let format = object_format(asker);
    let mut talk = Talk::new(link, greeting.capabilities, format, asker.progress);
    let end = converse(&mut talk, greeting, asker, question);
    talk.conclude(end)
}

fn converse(
    talk: &mut Talk<'_>,
    greeting: &Greeting,
    asker: Asker<'_>,
    question: Question<'_>,
) -> Result<Box<lychgate_wire::frame::Answer>, Stop> {
    let updates = updates(asker, &question)?;
    open(talk, greeting, asker, &updates)?;
    if let (Question::Message(_), true) = (&question, greeting.capabilities & caps::PERSONS != 0) {
        let headers = variables::persons(asker.variables, || {
            let persons = |it: &Repository| it.persons(asker.environment);
            asker
                .repository
                .map_or_else(|| Ok(Default::default()), persons)
        })?;
        if !headers.is_empty() {
            talk.persons(object_format(asker), &headers)?;
        }
    }
    let mut places = enumerate(talk, asker, question, &updates)?;
    let anchor = anchor(asker, &updates)?.map(|update| update.new);
    let mut asked = talk.done()?;
    loop {
        match asked {
            Asked::Want(want) => {
                wants::answer(talk, asker, &mut places, anchor, want)?;
                asked = talk.answered()?;
            }
            Asked::Nothing(answer) => return Ok(answer),
        }
    }
}

fn needed(asker: Asker<'_>) -> Result<&Repository, Error> {
    asker.repository.ok_or(Error::NoRepository)
}

/// Without a repository nothing has an id, and one kind is as good as the other.
pub(crate) fn object_format(asker: Asker<'_>) -> HashKind {
    asker
        .repository
        .map_or(HashKind::Sha1, Repository::hash_kind)
}

fn updates(asker: Asker<'_>, question: &Question<'_>) -> Result<Vec<RefUpdate>, Error> {
    match question {
        Question::Push([]) => Err(Error::NoRefs),
        Question::Push(updates) => Ok(updates.to_vec()),
        Question::Outgoing { lines, .. } => {
            let repository = needed(asker)?;
            lines
                .iter()
                .map(|line| lines::remote_update(repository, line))
                .collect()
        }
        Question::All => standing(needed(asker)?),
        _ => Ok(Vec::new()),
    }
}

/// Every ref that stands, as a first push would make it: a secret can be in its name.
fn standing(repository: &Repository) -> Result<Vec<RefUpdate>, Error> {
    let old = ObjectId::null(repository.hash_kind());
    let mut updates = Vec::new();
    repository.for_each_ref(&mut |name, new| {
        updates.push(RefUpdate {
            name: name.to_vec(),
            old,
            new,
            kind: RefKind::Create,
        });
    })?;
    Ok(updates)
}

/// Facts, ref lines and documents.
fn open(
    talk: &mut Talk<'_>,
    greeting: &Greeting,
    asker: Asker<'_>,
    updates: &[RefUpdate],
) -> Result<(), Stop> {
    let head = asker.repository.map(Repository::head).transpose()?;
    let branch = head.as_ref().and_then(|h| h.branch.as_deref());
    let variables = match asker.hook.surface() {
        Surface::Server => variables::told(asker.variables),
        Surface::Client => Vec::new(),
    };
    talk.say(&Frame::Facts(Facts {
        hook: asker.hook,
        object_format: object_format(asker),
        want_findings: asker.wants_findings,
        repository: asker
            .repository
            .map_or(b"", |r| r.git_dir().as_os_str().as_bytes()),
        head: branch.unwrap_or_default(),
        head_born: head.as_ref().is_some_and(|h| h.commit.is_some()),
        variables,
    }))?;
    for update in updates {
        talk.reference(update)?;
    }
    if let Some(repository) = asker.repository {
        // What a push brings to the branch HEAD names has to be usable, and may be a repair.
        let anchor = anchor(asker, updates)?.map(|update| update.new);
        for path in greeting.documents.iter().take(bound::DOCUMENTS) {
            for &side in sides(asker.hook) {
                document(talk, repository, side, path, None)?;
            }
            if anchor.is_some() {
                document(talk, repository, DocumentSide::Target, path, anchor)?;
            }
        }
    }
    talk.say(&Frame::Ready)
}

/// How a push moves the branch that HEAD of a server's repository names.
fn anchor<'u>(asker: Asker<'_>, updates: &'u [RefUpdate]) -> Result<Option<&'u RefUpdate>, Stop> {
    let repository = asker
        .repository
        .filter(|_| asker.hook.surface() == Surface::Server);
    let Some(repository) = repository else {
        return Ok(None);
    };
    let head = repository.head()?;
    let mut moved = updates.iter().filter(|u| !u.new.is_null());
    Ok(moved.find(|u| head.branch.as_deref() == Some(u.name.as_slice())))
}

/// At a server HEAD's branch has its old tip still: that is the base.
fn sides(hook: Hook) -> &'static [DocumentSide] {
    match hook {
        Hook::PreCommit | Hook::PreMergeCommit | Hook::CommitMsg | Hook::CheckStaged => {
            &[DocumentSide::Base, DocumentSide::Index]
        }
        _ => &[DocumentSide::Base],
    }
}

/// One document at one side. What cannot be read is a document that cannot be used, and the judge
/// says so; it is never the same as none. `anchor`: what the target is, if there is one.
pub(crate) fn document(
    talk: &mut Talk<'_>,
    repository: &Repository,
    side: DocumentSide,
    path: &[u8],
    anchor: Option<ObjectId>,
) -> Result<(), Stop> {
    let stood = match (side, anchor) {
        (DocumentSide::Base, _) => repository.document(path, Where::Head),
        (DocumentSide::Index, _) => repository.document(path, Where::Index),
        (DocumentSide::Target, Some(commit)) => repository.document(path, Where::Commit(commit)),
        (DocumentSide::Target, None) => Ok(Stood::Unusable {
            why: "no side of this name here".to_owned(),
        }),
    };
    let stood = stood.unwrap_or_else(|e| Stood::Unusable {
        why: crate::error::chain(&e),
    });
    let null = ObjectId::null(repository.hash_kind());
    let (id, content) = match &stood {
        Stood::Absent => (null, DocumentContent::Absent),
        Stood::Bytes { content, .. } if content.len() > bound::DOCUMENT => {
            (null, DocumentContent::Unusable("it is too large"))
        }
        Stood::Bytes { id, content } => (*id, DocumentContent::Bytes(content)),
        Stood::Unusable { why } => (null, DocumentContent::Unusable(why)),
    };
    talk.say(&Frame::Document(Document {
        side,
        path,
        id,
        content,
    }))
}

/// The change itself. What is returned knows where its objects stand.
fn enumerate<'a>(
    talk: &mut Talk<'_>,
    asker: Asker<'a>,
    question: Question<'_>,
    updates: &[RefUpdate],
) -> Result<Places<'a>, Stop> {
    let environment = asker.environment;
    let mut objects = match question {
        Question::Staged => {
            let repository = needed(asker)?;
            let merging = asker.hook == Hook::PreMergeCommit;
            staged::tell(talk, repository, merging)?;
            return Ok(Places::Staged(repository));
        }
        Question::Message(text) => {
            talk.message(object_format(asker), text)?;
            return Ok(Places::None);
        }
        Question::Files(files) => {
            files::tell(talk, object_format(asker), files)?;
            return Ok(Places::None);
        }
        Question::Push(_) => {
            let plan = talk.plan()?;
            let counts = |name: &[u8]| {
                plan.iter()
                    .find(|(p, _)| pattern::matches(p, name))
                    .is_none_or(|(_, c)| *c)
            };
            NewObjects::of_push(needed(asker)?, environment, updates, &counts)?
        }
        Question::Outgoing { remote, lines } => {
            NewObjects::of_outgoing(needed(asker)?, lines, remote)?
        }
        Question::Range { from, to } => NewObjects::of_range(needed(asker)?, from, to)?,
        Question::All => NewObjects::of_all(needed(asker)?)?,
    };
    pushed::tell(talk, &mut objects)?;
    Ok(Places::Pushed(Box::new(objects)))
}
