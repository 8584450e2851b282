//! Keys that look like nothing in particular, beside the name of the service that issues them.
//!
//! Most services hand out 32 hexadecimal digits or 40 letters. What makes a key of them is the name
//! that stands beside. A rule with `matcher = "beside"` is a table of names and shapes
//! ([`table`]); this room finds the value that has a shape of the name's ([`shape`]) and judges
//! what stands between ([`gap`]).
//!
//! Nothing outside of [`BEHIND`] and [`AHEAD`] bytes around the name is read, and nothing is
//! allocated.

mod gap;
mod shape;
mod table;

use std::ops::Range;

use gap::Says;
use shape::{Shape, is_plain, joins};
pub(crate) use table::{Known, Table, keywords};

use crate::check::{Check, Outcome};
use crate::entropy::bits_per_byte;
use crate::shapeless::searches;

/// Counts up when what is read changes.
pub(crate) const VERSION: u32 = 4;
/// Bytes read before the end of a name.
pub(crate) const BEHIND: usize = 1200;
/// Bytes read before its beginning.
pub(crate) const BEFORE: usize = BEHIND / 2 + 2;
/// Bytes read behind it.
pub(crate) const AHEAD: usize = 1200;
/// Bytes from a name to where its value begins.
const REACH: usize = 110;
/// The same backwards, from the end of the value to the name.
const BACK: usize = 48;
/// Characters of a value that is no key.
const LONG: usize = 160;
/// Bytes behind a value that tell whether it goes on.
const BEYOND: usize = 8;
/// Starts of words looked at behind one name.
const TRIED: usize = 24;

/// What stands beside a name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Read {
    /// A key of the service.
    Key(Range<usize>),
    /// A value said to be one, which is a little too long or too short.
    Near(Range<usize>),
}

/// What it took to read one name.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Work {
    /// How often what stands between was judged.
    pub(crate) judged: u64,
    /// Words behind the name that might have been keys.
    pub(crate) tried: u64,
}

/// Finds the key of the service whose name stands at `name` of `text`.
pub(crate) fn read(
    text: &[u8],
    name: Range<usize>,
    table: &Table,
    work: &mut Work,
) -> Option<Read> {
    if !begins(text, name.start) {
        return None;
    }
    let (known, length) = table.known(text.get(name.clone())?)?;
    let name = name.start..name.start + length;
    let least = known.word || name.len() < 5;
    if least && !ends(text, name.end) {
        return None;
    }
    let read = ahead(text, name.end, known, work)
        .or_else(|| behind(text, &name, known, work).map(Read::Key))?;
    let (Read::Key(value) | Read::Near(value)) = &read;
    let algolia = text.get(name.clone())?.eq_ignore_ascii_case(b"algolia");
    // What a page searches its index with is in the page.
    (!algolia || !searches(text, name.start, value)).then_some(read)
}

/// Whether a word begins with the name.
fn begins(text: &[u8], at: usize) -> bool {
    let before = at.checked_sub(1).and_then(|i| text.get(i)).copied();
    let first = text.get(at).copied().unwrap_or_default();
    before.is_none_or(|b| {
        !b.is_ascii_alphanumeric() || b.is_ascii_lowercase() && first.is_ascii_uppercase()
    })
}

/// Whether a word ends with the name, or a label follows at once.
fn ends(text: &[u8], at: usize) -> bool {
    let Some(&next) = text.get(at) else {
        return true;
    };
    let last = text.get(at.wrapping_sub(1)).copied().unwrap_or_default();
    if !next.is_ascii_alphabetic() || last.is_ascii_lowercase() && next.is_ascii_uppercase() {
        return true;
    }
    let rest = text.get(at..).unwrap_or_default();
    let follows = |w: &&[u8]| {
        rest.get(..w.len())
            .is_some_and(|r| r.eq_ignore_ascii_case(w))
    };
    [&b"key"[..], b"token", b"secret", b"api", b"auth", b"access"]
        .iter()
        .any(follows)
}

