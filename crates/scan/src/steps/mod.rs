//! A pattern as steps, followed byte by byte from one place; where they lead nowhere, the last
//! choice is taken otherwise. Nothing has to be built before the first byte is read, and the value
//! is known with the match. Text can be made that sends it back and forth: how many steps may be
//! taken is told, and an automaton ([`crate::engine`]) reads what takes more.
//!
//! It finds what the automaton finds: of all matches from one place, the one that the pattern
//! prefers. Tests hold one against the other.

mod made;
mod packed;
#[cfg(test)]
mod tests;
mod trail;

use crate::set::Set;

pub(crate) use made::Group;
pub(crate) use trail::Trail;

/// The number of a step.
type At = u16;
/// Of a set of bytes.
type SetAt = u16;

/// No limit to a run.
const ENDLESS: u16 = u16::MAX;
/// It may go on without a byte: no set says where.
const OPEN: SetAt = u16::MAX;

/// One step. Each but the last says what follows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Step {
    /// The match ends.
    Done,
    /// These bytes of [`Steps::texts`], case aside or not.
    Text {
        from: u16,
        length: u8,
        folded: bool,
        next: At,
    },
    One {
        set: SetAt,
        next: At,
    },
    /// So many bytes of a set. `sure`: what follows cannot begin inside of the run.
    Run {
        set: SetAt,
        least: u16,
        most: u16,
        how: How,
        next: At,
    },
    /// The one, or else the other.
    Either {
        first: At,
        other: At,
    },
    Look {
        look: Look,
        next: At,
    },
    /// The value begins,
    Opens(At),
    /// and ends.
    Closes(At),
}

/// How a run is taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum How {
    Longest,
    Shortest,
    /// All of it: what follows cannot begin inside.
    Whole,
}

/// What is asked of a place and takes no byte.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Look {
    Begin,
    End,
    LineBegin,
    LineEnd,
    Edge,
    NoEdge,
}

/// Bytes of words.
const WORD: Set = Set::of(b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ_abcdefghijklmnopqrstuvwxyz");

impl Look {
    fn met(self, text: &[u8], at: usize) -> bool {
        let before = at.checked_sub(1).and_then(|i| text.get(i));
        let after = text.get(at);
        let is_word = |b: Option<&u8>| b.is_some_and(|b| WORD.has(*b));
        match self {
            Self::Begin => before.is_none(),
            Self::End => after.is_none(),
            Self::LineBegin => before.is_none_or(|b| *b == b'\n'),
            Self::LineEnd => after.is_none_or(|b| *b == b'\n'),
            Self::Edge => is_word(before) != is_word(after),
            Self::NoEdge => is_word(before) == is_word(after),
        }
    }
}

/// What stands where a match begins: one of these is met, or its first byte is one of a set.
#[derive(Clone, Debug, Default)]
pub(crate) struct Edge {
    looks: [Option<Look>; 2],
    set: Set,
}

impl Edge {
    pub(crate) fn met(&self, text: &[u8], at: usize) -> bool {
        text.get(at).is_some_and(|b| self.set.has(*b))
            || self.looks.iter().flatten().any(|l| l.met(text, at))
    }
}

/// The steps of a pattern.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Steps {
    steps: Box<[Step]>,
    /// By step: the bytes that it can go on with, or [`OPEN`].
    begins: Box<[SetAt]>,
    sets: Box<[Set]>,
    texts: Box<[u8]>,
    start: At,
}

/// Where to go on when steps led nowhere.
#[derive(Clone, Copy, Debug)]
enum Back {
    To {
        step: At,
        at: usize,
    },
    /// With a shorter run, from here down to there.
    Down {
        step: At,
        high: usize,
        low: usize,
    },
    /// With a longer one.
    Up {
        run: At,
        at: usize,
        high: usize,
    },
    /// The value began or ended elsewhere.
    Opened(Option<usize>),
    Closed(Option<usize>),
}

/// What steps lead to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Led {
    /// A match that ends there, and where its value begins and ends.
    To(usize, Option<(usize, usize)>),
    Nowhere,
    /// They were too many: nobody knows.
    TooFar,
}

