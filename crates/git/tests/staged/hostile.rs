//! Indexes made to break the reader, and programs that must not run.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use lychgate_git::{Repository, Where};

use crate::world::{World, changes};

/// A file is never changed in place: it may be mapped.
fn replace(path: &Path, content: &[u8]) {
    let fresh = path.with_extension("fresh");
    fs::write(&fresh, content).unwrap();
    fs::rename(fresh, path).unwrap();
}

/// Looks at everything that reads the index.
fn look(world: &World) {
    let repo = world.open();
    let _no_panic = changes(&repo);
    let _no_panic = repo.document(b".lychgate/policy.toml", Where::Index);
}

fn indexes() -> Vec<World> {
    let plain = World::populated();
    plain.add("b/d/e", "changed\n");
    let fourth = World::populated();
    fourth.git(&["update-index", "--index-version", "4"]);
    fourth.add("b/d/e", "changed\n");
    let third = World::populated();
    third.write("announced", "x");
    third.git(&["add", "-N", "announced"]);
    let split = World::populated();
    split.git(&["config", "splitIndex.maxPercentChange", "100"]);
    split.git(&["update-index", "--split-index"]);
    split.add("b/d/e", "changed\n");
    split.git(&["rm", "-q", "a"]);
    vec![plain, fourth, third, split]
}

#[test]
fn indexes_cut_anywhere() {
    for world in indexes() {
        let path = world.repo().join(".git/index");
        let good = fs::read(&path).unwrap();
        for cut in 0..good.len() {
            replace(&path, &good[..cut]);
            look(&world);
        }
        replace(&path, &good);
        world.check();
    }
}

#[test]
fn indexes_with_any_byte_changed() {
    for world in indexes() {
        let path = world.repo().join(".git/index");
        let good = fs::read(&path).unwrap();
        for at in 0..good.len() {
            for flip in [0xff, 0x01] {
                let mut bad = good.clone();
                bad[at] ^= flip;
                replace(&path, &bad);
                look(&world);
            }
        }
    }
}

#[test]
fn counts_that_nothing_stands_for() {
    let world = World::populated();
    let path = world.repo().join(".git/index");
    let good = fs::read(&path).unwrap();
    for count in [0u32, 1, 0x7fff_ffff, u32::MAX] {
        let mut bad = good.clone();
        bad[8..12].copy_from_slice(&count.to_be_bytes());
        replace(&path, &bad);
        let outcome = changes(&world.open());
        assert!(outcome.is_err(), "{count}");
    }
}

#[test]
fn tables_and_packed_refs_with_any_byte_changed() {
    let world = World::with(&["--ref-format=reftable"]);
    world.populate();
    world.git(&["tag", "-a", "-m", "x", "v1"]);
    world.git(&["pack-refs"]);
    let folder = world.repo().join(".git/reftable");
    let tables = fs::read_dir(&folder)
        .unwrap()
        .map(|entry| entry.unwrap().path());
    for path in tables {
        let good = fs::read(&path).unwrap();
        for at in 0..good.len() {
            for bad in [0xff, 0x01].map(|flip| {
                let mut bad = good.clone();
                bad[at] ^= flip;
                bad
            }) {
                replace(&path, &bad);
                if let Ok(repo) = Repository::open(&world.environment()) {
                    let _no_panic = repo.for_each_ref(&mut |_, _| {});
                    let _no_panic = repo.head();
                }
            }
            replace(&path, &good[..at]);
            let _no_panic = world.open().head();
        }
        replace(&path, &good);
    }
    world.check();
}

/// Everything in a configuration that names a program; none is run, and nothing is written.
#[test]
fn no_program_of_the_repository_runs() {
    let world = World::populated();
    let canary = world.root().join("ran");
    let program = world.root().join("program");
    fs::write(
        &program,
        format!("#!/bin/sh\n: > {}\ncat\n", canary.display()),
    )
    .unwrap();
    fs::set_permissions(&program, fs::Permissions::from_mode(0o755)).unwrap();
    world.add("b/d/e", "changed\n");
    world.write(
        ".gitattributes",
        "* filter=f diff=d merge=m working-tree-encoding=UTF-16\n",
    );
    let program = program.to_str().unwrap();
    for key in [
        "filter.f.clean",
        "filter.f.smudge",
        "filter.f.process",
        "diff.d.textconv",
        "diff.d.command",
        "diff.external",
        "core.fsmonitor",
        "core.pager",
        "core.editor",
        "core.sshCommand",
        "gpg.program",
        "core.alternateRefsCommand",
        "merge.m.driver",
    ] {
        world.git(&["config", key, program]);
    }
    let _left_from_setting_up = fs::remove_file(&canary);
    let listed = || {
        let mut all = Vec::new();
        let mut folders = vec![world.repo()];
        while let Some(folder) = folders.pop() {
            for entry in fs::read_dir(folder).unwrap() {
                let entry = entry.unwrap();
                let metadata = entry.metadata().unwrap();
                if metadata.is_dir() {
                    folders.push(entry.path());
                } else {
                    let content = fs::read(entry.path()).unwrap();
                    all.push((entry.path(), metadata.modified().unwrap(), content));
                }
            }
        }
        all.sort();
        all
    };
    let before = listed();
    look(&world);
    assert_eq!(changes(&world.open()).unwrap().len(), 1);
    world.open().for_each_ref(&mut |_, _| {}).unwrap();
    assert!(!canary.exists());
    assert_eq!(listed(), before);
}