fn ahead(text: &[u8], from: usize, known: Known<'_>, work: &mut Work) -> Option<Read> {
    let to = text.len().min(from + REACH);
    let room = known.shapes.iter().map(Shape::room).min();
    if !has_run(text, from..to, room.unwrap_or(0)) {
        return None;
    }
    let mut at = from;
    let mut tried = 0;
    while at < to && tried < TRIED {
        if !starts(text, at) {
            // Nor inside of the same word.
            let rest = text.get(at..to).unwrap_or_default().iter();
            at += rest.take_while(|b| joins(**b)).count().max(1);
        } else {
            tried += 1;
            work.tried += 1;
            let value = run(text, at);
            let length = plain(text, at, known);
            let between = text.get(from..at).unwrap_or_default();
            // The same is said of every shape of a kind.
            let mut said = [None; 2];
            let mut judge = |hexadecimal: bool| {
                let says = said.get_mut(usize::from(hexadecimal))?;
                Some(*says.get_or_insert_with(|| {
                    work.judged += 1;
                    gap::judge(between, known.word, hexadecimal)
                }))
            };
            for shape in known.shapes.iter().filter(|s| s.has_room(length)) {
                let Some(value) = fits(text, at, shape) else {
                    continue;
                };
                let enough = match judge(shape.is_hexadecimal()).unwrap_or(Says::Other) {
                    Says::Sure => true,
                    Says::Key => !shape.is_uuid() || !known.word || between.len() <= 24,
                    Says::Equals => {
                        let sure = !known.word || shape.is_random();
                        sure && shape.is_telling() && ends(text, from)
                    }
                    Says::Blank => {
                        let alone = alone(text, from, &value);
                        alone && !known.word && shape.is_telling() && ends(text, from)
                    }
                    Says::Line => {
                        let sure = !known.word || shape.is_random();
                        let telling = shape.is_telling() && !shape.is_hexadecimal();
                        let below = stands_below(text, from, &value);
                        below && sure && telling && ends(text, from)
                    }
                    Says::Other => false,
                };
                if enough {
                    return Some(Read::Key(value));
                }
            }
            let near = known.shapes.iter().any(|s| s.is_near(value));
            if near && matches!(judge(false), Some(Says::Key | Says::Sure)) {
                return Some(Read::Near(at..at + value.len()));
            }
            // No word begins inside of it.
            at += value.len().max(1);
        }
    }
    None
}

/// How many plain bytes follow from `at` on, as far as a key asks for them.
fn plain(text: &[u8], at: usize, known: Known<'_>) -> usize {
    let most = known.shapes.iter().map(Shape::least).max();
    let rest = text.get(at..).unwrap_or_default().iter();
    rest.take(most.unwrap_or(0))
        .take_while(|b| is_plain(**b))
        .count()
}

/// Whether so many plain bytes follow any place of `at`: most names have short words behind them.
fn has_run(text: &[u8], at: Range<usize>, length: usize) -> bool {
    let mut from = at.start;
    while let Some(next) = text.get(from..from + length).filter(|_| from < at.end) {
        match next.iter().rposition(|b| !is_plain(*b)) {
            None => return true,
            Some(gap) => from += gap + 1,
        }
    }
    false
}

/// The bytes from `at` on that may be parts of one key; not more than tell that it is none.
fn run(text: &[u8], at: usize) -> &[u8] {
    let rest = text.get(at..).unwrap_or_default();
    let length = rest.iter().take(LONG).take_while(|b| joins(**b)).count();
    rest.get(..length).unwrap_or_default()
}

/// Whether nothing stands on the line but one word, of which the name is the end, and a value.
fn alone(text: &[u8], from: usize, value: &Range<usize>) -> bool {
    let head = text.get(..from).unwrap_or_default();
    let mut word = head
        .iter()
        .rev()
        .take(48)
        .skip_while(|b| b.is_ascii_alphanumeric());
    let first = matches!(word.next(), None | Some(b'\n'));
    let next = text.get(value.end).copied();
    first && matches!(next, None | Some(b'\n' | b'\r'))
}

/// Whether the name stands in a heading or a comment, and nothing but the value on its line.
fn stands_below(text: &[u8], from: usize, value: &Range<usize>) -> bool {
    let head = text.get(from.saturating_sub(64)..from).unwrap_or_default();
    let line = memchr::memrchr(b'\n', head).map_or(head, |at| &head[at + 1..]);
    let marks = [&b"#"[..], b"//", b"--", b";", b"**", b"- "];
    let before = value.start.checked_sub(1).and_then(|at| text.get(at));
    let next = text.get(value.end);
    marks.iter().any(|m| line.starts_with(m))
        && before == Some(&b'\n')
        && matches!(next, None | Some(b'\n' | b'\r'))
}

