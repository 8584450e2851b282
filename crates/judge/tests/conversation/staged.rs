//! A commit being made, frame by frame.

use crate::talk::{At, ENGINE, Talk, blob, engine, scoped, side, token};
use lychgate_model::{Confidence, Decision, Hook, Mode, ObjectKind, Severity, Side, Source};
use lychgate_wire::frame::{DocumentContent, DocumentSide, Role};

fn commit() -> Talk {
    let mut talk = Talk::new(&ENGINE);
    talk.open(Hook::PreCommit, &[], &[]);
    talk
}

fn line(n: u8) -> Vec<u8> {
    format!("key = {}\n", token(n)).into_bytes()
}

#[test]
fn a_new_secret_is_denied_and_its_twin_allowed() {
    let mut talk = commit();
    talk.add("src/a.py", &line(0));
    let said = talk.close();
    assert_eq!(said.decision(), Decision::Deny, "{said:?}");
    assert_eq!(said.answer.as_ref().unwrap().exit, 1);
    assert_eq!(said.states(), ["new"]);
    let finding = &said.findings[0];
    assert_eq!(finding.path.as_ref().unwrap().to_string(), "src/a.py");
    assert_eq!((finding.span.line, finding.span.column), (1, 7));
    assert!(finding.blocks && finding.fingerprint.is_none());
    assert!(!format!("{said:?}").contains(&token(0)));
    assert!(said.lines.len() <= 12, "{}", said.text());
    assert!(said.lines.iter().all(|l| l.len() <= 80), "{}", said.text());
    assert!(
        said.text()
            .contains("# lychgate: allow test.token until 2026-12-21 because")
    );

    let mut talk = commit();
    talk.add("src/a.py", b"key = environ['KEY']\n");
    let said = talk.close();
    assert_eq!(
        (said.decision(), said.lines.len()),
        (Decision::Allow, 0),
        "{said:?}"
    );
    let coverage = said.answer.unwrap().coverage;
    assert!(coverage.complete);
    assert_eq!((coverage.tally.changes, coverage.tally.objects), (1, 1));
}

#[test]
fn deletions_and_mode_changes_are_judged_with_no_bytes() {
    let mut talk = commit();
    talk.entry("gone", side(b"x"), None);
    talk.entry(
        "sub",
        None,
        Some(Side {
            mode: Mode::Gitlink,
            id: blob(b"any"),
        }),
    );
    let said = talk.close();
    assert_eq!(said.decision(), Decision::Allow);
    assert_eq!(said.answer.unwrap().coverage.tally.changes, 2);
}

#[test]
fn the_same_value_at_the_same_path_is_existing() {
    let mut talk = commit();
    talk.change("a", &line(0), &[line(0), b"more\n".to_vec()].concat());
    let said = talk.close();
    assert_eq!(
        (said.decision(), said.states()),
        (Decision::Allow, vec!["existing"])
    );
    assert!(said.lines.is_empty(), "{}", said.text());

    let mut talk = commit();
    talk.change("a", &line(0), &[line(0), line(1)].concat());
    let said = talk.close();
    assert_eq!(
        (said.decision(), said.states()),
        (Decision::Deny, vec!["existing", "new"])
    );
}

#[test]
fn a_rename_is_existing_and_a_copy_of_another_value_is_not() {
    let mut talk = commit();
    talk.entry("old.py", side(&line(0)), None);
    let id = talk.add("new.py", &line(0));
    talk.places = vec![At::new(id, "new.py").deleted(&line(0))];
    let said = talk.close();
    assert_eq!(
        (said.decision(), said.states()),
        (Decision::Allow, vec!["existing"])
    );
    assert!(said.wanted.is_empty(), "the very same object needs no look");

    let mut talk = commit();
    talk.entry("old.py", side(&line(1)), None);
    let id = talk.add("new.py", &line(0));
    talk.old_side(&line(1));
    talk.places = vec![At::new(id, "new.py").deleted(&line(1))];
    let said = talk.close();
    assert_eq!(
        (said.decision(), said.states()),
        (Decision::Deny, vec!["new"])
    );
    assert_eq!(said.wanted, [blob(&line(1))]);
}

