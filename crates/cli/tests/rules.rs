//! `rules`: listed, explained, and checked like source code.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test that cannot go on fails"
)]

mod scene;

use scene::Scene;

const PACK: &str = r#"[pack]
id = "mine"
title = "Mine"
[[rule]]
id = "mine.token"
version = 1
title = "Token of mine"
severity = "high"
confidence = "high"
category = "secret"
keywords = ["minetok_"]
pattern = '\b(minetok_[a-z0-9]{20})\b'
why = "It opens the door."
remediation = "Read it from the environment."
references = ["Handbook: tokens"]
[rule.playbook.rotation]
steps = ["make a second one"]
[rule.playbook.revocation]
steps = ["delete the first"]
[rule.examples]
bad = ['t = "minetok{}_{alnuml:20}"', 'MINE=minetok{}_{alnuml:20}']
good = ['t = "minetok_short"', 't = os.environ["MINE"]']
"#;

#[test]
fn every_rule_is_listed_on_a_page() {
    let scene = Scene::new();
    let list = scene.lychgate(scene.root(), ["rules", "list"]).exits(0);
    assert!(
        list.out.lines().count() >= 60,
        "{}",
        list.out.lines().count()
    );
    for line in list.out.lines() {
        assert!(line.len() <= 80 && line.is_ascii(), "{line}");
    }
    let sorted = {
        let mut lines: Vec<&str> = list.out.lines().collect();
        lines.sort_by_key(|line| line.split(' ').next().unwrap_or_default().to_owned());
        lines
    };
    assert_eq!(list.out.lines().collect::<Vec<_>>(), sorted);
    assert_eq!(
        scene.lychgate(scene.root(), ["rules"]).exits(0).out,
        list.out
    );
}

#[test]
fn a_rule_is_listed_with_its_check_and_its_paths() {
    let scene = Scene::new();
    let list = scene.lychgate(scene.root(), ["rules", "list"]).exits(0);
    let columns = |id: &str| -> Vec<&str> {
        let mut lines = list.out.lines().map(|line| line.split_whitespace());
        let line = lines.find(|line| line.clone().next() == Some(id));
        line.unwrap_or_else(|| panic!("{id}: {}", list.out))
            .collect()
    };
    let checked = "github.personal-access-token";
    assert_eq!(
        columns(checked),
        [checked, "critical", "high", "github", "-"]
    );
    assert_eq!(
        columns("allow.expired"),
        ["allow.expired", "medium", "high", "-", "-"]
    );
    assert_eq!(columns("tree.submodule-url")[3..5], ["-", ".gitmodules"]);
    let explained = |id| {
        scene
            .lychgate(scene.root(), ["rules", "explain", id])
            .exits(0)
            .out
    };
    let said = explained(checked);
    assert!(
        said.contains("\n  provider github, offline check github\n"),
        "{said}"
    );
    let said = explained("tree.submodule-url");
    assert!(!said.contains("provider"), "{said}");
    assert!(said.contains("\nOnly in\n  .gitmodules\n"), "{said}");
}

#[test]
fn every_rule_and_reason_is_explained_offline() {
    let scene = Scene::new();
    let list = scene.lychgate(scene.root(), ["rules", "list"]).exits(0);
    let ids: Vec<&str> = list
        .out
        .lines()
        .filter_map(|line| line.split_whitespace().next())
        .collect();
    let codes = [
        "unreadable",
        "coverage",
        "deadline",
        "fault",
        "protected-ref",
        "policy",
    ];
    // Loading the rules takes longer than saying what they are: one process says all.
    let wanted: Vec<&str> = ids.iter().copied().chain(codes).collect();
    let explain = ["rules", "explain"].into_iter();
    let said = scene
        .lychgate(scene.root(), explain.chain(wanted.iter().copied()))
        .exits(0);
    assert!(said.out.is_ascii());
    let mut rest = said.out.as_str();
    for (at, id) in wanted.iter().enumerate() {
        let next = wanted.get(at + 1).map(|next| format!("\n\n{next}\n"));
        let end = next.map_or(rest.len(), |next| {
            rest.find(&next).unwrap_or_else(|| panic!("{id}: {rest}")) + 2
        });
        let (page, after) = rest.split_at(end);
        assert!(page.starts_with(&format!("{id}\n")), "{id}: {page}");
        let said = if codes.contains(id) {
            page.contains("\nWhat it means\n") && page.contains("\nWhat to do\n")
        } else {
            page.contains("\nWhy it matters\n") && page.contains("\nHow to mend the commit\n")
        };
        assert!(said, "{page}");
        rest = after;
    }
    // A page of its own is the same page.
    for id in [ids[0], ids[ids.len() / 2], "deadline"] {
        let alone = scene
            .lychgate(scene.root(), ["rules", "explain", id])
            .exits(0);
        assert!(said.out.contains(&alone.out), "{}", alone.out);
        assert!(alone.out.starts_with(id), "{}", alone.out);
    }
    // Of several that are asked for, one that is not there is told, and nothing else.
    let some = ["rules", "explain", ids[0], "deadlin"];
    let unknown = scene.lychgate(scene.root(), some).exits(2);
    assert_eq!(unknown.out, "");
    let unknown = scene
        .lychgate(scene.root(), ["rules", "explain", "deadlin"])
        .exits(2);
    assert!(
        unknown.err.contains("lychgate rules explain deadline"),
        "{}",
        unknown.err
    );
}

