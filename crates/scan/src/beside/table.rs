//! The table of a rule that knows services by name: `name name: shape shape`, one line each.
//!
//! A shape is written as examples are: `live_{hex:35}`, `{base62:20-24}`, `{uuid}`. A `!` behind a
//! name says that it is a word of the language too, and so proves less; a `+`, that it is so short
//! or so common that it counts only where a name goes on with one of [`TAILS`], and in addresses
//! (`api.name.`). A `_` in a name stands for `-` and for a blank too.

use super::shape::Shape;
use super::{BEYOND, LONG, REACH};

/// Fewest and most bytes of a name.
const NAME: std::ops::RangeInclusive<usize> = 2..=40;

/// Bytes of the longest keyword: a name, and how it goes on.
const LONGEST: usize = 40 + 7;

/// How a name with a `+` goes on.
const TAILS: [&str; 9] = [
    "_", "-", "api", "key", "token", "secret", ".com", " api", " cred",
];
/// What a `_` in a name stands for.
const JOINS: [&str; 3] = ["_", "-", " "];

/// Services by name, each with the shapes of its keys.
#[derive(Clone, Debug, Default)]
pub(crate) struct Table {
    /// Sorted by name.
    services: Vec<Service>,
    /// Where a name stands in `services`, by [`hash`] and behind it; 0: nowhere.
    slots: Vec<u16>,
    /// The shapes of each line.
    shapes: Vec<Vec<Shape>>,
    ahead: usize,
}

#[derive(Clone, Debug)]
struct Service {
    name: Box<[u8]>,
    word: bool,
    bound: bool,
    line: usize,
}

/// What is known of a name.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Known<'t> {
    /// A word of the language too.
    pub(crate) word: bool,
    /// What its keys look like.
    pub(crate) shapes: &'t [Shape],
}

impl Table {
    /// Reads a table.
    ///
    /// # Errors
    /// A sentence with the line that does not read.
    pub(crate) fn read(text: &str) -> Result<Self, String> {
        let mut table = Self::default();
        for (number, line) in (1..).zip(text.lines()) {
            if line.trim().is_empty() {
                continue;
            }
            let wrong = |what: &str| format!("{what}, in line {number} of the table");
            let (names, shapes) = line
                .split_once(": ")
                .ok_or_else(|| wrong("no `name: shape`"))?;
            let shapes: Result<Vec<Shape>, String> =
                shapes.split_ascii_whitespace().map(Shape::read).collect();
            let shapes = shapes.map_err(|e| wrong(&e))?;
            if shapes.is_empty() {
                return Err(wrong("no shape"));
            }
            for (name, mark) in words(names) {
                if !NAME.contains(&name.len()) || !name.bytes().all(is_of_name) {
                    return Err(wrong("a name is 2 to 40 of a-z, 0-9, `-`, `_` and `.`"));
                }
                table.services.push(Service {
                    name: name.bytes().map(folded).collect(),
                    word: mark != Mark::Plain,
                    bound: mark == Mark::Bound,
                    line: table.shapes.len(),
                });
            }
            table.shapes.push(shapes);
        }
        table.services.sort_by(|a, b| a.name.cmp(&b.name));
        let twice = table.services.windows(2).any(|w| match w {
            [a, b] => a.name == b.name,
            _ => false,
        });
        if twice {
            return Err("a name stands twice in the table".to_owned());
        }
        if table.services.len() >= usize::from(u16::MAX) {
            return Err("too many names".to_owned());
        }
        // A quarter is taken at most: few names meet another on their way.
        table.slots = vec![0; (4 * table.services.len()).next_power_of_two()];
        let last = table.slots.len() - 1;
        for (number, service) in (1..).zip(&table.services) {
            let mut at = hash(&service.name);
            while table.slots[at & last] != 0 {
                at = at.wrapping_add(1);
            }
            table.slots[at & last] = number;
        }
        let longest = table.shapes.iter().flatten().map(Shape::longest).max();
        table.ahead = REACH + BEYOND + longest.unwrap_or(0).max(LONG);
        Ok(table)
    }

    /// Bytes behind a name that are read at most.
    pub(crate) fn ahead(&self) -> usize {
        self.ahead
    }

    /// What is known of a keyword, case aside, and how long the name in it is.
    pub(crate) fn known(&self, keyword: &[u8]) -> Option<(Known<'_>, usize)> {
        let mut small = [0; LONGEST];
        let small = small.get_mut(..keyword.len())?;
        for (small, b) in small.iter_mut().zip(keyword) {
            *small = folded(b.to_ascii_lowercase());
        }
        if let Some(service) = self.service(small).filter(|s| !s.bound) {
            return Some((self.of(service)?, keyword.len()));
        }
        TAILS.iter().find_map(|tail| {
            let cut = keyword.len().checked_sub(tail.len())?;
            let is = keyword.get(cut..)?.eq_ignore_ascii_case(tail.as_bytes());
            let name = small.get(..cut).filter(|_| is)?;
            let service = self.service(name).filter(|s| s.bound)?;
            Some((self.of(service)?, cut))
        })
    }

