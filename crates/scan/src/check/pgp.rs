//! OpenPGP's armour: the packet it begins with, and its CRC-24 where it still has one.

use super::Outcome;
use super::base64::decode;

/// RFC 9580, 6.1: initial value and polynomial.
fn crc24(data: &[u8]) -> u32 {
    data.iter().fold(0x00b7_04ce, |crc, byte| {
        (0..8).fold(crc ^ u32::from(*byte) << 16, |crc: u32, _| {
            let next = crc << 1;
            if next & 0x0100_0000 == 0 {
                next
            } else {
                next ^ 0x0186_4cfb
            }
        }) & 0x00ff_ffff
    })
}

/// The body of a block: Base64 lines, and `=` with four characters of CRC-24, which new software
/// leaves out. Nothing but a secret key (packet 5) or a secret subkey (packet 7) is one.
pub(super) fn secret_key(value: &[u8]) -> Outcome {
    let mut text: Vec<u8> = Vec::with_capacity(value.len());
    let mut sum = None;
    for line in value.split(|b| b.is_ascii_whitespace()) {
        match line.strip_prefix(b"=") {
            Some(tail) if tail.len() >= 4 => {
                sum = tail.get(..4).and_then(decode);
                break;
            }
            _ => text.extend_from_slice(line),
        }
    }
    let Some(data) = decode(&text) else {
        return Outcome::Unclear;
    };
    let packet = match data.first() {
        Some(first) if first & 0xc0 == 0xc0 => first & 0x3f,
        Some(first) if first & 0x80 != 0 => first >> 2 & 0x0f,
        _ => return Outcome::Fails,
    };
    let Some(&[a, b, c]) = sum.as_deref() else {
        return secret(packet, Outcome::Unclear);
    };
    let same = u32::from_be_bytes([0, a, b, c]) == crc24(&data);
    secret(
        packet,
        if same {
            Outcome::Holds
        } else {
            Outcome::Unclear
        },
    )
}

const fn secret(packet: u8, is: Outcome) -> Outcome {
    if matches!(packet, 5 | 7) {
        is
    } else {
        Outcome::Fails
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use base64::Engine as _;
    use base64::engine::general_purpose::STANDARD as B64;

    fn armoured(first: u8, wrong: u32) -> String {
        let data: Vec<u8> = (0..200u8)
            .map(|i| if i == 0 { first } else { i ^ 0x5a })
            .collect();
        let sum = (crc24(&data) ^ wrong).to_be_bytes();
        format!("{}\n={}", B64.encode(&data), B64.encode(&sum[1..]))
    }

    #[test]
    fn the_checksum_is_that_of_the_standard() {
        assert_eq!(crc24(b""), 0x00b7_04ce);
        assert_eq!(crc24(b"123456789"), 0x0021_cf02);
    }

    #[test]
    fn only_secret_packets_hold() {
        for first in [0x95, 0xc5, 0x9d, 0xc7] {
            assert_eq!(secret_key(armoured(first, 0).as_bytes()), Outcome::Holds);
            assert_eq!(secret_key(armoured(first, 1).as_bytes()), Outcome::Unclear);
        }
        for first in [0x99, 0xc6, 0x10] {
            assert_eq!(secret_key(armoured(first, 0).as_bytes()), Outcome::Fails);
        }
        assert_eq!(secret_key(b"!"), Outcome::Unclear);
    }
}
