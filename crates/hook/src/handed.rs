//! Git's input to the hook: read once, and handed on to whoever is asked too.

use std::fs::File;
use std::io::{self, Read as _, Seek as _, Write as _};
use std::process::Stdio;

use lychgate_client::hooked::reads_stdin;
use lychgate_model::Hook;
use rustix::fs::{MemfdFlags, memfd_create};

use crate::failure::Failure;

/// Bytes taken: ref lines of ordinary length, as many as a push may have.
const MOST: usize = 256 << 20;

/// What Git wrote to the standard input; empty for a hook to which it writes nothing.
pub(crate) fn input(hook: Hook) -> Result<Vec<u8>, Failure> {
    let mut bytes = Vec::new();
    if reads_stdin(hook) {
        let read = io::stdin()
            .lock()
            .take(MOST as u64 + 1)
            .read_to_end(&mut bytes);
        read.map_err(|source| Failure::Process {
            what: "cannot read git's input",
            source,
        })?;
        if bytes.len() > MOST {
            return Err(Failure::Input { limit: MOST });
        }
    }
    Ok(bytes)
}

/// The same bytes again, from their beginning.
pub(crate) fn again(bytes: &[u8]) -> io::Result<Stdio> {
    let mut file = File::from(memfd_create(c"lychgate-input", MemfdFlags::CLOEXEC)?);
    file.write_all(bytes)?;
    file.rewind()?;
    Ok(Stdio::from(file))
}
