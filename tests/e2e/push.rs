//! What a server must see: every object a push makes reachable, wherever it lies.

use lychgate_e2e::{Output, Repo, World, forge_token};

/// A world with a running daemon, and `n` fresh pairs of a gated server and a clone.
pub(crate) fn world() -> World {
    let world = World::new();
    world.start_daemon();
    world
}

#[track_caller]
pub(crate) fn denied(output: Output, token: &str) -> Output {
    output.fails().hides(token).says("lychgate")
}

/// Commits past the client's hooks; the server is what is tested here.
pub(crate) fn put(repo: &Repo<'_>, name: &str, content: impl AsRef<[u8]>) {
    repo.commit_unseen(name, content);
}

#[test]
fn a_pushed_secret_is_denied_and_its_twin_allowed() {
    let world = world();
    let token = forge_token();
    let (_, bad) = world.server("bad");
    put(&bad, "src/a", format!("k={token}\n"));
    let introduced = bad.id("HEAD");
    denied(bad.push(&["main"]), &token)
        .says("src/a:1:3")
        .says(&introduced[..8])
        .fits_a_terminal();
    let (_, good) = world.server("good");
    put(&good, "src/a", "k=env\n");
    good.push(&["main"]).ok().silent();
}

#[test]
fn an_intermediate_commit_leaks_too() {
    let world = world();
    for n in [1, 60] {
        let token = forge_token();
        let (_, repo) = world.server(&format!("r{n}"));
        put(&repo, "a", format!("k={token}\n"));
        for i in 0..n {
            put(&repo, "a", format!("gone {i}\n"));
        }
        denied(repo.push(&["main"]), &token);
        // The cure the message names: a history without it.
        repo.git(&["reset", "-q", "--soft", "o/main"]).ok();
        repo.git(&["commit", "-qnm", "squashed"]).ok();
        repo.push(&["main"]).ok();
    }
}

#[test]
fn packs_and_loose_objects_are_read_alike() {
    let world = world();
    let (_, repo) = world.server("r");
    for i in 0..300 {
        repo.write(format!("many/{i}.txt"), format!("line {i}\n"));
    }
    put(&repo, "a", "fine\n");
    repo.push(&["main"]).ok();
    for i in 0..300 {
        repo.write(format!("more/{i}.txt"), format!("line {}\n", i + 999));
    }
    let token = forge_token();
    put(&repo, "b", format!("k={token}\n"));
    denied(repo.push(&["main"]), &token);
    put(&repo, "b", "k=1\n");
    denied(repo.push(&["main"]), &token);
}

#[test]
fn every_ref_line_is_judged() {
    let world = world();
    let (_, repo) = world.server("r");
    let token = forge_token();
    repo.git(&["branch", "clean"]).ok();
    put(&repo, "a", format!("k={token}\n"));
    repo.git(&["branch", "-m", "bad"]).ok();
    denied(
        repo.push(&["clean:refs/heads/clean", "bad:refs/heads/zbad"]),
        &token,
    );
    repo.push(&["clean:refs/heads/clean", "clean:refs/heads/zgood"])
        .ok();
    repo.push(&["--atomic", "clean:refs/heads/a1", "clean:refs/heads/a2"])
        .ok();
}

#[test]
fn what_is_not_a_blob_is_content_too() {
    let world = world();
    let token = forge_token();
    let (_, repo) = world.server("tag");
    repo.git(&["tag", "-a", "v1", "-m", &format!("t {token}")])
        .ok();
    denied(repo.push(&["v1"]), &token);
    repo.git(&["tag", "-a", "v2", "-m", "release"]).ok();
    repo.push(&["v2"]).ok();
    // A tag of a tag, a tag of a blob, a tag of a tree.
    repo.git(&["tag", "-a", "nested", "-m", "of v2", "v2"]).ok();
    repo.push(&["nested"]).ok();
    repo.git(&["tag", "-a", "outer", "-m", "of v1", "v1"]).ok();
    denied(repo.push(&["outer"]), &token);
    let mut hash = world.command("git", &repo.path);
    hash.args(["hash-object", "-w", "--stdin"]);
    let blob = world
        .finish(hash, format!("k={token}\n").as_bytes())
        .ok()
        .out();
    repo.git(&["tag", "-a", "blob", "-m", "of a blob", &blob])
        .ok();
    denied(repo.push(&["blob"]), &token);
    denied(repo.push(&[&format!("{blob}:refs/tags/light")]), &token);
    repo.git(&["tag", "-a", "tree", "-m", "of a tree", "HEAD^{tree}"])
        .ok();
    repo.push(&["tree"]).ok();

    let (_, repo) = world.server("message");
    repo.git(&["commit", "-qnm", &format!("use {token}"), "--allow-empty"])
        .ok();
    denied(repo.push(&["main"]), &token);

    for who in ["AUTHOR", "COMMITTER"] {
        let (_, repo) = world.server(who);
        repo.git_with(
            &["commit", "-qnm", "x", "--allow-empty"],
            &[(&format!("GIT_{who}_NAME"), &token)],
        )
        .ok();
        denied(repo.push(&["main"]), &token);
        repo.git(&[
            "commit",
            "-qnm",
            "x",
            "--allow-empty",
            "--amend",
            "--reset-author",
        ])
        .ok();
        repo.push(&["main"]).ok();
    }

    let (_, repo) = world.server("refname");
    // Git itself prints the name of the ref that was rejected; our lines do not.
    let said = repo
        .push(&[&format!("main:refs/heads/{token}")])
        .fails()
        .text();
    let ours: String = said.lines().filter(|l| l.starts_with("remote: ")).collect();
    assert!(
        ours.contains("lychgate") && !ours.contains(&token),
        "the ref name was shown or not judged"
    );
    let (_, repo) = world.server("filename");
    put(&repo, &format!("dir/{token}.txt"), "x\n");
    denied(repo.push(&["main"]), &token);
    let (_, repo) = world.server("symlink");
    std::os::unix::fs::symlink(
        format!("https://u:{token}@example.org/"),
        repo.path.join("l"),
    )
    .unwrap();
    put(&repo, "x", "x\n");
    denied(repo.push(&["main"]), &token);
    let (_, repo) = world.server("note");
    repo.git(&["notes", "add", "-m", &format!("see {token}")])
        .ok();
    denied(repo.push(&["refs/notes/commits"]), &token);
    let (_, repo) = world.server("modules");
    put(
        &repo,
        ".gitmodules",
        format!("[submodule \"m\"]\n\tpath = m\n\turl = https://u:{token}@example.org/m\n"),
    );
    denied(repo.push(&["main"]), &token);
}

