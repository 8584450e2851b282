//! A pack read in delta order: every object decoded once, each delta while its base is at hand.

mod decode;
mod entry;
mod index;
mod reader;

use std::fs::File;
use std::ops::{ControlFlow, Range};
use std::path::Path;
use std::sync::Arc;

use lychgate_model::limits::Deltas;
use lychgate_model::{HashKind, ObjectKind, Unread};

pub(crate) use self::entry::{Entry, Form};
pub(crate) use self::index::{Inconsistent, PackIndex};
use self::reader::Reader;
use crate::error::{Error, shown};
use crate::numbers::Numbers;

/// Takes the objects of a pack.
pub(crate) trait PackSink {
    /// Asked of a blob that is a delta, before it is made: whether it need not be, since the delta
    /// is enough or nothing is wanted. The delta fits its base.
    fn takes(
        &mut self,
        _number: u32,
        _size: u64,
        _base: u32,
        _delta: &[u8],
    ) -> ControlFlow<(), bool> {
        ControlFlow::Continue(false)
    }
    /// One object. `base`: what it was made from.
    fn object(
        &mut self,
        number: u32,
        kind: ObjectKind,
        content: &[u8],
        base: Option<Base<'_>>,
    ) -> ControlFlow<()>;
    /// One object too large to be held: `size` bytes follow in pieces.
    fn begin(&mut self, number: u32, kind: ObjectKind, size: u64) -> ControlFlow<()>;
    /// A piece of the object begun last.
    fn piece(&mut self, piece: &[u8]) -> ControlFlow<()>;
    /// An object that cannot be decoded, maybe after some of its pieces.
    fn failed(&mut self, number: u32, why: Failure) -> ControlFlow<()>;
}

/// What an object was made from.
#[derive(Clone, Copy)]
pub(crate) struct Base<'b> {
    pub(crate) number: u32,
    pub(crate) content: &'b [u8],
    /// How it was made from it.
    pub(crate) delta: &'b [u8],
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

    pub(crate) fn text(self) -> String {
        match self {
            Self::LongChain => Unread::LongChain.to_string(),
            Self::LargeResult => Unread::LargeResult.to_string(),
            Self::NoBase => "its delta base is not in its pack".to_owned(),
            Self::BadEntry => "its pack entry cannot be inflated".to_owned(),
            Self::BadDelta => "its delta does not fit its base".to_owned(),
            Self::Longer => "it is larger than it says".to_owned(),
        }
    }
}

const NONE: u32 = u32::MAX;

#[derive(Clone, Copy, PartialEq, Eq)]
enum State {
    Kind(ObjectKind),
    /// It cannot be decoded, nor what is made from it.
    Failed(Failure),
}

/// Where each entry begins and the number of its object, in pack order.
enum Entries {
    /// Of a pack below 4 GiB, in one word: the offset, then the number.
    Short(Vec<u64>),
    Long(Vec<(u64, u32)>),
}

impl Entries {
    fn len(&self) -> usize {
        match self {
            Self::Short(all) => all.len(),
            Self::Long(all) => all.len(),
        }
    }

    fn get(&self, at: usize) -> Option<(u64, u32)> {
        match self {
            Self::Short(all) => all.get(at).map(|word| (word >> 32, *word as u32)),
            Self::Long(all) => all.get(at).copied(),
        }
    }

    /// The entry that begins at `offset`.
    fn find(&self, offset: u64) -> Option<usize> {
        let found = match self {
            Self::Short(all) => all.binary_search_by_key(&offset, |word| word >> 32),
            Self::Long(all) => all.binary_search_by_key(&offset, |entry| entry.0),
        };
        found.ok()
    }
}

/// A pack and its index: which entry is made from which.
pub(crate) struct Pack {
    file: File,
    /// Where the entries end.
    end: u64,
    hash: HashKind,
    entries: Entries,
    states: Vec<State>,
    /// The entry each is made from; empty when there is no delta.
    bases: Vec<u32>,
    /// Entries that have a base here, those of one base together.
    deltas: Vec<u32>,
    /// Where in [`Pack::deltas`] those made from an entry end; they begin where those of the
    /// entry before end. Empty when there is no delta.
    deltas_end: Vec<u32>,
    /// Bytes of delta bases kept while their other deltas wait.
    held: usize,
    limits: Deltas,
    /// How many deltas were carried out.
    #[cfg(test)]
    made: std::cell::Cell<usize>,
}

