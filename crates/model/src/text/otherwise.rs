//! How to ask for an exception where no allow line can speak for a finding.

use super::wrap::labelled;
use super::{View, clean};
use crate::finding::{Category, Finding, Source};
use crate::surface::Hook;

/// Whether an allow line can speak for it, if its file can hold one.
pub(super) fn has_a_line(finding: &Finding) -> bool {
    // What is said of a file as a whole stands on none of its lines.
    let somewhere = finding.span.byte_end > finding.span.byte_start;
    finding.source == Source::Blob && somewhere && !is_about_a_line(finding)
}

/// About an allow line: that is mended, and not excused by another one.
fn is_about_a_line(finding: &Finding) -> bool {
    finding.rule.as_str().starts_with("allow.")
}

/// What is left at a client's side: the baseline, whoever keeps the organisation's file, or
/// nothing.
pub(super) fn way_out(finding: &Finding, view: &View<'_>) -> Vec<String> {
    // Files that are in no repository have no such file of their own.
    let of_no_repository = matches!(view.hook, Hook::CheckPath | Hook::CheckStdin);
    if of_no_repository || is_about_a_line(finding) {
        return Vec::new();
    }
    let why = match has_a_line(finding) {
        true if view.allow_until.is_none() => "allow lines are turned off".to_owned(),
        true => "it holds no comment".to_owned(),
        false => format!("no allow line or baseline excuses {}", noun(finding)),
    };
    if has_a_line(finding) && finding.category == Category::Secret && view.baseline {
        let staged = matches!(
            view.hook,
            Hook::PreCommit | Hook::PreMergeCommit | Hook::CheckStaged
        );
        let only = if staged { " --staged" } else { "" };
        let command = format!("lychgate baseline{only} lists it as known");
        return labelled(view.columns(), "allow", &format!("{command} ({why})"), 2);
    }
    if finding.object.is_none() {
        return labelled(view.columns(), "accept", &format!("{why}: change it"), 1);
    }
    let who = clean(view.contact);
    let who = if who.is_empty() {
        "an administrator"
    } else {
        &who
    };
    labelled(
        view.columns(),
        "accept",
        &format!("ask {who} for an [[accept]]: {why}"),
        2,
    )
}

const fn noun(finding: &Finding) -> &'static str {
    match finding.source {
        Source::Path => "a name",
        Source::Blob => "a whole file",
        Source::Symlink => "a link",
        Source::Message => "a message",
        Source::Author | Source::Committer | Source::Tagger => "a person's name",
        Source::Tag => "a tag",
        Source::Ref => "the name of a ref",
        Source::Note => "a note",
    }
}
