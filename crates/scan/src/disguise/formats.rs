//! Texts that are nothing but places for others: `"{}{}".format("AB", "CD")`, templates and sums
//! whose parts were given a name a few lines before, and words of a list that are joined.

use std::ops::Range;

use super::Scene;
use super::named;
use super::view::View;

/// Literals of one text.
const PLACES: usize = 16;
/// Bytes between a format and its first literal, and between two.
const BETWEEN: usize = 48;
/// Bytes of one literal.
const LITERAL: usize = 400;
/// Bytes before a template in which its parts are looked for.
const NEAR: usize = 2048;
/// Templates of one text whose parts are looked for.
const TEMPLATES: usize = 64;

/// Bytes of a list of words.
const LIST: usize = 1024;
/// Bytes of a name.
const NAME: usize = 48;

/// Calls `each` with every such text, filled in.
pub(super) fn find(scene: &Scene<'_>, view: &mut View, each: &mut dyn FnMut(&View) -> bool) {
    let _ = (!scene.hints.words || words(scene, view, each))
        && (!scene.hints.sums || sums(scene, view, each));
    if !scene.hints.formats {
        return;
    }
    let &Scene { text, from, .. } = scene;
    let _ = ["{}{}", "%s%s", "{0}{1}"].into_iter().all(|places| {
        let filled = |at: usize, parts: &mut Parts| format(text, at, parts);
        all(
            (text, from),
            places.as_bytes(),
            usize::MAX,
            &filled,
            view,
            each,
        )
    }) && ["`${\"", "`${'"].into_iter().all(|inline| {
        let filled = |at: usize, parts: &mut Parts| template(text, at, parts);
        all(
            (text, from),
            inline.as_bytes(),
            usize::MAX,
            &filled,
            view,
            each,
        )
    }) && ["}${", "}{"].into_iter().all(|between| {
        let filled = |at: usize, parts: &mut Parts| {
            let near = at.saturating_sub(64);
            let head = text.get(near..at)?;
            let quote = head.iter().rposition(|b| matches!(b, b'"' | b'`'))?;
            template(text, near + quote, parts)
        };
        all(
            (text, from),
            between.as_bytes(),
            TEMPLATES,
            &filled,
            view,
            each,
        )
    });
}

/// The literals of a text in order; they stand in the place of `0` to its end.
type Parts = Vec<Range<usize>>;
/// Finds the parts of the text whose sign stands at a place: where its quote opens and closes.
type Filled<'f> = &'f dyn Fn(usize, &mut Parts) -> Option<Range<usize>>;

fn all(
    (text, from): (&[u8], usize),
    sign: &[u8],
    most: usize,
    filled: Filled<'_>,
    view: &mut View,
    each: &mut dyn FnMut(&View) -> bool,
) -> bool {
    let mut parts = Parts::new();
    let mut done = from;
    let rest = text.get(from..).unwrap_or_default();
    for found in memchr::memmem::find_iter(rest, sign).take(most) {
        let at = from + found;
        parts.clear();
        let Some(whole) = (at >= done).then(|| filled(at, &mut parts)).flatten() else {
            continue;
        };
        view.begin("joined literals");
        let start = whole.start + 1;
        let quote = named::copy(text, start, view);
        let core = view.plain.len();
        for part in &parts {
            view.copy(text, part.clone());
        }
        view.core = core..view.plain.len();
        match quote {
            Some(_) => named::close(text, whole.end, quote, view),
            None => view.put(b"\"\n", whole.end..whole.end),
        }
        done = whole.end;
        if view.core.len() >= super::view::LEAST && !each(view) {
            return false;
        }
    }
    true
}

/// Words of a list that are joined: `%w[AB CD].join`, `join '', qw(AB CD)`.
fn words(scene: &Scene<'_>, view: &mut View, each: &mut dyn FnMut(&View) -> bool) -> bool {
    let &Scene { text, from, .. } = scene;
    let mut parts = Parts::new();
    for sign in [&b"%w"[..], b"qw"] {
        let rest = text.get(from..).unwrap_or_default();
        for found in memchr::memmem::find_iter(rest, sign) {
            parts.clear();
            let at = from + found;
            if let Some(whole) = list(text, at, sign == b"qw", &mut parts)
                && !joined((text, whole), &parts, view, each)
            {
                return false;
            }
        }
    }
    true
}

