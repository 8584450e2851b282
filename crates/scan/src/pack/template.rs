//! Examples hold placeholders instead of values, so that no secret-shaped text stands in a pack.
//! Expanding is deterministic: the same pack gives the same text on every machine.

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use sha2::{Digest as _, Sha256};

use crate::check::Check;

const LOWER: &[u8] = b"abcdefghijklmnopqrstuvwxyz";
const UPPER: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ";
const DIGITS: &[u8] = b"0123456789";
/// Characters one placeholder may make.
const MOST: usize = 65_536;

/// Expands the placeholders of one example. Seeded by rule and number of the example.
///
/// `{}` is nothing; `{hex:N}`, `{HEX:N}`, `{base62:N}`, `{base64:N}`, `{base64url:N}`,
/// `{base32:N}`, `{base32l:N}`, `{lower:N}`, `{upper:N}`, `{alnum:N}`, `{alnuml:N}`,
/// `{digits:N}` and `{uuid}` are mixed text; `{b64:TEXT}` and `{b64url:TEXT}` encode TEXT;
/// `{nl}`, `{lbrace}`, `{rbrace}` are single characters; `{repeat:N:TEXT}` repeats;
/// `{check:NAME}` appends what makes check NAME hold over the text since `{mark}`, or since the
/// last blank or quote. A brace that begins no word stands for itself, as does `${...}`.
///
/// # Errors
/// A sentence that names the placeholder nobody knows or that cannot be made.
pub fn expand(example: &str, rule: &str, number: usize) -> Result<String, String> {
    let mut out = String::with_capacity(example.len() + 64);
    let mut mark = None;
    let mut rest = example;
    let mut position = 0u32;
    while let Some(at) = rest.find('{') {
        let (before, from) = rest.split_at(at);
        out.push_str(before);
        let inner = from.get(1..).unwrap_or_default();
        let named = inner.starts_with(|c: char| c.is_ascii_alphabetic() || c == '}');
        let end = inner.find('}');
        let (Some(end), true, false) = (end, named, before.ends_with('$')) else {
            // A run of braces is text as a whole: `{{ name }}` is no placeholder.
            let run = from.bytes().take_while(|&b| b == b'{').count();
            out.push_str(from.get(..run).unwrap_or_default());
            rest = from.get(run..).unwrap_or_default();
            if run > 1 || before.ends_with('$') {
                let close = rest.find('}').map_or(rest.len(), |i| i + 1);
                out.push_str(rest.get(..close).unwrap_or_default());
                rest = rest.get(close..).unwrap_or_default();
            }
            continue;
        };
        let word = inner.get(..end).unwrap_or_default();
        rest = inner.get(end + 1..).unwrap_or_default();
        position += 1;
        let mut deck = Deck::new(rule, number, position);
        place(word, &mut out, &mut mark, &mut deck)?;
    }
    out.push_str(rest);
    Ok(out)
}

/// One example as people read it: broken prefixes joined, values still told by what makes them up.
pub fn shown(example: &str) -> String {
    let words = [
        ("{}", ""),
        ("{mark}", ""),
        ("{nl}", "\n"),
        ("{lbrace}", "{"),
        ("{rbrace}", "}"),
    ];
    let mut out = example.to_owned();
    for (word, text) in words {
        out = out.replace(word, text);
    }
    out
}

fn place(
    word: &str,
    out: &mut String,
    mark: &mut Option<usize>,
    deck: &mut Deck,
) -> Result<(), String> {
    let (name, argument) = word.split_once(':').unwrap_or((word, ""));
    match name {
        "" => {}
        "nl" => out.push('\n'),
        "lbrace" => out.push('{'),
        "rbrace" => out.push('}'),
        "mark" => *mark = Some(out.len()),
        "uuid" => {
            let hex = deck.deal(b"0123456789abcdef", 32);
            let cut = |a, b| hex.get(a..b).unwrap_or_default();
            let parts = [cut(0, 8), cut(8, 12), cut(13, 16), cut(17, 20), cut(20, 32)];
            let [a, b, c, d, e] = parts;
            out.push_str(&format!("{a}-{b}-4{c}-a{d}-{e}"));
        }
        "b64" => out.push_str(&STANDARD.encode(argument)),
        "b64url" => out.push_str(&URL_SAFE_NO_PAD.encode(argument)),
        "repeat" => {
            let (n, text) = argument
                .split_once(':')
                .ok_or("`{repeat:N:TEXT}` needs N and TEXT")?;
            let n = count(n).filter(|n| n.saturating_mul(text.len()) <= 16 * MOST);
            out.push_str(&text.repeat(n.ok_or("`{repeat:N:TEXT}` needs a smaller number")?));
        }
        "check" => {
            let check = Check::from_name(argument).ok_or_else(|| unknown("check", argument))?;
            let edge = |c: char| c.is_whitespace() || matches!(c, '"' | '\'' | '`');
            let from = mark
                .take()
                .unwrap_or_else(|| out.rfind(edge).map_or(0, |i| i + 1));
            let token = out.get(from..).unwrap_or_default();
            let tail = check.complete(token.as_bytes()).ok_or_else(|| {
                format!("check `{argument}` cannot be completed over what stands before it")
            })?;
            out.push_str(&tail);
        }
        _ => {
            let alphabet = alphabet(name).ok_or_else(|| unknown("placeholder", name))?;
            let n = count(argument)
                .ok_or_else(|| format!("`{{{name}:N}}` needs a number up to {MOST}"))?;
            out.push_str(&deck.deal(&alphabet, n));
        }
    }
    Ok(())
}

