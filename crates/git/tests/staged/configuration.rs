//! What Git's configuration says, with Git as the one that knows.

use std::ffi::OsString;
use std::fs;
use std::os::unix::ffi::OsStrExt as _;

use lychgate_git::{Environment, Error, Repository};

use crate::world::World;

/// A home with these files beside a repository in `repo`.
fn world(files: &[(&str, &str)]) -> World {
    let world = World::new();
    for (name, content) in files {
        put(&world, name, content);
    }
    world
}

fn put(world: &World, name: &str, content: &str) {
    let file = world.root().join(name);
    fs::create_dir_all(file.parent().unwrap()).unwrap();
    let content = content.replace("@ROOT@", world.root().to_str().unwrap());
    fs::write(file, content).unwrap();
}

fn variables(world: &World, more: &[(&str, &str)]) -> Vec<(String, String)> {
    let root = world.root().to_str().unwrap();
    let all = [
        ("HOME", root),
        ("GIT_CONFIG_NOSYSTEM", "1"),
        ("PATH", &std::env::var("PATH").unwrap()),
    ];
    let all = all.iter().filter(|(k, _)| more.iter().all(|(m, _)| m != k));
    let all = all.chain(more);
    all.map(|(k, v)| ((*k).to_owned(), v.replace("@ROOT@", root)))
        .collect()
}

/// What Git answers; `None`: it fails.
fn gits(folder: &std::path::Path, variables: &[(String, String)], ask: &[&str]) -> Option<String> {
    let mut command = std::process::Command::new("git");
    command.env_clear().envs(variables.iter().cloned());
    let output = command.args(ask).current_dir(folder).output().unwrap();
    let said = String::from_utf8(output.stdout).unwrap();
    output.status.success().then_some(said)
}

fn ours(folder: &std::path::Path, variables: &[(String, String)]) -> Result<Repository, Error> {
    Repository::open(&environment(folder, variables))
}

fn environment(folder: &std::path::Path, variables: &[(String, String)]) -> Environment {
    let variables = variables.iter();
    let variables = variables.map(|(k, v)| (OsString::from(k), OsString::from(v)));
    Environment::new(folder.to_owned(), variables)
}

/// Who commits here, by Git and by us; each says why not.
fn same(world: &World, folder: &std::path::Path, more: &[(&str, &str)], what: &str) {
    let variables = variables(world, more);
    for (at, ask) in ["GIT_AUTHOR_IDENT", "GIT_COMMITTER_IDENT"]
        .iter()
        .enumerate()
    {
        let git = gits(folder, &variables, &["var", ask]);
        let git = git.map(|line| line.split_inclusive('>').next().unwrap().to_owned());
        let repository = ours(folder, &variables).unwrap();
        let ours = repository.persons(&environment(folder, &variables));
        let ours = ours.map(|persons| {
            let text = |it: &Option<Vec<u8>>| String::from_utf8(it.clone().unwrap()).unwrap();
            let person = &persons[at];
            format!("{} <{}>", text(&person.name), text(&person.mail))
        });
        assert_eq!(ours.ok(), git, "{what}: {ask}");
    }
}

const BASE: &str = "[user]\nname = U\nemail = u@x.org\n";

fn global(more: &str) -> String {
    format!("{BASE}{more}")
}

