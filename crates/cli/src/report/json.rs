//! For programs: `json` and `ndjson`. Every key stands in `docs/schema/check.json`.

use lychgate_model::{Finding, RuleNote, Verdict};
use serde::Serialize;
use serde_json_fmt::JsonFormat;

/// One document: findings, the rules they cite, the verdict.
pub(super) fn document(verdict: &Verdict) -> String {
    line(&Document {
        findings: verdict.findings.iter().map(Row::of).collect(),
        rules: verdict.rules.iter().map(Rule::of).collect(),
        verdict: Last::of(verdict),
    })
}

/// One finding a line, then one line with the verdict.
pub(super) fn lines(verdict: &Verdict) -> String {
    let mut out = String::new();
    for finding in &verdict.findings {
        out.push_str(&line(&Row::of(finding)));
    }
    out.push_str(&line(&Last::of(verdict)));
    out
}

fn line<T: Serialize>(value: &T) -> String {
    super::json(value, JsonFormat::new())
}

#[derive(Serialize)]
struct Document<'a> {
    findings: Vec<Row<'a>>,
    rules: Vec<Rule<'a>>,
    verdict: Last<'a>,
}

/// A finding; the order of the keys is that of contract 9.1.
#[derive(Serialize)]
struct Row<'a> {
    path: Option<String>,
    line: u32,
    column: u32,
    end_line: u32,
    end_column: u32,
    byte_start: u64,
    byte_end: u64,
    source: &'static str,
    object: Option<String>,
    rule: &'a str,
    title: &'a str,
    category: &'static str,
    severity: &'static str,
    confidence: &'static str,
    fingerprint: Option<String>,
    masked: &'a str,
    state: &'static str,
    blocks: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    allowed_by: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    via: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    commit: Option<String>,
}

impl<'a> Row<'a> {
    fn of(finding: &'a Finding) -> Self {
        let span = finding.span;
        Self {
            path: finding.path.as_ref().map(lychgate_model::RepoPath::percent),
            line: span.line,
            column: span.column,
            end_line: span.end_line,
            end_column: span.end_column,
            byte_start: span.byte_start,
            byte_end: span.byte_end,
            source: finding.source.name(),
            object: finding.object.map(|id| id.to_string()),
            rule: finding.rule.as_str(),
            title: &finding.title,
            category: finding.category.name(),
            severity: finding.severity.name(),
            confidence: finding.confidence.name(),
            fingerprint: finding.fingerprint.map(|f| f.to_string()),
            masked: &finding.masked,
            state: finding.state.name(),
            blocks: finding.blocks,
            allowed_by: finding.allowed_by.as_deref(),
            via: finding.via.as_deref(),
            commit: finding.commit.map(|id| id.to_string()),
        }
    }
}

#[derive(Serialize)]
struct Rule<'a> {
    id: &'a str,
    title: &'a str,
    why: &'a str,
    fix: &'a str,
    rotate: &'a str,
    owner: &'a str,
}

impl<'a> Rule<'a> {
    fn of(note: &'a RuleNote) -> Self {
        let RuleNote {
            id,
            title,
            why,
            fix,
            rotate,
            owner,
        } = note;
        Self {
            id: id.as_str(),
            title,
            why,
            fix,
            rotate,
            owner,
        }
    }
}

/// The last line.
#[derive(Serialize)]
struct Last<'a> {
    verdict: &'static str,
    exit: u8,
    reasons: Vec<Reason<'a>>,
    notes: &'a [String],
    coverage: Covered,
    rule_set: String,
    policy: String,
}

#[derive(Serialize)]
struct Reason<'a> {
    code: &'static str,
    message: &'a str,
    help: &'a str,
}

#[derive(Serialize)]
struct Covered {
    complete: bool,
    changes: u64,
    refs: u64,
    objects: u64,
    bytes: u64,
    digest: String,
}

impl<'a> Last<'a> {
    fn of(verdict: &'a Verdict) -> Self {
        let tally = verdict.coverage.tally;
        Self {
            verdict: verdict.decision.name(),
            exit: super::exit_of(verdict),
            reasons: verdict
                .reasons
                .iter()
                .map(|r| Reason {
                    code: r.code.name(),
                    message: &r.message,
                    help: &r.help,
                })
                .collect(),
            notes: &verdict.notes,
            coverage: Covered {
                complete: verdict.coverage.complete,
                changes: tally.changes,
                refs: tally.refs,
                objects: tally.objects,
                bytes: super::judged_bytes(verdict),
                digest: tally.digest.to_string(),
            },
            rule_set: verdict.rule_set.to_string(),
            policy: verdict.policy.to_string(),
        }
    }
}
