//! Lists of words that are looked for all at once.

use std::sync::OnceLock;

use aho_corasick::{AhoCorasick, AhoCorasickKind};

use super::{sayings, words};

/// Words, lower case, and what finds any of them in one walk, made when first asked.
pub(super) struct List {
    words: &'static [&'static [u8]],
    /// Shorter ones are not looked for.
    least: usize,
    walk: OnceLock<Option<AhoCorasick>>,
}

pub(super) static COMMON: List = List::of(sayings::COMMON, 1);
pub(super) static DIGESTS: List = List::of(sayings::DIGESTS, 1);
pub(super) static EXAMPLES: List = List::of(sayings::EXAMPLES, 1);
pub(super) static LOGINS: List = List::of(sayings::LOGINS, 1);
pub(super) static PLACEHOLDERS: List = List::of(sayings::PLACEHOLDERS, 1);
pub(super) static RUNS: List = List::of(sayings::RUNS, 1);
pub(super) static SAID: List = List::of(sayings::SAID, 1);
/// Those that mean a test wherever they stand.
pub(super) static TESTS: List = List::of(sayings::TESTS, 4);

impl List {
    const fn of(words: &'static [&'static [u8]], least: usize) -> Self {
        Self {
            words,
            least,
            walk: OnceLock::new(),
        }
    }

    fn asked(&self) -> impl Iterator<Item = &'static [u8]> {
        let words = self.words.iter().copied();
        words.filter(|w| w.len() >= self.least)
    }

    /// Whether one of the words stands in `text`, case aside.
    pub(super) fn stands_in(&self, text: &[u8]) -> bool {
        let made = || {
            let mut builder = AhoCorasick::builder();
            let kind = AhoCorasickKind::ContiguousNFA;
            let builder = builder.ascii_case_insensitive(true).kind(Some(kind));
            builder.build(self.asked()).ok()
        };
        match self.walk.get_or_init(made) {
            Some(walk) => walk.is_match(text),
            None => self.asked().any(|w| words::holds(text, w)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_finds_what_each_of_its_words_does() {
        for list in [
            &COMMON,
            &EXAMPLES,
            &LOGINS,
            &PLACEHOLDERS,
            &RUNS,
            &SAID,
            &TESTS,
        ] {
            for word in list.words {
                let text = [b"x ", word.to_ascii_uppercase().as_slice(), b"y"].concat();
                let one_by_one = list.asked().any(|w| words::holds(&text, w));
                assert_eq!(list.stands_in(&text), one_by_one);
            }
            for text in ["", "Kq7", "zzzzzzzzzzzzzzzzzzzz"] {
                assert!(!list.stands_in(text.as_bytes()), "{text}");
            }
        }
    }
}
