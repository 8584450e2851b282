//! Bytes to values: the body of one frame. No bytes whatever make this panic.

use lychgate_model::limits::Deltas;
use lychgate_model::{
    Coverage, Finding, ObjectKind, Reason, RefUpdate, RepoPath, RuleId, RuleNote, Side, Span,
    Tally, limits,
};

use crate::bound;
use crate::encode::MAGIC;
use crate::error::Error;
use crate::field::Reader;
use crate::frame::{
    Answer, Document, DocumentContent, Entry, Facts, Frame, Gone, Hello, Made, Object, Place, Plan,
    Refuse, Unreadable, Want,
};
use crate::tag;

/// The frame with this tag and body; `None` for one that is unknown and may be skipped.
///
/// # Errors
///
/// Whatever is wrong with it.
pub fn frame(tag: u8, body: &[u8]) -> Result<Option<Frame<'_>>, Error> {
    let mut from = Reader::new(body);
    let frame = match tag {
        // Frozen: what a later version appends to these two is not looked at.
        tag::HELLO => return hello(&mut from).map(|v| Some(Frame::Hello(v))),
        tag::REFUSE => return refuse(&mut from).map(|v| Some(Frame::Refuse(v))),
        tag::DATA if body.is_empty() => return Err(Error::Empty("data")),
        tag::DATA => return Ok(Some(Frame::Data(body))),
        tag::FACTS => Frame::Facts(facts(&mut from)?),
        tag::REF => Frame::Ref(reference(&mut from)?),
        tag::DOCUMENT => Frame::Document(document(&mut from)?),
        tag::READY => Frame::Ready,
        tag::PLAN => Frame::Plan(plan(&mut from)?),
        tag::OFFER => Frame::Offer(from.ids("offer", limits::OFFER)?),
        tag::NEED => Frame::Need(need(&mut from)?),
        tag::ENTRY => Frame::Entry(entry(&mut from)?),
        tag::OBJECT => Frame::Object(object(&mut from)?),
        tag::PROGRESS => Frame::Progress {
            judged: from.u64("progress")?,
            announced: from.u64("progress")?,
        },
        tag::DELTAS => Frame::Deltas(Deltas {
            result: from.u64("deltas")?,
            chain: from.u32("deltas")? as usize,
        }),
        tag::GONE => Frame::Gone(Gone {
            commit: from.id()?,
            object: from.id()?,
            path: from.name("path")?,
        }),
        tag::MADE => Frame::Made(made(&mut from)?),
        tag::NESTED => Frame::Nested(from.name("path")?),
        tag::UNREADABLE => Frame::Unreadable(unreadable(&mut from)?),
        tag::DONE => Frame::Done(tally(&mut from)?),
        tag::WANT => Frame::Want(want(&mut from)?),
        tag::PLACE => Frame::Place(place(&mut from)?),
        tag::ANSWERED => Frame::Answered,
        tag::FINDING => Frame::Finding(Box::new(finding(&mut from)?)),
        tag::RULE => Frame::Rule(Box::new(rule(&mut from)?)),
        tag::LINE => Frame::Line(from.text("line")?),
        tag::VERDICT => Frame::Verdict(Box::new(verdict(&mut from)?)),
        tag if tag & tag::OPTIONAL != 0 => return Ok(None),
        tag => return Err(Error::UnknownTag(tag)),
    };
    match from.remaining() {
        0 => Ok(Some(frame)),
        bytes => Err(Error::Trailing { tag, bytes }),
    }
}

fn made<'a>(from: &mut Reader<'a>) -> Result<Made<'a>, Error> {
    Ok(Made {
        base: from.u32("base")?,
        delta: from.long("delta", bound::MADE)?,
    })
}

fn magic(from: &mut Reader<'_>) -> Result<(), Error> {
    if from.raw("magic", MAGIC.len()) == Ok(&MAGIC) {
        Ok(())
    } else {
        Err(Error::Magic)
    }
}

fn frozen<'a>(what: &'static str, limit: usize, from: &mut Reader<'a>) -> Result<&'a [u8], Error> {
    let length = usize::from(from.u16(what)?);
    crate::field::within(what, length, limit)?;
    from.raw(what, length)
}

fn utf8<'a>(what: &'static str, bytes: &'a [u8]) -> Result<&'a str, Error> {
    std::str::from_utf8(bytes).map_err(|_| Error::Malformed(what))
}

