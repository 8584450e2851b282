//! Comments that ask for silence: ours, and other tools'.

use lychgate_model::comment::{STYLES, Style, Where};
use lychgate_model::{RuleId, path::printable, spelling};

use crate::scanned::Day;
use crate::value::{Secret, ValueKey, ValueTag};

/// A word that the prefilter looks for.
pub(crate) struct Word {
    pub(crate) text: &'static str,
    /// Whose it is; ours is empty.
    tool: &'static str,
    next_line: bool,
}

const fn word(text: &'static str, tool: &'static str) -> Word {
    Word {
        text,
        tool,
        next_line: false,
    }
}

/// Markers of scanners for secrets, features 6.1, and of others where they name secrets. What only
/// linters know (`noqa`, `NOLINT`, `zizmor`, ...) silences no secret and is not read.
pub(crate) const WORDS: [Word; 15] = [
    word("lychgate:", ""),
    word("gitleaks:allow", "gitleaks"),
    word("betterleaks:allow", "betterleaks"),
    word("trufflehog:ignore", "trufflehog"),
    word("pragma: allowlist secret", "detect-secrets"),
    word("pragma: whitelist secret", "detect-secrets"),
    Word {
        text: "pragma: allowlist nextline secret",
        tool: "detect-secrets",
        next_line: true,
    },
    Word {
        text: "pragma: whitelist nextline secret",
        tool: "detect-secrets",
        next_line: true,
    },
    word("ggignore", "ggshield"),
    word("kingfisher:ignore", "kingfisher"),
    word("nosemgrep", "semgrep"),
    word("nosec", "bandit"),
    word("checkov:skip=", "checkov"),
    word("trivy:ignore:", "trivy"),
    word("tfsec:ignore:", "tfsec"),
];

/// Bytes before a marker that are read to tell a comment from a string literal.
const LOOK_BEHIND: usize = 1024;
/// Bytes after it: rule, date and reason.
pub(crate) const LOOK_AHEAD: usize = 512;
/// Longest reason kept.
const REASON: usize = 200;

/// A marker, in the coordinates of the text.
#[derive(Debug)]
pub(crate) struct Heard {
    /// From the marker's word to the end of what was read.
    pub(crate) start: u64,
    pub(crate) end: u64,
    pub(crate) says: Says,
}

/// What it says.
#[derive(Debug)]
pub(crate) enum Says {
    Allow {
        rule: RuleId,
        until: Day,
        reason: Box<str>,
    },
    Foreign {
        tool: &'static str,
        next_line: bool,
    },
    /// Begins like an allow line; what is wrong, and a tag of its text.
    Malformed {
        what: &'static str,
        value: ValueTag,
    },
}

/// Reads the marker whose word number `number` ends at index `end` of `bytes`; `None`: the word
/// stands there by chance.
pub(crate) fn read(
    number: u8,
    bytes: &[u8],
    end: usize,
    base: u64,
    key: &ValueKey,
) -> Option<Heard> {
    let word = WORDS.get(usize::from(number))?;
    let start = end.checked_sub(word.text.len())?;
    let before = bytes.get(start.saturating_sub(LOOK_BEHIND)..start)?;
    let after = bytes.get(end..bytes.len().min(end + LOOK_AHEAD))?;
    let place = |length: usize, says| Heard {
        start: base + start as u64,
        end: base + (end + length) as u64,
        says,
    };
    if !word.tool.is_empty() {
        let letter = |b: Option<&u8>| b.is_some_and(u8::is_ascii_alphanumeric);
        let open = word.text.ends_with(|c: char| c.is_ascii_alphanumeric());
        if letter(before.last()) || (open && letter(after.first())) {
            return None;
        }
        let line = before.rsplit(|&b| b == b'\n').next().unwrap_or_default();
        if line.len() == LOOK_BEHIND {
            return None;
        }
        let comment = comment_in(line)?;
        let rest = after.split(|&b| matches!(b, b'\n' | b'\r'));
        if !is_about_secrets(word.tool, rest.into_iter().next().unwrap_or_default()) {
            return None;
        }
        // Semgrep's stands on the line or, alone, above it.
        let alone = line.get(..comment)?.trim_ascii().is_empty();
        let says = Says::Foreign {
            tool: word.tool,
            next_line: word.next_line || (word.tool == "semgrep" && alone),
        };
        return Some(place(0, says));
    }
    let line = before.rsplit(|&b| b == b'\n').next().unwrap_or_default();
    let rest = after
        .split(|&b| matches!(b, b'\n' | b'\r'))
        .next()
        .unwrap_or_default();
    if line.len() == LOOK_BEHIND || !opens_comment(line, rest) {
        return None;
    }
    let (verb, text) = next_word(rest);
    let asked = match verb {
        b"allow" => allow(text),
        other => Err(meant(other, text)?),
    };
    let says = asked.unwrap_or_else(|what| Says::Malformed {
        what,
        value: Secret::new(rest.trim_ascii()).tag(key),
    });
    Some(place(rest.len(), says))
}

