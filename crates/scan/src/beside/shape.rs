//! What a key looks like, character by character.

/// Longest run of one alphabet.
const LONGEST: usize = 1024;

/// Characters by which a value may miss the length of a key and still look like a spoilt one.
const NEAR: usize = 3;
/// Shortest value that may.
const NEAR_LEAST: usize = 12;

/// Kinds of characters, as bits.
const KINDS: [u8; 256] = {
    let mut kinds = [0u8; 256];
    let mut b = 0usize;
    while b < 256 {
        kinds[b] = match b as u8 {
            b'2'..=b'7' => 1,
            b'0' | b'1' | b'8' | b'9' => 2,
            b'a'..=b'f' => 4,
            b'g'..=b'z' => 8,
            b'A'..=b'F' => 16,
            b'G'..=b'Z' => 32,
            b'_' | b'-' => 64,
            b'+' | b'/' => 128,
            _ => 0,
        };
        b += 1;
    }
    kinds
};
const DIGITS: u8 = 1 | 2;
const LOWER: u8 = 4 | 8;
const UPPER: u8 = 16 | 32;

/// The alphabets of shapes, by the names that examples have for them.
const ALPHABETS: [(&str, u8); 12] = [
    ("hex", DIGITS | 4),
    ("HEX", DIGITS | 16),
    ("base62", DIGITS | LOWER | UPPER),
    ("base64url", DIGITS | LOWER | UPPER | 64),
    ("base64", DIGITS | LOWER | UPPER | 128),
    ("base32", 1 | UPPER),
    ("base32l", 1 | LOWER),
    ("alnum", DIGITS | UPPER),
    ("alnuml", DIGITS | LOWER),
    ("lower", LOWER),
    ("upper", UPPER),
    ("digits", DIGITS),
];

/// Whether a character may be part of a key that a shape does not end at.
pub(super) fn joins(b: u8) -> bool {
    KINDS[usize::from(b)] & !128 != 0
}

/// The same, and what joins or ends in Base64.
pub(super) fn is_plain(b: u8) -> bool {
    KINDS[usize::from(b)] != 0 || b == b'='
}

/// One shape.
#[derive(Clone, Debug)]
pub(crate) struct Shape {
    parts: Vec<Part>,
    least: usize,
    /// All kinds of characters it may hold.
    kinds: u8,
    /// A UUID is an id as often as a key.
    uuid: bool,
    literal: bool,
    /// No key is longer than the run of plain bytes it stands in.
    plain: bool,
}

#[derive(Clone, Debug)]
enum Part {
    Literal(Box<[u8]>),
    Run {
        kinds: u8,
        least: usize,
        most: usize,
    },
}

impl Shape {
    /// Reads one, `live_{hex:35}`.
    pub(super) fn read(text: &str) -> Result<Self, String> {
        let mut shape = Self {
            parts: Vec::new(),
            least: 0,
            kinds: 0,
            uuid: text == "{uuid}",
            literal: false,
            plain: true,
        };
        let mut rest = text;
        while let Some(at) = rest.find('{') {
            let (before, from) = rest.split_at(at);
            shape.literal(before);
            let end = from.find('}').ok_or("a brace is not closed")?;
            shape.placeholder(from.get(1..end).unwrap_or_default())?;
            rest = from.get(end + 1..).unwrap_or_default();
        }
        shape.literal(rest);
        Ok(shape)
    }

    fn literal(&mut self, text: &str) {
        if !text.is_empty() {
            self.least += text.len();
            self.literal |= text.bytes().any(|b| b.is_ascii_alphabetic());
            self.plain &= text.bytes().all(is_plain);
            self.parts.push(Part::Literal(text.as_bytes().into()));
        }
    }

    fn placeholder(&mut self, word: &str) -> Result<(), String> {
        if word == "uuid" {
            for (i, n) in [8, 4, 4, 4, 12].into_iter().enumerate() {
                if i > 0 {
                    self.parts.push(Part::Literal(b"-"[..].into()));
                }
                self.run(DIGITS | 4 | 16, n, n);
            }
            self.least += 4;
            return Ok(());
        }
        let (name, count) = word.split_once(':').ok_or("`{alphabet:N}` is expected")?;
        let kinds = ALPHABETS.iter().find(|(n, _)| *n == name);
        let kinds = kinds.ok_or("no alphabet has this name")?.1;
        let (least, most) = count.split_once('-').unwrap_or((count, count));
        let number = |t: &str| t.parse().ok().filter(|n| (1..=LONGEST).contains(n));
        match (number(least), number(most)) {
            (Some(least), Some(most)) if least <= most => self.run(kinds, least, most),
            _ => return Err(format!("a number is not 1 to {LONGEST}")),
        }
        Ok(())
    }

