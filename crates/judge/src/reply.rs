//! What a judge says, owned until it is encoded.

use lychgate_model::limits::Deltas;
use lychgate_model::{Finding, ObjectId, RuleNote};
use lychgate_wire::frame::{Answer, DocumentSide, Frame, Plan, RefuseCode, Want};
use lychgate_wire::version;

/// One message of the judge.
#[derive(Clone, Debug, PartialEq)]
#[expect(missing_docs, reason = "each is the frame of the same name")]
pub enum Reply {
    Hello { build: String, capabilities: u64 },
    Deltas(Deltas),
    Plan(Vec<(Vec<u8>, bool)>),
    Need(Vec<bool>),
    Places(Vec<ObjectId>),
    Content(Vec<ObjectId>),
    Small(u64, Vec<ObjectId>),
    Documents(Vec<(DocumentSide, Vec<u8>)>),
    Changes(Vec<Vec<u8>>),
    Gone(Vec<(ObjectId, ObjectId)>),
    Finding(Box<Finding>),
    Rule(Box<RuleNote>),
    Line(String),
    Progress { judged: u64, announced: u64 },
    Verdict(Box<Answer>),
}

impl Reply {
    /// Whether the client has something to do before the judge can go on: it must not wait in a
    /// buffer for what comes next, for nothing comes.
    pub fn asks(&self) -> bool {
        match self {
            Self::Hello { .. }
            | Self::Deltas(_)
            | Self::Plan(_)
            | Self::Need(_)
            | Self::Places(_)
            | Self::Content(_)
            | Self::Small(..)
            | Self::Documents(_)
            | Self::Changes(_)
            | Self::Gone(_) => true,
            Self::Finding(_)
            | Self::Rule(_)
            | Self::Line(_)
            | Self::Progress { .. }
            | Self::Verdict(_) => false,
        }
    }

    /// The message to encode.
    pub fn frame(&self) -> Frame<'_> {
        match self {
            Self::Hello {
                build,
                capabilities,
            } => {
                let documents = crate::DOCUMENTS.iter().map(|d| d.as_bytes()).collect();
                Frame::Hello(version::hello(*capabilities, build, documents))
            }
            Self::Deltas(deltas) => Frame::Deltas(*deltas),
            Self::Plan(refs) => {
                let refs = refs
                    .iter()
                    .map(|(p, counts)| (p.as_slice(), *counts))
                    .collect();
                Frame::Plan(Plan { refs })
            }
            Self::Need(needed) => Frame::Need(needed.clone()),
            Self::Places(ids) => Frame::Want(Want::Places(ids.clone())),
            Self::Content(ids) => Frame::Want(Want::Content(ids.clone())),
            Self::Small(most, ids) => Frame::Want(Want::Small(*most, ids.clone())),
            Self::Documents(all) => Frame::Want(Want::Documents(all.clone())),
            Self::Gone(sides) => Frame::Want(Want::Gone(sides.clone())),
            Self::Changes(folders) => Frame::Want(Want::Changes(folders.clone())),
            Self::Finding(finding) => Frame::Finding(finding.clone()),
            Self::Rule(rule) => Frame::Rule(rule.clone()),
            Self::Line(line) => Frame::Line(line),
            Self::Progress { judged, announced } => Frame::Progress {
                judged: *judged,
                announced: *announced,
            },
            Self::Verdict(answer) => Frame::Verdict(answer.clone()),
        }
    }
}

/// A client that cannot be served: send the frame, then close.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// The reason.
    pub code: RefuseCode,
    /// One sentence.
    pub message: String,
}

impl Refusal {
    /// The message to encode.
    pub fn frame(&self) -> Frame<'_> {
        Frame::Refuse(version::refuse(self.code, &self.message))
    }
}
