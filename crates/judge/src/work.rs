//! Content to be scanned, away from the session: any thread, any order, no shared state.

use std::ops::Range;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use lychgate_model::{HashKind, ObjectId, ObjectKind, Side, Source};
use lychgate_policy::trailers;
use lychgate_scan::{Input, Scanned, Scratch, Series, Stream};
use lychgate_wire::frame::Role;

use crate::engine::Engine;
use crate::identity::{self, Claim, Identity};
use crate::opening::{Opened, Opening};
use crate::session::Session;
use crate::state::State;
use crate::texts::Texts;

/// An object up to this size shares a buffer with others.
pub(crate) const SMALL: u64 = 256 << 10;
/// First bytes that tell text from what is not.
const SNIFFED: usize = 8 << 10;

/// What an item of a batch is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum What {
    /// An object of the repository.
    Object {
        role: Role,
        kind: ObjectKind,
        id: ObjectId,
    },
    /// A commit message being written.
    Message,
    /// Author and committer of the commit it is for, as headers.
    Persons,
    /// A file outside Git.
    File,
    /// The path of an entry: its new side, whether something stood there before, and whether it
    /// is of a staged change; of a push, the tree objects tell of the single names.
    Path {
        new: Side,
        stood: bool,
        staged: bool,
    },
    /// The name of a ref.
    Reference,
}

impl What {
    /// Whether it is left out once the rest of a session is not judged any more: what is large in
    /// number or size. Names and words are judged to the end.
    pub(crate) fn is_bulk(&self) -> bool {
        match self {
            Self::File => true,
            Self::Object { role, kind, .. } => {
                *role == Role::New && matches!(kind, ObjectKind::Blob | ObjectKind::Tree)
            }
            _ => false,
        }
    }
}

/// One item: its bytes and its name stand in the batch's buffer.
#[derive(Clone, Debug)]
pub(crate) struct Item {
    pub(crate) what: What,
    pub(crate) name: Range<usize>,
    pub(crate) content: Range<usize>,
}

/// What came of one item.
pub(crate) struct Judged {
    pub(crate) what: What,
    /// The path of a file or entry, or a ref; only when it is not clean.
    pub(crate) name: Vec<u8>,
    pub(crate) size: u64,
    pub(crate) outcome: Result<Scanned, Failure>,
    /// Required trailers the message lacks.
    pub(crate) missing: Vec<String>,
}

/// Why an item was not judged.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Failure {
    /// Its bytes are not those of its id.
    Mismatch,
    /// The scan panicked.
    Panic,
}

/// A large object between two pieces.
pub(crate) struct Large {
    pub(crate) ticket: u64,
    pub(crate) what: What,
    name: Vec<u8>,
    size: u64,
    identity: Identity,
    /// With the buffers that hold its state; `None` after a panic: the rest is only hashed.
    stream: Option<(Stream, Scratch)>,
}

enum Job {
    Batch {
        buffer: Vec<u8>,
        items: Vec<Item>,
    },
    Piece {
        large: Box<Large>,
        pieces: Vec<Vec<u8>>,
        last: bool,
    },
    /// What a client said before Ready.
    Opening(Box<Opening>),
    /// A session of which only the verdict is missing.
    Verdict(Box<Session>),
}

/// What every piece of a session's work needs.
#[derive(Clone, Debug)]
pub(crate) struct Shared {
    pub(crate) engine: Arc<Engine>,
    pub(crate) state: Arc<State>,
    pub(crate) hash: HashKind,
    pub(crate) trailers: Arc<[String]>,
    /// What was scanned last.
    pub(crate) texts: Arc<Texts>,
    /// The rest is not judged any more: work that waits does nothing.
    pub(crate) cut: Arc<AtomicBool>,
    /// Something was not judged because of that.
    pub(crate) left_out: Arc<AtomicBool>,
}

/// Content to be scanned.
pub struct Work {
    shared: Shared,
    job: Job,
}