#[test]
fn persons_are_those_git_would_write() {
    let other = "[user]\nname = I\nemail = i@x.org\n[committer]\nname = IC\n";
    for (what, more) in [
        ("nothing more", ""),
        (
            "a committer",
            "[committer]\nname = C\n[author]\nemail = a@x.org\n",
        ),
        ("an empty committer", "[committer]\nname =\n"),
        ("said twice", "[committer]\nname = C\nname = D\n"),
        ("included", "[include]\npath = other\n"),
        (
            "included by its whole name",
            "[include]\npath = @ROOT@/other\n",
        ),
        ("included from home", "[include]\npath = ~/other\n"),
        (
            "included before",
            "[include]\npath = other\n[user]\nname = Z\n[committer]\nname = CZ\n",
        ),
        ("included and not there", "[include]\npath = nowhere\n"),
        ("included twice removed", "[include]\npath = folder/next\n"),
        ("an include with a name", "[include \"x\"]\npath = other\n"),
        ("includes that go round", "[include]\npath = .gitconfig\n"),
        ("an include of nothing", "[include]\npath\n"),
        ("an include that is malformed", "[include]\npath = bad\n"),
        (
            "in this folder",
            "[includeIf \"gitdir:@ROOT@/\"]\npath = other\n",
        ),
        (
            "in this repository",
            "[includeIf \"gitdir:@ROOT@/repo/.git\"]\npath = other\n",
        ),
        (
            "in its work tree",
            "[includeIf \"gitdir:@ROOT@/repo\"]\npath = other\n",
        ),
        (
            "in its work tree, below",
            "[includeIf \"gitdir:@ROOT@/repo/\"]\npath = other\n",
        ),
        ("below home", "[includeIf \"gitdir:~/\"]\npath = other\n"),
        (
            "beside the file",
            "[includeIf \"gitdir:./\"]\npath = other\n",
        ),
        (
            "beside the file, elsewhere",
            "[includeIf \"gitdir:./other/\"]\npath = other\n",
        ),
        (
            "by its name",
            "[includeIf \"gitdir:repo/\"]\npath = other\n",
        ),
        (
            "by part of a name",
            "[includeIf \"gitdir:rep/\"]\npath = other\n",
        ),
        (
            "by a pattern",
            "[includeIf \"gitdir:**/r?[a-z]*/.git\"]\npath = other\n",
        ),
        (
            "by no folder",
            "[includeIf \"gitdir:@ROOT@/*\"]\npath = other\n",
        ),
        (
            "in another case",
            "[includeIf \"gitdir:REPO/\"]\npath = other\n",
        ),
        (
            "in any case",
            "[includeIf \"gitdir/i:REPO/\"]\npath = other\n",
        ),
        (
            "on this branch",
            "[includeIf \"onbranch:main\"]\npath = other\n",
        ),
        (
            "on another",
            "[includeIf \"onbranch:main/\"]\npath = other\n",
        ),
        (
            "by its remote",
            "[includeIf \"hasconfig:remote.*.url:https://a.example/**\"]\npath = other\n",
        ),
        (
            "by another",
            "[includeIf \"hasconfig:remote.*.url:https://b.example/**\"]\npath = other\n",
        ),
        (
            "by what nobody knows",
            "[includeIf \"moon:full\"]\npath = other\n",
        ),
    ] {
        let world = world(&[
            (".gitconfig", &global(more)),
            ("other", other),
            ("folder/next", "[include]\npath = ../other\n"),
            ("bad", "[user\n"),
        ]);
        world.git(&["config", "remote.o.url", "https://a.example/b/c"]);
        same(&world, &world.repo(), &[], what);
    }
}

