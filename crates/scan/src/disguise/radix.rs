//! Base64, base64url and hex: runs of their alphabets that decode to text or to something packed.
//!
//! Most long runs are names and hashes. Sixteen characters that decode to twelve printable bytes
//! are neither: that is the test, at every alignment, because a run may begin before its text.

use std::ops::Range;

use super::Scene;
use super::survey::{Survey, bits};
use super::unpack;
use super::view::{self, Content, View, is_value};
use crate::masks::{BLOCK, Block};

/// Characters of the test.
const WINDOW: usize = 16;
const HEX_LEAST: usize = 24;
/// A line of at least this many characters may go on in the next.
const WRAPPED: usize = 28;
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
pub(super) fn find(scene: &Scene<'_>, view: &mut View, each: &mut dyn FnMut(&View) -> bool) {
    let text = scene.text;
    let from = scene.from;
    let mut at = from;
    let mut covered = 0;
    // Sixteen bytes are 22 characters of base64, 32 of hex.
    while let Some(start) = scene.survey.next_run(at) {
        at = start;
        let end = scene.survey.run_end(at);
        let stop = end.min(at + MOST);
        let line = Line {
            run: at..stop,
            whole: at..end,
        };
        if !(hex(text, at..stop, view, each) && base64(scene, &line, &mut covered, view, each)) {
            return;
        }
        // What is longer than a view goes on in another that overlaps.
        at = if stop < end { stop - OVERLAP } else { end };
        if stop < end {
            covered = covered.min(at);
        }
    }
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
            if is_packed_hex(digits) {
                view.begin("hex");
                view.content = Content::Packed;
                let end = at + (length & !1);
                let pairs = text.get(at..end).unwrap_or_default().chunks_exact(2);
                view.plain.extend(pairs.take(PACKED_MOST).map(byte_of));
                view.stands_for(0, at..end);
                view.core = 0..view.plain.len();
                if !each(view) {
                    return false;
                }
            }
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

/// Whether hex of something packed begins here.
fn is_packed_hex(digits: &[u8]) -> bool {
    let Some(head) = digits.get(..HEX_LEAST) else {
        return false;
    };
    // Both begin so: most runs of hex do not.
    if !matches!(head, [b'1', b'f' | b'F', ..] | [b'7', b'8', ..]) {
        return false;
    }
    let mut bytes = [0; HEX_LEAST / 2];
    for (slot, pair) in bytes.iter_mut().zip(head.chunks_exact(2)) {
        *slot = byte_of(pair);
    }
    unpack::is_zlib(&bytes) || unpack::is_packed(&bytes)
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
    scene: &Scene<'_>,
    line: &Line,
    covered: &mut usize,
    view: &mut View,
    each: &mut dyn FnMut(&View) -> bool,
) -> bool {
    let (text, survey) = (scene.text, scene.survey);
    let run = line.run.clone();
    let digits = text.get(run.clone()).unwrap_or_default();
    let again = run.start < *covered;
    if !again && is_packed(digits) {
        return packed(scene, line.whole.clone(), covered, view, each);
    }
    let contents = aligned(digits);
    for skip in usize::from(again)..4 {
        let Some(content) = contents.get(skip).copied().flatten() else {
            continue;
        };
        let readable = content == Content::Text;
        let start = run.start + skip;
        view.begin("base64");
        if readable {
            context(text, start, view);
        }
        view.content = content;
        let plain = view.plain.len();
        let end = if again {
            line_of(text, start..run.end, view);
            run.end
        } else {
            wrapped((text, survey), start..run.end, view, MOST)
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

/// At each of the four alignments: what the first window is that decodes to text.
fn aligned(digits: &[u8]) -> [Option<Content>; 4] {
    let mut contents = [None; 4];
    let low = |at: usize| u128::from(Block::of(digits, at).low());
    let mut here = low(0);
    for at in (0..digits.len()).step_by(BLOCK) {
        let next = match at + BLOCK < digits.len() {
            true => low(at + BLOCK),
            false => 0,
        };
        let both = here | next << BLOCK;
        here = next;
        // The first bit of each group alone tells it of most names and words.
        let two = both & both >> 4;
        if two & two >> 8 & 0x000f_000f_000f_000f == 0 {
            continue;
        }
        let highest = |at| Block::of(digits, at).highest().map(u128::from);
        let (near, far) = (highest(at), highest(at + BLOCK));
        let [first, second, third] = std::array::from_fn(|i| near[i] | far[i] << BLOCK);
        // Text has no byte with its highest bit set, neither has UTF-16 of Latin text: that leaves
        // one window in thousands. By the place of a group, then by that of four groups:
        let group = first | second >> 1 | third >> 2;
        let two = group | group >> 4;
        let window = two | two >> 8;
        for (skip, content) in contents.iter_mut().enumerate() {
            let left = !(window >> skip) & 0x0001_0001_0001_0001;
            let mut left = bits(u64::try_from(left).unwrap_or(0));
            while let (None, Some(bit)) = (*content, left.next()) {
                let start = at + skip + bit;
                let window = digits.get(start..start + WINDOW).unwrap_or_default();
                *content = content_of(window);
            }
        }
    }
    contents
}

/// What sixteen characters decode to.
fn content_of(window: &[u8]) -> Option<Content> {
    let [a, b, _] = three(window.get(..4)?);
    if a == 0 || b == 0 {
        reads_as_wide(window).then_some(Content::Wide)
    } else {
        reads_as_text(window.chunks_exact(4).flat_map(three)).then_some(Content::Text)
    }
}

/// Decodes a run and the lines it goes on in; returns where it ends.
fn wrapped(
    (text, survey): (&[u8], &Survey),
    first: Range<usize>,
    view: &mut View,
    most: usize,
) -> usize {
    let mut line = first;
    let mut taken = 0;
    loop {
        let end = line.end.min(line.start + most.saturating_sub(taken));
        taken += end - line.start;
        line_of(text, line.start..end, view);
        let goes_on = line.len() >= WRAPPED && taken < most;
        let Some(next) = next_line(text, survey, line.end).filter(|_| goes_on) else {
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
fn next_line(text: &[u8], survey: &Survey, end: usize) -> Option<Range<usize>> {
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
    let stop = survey.run_end(start);
    (stop > start).then_some(start..stop)
}

fn packed(
    scene: &Scene<'_>,
    run: Range<usize>,
    covered: &mut usize,
    view: &mut View,
    each: &mut dyn FnMut(&View) -> bool,
) -> bool {
    view.begin("base64");
    view.content = Content::Packed;
    let end = wrapped((scene.text, scene.survey), run, view, PACKED_MOST);
    *covered = end.max(*covered);
    view.core = 0..view.plain.len();
    each(view)
}

/// Whether base64 of something packed begins here.
fn is_packed(digits: &[u8]) -> bool {
    let Some(head) = digits.get(..WINDOW) else {
        return false;
    };
    let [first, ..] = three(head.get(..4).unwrap_or_default());
    if !unpack::may_begin(first) {
        return false;
    }
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
    use super::super::Hints;
    use super::*;
    use proptest::prelude::*;

    /// The same, one byte after the other.
    fn plainly(text: &[u8], from: usize) -> Option<usize> {
        let mut start = from;
        for (at, b) in text.iter().enumerate().skip(from) {
            if value(&SIX, *b) == NONE {
                start = at + 1;
            } else if at + 1 - start == 20 {
                return Some(start);
            }
        }
        None
    }

    /// The same, window by window.
    fn window_by_window(digits: &[u8]) -> [Option<Content>; 4] {
        std::array::from_fn(|skip| {
            let windows = digits.get(skip..).unwrap_or_default().chunks_exact(WINDOW);
            windows.filter_map(content_of).next()
        })
    }

    proptest! {
        #[test]
        fn every_window_that_decodes_is_seen(
            parts in proptest::collection::vec(
                prop_oneof!["[A-Za-z0-9+/_-]{1,70}", "[ -~]{12,60}", "[a-z]{16,40}"],
                1..6,
            ),
            (encode, wide) in (0usize..6, 0usize..12),
            skip in 0usize..5,
        ) {
            use base64::Engine as _;
            let mut parts = parts;
            if let Some(plain) = parts.get_mut(encode) {
                let plain_bytes: Vec<u8> = match wide {
                    0 => plain.bytes().flat_map(|b| [b, 0]).collect(),
                    1 => plain.bytes().flat_map(|b| [0, b]).collect(),
                    _ => plain.bytes().collect(),
                };
                *plain = base64::engine::general_purpose::STANDARD_NO_PAD.encode(plain_bytes);
            }
            let all: Vec<u8> = parts.concat().into_bytes();
            let digits: Vec<u8> = all.into_iter().filter(|b| value(&SIX, *b) != NONE).collect();
            let digits = digits.get(skip..).unwrap_or_default();
            prop_assert_eq!(aligned(digits), window_by_window(digits));
        }

        #[test]
        fn runs_are_found_wherever_they_begin(
            text in proptest::collection::vec(
                proptest::sample::select(b"aaaaaaaZ9+/_- .\x00\x80\xff*,".to_vec()),
                0..400,
            ),
            from in 0usize..40,
        ) {
            let mut survey = Survey::default();
            survey.of(&text, from, Hints::default());
            for at in (from..from + 90).step_by(7) {
                prop_assert_eq!(survey.next_run(at), plainly(&text, at));
            }
        }
    }
}
