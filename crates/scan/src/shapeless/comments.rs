//! Comments: code that is not in use, or text that shows how to call something.

use super::words;

/// Whether a comment shows how to call something: `///`, ` * `, or lines set in as code is, below
/// a line of prose. `head` is the line without what it is set in by, up to the name, `rest` what
/// follows the value, `before` the lines above, `whole` whether they begin with a whole line.
pub(super) fn documents(before: &[u8], head: &[u8], rest: &[u8], whole: bool) -> bool {
    let shows = [&b"* "[..], b"*\t", b"///", b"//!"];
    // What is typed at a prompt is an example that is run to test it.
    let prompts = [&b"iex>"[..], b">>> ", b"...> ", b"irb>", b"ghci>"];
    if shows.iter().chain(&prompts).any(|c| head.starts_with(c)) {
        return true;
    }
    let Some((mark, _)) = comment(head).filter(|(_, set_in)| *set_in) else {
        return false;
    };
    // `//    String key = "...";` was code.
    if mark == b"//" && rest.trim_ascii_end().ends_with(b";") {
        return false;
    }
    let lines = before
        .strip_suffix(b"\n")
        .unwrap_or(before)
        .rsplit(|b| *b == b'\n');
    let first = before.as_ptr();
    for line in lines {
        // The first line seen may have begun earlier.
        if !whole && line.as_ptr() == first {
            break;
        }
        let line = line.trim_ascii();
        match comment(line) {
            Some((other, _)) if other != mark => return false,
            Some((_, true)) => {}
            Some((_, false)) if line.len() == mark.len() => {}
            Some((_, false)) => return !is_code(line),
            None if before.is_empty() => {}
            None => return false,
        }
    }
    mark != b"//" || head.starts_with(b"//\t")
}

/// Languages that programs are written in, as blocks of Markdown name them.
const PROGRAMS: &[&[u8]] = &[
    b"js",
    b"javascript",
    b"ts",
    b"typescript",
    b"jsx",
    b"tsx",
    b"py",
    b"python",
    b"rb",
    b"ruby",
    b"go",
    b"golang",
    b"java",
    b"kotlin",
    b"swift",
    b"php",
    b"cs",
    b"csharp",
    b"c#",
    b"c",
    b"cpp",
    b"c++",
    b"rs",
    b"rust",
    b"scala",
    b"elixir",
    b"erlang",
    b"dart",
    b"perl",
    b"lua",
    b"coffeescript",
    b"groovy",
];

/// Whether the lines above end in a block of Markdown that holds a program: the last fence in them
/// opens one. `commented`: the block is in a comment, and so is every line since it was opened;
/// otherwise none is, for a comment that ended closes its blocks.
pub(super) fn is_fenced(above: &[u8], commented: bool) -> bool {
    // Seldom is there a fence at all.
    if memchr::memchr(b'`', above).is_none() {
        return false;
    }
    let lines = above.strip_suffix(b"\n").unwrap_or(above);
    for line in lines.rsplit(|b| *b == b'\n') {
        let (marks, text) = unmarked(line);
        let is_comment = marks.iter().any(|b| matches!(b, b'#' | b'/' | b'*'));
        match text.strip_prefix(b"```") {
            Some(language) if is_comment == commented => {
                return words::is_any(language.trim_ascii(), PROGRAMS);
            }
            Some(_) => return false,
            None if commented && !is_comment => return false,
            None => {}
        }
    }
    false
}

/// A line apart from what sets it in or makes it a comment or a quotation.
fn unmarked(line: &[u8]) -> (&[u8], &[u8]) {
    let mark = |b: &u8| matches!(b, b'#' | b'/' | b'*' | b' ' | b'\t' | b'>');
    let marks = line.iter().take_while(|b| mark(b)).count();
    line.split_at(marks)
}

/// The sign a comment begins with, and whether its text is set in as code is.
fn comment(line: &[u8]) -> Option<(&'static [u8], bool)> {
    let mark = [&b"//"[..], b"#", b"--"]
        .into_iter()
        .find(|mark| line.starts_with(mark))?;
    let text = line.get(mark.len()..)?;
    Some((mark, text.starts_with(b"   ") || text.starts_with(b"\t")))
}

/// Whether a line ends as lines of code do.
fn is_code(line: &[u8]) -> bool {
    line.trim_ascii_end()
        .last()
        .is_some_and(|b| matches!(b, b';' | b'{' | b'}' | b'(' | b')' | b',' | b'[' | b'='))
}
