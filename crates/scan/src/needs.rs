//! What every match of a pattern holds for certain: told from the pattern once, and looked for
//! before the pattern runs. Most windows around a keyword hold no value; a look at every
//! twentieth byte says so, where the pattern would build states for each.

use regex_syntax::hir::{Class, Hir, HirKind};

use crate::fields::{Reader, Writer};

/// Fewest bytes of a run that are worth looking for.
const LEAST: usize = 12;

const COUNT: usize = 6;

/// Bytes that runs are made of, from the narrowest alphabet to the widest.
const ALPHABETS: [&[u8]; COUNT] = [
    b"0123456789abcdefABCDEF",
    b"0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ",
    b"0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ_-",
    b"0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ+/=",
    b"0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ+/=_-",
    b"0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ+/=_-.:~%",
];

/// Tables of [`ALPHABETS`].
const TABLES: [[bool; 256]; COUNT] = {
    let mut tables = [[false; 256]; COUNT];
    let mut i = 0;
    while i < COUNT {
        let mut j = 0;
        while j < ALPHABETS[i].len() {
            tables[i][ALPHABETS[i][j] as usize] = true;
            j += 1;
        }
        i += 1;
    }
    tables
};

/// By byte: the alphabets that have it, as bits.
const HAVE: [u8; 256] = {
    let mut have = [0; 256];
    let mut i = 0;
    while i < COUNT {
        let mut j = 0;
        while j < ALPHABETS[i].len() {
            have[ALPHABETS[i][j] as usize] |= 1 << i;
            j += 1;
        }
        i += 1;
    }
    have
};

/// Bytes that text seldom has, the rarest first.
const RARE: &[u8] = b"~^`@|%#!?&+[{}]$;<>\\*";

/// What a text must hold for a pattern to match in it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Needs {
    /// So many bytes in a row of one of the alphabets; 0: none.
    run: usize,
    alphabet: usize,
    /// A byte.
    byte: Option<u8>,
}

impl Needs {
    pub(crate) fn of(hir: &Hir) -> Self {
        let mut needs = Self::default();
        for (alphabet, runs) in Runs::of(hir).into_iter().enumerate() {
            let run = runs.best;
            // A wider alphabet is worth it only for a run that is much longer.
            if run >= LEAST && run > needs.run * 2 {
                (needs.run, needs.alphabet) = (run, alphabet);
            }
        }
        let held = bytes(hir);
        needs.byte = RARE.iter().copied().find(|b| held.has(*b));
        needs
    }

    #[allow(dead_code, reason = "the build script does")]
    pub(crate) fn write(&self, out: &mut Writer) {
        out.small(self.run);
        out.small(self.alphabet);
        out.byte(u8::from(self.byte.is_some()));
        self.byte.iter().for_each(|b| out.byte(*b));
    }

    /// What [`Needs::write`] wrote.
    pub(crate) fn read(from: &mut Reader<'_>) -> Option<Self> {
        Some(Self {
            run: from.small()?,
            alphabet: from.small()?,
            byte: match from.byte()? {
                0 => None,
                _ => Some(from.byte()?),
            },
        })
    }

    /// Whether a match may stand in `text`.
    pub(crate) fn met(&self, text: &[u8]) -> bool {
        self.byte.is_none_or(|b| memchr::memchr(b, text).is_some()) && self.has_run(text)
    }

    fn has_run(&self, text: &[u8]) -> bool {
        self.run_in(text).is_some()
    }

    /// Where the first run that every match holds begins; 0: none is asked for.
    pub(crate) fn run_in(&self, text: &[u8]) -> Option<usize> {
        let (Some(table), Some(last)) = (TABLES.get(self.alphabet), self.run.checked_sub(1)) else {
            return Some(0);
        };
        let is = |b: &u8| table.get(usize::from(*b)).copied().unwrap_or(false);
        // A run that begins at or after `at` covers the byte that is probed; `known`: bytes before
        // it that are known to belong to the run.
        let mut at = 0;
        let mut known = 0;
        while let Some(stretch) = text.get(at + known..=at + last) {
            match stretch.iter().rposition(|b| !is(b)) {
                None => return Some(at),
                Some(gap) => {
                    let next = at + known + gap + 1;
                    known = at + last + 1 - next;
                    at = next;
                }
            }
        }
        None
    }
}

