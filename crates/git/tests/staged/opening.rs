//! Where a repository is found, and which is not opened.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;

use lychgate_git::{Document, Error, Repository, Where};

use crate::world::{World, environment, id};

fn open(folder: &Path, variables: &[(&str, &str)]) -> Result<Repository, Error> {
    Repository::open(&environment(folder, variables))
}

#[test]
fn from_anywhere_inside_and_by_variable() {
    let world = World::populated();
    world.add("b/d/e", "changed\n");
    let repo = world.repo();
    for folder in ["", "b", "b/d", "z/y/x"] {
        assert_eq!(world.check_in(&repo.join(folder), &[]).len(), 1);
        let opened = open(&repo.join(folder), &[]).unwrap();
        assert_eq!(opened.work_tree(), Some(repo.as_path()));
        assert_eq!(opened.git_dir(), repo.join(".git"));
    }
    let absolute = repo.join(".git").into_os_string().into_string().unwrap();
    let tree = repo.to_str().unwrap();
    for variables in [
        &[("GIT_DIR", absolute.as_str())][..],
        &[("GIT_DIR", absolute.as_str()), ("GIT_WORK_TREE", tree)],
        &[("GIT_DIR", ".git"), ("GIT_WORK_TREE", ".")],
    ] {
        assert_eq!(world.check_in(&repo, variables).len(), 1);
    }
    let variables = [("GIT_DIR", absolute.as_str()), ("GIT_WORK_TREE", tree)];
    assert_eq!(world.check_in(&repo.join("b"), &variables).len(), 1);
    assert_eq!(world.check_in(Path::new("/"), &variables).len(), 1);
}

#[test]
fn inside_the_repository_and_bare() {
    let world = World::populated();
    let inside = open(&world.repo().join(".git"), &[]).unwrap();
    assert_eq!(inside.git_dir(), world.repo().join(".git"));
    world.git_in(world.root(), &["clone", "-q", "--bare", "repo", "bare.git"]);
    let bare = world.root().join("bare.git");
    for folder in [bare.clone(), bare.join("refs/heads")] {
        let opened = open(&folder, &[]).unwrap();
        assert_eq!(
            (opened.git_dir(), opened.work_tree()),
            (bare.as_path(), None)
        );
        let head = opened.head().unwrap();
        assert_eq!(head.branch.as_deref(), Some(&b"refs/heads/main"[..]));
        assert_eq!(head.commit, Some(id(&world.git(&["rev-parse", "HEAD"]))));
    }
    assert_eq!(open(&bare, &[("GIT_DIR", ".")]).unwrap().git_dir(), bare);
}

#[test]
fn nothing_there_is_an_error() {
    let world = World::empty();
    let ceiling = world.root().to_str().unwrap().to_owned();
    let folder = world.root().join("a/b");
    fs::create_dir_all(&folder).unwrap();
    let variables = [("GIT_CEILING_DIRECTORIES", ceiling.as_str())];
    let none = |outcome| matches!(outcome, Err(Error::NotARepository { .. }));
    assert!(none(open(&folder, &variables)));
    assert!(none(open(&folder, &[("GIT_DIR", "nowhere")])));
    fs::create_dir(folder.join(".git")).unwrap();
    assert!(none(open(&folder, &variables)));
    fs::remove_dir(folder.join(".git")).unwrap();
    fs::write(folder.join(".git"), "gitdir: gone\n").unwrap();
    assert!(none(open(&folder, &variables)));
    fs::write(folder.join(".git"), "nonsense\n").unwrap();
    assert!(matches!(
        open(&folder, &variables),
        Err(Error::Corrupt { .. })
    ));
}

