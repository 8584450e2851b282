//! Steps out of a pattern, made from its end to its beginning: what follows is known at each.

use regex_syntax::hir::{self, Capture, Class, Hir, HirKind, Repetition};

use super::{At, ENDLESS, How, Look, OPEN, SetAt, Step, Steps, WORD};
use crate::set::Set;

/// Steps a pattern may have.
const MOST: usize = 16 << 10;

/// The groups of a pattern.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Group {
    /// How many there are.
    pub(crate) all: u32,
    /// The one named `secret`, or else the first; 0: none.
    pub(crate) value: u32,
}

impl Group {
    pub(crate) fn of(hir: &Hir) -> Self {
        let all = hir.properties().explicit_captures_len();
        let value = named(hir).unwrap_or(u32::from(all > 0));
        let all = u32::try_from(all).unwrap_or(u32::MAX);
        Self { all, value }
    }
}

fn named(hir: &Hir) -> Option<u32> {
    match hir.kind() {
        HirKind::Capture(Capture { index, name, sub }) => match name.as_deref() {
            Some("secret") => Some(*index),
            _ => named(sub),
        },
        HirKind::Repetition(repetition) => named(&repetition.sub),
        HirKind::Concat(parts) | HirKind::Alternation(parts) => parts.iter().find_map(named),
        HirKind::Empty | HirKind::Literal(_) | HirKind::Class(_) | HirKind::Look(_) => None,
    }
}

impl Steps {
    /// The steps of a pattern whose value is `group`. `None`: it asks for what steps cannot do.
    pub(crate) fn of(hir: &Hir, group: u32) -> Option<Self> {
        let mut made = Made {
            group,
            ..Made::default()
        };
        let done = made.add(Step::Done, OPEN)?;
        let start = made.before(hir, done)?;
        Some(Self {
            steps: made.steps.into(),
            begins: made.begins.into(),
            sets: made.sets.into(),
            texts: made.texts.into(),
            start,
        })
    }
}

#[derive(Default)]
struct Made {
    group: u32,
    steps: Vec<Step>,
    begins: Vec<SetAt>,
    sets: Vec<Set>,
    texts: Vec<u8>,
}

impl Made {
    fn add(&mut self, step: Step, begins: SetAt) -> Option<At> {
        if self.steps.len() == MOST {
            return None;
        }
        self.steps.push(step);
        self.begins.push(begins);
        At::try_from(self.steps.len() - 1).ok()
    }

    fn set(&mut self, set: Set) -> Option<SetAt> {
        let number = self.sets.iter().position(|s| *s == set);
        let number = number.unwrap_or_else(|| {
            self.sets.push(set);
            self.sets.len() - 1
        });
        SetAt::try_from(number).ok().filter(|n| *n != OPEN)
    }

    /// The bytes that `step` goes on with; `None`: it may without one.
    fn begins(&self, step: At) -> Option<Set> {
        let number = *self.begins.get(usize::from(step))?;
        self.sets.get(usize::from(number)).copied()
    }

    /// The steps of `hir` before `next`.
    fn before(&mut self, hir: &Hir, next: At) -> Option<At> {
        match hir.kind() {
            HirKind::Empty => Some(next),
            HirKind::Literal(literal) => self.text(&literal.0, false, next),
            HirKind::Class(class) => self.one(class, next),
            HirKind::Look(look) => {
                let look = match look {
                    hir::Look::Start => Look::Begin,
                    hir::Look::End => Look::End,
                    hir::Look::StartLF => Look::LineBegin,
                    hir::Look::EndLF => Look::LineEnd,
                    hir::Look::WordAscii => Look::Edge,
                    hir::Look::WordAsciiNegate => Look::NoEdge,
                    _ => return None,
                };
                let begins = *self.begins.get(usize::from(next))?;
                self.add(Step::Look { look, next }, begins)
            }
            HirKind::Capture(capture) if capture.index != self.group => {
                self.before(&capture.sub, next)
            }
            HirKind::Capture(capture) => {
                let begins = *self.begins.get(usize::from(next))?;
                let closes = self.add(Step::Closes(next), begins)?;
                let inside = self.before(&capture.sub, closes)?;
                let begins = *self.begins.get(usize::from(inside))?;
                self.add(Step::Opens(inside), begins)
            }
            HirKind::Concat(parts) => self.row(parts, next),
            HirKind::Alternation(parts) => {
                let (last, parts) = parts.split_last()?;
                let mut other = self.before(last, next)?;
                for part in parts.iter().rev() {
                    let first = self.before(part, next)?;
                    other = self.either(first, other)?;
                }
                Some(other)
            }
            HirKind::Repetition(repetition) => self.repeated(repetition, next),
        }
    }

    /// Letters whose case does not matter are compared together.
    fn row(&mut self, parts: &[Hir], mut next: At) -> Option<At> {
        let mut rest = parts;
        let mut text = Vec::new();
        while let Some((part, before)) = rest.split_last() {
            rest = before;
            match folded(part) {
                Some(letters) => text.extend(letters.iter().rev()),
                None => {
                    next = self.gathered(&mut text, next)?;
                    next = self.before(part, next)?;
                }
            }
        }
        self.gathered(&mut text, next)
    }

