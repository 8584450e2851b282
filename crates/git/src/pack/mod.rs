//! A pack read in delta order: every object decoded once, each delta while its base is at hand.

mod decode;
mod index;

use std::collections::HashMap;
use std::ops::{ControlFlow, Range};
use std::path::Path;

use gix::odb::pack::data::{Entry, File, entry::Header};
use lychgate_model::limits::DELTA_CHAIN;
use lychgate_model::{HashKind, ObjectKind};

use crate::error::{Error, shown};
use crate::numbers::Numbers;

/// Takes the objects of a pack.
pub(crate) trait PackSink {
    /// One object. `base`: the delta base it was made from, number and content.
    fn object(
        &mut self,
        number: u32,
        kind: ObjectKind,
        content: &[u8],
        base: Option<(u32, &[u8])>,
    ) -> ControlFlow<()>;
    /// One object too large to be held: `size` bytes follow in pieces.
    fn begin(&mut self, number: u32, kind: ObjectKind, size: u64) -> ControlFlow<()>;
    /// A piece of the object begun last.
    fn piece(&mut self, piece: &[u8]) -> ControlFlow<()>;
    /// An object that cannot be decoded, maybe after some of its pieces.
    fn failed(&mut self, number: u32, why: Failure) -> ControlFlow<()>;
}

/// Why an object of a pack is not decoded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Failure {
    LongChain,
    LargeResult,
    NoBase,
    BadEntry,
    BadDelta,
    Longer,
}

impl Failure {
    /// Whether a limit is passed, wherever the object is read; otherwise the entry is damaged or
    /// incomplete, and the store may hold another copy.
    pub(crate) const fn is_limit(self) -> bool {
        matches!(self, Self::LongChain | Self::LargeResult)
    }

    pub(crate) const fn text(self) -> &'static str {
        match self {
            Self::LongChain => "its delta chain is too long",
            Self::LargeResult => "its delta result is too large",
            Self::NoBase => "its delta base is not in its pack",
            Self::BadEntry => "its pack entry cannot be inflated",
            Self::BadDelta => "its delta does not fit its base",
            Self::Longer => "it is larger than it says",
        }
    }
}

const NONE: u32 = u32::MAX;

/// One entry of the pack, at its place in pack order.
#[derive(Clone, Copy)]
struct Item {
    offset: u64,
    number: u32,
    base: u32,
    /// Where in [`Pack::deltas`] those made from it end; they begin where those of the entry
    /// before end.
    deltas_end: u32,
    state: State,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum State {
    Kind(ObjectKind),
    /// It cannot be decoded, nor what is made from it.
    Failed(Failure),
}

/// A pack and its index: which entry is made from which.
pub(crate) struct Pack {
    data: File,
    hash: gix::hash::Kind,
    items: Vec<Item>,
    /// Bytes of delta bases kept while their other deltas wait.
    held: usize,
    /// Entries that have a base here, those of one base together.
    deltas: Vec<u32>,
    /// The same, bases before what is made from them; those that no whole entry leads to are left
    /// out.
    order: Vec<u32>,
}

impl Pack {
    /// Opens `x.pack` beside the index `x.idx` and numbers its objects.
    pub(crate) fn open(index: &Path, kind: HashKind, numbers: &mut Numbers) -> Result<Self, Error> {
        let mut entries = {
            let bytes = std::fs::read(index).map_err(Error::io("read", index))?;
            numbers.reserve(bytes.len() / (kind.len() + 8));
            index::entries(&bytes, kind, numbers)
                .ok_or_else(|| Error::corrupt(format!("pack index {}", shown(index))))?
        };
        entries.sort_unstable();
        let path = index.with_extension("pack");
        let hash = match kind {
            HashKind::Sha1 => gix::hash::Kind::Sha1,
            HashKind::Sha256 => gix::hash::Kind::Sha256,
        };
        let damaged = || Error::corrupt(format!("pack {}", shown(&path)));
        let data = File::at(&path, hash).map_err(|_| damaged())?;
        if u32::try_from(entries.len()).is_err() {
            return Err(damaged());
        }
        let items = entries
            .into_iter()
            .map(|(offset, number)| Item {
                offset,
                number,
                base: NONE,
                deltas_end: 0,
                state: State::Failed(Failure::NoBase),
            })
            .collect();
        let mut pack = Self {
            held: decode::HELD,
            data,
            hash,
            items,
            deltas: Vec::new(),
            order: Vec::new(),
        };
        pack.link(numbers);
        Ok(pack)
    }

    /// Numbers of all objects, in pack order.
    pub(crate) fn numbers(&self) -> impl Iterator<Item = u32> + '_ {
        self.items.iter().map(|item| item.number)
    }

