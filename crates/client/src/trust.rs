//! Whether anybody but the right users can stand at the end of a path.
//!
//! Whoever can rename or replace one folder on the way to a socket can answer in the daemon's
//! place, so every component is looked at, not only the last.

use std::fs::Metadata;
use std::io;
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::fs::{FileTypeExt as _, MetadataExt as _};
use std::path::{Component, Path, PathBuf};

use lychgate_model::path::printable;
use lychgate_model::trust::Objection;
pub use lychgate_model::trust::Trusted;

const STICKY: u32 = 0o1000;

/// Why a path is not trusted.
#[derive(Debug, thiserror::Error)]
pub enum Distrust {
    /// A component belongs to a user who is not trusted.
    #[error("{} belongs to user {uid}", shown(.path))]
    Owner {
        /// The component.
        path: PathBuf,
        /// Its owner.
        uid: u32,
    },
    /// A component can be written by its group or by everybody.
    #[error("others may write {}", shown(.path))]
    Writable {
        /// The component.
        path: PathBuf,
    },
    /// A component is a symbolic link.
    #[error("{} is a symbolic link", shown(.path))]
    Symlink {
        /// The component.
        path: PathBuf,
    },
    /// The end of the path is something else than a socket, or a component no folder.
    #[error("{} is neither a folder nor a socket", shown(.path))]
    Kind {
        /// The component.
        path: PathBuf,
    },
    /// Not absolute, or with `..` in it.
    #[error("{} is not a plain absolute path", shown(.path))]
    Form {
        /// The path.
        path: PathBuf,
    },
    /// The process that listens belongs to a user who is not trusted.
    #[error("user {uid} listens at the socket")]
    Listener {
        /// That user.
        uid: u32,
    },
    /// The operating system would not say.
    #[error("cannot look at {}", shown(.path))]
    Look {
        /// The component.
        path: PathBuf,
        /// What it said.
        #[source]
        source: io::Error,
    },
}

impl Distrust {
    /// Whether it is only that nothing stands there.
    pub fn is_absent(&self) -> bool {
        matches!(self, Self::Look { source, .. } if source.kind() == io::ErrorKind::NotFound)
    }
}

/// Looks at the folder at `path` and at every folder above it.
pub fn folder(path: &Path, trusted: Trusted<'_>) -> Result<(), Distrust> {
    let about = components(path, trusted)?;
    if about.is_dir() {
        Ok(())
    } else {
        Err(Distrust::Kind {
            path: path.to_owned(),
        })
    }
}

/// Looks at the socket at `path` and at every folder above it.
pub fn socket(path: &Path, trusted: Trusted<'_>) -> Result<(), Distrust> {
    let about = components(path, trusted)?;
    if about.file_type().is_socket() {
        Ok(())
    } else {
        Err(Distrust::Kind {
            path: path.to_owned(),
        })
    }
}

/// What the last component is, all of them being trusted.
fn components(path: &Path, trusted: Trusted<'_>) -> Result<Metadata, Distrust> {
    let plain = path
        .components()
        .all(|c| matches!(c, Component::RootDir | Component::Normal(_)));
    if !plain || !path.is_absolute() {
        return Err(Distrust::Form {
            path: path.to_owned(),
        });
    }
    let mut so_far = PathBuf::with_capacity(path.as_os_str().len());
    let mut last = None;
    for (depth, component) in path.components().enumerate() {
        so_far.push(component);
        let looked = std::fs::symlink_metadata(&so_far);
        let mut about = looked.map_err(|source| Distrust::Look {
            path: so_far.clone(),
            source,
        })?;
        if about.is_symlink() {
            // `/home -> /var/home` and its like belong to the system; nobody but root can put a
            // link there. Below that, a link is somebody's doing.
            if depth > 1 || about.uid() != 0 {
                return Err(Distrust::Symlink { path: so_far });
            }
            let followed = std::fs::metadata(&so_far);
            about = followed.map_err(|source| Distrust::Look {
                path: so_far.clone(),
                source,
            })?;
        }
        if !about.is_dir() && so_far.as_os_str() != path.as_os_str() {
            return Err(Distrust::Kind { path: so_far });
        }
        match trusted.objection(about.uid(), about.mode()) {
            Some(Objection::Owner { uid }) => return Err(Distrust::Owner { path: so_far, uid }),
            // In a sticky folder nobody can rename or remove what belongs to others. A socket's
            // own bits say who may connect, not who may answer.
            Some(Objection::Writable) if about.is_dir() && about.mode() & STICKY == 0 => {
                return Err(Distrust::Writable { path: so_far });
            }
            _ => {}
        }
        last = Some(about);
    }
    last.ok_or_else(|| Distrust::Form {
        path: path.to_owned(),
    })
}

