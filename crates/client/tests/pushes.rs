//! What a push, a range or files tell the judge.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test that cannot go on fails"
)]

mod world;

use std::time::{Duration, Instant};

use lychgate_client::files::{Content, File};
use lychgate_client::link::{Error as LinkError, Link};
use lychgate_client::{Asker, Error, Question, SocketLink, ask, lines};
use lychgate_git::{Environment, Repository, ref_kind};
use lychgate_model::{Decision, Hook, ReasonCode, RefKind, RefUpdate};
use lychgate_wire::frame::{Frame, Role};
use world::{Judge, World, put};

/// `main` with two more commits, and a branch that was rewritten.
fn history() -> World {
    let world = World::new();
    for n in ["1", "2"] {
        world.stage(n, format!("file {n}\n").as_bytes());
        world.git(&["commit", "-qm", n]);
    }
    world
}

#[test]
fn a_range_brings_every_new_object() {
    let world = history();
    let question = Question::Range {
        from: Some(world.id("HEAD~2")),
        to: world.id("HEAD"),
    };
    let put = put(&world, Hook::CheckRange, question, Judge::default());
    let seen = put.allowed();
    let mut ids: Vec<_> = [
        "HEAD",
        "HEAD~1",
        "HEAD^{tree}",
        "HEAD~1^{tree}",
        "HEAD:1",
        "HEAD:2",
    ]
    .map(|r| world.id(r))
    .to_vec();
    let mut offered = seen.offered.clone();
    ids.sort_unstable();
    offered.sort_unstable();
    assert_eq!(offered, ids);
    assert_eq!(seen.objects.len(), ids.len());
    let blob = seen
        .objects
        .iter()
        .find(|(_, id, _)| *id == world.id("HEAD:2"))
        .unwrap();
    assert_eq!((blob.0, blob.2.as_slice()), (Role::New, &b"file 2\n"[..]));
}

#[test]
fn what_the_judge_knows_is_not_sent_again() {
    let world = history();
    let put = put(
        &world,
        Hook::CheckAll,
        Question::All,
        Judge {
            needs: |_| false,
            ..Judge::default()
        },
    );
    let seen = put.allowed();
    assert!(seen.offered.len() >= 9 && seen.objects.is_empty());
    // As a first push would name them.
    assert!(!seen.refs.is_empty());
    assert!(seen.refs.iter().all(|(_, kind)| *kind == RefKind::Create));
}

#[test]
fn a_push_tells_every_ref_line_with_its_kind() {
    let world = history();
    let (tip, before) = (world.id("HEAD"), world.id("HEAD~1"));
    let null = lychgate_model::ObjectId::null(tip.kind());
    let stdin = format!(
        "{before} {tip} refs/heads/forward\n{tip} {before} refs/heads/back\n\
         {null} {tip} refs/heads/new\n{tip} {null} refs/heads/gone\n"
    );
    let repository = Repository::open(&world.environment()).unwrap();
    let updates = lines::pre_receive(stdin.as_bytes(), &repository).unwrap();
    let put = put(
        &world,
        Hook::PreReceive,
        Question::Push(&updates),
        Judge::default(),
    );
    let seen = put.allowed();
    let kinds: Vec<RefKind> = seen.refs.iter().map(|(_, kind)| *kind).collect();
    use RefKind::{Create, Delete, FastForward, Forced};
    assert_eq!(kinds, [FastForward, Forced, Create, Delete]);
    assert_eq!(
        seen.variables, 1,
        "a server's judge is told what the forge says"
    );
    assert_eq!(seen.documents.len(), 1);
}

#[test]
fn what_a_push_brings_to_the_branch_of_head_is_told_beside_what_stands() {
    use lychgate_wire::frame::DocumentSide::{Base, Target};
    let world = World::new();
    world.stage("a", b"a\n");
    world.git(&["commit", "-qm", "one"]);
    let before = world.id("HEAD");
    world.stage(".lychgate/policy.toml", b"schema = 1\n");
    world.git(&["commit", "-qm", "policy"]);
    let tip = world.id("HEAD");
    world.git(&["update-ref", "HEAD", &before.to_string()]);
    let repository = Repository::open(&world.environment()).unwrap();
    let head = String::from_utf8(repository.head().unwrap().branch.unwrap()).unwrap();
    let brought = (Target, Some(b"schema = 1\n".to_vec()));
    for (name, expected) in [
        (head.as_str(), vec![(Base, None), brought]),
        ("refs/heads/other", vec![(Base, None)]),
    ] {
        let stdin = format!("{before} {tip} {name}\n");
        let updates = lines::pre_receive(stdin.as_bytes(), &repository).unwrap();
        let question = Question::Push(&updates);
        let put = put(&world, Hook::PreReceive, question, Judge::default());
        assert_eq!(put.allowed().documents, expected, "{name}");
    }
}

