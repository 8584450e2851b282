//! Symlinks that lead out of the repository (RF-10): a note, which a strict policy denies.

use lychgate_model::{Decision, Finding, Hook, Mode, ObjectId, RefKind, Side, Source};
use lychgate_wire::frame::{DocumentContent, DocumentSide};

use crate::talk::{Answered, At, Talk, blob, engine, update};

const STRICT: &str = "schema = 1\n[blocks]\ndefault = \"note\"\n";

fn stand(id: ObjectId, path: &'static str, mode: Mode) -> At {
    At {
        mode,
        ..At::new(id, path)
    }
}

fn staged(path: &'static str, mode: Mode, target: &[u8], old: Option<&[u8]>) -> Answered {
    let mut talk = Talk::new(&engine(STRICT));
    talk.open(Hook::PreCommit, &[], &[]);
    let id = blob(target);
    let before = old.map(|content| Side {
        mode,
        id: blob(content),
    });
    talk.entry(path, before, Some(Side { mode, id }));
    talk.blob(target);
    let mut at = stand(id, path, mode);
    if let Some(content) = old {
        talk.old_side(content);
        at = at.old(content);
    }
    talk.places.push(at);
    talk.close()
}

fn pushed(path: &'static str, mode: Mode, target: &[u8]) -> Answered {
    let mut talk = Talk::new(&engine(STRICT));
    let refs = [update("refs/heads/topic", RefKind::Create)];
    let absent = (DocumentSide::Base, DocumentContent::Absent);
    talk.open(Hook::PreReceive, &refs, &[absent]);
    let commit = talk.commit("one\n");
    let id = talk.blob(target);
    talk.places.push(stand(id, path, mode).commit(commit));
    talk.close()
}

fn escapes(said: &Answered) -> Vec<&Finding> {
    let all = said.findings.iter();
    all.filter(|f| f.rule.as_str() == "tree.symlink-escape")
        .collect()
}

#[test]
fn a_link_that_leads_out_is_found_at_commit_and_at_push_alike() {
    for (path, target) in [
        ("a/link", &b"/etc/passwd"[..]),
        ("a/link", b"../../elsewhere"),
        ("link", b"x/../../elsewhere"),
    ] {
        for said in [
            staged(path, Mode::Symlink, target, None),
            pushed(path, Mode::Symlink, target),
        ] {
            assert_eq!(said.decision(), Decision::Deny, "{path} {said:?}");
            let [found] = escapes(&said)[..] else {
                panic!("{said:?}");
            };
            assert_eq!(found.path.as_ref().unwrap().to_string(), path);
            assert_eq!(found.source, Source::Symlink);
            assert_eq!((found.span.line, found.span.column), (1, 1));
            assert_eq!(found.span.byte_end as usize, target.len());
            assert!(!format!("{said:?}").contains("elsewhere"));
        }
    }
}

#[test]
fn a_link_that_stays_inside_and_a_file_that_is_no_link_are_nothing() {
    for (path, mode, target) in [
        ("a/link", Mode::Symlink, &b"../inside"[..]),
        ("a/b/link", Mode::Symlink, b"../../inside"),
        ("link", Mode::Symlink, b"./x/../inside"),
        ("a/file", Mode::Regular, b"/etc/passwd"),
        ("a/file", Mode::Regular, b"../../elsewhere"),
    ] {
        for said in [staged(path, mode, target, None), pushed(path, mode, target)] {
            assert_eq!(said.decision(), Decision::Allow, "{path} {said:?}");
            assert!(said.findings.is_empty());
        }
    }
}

#[test]
fn a_link_that_led_out_before_is_debt_and_another_target_is_not() {
    let same = staged("link", Mode::Symlink, b"../x", Some(b"../x"));
    assert_eq!(
        (same.decision(), same.states()),
        (Decision::Allow, vec!["existing"])
    );
    let other = staged("link", Mode::Symlink, b"../x", Some(b"../y"));
    assert_eq!(
        (other.decision(), other.states()),
        (Decision::Deny, vec!["new"])
    );
}
