//! What of a message file becomes the commit's message.

/// What Git writes above the diff that `commit --verbose` shows in the editor, after the comment
/// character.
const SCISSORS: &[u8] = b" ------------------------ >8 ------------------------";

/// The longest comment string (`core.commentString`) that is recognised.
const COMMENT: usize = 16;

/// The part of `file` that is judged: all of it, lines that begin with `#` included, because with
/// `-m` or `--cleanup=verbatim` they stay in the commit. `editor_ran`: then what stands below
/// Git's own scissors line is cut off by Git, and the diff there is judged by pre-commit already.
pub fn judged(file: &[u8], editor_ran: bool) -> &[u8] {
    let cut = if editor_ran { scissors(file) } else { None };
    file.get(..cut.unwrap_or(file.len())).unwrap_or(file)
}

/// Whether Git started an editor on the message: it tells a hook by leaving `GIT_EDITOR` alone,
/// and sets it to `:` otherwise.
pub fn editor_ran(git_editor: Option<&[u8]>) -> bool {
    git_editor != Some(b":")
}

/// Where Git's scissors line begins. It is told from a line somebody typed by the commented
/// explanation that Git always writes below it.
fn scissors(file: &[u8]) -> Option<usize> {
    let mut start = 0;
    let mut lines = file.split_inclusive(|&b| b == b'\n').peekable();
    while let Some(line) = lines.next() {
        let comment = line
            .strip_suffix(b"\n")
            .and_then(|l| l.strip_suffix(SCISSORS));
        if let Some(comment) = comment
            && (1..=COMMENT).contains(&comment.len())
            && lines
                .peek()
                .and_then(|l| l.strip_prefix(comment))
                .is_some_and(|l| l.starts_with(b" "))
        {
            return Some(start);
        }
        start += line.len();
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    const GITS: &[u8] = b"subject\n\n# On branch main\n\
        # ------------------------ >8 ------------------------\n\
        # Do not modify or remove the line above.\n\
        # Everything below it will be ignored.\ndiff --git a/a b/a\n+secret\n";

    #[test]
    fn git_cuts_below_its_scissors_only_when_an_editor_ran() {
        assert_eq!(judged(GITS, true), b"subject\n\n# On branch main\n");
        assert_eq!(judged(GITS, false), GITS);
        assert!(!editor_ran(Some(b":")));
        assert!(editor_ran(Some(b"vi")) && editor_ran(None));
    }

    #[test]
    fn a_line_somebody_typed_hides_nothing() {
        let typed: [&[u8]; 4] = [
            b"a\n# ------------------------ >8 ------------------------\nsecret\n",
            b"a\n ------------------------ >8 ------------------------\n secret\n",
            b"a\n# ------------------------ >8 ------------------------ \n# secret\n",
            b"a\n# ------------------------ >8 ------------------------",
        ];
        for text in typed {
            assert_eq!(judged(text, true), text);
        }
    }

    #[test]
    fn another_comment_string_is_recognised() {
        let text = b"s\n;; ------------------------ >8 ------------------------\n;; x\nsecret\n";
        assert_eq!(judged(text, true), b"s\n");
        assert_eq!(judged(b"# only a comment\n", true), b"# only a comment\n");
    }
}
