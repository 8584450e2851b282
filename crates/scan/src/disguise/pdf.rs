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
            b'*' | b'd' | b'D' | b'm' if text.get(at.wrapping_sub(1)) == Some(&b'T') => {
                view.put(b"\n", at..at + 1);
            }
            _ => {}
        }
        at += 1;
    }
    view.core = 0..view.plain.len();
}
