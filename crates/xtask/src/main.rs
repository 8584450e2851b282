//! Developer commands and repository invariants: `cargo xtask <command>`.

mod bench;
mod floor;
mod measure;
mod peers;
mod replay;
mod tidy;
mod traced;
mod waiting;
mod workload;

use std::process::ExitCode;

const USAGE: &str = "\
cargo xtask tidy            repository invariants (also a test)
cargo xtask bench [NAME]..  the table of docs/performance.md, ratios in one run
cargo xtask faults          page faults and instructions of the hook, hard limits
cargo xtask measure found DIR..   what the rules find in folders, with points and evidence
cargo xtask peers folder|history DIR   other scanners on PATH beside ours, one run
cargo xtask measure cost DIR KIND..   hostile input by the megabyte, against the files of DIR
cargo xtask replay DIR N    the last N commits of a repository made again, hooks on
";

fn main() -> ExitCode {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = args.iter().map(String::as_str).collect();
    match words.as_slice() {
        ["tidy"] => report(&tidy::problems()),
        ["bench", names @ ..] => bench::run(names),
        ["faults"] => bench::faults(),
        ["measure", rest @ ..] => measure::run(rest),
        ["peers", what, place] => peers::run(what, place),
        ["replay", source, count] => replay::run(source, count),
        _ => {
            eprint!("{USAGE}");
            ExitCode::from(2)
        }
    }
}

fn report(problems: &[String]) -> ExitCode {
    for problem in problems {
        eprintln!("{problem}");
    }
    if problems.is_empty() {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    }
}

/// The root of the workspace.
fn top() -> std::path::PathBuf {
    std::path::Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../..")
        .canonicalize()
        .expect("the workspace stands")
}
