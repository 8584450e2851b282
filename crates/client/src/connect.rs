//! From a socket's path to a connection with a daemon one may believe, or the reason why not.

use std::io;
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::time::{Duration, Instant};

use rustix::io::Errno;
use rustix::net::{AddressFamily, SocketAddrUnix, SocketFlags, SocketType};

use crate::trust::{self, Distrust, Trusted};

/// What stands at a socket's path.
#[derive(Debug)]
pub enum Outcome {
    /// A trusted daemon accepted.
    Listening(UnixStream),
    /// A socket nobody listens at: a daemon was killed.
    Refused,
    /// Nothing.
    NoSocket,
    /// Something that is not to be believed.
    NotOurs(Distrust),
    /// The operating system said something else, or the daemon took no connection in time.
    Other(io::Error),
}

/// Connects to the daemon at `path`. A daemon whose queue of connections is full is asked again
/// until `deadline`.
pub fn connect(path: &Path, trusted: Trusted<'_>, deadline: Instant) -> Outcome {
    match trust::socket(path, trusted) {
        Ok(()) => {}
        Err(distrust) if distrust.is_absent() => return Outcome::NoSocket,
        Err(distrust) => return Outcome::NotOurs(distrust),
    }
    match dial(path, deadline) {
        Ok(stream) => believe(stream, trusted),
        Err(Errno::CONNREFUSED) => Outcome::Refused,
        Err(Errno::NOENT) => Outcome::NoSocket,
        Err(errno) => Outcome::Other(errno.into()),
    }
}

fn dial(path: &Path, deadline: Instant) -> Result<UnixStream, Errno> {
    // A blocking connect to a full queue would wait for ever.
    let flags = SocketFlags::NONBLOCK | SocketFlags::CLOEXEC;
    let address = SocketAddrUnix::new(path)?;
    let socket = rustix::net::socket_with(AddressFamily::UNIX, SocketType::STREAM, flags, None)?;
    let mut pause = Duration::from_millis(1);
    while let Err(errno) = rustix::net::connect(&socket, &address) {
        let left = deadline.saturating_duration_since(Instant::now());
        match errno {
            Errno::AGAIN if left.is_zero() => return Err(Errno::TIMEDOUT),
            Errno::AGAIN => std::thread::sleep(pause.min(left)),
            Errno::INTR => {}
            _ => return Err(errno),
        }
        pause = (pause * 2).min(Duration::from_millis(20));
    }
    let stream = UnixStream::from(socket);
    rustix::io::ioctl_fionbio(&stream, false)?;
    Ok(stream)
}

/// The path says who could put a socket there; only the kernel says who listens.
fn believe(stream: UnixStream, trusted: Trusted<'_>) -> Outcome {
    match rustix::net::sockopt::socket_peercred(&stream) {
        Ok(peer) if trusted.accepts(peer.uid.as_raw()) => Outcome::Listening(stream),
        Ok(peer) => Outcome::NotOurs(Distrust::Listener {
            uid: peer.uid.as_raw(),
        }),
        Err(errno) => Outcome::Other(errno.into()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::net::UnixListener;

    fn own() -> Trusted<'static> {
        Trusted {
            own: rustix::process::geteuid().as_raw(),
            listed: &[],
        }
    }

    fn soon() -> Instant {
        Instant::now() + Duration::from_millis(50)
    }

    #[test]
    fn every_outcome_has_its_name() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("s");
        assert!(matches!(connect(&path, own(), soon()), Outcome::NoSocket));
        let listener = UnixListener::bind(&path).unwrap();
        assert!(matches!(
            connect(&path, own(), soon()),
            Outcome::Listening(_)
        ));
        drop(listener);
        assert!(matches!(connect(&path, own(), soon()), Outcome::Refused));
        std::fs::remove_file(&path).unwrap();
        std::fs::write(&path, "").unwrap();
        assert!(matches!(
            connect(&path, own(), soon()),
            Outcome::NotOurs(Distrust::Kind { .. })
        ));
    }

    #[test]
    fn a_listener_of_another_user_is_not_believed() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("s");
        let _listener = UnixListener::bind(&path).unwrap();
        let stream = dial(&path, soon()).unwrap();
        let uid = own().own;
        assert!(matches!(
            believe(stream.try_clone().unwrap(), own()),
            Outcome::Listening(_)
        ));
        // Seen by a user who has not listed this one: only root would be believed unasked.
        let other = Trusted {
            own: uid + 1,
            listed: &[],
        };
        let outcome = believe(stream, other);
        assert_eq!(
            matches!(outcome, Outcome::Listening(_)),
            uid == 0,
            "{outcome:?}"
        );
    }

    #[test]
    fn a_daemon_that_takes_no_connections_does_not_hang_the_hook() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("s");
        let listener = rustix::net::socket_with(
            AddressFamily::UNIX,
            SocketType::STREAM,
            SocketFlags::empty(),
            None,
        )
        .unwrap();
        rustix::net::bind(&listener, &SocketAddrUnix::new(&path).unwrap()).unwrap();
        rustix::net::listen(&listener, 0).unwrap();
        let _first = dial(&path, soon()).unwrap();
        let second = connect(&path, own(), soon());
        assert!(matches!(second, Outcome::Other(ref e) if e.kind() == io::ErrorKind::TimedOut));
    }
}
