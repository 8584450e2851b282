//! `lychgate.conf`, the file `lychgate install` writes beside a hook: `key = value` lines.
//!
//! Everything a hook is told comes from here (a server hook reads nothing else), so the file must
//! belong to whom it may belong to and nobody else may write it. A line that cannot be understood
//! is an error, never skipped: half a configuration would be a weaker one.

use std::ffi::{OsStr, OsString};
use std::fs::File;
use std::io::{self, Read as _};
use std::os::unix::ffi::OsStringExt as _;
use std::os::unix::fs::{MetadataExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};
use std::time::Duration;

use lychgate_model::trust::WRITABLE_BY_OTHERS;
use lychgate_model::{Surface, limits};

/// The file's name, in the folder of the hook.
pub const FILE: &str = "lychgate.conf";

/// What a hook's name is followed by in the name of the hook it replaced.
pub const CHAINED_SUFFIX: &str = ".before-lychgate";

const MOST_BYTES: u64 = 64 << 10;

/// What a client does when no daemon can be had. A server denies.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Unavailable {
    /// The `lychgate` beside the hook judges in process.
    #[default]
    InProcess,
    /// The hook denies.
    Deny,
    /// The hook allows, says so, and records that nothing was judged.
    AllowRecorded,
}

/// What a hook was told at installation.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Conf {
    /// Which side the hook was installed for; `None`: not said.
    pub surface: Option<Surface>,
    /// The daemon's socket; `None`: the usual places.
    pub socket: Option<PathBuf>,
    /// Users whose daemon is trusted beside root's and one's own.
    pub daemon_uids: Vec<u32>,
    /// How long the whole run may take; `None`: the default of the surface.
    pub deadline: Option<Duration>,
    /// The `lychgate` that judges in process.
    pub lychgate: Option<PathBuf>,
    /// What a client does when no daemon can be had.
    pub unavailable: Unavailable,
    /// File names beside the hook of the hooks that stood there before.
    pub chained: Vec<OsString>,
}

impl Conf {
    /// Reads the text of a file. Blank lines and lines that begin with `#` say nothing.
    pub fn parse(text: &[u8]) -> Result<Self, Error> {
        let mut conf = Self::default();
        let mut seen: Vec<&[u8]> = Vec::new();
        for (number, line) in (1u32..).zip(text.split(|&b| b == b'\n')) {
            let line = line.trim_ascii();
            if line.is_empty() || line.starts_with(b"#") {
                continue;
            }
            let wrong = |what| Error::Line { line: number, what };
            let cut = line
                .iter()
                .position(|&b| b == b'=')
                .ok_or(wrong("there is no '='"))?;
            let (key, value) = line.split_at(cut);
            let (key, value) = (
                key.trim_ascii(),
                value.get(1..).unwrap_or_default().trim_ascii(),
            );
            if seen.contains(&key) {
                return Err(wrong("the key stands twice"));
            }
            seen.push(key);
            conf.set(key, value).map_err(wrong)?;
        }
        Ok(conf)
    }

    fn set(&mut self, key: &[u8], value: &[u8]) -> Result<(), &'static str> {
        if value.contains(&0) {
            return Err("the value has a NUL byte");
        }
        match key {
            b"surface" => {
                self.surface = Some(match value {
                    b"client" => Surface::Client,
                    b"server" => Surface::Server,
                    _ => return Err("surface is client or server"),
                });
            }
            b"socket" => self.socket = absolute(value)?,
            b"lychgate" => self.lychgate = absolute(value)?,
            b"daemon_uids" => {
                let uids = words(value).map(number::<u32>).collect::<Option<_>>();
                self.daemon_uids = uids.ok_or("daemon_uids are numbers")?;
            }
            b"deadline_seconds" => {
                let seconds = number::<u64>(value).filter(|s| (1..=86_400).contains(s));
                let seconds = seconds.ok_or("deadline_seconds is a number from 1 to 86400")?;
                self.deadline = Some(Duration::from_secs(seconds));
            }
            b"unavailable" => {
                self.unavailable = match value {
                    b"in-process" => Unavailable::InProcess,
                    b"deny" => Unavailable::Deny,
                    b"allow-recorded" => Unavailable::AllowRecorded,
                    _ => return Err("unavailable is in-process, deny or allow-recorded"),
                };
            }
            b"chained" => {
                if value.contains(&b'/') {
                    return Err("chained names files beside the hook");
                }
                self.chained = words(value)
                    .map(|w| OsString::from_vec(w.to_vec()))
                    .collect();
            }
            _ => return Err("the key is unknown"),
        }
        Ok(())
    }

    /// How long the whole run may take on this surface.
    pub fn deadline_on(&self, surface: Surface) -> Duration {
        self.deadline.unwrap_or(match surface {
            Surface::Client => limits::CLIENT_DEADLINE,
            Surface::Server => limits::SERVER_DEADLINE,
        })
    }

    /// The file name of the hook that stood where `hook` stands now.
    pub fn chained_for(&self, hook: &str) -> Option<OsString> {
        let name = OsString::from(format!("{hook}{CHAINED_SUFFIX}"));
        self.chained.contains(&name).then_some(name)
    }
}

