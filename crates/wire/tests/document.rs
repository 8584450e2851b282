//! `docs/protocol.md` is looked at whenever the sources that encode the protocol change.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test fails by panicking"
)]

use std::path::Path;

use sha2::{Digest as _, Sha256};

#[test]
fn the_specification_was_revised_with_the_sources() {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut hash = Sha256::new();
    for name in ["tag", "code", "frame", "encode", "tally"] {
        hash.update(std::fs::read(here.join(format!("src/{name}.rs"))).unwrap());
    }
    let digest: String = hash
        .finalize()
        .iter()
        .take(8)
        .map(|b| format!("{b:02x}"))
        .collect();
    let text = std::fs::read_to_string(here.join("../../docs/protocol.md")).unwrap();
    let first = text.lines().next().unwrap_or_default();
    assert_eq!(
        first,
        format!("<!-- sources: {digest} -->"),
        "the sources changed: revise docs/protocol.md, then put this digest into its first line"
    );
}
