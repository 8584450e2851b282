//! Values in the cells of tables, and in elements below the one that names them.

use super::evidence::Fact;
use super::operator::{Lead, at, blanks, space};
use super::words;

/// Longest line of a table.
const LINE: usize = 240;

/// `| password | ... |`: the cell beside the name, in a row that a sign begins.
pub(super) fn beside(text: &[u8], start: usize, bar: usize) -> Option<Lead> {
    let (head, _) = line(text, start)?;
    let first = head.trim_ascii_start();
    // The name alone in the first cell of two: more are a heading or a list.
    let alone = first
        .strip_prefix(b"|")
        .is_some_and(|cell| cell.iter().all(|b| matches!(b, b' ' | b'\t' | b'*')));
    if !alone {
        return below(text, start, bar);
    }
    let from = blanks(text, bar + 1);
    let cell = cell(text, from, b'|')?;
    let end = from + cell.len();
    let tail = text.get(end..text.len().min(end + LINE))?;
    let close = tail.iter().position(|b| *b == b'|')? + 1;
    let rest = tail.get(close..)?;
    let stop = memchr::memchr(b'\n', rest).unwrap_or(rest.len());
    match rest.get(..stop)?.trim_ascii().is_empty() {
        true => marked(text, from, end),
        false => below(text, start, bar),
    }
}

/// The cell below a heading: `| user | password |`. Without the bar at the beginning a table is read
/// in [`super::columns`].
pub(super) fn below(text: &[u8], start: usize, end: usize) -> Option<Lead> {
    let gap = blanks(text, end);
    if at(text, gap) != b'|' {
        return None;
    }
    let (head, from) = line(text, start)?;
    if !head.trim_ascii_start().starts_with(b"|") {
        return None;
    }
    let sign = b'|';
    let rest = text.get(start..text.len().min(start + LINE))?;
    let stop = start + memchr::memchr(b'\n', rest)?;
    let heading = text.get(from..stop)?;
    let words = |b: &u8| b.is_ascii_alphanumeric() || b" \t_-|*\r".contains(b);
    let columns = memchr::memchr_iter(sign, heading).count();
    if columns == 0 || !heading.iter().all(words) {
        return None;
    }
    let mut at_line = stop + 1;
    let rule = text.get(at_line..text.len().min(at_line + LINE))?;
    let length = memchr::memchr(b'\n', rule)?;
    let rule = rule.get(..length)?;
    if rule.is_empty() || !rule.iter().all(|b| b"|-: \t\r".contains(b)) {
        return None;
    }
    at_line += length + 1;
    let row = text.get(at_line..text.len().min(at_line + LINE))?;
    let row = row.get(..memchr::memchr(b'\n', row).unwrap_or(row.len()))?;
    if memchr::memchr_iter(sign, row).count() != columns {
        return None;
    }
    let place = memchr::memchr_iter(sign, head).count();
    let mut i = at_line;
    for _ in 0..place {
        let rest = text.get(i..at_line + row.len())?;
        i += memchr::memchr(sign, rest)? + 1;
    }
    let i = blanks(text, i);
    let cell = cell(text, i, sign)?;
    marked(text, i, i + cell.len())
}

/// `<data name="password" xml:space="preserve"> <value>...`, `<string name="api_key" a="b">...`.
pub(super) fn behind_attributes(text: &[u8], start: usize, gap: usize) -> Option<Lead> {
    const TAGS: &[&[u8]] = &[
        b"string",
        b"entry",
        b"data",
        b"property",
        b"prop",
        b"item",
        b"setting",
    ];
    let head = text.get(start.saturating_sub(48)..start)?;
    let tag = head.get(memchr::memrchr(b'<', head)? + 1..)?;
    let word = tag.split(|b| !b.is_ascii_alphabetic()).next()?;
    if !words::is_any(word, TAGS) {
        return None;
    }
    let rest = text.get(gap..text.len().min(gap + LINE))?;
    let close = memchr::memchr2(b'>', b'<', rest)?;
    let whole = at(rest, close) == b'>' && close > 0 && at(rest, close - 1) != b'/';
    if !whole || words::holds(rest.get(..close)?, b"value=") {
        return None;
    }
    let inner = gap + close + 1;
    let below = space(text, inner);
    let value: &[u8] = b"<value>";
    let start = match text.get(below..)?.starts_with(value) {
        true => below + value.len(),
        false => inner,
    };
    Some(Lead {
        element: true,
        ..Lead::to(Fact::Element, start)
    })
}

/// `<password type="x">...`, behind the blank at `gap`.
pub(super) fn in_element(text: &[u8], gap: usize) -> Option<Lead> {
    let rest = text.get(gap..text.len().min(gap + LINE))?;
    let close = memchr::memchr2(b'>', b'<', rest)?;
    let whole = at(rest, close) == b'>' && close > 0 && at(rest, close - 1) != b'/';
    let other = rest
        .get(..close)
        .is_none_or(|tag| words::holds(tag, b"value=") || memchr::memchr(b'=', tag).is_none());
    (whole && !other).then(|| Lead {
        element: true,
        ..Lead::to(Fact::Element, gap + close + 1)
    })
}

/// A cell that begins at `from`, without what ends it.
fn cell(text: &[u8], from: usize, sign: u8) -> Option<&[u8]> {
    let rest = text.get(from..text.len().min(from + LINE))?;
    let stop = rest
        .iter()
        .position(|b| *b == sign || matches!(b, b'\n' | b'\r'));
    Some(rest.get(..stop.unwrap_or(rest.len()))?.trim_ascii_end())
}

/// The value of a cell, without the marks of code around it.
fn marked(text: &[u8], from: usize, end: usize) -> Option<Lead> {
    let marks = usize::from(matches!(at(text, from), b'`' | b'"'));
    let closed = marks == 0 || at(text, end.checked_sub(1)?) == at(text, from);
    (closed && from + 2 * marks < end).then(|| Lead {
        until: Some(end - marks),
        ..Lead::to(Fact::Mapped, from + marks)
    })
}

/// The line of a name up to it, and where that line begins.
fn line(text: &[u8], start: usize) -> Option<(&[u8], usize)> {
    let before = text.get(..start)?;
    let from = memchr::memrchr(b'\n', before).map_or(0, |i| i + 1);
    (start - from < LINE).then_some((before.get(from..)?, from))
}
