//! Trailers of a commit message as `git interpret-trailers` finds them: `Key: value` lines in the
//! last paragraph, which is not the first.

/// Whether `text` can be the key of a trailer.
pub fn is_key(text: &[u8]) -> bool {
    !text.is_empty()
        && text.len() <= 64
        && text.iter().all(|b| b.is_ascii_alphanumeric() || *b == b'-')
        && text.first().is_some_and(u8::is_ascii_alphanumeric)
}

/// The keys among `required` without a trailer that has a value. `comments`: lines of comment are
/// not part of the message (one being written).
pub fn missing<'k>(message: &[u8], required: &'k [String], comments: bool) -> Vec<&'k str> {
    let found = block(message, comments);
    let stands = |key: &&String| {
        !found
            .iter()
            .any(|(k, value)| k.eq_ignore_ascii_case(key.as_bytes()) && *value)
    };
    required.iter().filter(stands).map(String::as_str).collect()
}

/// Keys of the trailers of a message, each with whether it has a value.
fn block(message: &[u8], comments: bool) -> Vec<(&[u8], bool)> {
    let lines = message
        .split(|b| *b == b'\n')
        .map(|l| l.strip_suffix(b"\r").unwrap_or(l));
    let mut lines: Vec<&[u8]> = lines.collect();
    if comments {
        let comment = comment(&lines);
        lines.retain(|l| !l.starts_with(comment));
    }
    let blank = |line: &[u8]| line.iter().all(u8::is_ascii_whitespace);
    let Some(last) = lines.iter().rposition(|l| !blank(l)) else {
        return Vec::new();
    };
    let before = lines.get(..=last).unwrap_or_default();
    let Some(gap) = before.iter().rposition(|l| blank(l)) else {
        return Vec::new();
    };
    if before
        .get(..gap)
        .unwrap_or_default()
        .iter()
        .all(|l| blank(l))
    {
        return Vec::new();
    }
    let mut found: Vec<(&[u8], bool)> = Vec::new();
    let (mut others, mut by_git) = (0usize, false);
    for line in before.get(gap + 1..).unwrap_or_default() {
        if line.first().is_some_and(u8::is_ascii_whitespace) {
            // A continuation belongs to the line above.
            match found.last_mut() {
                Some(above) => above.1 = true,
                None => others += 1,
            }
        } else if line.starts_with(b"(cherry picked from commit ") {
            by_git = true;
        } else if let Some(trailer) = trailer(line) {
            by_git |= trailer.0.eq_ignore_ascii_case(b"Signed-off-by");
            found.push(trailer);
        } else {
            others += 1;
        }
    }
    // Git's rule: only trailers, or one of git's own and at least a quarter of all lines.
    if others == 0 || (by_git && found.len() * 3 >= others) {
        found
    } else {
        Vec::new()
    }
}

/// Longest `core.commentString` that is recognised, in bytes; none with letters is.
const COMMENT: usize = 16;

/// What lines of comment begin with. Whatever `core.commentChar` or `core.commentString` is, what
/// Git writes into the editor ends with lines that all begin with it, one of which is nothing else.
fn comment<'m>(lines: &[&'m [u8]]) -> &'m [u8] {
    let mut below: Vec<&[u8]> = Vec::new();
    for line in lines.iter().rev().skip_while(|l| l.is_empty()) {
        let alone =
            (1..=COMMENT).contains(&line.len()) && line.iter().all(u8::is_ascii_punctuation);
        if alone && !below.is_empty() && below.iter().all(|l| l.starts_with(line)) {
            return line;
        }
        if line.is_empty() {
            break;
        }
        below.push(line);
    }
    b"#"
}

fn trailer(line: &[u8]) -> Option<(&[u8], bool)> {
    let colon = line.iter().position(|b| *b == b':')?;
    let (key, value) = (line.get(..colon)?.trim_ascii_end(), line.get(colon + 1..)?);
    is_key(key).then(|| (key, !value.trim_ascii().is_empty()))
}
