//! Other scanners beside ours, on the same files and in the same run.
//!
//! A peer is whatever of the programs below stands on `PATH`; none is fetched. Those that need
//! minutes for a large folder (detect-secrets, secretlint, ripsecrets) are left out. Validation over the
//! network is switched off where a peer would do it. What they find is not compared here, only what
//! the search costs: CPU seconds of the whole process, in turn (A B C, A B C), medians.

use std::path::Path;
use std::process::{Command, ExitCode};

use crate::floor::{self, Cost, median};

/// Rounds that are counted; one more goes before them.
const ROUNDS: usize = 3;

/// A program and its words; `DIR` stands for the folder or the repository.
struct Peer {
    name: &'static str,
    words: &'static [&'static str],
}

const fn peer(name: &'static str, words: &'static [&'static str]) -> Peer {
    Peer { name, words }
}

/// Tells folders and repositories apart by itself.
const KINGFISHER: Peer = peer(
    "kingfisher",
    &[
        "kingfisher",
        "scan",
        "DIR",
        "-n",
        "--quiet",
        "--no-update-check",
    ],
);
const KINGFISHER_TURBO: Peer = peer(
    "kingfisher --turbo",
    &[
        "kingfisher",
        "scan",
        "DIR",
        "--turbo",
        "-n",
        "--quiet",
        "--no-update-check",
    ],
);

/// Reading alone, then the scanners, over the files of a folder.
const OVER_A_FOLDER: [Peer; 6] = [
    peer("rg, one literal", &["rg", "-c", "-uuu", "zzzz", "DIR"]),
    peer(
        "lychgate check --path",
        &["lychgate", "check", "--in-process", "--path", "DIR"],
    ),
    KINGFISHER,
    KINGFISHER_TURBO,
    peer("betterleaks", &["betterleaks", "DIR", "--redact"]),
    peer("gitleaks dir", &["gitleaks", "dir", "DIR", "--redact"]),
];

/// Reading alone, then the scanners, over the whole history of a repository.
const OVER_A_HISTORY: [Peer; 6] = [
    peer(
        "git cat-file, every object",
        &[
            "git",
            "-C",
            "DIR",
            "cat-file",
            "--batch-all-objects",
            "--batch",
            "--buffer",
            "--unordered",
        ],
    ),
    peer(
        "lychgate check --all",
        &["lychgate", "check", "--in-process", "--all"],
    ),
    KINGFISHER,
    KINGFISHER_TURBO,
    peer(
        "betterleaks git",
        &["betterleaks", "git", "DIR", "--redact"],
    ),
    peer("gitleaks git", &["gitleaks", "git", "DIR", "--redact"]),
];

/// Prints a table for `what` (`folder` or `history`) over `place`.
pub(crate) fn run(what: &str, place: &str) -> ExitCode {
    let peers: &[Peer] = match what {
        "folder" => &OVER_A_FOLDER,
        "history" => &OVER_A_HISTORY,
        _ => {
            eprintln!("cargo xtask peers: folder or history, not {what}");
            return ExitCode::from(2);
        }
    };
    let place = Path::new(place);
    let there: Vec<&Peer> = peers.iter().filter(|p| stands(p)).collect();
    for absent in peers.iter().filter(|p| !stands(p)) {
        println!("not on PATH: {}", absent.name);
    }
    let mut costs: Vec<Vec<Cost>> = vec![Vec::new(); there.len()];
    let mut codes = vec![0; there.len()];
    for round in 0..=ROUNDS {
        for (n, peer) in there.iter().enumerate() {
            let (cost, code) = floor::run(&mut command(peer, place), None);
            codes[n] = code;
            if round > 0 {
                costs[n].push(cost);
            }
        }
    }
    let cpu = |costs: &[Cost]| median(costs.iter().map(|c| c.cpu).collect());
    let ours = there
        .iter()
        .zip(&costs)
        .find(|(p, _)| p.name.starts_with("lychgate"))
        .map_or(f64::NAN, |(_, costs)| cpu(costs));
    println!("load {}; {ROUNDS} rounds in turn, medians", floor::load());
    for ((peer, costs), code) in there.iter().zip(&costs).zip(codes) {
        println!(
            "{:28} exit {code:<4} {:8.2} CPU s {:8.2} s {:6.1}x ours",
            peer.name,
            cpu(costs),
            median(costs.iter().map(|c| c.wall).collect()),
            cpu(costs) / ours,
        );
    }
    ExitCode::SUCCESS
}

fn stands(peer: &Peer) -> bool {
    let path = std::env::var_os("PATH").unwrap_or_default();
    std::env::split_paths(&path).any(|folder| folder.join(peer.words[0]).is_file())
}

fn command(peer: &Peer, place: &Path) -> Command {
    let mut command = Command::new(peer.words[0]);
    command.current_dir(place);
    for word in &peer.words[1..] {
        match *word {
            "DIR" => command.arg(place),
            word => command.arg(word),
        };
    }
    command
}
