//! What a judge remembers of objects, and what makes it forget.

use std::sync::Arc;

use lychgate_judge::{Cache, Engine, State, Text};
use lychgate_model::{Decision, Hook, ObjectKind, RefKind};
use lychgate_wire::frame::Role;

use crate::talk::{At, ENGINE, PACK, Talk, blob, engine, side, token, update};

fn secret() -> Vec<u8> {
    format!("k = {}\n", token(0)).into_bytes()
}

/// Judges one object, sent only if needed; returns whether it was and the decision.
fn judge(
    engine: &Arc<Engine>,
    cache: &Arc<Cache>,
    state: &Arc<State>,
    content: &[u8],
) -> (bool, Decision) {
    let mut talk = Talk::with(engine, cache, state);
    talk.open(Hook::PreCommit, &[], &[]);
    let id = blob(content);
    let needed = talk.offer(&[id]) == [true];
    talk.entry("a", None, side(content));
    if needed {
        talk.object_as(Role::New, ObjectKind::Blob, id, "", content, true);
    }
    talk.places.push(At::new(id, "a"));
    let said = talk.close();
    let coverage = said.answer.as_ref().unwrap().coverage;
    assert!(coverage.complete);
    assert_eq!(coverage.cached_objects, u64::from(!needed));
    (needed, said.decision())
}

#[test]
fn clean_and_dirty_objects_are_scanned_once() {
    let (cache, state) = (Arc::new(Cache::new(1 << 20)), Arc::new(State::open(None)));
    for content in [b"clean\n".to_vec(), secret()] {
        let first = judge(&ENGINE, &cache, &state, &content);
        let second = judge(&ENGINE, &cache, &state, &content);
        assert_eq!((first.0, second.0), (true, false));
        assert_eq!(first.1, second.1);
    }
    assert_eq!(cache.entries(), 2);
}

#[test]
fn a_change_of_policy_or_text_forgets_nothing_and_a_change_of_matching_does() {
    let (cache, state) = (Arc::new(Cache::new(1 << 20)), Arc::new(State::open(None)));
    assert_eq!(
        judge(&ENGINE, &cache, &state, &secret()),
        (true, Decision::Deny)
    );
    let lax = engine("schema = 1\n[blocks]\ndefault = \"critical\"\n");
    assert_eq!(
        judge(&lax, &cache, &state, &secret()),
        (false, Decision::Allow)
    );
    let with = |pack: String| {
        let mut sources = lychgate_judge::Sources::built_in();
        sources.packs.push(Text {
            name: "test.toml".into(),
            text: pack,
        });
        Arc::new(Engine::load(&sources).unwrap())
    };
    let text = with(PACK.replace("Whoever reads it can test.", "Another text."));
    assert_eq!(
        judge(&text, &cache, &state, &secret()),
        (false, Decision::Deny)
    );
    let matching = with(PACK.replace("[A-Z0-9]{12}", "[A-Z0-9]{12,13}"));
    assert_eq!(
        judge(&matching, &cache, &state, &secret()),
        (true, Decision::Deny)
    );
    cache.retain(matching.matching());
    assert!(judge(&ENGINE, &cache, &state, &secret()).0);
}

#[test]
fn peers_share_nothing() {
    let (cache, state) = (Arc::new(Cache::new(1 << 20)), Arc::new(State::open(None)));
    judge(&ENGINE, &cache, &state, b"clean\n");
    let other = lychgate_judge::Context {
        peer: 1001,
        ..crate::talk::context()
    };
    let session = lychgate_judge::Session::new(ENGINE.clone(), cache, state, other);
    let mut talk = Talk::new(&ENGINE);
    talk.judge = lychgate_judge::InProcess::new(session);
    talk.open(Hook::PreCommit, &[], &[]);
    assert_eq!(talk.offer(&[blob(b"clean\n")]), [true]);
}

