//! Codings that ordinary text has no use for, given away by a word that their text cannot do
//! without: ROT13, the records of Intel and Motorola, bytes in binary digits.

use super::Scene;
use super::named;
use super::radix::{self, MOST, PACKED_MOST};
use super::unpack;
use super::view::{Content, View};

/// Names of secrets, the head of a key and what it is called, in small letters.
pub(super) const ROTATED: [&[u8]; 7] = [
    b"cnffjbeq",
    b"frperg",
    b"gbxra",
    b"ncv_xrl",
    b"-----ortva ",
    b"rot13",
    b"rot_13",
];
/// The last records of a file, in small letters.
pub(super) const LAST: [&[u8]; 4] = [
    b":00000001ff",
    b"s9030000fc",
    b"s804000000fb",
    b"s70500000000fa",
];
/// The commonest letters, and a blank behind them.
pub(super) const BINARY: [&[u8]; 3] = [b"01100101 ", b"01110100 ", b"01110011 "];

/// Bytes before a word that are rotated with what follows.
const BEFORE: usize = 2048;
/// Characters of the longest record.
const RECORD: usize = 530;
/// Fewest bytes that are worth a view.
const LEAST: usize = 12;
/// Digits of a byte.
const DIGITS: usize = 8;

/// Calls `each` with every such stretch as it was before.
pub(super) fn find(scene: &Scene<'_>, view: &mut View, each: &mut dyn FnMut(&View) -> bool) {
    let hints = scene.hints;
    let _ = (!hints.rotated || rotated(scene, view, each))
        && (!hints.records || records(scene, view, each))
        && (!hints.binary || binary(scene, view, each));
}

/// Letters thirteen places on, from before a word that gives them away for at most [`MOST`] bytes.
fn rotated(scene: &Scene<'_>, view: &mut View, each: &mut dyn FnMut(&View) -> bool) -> bool {
    let &Scene { text, from, .. } = scene;
    let mut at = from;
    while let Some(found) = first_of(text, at, &ROTATED) {
        let start = found.saturating_sub(BEFORE).max(at);
        let end = text.len().min(found + MOST);
        view.begin("rot13");
        view.copy(text, start..end);
        for b in &mut view.plain {
            *b = turned(*b);
        }
        view.core = 0..view.plain.len();
        if !each(view) {
            return false;
        }
        at = end;
    }
    true
}

fn turned(b: u8) -> u8 {
    match b {
        b'a'..=b'm' | b'A'..=b'M' => b + 13,
        b'n'..=b'z' | b'N'..=b'Z' => b - 13,
        _ => b,
    }
}

/// Where the first of some words stands, in whatever letters.
fn first_of(text: &[u8], at: usize, words: &[&[u8]]) -> Option<usize> {
    let rest = text.get(at..)?;
    let most = words.iter().map(|w| w.len()).max()?;
    let longest = rest.len().saturating_sub(1) + most;
    let mut near = longest;
    for word in words {
        let [first, ..] = **word else { continue };
        let until = rest.get(..rest.len().min(near)).unwrap_or_default();
        let starts = memchr::memchr2_iter(first, first.to_ascii_uppercase(), until);
        let whole = |at: &usize| {
            let here = rest.get(*at..*at + word.len());
            here.is_some_and(|here| here.eq_ignore_ascii_case(word))
        };
        near = { starts }.find(whole).unwrap_or(near);
    }
    (near < longest).then_some(at + near)
}

/// The bytes of records that follow each other.
fn records(scene: &Scene<'_>, view: &mut View, each: &mut dyn FnMut(&View) -> bool) -> bool {
    let &Scene { text, from, .. } = scene;
    let mut at = from;
    view.begin("records");
    while at < text.len() {
        let rest = text.get(at..).unwrap_or_default();
        let end = memchr::memchr(b'\n', rest).unwrap_or(rest.len());
        let line = rest.get(..end).unwrap_or_default();
        let plain = view.plain.len();
        let read = record(line.trim_ascii_end(), &mut view.plain);
        if read {
            view.stands_for(plain, at..at + end);
        }
        at += end + 1;
        let over = !read || at >= text.len() || view.plain.len() >= PACKED_MOST;
        if over && let Some(head) = view.plain.first_chunk::<LEAST>() {
            view.content = unpack::content_of(head).unwrap_or(Content::Packed);
            view.core = 0..view.plain.len();
            if !each(view) {
                return false;
            }
        }
        if over {
            view.begin("records");
        }
    }
    true
}