impl Pack {
    /// Opens `x.pack` beside the index `x.idx` and numbers its objects: by the rows of the index,
    /// where nothing has a number yet.
    pub(crate) fn open(
        index: &Path,
        kind: HashKind,
        limits: Deltas,
        numbers: &mut Numbers,
    ) -> Result<Self, Error> {
        let damaged = || Error::corrupt(format!("pack index {}", shown(index)));
        let (rows, are_rows) = match numbers.adopted(index) {
            Some(rows) => (rows, true),
            None => {
                let rows = PackIndex::open(index, kind).map_err(Error::io("read", index))?;
                let rows = Arc::new(rows.ok_or_else(damaged)?);
                let adopted = numbers.adopt(index, &rows);
                (rows, adopted.map_err(|Inconsistent| damaged())?)
            }
        };
        let number = |row: usize| {
            if are_rows {
                return Some(numbers.of_row(u32::try_from(row).ok()?));
            }
            numbers.number(rows.id(row)?).ok()
        };
        let entries = Self::sorted(&rows, number).ok_or_else(damaged)?;
        let path = index.with_extension("pack");
        let file = File::open(&path).map_err(Error::io("open", &path))?;
        let end = Reader::end_of(&file, kind).map_err(Error::io("read", &path))?;
        let damaged = || Error::corrupt(format!("pack {}", shown(&path)));
        let mut pack = Self {
            file,
            end: end.ok_or_else(damaged)?,
            hash: kind,
            states: vec![State::Failed(Failure::NoBase); entries.len()],
            entries,
            bases: Vec::new(),
            deltas: Vec::new(),
            deltas_end: Vec::new(),
            held: decode::HELD,
            limits,
            #[cfg(test)]
            made: std::cell::Cell::default(),
        };
        pack.link(&rows);
        Ok(pack)
    }

    fn sorted(rows: &PackIndex, mut number: impl FnMut(usize) -> Option<u32>) -> Option<Entries> {
        let count = rows.count();
        u32::try_from(count).ok().filter(|count| *count < NONE)?;
        let mut short = Vec::with_capacity(count);
        let mut row = 0;
        while let Some(offset) = rows.offset(row).filter(|_| row < count) {
            if offset >> 32 != 0 {
                break;
            }
            short.push(offset << 32 | u64::from(number(row)?));
            row += 1;
        }
        if row == count {
            short.sort_unstable();
            return Some(Entries::Short(short));
        }
        let before = short.iter().map(|word| (word >> 32, *word as u32));
        let mut long: Vec<(u64, u32)> = before.collect();
        drop(short);
        for row in row..count {
            long.push((rows.offset(row)?, number(row)?));
        }
        long.sort_unstable();
        Some(Entries::Long(long))
    }

    fn count(&self) -> u32 {
        u32::try_from(self.entries.len()).unwrap_or(NONE)
    }

