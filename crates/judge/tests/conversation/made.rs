//! Objects that come as what another of their run becomes.

use lychgate_model::{Decision, Hook, ObjectId, ObjectKind, RefKind};
use lychgate_wire::bound;
use lychgate_wire::frame::{Frame, Made, Object, RefuseCode, Role};

use crate::talk::{At, ENGINE, Talk, blob, token, update};

fn push() -> Talk {
    let mut talk = Talk::new(&ENGINE);
    talk.open(
        Hook::PreReceive,
        &[update("refs/heads/topic", RefKind::Create)],
        &[],
    );
    talk
}

fn number(mut n: usize, out: &mut Vec<u8>) {
    while n >= 0x80 {
        out.push(n as u8 | 0x80);
        n >>= 7;
    }
    out.push(n as u8);
}

/// All of the base, then more.
fn append(base: &[u8], more: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    number(base.len(), &mut out);
    number(base.len() + more.len(), &mut out);
    for (n, part) in base.chunks(0xff_ffff).enumerate() {
        let start = (n * 0xff_ffff) as u32;
        out.push(0xff);
        out.extend(start.to_le_bytes());
        out.extend(&(part.len() as u32).to_le_bytes()[..3]);
    }
    for part in more.chunks(0x7f) {
        out.push(part.len() as u8);
        out.extend(part);
    }
    out
}

fn announced(talk: &mut Talk, content: &[u8]) -> ObjectId {
    let id = blob(content);
    let object = Object {
        role: Role::New,
        kind: ObjectKind::Blob,
        id,
        size: content.len() as u64,
        path: b"",
    };
    talk.counter.object(&object, false);
    talk.must(&Frame::Object(object));
    id
}

/// Sends `content` as what becomes of the object `base` of the run.
fn made(talk: &mut Talk, content: &[u8], base: u32, delta: &[u8]) -> ObjectId {
    let id = announced(talk, content);
    talk.counter.data(Role::New, content.len());
    talk.must(&Frame::Made(Made { base, delta }));
    id
}

#[test]
fn what_is_made_is_judged_as_what_is_sent() {
    for leak in [true, false] {
        let mut talk = push();
        let commit = talk.commit("one\n");
        talk.blob(b"first line\n");
        let second = b"first line\nsecond line\n";
        made(
            &mut talk,
            second,
            1,
            &append(b"first line\n", &second[11..]),
        );
        let more = if leak { token(0) } else { "nothing".into() };
        let more = format!("key = {more}\n").into_bytes();
        let third = [&second[..], &more].concat();
        let id = made(&mut talk, &third, 2, &append(second, &more));
        talk.places.push(At::new(id, "a").commit(commit));
        let said = talk.close();
        let expected = if leak {
            Decision::Deny
        } else {
            Decision::Allow
        };
        assert_eq!(said.decision(), expected, "{said:?}");
        if leak {
            assert_eq!(said.findings[0].span.line, 3);
        }
    }
}

#[test]
fn the_judge_believes_no_delta() {
    let mut talk = push();
    talk.commit("one\n");
    talk.blob(b"base\n");
    announced(&mut talk, b"base\nwhat it is\n");
    talk.counter.data(Role::New, 16);
    let delta = append(b"base\n", b"what is sent");
    let delta = [&delta[..1], &[16], &delta[2..]].concat();
    let refused = talk.send(&Frame::Made(Made {
        base: 1,
        delta: &delta,
    }));
    // Seventeen bytes where sixteen are announced.
    assert_eq!(refused.unwrap_err().code, RefuseCode::Protocol);

    let mut talk = push();
    talk.commit("one\n");
    talk.blob(b"base\n");
    made(&mut talk, b"base\nsaid\n", 1, &append(b"base\n", b"sent\n"));
    let said = talk.close();
    assert_eq!(said.decision(), Decision::Indeterminate);
    assert_eq!(said.codes(), ["coverage"]);
}

#[test]
fn a_base_is_an_object_of_the_run() {
    let content = b"base\nmore\n";
    let delta = append(b"base\n", b"more\n");
    let attempt = |between: &dyn Fn(&mut Talk), base: u32| {
        let mut talk = push();
        talk.blob(b"base\n");
        between(&mut talk);
        announced(&mut talk, content);
        talk.counter.data(Role::New, content.len());
        let sent = talk.send(&Frame::Made(Made {
            base,
            delta: &delta,
        }));
        sent.map(|()| talk.close().decision())
    };
    assert_eq!(attempt(&|_| (), 0).unwrap(), Decision::Allow);
    let smaller = |talk: &mut Talk| {
        talk.blob(b"x");
    };
    assert_eq!(attempt(&smaller, 0).unwrap(), Decision::Allow);
    // Itself, one that is not there, one of another size.
    assert!(attempt(&|_| (), 1).is_err());
    assert!(attempt(&|_| (), u32::MAX).is_err());
    assert!(attempt(&smaller, 1).is_err());
    // A large object is of no run and ends none.
    let size = usize::try_from(bound::RUN_OBJECT).unwrap();
    let large = |talk: &mut Talk| {
        talk.blob(&vec![b'l'; size + 1]);
    };
    assert_eq!(attempt(&large, 0).unwrap(), Decision::Allow);
    assert!(attempt(&large, 1).is_err());
    // What fills the run ends it, and so does a path.
    let full = |talk: &mut Talk| {
        for n in 0..3 {
            talk.blob(&vec![b'a' + n; size]);
        }
    };
    assert!(attempt(&full, 0).is_err());
    let path = |talk: &mut Talk| talk.entry("a/b", None, crate::talk::side(b"base\n"));
    assert!(attempt(&path, 0).is_err());
}
