//! Private keys in the quoting of the ten commonest languages and beside them, through the
//! built-in rules; each with twins that are no key.

#![allow(clippy::unwrap_used, reason = "a test may end with a panic")]

use std::sync::LazyLock;

use lychgate_model::{Confidence, HashKind, ObjectKind};
use lychgate_scan::{Input, RuleSet, Scanned, Scratch, ValueKey};

static RULES: LazyLock<RuleSet> = LazyLock::new(|| RuleSet::built_in().unwrap());

/// Rules of private keys that match, with whether they are certain.
fn found(text: &str) -> Vec<(String, bool)> {
    let found = all(text.as_bytes()).into_iter();
    found
        .filter(|(id, _)| id.starts_with("private-key"))
        .collect()
}

/// Rules that match, with whether they are certain.
fn all(bytes: &[u8]) -> Vec<(String, bool)> {
    let mut out = Scanned::default();
    let input = Input {
        kind: ObjectKind::Blob,
        hash: HashKind::Sha1,
        bytes,
    };
    RULES.scan(
        input,
        &ValueKey::new([7; 32]),
        &mut Scratch::new(),
        &mut out,
    );
    out.findings
        .iter()
        .map(|f| {
            let id = RULES.rules()[f.rule as usize].id.to_string();
            (id, f.confidence == Confidence::Certain)
        })
        .collect()
}

fn der(tag: u8, content: &[u8]) -> Vec<u8> {
    let length = u16::try_from(content.len()).unwrap().to_be_bytes();
    [&[tag, 0x82], &length[..], content].concat()
}

/// Numbers in the shape of a key of 1024 bits; they are no primes. `count` of nine is a private
/// one, of two a public one.
fn numbers(count: usize) -> Vec<u8> {
    let mixed = |n: usize| -> Vec<u8> {
        let seed = (1..=255u8).cycle().skip(n);
        seed.map(|i| i.wrapping_mul(151) ^ 0x35 | 1)
            .take(128)
            .collect()
    };
    let all = (0..count).map(|n| match (n, count) {
        (0, 9) => vec![2, 1, 0],
        (1, 2) | (2, 9) => vec![2, 3, 1, 0, 1],
        _ => der(2, &mixed(n)),
    });
    der(0x30, &all.collect::<Vec<_>>().concat())
}

fn base64(data: &[u8]) -> String {
    const LETTERS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut out = String::new();
    for three in data.chunks(3) {
        let mut bits = 0u32;
        for i in 0..3 {
            bits = bits << 8 | u32::from(three.get(i).copied().unwrap_or(0));
        }
        for i in 0..4 {
            let letter = LETTERS[(bits >> (18 - 6 * i) & 63) as usize];
            out.push(if i <= three.len() {
                char::from(letter)
            } else {
                '='
            });
        }
    }
    out
}

/// The lines of a block, armour included.
fn lines(label: &str, data: &[u8]) -> Vec<String> {
    let dashes = "-".repeat(5);
    let text = base64(data);
    let mut out = vec![format!("{dashes}BEGIN {label}{dashes}")];
    let rows = text.as_bytes().chunks(64);
    out.extend(rows.map(|row| String::from_utf8(row.to_vec()).unwrap()));
    out.push(format!("{dashes}END {label}{dashes}"));
    out
}

