//! What a commit takes out is never blocked, and that the history keeps it is said in one line.

use std::sync::Arc;

use lychgate_judge::{Cache, State};
use lychgate_model::{Decision, Hook, limits};
use lychgate_wire::frame::caps;

use crate::talk::{Answered, At, ENGINE, Talk, blob, side, token};

fn open(mut talk: Talk) -> Talk {
    talk.speaks = caps::CHANGES;
    talk.open(Hook::PreCommit, &[], &[]);
    talk
}

fn commit() -> Talk {
    open(Talk::new(&ENGINE))
}

fn line(n: u8) -> String {
    format!("key = {}\n", token(n))
}

fn delete(talk: &mut Talk, path: &'static str, old: &str) {
    talk.entry(path, side(old.as_bytes()), None);
    talk.old_side(old.as_bytes());
}

/// The lines of a commit that is allowed.
fn allowed(talk: Talk) -> String {
    let said = talk.close();
    assert_eq!(said.decision(), Decision::Allow, "{said:?}");
    assert!(!said.text().contains(&token(0)));
    said.text()
}

const KEPT: &str = "The history keeps it: rotate it";

#[test]
fn a_secret_that_is_taken_out_is_told_and_does_not_block() {
    let mut talk = commit();
    talk.change("src/a.py", format!("x\n{}", line(0)).as_bytes(), b"x\n");
    let said = allowed(talk);
    assert!(
        said.contains("taken out of src/a.py:2: test.token. "),
        "{said}"
    );
    assert!(said.replace("\n  ", " ").contains(KEPT), "{said}");

    let mut talk = commit();
    delete(&mut talk, "src/a.py", &line(0));
    assert!(allowed(talk).contains("taken out of src/a.py:1"));

    let mut talk = commit();
    talk.change("src/a.py", b"x\ny\n", b"x\n");
    delete(&mut talk, "src/b.py", "z\n");
    assert_eq!(allowed(talk), "");
}

#[test]
fn several_are_one_line_and_each_secret_of_a_line_is_one() {
    let mut talk = commit();
    for (path, n) in [("a.py", 0), ("b.py", 1), ("c.py", 2)] {
        delete(&mut talk, path, &line(n));
    }
    let said = allowed(talk);
    assert!(said.contains("taken out of a.py:1: test.token and 2 more. "));
    assert_eq!(said.matches("lychgate: ").count(), 1, "{said}");
}

#[test]
fn what_stays_in_the_change_was_not_taken_out() {
    let mut talk = commit();
    talk.change(
        "a.py",
        line(0).as_bytes(),
        format!("x\n{}", line(0)).as_bytes(),
    );
    assert_eq!(allowed(talk), "");

    let mut talk = commit();
    let old = line(0);
    delete(&mut talk, "a.py", &old);
    let new = format!("x\n{old}");
    talk.entry("b.py", None, side(new.as_bytes()));
    let id = talk.blob(new.as_bytes());
    talk.places
        .push(At::new(id, "b.py").deleted(old.as_bytes()));
    assert_eq!(allowed(talk), "");
}

#[test]
fn what_was_excused_while_it_stood_is_not_told() {
    let mut talk = commit();
    let excused = format!(
        "# lychgate: allow test.token until 2026-12-01 because a test\n{}",
        line(0)
    );
    delete(&mut talk, "a.py", &excused);
    assert_eq!(allowed(talk), "");
    let mut talk = commit();
    let over = excused.replace("2026-12-01", "2026-11-01");
    delete(&mut talk, "a.py", &over);
    assert!(allowed(talk).contains("taken out of a.py:2"));
}

#[test]
fn a_denial_speaks_of_what_is_new_alone() {
    let mut talk = commit();
    talk.change("a.py", line(0).as_bytes(), line(1).as_bytes());
    let said = talk.close();
    assert_eq!(said.decision(), Decision::Deny);
    assert!(!said.text().contains("taken out"), "{}", said.text());
}

/// Whether it is asked, and told, is the same whatever was judged before.
#[test]
fn only_small_sides_are_looked_at_whoever_knows_them() {
    let filler = "x".repeat(limits::TAKEN_OUT_BYTES as usize);
    let large = format!("{}{filler}\n", line(0));
    for (old, told) in [(large.as_str(), false), (line(0).as_str(), true)] {
        let cache = Arc::new(Cache::new(1 << 20));
        let state = Arc::new(State::open(None));
        let take_out = || -> Answered {
            let mut talk = open(Talk::with(&ENGINE, &cache, &state));
            delete(&mut talk, "a.py", old);
            talk.close()
        };
        let before = take_out();
        let mut talk = open(Talk::with(&ENGINE, &cache, &state));
        talk.add("a.py", old.as_bytes());
        assert_eq!(talk.close().decision(), Decision::Deny);
        let after = take_out();
        assert_eq!(before.wanted, [blob(old.as_bytes())]);
        assert_eq!(after.wanted, []);
        assert_eq!(before.text(), after.text());
        assert_eq!(
            before.text().contains("taken out"),
            told,
            "{}",
            before.text()
        );
    }
}

#[test]
fn so_many_sides_are_looked_at_and_none_of_a_client_that_cannot_be_asked() {
    let mut talk = commit();
    for n in 0..limits::TAKEN_OUT {
        let path: &'static str = format!("a{n:03}").leak();
        delete(&mut talk, path, &format!("{n}\n"));
    }
    delete(&mut talk, "b.py", &line(0));
    let said = talk.close();
    assert_eq!(said.wanted.len(), limits::TAKEN_OUT);
    assert_eq!(said.text(), "");

    let mut talk = Talk::new(&ENGINE);
    talk.open(Hook::PreCommit, &[], &[]);
    delete(&mut talk, "b.py", &line(0));
    let said = talk.close();
    assert_eq!((said.wanted.len(), said.text().as_str()), (0, ""));
}

/// An old side that the client cannot read is left out: nothing depends on it.
#[test]
fn a_side_that_cannot_be_had_changes_nothing() {
    let mut talk = commit();
    talk.entry("a.py", side(line(0).as_bytes()), None);
    assert_eq!(allowed(talk), "");
}
