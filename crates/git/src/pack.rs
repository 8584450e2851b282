//! A pack read in delta order: every object decoded once, each delta while its base is at hand.

use std::collections::HashMap;
use std::ops::ControlFlow;
use std::path::Path;

use gix::odb::pack::data::{Entry, File, entry::Header};
use gix::zlib::{Decompress, FlushDecompress, Inflate, Status};
use lychgate_model::limits::{DELTA_CHAIN, DELTA_RESULT, PIECE, WHOLE_OBJECT};
use lychgate_model::{HashKind, ObjectKind};

use crate::delta;
use crate::error::{Error, shown};
use crate::numbers::Numbers;

/// Bytes of delta bases kept while their other deltas wait; above it they are decoded again.
/// Git's `index-pack` keeps as many (`core.deltaBaseCacheLimit`).
const HELD: usize = 96 << 20;

/// Buffers above this are given back instead of used again.
const KEPT: usize = 4 << 20;

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
    first_child: u32,
    next_sibling: u32,
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
    /// Bases before what is made from them; entries reached from no whole one are left out.
    order: Vec<u32>,
}

impl Pack {
    /// Opens `x.pack` beside the index `x.idx` and numbers its objects.
    pub(crate) fn open(index: &Path, kind: HashKind, numbers: &mut Numbers) -> Result<Self, Error> {
        let mut entries = {
            let bytes = std::fs::read(index).map_err(Error::io("read", index))?;
            numbers.reserve(bytes.len() / (kind.len() + 8));
            crate::packindex::entries(&bytes, kind, numbers)
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
                first_child: NONE,
                next_sibling: NONE,
                state: State::Failed(Failure::NoBase),
            })
            .collect();
        let mut pack = Self {
            data,
            hash,
            items,
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
            if let Some(base) = base.filter(|base| *base != at) {
                let next = self.items.get_mut(base as usize);
                let first = next.map_or(NONE, |b| std::mem::replace(&mut b.first_child, at));
                if let Some(item) = self.items.get_mut(at as usize) {
                    item.base = base;
                    item.next_sibling = first;
                }
            }
        }
        self.settle();
    }

    fn root(&mut self, at: u32, kind: ObjectKind) -> Option<u32> {
        self.set_state(at, State::Kind(kind));
        self.order.push(at);
        None
    }

    fn set_state(&mut self, at: u32, state: State) {
        if let Some(item) = self.items.get_mut(at as usize) {
            item.state = state;
        }
    }

    /// Gives every delta the kind of its root, level by level.
    fn settle(&mut self) {
        let mut from = 0;
        let mut depth = 0;
        while from < self.order.len() {
            let level = from..self.order.len();
            from = self.order.len();
            depth += 1;
            for at in level {
                let Some(item) = self.order.get(at).and_then(|at| self.item(*at)).copied() else {
                    continue;
                };
                let mut child = item.first_child;
                while let Some(next) = self.item(child).map(|c| c.next_sibling) {
                    let state = if depth > DELTA_CHAIN {
                        State::Failed(Failure::LongChain)
                    } else {
                        item.state
                    };
                    self.set_state(child, state);
                    self.order.push(child);
                    child = next;
                }
            }
        }
    }

    /// Which entries have to be decoded so that every wanted one can be.
    pub(crate) fn needed(&self, wanted: &dyn Fn(u32, ObjectKind) -> bool) -> Vec<bool> {
        let mut needed = vec![false; self.items.len()];
        for &at in self.order.iter().rev() {
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

    /// Decodes the entries that are `needed`. Those that cannot be are told first.
    pub(crate) fn decode(&self, needed: &[bool], sink: &mut dyn PackSink) -> ControlFlow<()> {
        for item in &self.items {
            if let State::Failed(why) = item.state {
                sink.failed(item.number, why)?;
            }
        }
        let mut decoder = Decoder {
            pack: self,
            needed,
            inflate: Inflate::default(),
            scratch: Buffer::default(),
            spare: Vec::new(),
            frames: Vec::new(),
            held: 0,
        };
        for at in 0..self.items.len() as u32 {
            let Some(item) = self.item(at) else { continue };
            if let State::Kind(kind) = item.state
                && item.base == NONE
                && needed.get(at as usize) == Some(&true)
            {
                decoder.root(at, kind, sink)?;
            }
        }
        ControlFlow::Continue(())
    }
}

/// A buffer that is only ever grown: what is behind `len` was zeroed or written before.
#[derive(Default)]
struct Buffer {
    bytes: Vec<u8>,
    len: usize,
}

impl Buffer {
    fn room(&mut self, len: usize) -> &mut [u8] {
        if self.bytes.len() < len {
            self.bytes.resize(len, 0);
        }
        self.len = len;
        self.bytes.get_mut(..len).unwrap_or_default()
    }

    fn content(&self) -> &[u8] {
        self.bytes.get(..self.len).unwrap_or_default()
    }
}

/// A decoded entry some of whose deltas are still to be decoded.
struct Frame {
    at: u32,
    next: u32,
    content: Option<Buffer>,
}

struct Decoder<'p> {
    pack: &'p Pack,
    needed: &'p [bool],
    inflate: Inflate,
    scratch: Buffer,
    spare: Vec<Buffer>,
    frames: Vec<Frame>,
    held: usize,
}

