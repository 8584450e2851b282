//! Text that says the same over and over is read once: what a name leads to follows from what
//! stands around it.

use std::ops::Range;

use crate::beside::Read;
use crate::shapeless::Reading;

/// Names that are known again, a power of two: a text may go through several at every turn.
const KEPT: usize = 64;
/// Of them, those that may be kept in each other's places.
const BESIDE: usize = 8;

/// What is found beside a name, in the coordinates of the text.
pub(crate) trait Moved: Sized {
    /// The same as far behind.
    fn moved(&self, place: impl Fn(usize) -> Option<usize>) -> Option<Self>;
}

impl Moved for Reading {
    fn moved(&self, place: impl Fn(usize) -> Option<usize>) -> Option<Self> {
        Some(Self {
            value: place(self.value.start)?..place(self.value.end)?,
            evidence: self.evidence,
        })
    }
}

impl Moved for Read {
    fn moved(&self, place: impl Fn(usize) -> Option<usize>) -> Option<Self> {
        let moved = |at: &Range<usize>| Some(place(at.start)?..place(at.end)?);
        Some(match self {
            Self::Key(at) => Self::Key(moved(at)?),
            Self::Near(at) => Self::Near(moved(at)?),
        })
    }
}

/// A name, and how much around it is read.
#[derive(Clone, Debug)]
pub(crate) struct Name {
    pub(crate) rule: u32,
    pub(crate) keyword: Range<usize>,
    /// Bytes before the end of the keyword, and behind it.
    pub(crate) reach: (usize, usize),
}

/// What the last few names of a text led to.
#[derive(Debug)]
pub(crate) struct Same<T> {
    /// None before there is one.
    kept: Vec<Option<Told<T>>>,
    /// Counts texts: what was told of another counts no more.
    text: u64,
    /// Counts what was learned: the oldest goes first.
    learned: usize,
}

#[derive(Debug)]
struct Told<T> {
    text: u64,
    /// What stands next to the name, in short.
    mark: u64,
    name: Name,
    read: Option<T>,
    /// Units of work that reading took.
    units: u64,
}

impl<T> Default for Same<T> {
    fn default() -> Self {
        Self {
            kept: Vec::new(),
            text: 0,
            learned: 0,
        }
    }
}

impl<T: Moved> Same<T> {
    /// Another text comes.
    pub(crate) fn forget(&mut self) {
        self.text += 1;
    }

    /// What the name leads to, and what it cost to read that, if the same stood around another.
    /// `None`: it has to be read.
    pub(crate) fn known(&self, text: &[u8], name: &Name) -> Option<(Option<T>, u64)> {
        if self.kept.is_empty() {
            return None;
        }
        let mark = mark(text, name);
        let here = around(text, name)?;
        let mut places = self.kept.get(places(mark))?.iter().flatten();
        let told = places.find(|told| {
            (told.text, told.mark, told.name.rule) == (self.text, mark, name.rule)
                && told.name.keyword.len() == name.keyword.len()
                && around(text, &told.name) == Some(here)
        })?;
        let moved = |at: usize| (at + name.keyword.end).checked_sub(told.name.keyword.end);
        match &told.read {
            None => Some((None, told.units)),
            Some(read) => Some((Some(read.moved(moved)?), told.units)),
        }
    }

    /// What it led to.
    pub(crate) fn learn(&mut self, text: &[u8], name: Name, read: Option<T>, units: u64) {
        if around(text, &name).is_none() {
            return;
        }
        if self.kept.is_empty() {
            self.kept.resize_with(KEPT, || None);
        }
        let mark = mark(text, &name);
        self.learned = self.learned.wrapping_add(1);
        let place = places(mark).start + self.learned % BESIDE;
        if let Some(place) = self.kept.get_mut(place) {
            let text = self.text;
            *place = Some(Told {
                text,
                mark,
                name,
                read,
                units,
            });
        }
    }
}

