//! One object from the repository to the judge, in pieces.

use std::ops::ControlFlow;

use lychgate_git::{ObjectSink, Repository};
use lychgate_model::{ObjectId, ObjectKind};
use lychgate_wire::frame::{Object, Role, Unreadable};

use crate::error::chain;
use crate::talk::{Stop, Talk};

/// Sends the object `id`. `path`: where it stands, named when it cannot be read. An old side that
/// cannot be read is left out, which makes a finding new rather than existing.
pub(crate) fn send(
    talk: &mut Talk<'_>,
    repository: &Repository,
    what: Sending<'_>,
) -> Result<(), Stop> {
    let mut sink = Sink {
        talk,
        what,
        begun: false,
        left: 0,
        stop: None,
    };
    let read = repository.read(what.id, &mut sink);
    let Sink {
        begun, left, stop, ..
    } = sink;
    if let Some(stop) = stop {
        return Err(stop);
    }
    let reason = match read {
        Ok(()) if begun && left == 0 => return Ok(()),
        Ok(()) => "it ends early".to_owned(),
        Err(error) => chain(&error),
    };
    if what.role == Role::Old && !begun {
        return Ok(());
    }
    talk.unreadable(Unreadable {
        id: what.id,
        path: what.path,
        reason: &reason,
    })
}

/// What is sent, and as what.
#[derive(Clone, Copy)]
pub(crate) struct Sending<'a> {
    pub(crate) role: Role,
    pub(crate) id: ObjectId,
    pub(crate) path: &'a [u8],
    pub(crate) offered: bool,
}

struct Sink<'t, 'l, 'a> {
    talk: &'t mut Talk<'l>,
    what: Sending<'a>,
    begun: bool,
    left: u64,
    stop: Option<Stop>,
}

impl Sink<'_, '_, '_> {
    fn flow(&mut self, said: Result<(), Stop>) -> ControlFlow<()> {
        match said {
            Ok(()) => ControlFlow::Continue(()),
            Err(stop) => {
                self.stop = Some(stop);
                ControlFlow::Break(())
            }
        }
    }
}

impl ObjectSink for Sink<'_, '_, '_> {
    fn begin(&mut self, kind: ObjectKind, size: u64) -> ControlFlow<()> {
        (self.begun, self.left) = (true, size);
        let Sending {
            role, id, offered, ..
        } = self.what;
        let said = self.talk.object(
            Object {
                role,
                kind,
                id,
                size,
                path: b"",
            },
            offered,
        );
        self.flow(said)
    }

    fn data(&mut self, piece: &[u8]) -> ControlFlow<()> {
        // More than was announced would be a frame out of place; the object counts as unreadable.
        let Some(left) = self.left.checked_sub(piece.len() as u64) else {
            self.left = u64::MAX;
            return ControlFlow::Break(());
        };
        self.left = left;
        let said = self.talk.data(self.what.role, piece);
        self.flow(said)
    }
}
