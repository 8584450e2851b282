//! Lines that a run of digits goes on in: indented alike, behind the same mark of a comment, a
//! quotation or a change.

use std::ops::Range;

use super::Scene;
use super::view::is_value;

/// A line of at least this many characters may go on in the next.
pub(super) const WRAPPED: usize = 28;
/// Bytes of a mark before every line.
const LEAD: usize = 12;
/// Blanks before a line.
const INDENT: usize = 64;

/// How the lines after a first one begin.
pub(super) struct Lines<'t> {
    scene: &'t Scene<'t>,
    /// What stands before each, indentation and the blanks behind it aside.
    lead: &'t [u8],
}

impl<'t> Lines<'t> {
    /// Those after a line whose digits are `first`.
    pub(super) fn of(scene: &'t Scene<'t>, first: &Range<usize>) -> Self {
        let head = scene.text.get(..first.start).unwrap_or_default();
        let near = head
            .get(head.len().saturating_sub(INDENT)..)
            .unwrap_or(head);
        let line = memchr::memrchr(b'\n', near).and_then(|end| near.get(end + 1..));
        // The first line of all has none before it.
        let line = line.or_else(|| (near.len() == head.len()).then_some(near));
        let lead = line.unwrap_or_default().trim_ascii();
        let mark = |b: &u8| b.is_ascii_punctuation() && !matches!(b, b'"' | b'\'' | b'`' | b'=');
        let is_mark = lead.len() <= LEAD && lead.iter().all(|b| mark(b) || *b == b' ');
        Self {
            scene,
            lead: if is_mark { lead } else { b"" },
        }
    }

    /// The run that makes up the line after the one whose digits end at `end`.
    pub(super) fn next(&self, end: usize) -> Option<Range<usize>> {
        let text = self.scene.text;
        let rest = text.get(end..)?;
        let rest_at = end + rest.iter().take(2).take_while(|b| **b == b'\r').count();
        if text.get(rest_at) != Some(&b'\n') {
            return None;
        }
        let mut start = blanks(text, rest_at + 1);
        if !self.lead.is_empty() && text.get(start..)?.starts_with(self.lead) {
            start = blanks(text, start + self.lead.len());
        }
        let stop = self.scene.survey.run_end(start);
        (stop > start).then_some(start..stop)
    }
}

/// Whether digits in the line before `at` may go on in the one that begins there.
pub(super) fn go_on(text: &[u8], at: usize) -> bool {
    let head = text.get(..at).unwrap_or_default();
    let line = head.strip_suffix(b"\n").unwrap_or(head).iter().rev();
    let ends = line.clone().take(2).take_while(|b| **b == b'\r').count();
    let digit = |b: &&u8| is_value(**b) && !matches!(b, b'=' | b'.');
    line.skip(ends).take(WRAPPED).take_while(digit).count() == WRAPPED
}

fn blanks(text: &[u8], at: usize) -> usize {
    let rest = text.get(at..).unwrap_or_default().iter();
    let blank = |b: &&u8| matches!(b, b' ' | b'\t');
    at + rest.take(INDENT).take_while(blank).count()
}

/// Characters of a group that the next line completes.
#[derive(Default)]
pub(super) struct Carried {
    four: [u8; 4],
    pub(super) held: usize,
}

impl Carried {
    /// Completes the group that was left with the first of `digits`; what is left of these.
    pub(super) fn fill<'d>(&mut self, digits: &'d [u8]) -> (Option<[u8; 4]>, &'d [u8]) {
        if self.held == 0 {
            return (None, digits);
        }
        let (first, rest) = digits.split_at(digits.len().min(4 - self.held));
        let slots = self.four.iter_mut().skip(self.held);
        for (slot, b) in slots.zip(first) {
            *slot = *b;
        }
        self.held += first.len();
        let whole = self.held == 4;
        if whole {
            self.held = 0;
        }
        (whole.then_some(self.four), rest)
    }

    /// Keeps fewer than four characters, if anything.
    pub(super) fn hold(&mut self, rest: &[u8]) {
        if self.held == 0 {
            for (slot, b) in self.four.iter_mut().zip(rest) {
                *slot = *b;
            }
            self.held = rest.len().min(3);
        }
    }

    /// What was kept.
    pub(super) fn rest(&self) -> &[u8] {
        self.four.get(..self.held).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::{VALUE, one, scan};
    use base64::Engine as _;
    use base64::engine::general_purpose::STANDARD;

    /// The line of a value, in the middle of others.
    fn text(value: &str) -> String {
        format!(
            "{}\nkey = {value}\n{}",
            "words ".repeat(20),
            "and more ".repeat(20)
        )
    }

    fn broken(code: &str, width: usize, between: &str) -> String {
        let lines = code.as_bytes().chunks(width).map(String::from_utf8_lossy);
        lines.collect::<Vec<_>>().join(between)
    }

    #[test]
    fn lines_of_any_width_go_on_behind_any_mark() {
        let hex = |text: &str| text.bytes().map(|b| format!("{b:02x}")).collect::<String>();
        let base64 = |text: &str| STANDARD.encode(text);
        for (code, kind) in [
            (&hex as &dyn Fn(&str) -> String, "hex"),
            (&base64, "base64"),
        ] {
            for mark in ["", "    ", "# ", "// ", " * ", "> > ", "+", "-- "] {
                for width in [60, 64, 70, 74, 76, 78] {
                    let lines = format!(
                        "{mark}{}",
                        broken(&code(&text(VALUE)), width, &format!("\n{mark}"))
                    );
                    assert_eq!(one(lines.as_bytes()).1, kind, "{lines}");
                }
            }
            let twin = broken(&code(&text(&VALUE.replace("tokx_", "word_"))), 70, "\n# ");
            assert!(scan(twin.as_bytes()).findings.is_empty());
        }
    }

    #[test]
    fn lines_that_are_encoded_each_for_itself_are_read_each() {
        let line = |i: usize| {
            let text = if i == 3 {
                VALUE.to_owned()
            } else {
                format!("just {i} more words here")
            };
            STANDARD.encode(text).trim_end_matches('=').to_owned()
        };
        let lines: Vec<String> = (0..6).map(line).collect();
        assert_eq!(one(lines.join("\n").as_bytes()).1, "base64");
    }
}
