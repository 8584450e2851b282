//! What is found in a series is what is found in each object alone.

#![allow(clippy::unwrap_used, reason = "a test may end with a panic")]

#[path = "../fixture/mod.rs"]
mod fixture;
mod long;

use std::sync::OnceLock;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use fixture::{key, token};
use lychgate_model::{HashKind, ObjectKind};
use lychgate_scan::{Input, Left, PackSource, RuleSet, Scanned, Scratch};
use proptest::prelude::*;

/// All rules, and those of a small pack, one of which looks far.
fn rules() -> &'static [RuleSet; 2] {
    static RULES: OnceLock<[RuleSet; 2]> = OnceLock::new();
    RULES.get_or_init(|| {
        let sources = [("test.toml", fixture::PACK), ("tail.toml", TAIL)];
        let sources = sources.map(|(name, text)| PackSource { name, text });
        let (few, problems) = RuleSet::load(&sources);
        assert!(problems.is_empty(), "{problems:?}");
        [RuleSet::built_in().unwrap(), few.unwrap()]
    })
}

/// A value that stands before its keyword.
const TAIL: &str = r#"
[pack]
id = "tail"
title = "For tests"

[[rule]]
id = "tail.value"
title = "value before a word"
severity = "high"
confidence = "high"
category = "secret"
keywords = ["-frobozz"]
pattern = '\b([0-9a-f]{48})-frobozz'
why = "It opens doors."
remediation = "Remove it."
playbook.rotation.steps = ["make another"]
playbook.revocation.steps = ["delete it"]
examples.bad = ['{hex:48}-frobozz']
examples.good = ['-frobozz']
"#;

fn input(bytes: &[u8]) -> Input<'_> {
    Input {
        kind: ObjectKind::Blob,
        hash: HashKind::Sha1,
        bytes,
    }
}

/// Scans all of `texts` one after the other and each alone; how many findings there are.
fn same(texts: &[Vec<u8>]) -> Result<usize, TestCaseError> {
    let [all, few] = rules();
    Ok(same_by(all, texts)? + same_by(few, texts)?)
}

fn same_by(rules: &RuleSet, texts: &[Vec<u8>]) -> Result<usize, TestCaseError> {
    // All of them in one buffer, and few in each of several.
    same_in(rules, texts, texts.len())?;
    same_in(rules, texts, 2)
}

fn same_in(rules: &RuleSet, texts: &[Vec<u8>], many: usize) -> Result<usize, TestCaseError> {
    let key = key();
    let (mut scratch, mut other) = (Scratch::new(), Scratch::new());
    let mut count = 0;
    let mut last: Option<(Vec<u8>, Left)> = None;
    for texts in texts.chunks(many) {
        let buffer = texts.concat();
        let mut series = rules.series(&key);
        if let Some((buffer, left)) = &last {
            series = series.after(left, buffer);
        }
        let mut at = 0;
        for (number, text) in texts.iter().enumerate() {
            let text = &buffer[at..at + text.len()];
            at += text.len();
            let (mut found, mut alone) = (Scanned::default(), Scanned::default());
            series.scan(input(text), &mut scratch, &mut found);
            rules.scan(input(text), &key, &mut other, &mut alone);
            prop_assert_eq!(&found, &alone, "text {}", number);
            // What was not done is charged all the same.
            prop_assert!(scratch.spent() >= other.spent(), "text {}", number);
            prop_assert_eq!(scratch.allowed(), other.allowed());
            count += found.findings.len();
        }
        let left = series.leave(&buffer);
        last = Some((buffer, left));
    }
    Ok(count)
}