/// The words of the list whose sign stands at `at`, if they are joined with nothing between: where
/// the expression begins and ends.
fn list(text: &[u8], at: usize, perl: bool, parts: &mut Parts) -> Option<Range<usize>> {
    let open = at + 2;
    let close = match text.get(open)? {
        b'[' => b']',
        b'(' => b')',
        b'{' => b'}',
        b'<' => b'>',
        b'/' => b'/',
        _ => return None,
    };
    let inside = text.get(open + 1..text.len().min(open + 1 + LIST))?;
    let inside = inside.get(..memchr::memchr(close, inside)?)?;
    let end = open + 1 + inside.len() + 1;
    let begins = if perl {
        let before = text.get(at.saturating_sub(16)..at)?;
        let nothing = before.trim_ascii_end().strip_suffix(b",")?.trim_ascii_end();
        let nothing = nothing
            .strip_suffix(b"''")
            .or_else(|| nothing.strip_suffix(b"\"\""))?;
        let call = nothing.trim_ascii_end();
        let call = call.strip_suffix(b"(").unwrap_or(call).trim_ascii_end();
        call.ends_with(b"join").then_some(())?;
        at - (before.len() - (call.len() - 4))
    } else {
        let rest = text.get(end..text.len().min(end + 16))?;
        let rest = rest.trim_ascii_start().strip_prefix(b".join")?;
        let with = rest.strip_prefix(b"(").unwrap_or(rest).trim_ascii_start();
        let other = with.first().is_some_and(|b| is_quote(*b));
        if other && !with.starts_with(b"''") && !with.starts_with(b"\"\"") {
            return None;
        }
        at
    };
    let mut start = open + 1;
    for word in inside.split(u8::is_ascii_whitespace) {
        if !word.is_empty() {
            parts.push(start..start + word.len());
        }
        start += word.len() + 1;
    }
    (2..=PLACES).contains(&parts.len()).then_some(begins..end)
}

/// Sums of literals that were given names: `key = a + b`, `$key = $a . $b`.
fn sums(scene: &Scene<'_>, view: &mut View, each: &mut dyn FnMut(&View) -> bool) -> bool {
    let &Scene { text, from, .. } = scene;
    let mut parts = Parts::new();
    let mut tried = 0;
    for sign in [&b" + "[..], b" . "] {
        let rest = text.get(from..).unwrap_or_default();
        let mut done = from;
        for found in memchr::memmem::find_iter(rest, sign) {
            let at = from + found;
            let Some(start) = (at >= done).then(|| begins(text, at)).flatten() else {
                continue;
            };
            tried += 1;
            if tried > TEMPLATES {
                return true;
            }
            parts.clear();
            if let Some(end) = terms(text, start, sign, &mut parts) {
                done = end;
                if !joined((text, start..end), &parts, view, each) {
                    return false;
                }
            }
        }
    }
    true
}

/// Where the name begins that stands before `at`, if it is the first thing that is assigned.
fn begins(text: &[u8], at: usize) -> Option<usize> {
    let before = text.get(at.saturating_sub(NAME)..at)?;
    let name = before.iter().rev().take_while(|b| is_name(**b)).count();
    let start = at - name;
    let lead = before.get(..before.len() - name)?;
    let first = text.get(start).is_some_and(|b| !b.is_ascii_digit());
    (name > 0 && first && lead.ends_with(b"= ")).then_some(start)
}

/// The literals whose names are added up from `start` on; where the sum ends.
fn terms(text: &[u8], start: usize, sign: &[u8], parts: &mut Parts) -> Option<usize> {
    let mut at = start;
    loop {
        let rest = text.get(at..text.len().min(at + NAME))?;
        let length = rest.iter().take_while(|b| is_name(**b)).count();
        let name = rest.get(..length)?;
        if parts.len() >= PLACES {
            return None;
        }
        parts.push(given(text, start, name.strip_prefix(b"$").unwrap_or(name))?);
        at += length;
        let rest = text.get(at..)?;
        if !rest.starts_with(sign) {
            let over = rest
                .first()
                .is_none_or(|b| matches!(b, b';' | b'\n' | b'\r' | b','));
            return (over && parts.len() > 1).then_some(at);
        }
        at += sign.len();
    }
}

