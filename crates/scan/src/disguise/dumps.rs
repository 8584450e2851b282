//! Dumps of bytes as tools print them: a place, the bytes in groups, perhaps what can be read of
//! them (`xxd`, `hexdump`, `od`, `Format-Hex`); or each as the character it is (`od -c`).

use super::Scene;
use super::radix::PACKED_MOST;
use super::unpack;
use super::view::{Content, View};

/// What the first line begins with: its place, which is none.
pub(super) const WORD: &[u8] = b"0000000";
/// Bytes on a line.
const LINE: usize = 64;
/// Characters of one.
const LONGEST: usize = 240;
/// Fewest bytes that are worth a view.
const LEAST: usize = 12;

/// Calls `each` with the bytes of every dump from its beginning on.
pub(super) fn find(scene: &Scene<'_>, view: &mut View, each: &mut dyn FnMut(&View) -> bool) {
    if !scene.hints.dumps {
        return;
    }
    let &Scene { text, from, .. } = scene;
    let mut done = from;
    for found in memchr::memmem::find_iter(text.get(from..).unwrap_or_default(), WORD) {
        let start = from + found;
        let before = start.checked_sub(1).and_then(|i| text.get(i));
        if start < done || before.is_some_and(|b| *b != b'\n') {
            continue;
        }
        done = dump(text, start, view);
        let Some(head) = view.plain.first_chunk::<LEAST>() else {
            continue;
        };
        view.content = unpack::content_of(head).unwrap_or(Content::Packed);
        view.core = 0..view.plain.len();
        if !each(view) {
            return;
        }
    }
}

/// How the bytes of a dump are grouped, as its first line says.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Group {
    /// Each for itself, in hexadecimal.
    Byte,
    /// Two, the first one first.
    Pair,
    /// Two as a number of a small machine: the second one first.
    Word,
    /// The same in octal.
    Octal,
    /// Each for itself, as a character.
    Character,
}

/// Fills the view with the lines from `start` on; returns where they end.
fn dump(text: &[u8], start: usize, view: &mut View) -> usize {
    view.begin("dump");
    let mut at = start;
    let mut group = None;
    while view.plain.len() < PACKED_MOST {
        let rest = text
            .get(at..text.len().min(at + LONGEST))
            .unwrap_or_default();
        let length = memchr::memchr(b'\n', rest).unwrap_or(rest.len());
        let plain = view.plain.len();
        let this = rest.get(..length).unwrap_or_default();
        let read = match group {
            Some(Group::Character) => characters(this, view),
            Some(_) => line(this, &mut group, view),
            None => line(this, &mut group, view).or_else(|| {
                group = Some(Group::Character);
                characters(this, view)
            }),
        };
        if read.is_none() {
            break;
        }
        view.stands_for(plain, at..at + length);
        at += length;
        if text.get(at) != Some(&b'\n') {
            break;
        }
        at += 1;
    }
    at.max(start + 1)
}

/// Adds the bytes of one line; `None`: it is none of a dump.
fn line(line: &[u8], group: &mut Option<Group>, view: &mut View) -> Option<()> {
    let is_hex = |b: &&u8| b.is_ascii_hexdigit();
    let place = line.iter().take_while(is_hex).count();
    if !(6..=16).contains(&place) {
        return None;
    }
    let rest = line.get(place..)?;
    let colon = rest.first() == Some(&b':');
    let mut rest = rest.get(usize::from(colon)..)?;
    let before = view.plain.len();
    while view.plain.len() - before < LINE {
        let blanks = rest.iter().take_while(|b| **b == b' ').count();
        // The second half may stand apart by one more; what can be read stands apart further.
        let gap = if view.plain.len() == before { 3 } else { 2 };
        let digits = rest.get(blanks..)?.iter().take_while(is_hex).count();
        if blanks == 0 || blanks > gap || digits == 0 {
            break;
        }
        let this = match (digits, colon) {
            (2, _) => Group::Byte,
            (4, true) => Group::Pair,
            (4, false) => Group::Word,
            (6, false) => Group::Octal,
            _ => break,
        };
        let other = group.is_some_and(|group| group != this);
        // The last group of pairs may be a half.
        if other && !(this == Group::Byte && *group == Some(Group::Pair)) {
            break;
        }
        // What can be read may look like a group: two blanks part it where groups are pairs.
        if group.is_some() && blanks == 2 && this != Group::Byte {
            break;
        }
        *group = group.or(Some(this));
        let word = std::str::from_utf8(rest.get(blanks..blanks + digits)?).ok()?;
        let radix = if this == Group::Octal { 8 } else { 16 };
        let number = u16::from_str_radix(word, radix).ok()?;
        let [high, low] = number.to_be_bytes();
        match this {
            Group::Byte => view.plain.push(low),
            Group::Pair => view.plain.extend([high, low]),
            Group::Word | Group::Octal => view.plain.extend([low, high]),
            Group::Character => {}
        }
        rest = rest.get(blanks + digits..)?;
        if rest.first().is_some_and(|b| !b.is_ascii_whitespace()) {
            break;
        }
    }
    (view.plain.len() > before).then_some(())
}