/// `token: ...  # name`, `curl -u "...:" https://api.name.com`.
fn behind(
    text: &[u8],
    name: &Range<usize>,
    known: Known<'_>,
    work: &mut Work,
) -> Option<Range<usize>> {
    let least = name.start.saturating_sub(BEHIND / 2);
    let before = text.get(least..name.start)?;
    let line = least + memchr::memrchr(b'\n', before).map_or(0, |n| n + 1);
    let here = text.get(line..name.start)?;
    // What parts the value from the name: a comment, or the address the name is of.
    let comment = here.trim_ascii_end();
    let mark = [&b"#"[..], b"//", b"--", b";", b"/*", b"<!--"];
    let end = match mark
        .iter()
        .find(|m| comment.ends_with(m) && !comment.ends_with(b"://"))
    {
        Some(mark) => comment.len() - mark.len(),
        None => {
            let plain =
                |b: &&u8| b.is_ascii_alphanumeric() || matches!(b, b':' | b'/' | b'.' | b'-');
            let host = here.iter().rev().take(BACK).take_while(plain).count();
            let least = here.len() - host;
            least + here.get(least..)?.windows(4).rposition(|w| w == b"http")?
        }
    };
    let until = line + end;
    let mut at = line;
    while at < until {
        if starts(text, at) {
            let length = plain(text, at, known);
            for shape in known.shapes.iter().filter(|s| s.has_room(length)) {
                let value =
                    fits(text, at, shape).filter(|v| v.end <= until && until - v.end <= BACK);
                let Some(value) = value else { continue };
                let between = text.get(value.end..until).unwrap_or_default();
                work.judged += 1;
                let apart = !between.iter().any(u8::is_ascii_alphanumeric);
                if apart && gap::judge_before(text.get(line..at)?) == Says::Key {
                    return Some(value);
                }
            }
        }
        at += 1;
    }
    None
}

/// Whether a value may begin at `at`.
fn starts(text: &[u8], at: usize) -> bool {
    let Some(&first) = text.get(at) else {
        return false;
    };
    if !joins(first) && first != b'$' && first != b'*' {
        return false;
    }
    let before = |n: usize| at.checked_sub(n).and_then(|i| text.get(i)).copied();
    match before(1) {
        None => true,
        Some(b'/') => before(2) == Some(b'/'),
        Some(b'+' | b'$' | b'@' | b'#' | b'%') => false,
        Some(b'.') => !before(2).is_some_and(|b| b.is_ascii_alphanumeric()),
        Some(b) => !joins(b),
    }
}

/// A value of this shape at `at`, if chance made it.
fn fits(text: &[u8], at: usize, shape: &Shape) -> Option<Range<usize>> {
    let end = shape.end(text, at)?;
    let next = |n: usize| text.get(end + n).copied();
    let goes_on = match next(0) {
        None => false,
        Some(b'+' | b'/') => shape.is_base64(),
        Some(b'=') => !shape.is_base64(),
        Some(b'.') => next(1).is_some_and(|b| b.is_ascii_alphanumeric()),
        Some(b'?' | b'!' | b'^' | b'%' | b'*' | b'$' | b'#' | b'@' | b'~') => {
            next(1).is_some_and(|b| b.is_ascii_alphanumeric()) && next(0) != Some(b'#')
        }
        Some(b'(') => true,
        Some(b) => joins(b),
    };
    let value = text.get(at..end)?;
    (!goes_on && is_made(value, shape)).then_some(at..end)
}

/// Whether chance made a value: mixed enough, no pattern, no word.
fn is_made(value: &[u8], shape: &Shape) -> bool {
    if shape.is_uuid()
        && Check::from_name("uuid").is_some_and(|c| c.verify(value) == Outcome::Fails)
    {
        return false;
    }
    let digits = value.iter().filter(|b| b.is_ascii_digit()).count();
    let letters = value.iter().filter(|b| b.is_ascii_alphabetic()).count();
    if letters == 0 || digits == 0 && (value.len() < 16 || turns(value) < 5) {
        return false;
    }
    let hexadecimal = shape.is_hexadecimal();
    let least = match (value.len(), hexadecimal) {
        (..12, _) => 2.2,
        (..20, true) => 2.5,
        (..20, false) => 2.9,
        (_, true) => 3.0,
        (..32, false) => 3.3,
        (_, false) => 3.7,
    };
    if bits_per_byte(value) < least || steps(value) * 2 > value.len() || repeats(value) {
        return false;
    }
    if hexadecimal || shape.has_prefix() {
        return true;
    }
    Check::from_name("mixed").is_none_or(|c| c.verify(value) != Outcome::Fails)
}

/// Changes between small and capital letters.
fn turns(value: &[u8]) -> usize {
    let pairs = value.windows(2);
    pairs
        .filter(|w| matches!(w, [a, b] if a.is_ascii_lowercase() != b.is_ascii_lowercase()))
        .count()
}