#[test]
fn a_file_of_clean_objects_survives_and_damage_is_only_forgetting() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("objects.cache");
    let state = Arc::new(State::open(Some(folder.path())));
    let cache = Arc::new(Cache::new(1 << 20));
    for n in 0..10 {
        judge(&ENGINE, &cache, &state, format!("clean {n}\n").as_bytes());
    }
    judge(&ENGINE, &cache, &state, &secret());
    assert!(cache.is_dirty());
    cache.save(&state).unwrap();
    assert!(!cache.is_dirty());
    let whole = std::fs::read(&file).unwrap();
    let fresh = || Arc::new(Cache::new(1 << 20));
    let again = fresh();
    again.load(&state).unwrap();
    assert_eq!(
        (again.entries(), again.is_dirty()),
        (10, false),
        "no finding is written"
    );
    assert_eq!(
        judge(&ENGINE, &again, &state, b"clean 3\n"),
        (false, Decision::Allow)
    );
    assert_eq!(
        judge(&ENGINE, &again, &state, &secret()),
        (true, Decision::Deny)
    );
    // One damaged byte anywhere costs them all, and never adds or changes one.
    for at in 0..whole.len() {
        let mut damaged = whole.clone();
        damaged[at] ^= 0x40;
        std::fs::write(&file, &damaged).unwrap();
        let read = fresh();
        read.load(&state).unwrap();
        assert_eq!(read.entries(), 0, "byte {at}");
    }
    for kept in [0, 8, 31, 32, whole.len() - 1] {
        std::fs::write(&file, &whole[..kept]).unwrap();
        let read = fresh();
        read.load(&state).unwrap();
        assert_eq!(read.entries(), 0, "{kept} bytes");
    }
    std::fs::remove_file(&file).unwrap();
    fresh().load(&state).unwrap();
    // Without a key nothing is written that nobody could tell from somebody else's.
    let keyless = State::open(None);
    cache.save(&keyless).unwrap();
    fresh().load(&keyless).unwrap();
    assert!(!file.exists());
}

#[test]
fn the_budget_is_kept() {
    let (cache, state) = (Arc::new(Cache::new(9600)), Arc::new(State::open(None)));
    for n in 0..500 {
        let mut talk = Talk::with(&ENGINE, &cache, &state);
        talk.open(Hook::PrePush, &[], &[]);
        talk.blob(format!("{n}").as_bytes());
        talk.close();
        assert!(cache.bytes() <= 9600, "{n}: {}", cache.bytes());
    }
    assert!(cache.entries() >= 40);
    let none = Arc::new(Cache::new(0));
    judge(&ENGINE, &none, &state, b"x");
    assert_eq!(none.entries(), 0);
}

#[test]
fn a_commit_is_read_again_where_its_message_is_asked_for() {
    let (cache, state) = (Arc::new(Cache::new(1 << 20)), Arc::new(State::open(None)));
    let strict = engine("schema = 1\n[message]\ntrailers = [\"Issue\"]\n");
    let mut talk = Talk::with(&strict, &cache, &state);
    talk.open(
        Hook::PreReceive,
        &[update("refs/heads/topic", RefKind::Create)],
        &[],
    );
    let id = talk.commit("no trailer\n");
    assert_eq!(talk.close().decision(), Decision::Allow);
    for (name, needed) in [("refs/heads/other", false), ("refs/heads/main", true)] {
        let mut talk = Talk::with(&strict, &cache, &state);
        talk.open(Hook::PreReceive, &[update(name, RefKind::Create)], &[]);
        assert_eq!(talk.offer(&[id]), [needed], "{name}");
    }
}

#[test]
fn fifty_racing_starts_agree_on_one_key() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("state");
    let barrier = std::sync::Barrier::new(50);
    let prints: Vec<_> = std::thread::scope(|scope| {
        let start = || {
            barrier.wait();
            let state = Arc::new(State::open(Some(&path)));
            assert!(state.persisted());
            let mut talk = Talk::with(&ENGINE, &Arc::new(Cache::new(0)), &state);
            talk.open(Hook::PreCommit, &[], &[]);
            talk.add("a", &secret());
            talk.close().findings[0].fingerprint.unwrap()
        };
        let threads: Vec<_> = (0..50).map(|_| scope.spawn(start)).collect();
        threads.into_iter().map(|t| t.join().unwrap()).collect()
    });
    assert!(prints.iter().all(|p| *p == prints[0]));
    let left: Vec<_> = std::fs::read_dir(&path)
        .unwrap()
        .map(|e| e.unwrap().file_name())
        .collect();
    assert_eq!(left, ["value.key"]);
    // A key others can read, or a broken one, is none.
    std::fs::write(path.join("value.key"), b"short").unwrap();
    assert!(!State::open(Some(&path)).persisted());
}