#[test]
fn a_pack_is_checked_like_source_code() {
    let scene = Scene::new();
    let file = scene.path("mine.toml");
    std::fs::write(&file, PACK).unwrap();
    let good = scene
        .lychgate(scene.root(), ["rules", "check", "mine.toml"])
        .exits(0);
    assert_eq!((good.out.as_str(), good.err.as_str()), ("", ""));

    let bad = PACK
        .replace("severity = \"high\"", "severity = \"awful\"")
        .replace("version = 1", "version = 1\nno_such_key = 1");
    std::fs::write(&file, bad).unwrap();
    let said = scene
        .lychgate(scene.root(), ["rules", "check", "mine.toml"])
        .exits(4);
    assert!(said.err.contains("mine.toml:7:"), "{}", said.err);
    assert!(
        said.err.contains("no_such_key: unknown key") && said.err.contains("unknown word"),
        "{}",
        said.err
    );

    let wrong_example = PACK.replace("minetok_short", "minetok_k3v9q2x7w1z8r4t5y6u0");
    std::fs::write(&file, wrong_example).unwrap();
    scene
        .lychgate(scene.root(), ["rules", "check", "mine.toml"])
        .exits(4);
    std::fs::write(&file, PACK).unwrap();
    let other = PACK.replacen("id = \"mine\"", "id = \"other\"", 1);
    std::fs::write(scene.path("other.toml"), other).unwrap();
    let both = ["rules", "check", "mine.toml", "other.toml"];
    let said = scene.lychgate(scene.root(), both).exits(4);
    assert!(
        said.err
            .contains("other.toml:5:6: id: `mine.token` is taken already"),
        "{}",
        said.err
    );
    scene
        .lychgate(scene.root(), ["rules", "check", "no-such.toml"])
        .exits(4);
    scene.lychgate(scene.root(), ["rules", "check"]).exits(2);
}

#[test]
fn a_file_of_gitleaks_is_checked_as_one() {
    let scene = Scene::new();
    let file = scene.root().join("acme.gitleaks.toml");
    let check = |text: &str| {
        std::fs::write(&file, text).unwrap();
        scene.lychgate(scene.root(), ["rules", "check", "acme.gitleaks.toml"])
    };
    let good = "[[rules]]\nid = 'acme'\nregex = 'acme[0-9]{8}'\n";
    let said = check(good).exits(0);
    assert!(said.out.is_empty(), "{}", said.out);
    let said = check(&format!("{good}secretGrp = 1\n")).exits(0);
    assert!(said.out.contains("acme: `secretGrp`"), "{}", said.out);
    let said = check(&good.replace("'acme[", "'acme(["));
    let said = said.exits(4);
    assert!(said.err.contains("acme.gitleaks.toml:3:"), "{}", said.err);
}

fn pack_of(scene: &Scene, text: &str) -> String {
    let file = scene.path("mine.toml");
    std::fs::write(&file, text).unwrap();
    file.to_str().unwrap().to_owned()
}

/// Commits this content of `a.py`, and says the commit's id.
fn commit(scene: &Scene, repo: &std::path::Path, content: &str) -> String {
    std::fs::write(repo.join("a.py"), content).unwrap();
    scene.git(repo, ["add", "a.py"]);
    scene.git(repo, ["commit", "-qm", "a change"]);
    scene.git(repo, ["rev-parse", "HEAD"]).trim().to_owned()
}

