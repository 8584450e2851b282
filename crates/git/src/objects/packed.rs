//! Content of packed objects: as they stand, or resolved through their deltas.

use std::ops::ControlFlow;
use std::sync::Arc;

use lychgate_model::{ObjectId, ObjectKind, delta, limits};

use super::inflate::Inflater;
use super::pack::Pack;
use super::{Enough, Header, ObjectSink, Objects, Scratch, within};
use crate::error::Error;
use crate::pack::{Entry, Form};

/// A packed object with the deltas that lead to it.
struct Chain {
    kind: ObjectKind,
    base: Base,
    /// From the object itself to the delta nearest to the base.
    deltas: Vec<Delta>,
}

/// A delta entry.
#[derive(Clone, Copy)]
struct Delta {
    /// Where the entry begins.
    entry: usize,
    /// Where its stream begins.
    data: usize,
    /// Bytes the stream expands to.
    size: u64,
}

/// What the deltas start from.
enum Base {
    Entry {
        entry: usize,
        data: usize,
        size: u64,
    },
    Cached(Arc<Vec<u8>>),
}

/// Bytes of the front of a commit: what it names, and who made it, in nearly all of them.
const FRONT: u64 = 448;

impl Objects {
    pub(super) fn packed_header(
        &self,
        id: ObjectId,
        pack: &Pack,
        at: usize,
        scratch: &mut Scratch,
    ) -> Result<Header, Error> {
        let chain = self.chain(id, pack, at)?;
        let size = size_of(id, pack, &chain, &mut scratch.inflater)?;
        Ok(Header {
            kind: chain.kind,
            size,
        })
    }

    pub(super) fn packed_load(
        &self,
        id: ObjectId,
        pack: &Pack,
        at: usize,
        limit: u64,
        scratch: &mut Scratch,
        into: &mut Vec<u8>,
    ) -> Result<ObjectKind, Error> {
        let chain = self.chain(id, pack, at)?;
        within(id, size_of(id, pack, &chain, &mut scratch.inflater)?, limit)?;
        self.resolve(id, pack, &chain, scratch, into)?;
        Ok(chain.kind)
    }

    pub(super) fn packed_stream(
        &self,
        id: ObjectId,
        pack: &Pack,
        at: usize,
        scratch: &mut Scratch,
        sink: &mut dyn ObjectSink,
    ) -> Result<(), Error> {
        let chain = self.chain(id, pack, at)?;
        if let (true, &Base::Entry { data, size, .. }) = (chain.deltas.is_empty(), &chain.base) {
            let header = Header {
                kind: chain.kind,
                size,
            };
            return stream(id, header, pack.stream(data), scratch, sink);
        }
        let size = size_of(id, pack, &chain, &mut scratch.inflater)?;
        within(id, size, self.deltas().result)?;
        let mut content = Vec::new();
        self.resolve(id, pack, &chain, scratch, &mut content)?;
        if sink.begin(chain.kind, content.len() as u64).is_break() {
            return Ok(());
        }
        for piece in content.chunks(limits::CHUNK) {
            if sink.data(piece).is_break() {
                break;
            }
        }
        Ok(())
    }

    /// Follows the entry at `at` to its base, looking at heads only.
    fn chain(&self, id: ObjectId, pack: &Pack, mut at: usize) -> Result<Chain, Error> {
        let damaged = |what| Error::CorruptObject { id, what };
        let mut deltas = Vec::new();
        loop {
            if let Some((kind, content)) = self.bases.borrow().get((pack.serial, at)) {
                return Ok(Chain {
                    kind,
                    base: Base::Cached(content),
                    deltas,
                });
            }
            let entry = pack
                .entry(at)
                .ok_or(damaged("its entry in a pack is invalid"))?;
            let data = at + entry.head;
            let base = match entry.form {
                Form::Whole(kind) => {
                    let base = Base::Entry {
                        entry: at,
                        data,
                        size: entry.size,
                    };
                    return Ok(Chain { kind, base, deltas });
                }
                Form::DeltaAt(base) => {
                    usize::try_from(base).map_err(|_| damaged("its entry in a pack is invalid"))?
                }
                // Git completes a thin pack before anything can see it.
                Form::DeltaOf(base) => pack
                    .find(base)?
                    .ok_or(damaged("the base of its delta is not in the same pack"))?,
            };
            deltas.push(Delta {
                entry: at,
                data,
                size: entry.size,
            });
            let most = self.deltas().chain;
            if deltas.len() > most {
                let limit = most as u64;
                return Err(Error::TooLarge {
                    id,
                    what: "its chain of deltas",
                    limit,
                });
            }
            at = base;
        }
    }

