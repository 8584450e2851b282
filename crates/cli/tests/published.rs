//! What contract 9 publishes: every key of a finding for every source, and every exit code with
//! what comes before what.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test that cannot go on fails"
)]

mod scene;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use scene::{Said, Scene, said, token};
use serde_json::Value;

const KEYS: [&str; 18] = [
    "path",
    "line",
    "column",
    "end_line",
    "end_column",
    "byte_start",
    "byte_end",
    "source",
    "object",
    "rule",
    "title",
    "category",
    "severity",
    "confidence",
    "fingerprint",
    "masked",
    "state",
    "blocks",
];

fn lines(said: &Said) -> (Vec<Value>, Value) {
    let lines = said.out.lines();
    let mut all: Vec<Value> = lines.map(|l| serde_json::from_str(l).unwrap()).collect();
    let last = all.pop().unwrap();
    (all, last)
}

fn write(folder: &Path, name: &str, text: &str) -> PathBuf {
    let file = folder.join(name);
    std::fs::create_dir_all(file.parent().unwrap()).unwrap();
    std::fs::write(&file, text).unwrap();
    file
}

/// A repository with a value of its own in every place that `check --all` reads.
fn everywhere(scene: &Scene) -> PathBuf {
    let repository = scene.repository("r");
    write(
        &repository,
        "b/two.py",
        &format!("x = 1\nT = \"{}\"\n", token(1)),
    );
    let both = format!("U = \"{}\" ; V = \"{}\"\n", token(2), token(3));
    write(&repository, "a/one.py", &both);
    write(&repository, &format!("c/{}", token(4)), "");
    let target = format!("elsewhere/{}", token(5));
    std::os::unix::fs::symlink(target, repository.join("link")).unwrap();
    scene.git(&repository, ["add", "."]);
    let mut commit = scene.command("git", &repository);
    commit
        .env("GIT_AUTHOR_NAME", token(6))
        .env("GIT_COMMITTER_NAME", token(7))
        .args(["commit", "-qm", &format!("uses {}", token(8))]);
    said(&mut commit).exits(0);
    let note = format!("see {}", token(9));
    scene.git(&repository, ["notes", "add", "-m", &note]);
    let mut tag = scene.command("git", &repository);
    tag.env("GIT_COMMITTER_NAME", token(10)).args([
        "tag",
        "-a",
        "v1",
        "-m",
        &format!("with {}", token(11)),
    ]);
    said(&mut tag).exits(0);
    repository
}

#[test]
fn every_source_has_every_key() {
    let scene = Scene::new();
    let repository = everywhere(&scene);
    let all = ["check", "--all", "--format", "ndjson"];
    let said = scene.lychgate(&repository, all).exits(1);
    for seed in 1..=11 {
        assert!(!said.out.contains(&token(seed)), "{}", said.out);
    }
    let (findings, verdict) = lines(&said);
    assert_eq!(
        (&verdict["verdict"], &verdict["exit"]),
        (&"deny".into(), &1.into())
    );
    assert_eq!(verdict["coverage"]["complete"], true);
    let mut sources: BTreeMap<&str, usize> = BTreeMap::new();
    for finding in &findings {
        let keys = finding.as_object().unwrap();
        for key in KEYS {
            assert!(keys.contains_key(key), "{key}: {finding}");
        }
        for key in keys.keys() {
            let known = KEYS.contains(&key.as_str()) || key == "commit";
            assert!(known, "{key}: {finding}");
        }
        let source = finding["source"].as_str().unwrap();
        *sources.entry(source).or_default() += 1;
        let placed = matches!(source, "blob" | "path" | "symlink" | "note");
        assert_eq!(finding["path"].is_string(), placed, "{finding}");
        assert!(finding["object"].is_string(), "{finding}");
        assert!(finding["fingerprint"].is_string(), "{finding}");
        let number = |key: &str| finding[key].as_u64().unwrap();
        assert!(number("byte_start") < number("byte_end"), "{finding}");
        assert!(number("line") >= 1 && number("column") >= 1, "{finding}");
        assert!(
            (number("line"), number("column")) < (number("end_line"), number("end_column")),
            "{finding}"
        );
        assert_eq!(
            (&finding["state"], &finding["blocks"]),
            (&"new".into(), &true.into())
        );
    }
    let wanted = [
        ("author", 1),
        ("blob", 3),
        ("committer", 1),
        ("message", 1),
        ("note", 1),
        ("path", 1),
        ("symlink", 1),
        ("tag", 1),
        ("tagger", 1),
    ];
    assert_eq!(sources.into_iter().collect::<Vec<_>>(), wanted);
    // By path, byte and rule.
    let order = |f: &Value| {
        let path = f["path"].as_str().map(str::to_owned);
        (path, f["byte_start"].as_u64().unwrap())
    };
    let placed: Vec<_> = findings
        .iter()
        .map(order)
        .filter(|o| o.0.is_some())
        .collect();
    assert!(placed.is_sorted(), "{placed:?}");
    // The commit that brings it, where that is known.
    let head = scene.git(&repository, ["rev-parse", "HEAD"]);
    let blob = findings.iter().find(|f| f["path"] == "b/two.py").unwrap();
    assert_eq!(blob["commit"].as_str(), Some(head.trim()), "{blob}");
}