/// A value that the pack above finds.
fn value() -> String {
    ["minetok", "_", "k3v9q2x7w1z8", "r4t6y5u0"].concat()
}

#[test]
fn new_rules_are_tried_on_history_before_they_are_in_force() {
    let scene = Scene::new();
    let repo = scene.repository("tried");
    let pack = pack_of(&scene, PACK);
    let pack = pack.as_str();
    commit(&scene, &repo, "nothing here\n");
    let clean = scene.lychgate(&repo, ["rules", "try", pack]).exits(0).out;
    assert!(
        clean.starts_with("0 findings would have been denied in 0 commits, 0 more would not"),
        "{clean}"
    );
    let brought = commit(&scene, &repo, &format!("t = '{}'\n", value()));
    // It is gone from the tree; the history has it.
    commit(&scene, &repo, "nothing here\n");

    let said = scene.lychgate(&repo, ["rules", "try", pack]).exits(0).out;
    assert!(said.contains(&brought), "{said}");
    assert!(said.contains("  a.py:1:6\n    mine.token\n"), "{said}");
    assert!(
        said.contains("1 finding would have been denied in 1 commit, 0 more would not"),
        "{said}"
    );
    assert!(!said.contains(&value()), "{said}");
    for line in said.lines() {
        assert!(line.len() <= 80 && line.is_ascii(), "{line}");
    }

    let last = ["rules", "try", pack, "--range", "HEAD~1..HEAD"];
    let said = scene.lychgate(&repo, last).exits(0).out;
    assert!(said.starts_with("0 findings"), "{said}");
    let here = ["rules", "try", pack, "--path", "a.py"];
    let said = scene.lychgate(&repo, here).exits(0).out;
    assert_eq!(
        said,
        "0 findings would have been denied, 0 more would not; 1 object read\n"
    );
}

#[test]
fn a_pack_that_cannot_be_used_is_not_tried() {
    let scene = Scene::new();
    let repo = scene.repository("refused");
    let pack = pack_of(&scene, "[pack]\nid = 'mine'\n");
    let said = scene.lychgate(&repo, ["rules", "try", &pack]).exits(4);
    assert!(said.err.contains("lychgate rules check"), "{}", said.err);
}

#[test]
fn a_rule_has_two_examples_on_each_side() {
    let scene = Scene::new();
    for (side, twin) in [
        ("bad", ", 'MINE=minetok{}_{alnuml:20}'"),
        ("good", ", 't = os.environ[\"MINE\"]'"),
    ] {
        let text = PACK.replacen(twin, "", 1);
        assert_ne!(text, PACK);
        let pack = pack_of(&scene, &text);
        let said = scene
            .lychgate(scene.root(), ["rules", "check", &pack])
            .exits(4);
        let want = format!("mine.token: examples.{side}: holds 1");
        assert!(said.flat().contains(&want), "{}", said.err);
    }
    let pack = pack_of(&scene, PACK);
    scene
        .lychgate(scene.root(), ["rules", "check", &pack])
        .exits(0);
}

#[test]
fn an_example_holds_no_value_as_it_stands() {
    let scene = Scene::new();
    let raw = ["MINE=minetok_", "a1b2c3d4e5f6g7h8i9j0"].concat();
    let with = PACK.replace("MINE=minetok{}_{alnuml:20}", &raw);
    let pack = pack_of(&scene, &with);
    let said = scene
        .lychgate(scene.root(), ["rules", "check", &pack])
        .exits(4);
    let want = "mine.token: examples.bad: holds a value as it stands";
    assert!(said.flat().contains(want), "{}", said.err);
    let pack = pack_of(&scene, PACK);
    scene
        .lychgate(scene.root(), ["rules", "check", &pack])
        .exits(0);
}

#[test]
fn a_page_shows_one_example_of_each_kind_and_no_value() {
    let scene = Scene::new();
    let id = "github.personal-access-token";
    let page = scene
        .lychgate(scene.root(), ["rules", "explain", id])
        .exits(0)
        .out;
    let (_, examples) = page.split_once("\nFor example\n").unwrap();
    assert!(examples.contains("\nNot\n"), "{page}");
    assert!(examples.contains("ghp_{base62:"), "{page}");
    assert!(page.contains("\nSources\n"), "{page}");
    assert!(
        page.contains("  CWE-798, https://cwe.mitre.org/data/definitions/798.html\n"),
        "{page}"
    );
}

