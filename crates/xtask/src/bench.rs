//! The table of `docs/performance.md`: every figure a ratio against a floor of the same run.

use std::process::{Command, ExitCode};

use lychgate_e2e::{Repo, World, binaries};

use crate::floor::{self, Cost, median};
use crate::waiting::Waiting;
use crate::workload;

/// Most page faults a hook run with nothing staged may take, against a warm daemon.
const FAULTS: u64 = 200;
/// Most instructions of the hook with nothing staged among 13,000 files.
const INSTRUCTIONS_NOTHING: u64 = 1_000_000;
/// The same with one line staged.
const INSTRUCTIONS_LINE: u64 = 3_000_000;

/// Runs the benches whose names are given, or all.
pub(crate) fn run(names: &[&str]) -> ExitCode {
    let benches: [(&str, fn()); 8] = [
        ("idle", idle),
        ("line", || one_line(13_000)),
        ("line80k", || one_line(80_000)),
        ("files", fifty_files),
        ("blob", one_blob),
        ("push", push),
        ("memory", memory),
        ("cold", cold),
    ];
    println!(
        "load {}, {} cores",
        floor::load(),
        std::thread::available_parallelism().map_or(0, usize::from)
    );
    for (name, bench) in benches {
        if names.is_empty() || names.contains(&name) {
            bench();
        }
    }
    ExitCode::SUCCESS
}

/// The hard limits that CI holds: counts, not times.
pub(crate) fn faults() -> ExitCode {
    let world = World::new();
    let repo = gated(&world, 13_000);
    let daemon = warm(&repo);
    let (cost, code) = (0..5)
        .map(|_| floor::run(&mut hook(&repo), Some(daemon)))
        .min_by_key(|c| c.0.faults)
        .unwrap_or_default();
    println!(
        "hook, nothing staged, 13,000 files: {} page faults (limit {FAULTS}), exit {code}",
        cost.faults
    );
    let nothing = instructions(&repo);
    println!("the same: {nothing} instructions (limit {INSTRUCTIONS_NOTHING})");
    // Which trees the index remembers depends on when it was written: here all but one path's.
    let path = "src/1/1/file1.py";
    repo.write(path, "changed\n");
    let blob = repo.git(&["hash-object", "-w", path]).ok().out();
    let entry = format!("100644,{},{path}", blob.trim());
    repo.git(&["read-tree", "HEAD"]).ok();
    repo.git(&["update-index", "--cacheinfo", &entry]).ok();
    let line = instructions(&repo);
    println!("one line staged: {line} instructions (limit {INSTRUCTIONS_LINE})");
    let within = cost.faults <= FAULTS
        && (1..=INSTRUCTIONS_NOTHING).contains(&nothing)
        && (1..=INSTRUCTIONS_LINE).contains(&line);
    if within && code == 0 {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    }
}

/// What callgrind counts of one run of the hook: the same at every run, whatever else the machine
/// does. 0: it could not be run.
fn instructions(repo: &Repo<'_>) -> u64 {
    let mut valgrind = repo.world.command("valgrind", &repo.path);
    valgrind
        .args(["--tool=callgrind", "--callgrind-out-file=/dev/null"])
        .arg(binaries().join("lychgate-hook"))
        .arg("pre-commit");
    let Ok(out) = valgrind.output() else { return 0 };
    let said = String::from_utf8_lossy(&out.stderr).into_owned();
    let collected = said.lines().find_map(|l| l.split_once("Collected : "));
    let count = collected.and_then(|(_, n)| n.trim().parse().ok());
    count.filter(|_| out.status.success()).unwrap_or(0)
}

fn gated(world: &World, files: u32) -> Repo<'_> {
    let repo = workload::synthetic(world, &format!("f{files}"), files, 0, 20);
    repo.lychgate(&["install"]).ok();
    repo.git(&["status"]).ok();
    repo
}

fn hook(repo: &Repo<'_>) -> Command {
    let mut hook = repo
        .world
        .command(binaries().join("lychgate-hook"), &repo.path);
    hook.arg("pre-commit");
    hook
}

