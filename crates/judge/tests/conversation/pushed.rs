//! A push, at a server and before it.

use lychgate_model::{Decision, Hook, ObjectKind, RefKind, Source};
use lychgate_wire::frame::{DocumentContent, DocumentSide, Role};

use crate::talk::{Answered, At, ENGINE, Talk, blob, engine, id_of, token, update};

fn push(text: &str, refs: &[lychgate_model::RefUpdate]) -> Talk {
    let engine = if text.is_empty() {
        ENGINE.clone()
    } else {
        engine(text)
    };
    let mut talk = Talk::new(&engine);
    talk.open(
        Hook::PreReceive,
        refs,
        &[(DocumentSide::Base, DocumentContent::Absent)],
    );
    talk
}

fn topic() -> Vec<lychgate_model::RefUpdate> {
    vec![update("refs/heads/topic", RefKind::Create)]
}

fn line(n: u8) -> Vec<u8> {
    format!("key = {}\n", token(n)).into_bytes()
}

#[test]
fn an_intermediate_commit_leaks_too_and_the_denial_names_it() {
    let mut talk = push("", &topic());
    let first = talk.commit("one\n");
    let second = talk.commit("two\n");
    let id = talk.blob(&line(0));
    talk.blob(b"clean\n");
    talk.places.push(At::new(id, "a").commit(first));
    let said = talk.close();
    assert_eq!(said.decision(), Decision::Deny);
    assert_eq!(said.findings[0].commit, Some(first));
    assert_ne!(said.findings[0].commit, Some(second));
    let short: String = first.to_string().chars().take(12).collect();
    assert!(said.text().contains(&short), "{}", said.text());
    assert!(
        !said.text().contains("  allow "),
        "a server prints no allow line"
    );
    assert!(said.text().contains("  accept "), "{}", said.text());

    let mut talk = push("", &topic());
    talk.commit("one\n");
    talk.blob(b"clean\n");
    assert_eq!(talk.close().decision(), Decision::Allow);
}

#[test]
fn a_value_carried_through_a_push_is_new_once() {
    let grown = [line(0), b"more\n".to_vec()].concat();
    let mut talk = push("", &topic());
    let (c1, c2) = (talk.commit("one\n"), talk.commit("two\n"));
    let a = talk.blob(&line(0));
    let b = talk.blob(&grown);
    talk.places.push(At::new(a, "a").commit(c1));
    talk.places.push(At::new(b, "a").commit(c2).old(&line(0)));
    talk.old_side(&line(0));
    let said = talk.close();
    assert_eq!(
        said.states().iter().filter(|s| **s == "new").count(),
        1,
        "{said:?}"
    );
    assert_eq!(said.states().len(), 2);
}

#[test]
fn a_revert_brings_a_value_back_as_new() {
    // Removed by an earlier commit, back now: no old side has it.
    let mut talk = push("", &topic());
    let commit = talk.commit("revert\n");
    let id = talk.blob(&line(0));
    talk.places
        .push(At::new(id, "a").commit(commit).old(b"clean\n"));
    talk.old_side(b"clean\n");
    assert_eq!(talk.close().decision(), Decision::Deny);
    // Its twin: a revert while the value still stands.
    let mut talk = push("", &topic());
    let commit = talk.commit("revert\n");
    let id = talk.blob(&line(0));
    let before = [line(0), b"x\n".to_vec()].concat();
    talk.places
        .push(At::new(id, "a").commit(commit).old(&before));
    talk.old_side(&before);
    assert_eq!(talk.close().decision(), Decision::Allow);
}

#[test]
fn messages_authors_and_tags_are_content_and_always_new() {
    for (kind, content, source) in [
        (
            ObjectKind::Commit,
            format!(
                "tree 4b825dc642cb6eb9a060e54bf8d69288fbee4904\nauthor a <a@b> 1 +0000\ncommitter a <a@b> 1 +0000\n\nuse {}\n",
                token(0)
            ),
            Source::Message,
        ),
        (
            ObjectKind::Commit,
            format!(
                "tree 4b825dc642cb6eb9a060e54bf8d69288fbee4904\nauthor {} <a@b> 1 +0000\ncommitter a <a@b> 1 +0000\n\nx\n",
                token(0)
            ),
            Source::Author,
        ),
        (
            ObjectKind::Tag,
            format!(
                "object 4b825dc642cb6eb9a060e54bf8d69288fbee4904\ntype tree\ntag v1\ntagger a <a@b> 1 +0000\n\n{}\n",
                token(0)
            ),
            Source::Tag,
        ),
    ] {
        let mut talk = push("", &topic());
        let id = id_of(kind, content.as_bytes());
        talk.object_as(Role::New, kind, id, "", content.as_bytes(), false);
        let said = talk.close();
        assert_eq!(said.decision(), Decision::Deny, "{source:?} {said:?}");
        assert_eq!(said.findings[0].source, source);
        assert!(said.findings[0].path.is_none() && said.findings[0].object == Some(id));
    }
}