/// A word that is none of ours may be a secret: it is not quoted.
fn unknown(what: &str, word: &str) -> String {
    format!(
        "no {what} has this name of {} characters",
        word.chars().count()
    )
}

fn count(text: &str) -> Option<usize> {
    text.parse().ok().filter(|&n| n <= MOST)
}

fn alphabet(name: &str) -> Option<Vec<u8>> {
    let parts: &[&[u8]] = match name {
        "hex" => &[DIGITS, b"abcdef"],
        "HEX" => &[DIGITS, b"ABCDEF"],
        "base62" => &[DIGITS, UPPER, LOWER],
        "base64" => &[UPPER, LOWER, DIGITS, b"+/"],
        "base64url" => &[UPPER, LOWER, DIGITS, b"-_"],
        "base32" => &[UPPER, b"234567"],
        "base32l" => &[LOWER, b"234567"],
        "lower" => &[LOWER],
        "upper" => &[UPPER],
        "alnum" => &[UPPER, DIGITS],
        "alnuml" => &[LOWER, DIGITS],
        "digits" => &[DIGITS],
        _ => return None,
    };
    Some(parts.concat())
}

/// Deals characters from a shuffled alphabet and shuffles again when it is used up: as mixed as
/// a text of that length can be, so that no entropy threshold depends on luck.
struct Deck {
    state: u64,
}

impl Deck {
    fn new(rule: &str, number: usize, position: u32) -> Self {
        let seed = Sha256::digest(format!("lychgate/example\0{rule}\0{number}\0{position}"));
        let state = seed
            .first_chunk::<8>()
            .map_or(1, |b| u64::from_le_bytes(*b));
        Self { state }
    }

    /// SplitMix64.
    fn next(&mut self) -> u64 {
        self.state = self.state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.state;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    fn deal(&mut self, alphabet: &[u8], n: usize) -> String {
        let mut out = String::with_capacity(n);
        let mut cards = alphabet.to_vec();
        while out.len() < n {
            for i in (1..cards.len()).rev() {
                let j = self.next() % (i as u64 + 1);
                cards.swap(i, usize::try_from(j).unwrap_or(i));
            }
            // Never a symbol first or last: word boundaries in patterns look for a letter there.
            let room = n - out.len();
            let mut hand: Vec<u8> = cards.iter().copied().take(room).collect();
            for edge in [0, hand.len().saturating_sub(1)] {
                let plain = cards
                    .iter()
                    .skip(hand.len())
                    .copied()
                    .find(u8::is_ascii_alphanumeric);
                if let (Some(card), Some(p)) = (hand.get_mut(edge), plain)
                    && !card.is_ascii_alphanumeric()
                {
                    *card = p;
                }
            }
            out.extend(hand.iter().copied().map(char::from));
        }
        out
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn made(example: &str) -> String {
        expand(example, "a.b", 0).unwrap()
    }

    #[test]
    fn placeholders_become_text_of_their_length() {
        assert_eq!(made("AK{}IA").len(), 4);
        assert_eq!(made("{hex:40}").len(), 40);
        assert_eq!(made("{uuid}").len(), 36);
        assert_eq!(made("{b64:hi}{nl}{lbrace}{rbrace}"), "aGk=\n{}");
        assert_eq!(made("{repeat:3:ab}"), "ababab");
        assert!(
            made("{base32:200}")
                .bytes()
                .all(|b| matches!(b, b'A'..=b'Z' | b'2'..=b'7'))
        );
        assert_eq!(made("{base62:30}"), made("{base62:30}"));
        assert_ne!(
            made("{hex:30} {hex:30}").split_at(30).0,
            &made("{hex:30} {hex:30}")[31..]
        );
    }

    #[test]
    fn an_example_is_shown_without_its_values() {
        let example = "t = \"{mark}tok{}x_{hex:20}{check:crc}\"{nl}{lbrace}";
        assert_eq!(shown(example), "t = \"tokx_{hex:20}{check:crc}\"\n{");
    }

    #[test]
    fn other_braces_stand_for_themselves() {
        for text in [
            "${NAME}",
            "{{ name }}",
            "{{name}}",
            "{\"a\": 1}",
            "a { b }",
            "${{ secrets.X }}",
        ] {
            assert_eq!(made(text), text);
        }
    }

    #[test]
    fn unknown_placeholders_are_named() {
        for text in [
            "{nothing}",
            "{hex}",
            "{hex:x}",
            "{check:none}",
            "{repeat:9}",
            "{hex:999999}",
        ] {
            assert!(expand(text, "a.b", 0).is_err(), "{text}");
        }
    }
}
