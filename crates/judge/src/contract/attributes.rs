//! The `filter` attribute of a `.gitattributes`, where it names a tool that encrypts or Git LFS.

use globset::{Glob, GlobBuilder, GlobSet, GlobSetBuilder};
use lychgate_scan::Sealed;

/// Lines of one file that say something about `filter`.
const MOST: usize = 2000;

/// One file: the last line that fits a path decides.
#[derive(Clone, Debug, Default)]
pub(super) struct Attributes {
    lines: GlobSet,
    filters: Vec<Option<Sealed>>,
    /// Not all of it could be read.
    pub(super) is_cut: bool,
}

impl Attributes {
    pub(super) fn read(text: &str) -> Self {
        let mut lines = Vec::new();
        let mut is_cut = false;
        // Macros: a word that stands for attributes.
        let mut macros: Vec<(&str, Option<Sealed>)> = Vec::new();
        for line in text.lines() {
            let line = line.trim();
            if let Some(made) = line.strip_prefix("[attr]") {
                let mut words = made.split_ascii_whitespace();
                if let (Some(name), Some(filter)) = (words.next(), filter(words, &[])) {
                    macros.push((name, filter));
                }
                continue;
            }
            if line.is_empty() || line.starts_with('#') {
                continue;
            }
            if lines.len() == MOST {
                is_cut = true;
                break;
            }
            let (pattern, rest) = match quoted(line) {
                Some(found) => found,
                None => {
                    let end = line.find([' ', '\t']).unwrap_or(line.len());
                    let (pattern, rest) = line.split_at(end);
                    (pattern.to_owned(), rest)
                }
            };
            if let Some(filter) = filter(rest.split_ascii_whitespace(), &macros) {
                lines.push((pattern, filter));
            }
        }
        let mut set = GlobSetBuilder::new();
        let mut filters = Vec::new();
        for (pattern, sealed) in lines {
            if let Some(glob) = glob(&pattern) {
                set.add(glob);
                filters.push(sealed);
            }
        }
        match set.build() {
            Ok(lines) => Self {
                lines,
                filters,
                is_cut,
            },
            Err(_) => Self {
                is_cut: true,
                ..Self::default()
            },
        }
    }

    /// Whether it says nothing of any tool that is known: in a folder it may still say that a
    /// filter above does not count.
    pub(super) fn is_idle(&self) -> bool {
        self.filters.iter().all(Option::is_none)
    }

    /// What it says of a path: nothing, that no tool that is known filters it, or which does.
    pub(super) fn filter(&self, path: &[u8]) -> Option<Option<Sealed>> {
        let text = String::from_utf8_lossy(path);
        let last = self.lines.matches(text.as_ref()).into_iter().max()?;
        self.filters.get(last).copied()
    }
}

/// What attributes say of `filter`; `None`: nothing.
fn filter<'w>(
    words: impl Iterator<Item = &'w str>,
    macros: &[(&str, Option<Sealed>)],
) -> Option<Option<Sealed>> {
    let mut said = None;
    for word in words {
        if matches!(word, "-filter" | "!filter" | "filter") {
            said = Some(None);
        } else if let Some(name) = word.strip_prefix("filter=") {
            said = Some(tool(name));
        } else if let Some((_, filter)) = macros.iter().find(|(name, _)| *name == word) {
            said = Some(*filter);
        }
    }
    said
}

/// The tool behind the name of a filter, as its own documentation calls it.
fn tool(name: &str) -> Option<Sealed> {
    let begins = |with: &str| name.starts_with(with);
    if name == "lfs" {
        Some(Sealed::Lfs)
    } else if begins("git-crypt") {
        Some(Sealed::GitCrypt)
    } else if begins("git-agecrypt") || begins("git-age") || begins("age") {
        Some(Sealed::Age)
    } else if begins("sops") {
        Some(Sealed::Sops)
    } else if begins("ansible-vault") {
        Some(Sealed::AnsibleVault)
    } else if begins("crypt") || begins("transcrypt") || name.ends_with("-crypt") {
        Some(Sealed::Salted)
    } else {
        None
    }
}

/// A pattern in double quotes, and what follows it.
fn quoted(line: &str) -> Option<(String, &str)> {
    let rest = line.strip_prefix('"')?;
    let mut out = String::new();
    let mut chars = rest.char_indices();
    while let Some((at, c)) = chars.next() {
        match c {
            '"' => return Some((out, rest.get(at + 1..)?)),
            '\\' => out.push(chars.next()?.1),
            c => out.push(c),
        }
    }
    None
}

/// A pattern as Git reads it: without a slash it fits names in any folder.
fn glob(pattern: &str) -> Option<Glob> {
    if pattern.ends_with('/') || pattern.starts_with('!') {
        return None;
    }
    // Git knows no alternatives in braces.
    let plain = pattern.replace('{', "[{]").replace('}', "[}]");
    let whole = match plain.strip_prefix('/') {
        Some(rest) => rest.to_owned(),
        None if plain.contains('/') => plain,
        None => format!("**/{plain}"),
    };
    let glob = GlobBuilder::new(&whole).literal_separator(true).build();
    glob.ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_line_that_fits_decides() {
        let text = "\
*.key filter=git-crypt diff=git-crypt
/secrets/** filter=git-crypt diff=git-crypt
secrets/*.md !filter !diff
\"with space.txt\" filter=crypt
[attr]hidden filter=git-crypt-team diff=git-crypt-team
*.hid hidden
*.psd filter=lfs
*.{a} filter=git-crypt
";
        let read = Attributes::read(text);
        for (path, want) in [
            ("a.key", Some(Sealed::GitCrypt)),
            ("x/y/a.key", Some(Sealed::GitCrypt)),
            ("secrets/a/b", Some(Sealed::GitCrypt)),
            ("x/secrets/a", None),
            ("secrets/a.md", None),
            ("secrets/a/b.md", Some(Sealed::GitCrypt)),
            ("with space.txt", Some(Sealed::Salted)),
            ("q.hid", Some(Sealed::GitCrypt)),
            ("q.psd", Some(Sealed::Lfs)),
            ("q.a", None),
            ("q.{a}", Some(Sealed::GitCrypt)),
            (".gitattributes", None),
        ] {
            assert_eq!(read.filter(path.as_bytes()).flatten(), want, "{path}");
        }
        assert_eq!(read.filter(b"secrets/a.md"), Some(None));
        assert_eq!(read.filter(b"other"), None);
        assert!(Attributes::read("*.psd filter=other\n* text=auto\n").is_idle());
    }
}
