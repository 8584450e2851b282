//! One conversation: what is said is counted, what is heard is kept until the verdict.

use std::time::Instant;

use lychgate_model::{
    Decision, Finding, HashKind, ObjectId, ObjectKind, RefUpdate, RuleNote, limits,
};
use lychgate_wire::bound;
use lychgate_wire::frame::{
    Answer, Entry, Frame, Made, Object, RefuseCode, Role, Unreadable, Want, caps,
};
use lychgate_wire::tally::Counter;

use crate::error::Error;
use crate::link::{self, Link};
use crate::pace::{Pace, Progress};

/// Lines for people that are taken of one verdict.
const LINES: usize = 20_000;

/// A verdict and everything that came with it.
#[derive(Debug)]
pub struct Answered {
    /// The verdict.
    pub answer: Answer,
    /// Lines for people, ready to print.
    pub lines: Vec<String>,
    /// Findings, when they were asked for.
    pub findings: Vec<Finding>,
    /// The rules they cite.
    pub rules: Vec<RuleNote>,
}

/// Why a conversation goes no further.
#[derive(Debug)]
pub(crate) enum Stop {
    /// The judge gave its verdict before everything was said.
    Early(Box<Answer>),
    /// There will be no verdict.
    Failed(Error),
}

impl<E: Into<Error>> From<E> for Stop {
    fn from(error: E) -> Self {
        Self::Failed(error.into())
    }
}

/// What a judge can say that has to be acted on.
enum Heard {
    Plan(Vec<(Vec<u8>, bool)>),
    Need(Vec<bool>),
    Want(Want),
    Verdict(Box<Answer>),
}

pub(crate) struct Talk<'l> {
    link: &'l mut dyn Link,
    counter: Counter,
    plan: Option<Vec<(Vec<u8>, bool)>>,
    null: ObjectId,
    pace: Option<Pace<'l>>,
    /// Documents of folders that were told.
    nested: usize,
    takes_offers: bool,
    takes_made: bool,
    lines: Vec<String>,
    findings: Vec<Finding>,
    rules: Vec<RuleNote>,
}

impl<'l> Talk<'l> {
    /// `capabilities`: those of the judge.
    pub(crate) fn new(
        link: &'l mut dyn Link,
        capabilities: u64,
        format: HashKind,
        progress: Option<Progress<'l>>,
    ) -> Self {
        Self {
            pace: progress.map(Pace::new),
            null: ObjectId::null(format),
            nested: 0,
            link,
            counter: Counter::new(),
            plan: None,
            takes_offers: capabilities & caps::OFFERS != 0,
            takes_made: capabilities & caps::MADE != 0,
            lines: Vec::new(),
            findings: Vec::new(),
            rules: Vec::new(),
        }
    }

    pub(crate) fn deadline(&self) -> Option<Instant> {
        self.link.deadline()
    }

    /// Whether the judge knows some objects already.
    pub(crate) fn takes_offers(&self) -> bool {
        self.takes_offers
    }

    /// Whether the judge makes objects from others.
    pub(crate) fn takes_made(&self) -> bool {
        self.takes_made
    }

    pub(crate) fn say(&mut self, frame: &Frame<'_>) -> Result<(), Stop> {
        match self.link.send(frame) {
            Ok(()) => Ok(()),
            Err(error) => Err(self.last_words(error)),
        }
    }

    pub(crate) fn reference(&mut self, update: &RefUpdate) -> Result<(), Stop> {
        self.counter.reference(update);
        self.say(&Frame::Ref(update.clone()))
    }

    pub(crate) fn entry(&mut self, entry: Entry<'_>) -> Result<(), Stop> {
        self.counter.entry(&entry);
        self.say(&Frame::Entry(entry))
    }

    /// A document that a folder has of its own. What there is of them beyond a number that nobody
    /// needs is not read, and that is said.
    pub(crate) fn nested(&mut self, path: &[u8]) -> Result<(), Stop> {
        self.nested += 1;
        match self.nested {
            ..=bound::FOLDERS => self.say(&Frame::Nested(path)),
            n if n == bound::FOLDERS + 1 => self.unreadable(Unreadable {
                id: self.null,
                path,
                reason: "more folders have attributes or .sops.yaml of their own than are read",
            }),
            _ => Ok(()),
        }
    }