/// Whether a marker of a tool that looks for more than secrets is about them: by the ids after it.
/// Bandit's alone is about everything.
fn is_about_secrets(tool: &str, rest: &[u8]) -> bool {
    let names = |needle: &[u8]| {
        rest.windows(needle.len())
            .any(|w| w.eq_ignore_ascii_case(needle))
    };
    match tool {
        "semgrep" | "trivy" | "tfsec" => names(b"secret"),
        "checkov" => names(b"CKV_SECRET"),
        "bandit" => {
            let id = rest.trim_ascii_start();
            let ids = id.split(|b| !b.is_ascii_alphanumeric());
            let is_id = |w: &&[u8]| {
                matches!(w, [b'B' | b'G', digits @ ..] if digits.len() == 3
                    && digits.iter().all(u8::is_ascii_digit))
            };
            let mut ids = ids.filter(is_id).peekable();
            ids.peek().is_none()
                || ids.any(|id| [&b"B105"[..], b"B106", b"B107", b"G101"].contains(&id))
        }
        _ => true,
    }
}

/// Where the comment begins that is open at the end of `line`; `None`: code or a string is.
fn comment_in(line: &[u8]) -> Option<usize> {
    let mut open = None;
    let mut previous = b' ';
    let mut blank = true;
    let mut at = 0;
    while let Some(&b) = line.get(at) {
        let rest = line.get(at..).unwrap_or_default();
        if let Some(quote) = open {
            if b == b'\\' {
                at += 1;
            } else if b == quote {
                open = None;
            }
        } else if let Some(style) = opening(rest, previous, blank) {
            let after = rest.get(style.open.len()..).unwrap_or_default();
            let close = style.close.as_bytes();
            let end = after.windows(close.len().max(1)).position(|w| w == close);
            let Some(end) = end.filter(|_| !close.is_empty()) else {
                return Some(at);
            };
            at += style.open.len() + end + close.len() - 1;
        } else if matches!(b, b'"' | b'`') || (b == b'\'' && !previous.is_ascii_alphanumeric()) {
            open = Some(b);
        }
        blank &= b.is_ascii_whitespace();
        previous = b;
        at += 1;
    }
    None
}

/// Openings that are nothing else in any language: any of them may stand far before the words of
/// another tool.
const SURE: [&str; 11] = [
    "#", "//", "/*", "--", ";", "%", "<!--", "<%--", "<%#", "rem", "*",
];

/// The style of the comment that opens `rest`.
fn opening(rest: &[u8], previous: u8, blank: bool) -> Option<&'static Style> {
    let opens = |style: &&Style| {
        let open = style.open.as_bytes();
        let here = rest
            .get(..open.len())
            .is_some_and(|r| r.eq_ignore_ascii_case(open));
        let ends = |b: &u8| !b.is_ascii_alphanumeric();
        let whole = ends(open.last().unwrap_or(&b' ')) || rest.get(open.len()).is_none_or(ends);
        let place = match (style.open, style.at) {
            (open, _) if !SURE.contains(&open) => false,
            // A comment of SQL, not a decrement; and of no web address.
            ("--", _) | (_, Where::Clear) => previous.is_ascii_whitespace(),
            ("//", _) => previous != b':',
            (_, Where::Anywhere) => true,
            (_, Where::First) => blank,
        };
        here && whole && place
    };
    let all = STYLES.iter().filter(opens);
    all.max_by_key(|style| style.open.len())
}

/// Whether a line up to a marker ends with a comment's opening, outside of a string literal.
/// `rest` is what follows the marker.
fn opens_comment(line: &[u8], rest: &[u8]) -> bool {
    let line = line.trim_ascii_end();
    // Comments for documentation.
    let line = [&b"//!"[..], b"///", b"/**"]
        .into_iter()
        .find(|open| line.ends_with(open))
        .and_then(|_| line.get(..line.len() - 1))
        .unwrap_or(line);
    let code_of = |style: &Style| {
        let at = line.len().checked_sub(style.open.len())?;
        let (code, open) = line.split_at_checked(at)?;
        open.eq_ignore_ascii_case(style.open.as_bytes())
            .then_some(code)
    };
    let opened = STYLES.iter().filter_map(|s| Some((s, code_of(s)?)));
    let Some((style, code)) = opened.max_by_key(|(style, _)| style.open.len()) else {
        return false;
    };
    let fits = match (style.open, style.at) {
        // `https://` opens no comment.
        ("//", _) => !code.ends_with(b":"),
        (_, Where::Anywhere) => true,
        // A fragment of a URL, the end of a statement, a remainder: not after a word.
        (_, Where::Clear) => {
            let repeated: &[u8] = if style.open.len() == 1 { b"#;%!" } else { b"" };
            let code = without_end(code, repeated);
            code.last().is_none_or(u8::is_ascii_whitespace)
        }
        (_, Where::First) => code.trim_ascii().is_empty(),
    };
    // What a quote opens and ends is a string.
    let ended = || {
        let rest = without_end(rest.trim_ascii_end(), b",;)]}+\\");
        rest.trim_ascii_end().ends_with(style.open.as_bytes())
    };
    let string = matches!(style.open, "'" | "\"") && ended();
    fits && !string && !ends_inside_string(code)
}

