use super::*;

fn heard(line: &str) -> Option<Says> {
    let bytes = line.as_bytes();
    let folded = line.to_ascii_lowercase();
    let end = folded.find("lychgate:")? + "lychgate:".len();
    read(0, bytes, end, 0, &ValueKey::new([1; 32])).map(|h| h.says)
}

const GOOD: &str = "lychgate: allow forge.token until 2027-01-31 because test data";

#[test]
fn comments_of_many_languages_are_heard() {
    for before in [
        "# ",
        "x = \"a\" # ",
        "//",
        "foo(); // ",
        "/// ",
        "-- ",
        "; ",
        "x ; ",
        "% ",
        "/* ",
        "<!-- ",
        " * ",
        "rem ",
        "REM ",
        "## ",
        "it's 'x' # ",
        "don't // ",
    ] {
        let said = heard(&format!("{before}{GOOD}"));
        assert!(
            matches!(said, Some(Says::Allow { .. })),
            "{before:?}: {said:?}"
        );
    }
    for after in [" */", " -->", "\r\nnext"] {
        match heard(&format!("# {GOOD}{after}")) {
            Some(Says::Allow {
                reason,
                rule,
                until,
            }) => {
                assert_eq!(&*reason, "test data");
                assert_eq!(rule.as_str(), "forge.token");
                assert_eq!(
                    until,
                    Day {
                        year: 2027,
                        month: 1,
                        day: 31
                    }
                );
            }
            other => panic!("{after:?}: {other:?}"),
        }
    }
}

#[test]
fn what_is_no_comment_is_not_heard() {
    for before in [
        "",
        "x = ",
        "\"# ",
        "x = '// ",
        "https://",
        "a#",
        "foo(); ",
        "`# ",
        "x * ",
        "premium ",
        "\"a\\\" # ",
        "foo();",
    ] {
        assert!(heard(&format!("{before}{GOOD}")).is_none(), "{before:?}");
    }
    assert!(heard("# lychgate: see the manual").is_none());
    for prose in [
        "# lychgate: allowed",
        "# lychgate: ignore the rest",
        "# lychgate: allows a comment",
        "# lychgate: skip this file",
        "# lychgate: below",
    ] {
        assert!(heard(prose).is_none(), "{prose}");
    }
}

#[test]
fn what_is_printed_for_a_file_is_heard() {
    let extensions = STYLES.iter().flat_map(|s| s.files);
    let names = extensions.map(|e| format!("a/b.{e}"));
    let usual = ["Makefile".to_owned(), "a.py".into(), ".env".into()];
    let mut seen = 0;
    for name in names.chain(usual) {
        let style = lychgate_model::comment::of(name.as_bytes()).unwrap();
        let printed = style.around(GOOD);
        let mut lines = vec![printed.clone(), format!("\t {printed}")];
        if style.at != Where::First {
            lines.push(format!("x = \"a\" {printed}"));
        }
        for line in &lines {
            match heard(line) {
                Some(Says::Allow { reason, .. }) => assert_eq!(&*reason, "test data", "{line}"),
                other => panic!("{line}: {other:?}"),
            }
        }
        // The same words outside of a comment say nothing.
        let bare = printed.strip_prefix(style.open).unwrap();
        for line in [
            bare.to_owned(),
            format!("x ={bare}"),
            format!("s = \"{printed}\""),
        ] {
            assert!(heard(&line).is_none(), "{line}");
        }
        seen += 1;
    }
    assert!(seen > 250, "{seen}");
}

#[test]
fn a_string_is_no_comment_of_the_languages_that_open_one_so() {
    let deny = |line: String| assert!(heard(&line).is_none(), "{line}");
    deny(format!("    \"{GOOD}\","));
    deny(format!("    ' {GOOD}');"));
    deny(format!("f(' {GOOD}')"));
    assert!(heard(&format!("    \" {GOOD}")).is_some());
    assert!(heard(&format!("k = 1 ' {GOOD}")).is_some());
}