/// Lines as they stand in files, with words that rules look for and stretches that may be
/// disguises.
const LINES: [&str; 40] = [
    "use std::collections::HashMap;",
    "    let token = self.tokens.next_token(&mut stream)?;",
    "    // The password is never logged.",
    "    password: Option<String>,",
    "const SECRET_KEY_NAME: &str = \"secret-key\";",
    "fn api_key(&self) -> &str { &self.api_key }",
    "        if (null === $this->passwordHasherFactory) {",
    "            throw new \\LogicException('No password hasher.');",
    "",
    "}",
    "  \"scripts\": { \"build\": \"tsc -p .\" },",
    "    integrity: sha512-AbCdEfGhIjKlMnOpQrStUvWxYz0123456789+/==",
    "aws_region = eu-central-1",
    "export AWS_PROFILE=default",
    "kind: Secret",
    "data:",
    "---",
    "let list = [1, 2, 3, 5, 8];",
    "mac = 00:1b:44:11:3a:b7",
    "dump: 41 42 43 44 45",
    "msg = \"first half \" +",
    "      \"second half\";",
    "$sql .= ' WHERE a = 1';",
    "parts = ['a', 'b'].join('')",
    "re = \"\\\\d+\\n\\t\"",
    "<a href=\"?q=%20x&amp;y=1\">",
    "curl -u user: https://example.org/",
    "github: slack: twilio: stripe:",
    "# nosec, lychgate",
    "[submodule \"x\"]",
    "-----BEGIN CERTIFICATE-----",
    "    assert_eq!(header(\"Authorization\"), None);",
    "jdbc:mysql://localhost:3306/test",
    "username = root",
    "if a == b { return Err(Error::Unauthorized) }",
    "=20=20 quoted",
    "\t\t\tdeeply(indented);",
    "discord telegram mailgun sendgrid datadog",
    "lorem ipsum dolor sit amet consectetur adipiscing elit sed do eiusmod tempor",
    "IDENTIFIED BY",
];

/// A value that is found, as people write and as they hide it.
fn planted(way: usize, number: usize) -> String {
    let token = token(number);
    let (first, rest) = token.split_at(11);
    match way {
        0 => format!("token = \"{token}\""),
        1 => format!("x = \"{first}\" +\n    \"{rest}\""),
        2 => format!(
            "blob: {}",
            STANDARD.encode(format!("token = \"{token}\"\n"))
        ),
        3 => format!("t = \"\\x67{}\"", &token[1..]),
        4 => {
            let rows = token.as_bytes().chunks(6);
            let rows: Vec<String> = rows
                .map(|row| row.iter().map(|b| format!("{b}, ")).collect())
                .collect();
            format!("bytes = [\n    {}\n]", rows.join("\n    "))
        }
        5 => {
            let pairs: Vec<String> = token.bytes().map(|b| format!("{b:02x}")).collect();
            format!("hex = {}", pairs.join(":"))
        }
        6 => format!("password: \"{}\"", &token[6..24]),
        7 => {
            let body = STANDARD.encode(token.repeat(30));
            let lines: Vec<&str> = (0..body.len() / 64)
                .map(|i| &body[64 * i..64 * i + 64])
                .collect();
            let (mark, name) = ("-----", "TEST PRIVATE KEY");
            let body = lines.join("\n");
            format!("{mark}BEGIN {name}{mark}\n{body}\n{mark}END {name}{mark}")
        }
        8 => {
            let pairs = token.bytes().take(24).map(|b| format!("{b:02x}"));
            format!("{}-frobozz", pairs.collect::<String>())
        }
        9 => format!("url = https://user:{}@example.org/x", &token[6..24]),
        10 => format!("t = {}%{:02X}", &token[..20], token.as_bytes()[20]) + &token[21..],
        _ => buried(way, &token),
    }
}

/// Ways to plant one.
const WAYS: usize = 21;

