//! Which message may come when: the client's side of a conversation as a judge must check it.
//!
//! A frame that decodes is not yet one that is allowed here. The checker sees every frame the
//! judge receives and every frame it sends, and refuses the first that is out of order, of the
//! wrong hash, of the wrong kind for the hook, or over a count. It counts an object's bytes, so
//! that a receiver may trust `size`.

use lychgate_model::{HashKind, Hook, ObjectId, delta, limits};

use crate::bound;
use crate::frame::{Entry, Facts, Frame, Object, Place, Role, Want, caps};

/// A frame stands where it must not.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A message at the wrong time.
    #[error("{frame} is not expected {phase}")]
    Unexpected {
        /// The message's name.
        frame: &'static str,
        /// When it came.
        phase: &'static str,
    },
    /// A message this hook has no use for.
    #[error("{frame} does not belong to {hook}")]
    WrongHook {
        /// The message's name.
        frame: &'static str,
        /// The hook of Facts.
        hook: &'static str,
    },
    /// More of something than there may be.
    #[error("{what}: {count}, and the limit is {limit}")]
    TooMany {
        /// What there is too much of.
        what: &'static str,
        /// How much came.
        count: u64,
        /// How much there may be.
        limit: u64,
    },
    /// The object before is not complete.
    #[error("object ends {missing} bytes early")]
    Incomplete {
        /// Bytes its size announced and nobody sent.
        missing: u64,
    },
    /// An id of the other hash.
    #[error("id is not of the repository's object format")]
    WrongHash,
    /// A delta that does not give the object it is sent for, or of an object that is sent otherwise.
    #[error("this delta does not make the object")]
    Unfit,
    /// An answer to something nobody asked.
    #[error("{0} was not asked for")]
    Unasked(&'static str),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Phase {
    Hello,
    Facts,
    Before,
    Enumerating,
    Asking,
    Closed,
}

impl Phase {
    const fn words(self) -> &'static str {
        match self {
            Self::Hello => "before Hello",
            Self::Facts => "before Facts",
            Self::Before => "before Ready",
            Self::Enumerating => "during enumeration",
            Self::Asking => "after Done",
            Self::Closed => "after the end",
        }
    }
}

/// The open question, after Done.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Question {
    None,
    Places(Vec<ObjectId>),
    Content(Vec<ObjectId>),
    Documents,
    Changes,
    Gone,
}

/// The object whose Data is coming.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Open {
    id: ObjectId,
    role: Role,
    left: u64,
    /// Whether nothing of it has come.
    untouched: bool,
}

/// Checks one conversation.
#[derive(Clone, Debug)]
pub struct Order {
    phase: Phase,
    hook: Hook,
    format: HashKind,
    open: Option<Open>,
    question: Question,
    refs: usize,
    documents: usize,
    nested: usize,
    places: usize,
    unanswered_offers: usize,
}

impl Default for Order {
    fn default() -> Self {
        Self::new()
    }
}

/// Offers that may wait for their answers at once.
const OFFERS_AHEAD: usize = 4;

impl Order {
    /// The state before the first byte.
    pub const fn new() -> Self {
        Self {
            phase: Phase::Hello,
            hook: Hook::CheckStdin,
            format: HashKind::Sha1,
            open: None,
            question: Question::None,
            refs: 0,
            documents: 0,
            nested: 0,
            places: 0,
            unanswered_offers: 0,
        }
    }

    /// Whether the client has said all it will say before a question.
    pub fn is_done(&self) -> bool {
        self.phase == Phase::Asking
    }

    /// Role of the object whose Data is coming, and bytes of it still missing.
    pub fn open_object(&self) -> Option<(Role, u64)> {
        self.open.map(|open| (open.role, open.left))
    }

