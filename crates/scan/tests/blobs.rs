//! Content of files: what is found, where, and what leaves the scan.

#![allow(clippy::unwrap_used, reason = "a test may end with a panic")]

mod fixture;

use fixture::{blob, key, rules, scan, token};
use lychgate_model::{Confidence, HashKind, ObjectKind, Severity, Source};
use lychgate_scan::{Input, MarkerKind, RuleSet, Scanned, Scratch, pack};

const KIND: ObjectKind = ObjectKind::Blob;

fn wide(text: &str, big: bool) -> Vec<u8> {
    let bytes = |u: u16| {
        if big {
            u.to_be_bytes()
        } else {
            u.to_le_bytes()
        }
    };
    text.encode_utf16().flat_map(bytes).collect()
}

#[test]
fn a_token_is_found_and_its_twin_is_not() {
    assert_eq!(blob(format!("T = \"{}\"\n", token(1))), ["test.token"]);
    assert!(blob("T = os.environ[\"TOKEN\"]\n").is_empty());
    assert!(
        blob(format!("T = \"x{}\"\n", token(1))).is_empty(),
        "inside a longer word"
    );
    assert!(
        blob(format!("T = \"{}x\"\n", token(1))).is_empty(),
        "before a longer word"
    );
}

#[test]
fn places_are_of_the_decoded_line_and_the_raw_object() {
    let t = token(2);
    let text = format!("one\r\né€😀 = {t};\r\n");
    let out = scan(KIND, text.as_bytes());
    let span = out.findings[0].span;
    let at = text.find(&t).unwrap() as u64;
    assert_eq!(
        (span.line, span.column, span.end_line, span.end_column),
        (2, 7, 2, 47)
    );
    assert_eq!((span.byte_start, span.byte_end), (at, at + 40));
    let marked = format!("\u{feff}{text}");
    let span = scan(KIND, marked.as_bytes()).findings[0].span;
    assert_eq!((span.line, span.column, span.byte_start), (2, 7, at + 3));
}

#[test]
fn every_encoding_gives_the_same_finding() {
    let t = token(3);
    let text = format!("one\r\né€😀 = {t};\r\nmore text follows here\r\n");
    let plain = scan(KIND, text.as_bytes()).findings[0].clone();
    let marked = format!("\u{feff}{text}");
    let four: Vec<u8> = marked
        .chars()
        .flat_map(|c| u32::from(c).to_le_bytes())
        .collect();
    let cases = [
        ("le", wide(&marked, false)),
        ("be", wide(&marked, true)),
        ("le, no mark", wide(&text, false)),
        ("be, no mark", wide(&text, true)),
        ("utf-32", four),
    ];
    for (name, bytes) in cases {
        let out = scan(KIND, &bytes);
        assert_eq!(out.findings.len(), 1, "{name}");
        let f = &out.findings[0];
        assert_eq!(
            (f.span.line, f.span.column),
            (plain.span.line, plain.span.column),
            "{name}"
        );
        assert_eq!((f.span.end_line, f.span.end_column), (2, 47), "{name}");
        assert_eq!(f.value, plain.value, "{name}");
        let raw = &bytes[f.span.byte_start as usize..f.span.byte_end as usize];
        let kept: String = raw
            .iter()
            .filter(|b| **b != 0)
            .map(|b| char::from(*b))
            .collect();
        assert_eq!(kept, t, "{name}");
    }
}

#[test]
fn a_byte_order_mark_hides_no_plain_text() {
    let mut bytes = vec![0xff, 0xfe];
    bytes.extend_from_slice(format!("T = \"{}\"\n", token(4)).as_bytes());
    assert_eq!(blob(&bytes), ["test.token"]);
}

#[test]
fn binaries_are_scanned_whole() {
    let mut bytes = vec![0, 1, 2, 0xff, 0];
    bytes.extend_from_slice(token(5).as_bytes());
    bytes.extend_from_slice(&[0, 0xfe, 0]);
    assert_eq!(blob(&bytes), ["test.token"]);
    bytes.retain(|b| *b != b'_');
    assert!(blob(&bytes).is_empty());
}

#[test]
fn wide_strings_inside_binaries_are_found() {
    for big in [false, true] {
        let t = token(13);
        let mut bytes = b"MZ\x90\n\xff\x01".repeat(900);
        let at = bytes.len() as u64;
        bytes.extend(wide(&format!("key={t}"), big));
        bytes.extend_from_slice(b"\xff\xff\x07".repeat(900).as_slice());
        let out = scan(KIND, &bytes);
        assert_eq!(fixture::ids(&out), ["test.token"], "{big}");
        let span = out.findings[0].span;
        assert_eq!(span.byte_start, at + 8 + u64::from(big));
        assert_eq!(span.byte_end - span.byte_start, 80);
        assert_eq!(span.line, 901);
        assert_eq!(
            out.findings[0].value,
            scan(KIND, t.as_bytes()).findings[0].value
        );
        let cut: Vec<u8> = bytes.iter().copied().filter(|b| *b != b'_').collect();
        assert!(blob(cut).is_empty());
    }
}

