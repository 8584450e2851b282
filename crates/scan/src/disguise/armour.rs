//! Private keys between lines of something else: a mark, a number or a tag stands before and behind
//! each line of the key, the same as before and behind the first one.

use super::Scene;
use super::view::View;

/// What the head of a key ends with; searched in any case.
pub(super) const WORD: &[u8] = b"private key-----";
const ENDS: &[u8] = b"PRIVATE KEY-----";
const BEGINS: &[u8] = b"-----BEGIN ";
const LAST: &[u8] = b"-----END ";
/// Bytes of a head before the word.
const HEAD: usize = 40;
/// Bytes between two lines.
const BETWEEN: usize = 200;
/// Characters of a line at least, the last aside.
const LINE: usize = 32;
/// Bytes of a key.
const MOST: usize = 32 << 10;

/// Calls `each` with every private key whose lines do not stand alone.
pub(super) fn find(scene: &Scene<'_>, view: &mut View, each: &mut dyn FnMut(&View) -> bool) {
    if !scene.hints.armour {
        return;
    }
    let &Scene { text, from, .. } = scene;
    let rest = text.get(from..).unwrap_or_default();
    let mut done = from;
    for found in memchr::memmem::find_iter(rest, ENDS) {
        let end = from + found + ENDS.len();
        if end < done {
            continue;
        }
        if let Some(stop) = key(text, end, view) {
            done = stop;
            if !each(view) {
                return;
            }
        }
    }
}

/// Fills the view with the key whose head ends at `end`; returns where it ends.
fn key(text: &[u8], end: usize, view: &mut View) -> Option<usize> {
    let near = end.saturating_sub(ENDS.len() + HEAD);
    let head = near + memchr::memmem::rfind(text.get(near..end)?, BEGINS)?;
    let first = first_line(text, end)?;
    let between = text.get(end..first)?;
    // What only blanks or escapes part is read as it stands.
    let escaped = between.last().is_some_and(|b| matches!(b, b'\\' | b'%'));
    if escaped || between.iter().all(u8::is_ascii_whitespace) {
        return None;
    }
    view.begin("lines of a key");
    view.copy(text, head..end);
    let mut at = first;
    let mut line = end..first;
    loop {
        let stop = digits(text, at, between);
        view.put(b"\n", line.clone());
        view.copy(text, at..stop);
        if view.plain.len() > MOST {
            break;
        }
        let Some(next) = past(text, stop, between).filter(|_| stop > at) else {
            break;
        };
        line = stop..next;
        at = next;
        if text.get(next..)?.starts_with(LAST) {
            view.put(b"\n-----END", line);
            break;
        }
    }
    view.put(b"\n", at..at);
    view.core = 0..view.plain.len();
    Some(at)
}

/// Where the first line of a key begins whose head ends at `end`.
fn first_line(text: &[u8], end: usize) -> Option<usize> {
    let rest = text.get(end..text.len().min(end + BETWEEN))?;
    let mut start = 0;
    for (at, b) in rest.iter().enumerate() {
        if !is_digit(*b) {
            start = at + 1;
        } else if at + 1 - start == LINE {
            // `{+` marks a line that was added.
            let added = rest.get(start) == Some(&b'+') && rest.get(..start)?.ends_with(b"{");
            return Some(end + start + usize::from(added));
        }
    }
    None
}

/// Where the characters of the line at `at` end, which `between` follows.
fn digits(text: &[u8], at: usize, between: &[u8]) -> usize {
    let rest = text.get(at..).unwrap_or_default();
    let length = rest.iter().take(MOST).take_while(|b| is_digit(**b)).count();
    let belongs = between.first().is_some_and(|b| is_digit(*b));
    at + length - usize::from(belongs && length > 0)
}

fn is_digit(b: u8) -> bool {
    b.is_ascii_alphanumeric() || matches!(b, b'+' | b'/' | b'=')
}

