//! One content at many places: what a move excuses, and what it does not.

use lychgate_model::{Decision, Hook, RefKind, limits};

use crate::talk::{Answered, At, ENGINE, Talk, scoped, token, update};

fn line(n: u8) -> Vec<u8> {
    format!("key = {}\n", token(n)).into_bytes()
}

/// A push of one blob that stands at `places`.
fn push(content: &[u8], olds: &[&[u8]], places: impl Fn(At) -> Vec<At>) -> Answered {
    let mut talk = Talk::new(&ENGINE);
    let refs = [update("refs/heads/topic", RefKind::Create)];
    talk.open(Hook::PreReceive, &refs, &[]);
    let commit = talk.commit("c\n");
    let id = talk.blob(content);
    for old in olds {
        talk.old_side(old);
    }
    talk.places = places(At::new(id, "").commit(commit));
    talk.close()
}

fn at(at: &At, path: &'static str) -> At {
    At { path, ..at.clone() }
}

#[test]
fn a_move_into_the_paths_of_a_rule_is_new_and_one_of_any_rule_is_not() {
    // The rule does not look at vendor/: that the value stood there excuses nothing.
    let grown = [scoped(0), b"more\n".to_vec()].concat();
    for content in [scoped(0), grown] {
        let said = push(&content, &[&scoped(0)], |a| {
            vec![at(&a, "app.py").deleted(&scoped(0))]
        });
        assert_eq!(said.decision(), Decision::Deny, "{said:?}");
        let said = push(&content, &[&scoped(0)], |a| {
            vec![at(&a, "app.py").old(&scoped(0))]
        });
        assert_eq!(said.decision(), Decision::Allow, "{said:?}");
    }
    let said = push(&line(0), &[&line(0)], |a| {
        vec![at(&a, "app.py").deleted(&line(0))]
    });
    assert_eq!(said.decision(), Decision::Allow, "{said:?}");
}

#[test]
fn what_moved_and_stood_at_the_same_path_is_still_looked_up_there() {
    let before = [scoped(0), b"x\n".to_vec()].concat();
    let said = push(&scoped(0), &[&before], |a| {
        vec![at(&a, "a").deleted(&scoped(0)).old(&before)]
    });
    assert_eq!(said.decision(), Decision::Allow, "{said:?}");
    let said = push(&scoped(0), &[b"x\n"], |a| {
        vec![at(&a, "a").deleted(&scoped(0)).old(b"x\n")]
    });
    assert_eq!(said.decision(), Decision::Deny, "{said:?}");
}

#[test]
fn at_one_path_each_value_is_new_where_it_is_new_first() {
    let both = [line(0), line(1)].concat();
    let states = |second: Vec<u8>| {
        let said = push(&both, &[&line(0), &second], |a| {
            vec![at(&a, "a").old(&line(0)), at(&a, "a").old(&second)]
        });
        let mut lines: Vec<_> = said.findings.iter().collect();
        lines.sort_by_key(|f| f.span.line);
        lines.iter().map(|f| f.state.name()).collect::<Vec<_>>()
    };
    assert_eq!(states(line(1)), ["new", "new"]);
    assert_eq!(states(line(0)), ["existing", "new"]);
    assert_eq!(states(both.clone()), ["existing", "new"]);
}

#[test]
fn a_full_list_of_places_tells_each_finding_not_told_as_new() {
    let both = [line(0), scoped(1)].concat();
    let places = |n: usize| {
        push(&both, &[], move |a| {
            vec![at(&a, "vendor/x"); n.saturating_sub(1)]
                .into_iter()
                .chain([at(&a, "vendor/y")])
                .collect()
        })
    };
    let rules = |said: &Answered| {
        let mut new: Vec<_> = said
            .findings
            .iter()
            .filter(|f| f.state.name() == "new")
            .map(|f| (f.rule.to_string(), f.path.is_some()))
            .collect();
        new.sort();
        new
    };
    let token = ("test.token".to_owned(), true);
    let said = places(limits::PLACES_PER_OBJECT);
    let elsewhere = ("test.scoped".to_owned(), false);
    assert_eq!(rules(&said), [elsewhere, token.clone(), token.clone()]);
    let said = places(limits::PLACES_PER_OBJECT - 1);
    assert_eq!(rules(&said), [token.clone(), token]);
}

#[test]
fn taking_a_value_out_is_never_blocked() {
    let (with, without) = ([line(0), b"more\n".to_vec()].concat(), b"more\n".as_slice());
    let mut talk = Talk::new(&ENGINE);
    talk.open(Hook::PreCommit, &[], &[]);
    talk.change("app.py", &with, without);
    talk.entry("gone.py", crate::talk::side(&with), None);
    let said = talk.close();
    assert_eq!(
        (said.decision(), said.findings.len()),
        (Decision::Allow, 0),
        "{said:?}"
    );
    let said = push(without, &[&with], |a| vec![at(&a, "app.py").old(&with)]);
    assert_eq!(
        (said.decision(), said.findings.len()),
        (Decision::Allow, 0),
        "{said:?}"
    );
    // One of two goes: the other is debt.
    let two = [with.clone(), line(1)].concat();
    let said = push(&line(1), &[&two], |a| vec![at(&a, "app.py").old(&two)]);
    assert_eq!(
        (said.decision(), said.states()),
        (Decision::Allow, vec!["existing"])
    );
}
