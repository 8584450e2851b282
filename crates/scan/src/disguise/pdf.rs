//! Text of a PDF's page: strings in parentheses, shown piece by piece with kerning between.

use super::Scene;
use super::view::{MOST, View};

/// Calls `each` with the strings of each text object (`BT ... ET`) put together.
pub(super) fn find(scene: &Scene<'_>, view: &mut View, each: &mut dyn FnMut(&View) -> bool) {
    let &Scene {
        text, from, hints, ..
    } = scene;
    // Prose and code that say BT show nothing.
    let mut at = if hints.pdf { from } else { text.len() };
    while let Some(found) = text
        .get(at..)
        .and_then(|rest| memchr::memmem::find(rest, b"BT"))
    {
        let start = at + found;
        at = start + 2;
        let bounded = |i: usize| text.get(i).is_none_or(|b| b.is_ascii_whitespace());
        if !(start.checked_sub(1).is_none_or(bounded) && bounded(start + 2)) {
            continue;
        }
        let rest = text.get(at..text.len().min(at + MOST)).unwrap_or_default();
        let end = at + memchr::memmem::find(rest, b"ET").unwrap_or(rest.len());
        strings(text, at, end, view);
        if !view.plain.is_empty() && !each(view) {
            return;
        }
        at = end;
    }
}

fn strings(text: &[u8], from: usize, end: usize, view: &mut View) {
    view.begin("pdf text");
    let mut depth = 0usize;
    let mut at = from;
    while let Some(&b) = text.get(at).filter(|_| at < end) {
        match b {
            b'\\' if depth > 0 => {
                view.copy(text, at + 1..at + 2);
                at += 1;
            }
            b'(' if depth == 0 => depth = 1,
            b'<' if depth == 0 => at = hexadecimal(text, at, end, view),
            b'(' => {
                depth += 1;
                view.copy(text, at..at + 1);
            }
            b')' if depth == 1 => depth = 0,
            b')' if depth > 1 => {
                depth -= 1;
                view.copy(text, at..at + 1);
            }
            _ if depth > 0 => view.copy(text, at..at + 1),
            // The next line of the page.
            b'*' | b'd' | b'D' | b'm'
                if at > from && text.get(at.wrapping_sub(1)) == Some(&b'T') =>
            {
                view.put(b"\n", at..at + 1);
            }
            _ => {}
        }
        at += 1;
    }
    view.core = 0..view.plain.len();
}

/// A string in hexadecimal, which begins at `at`; returns the place of its last byte.
fn hexadecimal(text: &[u8], at: usize, end: usize, view: &mut View) -> usize {
    let rest = text.get(at + 1..end).unwrap_or_default();
    let Some(length) = memchr::memchr(b'>', rest) else {
        return at;
    };
    let digit = |b: u8| char::from(b).to_digit(16);
    let pairs = rest.get(..length).unwrap_or_default().chunks_exact(2);
    for (i, pair) in pairs.enumerate() {
        let &[a, b] = pair else { break };
        let (Some(a), Some(b)) = (digit(a), digit(b)) else {
            return at;
        };
        let byte = u8::try_from(a << 4 | b).unwrap_or(b'?');
        view.put(&[byte], at + 1 + 2 * i..at + 3 + 2 * i);
    }
    at + 1 + length
}
