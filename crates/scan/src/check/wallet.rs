//! Private keys of Bitcoin's family: what stands under Base58Check.

use super::base::base58check;
use super::{Outcome, holds};

/// A key alone: the version byte, 32 bytes, and a 1 where its public half is compressed. The
/// versions of the main and the test network, Litecoin, Dogecoin and Dash.
pub(super) fn wif(value: &[u8]) -> Outcome {
    let Some(data) = base58check(value) else {
        return Outcome::Fails;
    };
    let version = matches!(data.first(), Some(0x80 | 0xef | 0xb0 | 0x9e | 0xcc));
    let form = data.len() == 33 || (data.len() == 34 && data.last() == Some(&1));
    holds(version && form)
}

/// BIP 32: 78 bytes of which the key itself begins with a zero; a public one begins with 2 or 3.
pub(super) fn extended(value: &[u8]) -> Outcome {
    match base58check(value) {
        Some(data) if data.len() == 78 => holds(data.get(45) == Some(&0)),
        _ => Outcome::Fails,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::check::base::base58check_encode;

    fn made(version: &[u8], length: usize, tail: &[u8]) -> String {
        let mut data = version.to_vec();
        data.extend(
            (0..=255u8)
                .cycle()
                .map(|i| i.wrapping_mul(37) ^ 0x5a)
                .take(length),
        );
        data.extend(tail);
        base58check_encode(&data)
    }

    fn altered(text: &str) -> String {
        let last = if text.ends_with('2') { "3" } else { "2" };
        format!("{}{last}", &text[..text.len() - 1])
    }

    #[test]
    fn single_keys() {
        for (version, tail, first) in [
            (0x80u8, &[][..], "5"),
            (0x80, &[1], "KL"),
            (0xef, &[1], "c"),
        ] {
            let key = made(&[version], 32, tail);
            assert!(first.contains(&key[..1]), "{version:x}");
            assert_eq!(wif(key.as_bytes()), Outcome::Holds);
            assert_eq!(wif(altered(&key).as_bytes()), Outcome::Fails);
        }
        // An address: a hash of a public key, and no key.
        assert_eq!(wif(made(&[0], 20, &[]).as_bytes()), Outcome::Fails);
        assert_eq!(wif(made(&[0x80], 32, &[2]).as_bytes()), Outcome::Fails);
    }

    #[test]
    fn extended_keys_are_private_or_public() {
        let head = |version: [u8; 4]| [&version[..], &[0; 41]].concat();
        let private = [head([0x04, 0x88, 0xad, 0xe4]), vec![0]].concat();
        let key = made(&private, 32, &[]);
        assert!(key.starts_with(concat!("xp", "rv")));
        assert_eq!(extended(key.as_bytes()), Outcome::Holds);
        assert_eq!(extended(altered(&key).as_bytes()), Outcome::Fails);
        let public = [head([0x04, 0x88, 0xb2, 0x1e]), vec![2]].concat();
        let twin = made(&public, 32, &[]);
        assert!(twin.starts_with("xpub"));
        assert_eq!(extended(twin.as_bytes()), Outcome::Fails);
    }
}
