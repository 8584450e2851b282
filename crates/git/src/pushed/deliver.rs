//! Objects on their way from a pack or the store to a visitor.

use std::ops::ControlFlow;

use lychgate_model::limits::CHUNK;
use lychgate_model::{ObjectId, ObjectKind};

use crate::graph::{Graph, Node};
use crate::objects::{ObjectSink, Objects};
use crate::pack::{Base, Failure, PackSink};
use crate::pushed::Visitor;

/// Why an enumeration ends before its end.
pub(crate) enum Stop {
    /// The visitor wants no more.
    Broken,
    /// Nothing complete can be said.
    Error(crate::error::Error),
}

impl From<crate::error::Error> for Stop {
    fn from(error: crate::error::Error) -> Self {
        Self::Error(error)
    }
}

pub(crate) fn on(flow: ControlFlow<()>) -> Result<(), Stop> {
    match flow {
        ControlFlow::Continue(()) => Ok(()),
        ControlFlow::Break(()) => Err(Stop::Broken),
    }
}

/// What is to be done with each object.
#[derive(Default)]
pub(crate) struct Duties(Vec<u8>);

impl Duties {
    /// Judged in any case: it lies in the quarantine and the store did not have it before.
    pub(crate) const HERE: u8 = 1;
    /// The visitor wants its content.
    pub(crate) const NEEDED: u8 = 2;
    /// The visitor has its content, or knows that it cannot have it.
    pub(crate) const DONE: u8 = 4;
    /// The visitor was asked about it.
    pub(crate) const OFFERED: u8 = 8;

    pub(crate) fn has(&self, number: u32, duty: u8) -> bool {
        self.0.get(number as usize).is_some_and(|d| d & duty != 0)
    }

    pub(crate) fn set(&mut self, number: u32, duty: u8) {
        let at = number as usize;
        if at >= self.0.len() {
            self.0.resize(at + 1, 0);
        }
        if let Some(duties) = self.0.get_mut(at) {
            *duties |= duty;
        }
    }

    pub(crate) fn clear(&mut self, number: u32, duty: u8) {
        if let Some(duties) = self.0.get_mut(number as usize) {
            *duties &= !duty;
        }
    }

    /// Whether the content is still to be handed over.
    pub(crate) fn is_due(&self, number: u32) -> bool {
        self.has(number, Self::NEEDED) && !self.has(number, Self::DONE)
    }
}

/// One pass over a pack: what names other objects goes into the graph, what is due to the visitor.
pub(crate) struct Pass<'a> {
    pub(crate) graph: &'a mut Graph,
    pub(crate) duties: &'a mut Duties,
    pub(crate) visitor: Option<&'a mut dyn Visitor>,
    /// Whether whatever was not read before is due as a file.
    pub(crate) files_only: bool,
    /// What could not be decoded here; another copy may be elsewhere.
    pub(crate) again: Vec<u32>,
    /// The object that comes in pieces, while it is due.
    pub(crate) open: Option<u32>,
}

impl Pass<'_> {
    /// Whether an entry has to be decoded.
    pub(crate) fn wants(graph: &Graph, duties: &Duties, number: u32, kind: ObjectKind) -> bool {
        duties.is_due(number) || (kind != ObjectKind::Blob && graph.node(number) == Node::Unread)
    }

    fn hand_over(
        &mut self,
        number: u32,
        kind: ObjectKind,
        content: &[u8],
        base: Option<Base<'_>>,
    ) -> ControlFlow<()> {
        if !self.duties.is_due(number) {
            return ControlFlow::Continue(());
        }
        if let Some(Base {
            number: base,
            delta,
            ..
        }) = base
            && self.hand_over_made(number, (kind, content.len() as u64), base, delta)?
        {
            return ControlFlow::Continue(());
        }
        let id = self.graph.numbers.id(number);
        let Some(visitor) = self.visitor.as_deref_mut() else {
            return ControlFlow::Continue(());
        };
        self.duties.set(number, Duties::DONE);
        visitor.object(id, kind, content.len() as u64)?;
        for piece in content.chunks(CHUNK) {
            visitor.data(piece)?;
        }
        ControlFlow::Continue(())
    }
}

impl Pass<'_> {
    /// Hands an object that is due over as what it is made from; whether the visitor takes that.
    fn hand_over_made(
        &mut self,
        number: u32,
        (kind, size): (ObjectKind, u64),
        base: u32,
        delta: &[u8],
    ) -> ControlFlow<(), bool> {
        let Some(visitor) = self.visitor.as_deref_mut() else {
            return ControlFlow::Continue(false);
        };
        let ids = &self.graph.numbers;
        let taken = visitor.made((ids.id(number), kind, size), ids.id(base), delta)?;
        if taken {
            self.duties.set(number, Duties::DONE);
        }
        ControlFlow::Continue(taken)
    }
}

