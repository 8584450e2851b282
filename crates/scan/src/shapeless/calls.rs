//! Functions and commands that take a secret without naming it: `connect("host", "user", "...")`,
//! `docker login -u ci -p ...`, `echo ... | chpasswd`.

use super::callees::{self, Takes, call};
use super::evidence::Fact;
use super::name::Name;
use super::operator::{Lead, at, blanks, is_quote};
use super::prose::{self, bare_word};
use super::words;

/// Longest rest of a command's line.
const LINE: usize = 240;

/// Where a command has its secret.
#[derive(Clone, Copy)]
enum Way {
    /// At once.
    Next,
    /// At once, and no word of the language.
    Word,
    /// Behind this text of the same line.
    Behind(&'static [u8]),
    /// Behind it, and behind a sign that ends the user's name.
    User(&'static [u8], u8),
    /// The second word.
    Second,
    /// The last word.
    Last,
    /// What the command before the pipe prints; behind a colon, if that holds.
    Piped(bool),
    /// The next literal of the line, or what is piped to it.
    Literal,
    /// `net use`: beside `/user:NAME`.
    Share,
    /// What is sent next: `expect "assword:"`, `send "...\\r"`.
    Sent,
    /// The literal before it: `"...".toCharArray()`.
    Before,
    /// A login that a sentence tells: `Test account: admin / ...`.
    Told,
    /// The login in the next literal: `btoa("user:...")`.
    Encoded,
    /// The login that the next literal begins with: `"mysql", "user:...@/base"`.
    Dsn,
    /// The literal behind `"-p",`.
    Argument,
    /// The login before it, in the same literal: `"user:...@tcp(host)/base"`.
    Login,
}

/// Commands, lower case, as the keywords of the rule are.
const COMMANDS: &[(&[u8], Way)] = &[
    (b"sshpass -p", Way::Next),
    (b"mysql -u", Way::Behind(b" -p")),
    (b"curl -u", Way::User(b"", b':')),
    (b"mysqladmin", Way::Behind(b" password ")),
    (b"docker login", Way::Behind(b" -p ")),
    (b"podman login", Way::Behind(b" -p ")),
    (b"az login", Way::Behind(b" -p ")),
    (b"rdesktop", Way::Behind(b" -p ")),
    (b"xfreerdp", Way::Behind(b" /p:")),
    (b"ipmitool", Way::Behind(b" -P ")),
    (b"smbclient", Way::User(b" -U ", b'%')),
    (b"rpcclient", Way::User(b" -U ", b'%')),
    (b"winexe", Way::User(b" -U ", b'%')),
    (b"lftp", Way::User(b" -u ", b',')),
    (b"sqlcmd", Way::Behind(b" -P ")),
    (b"-u sa -p", Way::Next),
    (b"psexec", Way::Behind(b" -p ")),
    (b"cmdkey", Way::Behind(b" /pass:")),
    (b"schtasks", Way::Behind(b" /rp ")),
    (b"plink", Way::Behind(b" -pw ")),
    (b"pscp", Way::Behind(b" -pw ")),
    (b"wmic", Way::Behind(b" /password:")),
    (b"openssl enc", Way::Behind(b" -k ")),
    (b"useradd", Way::Behind(b" -p ")),
    (b"nmcli", Way::Behind(b" password ")),
    (b"snmpget", Way::Behind(b" -A ")),
    (b"snmpwalk", Way::Behind(b" -A ")),
    (b"rabbitmqctl add_user", Way::Second),
    (b"htpasswd -b", Way::Last),
    (b"htpasswd -cb", Way::Last),
    (b"htpasswd -bc", Way::Last),
    (b"htpasswd -nb", Way::Last),
    (b"net user ", Way::Second),
    (b"net use ", Way::Share),
    (b"rootpw ", Way::Next),
    (b"rocommunity ", Way::Word),
    (b"rwcommunity ", Way::Word),
    (b"rootpw --plaintext ", Way::Next),
    (b"root-password password ", Way::Next),
    (b"user-password password ", Way::Next),
    (b"password 0 ", Way::Next),
    (b"secret 0 ", Way::Next),
    (b"--password-stdin", Way::Piped(false)),
    (b"passwd --stdin", Way::Piped(false)),
    (b"| sudo -s", Way::Piped(false)),
    (b"| kinit", Way::Piped(false)),
    (b"chpasswd", Way::Piped(true)),
    (b"convertto-securestring", Way::Literal),
    (b"curlopt_userpwd", Way::User(b",", b':')),
    (b"| passwd", Way::Piped(false)),
    (b"unzip -p ", Way::Next),
    (b"zip -p ", Way::Next),
    (b"7z x", Way::Behind(b" -p")),
    (b"7z a", Way::Behind(b" -p")),
    (b"identified with", Way::Behind(b" by ")),
    (b"assword:\"", Way::Sent),
    (b"assword: \"", Way::Sent),
    (b"assword:*\"", Way::Sent),
    (b".tochararray(", Way::Before),
    (b"@tcp(", Way::Login),
    (b"@unix(", Way::Login),
    (b"account:", Way::Told),
    (b"accounts:", Way::Told),
    (b"login:", Way::Told),
    (b"credentials:", Way::Told),
    (b"login with", Way::Told),
    (b"log in with", Way::Told),
    (b"logged in as", Way::Told),
    (b"btoa('", Way::Encoded),
    (b"btoa(\"", Way::Encoded),
    (b"b64encode(b'", Way::Encoded),
    (b"b64encode(b\"", Way::Encoded),
    (b"base64_encode('", Way::Encoded),
    (b"base64_encode(\"", Way::Encoded),
    (b"'basic ' +", Way::Encoded),
    (b"\"basic \" +", Way::Encoded),
    (b"\"mysql\", \"", Way::Dsn),
    (b"'sshpass',", Way::Argument),
    (b"\"sshpass\",", Way::Argument),
];

/// What is read of a keyword that is a function or a command.
pub(super) enum Told {
    /// This.
    Lead(Lead, Name),
    /// Nothing, and its name means nothing either.
    Nothing,
    /// Nothing, but it may be a name.
    Name,
}

/// What follows a function, a statement or a command that takes a secret without naming it.
/// `word` is the keyword, `end` where its letters end.
pub(super) fn read(text: &[u8], word: &[u8], end: usize) -> Told {
    if word.ends_with(b"://") {
        return told(Lead::of_address(text, end + b"://".len()), Name::PASSWORD);
    }
    if words::begins(word, b"identified by") {
        return stated(text, end);
    }
    if words::begins(word, b"pw is") {
        let lead = bare_word(text, blanks(text, end), Fact::Said);
        return told(lead, Name::PASSWORD);
    }
    if words::begins(word, b"pw for") {
        return told(prose::said(text, end - b"for".len()), Name::PASSWORD);
    }
    if words::begins(word, b" pw ") {
        return told(prose::follows(text, end + 1), Name::PASSWORD);
    }
    let handed = Name {
        qualified: false,
        ..Name::PASSWORD
    };
    let secret = Name {
        fact: Fact::Secret,
        ..handed
    };
    if let Some(place) = callees::statement(word) {
        let name = match word.last() {
            Some(b':') => secret,
            _ => handed,
        };
        return told(call(text, word, 0, end + 1, place), name);
    }
    if word.ends_with(b"(") && !matches!(word.first(), Some(b'.' | b'@')) {
        let open = end + word.len() - trimmed(word);
        let start = open.saturating_sub(word.len());
        return match callees::known(word) {
            Some(Takes::Password(place)) => {
                let lead = call(text, word, start, open, place);
                match (lead, place) {
                    (None, callees::Place::Login) => Told::Name,
                    (lead, _) => told(lead, handed),
                }
            }
            Some(Takes::Key(place)) => told(call(text, word, start, open, place), secret),
            None => Told::Name,
        };
    }
    let known = COMMANDS
        .iter()
        .find(|(command, _)| word.eq_ignore_ascii_case(command));
    // `Telnet user ...`
    let start = (end + word.len() - trimmed(word)).saturating_sub(word.len());
    let within = word.first().is_some_and(u8::is_ascii_alphanumeric)
        && start > 0
        && at(text, start - 1).is_ascii_alphanumeric();
    match known {
        Some((b"net user " | b"net use ", _)) if within => Told::Name,
        Some((_, way)) => told(command(text, word, end, *way), Name::PASSWORD),
        None => Told::Name,
    }
}

fn told(lead: Option<Lead>, name: Name) -> Told {
    lead.map_or(Told::Nothing, |lead| Told::Lead(lead, name))
}

/// The length of a keyword without the signs it ends with.
fn trimmed(word: &[u8]) -> usize {
    let signs = word.iter().rev().take_while(|b| !b.is_ascii_alphanumeric());
    word.len() - signs.count()
}

/// `IDENTIFIED BY '...'`, `IDENTIFIED BY Abc123`.
fn stated(text: &[u8], end: usize) -> Told {
    let i = blanks(text, end);
    if !at(text, i).is_ascii_alphanumeric() {
        return told(Some(Lead::quoted(Fact::Stated, i)), Name::PASSWORD);
    }
    told(bare_word(text, i, Fact::Stated), Name::PASSWORD)
}

/// Where the secret of a command begins whose word ends at `end`.
fn command(text: &[u8], word: &[u8], end: usize, way: Way) -> Option<Lead> {
    let line = text.get(end..text.len().min(end + LINE))?;
    let line = line.get(..memchr::memchr(b'\n', line).unwrap_or(line.len()))?;
    let start = (end + word.len() - trimmed(word)).checked_sub(word.len())?;
    let flagged = |i: usize| Some(Lead::to(Fact::Flagged, i));
    let behind = |flag: &[u8]| {
        let upper = || {
            let word = flag.iter().all(|b| *b == b' ' || b.is_ascii_lowercase());
            let flag = word.then(|| flag.to_ascii_uppercase())?;
            memchr::memmem::find(line, &flag)
        };
        let at = memchr::memmem::find(line, flag).or_else(upper)?;
        Some(end + at + flag.len())
    };
    match way {
        // Only `-P` of `zip` takes a password, `-p` of `unzip` prints.
        Way::Next if words::begins(word, b"unzip") => None,
        Way::Next if words::begins(word, b"zip") && !word.contains(&b'P') => None,
        Way::Next => {
            let i = blanks(text, end + word.len() - trimmed(word));
            let other = at(text, i) == b'-' && word.last() == Some(&b' ');
            flagged(i).filter(|_| !other)
        }
        Way::Word => bare_word(text, blanks(text, end), Fact::Flagged),
        Way::Behind(flag) => flagged(behind(flag)?),
        Way::User(flag, sign) => {
            let start = blanks(text, behind(flag)?);
            let login = line.get(start.checked_sub(end)?..)?;
            let quote = at(text, start);
            let inner = login.get(1..).unwrap_or_default();
            let close = memchr::memchr(quote, inner).filter(|_| is_quote(quote));
            let stop = close.map_or_else(|| login.iter().position(|b| *b == b' '), |n| Some(n + 1));
            let login = login.get(..stop.unwrap_or(login.len()))?;
            let from = memchr::memchr(sign, login)? + 1;
            Some(Lead {
                until: close.map(|_| start + login.len()),
                ..Lead::to(Fact::Flagged, start + from)
            })
        }
        Way::Second => {
            let (_, second) = second_word(line)?;
            (at(line, second) != b'/').then(|| Lead::to(Fact::Flagged, end + second))
        }
        Way::Last => {
            let piped = memchr::memmem::find(line, b" |").unwrap_or(line.len());
            let line = line.get(..piped)?.trim_ascii_end();
            let last = memchr::memrchr(b' ', line)? + 1;
            (line.iter().filter(|b| **b == b' ').count() > 1)
                .then(|| Lead::to(Fact::Flagged, end + last))
        }
        Way::Literal => {
            let quote = line.iter().position(|b| is_quote(*b));
            match quote {
                Some(i)
                    if line.get(..i)?.iter().all(|b| {
                        *b == b' ' || *b == b'(' || *b == b'-' || b.is_ascii_alphabetic()
                    }) =>
                {
                    Some(Lead::quoted(Fact::Handed, end + i))
                }
                _ => printed(text, start, false),
            }
        }
        Way::Piped(login) => printed(text, start, login),
        Way::Sent => {
            let rest = text.get(end..text.len().min(end + LINE))?;
            let send = memchr::memmem::find(rest, b"send ")? + 5;
            let crossed = memchr::memchr_iter(b'\n', rest.get(..send)?).count();
            let rest = rest.get(send..)?;
            let open = rest.iter().take(4).position(|b| *b == b'"')? + 1;
            let close = rest
                .iter()
                .skip(open)
                .position(|b| matches!(b, b'"' | b'\\' | b'\n'))?;
            let value = end + send + open;
            (crossed < 3 && close > 0).then(|| Lead {
                until: Some(value + close),
                ..Lead::to(Fact::Handed, value)
            })
        }
        Way::Before => {
            let quote = at(text, start.checked_sub(1)?);
            let from = start.saturating_sub(80);
            let head = text.get(from..start - 1).filter(|_| is_quote(quote))?;
            let open = from + memchr::memrchr(quote, head)?;
            (open + 1 < start - 1).then(|| Lead::quoted(Fact::Handed, open))
        }
        Way::Login => {
            let from = start.saturating_sub(120);
            let head = text.get(from..start)?;
            let open = head
                .iter()
                .rposition(|b| is_quote(*b) || b.is_ascii_whitespace() || *b == b'=')?;
            let colon = open + memchr::memchr(b':', head.get(open..)?)? + 1;
            (from + colon < start).then(|| Lead {
                until: Some(start),
                ..Lead::to(Fact::Userinfo, from + colon)
            })
        }
        Way::Told => {
            let colon = usize::from(at(text, end) == b':');
            prose::login(text, end + colon, false)
        }
        Way::Encoded | Way::Dsn => {
            let mut quotes = line.iter().enumerate().filter(|(_, b)| is_quote(**b));
            // The first one may end the word.
            let ends = words::holds(word, b"basic") || matches!(way, Way::Dsn);
            let (open, quote) = quotes.nth(usize::from(ends))?;
            let inner = line.get(open + 1..)?;
            let inner = inner.get(..memchr::memchr(*quote, inner)?)?;
            let colon = memchr::memchr(b':', inner)?;
            let user = |b: &u8| b.is_ascii_alphanumeric() || b"._@+-".contains(b);
            let stop = match way {
                Way::Dsn => {
                    let base = memchr::memchr(b'?', inner).unwrap_or(inner.len());
                    memchr::memrchr(b'@', inner.get(..base)?)?
                }
                _ => inner.len(),
            };
            let plain = colon > 0 && inner.get(..colon)?.iter().all(user);
            let start = end + open + 1;
            (plain && colon + 1 < stop).then(|| Lead {
                until: Some(start + stop),
                ..Lead::to(Fact::Userinfo, start + colon + 1)
            })
        }
        Way::Argument => {
            let flag = memchr::memmem::find(line, b"-p")? + 2;
            let comma = line.get(flag + 1..).filter(|_| is_quote(at(line, flag)))?;
            let comma = comma.strip_prefix(b",").map(|_| flag + 2)?;
            Some(Lead::quoted(Fact::Flagged, blanks(text, end + comma)))
        }
        Way::Share => {
            let user = memchr::memmem::find(line, b"/user:")
                .or_else(|| memchr::memmem::find(line, b"/USER:"))?;
            let tail = line.get(user..)?;
            let gap = tail.iter().position(|b| *b == b' ').unwrap_or(tail.len());
            let next = tail.get(gap + 1..).unwrap_or_default();
            if next.first().is_some_and(|b| *b != b'/') {
                return flagged(end + user + gap + 1);
            }
            let head = line.get(..user)?.trim_ascii_end();
            let last = memchr::memrchr(b' ', head)? + 1;
            let word = head.get(last..)?;
            let place = word.first() == Some(&b'\\') || word.last() == Some(&b':');
            (!place).then(|| Lead {
                until: Some(end + head.len()),
                ..Lead::to(Fact::Flagged, end + last)
            })
        }
    }
}

/// Where the first two words of a line begin.
fn second_word(line: &[u8]) -> Option<(usize, usize)> {
    let first = line.iter().position(|b| *b != b' ')?;
    let gap = first + line.get(first..)?.iter().position(|b| *b == b' ')?;
    let second = gap + line.get(gap..)?.iter().position(|b| *b != b' ')?;
    Some((first, second))
}

/// `echo ... |` on the line before `end`: what it prints, behind a colon where it is a login.
fn printed(text: &[u8], end: usize, login: bool) -> Option<Lead> {
    let from = end.saturating_sub(LINE);
    let before = text.get(from..end)?;
    let line = memchr::memrchr(b'\n', before).map_or(0, |i| i + 1);
    let head = before.get(line..)?;
    let pipe = memchr::memrchr(b'|', head).unwrap_or(head.len());
    let head = head.get(..pipe)?.trim_ascii_end();
    let mut start = match memchr::memmem::rfind(head, b"echo ") {
        Some(echo) => echo + b"echo ".len(),
        None => head.iter().position(|b| is_quote(*b))?,
    };
    while at(head, start) == b'-' {
        start += head.get(start..)?.iter().position(|b| *b == b' ')? + 1;
    }
    let quote = at(head, start);
    let (value, rest) = if is_quote(quote) {
        let rest = head.get(start + 1..)?;
        (start + 1, rest.get(..memchr::memchr(quote, rest)?)?)
    } else {
        let rest = head.get(start..)?;
        (
            start,
            rest.get(..memchr::memchr(b' ', rest).unwrap_or(rest.len()))?,
        )
    };
    let length = memchr::memmem::find(rest, b"\\n").unwrap_or(rest.len());
    let skip = if login {
        memchr::memchr(b':', rest)? + 1
    } else {
        0
    };
    let value = from + line + value;
    (skip < length).then(|| Lead {
        until: Some(value + length),
        ..Lead::to(Fact::Flagged, value + skip)
    })
}
