//! Made-up credentials, never the same twice, valid where a checksum says so.

use std::hash::{BuildHasher, RandomState};

const BASE62: &[u8; 62] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

fn random() -> impl Iterator<Item = usize> {
    let seed = RandomState::new();
    (0u64..).map(move |i| usize::try_from(seed.hash_one(i) >> 33).expect("31 bits fit"))
}

fn letters(alphabet: &[u8], n: usize) -> String {
    random()
        .take(n)
        .map(|r| char::from(alphabet[r % alphabet.len()]))
        .collect()
}

/// A classic personal access token of the largest forge: 30 random characters and the checksum
/// its documentation describes.
pub fn forge_token() -> String {
    let body = letters(BASE62, 30);
    let mut check = crc32fast::hash(body.as_bytes());
    let mut digits = [b'0'; 6];
    for digit in digits.iter_mut().rev() {
        *digit = BASE62[(check % 62) as usize];
        check /= 62;
    }
    format!("{}{}{body}{}", "gh", "p_", String::from_utf8_lossy(&digits))
}

/// The id of a long-lived cloud access key.
pub fn cloud_key_id() -> String {
    format!(
        "{}{}{}",
        "AK",
        "IA",
        letters(b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567", 16)
    )
}

/// The secret half of a cloud access key, with its name: 40 characters, of which those at `slashes`
/// are slashes.
pub fn cloud_secret(slashes: &[usize]) -> String {
    let mut value = letters(BASE62, 40).into_bytes();
    for at in slashes {
        value[*at] = b'/';
    }
    let value = String::from_utf8(value).expect("ASCII");
    format!("{}_{}_access_key={value}", "aws", "secret")
}
