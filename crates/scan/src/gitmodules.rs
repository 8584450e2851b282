//! What a `.gitmodules` file may not say: three keys that old Gits acted upon.

use crate::structural as rules;
use crate::tree::Flaw;

/// Longest file read; Git's own have a few kilobytes.
const MOST: usize = 1 << 20;

/// Calls `flaw` for every value that is dangerous in the file of that name. Content of any other
/// file may be given: the rules apply to the one path only.
pub(crate) fn judge(bytes: &[u8], flaw: &mut dyn FnMut(Flaw)) {
    let bytes = bytes.get(..MOST).unwrap_or(bytes);
    let mut at = 0;
    let mut inside = false;
    while at < bytes.len() {
        let rest = bytes.get(at..).unwrap_or_default();
        let length = logical_line(rest);
        let line = rest.get(..length).unwrap_or_default();
        let start = at + line.len() - line.trim_ascii_start().len();
        at += length + 1;
        let text = line.trim_ascii();
        if text.starts_with(b"[") {
            let word = text.get(1..10).unwrap_or_default();
            inside = word.eq_ignore_ascii_case(b"submodule");
            let name = text.split(|&b| b == b'"').nth(1).unwrap_or_default();
            if inside && (climbs(name) || name.starts_with(b"-")) {
                flaw(Flaw {
                    rule: rules::SUBMODULE_PATH,
                    at: start,
                    length: text.len(),
                });
            }
            // A key may follow on the same line; Git reads it.
            let Some(end) = memchr::memrchr(b']', text) else {
                continue;
            };
            if inside {
                key(
                    text.get(end + 1..).unwrap_or_default(),
                    start + end + 1,
                    flaw,
                );
            }
        } else if inside {
            key(text, start, flaw);
        }
    }
}

/// Up to the line end that no backslash takes back.
fn logical_line(text: &[u8]) -> usize {
    memchr::memchr_iter(b'\n', text)
        .find(|&i| {
            let line = text.get(..i).unwrap_or_default();
            !line.strip_suffix(b"\r").unwrap_or(line).ends_with(b"\\")
        })
        .unwrap_or(text.len())
}

fn key(text: &[u8], at: usize, flaw: &mut dyn FnMut(Flaw)) {
    let Some(equals) = memchr::memchr(b'=', text) else {
        return;
    };
    let (name, value) = text.split_at(equals);
    // Quotes, escapes and continued lines are how a value is spelt, not what it says.
    let value: Vec<u8> = value
        .iter()
        .skip(1)
        .copied()
        .filter(|b| !matches!(b, b'"' | b'\\' | b'\n' | b'\r'))
        .collect();
    let value = value.trim_ascii();
    let name = name.trim_ascii().to_ascii_lowercase();
    let folded = value.to_ascii_lowercase();
    let encoded_line = [&b"%0a"[..], b"%0d"]
        .iter()
        .any(|n| folded.windows(3).any(|w| w == *n));
    let rule = match name.as_slice() {
        b"url" if value.starts_with(b"-") || folded.starts_with(b"ext::") || encoded_line => {
            rules::SUBMODULE_URL
        }
        b"path" if value.starts_with(b"-") || value.starts_with(b"/") || climbs(value) => {
            rules::SUBMODULE_PATH
        }
        b"update" if value.starts_with(b"!") => rules::SUBMODULE_COMMAND,
        _ => return,
    };
    flaw(Flaw {
        rule,
        at,
        length: text.len(),
    });
}

fn climbs(path: &[u8]) -> bool {
    path.split(|b| matches!(b, b'/' | b'\\'))
        .any(|part| part == b"..")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(text: &str) -> Vec<&'static str> {
        let mut out = Vec::new();
        judge(text.as_bytes(), &mut |f| out.push(f.rule));
        out
    }

    #[test]
    fn dangerous_values_are_found_and_usual_ones_are_not() {
        let usual = "[submodule \"lib\"]\n\tpath = vendor/lib\n\turl = https://example.org/lib.git\n\
                     \tupdate = rebase\n\turl = ../sibling.git\n";
        assert!(found(usual).is_empty());
        for (line, rule) in [
            ("url = -u./payload", rules::SUBMODULE_URL),
            ("URL=\"--upload-pack=x\"", rules::SUBMODULE_URL),
            ("url = ext::sh -c x", rules::SUBMODULE_URL),
            ("url = \\\n-x", rules::SUBMODULE_URL),
            ("url = https://h/%0Ahost=x", rules::SUBMODULE_URL),
            ("path = ../x", rules::SUBMODULE_PATH),
            ("path = -x", rules::SUBMODULE_PATH),
            ("update = !touch x", rules::SUBMODULE_COMMAND),
        ] {
            assert_eq!(
                found(&format!("[submodule \"a\"]\n\t{line}\n")),
                [rule],
                "{line}"
            );
            assert_eq!(
                found(&format!("[SubModule \"a\"] {line}")),
                [rule],
                "{line}"
            );
            assert!(
                found(&format!("[other \"a\"]\n{line}\n")).is_empty(),
                "{line}"
            );
        }
        assert_eq!(found("[submodule \"../../x\"]\n"), [rules::SUBMODULE_PATH]);
    }
}
