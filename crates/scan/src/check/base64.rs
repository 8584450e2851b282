//! Base64 of either alphabet, padded or not, as values carry it.

use base64::Engine as _;
use base64::alphabet::{STANDARD, URL_SAFE};
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};

/// Longest text decoded.
const MOST: usize = 64 << 10;

const CONFIG: GeneralPurposeConfig = GeneralPurposeConfig::new()
    .with_decode_padding_mode(DecodePaddingMode::Indifferent)
    .with_decode_allow_trailing_bits(true);
const EITHER: [GeneralPurpose; 2] = [
    GeneralPurpose::new(&STANDARD, CONFIG),
    GeneralPurpose::new(&URL_SAFE, CONFIG),
];

/// The bytes; `None` for what is no Base64, or more than 64 KiB of it. The URL alphabet is taken
/// where one of its own two characters stands.
pub(super) fn decode(text: &[u8]) -> Option<Vec<u8>> {
    let url = text.iter().any(|b| matches!(b, b'-' | b'_'));
    let [standard, url_safe] = &EITHER;
    let engine = if url { url_safe } else { standard };
    if text.len() > MOST {
        return None;
    }
    engine.decode(text).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_alphabets_with_and_without_padding() {
        for (text, bytes) in [
            ("+/+/", &[0xfb, 0xff, 0xbf][..]),
            ("-_-_", &[0xfb, 0xff, 0xbf]),
            ("QQ==", b"A"),
            ("QQ", b"A"),
            ("QR", b"A"),
        ] {
            assert_eq!(decode(text.as_bytes()).as_deref(), Some(bytes), "{text}");
        }
        assert_eq!(decode(b"+-+-"), None);
        assert_eq!(decode(b"Q"), None);
        assert_eq!(decode(&vec![b'A'; MOST + 1]), None);
    }
}