    fn run(&mut self, kinds: u8, least: usize, most: usize) {
        self.least += least;
        self.kinds |= kinds;
        self.parts.push(Part::Run { kinds, least, most });
    }

    /// Bytes of the longest key.
    pub(super) fn longest(&self) -> usize {
        let length = |part: &Part| match part {
            Part::Literal(word) => word.len(),
            Part::Run { most, .. } => *most,
        };
        self.parts.iter().map(length).sum()
    }

    /// Bytes in a row of the shortest plain run that holds a key, or what nearly is one; 0: any.
    pub(super) fn room(&self) -> usize {
        match self.plain {
            true => self.least.min(NEAR_LEAST),
            false => 0,
        }
    }

    /// Bytes of the shortest key.
    pub(super) fn least(&self) -> usize {
        self.least
    }

    /// Whether a key may begin where so many plain bytes follow, and no more.
    pub(super) fn has_room(&self, run: usize) -> bool {
        !self.plain || self.least <= run
    }

    /// Where a key of this shape that begins at `at` ends.
    pub(super) fn end(&self, text: &[u8], at: usize) -> Option<usize> {
        let mut at = at;
        for part in &self.parts {
            let rest = text.get(at..)?;
            at += match part {
                Part::Literal(word) => rest.starts_with(word).then_some(word.len())?,
                Part::Run { kinds, least, most } => {
                    let of = |b: &&u8| KINDS[usize::from(**b)] & kinds != 0;
                    let run = rest.iter().take(*most).take_while(of).count();
                    (run >= *least).then_some(run)?
                }
            };
        }
        Some(at)
    }

    /// Whether a value is of the alphabet and nearly of the length, or begins as keys do.
    pub(super) fn is_near(&self, value: &[u8]) -> bool {
        let of = |kinds: u8| value.iter().all(|b| KINDS[usize::from(*b)] & kinds != 0);
        match self.parts.as_slice() {
            _ if value.len() < NEAR_LEAST => false,
            _ if self.uuid => {
                value.len() != 36 && value.len().abs_diff(36) <= NEAR && of(DIGITS | LOWER | 64)
            }
            [Part::Run { kinds, least, most }] if least == most => {
                value.len() != *least && value.len().abs_diff(*least) <= NEAR && of(*kinds)
            }
            [Part::Literal(word), ..] => {
                word.len() > 2 && value.starts_with(word) && self.end(value, 0) != Some(value.len())
            }
            _ => false,
        }
    }

    /// Whether chance makes it seldom: then a name alone tells what it is.
    pub(super) fn is_telling(&self) -> bool {
        !self.uuid && (self.literal || self.least >= 20) && self.kinds != DIGITS
    }

    /// Whether chance alone makes it: letters of both cases and digits, many of them, or a prefix.
    pub(super) fn is_random(&self) -> bool {
        let both = self.kinds & LOWER != 0 && self.kinds & UPPER != 0;
        self.has_prefix() || (both && !self.is_hexadecimal() && self.least >= 24)
    }

    /// Whether `+` and `/` belong to it.
    pub(super) fn is_base64(&self) -> bool {
        self.kinds & 128 != 0
    }

    /// Whether it is digits of a number as hashes and ids of objects are.
    pub(super) fn is_hexadecimal(&self) -> bool {
        self.kinds & !(DIGITS | 4 | 16) == 0 && !self.literal
    }

    pub(super) fn is_uuid(&self) -> bool {
        self.uuid
    }

    /// Whether it holds nothing but what chance makes, of one alphabet and without a prefix.
    pub(super) fn has_prefix(&self) -> bool {
        matches!(self.parts.first(), Some(Part::Literal(w)) if w.len() > 2)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_shape_ends_where_it_says() {
        for (shape, text, end) in [
            ("{hex:4}", "12ab99", Some(4)),
            ("{hex:4}", "12aB99", None),
            ("{base62:2-4}.{digits:2}", "aB9.77x", Some(6)),
            ("live_{HEX:2}", "live_0F", Some(7)),
            ("live_{HEX:2}", "test_0F", None),
            ("{uuid}", "3f2504e0-4f89-41d3-9a0c-0305e82c3301", Some(36)),
            ("{uuid}", "3f2504e0-4f89-41d3-9a0c-0305e82c330", None),
            ("{base64:4}==", "a+/9==", Some(6)),
        ] {
            let made = Shape::read(shape).unwrap();
            assert_eq!(made.end(text.as_bytes(), 0), end, "{shape} {text}");
        }
    }

    #[test]
    fn what_is_no_shape_is_refused() {
        for bad in [
            "{hex}",
            "{hex:0}",
            "{hex:9-8}",
            "{hex:x}",
            "{hex:8",
            "{nope:8}",
            "{hex:9999}",
        ] {
            assert!(Shape::read(bad).is_err(), "{bad}");
        }
    }
}