#[test]
fn other_code_pages_do_not_hide_ascii() {
    let mut bytes = b"\x83p\x83X = \x93".to_vec();
    bytes.extend_from_slice(token(6).as_bytes());
    let out = scan(KIND, &bytes);
    assert_eq!(out.findings[0].span.column, 9);
}

#[test]
fn a_value_is_the_same_with_either_line_end() {
    let block = |end: &str| {
        let dashes = "-".repeat(5);
        let body = "QUJDREVGR0hJSktMTU5PUFFSU1RVVldYWVo".to_owned() + end;
        format!(
            "{dashes}BEGIN TEST PRIVATE KEY{dashes}{end}{body}{dashes}END TEST PRIVATE KEY{dashes}{end}"
        )
    };
    let unix = scan(KIND, block("\n").as_bytes()).findings[0].clone();
    let dos = scan(KIND, block("\r\n").as_bytes()).findings[0].clone();
    assert_eq!(unix.value, dos.value);
    assert_eq!(unix.masked, dos.masked);
    assert_eq!((unix.span.line, unix.span.end_line), (1, 3));
}

#[test]
fn nothing_of_the_value_leaves() {
    let t = token(7);
    let mut out = scan(
        KIND,
        format!("passphrase = \"Zq8#kk2!pLw0\"\n{t}\n").as_bytes(),
    );
    assert_eq!(&*out.findings[1].masked, "ghp_... (40 characters)");
    assert_eq!(&*out.findings[0].masked, "... (12 characters)");
    let said = format!("{out:?}");
    assert!(!said.contains(&t) && !said.contains("Zq8#"));
    assert!(!said.contains(&t[4..16]));
    out.clear();
    assert!(out.is_clean());
    assert_eq!(
        format!("{:?} {:?}", Scratch::new(), key()),
        "Scratch(..) ValueKey(..)"
    );
}

#[test]
fn a_checksum_decides_how_sure() {
    let good = scan(KIND, token(8).as_bytes()).findings[0].clone();
    assert_eq!(
        (good.severity, good.confidence),
        (Severity::Critical, Confidence::Certain)
    );
    let mut bad = token(8);
    let last = if bad.ends_with('0') { "1" } else { "0" };
    bad.replace_range(39.., last);
    let bad = scan(KIND, bad.as_bytes()).findings[0].clone();
    assert_eq!(
        (bad.severity, bad.confidence),
        (Severity::Low, Confidence::Low)
    );
}

#[test]
fn entropy_and_stopwords_refuse() {
    assert_eq!(blob("passphrase = \"h7Gq92kLmX\""), ["test.password"]);
    assert!(blob("passphrase = \"aaaaaaaaaa\"").is_empty());
    assert!(blob("PassPhrase = \"ChangeMe92kLmX\"").is_empty());
    let set = rules();
    let rule = set
        .rules()
        .iter()
        .find(|r| r.id.as_str() == "test.password")
        .unwrap();
    assert!(rule.paths.applies_to(b"src/a.rs") && !rule.paths.applies_to(b"docs/a/b.md"));
}

#[test]
fn allow_lines_are_read_and_their_twins_are_findings() {
    let head = concat!("# lychgate", ": allow");
    let t = token(9);
    let text = format!("a\n{t} {head} test.token until 2026-12-31 because a fixture\n");
    let out = scan(KIND, text.as_bytes());
    assert_eq!(out.findings.len(), 1);
    assert_eq!(out.markers.len(), 1);
    assert_eq!(out.markers[0].span.line, 2);
    assert!(
        matches!(&out.markers[0].kind, MarkerKind::Allow { reason, .. } if &**reason == "a fixture")
    );
    let out = scan(
        KIND,
        format!("{t} {head} test.token because a fixture\n").as_bytes(),
    );
    assert!(out.markers.is_empty());
    assert_eq!(fixture::ids(&out), ["test.token", "allow.malformed"]);
    assert_eq!(out.findings[1].severity, Severity::Medium);
    let in_string = format!("x = \"{head} test.token until 2026-12-31 because a fixture\"\n{t}");
    assert!(scan(KIND, in_string.as_bytes()).markers.is_empty());
}

