//! Private keys: the DER under the armour, and OpenSSH's own format, walked by hand.

use super::Outcome;
use super::armour::body;
use super::base64::decode;

const INTEGER: u8 = 0x02;
const BITS: u8 = 0x03;
const OCTETS: u8 = 0x04;
const OBJECT: u8 = 0x06;
const SEQUENCE: u8 = 0x30;
/// Below this part of a key, only its public half is shown: RSA's modulus and exponent are 23 of
/// 100 bytes, and an elliptic key's algorithm as much.
const PUBLIC_QUARTER: usize = 4;
/// Three lines of armour: beyond them nobody meant to show a beginning only.
const LONG: usize = 128;

/// Length of the content and of the header before it. Definite lengths of up to four bytes.
fn header(data: &[u8]) -> Option<(usize, usize)> {
    let first = *data.get(1)?;
    if first < 0x80 {
        return Some((usize::from(first), 2));
    }
    let count = usize::from(first & 0x7f);
    if count == 0 || count > 4 {
        return None;
    }
    let bytes = data.get(2..2 + count)?;
    let length = bytes.iter().fold(0usize, |n, b| n << 8 | usize::from(*b));
    Some((length, 2 + count))
}

/// The elements of a sequence's content, one by one.
struct Elements<'d>(&'d [u8]);

impl<'d> Elements<'d> {
    /// The next, which must have this tag.
    fn take(&mut self, tag: u8) -> Option<&'d [u8]> {
        let (length, head) = header(self.0)?;
        if self.0.first() != Some(&tag) {
            return None;
        }
        let content = self.0.get(head..)?;
        let (content, rest) = content.split_at_checked(length)?;
        self.0 = rest;
        Some(content)
    }

    /// Whether the next is a whole element of one of these tags; taken if so.
    fn skip(&mut self, tags: &[u8]) -> bool {
        let tag = self.0.first().copied();
        tag.is_some_and(|tag| tags.contains(&tag) && self.take(tag).is_some())
    }

    const fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

/// What a whole sequence is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Private,
    Public,
    Other,
}

fn kind(content: &[u8]) -> Kind {
    if private(content).is_some() {
        Kind::Private
    } else if public(content).is_some() {
        Kind::Public
    } else {
        Kind::Other
    }
}

/// PKCS 1, DSA's own, SEC 1, PKCS 8, and PKCS 8 encrypted.
fn private(content: &[u8]) -> Option<()> {
    let mut all = Elements(content);
    if content.first() == Some(&SEQUENCE) {
        let algorithm = all.take(SEQUENCE)?;
        Elements(algorithm).take(OBJECT)?;
        let sealed = all.take(OCTETS)?;
        return (sealed.len() >= 16 && all.is_empty()).then_some(());
    }
    let &[version] = all.take(INTEGER)? else {
        return None;
    };
    match (version, all.0.first()?) {
        (0 | 1, &INTEGER) => {
            let mut count = 0;
            while all.skip(&[INTEGER]) {
                count += 1;
            }
            // RSA: modulus, two exponents, two primes, their three derivatives; more primes follow.
            let more = count == 8 && (all.is_empty() || version == 1 && all.skip(&[SEQUENCE]));
            (more || count == 5 && all.is_empty()).then_some(())
        }
        (1, &OCTETS) => {
            let scalar = all.take(OCTETS)?;
            while all.skip(&[0xa0, 0xa1]) {}
            ((16..=72).contains(&scalar.len()) && all.is_empty()).then_some(())
        }
        (0 | 1, &SEQUENCE) => {
            let algorithm = all.take(SEQUENCE)?;
            Elements(algorithm).take(OBJECT)?;
            let mut inner = Elements(all.take(OCTETS)?);
            let whole = inner.skip(&[SEQUENCE, OCTETS, INTEGER]);
            while all.skip(&[0xa0, 0xa1, 0x80, 0x81]) {}
            (whole && all.is_empty()).then_some(())
        }
        _ => None,
    }
}

/// Bytes of the longest key that is looked at as a file: RSA of 16,384 bits has 9,300.
const KEY_FILE: usize = 16 << 10;
/// Bytes of a key store that stand for all of it.
const STORE: usize = 384;
/// Schemes that encrypt a key (PKCS 5, PKCS 12), and what a key store holds (PKCS 7: data, signed data).
const SCHEMES: [&[u8]; 2] = [
    b"\x2a\x86\x48\x86\xf7\x0d\x01\x05",
    b"\x2a\x86\x48\x86\xf7\x0d\x01\x0c\x01",
];
const STORED: [&[u8]; 2] = [
    b"\x2a\x86\x48\x86\xf7\x0d\x01\x07\x01",
    b"\x2a\x86\x48\x86\xf7\x0d\x01\x07\x02",
];

/// What armour is called around the private key or key store that `data` begins with, and the bytes
/// that belong into it. Looks at the first bytes alone where they are none of one.
pub(crate) fn armour_of(data: &[u8]) -> Option<(&'static str, usize)> {
    let &[SEQUENCE, ..] = data else { return None };
    let (length, head) = header(data)?;
    let content = data.get(head..)?.get(..length)?;
    let mut all = Elements(content);
    if content.first() == Some(&INTEGER) && all.take(INTEGER)? == [3] {
        let kind = Elements(all.take(SEQUENCE)?).take(OBJECT)?;
        let stored = STORED.contains(&kind);
        return stored.then_some(("PKCS12", (head + length).min(STORE)));
    }
    let label = (length <= KEY_FILE).then(|| label(content)).flatten()?;
    private(content)?;
    Some((label, head + length))
}

