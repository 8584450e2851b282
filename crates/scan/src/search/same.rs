//! Text that says the same over and over is read once: what a name leads to follows from what
//! stands around it.

use std::ops::Range;

use crate::shapeless::{AHEAD, BEHIND, Reading};

/// Names that are known again.
const KEPT: usize = 8;

/// What the last few names of a text led to.
#[derive(Debug, Default)]
pub(crate) struct Same([Option<Told>; KEPT]);

#[derive(Debug)]
struct Told {
    keyword: Range<usize>,
    reading: Option<Reading>,
}

impl Same {
    /// Another text comes.
    pub(crate) fn forget(&mut self) {
        self.0 = Default::default();
    }

    /// What the name at `keyword` leads to, if the same stood around another. `None`: it has to be
    /// read.
    pub(crate) fn known(&self, text: &[u8], keyword: Range<usize>) -> Option<Option<Reading>> {
        let told = self.0.get(slot(text, &keyword)).and_then(Option::as_ref)?;
        let same = told.keyword.len() == keyword.len()
            && around(text, &told.keyword)? == around(text, &keyword)?;
        let moved = |at: usize| (at + keyword.end).checked_sub(told.keyword.end);
        match &told.reading {
            _ if !same => None,
            None => Some(None),
            Some(Reading { value, evidence }) => Some(Some(Reading {
                value: moved(value.start)?..moved(value.end)?,
                evidence: *evidence,
            })),
        }
    }

    /// What it led to.
    pub(crate) fn learn(&mut self, text: &[u8], keyword: Range<usize>, reading: &Option<Reading>) {
        if let Some(place) = self.0.get_mut(slot(text, &keyword)) {
            let reading = reading.clone();
            *place = Some(Told { keyword, reading });
        }
    }
}

/// Where what is told of a keyword is kept: few share a place.
fn slot(text: &[u8], keyword: &Range<usize>) -> usize {
    let last = keyword.end.checked_sub(1).and_then(|i| text.get(i));
    let next = text.get(keyword.end);
    let byte = |b: Option<&u8>| b.map_or(0, |b| usize::from(*b));
    (keyword.len() + byte(last) + 3 * byte(next)) % KEPT
}

/// All that is read of a name; `None`: less, at an end of the text.
fn around<'t>(text: &'t [u8], keyword: &Range<usize>) -> Option<&'t [u8]> {
    text.get(keyword.end.checked_sub(BEHIND)?..keyword.end + AHEAD)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::shapeless;

    #[test]
    fn the_same_is_known_again_and_nothing_else() {
        let line = |value: &str| format!("{}password = \"{value}\"\n", "-".repeat(700));
        let text = [line("Zq7!fw2Lp"), line("Zq7!fw2Lp"), line("Zq7!fw2Lq")].concat();
        let text = [text.as_str(), &line(""), &line("")].concat();
        let places: Vec<usize> = text.match_indices("password").map(|(at, _)| at).collect();
        let mut same = Same::default();
        let mut known = 0;
        for at in places {
            let keyword = at..at + "password".len();
            let read = shapeless::read(text.as_bytes(), keyword.clone());
            match same.known(text.as_bytes(), keyword.clone()) {
                Some(told) => {
                    assert_eq!(told, read);
                    known += 1;
                }
                None => same.learn(text.as_bytes(), keyword, &read),
            }
        }
        assert_eq!(known, 1);
        same.forget();
        assert!(same.known(text.as_bytes(), 700..708).is_none());
    }
}
