//! Promises of the conversation, with real repositories, a real socket pair, and a judge that
//! fails in every way.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test that cannot go on fails"
)]

mod world;

use std::time::Duration;

use lychgate_client::{Error, Question, link};
use lychgate_model::limits::Deltas;
use lychgate_model::{Decision, Hook, ObjectId, ReasonCode, Tally, limits};
use lychgate_wire::frame::{DocumentSide, RefuseCode, Role, Want, caps};
use world::{Judge, Outburst, POLICY, World, clients_frame, put, put_with};

fn staged(world: &World, judge: Judge) -> world::Put {
    put(world, Hook::PreCommit, Question::Staged, judge)
}

fn one_change() -> World {
    let world = World::new();
    world.stage("a.txt", b"content of a\n");
    world
}

#[test]
fn a_small_staged_change_is_sent_whole() {
    let world = one_change();
    world.git(&["rm", "-q", "--cached", "README"]);
    let put = staged(&world, Judge::default());
    let seen = put.allowed();
    assert_eq!(seen.paths, [b"README".to_vec(), b"a.txt".to_vec()]);
    assert_eq!(
        seen.objects,
        [(Role::New, world.id(":a.txt"), b"content of a\n".to_vec())]
    );
    assert_eq!(
        (seen.head.as_slice(), seen.head_born),
        (&b"refs/heads/main"[..], true)
    );
    assert_eq!(
        seen.variables, 0,
        "a client's forge variables are nobody's business"
    );
    assert!(seen.offered.is_empty());
}

#[test]
fn nothing_staged_is_judged_too() {
    let put = staged(&World::new(), Judge::default());
    assert_eq!(
        put.allowed().frames,
        ["Hello", "Facts", "Document", "Document", "Ready", "Done"]
    );
}

#[test]
fn the_documents_of_both_sides_are_told() {
    let world = World::new();
    let put = staged(&world, Judge::default());
    let absent = [(DocumentSide::Base, None), (DocumentSide::Index, None)];
    assert_eq!(put.allowed().documents, absent);

    world.stage(".lychgate/policy.toml", b"schema = 1\n");
    let both = |base: Option<&[u8]>| {
        let index = Some(b"schema = 1\n".to_vec());
        vec![
            (DocumentSide::Base, base.map(<[u8]>::to_vec)),
            (DocumentSide::Index, index),
        ]
    };
    let put = staged(&world, Judge::default());
    assert_eq!(put.allowed().documents, both(None));
    world.git(&["commit", "-qm", "policy"]);
    let put = staged(&world, Judge::default());
    assert_eq!(put.allowed().documents, both(Some(b"schema = 1\n")));
}

#[test]
fn of_a_large_change_only_what_the_judge_needs_is_sent() {
    let world = World::new();
    for n in 0..limits::OFFER_FROM + 4 {
        world.write(
            &format!("f{n:02}"),
            format!("content {}\n", n / 2).as_bytes(),
        );
    }
    world.git(&["add", "."]);
    let put = staged(
        &world,
        Judge {
            needs: |n| n == 3,
            ..Judge::default()
        },
    );
    let seen = put.allowed();
    assert_eq!(seen.paths.len(), limits::OFFER_FROM + 4);
    assert_eq!(
        seen.offered.len(),
        limits::OFFER_FROM / 2 + 2,
        "each blob once"
    );
    assert_eq!(
        seen.objects,
        [(Role::New, world.id(":f06"), b"content 3\n".to_vec())]
    );

    // A judge without a cache is sent everything, each blob once.
    let put = staged(
        &world,
        Judge {
            capabilities: 0,
            ..Judge::default()
        },
    );
    let seen = put.allowed();
    assert!(seen.offered.is_empty());
    assert_eq!(seen.objects.len(), limits::OFFER_FROM / 2 + 2);
}

#[test]
fn a_message_is_sent_as_it_is_given() {
    let world = World::new();
    let put = put(
        &world,
        Hook::CommitMsg,
        Question::Message(b"# kept\n"),
        Judge::default(),
    );
    let objects: Vec<_> = put
        .allowed()
        .objects
        .iter()
        .map(|(r, _, c)| (*r, c.as_slice()))
        .collect();
    assert_eq!(objects, [(Role::Message, &b"# kept\n"[..])]);
}

#[test]
fn the_judges_questions_are_answered() {
    let world = World::new();
    world.stage("README", b"changed\n");
    let (new, old) = (world.id(":README"), world.id("HEAD:README"));
    let missing = ObjectId::from_hex(&[b'7'; 40]).unwrap();
    let wants = vec![
        Want::Places(vec![new]),
        Want::Content(vec![old, missing]),
        Want::Documents(vec![(DocumentSide::Base, POLICY.to_vec())]),
    ];
    let put = staged(
        &world,
        Judge {
            wants,
            ..Judge::default()
        },
    );
    let seen = put.allowed();
    assert_eq!(seen.places, [(b"README".to_vec(), vec![old], Vec::new())]);
    let sent = [
        (Role::New, new, b"changed\n".to_vec()),
        (Role::Old, old, b"hello\n".to_vec()),
    ];
    assert_eq!(seen.objects, sent);
    assert_eq!(seen.documents.len(), 3);
}

