//! Text written as a list of its bytes: `{0x67, 0x68}`, `[103, 104]`, `{'g', 'h'}`, `67:68:69`.

use super::Scene;
use super::named;
use super::radix::PACKED_MOST;
use super::survey::mark;
use super::unpack;
use super::view::{self, Content, MOST, View};

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
    let _ = brackets(scene, view, each)
        && colons(scene, view, each)
        && spaced(scene, view, each)
        && registry(scene, view, each);
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
        if !begins(text, first) {
            continue;
        }
        if let Some(end) = packed(text, first, view) {
            done = end;
            if !each(view) {
                return false;
            }
            continue;
        }
        let called = calls(text, opens);
        let start = called.map_or(first, |(start, _)| start);
        let next_of = |end: usize| match called {
            Some((_, name)) => next_call(text, end, name),
            None => {
                let comma = blanks(text, end);
                let goes_on = text.get(comma) == Some(&b',');
                goes_on.then(|| blanks(text, comma + 1))
            }
        };
        // Most end soon: what stands before them is not looked at.
        let mut item = Some(first);
        let enough = (0..LEAST).all(|_| {
            let read = item.and_then(|at| number(text, at));
            let read = read.filter(|(byte, _)| is_text(*byte));
            item = read.and_then(|(_, end)| next_of(end));
            read.is_some()
        });
        if !enough {
            continue;
        }
        view.begin("list of bytes");
        let quote = named::copy(text, start, view);
        if quote.is_none() {
            view.put(b" ", start..first);
        }
        let core = view.plain.len();
        let mut at = first;
        while let Some((byte, end)) = number(text, at).filter(|(byte, _)| is_text(*byte)) {
            view.put(&[byte], at..end);
            at = end;
            let next = next_of(end);
            let Some(next) = next.filter(|_| view.plain.len() < MOST) else {
                break;
            };
            at = next;
        }
        view.core = core..view.plain.len();
        if view.core.len() < LEAST {
            continue;
        }
        if quote.is_some() {
            named::close(text, at, quote, view);
        }
        done = at;
        if !each(view) {
            return false;
        }
    }
    true
}

/// Bytes of something packed, or of text of two bytes a character, from the item at `first` on.
fn packed(text: &[u8], first: usize, view: &mut View) -> Option<usize> {
    let item = |at: usize| {
        let (byte, end) = number(text, at)?;
        let comma = blanks(text, end);
        let goes_on = text.get(comma) == Some(&b',');
        Some((byte, end, goes_on.then(|| blanks(text, comma + 1))))
    };
    let (one, _, next) = item(first)?;
    let (two, ..) = item(next?)?;
    // Nearly every list of numbers ends here.
    if !(unpack::may_begin(one) || (two == 0 && is_text(one)) || is_text(one)) {
        return None;
    }
    let mut head = [0; LEAST];
    let mut at = Some(first);
    for slot in &mut head {
        let (byte, _, next) = item(at?)?;
        (*slot, at) = (byte, next);
    }
    let content = unpack::content_of(&head).or_else(|| tar(text, first));
    view.begin("list of bytes");
    view.content = content?;
    let (mut at, mut stop) = (first, first);
    while let Some((byte, end, next)) = item(at) {
        view.plain.push(byte);
        stop = end;
        match next.filter(|_| view.plain.len() < PACKED_MOST) {
            Some(next) => at = next,
            None => break,
        }
    }
    view.stands_for(0, first..stop);
    view.core = 0..view.plain.len();
    Some(stop)
}

/// The name of a file, and zeros up to its mode: a tar.
fn tar(text: &[u8], first: usize) -> Option<Content> {
    let (mut at, mut zeros) = (first, 0);
    for _ in 0..100 {
        let (byte, end) = number(text, at)?;
        match byte {
            0 => zeros += 1,
            _ if zeros > 0 => return None,
            byte if !is_text(byte) => return None,
            _ => {}
        }
        let comma = blanks(text, end);
        at = (text.get(comma) == Some(&b',')).then(|| blanks(text, comma + 1))?;
    }
    (zeros > 0).then_some(Content::Packed)
}

/// Where the name begins of a call that makes one character of its number, and the name.
fn calls(text: &[u8], opens: usize) -> Option<(usize, &[u8])> {
    if text.get(opens) != Some(&b'(') {
        return None;
    }
    let head = text.get(opens.saturating_sub(5)..opens)?;
    let names: [&[u8]; 4] = [b"chr", b"chrw", b"char", b"nchar"];
    let part = |b: &&u8| b.is_ascii_alphabetic();
    let length = head.iter().rev().take_while(part).count();
    let name = head.get(head.len() - length..)?;
    let known = names.iter().any(|known| known.eq_ignore_ascii_case(name));
    known.then_some((opens - length, name))
}

