//! Versions of any text, one after the other: of each the same is said as of it alone.
#![no_main]

use std::sync::OnceLock;

use libfuzzer_sys::fuzz_target;
use lychgate_model::{HashKind, ObjectKind};
use lychgate_scan::{Input, RuleSet, Scanned, Scratch, ValueKey};

/// Bytes from which on a text is held against earlier ones, and some more.
const LEAST: usize = 2048;
/// Bytes of all versions.
const MOST: usize = 64 << 10;

/// An edit: where, how many bytes go, what comes in their place.
type Edit = (u16, u8, Part);
/// What comes: bytes, or one of what rules look for.
type Part = Result<Vec<u8>, u8>;

/// What rules look for; values are put together here.
fn known(which: u8) -> String {
    let digits = |count: usize| -> String {
        let letters = b"k3Vt9QzR1xWm7LpY2bNc8HsD5fGj";
        let at = |i: usize| char::from(letters[(i * 5 + usize::from(which)) % letters.len()]);
        (0..count).map(at).collect()
    };
    match which % 16 {
        0 => format!("password = \"{}\"\n", digits(14)),
        1 => format!("AKIA{}\n", digits(16).to_uppercase()),
        2 => format!("https://user:{}@example.org/\n", digits(12)),
        3 => format!("api_key: {}\n", digits(32)),
        4 => format!("kind: Secret\ndata:\n  password: {}\n", digits(16)),
        5 => "# lychgate: allow\n".to_owned(),
        6 => "# nosec\n".to_owned(),
        7 => format!("x = \"pass\" + \"word={}\"\n", digits(10)),
        8 => format!("Authorization: Bearer {}\n", digits(40)),
        9 => format!("slack token {}\n", digits(24)),
        10 => "---\n".to_owned(),
        11 => "-----BEGIN RSA PRIVATE KEY-----\n".to_owned(),
        12 => format!("{}\n", digits(64)),
        13 => "\\x70\\x61\\x73\\x73".to_owned(),
        14 => "export TOKEN=".to_owned(),
        _ => "\n\n".to_owned(),
    }
}

fuzz_target!(|input: (Vec<u8>, Vec<Edit>)| {
    static RULES: OnceLock<RuleSet> = OnceLock::new();
    let rules = RULES.get_or_init(|| RuleSet::built_in().expect("built-in rules"));
    let (first, edits) = input;
    if first.is_empty() {
        return;
    }
    let mut text: Vec<u8> = first.iter().copied().cycle().take(LEAST.max(first.len())).collect();
    let mut versions = vec![text.clone()];
    for (at, gone, part) in edits {
        let at = usize::from(at) % (text.len() + 1);
        let end = text.len().min(at + usize::from(gone));
        let part = part.unwrap_or_else(|which| known(which).into_bytes());
        text.splice(at..end, part);
        versions.push(text.clone());
    }
    let mut size = 0;
    versions.retain(|version| {
        size += version.len();
        size <= MOST
    });
    let buffer = versions.concat();
    let key = ValueKey::new([7; 32]);
    let (mut scratch, mut other) = (Scratch::new(), Scratch::new());
    let mut series = rules.series(&key);
    let mut rest = buffer.as_slice();
    for version in &versions {
        let (bytes, after) = rest.split_at(version.len());
        rest = after;
        let input = Input { kind: ObjectKind::Blob, hash: HashKind::Sha1, bytes };
        let (mut one, mut alone) = (Scanned::default(), Scanned::default());
        series.scan(input, &mut scratch, &mut one);
        rules.scan(input, &key, &mut other, &mut alone);
        assert_eq!(one, alone);
    }
});
