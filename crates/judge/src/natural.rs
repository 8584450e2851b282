//! The order in which people read lines that name places: numbers by their value.

/// What a text is sorted by: line 2 before line 10.
pub(crate) fn key(text: &str) -> Vec<(String, u64)> {
    let mut out = Vec::new();
    let mut rest = text;
    while !rest.is_empty() {
        let digits = |c: char| c.is_ascii_digit();
        let words = rest.find(digits).unwrap_or(rest.len());
        let (word, after) = rest.split_at_checked(words).unwrap_or((rest, ""));
        let end = after.find(|c| !digits(c)).unwrap_or(after.len());
        let (number, after) = after.split_at_checked(end).unwrap_or((after, ""));
        out.push((word.to_owned(), number.parse().unwrap_or(u64::MAX)));
        rest = after;
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_sorted_by_their_value() {
        let mut lines = [
            "a.py:10:1 x",
            "a.py:2:1 y",
            "a.py:2:1 x",
            "b1.py:1:1",
            "a",
            "",
        ];
        lines.sort_by_key(|l| key(l));
        let want = [
            "",
            "a",
            "a.py:2:1 x",
            "a.py:2:1 y",
            "a.py:10:1 x",
            "b1.py:1:1",
        ];
        assert_eq!(lines, want);
    }
}
