//! Values of binary formats, whose length stands before them: as a byte it may look like a letter of
//! the value, and what follows like another.

use std::ops::Range;

use super::view::{self, View, is_value};

/// Bytes of a value.
const LEAST: usize = 20;
const MOST: usize = 4096;

/// Calls `each` with the value around the run that begins at `run`, if it is as long as is said
/// before it. False: there is no room for more.
pub(super) fn find(
    text: &[u8],
    run: usize,
    view: &mut View,
    each: &mut dyn FnMut(&View) -> bool,
) -> bool {
    let Some(value) = value(text, run) else {
        return true;
    };
    view.begin("value of a length");
    view.copy(text, view::before(text, value.start)..value.start);
    view.put(b"\n", value.start..value.start);
    let core = view.plain.len();
    view.copy(text, value.clone());
    view.core = core..view.plain.len();
    view.put(b"\n", value.end..value.end);
    each(view)
}

/// The value around a run of letters that begins at `run`.
fn value(text: &[u8], run: usize) -> Option<Range<usize>> {
    // In text something else stands there: nearly every run ends this here.
    let last = text.get(run.checked_sub(1)?).filter(|b| !is_value(**b));
    if last.is_some() && is_printed(text, run) {
        return None;
    }
    // A value may have dots, which are none of the run's.
    let head = text.get(run.saturating_sub(view::BEFORE)..run)?;
    let start = run - head.iter().rev().take_while(|b| is_value(**b)).count();
    let before = *text.get(start.checked_sub(1)?)?;
    // In text that is the end of most.
    if is_printed(text, start) {
        return None;
    }
    if matches!(before, b'\n' | b'\r' | b'\t') {
        return numbered(text, start);
    }
    let byte = |at: usize| text.get(at).copied().unwrap_or(0);
    let fits = |start: usize, length: usize| {
        let value = text.get(start..start.checked_add(length)?)?;
        let whole = (LEAST..=MOST).contains(&length) && value.iter().all(|b| is_value(*b));
        whole.then_some(start..start + length)
    };
    // The length is a letter itself, perhaps behind that of a kind.
    for skip in 0..2 {
        let length = usize::from(byte(start + skip));
        if let Some(value) = fits(start + skip + 1, length) {
            return Some(value);
        }
    }
    // It is none, but what follows the value is.
    let four = text.get(start.checked_sub(4)?..start)?.first_chunk::<4>()?;
    let [.., high, low] = *four;
    let lengths = [
        usize::from(low),
        usize::from(u16::from_be_bytes([high, low])),
        usize::try_from(u32::from_le_bytes(*four)).ok()?,
    ];
    let goes_on = |value: &Range<usize>| is_value(byte(value.end));
    let mut values = lengths.into_iter().filter_map(|length| fits(start, length));
    values.find(goes_on)
}

/// Whether a sign stands before `at` that is no length, as none without a zero before it is.
fn is_printed(text: &[u8], at: usize) -> bool {
    let before = |n: usize| at.checked_sub(n).and_then(|at| text.get(at));
    let sign = |b: &u8| matches!(b, b' '..=b'~');
    before(1).is_some_and(sign) && before(2).is_none_or(|b| sign(b) || b.is_ascii_whitespace())
}

/// A line of a pickle as text: `V` before the value, `p` and a number after it.
fn numbered(text: &[u8], start: usize) -> Option<Range<usize>> {
    if text.get(start) != Some(&b'V') {
        return None;
    }
    let rest = text.get(start + 1..text.len().min(start + MOST))?;
    let end = memchr::memchr(b'\n', rest)?;
    let numbered = matches!(rest.get(end + 1..end + 3)?, [b'p', b'0'..=b'9']);
    numbered.then_some(start + 1..start + 1 + end)
}

#[cfg(test)]
mod tests {
    use super::super::tests::{VALUE, one, scan};

    #[test]
    fn lengths_are_no_letters_of_a_value() {
        let length = u8::try_from(VALUE.len()).unwrap();
        for (before, behind) in [
            (vec![b'X', length, 0, 0, 0], "q\x01"),
            (vec![0x79, 0, length], "x\x15"),
            (vec![b'V'], "\np1\n"),
        ] {
            let start = if before == [b'V'] { "\n" } else { "\x02" };
            let bytes = [
                start.as_bytes(),
                &before,
                VALUE.as_bytes(),
                behind.as_bytes(),
            ]
            .concat();
            assert_eq!(one(&bytes).1, "value of a length", "{bytes:?}");
        }
        let twin = [
            &b"\x02X"[..],
            &[length - 1, 0, 0, 0],
            VALUE.as_bytes(),
            b"q\x01",
        ]
        .concat();
        assert!(scan(&twin).findings.is_empty());
    }
}
