//! What the text before a value says of it: that it is an example, nobody's, or open to all.

use std::ops::Range;

use lychgate_model::{Category, Confidence, Severity};

use crate::rule::Rule;
use crate::shapeless::words::{begins, holds, is_any};

/// Bytes looked at before a value.
const BEFORE: usize = 320;
/// Bytes before a value in which its name stands.
const NAMED: usize = 96;
/// Letters that a match has before its value at least, if a name is what gives the value away.
const NAMES: usize = 3;

/// Words that say of a name's value that it opens nothing.
const NOBODYS: &[&[u8]] = &[b"fake", b"dummy", b"snakeoil"];
/// What builders of pages put before the names of all that they hand to a page, secret or not.
const BUILDERS: &[&[u8]] = &[b"next", b"nuxt", b"expo", b"vite", b"gatsby", b"react"];

impl Rule {
    /// The grades of the value at `value`, whose match begins at `start`: what is shown is told, and
    /// low.
    pub(crate) fn told(
        &self,
        text: &[u8],
        start: usize,
        value: &Range<usize>,
        (severity, confidence): (Severity, Confidence),
    ) -> (Severity, Confidence) {
        match self.is_exhibited(text, start..value.start, value) {
            true => (severity.min(Severity::Low), confidence.min(Confidence::Low)),
            false => (severity, confidence),
        }
    }

    /// Whether the text before a match says that the value at `value` is shown: it is told, and low.
    /// `name` is the match up to the value.
    fn is_exhibited(&self, text: &[u8], name: Range<usize>, value: &Range<usize>) -> bool {
        // Whoever brought a rule asked for what it matches.
        if self.category != Category::Secret || self.foreign.is_some() {
            return false;
        }
        if !matches!(self.check, None | Some("chosen" | "mixed")) {
            return false;
        }
        let address =
            self.id.as_str().ends_with(".connection-string") || self.id.as_str() == "url.userinfo";
        let of = |range: &Range<usize>| text.get(range.clone()).unwrap_or_default();
        let word = of(value).iter().all(u8::is_ascii_lowercase);
        if (word && self.id.as_str() == "database.local-address")
            || (address && is_sample_address(of(value)))
        {
            return true;
        }
        // What a shape of its own gives away is somebody's, whatever is said of it.
        let letters = of(&name).iter().filter(|b| b.is_ascii_alphabetic()).count();
        let named = self.beside || letters >= NAMES;
        (named && is_nobodys(text, name.start))
            || ((named || address) && is_example(text, value))
            || (self.confidence <= Confidence::Medium && is_public(of(&name)))
    }
}

/// Whether the value at `value` is shown as an example: it is said to be the `example:` of
/// something, stands in a block of reStructuredText, or in an answer told in a comment.
pub(crate) fn is_example(text: &[u8], value: &Range<usize>) -> bool {
    let (above, line) = before(text, value.start);
    names_example(line) || is_in_block(above, line) || is_answer(above, line)
}

/// Whether the name before the value says that it is made up: `FAKE_KEY = "`.
pub(crate) fn is_nobodys(text: &[u8], at: usize) -> bool {
    let (_, line) = before(text, at);
    let near = line.get(line.len().saturating_sub(NAMED)..);
    let mut words = near
        .unwrap_or_default()
        .split(|b| !b.is_ascii_alphanumeric());
    words.any(|word| {
        NOBODYS.iter().any(|nobody| {
            let next = word.get(nobody.len()).copied().unwrap_or(b'A');
            begins(word, nobody) && !next.is_ascii_lowercase()
        })
    })
}

/// Whether the name in a match, up to its value, says that everybody may have it:
/// `search_public_key`, and not what a builder of pages calls so (`NEXT_PUBLIC_KEY`).
pub(crate) fn is_public(name: &[u8]) -> bool {
    let mut last: &[u8] = &[];
    let mut words = name.split(|b| !b.is_ascii_alphanumeric());
    words.any(|word| {
        let found = word.eq_ignore_ascii_case(b"public") && !is_any(last, BUILDERS);
        last = word;
        found
    })
}

/// Whether an address has a plain word as its password and leads to this machine or its neighbour:
/// `:garden@localhost`, `:garden@db`.
pub(crate) fn is_sample_address(value: &[u8]) -> bool {
    let at = memchr::memrchr(b'@', value);
    let pass = value.get(..at.unwrap_or(value.len())).unwrap_or_default();
    let pass = pass.strip_prefix(b":").unwrap_or(pass);
    let host = at.and_then(|at| value.get(at + 1..)).unwrap_or_default();
    let near = !host.is_empty() && (!host.contains(&b'.') || begins(host, b"127.0.0."));
    let word = pass.len() <= 16 && pass.iter().all(u8::is_ascii_lowercase);
    // `P@ssw0rd`, as addresses write it.
    let stock = holds(pass, b"p%40ssw");
    (near && word) || stock
}

/// The lines above that of `at`, and its own up to there; not far.
fn before(text: &[u8], at: usize) -> (&[u8], &[u8]) {
    let near = text.get(at.saturating_sub(BEFORE)..at).unwrap_or_default();
    let line = memchr::memrchr(b'\n', near).map_or(0, |i| i + 1);
    near.split_at(line)
}

