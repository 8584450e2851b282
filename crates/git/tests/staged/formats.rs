//! Hash kinds, ref storages, and formats nobody knows.

use std::collections::BTreeMap;
use std::fs;

use lychgate_git::{Error, Repository};
use lychgate_model::{HashKind, ReasonCode};

use crate::world::{World, environment, id};

/// Refs as Git and as we list them.
fn check_refs(world: &World) -> usize {
    let mut wanted = BTreeMap::new();
    for line in world
        .git(&["for-each-ref", "--format=%(objectname) %(refname)"])
        .lines()
    {
        let (hex, name) = line.split_once(' ').unwrap();
        wanted.insert(name.to_owned(), hex.to_owned());
    }
    let repo = world.open();
    let mut ours = BTreeMap::new();
    let mut order = Vec::new();
    repo.for_each_ref(&mut |name, id| {
        let name = String::from_utf8(name.to_vec()).unwrap();
        order.push(name.clone());
        ours.insert(name, id.to_string());
    })
    .unwrap();
    assert_eq!(ours, wanted);
    assert!(order.is_sorted());
    for (name, hex) in &wanted {
        assert_eq!(
            repo.find_ref(name.as_bytes()).unwrap(),
            Some(id(hex)),
            "{name}"
        );
    }
    wanted.len()
}

fn many_refs(world: &World) {
    world.populate();
    for n in 0..40 {
        world.git(&["branch", &format!("many/of/them/{n}")]);
    }
    world.git(&["tag", "-a", "-m", "x", "v1"]);
    world.git(&["tag", "light"]);
    world.git(&[
        "symbolic-ref",
        "refs/remotes/origin/HEAD",
        "refs/heads/main",
    ]);
}

#[test]
fn refs_in_files_packed_and_both() {
    let world = World::new();
    many_refs(&world);
    let count = check_refs(&world);
    world.git(&["pack-refs", "--all"]);
    assert_eq!(check_refs(&world), count);
    world.commit();
    world.git(&["update-ref", "refs/heads/many/of/them/7", "HEAD"]);
    world.git(&["branch", "-q", "-D", "many/of/them/8"]);
    assert_eq!(check_refs(&world), count - 1);
    assert!(world.check().is_empty());
}

#[test]
fn refs_in_tables() {
    let world = World::with(&["--ref-format=reftable"]);
    assert_eq!(
        world.open().head().unwrap().branch.as_deref(),
        Some(&b"refs/heads/main"[..])
    );
    many_refs(&world);
    let count = check_refs(&world);
    world.commit();
    world.git(&["branch", "-q", "-D", "many/of/them/8"]);
    assert_eq!(check_refs(&world), count - 1);
    world.git(&["pack-refs"]);
    assert_eq!(check_refs(&world), count - 1);
    world.add("a", "changed\n");
    assert_eq!(world.check().len(), 1);
    world.git(&["worktree", "add", "-q", "../linked", "-b", "linked"]);
    let linked = world.root().join("linked");
    std::fs::write(linked.join("a"), "in the linked one\n").unwrap();
    world.git_in(&linked, &["add", "-A"]);
    assert_eq!(world.check_in(&linked, &[]).len(), 1);
    world.git_in(&linked, &["checkout", "-q", "--detach"]);
    world.check_in(&linked, &[]);
}

#[test]
fn a_table_with_many_blocks() {
    let world = World::with(&["--ref-format=reftable"]);
    world.populate();
    let head = world.git(&["rev-parse", "HEAD"]);
    let list: String = (0..3000)
        .map(|n| format!("create refs/heads/number/{n} {head}\n"))
        .collect();
    let file = world.root().join("list");
    fs::write(&file, list).unwrap();
    let script = format!("git update-ref --stdin < {}", file.display());
    let ran = std::process::Command::new("sh")
        .args(["-c", &script])
        .current_dir(world.repo())
        .env("GIT_CONFIG_GLOBAL", "/dev/null")
        .status();
    assert!(ran.unwrap().success());
    assert_eq!(check_refs(&world), 3001);
    world.git(&["pack-refs"]);
    assert_eq!(check_refs(&world), 3001);
}

#[test]
fn sha256() {
    let world = World::with(&["--object-format=sha256"]);
    world.add("first", "1\n");
    assert_eq!(world.check().len(), 1);
    world.populate();
    assert_eq!(world.open().hash_kind(), HashKind::Sha256);
    world.add("b/d/e", "changed\n");
    world.git(&["rm", "-q", "first"]);
    assert_eq!(world.check().len(), 2);
    world.git(&["update-index", "--index-version", "4"]);
    world.git(&["repack", "-qad"]);
    assert_eq!(world.check().len(), 2);
    check_refs(&world);
}

#[test]
fn sha256_in_tables() {
    let world = World::with(&["--object-format=sha256", "--ref-format=reftable"]);
    world.populate();
    world.add("b/d/e", "changed\n");
    assert_eq!(world.check().len(), 1);
    check_refs(&world);
}

