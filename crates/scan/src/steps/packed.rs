//! Steps as bytes, as the build script writes down those of the packs.

use super::{At, How, Look, OPEN, Step, Steps};
use crate::fields::{Reader, Writer};
use crate::set::Set;

const HOWS: [How; 3] = [How::Longest, How::Shortest, How::Whole];
const LOOKS: [Look; 6] = [
    Look::Begin,
    Look::End,
    Look::LineBegin,
    Look::LineEnd,
    Look::Edge,
    Look::NoEdge,
];

/// What each step begins with; of runs and looks the first.
const DONE: u8 = 0;
const TEXT: u8 = 1;
const FOLDED: u8 = 2;
const ONE: u8 = 3;
const EITHER: u8 = 4;
const OPENS: u8 = 5;
const CLOSES: u8 = 6;
const RUN: u8 = 7;
const LOOK: u8 = RUN + 3;

impl Steps {
    #[allow(dead_code, reason = "the build script does")]
    pub(crate) fn write(&self, out: &mut Writer) {
        out.small(self.sets.len());
        for set in &self.sets {
            let ranges: Vec<(u8, u8)> = set.ranges().collect();
            out.small(ranges.len());
            for (from, to) in ranges {
                out.byte(from);
                out.byte(to);
            }
        }
        out.small(self.texts.len());
        self.texts.iter().for_each(|b| out.byte(*b));
        out.small(usize::from(self.start));
        out.small(self.steps.len());
        for (at, (step, begins)) in self.steps.iter().zip(&self.begins).enumerate() {
            let number = |all: &[u8]| all.first().copied().unwrap_or_default();
            // Most lead to the one before; only where it goes round, to one behind.
            let to = |next: &At, out: &mut Writer| {
                let (at, next) = (at as i32, i32::from(*next));
                let back = at - next;
                out.small(((back << 1) ^ (back >> 31)) as usize);
            };
            match step {
                Step::Done => out.byte(DONE),
                Step::Text {
                    from,
                    length,
                    folded,
                    next,
                } => {
                    out.byte(if *folded { FOLDED } else { TEXT });
                    out.small(usize::from(*from));
                    out.byte(*length);
                    to(next, out);
                }
                Step::One { set, next } => {
                    out.byte(ONE);
                    out.small(usize::from(*set));
                    to(next, out);
                }
                Step::Run {
                    set,
                    least,
                    most,
                    how,
                    next,
                } => {
                    let how: Vec<u8> = (RUN..)
                        .zip(HOWS)
                        .filter(|(_, h)| h == how)
                        .map(|h| h.0)
                        .collect();
                    out.byte(number(&how));
                    out.small(usize::from(*set));
                    out.small(usize::from(*least));
                    // Most are as long as they are short, or endless.
                    out.small(usize::from(most.wrapping_sub(*least)));
                    to(next, out);
                }
                Step::Either { first, other } => {
                    out.byte(EITHER);
                    to(first, out);
                    to(other, out);
                }
                Step::Look { look, next } => {
                    let look: Vec<u8> = (LOOK..)
                        .zip(LOOKS)
                        .filter(|(_, l)| l == look)
                        .map(|l| l.0)
                        .collect();
                    out.byte(number(&look));
                    to(next, out);
                }
                Step::Opens(next) => {
                    out.byte(OPENS);
                    to(next, out);
                }
                Step::Closes(next) => {
                    out.byte(CLOSES);
                    to(next, out);
                }
            }
            out.small(usize::from(begins.wrapping_add(1)));
        }
    }

    /// What [`Steps::write`] wrote.
    pub(crate) fn read(from: &mut Reader<'_>) -> Option<Self> {
        const { assert!(OPEN == u16::MAX, "so that one more is none") };
        let mut sets = Vec::with_capacity(from.count_small()?);
        for _ in 0..sets.capacity() {
            let mut set = Set::default();
            for _ in 0..from.small()? {
                set.add(from.byte()?, from.byte()?);
            }
            sets.push(set);
        }
        let texts = from.count_small()?;
        let texts = from.take(texts)?;
        let start = from.short()?;
        let count = from.count_small()?;
        let mut steps = Vec::with_capacity(count);
        let mut begins = Vec::with_capacity(count);
        for at in 0..count as i32 {
            let tag = from.byte()?;
            let to = |from: &mut Reader<'_>| {
                let back = from.small()? as i32;
                At::try_from(at - ((back >> 1) ^ -(back & 1))).ok()
            };
            steps.push(match tag {
                DONE => Step::Done,
                TEXT | FOLDED => Step::Text {
                    from: from.short()?,
                    length: from.byte()?,
                    folded: tag == FOLDED,
                    next: to(from)?,
                },
                ONE => Step::One {
                    set: from.short()?,
                    next: to(from)?,
                },
                EITHER => Step::Either {
                    first: to(from)?,
                    other: to(from)?,
                },
                OPENS => Step::Opens(to(from)?),
                CLOSES => Step::Closes(to(from)?),
                RUN.. => match HOWS.get(usize::from(tag - RUN)) {
                    Some(how) => {
                        let (set, least) = (from.short()?, from.short()?);
                        Step::Run {
                            set,
                            least,
                            most: least.wrapping_add(from.short()?),
                            how: *how,
                            next: to(from)?,
                        }
                    }
                    None => Step::Look {
                        look: *LOOKS.get(usize::from(tag - LOOK))?,
                        next: to(from)?,
                    },
                },
            });
            begins.push(from.short()?.wrapping_sub(1));
        }
        Some(Self {
            steps: steps.into(),
            begins: begins.into(),
            sets: sets.into(),
            texts: texts.into(),
            start,
        })
    }
}
