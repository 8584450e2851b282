//! Lines made up at run time: credentials in every form, and harmless values in the same forms.

use std::collections::BTreeMap;
use std::process::ExitCode;

use lychgate_model::{Confidence, HashKind, ObjectKind};
use lychgate_scan::{Input, RuleSet, Scanned, Scratch, ValueKey};

use super::forms::{BARE, Form, HARMLESS, NAMES, QUOTED};

/// SplitMix64.
struct Dice(u64);

impl Dice {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    fn below(&mut self, n: usize) -> usize {
        usize::try_from(self.next() % n.max(1) as u64).unwrap_or(0)
    }

    fn pick<'a, T>(&mut self, list: &'a [T]) -> &'a T {
        &list[self.below(list.len())]
    }

    fn text(&mut self, alphabet: &str, least: usize, most: usize) -> String {
        let n = least + self.below(most - least + 1);
        let letters: Vec<char> = alphabet.chars().collect();
        (0..n).map(|_| *self.pick(&letters)).collect()
    }
}

const LOWER: &str = "abcdefghijklmnopqrstuvwxyz";
const UPPER: &str = "ABCDEFGHIJKLMNOPQRSTUVWXYZ";
const DIGITS: &str = "0123456789";
const WORDS: [&str; 12] = [
    "Summer", "winter", "Dragon", "london", "Falcon", "orange", "Maria", "tiger", "Berlin",
    "silver", "Rocket", "garden",
];

/// The kinds of values; the last one needs quotes.
const KINDS: [&str; 13] = [
    "hex 32",
    "hex 20-64",
    "base62 16-24",
    "base62 28-64",
    "base64 padded",
    "uuid",
    "mixed 8-12",
    "lower 6-8",
    "lower 9-14",
    "lower and digits 6-10",
    "word and digits",
    "digits 6-10",
    "symbols 8-14",
];

fn value(kind: &str, dice: &mut Dice) -> String {
    let hex = "0123456789abcdef";
    let base62 = [LOWER, UPPER, DIGITS].concat();
    match kind {
        "hex 32" => dice.text(hex, 32, 32),
        "hex 20-64" => dice.text(hex, 20, 64),
        "base62 16-24" => dice.text(&base62, 16, 24),
        "base62 28-64" => dice.text(&base62, 28, 64),
        "base64 padded" => {
            let n = 4 * (6 + dice.below(8)) - 1;
            dice.text(&[&base62, "+/"].concat(), n, n) + "="
        }
        "uuid" => {
            let mut part = |n| dice.text(hex, n, n);
            format!(
                "{}-{}-4{}-a{}-{}",
                part(8),
                part(4),
                part(3),
                part(3),
                part(12)
            )
        }
        "mixed 8-12" => dice.text(&base62, 8, 12),
        "lower 6-8" => dice.text(LOWER, 6, 8),
        "lower 9-14" => dice.text(LOWER, 9, 14),
        "lower and digits 6-10" => dice.text(LOWER, 4, 7) + &dice.text(DIGITS, 2, 3),
        "word and digits" => {
            let end = ["", "!", "#", "$"];
            format!(
                "{}{}{}",
                dice.pick(&WORDS),
                dice.text(DIGITS, 2, 4),
                dice.pick(&end)
            )
        }
        "digits 6-10" => dice.text(DIGITS, 6, 10),
        _ => dice.text(&[&base62, "!@#%^&*()_+-=,.;:?"].concat(), 8, 14),
    }
}

#[derive(Default)]
struct Tally {
    all: usize,
    listed: usize,
    high: usize,
}

/// Makes `count` positives of a seed and as many negatives; odd seeds are the part kept aside.
pub(super) fn run(count: usize, seed: u64) -> ExitCode {
    let rules = RuleSet::built_in().expect("the built-in packs are good");
    let mut dice = Dice(seed);
    let mut scratch = Scratch::new();
    let mut by_kind: BTreeMap<String, Tally> = BTreeMap::new();
    let mut by_form: BTreeMap<String, Tally> = BTreeMap::new();
    let (mut positives, mut negatives) = (Tally::default(), Tally::default());
    let mut false_hits: BTreeMap<String, usize> = BTreeMap::new();
    for round in 0..2 * count {
        let harmless = round >= count;
        let &kind = dice.pick(&KINDS);
        let value = match harmless {
            true => (*dice.pick(HARMLESS)).to_owned(),
            false => value(kind, &mut dice),
        };
        let bare = !matches!(kind, "symbols 8-14") && !value.contains(' ') && dice.below(4) == 0;
        let form = dice.pick(if bare { BARE } else { QUOTED });
        let &(_, name) = dice.pick(NAMES);
        let text = form.text.replace("NAME", name).replace("VALUE", &value);
        let best = judge(&rules, &mut scratch, form, &text);
        let keys = [
            (&mut by_kind, kind.to_owned()),
            (
                &mut by_form,
                format!("{} {}", form.path, form.text.trim().escape_debug()),
            ),
        ];
        let count = |t: &mut Tally| {
            t.all += 1;
            t.listed += usize::from(best.is_some());
            t.high += usize::from(best >= Some(Confidence::High));
        };
        if harmless {
            count(&mut negatives);
            if best.is_some() {
                *false_hits.entry(value).or_default() += 1;
            }
        } else {
            keys.into_iter()
                .for_each(|(map, key)| count(map.entry(key).or_default()));
            count(&mut positives);
        }
    }
    for (title, map) in [("value", &by_kind), ("form", &by_form)] {
        for (key, t) in map {
            println!(
                "{title}\t{:.2}\t{:.2}\t{}\t{key}",
                share(t.listed, t.all),
                share(t.high, t.all),
                t.all
            );
        }
    }
    for (value, n) in false_hits {
        println!("false\t{n}\t{value}");
    }
    let recall = share(positives.listed, positives.all);
    let precision = share(positives.listed, positives.listed + negatives.listed);
    println!(
        "made: recall {recall:.3} (high {:.3}), false hits {:.4}, precision {precision:.3}, F1 {:.3}",
        share(positives.high, positives.all),
        share(negatives.listed, negatives.all),
        2.0 * recall * precision / (recall + precision),
    );
    ExitCode::SUCCESS
}

fn share(part: usize, whole: usize) -> f64 {
    part as f64 / whole.max(1) as f64
}

fn judge(rules: &RuleSet, scratch: &mut Scratch, form: &Form, text: &str) -> Option<Confidence> {
    let mut out = Scanned::default();
    let input = Input {
        kind: ObjectKind::Blob,
        hash: HashKind::Sha1,
        bytes: text.as_bytes(),
    };
    rules.scan(input, &ValueKey::new([0; 32]), scratch, &mut out);
    let path = form.path.as_bytes();
    let levels = out.findings.iter().filter_map(|f| {
        let rule = rules.rules().get(f.rule as usize)?;
        let applies = rule.paths.applies_to(path);
        let level = match f.evidence.is_none() {
            true => Some(f.confidence),
            false => f.evidence.at(path).confidence(),
        };
        level.filter(|_| applies)
    });
    levels.max()
}
