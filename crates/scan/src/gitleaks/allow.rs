//! Allow-lists: what content decides is decided in the scan, what paths and commits decide at the
//! verdict.

use lychgate_model::ObjectId;

use crate::engine::{Caches, Engine};

/// What a list's patterns are held against.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Target {
    Secret,
    Match,
    Line,
}

/// One allow-list of one rule.
#[derive(Debug)]
pub(crate) struct Allow {
    /// As written, for a digest.
    pub(super) text: String,
    /// Every condition must hold; else one is enough.
    pub(super) all: bool,
    pub(super) target: Target,
    pub(super) regexes: Vec<Engine>,
    /// Lower case.
    pub(super) stopwords: Vec<Vec<u8>>,
    pub(super) paths: Vec<Engine>,
    /// Lower case, whole ids.
    pub(super) commits: Vec<String>,
}

/// A match as allow-lists see it.
pub(crate) struct Seen<'t> {
    pub(crate) secret: &'t [u8],
    pub(crate) whole: &'t [u8],
    pub(crate) line: &'t [u8],
}

/// What the content says about a match.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Says {
    /// It is excused wherever it stands.
    Excused,
    /// Lists, by number, that excuse it where path or commit agree.
    Open(u32),
}

/// Lists of one rule that may wait for a path.
pub(super) const MOST: usize = 32;

impl Allow {
    fn content_holds(&self, seen: &Seen<'_>) -> bool {
        let target = match self.target {
            Target::Secret => seen.secret,
            Target::Match => seen.whole,
            Target::Line => seen.line,
        };
        let regex = || self.regexes.iter().any(|r| r.is_in(target));
        let word = || {
            let lower = seen.secret.to_ascii_lowercase();
            let within = |w: &Vec<u8>| memchr::memmem::find(&lower, w).is_some();
            self.stopwords.iter().any(within)
        };
        if self.all {
            (self.regexes.is_empty() || regex()) && (self.stopwords.is_empty() || word())
        } else {
            regex() || word()
        }
    }

    fn waits(&self) -> bool {
        !self.paths.is_empty() || !self.commits.is_empty()
    }

    fn place_holds(&self, path: Option<&[u8]>, commit: Option<&ObjectId>) -> bool {
        let at_path = || path.is_some_and(|path| self.paths.iter().any(|p| p.is_in(path)));
        let in_commit = || {
            commit.is_some_and(|id| {
                let id = id.to_string();
                self.commits.contains(&id)
            })
        };
        if self.all {
            (self.paths.is_empty() || at_path()) && (self.commits.is_empty() || in_commit())
        } else {
            at_path() || in_commit()
        }
    }
}

/// Holds a match against every list of its rule.
pub(crate) fn weigh(lists: &[Allow], seen: &Seen<'_>) -> Says {
    let mut open = 0;
    for (number, list) in lists.iter().enumerate() {
        let holds = list.content_holds(seen);
        match (list.all, holds, list.waits()) {
            (_, true, false) | (false, true, true) => return Says::Excused,
            (true, true, true) | (false, false, true) => open |= 1 << number.min(MOST - 1),
            (_, false, _) => {}
        }
    }
    Says::Open(open)
}

/// Whether one of the lists that are open excuses what stands at a path, in a commit.
pub(crate) fn excuses(
    lists: &[Allow],
    open: u32,
    path: Option<&[u8]>,
    commit: Option<&ObjectId>,
) -> bool {
    let mut open_lists = lists
        .iter()
        .enumerate()
        .filter(|(number, _)| open & (1 << number) != 0);
    open_lists.any(|(_, list)| list.place_holds(path, commit))
}

impl Engine {
    /// Whether it matches anywhere in a short text.
    fn is_in(&self, text: &[u8]) -> bool {
        let mut caches = Caches::default();
        caches.prepare(0, 1);
        self.find(0, text, (0, text.len()), &mut caches).is_some()
    }
}
