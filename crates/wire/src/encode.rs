//! Values to bytes.

use lychgate_model::{Finding, RefUpdate, RuleNote, Side, Tally, limits};

use crate::bound;
use crate::error::Error;
use crate::field::{Writer, within};
use crate::frame::{
    Answer, Document, DocumentContent, Entry, Facts, Frame, Hello, Object, Place, Plan, Refuse,
    Unreadable, Want,
};
use crate::tag;

/// The first bytes of the body of a Hello or Refuse.
pub const MAGIC: [u8; 8] = *b"LYCHGATE";

/// Appends frames to a buffer.
#[derive(Clone, Copy, Debug, Default)]
pub struct Encoder;

impl Encoder {
    /// Appends `frame` to `out`, all of it or, when it passes a limit, nothing.
    ///
    /// # Errors
    ///
    /// [`Error::TooLong`] with both numbers, [`Error::MixedIds`], or [`Error::Empty`] for a Data
    /// frame without bytes.
    pub fn put(frame: &Frame<'_>, out: &mut Vec<u8>) -> Result<(), Error> {
        let start = out.len();
        let done = Self::append(frame, out, start);
        if done.is_err() {
            out.truncate(start);
        }
        done
    }

    /// Appends only the head of the Data frame that carries `length` bytes, for a sender that
    /// writes the payload from where it stands.
    ///
    /// # Errors
    ///
    /// [`Error::TooLong`] above [`limits::CHUNK`], [`Error::Empty`] for nothing.
    pub fn put_data_head(length: usize, out: &mut Vec<u8>) -> Result<(), Error> {
        if length == 0 {
            return Err(Error::Empty("data"));
        }
        within("data", length, limits::CHUNK)?;
        let total = u32::try_from(length + 1).unwrap_or(u32::MAX);
        out.extend_from_slice(&total.to_be_bytes());
        out.push(tag::DATA);
        Ok(())
    }

    fn append(frame: &Frame<'_>, out: &mut Vec<u8>, start: usize) -> Result<(), Error> {
        if let Frame::Data(bytes) = frame {
            Self::put_data_head(bytes.len(), out)?;
            out.extend_from_slice(bytes);
            return Ok(());
        }
        out.extend_from_slice(&[0; 4]);
        out.push(frame.tag());
        let mut to = Writer::new(out);
        body(frame, &mut to);
        to.finish()?;
        let total = out.len() - start;
        within("frame", total, limits::FRAME)?;
        let length = u32::try_from(total - 4).unwrap_or(u32::MAX);
        if let Some(head) = out.get_mut(start..start + 4) {
            head.copy_from_slice(&length.to_be_bytes());
        }
        Ok(())
    }
}

fn body(frame: &Frame<'_>, to: &mut Writer<'_>) {
    match frame {
        Frame::Hello(v) => hello(v, to),
        Frame::Refuse(v) => refuse(v, to),
        Frame::Facts(v) => facts(v, to),
        Frame::Ref(v) => reference(v, to),
        Frame::Document(v) => document(v, to),
        Frame::Plan(v) => plan(v, to),
        Frame::Offer(ids) => to.ids("offer", ids, limits::OFFER),
        Frame::Need(answers) => need(answers, to),
        Frame::Entry(v) => entry(v, to),
        Frame::Object(v) => object(v, to),
        Frame::Unreadable(v) => unreadable(v, to),
        Frame::Progress { judged, announced } => {
            to.u64(*judged);
            to.u64(*announced);
        }
        Frame::Deltas(deltas) => {
            to.u64(deltas.result);
            to.u32(u32::try_from(deltas.chain).unwrap_or(u32::MAX));
        }
        Frame::Made(v) => {
            to.u32(v.base);
            to.long("delta", v.delta, bound::MADE);
        }
        Frame::Nested(path) => to.name("path", path),
        Frame::Gone(v) => {
            to.id(&v.commit);
            to.id(&v.object);
            to.name("path", v.path);
        }
        Frame::Done(v) => tally(v, to),
        Frame::Want(v) => want(v, to),
        Frame::Place(v) => place(v, to),
        Frame::Finding(v) => finding(v, to),
        Frame::Rule(v) => rule(v, to),
        Frame::Line(v) => to.text("line", v),
        Frame::Verdict(v) => verdict(v, to),
        Frame::Data(bytes) => to.raw(bytes),
        Frame::Ready | Frame::Answered => {}
    }
}

