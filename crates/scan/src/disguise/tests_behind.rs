//! What stands behind a stream, or behind bytes that only begin like one: whoever unpacks a zip
//! looks for it from its end, and a stream may be followed by another.

use super::packers::tests::{bzip2, xz, zstd};
use super::tests::{VALUE, gzip, scan, zip, zlib};

fn with_and_without(pack: impl Fn(&[u8]) -> Vec<u8>) -> [Vec<u8>; 2] {
    let words = "words ".repeat(50);
    [format!("k = {VALUE} {words}"), words].map(|text| pack(text.as_bytes()))
}

/// A pack of one blob.
fn pack(text: &[u8]) -> Vec<u8> {
    assert!(text.len() < 16);
    let head = [0x30 | u8::try_from(text.len()).unwrap()];
    let count = b"PACK\0\0\0\x02\0\0\0\x01";
    [&count[..], &head, &zlib(text), &[7; 20]].concat()
}

#[test]
fn what_stands_behind_a_stream_is_read() {
    let ahead: &[(&str, Vec<u8>)] = &[
        ("begins like zlib", b"x\x9c".to_vec()),
        ("text that begins so", b"x^2 + y^2\n".to_vec()),
        ("zlib of nothing", zlib(b"")),
        ("zlib", zlib(b"something else")),
        ("a pack of nothing", b"PACK\0\0\0\x02\0\0\0\0".to_vec()),
        ("a pack", pack(b"hello")),
        (
            "a bundle",
            [&b"# v2 git bundle\n\n"[..], &pack(b"hello")].concat(),
        ),
        ("begins like xz", b"\xfd7zXZ\0".to_vec()),
        ("begins like zstd", b"\x28\xb5\x2f\xfd".to_vec()),
        ("begins like bzip2", b"BZh91AY&SY".to_vec()),
        (
            "begins like LZMA",
            b"\x5d\0\0\x80\0\xff\xff\xff\xff\xff\xff\xff\xff".to_vec(),
        ),
        ("bzip2", bzip2(b"something else")),
        ("xz", xz(b"something else")),
        ("zstd", zstd(b"something else")),
        ("two of them", [zlib(b"one"), zstd(b"two")].concat()),
    ];
    let behind = [
        with_and_without(|text| zip("a", text, false)),
        with_and_without(gzip),
    ];
    for (what, ahead) in ahead {
        for [with, without] in &behind {
            let [found, twin] = [with, without].map(|tail| scan(&[&ahead[..], tail].concat()));
            assert_eq!(found.findings.len(), 1, "{what}: {found:?}");
            assert_eq!(twin.findings.len(), 0, "{what}");
        }
    }
}

#[test]
fn streams_one_behind_the_other_are_read() {
    type Pack = fn(&[u8]) -> Vec<u8>;
    let packers: [Pack; 4] = [zlib, bzip2, xz, zstd];
    for first in packers {
        for second in packers {
            let [with, without] = with_and_without(second);
            let [found, twin] =
                [with, without].map(|tail| scan(&[first(b"something else"), tail].concat()));
            // The reader of bzip2, and that of xz, takes what is behind for damage: that is said.
            let said = found
                .not_looked_at
                .contains(&"packed content that is damaged");
            assert!(!found.findings.is_empty() || said, "{found:?}");
            assert_eq!(twin.findings.len(), 0);
        }
    }
}

/// A word of base85 may begin like zlib by chance: no more than a few bytes come out of that.
#[test]
fn a_stream_that_ends_at_once_is_no_damage_and_a_longer_one_is() {
    let stored = [&b"x\x9c\x01\x40\0\xbf\xff"[..], &[b'w'; 64]].concat();
    let said = |length: usize| scan(&stored[..7 + length]).not_looked_at;
    assert!(said(12).is_empty());
    assert_eq!(said(50), ["packed content that is damaged"]);
}
