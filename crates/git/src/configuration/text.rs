//! Git's configuration syntax: the text of one file as settings.

use lychgate_model::path::printable;

use crate::error::Error;

/// One `key = value` of a configuration file.
#[derive(Debug)]
pub(crate) struct Setting {
    /// `section.key` or `section.subsection.key`; section and key in lower case.
    pub(crate) key: Vec<u8>,
    /// `None`: a key without `=`, which means true.
    pub(crate) value: Option<Vec<u8>>,
}

impl Setting {
    pub(crate) fn flag(&self) -> Result<bool, Error> {
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

    pub(crate) fn text(&self) -> Result<&[u8], Error> {
        self.value.as_deref().ok_or_else(|| self.wrong())
    }

    pub(crate) fn wrong(&self) -> Error {
        Error::corrupt(format!("the value of {} is invalid", printable(&self.key)))
    }
}

/// Git's configuration syntax.
pub(super) fn parse(content: &[u8]) -> Option<Vec<Setting>> {
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
                b']' if name.is_empty() => return None,
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
                    // Blanks before it stay, also where it ends the line.
                    kept = value.len();
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
                // None begins with blanks, whatever line it stands on.
                Some(byte) if value.is_empty() && !quoted && byte.is_ascii_whitespace() => {}
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
            ("a = \\\n  b", "b"),
            ("a = b \\\n", "b "),
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
            "[core]\n[]",
            "[core]\na # b",
        ] {
            assert_eq!(parsed(bad), None, "{bad}");
        }
    }
}
