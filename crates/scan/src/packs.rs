//! The packs of `config/packs`, read from the table that the build script made of them.
//!
//! The files were tested before they were compiled in, so nothing is judged here: texts are
//! borrowed from the program itself, patterns and globs compile when they are first needed, and
//! what people read stays packed. A test holds the table against the files.

use std::borrow::Cow;

use lychgate_model::{Category, Confidence, Problem, RuleId, Severity};

use crate::advice::PackedAdvice;
use crate::check::{Check, OnFailure};
use crate::matcher::Matcher;
use crate::pack::{Reader, Reads, WINDOW};
use crate::rule::{NewBy, Paths, Rule};
use crate::shapeless::ByHand;

static TABLE: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/packs.table"));

static STORES: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/stores.table"));

/// The day on which the packs were compiled in, counted from 1970-01-01.
pub(crate) const BUILT: &str = env!("LYCHGATE_PACKS_BUILT");

/// Fewer bytes than a rule takes in a table.
const LEAST: usize = 600;

/// What the id of a rule of [`stores`] begins with; the name of the store follows.
pub(crate) const STORE: &str = "store.";

/// References to secret stores, `config/stores.toml`: in force only where a policy names the
/// approved ones, see [`crate::RuleSet::approving`].
pub(crate) fn stores() -> Result<Vec<(Rule, Matcher)>, Problem> {
    read(STORES)
}

/// Every rule of every pack, in order.
pub(crate) fn built_in() -> Result<Vec<(Rule, Matcher)>, Problem> {
    read(TABLE)
}

fn read(table: &'static [u8]) -> Result<Vec<(Rule, Matcher)>, Problem> {
    let mut from = Reader(table);
    let mut rules = Vec::with_capacity(table.len() / LEAST);
    while !from.is_empty() {
        let at = table.len() - from.0.len();
        rules.push(rule(&mut from).ok_or_else(|| Problem {
            file: "the packs compiled in".to_owned(),
            line: 0,
            column: 0,
            key: String::new(),
            message: format!("no rule at byte {at}"),
            help: "this program was not built as it should be: install it again.".to_owned(),
        })?);
    }
    Ok(rules)
}

/// One rule, in the order `build.rs` writes it.
fn rule(from: &mut Reader<'static>) -> Option<(Rule, Matcher)> {
    let pack = from.text()?;
    let id = RuleId::new(from.text()?)?;
    let version = from.number()?.max(1);
    let title = from.text()?;
    let severity = word(from.text()?, Severity::ALL.map(|s| (s.name(), s)))?;
    let confidence = word(from.text()?, Confidence::OF_RULES.map(|c| (c.name(), c)))?;
    let category = word(from.text()?, Category::ALL.map(|c| (c.name(), c)))?;
    let reads = match from.text()? {
        "" => Reads::Pattern,
        name => word(name, Reads::names())?,
    };
    let pattern = from.text()?;
    let program = from.bytes()?;
    let keywords = from.byte_strings()?;
    let window = match from.number()? {
        0 => WINDOW,
        window => window,
    };
    let entropy = f32::from_bits(from.number()?);
    let check = match from.text()? {
        "" => None,
        name => Some(Check::from_name(name)?),
    };
    let on_failure = match from.text()? {
        "" => OnFailure::Low,
        name => word(name, OnFailure::ALL.map(|f| (f.name(), f)))?,
    };
    let paths = Paths::new(from.texts()?, from.texts()?);
    let new = match from.text()? {
        "" => NewBy::Value,
        name => word(name, [NewBy::Value, NewBy::Line].map(|n| (n.name(), n)))?,
    };
    let cwe = from.numbers()?;
    let stopwords = from.byte_strings()?;
    let advice = PackedAdvice(Cow::Borrowed(from.bytes()?));
    let matcher = match reads {
        Reads::ByHand(ByHand::Beside) => Matcher::beside(Cow::Borrowed(pattern), stopwords),
        Reads::ByHand(how) => Matcher::read_by_hand(how, keywords, stopwords),
        Reads::Path => Matcher::path(),
        Reads::Pattern => Matcher::new(
            keywords,
            Cow::Borrowed(pattern),
            window,
            entropy,
            check,
            on_failure,
            stopwords,
        )
        .with_program(program),
    };
    let rule = Rule {
        id,
        version,
        pack: Cow::Borrowed(pack),
        title: Cow::Borrowed(title),
        severity,
        confidence,
        category,
        check: check.map(Check::name),
        new,
        paths,
        cwe,
        advice,
        by_path: reads == Reads::Path,
        beside: reads == Reads::ByHand(ByHand::Beside),
        foreign: None,
    };
    Some((rule, matcher))
}

fn word<T: Copy, const N: usize>(name: &str, all: [(&str, T); N]) -> Option<T> {
    all.iter().find(|(word, _)| *word == name).map(|(_, t)| *t)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_damaged_table_is_a_problem_and_no_rule_set() {
        assert!(built_in().is_ok());
        for end in [1, 3, 4, 100, TABLE.len() - 1] {
            assert!(read(&TABLE[..end]).is_err(), "cut at {end}");
        }
    }
}