/// A value deep in something hidden that goes on over many lines.
fn buried(way: usize, token: &str) -> String {
    let words = "these are some words of the house, and more\n".repeat(14);
    let text = format!("{words}token = \"{token}\"\n{words}");
    let each = |item: &dyn Fn(u8) -> String| text.bytes().map(item).collect::<String>();
    let hex = |b: u8| format!("{b:02x}");
    let wrapped = |code: &str, width: usize, between: &str| {
        let lines = code.as_bytes().chunks(width).map(String::from_utf8_lossy);
        lines.collect::<Vec<_>>().join(between)
    };
    let row = |bytes: &[u8], between: &str| {
        let row: Vec<String> = bytes.iter().map(|b| hex(*b)).collect();
        row.join(between)
    };
    let rows = |width: usize| text.as_bytes().chunks(width).enumerate();
    match way {
        11 => wrapped(&STANDARD.encode(&text), 76, "\n"),
        12 => STANDARD.encode(&text),
        13 => wrapped(&each(&hex), 64, "\n# "),
        14 => format!("{{\n  {}\n}};", {
            let rows = rows(12).map(|(_, row)| row.iter().map(|b| format!("0x{b:02x}, ")));
            let rows: Vec<String> = rows.map(Iterator::collect).collect();
            rows.join("\n  ")
        }),
        15 => wrapped(&each(&|b| format!("={b:02X}")), 75, "=\n"),
        16 => each(&|b| format!("%{b:02X}")),
        17 => rows(16)
            .map(|(i, bytes)| format!("{:08x}: {}\n", 16 * i, row(bytes, " ")))
            .collect(),
        18 => rows(18)
            .map(|(_, bytes)| row(bytes, ":") + ":\n    ")
            .collect(),
        19 => {
            let line = format!("token={token}").repeat(9);
            format!("x = \"{}\"", wrapped(&line, 23, "\" +\n    \""))
        }
        _ => each(&|b| format!("\\x{b:02x}")),
    }
}

fn lines(seed: &[usize]) -> Vec<u8> {
    let lines = seed.iter().map(|i| LINES[i % LINES.len()]);
    lines.flat_map(|l| [l.as_bytes(), b"\n"].concat()).collect()
}

#[derive(Clone, Debug)]
enum Edit {
    Insert(usize, Vec<usize>),
    Plant(usize, usize, usize),
    Delete(usize, usize),
    Byte(usize, u8),
    Move(usize, usize, usize),
    Crlf,
    Again,
}

fn edit() -> impl Strategy<Value = Edit> {
    let at = any::<usize>;
    prop_oneof![
        3 => (at(), prop::collection::vec(0usize..40, 1..6)).prop_map(|(a, l)| Edit::Insert(a, l)),
        3 => (at(), 0usize..WAYS, 0usize..50).prop_map(|(a, w, n)| Edit::Plant(a, w, n)),
        3 => (at(), 1usize..200).prop_map(|(a, n)| Edit::Delete(a, n)),
        4 => (at(), prop::sample::select(b"x\" \n=:.\\\0".to_vec())).prop_map(|(a, b)| Edit::Byte(a, b)),
        1 => (at(), at(), 1usize..400).prop_map(|(a, b, n)| Edit::Move(a, b, n)),
        1 => Just(Edit::Crlf),
        1 => Just(Edit::Again),
    ]
}

fn edited(text: &[u8], edit: &Edit) -> Vec<u8> {
    let mut text = text.to_vec();
    let place = |at: &usize, text: &[u8]| at % (text.len() + 1);
    let line = |at: usize, text: &[u8]| {
        let head = &text[..at];
        head.iter().rposition(|b| *b == b'\n').map_or(0, |n| n + 1)
    };
    match edit {
        Edit::Insert(at, seed) => {
            let at = line(place(at, &text), &text);
            text.splice(at..at, lines(seed));
        }
        Edit::Plant(at, way, number) => {
            let at = line(place(at, &text), &text);
            let plant = planted(*way, *number) + "\n";
            text.splice(at..at, plant.into_bytes());
        }
        Edit::Delete(at, length) => {
            let at = place(at, &text);
            text.drain(at..text.len().min(at + length));
        }
        Edit::Byte(at, b) => {
            let at = place(at, &text);
            if let Some(slot) = text.get_mut(at) {
                *slot = *b;
            }
        }
        Edit::Move(from, to, length) => {
            let from = place(from, &text);
            let part: Vec<u8> = text.drain(from..text.len().min(from + length)).collect();
            let to = place(to, &text);
            text.splice(to..to, part);
        }
        Edit::Crlf => {
            let whole = String::from_utf8_lossy(&text).replace("\r\n", "\n");
            text = whole.replace('\n', "\r\n").into_bytes();
        }
        Edit::Again => {}
    }
    text
}

