//! Entries in delta order: a stack of bases, each kept until its last delta is made.
//!
//! What nobody wants the content of is not made: its delta is kept instead, until something is made
//! from it.

use std::ops::{ControlFlow, Range};

use lychgate_model::limits::{PIECE, WHOLE_OBJECT};
use lychgate_model::{ObjectKind, delta};

use super::{Base, Entry, Failure, NONE, Pack, PackSink, Reader, State};
use crate::inflate::Whole;
use crate::objects::Inflater;

/// Bytes of delta bases kept while their other deltas wait; above it they are decoded again.
/// Git's `index-pack` keeps as many (`core.deltaBaseCacheLimit`).
pub(super) const HELD: usize = 96 << 20;

/// A longer delta is carried out at once.
const LAZY: usize = 32 << 10;

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

/// An entry some of whose deltas are still to be decoded.
struct Frame {
    at: u32,
    /// Of the deltas made from it, the next, as a place in [`Pack::deltas`]; `None`: they are all
    /// on their way.
    next: Option<u32>,
    /// Bytes of its content.
    len: u64,
    content: Option<Buffer>,
    /// How its content is made from that of the frame below, while it is not made.
    delta: Option<Box<[u8]>>,
}

impl Frame {
    fn held(&self) -> usize {
        self.content.as_ref().map_or(0, |content| content.len)
            + self.delta.as_ref().map_or(0, |delta| delta.len())
    }
}