    /// Numbers of all objects, in pack order.
    pub(crate) fn numbers(&self) -> impl DoubleEndedIterator<Item = u32> + '_ {
        (0..self.count()).map(|at| self.number(at))
    }

    /// Numbers of the commits.
    pub(crate) fn commits(&self) -> impl Iterator<Item = u32> + '_ {
        let of = self.numbers().zip(&self.states);
        of.filter(|(_, state)| **state == State::Kind(ObjectKind::Commit))
            .map(|(number, _)| number)
    }

    /// Numbers of the whole entries after the last delta, last first: where `index-pack` appends
    /// the bases that a thin pack left out.
    pub(crate) fn tail(&self) -> impl Iterator<Item = u32> + '_ {
        let is_whole =
            |at: &u32| self.base(*at) == NONE && matches!(self.state(*at), State::Kind(_));
        let whole = (0..self.count()).rev().take_while(is_whole);
        whole.map(|at| self.number(at))
    }

    fn number(&self, at: u32) -> u32 {
        self.entries.get(at as usize).map_or(NONE, |entry| entry.1)
    }

    fn base(&self, at: u32) -> u32 {
        self.bases.get(at as usize).copied().unwrap_or(NONE)
    }

    fn state(&self, at: u32) -> State {
        let state = self.states.get(at as usize).copied();
        state.unwrap_or(State::Failed(Failure::BadEntry))
    }

    fn set_state(&mut self, at: u32, state: State) {
        if let Some(slot) = self.states.get_mut(at as usize) {
            *slot = state;
        }
    }

    /// Where an entry begins, and where the next one does.
    fn extent(&self, at: u32) -> Option<Range<u64>> {
        let at = at as usize;
        let start = self.entries.get(at)?.0;
        let end = self.entries.get(at + 1).map_or(self.end, |next| next.0);
        Some(start..end.max(start))
    }

    fn reader(&self) -> Reader<'_> {
        Reader::new(&self.file, self.end, self.hash)
    }

    /// Finds every entry's base, then bases before deltas, with kinds and chain lengths.
    fn link(&mut self, rows: &PackIndex) {
        let mut bases = Vec::new();
        let mut states = std::mem::take(&mut self.states);
        let mut reader = self.reader();
        for (at, state) in (0..).zip(&mut states) {
            let head = self
                .extent(at)
                .and_then(|extent| reader.head(extent.start, extent.end));
            let base = match head.map(|head| head.form) {
                None => {
                    *state = State::Failed(Failure::BadEntry);
                    continue;
                }
                Some(Form::Whole(kind)) => {
                    *state = State::Kind(kind);
                    continue;
                }
                Some(Form::DeltaAt(offset)) => self.entries.find(offset),
                Some(Form::DeltaOf(id)) => {
                    let row = rows.find(id.as_bytes()).ok().flatten();
                    let offset = row.and_then(|row| rows.offset(row));
                    offset.and_then(|offset| self.entries.find(offset))
                }
            };
            let base = base.and_then(|base| u32::try_from(base).ok());
            if let Some(base) = base.filter(|base| *base != at) {
                if bases.is_empty() {
                    bases = vec![NONE; self.entries.len()];
                }
                if let Some(slot) = bases.get_mut(at as usize) {
                    *slot = base;
                }
            }
        }
        self.states = states;
        self.bases = bases;
        if !self.bases.is_empty() {
            self.gather();
            self.settle();
        }
    }

    /// Sorts the deltas by their bases, by counting.
    fn gather(&mut self) {
        let mut ends = vec![0u32; self.bases.len()];
        let mut total = 0;
        for &base in &self.bases {
            if let Some(count) = ends.get_mut(base as usize) {
                *count += 1;
                total += 1;
            }
        }
        let mut start = 0;
        for end in &mut ends {
            let count = std::mem::replace(end, start);
            start += count;
        }
        self.deltas = vec![NONE; total];
        for (at, &base) in (0..).zip(&self.bases) {
            let Some(end) = ends.get_mut(base as usize) else {
                continue;
            };
            if let Some(slot) = self.deltas.get_mut(*end as usize) {
                *slot = at;
            }
            *end += 1;
        }
        self.deltas_end = ends;
    }

    /// Where in [`Pack::deltas`] those stand that are made from an entry.
    fn made_from(&self, at: u32) -> Range<u32> {
        let end = |at: u32| self.deltas_end.get(at as usize).copied().unwrap_or(0);
        at.checked_sub(1).map_or(0, end)..end(at)
    }

    fn delta(&self, cursor: u32) -> u32 {
        self.deltas.get(cursor as usize).copied().unwrap_or(NONE)
    }

    /// Gives every delta the kind of its root, level by level.
    fn settle(&mut self) {
        let mut level: Vec<u32> = (0..self.count())
            .filter(|at| self.base(*at) == NONE && matches!(self.state(*at), State::Kind(_)))
            .filter(|at| !self.made_from(*at).is_empty())
            .collect();
        let mut depth = 1;
        while !level.is_empty() {
            let mut below = Vec::new();
            for at in level {
                let state = if depth > self.limits.chain {
                    State::Failed(Failure::LongChain)
                } else {
                    self.state(at)
                };
                for cursor in self.made_from(at) {
                    let delta = self.delta(cursor);
                    self.set_state(delta, state);
                    below.push(delta);
                }
            }
            level = below;
            depth += 1;
        }
    }

    /// Which entries have to be decoded so that every wanted one can be.
    pub(crate) fn needed(&self, wanted: &dyn Fn(u32, ObjectKind) -> bool) -> Vec<bool> {
        let mut needed = vec![false; self.entries.len()];
        for at in 0..self.count() {
            let mut next = match self.state(at) {
                State::Kind(kind) if wanted(self.number(at), kind) => at,
                _ => continue,
            };
            while let Some(slot) = needed.get_mut(next as usize).filter(|slot| !**slot) {
                *slot = true;
                next = self.base(next);
            }
        }
        needed
    }
}

#[cfg(test)]
mod tests;
