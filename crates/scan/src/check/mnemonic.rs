//! Recovery phrases of wallets: BIP 39, English words.

use sha2::{Digest as _, Sha256};

use super::{Outcome, holds};

/// The English list of BIP 39: 2048 words, sorted, a line each.
const LIST: &str = include_str!("bip39-english.txt");
const WORDS: usize = 2048;
/// Longest word of the list, in bytes.
const LONGEST: usize = 8;
/// Most words a phrase has: 256 bits of entropy and 8 of checksum.
const MOST: usize = 24;

/// Where each word begins in the list; the last entry is the list's end.
static STARTS: [u16; WORDS + 1] = starts();

const fn starts() -> [u16; WORDS + 1] {
    let text = LIST.as_bytes();
    let mut out = [0u16; WORDS + 1];
    let (mut at, mut word) = (0, 1);
    while at < text.len() {
        if text[at] == b'\n' && word <= WORDS {
            out[word] = (at + 1) as u16;
            word += 1;
        }
        at += 1;
    }
    out
}

fn word(number: usize) -> &'static [u8] {
    let (Some(&from), Some(&to)) = (STARTS.get(number), STARTS.get(number + 1)) else {
        return &[];
    };
    let line = LIST.as_bytes().get(usize::from(from)..usize::from(to));
    line.and_then(|l| l.strip_suffix(b"\n")).unwrap_or_default()
}

/// The number of a word, case aside.
fn find(text: &[u8]) -> Option<usize> {
    let mut folded = [0u8; LONGEST];
    let folded = folded.get_mut(..text.len())?;
    folded.copy_from_slice(text);
    folded.make_ascii_lowercase();
    let (mut low, mut high) = (0, WORDS);
    while low < high {
        let middle = low + (high - low) / 2;
        match word(middle).cmp(folded) {
            std::cmp::Ordering::Equal => return Some(middle),
            std::cmp::Ordering::Less => low = middle + 1,
            std::cmp::Ordering::Greater => high = middle,
        }
    }
    None
}

/// 12, 15, 18, 21 or 24 words of the list whose last bits are those of the SHA-256 of the others.
/// Words may be parted by anything that is no letter: blanks, commas, quotes, line ends.
pub(super) fn phrase(value: &[u8]) -> Outcome {
    let mut bits = [0u8; 33];
    let mut count = 0;
    let words = value.split(|b| !b.is_ascii_alphabetic());
    for text in words.filter(|w| !w.is_empty()) {
        let Some(number) = find(text).filter(|_| count < MOST) else {
            return Outcome::Fails;
        };
        for bit in 0..11 {
            let at = count * 11 + bit;
            if number >> (10 - bit) & 1 == 1
                && let Some(byte) = bits.get_mut(at / 8)
            {
                *byte |= 0x80 >> (at % 8);
            }
        }
        count += 1;
    }
    if !matches!(count, 12 | 15 | 18 | 21 | 24) {
        return Outcome::Fails;
    }
    let entropy = count * 11 * 32 / 33 / 8;
    let (Some(data), Some(&sum)) = (bits.get(..entropy), bits.get(entropy)) else {
        return Outcome::Fails;
    };
    let want = Sha256::digest(data).first().copied().unwrap_or_default();
    let checked = count / 3;
    let mask = 0xffu8 << (8 - checked);
    holds(sum == want & mask)
}

/// The last word, preceded by a blank where one is missing, over the words that stand there.
pub(super) fn complete(words: &[u8]) -> Option<String> {
    let gap = if words.ends_with(b" ") { "" } else { " " };
    (0..WORDS).find_map(|number| {
        let last = std::str::from_utf8(word(number)).ok()?;
        let tail = format!("{gap}{last}");
        let whole = [words, tail.as_bytes()].concat();
        (phrase(&whole) == Outcome::Holds).then_some(tail)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_list_is_the_published_one() {
        assert!(LIST.len() <= usize::from(u16::MAX));
        assert_eq!(LIST.lines().count(), WORDS);
        assert!(LIST.lines().is_sorted());
        assert!(LIST.lines().all(|w| w.len() <= LONGEST));
        let digest = Sha256::digest(LIST);
        let head: String = digest.iter().take(8).map(|b| format!("{b:02x}")).collect();
        assert_eq!(head, "2f5eed53a4727b4b");
        assert_eq!(word(0), b"abandon");
        assert_eq!(word(2047), b"zoo");
        assert_eq!(word(2048), b"");
        let all = LIST.lines().enumerate();
        assert!(all.into_iter().all(|(n, w)| find(w.as_bytes()) == Some(n)));
        assert_eq!(find(b"ZOO"), Some(2047));
        assert_eq!(find(b"zo"), None);
        assert_eq!(find(b"abandonment"), None);
    }

    /// The vectors of BIP 39 whose entropy is one byte repeated, at every length.
    #[test]
    fn the_checksum_is_that_of_the_standard() {
        for (repeated, last) in [
            (11, "about"),
            (14, "address"),
            (17, "agent"),
            (20, "admit"),
            (23, "art"),
        ] {
            let words = "abandon ".repeat(repeated);
            assert_eq!(phrase(format!("{words}{last}").as_bytes()), Outcome::Holds);
            assert_eq!(phrase(format!("{words}zoo").as_bytes()), Outcome::Fails);
            let quoted = format!("{words}{last}").replace(' ', "\",\n \"");
            assert_eq!(phrase(quoted.as_bytes()), Outcome::Holds);
        }
        for (repeated, last) in [(11, "wrong"), (17, "when"), (23, "vote")] {
            let words = "ZOO ".repeat(repeated);
            assert_eq!(phrase(format!("{words}{last}").as_bytes()), Outcome::Holds);
        }
    }

    #[test]
    fn prose_is_none() {
        for bad in [
            "",
            "abandon",
            "the quick brown fox jumps over the lazy dog and the other one",
        ] {
            assert_eq!(phrase(bad.as_bytes()), Outcome::Fails, "{bad}");
        }
        let long = "abandon ".repeat(25);
        assert_eq!(phrase(long.as_bytes()), Outcome::Fails);
        let made = complete(
            "legal winner thank year wave sausage worth useful legal winner thank".as_bytes(),
        );
        assert!(made.is_some());
        assert_eq!(complete(b"abandon"), None);
    }
}