#[test]
fn rules_of_the_repository_are_listed_and_explained_there() {
    let scene = Scene::new();
    let repo = scene.repository("own");
    let rules = "[[rules]]\nid = 'acme-key'\ndescription = 'Acme key'\n\
                 regex = 'acme_([a-z0-9]{20})'\nkeywords = ['acme_']\n";
    std::fs::write(repo.join(".gitleaks.toml"), rules).unwrap();
    std::fs::create_dir(repo.join(".lychgate")).unwrap();
    let policy = "schema = 1\n[vaults]\napproved = [\"vault\"]\n";
    std::fs::write(repo.join(".lychgate/policy.toml"), policy).unwrap();
    let value = ["acme", "_", "k3v9q2x7w1z8", "r4t6y5u0"].concat();
    let reference = ["op", "://vault/item/field"].concat();
    let lines = format!("k = '{value}'\np = '{reference}'\n");
    std::fs::write(repo.join("a.py"), lines).unwrap();
    scene.git(&repo, ["add", "."]);
    let check = ["check", "--in-process"];
    let denied = scene.lychgate(&repo, check).exits(1).out;
    assert!(denied.contains("gitleaks.acme-key"), "{denied}");
    assert!(denied.contains("store.op"), "{denied}");

    // The commands that a denial prints.
    for id in ["gitleaks.acme-key", "store.op"] {
        let page = scene.lychgate(&repo, ["rules", "explain", id]).exits(0).out;
        assert!(page.starts_with(id), "{page}");
        let list = scene.lychgate(&repo, ["rules", "list"]).exits(0).out;
        assert!(list.contains(id), "{id}");
    }
    for (place, id) in [("a.py:1", "gitleaks.acme-key"), ("a.py:2", "store.op")] {
        let why = scene
            .lychgate(&repo, ["explain", "--why", place])
            .exits(0)
            .out;
        assert!(why.contains(id) && !why.contains(&value), "{why}");
    }
    // Elsewhere nothing is called so, but what a policy may bring in.
    let elsewhere = ["rules", "explain", "gitleaks.acme-key"];
    scene.lychgate(scene.root(), elsewhere).exits(2);
    let store = scene
        .lychgate(scene.root(), ["rules", "explain", "store.op"])
        .exits(0);
    assert!(
        store.out.contains("In force where a policy names"),
        "{}",
        store.out
    );
}

#[test]
fn what_is_not_there_is_a_wrong_command_line() {
    let scene = Scene::new();
    let repository = scene.repository("r");
    for args in [
        &["rules", "profile", "gone"][..],
        &["rules", "profile", "README", "gone"],
        &["explain", "--why", "gone:1"],
        &["import", "gone"],
        &["baseline", "--path", "gone"],
        &["check", "--path", "gone"],
    ] {
        let said = scene.lychgate(&repository, args.iter().copied()).exits(2);
        let told = said.err.contains("there is no") && said.err.contains("gone");
        assert!(told, "{args:?}: {}", said.err);
    }
    scene
        .lychgate(&repository, ["rules", "profile", "README"])
        .exits(0);
}

#[test]
fn what_is_no_regular_file_is_refused_at_once() {
    let scene = Scene::new();
    let repository = scene.repository("r");
    let pipe = repository.join("pipe");
    let own = rustix::fs::Mode::RUSR | rustix::fs::Mode::WUSR;
    rustix::fs::mkfifoat(rustix::fs::CWD, &pipe, own).unwrap();
    for (args, code) in [
        (&["rules", "check", "pipe"][..], 4),
        (&["rules", "check", "/dev/zero"], 4),
        (&["rules", "try", "pipe"], 4),
        (&["import", "pipe"], 3),
        (&["import", "/dev/zero"], 3),
    ] {
        let refused = scene
            .lychgate(&repository, args.iter().copied())
            .exits(code);
        let said = refused.flat();
        assert!(said.contains("not a regular file"), "{args:?}: {said}");
    }
    // A link to a file is one.
    let pack = pack_of(&scene, PACK);
    std::fs::rename(&pack, repository.join("real")).unwrap();
    std::os::unix::fs::symlink("real", repository.join("mine.toml")).unwrap();
    scene
        .lychgate(&repository, ["rules", "check", "mine.toml"])
        .exits(0);
}
