//! Objects: loose, packed, elsewhere, damaged, missing.

use std::fs;
use std::ops::ControlFlow;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use lychgate_git::{Error, ObjectSink, Repository};
use lychgate_model::{ObjectKind, ReasonCode, limits};

use crate::world::{Collected, World, changes, environment, id, loose};

fn read(repo: &Repository, hex: &str) -> Result<Collected, Error> {
    let mut collected = Collected::default();
    repo.read(id(hex), &mut collected)?;
    Ok(collected)
}

/// Reads every object of a repository and compares it with what Git has.
fn check_all(world: &World) -> usize {
    let repo = world.open();
    let listed = world.git(&[
        "cat-file",
        "--batch-all-objects",
        "--batch-check",
        "--unordered",
    ]);
    for line in listed.lines() {
        let [hex, kind, size] = line.split(' ').collect::<Vec<_>>()[..] else {
            panic!()
        };
        let collected = read(&repo, hex).unwrap();
        let (found, length) = collected.header.unwrap();
        assert_eq!((found.name(), length.to_string().as_str()), (kind, size));
        let wanted = world
            .try_git(&world.repo(), &["cat-file", kind, hex], &[])
            .stdout;
        assert_eq!(collected.content, wanted, "{hex}");
        assert!(collected.largest <= limits::CHUNK);
        let mut whole = Vec::new();
        assert_eq!(repo.objects().load(id(hex), &mut whole).unwrap(), found);
        assert_eq!(whole, wanted);
        let header = repo.objects().header(id(hex)).unwrap();
        assert_eq!((header.kind, header.size), (found, length));
        assert!(repo.objects().contains(id(hex)).unwrap());
    }
    listed.lines().count()
}

fn with_history() -> World {
    let world = World::populated();
    let mut text = String::new();
    for n in 0..25 {
        text += &format!("line {n} of a file that grows, {}\n", n * 7919 % 1000);
        world.add("b/c", &text);
        world.add("empty", "");
        world.commit();
    }
    world.git(&["tag", "-a", "-m", "x", "v1"]);
    world
}

#[test]
fn loose_and_packed_with_deltas() {
    let world = with_history();
    let count = check_all(&world);
    world.git(&["repack", "-qadf", "--depth=50", "--window=50"]);
    assert_eq!(check_all(&world), count);
    world.git(&[
        "-c",
        "repack.useDeltaBaseOffset=false",
        "repack",
        "-qadf",
        "--depth=50",
    ]);
    assert_eq!(check_all(&world), count);
    world.git(&["-c", "pack.indexVersion=1", "repack", "-qadf"]);
    assert_eq!(check_all(&world), count);
}

#[test]
fn large_objects_come_in_pieces() {
    let world = World::new();
    let large: Vec<u8> = (0..3_000_000u32)
        .map(|n| (n.wrapping_mul(n) >> 7) as u8)
        .collect();
    world.write_bytes(b"large", &large);
    world.git(&["add", "large"]);
    world.commit();
    check_all(&world);
    world.git(&["repack", "-qad"]);
    check_all(&world);
}

#[test]
fn a_repack_under_an_open_repository() {
    let world = with_history();
    let repo = world.open();
    let (head, blob) = (
        world.git(&["rev-parse", "HEAD"]),
        world.git(&["rev-parse", "HEAD:b/c"]),
    );
    let absent = id(&"1".repeat(40));
    assert!(matches!(repo.objects().header(absent), Err(Error::Missing { id }) if id == absent));
    world.git(&["repack", "-qad"]);
    read(&repo, &head).unwrap();
    world.git(&["repack", "-qadf", "--depth=1"]);
    world.git(&["prune-packed"]);
    read(&repo, &blob).unwrap();
}

#[test]
fn objects_from_alternates() {
    let world = with_history();
    let (head, blob) = (
        world.git(&["rev-parse", "HEAD"]),
        world.git(&["rev-parse", "HEAD:b/c"]),
    );
    let url = world.repo();
    for (from, to) in [
        ("repo", "first"),
        ("first", "second"),
        ("second", "odd \"name:"),
    ] {
        let arguments = ["clone", "-q", "--shared", from, to];
        world.git_in(world.root(), &arguments);
    }
    let repo = Repository::open(&environment(&world.root().join("odd \"name:"), &[])).unwrap();
    assert_eq!(repo.objects().directories().len(), 4);
    read(&repo, &head).unwrap();
    let other = World::new();
    let store = url
        .join(".git/objects")
        .into_os_string()
        .into_string()
        .unwrap();
    let variables = [("GIT_ALTERNATE_OBJECT_DIRECTORIES", store.as_str())];
    let repo = Repository::open(&environment(&other.repo(), &variables)).unwrap();
    read(&repo, &blob).unwrap();
    let repo = Repository::open(&environment(&other.repo(), &[])).unwrap();
    assert!(matches!(read(&repo, &blob), Err(Error::Missing { .. })));
}

#[test]
fn alternates_in_a_circle_end() {
    let world = World::populated();
    let store = world.repo().join(".git/objects");
    fs::write(store.join("info/alternates"), "../objects\n# x\n\n").unwrap();
    assert!(
        world
            .try_git(&world.repo(), &["status"], &[])
            .status
            .success()
    );
    match Repository::open(&world.environment()) {
        Ok(repo) => assert!(changes(&repo).unwrap().is_empty()),
        Err(error) => panic!("{error}"),
    }
}

