//! A draft becomes rules that can be used, or none of them does.

use std::borrow::Cow;
use std::collections::HashMap;
use std::ops::Range;

use globset::{GlobBuilder, GlobSetBuilder};
use lychgate_model::{Category, Problem, RuleId};

use crate::advice::Advice;
use crate::beside::Table;
use crate::check::Check;
use crate::matcher::Matcher;
use crate::pack::draft::{PackDraft, Reads, RuleDraft, read};
use crate::pack::place::Report;
use crate::pack::table::At;
use crate::prefilter;
use crate::rule::{Paths, Rule};
use crate::ruleset::PackSource;
use crate::shapeless::ByHand;

/// Shortest keyword: two bytes would hit everywhere.
const KEYWORD_LEAST: usize = 3;
const KEYWORD_MOST: usize = 64;

/// A rule, its matcher, and its examples with their places.
pub(crate) struct Loaded {
    pub(crate) rule: Rule,
    pub(crate) matcher: Matcher,
    pub(crate) bad: Vec<At<String>>,
    pub(crate) good: Vec<At<String>>,
}

/// Where each rule id was first seen, over all packs of a set.
pub(crate) type Seen = HashMap<String, String>;

/// Reads one pack. With any problem the rules are to be thrown away.
pub(crate) fn load(source: PackSource<'_>, seen: &mut Seen) -> (Vec<Loaded>, Vec<Problem>) {
    let mut report = Report::new(source.name, source.text);
    let draft = read(&mut report);
    let rules = usable(draft, source.name, seen, &mut report);
    (rules, report.finish())
}

/// The same, for the caller that goes on to report of its own.
pub(crate) fn usable(
    draft: PackDraft,
    file: &str,
    seen: &mut Seen,
    report: &mut Report<'_>,
) -> Vec<Loaded> {
    let mut pack = String::new();
    if let Some(id) = draft.id {
        let stem = file.rsplit(['/', '\\']).next().unwrap_or(file);
        let stem = stem.strip_suffix(".toml").unwrap_or(stem);
        if id.value != stem {
            let message = format!("is not the name of the file, `{stem}`");
            report.add(
                Some(id.span),
                "pack.id",
                message,
                "name the file after the pack.",
            );
        }
        pack = id.value;
    }
    draft
        .rules
        .into_iter()
        .filter_map(|r| rule(r, &pack, file, seen, report))
        .collect()
}

fn rule(
    draft: RuleDraft,
    pack: &str,
    file: &str,
    seen: &mut Seen,
    report: &mut Report<'_>,
) -> Option<Loaded> {
    let before = report.len();
    let name = draft
        .id
        .as_ref()
        .filter(|id| RuleId::new(&id.value).is_some())
        .map_or("rule", |id| id.value.as_str())
        .to_owned();
    let id = draft
        .id
        .as_ref()
        .and_then(|id| identity(id, file, seen, report));
    let at = |key: &str| format!("{name}: {key}");
    let whole = Some(draft.span.clone());

    if draft.category == Some(Category::Secret) {
        for (key, steps) in [
            ("rotation", &draft.rotation),
            ("revocation", &draft.revocation),
        ] {
            if steps.is_empty() {
                let key = at(&format!("playbook.{key}.steps"));
                let help = "say in short steps what the owner of a leaked value does.";
                report.add(
                    whole.clone(),
                    &key,
                    "is missing for a rule of category secret",
                    help,
                );
            }
        }
    }
    if draft.category.is_some_and(|c| c != Category::Secret) {
        let help = "structural checks are code, not patterns.";
        report.add(
            whole.clone(),
            &at("category"),
            "a pack holds rules of category secret",
            help,
        );
    }
    for (key, list) in [("bad", &draft.bad), ("good", &draft.good)] {
        if list.is_empty() {
            let help = "a rule without an example on each side is not tested.";
            report.add(
                whole.clone(),
                &at(&format!("examples.{key}")),
                "is missing",
                help,
            );
        }
    }
    let keywords = keywords(&draft, &at("keywords"), report);
    let mut stopwords = Vec::new();
    for word in &draft.stopwords {
        if word.value.is_empty() || word.value != word.value.to_ascii_lowercase() {
            let span = Some(word.span.clone());
            report.add(
                span,
                &at("stopwords"),
                "a stopword is lower case and not empty",
                "",
            );
        }
        stopwords.push(Cow::Owned(word.value.clone().into_bytes()));
    }
    globs(&draft.only, &at("paths.only"), report);
    globs(&draft.never, &at("paths.never"), report);
    let matcher = match draft.reads {
        Reads::ByHand(ByHand::Beside) => {
            let table = draft.pattern.as_ref()?;
            if let Err(message) = Table::read(&table.value) {
                report.add(Some(table.span.clone()), &at("pattern"), message, "");
            }
            Matcher::beside(Cow::Owned(table.value.clone()), stopwords)
        }
        Reads::ByHand(how) => Matcher::read_by_hand(how, keywords, stopwords),
        Reads::Path => {
            if draft.only.is_empty() {
                let help = "name the files: `only = [\"**/name\"]`.";
                report.add(whole, &at("paths.only"), "is missing or empty", help);
            }
            Matcher::path()
        }
        Reads::Pattern => pattern(&draft, keywords, stopwords, &at("pattern"), report)?,
    };
    if report.len() != before {
        return None;
    }
    let list = |globs: Vec<At<String>>| globs.into_iter().map(|g| Cow::Owned(g.value)).collect();
    let advice = Advice {
        why: draft.why.as_deref()?,
        fix: draft.fix.as_deref()?,
        owner: &draft.owner,
        bad: first(&draft.bad),
        good: first(&draft.good),
        rotation: borrowed(&draft.rotation),
        revocation: borrowed(&draft.revocation),
        references: borrowed(&draft.references),
        standards: borrowed(&draft.standards),
    };
    let advice = advice.packed();
    let rule = Rule {
        id: id?,
        version: draft.version,
        pack: Cow::Owned(pack.to_owned()),
        title: Cow::Owned(draft.title?),
        severity: draft.severity?,
        confidence: draft.confidence?,
        category: draft.category?,
        check: draft.check.map(Check::name),
        new: draft.new,
        paths: Paths::new(list(draft.only), list(draft.never)),
        cwe: draft.cwe,
        advice,
        by_path: draft.reads == Reads::Path,
        beside: draft.reads == Reads::ByHand(ByHand::Beside),
        foreign: None,
    };
    Some(Loaded {
        rule,
        matcher,
        bad: draft.bad,
        good: draft.good,
    })
}

