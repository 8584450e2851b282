//! Properties: the fast way and the plain way say the same, and nothing panics.

#![allow(clippy::unwrap_used, reason = "a test may end with a panic")]

mod fixture;

use fixture::{key, rules, token};
use lychgate_model::{HashKind, ObjectKind};
use lychgate_scan::prefilter::{Hit, Hits, Prefilter};
use lychgate_scan::{Input, RuleSet, Scanned, Scratch};
use proptest::prelude::*;

fn hits(filter: &Prefilter, text: &[u8], range: std::ops::Range<usize>) -> Vec<Hit> {
    let mut out = Hits::default();
    filter.find(text, range, &mut out);
    let mut all: Vec<Hit> = out.iter().collect();
    assert!(all.is_sorted_by_key(|h| h.end));
    all.sort_unstable();
    all
}

fn streamed(set: &RuleSet, bytes: &[u8], cuts: &[usize]) -> Scanned {
    let (mut out, mut scratch, key) = (Scanned::default(), Scratch::new(), key());
    let mut stream = set.stream(ObjectKind::Blob, &mut scratch);
    let mut at = 0;
    for cut in cuts.iter().chain([&bytes.len()]) {
        let cut = (*cut).clamp(at, bytes.len());
        stream.feed(set, &key, &mut scratch, &bytes[at..cut]);
        at = cut;
    }
    stream.finish(set, &key, &mut scratch, &mut out);
    out
}

fn whole(set: &RuleSet, bytes: &[u8]) -> Scanned {
    let mut out = Scanned::default();
    let input = Input {
        kind: ObjectKind::Blob,
        hash: HashKind::Sha1,
        bytes,
    };
    set.scan(input, &key(), &mut Scratch::new(), &mut out);
    out
}

/// Text of a few letters, so that keywords occur.
fn letters(most: usize) -> impl Strategy<Value = Vec<u8>> {
    prop::collection::vec(prop::sample::select(b"abcABC_x\n\xff\0".to_vec()), 0..most)
}

/// Lines of filler with tokens, words and half tokens among them.
fn content() -> impl Strategy<Value = Vec<u8>> {
    let line = prop_oneof![
        4 => "[ -~]{0,60}",
        1 => (0usize..50).prop_map(|n| format!("k = {}", token(n))),
        1 => (0usize..50).prop_map(|n| token(n)[..20].to_owned()),
        1 => Just("xyzzy-abc".to_owned()),
        1 => "[éü€😀]{1,9} xyzzy-[a-z]{1,9}",
        1 => Just(concat!("x = 1 # lychgate", ": allow test.token until 2026-12-31 because so").to_owned()),
    ];
    prop::collection::vec(line, 0..60).prop_map(|lines| lines.join("\n").into_bytes())
}

/// Hits in a range, which every way to find them says.
fn agreed(ways: &[(&str, Prefilter)], text: &[u8], range: std::ops::Range<usize>) -> Vec<Hit> {
    let mut said = ways.iter();
    let (_, first) = said.next().unwrap();
    let want = hits(first, text, range.clone());
    for (name, way) in said {
        let got = hits(way, text, range.clone());
        assert!(got == want, "{name}: {range:?} of {} bytes", text.len());
    }
    want
}

/// Bytes that look like nothing, the same every time.
fn noise(length: usize) -> Vec<u8> {
    let mut number = 1u32;
    let mut next = || {
        number = number.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (number >> 24) as u8
    };
    (0..length).map(|_| next()).collect()
}