fn git(repo: &Repo<'_>, args: &[&str]) -> Command {
    let mut git = repo.world.command("git", &repo.path);
    git.args(args);
    git
}

/// Brings the daemon up and its rules in, and says its process id.
fn warm(repo: &Repo<'_>) -> u32 {
    for _ in 0..3 {
        floor::run(&mut hook(repo), None);
    }
    let daemons = repo.world.daemons();
    u32::try_from(*daemons.first().expect("the hook started a daemon")).unwrap_or(0)
}

fn cpu(costs: &[Cost]) -> f64 {
    median(costs.iter().map(|c| c.cpu * 1e3).collect())
}

fn wall(costs: &[Cost]) -> f64 {
    median(costs.iter().map(|c| c.wall * 1e3).collect())
}

fn compare(
    what: &str,
    against: &str,
    n: usize,
    mut ours: impl FnMut() -> Cost,
    mut theirs: impl FnMut() -> Cost,
) {
    let (a, b) = floor::pairs(n, &mut ours, &mut theirs);
    println!(
        "{what}: CPU {:.2} ms against {:.2} ms of {against}: {:.2}x; wall {:.2} / {:.2} ms: {:.2}x; {} page faults",
        cpu(&a),
        cpu(&b),
        cpu(&a) / cpu(&b),
        wall(&a),
        wall(&b),
        wall(&a) / wall(&b),
        a.last().map_or(0, |c| c.faults),
    );
}

fn checked(command: &mut Command, daemon: Option<u32>) -> Cost {
    let (cost, code) = floor::run(command, daemon);
    assert_eq!(
        code, 0,
        "a benchmark measures only what succeeds: {command:?}"
    );
    cost
}

fn idle() {
    let world = World::new();
    let repo = gated(&world, 13_000);
    let daemon = warm(&repo);
    let spawn = || floor::run(&mut world.command("/bin/true", &repo.path), None).0;
    compare(
        "hook, nothing staged, 13,000 files",
        "/bin/true",
        100,
        || checked(&mut hook(&repo), Some(daemon)),
        spawn,
    );
    println!(
        "daemon idle: {:.1} MiB resident",
        floor::memory(daemon, "VmRSS")
    );
}

fn one_line(files: u32) {
    let world = World::new();
    let repo = gated(&world, files);
    repo.stage("src/1/1/file1.py", "changed\n");
    repo.git(&["status"]).ok();
    let daemon = warm(&repo);
    let mut diff = git(&repo, &["diff", "--cached", "--quiet"]);
    compare(
        &format!("one line staged, {files} files"),
        "git diff --cached --quiet",
        60,
        || checked(&mut hook(&repo), Some(daemon)),
        || floor::run(&mut diff, None).0,
    );
}

fn fifty_files() {
    let world = World::new();
    let repo = gated(&world, 13_000);
    for n in 0..50 {
        let path = format!("src/{}/{}/file{n}.py", n % 40, n % 400);
        let text = std::fs::read_to_string(repo.path.join(&path)).unwrap_or_default();
        repo.write(
            &path,
            (0..40)
                .map(|i| format!("    added_line_{i} = compute({n})\n"))
                .collect::<String>()
                + &text,
        );
    }
    repo.git(&["add", "-A"]).ok();
    let daemon = warm(&repo);
    let mut diff = git(&repo, &["diff", "--cached"]);
    compare(
        "50 files, 2,000 lines staged",
        "git diff --cached",
        40,
        || checked(&mut hook(&repo), Some(daemon)),
        || floor::run(&mut diff, None).0,
    );
}