    fn service(&self, name: &[u8]) -> Option<&Service> {
        let last = self.slots.len().checked_sub(1)?;
        let mut at = hash(name);
        loop {
            let number = usize::from(*self.slots.get(at & last)?);
            let service = self.services.get(number.checked_sub(1)?)?;
            if *service.name == *name {
                return Some(service);
            }
            at = at.wrapping_add(1);
        }
    }

    fn of(&self, service: &Service) -> Option<Known<'_>> {
        Some(Known {
            word: service.word,
            shapes: self.shapes.get(service.line)?,
        })
    }
}

/// The keywords of a table, without judging anything: its names, and those with a `+` as they may
/// go on.
pub(crate) fn keywords(text: &str) -> impl Iterator<Item = String> {
    text.lines()
        .filter_map(|line| line.split_once(": "))
        .flat_map(|(names, _)| words(names))
        .flat_map(|(name, mark)| {
            let tails: &[&str] = if mark == Mark::Bound { &TAILS } else { &[""] };
            let joins: &[&str] = if name.contains('_') { &JOINS } else { &[""] };
            let joined = joins.iter().map(|join| name.replace('_', join));
            joined.flat_map(|name| tails.iter().map(move |tail| format!("{name}{tail}")))
        })
}

/// FNV-1a.
fn hash(name: &[u8]) -> usize {
    let mixed = name.iter().fold(0xcbf2_9ce4_8422_2325_u64, |hash, b| {
        (hash ^ u64::from(*b)).wrapping_mul(0x0100_0000_01b3)
    });
    (mixed ^ mixed >> 32) as usize
}

/// The one form of a name that may be written in several.
fn folded(b: u8) -> u8 {
    if matches!(b, b'-' | b' ') { b'_' } else { b }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Mark {
    Plain,
    Word,
    Bound,
}

fn words(names: &str) -> impl Iterator<Item = (&str, Mark)> {
    names.split_ascii_whitespace().map(|name| {
        if let Some(name) = name.strip_suffix('!') {
            (name, Mark::Word)
        } else if let Some(name) = name.strip_suffix('+') {
            (name, Mark::Bound)
        } else {
            (name, Mark::Plain)
        }
    })
}

fn is_of_name(b: u8) -> bool {
    b.is_ascii_lowercase() || b.is_ascii_digit() || matches!(b, b'-' | b'_' | b'.')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_names_and_shapes() {
        let text = "acme acme-shop: {hex:32} live_{base62:20}\n\nfront!: {uuid}\nyi+: {hex:8}\n";
        let table = Table::read(text).unwrap();
        let all: Vec<String> = keywords(text).collect();
        assert_eq!(all[..4], ["acme", "acme-shop", "front", "yi_"]);
        let known = |name: &str| {
            table
                .known(name.as_bytes())
                .map(|(k, n)| (k.word, k.shapes.len(), n))
        };
        assert_eq!(known("ACME-Shop"), Some((false, 2, 9)));
        assert_eq!(known("front"), Some((true, 1, 5)));
        assert_eq!(known("Yi_"), Some((true, 1, 2)));
        assert_eq!(known("yitoken"), Some((true, 1, 2)));
        let two = "big_acme: {hex:32}\n";
        let all: Vec<String> = keywords(two).collect();
        assert_eq!(all, ["big_acme", "big-acme", "big acme"]);
        let table = Table::read(two).unwrap();
        assert!(all.iter().all(|k| table.known(k.as_bytes()).is_some()));
        for none in ["other", "", "yi", "front_", "acme_"] {
            assert_eq!(known(none), None, "{none}");
        }
    }

    #[test]
    fn a_line_that_does_not_read_is_named() {
        for (bad, why) in [
            ("a: {hex:3}\nacme {hex:32}", "line 1"),
            ("acme: {hex:3}\nacme2 {hex:32}", "line 2"),
            ("acme: ", "line 1"),
            ("acme: {hex:99999}", "line 1"),
            ("Acme: {hex:32}", "line 1"),
            ("acme: {hex:32}\nacme: {hex:40}", "twice"),
        ] {
            let said = Table::read(bad).map(|_| ()).unwrap_err();
            assert!(said.contains(why), "{bad}: {said}");
        }
    }
}
