//! GitLab's secret detection report, schema 15.0.7 (GitLab Docs: security report validation).

use std::borrow::Cow;

use lychgate_model::{Decision, Finding, Severity, State, Verdict};
use serde::Serialize;

use super::{Weaknesses, file_of, stable};

/// Longest name and solution the schema takes.
const NAME: usize = 255;
const SOLUTION: usize = 7000;
/// Stands for a commit where there is none yet.
const NO_COMMIT: &str = "0000000";

#[derive(Serialize)]
struct Document<'a> {
    version: &'static str,
    scan: Scan,
    vulnerabilities: Vec<Vulnerability<'a>>,
}

#[derive(Serialize)]
struct Scan {
    analyzer: Program,
    scanner: Program,
    r#type: &'static str,
    start_time: String,
    end_time: String,
    status: &'static str,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    messages: Vec<Said>,
}

#[derive(Serialize)]
struct Said {
    level: &'static str,
    value: String,
}

#[derive(Serialize)]
struct Program {
    id: &'static str,
    name: &'static str,
    version: &'static str,
    vendor: Vendor,
}

#[derive(Serialize)]
struct Vendor {
    name: &'static str,
}

#[derive(Serialize)]
struct Vulnerability<'a> {
    id: String,
    name: String,
    description: String,
    severity: &'static str,
    #[serde(skip_serializing_if = "String::is_empty")]
    solution: String,
    identifiers: Vec<Identifier<'a>>,
    details: Details<'a>,
    location: Place,
    tracking: Tracking,
}

#[derive(Serialize)]
struct Identifier<'a> {
    r#type: &'static str,
    name: Cow<'a, str>,
    value: Cow<'a, str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    url: Option<String>,
}

/// What tells debt and what is allowed from what is new.
#[derive(Serialize)]
struct Details<'a> {
    state: Text<'a>,
    #[serde(skip_serializing_if = "Option::is_none")]
    allowed_by: Option<Text<'a>>,
}

#[derive(Serialize)]
struct Text<'a> {
    r#type: &'static str,
    name: &'static str,
    value: &'a str,
}

#[derive(Serialize)]
struct Place {
    file: String,
    commit: Commit,
    start_line: u32,
    end_line: u32,
}

#[derive(Serialize)]
struct Commit {
    sha: String,
}

/// What GitLab tells a finding that moved from a new one by.
#[derive(Serialize)]
struct Tracking {
    r#type: &'static str,
    items: [Item; 1],
}

#[derive(Serialize)]
struct Item {
    file: String,
    start_line: u32,
    end_line: u32,
    signatures: [Signature; 1],
}

#[derive(Serialize)]
struct Signature {
    algorithm: &'static str,
    value: String,
}

/// The verdict, as the artifact `gl-secret-detection-report.json` has it.
pub(super) fn document(verdict: &Verdict, cwe: Weaknesses<'_>) -> String {
    let now = jiff::Timestamp::now()
        .strftime("%Y-%m-%dT%H:%M:%S")
        .to_string();
    let program = || Program {
        id: "lychgate",
        name: "lychgate",
        version: env!("CARGO_PKG_VERSION"),
        vendor: Vendor { name: "lychgate" },
    };
    let incomplete = !verdict.coverage.complete || verdict.decision == Decision::Indeterminate;
    let messages = verdict.reasons.iter().map(|reason| Said {
        level: "fatal",
        value: reason.message.clone(),
    });
    let notes = verdict.notes.iter().map(|note| Said {
        level: "info",
        value: note.clone(),
    });
    let keys = stable::keys(verdict);
    let document = Document {
        version: "15.0.7",
        scan: Scan {
            analyzer: program(),
            scanner: program(),
            r#type: "secret_detection",
            start_time: now.clone(),
            end_time: now,
            status: if incomplete { "failure" } else { "success" },
            messages: messages.chain(notes).collect(),
        },
        vulnerabilities: verdict
            .findings
            .iter()
            .zip(&keys)
            .map(|(finding, key)| vulnerability(finding, key, verdict, cwe))
            .collect(),
    };
    super::json(&document, serde_json_fmt::JsonFormat::pretty())
}

fn vulnerability<'a>(
    finding: &'a Finding,
    key: &[u8; 16],
    verdict: &'a Verdict,
    cwe: Weaknesses<'_>,
) -> Vulnerability<'a> {
    let rule = verdict.rules.iter().find(|r| r.id == finding.rule);
    let why = rule.map_or("", |r| r.why.as_str());
    let solution = rule.map_or_else(String::new, |r| {
        [r.fix.as_str(), r.rotate.as_str()].join(" ")
    });
    let state = match finding.state {
        State::New => "",
        State::Existing => "Stood there before: ",
        State::Allowed => "Allowed: ",
    };
    let mut description = match finding.masked.is_empty() {
        true => format!("{state}{why}"),
        false => format!("{state}{}. {why}", finding.masked),
    };
    if let Some(via) = &finding.via {
        description = format!("{description} It stands inside {via}.");
    }
    let file = file_of(finding).percent();
    let text = |name, value| Text {
        r#type: "text",
        name,
        value,
    };
    let rule = Identifier {
        r#type: "lychgate_rule",
        name: finding.rule.as_str().into(),
        value: finding.rule.as_str().into(),
        url: None,
    };
    let mut identifiers = vec![rule];
    identifiers.extend(cwe(&finding.rule).into_iter().map(|n| Identifier {
        r#type: "cwe",
        name: format!("CWE-{n}").into(),
        value: n.to_string().into(),
        url: Some(super::weakness(n)),
    }));
    let (start_line, end_line) = (finding.span.line, finding.span.end_line);
    Vulnerability {
        id: stable::uuid(key),
        name: finding.title.chars().take(NAME).collect(),
        description,
        severity: match finding.state {
            State::Allowed => severity(Severity::Note),
            State::New | State::Existing => severity(finding.severity),
        },
        solution: solution.trim().chars().take(SOLUTION).collect(),
        identifiers,
        details: Details {
            state: text("State", finding.state.name()),
            allowed_by: finding
                .allowed_by
                .as_deref()
                .map(|by| text("Allowed by", by)),
        },
        location: Place {
            file: file.clone(),
            commit: Commit {
                sha: finding
                    .commit
                    .map_or_else(|| NO_COMMIT.to_owned(), |id| id.to_string()),
            },
            start_line,
            end_line,
        },
        tracking: Tracking {
            r#type: "source",
            items: [Item {
                file,
                start_line,
                end_line,
                signatures: [Signature {
                    algorithm: "lychgate_v1",
                    value: stable::text(key),
                }],
            }],
        },
    }
}

fn severity(severity: Severity) -> &'static str {
    match severity {
        Severity::Note => "Info",
        Severity::Low => "Low",
        Severity::Medium => "Medium",
        Severity::High => "High",
        Severity::Critical => "Critical",
    }
}
