//! `check`: selectors, formats, exit codes; a daemon's answer and this process's are one.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test that cannot go on fails"
)]

mod scene;

use std::io::Write as _;
use std::os::unix::ffi::OsStrExt as _;
use std::path::Path;
use std::process::Stdio;

use scene::{Said, Scene, token};
use serde_json::Value;

fn schema() -> Value {
    serde_json::from_str(include_str!("../../../docs/schema/check.json")).unwrap()
}

/// The published schema, or the part of it that describes one line.
fn validates(value: &Value, part: Option<&str>) {
    let mut schema = schema();
    if let Some(part) = part {
        let whole = schema.as_object_mut().unwrap();
        whole.retain(|key, _| key == "$defs" || key == "$schema");
        whole.insert("$ref".into(), format!("#/$defs/{part}").into());
    }
    let validator = jsonschema::validator_for(&schema).unwrap();
    let errors: Vec<String> = validator
        .iter_errors(value)
        .map(|e| e.to_string())
        .collect();
    assert!(errors.is_empty(), "{errors:?}\n{value}");
}

fn lines(said: &Said) -> Vec<Value> {
    said.out
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect()
}

fn with_secret(scene: &Scene, seed: u64) -> (std::path::PathBuf, String) {
    let repository = scene.repository("r");
    let secret = token(seed);
    std::fs::create_dir(repository.join("src")).unwrap();
    std::fs::write(
        repository.join("src/a.py"),
        format!("x = 1\nT = \"{secret}\"\n"),
    )
    .unwrap();
    scene.git(&repository, ["add", "."]);
    (repository, secret)
}

#[test]
fn staged_is_the_default_and_the_code_says_what_was_found() {
    let scene = Scene::new();
    let (repository, secret) = with_secret(&scene, 1);
    for args in [
        vec!["check"],
        vec!["check", "--staged"],
        vec!["check", "--in-process"],
    ] {
        let said = scene.lychgate(&repository.join("src"), args).exits(1);
        assert!(said.out.contains("src/a.py:2:6 "), "{}", said.out);
        let last = said.out.lines().last().unwrap();
        assert!(
            last.starts_with("deny: 1 finding blocks; judged 1 object, "),
            "{}",
            said.out
        );
        assert!(!said.out.contains(&secret) && !said.err.contains(&secret));
        for line in said.out.lines() {
            assert!(
                line.len() <= 80 && line.bytes().all(|b| (b' '..=b'~').contains(&b)),
                "{line}"
            );
        }
    }
    std::fs::write(repository.join("src/a.py"), "T = environ[\"T\"]\n").unwrap();
    scene.git(&repository, ["add", "."]);
    let twin = scene.lychgate(&repository, ["check"]).exits(0);
    assert_eq!((twin.out.as_str(), twin.err.as_str()), ("", ""));
}