#[test]
fn a_merge_takes_debt_from_either_parent() {
    let merged = [line(0), line(1)].concat();
    let mut talk = commit();
    let id = talk.change("a", &line(0), &merged);
    talk.old_side(&line(1));
    talk.places = vec![At::new(id, "a").old(&line(0)).old(&line(1))];
    assert_eq!(talk.close().states(), ["existing", "existing"]);

    let mut talk = commit();
    talk.change("a", &line(0), &merged);
    assert_eq!(talk.close().states(), ["existing", "new"]);
}

#[test]
fn an_old_side_that_cannot_be_read_explains_nothing() {
    let mut talk = commit();
    let id = talk.add("a", &[line(0), b"x".to_vec()].concat());
    talk.places = vec![At::new(id, "a").old(&line(0))];
    let said = talk.close();
    assert_eq!((said.wanted.len(), said.states()), (1, vec!["new"]));
}

#[test]
fn two_new_places_are_both_told_and_one_new_place_is_enough() {
    let mut talk = commit();
    let id = talk.add("b", &line(0));
    talk.entry("a", None, side(&line(0)));
    talk.places = vec![At::new(id, "b"), At::new(id, "a")];
    let said = talk.close();
    let paths: Vec<_> = said
        .findings
        .iter()
        .map(|f| f.path.clone().unwrap().to_string())
        .collect();
    assert_eq!(paths, ["a", "b"]);

    let mut talk = commit();
    let id = talk.add("b", &line(0));
    talk.entry("a", side(b""), side(&line(0)));
    talk.places = vec![At::new(id, "b").old(&line(0)), At::new(id, "a").old(b"")];
    talk.old_side(b"");
    let said = talk.close();
    assert_eq!(said.decision(), Decision::Deny);
    assert_eq!(said.states(), ["new", "existing"]);
}

#[test]
fn a_rule_keeps_to_its_paths() {
    let mut talk = commit();
    talk.add("vendor/x/a", &scoped(0));
    assert_eq!(talk.close().decision(), Decision::Allow);
    let mut talk = commit();
    let id = talk.add("vendor/x/a", &scoped(0));
    talk.entry("src/a", None, side(&scoped(0)));
    talk.places.push(At::new(id, "src/a"));
    let said = talk.close();
    assert_eq!(said.findings.len(), 1);
    assert_eq!(said.decision(), Decision::Deny);
}

#[test]
fn the_target_of_a_symlink_is_told_as_one() {
    let mut talk = commit();
    let id = blob(&line(0));
    talk.entry(
        "l",
        None,
        Some(Side {
            mode: Mode::Symlink,
            id,
        }),
    );
    talk.blob(&line(0));
    talk.places.push(At {
        mode: Mode::Symlink,
        ..At::new(id, "l")
    });
    let said = talk.close();
    assert_eq!(said.decision(), Decision::Deny);
    assert!(said.findings.iter().any(|f| f.source == Source::Symlink));
}

#[test]
fn a_secret_in_a_path_is_found_and_never_printed() {
    let path: &'static str = Box::leak(format!("dir-{}/a.txt", token(0)).into_boxed_str());
    let path: &'static str = Box::leak(path.replace("dir-", "dir ").into_boxed_str());
    let mut talk = commit();
    talk.add(path, &line(1));
    let said = talk.close();
    assert_eq!(said.decision(), Decision::Deny);
    assert!(
        said.findings.iter().any(|f| f.source == Source::Path),
        "{said:?}"
    );
    assert!(!format!("{said:?}").contains(&token(0)), "{said:?}");

    let mut talk = commit();
    talk.change(path, b"x", b"y");
    let said = talk.close();
    assert_eq!(
        said.decision(),
        Decision::Allow,
        "the name stood there: {said:?}"
    );
}

#[test]
fn allow_lines_silence_at_a_client_and_are_reported() {
    let allowed = |until: &str| {
        format!(
            "key = {} # lychgate: allow test.token until {until} because it is a test\n",
            token(0)
        )
    };
    let cases = [
        ("2026-11-21", Decision::Allow, Some("(last day)")),
        ("2026-11-28", Decision::Allow, Some("(7 days left)")),
        ("2026-12-31", Decision::Allow, Some("until 2026-12-31")),
        ("2027-02-19", Decision::Allow, Some("until 2027-02-19")),
        ("2027-02-20", Decision::Deny, None),
        ("2026-11-20", Decision::Deny, None),
    ];
    for (until, expected, note) in cases {
        let mut talk = commit();
        talk.add("a.py", allowed(until).as_bytes());
        let said = talk.close();
        assert_eq!(said.decision(), expected, "{until}: {said:?}");
        match note {
            Some(note) => {
                assert_eq!(said.states(), ["allowed"]);
                assert!(said.text().contains(note), "{until}: {}", said.text());
            }
            None => assert_eq!(said.findings.len(), 2, "{said:?}"),
        }
    }
    let off = engine("schema = 1\ninline = \"off\"\n");
    let mut talk = Talk::new(&off);
    talk.open(Hook::PreCommit, &[], &[]);
    talk.add("a.py", allowed("2026-12-01").as_bytes());
    let said = talk.close();
    assert_eq!(said.decision(), Decision::Deny);
    assert!(!said.text().contains("lychgate: allow"), "{}", said.text());
    assert!(
        said.text().contains("allow    lychgate baseline"),
        "{}",
        said.text()
    );
}