#[test]
fn every_layer_counts_in_its_turn() {
    let world = world(&[
        (".gitconfig", BASE),
        (
            ".config/git/config",
            "[user]\nname = X\n[author]\nname = XA\n",
        ),
        ("system", "[committer]\nname = S\nemail = s@x.org\n"),
        ("other", "[user]\nname = I\nemail = i@x.org\n"),
    ]);
    let repo = world.repo();
    let system = [
        ("GIT_CONFIG_NOSYSTEM", "0"),
        ("GIT_CONFIG_SYSTEM", "@ROOT@/system"),
    ];
    same(&world, &repo, &[], "the user's two files");
    same(&world, &repo, &system, "the system's");
    let other = [("GIT_CONFIG_GLOBAL", "@ROOT@/other")];
    same(&world, &repo, &other, "another file of the user's");
    for (said, what) in [
        ("'user.name'='P'", "the command's"),
        ("'committer.name=Q' 'User.Name'='P'", "the command's, older"),
        ("'include.path'='@ROOT@/other'", "what the command includes"),
        ("'include.path'='other'", "what it cannot include"),
        (
            "'includeIf.gitdir:repo/.path'='@ROOT@/other'",
            "includes here",
        ),
        (
            "'includeif.gitdir:./.path'='@ROOT@/other'",
            "beside nothing",
        ),
    ] {
        same(&world, &repo, &[("GIT_CONFIG_PARAMETERS", said)], what);
    }
    world.git(&["config", "committer.name", "L"]);
    world.git(&["config", "include.path", "../../other"]);
    same(&world, &repo, &system, "the repository's");
    world.commit();
    world.git(&["worktree", "add", "-q", "../linked", "-b", "topic"]);
    let linked = world.root().join("linked");
    same(&world, &linked, &[], "a linked work tree");
    world.git(&["config", "extensions.worktreeConfig", "true"]);
    world.git_in(&linked, &["config", "--worktree", "committer.name", "W"]);
    same(&world, &linked, &[], "configuration of its own");
    same(&world, &repo, &[], "not of the other");
    let on = "[includeIf \"onbranch:top*\"]\npath = @ROOT@/on\n[includeIf \"gitdir:worktrees/\"]\n\
              path = @ROOT@/in\n";
    put(&world, "on", "[committer]\nemail = on@x.org\n");
    put(&world, "in", "[author]\nemail = in@x.org\n");
    put(&world, ".gitconfig", &global(on));
    same(&world, &linked, &[], "on its branch, by its folder");
    same(&world, &repo, &[], "neither");
}

#[test]
fn ten_files_in_a_row_and_no_more() {
    let files: Vec<(String, String)> = (1..=12)
        .map(|n| (format!("f{n}"), format!("[include]\npath = f{}\n", n + 1)))
        .collect();
    for last in 9..=12 {
        let world = world(&[(".gitconfig", &global("[include]\npath = f1\n"))]);
        for (name, content) in &files {
            put(&world, name, content);
        }
        put(&world, &format!("f{last}"), "[committer]\nname = F\n");
        same(&world, &world.repo(), &[], &format!("{last} files"));
    }
}

#[test]
fn what_includes_without_end_is_refused_in_time() {
    let twenty = "[include]\npath = next\n".repeat(20);
    let world = world(&[(".gitconfig", BASE)]);
    for n in 0..9 {
        put(
            &world,
            &format!("{n}/next"),
            &twenty.replace("next", &format!("../{}/next", n + 1)),
        );
    }
    put(&world, "9/next", "[committer]\nname = F\n");
    put(&world, ".gitconfig", &global("[include]\npath = 0/next\n"));
    let (repo, variables) = (world.repo(), variables(&world, &[]));
    let persons = ours(&repo, &variables).unwrap();
    let persons = persons.persons(&environment(&repo, &variables));
    assert!(
        matches!(persons, Err(Error::Unsupported { .. })),
        "{persons:?}"
    );
    put(
        &world,
        ".gitconfig",
        &global(&format!("#{}\n", "x".repeat(65 << 20))),
    );
    let persons = ours(&repo, &variables).unwrap();
    let persons = persons.persons(&environment(&repo, &variables));
    assert!(
        matches!(persons, Err(Error::Unsupported { .. })),
        "{persons:?}"
    );
}

