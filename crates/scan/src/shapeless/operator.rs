//! From a name to where its value begins: what may stand between, in the languages people write.

use super::evidence::Fact;
use super::{ahead, cell, pair, prose, slots, sql, words};

/// Blanks between name, operator and value.
const BLANKS: usize = 24;
/// Longest address up to its host.
const ADDRESS: usize = 200;
/// A type between name and value: `password: Option<String> = ...`.
const TYPE: usize = 40;

/// Where a value begins and how its name leads to it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Lead {
    pub(super) fact: Fact,
    pub(super) at: usize,
    /// Only a quoted value counts.
    pub(super) quoted: bool,
    /// The text ends at `<`: content of a markup element.
    pub(super) element: bool,
    /// Where the value ends, when that is known.
    pub(super) until: Option<usize>,
}

impl Lead {
    pub(super) fn to(fact: Fact, at: usize) -> Self {
        Self {
            fact,
            at,
            quoted: false,
            element: false,
            until: None,
        }
    }

    /// `user:password@host` at the start of an address.
    pub(super) fn of_address(text: &[u8], at: usize) -> Option<Self> {
        let rest = text.get(at..text.len().min(at + ADDRESS))?;
        let user = rest
            .iter()
            .take_while(|b| b.is_ascii_alphanumeric() || b"._%+~-".contains(b))
            .count();
        if rest.get(user) == Some(&b'@') {
            let scheme = text.get(..at)?;
            let peer = PEERS.iter().any(|p| scheme.ends_with(p));
            return (!peer).then(|| Self::of_token(rest.get(..user)?, at))?;
        }
        if rest.get(user) != Some(&b':') {
            return None;
        }
        let login = rest.get(user + 1..)?;
        let stop = login
            .iter()
            .position(|b| b.is_ascii_whitespace() || b"/\"'`<>\\{}()[]$,;".contains(b));
        let login = login.get(..stop.unwrap_or(login.len()))?;
        let end = memchr::memrchr(b'@', login)?;
        let host = login.get(end + 1..)?;
        let named = host.first().is_some_and(u8::is_ascii_alphanumeric);
        // `image:tag@sha256:...`
        let blank = login.get(..end).is_some_and(|p| words::holds(p, b"%20"));
        if !named || blank || words::begins(host, b"sha256") || is_version(host) {
            return None;
        }
        let start = at + user + 1;
        Some(Self {
            until: Some(start + end),
            ..Self::to(Fact::Userinfo, start)
        })
    }