#[test]
fn a_name_in_a_tree_is_content_and_stands_where_the_old_tree_had_it() {
    let tree = |name: &str, id| {
        let mut out = format!("100644 {name}\0").into_bytes();
        out.extend_from_slice(lychgate_model::ObjectId::as_bytes(&id));
        out
    };
    let named = tree(&token(0), blob(b"x"));
    let older = tree(&token(0), blob(b"y"));
    for (old, expected) in [(None, Decision::Deny), (Some(older), Decision::Allow)] {
        let mut talk = push("", &topic());
        let id = id_of(ObjectKind::Tree, &named);
        talk.object_as(Role::New, ObjectKind::Tree, id, "", &named, false);
        let mut at = At {
            mode: lychgate_model::Mode::Tree,
            ..At::new(id, "dir")
        };
        if let Some(old) = old {
            let old_id = id_of(ObjectKind::Tree, &old);
            talk.store.insert(old_id, (ObjectKind::Tree, old));
            at.old.push(old_id);
        }
        talk.places.push(at);
        let said = talk.close();
        assert_eq!(said.decision(), expected, "{said:?}");
        assert!(!format!("{said:?}").contains(&token(0)), "{said:?}");
    }
}

#[test]
fn a_secret_in_a_ref_name_is_denied_and_masked_everywhere() {
    let name = format!("refs/heads/x {}", token(0)).replace(' ', "/");
    let protected = "schema = 1\n[refs]\nprotected = [\"refs/heads/**\"]\n";
    let said = push(protected, &[update(&name, RefKind::Forced)]).close();
    assert_eq!(said.decision(), Decision::Deny);
    assert!(said.findings.iter().any(|f| f.source == Source::Ref));
    assert!(!format!("{said:?}").contains(&token(0)), "{said:?}");
    // Deleting it mends it.
    assert_eq!(
        push("", &[update(&name, RefKind::Delete)])
            .close()
            .decision(),
        Decision::Allow
    );
}

#[test]
fn refs_are_judged_without_objects() {
    let forced = |name| push("", &[update(name, RefKind::Forced)]).close();
    assert_eq!(forced("refs/heads/topic").decision(), Decision::Allow);
    let said = forced("refs/heads/main");
    assert_eq!(
        (said.decision(), said.codes()),
        (Decision::Deny, vec!["protected-ref"])
    );
    assert_eq!(said.answer.as_ref().unwrap().exit, 1);
    assert_eq!(said.answer.as_ref().unwrap().coverage.tally.refs, 1);
    assert!(
        said.lines[0].starts_with("lychgate: push denied: refs/heads/main"),
        "{}",
        said.text()
    );
}

fn inline(policy: &str, old: &[u8]) -> Answered {
    let marked = format!(
        "key = {} # lychgate: allow test.token until 2026-12-01 because it is a test\n",
        token(0)
    );
    let mut talk = push(policy, &topic());
    let commit = talk.commit("c\n");
    let id = talk.blob(marked.as_bytes());
    talk.places
        .push(At::new(id, "a.py").commit(commit).old(old));
    talk.old_side(old);
    talk.close()
}

#[test]
fn an_allow_line_in_a_push_counts_only_if_it_stood_or_policy_trusts_the_pusher() {
    assert_eq!(inline("", b"clean\n").decision(), Decision::Deny);
    assert_eq!(inline("", &line(0)).decision(), Decision::Allow);
    let pusher = "schema = 1\ninline = \"pusher\"\ncontact = \"sec@example.org\"\n";
    let said = inline(pusher, b"clean\n");
    assert_eq!(
        (said.decision(), said.states()),
        (Decision::Allow, vec!["allowed"])
    );
    let said = inline("schema = 1\ncontact = \"sec@example.org\"\n", b"clean\n");
    assert!(said.text().contains("sec@example.org"), "{}", said.text());
}

