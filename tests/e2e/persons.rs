//! Who a commit is said to be by, judged before it is made.

use lychgate_e2e::{Output, Repo, World, forge_token};

use crate::commit::denied;

#[test]
fn a_secret_in_a_persons_name_is_denied_before_the_commit_is_made() {
    let world = World::new();
    let repo = world.repo("r");
    let token = forge_token();
    let with =
        |author: &str| repo.git(&["commit", "-qm", "m", "--allow-empty", "--author", author]);
    denied(with(&format!("{token} <a@example.org>")), &token).says("author");
    denied(with(&format!("A <{token}@example.org>")), &token);
    with("A B <a@example.org>").ok().silent();
    let message = ["commit", "-qm", "m", "--allow-empty"];
    let committer = |name: &str| repo.git_with(&message, &[("GIT_COMMITTER_NAME", name)]);
    denied(committer(&token), &token).says("committer");
    committer("C D").ok().silent();
}

/// Git without the variables that would name anybody.
fn unnamed(repo: &Repo<'_>, args: &[&str], env: &[(&str, &str)]) -> Output {
    let mut command = repo.world.command("git", &repo.path);
    for who in ["AUTHOR", "COMMITTER"] {
        for what in ["NAME", "EMAIL"] {
            command.env_remove(format!("GIT_{who}_{what}"));
        }
    }
    command.args(args).envs(env.iter().copied());
    repo.world.finish(command, b"")
}

const COMMIT: [&str; 4] = ["commit", "-qm", "m", "--allow-empty"];

#[test]
fn a_person_whom_only_the_configuration_names_is_judged_at_the_commit() {
    let world = World::new();
    let repo = world.repo("r");
    let token = forge_token();
    let user = "[user]\nname = A\nemail = a@example.org\n";
    let secret = format!("[committer]\nname = {token}\n");
    std::fs::write(world.root().join("home/work"), secret).unwrap();
    let here = repo.path.display();
    let global = |more: &str| {
        std::fs::write(
            world.root().join("home/.gitconfig"),
            format!("{user}{more}"),
        )
        .unwrap();
    };
    for (denies, more) in [
        (true, format!("[committer]\nname = {token}\n")),
        (false, "[committer]\nname = B\n".to_owned()),
        (true, format!("[committer]\nemail = {token}@example.org\n")),
        (false, format!("[committer]\nname = {token}\nname = B\n")),
        // Git takes them as whoever wrote it.
        (true, format!("[user]\nname = {token}\n")),
        (true, "[include]\npath = work\n".to_owned()),
        (
            true,
            format!("[includeIf \"gitdir:{here}/\"]\npath = work\n"),
        ),
        (
            false,
            format!("[includeIf \"gitdir:{here}/sub/\"]\npath = work\n"),
        ),
        (
            true,
            "[includeIf \"onbranch:main\"]\npath = work\n".to_owned(),
        ),
        (
            false,
            "[includeIf \"onbranch:other\"]\npath = work\n".to_owned(),
        ),
    ] {
        global(&more);
        let said = unnamed(&repo, &COMMIT, &[]);
        if denies {
            denied(said, &token);
        } else {
            said.ok().silent();
        }
    }
    global("");
    for (key, denies) in [("committer.email", true), ("committer.signature", false)] {
        repo.git(&["config", key, &token]).ok();
        let said = unnamed(&repo, &COMMIT, &[]);
        match denies {
            true => denied(said, &token).says("committer"),
            false => said.ok().silent(),
        };
        // The environment has the last word.
        let named = [("GIT_COMMITTER_EMAIL", "c@example.org")];
        unnamed(&repo, &COMMIT, &named).ok().silent();
        repo.git(&["config", "--unset", key]).ok();
    }
    let setting = format!("committer.name={token}");
    denied(
        unnamed(&repo, &[&["-c", &setting], &COMMIT[..]].concat(), &[]),
        &token,
    );
    unnamed(
        &repo,
        &[&["-c", "committer.name=B"], &COMMIT[..]].concat(),
        &[],
    )
    .ok()
    .silent();
    // Only where no configuration has an address.
    global("[user]\nemail =\n");
    let mail = format!("{token}@example.org");
    denied(unnamed(&repo, &COMMIT, &[("EMAIL", &mail)]), &token);
    unnamed(&repo, &COMMIT, &[("EMAIL", "d@example.org")])
        .ok()
        .silent();
    global("");
    unnamed(&repo, &COMMIT, &[("EMAIL", &mail)]).ok().silent();
}

#[test]
fn who_makes_a_merge_is_judged_with_and_without_a_daemon() {
    let world = World::new();
    let repo = world.repo("r");
    let token = forge_token();
    repo.git(&["branch", "side"]).ok();
    repo.write("a", "a\n");
    repo.git(&["add", "."]).ok();
    repo.git(&["commit", "-qm", "a"]).ok();
    repo.git(&["config", "user.email", "a@example.org"]).ok();
    let merge = ["merge", "-q", "--no-ff", "-m", "m", "main"];
    repo.git(&["switch", "-q", "side"]).ok();
    repo.git(&["config", "user.name", &token]).ok();
    // With a daemon, and where none can be had: a path no socket may have is judged in process.
    let nowhere = format!("/{}", "x".repeat(120));
    let alone = [("LYCHGATE_SOCKET", nowhere.as_str())];
    for env in [&[][..], &alone] {
        denied(unnamed(&repo, &merge, env), &token).says("author");
        repo.git(&["merge", "--abort"]).ok();
    }
    repo.git(&["config", "user.name", "A"]).ok();
    for env in [&[][..], &alone] {
        unnamed(&repo, &merge, env).ok();
        repo.git(&["reset", "-q", "--hard", "HEAD^"]).ok();
    }
}
