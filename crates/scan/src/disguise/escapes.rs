//! Characters written as escapes: of string literals, of URLs, of markup.

use std::ops::Range;

use super::Scene;
use super::radix::PACKED_MOST;
use super::survey::mark;
use super::unpack;
use super::view::{self, MOST, View, is_value};
use crate::masks::BLOCK;

/// Bytes without an escape after which a stretch ends.
const GAP: usize = 192;
/// Bytes of the longest escape, and some.
const LONGEST: usize = 80;
/// Bytes that a stretch cut in two has in common.
const OVERLAP: usize = 4 << 10;

/// An escape and what it stands for.
struct Escape {
    length: usize,
    plain: [u8; 4],
    plain_length: usize,
    /// Whether it hides something from a pattern; others are taken off on the way.
    hides: bool,
    /// The number of the character, or the byte.
    code: u32,
}

impl Escape {
    fn byte(length: usize, byte: u8, hides: bool) -> Self {
        Self {
            length,
            plain: [byte, 0, 0, 0],
            plain_length: 1,
            hides,
            code: u32::from(byte),
        }
    }

    fn nothing(length: usize) -> Self {
        Self {
            length,
            plain: [0; 4],
            plain_length: 0,
            hides: true,
            code: u32::MAX,
        }
    }

    fn character(length: usize, code: u32, hides: bool) -> Option<Self> {
        let mut plain = [0; 4];
        let plain_length = char::from_u32(code)?.encode_utf8(&mut plain).len();
        Some(Self {
            length,
            plain,
            plain_length,
            hides,
            code,
        })
    }

    fn plain(&self) -> &[u8] {
        self.plain.get(..self.plain_length).unwrap_or_default()
    }
}

/// A way of escaping: what it begins with and how it is read.
struct Way {
    kind: &'static str,
    lead: u8,
    mark: u16,
    read: fn(&[u8], usize) -> Option<Escape>,
}

const WAYS: [Way; 3] = [
    Way {
        kind: "escapes",
        lead: b'\\',
        mark: mark::BACKSLASH,
        read: backslash,
    },
    Way {
        kind: "percent",
        lead: b'%',
        mark: mark::PERCENT,
        read: percent,
    },
    Way {
        kind: "entities",
        lead: b'&',
        mark: mark::ENTITY,
        read: entity,
    },
];

/// The same in rich text.
const RICH: [Way; 1] = [Way {
    kind: "escapes",
    lead: b'\\',
    mark: mark::BACKSLASH,
    read: rich,
}];

/// `\'41`, or as elsewhere.
fn rich(text: &[u8], at: usize) -> Option<Escape> {
    if text.get(at + 1) == Some(&b'\'') {
        let (code, length) = digits(text, at + 2, 2..3, 16)?;
        return Escape::character(2 + length, code, true);
    }
    backslash(text, at)
}

/// Calls `each` with a view of every stretch that holds an escape which hides something.
pub(super) fn find(scene: &Scene<'_>, view: &mut View, each: &mut dyn FnMut(&View) -> bool) {
    let text = scene.text;
    let ways = match scene.hints.rich_text {
        true => &RICH[..],
        false => &WAYS,
    };
    for way in ways {
        let mut at = scene.from;
        while let Some(found) = next(scene, at, way) {
            if let Some(end) = bytes(text, found, way, view) {
                if !each(view) {
                    return;
                }
                at = end;
                continue;
            }
            let start = view::before(text, found).max(at.saturating_sub(OVERLAP));
            let end = unescape(text, start..found, way, view);
            if !each(view) {
                return;
            }
            at = end;
        }
    }
}

/// Whether escapes before `at` may belong to a stretch that goes on behind it.
pub(super) fn go_on(text: &[u8], at: usize) -> bool {
    WAYS.iter().any(|way| {
        let escapes = |range: Range<usize>| {
            let from = range.start;
            let part = text.get(range).unwrap_or_default();
            let found = memchr::memchr_iter(way.lead, part).map(move |n| from + n);
            found.filter_map(|n| (way.read)(text, n).map(|escape| n + escape.length))
        };
        let before = escapes(at.saturating_sub(GAP + LONGEST)..at);
        before.max().is_some_and(|last| {
            last > at || escapes(at..text.len().min(last + GAP)).next().is_some()
        })
    })
}

