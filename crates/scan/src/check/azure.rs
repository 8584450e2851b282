//! Azure's self-describing keys. Algorithms and seeds: microsoft/security-utilities.

use base64::Engine as _;
use base64::alphabet::{STANDARD, URL_SAFE};
use base64::engine::{GeneralPurpose, GeneralPurposeConfig};

use super::base::{base32, base32_encode};
use super::base64::decode;
use super::{Outcome, holds};

/// Seeds by kind of key; read big-endian they spell the kind.
const SEEDS: [&[u8; 8]; 29] = [
    b"System00",
    b"Unknown0",
    b"Send0000",
    b"Manage00",
    b"Listen00",
    b"AbAcct00",
    b"Master00",
    b"Functi00",
    b"SysAll00",
    b"Resour00",
    b"MastRO00",
    b"SystRO00",
    b"Encryp00",
    b"MastRW00",
    b"SystRW00",
    b"Access00",
    b"Default0",
    b"Query000",
    b"PAdmin00",
    b"Classic0",
    b"ACRDflt0",
    b"UsrPwd00",
    b"IoTHub00",
    b"DpsKey00",
    b"Device00",
    b"Tenant00",
    b"Gatewy00",
    b"GitKey00",
    b"SendRecv",
];

const fn mix(mut p0: u32, mut p1: u32) -> (u32, u32) {
    p1 ^= p0;
    p0 = p0.rotate_left(20).wrapping_add(p1);
    p1 = p1.rotate_left(9) ^ p0;
    p0 = p0.rotate_left(27).wrapping_add(p1);
    p1 = p1.rotate_left(19);
    (p0, p1)
}

/// Marvin-32 with a 64-bit seed.
pub(super) fn marvin(data: &[u8], seed: u64) -> u32 {
    let (low, high) = (seed & 0xffff_ffff, seed >> 32);
    let mut p0 = u32::try_from(low).unwrap_or(0);
    let mut p1 = u32::try_from(high).unwrap_or(0);
    let mut words = data.chunks_exact(4);
    for word in words.by_ref() {
        let word = word
            .first_chunk::<4>()
            .map_or(0, |w| u32::from_le_bytes(*w));
        (p0, p1) = mix(p0.wrapping_add(word), p1);
    }
    let mut last = [0u8; 4];
    for (to, from) in last.iter_mut().zip(words.remainder().iter().chain([&0x80])) {
        *to = *from;
    }
    (p0, p1) = mix(p0.wrapping_add(u32::from_le_bytes(last)), p1);
    (p0, p1) = mix(p0, p1);
    p0 ^ p1
}

/// Where the word of the resource stands in the text, by the bytes under it.
const WORD_AT: [(usize, usize); 4] = [(64, 76), (40, 44), (39, 42), (32, 33)];
/// The words of the resources whose keys carry a checksum.
const WORDS: [&[u8; 4]; 16] = [
    b"+ABa", b"+ACR", b"+AEh", b"+AMC", b"+ARm", b"+ASb", b"+ASt", b"+SQL", b"/AM7", b"ACDb",
    b"AIoT", b"APIM", b"AZEG", b"AzCa", b"AzFu", b"AzSe",
];

/// Keys of 32, 39, 40 and 64 bytes whose last four are the Marvin-32 of the others. One without
/// its resource's word is of an older make and carries nothing to check.
pub(super) fn key(value: &[u8]) -> Outcome {
    let Some(bytes) = decode(value) else {
        return Outcome::Fails;
    };
    let word = WORD_AT
        .iter()
        .find(|(length, _)| *length == bytes.len())
        .and_then(|(_, at)| value.get(*at..at + 4));
    let (Some(word), Some((data, tail))) = (word, bytes.split_last_chunk::<4>()) else {
        return Outcome::Unclear;
    };
    let want = u32::from_le_bytes(*tail);
    if SEEDS
        .iter()
        .any(|s| marvin(data, u64::from_be_bytes(**s)) == want)
    {
        return Outcome::Holds;
    }
    // The cache service also writes a form whose checksum is escaped.
    if WORDS.iter().any(|w| *w == word) && word != b"AzCa" {
        Outcome::Fails
    } else {
        Outcome::Unclear
    }
}

/// Completes a key cut after its signature, under the first seed of its kind.
pub(super) fn key_complete(token: &[u8]) -> Option<String> {
    let total = match token.len() {
        80 => 64,
        48 => 40,
        46 => 39,
        37 | 38 => 32,
        _ => return None,
    };
    let seed: &[u8; 8] = if token.ends_with(b"+ASt") {
        b"Default0"
    } else {
        b"Master00"
    };
    let mut padded = token.to_vec();
    while !padded.len().is_multiple_of(4) {
        padded.push(b'A');
    }
    let url = padded.iter().any(|b| matches!(b, b'-' | b'_'));
    let mut bytes = decode(&padded)?;
    bytes.resize(total - 4, 0);
    let sum = marvin(&bytes, u64::from_be_bytes(*seed));
    bytes.extend_from_slice(&sum.to_le_bytes());
    let alphabet = if url { &URL_SAFE } else { &STANDARD };
    let text = GeneralPurpose::new(alphabet, GeneralPurposeConfig::new()).encode(&bytes);
    text.get(token.len()..).map(str::to_owned)
}

const ENTRA: &[u8; 66] = b"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ1234567890.-_~";