#[test]
fn every_state_has_its_word() {
    let scene = Scene::new();
    let repository = scene.repository("r");
    let debt = format!("T = \"{}\"\n", token(20));
    write(&repository, "a.py", &debt);
    scene.git(&repository, ["add", "."]);
    scene.git(&repository, ["commit", "-qm", "debt"]);
    let check = ["check", "--format", "ndjson"];
    let today = scene.git(
        &repository,
        ["log", "-1", "--format=%cd", "--date=format:%Y-%m-%d"],
    );
    let allow = format!(
        "lychgate: allow github.personal-access-token until {} because a test",
        today.trim()
    );
    let text = format!(
        "{debt}U = \"{}\"  # {allow}\nV = \"{}\"\n",
        token(21),
        token(22)
    );
    write(&repository, "a.py", &text);
    scene.git(&repository, ["add", "."]);
    let (findings, _) = lines(&scene.lychgate(&repository, check).exits(1));
    let told: Vec<_> = findings
        .iter()
        .map(|f| (f["state"].as_str().unwrap(), f["blocks"].as_bool().unwrap()))
        .collect();
    assert_eq!(
        told,
        [("existing", false), ("allowed", false), ("new", true)]
    );
    let by: Vec<bool> = findings
        .iter()
        .map(|f| f["allowed_by"].is_string())
        .collect();
    assert_eq!(by, [false, true, false]);
    // The code counts only what blocks; everything is printed.
    write(
        &repository,
        "a.py",
        &text
            .lines()
            .take(2)
            .map(|l| format!("{l}\n"))
            .collect::<String>(),
    );
    scene.git(&repository, ["add", "."]);
    let (findings, verdict) = lines(&scene.lychgate(&repository, check).exits(0));
    assert_eq!((findings.len(), &verdict["exit"]), (2, &0.into()));
}

#[test]
fn the_verdict_says_the_code_the_process_ends_with() {
    let scene = Scene::new();
    let folder = scene.path("plain");
    write(&folder, "a", "fine\n");
    // A link to itself cannot be opened by anybody.
    std::os::unix::fs::symlink("loop", scene.path("loop")).unwrap();
    let check = |files: &[&str], code: i32, word: &str| {
        let format = ["check", "--format", "ndjson", "--path"];
        let args = format.iter().chain(files).copied();
        let (findings, verdict) = lines(&scene.lychgate(scene.root(), args).exits(code));
        assert_eq!(
            (&verdict["exit"], &verdict["verdict"]),
            (&code.into(), &word.into())
        );
        findings.len()
    };
    assert_eq!(check(&["plain"], 0, "allow"), 0);
    assert_eq!(check(&["plain", "loop"], 3, "indeterminate"), 0);
    // What blocks comes before what could not be judged.
    write(&folder, "k", &format!("T = \"{}\"\n", token(30)));
    assert_eq!(check(&["plain", "loop"], 1, "deny"), 1);
    assert_eq!(check(&["plain"], 1, "deny"), 1);
}