/// How a step ended.
enum Went {
    On(At, usize),
    Back,
    Done,
}

impl Steps {
    /// The match that begins at `from` and ends at or before `to`, in at most `left` steps, which
    /// are taken off. What stands around is context.
    pub(crate) fn follow(
        &self,
        text: &[u8],
        (from, to): (usize, usize),
        trail: &mut Trail,
        left: &mut u64,
    ) -> Led {
        let mut walk = Walk {
            steps: self,
            text,
            to: to.min(text.len()),
            trail,
            left,
            opened: None,
            closed: None,
        };
        walk.trail.begin();
        let (mut step, mut at) = (self.start, from);
        loop {
            let Some(rest) = walk.left.checked_sub(1) else {
                return Led::TooFar;
            };
            *walk.left = rest;
            // Steps lead to steps: `None` would be a mistake in how they were made.
            let went = match walk.step(step, at) {
                Some(Went::Back) => walk.back(),
                other => other,
            };
            match went {
                Some(Went::On(next, place)) => (step, at) = (next, place),
                Some(Went::Back) => return Led::Nowhere,
                Some(Went::Done) => {
                    return Led::To(at, walk.opened.zip(walk.closed));
                }
                None => return Led::TooFar,
            }
        }
    }

    /// The same from the first place at or after `from` where a match begins.
    pub(crate) fn seek(
        &self,
        text: &[u8],
        (from, to): (usize, usize),
        trail: &mut Trail,
        left: &mut u64,
    ) -> (usize, Led) {
        for at in from..=to {
            if !self.can(self.start, text.get(at).filter(|_| at < to)) {
                *left = left.saturating_sub(1);
                continue;
            }
            match self.follow(text, (at, to), trail, left) {
                Led::Nowhere => {}
                led => return (at, led),
            }
        }
        (to, Led::Nowhere)
    }

    /// What is asked first of a place where a match may begin; `None`: nothing that its first byte
    /// does not tell.
    pub(crate) fn edge(&self) -> Option<Edge> {
        let mut edge = Edge::default();
        let told = self.gather(self.start, &mut edge)?;
        (told && edge.looks[0].is_some()).then_some(edge)
    }

    /// Whether all ways from `step` are told by one look or one byte.
    fn gather(&self, step: At, edge: &mut Edge) -> Option<bool> {
        let set = match *self.steps.get(usize::from(step))? {
            Step::Look { look, .. } => {
                let free = edge.looks.iter_mut().find(|l| l.is_none());
                return Some(free.map(|free| *free = Some(look)).is_some());
            }
            Step::Either { first, other } => {
                return Some(self.gather(first, edge)? && self.gather(other, edge)?);
            }
            // A loop does not begin with these.
            Step::Opens(next) | Step::Closes(next) => return self.gather(next, edge),
            Step::Done => return Some(false),
            Step::Text { .. } | Step::One { .. } | Step::Run { .. } => {
                self.begins.get(usize::from(step))?
            }
        };
        let set = self.sets.get(usize::from(*set));
        set.iter().for_each(|s| edge.set = edge.set.or(s));
        Some(set.is_some())
    }

    /// Bytes they take.
    pub(crate) fn memory(&self) -> usize {
        size_of_val(&*self.steps)
            + size_of_val(&*self.begins)
            + size_of_val(&*self.sets)
            + self.texts.len()
    }

    /// Whether `step` can be taken where `byte` stands; `None`: the end.
    fn can(&self, step: At, byte: Option<&u8>) -> bool {
        match self.begins.get(usize::from(step)) {
            Some(&OPEN) | None => true,
            Some(set) => {
                let set = self.sets.get(usize::from(*set));
                byte.is_some_and(|b| set.is_none_or(|set| set.has(*b)))
            }
        }
    }
}

struct Walk<'w> {
    steps: &'w Steps,
    text: &'w [u8],
    to: usize,
    trail: &'w mut Trail,
    left: &'w mut u64,
    opened: Option<usize>,
    closed: Option<usize>,
}

