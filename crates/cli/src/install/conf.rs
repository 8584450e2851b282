//! `lychgate.conf`, the only thing a hook reads about its own installation (contract 4.1).

use std::fmt::Write as _;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};

use lychgate_client::conf::{self, Conf};
use lychgate_model::Surface;

use crate::args::Unavailable;
use crate::failure::{Failure, Kind};

/// What `install` was asked to write. An option that was not given stays as it is, so that
/// installing again loosens nothing.
#[derive(Clone, Debug)]
pub(crate) enum Wanted {
    /// A developer's hooks.
    Client {
        /// Only where the daemon is not at its usual place.
        socket: Option<PathBuf>,
        /// When no daemon can be had.
        unavailable: Option<Unavailable>,
    },
    /// A server's.
    Server {
        /// As named on the command line.
        socket: Option<PathBuf>,
        /// Where it is when nobody ever named one.
        usual: Option<PathBuf>,
        /// User ids named on the command line, beside root's and the socket's owner's.
        daemon_uids: Vec<u32>,
        /// Who installs; a socket that is not there yet will be theirs.
        own: u32,
    },
}

/// One folder's configuration as it is going to be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Settled {
    /// The file, but for its `chained` line.
    pub(crate) text: String,
    /// The file's mode.
    pub(crate) mode: u32,
    /// The daemon's socket; always there for a server, which looks nowhere else.
    pub(crate) socket: Option<PathBuf>,
    /// What is different from before, a line each.
    pub(crate) changes: Vec<String>,
}

impl Wanted {
    const fn surface(&self) -> Surface {
        match self {
            Self::Client { .. } => Surface::Client,
            Self::Server { .. } => Surface::Server,
        }
    }

    /// What is to stand in `folder`, given what stands there.
    pub(crate) fn settle(&self, folder: &Path, lychgate: &Path) -> Result<Settled, Failure> {
        let before = standing(folder)?;
        if let Some(surface) = before.as_ref().and_then(|b| b.surface)
            && surface != self.surface()
        {
            return Err(other_side(surface, folder));
        }
        let mut after = before.clone().unwrap_or_default();
        after.surface = Some(self.surface());
        after.lychgate = Some(lychgate.to_path_buf());
        after.deadline = Some(after.deadline_on(self.surface()));
        match self {
            Self::Client {
                socket,
                unavailable,
            } => {
                after.socket = socket.clone().or(after.socket);
                if let Some(unavailable) = unavailable {
                    after.unavailable = unavailable.of_hook();
                }
            }
            Self::Server {
                socket,
                usual,
                daemon_uids,
                own,
            } => {
                let named = socket.is_some() || after.socket.is_none();
                after.socket = socket.clone().or(after.socket).or_else(|| usual.clone());
                let Some(socket) = &after.socket else {
                    return Err(Failure::new(
                        Kind::Incomplete,
                        "nothing was installed: where does the daemon listen",
                    )
                    .hint("Name it: lychgate install --server DIR --socket PATH"));
                };
                if !daemon_uids.is_empty() || before.is_none() {
                    after.daemon_uids = vec![0];
                }
                if named || !daemon_uids.is_empty() {
                    after.daemon_uids.push(owner(socket).unwrap_or(*own));
                }
                after.daemon_uids.extend(daemon_uids);
                after.daemon_uids.sort_unstable();
                after.daemon_uids.dedup();
            }
        }
        Ok(Settled {
            text: text(&after),
            mode: match self {
                // A developer's file is theirs alone; a server's is read by whom Git runs as.
                Self::Client { .. } => 0o600,
                Self::Server { .. } => 0o644,
            },
            changes: before.map_or_else(Vec::new, |before| changes(&before, &after)),
            socket: after.socket,
        })
    }
}

/// What stands in `folder`. One that cannot be read is not written over: what it forbade would
/// be allowed.
fn standing(folder: &Path) -> Result<Option<Conf>, Failure> {
    let mut owners = vec![rustix::process::geteuid().as_raw()];
    owners.extend(owner(folder));
    conf::read(folder, &owners).map_err(|error| {
        let file = folder.join(conf::FILE);
        let what = format!("nothing was installed: {} is not usable", file.display());
        let mend = match error {
            conf::Error::Writable => format!("chmod go-w {}", crate::page::shell_word(&file)),
            _ => format!(
                "Look at it, remove it, then install again: {}",
                file.display()
            ),
        };
        Failure::new(Kind::Refused, what).because(&error).hint(mend)
    })
}

