//! What a push brings: ids first, then the objects the judge does not know, in the order in which
//! they decode cheapest, and the paths at which something stands for the first time.

use std::ops::ControlFlow;
use std::time::Instant;

use lychgate_git::{NewObjects, Visitor};
use lychgate_model::{ObjectId, ObjectKind, Side};
use lychgate_wire::bound;
use lychgate_wire::frame::{Entry, Made, Object, Role, Unreadable};

use crate::error::Error;
use crate::run::Run;
use crate::talk::{Stop, Talk};

/// Tells the judge all of it.
pub(crate) fn tell(talk: &mut Talk<'_>, objects: &mut NewObjects<'_>) -> Result<(), Stop> {
    // Much can be walked without a word to the judge.
    if let Some(deadline) = talk.deadline() {
        objects.stop_when(Box::new(move || Instant::now() >= deadline));
    }
    let run = (talk.takes_made() && talk.takes_offers()).then(Run::new);
    let mut telling = Telling {
        talk,
        run,
        open: None,
        stop: None,
    };
    let enumerated = objects.enumerate(&mut telling);
    let Telling { open, stop, .. } = telling;
    if let Some(stop) = stop {
        return Err(stop);
    }
    enumerated?;
    match open {
        None => Ok(()),
        Some(open) => Err(Error::Git(lychgate_git::Error::Corrupt {
            what: format!("object {} ends early", open.id),
        })
        .into()),
    }
}

/// The object whose content is coming.
#[derive(Clone, Copy)]
struct Open {
    id: ObjectId,
    left: u64,
}

struct Telling<'t, 'l> {
    talk: &'t mut Talk<'l>,
    /// For a judge that makes objects from others.
    run: Option<Run>,
    open: Option<Open>,
    stop: Option<Stop>,
}

impl Telling<'_, '_> {
    fn flow(&mut self, said: Result<(), Stop>) -> ControlFlow<()> {
        match said {
            Ok(()) => ControlFlow::Continue(()),
            Err(stop) => {
                self.stop = Some(stop);
                ControlFlow::Break(())
            }
        }
    }

    /// An object is told.
    fn runs_on(&mut self, id: ObjectId, size: u64) {
        if let Some(run) = &mut self.run {
            run.add(id, size);
        }
    }

    /// Something else than an object is told.
    fn ends_run(&mut self) {
        if let Some(run) = &mut self.run {
            run.end();
        }
    }

    /// An object that stopped before its last byte.
    fn cut_short(&mut self) -> Result<(), Stop> {
        if self.open.is_some() {
            self.ends_run();
        }
        match self.open.take() {
            Some(Open { id, .. }) => self.talk.unreadable(Unreadable {
                id,
                path: b"",
                reason: "it ends early",
            }),
            None => Ok(()),
        }
    }
}

impl Visitor for Telling<'_, '_> {
    fn offer(&mut self, ids: &[ObjectId], needed: &mut Vec<bool>) -> ControlFlow<()> {
        self.ends_run();
        let said = if self.talk.takes_offers() {
            self.talk.offer(ids, needed)
        } else {
            needed.extend(ids.iter().map(|_| true));
            Ok(())
        };
        self.flow(said)
    }

    fn object(&mut self, id: ObjectId, kind: ObjectKind, size: u64) -> ControlFlow<()> {
        let offered = self.talk.takes_offers();
        let said = self.cut_short().and_then(|()| {
            self.talk.object(
                Object {
                    role: Role::New,
                    kind,
                    id,
                    size,
                    path: b"",
                },
                offered,
            )
        });
        self.open = (size > 0).then_some(Open { id, left: size });
        self.runs_on(id, size);
        self.flow(said)
    }

    fn made(
        &mut self,
        (id, kind, size): (ObjectId, ObjectKind, u64),
        base: ObjectId,
        delta: &[u8],
    ) -> ControlFlow<(), bool> {
        // One that saves little costs both sides more than it saves.
        let short = delta.len() <= bound::MADE && (delta.len() as u64) < size / 2;
        let said = if short && size <= bound::RUN_OBJECT {
            self.cut_short()
        } else {
            return ControlFlow::Continue(false);
        };
        let base = self.run.as_ref().and_then(|run| run.find(base));
        let Some(base) = base.filter(|_| said.is_ok()) else {
            return self.flow(said).map_continue(|()| false);
        };
        let object = Object {
            role: Role::New,
            kind,
            id,
            size,
            path: b"",
        };
        let said = self.talk.made(object, Made { base, delta });
        self.runs_on(id, size);
        self.flow(said).map_continue(|()| true)
    }

    fn data(&mut self, piece: &[u8]) -> ControlFlow<()> {
        let Some(open) = self.open else {
            let beyond = Error::Protocol("an object beyond its size");
            return self.flow(if piece.is_empty() {
                Ok(())
            } else {
                Err(beyond.into())
            });
        };
        let Some(left) = open.left.checked_sub(piece.len() as u64) else {
            let said = self.cut_short();
            return self.flow(said);
        };
        self.open = (left > 0).then_some(Open { left, ..open });
        let said = self.talk.data(Role::New, piece);
        self.flow(said)
    }

    fn path(&mut self, path: &[u8], new: Side, old: Option<Side>) -> ControlFlow<()> {
        self.ends_run();
        let new = Some(new);
        let said = self
            .cut_short()
            .and_then(|()| self.talk.entry(Entry { path, old, new }));
        self.flow(said)
    }

    fn document(&mut self, path: &[u8]) -> ControlFlow<()> {
        self.ends_run();
        let said = self.cut_short().and_then(|()| self.talk.nested(path));
        self.flow(said)
    }

    fn unreadable(&mut self, id: ObjectId, path: &[u8], reason: &str) -> ControlFlow<()> {
        self.ends_run();
        // Said of the object that is open, it ends that object; of another, both are unreadable.
        let said = match self.open {
            Some(open) if open.id != id => self.cut_short(),
            _ => Ok(()),
        };
        self.open = None;
        let said = said.and_then(|()| self.talk.unreadable(Unreadable { id, path, reason }));
        self.flow(said)
    }
}
