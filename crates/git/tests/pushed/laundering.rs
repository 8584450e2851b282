//! Contract 1: the quarantine is not the definition of new, and neither is any ref.

use lychgate_model::RefUpdate;

use crate::server::Server;

#[test]
fn what_an_update_hook_denied_is_judged_when_it_comes_again() {
    let server = Server::new();
    server.commit_file("a", "one\n");
    server.push(&["main"]);
    server.commit_file("secret", "the secret\n");
    server.hook("update", "#!/bin/sh\nexit 1\n");
    server.answer(0);
    let output = server.try_run("work", &["push", "origin", "main"]);
    assert!(!output.status.success());
    // Its objects lie in the store now.
    std::fs::remove_file(server.root.join("server.git/hooks/update")).unwrap();
    let given = server.ask(&["main"]);
    let judged = given.judge();
    assert!(judged.has("the secret\n"));
    assert_eq!(judged.offered, given.rev_list());

    // Its twin: accepted, it is judged no more.
    server.push(&["main"]);
    assert!(server.ask(&["main:again"]).judge().offered.is_empty());
}

#[test]
fn the_update_hook_walks_from_the_new_tip() {
    let server = Server::new();
    let old = server.commit_file("a", "one\n");
    server.push(&["main"]);
    let new = server.commit_file("secret", "the secret\n");
    server.hook("update", "#!/bin/sh\nexit 1\n");
    server.answer(0);
    server.try_run("work", &["push", "origin", "main"]);
    let line = RefUpdate {
        name: b"refs/heads/main".to_vec(),
        old,
        new,
        kind: lychgate_model::RefKind::FastForward,
    };
    let given = server.without_quarantine(vec![line.clone()]);
    assert_eq!(given.judge().offered, given.rev_list());
    assert!(given.judge().has("the secret\n"));
    // Its twin: nothing moves.
    let given = server.without_quarantine(vec![RefUpdate { new: old, ..line }]);
    assert!(given.judge().offered.is_empty());
}

#[test]
fn a_deleted_branch_pushed_under_another_name() {
    let server = Server::new();
    server.commit_file("a", "one\n");
    server.push(&["main"]);
    server.git(&["checkout", "-q", "-b", "side"]);
    server.commit_file("secret", "the secret\n");
    server.push(&["side"]);
    // Its twin: as long as the branch stands, a second name brings nothing.
    assert!(server.ask(&["side:other"]).judge().offered.is_empty());
    server.push(&[":side"]);
    let given = server.ask(&["side:other"]);
    assert_eq!(given.judge().offered, given.rev_list());
    assert!(given.judge().has("the secret\n"));
}

#[test]
fn an_object_that_lies_only_in_an_alternate() {
    let server = Server::new();
    server.commit_file("a", "one\n");
    server.push(&["main"]);
    server.git(&["checkout", "-q", "-b", "side"]);
    server.commit_file("secret", "the secret\n");
    server.run("", &["clone", "-q", "--bare", "work", "pool.git"]);
    let info = server.root.join("server.git/objects/info/alternates");
    std::fs::create_dir_all(info.parent().unwrap()).unwrap();
    std::fs::write(&info, "../../pool.git/objects\n").unwrap();
    server.run(
        "server.git",
        &["config", "core.alternateRefsCommand", "true"],
    );
    let given = server.ask(&["side"]);
    let judged = given.judge();
    assert!(judged.unreadable.is_empty());
    assert!(judged.has("the secret\n"));
    assert!(judged.offered.is_superset(&given.rev_list()));
    // Its twin: below a ref of this repository it is judged.
    server.push(&["side"]);
    assert!(server.ask(&["side:again"]).judge().offered.is_empty());
}

#[test]
fn through_a_lax_ref_first() {
    let server = Server::new();
    server.commit_file("a", "one\n");
    server.push(&["main"]);
    server.commit_file("secret", "the secret\n");
    server.push(&["main:scratch"]);
    let given = server.ask(&["main"]);
    let strict = |name: &[u8]| name != b"refs/heads/scratch";
    assert!(given.judge_where(&strict).has("the secret\n"));
    assert_eq!(given.judge_where(&strict).offered.len(), 3);
    assert!(
        given.judge().offered.is_empty(),
        "where both are as strict it is judged"
    );
}

#[test]
fn refs_that_never_count() {
    let server = Server::new();
    server.commit_file("a", "one\n");
    server.push(&["main"]);
    let new = server.commit_file("secret", "the secret\n");
    server.push(&["main:side"]);
    for name in [
        "refs/lychgate/inbox/x",
        "refs/replace/1111111111111111111111111111111111111111",
    ] {
        server.run("server.git", &["update-ref", name, &new.to_string()]);
    }
    assert!(server.ask(&["main"]).judge().offered.is_empty());
    server.run("server.git", &["update-ref", "-d", "refs/heads/side"]);
    assert!(server.ask(&["main"]).judge().has("the secret\n"));
}

