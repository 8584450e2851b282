//! Every example of a pack, run the way content is run.

use lychgate_model::{Category, HashKind, ObjectKind, Problem, RuleId};

use crate::pack::draft::read;
use crate::pack::place::Report;
use crate::pack::template::expand;
use crate::pack::usable::{Seen, usable};
use crate::ruleset::RuleSet;
use crate::scan::Scratch;
use crate::scanned::{Input, Scanned};
use crate::value::ValueKey;

/// What an example may hold beside plain text.
const PLACEHOLDERS: &str = "placeholders: {hex:N}, {HEX:N}, {base62:N}, {base64:N}, {base64url:N}, \
                            {base32:N}, {lower:N}, {upper:N}, {alnum:N}, {digits:N}, {uuid}, {nl}, \
                            {lbrace}, {rbrace}, {check:NAME}; `{}` is nothing.";

/// Examples a rule has on each side, at least.
const LEAST: usize = 2;

/// Letters and digits in one go, and digits among them, from which a word of an example may be a
/// value as it stands.
const RAW: (usize, usize) = (16, 3);

/// Rules of one pack with fewer examples than a rule needs on either side, and examples of secrets
/// that hold a value as it stands: a scanner would find it in the pack.
pub fn poor_examples(name: &str, text: &str) -> Vec<Problem> {
    let mut report = Report::new(name, text);
    for rule in read(&mut Report::new(name, text)).rules {
        let id = rule.id.map_or_else(|| "rule".to_owned(), |id| id.value);
        let id = RuleId::new(&id).map_or("rule".to_owned(), |id| id.to_string());
        for (side, examples) in [("bad", &rule.bad), ("good", &rule.good)] {
            let Some(first) = examples.first().filter(|_| examples.len() < LEAST) else {
                continue;
            };
            let message = format!("holds {}, a rule has at least {LEAST}", examples.len());
            let help = match side {
                "bad" => "add another way in which people write the value.",
                _ => "add something harmless that looks like it.",
            };
            let key = format!("{id}: examples.{side}");
            report.add(Some(first.span.clone()), &key, message, help);
        }
        let secret = rule.category == Some(Category::Secret);
        for example in rule.bad.iter().filter(|e| secret && is_raw(&e.value)) {
            let key = format!("{id}: examples.bad");
            let message = "holds a value as it stands, which scanners find in the pack";
            report.add(Some(example.span.clone()), &key, message, PLACEHOLDERS);
        }
    }
    report.finish()
}

/// Whether nothing of an example is made when it is loaded, and a word of it may be a value.
fn is_raw(example: &str) -> bool {
    let (long, digits) = RAW;
    let mut words = example.split(|c: char| !c.is_ascii_alphanumeric());
    let value = |w: &str| w.len() >= long && w.bytes().filter(u8::is_ascii_digit).count() >= digits;
    let made = expand(example, "rule", 1);
    made.is_ok_and(|made| made == example) && words.any(value)
}

/// Every problem of one pack, its examples run both ways included; empty: it is good.
pub fn check_pack(name: &str, text: &str) -> Vec<Problem> {
    let mut report = Report::new(name, text);
    let draft = read(&mut report);
    let loaded = usable(draft, name, &mut Seen::new(), &mut report);
    // One rule at a time: an example proves its own rule, whatever its neighbours match.
    for one in loaded {
        let id = one.rule.id.to_string();
        let keywords = one.matcher.keywords().to_vec();
        let path = one.matcher.is_path();
        let set = RuleSet::from_loaded(vec![(one.rule, one.matcher)]);
        let mut number = 0;
        for (examples, want) in [(&one.bad, true), (&one.good, false)] {
            for example in examples {
                number += 1;
                let side = if want { "bad" } else { "good" };
                let key = format!("{id}: examples.{side}");
                let place = Some(example.span.clone());
                let made = match expand(&example.value, &id, number) {
                    Ok(made) => made,
                    Err(message) => {
                        report.add(place, &key, message, PLACEHOLDERS);
                        continue;
                    }
                };
                let found = matches(&set, &id, path, made.as_bytes());
                if found == want {
                    continue;
                }
                let folded = made.to_ascii_lowercase();
                let hit = keywords
                    .iter()
                    .any(|k| memchr::memmem::find(folded.as_bytes(), k).is_some());
                let (message, help) = match (want, hit) {
                    (true, _) if path => (
                        "is no path of the rule",
                        "a glob is held against the whole path: `**/name` is in every folder.",
                    ),
                    (true, false) => (
                        "holds none of the rule's keywords",
                        "write one into it, or add one that stands in every match.",
                    ),
                    (true, true) => (
                        "is not found",
                        "the pattern does not match what the example expands to, or the entropy, a \
                         stopword or `check_fails = \"drop\"` refuses the value.",
                    ),
                    (false, _) => (
                        "is found, though it is harmless",
                        "it is searched as a whole file would be: tighten the pattern, or the window.",
                    ),
                };
                report.add(place, &key, message, help);
            }
        }
    }
    report.finish()
}

fn matches(set: &RuleSet, id: &str, path: bool, content: &[u8]) -> bool {
    let mut out = Scanned::default();
    let key = ValueKey::new([0; 32]);
    let input = Input {
        kind: ObjectKind::Blob,
        hash: HashKind::Sha1,
        bytes: content,
    };
    if path {
        set.scan_path(content, None, &key, &mut Scratch::new(), &mut out);
    } else {
        set.scan(input, &key, &mut Scratch::new(), &mut out);
    }
    out.findings.iter().any(|f| {
        set.rules()
            .get(f.rule as usize)
            .is_some_and(|r| r.id.as_str() == id)
    })
}