#[test]
fn a_policy_that_is_refused_comes_before_a_finding_and_a_bad_command_line_before_both() {
    let scene = Scene::new();
    let repository = scene.repository("r");
    write(&repository, "a.py", &format!("T = \"{}\"\n", token(40)));
    scene.git(&repository, ["add", "."]);
    scene.lychgate(&repository, ["check"]).exits(1);
    write(
        &repository,
        ".lychgate/policy.toml",
        "schema = 1\nblocking = 1\n",
    );
    scene.git(&repository, ["add", "."]);
    let args = ["check", "--format", "ndjson"];
    let (findings, verdict) = lines(&scene.lychgate(&repository, args).exits(4));
    assert_eq!((findings.len(), &verdict["exit"]), (1, &4.into()));
    assert_eq!(verdict["reasons"][0]["code"], "policy");
    let range = ["check", "--range", "no..where"];
    scene.lychgate(&repository, range).exits(2);
    scene.lychgate(&repository, ["check", "--stdin"]).exits(2);
    // A hook knows two codes only.
    let hook = [
        "judge-hook",
        "pre-commit",
        "--stdin-bytes",
        "0",
        "--stdin-refs",
        "0",
        "--",
    ];
    scene.lychgate(&repository, hook).exits(1);
}

#[test]
fn every_key_of_status_is_in_the_documents() {
    let scene = Scene::with_programs();
    scene.lychgate(scene.root(), ["daemon", "start"]).exits(0);
    let said = scene.lychgate(scene.root(), ["status"]).exits(0).out;
    scene.lychgate(scene.root(), ["daemon", "stop"]).exits(0);
    let page = include_str!("../../../docs/cli.md");
    let keys = said.lines().filter_map(|line| line.split_once(": "));
    let mut number = 0;
    for (key, _) in keys {
        assert!(
            page.contains(&format!("`{key}`")),
            "{key} is not in docs/cli.md"
        );
        number += 1;
    }
    assert!(number > 15, "{said}");
}

#[test]
fn the_schema_of_a_policy_takes_what_the_gate_takes() {
    let schema = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/schema/policy.json");
    let schema: Value = serde_json::from_slice(&std::fs::read(schema).unwrap()).unwrap();
    let validator = jsonschema::validator_for(&schema).unwrap();
    let manual = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/policy.md");
    let manual = std::fs::read_to_string(manual).unwrap();
    let (_, example) = manual.split_once("```toml\n").unwrap();
    let (example, _) = example.split_once("```").unwrap();
    let scene = Scene::new();
    let repository = scene.repository("r");
    for (text, good) in [
        (example, true),
        ("schema = 1\n[vaults]\napproved = [\"op\"]\n", true),
        ("schema = 1\nunread = \"note\"\n", true),
        ("inline = \"off\"\n", false),
        ("schema = 2\n", false),
        ("schema = 1\nblocking = 1\n", false),
        ("schema = 1\n[blocks]\ndefault = \"lots\"\n", false),
        ("schema = 1\n[blocks]\nshapeless = \"low\"\n", false),
        ("schema = 1\n[[ref]]\npattern = \"refs/heads/x\"\n", false),
        ("schema = 1\n[refs]\nprotected = [\"main\"]\n", false),
        ("schema = 1\n[message]\ntrailers = [\"a b\"]\n", false),
        ("schema = 1\n[vaults]\napproved = [\"drawer\"]\n", false),
        ("schema = 1\nmode = \"observe\"\n", false),
    ] {
        let value: toml::Value = toml::from_str(text).unwrap();
        let value = serde_json::to_value(value).unwrap();
        assert_eq!(validator.is_valid(&value), good, "the schema, of {text}");
        write(&repository, ".lychgate/policy.toml", text);
        scene.git(&repository, ["add", "."]);
        let said = scene.lychgate(&repository, ["check", "--in-process"]);
        said.exits(if good { 0 } else { 4 });
    }
}
