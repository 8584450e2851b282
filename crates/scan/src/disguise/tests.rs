//! One value through every disguise, and what must not be found.

use std::io::Write as _;

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use flate2::Compression;
use flate2::write::{DeflateEncoder, GzEncoder, ZlibEncoder};
use lychgate_model::{HashKind, ObjectKind};

use crate::{Input, PackSource, RuleSet, Scanned, Scratch, ValueKey};

const PACK: &str = r#"
[pack]
id = "test"
title = "Test"

[[rule]]
id = "test.token"
version = 1
title = "A token"
severity = "high"
confidence = "high"
category = "secret"
keywords = ["tokx_"]
pattern = '\b(tokx_[A-Za-z0-9]{24})\b'
why = "w"
remediation = "r"
references = ["x"]
playbook.rotation.steps = ["s"]
playbook.revocation.steps = ["s"]
examples.bad = ['tok{}x_{base62:24}']
examples.good = ['tok{}x_{base62:23}']
"#;

pub(super) const VALUE: &str = "tokx_8sJ3kd92Lq0aZx7Wm4Tr5Yb1";

pub(super) fn scan(bytes: &[u8]) -> Scanned {
    let (set, problems) = RuleSet::load(&[PackSource {
        name: "test",
        text: PACK,
    }]);
    let set = set.unwrap_or_else(|| panic!("{problems:?}"));
    let mut out = Scanned::default();
    let input = Input {
        kind: ObjectKind::Blob,
        hash: HashKind::Sha1,
        bytes,
    };
    set.scan(
        input,
        &ValueKey::new([7; 32]),
        &mut Scratch::new(),
        &mut out,
    );
    out
}

/// The raw bytes of the one finding, and through what it was seen.
pub(super) fn one(bytes: &[u8]) -> (Vec<u8>, String) {
    let out = scan(bytes);
    let [found] = out.findings.as_slice() else {
        panic!(
            "{} findings in {}: {out:?}",
            out.findings.len(),
            String::from_utf8_lossy(bytes)
        );
    };
    assert_eq!(&*found.masked, "tokx_... (29 characters)");
    let place = found.span.byte_start as usize..found.span.byte_end as usize;
    (
        bytes[place].to_vec(),
        found.via.as_deref().unwrap_or_default().to_owned(),
    )
}

pub(super) fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut to = GzEncoder::new(Vec::new(), Compression::default());
    to.write_all(bytes).unwrap();
    to.finish().unwrap()
}

pub(super) fn zlib(bytes: &[u8]) -> Vec<u8> {
    let mut to = ZlibEncoder::new(Vec::new(), Compression::default());
    to.write_all(bytes).unwrap();
    to.finish().unwrap()
}

/// A zip of one deflated member, as an unpacker that streams reads it.
pub(super) fn zip(name: &str, bytes: &[u8], encrypted: bool) -> Vec<u8> {
    let mut deflated = DeflateEncoder::new(Vec::new(), Compression::default());
    deflated.write_all(bytes).unwrap();
    let deflated = deflated.finish().unwrap();
    let mut out = b"PK\x03\x04\x14\0".to_vec();
    out.extend([u8::from(encrypted) | 8, 0, 8, 0]);
    out.extend([0; 16]);
    out.extend(u16::try_from(name.len()).unwrap().to_le_bytes());
    out.extend([0, 0]);
    out.extend(name.as_bytes());
    out.extend(deflated);
    out
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|b| format!("{b:02x}")).collect()
}

