//! Where a value begins and ends, in its quoting.

use std::ops::Range;

use super::evidence::Fact;
use super::operator::Lead;
use super::words;

/// Longest value.
pub(super) const LONGEST: usize = 400;

/// A value and how it is written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Extent {
    pub(super) at: Range<usize>,
    pub(super) written: Written,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Written {
    Quoted,
    /// Content of an element, or part of a longer quoted text.
    Inside,
    Bare,
    /// Bare, and a statement ends behind it.
    Statement,
}

const fn is_quote(b: u8) -> bool {
    matches!(b, b'"' | b'\'' | b'`')
}

fn at(text: &[u8], i: usize) -> u8 {
    text.get(i).copied().unwrap_or(0)
}

/// The value that `lead` leads to; the name stands at `name`.
pub(super) fn extent(text: &[u8], lead: &Lead, name: usize, header: bool) -> Option<Extent> {
    let mut i = lead.at;
    if let Some(end) = lead.until {
        return (end > i).then_some(Extent {
            at: i..end,
            written: match lead.fact {
                Fact::Follows => Written::Bare,
                _ => Written::Inside,
            },
        });
    }
    if lead.element {
        return element(text, i);
    }
    if header {
        i += scheme(text.get(i..)?);
    }
    let prefix = text.get(i..)?;
    let letters = prefix
        .iter()
        .take(3)
        .take_while(|b| {
            matches!(
                b,
                b'r' | b'R'
                    | b'b'
                    | b'B'
                    | b'u'
                    | b'U'
                    | b'f'
                    | b'F'
                    | b'L'
                    | b'N'
                    | b'@'
                    | b'$'
                    | b'8'
                    | b'#'
            )
        })
        .count();
    let escapes = |i: usize| {
        let rest = text.get(i..).unwrap_or_default();
        rest.iter().take(4).take_while(|b| **b == b'\\').count()
    };
    let quote = |i: usize| matches!(at(text, i), b'"' | b'\'' | b'`');
    for skip in [0, letters] {
        let n = escapes(i + skip);
        if quote(i + skip + n) {
            // `'Authorization: ' . $x`: that quote ends the text the name stands in.
            if n == 0 && open_quote(text, i + skip) == at(text, i + skip) {
                return None;
            }
            return quoted(text, i + skip, n, header);
        }
    }
    if words::begins(prefix, b"&quot;") {
        let start = i + b"&quot;".len();
        let rest = text.get(start..text.len().min(start + LONGEST))?;
        let end = memchr::memchr3(b'&', b'\n', b'<', rest)?;
        return words::begins(rest.get(end..)?, b"&quot;").then_some(Extent {
            at: start..start + end,
            written: Written::Quoted,
        });
    }
    if let Some(call) = wrapper(prefix) {
        return quoted(text, i + call, 0, header);
    }
    if lead.quoted {
        return None;
    }
    bare(text, lead, i, name)
}

/// `SecretStr("...")`, `new String("...")`: calls that leave their text as it is.
pub(super) fn wrapper(text: &[u8]) -> Option<usize> {
    const CALLS: &[&[u8]] = &[
        b"secretstr(",
        b"new string(",
        b"string(",
        b"str(",
        b"string::from(",
        b"buffer.from(",
        b"bytes(",
        b"string.from(",
        b"[]byte(",
        b"new securestring(",
        b"some(",
        b"secret(",
        b"secretstring::from(",
        b"secretstring::new(",
        b"protectedstring::new(",
        b"@@",
        b"string.valueof(",
        b"aws.string(",
        b"pulumi.string(",
        b"cryptojs.enc.utf8.parse(",
        b"encoding.utf8.getbytes(",
        b"encoding.ascii.getbytes(",
        b"system.text.encoding.utf8.getbytes(",
        b"encoding.default.getbytes(",
        b"md5(",
        b"sha1(",
        b"bcrypt(",
        b"hash::make(",
        b"password(",
        b"to_string(",
    ];
    CALLS
        .iter()
        .find(|c| words::begins(text, c))
        .map(|c| c.len())
        .filter(|n| matches!(at(text, *n), b'"' | b'\''))
}

/// The length of `Bearer ` and its like.
fn scheme(text: &[u8]) -> usize {
    const SCHEMES: &[&[u8]] = &[b"bearer ", b"token ", b"apikey ", b"api-key ", b"key "];
    SCHEMES
        .iter()
        .find(|s| words::begins(text, s))
        .map_or(0, |s| s.len())
}

