//! A `.gitleaks.toml` means here what it means there.

#![allow(clippy::unwrap_used, reason = "a test may end with a panic")]

mod fixture;

use fixture::{key, rules};
use lychgate_model::{HashKind, ObjectKind, Problem};
use lychgate_scan::{Input, PackSource, RawFinding, RuleSet, Scanned, Scratch};

fn adopt(text: &str) -> Result<RuleSet, Vec<Problem>> {
    let source = PackSource {
        name: ".gitleaks.toml",
        text,
    };
    rules().adopting(source, false)
}

fn found(set: &RuleSet, text: &str) -> Vec<(String, RawFinding)> {
    let mut out = Scanned::default();
    let input = Input {
        kind: ObjectKind::Blob,
        hash: HashKind::Sha1,
        bytes: text.as_bytes(),
    };
    set.scan(input, &key(), &mut Scratch::new(), &mut out);
    let named = |f: RawFinding| (set.rules()[f.rule as usize].id.to_string(), f);
    let of_file = |(id, _): &(String, RawFinding)| id.starts_with("gitleaks.");
    out.findings
        .into_iter()
        .map(named)
        .filter(of_file)
        .collect()
}

fn value_of(text: &str, finding: &RawFinding) -> String {
    text[finding.span.byte_start as usize..finding.span.byte_end as usize].to_owned()
}

#[test]
fn group_entropy_keywords_and_stopwords_decide() {
    let set = adopt(
        r#"
title = "x"
[extend]
useDefault = true
disabledRules = ["generic-api-key"]
[[rules]]
id = "Acme_Key"
description = "Acme key"
regex = '''acme[-_](key)\s*=\s*"([a-z0-9]{20})"'''
secretGroup = 2
keywords = ["ACME"]
entropy = 2.5
tags = ["key"]
[[rules.allowlists]]
stopwords = ["sample"]
"#,
    )
    .unwrap();
    let text = "acme_key = \"k3j9x0q2m7w4e8r1t5y6\"\n";
    let hits = found(&set, text);
    assert_eq!(hits.len(), 1);
    assert_eq!(hits[0].0, "gitleaks.acme-key");
    assert_eq!(value_of(text, &hits[0].1), "k3j9x0q2m7w4e8r1t5y6");
    for quiet in [
        "acme_key = \"aaaaaaaaaaaaaaaaaaab\"\n",
        "acme_key = \"k3j9sample2m7w4e8r1t\"\n",
        "ACME_KEY = \"k3j9x0q2m7w4e8r1t5y6\"\n",
        "akme_key = \"k3j9x0q2m7w4e8r1t5y6\"\n",
    ] {
        assert!(found(&set, quiet).is_empty(), "{quiet}");
    }
}

#[test]
fn a_rule_without_keywords_looks_at_everything_and_a_keyword_may_be_far() {
    let set = adopt(
        "[[rules]]\nid = \"a\"\nregex = '''zq[0-9]{6}'''\n\
         [[rules]]\nid = \"b\"\nregex = '''wx[0-9]{6}'''\nkeywords = [\"needle\"]\n",
    )
    .unwrap();
    let far = "filler text\n".repeat(2000);
    let text = format!("zq123456\nneedle\n{far}wx123456 zq654321");
    let ids: Vec<String> = found(&set, &text).into_iter().map(|f| f.0).collect();
    assert_eq!(ids, ["gitleaks.a", "gitleaks.b", "gitleaks.a"]);
    assert_eq!(found(&set, &text.replace("needle", "")).len(), 2);
}

#[test]
fn targets_and_conditions_of_allow_lists_are_kept_apart() {
    let with = |list: &str| {
        adopt(&format!(
            "[[rules]]\nid = \"t\"\nregex = '''tok=([a-z]{{8}})'''\n[[rules.allowlists]]\n{list}"
        ))
        .unwrap()
    };
    let text = "let x = tok=abcdefgh; // for-tests\n";
    for (list, excused) in [
        ("regexTarget = \"line\"\nregexes = ['for-tests']", true),
        ("regexTarget = \"match\"\nregexes = ['^tok=abc']", true),
        ("regexTarget = \"match\"\nregexes = ['for-tests']", false),
        ("regexes = ['^abcdefgh$']", true),
        ("regexes = ['tok=']", false),
        (
            "condition = \"AND\"\nregexes = ['^abc']\nstopwords = ['zzz']",
            false,
        ),
        (
            "condition = \"AND\"\nregexes = ['^abc']\nstopwords = ['def']",
            true,
        ),
        ("regexes = ['^nothing']\nstopwords = ['def']", true),
    ] {
        assert_eq!(found(&with(list), text).is_empty(), excused, "{list}");
    }
    // Paths and commits wait for the verdict.
    let set = with("condition = \"AND\"\npaths = ['^docs/']\nregexes = ['^abc']");
    let hit = &found(&set, text)[0].1;
    let rule = &set.rules()[hit.rule as usize];
    assert!(rule.excuses(hit, Some(b"docs/a.md"), None));
    assert!(!rule.excuses(hit, Some(b"src/a.rs"), None));
    let other = found(&set, "tok=zzzdefgh");
    assert!(!rule.excuses(&other[0].1, Some(b"docs/a.md"), None));
}