#[test]
fn what_is_missing_is_said() {
    for (line, want) in [
        ("# lychgate: allow", "rule"),
        (
            "# lychgate: allow A_B until 2027-01-31 because x y z",
            "rule",
        ),
        ("# lychgate: allow a.b because test data", "until"),
        (
            "# lychgate: allow a.b until 2027-02-29 because test data",
            "day",
        ),
        (
            "# lychgate: allow a.b until 2027-1-3 because test data",
            "day",
        ),
        ("# lychgate: allow a.b until 2027-01-31", "because"),
        ("# lychgate: allow a.b until 2027-01-31 because", "reason"),
        (
            "# lychgate: allow a.b until 2027-01-31 because a b",
            "fewer than 3",
        ),
        ("# lychgate: Allow", "lower case"),
        ("# lychgate: allow: a.b until 2027-01-31 because x", "space"),
        ("# lychgate: ignore a.b", "write `allow`"),
        (
            "# lychgate: alow a.b until 2027-01-31 because test data",
            "write `allow`",
        ),
        (
            "// lychgate: ignore hash until 2027-01-31 because test data",
            "write `allow`",
        ),
        (
            "# lychgate: allow a.b until 2027-01-31 because <why>",
            "reason",
        ),
        (
            "/* lychgate: allow a.b until 2027-01-31 because */",
            "reason",
        ),
    ] {
        match heard(line) {
            Some(Says::Malformed { what, .. }) => {
                assert!(what.contains(want), "{line}: {what}");
            }
            other => panic!("{line}: {other:?}"),
        }
    }
}

#[test]
fn other_tools_words_stand_alone() {
    let ends = |text: &str, word: &str| {
        let number = WORDS.iter().position(|w| w.text == word).unwrap();
        let end = text.find(word).unwrap() + word.len();
        let number = u8::try_from(number).unwrap();
        read(number, text.as_bytes(), end, 0, &ValueKey::new([1; 32])).is_some()
    };
    assert!(ends("x = 1  # nosec B105", "nosec"));
    assert!(!ends("nosecrets", "nosec"));
    assert!(!ends("xnosec", "nosec"));
    assert!(ends("k: v # gitleaks:allow", "gitleaks:allow"));
}

fn foreign(line: &str, word: &str) -> Option<bool> {
    let number = WORDS.iter().position(|w| w.text == word).unwrap();
    let end = line.find(word).unwrap() + word.len();
    let number = u8::try_from(number).unwrap();
    let heard = read(number, line.as_bytes(), end, 0, &ValueKey::new([1; 32]))?;
    match heard.says {
        Says::Foreign { next_line, .. } => Some(next_line),
        other => panic!("{other:?}"),
    }
}

#[test]
fn other_tools_words_stand_in_comments() {
    let word = "gitleaks:allow";
    for line in [
        "k: v # gitleaks:allow",
        "# gitleaks:allow",
        "f(\"a\"); // as agreed gitleaks:allow",
        "x = 'a' /* gitleaks:allow */",
        " * gitleaks:allow",
        "<a b=\"c\"> <!-- gitleaks:allow -->",
        "select 'a' -- gitleaks:allow",
        "REM gitleaks:allow",
        "(setq a \"b\") ; gitleaks:allow",
        "it's so # gitleaks:allow",
        "/* a */ x = 1 /* gitleaks:allow */",
    ] {
        assert_eq!(foreign(line, word), Some(false), "{line}");
    }
    for line in [
        "x = \"a gitleaks:allow\"",
        "x = \"# gitleaks:allow\"",
        "x = 'a // gitleaks:allow'",
        "https://gitleaks:allow",
        "u = a#gitleaks:allow",
        "gitleaks:allow",
        "/* a */ gitleaks:allow",
        "x = \"\\\" # gitleaks:allow\"",
    ] {
        assert_eq!(foreign(line, word), None, "{line}");
    }
}

#[test]
fn every_scanner_for_secrets_is_heard() {
    for word in [
        "gitleaks:allow",
        "betterleaks:allow",
        "trufflehog:ignore",
        "pragma: allowlist secret",
        "ggignore",
        "kingfisher:ignore",
    ] {
        assert_eq!(foreign(&format!("a = 1 # {word}"), word), Some(false));
    }
    let word = "pragma: allowlist nextline secret";
    assert_eq!(foreign(&format!("# {word}"), word), Some(true));
}

#[test]
fn a_tool_for_more_than_secrets_has_to_name_them() {
    for (line, word, want) in [
        ("a = 1 # nosemgrep", "nosemgrep", None),
        ("a = 1 # nosemgrep: python.sqli", "nosemgrep", None),
        (
            "a = 1 # nosemgrep: generic.secrets.a",
            "nosemgrep",
            Some(false),
        ),
        ("  // nosemgrep: generic.secrets.a", "nosemgrep", Some(true)),
        ("a = 1 # nosec", "nosec", Some(false)),
        ("a = 1 # nosec B602", "nosec", None),
        ("a = 1 # nosec B602, B105", "nosec", Some(false)),
        ("a := 1 // #nosec G101 -- test", "nosec", Some(false)),
        ("# checkov:skip=CKV_AWS_1:a", "checkov:skip=", None),
        (
            "# checkov:skip=CKV_SECRET_2:a",
            "checkov:skip=",
            Some(false),
        ),
    ] {
        assert_eq!(foreign(line, word), want, "{line}");
    }
}
