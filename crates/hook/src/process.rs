//! What the process is, and what it says of a bug.

use std::io::{self, Write as _};
use std::path::PathBuf;

/// A panic says where, in one line, and nothing of what was being looked at.
pub(crate) fn quiet_panics() {
    std::panic::set_hook(Box::new(|panic| {
        let place = panic
            .location()
            .map(|l| format!(" at {}:{}", l.file(), l.line()));
        let place = place.unwrap_or_default();
        let _ = writeln!(
            io::stderr(),
            "lychgate: not checked: a bug in lychgate-hook{place}"
        );
    }));
}

/// The folder of the running program, links resolved: what belongs to it lies beside it.
pub(crate) fn own_folder() -> io::Result<PathBuf> {
    let program = std::env::current_exe()?;
    program
        .parent()
        .map(PathBuf::from)
        .ok_or_else(|| io::ErrorKind::NotFound.into())
}