#[test]
fn linked_work_trees_moved_locked_and_with_their_own_configuration() {
    let world = World::populated();
    world.git(&["worktree", "add", "-q", "../linked", "-b", "linked"]);
    let linked = world.root().join("linked");
    fs::write(linked.join("a"), "changed\n").unwrap();
    world.git_in(&linked, &["add", "a"]);
    assert_eq!(world.check_in(&linked, &[]).len(), 1);
    assert_eq!(world.check_in(&linked.join("b/d"), &[]).len(), 1);
    assert!(world.check().is_empty());
    let opened = open(&linked, &[]).unwrap();
    assert_eq!(opened.common_dir(), world.repo().join(".git"));
    assert_eq!(opened.git_dir(), world.repo().join(".git/worktrees/linked"));
    assert_eq!(
        opened.head().unwrap().branch.as_deref(),
        Some(&b"refs/heads/linked"[..])
    );

    world.git(&["worktree", "lock", "../linked"]);
    assert_eq!(world.check_in(&linked, &[]).len(), 1);
    world.git(&["worktree", "unlock", "../linked"]);
    world.git(&["worktree", "move", "../linked", "../moved"]);
    let moved = world.root().join("moved");
    assert_eq!(world.check_in(&moved, &[]).len(), 1);

    world.git(&["config", "extensions.worktreeConfig", "true"]);
    world.git_in(
        &moved,
        &["config", "--worktree", "core.sparseCheckout", "false"],
    );
    assert_eq!(world.check_in(&moved, &[]).len(), 1);

    // As Git sets them for a hook there.
    let git_dir = world.repo().join(".git/worktrees/linked").into_os_string();
    let git_dir = git_dir.into_string().unwrap();
    let index = format!("{git_dir}/index");
    let variables = [
        ("GIT_DIR", git_dir.as_str()),
        ("GIT_INDEX_FILE", index.as_str()),
    ];
    assert_eq!(world.check_in(&moved, &variables).len(), 1);
}

#[test]
fn linked_to_a_bare_repository() {
    let world = World::populated();
    world.git_in(world.root(), &["clone", "-q", "--bare", "repo", "bare.git"]);
    let bare = world.root().join("bare.git");
    world.git_in(&bare, &["worktree", "add", "-q", "../linked", "main"]);
    let linked = world.root().join("linked");
    fs::write(linked.join("a"), "changed\n").unwrap();
    world.git_in(&linked, &["add", "a"]);
    assert_eq!(world.check_in(&linked, &[]).len(), 1);
    assert_eq!(
        open(&linked, &[]).unwrap().work_tree(),
        Some(linked.as_path())
    );
}

#[test]
fn refs_of_one_work_tree_alone() {
    let world = World::populated();
    world.git(&["worktree", "add", "-q", "../linked", "-b", "linked"]);
    let linked = world.root().join("linked");
    world.git_in(&linked, &["update-ref", "refs/worktree/mine", "HEAD"]);
    let names = |folder: &Path| {
        let mut names = Vec::new();
        let opened = open(folder, &[]).unwrap();
        opened
            .for_each_ref(&mut |name, _| names.push(String::from_utf8(name.into()).unwrap()))
            .unwrap();
        names
    };
    assert_eq!(
        names(&world.repo()),
        ["refs/heads/linked", "refs/heads/main"]
    );
    let wanted = ["refs/heads/linked", "refs/heads/main", "refs/worktree/mine"];
    assert_eq!(names(&linked), wanted);
}

#[test]
fn a_head_that_is_a_symlink() {
    let world = World::populated();
    let head = world.repo().join(".git/HEAD");
    fs::remove_file(&head).unwrap();
    symlink("refs/heads/main", &head).unwrap();
    let found = world.open().head().unwrap();
    assert_eq!(found.branch.as_deref(), Some(&b"refs/heads/main"[..]));
    assert!(world.check().is_empty());
}

#[test]
fn symbolic_refs_in_a_circle_are_an_error() {
    let world = World::populated();
    let refs = world.repo().join(".git/refs/heads");
    fs::write(refs.join("x"), "ref: refs/heads/y\n").unwrap();
    fs::write(refs.join("y"), "ref: refs/heads/x\n").unwrap();
    assert!(matches!(
        world.open().find_ref(b"refs/heads/x"),
        Err(Error::Corrupt { .. })
    ));
    fs::write(refs.join("z"), "ref: ../../../etc/passwd\n").unwrap();
    assert!(matches!(
        world.open().find_ref(b"refs/heads/z"),
        Err(Error::Corrupt { .. })
    ));
}