#[test]
fn replaced_and_grafted_objects_stay_what_they_are() {
    let world = with_history();
    let (old, new) = (
        world.git(&["rev-parse", "HEAD:b/c"]),
        world.git(&["rev-parse", "HEAD:a"]),
    );
    let content = world.git(&["cat-file", "blob", &old]);
    world.git(&["replace", &old, &new]);
    let head = world.git(&["rev-parse", "HEAD"]);
    fs::create_dir_all(world.repo().join(".git/info")).unwrap();
    fs::write(world.repo().join(".git/info/grafts"), format!("{head}\n")).unwrap();
    let repo = world.open();
    let read = read(&repo, &old).unwrap();
    assert_eq!(String::from_utf8(read.content).unwrap().trim_end(), content);
    repo.resolve(b"HEAD^").unwrap();
}

#[test]
fn what_is_missing_is_named() {
    let world = World::populated();
    let tree = world.git(&["rev-parse", "HEAD:b/d"]);
    world.add("b/d/e", "changed\n");
    let path = loose(&world, &tree);
    let kept = fs::read(&path).unwrap();
    fs::remove_file(&path).unwrap();
    let error = changes(&world.open()).unwrap_err();
    assert!(
        matches!(&error, Error::Missing { id: missing } if *missing == id(&tree)),
        "{error}"
    );
    assert_eq!(error.reason(), ReasonCode::Unreadable);
    assert_eq!(error.object(), Some(id(&tree)));
    fs::write(&path, kept).unwrap();
    assert_eq!(world.check().len(), 1);
}

#[test]
fn a_head_that_names_nothing_is_an_error() {
    let world = World::populated();
    let head = world.git(&["rev-parse", "HEAD"]);
    fs::remove_file(loose(&world, &head)).unwrap();
    assert!(matches!(changes(&world.open()), Err(Error::Missing { .. })));
    fs::write(world.repo().join(".git/refs/heads/main"), "nonsense\n").unwrap();
    assert!(matches!(changes(&world.open()), Err(Error::Corrupt { .. })));
}

/// Every way a loose file can be cut or changed is an error or, for a few bits zlib ignores, the
/// same content.
#[test]
fn damaged_loose_objects() {
    let world = World::populated();
    let hex = world.git(&["rev-parse", "HEAD:a"]);
    let path = loose(&world, &hex);
    fs::set_permissions(&path, fs::Permissions::from_mode(0o644)).unwrap();
    let good = fs::read(&path).unwrap();
    let repo = world.open();
    let content = read(&repo, &hex).unwrap().content;
    for cut in 0..good.len() {
        fs::write(&path, &good[..cut]).unwrap();
        assert!(read(&repo, &hex).is_err(), "{cut}");
    }
    for at in 0..good.len() {
        for bit in 0..8 {
            let mut bad = good.clone();
            bad[at] ^= 1 << bit;
            fs::write(&path, &bad).unwrap();
            if let Ok(read) = read(&repo, &hex) {
                assert_eq!(read.content, content, "{at}.{bit}");
            }
        }
    }
    fs::write(&path, [&good[..], b"x"].concat()).unwrap();
    assert!(read(&repo, &hex).is_err());
}

#[test]
fn damaged_packs() {
    let world = with_history();
    let hex = world.git(&["rev-parse", "HEAD~12:b/c"]);
    world.git(&["repack", "-qadf", "--depth=50"]);
    world.git(&["prune-packed"]);
    let folder = world.repo().join(".git/objects/pack");
    let of = |extension: &str| {
        let mut files = fs::read_dir(&folder)
            .unwrap()
            .map(|entry| entry.unwrap().path());
        files
            .find(|path| path.extension().unwrap() == extension)
            .unwrap()
    };
    let content = read(&world.open(), &hex).unwrap().content;
    for path in [of("pack"), of("idx")] {
        fs::set_permissions(&path, fs::Permissions::from_mode(0o644)).unwrap();
        let good = fs::read(&path).unwrap();
        for at in (0..good.len()).step_by(7) {
            let mut bad = good.clone();
            bad[at] ^= 0x55;
            replace(&path, &bad);
            if let Ok(read) = read(&world.open(), &hex) {
                assert_eq!(read.content.len(), content.len(), "{at}");
            }
        }
        for cut in (0..good.len()).step_by(97) {
            replace(&path, &good[..cut]);
            let _no_panic = read(&world.open(), &hex);
        }
        replace(&path, &good);
    }
    assert_eq!(read(&world.open(), &hex).unwrap().content, content);
}

/// A file is never changed in place: it may be mapped.
fn replace(path: &Path, content: &[u8]) {
    let fresh = path.with_extension("fresh");
    fs::write(&fresh, content).unwrap();
    fs::rename(fresh, path).unwrap();
}

/// Stops after the first piece.
struct Impatient(usize);

impl ObjectSink for Impatient {
    fn begin(&mut self, _: ObjectKind, _: u64) -> ControlFlow<()> {
        ControlFlow::Continue(())
    }

    fn data(&mut self, _: &[u8]) -> ControlFlow<()> {
        self.0 += 1;
        ControlFlow::Break(())
    }
}

#[test]
fn a_sink_may_stop() {
    let world = World::new();
    world.write_bytes(b"large", &vec![b'x'; 1 << 20]);
    world.git(&["add", "large"]);
    world.commit();
    let hex = world.git(&["rev-parse", "HEAD:large"]);
    for _ in 0..2 {
        let mut sink = Impatient(0);
        world.open().read(id(&hex), &mut sink).unwrap();
        assert_eq!(sink.0, 1);
        world.git(&["repack", "-qad"]);
    }
}
