//! The name before what is hidden, without the calls that take the disguise off again:
//! `password = base64.b64decode("` says as much as `password = "`.

use std::ops::Range;

use super::view::{self, View};

/// Bytes before a stretch in which its name is looked for.
const NEAR: usize = 160;
/// Bytes of one word of a call.
const WORD: usize = 24;

/// Words of calls that only put together or decode what they are given, in small letters and in
/// order.
const CALLS: [&str; 78] = [
    "a2b_hex",
    "append",
    "array",
    "asbytes",
    "ascii",
    "atob",
    "b",
    "b32decode",
    "b64decode",
    "base32",
    "base64",
    "base64_decode",
    "base64decode",
    "binascii",
    "buffer",
    "byte",
    "byte_t",
    "bytearray",
    "bytes",
    "c",
    "char",
    "chars",
    "chr",
    "cmd",
    "codecs",
    "concat",
    "convert",
    "decode",
    "decodebase64",
    "decodestring",
    "echo",
    "encoding",
    "f",
    "fmt",
    "fn",
    "format",
    "from",
    "from_hex",
    "frombase64string",
    "fromcharcode",
    "fromhex",
    "getbytes",
    "getdecoder",
    "getstring",
    "hex",
    "hex2bin",
    "hexdecode",
    "implode",
    "int8_t",
    "join",
    "join_",
    "list",
    "listof",
    "map",
    "n",
    "new",
    "of",
    "paste0",
    "printf",
    "r",
    "rune",
    "some",
    "sprintf",
    "static",
    "std",
    "stdencoding",
    "str",
    "string",
    "stringbuilder",
    "strings",
    "textdecoder",
    "u8",
    "uint8array",
    "unhexlify",
    "unpack",
    "utf8",
    "utf_8",
    "vec",
];

/// What stands before `start`, where something is hidden. `Some`: it was made shorter, and what is
/// hidden now stands in a quote of this sign, which the view has to close.
pub(super) fn copy(text: &[u8], start: usize, view: &mut View) -> Option<u8> {
    let Some(lead) = lead(text, start) else {
        view.copy(text, view::before(text, start)..start);
        return None;
    };
    view.copy(text, lead.clone());
    view.put(b" \"", lead.end..start);
    Some(b'"')
}

/// What is hidden has ended at `end`; `quote`: as [`copy`] said.
pub(super) fn close(text: &[u8], end: usize, quote: Option<u8>, view: &mut View) {
    match quote {
        Some(quote) => view.put(&[quote, b'\n'], end..end),
        None => view.copy(text, end..view::after(text, end)),
    }
}

/// The line of the name up to its operator, where only calls stand between that and `start`.
fn lead(text: &[u8], start: usize) -> Option<Range<usize>> {
    let least = start.saturating_sub(NEAR);
    let mut at = start;
    let mut called = false;
    // Right before a literal stands nothing but its quote: the usual way is plain to everybody.
    loop {
        at = at.checked_sub(1).filter(|at| *at >= least)?;
        let b = *text.get(at)?;
        match b {
            b'(' | b'[' | b'{' | b'<' => called = true,
            b'\n' => called = true,
            b' ' | b'\t' | b'\r' | b'"' | b'\'' | b'`' | b')' | b'.' | b',' | b'!' | b'@'
            | b'$' | b'*' | b'&' => {}
            b':' if text.get(at.checked_sub(1)?) == Some(&b':') => at -= 1,
            b'=' | b':' => break,
            b'-' if text.get(at.checked_sub(1)?) == Some(&b'<') => break,
            _ if b.is_ascii_alphanumeric() || b == b'_' => {
                let head = text.get(least..at + 1)?.iter().rev();
                let part = |b: &&u8| b.is_ascii_alphanumeric() || **b == b'_';
                let length = head.take(WORD).take_while(part).count();
                let word = text.get(at + 1 - length..at + 1)?;
                if !is_call(word) {
                    return None;
                }
                at -= length - 1;
            }
            _ => return None,
        }
    }
    if !called {
        return None;
    }
    let begins = view::before(text, at);
    let name = text.get(begins..at)?;
    name.iter()
        .any(u8::is_ascii_alphanumeric)
        .then_some(begins..at + 1)
}

fn is_call(word: &[u8]) -> bool {
    let mut small = [0; WORD];
    let Some(small) = small.get_mut(..word.len()) else {
        return false;
    };
    small.copy_from_slice(word);
    small.make_ascii_lowercase();
    let small: &[u8] = small;
    let known = |small: &[u8]| {
        CALLS
            .binary_search_by(|call| call.as_bytes().cmp(small))
            .is_ok()
    };
    word.iter().all(u8::is_ascii_digit) || known(small)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn calls_are_in_order() {
        assert!(CALLS.is_sorted());
    }

    #[test]
    fn calls_go_and_names_stay() {
        for (text, want) in [
            ("db_password = base64.b64decode(\"", "db_password ="),
            ("x\nconst dbPassword = [", "const dbPassword ="),
            ("x\nlet k =\n  (\"", "let k ="),
            ("k: !Join [\"\", [\"", "k:"),
            ("k <- paste0(\"", "k <-"),
            ("a; s = String.Concat(\"", "a; s ="),
        ] {
            let range = lead(text.as_bytes(), text.len()).unwrap_or_default();
            let line = text.get(range).unwrap_or_default();
            assert_eq!(line.trim_start(), want, "{text}");
        }
        for text in [
            "password = \"",
            "password = prompt(\"",
            "return base64.b64decode(\"",
            "a = 1; b64decode(\"",
            "= (\"",
        ] {
            assert_eq!(lead(text.as_bytes(), text.len()), None, "{text}");
        }
    }
}
