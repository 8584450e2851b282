//! Content as it arrives, collected into work of a good size.

use std::collections::{BTreeMap, VecDeque};
use std::ops::Range;

use lychgate_model::delta::{self, Piece};
use lychgate_model::{ObjectKind, limits};
use lychgate_wire::bound;
use lychgate_wire::frame::Role;

use crate::work::{Item, Large, SMALL, Shared, What, Work, WorkDone};

/// A shared buffer is handed out at this size, but never in the middle of a run: what comes next may
/// be made from what is in it. The larger, the more versions of a file are scanned one after the
/// other ([`lychgate_scan::Series`]). With [`SMALL`] it is less than what the daemon's allocator
/// gives back to the system each time.
const BATCH: usize = bound::RUN;
/// From this size on it is reserved whole.
const MUCH: usize = 64 << 10;

/// Where the open object's bytes go.
enum Sink {
    /// Into the shared buffer.
    Shared,
    /// Into a buffer of its own.
    Whole(Vec<u8>),
    /// Into pieces of a large object.
    Pieces(u64),
}

struct Open {
    what: What,
    name: Range<usize>,
    start: usize,
    size: u64,
    sink: Sink,
}

/// A delta that does not fit what it is said to be made from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Unfit;

/// A large object: its state is here or with a piece being scanned.
struct Queue {
    is_bulk: bool,
    large: Option<Box<Large>>,
    pieces: Vec<Vec<u8>>,
    ended: bool,
}

/// Collects content and hands it out as work.
#[derive(Default)]
pub(crate) struct Intake {
    buffer: Vec<u8>,
    items: Vec<Item>,
    /// Where the objects of the run stand in the buffer; whoever sends them counts as this does.
    run: Vec<Range<usize>>,
    run_bytes: usize,
    open: Option<Open>,
    whole: VecDeque<(Vec<u8>, Item)>,
    queues: BTreeMap<u64, Queue>,
    tickets: u64,
    held: usize,
    outstanding: usize,
    flush: bool,
    /// Bulk is not taken in any more.
    cut: bool,
    /// Some of it came, or was there.
    left_out: bool,
}

impl Intake {
    /// Bytes collected or handed out and not yet scanned.
    pub(crate) fn held(&self) -> usize {
        self.held
    }

    /// Whether everything taken in was scanned.
    pub(crate) fn is_idle(&self) -> bool {
        self.outstanding == 0
            && self.open.is_none()
            && self.items.is_empty()
            && self.whole.is_empty()
            && self.queues.is_empty()
    }

    /// No more comes for now: hand out what there is, however little.
    pub(crate) fn flush(&mut self, flush: bool) {
        self.flush = flush;
    }

    /// Drops the bulk that waits, and from now on all that comes: it is not judged.
    pub(crate) fn cut_bulk(&mut self) {
        self.cut = true;
        self.flush = true;
        self.end_run();
        let whole = self.whole.iter().map(|(_, item)| &item.what);
        let open = self.open.iter().map(|open| &open.what);
        let waiting = self.items.iter().map(|item| &item.what);
        self.left_out |= waiting.chain(whole).chain(open).any(What::is_bulk)
            || self.queues.values().any(|queue| queue.is_bulk);
        self.items.retain(|item| !item.what.is_bulk());
        for (bytes, item) in std::mem::take(&mut self.whole) {
            if item.what.is_bulk() {
                self.held = self.held.saturating_sub(bytes.len());
            } else {
                self.whole.push_back((bytes, item));
            }
        }
        if self.open.as_ref().is_some_and(|o| o.what.is_bulk()) {
            self.cut();
        }
        let held = &mut self.held;
        self.queues.retain(|_, queue| {
            if !queue.is_bulk {
                return true;
            }
            let waiting: usize = queue.pieces.iter().map(Vec::len).sum();
            *held = held.saturating_sub(waiting);
            false
        });
        if self.items.is_empty() && self.open.is_none() {
            self.held = self.held.saturating_sub(self.buffer.len());
            self.buffer.clear();
        }
    }

    /// Whether a cut left anything out that was announced as an object.
    pub(crate) fn left_out(&self) -> bool {
        self.left_out
    }

