//! A repository's `.gitleaks.toml`: its rules join ours, and loosen nothing of ours.

use lychgate_e2e::{World, forge_token};

use crate::commit::denied;

const FILE: &str = r#"
title = "acme"
[extend]
useDefault = true
[[rules]]
id = "acme"
description = "Acme key"
regex = '''acme[-_]key\s*=\s*"([a-z0-9]{20})"'''
keywords = ["acme"]
[[rules.allowlists]]
regexTarget = "line"
regexes = ['for-tests']
[[rules.allowlists]]
paths = ['^docs/']
[[allowlists]]
regexes = ['.*']
paths = ['.*']
targetRules = ["other"]
"#;

const KEY: &str = "k3j9x0q2m7w4e8r1t5y6";

fn line(tail: &str) -> String {
    format!("acme_key = \"{KEY}\"{tail}\n")
}

#[test]
fn its_rules_deny_and_its_lists_allow_at_commit() {
    let world = World::new();
    let repo = world.repo("r");
    repo.stage(".gitleaks.toml", FILE);
    repo.commit().ok();
    repo.stage("a", line(""));
    denied(repo.commit(), KEY).says("gitleaks.acme");
    repo.stage("a", line(" # for-tests"));
    repo.commit().ok();
    repo.stage("docs/a", line(""));
    repo.commit().ok();
    // What a list excused at its path is new where none does, though the file keeps its bytes.
    repo.git(&["mv", "docs/a", "moved"]).ok();
    denied(repo.commit(), KEY).says("moved:1");
    repo.git(&["mv", "moved", "docs/b"]).ok();
    repo.commit().ok();
    // A rule that had told it tells no news.
    repo.commit_unseen("c", line(""));
    repo.git(&["mv", "c", "d"]).ok();
    repo.commit().ok();
    // A list that allows everything allows nothing of ours.
    let token = forge_token();
    repo.stage(
        ".gitleaks.toml",
        format!("{FILE}\n[[allowlists]]\npaths = ['.*']\n"),
    );
    repo.stage("b", format!("T = \"{token}\"\n"));
    denied(repo.commit(), &token);
}

#[test]
fn a_broken_file_is_refused_by_name_and_a_mended_one_passes() {
    let world = World::new();
    let repo = world.repo("r");
    repo.stage(
        ".gitleaks.toml",
        "[[rules]]\nid=\"x\"\nregex=\"(unclosed\"\n",
    );
    repo.commit()
        .fails()
        .says(".gitleaks.toml:3")
        .says("x: regex");
    repo.stage(".gitleaks.toml", "[[rules]]\nid=\"x\"\nregex=\"closed\"\n");
    repo.commit().ok();
}

#[test]
fn a_server_judges_by_the_file_it_has() {
    let world = World::new();
    world.start_daemon();
    let (_server, work) = world.server("s");
    work.commit_unseen(".gitleaks.toml", FILE);
    work.push(&["main"]).ok();
    work.commit_unseen("a", line(""));
    denied(work.push(&["main"]), KEY).says("gitleaks.acme");
    work.git(&["reset", "-q", "--hard", "HEAD~1"]).ok();
    work.commit_unseen("a", line(" # for-tests"));
    work.push(&["main"]).ok();
}
