//! What is answered when the deadline is near, and when it is there.

use std::sync::Arc;

use lychgate_judge::{Cache, Reply, Scratch, Session, State};
use lychgate_model::{Decision, HashKind, Hook, ObjectKind, ReasonCode, RefKind};
use lychgate_wire::frame::{Document, DocumentContent, DocumentSide, Facts, Frame, Object, Role};
use lychgate_wire::version;

use crate::talk::{Answered, At, ENGINE, Talk, blob, context, null, token, update};

fn line(n: u8) -> Vec<u8> {
    format!("key = {}\n", token(n)).into_bytes()
}

fn push(cache: &Arc<Cache>) -> Talk {
    let mut talk = Talk::with(&ENGINE, cache, &Arc::new(State::open(None)));
    let refs = [update("refs/heads/topic", RefKind::Create)];
    talk.open(Hook::PreReceive, &refs, &[]);
    talk
}

fn cache() -> Arc<Cache> {
    Arc::new(Cache::new(1 << 20))
}

fn bulk(n: u8) -> Vec<u8> {
    vec![b'a' + n; 300_000]
}

fn codes(said: &Answered) -> Vec<&'static str> {
    said.codes()
}

#[test]
fn late_with_a_secret_the_rest_is_counted_and_the_secret_denied() {
    let cache = cache();
    let mut talk = push(&cache);
    let contents = [line(0), bulk(0), bulk(1)];
    talk.offer(&contents.each_ref().map(|c| blob(c)));
    let send = |talk: &mut Talk, c: &[u8]| {
        talk.object_as(Role::New, ObjectKind::Blob, blob(c), "", c, true);
    };
    send(&mut talk, &contents[0]);
    send(&mut talk, &contents[1]);
    talk.judge.session().hurry();
    send(&mut talk, &contents[2]);
    let mut at = At::new(blob(&contents[0]), "deploy.sh");
    at = at.commit(null());
    talk.places.push(at);
    let said = talk.close();
    assert_eq!(said.decision(), Decision::Deny, "{said:?}");
    assert_eq!(said.findings.len(), 1);
    assert_eq!(codes(&said), ["deadline"]);
    assert!(said.text().contains("2 of 3 objects"), "{}", said.text());
    let answer = said.answer.unwrap();
    assert!(!answer.coverage.complete);
    assert_eq!(answer.coverage.tally.objects, 3);
    assert_eq!(cache.entries(), 2, "the rest is not known");

    // Its clean twin is judged to the end, and allowed.
    let mut talk = push(&cache);
    assert_eq!(talk.offer(&[blob(&bulk(0)), blob(&bulk(1))]), [false, true]);
    talk.judge.session().hurry();
    send(&mut talk, &contents[2]);
    let said = talk.close();
    assert_eq!(said.decision(), Decision::Allow, "{said:?}");
}

#[test]
fn late_with_debt_alone_it_is_neither_a_denial_nor_an_allow() {
    let mut talk = push(&cache());
    let id = talk.blob(&[line(0), b"more\n".to_vec()].concat());
    talk.old_side(&line(0));
    talk.places.push(At::new(id, "deploy.sh").old(&line(0)));
    talk.judge.session().hurry();
    talk.blob(&bulk(0));
    let said = talk.close();
    assert_eq!(said.decision(), Decision::Indeterminate, "{said:?}");
    assert_eq!(
        (said.states(), codes(&said)),
        (vec!["existing"], vec!["deadline"])
    );
}

#[test]
fn late_with_debt_and_nothing_left_to_judge_it_is_an_allow() {
    let late = |old: &[u8]| {
        let mut talk = push(&cache());
        let id = talk.blob(&[line(0), b"more\n".to_vec()].concat());
        talk.old_side(old);
        talk.places.push(At::new(id, "deploy.sh").old(old));
        talk.judge.session().hurry();
        // It is judged to the end, cut or not.
        talk.commit("more\n");
        talk.close()
    };
    let said = late(&line(0));
    assert_eq!(said.decision(), Decision::Allow, "{said:?}");
    assert_eq!(
        (said.states(), codes(&said)),
        (vec!["existing"], Vec::new())
    );
    assert!(said.answer.unwrap().coverage.complete);
    let said = late(b"clean\n");
    assert_eq!(said.decision(), Decision::Deny, "{said:?}");
    assert_eq!(codes(&said), Vec::<&str>::new(), "all of it was judged");
}

/// A push of `first` and of a bulk that comes late.
fn late(organisation: &str, first: &[u8]) -> Answered {
    let engine = crate::talk::engine(organisation);
    let mut talk = Talk::with(&engine, &cache(), &Arc::new(State::open(None)));
    let refs = [update("refs/heads/topic", RefKind::Create)];
    talk.open(Hook::PreReceive, &refs, &[]);
    let id = talk.blob(first);
    talk.places.push(At::new(id, "a.txt").commit(null()));
    talk.judge.session().hurry();
    talk.blob(&bulk(0));
    talk.close()
}