/// What stands next to a name, in short: it tells most of them apart.
fn mark(text: &[u8], name: &Name) -> u64 {
    let end = name.keyword.end;
    let word = |from: Option<usize>| {
        let bytes = from.and_then(|from| text.get(from..)?.first_chunk());
        bytes.map_or(0, |b| u64::from_le_bytes(*b))
    };
    let around = word(end.checked_sub(8)) ^ word(Some(end)).rotate_left(23);
    (around ^ name.keyword.len() as u64 ^ u64::from(name.rule) << 32)
        .wrapping_mul(0x9e37_79b9_7f4a_7c15)
}

/// Where what is told of names with this mark is kept.
fn places(mark: u64) -> Range<usize> {
    let from = (mark >> 48) as usize * BESIDE % KEPT;
    from..from + BESIDE
}

/// All that is read of a name; `None`: less, at an end of the text.
fn around<'t>(text: &'t [u8], name: &Name) -> Option<&'t [u8]> {
    let (behind, ahead) = name.reach;
    text.get(name.keyword.end.checked_sub(behind)?..name.keyword.end + ahead)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::beside::{self, Table, Work};
    use crate::shapeless::{self, AHEAD, BEHIND};

    #[test]
    fn the_same_is_known_again_and_nothing_else() {
        let line = |value: &str| format!("{}password = \"{value}\"\n", "-".repeat(700));
        let text = [line("Zq7!fw2Lp"), line("Zq7!fw2Lp"), line("Zq7!fw2Lq")].concat();
        let text = [text.as_str(), &line(""), &line("")].concat();
        let places: Vec<usize> = text.match_indices("password").map(|(at, _)| at).collect();
        let mut same = Same::default();
        let mut known = 0;
        let name = |at: usize| Name {
            rule: 0,
            keyword: at..at + "password".len(),
            reach: (BEHIND, AHEAD),
        };
        for at in places {
            let read = shapeless::read(text.as_bytes(), name(at).keyword);
            match same.known(text.as_bytes(), &name(at)) {
                Some((told, _)) => {
                    assert_eq!(told, read);
                    known += 1;
                }
                None => same.learn(text.as_bytes(), name(at), read, 0),
            }
        }
        assert_eq!(known, 1);
        same.forget();
        assert!(same.known(text.as_bytes(), &name(700)).is_none());
    }

    /// Text in which much stands over and over.
    fn text() -> impl Strategy<Value = Vec<u8>> {
        let part = proptest::sample::select(vec![
            "acme",
            "acme_key",
            " ",
            "\n",
            " = \"",
            "token: ",
            "# ",
            "9f3c1b7e5d2a8046c1e7f09b3d5a6284",
            "9f3c1b7e5d2a8046c1e7f09b3d5a628",
            "password",
            "api_key",
            "https://api.",
            ".com/",
            "\"; ",
            "Zq7!fw2Lp",
        ]);
        let unit = proptest::collection::vec(part, 1..9).prop_map(|p| p.concat());
        let times = (unit, 1usize..200).prop_map(|(unit, n)| unit.repeat(n));
        proptest::collection::vec(times, 1..5).prop_map(|all| all.concat().into_bytes())
    }

    proptest! {
        #[test]
        fn what_is_known_is_what_is_read(text in text()) {
            let table = Table::read("acme: {hex:32} {base62:20}").unwrap();
            let (mut names, mut services) = (Same::default(), Same::default());
            let low = text.to_ascii_lowercase();
            for word in [&b"acme"[..], b"password", b"api_key"] {
                for at in memchr::memmem::find_iter(&low, word) {
                    let keyword = at..at + word.len();
                    let name = |reach| Name { rule: 0, keyword: keyword.clone(), reach };
                    if word == b"acme" {
                        let name = name((keyword.len() + beside::BEFORE, table.ahead()));
                        let read = beside::read(&text, keyword.clone(), &table, &mut Work::default());
                        match services.known(&text, &name) {
                            Some((told, _)) => prop_assert_eq!(told, read),
                            None => services.learn(&text, name, read, 0),
                        }
                    } else {
                        let name = name((BEHIND, AHEAD));
                        let read = shapeless::read(&text, keyword.clone());
                        match names.known(&text, &name) {
                            Some((told, _)) => prop_assert_eq!(told, read),
                            None => names.learn(&text, name, read, 0),
                        }
                    }
                }
            }
        }
    }
}