impl Decoder<'_> {
    fn root(&mut self, at: u32, kind: ObjectKind, sink: &mut dyn PackSink) -> ControlFlow<()> {
        let Some((entry, body)) = self.pack.entry(at) else {
            return self.failed(at, Failure::BadEntry, sink);
        };
        let size = entry.decompressed_size;
        if size > WHOLE_OBJECT && (size > DELTA_RESULT || self.child_from(self.first(at)) == NONE) {
            self.pieces(at, kind, size, body, sink)?;
            return self.below(at, Failure::LargeResult, sink);
        }
        let mut content = self.spare.pop().unwrap_or_default();
        if !self.whole(body, size, &mut content) {
            self.recycle(content);
            return self.failed(at, Failure::BadEntry, sink);
        }
        sink.object(self.number(at), kind, content.content(), None)?;
        self.push(at, content);
        while let Some(top) = self.frames.len().checked_sub(1) {
            self.step(top, kind, sink)?;
        }
        ControlFlow::Continue(())
    }

    /// Decodes the next delta of the frame on top; the frame goes with its last.
    fn step(&mut self, top: usize, kind: ObjectKind, sink: &mut dyn PackSink) -> ControlFlow<()> {
        let Some(frame) = self.frames.get_mut(top) else {
            return ControlFlow::Break(());
        };
        let (base_at, at) = (frame.at, frame.next);
        let content = frame.content.take();
        let base = match content {
            Some(content) => {
                self.held = self.held.saturating_sub(content.len);
                content
            }
            None => match self.again(base_at) {
                Some(content) => content,
                None => {
                    self.frames.truncate(top);
                    return self.below(base_at, Failure::BadDelta, sink);
                }
            },
        };
        if at == NONE {
            self.frames.truncate(top);
            self.recycle(base);
            return ControlFlow::Continue(());
        }
        let next = self.child_from(self.pack.item(at).map_or(NONE, |item| item.next_sibling));
        let mut result = self.spare.pop().unwrap_or_default();
        let outcome = self.apply(at, base.content(), &mut result);
        if outcome.is_ok() {
            let made_from = Some((self.number(base_at), base.content()));
            sink.object(self.number(at), kind, result.content(), made_from)?;
        }
        if next == NONE {
            self.frames.truncate(top);
            self.recycle(base);
        } else if let Some(frame) = self.frames.get_mut(top) {
            frame.next = next;
            self.held += base.len;
            frame.content = Some(base);
        }
        match outcome {
            Ok(()) => self.push(at, result),
            Err(why) => {
                self.recycle(result);
                self.failed(at, why, sink)?;
            }
        }
        ControlFlow::Continue(())
    }

    fn push(&mut self, at: u32, content: Buffer) {
        let next = self.child_from(self.first(at));
        if next == NONE {
            return self.recycle(content);
        }
        self.held += content.len;
        self.frames.push(Frame {
            at,
            next,
            content: Some(content),
        });
        let top = self.frames.len() - 1;
        for below in 0..top {
            if self.held <= HELD {
                break;
            }
            let dropped = self
                .frames
                .get_mut(below)
                .and_then(|frame| frame.content.take());
            self.held -= dropped.map_or(0, |content| content.len);
        }
    }

    /// Decodes an entry once more whose content was given up for memory.
    fn again(&mut self, at: u32) -> Option<Buffer> {
        let mut chain = vec![at];
        let mut base = self.pack.item(at)?.base;
        while let Some(item) = self.pack.item(base) {
            chain.push(base);
            base = item.base;
        }
        let mut content = Buffer::default();
        for at in chain.into_iter().rev() {
            let (entry, body) = self.pack.entry(at)?;
            if entry.header.is_base() {
                let size = entry.decompressed_size;
                self.whole(body, size, &mut content).then_some(())?;
            } else {
                let mut result = Buffer::default();
                self.apply(at, content.content(), &mut result).ok()?;
                content = result;
            }
        }
        Some(content)
    }

    fn apply(&mut self, at: u32, base: &[u8], result: &mut Buffer) -> Result<(), Failure> {
        let (entry, body) = self.pack.entry(at).ok_or(Failure::BadEntry)?;
        if entry.decompressed_size > DELTA_RESULT {
            return Err(Failure::LargeResult);
        }
        let mut scratch = std::mem::take(&mut self.scratch);
        let outcome = (|| {
            if !self.whole(body, entry.decompressed_size, &mut scratch) {
                return Err(Failure::BadEntry);
            }
            let delta = scratch.content();
            let head = delta::head(delta).ok_or(Failure::BadDelta)?;
            if head.result > DELTA_RESULT {
                return Err(Failure::LargeResult);
            }
            let instructions = delta.get(head.instructions..).ok_or(Failure::BadDelta)?;
            if head.base != base.len() as u64 {
                return Err(Failure::BadDelta);
            }
            let room = result.room(usize::try_from(head.result).map_err(|_| Failure::LargeResult)?);
            delta::apply(base, instructions, room).ok_or(Failure::BadDelta)
        })();
        if scratch.bytes.len() <= KEPT {
            self.scratch = scratch;
        }
        outcome
    }

    /// Inflates one stream that has to give exactly `size` bytes.
    fn whole(&mut self, body: &[u8], size: u64, into: &mut Buffer) -> bool {
        let Ok(size) = usize::try_from(size) else {
            return false;
        };
        self.inflate.reset();
        let room = into.room(size);
        matches!(
            self.inflate.once(body, room),
            Ok((Status::StreamEnd, _, written)) if written == size
        ) || (size == 0 && self.inflates_to_nothing(body))
    }

    fn inflates_to_nothing(&mut self, body: &[u8]) -> bool {
        self.inflate.reset();
        matches!(
            self.inflate.once(body, &mut [0; 1]),
            Ok((Status::StreamEnd, _, 0))
        )
    }

    /// Hands a whole entry on in pieces, without ever holding it.
    fn pieces(
        &mut self,
        at: u32,
        kind: ObjectKind,
        size: u64,
        body: &[u8],
        sink: &mut dyn PackSink,
    ) -> ControlFlow<()> {
        sink.begin(self.number(at), kind, size)?;
        let mut state = Decompress::new();
        let mut piece = vec![0; PIECE];
        loop {
            let consumed = usize::try_from(state.total_in()).unwrap_or(usize::MAX);
            let before = state.total_out();
            let input = body.get(consumed..).unwrap_or_default();
            let status = state.decompress(input, &mut piece, FlushDecompress::None);
            let written = usize::try_from(state.total_out() - before).unwrap_or(usize::MAX);
            let stuck = written == 0 && usize::try_from(state.total_in()) == Ok(consumed);
            if state.total_out() > size {
                return sink.failed(self.number(at), Failure::Longer);
            }
            sink.piece(piece.get(..written).unwrap_or_default())?;
            match status {
                Ok(Status::StreamEnd) if state.total_out() == size => {
                    return ControlFlow::Continue(());
                }
                Ok(Status::Ok | Status::BufError) if !stuck => {}
                _ => return sink.failed(self.number(at), Failure::BadEntry),
            }
        }
    }

    fn failed(&mut self, at: u32, why: Failure, sink: &mut dyn PackSink) -> ControlFlow<()> {
        sink.failed(self.number(at), why)?;
        self.below(at, why, sink)
    }

    /// Everything made from an entry that cannot be held fails with it.
    fn below(&mut self, at: u32, why: Failure, sink: &mut dyn PackSink) -> ControlFlow<()> {
        let mut stack = vec![self.first(at)];
        while let Some(at) = stack.pop() {
            if let Some(item) = self.pack.item(at) {
                if matches!(item.state, State::Kind(_)) {
                    sink.failed(item.number, why)?;
                }
                stack.push(item.next_sibling);
                stack.push(item.first_child);
            }
        }
        ControlFlow::Continue(())
    }

    fn recycle(&mut self, buffer: Buffer) {
        if buffer.bytes.len() <= KEPT && self.spare.len() < 16 {
            self.spare.push(buffer);
        }
    }

    fn number(&self, at: u32) -> u32 {
        self.pack.item(at).map_or(NONE, |item| item.number)
    }

    fn first(&self, at: u32) -> u32 {
        self.pack.item(at).map_or(NONE, |item| item.first_child)
    }

    /// The first needed entry in the list of siblings that begins at `at`.
    fn child_from(&self, mut at: u32) -> u32 {
        while let Some(item) = self.pack.item(at) {
            if self.needed.get(at as usize) == Some(&true) {
                return at;
            }
            at = item.next_sibling;
        }
        NONE
    }
}