impl Walk<'_> {
    fn step(&mut self, step: At, at: usize) -> Option<Went> {
        let rest = self.text.get(at..self.to)?;
        let went = match *self.steps.steps.get(usize::from(step))? {
            Step::Done => Went::Done,
            Step::Text {
                from,
                length,
                folded,
                next,
            } => {
                let (from, length) = (usize::from(from), usize::from(length));
                let own = self.steps.texts.get(from..from + length)?;
                let is = match rest.get(..length) {
                    Some(head) if folded => head.eq_ignore_ascii_case(own),
                    Some(head) => head == own,
                    None => false,
                };
                match is {
                    true => Went::On(next, at + length),
                    false => Went::Back,
                }
            }
            Step::One { set, next } => {
                let set = self.steps.sets.get(usize::from(set))?;
                match rest.first() {
                    Some(b) if set.has(*b) => Went::On(next, at + 1),
                    _ => Went::Back,
                }
            }
            Step::Run {
                set,
                least,
                most,
                how,
                next,
            } => {
                let set = self.steps.sets.get(usize::from(set))?;
                let (least, most) = (usize::from(least), limit(most));
                match how {
                    How::Shortest => {
                        let head = rest.get(..least).filter(|h| h.iter().all(|b| set.has(*b)));
                        if head.is_none() {
                            return Some(Went::Back);
                        }
                        return self.up(step, at + least, at.saturating_add(most));
                    }
                    How::Longest | How::Whole => {
                        let rest = rest.get(..most).unwrap_or(rest);
                        let run = rest.iter().take_while(|b| set.has(**b)).count();
                        *self.left = self.left.saturating_sub(run as u64 / 4);
                        match run < least {
                            true => Went::Back,
                            false if how == How::Whole => Went::On(next, at + run),
                            false => self.down(next, at + run, at + least),
                        }
                    }
                }
            }
            Step::Either { first, other } => {
                let byte = rest.first();
                match (self.steps.can(first, byte), self.steps.can(other, byte)) {
                    (true, true) => {
                        self.trail.back.push(Back::To { step: other, at });
                        Went::On(first, at)
                    }
                    (true, false) => Went::On(first, at),
                    (false, true) => Went::On(other, at),
                    (false, false) => Went::Back,
                }
            }
            Step::Look { look, next } => match look.met(self.text, at) {
                true => Went::On(next, at),
                false => Went::Back,
            },
            Step::Opens(next) => {
                self.trail.back.push(Back::Opened(self.opened));
                self.opened = Some(at);
                Went::On(next, at)
            }
            Step::Closes(next) => {
                self.trail.back.push(Back::Closed(self.closed));
                self.closed = Some(at);
                Went::On(next, at)
            }
        };
        Some(went)
    }

    /// On with `next` at the highest place from `high` down to `low` where it can be taken.
    fn down(&mut self, next: At, high: usize, low: usize) -> Went {
        let byte = |at: usize| self.text.get(at).filter(|_| at < self.to);
        let trail = &mut *self.trail;
        let mut goes = |at: &usize| self.steps.can(next, byte(*at)) && trail.is_new(next, *at);
        let at = (low..=high).rev().find(|at| goes(at));
        let Some(at) = at else {
            *self.left = self.left.saturating_sub((high - low) as u64 / 4);
            return Went::Back;
        };
        *self.left = self.left.saturating_sub((high - at) as u64 / 4);
        if at > low {
            self.trail.back.push(Back::Down {
                step: next,
                high: at - 1,
                low,
            });
        }
        Went::On(next, at)
    }

    /// On with what follows a run at the first place from `at` to `high` where it can be taken.
    fn up(&mut self, run: At, at: usize, high: usize) -> Option<Went> {
        let Step::Run { set, next, .. } = *self.steps.steps.get(usize::from(run))? else {
            return None;
        };
        let set = self.steps.sets.get(usize::from(set))?;
        let high = high.min(self.to);
        let mut place = at;
        loop {
            let byte = self.text.get(place).filter(|_| place < self.to);
            let longer = place < high && byte.is_some_and(|b| set.has(*b));
            if self.steps.can(next, byte) && self.trail.is_new(next, place) {
                if longer {
                    let at = place;
                    self.trail.back.push(Back::Up { run, at, high });
                }
                *self.left = self.left.saturating_sub((place - at) as u64 / 4);
                return Some(Went::On(next, place));
            }
            if !longer {
                *self.left = self.left.saturating_sub((place - at) as u64 / 4);
                return Some(Went::Back);
            }
            place += 1;
        }
    }

    /// The last choice, otherwise.
    fn back(&mut self) -> Option<Went> {
        while let Some(back) = self.trail.back.pop() {
            let went = match back {
                Back::To { step, at } => Went::On(step, at),
                Back::Down { step, high, low } => self.down(step, high, low),
                // The byte at `at` is one of the run.
                Back::Up { run, at, high } => self.up(run, at + 1, high)?,
                Back::Opened(at) => {
                    self.opened = at;
                    continue;
                }
                Back::Closed(at) => {
                    self.closed = at;
                    continue;
                }
            };
            if !matches!(went, Went::Back) {
                return Some(went);
            }
        }
        Some(Went::Back)
    }
}

