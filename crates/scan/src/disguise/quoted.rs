//! Quoted-printable (RFC 2045, section 6.7), after a header that says so.

use super::Scene;
use super::view::{self, MOST, View};

/// The header, without what may be written in both cases.
pub(super) const HEADER: &[u8] = b"oted-printable";
const OVERLAP: usize = 4 << 10;

/// Calls `each` with the text decoded, in pieces that overlap.
pub(super) fn find(scene: &Scene<'_>, view: &mut View, each: &mut dyn FnMut(&View) -> bool) {
    let &Scene {
        text, from, hints, ..
    } = scene;
    if !hints.quoted {
        return;
    }
    let says = |word: &[u8]| memchr::memmem::find(text, word);
    let Some(named) = says(HEADER).or_else(|| says(b"oted-Printable")) else {
        return;
    };
    let mut at = named.max(from);
    while at < text.len() {
        view.begin("quoted-printable");
        let mut place = at;
        let mut changed = false;
        while place < text.len() && view.plain.len() < MOST {
            let rest = text.get(place..).unwrap_or_default();
            let plain = memchr::memchr(b'=', rest)
                .unwrap_or(rest.len())
                .min(MOST - view.plain.len());
            view.copy(text, place..place + plain);
            place += plain;
            if text.get(place) != Some(&b'=') || view.plain.len() >= MOST {
                continue;
            }
            match text.get(place + 1..).unwrap_or_default() {
                [b'\r', b'\n', ..] => (changed, place) = (true, place + 3),
                [b'\n', ..] => (changed, place) = (true, place + 2),
                [a, b, ..] if a.is_ascii_hexdigit() && b.is_ascii_hexdigit() => {
                    let digit = |b: &u8| char::from(*b).to_digit(16).unwrap_or(0);
                    let byte = u8::try_from(digit(a) << 4 | digit(b)).unwrap_or(b'?');
                    view.put(&[byte], place..place + 3);
                    (changed, place) = (true, place + 3);
                }
                _ => {
                    view.copy(text, place..place + 1);
                    place += 1;
                }
            }
        }
        view.core = 0..view.plain.len();
        if changed && !each(view) {
            return;
        }
        if place >= text.len() {
            return;
        }
        at = place.saturating_sub(OVERLAP).max(at + view::LEAST);
    }
}