/// Tables of every length that walks are made for, and beyond: all keywords there are, alone and
/// with as many made-up ones.
#[test]
fn all_ways_agree_on_every_keyword() {
    let all = RuleSet::built_in().unwrap().keywords();
    let mut number = 1u32;
    let mut word = || {
        number = number.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        format!("{:08x}", number >> 4).into_bytes()
    };
    let made_up: Vec<Vec<u8>> = (0..5000).map(|_| word()).collect();
    let both: Vec<Vec<u8>> = all.iter().chain(&made_up).cloned().collect();
    for words in [&all[..40], &all[..400], &all[..1600], &all, &both] {
        let mut text = Vec::new();
        for (n, word) in words.iter().enumerate() {
            text.extend_from_slice(&word[..word.len() - n % 3 % word.len()]);
            text.extend_from_slice(&b"= \"x\"\n\0\xff"[..n % 9]);
        }
        text.make_ascii_uppercase();
        text.extend_from_within(..);
        let ways = Prefilter::ways(words);
        for range in [0..text.len(), 1..150, 77..700, 5..text.len() / 2] {
            agreed(&ways, &text, range.start..range.end.min(text.len()));
        }
    }
}

/// Every keyword, alone, at an even place and at an odd one, first and last in its text, and with
/// a letter changed.
#[test]
fn all_ways_agree_on_a_keyword_wherever_it_stands() {
    let words = RuleSet::built_in().unwrap().keywords();
    let ways = Prefilter::ways(&words);
    for (number, word) in words.iter().enumerate() {
        for before in [number % 4, 121 + number % 10] {
            let mut text = vec![b'~'; before];
            text.extend_from_slice(word);
            let end = text.len();
            let has = |hits: &[Hit]| {
                let own = |h: &Hit| h.keyword as usize == number && h.end as usize == end;
                hits.iter().any(own)
            };
            assert!(has(&agreed(&ways, &text, 0..end)));
            text.extend_from_slice(b"\xff-\n~~~~~~~~~");
            assert!(has(&agreed(&ways, &text, 0..text.len())));
            assert!(!has(&agreed(&ways, &text, 0..end - 1)));
            assert!(agreed(&ways, &text, end..text.len()).is_empty());
            text[before + number % word.len()] = 0;
            assert!(!has(&agreed(&ways, &text, 0..text.len())));
        }
    }
}