#[test]
fn another_users_repository_is_not_searched_out() {
    let world = World::populated();
    let user = rustix::process::geteuid();
    if !user.is_root() {
        return;
    }
    let other = rustix::process::Uid::from_raw(12345);
    let git_dir = world.repo().join(".git");
    rustix::fs::chown(&git_dir, Some(other), None).unwrap();
    let error = open(&world.repo(), &[]).unwrap_err();
    assert!(
        matches!(
            &error,
            Error::Ownership {
                owner: 12345,
                user: 0,
                ..
            }
        ),
        "{error}"
    );
    // Named by whoever started us, or belonging to whose `sudo` this is.
    open(&world.repo(), &[("GIT_DIR", ".git")]).unwrap();
    open(&world.repo(), &[("SUDO_UID", "12345")]).unwrap();
    assert!(open(&world.repo(), &[("SUDO_UID", "54321")]).is_err());
    // Or named by the user, wherever that has to stand; never by the repository.
    let named = |value: &str| {
        [
            ("GIT_CONFIG_COUNT", "1"),
            ("GIT_CONFIG_KEY_0", "safe.directory"),
            ("GIT_CONFIG_VALUE_0", value),
        ]
        .map(|(key, value)| (key, value.to_owned()))
    };
    let opens = |value: &str| {
        let vars = named(value);
        let vars: Vec<(&str, &str)> = vars.iter().map(|(k, v)| (*k, v.as_str())).collect();
        open(&world.repo(), &vars).is_ok()
    };
    let repo = world.repo();
    assert!(opens("*") && opens(repo.to_str().unwrap()));
    assert!(!opens("") && !opens(git_dir.to_str().unwrap()) && !opens("/else"));
    let config = git_dir.join("config");
    let own = fs::read_to_string(&config).unwrap() + "[safe]\ndirectory = *\n";
    fs::write(&config, own).unwrap();
    assert!(open(&repo, &[]).is_err());
    rustix::fs::chown(&git_dir, Some(user), None).unwrap();
    open(&world.repo(), &[]).unwrap();
}

#[test]
fn revisions_are_those_of_git() {
    let world = World::populated();
    world.git(&["checkout", "-q", "-b", "side"]);
    world.add("s", "1");
    world.commit();
    world.git(&["checkout", "-q", "main"]);
    world.add("m", "1");
    world.commit();
    world.git(&["merge", "-q", "-m", "x", "side"]);
    world.git(&["tag", "-a", "-m", "x", "v1"]);
    world.git(&["tag", "-a", "-m", "x", "v2", "v1"]);
    world.git(&["update-ref", "refs/remotes/origin/main", "HEAD~1"]);
    world.git(&[
        "symbolic-ref",
        "refs/remotes/origin/HEAD",
        "refs/remotes/origin/main",
    ]);
    let short = world.git(&["rev-parse", "--short=8", "HEAD"]);
    let full = world.git(&["rev-parse", "HEAD"]);
    for packed in [false, true] {
        for spec in [
            "HEAD",
            "@",
            "main",
            "heads/main",
            "refs/heads/side",
            "v1",
            "tags/v1",
            "v1^{}",
            "v2^{commit}",
            "v2^{tree}",
            "HEAD^",
            "HEAD^1",
            "HEAD^2",
            "HEAD~1",
            "HEAD~2",
            "HEAD^0",
            "HEAD^2~1^{tree}",
            "origin",
            "origin/main",
            "v2~1",
            &short,
            &full,
        ] {
            let wanted = world.git(&["rev-parse", "--verify", spec]);
            let found = world.open().resolve(spec.as_bytes()).unwrap();
            assert_eq!(found.to_string(), wanted, "{spec}");
        }
        for spec in [
            "",
            "nothing",
            "HEAD^3",
            "HEAD~99",
            "HEAD^{blob}",
            "../x",
            "0000",
            "HEAD^{",
        ] {
            let found = world.open().resolve(spec.as_bytes());
            assert!(
                matches!(found, Err(Error::Unresolved { .. })),
                "{spec}: {found:?} {packed}"
            );
        }
        world.git(&["repack", "-qad"]);
        world.git(&["pack-refs", "--all"]);
    }
}

