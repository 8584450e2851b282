//! Tokens that carry a CRC-32 (IEEE) of themselves.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::{Outcome, holds};

const BASE62: &[u8; 62] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
const HEX: &[u8; 16] = b"0123456789abcdef";
const BASE36: &[u8; 36] = b"0123456789abcdefghijklmnopqrstuvwxyz";

/// `n` in an alphabet, most significant digit first, padded with its first digit.
fn digits<const WIDTH: usize>(mut n: u32, alphabet: &[u8]) -> [u8; WIDTH] {
    let mut out = [b'0'; WIDTH];
    let base = u32::try_from(alphabet.len()).unwrap_or(10);
    for place in out.iter_mut().rev() {
        let digit = usize::try_from(n % base).unwrap_or(0);
        *place = alphabet.get(digit).copied().unwrap_or(b'0');
        n /= base;
    }
    out
}

fn text(digits: &[u8]) -> String {
    digits.iter().copied().map(char::from).collect()
}

fn split_tail(value: &[u8], tail: usize) -> Option<(&[u8], &[u8])> {
    value.split_at_checked(value.len().checked_sub(tail)?)
}

/// What follows the last `_` of the prefix: the first four characters are a word and `_`.
fn body(value: &[u8]) -> Option<&[u8]> {
    value.get(value.iter().position(|&b| b == b'_')? + 1..)
}

/// GitHub, "Behind GitHub's new authentication token formats": the last six characters are the
/// CRC-32 of the thirty before them. Other lengths carry none.
pub(super) fn github(value: &[u8]) -> Outcome {
    match body(value) {
        Some(body) if body.len() == 36 => match split_tail(body, 6) {
            Some((text, tail)) => holds(digits::<6>(crc32fast::hash(text), BASE62) == tail),
            None => Outcome::Unclear,
        },
        _ => Outcome::Unclear,
    }
}

pub(super) fn github_tail(token: &[u8]) -> Option<String> {
    let body = body(token).filter(|b| b.len() == 30)?;
    Some(text(&digits::<6>(crc32fast::hash(body), BASE62)))
}

/// GitLab handbook, "Routable tokens": ends with two Base36 digits for the length of the Base64
/// part and seven for the CRC-32 of all before them, after a dot. The checksum covers the length,
/// which says nothing more.
pub(super) fn gitlab(value: &[u8]) -> Outcome {
    let Some((text, tail)) = split_tail(value, 7) else {
        return Outcome::Unclear;
    };
    let Some((head, _length)) = split_tail(text, 2) else {
        return Outcome::Unclear;
    };
    if !head.ends_with(b".") {
        return Outcome::Unclear;
    }
    holds(digits::<7>(crc32fast::hash(text), BASE36) == tail)
}

/// `token` ends with `.`, or with `.01.`: the length is counted back to the hyphen that ends the
/// prefix.
pub(super) fn gitlab_tail(token: &[u8]) -> Option<String> {
    let head = token.strip_suffix(b".")?;
    let head = head.strip_suffix(b".01").unwrap_or(head);
    let start = head.iter().position(|&b| b == b'-')? + 1;
    let length = u32::try_from(head.len().checked_sub(start)?).ok()?;
    let length = digits::<2>(length, BASE36);
    let sum = crc32fast::hash(&[token, &length].concat());
    Some(text(&length) + &text(&digits::<7>(sum, BASE36)))
}

/// Grafana's key generator: prefix, 32 characters, `_`, CRC-32 of all before that `_` as hex,
/// lowest byte first.
pub(super) fn grafana(value: &[u8]) -> Outcome {
    match split_tail(value, 9) {
        Some((text, tail)) if tail.starts_with(b"_") => holds(
            tail.get(1..)
                .is_some_and(|t| t.eq_ignore_ascii_case(&little(text))),
        ),
        _ => Outcome::Unclear,
    }
}

fn little(text: &[u8]) -> [u8; 8] {
    digits(crc32fast::hash(text).swap_bytes(), HEX)
}

pub(super) fn grafana_tail(token: &[u8]) -> Option<String> {
    match token.strip_suffix(b"_") {
        Some(head) => Some(text(&little(head))),
        None => Some(format!("_{}", text(&little(token)))),
    }
}

/// Unproven: the first six characters of the Base64 of the little-endian CRC-32.
pub(super) fn confluent(value: &[u8]) -> Outcome {
    match split_tail(value, 6) {
        Some((text, tail)) if value.len() == 64 => {
            let body = text.strip_prefix(b"cflt").unwrap_or(text);
            holds(confluent_crc(body).is_some_and(|c| c.as_bytes() == tail))
        }
        _ => Outcome::Unclear,
    }
}

fn confluent_crc(body: &[u8]) -> Option<String> {
    let text = STANDARD.encode(crc32fast::hash(body).to_le_bytes());
    text.get(..6).map(str::to_owned)
}

pub(super) fn confluent_tail(token: &[u8]) -> Option<String> {
    confluent_crc(token.strip_prefix(b"cflt")?)
}

/// Unproven: `zpka_`, 32 characters, `_`, CRC-32 of them as eight hex digits.
pub(super) fn zuplo(value: &[u8]) -> Outcome {
    match body(value).and_then(|b| split_tail(b, 9)) {
        Some((text, tail)) if text.len() == 32 && tail.starts_with(b"_") => {
            holds(tail.get(1..) == Some(&digits::<8>(crc32fast::hash(text), HEX)[..]))
        }
        _ => Outcome::Unclear,
    }
}

pub(super) fn zuplo_tail(token: &[u8]) -> Option<String> {
    let body = body(token)?.strip_suffix(b"_")?;
    Some(text(&digits::<8>(crc32fast::hash(body), HEX)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::check::Check;

    fn both_ways(check: Check, token: &str) {
        let good = token.to_owned() + &check.complete(token.as_bytes()).unwrap();
        assert_eq!(
            check.verify(good.as_bytes()),
            Outcome::Holds,
            "{}",
            check.name()
        );
        let mut bad = good.into_bytes();
        let last = bad.last_mut().unwrap();
        *last = if *last == b'1' { b'2' } else { b'1' };
        assert_eq!(check.verify(&bad), Outcome::Fails, "{}", check.name());
    }

    #[test]
    fn what_completes_a_token_verifies_and_nothing_else_does() {
        let body = "a1B2c3D4e5F6g7H8i9J0k1L2m3N4o5";
        both_ways(Check::Github, &format!("{}{body}", concat!("gh", "p_")));
        both_ways(Check::Npm, &format!("{}{body}", concat!("np", "m_")));
        both_ways(
            Check::GitlabRoutable,
            &format!("{}{body}.", concat!("gl", "pat-")),
        );
        both_ways(
            Check::GitlabRoutable,
            &format!("{}{body}.01.", concat!("gl", "pat-")),
        );
        both_ways(
            Check::Grafana,
            &format!("{}{body}xy_", concat!("gl", "sa_")),
        );
        both_ways(Check::Zuplo, &format!("{}{body}xy_", concat!("zp", "ka_")));
        both_ways(Check::Confluent, &format!("cflt{body}{}", &body[..24]));
    }

    #[test]
    fn digits_are_those_of_the_announcement() {
        assert_eq!(&digits::<6>(0, BASE62), b"000000");
        assert_eq!(&digits::<2>(61, BASE62), b"0z");
        assert_eq!(&digits::<6>(62, BASE62), b"000010");
        assert_eq!(&digits::<7>(u32::MAX, BASE36), b"1z141z3");
    }
}
