//! SARIF 2.1.0 (OASIS), as code scanning takes it: no snippet, no value.

use std::collections::BTreeMap;

use lychgate_model::{Decision, Finding, RuleNote, Severity, State, Verdict};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_encode};
use serde_json::{Value, json};
use serde_sarif::sarif::{
    ArtifactLocation, Invocation, Location, LogicalLocation, Message, MultiformatMessageString,
    Notification, PhysicalLocation, PropertyBag, Region, ReportingConfiguration,
    ReportingDescriptor, Result as Row, ResultLevel, Run, Sarif, Suppression, Tool, ToolComponent,
};

use super::{Weaknesses, file_of, stable};

const SCHEMA: &str =
    "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json";
/// The unreserved characters of RFC 3986, section 2.3, and the slash.
const URI: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'~')
    .remove(b'/');

/// The verdict as one log of one run.
pub(super) fn document(verdict: &Verdict, cwe: Weaknesses<'_>) -> String {
    let keys = stable::keys(verdict);
    let results: Vec<Row> = verdict
        .findings
        .iter()
        .zip(&keys)
        .map(|(finding, key)| result(finding, key, verdict))
        .collect();
    let rules: Vec<ReportingDescriptor> = verdict
        .rules
        .iter()
        .map(|r| rule(r, verdict, &cwe(&r.id)))
        .collect();
    let driver = ToolComponent::builder()
        .name("lychgate")
        .semantic_version(env!("CARGO_PKG_VERSION"))
        .rules(rules)
        .build();
    let run = Run::builder()
        .tool(Tool::builder().driver(driver).build())
        .column_kind(json!("unicodeCodePoints"))
        .invocations(vec![invocation(verdict)])
        .results(results)
        .build();
    let log = Sarif::builder()
        .schema(SCHEMA)
        .version(json!("2.1.0"))
        .runs(vec![run])
        .build();
    super::json(&log, serde_json_fmt::JsonFormat::pretty())
}

/// What kept the run from being complete is said, or a reader would take it for clean.
fn invocation(verdict: &Verdict) -> Invocation {
    let reasons = verdict.reasons.iter().map(|reason| {
        let text = match reason.help.as_str() {
            "" => reason.message.clone(),
            help => format!("{}; {help}", reason.message),
        };
        Notification::builder()
            .level(json!("error"))
            .message(message(&text))
            .build()
    });
    let notes = verdict.notes.iter().map(|note| {
        Notification::builder()
            .level(json!("note"))
            .message(message(note))
            .build()
    });
    Invocation::builder()
        .execution_successful(
            verdict.coverage.complete && verdict.decision != Decision::Indeterminate,
        )
        .exit_code(i64::from(super::exit_of(verdict)))
        .tool_execution_notifications(reasons.chain(notes).collect::<Vec<_>>())
        .build()
}

fn rule(note: &RuleNote, verdict: &Verdict, cwe: &[u32]) -> ReportingDescriptor {
    let worst = verdict
        .findings
        .iter()
        .filter(|f| f.rule == note.id)
        .max_by_key(|f| f.severity);
    let severity = worst.map_or(Severity::Note, |f| f.severity);
    let help = [&note.why, &note.fix, &note.rotate]
        .into_iter()
        .filter(|text| !text.is_empty())
        .cloned()
        .collect::<Vec<_>>()
        .join("\n\n");
    let precision = worst.map_or("low", |f| match f.confidence.name() {
        "certain" => "very-high",
        other => other,
    });
    let properties = BTreeMap::from([
        ("precision".to_owned(), json!(precision)),
        ("security-severity".to_owned(), json!(score(severity))),
    ]);
    let category = worst.map_or("secret", |f| f.category.name());
    let mut tags = vec!["security".to_owned(), category.to_owned()];
    // As code scanning reads them.
    tags.extend(cwe.iter().map(|n| format!("external/cwe/cwe-{n:03}")));
    let mut made = ReportingDescriptor::builder()
        .id(note.id.as_str())
        .short_description(text(&note.title))
        .full_description(text(&note.why))
        .help(text(&help))
        .default_configuration(
            ReportingConfiguration::builder()
                .level(json!(level(severity).to_string()))
                .build(),
        )
        .properties(
            PropertyBag::builder()
                .tags(tags)
                .additional_properties(properties)
                .build(),
        )
        .build();
    made.help_uri = cwe.first().map(|n| super::weakness(*n));
    made
}