const POLICY: &str = ".lychgate/policy.toml";

fn document(world: &World, place: Where) -> Document {
    world.open().document(POLICY.as_bytes(), place).unwrap()
}

fn text(document: Document) -> String {
    match document {
        Document::Bytes { content, .. } => String::from_utf8(content).unwrap(),
        Document::Absent => "absent".to_owned(),
        Document::Unusable { why } => format!("unusable: {why}"),
    }
}

#[test]
fn documents_at_head_and_in_the_index() {
    let world = World::new();
    assert_eq!(document(&world, Where::Head), Document::Absent);
    assert_eq!(document(&world, Where::Index), Document::Absent);
    world.populate();
    world.add(".gitignore", "x\n");
    assert_eq!(document(&world, Where::Head), Document::Absent);
    assert_eq!(document(&world, Where::Index), Document::Absent);
    world.add(POLICY, "one");
    assert_eq!(document(&world, Where::Head), Document::Absent);
    assert_eq!(text(document(&world, Where::Index)), "one");
    world.commit();
    let first = id(&world.git(&["rev-parse", "HEAD"]));
    assert_eq!(text(document(&world, Where::Head)), "one");
    assert_eq!(text(document(&world, Where::Index)), "one");
    world.add(POLICY, "two");
    assert_eq!(text(document(&world, Where::Head)), "one");
    assert_eq!(text(document(&world, Where::Index)), "two");
    world.commit();
    assert_eq!(text(document(&world, Where::Commit(first))), "one");
    world.git(&["rm", "-q", POLICY]);
    assert_eq!(text(document(&world, Where::Head)), "two");
    assert_eq!(document(&world, Where::Index), Document::Absent);
}

#[test]
fn documents_that_cannot_be_used() {
    type Make = (&'static str, fn(&World));
    let makes: [Make; 6] = [
        ("symbolic link", |world| {
            fs::create_dir(world.repo().join(".lychgate")).unwrap();
            symlink("x", world.repo().join(POLICY)).unwrap();
            world.git(&["add", "-A"]);
        }),
        ("not a folder", |world| {
            symlink("elsewhere", world.repo().join(".lychgate")).unwrap();
            world.git(&["add", "-A"]);
        }),
        ("a submodule", |world| {
            let head = world.git(&["rev-parse", "HEAD"]);
            let entry = format!("160000,{head},.lychgate");
            world.git(&["update-index", "--add", "--cacheinfo", &entry]);
        }),
        ("case alone", |world| world.add(".Lychgate/other", "x")),
        ("case alone", |world| {
            world.add(POLICY, "x");
            world.add(".lychgate/POLICY.toml", "x");
        }),
        ("too large", |world| {
            world.add(POLICY, &"# long\n".repeat(200_000));
        }),
    ];
    for (why, make) in makes {
        let world = World::populated();
        make(&world);
        let found = text(document(&world, Where::Index));
        assert!(
            found.contains(why) && found.starts_with("unusable"),
            "{found}: {why}"
        );
        assert_eq!(document(&world, Where::Head), Document::Absent);
        world.commit();
        world.add("a", "something else\n");
        for place in [Where::Head, Where::Index] {
            let found = text(document(&world, place));
            assert!(
                found.contains(why) && found.starts_with("unusable"),
                "{found}: {why}"
            );
        }
    }
}

#[test]
fn a_repository_can_go_to_another_thread() {
    fn sendable<T: Send>(value: T) -> T {
        value
    }
    let world = World::populated();
    let repo = sendable(world.open());
    let head = std::thread::spawn(move || repo.head().unwrap())
        .join()
        .unwrap();
    assert_eq!(head.commit, Some(id(&world.git(&["rev-parse", "HEAD"]))));
}