#[test]
fn late_with_what_denies_nothing_the_rest_is_judged() {
    let accepted = format!(
        "schema = 1\n[[accept]]\nrepository = \"**\"\nobject = \"{}\"\nrule = \
         \"test.token\"\nby = \"ana\"\nreason = \"a test\"\n\
         until = \"2999-01-01\"\n",
        blob(&line(0))
    );
    for (organisation, content) in [
        ("schema = 1\nmode = \"observe\"\n", line(0)),
        (accepted.as_str(), line(0)),
    ] {
        let said = late(organisation, &content);
        assert_eq!(said.decision(), Decision::Allow, "{organisation}: {said:?}");
        assert!(said.answer.unwrap().coverage.complete);
    }
    let said = late("schema = 1\n", &line(0));
    assert_eq!(said.decision(), Decision::Deny, "{said:?}");
    assert_eq!(codes(&said), ["deadline"]);
}

#[test]
fn at_the_deadline_what_is_new_wherever_it_stands_is_denied() {
    let expired = |dirty: bool| {
        let mut talk = push(&cache());
        talk.judge.session().hurry();
        let message = if dirty {
            format!("use {}\n", token(0))
        } else {
            "use it\n".to_owned()
        };
        talk.commit(&message);
        // Of a file it is not known whether the value stood before.
        talk.blob(&line(1));
        talk.offer(&[blob(&bulk(0))]);
        talk.judge.session().expire();
        let mut scratch = Scratch::new();
        while let Some(work) = talk.judge.session().work() {
            let done = work.run(&mut scratch);
            talk.judge.session().complete(done);
        }
        while let Some(reply) = talk.judge.receive().cloned() {
            talk.replies.push(reply);
        }
        talk.rest()
    };
    let said = expired(true);
    assert_eq!(said.decision(), Decision::Deny, "{said:?}");
    assert_eq!((said.findings.len(), codes(&said)), (1, vec!["deadline"]));
    assert!(!said.answer.unwrap().coverage.complete);
    let said = expired(false);
    assert_eq!(said.decision(), Decision::Indeterminate, "{said:?}");
    assert_eq!(codes(&said), ["deadline"]);
}

#[test]
fn small_text_is_judged_before_large_and_binaries_last() {
    let mut session = Session::new(
        ENGINE.clone(),
        cache(),
        Arc::new(State::open(None)),
        context(),
    );
    let large = bulk(0);
    let mut larger = vec![b'x'; 400_000];
    let mut binary = bulk(1);
    binary[10] = 0;
    let small = line(0);
    for frame in opening(Hook::PrePush) {
        session.receive(&frame).unwrap();
    }
    larger.push(b'\n');
    let mut ranks = Vec::new();
    for content in [&binary, &larger, &large, &small] {
        let object = Object {
            role: Role::New,
            kind: ObjectKind::Blob,
            id: blob(content),
            size: content.len() as u64,
            path: b"",
        };
        session.receive(&Frame::Object(object)).unwrap();
        for piece in content.chunks(lychgate_model::limits::CHUNK) {
            session.receive(&Frame::Data(piece)).unwrap();
        }
        session.hurry();
        while let Some(work) = session.work() {
            ranks.push((work.rank(), work.bytes()));
        }
    }
    ranks.sort_unstable();
    let order: Vec<usize> = ranks.iter().map(|(_, bytes)| *bytes).collect();
    let sizes = [&small, &large, &larger, &binary].map(Vec::len);
    assert_eq!(order, sizes);
}

fn opening(hook: Hook) -> [Frame<'static>; 3] {
    [
        Frame::Hello(version::hello(0, "x", Vec::new())),
        Frame::Facts(Facts {
            hook,
            object_format: HashKind::Sha1,
            want_findings: false,
            repository: b"",
            head: b"",
            head_born: false,
            variables: Vec::new(),
        }),
        Frame::Ready,
    ]
}

#[test]
fn documents_are_read_as_work_and_nothing_is_heard_meanwhile() {
    let mut session = Session::new(
        ENGINE.clone(),
        cache(),
        Arc::new(State::open(None)),
        context(),
    );
    let text = [b"schema = 1\n".to_vec(), vec![b'#'; 500_000]].concat();
    let [hello, facts, ready] = opening(Hook::PreCommit);
    let document = Frame::Document(Document {
        side: DocumentSide::Base,
        path: b".lychgate/policy.toml",
        id: null(),
        content: DocumentContent::Bytes(&text),
    });
    for frame in [&hello, &facts, &document] {
        session.receive(frame).unwrap();
        assert!(session.wants_input());
    }
    while session.reply().is_some() {}
    session.receive(&ready).unwrap();
    assert!(!session.wants_input());
    assert!(session.reply().is_none(), "the plan needs the policy");
    let work = session.work().unwrap();
    assert!(work.bytes() >= text.len());
    assert!(session.work().is_none());
    // It is not lost when time runs out meanwhile, nor does it then say anything.
    session.complete(work.run(&mut Scratch::new()));
    assert!(matches!(session.reply(), Some(Reply::Plan(_))));
    assert!(session.wants_input());

    let mut session = Session::new(
        ENGINE.clone(),
        cache(),
        Arc::new(State::open(None)),
        context(),
    );
    for frame in [&hello, &facts, &document, &ready] {
        session.receive(frame).unwrap();
    }
    let work = session.work().unwrap();
    session.expire();
    session.complete(work.run(&mut Scratch::new()));
    let said: Vec<Reply> = std::iter::from_fn(|| session.reply()).collect();
    let Some(Reply::Verdict(answer)) = said.last() else {
        panic!("{said:?}");
    };
    assert_eq!(answer.decision, Decision::Indeterminate);
    assert_eq!(answer.reasons[0].code, ReasonCode::Deadline);
}
