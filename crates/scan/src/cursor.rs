//! Offsets become lines and columns, walking forward once and only as far as the last match.

use crate::decode::Unit;

/// A place in decoded text, with its raw offset, line and column.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Cursor {
    /// Offset in the decoded text.
    pub(crate) at: u64,
    /// Offset in the object.
    pub(crate) raw: u64,
    pub(crate) line: u32,
    pub(crate) column: u32,
    unit: Unit,
}

impl Cursor {
    /// The beginning of text whose first byte stands at `raw` of the object.
    pub(crate) fn new(raw: u64, unit: Unit) -> Self {
        Self {
            at: 0,
            raw,
            line: 1,
            column: 1,
            unit,
        }
    }

    /// Walks over the bytes that follow.
    pub(crate) fn advance(&mut self, bytes: &[u8]) {
        self.at += bytes.len() as u64;
        self.raw += self.unit.raw_length(bytes);
        let mut last = None;
        for at in memchr::memchr_iter(b'\n', bytes) {
            self.line = self.line.saturating_add(1);
            last = Some(at);
        }
        let tail = match last {
            Some(at) => {
                self.column = 1;
                bytes.get(at + 1..).unwrap_or_default()
            }
            None => bytes,
        };
        self.column = self.column.saturating_add(scalars(tail));
    }
}

/// Unicode scalar values, and bytes where there are none.
fn scalars(bytes: &[u8]) -> u32 {
    let count: usize = if bytes.is_ascii() {
        bytes.len()
    } else {
        bytes
            .utf8_chunks()
            .map(|c| c.valid().chars().count() + c.invalid().len())
            .sum()
    };
    u32::try_from(count).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_and_columns_count_from_one() {
        let mut c = Cursor::new(3, Unit::Byte);
        c.advance("aé\nb€".as_bytes());
        assert_eq!((c.line, c.column, c.raw, c.at), (2, 3, 3 + 8, 8));
        c.advance(b"\xff\xfe");
        assert_eq!((c.line, c.column), (2, 5));
    }

    #[test]
    fn steps_make_no_difference() {
        let text = "one\ntwo €\r\nthree".as_bytes();
        let mut whole = Cursor::new(0, Unit::Byte);
        whole.advance(text);
        let mut steps = Cursor::new(0, Unit::Byte);
        steps.advance(&text[..5]);
        steps.advance(&text[5..]);
        assert_eq!((whole.line, whole.column), (steps.line, steps.column));
    }
}
