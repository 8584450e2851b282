//! Texts of more than is searched at once, in a series.

use lychgate_scan::{Scanned, Scratch};
use proptest::prelude::*;

use crate::fixture::key;
use crate::{Edit, edit, edited, input, lines, planted, rules, same_in};

/// Bytes that are searched at once.
const STEP: usize = 1 << 20;

/// A text of so many bytes or a few more, in which patterns read something now and then, and of
/// which nothing comes.
fn long(length: usize) -> Vec<u8> {
    let seldom = lines(&[&[4, 26, 31, 32], &[0, 5, 10][..]].concat());
    let often = lines(&[38, 9, 8, 38, 29].repeat(300));
    let mut text = Vec::new();
    while text.len() < length {
        text.extend(format!("{}\n", text.len()).into_bytes());
        text.extend([&seldom[..], &often].concat());
    }
    text
}

/// The same with `plant` where so much of it stands before `at`.
fn across(text: &[u8], at: usize, before: usize, plant: &[u8]) -> Vec<u8> {
    let at = at - before;
    [&text[..at], plant, &text[at..]].concat()
}

proptest! {
    #![proptest_config(ProptestConfig {
        failure_persistence: None,
        ..ProptestConfig::with_cases(4)
    })]

    /// Texts that are searched in several steps, changed where one step ends and the next begins.
    #[test]
    fn versions_of_a_long_file_are_judged_as_each_alone(
        length in STEP - 3000..2 * STEP + 3000,
        edits in prop::collection::vec((edit(), 1usize..3, 0usize..400), 2..6),
    ) {
        let mut texts = vec![long(length)];
        for (edit, step, off) in edits {
            let last = texts.last().unwrap();
            let near = (step * STEP + off).saturating_sub(200).min(last.len());
            let edit = match edit {
                Edit::Insert(_, seed) => Edit::Insert(near, seed),
                Edit::Plant(_, way, number) => Edit::Plant(near, way, number),
                Edit::Delete(_, length) => Edit::Delete(near, length),
                Edit::Byte(_, b) => Edit::Byte(near, b),
                Edit::Move(_, to, length) => Edit::Move(near, to, length),
                edit => edit,
            };
            texts.push(edited(last, &edit));
        }
        let [all, _] = rules();
        same_in(all, &texts, 2)?;
    }
}

/// A value stands across the end of a step, at every place that matters, comes and goes, and moves
/// with what stands before it.
#[test]
fn a_value_across_two_steps_is_found_in_each_version_that_has_it() {
    let plain = long(STEP + STEP / 4);
    let [all, few] = rules();
    for (rules, way) in [(all, 0), (all, 2), (few, 8)] {
        let plant = format!("\n{}\n", planted(way, 3)).into_bytes();
        let mut texts = Vec::new();
        for before in (0..=plant.len()).step_by(plant.len() / 6 + 1) {
            let with = across(&plain, STEP, before, &plant);
            let mut spoilt = with.clone();
            spoilt[STEP - before + plant.len() / 2] = b' ';
            texts.extend([with.clone(), spoilt, [b"x\n", &with[..]].concat()]);
        }
        let found = same_in(rules, &texts, 3).unwrap();
        assert!(found >= texts.len() / 3 * 2, "{way}: {found}");
    }
}

/// What is the same as in a long text is not read again; and with too many keywords to remember it
/// is judged as a whole.
#[test]
fn a_long_text_is_known_again_unless_it_is_full_of_keywords() {
    let [all, _] = rules();
    let versions = |text: &[u8]| {
        let new = |i: usize| format!("a line that is another one each time: {i}\n").into_bytes();
        let texts: Vec<Vec<u8>> = (0..3).map(|i| [text, &new(i)].concat()).collect();
        same_in(all, &texts, texts.len()).unwrap();
        let buffer = texts.concat();
        let (key, mut scratch) = (key(), Scratch::new());
        let mut series = all.series(&key);
        let mut work = |text| {
            series.scan(input(text), &mut scratch, &mut Scanned::default());
            scratch.work()
        };
        let works: Vec<u64> = buffer.chunks(texts[0].len()).map(&mut work).collect();
        works
    };
    let works = versions(&long(2 * STEP));
    assert!(
        works[1] < works[0] / 10 && works[2] < works[0] / 10,
        "{works:?}"
    );
    let full = long(2 * STEP);
    let full = [&full[..], &"github: slack: ".repeat(40_000).into_bytes()].concat();
    let works = versions(&full);
    assert!(works[1] == works[0] && works[2] == works[0], "{works:?}");
}
