//! Debt that is written down: known by its value wherever it stands, and by nothing else.

use lychgate_e2e::{Repo, World, forge_token};

use crate::commit::denied;

const FILE: &str = ".lychgate/baseline";

fn read(repo: &Repo<'_>) -> String {
    std::fs::read_to_string(repo.path.join(FILE)).unwrap()
}

fn entries(repo: &Repo<'_>) -> Vec<String> {
    let text = read(repo);
    let lines = text.lines().filter(|l| !l.starts_with('#'));
    lines.map(str::to_owned).collect()
}

fn line(token: &str) -> String {
    format!("T = \"{token}\"\n")
}

#[test]
fn debt_that_is_listed_passes_and_says_so_and_anything_else_is_denied() {
    let world = World::new();
    let repo = world.repo("r");
    let (old, new) = (forge_token(), forge_token());
    repo.stage("a.py", line(&old));
    denied(repo.commit(), &old);
    repo.lychgate(&["baseline"])
        .ok()
        .says("added: a.py:1")
        .hides(&old);
    assert_eq!(entries(&repo).len(), 1);
    // An entry in the work tree alone is none: what is judged is the index.
    denied(repo.commit(), &old);
    repo.git(&["add", "-A"]).ok();
    repo.commit()
        .ok()
        .says("a.py:1")
        .says("a new baseline entry")
        .hides(&old);
    // Another value in its place is another value, and one beside it too.
    repo.stage("a.py", line(&new));
    denied(repo.commit(), &new);
    repo.stage("a.py", format!("T = \"{old}\"; U = \"{new}\"\n"));
    denied(repo.commit(), &new);
    // The value is known, not the place.
    repo.git(&["checkout", "-q", "HEAD", "a.py"]).ok();
    repo.git(&["reset", "-q", "--hard"]).ok();
    repo.stage("a.py", format!("\n\n# moved\n{}", line(&old)));
    repo.commit().ok();
    repo.stage("b/c.py", line(&old));
    repo.commit()
        .ok()
        .says("b/c.py:1")
        .says("the baseline")
        .hides(&old);
    // A message is no place for it.
    repo.stage("d", "x\n");
    repo.git(&["commit", "-qm", &format!("t {old}")])
        .fails()
        .hides(&old);
    repo.lychgate(&["check", "--all"])
        .ok()
        .says("allowed")
        .hides(&old);
}

#[test]
fn the_file_is_stable_and_holds_no_value() {
    let world = World::new();
    let repo = world.repo("r");
    let tokens: Vec<String> = (0..4).map(|_| forge_token()).collect();
    for (n, token) in tokens.iter().enumerate() {
        repo.stage(format!("f{n}.py"), line(token));
    }
    repo.lychgate(&["baseline"]).ok().says("4 added");
    let before = read(&repo);
    let mut sorted = entries(&repo);
    sorted.sort();
    assert_eq!(sorted, entries(&repo));
    // Nothing changed: nothing is written. Lines that move change nothing either.
    repo.lychgate(&["baseline"]).ok().says("0 added, 4 kept");
    repo.stage("f0.py", format!("\n\n{}", line(&tokens[0])));
    repo.lychgate(&["baseline"]).ok();
    assert_eq!(read(&repo), before);
    // What is gone stays until it is asked for.
    repo.stage("f0.py", "mended\n");
    repo.lychgate(&["baseline"]).ok().says("--prune");
    assert_eq!(read(&repo), before);
    repo.lychgate(&["baseline", "--prune"])
        .ok()
        .says("1 dropped");
    let after = entries(&repo);
    assert_eq!(after.len(), 3);
    assert!(after.iter().all(|e| before.contains(e.as_str())));
    let said = [world.everything_said(), read(&repo).into_bytes()].concat();
    let said = String::from_utf8_lossy(&said).into_owned();
    for token in &tokens {
        assert!(!said.contains(token.as_str()) && !said.contains(&token[4..]));
    }
}