    /// Takes note of a frame the judge sends.
    pub fn sent(&mut self, frame: &Frame<'_>) {
        match frame {
            Frame::Want(Want::Places(ids)) => self.question = Question::Places(sorted(ids)),
            Frame::Want(Want::Content(ids) | Want::Small(_, ids)) => {
                self.question = Question::Content(sorted(ids));
            }
            Frame::Want(Want::Documents(_)) => self.question = Question::Documents,
            Frame::Want(Want::Changes(_)) => self.question = Question::Changes,
            Frame::Want(Want::Gone(_)) => self.question = Question::Gone,
            Frame::Need(_) => self.unanswered_offers = self.unanswered_offers.saturating_sub(1),
            Frame::Verdict(_) | Frame::Refuse(_) => self.phase = Phase::Closed,
            _ => return,
        }
        (self.places, self.documents) = (0, 0);
    }

    /// Takes a frame from the client.
    ///
    /// # Errors
    ///
    /// It may not come now; the conversation is over.
    pub fn receive(&mut self, frame: &Frame<'_>) -> Result<(), Error> {
        let done = self.step(frame);
        if done.is_err() {
            self.phase = Phase::Closed;
        }
        done
    }

    fn step(&mut self, frame: &Frame<'_>) -> Result<(), Error> {
        if let Some(open) = self.open {
            return self.inside(open, frame);
        }
        match (self.phase, frame) {
            (Phase::Hello, Frame::Hello(hello)) => {
                let instead = caps::STATUS | caps::DRAIN | caps::RELOAD;
                let judged = hello.capabilities & instead == 0;
                self.phase = if judged { Phase::Facts } else { Phase::Closed };
                Ok(())
            }
            (Phase::Facts, Frame::Facts(facts)) => self.facts(facts),
            (Phase::Before, Frame::Ref(update)) => {
                self.only_for(
                    "Ref",
                    &[
                        Hook::PreReceive,
                        Hook::Update,
                        Hook::PrePush,
                        Hook::CheckAll,
                    ],
                )?;
                count("ref lines", &mut self.refs, limits::REFS)?;
                self.ids([&update.old, &update.new])
            }
            (Phase::Before, Frame::Document(document)) => {
                count("documents", &mut self.documents, 3 * bound::DOCUMENTS)?;
                self.ids([&document.id])
            }
            (Phase::Before, Frame::Ready) => {
                self.phase = Phase::Enumerating;
                Ok(())
            }
            (Phase::Enumerating, Frame::Offer(ids)) => {
                count(
                    "offers without answer",
                    &mut self.unanswered_offers,
                    OFFERS_AHEAD,
                )?;
                self.ids(ids)
            }
            (Phase::Enumerating, Frame::Entry(entry)) => self.entry(entry),
            (Phase::Enumerating, Frame::Object(object)) => self.object(object),
            (Phase::Enumerating, Frame::Unreadable(what)) => self.ids([&what.id]),
            (Phase::Enumerating, Frame::Nested(_)) => {
                count("documents of folders", &mut self.nested, bound::FOLDERS)
            }
            (Phase::Enumerating, Frame::Done(_)) => {
                self.phase = Phase::Asking;
                Ok(())
            }
            (Phase::Asking, Frame::Place(place)) => self.place(place),
            (Phase::Asking, Frame::Gone(gone)) if self.question == Question::Gone => {
                count("deleted paths", &mut self.places, bound::GONE_PATHS)?;
                self.ids([&gone.commit, &gone.object])
            }
            (Phase::Asking, Frame::Object(object)) => self.old_side(object),
            (Phase::Asking, Frame::Document(document)) => {
                if self.question != Question::Documents {
                    return Err(Error::Unasked("Document"));
                }
                count("documents", &mut self.documents, bound::DOCUMENTS)?;
                self.ids([&document.id])
            }
            (Phase::Asking, Frame::Answered) => {
                if self.question == Question::None {
                    return Err(Error::Unasked("Answered"));
                }
                self.question = Question::None;
                Ok(())
            }
            (phase, frame) => Err(Error::Unexpected {
                frame: frame.name(),
                phase: phase.words(),
            }),
        }
    }

