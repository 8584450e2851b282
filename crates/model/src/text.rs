//! A verdict as a person reads it: printable ASCII, at most [`limits::COLUMNS`] wide, the same
//! lines at a terminal, in a file and through a forge's sideband.
//!
//! ```text
//! lychgate: commit denied: 1 new secret
//! deploy.py:7:21  github.pat (critical)
//!   found    GitHub personal access token, ghp_... (40 characters)
//!   why      Whoever can read the repository can act as the owner of the token.
//!   fix      Read it from the environment, git add the file and commit again.
//!   rotate   create a new token; deploy it; delete this one
//!   allow    # lychgate: allow github.pat until 2026-12-21 because <why>
//!   more     lychgate rules explain github.pat
//! ```

mod otherwise;
mod place;
mod several;
mod wrap;

use crate::comment::{self, Style, Where};
use crate::finding::{Category, Finding, State};
use crate::ids::ObjectId;
use crate::limits;
use crate::path::printable;
use crate::surface::{Hook, Surface};
use crate::verdict::{Decision, Reason, RuleNote, Verdict};
use place::{location, location_in};
use several::{room, several};
use wrap::{labelled, shortened, wrapped};

/// Findings a client's hook lists before it points to the full list.
const SHOWN: usize = 12;
/// Lines of one note, and of what is said of one finding.
const NOTE: usize = 4;

/// What the lines depend on beside the verdict.
#[derive(Clone, Copy, Debug)]
pub struct View<'a> {
    /// What was asked.
    pub hook: Hook,
    /// The day an allow line would hold until, `2026-12-31`; `None`: none is worth anything.
    pub allow_until: Option<&'a str>,
    /// Whether what a repository's baseline lists is excused at a client.
    pub baseline: bool,
    /// Who can accept a finding; empty: the administrators.
    pub contact: &'a str,
    /// Where the full list is, when not everything is shown: a file, or at a server the command
    /// that shows it in the pusher's own repository.
    pub full_list: Option<&'a str>,
}

impl View<'_> {
    fn is_check(&self) -> bool {
        self.hook.name().starts_with("check-")
    }

    /// Columns of a line: Git puts `remote: ` before each of a server.
    fn columns(&self) -> usize {
        limits::COLUMNS - if self.is_server() { limits::REMOTE } else { 0 }
    }

    fn is_server(&self) -> bool {
        self.hook.surface() == Surface::Server
    }

    /// Whether commits that exist already are judged.
    fn is_push(&self) -> bool {
        matches!(self.hook, Hook::PrePush | Hook::PreReceive | Hook::Update)
    }

    /// What is judged, as the subject of the first line.
    fn subject(&self) -> &'static str {
        match self.hook {
            Hook::PreCommit | Hook::PreMergeCommit => "commit",
            Hook::CommitMsg => "commit message",
            Hook::PrePush | Hook::PreReceive | Hook::Update => "push",
            Hook::CheckStaged => "staged change",
            Hook::CheckRange => "range",
            Hook::CheckAll => "repository",
            Hook::CheckPath => "files",
            Hook::CheckStdin => "input",
        }
    }

    /// Findings listed at most.
    fn most(&self) -> usize {
        match () {
            () if self.is_server() => limits::SERVER_LINES - 2 * limits::DENIAL_LINES,
            () if self.is_check() => usize::MAX,
            () => SHOWN,
        }
    }
}

/// Whether [`lines`] leaves findings out.
pub fn is_capped(verdict: &Verdict, view: &View<'_>) -> bool {
    let blocking: Vec<&Finding> = verdict.blocking().collect();
    let alone = blocking.len() == 1 && verdict.reasons.is_empty();
    !alone && room(verdict, &blocking, view) < blocking.len()
}

/// Every finding, one entry each, for the full list.
pub fn full_list(verdict: &Verdict, view: &View<'_>) -> Vec<String> {
    let mut out = vec![headline(verdict, view)];
    let mut all: Vec<&Finding> = verdict.findings.iter().collect();
    all.sort_by_key(|f| !f.blocks);
    out.extend(all.into_iter().flat_map(|f| entry(f, true, usize::MAX)));
    out
}