    /// `https://TOKEN@host`: a login that is a token alone. 32 hexadecimal digits there are the
    /// public key of an address that errors are reported to.
    fn of_token(login: &[u8], at: usize) -> Option<Self> {
        let digits = login.iter().filter(|b| b.is_ascii_digit()).count();
        let plain = login
            .iter()
            .all(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-'));
        let reported = login.len() == 32 && login.iter().all(u8::is_ascii_hexdigit);
        let token = plain && (20..=100).contains(&login.len()) && !reported;
        (token && (3..login.len()).contains(&digits)).then(|| Self {
            until: Some(at + login.len()),
            ..Self::to(Fact::Userinfo, at)
        })
    }

    pub(super) fn quoted(fact: Fact, at: usize) -> Self {
        Self {
            quoted: true,
            ..Self::to(fact, at)
        }
    }
}

/// Addresses whose login is the public key or the number of a peer (EIP-1459, CometBFT's node ids).
const PEERS: &[&[u8]] = &[b"enrtree://", b"enode://", b"tcp://"];

/// `@1.2.3` of a package. Four numbers are a machine.
fn is_version(host: &[u8]) -> bool {
    let of = |b: &&u8| b.is_ascii_digit() || **b == b'.';
    let length = host.iter().take_while(of).count();
    let dots = host.iter().take(length).filter(|b| **b == b'.').count();
    (1..3).contains(&dots) && matches!(host.get(length), None | Some(b'-' | b'+' | b'?' | b'#'))
}

pub(super) fn at(text: &[u8], i: usize) -> u8 {
    text.get(i).copied().unwrap_or(0)
}

/// Past blanks of one line.
pub(super) fn blanks(text: &[u8], from: usize) -> usize {
    let rest = text.get(from..).unwrap_or_default();
    let blank = |b: &&u8| matches!(b, b' ' | b'\t');
    from + rest.iter().take(BLANKS).take_while(blank).count()
}

/// Past blanks and line ends.
pub(super) fn space(text: &[u8], from: usize) -> usize {
    let rest = text.get(from..).unwrap_or_default();
    let blank = |b: &&u8| matches!(b, b' ' | b'\t' | b'\r' | b'\n');
    from + rest.iter().take(2 * BLANKS).take_while(blank).count()
}

pub(super) fn is_quote(b: u8) -> bool {
    matches!(b, b'"' | b'\'' | b'`')
}

/// What stands between the name at `start..end` and its value.
pub(super) fn lead(text: &[u8], start: usize, end: usize) -> Option<Lead> {
    behind(text, start, end).or_else(|| ahead::lead(text, start, end))
}

/// The same, of a value that stands behind its name.
fn behind(text: &[u8], start: usize, end: usize) -> Option<Lead> {
    let first = at(text, start.wrapping_sub(1));
    let mut i = end;
    // The name's own quotes, escaped or not, and the bracket of an index.
    let escapes = text
        .get(i..)
        .unwrap_or_default()
        .iter()
        .take(3)
        .take_while(|b| **b == b'\\')
        .count();
    let close = at(text, i + escapes);
    let named = is_quote(close);
    if named {
        i += escapes + 1;
    } else if text.get(i..i + 6) == Some(b"&quot;") {
        i += 6;
    } else if escapes > 0 {
        return None;
    }
    if at(text, i) == b']' {
        i += 1;
    } else if at(text, i) == b'[' {
        // `char password[32] = "..."`, `$password[] = "..."`
        let digits = text.get(i + 1..).unwrap_or_default();
        let n = digits
            .iter()
            .take(6)
            .take_while(|b| b.is_ascii_alphanumeric() || **b == b'_')
            .count();
        if at(text, i + 1 + n) != b']' {
            return None;
        }
        i += n + 2;
    }
    if (named || slots::is_listed(text, start))
        && let Some(lead) = slots::beside(text, start, i)
    {
        return Some(lead);
    }
    if named && let Some(lead) = slots::of_option(text, start, i) {
        return Some(lead);
    }
    let found = typed_in(text, start, end)
        .or_else(|| next_element(text, start, end))
        .or_else(|| sql::inserted(text, start, i))
        .or_else(|| cell::below(text, start, i));
    if found.is_some() {
        return found;
    }
    let gap = blanks(text, i);
    let (this, next) = (at(text, gap), at(text, gap + 1));
    let third = at(text, gap + 2);
    let after = |n: usize| blanks(text, gap + n);
    let lead = match (this, next) {
        (b'=', b'=') => {
            let n = if third == b'=' { 3 } else { 2 };
            Lead::quoted(Fact::Compared, after(n))
        }
        (b'!', b'=') => {
            let n = if third == b'=' { 3 } else { 2 };
            Lead::quoted(Fact::Compared, after(n))
        }
        (b'=', b'>') => Lead::to(Fact::Assigned, after(2)),
        (b'=', b'~') => return None,
        (b'=', b'\r' | b'\n') => Lead::quoted(Fact::Assigned, space(text, gap + 1)),
        (b'=', _) => Lead::to(Fact::Assigned, after(1)),
        (b':', b'=') | (b'?', b'=') | (b'<', b'-') | (b'-', b'>') => {
            Lead::to(Fact::Assigned, after(2))
        }
        (b'|' | b'?' | b'&', _) if next == this && third == b'=' => {
            Lead::quoted(Fact::Assigned, after(3))
        }
        (b'|', b'|') | (b'?', b'?') => Lead::quoted(Fact::Assigned, after(2)),
        (b':', b'-') => Lead::to(Fact::Assigned, gap + 2),
        (b'|', _) if !named => return cell::beside(text, start, gap),
        (b':', b':') => return None,
        (b':', b'\r' | b'\n') => slots::below(text, start, gap + 1)
            .unwrap_or_else(|| Lead::quoted(Fact::Mapped, space(text, gap + 1))),
        // A part of a name made of parts: `arn:...:secret:...`; a value: `action=pass:again=0`.
        (b':', _) if first == b'/' && of_login(text, start) => {
            return prose::login(text, gap + 1, true);
        }
        // `app:apiKey: ...` has a name before its name.
        (b':', _) if first == b':' && next == b' ' => typed(text, gap + 1),
        (b':', _) if matches!(first, b':' | b'/' | b'=') => return None,
        (b':', _) => slots::within(text, gap + 1).unwrap_or_else(|| typed(text, gap + 1)),
        (b',', _) if named && pair::is(text, start, i - 1, gap) => {
            Lead::quoted(Fact::Listed, space(text, gap + 1))
        }
        // Erlang and Elixir: `{default_pass, <<"...">>}`, `{:password, "..."}`.
        (b',', _) if opens_tuple(text, start, first) => {
            let i = space(text, gap + 1);
            let binary = text.get(i..i + 2) == Some(b"<<");
            Lead::quoted(Fact::Assigned, if binary { i + 2 } else { i })
        }
        (b'(', _) if !named => Lead::quoted(Fact::Passed, space(text, gap + 1)),
        (b'>', _) if first == b'<' => Lead {
            element: true,
            ..Lead::to(Fact::Element, gap + 1)
        },
        (b'>' | b'/', _) if named && markup_name(text, start) => {
            let i = if this == b'/' { gap + 1 } else { gap };
            if this == b'/' || at(text, i) != b'>' {
                return None;
            }
            Lead {
                element: true,
                ..Lead::to(Fact::Element, i + 1)
            }
        }
        _ if named && gap > i && markup_name(text, start) => {
            return cell::behind_attributes(text, start, gap);
        }
        _ if gap > i && !named && matches!(first, b'<' | b':') && opens_tag(text, start) => {
            return cell::in_element(text, gap).or_else(|| stated(text, start, gap, first, named));
        }
        _ if gap > i => return stated(text, start, gap, first, named),
        _ => return None,
    };
    Some(lead)
}

/// Whether the name at `start` is the first of a tuple, perhaps as an atom.
fn opens_tuple(text: &[u8], start: usize, first: u8) -> bool {
    first == b'{' || (first == b':' && at(text, start.wrapping_sub(2)) == b'{')
}

/// `Username/Password:`
fn of_login(text: &[u8], start: usize) -> bool {
    let head = text
        .get(start.saturating_sub(10)..start)
        .unwrap_or_default();
    [
        &b"user/"[..],
        b"username/",
        b"login/",
        b"email/",
        b"account/",
    ]
    .iter()
    .any(|w| words::holds(head, w))
}

/// `<password` and `<wsse:Password`.
fn opens_tag(text: &[u8], start: usize) -> bool {
    let head = text
        .get(start.saturating_sub(12)..start)
        .unwrap_or_default();
    let prefix = |b: &&u8| b.is_ascii_alphanumeric() || **b == b':';
    let length = head.iter().rev().take_while(prefix).count();
    head.iter().rev().nth(length) == Some(&b'<')
}

/// `: value`, or `: Type = value`.
fn typed(text: &[u8], from: usize) -> Lead {
    // `**Password:** ...`
    let bold = text.get(from..).unwrap_or_default().starts_with(b"**");
    let start = blanks(text, if bold { from + 2 } else { from });
    let rest = text.get(start..).unwrap_or_default();
    let type_like = |b: &&u8| {
        b.is_ascii_alphanumeric()
            || matches!(
                b,
                b'_' | b'.'
                    | b'<'
                    | b'>'
                    | b'['
                    | b']'
                    | b'&'
                    | b'\''
                    | b'?'
                    | b'|'
                    | b' '
                    | b'*'
                    | b':'
            )
    };
    let n = rest.iter().take(TYPE).take_while(type_like).count();
    let spaced = n > 0 && at(text, start + n - 1) == b' ';
    let one = at(text, start + n) == b'=' && !matches!(at(text, start + n + 1), b'=' | b'>');
    if spaced && one && !is_quote(at(text, start)) {
        return Lead::quoted(Fact::Assigned, blanks(text, start + n + 1));
    }
    Lead::to(Fact::Mapped, start)
}

/// `find("password")).sendKeys("...")`, `type('input[name=password]', '...')`,
/// `fill("#password-input", "...")`.
fn typed_in(text: &[u8], start: usize, end: usize) -> Option<Lead> {
    let rest = text.get(end..text.len().min(end + 48))?;
    let closes = |b: &&u8| matches!(b, b'"' | b'\'' | b'`' | b']' | b')' | b'\\');
    let n = rest.iter().take(6).take_while(closes).count();
    let quotes = rest.iter().take(n).filter(|b| is_quote(**b)).count();
    if quotes == 0 {
        return None;
    }
    let tail = rest.get(n..)?;
    let last = n.checked_sub(1).map_or(0, |i| self::at(rest, i));
    if tail.first() == Some(&b',') && is_quote(last) && (n > 1 || types(text, start, last)) {
        return Some(Lead::quoted(Fact::Typed, space(text, end + n + 1)));
    }
    const CALLS: [&[u8]; 8] = [
        b"sendkeys(",
        b"send_keys(",
        b"fill(",
        b"type(",
        b"setvalue(",
        b"settext(",
        b"typetext(",
        b"set(",
    ];
    let tail = tail.strip_prefix(b".")?;
    let call = CALLS.iter().find(|c| words::begins(tail, c))?;
    Some(Lead::quoted(Fact::Typed, end + n + 1 + call.len()))
}

/// Whether the literal around `start` that ends with `quote` is what a function types into.
fn types(text: &[u8], start: usize, quote: u8) -> bool {
    let head = text
        .get(start.saturating_sub(48)..start)
        .unwrap_or_default();
    let open = memchr::memrchr(quote, head).unwrap_or(0);
    let call = head.get(..open).unwrap_or_default();
    [
        &b"fill("[..],
        b".type(",
        b"typetext(",
        b"type_text(",
        b"setvalue(",
    ]
    .iter()
    .any(|c| {
        let from = call.len().saturating_sub(c.len());
        words::begins(call.get(from..).unwrap_or_default(), c)
    })
}

/// `<key>Password</key> <string>...`, `<name>password</name> <value>...`.
fn next_element(text: &[u8], start: usize, end: usize) -> Option<Lead> {
    let closes: &[(&[u8], &[u8])] = &[
        (b"</key>", b"<string>"),
        (b"</name>", b"<value>"),
        (b"</param-name>", b"<param-value>"),
        (b"</td>", b"<td>"),
        (b"</th>", b"<td>"),
        (b"</dt>", b"<dd>"),
    ];
    if at(text, end) != b'<' || at(text, start.wrapping_sub(1)) == b'<' {
        return None;
    }
    let rest = text.get(end..)?;
    let (close, open) = closes
        .iter()
        .find(|(close, _)| words::begins(rest, close))?;
    let i = space(text, end + close.len());
    let begins = words::begins(text.get(i..)?, open);
    begins.then(|| Lead {
        element: true,
        ..Lead::to(Fact::Element, i + open.len())
    })
}

pub(super) fn holds_before(text: &[u8], start: usize, word: &[u8]) -> bool {
    let from = start.saturating_sub(word.len() + 6);
    words::holds(text.get(from..start).unwrap_or_default(), word)
}

/// `<string name="api_key">`, `<entry key="password">`: the name is the value of an attribute.
fn markup_name(text: &[u8], start: usize) -> bool {
    ["name=", "key=", "id="]
        .iter()
        .any(|w| holds_before(text, start, w.as_bytes()))
}

/// `string = "..."`, `CONSTANT VARCHAR2(30) := '...'`: where a type ends that stands behind its name.
fn behind_type(rest: &[u8]) -> Option<usize> {
    const TYPES: [&[u8]; 5] = [b"string", b"varchar", b"constant ", b"char(", b"text "];
    if !TYPES.iter().any(|t| words::begins(rest, t)) {
        return None;
    }
    let equals = memchr::memchr(b'=', rest)?;
    let kind = rest.get(..equals)?;
    let kind = kind.strip_suffix(b":").unwrap_or(kind);
    let plain = |b: &u8| b.is_ascii_alphanumeric() || b" ()_".contains(b);
    let one = !matches!(at(rest, equals + 1), b'=' | b'>');
    (one && kind.iter().all(plain)).then_some(equals + 1)
}

/// `Dim password As String = "..."`, `{:password "..."}`, `(setq x-password "..."`,
/// `setenv DB_PASSWORD ...`, `bindpw ...` alone on its line. `line` is what stands before the name.
fn spaced(text: &[u8], line: &[u8], gap: usize, first: u8) -> Option<Lead> {
    let quoted = is_quote(at(text, gap));
    let rest = text.get(gap..text.len().min(gap + TYPE))?;
    if words::begins(rest, b"as ") {
        let equals = memchr::memchr(b'=', rest)?;
        let kind = rest.get(3..equals)?;
        let typed = kind
            .iter()
            .all(|b| b.is_ascii_alphanumeric() || b" .?".contains(b));
        return typed.then(|| Lead::quoted(Fact::Assigned, blanks(text, gap + equals + 1)));
    }
    if let Some(sign) = behind_type(rest) {
        return Some(Lead::quoted(Fact::Assigned, blanks(text, gap + sign)));
    }
    let is = |heads: &[&[u8]]| heads.iter().any(|h| line.eq_ignore_ascii_case(h));
    let binds = [
        &b"(setq "[..],
        b"(def ",
        b"(defvar ",
        b"(define ",
        b"(defparameter ",
    ]
    .iter()
    .any(|h| words::begins(line, h));
    if quoted && (first == b':' || binds) {
        return Some(Lead::quoted(Fact::Mapped, gap));
    }
    if is(&[
        b"setenv ",
        b"set -x ",
        b"set -gx ",
        b"set -Ux ",
        b"set -xg ",
    ]) {
        return Some(Lead::to(Fact::Assigned, gap));
    }
    if is(&[b"set "]) {
        return match quoted {
            true => Some(Lead::quoted(Fact::Assigned, gap)),
            false => prose::bare_word(text, gap, Fact::Assigned),
        };
    }
    // Files of settings without a sign: one name, one value, nothing else.
    if quoted || !(line.is_empty() || is(&[b"enable "])) {
        return None;
    }
    let end = prose::bare_word(text, gap, Fact::Mapped)?.until?;
    let tail = blanks(text, end);
    let alone = matches!(at(text, tail), b'\n' | b'\r' | b'#' | 0) && at(text, end) != b'.';
    alone.then(|| Lead::to(Fact::Mapped, gap))
}

/// No operator but a blank: a flag of a command, an SQL statement, the colon-less formats.
fn stated(text: &[u8], start: usize, gap: usize, first: u8, named: bool) -> Option<Lead> {
    if is_quote(first) && words::begins(text.get(start..)?, b"bearer ") {
        return Some(Lead::to(Fact::Headed, gap));
    }
    if let Some(lead) = prose::said(text, gap) {
        return Some(lead);
    }
    if named {
        return None;
    }
    if first == b'-' {
        return Some(Lead::to(Fact::Flagged, gap));
    }
    let before = text
        .get(start.saturating_sub(80)..start)
        .unwrap_or_default();
    let statement = [
        &b"alter "[..],
        b"create ",
        b"grant ",
        b"identified ",
        b"with ",
        b"set ",
    ]
    .iter()
    .any(|w| words::holds(before, w));
    if statement && at(text, gap) == b'\'' {
        return Some(Lead::quoted(Fact::Stated, gap));
    }
    let line =
        memchr::memrchr(b'\n', before).map_or(before, |i| before.get(i + 1..).unwrap_or_default());
    let head = line.iter().take_while(|b| b.is_ascii_whitespace()).count();
    let line = line.get(head..).unwrap_or_default();
    let login = words::holds(line, b" login ") || words::begins(line, b"login ");
    if login || words::begins(line, b"username ") {
        return Some(Lead::to(Fact::Flagged, gap));
    }
    if let Some(lead) = spaced(text, line, gap, first) {
        return Some(lead);
    }
    // `storePassword "..."` alone on its line, as builders are written.
    if line.is_empty() && is_quote(at(text, gap)) {
        let tail = text
            .get(gap + 1..text.len().min(gap + 120))
            .unwrap_or_default();
        let close = memchr::memchr(at(text, gap), tail).unwrap_or(tail.len());
        let alone = matches!(self::at(tail, close + 1), b'\n' | b'\r' | 0);
        return alone.then(|| Lead::quoted(Fact::Mapped, gap));
    }
    if words::begins(line, b"#define ") {
        return Some(Lead::quoted(Fact::Assigned, gap));
    }
    if line.starts_with(b"ENV ") {
        // Dockerfile.
        return Some(Lead::to(Fact::Assigned, gap));
    }
    prose::follows(text, gap)
}
