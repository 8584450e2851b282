//! What lies in the state folder, believed only where nobody else could have put it there.

use std::fmt;
use std::fs::File;
use std::io;
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};

use lychgate_model::path::{printable, shell_word};
use lychgate_model::trust::{Objection, Trusted};
use rustix::fs::{Mode, OFlags, open as open_at_path, openat};
use rustix::io::Errno;

use crate::cache;

/// Why what lies in the state folder is not believed.
#[derive(Debug)]
pub struct Distrust {
    /// The folder, or a file in it.
    path: PathBuf,
    why: Why,
}

#[derive(Debug)]
enum Why {
    Owner { uid: u32 },
    Writable,
    Readable,
    NotRegular,
    NotFolder,
    NotAKey,
    Unreadable(io::Error),
    Unwritable(io::Error),
}

impl Distrust {
    /// What mends it: a command, or words where no command alone does.
    pub fn mend(&self) -> String {
        let path = shell_word(&self.path);
        match &self.why {
            Why::Writable => format!("chmod go-w {path}"),
            Why::Owner { .. } => format!("chown $(id -u) {path}"),
            Why::NotRegular | Why::NotAKey => format!("rm {path}"),
            Why::Readable => format!("chmod 600 {path}"),
            Why::NotFolder => format!("mv {path} {path}.old"),
            Why::Unreadable(error) | Why::Unwritable(error) => self.opens(error, &path),
        }
    }

    /// What lets `path` be read and written again.
    fn opens(&self, error: &io::Error, path: &str) -> String {
        const ELSEWHERE: &str = "set LYCHGATE_STATE_DIR to a folder of yours on another disk";
        match Errno::from_io_error(error) {
            Some(Errno::NOSPC | Errno::DQUOT) => format!("free some space: df -h {path}"),
            Some(Errno::ROFS) => format!("mount it for writing, or {ELSEWHERE}"),
            Some(Errno::IO) => format!("see to that disk, or {ELSEWHERE}"),
            Some(Errno::MFILE | Errno::NFILE) => "allow more open files: ulimit -n".to_owned(),
            Some(Errno::ACCESS | Errno::PERM) => match self.path.metadata() {
                Ok(about) if about.uid() != rustix::process::geteuid().as_raw() => {
                    "set LYCHGATE_STATE_DIR to a folder of yours".to_owned()
                }
                // Into a folder one must be able to step, too.
                Ok(about) if about.is_dir() => format!("chmod u+rwx {path}"),
                _ => format!("chmod u+rw {path}"),
            },
            _ => "set LYCHGATE_STATE_DIR to a folder of yours".to_owned(),
        }
    }
}

impl fmt::Display for Distrust {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let path = printable(self.path.as_os_str().as_bytes());
        match &self.why {
            Why::Owner { uid } => write!(f, "{path} belongs to user {uid}"),
            Why::Writable => write!(f, "others may write {path}"),
            Why::Readable => write!(f, "others may read {path}"),
            Why::NotRegular => write!(f, "{path} is not a regular file"),
            Why::NotFolder => write!(f, "{path} is not a folder"),
            Why::NotAKey => write!(f, "{path} does not hold 32 bytes"),
            Why::Unreadable(error) => write!(f, "cannot read {path}: {}", plainly(error)),
            Why::Unwritable(error) => write!(f, "cannot write in {path}: {}", plainly(error)),
        }
    }
}

impl std::error::Error for Distrust {}

/// What the system said, without the number it has for that.
fn plainly(error: &io::Error) -> String {
    let said = error.to_string();
    let end = said.find(" (os error").unwrap_or(said.len());
    said.get(..end).unwrap_or(&said).to_owned()
}

/// Whether what was remembered in `folder` would be believed.
///
/// # Errors
/// What speaks against it.
pub fn look(folder: &Path) -> Result<(), Distrust> {
    open(folder, cache::FILE)?;
    crate::state::look(folder)
}

/// What keeps a key from being made in `folder`, or read.
pub(crate) fn unkept(path: &Path, error: io::Error) -> Distrust {
    let folder = matches!(
        error.kind(),
        io::ErrorKind::AlreadyExists | io::ErrorKind::NotADirectory
    );
    // It is the first that is none, for there is nothing below it; and what cannot be made has to
    // be made in it.
    let blocking = path.ancestors().find(|p| p.symlink_metadata().is_ok());
    let blocking = blocking.unwrap_or(path);
    Distrust {
        path: blocking.to_owned(),
        why: match folder && !blocking.is_dir() {
            true => Why::NotFolder,
            false => Why::Unwritable(error),
        },
    }
}

/// Whether a key may be read: only by its owner, and of the right size.
pub(crate) fn believed_key(folder: &Path, name: &str, file: &File) -> Result<(), Distrust> {
    let distrust = |why| Distrust {
        path: folder.join(name),
        why,
    };
    let about = file.metadata();
    let about = about.map_err(|e| distrust(Why::Unreadable(e)))?;
    if about.mode() & 0o077 != 0 {
        return Err(distrust(Why::Readable));
    }
    if about.len() != 32 {
        return Err(distrust(Why::NotAKey));
    }
    Ok(())
}