#[test]
fn content_of_merges_only_is_found() {
    let world = world();
    let token = forge_token();
    let (_, repo) = world.server("two");
    repo.git(&["checkout", "-qb", "s"]).ok();
    put(&repo, "f", "s\n");
    repo.git(&["checkout", "-q", "main"]).ok();
    put(&repo, "f", "m\n");
    let _ = repo.git(&["merge", "s"]).fails();
    put(&repo, "f", format!("k={token}\n"));
    denied(repo.push(&["main"]), &token);
    repo.git(&["reset", "-q", "--hard", "HEAD^"]).ok();
    let _ = repo.git(&["merge", "s"]).fails();
    put(&repo, "f", "both\n");
    repo.push(&["main"]).ok();

    let (_, repo) = world.server("octopus");
    for branch in ["x", "y", "z"] {
        repo.git(&["checkout", "-qb", branch, "main"]).ok();
        put(&repo, branch, "x\n");
    }
    repo.git(&["checkout", "-q", "main"]).ok();
    put(&repo, "m", "m\n");
    repo.git(&["merge", "-q", "--no-commit", "x", "y", "z"])
        .ok();
    put(&repo, "evil", format!("k={token}\n"));
    assert_eq!(
        repo.git(&["rev-list", "--parents", "-1", "HEAD"])
            .ok()
            .out()
            .split(' ')
            .count(),
        5
    );
    denied(repo.push(&["main"]), &token);
}

#[test]
fn attributes_and_encodings_hide_nothing() {
    let world = world();
    let (_, repo) = world.server("attr");
    let token = forge_token();
    put(&repo, ".gitattributes", "* -diff\n");
    put(&repo, "k", format!("k={token}\n"));
    denied(repo.push(&["main"]), &token);
    let (_, repo) = world.server("wide");
    let wide: Vec<u8> = format!("\u{feff}k={token}\n")
        .encode_utf16()
        .flat_map(u16::to_le_bytes)
        .collect();
    put(&repo, "u", wide);
    denied(repo.push(&["main"]), &token);
}

#[test]
fn refs_alone_are_judged_without_objects() {
    let world = world();
    let (_, repo) = world.server("r");
    repo.push(&["main:refs/heads/t"]).ok();
    repo.push(&[":refs/heads/t"]).ok();
    // A new name for what is here already.
    repo.push(&["main:refs/heads/u", "main:refs/tags/light"])
        .ok();
}

#[test]
fn protected_refs_only_go_forward() {
    let world = world();
    let (bare, repo) = world.server("r");
    put(
        &repo,
        ".lychgate/policy.toml",
        "schema = 1\n[refs]\nprotected = [\"refs/heads/main\", \"refs/tags/v*\"]\n",
    );
    repo.git(&["tag", "v1"]).ok();
    repo.push(&["main", "v1"]).ok();
    put(&repo, "a", "1\n");
    repo.push(&["main"]).ok();
    repo.git(&["commit", "-qnm", "rewritten", "--amend"]).ok();
    repo.push(&["+main"]).fails().says("refs/heads/main");
    repo.push(&["+main:refs/heads/topic"]).ok();
    repo.git(&["tag", "-f", "v1"]).ok();
    repo.push(&["+v1"]).fails().says("refs/tags/v1");
    bare.git(&["config", "receive.denyDeleteCurrent", "false"])
        .ok();
    repo.push(&[":refs/heads/main"])
        .fails()
        .says("refs/heads/main");
    repo.push(&[":refs/heads/topic"]).ok();
}

