//! What a repository's own configuration says of its format: the few keys Git reads before it
//! trusts anything else. Included files and every other layer of configuration are not read.

use std::fs;
use std::io;
use std::path::Path;

use lychgate_model::HashKind;
use lychgate_model::path::printable;

use crate::error::{Error, shown};

/// Where refs are kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum RefStorage {
    /// One file each, and `packed-refs`.
    Files,
    /// Tables.
    Reftable,
}

/// The format of a repository.
#[derive(Clone, Debug)]
pub(crate) struct Format {
    pub(crate) hash: HashKind,
    pub(crate) refs: RefStorage,
    /// Objects may be missing on purpose.
    pub(crate) partial_clone: bool,
    /// `config.worktree` counts.
    pub(crate) worktree_config: bool,
    pub(crate) bare: Option<bool>,
    pub(crate) work_tree: Option<Vec<u8>>,
}

impl Format {
    /// Reads `config` of `common_dir`, and of `git_dir` where the repository says so.
    ///
    /// # Errors
    ///
    /// [`Error::Unsupported`] for a version or extension that is not known here: Git refuses such a
    /// repository, and so do we.
    pub(crate) fn read(common_dir: &Path, git_dir: &Path) -> Result<Self, Error> {
        let mut format = Self {
            hash: HashKind::Sha1,
            refs: RefStorage::Files,
            partial_clone: false,
            worktree_config: false,
            bare: None,
            work_tree: None,
        };
        let shared = settings(&common_dir.join("config"))?;
        format.take_shared(&shared)?;
        if git_dir != common_dir {
            // These two describe the main work tree, not a linked one.
            format.bare = None;
            format.work_tree = None;
        }
        if format.worktree_config {
            format.take_core(&settings(&git_dir.join("config.worktree"))?)?;
        }
        Ok(format)
    }

    fn take_core(&mut self, settings: &[Setting]) -> Result<(), Error> {
        for setting in settings {
            match setting.key.as_slice() {
                b"core.bare" => self.bare = Some(setting.flag()?),
                b"core.worktree" => self.work_tree = Some(setting.text()?.to_vec()),
                _ => {}
            }
        }
        Ok(())
    }

    fn take_shared(&mut self, settings: &[Setting]) -> Result<(), Error> {
        self.take_core(settings)?;
        for setting in settings {
            // What a clone with a filter leaves behind; older Git sets an extension, too.
            if setting.key.starts_with(b"remote.") && setting.key.ends_with(b".promisor") {
                self.partial_clone |= setting.flag()?;
            }
        }
        let mut version = 0u32;
        for setting in settings
            .iter()
            .filter(|s| s.key == b"core.repositoryformatversion")
        {
            version = std::str::from_utf8(setting.text()?)
                .ok()
                .and_then(|digits| digits.trim().parse().ok())
                .ok_or_else(|| setting.wrong())?;
        }
        if version > 1 {
            return Err(Error::unsupported(format!(
                "repository format version {version}"
            )));
        }
        for setting in settings {
            if let Some(name) = setting.key.strip_prefix(b"extensions.") {
                self.take_extension(name, setting, version)?;
            }
        }
        Ok(())
    }

    /// Version 0 knows four extensions, refuses those of version 1, and ignores the rest; version 1
    /// refuses what it does not know.
    fn take_extension(
        &mut self,
        name: &[u8],
        setting: &Setting,
        version: u32,
    ) -> Result<(), Error> {
        let value = setting.value.as_deref().unwrap_or_default();
        let unsupported = || {
            let name = printable(name);
            Error::unsupported(format!("extensions.{name} = {}", printable(value)))
        };
        match name {
            b"noop" | b"preciousobjects" => return Ok(()),
            b"partialclone" => {
                self.partial_clone = true;
                return Ok(());
            }
            b"worktreeconfig" => {
                self.worktree_config = setting.flag()?;
                return Ok(());
            }
            _ => {}
        }
        match name {
            b"noop-v1" | b"relativeworktrees" => {}
            b"objectformat" => match value {
                b"sha1" => self.hash = HashKind::Sha1,
                b"sha256" => self.hash = HashKind::Sha256,
                _ => return Err(unsupported()),
            },
            b"refstorage" => match value {
                b"files" => self.refs = RefStorage::Files,
                b"reftable" => self.refs = RefStorage::Reftable,
                _ => return Err(unsupported()),
            },
            _ if version == 0 && name != b"compatobjectformat" => return Ok(()),
            _ => return Err(unsupported()),
        }
        if version == 0 {
            Err(unsupported())
        } else {
            Ok(())
        }
    }
}

