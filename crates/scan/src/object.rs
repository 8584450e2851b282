//! Which bytes of a commit or tag are whose words.

use std::ops::Range;

use lychgate_model::Source;

/// A part of an object with one source.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Part {
    pub(crate) bytes: Range<usize>,
    pub(crate) source: Source,
}

/// The parts of a commit, in order: author and committer lines, the other headers people fill
/// (signatures, merged tags), the message. Ids are not content.
pub(crate) fn commit(bytes: &[u8], parts: &mut Vec<Part>) {
    headers(bytes, Source::Message, parts, |name| match name {
        b"author" => Some(Source::Author),
        b"committer" => Some(Source::Committer),
        b"tree" | b"parent" => None,
        _ => Some(Source::Message),
    });
}

/// The parts of a tag: its name, the tagger, the message.
pub(crate) fn tag(bytes: &[u8], parts: &mut Vec<Part>) {
    headers(bytes, Source::Tag, parts, |name| match name {
        b"tagger" => Some(Source::Tagger),
        b"object" | b"type" => None,
        _ => Some(Source::Tag),
    });
}

fn headers(
    bytes: &[u8],
    body: Source,
    parts: &mut Vec<Part>,
    source: impl Fn(&[u8]) -> Option<Source>,
) {
    parts.clear();
    let mut at = 0;
    while at < bytes.len() {
        let rest = bytes.get(at..).unwrap_or_default();
        let length = memchr::memchr(b'\n', rest).unwrap_or(rest.len());
        let line = rest.get(..length).unwrap_or_default();
        let end = at + length;
        if line.is_empty() {
            let start = (at + 1).min(bytes.len());
            parts.push(Part {
                bytes: start..bytes.len(),
                source: body,
            });
            return;
        }
        match (line.strip_prefix(b" "), parts.last_mut()) {
            // A header goes on.
            (Some(_), Some(last)) if last.bytes.end + 1 == at => last.bytes.end = end,
            _ => {
                let space = memchr::memchr(b' ', line).unwrap_or(0);
                let name = line.get(..space).unwrap_or_default();
                // An id and nothing else is no content; a longer line is, whatever it is called.
                let overlong = (line.len() > name.len() + 65).then_some(body);
                if let Some(source) = source(name).or(overlong) {
                    let start = if space == 0 { at } else { at + space + 1 };
                    parts.push(Part {
                        bytes: start..end,
                        source,
                    });
                }
            }
        }
        at = end + 1;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parts(f: fn(&[u8], &mut Vec<Part>), text: &str) -> Vec<(Source, String)> {
        let mut out = Vec::new();
        f(text.as_bytes(), &mut out);
        out.into_iter()
            .map(|p| (p.source, text[p.bytes].to_owned()))
            .collect()
    }

    #[test]
    fn a_commit_has_authors_and_a_message() {
        let text = "tree 11\nparent 22\nauthor A <a@b> 1 +0\ncommitter C <c@d> 2 +0\ngpgsig x\n y\n\nsubject\n\nbody\n";
        let want = [
            (Source::Author, "A <a@b> 1 +0"),
            (Source::Committer, "C <c@d> 2 +0"),
            (Source::Message, "x\n y"),
            (Source::Message, "subject\n\nbody\n"),
        ];
        let got = parts(commit, text);
        let got: Vec<(Source, &str)> = got.iter().map(|(s, t)| (*s, t.as_str())).collect();
        assert_eq!(got, want);
    }

    #[test]
    fn a_tag_has_a_name_a_tagger_and_a_message() {
        let text = "object 11\ntype commit\ntag v1\ntagger T <t@u> 1 +0\n\nmessage";
        let want = [
            (Source::Tag, "v1"),
            (Source::Tagger, "T <t@u> 1 +0"),
            (Source::Tag, "message"),
        ];
        let got = parts(tag, text);
        let got: Vec<(Source, &str)> = got.iter().map(|(s, t)| (*s, t.as_str())).collect();
        assert_eq!(got, want);
    }

    #[test]
    fn odd_objects_have_parts_within_them() {
        for text in [
            "",
            "\n",
            "\n\n",
            "x",
            " x",
            "author",
            "author ",
            "a b\n c",
            "tree 1\n hidden\n",
        ] {
            for (_, part) in parts(commit, text) {
                assert!(text.contains(&part));
            }
        }
        assert_eq!(parts(commit, "tree 1\n hidden\n").len(), 1);
    }
}
