//! Base64, base64url and hex: runs of their alphabets that decode to text or to something packed.
//!
//! Most long runs are names and hashes. Sixteen characters that decode to twelve printable bytes
//! are neither: that is the test, at every alignment, because a run may begin before its text.

use std::ops::Range;

use super::Hints;
use super::unpack;
use super::view::{self, Content, View, is_value};

/// Shortest run looked at: sixteen bytes of hex are 32 characters, of base64 22.
const LEAST: usize = 20;
/// Characters of the test.
const WINDOW: usize = 16;
const HEX_LEAST: usize = 24;
/// A line of at least this many characters may go on in the next.
const WRAPPED: usize = 48;
/// Characters decoded into one view.
const MOST: usize = 64 << 10;
/// and those that two views of one run have in common.
const OVERLAP: usize = 8 << 10;
/// Something packed is decoded whole, up to here.
const PACKED_MOST: usize = 24 << 20;

const NONE: u8 = 0xff;

/// Values of both base64 alphabets.
const SIX: [u8; 256] = {
    let mut table = [NONE; 256];
    let letters = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut i = 0;
    while i < 64 {
        table[letters[i] as usize] = i as u8;
        i += 1;
    }
    table[b'-' as usize] = 62;
    table[b'_' as usize] = 63;
    table
};

const FOUR: [u8; 256] = {
    let mut table = [NONE; 256];
    let mut i = 0;
    while i < 10 {
        table[b'0' as usize + i] = i as u8;
        i += 1;
    }
    let mut i = 0;
    while i < 6 {
        table[b'a' as usize + i] = 10 + i as u8;
        table[b'A' as usize + i] = 10 + i as u8;
        i += 1;
    }
    table
};

fn value(table: &[u8; 256], b: u8) -> u8 {
    table.get(usize::from(b)).copied().unwrap_or(NONE)
}

/// Calls `each` with a view of every run that decodes.
pub(super) fn find(
    text: &[u8],
    from: usize,
    _: Hints,
    view: &mut View,
    each: &mut dyn FnMut(&View) -> bool,
) {
    let mut at = from;
    let mut covered = 0;
    while let Some(start) = next_run(text, at) {
        at = start;
        let end = run_end(text, at);
        let stop = end.min(at + MOST);
        let line = Line {
            run: at..stop,
            whole: at..end,
        };
        if !(hex(text, at..stop, view, each) && base64(text, &line, &mut covered, view, each)) {
            return;
        }
        // What is longer than a view goes on in another that overlaps.
        at = if stop < end { stop - OVERLAP } else { end };
        if stop < end {
            covered = covered.min(at);
        }
    }
}

/// Where the next run of at least [`LEAST`] characters begins, at or after `from`.
fn next_run(text: &[u8], from: usize) -> Option<usize> {
    const BLOCK: usize = 8;
    let is = |b: &u8| value(&SIX, *b) != NONE;
    // A run of the least length holds a whole block, wherever blocks begin.
    let (blocks, _) = text.get(from..)?.as_chunks::<BLOCK>();
    for (number, block) in blocks.iter().enumerate() {
        if holds_below(u64::from_le_bytes(*block), b'+') || !block.iter().all(is) {
            continue;
        }
        let at = from + number * BLOCK;
        let before = text.get(from..at).unwrap_or_default();
        let start = before
            .iter()
            .rposition(|b| !is(b))
            .map_or(from, |gap| from + gap + 1);
        let more = LEAST.saturating_sub(at + BLOCK - start);
        let rest = text.get(at + BLOCK..at + BLOCK + more).unwrap_or_default();
        if rest.len() == more && rest.iter().all(is) {
            return Some(start);
        }
    }
    None
}

/// Whether one of eight bytes is below `least`, which is ASCII: blanks and most marks are below
/// every character of a run, and one stands in nearly every block of ordinary text.
const fn holds_below(eight: u64, least: u8) -> bool {
    const ONES: u64 = u64::MAX / 255;
    const TOPS: u64 = ONES << 7;
    eight.wrapping_sub(ONES * least as u64) & !eight & TOPS != 0
}

fn run_end(text: &[u8], from: usize) -> usize {
    let rest = text.get(from..).unwrap_or_default();
    from + rest
        .iter()
        .position(|&b| value(&SIX, b) == NONE)
        .unwrap_or(rest.len())
}