fn without_end<'l>(line: &'l [u8], set: &[u8]) -> &'l [u8] {
    let last = line.iter().rposition(|b| !set.contains(b));
    line.get(..last.map_or(0, |i| i + 1)).unwrap_or_default()
}

/// Whether a quote that was opened on this line is still open at its end. An apostrophe inside a
/// word opens nothing.
fn ends_inside_string(code: &[u8]) -> bool {
    let mut open = None;
    let mut escaped = false;
    let mut previous = b' ';
    for &b in code {
        if escaped {
            escaped = false;
        } else if b == b'\\' {
            escaped = true;
        } else if open == Some(b) {
            open = None;
        } else if open.is_none() {
            let opens =
                matches!(b, b'"' | b'`') || (b == b'\'' && !previous.is_ascii_alphanumeric());
            open = opens.then_some(b);
        }
        previous = b;
    }
    open.is_some()
}

/// Words that people write for `allow`.
const FOR_ALLOW: [&str; 11] = [
    "ignore",
    "disable",
    "skip",
    "accept",
    "permit",
    "suppress",
    "exclude",
    "waive",
    "whitelist",
    "allowlist",
    "allow-line",
];

/// What is wrong with a word that stands where `allow` should; `None`: it is prose.
fn meant(verb: &[u8], text: &[u8]) -> Option<&'static str> {
    let verb = std::str::from_utf8(verb).ok()?.to_ascii_lowercase();
    let verb = verb.trim_end_matches([':', '=', '(', ',']);
    if verb == "allow" {
        return Some("write `allow` in lower case, and a space after it");
    }
    let known = FOR_ALLOW.contains(&verb) || spelling::is_slip(verb, "allow");
    // Prose about the gate uses these words too: an attempt names a rule.
    let (rule, rest) = next_word(text);
    let rule = std::str::from_utf8(rule).ok().and_then(RuleId::new);
    let named = rule.is_some_and(|r| r.as_str().contains('.') || next_word(rest).0 == b"until");
    (known && named).then_some("is no word of ours, write `allow`")
}

/// `RULE until YYYY-MM-DD because REASON`, or what is missing.
fn allow(text: &[u8]) -> Result<Says, &'static str> {
    let (rule, rest) = next_word(text);
    let rule = std::str::from_utf8(rule).ok().and_then(RuleId::new);
    let rule = rule.ok_or("no rule id after `allow`")?;
    let (until, rest) = next_word(rest);
    if until != b"until" {
        return Err("no `until YYYY-MM-DD` after the rule id");
    }
    let (day, rest) = next_word(rest);
    let until = day_of(day).ok_or("no such day after `until`, write YYYY-MM-DD")?;
    let (because, rest) = next_word(rest);
    if because != b"because" {
        return Err("no `because` and a reason after the date");
    }
    let mut reason = rest.trim_ascii();
    let closes = |s: &&Style| !s.close.is_empty() && reason.ends_with(s.close.as_bytes());
    let close = STYLES.iter().filter(closes).max_by_key(|s| s.close.len());
    if let Some(bare) = close.and_then(|s| reason.strip_suffix(s.close.as_bytes())) {
        reason = bare.trim_ascii_end();
    }
    let letters = reason.iter();
    let letters = letters.filter(|b| b.is_ascii_alphanumeric() || **b >= 0x80);
    match letters.count() {
        0 => return Err("no reason after `because`"),
        1 | 2 => return Err("the reason after `because` has fewer than 3 letters or digits"),
        _ => {}
    }
    if reason.starts_with(b"<") && reason.ends_with(b">") {
        return Err("write the reason in place of the printed <why>");
    }
    let reason = printable(reason.get(..REASON).unwrap_or(reason)).into();
    Ok(Says::Allow {
        rule,
        until,
        reason,
    })
}

fn next_word(text: &[u8]) -> (&[u8], &[u8]) {
    let text = text.trim_ascii_start();
    let end = text
        .iter()
        .position(u8::is_ascii_whitespace)
        .unwrap_or(text.len());
    text.split_at_checked(end).unwrap_or((text, &[]))
}

/// A day of the calendar.
fn day_of(text: &[u8]) -> Option<Day> {
    let [y1, y2, y3, y4, b'-', m1, m2, b'-', d1, d2] = text else {
        return None;
    };
    let digit = |b: &u8| b.is_ascii_digit().then(|| u16::from(b - b'0'));
    let two = |a, b| Some(digit(a)? * 10 + digit(b)?);
    let year = two(y1, y2)? * 100 + two(y3, y4)?;
    let month = u8::try_from(two(m1, m2)?).ok()?;
    let day = u8::try_from(two(d1, d2)?).ok()?;
    let leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    let days = match month {
        1 | 3 | 5 | 7 | 8 | 10 | 12 => 31,
        4 | 6 | 9 | 11 => 30,
        2 if leap => 29,
        2 => 28,
        _ => return None,
    };
    (year > 0 && (1..=days).contains(&day)).then_some(Day { year, month, day })
}

#[cfg(test)]
mod tests;
