//! UTF-16 inside binaries: runs of printable ASCII with a NUL beside each character, as compilers
//! put strings into programs.

/// Fewest characters of a run; shorter ones hold no value.
const LEAST: usize = 8;
/// Most characters handed over at once; a longer run goes on with an overlap.
const MOST: usize = 64 << 10;
const OVERLAP: usize = 4 << 10;
/// Most bytes of a run that goes on.
pub(crate) const CARRIED: usize = 2 * MOST + 2;

/// A run: its characters stand two bytes apart from `at` on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Run {
    pub(crate) at: usize,
    pub(crate) length: usize,
}

impl Run {
    /// Where the character number `index` stands, or where the one after the last would.
    pub(crate) fn raw(self, index: u64) -> u64 {
        self.at as u64 + 2 * index.min(self.length as u64)
    }

    /// Appends the characters.
    pub(crate) fn read(self, bytes: &[u8], out: &mut Vec<u8>) {
        out.extend(bytes.iter().skip(self.at).step_by(2).take(self.length));
    }
}

/// Calls `each` for every run. Where it cannot be told whether the NULs stand before or after
/// their characters, the run is given both ways.
///
/// Unless these bytes are the `last`, a run at their end is not given, for it may go on. Returns
/// from where on bytes have to be seen again, with those that follow; never more than
/// [`CARRIED`].
pub(crate) fn find(bytes: &[u8], last: bool, each: &mut dyn FnMut(Run)) -> usize {
    let mut run: Option<Run> = None;
    for nul in memchr::memchr_iter(0, bytes) {
        let Some(at) = nul.checked_sub(1) else {
            continue;
        };
        let plain = bytes.get(at).is_some_and(|b| is_text(*b));
        run = match run {
            Some(r) if plain && r.at + 2 * r.length == at => {
                let r = Run {
                    length: r.length + 1,
                    ..r
                };
                if r.length == MOST {
                    each(r);
                    Some(Run {
                        at: r.at + 2 * (MOST - OVERLAP),
                        length: OVERLAP,
                    })
                } else {
                    Some(r)
                }
            }
            other => {
                close(other, bytes, each);
                plain.then_some(Run { at, length: 1 })
            }
        };
    }
    let goes_on = |r: &Run| !last && r.at + 2 * r.length + 2 > bytes.len();
    match run.filter(goes_on) {
        // With the byte before, which tells the order.
        Some(open) => open.at.saturating_sub(1),
        None => {
            close(run, bytes, each);
            bytes.len().saturating_sub(2)
        }
    }
}

fn close(run: Option<Run>, bytes: &[u8], each: &mut dyn FnMut(Run)) {
    let Some(run) = run.filter(|r| r.length + 1 >= LEAST) else {
        return;
    };
    each(run);
    // Big-endian: the last character has no NUL behind it, the first has one before it.
    let before = run.at.checked_sub(1).and_then(|i| bytes.get(i));
    let after = bytes.get(run.at + 2 * run.length);
    if before == Some(&0) && after.is_some_and(|b| is_text(*b)) {
        each(Run {
            length: run.length + 1,
            ..run
        });
    }
}

fn is_text(b: u8) -> bool {
    matches!(b, 0x20..=0x7e | b'\t' | b'\n' | b'\r')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(bytes: &[u8]) -> Vec<String> {
        let mut out = Vec::new();
        find(bytes, true, &mut |run| {
            let mut text = Vec::new();
            run.read(bytes, &mut text);
            out.push(String::from_utf8(text).unwrap());
        });
        out
    }

    #[test]
    fn pieces_cut_anywhere_give_the_runs_of_the_whole() {
        for big in [false, true] {
            let mut bytes = vec![1, 0xff, 3];
            bytes.extend(wide("a string inside", big));
            bytes.extend([0xff, 0xff, 1]);
            bytes.extend(wide("and one at the end", big));
            let whole = found(&bytes);
            for cut in 0..=bytes.len() {
                let mut runs = Vec::new();
                let mut text = |bytes: &[u8], run: Run| {
                    let mut text = Vec::new();
                    run.read(bytes, &mut text);
                    runs.push(String::from_utf8(text).unwrap());
                };
                let first = &bytes[..cut];
                let from = find(first, false, &mut |run| text(first, run));
                let rest = &bytes[from..];
                find(rest, true, &mut |run| text(rest, run));
                assert_eq!(runs, whole, "cut at {cut}");
            }
        }
    }

    #[test]
    fn what_is_carried_is_bounded() {
        let bytes = wide(&"x".repeat(300_000), false);
        for end in [1000, 200_000, 400_001, 600_000] {
            let from = find(&bytes[..end], false, &mut |_| {});
            assert!(end - from <= CARRIED, "{end}: {from}");
        }
    }

    fn wide(text: &str, big: bool) -> Vec<u8> {
        let unit = |u: u16| {
            if big {
                u.to_be_bytes()
            } else {
                u.to_le_bytes()
            }
        };
        text.encode_utf16().flat_map(unit).collect()
    }

    #[test]
    fn both_byte_orders_are_read_whole() {
        for big in [false, true] {
            let mut bytes = vec![1, 0xff, 3];
            bytes.extend(wide("a string inside", big));
            bytes.extend([0xff, 0xff, 1]);
            let runs = found(&bytes);
            assert!(
                runs.contains(&"a string inside".to_owned()),
                "{big}: {runs:?}"
            );
        }
    }

    #[test]
    fn what_is_no_run_is_not_read() {
        for bytes in [&[0u8; 1000][..], b"plain text", b"", b"\0", b"a\0b\0c\0"] {
            assert!(found(bytes).is_empty());
        }
    }

    #[test]
    fn long_runs_overlap() {
        let text = "0123456789".repeat(20_000);
        let runs = found(&wide(&text, false));
        assert!(runs.len() > 2);
        assert!(
            runs.iter()
                .all(|r| r.len() <= MOST && text.contains(r.as_str()))
        );
        assert_eq!(
            runs.iter().map(String::len).sum::<usize>(),
            text.len() + (runs.len() - 1) * OVERLAP
        );
    }
}