#[test]
fn an_accepted_object_is_existing_and_says_who_accepted_it() {
    let accept = |object: &str, until: &str, rule: &str| {
        format!(
            "schema = 1\n[[accept]]\nrepository = \"/srv/git/*\"\nobject = \"{object}\"\n\
             rule = \"{rule}\"\nby = \"ana\"\nreason = \"revoked\"\nuntil = \"{until}\"\n"
        )
    };
    let id = blob(&line(0)).to_string();
    for (text, expected) in [
        (accept(&id, "2026-11-21", "test.token"), Decision::Allow),
        (accept(&id, "2026-11-20", "test.token"), Decision::Deny),
        (accept(&id, "2026-12-01", "test.other"), Decision::Deny),
        (
            accept(&"0".repeat(40), "2026-12-01", "test.token"),
            Decision::Deny,
        ),
    ] {
        let mut talk = push(&text, &topic());
        let id = talk.blob(&line(0));
        talk.places.push(At::new(id, "a"));
        let said = talk.close();
        assert_eq!(said.decision(), expected, "{text}{said:?}");
        if expected == Decision::Allow {
            assert_eq!(said.findings[0].state.name(), "existing");
            assert!(
                said.findings[0]
                    .allowed_by
                    .as_ref()
                    .unwrap()
                    .contains("ana")
            );
        }
    }
}

#[test]
fn commits_new_to_a_protected_ref_need_their_trailers() {
    let text = "schema = 1\n[message]\ntrailers = [\"Issue\"]\n";
    for (name, message, expected) in [
        (
            "refs/heads/main",
            "t\n\nbody\n\nIssue: 7\n",
            Decision::Allow,
        ),
        ("refs/heads/main", "t\n\nbody\n", Decision::Deny),
        ("refs/heads/topic", "t\n\nbody\n", Decision::Allow),
    ] {
        let mut talk = push(text, &[update(name, RefKind::FastForward)]);
        let id = talk.commit(message);
        let said = talk.close();
        assert_eq!(said.decision(), expected, "{name} {said:?}");
        if expected == Decision::Deny {
            assert_eq!(said.codes(), ["trailer"]);
            assert!(
                said.text().contains(&id.to_string()[..12]),
                "{}",
                said.text()
            );
        }
    }
}

#[test]
fn a_repository_policy_tightens_and_only_the_side_before_the_push_counts() {
    let strict = DocumentContent::Bytes(b"schema = 1\n[refs]\nprotected = [\"refs/heads/rel\"]\n");
    let broken = DocumentContent::Bytes(b"schema = [\n");
    for (side, content, expected) in [
        (DocumentSide::Base, strict, Decision::Deny),
        (DocumentSide::Target, strict, Decision::Allow),
        (DocumentSide::Base, broken, Decision::Deny),
        (DocumentSide::Target, broken, Decision::Allow),
        (DocumentSide::Index, broken, Decision::Allow),
    ] {
        let mut talk = Talk::new(&ENGINE);
        talk.open(
            Hook::PreReceive,
            &[update("refs/heads/rel", RefKind::Forced)],
            &[(side, content)],
        );
        assert_eq!(talk.close().decision(), expected, "{side:?} {content:?}");
    }
}

#[test]
fn a_broken_policy_never_gets_in_and_its_repair_passes() {
    use DocumentContent::{Absent, Bytes};
    use RefKind::{FastForward, Forced};
    let good = Bytes(b"schema = 1\n");
    let broken = Bytes(b"schema = 1\nmode = \"observe\"\n");
    let (main, topic) = ("refs/heads/main", "refs/heads/topic");
    for (name, kind, base, target, expected, said_so) in [
        (main, FastForward, Absent, Some(good), Decision::Allow, ""),
        (
            main,
            FastForward,
            good,
            Some(broken),
            Decision::Deny,
            "mode",
        ),
        (topic, FastForward, good, None, Decision::Allow, ""),
        (main, FastForward, broken, Some(good), Decision::Allow, ""),
        (main, FastForward, broken, Some(Absent), Decision::Allow, ""),
        (main, Forced, broken, Some(good), Decision::Deny, "mends"),
        (
            main,
            FastForward,
            broken,
            Some(broken),
            Decision::Deny,
            "mends",
        ),
        (topic, FastForward, broken, None, Decision::Deny, "mends"),
        (
            topic,
            FastForward,
            broken,
            Some(good),
            Decision::Deny,
            "mends",
        ),
    ] {
        let mut talk = Talk::new(&ENGINE);
        let mut papers = vec![(DocumentSide::Base, base)];
        papers.extend(target.map(|t| (DocumentSide::Target, t)));
        talk.open(Hook::PreReceive, &[update(name, kind)], &papers);
        let said = talk.close();
        let case = format!("{name} {kind:?} {base:?} {target:?} {}", said.text());
        assert_eq!(said.decision(), expected, "{case}");
        assert!(said.text().contains(said_so), "{case}");
    }
}

#[test]
fn a_ref_with_its_own_severity() {
    let text = "schema = 1\n[[ref]]\npattern = \"refs/heads/scratch/**\"\nblocks = \"critical\"\n";
    for (names, expected) in [
        (vec!["refs/heads/scratch/a"], Decision::Allow),
        (vec!["refs/heads/main"], Decision::Deny),
        (
            vec!["refs/heads/scratch/a", "refs/heads/main"],
            Decision::Deny,
        ),
    ] {
        let refs: Vec<_> = names.iter().map(|n| update(n, RefKind::Create)).collect();
        let mut talk = push(text, &refs);
        assert!(!talk.plan.is_empty());
        let id = talk.blob(&line(0));
        talk.places.push(At::new(id, "a"));
        assert_eq!(talk.close().decision(), expected, "{names:?}");
    }
}