#[test]
fn an_allow_line_is_for_its_rule_and_line_only() {
    let mark = "# lychgate: allow test.token until 2026-12-01 because it is a test\n";
    let key = String::from_utf8(line(0)).unwrap();
    for (content, expected) in [
        (format!("{mark}{key}"), Decision::Allow),
        (format!("{key}{mark}"), Decision::Deny),
        (format!("{mark}\n{key}"), Decision::Deny),
        (
            format!("{}{key}", mark.replace("test.token", "github.pat")),
            Decision::Deny,
        ),
    ] {
        let mut talk = commit();
        talk.add("a.py", content.as_bytes());
        let said = talk.close();
        assert_eq!(said.decision(), expected, "{content}{said:?}");
    }
    // One value only: neither another on the line, nor one on the line below.
    let trailing = |first: &str, below: &str| format!("{first} {mark}{below}");
    for (content, expected) in [
        (trailing(&token(0), "clean\n"), vec!["allowed"]),
        (
            trailing(&token(0), &key.replace(&token(0), &token(1))),
            vec!["allowed", "new"],
        ),
        (
            trailing(&format!("{} {}", token(0), token(1)), "x\n"),
            vec!["allowed", "new"],
        ),
        (
            trailing(&format!("{} {}", token(0), token(0)), "x\n"),
            vec!["allowed", "allowed"],
        ),
    ] {
        let mut talk = commit();
        talk.add("a.py", content.as_bytes());
        assert_eq!(talk.close().states(), expected, "{content}");
    }
    // Never outside blobs.
    let mut talk = commit();
    let content = format!("{key} # lychgate: allow test.token until 2026-12-01 because x");
    talk.entry(
        "l",
        None,
        Some(Side {
            mode: Mode::Symlink,
            id: blob(content.as_bytes()),
        }),
    );
    let id = talk.blob(content.as_bytes());
    talk.places.push(At {
        mode: Mode::Symlink,
        ..At::new(id, "l")
    });
    assert_eq!(talk.close().decision(), Decision::Deny);
}

#[test]
fn markers_of_others_count_only_if_policy_says_so() {
    let content = format!("key = {} # gitleaks:allow\n", token(0));
    let honour = engine("schema = 1\nforeign_markers = \"honour\"\n");
    for (engine, expected) in [(&*ENGINE, Decision::Deny), (&honour, Decision::Allow)] {
        let mut talk = Talk::new(engine);
        talk.open(Hook::PreCommit, &[], &[]);
        talk.add("a.py", content.as_bytes());
        assert_eq!(talk.close().decision(), expected);
    }
}

#[test]
fn the_stricter_of_head_and_index_counts() {
    let strict = DocumentContent::Bytes(b"schema = 1\n[message]\ntrailers = [\"Issue\"]\n");
    for documents in [
        [
            (DocumentSide::Base, strict),
            (DocumentSide::Index, DocumentContent::Absent),
        ],
        [
            (DocumentSide::Base, DocumentContent::Absent),
            (DocumentSide::Index, strict),
        ],
    ] {
        for (message, expected) in [
            ("t\n\nIssue: 7\n", Decision::Allow),
            ("t\n", Decision::Deny),
        ] {
            let mut talk = Talk::new(&ENGINE);
            talk.open(Hook::CommitMsg, &[], &documents);
            talk.object_as(
                Role::Message,
                ObjectKind::Blob,
                crate::talk::null(),
                "",
                message.as_bytes(),
                false,
            );
            let said = talk.close();
            assert_eq!(said.decision(), expected, "{said:?}");
            if expected == Decision::Deny {
                assert_eq!(said.codes(), ["trailer"]);
                assert!(said.text().contains("Issue"));
            }
        }
    }
}