    /// A name, whole.
    pub(crate) fn name(&mut self, what: What, bytes: &[u8]) {
        self.end_run();
        let start = self.buffer.len();
        self.buffer.extend_from_slice(bytes);
        self.held += bytes.len();
        let content = start..self.buffer.len();
        self.items.push(Item {
            what,
            name: content.clone(),
            content,
        });
    }

    /// An object of `size` bytes begins.
    pub(crate) fn begin(
        &mut self,
        shared: &Shared,
        what: What,
        kind: ObjectKind,
        name: &[u8],
        size: u64,
    ) {
        if self.cut && what.is_bulk() {
            self.left_out = true;
            return;
        }
        let (sink, name) = if size <= SMALL {
            let at = self.buffer.len();
            self.buffer.extend_from_slice(name);
            (Sink::Shared, at..self.buffer.len())
        } else if size <= limits::WHOLE_OBJECT {
            // No more than this on an announcement, and only what comes is touched.
            let room = usize::try_from(size).map_or(limits::PIECE, |s| s.min(limits::PIECE));
            let mut own = Vec::with_capacity(room + name.len());
            own.extend_from_slice(name);
            (Sink::Whole(own), 0..name.len())
        } else {
            let ticket = self.tickets;
            self.tickets += 1;
            let large = Large::new(shared, ticket, what.clone(), name, kind, size);
            let queue = Queue {
                is_bulk: what.is_bulk(),
                large: Some(Box::new(large)),
                pieces: Vec::new(),
                ended: false,
            };
            self.queues.insert(ticket, queue);
            (Sink::Pieces(ticket), 0..0)
        };
        self.held += name.len();
        let start = name.end;
        let is_new = matches!(
            what,
            What::Object {
                role: Role::New,
                ..
            }
        );
        match &sink {
            Sink::Shared if is_new => {
                let end = usize::try_from(size).map_or(start, |size| start + size);
                self.run.push(start..end);
            }
            _ if is_new => {}
            _ => self.end_run(),
        }
        self.open = Some(Open {
            what,
            name,
            start,
            size,
            sink,
        });
        if size == 0 {
            self.end();
        }
    }

    /// All of the open object, made from one of its run.
    pub(crate) fn made(&mut self, base: u32, delta: &[u8]) -> Result<(), Unfit> {
        // Dropped, and that is known.
        let Some(open) = &self.open else {
            return Ok(());
        };
        if self.cut {
            // What it is made from may be gone.
            self.left_out = true;
            self.cut();
            return Ok(());
        }
        let (start, size) = (open.start, open.size);
        let base = self.run.get(base as usize).filter(|base| base.end <= start);
        let base = base.cloned().ok_or(Unfit)?;
        let head = delta::head(delta).ok_or(Unfit)?;
        let mut rest = delta.get(head.instructions..).ok_or(Unfit)?;
        let fits = matches!(open.sink, Sink::Shared)
            && delta::fits(rest, base.len() as u64, size)
            && (head.base, head.result) == (base.len() as u64, size);
        if !fits {
            return Err(Unfit);
        }
        self.reserve(usize::try_from(size).map_err(|_| Unfit)?);
        while !rest.is_empty() {
            let (piece, after) = delta::split(rest).ok_or(Unfit)?;
            rest = after;
            match piece {
                Piece::Copy { start, len } => {
                    let from = base.start + start;
                    self.buffer.extend_from_within(from..from + len);
                }
                Piece::Insert(bytes) => self.buffer.extend_from_slice(bytes),
            }
        }
        self.held += self.buffer.len() - start;
        self.end();
        Ok(())
    }

    fn end_run(&mut self) {
        self.run.clear();
        self.run_bytes = 0;
    }

    /// Makes room in the shared buffer: where much comes it is not moved again and again.
    fn reserve(&mut self, more: usize) {
        let full = self.buffer.len() + more > self.buffer.capacity();
        if full && self.buffer.len() >= MUCH {
            let most = BATCH + SMALL as usize;
            self.buffer
                .reserve_exact(most.saturating_sub(self.buffer.len()).max(more));
        }
    }

