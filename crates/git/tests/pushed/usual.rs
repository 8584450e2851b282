//! Pushes as they happen every day.

use std::collections::BTreeSet;

use lychgate_git::{NewObjects, Visitor};
use lychgate_model::{ObjectId, ObjectKind, Side};

use crate::server::{Judged, Server};

#[test]
fn a_first_push_below_the_unpack_limit() {
    let server = Server::new();
    server.commit_file("a", "one\n");
    server.commit_file("dir/b", "two\n");
    let given = server.ask(&["main"]);
    let judged = given.judge();
    assert_eq!(judged.offered, given.rev_list());
    assert_eq!(judged.offered.len(), judged.objects.len());
    assert_eq!(
        judged.rounds, 1,
        "loose objects are followed before anything is offered"
    );
    assert!(judged.unreadable.is_empty());
    assert!(judged.has("one\n") && judged.has("two\n"));
}

#[test]
fn sixty_commits_after_a_first_push() {
    let server = Server::new();
    for n in 0..30 {
        server.write(
            &format!("dir{}/file{n}", n % 3),
            format!("{n}\n").repeat(50),
        );
    }
    server.commit("base");
    server.push(&["main"]);
    for n in 0..60 {
        server.commit_file(
            &format!("dir{}/file{}", n % 3, n % 30),
            &format!("change {n}\n"),
        );
    }
    let given = server.ask(&["main"]);
    assert!(given.is_packed(), "this push is kept as a pack");
    let judged = given.judge();
    assert_eq!(judged.offered, given.rev_list());
    assert_eq!(judged.objects.len(), judged.offered.len());
    assert!(judged.unreadable.is_empty());

    server.push(&["main"]);
    server.commit_file("x", "small\n");
    let given = server.ask(&["main"]);
    assert!(!given.is_packed(), "this one is unpacked");
    assert_eq!(given.judge().offered, given.rev_list());
    assert_eq!(given.judge().offered.len(), 3);
}

#[test]
fn a_pack_of_deltas_is_decoded_to_what_git_says() {
    for format in ["sha1", "sha256"] {
        let server = Server::with_format(format);
        let mut text: Vec<String> = (0..400).map(|n| format!("line {n} of a file\n")).collect();
        server.commit_file("long", &text.concat());
        server.push(&["main"]);
        for n in 0..150 {
            text[n * 2] = format!("line {n} was changed\n");
            server.write("long", text.concat());
            server.write(&format!("d/{}/f", n % 7), text[..n].concat());
            server.commit("change");
        }
        server.git(&["tag", "-a", "-m", "a release", "v1"]);
        let given = server.ask(&["main", "v1"]);
        let judged = given.judge();
        assert_eq!(judged.offered, given.rev_list(), "{format}");
        assert_eq!(judged.objects.len(), judged.offered.len());
        assert!(judged.has("a release"));
    }
}

#[test]
fn only_what_is_needed_is_decoded() {
    let server = Server::new();
    for n in 0..120 {
        server.commit_file("f", &format!("{}{n}\n", "a line that stays\n".repeat(n)));
    }
    let given = server.ask(&["main"]);
    let all = given.judge();
    let blobs = |judged: &Judged| -> Vec<ObjectId> {
        let of_kind =
            |kind| move |(id, o): (&ObjectId, &(ObjectKind, _))| (o.0 == kind).then_some(*id);
        judged
            .objects
            .iter()
            .filter_map(of_kind(ObjectKind::Blob))
            .collect()
    };
    let known: BTreeSet<_> = blobs(&all).into_iter().step_by(2).collect();
    let repository = given.repository();
    let environment = given.environment();
    let mut new = NewObjects::of_push(&repository, &environment, &given.refs, &|_| true).unwrap();
    let some = Judged::but(&mut new, known.clone());
    assert_eq!(some.offered, all.offered);
    assert_eq!(some.objects.len() + known.len(), all.objects.len());
}

#[test]
fn a_deletion_brings_nothing() {
    let server = Server::new();
    server.commit_file("a", "one\n");
    server.push(&["main", "main:gone"]);
    let given = server.ask(&[":gone"]);
    assert!(given.refs[0].new.is_null());
    let judged = given.judge();
    assert!(judged.offered.is_empty() && judged.unreadable.is_empty());
}

#[test]
fn every_ref_line_is_followed() {
    let server = Server::new();
    server.commit_file("a", "one\n");
    server.push(&["main"]);
    server.git(&["checkout", "-q", "-b", "second"]);
    server.commit_file("b", "in the second ref\n");
    server.git(&["checkout", "-q", "-b", "third", "main"]);
    server.commit_file("c", "in the third ref\n");
    let judged = server.ask(&["main:copy", "second", "third"]).judge();
    assert!(judged.has("in the second ref") && judged.has("in the third ref"));
    assert!(
        !server
            .ask(&["main:copy", "third"])
            .judge()
            .has("in the second ref")
    );
}

#[test]
fn a_visitor_that_breaks_is_asked_no_more() {
    struct Breaks(u32);
    impl Visitor for Breaks {
        fn offer(&mut self, _: &[ObjectId], _: &mut Vec<bool>) -> std::ops::ControlFlow<()> {
            std::ops::ControlFlow::Continue(())
        }
        fn object(&mut self, _: ObjectId, _: ObjectKind, _: u64) -> std::ops::ControlFlow<()> {
            self.0 += 1;
            std::ops::ControlFlow::Break(())
        }
        fn path(&mut self, _: &[u8], _: Side, _: Option<Side>) -> std::ops::ControlFlow<()> {
            std::ops::ControlFlow::Continue(())
        }
        fn data(&mut self, _: &[u8]) -> std::ops::ControlFlow<()> {
            unreachable!("broken before")
        }
        fn unreadable(&mut self, _: ObjectId, _: &[u8], _: &str) -> std::ops::ControlFlow<()> {
            unreachable!("broken before")
        }
    }
    let server = Server::new();
    for n in 0..50 {
        server.commit_file("a", &format!("{n}"));
        if n == 10 || n == 49 {
            let given = server.ask(&["main"]);
            let (repository, environment) = (given.repository(), given.environment());
            let mut new =
                NewObjects::of_push(&repository, &environment, &given.refs, &|_| true).unwrap();
            let mut breaks = Breaks(0);
            new.enumerate(&mut breaks).unwrap();
            assert_eq!(breaks.0, 1);
        }
    }
}