fn element(text: &[u8], start: usize) -> Option<Extent> {
    const CDATA: &[u8] = b"<![CDATA[";
    let start = match text.get(start..)?.starts_with(CDATA) {
        true => start + CDATA.len(),
        false => start,
    };
    let rest = text.get(start..text.len().min(start + LONGEST))?;
    // `<Password><Value>...</Value>`
    let nested = [&b"<Value>"[..], b"<value>", b"<string>"];
    if let Some(open) = nested.iter().find(|open| rest.starts_with(open)) {
        return element(text, start + open.len());
    }
    let mut end = memchr::memchr2(b'<', b']', rest)?;
    if !matches!(rest.get(end..end + 2)?, b"</" | b"]]") {
        return None;
    }
    let blank = |b: &&u8| b.is_ascii_whitespace();
    let lead = rest.iter().take(end).take_while(blank).count();
    let tail = rest.get(lead..end)?.iter().rev().take_while(blank).count();
    end -= tail;
    Some(Extent {
        at: start + lead..start + end,
        written: Written::Inside,
    })
}

/// The text of a literal whose quote stands behind `escapes` backslashes at `open`.
fn quoted(text: &[u8], open: usize, escapes: usize, header: bool) -> Option<Extent> {
    let mark = open + escapes;
    let quote = at(text, mark);
    let triple = escapes == 0 && at(text, mark + 1) == quote && at(text, mark + 2) == quote;
    let start = mark + if triple { 3 } else { 1 };
    let most = text.len().min(start + LONGEST + 1);
    let mut i = start;
    let end = loop {
        if i >= most {
            return None;
        }
        match at(text, i) {
            b'\n' | b'\r' => return None,
            b'\\' if escapes > 0 => {
                let rest = text.get(i..).unwrap_or_default();
                let n = rest
                    .iter()
                    .take(escapes + 1)
                    .take_while(|b| **b == b'\\')
                    .count();
                if n == escapes && at(text, i + n) == quote {
                    break i;
                }
                i += n.max(1);
            }
            b'\\' => i += 2,
            b if b == quote => {
                if escapes > 0 {
                    // The outer text ends before the inner one.
                    return None;
                }
                break i;
            }
            _ => i += 1,
        }
    };
    let after = end + escapes + if triple { 3 } else { 1 };
    let from = start
        + if header {
            scheme(text.get(start..end)?)
        } else {
            0
        };
    (from < end && !joined(text, after)).then_some(Extent {
        at: from..end,
        written: Written::Quoted,
    })
}

/// Whether something is appended to the literal that ends before `after`: then it is only a part.
fn joined(text: &[u8], after: usize) -> bool {
    let rest = text.get(after..).unwrap_or_default();
    let gap = rest.iter().take(8).take_while(|b| **b == b' ').count();
    match at(rest, gap) {
        b'+' | b'%' => true,
        // PHP and Perl join with a dot; a method of the literal follows at once.
        b'.' => {
            gap > 0
                || matches!(at(rest, gap + 1), b'$' | b' ' | b'"' | b'\'')
                || words::begins(rest.get(gap + 1..).unwrap_or_default(), b"format")
        }
        _ => false,
    }
}

/// Blanks, ends of lines, and what a bare value never holds.
fn ends_bare(b: u8) -> bool {
    b.is_ascii_whitespace()
        || matches!(
            b,
            b'"' | b'\'' | b'`' | b'<' | b'>' | b';' | b'&' | b',' | 0
        )
}

