//! A day's work on a real repository: its last commits made again, with the hooks on.

use std::path::Path;
use std::process::ExitCode;

use lychgate_e2e::{Repo, World};

use crate::floor::{self, Cost, median};

/// Makes the last `count` first-parent commits of `source` again through `git commit`, once with
/// the hooks and once without, and says what the gate said and what it cost.
pub(crate) fn run(source: &str, count: &str) -> ExitCode {
    let world = World::new();
    let Ok(source) = Path::new(source).canonicalize() else {
        eprintln!("xtask: {source} is not there");
        return ExitCode::from(2);
    };
    let clone = |name: &str| {
        let args = ["clone", "-q", "--no-hardlinks"].map(std::ffi::OsStr::new);
        let all = args
            .into_iter()
            .chain([source.as_os_str(), std::ffi::OsStr::new(name)]);
        world.run("git", all, world.root()).ok();
        Repo {
            world: &world,
            path: world.root().join(name),
        }
    };
    let (gated, plain) = (clone("gated"), clone("plain"));
    let range = format!("HEAD~{count}..HEAD");
    let said = gated
        .git(&["rev-list", "--reverse", "--first-parent", &range])
        .ok()
        .out();
    let commits: Vec<&str> = said.lines().collect();
    let tip = gated.id("HEAD^{tree}");
    for repo in [&gated, &plain] {
        repo.git(&["checkout", "-q", "--detach", &format!("HEAD~{count}")])
            .ok();
    }
    gated.lychgate(&["install"]).ok();
    let (mut with, mut without, mut denied) = (Vec::new(), Vec::new(), 0);
    for id in &commits {
        let (ours, code) = again(&gated, id);
        if code == 0 {
            with.push(ours);
        } else {
            denied += 1;
            println!(
                "denied: {id}\n{}",
                gated.git(&["commit", "-qm", "x"]).text()
            );
            gated
                .git(&["commit", "-qnm", "past the gate", "--allow-empty"])
                .ok();
        }
        without.push(again(&plain, id).0);
    }
    let same = gated.id("HEAD^{tree}") == tip;
    let ms =
        |costs: &[Cost], of: fn(&Cost) -> f64| median(costs.iter().map(|c| of(c) * 1e3).collect());
    println!(
        "{} commits made again, {denied} denied, tree {}; git commit CPU {:.1} ms with the hooks, {:.1} ms without; wall {:.1} and {:.1} ms (medians)",
        commits.len(),
        if same { "identical" } else { "DIFFERENT" },
        ms(&with, |c| c.cpu),
        ms(&without, |c| c.cpu),
        ms(&with, |c| c.wall),
        ms(&without, |c| c.wall),
    );
    if same {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    }
}

/// Puts the tree of `id` into the index and commits it with its own message.
fn again(repo: &Repo<'_>, id: &str) -> (Cost, i32) {
    repo.git(&["read-tree", "-u", "--reset", id]).ok();
    let message = repo.world.root().join("message");
    let text = repo.git(&["log", "-1", "--format=%B", id]).ok().stdout;
    std::fs::write(&message, text).expect("a writable world");
    let daemon = repo
        .world
        .daemons()
        .first()
        .and_then(|p| u32::try_from(*p).ok());
    let mut commit = repo.world.command("git", &repo.path);
    commit
        .args([
            "commit",
            "-q",
            "--allow-empty",
            "--allow-empty-message",
            "-F",
        ])
        .arg(message);
    floor::run(&mut commit, daemon)
}
