//! Entries in delta order: a stack of bases, each kept until its last delta is made.

use std::ops::{ControlFlow, Range};

use lychgate_model::ObjectKind;
use lychgate_model::limits::{PIECE, WHOLE_OBJECT};

use super::{Entry, Failure, NONE, Pack, PackSink, Reader, State};
use crate::delta;
use crate::inflate::Whole;
use crate::objects::Inflater;

/// Bytes of delta bases kept while their other deltas wait; above it they are decoded again.
/// Git's `index-pack` keeps as many (`core.deltaBaseCacheLimit`).
pub(super) const HELD: usize = 96 << 20;

/// Bytes of buffers kept to be used again; beyond that they are given back.
const KEPT: usize = 4 << 20;

impl Pack {
    /// Decodes the entries that are `needed`. Those that cannot be are told first.
    pub(crate) fn decode(&self, needed: &[bool], sink: &mut dyn PackSink) -> ControlFlow<()> {
        for (number, state) in self.numbers().zip(&self.states) {
            if let State::Failed(why) = *state {
                sink.failed(number, why)?;
            }
        }
        let mut decoder = Decoder {
            pack: self,
            reader: self.reader(),
            needed,
            whole: Whole::default(),
            pieces: Inflater::default(),
            scratch: Buffer::default(),
            spare: Vec::new(),
            spared: 0,
            frames: Vec::new(),
            held: 0,
        };
        for at in 0..self.count() {
            if let State::Kind(kind) = self.state(at)
                && self.base(at) == NONE
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
    reader: Reader<'p>,
    needed: &'p [bool],
    whole: Whole,
    /// For streams that are not at hand whole.
    pieces: Inflater,
    scratch: Buffer,
    /// Buffers to be used again, and their bytes.
    spare: Vec<Buffer>,
    spared: usize,
    frames: Vec<Frame>,
    held: usize,
}

impl Decoder<'_> {
    fn root(&mut self, at: u32, kind: ObjectKind, sink: &mut dyn PackSink) -> ControlFlow<()> {
        let Some((entry, body)) = self.entry(at) else {
            return self.failed(at, Failure::BadEntry, sink);
        };
        let size = entry.size;
        if size > self.pack.limits.result {
            self.pieces(at, kind, size, body, sink)?;
            return self.below(at, Failure::LargeResult, sink);
        }
        // A large tree is read whole, for what it names.
        if size > WHOLE_OBJECT && kind == ObjectKind::Blob && self.next_delta(at, None).is_none() {
            return self.pieces(at, kind, size, body, sink);
        }
        let mut content = self.buffer();
        if !self.whole(body, size, &mut content) {
            self.recycle(content);
            return self.failed(at, Failure::BadEntry, sink);
        }
        sink.object(self.pack.number(at), kind, content.content(), None)?;
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
        let mut result = self.buffer();
        let outcome = self.apply(at, base.content(), &mut result);
        if outcome.is_ok() {
            let made_from = Some((self.pack.number(base_at), base.content()));
            sink.object(self.pack.number(at), kind, result.content(), made_from)?;
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
        let mut base = self.pack.base(at);
        while base != NONE {
            chain.push(base);
            base = self.pack.base(base);
        }
        let mut content = Buffer::default();
        for at in chain.into_iter().rev() {
            if self.pack.base(at) == NONE {
                let (entry, body) = self.entry(at)?;
                self.whole(body, entry.size, &mut content).then_some(())?;
            } else {
                let mut result = Buffer::default();
                self.apply(at, content.content(), &mut result).ok()?;
                content = result;
            }
        }
        Some(content)
    }

    fn buffer(&mut self) -> Buffer {
        let buffer = self.spare.pop().unwrap_or_default();
        self.spared -= buffer.bytes.len();
        buffer
    }

    /// The head of an entry, and where its stream stands.
    fn entry(&mut self, at: u32) -> Option<(Entry, Range<u64>)> {
        let extent = self.pack.extent(at)?;
        let entry = self.reader.head(extent.start, extent.end)?;
        Some((entry, extent.start + entry.head as u64..extent.end))
    }

    fn apply(&mut self, at: u32, base: &[u8], result: &mut Buffer) -> Result<(), Failure> {
        let (entry, body) = self.entry(at).ok_or(Failure::BadEntry)?;
        if entry.size > self.pack.limits.result {
            return Err(Failure::LargeResult);
        }
        let mut scratch = std::mem::take(&mut self.scratch);
        let outcome = (|| {
            if !self.whole(body, entry.size, &mut scratch) {
                return Err(Failure::BadEntry);
            }
            let delta = scratch.content();
            let head = delta::head(delta).ok_or(Failure::BadDelta)?;
            if head.result > self.pack.limits.result {
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
    fn whole(&mut self, body: Range<u64>, size: u64, into: &mut Buffer) -> bool {
        let Ok(size) = usize::try_from(size) else {
            return false;
        };
        let Self {
            reader,
            whole,
            pieces,
            ..
        } = self;
        let room = into.room(size);
        let input = reader.bytes(body.clone());
        if input.len() as u64 == body.end - body.start {
            return whole.inflate(input, room).is_some();
        }
        pieces.begin();
        let (mut read, mut written) = (0, 0);
        loop {
            let input = reader.bytes(body.start.saturating_add(read)..body.end);
            let rest = room.get_mut(written..).unwrap_or_default();
            // An empty room would end the call before the stream.
            let mut none = [0; 1];
            let output = if rest.is_empty() { &mut none } else { rest };
            let Some(progress) = pieces.step(input, output) else {
                return false;
            };
            read += progress.read as u64;
            written += progress.written;
            if progress.ended {
                return written == size;
            }
            if written > size || (progress.read == 0 && progress.written == 0) {
                return false;
            }
        }
    }

    /// Hands a whole entry on in pieces, without ever holding it.
    fn pieces(
        &mut self,
        at: u32,
        kind: ObjectKind,
        size: u64,
        body: Range<u64>,
        sink: &mut dyn PackSink,
    ) -> ControlFlow<()> {
        sink.begin(self.pack.number(at), kind, size)?;
        self.pieces.begin();
        let mut piece = vec![0; PIECE];
        let (mut read, mut written) = (0, 0);
        loop {
            let from = body.start.saturating_add(read);
            let to = body.end.min(from.saturating_add(PIECE as u64));
            let input = self.reader.bytes(from..to);
            let Some(progress) = self.pieces.step(input, &mut piece) else {
                return sink.failed(self.pack.number(at), Failure::BadEntry);
            };
            read += progress.read as u64;
            written += progress.written as u64;
            if written > size {
                return sink.failed(self.pack.number(at), Failure::Longer);
            }
            sink.piece(piece.get(..progress.written).unwrap_or_default())?;
            if progress.ended && written == size {
                return ControlFlow::Continue(());
            }
            if progress.ended || (progress.read == 0 && progress.written == 0) {
                return sink.failed(self.pack.number(at), Failure::BadEntry);
            }
        }
    }

    fn failed(&mut self, at: u32, why: Failure, sink: &mut dyn PackSink) -> ControlFlow<()> {
        sink.failed(self.pack.number(at), why)?;
        self.below(at, why, sink)
    }

    /// Everything made from an entry that cannot be held fails with it.
    fn below(&mut self, at: u32, why: Failure, sink: &mut dyn PackSink) -> ControlFlow<()> {
        let mut stack = vec![at];
        while let Some(at) = stack.pop() {
            for cursor in self.pack.made_from(at) {
                let delta = self.pack.delta(cursor);
                if matches!(self.pack.state(delta), State::Kind(_)) {
                    sink.failed(self.pack.number(delta), why)?;
                }
                stack.push(delta);
            }
        }
        ControlFlow::Continue(())
    }

    fn recycle(&mut self, buffer: Buffer) {
        let bytes = self.spared + buffer.bytes.len();
        if bytes <= KEPT {
            self.spared = bytes;
            self.spare.push(buffer);
        }
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
