//! What stands around a value: the line it is on, and the lines beside.

use std::ops::Range;

use super::evidence::{Evidence, Fact};
use super::list::{DIGESTS, EXAMPLES, LOGINS};
use super::{comments, words};

/// Bytes looked at on either side for what stands near.
const NEAR: usize = 160;
/// A line longer than this on both sides was not written by a person.
const LONG: usize = 220;

/// The evidence with what surrounds the name at `name` and the value at `value`.
pub(super) fn weigh(text: &[u8], name: usize, value: &Range<usize>, so_far: Evidence) -> Evidence {
    let before = text.get(..name).unwrap_or_default();
    let after = text.get(value.end..).unwrap_or_default();
    let start = memchr::memrchr(b'\n', before).map_or(0, |i| i + 1);
    let end = memchr::memchr(b'\n', after).unwrap_or(after.len());
    let line = before.get(start..).unwrap_or_default();
    let rest = after.get(..end).unwrap_or_default();
    let blank = line.iter().take_while(|b| b.is_ascii_whitespace()).count();
    let head = line.get(blank..).unwrap_or_default();
    let commented = [
        &b"#"[..],
        b"//",
        b"* ",
        b"--",
        b"/*",
        b"<!--",
        b";",
        b"rem ",
    ]
    .iter()
    .any(|c| words::begins(head, c));
    let left = before
        .get(before.len().saturating_sub(NEAR)..)
        .unwrap_or_default();
    let right = after.get(..after.len().min(NEAR)).unwrap_or_default();
    let whole = name + super::name::LONGEST < super::BEHIND;
    let above = before.get(..start).unwrap_or_default();
    // ` * DB_PASSWORD=...` is a note, no example of a call.
    let noted = head == b"* "
        && rest.trim_ascii().is_empty()
        && text
            .get(name..value.start)
            .is_some_and(|n| n.ends_with(b"=") && !n.iter().any(u8::is_ascii_lowercase));
    let documented = !noted && comments::documents(above, head, rest, whole);
    // The hash of something, or the key of what is published, is nobody's key.
    let lone = so_far.has(Fact::LoneKey) && (DIGESTS.stands_in(line) || DIGESTS.stands_in(rest));
    let so_far = if lone {
        so_far.without(Fact::LoneKey)
    } else {
        so_far
    };
    so_far
        .with_if(Fact::Commented, commented && !documented)
        .with_if(
            Fact::Documented,
            documented || words::holds(line, b"devstoreaccount"),
        )
        .with_if(Fact::Fenced, comments::is_fenced(above, commented))
        .with_if(Fact::Compiled, memchr::memchr(0, text).is_some())
        .with_if(Fact::LongLine, line.len() + rest.len() > LONG + 180)
        .with_if(
            Fact::UserNear,
            LOGINS.stands_in(left) || LOGINS.stands_in(right),
        )
        .with_if(
            Fact::ExampleNear,
            EXAMPLES.stands_in(line) || EXAMPLES.stands_in(rest),
        )
}

/// Whether the value at `value` is encrypted: what SOPS and Sealed Secrets make of one, for which the
/// key is elsewhere.
pub(super) fn is_sealed(text: &[u8], name: usize, value: &[u8]) -> bool {
    let before = text.get(..name).unwrap_or_default();
    let line = memchr::memrchr(b'\n', before).map_or(0, |i| i + 1);
    let line = before.get(line..).unwrap_or_default();
    // `ENC[AES256_GCM,data:...,iv:...,tag:...,type:str]`
    if memchr::memmem::find(line, b"ENC[AES256_GCM,").is_some() {
        return true;
    }
    if is_under_encrypted(before, value) {
        return true;
    }
    let sealed = matches!(value, [b'A', b'g', b'A'..=b'D', ..]) && value.len() >= 32;
    sealed && memchr::memmem::find(before, b"encryptedData:").is_some()
}

/// Whether it is long, in Base64, and within an object `encrypted`, as in Renovate's settings.
fn is_under_encrypted(before: &[u8], value: &[u8]) -> bool {
    const REACH: usize = 4 << 10;
    const LEAST: usize = 64;
    let letter = |b: &u8| b.is_ascii_alphanumeric() || b"+/=-_".contains(b);
    if value.len() < LEAST || !value.iter().all(letter) {
        return false;
    }
    let near = before.get(before.len().saturating_sub(REACH)..);
    let near = near.unwrap_or_default();
    let Some(at) = memchr::memmem::rfind(near, b"encrypted") else {
        return false;
    };
    let (name, behind) = near.split_at(at);
    let whole = !name.last().is_some_and(u8::is_ascii_alphanumeric);
    let behind = behind.strip_prefix(b"encrypted").unwrap_or_default();
    let opens = memchr::memchr(b'{', behind);
    let sign = |b: &u8| b.is_ascii_whitespace() || matches!(b, b'"' | b'\'' | b':');
    whole
        && opens.is_some_and(|at| {
            let (between, inner) = behind.split_at(at);
            between.contains(&b':') && between.iter().all(sign) && !inner.contains(&b'}')
        })
}

/// Whether an address stands near that RFC 5737 keeps for documents: no server has it.
pub(super) fn is_for_documents(text: &[u8], name: usize, value: &Range<usize>) -> bool {
    let near = text.get(name.saturating_sub(NEAR)..text.len().min(value.end + NEAR));
    let near = near.unwrap_or_default();
    let hosts = [&b"192.0.2."[..], b"198.51.100.", b"203.0.113."];
    hosts.iter().any(|host| {
        memchr::memmem::find_iter(near, host).any(|at| {
            let before = at.checked_sub(1).and_then(|i| near.get(i));
            let next = near.get(at + host.len());
            let part = |b: &u8| b.is_ascii_digit() || *b == b'.';
            !before.is_some_and(part) && next.is_some_and(u8::is_ascii_digit)
        })
    })
}

/// Whether a comment or a sentence calls what it names an example: `# Example password: ...`.
pub(super) fn is_an_example(text: &[u8], name: usize, lead: Fact) -> bool {
    let before = text.get(name.saturating_sub(24)..name).unwrap_or_default();
    let words = [&b"example "[..], b"sample ", b"example: ", b"e.g. "];
    matches!(lead, Fact::Mapped | Fact::Said)
        && words.iter().any(|word| {
            let start = before.len().checked_sub(word.len());
            start.is_some_and(|at| {
                let whole = at.checked_sub(1).and_then(|i| before.get(i));
                words::begins(before.get(at..).unwrap_or_default(), word)
                    && !whole.is_some_and(u8::is_ascii_alphanumeric)
            })
        })
}

/// Whether the key is one that a page searches with: it is public.
pub(crate) fn searches(text: &[u8], name: usize, value: &Range<usize>) -> bool {
    let near = text.get(name.saturating_sub(NEAR)..text.len().min(value.end + NEAR));
    let index = [&b"indexname:"[..], b"indexname\":", b"indexname':"];
    near.is_some_and(|near| {
        words::holds(near, b"docsearch") || index.iter().any(|w| words::holds(near, w))
    })
}
