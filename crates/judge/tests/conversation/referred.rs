//! Bounds on ref lines: what is beyond them is not judged, and that is no allow.

use lychgate_judge::{Reply, Scratch};
use lychgate_model::{Decision, Hook, RefKind, RefUpdate, limits};
use lychgate_wire::frame::{Facts, Frame};
use lychgate_wire::version;

use crate::talk::{Answered, Talk, engine, update};

fn said(policy: &str, refs: &[RefUpdate]) -> Answered {
    let mut talk = Talk::new(&engine(policy));
    talk.must(&Frame::Hello(version::hello(0, "test", Vec::new())));
    talk.next();
    talk.must(&Frame::Facts(Facts {
        hook: Hook::PreReceive,
        object_format: lychgate_model::HashKind::Sha1,
        want_findings: true,
        repository: b"/srv/git/shop.git",
        head: b"refs/heads/main",
        head_born: true,
        variables: Vec::new(),
    }));
    for update in refs {
        talk.counter.reference(update);
        talk.must(&Frame::Ref(update.clone()));
    }
    talk.must(&Frame::Ready);
    talk.must(&Frame::Done(talk.counter.tally()));
    let mut out = Answered::default();
    while let Some(reply) = talk.next() {
        if let Reply::Verdict(answer) = reply {
            out.answer = Some(*answer);
        }
    }
    out
}

fn name(n: usize, length: usize) -> RefUpdate {
    let name = format!("refs/heads/{n:0>width$}", width = length - 11);
    update(&name, RefKind::Create)
}

#[test]
fn a_ref_name_is_judged_up_to_a_length() {
    let floor = "schema = 1\n";
    let long = said(floor, &[name(1, limits::REF_NAME + 1)]);
    assert_eq!(long.decision(), Decision::Indeterminate);
    assert!(!long.answer.as_ref().unwrap().coverage.complete);
    let fits = said(floor, &[name(1, limits::REF_NAME)]);
    assert_eq!(fits.decision(), Decision::Allow, "{fits:?}");
}

#[test]
fn the_names_of_one_push_are_judged_up_to_a_sum() {
    let floor = "schema = 1\n";
    let most = limits::REF_BYTES / limits::REF_NAME;
    let refs: Vec<_> = (0..=most).map(|n| name(n, limits::REF_NAME)).collect();
    assert_eq!(said(floor, &refs).decision(), Decision::Indeterminate);
}

#[test]
fn a_verdict_is_weighed_as_work_and_the_deadline_passes_meanwhile() {
    for late in [false, true] {
        let mut talk = Talk::new(&engine("schema = 1\n"));
        let refs = [update("refs/heads/topic", RefKind::Delete)];
        talk.open(Hook::PreReceive, &refs, &[]);
        let tally = talk.counter.tally();
        let session = talk.judge.session();
        session.receive(&Frame::Done(tally)).unwrap();
        let work = session.work().expect("the verdict is work");
        assert!(session.reply().is_none() && !session.is_finished() && !session.wants_input());
        if late {
            session.expire();
        }
        let done = work.run(&mut Scratch::new());
        session.complete(done);
        let mut verdicts = Vec::new();
        while let Some(reply) = session.reply() {
            if let Reply::Verdict(answer) = reply {
                verdicts.push(answer.decision);
            }
        }
        let expected = if late {
            Decision::Indeterminate
        } else {
            Decision::Allow
        };
        assert_eq!(verdicts, [expected]);
        assert!(session.is_finished());
    }
}

#[test]
fn names_times_patterns_are_bounded() {
    let list: Vec<String> = (0..100)
        .map(|n| format!("\"refs/{}{n}\"", "*a".repeat(100)))
        .collect();
    let policy = format!("schema = 1\n[refs]\nprotected = [{}]\n", list.join(", "));
    let refs: Vec<_> = (0..40).map(|n| name(n, 3000)).collect();
    assert_eq!(said(&policy, &refs).decision(), Decision::Indeterminate);
    assert_eq!(said(&policy, &[name(1, 30)]).decision(), Decision::Allow);
}
