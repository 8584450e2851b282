//! What a judge accepts when: each refused order beside one that is accepted.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test fails by panicking"
)]

mod samples;

use lychgate_model::{HashKind, Hook, ObjectId, ObjectKind, RefKind, RefUpdate, Tally};
use lychgate_wire::frame::*;
use lychgate_wire::{Frame, Order, order, version};
use samples::{id, id256};

fn hello(capabilities: u64) -> Frame<'static> {
    Frame::Hello(version::hello(capabilities, "test", Vec::new()))
}

fn facts(hook: Hook) -> Frame<'static> {
    Frame::Facts(Facts {
        hook,
        object_format: HashKind::Sha1,
        want_findings: false,
        repository: b"",
        head: b"",
        head_born: false,
        variables: Vec::new(),
    })
}

fn object(role: Role, id: ObjectId, size: u64) -> Frame<'static> {
    Frame::Object(Object {
        role,
        kind: ObjectKind::Blob,
        id,
        size,
        path: b"",
    })
}

fn reference() -> Frame<'static> {
    let (old, new) = (id(1), id(2));
    Frame::Ref(RefUpdate {
        name: b"refs/heads/a".to_vec(),
        old,
        new,
        kind: RefKind::Create,
    })
}

fn entry() -> Frame<'static> {
    Frame::Entry(Entry {
        path: b"a",
        old: None,
        new: None,
    })
}

fn place(object: ObjectId) -> Frame<'static> {
    Frame::Place(Place {
        object,
        commit: id(9),
        path: b"a",
        mode: lychgate_model::Mode::Regular,
        reference: b"",
        old: Vec::new(),
        deleted: Vec::new(),
    })
}

fn done() -> Frame<'static> {
    Frame::Done(Tally::default())
}

/// A checker in the middle of enumeration.
fn enumerating(hook: Hook) -> Order {
    let mut order = Order::new();
    for frame in [hello(0), facts(hook), Frame::Ready] {
        order.receive(&frame).unwrap();
    }
    order
}

fn asking(want: Want) -> Order {
    let mut order = enumerating(Hook::PreCommit);
    order.receive(&done()).unwrap();
    order.sent(&Frame::Want(want));
    order
}

#[test]
fn a_whole_push_is_accepted() {
    let mut order = Order::new();
    for frame in [
        hello(0),
        facts(Hook::PreReceive),
        reference(),
        Frame::Ready,
        Frame::Offer(vec![id(1)]),
        object(Role::New, id(1), 4),
        Frame::Data(b"ab"),
        Frame::Data(b"cd"),
        object(Role::New, id(2), 0),
        done(),
    ] {
        order
            .receive(&frame)
            .unwrap_or_else(|e| panic!("{}: {e}", frame.name()));
    }
    assert!(order.is_done());
    order.sent(&Frame::Want(Want::Places(vec![id(1)])));
    order.receive(&place(id(1))).unwrap();
    order.receive(&Frame::Answered).unwrap();
    order.sent(&Frame::Want(Want::Content(vec![id(3)])));
    order.receive(&object(Role::Old, id(3), 1)).unwrap();
    order.receive(&Frame::Data(b"x")).unwrap();
    order.receive(&Frame::Answered).unwrap();
}

#[test]
fn no_message_is_accepted_before_its_time() {
    let all = samples::all();
    for (name, frame) in &all {
        let first = Order::new().receive(frame);
        assert_eq!(first.is_ok(), *name == "hello", "{name} first");
        let mut order = Order::new();
        order.receive(&hello(0)).unwrap();
        assert_eq!(
            order.receive(frame).is_ok(),
            *name == "facts",
            "{name} after Hello"
        );
        let mut order = enumerating(Hook::PreCommit);
        order.receive(&done()).unwrap();
        assert!(order.receive(frame).is_err(), "{name} after Done, unasked");
    }
}

#[test]
fn after_an_error_nothing_is_accepted() {
    let mut order = enumerating(Hook::PreCommit);
    order.receive(&entry()).unwrap();
    order.receive(&hello(0)).unwrap_err();
    let error = order.receive(&entry()).unwrap_err();
    assert_eq!(error.to_string(), "Entry is not expected after the end");
}

#[test]
fn messages_belong_to_hooks() {
    for (hook, frame, fits) in [
        (Hook::PreCommit, entry(), true),
        (Hook::PreReceive, entry(), true),
        (Hook::CheckAll, entry(), true),
        (Hook::CommitMsg, entry(), false),
        (Hook::CheckStdin, entry(), false),
        (Hook::CommitMsg, object(Role::Message, id(0), 0), true),
        (Hook::PreCommit, object(Role::Message, id(0), 0), false),
        (Hook::CheckPath, object(Role::File, id(0), 0), true),
        (Hook::PrePush, object(Role::File, id(0), 0), false),
        (Hook::PrePush, object(Role::Old, id(0), 0), false),
    ] {
        assert_eq!(
            enumerating(hook).receive(&frame).is_ok(),
            fits,
            "{hook:?} {}",
            frame.name()
        );
    }
    for (hook, fits) in [
        (Hook::PrePush, true),
        (Hook::CheckAll, true),
        (Hook::CheckStaged, false),
    ] {
        let mut order = Order::new();
        order.receive(&hello(0)).unwrap();
        order.receive(&facts(hook)).unwrap();
        assert_eq!(order.receive(&reference()).is_ok(), fits, "{hook:?}");
    }
}