/// Needs root, to make a repository somebody else's.
#[test]
fn a_repository_of_another_user_is_safe_where_an_included_file_says_so() {
    if !rustix::process::geteuid().is_root() {
        return;
    }
    let names = "[safe]\ndirectory = @ROOT@/repo\n";
    for (what, global, safe) in [
        ("nothing", "", false),
        ("itself", names, true),
        ("included", "[include]\npath = other\n", true),
        ("included from home", "[include]\npath = ~/other\n", true),
        (
            "taken back",
            "[include]\npath = other\n[safe]\ndirectory =\n",
            false,
        ),
        (
            "taken back before",
            "[safe]\ndirectory =\n[include]\npath = other\n",
            true,
        ),
        (
            "where it lies",
            "[includeIf \"gitdir:**\"]\npath = other\n",
            false,
        ),
        (
            "on a branch",
            "[includeIf \"onbranch:**\"]\npath = other\n",
            false,
        ),
        (
            "the user's own remotes",
            "[remote \"a\"]\nurl = a:b\n[includeIf \"hasconfig:remote.*.url:a:*\"]\npath = other\n",
            true,
        ),
        (
            "from the home of root",
            "[safe]\ndirectory = ~root/../@ROOT@/repo\n",
            true,
        ),
        ("malformed", "[include]\npath = bad\n", false),
    ] {
        let world = world(&[(".gitconfig", global), ("other", names), ("bad", "[x\n")]);
        // It cannot vouch for itself.
        put(
            &world,
            "repo/.git/config",
            &format!("[core]\nbare = false\n{names}"),
        );
        let repo = world.repo();
        for path in [repo.clone(), repo.join(".git")] {
            std::os::unix::fs::chown(&path, Some(1), None).unwrap();
        }
        let variables = variables(&world, &[]);
        let git = gits(&repo, &variables, &["rev-parse", "--git-dir"]).is_some();
        assert_eq!(git, safe, "{what}: git");
        assert_eq!(ours(&repo, &variables).is_ok(), safe, "{what}");
        assert!(repo.as_os_str().as_bytes().starts_with(b"/"));
    }
}

/// Whatever Git takes is taken, and as Git takes it: who cannot read what Git reads would stop
/// every commit of somebody whose file is only odd.
#[test]
fn odd_files_say_the_same_to_both() {
    const PIECES: [&str; 32] = [
        "name",
        "email",
        " = ",
        "=",
        "\n",
        "\n\t",
        "[committer]",
        "[user]\n",
        "[Committer]\n",
        "[committer \"x\"]\n",
        "[author]",
        "\"",
        "\\\"",
        "\\\\",
        "\\n",
        "\\t",
        "\\\n",
        "\\x",
        "#c",
        " ;d",
        "\r\n",
        " ",
        "\t",
        "A",
        "b c",
        "@x.org",
        "]",
        "[",
        ".",
        "-",
        "\u{e9}",
        "\u{feff}",
    ];
    let world = world(&[]);
    let (repo, variables) = (world.repo(), variables(&world, &[]));
    let mut state = 7u64;
    let mut next = |below: usize| {
        state = state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1);
        usize::try_from(state >> 33).unwrap() % below
    };
    let mut taken = 0;
    for _ in 0..400 {
        let mut more = String::from("[committer]\n\tname = ");
        for _ in 0..next(12) {
            more.push_str(PIECES[next(PIECES.len())]);
        }
        put(&world, ".gitconfig", &global(&more));
        let git = gits(&repo, &variables, &["config", "--get", "committer.name"]);
        let lists = gits(&repo, &variables, &["config", "--list"]).is_some();
        let persons = ours(&repo, &variables).unwrap();
        let persons = persons.persons(&environment(&repo, &variables));
        assert_eq!(persons.is_ok(), lists, "{more:?}");
        if let Ok([_, committer]) = persons {
            taken += 1;
            let git = git.map(|value| value.strip_suffix('\n').unwrap().to_owned());
            let wanted = git
                .filter(|v| !v.is_empty())
                .unwrap_or_else(|| "U".to_owned());
            let name = String::from_utf8(committer.name.unwrap()).unwrap();
            assert_eq!(name, wanted, "{more:?}");
        }
    }
    assert!(taken > 100, "{taken} of 400 were well-formed");
}
