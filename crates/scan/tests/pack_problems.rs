//! A pack with problems: all of them, each at its place, and no rule set.

#![allow(clippy::unwrap_used, reason = "a test may end with a panic")]

mod fixture;

use fixture::PACK;
use lychgate_scan::{PackSource, RuleSet, check_pack};

fn problems(text: &str) -> Vec<String> {
    check_pack("test.toml", text)
        .iter()
        .map(ToString::to_string)
        .collect()
}

/// The pack of the fixture with one piece of text replaced.
fn changed(from: &str, to: &str) -> Vec<String> {
    let text = PACK.replacen(from, to, 1);
    assert_ne!(text, PACK, "{from}");
    problems(&text)
}

#[test]
fn the_fixture_itself_is_good() {
    assert_eq!(problems(PACK), Vec::<String>::new());
}

#[test]
fn each_mistake_is_named_with_its_place() {
    let line = |needle: &str| PACK.lines().position(|l| l.contains(needle)).unwrap() + 1;
    let cases = [
        (
            "check = \"github\"",
            "chekc = \"github\"",
            "unknown key",
            line("check = "),
        ),
        (
            "check = \"github\"",
            "check = \"githug\"",
            "unknown word `githug`",
            line("check = "),
        ),
        (
            "severity = \"critical\"",
            "severity = 3",
            "expected a string",
            line("severity = "),
        ),
        (
            "keywords = [\"ghp_\"]",
            "keywords = [\"gh\"]",
            "is not 3 to 64",
            line("keywords = "),
        ),
        (
            "keywords = [\"ghp_\"]",
            "keywords = [\"ghp_\", \"<<<\"]",
            "wherever a line is set in",
            line("keywords = "),
        ),
        (
            "keywords = [\"ghp_\"]",
            "keywords = [\"ghp_\", \" * \"]",
            "wherever a line is set in",
            line("keywords = "),
        ),
        (
            "keywords = [\"ghp_\"]",
            "keywords = []",
            "missing or empty",
            line("[[rule]]"),
        ),
        (
            "keywords = [\"ghp_\"]",
            "keywords = [\"ghq_\"]",
            "none of the rule's keywords",
            line("ples.bad"),
        ),
        (
            "[0-9A-Za-z]{36})",
            "[0-9A-Za-z]{36}",
            "is no pattern",
            line("pattern = "),
        ),
        (
            "[0-9A-Za-z]{36})",
            "[0-9A-Za-z]{37})",
            "is not found",
            line("ples.bad"),
        ),
        (
            "{check:github}",
            "{chekc:github}",
            "no placeholder",
            line("ples.bad"),
        ),
        (
            "'gh{}p_{base62:20}'",
            "'gh{}p_{base62:36}'",
            "though it is harmless",
            line("ples.good"),
        ),
        (
            "id = \"test.token\"",
            "id = \"Test Token\"",
            "is no rule id",
            line("id = \"test.token\""),
        ),
        ("id = \"test.token\"", "id = \"tree.dot-git\"", "", 0),
        ("title = \"test token\"", "", "is missing", line("[[rule]]")),
        (
            "playbook.rotation.steps = [\"make another\"]",
            "",
            "is missing for a rule",
            line("[[rule]]"),
        ),
        (
            "entropy = 2.5",
            "entropy = 9.5",
            "a number from 0 to 8",
            line("entropy = "),
        ),
        (
            "never = [\"docs/**\"]",
            "never = [\"docs/{\"]",
            "no glob",
            line("paths = "),
        ),
        (
            "stopwords = [\"changeme\"]",
            "stopwords = [\"ChangeMe\"]",
            "lower case",
            line("stopwords = "),
        ),
        (
            "id = \"test\"",
            "id = \"tset\"",
            "the name of the file, `test`",
            line("id = \"test\""),
        ),
        (
            "window = 4096",
            "window = 40960",
            "from 1 to 16384",
            line("window = "),
        ),
        (
            "why = \"It opens doors.\"",
            "why = \"It opens\\ndoors.\"",
            "printable ASCII",
            line("why = "),
        ),
    ];
    for (from, to, want, at) in cases {
        let found = changed(from, to);
        if want.is_empty() {
            continue;
        }
        let hit = found.iter().find(|p| p.contains(want));
        let hit = hit.unwrap_or_else(|| panic!("{to}: {found:#?}"));
        assert!(hit.starts_with(&format!("test.toml:{at}:")), "{to}: {hit}");
    }
}

#[test]
fn signs_that_text_seldom_has_are_keywords_and_so_are_all_beside_a_letter() {
    for word in [":::", "$9$", "<<<a", "* x"] {
        let to = format!("keywords = [\"ghp_\", \"{word}\"]");
        let found = changed("keywords = [\"ghp_\"]", &to);
        assert_eq!(found, [""; 0], "{word}");
    }
}