fn first(examples: &[At<String>]) -> &str {
    examples.first().map_or("", |e| e.value.as_str())
}

fn borrowed(list: &[String]) -> Vec<&str> {
    list.iter().map(String::as_str).collect()
}

/// The matcher of a rule with a pattern.
fn pattern(
    draft: &RuleDraft,
    keywords: Vec<Cow<'static, [u8]>>,
    stopwords: Vec<Cow<'static, [u8]>>,
    key: &str,
    report: &mut Report<'_>,
) -> Option<Matcher> {
    let pattern = draft.pattern.as_ref()?;
    let matcher = Matcher::new(
        keywords,
        Cow::Owned(pattern.value.clone()),
        draft.window,
        draft.entropy,
        draft.check,
        draft.on_failure,
        stopwords,
    );
    if let Err(message) = matcher.compile() {
        let help = "Rust's regex syntax over bytes, ASCII classes: no look-around, no \
                    back-references.";
        report.add(Some(pattern.span.clone()), key, message, help);
    }
    Some(matcher)
}

fn identity(
    id: &At<String>,
    file: &str,
    seen: &mut Seen,
    report: &mut Report<'_>,
) -> Option<RuleId> {
    let Some(parsed) = RuleId::new(&id.value) else {
        let help = "words of a-z and 0-9 joined by `.` or `-`, 3 to 64 bytes.";
        report.add(
            Some(id.span.clone()),
            "id",
            format!("is no rule id: {} characters", id.value.chars().count()),
            help,
        );
        return None;
    };
    if let Some(first) = seen.insert(id.value.clone(), file.to_owned()) {
        let message = format!("`{}` is taken already, in {first}", id.value);
        report.add(Some(id.span.clone()), "id", message, "");
        return None;
    }
    Some(parsed)
}

fn keywords(draft: &RuleDraft, key: &str, report: &mut Report<'_>) -> Vec<Cow<'static, [u8]>> {
    let mut out: Vec<Cow<'static, [u8]>> = Vec::new();
    let silent = match draft.reads {
        Reads::Path => "says nothing where the path decides",
        Reads::ByHand(ByHand::Beside) => "says nothing beside a table: its names are the keywords",
        Reads::ByHand(_) | Reads::Pattern => "",
    };
    if !silent.is_empty() {
        if let Some(word) = draft.keywords.first() {
            report.add(Some(word.span.clone()), key, silent, "");
        }
        return out;
    }
    if draft.keywords.is_empty() {
        let help = "name a literal that stands in every match: without one the rule never runs.";
        report.add(Some(draft.span.clone()), key, "is missing or empty", help);
    }
    for word in &draft.keywords {
        let place = |span: &Range<usize>| Some(span.clone());
        let length = word.value.len();
        if !(KEYWORD_LEAST..=KEYWORD_MOST).contains(&length) || !word.value.is_ascii() {
            let message = format!(
                "a keyword of {length} bytes is not {KEYWORD_LEAST} to {KEYWORD_MOST} bytes of ASCII"
            );
            let help = "take a longer literal that stands in, or near, every match.";
            report.add(place(&word.span), key, message, help);
            continue;
        }
        if prefilter::is_blank(word.value.as_bytes()) {
            let message = "a keyword of blanks and signs stands wherever a line is set in";
            let help =
                "take a literal with a letter or a digit in it: to the search `<` is a blank.";
            report.add(place(&word.span), key, message, help);
            continue;
        }
        let folded = Cow::Owned(word.value.to_ascii_lowercase().into_bytes());
        if out.contains(&folded) {
            let message = "a keyword stands twice, case aside";
            report.add(place(&word.span), key, message, "");
            continue;
        }
        out.push(folded);
    }
    out
}

/// What is wrong with a glob, without quoting it.
fn no_glob(error: &globset::Error) -> String {
    match error.kind() {
        globset::ErrorKind::Regex(_) => "no glob: it is too large or too complex".to_owned(),
        other => format!("no glob: {other}"),
    }
}

/// What is wrong with the globs of a list.
fn globs(list: &[At<String>], key: &str, report: &mut Report<'_>) {
    let mut builder = GlobSetBuilder::new();
    for glob in list {
        match GlobBuilder::new(&glob.value)
            .literal_separator(true)
            .build()
        {
            Ok(g) => {
                builder.add(g);
            }
            Err(e) => {
                let help =
                    "`*` and `?` stay within a folder, `**/` is any folder, `[ab]`, `{a,b}`.";
                report.add(Some(glob.span.clone()), key, no_glob(&e), help);
            }
        }
    }
    if let Err(e) = builder.build() {
        report.add(list.first().map(|g| g.span.clone()), key, no_glob(&e), "");
    }
}