/// The next escape that hides something.
fn next(scene: &Scene<'_>, from: usize, way: &Way) -> Option<usize> {
    let text = scene.text;
    let mut at = from;
    loop {
        let block = scene.survey.next(way.mark, at)?;
        let end = text.len().min(block + BLOCK);
        let start = block.max(at);
        for found in memchr::memchr_iter(way.lead, text.get(start..end)?) {
            let found = start + found;
            if found < at {
                continue;
            }
            match (way.read)(text, found) {
                Some(escape) if escape.hides => return Some(found),
                Some(escape) => at = found + escape.length,
                None => {}
            }
        }
        at = at.max(block + BLOCK);
    }
}

/// Bytes before the first escape that may belong to what is packed: `x`, `PK` or `BZh91AY&SY`.
const HEAD: usize = 12;

/// Fills the view with the bytes of a literal that is no text, if the escape at `found` is the
/// first in one; returns where it ends.
fn bytes(text: &[u8], found: usize, way: &Way, view: &mut View) -> Option<usize> {
    let near = found.saturating_sub(HEAD);
    let before = text.get(near..found)?;
    let is_open = |b: &u8| matches!(b, b'"' | b'\'' | b'`' | b'>');
    let start = before
        .iter()
        .rposition(is_open)
        .map_or(found, |at| near + at + 1);
    let mut head = [0; HEAD];
    let mut at = start;
    for slot in &mut head {
        let (byte, length) = byte_at(text, at, way)?;
        (*slot, at) = (byte, at + length);
    }
    view.begin(way.kind);
    view.content = unpack::content_of(&head)?;
    let mut at = start;
    while let Some((byte, length)) = byte_at(text, at, way) {
        view.put(&[byte], at..at + length);
        at += length;
        if view.plain.len() >= PACKED_MOST {
            break;
        }
    }
    view.core = 0..view.plain.len();
    Some(at)
}

/// One byte of a literal, and how many characters it is written in.
fn byte_at(text: &[u8], at: usize, way: &Way) -> Option<(u8, usize)> {
    match *text.get(at)? {
        b'"' | b'\'' | b'`' | b'\n' | b'<' => None,
        b if b == way.lead => {
            // `\0` is no way to hide anything but among bytes.
            let zero = text.get(at..at + 2) == Some(b"\\0");
            match (way.read)(text, at) {
                Some(escape) => Some((u8::try_from(escape.code).ok()?, escape.length)),
                None => zero.then_some((0, 2)),
            }
        }
        b => Some((b, 1)),
    }
}

/// What stands before the first escape that hides something: blanks of an address are written as
/// escapes too.
fn decoded(text: &[u8], lead: Range<usize>, view: &mut View) {
    let mut at = lead.start;
    while at < lead.end {
        let rest = text.get(at..lead.end).unwrap_or_default();
        let plain = at + memchr::memchr(b'%', rest).unwrap_or(rest.len());
        view.copy(text, at..plain);
        at = plain;
        match percent(text, at).filter(|_| at < lead.end) {
            Some(escape) => {
                view.put(escape.plain(), at..at + escape.length);
                at += escape.length;
            }
            None if at < lead.end => {
                view.copy(text, at..at + 1);
                at += 1;
            }
            None => {}
        }
    }
}

/// The head and the end of a key in a form, where a blank is a plus.
fn of_a_form(view: &mut View) {
    const HEADS: [&[u8]; 2] = [b"-----BEGIN+", b"-----END+"];
    for head in HEADS {
        let mut from = 0;
        while let Some(found) = view
            .plain
            .get(from..)
            .and_then(|rest| memchr::memmem::find(rest, head))
        {
            let start = from + found + 5;
            let rest = view.plain.get_mut(start..).unwrap_or_default();
            let length = memchr::memmem::find(rest, b"-----").unwrap_or(0);
            let words = rest.get_mut(..length.min(48)).unwrap_or_default();
            words
                .iter_mut()
                .filter(|b| **b == b'+')
                .for_each(|b| *b = b' ');
            from = start;
        }
    }
}

