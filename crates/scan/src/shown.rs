//! What is shown to strangers where it stands, of the values that a rule knows by their shape.

use lychgate_model::{Category, Confidence, Source};

use crate::rule::Rule;
use crate::scanned::RawFinding;
use crate::shapeless::{Evidence, Fact, is_exhibit};

/// Whether a value may be shown at one path and not at another.
pub fn depends_on_path(rule: &Rule) -> bool {
    let by_path = matches!(rule.provider(), "hash" | "private-key" | "jwt");
    let chosen = rule.check == Some("chosen");
    rule.category == Category::Secret && (by_path || chosen || is_likely(rule))
}

/// Nothing but the shape speaks for it, and that not for sure.
fn is_likely(rule: &Rule) -> bool {
    rule.check.is_none() && rule.confidence <= Confidence::Medium
}

/// Whether the value of a finding is shown at a path: it is told, and low.
///
/// In a manual that is what is no more than likely and signed tokens; the hash of a password also
/// among tests, where the password stands beside it; a private key only where a demonstration is,
/// or where its name says that it is nobody's.
pub fn is_shown(raw: &RawFinding, rule: &Rule, path: &[u8]) -> bool {
    let secret = rule.category == Category::Secret;
    if !secret || !raw.evidence.is_none() || path.is_empty() {
        return false;
    }
    // A file that is told for its name.
    if raw.source == Source::Path {
        return rule.provider() == "file" && is_exhibit(path);
    }
    if raw.source != Source::Blob {
        return false;
    }
    let place = Evidence::NONE.at(path);
    let manual = place.has(Fact::InManual);
    match rule.provider() {
        "hash" => manual || place.is_among_examples(),
        "private-key" => is_exhibit(path),
        "jwt" => manual,
        // What a tool's grammar says is a password, chosen by a person.
        _ if rule.check == Some("chosen") && place.has(Fact::InWorkshop) => true,
        _ => manual && is_likely(rule),
    }
}