#[test]
fn branches_that_each_add_an_entry_merge_and_rebase_without_conflict() {
    let world = World::new();
    let repo = world.repo("r");
    let base = forge_token();
    repo.stage("base.py", line(&base));
    repo.lychgate(&["baseline"]).ok();
    repo.git(&["add", "-A"]).ok();
    repo.commit().ok();
    let tokens: Vec<String> = (0..3).map(|_| forge_token()).collect();
    for (n, token) in tokens.iter().enumerate() {
        repo.git(&["checkout", "-q", "-b", &format!("b{n}"), "main"])
            .ok();
        repo.stage(format!("f{n}.py"), line(token));
        repo.lychgate(&["baseline", "--staged"])
            .ok()
            .says("1 added");
        repo.git(&["add", "-A"]).ok();
        repo.commit().ok();
    }
    repo.git(&["merge", "-q", "--no-edit", "b1"]).ok();
    repo.git(&["checkout", "-q", "b0"]).ok();
    repo.git(&["rebase", "-q", "b2"]).ok();
    let merged = entries(&repo);
    assert_eq!(merged.len(), 4, "{merged:?}");
    // Every entry is honoured: all values pass in a new place.
    let all: String = tokens.iter().chain([&base]).map(|t| line(t)).collect();
    repo.stage("all.py", &all);
    repo.commit().ok().says("all.py:4");
    // Where both sides begin a file, too.
    repo.git(&["checkout", "-q", "--orphan", "x"]).ok();
    repo.git(&["rm", "-rfq", "."]).ok();
    repo.stage("README", "x\n");
    repo.git(&["commit", "-qnm", "x"]).ok();
    for n in ["y", "z"] {
        repo.git(&["checkout", "-q", "-b", n, "x"]).ok();
        repo.stage(format!("{n}.py"), line(&forge_token()));
        repo.lychgate(&["baseline"]).ok();
        repo.git(&["add", "-A"]).ok();
        repo.commit().ok();
    }
    repo.git(&["merge", "-q", "--no-edit", "y"]).ok();
    assert_eq!(entries(&repo).len(), 2);
    repo.lychgate(&["baseline"]).ok().says("0 added, 2 kept");
}

#[test]
fn a_broken_file_is_named_and_a_mended_one_passes() {
    let world = World::new();
    let repo = world.repo("r");
    let token = forge_token();
    repo.stage(FILE, format!("# ours\n{token}\n"));
    denied(repo.commit(), &token).says(".lychgate/baseline:2");
    repo.lychgate(&["baseline"])
        .code(4)
        .says(":2")
        .hides(&token);
    repo.stage(FILE, "# ours\n");
    repo.commit().ok();
}

#[test]
fn a_server_excuses_nothing_for_it() {
    let world = World::new();
    world.start_daemon();
    let (_server, work) = world.server("s");
    let token = forge_token();
    work.stage("a.py", line(&token));
    work.lychgate(&["baseline"]).ok();
    work.git(&["add", "-A"]).ok();
    work.git(&["commit", "-qnm", "debt and its entry"]).ok();
    denied(work.push(&["main"]), &token);
    // Not even what stands there already; and the file itself passes.
    work.git(&["rm", "-q", "a.py"]).ok();
    work.git(&["commit", "-qn", "--amend", "-m", "the entry alone"])
        .ok();
    work.push(&["main"]).ok();
    work.commit_unseen("a.py", line(&token));
    denied(work.push(&["main"]), &token);
}

