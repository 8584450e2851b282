//! Quoted-printable (RFC 2045, section 6.7): after a header that says so, and where escapes stand
//! close together without one.

use super::Scene;
use super::survey::mark;
use super::view::{self, MOST, View};

/// The header, without what may be written in both cases.
pub(super) const HEADER: &[u8] = b"oted-printable";
const OVERLAP: usize = 4 << 10;
/// Escapes that are no chance.
const CLOSE: usize = 4;
/// Bytes between two of them.
const GAP: usize = 24;

/// Calls `each` with the text decoded, in pieces that overlap.
pub(super) fn find(scene: &Scene<'_>, view: &mut View, each: &mut dyn FnMut(&View) -> bool) {
    let &Scene {
        text, from, hints, ..
    } = scene;
    if !hints.quoted {
        return bare(scene, view, each);
    }
    let says = |word: &[u8]| memchr::memmem::find(text, word);
    let Some(named) = says(HEADER).or_else(|| says(b"oted-Printable")) else {
        return bare(scene, view, each);
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

/// Stretches with at least [`CLOSE`] escapes, none further than [`GAP`] bytes from the next.
fn bare(scene: &Scene<'_>, view: &mut View, each: &mut dyn FnMut(&View) -> bool) {
    let text = scene.text;
    let mut at = scene.from;
    for start in scene.places(mark::EQUALS, |part| memchr::memchr_iter(b'=', part)) {
        if start < at || escape(text, start).is_none() {
            continue;
        }
        view.begin("quoted-printable");
        let core = view::before(text, start).max(at);
        let mut place = core;
        let (mut next, mut escapes) = (start, 0);
        while let Some(byte) = escape(text, next) {
            view.copy(text, place..next);
            view.put(&[byte], next..next + 3);
            (place, escapes) = (next + 3, escapes + 1);
            let rest = text
                .get(place..text.len().min(place + GAP))
                .unwrap_or_default();
            // A sign of equality that escapes nothing is text.
            let more = memchr::memchr_iter(b'=', rest).map(|n| place + n);
            let Some(found) = more.into_iter().find(|n| escape(text, *n).is_some()) else {
                break;
            };
            next = found;
            if view.plain.len() >= MOST {
                break;
            }
        }
        at = place;
        if escapes < CLOSE {
            continue;
        }
        view.core = 0..view.plain.len();
        view.copy(text, place..view::after(text, place));
        view.core.end = view.plain.len();
        if !each(view) {
            return;
        }
    }
}

/// The visible character or line end that an escape at `at` stands for.
fn escape(text: &[u8], at: usize) -> Option<u8> {
    let [b'=', a, b] = text.get(at..at + 3)? else {
        return None;
    };
    let digit = |b: &u8| match b {
        b'0'..=b'9' => Some(b - b'0'),
        b'A'..=b'F' => Some(b - b'A' + 10),
        _ => None,
    };
    let byte = digit(a)? << 4 | digit(b)?;
    matches!(byte, b'\t' | b'\n' | b'\r' | b' '..=b'~').then_some(byte)
}
