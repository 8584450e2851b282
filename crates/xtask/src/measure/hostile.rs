//! Input made to cost much, by kind.

use std::io::Write;
use std::path::Path;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use flate2::Compression;
use flate2::write::{DeflateEncoder, GzEncoder, ZlibEncoder};
use lychgate_model::ObjectKind;

const MEBI: usize = 1 << 20;

/// A kind of input, made when it is asked for.
pub(super) struct Kind<'k> {
    pub(super) name: &'static str,
    pub(super) object: ObjectKind,
    pub(super) make: Box<dyn Fn() -> Vec<u8> + 'k>,
}

/// A megabyte of ordinary text.
pub(super) fn source(folder: &Path) -> Vec<u8> {
    let mut paths = Vec::new();
    super::gather(folder, &mut paths);
    paths.sort();
    let mut out = Vec::new();
    // Spread over the folder.
    for path in paths.iter().step_by((paths.len() / 400).max(1)) {
        let bytes = std::fs::read(path).unwrap_or_default();
        if std::str::from_utf8(&bytes).is_ok() && bytes.len() < 64 << 10 {
            out.extend(bytes);
        }
    }
    cut(&out, MEBI)
}

/// Repeated or cut to a size.
fn cut(unit: &[u8], size: usize) -> Vec<u8> {
    unit.iter().copied().cycle().take(size).collect()
}

fn joined(words: &[Vec<u8>], between: &[u8]) -> Vec<u8> {
    words.join(between)
}

/// Lines with a value of their own.
fn lines(size: usize, line: impl Fn(u64) -> String) -> Vec<u8> {
    let mut out = Vec::new();
    let mut number = 0u64;
    while out.len() < size {
        number += 1;
        out.extend(line(number.wrapping_mul(0x9e37_79b9_7f4a_7c15)).into_bytes());
    }
    out
}

fn wide(text: &[u8]) -> Vec<u8> {
    let mut out = vec![0xff, 0xfe];
    out.extend(text.iter().flat_map(|b| [*b, 0]));
    out
}

fn gzip(text: &[u8]) -> Vec<u8> {
    let mut to = GzEncoder::new(Vec::new(), Compression::fast());
    let _ = to.write_all(text);
    to.finish().unwrap_or_default()
}

fn zlib(text: &[u8]) -> Vec<u8> {
    let mut to = ZlibEncoder::new(Vec::new(), Compression::fast());
    let _ = to.write_all(text);
    to.finish().unwrap_or_default()
}

fn zip(members: usize, text: &[u8]) -> Vec<u8> {
    let mut to = DeflateEncoder::new(Vec::new(), Compression::fast());
    let _ = to.write_all(text);
    let packed = to.finish().unwrap_or_default();
    let mut out = Vec::new();
    for number in 0..members {
        let name = format!("password_{number}.env");
        out.extend(b"PK\x03\x04\x14\0\0\0\x08\0\0\0\0\0\0\0\0\0");
        for size in [packed.len(), text.len()] {
            out.extend(u32::try_from(size).unwrap_or(0).to_le_bytes());
        }
        out.extend(u16::try_from(name.len()).unwrap_or(0).to_le_bytes());
        out.extend([0, 0]);
        out.extend(name.as_bytes());
        out.extend(&packed);
    }
    out
}

fn base64(text: &[u8]) -> Vec<u8> {
    STANDARD.encode(text).into_bytes()
}

fn wrapped(text: &[u8]) -> Vec<u8> {
    let digits = base64(text);
    digits.chunks(76).collect::<Vec<_>>().join(&b'\n')
}

fn hex(text: &[u8]) -> Vec<u8> {
    text.iter()
        .flat_map(|b| format!("{b:02x}").into_bytes())
        .collect()
}

fn escaped(text: &[u8], how: impl Fn(u8) -> String) -> Vec<u8> {
    text.iter().flat_map(|b| how(*b).into_bytes()).collect()
}

/// A tree object with one file for each name.
fn tree(names: &[Vec<u8>], size: usize) -> Vec<u8> {
    let mut out = Vec::new();
    for (number, name) in names.iter().cycle().enumerate() {
        if out.len() >= size {
            break;
        }
        out.extend(b"100644 ");
        out.extend(format!("{number:06}").as_bytes());
        out.extend(name.iter().filter(|b| !matches!(b, b'/' | 0)));
        out.push(0);
        out.extend([7; 20]);
    }
    out
}