impl PackSink for Pass<'_> {
    fn takes(&mut self, number: u32, size: u64, base: u32, delta: &[u8]) -> ControlFlow<(), bool> {
        if !self.duties.is_due(number) || self.visitor.is_none() {
            return ControlFlow::Continue(true);
        }
        self.hand_over_made(number, (ObjectKind::Blob, size), base, delta)
    }

    fn object(
        &mut self,
        number: u32,
        kind: ObjectKind,
        content: &[u8],
        base: Option<Base<'_>>,
    ) -> ControlFlow<()> {
        if kind != ObjectKind::Blob && self.graph.node(number) == Node::Unread {
            if self.files_only {
                self.again.push(number);
                return ControlFlow::Continue(());
            }
            let base = base.map(|base| (base.number, base.content));
            self.graph.add(number, kind, content, base);
        }
        self.hand_over(number, kind, content, base)
    }

    fn begin(&mut self, number: u32, kind: ObjectKind, size: u64) -> ControlFlow<()> {
        if kind != ObjectKind::Blob && self.graph.node(number) == Node::Unread {
            self.graph.fail(
                number,
                format!("it is a {} too large to be read", kind.name()),
            );
        }
        self.open = None;
        if let Some(visitor) = self
            .visitor
            .as_deref_mut()
            .filter(|_| self.duties.is_due(number))
        {
            self.duties.set(number, Duties::DONE);
            self.open = Some(number);
            visitor.object(self.graph.numbers.id(number), kind, size)?;
        }
        ControlFlow::Continue(())
    }

    fn piece(&mut self, piece: &[u8]) -> ControlFlow<()> {
        if let Some(visitor) = self.visitor.as_deref_mut().filter(|_| self.open.is_some()) {
            for piece in piece.chunks(CHUNK) {
                visitor.data(piece)?;
            }
        }
        ControlFlow::Continue(())
    }

    fn failed(&mut self, number: u32, why: Failure) -> ControlFlow<()> {
        let id = self.graph.numbers.id(number);
        if self.open.take() == Some(number) {
            if let Some(visitor) = self.visitor.as_deref_mut() {
                visitor.unreadable(id, b"", &why.text())?;
            }
        } else if why.is_limit() && self.duties.is_due(number) {
            self.graph.fail(number, why.text());
            self.again.push(number);
        } else {
            self.again.push(number);
        }
        ControlFlow::Continue(())
    }
}

/// One object on its way from the store.
pub(crate) struct Single<'a> {
    pub(crate) visitor: &'a mut dyn Visitor,
    pub(crate) id: ObjectId,
    /// Its type, where that is known; a blob otherwise.
    pub(crate) kind: ObjectKind,
    pub(crate) begun: bool,
    pub(crate) stopped: bool,
    pub(crate) mistaken: bool,
}

impl<'a> Single<'a> {
    pub(crate) fn new(visitor: &'a mut dyn Visitor, id: ObjectId, kind: ObjectKind) -> Self {
        Self {
            visitor,
            id,
            kind,
            begun: false,
            stopped: false,
            mistaken: false,
        }
    }

    /// Reads the object. `Ok(Some(why))`: it cannot be; whether it was begun says [`Single::begun`].
    pub(crate) fn read(&mut self, objects: &Objects) -> Result<Option<String>, Stop> {
        let outcome = objects.read(self.id, self);
        match outcome {
            _ if self.stopped => Err(Stop::Broken),
            _ if self.mistaken => Ok(Some("a tree says that it is a file".into())),
            Ok(()) => Ok(None),
            Err(error) => Ok(Some(error.to_string())),
        }
    }

    fn note(&mut self, flow: ControlFlow<()>) -> ControlFlow<()> {
        self.stopped |= flow.is_break();
        flow
    }
}

impl ObjectSink for Single<'_> {
    fn begin(&mut self, kind: ObjectKind, size: u64) -> ControlFlow<()> {
        if kind != self.kind {
            self.mistaken = true;
            return ControlFlow::Break(());
        }
        self.begun = true;
        let flow = self.visitor.object(self.id, kind, size);
        self.note(flow)
    }

    fn data(&mut self, piece: &[u8]) -> ControlFlow<()> {
        let flow = self.visitor.data(piece);
        self.note(flow)
    }
}
