//! The Base64 of a key, out of whatever quoting and indentation it stands in.
//!
//! People paste keys into source: lines in quotes and joined by an operator, `\n` spelt out, signs
//! of comments before each line, everything on one line. What is no Base64 parts it; what stands
//! between a closing and an opening quote is code, and skipped.

/// Longest text read; a key of 16,384 bits has 13 KB of Base64.
const MOST: usize = 64 << 10;

/// The Base64 characters of a body, in order, up to the first `=`; `value` begins inside of the
/// body, or with the `-----BEGIN` line above it. `None` when it is too long to be a key.
pub(super) fn body(value: &[u8]) -> Option<Vec<u8>> {
    if value.len() > MOST {
        return None;
    }
    let mut rest = after_label(value);
    let mut out = Vec::with_capacity(rest.len());
    // A quote behind a line of the key closes a string, and code stands up to where the next is
    // opened. One at the beginning of a line opens, or is a comment's sign.
    let mut begins = false;
    while let Some((&b, after)) = rest.split_first() {
        rest = match b {
            _ if is_base64(b) => {
                let before = out.len();
                rest = run(rest, &mut out);
                begins &= out.len() == before;
                rest
            }
            b'=' => break,
            b'-' if after.starts_with(b"----") => break,
            b'\\' => escape(after, &mut out),
            b'%' => percent(after, &mut out),
            b'&' if after.starts_with(b"#") => {
                let end = after.iter().take(8).position(|&b| b == b';');
                after
                    .get(end.map_or(1, |end| end + 1)..)
                    .unwrap_or_default()
            }
            b'"' | b'\'' | b'`' if !begins => match memchr::memchr(b, after) {
                Some(next) => after.get(next + 1..).unwrap_or_default(),
                None => break,
            },
            _ => after,
        };
        begins |= b == b'\n';
    }
    Some(out)
}

/// What follows a `-----BEGIN ...-----` and the headers of RFC 1421, where there are any.
fn after_label(value: &[u8]) -> &[u8] {
    const BEGIN: &[u8] = b"-----BEGIN";
    let Some(begin) = memchr::memmem::find(value, BEGIN) else {
        return value;
    };
    let after = value.get(begin + BEGIN.len()..).unwrap_or_default();
    let label = memchr::memmem::find(after, b"-----").map_or(after.len(), |end| end + 5);
    after.get(label..).unwrap_or_default()
}

/// Takes one run of Base64, unless it is a sign of a comment or a word between strings.
fn run<'v>(text: &'v [u8], out: &mut Vec<u8>) -> &'v [u8] {
    const JOINS: [&[u8]; 6] = [b"vbCrLf", b"vbLf", b"vbCr", b"vbNewLine", b"REM", b"dnl"];
    let length = text.iter().take_while(|b| is_base64(**b)).count();
    let (head, rest) = text.split_at_checked(length).unwrap_or((text, &[]));
    let is_sign = head.iter().all(|&b| b == b'/') && rest.first() != Some(&b'=');
    if !is_sign && !JOINS.contains(&head) {
        out.extend_from_slice(head);
    }
    rest
}

const fn is_base64(b: u8) -> bool {
    b.is_ascii_alphanumeric() || matches!(b, b'+' | b'/')
}

/// `\n`, `\r`, `\t` and `\u000a` part lines; `\/`, `\u002b` and their like are letters.
fn escape<'v>(after: &'v [u8], out: &mut Vec<u8>) -> &'v [u8] {
    let slashes = after.iter().take_while(|&&b| b == b'\\').count();
    let rest = after.get(slashes..).unwrap_or_default();
    let width = match rest.first() {
        Some(b'n' | b'r' | b't') => 1,
        Some(b'/') => {
            out.push(b'/');
            1
        }
        Some(b'u') => 5,
        Some(b'x') => 3,
        _ => 0,
    };
    let coded = rest.get(1..width).and_then(hex);
    out.extend(coded.filter(|&b| is_base64(b)));
    rest.get(width..).unwrap_or_default()
}

fn percent<'v>(after: &'v [u8], out: &mut Vec<u8>) -> &'v [u8] {
    let Some(b) = after.get(..2).and_then(hex) else {
        return after;
    };
    out.extend(is_base64(b).then_some(b));
    after.get(2..).unwrap_or_default()
}

fn hex(digits: &[u8]) -> Option<u8> {
    let text = std::str::from_utf8(digits).ok()?;
    u8::try_from(u32::from_str_radix(text, 16).ok()?).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    const LINES: [&str; 3] = ["MIIBabcd+/Zz09", "q1w2e3r4t5y6u7", "x/y+"];

    fn read(text: &str) -> String {
        String::from_utf8(body(text.as_bytes()).unwrap()).unwrap()
    }

    fn joined(by: &str) -> String {
        LINES.join(by)
    }

    /// The ten commonest languages, and what people paste keys into beside them.
    #[test]
    fn every_quoting_gives_the_same_letters() {
        let plain = LINES.concat();
        for by in [
            "\n",
            "\r\n",
            "\n    ",
            " ",
            "\\n",
            "\\r\\n",
            "\\\\n",
            "\\n\" +\n        \"",
            "\\n\"\n        \"",
            "\\n' .\n        '",
            "\\n\" ..\n  \"",
            "\\n\" & vbCrLf & _\n    \"",
            "\" & vbCrLf & _\r\n\"",
            "\" + vbLf + \"",
            "\\n\",\n  \"",
            "\\n\\\n",
            "\\n\" \\\n    \"",
            "\");\n    sb.append(\"",
            "';\n  $key .= '",
            "`,\n`",
            "\n# ",
            "\n// ",
            "\n * ",
            "\n> ",
            "\n-- ",
            "\n;; ",
            "\nREM ",
            "\n' ",
            "\\u000a",
            "&#10;",
            "&#xA;",
            "%0A",
            "%0D%0A",
            "\\\\n\\\" + \\\"",
        ] {
            assert_eq!(read(&joined(by)), plain, "{by:?}");
            let whole = format!(
                "{0}BEGIN X KEY{0}{by}{1}{by}{0}END X KEY{0}",
                "-".repeat(5),
                joined(by)
            );
            assert_eq!(read(&whole), plain, "{whole}");
        }
    }

    #[test]
    fn letters_that_were_escaped_come_back() {
        assert_eq!(read("ab\\/cd\\u002bef\\u002Fgh%2Bij"), "ab/cd+ef/gh+ij");
        assert_eq!(read("abcd=="), "abcd");
        assert_eq!(read(""), "");
        assert_eq!(body(&vec![b'A'; MOST + 1]), None);
    }
}