/// Text that has more of what is looked for than a search by grams is given, then none of it.
#[test]
fn all_ways_agree_where_a_search_is_given_up() {
    let words = RuleSet::built_in().unwrap().keywords();
    let ways = Prefilter::ways(&words);
    let dense = words.concat();
    let alike: Vec<u8> = words
        .iter()
        .flat_map(|w| w.iter().map(|b| b & 31 | 64))
        .collect();
    let calm = noise(100_000);
    let again: Vec<u8> = words.iter().rev().flatten().map(|b| b ^ 0x20).collect();
    for text in [
        [&dense[..], &calm, &again, &dense].concat(),
        [&calm[..], &alike, &calm, &dense, &alike].concat(),
        b"key=".repeat(30_000),
        b" token: ".repeat(20_000),
    ] {
        let whole = agreed(&ways, &text, 0..text.len());
        // A seam loses nothing, wherever it is.
        for step in [9_999, 65_536, 100_001] {
            let mut parts = Vec::new();
            for from in (0..text.len()).step_by(step) {
                let part = agreed(&ways, &text, from..text.len().min(from + step));
                parts.extend(part.into_iter().map(|hit| Hit {
                    end: hit.end + u32::try_from(from).unwrap(),
                    ..hit
                }));
            }
            assert!(parts == whole, "seams every {step} bytes");
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(96) })]

    #[test]
    fn all_ways_agree(
        words in prop::collection::vec(letters(6), 1..12),
        text in letters(3000),
        start in 0usize..1500,
        length in 0usize..3000,
    ) {
        let words: Vec<Vec<u8>> = words.into_iter().filter(|w| !w.is_empty()).collect();
        prop_assume!(!words.is_empty());
        let range = start.min(text.len())..(start + length).min(text.len());
        agreed(&Prefilter::ways(&words), &text, range);
    }

    #[test]
    fn all_ways_agree_on_words_of_three_bytes_and_more(
        words in prop::collection::vec("[a-cA-C_@`{\\[0\\x10]{3,7}", 1..30),
        text in "[a-cA-C_@`{\\[0\\x10 ]{0,3000}",
        start in 0usize..1500,
        length in 0usize..3000,
    ) {
        let range = start.min(text.len())..(start + length).min(text.len());
        agreed(&Prefilter::ways(&words), text.as_bytes(), range);
    }

    #[test]
    fn all_ways_agree_on_any_bytes(
        words in prop::collection::vec(prop::collection::vec(any::<u8>(), 3..9), 1..30),
        picks in prop::collection::vec((any::<prop::sample::Index>(), 0usize..12, any::<u8>()), 0..200),
    ) {
        let mut text = Vec::new();
        for (pick, more, byte) in picks {
            text.extend(vec![byte; more]);
            let word: &Vec<u8> = pick.get(&words);
            text.extend_from_slice(&word[..word.len() - more % 2]);
        }
        agreed(&Prefilter::ways(&words), &text, 0..text.len());
        agreed(&Prefilter::ways(&words), &text, text.len() / 3..text.len());
    }

    #[test]
    fn no_bytes_make_a_scan_panic(bytes in prop::collection::vec(any::<u8>(), 0..2000)) {
        let set = rules();
        let (mut out, mut scratch) = (Scanned::default(), Scratch::new());
        for kind in [ObjectKind::Blob, ObjectKind::Tree, ObjectKind::Commit, ObjectKind::Tag] {
            for hash in [HashKind::Sha1, HashKind::Sha256] {
                set.scan(Input { kind, hash, bytes: &bytes }, &key(), &mut scratch, &mut out);
            }
        }
        set.scan_path(&bytes, None, &key(), &mut scratch, &mut out);
    }

    #[test]
    fn a_stream_says_what_the_whole_says(
        bytes in content(),
        cuts in prop::collection::btree_set(0usize..4000, 0..8),
        encode in any::<bool>(),
    ) {
        let bytes = match std::str::from_utf8(&bytes) {
            Ok(text) if encode => {
                text.encode_utf16().flat_map(u16::to_le_bytes).collect::<Vec<u8>>()
            }
            _ => bytes,
        };
        let cuts: Vec<usize> = cuts.into_iter().collect();
        let set = rules();
        let mut whole = whole(&set, &bytes);
        // What is large enough to come in pieces is no link's target.
        whole.link = None;
        prop_assert_eq!(streamed(&set, &bytes, &cuts), whole);
    }
}

/// Behind two ways that lead to one place stands one value, and the same way is named every time,
/// however many findings there are.
#[test]
fn a_value_with_two_ways_to_it_is_told_by_one() {
    let set = rules();
    for count in 0..40 {
        let lines = format!("k = {}\n", token(1)).repeat(count / 4) + &"xyzzy-abc\n".repeat(count);
        let text = format!("{lines}a%2Ab \\/ \\x41 xyzzy-\\x61b\\/%41\n{lines}");
        let whole = whole(&set, text.as_bytes());
        for cut in [0, text.len() / 3, text.len() / 2, text.len() - 9] {
            let parts = streamed(&set, text.as_bytes(), &[cut]);
            assert_eq!(parts.findings, whole.findings, "{count} {cut}");
        }
    }
}

#[test]
fn large_streams_say_what_the_whole_says() {
    // Three megabytes with tokens across every boundary a buffer has, lines of every length.
    let mut bytes = Vec::new();
    let mut n = 0;
    while bytes.len() < 3 << 20 {
        let boundary = (bytes.len() / (64 << 10) + 1) * (64 << 10);
        let fill = boundary - bytes.len() - 20 - n % 40;
        let line = 1 + n % 7000;
        bytes.extend((0..fill).map(|i| {
            if i % line == line - 1 {
                b'\n'
            } else {
                b'a' + (i % 23) as u8
            }
        }));
        bytes.extend_from_slice(
            format!("\n {} é xyzzy-{} ", token(n), "qz".repeat(n % 45 + 1)).as_bytes(),
        );
        n += 1;
    }
    let set = rules();
    let plain = whole(&set, &bytes);
    assert_eq!(plain.findings.len(), 2 * n);
    for step in [1000, 64 << 10, 100_003, 256 << 10, 1 << 20] {
        let cuts: Vec<usize> = (0..bytes.len()).step_by(step).collect();
        assert_eq!(streamed(&set, &bytes, &cuts), plain, "{step}");
    }
    let wide: Vec<u8> = String::from_utf8(bytes)
        .unwrap()
        .encode_utf16()
        .flat_map(u16::to_be_bytes)
        .collect();
    let cuts: Vec<usize> = (0..wide.len()).step_by(99_999).collect();
    assert_eq!(streamed(&set, &wide, &cuts), whole(&set, &wide));
    assert_eq!(whole(&set, &wide).findings.len(), 2 * n);
}

