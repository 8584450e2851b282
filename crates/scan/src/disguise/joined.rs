//! Values split into several literals: `"AB" + "CD"`, `"AB" "CD"`, `['AB', 'CD'].join('')`.

use std::ops::Range;

use super::survey::{bits, follows, mark};
use super::view::{self, View, is_value};
use super::{Hints, Scene};
use crate::masks::{BLOCK, Block};

/// Bytes between two literals of one value: an operator, line ends, indentation.
const BETWEEN: usize = 160;
/// Bytes of one literal.
const LITERAL: usize = 8 << 10;
/// Bytes of one view.
const MOST: usize = 16 << 10;
/// Bytes around a list in which the word that joins it is looked for.
const CALL: usize = 32;

/// Calls `each` with a view of every chain of literals, joined.
pub(super) fn find(scene: &Scene<'_>, view: &mut View, each: &mut dyn FnMut(&View) -> bool) {
    let &Scene {
        text,
        from,
        hints,
        survey,
    } = scene;
    let mut at = from;
    while let Some(block) = survey.next(mark::JOIN, at) {
        for bit in bits(Block::of(text, block).quotes()) {
            let quote = block + bit;
            if quote < at {
                continue;
            }
            let Some(opens) = join(text, quote, from, hints) else {
                continue;
            };
            let end = chain(text, quote, opens, hints, view);
            if !each(view) {
                return;
            }
            at = end.max(quote + 1);
        }
        at = at.max(block + BLOCK);
    }
}

/// Bytes that may stand between two literals: of operators, calls and prefixes of literals.
const BYTES: [bool; 256] = {
    let mut table = [false; 256];
    let all = b" \t\r\n\x0c+.&\\,|<>~^_()concatrfbuL@$";
    let mut i = 0;
    while i < all.len() {
        table[all[i] as usize] = true;
        i += 1;
    }
    table
};

/// Where the next literal's content begins, if the quote at `quote` closes one and what stands
/// between only joins them.
fn join(text: &[u8], quote: usize, from: usize, hints: Hints) -> Option<usize> {
    let before = *text.get(quote.checked_sub(1)?)?;
    if !is_value(before) {
        return None;
    }
    let most = text.len().min(quote + 1 + BETWEEN);
    let between = text.get(quote + 1..most)?;
    // Most quotes are followed by something else.
    let first = *between.first()?;
    if follows(first) & mark::JOIN == 0 {
        return None;
    }
    let behind = |opens: usize| {
        let next = between.get(opens + 1).filter(|b| is_value(**b));
        next.map(|_| quote + 1 + opens + 1)
    };
    let bridged = match first {
        b';' | b'\r' | b'\n' => hints.goes_on,
        b'.' | b')' | b' ' => true,
        _ => false,
    };
    if let Some(opens) = bridged.then(|| bridge(between)).flatten() {
        return behind(opens);
    }
    if first == b';' {
        return None;
    }
    if first == b',' && !hints.joins {
        return None;
    }
    // `string("AB") + "CD"`: most calls that end are followed by something else.
    if first == b')' {
        let next = between.get(1..)?.iter().find(|b| !b.is_ascii_whitespace());
        if !matches!(next, Some(b'+' | b'.' | b'&')) {
            return None;
        }
    }
    let opens = between
        .iter()
        .position(|&b| !BYTES.get(usize::from(b)).is_some_and(|may| *may))?;
    if !matches!(between.get(opens)?, b'"' | b'\'' | b'`') {
        return None;
    }
    let operator = between.get(..opens)?;
    let prefix = operator
        .iter()
        .rev()
        .take(2)
        .take_while(|b| matches!(b, b'r' | b'f' | b'b' | b'u' | b'L' | b'@' | b'$'))
        .count();
    let operator = operator.get(..operator.len() - prefix)?;
    let next = *between.get(opens + 1)?;
    if !is_value(next) {
        return None;
    }
    let trimmed = operator.trim_ascii();
    let joins = match trimmed {
        // Side by side: of a shell even with one mark, which elsewhere means a mark in a value.
        b"" => true,
        b"+" | b"." | b".." | b"&" | b"++" | b"||" | b"<<" | b"<>" | b"~" | b"\\" | b"_"
        | b"& _" | b"^" | b".concat(" | b") +" | b")+" | b") ." | b")." | b") &" => true,
        b"," => hints.joins && is_called_join(text, quote, from),
        // A line that ends with an operator, and a comment or a sign that goes on.
        _ => trimmed
            .iter()
            .all(|b| b.is_ascii_whitespace() || matches!(b, b'+' | b'.' | b'\\' | b'&' | b'_')),
    };
    joins.then_some(quote + 1 + opens + 1)
}