#[test]
fn a_policy_that_cannot_be_used_denies_and_a_commit_that_mends_it_does_not() {
    let bad = DocumentContent::Bytes(b"schema = 1\nblokcs = 3\n");
    let good = DocumentContent::Bytes(b"schema = 1\n");
    for (base, index, expected) in [
        (bad, bad, Decision::Deny),
        (good, bad, Decision::Deny),
        (bad, good, Decision::Allow),
        (good, DocumentContent::Unusable("a symlink"), Decision::Deny),
        (
            good,
            DocumentContent::Bytes(b"schema = 1\n[blocks]\ndefault = \"critical\"\n"),
            Decision::Deny,
        ),
        (good, good, Decision::Allow),
    ] {
        let mut talk = Talk::new(&ENGINE);
        talk.open(
            Hook::PreCommit,
            &[],
            &[(DocumentSide::Base, base), (DocumentSide::Index, index)],
        );
        talk.add("a", b"x");
        let said = talk.close();
        assert_eq!(said.decision(), expected, "{said:?}");
        if expected == Decision::Deny {
            assert_eq!(said.answer.as_ref().unwrap().exit, 4);
            assert!(
                said.text().contains(".lychgate/policy.toml"),
                "{}",
                said.text()
            );
        }
    }
}

#[test]
fn a_message_is_judged_and_never_silenced() {
    let mark = "lychgate: allow test.token until 2026-12-01 because x";
    for (message, expected) in [
        (format!("use {}\n", token(0)), Decision::Deny),
        (format!("use {} # {mark}\n", token(0)), Decision::Deny),
        ("use the environment\n".to_owned(), Decision::Allow),
    ] {
        let mut talk = Talk::new(&ENGINE);
        talk.open(Hook::CommitMsg, &[], &[]);
        talk.object_as(
            Role::Message,
            ObjectKind::Blob,
            crate::talk::null(),
            "",
            message.as_bytes(),
            false,
        );
        let said = talk.close();
        assert_eq!(said.decision(), expected, "{said:?}");
    }
}

#[test]
fn observe_says_what_it_would_deny() {
    let observe = engine("schema = 1\nmode = \"observe\"\n");
    let mut talk = Talk::new(&observe);
    talk.open(Hook::PreCommit, &[], &[]);
    talk.add("a", &line(0));
    let said = talk.close();
    assert_eq!(
        (said.decision(), said.states()),
        (Decision::Allow, vec!["new"])
    );
    assert_eq!(
        said.lines,
        ["lychgate: observe: would be denied: a:1 test.token"]
    );
    let mut talk = Talk::new(&observe);
    talk.open(Hook::PreCommit, &[], &[]);
    talk.add("b", &line(1));
    talk.add("a", &line(0));
    let text = talk.close().text().replace("\n ", "");
    assert!(
        text.contains("denied: a:1 test.token, the first of 2"),
        "{text}"
    );
    // The twin: what blocks nowhere is not said to.
    let mut talk = Talk::new(&observe);
    talk.open(Hook::PreCommit, &[], &[]);
    talk.add("a", b"nothing\n");
    assert_eq!(talk.close().lines, [""; 0]);
}

#[test]
fn an_allow_line_that_is_worth_nothing_says_why() {
    for (rule, until, why) in [
        ("test.nope", "2026-12-01", "no rule is called test.nope"),
        ("test.token", "2026-11-01", "until 2026-11-01 has passed"),
        ("test.token", "2027-11-01", "more than 90 days ahead"),
        ("test.token", "2026-12-01", ""),
    ] {
        let text = format!(
            "key = {} # lychgate: allow {rule} until {until} because it is a test\n",
            token(0)
        );
        let mut talk = commit();
        talk.add("a.py", text.as_bytes());
        let said = talk.close();
        let flaws = said
            .findings
            .iter()
            .filter(|f| f.rule.as_str() != "test.token");
        let told: Vec<&str> = flaws.clone().map(|f| f.masked.as_str()).collect();
        let expected: Vec<&str> = [why].into_iter().filter(|w| !w.is_empty()).collect();
        assert_eq!(told, expected, "{rule} {until}");
        // The finding stands where the words stand: an editor that goes there lands on them.
        let at = text.find("lychgate:").unwrap();
        for span in flaws.map(|f| f.span) {
            assert_eq!((span.line, span.column as usize), (1, at + 1));
            assert_eq!(
                (span.end_line, span.end_column as usize),
                (1, text.len()),
                "to the end of the line"
            );
            assert_eq!(
                (span.byte_start as usize, span.byte_end as usize),
                (at, text.len() - 1)
            );
        }
    }
}