#[test]
fn other_tools_files_are_imported_by_value_and_what_is_not_is_told() {
    let world = World::new();
    let repo = world.repo("r");
    let tokens: Vec<String> = (0..4).map(|_| forge_token()).collect();
    for (n, token) in tokens.iter().enumerate() {
        repo.stage(format!("f{n}.py"), format!("\n{}", line(token)));
    }
    repo.git(&["commit", "-qnm", "debt"]).ok();
    let debt = repo.id("HEAD");
    // It moved since, and only the commit knows where it stood.
    repo.stage("f1.py", format!("\n\n\n{}", line(&tokens[1])));
    repo.git(&["commit", "-qnm", "moved"]).ok();
    repo.write(
        ".gitleaksignore",
        format!("# old\nf0.py:github-pat:2\n{debt}:f1.py:github-pat:2\nf0.py:x:1\ngone.py:x:1\n"),
    );
    let said = repo.lychgate(&["import", ".gitleaksignore"]).code(3);
    said.says("2 of 4 imported")
        .says("f0.py:1 x: no rule")
        .says("gone.py:1 x: the file is gone");
    let sha1 = |t: &str| {
        let said = world.finish(world.command("sha1sum", &repo.path), t.as_bytes());
        said.out()[..40].to_owned()
    };
    let found = |token: &str| {
        format!(
            r#"{{"type":"T","hashed_secret":"{}","line_number":2}}"#,
            sha1(token)
        )
    };
    repo.write(
        ".secrets.baseline",
        format!(
            r#"{{"version":"1.5.0","results":{{"f2.py":[{},{}]}}}}"#,
            found(&tokens[2]),
            found("another")
        ),
    );
    repo.lychgate(&["import", ".secrets.baseline"])
        .code(3)
        .says("1 of 2 imported")
        .says("another value");
    let report = |secret: &str| {
        format!(r#"[{{"RuleID":"r","File":"f3.py","StartLine":2,"Secret":"{secret}"}}]"#)
    };
    repo.write("report.json", report(&tokens[3]));
    repo.lychgate(&["import", "report.json"])
        .ok()
        .says("1 added");
    repo.write("report.json", report("REDACTED"));
    repo.lychgate(&["import", "report.json"])
        .ok()
        .says("0 added");
    assert_eq!(entries(&repo).len(), 4);
    repo.lychgate(&["baseline"]).ok().says("0 added, 4 kept");
    let said = [world.everything_said(), read(&repo).into_bytes()].concat();
    let said = String::from_utf8_lossy(&said).into_owned();
    assert!(tokens.iter().all(|t| !said.contains(&t[4..])));
    // The files of other tools hold values: they stay out of the commit.
    std::fs::remove_file(repo.path.join("report.json")).unwrap();
    repo.git(&["add", "-A"]).ok();
    repo.commit().ok();
    repo.stage("g.py", line(&tokens[1]));
    repo.commit().ok().says("the baseline");
}

#[test]
fn a_report_of_a_known_commit_brings_only_the_value_it_tells() {
    let world = World::new();
    let repo = world.repo("r");
    let token = forge_token();
    repo.stage("f.py", line(&token));
    repo.git(&["commit", "-qnm", "debt"]).ok();
    let commit = repo.id("HEAD");
    let import = |secret: &str| {
        let row = format!(
            r#"[{{"RuleID":"r","File":"f.py","StartLine":1,"Commit":"{commit}","Secret":"{secret}"}}]"#
        );
        repo.write("report.json", row);
        repo.lychgate(&["import", "report.json"])
    };
    // Another value, and one that stands on that line beside ours.
    for other in [forge_token().as_str(), &token[5..9], "T"] {
        import(other).code(3).says("0 of 1").says("another value");
    }
    assert!(!repo.path.join(".lychgate/baseline").exists());
    // The twins: the value, and what the other tool took for it.
    let part = &token[..token.len() - 2];
    import(part).ok().says("1 of 1").says("1 added");
    import(&token).ok().says("1 of 1").says("0 added");
}

#[test]
fn one_odd_line_does_not_keep_the_others_out() {
    let world = World::new();
    let repo = world.repo("r");
    repo.stage("f.py", line(&forge_token()));
    repo.write(".gitleaksignore", "what is this\nf.py:r:1\n");
    repo.lychgate(&["import", ".gitleaksignore"])
        .code(3)
        .says("1 of 2 imported")
        .says(".gitleaksignore:1: neither file:rule:line")
        .says("1 added");
    repo.write(".gitleaksignore", "f.py:r:1\n");
    repo.lychgate(&["import", ".gitleaksignore"]).ok();
    repo.write("bad.json", "[\n{]\n");
    let said = repo.lychgate(&["import", "bad.json"]).code(3);
    said.says("not JSON from line 2");
    repo.lychgate(&["import", "gone.json"]).code(2);
}
