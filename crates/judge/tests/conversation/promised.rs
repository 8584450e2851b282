//! Paths that a repository promises to keep encrypted (SE-24).

use std::sync::Arc;

use lychgate_judge::{Cache, State};
use lychgate_model::{Decision, Hook, Mode, RefKind, Side};
use lychgate_wire::frame::{DocumentContent, DocumentSide};

use crate::talk::{Answered, At, ENGINE, Talk, blob, update};

const SOPS: &str = "creation_rules:\n  - path_regex: ^secrets/.*\\.yaml$\n    age: age1x\n";
const ATTRIBUTES: &str = "*.hid filter=git-crypt diff=git-crypt\nopen.hid !filter !diff\n";
const PLAIN: &[u8] = b"colour: blue\n";

fn sops() -> Vec<u8> {
    let value = "ENC[AES256_GCM,data:bQ==,iv:aQ==,tag:dA==,type:str]";
    format!("colour: {value}\nsops:\n    mac: {value}\n    version: 3.9.0\n").into_bytes()
}

fn crypt() -> Vec<u8> {
    b"\0GITCRYPT\0\x01\x02\x03\x04".to_vec()
}

fn documents(side: DocumentSide) -> Vec<(&'static [u8], DocumentSide, DocumentContent<'static>)> {
    vec![
        (b".sops.yaml", side, DocumentContent::Bytes(SOPS.as_bytes())),
        (
            b".gitattributes",
            side,
            DocumentContent::Bytes(ATTRIBUTES.as_bytes()),
        ),
    ]
}

fn staged(path: &'static str, old: Option<&[u8]>, new: &[u8]) -> Answered {
    let mut talk = Talk::new(&ENGINE);
    talk.open_with(Hook::PreCommit, &[], &documents(DocumentSide::Index));
    match old {
        Some(old) => talk.change(path, old, new),
        None => talk.add(path, new),
    };
    talk.close()
}

#[test]
fn a_file_under_a_promise_is_denied_plain_and_allowed_encrypted() {
    let (sops, crypt) = (sops(), crypt());
    let vault = b"$ANSIBLE_VAULT;1.1;AES256\n6162\n".as_slice();
    let age = b"age-encryption.org/v1\n".as_slice();
    for (path, sealed, source, command) in [
        ("secrets/db.yaml", &sops[..], ".sops.yaml", "sops encrypt"),
        ("x/y.hid", &crypt[..], ".gitattributes", "git-crypt"),
        (
            "group_vars/all/vault.yml",
            vault,
            "its name",
            "ansible-vault",
        ),
        ("db.age", age, "its name", "age -R"),
        ("db.sops.json", &sops[..], "its name", "sops encrypt"),
    ] {
        let said = staged(path, None, PLAIN);
        assert_eq!(said.decision(), Decision::Deny, "{path}: {said:?}");
        assert!(said.text().contains(source), "{path}: {}", said.text());
        assert!(said.text().contains(command), "{path}: {}", said.text());
        for new in [sealed, b""] {
            let said = staged(path, None, new);
            assert_eq!(said.decision(), Decision::Allow, "{path}: {said:?}");
            assert!(said.findings.is_empty(), "{path}: {said:?}");
        }
    }
    for path in ["secrets/db.txt", "open.hid", "db.yaml", "vault.yml"] {
        let said = staged(path, None, PLAIN);
        assert_eq!(said.decision(), Decision::Allow, "{path}: {said:?}");
    }
}

#[test]
fn a_file_decrypted_by_accident_is_new_and_one_that_was_plain_is_debt() {
    let said = staged("secrets/db.yaml", Some(&sops()), PLAIN);
    assert_eq!(
        (said.decision(), said.states()),
        (Decision::Deny, vec!["new"]),
        "{said:?}"
    );
    let said = staged("secrets/db.yaml", Some(b"colour: red\n"), PLAIN);
    assert_eq!(
        (said.decision(), said.states()),
        (Decision::Allow, vec!["existing"]),
        "{said:?}"
    );
}

fn pushed(cache: &Arc<Cache>, old: Option<&[u8]>, new: &[u8], side: DocumentSide) -> Answered {
    let mut talk = Talk::with(&ENGINE, cache, &Arc::new(State::open(None)));
    let refs = [update("refs/heads/topic", RefKind::Create)];
    talk.open_with(Hook::PreReceive, &refs, &documents(side));
    let id = blob(new);
    if talk.offer(&[id]) == [true] {
        talk.object_as(
            lychgate_wire::frame::Role::New,
            lychgate_model::ObjectKind::Blob,
            id,
            "",
            new,
            true,
        );
    }
    let mut at = At::new(id, "x/y.hid");
    match old {
        Some(old) => {
            talk.old_side(old);
            at = at.old(old);
        }
        None => talk.entry(
            "x/y.hid",
            None,
            Some(Side {
                mode: Mode::Regular,
                id,
            }),
        ),
    }
    talk.places = vec![at];
    talk.close()
}

#[test]
fn a_push_is_held_to_it_whatever_is_known_already() {
    for side in [DocumentSide::Base, DocumentSide::Target] {
        let cache = Arc::new(Cache::new(1 << 20));
        for _ in 0..2 {
            let said = pushed(&cache, None, PLAIN, side);
            assert_eq!(said.decision(), Decision::Deny, "{said:?}");
            let said = pushed(&cache, Some(&crypt()), PLAIN, side);
            assert_eq!(said.decision(), Decision::Deny, "{said:?}");
            let said = pushed(&cache, Some(b"plain before\n"), PLAIN, side);
            assert_eq!(said.decision(), Decision::Allow, "{said:?}");
            let said = pushed(&cache, None, &crypt(), side);
            assert_eq!(said.decision(), Decision::Allow, "{said:?}");
        }
    }
}

#[test]
fn a_document_that_cannot_be_read_is_noted_and_denies_nothing() {
    let broken = b"creation_rules: [{path_regex: secrets(}]\n".as_slice();
    let mut talk = Talk::new(&ENGINE);
    let document = (
        b".sops.yaml".as_slice(),
        DocumentSide::Index,
        DocumentContent::Bytes(broken),
    );
    talk.open_with(Hook::PreCommit, &[], &[document]);
    talk.add("secrets/db.yaml", PLAIN);
    let said = talk.close();
    assert_eq!(said.decision(), Decision::Allow, "{said:?}");
    let notes = said.answer.unwrap().notes;
    assert!(notes.iter().any(|n| n.contains(".sops.yaml")), "{notes:?}");
}
