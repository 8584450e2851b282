//! Which bytes of a commit or tag are whose words.

use std::ops::Range;

use lychgate_model::Source;

/// A part of an object with one source.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Part {
    pub(crate) bytes: Range<usize>,
    pub(crate) source: Source,
}

/// How a header line is read.
enum Header {
    /// The value has this source.
    Value(Source),
    /// An id or a type: no content if it is one.
    Fixed(fn(&[u8]) -> bool),
    /// Name and value are somebody's words.
    Unknown,
}

/// The parts of a commit, in order: author and committer lines, the other headers people fill
/// (signatures, merged tags), the message. Ids are not content.
pub(crate) fn commit(bytes: &[u8], parts: &mut Vec<Part>) {
    headers(bytes, Source::Message, parts, |name| match name {
        b"author" => Header::Value(Source::Author),
        b"committer" => Header::Value(Source::Committer),
        b"tree" | b"parent" => Header::Fixed(is_id),
        b"encoding" | b"gpgsig" | b"gpgsig-sha256" | b"mergetag" => Header::Value(Source::Message),
        _ => Header::Unknown,
    });
}

/// The parts of a tag: its name, the tagger, the message.
pub(crate) fn tag(bytes: &[u8], parts: &mut Vec<Part>) {
    headers(bytes, Source::Tag, parts, |name| match name {
        b"tagger" => Header::Value(Source::Tagger),
        b"object" => Header::Fixed(is_id),
        b"type" => Header::Fixed(is_type),
        b"tag" | b"gpgsig" | b"gpgsig-sha256" => Header::Value(Source::Tag),
        _ => Header::Unknown,
    });
}

fn is_id(value: &[u8]) -> bool {
    matches!(value.len(), 40 | 64) && value.iter().all(u8::is_ascii_hexdigit)
}

fn is_type(value: &[u8]) -> bool {
    matches!(value, b"commit" | b"tree" | b"blob" | b"tag")
}

fn headers(bytes: &[u8], body: Source, parts: &mut Vec<Part>, header: impl Fn(&[u8]) -> Header) {
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
                let space = memchr::memchr(b' ', line);
                let (name, value) = match space.and_then(|n| line.split_at_checked(n)) {
                    Some((name, rest)) => (name, rest.get(1..).unwrap_or_default()),
                    None => (&b""[..], line),
                };
                let (start, source) = match header(name) {
                    Header::Value(source) => (end - value.len(), source),
                    Header::Fixed(fits) if fits(value) => (end, body),
                    Header::Fixed(_) | Header::Unknown => (at, body),
                };
                if start < end {
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
        let text = text.replace(" I\n", &format!(" {}\n", "1a".repeat(20)));
        let mut out = Vec::new();
        f(text.as_bytes(), &mut out);
        out.into_iter()
            .map(|p| (p.source, text[p.bytes].to_owned()))
            .collect()
    }

    #[test]
    fn a_commit_has_authors_and_a_message() {
        let text = "tree I\nparent I\nauthor A <a@b> 1 +0\ncommitter C <c@d> 2 +0\ngpgsig x\n y\n\nsubject\n\nbody\n";
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
        let text = "object I\ntype commit\ntag v1\ntagger T <t@u> 1 +0\n\nmessage";
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

    #[test]
    fn only_an_id_is_no_content() {
        let all = |f: fn(&[u8], &mut Vec<Part>), text: &str| -> Vec<String> {
            parts(f, text).into_iter().map(|p| p.1).collect()
        };
        for kept in ["parent words", "tree 1a", "words x", "words"] {
            assert_eq!(all(commit, &format!("{kept}\n")), [kept]);
        }
        for kept in ["object words", "type words", "words x"] {
            assert_eq!(all(tag, &format!("{kept}\n")), [kept]);
        }
        assert!(all(commit, "tree I\nparent I\n").is_empty());
        assert!(all(tag, "object I\ntype tree\n").is_empty());
    }
}