/// A run, or as much of it as one view takes.
struct Line {
    run: Range<usize>,
    whole: Range<usize>,
}

fn hex(
    text: &[u8],
    run: Range<usize>,
    view: &mut View,
    each: &mut dyn FnMut(&View) -> bool,
) -> bool {
    let mut at = run.start;
    while at + HEX_LEAST <= run.end {
        // Whatever is long enough and begins here or later covers all of these.
        let least = text.get(at..at + HEX_LEAST).unwrap_or_default();
        if let Some(gap) = least.iter().rposition(|&b| value(&FOUR, b) == NONE) {
            at += gap + 1;
            continue;
        }
        let rest = text.get(at..run.end).unwrap_or_default();
        let length = rest
            .iter()
            .position(|&b| value(&FOUR, b) == NONE)
            .unwrap_or(rest.len());
        if length >= HEX_LEAST {
            let digits = rest.get(..length).unwrap_or_default();
            for skip in 0..2 {
                let readable = digits
                    .get(skip..)
                    .unwrap_or_default()
                    .chunks(HEX_LEAST)
                    .any(|w| reads_as_text(w.chunks_exact(2).map(byte_of)));
                if !readable {
                    continue;
                }
                let start = at + skip;
                let end = start + ((length - skip).min(MOST) & !1);
                view.begin("hex");
                context(text, start, view);
                let plain = view.plain.len();
                let pairs = text.get(start..end).unwrap_or_default().chunks_exact(2);
                view.plain.extend(pairs.map(byte_of));
                view.stands_for(plain, start..end);
                view.core = plain..view.plain.len();
                view.copy(text, end..view::after(text, end));
                if !each(view) {
                    return false;
                }
            }
        }
        at += length + 1;
    }
    true
}

/// What stands before a run. A `0x` or a bit of path that touches it is no part of the value.
fn context(text: &[u8], start: usize, view: &mut View) {
    view.copy(text, view::before(text, start)..start);
    if view.plain.last().is_some_and(|&b| is_value(b)) {
        view.put(b" ", start..start);
    }
}

fn byte_of(pair: &[u8]) -> u8 {
    pair.iter()
        .fold(0, |byte, &b| byte << 4 | (value(&FOUR, b) & 15))
}

/// `covered`: up to there the lines of an earlier view reached, read from their beginnings.
fn base64(
    text: &[u8],
    line: &Line,
    covered: &mut usize,
    view: &mut View,
    each: &mut dyn FnMut(&View) -> bool,
) -> bool {
    let run = line.run.clone();
    let digits = text.get(run.clone()).unwrap_or_default();
    let again = run.start < *covered;
    if !again && is_packed(digits) {
        return packed(text, line.whole.clone(), covered, view, each);
    }
    for skip in usize::from(again)..4 {
        let aligned = digits.get(skip..).unwrap_or_default();
        let mut readable = false;
        let mut wide = false;
        for window in aligned.chunks(WINDOW) {
            if window.len() < WINDOW {
                break;
            }
            // Nearly every window is neither, and the first three bytes say so.
            let [a, b, c] = three(window.get(..4).unwrap_or_default());
            if a == 0 || b == 0 {
                wide |= reads_as_wide(window);
            } else if is_text(a) && is_text(b) && is_text(c) {
                readable |= reads_as_text(window.chunks_exact(4).flat_map(three));
            }
            if readable || wide {
                break;
            }
        }
        if !readable && !wide {
            continue;
        }
        let start = run.start + skip;
        view.begin("base64");
        if readable {
            context(text, start, view);
        } else {
            view.content = Content::Wide;
        }
        let plain = view.plain.len();
        let end = if again {
            line_of(text, start..run.end, view);
            run.end
        } else {
            wrapped(text, start..run.end, view, MOST)
        };
        *covered = end.max(*covered);
        view.core = plain..view.plain.len();
        if readable {
            view.copy(text, end..view::after(text, end));
        }
        if !each(view) {
            return false;
        }
    }
    true
}

/// Decodes a run and the lines it goes on in; returns where it ends.
fn wrapped(text: &[u8], first: Range<usize>, view: &mut View, most: usize) -> usize {
    let mut line = first;
    let mut taken = 0;
    loop {
        let end = line.end.min(line.start + most.saturating_sub(taken));
        taken += end - line.start;
        line_of(text, line.start..end, view);
        let goes_on = line.len() >= WRAPPED && taken < most;
        let Some(next) = next_line(text, line.end).filter(|_| goes_on) else {
            return end;
        };
        line = next;
    }
}

