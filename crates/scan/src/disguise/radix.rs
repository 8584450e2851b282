//! Base64, base64url and hex: runs of their alphabets that decode to text or to something packed.
//!
//! Most long runs are names and hashes. Sixteen characters that decode to twelve printable bytes
//! are neither: that is the test, at every alignment, because a run may begin before its text.

use std::ops::Range;

use super::Scene;
use super::base32;
use super::base58;
use super::deflated;
use super::lines::{self, Carried, Lines};
use super::named;
use super::prefixed;
use super::survey::bits;
use super::unpack;
use super::view::{Content, View, is_value};
use crate::masks::{BLOCK, Block};

/// Characters of the test.
const WINDOW: usize = 16;
const HEX_LEAST: usize = 24;
/// Characters decoded into one view.
pub(super) const MOST: usize = 64 << 10;
/// and those that two views of one run have in common.
const OVERLAP: usize = 8 << 10;
/// Something packed is decoded whole, up to here.
pub(super) const PACKED_MOST: usize = 24 << 20;

pub(super) const NONE: u8 = 0xff;

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

pub(super) fn value(table: &[u8; 256], b: u8) -> u8 {
    table.get(usize::from(b)).copied().unwrap_or(NONE)
}

/// Calls `each` with a view of every run that decodes.
pub(super) fn find(scene: &Scene<'_>, view: &mut View, each: &mut dyn FnMut(&View) -> bool) {
    let mut at = scene.from;
    let mut covered = Covered::default();
    // Sixteen bytes are 22 characters of base64, 32 of hex.
    while let Some(start) = scene.survey.next_run(at) {
        at = start;
        let end = scene.survey.run_end(at);
        let stop = end.min(at + MOST);
        let line = Line {
            run: at..stop,
            whole: at..end,
        };
        let go_on = prefixed::find(scene.text, at, view, each)
            && hex(scene, &line, &mut covered, view, each)
            && base32::find(scene, &line, &mut covered.base32, view, each)
            && (at != line.whole.start || base58::find(scene, &line, view, each))
            && base64(scene, &line, &mut covered, view, each);
        if !go_on {
            return;
        }
        // What is longer than a view goes on in another that overlaps.
        at = if stop < end { stop - OVERLAP } else { end };
        if stop < end {
            covered.base64 = covered.base64.min(at);
            covered.hex = covered.hex.min(at);
            covered.base32 = covered.base32.min(at);
        }
    }
}

/// How far the lines of earlier views reached, read from their beginnings.
#[derive(Default)]
struct Covered {
    base64: usize,
    hex: usize,
    base32: usize,
    /// Lines of base64 that did not begin with a group: where, and how many characters into it.
    odd: Vec<(usize, usize)>,
}

impl Covered {
    /// The alignment at which the line at `start` was read already.
    fn phase(&self, start: usize) -> Option<usize> {
        if start >= self.base64 {
            return None;
        }
        let found = self.odd.binary_search_by_key(&start, |(at, _)| *at);
        let odd = found.ok().and_then(|i| self.odd.get(i));
        Some(odd.map_or(0, |(_, phase)| *phase))
    }
}

/// A run, or as much of it as one view takes.
pub(super) struct Line {
    pub(super) run: Range<usize>,
    pub(super) whole: Range<usize>,
}