/// The verdict for people. Empty when there is nothing to say.
pub fn lines(verdict: &Verdict, view: &View<'_>) -> Vec<String> {
    let mut out = Vec::new();
    let blocking: Vec<&Finding> = verdict.blocking().collect();
    if verdict.decision != Decision::Allow {
        match blocking.as_slice() {
            [] => reasons(verdict, view, &mut out),
            [only] if verdict.reasons.is_empty() => single(verdict, only, view, &mut out),
            _ => several(verdict, &blocking, view, &mut out),
        }
    }
    let room = if verdict.decision == Decision::Allow || view.is_check() {
        usize::MAX
    } else {
        limits::DENIAL_LINES.saturating_sub(out.len())
    };
    let notes = verdict.notes.iter();
    let notes = notes.flat_map(|n| wrapped(view.columns(), "lychgate: ", "  ", &clean(n), NOTE));
    out.extend(notes.take(room));
    out
}

/// What does not block, as `lychgate check` lists it behind [`lines`]; empty when all does.
pub fn others(findings: &[Finding]) -> Vec<String> {
    let quiet: Vec<&Finding> = findings.iter().filter(|f| !f.blocks).collect();
    let count = quiet.len();
    if count == 0 {
        return Vec::new();
    }
    let (s, es) = (plural(count), es(count));
    let mut out = vec![format!(
        "lychgate: {count} finding{s} that do{es} not block"
    )];
    for (commit, here) in by_commit(&quiet) {
        out.extend(commit.map(heading));
        let entries = here
            .into_iter()
            .flat_map(|f| entry(f, true, limits::COLUMNS));
        out.extend(entries);
    }
    out
}

fn headline(verdict: &Verdict, view: &View<'_>) -> String {
    let blocking: Vec<&Finding> = verdict.blocking().collect();
    let count = blocking.len();
    let secrets = blocking.iter().all(|f| f.category == Category::Secret);
    let noun = if secrets { "secret" } else { "finding" };
    let mut paths: Vec<_> = blocking.iter().filter_map(|f| f.path.as_ref()).collect();
    paths.sort();
    paths.dedup();
    let files = match paths.len() {
        0 | 1 => String::new(),
        many => format!(" in {many} files"),
    };
    let s = plural(count);
    match verdict.decision {
        Decision::Allow => format!("lychgate: {} allowed", view.subject()),
        Decision::Indeterminate => format!("lychgate: {} not checked", view.subject()),
        Decision::Deny => {
            format!(
                "lychgate: {} denied: {count} new {noun}{s}{files}",
                view.subject()
            )
        }
    }
}

/// A verdict whose cause is not a finding: the first line says what did not happen.
fn reasons(verdict: &Verdict, view: &View<'_>, out: &mut Vec<String>) {
    let what = match verdict.decision {
        Decision::Deny => "denied",
        _ => "not checked",
    };
    let mut all: Vec<&Reason> = verdict.reasons.iter().collect();
    all.sort_by_key(|r| std::cmp::Reverse(r.code.decision()));
    let lead = format!("lychgate: {} {what}: ", view.subject());
    for (at, reason) in all.iter().enumerate() {
        let lead = if at == 0 {
            lead.as_str()
        } else {
            "lychgate: also: "
        };
        out.extend(wrapped(
            view.columns(),
            lead,
            "  ",
            &clean(&reason.message),
            3,
        ));
        let repeated = all.get(at + 1).is_some_and(|next| next.help == reason.help);
        if !reason.help.is_empty() && !repeated {
            out.extend(labelled(view.columns(), "next", &clean(&reason.help), 2));
        }
        let left = all.len() - at - 1;
        if left > 0 && out.len() >= limits::DENIAL_LINES - 2 && !view.is_check() {
            out.push(format!("lychgate: and {left} more reason{}", plural(left)));
            break;
        }
    }
    request(verdict, view, out);
}