fn limit(most: u16) -> usize {
    match most {
        ENDLESS => usize::MAX,
        most => usize::from(most),
    }
}

/// What the steps can go on with, byte by byte, whatever came before.
pub(crate) struct Places<'s> {
    steps: &'s Steps,
    /// Steps, and how much of a run or a text is behind.
    now: Vec<(At, u16)>,
    seen: Vec<(At, u16)>,
}

impl<'s> Places<'s> {
    pub(crate) fn of(steps: &'s Steps) -> Self {
        Self {
            steps,
            now: vec![(steps.start, 0)],
            seen: Vec::new(),
        }
    }

    /// What the next byte can be; `None`: a match may end before it, or there are more than `most`
    /// ways to go on.
    pub(crate) fn next(&mut self, most: usize) -> Option<Set> {
        let mut set = Set::default();
        let mut next = Vec::new();
        self.seen.clear();
        while let Some((at, behind)) = self.now.pop() {
            if self.seen.contains(&(at, behind)) {
                continue;
            }
            if self.seen.len() == most {
                return None;
            }
            self.seen.push((at, behind));
            let mut to = |with: Set, way| {
                set = set.or(&with);
                if !next.contains(&way) {
                    next.push(way);
                }
            };
            let Steps { sets, texts, .. } = self.steps;
            match *self.steps.steps.get(usize::from(at))? {
                Step::Done => return None,
                Step::Text {
                    from,
                    length,
                    folded,
                    next,
                } => {
                    let byte = *texts.get(usize::from(from) + usize::from(behind))?;
                    let either = [byte.to_ascii_lowercase(), byte.to_ascii_uppercase()];
                    let with = match folded {
                        true => Set::of(&either),
                        false => Set::one(byte),
                    };
                    match behind + 1 == u16::from(length) {
                        true => to(with, (next, 0)),
                        false => to(with, (at, behind + 1)),
                    }
                }
                Step::One { set, next } => to(*sets.get(usize::from(set))?, (next, 0)),
                Step::Run {
                    set,
                    least,
                    most,
                    next,
                    ..
                } => {
                    let with = *sets.get(usize::from(set))?;
                    // Without a limit the count goes no farther than it tells something.
                    let longer = match most {
                        ENDLESS => (behind + 1).min(least),
                        _ => behind + 1,
                    };
                    if behind < most {
                        to(with, (at, longer));
                    }
                    if behind >= least {
                        self.now.push((next, 0));
                    }
                }
                Step::Either { first, other } => self.now.extend([(first, 0), (other, 0)]),
                Step::Look { next, .. } | Step::Opens(next) | Step::Closes(next) => {
                    self.now.push((next, 0));
                }
            }
        }
        self.now = next;
        Some(set)
    }
}