    /// Between an object's head and its last byte only its Data may come, or the word that the
    /// rest of it cannot be read.
    fn inside(&mut self, open: Open, frame: &Frame<'_>) -> Result<(), Error> {
        match frame {
            Frame::Data(bytes) => {
                let size = bytes.len() as u64;
                let left = open.left.checked_sub(size).ok_or(Error::TooMany {
                    what: "bytes of an object beyond its size",
                    count: size,
                    limit: open.left,
                })?;
                self.open = (left > 0).then_some(Open {
                    left,
                    untouched: false,
                    ..open
                });
                Ok(())
            }
            Frame::Made(made) => {
                let small = open.left <= bound::RUN_OBJECT && open.role == Role::New;
                let fits = delta::head(made.delta).is_some_and(|head| head.result == open.left);
                if !(open.untouched && small && fits) {
                    return Err(Error::Unfit);
                }
                self.open = None;
                Ok(())
            }
            Frame::Unreadable(what) if what.id == open.id => {
                self.open = None;
                Ok(())
            }
            _ => Err(Error::Incomplete { missing: open.left }),
        }
    }

    fn facts(&mut self, facts: &Facts<'_>) -> Result<(), Error> {
        self.hook = facts.hook;
        self.format = facts.object_format;
        self.phase = Phase::Before;
        Ok(())
    }

    /// The paths of a staged change, or those that a push adds.
    fn entry(&self, entry: &Entry<'_>) -> Result<(), Error> {
        let pathless = matches!(
            self.hook,
            Hook::CommitMsg | Hook::CheckPath | Hook::CheckStdin
        );
        if pathless {
            return Err(self.wrong_hook("Entry"));
        }
        let sides = [&entry.old, &entry.new];
        self.ids(sides.into_iter().flatten().map(|side| &side.id))
    }

    fn object(&mut self, object: &Object<'_>) -> Result<(), Error> {
        match object.role {
            Role::New => {}
            Role::Message => self.only_for("a message", &[Hook::CommitMsg])?,
            Role::File => self.only_for("a file", &[Hook::CheckPath, Hook::CheckStdin])?,
            Role::Old => return Err(Error::Unasked("an old side")),
        }
        self.begin(object)
    }

    fn old_side(&mut self, object: &Object<'_>) -> Result<(), Error> {
        let asked = match &self.question {
            Question::Content(ids) => ids.binary_search(&object.id).is_ok(),
            _ => false,
        };
        if !asked || object.role != Role::Old {
            return Err(Error::Unasked("this object"));
        }
        self.begin(object)
    }

    fn begin(&mut self, object: &Object<'_>) -> Result<(), Error> {
        self.ids([&object.id])?;
        if object.size > 0 {
            self.open = Some(Open {
                id: object.id,
                role: object.role,
                left: object.size,
                untouched: true,
            });
        }
        Ok(())
    }

    fn place(&mut self, place: &Place<'_>) -> Result<(), Error> {
        let most = match &self.question {
            Question::Places(ids) if ids.binary_search(&place.object).is_ok() => {
                limits::PLACES * limits::PLACES_PER_OBJECT
            }
            Question::Changes => bound::CHANGES,
            _ => return Err(Error::Unasked("this place")),
        };
        count("places", &mut self.places, most)?;
        self.ids(
            [&place.object, &place.commit]
                .into_iter()
                .chain(&place.old)
                .chain(&place.deleted),
        )
    }

    fn only_for(&self, frame: &'static str, hooks: &[Hook]) -> Result<(), Error> {
        if hooks.contains(&self.hook) {
            return Ok(());
        }
        Err(self.wrong_hook(frame))
    }

    fn wrong_hook(&self, frame: &'static str) -> Error {
        Error::WrongHook {
            frame,
            hook: self.hook.name(),
        }
    }

    fn ids<'i>(&self, ids: impl IntoIterator<Item = &'i ObjectId>) -> Result<(), Error> {
        let fits = ids.into_iter().all(|id| id.kind() == self.format);
        if fits { Ok(()) } else { Err(Error::WrongHash) }
    }
}

fn sorted(ids: &[ObjectId]) -> Vec<ObjectId> {
    let mut all = ids.to_vec();
    all.sort_unstable();
    all
}

fn count(what: &'static str, counter: &mut usize, limit: usize) -> Result<(), Error> {
    *counter += 1;
    if *counter <= limit {
        return Ok(());
    }
    Err(Error::TooMany {
        what,
        count: *counter as u64,
        limit: limit as u64,
    })
}