fn request(verdict: &Verdict, view: &View<'_>, out: &mut Vec<String>) {
    if view.is_server() && !verdict.request.is_empty() {
        out.extend(labelled(
            view.columns(),
            "request",
            &clean(&verdict.request),
            1,
        ));
    }
}

fn single(verdict: &Verdict, finding: &Finding, view: &View<'_>, out: &mut Vec<String>) {
    let note = note(verdict, finding);
    // Why, fix and rotate share what the fixed lines leave.
    for room in [[2, 2, 2], [2, 2, 1], [1, 2, 1], [1, 1, 1]] {
        let block = block(verdict, finding, note, view, room);
        let fits = block.len() <= limits::DENIAL_LINES;
        if fits || room == [1, 1, 1] {
            out.extend(block);
            return;
        }
    }
}

fn block(
    verdict: &Verdict,
    finding: &Finding,
    note: Option<&RuleNote>,
    view: &View<'_>,
    [why, fix, rotate]: [usize; 3],
) -> Vec<String> {
    let mut out = vec![headline(verdict, view)];
    let what = format!("{} ({})", finding.rule, finding.severity.name());
    let place = location(finding);
    if place.len() + 2 + what.len() <= view.columns() {
        out.push(format!("{place}  {what}"));
    } else {
        out.push(location_in(finding, view.columns()));
        out.push(shortened(view.columns(), &format!("  {what}")));
    }
    let found = match finding.masked.as_str() {
        "" => clean(&finding.title),
        masked => format!("{}, {}", clean(&finding.title), clean(masked)),
    };
    let found = match &finding.via {
        Some(via) => format!("{found}, inside {}", clean(via)),
        None => found,
    };
    out.extend(labelled(view.columns(), "found", &found, 2));
    if let Some(commit) = finding.commit {
        let id = short(commit);
        out.extend(labelled(
            view.columns(),
            "commit",
            &format!("{id} (git show {id})"),
            1,
        ));
    }
    if let Some(note) = note {
        for (label, text, most) in [
            ("why", &note.why, why),
            ("fix", &note.fix, fix),
            ("rotate", &note.rotate, rotate),
        ] {
            if !text.is_empty() {
                out.extend(labelled(view.columns(), label, &clean(text), most));
            }
            if let ("fix", true, Some(commit)) = (label, view.is_push(), finding.commit) {
                out.push(rewrite(&short(commit)));
            }
        }
        if !note.owner.is_empty() {
            out.extend(labelled(view.columns(), "owner", &clean(&note.owner), 1));
        }
    }
    out.extend(way_out(finding, view));
    out.push(shortened(
        view.columns(),
        &format!("  more     lychgate rules explain {}", finding.rule),
    ));
    request(verdict, view, &mut out);
    out
}

/// As much of a commit's id as tells it from others.
fn short(commit: ObjectId) -> String {
    commit.to_string().chars().take(12).collect()
}

/// What is mended on top of a commit still stands in it.
fn rewrite(commit: &str) -> String {
    format!("  rewrite  git rebase -i {commit}^, or amend it; one on top keeps it")
}

/// At a client the allow line to paste; at a server who can accept.
fn way_out(finding: &Finding, view: &View<'_>) -> Vec<String> {
    if view.is_server() {
        return labelled(view.columns(), "accept", &accepting(view), 1);
    }
    let Some(until) = view.allow_until.filter(|_| otherwise::has_a_line(finding)) else {
        return otherwise::way_out(finding, view);
    };
    let path = finding.path.as_ref().map_or(&b""[..], |p| p.as_bytes());
    let text = format!(
        "lychgate: allow {} until {until} because <why>",
        finding.rule
    );
    let Some(style) = comment::of(path) else {
        return otherwise::way_out(finding, view);
    };
    let line = style.around(&text);
    let label = "  allow    ";
    if style.at != Where::First && label.len() + line.len() <= view.columns() {
        return vec![format!("{label}{line}")];
    }
    // To be pasted, so it stays in one piece whatever the width.
    let indent = if line.len() + 2 <= view.columns() {
        "  "
    } else {
        ""
    };
    vec![
        format!("{label}only if it is none, on {}:", beside(style)),
        indent.to_owned() + &line,
    ]
}