/// The number of the next call of `name`, which is joined to the one whose number ends at `end`.
fn next_call(text: &[u8], end: usize, name: &[u8]) -> Option<usize> {
    let mut at = blanks(text, end);
    if text.get(at) != Some(&b')') {
        return None;
    }
    at = blanks(text, at + 1);
    let signs = text.get(at..at + 2)?.iter();
    at = blanks(
        text,
        at + signs
            .take_while(|b| matches!(b, b'+' | b'.' | b'&' | b'|' | b','))
            .count(),
    );
    // A line that goes on.
    if let Some(b'_' | b'\\' | b'`') = text.get(at) {
        at = blanks(text, at + 1);
    }
    let word = text.get(at..at + name.len())?;
    at += name.len();
    (word.eq_ignore_ascii_case(name) && text.get(at) == Some(&b'(')).then(|| blanks(text, at + 1))
}

fn is_text(b: u8) -> bool {
    matches!(b, b' '..=b'~' | b'\n' | b'\r' | b'\t')
}

/// Whether a list of bytes may begin with the item at `at`.
pub(super) fn begins(text: &[u8], at: usize) -> bool {
    number(text, at).is_some_and(|(byte, _)| is_text(byte) || matches!(byte, 0x1f | 0xfd))
}

/// Whether a list that holds the line end before `at` may go on behind it.
pub(super) fn goes_on(text: &[u8], at: usize) -> bool {
    let (head, tail) = text.split_at(at.min(text.len()));
    let word = |b: &&u8| !b.is_ascii_whitespace();
    // More blanks than that stand between no two items.
    let before = head.iter().rev().take(BLANKS + 1).position(|b| word(&b));
    let behind = tail.iter().take(BLANKS + 1).position(|b| word(&b));
    let (Some(before), Some(behind)) = (before, behind) else {
        return false;
    };
    let last = at - before - 1;
    let next = at + behind;
    let byte = |at: usize| text.get(at).copied().unwrap_or(0);
    let hex = |at: usize| byte(at).is_ascii_hexdigit();
    let colon = byte(last) == b':' && last.checked_sub(1).is_some_and(hex) && hex(next);
    let quote = |at: usize| matches!(byte(at), b'"' | b'\'');
    // A line end may be an item.
    let item = last + 2 == next && quote(last) && quote(next);
    let ended = hex(last)
        || quote(last)
        || matches!(
            byte(last),
            b'[' | b'{' | b'(' | b',' | b')' | b'+' | b'.' | b'&' | b'|' | b'_' | b'\\' | b'`'
        );
    let begun = number(text, next).is_some()
        || matches!(
            byte(next),
            b',' | b')'
                | b'+'
                | b'.'
                | b'&'
                | b'|'
                | b'_'
                | b'\\'
                | b'`'
                | b'c'
                | b'C'
                | b'n'
                | b'N'
        );
    colon || item || (ended && begun)
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

/// Values of a registry, as its editor writes them: `"name"=hex(2):41,00,42,00,\`.
fn registry(scene: &Scene<'_>, view: &mut View, each: &mut dyn FnMut(&View) -> bool) -> bool {
    let &Scene { text, from, .. } = scene;
    if !scene.hints.registry {
        return true;
    }
    let rest = text.get(from..).unwrap_or_default();
    for found in memchr::memmem::find_iter(rest, b"=hex") {
        let head = text.get(from + found..).unwrap_or_default();
        let Some(colon) = head.iter().take(9).position(|b| *b == b':') else {
            continue;
        };
        let start = from + found + colon + 1;
        view.begin("hex");
        view.copy(text, view::before(text, from + found)..from + found);
        view.put(b"=\"", from + found..start);
        let core = view.plain.len();
        let mut at = start;
        let mut zeros = 0;
        while let Some([a, b]) = text.get(at..at + 2).and_then(|b| b.first_chunk()) {
            let digit = |b: &u8| char::from(*b).to_digit(16);
            let (Some(a), Some(b)) = (digit(a), digit(b)) else {
                break;
            };
            let byte = u8::try_from(a << 4 | b).unwrap_or(0);
            // Latin text of two bytes a character.
            zeros = if byte == 0 { zeros + 1 } else { 0 };
            match byte {
                0 if zeros == 1 => {}
                0 => view.put(b"\n", at..at + 2),
                byte => view.put(&[byte], at..at + 2),
            }
            at += 2;
            if text.get(at) != Some(&b',') || view.plain.len() >= MOST {
                break;
            }
            at += 1;
            if text.get(at) == Some(&b'\\') {
                at = blanks(text, at + 1);
            }
        }
        view.core = core..view.plain.len();
        view.put(b"\"\n", at..at);
        if view.core.len() >= LEAST && !each(view) {
            return false;
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
        // A line that ends with a colon goes on in the next one.
        if between == b':' && matches!(text.get(at), Some(b'\n' | b'\r')) {
            let next = blanks(text, at);
            at = if pair(text, next).is_some() { next } else { at };
        }
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

/// What a list of the bytes of a Java program says before each.
pub(super) const CAST: &[u8] = b"(byte)";

/// A byte, and where it ends.
fn number(text: &[u8], at: usize) -> Option<(u8, usize)> {
    let cast = text.get(at..)?.starts_with(CAST);
    let at = if cast {
        blanks(text, at + CAST.len())
    } else {
        at
    };
    let rest = text.get(at..)?;
    let (byte, length) = match rest {
        [b'\'', b'\\', b, b'\'', ..] | [b'"', b'\\', b, b'"', ..] => {
            let byte = match b {
                b'n' => b'\n',
                b'r' => b'\r',
                b't' => b'\t',
                b'\\' | b'\'' | b'"' => *b,
                _ => return None,
            };
            (byte, 4)
        }
        [b'\'', b, b'\'', ..] | [b'"', b, b'"', ..] => (*b, 3),
        [b'0', b'x' | b'X', a, b, ..] if a.is_ascii_hexdigit() && b.is_ascii_hexdigit() => {
            let digit = |b: &u8| char::from(*b).to_digit(16).unwrap_or(0);
            (u8::try_from(digit(a) << 4 | digit(b)).ok()?, 4)
        }
        [b'0', b'x' | b'X', a, ..] if a.is_ascii_hexdigit() => {
            (u8::try_from(char::from(*a).to_digit(16)?).ok()?, 3)
        }
        _ => {
            let minus = usize::from(rest.first() == Some(&b'-'));
            let digits = rest.get(minus..)?.iter().take(4);
            let digits = digits.take_while(|b| b.is_ascii_digit()).count();
            let number = std::str::from_utf8(rest.get(minus..minus + digits)?).ok()?;
            let number = number.parse::<u8>().ok()?;
            let byte = if minus == 1 {
                number.wrapping_neg()
            } else {
                number
            };
            (byte, minus + digits)
        }
    };
    let whole = !rest.get(length).is_some_and(u8::is_ascii_alphanumeric);
    whole.then_some((byte, at + length))
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use super::super::tests::{VALUE, one, scan};

    type Form<'f> = &'f dyn Fn(&[u8]) -> String;

    fn each(bytes: &[u8], between: &str, item: &dyn Fn(u8) -> String) -> String {
        let items: Vec<_> = bytes.iter().map(|b| item(*b)).collect();
        items.join(between)
    }

    fn gzip(bytes: &[u8]) -> Vec<u8> {
        let mut out = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
        out.write_all(bytes).unwrap();
        out.finish().unwrap()
    }

    #[test]
    fn characters_are_put_together_however_they_are_made() {
        let chr = |b: u8| format!("chr({b})");
        let cast = |b: u8| format!("(byte) 0x{b:02X}");
        let hex = |b: u8| format!("{b:02x}");
        let wide = |b: u8| format!("{b:02x},00");
        let forms: [Form<'_>; 5] = [
            &|v| format!("key = {}", each(v, " + ", &chr)),
            &|v| format!("key = {}", each(v, " & _\n  ", &|b| format!("Chr({b})"))),
            &|v| format!("byte[] key = new byte[] {{{}}};", each(v, ", ", &cast)),
            &|v| {
                format!(
                    "key:\n    {}",
                    each(v, ":", &hex).replacen("4a:", "4a:\n    ", 1)
                )
            },
            &|v| format!("\"key\"=hex(2):{},00,00\n", each(v, ",", &wide)),
        ];
        for form in forms {
            let text = form(VALUE.as_bytes());
            let (_, via) = one(text.as_bytes());
            assert!(["list of bytes", "hex"].contains(&via.as_str()), "{text}");
            let twin = form(VALUE.replace("tokx_", "word_").as_bytes());
            assert!(scan(twin.as_bytes()).findings.is_empty(), "{twin}");
        }
    }

    #[test]
    fn what_is_packed_is_opened_in_a_list_and_in_escapes() {
        let signed = |b: u8| (b as i8).to_string();
        let forms: [Form<'_>; 5] = [
            &|v| {
                format!(
                    "char d[] = {{{}}};",
                    each(v, ",", &|b| format!("0x{b:02x}"))
                )
            },
            &|v| format!("byte[] d = {{ {} }};", each(v, ", ", &signed)),
            &|v| format!("d = [{}]", each(v, ", ", &|b| b.to_string())),
            &|v| format!("d = b'{}'", each(v, "", &|b| format!("\\x{b:02x}"))),
            &|v| format!("{{\"d\": \"{}\"}}", each(v, "", &|b| format!("\\u{b:04x}"))),
        ];
        for form in forms {
            let text = form(&gzip(format!("key = {VALUE}\n").as_bytes()));
            let (_, via) = one(text.as_bytes());
            assert!(via.ends_with(", gzip"), "{via} {text}");
            let out = scan(form(&gzip(b"key = word_8sJ3kd92Lq0aZx7Wm4Tr5Yb1\n")).as_bytes());
            assert!(
                out.findings.is_empty() && out.not_looked_at.is_empty(),
                "{text}"
            );
        }
    }
}