/// What came of a [`Work`]; holds no content.
pub struct WorkDone {
    pub(crate) bytes: usize,
    pub(crate) judged: Vec<Judged>,
    pub(crate) large: Option<Box<Large>>,
    pub(crate) opened: Option<Result<Box<Opened>, Failure>>,
    pub(crate) weighed: Option<Result<Box<Session>, Failure>>,
}

// Content and names stay out of every log: what is printed of work is its size.
impl std::fmt::Debug for Work {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Work")
            .field("bytes", &self.bytes())
            .finish_non_exhaustive()
    }
}

impl std::fmt::Debug for WorkDone {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("WorkDone")
            .field("bytes", &self.bytes)
            .finish_non_exhaustive()
    }
}

impl Work {
    pub(crate) fn batch(shared: &Shared, buffer: Vec<u8>, items: Vec<Item>) -> Self {
        Self {
            shared: shared.clone(),
            job: Job::Batch { buffer, items },
        }
    }

    pub(crate) fn piece(
        shared: &Shared,
        large: Box<Large>,
        pieces: Vec<Vec<u8>>,
        last: bool,
    ) -> Self {
        Self {
            shared: shared.clone(),
            job: Job::Piece {
                large,
                pieces,
                last,
            },
        }
    }

    pub(crate) fn opening(shared: &Shared, opening: Box<Opening>) -> Self {
        Self {
            shared: shared.clone(),
            job: Job::Opening(opening),
        }
    }

    pub(crate) fn verdict(shared: &Shared, session: Box<Session>) -> Self {
        Self {
            shared: shared.clone(),
            job: Job::Verdict(session),
        }
    }

    /// Bytes of content held.
    pub fn bytes(&self) -> usize {
        match &self.job {
            Job::Batch { buffer, .. } => buffer.len(),
            Job::Piece { pieces, .. } => pieces.iter().map(Vec::len).sum(),
            Job::Opening(opening) => opening.bytes(),
            Job::Verdict(_) => 0,
        }
    }

    /// What is judged first of one session: the lowest. Secrets stand in what people write, so
    /// names, messages and small files come before large text, text before what is not, and the
    /// smaller before the larger.
    pub fn rank(&self) -> u64 {
        const CLASS: u64 = 1 << 48;
        match &self.job {
            Job::Opening(_) | Job::Verdict(_) => 0,
            Job::Batch { items, .. } if items.len() != 1 => CLASS,
            Job::Batch { buffer, .. } if buffer.len() as u64 <= SMALL => CLASS,
            Job::Batch { buffer, .. } => {
                let head = buffer.get(..SNIFFED).unwrap_or(buffer);
                let class = if head.contains(&0) { 3 } else { 2 };
                class * CLASS + buffer.len() as u64
            }
            Job::Piece { large, .. } => (4 * CLASS).saturating_add(large.size),
        }
    }