    /// Bytes of the open object.
    pub(crate) fn data(&mut self, bytes: &[u8], left: u64) {
        let Some(open) = &mut self.open else { return };
        self.held += bytes.len();
        match &mut open.sink {
            Sink::Shared => {
                self.reserve(bytes.len());
                self.buffer.extend_from_slice(bytes);
            }
            Sink::Whole(own) => own.extend_from_slice(bytes),
            Sink::Pieces(ticket) => {
                if let Some(queue) = self.queues.get_mut(ticket) {
                    match queue.pieces.last_mut() {
                        Some(last) if last.len() + bytes.len() <= limits::PIECE => {
                            last.extend_from_slice(bytes);
                        }
                        _ => queue.pieces.push(bytes.to_vec()),
                    }
                }
            }
        }
        if left == 0 {
            self.end();
        }
    }

    fn end(&mut self) {
        let Some(Open {
            what,
            name,
            start,
            sink,
            ..
        }) = self.open.take()
        else {
            return;
        };
        match sink {
            Sink::Shared => {
                let content = start..self.buffer.len();
                self.items.push(Item {
                    what,
                    name,
                    content,
                });
                self.run_bytes += self.buffer.len() - start;
                if self.run_bytes >= bound::RUN {
                    self.end_run();
                }
            }
            Sink::Whole(bytes) => {
                let content = start..bytes.len();
                self.whole.push_back((
                    bytes,
                    Item {
                        what,
                        name,
                        content,
                    },
                ));
            }
            Sink::Pieces(ticket) => {
                if let Some(queue) = self.queues.get_mut(&ticket) {
                    queue.ended = true;
                }
            }
        }
    }

    /// The open object ends early: what came of it is dropped unscanned.
    pub(crate) fn cut(&mut self) {
        self.end_run();
        let Some(Open { name, sink, .. }) = self.open.take() else {
            return;
        };
        match sink {
            Sink::Shared => {
                self.held -= self.buffer.len().saturating_sub(name.start);
                self.buffer.truncate(name.start);
            }
            Sink::Whole(bytes) => self.held -= bytes.len(),
            Sink::Pieces(ticket) => {
                if let Some(queue) = self.queues.remove(&ticket) {
                    self.held -= queue.pieces.iter().map(Vec::len).sum::<usize>();
                }
            }
        }
    }

    /// Something to do, if there is enough of it.
    pub(crate) fn take(&mut self, shared: &Shared) -> Option<Work> {
        let work = self.next(shared)?;
        self.outstanding += 1;
        Some(work)
    }

    fn next(&mut self, shared: &Shared) -> Option<Work> {
        self.small(shared).or_else(|| self.large(shared))
    }

    fn large(&mut self, shared: &Shared) -> Option<Work> {
        if let Some((buffer, item)) = self.whole.pop_front() {
            return Some(Work::batch(shared, buffer, vec![item]));
        }
        let ready = |q: &&mut Queue| q.large.is_some() && (q.ended || !q.pieces.is_empty());
        let queue = self.queues.values_mut().find(ready)?;
        let large = queue.large.take()?;
        let pieces = std::mem::take(&mut queue.pieces);
        Some(Work::piece(shared, large, pieces, queue.ended))
    }

    fn small(&mut self, shared: &Shared) -> Option<Work> {
        let in_buffer = self
            .open
            .as_ref()
            .is_some_and(|o| matches!(o.sink, Sink::Shared));
        let enough = self.flush || (self.buffer.len() >= BATCH && self.run.is_empty());
        if self.items.is_empty() || in_buffer || !enough {
            return None;
        }
        self.end_run();
        let buffer = std::mem::take(&mut self.buffer);
        let items = std::mem::take(&mut self.items);
        Some(Work::batch(shared, buffer, items))
    }

    /// Work comes back.
    pub(crate) fn returned(&mut self, done: &mut WorkDone) {
        self.outstanding = self.outstanding.saturating_sub(1);
        self.held = self.held.saturating_sub(done.bytes);
        if let Some(large) = done.large.take() {
            // A queue that is gone was cut: its state goes with it.
            if let Some(queue) = self.queues.get_mut(&large.ticket) {
                queue.large = Some(large);
            }
            return;
        }
        self.queues
            .retain(|_, q| !(q.ended && q.large.is_none() && q.pieces.is_empty()));
    }
}