/// The folder beside `folder`, one of hooks, where what was kept has the names it had, in links;
/// `None`: `folder` has no name.
pub fn as_it_was(folder: &Path) -> Option<PathBuf> {
    let mut name = folder.file_name()?.to_owned();
    name.push(CHAINED_SUFFIX);
    Some(folder.with_file_name(name))
}

/// Where such a link leads that means `file` in the folder called `name`.
pub fn to_beside(name: &OsStr, file: &OsStr) -> PathBuf {
    Path::new("..").join(name).join(file)
}

/// The link under which the file `kept` of `folder` is called `hook`, as it was before it was
/// kept; `None`: there is none, or it leads elsewhere.
pub fn under_own_name(folder: &Path, hook: &str, kept: &OsStr) -> Option<PathBuf> {
    let link = as_it_was(folder)?.join(hook);
    let target = std::fs::read_link(&link).ok()?;
    (target == to_beside(folder.file_name()?, kept)).then_some(link)
}

/// The file in `folder`; `None`: there is none. `owners` are the users it may belong to beside root.
pub fn read(folder: &Path, owners: &[u32]) -> Result<Option<Conf>, Error> {
    // No link is followed: whoever may write where a link points could configure the hook.
    let flags = rustix::fs::OFlags::NOFOLLOW.bits().cast_signed();
    let opened = File::options()
        .read(true)
        .custom_flags(flags)
        .open(folder.join(FILE));
    let file = match opened {
        Ok(file) => file,
        Err(e) if e.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(e) => return Err(Error::Read(e)),
    };
    let about = file.metadata().map_err(Error::Read)?;
    if !about.is_file() {
        return Err(Error::NotAFile);
    }
    if about.uid() != 0 && !owners.contains(&about.uid()) {
        return Err(Error::Owner { uid: about.uid() });
    }
    if about.mode() & WRITABLE_BY_OTHERS != 0 {
        return Err(Error::Writable);
    }
    let mut text = Vec::with_capacity(usize::try_from(about.len().min(MOST_BYTES)).unwrap_or(0));
    file.take(MOST_BYTES + 1)
        .read_to_end(&mut text)
        .map_err(Error::Read)?;
    if text.len() as u64 > MOST_BYTES {
        return Err(Error::TooLarge);
    }
    Conf::parse(&text).map(Some)
}

fn words(value: &[u8]) -> impl Iterator<Item = &[u8]> {
    value
        .split(u8::is_ascii_whitespace)
        .filter(|w| !w.is_empty())
}

fn number<N: std::str::FromStr>(digits: &[u8]) -> Option<N> {
    // `parse` alone would take a sign.
    let plain = digits.iter().all(u8::is_ascii_digit);
    std::str::from_utf8(digits)
        .ok()
        .filter(|_| plain)?
        .parse()
        .ok()
}

fn absolute(value: &[u8]) -> Result<Option<PathBuf>, &'static str> {
    let path = PathBuf::from(OsString::from_vec(value.to_vec()));
    if path.is_absolute() {
        Ok(Some(path))
    } else {
        Err("the path is not absolute")
    }
}

