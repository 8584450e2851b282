//! Text documents in an archive: a word processor cuts a paragraph into runs wherever it was
//! edited, so that a value stands in pieces between tags.

use std::ops::Range;

use super::view::View;

/// Tags between which office formats keep text: word processing, slides, sheets, OpenDocument.
const RUNS: [&[u8]; 4] = [b"<w:t", b"<a:t", b"<t", b"<text:"];
/// Tags that end a line of it.
const BREAKS: [&[u8]; 12] = [
    b"</w:p>",
    b"<w:br",
    b"<w:tab",
    b"<w:cr",
    b"</a:p>",
    b"<a:br",
    b"</si>",
    b"</c>",
    b"</text:p>",
    b"</text:h>",
    b"<text:line-break",
    b"<text:tab",
];

/// Whether a member is such a document.
pub(super) fn is_text(content: &[u8]) -> bool {
    let head = content.get(..512).unwrap_or(content);
    // The declaration may be left out: what begins with a tag is read alike.
    let begins = head.trim_ascii_start().starts_with(b"<");
    (begins || memchr::memmem::find(head, b"<?xml").is_some())
        && RUNS
            .iter()
            .any(|run| memchr::memmem::find(content, run).is_some())
}

/// The text with the tags taken off: what stood apart in one paragraph is joined.
pub(super) fn strip(content: &[u8], view: &mut View) {
    view.begin("document text");
    let mut at = 0;
    while let Some(rest) = content.get(at..).filter(|rest| !rest.is_empty()) {
        let opens = at + memchr::memchr(b'<', rest).unwrap_or(rest.len());
        copy(content, at..opens, view);
        let tag = content.get(opens..).unwrap_or_default();
        let Some(length) = memchr::memchr(b'>', tag) else {
            break;
        };
        if BREAKS.iter().any(|b| tag.starts_with(b)) {
            view.put(b"\n", opens..opens + length + 1);
        }
        at = opens + length + 1;
    }
    view.core = 0..view.plain.len();
}

/// Text between two tags; what only indents the tags is none.
fn copy(content: &[u8], raw: Range<usize>, view: &mut View) {
    let text = content.get(raw.clone()).unwrap_or_default();
    let indents = text.first() == Some(&b'\n') && text.trim_ascii().is_empty();
    if !text.is_empty() && !indents {
        view.copy(content, raw);
    }
}
