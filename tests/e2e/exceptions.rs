//! Who may say what: allow lines, markers of other tools, a repository's own policy.

use lychgate_e2e::{World, forge_token};

use crate::commit::denied;

#[test]
fn a_trailer_that_policy_requires_is_named_when_missing() {
    let world = World::new();
    let repo = world.repo("r");
    repo.commit_unseen(
        ".lychgate/policy.toml",
        "schema = 1\n[message]\ntrailers = [\"Issue\"]\n",
    );
    repo.stage("f", "x\n");
    repo.git(&["commit", "-qm", "no trailer"])
        .fails()
        .says("Issue");
    repo.git(&["commit", "-qm", "with trailer\n\nIssue: 7"])
        .ok();
    // In the editor Git writes comments below, behind whatever the user has them begin with.
    let write = |text: &str| format!("printf '{text}' | cat - \"$1\" >m && cp m \"$1\"; rm m; #");
    for comment in [
        "core.commentChar=;",
        "core.commentString=//",
        "core.commentChar=#",
    ] {
        repo.stage("f", comment);
        let commit = ["-c", comment, "commit", "-q"];
        let with = write("subject\\n\\nIssue: 7\\n");
        let without = write("subject\\n\\nno trailer\\n");
        repo.git_with(&commit, &[("GIT_EDITOR", &without)])
            .fails()
            .says("Issue");
        repo.git_with(&commit, &[("GIT_EDITOR", &with)]).ok();
    }
}

#[test]
fn an_allow_line_silences_one_finding_and_is_reported() {
    let world = World::new();
    let repo = world.repo("r");
    let token = forge_token();
    let said = {
        repo.stage("a.py", format!("T = \"{token}\"\n"));
        denied(repo.commit(), &token).text()
    };
    let line = said
        .lines()
        .find(|l| l.contains("lychgate: allow "))
        .expect("an allow line");
    let line = line[line.find("# ").expect("a comment")..].trim();
    let pasted = line.replace("<why>", "revoked on 2026-01-01");
    let rule = pasted.split_whitespace().nth(3).expect("a rule");
    let stage = |tail: &str| repo.stage("a.py", format!("T = \"{token}\"{tail}\n"));
    // Without a reason it is itself a finding; expired, too far ahead or in a string it silences
    // nothing.
    stage(&format!("  # lychgate: allow {rule}"));
    denied(repo.commit(), &token).says("allow.malformed");
    stage(&format!(
        "  # lychgate: allow {rule} until 2020-01-01 because old"
    ));
    denied(repo.commit(), &token);
    stage(&format!(
        "  # lychgate: allow {rule} until 2099-01-01 because far"
    ));
    denied(repo.commit(), &token);
    let quoted = pasted.trim_start_matches("# ");
    repo.stage("a.py", format!("T = \"{token} # {quoted}\"\n"));
    denied(repo.commit(), &token);
    // It silences one value, on its own line before the next.
    let other = forge_token();
    repo.stage(
        "a.py",
        format!("T = \"{token}\"  {pasted}\nU = \"{other}\"\n"),
    );
    denied(repo.commit(), &other);
    // The line that the denial prints works when it is pasted, beside the value or above it.
    stage(&format!("  {pasted}"));
    repo.commit().ok().says("a.py");
    repo.stage("b.py", format!("{pasted}\nU = \"{other}\"\n"));
    repo.commit().ok().says("b.py");
}

#[test]
fn markers_of_other_tools_are_honoured_only_where_policy_says_so() {
    let world = World::new();
    let repo = world.repo("r");
    let token = forge_token();
    repo.stage("a.py", format!("T = \"{token}\"  # gitleaks:allow\n"));
    denied(repo.commit(), &token);
}

#[test]
fn a_repository_policy_only_tightens() {
    let world = World::new();
    let repo = world.repo("r");
    repo.commit_unseen(
        ".lychgate/policy.toml",
        "schema = 1\n[blocks]\ndefault = \"critical\"\n",
    );
    repo.stage("f", "x\n");
    repo.commit()
        .fails()
        .says(".lychgate/policy.toml")
        .says("blocks");
    repo.stage(
        ".lychgate/policy.toml",
        "schema = 1\n[blocks]\ndefault = \"low\"\n",
    );
    // HEAD's file still cannot be used: repairing it goes past the courtesy hook, on purpose.
    repo.git(&["commit", "-qnm", "mend"]).ok();
    repo.stage("f", "y\n");
    repo.commit().ok();
    repo.stage(".lychgate/policy.toml", "schema = 1\nunknown = 1\n");
    repo.commit()
        .fails()
        .says(".lychgate/policy.toml:2")
        .says("unknown");
}

#[test]
fn a_broken_policy_does_not_get_in_and_one_that_got_in_can_be_mended() {
    let world = World::new();
    world.start_daemon();
    let (bare, repo) = world.server("r");
    let broken = "schema = 1\n[refs\n";
    repo.commit_unseen(".lychgate/policy.toml", broken);
    repo.push(&["main"]).fails().says(".lychgate/policy.toml:2");
    // It got in before the gate stood here.
    let pre = bare.path.join("hooks/pre-receive");
    let gate = std::fs::read_link(&pre).unwrap();
    std::fs::remove_file(&pre).unwrap();
    repo.push(&["main"]).ok();
    std::os::unix::fs::symlink(gate, &pre).unwrap();
    repo.commit_unseen("a", "1\n");
    repo.push(&["main"]).fails().says(".lychgate/policy.toml");
    repo.commit_unseen(".lychgate/policy.toml", "schema = 1\n");
    repo.push(&["main"]).ok();
    repo.commit_unseen("a", "2\n");
    repo.push(&["main"]).ok();
}

#[test]
fn what_a_policy_file_holds_is_not_quoted_back() {
    let world = World::new();
    let repo = world.repo("r");
    let token = forge_token();
    for line in [
        format!("{token} = 1"),
        format!("inline = \"{token}\""),
        format!("[blocks]\ndefault = \"{token}\""),
        format!("[refs]\nprotected = {token}"),
    ] {
        repo.stage(".lychgate/policy.toml", format!("schema = 1\n{line}\n"));
        repo.commit()
            .fails()
            .hides(&token)
            .says(".lychgate/policy.toml:");
    }
}

#[test]
fn where_no_comment_can_stand_the_printed_command_lets_it_pass() {
    let world = World::new();
    let repo = world.repo("r");
    let token = forge_token();
    repo.stage("a.json", format!("{{\"t\": \"{token}\"}}\n"));
    let said = denied(repo.commit(), &token).text();
    let line = said.lines().find_map(|l| l.trim().strip_prefix("allow "));
    let line = line.expect("a way out").trim();
    let (command, _) = line.split_once(" lists it").expect("a command");
    let args: Vec<&str> = command.split(' ').skip(1).collect();
    repo.lychgate(&args).ok().says("1 added");
    repo.git(&["add", ".lychgate"]).ok();
    repo.commit().ok();
    // The twin: another value in that file is none of those that are listed.
    let other = forge_token();
    repo.stage("a.json", format!("{{\"t\": \"{other}\"}}\n"));
    denied(repo.commit(), &other);
    // A name is nothing that a developer can list.
    repo.git(&["reset", "-q", "--hard"]).ok();
    repo.stage(".env", "A=1\n");
    repo.commit().fails().says("[[accept]]");
}
