//! Entries in delta order: a stack of bases, each kept until its last delta is made.

use std::ops::ControlFlow;

use gix::zlib::{Decompress, FlushDecompress, Inflate, Status};
use lychgate_model::ObjectKind;
use lychgate_model::limits::{DELTA_RESULT, PIECE, WHOLE_OBJECT};

use super::{Failure, NONE, Pack, PackSink, State};
use crate::delta;

/// Bytes of delta bases kept while their other deltas wait; above it they are decoded again.
/// Git's `index-pack` keeps as many (`core.deltaBaseCacheLimit`).
pub(super) const HELD: usize = 96 << 20;

/// Buffers above this are given back instead of used again.
const KEPT: usize = 4 << 20;

impl Pack {
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
    /// Of the deltas made from it, the next, as a place in [`Pack::deltas`].
    next: Option<u32>,
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
        if size > DELTA_RESULT {
            self.pieces(at, kind, size, body, sink)?;
            return self.below(at, Failure::LargeResult, sink);
        }
        // A large tree is read whole, for what it names.
        if size > WHOLE_OBJECT && kind == ObjectKind::Blob && self.next_delta(at, None).is_none() {
            return self.pieces(at, kind, size, body, sink);
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
        let (base_at, cursor) = (frame.at, frame.next);
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
        let Some(cursor) = cursor else {
            self.frames.truncate(top);
            self.recycle(base);
            return ControlFlow::Continue(());
        };
        let at = self.pack.delta(cursor);
        let next = self.next_delta(base_at, Some(cursor));
        let mut result = self.spare.pop().unwrap_or_default();
        let outcome = self.apply(at, base.content(), &mut result);
        if outcome.is_ok() {
            let made_from = Some((self.number(base_at), base.content()));
            sink.object(self.number(at), kind, result.content(), made_from)?;
        }
        if next.is_none() {
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
        let next = self.next_delta(at, None);
        if next.is_none() {
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
            if self.held <= self.pack.held {
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
        let mut stack = vec![at];
        while let Some(at) = stack.pop() {
            for cursor in self.pack.made_from(at) {
                let delta = self.pack.delta(cursor);
                if let Some(item) = self.pack.item(delta)
                    && matches!(item.state, State::Kind(_))
                {
                    sink.failed(item.number, why)?;
                }
                stack.push(delta);
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

    /// The first needed one of the deltas made from an entry, after one of them if need be.
    fn next_delta(&self, base: u32, after: Option<u32>) -> Option<u32> {
        let mut rest = self.pack.made_from(base);
        if let Some(after) = after {
            rest.start = after + 1;
        }
        rest.find(|cursor| {
            let delta = self.pack.delta(*cursor) as usize;
            self.needed.get(delta) == Some(&true)
        })
    }
}