/// Where the next literal opens behind a call or a statement that goes on with the first:
/// `").append("`, `".to_string() + "`, `";` and `t += "` on the next line.
fn bridge(between: &[u8]) -> Option<usize> {
    let opens = |rest: &[u8]| {
        let rest = rest.trim_ascii_start();
        let prefix = rest
            .iter()
            .take(2)
            .take_while(|b| matches!(b, b'r' | b'f' | b'b' | b'u' | b'L' | b'@' | b'$'));
        let rest = rest.get(prefix.count()..)?;
        let quote = matches!(rest.first()?, b'"' | b'\'' | b'`');
        quote.then_some(between.len() - rest.len())
    };
    for word in [
        &b".to_string()"[..],
        b".to_owned()",
        b".into()",
        b".ToString()",
        b"s",
    ] {
        if let Some(rest) = between.strip_prefix(word) {
            let rest = rest.trim_ascii_start();
            return opens(
                rest.strip_prefix(b"+")?
                    .strip_prefix(b" &")
                    .unwrap_or(rest.get(1..)?),
            );
        }
    }
    // A line of PowerShell that goes on.
    let plain = between.trim_ascii_start();
    if let Some(rest) = plain
        .strip_prefix(b"+ `\n")
        .or_else(|| plain.strip_prefix(b"+ `\r\n"))
    {
        return opens(rest);
    }
    let rest = plain.strip_prefix(b")").unwrap_or(plain).trim_ascii_start();
    for word in [&b".append("[..], b".Append(", b".concat(", b".push_str("] {
        if let Some(rest) = rest.strip_prefix(word) {
            return opens(rest);
        }
    }
    let rest = rest.strip_prefix(b";").unwrap_or(rest);
    let line = rest.trim_ascii_start();
    let crossed = between.get(..between.len() - line.len())?;
    if !crossed.contains(&b'\n') {
        return None;
    }
    let part = |b: &&u8| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'.' | b'$' | b'-' | b'>');
    let (name, rest) = line.split_at_checked(line.iter().take(64).take_while(part).count())?;
    // The dot of `.=` is none of the name's.
    let (name, rest) = match (name.strip_suffix(b"."), rest) {
        (Some(short), [b'=', ..]) => (short, line.get(short.len()..)?),
        _ => (name, rest),
    };
    let rest = rest.trim_ascii_start();
    if name.is_empty() {
        return None;
    }
    if let Some(rest) = rest
        .strip_prefix(b"+=")
        .or_else(|| rest.strip_prefix(b".="))
    {
        return opens(rest);
    }
    let inside = rest.strip_prefix(b"(")?;
    if [&b".append"[..], b".Append", b".push_str"]
        .iter()
        .any(|w| name.ends_with(w))
    {
        return opens(inside);
    }
    let to = name
        .ends_with(b"strcat")
        .then(|| memchr::memchr(b',', inside.get(..inside.len().min(64))?))?;
    opens(inside.get(to? + 1..)?)
}

/// Whether a list of literals stands in a call that joins them.
fn is_called_join(text: &[u8], at: usize, from: usize) -> bool {
    let least = at.saturating_sub(BETWEEN).max(from.min(at));
    let before = text.get(least..at).unwrap_or_default();
    let words: [&[u8]; 6] = [
        b"oncat", b"join", b"Join", b"implode", b"CONCAT", b"Sprint(",
    ];
    let says = |part: &[u8]| {
        words
            .iter()
            .any(|w| memchr::memmem::find(part, w).is_some())
    };
    if says(before) || memchr::memmem::find(before, b"paste0(").is_some() {
        return true;
    }
    let after = text
        .get(at..text.len().min(at + LITERAL.min(1024)))
        .unwrap_or_default();
    let Some(closes) = memchr::memchr2(b']', b')', after) else {
        return false;
    };
    let tail = after
        .get(closes..after.len().min(closes + CALL))
        .unwrap_or_default();
    says(tail)
}

/// Joins the chain whose first literal closes at `quote`; returns where it ends.
fn chain(text: &[u8], quote: usize, opens: usize, hints: Hints, view: &mut View) -> usize {
    view.begin("joined literals");
    // The first literal is hidden too: its value begins there.
    let start = literal_start(text, quote);
    let head = view::before(text, start);
    view.copy(text, head..start);
    let core = view.plain.len();
    view.copy(text, start..quote);
    let mut at = opens;
    loop {
        let end = literal_end(text, at);
        view.copy(text, at..end.start);
        let next = (view.plain.len() < MOST)
            .then(|| join(text, end.start, 0, hints))
            .flatten();
        match next {
            Some(next) => at = next,
            None => {
                view.core = core..view.plain.len();
                view.copy(text, end.start..view::after(text, end.start));
                return end.start;
            }
        }
    }
}

fn literal_start(text: &[u8], quote: usize) -> usize {
    let Some(&mark) = text.get(quote) else {
        return quote;
    };
    let least = quote.saturating_sub(LITERAL);
    let head = text.get(least..quote).unwrap_or_default();
    memchr::memrchr2(mark, b'\n', head).map_or(least, |n| least + n + 1)
}

/// Where the literal whose content begins at `at` closes: the place of its quote.
fn literal_end(text: &[u8], at: usize) -> Range<usize> {
    let mark = at.checked_sub(1).and_then(|i| text.get(i)).copied();
    let most = text.len().min(at + LITERAL);
    let tail = text.get(at..most).unwrap_or_default();
    let end = at + memchr::memchr2(mark.unwrap_or(b'"'), b'\n', tail).unwrap_or(tail.len());
    end..end
}
