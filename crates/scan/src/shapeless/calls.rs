//! Functions and commands that take a secret without naming it: `connect("host", "user", "...")`,
//! `docker login -u ci -p ...`, `echo ... | chpasswd`.

use super::evidence::Fact;
use super::name::Name;
use super::operator::{Lead, at, blanks, is_quote, space};
use super::words;

/// Longest argument before a secret's.
const ARGUMENT: usize = 120;
/// Most arguments that are counted.
const ARGUMENTS: usize = 5;
/// Longest rest of a command's line.
const LINE: usize = 240;

/// Which argument is the secret, counted from 1.
#[derive(Clone, Copy)]
enum Place {
    At(usize),
    /// The second, or the third of three where the first is no text: `login(conn, "u", "...")`.
    Login,
    /// The third text, whatever stands before: `connect("host", 22, "u", "...")`.
    Third,
}

/// Functions, lower case. What is read nowhere else is nothing: `connect = "..."`.
const PASSWORDS: &[(&[u8], Place)] = &[
    (b"login(", Place::Login),
    (b"authenticate(", Place::Login),
    (b"signin(", Place::Login),
    (b"sign_in(", Place::Login),
    (b"auth(", Place::Login),
    (b"auth=(", Place::At(2)),
    (b"passwordtoken(", Place::At(2)),
    (b"authenticationtoken(", Place::At(2)),
    (b"networkcredential(", Place::At(2)),
    (b"passwordcredentials(", Place::At(2)),
    (b"passwordauthentication(", Place::At(2)),
    (b"getconnection(", Place::At(3)),
    (b"connect(", Place::Third),
    (b"mysqli(", Place::At(3)),
    (b"pdo(", Place::At(3)),
    (b"ftp(", Place::At(3)),
    (b"ftp_tls(", Place::At(3)),
    (b"ldap_bind(", Place::At(3)),
    (b"simple_bind_s(", Place::At(2)),
    (b"simple_bind(", Place::At(2)),
    (b"pw_set(", Place::At(2)),
    (b"credentials.basic(", Place::At(2)),
    (b"plainauth(", Place::At(3)),
    (b"userpassword(", Place::At(2)),
    (b"new sequelize(", Place::At(3)),
    (b"wifi.begin(", Place::At(2)),
    (b"httpbasic(", Place::At(2)),
    (b"passwordcredential(", Place::At(2)),
    (b"authprovider(", Place::At(2)),
    (b"ftp.new(", Place::At(3)),
    (b"ldap.bind(", Place::At(2)),
    (b"bcrypt(", Place::At(1)),
    (b"hash::make(", Place::At(1)),
    (b"hashsync(", Place::At(1)),
    (b"hashpw(", Place::At(1)),
    (b"password_hash(", Place::At(1)),
    (b"make_password(", Place::At(1)),
];