/// Characters that follow the one before them in their alphabet, `abcd`, `4321`.
fn steps(value: &[u8]) -> usize {
    let near = |w: &&[u8]| matches!(w, [a, b] if a.abs_diff(*b) <= 1);
    value.windows(2).filter(near).count()
}

/// Whether all of it is one piece over and over.
fn repeats(value: &[u8]) -> bool {
    (1..=value.len() / 2).any(|period| {
        let rest = value.get(period..).unwrap_or_default();
        rest.iter().zip(value).all(|(a, b)| a == b)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const HEX: &str = "9f3c1b7e5d2a8046c1e7f09b3d5a6284";

    fn found(table: &str, text: &str, name: &str) -> Option<String> {
        let table = Table::read(table).unwrap();
        let at = text.to_lowercase().find(name).unwrap();
        match read(
            text.as_bytes(),
            at..at + name.len(),
            &table,
            &mut Work::default(),
        )? {
            Read::Key(at) => Some(text[at].to_owned()),
            Read::Near(_) => None,
        }
    }

    #[test]
    fn a_key_is_found_on_either_side_of_its_name() {
        for text in [
            format!("acme_api_key = \"{HEX}\""),
            format!("ACME = {HEX}"),
            format!("https://api.acme.com/v1?apikey={HEX}&x=1"),
            format!("[acme]\ntoken={HEX}\n"),
            format!("token: {HEX}  # acme"),
            format!("curl -u \"{HEX}:\" https://api.acme.com/v1"),
            format!("const c = new Acme(\"{HEX}\")"),
            format!("myAcmeKey: {HEX}"),
            format!("x\nacme {HEX}\ny"),
        ] {
            let got = found("acme: {hex:32}", &text, "acme");
            assert_eq!(got.as_deref(), Some(HEX), "{text}");
        }
    }

    #[test]
    fn what_is_no_key_of_it_is_left() {
        for text in [
            format!("acme_api_key = \"{HEX}0\""),
            format!("acme_api_key = \"{}\"", &HEX[1..]),
            format!("acme_api_key = \"{}\"", HEX.to_uppercase()),
            format!("placme_key = \"{HEX}\""),
            format!("acme_commit = \"{HEX}\""),
            format!("the acme {HEX}"),
            format!("acme {HEX} and more"),
            format!("uses: acme/setup@{HEX}"),
            format!("https://acme.com/x/{HEX}/y"),
            format!("acme_key = \"{}\"", "0123456789abcdef".repeat(2)),
            format!("acme_key = \"{}\"", "a".repeat(32)),
            format!("acme_key = \"{}?{}\"", &HEX[..16], &HEX[16..]),
            format!("acme_md5 = \"{HEX}\""),
            format!("{}acme_key = \"{}\"", "", "x".repeat(32)),
        ] {
            assert_eq!(found("acme: {hex:32}", &text, "acme"), None, "{text}");
        }
    }

    #[test]
    fn a_value_of_nearly_the_length_is_told_apart() {
        let near = |shape: &str, text: &str| {
            let table = Table::read(&format!("acme: {shape}")).unwrap();
            matches!(
                read(text.as_bytes(), 0..4, &table, &mut Work::default()),
                Some(Read::Near(_))
            )
        };
        assert!(near("{hex:32}", &format!("acme_key = \"{}\"", &HEX[1..])));
        assert!(near("{hex:32}", &format!("acme_key = \"{HEX}ab\"")));
        assert!(near("live_{hex:40}", &format!("acme_key = \"live_{HEX}\"")));
        assert!(!near("{hex:32}", &format!("acme_key = \"{}\"", &HEX[6..])));
        assert!(!near(
            "{hex:32}",
            &format!("acme_key = \"{}xyz\"", &HEX[4..])
        ));
        assert!(!near("{hex:32}", &format!("acme_key = \"{HEX}\"")));
    }

    #[test]
    fn a_name_that_is_a_word_proves_less() {
        let table = "front!: {hex:32}";
        for (text, is) in [
            (format!("front_token = \"{HEX}\""), true),
            (format!("front = \"{HEX}\""), false),
            (format!("front of the token {HEX}"), false),
            (format!("frontier_token = \"{HEX}\""), false),
            (format!("front: {{ apiKey: '{HEX}' }}"), true),
            (format!("front {HEX}"), false),
        ] {
            assert_eq!(found(table, &text, "front").is_some(), is, "{text}");
        }
    }
}
