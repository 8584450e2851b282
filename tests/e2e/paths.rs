//! Names are content: a value split over the components of a path, and names that move.

use lychgate_e2e::{Output, Repo, World, cloud_secret, forge_token};

use crate::push::{put, world};

/// Stages one empty-looking file, commits it past the hook, and gives what hook and server say.
fn both(repo: &Repo<'_>, path: &str) -> (Output, Output) {
    repo.stage(path, "a recorded answer\n");
    both_staged(repo)
}

fn both_staged(repo: &Repo<'_>) -> (Output, Output) {
    let commit = repo.commit();
    if commit.code != 0 {
        repo.git(&["commit", "-qnm", "unseen"]).ok();
    }
    (commit, repo.push(&["main"]))
}

#[track_caller]
fn denied((commit, push): (Output, Output), secret: &str) {
    let value = secret.split_once('=').map_or(secret, |(_, value)| value);
    for said in [commit, push] {
        let said = said.fails().hides(value).says("lychgate");
        for part in value.split('/').filter(|part| part.len() > 8) {
            let _ = said.clone().hides(part);
        }
    }
}

#[track_caller]
fn allowed((commit, push): (Output, Output)) {
    commit.ok();
    push.ok();
}

/// A server, and a clone with the gate's own hooks.
pub(crate) fn gated<'w>(world: &'w World, name: &str) -> (Repo<'w>, Repo<'w>) {
    let (bare, repo) = world.server(name);
    repo.lychgate(&["install"]).ok();
    (bare, repo)
}

/// Pushes what the client's hooks and the server's would not let pass.
pub(crate) fn push_as_debt(bare: &Repo<'_>, repo: &Repo<'_>) {
    let hook = bare.path.join("hooks/pre-receive");
    let gate = std::fs::read_link(&hook).unwrap();
    std::fs::remove_file(&hook).unwrap();
    repo.git(&["push", "-q", "--no-verify", "o", "main"]).ok();
    std::os::unix::fs::symlink(gate, &hook).unwrap();
}

#[test]
fn a_value_split_over_components_is_denied_at_commit_and_at_push() {
    let world = world();
    let splits: [&[usize]; 4] = [&[19], &[13, 27], &[8, 16, 24, 32], &[1, 38]];
    for (n, slashes) in splits.into_iter().enumerate() {
        let secret = cloud_secret(slashes);
        let (_, repo) = gated(&world, &format!("bad{n}"));
        denied(both(&repo, &format!("fixtures/{secret}.json")), &secret);
        // Judged and remembered, it is denied again, under another name too.
        repo.push(&["main"]).fails();
        repo.push(&["main:refs/heads/other"]).fails();
        // One character less is no such value.
        let (_, repo) = gated(&world, &format!("good{n}"));
        let short = &secret[..secret.len() - 1];
        allowed(both(&repo, &format!("fixtures/{short}.json")));
    }
}

#[test]
fn a_commit_in_the_midst_of_a_push_leaks_its_path_too() {
    let world = world();
    for n in [1, 60] {
        let secret = cloud_secret(&[19]);
        let (_, repo) = world.server(&format!("r{n}"));
        put(&repo, &format!("{secret}.json"), "x\n");
        let introduced = repo.id("HEAD");
        repo.git(&["rm", "-qr", "."]).ok();
        for i in 0..n {
            put(&repo, "a", format!("gone {i}\n"));
        }
        repo.push(&["main"])
            .fails()
            .hides(&secret[30..])
            .says(&introduced[..8])
            .fits_a_terminal();
        repo.git(&["reset", "-q", "--soft", "o/main"]).ok();
        repo.git(&["commit", "-qnm", "squashed"]).ok();
        repo.push(&["main"]).ok();
    }
}

#[test]
fn a_new_leaf_below_folders_that_were_there() {
    let world = world();
    for slashes in [&[19][..], &[13, 27]] {
        let secret = cloud_secret(slashes);
        let (folder, leaf) = secret.rsplit_once('/').unwrap();
        let (_, repo) = gated(&world, &format!("leaf{}", slashes.len()));
        allowed(both(&repo, &format!("{folder}/README")));
        allowed(both(&repo, &format!("{folder}/{}.json", &leaf[1..])));
        denied(both(&repo, &format!("{folder}/{leaf}.json")), &secret);
    }
}

