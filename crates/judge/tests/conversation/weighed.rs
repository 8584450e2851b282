//! Which of two findings of one value is told, and how sure it is where it stands.

use lychgate_model::{Confidence, Decision, Hook};

use crate::talk::{ENGINE, Talk};

/// What is told of a file: the rules and how sure they are.
fn told(path: &'static str, content: &str) -> Vec<(String, Confidence)> {
    let mut talk = Talk::new(&ENGINE);
    talk.open(Hook::PreCommit, &[], &[]);
    talk.add(path, content.as_bytes());
    let said = talk.close();
    let told = said.findings.iter();
    told.map(|f| (f.rule.to_string(), f.confidence)).collect()
}

fn denied(path: &'static str, content: &str) -> bool {
    let mut talk = Talk::new(&ENGINE);
    talk.open(Hook::PreCommit, &[], &[]);
    talk.add(path, content.as_bytes());
    talk.close().decision() == Decision::Deny
}

fn der(tag: u8, content: &[u8]) -> Vec<u8> {
    let length = u16::try_from(content.len()).unwrap().to_be_bytes();
    [&[tag, 0x82], &length[..], content].concat()
}

/// Numbers in the shape of a private key; they are no primes.
fn rsa_key() -> String {
    const LETTERS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mixed = |n: usize| -> Vec<u8> {
        let seed = (1..=255u8).cycle().skip(n);
        seed.map(|i| i.wrapping_mul(151) ^ 0x35 | 1)
            .take(128)
            .collect()
    };
    let all = (0..9).map(|n| match n {
        0 => vec![2, 1, 0],
        2 => vec![2, 3, 1, 0, 1],
        _ => der(2, &mixed(n)),
    });
    let bytes = der(0x30, &all.collect::<Vec<_>>().concat());
    let body = bytes.chunks(3).map(|c| {
        let all = c.iter().fold(0u32, |all, b| all << 8 | u32::from(*b)) << (8 * (3 - c.len()));
        let letter = |i: usize| match i > c.len() {
            true => '=',
            false => char::from(LETTERS[(all >> (18 - 6 * i)) as usize & 63]),
        };
        (0..4).map(letter).collect::<String>()
    });
    let body = body.collect::<String>();
    let lines = body.as_bytes().chunks(64).map(String::from_utf8_lossy);
    let lines = lines.collect::<Vec<_>>().join("\n");
    let label = |what: &str| format!("{0}{what} RSA PRIVATE KEY{0}", "-".repeat(5));
    format!("{}\n{lines}\n{}\n", label("BEGIN"), label("END"))
}

fn noise(length: usize) -> String {
    let letters = b"kQ7xZp2mWv9TnB4rYc8LgH5sJd3FfR6";
    (0..length)
        .map(|i| char::from(letters[(i * 7 + i / 31) % letters.len()]))
        .collect()
}

#[test]
fn a_name_that_is_doubted_at_its_path_hides_no_known_shape() {
    let value = ["AI", "za", &noise(35)].concat();
    let bare = format!("GOOGLE_API_KEY={value}\n");
    let known = vec![("gcp.api-key".to_owned(), Confidence::Medium)];
    // Not quoted, in code: the name says nothing there.
    assert_eq!(told("a.go", &bare), known);
    // Where the name is surer, it speaks.
    let quoted = format!("GOOGLE_API_KEY = \"{value}\"\n");
    let surer = vec![("generic.api-key".to_owned(), Confidence::High)];
    assert_eq!(told("a.go", &quoted), surer);
    assert_eq!(told("a.go", "GOOGLE_API_KEY=key\n"), vec![]);
}

#[test]
fn the_hash_of_a_password_is_low_in_a_manual() {
    let hash = format!("$argon2id$v=19$m=65536,t=3,p=4${}${}", noise(22), noise(43));
    let text = format!("digest: '{hash}'\n");
    let at = |path| told(path, &text).first().map(|f| f.1);
    assert_eq!(at("conf/users.yml"), Some(Confidence::Medium));
    assert_eq!(at("docs/passwords.md"), Some(Confidence::Low));
    assert_eq!(at("internal/suites/users.yml"), Some(Confidence::Low));
    assert_eq!(
        told("docs/passwords.md", "digest: '$argon2id$...'\n"),
        vec![]
    );
}

#[test]
fn a_private_key_for_trying_things_out_is_low_and_blocks_nothing() {
    let key = rsa_key();
    let at = |path| {
        let told = told(path, &key);
        let of = told.iter().filter(|f| f.0.starts_with("private-key."));
        of.map(|f| f.1).max()
    };
    assert_eq!(at("conf/server.key"), Some(Confidence::Certain));
    for path in [
        "tests/server.key",
        "docs/tls.md",
        ".github/deploy.key",
        "contrib/a.pem",
    ] {
        assert_eq!(at(path), Some(Confidence::Certain), "{path}");
        assert!(denied(path, &key), "{path}");
    }
    for path in ["demo/server.key", "certs/snakeoil.pem"] {
        assert_eq!(at(path), Some(Confidence::Low), "{path}");
        assert!(!denied(path, &key), "{path}");
    }
    assert!(denied("conf/server.key", &key));
}

#[test]
fn in_a_manual_the_letters_of_a_vendor_still_make_sure() {
    let secret = format!("aws_secret_access_key = {}\n", noise(40));
    let at = |path, text: &str| told(path, text).iter().map(|f| f.1).max();
    for path in ["conf/a.ini", "docs/sts/a.md"] {
        assert!(at(path, &secret) >= Some(Confidence::Medium), "{path}");
        assert!(denied(path, &secret), "{path}");
    }
    let key = ["AK", "IA", "Q3EGRKZ7XVSB2M5N"].concat();
    let text = format!("key: {key}\n");
    assert!(at("docs/sts/a.md", &text) >= Some(Confidence::Medium));
}

#[test]
fn what_a_path_says_hides_nothing_of_the_content() {
    let text = format!("DB_PASSWORD={}@{}\n", "Granite", 7582);
    for path in [".env", "services/accounts/production/.env"] {
        let mut rules: Vec<_> = told(path, &text).into_iter().map(|f| f.0).collect();
        rules.sort_unstable();
        assert_eq!(rules, ["file.dotenv", "generic.password"], "{path}");
    }
}
