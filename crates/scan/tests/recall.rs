//! Content keys: recognised in any place, made without a trace of the value.

#![allow(clippy::unwrap_used, reason = "a test may end with a panic")]

mod fixture;

use lychgate_model::{HashKind, ObjectKind};
use lychgate_scan::{Baseline, Entry, Input, RuleSet, Scanned, Scratch};

fn scan(rules: &RuleSet, text: &str) -> Scanned {
    let mut out = Scanned::default();
    let input = Input {
        kind: ObjectKind::Blob,
        hash: HashKind::Sha1,
        bytes: text.as_bytes(),
    };
    rules.scan(input, &fixture::key(), &mut Scratch::new(), &mut out);
    out
}

fn minted(seed: u8, text: &str) -> Vec<Entry> {
    let rules = fixture::rules();
    let found = scan(&rules.minting(&[], [seed; 32], &[]), text).findings;
    let entry = |f: lychgate_scan::RawFinding| Entry {
        key: f.recalled.minted.unwrap().key,
        rule: rules.rules()[f.rule as usize].id.clone(),
    };
    found.into_iter().map(entry).collect()
}

fn listed(entries: &[Entry]) -> Baseline {
    let text: String = entries.iter().map(|e| format!("{e}\n")).collect();
    Baseline::parse("baseline", &text).unwrap()
}

#[test]
fn a_listed_value_is_known_wherever_it_stands_and_another_is_not() {
    let (one, two) = (fixture::token(1), fixture::token(2));
    let entries = minted(9, &format!("t = {one}\n"));
    let baseline = listed(&entries);
    let rules = fixture::rules();
    let recalling = rules.recalling(&[&Baseline::default(), &baseline]);
    assert_ne!(recalling.recall_digest(), rules.recall_digest());
    let text = format!("\n\nt = {two}; u = {one}\r\n");
    let found = scan(&recalling, &text).findings;
    let known: Vec<_> = found
        .iter()
        .map(|f| f.recalled.known.map(|k| (k.baseline, k.entry)))
        .collect();
    assert_eq!(known, [None, Some((1, 0))]);
    // The same in every respect but this.
    let mut plain = scan(&rules, &text).findings;
    plain[1].recalled = found[1].recalled.clone();
    assert_eq!(plain, found);
}

#[test]
fn an_entry_speaks_for_its_rule_alone() {
    let mut entries = minted(9, &format!("t = {}\n", fixture::token(1)));
    entries[0].rule = lychgate_model::RuleId::new("test.password").unwrap();
    let recalling = fixture::rules().recalling(&[&listed(&entries)]);
    let found = scan(&recalling, &format!("t = {}\n", fixture::token(1))).findings;
    assert_eq!(found[0].recalled.known, None);
}

#[test]
fn every_run_salts_anew_and_one_run_names_a_value_once() {
    let text = format!(
        "t = {0}\nu = {0}\nv = {1}\n",
        fixture::token(1),
        fixture::token(2)
    );
    let one = minted(1, &text);
    assert_eq!(one[0], one[1]);
    assert_ne!(one[0], one[2]);
    let other = minted(2, &text);
    assert_ne!(one[0], other[0]);
    for entry in one.iter().chain(&other) {
        let told = format!("{entry} {entry:?}");
        assert!(!told.contains(&fixture::token(1)));
        let found = scan(
            &fixture::rules().recalling(&[&listed(&one), &listed(&other)]),
            &text,
        );
        assert!(found.findings.iter().all(|f| f.recalled.known.is_some()));
    }
}

#[test]
fn a_value_behind_a_disguise_is_the_same_value() {
    use base64::Engine as _;
    let token = fixture::token(1);
    let recalling = fixture::rules().recalling(&[&listed(&minted(3, &token))]);
    let hidden = base64::engine::general_purpose::STANDARD.encode(format!("token = {token}"));
    let found = scan(&recalling, &format!("v = \"{hidden}\"\n")).findings;
    assert!(
        found
            .iter()
            .any(|f| f.via.is_some() && f.recalled.known.is_some()),
        "{found:?}"
    );
}