proptest! {
    #![proptest_config(ProptestConfig {
        failure_persistence: None,
        ..ProptestConfig::with_cases(32)
    })]

    #[test]
    fn versions_of_a_file_are_judged_as_each_alone(
        seed in prop::collection::vec(0usize..40, 30..400),
        edits in prop::collection::vec(edit(), 1..8),
        mark in any::<bool>(),
    ) {
        let first = [if mark { &b"\xef\xbb\xbf"[..] } else { b"" }, &lines(&seed)].concat();
        let mut texts = vec![first];
        for edit in &edits {
            let next = edited(texts.last().unwrap(), edit);
            texts.push(next);
        }
        same(&texts)?;
        // With several edits from one to the next, far from each other.
        same(&texts.iter().step_by(3).cloned().collect::<Vec<_>>())?;
        // And back again, by way of what was found.
        texts.reverse();
        same(&texts)?;
    }

    /// What is not found because one byte of it is another is found when that is mended, wherever
    /// it stands in what is the same; and not found when it is spoilt.
    #[test]
    fn a_value_that_is_mended_is_found(
        seed in prop::collection::vec(0usize..40, 100..400),
        at in 0usize..400,
        (way, number) in (0usize..WAYS, 0usize..50),
        cuts in prop::collection::vec((any::<prop::sample::Index>(), 0usize..4), 1..6),
    ) {
        let at = at.min(seed.len());
        let plant = planted(way, number) + "\n";
        let around = |plant: &[u8]| [&lines(&seed[..at]), plant, &lines(&seed[at..])].concat();
        let whole = around(plant.as_bytes());
        let mut texts = Vec::new();
        for (cut, how) in cuts {
            let cut = cut.index(plant.len());
            let mut spoilt = plant.clone().into_bytes();
            match how {
                0 => spoilt[cut] = b'\n',
                1 => drop(spoilt.remove(cut)),
                2 => spoilt.truncate(cut),
                _ => spoilt = spoilt.split_off(cut),
            }
            texts.extend([around(&spoilt), whole.clone(), around(&spoilt)]);
        }
        same(&texts)?;
    }
}

/// Wherever the bytes stand that were other ones before, of all that makes a value one.
#[test]
fn every_byte_of_a_value_is_new_once() {
    let plain = lines(&(0..220).map(|i| 8 + i * 7 % 6).collect::<Vec<_>>());
    let half = plain.len() / 2;
    let half = half + plain[half..].iter().position(|b| *b == b'\n').unwrap() + 1;
    let (before, behind) = plain.split_at(half);
    let [all, few] = rules();
    for way in 0..WAYS {
        let plant = planted(way, 3) + "\n";
        let rules = if matches!(way, 7 | 8) { few } else { all };
        let whole = [before, plant.as_bytes(), behind].concat();
        let step = plant.len() / if way < 11 { 64 } else { 20 } + 1;
        let mut texts = Vec::new();
        for cut in (0..plant.len() - 1).step_by(step) {
            let mut spoilt = plant.clone().into_bytes();
            match cut % 2 {
                0 => spoilt[cut] = b' ',
                _ => drop(spoilt.remove(cut)),
            }
            texts.extend([[before, &spoilt, behind].concat(), whole.clone()]);
        }
        let found = same_by(rules, &texts).unwrap();
        assert!(found >= texts.len() / 2, "{way}");
    }
}

