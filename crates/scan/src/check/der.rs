//! Private keys: the DER under the armour, walked by hand as far as it tells what it is.

use base64::Engine as _;
use base64::alphabet::STANDARD;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};

use super::{Outcome, holds};

/// Longest armour decoded; a key of 16,384 bits has 13 KB.
const MOST: usize = 64 << 10;
const SEQUENCE: u8 = 0x30;
const INTEGER: u8 = 0x02;

/// One element: tag, content, and what follows it. Definite lengths of up to four bytes only.
fn element(data: &[u8]) -> Option<(u8, &[u8], &[u8])> {
    let (&tag, rest) = data.split_first()?;
    let (&first, rest) = rest.split_first()?;
    let (length, rest) = if first < 0x80 {
        (usize::from(first), rest)
    } else {
        let count = usize::from(first & 0x7f);
        if count == 0 || count > 4 {
            return None;
        }
        let (bytes, rest) = rest.split_at_checked(count)?;
        (
            bytes.iter().fold(0usize, |n, b| n << 8 | usize::from(*b)),
            rest,
        )
    };
    let (content, rest) = rest.split_at_checked(length)?;
    Some((tag, content, rest))
}

/// PKCS #1, SEC 1 and PKCS #8 begin with a version; encrypted PKCS #8 with an algorithm.
fn is_private_key(der: &[u8]) -> bool {
    let Some((SEQUENCE, body, rest)) = element(der) else {
        return false;
    };
    let whole = rest.iter().all(|&b| b == 0);
    let Some((tag, _, after)) = element(body) else {
        return false;
    };
    let second = element(after).map(|(tag, _, _)| tag);
    whole && matches!(tag, INTEGER | SEQUENCE) && second.is_some()
}

/// The text between the dashes of the first line and the next dashes.
fn armoured(value: &[u8]) -> Option<(&[u8], Vec<u8>)> {
    let label_at = memchr::memmem::find(value, b"-----BEGIN")? + 10;
    let after = value.get(label_at..)?;
    let label_end = memchr::memmem::find(after, b"-----")?;
    let label = after.get(..label_end)?.trim_ascii();
    let body = after.get(label_end + 5..)?;
    let body = body.get(..memchr::memmem::find(body, b"-----").unwrap_or(body.len()))?;
    if body.len() > MOST {
        return None;
    }
    // Keys in JSON and YAML have their line ends as `\n` and `\r\n`, spelt out.
    let mut text = Vec::with_capacity(body.len());
    let mut escaped = false;
    let mut headers = false;
    for line in body.split(|&b| b == b'\n') {
        headers |= memchr::memchr(b':', line).is_some();
        for &b in line {
            match b {
                b'\\' => escaped = true,
                b'n' | b'r' | b't' if escaped => escaped = false,
                _ => {
                    escaped = false;
                    text.push(b);
                }
            }
        }
        if headers && line.trim_ascii().is_empty() {
            text.clear();
            headers = false;
        }
    }
    text.retain(|b| b.is_ascii_alphanumeric() || matches!(b, b'+' | b'/' | b'='));
    Some((label, text))
}

/// Whether a PEM block holds what its label says, as far as can be told: DER for the common
/// labels, the magic of OpenSSH's format. Encrypted and foreign blocks are unclear.
pub(super) fn pem(value: &[u8]) -> Outcome {
    let Some((label, text)) = armoured(value) else {
        return Outcome::Unclear;
    };
    let config = GeneralPurposeConfig::new()
        .with_decode_padding_mode(DecodePaddingMode::Indifferent)
        .with_decode_allow_trailing_bits(true);
    let decoded = GeneralPurpose::new(&STANDARD, config).decode(&text);
    let encrypted = memchr::memmem::find(value, b"ENCRYPTED").is_some();
    match label {
        b"OPENSSH PRIVATE KEY" => {
            holds(decoded.is_ok_and(|d| d.starts_with(b"openssh-key-v1\0") && d.len() > 64))
        }
        b"PRIVATE KEY"
        | b"RSA PRIVATE KEY"
        | b"EC PRIVATE KEY"
        | b"DSA PRIVATE KEY"
        | b"ENCRYPTED PRIVATE KEY"
            if !encrypted || label.starts_with(b"ENC") =>
        {
            holds(decoded.is_ok_and(|d| is_private_key(&d)))
        }
        _ => Outcome::Unclear,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use base64::engine::general_purpose::STANDARD as B64;

    fn block(label: &str, body: &str) -> Vec<u8> {
        let dashes = "-".repeat(5);
        format!("{dashes}BEGIN {label}{dashes}\n{body}\n{dashes}END {label}{dashes}\n").into_bytes()
    }

    fn key() -> Vec<u8> {
        let mut der = vec![0x30, 0x82, 0x01, 0x00, 0x02, 0x01, 0x00, 0x04, 0x81, 0xfa];
        der.resize(4 + 256, 7);
        der
    }

    #[test]
    fn der_under_the_armour_is_walked() {
        let text = B64.encode(key());
        assert_eq!(pem(&block("PRIVATE KEY", &text)), Outcome::Holds);
        assert_eq!(
            pem(&block("RSA PRIVATE KEY", &text.replace('A', "B"))),
            Outcome::Fails
        );
        assert_eq!(pem(&block("RSA PRIVATE KEY", "...")), Outcome::Fails);
        assert_eq!(pem(&block("SSH2 PRIVATE KEY", &text)), Outcome::Unclear);
        let spelt: String = text.as_bytes().chunks(64).fold(String::new(), |mut s, c| {
            s.push_str(std::str::from_utf8(c).unwrap());
            s.push_str("\\n");
            s
        });
        assert_eq!(pem(&block("PRIVATE KEY", &spelt)), Outcome::Holds);
    }

    #[test]
    fn an_old_encrypted_key_is_unclear_and_openssh_has_its_magic() {
        let text = format!(
            "Proc-Type: 4,ENCRYPTED\nDEK-Info: x\n\n{}",
            B64.encode(key())
        );
        assert_eq!(pem(&block("RSA PRIVATE KEY", &text)), Outcome::Unclear);
        let mut ssh = b"openssh-key-v1\0".to_vec();
        ssh.resize(200, 1);
        assert_eq!(
            pem(&block("OPENSSH PRIVATE KEY", &B64.encode(&ssh))),
            Outcome::Holds
        );
        assert_eq!(
            pem(&block("OPENSSH PRIVATE KEY", &B64.encode(key()))),
            Outcome::Fails
        );
    }

    #[test]
    fn lengths_that_lie_end_the_walk() {
        for bad in [
            &[0x30u8, 0x84, 0xff, 0xff, 0xff, 0xff][..],
            &[0x30, 0x80],
            &[0x30],
            &[],
        ] {
            assert!(!is_private_key(bad));
        }
    }
}
