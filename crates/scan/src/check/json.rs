//! JSON objects, read just far enough: their own members, nothing built, nothing copied.

use super::base64::decode;
use super::{Outcome, holds};

/// Members of one object looked at.
const MEMBERS: usize = 256;

/// Walks one object and nothing beside it; `false` for anything else. Keys come without their
/// quotes, values as they stand; nothing inside is unescaped.
pub(crate) fn members<'t>(bytes: &'t [u8], each: &mut dyn FnMut(&'t [u8], &'t [u8])) -> bool {
    std::str::from_utf8(bytes).is_ok() && walk(bytes.trim_ascii(), each).is_some()
}

fn walk<'t>(text: &'t [u8], each: &mut dyn FnMut(&'t [u8], &'t [u8])) -> Option<()> {
    let mut rest = text.strip_prefix(b"{")?.trim_ascii_start();
    if rest == b"}" {
        return Some(());
    }
    for _ in 0..MEMBERS {
        let (key, after) = string(rest)?;
        let after = after.trim_ascii_start().strip_prefix(b":")?;
        let after = after.trim_ascii_start();
        let end = value(after)?;
        let (found, after) = after.split_at_checked(end)?;
        each(key, found);
        rest = after.trim_ascii_start();
        match rest.split_first()? {
            (b',', more) => rest = more.trim_ascii_start(),
            (b'}', []) => return Some(()),
            _ => return None,
        }
    }
    None
}

/// What stands in quotes, and what follows them.
pub(super) fn string(text: &[u8]) -> Option<(&[u8], &[u8])> {
    let inner = text.strip_prefix(b"\"")?;
    let mut at = 0;
    loop {
        at += memchr::memchr2(b'"', b'\\', inner.get(at..)?)?;
        if inner.get(at) == Some(&b'"') {
            return Some((inner.get(..at)?, inner.get(at + 1..)?));
        }
        at += 2;
    }
}

/// Where the value that `text` begins with ends.
fn value(text: &[u8]) -> Option<usize> {
    let first = *text.first()?;
    if first == b'"' {
        let (_, rest) = string(text)?;
        return Some(text.len() - rest.len());
    }
    if !matches!(first, b'{' | b'[') {
        let plain = |b: &u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'+' | b'.');
        let end = text.iter().take_while(|b| plain(b)).count();
        let word = text.get(..end)?;
        let number = first == b'-' || first.is_ascii_digit();
        let known = number || matches!(word, b"true" | b"false" | b"null");
        return known.then_some(end);
    }
    let mut depth = 0usize;
    let mut at = 0;
    while let Some(&b) = text.get(at) {
        at += 1;
        match b {
            b'{' | b'[' => depth += 1,
            b'}' | b']' => {
                depth -= 1;
                if depth == 0 {
                    return Some(at);
                }
            }
            b'"' => at = text.len() - string(text.get(at - 1..)?)?.1.len(),
            _ => {}
        }
    }
    None
}

/// The text of a JSON string, its quotes taken off; `None` for another value.
pub(super) fn text(value: &[u8]) -> Option<&[u8]> {
    value.strip_prefix(b"\"")?.strip_suffix(b"\"")
}

/// Some Base64 part of the value, cut at `_` and `.`, is a JSON object: Sentry's, Grafana's,
/// 1Password's and Mapbox's tokens.
pub(super) fn part(value: &[u8]) -> Outcome {
    let starts = value
        .iter()
        .enumerate()
        .filter(|(_, b)| matches!(b, b'_' | b'.'))
        .map(|(i, _)| i + 1)
        .chain([0])
        .filter(|&i| value.get(i..).is_some_and(|t| t.starts_with(b"ey")));
    let found = starts.take(8).any(|i| {
        let tail = value.get(i..).unwrap_or_default();
        // The URL alphabet has `_` in it: try the longest part first, then up to each `_`.
        let ends = tail
            .iter()
            .enumerate()
            .filter(|(_, b)| matches!(b, b'_' | b'.'));
        let ends = ends.map(|(end, _)| end).take(8).chain([tail.len()]);
        ends.into_iter().any(|end| {
            tail.get(..end)
                .and_then(decode)
                .is_some_and(|d| members(&d, &mut |_, _| {}))
        })
    });
    holds(found)
}

#[cfg(test)]
mod tests {
    use super::*;
    use base64::Engine as _;
    use base64::engine::general_purpose::STANDARD as B64;

    fn is_object(text: &str) -> bool {
        members(text.as_bytes(), &mut |_, _| {})
    }

    #[test]
    fn an_object_is_walked_to_its_end() {
        for good in [
            r#"{}"#,
            r#"{ }"#,
            r#"{"a":"}"}"#,
            r#" {"a":{"b":[1]}, "c" : -1.5e3 } "#,
            r#"{"a":"\"}","b":null}"#,
            r#"{"a":[{"x":"]"}]}"#,
        ] {
            assert!(is_object(good), "{good}");
        }
        for bad in [
            r#"{"a":1"#,
            r#"{"a":1}}"#,
            "[]",
            "{x}",
            r#"{"a":"#,
            r#"{"a"}"#,
            r#"{"a":x}"#,
            r#"{"a":1,}"#,
            r#"{"a":"\"#,
            "",
        ] {
            assert!(!is_object(bad), "{bad}");
        }
    }

    #[test]
    fn members_are_those_of_the_object_itself() {
        let mut seen = Vec::new();
        let text = br#"{"a": {"b": 1}, "c": "d\"e", "f": 12}"#;
        assert!(members(text, &mut |k, v| seen.push((k, v))));
        let want: [(&[u8], &[u8]); 3] =
            [(b"a", br#"{"b": 1}"#), (b"c", br#""d\"e""#), (b"f", b"12")];
        assert_eq!(seen, want);
        assert_eq!(super::text(br#""x""#), Some(&b"x"[..]));
        assert_eq!(super::text(b"12"), None);
    }

    #[test]
    fn a_token_with_an_object_inside() {
        let token = format!("sntrys_{}_tail", B64.encode(r#"{"iat":1.5,"url":"x"}"#));
        assert_eq!(part(token.as_bytes()), Outcome::Holds);
        assert_eq!(part(b"sntrys_eyJx_tail"), Outcome::Fails);
    }
}
