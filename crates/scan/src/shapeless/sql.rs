//! Secrets in statements of SQL whose column or row is named elsewhere.

use super::callees::{ARGUMENT, argument};
use super::evidence::Fact;
use super::operator::{Lead, at, blanks, is_quote, space};
use super::words;

/// `INSERT INTO users (name, password) VALUES ('bob', '...')`: the value in the place of the name
/// at `start`, whose quotes end at `end`.
pub(super) fn inserted(text: &[u8], start: usize, end: usize) -> Option<Lead> {
    if !matches!(at(text, blanks(text, end)), b',' | b')') {
        return None;
    }
    let before = text.get(start.saturating_sub(200)..start)?;
    let open = memchr::memrchr(b'(', before)?;
    let into = before.get(..open)?;
    let into = into.get(into.len().saturating_sub(80)..)?;
    if !(words::holds(into, b"insert") && words::holds(into, b"into")) {
        return None;
    }
    let place = 1 + memchr::memchr_iter(b',', before.get(open..)?).count();
    let rest = text.get(end..text.len().min(end + 240))?;
    let close = memchr::memchr(b')', rest)?;
    let tail = rest.get(close + 1..)?;
    let gap = tail.iter().take_while(|b| b.is_ascii_whitespace()).count();
    if !words::begins(tail.get(gap..)?, b"values") {
        return None;
    }
    let values = close + 1 + gap + memchr::memchr(b'(', tail.get(gap..)?)? + 1;
    let mut i = end + values;
    for _ in 1..place {
        i = space(text, i);
        i += argument(text.get(i..text.len().min(i + ARGUMENT))?)?;
        i = blanks(text, i) + 1;
    }
    let i = space(text, i);
    is_quote(at(text, i)).then(|| Lead::quoted(Fact::Stated, i))
}