#[test]
fn a_reason_that_holds_a_value_is_withheld() {
    let head = concat!("# lychgate", ": allow");
    let t = token(10);
    let text = format!("{head} test.token until 2026-12-31 because {t} is old\n");
    let out = scan(KIND, text.as_bytes());
    assert!(!format!("{out:?}").contains(&t));
    assert!(
        matches!(&out.markers[0].kind, MarkerKind::Allow { reason, .. } if reason.contains("withheld"))
    );
}

#[test]
fn foreign_markers_are_recorded_beside_findings_only() {
    let text = format!(
        "k = \"{}\" # gitleaks:allow\n# pragma: allowlist nextline secret\n",
        token(11)
    );
    let out = scan(KIND, text.as_bytes());
    let tools: Vec<(u32, &str, bool)> = out
        .markers
        .iter()
        .map(|m| match m.kind {
            MarkerKind::Foreign { tool, next_line } => (m.span.line, tool, next_line),
            MarkerKind::Allow { .. } => (m.span.line, "", false),
        })
        .collect();
    assert_eq!(tools, [(1, "gitleaks", false), (2, "detect-secrets", true)]);
    assert!(scan(KIND, b"x = 1 # gitleaks:allow\n").is_clean());
}

#[test]
fn names_and_messages_have_their_source_and_no_markers() {
    let t = token(12);
    let head = concat!("# lychgate", ": allow");
    let text = format!("use {t} {head} test.token until 2026-12-31 because x y z\n");
    let mut out = Scanned::default();
    rules().scan_text(
        Source::Message,
        text.as_bytes(),
        &key(),
        &mut Scratch::new(),
        &mut out,
    );
    assert_eq!(out.findings[0].source, Source::Message);
    assert!(out.markers.is_empty());
}

#[test]
fn a_rule_for_one_file_says_nothing_about_messages() {
    assert_eq!(blob("plugh-abc"), ["test.bound"]);
    for source in [Source::Message, Source::Ref, Source::Author] {
        let mut out = Scanned::default();
        rules().scan_text(
            source,
            b"plugh-abc xyzzy-abc",
            &key(),
            &mut Scratch::new(),
            &mut out,
        );
        assert_eq!(fixture::ids(&out), ["test.word"]);
    }
}

#[test]
fn submodule_settings_are_judged_by_content() {
    let bad = "[submodule \"a\"]\n\tpath = a\n\turl = --upload-pack=x\n";
    let out = scan(KIND, bad.as_bytes());
    assert_eq!(fixture::ids(&out), ["tree.submodule-url"]);
    assert_eq!(
        (out.findings[0].span.line, out.findings[0].span.column),
        (3, 2)
    );
    assert!(blob("[submodule \"a\"]\n\tpath = a\n\turl = https://example.org/a\n").is_empty());
}

#[test]
fn more_findings_than_are_kept_is_said() {
    let many: String = (0..1100).map(|n| format!("{}\n", token(n))).collect();
    let out = scan(KIND, many.as_bytes());
    assert!(out.truncated);
    assert_eq!(
        out.findings.len(),
        lychgate_model::limits::FINDINGS_PER_OBJECT
    );
    let few: String = (0..900).map(|n| format!("{}\n", token(n))).collect();
    assert!(!scan(KIND, few.as_bytes()).truncated);
}

/// However many values without a shape there are, what has one is looked for behind them, and found
/// whole and in pieces. That not all is kept is said.
#[test]
fn what_has_a_shape_is_found_behind_any_number_of_what_has_none() {
    let rules = RuleSet::built_in().unwrap();
    let table = |rows| -> String {
        let hex = |n| pack::expand("{hex:40}", "test.hash", n).unwrap();
        let row = |n| format!("api_key_{n}: {}\n", hex(n));
        (0..rows).map(row).collect()
    };
    let mut scratch = Scratch::new();
    let mut scan = |bytes: &[u8]| {
        let (mut out, mut pieces) = (Scanned::default(), Scanned::default());
        let kind = ObjectKind::Blob;
        let hash = HashKind::Sha1;
        rules.scan(Input { kind, hash, bytes }, &key(), &mut scratch, &mut out);
        let mut stream = rules.stream(kind, &mut scratch);
        for piece in bytes.chunks(1 << 16) {
            stream.feed(&rules, &key(), &mut scratch, piece);
        }
        stream.finish(&rules, &key(), &mut scratch, &mut pieces);
        [out, pieces]
    };
    let name = |f: &lychgate_scan::RawFinding| rules.rules()[f.rule as usize].id.to_string();
    let most = lychgate_model::limits::FINDINGS_PER_OBJECT;
    let lone = format!("k = {}\n", token(1));
    for out in scan((table(3000) + &lone).as_bytes()) {
        assert!(out.truncated && !out.exhausted);
        assert_eq!(out.findings.len(), most);
        assert_eq!(
            name(out.findings.last().unwrap()),
            "github.personal-access-token"
        );
        assert_eq!(out.findings[0].span.line, 1);
    }
    for out in scan((table(900) + &lone).as_bytes()) {
        assert!(!out.truncated);
        assert_eq!(out.findings.len(), 901);
    }
    for out in scan(table(900).as_bytes()) {
        assert!(!out.truncated);
        assert!(out.findings.iter().all(|f| name(f) == "generic.api-key"));
    }
}

