//! Clients that lie, stop early, or send what nobody asked for; scans that fail.

use std::sync::Arc;

use lychgate_judge::{Engine, Scratch, Session, State};
use lychgate_model::{Decision, Digest, Hook, ObjectKind, Reason, ReasonCode, Unread};
use lychgate_wire::frame::{Frame, Object, RefuseCode, Role};
use lychgate_wire::version;

use crate::talk::{self, ENGINE, Talk, blob, side, token};

fn commit() -> Talk {
    let mut talk = Talk::new(&ENGINE);
    talk.open(Hook::PreCommit, &[], &[]);
    talk
}

#[test]
fn frames_out_of_order_are_refused() {
    let mut talk = Talk::new(&ENGINE);
    let refused = talk.send(&Frame::Ready).unwrap_err();
    assert_eq!(refused.code, RefuseCode::Protocol);
    assert!(matches!(refused.frame(), Frame::Refuse(_)));

    let mut talk = Talk::new(&ENGINE);
    let mut hello = version::hello(0, "x", Vec::new());
    hello.major += 1;
    assert_eq!(
        talk.send(&Frame::Hello(hello)).unwrap_err().code,
        RefuseCode::Version
    );

    for frame in [
        Frame::Data(b"x"),
        Frame::Answered,
        Frame::Line("x"),
        Frame::Ref(talk::update(
            "refs/heads/x",
            lychgate_model::RefKind::Create,
        )),
        Frame::Object(Object {
            role: Role::Old,
            kind: ObjectKind::Blob,
            id: blob(b""),
            size: 0,
            path: b"",
        }),
    ] {
        let mut talk = commit();
        assert_eq!(
            talk.send(&frame).unwrap_err().code,
            RefuseCode::Protocol,
            "{frame:?}"
        );
    }
}

#[test]
fn more_bytes_than_announced_are_refused() {
    let mut talk = commit();
    let id = blob(b"abc");
    let object = Object {
        role: Role::New,
        kind: ObjectKind::Blob,
        id,
        size: 3,
        path: b"",
    };
    talk.must(&Frame::Object(object.clone()));
    assert!(talk.send(&Frame::Data(b"abcd")).is_err());
    let mut talk = commit();
    talk.must(&Frame::Object(object));
    talk.must(&Frame::Data(b"ab"));
    assert!(talk.send(&Frame::Done(talk.counter.tally())).is_err());
}

#[test]
fn a_tally_that_differs_in_anything_is_indeterminate() {
    let honest = {
        let mut talk = commit();
        talk.add("a", b"x");
        talk.counter.tally()
    };
    let mut wrong = [honest; 5];
    wrong[0].changes += 1;
    wrong[1].objects += 1;
    wrong[2].bytes += 1;
    wrong[3].refs += 1;
    wrong[4].digest = Digest([7; 32]);
    for tally in wrong {
        let mut talk = commit();
        talk.add("a", b"x");
        let said = talk.close_with(tally);
        assert_eq!(
            (said.decision(), said.codes()),
            (Decision::Indeterminate, vec!["coverage"])
        );
        assert_eq!(said.answer.as_ref().unwrap().exit, 3);
        assert!(!said.answer.as_ref().unwrap().coverage.complete);
        assert!(
            said.lines[0].starts_with("lychgate: commit not checked: "),
            "{}",
            said.text()
        );
    }
    let mut talk = commit();
    talk.add("a", b"x");
    assert_eq!(talk.close_with(honest).decision(), Decision::Allow);
}

