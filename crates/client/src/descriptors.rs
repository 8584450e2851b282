//! Keeps descriptors that Git or a shell left open from a daemon that outlives them: a pipe held
//! open by a daemon would make `git push` wait for its end.
#![expect(
    unsafe_code,
    reason = "a descriptor listed by the kernel has no owner to borrow from"
)]

use std::os::fd::{BorrowedFd, RawFd};

use rustix::io::{FdFlags, fcntl_getfd, fcntl_setfd};

/// Marks every descriptor but the three standard ones to be closed when a program is started.
/// Where the list cannot be had nothing is marked.
pub(crate) fn close_on_exec() {
    let Ok(list) = std::fs::read_dir("/proc/self/fd") else {
        return;
    };
    let names = list.filter_map(|entry| entry.ok()?.file_name().to_str()?.parse().ok());
    for raw in names.filter(|fd: &RawFd| *fd > 2) {
        // SAFETY: the descriptor was open when it was listed, and nothing else is done with it
        // than to set a flag, which fails when it has been closed since.
        let fd = unsafe { BorrowedFd::borrow_raw(raw) };
        if let Ok(flags) = fcntl_getfd(fd) {
            let _ = fcntl_setfd(fd, flags | FdFlags::CLOEXEC);
        }
    }
}
