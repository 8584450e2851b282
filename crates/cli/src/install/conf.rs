//! `lychgate.conf`, the only thing a hook reads about its own installation (contract 4.1).

use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use lychgate_model::limits;

use crate::args::Unavailable;

/// What stands in it; the hook's side is `lychgate_client::conf`.
#[derive(Clone, Debug)]
pub(crate) enum Conf {
    /// A developer's hooks.
    Client {
        /// Only where the daemon is not at its usual place.
        socket: Option<PathBuf>,
        /// When no daemon can be had.
        unavailable: Unavailable,
    },
    /// A server's.
    Server {
        /// Always: a server hook looks nowhere else.
        socket: PathBuf,
        /// User ids the listener may have.
        daemon_uids: Vec<u32>,
    },
}

impl Conf {
    /// The file, but for its `chained` line.
    pub(crate) fn text(&self, lychgate: &Path) -> String {
        let mut out =
            String::from("# Written by `lychgate install`; read by the hooks beside it.\n");
        let mut line = |key: &str, value: &dyn std::fmt::Display| {
            let _ = writeln!(out, "{key} = {value}");
        };
        match self {
            Self::Client {
                socket,
                unavailable,
            } => {
                line("surface", &"client");
                if let Some(socket) = socket {
                    line("socket", &socket.display());
                }
                line("deadline_seconds", &limits::CLIENT_DEADLINE.as_secs());
                line("lychgate", &lychgate.display());
                line("unavailable", &unavailable.name());
            }
            Self::Server {
                socket,
                daemon_uids,
            } => {
                line("surface", &"server");
                line("socket", &socket.display());
                let uids: Vec<String> = daemon_uids.iter().map(u32::to_string).collect();
                line("daemon_uids", &uids.join(" "));
                line("deadline_seconds", &limits::SERVER_DEADLINE.as_secs());
                line("lychgate", &lychgate.display());
            }
        }
        out
    }

    /// A developer's file is theirs alone; a server's must be read by the user Git runs as.
    pub(crate) const fn mode(&self) -> u32 {
        match self {
            Self::Client { .. } => 0o600,
            Self::Server { .. } => 0o644,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use lychgate_client::conf::{self, Conf as Read};
    use lychgate_model::Surface;

    #[test]
    fn the_hook_understands_what_is_written() {
        let written = Conf::Server {
            socket: "/run/x y/s".into(),
            daemon_uids: vec![0, 7],
        };
        let read = Read::parse(written.text(Path::new("/opt/lychgate")).as_bytes()).unwrap();
        assert_eq!(read.surface, Some(Surface::Server));
        assert_eq!(read.socket.as_deref(), Some(Path::new("/run/x y/s")));
        assert_eq!(read.daemon_uids, [0, 7]);
        assert_eq!(read.lychgate.as_deref(), Some(Path::new("/opt/lychgate")));

        for unavailable in [
            Unavailable::InProcess,
            Unavailable::Deny,
            Unavailable::AllowRecorded,
        ] {
            let written = Conf::Client {
                socket: None,
                unavailable,
            };
            let read = Read::parse(written.text(Path::new("/opt/lychgate")).as_bytes()).unwrap();
            assert_eq!((read.surface, read.socket), (Some(Surface::Client), None));
            let meant = match unavailable {
                Unavailable::InProcess => conf::Unavailable::InProcess,
                Unavailable::Deny => conf::Unavailable::Deny,
                Unavailable::AllowRecorded => conf::Unavailable::AllowRecorded,
            };
            assert_eq!(read.unavailable, meant);
        }
    }

    #[test]
    fn the_example_for_servers_is_understood() {
        let example = include_str!("../../../../hooks/lychgate.conf");
        assert_eq!(
            Read::parse(example.as_bytes()).unwrap().surface,
            Some(Surface::Server)
        );
    }
}
