//! Where a finding stands, in words a person can act on.

use super::wrap::middle;
use crate::finding::{Finding, Source};

/// `path:line:column`, or what stands for it where there is no path.
pub(super) fn location(finding: &Finding) -> String {
    let (name, tail) = parts(finding);
    name + &tail
}

/// The same in at most `width` columns, the name shortened in its middle.
pub(super) fn location_in(finding: &Finding, width: usize) -> String {
    let (name, tail) = parts(finding);
    middle(&name, width.saturating_sub(tail.len())) + &tail
}

fn parts(finding: &Finding) -> (String, String) {
    let at = format!(":{}:{}", finding.span.line, finding.span.column);
    let id = |kind: &str| {
        let id = finding.object.or(finding.commit);
        id.map_or_else(String::new, |id| {
            let short: String = id.to_string().chars().take(12).collect();
            format!("{kind} {short}")
        })
    };
    let of = |what: &str, kind: &str| match id(kind).as_str() {
        "" => what.to_owned(),
        id => format!("{what} of {id}"),
    };
    match (finding.source, &finding.path) {
        (Source::Path, Some(path)) => (path.to_string(), " (the name)".to_owned()),
        (Source::Symlink, Some(path)) => (path.to_string(), " (the link's target)".to_owned()),
        (Source::Blob | Source::Note, Some(path)) => (path.to_string(), at),
        (Source::Message, _) => (of("message", "commit"), at),
        (Source::Author, _) => (of("author", "commit"), String::new()),
        (Source::Committer, _) => (of("committer", "commit"), String::new()),
        (Source::Tagger, _) => (of("tagger", "tag"), String::new()),
        (Source::Tag, _) => (id("tag"), at),
        (Source::Ref, _) => ("the name of a pushed ref".to_owned(), String::new()),
        (Source::Path, None) => (of("a file name", "tree"), String::new()),
        (Source::Blob | Source::Note | Source::Symlink, None) => (id("object"), at),
    }
}
