//! Every message of the protocol as a value that borrows from the bytes it came in.

use lychgate_model::limits::Deltas;
use lychgate_model::{
    Coverage, Decision, Digest, Finding, HashKind, Hook, ObjectId, ObjectKind, Reason, RefUpdate,
    RuleNote, Side, Tally,
};

/// One message.
#[derive(Clone, Debug, PartialEq)]
pub enum Frame<'a> {
    /// Both sides, first. Frozen: its encoding never changes.
    Hello(Hello<'a>),
    /// Judge: no session; instead of anything. Frozen.
    Refuse(Refuse<'a>),
    /// Client: who asks and what for.
    Facts(Facts<'a>),
    /// Client: one ref line.
    Ref(RefUpdate),
    /// Client: one of the documents the judge's Hello named, at one side.
    Document(Document<'a>),
    /// Client: Facts, refs and documents are complete.
    Ready,
    /// Judge: how to enumerate.
    Plan(Plan<'a>),
    /// Client: ids whose content it could send.
    Offer(Vec<ObjectId>),
    /// Judge: for each id of the last Offer in order, whether it must be sent. An id answered
    /// `false` is judged from the cache and counts with its size.
    Need(Vec<bool>),
    /// Client: one path of a staged change. Content follows as an Object unless already sent,
    /// offered and not needed, or not a blob. In a push: one path at which something stands in a
    /// new commit and nothing does in its parents, or with what stood there a file that becomes
    /// executable or whose name promises that it is encrypted; the content comes as any object's.
    Entry(Entry<'a>),
    /// Client: an object follows in Data frames, exactly `size` bytes in all.
    Object(Object<'a>),
    /// Client: a piece of the object begun last. A decoder hands out what has arrived, so that
    /// one frame may come in several pieces.
    Data(&'a [u8]),
    /// Client: all of the object begun last, made from one that was sent before. To judges with
    /// [`caps::MADE`] alone.
    Made(Made<'a>),
    /// Client: something that belongs to the change cannot be read. INDETERMINATE. Between the
    /// Data of an object with the same id it also says that the rest of it will not come.
    Unreadable(Unreadable<'a>),
    /// Client: the enumerator reached its end; this is what it counted.
    Done(Tally),
    /// Judge: asks about objects with a hit.
    Want(Want),
    /// Client: one answer to [`Want::Places`]; several when it stands in several places.
    Place(Place<'a>),
    /// Client: the last Want is answered.
    Answered,
    /// Client: one answer to [`Want::Gone`].
    Gone(Gone<'a>),
    /// Client, during the enumeration: a document that a folder has of its own, which stood before
    /// and below which something changes. Skipped by judges that know none.
    Nested(&'a [u8]),
    /// Judge: one finding, when Facts asked for findings.
    Finding(Box<Finding>),
    /// Judge: a rule cited, when Facts asked for findings.
    Rule(Box<RuleNote>),
    /// Judge: one line for a person, ready to print, without the newline.
    Line(&'a str),
    /// Judge, now and then while it takes long: how far it is. Skipped by clients that do not know
    /// it.
    Progress {
        /// Objects judged.
        judged: u64,
        /// Objects announced so far.
        announced: u64,
    },
    /// Judge, right after a Hello with [`caps::DELTAS`]: what an object stored as a delta may cost.
    Deltas(Deltas),
    /// Judge: the answer. Nothing follows.
    Verdict(Box<Answer>),
}

/// Frozen for ever.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hello<'a> {
    /// Incompatible changes.
    pub major: u16,
    /// Compatible additions.
    pub minor: u16,
    /// Named bits; see [`caps`].
    pub capabilities: u64,
    /// Version of the program that speaks, for people and for `status`.
    pub build: &'a str,
    /// Judge only: paths of the documents it wants (contract 5), e.g. `.lychgate/policy.toml`.
    pub documents: Vec<&'a [u8]>,
}

/// Capability bits of [`Hello`].
pub mod caps {
    /// The judge answers offers from a cache.
    pub const OFFERS: u64 = 1;
    /// The client wants a status report instead of a judgement (`lychgate status`).
    pub const STATUS: u64 = 1 << 1;
    /// The client asks the daemon to drain and exit (`lychgate daemon stop`, a newer hook).
    pub const DRAIN: u64 = 1 << 2;
    /// The client asks for a reload (`lychgate daemon reload`).
    pub const RELOAD: u64 = 1 << 3;
    /// The judge is a daemon that a hook spawned: a newer client may ask it to drain and start
    /// its own (contract 4.6).
    pub const SPAWNED: u64 = 1 << 4;
    /// The client answers [`super::Want::Changes`], [`super::Want::Gone`] and
    /// [`super::Want::Small`].
    pub const CHANGES: u64 = 1 << 5;
    /// The judge's next frame is [`super::Frame::Deltas`].
    pub const DELTAS: u64 = 1 << 6;
    /// The judge takes the author and committer of a commit that is being made: a message of type
    /// commit, with those two headers alone.
    pub const PERSONS: u64 = 1 << 7;
    /// The judge takes [`super::Frame::Made`].
    pub const MADE: u64 = 1 << 8;
    /// The client tries whether the judge judges; what it asks is made up, and is counted apart.
    pub const PROBE: u64 = 1 << 9;
}

/// No session, and why. Frozen for ever.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refuse<'a> {
    /// The reason; see `docs/protocol.md`.
    pub code: RefuseCode,
    /// One sentence.
    pub message: &'a str,
    /// The major version the judge speaks.
    pub major: u16,
    /// Its newest minor.
    pub minor: u16,
}

/// Why a session is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RefuseCode {
    /// Another major version.
    Version,
    /// Too many sessions; try again.
    Busy,
    /// Shutting down; start another.
    Draining,
    /// The peer's uid is not on the list.
    NotAllowed,
    /// A frame broke the protocol.
    Protocol,
    /// A limit was passed.
    Limit,
    /// The judge has no usable rule set or policy.
    NotReady,
}

/// Who asks and what for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Facts<'a> {
    /// The hook or check.
    pub hook: Hook,
    /// The repository's hash.
    pub object_format: HashKind,
    /// Whether the client wants [`Frame::Finding`]s beside lines.
    pub want_findings: bool,
    /// A label for logs, never trusted: which policy applies follows from the peer's uid and the
    /// judge's own configuration.
    pub repository: &'a [u8],
    /// The branch HEAD names (server: the branch whose tip holds the policy); empty: detached.
    pub head: &'a [u8],
    /// Whether that branch exists.
    pub head_born: bool,
    /// An allow-list of forge and push variables, as they stood; untrusted.
    pub variables: Vec<(&'a [u8], &'a [u8])>,
}

/// Which state of the repository a document or path is taken from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum DocumentSide {
    /// HEAD at a client; at a server the tip, before the push, of the branch HEAD names.
    Base,
    /// The index of a commit being made.
    Index,
    /// The new tip of the pushed ref.
    Target,
}

/// A policy document at one side.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Document<'a> {
    /// The side.
    pub side: DocumentSide,
    /// One of the paths in the judge's Hello, or the path a [`Want::Documents`] names.
    pub path: &'a [u8],
    /// The blob's id; null when nothing stands there or it is not a blob.
    pub id: ObjectId,
    /// What stands there.
    pub content: DocumentContent<'a>,
}

/// What stands at a document's path.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DocumentContent<'a> {
    /// Nothing.
    Absent,
    /// A regular file.
    Bytes(&'a [u8]),
    /// Something that is not a regular blob, or cannot be read: a file that cannot be used.
    Unusable(&'a str),
}

/// How to enumerate a push.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Plan<'a> {
    /// In order: the first pattern (as in `refs.protected`: `*` within a component, `**` across)
    /// that fits an existing ref says whether the ref excludes what it reaches (contract 1.2).
    /// No pattern fits: it counts.
    pub refs: Vec<(&'a [u8], bool)>,
}

/// One path of a staged change, or one that a push adds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry<'a> {
    /// The path.
    pub path: &'a [u8],
    /// What stood there at HEAD.
    pub old: Option<Side>,
    /// What the index holds.
    pub new: Option<Side>,
}

/// What an object is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Role {
    /// Part of the change: counted, judged.
    New,
    /// An old side asked for with [`Want::Content`]: not counted, only compared with.
    Old,
    /// A commit message being written: no id. Counted as one object.
    Message,
    /// A file outside Git (`--path`, `--stdin`): no id; `path` names it. Counted.
    File,
}

/// Content follows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Object<'a> {
    /// What it is for.
    pub role: Role,
    /// Its type; `Blob` for roles without id.
    pub kind: ObjectKind,
    /// Its id, which the judge computes again; null for roles without id.
    pub id: ObjectId,
    /// Content bytes that follow.
    pub size: u64,
    /// For [`Role::File`] the path to report; otherwise empty.
    pub path: &'a [u8],
}

/// The content of an object as what another becomes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Made<'a> {
    /// Which object of the run it is made from; the first is 0.
    pub base: u32,
    /// A delta in Git's format, with both sizes.
    pub delta: &'a [u8],
}

/// Something that belongs to the change cannot be read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unreadable<'a> {
    /// The object; null when it has no id.
    pub id: ObjectId,
    /// Where it stands, if known; may be empty.
    pub path: &'a [u8],
    /// Why, as a sentence fragment.
    pub reason: &'a str,
}

/// A question about objects with a hit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Want {
    /// Where each of these stands in the change, and what stood there before.
    Places(Vec<ObjectId>),
    /// The content of these old sides, with [`Role::Old`]. One that cannot be read is left out.
    Content(Vec<ObjectId>),
    /// Further documents, each a path at a side, answered with [`Frame::Document`]s.
    Documents(Vec<(DocumentSide, Vec<u8>)>),
    /// Every file below these folders whose content is new at its path, each content once, as a
    /// [`Place`] without deleted sides; an empty name is the whole of the change. Only of a client
    /// with [`caps::CHANGES`].
    Changes(Vec<Vec<u8>>),
    /// The paths at which deleted sides stood: each a commit (null: what is staged) and a blob.
    /// Only of a client with [`caps::CHANGES`].
    Gone(Vec<(ObjectId, ObjectId)>),
    /// As [`Want::Content`], of those that have at most so many bytes; others are left out. Only of
    /// a client with [`caps::CHANGES`].
    Small(u64, Vec<ObjectId>),
}

/// A path that a commit deletes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Gone<'a> {
    /// The commit; null for a staged change.
    pub commit: ObjectId,
    /// The blob that stood there.
    pub object: ObjectId,
    /// The path.
    pub path: &'a [u8],
}

/// One place where an object stands in the change.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place<'a> {
    /// The object.
    pub object: ObjectId,
    /// The commit that brings it there; null for a staged change.
    pub commit: ObjectId,
    /// The path; empty for an object without path (a commit, a tag, a root tree).
    pub path: &'a [u8],
    /// How it stands there.
    pub mode: lychgate_model::Mode,
    /// The ref of the push through which the commit is reached; may be empty.
    pub reference: &'a [u8],
    /// Blobs at the same path in every parent (HEAD and MERGE_HEADs for a staged change).
    pub old: Vec<ObjectId>,
    /// Blobs at paths that the same change deletes, at most [`lychgate_model::limits::DELETED_SIDES`].
    pub deleted: Vec<ObjectId>,
}

/// The answer, without what was sent before it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    /// The decision.
    pub decision: Decision,
    /// The exit code of `lychgate check` (`model::exit`).
    pub exit: u8,
    /// Why, beside the findings.
    pub reasons: Vec<Reason>,
    /// Lines for people that belong to no finding.
    pub notes: Vec<String>,
    /// What was judged.
    pub coverage: Coverage,
    /// The rule set.
    pub rule_set: Digest,
    /// The policy.
    pub policy: Digest,
    /// The request id.
    pub request: String,
}