/// Adds the bytes of a record; whether it is one, sum and all.
fn record(line: &[u8], out: &mut Vec<u8>) -> bool {
    if line.len() > RECORD {
        return false;
    }
    // What begins it, how long its place is, and what the sum of its bytes has to be.
    let (digits, place, sum) = match line {
        [b':', rest @ ..] => (rest, 3, 0),
        [b'S', kind @ b'1'..=b'3', rest @ ..] => (rest, usize::from(kind - b'0') + 1, 0xff),
        [b'S', b'0' | b'5'..=b'9', rest @ ..] => (rest, usize::MAX, 0xff),
        _ => return false,
    };
    let before = out.len();
    for pair in digits.chunks(2) {
        let text = std::str::from_utf8(pair).ok();
        let byte = text.filter(|t| t.len() == 2 && t.bytes().all(|b| b.is_ascii_hexdigit()));
        match byte.and_then(|byte| u8::from_str_radix(byte, 16).ok()) {
            Some(byte) => out.push(byte),
            None => {
                out.truncate(before);
                return false;
            }
        }
    }
    let bytes = out.get(before..).unwrap_or_default();
    let added = bytes.iter().fold(0u8, |sum, b| sum.wrapping_add(*b));
    let head = bytes.first().map_or(0, |b| usize::from(*b));
    let whole = match sum {
        0 => bytes.len() == head + 5,
        _ => bytes.len() == head + 1,
    };
    let data = match sum {
        0 => bytes.get(3) == Some(&0),
        _ => place < usize::MAX,
    };
    let good = added == sum && whole;
    let kept = match good && data {
        true => {
            // The count, the place, and for Intel the kind.
            let first = before + 1 + place;
            let last = out.len() - 1;
            out.copy_within(first.min(last)..last, before);
            last.saturating_sub(first)
        }
        false => 0,
    };
    out.truncate(before + kept);
    good
}

/// Bytes of eight digits each, with blanks or line ends between.
fn binary(scene: &Scene<'_>, view: &mut View, each: &mut dyn FnMut(&View) -> bool) -> bool {
    let &Scene { text, from, .. } = scene;
    let mut done = from;
    while let Some(found) = first_of(text, done, &BINARY) {
        let mut start = found;
        while let Some(before) = start.checked_sub(DIGITS + 1).filter(|b| *b >= done) {
            match (byte(text, before), text.get(start - 1)) {
                (Some(_), Some(b' ' | b'\n')) => start = before,
                _ => break,
            }
        }
        view.begin("binary digits");
        let quote = radix::context(text, start, view);
        let plain = view.plain.len();
        let end = digits(text, start, view);
        done = end.max(found + DIGITS);
        view.core = plain..view.plain.len();
        let hidden = view.plain.get(plain..).unwrap_or_default();
        if hidden.len() < LEAST || !hidden.iter().all(|b| radix::is_text(*b)) {
            continue;
        }
        named::close(text, end, quote, view);
        if !each(view) {
            return false;
        }
    }
    true
}

/// Adds the bytes from `start` on; returns where they end.
fn digits(text: &[u8], start: usize, view: &mut View) -> usize {
    let (mut at, mut end) = (start, start);
    let first = view.plain.len();
    while let Some(byte) = byte(text, at).filter(|_| view.plain.len() - first < MOST) {
        view.put(&[byte], at..at + DIGITS);
        end = at + DIGITS;
        let blanks = |b: &&u8| matches!(b, b' ' | b'\n' | b'\r' | b',');
        let rest = text.get(end..text.len().min(end + 3)).unwrap_or_default();
        let between = rest.iter().take_while(blanks).count();
        if between == 0 {
            break;
        }
        at = end + between;
    }
    end
}

/// The byte whose digits stand at `at`, and no more of them.
fn byte(text: &[u8], at: usize) -> Option<u8> {
    let digit = |b: &u8| matches!(b, b'0' | b'1');
    let digits = text.get(at..at + DIGITS)?;
    let more = text.get(at + DIGITS).is_some_and(digit);
    let value = digits.iter().fold(0, |sum, b| sum << 1 | (b & 1));
    (digits.iter().all(digit) && !more).then_some(value)
}

