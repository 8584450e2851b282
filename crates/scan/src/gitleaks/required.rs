//! Rules that count only beside another (`[[rules.required]]`), and rules that only help others
//! (`skipReport`).

use crate::rule::Rule;
use crate::scanned::RawFinding;

/// Drops what stands alone, then what is not to be reported.
pub(crate) fn keep(findings: &mut Vec<RawFinding>, rules: &[Rule]) {
    let foreign = |f: &RawFinding| rules.get(f.rule as usize)?.foreign.as_deref();
    if findings.iter().all(|f| foreign(f).is_none()) {
        return;
    }
    let accompanied: Vec<bool> = findings
        .iter()
        .map(|finding| {
            foreign(finding).is_none_or(|own| {
                own.required.iter().all(|wanted| {
                    findings.iter().any(|other| {
                        let named = rules
                            .get(other.rule as usize)
                            .is_some_and(|r| r.id == wanted.rule);
                        let lines = other.span.line.abs_diff(finding.span.line);
                        let columns = other.span.column.abs_diff(finding.span.column);
                        named
                            && wanted.lines.is_none_or(|most| lines <= most)
                            && wanted.columns.is_none_or(|most| columns <= most)
                    })
                })
            })
        })
        .collect();
    let mut accompanied = accompanied.into_iter();
    findings.retain(|f| {
        accompanied.next().unwrap_or(true) && foreign(f).is_none_or(|own| own.reported)
    });
}
