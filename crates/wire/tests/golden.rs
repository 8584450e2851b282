//! The bytes of every message, kept as hex text so that a change of the format shows as a diff.
//!
//! `LYCHGATE_WRITE_GOLDEN=1 cargo test -p lychgate-wire --test golden` writes the files anew.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test fails by panicking"
)]

mod samples;

use std::path::PathBuf;

use lychgate_wire::{Decoder, Encoder};

fn folder() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/golden")
}

fn to_hex(bytes: &[u8]) -> String {
    let lines = bytes.chunks(32).map(|row| {
        row.iter()
            .map(|b| format!("{b:02x}"))
            .collect::<Vec<_>>()
            .concat()
            + "\n"
    });
    lines.collect()
}

fn from_hex(text: &str) -> Vec<u8> {
    let digits: Vec<u32> = text.chars().filter_map(|c| c.to_digit(16)).collect();
    digits
        .chunks(2)
        .map(|pair| u8::try_from(pair[0] * 16 + pair[1]).unwrap())
        .collect()
}

#[test]
fn every_message_has_its_bytes() {
    let write = std::env::var_os("LYCHGATE_WRITE_GOLDEN").is_some();
    for (name, frame) in samples::all() {
        let mut bytes = Vec::new();
        Encoder::put(&frame, &mut bytes).unwrap();
        let file = folder().join(format!("{name}.hex"));
        if write {
            std::fs::write(&file, to_hex(&bytes)).unwrap();
        }
        let golden = std::fs::read_to_string(&file).unwrap_or_else(|e| panic!("{name}: {e}"));
        assert_eq!(to_hex(&bytes), golden, "{name} is encoded otherwise");

        let mut decoder = Decoder::new();
        decoder.feed(&from_hex(&golden));
        assert_eq!(
            decoder.next().unwrap(),
            Some(frame),
            "{name} is decoded otherwise"
        );
        assert_eq!(decoder.next().unwrap(), None);
        assert!(decoder.is_at_boundary());
    }
}

#[test]
fn no_golden_file_is_left_over() {
    let names: Vec<String> = samples::all()
        .iter()
        .map(|(name, _)| format!("{name}.hex"))
        .collect();
    for entry in std::fs::read_dir(folder()).unwrap() {
        let name = entry.unwrap().file_name().into_string().unwrap();
        assert!(names.contains(&name), "{name} belongs to no sample");
    }
}

#[test]
fn every_tag_has_a_sample() {
    let mut tags: Vec<u8> = samples::all()
        .iter()
        .map(|(_, frame)| frame.tag())
        .collect();
    tags.sort_unstable();
    tags.dedup();
    let known: Vec<u8> = (0..=u8::MAX)
        .filter(|tag| {
            !matches!(
                lychgate_wire::decode::frame(*tag, &[]),
                Err(lychgate_wire::Error::UnknownTag(_)) | Ok(None)
            )
        })
        .collect();
    assert_eq!(tags, known);
}