#[test]
fn global_lists_speak_for_the_rules_of_the_file_or_for_those_they_target() {
    let set = adopt(
        r#"
[[rules]]
id = "one"
regex = 'one=([a-z]{8})'
[[rules]]
id = "two"
regex = 'two=([a-z]{8})'
[[allowlists]]
stopwords = ["everyone"]
[[allowlists]]
targetRules = ["two"]
regexes = ['^abc']
"#,
    )
    .unwrap();
    let ids = |text: &str| -> Vec<String> { found(&set, text).into_iter().map(|f| f.0).collect() };
    assert_eq!(ids("one=abcdefgh two=abcdefgh"), ["gitleaks.one"]);
    assert!(ids("one=everyone two=everyone").is_empty());
}

#[test]
fn required_rules_have_to_stand_near_and_helpers_are_not_reported() {
    let set = adopt(
        r#"
[[rules]]
id = "pair"
regex = 'secret=([a-z]{8})'
[[rules.required]]
id = "user"
withinLines = 2
[[rules]]
id = "user"
regex = 'user=([a-z]{4})'
skipReport = true
"#,
    )
    .unwrap();
    let ids = |text: &str| -> Vec<String> { found(&set, text).into_iter().map(|f| f.0).collect() };
    assert_eq!(ids("user=abcd\nsecret=abcdefgh"), ["gitleaks.pair"]);
    assert!(ids("secret=abcdefgh").is_empty());
    assert!(ids("user=abcd\n\n\n\nsecret=abcdefgh").is_empty());
}

#[test]
fn what_cannot_be_meant_is_refused_with_its_place() {
    for (text, key, says) in [
        (
            "[[rules]]\nid=\"x\"\nregex=\"(unclosed\"\n",
            "x: regex",
            "unclosed",
        ),
        (
            "[[rules]]\nid=\"x\"\nregex='''\\p{L}+'''\n",
            "x: regex",
            "Unicode",
        ),
        (
            "[[rules]]\nid=\"x\"\nregex='[a-z]{5000}x'\n",
            "x: regex",
            "bounded repeats",
        ),
        ("[[rules]]\nregex='a+'\n", "rules.id", "missing"),
        ("[[rules]]\nid=\"x\"\n", "x: regex", "missing"),
        (
            "[[rules]]\nid=\"x\"\nregex='(a)'\nsecretGroup=2\n",
            "x: secretGroup",
            "groups",
        ),
        (
            "[[rules]]\nid=\"x\"\nregex='a'\n[[rules.allowlists]]\n",
            "x: allowlists",
            "nothing",
        ),
        (
            "[[rules]]\nid=\"x\"\nregex='[a-z]*'\n",
            "x: regex",
            "nothing at all",
        ),
        ("[[rules]]\nid=\"x\"\nregex=''\n", "x: regex", "missing"),
        (
            "[[rules]]\nid=\"x\"\nregex='a'\n[[rules.required]]\nid=\"y\"\n",
            "x: required.id",
            "does not hold",
        ),
        (
            "[extend]\npath=\"other.toml\"\n",
            "extend.path",
            "another file",
        ),
        ("[[rules]\n", "", ""),
    ] {
        let problems = adopt(text).unwrap_err();
        assert_eq!(problems.len(), 1, "{text}: {problems:?}");
        assert_eq!(problems[0].key, key, "{text}");
        assert!(
            problems[0].message.contains(says),
            "{}",
            problems[0].message
        );
        assert!(problems[0].line > 0, "{text}");
    }
}

#[test]
fn a_token_in_the_file_is_not_said_again() {
    let body: String = (0..36u8).map(|n| char::from(b'a' + n * 7 % 26)).collect();
    let token = format!("gh{}{body}9", "p_");
    for text in [
        format!("[[rules]]\nid='{token}'\nregex='(x'\n"),
        format!("[[rules]]\nid='x'\nregex='a'\n[[rules.required]]\nid='{token}'\n"),
        format!("[[rules]]\nid='x'\nregex='{token}('\n"),
        format!("[[rules]]\nid='x'\nregex='a'\nsecretGroup='{token}'\n"),
        format!("[[rules]]\nid='x'\n[[rules.allowlists]]\ncondition='{token}'\n"),
        format!("[extend]\nurl='{token}'\n"),
        format!("{token} = 1\n{token} = 2\n"),
        format!("a = {token}\n"),
    ] {
        let problems = adopt(&text).unwrap_err();
        let said: String = problems.iter().map(|p| p.to_string()).collect();
        assert!(said.contains(".gitleaks.toml:"), "{said}");
        assert!(!said.contains(&token[8..]), "a problem quotes the token");
    }
    // A good rule is found under its number, and its title says nothing either.
    let text = format!("[[rules]]\nid='{token}'\ndescription='{token}'\nregex='qq[0-9]{{4}}'\n");
    let set = adopt(&text).unwrap();
    let hits = found(&set, "qq1234");
    assert_eq!(hits[0].0, "gitleaks.rule-1");
    assert!(
        !set.rules()[hits[0].1.rule as usize]
            .title
            .contains(&token[8..])
    );
    let set = adopt(&text.replace(&token, "acme-key")).unwrap();
    assert_eq!(found(&set, "qq1234")[0].0, "gitleaks.acme-key");
}