fn is_name(b: u8) -> bool {
    b.is_ascii_alphanumeric() || matches!(b, b'_' | b'$')
}

/// Calls `each` with the parts in the place of an expression, as one literal.
fn joined(
    (text, whole): (&[u8], Range<usize>),
    parts: &Parts,
    view: &mut View,
    each: &mut dyn FnMut(&View) -> bool,
) -> bool {
    view.begin("joined literals");
    view.copy(text, super::view::before(text, whole.start)..whole.start);
    view.put(b"\"", whole.start..whole.start);
    let core = view.plain.len();
    for part in parts {
        view.copy(text, part.clone());
    }
    view.core = core..view.plain.len();
    view.put(b"\"\n", whole.end..whole.end);
    view.core.len() < super::view::LEAST || each(view)
}

/// A literal of nothing but places, whose first stands at `at`, and literals for all of them.
fn format(text: &[u8], at: usize, parts: &mut Parts) -> Option<Range<usize>> {
    let open = at.checked_sub(1)?;
    let quote = *text.get(open).filter(|b| is_quote(**b))?;
    let (mut end, mut places) = (at, 0);
    loop {
        let rest = text.get(end..)?;
        end += match rest {
            [b'{', b'}', ..] | [b'%', b's', ..] => 2,
            [b'{', b'0'..=b'9', b'}', ..] => 3,
            [b, ..] if *b == quote => break,
            _ => return None,
        };
        places += 1;
    }
    let mut stop = end + 1;
    if places > PLACES {
        return None;
    }
    while parts.len() < places {
        let rest = text.get(stop..text.len().min(stop + BETWEEN))?;
        let opens = rest.iter().position(|b| is_quote(*b))?;
        let between = rest.get(..opens)?;
        let word = |b: &u8| b.is_ascii_alphabetic();
        let sign =
            |b: &u8| b.is_ascii_whitespace() || matches!(b, b',' | b'(' | b'.' | b'%' | b'-');
        let first = parts.is_empty();
        let only = between.iter().all(|b| sign(b) || (first && word(b)));
        let part = literal(text, stop + opens).filter(|_| only)?;
        stop = part.end + 1;
        parts.push(part);
    }
    Some(open..end)
}

/// A template between the quote at `open` and its next, of nothing but parts with names, or of
/// literals.
fn template(text: &[u8], open: usize, parts: &mut Parts) -> Option<Range<usize>> {
    let quote = *text.get(open)?;
    let mut at = open + 1;
    while text.get(at)? != &quote {
        let dollar = usize::from(text.get(at) == Some(&b'$'));
        if text.get(at + dollar) != Some(&b'{') || parts.len() >= PLACES {
            return None;
        }
        let inside = at + dollar + 1;
        let part = match text.get(inside).filter(|b| is_quote(**b)) {
            Some(_) => {
                let part = literal(text, inside)?;
                at = part.end + 1;
                part
            }
            None => {
                let rest = text.get(inside..text.len().min(inside + 48))?;
                let length = memchr::memchr(b'}', rest)?;
                at = inside + length;
                given(text, open, rest.get(..length)?)?
            }
        };
        if text.get(at) != Some(&b'}') {
            return None;
        }
        at += 1;
        parts.push(part);
    }
    (parts.len() > 1).then_some(open..at)
}