/// Short fields of the frozen frames carry their length as a u16.
fn frozen(what: &'static str, bytes: &[u8], limit: usize, to: &mut Writer<'_>) {
    match (within(what, bytes.len(), limit), u16::try_from(bytes.len())) {
        (Ok(()), Ok(length)) => {
            to.u16(length);
            to.raw(bytes);
        }
        (Err(error), _) => to.fail(error),
        (_, Err(_)) => to.fail(Error::Malformed(what)),
    }
}

fn hello(v: &Hello<'_>, to: &mut Writer<'_>) {
    to.raw(&MAGIC);
    to.u16(v.major);
    to.u16(v.minor);
    to.u64(v.capabilities);
    frozen("build", v.build.as_bytes(), bound::BUILD, to);
    if let Err(error) = within("documents", v.documents.len(), bound::DOCUMENTS) {
        to.fail(error);
    }
    to.u16(u16::try_from(v.documents.len()).unwrap_or(u16::MAX));
    for path in &v.documents {
        frozen("path", path, limits::NAME, to);
    }
}

fn refuse(v: &Refuse<'_>, to: &mut Writer<'_>) {
    to.raw(&MAGIC);
    to.u16(v.major);
    to.u16(v.minor);
    to.code(v.code);
    frozen("message", v.message.as_bytes(), limits::NAME, to);
}

fn facts(v: &Facts<'_>, to: &mut Writer<'_>) {
    to.code(v.hook);
    to.code(v.object_format);
    to.flag(v.want_findings);
    to.name("repository", v.repository);
    to.name("head", v.head);
    to.flag(v.head_born);
    to.list(
        "variables",
        bound::VARIABLES,
        &v.variables,
        |to, (name, value)| {
            to.name("variable", name);
            to.name("variable", value);
        },
    );
}

fn reference(v: &RefUpdate, to: &mut Writer<'_>) {
    to.code(v.kind);
    to.id(&v.old);
    to.id(&v.new);
    to.name("ref name", &v.name);
}

fn document(v: &Document<'_>, to: &mut Writer<'_>) {
    to.code(v.side);
    to.name("path", v.path);
    to.id(&v.id);
    match v.content {
        DocumentContent::Absent => to.u8(0),
        DocumentContent::Bytes(bytes) => {
            to.u8(1);
            to.long("document", bytes, bound::DOCUMENT);
        }
        DocumentContent::Unusable(why) => {
            to.u8(2);
            to.text("reason", why);
        }
    }
}

fn plan(v: &Plan<'_>, to: &mut Writer<'_>) {
    to.list(
        "patterns",
        bound::PATTERNS,
        &v.refs,
        |to, (pattern, counts)| {
            to.name("pattern", pattern);
            to.flag(*counts);
        },
    );
}

/// A bit each, the first answer in the highest bit of the first byte.
fn need(answers: &[bool], to: &mut Writer<'_>) {
    to.count("answers", answers.len(), limits::OFFER);
    for eight in answers.chunks(8) {
        let mut byte = 0u8;
        for (place, needed) in eight.iter().enumerate() {
            byte |= u8::from(*needed) << (7 - place);
        }
        to.u8(byte);
    }
}

fn side(v: Option<&Side>, to: &mut Writer<'_>) {
    to.some(v, |to, side| {
        to.code(side.mode);
        to.id(&side.id);
    });
}

fn entry(v: &Entry<'_>, to: &mut Writer<'_>) {
    to.name("path", v.path);
    side(v.old.as_ref(), to);
    side(v.new.as_ref(), to);
}

fn object(v: &Object<'_>, to: &mut Writer<'_>) {
    to.code(v.role);
    to.code(v.kind);
    to.id(&v.id);
    to.u64(v.size);
    to.name("path", v.path);
}

