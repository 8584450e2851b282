//! Files of settings as a shell reads them, `NAME=value` line by line, and whether anything is set
//! in one that could be a secret: a `.env` of placeholders is one in name only.

use super::likeness::randomness;
use super::{list, words};

/// What a text that reads as such a file holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Settings {
    /// Nothing that could be a secret: placeholders, words, numbers, addresses.
    Idle,
    /// A value that could be one, or a line that is no setting.
    Filled,
}

/// Counts up when what is recognised changes: part of the matching digest.
pub(crate) const VERSION: u32 = 1;

/// Bytes of the largest file that is read.
const MOST: usize = 64 << 10;
/// Bytes of a value that is no secret.
const LONGEST: usize = 96;
/// Characters in a row that may be of any kind: fewer than keys have.
const MIXED: usize = 8;

/// Parts of names under which a value is taken for a secret unless it is a placeholder.
const CREDENTIALS: [&[u8]; 20] = [
    b"pass", b"pwd", b"secret", b"token", b"key", b"auth", b"cred", b"dsn", b"salt", b"priv",
    b"sign", b"cert", b"pin", b"phrase", b"seed", b"jwt", b"hash", b"webhook", b"login", b"cookie",
];
/// Values that say that something is on, or off.
const SWITCHES: [&[u8]; 10] = [
    b"true",
    b"false",
    b"yes",
    b"no",
    b"on",
    b"off",
    b"null",
    b"none",
    b"enabled",
    b"disabled",
];

impl Settings {
    /// What a whole blob says. `None`: it does not read as settings, as nearly everything does
    /// not, which its first line tells.
    pub(crate) fn of(bytes: &[u8]) -> Option<Self> {
        if bytes.len() > MOST {
            return None;
        }
        let (mut settings, mut others, mut idle) = (0usize, 0usize, true);
        for line in bytes.split(|b| *b == b'\n') {
            let line = line.trim_ascii();
            if let Some(note) = line.strip_prefix(b"#") {
                // What is not in use may be a secret all the same.
                let noted = assignment(note.trim_ascii_start());
                idle &= noted.is_none_or(|(name, value)| is_idle(name, value));
            } else if let Some((name, value)) = assignment(line) {
                settings += 1;
                idle &= is_idle(name, value);
            } else if !line.is_empty() {
                if settings == 0 {
                    return None;
                }
                others += 1;
            }
        }
        (settings > others).then_some(match idle && others == 0 {
            true => Self::Idle,
            false => Self::Filled,
        })
    }
}

/// Name and value of `NAME=value`, perhaps exported.
fn assignment(line: &[u8]) -> Option<(&[u8], &[u8])> {
    let line = line.strip_prefix(b"export ").unwrap_or(line);
    let name = |b: &&u8| b.is_ascii_alphanumeric() || **b == b'_';
    let length = line.iter().take_while(name).count();
    let (name, rest) = line.split_at_checked(length)?;
    let first = name.first()?;
    let value = rest.strip_prefix(b"=")?;
    (!first.is_ascii_digit()).then_some((name, value.trim_ascii()))
}

/// Whether a value is none that could be a secret.
fn is_idle(name: &[u8], value: &[u8]) -> bool {
    let value = bare(value);
    if value.is_empty() || is_reference(value) {
        return true;
    }
    // What goes on in the lines below is not read.
    if value.contains(&b'"') || value.contains(&b'\'') || value.ends_with(b"\\") {
        return false;
    }
    let switch = words::is_any(value, &SWITCHES);
    let placeholder = list::PLACEHOLDERS.stands_in(value) && randomness(value) < 0;
    if CREDENTIALS.iter().any(|word| words::holds(name, word)) {
        return switch || placeholder;
    }
    switch || (value.len() <= LONGEST && (placeholder || is_plain(value)))
}

