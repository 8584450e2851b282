//! What the commit hooks must see: the content of the index git names, whatever the trick.

use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::symlink;

use lychgate_e2e::{Output, Repo, World, cloud_key_id, forge_token};

/// Asserts that a commit is denied without its token being shown.
pub(crate) fn denied(output: Output, token: &str) -> Output {
    output.fails().hides(token).says("lychgate")
}

#[test]
fn a_staged_secret_is_denied_and_its_mended_twin_allowed_in_silence() {
    let world = World::new();
    let repo = world.repo("r");
    let token = forge_token();
    // The first hook may say that it started the daemon; the second has nothing to say.
    repo.stage("a.py", format!("T = \"{token}\"\n"));
    denied(repo.commit(), &token)
        .says("a.py:1:6")
        .fits_a_terminal();
    repo.stage("a.py", "T = os.environ[\"TOKEN\"]\n");
    repo.commit().ok().silent();
}

#[test]
fn the_index_is_judged_not_the_working_tree() {
    let world = World::new();
    let repo = world.repo("r");
    let token = forge_token();
    repo.stage("a.py", format!("T = \"{token}\"\n"));
    repo.write("a.py", "clean\n");
    denied(repo.commit(), &token);
    repo.stage("a.py", "clean\n");
    repo.write("a.py", format!("T = \"{token}\"\n"));
    repo.commit().ok();
}

#[test]
fn every_way_to_commit_gives_the_same_verdict() {
    let ways: [&[&str]; 6] = [
        &["commit", "-qm", "m", "-a"],
        &["commit", "-qm", "m", "README"],
        &["commit", "-qm", "m", "--only", "README"],
        &["commit", "-qm", "m", "--include", "README"],
        &["commit", "-qm", "m", "--amend", "-a"],
        &["commit", "-qm", "m", "--no-gpg-sign", "-a", "--allow-empty"],
    ];
    let world = World::new();
    for (n, way) in ways.iter().enumerate() {
        let repo = world.repo(&format!("r{n}"));
        let token = forge_token();
        repo.write("README", format!("T = {token}\n"));
        denied(repo.git(way), &token);
        repo.write("README", "T = from the vault\n");
        repo.git(way).ok();
    }
}

#[test]
fn a_hunk_picked_by_hand_is_judged_and_the_rest_is_not() {
    let world = World::new();
    let repo = world.repo("r");
    let token = forge_token();
    let lines: String = (0..40).map(|n| format!("line {n}\n")).collect();
    repo.commit_unseen("f", &lines);
    repo.write("f", format!("clean\n{lines}T={token}\n"));
    let patch = |answers: &[u8]| {
        let mut git = world.command("git", &repo.path);
        git.args(["commit", "-qpm", "picked"]);
        world.finish(git, answers)
    };
    // Git itself shows the hunk: only the end is looked at.
    patch(b"n\ny\n").fails().says("lychgate: commit denied");
    patch(b"y\nn\n").ok();
}

#[test]
fn a_sub_directory_sees_the_whole_index() {
    let world = World::new();
    let repo = world.repo("r");
    let token = forge_token();
    repo.write("sub/x", "x\n");
    repo.stage("top.py", format!("k={token}\n"));
    let from_sub = || world.run("git", ["commit", "-qm", "x"], repo.path.join("sub"));
    denied(from_sub(), &token);
    repo.stage("top.py", "k=1\n");
    from_sub().ok();
}

#[test]
fn linked_worktrees_and_absolute_git_dir_are_covered() {
    let world = World::new();
    let repo = world.repo("r");
    repo.git(&["config", "extensions.worktreeConfig", "true"])
        .ok();
    repo.git(&["worktree", "add", "-q", "../wt", "-b", "b"])
        .ok();
    let tree = Repo {
        world: &world,
        path: world.root().join("wt"),
    };
    let token = forge_token();
    tree.stage("k.py", format!("k={token}\n"));
    denied(tree.commit(), &token);
    tree.stage("k.py", "k=1\n");
    tree.commit().ok();

    let (dir, top) = (repo.path.join(".git"), repo.path.clone());
    let env = [
        ("GIT_DIR", dir.to_str().unwrap()),
        ("GIT_WORK_TREE", top.to_str().unwrap()),
    ];
    repo.stage("k.py", format!("k={token}\n"));
    let commit = |repo: &Repo<'_>| {
        let mut git = world.command("git", world.root());
        git.args(["commit", "-qm", "m"]).envs(env);
        let _ = repo;
        world.finish(git, b"")
    };
    denied(commit(&repo), &token);
    repo.stage("k.py", "k=1\n");
    commit(&repo).ok();
}