#[test]
fn a_tree_that_was_there_is_put_below_a_name_that_completes_it() {
    let world = world();
    for slashes in [&[19][..], &[13, 27]] {
        let secret = cloud_secret(slashes);
        let (head, below) = secret.split_once('/').unwrap();
        let (_, repo) = gated(&world, &format!("tree{}", slashes.len()));
        repo.stage(format!("lib/{below}.json"), "x\n");
        allowed(both(&repo, "other"));
        repo.git(&["mv", "lib", "moved"]).ok();
        allowed(both_staged(&repo));
        repo.git(&["mv", "moved", head]).ok();
        denied(both_staged(&repo), &secret);
    }
    // The same tree at two names in one push, of which one completes it.
    let secret = cloud_secret(&[19]);
    let (head, below) = secret.split_once('/').unwrap();
    let (_, repo) = gated(&world, "twice");
    repo.stage(format!("a/{below}.json"), "x\n");
    repo.stage(format!("b/{below}.json"), "x\n");
    allowed(both(&repo, "other"));
    repo.stage(format!("a-first/{below}.json"), "x\n");
    repo.stage(format!("{head}/{below}.json"), "x\n");
    denied(both_staged(&repo), &secret);
}

#[test]
fn deep_paths_and_submodules() {
    let world = world();
    let secret = cloud_secret(&[19]);
    let deep = "folder/".repeat(200);
    let (_, repo) = gated(&world, "deep");
    allowed(both(&repo, &format!("{deep}fine.json")));
    denied(both(&repo, &format!("{deep}{secret}.json")), &secret);

    let link = |repo: &Repo<'_>, path: &str| {
        let entry = format!("160000,{},{path}", repo.id("HEAD"));
        repo.git(&["update-index", "--add", "--cacheinfo", &entry])
            .ok();
        both_staged(repo)
    };
    let (_, repo) = gated(&world, "submodule");
    allowed(link(&repo, &secret[..secret.len() - 1]));
    denied(link(&repo, &secret), &secret);
}

#[test]
fn a_name_that_moves_is_new_on_both_sides_and_one_that_stays_is_not() {
    let world = world();
    let split = cloud_secret(&[19]);
    for (name, secret) in [("whole", forge_token()), ("split", split)] {
        let (bare, repo) = gated(&world, name);
        put(&repo, &format!("old/{secret}.txt"), "x\n");
        put(&repo, "old/plain/f", "x\n");
        push_as_debt(&bare, &repo);
        // What stands there may change and go.
        allowed(both(&repo, &format!("old/{secret}.txt")));
        allowed(both(&repo, "old/other"));
        repo.git(&["mv", "old/plain", "elsewhere"]).ok();
        allowed(both_staged(&repo));
        repo.git(&["mv", "old", "new"]).ok();
        denied(both_staged(&repo), &secret);
        let (_, repo) = gated(&world, &format!("{name}-plain"));
        repo.stage("old/plain/f", "x\n");
        allowed(both_staged(&repo));
        repo.git(&["mv", "old", "new"]).ok();
        allowed(both_staged(&repo));
    }
}

#[test]
fn a_merge_brings_no_name_that_a_parent_has() {
    let world = world();
    for (n, secret) in [forge_token(), cloud_secret(&[19])].iter().enumerate() {
        let (bare, repo) = gated(&world, &format!("merge{n}"));
        repo.git(&["checkout", "-qb", "topic"]).ok();
        repo.stage("ours", "x\n");
        repo.commit().ok();
        repo.git(&["checkout", "-q", "main"]).ok();
        put(&repo, &format!("debt/{secret}.txt"), "x\n");
        push_as_debt(&bare, &repo);
        repo.git(&["checkout", "-q", "topic"]).ok();
        repo.git(&["merge", "-q", "--no-commit", "main"]).ok();
        repo.commit().ok();
        repo.push(&["topic"]).ok();
        // The merge itself brings another.
        repo.git(&["reset", "-q", "--hard", "HEAD^"]).ok();
        repo.git(&["merge", "-q", "--no-commit", "main"]).ok();
        repo.stage(format!("more/{secret}.txt"), "x\n");
        let commit = repo.commit();
        repo.git(&["commit", "-qnm", "unseen"]).ok();
        denied((commit, repo.push(&["+topic"])), secret);
    }
}