fn hex(
    scene: &Scene<'_>,
    line: &Line,
    covered: &mut Covered,
    view: &mut View,
    each: &mut dyn FnMut(&View) -> bool,
) -> bool {
    let text = scene.text;
    let run = line.run.clone();
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
        let digits = rest.get(..length).unwrap_or_default();
        let ends_line = at + length == line.whole.end && length.is_multiple_of(2);
        let again = at < covered.hex;
        let head = head_of_hex(digits);
        let content = unpack::content_of(&head).filter(|_| !again);
        if let Some(content) = content {
            view.begin("hex");
            view.content = content;
            let end = hex_lines(scene, at..at + length, ends_line, PACKED_MOST, view);
            view.core = 0..view.plain.len();
            covered.hex = covered.hex.max(end);
            if !each(view) {
                return false;
            }
        }
        for skip in usize::from(again)..2 {
            let readable = digits
                .get(skip..)
                .unwrap_or_default()
                .chunks(HEX_LEAST)
                .any(|w| reads_as_text(w.chunks_exact(2).map(byte_of)));
            if !readable {
                continue;
            }
            let start = at + skip;
            let end = start + (length - skip).min(MOST);
            view.begin("hex");
            let quote = context(text, start, view);
            let plain = view.plain.len();
            let end = hex_lines(scene, start..end, ends_line && skip == 0, MOST, view);
            view.core = plain..view.plain.len();
            named::close(text, end, quote, view);
            if skip == 0 {
                covered.hex = covered.hex.max(end);
            }
            if !each(view) {
                return false;
            }
        }
        at += length + 1;
    }
    true
}

/// Decodes a run and, where it ends its line, the lines it goes on in; returns where it ends.
fn hex_lines(
    scene: &Scene<'_>,
    first: Range<usize>,
    ends_line: bool,
    most: usize,
    view: &mut View,
) -> usize {
    let lines = Lines::of(scene, &first);
    let (mut line, mut taken) = (first, 0);
    loop {
        let length = line.len().min(most.saturating_sub(taken)) & !1;
        let end = line.start + length;
        taken += length;
        let plain = view.plain.len();
        let digits = scene.text.get(line.start..end).unwrap_or_default();
        view.plain.extend(digits.chunks_exact(2).map(byte_of));
        view.stands_for(plain, line.start..end);
        let goes_on = ends_line && line.len() >= lines::WRAPPED && taken < most;
        let next = if goes_on { lines.next(end) } else { None };
        let all = |run: &Range<usize>| {
            let digits = scene.text.get(run.clone()).unwrap_or_default();
            digits.len().is_multiple_of(2) && digits.iter().all(|&b| value(&FOUR, b) != NONE)
        };
        match next.filter(all) {
            Some(next) => line = next,
            None => return end,
        }
    }
}

/// The first bytes of hex.
fn head_of_hex(digits: &[u8]) -> [u8; HEX_LEAST / 2] {
    let mut bytes = [0; HEX_LEAST / 2];
    for (slot, pair) in bytes.iter_mut().zip(digits.chunks_exact(2)) {
        *slot = byte_of(pair);
    }
    bytes
}

/// What stands before a run. A `0x` or a bit of path that touches it is no part of the value.
/// Returns the quote that has to be closed.
pub(super) fn context(text: &[u8], start: usize, view: &mut View) -> Option<u8> {
    let quote = named::copy(text, start, view);
    if view.plain.last().is_some_and(|&b| is_value(b)) {
        view.put(b" ", start..start);
    }
    quote
}

fn byte_of(pair: &[u8]) -> u8 {
    pair.iter()
        .fold(0, |byte, &b| byte << 4 | (value(&FOUR, b) & 15))
}