fn one_blob() {
    let world = World::new();
    let repo = gated(&world, 13_000);
    let text: String = (0..105_000)
        .map(|n| format!("line {n} of a file that has five megabytes or so\n"))
        .collect();
    repo.stage("big.txt", &text);
    let id = repo.id(":big.txt");
    let daemon = warm(&repo);
    let script = format!(
        "git diff-index --cached --raw HEAD >/dev/null; echo {id} | git cat-file --batch >/dev/null"
    );
    let mut plumbing = world.command("sh", &repo.path);
    plumbing.args(["-c", &script]);
    compare(
        &format!("one new file of {:.1} MB", text.len() as f64 / 1e6),
        "diff-index + cat-file --batch",
        30,
        || checked(&mut hook(&repo), Some(daemon)),
        || floor::run(&mut plumbing, None).0,
    );
}

/// The hook's memory on pushes, beside that of `git index-pack` when it receives the same pack.
fn memory() {
    let world = World::new();
    world.start_daemon();
    for source in [workload::tiny(&world, 300_000), workload::history(&world)] {
        let waiting = Waiting::new(&world, &source);
        let repo = world.bare_of_hooks("received.git", &["--bare"]);
        let script = format!(
            "exec git index-pack --stdin --fix-thin < {}",
            waiting.pack().display()
        );
        let mut receive = world.command("sh", &repo.path);
        receive.args(["-c", &script]);
        let ours = floor::peak(&mut waiting.hook());
        let theirs = floor::peak(&mut receive);
        println!(
            "push of {}: hook {:.1} MiB at most ({:.1} private), git index-pack {:.1} ({:.1}): {:.2}x",
            source.file_name().unwrap_or_default().display(),
            ours.resident,
            ours.private,
            theirs.resident,
            theirs.private,
            ours.resident / theirs.resident,
        );
        for path in [&waiting.bare.path, &repo.path] {
            std::fs::remove_dir_all(path).expect("a writable world");
        }
    }
}

/// A push before the judge knows anything, the same push again, and git reading the same objects.
fn push() {
    let world = World::new();
    world.start_daemon();
    let source = workload::history(&world);
    let daemon = u32::try_from(world.daemons()[0]).unwrap_or(0);
    let waiting = Waiting::new(&world, &source);
    let receive = |label: &str| {
        let before = scanned(&world);
        let (cost, code) = floor::run(&mut waiting.hook(), Some(daemon));
        println!(
            "{label}: CPU {:.2} s, wall {:.2} s, exit {code}, {} bytes scanned",
            cost.cpu,
            cost.wall,
            scanned(&world) - before
        );
        cost
    };
    let cold = receive("push, cold");
    let again = receive("the same push again");
    let mut floor_command = world.command("git", &waiting.bare.path);
    floor_command
        .args([
            "cat-file",
            "--batch-all-objects",
            "--batch",
            "--buffer",
            "--unordered",
        ])
        .env("GIT_OBJECT_DIRECTORY", &waiting.quarantine);
    let floors: Vec<f64> = (0..3)
        .map(|_| floor::run(&mut floor_command, None).0.cpu)
        .collect();
    println!(
        "push of {}, {}: {:.2}x the CPU of git cat-file over the same objects ({:.2} s); again {:.0}x cheaper; daemon peak {:.0} MiB",
        source.file_name().unwrap_or_default().display(),
        waiting.size(),
        cold.cpu / median(floors.clone()),
        median(floors),
        cold.cpu / again.cpu,
        floor::memory(daemon, "VmHWM"),
    );
}

fn scanned(world: &World) -> u64 {
    let said = world.lychgate(&["status"]).out();
    let line = said.lines().find(|l| l.starts_with("bytes:"));
    line.and_then(|l| l.rsplit(' ').next()?.parse().ok())
        .unwrap_or(0)
}

fn cold() {
    let world = World::new();
    let repo = gated(&world, 100);
    let run = || {
        world.lychgate(&["daemon", "stop"]).ok();
        checked(&mut hook(&repo), None)
    };
    let walls: Vec<Cost> = (0..15).map(|_| run()).collect();
    println!(
        "cold start to first verdict: wall {:.1} ms (median), {:.1} ms (least)",
        wall(&walls),
        walls.iter().map(|c| c.wall * 1e3).fold(f64::MAX, f64::min)
    );
}