/// Fills the view from `lead.start` on until escapes end; returns where to go on.
fn unescape(text: &[u8], lead: Range<usize>, way: &Way, view: &mut View) -> usize {
    view.begin(way.kind);
    match way.lead {
        b'%' => decoded(text, lead.clone(), view),
        _ => view.copy(text, lead.clone()),
    }
    let core = view.plain.len();
    let mut core_end = core;
    let mut at = lead.end;
    let mut last = at;
    while at < text.len() && view.plain.len() < MOST {
        let gap = last + GAP;
        if at >= gap {
            break;
        }
        let window = text.get(at..text.len().min(gap)).unwrap_or_default();
        let plain = memchr::memchr(way.lead, window).unwrap_or(window.len());
        let plain = plain.min(MOST - view.plain.len());
        view.copy(text, at..at + plain);
        at += plain;
        if text.get(at) != Some(&way.lead) || at >= gap {
            continue;
        }
        match (way.read)(text, at) {
            Some(escape) => {
                view.put(escape.plain(), at..at + escape.length);
                at += escape.length;
                last = at;
                core_end = view.plain.len();
            }
            None => {
                view.copy(text, at..at + 1);
                at += 1;
            }
        }
    }
    if way.lead == b'%' {
        of_a_form(view);
    }
    // What follows the last escape up to the gap is its other side.
    view.core = core..view.plain.len().min(core_end.max(core) + GAP);
    if view.plain.len() >= MOST {
        at.saturating_sub(OVERLAP).max(lead.end + 1)
    } else {
        last.max(lead.end + 1)
    }
}

fn digits(text: &[u8], at: usize, count: Range<usize>, radix: u32) -> Option<(u32, usize)> {
    let mut code = 0u32;
    let mut length = 0;
    while length < count.end - 1 {
        let Some(digit) = text
            .get(at + length)
            .and_then(|&b| char::from(b).to_digit(radix))
        else {
            break;
        };
        code = code.checked_mul(radix)?.checked_add(digit)?;
        length += 1;
    }
    (length >= count.start).then_some((code, length))
}

fn backslash(text: &[u8], at: usize) -> Option<Escape> {
    let next = *text.get(at + 1)?;
    let after = |n: usize| text.get(at + n).copied().unwrap_or(0);
    let before = at
        .checked_sub(1)
        .and_then(|i| text.get(i))
        .copied()
        .unwrap_or(0);
    let beside = |b: u8| b.is_ascii_alphanumeric() || b == b'-';
    match next {
        b'n' => {
            // A list of lines, as a notebook keeps them.
            let lines = after(2) == b'"' && after(3) == b',' && matches!(after(4), b'\n' | b'\r');
            let blank = |b: &&u8| b.is_ascii_whitespace();
            let rest = text.get(at + 4..).unwrap_or_default().iter().take(64);
            let blanks = if lines {
                rest.take_while(blank).count()
            } else {
                0
            };
            match lines && after(4 + blanks) == b'"' {
                true => Some(Escape::byte(5 + blanks, b'\n', true)),
                false => Some(Escape::byte(2, b'\n', beside(after(2)))),
            }
        }
        b'r' => Some(Escape::byte(2, b'\r', beside(after(2)))),
        b't' => Some(Escape::byte(2, b'\t', beside(after(2)))),
        b'"' | b'\'' | b'`' => {
            let hides = before.is_ascii_alphanumeric() || after(2).is_ascii_alphanumeric();
            Some(Escape::byte(2, next, hides))
        }
        b'\\' => Some(Escape::byte(2, b'\\', false)),
        // Markdown and TeX.
        b'_' | b'-' | b'.' | b'#' if before.is_ascii_alphanumeric() => {
            let within = after(2).is_ascii_alphanumeric();
            within.then(|| Escape::byte(2, next, matches!(next, b'_' | b'-')))
        }
        b'/' => Some(Escape::byte(2, b'/', true)),
        b'x' => {
            let (code, length) = digits(text, at + 2, 2..3, 16)?;
            Escape::character(2 + length, code, true)
        }
        b'u' if after(2) == b'{' => {
            let (code, length) = digits(text, at + 3, 1..7, 16)?;
            (after(3 + length) == b'}').then_some(())?;
            Escape::character(4 + length, code, true)
        }
        b'u' => {
            let (code, length) = digits(text, at + 2, 4..5, 16)?;
            Escape::character(2 + length, code, true)
        }
        b'U' => {
            let (code, length) = digits(text, at + 2, 8..9, 16)?;
            Escape::character(2 + length, code, true)
        }
        // A stylesheet's.
        b'0' if text.get(at + 2..at + 5) == Some(b"000") => {
            let (code, length) = digits(text, at + 1, 6..7, 16)?;
            Escape::character(1 + length, code, true)
        }
        b'0'..=b'3' => {
            let (code, length) = digits(text, at + 1, 3..4, 8)?;
            Escape::character(1 + length, code, true)
        }
        b'\n' | b'\r' if is_value(before) => {
            let line = 2 + usize::from(next == b'\r' && after(2) == b'\n');
            let indent = text
                .get(at + line..)?
                .iter()
                .take(64)
                .take_while(|b| matches!(b, b' ' | b'\t'))
                .count();
            // Haskell's gap ends with a second one.
            let gap = usize::from(after(line + indent) == b'\\');
            let length = line + indent + gap;
            is_value(after(length)).then(|| Escape::nothing(length))
        }
        _ => None,
    }
}

