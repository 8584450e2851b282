//! Secrets said in a sentence: `the password for x is ...`, `Test account: mail / ...`.

use super::evidence::Fact;
use super::operator::{Lead, at, blanks, is_quote};
use super::words;

/// Longest part of a sentence between a name and its verb.
const CLAUSE: usize = 48;
/// Longest name of somebody.
const USER: usize = 64;
/// Shortest value that follows its name without a verb.
const LEAST: usize = 8;

/// A word of letters and digits, both, that a blank or the end of a statement follows.
pub(super) fn bare_word(text: &[u8], i: usize, fact: Fact) -> Option<Lead> {
    let rest = text.get(i..text.len().min(i + 64))?;
    let length = rest.iter().position(|b| {
        b.is_ascii_whitespace() || matches!(b, b';' | b'"' | b'\'' | b'`' | b')' | b',')
    });
    let word = rest.get(..length.unwrap_or(rest.len()))?;
    let word = word.strip_suffix(b".").unwrap_or(word);
    let mixed = word.iter().any(u8::is_ascii_digit) && word.iter().any(u8::is_ascii_alphabetic);
    mixed.then(|| Lead {
        until: Some(i + word.len()),
        ..Lead::to(fact, i)
    })
}

/// `the password is Abc123`, `pw for the vm is Abc123`: said of a value that is no word.
pub(super) fn said(text: &[u8], gap: usize) -> Option<Lead> {
    let rest = text.get(gap..text.len().min(gap + 16))?;
    const VERBS: [&[u8]; 4] = [b"is: ", b"is ", b"was ", b"to "];
    let verb = VERBS.into_iter().find(|v| words::begins(rest, v));
    let i = match verb {
        Some(verb) => blanks(text, gap + verb.len()),
        None => return behind_clause(text, gap),
    };
    if is_quote(at(text, i)) {
        return (verb?.first() == Some(&b'i')).then(|| Lead::quoted(Fact::Said, i));
    }
    bare_word(text, i, Fact::Said)
}

/// `for the vm is Abc123`, where `for` stands at `gap`.
fn behind_clause(text: &[u8], gap: usize) -> Option<Lead> {
    let rest = text.get(gap..text.len().min(gap + CLAUSE))?;
    let heads = [&b"for "[..], b"of ", b"on ", b"at "];
    if !heads.iter().any(|h| words::begins(rest, h)) {
        return None;
    }
    let plain = |b: &&u8| b.is_ascii_alphanumeric() || b" ._@'-".contains(b);
    let clause = rest.iter().take_while(plain).count();
    let verb = memchr::memmem::find(rest.get(..clause)?, b" is ")?;
    let i = blanks(text, gap + verb + b" is ".len());
    match is_quote(at(text, i)) {
        true => Some(Lead::quoted(Fact::Said, i)),
        false => bare_word(text, i, Fact::Said),
    }
}

/// `password Abc12345` at the end of a line, `the token Abc... for x`: a value right behind its
/// name, which in code it never is.
pub(super) fn follows(text: &[u8], gap: usize) -> Option<Lead> {
    if !at(text, gap).is_ascii_alphanumeric() {
        return None;
    }
    let lead = bare_word(text, gap, Fact::Follows)?;
    let end = lead.until?;
    let value = text.get(gap..end)?;
    let digits = value.iter().filter(|b| b.is_ascii_digit()).count();
    let within = value
        .windows(2)
        .any(|p| matches!(p, [a, b] if a.is_ascii_digit() && b.is_ascii_alphabetic()));
    let plain = |b: &u8| b.is_ascii_alphanumeric() || b"_-!@#$%^&*?~+/=".contains(b);
    let tail = text.get(end..text.len().min(end + 6)).unwrap_or_default();
    let tail = tail.strip_prefix(b".").unwrap_or(tail);
    let alone = matches!(tail.first(), None | Some(b'\n' | b'\r'));
    let goes_on = [&b" for "[..], b" to ", b" on ", b" in ", b" at "]
        .iter()
        .any(|w| tail.starts_with(w));
    let enough = value.len() >= LEAST && (digits >= 2 || within) && value.iter().all(plain);
    (enough && (alone || (goes_on && value.len() >= 2 * LEAST))).then_some(lead)
}

/// `admin / Abc123`, `` `admin` / `Abc123` ``: somebody and a password, from `from` on. Without
/// blanks beside the stroke only if that is `tight`.
pub(super) fn login(text: &[u8], from: usize, tight: bool) -> Option<Lead> {
    let mark = |i: usize| usize::from(matches!(at(text, i), b'`' | b'"' | b'\''));
    let mut i = blanks(text, from);
    i += mark(i);
    let rest = text.get(i..text.len().min(i + USER))?;
    let part = |b: &&u8| b.is_ascii_alphanumeric() || b"._@+-".contains(b);
    let user = rest.iter().take_while(part).count();
    if user < 2 {
        return None;
    }
    i += user;
    i += mark(i);
    let stroke = blanks(text, i);
    let value = blanks(text, stroke + 1);
    let apart = stroke > i && value > stroke + 1;
    if at(text, stroke) != b'/' || !(apart || tight) {
        return None;
    }
    let value = value + mark(value);
    let lead = bare_word(text, value, Fact::Said)?;
    let end = lead.until?;
    let ends = matches!(
        at(text, end),
        0 | b'\n' | b'\r' | b' ' | b'`' | b'"' | b'\'' | b'.' | b',' | b')' | b';'
    );
    let path = text.get(value..end)?.contains(&b'/');
    (ends && !path).then_some(lead)
}