#[test]
fn a_value_in_what_is_new_is_found_and_one_that_goes_is_gone() {
    let plain = lines(&(0..400).map(|i| 8 + i * 7 % 6).collect::<Vec<_>>());
    for way in 0..WAYS {
        let plant = planted(way, 7) + "\n";
        let half = plain.len() / 2;
        let half = half + plain[half..].iter().position(|b| *b == b'\n').unwrap() + 1;
        let with = [&plain[..half], plant.as_bytes(), &plain[half..]].concat();
        let texts = [
            plain.clone(),
            with.clone(),
            plain.clone(),
            with,
            plain.clone(),
        ];
        let found = same(&texts).unwrap();
        assert!(found >= 2, "{way}: {found}");
        assert_eq!(found % 2, 0, "{way}");
    }
    assert_eq!(same(&vec![plain; 3]).unwrap(), 0);
}

/// What an object may cost is the same whatever was scanned before it: text that costs too much is
/// not judged to its end in either way.
#[test]
fn text_that_costs_too_much_costs_it_in_a_series() {
    let plain = lines(&(0..300).map(|i| 8 + i * 7 % 6).collect::<Vec<_>>());
    let dear = "password=".repeat(40_000).into_bytes();
    let mut texts = vec![plain.clone()];
    for size in (0..8).map(|i| dear.len() * (i + 1) / 8) {
        texts.push([&plain, &dear[..size]].concat());
    }
    texts.push(plain);
    same(&texts).unwrap();
}

/// The same of what it costs to look behind disguises: each version hides a little more, until one
/// of them is not judged to its end.
#[test]
fn what_is_hidden_costs_what_it_costs_in_a_series() {
    let plain = lines(&(0..300).map(|i| 8 + i * 7 % 6).collect::<Vec<_>>());
    let line = |i: usize| {
        let line = format!("password_{i} = prompt(\"of the {i}th user\") or password()\n");
        format!("    {}\n\n", STANDARD.encode(line))
    };
    let [all, _] = rules();
    let hidden = |count: usize| {
        let lines: String = (0..count).map(line).collect();
        [&plain, lines.as_bytes(), &plain].concat()
    };
    let mut texts: Vec<Vec<u8>> = (0..10).map(|i| hidden(200 * i)).collect();
    let (mut scratch, mut out) = (Scratch::new(), Scanned::default());
    let mut judged = |text: &[u8]| {
        out.clear();
        all.scan(input(text), &key(), &mut scratch, &mut out);
        out.not_looked_at.is_empty() && !out.exhausted
    };
    assert!(judged(texts.first().unwrap()) && !judged(texts.last().unwrap()));
    same_in(all, &texts, texts.len()).unwrap();
    texts.reverse();
    same_in(all, &texts, 2).unwrap();
}

/// Text of which something came is known again as well: all of it is found once more, and what
/// stands far from what is new is not read again.
#[test]
fn what_was_found_is_found_again_without_reading_the_rest() {
    // Lines in which patterns read something, and of which nothing comes.
    let plain = lines(&[&[4, 26, 31, 32], &[0; 90][..]].concat().repeat(9));
    let ways: Vec<usize> = (0..WAYS).filter(|way| !matches!(way, 7 | 8)).collect();
    let [all, _] = rules();
    for way in ways {
        let plant = planted(way, 5) + "\n";
        let (head, tail) = plain.split_at(plain.len() / 2);
        let end = head.iter().rposition(|b| *b == b'\n').unwrap() + 1;
        let version = |i: usize| {
            let new = format!("a line that is another one each time: {i}\n");
            let (before, behind) = head.split_at(end);
            [before, plant.as_bytes(), behind, tail, new.as_bytes()].concat()
        };
        let texts: Vec<Vec<u8>> = (0..4).map(version).collect();
        let found = same_in(all, &texts, texts.len()).unwrap();
        assert!(found >= texts.len(), "{way}: {found}");

        let buffer = texts.concat();
        let (key, mut scratch) = (key(), Scratch::new());
        let mut series = all.series(&key);
        let works: Vec<u64> = buffer
            .chunks(texts[0].len())
            .map(|text| {
                series.scan(input(text), &mut scratch, &mut Scanned::default());
                scratch.work()
            })
            .collect();
        let (first, rest) = works.split_first().unwrap();
        assert!(rest.iter().all(|work| work < first), "{way}: {works:?}");
    }
}

