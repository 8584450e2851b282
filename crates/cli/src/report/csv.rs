//! For a sheet: a row a finding, and a row for each reason why something was not judged.

use csv::{Terminator, WriterBuilder};
use lychgate_model::{Finding, RepoPath, Verdict};

const HEAD: [&str; 15] = [
    "kind",
    "path",
    "line",
    "column",
    "rule",
    "title",
    "severity",
    "confidence",
    "state",
    "blocks",
    "masked",
    "source",
    "object",
    "commit",
    "fingerprint",
];

/// The findings below their heads (RFC 4180, but for lines that end as everywhere here).
pub(super) fn document(verdict: &Verdict) -> String {
    let terminator = Terminator::Any(b'\n');
    let mut sheet = WriterBuilder::new()
        .terminator(terminator)
        .from_writer(Vec::new());
    let findings = verdict.findings.iter().map(finding);
    let reasons = verdict.reasons.iter().map(|reason| {
        let mut row: [String; HEAD.len()] = std::array::from_fn(|_| String::new());
        row[0] = "reason".to_owned();
        row[4] = reason.code.name().to_owned();
        row[5] = reason.message.clone();
        row
    });
    let written = sheet.write_record(HEAD).and_then(|()| {
        let mut rows = findings.chain(reasons);
        rows.try_for_each(|row| sheet.write_record(row.map(inert)))
    });
    // Rows of one length into memory: neither can fail.
    let bytes = written.ok().and_then(|()| sheet.into_inner().ok());
    String::from_utf8(bytes.unwrap_or_default()).unwrap_or_default()
}

fn finding(finding: &Finding) -> [String; HEAD.len()] {
    let id = |id: Option<lychgate_model::ObjectId>| id.map(|id| id.to_string()).unwrap_or_default();
    let path = finding.path.as_ref().map(RepoPath::to_string);
    let print = finding.fingerprint.map(|f| f.to_string());
    [
        "finding".to_owned(),
        path.unwrap_or_default(),
        finding.span.line.to_string(),
        finding.span.column.to_string(),
        finding.rule.to_string(),
        finding.title.to_string(),
        finding.severity.name().to_owned(),
        finding.confidence.name().to_owned(),
        finding.state.name().to_owned(),
        finding.blocks.to_string(),
        finding.masked.to_string(),
        finding.source.name().to_owned(),
        id(finding.object),
        id(finding.commit),
        print.unwrap_or_default(),
    ]
}

/// A sheet takes a cell that begins so for a formula, and the names of files are an attacker's to
/// choose (OWASP, CSV injection).
fn inert(cell: String) -> String {
    match cell.bytes().next() {
        Some(b'=' | b'+' | b'-' | b'@' | b'\t' | b'\r') => format!("'{cell}"),
        _ => cell,
    }
}

#[cfg(test)]
mod tests {
    use super::inert;

    #[test]
    fn no_cell_is_a_formula() {
        assert_eq!(inert("=1+2".to_owned()), "'=1+2");
        assert_eq!(inert("@a.rs".to_owned()), "'@a.rs");
        assert_eq!(inert("src/a.rs".to_owned()), "src/a.rs");
        assert_eq!(inert(String::new()), "");
    }
}