#[test]
fn client_and_server_agree_on_what_is_new() {
    let world = world();
    let (_, repo) = world.server("r");
    let bare = world.root().join("r.git");
    let pre = bare.join("hooks/pre-receive");
    let gate = std::fs::read_link(&pre).unwrap();
    let token = forge_token();
    let debt = format!("T = \"{token}\"\n{}", "x\n".repeat(20));
    // Debt that came in before the gate.
    std::fs::remove_file(&pre).unwrap();
    put(&repo, "old.py", &debt);
    put(&repo, "gone.py", "soon gone\n");
    repo.push(&["main"]).ok();
    std::os::unix::fs::symlink(gate, &pre).unwrap();
    repo.lychgate(&["install"]).ok();
    // An edit beside it, a rename with an edit, a merge of a branch: existing on both sides.
    repo.stage("old.py", format!("{debt}y\n"));
    repo.commit().ok();
    repo.push(&["main"]).ok();
    repo.git(&["mv", "old.py", "new.py"]).ok();
    repo.stage("new.py", format!("top\n{debt}y\n"));
    repo.commit().ok();
    repo.push(&["main"]).ok();
    repo.git(&["checkout", "-qb", "topic", "HEAD~2"]).ok();
    repo.stage("t", "t\n");
    repo.commit().ok();
    repo.git(&["merge", "-q", "--no-edit", "main"]).ok();
    repo.push(&["topic"]).ok();
    // Removed, then reverted: new on both sides.
    repo.stage("new.py", "clean\n");
    repo.commit().ok();
    repo.push(&["topic"]).ok();
    repo.git(&["revert", "--no-commit", "HEAD"]).ok();
    denied(repo.commit(), &token);
    repo.git(&["commit", "-qnm", "revert"]).ok();
    denied(repo.push(&["topic"]), &token);
}

#[test]
fn the_same_push_again_is_answered_from_the_cache() {
    let world = world();
    let (_, repo) = world.server("one");
    for i in 0..200 {
        repo.write(format!("many/{i}.txt"), format!("line {i}\n"));
    }
    put(&repo, "a", "fine\n");
    let scanned = || -> u64 {
        let said = world.lychgate(&["status"]).ok().out();
        let line = said
            .lines()
            .find(|l| l.starts_with("bytes:"))
            .expect("a counter");
        line.rsplit(' ').next().unwrap().parse().unwrap()
    };
    repo.push(&["main"]).ok();
    let before = scanned();
    assert!(before > 0);
    // A fork: another server, the same objects.
    let (fork, _) = world.server("two");
    let between = scanned();
    repo.git(&[
        "push",
        "-q",
        &fork.path.display().to_string(),
        "main:refs/heads/fork",
    ])
    .ok();
    assert_eq!(scanned(), between, "a known object was scanned again");
}

#[test]
fn pre_push_judges_what_the_remote_lacks() {
    let world = World::new();
    let bare = world.bare_of_hooks("plain.git", &["--bare"]);
    let repo = world.repo("r");
    repo.git(&["remote", "add", "o", "../plain.git"]).ok();
    let token = forge_token();
    repo.push(&["main"]).ok();
    put(&repo, "a", format!("k={token}\n"));
    denied(repo.push(&["main"]), &token);
    denied(
        repo.push(&["main:refs/heads/new", "main~1:refs/heads/old"]),
        &token,
    );
    denied(
        repo.git(&[
            "push",
            "-q",
            &bare.path.display().to_string(),
            "main:refs/heads/url",
        ]),
        &token,
    );
    repo.git(&["reset", "-q", "--hard", "HEAD^"]).ok();
    put(&repo, "a", "k=env\n");
    repo.git(&["tag", "-a", "v1", "-m", "release"]).ok();
    repo.push(&["main", "v1"]).ok();
    repo.push(&[":refs/tags/v1"]).ok();
    repo.git(&["commit", "-qnm", "rewritten", "--amend"]).ok();
    repo.push(&["+main"]).ok();
}

#[test]
fn gitlab_sees_every_line() {
    let world = world();
    let (_, repo) = world.server("r");
    let token = forge_token();
    put(&repo, "a", format!("k={token}\n"));
    let said = repo.git_with(
        &["push", "-q", "o", "main"],
        &[
            ("GL_ID", "user-1"),
            ("GL_PROTOCOL", "ssh"),
            ("GL_REPOSITORY", "project-1"),
        ],
    );
    let said = denied(said, &token).text();
    let ours: Vec<&str> = said
        .lines()
        .filter(|l| l.starts_with("remote: ") && l.trim() != "remote:")
        .collect();
    assert!(!ours.is_empty());
    assert!(
        ours.iter().all(|l| l.starts_with("remote: GL-HOOK-ERR: ")),
        "{said}"
    );
}
