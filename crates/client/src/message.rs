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

/// What Git writes below its scissors line, each line behind the comment string.
const EXPLANATION: [&[u8]; 2] = [
    b" Do not modify or remove the line above.",
    b" Everything below it will be ignored.",
];

/// Where Git's scissors line begins. It is told from a line somebody typed by the explanation that
/// Git always writes below it, and by what follows that: nothing, or a diff.
fn scissors(file: &[u8]) -> Option<usize> {
    let mut start = 0;
    for line in file.split_inclusive(|&b| b == b'\n') {
        let next = start + line.len();
        if let Some(comment) = line
            .strip_suffix(b"\n")
            .and_then(|l| l.strip_suffix(SCISSORS))
            && (1..=COMMENT).contains(&comment.len())
            && file
                .get(next..)
                .is_some_and(|rest| explained(rest, comment))
        {
            return Some(start);
        }
        start = next;
    }
    None
}

/// Whether `rest` is what Git writes below the scissors line.
fn explained(rest: &[u8], comment: &[u8]) -> bool {
    let mut rest = rest;
    for sentence in EXPLANATION {
        let tail = rest
            .strip_prefix(comment)
            .and_then(|r| r.strip_prefix(sentence))
            .and_then(|r| r.strip_prefix(b"\n"));
        let Some(tail) = tail else { return false };
        rest = tail;
    }
    rest.is_empty() || rest.starts_with(b"diff --")
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
    fn a_forged_line_hides_nothing() {
        let gits = String::from_utf8(GITS.to_vec()).unwrap();
        let forged = [
            gits.replace("# Do not modify or remove the line above.", "# anything"),
            gits.replace("# Everything below it will be ignored.\n", ""),
            gits.replace("# Everything", "; Everything"),
            gits.replace("diff --git", "secret\ndiff --git"),
            gits.replace("diff --git", "\ndiff --git"),
        ];
        for text in forged {
            assert_eq!(judged(text.as_bytes(), true), text.as_bytes());
        }
        let (nothing_follows, _) = gits.split_once("diff --git").unwrap();
        let cut = judged(nothing_follows.as_bytes(), true);
        assert_eq!(cut, b"subject\n\n# On branch main\n");
    }

    #[test]
    fn another_comment_string_is_recognised() {
        let text = String::from_utf8(GITS.to_vec()).unwrap();
        let text = text.replace("\n# ", "\n;; ");
        assert_eq!(
            judged(text.as_bytes(), true),
            b"subject\n\n;; On branch main\n"
        );
        assert_eq!(judged(b"# only a comment\n", true), b"# only a comment\n");
    }
}