/// Names of which nothing comes, and names of which something does.
const NAMES: [&str; 16] = [
    "a.php",
    "Assets",
    "assets",
    "b",
    "b.txt",
    ".git",
    ".gitmodules",
    "composer.json",
    "README.md",
    "readme.md",
    "src",
    "git~1",
    "slack_token",
    "zz",
    "token=",
    "..",
];

proptest! {
    #![proptest_config(ProptestConfig {
        failure_persistence: None,
        ..ProptestConfig::with_cases(200)
    })]

    /// Of trees with the same names the same is said, whatever their ids are; and of others what
    /// each says alone.
    #[test]
    fn trees_are_judged_as_each_alone(
        versions in prop::collection::vec(
            (prop::collection::vec((0usize..64, 0usize..5), 0..8), any::<u8>(), 0usize..3),
            1..8,
        ),
        cut in 0usize..40,
    ) {
        let mut trees: Vec<Vec<u8>> = Vec::new();
        for (entries, id, again) in &versions {
            let tree = |id: u8| {
                let mut tree = Vec::new();
                for (number, (name, mode)) in entries.iter().enumerate() {
                    let mode = ["100644", "40000", "120000", "160000", "100755"][*mode];
                    let token = token(*name);
                    let name = NAMES.get(*name).copied().unwrap_or(match name % 8 {
                        0 => &token,
                        1 => "aa",
                        2 => "ab",
                        _ => "c",
                    });
                    tree.extend(format!("{mode} {name}\0").into_bytes());
                    tree.extend([id.wrapping_mul(31).wrapping_add(number as u8); 20]);
                }
                tree
            };
            trees.push(tree(*id));
            trees.extend((0..*again).map(|more| tree(id.wrapping_add(1 + more as u8))));
        }
        if let Some(last) = trees.last_mut() {
            last.truncate(last.len().saturating_sub(cut));
        }
        let buffer = trees.concat();
        let [all, _] = rules();
        let (key, mut scratch, mut other) = (key(), Scratch::new(), Scratch::new());
        let mut series = all.series(&key);
        let mut at = 0;
        for tree in &trees {
            let bytes = &buffer[at..at + tree.len()];
            at += tree.len();
            let input = Input { kind: ObjectKind::Tree, ..input(bytes) };
            let (mut found, mut alone) = (Scanned::default(), Scanned::default());
            series.scan(input, &mut scratch, &mut found);
            all.scan(input, &key, &mut other, &mut alone);
            prop_assert_eq!(&found, &alone);
        }
    }
}

/// More values without a shape than are kept, and one with a shape behind them.
#[test]
fn tables_of_more_than_is_kept_are_judged_as_each_alone() {
    let row = |n: usize| {
        let n = n as u64 + 1;
        let word = |by: u64| n.wrapping_mul(by).wrapping_mul(0x9e37_79b9_7f4a_7c15);
        let (a, b) = (word(0x1_0001), word(0x3_0007));
        format!("api_key_{n}: {a:016x}{b:016x}\n")
    };
    let table = |rows: usize| (0..rows).map(row).collect::<String>();
    let (few, many) = (table(980), table(1100));
    let end = format!("k = {}\n", token(1));
    let texts = [
        few.clone(),
        many.clone(),
        many.clone() + &end,
        few + &end,
        many,
    ];
    let found = same(&texts.map(String::into_bytes)).unwrap();
    assert!(found > 4 * 980, "{found}");
}