#[test]
fn every_disguise_is_seen_through_and_its_place_is_exact() {
    let u = |c: char| format!("\\u{:04x}", u32::from(c));
    let b64 = STANDARD.encode(VALUE);
    let (head, tail) = VALUE.split_at(12);
    let cases: Vec<(String, String, &str)> = vec![
        (
            format!("k: {b64}\n"),
            b64.trim_end_matches('=').into(),
            "base64",
        ),
        (
            format!(
                "k: {}\n",
                STANDARD.encode(format!("{{\"a\": \"{VALUE}\"}}"))
            ),
            String::new(),
            "base64",
        ),
        (
            format!("x/{}\n", URL_SAFE_NO_PAD.encode(VALUE)),
            String::new(),
            "base64",
        ),
        (
            format!("h = 0x{};\n", hex(VALUE.as_bytes())),
            hex(VALUE.as_bytes()),
            "hex",
        ),
        (
            format!("h = {};\n", hex(VALUE.as_bytes()).to_uppercase()),
            hex(VALUE.as_bytes()).to_uppercase(),
            "hex",
        ),
        (
            format!("\"{}{}\"", u('t'), &VALUE[1..]),
            format!("{}{}", u('t'), &VALUE[1..]),
            "escapes",
        ),
        (
            format!("\"{}\"", VALUE.chars().map(u).collect::<String>()),
            VALUE.chars().map(u).collect(),
            "escapes",
        ),
        (
            format!(
                "'{}'",
                VALUE
                    .bytes()
                    .map(|b| format!("\\x{b:02X}"))
                    .collect::<String>()
            ),
            VALUE.bytes().map(|b| format!("\\x{b:02X}")).collect(),
            "escapes",
        ),
        (format!("\"a\\n{VALUE}\\n\""), VALUE.into(), "escapes"),
        (
            format!("?k={}\n", VALUE.replace('_', "%5F")),
            VALUE.replace('_', "%5F"),
            "percent",
        ),
        (
            format!("<a>{}</a>", VALUE.replace('_', "&#95;")),
            VALUE.replace('_', "&#95;"),
            "entities",
        ),
        (
            format!(
                "Content-Transfer-Encoding: quoted-printable\n\n{head}=\n{}",
                tail.replace('a', "=61")
            ),
            format!("{head}=\n{}", tail.replace('a', "=61")),
            "quoted-printable",
        ),
        (
            format!("k = \"{head}\" + \"{tail}\";\n"),
            format!("{head}\" + \"{tail}"),
            "joined literals",
        ),
        (
            format!("k = '{head}' .\n    '{tail}';\n"),
            format!("{head}' .\n    '{tail}"),
            "joined literals",
        ),
        (
            format!("k = (\"{head}\"\n     f\"{tail}\")\n"),
            format!("{head}\"\n     f\"{tail}"),
            "joined literals",
        ),
        (
            format!("k = [\"{head}\", \"{tail}\"].join(\"\");\n"),
            format!("{head}\", \"{tail}"),
            "joined literals",
        ),
        (
            format!("K={head}\\\n{tail}\n"),
            format!("{head}\\\n{tail}"),
            "escapes",
        ),
    ];
    for (text, place, kind) in cases {
        for around in ["", "first line\n\tand second: "] {
            let (got, via) = one(format!("{around}{text}").as_bytes());
            assert_eq!(via, kind, "{text}");
            if !place.is_empty() {
                assert_eq!(String::from_utf8_lossy(&got), place, "{text}");
            }
        }
    }
}

