//! Patterns over ref names and paths: the same meaning at both ends of the wire.

/// Whether `pattern` fits the whole of `name`.
///
/// `*` stands for any bytes but `/`, `**` for any bytes at all, `?` for one byte that is not `/`;
/// everything else stands for itself. `refs/heads/**` fits every branch. Time is at most the
/// product of the two lengths, whatever they hold.
pub fn matches(pattern: &[u8], name: &[u8]) -> bool {
    // `reach[i]`: the pattern up to here fits the first `i` bytes of the name.
    let literal = literal(pattern);
    let Some(name) = name.strip_prefix(literal) else {
        return false;
    };
    let mut reach = vec![false; name.len() + 1];
    if let Some(start) = reach.first_mut() {
        *start = true;
    }
    let mut rest = pattern.get(literal.len()..).unwrap_or_default();
    while let Some((&first, after)) = rest.split_first() {
        let deep = first == b'*' && after.first() == Some(&b'*');
        rest = if deep {
            after.get(1..).unwrap_or_default()
        } else {
            after
        };
        if first == b'*' {
            let mut open = false;
            for (i, slot) in reach.iter_mut().enumerate() {
                let crossed = i > 0 && name.get(i - 1) == Some(&b'/') && !deep;
                open = *slot || (open && !crossed);
                *slot = open;
            }
        } else {
            let mut before = false;
            for (i, slot) in reach.iter_mut().enumerate() {
                let byte = i.checked_sub(1).and_then(|i| name.get(i)).copied();
                let fits = byte.is_some_and(|b| b == first || (first == b'?' && b != b'/'));
                let now = before && fits;
                before = *slot;
                *slot = now;
            }
        }
    }
    reach.last().copied().unwrap_or(false)
}

/// What one byte of a name costs at most when this pattern is matched with it.
pub fn steps(pattern: &[u8]) -> usize {
    pattern.len() - literal(pattern).len() + 1
}

/// What stands before the first wildcard; it decides most of the time.
fn literal(pattern: &[u8]) -> &[u8] {
    let wild = pattern.iter().position(|b| matches!(b, b'*' | b'?'));
    pattern
        .get(..wild.unwrap_or(pattern.len()))
        .unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::{matches, steps};

    #[test]
    fn a_pattern_costs_what_follows_its_literal_part() {
        for (pattern, expected) in [("refs/heads/main", 1), ("refs/**", 3), ("**/x", 5)] {
            assert_eq!(steps(pattern.as_bytes()), expected, "{pattern}");
        }
    }

    #[test]
    fn patterns_fit_whole_names() {
        for (pattern, name, expected) in [
            ("refs/heads/main", "refs/heads/main", true),
            ("refs/heads/main", "refs/heads/main2", false),
            ("refs/heads/main", "refs/heads/mai", false),
            ("refs/heads/*", "refs/heads/a", true),
            ("refs/heads/*", "refs/heads/a/b", false),
            ("refs/heads/**", "refs/heads/a/b", true),
            ("**", "refs/tags/v1", true),
            ("**", "", true),
            ("*", "", true),
            ("", "", true),
            ("", "a", false),
            ("refs/*/v?", "refs/tags/v1", true),
            ("refs/*/v?", "refs/tags/v", false),
            ("refs/**/x", "refs/a/b/x", true),
            ("**/x", "x", false),
            ("a*b*c", "axxbyyc", true),
            ("a*b*c", "ab/c", false),
            ("a**c", "ab/c", true),
        ] {
            assert_eq!(
                matches(pattern.as_bytes(), name.as_bytes()),
                expected,
                "{pattern} {name}"
            );
        }
    }

    #[test]
    fn many_stars_stay_quick() {
        let pattern = "*a".repeat(500);
        assert!(!matches(pattern.as_bytes(), &[b'a'; 499]));
        assert!(matches(pattern.as_bytes(), &[b'a'; 600]));
    }
}