/// A token whose header, payload and signature are put together here.
fn bearer(payload: &str) -> Vec<u8> {
    let head = concat!("ey", "JhbGciOiJIUzI1NiIsImtpZCI6Ims3In0");
    let signature = "q7Rk2mZx9WbT4vLc8Np1sHd6".repeat(2);
    format!("Authorization: Bearer {head}.ey{payload}.{signature}\n").into_bytes()
}

#[test]
fn a_token_that_ended_yesterday_is_low_and_its_twin_of_today_is_denied() {
    // `exp` on 20 and on 21 November 2026; the tests' day is the latter.
    let ended = "Jpc3MiOiJpZHAuYWNtZSIsInN1YiI6InN2Yy05IiwiZXhwIjoxNzk1MTc2MDAwfQ";
    let live = "Jpc3MiOiJpZHAuYWNtZSIsInN1YiI6InN2Yy05IiwiZXhwIjoxNzk1MjYyNDAwfQ";
    for (payload, severity, decision) in [
        (ended, Severity::Low, Decision::Allow),
        (live, Severity::Medium, Decision::Deny),
    ] {
        let mut talk = commit();
        talk.add("src/a.py", &bearer(payload));
        let said = talk.close();
        let finding = said
            .findings
            .iter()
            .find(|f| f.rule.as_str() == "jwt.token");
        let finding = finding.unwrap();
        assert_eq!(finding.severity, severity);
        let sure = [Confidence::Low, Confidence::Certain];
        assert_eq!(finding.confidence, sure[usize::from(payload == live)]);
        assert_eq!(said.decision(), decision, "{said:?}");
    }
}

#[test]
fn a_name_is_existing_only_where_it_stood() {
    let path: &'static str = Box::leak(format!("a/{}", token(0)).into_boxed_str());
    let moved: &'static str = Box::leak(format!("b/{}", token(0)).into_boxed_str());
    let judge = |say: &dyn Fn(&mut Talk)| {
        let mut talk = commit();
        say(&mut talk);
        let said = talk.close();
        (said.decision(), said.states().join(" "))
    };
    let existing = (Decision::Allow, "existing".to_owned());
    let new = (Decision::Deny, "new".to_owned());
    let changed = judge(&|talk| {
        talk.change(path, b"x\n", b"y\n");
    });
    assert_eq!(changed, existing);
    let moves = judge(&|talk| {
        talk.entry(path, side(b"x\n"), None);
        talk.add(moved, b"x\n");
    });
    assert_eq!(moves, new);
    // In what is being merged something stood there.
    let merged = |old: &[u8]| {
        judge(&|talk| {
            let id = talk.add(moved, b"x\n");
            talk.places.retain(|at| at.object != id);
            let at = At::new(id, moved);
            talk.places
                .push(if old.is_empty() { at } else { at.old(old) });
        })
    };
    assert_eq!(merged(b"y\n"), existing);
    assert_eq!(merged(b""), new);
}

#[test]
fn a_name_is_let_stand_by_whoever_keeps_the_organisations_file_alone() {
    let commit = |engine: &std::sync::Arc<lychgate_judge::Engine>| {
        let mut talk = Talk::new(engine);
        talk.open(Hook::PreCommit, &[], &[]);
        talk.add(
            ".env",
            b"# lychgate: allow file.dotenv until 2026-12-01 because a test\n",
        );
        talk.close()
    };
    let said = commit(&ENGINE);
    assert_eq!(said.decision(), Decision::Deny);
    assert!(said.text().contains("for an [[accept]]"), "{}", said.text());
    assert!(!said.text().contains("lychgate: allow"), "{}", said.text());
    let object = said.findings[0].object.unwrap();
    let accept = |rule: &str| {
        engine(&format!(
            "schema = 1\n[[accept]]\nrepository = \"**\"\nobject = \"{object}\"\n\
             rule = \"{rule}\"\nby = \"ana\"\nreason = \"no secret in it\"\n\
             until = \"2026-12-01\"\n"
        ))
    };
    assert_eq!(commit(&accept("file.dotenv")).decision(), Decision::Allow);
    assert_eq!(commit(&accept("file.netrc")).decision(), Decision::Deny);
}