/// State, source, path and masked value of every finding, as one selection of `check` tells them.
fn states(repo: &Repo<'_>, selection: &[&str]) -> Vec<String> {
    let args = [&["check", "--format", "ndjson"], selection].concat();
    let said = repo.lychgate(&args).out();
    let mut out: Vec<String> = said
        .lines()
        .filter(|line| line.contains("\"masked\""))
        .map(|line| {
            let field = |key: &str| {
                let at = line.split(&format!("\"{key}\":\"")).nth(1)?;
                Some(at.split('"').next()?.to_owned())
            };
            format!("{:?}", ["state", "source", "rule", "masked"].map(field))
        })
        .collect();
    out.sort();
    out
}

#[test]
fn the_same_change_has_the_same_states_at_commit_and_in_a_range() {
    let world = world();
    let (secret, token) = (cloud_secret(&[13, 27]), forge_token());
    let repo = world.repo("r");
    let same = |changes: &dyn Fn(), expected: usize| {
        changes();
        repo.git(&["add", "-A"]).ok();
        let staged = states(&repo, &[]);
        repo.git(&["commit", "-qnm", "unseen"]).ok();
        let range = states(&repo, &["--range", "HEAD^..HEAD"]);
        // The debt of neighbours is listed where the whole folder comes as a tree.
        let new = |all: Vec<String>| -> Vec<String> {
            all.into_iter().filter(|f| f.contains("\"new\"")).collect()
        };
        let (staged, range) = (new(staged), new(range));
        assert_eq!(staged, range);
        assert_eq!(range.len(), expected, "{range:?}");
    };
    same(&|| repo.write(format!("a/{secret}.json"), "x\n"), 1);
    same(&|| repo.write(format!("a/{token}.json"), "x\n"), 1);
    same(&|| drop(repo.git(&["mv", "a", "b"]).ok()), 2);
    same(&|| repo.write("b/clean.json", "x\n"), 0);
    same(&|| repo.write(format!("{token}/x"), "x\n"), 1);
    same(&|| repo.write(format!("{token}/y"), "x\n"), 1);
}

/// Rules that ask for paths, and values that only their names give away: where they stood is asked.
#[test]
fn debt_of_a_rule_with_paths_of_its_own_moves_as_debt() {
    let world = world();
    let value = ["kX9vQ2mT", "7rLz4Wp8Yb"].concat();
    let rule = "[[rules]]\nid = \"ours\"\nregex = '''ours-[0-9]{8}'''\nkeywords = [\"ours-\"]\n\
        path = '''\\.conf$'''\n";
    let ours = ["ours-", "48201957"].concat();
    for (n, (old, new, content)) in [
        ("a/app.py", "b/main.py", format!("password = \"{value}\"\n")),
        ("a/app.conf", "b/main.conf", format!("x = {ours}\n")),
    ]
    .into_iter()
    .enumerate()
    {
        let (bare, repo) = gated(&world, &format!("r{n}"));
        repo.commit_unseen(".gitleaks.toml", rule);
        repo.commit_unseen(old, &content);
        push_as_debt(&bare, &repo);
        // Moved, and moved with a change.
        std::fs::create_dir_all(repo.path.join("b")).unwrap();
        repo.git(&["mv", old, new]).ok();
        allowed(both_staged(&repo));
        repo.git(&["mv", new, old]).ok();
        repo.stage(old, format!("# moved\n{content}"));
        allowed(both_staged(&repo));
        // A copy is none.
        repo.stage(new, &content);
        denied(both_staged(&repo), &value);
    }
}

#[test]
fn the_name_of_a_ref_that_stands_is_judged_as_a_first_push_would_be() {
    let world = world();
    let (_, repo) = world.server("r");
    repo.stage("f", "x\n");
    repo.commit().ok();
    let (token, other) = (forge_token(), forge_token());
    repo.lychgate(&["check", "--all"]).code(0);
    repo.git(&["tag", "plain"]).ok();
    repo.lychgate(&["check", "--all"]).code(0).silent();
    repo.git(&["branch", &format!("try-{token}")]).ok();
    repo.git(&["tag", &format!("v-{other}")]).ok();
    let said = repo.lychgate(&["check", "--all"]).code(1);
    let said = said.hides(&token).hides(&other).says("2 new secrets");
    drop(said);
    repo.git(&["push", "-q", "--all"]).fails();
}