#[test]
fn lists_statements_and_calls_are_seen_through() {
    let list = |item: fn(u8) -> String, between: &str| -> String {
        let items: Vec<String> = VALUE.bytes().map(item).collect();
        items.join(between)
    };
    let (head, tail) = VALUE.split_at(12);
    let cases = [
        (
            format!("k := []byte{{{}}}", list(|b| format!("0x{b:02x}"), ", ")),
            "list of bytes",
        ),
        (
            format!("k = [{}]", list(|b| b.to_string(), ",\n  ")),
            "list of bytes",
        ),
        (
            format!(
                "char k[] = {{{}}};",
                list(|b| format!("'{}'", char::from(b)), ",")
            ),
            "list of bytes",
        ),
        (format!("k: {}", list(|b| format!("{b:02X}"), ":")), "hex"),
        (
            format!("k: \"{}\"", list(|b| format!("{b:02x}"), " ")),
            "hex",
        ),
        (
            format!("k={}", list(|b| format!("={b:02X}"), "")),
            "quoted-printable",
        ),
        (
            format!("k = \"{head}\"\nk += \"{tail}\""),
            "joined literals",
        ),
        (
            format!("$k = '{head}';\n  $k .= '{tail}';"),
            "joined literals",
        ),
        (
            format!("b.append(\"{head}\").append(\"{tail}\")"),
            "joined literals",
        ),
        (
            format!("strcpy(k, \"{head}\");\nstrcat(k, \"{tail}\");"),
            "joined literals",
        ),
        (
            format!("\"{head}\".to_string() + \"{tail}\""),
            "joined literals",
        ),
        (
            format!("concat!(\n    \"{head}\",\n    \"{tail}\",\n)"),
            "joined literals",
        ),
        (
            format!("fmt.Sprint(\"{head}\", \"{tail}\")"),
            "joined literals",
        ),
        (format!("k = \"{head}\\\n   \\{tail}\""), "escapes"),
        (format!("k: {}", hex(&gzip(VALUE.as_bytes()))), "hex, gzip"),
    ];
    for (text, kind) in cases {
        assert_eq!(one(text.as_bytes()).1, kind, "{text}");
    }
    for text in [
        format!("k = \"{head}\";\nother(\"{tail}\");"),
        format!("k = \"{head}\";\nk = \"{tail}\";"),
        format!("f(\"{head}\", \"{tail}\")"),
        format!("[{}]", list(|b| (u16::from(b) + 200).to_string(), ",")),
    ] {
        assert!(scan(text.as_bytes()).is_clean(), "{text}");
    }
}

#[test]
fn text_in_ebcdic_is_read() {
    let letter = |b: u8| match b {
        b'a'..=b'i' => b - b'a' + 0x81,
        b'j'..=b'r' => b - b'j' + 0x91,
        b's'..=b'z' => b - b's' + 0xa2,
        b'A'..=b'I' => b - b'A' + 0xc1,
        b'J'..=b'R' => b - b'J' + 0xd1,
        b'S'..=b'Z' => b - b'S' + 0xe2,
        b'0'..=b'9' => b - b'0' + 0xf0,
        b'_' => 0x6d,
        b'=' => 0x7e,
        _ => 0x40,
    };
    let made = |text: &str| -> Vec<u8> { text.bytes().map(letter).collect() };
    let text = format!("some words before the key = {VALUE} and after");
    assert_eq!(one(&made(&text)), (made(VALUE), "EBCDIC".into()));
    assert!(scan(&made("some words before the key = and after")).is_clean());
}

#[test]
fn what_stands_plain_is_said_once_and_without_via() {
    for text in [
        format!("a = \"{VALUE}\" + \"\\x41\"\n"),
        format!("https://x/%41?k={VALUE}&amp;b"),
        format!(
            "{VALUE} {}",
            STANDARD.encode("some other text that says nothing")
        ),
    ] {
        assert_eq!(one(text.as_bytes()), (VALUE.into(), String::new()));
    }
}

#[test]
fn wrapped_lines_and_utf16_in_base64_are_one_text() {
    let long = format!(
        "{}\n{VALUE}\n{}",
        "a line of text\n".repeat(9),
        "more ".repeat(40)
    );
    let encoded = STANDARD.encode(&long);
    for end in ["\n", "\r\n", "\n    "] {
        let wrapped: Vec<&str> = encoded
            .as_bytes()
            .chunks(76)
            .map(|c| std::str::from_utf8(c).unwrap())
            .collect();
        let (_, via) = one(format!("data:\n    {}\n", wrapped.join(end)).as_bytes());
        assert_eq!(via, "base64");
    }
    let wide: Vec<u8> = format!("$x = '{VALUE}'")
        .encode_utf16()
        .flat_map(u16::to_le_bytes)
        .collect();
    let (_, via) = one(format!("powershell -enc {}", STANDARD.encode(wide)).as_bytes());
    assert_eq!(via, "base64");
}

