//! An answer, written: for people, as one document, or a line each.
//!
//! For people the judge has written its lines already (`model::text`), the same ones everywhere.
//! For programs the keys are an interface (contract 9.1; `docs/schema/check.json`). Nothing in a
//! report differs between a daemon's answer and that of this process: no request id, and an object
//! answered from a cache counts as one that was read.

mod agent;
mod csv;
mod gitlab;
mod gitleaks;
mod json;
mod junit;
mod sarif;
mod stable;

use lychgate_model::{Decision, Finding, RepoPath, RuleId, Source, Verdict, exit};

use serde_json_fmt::JsonFormat;

use crate::args::Format;

/// What classes of weakness a rule serves, by their CWE numbers.
pub(crate) type Weaknesses<'a> = &'a dyn Fn(&RuleId) -> Vec<u32>;

/// Where a class of weakness is explained, with examples and ways out.
pub(crate) fn weakness(cwe: u32) -> String {
    format!("https://cwe.mitre.org/data/definitions/{cwe}.html")
}

/// `verdict` in `format`, with the newline at its end; empty: there is nothing to say.
/// `lines` are those for people.
pub(crate) fn written(
    verdict: &Verdict,
    lines: &[String],
    format: Format,
    cwe: Weaknesses<'_>,
) -> String {
    match format {
        Format::Text => {
            let lines = lines.iter().map(|line| crate::page::plain(line) + "\n");
            lines.collect::<String>() + &last_line(verdict)
        }
        Format::Json => json::document(verdict),
        Format::Ndjson => json::lines(verdict),
        Format::Sarif => sarif::document(verdict, cwe),
        Format::Gitlab => gitlab::document(verdict, cwe),
        Format::Gitleaks => gitleaks::document(verdict),
        Format::Junit => junit::document(verdict),
        Format::Csv => csv::document(verdict),
        Format::Agent => agent::document(verdict),
    }
}

/// JSON in ASCII: names of files are an attacker's to choose, and what is read by a program may be
/// printed by one. Strings, numbers and lists: there is nothing in them that could not be written.
fn json<T: serde::Serialize>(value: &T, format: JsonFormat) -> String {
    let text = format.ascii(true).format_to_string(value);
    text.unwrap_or_default() + "\n"
}

/// The file of a finding. For a message, a person or a name there is none; who reads a report may
/// ask for one all the same, so it is a path that no file of a repository can have.
fn file_of(finding: &Finding) -> RepoPath {
    if let Some(path) = &finding.path {
        return path.clone();
    }
    let folder = match finding.source {
        Source::Message | Source::Author | Source::Committer => "commit",
        Source::Tagger | Source::Tag => "tag",
        Source::Ref => "ref",
        Source::Path => "tree",
        Source::Blob | Source::Note | Source::Symlink => "object",
    };
    let id = finding.object.or(finding.commit);
    let id = id.map_or_else(|| "unknown".to_owned(), |id| id.to_string());
    RepoPath::from(format!(".git/{folder}/{id}").as_bytes())
}

/// What a finding is, and the value as it may be shown, of which a file's name has none.
fn said(finding: &Finding) -> String {
    match finding.masked.is_empty() {
        true => finding.title.clone(),
        false => format!("{}, {}", finding.title, finding.masked),
    }
}

/// How much was judged, under a verdict that is not allow.
fn last_line(verdict: &Verdict) -> String {
    let how = match verdict.decision {
        Decision::Allow => return String::new(),
        Decision::Deny => match verdict.blocking().count() {
            0 => "deny".to_owned(),
            1 => "deny: 1 finding blocks".to_owned(),
            many => format!("deny: {many} findings block"),
        },
        Decision::Indeterminate => "indeterminate: not checked completely".to_owned(),
    };
    let objects = verdict.coverage.tally.objects;
    let s = if objects == 1 { "" } else { "s" };
    format!(
        "{how}; judged {objects} object{s}, {} bytes\n",
        judged_bytes(verdict)
    )
}

/// Bytes that were judged, whether they crossed a wire or were known.
fn judged_bytes(verdict: &Verdict) -> u64 {
    verdict
        .coverage
        .tally
        .bytes
        .saturating_add(verdict.coverage.cached_bytes)
}

/// The exit code `verdict` stands for.
pub(crate) fn exit_of(verdict: &Verdict) -> u8 {
    exit::of(verdict)
}
