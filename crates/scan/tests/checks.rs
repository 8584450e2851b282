//! Offline checks against values made elsewhere: OpenSSL and OpenSSH at run time; Python's zlib,
//! base58, bech32, mnemonic and pymacaroons beforehand. Each with a twin that fails.

#![allow(clippy::unwrap_used, reason = "a test may end with a panic")]

use std::path::Path;
use std::process::Command;

use lychgate_scan::check::{Check, Outcome, Strength};

fn says(check: Check, value: &str) -> Outcome {
    check.verify(value.as_bytes())
}

/// Another letter of the same kind at a place of the value.
fn altered(value: &str, at: usize) -> String {
    let mut bytes = value.as_bytes().to_vec();
    bytes[at] = match bytes[at] {
        b'3' => b'4',
        b'0'..=b'9' => b'3',
        b'q' => b'p',
        b'a'..=b'z' => b'q',
        b'Q' => b'P',
        _ => b'Q',
    };
    String::from_utf8(bytes).unwrap()
}

fn both_ways(check: Check, value: &str) {
    let name = check.name();
    assert_eq!(says(check, value), Outcome::Holds, "{name}");
    let last = value.trim_end_matches('=').len();
    for at in [last - 3, last / 2] {
        assert_eq!(
            says(check, &altered(value, at)),
            Outcome::Fails,
            "{name} altered at {at}"
        );
    }
}

#[test]
fn checksums_agree_with_other_programs() {
    let github = concat!("gh", "p_", "e71lHFE8l6hlvY5bR215DEWc1ZCjfi", "1ZcD47");
    both_ways(Check::Github, github);
    both_ways(Check::Npm, &github.replacen(concat!("gh", "p"), "npm", 1));
    let head = concat!("gl", "pat-", "1nDljgNR2K6OT26sNC_CMW86MQp1OjJ0Cg");
    both_ways(Check::GitlabRoutable, &format!("{head}.0y1t8rh39"));
    both_ways(Check::GitlabRoutable, &format!("{head}.01.0y05ct3zc"));
    let grafana = concat!("gl", "sa_", "MsMcGp2kTY7xO5ZIredutNaCj42gEnI5", "_6a0eb3de");
    both_ways(Check::Grafana, grafana);
    both_ways(
        Check::AzureKey,
        concat!(
            "dzPCjui6U721a4gkV31T7MKKcKYcdRChzYkhbKFs/8rqSYdHfobbzLlwRvwuGDhOUdggxcPvgAU6",
            "+A",
            "StLGbc4A=="
        ),
    );
    both_ways(
        Check::AzureCask,
        concat!(
            "huYmHnfL7IRAT0zkukGWmBWw6teJreWcC9NmAYznxXw0cKV17xNu",
            "JQ",
            "QJ99BKACAAAAAAAAAAAAXYACOG141q"
        ),
    );
}

#[test]
fn wallets_and_identities_agree_with_other_programs() {
    let wif = concat!("L2m3GnviLGYykghRis1RQ", "gBhJtzMmb5a5JbCLQ4MJQfwmx5mtbtv");
    both_ways(Check::Wif, wif);
    both_ways(Check::Base58, wif);
    let extended = concat!(
        "xp",
        "rv9s21ZrQH143K2XCgXuh37stVQZkKC5KQVKgkQ7uxKm4mKZFruLSnkzK34",
        "vhaBjttFAb8RpfADTM5dnMkHmCVXYeBcnAX9q1VkLM2wxsDtez"
    );
    both_ways(Check::Bip32, extended);
    assert_eq!(says(Check::Wif, extended), Outcome::Fails);
    let data = "x3stuvfqre5lak4qam5tnxtlt37znx0a4ljexffu6e227n066u2q";
    let nostr = format!("{}1{data}n2jt24", concat!("ns", "ec"));
    both_ways(Check::Bech32, &nostr);
    let age = format!("{}1{data}6t2heg", concat!("age-", "secret-key-"));
    both_ways(Check::Bech32, &age.to_ascii_uppercase());
}

#[test]
fn recovery_phrases_agree_with_another_program() {
    for phrase in [
        concat!(
            "chicken air provide worry mutual oak ",
            "cloth during buzz warm caught merry"
        ),
        concat!(
            "rain garage coil property save august salad hair learn ",
            "furnace display famous furnace traffic decorate swear mom permit"
        ),
        concat!(
            "result beauty nation feed pill robot swing tenant frown cruel above noble ",
            "hint spider about large silver fury crane hip holiday moral loyal fuel"
        ),
    ] {
        assert_eq!(says(Check::Bip39, phrase), Outcome::Holds);
        let (rest, _) = phrase.rsplit_once(' ').unwrap();
        assert_eq!(says(Check::Bip39, rest), Outcome::Fails);
        // The checksum of twelve words has four bits: one word in sixteen fits by chance.
        let others = ["abandon", "zone", "zoo"].map(|last| format!("{rest} {last}"));
        let failed = others
            .iter()
            .filter(|o| says(Check::Bip39, o) == Outcome::Fails);
        assert!(failed.count() >= 2);
    }
}

