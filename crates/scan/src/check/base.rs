//! Base32, Base58 and Bech32, with the checksums the last two carry.

use sha2::{Digest as _, Sha256};

use super::{Outcome, holds};

const BASE32: &[u8; 32] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";

/// RFC 4648 Base32 of either case, without padding; leftover bits are dropped.
pub(super) fn base32(text: &[u8]) -> Option<Vec<u8>> {
    let mut out = Vec::with_capacity(text.len() * 5 / 8);
    let (mut bits, mut have) = (0u32, 0u32);
    for b in text {
        let digit = match b.to_ascii_uppercase() {
            c @ b'A'..=b'Z' => c - b'A',
            c @ b'2'..=b'7' => c - b'2' + 26,
            _ => return None,
        };
        bits = (bits << 5 | u32::from(digit)) & 0xfff;
        have += 5;
        if have >= 8 {
            have -= 8;
            out.push(u8::try_from(bits >> have & 0xff).ok()?);
        }
    }
    Some(out)
}

pub(super) fn base32_encode(bytes: &[u8]) -> String {
    let mut out = String::with_capacity(bytes.len() * 8 / 5 + 1);
    let (mut bits, mut have) = (0u32, 0u32);
    for b in bytes {
        bits = (bits << 8 | u32::from(*b)) & 0xffff;
        have += 8;
        while have >= 5 {
            have -= 5;
            let digit = usize::try_from(bits >> have & 31).unwrap_or(0);
            out.extend(BASE32.get(digit).copied().map(char::from));
        }
    }
    if have > 0 {
        let digit = usize::try_from(bits << (5 - have) & 31).unwrap_or(0);
        out.extend(BASE32.get(digit).copied().map(char::from));
    }
    out
}

const BASE58: &[u8; 58] = b"123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz";
/// Longest Base58 text decoded: an extended key has 111 characters, and decoding is quadratic.
const BASE58_MOST: usize = 128;

fn base58_decode(text: &[u8]) -> Option<Vec<u8>> {
    if text.len() > BASE58_MOST {
        return None;
    }
    let mut bytes: Vec<u8> = Vec::with_capacity(text.len());
    for b in text {
        let mut carry = BASE58.iter().position(|c| c == b)?;
        for byte in bytes.iter_mut().rev() {
            carry += usize::from(*byte) * 58;
            *byte = u8::try_from(carry & 0xff).ok()?;
            carry >>= 8;
        }
        while carry > 0 {
            bytes.insert(0, u8::try_from(carry & 0xff).ok()?);
            carry >>= 8;
        }
    }
    let zeros = text.iter().take_while(|&&b| b == b'1').count();
    let mut out = vec![0; zeros];
    out.extend(bytes);
    Some(out)
}

fn double_sha(data: &[u8]) -> [u8; 4] {
    let digest = Sha256::digest(Sha256::digest(data));
    digest.first_chunk::<4>().copied().unwrap_or_default()
}

/// The bytes under Base58Check, whose last four are the double SHA-256 of the others.
pub(super) fn base58check(value: &[u8]) -> Option<Vec<u8>> {
    let mut bytes = base58_decode(value)?;
    let (data, tail) = bytes.split_last_chunk::<4>()?;
    let good = double_sha(data) == *tail;
    bytes.truncate(bytes.len() - 4);
    good.then_some(bytes)
}

/// The text of bytes under Base58Check.
pub(super) fn base58check_encode(data: &[u8]) -> String {
    let whole = [data, &double_sha(data)].concat();
    let mut digits: Vec<usize> = Vec::new();
    for byte in &whole {
        let mut carry = usize::from(*byte);
        for digit in &mut digits {
            carry += *digit << 8;
            *digit = carry % 58;
            carry /= 58;
        }
        while carry > 0 {
            digits.push(carry % 58);
            carry /= 58;
        }
    }
    let zeros = whole.iter().take_while(|&&b| b == 0).count();
    let zeros = std::iter::repeat_n(0, zeros);
    let all = zeros.chain(digits.into_iter().rev());
    all.filter_map(|d| BASE58.get(d).copied().map(char::from))
        .collect()
}

/// Base58Check, whatever stands under it.
pub(super) fn base58(value: &[u8]) -> Outcome {
    if value.len() > BASE58_MOST {
        return Outcome::Unclear;
    }
    holds(base58check(value).is_some())
}

/// The token as it stands is a prefix such as `xprv` or nothing: a whole key is appended to it,
/// an extended one where the prefix says so, else a single one.
pub(super) fn base58_complete(token: &[u8]) -> Option<String> {
    let made = |version: &[u8], tail: &[u8]| {
        let key = (1..=32u8).map(|i| i.wrapping_mul(73) ^ 0x5a);
        let data: Vec<u8> = version
            .iter()
            .copied()
            .chain(key)
            .chain(tail.iter().copied())
            .collect();
        base58check_encode(&data)
    };
    let whole = match token {
        b"xprv" => {
            let mut head = vec![0x04, 0x88, 0xad, 0xe4];
            head.resize(4 + 41, 0);
            head.push(0);
            made(&head, &[])
        }
        b"5" => made(&[0x80], &[]),
        b"K" | b"L" | b"" => made(&[0x80], &[1]),
        b"c" => made(&[0xef], &[1]),
        _ => return None,
    };
    whole
        .strip_prefix(std::str::from_utf8(token).ok()?)
        .map(str::to_owned)
}

