//! The stretch of text around its keywords that a rule's pattern looks at.

use crate::engine::Engine;
use crate::front::Front;
use crate::lead::{Heads, Lead};
use crate::search::Text;

/// A stretch of text waiting for a rule's pattern.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Window {
    pub(crate) start: u64,
    pub(crate) end: u64,
    pub(crate) open: bool,
    /// Everything before was searched.
    pub(crate) done: u64,
    /// Where keywords begin in it, and how many do: with more the window is searched from its
    /// start.
    pub(crate) begins: [u64; BEGINS],
    pub(crate) count: u8,
}

/// Keywords in one window that are looked at one by one.
const BEGINS: usize = 4;

impl Window {
    /// A keyword of `length` bytes ends at `end`; 0: it begins nobody knows where.
    pub(crate) fn begin(&mut self, length: u8, end: u64) {
        let slot = self.begins.get_mut(usize::from(self.count));
        match slot.filter(|_| length > 0) {
            Some(slot) => {
                *slot = end.saturating_sub(u64::from(length));
                self.count += 1;
            }
            None => self.count = u8::MAX,
        }
    }

    /// Where a match may begin in it.
    pub(crate) fn places<'e>(&self, engine: &'e Engine) -> Places<'e> {
        let length = self.end.saturating_sub(self.start);
        let most = length.saturating_mul(2).saturating_add(SHORT);
        let listed = engine.lead().and_then(|lead| self.listed(lead));
        match (listed, engine.heads()) {
            (Some(places), _) => places,
            (None, Some(heads)) => Places::Heads(heads, most),
            (None, None) if engine.front().tells() => Places::Fronts(engine.front(), most),
            (None, None) => Places::Anywhere,
        }
    }

    fn listed<'e>(&self, lead: Lead) -> Option<Places<'e>> {
        let begins = self.begins.get(..usize::from(self.count))?;
        let mut places = [0; PLACES];
        let mut count = 0;
        for distance in lead.distances() {
            for at in begins.iter().filter_map(|at| at.checked_sub(distance)) {
                *places.get_mut(count)? = at;
                count += 1;
            }
        }
        places.get_mut(..count)?.sort_unstable();
        Some(Places::Listed(places, count))
    }
}

/// Places in one window that are looked at one by one: a pattern may read from each of them to the
/// end of the window.
const PLACES: usize = 2 * BEGINS;

/// Bytes that may always be read, however small a window is.
const SHORT: u64 = 1024;

/// Where a match may begin in a window.
pub(crate) enum Places<'e> {
    /// Here, in order.
    Listed([u64; PLACES], usize),
    /// Where one of these stands, while not more than so many bytes are read.
    Heads(&'e Heads, u64),
    /// Where the first bytes are some of these, the same.
    Fronts(&'e Front, u64),
    Anywhere,
}

/// Where to look next.
pub(crate) enum Place {
    At(u64),
    /// From there on.
    After,
    Nowhere,
}

impl Places<'_> {
    /// Leaves out the places before `limit` where no match begins. Whether any are left.
    pub(crate) fn refine(&mut self, engine: &Engine, text: Text<'_>, limit: u64) -> bool {
        let Self::Listed(places, count) = self else {
            return true;
        };
        let front = engine.front();
        let mut kept = 0;
        for i in 0..*count {
            let Some(&place) = places.get(i) else { break };
            let waits = place > limit || place < text.base;
            if !waits && !front.may_begin(text.bytes, text.index(place)) {
                continue;
            }
            if let Some(slot) = places.get_mut(kept) {
                *slot = place;
                kept += 1;
            }
        }
        *count = kept;
        kept > 0
    }

    /// The next place at or after `from` and before `stop`.
    pub(crate) fn next(&mut self, text: Text<'_>, from: u64, stop: u64) -> Place {
        let next = match self {
            Self::Listed(places, count) => {
                let mut places = places.iter().take(*count).copied();
                places.find(|p| *p >= from).filter(|p| *p < stop)
            }
            Self::Heads(_, 0) | Self::Fronts(_, 0) => {
                *self = Self::Anywhere;
                return Place::After;
            }
            Self::Heads(heads, _) => {
                let next = heads.next(text.between(text.base, stop), text.index(from));
                next.map(|at| text.base + at as u64)
            }
            Self::Fronts(front, _) => {
                let next = front.next(text.between(text.base, stop), text.index(from));
                next.map(|at| text.base + at as u64)
            }
            Self::Anywhere => return Place::After,
        };
        next.map_or(Place::Nowhere, Place::At)
    }

    /// So many bytes were read at one of them.
    pub(crate) fn read(&mut self, bytes: u64) {
        if let Self::Heads(_, left) | Self::Fronts(_, left) = self {
            *left = left.saturating_sub(bytes);
        }
    }
}