#[test]
fn what_git_refuses_is_refused() {
    for (key, value, refused) in [
        ("core.repositoryformatversion", "2", true),
        ("extensions.unheard-of", "true", true),
        ("extensions.objectformat", "md5", true),
        ("extensions.refstorage", "paper", true),
        ("extensions.noop", "x", false),
        ("extensions.preciousobjects", "true", false),
    ] {
        let world = World::populated();
        world.git(&["config", "core.repositoryformatversion", "1"]);
        world.git(&["config", key, value]);
        let git = world.try_git(&world.repo(), &["diff-index", "--cached", "HEAD"], &[]);
        assert_eq!(!git.status.success(), refused, "{key}");
        match Repository::open(&world.environment()) {
            Ok(_) => assert!(!refused, "{key}"),
            Err(error) => {
                assert!(
                    refused && matches!(error, Error::Unsupported { .. }),
                    "{error}"
                );
                assert_eq!(error.reason(), ReasonCode::Unsupported);
            }
        }
    }
}

#[test]
fn extensions_of_another_version() {
    let world = World::populated();
    world.git(&["config", "core.repositoryformatversion", "0"]);
    world.git(&["config", "extensions.unheard-of", "true"]);
    assert!(world.check().is_empty());
    world.git(&["config", "extensions.objectformat", "sha1"]);
    assert!(
        !world
            .try_git(&world.repo(), &["status"], &[])
            .status
            .success()
    );
    let opened = Repository::open(&world.environment());
    assert!(matches!(opened, Err(Error::Unsupported { .. })));
}

#[test]
fn a_malformed_configuration_is_an_error() {
    let world = World::populated();
    fs::write(world.repo().join(".git/config"), "[core\nbare = false\n").unwrap();
    assert!(matches!(
        Repository::open(&world.environment()),
        Err(Error::Corrupt { .. })
    ));
}

#[test]
fn an_index_extension_nobody_knows_is_refused_when_required() {
    let world = World::populated();
    world.add("a", "changed\n");
    let path = world.repo().join(".git/index");
    let index = fs::read(&path).unwrap();
    for (name, refused) in [(b"ABCD", false), (b"abcd", true)] {
        let mut changed = index[..index.len() - 20].to_vec();
        changed.extend_from_slice(name);
        changed.extend_from_slice(&[0, 0, 0, 3, 1, 2, 3]);
        changed.extend_from_slice(&[0; 20]);
        fs::write(&path, &changed).unwrap();
        let outcome = crate::world::changes(&world.open());
        assert_eq!(matches!(outcome, Err(Error::Unsupported { .. })), refused);
        assert_eq!(outcome.is_ok(), !refused);
    }
}

#[test]
fn a_partial_clone_is_never_completed() {
    let world = World::populated();
    world.git(&["config", "uploadpack.allowFilter", "true"]);
    let blob = world.git(&["rev-parse", "HEAD:b/d/e"]);
    let url = format!("file://{}", world.repo().display());
    let arguments = [
        "clone",
        "-q",
        "--no-checkout",
        "--filter=blob:none",
        &url,
        "partial",
    ];
    world.git_in(world.root(), &arguments);
    let partial = world.root().join("partial");
    let repo = Repository::open(&environment(&partial, &[])).unwrap();
    assert!(repo.is_partial_clone());
    let error = repo.objects().header(id(&blob)).unwrap_err();
    assert!(
        matches!(&error, Error::Missing { id: missing } if *missing == id(&blob)),
        "{error}"
    );
    assert_eq!(error.reason(), ReasonCode::Unreadable);
    let whole = world.open();
    assert!(!whole.is_partial_clone() && whole.objects().contains(id(&blob)).unwrap());
}

#[test]
fn a_shallow_clone_says_where_it_ends() {
    let world = World::populated();
    world.commit();
    assert!(world.open().shallow_commits().unwrap().is_empty());
    let url = format!("file://{}", world.repo().display());
    world.git_in(world.root(), &["clone", "-q", "--depth=1", &url, "shallow"]);
    let shallow = world.root().join("shallow");
    let head = id(&world.git(&["rev-parse", "HEAD"]));
    let repo = Repository::open(&environment(&shallow, &[])).unwrap();
    assert_eq!(repo.shallow_commits().unwrap(), [head]);
    assert!(!repo.is_shallow_push());
    assert!(world.check_in(&shallow, &[]).is_empty());
    let pushed = |file: &str| {
        Repository::open(&environment(&shallow, &[("GIT_SHALLOW_FILE", file)])).unwrap()
    };
    assert!(pushed(".git/shallow").is_shallow_push());
    assert!(!pushed("").is_shallow_push());
    assert!(pushed("").shallow_commits().unwrap().is_empty());
}