/// Why a `lychgate.conf` cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A line that says nothing usable.
    #[error("line {line} of lychgate.conf: {what}")]
    Line {
        /// From 1.
        line: u32,
        /// What is wrong.
        what: &'static str,
    },
    /// It belongs to a user it may not belong to.
    #[error("lychgate.conf belongs to user {uid}")]
    Owner {
        /// That user.
        uid: u32,
    },
    /// Its group or everybody may write it.
    #[error("others may write lychgate.conf")]
    Writable,
    /// A folder, a device, a pipe.
    #[error("lychgate.conf is not a regular file")]
    NotAFile,
    /// More than a configuration can be.
    #[error("lychgate.conf is over {MOST_BYTES} bytes")]
    TooLarge,
    /// The operating system refused; a symbolic link is refused this way too.
    #[error("cannot read lychgate.conf")]
    Read(#[source] io::Error),
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_key_is_understood() {
        let text = b"# by lychgate install\n\nsurface = server\nsocket=/run/lychgate/s\n\
            daemon_uids = 0  1001\ndeadline_seconds = 5\n  lychgate = /opt/a b/lychgate \n\
            unavailable = allow-recorded\nchained = pre-push.before-lychgate x\n";
        let conf = Conf::parse(text).unwrap();
        assert_eq!(conf.surface, Some(Surface::Server));
        assert_eq!(conf.socket.as_deref(), Some(Path::new("/run/lychgate/s")));
        assert_eq!(conf.daemon_uids, [0, 1001]);
        assert_eq!(conf.deadline_on(Surface::Server), Duration::from_secs(5));
        assert_eq!(
            conf.lychgate.as_deref(),
            Some(Path::new("/opt/a b/lychgate"))
        );
        assert_eq!(conf.unavailable, Unavailable::AllowRecorded);
        assert_eq!(
            conf.chained_for("pre-push"),
            Some("pre-push.before-lychgate".into())
        );
        assert_eq!(conf.chained_for("pre-commit"), None);
    }

    #[test]
    fn an_empty_file_means_the_defaults() {
        let conf = Conf::parse(b"").unwrap();
        assert_eq!(conf, Conf::default());
        assert_eq!(conf.unavailable, Unavailable::InProcess);
        assert_eq!(conf.deadline_on(Surface::Client), limits::CLIENT_DEADLINE);
        assert_eq!(conf.deadline_on(Surface::Server), limits::SERVER_DEADLINE);
    }

    #[test]
    fn a_line_that_says_nothing_usable_is_refused_by_number() {
        let lines: [&[u8]; 11] = [
            b"unavaliable = deny",
            b"unavailable = allow",
            b"surface",
            b"surface = both",
            b"socket = relative/path",
            b"socket =",
            b"daemon_uids = 0 +1",
            b"daemon_uids = root",
            b"deadline_seconds = 0",
            b"chained = ../elsewhere",
            b"lychgate = /a\0b",
        ];
        for line in lines {
            let text = [b"# first\n", line].concat();
            let refused = Conf::parse(&text);
            assert!(
                matches!(refused, Err(Error::Line { line: 2, .. })),
                "{refused:?}"
            );
        }
        let twice = Conf::parse(b"unavailable = deny\nunavailable = in-process\n");
        assert!(matches!(twice, Err(Error::Line { line: 2, .. })));
    }

    #[test]
    fn the_file_must_be_ones_own_and_only_ones_own_to_write() {
        use std::fs::Permissions;
        use std::os::unix::fs::PermissionsExt as _;
        let folder = tempfile::tempdir().unwrap();
        let own = rustix::process::geteuid().as_raw();
        assert!(read(folder.path(), &[own]).unwrap().is_none());

        let path = folder.path().join(FILE);
        std::fs::write(&path, "unavailable = deny\n").unwrap();
        let mode = |m| std::fs::set_permissions(&path, Permissions::from_mode(m)).unwrap();
        mode(0o644);
        let conf = read(folder.path(), &[own]).unwrap().unwrap();
        assert_eq!(conf.unavailable, Unavailable::Deny);

        for writable in [0o664, 0o646, 0o666] {
            mode(writable);
            assert!(matches!(read(folder.path(), &[own]), Err(Error::Writable)));
        }
        mode(0o600);
        if own == 0 {
            std::os::unix::fs::chown(&path, Some(4242), None).unwrap();
            assert!(matches!(
                read(folder.path(), &[own]),
                Err(Error::Owner { uid: 4242 })
            ));
            assert!(read(folder.path(), &[4242]).unwrap().is_some());
        }
        let real = folder.path().join("real");
        std::fs::rename(&path, &real).unwrap();
        std::os::unix::fs::symlink(&real, &path).unwrap();
        assert!(matches!(
            read(folder.path(), &[own, 4242]),
            Err(Error::Read(_))
        ));
    }
}
