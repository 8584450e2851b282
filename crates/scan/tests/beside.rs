//! Keys known by the name of their service: found, and told from what merely stands near.

#![allow(clippy::unwrap_used, reason = "a test may end with a panic")]

mod fixture;

use fixture::key;
use lychgate_model::{HashKind, ObjectKind};
use lychgate_scan::shapeless::Fact;
use lychgate_scan::{Input, RuleSet, Scanned, Scratch};

/// Made at run time, so that nothing here looks like a secret.
fn hex(length: usize) -> String {
    let mut state = 0x2545_f491_4f6c_dd1d_u64;
    let mut next = || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        char::from(b"0123456789abcdef"[usize::try_from(state >> 60).unwrap()])
    };
    (0..length).map(|_| next()).collect()
}

fn rules(text: &str) -> Vec<String> {
    let set = RuleSet::built_in().unwrap();
    let mut out = Scanned::default();
    let input = Input {
        kind: ObjectKind::Blob,
        hash: HashKind::Sha1,
        bytes: text.as_bytes(),
    };
    set.scan(input, &key(), &mut Scratch::new(), &mut out);
    let id = |f: &lychgate_scan::RawFinding| set.rules()[f.rule as usize].id.to_string();
    out.findings.iter().map(id).collect()
}

#[test]
fn one_rule_speaks_about_a_key_and_its_twin_passes() {
    let (short, long) = (hex(32), hex(40));
    for (text, rule) in [
        (format!("formspree_key = \"{short}\"\n"), "service.hex-key"),
        (
            format!("formspree: {short}  # formspree, vatlayer\n"),
            "service.hex-key",
        ),
        // A rule of the vendor's own, where there is one.
        (
            format!("DD_API_KEY=x\ndatadog_api_key: \"{short}\"\n"),
            "datadog.api-key-named",
        ),
        (
            format!("x = \"http://api.formspree.com/check?access_key={short}\""),
            "service.hex-key",
        ),
    ] {
        assert_eq!(rules(&text), [rule], "{text}");
    }
    for text in [
        format!("formspree_commit = \"{long}\"\n"),
        format!("uses: formspree/setup@{long}\n"),
        format!("see formspree {short}\n"),
        format!("formspree_url = \"https://example.com/{short}/x\"\n"),
    ] {
        assert!(rules(&text).is_empty(), "{text}");
    }
}

#[test]
fn a_spoilt_key_is_doubted() {
    let set = RuleSet::built_in().unwrap();
    let facts = |text: &str| {
        let mut out = Scanned::default();
        let input = Input {
            kind: ObjectKind::Blob,
            hash: HashKind::Sha1,
            bytes: text.as_bytes(),
        };
        set.scan(input, &key(), &mut Scratch::new(), &mut out);
        let of = |fact| out.findings.iter().any(|f| f.evidence.has(fact));
        (of(Fact::OtherLength), of(Fact::BrokenOff))
    };
    let value = hex(31);
    for (text, want) in [
        (format!("formspree_api_key = \"{value}\"\n"), (true, false)),
        (format!("somebody_api_key = \"{value}\"\n"), (false, false)),
        (
            format!("somebody_api_key = \"{}?{value}\"\n", hex(4)),
            (false, true),
        ),
        (
            format!("somebody_password = \"{}?{value}\"\n", hex(4)),
            (false, false),
        ),
    ] {
        assert_eq!(facts(&text), want, "{text}");
    }
}

#[test]
fn it_is_found_wherever_the_object_is_cut() {
    let set = RuleSet::built_in().unwrap();
    let text = format!(
        "{}\nformspree_key = \"{}\"\n{}",
        "x ".repeat(900),
        hex(32),
        " y".repeat(900)
    );
    let place = text.find("formspree").unwrap();
    for cut in place - 3..place + 60 {
        let mut scratch = Scratch::new();
        let mut stream = set.stream(ObjectKind::Blob, &mut scratch);
        let (one, two) = text.as_bytes().split_at(cut);
        let mut out = Scanned::default();
        stream.feed(&set, &key(), &mut scratch, one);
        stream.feed(&set, &key(), &mut scratch, two);
        stream.finish(&set, &key(), &mut scratch, &mut out);
        assert_eq!(out.findings.len(), 1, "{cut}");
    }
}

#[test]
fn a_line_of_a_log_gives_the_key_of_the_service_it_names() {
    let (short, long) = (hex(32), hex(40));
    for text in [
        format!("[INFO] Sending request to the ipstack API\n[DEBUG] Using Key={short}\n"),
        format!("INFO Connecting to Weights and Biases...\nDEBUG key={long}\n"),
        format!("default Fixer credentials ({short})\n"),
        format!("ERROR copper rejected our access token {short}: 401\n"),
        format!("variable \"hunter_key\" {{\n  type = string\n  default = \"{long}\"\n}}\n"),
    ] {
        assert_eq!(rules(&text).len(), 1, "{text}");
    }
    for text in [
        format!("[INFO] the ipstack API answered\n[DEBUG] commit {short}\n"),
        format!("Connecting to Weights and Biases...\nrev={long}\n"),
        format!("# ipstack\n{short}\n"),
        format!("copper is dear: the token of {short} is spent\n"),
        format!("variable \"hunter_id\" {{\n  type = string\n  default = \"{long}\"\n}}\n"),
    ] {
        assert!(rules(&text).is_empty(), "{text}");
    }
}

#[test]
fn a_check_that_is_only_supposed_leaves_a_finding_listed() {
    let set = RuleSet::built_in().unwrap();
    let text = format!("x = \"np{}m_{}\"\n", "", hex(36));
    let mut out = Scanned::default();
    let input = Input {
        kind: ObjectKind::Blob,
        hash: HashKind::Sha1,
        bytes: text.as_bytes(),
    };
    set.scan(input, &key(), &mut Scratch::new(), &mut out);
    let [found] = out.findings.as_slice() else {
        panic!("{} findings", out.findings.len());
    };
    assert_eq!(found.confidence, lychgate_model::Confidence::Medium);
    assert!(found.severity >= lychgate_model::Severity::High);
}