#[test]
fn all_problems_come_at_once_and_in_order() {
    let text = PACK
        .replacen("check = \"github\"", "chekc = \"github\"", 1)
        .replacen("entropy = 2.5", "entropy = true", 1)
        .replacen("keywords = [\"xyzzy\"]", "keywords = [\"xy\"]", 1);
    let found = check_pack("test.toml", &text);
    assert!(found.len() >= 3, "{found:#?}");
    assert!(found.is_sorted_by_key(|p| (p.line, p.column)));
    assert!(
        found
            .iter()
            .any(|p| p.help.contains("did you mean `check`"))
    );
    assert!(found.iter().all(|p| p.line > 0 && p.column > 0));
}

#[test]
fn syntax_errors_are_placed() {
    let found = check_pack("test.toml", "[pack]\nid = \"test\ntitle = 1\n");
    assert!(
        !found.is_empty() && found.iter().all(|p| p.line == 2),
        "{found:#?}"
    );
}

#[test]
fn one_problem_is_enough_for_no_rule_set() {
    let bad = PACK.replacen("severity = \"high\"", "severity = \"hihg\"", 1);
    let good = PackSource {
        name: "test.toml",
        text: PACK,
    };
    let (set, problems) = RuleSet::load(&[PackSource {
        name: "test.toml",
        text: &bad,
    }]);
    assert!(set.is_none() && problems.len() == 1);
    let (set, problems) = RuleSet::load(&[
        good,
        PackSource {
            name: "test.toml",
            text: PACK,
        },
    ]);
    assert!(set.is_none());
    assert_eq!(problems.len(), 5, "each id is taken already");
    let taken = PACK.replacen("id = \"test.token\"", "id = \"tree.dot-git\"", 1);
    let (set, problems) = RuleSet::load(&[PackSource {
        name: "test.toml",
        text: &taken,
    }]);
    assert!(set.is_none() && problems[0].message.contains("taken"));
}

#[test]
fn digests_tell_matching_from_text() {
    let digests = |text: &str| {
        let (set, problems) = RuleSet::load(&[PackSource {
            name: "test.toml",
            text,
        }]);
        assert!(problems.is_empty(), "{problems:?}");
        let set = set.unwrap();
        (set.digest(), set.matching_digest())
    };
    let plain = digests(PACK);
    assert_eq!(plain, digests(PACK));
    let text = digests(&PACK.replacen("Remove it.", "Take it out.", 1));
    assert_ne!(plain.0, text.0);
    assert_eq!(plain.1, text.1);
    let matching = digests(&PACK.replacen("entropy = 2.5", "entropy = 2.6", 1));
    assert_ne!(plain.0, matching.0);
    assert_ne!(plain.1, matching.1);
}

#[test]
fn no_text_makes_the_reader_panic() {
    for end in 0..PACK.len() {
        if end % 7 == 0 && PACK.is_char_boundary(end) {
            let _ = RuleSet::load(&[PackSource {
                name: "test.toml",
                text: &PACK[..end],
            }]);
        }
    }
    for text in [
        "",
        "[[rule]]",
        "rule = 1",
        "pack = 3",
        "[pack]\n[[pack]]",
        "\u{0}",
        "a.b.c = {}",
    ] {
        assert!(!check_pack("x.toml", text).is_empty(), "{text}");
    }
}

/// What a pack says may be a secret: only a typing error for a known word is quoted.
#[test]
fn no_value_and_no_unknown_key_is_quoted() {
    let word = format!("{}IA{}", "AK", "Q7TZ2M4KXWB5JH3N");
    let cases = [
        ("id = \"test\"", "id = \"W\""),
        ("id = \"test\"", "id = \"test\"\nW = 1"),
        ("id = \"test.token\"", "id = \"W\"\nwindow = 0"),
        ("severity = \"critical\"", "severity = \"W\""),
        ("check = \"github\"", "check = \"W\""),
        ("keywords = [\"ghp_\"]", "keywords = [\"W\", \"W\"]"),
        ("keywords = [\"ghp_\"]", "keywords = [\"W\u{e9}\"]"),
        ("never = [\"docs/**\"]", "never = [\"W{\"]"),
        ("{check:github}", "{check:W}"),
        ("{check:github}", "{W:3}"),
        ("[0-9A-Za-z]{36})", "W{36}(?"),
        ("entropy = 2.5", "entropy = W"),
    ];
    for (from, to) in cases {
        let found = changed(from, &to.replace('W', &word));
        assert!(!found.is_empty(), "{to}");
        assert!(found.iter().all(|p| !p.contains(&word)), "{found:?}");
    }
    let found = changed("severity = \"critical\"", "severity = \"critcal\"");
    assert!(found.iter().any(|p| p.contains("`critcal`")), "{found:?}");
}

#[test]
fn an_unknown_key_that_is_a_plain_word_is_named() {
    for (key, help) in [
        ("worries_me", "known here: "),
        ("remediate", "did you mean `remediation`?"),
    ] {
        let found = changed(
            "title = \"test token\"",
            &format!("title = \"test token\"\n{key} = 1"),
        );
        let [found] = &found[..] else {
            panic!("{found:?}");
        };
        assert!(found.contains(&format!("{key}: unknown key")), "{found}");
        assert!(found.contains(help), "{found}");
    }
}
