//! The page people read: printable ASCII, 80 columns, no colour.

use lychgate_model::limits::COLUMNS;
use lychgate_model::path::printable;

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
    for word in text.split(' ').filter(|w| !w.is_empty()) {
        if !empty && column + 1 + word.len() > COLUMNS {
            out.push('\n');
            out.push_str(rest);
            column = rest.len();
            empty = true;
        }
        if !empty {
            out.push(' ');
            column += 1;
        }
        out.push_str(word);
        column += word.len();
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

#[cfg(test)]
mod tests {
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
