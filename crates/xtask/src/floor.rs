//! Measuring whole processes: CPU by the kernel's accounting, wall time, page faults, memory.

use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Instant;

/// What one run of a process cost.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Cost {
    /// User and system time of the process and its children, seconds.
    pub(crate) cpu: f64,
    /// Wall time, seconds.
    pub(crate) wall: f64,
    /// Minor page faults.
    pub(crate) faults: u64,
}

/// The children's account so far: CPU seconds and minor faults.
fn children() -> (f64, u64) {
    // Fields of proc(5): cminflt is the 11th, cutime and cstime the 16th and 17th; ticks are
    // 10 ms, too coarse, so CPU comes from getrusage where it is exact.
    let usage = usage_of_children();
    (usage.0, usage.1)
}

#[expect(
    unsafe_code,
    reason = "getrusage has no safe wrapper among our dependencies"
)]
fn usage_of_children() -> (f64, u64) {
    // SAFETY: the struct is plain data that the call fills; the constant is valid.
    let usage = unsafe {
        let mut usage = std::mem::zeroed::<libc::rusage>();
        libc::getrusage(libc::RUSAGE_CHILDREN, &raw mut usage);
        usage
    };
    #[expect(clippy::cast_precision_loss, reason = "seconds of a benchmark")]
    let seconds = |t: libc::timeval| t.tv_sec as f64 + t.tv_usec as f64 / 1e6;
    (
        seconds(usage.ru_utime) + seconds(usage.ru_stime),
        u64::try_from(usage.ru_minflt).unwrap_or(0),
    )
}

/// Runs `command` to its end and says what it cost. `daemon` adds the CPU of a process that works
/// for it.
pub(crate) fn run(command: &mut Command, daemon: Option<u32>) -> (Cost, i32) {
    command
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null());
    let before = (children(), daemon.map_or(0.0, cpu_of));
    let started = Instant::now();
    let status = command.status().expect("the program exists");
    let wall = started.elapsed().as_secs_f64();
    if daemon.is_some() {
        // The daemon closes its session after the answer: that is part of the price.
        std::thread::sleep(std::time::Duration::from_millis(5));
    }
    let after = (children(), daemon.map_or(0.0, cpu_of));
    let cost = Cost {
        cpu: after.0.0 - before.0.0 + after.1 - before.1,
        wall,
        faults: after.0.1 - before.0.1,
    };
    (cost, status.code().unwrap_or(-1))
}

/// CPU seconds of all threads of a process, in nanosecond resolution.
pub(crate) fn cpu_of(pid: u32) -> f64 {
    let tasks = std::fs::read_dir(format!("/proc/{pid}/task"))
        .into_iter()
        .flatten()
        .flatten();
    tasks
        .filter_map(|t| std::fs::read_to_string(t.path().join("schedstat")).ok())
        .filter_map(|s| s.split_whitespace().next()?.parse::<f64>().ok())
        .sum::<f64>()
        / 1e9
}

/// A field of `/proc/<pid>/status` in MiB.
pub(crate) fn memory(pid: u32, field: &str) -> f64 {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).unwrap_or_default();
    let line = status.lines().find(|l| l.starts_with(field));
    line.and_then(|l| l.split_whitespace().nth(1)?.parse::<f64>().ok())
        .unwrap_or(0.0)
        / 1024.0
}

/// The most memory a process had, in MiB.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Peak {
    /// Resident, mapped files included.
    pub(crate) resident: f64,
    /// Of that, what belongs to no file.
    pub(crate) private: f64,
}

/// Runs `command` to its end and looks at its memory every few milliseconds. The kernel's own
/// account of a child begins with what its parent had, which may be more.
pub(crate) fn peak(command: &mut Command) -> Peak {
    let quiet = command.stdin(Stdio::null()).stdout(Stdio::null());
    let mut child = quiet.stderr(Stdio::null()).spawn().expect("it exists");
    let mut peak = Peak::default();
    while child.try_wait().is_ok_and(|ended| ended.is_none()) {
        peak.resident = peak.resident.max(memory(child.id(), "VmHWM"));
        peak.private = peak.private.max(memory(child.id(), "RssAnon"));
        std::thread::sleep(std::time::Duration::from_millis(3));
    }
    peak
}

/// The middle of a list of figures.
pub(crate) fn median(mut figures: Vec<f64>) -> f64 {
    figures.sort_by(f64::total_cmp);
    figures.get(figures.len() / 2).copied().unwrap_or(f64::NAN)
}

/// Two costs of the same work in turn, A B A B, so that a drift of the machine hits both.
pub(crate) fn pairs(
    n: usize,
    mut a: impl FnMut() -> Cost,
    mut b: impl FnMut() -> Cost,
) -> (Vec<Cost>, Vec<Cost>) {
    let (mut left, mut right) = (Vec::new(), Vec::new());
    for round in 0..=n {
        let (x, y) = (a(), b());
        // The first round warms caches and is not counted.
        if round > 0 {
            left.push(x);
            right.push(y);
        }
    }
    (left, right)
}

/// One-minute load of the machine, for the head of a table.
pub(crate) fn load() -> String {
    std::fs::read_to_string(Path::new("/proc/loadavg"))
        .unwrap_or_default()
        .split(' ')
        .next()
        .unwrap_or("?")
        .to_owned()
}
