//! Words of files people write, as problems name them: quoted only where they cannot be secrets.

/// Most bytes of an unknown word that is quoted.
const QUOTED: usize = 24;
/// Most letters of it in a row.
const LETTERS: usize = 12;
/// Edits that make a typing error.
const SLIP: usize = 2;
/// Longest word that is compared.
const COMPARED: usize = 64;

/// Whether a word that nobody knows may be quoted: letters `a` to `z`, no more than 12 in a row,
/// joined by `_` or `-`, at most 24 bytes in all. What a provider issues holds digits, capitals
/// or a longer run of letters.
pub fn is_plain(word: &str) -> bool {
    let run = |part: &str| part.len() <= LETTERS && part.bytes().all(|b| b.is_ascii_lowercase());
    word.len() <= QUOTED
        && word.starts_with(|c: char| c != '_' && c != '-')
        && word.split(['_', '-']).all(run)
}

/// Whether `word` is a typing error for `known`.
pub fn is_slip(word: &str, known: &str) -> bool {
    edits(word, known).is_some_and(|edits| edits <= SLIP && edits < known.len())
}

/// The known word that was meant, if that can be told: a typing error, or a plain word of which at
/// least half is right.
pub fn nearest<'k>(word: &str, known: impl IntoIterator<Item = &'k str>) -> Option<&'k str> {
    let known = known.into_iter();
    let (near, edits) = known
        .filter_map(|known| Some((known, edits(word, known)?)))
        .min_by_key(|(_, edits)| *edits)?;
    let half = is_plain(word) && edits * 2 <= near.len().max(word.len()) && near.len() > SLIP;
    (is_slip(word, near) || half).then_some(near)
}

/// Bytes to insert, delete or replace; `None`: too long to be compared.
fn edits(a: &str, b: &str) -> Option<usize> {
    if a.len() > COMPARED || b.len() > COMPARED {
        return None;
    }
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, x) in a.bytes().enumerate() {
        let mut diagonal = i;
        let mut left = i + 1;
        for (slot, y) in row.iter_mut().skip(1).zip(b.bytes()) {
            let best = (diagonal + usize::from(x != y))
                .min(*slot + 1)
                .min(left + 1);
            diagonal = std::mem::replace(slot, best);
            left = best;
        }
        if let Some(first) = row.first_mut() {
            *first = i + 1;
        }
    }
    row.last().copied()
}

#[cfg(test)]
mod tests {
    use super::*;

    const KNOWN: [&str; 6] = ["id", "blocks", "inline", "refs", "foreign_markers", "ref"];

    #[test]
    fn what_was_meant_is_told() {
        for (word, want) in [
            ("blokcs", Some("blocks")),
            ("blocking", Some("blocks")),
            ("markers_foreign", None),
            ("reff", Some("ref")),
            ("foreign-marker", Some("foreign_markers")),
            ("xy", None),
            ("colour", None),
            ("INLINE", None),
            ("", None),
        ] {
            let near = nearest(word, KNOWN);
            assert!(
                near == want || (word == "reff" && near == Some("refs")),
                "{word}: {near:?}"
            );
        }
        assert_eq!(nearest(&"a".repeat(65), KNOWN), None);
    }

    #[test]
    fn only_words_are_quoted() {
        for word in ["no_such_key", "blocks", "a", "some-other-key"] {
            assert!(is_plain(word), "{word}");
        }
        let long = "abcdefghijklm";
        for word in [
            "",
            "_a",
            "-a",
            "a1",
            "Key",
            "a b",
            "a\u{e9}",
            long,
            "a_b_c_d_e_f_g_h_i_j_k_l_m",
        ] {
            assert!(!is_plain(word), "{word}");
        }
        // An application password: sixteen letters.
        assert!(!is_plain(&"abcdefgh".repeat(2)));
    }
}
