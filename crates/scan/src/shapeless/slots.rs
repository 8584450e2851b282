//! Values in a slot of their own, beside the name or below it: `name: DB_PASSWORD` with `value: ...`,
//! `ParameterKey` with `ParameterValue`, `"db_password": {"value": "..."}`.

use super::callees::argument;
use super::evidence::Fact;
use super::operator::{Lead, at, blanks, holds_before, is_quote, space};
use super::words;

/// Longest object that holds a value.
const BODY: usize = 320;
/// Lines of a mapping read below a name.
const LINES: usize = 4;
/// Arguments of a call that tells of an option.
const ARGUMENTS: usize = 8;
/// Words for the slot of a value.
const VALUES: [&[u8]; 2] = [b"parametervalue", b"value"];

/// `name: DB_PASSWORD` with `value: ...` beside it; `name="x" value="..."`.
pub(super) fn beside(text: &[u8], start: usize, end: usize) -> Option<Lead> {
    let mut i = space(text, end);
    if at(text, i) == b',' {
        i = space(text, i + 1);
    }
    if at(text, i) == b'{' && holds_before(text, start, b"variable") {
        return member_of(text, i, b"default");
    }
    if at(text, i) == b'{' && holds_before(text, start, b"output") {
        return member_of(text, i, b"value");
    }
    let quote = usize::from(is_quote(at(text, i)));
    i += quote;
    if quote == 0 && words::begins(text.get(start.saturating_sub(6)..)?, b"type=") {
        // `<input type="password" name="p" value="...">`
        let tag = text.get(i..text.len().min(i + 160))?;
        let tag = tag.get(..memchr::memchr(b'>', tag)?)?;
        i += memchr::memmem::find(tag, b"value=\"")?;
    }
    if quote == 0 {
        i += prefix(text.get(i..)?);
    }
    let rest = text.get(i..)?;
    let word = VALUES.iter().find(|w| words::begins(rest, w))?;
    i += word.len() + quote;
    let gap = blanks(text, i);
    matches!(at(text, gap), b'=' | b':').then(|| Lead::to(Fact::Beside, blanks(text, gap + 1)))
}

/// The length of `android:` before an attribute.
fn prefix(rest: &[u8]) -> usize {
    let letters = rest
        .iter()
        .take(16)
        .take_while(|b| b.is_ascii_alphanumeric());
    let length = letters.count();
    let joined = length > 0 && at(rest, length) == b':' && at(rest, length + 1) != b' ';
    if joined { length + 1 } else { 0 }
}

/// Terraform: `variable "db_password" { default = "..." }`, `output "db_password" { value = "..." }`.
fn member_of(text: &[u8], open: usize, member: &[u8]) -> Option<Lead> {
    let body = text.get(open..text.len().min(open + BODY))?;
    let body = body.get(..memchr::memchr(b'}', body).unwrap_or(body.len()))?;
    let found = memchr::memmem::find(body, member)?;
    let gap = blanks(text, open + found + member.len());
    matches!(at(text, gap), b'=' | b':').then(|| Lead::quoted(Fact::Beside, blanks(text, gap + 1)))
}

/// `add_argument("--password", help="...", default="...")`, `option('password', { default: '...' })`:
/// what an option is where nobody gives one. The literal that names it ends before `end`.
pub(super) fn of_option(text: &[u8], start: usize, end: usize) -> Option<Lead> {
    const DEFAULT: &[u8] = b"default";
    let before = text.get(..start)?;
    let flag = before.ends_with(b"--");
    let call = before.split_last().is_some_and(|(quote, head)| {
        is_quote(*quote) && (head.ends_with(b"ption(") || head.ends_with(b"rgument("))
    });
    let mut i = blanks(text, end);
    if !(flag || call) || at(text, i) != b',' {
        return None;
    }
    for _ in 0..ARGUMENTS {
        i = space(text, i + 1);
        if at(text, i) == b'{' {
            return member_of(text, i, DEFAULT);
        }
        let rest = text.get(i..text.len().min(i + BODY))?;
        let gap = blanks(text, i + DEFAULT.len());
        if rest.starts_with(DEFAULT) && at(text, gap) == b'=' {
            return Some(Lead::quoted(Fact::Beside, blanks(text, gap + 1)));
        }
        i += argument(rest)?;
        i = blanks(text, i);
    }
    None
}

/// `"db_password": {"type": "string", "value": "..."}`: what stands in the object behind the colon that
/// ends before `from`.
pub(super) fn within(text: &[u8], from: usize) -> Option<Lead> {
    let open = blanks(text, from);
    if at(text, open) != b'{' {
        return None;
    }
    let body = text.get(open + 1..text.len().min(open + BODY))?;
    for found in memchr::memmem::find_iter(body, b"value") {
        let head = body.get(..found)?;
        let quote = head.last().copied().filter(|b| is_quote(*b));
        let before = head.get(..found - usize::from(quote.is_some()))?;
        let first = before.trim_ascii_end().last().copied().unwrap_or(b'{');
        // Of this object, not of one within it.
        if head.iter().any(|b| matches!(b, b'{' | b'}')) {
            return None;
        }
        let mut i = open + 1 + found + b"value".len();
        if quote.is_some_and(|q| at(text, i) == q) {
            i += 1;
        }
        let gap = blanks(text, i);
        if matches!(first, b'{' | b',') && at(text, gap) == b':' {
            return Some(Lead::quoted(Fact::Beside, blanks(text, gap + 1)));
        }
    }
    None
}

/// YAML: `db_password:` and on a line below it, further to the right, `value: ...`. `from` is where
/// the line of the name at `start` ends.
pub(super) fn below(text: &[u8], start: usize, from: usize) -> Option<Lead> {
    let before = text.get(..start)?;
    let line = before.get(memchr::memrchr(b'\n', before).map_or(0, |i| i + 1)..)?;
    let sign = |b: &u8| matches!(b, b' ' | b'-' | b'"' | b'\'');
    if !line.iter().all(sign) {
        return None;
    }
    let own = line.iter().take_while(|b| **b == b' ').count();
    let mut i = from + memchr::memchr(b'\n', text.get(from..)?)? + 1;
    let mut depth = None;
    for _ in 0..LINES {
        let rest = text.get(i..text.len().min(i + BODY))?;
        let indent = rest.iter().take_while(|b| **b == b' ').count();
        if indent <= own || *depth.get_or_insert(indent) != indent {
            return None;
        }
        let member = rest.get(indent..)?;
        if member.starts_with(b"value: ") {
            return Some(Lead::to(
                Fact::Beside,
                blanks(text, i + indent + b"value:".len()),
            ));
        }
        i += memchr::memchr(b'\n', rest)? + 1;
    }
    None
}

/// `- name: DB_PASSWORD`, bare.
pub(super) fn is_listed(text: &[u8], start: usize) -> bool {
    let before = text
        .get(start.saturating_sub(16)..start)
        .unwrap_or_default();
    [
        &b"name: "[..],
        b"key: ",
        b"Name: ",
        b"Key: ",
        b"ParameterKey=",
    ]
    .iter()
    .any(|w| before.ends_with(w))
}