/// The literal that was given the name, last before `at`.
fn given(text: &[u8], at: usize, name: &[u8]) -> Option<Range<usize>> {
    let word = |b: &u8| b.is_ascii_alphanumeric() || *b == b'_';
    // `local.name`
    let name = name.rsplit(|b| *b == b'.').next()?;
    if name.is_empty() || !name.iter().all(word) {
        return None;
    }
    let near = at.saturating_sub(NEAR);
    let mut end = at;
    while let Some(found) = memchr::memmem::rfind(text.get(near..end)?, name) {
        let start = near + found;
        let behind = start + name.len();
        let alone = !start
            .checked_sub(1)
            .and_then(|i| text.get(i))
            .is_some_and(word);
        let rest = text.get(behind..at)?;
        let blank = |b: &&u8| matches!(b, b' ' | b'\t' | b':');
        let gap = rest.iter().take(8).take_while(blank).count();
        if alone && rest.get(gap) == Some(&b'=') {
            let gap = gap + 1;
            let blanks = rest.get(gap..)?.iter().take(8).take_while(blank).count();
            let opens = behind + gap + blanks;
            return text
                .get(opens)
                .filter(|b| is_quote(**b))
                .and_then(|_| literal(text, opens));
        }
        end = start;
    }
    None
}

/// The content of the literal whose quote opens at `open`.
fn literal(text: &[u8], open: usize) -> Option<Range<usize>> {
    let quote = *text.get(open)?;
    let start = open + 1;
    let rest = text.get(start..text.len().min(start + LITERAL))?;
    let end = memchr::memchr3(quote, b'\n', b'\\', rest)?;
    (rest.get(end) == Some(&quote)).then_some(start..start + end)
}

fn is_quote(b: u8) -> bool {
    matches!(b, b'"' | b'\'' | b'`')
}

#[cfg(test)]
mod tests {
    use super::super::tests::{VALUE, one, scan};

    #[test]
    fn places_are_filled() {
        let (head, tail) = VALUE.split_at(12);
        for text in [
            format!("key = \"{{}}{{}}\".format(\"{head}\", \"{tail}\")"),
            format!("key = \"%s%s\" % (\"{head}\", \"{tail}\")"),
            format!("$key = sprintf('%s%s', \"{head}\", '{tail}');"),
            format!("String key = String.format(\"%s%s\", \"{head}\",\n  \"{tail}\");"),
            format!("let key = format!(\"{{}}{{}}\", \"{head}\", \"{tail}\");"),
            format!("KEY=$(printf '%s%s' '{head}' '{tail}')"),
            format!("$key = \"{{0}}{{1}}\" -f \"{head}\", \"{tail}\""),
            format!("const key = `${{'{head}'}}${{'{tail}'}}`;"),
            format!("const a = \"{head}\";\nconst b = '{tail}';\nconst key = `${{a}}${{b}}`;"),
            format!("a = \"{head}\"\nb = \"{tail}\"\nkey = f\"{{a}}{{b}}\""),
            format!("A=\"{head}\"\nB=\"{tail}\"\nexport KEY=\"${{A}}${{B}}\""),
            format!("a = \"{head}\"\nb = \"{tail}\"\nkey = \"${{local.a}}${{local.b}}\""),
            format!("let a = \"{head}\";\nlet b = '{tail}';\nlet token = a + b;\n"),
            format!("$a = \"{head}\";\n$b = '{tail}';\n$token = $a . $b;\n"),
            format!("token = %w[{head} {tail}].join\n"),
            format!("token = %w({head}\n  {tail}).join(\"\")\n"),
            format!("my $token = join '', qw({head} {tail});\n"),
            format!("my $token = join(\"\", qw/{head} {tail}/);\n"),
        ] {
            assert_eq!(one(text.as_bytes()).1, "joined literals", "{text}");
        }
        for twin in [
            format!("key = \"{{}}-{{}}\".format(\"{head}\", \"{tail}\")"),
            format!("key = \"%s%s\" % (\"{head}\", other)"),
            format!("a = \"{head}\"\nkey = f\"{{a}}{{b}}\" # {tail}"),
            format!("let a = \"{head}\";\nlet b = '{tail}';\nlet token = a + c + b;\n"),
            format!("let a = \"{head}\";\nlet b = '{tail}';\nlet token = a - b;\n"),
            format!("token = %w[{head} {tail}].join(\"-\")\n"),
            format!("token = %w[{head} {tail}].map\n"),
            format!("my $token = join '-', qw({head} {tail});\n"),
            format!("my @token = qw({head} {tail});\n"),
        ] {
            assert!(scan(twin.as_bytes()).findings.is_empty(), "{twin}");
        }
    }
}