fn entra_tail(text: &[u8]) -> [u8; 3] {
    let mut n = marvin(text, u64::from_be_bytes(*b"AadPwd00"));
    let mut out = [b'a'; 6];
    for place in out.iter_mut().rev() {
        let digit = usize::try_from(n % 66).unwrap_or(0);
        *place = ENTRA.get(digit).copied().unwrap_or(b'a');
        n /= 66;
    }
    let [first, second, third, ..] = out;
    [first, second, third]
}

/// Characters of a client secret that carries a checksum.
const ENTRA_LENGTH: usize = 40;

/// A client secret: `8Q~` at offset 3; the older `7Q~` carries no checksum, nor does another length.
pub(super) fn entra(value: &[u8]) -> Outcome {
    match value.split_last_chunk::<3>() {
        Some((text, tail)) if value.len() == ENTRA_LENGTH && text.get(3..6) == Some(b"8Q~") => {
            holds(entra_tail(text) == *tail)
        }
        _ => Outcome::Unclear,
    }
}

pub(super) fn entra_complete(token: &[u8]) -> Option<String> {
    let tail = (token.get(3..6) == Some(b"8Q~")).then(|| entra_tail(token))?;
    Some(tail.iter().copied().map(char::from).collect())
}

/// Where the checksum of an old DevOps token lies in its 32 bytes.
const SUM_AT: [usize; 4] = [2, 7, 8, 22];
const DEVOPS_SEEDS: [u32; 2] = [0xe0b9_692d, 0x1019_f92e];

fn devops_sum(bytes: &[u8]) -> u32 {
    let mut crc = crc32fast::Hasher::new();
    for (i, b) in bytes.iter().enumerate() {
        if !SUM_AT.contains(&i) {
            crc.update(&[*b]);
        }
    }
    crc.finalize()
}

/// The 52-character token of Azure DevOps.
pub(super) fn devops(value: &[u8]) -> Outcome {
    let Some(bytes) = base32(value).filter(|b| b.len() == 32) else {
        return Outcome::Unclear;
    };
    let mut have = [0u8; 4];
    for (to, at) in have.iter_mut().zip(SUM_AT.iter().rev()) {
        *to = bytes.get(*at).copied().unwrap_or(0);
    }
    let have = u32::from_le_bytes(have);
    let sum = devops_sum(&bytes);
    holds(DEVOPS_SEEDS.iter().any(|seed| sum ^ seed == have))
}

/// A whole token whose body is drawn from `token`: the checksum lies inside, so nothing could be
/// appended to given characters. `token` must be empty.
pub(super) fn devops_complete(token: &[u8]) -> Option<String> {
    if !token.is_empty() {
        return None;
    }
    let mut bytes: Vec<u8> = (1..=32u8).map(|i| i.wrapping_mul(73) ^ 0x5a).collect();
    let sum = (devops_sum(&bytes) ^ DEVOPS_SEEDS.first()?).to_le_bytes();
    for (from, at) in sum.iter().zip(SUM_AT.iter().rev()) {
        *bytes.get_mut(*at)? = *from;
    }
    base32_encode(&bytes).get(..52).map(str::to_ascii_lowercase)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// .NET's own vectors, folded to 32 bits as the keys have them.
    #[test]
    fn marvin_agrees_with_the_runtimes_vectors() {
        const SEED: u64 = 0x004f_b61a_001b_dbcc;
        for (data, want) in [
            (&[][..], 0x30ed_35c1_00cd_3c7d_u64),
            (&[0xaf], 0x48e7_3fc7_7d75_ddc1),
            (&[0xe7, 0x0f], 0xb5f6_e1fc_485d_bff8),
        ] {
            let folded = u32::try_from(want >> 32 ^ want & 0xffff_ffff).unwrap();
            assert_eq!(marvin(data, SEED), folded);
        }
    }

    #[test]
    fn entra_agrees_with_the_vendors_contrived_example() {
        let secret = format!("zzz8Q~{}", "z".repeat(31));
        assert_eq!(entra(format!("{secret}blP").as_bytes()), Outcome::Holds);
        assert_eq!(entra(format!("{secret}blQ").as_bytes()), Outcome::Fails);
        let older = format!("abc7Q~{}", "z".repeat(31));
        assert_eq!(entra(older.as_bytes()), Outcome::Unclear);
    }

    #[test]
    fn keys_complete_and_verify_at_every_length() {
        for (length, signature) in [(76, "+ASt"), (44, "AzFu"), (42, "AzSe"), (33, "+ASb")] {
            let mut token: String = "Ab3dEf9h".chars().cycle().take(length).collect();
            token.push_str(signature);
            let key_text = token.clone() + &key_complete(token.as_bytes()).unwrap();
            assert_eq!(key(key_text.as_bytes()), Outcome::Holds, "{length}");
            let bad = key_text.replacen('3', "4", 1);
            assert_eq!(key(bad.as_bytes()), Outcome::Fails, "{length}");
            let older = bad.replacen(signature, "x1Y2", 1);
            assert_eq!(key(older.as_bytes()), Outcome::Unclear, "{length}");
        }
    }

    #[test]
    fn devops_tokens_verify_and_their_neighbours_do_not() {
        let token = devops_complete(b"").unwrap();
        assert_eq!(token.len(), 52);
        assert_eq!(devops(token.as_bytes()), Outcome::Holds);
        let first = if token.starts_with('b') { "c" } else { "b" };
        assert_eq!(
            devops(format!("{first}{}", &token[1..]).as_bytes()),
            Outcome::Fails
        );
    }
}