/// Functions that are handed a key.
const KEYS: &[(&[u8], Place)] = &[
    (b"jwt.sign(", Place::At(2)),
    (b"jwt.verify(", Place::At(2)),
    (b"jwt.encode(", Place::At(2)),
    (b"jwt.decode(", Place::At(2)),
    (b"createhmac(", Place::At(2)),
    (b"cookieparser(", Place::At(1)),
    (b"secretkeyspec(", Place::At(1)),
    (b"aes.new(", Place::At(1)),
    (b"hmac.new(", Place::At(1)),
    (b"totp(", Place::At(1)),
    (b"encrypt(", Place::At(2)),
    (b"decrypt(", Place::At(2)),
];

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
    if words::begins(word, b"basic_auth ") {
        let lead = call(text, word, 0, end + 1, Place::At(2));
        return told(
            lead,
            Name {
                qualified: false,
                ..Name::PASSWORD
            },
        );
    }
    if word.ends_with(b"(") && !matches!(word.first(), Some(b'.' | b'@')) {
        let is = |table: &[(&[u8], Place)]| {
            let known = table
                .iter()
                .find(|(call, _)| word.eq_ignore_ascii_case(call));
            known.map(|(_, place)| *place)
        };
        let open = end + word.len() - trimmed(word);
        let start = open.saturating_sub(word.len());
        let handed = Name {
            qualified: false,
            ..Name::PASSWORD
        };
        if let Some(place) = is(PASSWORDS) {
            let lead = call(text, word, start, open, place);
            return match (lead, place) {
                (None, Place::Login) => Told::Name,
                (lead, _) => told(lead, handed),
            };
        }
        if let Some(place) = is(KEYS) {
            let name = Name {
                fact: Fact::Secret,
                ..handed
            };
            return told(call(text, word, start, open, place), name);
        }
        return Told::Name;
    }
    let known = COMMANDS
        .iter()
        .find(|(command, _)| word.eq_ignore_ascii_case(command));
    match known {
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

/// A word of letters and digits, both, that a blank or the end of a statement follows.
pub(super) fn bare_word(text: &[u8], i: usize, fact: Fact) -> Option<Lead> {
    let rest = text.get(i..text.len().min(i + 64))?;
    let length = rest
        .iter()
        .position(|b| b.is_ascii_whitespace() || matches!(b, b';' | b'"' | b'\'' | b')' | b','));
    let word = rest.get(..length.unwrap_or(rest.len()))?;
    let word = word.strip_suffix(b".").unwrap_or(word);
    let mixed = word.iter().any(u8::is_ascii_digit) && word.iter().any(u8::is_ascii_alphabetic);
    mixed.then(|| Lead {
        until: Some(i + word.len()),
        ..Lead::to(fact, i)
    })
}

/// The literal that a function is handed at `place`; its parenthesis stands before `open`.
fn call(text: &[u8], word: &[u8], start: usize, open: usize, place: Place) -> Option<Lead> {
    let before = start.checked_sub(1).map_or(0, |i| at(text, i));
    let small = word.first().is_some_and(u8::is_ascii_lowercase);
    // `oauth(`, `stir_auth(`, `reauthenticate(`, `disconnect(` are other functions.
    let basic = text.get(..start).is_some_and(|b| b.ends_with(b"basic_"));
    let other = words::begins(word, b"auth(") && matches!(before, b'_' | b'O' | b'o') && !basic;
    if other || (small && before.is_ascii_lowercase()) {
        return None;
    }
    // Oracle's take the base last: `oci_connect("u", "...", "host/base")`.
    let oracle = [&b"oci_"[..], b"racle.", b"racledb."];
    let head = text.get(..start).unwrap_or_default();
    let place = match place {
        Place::Third if oracle.iter().any(|o| head.ends_with(o)) => Place::At(2),
        // `redis.auth("...")`
        Place::Login if words::begins(word, b"auth(") && matches!(before, b'.' | b':' | b'>') => {
            let rest = text.get(open..text.len().min(open + ARGUMENT))?;
            let second = argument(rest)
                .and_then(|n| rest.get(n + 1..))
                .unwrap_or_default();
            match begins_literal(rest) && !begins_literal(second.trim_ascii_start()) {
                true => Place::At(1),
                false => place,
            }
        }
        place => place,
    };
    let mut texts = 0;
    let mut first_is_text = false;
    let mut i = open;
    for n in 1..=ARGUMENTS {
        i = space(text, i);
        let literal = begins_literal(text.get(i..)?);
        texts += usize::from(literal);
        first_is_text |= n == 1 && literal;
        let found = match place {
            Place::At(place) => n == place,
            Place::Login => {
                let last = argument(text.get(i..text.len().min(i + ARGUMENT))?).is_none();
                (n == 2 && (first_is_text || last || !literal)) || n == 3
            }
            Place::Third => texts == 3 && literal,
        };
        if found {
            return literal.then(|| Lead::quoted(Fact::Handed, i));
        }
        i += argument(text.get(i..text.len().min(i + ARGUMENT))?)?;
        i = blanks(text, i) + 1;
    }
    None
}

/// `"..."`, `b'...'`, `Some("...")`.
fn begins_literal(text: &[u8]) -> bool {
    let text = text.strip_prefix(b"Some(").unwrap_or(text);
    let prefix = text
        .iter()
        .take(2)
        .take_while(|b| b"bBrRuUN@".contains(b))
        .count();
    text.get(prefix).is_some_and(|b| is_quote(*b))
}

/// The length of an argument that a comma follows: a literal, a name, or what is in brackets.
fn argument(text: &[u8]) -> Option<usize> {
    let mut depth = 0usize;
    let mut open = 0u8;
    let mut skip = false;
    for (i, &b) in text.iter().enumerate() {
        match b {
            _ if skip => skip = false,
            b'\\' => skip = true,
            _ if open != 0 => {
                if b == b'\n' {
                    return None;
                }
                if b == open {
                    open = 0;
                }
            }
            b'"' | b'\'' | b'`' => open = b,
            b'(' | b'[' | b'{' => depth += 1,
            b')' | b']' | b'}' => depth = depth.checked_sub(1)?,
            b',' if depth == 0 => {
                let blank = text.get(..i)?.iter().rev();
                let blank = blank.take_while(|b| b.is_ascii_whitespace()).count();
                return (i > blank).then_some(i - blank);
            }
            b';' => return None,
            _ => {}
        }
    }
    None
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
            let open = from + memchr::memrchr(quote, head)? + 1;
            (open < start - 1).then(|| Lead {
                until: Some(start - 1),
                ..Lead::to(Fact::Handed, open)
            })
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

/// `INSERT INTO users (name, password) VALUES ('bob', '...')`: the value in the place of the name
/// at `start`, whose quotes end at `end`.
pub(super) fn inserted(text: &[u8], start: usize, end: usize) -> Option<Lead> {
    if !matches!(at(text, blanks(text, end)), b',' | b')') {
        return None;
    }
    let before = text.get(start.saturating_sub(200)..start)?;
    let open = memchr::memrchr(b'(', before)?;
    let into = before.get(..open)?;
    let into = into.get(into.len().saturating_sub(80)..)?;
    if !(words::holds(into, b"insert") && words::holds(into, b"into")) {
        return None;
    }
    let place = 1 + memchr::memchr_iter(b',', before.get(open..)?).count();
    let rest = text.get(end..text.len().min(end + 240))?;
    let close = memchr::memchr(b')', rest)?;
    let tail = rest.get(close + 1..)?;
    let gap = tail.iter().take_while(|b| b.is_ascii_whitespace()).count();
    if !words::begins(tail.get(gap..)?, b"values") {
        return None;
    }
    let values = close + 1 + gap + memchr::memchr(b'(', tail.get(gap..)?)? + 1;
    let mut i = end + values;
    for _ in 1..place {
        i = space(text, i);
        i += argument(text.get(i..text.len().min(i + ARGUMENT))?)?;
        i = blanks(text, i) + 1;
    }
    let i = space(text, i);
    is_quote(at(text, i)).then(|| Lead::quoted(Fact::Stated, i))
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
