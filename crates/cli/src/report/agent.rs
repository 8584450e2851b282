//! For a program that writes code and reads with a budget: a line a finding, each rule's advice
//! once, then what was decided and what to do about it. Nothing is drawn or wrapped.
//!
//! What repositories choose (paths) is percent-encoded and masked, so that it stays one word and
//! cannot speak to the reader; all other words are this program's, or of a loaded pack.

use std::fmt::Write as _;

use lychgate_model::{Decision, Finding, Source, Verdict};
use percent_encoding::{AsciiSet, CONTROLS, percent_encode};

/// What would end a word, or a line; all that is not ASCII is encoded too.
const ODD: &AsciiSet = &CONTROLS.add(b' ').add(b'%');

/// What blocks, advice, a count of what does not, reasons, the verdict.
pub(super) fn document(verdict: &Verdict) -> String {
    let mut out = String::new();
    let mut cited: Vec<&str> = Vec::new();
    for finding in verdict.blocking() {
        let _ = writeln!(out, "block {}", place(finding));
        let rule = finding.rule.as_str();
        if !cited.contains(&rule) {
            cited.push(rule);
        }
    }
    for rule in verdict
        .rules
        .iter()
        .filter(|r| cited.contains(&r.id.as_str()))
    {
        let _ = writeln!(out, "fix {}: {}", rule.id, one_line(&rule.fix));
    }
    for reason in &verdict.reasons {
        let (message, help) = (one_line(&reason.message), one_line(&reason.help));
        let _ = writeln!(out, "unjudged {}: {message}; {help}", reason.code.name());
    }
    let blocking = verdict.blocking().count();
    let listed = verdict.findings.len() - blocking;
    let decision = verdict.decision.name();
    let _ = writeln!(
        out,
        "verdict {decision}, {blocking} block, {listed} listed only"
    );
    out.push_str(next(verdict.decision, blocking));
    out
}

/// `path:line:column rule severity masked`.
fn place(finding: &Finding) -> String {
    let path = finding
        .path
        .as_ref()
        .map(|p| percent_encode(p.as_bytes(), ODD).to_string());
    let path = path.unwrap_or_else(|| finding.source.name().to_owned());
    let span = finding.span;
    let what = match finding.source {
        Source::Blob => String::new(),
        other => format!(" in {}", other.name()),
    };
    let (rule, severity) = (&finding.rule, finding.severity.name());
    format!(
        "{path}:{}:{} {rule} {severity} {}{what}",
        span.line,
        span.column,
        one_line(&finding.masked)
    )
}

/// What a program that wrote the change does next. Exceptions are a person's to ask for.
fn next(decision: Decision, blocking: usize) -> &'static str {
    match decision {
        Decision::Allow => "",
        Decision::Deny if blocking > 0 => {
            "next: mend each line, stage, check again; exceptions (allow lines, baseline, \
             --no-verify) only if a person asks for them; details: lychgate check\n"
        }
        Decision::Deny => "next: lychgate check\n",
        Decision::Indeterminate => "next: this is no pass; lychgate doctor, then check again\n",
    }
}

fn one_line(text: &str) -> String {
    let words: Vec<&str> = text.split_whitespace().collect();
    words.join(" ")
}