/// Past what is like `between`: numbers differ, and how many blanks there are.
fn past(text: &[u8], at: usize, between: &[u8]) -> Option<usize> {
    let word = |bytes: &[u8]| {
        let part = |b: &&u8| b.is_ascii_alphanumeric();
        bytes.iter().take(BETWEEN).take_while(part).count()
    };
    let blanks = |bytes: &[u8]| {
        let blank = |b: &&u8| matches!(b, b' ' | b'\t');
        bytes.iter().take(BETWEEN).take_while(blank).count()
    };
    let (mut model, mut rest) = (between, text.get(at..)?);
    while let Some(&b) = model.first() {
        let (here, there) = if b.is_ascii_alphanumeric() {
            let (here, there) = (word(model), word(rest));
            let (ours, theirs) = (model.get(..here)?, rest.get(..there)?);
            let counts = ours.iter().any(u8::is_ascii_digit) && there > 0;
            (counts || ours == theirs).then_some((here, there))?
        } else if matches!(b, b' ' | b'\t') {
            (blanks(model), blanks(rest))
        } else {
            (rest.first() == Some(&b)).then_some((1, 1))?
        };
        model = model.get(here..)?;
        rest = rest.get(there..)?;
    }
    Some(text.len() - rest.len())
}

#[cfg(test)]
mod tests {
    use super::super::Hints;
    use super::super::survey::Survey;
    use super::*;

    fn read(text: &str) -> Vec<String> {
        let mut all = Vec::new();
        let scene = Scene {
            text: text.as_bytes(),
            from: 0,
            begins: 0,
            hints: Hints {
                armour: true,
                ..Hints::default()
            },
            survey: &Survey::default(),
        };
        find(&scene, &mut View::default(), &mut |view| {
            all.push(String::from_utf8_lossy(&view.plain).into_owned());
            true
        });
        all
    }

    #[test]
    fn lines_of_a_key_are_put_together() {
        let body = ["Ab3+/".repeat(12), "Cd4/x".repeat(12), "Ef5==".into()];
        let head = ["-----BEGIN RSA", ENDS_OF].join(" ");
        let tail = ["-----END RSA", ENDS_OF].join(" ");
        let lines: Vec<&str> = [head.as_str()]
            .into_iter()
            .chain(body.iter().map(String::as_str))
            .chain([tail.as_str()])
            .collect();
        let want = format!("{head}\n{}\n{}\n{}\n-----END\n", body[0], body[1], body[2]);
        let dressed = |before: &dyn Fn(usize) -> String, behind: &str| -> String {
            let each = |(i, l): (usize, &&str)| format!("{}{l}{behind}", before(i));
            lines.iter().enumerate().map(each).collect()
        };
        for text in [
            dressed(&|_| "-".into(), "\n"),
            dressed(&|i| format!("{:3}\t", i + 8), "\n"),
            dressed(
                &|i| format!("2026-05-04T03:02:{i:02}.1Z INFO [main] c.C - "),
                "\n",
            ),
            dressed(&|_| "api-1  | ".into(), "\n"),
            dressed(&|_| "<text:p>".into(), "</text:p>"),
            dressed(&|_| String::new(), "<br>\n"),
            dressed(&|_| String::new(), "\\par\n"),
            dressed(&|_| "REM ".into(), "\r\n"),
            dressed(&|i| format!("a1b2c3d{i} (Jo 2026-05-04 {i:2}) "), "\n"),
            dressed(&|_| "{+".into(), "+}\n"),
            lines.join("<br>"),
        ] {
            assert_eq!(read(&text), std::slice::from_ref(&want), "{text}");
        }
        // Alone on its lines it is plain, and a head is no key.
        assert!(read(&lines.join("\n")).is_empty());
        assert!(read(&lines.join("\r\n   ")).is_empty());
        assert!(read(&format!("{head}<br>...<br>{tail}")).is_empty());
    }

    const ENDS_OF: &str = concat!("PRIV", "ATE KEY-----");
}
