//! The socket: exactly one instance, at a place nobody else can touch.
//!
//! The order that survives a race of many starts: take the lock on `<socket>.lock`; only its
//! holder looks at, removes or binds the socket. The lock file stays for ever, because whoever
//! removes a lock file lets two holders in. A drained instance gives the lock up after it has
//! removed the socket, so that its successor need not wait for its last session. The lock file
//! holds the pid of its last holder, so that a holder nobody can reach can be named; a drained one
//! adds that it drains and keeps the file open, so that its end can be waited for.

use std::fs::{File, Metadata, OpenOptions};
use std::io;
use std::io::Write as _;
use std::os::fd::AsFd as _;
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::fs::{DirBuilderExt as _, FileTypeExt as _, MetadataExt as _};
use std::os::unix::fs::{OpenOptionsExt as _, PermissionsExt as _};
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::{Path, PathBuf};

use rustix::fs::FlockOperation;

use crate::failure::Failure;

/// Longest path a Unix socket address holds.
const ADDRESS: usize = 107;
/// What stands below the pid in the lock file of an instance that drains.
const DRAINS: &str = "drains";

/// A listening socket.
#[derive(Debug)]
pub(crate) struct Endpoint {
    pub(crate) listener: UnixListener,
    pub(crate) path: PathBuf,
    /// What this process made and has to take away; `None` under socket activation.
    own: Option<Own>,
}

#[derive(Debug)]
struct Own {
    lock: File,
    stand: Stand,
}

/// Which files stood at the paths by which others find an instance. They stay open for as long
/// as it listens, so no other file can come by their numbers.
#[derive(Clone, Debug)]
pub(crate) struct Stand {
    socket: (PathBuf, Identity),
    lock: (PathBuf, Identity),
}

/// Device and inode.
type Identity = (u64, u64);

impl Stand {
    /// The path at which nobody finds the instance any more, if there is one.
    pub(crate) fn lost(&self) -> Option<&Path> {
        let gone = |(path, own): &(PathBuf, Identity)| match path.symlink_metadata() {
            Ok(found) => identity(&found) != *own,
            // Anything else says nothing about what stands there.
            Err(error) => matches!(
                error.kind(),
                io::ErrorKind::NotFound | io::ErrorKind::NotADirectory
            ),
        };
        let lost = [&self.socket, &self.lock].into_iter().find(|it| gone(it));
        lost.map(|(path, _)| path.as_path())
    }
}

fn identity(found: &Metadata) -> Identity {
    (found.dev(), found.ino())
}

/// How an attempt to listen ended.
#[derive(Debug)]
pub(crate) enum Attempt {
    Listening(Endpoint),
    /// Another instance serves this socket: nothing to do.
    AnotherInstance,
}

/// Listens at `path`.
pub(crate) fn bind(path: &Path, mode: u32, group: Option<u32>) -> Result<Attempt, Failure> {
    let place = |what: String| Failure::Place {
        path: path.to_owned(),
        what,
    };
    let length = path.as_os_str().as_bytes().len();
    if length > ADDRESS {
        let what = format!("path of {length} bytes, and a socket's may have {ADDRESS}");
        return Err(place(what));
    }
    let folder = match path.parent() {
        Some(folder) if path.is_absolute() => folder,
        _ => return Err(place("path is not absolute".into())),
    };
    prepare_folder(folder)?;

    let lock_path = lock_path(path);
    let Some(lock) = take_lock(&lock_path)? else {
        return Ok(Attempt::AnotherInstance);
    };
    match path.symlink_metadata() {
        Err(error) if error.kind() == io::ErrorKind::NotFound => {}
        Err(error) => return Err(Failure::system("look at", path, error)),
        Ok(found) => {
            check_old(&found).map_err(place)?;
            if UnixStream::connect(path).is_ok() {
                return Ok(Attempt::AnotherInstance);
            }
            std::fs::remove_file(path).map_err(|e| within_folder("remove", path, e))?;
        }
    }
    let listener = UnixListener::bind(path).map_err(|e| within_folder("bind", path, e))?;
    open_to(path, mode, group)?;
    let made = path
        .symlink_metadata()
        .map_err(|e| Failure::system("look at", path, e))?;
    let locked = lock.metadata();
    let locked = locked.map_err(|e| Failure::system("look at", &lock_path, e))?;
    let stand = Stand {
        socket: (path.to_owned(), identity(&made)),
        lock: (lock_path, identity(&locked)),
    };
    let own = Own { lock, stand };
    Ok(Attempt::Listening(Endpoint {
        listener,
        path: path.to_owned(),
        own: Some(own),
    }))
}

/// Takes over the socket a service manager listens at.
pub(crate) fn adopt(passed: std::os::fd::OwnedFd) -> Result<Endpoint, Failure> {
    use rustix::net::{AddressFamily, SocketType, sockopt};
    let unix = sockopt::socket_domain(&passed) == Ok(AddressFamily::UNIX);
    let stream = sockopt::socket_type(&passed) == Ok(SocketType::STREAM);
    if !unix || !stream {
        return Err(Failure::Activation("descriptor 3 is no Unix stream socket"));
    }
    if sockopt::socket_acceptconn(&passed) != Ok(true) {
        return Err(Failure::Activation("descriptor 3 does not listen"));
    }
    let listener = UnixListener::from(passed);
    let address = listener.local_addr().ok();
    let path = address
        .and_then(|a| a.as_pathname().map(Path::to_owned))
        .unwrap_or_default();
    Ok(Endpoint {
        listener,
        path,
        own: None,
    })
}

