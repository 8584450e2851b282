//! Disguises of a text that is mostly an earlier one, of which nothing came: looked for near what
//! is new.
//!
//! ```text
//! earlier   |------ same -------| gone |------ same -------|
//! this one  |------ same -------| new  |------ same -------|
//!             passed over   |c    looked at    c|  passed over
//! ```
//!
//! A text falls apart at a cut `c`: the end of a line that no way of disguising goes on across,
//! whatever stands farther away. What is read of what begins before a cut is read as if the text
//! ended [`Reach::ahead`] bytes behind it, and what begins behind it as if the text began [`BACK`]
//! bytes before it. So what is passed over between two cuts that are so far from what is new hides
//! what it hid before, and that was nothing. Ways that a word gives away are not bounded like that:
//! they look at the whole text, as ever.

use std::ops::Range;

use lychgate_model::limits;

use crate::alike::Stretch;
use crate::effort::Account;
use crate::masks::BLOCK;
use crate::search::{Found, Worth, make_room};

use super::{Hints, Room, escapes, joined, lines, listed, quoted};

/// Bytes that are read before a place where a disguise may begin: a name before it, a line, and
/// what it may go on from.
const BACK: usize = 384;
/// Bytes that are read behind what ends at a cut,
const AHEAD: usize = 512;
/// and where a list may be joined by a word behind its end.
const AHEAD_OF_LISTS: usize = 1536;
/// Bytes behind a zone of which it is known what they are: a run of digits that ends it, and more
/// than any sign is followed by to mean anything.
pub(super) const BEYOND: usize = 2 * BLOCK;
/// Bytes that are not worth being passed over.
const LEAST: usize = 256;
/// Bytes of a line that ends at a cut, and of those that have to end before it.
const LINE: usize = 4 << 10;
/// Bytes of text for each question that may be asked to find cuts, and questions of any text.
const ASKED_PER: usize = 128;
const ASKED: usize = 128;

/// What looking behind the disguises of a text came to, where nothing came of it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Veils {
    /// What decides about where one may be.
    pub(super) ways: Ways,
    cost: Cost,
}

/// What views cost at most, and how many bytes they had: of the object's own text, and of texts
/// with places of their own.
#[derive(Clone, Copy, Debug)]
pub(super) struct Cost {
    account: Account,
    bytes: [usize; 2],
}

/// What an object has cost so far. `None`: the order counts in which that was spent.
#[derive(Debug)]
pub(super) struct Bill {
    account: Option<Account>,
    allowed: u64,
    left: [usize; 2],
}

impl Bill {
    /// What was spent from here to `later`, if nothing was earned.
    pub(super) fn until(&self, later: &Self) -> Option<Cost> {
        if self.allowed != later.allowed {
            return None;
        }
        let [own, other] = self.left;
        let [own_left, other_left] = later.left;
        Some(Cost {
            account: later.account?.since(&self.account?),
            bytes: [own.checked_sub(own_left)?, other.checked_sub(other_left)?],
        })
    }
}

/// What came of looking behind the disguises of a text.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Behind {
    /// Whether what was looked at holds a zero byte.
    pub(crate) zero: bool,
    /// `Some`: nothing came of it.
    pub(crate) veils: Option<Veils>,
    /// Something came where an earlier text was believed: all has to be looked at.
    pub(crate) doubt: bool,
}

impl Room {
    /// What the object has cost.
    pub(super) fn bill(&self) -> Bill {
        Bill {
            account: self.state.account(),
            allowed: self.state.allowed(),
            left: [self.left, self.left_packed],
        }
    }

    /// Chooses what is looked at of `text`, from `from` on; whether that is only what is new. What
    /// was done in the earlier text is charged then.
    pub(super) fn choose(
        &mut self,
        text: &[u8],
        from: usize,
        hints: Hints,
        earlier: Option<&Earlier<'_>>,
        chosen: &mut Vec<Range<usize>>,
    ) -> bool {
        self.begun = Some(self.bill());
        self.glanced = None;
        let ways = Ways::of(hints);
        let same = earlier.filter(|earlier| from == 0 && ways == Some(earlier.veils.ways));
        let near = same.is_some_and(|earlier| {
            zones(text, hints, earlier, chosen);
            let looked: usize = chosen.iter().map(Range::len).sum();
            looked < text.len() / 4 * 3 && self.pay(&earlier.veils.cost).is_some()
        });
        if !near {
            chosen.clear();
            chosen.push(from..text.len());
        }
        near
    }

    fn pay(&mut self, cost: &Cost) -> Option<()> {
        let [own, other] = cost.bytes;
        let left = self.left.checked_sub(own)?;
        let left_packed = self.left_packed.checked_sub(other)?;
        self.left = left;
        self.left_packed = left_packed;
        self.state.assume(&cost.account);
        Some(())
    }

    /// What is to be said of a text that was looked at; `near`: where it is new alone.
    pub(super) fn behind(&self, hints: Hints, near: bool, zero: bool) -> Behind {
        let nothing = self.found.is_empty() && !zero && !self.is_in_doubt();
        let cost = self.glanced.filter(|_| nothing);
        let veils = Ways::of(hints).zip(cost);
        let veils = veils.map(|(ways, cost)| Veils { ways, cost });
        Behind {
            zero,
            veils,
            doubt: near && veils.is_none(),
        }
    }

