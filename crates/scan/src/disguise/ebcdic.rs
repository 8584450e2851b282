//! Text in EBCDIC: letters, digits and the signs that its code pages have in common.

use super::Scene;
use super::view::{MOST, View};

/// Bytes that tell whether a text is EBCDIC.
const HEAD: usize = 512;
const OVERLAP: usize = 4 << 10;

/// ASCII for each byte; 0: none.
const PLAIN: [u8; 256] = {
    let mut table = [0u8; 256];
    let rows: [(usize, &[u8]); 12] = [
        (0x81, b"abcdefghi"),
        (0x91, b"jklmnopqr"),
        (0xa2, b"stuvwxyz"),
        (0xc1, b"ABCDEFGHI"),
        (0xd1, b"JKLMNOPQR"),
        (0xe2, b"STUVWXYZ"),
        (0xf0, b"0123456789"),
        (0x4b, b".<(+|&"),
        (0x5a, b"!$*);"),
        (0x60, b"-/"),
        (0x6b, b",%_>?"),
        (0x79, b"`:#@'=\""),
    ];
    let mut row = 0;
    while row < rows.len() {
        let (from, text) = rows[row];
        let mut i = 0;
        while i < text.len() {
            table[from + i] = text[i];
            i += 1;
        }
        row += 1;
    }
    let single = b"\x40 \x15\n\x25\n\x0d\r\x05\t\xc0{\xd0}\xe0\\\xa1~\xba[\xbb]\xad[\xbd]\xb0^";
    let mut i = 0;
    while i < single.len() {
        table[single[i] as usize] = single[i + 1];
        i += 2;
    }
    table
};

/// Calls `each` with the text decoded, in pieces that overlap, if it is EBCDIC.
pub(super) fn find(scene: &Scene<'_>, view: &mut View, each: &mut dyn FnMut(&View) -> bool) {
    let &Scene { text, from, .. } = scene;
    if !is_ebcdic(text) {
        return;
    }
    let mut at = from;
    while at < text.len() {
        let end = text.len().min(at + MOST);
        view.begin("EBCDIC");
        let plain = |b: &u8| match PLAIN[usize::from(*b)] {
            0 => b'\x1a',
            b => b,
        };
        view.plain
            .extend(text.get(at..end).unwrap_or_default().iter().map(plain));
        view.stands_for(0, at..end);
        view.core = 0..view.plain.len();
        if !each(view) || end == text.len() {
            return;
        }
        at = end - OVERLAP;
    }
}

/// Whether nearly all of a text is letters, digits, blanks and signs, and hardly any is ASCII.
fn is_ebcdic(text: &[u8]) -> bool {
    let high = |part: &[u8]| part.iter().filter(|b| **b >= 0x80 || **b == 0x40).count();
    let first = text.get(..32).unwrap_or_default();
    if high(first) * 2 < first.len() || first.is_empty() {
        return false;
    }
    let head = text.get(..HEAD).unwrap_or(text);
    let known = head.iter().filter(|b| PLAIN[usize::from(**b)] != 0).count();
    known * 20 >= head.len() * 19 && high(head) * 2 >= head.len()
}
