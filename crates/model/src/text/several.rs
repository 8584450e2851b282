//! A denial with several findings: each in a line, each rule explained once as far as there is
//! room, and what they have in common at the end.

use super::{
    Finding, RuleNote, Verdict, View, accepting, clean, comment, headline, labelled, limits, list,
    note, otherwise, plural, printable, request, rewrite, shortened, wrapped,
};
use crate::verdict::Decision;

pub(super) fn several(
    verdict: &Verdict,
    blocking: &[&Finding],
    view: &View<'_>,
    out: &mut Vec<String>,
) {
    let mut blocking = blocking.to_vec();
    if room(verdict, &blocking, view) < blocking.len() {
        // Of what cannot all be shown, the worst is.
        blocking.sort_by_key(|f| std::cmp::Reverse((f.severity, f.confidence)));
    }
    let shown = room(verdict, &blocking, view);
    out.extend(draft(verdict, &blocking, view, shown));
}

/// Findings that are listed: at a client's hook as many as leave room for what to do, at a server's
/// as many as have room themselves.
pub(super) fn room(verdict: &Verdict, blocking: &[&Finding], view: &View<'_>) -> usize {
    let most = blocking.len().min(view.most());
    if view.is_check() {
        return most;
    }
    if view.is_server() {
        // A line for each, and one for each commit.
        let fits = |n: &usize| {
            let mut listed = Vec::new();
            let some = blocking.get(..*n).unwrap_or(blocking);
            list(some, view.columns(), &mut listed);
            listed.len() <= view.most()
        };
        return (1..=most).rev().find(fits).unwrap_or(most.min(1));
    }
    let fits = |n: &usize| draft(verdict, blocking, view, *n).len() <= limits::DENIAL_LINES;
    (1..=most).rev().find(fits).unwrap_or(most.min(1))
}

fn draft(verdict: &Verdict, blocking: &[&Finding], view: &View<'_>, shown: usize) -> Vec<String> {
    let mut out = vec![headline(verdict, view)];
    list(
        blocking.get(..shown).unwrap_or(blocking),
        view.columns(),
        &mut out,
    );
    let left = blocking.len() - shown;
    if left > 0 {
        let all = match view.full_list {
            Some(file) => printable(file.as_bytes()),
            None if view.is_server() => "lychgate check --all".to_owned(),
            None => "lychgate check".to_owned(),
        };
        let line = format!("  ... and {left} more; all {}: {all}", blocking.len());
        if line.len() <= view.columns() {
            out.push(line);
        } else {
            // A path to be copied stays in one piece.
            out.push(format!(
                "  ... and {left} more; all {} are in",
                blocking.len()
            ));
            out.push(format!("  {all}"));
        }
    }
    let mut end = ending(verdict, blocking, view);
    let mut rules: Vec<&RuleNote> = Vec::new();
    for finding in blocking {
        let new = note(verdict, finding).filter(|n| !rules.iter().any(|r| r.id == n.id));
        rules.extend(new);
    }
    let left = limits::DENIAL_LINES.saturating_sub(out.len() + end.len());
    let whole = PLANS.into_iter().find_map(|plan| {
        let told = rules.iter().flat_map(|r| explained(r, view, plan));
        let told: Vec<String> = told.collect();
        (told.len() <= left).then_some(told)
    });
    if let Some(told) = whole {
        out.extend(told);
        out.append(&mut end);
        return out;
    }
    for (at, rule) in rules.iter().enumerate() {
        let lines = explained(rule, view, [2, 0, 0]);
        // One rule is always explained, others as far as there is room.
        if at > 0 && out.len() + lines.len() + end.len() > limits::DENIAL_LINES {
            let left = rules.len() - at;
            if let Some(more) = end.first_mut() {
                *more = shortened(
                    view.columns(),
                    &format!(
                        "  more     lychgate rules explain RULE: why, and the fixes of {left} more"
                    ),
                );
            }
            break;
        }
        out.extend(lines);
    }
    out.append(&mut end);
    out
}

/// Lines for the fix of a rule, why it matters and how to rotate its values: all of it, then what
/// has to be done, then the fix alone.
const PLANS: [[usize; 3]; 5] = [[2, 2, 2], [2, 1, 1], [1, 1, 1], [1, 0, 1], [2, 0, 0]];

/// What is said once of a rule.
fn explained(rule: &RuleNote, view: &View<'_>, [fix, why, rotate]: [usize; 3]) -> Vec<String> {
    let (first, why) = match rule.fix.is_empty() {
        true => (&rule.why, 0),
        false => (&rule.fix, why),
    };
    let lead = format!("  {}: ", rule.id);
    let mut out = wrapped(view.columns(), &lead, "    ", &clean(first), fix);
    for (lead, text, most) in [("why", &rule.why, why), ("rotate", &rule.rotate, rotate)] {
        if most > 0 && !text.is_empty() {
            let lead = format!("    {lead}: ");
            out.extend(wrapped(view.columns(), &lead, "      ", &clean(text), most));
        }
    }
    out
}

/// The last lines of a denial with several findings.
fn ending(verdict: &Verdict, blocking: &[&Finding], view: &View<'_>) -> Vec<String> {
    let mut out =
        vec!["  more     lychgate rules explain RULE: why, and how to rotate it".to_owned()];
    if view.is_push() && blocking.iter().any(|f| f.commit.is_some()) {
        out.push(rewrite("COMMIT"));
    }
    if view.is_server() {
        out.extend(labelled(view.columns(), "accept", &accepting(view), 1));
    } else {
        out.extend(ways_out(blocking, view));
    }
    let count = verdict.reasons.len();
    let is_short = count > 1 && !view.is_check();
    let (told, each) = if is_short { (1, 1) } else { (count, 2) };
    for reason in verdict.reasons.iter().take(told) {
        let what = match reason.code.decision() {
            Decision::Deny => "also denied",
            _ => "also not checked",
        };
        out.extend(wrapped(
            view.columns(),
            &format!("  {what}: "),
            "    ",
            &clean(&reason.message),
            each,
        ));
    }
    if told < count {
        let left = count - told;
        out.push(format!("lychgate: and {left} more reason{}", plural(left)));
    }
    request(verdict, view, &mut out);
    out
}

/// Of several findings: the comment to paste for those that can have one, and what is left for
/// the first that cannot.
fn ways_out(blocking: &[&Finding], view: &View<'_>) -> Vec<String> {
    let comment = |finding: &Finding| {
        let until = view
            .allow_until
            .filter(|_| otherwise::has_a_line(finding))?;
        let path = finding.path.as_ref().map_or(&b""[..], |p| p.as_bytes());
        let text = format!("lychgate: allow RULE until {until} because <why>");
        comment::of(path).map(|style| style.around(&text))
    };
    let line = blocking.iter().find_map(|f| comment(f));
    let mut out: Vec<String> = line
        .map(|line| format!("  allow    {line}"))
        .into_iter()
        .collect();
    let rest = blocking.iter().filter(|f| comment(f).is_none());
    let mut left = rest.map(|f| otherwise::way_out(f, view));
    out.extend(left.find(|lines| !lines.is_empty()).into_iter().flatten());
    out
}