/// One `key = value` of a configuration file.
#[derive(Debug)]
struct Setting {
    /// `section.key` or `section.subsection.key`; section and key in lower case.
    key: Vec<u8>,
    /// `None`: a key without `=`, which means true.
    value: Option<Vec<u8>>,
}

impl Setting {
    fn flag(&self) -> Result<bool, Error> {
        let Some(value) = &self.value else {
            return Ok(true);
        };
        match value.to_ascii_lowercase().as_slice() {
            b"true" | b"yes" | b"on" => Ok(true),
            b"false" | b"no" | b"off" | b"" => Ok(false),
            digits => std::str::from_utf8(digits)
                .ok()
                .and_then(|digits| digits.parse::<i64>().ok())
                .map(|number| number != 0)
                .ok_or_else(|| self.wrong()),
        }
    }

    fn text(&self) -> Result<&[u8], Error> {
        self.value.as_deref().ok_or_else(|| self.wrong())
    }

    fn wrong(&self) -> Error {
        Error::corrupt(format!("the value of {} is invalid", printable(&self.key)))
    }
}

/// The settings in a file; none when there is no file.
/// The values of a key in a file, in order; one without `=` is empty. No file: none.
///
/// # Errors
///
/// A file that cannot be read or is malformed.
pub(crate) fn values_in(path: &Path, key: &[u8]) -> Result<Vec<Vec<u8>>, Error> {
    let found = settings(path)?.into_iter().filter(|s| s.key == key);
    Ok(found.map(|s| s.value.unwrap_or_default()).collect())
}

fn settings(path: &Path) -> Result<Vec<Setting>, Error> {
    let content = match fs::read(path) {
        Ok(content) => content,
        Err(e) if e.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(e) => return Err(Error::io("read", path)(e)),
    };
    parse(&content).ok_or_else(|| Error::corrupt(format!("{} is malformed", shown(path))))
}

/// Git's configuration syntax.
fn parse(content: &[u8]) -> Option<Vec<Setting>> {
    let mut settings = Vec::new();
    let mut section: Option<Vec<u8>> = None;
    let mut text = Text {
        rest: content.strip_prefix(b"\xef\xbb\xbf").unwrap_or(content),
    };
    loop {
        match text.peek() {
            None => return Some(settings),
            Some(b'#' | b';') => text.skip_line(),
            Some(b'[') => section = Some(text.section()?),
            Some(byte) if byte.is_ascii_whitespace() => {
                text.next();
            }
            Some(byte) if byte.is_ascii_alphabetic() => {
                let mut key = section.clone()?;
                key.push(b'.');
                while let Some(byte) = text.peek() {
                    if !byte.is_ascii_alphanumeric() && byte != b'-' {
                        break;
                    }
                    key.push(byte.to_ascii_lowercase());
                    text.next();
                }
                settings.push(Setting {
                    key,
                    value: text.value()?,
                });
            }
            Some(_) => return None,
        }
    }
}

/// What is left of a configuration file.
struct Text<'a> {
    rest: &'a [u8],
}