fn unreadable(v: &Unreadable<'_>, to: &mut Writer<'_>) {
    to.id(&v.id);
    to.name("path", v.path);
    to.text("reason", v.reason);
}

fn tally(v: &Tally, to: &mut Writer<'_>) {
    to.u64(v.changes);
    to.u64(v.refs);
    to.u64(v.objects);
    to.u64(v.bytes);
    to.digest(&v.digest);
}

fn want(v: &Want, to: &mut Writer<'_>) {
    match v {
        Want::Places(ids) => {
            to.u8(1);
            to.ids("wanted ids", ids, limits::OFFER);
        }
        Want::Content(ids) => {
            to.u8(2);
            to.ids("wanted ids", ids, limits::OFFER);
        }
        Want::Small(most, ids) => {
            to.u8(6);
            to.u64(*most);
            to.ids("wanted ids", ids, limits::OFFER);
        }
        Want::Documents(all) => {
            to.u8(3);
            to.list("documents", bound::DOCUMENTS, all, |to, (side, path)| {
                to.code(*side);
                to.name("path", path);
            });
        }
        Want::Changes(folders) => {
            to.u8(4);
            to.list("folders", bound::FOLDERS, folders, |to, folder| {
                to.name("path", folder);
            });
        }
        Want::Gone(pairs) => {
            to.u8(5);
            to.list(
                "deleted sides",
                bound::GONE,
                pairs,
                |to, (commit, object)| {
                    to.id(commit);
                    to.id(object);
                },
            );
        }
    }
}

fn place(v: &Place<'_>, to: &mut Writer<'_>) {
    to.id(&v.object);
    to.id(&v.commit);
    to.name("path", v.path);
    to.code(v.mode);
    to.name("ref name", v.reference);
    to.ids("old sides", &v.old, bound::SIDES);
    to.ids("deleted sides", &v.deleted, bound::SIDES);
}

fn finding(v: &Finding, to: &mut Writer<'_>) {
    to.some(v.path.as_ref(), |to, path| to.name("path", path.as_bytes()));
    to.u32(v.span.line);
    to.u32(v.span.column);
    to.u32(v.span.end_line);
    to.u32(v.span.end_column);
    to.u64(v.span.byte_start);
    to.u64(v.span.byte_end);
    to.code(v.source);
    to.some_id(v.object.as_ref());
    to.some_id(v.commit.as_ref());
    to.text("rule", v.rule.as_str());
    to.text("title", &v.title);
    to.code(v.category);
    to.code(v.severity);
    to.code(v.confidence);
    to.some(v.fingerprint.as_ref(), |to, fingerprint| {
        to.raw(&fingerprint.0);
    });
    to.text("masked value", &v.masked);
    to.code(v.state);
    to.flag(v.blocks);
    to.some(v.allowed_by.as_ref(), |to, by| to.text("allowance", by));
    to.some(v.via.as_ref(), |to, via| to.text("way of encoding", via));
}

fn rule(v: &RuleNote, to: &mut Writer<'_>) {
    to.text("rule", v.id.as_str());
    to.text("title", &v.title);
    to.text("why", &v.why);
    to.text("fix", &v.fix);
    to.text("rotate", &v.rotate);
    to.text("owner", &v.owner);
}

fn verdict(v: &Answer, to: &mut Writer<'_>) {
    to.code(v.decision);
    to.u8(v.exit);
    to.list("reasons", bound::NOTES, &v.reasons, |to, reason| {
        to.code(reason.code);
        to.text("reason", &reason.message);
        to.text("help", &reason.help);
    });
    to.list("notes", bound::NOTES, &v.notes, |to, note| {
        to.text("note", note);
    });
    tally(&v.coverage.tally, to);
    to.u64(v.coverage.cached_objects);
    to.u64(v.coverage.cached_bytes);
    to.flag(v.coverage.complete);
    to.digest(&v.rule_set);
    to.digest(&v.policy);
    to.text("request id", &v.request);
}
