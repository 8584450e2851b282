//! Base32 (RFC 4648, both alphabets): long runs of it that decode to text or to something packed.

use std::ops::Range;

use super::Scene;
use super::lines::{self, Lines};
use super::named;
use super::radix::{self, Line, MOST, NONE, PACKED_MOST};
use super::unpack;
use super::view::{Content, View};

/// Characters of the test, which are fifteen bytes.
const LEAST: usize = 24;

const fn table(digits: &[u8; 32]) -> [u8; 256] {
    let mut table = [NONE; 256];
    let mut i = 0;
    while i < 32 {
        table[digits[i] as usize] = i as u8;
        i += 1;
    }
    table
}

/// The alphabet, as it is and in small letters, and the one that sorts as its values do.
const TABLES: [[u8; 256]; 3] = [
    table(b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"),
    table(b"abcdefghijklmnopqrstuvwxyz234567"),
    table(b"0123456789ABCDEFGHIJKLMNOPQRSTUV"),
];

/// Bits that are no whole byte yet.
#[derive(Default)]
struct Bits {
    kept: u32,
    count: u32,
}

impl Bits {
    fn push(&mut self, five: u8) -> Option<u8> {
        self.kept = self.kept << 5 | u32::from(five & 31);
        self.count += 5;
        (self.count >= 8).then(|| {
            self.count -= 8;
            (self.kept >> self.count) as u8
        })
    }
}

/// Looks at one run. `covered`: up to there lines of earlier ones reached.
pub(super) fn find(
    scene: &Scene<'_>,
    line: &Line,
    covered: &mut usize,
    view: &mut View,
    each: &mut dyn FnMut(&View) -> bool,
) -> bool {
    let text = scene.text;
    let run = &line.run;
    let Some(head) = text.get(run.start..run.start + LEAST) else {
        return true;
    };
    if run.len() < LEAST || run.start < *covered {
        return true;
    }
    // Nearly every run ends this within a few characters.
    let fits = |table: &&[u8; 256]| head.iter().all(|&b| radix::value(table, b) != NONE);
    for table in TABLES.iter().filter(fits) {
        let mut bits = Bits::default();
        let mut bytes = [0; LEAST * 5 / 8];
        let values = head.iter().map(|&b| radix::value(table, b));
        let decoded = values.filter_map(|five| bits.push(five));
        for (slot, byte) in bytes.iter_mut().zip(decoded) {
            *slot = byte;
        }
        let readable = bytes.iter().all(|b| radix::is_text(*b));
        let Some(content) = (match readable {
            true => Some(Content::Text),
            // Small letters in a row are words, whose two bytes may be those of zlib.
            false => unpack::content_of(&bytes).filter(|_| {
                head.iter().all(|b| !b.is_ascii_lowercase()) || !unpack::is_zlib(&bytes)
            }),
        }) else {
            continue;
        };
        view.begin("base32");
        view.content = content;
        let context = |view: &mut View| radix::context(text, run.start, view);
        let quote = readable.then(|| context(view)).flatten();
        let plain = view.plain.len();
        let first = if readable { run } else { &line.whole };
        let end = decode(scene, first.clone(), (table, readable), view);
        *covered = end;
        view.core = plain..view.plain.len();
        if readable {
            named::close(text, end, quote, view);
        }
        if !each(view) {
            return false;
        }
    }
    true
}

/// Decodes a run and the lines it goes on in; returns where it ends.
fn decode(
    scene: &Scene<'_>,
    first: Range<usize>,
    (table, readable): (&[u8; 256], bool),
    view: &mut View,
) -> usize {
    let lines = Lines::of(scene, &first);
    let most = if readable { MOST } else { PACKED_MOST };
    let (mut line, mut taken) = (first, 0);
    let mut bits = Bits::default();
    loop {
        let digits = scene.text.get(line.clone()).unwrap_or_default();
        let values = digits.iter().map(|&b| radix::value(table, b));
        let plain = view.plain.len();
        let values = values.take_while(|five| *five != NONE);
        let room = values.take(most.saturating_sub(taken));
        view.plain.extend(room.filter_map(|five| bits.push(five)));
        view.stands_for(plain, line.clone());
        taken += line.len();
        let goes_on = line.len() >= lines::WRAPPED && taken < most;
        let next = if goes_on { lines.next(line.end) } else { None };
        match next {
            Some(next) => line = next,
            None => return line.end,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::{VALUE, one, scan};

    fn encoded(bytes: &[u8], digits: &[u8; 32]) -> String {
        let mut out = String::new();
        let (mut kept, mut count) = (0u32, 0);
        for b in bytes {
            (kept, count) = (kept << 8 | u32::from(*b), count + 8);
            while count >= 5 {
                count -= 5;
                out.push(char::from(digits[(kept >> count & 31) as usize]));
            }
        }
        if count > 0 {
            out.push(char::from(digits[(kept << (5 - count) & 31) as usize]));
        }
        out
    }

    #[test]
    fn every_alphabet_is_read_however_it_is_broken() {
        let text = format!("{}key = {VALUE}\n", "words and more ".repeat(9));
        for digits in [
            b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567",
            b"abcdefghijklmnopqrstuvwxyz234567",
            b"0123456789ABCDEFGHIJKLMNOPQRSTUV",
        ] {
            let code = encoded(text.as_bytes(), digits);
            assert_eq!(one(code.as_bytes()).1, "base32");
            for width in [64, 76] {
                let lines = code.as_bytes().chunks(width);
                let lines: Vec<_> = lines.map(String::from_utf8_lossy).collect();
                assert_eq!(one(lines.join("\n").as_bytes()).1, "base32", "{width}");
                assert_eq!(
                    one(format!("# {}", lines.join("\n# ")).as_bytes()).1,
                    "base32"
                );
            }
            let twin = encoded(text.replace("tokx_", "word_").as_bytes(), digits);
            assert!(scan(twin.as_bytes()).findings.is_empty());
        }
        let long = encoded(
            format!("{}{VALUE}\n", "words, ".repeat(20_000)).as_bytes(),
            b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567",
        );
        assert_eq!(one(long.as_bytes()).1, "base32");
    }
}
