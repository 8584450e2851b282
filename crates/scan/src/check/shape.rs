//! Values that decode to something telling: JSON, a macaroon, `user:password`.

use base64::Engine as _;
use base64::alphabet::{STANDARD, URL_SAFE};
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};

use super::{Outcome, holds};

/// Longest text decoded.
const MOST: usize = 64 << 10;

/// Base64 of either alphabet, padded or not; `None` for anything else.
fn decode(text: &[u8]) -> Option<Vec<u8>> {
    let config = GeneralPurposeConfig::new()
        .with_decode_padding_mode(DecodePaddingMode::Indifferent)
        .with_decode_allow_trailing_bits(true);
    let url = text.iter().any(|b| matches!(b, b'-' | b'_'));
    let engine = GeneralPurpose::new(if url { &URL_SAFE } else { &STANDARD }, config);
    if text.len() > MOST {
        None
    } else {
        engine.decode(text).ok()
    }
}

/// Whether bytes look like a whole JSON object: braces that match outside of strings, and a key.
fn is_json_object(bytes: &[u8]) -> bool {
    let text = bytes.trim_ascii();
    if !text.starts_with(b"{") || std::str::from_utf8(text).is_err() {
        return false;
    }
    let (mut depth, mut in_string, mut escaped, mut colon) = (0usize, false, false, false);
    for (i, &b) in text.iter().enumerate() {
        if in_string {
            (in_string, escaped) = (escaped || b != b'"', !escaped && b == b'\\');
            continue;
        }
        match b {
            b'"' => in_string = true,
            b'{' | b'[' => depth += 1,
            b'}' | b']' => {
                depth = depth.saturating_sub(1);
                if depth == 0 {
                    return b == b'}' && i + 1 == text.len() && (colon || text.len() == 2);
                }
            }
            b':' => colon = true,
            _ => {}
        }
    }
    false
}

/// RFC 7519: the first two of three parts are JSON objects. The signature is not judged.
pub(super) fn jwt(value: &[u8]) -> Outcome {
    let mut parts = value.split(|&b| b == b'.');
    let (Some(header), Some(payload), Some(_)) = (parts.next(), parts.next(), parts.next()) else {
        return Outcome::Fails;
    };
    // A token that carries another begins with a word of its own.
    let header = header
        .rsplit(|&b| b == b'_')
        .find(|h| h.starts_with(b"ey"))
        .unwrap_or(header);
    let object = |part| decode(part).is_some_and(|d| is_json_object(&d));
    holds(object(header) && object(payload))
}

/// Some Base64 part of the value, cut at `_` and `.`, is a JSON object: Sentry's, Grafana's,
/// 1Password's and JFrog's tokens.
pub(super) fn json_part(value: &[u8]) -> Outcome {
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
                .is_some_and(|d| is_json_object(&d))
        })
    });
    holds(found)
}

/// A bot's id stands, in Base64, before the first dot: 17 to 20 digits.
pub(super) fn discord(value: &[u8]) -> Outcome {
    let first = value.split(|&b| b == b'.').next().unwrap_or_default();
    holds(
        decode(first)
            .is_some_and(|d| (17..=20).contains(&d.len()) && d.iter().all(u8::is_ascii_digit)),
    )
}

/// A version 2 macaroon whose location is the index's host.
pub(super) fn pypi(value: &[u8]) -> Outcome {
    let body = value.strip_prefix(b"pypi-").unwrap_or(value);
    holds(decode(body).is_some_and(|d| {
        let length = d.get(2).copied().map_or(0, usize::from);
        d.starts_with(&[2, 1])
            && d.get(3..3 + length).is_some_and(|host| {
                host.len() >= 4
                    && host
                        .iter()
                        .all(|b| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'-'))
            })
    }))
}

/// RFC 7617: text with a colon that parts a user from a password.
pub(super) fn basic_auth(value: &[u8]) -> Outcome {
    let Some(bytes) = decode(value) else {
        return Outcome::Fails;
    };
    let text = std::str::from_utf8(&bytes).unwrap_or_default();
    let printable = !text.is_empty() && !text.chars().any(char::is_control);
    let parted = text
        .split_once(':')
        .is_some_and(|(user, pass)| !user.is_empty() && !pass.is_empty() && !pass.contains(':'));
    holds(printable && parted)
}

#[cfg(test)]
mod tests {
    use super::*;
    use base64::engine::general_purpose::{STANDARD as B64, URL_SAFE_NO_PAD as B64URL};

    #[test]
    fn a_jwt_has_two_objects() {
        let part = |t: &str| B64URL.encode(t);
        let token = format!(
            "{}.{}.c2ln",
            part(r#"{"alg":"HS256"}"#),
            part(r#"{"sub":"a"}"#)
        );
        assert_eq!(jwt(token.as_bytes()), Outcome::Holds);
        let inside = format!("{}_12345_{token}", concat!("gh", "s"));
        assert_eq!(jwt(inside.as_bytes()), Outcome::Holds);
        for bad in [
            format!("{}.{}.x", part("{"), part("{}")),
            "a.b".into(),
            "..".into(),
        ] {
            assert_eq!(jwt(bad.as_bytes()), Outcome::Fails, "{bad}");
        }
    }

    #[test]
    fn json_is_recognised_by_its_braces() {
        for good in [
            r#"{}"#,
            r#"{"a":"}"}"#,
            r#" {"a":{"b":[1]}} "#,
            r#"{"a":"\"}"}"#,
        ] {
            assert!(is_json_object(good.as_bytes()), "{good}");
        }
        for bad in [r#"{"a":1"#, r#"{"a":1}}"#, "[]", "{x}", r#"{"a":"#] {
            assert!(!is_json_object(bad.as_bytes()), "{bad}");
        }
        let token = format!("sntrys_{}_tail", B64.encode(r#"{"iat":1.5,"url":"x"}"#));
        assert_eq!(json_part(token.as_bytes()), Outcome::Holds);
        assert_eq!(json_part(b"sntrys_eyJx_tail"), Outcome::Fails);
    }

    #[test]
    fn the_index_token_names_its_host() {
        let mut body = vec![2, 1, 8];
        body.extend(b"pypi.org");
        body.extend([2, 1, 0, 9, 9]);
        let token = |b: &[u8]| format!("{}{}", concat!("py", "pi-"), B64URL.encode(b));
        assert_eq!(pypi(token(&body).as_bytes()), Outcome::Holds);
        body[2] = 200;
        assert_eq!(pypi(token(&body).as_bytes()), Outcome::Fails);
    }

    #[test]
    fn basic_credentials_have_one_colon() {
        let made = |t: &str| basic_auth(B64.encode(t).as_bytes());
        assert_eq!(made("user:word"), Outcome::Holds);
        for bad in ["user", "a:b:c", ":x", "x:", "a:\u{1}b"] {
            assert_eq!(made(bad), Outcome::Fails, "{bad}");
        }
    }
}
