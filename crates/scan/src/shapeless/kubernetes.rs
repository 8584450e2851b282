//! Every key of a Kubernetes Secret, wherever in its document `kind: Secret` stands.
//!
//! The whole file is read, so a key that a change adds to a Secret is seen although the lines of
//! the change never say what it belongs to.

use std::ops::Range;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::evidence::{Evidence, Fact};
use super::{Reading, content, context};

/// Bytes of a document that are read on either side of `kind`.
pub(crate) const REACH: usize = 24 << 10;
/// Keys of one Secret that are read.
const KEYS: usize = 256;
/// Characters of base64 that are decoded; longer ones are certificates and archives.
const ENCODED: usize = 400;

/// Reads the document around the keyword that ends at `end` of `text`; gives where it stopped.
pub(crate) fn read(text: &[u8], end: usize, found: &mut dyn FnMut(Reading)) -> usize {
    let says = text.get(end).copied().unwrap_or(b'\n');
    if !matches!(says, b'\n' | b'\r' | b' ' | b'"' | b'\'' | b',') {
        return end;
    }
    let from = end.saturating_sub(REACH);
    let to = text.len().min(end + REACH);
    let before = text.get(from..end).unwrap_or_default();
    let start = from + memchr::memmem::rfind(before, b"\n---").map_or(0, |i| i + 1);
    let after = text.get(end..to).unwrap_or_default();
    let stop = end + memchr::memmem::find(after, b"\n---").unwrap_or(after.len());
    let mut block: Option<(usize, bool)> = None;
    let mut at = start;
    let mut keys = 0;
    while at < stop {
        let rest = text.get(at..stop).unwrap_or_default();
        let length = memchr::memchr(b'\n', rest).unwrap_or(rest.len());
        let line = rest.get(..length).unwrap_or_default();
        let indent = line.iter().take_while(|b| **b == b' ').count();
        let body = line.get(indent..).unwrap_or_default().trim_ascii_end();
        match body {
            b"" => {}
            b"data:" | b"\"data\": {" => block = Some((indent, true)),
            b"stringData:" | b"\"stringData\": {" => block = Some((indent, false)),
            _ => match block {
                Some((outer, encoded)) if indent > outer => {
                    if keys < KEYS
                        && let Some(reading) =
                            entry(text, at + indent..at + indent + body.len(), encoded)
                    {
                        keys += 1;
                        found(reading);
                    }
                }
                _ => block = None,
            },
        }
        at += length + 1;
    }
    stop
}

/// What anybody may know: a digest under a name that says so, the public half of a key.
fn is_public(name: &[u8], plain: &[u8]) -> bool {
    const DIGESTS: [&[u8]; 7] = [
        b"sha1",
        b"sha256",
        b"sha512",
        b"commit",
        b"checksum",
        b"digest",
        b"build",
    ];
    const SECRETS: [&[u8]; 4] = [b"secret", b"key", b"token", b"pass"];
    let hex = matches!(plain.len(), 32 | 40 | 64) && plain.iter().all(u8::is_ascii_hexdigit);
    let says = |word: &&[u8]| {
        let mut words = name.windows(word.len());
        words.any(|part| part.eq_ignore_ascii_case(word))
    };
    let half = plain.starts_with(b"ssh-") || plain.starts_with(b"ecdsa-sha2-");
    let armour = b"-----BEGIN PUBLIC KEY-----";
    half || plain.starts_with(armour)
        || (hex && DIGESTS.iter().any(says) && !SECRETS.iter().any(says))
}

/// `key: value` on one line.
fn entry(text: &[u8], line: Range<usize>, encoded: bool) -> Option<Reading> {
    let body = text.get(line.clone())?;
    let colon = memchr::memmem::find(body, b": ")?;
    let rest = body.get(colon + 2..)?;
    let blank = rest.iter().take_while(|b| **b == b' ').count();
    let mut value = line.start + colon + 2 + blank..line.end;
    if text.get(value.end - 1) == Some(&b',') {
        value.end -= 1;
    }
    let mut evidence = Evidence::NONE
        .with(Fact::KubernetesSecret)
        .with(Fact::Mapped);
    let quote = *text.get(value.start)?;
    if matches!(quote, b'"' | b'\'') {
        if value.len() < 2 || text.get(value.end - 1) != Some(&quote) {
            return None;
        }
        value = value.start + 1..value.end - 1;
        evidence = evidence.with(Fact::Quoted);
    }
    let shown = text.get(value.clone())?;
    let mut room = [0u8; ENCODED];
    let plain = if encoded {
        let n = STANDARD.decode_slice(shown, &mut room).ok()?;
        let plain = room.get(..n)?.trim_ascii();
        // Bytes that are no text are a key as it was made.
        match plain.is_ascii() {
            true => plain,
            false => shown,
        }
    } else {
        shown
    };
    if is_public(body.get(..colon)?, plain) {
        return None;
    }
    let evidence = content::weigh(plain, Fact::Secret, evidence)?;
    let evidence = context::weigh(text, line.start, &value, evidence);
    evidence.may_count().then_some(Reading { value, evidence })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_anybody_may_know_is_no_secret() {
        let number = |i: u32| (i * 2 + 3).wrapping_mul(0x9e37_79b9);
        let digest: String = (0..8).map(|i| format!("{:08x}", number(i))).collect();
        let read = |key: &str, plain: &str| {
            let encoded = STANDARD.encode(plain);
            let text = format!("kind: Secret\ndata:\n  {key}: {encoded}\n");
            let mut readings = Vec::new();
            read(text.as_bytes(), 12, &mut |reading| readings.push(reading));
            readings.len()
        };
        for key in ["release-sha256", "COMMIT", "build_id"] {
            assert_eq!(read(key, &digest), 0, "{key}");
        }
        assert_eq!(read("shared-secret", &digest), 1);
        assert_eq!(read("commit-key", &digest), 1);
        let (kind, half) = (
            "ssh-ed25519",
            "AAAAC3NzaC1lZDI1NTE5AAAAIJq8sJ3kd92Lq0aZx7Wm4Tr5Yb1q",
        );
        assert_eq!(read("key", &format!("{kind} {half} ops@build")), 0);
    }
}