/// The value without its quotes, or without the note behind it.
fn bare(value: &[u8]) -> &[u8] {
    let quoted = |quote: u8| {
        let inner = value.strip_prefix(&[quote])?;
        let end = memchr::memchr(quote, inner)?;
        let rest = inner.get(end + 1..)?.trim_ascii();
        (rest.is_empty() || rest.starts_with(b"#")).then(|| inner.get(..end))?
    };
    if let Some(inner) = quoted(b'"').or_else(|| quoted(b'\'')) {
        return inner.trim_ascii();
    }
    let note = memchr::memmem::find(value, b" #").unwrap_or(value.len());
    value.get(..note).unwrap_or(value).trim_ascii()
}

/// A value that is filled in from elsewhere, whole: `${NAME}`, `$NAME`, `{{ .Base }}`, `<token>`.
fn is_reference(value: &[u8]) -> bool {
    match value {
        [b'$', b'{', inside @ .., b'}']
        | [b'{', b'{', inside @ .., b'}', b'}']
        | [b'<', inside @ .., b'>']
        | [b'$', inside @ ..] => is_name(inside),
        _ => false,
    }
}

/// What a reference may hold; what follows `:-` in a shell would be a value.
fn is_name(inside: &[u8]) -> bool {
    let sign = |b: &u8| matches!(b, b'_' | b'.' | b' ' | b'-');
    let name = inside.iter().all(|b| b.is_ascii_alphanumeric() || sign(b));
    name && !inside.starts_with(b"-") && randomness(inside) < 60
}

/// Words, numbers, paths and addresses without a user or a query.
fn is_plain(value: &[u8]) -> bool {
    let sign = |b: u8| {
        matches!(
            b,
            b' ' | b'.' | b'/' | b':' | b',' | b'-' | b'_' | b'*' | b'|'
        )
    };
    let part = |part: &[u8]| {
        let letters = part.iter().all(u8::is_ascii_alphabetic);
        part.len() <= MIXED || (letters && part.len() <= 2 * MIXED && randomness(part) < 60)
    };
    value.iter().all(|b| b.is_ascii_alphanumeric() || sign(*b))
        && value.split(|b| sign(*b)).all(part)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn settings_are_read_line_by_line() {
        for idle in [
            "PathPrefix=/auth\n",
            "VITE_BASEPATH={{ .Base }}\n",
            "# settings\n\nAPP_NAME=\"My shop\"\nAPP_ENV=local\nAPP_DEBUG=true\nPORT=3000 # http\n",
            "export DB_HOST=127.0.0.1\nDB_PASSWORD=\nDB_URL=http://db.local:5432/shop\n",
            "API_KEY=your-api-key\nTOKEN=<token>\nSECRET='changeme'\n",
            "DB_PASSWORD=${PASSWORD}\r\nA=1\r\n",
        ] {
            assert_eq!(
                Settings::of(idle.as_bytes()),
                Some(Settings::Idle),
                "{idle}"
            );
        }
        for filled in [
            "DB_PASSWORD=wombat\n",
            "PASSWORD=123456\n",
            "PORT=3000\n# OLD_TOKEN=wombat9\n",
            "APP=shop\nDB_URL=mysql://u:p@db/shop\n",
            "ID=7f3a9c1e8b2d4f60\n",
            "ID=5d41402a-0000-4bc4-8f1a-7f3a9c1e8b2d\n",
            "CODE=Xk9!x\n",
            "A=1\nB=2\nsome more\n",
            "SECRET=change\\\nA=1\nB=2\n",
            "KEY=\"-----BEGIN\nA=1\nB=2\n",
        ] {
            assert_eq!(
                Settings::of(filled.as_bytes()),
                Some(Settings::Filled),
                "{filled}"
            );
        }
        for other in [
            "",
            "\n# a note\n",
            "#!/bin/sh\nset -e\nA=1\n",
            "key: value\n",
            "a = 1\n",
            "[main]\nA=1\n",
            "A=1\nbut then\nwords\n",
            "1A=2\n",
            "=x\n",
        ] {
            assert_eq!(Settings::of(other.as_bytes()), None, "{other}");
        }
        let large = "A=1\n".repeat(MOST / 4 + 1);
        assert_eq!(Settings::of(large.as_bytes()), None);
    }
}
