//! A password whose name stands before a call that decodes or joins it, through the built-in rules.

#![allow(clippy::unwrap_used, reason = "a test may end with a panic")]

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use lychgate_model::{Confidence, HashKind, ObjectKind};
use lychgate_scan::{Input, RuleSet, Scanned, Scratch, ValueKey};

fn listed(set: &RuleSet, text: &str) -> bool {
    let mut out = Scanned::default();
    let input = Input {
        kind: ObjectKind::Blob,
        hash: HashKind::Sha1,
        bytes: text.as_bytes(),
    };
    let key = ValueKey::new([7; 32]);
    set.scan(input, &key, &mut Scratch::new(), &mut out);
    out.findings
        .iter()
        .any(|f| f.confidence >= Confidence::Medium && f.via.is_some())
}

#[test]
fn a_password_is_found_behind_the_calls_that_make_it() {
    let set = RuleSet::built_in().unwrap();
    let made = |value: &str| {
        let (head, tail) = value.split_at(6);
        let hex: String = value.bytes().map(|b| format!("{b:02x}")).collect();
        let escapes: String = value.bytes().map(|b| format!("\\x{b:02x}")).collect();
        let numbers: Vec<_> = value.bytes().map(|b| b.to_string()).collect();
        [
            format!(
                "db_password = base64.b64decode(\"{}\").decode()\n",
                STANDARD.encode(value)
            ),
            format!("db_password = bytes.fromhex(\"{hex}\").decode()\n"),
            format!("db_password = \"{escapes}\"\n"),
            format!("db_password = (\"{head}\" \"{tail}\")\n"),
            format!("db_password = \"\".join([\n    \"{head}\",\n    \"{tail}\",\n])\n"),
            format!("const dbPassword =\n  '{head}' +\n  '{tail}';\n"),
            format!("var dbPassword = string.Concat(\"{head}\", \"{tail}\");\n"),
            format!("db_password = \"{{}}{{}}\".format(\"{head}\", \"{tail}\")\n"),
            format!(
                "const dbPassword = String.fromCharCode({});\n",
                numbers.join(", ")
            ),
        ]
    };
    let value = ["Fq", "zt7", "#ks9", "wPd4", "mXa"].concat();
    for text in made(&value) {
        assert!(listed(&set, &text), "{text}");
    }
    for twin in made("<your-password-here>") {
        assert!(!listed(&set, &twin), "{twin}");
    }
}
