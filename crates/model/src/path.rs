//! Paths as Git has them: bytes.

use std::fmt;
use std::os::unix::ffi::OsStrExt as _;
use std::path::Path;

/// A path relative to the root of a repository, `/`-separated, in whatever bytes Git holds.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RepoPath(pub Vec<u8>);

impl RepoPath {
    /// The raw bytes.
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }

    /// The form machines read (contract 9.1): bytes that are not UTF-8, and `%`, as `%XX`.
    pub fn percent(&self) -> String {
        let mut out = String::with_capacity(self.0.len());
        for chunk in self.0.utf8_chunks() {
            for c in chunk.valid().chars() {
                if c == '%' {
                    out.push_str("%25");
                } else {
                    out.push(c);
                }
            }
            for b in chunk.invalid() {
                out.push_str(&format!("%{b:02X}"));
            }
        }
        out
    }
}

impl From<&[u8]> for RepoPath {
    fn from(bytes: &[u8]) -> Self {
        Self(bytes.to_vec())
    }
}

/// The form people read: one line of printable ASCII, whatever an attacker named the file.
impl fmt::Display for RepoPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&printable(&self.0))
    }
}

impl fmt::Debug for RepoPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// What the name of a file alone promises about how it is encrypted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Promise {
    /// `*.age`
    Age,
    /// `*.gpg`
    OpenPgp,
    /// `*.sops.yaml` and its kin.
    Sops,
    /// `vault.yml` below `group_vars` or `host_vars`.
    AnsibleVault,
}

/// Whether a name promises that its file is encrypted: the same at both ends of the wire.
pub fn promise(path: &[u8]) -> Option<Promise> {
    // Of most names the last byte says enough.
    if !matches!(path.last(), Some(b'e' | b'g' | b'l' | b'n' | b'v' | b'i')) {
        return None;
    }
    let name = path.rsplit(|b| *b == b'/').next()?;
    let dot = name.iter().rposition(|b| *b == b'.').filter(|at| *at > 0)?;
    let (stem, extension) = (name.get(..dot)?, name.get(dot + 1..)?);
    match extension {
        b"age" => return Some(Promise::Age),
        b"gpg" => return Some(Promise::OpenPgp),
        b"yaml" | b"yml" | b"json" | b"env" | b"ini" => {}
        _ => return None,
    }
    if stem.strip_suffix(b".sops").is_some_and(|s| !s.is_empty()) {
        return Some(Promise::Sops);
    }
    let yaml = matches!(extension, b"yaml" | b"yml");
    let vault = stem == b"vault" || stem.ends_with(b".vault");
    let mut folders = path.split(|b| *b == b'/').rev().skip(1);
    let inventory = |f: &[u8]| matches!(f, b"group_vars" | b"host_vars");
    (yaml && vault && folders.any(inventory)).then_some(Promise::AnsibleVault)
}

/// `bytes` as one line of printable ASCII: everything else, and the backslash, is escaped the way
/// Git quotes a path (`\n`, `\t`, `\"`, `\303`), so that no terminal acts on it.
pub fn printable(bytes: &[u8]) -> String {
    let mut out = String::with_capacity(bytes.len());
    for &b in bytes {
        match b {
            b'\n' => out.push_str("\\n"),
            b'\t' => out.push_str("\\t"),
            b'\r' => out.push_str("\\r"),
            b'\\' => out.push_str("\\\\"),
            0x20..=0x7e => out.push(char::from(b)),
            _ => out.push_str(&format!("\\{b:03o}")),
        }
    }
    out
}

/// `path` as one word of a shell, ready to be copied from a page.
pub fn shell_word(path: &Path) -> String {
    let bytes = path.as_os_str().as_bytes();
    let is_plain = |b: &u8| b.is_ascii_alphanumeric() || b"/._-+:@%,".contains(b);
    if !bytes.is_empty() && bytes.iter().all(is_plain) {
        return path.display().to_string();
    }
    if bytes.iter().all(|b| (0x20..=0x7e).contains(b)) {
        return format!("'{}'", path.display().to_string().replace('\'', r"'\''"));
    }
    // The escapes of `printable` are those that `$'..'` understands.
    format!("$'{}'", printable(bytes).replace('\'', r"\'"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn machine_form_is_reversible() {
        assert_eq!(RepoPath(b"a%b\xffc".to_vec()).percent(), "a%25b%FFc");
        assert_eq!(RepoPath("é\n".as_bytes().to_vec()).percent(), "é\n");
    }

    #[test]
    fn printed_form_has_no_control_bytes() {
        let all: Vec<u8> = (0..=255).collect();
        assert!(printable(&all).bytes().all(|b| (0x20..=0x7e).contains(&b)));
        assert_eq!(
            RepoPath(b"a\x1b[31m\nb".to_vec()).to_string(),
            "a\\033[31m\\nb"
        );
    }

    #[test]
    fn a_path_to_copy_is_one_word_of_a_shell() {
        for name in [
            "/plain/x-1.y",
            "with  two",
            "it's",
            "$HOME;x",
            "new\nline",
            "\u{e9}'\\",
            "",
        ] {
            let word = shell_word(Path::new(name));
            assert!(word.is_ascii() && !word.contains('\n'), "{word}");
            let said = std::process::Command::new("bash")
                .args(["-c", &format!("printf %s {word}")])
                .output()
                .unwrap();
            assert_eq!(said.stdout, name.as_bytes(), "{word}");
        }
        assert_eq!(shell_word(Path::new("/a/b")), "/a/b");
    }
}