#[test]
fn content_that_was_announced_must_come() {
    let mut talk = commit();
    talk.entry("a", None, side(b"never sent"));
    let said = talk.close();
    assert_eq!(
        (said.decision(), said.codes()),
        (Decision::Indeterminate, vec!["coverage"])
    );

    let mut talk = commit();
    assert_eq!(talk.offer(&[blob(b"never sent")]), [true]);
    assert_eq!(talk.close().codes(), ["coverage"]);

    let mut talk = commit();
    let ids = [blob(b"sent"), blob(b"sent")];
    assert_eq!(talk.offer(&ids), [true, false], "asked for once");
    talk.entry("a", None, side(b"sent"));
    talk.object_as(Role::New, ObjectKind::Blob, ids[0], "", b"sent", true);
    assert_eq!(talk.close().decision(), Decision::Allow);
}

#[test]
fn bytes_under_another_id_are_indeterminate_and_not_remembered() {
    let secret = format!("k = {}\n", token(0)).into_bytes();
    let cache = Arc::new(lychgate_judge::Cache::new(1 << 20));
    let state = Arc::new(State::open(None));
    let mut talk = Talk::with(&ENGINE, &cache, &state);
    talk.open(Hook::PreCommit, &[], &[]);
    talk.entry("a", None, side(&secret));
    talk.object_as(
        Role::New,
        ObjectKind::Blob,
        blob(&secret),
        "",
        b"clean\n",
        false,
    );
    let said = talk.close();
    assert_eq!(
        (said.decision(), said.codes()),
        (Decision::Indeterminate, vec!["coverage"])
    );
    assert_eq!(cache.entries(), 0);

    let mut talk = Talk::with(&ENGINE, &cache, &state);
    talk.open(Hook::PreCommit, &[], &[]);
    assert_eq!(talk.offer(&[blob(&secret)]), [true]);
    talk.entry("a", None, side(&secret));
    talk.object_as(
        Role::New,
        ObjectKind::Blob,
        blob(&secret),
        "",
        &secret,
        true,
    );
    assert_eq!(talk.close().decision(), Decision::Deny);
}

#[test]
fn what_to_do_about_the_unreadable_depends_on_where_it_stands() {
    let file = "make it readable, or leave it out";
    for (hook, help) in [
        (Hook::CheckPath, file),
        (Hook::CheckStdin, file),
        (Hook::CheckAll, "git fsck"),
    ] {
        let mut talk = Talk::new(&ENGINE);
        talk.open(hook, &[], &[]);
        talk.unreadable(crate::talk::null(), "a", "permission denied");
        let said = talk.close();
        assert_eq!(said.decision(), Decision::Indeterminate);
        assert!(said.text().contains(help), "{hook:?} {}", said.text());
    }
}

#[test]
fn what_to_do_about_the_unreadable_depends_on_what_it_is() {
    let token = token(1);
    let (named, masked) = ("git log -- d/f names", format!("d/{token}"));
    for (path, unread, help) in [
        ("d/f", Unread::Mode(0o644), named),
        // The name is in no advice where it is in no message.
        (
            masked.as_str(),
            Unread::Mode(0o644),
            "rewrite the commits that hold it",
        ),
        ("", Unread::Mode(0o644), "rewrite the commits that hold it"),
        (
            "d/f",
            Unread::IllFormed(ObjectKind::Tree),
            "rewrite the commits that hold it",
        ),
        ("d/f", Unread::LongChain, "delta_chain"),
        ("d/f", Unread::LargeResult, "delta_result_mib"),
        ("d/f", Unread::Missing(blob(b"x")), "git fetch --refetch"),
    ] {
        let mut talk = Talk::new(&ENGINE);
        talk.open(Hook::CheckAll, &[], &[]);
        talk.unreadable(blob(b"x"), path, &unread.to_string());
        let said = talk.close();
        assert_eq!(said.decision(), Decision::Indeterminate);
        let flat = said.text().split_whitespace().collect::<Vec<_>>().join(" ");
        assert!(flat.contains(help), "{unread}: {}", said.text());
        let fetches = flat.contains("fetch");
        assert_eq!(fetches, matches!(unread, Unread::Missing(_)), "{flat}");
        assert!(!flat.contains(&token), "{unread}");
    }
}

