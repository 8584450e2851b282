//! Values that decode to something telling: an id, `user:password`, a word of the vendor's.

use super::base::base32;
use super::base64::decode;
use super::{Outcome, holds};

/// A bot's id stands, in Base64, before the first dot: 17 to 20 digits.
pub(super) fn discord(value: &[u8]) -> Outcome {
    let first = value.split(|&b| b == b'.').next().unwrap_or_default();
    holds(
        decode(first)
            .is_some_and(|d| (17..=20).contains(&d.len()) && d.iter().all(u8::is_ascii_digit)),
    )
}

/// RFC 7617: text with a colon that parts a user from a password. Elastic's cloud keys are one
/// behind a prefix.
pub(super) fn basic_auth(value: &[u8]) -> Outcome {
    let body = value.strip_prefix(b"essu_").unwrap_or(value);
    let Some(bytes) = decode(body) else {
        return Outcome::Fails;
    };
    let text = std::str::from_utf8(&bytes).unwrap_or_default();
    let printable = !text.is_empty() && !text.chars().any(char::is_control);
    let parted = text
        .split_once(':')
        .is_some_and(|(user, pass)| !user.is_empty() && !pass.contains(':') && !is_stand_in(pass));
    holds(printable && parted)
}

/// Whether a password says that another one goes there, or nothing.
fn is_stand_in(pass: &str) -> bool {
    let small = pass.to_ascii_lowercase();
    let between = |open, close| small.starts_with(open) && small.ends_with(close);
    let words = [
        "xxxxxx",
        "your-",
        "your_",
        "_here",
        "-here",
        "replace_me",
        "replace-me",
    ];
    small.is_empty()
        || between('<', '>')
        || between('[', ']')
        || small.contains("${")
        || small.contains("{{")
        || words.iter().any(|word| small.contains(word))
}

/// A seed of one-time passwords: Base32 of ten bytes or more that are not all alike.
pub(super) fn seed(value: &[u8]) -> Outcome {
    match base32(value) {
        Some(bytes) => {
            let mixed = bytes.iter().any(|b| bytes.first() != Some(b));
            holds(bytes.len() >= 10 && mixed)
        }
        None => Outcome::Fails,
    }
}

/// Printable text under Base64 that begins with the vendor's own word: JFrog's reference tokens
/// and Amazon's long-lived Bedrock keys.
pub(super) fn word(value: &[u8]) -> Outcome {
    let body = value.strip_prefix(b"ABSK").unwrap_or(value);
    holds(decode(body).is_some_and(|text| {
        let known = text.starts_with(b"reftkn:") || text.starts_with(b"BedrockAPIKey-");
        known && text.iter().all(u8::is_ascii_graphic)
    }))
}

/// RFC 9562: of a version that exists and the variant of the standard, and not all alike.
pub(super) fn uuid(value: &[u8]) -> Outcome {
    let hyphens = [8, 13, 18, 23];
    let formed = value.len() == 36
        && value.iter().enumerate().all(|(at, b)| {
            if hyphens.contains(&at) {
                *b == b'-'
            } else {
                b.is_ascii_hexdigit()
            }
        });
    let version = matches!(value.get(14), Some(b'1'..=b'8'));
    let variant = matches!(value.get(19), Some(b'8' | b'9' | b'a' | b'b' | b'A' | b'B'));
    let digits = value.iter().filter(|b| **b != b'-');
    let mut kinds = [false; 256];
    digits.for_each(|b| {
        if let Some(seen) = kinds.get_mut(usize::from(*b)) {
            *seen = true;
        }
    });
    let mixed = kinds.iter().filter(|seen| **seen).count() > 4;
    holds(formed && version && variant && mixed)
}

#[cfg(test)]
mod tests {
    use super::*;
    use base64::Engine as _;
    use base64::engine::general_purpose::STANDARD as B64;

    #[test]
    fn basic_credentials_have_one_colon() {
        let made = |t: &str| basic_auth(B64.encode(t).as_bytes());
        for nobody in [
            "<your-password-here>",
            "${PASSWORD}",
            "gh_xxxxxxxx",
            "YOUR_TOKEN",
        ] {
            assert_eq!(
                made(&format!("deploy:{nobody}")),
                Outcome::Fails,
                "{nobody}"
            );
        }
        assert_eq!(made("user:word"), Outcome::Holds);
        for bad in ["user", "a:b:c", ":x", "x:", "a:\u{1}b"] {
            assert_eq!(made(bad), Outcome::Fails, "{bad}");
        }
        let elastic = format!("es{}_{}", "su", B64.encode("VuaCfGcB:ui2lp2axTNm"));
        assert_eq!(basic_auth(elastic.as_bytes()), Outcome::Holds);
    }

    #[test]
    fn a_bots_id_is_digits() {
        let made = |id: &str| discord(format!("{}.Gabc12.tail", B64.encode(id)).as_bytes());
        assert_eq!(made("123456789012345678"), Outcome::Holds);
        assert_eq!(made("12345678901234567x"), Outcome::Fails);
        assert_eq!(made("1234"), Outcome::Fails);
    }

    #[test]
    fn seeds_are_long_enough_and_mixed() {
        assert_eq!(seed(b"GEZDGNBVGY3TQOJQ"), Outcome::Holds);
        for bad in [&b"AAAAAAAAAAAAAAAA"[..], b"GEZDGNBV", b"GEZDGNBVGY3TQOJ1"] {
            assert_eq!(seed(bad), Outcome::Fails);
        }
    }

    #[test]
    fn vendors_words_stand_under_base64() {
        for (head, text) in [
            ("", "reftkn:01:1700000000:abc"),
            ("ABSK", "BedrockAPIKey-x:y"),
        ] {
            let made = format!("{head}{}", B64.encode(text));
            assert_eq!(word(made.as_bytes()), Outcome::Holds);
            let other = format!("{head}{}", B64.encode(text.replace("r", "q")));
            assert_eq!(word(other.as_bytes()), Outcome::Fails);
        }
        let odd = B64.encode(b"reftkn:01:\xff\xfe");
        assert_eq!(word(odd.as_bytes()), Outcome::Fails);
    }

    #[test]
    fn uuids_have_a_version_and_a_variant() {
        for good in [
            "3f2504e0-4f89-41d3-9a0c-0305e82c3301",
            "018F2B6C-7D3E-7C2A-8B1D-0123456789AB",
        ] {
            assert_eq!(uuid(good.as_bytes()), Outcome::Holds, "{good}");
        }
        for bad in [
            "00000000-0000-0000-0000-000000000000",
            "11111111-1111-4111-8111-111111111111",
            "3f2504e0-4f89-01d3-9a0c-0305e82c3301",
            "3f2504e0-4f89-41d3-1a0c-0305e82c3301",
            "3f2504e0-4f89-41d3-9a0c-0305e82c330",
            "3f2504e04f89-41d3-9a0c-0305e82c33011",
            "",
        ] {
            assert_eq!(uuid(bad.as_bytes()), Outcome::Fails, "{bad}");
        }
    }
}