/// One of the entries that an entry is made from, or itself.
struct Link {
    at: u32,
    /// Where its frame is, if it has one.
    frame: Option<usize>,
    /// Whether something else is still to be made from it.
    waits: bool,
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
        self.keep(at, content);
        while let Some(top) = self.frames.len().checked_sub(1) {
            self.step(top, kind, sink)?;
        }
        ControlFlow::Continue(())
    }

    /// Decodes the next delta of the frame on top; the frame goes with its last.
    fn step(&mut self, top: usize, kind: ObjectKind, sink: &mut dyn PackSink) -> ControlFlow<()> {
        let Some(frame) = self.frames.get(top) else {
            return ControlFlow::Break(());
        };
        let (base_at, base_len) = (frame.at, frame.len);
        let Some(cursor) = frame.next else {
            self.pop(top);
            return ControlFlow::Continue(());
        };
        let next = self.next_delta(base_at, Some(cursor));
        if let Some(frame) = self.frames.get_mut(top) {
            frame.next = next;
        }
        let at = self.pack.delta(cursor);
        let mut scratch = std::mem::take(&mut self.scratch);
        let flow = match self.read_delta(at, base_len, &mut scratch) {
            Ok(head) => self.made(top, at, kind, (head, scratch.content()), sink),
            Err(why) => self.failed(at, why, sink),
        };
        if scratch.bytes.len() <= KEPT {
            self.scratch = scratch;
        }
        flow
    }

    /// Makes an entry from that of a frame, or lets it be where its delta is enough.
    fn made(
        &mut self,
        top: usize,
        at: u32,
        kind: ObjectKind,
        (head, delta): (delta::Head, &[u8]),
        sink: &mut dyn PackSink,
    ) -> ControlFlow<()> {
        let Some(frame) = self.frames.get(top) else {
            return ControlFlow::Break(());
        };
        let (base_at, is_last) = (frame.at, frame.next.is_none());
        let (number, base) = (self.pack.number(at), self.pack.number(base_at));
        let instructions = delta.get(head.instructions..).unwrap_or_default();
        if kind == ObjectKind::Blob
            && delta.len() <= LAZY
            && delta::fits(instructions, head.base, head.result)
            && sink.takes(number, head.result, base, delta)?
        {
            let next = self.next_delta(at, None);
            if next.is_some() {
                // Its base stays below it, even with no other delta to make.
                self.push(Frame {
                    at,
                    next,
                    len: head.result,
                    content: None,
                    delta: Some(delta.into()),
                });
            } else if is_last {
                self.pop(top);
            }
            return ControlFlow::Continue(());
        }
        let Some(content) = self.content(top) else {
            self.pop(top);
            return self.below(base_at, Failure::BadDelta, sink);
        };
        let mut result = self.buffer();
        let made = self.apply(head, delta, content.content(), &mut result);
        let outcome = made.ok_or(Failure::BadDelta);
        if outcome.is_ok() {
            let base = Base {
                number: base,
                content: content.content(),
                delta,
            };
            sink.object(number, kind, result.content(), Some(base))?;
        }
        if is_last {
            self.pop(top);
            self.recycle(content);
        } else {
            self.put(top, content);
        }
        match outcome {
            Ok(()) => self.keep(at, result),
            Err(why) => {
                self.recycle(result);
                self.failed(at, why, sink)?;
            }
        }
        ControlFlow::Continue(())
    }

    /// Takes the content of a frame, made once more from what it is made from where it was let be
    /// or given up for memory.
    ///
    /// Of the frames on the way that something is still to be made from, the middle one's is kept,
    /// that in the middle of the rest, and so on: they are asked for next, from the top down, and a
    /// long chain is not to be gone through for each of them.
    fn content(&mut self, top: usize) -> Option<Buffer> {
        if let Some(content) = self.take(top) {
            return Some(content);
        }
        let (chain, from) = self.chain(top)?;
        let mut waiting = chain.iter().filter(|link| link.waits).count();
        let mut skipped = waiting / 2;
        // What the next is made from, and the frame it is kept in.
        let mut base = from.and_then(|place| Some((self.take(place)?, Some(place))));
        for link in chain.into_iter().rev() {
            let mut result = self.buffer();
            let made = match &base {
                Some((base, _)) => self.make(&link, base.content(), &mut result),
                None => self.make_root(link.at, &mut result),
            };
            match base.take() {
                Some((content, Some(home))) => self.put(home, content),
                Some((content, None)) => self.recycle(content),
                None => {}
            }
            made?;
            let mut home = None;
            if link.waits {
                waiting -= 1;
                if skipped > 0 {
                    skipped -= 1;
                } else {
                    skipped = waiting / 2;
                    home = link.frame;
                    home = home.filter(|_| self.held + result.len <= self.pack.held);
                }
            }
            base = Some((result, home));
        }
        self.drop_delta(top);
        base.map(|(content, _)| content)
    }

    /// What a frame is made from, from itself down to what is at hand: the place of a frame, or the
    /// pack alone.
    fn chain(&self, top: usize) -> Option<(Vec<Link>, Option<usize>)> {
        let mut at = self.frames.get(top)?.at;
        let mut chain = Vec::new();
        let mut place = Some(top);
        while at != NONE {
            let frame = place.and_then(|place| self.frames.get(place));
            let frame = frame.filter(|frame| frame.at == at);
            if frame.is_some_and(|frame| frame.content.is_some()) {
                return Some((chain, place));
            }
            chain.push(Link {
                at,
                frame: place.filter(|_| frame.is_some()),
                waits: place != Some(top) && frame.is_some_and(|frame| frame.next.is_some()),
            });
            if frame.is_some() {
                place = place.and_then(|place| place.checked_sub(1));
            }
            at = self.pack.base(at);
        }
        Some((chain, None))
    }

    fn take(&mut self, place: usize) -> Option<Buffer> {
        let content = self.frames.get_mut(place)?.content.take()?;
        self.held = self.held.saturating_sub(content.len);
        Some(content)
    }

    fn put(&mut self, place: usize, content: Buffer) {
        self.drop_delta(place);
        if let Some(frame) = self.frames.get_mut(place) {
            self.held += content.len;
            frame.content = Some(content);
        }
    }

    fn drop_delta(&mut self, place: usize) {
        let frame = self.frames.get_mut(place);
        let delta = frame.and_then(|frame| frame.delta.take());
        self.held = self
            .held
            .saturating_sub(delta.map_or(0, |delta| delta.len()));
    }

    fn make_root(&mut self, at: u32, result: &mut Buffer) -> Option<()> {
        let (entry, body) = self.entry(at)?;
        let fits = entry.size <= self.pack.limits.result;
        (fits && self.whole(body, entry.size, result)).then_some(())
    }

    /// Makes an entry from its base once more.
    fn make(&mut self, link: &Link, base: &[u8], result: &mut Buffer) -> Option<()> {
        let frame = link.frame.and_then(|place| self.frames.get(place));
        if let Some(delta) = frame.and_then(|frame| frame.delta.as_deref()) {
            return self.apply(delta::head(delta)?, delta, base, result);
        }
        let mut delta = self.buffer();
        let head = self.read_delta(link.at, base.len() as u64, &mut delta).ok();
        let made = head.and_then(|head| self.apply(head, delta.content(), base, result));
        self.recycle(delta);
        made
    }

    fn apply(
        &self,
        head: delta::Head,
        delta: &[u8],
        base: &[u8],
        result: &mut Buffer,
    ) -> Option<()> {
        let room = result.room(usize::try_from(head.result).ok()?);
        #[cfg(test)]
        self.pack.made.set(self.pack.made.get() + 1);
        delta::apply(base, delta.get(head.instructions..)?, room)
    }

    /// Puts an entry that was made on the stack, if anything is made from it.
    fn keep(&mut self, at: u32, content: Buffer) {
        let next = self.next_delta(at, None);
        if next.is_none() {
            return self.recycle(content);
        }
        self.push(Frame {
            at,
            next,
            len: content.len as u64,
            content: Some(content),
            delta: None,
        });
    }

    fn push(&mut self, frame: Frame) {
        self.held += frame.held();
        self.frames.push(frame);
        let top = self.frames.len() - 1;
        for below in 0..top {
            if self.held <= self.pack.held {
                break;
            }
            if let Some(frame) = self.frames.get_mut(below) {
                self.held -= frame.held();
                (frame.content, frame.delta) = (None, None);
            }
        }
    }

    /// Takes the frame on top away.
    fn pop(&mut self, top: usize) {
        if let Some(frame) = self.frames.get(top) {
            self.held = self.held.saturating_sub(frame.held());
        }
        let content = self
            .frames
            .drain(top..)
            .next()
            .and_then(|frame| frame.content);
        if let Some(content) = content {
            self.recycle(content);
        }
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

    /// Inflates a delta that is made from a base of so many bytes.
    fn read_delta(
        &mut self,
        at: u32,
        base: u64,
        into: &mut Buffer,
    ) -> Result<delta::Head, Failure> {
        let (entry, body) = self.entry(at).ok_or(Failure::BadEntry)?;
        if entry.size > self.pack.limits.result {
            return Err(Failure::LargeResult);
        }
        if !self.whole(body, entry.size, into) {
            return Err(Failure::BadEntry);
        }
        let head = delta::head(into.content()).ok_or(Failure::BadDelta)?;
        if head.result > self.pack.limits.result {
            return Err(Failure::LargeResult);
        }
        if head.base != base {
            return Err(Failure::BadDelta);
        }
        Ok(head)
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
