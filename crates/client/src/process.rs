//! What a process that holds content makes of itself.

use rustix::process::{Resource, Rlimit, setrlimit};

/// No core dump holds what is judged. The limit is not asked when the kernel hands dumps to a
/// program, so no kind of memory is left to be dumped either.
pub fn no_core_dumps() {
    let none = Rlimit {
        current: Some(0),
        maximum: Some(0),
    };
    let _ = setrlimit(Resource::Core, none);
    let _ = std::fs::write("/proc/self/coredump_filter", "0");
}
