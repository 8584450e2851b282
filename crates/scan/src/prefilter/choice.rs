//! By which four bytes a keyword is known: those that text has least.
//!
//! Two files tell what text has, counted over 30 MB of PHP, Rust, Python, JavaScript and C. Bytes
//! of a kind are taken for one.

use super::look::KINDS;

/// How rare each of 32 kinds of bytes is, then, a line for each kind, what follows it: as `'0'`
/// and more, in halves of a bit.
const PAIRS: &[u8] = include_bytes!("pairs.txt");

/// Grams that text has most of, four bytes each, in lines that begin with how rare they are.
const COMMON: &[u8] = include_bytes!("common.txt");

/// A line of [`PAIRS`], with its end.
const LINE: usize = 33;

/// Grams that are not in [`COMMON`] are rarer than this.
const LEAST: u32 = 28;

/// How rare [`COMMON`] says a gram is, by [`slot`]; 0: it says nothing. Where two grams share a
/// slot, the commoner one speaks for both.
static KNOWN: [u8; 1 << 15] = {
    let mut known = [0u8; 1 << 15];
    let mut at = 0;
    let mut worth = 0u8;
    while at < COMMON.len() {
        match COMMON[at] {
            b'\n' => {
                worth = 0;
                at += 1;
            }
            digit @ b'0'..=b'9' => {
                worth = worth * 10 + (digit - b'0');
                at += 1;
                if COMMON[at] == b' ' {
                    at += 1;
                }
            }
            _ => {
                let gram = [COMMON[at], COMMON[at + 1], COMMON[at + 2], COMMON[at + 3]];
                let slot = slot(&gram);
                if known[slot] == 0 {
                    known[slot] = worth;
                }
                at += 4;
            }
        }
    }
    known
};

const fn slot(gram: &[u8; 4]) -> usize {
    let [a, b, c, d] = *gram;
    let kinds = [
        KINDS[a as usize],
        KINDS[b as usize],
        KINDS[c as usize],
        KINDS[d as usize],
    ];
    (u32::from_le_bytes(kinds).wrapping_mul(0x9e37_79b1) >> 17) as usize
}

/// What the chain of pairs says of text, in halves of a bit.
fn chain(text: &[u8]) -> u32 {
    let kind = |b: u8| usize::from(KINDS[usize::from(b)]);
    let worth = |at: usize| {
        PAIRS
            .get(at)
            .map_or(0, |c| u32::from(c.saturating_sub(b'0')))
    };
    let first = text.first().map_or(0, |b| worth(kind(*b)));
    let pairs = text.iter().zip(text.iter().skip(1));
    pairs.fold(first, |sum, (a, b)| {
        sum + worth((1 + kind(*a)) * LINE + kind(*b))
    })
}

/// How rare text of three or four bytes is, in halves of a bit.
pub(super) fn rarity(text: &[u8]) -> u32 {
    let Some(gram) = text.first_chunk() else {
        return chain(text);
    };
    match KNOWN[slot(gram)] {
        0 => chain(gram).max(LEAST + 1),
        known => known.into(),
    }
}

/// How often text so rare stands somewhere.
fn often(rarity: u32) -> u64 {
    let whole = (1u64 << 40) >> (rarity / 2).min(40);
    if rarity % 2 == 1 {
        whole * 7 / 10
    } else {
        whole
    }
}

/// Where in a keyword of five bytes and more those four stand, of all at even places or of all at
/// odd ones, by which it is known at the least cost; `taken` tells which are looked for already.
pub(super) fn cheapest(keyword: &[u8], odd: bool, taken: impl Fn(&[u8]) -> bool) -> usize {
    let places = (usize::from(odd)..keyword.len().saturating_sub(3)).step_by(2);
    let cost = |place: &usize| {
        let gram = keyword.get(*place..place + 4).unwrap_or_default();
        let wide = keyword.get(place.saturating_sub(1)..keyword.len().min(place + 5));
        let wide = chain(wide.unwrap_or_default()).saturating_sub(chain(gram));
        let rarity = rarity(gram);
        let looked = often(rarity);
        // Where its neighbours fit as well, much more is to be done.
        let looked = if taken(gram) { looked / TAKEN } else { looked };
        looked + COMPARED * often(rarity + wide)
    };
    places.min_by_key(cost).unwrap_or(0)
}

const TAKEN: u64 = 4;
const COMPARED: u64 = 4;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_files_are_read() {
        assert_eq!(PAIRS.len(), 33 * LINE);
        for line in PAIRS.chunks(LINE) {
            assert_eq!(line.last(), Some(&b'\n'));
        }
        for line in COMMON.strip_suffix(b"\n").unwrap().split(|b| *b == b'\n') {
            let (worth, grams) = line.split_at(line.iter().position(|b| *b == b' ').unwrap());
            let worth: u32 = std::str::from_utf8(worth).unwrap().parse().unwrap();
            assert!(worth <= LEAST && grams.len() % 4 == 1, "{worth}");
            for gram in grams[1..].chunks(4) {
                assert!((1..=worth).contains(&rarity(gram)));
            }
        }
    }

    #[test]
    fn what_is_rare_is_told_from_what_is_common() {
        assert!(rarity(b"zqxj") > rarity(b"tion"));
        assert_eq!(rarity(b"TION"), rarity(b"tion"));
        assert_eq!(cheapest(b"returnqz_x", false, |_| false), 6);
        assert_eq!(cheapest(b"returnqz_x", true, |_| false), 5);
        assert_eq!(cheapest(b"abcde", false, |_| false), 0);
        assert_eq!(cheapest(b"abcde", true, |_| false), 1);
    }
}