#[test]
fn refs_of_other_namespaces_count_by_their_names() {
    let server = Server::new();
    server.commit_file("a", "one\n");
    server.push(&["main"]);
    let new = server.commit_file("secret", "the secret\n").to_string();
    server.push(&["main:side"]);
    let at = |name: &str| server.run("server.git", &["update-ref", name, &new]);
    at("refs/namespaces/x/refs/namespaces/y/refs/heads/scratch");
    at("refs/namespaces/x/refs/lychgate/inbox/x");
    let given = server.ask(&["main"]);
    let strict = |name: &[u8]| !matches!(name, b"refs/heads/scratch" | b"refs/heads/side");
    assert!(given.judge_where(&strict).has("the secret\n"));
    at("refs/namespaces/x/refs/heads/strict");
    assert!(given.judge_where(&strict).offered.is_empty());
}

#[test]
fn a_blob_that_lies_in_the_store_but_in_no_parent() {
    let server = Server::new();
    server.commit_file("a", "one\n");
    server.push(&["main"]);
    // It came with a branch that is gone; a small push does not write it again.
    server.git(&["checkout", "-q", "-b", "side"]);
    server.commit_file("x", "the secret\n");
    server.push(&["side"]);
    server.push(&[":side"]);
    server.git(&["checkout", "-q", "main"]);
    server.commit_file("dir/y", "the secret\n");
    assert!(server.ask(&["main"]).judge().has("the secret\n"));
}

#[test]
fn renames_and_copies_are_judged_at_their_new_path() {
    let server = Server::new();
    server.write("a", "content\n");
    server.write("dir/b", "other\n");
    server.commit("base");
    server.push(&["main"]);
    server.git(&["mv", "a", "c"]);
    server.write("dir/b", "other\n");
    server.commit("rename");
    let judged = server.ask(&["main"]).judge();
    assert!(judged.has("content\n"));
    assert!(!judged.has("other\n"), "what stands where it stood is not");
    server.write("copy", "other\n");
    server.commit("copy");
    assert!(server.ask(&["main"]).judge().has("other\n"));

    // In a pack, where the rename is found only after everything was decoded.
    for n in 0..60 {
        server.commit_file("n", &format!("{n}"));
    }
    let given = server.ask(&["main"]);
    let judged = given.judge();
    assert!(judged.offered.is_superset(&given.rev_list()));
    assert!(judged.has("content\n") && judged.has("other\n"));
    assert_eq!(judged.rounds, 2);
}

#[test]
fn a_branch_made_from_history() {
    let server = Server::new();
    let first = server.commit_file("a", "one\n");
    for n in 0..5 {
        server.commit_file("a", &format!("{n}\n"));
    }
    server.push(&["main"]);
    let given = server.ask(&[&format!("{first}:refs/heads/old")]);
    assert!(given.judge().offered.is_empty(), "reachable, though no tip");
    let lax = |name: &[u8]| name != b"refs/heads/main";
    assert_eq!(given.judge_where(&lax).offered.len(), 3);
}

#[test]
fn bases_that_complete_a_thin_pack_are_not_new() {
    let server = Server::new();
    server.run("server.git", &["config", "receive.unpackLimit", "1"]);
    let mut text: Vec<String> = (0..500)
        .map(|n| format!("line {n} of the debt\n"))
        .collect();
    server.commit_file("dir/f", &text.concat());
    server.push(&["main"]);
    let base = server.id("HEAD:dir/f");
    text.push("one more\n".into());
    server.commit_file("dir/f", &text.concat());
    let given = server.ask(&["main"]);
    assert!(
        given.in_quarantine().contains(&base),
        "git sent a thin pack"
    );
    assert_eq!(given.judge().offered, given.rev_list());

    // Its twin: named at a new path, the same base is judged.
    server.write("elsewhere", text[..500].concat());
    server.commit("copy");
    let given = server.ask(&["main"]);
    assert!(given.judge().offered.contains(&base));
    assert_eq!(given.places(&[base])[0].path.as_bytes(), b"elsewhere");
}

#[test]
fn history_that_is_sent_again_is_not_new() {
    let server = Server::new();
    server.run("server.git", &["config", "receive.unpackLimit", "1"]);
    for n in 0..5 {
        server.commit_file("f", &format!("debt {n}\n"));
    }
    server.push(&["main"]);
    // Somebody else moves main; whoever is behind does not know what the server has.
    server.git(&["checkout", "-q", "-b", "behind"]);
    server.commit_file("g", "new\n");
    server.run(
        "",
        &[
            "clone",
            "-q",
            "--bare",
            "--single-branch",
            "-b",
            "behind",
            "work",
            "other",
        ],
    );
    server.git(&["checkout", "-q", "main"]);
    server.commit_file("h", "meanwhile\n");
    server.push(&["main"]);
    server.answer(1);
    server.try_run("other", &["push", "../server.git", "behind"]);
    let given = server.given();
    assert!(
        given.in_quarantine().len() > 15,
        "all of history came again"
    );
    let judged = given.judge();
    assert_eq!(judged.offered, given.rev_list());
    assert_eq!(judged.offered.len(), 3);

    // Its twin: where main does not count, all of it is new.
    let judged = given.judge_where(&|_| false);
    assert_eq!(judged.offered, given.in_quarantine());
}