/// Before, between and after the lines of a key: by language.
const QUOTINGS: [(&str, &str, &str, &str); 36] = [
    ("plain", "", "\n", "\n"),
    ("dos", "", "\r\n", "\r\n"),
    ("one line", "KEY=\"", " ", "\"\n"),
    (
        "python implied",
        "KEY = (\n    \"",
        "\\n\"\n    \"",
        "\\n\"\n)\n",
    ),
    ("python plus", "KEY = '", "\\n' + \\\n      '", "\\n'\n"),
    ("python triple", "KEY = \"\"\"", "\n", "\"\"\"\n"),
    (
        "javascript plus",
        "const key = '",
        "\\n' +\n        '",
        "\\n';\n",
    ),
    (
        "javascript array",
        "const key = [\n  '",
        "',\n  '",
        "',\n].join('\\n');\n",
    ),
    ("javascript template", "const key = `", "\n", "`;\n"),
    ("typescript continued", "const key = \"", "\\n\\\n", "\";\n"),
    (
        "java plus",
        "String KEY = \"",
        "\\n\" +\n                    \"",
        "\\n\";\n",
    ),
    (
        "java operator first",
        "String KEY = \"",
        "\\n\"\n                + \"",
        "\\n\";\n",
    ),
    (
        "java appended",
        "sb.append(\"",
        "\\n\");\n        sb.append(\"",
        "\\n\");\n",
    ),
    (
        "java text block",
        "String KEY = \"\"\"\n        ",
        "\n        ",
        "\n        \"\"\";\n",
    ),
    ("c# verbatim", "var key = @\"", "\r\n", "\";\r\n"),
    (
        "c# newline",
        "var key = \"",
        "\" + Environment.NewLine +\n    \"",
        "\";\n",
    ),
    (
        "c and c++",
        "static const char key[] =\n    \"",
        "\\n\"\n    \"",
        "\\n\";\n",
    ),
    ("c++ raw", "auto key = R\"(", "\n", ")\";\n"),
    ("go raw", "var key = `", "\n", "`\n"),
    ("go plus", "key := \"", "\\n\" +\n\t\t\"", "\\n\"\n"),
    (
        "rust continued",
        "let key = \"",
        "\\n\\\n               ",
        "\\n\";\n",
    ),
    (
        "ruby backslash",
        "KEY = \"",
        "\\n\" \\\n      \"",
        "\\n\"\n",
    ),
    ("ruby heredoc", "KEY = <<~PEM\n  ", "\n  ", "\n  PEM\n"),
    ("php dot", "$key = '", "' . \"\\n\" .\n    '", "';\n"),
    (
        "php assigned",
        "$key = \"",
        "\\n\";\n$key .= \"",
        "\\n\";\n",
    ),
    ("perl", "my $key = '", "' . \"\\n\"\n    . '", "';\n"),
    ("lua", "local key = \"", "\\n\" ..\n  \"", "\\n\"\n"),
    (
        "visual basic",
        "key = \"",
        "\" & vbCrLf & _\n      \"",
        "\"\n",
    ),
    (
        "swift and kotlin",
        "let key = \"",
        "\\n\" +\n    \"",
        "\\n\"\n",
    ),
    ("shell", "echo \"", "\" >> k.pem\necho \"", "\" >> k.pem\n"),
    ("json", "{\"key\": \"", "\\n", "\\n\"}\n"),
    (
        "json in json",
        "{\"a\": \"{\\\"key\\\": \\\"",
        "\\\\n",
        "\\\\n\\\"}\"}\n",
    ),
    ("yaml block", "key: |\n  ", "\n  ", "\n"),
    ("hash comment", "# ", "\n# ", "\n"),
    ("slash comment", "// ", "\n// ", "\n"),
    ("star comment", "/*\n * ", "\n * ", "\n */\n"),
];

const MORE: [(&str, &str, &str, &str); 5] = [
    ("quoted mail", "> ", "\n> ", "\n"),
    ("dash comment", "-- ", "\n-- ", "\n"),
    ("xml", "<key>", "&#10;", "</key>\n"),
    ("form", "key=", "%0A", "&x=1\n"),
    ("unicode escapes", "key = \"", "\\u000a", "\"\n"),
];

#[test]
fn a_key_is_found_in_every_quoting_and_its_twins_are_not() {
    for (name, before, between, after) in QUOTINGS.into_iter().chain(MORE) {
        let made = |lines: &[String]| format!("{before}{}{after}", lines.join(between));
        let key = made(&lines("RSA PRIVATE KEY", &numbers(9)));
        let seen = found(&key);
        assert!(
            seen.iter()
                .any(|(id, certain)| id == "private-key.rsa" && *certain),
            "{name}: {seen:?}"
        );
        let public = made(&lines("PUBLIC KEY", &numbers(2)));
        assert_eq!(found(&public), [], "{name}: public");
        let lies = made(&lines("RSA PRIVATE KEY", &numbers(2)));
        assert_eq!(found(&lies), [], "{name}: public under a private label");
        let mut cut = lines("RSA PRIVATE KEY", &numbers(9));
        cut.drain(2..cut.len() - 1);
        assert_eq!(found(&made(&cut)), [], "{name}: one line of it");
        let mut dots = lines("RSA PRIVATE KEY", &numbers(9));
        dots.splice(1..dots.len() - 1, ["...".to_owned()]);
        assert_eq!(found(&made(&dots)), [], "{name}: dots");
    }
}