/// What armour is called around a private key. No armour says that it is one: what other sequences
/// of a number and some octets look like is none.
fn label(content: &[u8]) -> Option<&'static str> {
    let mut all = Elements(content);
    if content.first() == Some(&SEQUENCE) {
        let scheme = Elements(all.take(SEQUENCE)?).take(OBJECT)?;
        let known = SCHEMES.iter().any(|known| scheme.starts_with(known));
        return known.then_some("ENCRYPTED PRIVATE KEY");
    }
    all.take(INTEGER)?;
    match *all.0.first()? {
        SEQUENCE => Some("PRIVATE KEY"),
        INTEGER => {
            let mut count = 0;
            while all.skip(&[INTEGER]) {
                count += 1;
            }
            Some(if count == 5 {
                "DSA PRIVATE KEY"
            } else {
                "RSA PRIVATE KEY"
            })
        }
        OCTETS => {
            all.take(OCTETS)?;
            matches!(all.0.first(), Some(0xa0 | 0xa1)).then_some("EC PRIVATE KEY")
        }
        _ => None,
    }
}

/// A public key, alone or with its algorithm, or a certificate: no secret, whatever the label says.
fn public(content: &[u8]) -> Option<()> {
    let mut all = Elements(content);
    if all.skip(&[INTEGER]) {
        return (all.skip(&[INTEGER]) && all.is_empty()).then_some(());
    }
    all.take(SEQUENCE)?;
    all.skip(&[SEQUENCE]);
    (all.skip(&[BITS]) && all.is_empty()).then_some(())
}

/// Whether the beginning of a cut sequence is that of a public key or a certificate: a modulus
/// where a version stands, bits where octets do, or no algorithm.
fn begins_public(content: &[u8]) -> bool {
    let Some((length, head)) = header(content) else {
        return false;
    };
    match content.first() {
        Some(&INTEGER) => length != 1,
        Some(&SEQUENCE) => {
            let bits = content.get(head + length) == Some(&BITS);
            bits || content.get(head).is_some_and(|tag| *tag != OBJECT)
        }
        _ => false,
    }
}

/// Bytes that claim to be a key. One that is cut within its public half gives nothing away; one
/// that is cut later, or whose inside is not as it should be, may.
fn judge(data: &[u8]) -> Outcome {
    if let Some(rest) = data.strip_prefix(b"openssh-key-v1\0") {
        return openssh(rest);
    }
    let Some((length, head)) = header(data).filter(|_| data.first() == Some(&SEQUENCE)) else {
        // As long as a key and as mixed: what was made unreadable is still treated as one.
        return match data.len() >= LONG && !data.is_ascii() {
            true => Outcome::Unclear,
            false => Outcome::Fails,
        };
    };
    let content = data.get(head..).unwrap_or_default();
    match content.get(..length).map(kind) {
        Some(Kind::Private) => Outcome::Holds,
        Some(Kind::Public) => Outcome::Fails,
        Some(Kind::Other) => Outcome::Unclear,
        None if content.len() < LONG.min(length / PUBLIC_QUARTER) => Outcome::Fails,
        None if begins_public(content) => Outcome::Fails,
        None => Outcome::Unclear,
    }
}

/// A string of OpenSSH's formats and what follows it. A length that no key has is no length:
/// nothing is said. One that reaches over the end: the key was cut there.
fn string(data: &[u8]) -> Result<(&[u8], &[u8]), Outcome> {
    const MOST: u32 = 1 << 16;
    let (length, rest) = data.split_first_chunk::<4>().ok_or(Outcome::Fails)?;
    let length = u32::from_be_bytes(*length);
    if length > MOST {
        return Err(Outcome::Unclear);
    }
    let length = usize::try_from(length).unwrap_or(usize::MAX);
    rest.split_at_checked(length).ok_or(Outcome::Fails)
}

/// OpenSSH, PROTOCOL.key: cipher, derivation, its options, count, public half, private half.
fn openssh(data: &[u8]) -> Outcome {
    let public_half = || {
        let (cipher, rest) = string(data)?;
        let (_, rest) = string(rest)?;
        let (_, rest) = string(rest)?;
        let (_, rest) = rest.split_first_chunk::<4>().ok_or(Outcome::Fails)?;
        let (_, rest) = string(rest)?;
        Ok((cipher, rest))
    };
    let (cipher, rest) = match public_half() {
        Ok(read) => read,
        Err(outcome) => return outcome,
    };
    // Without the private half there is nothing but what authorized_keys holds.
    if rest.len() <= 8 {
        return Outcome::Fails;
    }
    match string(rest) {
        // Two equal numbers tell that a passphrase was right; without one they stand bare.
        Ok((private, [])) if cipher != b"none" || private.get(..4) == private.get(4..8) => {
            Outcome::Holds
        }
        _ => Outcome::Unclear,
    }
}

/// The value is a PEM block, or the Base64 inside of one in any quoting.
pub(super) fn pem(value: &[u8]) -> Outcome {
    if memchr::memmem::find(value, b"Proc-Type:").is_some() {
        return Outcome::Unclear;
    }
    let Some(mut text) = body(value) else {
        return Outcome::Unclear;
    };
    // A cut may leave one letter, which is no byte.
    if text.len() % 4 == 1 {
        text.pop();
    }
    match decode(&text) {
        // A whole block inside of Base64, as Kubernetes has it.
        Some(inner) if inner.starts_with(b"-----BEGIN") => {
            let Some(data) = body(&inner).and_then(|text| decode(&text)) else {
                return Outcome::Fails;
            };
            judge(&data)
        }
        Some(data) => judge(&data),
        None => Outcome::Fails,
    }
}

#[cfg(test)]
pub(super) mod tests;