/// The regular file `name` in `folder`, when nobody but this user and root can write either;
/// `None`: it is not there.
pub(crate) fn open(folder: &Path, name: &str) -> Result<Option<File>, Distrust> {
    opened(folder, name, true)
}

/// The same, whoever may write the folder.
pub(crate) fn open_in_any(folder: &Path, name: &str) -> Result<Option<File>, Distrust> {
    opened(folder, name, false)
}

fn opened(folder: &Path, name: &str, strict: bool) -> Result<Option<File>, Distrust> {
    let uid = rustix::process::geteuid().as_raw();
    let trusted = Trusted {
        own: uid,
        listed: &[],
    };
    let distrust = |path: &Path, why| Distrust {
        path: path.to_owned(),
        why,
    };
    let unreadable = |path: &Path, e: Errno| distrust(path, Why::Unreadable(e.into()));
    // All is asked of what was opened: between a look at a name and its use it may change hands.
    let flags = OFlags::RDONLY | OFlags::CLOEXEC;
    let top = match open_at_path(folder, flags | OFlags::DIRECTORY, Mode::empty()) {
        Ok(top) => File::from(top),
        Err(Errno::NOENT) => return Ok(None),
        Err(e @ Errno::NOTDIR) => return Err(unkept(folder, e.into())),
        Err(e) => return Err(unreadable(folder, e)),
    };
    if strict {
        believed(&top, trusted).map_err(|why| distrust(folder, why))?;
    }
    let path = folder.join(name);
    // A pipe of that name would be waited at for ever.
    let flags = flags | OFlags::NOFOLLOW | OFlags::NONBLOCK;
    let file = match openat(&top, name, flags, Mode::empty()) {
        Ok(file) => File::from(file),
        Err(Errno::NOENT) => return Ok(None),
        // A link; a socket.
        Err(Errno::LOOP | Errno::NXIO) => return Err(distrust(&path, Why::NotRegular)),
        Err(e) => return Err(unreadable(&path, e)),
    };
    believed(&file, trusted).map_err(|why| distrust(&path, why))?;
    let regular = file.metadata().is_ok_and(|about| about.is_file());
    match regular {
        true => Ok(Some(file)),
        false => Err(distrust(&path, Why::NotRegular)),
    }
}