#[test]
fn a_key_without_its_armour_is_found_in_an_assignment() {
    // SEC 1, P-256: its header is the same for every key.
    let oid = [0xa0, 0x0a, 6, 8, 0x2a, 0x86, 0x48, 0xce, 0x3d, 3, 1, 7];
    let scalar: Vec<u8> = (1..=32u8).map(|i| i.wrapping_mul(151) ^ 0x35).collect();
    let point: Vec<u8> = (1..=64u8).map(|i| i.wrapping_mul(37) ^ 0x5a).collect();
    let head = [0x30, 0x77, 2, 1, 1, 4, 0x20];
    let tail = [0xa1, 0x44, 3, 0x42, 0, 4];
    let bare = base64(&[&head[..], &scalar, &oid, &tail, &point].concat());
    for text in [
        format!("EC_PRIVATE_KEY={bare}\n"),
        format!("  key: \"{bare}\"\n"),
        format!("load(\"{bare}\")\n"),
    ] {
        assert_eq!(
            found(&text),
            [("private-key.bare".to_owned(), true)],
            "{text}"
        );
    }
    let cut = &bare[..48];
    assert_eq!(found(&format!("EC_PRIVATE_KEY={cut}...\n")), []);
    let certificate = base64(&der(0x30, &[0x11; 600]));
    assert_eq!(found(&format!("cert: {certificate}")), []);
}

/// An element of DER, with the shortest length.
fn element(tag: u8, parts: &[&[u8]]) -> Vec<u8> {
    let content = parts.concat();
    match u8::try_from(content.len()) {
        Ok(length @ ..0x80) => [&[tag, length][..], &content].concat(),
        _ => der(tag, &content),
    }
}

/// An algorithm: an object with no more than nothing beside it.
fn algorithm(object: &[u8]) -> Vec<u8> {
    element(0x30, &[&element(6, &[object]), &[5, 0]])
}

const RSA: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 1, 1];
const PBES2: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 5, 13];
const SHA256: &[u8] = &[0x60, 0x86, 0x48, 1, 0x65, 3, 4, 2, 1];
const DATA: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 7, 1];

#[test]
fn a_key_in_a_file_of_der_is_found() {
    let scalar: Vec<u8> = (1..=32u8).map(|i| i.wrapping_mul(151) ^ 0x35).collect();
    let point: Vec<u8> = (1..=65u8).map(|i| i.wrapping_mul(37) ^ 0x5a).collect();
    let point = element(0xa1, &[&element(3, &[&[0], &point])]);
    let scalar = element(4, &[&scalar]);
    let rsa = numbers(9);
    let pkcs8 = element(0x30, &[&[2, 1, 0], &algorithm(RSA), &element(4, &[&rsa])]);
    let sec1 = element(0x30, &[&[2, 1, 1], &scalar, &point]);
    let scheme = algorithm(PBES2);
    let encrypted = element(0x30, &[&scheme, &element(4, &[&rsa])]);
    let content = element(0x30, &[&element(6, &[DATA]), &element(0xa0, &[&rsa])]);
    let store = element(0x30, &[&[2, 1, 3], &content]);
    for (file, id, certain) in [
        (&rsa, "private-key.rsa", true),
        (&pkcs8, "private-key.pkcs8", true),
        (&sec1, "private-key.ec", true),
        (&encrypted, "private-key.encrypted", true),
        (&store, "key-store.pkcs12", false),
    ] {
        let want = vec![(id.to_owned(), certain)];
        assert_eq!(all(file), want);
        // What stands behind it in the file hides it not.
        assert_eq!(all(&[&file[..], &[0, 1, 2]].concat()), want);
        assert_eq!(all(&file[..file.len() - 1]), [], "{id}, cut");
        assert_eq!(all(&[&[0][..], file].concat()), [], "{id}, within");
    }
    let bits = element(3, &[&[0], &numbers(2)]);
    let digest = element(4, &[&scalar[2..]]);
    let other = element(0x30, &[&element(6, &[SHA256]), &element(0xa0, &[&rsa])]);
    for (twin, what) in [
        (numbers(2), "public key, PKCS 1"),
        (element(0x30, &[&algorithm(RSA), &bits]), "public key"),
        (
            element(0x30, &[&numbers(2), &algorithm(RSA), &bits]),
            "certificate",
        ),
        (element(0x30, &[&algorithm(SHA256), &digest]), "digest"),
        (
            element(0x30, &[&[2, 1, 1], &scalar]),
            "a number and some octets",
        ),
        (element(0x30, &[&[2, 1, 3], &other]), "no store"),
        (b"0.1\n0.2\n0.3 of a text that begins so\n".to_vec(), "text"),
    ] {
        assert_eq!(all(&twin), [], "{what}");
    }
}