fn percent(text: &[u8], at: usize) -> Option<Escape> {
    let (code, _) = digits(text, at + 1, 2..3, 16)?;
    let byte = u8::try_from(code).ok()?;
    let hides = byte.is_ascii_graphic() || byte == b'\n';
    Some(Escape::byte(3, byte, hides))
}

fn entity(text: &[u8], at: usize) -> Option<Escape> {
    let rest = text.get(at + 1..)?;
    let named: [(&[u8], u8); 5] = [
        (b"amp;", b'&'),
        (b"quot;", b'"'),
        (b"apos;", b'\''),
        (b"lt;", b'<'),
        (b"gt;", b'>'),
    ];
    if let Some((name, byte)) = named.iter().find(|(name, _)| rest.starts_with(name)) {
        return Some(Escape::byte(1 + name.len(), *byte, true));
    }
    if rest.first() != Some(&b'#') {
        return None;
    }
    let hex = matches!(rest.get(1), Some(b'x' | b'X'));
    let (skip, radix) = if hex { (3, 16) } else { (2, 10) };
    let (code, length) = digits(text, at + skip, 1..8, radix)?;
    let closed = usize::from(text.get(at + skip + length) == Some(&b';'));
    Escape::character(skip + length + closed, code, true)
}

#[cfg(test)]
mod tests {
    use super::super::tests::{VALUE, one, scan};

    #[test]
    fn ways_of_few_are_read_too() {
        let css: String = VALUE.bytes().map(|b| format!("\\{b:06x}")).collect();
        let rich = VALUE.replace('_', "\\'5f").replace('3', "\\'33");
        for text in [
            format!(".x::after {{ content: \"{css}\"; }}"),
            format!("{{\\rtf1\\ansi key={rich}\\par}}"),
            format!("* key: {}\n", VALUE.replace('_', "\\_")),
        ] {
            assert_eq!(one(text.as_bytes()).1, "escapes", "{text}");
        }
        let twin = format!("key: {}", VALUE.replace('_', "\\ _"));
        assert!(scan(twin.as_bytes()).findings.is_empty());
        let (head, tail) = VALUE.split_at(12);
        let cell = format!(
            "\"source\": [\n  \"key = (\\n\",\n  \"    \\\"{head}\\\"\\n\",\n  \"    \\\"{tail}\\\"\\n\",\n  \")\"\n]"
        );
        assert_eq!(one(cell.as_bytes()).1, "escapes, joined literals", "{cell}");
    }

    #[test]
    fn blanks_of_a_form_are_blanks() {
        let head = ["-----BEGIN", "RSA", "PRIV"].join("+") + "ATE+KEY-----";
        let mut view = super::View::default();
        view.copy(head.as_bytes(), 0..head.len());
        super::of_a_form(&mut view);
        assert_eq!(view.plain, head.replace('+', " ").into_bytes());
    }
}
