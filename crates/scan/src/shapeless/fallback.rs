//! Literals that hold where a look-up finds nothing: `System.getenv("X") ?: "..."`,
//! `env::var("X").unwrap_or("...")`. They belong to the name that the whole is assigned to, whatever
//! is looked up.

use super::evidence::Fact;
use super::operator::{Lead, at, blanks, is_quote};
use super::{extent, words};

/// Longest look-up.
const LOOKUP: usize = 200;
/// Methods whose argument stands in for what is missing.
const CALLS: [&[u8]; 8] = [
    b".unwrap_or(",
    b".unwrap_or_else(",
    b".orelse(",
    b".orelseget(",
    b".getorelse(",
    b".or_else(",
    b".getordefault(",
    b".getorelse{",
];

/// The literal behind the look-up that `lead` leads to.
pub(super) fn lead(text: &[u8], lead: &Lead) -> Option<Lead> {
    let assigned = matches!(lead.fact, Fact::Assigned | Fact::Mapped | Fact::Passed);
    let first = at(text, lead.at);
    let begins = first.is_ascii_alphanumeric() || b"$_(@*&\\".contains(&first);
    if !assigned || lead.element || lead.until.is_some() || !begins {
        return None;
    }
    let literal = literal(text, lead.at)?;
    Some(Lead::quoted(lead.fact, literal))
}

/// Walks an expression to the first literal that an operator or a method gives in its place.
fn literal(text: &[u8], from: usize) -> Option<usize> {
    let most = text.len().min(from + LOOKUP);
    let (mut i, mut depth, mut listed) = (from, 0usize, false);
    while i < most {
        let this = at(text, i);
        if let Some(behind) = operator(text, i)
            && depth <= usize::from(!listed)
        {
            i = blanks(text, behind);
            if let Some(found) = opens(text, i) {
                return Some(found);
            }
            continue;
        }
        match this {
            b'.' if depth == 0 => {
                let rest = text.get(i..most)?;
                if let Some(call) = CALLS.iter().find(|c| words::begins(rest, c)) {
                    return argument(text, i + call.len());
                }
                i += 1;
            }
            b'(' | b'[' => {
                depth += 1;
                i += 1;
            }
            b')' | b']' => {
                depth = depth.checked_sub(1)?;
                i += 1;
            }
            b',' if depth > 0 => {
                listed = true;
                i = blanks(text, i + 1);
            }
            b'"' | b'\'' => i = past(text, i, most)?,
            // Two words side by side are a sentence, unless the first one is a sign.
            b' ' | b'\t' => {
                let next = blanks(text, i);
                let word = text.get(from..i)?;
                let sign = [&b"await"[..], b"new"].iter().any(|w| word.ends_with(w));
                if operator(text, next).is_none() && !sign {
                    return None;
                }
                i = next;
            }
            b'?' if matches!(at(text, i + 1), b'.' | b'[' | b'-') => i += 1,
            b'-' if at(text, i + 1) == b'>' => i += 2,
            b'_' | b'.' | b'$' | b':' | b'!' | b'@' | b'*' | b'&' | b'\\' => i += 1,
            _ if this.is_ascii_alphanumeric() => i += 1,
            _ => return None,
        }
    }
    None
}

/// Where what stands behind `||`, `??`, `?:` or `or` at `i` begins.
fn operator(text: &[u8], i: usize) -> Option<usize> {
    let spaced = |b: u8| matches!(b, b' ' | b'\t');
    match (at(text, i), at(text, i + 1), at(text, i + 2)) {
        (b'|', b'|', next) | (b'?', b'?', next) if next != b'=' => Some(i + 2),
        (b'?', b':', _) => Some(i + 2),
        (b'o', b'r', next) if spaced(next) && spaced(at(text, i.wrapping_sub(1))) => Some(i + 2),
        _ => None,
    }
}

/// Where the literal of an argument begins, in a closure or not. Of two, the first one is a name.
fn argument(text: &[u8], from: usize) -> Option<usize> {
    let mut i = blanks(text, from);
    let heads: [&[u8]; 6] = [b"|_|", b"||", b"|_e|", b"|e|", b"() ->", b"() =>"];
    let rest = text.get(i..)?;
    if let Some(head) = heads.iter().find(|h| rest.starts_with(h)) {
        i = blanks(text, i + head.len());
    }
    let open = opens(text, i)?;
    if !is_quote(at(text, open)) {
        return Some(open);
    }
    let most = text.len().min(open + LOOKUP);
    let behind = blanks(text, past(text, open, most).unwrap_or(open));
    match at(text, behind) {
        b',' => opens(text, blanks(text, behind + 1)),
        _ => Some(open),
    }
}

/// Where a literal begins that stands at `i`, perhaps in a call that leaves it as it is.
fn opens(text: &[u8], i: usize) -> Option<usize> {
    let n = usize::from(matches!(at(text, i), b'r' | b'b' | b'u' | b'@'));
    let quote = is_quote(at(text, i)) || is_quote(at(text, i + n));
    // As part of a longer literal its quotes are escaped.
    let escaped = at(text, i) == b'\\' && is_quote(at(text, i + 1));
    let rest = text.get(i..)?;
    (quote || escaped || extent::wrapper(rest).is_some()).then_some(i)
}

/// Past the literal that opens at `open`.
fn past(text: &[u8], open: usize, most: usize) -> Option<usize> {
    let rest = text.get(open + 1..most)?;
    let close = memchr::memchr3(at(text, open), b'\n', b'\\', rest)?;
    (at(rest, close) == at(text, open)).then_some(open + close + 2)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(text: &str) -> Option<&str> {
        let lead = lead(text.as_bytes(), &Lead::to(Fact::Assigned, 0))?;
        text.get(lead.at..)
    }

    #[test]
    fn look_ups_have_a_literal_behind_them() {
        for text in [
            "System.getenv(\"X\") ?: \"~\"",
            "Environment.GetEnvironmentVariable(\"X\") ?? \"~\"",
            "getenv('X') ?: '~'",
            "$_ENV['X'] ?? '~'",
            "os.getenv('X') or '~'",
            "process.env.X || '~'",
            "process.env.X ?? process.env.Y ?? '~'",
            "(process.env.X || '~')",
            "await cfg.get('a', b) || '~'",
            "cfg?.db?.x || '~'",
            "this->settings->x ?: '~'",
            "env::var(\"X\").unwrap_or(\"~\")",
            "env::var(\"X\").unwrap_or_else(|_| \"~\".into())",
            "env::var(\"X\").unwrap_or_else(|_| String::from(\"~\"))",
            "Optional.ofNullable(System.getenv(\"X\")).orElse(\"~\")",
            "sys.env.get(\"X\").getOrElse(\"~\")",
            "sys.env.getOrElse(\"X\", \"~\")",
        ] {
            assert!(found(text).is_some_and(|t| t.contains('~')), "{text}");
            assert!(found(text).is_some_and(|t| !t.contains('X')), "{text}");
        }
    }

    #[test]
    fn what_is_no_look_up_has_none() {
        for text in [
            "use the old one or \"~\"",
            "a, b || '~'",
            "a) || '~'",
            "f(a, b || '~')",
            "v => !!v || '~'",
            "a == b || '~'",
            "a ? b : c || '~'",
            "a; b || '~'",
            "a\n || '~'",
            "a && b || '~'",
            "'x' || '~'",
            "env::var(\"X\").unwrap_or_default()",
            "process.env.X || other",
            "floor '~'",
        ] {
            assert_eq!(found(text), None, "{text}");
        }
    }
}