#[test]
fn packed_content_is_opened_to_depth_three() {
    let text = format!("{}\nk = {VALUE}\n", "words ".repeat(50));
    let packed = gzip(text.as_bytes());
    let pdf = [
        b"%PDF-1.4\n1 0 obj <<>>\nstream\r\n".as_slice(),
        &zlib(format!("BT (tokx_) -20 ({}) Tj ET", &VALUE[5..]).as_bytes()),
        b"\nendstream",
    ]
    .concat();
    let base64 = STANDARD.encode(&packed);
    let cases: Vec<(Vec<u8>, &str)> = vec![
        (packed.clone(), "gzip"),
        (zip("a/b.env", text.as_bytes(), false), "zip member a/b.env"),
        (
            zip("in.zip", &zip("c", text.as_bytes(), false), false),
            "zip member in.zip, zip member c",
        ),
        (zip("x.gz", &packed, false), "zip member x.gz, gzip"),
        (base64.clone().into_bytes(), "base64, gzip"),
        (
            STANDARD.encode(zlib(text.as_bytes())).into_bytes(),
            "base64, zlib",
        ),
        (
            STANDARD.encode(&base64).into_bytes(),
            "base64, base64, gzip",
        ),
        (pdf, "PDF stream, pdf text"),
    ];
    for (bytes, want) in cases {
        let (_, via) = one(&bytes);
        assert_eq!(via, want);
    }
}

#[test]
fn two_values_in_one_packing_are_two_findings() {
    let other: String = VALUE.chars().rev().collect();
    let other = format!("tokx_{}", &other[..24]);
    let text = format!("A={VALUE}\nB={other}\n{}", "words ".repeat(50));
    let wide: Vec<u8> = text.encode_utf16().flat_map(u16::to_le_bytes).collect();
    let packed = gzip(text.as_bytes());
    for bytes in [
        packed.clone(),
        zip("a", text.as_bytes(), false),
        zip("a", &packed, false),
        STANDARD.encode(&packed).into_bytes(),
        STANDARD.encode(wide).into_bytes(),
        STANDARD.encode(&text).into_bytes(),
    ] {
        let out = scan(&bytes);
        let values: std::collections::HashSet<_> = out.findings.iter().map(|f| f.value).collect();
        assert_eq!((out.findings.len(), values.len()), (2, 2), "{out:?}");
    }
}

#[test]
fn a_limit_is_said() {
    let said = |bytes: &[u8]| scan(bytes).not_looked_at;
    assert_eq!(
        said(&zip("a", b"text", true)),
        ["an encrypted archive member"]
    );
    let bomb = gzip(&vec![b' '; 80 << 20]);
    assert!(said(&bomb).contains(&"packed content beyond the limit"));
    let deep = gzip(&gzip(&gzip(&gzip(VALUE.as_bytes()))));
    assert!(!said(&deep).is_empty());
    assert!(said(&gzip(b"nothing")).is_empty());
    let mut layers = VALUE.to_owned();
    for _ in 0..3 {
        layers = STANDARD.encode(&layers);
        assert!(said(layers.as_bytes()).is_empty());
    }
    layers = STANDARD.encode(&layers);
    assert_eq!(
        said(layers.as_bytes()),
        ["encoded text beyond the third level"]
    );
    let mut damaged = gzip(&vec![b'x'; 1 << 20]);
    damaged.truncate(300);
    assert_eq!(said(&damaged), ["packed content that is damaged"]);
    assert_eq!(
        said(b"7z\xbc\xaf\x27\x1c\0\0"),
        ["an archive of a kind that is not opened"]
    );
}

