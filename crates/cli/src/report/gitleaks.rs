//! The JSON that gitleaks writes, with its values redacted as under its `--redact`.

use lychgate_model::{Finding, Verdict};
use serde::Serialize;

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Row<'a> {
    #[serde(rename = "RuleID")]
    rule_id: &'a str,
    description: &'a str,
    start_line: u32,
    end_line: u32,
    start_column: u32,
    end_column: u32,
    r#match: &'a str,
    secret: &'a str,
    file: String,
    symlink_file: &'static str,
    commit: String,
    entropy: f32,
    author: &'static str,
    email: &'static str,
    date: &'static str,
    message: &'static str,
    tags: [&'a str; 2],
    fingerprint: String,
}

/// The findings, as an array.
pub(super) fn document(verdict: &Verdict) -> String {
    let rows: Vec<Row<'_>> = verdict.findings.iter().map(row).collect();
    super::json(&rows, serde_json_fmt::JsonFormat::pretty())
}

fn row(finding: &Finding) -> Row<'_> {
    let path = finding.path.as_ref();
    let file = path.map_or_else(String::new, lychgate_model::RepoPath::percent);
    let commit = finding.commit.map_or_else(String::new, |id| id.to_string());
    let place = format!("{file}:{}:{}", finding.rule, finding.span.line);
    let fingerprint = match commit.as_str() {
        "" => place,
        commit => format!("{commit}:{place}"),
    };
    Row {
        rule_id: finding.rule.as_str(),
        description: &finding.title,
        start_line: finding.span.line,
        end_line: finding.span.end_line,
        start_column: finding.span.column,
        // There the last column is inside.
        end_column: finding.span.end_column.saturating_sub(1),
        r#match: &finding.masked,
        secret: "REDACTED",
        file,
        symlink_file: "",
        commit,
        entropy: 0.0,
        author: "",
        email: "",
        date: "",
        message: "",
        tags: [finding.category.name(), finding.state.name()],
        fingerprint,
    }
}
