//! The page people read: printable ASCII, 80 columns, no colour.

use lychgate_model::limits::COLUMNS;
use lychgate_model::path::printable;
pub(crate) use lychgate_model::path::shell_word;

/// `text` with everything a terminal could act on escaped. Unlike [`printable`], a backslash is
/// left alone: the text was put together by us, and what strangers named in it is escaped already.
pub(crate) fn plain(text: &str) -> String {
    if text.bytes().all(|b| (0x20..=0x7e).contains(&b)) {
        return text.to_owned();
    }
    text.split('\\')
        .map(|part| printable(part.as_bytes()))
        .collect::<Vec<_>>()
        .join("\\")
}

/// `text` as lines of at most 80 columns, broken at spaces, `first` before the first line and
/// `rest` before the others. A word longer than the page stays whole: it is a path or a command.
pub(crate) fn wrapped(text: &str, first: &str, rest: &str) -> String {
    let text = plain(text);
    let mut out = String::from(first);
    let mut column = first.len();
    let mut empty = true;
    // A path may hold two spaces in a row: on one line they stay two.
    let mut gap = 0;
    for word in text.split(' ') {
        gap += 1;
        if word.is_empty() {
            continue;
        }
        if !empty && column + gap + word.len() > COLUMNS {
            out.push('\n');
            out.push_str(rest);
            column = rest.len();
            empty = true;
        }
        if !empty {
            out.extend(std::iter::repeat_n(' ', gap));
            column += gap;
        }
        out.push_str(word);
        column += word.len();
        gap = 0;
        empty = false;
    }
    out.push('\n');
    out
}

/// `text` cut to `width` columns, the cut marked.
pub(crate) fn cut(text: &str, width: usize) -> String {
    let text = plain(text);
    if text.len() <= width {
        return text;
    }
    // Escaped text is ASCII: every byte is a column.
    format!(
        "{}..",
        text.get(..width.saturating_sub(2)).unwrap_or_default()
    )
}

/// A line of help: only words are broken into several. What fits keeps its shape: it may be a
/// part of a snippet.
pub(crate) fn advice(line: &str, first: &str, rest: &str) -> String {
    if first.len() + line.len() > COLUMNS && !is_command(line) {
        return wrapped(line, first, rest);
    }
    format!("{first}{}\n", plain(line))
}

/// Whether a line of help is a command, which must not be broken into two.
fn is_command(line: &str) -> bool {
    const PROGRAMS: [&str; 10] = [
        "lychgate ",
        "git ",
        "chmod ",
        "chown ",
        "mv ",
        "rm ",
        "sudo ",
        "export ",
        "unset ",
        "./install.sh",
    ];
    PROGRAMS.iter().any(|program| line.starts_with(program))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

    use super::*;

    #[test]
    fn no_line_is_wider_than_the_page_and_no_word_is_lost() {
        let text = "word ".repeat(60);
        let page = wrapped(&text, "> ", "    ");
        assert!(page.lines().all(|l| l.len() <= COLUMNS), "{page}");
        assert_eq!(page.matches("word").count(), 60);
        assert!(page.lines().skip(1).all(|l| l.starts_with("    word")));
    }

    #[test]
    fn a_long_path_stays_whole() {
        let path = "x".repeat(200);
        assert_eq!(
            wrapped(&format!("cannot read {path}"), "", "  "),
            format!("cannot read\n  {path}\n")
        );
    }

    #[test]
    fn a_path_with_two_spaces_keeps_them() {
        assert_eq!(wrapped("in /a  b/c", "", "  "), "in /a  b/c\n");
        let long = format!("{}  y", "x".repeat(COLUMNS));
        assert_eq!(
            wrapped(&long, "", "  "),
            format!("{}\n  y\n", "x".repeat(COLUMNS))
        );
    }

    #[test]
    fn nothing_a_terminal_acts_on_gets_through() {
        let page = wrapped("a\x1b[2Jb \u{202e}c\rd", "", "");
        assert!(
            page.trim_end().bytes().all(|b| (0x20..=0x7e).contains(&b)),
            "{page:?}"
        );
        assert_eq!(cut("abcdef", 4), "ab..");
        assert_eq!(cut("abcd", 4), "abcd");
    }
}
