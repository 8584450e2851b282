//! Every pack of `config/packs`: compiled in, and good in all its examples.

#![allow(clippy::unwrap_used, reason = "a test may end with a panic")]

use std::path::{Path, PathBuf};

use lychgate_scan::{RuleSet, check_pack, packs};

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
        for problem in check_pack(&name(&file), &text) {
            wrong.push_str(&format!("{problem}\n"));
        }
    }
    assert!(wrong.is_empty(), "\n{wrong}");
}

#[test]
fn references_to_stores_are_good_and_only_in_force_when_asked_for() {
    let stores = packs::STORES;
    let wrong = check_pack(stores.name, stores.text);
    assert!(wrong.is_empty(), "{wrong:?}");
    let set = RuleSet::built_in().unwrap();
    let ids = |set: &RuleSet| {
        let ids = set.rules().iter().map(|r| r.id.as_str().to_owned());
        let stores = ids.filter_map(|id| id.strip_prefix(packs::STORE).map(str::to_owned));
        stores.collect::<Vec<_>>()
    };
    assert!(ids(&set).is_empty());
    let with = set.approving(&["op".to_owned()]).unwrap();
    assert!(!ids(&with).contains(&"op".to_owned()) && ids(&with).len() == 12);
    assert_ne!(with.matching_digest(), set.matching_digest());
}

#[test]
fn packs_do_not_contradict_each_other() {
    let texts: Vec<(String, String)> = files()
        .iter()
        .map(|f| (name(f), std::fs::read_to_string(f).unwrap()))
        .collect();
    let sources: Vec<lychgate_scan::PackSource<'_>> = texts
        .iter()
        .map(|(name, text)| lychgate_scan::PackSource { name, text })
        .collect();
    let (set, problems) = RuleSet::load(&sources);
    let all: String = problems.iter().map(|p| format!("{p}\n")).collect();
    assert!(set.is_some(), "\n{all}");
}

#[test]
fn the_packs_compiled_in_are_those_of_the_folder() {
    let mut compiled: Vec<String> = packs::BUILT_IN.iter().map(|p| p.name.to_owned()).collect();
    compiled.sort();
    let folder: Vec<String> = files().iter().map(|f| name(f)).collect();
    assert_eq!(
        compiled, folder,
        "one line each in crates/scan/src/packs.rs"
    );
    RuleSet::built_in().unwrap();
}

#[test]
fn patterns_of_packs_that_were_tested_compile_when_they_are_needed() {
    // Copies, as a caller that composes sources has them.
    let copies: Vec<(String, String)> = packs::BUILT_IN
        .iter()
        .map(|p| (p.name.to_owned(), p.text.to_owned()))
        .collect();
    let sources: Vec<lychgate_scan::PackSource<'_>> = copies
        .iter()
        .map(|(name, text)| lychgate_scan::PackSource { name, text })
        .collect();
    for set in [
        RuleSet::load(&sources).0.unwrap(),
        RuleSet::built_in().unwrap(),
    ] {
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
