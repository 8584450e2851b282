//! Ascii85 and its kin: four bytes in five characters. A text that is nothing else, what stands
//! behind the name of a decoder, and the streams of a PDF.

use super::Scene;
use super::radix::{self, NONE, PACKED_MOST};
use super::unpack;
use super::view::{Content, View};

/// What decoders are called.
pub(super) const WORD: &[u8] = b"85decode";
/// Characters of the test, which are sixteen bytes.
const TEST: usize = 20;
/// Bytes behind the name of a decoder in which what it decodes begins.
const NEAR: usize = 64;

const fn table(digits: &[u8; 85]) -> [u8; 256] {
    let mut table = [NONE; 256];
    let mut i = 0;
    while i < 85 {
        table[digits[i] as usize] = i as u8;
        i += 1;
    }
    table
}

const ADOBE: [u8; 256] = {
    let mut digits = [0; 85];
    let mut i = 0;
    while i < 85 {
        digits[i] = b'!' + i as u8;
        i += 1;
    }
    table(&digits)
};
/// RFC 1924.
const ADDRESS: [u8; 256] =
    table(b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz!#$%&()*+-;<=>?@^_`{|}~");

/// Calls `each` with everything that decodes.
pub(super) fn find(scene: &Scene<'_>, view: &mut View, each: &mut dyn FnMut(&View) -> bool) {
    let &Scene { text, from, .. } = scene;
    if from == 0 && !at(text, 0, view, each) {
        return;
    }
    if !scene.hints.eightyfive {
        return;
    }
    let finder = memchr::memmem::find_iter(text.get(from..).unwrap_or_default(), b"85");
    for found in finder {
        let start = from + found + 2;
        let rest = text
            .get(start..text.len().min(start + NEAR))
            .unwrap_or_default();
        if !rest
            .get(..6)
            .is_some_and(|word| word.eq_ignore_ascii_case(b"decode"))
        {
            continue;
        }
        let stream = memchr::memmem::find(rest, b"stream").map(|at| at + 6);
        let quote = || memchr::memchr2(b'"', b'\'', rest).map(|at| at + 1);
        let Some(begins) = stream.or_else(quote) else {
            continue;
        };
        let blank = |b: &&u8| b.is_ascii_whitespace();
        let blanks = rest
            .get(begins..)
            .unwrap_or_default()
            .iter()
            .take_while(blank);
        if !at(text, start + begins + blanks.count(), view, each) {
            return;
        }
    }
}

/// What begins at `start`, if it decodes. False: there is no room for more.
fn at(text: &[u8], start: usize, view: &mut View, each: &mut dyn FnMut(&View) -> bool) -> bool {
    let begins = text.get(start..).unwrap_or_default().starts_with(b"<~");
    let start = if begins { start + 2 } else { start };
    let rest = text.get(start..text.len().min(start + 2 * TEST));
    let digits = rest.unwrap_or_default().iter();
    let mut head = [0; TEST];
    let slots = head.iter_mut();
    slots
        .zip(digits.filter(|b| !b.is_ascii_whitespace()))
        .for_each(|(slot, b)| *slot = *b);
    for table in [&ADOBE, &ADDRESS] {
        let mut bytes = [0; TEST / 5 * 4];
        let fives = head.as_chunks::<5>().0.iter();
        let whole = fives.zip(bytes.as_chunks_mut::<4>().0).all(|(five, four)| {
            let bits = group(table, five);
            *four = bits.unwrap_or(0).to_be_bytes();
            bits.is_some()
        });
        if !whole {
            continue;
        }
        let readable = bytes.iter().all(|b| radix::is_text(*b));
        let content = match readable {
            true => Some(Content::Text),
            false => unpack::content_of(bytes.get(..12).unwrap_or_default()),
        };
        let Some(content) = content else { continue };
        view.begin("ascii85");
        view.content = content;
        decode(text, start, table, view);
        view.core = 0..view.plain.len();
        return each(view);
    }
    true
}

fn group(table: &[u8; 256], five: &[u8; 5]) -> Option<u32> {
    five.iter().try_fold(0u32, |sum, b| {
        let value = radix::value(table, *b);
        // What fills up the last group may be too much.
        let sum = sum.wrapping_mul(85).wrapping_add(u32::from(value));
        (value != NONE).then_some(sum)
    })
}

/// Fills the view with the groups from `start` on.
fn decode(text: &[u8], start: usize, table: &[u8; 256], view: &mut View) {
    let rest = text.get(start..).unwrap_or_default();
    let (mut five, mut held, mut from) = ([0; 5], 0, start);
    for (at, b) in rest.iter().enumerate() {
        if view.plain.len() > PACKED_MOST {
            return;
        }
        match b {
            b if b.is_ascii_whitespace() => continue,
            // Four zeros are one character.
            b'z' if held == 0 && radix::value(table, b'z') == NONE => {
                view.put(&[0; 4], start + at..start + at + 1);
                from = start + at + 1;
                continue;
            }
            b if radix::value(table, *b) == NONE => break,
            _ => {}
        }
        if let Some(slot) = five.get_mut(held) {
            *slot = *b;
        }
        held += 1;
        if held == 5 {
            let Some(bits) = group(table, &five) else {
                return;
            };
            view.put(&bits.to_be_bytes(), from..start + at + 1);
            (held, from) = (0, start + at + 1);
        }
    }
    // What is missing counts as the last digit; `~>` ends what Adobe wrote.
    if (2..5).contains(&held) {
        let last = if radix::value(table, b'u') == 84 {
            b'u'
        } else {
            b'~'
        };
        five.iter_mut().skip(held).for_each(|b| *b = last);
        if let Some(bits) = group(table, &five) {
            let bytes = bits.to_be_bytes();
            view.put(bytes.get(..held - 1).unwrap_or_default(), from..from + held);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::{VALUE, one, scan};

    const ADOBE: &str =
        "!\"#$%&'()*+,-./0123456789:;<=>?@ABCDEFGHIJKLMNOPQRSTUVWXYZ[\\]^_`abcdefghijklmnopqrstu";
    const ADDRESS: &str =
        "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz!#$%&()*+-;<=>?@^_`{|}~";

    fn encoded(bytes: &[u8], digits: &str) -> String {
        let mut out = String::new();
        for four in bytes.chunks(4) {
            let byte = |i: usize| u32::from(four.get(i).copied().unwrap_or(0));
            let bits = (0..4).fold(0, |bits, i| bits << 8 | byte(i));
            let digit =
                |by: u32| char::from(digits.as_bytes()[(bits / 85u32.pow(by) % 85) as usize]);
            out.extend((0..5).rev().map(digit).take(four.len() + 1));
        }
        out
    }

    #[test]
    fn what_decodes_is_read() {
        let text = format!("key = {VALUE}\nmore\n");
        for digits in [ADOBE, ADDRESS] {
            let code = encoded(text.as_bytes(), digits);
            assert_eq!(one(code.as_bytes()).1, "ascii85");
            let twin = encoded(text.replace("tokx_", "word_").as_bytes(), digits);
            assert!(scan(twin.as_bytes()).findings.is_empty());
        }
        let code = encoded(text.as_bytes(), ADOBE);
        assert_eq!(
            one(format!("<~{}\n{}~>", &code[..9], &code[9..]).as_bytes()).1,
            "ascii85"
        );
        let code = encoded(text.as_bytes(), ADDRESS);
        assert_eq!(
            one(format!("x = b85decode('{code}')").as_bytes()).1,
            "ascii85"
        );
    }
}
