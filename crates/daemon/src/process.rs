//! What the process makes of itself before it serves.
//!
//! Core dumps: `RLIMIT_CORE` is 0, and because the kernel does not ask that limit when dumps are
//! piped to a program, `/proc/self/coredump_filter` is 0 as well, which leaves every anonymous
//! page, and so every byte of content, out of any dump. That covers all memory where
//! `MADV_DONTDUMP` would cover single mappings. `PR_SET_DUMPABLE` stays as it is: it would hide
//! the process from its owner (contract 11).

#![expect(
    unsafe_code,
    reason = "descriptors a parent left open have no owner to close them"
)]

use std::fs::{File, OpenOptions};
use std::os::fd::{FromRawFd as _, OwnedFd, RawFd};
use std::path::Path;

use rustix::process::{Resource, Rlimit};

use crate::failure::Failure;

/// Descriptors kept for the daemon itself beside one for each session.
const OWN_DESCRIPTORS: u64 = 32;

/// What is left of the environment: nothing a repository or a push brings along.
const KEPT: [&str; 4] = ["HOME", "LANG", "TZ", "PATH"];

/// For every daemon, spawned or not: files only for its owner, no core dumps, as many
/// descriptors as the system allows. Returns how many sessions these allow for.
pub(crate) fn harden() -> usize {
    rustix::process::umask(rustix::fs::Mode::RWXG | rustix::fs::Mode::RWXO);
    tune_allocator();
    let none = Rlimit {
        current: Some(0),
        maximum: Some(0),
    };
    // Lowering a limit cannot fail; where /proc is missing, the limit is all there is.
    let _ = rustix::process::setrlimit(Resource::Core, none);
    let _ = std::fs::write("/proc/self/coredump_filter", "0");

    let files = rustix::process::getrlimit(Resource::Nofile);
    let raised = Rlimit {
        current: files.maximum,
        maximum: files.maximum,
    };
    let _ = rustix::process::setrlimit(Resource::Nofile, raised);
    let open = rustix::process::getrlimit(Resource::Nofile)
        .current
        .unwrap_or(u64::MAX);
    usize::try_from(open.saturating_sub(OWN_DESCRIPTORS)).unwrap_or(usize::MAX)
}

/// Leaves the hook that spawned us: its session, its folder, its descriptors (a pipe kept open
/// would make `git commit` wait for the daemon's end), its environment.
///
/// Must be called before anything else opens a descriptor or starts a thread.
pub(crate) fn detach() -> Result<(), Failure> {
    // Fails only for a group leader, who has no terminal to lose.
    let _ = rustix::process::setsid();
    close_inherited();
    let null = OpenOptions::new().read(true).write(true).open("/dev/null");
    let null = null.map_err(|e| Failure::system("open", "/dev/null", e))?;
    for done in [
        rustix::stdio::dup2_stdin(&null),
        rustix::stdio::dup2_stdout(&null),
        rustix::stdio::dup2_stderr(&null),
    ] {
        done.map_err(|e| Failure::system("redirect output to", "/dev/null", e))?;
    }
    reduce_environment();
    Ok(())
}

/// Nothing keeps a mount or a work tree busy.
pub(crate) fn leave_folder() -> Result<(), Failure> {
    rustix::process::chdir("/").map_err(|e| Failure::system("change to", "/", e))
}

fn close_inherited() {
    let Ok(open) = std::fs::read_dir("/proc/self/fd") else {
        return;
    };
    let numbers: Vec<RawFd> = open
        .filter_map(|entry| entry.ok()?.file_name().to_str()?.parse().ok())
        .filter(|fd| *fd > 2)
        .collect();
    for fd in numbers {
        // The list's own descriptor is closed by now: ask before taking.
        if Path::new(&format!("/proc/self/fd/{fd}"))
            .symlink_metadata()
            .is_ok()
        {
            // SAFETY: this process has opened nothing yet and has one thread; whatever stands
            // at this number came from the parent and nobody here refers to it.
            drop(unsafe { OwnedFd::from_raw_fd(fd) });
        }
    }
}

fn reduce_environment() {
    let names: Vec<_> = std::env::vars_os().map(|(name, _)| name).collect();
    for name in names {
        let keep = KEPT.iter().any(|kept| name == *kept)
            || name.as_encoded_bytes().starts_with(b"LYCHGATE_")
            || name.as_encoded_bytes().starts_with(b"LC_");
        if !keep {
            // SAFETY: no other thread runs yet that could read the environment.
            unsafe { std::env::remove_var(name) };
        }
    }
}

/// The descriptor at which a service manager passes its first socket.
const FIRST_PASSED: RawFd = 3;

/// Takes the one socket the service manager passed (`LISTEN_FDS`, `LISTEN_PID`).
pub(crate) fn passed_socket() -> Result<OwnedFd, Failure> {
    let said = |name: &str| std::env::var(name).ok().and_then(|v| v.parse::<u32>().ok());
    if said("LISTEN_PID") != Some(std::process::id()) {
        return Err(Failure::Activation("LISTEN_PID does not name this process"));
    }
    if said("LISTEN_FDS") != Some(1) {
        return Err(Failure::Activation("LISTEN_FDS is not 1"));
    }
    if Path::new("/proc/self/fd/3").symlink_metadata().is_err() {
        return Err(Failure::Activation("descriptor 3 is not open"));
    }
    // SAFETY: the protocol of LISTEN_FDS gives this descriptor to this process, it is open, and
    // nothing has been opened before that could be mistaken for it.
    let passed = unsafe { OwnedFd::from_raw_fd(FIRST_PASSED) };
    rustix::io::fcntl_setfd(&passed, rustix::io::FdFlags::CLOEXEC)
        .map_err(|e| Failure::system("keep the passed socket", "", e))?;
    Ok(passed)
}

/// Opens a log file for appending, for its owner only.
pub(crate) fn open_log(path: &Path) -> std::io::Result<File> {
    use std::os::unix::fs::OpenOptionsExt as _;
    OpenOptions::new()
        .create(true)
        .append(true)
        .mode(0o600)
        .open(path)
}

/// Allocations of this size and more are given back to the system when they are freed.
const MAPPED: i32 = 1 << 20;

/// So much that is free at the end of a heap is kept while there is work, rather than given back
/// and asked for again with a page fault for every 4 KiB of the next buffer.
const KEPT_FREE: i32 = 4 << 20;

/// Content comes in buffers of up to 16 MiB, filled by one thread and freed by another. Left to
/// itself, glibc begins to keep such buffers in its heaps once one was freed, and the process
/// grows to a multiple of what it holds at once.
fn tune_allocator() {
    #[cfg(target_env = "gnu")]
    // SAFETY: mallopt only sets numbers of the allocator; no other thread runs yet.
    unsafe {
        libc::mallopt(libc::M_MMAP_THRESHOLD, MAPPED);
        libc::mallopt(libc::M_TRIM_THRESHOLD, KEPT_FREE);
        libc::mallopt(libc::M_ARENA_MAX, 2);
    }
}

/// Gives memory that is free inside the allocator back to the system.
pub(crate) fn release_memory() {
    #[cfg(target_env = "gnu")]
    // SAFETY: malloc_trim takes the allocator's own locks and touches only free memory.
    unsafe {
        libc::malloc_trim(0);
    }
}