    /// Scans. A panic in the scan of one object costs that object's verdict and the scratch, and
    /// nothing else.
    pub fn run(self, scratch: &mut Scratch) -> WorkDone {
        let bytes = self.bytes();
        let Self { shared, job } = self;
        let nothing = WorkDone {
            bytes,
            judged: Vec::new(),
            large: None,
            opened: None,
            weighed: None,
        };
        match job {
            Job::Batch { buffer, items } => {
                let genuine = shared.genuine(&buffer, &items);
                let alone = items.len() == 1;
                let last = shared.texts.last(alone);
                let mut series = shared.engine.rules().series(shared.state.key());
                if let Some(last) = &last {
                    series = series.after(&last.left, &last.buffer);
                }
                let judge = |(item, genuine): (Item, bool)| {
                    if shared.leaves_out(&item.what) {
                        return None;
                    }
                    let content = buffer.get(item.content).unwrap_or_default();
                    let series = &mut series;
                    let mut judged = shared.judge(item.what, genuine, content, series, scratch);
                    let name = buffer.get(item.name).unwrap_or_default();
                    shared.named(&mut judged, name, scratch);
                    if !judged.is_clean() || judged.what == What::File {
                        judged.name = name.to_vec();
                    }
                    Some(judged)
                };
                let judged = items.into_iter().zip(genuine).filter_map(judge).collect();
                let left = series.leave(&buffer);
                shared.texts.keep(alone, buffer, left);
                WorkDone { judged, ..nothing }
            }
            Job::Opening(opening) => WorkDone {
                opened: Some(guarded(|| Box::new(opening.run(&shared.engine)))),
                ..nothing
            },
            Job::Verdict(mut session) => WorkDone {
                weighed: Some(guarded(|| {
                    session.finish();
                    session
                })),
                ..nothing
            },
            Job::Piece {
                mut large,
                pieces,
                last,
            } => {
                for piece in pieces {
                    if shared.leaves_out(&large.what) {
                        return nothing;
                    }
                    large.feed(&shared, &piece);
                }
                if !last {
                    return WorkDone {
                        large: Some(large),
                        ..nothing
                    };
                }
                WorkDone {
                    judged: vec![large.finish(&shared)],
                    ..nothing
                }
            }
        }
    }
}

impl Judged {
    pub(crate) fn is_clean(&self) -> bool {
        self.missing.is_empty() && self.outcome.as_ref().is_ok_and(Scanned::is_clean)
    }
}

impl Shared {
    fn leaves_out(&self, what: &What) -> bool {
        let cut = self.cut.load(Ordering::Relaxed) && what.is_bulk();
        if cut {
            self.left_out.store(true, Ordering::Relaxed);
        }
        cut
    }

    /// Of each item whether its bytes are those of its id; what has none is what it is.
    fn genuine(&self, buffer: &[u8], items: &[Item]) -> Vec<bool> {
        let claim = |item: &'_ Item| match item.what {
            What::Object { kind, id, .. } => Some(Claim {
                kind,
                content: buffer.get(item.content.clone()).unwrap_or_default(),
                id,
            }),
            _ => None,
        };
        let claims: Vec<_> = items.iter().filter_map(claim).collect();
        let mut held = identity::hold(self.hash, &claims).into_iter();
        let genuine = items.iter().map(|item| match item.what {
            // One for each claim: without an answer nothing is believed.
            What::Object { .. } => held.next().unwrap_or(false),
            _ => true,
        });
        genuine.collect()
    }

    fn judge<'b>(
        &self,
        what: What,
        genuine: bool,
        content: &'b [u8],
        series: &mut Series<'_, 'b>,
        scratch: &mut Scratch,
    ) -> Judged {
        let size = content.len() as u64;
        if !genuine {
            let outcome = Err(Failure::Mismatch);
            return Judged {
                what,
                name: Vec::new(),
                size,
                outcome,
                missing: Vec::new(),
            };
        }
        let outcome = guarded(|| {
            self.engine.fail_if_asked(content);
            let mut out = Scanned::default();
            self.scan(&what, content, series, scratch, &mut out);
            out
        });
        if outcome.is_err() {
            *scratch = Scratch::new();
            series.forget();
        }
        let missing = self.missing(&what, content);
        Judged {
            what,
            name: Vec::new(),
            size,
            outcome,
            missing,
        }
    }

    fn scan<'b>(
        &self,
        what: &What,
        bytes: &'b [u8],
        series: &mut Series<'_, 'b>,
        scratch: &mut Scratch,
        out: &mut Scanned,
    ) {
        let (rules, key) = (self.engine.rules(), self.state.key());
        let hash = self.hash;
        let object = |kind| Input { kind, hash, bytes };
        match what {
            What::Object { kind, .. } => series.scan(object(*kind), scratch, out),
            What::File => series.scan(object(ObjectKind::Blob), scratch, out),
            What::Persons => series.scan(object(ObjectKind::Commit), scratch, out),
            What::Message => rules.scan_text(Source::Message, bytes, key, scratch, out),
            What::Reference => rules.scan_text(Source::Ref, bytes, key, scratch, out),
            What::Path {
                staged: true, new, ..
            } => rules.scan_path(bytes, Some(new.mode), key, scratch, out),
            What::Path { new, .. } => rules.scan_added(bytes, new.mode, key, scratch, out),
        }
    }

    /// What the name of a file outside Git says by itself; that of an entry is content.
    fn named(&self, judged: &mut Judged, name: &[u8], scratch: &mut Scratch) {
        if judged.what != What::File {
            return;
        }
        if let Ok(out) = &mut judged.outcome {
            let (rules, key) = (self.engine.rules(), self.state.key());
            rules.scan_name(name, key, scratch, out);
        }
    }

    fn missing(&self, what: &What, content: &[u8]) -> Vec<String> {
        let (message, written) = match what {
            _ if self.trailers.is_empty() => return Vec::new(),
            What::Message => (content, true),
            What::Object {
                role: Role::New,
                kind: ObjectKind::Commit,
                ..
            } => {
                let body = content.windows(2).position(|w| w == b"\n\n");
                (
                    body.and_then(|at| content.get(at + 2..))
                        .unwrap_or_default(),
                    false,
                )
            }
            _ => return Vec::new(),
        };
        let missing = trailers::missing(message, &self.trailers, written);
        missing.into_iter().map(str::to_owned).collect()
    }
}

