//! For people at a terminal or in a log: every finding on a line a compiler could have written,
//! then once for each rule why it matters and what to do. Nothing when there is nothing to say.

use std::fmt::Write as _;

use lychgate_model::path::printable;
use lychgate_model::{Decision, Finding, RuleNote, State, Verdict};

use crate::page::{plain, wrapped};

/// The whole answer; empty when it is allow and nothing was found or noted.
pub(super) fn page(verdict: &Verdict) -> String {
    let mut out = String::new();
    for finding in &verdict.findings {
        out.push_str(&one(finding));
    }
    for note in &verdict.rules {
        out.push_str(&about(note));
    }
    for reason in &verdict.reasons {
        out.push_str(&wrapped(&format!("{}: {}", reason.code.name(), reason.message), "", "  "));
        if !reason.help.is_empty() {
            out.push_str(&wrapped(&reason.help, "  help: ", "    "));
        }
    }
    for note in &verdict.notes {
        out.push_str(&wrapped(note, "note: ", "  "));
    }
    if !out.is_empty() || verdict.decision != Decision::Allow {
        out.push_str(&sum(verdict));
    }
    out
}

fn one(finding: &Finding) -> String {
    let span = finding.span;
    let place = match (&finding.path, finding.object) {
        (Some(path), _) => printable(path.as_bytes()),
        (None, Some(object)) => format!("{} {object}", finding.source.name()),
        (None, None) => finding.source.name().to_owned(),
    };
    let state = match finding.state {
        State::New if finding.blocks => String::new(),
        State::New => ", does not block".into(),
        State::Existing => ", was there before".into(),
        State::Allowed => ", allowed".into(),
    };
    let line = format!(
        "{place}:{}:{}: {}: {} {} [{}{state}]",
        span.line,
        span.column,
        finding.severity.name(),
        finding.title,
        printable(finding.masked.as_bytes()),
        finding.rule,
    );
    let mut out = wrapped(&line, "", "    ");
    if let Some(commit) = finding.commit {
        let _ = writeln!(out, "    in commit {commit}");
    }
    if let Some(by) = &finding.allowed_by {
        out.push_str(&wrapped(by, "    ", "    "));
    }
    out
}

fn about(note: &RuleNote) -> String {
    let mut out = format!("{}: {}\n", note.id, plain(&note.title));
    let parts = [
        ("  why:    ", &note.why),
        ("  fix:    ", &note.fix),
        ("  rotate: ", &note.rotate),
        ("  owner:  ", &note.owner),
    ];
    for (head, text) in parts.into_iter().filter(|(_, text)| !text.is_empty()) {
        out.push_str(&wrapped(text, head, "          "));
    }
    out
}

fn sum(verdict: &Verdict) -> String {
    let count = |of: &dyn Fn(&Finding) -> bool| verdict.findings.iter().filter(|f| of(f)).count();
    let blocking = count(&|f| f.blocks);
    let mut parts = Vec::new();
    if blocking > 0 {
        parts.push(format!("{blocking} block{}", if blocking == 1 { "s" } else { "" }));
    }
    for (number, what) in [
        (count(&|f| f.state == State::New && !f.blocks), "below what blocks"),
        (count(&|f| f.state == State::Existing), "there before"),
        (count(&|f| f.state == State::Allowed), "allowed"),
    ] {
        if number > 0 {
            parts.push(format!("{number} {what}"));
        }
    }
    let found = match parts.is_empty() {
        true => "nothing found".to_owned(),
        false => format!("findings: {}", parts.join(", ")),
    };
    let tally = verdict.coverage.tally;
    let line = format!(
        "{}: {found}; judged {} objects, {} bytes{}",
        verdict.decision.name(),
        tally.objects,
        super::judged_bytes(verdict),
        if verdict.coverage.complete { "" } else { ", not all of it" },
    );
    wrapped(&line, "", "  ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use lychgate_model::{
        Category, Confidence, Coverage, Digest, RepoPath, RuleId, Severity, Source, Span,
    };

    fn verdict(findings: Vec<Finding>) -> Verdict {
        let blocks = findings.iter().any(|f| f.blocks);
        Verdict {
            decision: if blocks { Decision::Deny } else { Decision::Allow },
            findings,
            reasons: Vec::new(),
            notes: Vec::new(),
            rules: Vec::new(),
            coverage: Coverage { complete: true, ..Coverage::default() },
            rule_set: Digest::default(),
            policy: Digest::default(),
            request: String::new(),
        }
    }

    fn finding(path: &[u8], state: State) -> Finding {
        Finding {
            path: Some(RepoPath(path.to_vec())),
            span: Span { line: 7, column: 21, ..Span::default() },
            source: Source::Blob,
            object: None,
            commit: None,
            rule: RuleId::new("test.token").unwrap(),
            title: "Test token".into(),
            category: Category::Secret,
            severity: Severity::High,
            confidence: Confidence::High,
            fingerprint: None,
            masked: "tt_... (40)".into(),
            state,
            blocks: state == State::New,
            allowed_by: None,
        }
    }

    #[test]
    fn nothing_to_say_is_said_with_no_byte() {
        assert_eq!(page(&verdict(Vec::new())), "");
    }

    #[test]
    fn a_finding_is_one_line_and_debt_is_told_from_news() {
        let page = page(&verdict(vec![
            finding(b"a.py", State::New),
            finding(b"b.py", State::Existing),
        ]));
        assert!(page.contains("a.py:7:21: high: Test token tt_... (40) [test.token]\n"), "{page}");
        assert!(page.contains("was there before]"), "{page}");
        assert!(page.contains("deny: findings: 1 blocks, 1 there before"), "{page}");
    }

    #[test]
    fn a_hostile_path_stays_on_its_line() {
        let page = page(&verdict(vec![finding(b"a\n\x1b[2Jb\xff", State::New)]));
        assert!(page.starts_with("a\\n\\033[2Jb\\377:7:21: "), "{page}");
    }
}
