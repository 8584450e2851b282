//! Whether two literals side by side are a name and its value: `put("password", "...")`. The items
//! of a list are not, nor is what stands behind a value: `"sso": "https://sso.acme.pw", "id": ...`.

use super::operator::{at, blanks, is_quote, space};
use super::words;

/// Longest literal that holds a name.
const LITERAL: usize = 160;

/// Whether the literal that holds the name at `start` and closes at `close` may name the one behind
/// the comma at `comma`.
pub(super) fn is(text: &[u8], start: usize, close: usize, comma: usize) -> bool {
    let quote = at(text, close);
    let from = start.saturating_sub(LITERAL);
    let Some(head) = text.get(from..start).filter(|_| is_quote(quote)) else {
        return true;
    };
    // A flag of a command in a list of its words.
    if head.ends_with(b"-") {
        return true;
    }
    let line = memchr::memrchr(b'\n', head).map_or(0, |i| i + 1);
    let Some(open) = memchr::memrchr(quote, head.get(line..).unwrap_or_default()) else {
        return true;
    };
    let inner = head.get(line + open + 1..).unwrap_or_default();
    if words::holds(inner, b"://") {
        return false;
    }
    let before = text.get(..from + line + open).unwrap_or_default();
    let before = before.trim_ascii_end();
    let last = before.last().copied().unwrap_or(0);
    // `"type": "password", ...`, `type=password`
    if matches!(last, b':' | b'=') || before.ends_with(b"=>") {
        return false;
    }
    let value = space(text, comma + 1);
    let crossed = text
        .get(comma..value)
        .is_some_and(|gap| memchr::memchr(b'\n', gap).is_some());
    // One item on a line.
    if crossed && matches!(last, b',' | b'[' | 0) {
        return false;
    }
    !(matches!(last, b',' | b'[') && in_list(before) && goes_on(text, value))
}

/// Whether the bracket that is open where `before` ends is that of a list.
fn in_list(before: &[u8]) -> bool {
    let mut depth = 0usize;
    for &b in before.iter().rev().take(LITERAL) {
        match b {
            b')' | b']' | b'}' => depth += 1,
            b'(' | b'[' | b'{' if depth > 0 => depth -= 1,
            b'[' => return true,
            b'(' | b'{' | b'\n' => return false,
            _ => {}
        }
    }
    false
}

/// Whether another item follows the literal at `open`.
pub(super) fn goes_on(text: &[u8], open: usize) -> bool {
    let quote = at(text, open);
    let rest = text.get(open + 1..text.len().min(open + LITERAL));
    let close = rest.and_then(|rest| memchr::memchr(quote, rest));
    is_quote(quote) && close.is_some_and(|n| at(text, blanks(text, open + n + 2)) == b',')
}