impl Large {
    pub(crate) fn new(
        shared: &Shared,
        ticket: u64,
        what: What,
        name: &[u8],
        kind: ObjectKind,
        size: u64,
    ) -> Self {
        let identity = Identity::new(shared.hash, kind, size);
        let mut scratch = Scratch::new();
        let stream = shared.engine.rules().stream(kind, &mut scratch);
        let stream = Some((stream, scratch));
        Self {
            ticket,
            what,
            name: name.to_vec(),
            size,
            identity,
            stream,
        }
    }

    fn feed(&mut self, shared: &Shared, piece: &[u8]) {
        self.identity.update(piece);
        let Some((mut stream, mut scratch)) = self.stream.take() else {
            return;
        };
        let fed = guarded(|| {
            shared.engine.fail_if_asked(piece);
            stream.feed(
                shared.engine.rules(),
                shared.state.key(),
                &mut scratch,
                piece,
            );
            (stream, scratch)
        });
        self.stream = fed.ok();
    }

    fn finish(self, shared: &Shared) -> Judged {
        let Self {
            what,
            name,
            size,
            identity,
            stream,
            ..
        } = self;
        let same = match &what {
            What::Object { id, .. } => identity.is(id),
            _ => true,
        };
        let outcome = match stream {
            _ if !same => Err(Failure::Mismatch),
            None => Err(Failure::Panic),
            Some((stream, mut scratch)) => guarded(|| {
                let mut out = Scanned::default();
                stream.finish(
                    shared.engine.rules(),
                    shared.state.key(),
                    &mut scratch,
                    &mut out,
                );
                out
            }),
        };
        // The message of a commit this size was not looked at for trailers: it has none.
        let commit = matches!(
            what,
            What::Object {
                role: Role::New,
                kind: ObjectKind::Commit,
                ..
            }
        );
        let missing = if commit {
            shared.trailers.to_vec()
        } else {
            Vec::new()
        };
        let mut judged = Judged {
            what,
            name: Vec::new(),
            size,
            outcome,
            missing,
        };
        shared.named(&mut judged, &name, &mut Scratch::new());
        judged.name = name;
        judged
    }
}

/// What a panic leaves behind is not trusted: the caller throws its scratch away.
fn guarded<T>(scan: impl FnOnce() -> T) -> Result<T, Failure> {
    catch_unwind(AssertUnwindSafe(scan)).map_err(|_| Failure::Panic)
}