    fn gathered(&mut self, text: &mut Vec<u8>, next: At) -> Option<At> {
        text.reverse();
        let next = self.text(text, true, next)?;
        text.clear();
        Some(next)
    }

    fn text(&mut self, text: &[u8], folded: bool, mut next: At) -> Option<At> {
        for part in text.rchunks(usize::from(u8::MAX)) {
            let first = *part.first()?;
            let begins = match folded {
                true => Set::of(&[first.to_ascii_lowercase(), first.to_ascii_uppercase()]),
                false => Set::one(first),
            };
            let begins = self.set(begins)?;
            let from = u16::try_from(self.texts.len()).ok()?;
            self.texts.extend(part);
            let length = u8::try_from(part.len()).ok()?;
            let step = Step::Text {
                from,
                length,
                folded,
                next,
            };
            next = self.add(step, begins)?;
        }
        Some(next)
    }

    fn one(&mut self, class: &Class, next: At) -> Option<At> {
        let set = self.set(Set::class(class)?)?;
        self.add(Step::One { set, next }, set)
    }

    fn either(&mut self, first: At, other: At) -> Option<At> {
        let begins = match (self.begins(first), self.begins(other)) {
            (Some(first), Some(other)) => self.set(first.or(&other))?,
            _ => OPEN,
        };
        self.add(Step::Either { first, other }, begins)
    }

    fn repeated(&mut self, repetition: &Repetition, next: At) -> Option<At> {
        let Repetition {
            min, max, greedy, ..
        } = *repetition;
        let sub = &*repetition.sub;
        if let Some(set) = single(sub) {
            return self.run(set, (min, max), greedy, next);
        }
        let mut step = next;
        match max {
            Some(max) => {
                for _ in min..max {
                    let inside = self.before(sub, step)?;
                    step = self.choice(inside, next, greedy)?;
                }
            }
            None => {
                // Else it could go round without a byte.
                if sub.properties().minimum_len().is_none_or(|n| n == 0) {
                    return None;
                }
                let round = Step::Either {
                    first: next,
                    other: next,
                };
                let round = self.add(round, OPEN)?;
                let inside = self.before(sub, round)?;
                let (first, other) = match greedy {
                    true => (inside, next),
                    false => (next, inside),
                };
                let begins = match (self.begins(first), self.begins(other)) {
                    (Some(first), Some(other)) => self.set(first.or(&other))?,
                    _ => OPEN,
                };
                *self.steps.get_mut(usize::from(round))? = Step::Either { first, other };
                *self.begins.get_mut(usize::from(round))? = begins;
                step = round;
            }
        }
        for _ in 0..min {
            step = self.before(sub, step)?;
        }
        Some(step)
    }

    fn choice(&mut self, inside: At, next: At, greedy: bool) -> Option<At> {
        match greedy {
            true => self.either(inside, next),
            false => self.either(next, inside),
        }
    }

    fn run(
        &mut self,
        set: Set,
        (least, most): (u32, Option<u32>),
        greedy: bool,
        next: At,
    ) -> Option<At> {
        let least = u16::try_from(least).ok()?;
        let most = match most {
            Some(most) => u16::try_from(most).ok().filter(|n| *n < ENDLESS)?,
            None => ENDLESS,
        };
        let number = self.set(set)?;
        let how = match greedy {
            // What else it may be, it is whole.
            _ if least == most => How::Whole,
            true if self.ends(&set, least, next) => How::Whole,
            true => How::Longest,
            false => How::Shortest,
        };
        let begins = match (least, self.begins(next)) {
            (0, None) => OPEN,
            (0, Some(next)) => self.set(set.or(&next))?,
            _ => number,
        };
        let step = Step::Run {
            set: number,
            least,
            most,
            how,
            next,
        };
        self.add(step, begins)
    }

    /// Whether what follows a run cannot begin where the run still goes on.
    fn ends(&self, set: &Set, least: u16, next: At) -> bool {
        if self.begins(next).is_some_and(|next| next.is_apart(set)) {
            return true;
        }
        match self.steps.get(usize::from(next)) {
            Some(Step::Closes(next) | Step::Opens(next)) => self.ends(set, least, *next),
            // Between two bytes of words there is no edge.
            Some(Step::Look {
                look: Look::Edge, ..
            }) => least > 0 && set.is_within(&WORD),
            _ => false,
        }
    }
}

/// The set of which `hir` takes one byte.
fn single(hir: &Hir) -> Option<Set> {
    match hir.kind() {
        HirKind::Class(class) => Set::class(class),
        HirKind::Literal(literal) => match *literal.0 {
            [b] => Some(Set::one(b)),
            _ => None,
        },
        _ => None,
    }
}

/// Letters in both cases, or bytes that have none.
fn folded(hir: &Hir) -> Option<Vec<u8>> {
    match hir.kind() {
        HirKind::Literal(literal) => {
            let caseless = !literal.0.iter().any(u8::is_ascii_alphabetic);
            caseless.then(|| literal.0.to_vec())
        }
        HirKind::Class(class) => {
            let set = Set::class(class)?;
            let letter = set.bytes().next().filter(u8::is_ascii_uppercase)?;
            let both = Set::of(&[letter, letter.to_ascii_lowercase()]);
            (set == both).then(|| vec![letter])
        }
        _ => None,
    }
}