    pub(crate) fn unreadable(&mut self, what: Unreadable<'_>) -> Result<(), Stop> {
        self.counter.unreadable(&what);
        self.say(&Frame::Unreadable(what))
    }

    pub(crate) fn object(&mut self, object: Object<'_>, offered: bool) -> Result<(), Stop> {
        self.counter.object(&object, offered);
        if let Some(pace) = &mut self.pace {
            pace.object(offered);
        }
        self.say(&Frame::Object(object))
    }

    /// An object that was offered, made from another of its run.
    pub(crate) fn made(&mut self, object: Object<'_>, made: Made<'_>) -> Result<(), Stop> {
        let size = usize::try_from(object.size).unwrap_or(usize::MAX);
        self.object(object, true)?;
        self.counter.data(Role::New, size);
        self.say(&Frame::Made(made))
    }

    pub(crate) fn data(&mut self, role: Role, bytes: &[u8]) -> Result<(), Stop> {
        for piece in bytes.chunks(limits::CHUNK) {
            self.counter.data(role, piece.len());
            self.say(&Frame::Data(piece))?;
            if let Some(pace) = self.pace.as_mut().filter(|_| piece.len() == limits::CHUNK) {
                pace.goes_on();
            }
        }
        Ok(())
    }

    /// A commit message that is being written. `format`: the repository's.
    pub(crate) fn message(&mut self, format: HashKind, text: &[u8]) -> Result<(), Stop> {
        self.words(format, ObjectKind::Blob, text)
    }

    /// Its author and committer, as headers of a commit.
    pub(crate) fn persons(&mut self, format: HashKind, headers: &[u8]) -> Result<(), Stop> {
        self.words(format, ObjectKind::Commit, headers)
    }

    fn words(&mut self, format: HashKind, kind: ObjectKind, text: &[u8]) -> Result<(), Stop> {
        let (role, id) = (Role::Message, ObjectId::null(format));
        let size = text.len() as u64;
        self.object(
            Object {
                role,
                kind,
                id,
                size,
                path: b"",
            },
            false,
        )?;
        self.data(role, text)
    }

    /// Offers `ids` and adds to `needed`, in order, whether the judge wants the content of each.
    pub(crate) fn offer(&mut self, ids: &[ObjectId], needed: &mut Vec<bool>) -> Result<(), Stop> {
        for batch in ids.chunks(limits::OFFER) {
            self.counter.offer(batch);
            self.say(&Frame::Offer(batch.to_vec()))?;
            self.plan()?;
            match self.hear()? {
                Heard::Need(answer) if answer.len() == batch.len() => {
                    if let Some(pace) = &mut self.pace {
                        let known = answer.iter().filter(|needed| !**needed).count();
                        pace.offered(batch.len(), known);
                    }
                    needed.extend(answer);
                }
                Heard::Need(_) => return Err(Error::Protocol("a Need of another length").into()),
                other => return Err(out_of_place(other)),
            }
        }
        Ok(())
    }

    /// How to enumerate. It comes first of all the judge says after its Hello, so it may be asked
    /// for late: a small change is sent whole before anything is read.
    pub(crate) fn plan(&mut self) -> Result<&[(Vec<u8>, bool)], Stop> {
        if self.plan.is_none() {
            match self.hear()? {
                Heard::Plan(plan) => self.plan = Some(plan),
                other => return Err(out_of_place(other)),
            }
        }
        Ok(self.plan.as_deref().unwrap_or_default())
    }

    /// Says that this was all, and gives the judge's first question.
    pub(crate) fn done(&mut self) -> Result<Asked, Stop> {
        let tally = self.counter.tally();
        self.say(&Frame::Done(tally))?;
        self.plan()?;
        self.asked()
    }