/// Runs of one alphabet in what an expression matches.
#[derive(Clone, Copy)]
struct Runs {
    /// Nothing else is matched.
    all: bool,
    /// Fewest bytes at the beginning, at the end, and anywhere.
    first: usize,
    last: usize,
    best: usize,
}

impl Runs {
    const EMPTY: Self = Self::whole(0);
    const OTHER: Self = Self {
        all: false,
        ..Self::whole(0)
    };

    const fn whole(length: usize) -> Self {
        Self {
            all: true,
            first: length,
            last: length,
            best: length,
        }
    }

    /// By alphabet.
    fn of(hir: &Hir) -> [Self; COUNT] {
        match hir.kind() {
            HirKind::Empty | HirKind::Look(_) => [Self::EMPTY; COUNT],
            HirKind::Literal(literal) => literal.0.iter().fold([Self::EMPTY; COUNT], |runs, b| {
                each(runs, Self::byte(HAVE[usize::from(*b)]), Self::then)
            }),
            HirKind::Class(Class::Bytes(class)) => {
                let mut have = u8::MAX;
                for range in class.ranges() {
                    for b in range.start()..=range.end() {
                        have &= HAVE[usize::from(b)];
                        if have == 0 {
                            return [Self::OTHER; COUNT];
                        }
                    }
                }
                Self::byte(have)
            }
            // Patterns are over bytes; what is not is not reckoned with.
            HirKind::Class(Class::Unicode(_)) => [Self::OTHER; COUNT],
            HirKind::Capture(capture) => Self::of(&capture.sub),
            HirKind::Repetition(repetition) => {
                let times = repetition.min as usize;
                Self::of(&repetition.sub).map(|one| match times {
                    _ if one.all => Self::whole(one.first.saturating_mul(times)),
                    0 => Self::OTHER,
                    1 => one,
                    _ => one.then(one),
                })
            }
            HirKind::Concat(parts) => parts.iter().fold([Self::EMPTY; COUNT], |runs, part| {
                each(runs, Self::of(part), Self::then)
            }),
            HirKind::Alternation(parts) => {
                let mut runs = parts.iter().map(Self::of);
                let first = runs.next().unwrap_or([Self::EMPTY; COUNT]);
                runs.fold(first, |runs, other| each(runs, other, Self::or))
            }
        }
    }

    /// One byte, of the alphabets that have it.
    fn byte(have: u8) -> [Self; COUNT] {
        std::array::from_fn(|i| match have >> i & 1 {
            1 => Self::whole(1),
            _ => Self::OTHER,
        })
    }

    fn then(self, next: Self) -> Self {
        let joined = self.last.saturating_add(next.first);
        Self {
            all: self.all && next.all,
            first: match self.all {
                true => self.first.saturating_add(next.first),
                false => self.first,
            },
            last: match next.all {
                true => next.last.saturating_add(self.last),
                false => next.last,
            },
            best: self.best.max(next.best).max(joined),
        }
    }

    fn or(self, other: Self) -> Self {
        Self {
            all: self.all && other.all,
            first: self.first.min(other.first),
            last: self.last.min(other.last),
            best: self.best.min(other.best),
        }
    }
}

/// Alphabet by alphabet.
fn each(
    mut runs: [Runs; COUNT],
    others: [Runs; COUNT],
    how: impl Fn(Runs, Runs) -> Runs,
) -> [Runs; COUNT] {
    for (runs, other) in runs.iter_mut().zip(others) {
        *runs = how(*runs, other);
    }
    runs
}

/// A set of bytes.
#[derive(Clone, Copy, Default)]
struct Bytes([u128; 2]);

impl Bytes {
    fn one(byte: u8) -> Self {
        let mut set = Self::default();
        set.0[usize::from(byte >> 7)] = 1 << (byte & 127);
        set
    }

