//! What is to be judged, from the command line to something that makes sense.

use std::io::Read as _;
use std::os::unix::ffi::OsStrExt;
use std::path::PathBuf;

use lychgate_model::{Hook, limits};

use crate::args;
use crate::failure::{Failure, Kind};
use crate::surroundings::Surroundings;

/// What is judged.
pub(crate) enum Selection {
    /// HEAD against the index.
    Staged,
    /// Objects of `to` that `from` does not have.
    Range { from: Vec<u8>, to: Vec<u8> },
    /// Everything any ref reaches.
    All,
    /// Files and folders.
    Paths(Vec<PathBuf>),
    /// What came through standard input, under a name.
    Given { path: PathBuf, content: Vec<u8> },
}

impl Selection {
    /// What the command line says; `--staged` when it says nothing.
    pub(crate) fn of(wanted: &args::Check, around: &Surroundings) -> Result<Self, Failure> {
        let what = &wanted.what;
        if let Some(range) = &what.range {
            return Self::range(range.as_bytes());
        }
        if what.all {
            return Ok(Self::All);
        }
        if !what.path.is_empty() {
            return Self::paths(&what.path, around);
        }
        if !what.stdin {
            return Ok(Self::Staged);
        }
        let mut content = Vec::new();
        let most = limits::DELTA_RESULT;
        std::io::stdin()
            .lock()
            .take(most + 1)
            .read_to_end(&mut content)
            .map_err(|e| {
                Failure::new(Kind::Incomplete, "not checked: cannot read standard input")
                    .because(&e)
            })?;
        if content.len() as u64 > most {
            let what = format!("not checked: standard input is over {most} bytes");
            return Err(Failure::new(Kind::Incomplete, what)
                .hint("A file of any size: lychgate check --path FILE"));
        }
        Ok(Self::Given {
            path: wanted.named.clone().unwrap_or_default(),
            content,
        })
    }

    /// The name this question has on the wire.
    pub(crate) const fn hook(&self) -> Hook {
        match self {
            Self::Staged => Hook::CheckStaged,
            Self::Range { .. } => Hook::CheckRange,
            Self::All => Hook::CheckAll,
            Self::Paths(_) => Hook::CheckPath,
            Self::Given { .. } => Hook::CheckStdin,
        }
    }

    /// Whether the question is about a repository.
    pub(crate) const fn needs_repository(&self) -> bool {
        matches!(self, Self::Staged | Self::Range { .. } | Self::All)
    }

    /// Files and folders that are there.
    pub(crate) fn paths(paths: &[PathBuf], around: &Surroundings) -> Result<Self, Failure> {
        let there = |path: &&PathBuf| around.cwd().join(path).symlink_metadata().is_ok();
        match paths.iter().find(|path| !there(path)) {
            None => Ok(Self::Paths(paths.to_vec())),
            Some(gone) => Err(Failure::new(
                Kind::Usage,
                format!("not checked: there is no {}", gone.display()),
            )),
        }
    }

    /// `A..B`; a side that is left out is HEAD.
    pub(crate) fn range(text: &[u8]) -> Result<Self, Failure> {
        let wrong = |why: &str| {
            let text = lychgate_model::path::printable(text);
            Failure::new(Kind::Usage, format!("not checked: {why}: {text}"))
                .hint("lychgate check --range A..B judges the objects of B that A does not have")
        };
        let at = text
            .windows(2)
            .position(|w| w == b"..")
            .ok_or_else(|| wrong("a range has the form A..B"))?;
        let (from, to) = (
            text.get(..at).unwrap_or_default(),
            text.get(at + 2..).unwrap_or_default(),
        );
        if to.starts_with(b".") {
            return Err(wrong("A...B is not a range of objects"));
        }
        let or_head = |side: &[u8]| {
            if side.is_empty() {
                b"HEAD".to_vec()
            } else {
                side.to_vec()
            }
        };
        Ok(Self::Range {
            from: or_head(from),
            to: or_head(to),
        })
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::ffi::OsStringExt;

    use super::*;

    fn sides(text: &str) -> Option<(String, String)> {
        let bytes = std::ffi::OsString::from(text).into_vec();
        match Selection::range(&bytes) {
            Ok(Selection::Range { from, to }) => Some((
                String::from_utf8(from).unwrap(),
                String::from_utf8(to).unwrap(),
            )),
            _ => None,
        }
    }

    #[test]
    fn a_range_has_two_sides_and_head_is_the_default() {
        let pair = |a: &str, b: &str| Some((a.to_owned(), b.to_owned()));
        assert_eq!(sides("a..b"), pair("a", "b"));
        assert_eq!(sides("main.."), pair("main", "HEAD"));
        assert_eq!(sides("..topic"), pair("HEAD", "topic"));
        assert_eq!(sides("v1.0..v1.1"), pair("v1.0", "v1.1"));
        assert_eq!(sides("a"), None);
        assert_eq!(sides("a...b"), None);
    }
}
