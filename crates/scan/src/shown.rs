//! What is shown to strangers where it stands, of the values that a rule knows by their shape.

use lychgate_model::{Category, Confidence, Source};

use crate::rule::Rule;
use crate::scanned::RawFinding;
use crate::shapeless::{Evidence, Fact, is_exhibit, is_program};

/// Whether a value may be shown at one path and not at another.
pub fn depends_on_path(rule: &Rule) -> bool {
    let by_path = matches!(rule.provider(), "hash" | "private-key" | "jwt");
    let chosen = rule.check == Some("chosen");
    let by_form = is_in_a_form(rule);
    rule.category == Category::Secret && (by_path || chosen || by_form || is_likely(rule))
}

/// Nothing but the shape speaks for it, and that not for sure.
fn is_likely(rule: &Rule) -> bool {
    rule.check.is_none() && rule.confidence <= Confidence::Medium
}

/// Whether the value is what people choose, in the form of an address or of a header.
fn is_in_a_form(rule: &Rule) -> bool {
    rule.provider() == "http" || rule.id.as_str().ends_with(".connection-string")
}

/// Whether the value of a finding is shown at a path: it is told, and low.
///
/// In a manual that is what is no more than likely, signed tokens, and the passwords of addresses
/// and headers, which have a form, not a shape; the hash of a password also among tests, where the
/// password stands beside it, and in programs, which compare with it; a private key only where a
/// demonstration is, or where its name says that it is nobody's.
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
        "hash" => manual || place.is_among_examples() || is_program(path),
        "private-key" => is_exhibit(path),
        "jwt" => manual,
        // What a tool's grammar says is a password, chosen by a person.
        _ if rule.check == Some("chosen") && place.has(Fact::InWorkshop) => true,
        _ => manual && (is_likely(rule) || is_in_a_form(rule)),
    }
}
