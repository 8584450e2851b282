//! Inputs made to cost much: the work done is counted, not timed (DM-09).

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test may end with a panic"
)]

mod fixture;

use fixture::{key, rules, token};
use lychgate_model::{HashKind, ObjectKind};
use lychgate_scan::{Input, PackSource, RuleSet, Scanned, Scratch};

const MIB: usize = 1 << 20;

/// Bytes given to patterns per byte of input.
fn work(set: &RuleSet, bytes: &[u8]) -> (f64, Scanned) {
    let mut scratch = Scratch::new();
    let out = scan(set, &mut scratch, bytes);
    (scratch.work() as f64 / bytes.len() as f64, out)
}

fn scan(set: &RuleSet, scratch: &mut Scratch, bytes: &[u8]) -> Scanned {
    let mut out = Scanned::default();
    let input = Input {
        kind: ObjectKind::Blob,
        hash: HashKind::Sha1,
        bytes,
    };
    set.scan(input, &key(), scratch, &mut out);
    out
}

/// Bytes given to patterns per byte, whether all was judged, and which part of what it may cost an
/// object cost.
fn cost(set: &RuleSet, bytes: &[u8]) -> (f64, bool, f64) {
    let mut scratch = Scratch::new();
    let out = scan(set, &mut scratch, bytes);
    let work = scratch.work() as f64 / bytes.len() as f64;
    let share = scratch.spent() as f64 / scratch.allowed() as f64;
    (work, out.truncated, share)
}

#[test]
fn text_without_keywords_costs_no_pattern() {
    let set = RuleSet::built_in().unwrap();
    for bytes in [
        vec![b' '; MIB],
        vec![0; MIB],
        vec![b'\n'; MIB],
        vec![0xff; MIB],
    ] {
        let (work, out) = work(&set, &bytes);
        assert_eq!(work, 0.0);
        assert!(out.is_clean());
    }
}

#[test]
fn a_line_of_ten_megabytes_is_one_line() {
    let mut bytes = vec![b'a'; 10 * MIB];
    bytes.extend_from_slice(format!(" {}", token(1)).as_bytes());
    let (work, out) = work(&rules(), &bytes);
    assert!(work < 0.01, "{work}");
    let column = u32::try_from(10 * MIB + 2).unwrap();
    assert_eq!(
        (out.findings[0].span.line, out.findings[0].span.column),
        (1, column)
    );
}

#[test]
fn a_keyword_repeated_is_searched_once() {
    for word in [
        "ghp_",
        "passphrase",
        "passphrase = ",
        "PRIVATE KEY-----",
        "xyzzy",
        "xyzzy_",
    ] {
        let (work, out) = work(&rules(), word.repeat(MIB / word.len()).as_bytes());
        assert!(work < 4.0, "{word}: {work}");
        assert!(out.findings.is_empty(), "{word}");
    }
}

#[test]
fn openings_without_ends_stay_linear() {
    let dashes = "-".repeat(5);
    let opening = format!("{dashes}BEGIN TEST PRIVATE KEY{dashes}\nAAAA");
    let quoted = "passphrase = \"abcdefgh";
    for text in [opening.as_str(), quoted] {
        let (work, _) = work(&rules(), text.repeat(MIB / text.len()).as_bytes());
        assert!(work < 40.0, "{work}");
    }
}

#[test]
fn one_match_of_a_megabyte_is_cut_not_chased() {
    let bytes = format!("xyzzy-{}", "a".repeat(MIB));
    let (work, out) = work(&rules(), bytes.as_bytes());
    assert!(work < 40.0, "{work}");
    assert!(!out.findings.is_empty());
}

#[test]
fn markers_repeated_on_one_line_stay_linear() {
    let head = concat!("# lychgate", ": allow ");
    let (_, out) = work(&rules(), head.repeat(MIB / head.len()).as_bytes());
    assert!(out.findings.len() <= lychgate_model::limits::FINDINGS_PER_OBJECT);
}