    /// Decodes the base and applies the deltas, the innermost first.
    fn resolve(
        &self,
        id: ObjectId,
        pack: &Pack,
        chain: &Chain,
        scratch: &mut Scratch,
        into: &mut Vec<u8>,
    ) -> Result<(), Error> {
        let damaged = |what| Error::CorruptObject { id, what };
        let mut base = match &chain.base {
            Base::Cached(content) => Arc::clone(content),
            &Base::Entry { entry, data, size } => {
                within(id, size, self.deltas().result)?;
                into.clear();
                inflate(id, pack.stream(data), size, scratch, into)?;
                if chain.deltas.is_empty() {
                    return Ok(());
                }
                let content = Arc::new(std::mem::take(into));
                self.bases
                    .borrow_mut()
                    .keep((pack.serial, entry), chain.kind, &content);
                content
            }
        };
        for (left, step) in chain.deltas.iter().enumerate().rev() {
            within(id, step.size, self.deltas().result)?;
            let mut buffer = std::mem::take(&mut scratch.delta);
            buffer.clear();
            inflate(id, pack.stream(step.data), step.size, scratch, &mut buffer)?;
            let head = delta::head(&buffer).ok_or(damaged("the head of its delta is invalid"))?;
            within(id, head.result, self.deltas().result)?;
            if head.base != base.len() as u64 {
                return Err(damaged("its delta is for another base"));
            }
            let size = usize::try_from(head.result).map_err(|_| damaged("its size is invalid"))?;
            let instructions = buffer.get(head.instructions..).unwrap_or_default();
            let mut result = std::mem::take(into);
            result.clear();
            result.resize(size, 0);
            delta::apply(&base, instructions, &mut result)
                .ok_or(damaged("its delta is invalid"))?;
            scratch.delta = buffer;
            if left == 0 {
                *into = result;
                return Ok(());
            }
            base = Arc::new(result);
            self.bases
                .borrow_mut()
                .keep((pack.serial, step.entry), chain.kind, &base);
        }
        into.clear();
        into.extend_from_slice(&base);
        Ok(())
    }
}

/// Puts the front of a commit that stands whole into `into`; whether it is one, and that is `enough`.
pub(super) fn front(
    pack: &Pack,
    at: usize,
    enough: Enough<'_>,
    scratch: &mut Scratch,
    into: &mut Vec<u8>,
) -> bool {
    let long = |e: &Entry| matches!(e.form, Form::Whole(ObjectKind::Commit)) && e.size > FRONT;
    let Some(entry) = pack.entry(at).filter(long) else {
        return false;
    };
    into.resize(FRONT as usize, 0);
    let written = scratch.whole.front(pack.stream(at + entry.head), into);
    into.truncate(written);
    enough(into)
}

/// The size of the object at the end of `chain`, from heads only.
fn size_of(
    id: ObjectId,
    pack: &Pack,
    chain: &Chain,
    inflater: &mut Inflater,
) -> Result<u64, Error> {
    match (chain.deltas.first(), &chain.base) {
        (Some(delta), _) => {
            let mut head = [0u8; 20];
            let written = inflater.prefix(pack.stream(delta.data), &mut head).ok_or(
                Error::CorruptObject {
                    id,
                    what: "its compressed data is invalid",
                },
            )?;
            let head = delta::head(head.get(..written).unwrap_or_default()).ok_or(
                Error::CorruptObject {
                    id,
                    what: "the head of its delta is invalid",
                },
            )?;
            Ok(head.result)
        }
        (None, &Base::Entry { size, .. }) => Ok(size),
        (None, Base::Cached(content)) => Ok(content.len() as u64),
    }
}

