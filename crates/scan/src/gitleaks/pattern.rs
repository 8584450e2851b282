//! A pattern of Go's RE2 (`regexp/syntax`) in the words of our engine, over bytes.
//!
//! Both are linear and ASCII where we turn Unicode off; what differs is how a few things are
//! written. What has no counterpart over bytes is refused, never changed in meaning.

use regex_automata::util::syntax;

/// The same pattern for the engine, or why there is none.
pub(super) fn translate(go: &str) -> Result<String, String> {
    let mut out = String::with_capacity(go.len() + 16);
    let mut rest = go;
    let mut class = Class::None;
    while let Some(c) = rest.chars().next() {
        let after = rest.get(c.len_utf8()..).unwrap_or_default();
        match (c, class) {
            ('\\', _) => {
                rest = escape(after, class, &mut out)?;
                continue;
            }
            ('[', Class::None) => {
                out.push('[');
                rest = after;
                if let Some(negated) = rest.strip_prefix('^') {
                    out.push('^');
                    rest = negated;
                }
                // First in a class it is a member.
                if let Some(member) = rest.strip_prefix(']') {
                    out.push_str("\\]");
                    rest = member;
                }
                class = Class::Inside;
                continue;
            }
            ('[', Class::Inside) => match posix(rest) {
                Some(named) => {
                    out.push_str(named);
                    rest = rest.get(named.len()..).unwrap_or_default();
                    continue;
                }
                None => out.push_str("\\["),
            },
            (']', Class::Inside) => {
                out.push(']');
                class = Class::None;
            }
            // Go knows no operations on classes.
            ('&' | '~', Class::Inside) => {
                out.push('\\');
                out.push(c);
            }
            ('-', Class::Inside) if after.starts_with('-') => out.push_str("\\-"),
            ('{', Class::None) if !is_repeat(rest) => out.push_str("\\{"),
            _ if !c.is_ascii() && class == Class::Inside => {
                return Err(format!("has `{c}` in a class: patterns are over bytes"));
            }
            _ => out.push(c),
        }
        rest = after;
    }
    Ok(out)
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Class {
    None,
    Inside,
}

/// What stands after a backslash; returns what follows.
fn escape<'p>(text: &'p str, class: Class, out: &mut String) -> Result<&'p str, String> {
    let c = text.chars().next().ok_or("ends with a backslash")?;
    let rest = text.get(c.len_utf8()..).unwrap_or_default();
    let inside = class == Class::Inside;
    match c {
        'Q' if !inside => {
            let (quoted, rest) = rest.split_once("\\E").unwrap_or((rest, ""));
            for c in quoted.chars() {
                if c.is_ascii() && !c.is_ascii_alphanumeric() {
                    out.push_str(&format!("\\x{:02x}", u32::from(c)));
                } else {
                    out.push(c);
                }
            }
            return Ok(rest);
        }
        'C' if !inside => out.push_str("(?s:.)"),
        // Go's white space has no vertical tab.
        's' if inside => out.push_str("\\t\\n\\f\\r\\x20"),
        's' => out.push_str("[\\t\\n\\f\\r\\x20]"),
        'S' => out.push_str("[^\\t\\n\\f\\r\\x20]"),
        'p' | 'P' => return Err("names a Unicode class: patterns are over bytes".to_owned()),
        '0'..='7' => {
            let digits: String = text
                .chars()
                .take(3)
                .take_while(|d| ('0'..='7').contains(d))
                .collect();
            if c != '0' && digits.len() < 2 {
                return Err("refers back to a group, which RE2 does not know either".to_owned());
            }
            let code = u32::from_str_radix(&digits, 8).unwrap_or(0);
            character(code, class, out)?;
            return Ok(text.get(digits.len()..).unwrap_or_default());
        }
        'x' => {
            let (digits, after) = match rest.strip_prefix('{') {
                Some(braced) => braced.split_once('}').ok_or("has `\\x{` without its end")?,
                None => rest.split_at_checked(2).unwrap_or((rest, "")),
            };
            let hex = !digits.is_empty() && digits.bytes().all(|b| b.is_ascii_hexdigit());
            let code = u32::from_str_radix(digits, 16).ok().filter(|_| hex);
            character(code.ok_or("has `\\x` without a number")?, class, out)?;
            return Ok(after);
        }
        // Escaped for nothing: here they would be the edges of a word.
        '<' | '>' => out.push(c),
        _ => {
            out.push('\\');
            out.push(c);
        }
    }
    Ok(rest)
}

