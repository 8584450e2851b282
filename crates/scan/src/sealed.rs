//! Whether a blob is an encrypted file, by the marks its tool leaves. A fact like a finding: the
//! verdict holds it against the path.

use memchr::memmem;

/// The tool that encrypted a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Sealed {
    /// SOPS: values `ENC[...]` and a `sops` section with their MAC.
    Sops,
    /// git-crypt's own header.
    GitCrypt,
    /// Ansible Vault, the whole file or values in it.
    AnsibleVault,
    /// age, binary or armoured; git-agecrypt writes the same.
    Age,
    /// OpenSSL's salted format, raw or in base64: transcrypt and its kin.
    Salted,
}

/// Counts up when what is recognised changes: part of the matching digest.
pub(crate) const VERSION: u32 = 1;

const SOPS_VALUE: &[u8] = b"ENC[AES256_GCM,data:";
const VAULT: &[u8] = b"$ANSIBLE_VAULT;";

impl Sealed {
    /// What a whole blob says. Where the search for keywords heard [`crate::disguise::Hint::Sealed`]
    /// nowhere, its beginning says the same.
    pub(crate) fn of(bytes: &[u8]) -> Option<Self> {
        if let Some(sealed) = Self::begins(bytes) {
            return Some(sealed);
        }
        if memmem::find(bytes, SOPS_VALUE).is_some() && has_sops_section(bytes) {
            return Some(Self::Sops);
        }
        memmem::find(bytes, VAULT).map(|_| Self::AnsibleVault)
    }

    /// What the first bytes say of a blob that comes in pieces.
    pub(crate) fn of_head(head: &[u8]) -> Option<Self> {
        let sops = || memmem::find(head, SOPS_VALUE).map(|_| Self::Sops);
        Self::begins(head).or_else(sops)
    }

    /// What its beginning says.
    pub(crate) fn begins(bytes: &[u8]) -> Option<Self> {
        let marks: [(&[u8], Self); 7] = [
            (b"\0GITCRYPT\0", Self::GitCrypt),
            (b"age-encryption.org/v1", Self::Age),
            (b"-----BEGIN AGE ENCRYPTED FILE-----", Self::Age),
            (VAULT, Self::AnsibleVault),
            (b"Salted__", Self::Salted),
            (b"U2FsdGVkX1", Self::Salted),
            (b"\n$ANSIBLE_VAULT;", Self::AnsibleVault),
        ];
        let mark = marks.iter().find(|(mark, _)| bytes.starts_with(mark));
        mark.map(|(_, sealed)| *sealed)
    }
}

/// YAML, JSON, dotenv or INI: SOPS writes its MAC, itself encrypted, beside the values.
fn has_sops_section(bytes: &[u8]) -> bool {
    let sections: [&[u8]; 6] = [
        b"\nsops:",
        b"\"sops\":",
        b"\nsops_mac=",
        b"\n[sops]",
        b"\"sops\" :",
        b"\nsops_version=",
    ];
    let begins = bytes.starts_with(b"sops:") || bytes.starts_with(b"sops_");
    let named = begins || sections.iter().any(|s| memmem::find(bytes, s).is_some());
    // The MAC's own value: `mac: ENC[`, `"mac": "ENC[`, `sops_mac=ENC[`.
    let mac = memmem::find_iter(bytes, b"mac").any(|at| {
        let after = bytes.get(at + 3..).unwrap_or_default();
        let lead = after.iter().take(8);
        let lead = lead.take_while(|b| matches!(b, b'"' | b':' | b'=' | b' ' | b'\''));
        after
            .get(lead.count()..)
            .unwrap_or_default()
            .starts_with(SOPS_VALUE)
    });
    named && mac
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_tool_is_known_by_its_marks() {
        let value = "ENC[AES256_GCM,data:abc=,iv:x,tag:y,type:str]";
        let cases: [(String, Option<Sealed>); 14] = [
            ("\0GITCRYPT\0\u{1}\u{2}".into(), Some(Sealed::GitCrypt)),
            (
                "age-encryption.org/v1\n-> X25519 x\n".into(),
                Some(Sealed::Age),
            ),
            (
                "-----BEGIN AGE ENCRYPTED FILE-----\n".into(),
                Some(Sealed::Age),
            ),
            (
                "$ANSIBLE_VAULT;1.1;AES256\n3132".into(),
                Some(Sealed::AnsibleVault),
            ),
            (
                "a: !vault |\n  $ANSIBLE_VAULT;1.1;AES256\n".into(),
                Some(Sealed::AnsibleVault),
            ),
            ("U2FsdGVkX1abc".into(), Some(Sealed::Salted)),
            (
                format!("a: {value}\nsops:\n    mac: {value}\n"),
                Some(Sealed::Sops),
            ),
            (
                format!("{{\"a\":\"{value}\",\"sops\":{{\"mac\":\"{value}\"}}}}"),
                Some(Sealed::Sops),
            ),
            (format!("A={value}\nsops_mac={value}\n"), Some(Sealed::Sops)),
            (
                format!("[a]\nb = {value}\n[sops]\nmac = {value}\n"),
                Some(Sealed::Sops),
            ),
            (format!("a: {value}\n"), None),
            ("a: b\nsops:\n    mac: none\n".into(), None),
            ("GITCRYPT".into(), None),
            (String::new(), None),
        ];
        for (text, want) in cases {
            assert_eq!(Sealed::of(text.as_bytes()), want, "{text:?}");
        }
    }
}