impl Endpoint {
    /// What to look after; `None` under socket activation, where the service manager does.
    pub(crate) fn stand(&self) -> Option<Stand> {
        self.own.as_ref().map(|own| own.stand.clone())
    }

    /// Makes room for a successor: removes the socket, if it is still this one, and gives the
    /// lock up. Connections that came before stay in the listener's queue. Gives the lock file: for
    /// as long as it is open, this process is known for its last holder.
    pub(crate) fn retire(&mut self) -> Option<File> {
        let mut own = self.own.take()?;
        // First: who finds no socket finds this. After the pid, and only a hint as that one is.
        let _ = writeln!(own.lock, "{DRAINS}");
        if let Ok(found) = self.path.symlink_metadata()
            && identity(&found) == own.stand.socket.1
        {
            // A folder that was removed in between has no socket left to mislead anybody.
            let _ = std::fs::remove_file(&self.path);
        }
        let unlocked = rustix::fs::flock(own.lock.as_fd(), FlockOperation::Unlock).is_ok();
        unlocked.then_some(own.lock)
    }
}

fn own_uid() -> u32 {
    rustix::process::geteuid().as_raw()
}

/// Creates the socket's folder for its owner alone, or checks that no other user can put
/// something else in the socket's place.
fn prepare_folder(folder: &Path) -> Result<(), Failure> {
    let made = std::fs::DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(folder);
    made.map_err(|e| within_folder("create", folder, e))?;
    let found = folder
        .metadata()
        .map_err(|e| Failure::system("look at", folder, e))?;
    let place = |what: String| Failure::Place {
        path: folder.to_owned(),
        what,
    };
    if found.uid() != own_uid() && found.uid() != 0 {
        return Err(place(format!("folder belongs to uid {}", found.uid())));
    }
    if found.permissions().mode() & 0o022 != 0 {
        return Err(place("folder can be written by others".into()));
    }
    Ok(())
}

/// What failed on a file that is made or taken away: where it is the folder that does not let it, the
/// folder is what has to be mended.
fn within_folder(doing: &'static str, path: &Path, source: io::Error) -> Failure {
    let folder = match source.kind() {
        io::ErrorKind::ReadOnlyFilesystem | io::ErrorKind::StorageFull => path.parent(),
        // A file that stands there may itself be what is not to be opened.
        io::ErrorKind::PermissionDenied if path.symlink_metadata().is_err() => path.parent(),
        _ => None,
    };
    match folder {
        Some(folder) => Failure::Unwritable {
            folder: folder.to_owned(),
            source,
        },
        None => Failure::system(doing, path, source),
    }
}

fn lock_path(socket: &Path) -> PathBuf {
    let mut path = socket.as_os_str().to_owned();
    path.push(".lock");
    PathBuf::from(path)
}

/// The lock, or `None`: somebody else holds it.
fn take_lock(path: &Path) -> Result<Option<File>, Failure> {
    let nofollow = i32::try_from(rustix::fs::OFlags::NOFOLLOW.bits()).unwrap_or(0);
    let mut options = OpenOptions::new();
    let file = options.create(true).truncate(false).write(true).mode(0o600);
    let file = file.custom_flags(nofollow).open(path);
    let mut file = file.map_err(|e| within_folder("open", path, e))?;
    match rustix::fs::flock(file.as_fd(), FlockOperation::NonBlockingLockExclusive) {
        Ok(()) => {
            // Only a hint for people: a full disk is no reason not to serve.
            let _ = file
                .set_len(0)
                .and_then(|()| writeln!(file, "{}", std::process::id()));
            Ok(Some(file))
        }
        Err(rustix::io::Errno::WOULDBLOCK) => Ok(None),
        Err(error) => Err(Failure::system("lock", path, error)),
    }
}

fn check_old(found: &Metadata) -> Result<(), String> {
    if found.file_type().is_symlink() {
        return Err("is a symlink; a socket must stand there itself".into());
    }
    if !found.file_type().is_socket() {
        return Err("is there and no socket".into());
    }
    if found.uid() != own_uid() {
        return Err(format!("belongs to uid {}", found.uid()));
    }
    Ok(())
}

/// The socket was made with umask 077; it is opened to a group only after that.
fn open_to(path: &Path, mode: u32, group: Option<u32>) -> Result<(), Failure> {
    if group.is_some() {
        std::os::unix::fs::lchown(path, None, group)
            .map_err(|e| Failure::system("change the group of", path, e))?;
    }
    let mode = std::fs::Permissions::from_mode(mode);
    std::fs::set_permissions(path, mode).map_err(|e| Failure::system("change the mode of", path, e))
}