const BECH32: &[u8; 32] = b"qpzry9x8gf2tvdw0s3jn54khce6mua7l";
const BECH32M: u32 = 0x2bc8_30a3;

fn polymod(values: impl Iterator<Item = u8>) -> u32 {
    const GEN: [u32; 5] = [
        0x3b6a_57b2,
        0x2650_8e6d,
        0x1ea1_19fa,
        0x3d42_33dd,
        0x2a14_62b3,
    ];
    let mut sum = 1u32;
    for v in values {
        let top = sum >> 25;
        sum = (sum & 0x1ff_ffff) << 5 ^ u32::from(v);
        for (i, g) in GEN.iter().enumerate() {
            if top >> i & 1 == 1 {
                sum ^= g;
            }
        }
    }
    sum
}

fn bech32_parts(value: &[u8]) -> Option<(Vec<u8>, Vec<u8>)> {
    let lower = value.to_ascii_lowercase();
    if value.len() > 4096 || (lower != value && value.to_ascii_uppercase() != value) {
        return None;
    }
    let one = lower.iter().rposition(|&b| b == b'1')?;
    let (hrp, data) = lower.split_at(one);
    let data: Option<Vec<u8>> = data
        .get(1..)?
        .iter()
        .map(|b| {
            BECH32
                .iter()
                .position(|c| c == b)
                .and_then(|i| u8::try_from(i).ok())
        })
        .collect();
    let expanded = hrp
        .iter()
        .map(|b| b >> 5)
        .chain([0])
        .chain(hrp.iter().map(|b| b & 31))
        .collect();
    Some((expanded, data?))
}

/// BIP 173 and BIP 350: a BCH code over the human-readable part and the data.
pub(super) fn bech32(value: &[u8]) -> Outcome {
    match bech32_parts(value) {
        Some((hrp, data)) if data.len() >= 6 => {
            let sum = polymod(hrp.into_iter().chain(data));
            holds(sum == 1 || sum == BECH32M)
        }
        _ => Outcome::Fails,
    }
}

pub(super) fn bech32_complete(token: &[u8]) -> Option<String> {
    let upper = token.iter().any(u8::is_ascii_uppercase);
    let (hrp, data) = bech32_parts(token)?;
    let sum = polymod(hrp.into_iter().chain(data).chain([0; 6])) ^ 1;
    let tail: String = (0..6)
        .map(|i| usize::try_from(sum >> (5 * (5 - i)) & 31).unwrap_or(0))
        .filter_map(|d| BECH32.get(d).copied().map(char::from))
        .collect();
    Some(if upper {
        tail.to_ascii_uppercase()
    } else {
        tail
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn base32_round_trips() {
        for n in [0usize, 1, 5, 10, 32] {
            let raw: Vec<u8> = (0..).map(|i: u8| i.wrapping_mul(37)).take(n).collect();
            assert_eq!(base32(base32_encode(&raw).as_bytes()), Some(raw));
        }
        assert_eq!(base32(b"A1"), None);
    }

    #[test]
    fn base58check_agrees_with_the_bitcoin_wiki() {
        // The address of the genesis block: public, and no key.
        assert_eq!(
            base58(b"1A1zP1eP5QGefi2DMPTfTL5SLmv7DivfNa"),
            Outcome::Holds
        );
        assert_eq!(
            base58(b"1A1zP1eP5QGefi2DMPTfTL5SLmv7DivfNb"),
            Outcome::Fails
        );
        assert_eq!(base58(&[b'z'; 500]), Outcome::Unclear);
        let text = base58check_encode(&[0, 0, 7, 8]);
        assert!(text.starts_with("11"));
        assert_eq!(base58check(text.as_bytes()), Some(vec![0, 0, 7, 8]));
    }

    #[test]
    fn bech32_agrees_with_the_bips() {
        for good in [
            "A12UEL5L",
            "abcdef1qpzry9x8gf2tvdw0s3jn54khce6mua7lmqqqxw",
            "A1LQFN3A",
        ] {
            assert_eq!(bech32(good.as_bytes()), Outcome::Holds, "{good}");
        }
        for bad in ["A12UEL5M", "A1G7SGD8X", "x1b4n0q5v", "li1dgmt3"] {
            assert_eq!(bech32(bad.as_bytes()), Outcome::Fails, "{bad}");
        }
        let token = "age-secret-key-1qpzry9x8gf2tvdw0s3jn54khce6mua7l".to_ascii_uppercase();
        let whole = token.clone() + &bech32_complete(token.as_bytes()).unwrap();
        assert_eq!(bech32(whole.as_bytes()), Outcome::Holds);
    }
}