/// Decodes one line.
fn line_of(text: &[u8], line: Range<usize>, view: &mut View) {
    let digits = text.get(line.clone()).unwrap_or_default();
    let plain = view.plain.len();
    view.plain.reserve(digits.len() / 4 * 3 + 3);
    for four in digits.chunks(4) {
        let bytes = three(four);
        let count = four.len() * 3 / 4;
        view.plain
            .extend_from_slice(bytes.get(..count).unwrap_or_default());
    }
    view.stands_for(plain, line);
}

/// The run that makes up the next line, padding and indentation aside.
fn next_line(text: &[u8], end: usize) -> Option<Range<usize>> {
    let rest = text.get(end..)?;
    let rest_at = end + rest.iter().take(2).take_while(|b| **b == b'\r').count();
    if text.get(rest_at) != Some(&b'\n') {
        return None;
    }
    let indent = text
        .get(rest_at + 1..)?
        .iter()
        .take(64)
        .take_while(|b| matches!(b, b' ' | b'\t'))
        .count();
    let start = rest_at + 1 + indent;
    let stop = run_end(text, start);
    (stop > start).then_some(start..stop)
}

fn packed(
    text: &[u8],
    run: Range<usize>,
    covered: &mut usize,
    view: &mut View,
    each: &mut dyn FnMut(&View) -> bool,
) -> bool {
    view.begin("base64");
    view.content = Content::Packed;
    let end = wrapped(text, run, view, PACKED_MOST);
    *covered = end.max(*covered);
    view.core = 0..view.plain.len();
    each(view)
}

/// Whether base64 of something packed begins here.
fn is_packed(digits: &[u8]) -> bool {
    let Some(head) = digits.get(..WINDOW) else {
        return false;
    };
    let mut bytes = [0; 12];
    for (slot, four) in bytes.chunks_exact_mut(3).zip(head.chunks_exact(4)) {
        slot.copy_from_slice(&three(four));
    }
    unpack::is_zlib(&bytes) || unpack::is_packed(&bytes)
}

/// Three bytes of four characters; missing ones count as zero.
fn three(four: &[u8]) -> [u8; 3] {
    let six = |b: u8| u32::from(value(&SIX, b) & 63);
    let bits = match *four {
        [a, b, c, d] => six(a) << 18 | six(b) << 12 | six(c) << 6 | six(d),
        _ => (0..4).fold(0, |bits, i| bits << 6 | four.get(i).map_or(0, |&b| six(b))),
    };
    let [_, a, b, c] = bits.to_be_bytes();
    [a, b, c]
}

fn is_text(b: u8) -> bool {
    matches!(b, 0x20..=0x7e | b'\t' | b'\n' | b'\r')
}

fn reads_as_text(mut bytes: impl Iterator<Item = u8>) -> bool {
    let mut count = 0;
    let all = bytes.all(|b| {
        count += 1;
        is_text(b)
    });
    all && count >= 12
}

/// Twelve bytes of UTF-16 that is Latin.
fn reads_as_wide(window: &[u8]) -> bool {
    let mut bytes = [0u8; 12];
    for (slot, four) in bytes.chunks_exact_mut(3).zip(window.chunks_exact(4)) {
        slot.copy_from_slice(&three(four));
    }
    let text = |b: &u8| is_text(*b);
    let (pairs, _) = bytes.as_chunks::<2>();
    pairs.iter().all(|[a, b]| *b == 0 && text(a)) || pairs.iter().all(|[a, b]| *a == 0 && text(b))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// The same, one byte after the other.
    fn plainly(text: &[u8], from: usize) -> Option<usize> {
        let mut start = from;
        for (at, b) in text.iter().enumerate().skip(from) {
            if value(&SIX, *b) == NONE {
                start = at + 1;
            } else if at + 1 - start == LEAST {
                return Some(start);
            }
        }
        None
    }

    proptest! {
        #[test]
        fn runs_are_found_wherever_they_begin(
            text in proptest::collection::vec(
                proptest::sample::select(b"aaaaaaaZ9+/_- .\x00\x80\xff*,".to_vec()),
                0..400,
            ),
            from in 0usize..40,
        ) {
            prop_assert_eq!(next_run(&text, from), plainly(&text, from));
        }
    }
}
