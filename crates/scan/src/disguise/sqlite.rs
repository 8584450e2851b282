//! Rows of an SQLite database: in its pages the text of one column follows that of another without
//! a sign between, so that no pattern sees where a value begins.
//!
//! Leaf pages of tables are read (file format, sections 1.6 and 2.1). What a long row has on other
//! pages is plain to the pass over the raw bytes.

use std::ops::Range;

use super::Scene;
use super::view::View;

const MAGIC: &[u8] = b"SQLite format 3\0";
const LEAF: u8 = 0x0d;
/// Columns of one row.
const COLUMNS: usize = 2000;

/// Calls `each` with a view of every leaf page of a table: the texts of a row on a line.
pub(super) fn find(scene: &Scene<'_>, view: &mut View, each: &mut dyn FnMut(&View) -> bool) {
    let &Scene { text, from, .. } = scene;
    let Some([high, low]) = text.get(16..18).filter(|_| text.starts_with(MAGIC)) else {
        return;
    };
    let size = match u16::from_be_bytes([*high, *low]) {
        1 => 65_536,
        size => usize::from(size),
    };
    if !size.is_power_of_two() || size < 512 {
        return;
    }
    for at in (0..text.len()).step_by(size).skip(from / size) {
        view.begin("SQLite page");
        let page = at..text.len().min(at + size);
        rows(text, page, if at == 0 { 100 } else { 0 }, view);
        view.core = 0..view.plain.len();
        if !view.plain.is_empty() && !each(view) {
            return;
        }
    }
}

fn rows(text: &[u8], at: Range<usize>, head: usize, view: &mut View) {
    let page = text.get(at.clone()).unwrap_or_default();
    let two = |at: usize| {
        let pair = page.get(at..at + 2).and_then(|b| b.first_chunk());
        pair.map_or(0, |b| usize::from(u16::from_be_bytes(*b)))
    };
    if page.get(head) != Some(&LEAF) {
        return;
    }
    // Each cell takes two bytes of the page at least; cells that overlap are no database's.
    for cell in 0..two(head + 3).min(page.len() / 2) {
        if view.plain.len() > 2 * page.len() {
            return;
        }
        let _ = row((text, at.start), page, two(head + 8 + 2 * cell), view);
    }
}

/// The texts of one row, as far as it can be read.
fn row((text, base): (&[u8], usize), page: &[u8], at: usize, view: &mut View) -> Option<()> {
    let (_, at) = number(page, at)?;
    let (_, start) = number(page, at)?;
    let (length, mut at) = number(page, start)?;
    let end = start.checked_add(usize::try_from(length).ok()?)?;
    let mut value = end;
    let mut columns = 0;
    while at < end && columns < COLUMNS {
        let (kind, next) = number(page, at)?;
        (at, columns) = (next, columns + 1);
        let width = match kind {
            0 | 8 | 9 => 0,
            1..=4 => kind,
            5 => 6,
            6 | 7 => 8,
            10 | 11 => return None,
            _ => (kind - 12) / 2,
        };
        let stop = value.checked_add(usize::try_from(width).ok()?)?;
        if kind >= 12 && value < page.len() {
            // A row that goes on elsewhere ends with its page.
            let to = base + stop.min(page.len());
            view.copy(text, base + value..to);
            view.put(b" ", to..to);
        }
        value = stop;
    }
    let to = base + value.min(page.len());
    view.put(b"\n", to..to);
    Some(())
}

/// A number of one to nine bytes, seven bits each, and where it ends.
fn number(page: &[u8], at: usize) -> Option<(u64, usize)> {
    let mut value = 0u64;
    for i in 0..8 {
        let b = *page.get(at + i)?;
        value = value << 7 | u64::from(b & 0x7f);
        if b & 0x80 == 0 {
            return Some((value, at + i + 1));
        }
    }
    Some((value << 8 | u64::from(*page.get(at + 8)?), at + 9))
}

#[cfg(test)]
mod tests {
    use super::super::Hints;
    use super::super::survey::Survey;
    use super::*;

    fn read(bytes: &[u8]) -> Vec<String> {
        let mut all = Vec::new();
        let scene = Scene {
            text: bytes,
            from: 0,
            begins: 0,
            hints: Hints::default(),
            survey: &Survey::default(),
        };
        find(&scene, &mut View::default(), &mut |view| {
            all.push(String::from_utf8_lossy(&view.plain).into_owned());
            true
        });
        all
    }

    fn database() -> Vec<u8> {
        let mut bytes = vec![0u8; 1024];
        bytes[..16].copy_from_slice(MAGIC);
        bytes[16..18].copy_from_slice(&512u16.to_be_bytes());
        let row = b"\x0a\x01\x04\x01\x17\x13\x2anameabc";
        let at = 512 - row.len();
        bytes[512] = LEAF;
        bytes[516] = 1;
        bytes[520..522].copy_from_slice(&u16::try_from(at).unwrap().to_be_bytes());
        bytes[512 + at..].copy_from_slice(row);
        bytes
    }

    #[test]
    fn columns_are_told_apart() {
        assert_eq!(read(&database()), ["namea bc \n"]);
    }

    #[test]
    fn nothing_hostile_is_believed() {
        let good = database();
        for at in 0..good.len() {
            for with in [0, 1, 0x7f, 0x80, 0xff] {
                let mut bad = good.clone();
                bad[at] = with;
                let _ = read(&bad);
            }
        }
        assert!(read(&good[..17]).is_empty() && read(b"").is_empty());
        assert!(read(&vec![0xff; 4096]).is_empty());
    }
}