    /// Numbers of the commits.
    pub(crate) fn commits(&self) -> impl Iterator<Item = u32> + '_ {
        let is_commit = |item: &&Item| item.state == State::Kind(ObjectKind::Commit);
        self.items.iter().filter(is_commit).map(|item| item.number)
    }

    /// Numbers of the whole entries after the last delta, last first: where `index-pack` appends
    /// the bases that a thin pack left out.
    pub(crate) fn tail(&self) -> impl Iterator<Item = u32> + '_ {
        let is_whole = |item: &&Item| item.base == NONE && matches!(item.state, State::Kind(_));
        self.items
            .iter()
            .rev()
            .take_while(is_whole)
            .map(|item| item.number)
    }

    fn item(&self, at: u32) -> Option<&Item> {
        self.items.get(at as usize)
    }

    fn entry(&self, at: u32) -> Option<(Entry, &[u8])> {
        let at = at as usize;
        let start = self.items.get(at)?.offset;
        let end = self
            .items
            .get(at + 1)
            .map_or(self.data.pack_end() as u64, |item| item.offset);
        let bytes = self.data.entry_slice(start..end.max(start))?;
        // A header is at most a type, a size and an id: shorter entries are padded by what follows.
        let entry =
            (!bytes.is_empty()).then(|| Entry::from_bytes(bytes, start, self.hash).ok())??;
        let body = bytes.get(entry.header_size()..)?;
        Some((entry, body))
    }

    /// Finds every entry's base, then bases before deltas, with kinds and chain lengths.
    fn link(&mut self, numbers: &Numbers) {
        let mut by_number: Option<HashMap<u32, u32>> = None;
        for at in 0..self.items.len() as u32 {
            let Some((entry, _)) = self.entry(at) else {
                self.set_state(at, State::Failed(Failure::BadEntry));
                continue;
            };
            let base = match entry.header {
                Header::OfsDelta { base_distance } => {
                    let offset = self
                        .item(at)
                        .and_then(|i| i.offset.checked_sub(base_distance));
                    offset
                        .and_then(|o| self.items.binary_search_by_key(&o, |i| i.offset).ok())
                        .map(|found| found as u32)
                }
                Header::RefDelta { base_id } => {
                    let known = by_number.get_or_insert_with(|| {
                        (0..)
                            .zip(&self.items)
                            .map(|(at, item)| (item.number, at))
                            .collect()
                    });
                    numbers
                        .get(base_id.as_slice())
                        .and_then(|n| known.get(&n).copied())
                }
                Header::Commit => self.root(at, ObjectKind::Commit),
                Header::Tree => self.root(at, ObjectKind::Tree),
                Header::Blob => self.root(at, ObjectKind::Blob),
                Header::Tag => self.root(at, ObjectKind::Tag),
            };
            if let Some(base) = base.filter(|base| *base != at)
                && let Some(item) = self.items.get_mut(at as usize)
            {
                item.base = base;
            }
        }
        self.gather();
        self.settle();
    }

    fn root(&mut self, at: u32, kind: ObjectKind) -> Option<u32> {
        self.set_state(at, State::Kind(kind));
        None
    }

    /// Sorts the deltas by their bases, by counting.
    fn gather(&mut self) {
        let mut total = 0;
        for at in 0..self.items.len() {
            let base = self.items.get(at).map_or(NONE, |item| item.base);
            if let Some(base) = self.items.get_mut(base as usize) {
                base.deltas_end += 1;
                total += 1;
            }
        }
        let mut start = 0;
        for item in &mut self.items {
            let count = std::mem::replace(&mut item.deltas_end, start);
            start += count;
        }
        self.deltas = vec![NONE; total];
        for at in 0..self.items.len() as u32 {
            let base = self.item(at).map_or(NONE, |item| item.base);
            let Some(base) = self.items.get_mut(base as usize) else {
                continue;
            };
            if let Some(slot) = self.deltas.get_mut(base.deltas_end as usize) {
                *slot = at;
            }
            base.deltas_end += 1;
        }
    }

    /// Where in [`Pack::deltas`] those stand that are made from an entry.
    fn made_from(&self, at: u32) -> Range<u32> {
        let end = |at: u32| self.item(at).map_or(0, |item| item.deltas_end);
        at.checked_sub(1).map_or(0, end)..end(at)
    }

    fn delta(&self, cursor: u32) -> u32 {
        self.deltas.get(cursor as usize).copied().unwrap_or(NONE)
    }

    fn set_state(&mut self, at: u32, state: State) {
        if let Some(item) = self.items.get_mut(at as usize) {
            item.state = state;
        }
    }

    /// Gives every delta the kind of its root, level by level.
    fn settle(&mut self) {
        for at in 0..self.items.len() as u32 {
            if self.item(at).is_some_and(|item| item.base == NONE) {
                self.hand_down(at, 1);
            }
        }
        let mut from = 0;
        let mut depth = 1;
        while from < self.order.len() {
            let level = from..self.order.len();
            from = self.order.len();
            depth += 1;
            for at in level {
                let at = self.order.get(at).copied().unwrap_or(NONE);
                self.hand_down(at, depth);
            }
        }
    }

    /// Gives what is made from an entry at `depth` its state, unless the entry has no kind itself.
    fn hand_down(&mut self, at: u32, depth: usize) {
        let Some(item) = self.item(at).copied() else {
            return;
        };
        if item.state == State::Failed(Failure::BadEntry)
            || item.state == State::Failed(Failure::NoBase)
        {
            return;
        }
        let state = if depth > DELTA_CHAIN {
            State::Failed(Failure::LongChain)
        } else {
            item.state
        };
        for cursor in self.made_from(at) {
            let delta = self.delta(cursor);
            self.set_state(delta, state);
            self.order.push(delta);
        }
    }

    /// Which entries have to be decoded so that every wanted one can be.
    pub(crate) fn needed(&self, wanted: &dyn Fn(u32, ObjectKind) -> bool) -> Vec<bool> {
        let mut needed = vec![false; self.items.len()];
        let whole = (0..self.items.len() as u32).rev();
        let whole = whole.filter(|at| self.item(*at).is_some_and(|item| item.base == NONE));
        for at in self.order.iter().rev().copied().chain(whole) {
            let Some(item) = self.item(at) else { continue };
            let State::Kind(kind) = item.state else {
                continue;
            };
            let slot = needed.get_mut(at as usize);
            let need = slot.is_some_and(|slot| {
                *slot = *slot || wanted(item.number, kind);
                *slot
            });
            if let Some(base) = needed.get_mut(item.base as usize).filter(|_| need) {
                *base = true;
            }
        }
        needed
    }
}

#[cfg(test)]
mod tests;
