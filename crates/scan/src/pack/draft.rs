//! A pack as it is written: every field with its place, nothing judged but type and name.

use lychgate_model::{Category, Confidence, Severity};
use toml::de::{DeTable, DeValue};

use crate::check::{Check, OnFailure};
use crate::pack::place::Report;
use crate::pack::table::{At, Table};
use crate::rule::NewBy;
use crate::shapeless::ByHand;

/// Longest `why` and `remediation`: two lines of a denial.
const SENTENCE: usize = 160;
/// Most bytes looked at on either side of a keyword.
pub(crate) const WINDOW_MOST: u32 = 16_384;
/// The same where a rule does not say.
pub(crate) const WINDOW: u32 = 256;

/// How a rule decides: `matcher` in a pack.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Reads {
    /// A regular expression over content.
    Pattern,
    /// Values are read by hand around the keywords.
    ByHand(ByHand),
    /// `path`: the name of a file says it all.
    Path,
}

impl Reads {
    /// The words for them in packs.
    pub(crate) fn names() -> [(&'static str, Self); 6] {
        let [a, b, c, d, e] =
            ByHand::NAMES.map(|(name, how)| (name, how.map_or(Self::Pattern, Self::ByHand)));
        [a, b, c, d, e, ("path", Self::Path)]
    }
}

pub(crate) struct PackDraft {
    pub(crate) id: Option<At<String>>,
    pub(crate) rules: Vec<RuleDraft>,
}

/// One rule. A field that is required and was wrong is `None`, and was reported.
pub(crate) struct RuleDraft {
    /// Where the stanza stands.
    pub(crate) span: std::ops::Range<usize>,
    pub(crate) id: Option<At<String>>,
    pub(crate) version: u32,
    pub(crate) title: Option<String>,
    pub(crate) severity: Option<Severity>,
    pub(crate) confidence: Option<Confidence>,
    pub(crate) category: Option<Category>,
    pub(crate) keywords: Vec<At<String>>,
    pub(crate) pattern: Option<At<String>>,
    pub(crate) reads: Reads,
    pub(crate) window: u32,
    pub(crate) entropy: f32,
    pub(crate) check: Option<Check>,
    pub(crate) on_failure: OnFailure,
    pub(crate) only: Vec<At<String>>,
    pub(crate) never: Vec<At<String>>,
    pub(crate) new: NewBy,
    pub(crate) cwe: Vec<u32>,
    pub(crate) standards: Vec<String>,
    pub(crate) why: Option<String>,
    pub(crate) fix: Option<String>,
    pub(crate) references: Vec<String>,
    pub(crate) owner: String,
    pub(crate) stopwords: Vec<At<String>>,
    pub(crate) rotation: Vec<String>,
    pub(crate) revocation: Vec<String>,
    pub(crate) bad: Vec<At<String>>,
    pub(crate) good: Vec<At<String>>,
}

/// Reads as much as can be read; what cannot is in the report.
pub(crate) fn read(report: &mut Report<'_>) -> PackDraft {
    let (root, errors) = DeTable::parse_recoverable(report.text());
    for error in &errors {
        report.add(error.span(), "", error.message().replace('\n', " "), "");
    }
    if !errors.is_empty() {
        // What follows a syntax error is guesswork; its problems would be noise.
        return PackDraft {
            id: None,
            rules: Vec::new(),
        };
    }
    let mut top = Table::new(root.get_ref(), 0..0, "");
    let mut id = None;
    match top.table("pack", report) {
        Some(mut pack) => {
            id = pack.need_text("id", "the name of the file without `.toml`.", report);
            sentence("title", &mut pack, 80, report);
            pack.finish(report);
        }
        None if !has(root.get_ref(), "pack") => {
            report.add(
                None,
                "pack",
                "is missing",
                "begin with [pack], id and title.",
            );
        }
        None => {}
    }
    let tables = top.tables("rule", report);
    if tables.is_empty() {
        report.add(None, "rule", "the pack holds no rule", "add a [[rule]].");
    }
    let rules = tables.into_iter().map(|t| rule(t, report)).collect();
    top.finish(report);
    PackDraft { id, rules }
}

fn has(table: &DeTable<'_>, key: &str) -> bool {
    table
        .get(key)
        .is_some_and(|v| !matches!(v.get_ref(), DeValue::Boolean(false)))
}

fn rule(mut t: Table<'_, '_>, report: &mut Report<'_>) -> RuleDraft {
    let severities = Severity::ALL.map(|s| (s.name(), s));
    let confidences = Confidence::OF_RULES.map(|c| (c.name(), c));
    let categories = Category::ALL.map(|c| (c.name(), c));
    let checks: Vec<(&str, Check)> = Check::ALL.iter().map(|&c| (c.name(), c)).collect();
    let failures = OnFailure::ALL.map(|f| (f.name(), f));
    let news = [NewBy::Value, NewBy::Line].map(|n| (n.name(), n));

    let span = t.span();
    let id = t.need_text(
        "id",
        "`<vendor>.<what>`; it ends the sentence \"allow ...\".",
        report,
    );
    let version = t
        .number("version", (1, u32::MAX), report)
        .map_or(1, |n| n.value);
    let title = sentence("title", &mut t, 60, report);
    let severity = t.need_word("severity", &severities, report);
    let confidence = t.need_word("confidence", &confidences, report);
    let category = t.need_word("category", &categories, report);
    let keywords = t.texts("keywords", report);
    let reads = t.word("matcher", &Reads::names(), report);
    let reads = reads.unwrap_or(Reads::Pattern);
    let pattern = match reads {
        Reads::Pattern => t.need_text("pattern", "a regular expression over bytes.", report),
        Reads::ByHand(ByHand::Beside) => t.need_text(
            "pattern",
            "lines of `name name: shape shape`, a shape being `{hex:32}`.",
            report,
        ),
        Reads::ByHand(_) | Reads::Path => None,
    };
    let window = t
        .number("window", (1, WINDOW_MOST), report)
        .map_or(WINDOW, |n| n.value);
    let entropy = t.decimal("entropy", 8.0, report).unwrap_or(0.0);
    let check = t.word("check", &checks, report);
    let on_failure = t
        .word("check_fails", &failures, report)
        .unwrap_or(OnFailure::Low);
    let (mut only, mut never) = (Vec::new(), Vec::new());
    if let Some(mut paths) = t.table("paths", report) {
        only = paths.texts("only", report);
        never = paths.texts("never", report);
        paths.finish(report);
    }
    let new = t.word("new", &news, report).unwrap_or(NewBy::Value);
    let cwe = t.numbers("cwe", report);
    let plain = |list: Vec<At<String>>| list.into_iter().map(|a| a.value).collect::<Vec<_>>();
    let standards = plain(t.texts("standards", report));
    let why = sentence("why", &mut t, SENTENCE, report);
    let fix = sentence("remediation", &mut t, SENTENCE, report);
    let references = plain(t.texts("references", report));
    let owner = t.text("owner", report).map(|a| a.value).unwrap_or_default();
    let stopwords = t.texts("stopwords", report);
    let (mut rotation, mut revocation) = (Vec::new(), Vec::new());
    if let Some(mut playbook) = t.table("playbook", report) {
        rotation = steps("rotation", &mut playbook, report);
        revocation = steps("revocation", &mut playbook, report);
        playbook.finish(report);
    }
    let (mut bad, mut good) = (Vec::new(), Vec::new());
    if let Some(mut examples) = t.table("examples", report) {
        bad = examples.texts("bad", report);
        good = examples.texts("good", report);
        examples.finish(report);
    }
    t.finish(report);
    RuleDraft {
        span,
        id,
        version,
        title,
        severity,
        confidence,
        category,
        keywords,
        pattern,
        reads,
        window,
        entropy,
        check,
        on_failure,
        only,
        never,
        new,
        cwe,
        standards,
        why,
        fix,
        references,
        owner,
        stopwords,
        rotation,
        revocation,
        bad,
        good,
    }
}

fn steps(key: &'static str, playbook: &mut Table<'_, '_>, report: &mut Report<'_>) -> Vec<String> {
    let Some(mut table) = playbook.table(key, report) else {
        return Vec::new();
    };
    let steps = table
        .texts("steps", report)
        .into_iter()
        .map(|a| a.value)
        .collect();
    table.finish(report);
    steps
}

/// A required text of at most `most` characters on one line of printable ASCII.
fn sentence(
    key: &'static str,
    table: &mut Table<'_, '_>,
    most: usize,
    report: &mut Report<'_>,
) -> Option<String> {
    let text = table.need_text(key, "", report)?;
    let length = text.value.chars().count();
    if length > most {
        let message = format!("is {length} characters long; at most {most} fit a report");
        report.add(Some(text.span.clone()), &table.key(key), message, "");
    }
    if length == 0 {
        report.add(Some(text.span.clone()), &table.key(key), "is empty", "");
    }
    if !text.value.bytes().all(|b| (0x20..0x7f).contains(&b)) {
        let message = "holds something other than printable ASCII on one line";
        report.add(Some(text.span), &table.key(key), message, "");
    }
    Some(text.value)
}