fn believed(opened: &File, trusted: Trusted<'_>) -> Result<(), Why> {
    let about = opened.metadata().map_err(Why::Unreadable)?;
    match trusted.objection(about.uid(), about.mode()) {
        None => Ok(()),
        Some(Objection::Owner { uid }) => Err(Why::Owner { uid }),
        Some(Objection::Writable) => Err(Why::Writable),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs::Permissions;
    use std::os::unix::fs::{PermissionsExt as _, chown, symlink};

    fn mode(path: &Path, mode: u32) {
        std::fs::set_permissions(path, Permissions::from_mode(mode)).unwrap();
    }

    #[test]
    fn a_file_is_believed_where_nobody_else_could_have_written_it() {
        let top = tempfile::tempdir().unwrap();
        let folder = top.path().join("state");
        assert!(matches!(look(&folder), Ok(())), "absent");
        std::fs::create_dir(&folder).unwrap();
        mode(&folder, 0o700);
        let file = folder.join(cache::FILE);
        assert!(open(&folder, cache::FILE).unwrap().is_none());
        std::fs::write(&file, "x").unwrap();
        for private in [0o600, 0o644, 0o400] {
            mode(&file, private);
            assert!(open(&folder, cache::FILE).unwrap().is_some());
        }
        // The way there may lead over a link: it is the folder that counts.
        symlink(&folder, top.path().join("link")).unwrap();
        assert!(
            open(&top.path().join("link"), cache::FILE)
                .unwrap()
                .is_some()
        );

        for writable in [0o620, 0o602, 0o666] {
            mode(&file, writable);
            let refused = look(&folder).unwrap_err();
            assert!(matches!(refused.why, Why::Writable), "{refused}");
            assert_eq!(refused.mend(), format!("chmod go-w {}", file.display()));
        }
        mode(&file, 0o600);
        for writable in [0o770, 0o707, 0o1777] {
            mode(&folder, writable);
            let refused = look(&folder).unwrap_err();
            assert!(matches!(refused.why, Why::Writable), "{refused}");
            assert_eq!(refused.path, folder);
            assert!(open_in_any(&folder, cache::FILE).unwrap().is_some());
        }
        mode(&folder, 0o700);
        look(&folder).unwrap();
    }

    #[test]
    fn what_is_advised_mends_what_was_in_the_way() {
        let top = tempfile::tempdir().unwrap();
        let (folder, shown) = (top.path(), top.path().display());
        let advised = |errno: Errno| {
            let told = unkept(&folder.join("state"), errno.into());
            assert!(!told.to_string().contains("os error"), "{told}");
            assert!(
                told.to_string()
                    .starts_with(&format!("cannot write in {shown}: "))
            );
            told.mend()
        };
        assert_eq!(advised(Errno::ACCESS), format!("chmod u+rwx {shown}"));
        for full in [Errno::NOSPC, Errno::DQUOT] {
            assert_eq!(advised(full), format!("free some space: df -h {shown}"));
        }
        assert!(
            advised(Errno::ROFS).starts_with("mount it for writing, or set LYCHGATE_STATE_DIR")
        );
        assert!(advised(Errno::MFILE).contains("ulimit -n"));
        for other in [
            Errno::NOSPC,
            Errno::ROFS,
            Errno::IO,
            Errno::MFILE,
            Errno::NAMETOOLONG,
        ] {
            assert!(!advised(other).contains("chmod"), "{other}");
        }
        let file = folder.join("value.key");
        std::fs::write(&file, "x").unwrap();
        let unreadable = Distrust {
            path: file.clone(),
            why: Why::Unreadable(Errno::ACCESS.into()),
        };
        assert_eq!(unreadable.mend(), format!("chmod u+rw {}", file.display()));
        if chown(&file, Some(4242), None).is_ok() {
            // What is not one's own one cannot open to oneself.
            let mend = unreadable.mend();
            assert_eq!(mend, "set LYCHGATE_STATE_DIR to a folder of yours");
        }
    }

    #[test]
    fn a_key_is_kept_where_only_its_owner_reads_it() {
        use crate::state::State;
        let top = tempfile::tempdir().unwrap();
        let folder = top.path().join("state");
        let key = folder.join("value.key");
        let unkept = || {
            let state = State::open(Some(&folder));
            assert!(!state.persisted());
            assert!(look(&folder).is_err());
            let why = state.unkept().unwrap();
            (why.to_string(), why.mend())
        };
        let kept = || {
            let state = State::open(Some(&folder));
            assert!(state.persisted() && state.unkept().is_none());
            look(&folder).unwrap();
        };
        kept();
        mode(&key, 0o640);
        let shown = key.display();
        let told = (
            format!("others may read {shown}"),
            format!("chmod 600 {shown}"),
        );
        assert_eq!(unkept(), told);
        mode(&key, 0o600);
        kept();
        std::fs::write(&key, "short").unwrap();
        let told = (
            format!("{shown} does not hold 32 bytes"),
            format!("rm {shown}"),
        );
        assert_eq!(unkept(), told);
        std::fs::remove_dir_all(&folder).unwrap();
        std::fs::write(&folder, "a file").unwrap();
        let shown = folder.display();
        let told = (
            format!("{shown} is not a folder"),
            format!("mv {shown} {shown}.old"),
        );
        assert_eq!(unkept(), told);
        let below = State::open(Some(&folder.join("below")));
        assert_eq!(below.unkept().unwrap().to_string(), told.0);
        assert!(State::open(None).unkept().is_none());
        std::fs::remove_file(&folder).unwrap();
        kept();
    }

    #[test]
    fn what_is_no_regular_file_is_not_waited_at() {
        let top = tempfile::tempdir().unwrap();
        let file = top.path().join(cache::FILE);
        let refused = || {
            let refused = look(top.path()).unwrap_err();
            assert!(matches!(refused.why, Why::NotRegular), "{refused}");
            assert_eq!(refused.mend(), format!("rm {}", file.display()));
        };
        let own = Mode::RUSR | Mode::WUSR;
        rustix::fs::mkfifoat(rustix::fs::CWD, &file, own).unwrap();
        refused();
        std::fs::remove_file(&file).unwrap();
        std::fs::write(top.path().join("real"), "x").unwrap();
        symlink("real", &file).unwrap();
        refused();
        std::fs::remove_file(&file).unwrap();
        std::fs::create_dir(&file).unwrap();
        refused();
        std::fs::remove_dir(&file).unwrap();
        std::fs::rename(top.path().join("real"), &file).unwrap();
        look(top.path()).unwrap();
    }

    #[test]
    fn what_somebody_else_owns_is_not_believed() {
        if !rustix::process::geteuid().is_root() {
            return; // only root can give a file away
        }
        let top = tempfile::tempdir().unwrap();
        let file = top.path().join(cache::FILE);
        std::fs::write(&file, "x").unwrap();
        mode(&file, 0o600);
        look(top.path()).unwrap();
        for given in [&file, &top.path().to_owned()] {
            chown(given, Some(4242), None).unwrap();
            let refused = look(top.path()).unwrap_err();
            assert!(matches!(refused.why, Why::Owner { uid: 4242 }), "{refused}");
            chown(given, Some(0), None).unwrap();
        }
        look(top.path()).unwrap();
    }
}