/// What is encoded or packed is a part of the object: of more than is kept, what is hidden is said
/// as it is of plain text, and what gives access is kept before what is worth a note.
#[test]
fn what_gives_access_is_found_behind_any_number_of_notes_hidden_or_not() {
    use base64::Engine as _;
    let rules = RuleSet::built_in().unwrap();
    let notes = |rows| -> String {
        let row = |n| {
            let id = pack::expand(
                "mob-{hex:8}-{hex:4}-4{hex:3}-a{hex:3}-{hex:12}",
                "test.notes",
                n,
            );
            format!("k{n} = \"{}\"\n", id.unwrap())
        };
        (0..rows).map(row).collect()
    };
    let hidden = |text: &str| {
        let mut packed = Vec::new();
        let mut gzip = flate2::read::GzEncoder::new(text.as_bytes(), flate2::Compression::fast());
        std::io::Read::read_to_end(&mut gzip, &mut packed).unwrap();
        let line = base64::engine::general_purpose::STANDARD.encode(text);
        let escaped: String = text.bytes().map(|b| format!("\\x{b:02x}")).collect();
        let escaped = format!("char *s = \"{escaped}\";\n");
        [text.into(), packed, line.into_bytes(), escaped.into_bytes()]
    };
    let mut scratch = Scratch::new();
    let mut scan = |bytes: &[u8]| {
        let (kind, hash) = (KIND, HashKind::Sha1);
        let mut out = Scanned::default();
        rules.scan(Input { kind, hash, bytes }, &key(), &mut scratch, &mut out);
        out
    };
    let name = |f: &lychgate_scan::RawFinding| rules.rules()[f.rule as usize].id.to_string();
    let lone = format!("x = \"{}\"\n", token(1));
    for (at, bytes) in hidden(&(notes(1200) + &lone)).iter().enumerate() {
        let out = scan(bytes);
        assert!(out.truncated && !out.exhausted, "{at}");
        assert!(
            out.not_looked_at.is_empty(),
            "{at}: {:?}",
            out.not_looked_at
        );
        let named = out.findings.iter().map(name);
        assert!(
            named
                .into_iter()
                .any(|id| id == "github.personal-access-token"),
            "{at}"
        );
    }
    for (at, bytes) in hidden(&notes(900)).iter().enumerate() {
        let out = scan(bytes);
        assert!(
            !out.truncated && out.findings.len() == 900,
            "{at}: {}",
            out.findings.len()
        );
        assert!(
            out.findings
                .iter()
                .all(|f| name(f) == "launchdarkly.mobile-key"),
            "{at}"
        );
    }
}

/// What is no finding wherever it stands is weighed once, however often it is said.
#[test]
fn an_example_said_over_and_over_hides_nothing_behind_it() {
    let rules = RuleSet::built_in().unwrap();
    let example = ["AK", "IAIOSFODNN7", "EXAMPLE"].concat();
    let mut text: String = (0..1000)
        .map(|n| format!("u{n} = \"{example}\"\n"))
        .collect();
    let mut scratch = Scratch::new();
    let mut scan = |bytes: &[u8]| {
        let (kind, hash) = (KIND, HashKind::Sha1);
        let mut out = Scanned::default();
        rules.scan(Input { kind, hash, bytes }, &key(), &mut scratch, &mut out);
        let complete = !out.truncated && !out.exhausted;
        (
            complete,
            out.findings.iter().map(|f| f.span.line).collect::<Vec<_>>(),
        )
    };
    assert_eq!(scan(text.as_bytes()), (true, Vec::new()));
    text += &format!("x = \"{}\"\n", token(1));
    assert_eq!(scan(text.as_bytes()), (true, vec![1001]));
    // What differs is weighed again.
    let other = pack::expand("AK{}IA{base32:16}", "test.other", 1).unwrap();
    let lines = format!("a = \"{example}\"\nb = \"{other}\"\nc = \"{example}\"\n");
    assert_eq!(scan(lines.as_bytes()), (true, vec![2]));
}