/// Decodes a stream of `size` bytes into `into`, which is empty; a large one grows with what is
/// really there.
fn inflate(
    id: ObjectId,
    stream: &[u8],
    size: u64,
    scratch: &mut Scratch,
    into: &mut Vec<u8>,
) -> Result<(), Error> {
    let Scratch {
        inflater, whole, ..
    } = scratch;
    let what = "its size is invalid";
    let size = usize::try_from(size).map_err(|_| Error::CorruptObject { id, what })?;
    if size <= limits::PIECE {
        into.resize(size, 0);
        if whole.inflate(stream, into).is_some() {
            return Ok(());
        }
        // What is wrong with it is said below.
        into.clear();
    }
    let mut pieces = Pieces::new(id, stream, inflater);
    while into.len() < size {
        let at = into.len();
        into.resize(size.min(at + limits::PIECE), 0);
        pieces.next(into.get_mut(at..).unwrap_or_default())?;
    }
    pieces.finish()
}

/// Hands on a whole entry piece by piece.
fn stream(
    id: ObjectId,
    header: Header,
    stream: &[u8],
    scratch: &mut Scratch,
    sink: &mut dyn ObjectSink,
) -> Result<(), Error> {
    if sink.begin(header.kind, header.size).is_break() {
        return Ok(());
    }
    let Scratch {
        inflater, chunk, ..
    } = scratch;
    let mut pieces = Pieces::new(id, stream, inflater);
    let mut left = header.size;
    while left > 0 {
        let size = usize::try_from(left)
            .unwrap_or(usize::MAX)
            .min(limits::CHUNK);
        chunk.resize(size, 0);
        pieces.next(chunk)?;
        left -= size as u64;
        // The last piece is handed on only once the end is known to be the end.
        if left == 0 {
            pieces.finish()?;
        }
        if let ControlFlow::Break(()) = sink.data(chunk) {
            return Ok(());
        }
    }
    if header.size == 0 {
        pieces.finish()
    } else {
        Ok(())
    }
}

/// The stream of one entry, decoded step by step.
struct Pieces<'a> {
    id: ObjectId,
    stream: &'a [u8],
    inflater: &'a mut Inflater,
    ended: bool,
}

impl<'a> Pieces<'a> {
    fn new(id: ObjectId, stream: &'a [u8], inflater: &'a mut Inflater) -> Self {
        inflater.begin();
        Self {
            id,
            stream,
            inflater,
            ended: false,
        }
    }

    /// Fills `output`; the stream must have that much.
    fn next(&mut self, output: &mut [u8]) -> Result<(), Error> {
        if self.some(output)? < output.len() {
            return Err(self.damaged("it is shorter than its declared size"));
        }
        Ok(())
    }

    /// The stream must end here.
    fn finish(&mut self) -> Result<(), Error> {
        if self.some(&mut [0u8; 1])? > 0 {
            return Err(self.damaged("it expands beyond its declared size"));
        }
        Ok(())
    }

    fn some(&mut self, output: &mut [u8]) -> Result<usize, Error> {
        let mut written = 0;
        while written < output.len() && !self.ended {
            let room = output.get_mut(written..).unwrap_or_default();
            let progress = self
                .inflater
                .step(self.stream, room)
                .filter(|p| p.ended || p.read > 0 || p.written > 0)
                .ok_or(self.damaged("its compressed data is invalid"))?;
            self.stream = self.stream.get(progress.read..).unwrap_or_default();
            written += progress.written;
            self.ended = progress.ended;
        }
        Ok(written)
    }

    fn damaged(&self, what: &'static str) -> Error {
        Error::CorruptObject { id: self.id, what }
    }
}