#[test]
fn a_members_name_that_is_a_secret_is_not_shown() {
    let text = format!("k = {VALUE} {}", "words ".repeat(50));
    let out = scan(&zip(VALUE, text.as_bytes(), false));
    assert!(out.findings.len() >= 2);
    assert!(
        out.findings
            .iter()
            .all(|f| !format!("{f:?}").contains(VALUE))
    );
}

#[test]
fn names_hashes_and_prose_are_nothing() {
    let text = format!(
        "{} {} {} don't 'x' + 'y' \"a\", \"b\" \\d+ %d %5 &nope; {}",
        "someVeryLongIdentifierNameThatGoesOnAndOn",
        hex(&[7; 20]),
        STANDARD.encode([0x9c; 60]),
        STANDARD.encode("plain text without any value in it"),
    );
    assert!(scan(text.as_bytes()).is_clean());
}

#[test]
fn hostile_text_costs_no_more_than_its_limit() {
    for unit in [
        "\\x41",
        "%41",
        "&#65;",
        "'a'+",
        "QUJD",
        "4142",
        "\"a\" \"b\" ",
        "PK\x03\x04",
        "\\",
        "41 ",
        "41:",
        "[65,",
        "=41",
        "\"a\";\nt += ",
        "\"a\").append(",
    ] {
        let text = unit.repeat((1 << 20) / unit.len());
        let out = scan(text.as_bytes());
        assert!(out.findings.is_empty(), "{unit}");
    }
}

#[test]
fn runs_longer_than_a_view_are_read_to_their_end() {
    let text = |size: usize| format!("{}\nk = {VALUE}\n", "words and more ".repeat(size / 15));
    let wide = |text: &str| -> Vec<u8> { text.encode_utf16().flat_map(u16::to_le_bytes).collect() };
    let wrapped = |encoded: String| {
        let lines: Vec<&str> = encoded
            .as_bytes()
            .chunks(76)
            .map(|c| std::str::from_utf8(c).unwrap())
            .collect();
        lines.join("\n")
    };
    for size in [52_000, 200_000] {
        let plain = text(size);
        for bytes in [
            STANDARD.encode(&plain),
            hex(plain.as_bytes()),
            STANDARD.encode(wide(&plain)),
            STANDARD.encode(STANDARD.encode(&plain)),
            wrapped(STANDARD.encode(&plain)),
        ] {
            let out = scan(format!("data: {bytes}\n").as_bytes());
            let values: std::collections::HashSet<_> =
                out.findings.iter().map(|f| f.value).collect();
            assert_eq!(values.len(), 1, "{size}: {:?}", &bytes[..40]);
            assert!(
                out.not_looked_at.is_empty(),
                "{size}: {:?}",
                out.not_looked_at
            );
        }
    }
}

#[test]
fn a_value_cut_into_runs_of_a_text_document_is_one() {
    let (a, b) = VALUE.split_at(12);
    let document = |first: &str, between: &str, second: &str| {
        let text = format!(
            "<?xml version=\"1.0\"?>\n<w:document><w:body><w:p><w:r><w:t>{first}</w:t></w:r>{between}\
             <w:r><w:rPr><w:b/></w:rPr><w:t xml:space=\"preserve\">{second}</w:t></w:r></w:p></w:body></w:document>"
        );
        scan(&zip("word/document.xml", text.as_bytes(), false))
    };
    let cut = document(a, "", b);
    assert_eq!(cut.findings.len(), 1, "{cut:?}");
    let via = cut.findings[0].via.as_deref().unwrap();
    assert_eq!(via, "zip member word/document.xml, document text");
    // Whole it is told once; in two paragraphs, or outside of an archive, it is no value.
    assert_eq!(document(VALUE, "", " more").findings.len(), 1);
    assert!(document(a, "</w:p><w:p>", b).findings.is_empty());
    assert!(
        scan(format!("<?xml?><w:t>{a}</w:t><w:t>{b}</w:t>").as_bytes())
            .findings
            .is_empty()
    );
}