/// Each piece of text stands in the windows of many rules, and few of them read it. What they cost
/// beyond what an object may is not judged, and that is said.
#[test]
fn the_keywords_of_all_rules_in_a_row_cost_no_more_than_an_object_may() {
    let set = RuleSet::built_in().unwrap();
    let words = set.keywords();
    let tight = b"=x~^`@|%#!?&+[{}]$;<>.aB3dE5gH7jK9mN1pQ3sT5vW7yZ9bC1eF3hJ5kL7n,";
    for between in [&b""[..], b" ", b"\n", b": ", tight] {
        let row = words.join(between);
        let bytes = row.repeat((64usize << 10).div_ceil(row.len()));
        let wide: Vec<u8> = bytes.iter().flat_map(|b| [*b, 0]).collect();
        for bytes in [bytes, [b"\xff\xfe", wide.as_slice()].concat()] {
            let (work, truncated, share) = cost(&set, &bytes);
            assert!(work < 4.0, "{work}");
            assert!(share < 1.2, "{share}");
            assert!(truncated == (share > 1.0), "{share}");
        }
    }
}

/// What an object costs does not depend on what the worker read before.
#[test]
fn what_an_object_costs_is_its_own() {
    let set = RuleSet::built_in().unwrap();
    let words = set.keywords();
    let text = words
        .get(..400)
        .unwrap()
        .join(&b" = \"aB3dE5gH7jK9mN1pQ3sT5vW7yZ9bC1eF3hJ5kL7n\"\n"[..]);
    let (mut cold, mut warm) = (Scratch::new(), Scratch::new());
    scan(&set, &mut warm, &words.join(&b"_"[..]));
    scan(&set, &mut warm, &text);
    scan(&set, &mut cold, &text);
    assert!(cold.spent() > 0);
    assert_eq!(cold.spent(), warm.spent());
}

/// Beyond a limit it is not judged, and that is said.
#[test]
fn what_many_rules_read_over_and_over_is_too_much() {
    let rule = |n: usize| {
        format!(
            "[[rule]]\nid = \"many.r{n}\"\nversion = 1\ntitle = \"t\"\nseverity = \"low\"\n\
             confidence = \"low\"\ncategory = \"secret\"\nkeywords = [\"zqx\"]\n\
             pattern = '(\\w[ \\w]{{8,200}}q{n}q)'\nwindow = 4096\nwhy = \"w\"\nremediation = \"r\"\n\
             references = [\"x\"]\nexamples.bad = [\"b\"]\nexamples.good = [\"g\"]\n\
             playbook.rotation.steps = [\"s\"]\nplaybook.revocation.steps = [\"s\"]\n"
        )
    };
    let rules: String = (0..60).map(rule).collect();
    let text = format!("[pack]\nid = \"many\"\ntitle = \"Many\"\n{rules}");
    let (set, problems) = RuleSet::load(&[PackSource {
        name: "many.toml",
        text: &text,
    }]);
    let set = set.unwrap_or_else(|| panic!("{:?}", problems.first()));
    let row = "zqx abc ".repeat(MIB / 8);
    let (worked, out) = work(&set, row.as_bytes());
    assert!(worked < 20.0 && out.truncated, "{worked}");
    let (_, out) = work(&set, row.get(..16).unwrap().as_bytes());
    assert!(!out.truncated);
}

#[test]
fn every_keyword_of_every_pack_repeated_stays_linear() {
    let set = RuleSet::built_in().unwrap();
    for keyword in set.keywords() {
        let bytes = keyword.repeat((16 << 10) / keyword.len());
        let (work, _) = work(&set, &bytes);
        let rules = set.rules().len() as f64;
        assert!(
            work < 8.0 * rules,
            "{}: {work}",
            String::from_utf8_lossy(&keyword)
        );
    }
}