fn base64(
    scene: &Scene<'_>,
    line: &Line,
    covered: &mut Covered,
    view: &mut View,
    each: &mut dyn FnMut(&View) -> bool,
) -> bool {
    let text = scene.text;
    let run = line.run.clone();
    let digits = text.get(run.clone()).unwrap_or_default();
    let done = covered.phase(run.start);
    if done.is_none() && is_packed(digits) {
        return packed(scene, line.whole.clone(), covered, view, each);
    }
    let contents = aligned(digits);
    if done.is_none() && contents.iter().all(Option::is_none) {
        return deflated::find(scene, run, view, each);
    }
    for (skip, content) in contents.iter().enumerate() {
        let Some(content) = content.filter(|_| done != Some(skip)) else {
            continue;
        };
        let readable = content == Content::Text;
        let start = run.start + skip;
        view.begin("base64");
        let quote = readable.then(|| context(text, start, view)).flatten();
        view.content = content;
        let plain = view.plain.len();
        let end = if done.is_some() {
            let mut carried = Carried::default();
            line_of(text, start..run.end, &mut carried, view);
            finish(&carried, view);
            run.end
        } else {
            wrapped(scene, start..run.end, covered, view, MOST)
        };
        covered.base64 = end.max(covered.base64);
        view.core = plain..view.plain.len();
        if readable {
            named::close(text, end, quote, view);
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
    scene: &Scene<'_>,
    first: Range<usize>,
    covered: &mut Covered,
    view: &mut View,
    most: usize,
) -> usize {
    let text = scene.text;
    let lines = Lines::of(scene, &first);
    let mut line = first;
    let mut taken = 0;
    let mut carried = Carried::default();
    loop {
        let end = line.end.min(line.start + most.saturating_sub(taken));
        taken += end - line.start;
        if carried.held > 0 {
            covered.odd.push((line.start, 4 - carried.held));
        }
        line_of(text, line.start..end, &mut carried, view);
        let goes_on = line.len() >= lines::WRAPPED && taken < most;
        let next = if goes_on { lines.next(line.end) } else { None };
        match next {
            Some(next) => line = next,
            None => {
                finish(&carried, view);
                return end;
            }
        }
    }
}

/// Decodes one line, with what was left of the one before.
fn line_of(text: &[u8], line: Range<usize>, carried: &mut Carried, view: &mut View) {
    let digits = text.get(line.clone()).unwrap_or_default();
    let plain = view.plain.len();
    view.plain.reserve(digits.len() / 4 * 3 + 3);
    let digits = match carried.fill(digits) {
        (Some(four), rest) => {
            view.plain.extend_from_slice(&three(&four));
            rest
        }
        (None, rest) => rest,
    };
    let (fours, rest) = digits.as_chunks::<4>();
    for four in fours {
        view.plain.extend_from_slice(&three(four));
    }
    carried.hold(rest);
    view.stands_for(plain, line);
}

/// What the last characters stand for, which are no whole group.
fn finish(carried: &Carried, view: &mut View) {
    let rest = carried.rest();
    let bytes = three(rest);
    let count = rest.len() * 3 / 4;
    let plain = view.plain.len();
    view.plain
        .extend_from_slice(bytes.get(..count).unwrap_or_default());
    view.goes_on(plain);
}

fn packed(
    scene: &Scene<'_>,
    run: Range<usize>,
    covered: &mut Covered,
    view: &mut View,
    each: &mut dyn FnMut(&View) -> bool,
) -> bool {
    view.begin("base64");
    view.content = Content::Packed;
    let end = wrapped(scene, run, covered, view, PACKED_MOST);
    covered.base64 = end.max(covered.base64);
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
pub(super) fn three(four: &[u8]) -> [u8; 3] {
    let six = |b: u8| u32::from(value(&SIX, b) & 63);
    let bits = match *four {
        [a, b, c, d] => six(a) << 18 | six(b) << 12 | six(c) << 6 | six(d),
        _ => (0..4).fold(0, |bits, i| bits << 6 | four.get(i).map_or(0, |&b| six(b))),
    };
    let [_, a, b, c] = bits.to_be_bytes();
    [a, b, c]
}

pub(super) fn is_text(b: u8) -> bool {
    matches!(b, 0x20..=0x7e | b'\t' | b'\n' | b'\r')
}

pub(super) fn reads_as_text(mut bytes: impl Iterator<Item = u8>) -> bool {
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
    use super::super::survey::Survey;
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
            survey.of(&text, from..text.len(), Hints::default());
            for at in (from..from + 90).step_by(7) {
                prop_assert_eq!(survey.next_run(at), plainly(&text, at));
            }
        }
    }
}
