//! Marks between the pieces of a value that nobody sees: blanks without width, colours of a
//! terminal, tags of markup.

use super::Scene;
use super::view::{self, MOST, View, is_value};

/// Bytes without a mark after which a stretch ends.
const GAP: usize = 192;
/// Bytes of one mark.
const LONGEST: usize = 80;

/// What a mark begins with, and its length where it stands.
struct Kind {
    head: &'static [u8],
    length: fn(&[u8]) -> Option<usize>,
}

const KINDS: [Kind; 9] = [
    // U+200B to U+200D, which U+2060 is like.
    Kind {
        head: b"\xe2\x80",
        length: |rest| matches!(rest.get(2), Some(0x8b..=0x8d)).then_some(3),
    },
    Kind {
        head: b"\xe2\x81\xa0",
        length: |_| Some(3),
    },
    // U+FEFF, which is a mark of order only where a text begins.
    Kind {
        head: b"\xef\xbb\xbf",
        length: |_| Some(3),
    },
    Kind {
        head: b"&shy;",
        length: |_| Some(5),
    },
    Kind {
        head: b"<wbr",
        length: |rest| tag(rest, 8),
    },
    Kind {
        head: b"</span><span",
        length: |rest| Some(7 + tag(rest.get(7..)?, LONGEST)?),
    },
    Kind {
        head: b"]]><![CDATA[",
        length: |_| Some(12),
    },
    Kind {
        head: b"<!--",
        length: |rest| {
            let inner = rest.get(4..)?.iter().take_while(|b| **b == b' ').count();
            rest.get(4 + inner..)?
                .starts_with(b"-->")
                .then_some(7 + inner)
        },
    },
    Kind {
        head: b"\x1b[",
        length: |rest| {
            let numbers = rest.get(2..)?.iter().take(16);
            let count = numbers
                .take_while(|b| b.is_ascii_digit() || **b == b';')
                .count();
            let end = rest.get(2 + count)?;
            end.is_ascii_alphabetic().then_some(3 + count)
        },
    },
];

fn tag(rest: &[u8], most: usize) -> Option<usize> {
    let rest = rest.get(..most).unwrap_or(rest);
    memchr::memchr(b'>', rest).map(|end| end + 1)
}

/// Calls `each` with every stretch that has marks, without them.
pub(super) fn find(scene: &Scene<'_>, view: &mut View, each: &mut dyn FnMut(&View) -> bool) {
    if !scene.hints.marks {
        return;
    }
    let &Scene { text, from, .. } = scene;
    for kind in &KINDS {
        let finder = memchr::memmem::Finder::new(kind.head);
        let mut at = from;
        while let Some(found) = text.get(at..).and_then(|rest| finder.find(rest)) {
            let found = at + found;
            if parts(text, found, kind).is_none() {
                at = found + 1;
                continue;
            }
            at = strip(text, (at, found), kind, &finder, view);
            if !each(view) {
                return;
            }
        }
    }
}

/// The length of the mark at `at`, if it parts anything.
fn parts(text: &[u8], at: usize, kind: &Kind) -> Option<usize> {
    let length = (kind.length)(text.get(at..text.len().min(at + LONGEST + 8))?)?;
    let beside = |at: Option<usize>| {
        let b = at.and_then(|at| text.get(at));
        b.is_some_and(|b| is_value(*b))
    };
    (beside(at.checked_sub(1)) || beside(Some(at + length))).then_some(length)
}

/// Fills the view with the stretch whose first mark is at `found`; returns where to go on.
fn strip(
    text: &[u8],
    (from, found): (usize, usize),
    kind: &Kind,
    finder: &memchr::memmem::Finder<'_>,
    view: &mut View,
) -> usize {
    view.begin("marks between");
    let mut at = view::before(text, found).max(from);
    let mut mark = Some(found);
    while let Some(here) = mark.filter(|_| view.plain.len() < MOST) {
        view.copy(text, at..here);
        at = here + (kind.length)(text.get(here..).unwrap_or_default()).unwrap_or(1);
        let rest = text.get(at..text.len().min(at + GAP)).unwrap_or_default();
        let next = finder.find_iter(rest).map(|next| at + next);
        mark = next
            .into_iter()
            .find(|next| (kind.length)(text.get(*next..).unwrap_or_default()).is_some());
    }
    view.core = 0..view.plain.len();
    let end = text.len().min(at + GAP);
    let rest = text.get(at..end).unwrap_or_default();
    let line = memchr::memchr(b'\n', rest).map_or(end, |line| at + line + 1);
    view.copy(text, at..line);
    view.core.end = view.plain.len();
    at.max(found + 1)
}

#[cfg(test)]
mod tests {
    use super::super::tests::{VALUE, one, scan};

    #[test]
    fn marks_that_nobody_sees_are_taken_off() {
        let (head, tail) = VALUE.split_at(12);
        for mark in [
            "\u{200b}",
            "\u{200c}",
            "\u{200d}",
            "\u{feff}",
            "\u{2060}",
            "&shy;",
            "<wbr>",
            "<wbr/>",
            "</span><span class=\"s\">",
            "]]><![CDATA[",
            "<!-- -->",
            "\x1b[0m\x1b[33m",
            "\x1b[31m",
        ] {
            let text = format!("<p>key = {head}{mark}{tail}</p>\n");
            assert_eq!(one(text.as_bytes()).1, "marks between", "{text:?}");
            let twin = format!("<p>key = {head} {mark} {tail}</p>\n");
            assert!(scan(twin.as_bytes()).findings.is_empty(), "{twin:?}");
        }
        let coloured = format!("\x1b[32mkey\x1b[0m=\x1b[33m{VALUE}\x1b[0m\n");
        assert_eq!(one(coloured.as_bytes()).1, "marks between");
    }
}