#[test]
fn a_judge_killed_at_any_frame_is_never_an_allow() {
    let world = one_change();
    let wants = || vec![Want::Content(vec![world.id("HEAD:README")])];
    let put = staged(
        &world,
        Judge {
            wants: wants(),
            ..Judge::default()
        },
    );
    let frames = put.allowed().frames.len();
    assert!(frames > 10);
    for killed in 0..frames {
        let after = Some((killed, Outburst::Nothing));
        let error = staged(
            &world,
            Judge {
                wants: wants(),
                after,
                ..Judge::default()
            },
        )
        .refused();
        assert!(
            matches!(error, Error::Link(link::Error::Closed)),
            "{killed}: {error:?}"
        );
        assert!(error.is_judges() && error.reason() == ReasonCode::Unavailable);
    }
}

#[test]
fn an_answer_cut_off_at_any_byte_is_never_an_allow() {
    let world = one_change();
    let judge = |budget| Judge {
        budget,
        lines: vec!["a line"],
        ..Judge::default()
    };
    let put = staged(&world, judge(usize::MAX));
    let all = put.allowed().said;
    assert!(all > 100);
    for budget in 0..all {
        let error = staged(&world, judge(budget)).refused();
        assert!(matches!(error, Error::Link(_)), "{budget}: {error:?}");
    }
    staged(&world, judge(all)).allowed();
}

#[test]
fn an_allow_of_something_else_is_none() {
    let world = one_change();
    let lies: [fn(&mut Tally); 5] = [
        |t| t.changes += 1,
        |t| t.refs += 1,
        |t| t.objects -= 1,
        |t| t.bytes -= 1,
        |t| t.digest.0[0] ^= 1,
    ];
    for lie in lies {
        let error = staged(
            &world,
            Judge {
                lie,
                ..Judge::default()
            },
        )
        .refused();
        assert!(matches!(error, Error::Coverage));
        assert!(!error.is_judges() && error.reason() == ReasonCode::Coverage);
        // A denial is one whatever was counted.
        let deny = Judge {
            lie,
            decision: Decision::Deny,
            ..Judge::default()
        };
        assert_eq!(staged(&world, deny).decision(), Some(Decision::Deny));
    }
    let partial = staged(
        &world,
        Judge {
            complete: false,
            ..Judge::default()
        },
    );
    assert!(matches!(partial.refused(), Error::Coverage));
}

#[test]
fn an_allow_before_the_end_is_none() {
    let world = one_change();
    // Hello, Facts, two Documents, Ready, Entry, Object; its content has not been read yet.
    for frames in 5..8 {
        let early = |decision| {
            let after = Some((frames, Outburst::Verdict(decision)));
            staged(
                &world,
                Judge {
                    after,
                    ..Judge::default()
                },
            )
        };
        let error = early(Decision::Allow).refused();
        assert!(
            matches!(error, Error::Protocol(_) | Error::Coverage),
            "{frames}: {error:?}"
        );
        for decision in [Decision::Deny, Decision::Indeterminate] {
            let put = early(decision);
            assert_eq!(put.decision(), Some(decision), "{frames}");
            assert_eq!(put.answered.unwrap().lines, ["said early"]);
        }
    }
}

#[test]
fn a_judge_that_gives_up_on_a_large_object_is_heard() {
    let world = World::new();
    world.stage("large", &vec![b'x'; 8 << 20]);
    let early = |outburst| {
        staged(
            &world,
            Judge {
                after: Some((8, outburst)),
                ..Judge::default()
            },
        )
    };
    let put = early(Outburst::Verdict(Decision::Deny));
    assert_eq!(put.decision(), Some(Decision::Deny), "{:?}", put.answered);
    let error = early(Outburst::Refuse(RefuseCode::Limit)).refused();
    assert!(
        matches!(
            error,
            Error::Refused {
                code: RefuseCode::Limit,
                ..
            }
        ),
        "{error:?}"
    );
    let error = early(Outburst::Verdict(Decision::Allow)).refused();
    assert!(matches!(error, Error::Protocol(_)), "{error:?}");
    staged(&world, Judge::default()).allowed();
}

#[test]
fn every_refusal_has_its_reason() {
    let world = World::new();
    let reasons = [
        (RefuseCode::Version, ReasonCode::Protocol),
        (RefuseCode::Busy, ReasonCode::Busy),
        (RefuseCode::Draining, ReasonCode::Busy),
        (RefuseCode::NotAllowed, ReasonCode::Unavailable),
        (RefuseCode::Protocol, ReasonCode::Protocol),
        (RefuseCode::NotReady, ReasonCode::Unavailable),
    ];
    for (code, reason) in reasons {
        for frames in [0, 1, 2, 5] {
            let after = Some((frames, Outburst::Refuse(code)));
            let error = staged(
                &world,
                Judge {
                    after,
                    ..Judge::default()
                },
            )
            .refused();
            assert!(
                matches!(error, Error::Refused { .. }),
                "{frames}: {error:?}"
            );
            assert_eq!(error.reason(), reason);
            assert!(error.is_judges());
        }
    }
}

