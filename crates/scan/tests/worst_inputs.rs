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
    let (mut out, mut scratch) = (Scanned::default(), Scratch::new());
    let input = Input {
        kind: ObjectKind::Blob,
        hash: HashKind::Sha1,
        bytes,
    };
    set.scan(input, &key(), &mut scratch, &mut out);
    (scratch.work() as f64 / bytes.len() as f64, out)
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

/// Each piece of text stands in the windows of many rules, and few of them read it.
#[test]
fn the_keywords_of_all_rules_in_a_row_are_read_a_few_times() {
    let set = RuleSet::built_in().unwrap();
    let words = set.keywords();
    let tight = b"=x~^`@|%#!?&+[{}]$;<>.aB3dE5gH7jK9mN1pQ3sT5vW7yZ9bC1eF3hJ5kL7n,";
    for (between, most) in [(&b" "[..], 3.0), (b"\n", 3.0), (b": ", 4.0), (tight, 2.0)] {
        let row = words.join(between);
        let bytes = row.repeat((64usize << 10).div_ceil(row.len()));
        let (plain, out) = work(&set, &bytes);
        assert!(plain < most, "{plain}");
        assert!(!out.truncated);
        // Of text that comes in pieces the ends of pieces are not read over and over.
        let wide: Vec<u8> = bytes.iter().flat_map(|b| [*b, 0]).collect();
        let (wide, _) = work(&set, &[b"\xff\xfe", wide.as_slice()].concat());
        assert!(wide < most, "{wide}");
    }
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
    let (_, out) = work(&set, row.get(..4096).unwrap().as_bytes());
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