#[test]
fn every_line_and_the_document_are_as_published() {
    let scene = Scene::new();
    let (repository, secret) = with_secret(&scene, 2);
    let ndjson = scene
        .lychgate(&repository, ["check", "--format", "ndjson"])
        .exits(1);
    let lines = lines(&ndjson);
    let (last, findings) = lines.split_last().unwrap();
    assert_eq!(findings.len(), 1, "{}", ndjson.out);
    validates(&findings[0], Some("finding"));
    validates(last, Some("verdict"));
    let keys: Vec<&str> = findings[0]
        .as_object()
        .unwrap()
        .keys()
        .map(String::as_str)
        .collect();
    let mut published = [
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
    published.sort_unstable();
    let mut sorted = keys.clone();
    sorted.sort_unstable();
    assert_eq!(sorted, published);
    let finding = &findings[0];
    assert_eq!(finding["path"], "src/a.py");
    assert_eq!(
        (&finding["line"], &finding["column"]),
        (&2.into(), &6.into())
    );
    assert_eq!(
        (&finding["byte_start"], &finding["byte_end"]),
        (&11.into(), &51.into())
    );
    assert_eq!(
        (&finding["state"], &finding["blocks"]),
        (&"new".into(), &true.into())
    );
    assert_eq!(
        (&last["verdict"], &last["exit"]),
        (&"deny".into(), &1.into())
    );
    assert!(!ndjson.out.contains(&secret));

    let json = scene
        .lychgate(&repository, ["check", "--format", "json"])
        .exits(1);
    let document: Value = serde_json::from_str(&json.out).unwrap();
    validates(&document, None);
    assert_eq!(&document["findings"][0], finding);
    assert_eq!(&document["verdict"], last);
    assert_eq!(document["rules"][0]["id"], finding["rule"]);
}

#[test]
fn the_answer_is_the_same_with_a_daemon_and_without() {
    let scene = Scene::with_programs();
    let (repository, _) = with_secret(&scene, 3);
    scene.git(&repository, ["commit", "-qm", "second"]);
    std::fs::write(repository.join("src/b"), format!("k={}\n", token(4))).unwrap();
    scene.git(&repository, ["add", "."]);
    scene.lychgate(&repository, ["daemon", "start"]).exits(0);
    for what in [
        vec!["--staged"],
        vec!["--range", "HEAD~1..HEAD"],
        vec!["--all"],
        vec!["--path", "src", "README"],
    ] {
        for format in ["text", "json", "ndjson"] {
            let run = |more: &[&str]| {
                let mut args = vec!["check", "--format", format];
                args.extend(more);
                args.extend(&what);
                scene.lychgate(&repository, args).exits(1).out
            };
            let cold = run(&[]);
            assert_eq!(cold, run(&["--in-process"]), "{what:?} {format}");
            assert_eq!(cold, run(&[]), "{what:?} {format}, warm");
        }
    }
    scene.lychgate(&repository, ["daemon", "stop"]).exits(0);
}

#[test]
fn a_range_is_judged_as_a_push_and_all_as_the_first() {
    let scene = Scene::new();
    let (repository, _) = with_secret(&scene, 5);
    scene.git(&repository, ["commit", "-qm", "leak"]);
    scene.git(&repository, ["rm", "-q", "src/a.py"]);
    scene.git(&repository, ["commit", "-qm", "removed again"]);
    let leak = scene
        .git(&repository, ["rev-parse", "HEAD~1"])
        .trim()
        .to_owned();
    let range = ["check", "--format", "ndjson", "--range", "HEAD~2..HEAD"];
    let said = scene.lychgate(&repository, range).exits(1);
    assert_eq!(lines(&said)[0]["commit"], leak);
    validates(&lines(&said)[0], Some("finding"));
    scene
        .lychgate(&repository, ["check", "--range", "HEAD~1.."])
        .exits(0);
    scene.lychgate(&repository, ["check", "--all"]).exits(1);
    scene.lychgate(&repository, ["check"]).exits(0);
    scene
        .lychgate(&repository, ["check", "--range", "HEAD"])
        .exits(2);
    let gone = scene
        .lychgate(&repository, ["check", "--range", "no-such..HEAD"])
        .exits(2);
    assert!(gone.err.contains("no-such"), "{}", gone.err);
}

#[test]
fn files_anywhere_are_found_ignored_or_not_and_git_is_not_looked_into() {
    let scene = Scene::new();
    let folder = scene.path("plain");
    for (path, seed) in [
        ("deep/er/one", 6),
        (".hidden", 7),
        (".git/config", 8),
        ("build/x", 9),
    ] {
        let path = folder.join(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, format!("k={}\n", token(seed))).unwrap();
    }
    std::fs::write(folder.join(".gitignore"), "build/\n").unwrap();
    let secret = token(10);
    let target = format!("https://u:{secret}@example.org/x");
    std::os::unix::fs::symlink(&target, folder.join("link")).unwrap();
    let args = ["check", "--format", "ndjson", "--path", "plain"];
    let said = scene.lychgate(scene.root(), args).exits(1);
    let lines = lines(&said);
    let mut paths: Vec<&str> = lines.iter().filter_map(|l| l["path"].as_str()).collect();
    paths.dedup();
    assert_eq!(
        paths,
        [".hidden", "build/x", "deep/er/one", "link"],
        "{}",
        said.out
    );
    assert!(!said.out.contains(&secret));
    let one = ["check", "--format", "ndjson", "--path", "plain/.hidden"];
    let said = scene.lychgate(scene.root(), one).exits(1);
    assert!(
        said.out.contains("\"path\":\"plain/.hidden\""),
        "{}",
        said.out
    );
    scene
        .lychgate(scene.root(), ["check", "--path", "plain/.gitignore"])
        .exits(0);
    scene
        .lychgate(scene.root(), ["check", "--path", "plain/no-such"])
        .exits(2);
}

#[test]
fn a_file_that_cannot_be_read_is_not_clean() {
    let scene = Scene::new();
    let folder = scene.path("plain");
    std::fs::create_dir(&folder).unwrap();
    std::fs::write(folder.join("a"), "fine\n").unwrap();
    scene
        .lychgate(scene.root(), ["check", "--path", "plain"])
        .exits(0);
    // For root a mode hides nothing; a link to itself cannot be opened by anybody.
    std::os::unix::fs::symlink("loop", folder.join("loop")).unwrap();
    let named = ["check", "--path", "plain/loop"];
    let said = scene.lychgate(scene.root(), named);
    assert_eq!(said.code, 3, "{} {}", said.out, said.err);
    assert!(
        said.out.contains("1 file could not be read"),
        "{}",
        said.out
    );
    assert!(
        said.out
            .contains("not checked completely; judged 0 objects"),
        "{}",
        said.out
    );
}

#[test]
fn standard_input_is_judged_under_a_name() {
    let scene = Scene::new();
    let give = |content: &str| {
        let mut command = scene.command(scene.path("bin/lychgate"), scene.root());
        command.args([
            "check",
            "--format",
            "ndjson",
            "--stdin",
            "--as",
            "some/where.py",
        ]);
        let mut child = command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        child
            .stdin
            .take()
            .unwrap()
            .write_all(content.as_bytes())
            .unwrap();
        let done = child.wait_with_output().unwrap();
        (done.status.code(), String::from_utf8(done.stdout).unwrap())
    };
    let (code, out) = give(&format!("T = '{}'\n", token(11)));
    assert_eq!(code, Some(1), "{out}");
    assert!(out.contains("\"path\":\"some/where.py\""), "{out}");
    assert_eq!(give("T = 'none'\n").0, Some(0));
    scene.lychgate(scene.root(), ["check", "--stdin"]).exits(2);
    scene
        .lychgate(scene.root(), ["check", "--staged", "--all"])
        .exits(2);
}

#[test]
fn paths_that_are_not_text_are_escaped_and_secrets_in_them_masked() {
    let scene = Scene::new();
    let repository = scene.repository("r");
    let odd = std::ffi::OsStr::from_bytes(b"100%\xff\n.py");
    std::fs::write(repository.join(odd), format!("k={}\n", token(12))).unwrap();
    scene.git(&repository, ["add", "."]);
    let said = scene
        .lychgate(&repository, ["check", "--format", "ndjson"])
        .exits(1);
    assert_eq!(lines(&said)[0]["path"], "100%25%FF\n.py");
    let text = scene.lychgate(&repository, ["check"]).exits(1);
    assert!(text.out.contains("\n100%\\377\\n.py:1:3 "), "{}", text.out);

    let secret = token(13);
    std::fs::write(repository.join(format!("{secret}.txt")), "fine\n").unwrap();
    scene.git(&repository, ["add", "."]);
    for format in ["text", "json", "ndjson"] {
        let said = scene
            .lychgate(&repository, ["check", "--format", format])
            .exits(1);
        assert!(!said.out.contains(&secret), "{}", said.out);
    }
    let folder = scene.path("files");
    std::fs::create_dir(&folder).unwrap();
    std::fs::write(
        folder.join(format!("{secret}.txt")),
        format!("k={}\n", token(14)),
    )
    .unwrap();
    let said = scene
        .lychgate(scene.root(), ["check", "--path", "files"])
        .exits(1);
    assert!(!said.out.contains(&secret), "{}", said.out);
}

#[test]
fn debt_is_listed_and_does_not_block() {
    let scene = Scene::new();
    let (repository, _) = with_secret(&scene, 15);
    scene.git(&repository, ["commit", "-qm", "debt"]);
    let mut text = std::fs::read_to_string(repository.join("src/a.py")).unwrap();
    text.push_str("y = 2\n");
    std::fs::write(repository.join("src/a.py"), text).unwrap();
    scene.git(&repository, ["add", "."]);
    let said = scene.lychgate(&repository, ["check"]).exits(0);
    assert!(said.out.contains("existing"), "{}", said.out);
}

#[test]
fn what_is_less_sure_is_counted_and_listed_when_asked_for() {
    let scene = Scene::new();
    let folder = scene.path("files");
    std::fs::create_dir_all(folder.join("docs")).unwrap();
    let shown = format!("Set it up:\n\n    api_secret = \"{}\"\n", &token(9)[4..24]);
    std::fs::write(folder.join("docs/guide.adoc"), shown).unwrap();
    let path = folder.to_str().unwrap();
    let check = |more: &[&str]| {
        let asked = ["check", "--in-process", "--path", path];
        scene.lychgate(&folder, asked.iter().chain(more).copied())
    };
    let usual = check(&[]);
    assert_eq!(usual.code, 0, "{}", usual.err);
    assert_eq!(
        usual.out,
        "lychgate: 1 less sure finding is not listed (--confidence low)\n"
    );
    let told = lines(&check(&["--format", "ndjson"]));
    assert_eq!(told.len(), 1, "{told:?}");
    validates(&told[0], Some("verdict"));
    assert_eq!(
        told[0]["notes"][0],
        "1 less sure finding is not listed (--confidence low)"
    );
    let asked = check(&["--confidence", "low"]);
    assert!(asked.out.contains("docs/guide.adoc:3:"), "{}", asked.out);
    assert!(!asked.out.contains("not listed"), "{}", asked.out);
    let told = lines(&check(&["--confidence", "low", "--format", "ndjson"]));
    assert_eq!(told[0]["confidence"], "low");
    assert_eq!(told[1]["notes"].as_array().unwrap().len(), 0);
    // What blocks is listed however sure it has to be.
    std::fs::write(folder.join("a.py"), format!("T = \"{}\"\n", token(3))).unwrap();
    let told = lines(&check(&["--confidence", "high", "--format", "ndjson"]));
    assert_eq!(told.len(), 2, "{told:?}");
    assert_eq!(told[0]["path"], "a.py");
    assert_eq!(told[0]["blocks"], true);
}

#[test]
fn a_draft_of_exceptions_is_toml_with_every_blocking_object() {
    let scene = Scene::new();
    let (repository, secret) = with_secret(&scene, 16);
    scene.git(&repository, ["commit", "-qm", "leak"]);
    let said = scene
        .lychgate(&repository, ["check", "--all", "--accept-draft"])
        .exits(1);
    let blob = scene.git(&repository, ["rev-parse", "HEAD:src/a.py"]);
    let parsed: toml::Table = said.out.parse().unwrap();
    let stanza = &parsed["accept"][0];
    assert_eq!(stanza["object"].as_str().unwrap(), blob.trim());
    for key in ["repository", "rule", "by", "reason", "until"] {
        assert!(stanza.get(key).is_some(), "{key}");
    }
    assert!(!said.out.contains(&secret));
    // It is written for a work tree, and the path at a server is another.
    assert!(
        said.out.contains("At a server it has another path"),
        "{}",
        said.out
    );
    for wrong in [
        &["check", "--accept-draft"][..],
        &["check", "--staged", "--accept-draft"],
        &["check", "--range", "HEAD..", "--accept-draft"],
        &["check", "--path", ".", "--accept-draft"],
        &["check", "--all", "--format", "json", "--accept-draft"],
    ] {
        scene.lychgate(&repository, wrong.iter().copied()).exits(2);
    }
}

#[test]
fn a_draft_names_what_has_no_path_by_what_it_is() {
    let scene = Scene::new();
    let repository = scene.repository("r");
    let token = scene::token(31);
    scene.git(
        &repository,
        ["tag", "-a", "v1", "-m", &format!("k={token}")],
    );
    let said = scene
        .lychgate(&repository, ["check", "--all", "--accept-draft"])
        .exits(1);
    let tag = scene.git(&repository, ["rev-parse", "v1"]);
    let named = format!("# tag of {}, line ", &tag[..12]);
    assert!(said.out.contains(&named), "{}", said.out);
    assert!(!said.out.contains("# :"), "{}", said.out);
}

#[test]
fn timing_goes_to_standard_error() {
    let scene = Scene::new();
    let repository = scene.repository("r");
    let said = scene.lychgate(&repository, ["check", "--timing"]).exits(0);
    assert_eq!(said.out, "");
    for part in ["enumerate", "stream", "verdict", "scan", "total"] {
        assert!(said.err.contains(part), "{}", said.err);
    }
}

#[test]
fn hooks_that_insist_on_a_daemon_make_check_insist() {
    let scene = Scene::new();
    let repository = scene.repository("r");
    scene
        .lychgate(&repository, ["install", "--unavailable", "deny"])
        .exits(0);
    let said = scene.lychgate(&repository, ["check"]).exits(5);
    assert!(
        said.flat().starts_with("lychgate: not checked: no daemon"),
        "{}",
        said.err
    );
    scene
        .lychgate(&repository, ["check", "--in-process"])
        .exits(0);
    scene
        .lychgate(&repository, ["install", "--unavailable", "in-process"])
        .exits(0);
    scene.lychgate(&repository, ["check"]).exits(0);
}

#[test]
fn outside_a_repository_there_is_nothing_staged() {
    let scene = Scene::new();
    let said = scene.lychgate(&scene.path("home"), ["check"]).exits(2);
    assert!(
        said.err.starts_with("lychgate: not checked"),
        "{}",
        said.err
    );
}

#[test]
fn a_policy_that_cannot_be_used_is_refused_and_named() {
    let scene = Scene::new();
    let repository = scene.repository("r");
    let config = scene.path("extra.toml");
    std::fs::write(&config, "schema = 1\nno_such_key = true\n").unwrap();
    let run = |config: &Path| {
        let mut command = scene.command(scene.path("bin/lychgate"), &repository);
        scene::said(
            command
                .env("LYCHGATE_CONFIG", config)
                .args(["check", "--in-process"]),
        )
    };
    let said = run(&config).exits(4);
    assert!(
        said.flat()
            .contains("extra.toml:2:1: no_such_key: unknown key"),
        "{}",
        said.err
    );
    // What did not happen comes first, and a path alone may be wider than the page.
    assert!(
        said.err.starts_with("lychgate: not checked: "),
        "{}",
        said.err
    );
    for line in said.err.lines().filter(|line| line.len() > 80) {
        assert!(!line.trim_start().contains(' '), "{line}");
    }
    std::fs::write(&config, "schema = 1\n").unwrap();
    run(&config).exits(0);
}

#[test]
fn a_policy_of_the_repository_that_cannot_be_used_denies_and_is_named() {
    let scene = Scene::new();
    let repository = scene.repository("r");
    std::fs::create_dir(repository.join(".lychgate")).unwrap();
    let write = |text: &str| {
        std::fs::write(repository.join(".lychgate/policy.toml"), text).unwrap();
        scene.git(&repository, ["add", "."]);
    };
    write("schema = 1\nno_such_key = true\n");
    let said = scene.lychgate(&repository, ["check"]).exits(4);
    assert!(
        said.out
            .contains(".lychgate/policy.toml:2:1: no_such_key: unknown"),
        "{}",
        said.out
    );
    write("schema = 1\n");
    scene.lychgate(&repository, ["check"]).exits(0);
}
