//! What goes out, a range, and everything.

use std::collections::BTreeSet;

use lychgate_git::{Environment, NewObjects, PrePushLine, Repository};
use lychgate_model::{HashKind, ObjectId};

use crate::server::{Judged, Server};

fn repository(server: &Server) -> Repository {
    let environment = Environment::new(server.root.join("work"), std::iter::empty());
    Repository::open(&environment).unwrap()
}

fn ids(server: &Server, args: &[&str]) -> BTreeSet<ObjectId> {
    let text = server.git(&[&["rev-list", "--objects", "--no-object-names"], args].concat());
    text.lines()
        .map(|l| ObjectId::from_hex(l.as_bytes()).unwrap())
        .collect()
}

fn outgoing(server: &Server, local: &str, remote_id: Option<ObjectId>, remote: &str) -> Judged {
    let line = PrePushLine {
        local_ref: local.into(),
        local_id: server.id(local),
        remote_ref: b"refs/heads/main".to_vec(),
        remote_id: remote_id.unwrap_or(ObjectId::null(HashKind::Sha1)),
    };
    let repository = repository(server);
    Judged::all(&mut NewObjects::of_outgoing(&repository, &[line], remote.as_bytes()).unwrap())
}

#[test]
fn what_the_remote_lacks() {
    let server = Server::new();
    let first = server.commit_file("a", "one\n");
    server.push(&["main"]);
    server.commit_file("b", "two\n");
    let since = ids(&server, &["main", &format!("^{first}")]);
    let everything = ids(&server, &["main"]);
    assert_eq!(
        outgoing(&server, "main", Some(first), "origin").offered,
        since
    );
    assert_eq!(
        outgoing(&server, "main", None, "origin").offered,
        since,
        "a new branch"
    );
    let unknown = ObjectId::from_bytes(&[7; 20]);
    assert_eq!(
        outgoing(&server, "main", unknown, "origin").offered,
        since,
        "an id not here"
    );
    assert_eq!(
        outgoing(&server, "main", Some(first), "../server.git").offered,
        since
    );
    assert_eq!(
        outgoing(&server, "main", None, "../server.git").offered,
        everything,
        "a bare URL"
    );
    assert_eq!(
        outgoing(&server, "main", None, "ori").offered,
        everything,
        "another remote"
    );
}

#[test]
fn a_deletion_sends_nothing() {
    let server = Server::new();
    let first = server.commit_file("a", "one\n");
    let line = PrePushLine {
        local_ref: b"(delete)".to_vec(),
        local_id: ObjectId::null(HashKind::Sha1),
        remote_ref: b"refs/heads/main".to_vec(),
        remote_id: first,
    };
    let repository = repository(&server);
    let mut new = NewObjects::of_outgoing(&repository, &[line], b"origin").unwrap();
    assert!(Judged::all(&mut new).offered.is_empty());
}

#[test]
fn a_range_is_judged_as_a_push() {
    let server = Server::new();
    let a = server.commit_file("a", "one\n");
    server.git(&["checkout", "-q", "-b", "side"]);
    server.commit_file("b", "on the side\n");
    server.git(&["checkout", "-q", "main"]);
    server.commit_file("c", "on main\n");
    server.git(&["merge", "-q", "-m", "merge", "side"]);
    let b = server.id("HEAD");
    let repository = repository(&server);
    let range = |from, to| Judged::all(&mut NewObjects::of_range(&repository, from, to).unwrap());
    assert_eq!(
        range(Some(a), b).offered,
        ids(&server, &["main", &format!("^{a}")])
    );
    assert_eq!(range(None, b).offered, ids(&server, &["main"]));
    assert!(range(Some(b), a).offered.is_empty());
    let side = server.id("side");
    assert!(!range(Some(side), b).has("on the side\n"));
}

#[test]
fn everything_that_refs_reach() {
    let server = Server::new();
    for n in 0..40 {
        server.commit_file(&format!("d{}/f", n % 4), &format!("{n}\n"));
    }
    server.git(&["tag", "-a", "-m", "a tag", "v1"]);
    server.git(&["gc", "-q"]);
    server.git(&["checkout", "-q", "-b", "side"]);
    server.commit_file("loose", "not packed\n");
    server.git(&["checkout", "-q", "--detach"]);
    server.commit_file("detached", "on no branch\n");
    let gone = {
        server.write("gone", "unreachable\n");
        server.git(&["hash-object", "-w", "gone"])
    };
    let repository = repository(&server);
    let judged = Judged::all(&mut NewObjects::of_all(&repository).unwrap());
    assert_eq!(judged.offered, ids(&server, &["--all", "HEAD"]));
    assert!(judged.unreadable.is_empty());
    assert!(judged.has("a tag") && judged.has("not packed\n") && judged.has("on no branch\n"));
    assert!(
        !judged
            .offered
            .contains(&ObjectId::from_hex(gone.as_bytes()).unwrap())
    );
}

#[test]
fn a_shallow_clone_is_judged_as_far_as_it_goes() {
    let server = Server::new();
    for n in 0..5 {
        server.commit_file("a", &format!("{n}\n"));
    }
    server.push(&["main"]);
    let url = format!("file://{}", server.root.join("server.git").display());
    server.run("", &["clone", "-q", "--depth=2", &url, "clone"]);
    let environment = Environment::new(server.root.join("clone"), std::iter::empty());
    let repository = Repository::open(&environment).unwrap();
    let judged = Judged::all(&mut NewObjects::of_all(&repository).unwrap());
    assert!(judged.unreadable.is_empty());
    assert_eq!(judged.offered.len(), 6);
}

#[test]
fn a_partial_clone_lacks_blobs_and_says_so() {
    let server = Server::new();
    server.commit_file("a", "one\n");
    let blob = server.id("HEAD:a");
    server.push(&["main"]);
    server.run("server.git", &["config", "uploadpack.allowFilter", "true"]);
    let url = format!("file://{}", server.root.join("server.git").display());
    server.run(
        "",
        &[
            "clone",
            "-q",
            "--no-checkout",
            "--filter=blob:none",
            &url,
            "clone",
        ],
    );
    let environment = Environment::new(server.root.join("clone"), std::iter::empty());
    let repository = Repository::open(&environment).unwrap();
    let judged = Judged::all(&mut NewObjects::of_all(&repository).unwrap());
    assert_eq!(judged.unreadable.len(), 1);
    assert_eq!(judged.unreadable[0].0, blob);
}

#[test]
fn an_orphan_and_an_empty_commit() {
    let server = Server::new();
    let first = server.commit_file("a", "one\n");
    server.push(&["main"]);
    server.commit("nothing changed");
    let judged = outgoing(&server, "main", Some(first), "origin");
    assert_eq!(judged.offered.len(), 1, "the commit alone");
    server.git(&["checkout", "-q", "--orphan", "other"]);
    server.git(&["rm", "-q", "-r", "--cached", "."]);
    server.write("a", "another beginning\n");
    server.commit("orphan");
    let judged = outgoing(&server, "other", None, "origin");
    assert_eq!(judged.offered, ids(&server, &["other", "^main"]));
    assert!(judged.has("another beginning\n"));
}