fn result(finding: &Finding, key: &[u8; 16], verdict: &Verdict) -> Row {
    let index = verdict.rules.iter().position(|r| r.id == finding.rule);
    let mut said = super::said(finding);
    if let Some(via) = &finding.via {
        said = format!("{said}, inside {via}");
    }
    let mut row = Row::builder()
        .rule_id(finding.rule.as_str())
        .rule_index(index.and_then(|i| i64::try_from(i).ok()).unwrap_or(-1))
        .level(level(finding.severity))
        .message(message(&said))
        .locations(vec![location(finding)])
        .partial_fingerprints(BTreeMap::from([(
            "lychgateFinding/v2".to_owned(),
            stable::text(key),
        )]))
        .properties(
            PropertyBag::builder()
                .additional_properties(properties(finding))
                .build(),
        )
        .build();
    row.baseline_state = Some(json!(match finding.state {
        State::New => "new",
        State::Existing | State::Allowed => "unchanged",
    }));
    if finding.state == State::Allowed {
        let why = finding.allowed_by.clone().unwrap_or_default();
        row.suppressions = Some(vec![
            Suppression::builder()
                .kind(json!("inSource"))
                .justification(why)
                .build(),
        ]);
    }
    row
}

fn properties(finding: &Finding) -> BTreeMap<String, Value> {
    let mut out = BTreeMap::from([
        ("blocks".to_owned(), json!(finding.blocks)),
        ("confidence".to_owned(), json!(finding.confidence.name())),
        ("source".to_owned(), json!(finding.source.name())),
    ]);
    for (name, id) in [("object", finding.object), ("commit", finding.commit)] {
        if let Some(id) = id {
            out.insert(name.to_owned(), json!(id.to_string()));
        }
    }
    out
}

/// A file and a region of it; for a message or a name also what it is. Code scanning refuses a
/// whole log for one result without a file.
fn location(finding: &Finding) -> Location {
    let path = file_of(finding);
    let span = finding.span;
    let region = Region::builder()
        .start_line(i64::from(span.line.max(1)))
        .start_column(i64::from(span.column.max(1)))
        .end_line(i64::from(span.end_line.max(1)))
        .end_column(i64::from(span.end_column.max(1)))
        .build();
    let file = ArtifactLocation::builder()
        .uri(percent_encode(path.as_bytes(), URI).to_string())
        .uri_base_id("%SRCROOT%")
        .build();
    let place = PhysicalLocation::builder()
        .artifact_location(file)
        .region(region)
        .build();
    let mut location = Location::builder().physical_location(place).build();
    if finding.path.is_none() {
        let id = finding.commit.or(finding.object);
        let id = id.map_or_else(String::new, |id| format!(" of {id}"));
        let logical = LogicalLocation::builder()
            .name(finding.source.name())
            .fully_qualified_name(format!("{}{id}", finding.source.name()))
            .build();
        location.logical_locations = Some(vec![logical]);
    }
    location
}

fn text(text: &str) -> MultiformatMessageString {
    MultiformatMessageString::builder().text(text).build()
}

fn message(text: &str) -> Message {
    Message::builder().text(text).build()
}

fn level(severity: Severity) -> ResultLevel {
    match severity {
        Severity::Note | Severity::Low => ResultLevel::Note,
        Severity::Medium => ResultLevel::Warning,
        Severity::High | Severity::Critical => ResultLevel::Error,
    }
}

/// The scale of CVSS, which code scanning sorts by.
fn score(severity: Severity) -> &'static str {
    match severity {
        Severity::Note => "0.0",
        Severity::Low => "3.0",
        Severity::Medium => "5.5",
        Severity::High => "8.0",
        Severity::Critical => "9.5",
    }
}