    /// Says that the last question is answered, and gives the next.
    pub(crate) fn answered(&mut self) -> Result<Asked, Stop> {
        self.say(&Frame::Answered)?;
        self.asked()
    }

    fn asked(&mut self) -> Result<Asked, Stop> {
        match self.hear()? {
            Heard::Want(want) => Ok(Asked::Want(want)),
            Heard::Verdict(answer) => Ok(Asked::Nothing(answer)),
            other => Err(out_of_place(other)),
        }
    }

    /// The conversation's end: an allow is one only when both sides counted the same, and only
    /// after everything was said.
    pub(crate) fn conclude(self, end: Result<Box<Answer>, Stop>) -> Result<Answered, Error> {
        let answer = match end {
            Ok(answer) => {
                let coverage = &answer.coverage;
                let whole = coverage.complete && coverage.tally == self.counter.tally();
                if answer.decision == Decision::Allow && !whole {
                    return Err(Error::Coverage);
                }
                answer
            }
            Err(Stop::Early(answer)) if answer.decision == Decision::Allow => {
                return Err(Error::Protocol("an allow before everything was said"));
            }
            Err(Stop::Early(answer)) => answer,
            Err(Stop::Failed(error)) => return Err(error),
        };
        let Self {
            lines,
            findings,
            rules,
            ..
        } = self;
        Ok(Answered {
            answer: *answer,
            lines,
            findings,
            rules,
        })
    }

    fn hear(&mut self) -> Result<Heard, Stop> {
        match self.link.flush() {
            Ok(()) => self.hear_only(),
            Err(error) => Err(self.last_words(error)),
        }
    }

    fn hear_only(&mut self) -> Result<Heard, Stop> {
        loop {
            match self.link.receive()? {
                Frame::Line(line) => {
                    if self.lines.len() < LINES {
                        self.lines.push(line.to_owned());
                    }
                }
                Frame::Progress { judged, announced } => {
                    if let Some(pace) = &mut self.pace {
                        pace.tell(judged, announced);
                    }
                }
                Frame::Finding(finding) => {
                    if self.findings.len() < limits::FINDINGS {
                        self.findings.push(*finding);
                    }
                }
                Frame::Rule(rule) => {
                    if self.rules.len() < limits::FINDINGS {
                        self.rules.push(*rule);
                    }
                }
                Frame::Plan(plan) => {
                    let refs = plan.refs.into_iter();
                    return Ok(Heard::Plan(
                        refs.map(|(p, counts)| (p.to_vec(), counts)).collect(),
                    ));
                }
                Frame::Need(needed) => return Ok(Heard::Need(needed)),
                Frame::Want(want) => return Ok(Heard::Want(want)),
                Frame::Verdict(answer) => return Ok(Heard::Verdict(answer)),
                Frame::Refuse(refuse) => return Err(refusal(refuse.code, refuse.message).into()),
                _ => return Err(Error::Protocol("a frame only a client sends").into()),
            }
        }
    }

    /// A judge that gives up says why and closes while this side still talks: its words can be
    /// read after writing fails.
    fn last_words(&mut self, error: link::Error) -> Stop {
        match error {
            link::Error::Closed => loop {
                match self.hear_only() {
                    Ok(Heard::Verdict(answer)) => return Stop::Early(answer),
                    Ok(_) => {}
                    Err(stop) => return stop,
                }
            },
            other => other.into(),
        }
    }
}

/// The judge's next question.
pub(crate) enum Asked {
    Want(Want),
    /// No question: the verdict.
    Nothing(Box<Answer>),
}

pub(crate) fn refusal(code: RefuseCode, message: &str) -> Error {
    Error::Refused {
        code,
        message: lychgate_model::path::printable(message.as_bytes()),
    }
}

fn out_of_place(heard: Heard) -> Stop {
    match heard {
        Heard::Verdict(answer) => Stop::Early(answer),
        Heard::Plan(_) => Error::Protocol("a second Plan").into(),
        Heard::Need(_) => Error::Protocol("a Need nobody offered for").into(),
        Heard::Want(_) => Error::Protocol("a Want before Done").into(),
    }
}