impl Text<'_> {
    /// The next byte, a line end with a carriage return read as one without.
    fn peek(&self) -> Option<u8> {
        match self.rest {
            [b'\r', b'\n', ..] => Some(b'\n'),
            [byte, ..] => Some(*byte),
            [] => None,
        }
    }

    fn next(&mut self) -> Option<u8> {
        let byte = self.peek()?;
        let used = if self.rest.starts_with(b"\r\n") { 2 } else { 1 };
        self.rest = self.rest.get(used..).unwrap_or_default();
        Some(byte)
    }

    fn skip_line(&mut self) {
        while self.next().is_some_and(|byte| byte != b'\n') {}
    }

    fn skip_blanks(&mut self) {
        while self
            .peek()
            .is_some_and(|byte| byte != b'\n' && byte.is_ascii_whitespace())
        {
            self.next();
        }
    }

    /// `[section]`, `[section "sub"]` or the old `[section.sub]`.
    fn section(&mut self) -> Option<Vec<u8>> {
        self.next();
        let mut name = Vec::new();
        loop {
            match self.next()? {
                b']' => return Some(name),
                byte if byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.') => {
                    name.push(byte.to_ascii_lowercase());
                }
                byte if byte != b'\n' && byte.is_ascii_whitespace() => break,
                _ => return None,
            }
        }
        self.skip_blanks();
        if self.next()? != b'"' {
            return None;
        }
        name.push(b'.');
        loop {
            match self.next()? {
                b'"' => break,
                b'\\' => name.push(self.next().filter(|&byte| byte != b'\n')?),
                b'\n' => return None,
                byte => name.push(byte),
            }
        }
        (self.next()? == b']').then_some(name)
    }

    /// What follows a key, to the end of the line.
    fn value(&mut self) -> Option<Option<Vec<u8>>> {
        self.skip_blanks();
        match self.next() {
            None | Some(b'\n') => return Some(None),
            Some(b'#' | b';') => {
                self.skip_line();
                return Some(None);
            }
            Some(b'=') => self.skip_blanks(),
            Some(_) => return None,
        }
        let mut value = Vec::new();
        // Blanks count only once something follows them.
        let mut kept = 0;
        let mut quoted = false;
        loop {
            match self.next() {
                None | Some(b'\n') => {
                    value.truncate(kept);
                    return (!quoted).then_some(Some(value));
                }
                Some(b'#' | b';') if !quoted => {
                    self.skip_line();
                    value.truncate(kept);
                    return Some(Some(value));
                }
                Some(b'"') => {
                    quoted = !quoted;
                    kept = value.len();
                }
                Some(b'\\') => {
                    match self.next()? {
                        b'\n' => continue,
                        b'n' => value.push(b'\n'),
                        b't' => value.push(b'\t'),
                        b'b' => value.push(0x08),
                        byte @ (b'"' | b'\\') => value.push(byte),
                        _ => return None,
                    }
                    kept = value.len();
                }
                Some(byte) => {
                    value.push(byte);
                    if quoted || !byte.is_ascii_whitespace() {
                        kept = value.len();
                    }
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(text: &str) -> Option<Vec<(String, Option<String>)>> {
        let string = |bytes: &Vec<u8>| String::from_utf8_lossy(bytes).into_owned();
        parse(text.as_bytes()).map(|all| {
            all.iter()
                .map(|s| (string(&s.key), s.value.as_ref().map(string)))
                .collect()
        })
    }

    fn one(text: &str) -> (String, Option<String>) {
        parsed(text).unwrap().pop().unwrap()
    }

    #[test]
    fn values_are_read_as_git_reads_them() {
        for (line, value) in [
            ("a = b c  # d", "b c"),
            ("a = \"b  # c\" ; d", "b  # c"),
            ("a=b\\\n  c", "b  c"),
            ("a = b\\tc\\\\ ", "b\tc\\"),
            ("a =", ""),
            ("a = b\r\n", "b"),
        ] {
            let wanted = ("core.a".to_owned(), Some(value.to_owned()));
            assert_eq!(one(&format!("[CORE]\n{line}\n")), wanted);
        }
        assert_eq!(one("[core] bare\n"), ("core.bare".to_owned(), None));
        assert_eq!(one("[Remote \"O\\\"r\"] Url = x").0, "remote.O\"r.url");
    }

    #[test]
    fn malformed_files_are_no_files() {
        for bad in [
            "a = b",
            "[core\na = b",
            "[core]\na = \"b\n",
            "[core]\na = \\x\n",
            "[a \"b] c",
        ] {
            assert_eq!(parsed(bad), None, "{bad}");
        }
    }
}