#[test]
fn a_moved_worktree_and_a_submodule_are_covered() {
    let world = World::new();
    let inner = world.bare_of_hooks("inner", &[]);
    inner.commit_unseen("f", "x\n");
    let repo = world.repo("r");
    repo.git(&["submodule", "add", "-q", "../inner", "mod"])
        .ok();
    repo.commit().ok();
    let module = Repo {
        world: &world,
        path: repo.path.join("mod"),
    };
    module.lychgate(&["install"]).ok();
    let token = forge_token();
    module.stage("k", format!("k={token}\n"));
    denied(module.commit(), &token);
    module.stage("k", "k=1\n");
    module.commit().ok();
    // The bump of the gitlink has no content of this repository and is allowed.
    repo.git(&["commit", "-qam", "bump"]).ok();

    repo.git(&["worktree", "add", "-q", "../wt", "-b", "b"])
        .ok();
    repo.git(&["worktree", "move", "../wt", "../wt2"]).ok();
    let tree = Repo {
        world: &world,
        path: world.root().join("wt2"),
    };
    tree.stage("k", format!("k={token}\n"));
    denied(tree.commit(), &token);
}

#[test]
fn without_a_home_the_verdict_is_the_same() {
    let world = World::new();
    let repo = world.repo("r");
    let token = forge_token();
    let commit = || {
        let mut git = world.command("git", &repo.path);
        git.args(["commit", "-qm", "m"]);
        for key in [
            "HOME",
            "XDG_STATE_HOME",
            "XDG_CONFIG_HOME",
            "XDG_RUNTIME_DIR",
            "XDG_CACHE_HOME",
        ] {
            git.env_remove(key);
        }
        world.finish(git, b"")
    };
    repo.stage("k", format!("k={token}\n"));
    denied(commit(), &token);
    repo.stage("k", "k=1\n");
    commit().ok();
}

#[test]
fn both_ends_of_a_merge_are_judged() {
    let world = World::new();
    let token = forge_token();
    // A conflict: the resolution is judged by pre-commit.
    let repo = world.repo("conflict");
    repo.git(&["checkout", "-qb", "side"]).ok();
    repo.stage("f", "side\n");
    repo.commit().ok();
    repo.git(&["checkout", "-q", "main"]).ok();
    repo.stage("f", "main\n");
    repo.commit().ok();
    let _ = repo.git(&["merge", "side"]).fails();
    repo.stage("f", format!("k={token}\n"));
    denied(repo.commit(), &token);
    repo.stage("f", "both\n");
    repo.commit().ok();

    // No conflict: what the other branch brings is judged by pre-merge-commit, but a secret that
    // stands on a parent was there before.
    let repo = world.repo("clean");
    repo.git(&["checkout", "-qb", "side"]).ok();
    repo.commit_unseen("debt", format!("k={token}\n"));
    repo.git(&["checkout", "-q", "main"]).ok();
    repo.stage("f", "main\n");
    repo.commit().ok();
    repo.git(&["merge", "-q", "--no-edit", "side"]).ok();
}

#[test]
fn a_commit_message_is_content() {
    let world = World::new();
    let repo = world.repo("r");
    let token = forge_token();
    repo.stage("f", "x\n");
    denied(
        repo.git(&["commit", "-qm", &format!("use {token}")]),
        &token,
    );
    repo.git(&["commit", "-qm", "use the vault"]).ok();
    // With -m lines that begin with # stay in the commit.
    repo.stage("f", "y\n");
    denied(
        repo.git(&["commit", "-qm", &format!("x\n\n# {token}")]),
        &token,
    );
}

#[test]
fn below_the_scissors_line_nothing_is_committed_and_nothing_judged() {
    let world = World::new();
    let repo = world.repo("r");
    let token = forge_token();
    repo.commit_unseen("debt", format!("k={token}\n"));
    repo.stage("debt", format!("k={token}\nmore\n"));
    // `commit -v` puts the diff, old secret and all, below the scissors line.
    repo.git_with(
        &["commit", "-qv"],
        &[("GIT_EDITOR", "sed -i 1s/^/subject/")],
    )
    .ok();
}

#[test]
fn encodings_and_binaries_hide_nothing() {
    let world = World::new();
    let repo = world.repo("r");
    let token = forge_token();
    let wide = |text: &str, bom: bool, big: bool| -> Vec<u8> {
        let text = if bom {
            format!("\u{feff}{text}")
        } else {
            text.to_owned()
        };
        text.encode_utf16()
            .flat_map(|u| {
                if big {
                    u.to_be_bytes()
                } else {
                    u.to_le_bytes()
                }
            })
            .collect()
    };
    for (n, (bom, big)) in [(true, false), (true, true), (false, false), (false, true)]
        .iter()
        .enumerate()
    {
        let name = format!("u{n}.txt");
        repo.stage(
            &name,
            wide(&format!("one\r\nkey = \"{token}\"\r\n"), *bom, *big),
        );
        denied(repo.commit(), &token).says(&format!("{name}:2:8"));
        repo.stage(&name, wide("nothing here\r\n", *bom, *big));
        repo.commit().ok();
    }
    repo.stage(
        "b.bin",
        [b"\0\x01\x02".as_slice(), format!("k={token}\n").as_bytes()].concat(),
    );
    denied(repo.commit(), &token);
    repo.stage("b.bin", b"\0\x01\x02k=1\n");
    repo.commit().ok();
}

