//! A greeted daemon, started or replaced where a client may do that.

use std::path::Path;
use std::time::Instant;

use lychgate_client::conf::Conf;
use lychgate_client::connect::{Outcome, connect};
use lychgate_client::locate::{Folders, SYSTEM_SOCKET};
use lychgate_client::spawn::Spawn;
use lychgate_client::trust::Trusted;
use lychgate_client::{Greeting, SocketLink, control, greet};
use lychgate_model::limits;
use lychgate_wire::frame::{RefuseCode, caps};

use crate::BUILD;
use crate::failure::Away;
use crate::invocation::Invocation;
use crate::process;
use crate::voice::Voice;

/// A daemon that said Hello.
pub(crate) struct Reached {
    pub(crate) link: SocketLink,
    pub(crate) greeting: Greeting,
}

/// The daemon of a server: the one `lychgate.conf` names, or none.
pub(crate) fn server(conf: &Conf, uid: u32, deadline: Instant) -> Result<Reached, Away> {
    let socket = conf.socket.as_deref().unwrap_or(Path::new(SYSTEM_SOCKET));
    let trusted = Trusted {
        own: uid,
        listed: &conf.daemon_uids,
    };
    match connect(socket, trusted, deadline) {
        Outcome::Listening(stream) => hello(SocketLink::new(stream, deadline), deadline),
        outcome => Err(Away::NotListening(outcome)),
    }
}

/// The daemon of a client, which may have to be started first.
pub(crate) struct Client<'a> {
    pub(crate) invocation: &'a Invocation,
    pub(crate) conf: &'a Conf,
    pub(crate) folders: &'a Folders,
    pub(crate) voice: Voice,
    pub(crate) deadline: Instant,
}

impl Client<'_> {
    pub(crate) fn reach(&self) -> Result<Reached, Away> {
        let configured = self.conf.socket.as_deref();
        let socket = self.folders.socket(configured).map_err(Away::Nowhere)?;
        let first = match connect(&socket, self.trusted(), self.deadline) {
            Outcome::Listening(stream) => SocketLink::new(stream, self.deadline),
            outcome @ (Outcome::Refused | Outcome::NoSocket) => self.start(&socket, outcome)?,
            outcome => return Err(Away::NotListening(outcome)),
        };
        match hello(first, self.deadline) {
            Ok(reached) if !reached.greeting.gives_way() => return Ok(reached),
            Err(away) if !makes_room(&away) => return Err(away),
            // It waits for open sessions before it goes, and this one is of no more use.
            greeted => drop(greeted),
        }
        // The daemon is of another version, or about to go: the next one is ours.
        self.drain(&socket);
        hello(self.start(&socket, Outcome::NoSocket)?, self.deadline)
    }

    fn trusted(&self) -> Trusted<'_> {
        Trusted {
            own: self.folders.uid,
            listed: &self.conf.daemon_uids,
        }
    }

    fn start(&self, socket: &Path, outcome: Outcome) -> Result<SocketLink, Away> {
        // The machine's daemon is its administrators' to start.
        if Path::new(SYSTEM_SOCKET).parent() == socket.parent() {
            return Err(Away::NotListening(outcome));
        }
        let state = self.folders.state_folder().ok_or(Away::NoState)?;
        let beside = process::own_folder().map_err(|e| Away::NotListening(Outcome::Other(e)))?;
        let spawn = Spawn {
            beside: &beside,
            socket,
            state: &state,
            variables: &self.invocation.variables,
            trusted: self.trusted(),
        };
        let until = self.deadline.min(Instant::now() + limits::SPAWN_WAIT);
        let started = spawn.start(until).map_err(Away::Start)?;
        if started.by_us {
            self.voice.sentence("lychgate: started the daemon");
        }
        Ok(SocketLink::new(started.stream, self.deadline))
    }

    /// Asks the daemon to go. Whether it does shows when the next one is started.
    fn drain(&self, socket: &Path) {
        let until = self.deadline.min(Instant::now() + limits::SPAWN_WAIT);
        if let Outcome::Listening(stream) = connect(socket, self.trusted(), until) {
            let _ = control(&mut SocketLink::new(stream, until), BUILD, caps::DRAIN);
        }
    }
}

/// Greets. A daemon that hangs is found out soon, while there is time for another judge.
fn hello(mut link: SocketLink, deadline: Instant) -> Result<Reached, Away> {
    link.set_deadline(deadline.min(Instant::now() + limits::SPAWN_WAIT));
    let greeting = greet(&mut link, BUILD, 0).map_err(Away::Judge)?;
    link.set_deadline(deadline);
    Ok(Reached { link, greeting })
}

fn makes_room(away: &Away) -> bool {
    let Away::Judge(error) = away else {
        return false;
    };
    let draining = matches!(
        error,
        lychgate_client::Error::Refused {
            code: RefuseCode::Draining,
            ..
        }
    );
    draining || error.is_version()
}