/// A character by its number. There it is one of Unicode, and text is UTF-8.
fn character(code: u32, class: Class, out: &mut String) -> Result<(), String> {
    match char::from_u32(code) {
        Some(c) if c.is_ascii() => out.push_str(&format!("\\x{{{code:x}}}")),
        Some(_) if class == Class::Inside => {
            return Err("has a character above 7f in a class: patterns are over bytes".to_owned());
        }
        Some(c) => out.push(c),
        None => return Err("has a number that is no character".to_owned()),
    }
    Ok(())
}

/// Whether a pattern that compiles has a match of no bytes.
pub(super) fn can_be_empty(pattern: &str) -> bool {
    let syntax = syntax::Config::new().unicode(false).utf8(false);
    let read = syntax::parse_with(pattern, &syntax);
    read.is_ok_and(|hir| {
        hir.properties()
            .minimum_len()
            .is_none_or(|least| least == 0)
    })
}

/// A class by name, as `[:alnum:]`.
fn posix(text: &str) -> Option<&str> {
    let inner = text.strip_prefix("[:")?;
    let end = inner.find(":]")?;
    let name = inner.get(..end)?;
    let name = name.strip_prefix('^').unwrap_or(name);
    let known = !name.is_empty() && name.bytes().all(|b| b.is_ascii_lowercase());
    known.then(|| text.get(..end + 4)).flatten()
}

/// Whether a brace begins `{n}`, `{n,}` or `{n,m}`; any other is a brace.
fn is_repeat(text: &str) -> bool {
    let Some((inner, _)) = text.strip_prefix('{').and_then(|t| t.split_once('}')) else {
        return false;
    };
    let (least, most) = inner.split_once(',').unwrap_or((inner, ""));
    let number = |t: &str| t.bytes().all(|b| b.is_ascii_digit());
    !least.is_empty() && number(least) && number(most)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::Engine;

    #[test]
    fn what_go_writes_otherwise_is_written_so() {
        for (go, want) in [
            (r"a\Qb.c\Ed", r"ab\x2ecd"),
            (r"[\s,]", r"[\t\n\f\r\x20,]"),
            (r"\s\S", r"[\t\n\f\r\x20][^\t\n\f\r\x20]"),
            (r"[a[b]", r"[a\[b]"),
            (r"[[:alnum:]_]", r"[[:alnum:]_]"),
            (r"[]a]", r"[\]a]"),
            (r"[^]a]", r"[^\]a]"),
            (r"[a&&b~~c]", r"[a\&\&b\~\~c]"),
            (r"[a--b]", r"[a\--b]"),
            (r"${x}", r"$\{x}"),
            (r"a{2,3}b{2,}c{4}{", r"a{2,3}b{2,}c{4}\{"),
            (r"\07\123", r"\x{7}\x{53}"),
            (r"\<a\>", r"<a>"),
            (r"\x{6b}\x6b[\x41-\x{5a}]", r"\x{6b}\x{6b}[\x{41}-\x{5a}]"),
            (r"\x{e9}+\xe9\351", "é+éé"),
            (r"\C", r"(?s:.)"),
            (r"(?P<n>a)(?i:b)\z", r"(?P<n>a)(?i:b)\z"),
        ] {
            let got = translate(go).unwrap();
            assert_eq!(got, want, "{go}");
            assert!(Engine::new(&format!("k(?:{got})")).is_ok(), "{got}");
        }
    }

    #[test]
    fn what_has_no_counterpart_is_refused() {
        for go in [
            r"\pL",
            r"\p{Greek}",
            r"[\PN]",
            r"a\1",
            "[é]",
            r"a\",
            r"[\xe9]",
            r"\x{6b",
            r"\x{}",
            r"\xk1",
            r"\x{110000}",
        ] {
            assert!(translate(go).is_err(), "{go}");
        }
    }

    #[test]
    fn what_can_match_nothing_is_told() {
        for (pattern, empty) in [
            (".*", true),
            ("(?:k1)?", true),
            ("^", true),
            (r"\b", true),
            (r"\z", true),
            ("", true),
            ("a|", true),
            (".+", false),
            (r"\bk", false),
            ("k[a-z]*", false),
        ] {
            assert_eq!(can_be_empty(pattern), empty, "{pattern}");
        }
    }
}
