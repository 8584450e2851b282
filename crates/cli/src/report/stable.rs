//! Identities of findings that stay from run to run and from machine to machine.

use std::collections::HashMap;

use lychgate_model::{Finding, Verdict};
use sha2::{Digest as _, Sha256};

/// One key a finding, in order: SHA-256 over rule, path, source, masked value, the value's
/// fingerprint, and which of those that agree in all of it this is. It changes with the value and
/// not with lines moved. The fingerprint is keyed: a plain hash of the value would let whoever
/// reads a report try guesses, so the key of the state folder has to be the same where reports are
/// to agree (decision 10). Without a key, the object's id stands for what cannot be told.
pub(super) fn keys(verdict: &Verdict) -> Vec<[u8; 16]> {
    let mut seen: HashMap<[u8; 16], u32> = HashMap::new();
    let of = |finding: &Finding, number: u32| {
        let value = match (finding.fingerprint, finding.object) {
            (Some(fingerprint), _) => fingerprint.to_string(),
            (None, Some(object)) => format!("object {object}"),
            (None, None) => String::new(),
        };
        let path = finding.path.as_ref().map(|p| p.as_bytes());
        let mut hash = Sha256::new();
        for field in [
            finding.rule.as_str().as_bytes(),
            path.unwrap_or_default(),
            finding.source.name().as_bytes(),
            finding.masked.as_bytes(),
            value.as_bytes(),
            finding.via.as_deref().unwrap_or_default().as_bytes(),
            &number.to_be_bytes(),
        ] {
            hash.update((field.len() as u64).to_be_bytes());
            hash.update(field);
        }
        let full: [u8; 32] = hash.finalize().into();
        full.first_chunk().copied().unwrap_or_default()
    };
    let findings = verdict.findings.iter();
    findings
        .map(|finding| {
            let number = seen.entry(of(finding, 0)).or_default();
            *number += 1;
            of(finding, *number)
        })
        .collect()
}

/// As text: hexadecimal.
pub(super) fn text(key: &[u8; 16]) -> String {
    key.iter().map(|b| format!("{b:02x}")).collect()
}

/// As a UUID of version 8, custom (RFC 9562, section 5.8).
pub(super) fn uuid(key: &[u8; 16]) -> String {
    uuid::Builder::from_custom_bytes(*key)
        .into_uuid()
        .to_string()
}