#[test]
fn what_cannot_be_read_is_indeterminate_and_named() {
    let mut talk = commit();
    talk.entry("dir/a\u{1b}[31m", None, side(b"x"));
    talk.unreadable(blob(b"x"), "dir/a\u{1b}[31m", "the object is missing");
    let said = talk.close();
    assert_eq!(
        (said.decision(), said.codes()),
        (Decision::Indeterminate, vec!["unreadable"])
    );
    assert!(
        said.text()
            .contains(r"dir/a\033[31m: the object is missing"),
        "{}",
        said.text()
    );

    // In the middle of an object.
    let mut talk = commit();
    talk.entry("a", None, side(b"abcd"));
    let id = blob(b"abcd");
    let object = Object {
        role: Role::New,
        kind: ObjectKind::Blob,
        id,
        size: 4,
        path: b"",
    };
    talk.counter.object(&object, false);
    talk.must(&Frame::Object(object));
    talk.must(&Frame::Data(b"ab"));
    talk.counter.data(Role::New, 2);
    talk.unreadable(id, "a", "the pack is cut");
    talk.add("b", b"fine");
    let said = talk.close();
    assert_eq!(
        (said.decision(), said.codes()),
        (Decision::Indeterminate, vec!["unreadable"])
    );
}

#[test]
fn a_finding_denies_though_something_else_was_not_judged() {
    let mut talk = commit();
    talk.add("a", format!("k = {}\n", token(0)).as_bytes());
    talk.entry("b", None, side(b"x"));
    talk.unreadable(blob(b"x"), "b", "the object is missing");
    let said = talk.close();
    assert_eq!(said.decision(), Decision::Deny);
    assert_eq!(said.answer.as_ref().unwrap().exit, 1);
    assert!(
        said.text()
            .contains("also not checked: b: the object is missing"),
        "{}",
        said.text()
    );
}

#[test]
fn a_panic_costs_one_object_its_verdict() {
    let engine = |needle: &[u8]| {
        let made = Engine::load(&lychgate_judge::Sources::built_in()).unwrap();
        Arc::new(made.with_fault_injection(needle))
    };
    for (needle, expected) in [
        (&b"boom"[..], Decision::Indeterminate),
        (b"nowhere", Decision::Allow),
    ] {
        let mut talk = Talk::new(&engine(needle));
        talk.open(Hook::PreCommit, &[], &[]);
        talk.add("a", b"goes boom here");
        talk.add("b", b"fine");
        let said = talk.close();
        assert_eq!(said.decision(), expected, "{said:?}");
        if expected == Decision::Indeterminate {
            assert_eq!(said.codes(), ["fault"]);
            let id: String = blob(b"goes boom here")
                .to_string()
                .chars()
                .take(12)
                .collect();
            assert!(said.text().contains(&id), "{}", said.text());
        }
    }
}

#[test]
fn a_deadline_ends_with_the_share_done_and_what_was_judged_stays() {
    let cache = Arc::new(lychgate_judge::Cache::new(1 << 20));
    let mut talk = Talk::with(&ENGINE, &cache, &Arc::new(State::open(None)));
    talk.open(Hook::PrePush, &[], &[]);
    talk.offer(&[blob(b"one"), blob(b"two")]);
    talk.object_as(
        Role::New,
        ObjectKind::Blob,
        blob(b"one"),
        "",
        &[b'x'; 70_000],
        true,
    );
    talk.judge.session().expire();
    assert!(!talk.judge.session().wants_input());
    let mut lines = Vec::new();
    let mut verdict = None;
    while let Some(reply) = talk.judge.receive() {
        match reply.frame() {
            Frame::Line(line) => lines.push(line.to_owned()),
            Frame::Verdict(answer) => verdict = Some(*answer),
            other => panic!("{other:?}"),
        }
    }
    let verdict = verdict.unwrap();
    assert_eq!(verdict.decision, Decision::Indeterminate);
    assert_eq!(verdict.reasons[0].code, ReasonCode::Deadline);
    assert!(lines.join(" ").contains("0 of 2 objects"), "{lines:?}");
    assert!(talk.judge.session().is_finished());
    // Later frames and a second end change nothing.
    talk.must(&Frame::Answered);
    talk.judge.session().expire();
    assert!(talk.judge.receive().is_none());
}