#[test]
fn a_push_without_a_ref_line_is_never_judged() {
    let world = World::new();
    let put = put(
        &world,
        Hook::PreReceive,
        Question::Push(&[]),
        Judge::default(),
    );
    assert!(matches!(put.refused(), Error::NoRefs));
}

#[test]
fn ref_lines_that_do_not_fit_the_repository_are_refused() {
    let world = World::new();
    let repository = Repository::open(&world.environment()).unwrap();
    let tip = world.id("HEAD");
    let good = format!(
        "{} {tip} refs/heads/a\n",
        lychgate_model::ObjectId::null(tip.kind())
    );
    assert_eq!(
        lines::pre_receive(good.as_bytes(), &repository)
            .unwrap()
            .len(),
        1
    );
    let long = format!("{} {tip} refs/heads/a\n", "0".repeat(64));
    for bad in [
        good.trim_end(),
        &long,
        "x\n",
        &good.replace("refs/heads/a", ""),
    ] {
        assert!(
            lines::pre_receive(bad.as_bytes(), &repository).is_err(),
            "{bad}"
        );
    }
    let words = |name: &'static [u8], id: &str| {
        lines::update_arguments(
            [name, id.as_bytes(), tip.to_string().as_bytes()],
            &repository,
        )
    };
    assert_eq!(
        words(b"refs/heads/a", &tip.to_string()).unwrap().name,
        b"refs/heads/a"
    );
    assert!(words(b"", &tip.to_string()).is_err() && words(b"refs/heads/a", "x").is_err());
}

/// What holds for the ref would not hold for a push to another name of it.
#[test]
fn a_symbolic_ref_is_no_way_around_what_it_names() {
    let world = World::new();
    world.git(&["symbolic-ref", "refs/heads/master", "refs/heads/main"]);
    world.git(&[
        "symbolic-ref",
        "refs/namespaces/x/refs/heads/alias",
        "refs/namespaces/x/refs/heads/real",
    ]);
    let tip = world.id("HEAD").to_string();
    let bare = world.environment();
    let inner = Environment::new(
        world.path().to_owned(),
        std::iter::once(("GIT_NAMESPACE".into(), "x".into())),
    );
    for (environment, alias, real) in [
        (&bare, "refs/heads/master", "refs/heads/main"),
        (&inner, "refs/heads/alias", "refs/heads/real"),
    ] {
        let repository = Repository::open(environment).unwrap();
        let pushed = |name: &str| {
            let line = format!("{tip} {tip} {name}\n");
            let line = lines::pre_receive(line.as_bytes(), &repository).map(drop);
            let words = [name, &tip, &tip].map(str::as_bytes);
            let one = lines::update_arguments(words, &repository).map(drop);
            [line, one]
        };
        for refused in pushed(alias) {
            let told = refused.unwrap_err().to_string();
            assert_eq!(told, format!("{alias} is a symbolic ref: push to {real}"));
        }
        assert!(pushed(real).iter().all(Result::is_ok));
        assert!(pushed("refs/heads/new").iter().all(Result::is_ok));
    }
    // Each name is looked for in its own namespace alone.
    let repository = Repository::open(&inner).unwrap();
    assert!(
        repository
            .symbolic_ref(b"refs/heads/master")
            .unwrap()
            .is_none()
    );
}

/// The judge is quick and the walk is not.
#[test]
fn a_walk_ends_with_the_deadline() {
    let world = World::new();
    let mut stream = String::new();
    for n in 0..6000 {
        stream += &format!(
            "commit refs/heads/long\ncommitter x <x@example.org> {} +0000\ndata 0\n",
            1_700_000_000 + n
        );
    }
    world.write("stream", stream.as_bytes());
    world.git(&["-c", "alias.feed=!git fast-import --quiet <stream", "feed"]);
    let tip = world.id("refs/heads/long");
    for (patience, expected) in [(Duration::ZERO, false), (Duration::from_secs(600), true)] {
        let question = Question::Range {
            from: None,
            to: tip,
        };
        let environment = world.environment();
        let repository = Repository::open(&environment).unwrap();
        let asker = Asker {
            hook: Hook::CheckRange,
            build: world::BUILD,
            wants_findings: false,
            environment: &environment,
            variables: &[],
            repository: Some(&repository),
            progress: None,
        };
        let (ours, theirs) = std::os::unix::net::UnixStream::pair().unwrap();
        let judge = Judge::default().start(theirs);
        let socket = SocketLink::new(ours, Instant::now() + Duration::from_secs(600));
        let mut link = Hurried {
            socket,
            deadline: Instant::now() + patience,
        };
        let answered = ask(&mut link, asker, question);
        drop(link);
        judge.join().unwrap();
        match answered {
            Ok(_) => assert!(expected),
            Err(error) => {
                assert!(!expected, "{error:?}");
                assert_eq!(error.reason(), ReasonCode::Deadline);
                assert!(!error.is_judges(), "there is no time to ask another");
            }
        }
    }
}

