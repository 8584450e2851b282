//! Text written as a list of its bytes: `{0x67, 0x68}`, `[103, 104]`, `{'g', 'h'}`, `67:68:69`.

use super::Scene;
use super::survey::mark;
use super::view::{self, MOST, View};

/// Fewest bytes that are worth a view.
const LEAST: usize = 12;
/// Bytes from one look for pairs with blanks to the next: a list worth a view holds one of them.
const STRIDE: usize = 24;
/// Bytes before and behind such a look, at most so far from which a list that it finds has a pair
/// between two blanks.
const NEAR: usize = 16;
/// Blanks between two items.
const BLANKS: usize = 64;

/// Calls `each` with a view of every list that is text.
pub(super) fn find(scene: &Scene<'_>, view: &mut View, each: &mut dyn FnMut(&View) -> bool) {
    let _ = brackets(scene, view, each) && colons(scene, view, each) && spaced(scene, view, each);
}

/// Lists in brackets. False: there is no room for more.
fn brackets(scene: &Scene<'_>, view: &mut View, each: &mut dyn FnMut(&View) -> bool) -> bool {
    let text = scene.text;
    let mut done = scene.from;
    for opens in scene.places(mark::LIST, |part| {
        memchr::memchr3_iter(b'[', b'{', b'(', part)
    }) {
        if opens < done {
            continue;
        }
        let first = blanks(text, opens + 1);
        // Nearly every bracket holds something else, and its first characters say so.
        if !text
            .get(first)
            .is_some_and(|b| b.is_ascii_digit() || *b == b'\'' || *b == b'"')
        {
            continue;
        }
        view.begin("list of bytes");
        view.copy(text, view::before(text, opens)..opens);
        view.put(b" ", opens..first);
        let core = view.plain.len();
        let mut at = first;
        while let Some((byte, end)) = item(text, at) {
            view.put(&[byte], at..end);
            at = end;
            let comma = blanks(text, end);
            if text.get(comma) != Some(&b',') || view.plain.len() >= MOST {
                break;
            }
            at = blanks(text, comma + 1);
        }
        view.core = core..view.plain.len();
        if view.core.len() < LEAST {
            continue;
        }
        done = at;
        if !each(view) {
            return false;
        }
    }
    true
}

/// Pairs of hexadecimal digits with a colon between.
fn colons(scene: &Scene<'_>, view: &mut View, each: &mut dyn FnMut(&View) -> bool) -> bool {
    let text = scene.text;
    let mut done = scene.from;
    for colon in scene.places(mark::COLON, |part| memchr::memchr_iter(b':', part)) {
        let start = colon.saturating_sub(2);
        if start < done || pair(text, start).is_none() || pair(text, colon + 1).is_none() {
            continue;
        }
        done = chain(text, start, b':', view);
        if view.core.len() >= LEAST && !each(view) {
            return false;
        }
    }
    true
}

/// The same with a blank between.
fn spaced(scene: &Scene<'_>, view: &mut View, each: &mut dyn FnMut(&View) -> bool) -> bool {
    let &Scene { text, from, .. } = scene;
    let (mut at, mut floor) = (from, from);
    while let Some(marked) = scene.survey.next(mark::BLANK, at.saturating_sub(NEAR)) {
        // Where one looks makes no difference to what is found, but to where another would begin.
        let before = marked.saturating_sub(NEAR).saturating_sub(at);
        at += before.next_multiple_of(STRIDE);
        let Some(block) = text.get(at..at + 8).and_then(|b| b.first_chunk::<8>()) else {
            break;
        };
        let begun = at;
        at += STRIDE;
        if !is_spaced(u64::from_le_bytes(*block)) {
            continue;
        }
        // Back to where the first pair begins.
        let blank = memchr::memchr(b' ', block).unwrap_or(0);
        let mut start = (begun + blank + 1).max(floor + 3);
        while start >= floor + 3
            && text.get(start - 1) == Some(&b' ')
            && pair(text, start - 3).is_some()
        {
            start -= 3;
        }
        let end = chain(text, start, b' ', view);
        if view.core.len() >= LEAST {
            (at, floor) = (end.max(at), end);
            if !each(view) {
                return false;
            }
        }
    }
    true
}

/// Whether the blanks of eight bytes stand three apart: all else is refused by one comparison.
const fn is_spaced(eight: u64) -> bool {
    const ONES: u64 = u64::MAX / 255;
    const LOWS: u64 = ONES * 0x7f;
    let other = eight ^ (ONES * b' ' as u64);
    // The top bit of every byte that is a blank.
    let blanks = !(((other & LOWS) + LOWS) | other | LOWS);
    matches!(
        blanks,
        0x0080_0000_8000_0080 | 0x8000_0080_0000_8000 | 0x0000_8000_0080_0000
    )
}

/// Fills the view with the pairs from `start` on; returns where they end.
fn chain(text: &[u8], start: usize, between: u8, view: &mut View) -> usize {
    view.begin("hex");
    view.copy(text, view::before(text, start)..start);
    let core = view.plain.len();
    let mut at = start;
    while let Some(byte) = pair(text, at).filter(|_| view.plain.len() < MOST) {
        view.put(&[byte], at..at + 2);
        at += 2;
        if text.get(at) != Some(&between) {
            break;
        }
        at += 1;
    }
    view.core = core..view.plain.len();
    at.max(start + 1)
}

/// Two hexadecimal digits that stand for something that can be read.
fn pair(text: &[u8], at: usize) -> Option<u8> {
    let [a, b] = text.get(at..at + 2)? else {
        return None;
    };
    let digit = |b: &u8| char::from(*b).to_digit(16);
    let byte = u8::try_from(digit(a)? << 4 | digit(b)?).ok()?;
    matches!(byte, b' '..=b'~' | b'\n' | b'\r' | b'\t').then_some(byte)
}

fn blanks(text: &[u8], at: usize) -> usize {
    let rest = text.get(at..).unwrap_or_default();
    at + rest
        .iter()
        .take(BLANKS)
        .take_while(|b| b.is_ascii_whitespace())
        .count()
}

/// A byte of text, and where it ends.
pub(super) fn item(text: &[u8], at: usize) -> Option<(u8, usize)> {
    let rest = text.get(at..)?;
    let (byte, length) = match rest {
        [b'\'', b, b'\'', ..] | [b'"', b, b'"', ..] => (*b, 3),
        [b'0', b'x' | b'X', a, b, ..] if a.is_ascii_hexdigit() && b.is_ascii_hexdigit() => {
            let digit = |b: &u8| char::from(*b).to_digit(16).unwrap_or(0);
            (u8::try_from(digit(a) << 4 | digit(b)).ok()?, 4)
        }
        _ => {
            let digits = rest
                .iter()
                .take(4)
                .take_while(|b| b.is_ascii_digit())
                .count();
            let number = std::str::from_utf8(rest.get(..digits)?).ok()?;
            (number.parse::<u8>().ok()?, digits)
        }
    };
    let whole = !rest.get(length).is_some_and(u8::is_ascii_alphanumeric);
    let read = matches!(byte, b' '..=b'~' | b'\n' | b'\r' | b'\t');
    (whole && read).then_some((byte, at + length))
}