#[test]
fn work_handed_out_before_the_end_is_taken_back_and_remembered() {
    let cache = Arc::new(lychgate_judge::Cache::new(1 << 20));
    let state = Arc::new(State::open(None));
    let mut session = Session::new(ENGINE.clone(), cache.clone(), state, talk::context());
    let content = vec![b'x'; 300_000];
    let id = blob(&content);
    let facts = lychgate_wire::frame::Facts {
        hook: Hook::PreCommit,
        object_format: lychgate_model::HashKind::Sha1,
        want_findings: false,
        repository: b"",
        head: b"",
        head_born: false,
        variables: Vec::new(),
    };
    let object = Object {
        role: Role::New,
        kind: ObjectKind::Blob,
        id,
        size: 300_000,
        path: b"",
    };
    for frame in [
        Frame::Hello(version::hello(0, "x", Vec::new())),
        Frame::Facts(facts),
        Frame::Ready,
        Frame::Object(object),
        Frame::Data(&content[..200_000]),
    ] {
        session.receive(&frame).unwrap();
    }
    assert!(session.work().is_none(), "an object is scanned whole");
    session.receive(&Frame::Data(&content[200_000..])).unwrap();
    let work = session.work().unwrap();
    assert_eq!(format!("{work:?}"), "Work { bytes: 300000, .. }");
    assert_eq!((work.bytes(), session.in_flight()), (300_000, 300_000));
    let reason = Reason {
        code: ReasonCode::Busy,
        message: "stopping".into(),
        help: String::new(),
    };
    session.abort(reason);
    session.complete(work.run(&mut Scratch::new()));
    assert_eq!((session.in_flight(), cache.entries()), (0, 1));
    assert!(session.work().is_none());
}

#[test]
fn a_large_object_is_scanned_in_pieces() {
    let mut content = vec![b'.'; 17 << 20];
    let secret = format!(" {} ", token(0));
    let at = (1 << 20) - 8;
    content[at..at + secret.len()].copy_from_slice(secret.as_bytes());
    let mut talk = commit();
    talk.add("big", &content);
    let said = talk.close();
    assert_eq!(said.decision(), Decision::Deny, "{said:?}");
    assert_eq!(said.findings[0].span.byte_start, at as u64 + 1);
    // Its twin, and one whose bytes are not its own.
    content[at..at + secret.len()].fill(b'.');
    let mut talk = commit();
    talk.add("big", &content);
    assert_eq!(talk.close().decision(), Decision::Allow);
    let mut talk = commit();
    talk.entry("big", None, side(b"other"));
    talk.object_as(
        Role::New,
        ObjectKind::Blob,
        blob(b"other"),
        "",
        &content,
        false,
    );
    assert_eq!(talk.close().codes(), ["coverage"]);
}

#[test]
fn too_many_findings_in_one_object_are_not_a_complete_judgement() {
    let many: String = (0..1500)
        .map(|n| format!("k{n} = {}\n", token((n % 250) as u8)))
        .collect();
    let mut talk = commit();
    talk.add("a", many.as_bytes());
    let said = talk.close();
    assert_eq!(said.decision(), Decision::Deny);
    assert!(said.codes().contains(&"unreadable"), "{:?}", said.codes());
    // The same as debt: what lies beyond is not excused by it.
    let grown = format!("{many}x\n");
    let mut talk = commit();
    talk.change("a", many.as_bytes(), grown.as_bytes());
    assert_eq!(talk.close().decision(), Decision::Indeterminate);
}