fn bare(text: &[u8], lead: &Lead, start: usize, name: usize) -> Option<Extent> {
    let rest = text.get(start..text.len().min(start + LONGEST + 1))?;
    let first = at(rest, 0);
    // `password=%kX9v...`: signs that mean something in code and YAML, and nothing where a
    // name is set without a blank.
    let chosen = lead.fact == Fact::Assigned
        && at(text, start.wrapping_sub(1)) == b'='
        && matches!(first, b'%' | b'@' | b'#' | b'!' | b'*')
        && at(rest, 1).is_ascii_alphanumeric();
    let sign = matches!(
        first,
        b'(' | b'['
            | b'{'
            | b'<'
            | b'>'
            | b'|'
            | b'*'
            | b'&'
            | b'!'
            | b'%'
            | b'#'
            | b'$'
            | b'@'
            | b'/'
            | b'\\'
            | b'='
            | b':'
            | b'?'
            | b'.'
    );
    if sign && !chosen {
        return None;
    }
    let escaped = |i: usize| {
        at(rest, i) == b'\\' && matches!(at(rest, i + 1), b'n' | b'r' | b't' | b'"' | b'\'')
    };
    let mut length = 0;
    while length < rest.len() && !ends_bare(at(rest, length)) && !escaped(length) {
        if matches!(at(rest, length), b'(' | b'[' | b'{') {
            return None;
        }
        length += 1;
    }
    if length > LONGEST {
        return None;
    }
    let stop = at(rest, length);
    let trimmed = rest
        .get(..length)?
        .iter()
        .rev()
        .take_while(|b| matches!(b, b')' | b']' | b'}'))
        .count();
    let end = length - trimmed;
    let before = at(text, name.wrapping_sub(1));
    // Part of a query is text even where nothing is quoted: `&password=...`.
    let query = matches!(before, b'&' | b'?') && at(text, start.wrapping_sub(1)) == b'=';
    let inside = query || open_quote(text, name) != 0;
    let mut written = if inside {
        Written::Inside
    } else {
        Written::Bare
    };
    let rest_of_line = rest.get(length..)?;
    let gap = rest_of_line
        .iter()
        .take_while(|b| matches!(b, b' ' | b'\t'))
        .count();
    let next = at(rest_of_line, gap);
    // `PGPASSWORD=... psql`, `A=... B=...`; but not `password=Geben Sie ...`.
    let word = rest_of_line.get(gap..).unwrap_or_default();
    let end_of_word = word.iter().position(u8::is_ascii_whitespace);
    let assigns = word
        .get(..end_of_word.unwrap_or(word.len()))
        .is_some_and(|w| w.contains(&b'='));
    let shell = text
        .get(name..start)
        .is_some_and(|n| !n.iter().any(u8::is_ascii_lowercase));
    let tight = (at(text, start.wrapping_sub(1)) == b'=' && (assigns || shell))
        || lead.fact == Fact::Flagged
        || before == b'-'
        // `username=u,password=p 0 0`
        || (before == b',' && at(text, start.wrapping_sub(1)) == b'=')
        || inside;
    let closes = matches!(
        next,
        0 | b'\n'
            | b'\r'
            | b'#'
            | b'"'
            | b'\''
            | b'`'
            | b'\\'
            | b')'
            | b'}'
            | b']'
            | b'&'
            | b'<'
            | b'|'
    ) || word.starts_with(b"-->")
        || word.starts_with(b"*/");
    // `:= include "..."` calls something.
    if gap > 0 && !inside && is_quote(next) {
        return None;
    }
    match stop {
        b';' => {
            let semicolon = length + 1;
            let ends_line = matches!(at(rest, semicolon), 0 | b'\n' | b'\r' | b' ');
            if ends_line && !inside {
                written = Written::Statement;
            }
        }
        b',' if !inside => written = Written::Statement,
        _ if tight || closes => {}
        _ => return None,
    }
    // `(password: Abc123)` in a sentence closes what it opened.
    let before = text.get(name.saturating_sub(64)..name).unwrap_or_default();
    let line = before.rsplit(|b| *b == b'\n').next().unwrap_or_default();
    let aside = trimmed == 1
        && stop != b';'
        && line.contains(&b'(')
        && at(text, start.wrapping_sub(1)) == b' ';
    if trimmed > 0 && !inside && !aside {
        written = Written::Statement;
    }
    (end > 0).then_some(Extent {
        at: start..start + end,
        written,
    })
}

/// The quote that is open at `at`, counted from the start of its line; 0: none.
fn open_quote(text: &[u8], at: usize) -> u8 {
    let before = text.get(..at).unwrap_or_default();
    let start = memchr::memrchr(b'\n', before).map_or(0, |i| i + 1);
    let mut open = 0u8;
    let mut rest = before.get(start..).unwrap_or_default().iter();
    while let Some(&b) = rest.find(|b| TELLS[usize::from(**b)]) {
        match b {
            b'\\' => {
                rest.next();
            }
            _ if open == 0 => open = b,
            _ if b == open => open = 0,
            _ => {}
        }
    }
    open
}

/// Bytes that open or close a quote, or do away with one.
const TELLS: [bool; 256] = {
    let mut table = [false; 256];
    table[b'\\' as usize] = true;
    table[b'"' as usize] = true;
    table[b'\'' as usize] = true;
    table[b'`' as usize] = true;
    table
};