/// Every kind there is.
pub(super) fn kinds<'k>(keywords: &'k [Vec<u8>], source: &'k [u8]) -> Vec<Kind<'k>> {
    let mut all = Vec::new();
    let mut add = |name: &'static str, make: Box<dyn Fn() -> Vec<u8> + 'k>| {
        all.push(Kind {
            name,
            object: ObjectKind::Blob,
            make,
        });
    };
    let row = move |between: &[u8]| cut(&joined(keywords, between), MEBI);
    let dashes = "-".repeat(5);
    add("ordinary files in one", Box::new(|| source.to_vec()));
    add(
        "one line of 16 MiB",
        Box::new(|| cut(b"lorem ipsum ", 16 * MEBI)),
    );
    add(
        "one line of ordinary text",
        Box::new(|| {
            let blank = |b: &u8| if *b == b'\n' { b' ' } else { *b };
            source.iter().map(blank).collect()
        }),
    );
    for (name, between) in [
        ("keywords, blanks between", " "),
        ("keywords, line ends between", "\n"),
        ("keywords, nothing between", ""),
        ("keywords, equals and quote between", " = \""),
        ("keywords, colon between", ": "),
        (
            "keywords, forty digits of hex between",
            " = 0123456789abcdef0123456789abcdef01234567\n",
        ),
        (
            "keywords, forty letters between",
            "_aB3dE5gH7jK9mN1pQ3sT5vW7yZ9bC1eF3hJ5kL7n ",
        ),
        (
            "keywords, long values between",
            "=x~^`@|%#!?&+[{}]$;<>.aB3dE5gH7jK9mN1pQ3sT5vW7yZ9bC1eF3hJ5kL7n,",
        ),
    ] {
        add(name, Box::new(move || row(between.as_bytes())));
    }
    for (name, unit) in [
        ("password= over and over", "password=".to_owned()),
        ("api_key= over and over", "api_key=".to_owned()),
        ("password: \" and a line end", "password = \"\n".to_owned()),
        ("ghp_ over and over", "ghp_".to_owned()),
        ("eyJ over and over", "eyJ".to_owned()),
        ("eyJ and dots", "eyJhbGciOi.".to_owned()),
        (
            "openings of keys",
            format!("{dashes}BEGIN RSA PRIVATE KEY{dashes}\nAAAA"),
        ),
        (
            "openings of keys in a row",
            format!("{dashes}BEGIN PRIVATE KEY{dashes}"),
        ),
        ("markers", concat!("# lychgate", ": allow ").to_owned()),
        (
            "markers in lines",
            concat!("# lychgate", ": allow a until b\n").to_owned(),
        ),
        (
            "submodules",
            "[submodule \"a\"]\npath=a\nurl=b\n".to_owned(),
        ),
        (
            "Kubernetes Secrets",
            "kind: Secret\ndata:\n a: YWJjZGVmZ2g=\n---\n".to_owned(),
        ),
        ("kind: Secret", "kind: Secret\n".to_owned()),
        ("literals with plus", "\"ab\"+".to_owned()),
        ("literals side by side", "\"ab\" 'cd' ".to_owned()),
        ("literals in a list", "join,\"a\",\"b\",".to_owned()),
        ("quotes", "a\"".to_owned()),
        ("backslash u", "\\u0061".to_owned()),
        ("backslash x", "\\x61 ".to_owned()),
        ("backslashes", "\\".to_owned()),
        ("escaped quotes", "\\\"a".to_owned()),
        ("percent", "%41%42".to_owned()),
        ("percent, far between", format!("%41{}", "abcd ".repeat(36))),
        ("entities", "&#65;".to_owned()),
        (
            "quoted-printable",
            "Content-Transfer-Encoding: quoted-printable\n=41=42=\n".to_owned(),
        ),
        ("H4sI over and over", "H4sIAAAAAAAA/".to_owned()),
        (
            "H4sI in lines",
            "H4sIAAAAAAAAA0vOzy0oSi0uBgCSSIIQCQAAAA==\n".to_owned(),
        ),
        (
            "base64 of magics, in long lines",
            format!("{}\n", "H4sI".repeat(19)),
        ),
        ("JSON", "{\"password\":\"x\",\"token\":[\"y\"]},".to_owned()),
        ("addresses", "https://user:password@host/".to_owned()),
        (
            "connection strings",
            "Server=a;User Id=b;Password=c;".to_owned(),
        ),
        (
            "curl",
            "curl -u user:password -H \"Authorization: Bearer x\" ".to_owned(),
        ),
        ("AKIA", "AKIA".to_owned()),
        ("sk-", "sk-".to_owned()),
        ("x@y:", "x@y:".to_owned()),
        ("zeros", "\0".to_owned()),
        ("letters", "a".to_owned()),
        ("hex digits", "a1".to_owned()),
    ] {
        add(name, Box::new(move || cut(unit.as_bytes(), MEBI)));
    }
    add(
        "table of api_key",
        Box::new(|| lines(MEBI, |n| format!("api_key = \"{n:016x}\"\n"))),
    );
    add(
        "table of password0",
        Box::new(|| lines(MEBI, |n| format!("password0 = \"{n:016x}\"\n"))),
    );
    add(
        "table of secrets, bare",
        Box::new(|| lines(MEBI, |n| format!("client_secret={n:016x}{n:016X}\n"))),
    );
    add(
        "table of passwords",
        Box::new(|| {
            lines(MEBI, |n| {
                format!("password = 'Q{}x!{}'\n", n % 9973, n >> 40)
            })
        }),
    );
    for (name, line) in [
        (
            "addresses with passwords",
            (|n| format!("https://u{}:p{:x}@h{}.example/\n", n % 97, n >> 40, n % 89))
                as fn(u64) -> String,
        ),
        ("addresses, encoded", |n| {
            format!("https://%61{:02x}:%62%{:02x}@host/\n", n % 97, n % 89)
        }),
        ("eyJ with three parts", |n| {
            format!("eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIx{n:x}.{n:x}{n:x}.\n")
        }),
        ("Secrets of Kubernetes, each its own", |n| {
            let value = String::from_utf8_lossy(&base64(format!("{n:x}").as_bytes())).into_owned();
            format!("kind: Secret\ndata:\n  token: {value}\n---\n")
        }),
        ("a wall of base64", |n| {
            String::from_utf8_lossy(&base64(&[n.to_le_bytes(); 7].concat())).into_owned() + "\n"
        }),
        ("soft line ends", |n| {
            format!("pass=\nword=3D=22{n:x}=22=\n")
        }),
        ("split literals", |n| {
            format!("k = \"AK\" + \"IA{n:X}\" + \"{}\";\n", n % 9973)
        }),
        ("keys without an end", |n| {
            let dashes = "-".repeat(5);
            format!("{dashes}BEGIN PRIVATE KEY{dashes}\nMII{n:x}{n:x}\n{n:x}{n:x}\n")
        }),
        ("names and values in one line", |n| {
            format!("password{}={:x};", n % 97, n >> 30)
        }),
        ("names of services, keys too short", |n| {
            format!("mailgun key: {n:016x}{:08x} twilio secret {n:x}\n", n >> 32)
        }),
        ("names of services and words", |n| {
            let word = ["api", "key", "token", "secret", "auth"][(n >> 40) as usize % 5];
            format!("github {word} twilio {word} {word} ")
        }),
        ("connection strings, each its own", |n| {
            format!(
                "Server=a{};User Id=sa;Password={:x};Database=d\n",
                n % 97,
                n >> 30
            )
        }),
        ("commands that set passwords", |n| {
            format!(
                "htpasswd -nb u{} {:x}\nrootpw --plaintext {n:x}\n",
                n % 97,
                n >> 40
            )
        }),
        ("elements with passwords", |n| {
            format!("<add key=\"password\" value=\"{n:x}\"/><secret>{n:x}</secret>\n")
        }),
        ("statements with passwords", |n| {
            format!("CREATE USER u{} IDENTIFIED BY 'x{n:x}';\n", n % 97)
        }),
        ("escaped JSON", |n| {
            format!(r#"{{\"password\":\"{n:x}\",\"api_key\":\"{n:X}\"}},"#)
        }),
    ] {
        add(name, Box::new(move || lines(MEBI, line)));
    }
    add("JSON, deep", Box::new(|| cut(b"{\"password\":", MEBI)));
    add("lists, deep", Box::new(|| cut(b"[\"token\",", MEBI)));
    add(
        "UTF-16 of a table of passwords",
        Box::new(|| wide(&lines(MEBI / 2, |n| format!("password = \"{n:x}\"\n")))),
    );
    add(
        "gzip of gzip of keywords",
        Box::new(move || gzip(&gzip(&row(b" ")))),
    );
    add(
        "zip of gzips of keywords",
        Box::new(move || zip(20, &gzip(&row(b"\n")))),
    );
    add(
        "lines of hex",
        Box::new(|| lines(MEBI, |n| format!("{n:016x}{n:016x}\n"))),
    );
    add(
        "fake PDF streams",
        Box::new(|| [b"%PDF-1.4\n\0", &cut(b"stream\n\x78\x9c", MEBI)[..]].concat()),
    );
    add("zip, tiny members", Box::new(|| zip(12_000, b"a")));
    add(
        "zip headers",
        Box::new(|| cut(b"PK\x03\x04\x14\0\0\0\x08\0\0\0", MEBI)),
    );
    add(
        "gzip headers",
        Box::new(|| cut(b"\x1f\x8b\x08\0\0\0\0\0\0\0", MEBI)),
    );
    add(
        "gzip members, tiny",
        Box::new(|| gzip(b"password").repeat(12_000)),
    );
    add("gzip of ordinary text", Box::new(|| gzip(source).repeat(4)));
    add(
        "gzip of password=",
        Box::new(|| gzip(&cut(b"password=", 4 * MEBI))),
    );
    add(
        "gzip of password=, by what comes out",
        Box::new(|| {
            let mut out = gzip(&cut(b"password=", MEBI));
            out.resize(MEBI, 0);
            out
        }),
    );
    add("gzip of keywords", Box::new(move || gzip(&row(b""))));
    add("base64 of ordinary text", Box::new(|| base64(source)));
    add("base64 of it, in lines", Box::new(|| wrapped(source)));
    add("base64 of keywords", Box::new(move || base64(&row(b" "))));
    add(
        "base64 of zip, in lines, binary",
        Box::new(|| [&b"\0"[..], &wrapped(&zip(5_000, b"a"))].concat()),
    );
    add(
        "base64 of base64 of base64",
        Box::new(|| base64(&base64(&base64(&source[..source.len() / 2])))),
    );
    add(
        "base64 of it, in lines of lines",
        Box::new(|| wrapped(&wrapped(&wrapped(&source[..source.len() / 2])))),
    );
    add(
        "base64 of zlib of base64",
        Box::new(|| base64(&zlib(&base64(source)))),
    );
    add("hex of ordinary text", Box::new(|| hex(source)));
    add("hex of keywords", Box::new(move || hex(&row(b""))));
    add(
        "percent of keywords",
        Box::new(move || escaped(&row(b""), |b| format!("%{b:02x}"))),
    );
    add(
        "backslash u of base64 of text",
        Box::new(|| escaped(&base64(&source[..MEBI / 8]), |b| format!("\\u{b:04x}"))),
    );
    add("UTF-16 of ordinary text", Box::new(|| wide(source)));
    add("UTF-16 of keywords", Box::new(move || wide(&row(b" "))));
    add(
        "UTF-16 of keywords, in a binary",
        Box::new(move || wide(&row(b" ")).split_off(2)),
    );
    add(
        "UTF-16 of base64 of text",
        Box::new(|| wide(&base64(source))),
    );
    for (name, object, make) in [
        (
            "tree of keywords",
            ObjectKind::Tree,
            Box::new(move || tree(keywords, MEBI)) as Box<dyn Fn() -> Vec<u8> + 'k>,
        ),
        (
            "tree of passwords",
            ObjectKind::Tree,
            Box::new(|| tree(&[b"password=password".to_vec()], MEBI)),
        ),
        (
            "commit of keywords",
            ObjectKind::Commit,
            Box::new(move || {
                let id = "7".repeat(40);
                let head = format!("tree {id}\nauthor a <a> 1 +0000\ncommitter a <a> 1 +0000\n\n");
                [head.as_bytes(), &row(b"\n")].concat()
            }),
        ),
    ] {
        all.push(Kind { name, object, make });
    }
    all
}
