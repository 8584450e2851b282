//! JUnit XML: a test case for each finding and each reason, one that passes when there is none.

use lychgate_model::{Finding, Verdict};
use quick_junit::{NonSuccessKind, Report, TestCase, TestCaseStatus, TestSuite};

/// The verdict as one suite.
pub(super) fn document(verdict: &Verdict) -> String {
    let mut suite = TestSuite::new("lychgate");
    for finding in &verdict.findings {
        suite.add_test_case(case(finding, verdict));
    }
    for reason in &verdict.reasons {
        let mut status = TestCaseStatus::non_success(NonSuccessKind::Error);
        status
            .set_message(reason.message.as_str())
            .set_type(reason.code.name())
            .set_description(reason.help.as_str());
        let mut case = TestCase::new(reason.code.name(), status);
        case.set_classname("lychgate");
        suite.add_test_case(case);
    }
    if verdict.findings.is_empty() && verdict.reasons.is_empty() {
        let mut case = TestCase::new("no findings", TestCaseStatus::success());
        case.set_classname("lychgate");
        suite.add_test_case(case);
    }
    let mut report = Report::new("lychgate");
    report.add_test_suite(suite);
    report.to_string().unwrap_or_default()
}

/// Fails where the finding blocks; debt and what is allowed is skipped, and so still seen.
fn case(finding: &Finding, verdict: &Verdict) -> TestCase {
    let path = finding.path.as_ref();
    let path = path.map_or_else(|| finding.source.name().to_owned(), ToString::to_string);
    let place = format!("{path}:{}:{}", finding.span.line, finding.span.column);
    let mut status = if finding.blocks {
        TestCaseStatus::non_success(NonSuccessKind::Failure)
    } else {
        TestCaseStatus::skipped()
    };
    status
        .set_message(super::said(finding))
        .set_type(finding.rule.as_str());
    if let Some(rule) = verdict.rules.iter().find(|r| r.id == finding.rule) {
        status.set_description(format!("{}\n{}\n{}", rule.why, rule.fix, rule.rotate));
    }
    let mut case = TestCase::new(format!("{place} {}", finding.rule), status);
    case.set_classname(path);
    case
}