/// The lines on which a comment of a style speaks for a value.
fn beside(style: &Style) -> &'static str {
    match style.at {
        Where::First => "the line above",
        Where::Anywhere | Where::Clear => "its line or the line above",
    }
}

fn accepting(view: &View<'_>) -> String {
    let who = clean(view.contact);
    let who = if who.is_empty() {
        "an administrator of this server"
    } else {
        &who
    };
    format!("ask {who}; allow lines do not count")
}

/// Findings with the commit that brings them, those of one commit together.
fn by_commit<'f>(findings: &[&'f Finding]) -> Vec<(Option<ObjectId>, Vec<&'f Finding>)> {
    let mut out: Vec<(Option<ObjectId>, Vec<&Finding>)> = Vec::new();
    for finding in findings {
        match out.iter_mut().find(|(commit, _)| *commit == finding.commit) {
            Some((_, here)) => here.push(finding),
            None => out.push((finding.commit, vec![finding])),
        }
    }
    out
}

fn heading(commit: ObjectId) -> String {
    let id = short(commit);
    format!("in commit {id} (git show {id})")
}

/// Findings, those of one commit together, in columns where they fit.
fn list(findings: &[&Finding], columns: usize, out: &mut Vec<String>) {
    for (commit, here) in by_commit(findings) {
        out.extend(commit.map(heading));
        let rows: Vec<[String; 3]> = here
            .iter()
            .map(|f| [location(f), f.rule.to_string(), clean(&f.masked)])
            .collect();
        let width = |at: usize| {
            rows.iter()
                .filter_map(|r| r.get(at))
                .map(String::len)
                .max()
                .unwrap_or(0)
        };
        let (place, rule) = (width(0), width(1));
        if place + rule + width(2) + 4 <= columns {
            let row = |[a, b, c]: &[String; 3]| format!("{a:place$}  {b:rule$}  {c}");
            out.extend(rows.iter().map(|r| row(r).trim_end().to_owned()));
        } else {
            out.extend(here.into_iter().flat_map(|f| entry(f, false, columns)));
        }
    }
}

/// One finding in a list: place and title, then the value; on one line if it fits.
fn entry(finding: &Finding, with_state: bool, columns: usize) -> Vec<String> {
    let state = match finding.state {
        State::New => "",
        _ if !with_state => "",
        other => other.name(),
    };
    let mut value = clean(&finding.masked);
    let via = finding
        .via
        .as_deref()
        .map(|via| format!("inside {}", clean(via)));
    for more in [
        via.as_deref().unwrap_or_default(),
        state,
        &finding.allowed_by.as_deref().map(clean).unwrap_or_default(),
    ] {
        if !more.is_empty() {
            let comma = if value.is_empty() { "" } else { ", " };
            value = format!("{value}{comma}{more}");
        }
    }
    let (place, id) = (location(finding), finding.rule.as_str());
    let line = format!("{place}  {id}  {value}");
    if line.len() <= columns {
        return vec![line.trim_end().to_owned()];
    }
    let mut lines = vec![location_in(finding, columns)];
    let most = if with_state { NOTE } else { 1 };
    let said = wrapped(columns, &format!("  {id}  "), "    ", &value, most);
    lines.extend(said.iter().map(|l| l.trim_end().to_owned()));
    lines
}

fn note<'v>(verdict: &'v Verdict, finding: &Finding) -> Option<&'v RuleNote> {
    verdict.rules.iter().find(|r| r.id == finding.rule)
}

/// Text of ours, which is printable already; of others, it is made so.
fn clean(text: &str) -> String {
    let ours = text.bytes().all(|b| (0x20..=0x7e).contains(&b));
    if ours {
        text.to_owned()
    } else {
        printable(text.as_bytes())
    }
}

fn plural(count: usize) -> &'static str {
    if count == 1 { "" } else { "s" }
}

fn es(count: usize) -> &'static str {
    if count == 1 { "es" } else { "" }
}

#[cfg(test)]
mod tests;