#[test]
fn a_scratch_keeps_nothing_between_objects() {
    let set = rules();
    let (mut out, mut scratch) = (Scanned::default(), Scratch::new());
    let blob = |bytes| Input {
        kind: ObjectKind::Blob,
        hash: HashKind::Sha1,
        bytes,
    };
    let first = format!("xyzzy-abc {} xyzzy", token(1));
    set.scan(blob(first.as_bytes()), &key(), &mut scratch, &mut out);
    assert_eq!(out.findings.len(), 2);
    out.clear();
    set.scan(blob(b"nothing here"), &key(), &mut scratch, &mut out);
    assert!(out.is_clean());
    set.scan(blob(first.as_bytes()), &key(), &mut scratch, &mut out);
    assert_eq!(out, whole(&set, first.as_bytes()));
}

#[test]
fn a_scratch_serves_one_rule_set_after_another() {
    // As many rules, other patterns: what a worker keeps of the first must not serve the second.
    let other = fixture::PACK
        .replace("xyzzy-([a-z]+)", "xyzzy_([0-9]+)")
        .replace("xyzzy-abc", "xyzzy_12");
    let source = lychgate_scan::PackSource {
        name: "test.toml",
        text: &other,
    };
    let (first, second) = (rules(), RuleSet::load(&[source]).0.unwrap());
    let (mut out, mut scratch) = (Scanned::default(), Scratch::new());
    for _ in 0..3 {
        for (set, bytes) in [
            (&first, b"xyzzy-abc xyzzy_12"),
            (&second, b"xyzzy_12 xyzzy-abc"),
        ] {
            out.clear();
            let input = Input {
                kind: ObjectKind::Blob,
                hash: HashKind::Sha1,
                bytes,
            };
            set.scan(input, &key(), &mut scratch, &mut out);
            assert_eq!(out.findings.len(), 1);
            assert_eq!(out.findings[0].span.byte_start, 6);
        }
    }
}

/// UTF-16 inside of what is no text, cut anywhere, as the whole says it.
#[test]
fn a_stream_reads_the_runs_inside_a_binary() {
    let set = rules();
    for big in [false, true] {
        let unit = |u: u16| match big {
            true => u.to_be_bytes(),
            false => u.to_le_bytes(),
        };
        for lead in [3000, 3001] {
            let mut bytes = [1u8, 0xff, b'\n', 200].repeat(70_000);
            bytes.truncate(256 << 10 | lead);
            let text = format!("key = {} and more", token(1));
            bytes.extend(text.encode_utf16().flat_map(unit));
            bytes.extend([0xff; 300_000]);
            let long = format!("{} {}", "x".repeat(150_000), token(2));
            bytes.extend(long.encode_utf16().flat_map(unit));
            let whole = whole(&set, &bytes);
            assert_eq!(whole.findings.len(), 2);
            for cut in [5000, (256 << 10) + 3030, bytes.len() - 41] {
                assert_eq!(streamed(&set, &bytes, &[cut]), whole, "{big} {lead} {cut}");
            }
            // Its twin, without the tokens.
            let clean: Vec<u8> = bytes
                .iter()
                .map(|b| if *b == b'_' { b'-' } else { *b })
                .collect();
            let said = streamed(&set, &clean, &[5000]);
            assert!(said.is_clean() && said.not_looked_at.is_empty());
        }
    }
}