fn hello<'a>(from: &mut Reader<'a>) -> Result<Hello<'a>, Error> {
    magic(from)?;
    let (major, minor) = (from.u16("version")?, from.u16("version")?);
    let capabilities = from.u64("capabilities")?;
    let build = utf8("build", frozen("build", bound::BUILD, from)?)?;
    let count = usize::from(from.u16("documents")?);
    crate::field::within("documents", count, bound::DOCUMENTS)?;
    let mut documents = Vec::with_capacity(count);
    for _ in 0..count {
        documents.push(frozen("path", limits::NAME, from)?);
    }
    Ok(Hello {
        major,
        minor,
        capabilities,
        build,
        documents,
    })
}

fn refuse<'a>(from: &mut Reader<'a>) -> Result<Refuse<'a>, Error> {
    magic(from)?;
    let (major, minor) = (from.u16("version")?, from.u16("version")?);
    let code = from.code()?;
    let message = utf8("message", frozen("message", limits::NAME, from)?)?;
    Ok(Refuse {
        code,
        message,
        major,
        minor,
    })
}

fn facts<'a>(from: &mut Reader<'a>) -> Result<Facts<'a>, Error> {
    Ok(Facts {
        hook: from.code()?,
        object_format: from.code()?,
        want_findings: from.flag("flag")?,
        repository: from.name("repository")?,
        head: from.name("head")?,
        head_born: from.flag("flag")?,
        variables: from.list("variables", bound::VARIABLES, |from| {
            Ok((from.name("variable")?, from.name("variable")?))
        })?,
    })
}

fn reference(from: &mut Reader<'_>) -> Result<RefUpdate, Error> {
    Ok(RefUpdate {
        kind: from.code()?,
        old: from.id()?,
        new: from.id()?,
        name: from.name("ref name")?.to_vec(),
    })
}

fn document<'a>(from: &mut Reader<'a>) -> Result<Document<'a>, Error> {
    let side = from.code()?;
    let path = from.name("path")?;
    let id = from.id()?;
    let content = match from.u8("document")? {
        0 => DocumentContent::Absent,
        1 => DocumentContent::Bytes(from.long("document", bound::DOCUMENT)?),
        2 => DocumentContent::Unusable(from.text("reason")?),
        code => {
            return Err(Error::UnknownCode {
                what: "kind of document",
                code: u32::from(code),
            });
        }
    };
    Ok(Document {
        side,
        path,
        id,
        content,
    })
}

fn plan<'a>(from: &mut Reader<'a>) -> Result<Plan<'a>, Error> {
    let refs = from.list("patterns", bound::PATTERNS, |from| {
        Ok((from.name("pattern")?, from.flag("flag")?))
    })?;
    Ok(Plan { refs })
}

fn need(from: &mut Reader<'_>) -> Result<Vec<bool>, Error> {
    let count = from.count("answers", limits::OFFER)?;
    let bits = from.raw("answers", count.div_ceil(8))?;
    let bit = |place: usize| {
        bits.get(place / 8)
            .is_some_and(|b| b >> (7 - place % 8) & 1 == 1)
    };
    if (count..bits.len() * 8).any(bit) {
        return Err(Error::Malformed("answers"));
    }
    Ok((0..count).map(bit).collect())
}

fn side(from: &mut Reader<'_>) -> Result<Option<Side>, Error> {
    from.some("side", |from| {
        Ok(Side {
            mode: from.code()?,
            id: from.id()?,
        })
    })
}

fn entry<'a>(from: &mut Reader<'a>) -> Result<Entry<'a>, Error> {
    Ok(Entry {
        path: from.name("path")?,
        old: side(from)?,
        new: side(from)?,
    })
}

fn object<'a>(from: &mut Reader<'a>) -> Result<Object<'a>, Error> {
    Ok(Object {
        role: from.code()?,
        kind: from.code::<ObjectKind>()?,
        id: from.id()?,
        size: from.u64("size")?,
        path: from.name("path")?,
    })
}

fn unreadable<'a>(from: &mut Reader<'a>) -> Result<Unreadable<'a>, Error> {
    Ok(Unreadable {
        id: from.id()?,
        path: from.name("path")?,
        reason: from.text("reason")?,
    })
}

