//! Paths as Git has them: bytes.

use std::fmt;

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
}