#[test]
fn rules_of_another_file_are_another_set() {
    let one = adopt("[[rules]]\nid=\"x\"\nregex='aaa'\n").unwrap();
    let two = adopt("[[rules]]\nid=\"x\"\nregex='aab'\n").unwrap();
    let lists = "[[rules]]\nid=\"x\"\nregex='aaa'\n[[rules.allowlists]]\nstopwords=['b']\n";
    let three = adopt(lists).unwrap();
    assert_ne!(one.matching_digest(), two.matching_digest());
    assert_ne!(one.matching_digest(), three.matching_digest());
    assert_ne!(one.matching_digest(), rules().matching_digest());
}

#[test]
fn patterns_that_take_too_much_memory_refuse_the_file() {
    let rule = |n: usize| {
        format!("[[rules]]\nid = \"r{n}\"\nregex = '''[a-z0-9_.]{{0,900}}[a-z]{{500,900}}q{n}'''\n")
    };
    let many: String = (0..400).map(rule).collect();
    let problems = adopt(&many).unwrap_err();
    assert!(problems[0].message.contains("MiB"), "{problems:?}");
    let few: String = (0..3).map(rule).collect();
    assert!(adopt(&few).is_ok());
}

#[test]
fn a_key_that_nothing_reads_is_said_and_refuses_nothing() {
    let text = "title = 'x'\nminVersion = 'v8.25.0'\nrulez = 1\n\
        [extend]\nuseDefault = true\ndisabledRules = ['a']\n\
        [[rules]]\nid = 'first'\nregex = 'abc[0-9]{8}'\ntags = ['x']\ndescription = 'y'\n\
        [[rules]]\nid = 'acme'\nregex = 'acme[0-9]{8}'\nsecretGrp = 1\n\
        [[rules.allowlists]]\ndescription = 'z'\nstopwords = ['b']\nregexs = ['b']\n";
    let set = adopt(text).unwrap();
    let notes = set.without_effect();
    let has = |at: usize, words: &[&str]| words.iter().all(|w| notes[at].contains(w));
    assert_eq!(notes.len(), 3, "{notes:?}");
    assert!(has(0, &["acme: ", "`regexs`"]), "{notes:?}");
    assert!(has(1, &["acme: ", "`secretGrp`"]), "{notes:?}");
    assert!(has(2, &["`rulez` is no key"]), "{notes:?}");
    assert_eq!(found(&set, "acme12345678")[0].0, "gitleaks.acme");
    // A key may be anything, a token too.
    let token = fixture::token(3);
    let notes = adopt(&format!("'{token}' = 1\n")).unwrap();
    assert!(!notes.without_effect()[0].contains(&token));
    let many: String = (0..30).map(|n| format!("k{n} = 1\n")).collect();
    let notes = adopt(&many).unwrap();
    assert_eq!(notes.without_effect().len(), 9);
    assert!(notes.without_effect()[8].contains("22 more"));
    let good = text
        .replace("secretGrp", "secretGroup")
        .replace("regexs", "regexes");
    let good = good
        .replace("rulez = 1\n", "")
        .replace("acme[0-9]{8}", "(acme[0-9]{8})");
    assert!(adopt(&good).unwrap().without_effect().is_empty());
}

#[test]
fn what_only_tunes_a_rule_of_theirs_is_without_effect_and_ours_stay() {
    let tuned = "[extend]\nuseDefault = true\n[[rules]]\nid = \"generic-api-key\"\n\
        [[rules.allowlists]]\nregexes = ['.*']\n";
    let own = "[[rules]]\nid = \"acme\"\nregex = 'acme[0-9]{8}'\n";
    let set = adopt(&format!("{tuned}{own}")).unwrap();
    assert_eq!(set.without_effect().len(), 1);
    assert!(set.without_effect()[0].contains("generic-api-key"));
    assert_eq!(set.rules().len(), rules().rules().len() + 1);
    assert_eq!(found(&set, "acme12345678")[0].0, "gitleaks.acme");
    // Without gitleaks' own rules there is nothing it could tune.
    let alone = tuned.replace("useDefault = true", "useDefault = false");
    assert!(adopt(&alone).is_err());
    // What would find something is a rule, and is translated or refused.
    assert!(adopt(&tuned.replace("[[rules.allow", "regex = '('\n[[rules.allow")).is_err());
    let path = adopt(&tuned.replace("[[rules.allow", "path = 'x'\n[[rules.allow")).unwrap();
    assert!(path.without_effect().is_empty());
}