#[test]
fn attributes_hide_nothing() {
    let world = World::new();
    for (n, line) in [
        "-diff",
        "binary",
        "diff=x",
        "filter=x",
        "export-ignore",
        "-text",
        "working-tree-encoding=UTF-16",
    ]
    .iter()
    .enumerate()
    {
        let repo = world.repo(&format!("r{n}"));
        let token = forge_token();
        repo.write(".gitattributes", format!("*.k {line}\n"));
        let content = |text: &str| -> Vec<u8> {
            if line.contains("UTF-16") {
                "\u{feff}"
                    .encode_utf16()
                    .chain(text.encode_utf16())
                    .flat_map(u16::to_le_bytes)
                    .collect()
            } else {
                text.into()
            }
        };
        repo.stage("s.k", content(&format!("k={token}\n")));
        denied(repo.commit(), &token);
        repo.stage("s.k", content("k=1\n"));
        repo.commit().ok();
    }
}

#[test]
fn type_changes_symlinks_and_modes_are_judged() {
    let world = World::new();
    let repo = world.repo("r");
    let token = forge_token();
    symlink("t", repo.path.join("l")).unwrap();
    repo.git(&["add", "-A"]).ok();
    repo.commit().ok();
    repo.stage("l", format!("k={token}\n"));
    denied(repo.commit(), &token);
    repo.stage("l", "k=1\n");
    repo.commit().ok();

    let target = |t: &str| {
        let _ = std::fs::remove_file(repo.path.join("l2"));
        symlink(t, repo.path.join("l2")).unwrap();
        repo.git(&["add", "-A"]).ok();
    };
    target(&format!("https://u:{token}@example.org/x"));
    denied(repo.commit(), &token);
    target("docs/x");
    repo.commit().ok();

    // A change of mode alone is judged, and brings nothing new.
    repo.commit_unseen("run.sh", format!("k={token}\n"));
    repo.git(&["update-index", "--chmod=+x", "run.sh"]).ok();
    repo.commit().ok();
}

#[test]
fn a_symlink_is_never_followed() {
    let world = World::new();
    let repo = world.repo("r");
    std::fs::write(
        world.root().join("outside"),
        format!("k={}\n", forge_token()),
    )
    .unwrap();
    symlink("../outside", repo.path.join("inside")).unwrap();
    repo.git(&["add", "-A"]).ok();
    repo.commit().ok();
}

#[test]
fn names_are_content_and_odd_names_are_printed_on_one_line() {
    let world = World::new();
    let repo = world.repo("r");
    let token = forge_token();
    repo.stage(format!("dir/{token}.txt"), "x\n");
    denied(repo.commit(), &token);
    std::fs::remove_dir_all(repo.path.join("dir")).unwrap();

    let names: [&[u8]; 6] = [
        b"new\nline \"q\" \xc3\xa9.txt",
        b"tab\t.txt",
        b"-rf",
        b"\xff\xfe.bin",
        b"trailing ",
        b"\x1b[31mred",
    ];
    for name in names {
        let name = std::ffi::OsStr::from_bytes(name);
        repo.stage(name, format!("k={token}\n"));
        denied(repo.commit(), &token).fits_a_terminal();
        repo.stage(name, "fine\n");
        repo.commit().ok();
    }
}

#[test]
fn debt_is_not_new_wherever_it_moves() {
    let world = World::new();
    let repo = world.repo("r");
    let token = forge_token();
    let debt = format!("T = \"{token}\"\n{}", "x\n".repeat(20));
    repo.commit_unseen("old.py", &debt);
    repo.stage("old.py", format!("{debt}y\n"));
    repo.commit().ok();
    repo.git(&["mv", "old.py", "renamed.py"]).ok();
    repo.stage("renamed.py", format!("top\n{debt}y\nz\n"));
    repo.commit().ok();
    // A copy into another file is a second place to leak from, and new.
    repo.stage("copy.py", &debt);
    denied(repo.commit(), &token);
    repo.git(&["rm", "-qf", "copy.py"]).ok();
    // Removing a secret is never blocked.
    repo.stage("renamed.py", "clean\n");
    repo.commit().ok();
    // Bringing it back is new: it stands on no old side.
    repo.git(&["revert", "--no-commit", "HEAD"]).ok();
    denied(repo.commit(), &token);
}