fn other_side(there: Surface, folder: &Path) -> Failure {
    let (by, take_out) = match there {
        Surface::Server => (
            "`lychgate install --server`",
            "lychgate uninstall --server DIR",
        ),
        Surface::Client => ("`lychgate install`", "lychgate uninstall"),
    };
    let what = format!(
        "nothing was installed: {} holds the gate of {by}, and can hold one only",
        folder.display()
    );
    Failure::new(Kind::Refused, what).hint(format!("Take that one out first: {take_out}"))
}

/// Key and value of every line, in the order they are written in.
fn lines(conf: &Conf) -> Vec<(&'static str, String)> {
    let server = conf.surface == Some(Surface::Server);
    let mut out = vec![(
        "surface",
        if server { "server" } else { "client" }.to_owned(),
    )];
    if let Some(socket) = &conf.socket {
        out.push(("socket", socket.display().to_string()));
    }
    if server || !conf.daemon_uids.is_empty() {
        let uids: Vec<String> = conf.daemon_uids.iter().map(u32::to_string).collect();
        out.push(("daemon_uids", uids.join(" ")));
    }
    if let Some(deadline) = conf.deadline {
        out.push(("deadline_seconds", deadline.as_secs().to_string()));
    }
    if let Some(lychgate) = &conf.lychgate {
        out.push(("lychgate", lychgate.display().to_string()));
    }
    if !server {
        out.push((
            "unavailable",
            Unavailable::named(conf.unavailable).name().to_owned(),
        ));
    }
    out
}

fn text(conf: &Conf) -> String {
    let mut out = String::from("# Written by `lychgate install`; read by the hooks beside it.\n");
    for (key, value) in lines(conf) {
        let _ = writeln!(out, "{key} = {value}");
    }
    out
}

fn changes(before: &Conf, after: &Conf) -> Vec<String> {
    let before = lines(before);
    lines(after)
        .into_iter()
        // Links that lead elsewhere are told of as installed.
        .filter(|(key, _)| *key != "lychgate" && *key != "surface")
        .filter_map(|(key, value)| {
            let old = before.iter().find(|(k, _)| *k == key);
            let old = old.map_or("(not said)", |(_, v)| v.as_str());
            (old != value).then(|| format!("changed {key}: {old} -> {value}"))
        })
        .collect()
}

fn owner(path: &Path) -> Option<u32> {
    std::fs::symlink_metadata(path).ok().map(|m| m.uid())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

    use super::*;

    fn server(socket: Option<&str>, uids: &[u32]) -> Wanted {
        Wanted::Server {
            socket: socket.map(PathBuf::from),
            usual: Some("/nowhere/usual".into()),
            daemon_uids: uids.to_vec(),
            own: 0,
        }
    }

    #[test]
    fn the_hook_understands_what_is_written() {
        let folder = tempfile::tempdir().unwrap();
        let opt = Path::new("/opt/lychgate");
        let written = server(Some("/run/x y/s"), &[7])
            .settle(folder.path(), opt)
            .unwrap();
        let read = Conf::parse(written.text.as_bytes()).unwrap();
        assert_eq!(read.surface, Some(Surface::Server));
        assert_eq!(read.socket.as_deref(), Some(Path::new("/run/x y/s")));
        assert_eq!(read.daemon_uids, [0, 7]);
        assert_eq!(read.lychgate.as_deref(), Some(opt));

        for (unavailable, meant) in [
            (None, conf::Unavailable::InProcess),
            (Some(Unavailable::Deny), conf::Unavailable::Deny),
            (
                Some(Unavailable::AllowRecorded),
                conf::Unavailable::AllowRecorded,
            ),
        ] {
            let wanted = Wanted::Client {
                socket: None,
                unavailable,
            };
            let written = wanted.settle(folder.path(), opt).unwrap();
            let read = Conf::parse(written.text.as_bytes()).unwrap();
            assert_eq!((read.surface, read.socket), (Some(Surface::Client), None));
            assert_eq!(read.unavailable, meant);
        }
    }

    #[test]
    fn the_example_for_servers_is_understood() {
        let example = include_str!("../../../../hooks/lychgate.conf");
        assert_eq!(
            Conf::parse(example.as_bytes()).unwrap().surface,
            Some(Surface::Server)
        );
    }
}
