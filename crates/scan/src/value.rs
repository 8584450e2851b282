//! A secret's way out of the scan: masked text and a keyed tag, nothing else.

use std::fmt;

use hmac::{Hmac, KeyInit, Mac};
use lychgate_model::Fingerprint;
use sha2::Sha256;
use zeroize::{Zeroize, Zeroizing};

/// The key under which values become tags; 32 random bytes that stay in one state folder.
pub struct ValueKey(Zeroizing<[u8; 32]>);

impl ValueKey {
    /// A key from its bytes, which the caller should overwrite.
    pub fn new(bytes: [u8; 32]) -> Self {
        Self(Zeroizing::new(bytes))
    }
}

impl ValueKey {
    /// A mac under this key for another purpose than tags.
    pub(crate) fn keyed(&self, purpose: &[u8]) -> Option<Hmac<Sha256>> {
        let mut mac = Hmac::<Sha256>::new_from_slice(&*self.0).ok()?;
        mac.update(purpose);
        Some(mac)
    }
}

impl fmt::Debug for ValueKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ValueKey(..)")
    }
}

/// HMAC-SHA-256 of a decoded value, first 16 bytes: equal for equal values under one key,
/// whatever file, line ending or encoding they stood in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ValueTag(pub [u8; 16]);

impl ValueTag {
    /// The tag as a fingerprint; right only when the key is the state folder's persisted one.
    pub const fn fingerprint(self) -> Fingerprint {
        Fingerprint(self.0)
    }
}

/// A matched value. Cannot be printed, cloned or compared; only [`Secret::tag`] and
/// [`Secret::masked`] leave the crate.
pub(crate) struct Secret<'a>(&'a [u8]);

impl<'a> Secret<'a> {
    pub(crate) fn new(bytes: &'a [u8]) -> Self {
        Self(bytes)
    }

    /// The bytes, for checks and entropy.
    pub(crate) fn expose(&self) -> &'a [u8] {
        self.0
    }

    /// The tag under `key`. Carriage returns do not count, so that a key block checked out with
    /// CRLF is the same value.
    pub(crate) fn tag(&self, key: &ValueKey) -> ValueTag {
        let mut out = [0; 16];
        if let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(&*key.0) {
            mac.update(b"lychgate/value/v1\0");
            for part in self.0.split(|&b| b == b'\r') {
                mac.update(part);
            }
            let mut full: [u8; 32] = mac.finalize().into_bytes().into();
            if let Some(head) = full.first_chunk::<16>() {
                out = *head;
            }
            full.zeroize();
        }
        ValueTag(out)
    }

    /// `prefix... (N characters)`, where the prefix is what the rule's own keyword already tells:
    /// never more than `keyword`, and only if the value begins with it.
    pub(crate) fn masked(&self, keyword: &[u8]) -> Box<str> {
        let shown = self
            .0
            .get(..keyword.len())
            .filter(|head| head.eq_ignore_ascii_case(keyword))
            .filter(|head| head.len() * 2 <= self.0.len())
            .and_then(|head| std::str::from_utf8(head).ok())
            .filter(|head| head.bytes().all(|b| (0x20..0x7f).contains(&b)))
            .unwrap_or("");
        let length = match std::str::from_utf8(self.0) {
            Ok(text) => text.chars().filter(|&c| c != '\r').count(),
            Err(_) => self.0.len(),
        };
        let unit = if length == 1 {
            "character"
        } else {
            "characters"
        };
        format!("{shown}... ({length} {unit})").into()
    }
}