#[test]
fn first_commits_orphans_and_empty_commits_are_judged() {
    let world = World::new();
    for format in ["sha1", "sha256"] {
        for refs in ["files", "reftable"] {
            let name = format!("{format}-{refs}");
            let repo = world.bare_of_hooks(
                &name,
                &[
                    &format!("--object-format={format}"),
                    &format!("--ref-format={refs}"),
                ],
            );
            repo.lychgate(&["install"]).ok();
            let token = forge_token();
            repo.stage("k", format!("k={token}\n"));
            denied(repo.commit(), &token);
            repo.stage("k", "k=1\n");
            repo.commit().ok();
            repo.stage("k", format!("k={token}\n"));
            denied(repo.commit(), &token);
            repo.git(&["checkout", "-q", "--orphan", "new"]).ok();
            denied(repo.commit(), &token);
            repo.stage("k", "k=2\n");
            repo.commit().ok();
            repo.git(&["commit", "-qm", "empty", "--allow-empty"]).ok();
        }
    }
}

#[test]
fn every_feature_of_the_index_is_read() {
    let world = World::new();
    let features: [(&str, &[&[&str]]); 6] = [
        ("v4", &[&["update-index", "--index-version", "4"]]),
        ("split", &[&["update-index", "--split-index"]]),
        ("untracked", &[&["update-index", "--untracked-cache"]]),
        ("skip-hash", &[&["config", "index.skipHash", "true"]]),
        ("intent", &[&["add", "-N", "later"]]),
        (
            "sparse",
            &[
                &["config", "core.sparseCheckoutCone", "true"],
                &["sparse-checkout", "set", "--sparse-index", "in"],
            ],
        ),
    ];
    for (name, steps) in features {
        let repo = world.repo(name);
        for n in 0..30 {
            repo.write(format!("in/{n}"), "x\n");
            repo.write(format!("out/{n}"), "x\n");
        }
        repo.stage("in/a", "x\n");
        repo.commit().ok();
        repo.write("later", "not yet\n");
        for step in steps {
            repo.git(step).ok();
        }
        let token = forge_token();
        repo.write("in/a", format!("k={token}\n"));
        repo.git(&["add", "in/a"]).ok();
        denied(repo.commit(), &token);
        repo.write("in/a", "k=1\n");
        repo.git(&["add", "in/a"]).ok();
        repo.commit().ok();
    }
    let repo = world.repo("bits");
    let token = forge_token();
    repo.stage("a", format!("k={token}\n"));
    for bit in ["--skip-worktree", "--assume-unchanged"] {
        repo.git(&["update-index", bit, "a"]).ok();
        denied(repo.commit(), &token);
    }
}

#[test]
fn configuration_of_the_user_changes_no_verdict() {
    let world = World::new();
    let repo = world.repo("r");
    for (key, value) in [
        ("diff.noprefix", "true"),
        ("diff.external", "false"),
        ("color.ui", "always"),
        ("core.quotePath", "false"),
        ("diff.renames", "copies"),
        ("i18n.commitEncoding", "ISO-8859-1"),
        ("core.autocrlf", "input"),
        ("core.precomposeUnicode", "true"),
        ("alias.commit-tree", "false"),
    ] {
        repo.git(&["config", key, value]).ok();
    }
    let token = forge_token();
    repo.stage("a", format!("k={token}\r\n"));
    denied(repo.commit(), &token);
    repo.stage("a", "k=1\r\n");
    repo.commit().ok();
}

#[test]
fn a_value_has_one_identity_whatever_its_line_endings_and_encoding() {
    let world = World::new();
    let repo = world.repo("r");
    let key = cloud_key_id();
    let wide: Vec<u8> = format!("\u{feff}k={key}\r\n")
        .encode_utf16()
        .flat_map(u16::to_le_bytes)
        .collect();
    repo.write("lf", format!("k={key}\n"));
    repo.write("crlf", format!("k={key}\r\n"));
    repo.stage("wide", wide);
    let said = repo
        .lychgate(&["check", "--staged", "--format", "ndjson"])
        .code(1)
        .hides(&key)
        .out();
    let prints: std::collections::BTreeSet<String> = said
        .lines()
        .map(|l| serde_json::from_str::<serde_json::Value>(l).unwrap())
        .filter_map(|v| v["fingerprint"].as_str().map(str::to_owned))
        .collect();
    assert_eq!(
        said.lines().count(),
        4,
        "three findings and a verdict:\n{said}"
    );
    assert_eq!(prints.len(), 1, "{said}");
}
