//! What a repository's baseline lists: excused at a client, and at a server where the organisation
//! says so; remembered or not, the answer is the same.

use std::sync::Arc;

use lychgate_judge::{BASELINE, Cache, Engine, State};
use lychgate_model::{Decision, HashKind, Hook, ObjectKind, RefKind, State as Stands};
use lychgate_scan::{Input, Scanned, Scratch, ValueKey};
use lychgate_wire::frame::{DocumentContent, DocumentSide};

use crate::talk::{Answered, At, ENGINE, Talk, blob, engine, token, update};

fn line(n: u8) -> Vec<u8> {
    format!("key = {}\n", token(n)).into_bytes()
}

/// A baseline that lists the value of a line.
fn listing(n: u8) -> String {
    let rules = ENGINE.rules().minting(&[], [n; 32], &[]);
    let (bytes, mut out) = (line(n), Scanned::default());
    let input = Input {
        kind: ObjectKind::Blob,
        hash: HashKind::Sha1,
        bytes: &bytes,
    };
    let key = ValueKey::new([1; 32]);
    rules.scan(input, &key, &mut Scratch::new(), &mut out);
    let key = out.findings[0].recalled.minted.as_ref().unwrap().key;
    format!("# a header\n{key} test.token\n")
}

fn bytes(text: &str) -> DocumentContent<'_> {
    DocumentContent::Bytes(text.as_bytes())
}

fn commit(documents: &[(DocumentSide, &str)], cache: &Arc<Cache>) -> Answered {
    let mut talk = Talk::with(&ENGINE, cache, &Arc::new(State::open(None)));
    let documents: Vec<_> = documents
        .iter()
        .map(|(side, text)| (BASELINE.as_bytes(), *side, bytes(text)))
        .collect();
    talk.open_with(Hook::PreCommit, &[], &documents);
    talk.add("a", &line(0));
    talk.add("b", b"clean\n");
    talk.close()
}

#[test]
fn it_excuses_at_a_client_and_says_whose_entry_it_is() {
    let cache = || Arc::new(Cache::new(1 << 20));
    let (listed, other) = (listing(0), listing(1));
    let said = commit(&[(DocumentSide::Base, &listed)], &cache());
    assert_eq!(said.decision(), Decision::Allow);
    assert_eq!(said.findings[0].state, Stands::Allowed);
    assert_eq!(said.findings[0].allowed_by.as_deref(), Some("the baseline"));
    assert!(
        said.text().contains("the baseline: a:1 test.token"),
        "{}",
        said.text()
    );
    let both = [
        (DocumentSide::Base, other.as_str()),
        (DocumentSide::Index, &listed),
    ];
    let said = commit(&both, &cache());
    assert_eq!(said.decision(), Decision::Allow);
    assert!(
        said.text().contains("a new baseline entry"),
        "{}",
        said.text()
    );
    let said = commit(&[(DocumentSide::Base, &other)], &cache());
    assert_eq!(said.decision(), Decision::Deny);
}

#[test]
fn what_is_remembered_follows_the_file() {
    let cache = Arc::new(Cache::new(1 << 20));
    let (listed, other) = (listing(0), listing(1));
    for _ in 0..2 {
        for (text, want) in [
            ("", Decision::Deny),
            (&listed, Decision::Allow),
            (&other, Decision::Deny),
        ] {
            let said = commit(&[(DocumentSide::Base, text)], &cache);
            assert_eq!(said.decision(), want, "{text}");
        }
    }
}

fn push(engine: &Arc<Engine>, side: DocumentSide, text: &str) -> Answered {
    let mut talk = Talk::new(engine);
    let refs = [update("refs/heads/topic", RefKind::Create)];
    talk.open_with(
        Hook::PreReceive,
        &refs,
        &[(BASELINE.as_bytes(), side, bytes(text))],
    );
    let commit = talk.commit("one\n");
    let id = talk.blob(&line(0));
    talk.places.push(At::new(id, "a").commit(commit));
    assert_eq!(id, blob(&line(0)));
    talk.close()
}

#[test]
fn a_server_ignores_it_unless_the_organisation_accepts_what_stood_before() {
    let accepting = engine("schema = 1\nbaseline = \"accepted\"\n");
    let listed = listing(0);
    for (engine, side, want) in [
        (&*ENGINE, DocumentSide::Base, Decision::Deny),
        (&accepting, DocumentSide::Base, Decision::Allow),
        (&accepting, DocumentSide::Target, Decision::Deny),
        (&accepting, DocumentSide::Index, Decision::Deny),
    ] {
        assert_eq!(push(engine, side, &listed).decision(), want);
    }
}

#[test]
fn an_organisation_may_take_it_away_altogether() {
    let off = engine("schema = 1\nbaseline = \"off\"\n");
    let listed = listing(0);
    let mut talk = Talk::new(&off);
    let documents = [(BASELINE.as_bytes(), DocumentSide::Base, bytes(&listed))];
    talk.open_with(Hook::PreCommit, &[], &documents);
    talk.add("a", &line(0));
    assert_eq!(talk.close().decision(), Decision::Deny);
}

#[test]
fn a_broken_file_denies_with_file_and_line_and_an_index_that_mends_it_does_not() {
    let cache = || Arc::new(Cache::new(1 << 20));
    let broken = [listing(0), "hunter2\n".to_owned()].concat();
    let said = commit(&[(DocumentSide::Base, &broken)], &cache());
    assert_eq!(said.decision(), Decision::Deny);
    assert!(
        said.text().contains(".lychgate/baseline:3"),
        "{}",
        said.text()
    );
    assert!(!said.text().contains("hunter2"));
    // Nothing of it counts: the finding is new.
    assert!(said.findings.iter().any(|f| f.blocks));
    let mended = listing(0);
    let both = [
        (DocumentSide::Base, broken.as_str()),
        (DocumentSide::Index, &mended),
    ];
    assert_eq!(commit(&both, &cache()).decision(), Decision::Allow);
}