#[test]
fn macaroons_agree_with_another_program() {
    let token = concat!(
        "py",
        "pi-",
        "AgEIcHlwaS5vcmcCJGExYjJjM2Q0LTAwMDAtNDAwMC04MDAwLTAxMjM0NTY3ODlhYgACDFsx",
        "LFsiZGVtbyJdXQAABiC7fvTLgj0h2slf6tbOTcqa4ilx2SNYI9f6uMdiI0Pdbw"
    );
    assert_eq!(says(Check::Pypi, token), Outcome::Holds);
    assert_eq!(says(Check::Pypi, &token[..93]), Outcome::Unclear);
    assert_eq!(
        says(Check::Pypi, concat!("py", "pi-AQEIcHlwaS5vcmc")),
        Outcome::Fails
    );
}

/// What a program prints; `None` where it is not installed.
fn run(folder: &Path, program: &str, arguments: &[&str]) -> Option<String> {
    let done = Command::new(program)
        .args(arguments)
        .current_dir(folder)
        .output()
        .ok()?;
    assert!(done.status.success(), "{program} {arguments:?}");
    Some(String::from_utf8(done.stdout).unwrap())
}

type Named = (String, String);

/// Keys of OpenSSL and OpenSSH, private and public, each with its name.
fn keys() -> Option<(Vec<Named>, Vec<Named>)> {
    let folder = tempfile::tempdir().unwrap();
    let at = folder.path();
    let (mut private, mut public) = (Vec::new(), Vec::new());
    for (name, options) in [
        ("rsa", &["RSA", "-pkeyopt", "rsa_keygen_bits:2048"][..]),
        ("rsa-small", &["RSA", "-pkeyopt", "rsa_keygen_bits:1024"]),
        ("ec", &["EC", "-pkeyopt", "ec_paramgen_curve:P-256"]),
        ("ec-384", &["EC", "-pkeyopt", "ec_paramgen_curve:P-384"]),
        ("ed25519", &["ED25519"]),
        ("x25519", &["X25519"]),
    ] {
        let make = [&["genpkey", "-out", name, "-algorithm"], options].concat();
        run(at, "openssl", &make)?;
        let read = |more: &[&str]| run(at, "openssl", &[&["pkey", "-in", name], more].concat());
        private.push((name.to_owned(), read(&[])?));
        let sealed = ["-aes256", "-passout", "pass:secret"];
        private.push((format!("{name} sealed"), read(&sealed)?));
        if !name.ends_with("25519") {
            private.push((format!("{name} of old"), read(&["-traditional"])?));
        }
        public.push((name.to_owned(), read(&["-pubout"])?));
    }
    let request = [
        "req", "-x509", "-key", "rsa", "-subj", "/CN=a", "-days", "9",
    ];
    public.push(("certificate".to_owned(), run(at, "openssl", &request)?));
    for (name, kind, words) in [
        ("ssh-rsa", "rsa", ""),
        ("ssh-ed25519", "ed25519", ""),
        ("ssh-ecdsa", "ecdsa", ""),
        ("ssh-sealed", "ed25519", "secret"),
    ] {
        let make = ["-q", "-t", kind, "-N", words, "-C", "a", "-f", name];
        run(at, "ssh-keygen", &make)?;
        let key = std::fs::read_to_string(at.join(name)).unwrap();
        private.push((name.to_owned(), key));
    }
    Some((private, public))
}

#[test]
fn keys_of_real_tools_parse_and_their_public_halves_do_not() {
    let Some((private, public)) = keys() else {
        println!("openssl or ssh-keygen is not installed");
        return;
    };
    assert!(private.len() >= 20 && public.len() >= 7);
    for (name, text) in &private {
        assert_eq!(says(Check::Pem, text), Outcome::Holds, "{name}");
        let body: Vec<&str> = text.lines().filter(|l| !l.starts_with('-')).collect();
        for by in ["\n", "\\n", "\\n\" +\n    \"", "\n# ", "\n// ", "\",\n\""] {
            let wrapped = body.join(by);
            assert_eq!(says(Check::Pem, &wrapped), Outcome::Holds, "{name} {by:?}");
        }
        let first = body.first().unwrap();
        if text.len() > 1200 {
            assert_eq!(says(Check::Pem, first), Outcome::Fails, "{name} cut");
        }
    }
    for (name, text) in &public {
        let body: Vec<&str> = text.lines().filter(|l| !l.starts_with('-')).collect();
        assert_eq!(says(Check::Pem, &body.join("\n")), Outcome::Fails, "{name}");
        let label = format!("{0}BEGIN PRIVATE KEY{0}", "-".repeat(5));
        let lies = format!("{label}\n{}\n", body.join("\n"));
        assert_eq!(
            says(Check::Pem, &lies),
            Outcome::Fails,
            "{name} mislabelled"
        );
    }
}

/// The table of docs/checks.md is the code's.
#[test]
fn every_check_is_in_the_documents() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/checks.md");
    let document = std::fs::read_to_string(path).unwrap();
    let rows: Vec<&str> = document.lines().filter(|l| l.starts_with("| `")).collect();
    let want: Vec<String> = Check::ALL
        .iter()
        .map(|c| {
            format!(
                "| `{}` | {} | {} |",
                c.name(),
                c.strength().name(),
                c.about()
            )
        })
        .collect();
    assert_eq!(rows, want);
}

#[test]
fn what_is_only_supposed_is_said_so() {
    let supposed: Vec<&str> = Check::ALL
        .iter()
        .filter(|c| c.strength() == Strength::Supposed)
        .map(|c| c.name())
        .collect();
    let want = [
        "azure-cask",
        "azure-devops",
        "azure-key",
        "confluent",
        "npm",
        "zuplo",
    ];
    assert_eq!(supposed, want);
}