#[cfg(test)]
mod tests {
    use std::fmt::Write as _;

    use super::super::tests::{VALUE, one, scan};
    use super::*;

    fn seen(kind: &str, of: &dyn Fn(&str) -> String) {
        let text = format!("# settings of the test\nkey = {VALUE}\nregion = here\n");
        let coded = of(&text);
        assert_eq!(one(coded.as_bytes()).1, kind, "{coded}");
        let twin = of(&text.replace("tokx_", "word_"));
        assert!(scan(twin.as_bytes()).findings.is_empty(), "{twin}");
    }

    #[test]
    fn letters_are_turned_back_where_a_word_says_so() {
        let turn = |text: &str| {
            text.bytes()
                .map(|b| char::from(turned(b)))
                .collect::<String>()
        };
        seen("rot13", &|text| turn(&format!("api_key below\n{text}")));
        seen("rot13", &|text| {
            format!("decode(\"rot13\", '{}')\n", turn(text))
        });
        // Without a word nothing is turned.
        let plain = turn(&format!("it = {VALUE}\n"));
        assert!(scan(plain.as_bytes()).findings.is_empty());
    }

    fn sum(bytes: &[u8]) -> u8 {
        bytes.iter().fold(0, |sum, b| sum.wrapping_add(*b))
    }

    fn hex(bytes: &[u8]) -> String {
        bytes.iter().fold(String::new(), |mut out, b| {
            let _ = write!(out, "{b:02X}");
            out
        })
    }

    #[test]
    fn records_are_put_together() {
        seen("records", &|text| {
            let mut out = String::new();
            for (i, part) in text.as_bytes().chunks(16).enumerate() {
                let mut bytes = vec![u8::try_from(part.len()).unwrap_or(0), 0, i as u8 * 16, 0];
                bytes.extend_from_slice(part);
                bytes.push(sum(&bytes).wrapping_neg());
                let _ = writeln!(out, ":{}", hex(&bytes));
            }
            out + ":00000001FF\n"
        });
        seen("records", &|text| {
            let mut out = String::new();
            for (i, part) in text.as_bytes().chunks(16).enumerate() {
                let mut bytes = vec![u8::try_from(part.len()).unwrap_or(0) + 3, 0, i as u8 * 16];
                bytes.extend_from_slice(part);
                bytes.push(!sum(&bytes));
                let _ = writeln!(out, "S1{}", hex(&bytes));
            }
            out + "S9030000FC\r\n"
        });
        // One whose sum is wrong is none.
        assert!(!record(b":0100000041BF", &mut Vec::new()));
        assert!(record(b":0100000041BE", &mut Vec::new()));
        for odd in [
            &b":"[..],
            b":0",
            b":00",
            b"S1",
            b"S",
            b"S9",
            b":ff",
            b"S103",
            b":+1",
        ] {
            assert!(!record(odd, &mut Vec::new()), "{odd:?}");
        }
    }

    #[test]
    fn digits_of_bytes_are_read() {
        let digits = |text: &str, between: &str| {
            let digits: Vec<String> = text.bytes().map(|b| format!("{b:08b}")).collect();
            digits.join(between)
        };
        seen("binary digits", &|text| digits(text, " "));
        seen("binary digits", &|text| {
            format!("it: {}\n", digits(text, " "))
        });
        // Bits that are no text.
        let bits = "01100101 11110000 ".repeat(20);
        assert!(scan(bits.as_bytes()).findings.is_empty());
    }

    #[test]
    fn words_are_found_first_one_first() {
        let words: [&[u8]; 2] = [b"frperg", b"gbxra"];
        assert_eq!(first_of(b"xx GBXRA frperg", 0, &words), Some(3));
        assert_eq!(first_of(b"xx Frperg gbxra", 0, &words), Some(3));
        assert_eq!(first_of(b"xx Frperg gbxra", 4, &words), Some(10));
        assert_eq!(first_of(b"xx frpergbxr", 4, &words), None);
        assert_eq!(first_of(b"", 0, &words), None);
    }
}