    /// Whether there is room for `found`; where there was not enough, the object is not judged whole.
    pub(super) fn admits(&mut self, found: &Found) -> bool {
        if self.found.len() < limits::FINDINGS_PER_OBJECT {
            return true;
        }
        let of = |f: &Found| Worth::of(f.evidence, f.severity);
        let lost = make_room(&mut self.found, of(found), |u| of(&u.found));
        self.crowded |= lost == Worth::Told;
        self.overfull |= lost != Worth::Told;
        lost != of(found)
    }

    /// Whether something was not looked at.
    pub(crate) fn is_in_doubt(&self) -> bool {
        self.truncated || self.overfull || self.crowded || !self.left_out.is_empty()
    }
}

/// Which ways of disguising were looked for, as far as a glance tells of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Ways {
    joins: bool,
    goes_on: bool,
}

impl Ways {
    /// `None`: one of them reads farther than is known.
    pub(super) fn of(hints: Hints) -> Option<Self> {
        let far = hints.rich_text || hints.quoted || hints.registry;
        (!far).then_some(Self {
            joins: hints.joins,
            goes_on: hints.goes_on,
        })
    }
}

/// An earlier text, how long it was and what of it stands here.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Earlier<'e> {
    pub(crate) veils: &'e Veils,
    pub(crate) length: usize,
    pub(crate) stretches: &'e [Stretch],
}

/// Fills `zones` with what has to be looked at of `text`, from cut to cut.
pub(super) fn zones(
    text: &[u8],
    hints: Hints,
    earlier: &Earlier<'_>,
    zones: &mut Vec<Range<usize>>,
) {
    zones.clear();
    let mut from = 0;
    let mut asked = ASKED + text.len() / ASKED_PER;
    for &Stretch { at, was, length } in earlier.stretches {
        let end = at + length;
        let same = Same {
            text,
            hints,
            at,
            begins: at == 0 && was == 0,
            ends: end == text.len() && was + length == earlier.length,
            end,
        };
        let Some(first) = same.first(&mut asked) else {
            continue;
        };
        let Some(last) = same.last(first + LEAST, &mut asked) else {
            continue;
        };
        if from < first {
            zones.push(from..first);
        }
        from = last;
    }
    if from < text.len() {
        zones.push(from..text.len());
    }
}

/// A stretch that stood in the earlier text.
struct Same<'t> {
    text: &'t [u8],
    hints: Hints,
    at: usize,
    end: usize,
    /// Both texts begin with it, or end with it.
    begins: bool,
    ends: bool,
}

impl Same<'_> {
    /// The first cut, as far behind what stands before as it has to be.
    fn first(&self, asked: &mut usize) -> Option<usize> {
        if self.begins {
            return Some(0);
        }
        let from = self.at + BACK;
        let rest = self.text.get(from..self.most()?)?;
        let mut ends = memchr::memchr_iter(b'\n', rest).map(|end| from + end + 1);
        ends.find(|end| self.is_cut(*end, asked))
    }

    /// The last cut at or behind `least`, as far before what stands behind as it has to be.
    fn last(&self, least: usize, asked: &mut usize) -> Option<usize> {
        if self.ends {
            return (least <= self.end).then_some(self.end);
        }
        let least = match self.begins {
            true => least,
            false => least.max(self.at + BACK),
        };
        let rest = self.text.get(least..self.most()?)?;
        let mut ends = memchr::memrchr_iter(b'\n', rest).map(|end| least + end + 1);
        ends.find(|end| self.is_cut(*end, asked))
    }

    /// Where a cut may stand at most.
    fn most(&self) -> Option<usize> {
        let ahead = match self.hints.joins {
            true => AHEAD_OF_LISTS,
            false => AHEAD,
        };
        match self.ends {
            true => Some(self.end),
            false => self.end.checked_sub(ahead),
        }
    }

    /// Whether nothing goes on across the line end before `at`.
    fn is_cut(&self, at: usize, asked: &mut usize) -> bool {
        let Some(left) = asked.checked_sub(1) else {
            return false;
        };
        *asked = left;
        let text = self.text;
        // The line that ends here, and one that ends so far before that a literal does.
        let line = self.line(at - 1);
        let far = self.line(at.saturating_sub(joined::BETWEEN + 1));
        let (Some(line), Some(_)) = (line, far) else {
            return false;
        };
        !lines::go_on(text, at)
            && !quoted::goes_on(text, line, at)
            && !listed::goes_on(text, at)
            && !escapes::go_on(text, at)
            && !joined::goes_on(text, at, self.hints, asked)
    }

    /// Where the line of `at` begins, if it begins in here and not far away.
    fn line(&self, at: usize) -> Option<usize> {
        let least = at.saturating_sub(LINE).max(self.at);
        let head = self.text.get(least..at)?;
        let end = memchr::memrchr(b'\n', head).map(|end| least + end + 1);
        end.or_else(|| (self.begins && least == 0).then_some(0))
    }
}

#[cfg(test)]
mod tests;