/// A link that carries on past the deadline of who asks.
struct Hurried {
    socket: SocketLink,
    deadline: Instant,
}

impl Link for Hurried {
    fn send(&mut self, frame: &Frame<'_>) -> Result<(), LinkError> {
        self.socket.send(frame)
    }

    fn flush(&mut self) -> Result<(), LinkError> {
        self.socket.flush()
    }

    fn receive(&mut self) -> Result<Frame<'_>, LinkError> {
        self.socket.receive()
    }

    fn deadline(&self) -> Option<Instant> {
        Some(self.deadline)
    }
}

#[test]
fn what_goes_out_is_what_the_remote_lacks() {
    let world = history();
    let (tip, before) = (world.id("HEAD"), world.id("HEAD~1"));
    let stdin = format!("refs/heads/main {tip} refs/heads/main {before}\n");
    let parsed = lines::pre_push(stdin.as_bytes()).unwrap();
    let question = Question::Outgoing {
        remote: b"origin",
        lines: &parsed,
    };
    let put = put(&world, Hook::PrePush, question, Judge::default());
    let seen = put.allowed();
    assert_eq!(
        seen.refs,
        [(b"refs/heads/main".to_vec(), RefKind::FastForward)]
    );
    assert_eq!(seen.offered.len(), 3);
    assert!(seen.offered.contains(&tip) && !seen.offered.contains(&before));
}

#[test]
fn a_deletion_is_a_ref_and_nothing_else() {
    let world = history();
    let tip = world.id("HEAD");
    let null = lychgate_model::ObjectId::null(tip.kind());
    let repository = Repository::open(&world.environment()).unwrap();
    let kind = ref_kind(&repository, tip, null).unwrap();
    let update = RefUpdate {
        name: b"refs/heads/x".to_vec(),
        old: tip,
        new: null,
        kind,
    };
    let put = put(
        &world,
        Hook::PreReceive,
        Question::Push(&[update]),
        Judge::default(),
    );
    assert!(put.allowed().offered.is_empty());
}

#[test]
fn files_are_sent_one_at_a_time_and_a_change_under_way_is_told() {
    let world = World::new();
    let file = |name: &str, size: u64, bytes: &'static [u8]| File {
        path: name.into(),
        content: Content::Bytes {
            size,
            reader: Box::new(bytes),
        },
    };
    let mut good = vec![file("a", 3, b"abc"), file("empty", 0, b"")].into_iter();
    let judged = put(
        &world,
        Hook::CheckPath,
        Question::Files(&mut good),
        Judge::default(),
    );
    let seen = judged.allowed();
    assert!(seen.unreadable.is_empty());
    let contents: Vec<&[u8]> = seen.objects.iter().map(|(_, _, c)| c.as_slice()).collect();
    assert_eq!(contents, [&b"abc"[..], b""]);

    let mut bad = vec![
        file("shorter", 9, b"abc"),
        file("longer", 2, b"abc"),
        File {
            path: b"no".to_vec(),
            content: Content::Unreadable("permission denied".into()),
        },
        file("last", 1, b"z"),
    ]
    .into_iter();
    let judge = Judge {
        decision: Decision::Indeterminate,
        ..Judge::default()
    };
    let judged = put(&world, Hook::CheckPath, Question::Files(&mut bad), judge);
    assert_eq!(
        judged.decision(),
        Some(Decision::Indeterminate),
        "{:?}",
        judged.answered
    );
    assert_eq!(judged.seen.unreadable.len(), 3);
    assert_eq!(judged.seen.objects.last().unwrap().2, b"z");
}

#[test]
fn a_damaged_object_in_a_range_is_told() {
    let world = history();
    let id = world.id("HEAD:2").to_string();
    let (front, rest) = id.split_at(2);
    let path = world.path().join(format!(".git/objects/{front}/{rest}"));
    std::fs::remove_file(&path).unwrap();
    std::fs::write(&path, b"not zlib").unwrap();
    let question = Question::Range {
        from: Some(world.id("HEAD~1")),
        to: world.id("HEAD"),
    };
    let judge = Judge {
        decision: Decision::Indeterminate,
        ..Judge::default()
    };
    let put = put(&world, Hook::CheckRange, question, judge);
    match &put.answered {
        Ok(answered) => {
            assert_eq!(answered.answer.decision, Decision::Indeterminate);
            assert!(!put.seen.unreadable.is_empty());
        }
        Err(error) => assert!(matches!(error, Error::Git(_)), "{error:?}"),
    }
}
