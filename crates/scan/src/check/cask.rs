//! Microsoft's common annotated keys: `JQQJ` in the middle, the provider's word, a checksum.

use super::Outcome;
use super::azure::marvin;
use super::base64::decode;

const BASE62: &[u8; 62] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
/// Characters before the checksum: sixty bytes.
const DATA: usize = 80;
const SEED: u64 = u64::from_be_bytes(*b"Default0");

/// The checksum in Base62, filled up with zeros behind: the keys hold letters and digits only.
fn tail(sum: u32) -> [u8; 6] {
    let mut number = u32::from_be_bytes(sum.to_le_bytes());
    let mut digits = [b'0'; 6];
    let mut count = 0;
    for place in &mut digits {
        let digit = usize::try_from(number % 62).unwrap_or(0);
        *place = BASE62.get(digit).copied().unwrap_or(b'0');
        number /= 62;
        count += 1;
        if number == 0 {
            break;
        }
    }
    if let Some(used) = digits.get_mut(..count) {
        used.reverse();
    }
    digits
}

/// Four characters of checksum, or six and padding. The oldest of these keys carried the sum's
/// bytes themselves; the description is the vendor's, no key of theirs was at hand: one that
/// agrees with neither is not refused.
pub(super) fn key(value: &[u8]) -> Outcome {
    let bare = value.strip_suffix(b"==").unwrap_or(value);
    let (Some(head), Some(have)) = (value.get(..DATA), bare.get(DATA..)) else {
        return Outcome::Unclear;
    };
    let Some(data) = decode(head).filter(|_| matches!(have.len(), 4 | 6)) else {
        return Outcome::Unclear;
    };
    let sum = marvin(&data, SEED);
    let bytes = decode(bare).unwrap_or_default();
    let raw = bytes
        .get(DATA / 4 * 3..)
        .is_some_and(|have| have.len() >= 3 && sum.to_le_bytes().starts_with(have));
    // The last of six characters has four bits that its byte does not keep.
    let compared = if have.len() == 4 { 4 } else { 5 };
    if raw || have.get(..compared) == tail(sum).get(..compared) {
        Outcome::Holds
    } else {
        Outcome::Fails
    }
}

pub(super) fn complete(token: &[u8]) -> Option<String> {
    let data = decode(token).filter(|_| token.len() == DATA)?;
    let sum = tail(marvin(&data, SEED));
    Some(sum.iter().take(4).copied().map(char::from).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_lengths_verify_and_their_neighbours_do_not() {
        let head = format!(
            "{}JQQJ99{}AC{}OG",
            "a1B2".repeat(13),
            "BAAAAAAAAAAAAAAAAA",
            ""
        );
        let head = &head[..];
        assert_eq!(head.len(), DATA);
        let key_text = format!("{head}{}", complete(head.as_bytes()).unwrap());
        assert_eq!(key(key_text.as_bytes()), Outcome::Holds);
        let other = key_text.replacen("a1B2", "a1B3", 1);
        assert_eq!(key(other.as_bytes()), Outcome::Fails);
        let sum = marvin(&decode(head.as_bytes()).unwrap(), SEED);
        let long: String = tail(sum).iter().copied().map(char::from).collect();
        assert_eq!(key(format!("{head}{long}==").as_bytes()), Outcome::Holds);
        assert_eq!(key(head.as_bytes()), Outcome::Unclear);
        assert_eq!(key(b""), Outcome::Unclear);
    }
}