#[test]
fn an_object_has_exactly_its_bytes() {
    let mut order = enumerating(Hook::PrePush);
    order.receive(&object(Role::New, id(1), 3)).unwrap();
    order.receive(&Frame::Data(b"ab")).unwrap();
    assert_eq!(order.open_object(), Some((Role::New, 1)));
    let error = order.clone().receive(&Frame::Data(b"cd")).unwrap_err();
    assert!(
        matches!(
            error,
            order::Error::TooMany {
                count: 2,
                limit: 1,
                ..
            }
        ),
        "{error}"
    );
    let error = order.clone().receive(&done()).unwrap_err();
    assert_eq!(error.to_string(), "object ends 1 bytes early");
    let mut torn = order.clone();
    let unreadable = |id| {
        Frame::Unreadable(Unreadable {
            id,
            path: b"",
            reason: "short",
        })
    };
    torn.clone().receive(&unreadable(id(2))).unwrap_err();
    torn.receive(&unreadable(id(1))).unwrap();
    torn.receive(&done()).unwrap();
    order.receive(&Frame::Data(b"c")).unwrap();
    order.receive(&done()).unwrap();
}

#[test]
fn a_delta_stands_for_all_of_a_small_new_object() {
    let made = |result: u8| {
        let delta: &'static [u8] = match result {
            3 => &[2, 3, 0x90, 2, 1, b'x'],
            _ => &[2, 4, 0x90, 2, 2, b'x', b'y'],
        };
        Frame::Made(Made { base: 0, delta })
    };
    let mut order = enumerating(Hook::PrePush);
    order.receive(&object(Role::New, id(1), 3)).unwrap();
    let error = order.clone().receive(&made(4)).unwrap_err();
    assert_eq!(error.to_string(), "this delta does not make the object");
    let mut begun = order.clone();
    begun.receive(&Frame::Data(b"a")).unwrap();
    begun.receive(&made(3)).unwrap_err();
    order.receive(&made(3)).unwrap();
    assert_eq!(order.open_object(), None);
    order.clone().receive(&made(3)).unwrap_err();
    order.receive(&done()).unwrap();

    let size = 1 << 30;
    let mut large = enumerating(Hook::PrePush);
    large.receive(&object(Role::New, id(1), size)).unwrap();
    let delta = &[2, 0x80, 0x80, 0x80, 0x80, 4, 0x90, 2];
    assert_eq!(lychgate_model::delta::head(delta).unwrap().result, size);
    let made_large = Frame::Made(Made { base: 0, delta });
    large.receive(&made_large).unwrap_err();
    let mut old = asking(Want::Content(vec![id(1)]));
    old.receive(&object(Role::Old, id(1), 3)).unwrap();
    old.receive(&made(3)).unwrap_err();
}

#[test]
fn answers_answer_what_was_asked() {
    for (want, frame, fits) in [
        (Want::Places(vec![id(2), id(1)]), place(id(1)), true),
        (Want::Places(vec![id(2)]), place(id(1)), false),
        (Want::Content(vec![id(1)]), place(id(1)), false),
        (
            Want::Content(vec![id(1)]),
            object(Role::Old, id(1), 0),
            true,
        ),
        (
            Want::Content(vec![id(1)]),
            object(Role::New, id(1), 0),
            false,
        ),
        (
            Want::Content(vec![id(2)]),
            object(Role::Old, id(1), 0),
            false,
        ),
        (
            Want::Places(vec![id(1)]),
            object(Role::Old, id(1), 0),
            false,
        ),
    ] {
        assert_eq!(
            asking(want.clone()).receive(&frame).is_ok(),
            fits,
            "{want:?} {frame:?}"
        );
    }
    let mut order = asking(Want::Places(Vec::new()));
    order.receive(&Frame::Answered).unwrap();
    order.receive(&Frame::Answered).unwrap_err();
}

#[test]
fn ids_are_of_the_repository_s_hash() {
    enumerating(Hook::PrePush)
        .receive(&Frame::Offer(vec![id(1)]))
        .unwrap();
    let error = enumerating(Hook::PrePush)
        .receive(&Frame::Offer(vec![id256(1)]))
        .unwrap_err();
    assert_eq!(error, order::Error::WrongHash);
}

#[test]
fn offers_wait_for_their_answers() {
    let mut order = enumerating(Hook::PrePush);
    for _ in 0..4 {
        order.receive(&Frame::Offer(vec![id(1)])).unwrap();
    }
    order
        .clone()
        .receive(&Frame::Offer(vec![id(1)]))
        .unwrap_err();
    order.sent(&Frame::Need(vec![true]));
    order.receive(&Frame::Offer(vec![id(1)])).unwrap();
}

#[test]
fn a_control_conversation_is_over_after_hello() {
    for capability in [caps::STATUS, caps::DRAIN, caps::RELOAD] {
        let mut order = Order::new();
        order.receive(&hello(capability)).unwrap();
        order.receive(&facts(Hook::PreCommit)).unwrap_err();
    }
}
