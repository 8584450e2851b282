//! Base58, as wallets and some libraries write bytes: runs of its alphabet that decode to text.
//!
//! The text is one number, so a run is decoded whole or not at all: at most [`MOST`] characters.

use super::Scene;
use super::named;
use super::radix::{self, Line, NONE};
use super::view::View;

/// Characters of the shortest run; a number of digits, so that few names are looked at.
const LEAST: usize = 20;
/// Characters of the longest: the work grows with their square.
const MOST: usize = 512;
/// Characters taken at once: the highest power of 58 that a word holds.
const AT_ONCE: usize = 5;

const TABLE: [u8; 256] = {
    let mut table = [NONE; 256];
    let digits = b"123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz";
    let mut i = 0;
    while i < digits.len() {
        table[digits[i] as usize] = i as u8;
        i += 1;
    }
    table
};

/// Looks at one run. False: there is no room for more.
pub(super) fn find(
    scene: &Scene<'_>,
    line: &Line,
    view: &mut View,
    each: &mut dyn FnMut(&View) -> bool,
) -> bool {
    let run = line.whole.clone();
    if !(LEAST..=MOST).contains(&run.len()) {
        return true;
    }
    let digits = scene.text.get(run.clone()).unwrap_or_default();
    if !may_be(digits) {
        return true;
    }
    view.begin("base58");
    let quote = radix::context(scene.text, run.start, view);
    let plain = view.plain.len();
    decode(digits, &mut view.plain);
    let hidden = view.plain.get(plain..).unwrap_or_default();
    if !hidden.iter().all(|b| radix::is_text(*b)) {
        return true;
    }
    view.stands_for(plain, run.clone());
    view.core = plain..view.plain.len();
    named::close(scene.text, run.end, quote, view);
    each(view)
}

/// Whether all are of the alphabet, and no word: digits, small and capital letters. Nearly every
/// run is a name, in which digits are seldom: the first and the last characters are told at once.
fn may_be(digits: &[u8]) -> bool {
    let numbered = |part: Option<&[u8; LEAST]>| {
        part.is_some_and(|part| part.iter().fold(false, |any, b| any | b.is_ascii_digit()))
    };
    if !numbered(digits.first_chunk()) && !numbered(digits.last_chunk()) {
        return false;
    }
    let (mut small, mut capital, mut number) = (false, false, false);
    for &b in digits {
        if radix::value(&TABLE, b) == NONE {
            return false;
        }
        small |= b.is_ascii_lowercase();
        capital |= b.is_ascii_uppercase();
        number |= b.is_ascii_digit();
    }
    small && capital && number
}

/// Adds the bytes of the number to `out`, the highest first.
fn decode(digits: &[u8], out: &mut Vec<u8>) {
    // Words of the number, the lowest first.
    let mut words = [0u32; MOST * 6 / 32 + 1];
    let mut used = 0;
    for part in digits.chunks(AT_ONCE) {
        let (mut carry, mut by) = (0u64, 1u64);
        for &b in part {
            carry = carry * 58 + u64::from(radix::value(&TABLE, b));
            by *= 58;
        }
        for word in words.iter_mut().take(used) {
            let sum = u64::from(*word) * by + carry;
            *word = (sum & 0xffff_ffff) as u32;
            carry = sum >> 32;
        }
        if let Some(word) = words.get_mut(used).filter(|_| carry != 0) {
            *word = (carry & 0xffff_ffff) as u32;
            used += 1;
        }
    }
    let bytes = words.iter().take(used).rev().flat_map(|w| w.to_be_bytes());
    out.extend(bytes.skip_while(|b| *b == 0));
    words.fill(0);
    std::hint::black_box(&words);
}

#[cfg(test)]
mod tests {
    use super::super::tests::{VALUE, one, scan};

    /// The same, digit by digit.
    fn encode(bytes: &[u8]) -> String {
        let alphabet = b"123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz";
        let mut digits: Vec<usize> = Vec::new();
        for &b in bytes {
            let mut carry = usize::from(b);
            for digit in &mut digits {
                carry += *digit << 8;
                *digit = carry % 58;
                carry /= 58;
            }
            while carry > 0 {
                digits.push(carry % 58);
                carry /= 58;
            }
        }
        let digits = digits.iter().rev();
        digits.map(|d| char::from(alphabet[*d])).collect()
    }

    #[test]
    fn runs_that_are_text_are_read() {
        for length in [0, 40, 300] {
            let text = format!("key = {VALUE} {}", "ab ".repeat(length / 3));
            let run = encode(text.as_bytes());
            let whole = format!("data = \"{run}\"\n");
            assert_eq!(one(whole.as_bytes()).1, "base58");
            let twin = encode(text.replace("tokx_", "word_").as_bytes());
            let twin = format!("data = \"{twin}\"\n");
            assert!(scan(twin.as_bytes()).findings.is_empty());
        }
        // What is longer is left alone.
        let long = encode(format!("key = {VALUE} {}", "ab ".repeat(200)).as_bytes());
        assert!(scan(long.as_bytes()).findings.is_empty());
    }
}
