//! Every pack of `config/packs`: compiled in, and good in all its examples.

#![allow(clippy::unwrap_used, reason = "a test may end with a panic")]

use std::path::{Path, PathBuf};

use lychgate_scan::{PackSource, RuleSet, check_pack, poor_examples};

fn files() -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../config/packs");
    let mut files: Vec<PathBuf> = std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|e| e == "toml"))
        .collect();
    files.sort();
    files
}

fn name(path: &Path) -> String {
    format!(
        "config/packs/{}",
        path.file_name().unwrap().to_string_lossy()
    )
}

#[test]
fn every_pack_is_good() {
    let mut wrong = String::new();
    for file in files() {
        let text = std::fs::read_to_string(&file).unwrap();
        let few = poor_examples(&name(&file), &text);
        for problem in check_pack(&name(&file), &text).iter().chain(&few) {
            wrong.push_str(&format!("{problem}\n"));
        }
    }
    assert!(wrong.is_empty(), "\n{wrong}");
}

#[test]
fn references_to_stores_are_good_and_only_in_force_when_asked_for() {
    let text = include_str!("../../../config/stores.toml");
    let mut wrong = check_pack("config/stores.toml", text);
    wrong.extend(poor_examples("config/stores.toml", text));
    assert!(wrong.is_empty(), "{wrong:?}");
    let set = RuleSet::built_in().unwrap();
    let ids = |set: &RuleSet| {
        let ids = set.rules().iter().map(|r| r.id.as_str().to_owned());
        let stores = ids.filter_map(|id| id.strip_prefix("store.").map(str::to_owned));
        stores.collect::<Vec<_>>()
    };
    assert!(ids(&set).is_empty());
    let with = set.approving(&["op".to_owned()]).unwrap();
    assert!(!ids(&with).contains(&"op".to_owned()) && ids(&with).len() == 12);
    assert_ne!(with.matching_digest(), set.matching_digest());
}

/// The packs as a reader of files has them.
fn parsed() -> RuleSet {
    let texts: Vec<(String, String)> = files()
        .iter()
        .map(|f| (name(f), std::fs::read_to_string(f).unwrap()))
        .collect();
    let sources: Vec<PackSource<'_>> = texts
        .iter()
        .map(|(name, text)| PackSource { name, text })
        .collect();
    let (set, problems) = RuleSet::load(&sources);
    let all: String = problems.iter().map(|p| format!("{p}\n")).collect();
    assert!(set.is_some(), "\n{all}");
    set.unwrap()
}

#[test]
fn the_packs_compiled_in_are_the_files() {
    let (files, table) = (parsed(), RuleSet::built_in().unwrap());
    assert_eq!(files.rules().len(), table.rules().len());
    for (file, compiled) in files.rules().iter().zip(table.rules()) {
        assert_eq!(format!("{file:?}"), format!("{compiled:?}"));
    }
    assert_eq!(files.keywords(), table.keywords());
    assert_eq!(files.matching_digest(), table.matching_digest());
    assert_eq!(files.digest(), table.digest());
}

#[test]
fn an_added_pack_takes_no_id_of_a_built_in_one() {
    let file = files().into_iter().find(|f| f.ends_with("github.toml"));
    let text = std::fs::read_to_string(file.unwrap()).unwrap();
    let add = |text: &str| {
        let name = "mine.toml";
        RuleSet::built_in_with(&[PackSource { name, text }])
    };
    let text = text.replacen("id = \"github\"", "id = \"mine\"", 1);
    let (set, problems) = add(&text);
    assert!(set.is_none() && !problems.is_empty());
    for problem in &problems {
        let said = &problem.message;
        let end = "is taken already, in the built-in pack github";
        assert!(said.ends_with(end), "{said}");
    }
    let (set, problems) = add(&text.replace("id = \"github.", "id = \"mine."));
    assert!(problems.is_empty(), "{problems:?}");
    let set = set.unwrap();
    assert!(set.rules().len() > RuleSet::built_in().unwrap().rules().len());
}

#[test]
fn patterns_compile_when_they_are_needed() {
    for set in [parsed(), RuleSet::built_in().unwrap()] {
        assert_eq!(set.compiled(), 0);
        let mut out = lychgate_scan::Scanned::default();
        let input = lychgate_scan::Input {
            kind: lychgate_model::ObjectKind::Blob,
            hash: lychgate_model::HashKind::Sha1,
            bytes: b"nothing but gh\x70_ and no token",
        };
        let key = lychgate_scan::ValueKey::new([1; 32]);
        set.scan(input, &key, &mut lychgate_scan::Scratch::new(), &mut out);
        assert!((1..5).contains(&set.compiled()), "{}", set.compiled());
    }
}

/// An underscore is no end of a word where a token begins with letters of its own: `prod_TOKEN`
/// and `TOKEN_old` hold it.
#[test]
fn a_pattern_that_begins_with_a_prefix_begins_behind_an_underscore_too() {
    for path in files() {
        let text = std::fs::read_to_string(&path).unwrap();
        for (number, line) in text.lines().enumerate() {
            let glued = line.strip_prefix(r"pattern = '\b(").is_some_and(|pattern| {
                let letters = pattern.bytes().take_while(u8::is_ascii_alphanumeric);
                letters.count() >= 3
            });
            let place = format!("{}:{}", path.display(), number + 1);
            assert!(!glued, "{place}: write '(?:\\b|_)(' for '\\b('");
        }
    }
}