/// Adds the bytes of one line of characters, each of which stands at the end of four columns;
/// `None`: it is none of a dump.
fn characters(line: &[u8], view: &mut View) -> Option<()> {
    let place = line.iter().take_while(|b| b.is_ascii_hexdigit()).count();
    let cells = line.get(place..)?.trim_ascii_end();
    // Blanks at the end of a line are cells too, that an editor may have cut.
    if !(6..=16).contains(&place) || cells.len() < 4 || cells.len() > LINE * 4 {
        return None;
    }
    let before = view.plain.len();
    let whole = line.get(place..)?.strip_suffix(b"\r");
    for cell in whole.unwrap_or(line.get(place..)?).chunks_exact(4) {
        let byte = match cell {
            [b' ', b' ', b' ', c] => *c,
            [b' ', b' ', b'\\', c] => match c {
                b'0' => 0,
                b'a' => 7,
                b'b' => 8,
                b't' => b'\t',
                b'n' => b'\n',
                b'v' => 11,
                b'f' => 12,
                b'r' => b'\r',
                _ => break,
            },
            [b' ', a @ b'0'..=b'3', b @ b'0'..=b'7', c @ b'0'..=b'7'] => {
                (a & 3) << 6 | (b & 7) << 3 | (c & 7)
            }
            _ => break,
        };
        view.plain.push(byte);
    }
    (view.plain.len() > before).then_some(())
}

#[cfg(test)]
mod tests {
    use std::fmt::Write as _;

    use super::super::tests::{VALUE, one, scan};

    fn lines(bytes: &[u8], line: &dyn Fn(&mut String, usize, &[u8])) -> String {
        let mut out = String::new();
        for (i, part) in bytes.chunks(16).enumerate() {
            line(&mut out, i * 16, part);
        }
        out
    }

    fn gutter(bytes: &[u8]) -> String {
        let shown = |b: &u8| {
            if b.is_ascii_graphic() {
                char::from(*b)
            } else {
                '.'
            }
        };
        bytes.iter().map(shown).collect()
    }

    fn groups(bytes: &[u8], size: usize, each: &dyn Fn(&[u8]) -> String) -> String {
        bytes.chunks(size).map(each).collect::<Vec<_>>().join(" ")
    }

    fn hex(bytes: &[u8]) -> String {
        bytes.iter().map(|b| format!("{b:02x}")).collect()
    }

    fn word(pair: &[u8]) -> u16 {
        u16::from_le_bytes([pair[0], pair.get(1).copied().unwrap_or(0)])
    }

    #[test]
    fn every_tool_is_read() {
        let text = format!("# settings of the house\nkey = {VALUE}\nregion = here\n");
        type Tool<'t> = &'t dyn Fn(&mut String, usize, &[u8]);
        let shown = |b: &u8| match b {
            b'\n' => "  \\n".to_owned(),
            b => format!("{:>4}", char::from(*b)),
        };
        let tools: [Tool<'_>; 7] = [
            &|out, at, b| {
                let cells: String = b.iter().map(shown).collect();
                let _ = writeln!(out, "{at:07o}{cells}");
            },
            &|out, at, b| {
                let _ = writeln!(out, "{at:08x}: {:39}  {}", groups(b, 2, &hex), gutter(b));
            },
            &|out, at, b| {
                let (left, right) = b.split_at(b.len().min(8));
                let halves = format!("{}  {}", groups(left, 1, &hex), groups(right, 1, &hex));
                let _ = writeln!(out, "{at:08x}  {halves:48}  |{}|", gutter(b));
            },
            &|out, at, b| {
                let _ = writeln!(out, "{at:07o} {}", groups(b, 1, &hex));
            },
            &|out, at, b| {
                let words = groups(b, 2, &|pair| format!("{:04x}", word(pair)));
                let _ = writeln!(out, "{at:07x} {words}");
            },
            &|out, at, b| {
                let words = groups(b, 2, &|pair| format!("{:06o}", word(pair)));
                let _ = writeln!(out, "{at:07o} {words}");
            },
            &|out, at, b| {
                let _ = writeln!(out, "{at:08X}   {:48}  {}", groups(b, 1, &hex), gutter(b));
            },
        ];
        for tool in tools {
            let dump = lines(text.as_bytes(), tool);
            assert_eq!(one(dump.as_bytes()).1, "dump", "{dump}");
            let twin = lines(text.replace("tokx_", "word_").as_bytes(), tool);
            assert!(scan(twin.as_bytes()).findings.is_empty());
        }
    }
}
