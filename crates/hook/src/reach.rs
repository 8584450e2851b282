//! A greeted daemon, started or replaced where a client may do that.

use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use lychgate_client::conf::Conf;
use lychgate_client::connect::{Outcome, connect};
use lychgate_client::locate::{Folders, SYSTEM_SOCKET};
use lychgate_client::spawn::Spawn;
use lychgate_client::trust::Trusted;
use lychgate_client::{Greeting, SocketLink, control, hear_hello, hear_limits};
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

/// A daemon that was called and may answer. Until it does there is time for something else.
pub(crate) enum Called {
    /// Somebody listens; Hello was said, and an answer is waited for this long.
    Listening(SocketLink, Duration),
    /// Nobody does.
    Nobody(Outcome),
    /// It did not even take the Hello.
    Away(Away),
}

/// Calls the daemon of a server: the one `lychgate.conf` names, or none.
pub(crate) fn call_server(conf: &Conf, uid: u32, deadline: Instant) -> Called {
    let socket = conf.socket.as_deref().unwrap_or(Path::new(SYSTEM_SOCKET));
    let trusted = Trusted {
        own: uid,
        listed: &conf.daemon_uids,
    };
    call(socket, trusted, deadline, limits::SPAWN_WAIT)
}

/// Hears the daemon of a server.
pub(crate) fn hear_server(called: Called, deadline: Instant) -> Result<Reached, Away> {
    match called {
        Called::Listening(link, wait) => hear(link, deadline, wait),
        Called::Nobody(outcome) => Err(Away::NotListening(outcome)),
        Called::Away(away) => Err(away),
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
    /// Where the daemon listens, or would.
    pub(crate) fn socket(&self) -> Result<PathBuf, Away> {
        let configured = self.conf.socket.as_deref();
        self.folders.socket(configured).map_err(Away::Nowhere)
    }

    /// Calls the daemon.
    pub(crate) fn call(&self, socket: &Path) -> Called {
        call(socket, self.trusted(), self.deadline, limits::HELLO_WAIT)
    }

    /// Hears the daemon that was called, or starts one.
    pub(crate) fn hear(&self, socket: &Path, called: Called) -> Result<Reached, Away> {
        let first = match called {
            Called::Listening(link, wait) => hear(link, self.deadline, wait),
            Called::Nobody(outcome @ (Outcome::Refused | Outcome::NoSocket)) => {
                self.start(socket, outcome)
            }
            Called::Nobody(outcome) => Err(Away::NotListening(outcome)),
            Called::Away(away) => Err(away),
        };
        match first {
            Ok(reached) if !reached.greeting.gives_way() => return Ok(reached),
            Err(away) if !makes_room(&away) => return Err(away),
            // It waits for open sessions before it goes, and this one is of no more use.
            greeted => drop(greeted),
        }
        // The daemon is of another version, or about to go: the next one is ours.
        self.drain(socket);
        self.start(socket, Outcome::NoSocket)
    }

    fn trusted(&self) -> Trusted<'_> {
        Trusted {
            own: self.folders.uid,
            listed: &self.conf.daemon_uids,
        }
    }

    fn start(&self, socket: &Path, outcome: Outcome) -> Result<Reached, Away> {
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
        let link = hail(started.stream, self.deadline, limits::SPAWN_WAIT)?;
        hear(link, self.deadline, limits::SPAWN_WAIT)
    }

    /// Asks the daemon to go. Whether it does shows when the next one is started.
    fn drain(&self, socket: &Path) {
        let until = self.deadline.min(Instant::now() + limits::SPAWN_WAIT);
        if let Outcome::Listening(stream) = connect(socket, self.trusted(), until) {
            let _ = control(&mut SocketLink::new(stream, until), BUILD, caps::DRAIN);
        }
    }
}

fn call(socket: &Path, trusted: Trusted<'_>, deadline: Instant, wait: Duration) -> Called {
    // Those who gave up on a daemon that hangs fill its queue.
    let soon = deadline.min(Instant::now() + limits::SPAWN_WAIT);
    match connect(socket, trusted, soon) {
        Outcome::Listening(stream) => match hail(stream, deadline, wait) {
            Ok(link) => Called::Listening(link, wait),
            Err(away) => Called::Away(away),
        },
        outcome => Called::Nobody(outcome),
    }
}

/// Says Hello. A daemon that hangs is found out soon, while there is time for another judge.
fn hail(stream: UnixStream, deadline: Instant, wait: Duration) -> Result<SocketLink, Away> {
    let soon = deadline.min(Instant::now() + wait);
    let mut link = SocketLink::new(stream, soon);
    lychgate_client::hail(&mut link, BUILD, 0).map_err(Away::greeting)?;
    Ok(link)
}

/// Hears the daemon's Hello; from then on everything has until `deadline`. What this process did
/// in the meantime, opening a repository that lies far away, is not the daemon's silence.
fn hear(mut link: SocketLink, deadline: Instant, wait: Duration) -> Result<Reached, Away> {
    link.set_deadline(deadline.min(Instant::now() + wait));
    let mut greeting = hear_hello(&mut link, BUILD).map_err(Away::greeting)?;
    link.set_deadline(deadline);
    hear_limits(&mut link, &mut greeting).map_err(Away::greeting)?;
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
