//! Uuencode (POSIX): lines of up to 45 bytes between `begin` and `end`.

use super::Scene;
use super::radix::PACKED_MOST;
use super::unpack;
use super::view::{Content, View};

/// What it begins with, for a file that its owner may write.
pub(super) const WORD: &[u8] = b"begin 6";
/// Bytes of the first line.
const HEAD: usize = 256;

/// Calls `each` with every file.
pub(super) fn find(scene: &Scene<'_>, view: &mut View, each: &mut dyn FnMut(&View) -> bool) {
    if !scene.hints.uuencode {
        return;
    }
    let &Scene { text, from, .. } = scene;
    let mut done = from;
    for found in memchr::memmem::find_iter(text.get(from..).unwrap_or_default(), WORD) {
        let start = from + found;
        let before = start.checked_sub(1).and_then(|i| text.get(i));
        let rest = text
            .get(start..text.len().min(start + HEAD))
            .unwrap_or_default();
        let Some(end) = memchr::memchr(b'\n', rest) else {
            continue;
        };
        if start < done || before.is_some_and(|b| *b != b'\n') {
            continue;
        }
        done = file(text, start + end + 1, view);
        let head = view.plain.get(..12).unwrap_or(&view.plain);
        view.content = unpack::content_of(head).unwrap_or(Content::Packed);
        view.core = 0..view.plain.len();
        if !view.plain.is_empty() && !each(view) {
            return;
        }
    }
}

/// Fills the view with the lines from `start` on; returns where they end.
fn file(text: &[u8], start: usize, view: &mut View) -> usize {
    view.begin("uuencode");
    let mut at = start;
    while let Some(&first) = text.get(at) {
        let six = |b: u8| (b' '..=b'`').contains(&b).then(|| u32::from(b - b' ') & 63);
        let Some(count) = six(first)
            .map(|n| n as usize)
            .filter(|n| (1..=45).contains(n))
        else {
            break;
        };
        let digits = at + 1..at + 1 + count.div_ceil(3) * 4;
        let plain = view.plain.len();
        // Blanks at the end of a line may have gone.
        let line = text
            .get(digits.start..text.len().min(digits.end))
            .unwrap_or_default();
        let length = memchr::memchr(b'\n', line).unwrap_or(line.len());
        let line = line.get(..length).unwrap_or_default();
        if line
            .strip_suffix(b"\r")
            .unwrap_or(line)
            .iter()
            .any(|b| six(*b).is_none())
        {
            break;
        }
        for four in 0..count.div_ceil(3) {
            let value = |i: usize| line.get(4 * four + i).and_then(|b| six(*b)).unwrap_or(0);
            let bits = (0..4).fold(0, |bits, i| bits << 6 | value(i));
            let [_, a, b, c] = bits.to_be_bytes();
            view.plain.extend([a, b, c]);
        }
        view.plain.truncate(plain + count);
        view.stands_for(plain, at..digits.start + length);
        at = digits.start + length;
        let line_end = text.get(at..).unwrap_or_default().iter();
        at += line_end.take(2).take_while(|b| **b == b'\r').count();
        if text.get(at) != Some(&b'\n') || view.plain.len() > PACKED_MOST {
            break;
        }
        at += 1;
    }
    at
}

#[cfg(test)]
mod tests {
    use super::super::tests::{VALUE, one, scan};

    fn uuencoded(bytes: &[u8]) -> String {
        let mut out = "begin 644 settings\n".to_owned();
        let digit = |n: u32| {
            if n == 0 {
                '`'
            } else {
                char::from(b' ' + n as u8)
            }
        };
        for line in bytes.chunks(45) {
            out.push(digit(line.len() as u32));
            for three in line.chunks(3) {
                let byte = |i: usize| u32::from(three.get(i).copied().unwrap_or(0));
                let bits = byte(0) << 16 | byte(1) << 8 | byte(2);
                out.extend([18, 12, 6, 0].map(|by| digit(bits >> by & 63)));
            }
            out.push('\n');
        }
        out + "`\nend\n"
    }

    #[test]
    fn a_file_is_read() {
        let text = format!("{}\nkey = {VALUE}\nmore\n", "words ".repeat(6));
        assert_eq!(one(uuencoded(text.as_bytes()).as_bytes()).1, "uuencode");
        let twin = uuencoded(text.replace("tokx_", "word_").as_bytes());
        assert!(scan(twin.as_bytes()).findings.is_empty());
        for broken in ["begin 644 x\n", "begin 644 x\nM\n", "begin 6"] {
            assert!(scan(broken.as_bytes()).findings.is_empty());
        }
    }
}
