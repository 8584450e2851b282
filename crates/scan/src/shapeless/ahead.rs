//! Values that stand before their names: `"...".equals(password)`, `value = '...' where name =
//! 'password'`, `setValue("...", forHTTPHeaderField: "X-Api-Key")`.

use super::evidence::Fact;
use super::operator::{Lead, at, is_quote};

/// Longest text between the value's quotes and the name.
const REACH: usize = 160;

/// The value before the name at `start..end`.
pub(super) fn lead(text: &[u8], start: usize, end: usize) -> Option<Lead> {
    match at(text, start.wrapping_sub(1)) {
        b'(' | b' ' | b'=' | b'$' => compared(text, start),
        quote if is_quote(quote) && at(text, end) == quote => row(text, start - 1),
        _ => None,
    }
}

/// `"...".equals(password)`, `'...' === $password`.
fn compared(text: &[u8], start: usize) -> Option<Lead> {
    let (from, head) = line(text, start)?;
    let head = head.strip_suffix(b"$").unwrap_or(head).trim_ascii_end();
    const SIGNS: [&[u8]; 7] = [
        b".equals(",
        b".equalsIgnoreCase(",
        b".contentEquals(",
        b"===",
        b"!==",
        b"==",
        b"!=",
    ];
    let head = SIGNS.iter().find_map(|sign| head.strip_suffix(*sign))?;
    let open = literal(head.trim_ascii_end())?;
    Some(Lead::quoted(Fact::Compared, from + open))
}

/// `set value = '...' where name = 'smtp_password'`, `"...", forHTTPHeaderField: "X-Api-Key"`;
/// the name's quote stands at `quote`.
fn row(text: &[u8], quote: usize) -> Option<Lead> {
    let (from, head) = line(text, quote)?;
    let head = head.trim_ascii_end();
    let field = |field: &&[u8]| head.strip_suffix(*field);
    if let Some(head) = [&b"forHTTPHeaderField:"[..], b"forHeader:"]
        .iter()
        .find_map(field)
    {
        let open = literal(head.trim_ascii_end().strip_suffix(b",")?)?;
        return Some(Lead::quoted(Fact::Listed, from + open));
    }
    let head = head.strip_suffix(b"=")?;
    let clause = [&b" where "[..], b" WHERE "]
        .iter()
        .find_map(|w| memchr::memmem::rfind(head, w))?;
    let set = head.get(..clause)?.trim_ascii_end();
    let open = literal(set)?;
    let assigned = set.get(..open)?.trim_ascii_end().ends_with(b"=");
    assigned.then(|| Lead::quoted(Fact::Stated, from + open))
}

/// Where the literal begins that `head` ends with.
fn literal(head: &[u8]) -> Option<usize> {
    let (quote, inner) = head.split_last()?;
    memchr::memrchr(*quote, inner).filter(|_| is_quote(*quote))
}

/// The line of `at` up to it, cut at [`REACH`], and where that begins.
fn line(text: &[u8], at: usize) -> Option<(usize, &[u8])> {
    let from = at.saturating_sub(REACH);
    let head = text.get(from..at)?;
    let cut = memchr::memrchr(b'\n', head).map_or(0, |i| i + 1);
    Some((from + cut, head.get(cut..)?))
}