/// `examples: ["`, `docs::examples = "`, `"example": "`.
fn names_example(line: &[u8]) -> bool {
    const WORD: &[u8] = b"example";
    let starts = memchr::memchr2_iter(b'e', b'E', line);
    starts.into_iter().any(|i| {
        let rest = line.get(i..).unwrap_or_default();
        let apart = i.checked_sub(1).and_then(|j| line.get(j));
        if !begins(rest, WORD) || apart.is_some_and(u8::is_ascii_alphanumeric) {
            return false;
        }
        let rest = rest.get(WORD.len()..).unwrap_or_default();
        let rest = rest.strip_prefix(b"s").unwrap_or(rest);
        let sign = |b: &&u8| !matches!(b, b' ' | b'\t' | b'"' | b'\'' | b'`');
        matches!(rest.iter().find(sign), Some(b':' | b'='))
    })
}

/// Set in below `.. code-block:: ini`, of a text or of what a program says of itself.
fn is_in_block(above: &[u8], line: &[u8]) -> bool {
    let depth = |line: &[u8]| {
        line.iter()
            .take_while(|b| matches!(b, b' ' | b'\t'))
            .count()
    };
    let mut least = depth(line);
    for line in above.rsplit(|b| *b == b'\n') {
        let text = line.trim_ascii();
        if text.is_empty() {
            continue;
        }
        if begins(text, b".. code-block::") || begins(text, b".. sourcecode::") {
            return depth(line) < least;
        }
        least = least.min(depth(line));
        if least == 0 {
            return false;
        }
    }
    false
}

/// A member of an object (`"name": "`) in a comment: the answer of a server, as it is told there.
fn is_answer(above: &[u8], line: &[u8]) -> bool {
    let head = line.trim_ascii_start();
    let lone = head.strip_prefix(b"//").or_else(|| head.strip_prefix(b"#"));
    let member = |text: &[u8]| {
        let text = text.trim_ascii_start();
        text.starts_with(b"\"") || text.starts_with(b"{\"")
    };
    if let Some(text) = lone {
        return member(text);
    }
    let text = head.strip_prefix(b"* ").unwrap_or(head);
    let open = memchr::memmem::rfind(above, b"/*");
    let close = memchr::memmem::rfind(above, b"*/");
    member(text) && open.is_some_and(|open| close.is_none_or(|close| close < open))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn example(before: &str) -> bool {
        let text = format!("{before}garden\"");
        is_example(text.as_bytes(), &(before.len()..before.len() + 6))
    }

    #[test]
    fn examples_are_called_so() {
        for shown in [
            "  type: string: examples: [\"",
            "docs::examples = \"",
            "{\"example\": \"",
            "Example: ",
        ] {
            assert!(example(shown), "{shown}");
        }
        for used in [
            "example_key = \"",
            "# examples\nkey: \"",
            "counterexample: \"",
            "key = \"",
        ] {
            assert!(!example(used), "{used}");
        }
    }

    #[test]
    fn blocks_of_text_show() {
        assert!(example(
            "\"\"\"How.\n\n.. code-block:: ini\n   :caption: A\n\n   # a\n   key = "
        ));
        assert!(!example(".. code-block:: ini\n\n   a = b\n\nkey = "));
        assert!(!example("key:\n   a = b\n   key = "));
    }

    #[test]
    fn answers_are_told_in_comments() {
        for told in [
            "/*\n{\n  \"code\": 0,\n  \"token\": \"",
            "/**\n * {\n * \"token\": \"",
            "// \"token\": \"",
            "\t//   {\"token\": \"",
        ] {
            assert!(example(told), "{told}");
        }
        for used in [
            "/* a */\n\"token\": \"",
            "\"token\": \"",
            "// token = \"",
            "/*\n token = \"",
        ] {
            assert!(!example(used), "{used}");
        }
    }

    #[test]
    fn names_tell_whose_it_is() {
        let nobodys = |text: &str| is_nobodys(text.as_bytes(), text.len());
        for nobody in [
            "const TEST_FAKE_KEY_0: &str = \"",
            "fakeKey = \"",
            "dummy: ",
        ] {
            assert!(nobodys(nobody), "{nobody}");
        }
        for some in ["const KEY: &str = \"", "faked = \"", "# fake\nKEY = \""] {
            assert!(!nobodys(some), "{some}");
        }
        assert!(is_public(b"search_public_key = \""));
        for kept in ["NEXT_PUBLIC_SEARCH_KEY=", "publicly_key=", "search_key="] {
            assert!(!is_public(kept.as_bytes()), "{kept}");
        }
    }

    #[test]
    fn words_open_what_is_near() {
        for near in [
            ":garden@localhost",
            ":garden@db",
            ":garden@127.0.0.1",
            ":P%40ssw0rd@a.net",
        ] {
            assert!(is_sample_address(near.as_bytes()), "{near}");
        }
        for far in [":garden@db.acme.net", ":gArd3n@db", ":garden", "garden"] {
            assert!(!is_sample_address(far.as_bytes()), "{far}");
        }
    }
}