#[test]
fn versions_meet_or_refuse() {
    let world = World::new();
    let major = |major| {
        staged(
            &world,
            Judge {
                major,
                ..Judge::default()
            },
        )
    };
    let error = major(lychgate_wire::version::MAJOR + 1).refused();
    assert!(matches!(error, Error::Version { .. }) && error.is_version() && error.is_judges());
    major(lychgate_wire::version::MAJOR).allowed();
    for minor in [0, 1, 900] {
        staged(
            &world,
            Judge {
                minor,
                ..Judge::default()
            },
        )
        .allowed();
    }
}

#[test]
fn only_an_older_daemon_that_a_hook_started_gives_way() {
    let greeting = |build, capabilities| {
        let (ours, theirs) = std::os::unix::net::UnixStream::pair().unwrap();
        let judge = Judge {
            build,
            capabilities,
            ..Judge::default()
        };
        let judge = std::thread::spawn(move || judge.listen(theirs));
        let soon = std::time::Instant::now() + Duration::from_secs(20);
        let mut link = lychgate_client::SocketLink::new(ours, soon);
        let greeting = lychgate_client::greet(&mut link, "1.2.0", 0).unwrap();
        drop(link);
        judge.join().unwrap();
        greeting.gives_way()
    };
    assert!(greeting("1.1.9", caps::SPAWNED));
    assert!(!greeting("1.1.9", 0));
    assert!(!greeting("1.2.0", caps::SPAWNED));
    assert!(!greeting("1.3.0", caps::SPAWNED));
}

#[test]
fn a_judge_that_breaks_the_protocol_is_not_believed() {
    let world = one_change();
    for frames in 0..9 {
        for outburst in [Outburst::Frame(clients_frame), Outburst::Garbage] {
            let after = Some((frames, outburst));
            let error = staged(
                &world,
                Judge {
                    after,
                    ..Judge::default()
                },
            )
            .refused();
            let broken = matches!(
                error,
                Error::Protocol(_) | Error::Link(link::Error::Frame(_))
            );
            assert!(
                broken && error.reason() == ReasonCode::Protocol,
                "{frames}: {error:?}"
            );
        }
    }
}

#[test]
fn a_judge_that_says_nothing_is_not_waited_for() {
    let world = one_change();
    let silent = Outburst::Silence(Duration::from_secs(2));
    for frames in [0, 1, 6] {
        let judge = Judge {
            after: Some((frames, silent)),
            ..Judge::default()
        };
        let patience = Duration::from_millis(200);
        let put = put_with(&world, Hook::PreCommit, Question::Staged, judge, patience);
        let error = put.refused();
        assert!(
            matches!(error, Error::Link(link::Error::Deadline)),
            "{error:?}"
        );
        assert!(
            !error.is_judges(),
            "there is no time left to ask another one"
        );
    }
}

#[test]
fn a_missing_object_is_told_and_never_passed_over() {
    let world = World::new();
    world.stage("gone", b"gone\n");
    let id = world.id(":gone").to_string();
    let (front, rest) = id.split_at(2);
    std::fs::remove_file(world.path().join(format!(".git/objects/{front}/{rest}"))).unwrap();
    let put = staged(
        &world,
        Judge {
            decision: Decision::Indeterminate,
            ..Judge::default()
        },
    );
    assert_eq!(put.decision(), Some(Decision::Indeterminate));
    assert_eq!(put.seen.unreadable.len(), 1);
    assert!(
        put.seen.unreadable[0].contains("missing"),
        "{:?}",
        put.seen.unreadable
    );
}

#[test]
fn a_judge_may_raise_what_deltas_cost_and_not_lower_it() {
    let deltas = |result, chain| Deltas { result, chain };
    let heard = |said, capabilities| {
        let judge = Judge {
            deltas: said,
            capabilities: caps::OFFERS | capabilities,
            ..Judge::default()
        };
        staged(&one_change(), judge)
    };
    let put = heard(Some(deltas(1 << 30, 5000)), caps::DELTAS);
    put.allowed();
    assert_eq!(put.deltas, deltas(1 << 30, 5000));
    let put = heard(Some(deltas(1, 1)), caps::DELTAS);
    put.allowed();
    assert_eq!(put.deltas, Deltas::default());
    let put = heard(None, 0);
    put.allowed();
    assert_eq!(put.deltas, Deltas::default());
}

#[test]
fn raised_limits_come_where_they_are_promised_or_not_at_all() {
    for (said, capabilities) in [(None, caps::DELTAS), (Some(Deltas::default()), 0)] {
        let judge = Judge {
            deltas: said,
            capabilities: caps::OFFERS | capabilities,
            ..Judge::default()
        };
        let patience = Duration::from_millis(500);
        let put = put_with(
            &one_change(),
            Hook::PreCommit,
            Question::Staged,
            judge,
            patience,
        );
        assert!(put.answered.is_err(), "an answer out of order");
    }
}
