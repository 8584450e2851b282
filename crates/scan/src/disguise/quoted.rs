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
/// Bytes of a line at the least that is broken: mailers break at 76.
const BROKEN: usize = 48;
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
        if start < at {
            continue;
        }
        if let Some(next) = soft(text, start) {
            at = unbroken(text, start, next, view);
            if !each(view) {
                return;
            }
            continue;
        }
        if escape(text, start).is_none() {
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
            // A line that goes on in the next one is no end.
            if let [b'=', b'\n', ..] | [b'=', b'\r', b'\n', ..] = rest {
                place += if rest.get(1) == Some(&b'\n') { 2 } else { 3 };
            }
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

/// Whether what was escaped in the line from `line` to its end before `at`, or shortly before it,
/// may go on behind it.
pub(super) fn goes_on(text: &[u8], line: usize, at: usize) -> bool {
    let from = line.min(at.saturating_sub(GAP + CLOSE + 4));
    let part = text.get(from..at).unwrap_or_default();
    let mut signs = memchr::memchr_iter(b'=', part).map(|n| from + n);
    signs.any(|n| escape(text, n).is_some() || matches!(text.get(n + 1), Some(b'\n' | b'\r')))
}

/// Where the next line begins, if a line that is long enough to be broken is broken at `at`, in the
/// middle of a word.
fn soft(text: &[u8], at: usize) -> Option<usize> {
    let next = match text.get(at + 1..)? {
        [b'\n', ..] => at + 2,
        [b'\r', b'\n', ..] => at + 3,
        _ => return None,
    };
    let line = text.get(at.checked_sub(BROKEN)?..at)?;
    // `==` ends Base64, and `-----END` stands behind it.
    let (last, first) = (*line.last()?, *text.get(next)?);
    let word = view::is_value(last) && last != b'=' && view::is_value(first) && first != b'-';
    (word && !line.contains(&b'\n')).then_some(next)
}

/// Joins the lines broken from `at` on, and those after them as long as there is something to be
/// taken off; returns where the last of them ends.
fn unbroken(text: &[u8], at: usize, next: usize, view: &mut View) -> usize {
    view.begin("quoted-printable");
    view.copy(text, view::before(text, at)..at);
    view.core = 0..0;
    let (mut from, mut idle) = (next, false);
    while view.plain.len() < MOST && from < text.len() {
        let rest = text.get(from..).unwrap_or_default();
        let end = from + memchr::memchr(b'\n', rest).unwrap_or(rest.len());
        let cr = usize::from(end > from && text.get(end - 1) == Some(&b'\r'));
        let last = end.saturating_sub(1 + cr).max(from);
        let long = last - from >= BROKEN || soft(text, last).is_some();
        let broken = text.get(last) == Some(&b'=') && long;
        let until = if broken { last } else { end };
        let mut place = from;
        let line = text.get(from..until).unwrap_or_default();
        let escapes = memchr::memchr_iter(b'=', line).map(|n| from + n);
        for found in escapes {
            if let Some(byte) = escape(text, found).filter(|_| found >= place) {
                view.copy(text, place..found);
                view.put(&[byte], found..found + 3);
                place = found + 3;
            }
        }
        idle |= !broken && place == from;
        view.copy(text, place..until.min(place + MOST).max(place));
        from = if broken { end + 1 } else { end };
        if idle || from >= text.len() {
            break;
        }
        if !broken {
            view.copy(text, from..from + 1);
            from += 1;
        }
    }
    view.core.end = view.plain.len();
    from
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

#[cfg(test)]
mod tests {
    use super::super::tests::{VALUE, one, scan};

    #[test]
    fn a_text_of_nothing_but_escapes_is_read_across_its_lines() {
        let lines = |text: &str| {
            let escapes: Vec<_> = text.bytes().map(|b| format!("={b:02X}")).collect();
            let lines: Vec<_> = escapes.chunks(24).map(|line| line.concat()).collect();
            lines.join("=\n")
        };
        let text = format!("{}key={VALUE}\n", "words ".repeat(7));
        assert_eq!(one(lines(&text).as_bytes()).1, "quoted-printable");
        let twin = lines(&text.replace("tokx_", "word_"));
        assert!(scan(twin.as_bytes()).findings.is_empty());
    }

    #[test]
    fn lines_that_a_mailer_broke_are_joined() {
        for (line_end, cut) in [("\n", 9), ("\r\n", 20)] {
            let (head, tail) = VALUE.split_at(cut);
            let text = format!(
                "{} key is {head}={line_end}{tail} and more",
                "words ".repeat(9)
            );
            assert_eq!(one(text.as_bytes()).1, "quoted-printable");
            // A short line is one of settings.
            let text = format!("key={head}={line_end}{tail}");
            assert!(scan(text.as_bytes()).findings.is_empty(), "{text}");
        }
        let (head, tail) = VALUE.split_at(12);
        let (middle, tail) = tail.split_at(9);
        let long = "x".repeat(60);
        let text = format!("{long} {head}=\n{middle}=\n{tail}\n");
        assert!(
            scan(text.as_bytes()).findings.is_empty(),
            "the second line is short"
        );
    }
}
