//! Whether a blob is an encrypted file, or stands for one kept elsewhere, by the marks its tool
//! leaves. A fact like a finding: the verdict holds it against the path.

mod logins;
mod settings;

use memchr::memmem;

/// The tool that encrypted a file, or took its content away.
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
    /// OpenPGP: a message, or a ring of public keys.
    OpenPgp,
    /// Git LFS: a pointer, whole.
    Lfs,
    /// None: settings for an environment, or of logins, of which none is a secret.
    Open,
}

/// Counts up when what is recognised changes: part of the matching digest.
pub(crate) const VERSION: u32 = 4;

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
        // Of what comes in pieces the rest is not known.
        let begins = Self::begins(head).filter(|sealed| sealed.keeps());
        begins.or_else(sops)
    }

    /// What its beginning says.
    pub(crate) fn begins(bytes: &[u8]) -> Option<Self> {
        let marks: [(&[u8], Self); 9] = [
            (b"-----BEGIN PGP MESSAGE-----", Self::OpenPgp),
            (b"-----BEGIN PGP PUBLIC KEY BLOCK-----", Self::OpenPgp),
            (b"\0GITCRYPT\0", Self::GitCrypt),
            (b"age-encryption.org/v1", Self::Age),
            (b"-----BEGIN AGE ENCRYPTED FILE-----", Self::Age),
            (VAULT, Self::AnsibleVault),
            (b"Salted__", Self::Salted),
            (b"U2FsdGVkX1", Self::Salted),
            (b"\n$ANSIBLE_VAULT;", Self::AnsibleVault),
        ];
        let mark = marks.iter().find(|(mark, _)| bytes.starts_with(mark));
        let known = mark.map(|(_, sealed)| *sealed);
        let openpgp = || is_openpgp(bytes).then_some(Self::OpenPgp);
        let lfs = || {
            pointer(bytes)
                .is_some_and(|p| p.is_ok())
                .then_some(Self::Lfs)
        };
        let open = || (settings::are_open(bytes) || logins::are_open(bytes)).then_some(Self::Open);
        known.or_else(openpgp).or_else(lfs).or_else(open)
    }

    /// Whether nobody reads what it holds without a key, or from here.
    pub const fn keeps(self) -> bool {
        !matches!(self, Self::Open)
    }
}

/// The first packet of a binary message or ring of public keys: its tag, its length, its version.
fn is_openpgp(bytes: &[u8]) -> bool {
    let (version, at) = match bytes {
        // A session key for somebody: old format with one or two bytes of length, new format.
        [0x84, ..] | [0xc1, ..192, ..] => (3, 2),
        [0x85, ..] | [0xc1, 192..224, ..] => (3, 3),
        // One for a passphrase.
        [0x8c, ..] | [0xc3, ..192, ..] => (4, 2),
        // A public key.
        [0x98, ..] | [0xc6, ..192, ..] => (4, 2),
        [0x99, ..] | [0xc6, 192..224, ..] => (4, 3),
        _ => return false,
    };
    bytes.get(at) == Some(&version)
}

/// A pointer is shorter than this, by its specification.
const POINTER: usize = 1024;

/// A pointer of Git LFS: `None`, it does not begin as one; or what is wrong with it.
pub(crate) fn pointer(bytes: &[u8]) -> Option<Result<(), &'static str>> {
    let rest = bytes.strip_prefix(b"version https://")?;
    let starts: [&[u8]; 2] = [b"git-lfs.github.com/spec/", b"hawser.github.com/spec/"];
    let is_one = bytes.len() < POINTER && starts.iter().any(|s| rest.starts_with(s));
    is_one.then(|| keys(bytes))
}

fn keys(pointer: &[u8]) -> Result<(), &'static str> {
    let (mut ids, mut sizes) = (0, 0);
    let text = pointer.strip_suffix(b"\n").unwrap_or(pointer);
    for line in text.split(|b| *b == b'\n').skip(1) {
        let line = line.strip_suffix(b"\r").unwrap_or(line);
        let mut halves = line.splitn(2, |b| *b == b' ');
        let (key, value) = (halves.next(), halves.next().unwrap_or_default());
        match key {
            Some(b"oid") => {
                let hex = value.strip_prefix(b"sha256:").unwrap_or_default();
                if hex.len() != 64 || !hex.iter().all(u8::is_ascii_hexdigit) {
                    return Err("a pointer whose oid is not 64 hex digits");
                }
                ids += 1;
            }
            Some(b"size") => {
                let number = std::str::from_utf8(value).ok();
                let digits = value.iter().all(u8::is_ascii_digit);
                if !digits || number.and_then(|n| n.parse::<u64>().ok()).is_none() {
                    return Err("a pointer whose size is not a number of bytes");
                }
                sizes += 1;
            }
            _ => {}
        }
    }
    match (ids, sizes) {
        (1, 1) => Ok(()),
        (0, _) => Err("a pointer without oid"),
        (_, 0) => Err("a pointer without size"),
        _ => Err("several pointers in one, as after a merge"),
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
    fn a_pointer_is_whole_or_what_is_wrong_is_said() {
        let version = "version https://git-lfs.github.com/spec/v1";
        let oid = "0123456789abcdef".repeat(4);
        let read = |rest: &str| pointer(format!("{version}\n{rest}").as_bytes());
        let whole = format!("oid sha256:{oid}\nsize 12345\n");
        assert_eq!(read(&whole), Some(Ok(())));
        assert_eq!(
            read(&format!("ext-0-foo sha256:{oid}\n{whole}")),
            Some(Ok(()))
        );
        assert_eq!(
            Sealed::of(format!("{version}\n{whole}").as_bytes()),
            Some(Sealed::Lfs)
        );
        for bad in [
            format!("oid sha256:{}\nsize 1\n", &oid[1..]),
            format!("oid sha256:{}g\nsize 1\n", &oid[1..]),
            format!("oid md5:{oid}\nsize 1\n"),
            format!("oid sha256:{oid}\nsize -1\n"),
            format!("oid sha256:{oid}\nsize\n"),
            format!("oid sha256:{oid}\nsize 99999999999999999999\n"),
            format!("oid sha256:{oid}\n"),
            "size 1\n".into(),
            format!("{whole}{whole}"),
            String::new(),
        ] {
            assert!(matches!(read(&bad), Some(Err(_))), "{bad:?}");
            assert_eq!(Sealed::of(format!("{version}\n{bad}").as_bytes()), None);
        }
        for other in [
            "version 2\n",
            "see version https://git-lfs.github.com/spec/v1\n",
        ] {
            assert_eq!(pointer(other.as_bytes()), None);
        }
        let long = format!("{whole}{}", "x".repeat(POINTER));
        assert_eq!(read(&long), None);
    }

    #[test]
    fn every_tool_is_known_by_its_marks() {
        let value = "ENC[AES256_GCM,data:abc=,iv:x,tag:y,type:str]";
        for (bytes, want) in [
            (&[0x85, 1, 12, 3, 0][..], true),
            (&[0x84, 94, 3, 1], true),
            (&[0x8c, 13, 4, 9], true),
            (&[0x99, 1, 13, 4], true),
            (&[0x85, 1, 12, 9], false),
            (b"\x89PNG\r\n", false),
            (&[0x85], false),
        ] {
            assert_eq!(
                Sealed::of(bytes) == Some(Sealed::OpenPgp),
                want,
                "{bytes:?}"
            );
        }
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
