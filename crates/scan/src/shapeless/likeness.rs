//! How far a value is from words: bits in favour of "made at random", summed over its letters,
//! digits and the changes between them.

use super::triples;

/// Tenths of a bit that one triple of letters adds, by its level: how much oftener random letters
/// have triples of that level than words have. Measured on words kept aside.
const TRIPLE: [i32; 4] = [55, 24, -3, -32];
/// A letter that stands alone between other kinds: `a` in `7a2`, `b` in `aBc`.
const SINGLE: i32 = 20;
const DOUBLE: i32 = 10;
/// Digits with letters on both sides.
const INNER_DIGITS: i32 = 15;
/// A symbol that joins no words.
const SYMBOL: i32 = 12;

/// Tenths of a bit; far above 0: random; far below: words.
pub(super) fn randomness(value: &[u8]) -> i32 {
    let mut sum = 0;
    let mut rest = value;
    let mut before = Kind::Edge;
    while let Some(&first) = rest.first() {
        let kind = Kind::of(first);
        let length = match kind {
            Kind::Letters => segment(rest),
            _ => rest.iter().take_while(|b| Kind::of(**b) == kind).count(),
        };
        let (run, tail) = rest.split_at(length.max(1));
        rest = tail;
        let after = rest.first().map_or(Kind::Edge, |b| Kind::of(*b));
        match kind {
            Kind::Letters => sum += letters(run),
            Kind::Digits if before == Kind::Letters && after == Kind::Letters => {
                sum += INNER_DIGITS;
            }
            Kind::Symbols if before != Kind::Edge && after != Kind::Edge => sum += SYMBOL,
            _ => {}
        }
        before = kind;
    }
    sum
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Letters,
    Digits,
    /// What joins words: `_`, `-`, `.`, `/`, a blank.
    Joints,
    Symbols,
    Edge,
}

impl Kind {
    fn of(byte: u8) -> Self {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' => Self::Letters,
            b'0'..=b'9' => Self::Digits,
            b'_' | b'-' | b'.' | b'/' | b' ' | b':' => Self::Joints,
            _ => Self::Symbols,
        }
    }
}

/// The length of the word that `text` begins with: `Word`, `word`, `WORD`.
fn segment(text: &[u8]) -> usize {
    let upper = text.iter().take_while(|b| b.is_ascii_uppercase()).count();
    let rest = text.get(upper..).unwrap_or_default();
    let lower = rest.iter().take_while(|b| b.is_ascii_lowercase()).count();
    match (upper, lower) {
        (0 | 1, _) | (_, 0) => upper + lower,
        // `HTTPServer`: the last capital begins the next word.
        _ => upper - 1,
    }
}

fn letters(run: &[u8]) -> i32 {
    match run.len() {
        0 => 0,
        1 => SINGLE,
        2 => DOUBLE,
        _ => run.windows(3).map(triple).sum(),
    }
}

fn triple(three: &[u8]) -> i32 {
    let [a, b, c] = *three else { return 0 };
    let number = |x: u8| x.to_ascii_lowercase().wrapping_sub(b'a');
    let level = triples::level(number(a), number(b), number(c));
    TRIPLE.get(usize::from(level)).copied().unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::randomness;

    #[test]
    fn words_are_words_and_noise_is_noise() {
        for word in [
            "database_password",
            "UserController",
            "authentication",
            "com.example.project",
            "remember_me",
            "HTTPServer",
        ] {
            assert!(randomness(word.as_bytes()) < -60, "{word}");
        }
        for noise in ["qzxkvwjh", "a8Xk29QzLp", "9f3b1c77d0a2e", "Xq7pZk2m"] {
            assert!(randomness(noise.as_bytes()) > 60, "{noise}");
        }
    }
}