#[test]
fn a_server_tells_no_fingerprint_and_a_client_does() {
    let folder = tempfile::tempdir().unwrap();
    let state = std::sync::Arc::new(lychgate_judge::State::open(Some(folder.path())));
    assert!(state.persisted());
    let cache = std::sync::Arc::new(lychgate_judge::Cache::new(1 << 20));
    for (hook, told) in [(Hook::PreReceive, false), (Hook::PrePush, true)] {
        let mut talk = Talk::with(&ENGINE, &cache, &state);
        talk.open(hook, &topic(), &[]);
        let id = talk.blob(&line(0));
        talk.places.push(At::new(id, "a"));
        let said = talk.close();
        assert_eq!(said.findings[0].fingerprint.is_some(), told, "{hook:?}");
    }
}

#[test]
fn a_push_without_a_ref_line_is_not_judged() {
    let said = push("", &[]).close();
    assert_eq!(
        (said.decision(), said.codes()),
        (Decision::Indeterminate, vec!["coverage"])
    );
    assert!(!said.answer.unwrap().coverage.complete);
}

#[test]
fn a_long_denial_names_the_range_to_check() {
    for (old_is_null, many, expected) in [(false, 240, true), (true, 240, true), (false, 3, false)]
    {
        let mut moved = update("refs/heads/topic", RefKind::FastForward);
        if old_is_null {
            moved = update("refs/heads/topic", RefKind::Create);
        }
        let short = |id: &lychgate_model::ObjectId| id.to_string()[..12].to_owned();
        // Where nothing stood, no commit bounds the range that the pusher surely has.
        let range = if moved.old.is_null() {
            "lychgate check --all".to_owned()
        } else {
            let (old, new) = (short(&moved.old), short(&moved.new));
            format!("lychgate check --range {old}..{new}")
        };
        let mut talk = push("", &[moved]);
        let text: Vec<u8> = (0..many).flat_map(line).collect();
        let id = talk.blob(&text);
        talk.places.push(At::new(id, "a"));
        let said = talk.close();
        assert_eq!(said.text().contains(&range), expected, "{}", said.text());
    }
}

fn added(mode: lychgate_model::Mode, content: &[u8]) -> Option<lychgate_model::Side> {
    let id = blob(content);
    Some(lychgate_model::Side { mode, id })
}

#[test]
fn a_path_that_a_push_adds_is_content_whatever_stands_there() {
    use lychgate_model::Mode;
    for mode in [Mode::Regular, Mode::Symlink, Mode::Gitlink, Mode::Tree] {
        for (name, expected) in [(token(0), Decision::Deny), ("x".into(), Decision::Allow)] {
            let mut talk = push("", &topic());
            talk.entry(&format!("a/{name}/b"), None, added(mode, b"x"));
            let said = talk.close();
            assert_eq!(said.decision(), expected, "{said:?}");
            let answer = said.answer.as_ref().unwrap();
            assert!(answer.coverage.complete && answer.coverage.tally.changes == 1);
            assert!(!format!("{said:?}").contains(&token(0)), "{said:?}");
        }
    }
}

#[test]
fn a_path_names_its_commit_and_what_its_tree_tells_is_not_told_twice() {
    let mut tree = format!("100644 {}\0", token(0)).into_bytes();
    tree.extend_from_slice(blob(b"x").as_bytes());
    let path: &'static str = Box::leak(format!("dir/{}", token(0)).into_boxed_str());
    for folder in ["dir", "other", ""] {
        let mut talk = push("", &topic());
        let commit = talk.commit("c\n");
        let id = id_of(ObjectKind::Tree, &tree);
        if !folder.is_empty() {
            talk.object_as(Role::New, ObjectKind::Tree, id, "", &tree, false);
            let mut at = At::new(id, folder).commit(commit);
            at.mode = lychgate_model::Mode::Tree;
            talk.places.push(at);
        }
        talk.entry(path, None, added(lychgate_model::Mode::Regular, b"x"));
        talk.places.push(At::new(blob(b"x"), path).commit(commit));
        let said = talk.close();
        assert_eq!(said.decision(), Decision::Deny, "{said:?}");
        let expected = if folder == "other" { 2 } else { 1 };
        assert_eq!(said.findings.len(), expected, "{said:?}");
        assert!(said.findings.iter().all(|f| f.commit == Some(commit)));
    }
}
