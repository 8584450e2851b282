use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as B64;

use super::*;

/// One element.
fn der(tag: u8, content: &[u8]) -> Vec<u8> {
    let mut out = vec![tag];
    let length = u32::try_from(content.len()).unwrap();
    if length < 0x80 {
        out.push(u8::try_from(length).unwrap());
    } else {
        out.push(0x82);
        out.extend(&length.to_be_bytes()[2..]);
    }
    out.extend(content);
    out
}

fn sequence(parts: &[Vec<u8>]) -> Vec<u8> {
    der(SEQUENCE, &parts.concat())
}

fn number(length: usize) -> Vec<u8> {
    let content: Vec<u8> = (1..=255u8)
        .cycle()
        .map(|i| i.wrapping_mul(37) | 1)
        .take(length)
        .collect();
    der(INTEGER, &content)
}

/// A key of RSA's shape with a modulus of `length` bytes; its numbers are no primes.
fn rsa(length: usize) -> Vec<u8> {
    let half = length / 2;
    sequence(&[
        der(INTEGER, &[0]),
        number(length),
        number(3),
        number(length),
        number(half),
        number(half),
        number(half),
        number(half),
        number(half),
    ])
}

fn algorithm() -> Vec<u8> {
    let oid = der(OBJECT, &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 1, 1]);
    sequence(&[oid, vec![5, 0]])
}

/// The same in PKCS 8.
pub(in crate::check) fn pkcs8() -> Vec<u8> {
    sequence(&[der(INTEGER, &[0]), algorithm(), der(OCTETS, &rsa(128))])
}

/// An armoured block; bytes that are no DER stand as they are.
pub(in crate::check) fn block(label: &str, data: &[u8]) -> String {
    let dashes = "-".repeat(5);
    let text = B64.encode(data);
    let mut body = String::new();
    for line in text.as_bytes().chunks(64) {
        body.push_str(std::str::from_utf8(line).unwrap());
        body.push('\n');
    }
    if data.starts_with(b".") {
        body = String::from_utf8(data.to_vec()).unwrap() + "\n";
    }
    format!("{dashes}BEGIN {label}{dashes}\n{body}{dashes}END {label}{dashes}\n")
}

fn judged(data: &[u8]) -> Outcome {
    let bare = pem(B64.encode(data).as_bytes());
    let armoured = pem(block("PRIVATE KEY", data).as_bytes());
    assert_eq!(bare, armoured);
    bare
}

#[test]
fn every_form_of_private_key_holds() {
    let elliptic = sequence(&[
        der(INTEGER, &[1]),
        der(OCTETS, &[7; 32]),
        der(0xa0, &der(OBJECT, &[0x2a, 0x86, 0x48, 0xce, 0x3d, 3, 1, 7])),
        der(0xa1, &der(BITS, &[4; 66])),
    ]);
    let edwards = sequence(&[
        der(INTEGER, &[0]),
        sequence(&[der(OBJECT, &[0x2b, 0x65, 0x70])]),
        der(OCTETS, &der(OCTETS, &[9; 32])),
    ]);
    let dsa = sequence(&[
        der(INTEGER, &[0]),
        number(128),
        number(20),
        number(128),
        number(128),
        number(20),
    ]);
    let sealed = sequence(&[algorithm(), der(OCTETS, &[0x5a; 80])]);
    for data in [rsa(256), pkcs8(), elliptic, edwards, dsa, sealed] {
        assert_eq!(judged(&data), Outcome::Holds);
    }
}

#[test]
fn public_halves_fail_under_any_label() {
    let key = sequence(&[number(256), number(3)]);
    let with_algorithm = sequence(&[algorithm(), der(BITS, &key)]);
    let certificate = sequence(&[sequence(&[number(3)]), algorithm(), der(BITS, &[7; 65])]);
    for data in [key, with_algorithm, certificate] {
        assert_eq!(judged(&data), Outcome::Fails);
        assert_eq!(judged(&data[..data.len() * 2 / 3]), Outcome::Fails);
    }
}

#[test]
fn a_cut_key_is_judged_by_what_it_shows() {
    let whole = rsa(256);
    let part = |hundredths: usize| judged(&whole[..whole.len() * hundredths / 100]);
    assert_eq!(part(10), Outcome::Fails);
    assert_eq!(part(20), Outcome::Unclear);
    assert_eq!(part(60), Outcome::Unclear);
    assert_eq!(part(99), Outcome::Unclear);
    // Redacted in the middle: the frame is right, the inside is not.
    let mut altered = whole.clone();
    altered[7] = 0x11;
    assert_eq!(judged(&altered), Outcome::Unclear);
}

#[test]
fn a_block_inside_of_base64_is_unwrapped_once() {
    let twice = B64.encode(block("PRIVATE KEY", &pkcs8()));
    assert_eq!(pem(twice.as_bytes()), Outcome::Holds);
    let thrice = B64.encode(&twice);
    assert_eq!(pem(thrice.as_bytes()), Outcome::Fails);
    let public = sequence(&[number(256), number(3)]);
    let twin = B64.encode(block("PRIVATE KEY", &public));
    assert_eq!(pem(twin.as_bytes()), Outcome::Fails);
}

#[test]
fn what_is_no_der_fails() {
    assert_eq!(
        pem(block("RSA PRIVATE KEY", b"...").as_bytes()),
        Outcome::Fails
    );
    assert_eq!(
        pem(b"xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"),
        Outcome::Fails
    );
    for bad in [
        &[0x30u8, 0x84, 0xff, 0xff, 0xff, 0xff][..],
        &[0x30, 0x80],
        &[0x30],
        &[],
    ] {
        assert_eq!(judge(bad), Outcome::Fails);
    }
}

#[test]
fn old_encryption_says_nothing() {
    let inside = B64.encode([7; 600]);
    let text = format!("Proc-Type: 4,ENCRYPTED\nDEK-Info: AES-128-CBC,AB\n\n{inside}");
    assert_eq!(pem(text.as_bytes()), Outcome::Unclear);
}

fn ssh(cipher: &str, checks: (u32, u32)) -> Vec<u8> {
    let string = |text: &[u8]| {
        let length = u32::try_from(text.len()).unwrap().to_be_bytes();
        [&length[..], text].concat()
    };
    let private = [
        &checks.0.to_be_bytes()[..],
        &checks.1.to_be_bytes(),
        &[0x33; 120],
    ]
    .concat();
    [
        b"openssh-key-v1\0".to_vec(),
        string(cipher.as_bytes()),
        string(b"none"),
        string(b""),
        vec![0, 0, 0, 1],
        string(&[0x11; 51]),
        string(&private),
    ]
    .concat()
}

#[test]
fn openssh_keys_have_a_private_half() {
    assert_eq!(judged(&ssh("none", (9, 9))), Outcome::Holds);
    assert_eq!(judged(&ssh("none", (9, 8))), Outcome::Unclear);
    assert_eq!(judged(&ssh("aes256-ctr", (9, 8))), Outcome::Holds);
    let whole = ssh("none", (9, 9));
    assert_eq!(judged(&whole[..80]), Outcome::Fails);
    let odd = [b"openssh-key-v1\0".as_slice(), &[0x77; 200]].concat();
    assert_eq!(judged(&odd), Outcome::Unclear);
    assert_eq!(judged(&whole[..whole.len() - 20]), Outcome::Unclear);
}