pub(crate) fn shown(path: &Path) -> String {
    printable(path.as_os_str().as_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs::Permissions;
    use std::os::unix::fs::{PermissionsExt as _, chown, symlink};
    use std::os::unix::net::UnixListener;

    fn own() -> Trusted<'static> {
        Trusted {
            own: rustix::process::geteuid().as_raw(),
            listed: &[],
        }
    }

    #[test]
    fn only_a_socket_of_ones_own_behind_folders_of_ones_own_is_trusted() {
        let top = tempfile::tempdir().unwrap();
        let run = top.path().join("run");
        std::fs::create_dir(&run).unwrap();
        let mode = |m| std::fs::set_permissions(&run, Permissions::from_mode(m)).unwrap();
        mode(0o700);
        let path = run.join("s");
        assert!(socket(&path, own()).unwrap_err().is_absent());
        let _listener = UnixListener::bind(&path).unwrap();
        socket(&path, own()).unwrap();
        folder(&run, own()).unwrap();

        for writable in [0o770, 0o707, 0o777] {
            mode(writable);
            assert!(matches!(
                socket(&path, own()),
                Err(Distrust::Writable { .. })
            ));
        }
        mode(0o1777);
        socket(&path, own()).unwrap();
        mode(0o700);

        let link = top.path().join("link");
        symlink(&run, &link).unwrap();
        assert!(matches!(
            socket(&link.join("s"), own()),
            Err(Distrust::Symlink { .. })
        ));
        symlink(&path, run.join("l")).unwrap();
        assert!(matches!(
            socket(&run.join("l"), own()),
            Err(Distrust::Symlink { .. })
        ));

        std::fs::write(run.join("file"), "").unwrap();
        assert!(matches!(
            socket(&run.join("file"), own()),
            Err(Distrust::Kind { .. })
        ));
        assert!(matches!(
            folder(&run.join("file"), own()),
            Err(Distrust::Kind { .. })
        ));
        assert!(matches!(
            socket(&run.join("../run/s"), own()),
            Err(Distrust::Form { .. })
        ));
        assert!(matches!(
            socket(Path::new("run/s"), own()),
            Err(Distrust::Form { .. })
        ));
    }

    #[test]
    fn what_somebody_else_owns_is_not_trusted() {
        if own().own != 0 {
            return; // only root can give a folder away
        }
        let top = tempfile::tempdir().unwrap();
        std::fs::set_permissions(top.path(), Permissions::from_mode(0o755)).unwrap();
        let path = top.path().join("s");
        let _listener = UnixListener::bind(&path).unwrap();
        socket(&path, own()).unwrap();
        chown(&path, Some(4242), None).unwrap();
        assert!(matches!(
            socket(&path, own()),
            Err(Distrust::Owner { uid: 4242, .. })
        ));
        socket(
            &path,
            Trusted {
                own: 4242,
                listed: &[],
            },
        )
        .unwrap();
        socket(
            &path,
            Trusted {
                own: 1000,
                listed: &[4242],
            },
        )
        .unwrap();
        assert!(
            socket(
                &path,
                Trusted {
                    own: 1000,
                    listed: &[]
                }
            )
            .is_err()
        );
        chown(&path, Some(0), None).unwrap();
        chown(top.path(), Some(4242), None).unwrap();
        assert!(matches!(
            socket(&path, own()),
            Err(Distrust::Owner { uid: 4242, .. })
        ));
    }
}
