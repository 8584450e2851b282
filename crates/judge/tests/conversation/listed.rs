//! Files that their names give away (SE-20).

use lychgate_model::{Confidence, Decision, Hook, Mode, RefKind, Side, Source};
use lychgate_wire::frame::Role;

use crate::talk::{Answered, ENGINE, Talk, blob, side, update};

fn staged(path: &'static str, content: &[u8]) -> Answered {
    let mut talk = Talk::new(&ENGINE);
    talk.open(Hook::PreCommit, &[], &[]);
    talk.add(path, content);
    talk.close()
}

fn pushed(path: &'static str, mode: Mode, content: &[u8]) -> Answered {
    let mut talk = Talk::new(&ENGINE);
    let refs = [update("refs/heads/topic", RefKind::Create)];
    talk.open(Hook::PreReceive, &refs, &[]);
    talk.commit("c\n");
    if mode.is_blob() {
        talk.blob(content);
    }
    let id = blob(content);
    talk.entry(path, None, Some(Side { mode, id }));
    talk.close()
}

fn file(path: &str, content: &[u8]) -> Answered {
    let mut talk = Talk::new(&ENGINE);
    talk.open(Hook::CheckPath, &[], &[]);
    let kind = lychgate_model::ObjectKind::Blob;
    talk.object_as(Role::File, kind, crate::talk::null(), path, content, false);
    talk.close()
}

const DENIED: [&str; 8] = [
    "app/.env",
    "id_ed25519",
    ".netrc",
    "home/.pgpass",
    "prod/terraform.tfstate",
    ".aws/credentials",
    "team.kdbx",
    ".bash_history",
];
const ALLOWED: [&str; 8] = [
    "app/.env.example",
    "id_ed25519.pub",
    "netrc.md",
    "home/pgpass.txt",
    "prod/main.tf",
    ".aws/config",
    "src/kdbx.rs",
    "history.txt",
];

#[test]
fn a_file_is_denied_for_its_name_wherever_it_comes_from() {
    for (paths, want) in [(DENIED, Decision::Deny), (ALLOWED, Decision::Allow)] {
        for path in paths {
            for said in [
                staged(path, b"x\n"),
                pushed(path, Mode::Regular, b"x\n"),
                file(path, b"x\n"),
            ] {
                assert_eq!(said.decision(), want, "{path}: {said:?}");
                if want == Decision::Deny {
                    let finding = &said.findings[0];
                    assert_eq!(finding.source, Source::Path);
                    assert_eq!(finding.path.as_ref().unwrap().to_string(), path);
                    assert!(!said.rules[0].fix.is_empty() && !said.rules[0].why.is_empty());
                }
            }
        }
    }
}

#[test]
fn the_doubtful_are_listed_and_those_of_tests_are_not() {
    for path in ["tls/server.key", "release.keystore"] {
        let said = staged(path, b"x\n");
        assert_eq!(said.decision(), Decision::Allow, "{said:?}");
        assert_eq!(said.findings.len(), 1, "{said:?}");
    }
    for path in ["tests/tls/server.key", "fixtures/release.keystore"] {
        assert!(staged(path, b"x\n").findings.is_empty(), "{path}");
    }
}

#[test]
fn a_file_that_stood_is_debt_and_a_folder_is_no_file() {
    let mut talk = Talk::new(&ENGINE);
    talk.open(Hook::PreCommit, &[], &[]);
    talk.change(".env", b"a\n", b"b\n");
    let said = talk.close();
    assert_eq!(said.decision(), Decision::Allow, "{said:?}");
    assert_eq!(said.states(), ["existing"]);

    let mut talk = Talk::new(&ENGINE);
    talk.open(Hook::PreCommit, &[], &[]);
    talk.entry(".env", side(b"a\n"), None);
    assert!(talk.close().findings.is_empty(), "taken out");
    let said = pushed(".env", Mode::Gitlink, b"");
    assert_eq!(said.decision(), Decision::Allow, "{said:?}");
}

#[test]
fn what_is_encrypted_may_have_the_name() {
    let sealed = b"age-encryption.org/v1\n-> X25519 x\n";
    for said in [
        staged(".env", sealed),
        pushed(".env", Mode::Regular, sealed),
        file(".env", sealed),
    ] {
        assert_eq!(said.decision(), Decision::Allow, "{said:?}");
    }
}

#[test]
fn a_name_is_low_where_all_it_holds_is_open() {
    let open = b"# for the page\nSHOP_URL=https://shop.acme.net/\nDB_HOST=/run/db\nDB_PASS=$PASS\n";
    for said in [
        staged(".env", open),
        pushed(".env", Mode::Regular, open),
        file(".env", open),
    ] {
        assert_eq!(said.decision(), Decision::Allow, "{said:?}");
        assert_eq!(said.findings.len(), 1, "{said:?}");
        assert_eq!(said.findings[0].confidence, Confidence::Low, "{said:?}");
    }
    for said in [
        staged(".env", b""),
        pushed(".env", Mode::Regular, b""),
        file(".env", b""),
    ] {
        assert_eq!(said.decision(), Decision::Allow, "{said:?}");
    }
    // The twins: one setting is a password, a promise to encrypt is none that openness keeps.
    let kept = [&open[..], b"DB_PW=garden\n"].concat();
    for said in [
        staged(".env", &kept),
        pushed(".env", Mode::Regular, &kept),
        file(".env", &kept),
        staged("prod.sops.env", open),
    ] {
        assert_eq!(said.decision(), Decision::Deny, "{said:?}");
    }
}

#[test]
fn a_login_file_that_holds_no_login_is_low() {
    const PATH: &str = ".docker/config.json";
    let kept = br#"{"auths":{"r.acme.net":{}},"credsStore":"ecr-login"}"#;
    let held = br#"{"auths":{"r.acme.net":{"identitytoken":"garden"}},"credsStore":"ecr-login"}"#;
    for (content, want) in [(&kept[..], Decision::Allow), (&held[..], Decision::Deny)] {
        for said in [
            staged(PATH, content),
            pushed(PATH, Mode::Regular, content),
            file(PATH, content),
        ] {
            assert_eq!(said.decision(), want, "{said:?}");
        }
    }
}

#[test]
fn settings_that_are_fetched_are_low() {
    let kept = b"DB_PASS=${VAULT_DB_PASS}\nAPI_KEY=$(cat /run/secrets/api_key)\n";
    let held = b"DB_PASS=${VAULT_DB_PASS}\nAPI_KEY=$(echo garden)\n";
    for (content, want) in [(&kept[..], Decision::Allow), (&held[..], Decision::Deny)] {
        assert_eq!(staged(".env", content).decision(), want);
        assert_eq!(file(".env", content).decision(), want);
    }
}
