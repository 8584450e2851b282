//! An answer, written: for people, as one document, or a line each.
//!
//! For people the judge has written its lines already (`model::text`), the same ones everywhere.
//! For programs the keys are an interface (contract 9.1; `docs/schema/check.json`). Nothing in a
//! report differs between a daemon's answer and that of this process: no request id, and an object
//! answered from a cache counts as one that was read.

mod json;

use lychgate_model::{Verdict, exit};

use crate::args::Format;

/// `verdict` in `format`, with the newline at its end; empty: there is nothing to say.
/// `lines` are those for people.
pub(crate) fn written(verdict: &Verdict, lines: &[String], format: Format) -> String {
    match format {
        Format::Text => lines.iter().map(|line| crate::page::plain(line) + "\n").collect(),
        Format::Json => json::document(verdict),
        Format::Ndjson => json::lines(verdict),
    }
}

/// Bytes that were judged, whether they crossed a wire or were known.
fn judged_bytes(verdict: &Verdict) -> u64 {
    verdict.coverage.tally.bytes.saturating_add(verdict.coverage.cached_bytes)
}

/// The exit code `verdict` stands for.
pub(crate) fn exit_of(verdict: &Verdict) -> u8 {
    exit::of(verdict)
}