    fn has(self, byte: u8) -> bool {
        self.0[usize::from(byte >> 7)] >> (byte & 127) & 1 == 1
    }

    fn and(self, other: Self) -> Self {
        Self([self.0[0] & other.0[0], self.0[1] & other.0[1]])
    }

    fn or(self, other: Self) -> Self {
        Self([self.0[0] | other.0[0], self.0[1] | other.0[1]])
    }
}

/// Bytes that every match of an expression holds.
fn bytes(hir: &Hir) -> Bytes {
    match hir.kind() {
        HirKind::Empty | HirKind::Look(_) => Bytes::default(),
        HirKind::Literal(literal) => literal
            .0
            .iter()
            .fold(Bytes::default(), |set, &b| set.or(Bytes::one(b))),
        HirKind::Class(class) => match class.literal().as_deref() {
            Some([b]) => Bytes::one(*b),
            _ => Bytes::default(),
        },
        HirKind::Capture(capture) => bytes(&capture.sub),
        HirKind::Repetition(repetition) if repetition.min > 0 => bytes(&repetition.sub),
        HirKind::Repetition(_) => Bytes::default(),
        HirKind::Concat(parts) => parts
            .iter()
            .fold(Bytes::default(), |set, part| set.or(bytes(part))),
        HirKind::Alternation(parts) => {
            let mut sets = parts.iter().map(bytes);
            let first = sets.next().unwrap_or_default();
            sets.fold(first, Bytes::and)
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::Needs;
    use crate::engine::{Caches, Engine};

    fn needs(pattern: &str) -> Needs {
        Engine::any(pattern).unwrap().needs()
    }

    #[test]
    fn runs_are_told_from_the_pattern() {
        for (pattern, run) in [
            ("key=([0-9a-f]{32})", 32),
            (r"key\s?([A-Za-z0-9]{20,40})$", 20),
            (r"\bghx_([A-Za-z0-9]{16})\b", 16),
            ("k([0-9a-f]{40}|[A-Z0-9]{24})x", 26),
            ("(?:[a-z]{10}-){3}", 33),
            (r"(?:a{5}\.){3}", 18),
            ("(?:a{5}@){3}b", 0),
            ("x{9}", 0),
            (".{50}", 0),
            ("[a-z]{20}?[0-9]{0,20}[a-z]{8}", 28),
            ("(?i)abcdefghijklmnop", 16),
        ] {
            assert_eq!(needs(pattern).run, run, "{pattern}");
        }
        assert_eq!(needs("://[a-z]+:[a-z]+@[a-z]").byte, Some(b'@'));
        assert_eq!(needs("(?:a@b|c~d)").byte, None);
    }

    #[test]
    fn every_run_is_found_at_every_place() {
        let needs = needs("[0-9a-f]{13}");
        for length in [12, 13, 14, 40] {
            for before in 0..60 {
                for after in [0, 1, 30] {
                    let text = [" ".repeat(before), "a".repeat(length), "-".repeat(after)];
                    let text = text.concat();
                    assert_eq!(needs.met(text.as_bytes()), length >= 13, "{text}");
                }
            }
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig {
            failure_persistence: None,
            ..ProptestConfig::with_cases(256)
        })]

        /// What is asked for is held by everything that matches.
        #[test]
        fn nothing_that_matches_is_refused(
            pattern in r"([ab@]|[a-c]\{(2|13|20)\}|\(a\|@b\)|\([a-z]\{12\}\|[0-9]\{14\}\)|(a|\.|[a-z]|\(ab@\))(\?|\*|\{2,3\})|\\b){1,6}",
            text in "([a-c]{1,30}|[0-9]{14}|[@. ]|[a-z]{12}){1,8}",
        ) {
            let engine = Engine::any(&pattern).unwrap();
            let mut caches = Caches::default();
            caches.prepare(1, 1);
            let found = engine.find(0, text.as_bytes(), (0, text.len()), &mut caches);
            if let Some(found) = found {
                prop_assert!(engine.needs().met(text.as_bytes()));
                prop_assert!(engine.needs().met(&text.as_bytes()[found.range()]));
            }
        }
    }
}
