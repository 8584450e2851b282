//! What is shown to strangers where it stands, of the values that a rule knows by their shape.

use lychgate_model::{Category, Confidence, Source};

use crate::rule::Rule;
use crate::scanned::RawFinding;
use crate::shapeless::words::holds;
use crate::shapeless::{Evidence, Fact, is_exhibit, is_program};

/// Whether a value may be shown at one path and not at another.
pub fn depends_on_path(rule: &Rule) -> bool {
    let by_path = matches!(rule.provider(), "hash" | "private-key" | "jwk" | "jwt");
    let by_form = is_in_a_form(rule);
    rule.category == Category::Secret && (by_path || by_form || is_likely(rule))
}

/// Nothing but the shape or the grammar of a tool speaks for it, and that not for sure: to be no
/// placeholder and no name confirms nothing.
fn is_likely(rule: &Rule) -> bool {
    matches!(rule.check, None | Some("chosen" | "mixed")) && rule.confidence <= Confidence::Medium
}

/// Whether the value is what people choose, in the form of an address or of a header.
fn is_in_a_form(rule: &Rule) -> bool {
    rule.provider() == "http" || rule.id.as_str().ends_with(".connection-string")
}

/// Whether a file sets up a database for the first time; one that was saved from a database in use
/// says so.
fn is_first_rows(path: &[u8]) -> bool {
    let file = path.rsplit(|b| *b == b'/').next().unwrap_or_default();
    let saved = holds(file, b"dump") || holds(file, b"backup");
    let seed = |folder: &[u8]| matches!(folder, b"seed" | b"seeds");
    file.ends_with(b".sql") && (!saved || path.split(|b| *b == b'/').any(seed))
}

/// Whether the value of a finding is shown at a path: it is told, and low.
///
/// In a manual that is what is no more than likely, signed tokens, and the passwords of addresses
/// and headers, which have a form, not a shape; the hash of a password also among tests, where the
/// password stands beside it, in programs, which compare with it, and in the first rows of a
/// database; a private key only where a
/// demonstration is, or where its name says that it is nobody's. What is no more than likely is
/// shown too among translations and in copies of what others publish.
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
        "hash" => manual || place.is_among_examples() || is_program(path) || is_first_rows(path),
        "private-key" | "jwk" => is_exhibit(path),
        "jwt" => manual,
        // What a tool's grammar says is a password, chosen by a person.
        _ if rule.check == Some("chosen") && place.has(Fact::InWorkshop) => true,
        // A recorded session is nobody's publication, and the secret of an app is no text that
        // anybody translates.
        _ if is_likely(rule) => {
            let app = path.ends_with(b"strings.xml") && rule.id.as_str().ends_with("-secret");
            manual || (place.is_published() && !path.ends_with(b".har") && !app)
        }
        _ => manual && is_in_a_form(rule),
    }
}
