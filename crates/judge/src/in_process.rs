//! A session driven on the caller's thread: what tests and small checks need.

use lychgate_scan::Scratch;
use lychgate_wire::Frame;

use crate::reply::{Refusal, Reply};
use crate::session::Session;

/// The judge's end of an in-memory conversation.
#[derive(Debug)]
pub struct InProcess {
    session: Session,
    scratch: Scratch,
    last: Option<Reply>,
}

impl InProcess {
    /// Drives `session`.
    pub fn new(session: Session) -> Self {
        Self {
            session,
            scratch: Scratch::new(),
            last: None,
        }
    }

    /// Takes a frame and does all the work that follows from it.
    ///
    /// # Errors
    /// The session refuses it; the conversation is over.
    pub fn send(&mut self, frame: &Frame<'_>) -> Result<(), Refusal> {
        self.session.receive(frame)?;
        while let Some(work) = self.session.work() {
            let done = work.run(&mut self.scratch);
            self.session.complete(done);
        }
        Ok(())
    }

    /// The next reply, if one waits.
    pub fn receive(&mut self) -> Option<&Reply> {
        self.last = self.session.reply();
        self.last.as_ref()
    }

    /// The session.
    pub fn session(&mut self) -> &mut Session {
        &mut self.session
    }
}
