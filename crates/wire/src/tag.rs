//! The byte that says which message a frame is.

use crate::frame::Frame;

/// Set in the tag of frames that a reader who does not know them skips.
pub const OPTIONAL: u8 = 0x80;

pub(crate) const HELLO: u8 = 0x01;
pub(crate) const REFUSE: u8 = 0x02;

pub(crate) const FACTS: u8 = 0x10;
pub(crate) const REF: u8 = 0x11;
pub(crate) const DOCUMENT: u8 = 0x12;
pub(crate) const READY: u8 = 0x13;
pub(crate) const OFFER: u8 = 0x14;
pub(crate) const ENTRY: u8 = 0x15;
pub(crate) const OBJECT: u8 = 0x16;
pub(crate) const DATA: u8 = 0x17;
pub(crate) const UNREADABLE: u8 = 0x18;
pub(crate) const DONE: u8 = 0x19;
pub(crate) const PLACE: u8 = 0x1a;
pub(crate) const ANSWERED: u8 = 0x1b;

pub(crate) const GONE: u8 = 0x1c;
pub(crate) const MADE: u8 = 0x1d;
pub(crate) const NESTED: u8 = 0x9c;

pub(crate) const PLAN: u8 = 0x20;
pub(crate) const NEED: u8 = 0x21;
pub(crate) const WANT: u8 = 0x22;
pub(crate) const FINDING: u8 = 0x23;
pub(crate) const RULE: u8 = 0x24;
pub(crate) const LINE: u8 = 0x25;
pub(crate) const VERDICT: u8 = 0x26;

pub(crate) const PROGRESS: u8 = 0xa7;
pub(crate) const DELTAS: u8 = 0xa8;

impl Frame<'_> {
    /// The tag this frame is sent under.
    pub fn tag(&self) -> u8 {
        match self {
            Self::Hello(_) => HELLO,
            Self::Refuse(_) => REFUSE,
            Self::Facts(_) => FACTS,
            Self::Ref(_) => REF,
            Self::Document(_) => DOCUMENT,
            Self::Ready => READY,
            Self::Plan(_) => PLAN,
            Self::Offer(_) => OFFER,
            Self::Need(_) => NEED,
            Self::Entry(_) => ENTRY,
            Self::Object(_) => OBJECT,
            Self::Data(_) => DATA,
            Self::Unreadable(_) => UNREADABLE,
            Self::Done(_) => DONE,
            Self::Want(_) => WANT,
            Self::Place(_) => PLACE,
            Self::Answered => ANSWERED,
            Self::Gone(_) => GONE,
            Self::Made(_) => MADE,
            Self::Nested(_) => NESTED,
            Self::Finding(_) => FINDING,
            Self::Rule(_) => RULE,
            Self::Line(_) => LINE,
            Self::Progress { .. } => PROGRESS,
            Self::Deltas(_) => DELTAS,
            Self::Verdict(_) => VERDICT,
        }
    }

    /// The message's name in `docs/protocol.md`, for logs and errors.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Hello(_) => "Hello",
            Self::Refuse(_) => "Refuse",
            Self::Facts(_) => "Facts",
            Self::Ref(_) => "Ref",
            Self::Document(_) => "Document",
            Self::Ready => "Ready",
            Self::Plan(_) => "Plan",
            Self::Offer(_) => "Offer",
            Self::Need(_) => "Need",
            Self::Entry(_) => "Entry",
            Self::Object(_) => "Object",
            Self::Data(_) => "Data",
            Self::Unreadable(_) => "Unreadable",
            Self::Done(_) => "Done",
            Self::Want(_) => "Want",
            Self::Place(_) => "Place",
            Self::Answered => "Answered",
            Self::Gone(_) => "Gone",
            Self::Made(_) => "Made",
            Self::Nested(_) => "Nested",
            Self::Finding(_) => "Finding",
            Self::Rule(_) => "Rule",
            Self::Line(_) => "Line",
            Self::Progress { .. } => "Progress",
            Self::Deltas(_) => "Deltas",
            Self::Verdict(_) => "Verdict",
        }
    }
}