fn tally(from: &mut Reader<'_>) -> Result<Tally, Error> {
    Ok(Tally {
        changes: from.u64("tally")?,
        refs: from.u64("tally")?,
        objects: from.u64("tally")?,
        bytes: from.u64("tally")?,
        digest: from.digest("tally")?,
    })
}

fn want(from: &mut Reader<'_>) -> Result<Want, Error> {
    match from.u8("want")? {
        1 => from.ids("wanted ids", limits::OFFER).map(Want::Places),
        2 => from.ids("wanted ids", limits::OFFER).map(Want::Content),
        3 => from
            .list("documents", bound::DOCUMENTS, |from| {
                Ok((from.code()?, from.name("path")?.to_vec()))
            })
            .map(Want::Documents),
        4 => from
            .list("folders", bound::FOLDERS, |from| {
                Ok(from.name("path")?.to_vec())
            })
            .map(Want::Changes),
        5 => from
            .list("deleted sides", bound::GONE, |from| {
                Ok((from.id()?, from.id()?))
            })
            .map(Want::Gone),
        6 => Ok(Want::Small(
            from.u64("bytes")?,
            from.ids("wanted ids", limits::OFFER)?,
        )),
        code => Err(Error::UnknownCode {
            what: "want",
            code: u32::from(code),
        }),
    }
}

fn place<'a>(from: &mut Reader<'a>) -> Result<Place<'a>, Error> {
    Ok(Place {
        object: from.id()?,
        commit: from.id()?,
        path: from.name("path")?,
        mode: from.code()?,
        reference: from.name("ref name")?,
        old: from.ids("old sides", bound::SIDES)?,
        deleted: from.ids("deleted sides", bound::SIDES)?,
    })
}

fn rule_id(from: &mut Reader<'_>) -> Result<RuleId, Error> {
    RuleId::new(from.text("rule")?).ok_or(Error::Malformed("rule"))
}

fn finding(from: &mut Reader<'_>) -> Result<Finding, Error> {
    Ok(Finding {
        path: from.some("path", |from| from.name("path").map(RepoPath::from))?,
        span: Span {
            line: from.u32("span")?,
            column: from.u32("span")?,
            end_line: from.u32("span")?,
            end_column: from.u32("span")?,
            byte_start: from.u64("span")?,
            byte_end: from.u64("span")?,
        },
        source: from.code()?,
        object: from.some_id()?,
        commit: from.some_id()?,
        rule: rule_id(from)?,
        title: from.text("title")?.to_owned(),
        category: from.code()?,
        severity: from.code()?,
        confidence: from.code()?,
        fingerprint: from.some("fingerprint", Reader::fingerprint)?,
        masked: from.text("masked value")?.to_owned(),
        state: from.code()?,
        blocks: from.flag("flag")?,
        allowed_by: from.some("allowance", |from| {
            from.text("allowance").map(str::to_owned)
        })?,
        via: from.some("way of encoding", |from| {
            from.text("way of encoding").map(str::to_owned)
        })?,
    })
}

fn rule(from: &mut Reader<'_>) -> Result<RuleNote, Error> {
    Ok(RuleNote {
        id: rule_id(from)?,
        title: from.text("title")?.to_owned(),
        why: from.text("why")?.to_owned(),
        fix: from.text("fix")?.to_owned(),
        rotate: from.text("rotate")?.to_owned(),
        owner: from.text("owner")?.to_owned(),
    })
}

fn verdict(from: &mut Reader<'_>) -> Result<Answer, Error> {
    Ok(Answer {
        decision: from.code()?,
        exit: from.u8("exit code")?,
        reasons: from.list("reasons", bound::NOTES, |from| {
            Ok(Reason {
                code: from.code()?,
                message: from.text("reason")?.to_owned(),
                help: from.text("help")?.to_owned(),
            })
        })?,
        notes: from.list("notes", bound::NOTES, |from| {
            from.text("note").map(str::to_owned)
        })?,
        coverage: Coverage {
            tally: tally(from)?,
            cached_objects: from.u64("coverage")?,
            cached_bytes: from.u64("coverage")?,
            complete: from.flag("flag")?,
        },
        rule_set: from.digest("digest")?,
        policy: from.digest("digest")?,
        request: from.text("request id")?.to_owned(),
    })
}
