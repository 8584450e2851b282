//! The states of an index, each against Git's own answer.

use std::fs;
use std::os::unix::fs::{PermissionsExt as _, symlink};

use crate::world::World;

#[test]
fn nothing_staged_is_no_change() {
    assert_eq!(World::populated().check(), Vec::<String>::new());
}

#[test]
fn before_the_first_commit_everything_is_new() {
    let world = World::new();
    assert!(world.check().is_empty());
    world.add("a/b", "1");
    world.add("a-b", "2");
    assert_eq!(world.check().len(), 2);
}

#[test]
fn an_orphan_branch_has_no_old_side() {
    let world = World::populated();
    world.git(&["checkout", "-q", "--orphan", "other"]);
    assert_eq!(world.check().len(), 8);
}

#[test]
fn additions_changes_and_deletions_in_folders() {
    let world = World::populated();
    world.add("b/d/e", "changed\n");
    world.add("b/d/new", "new\n");
    world.add("b.x", "new\n");
    world.add("q/w/e/r/t/y", "new\n");
    world.git(&["rm", "-q", "-r", "z/y/x"]);
    assert_eq!(world.check().len(), 5);
}

#[test]
fn only_the_index_counts() {
    let world = World::populated();
    world.write("a", "only in the work tree\n");
    fs::remove_file(world.repo().join("b/c")).unwrap();
    assert!(world.check().is_empty());
    world.add("a", "staged\n");
    world.write("a", "content of a\n");
    assert_eq!(world.check().len(), 1);
}

#[test]
fn an_index_that_is_gone_is_an_empty_one() {
    let world = World::populated();
    fs::remove_file(world.repo().join(".git/index")).unwrap();
    assert_eq!(world.check().len(), 8);
}

#[test]
fn modes_and_types() {
    let world = World::populated();
    let repo = world.repo();
    fs::set_permissions(repo.join("a"), fs::Permissions::from_mode(0o755)).unwrap();
    fs::remove_file(repo.join("b/c")).unwrap();
    symlink("../a", repo.join("b/c")).unwrap();
    world.git(&["add", "-A"]);
    assert_eq!(world.check().len(), 2);
    world.commit();
    fs::remove_file(repo.join("b/c")).unwrap();
    world.add("b/c/now/a/folder", "x\n");
    fs::remove_dir_all(repo.join("z")).unwrap();
    world.write("z", "now a file\n");
    world.git(&["add", "-A"]);
    world.check();
}

#[test]
fn renames_are_a_deletion_and_an_addition() {
    let world = World::populated();
    world.git(&["mv", "b", "moved"]);
    assert_eq!(world.check().len(), 6);
}

#[test]
fn names_of_every_sort() {
    let world = World::populated();
    let long = ["deep/"; 700].concat() + "file";
    let long_name = "n".repeat(255);
    let names: Vec<Vec<u8>> = vec![
        b"new\nline".to_vec(),
        b"tab\t\"quotes\" \\".to_vec(),
        b"-dash".to_vec(),
        b"\xff\xfe latin \xe9".to_vec(),
        "emoji \u{1f600}".into(),
        b"dot.".to_vec(),
        b"space ".to_vec(),
        b"b/d-".to_vec(),
        b"b/d.".to_vec(),
        b"b/d0".to_vec(),
        b"b!".to_vec(),
        format!("{long_name}/{long_name}").into(),
    ];
    for name in &names {
        world.write_bytes(name, b"x");
    }
    world.git(&["add", "-A"]);
    // Too long for the file system, not for Git.
    let blob = world.git(&["rev-parse", "HEAD:a"]);
    world.git(&[
        "update-index",
        "--add",
        "--cacheinfo",
        &format!("100644,{blob},{long}"),
    ]);
    assert_eq!(world.check().len(), names.len() + 1);
    world.commit();
    assert!(world.check().is_empty());
    world.git(&["rm", "-q", "--cached", &long]);
    assert_eq!(world.check().len(), 1);
}

#[test]
fn announced_entries_are_not_there() {
    let world = World::populated();
    world.write("b/announced", "x\n");
    world.git(&["add", "-N", "b/announced"]);
    assert!(world.check().is_empty());
    world.git(&["rm", "-q", "--cached", "a"]);
    world.git(&["add", "-N", "a"]);
    assert_eq!(world.check().len(), 1);
    world.git(&["add", "b/announced"]);
    assert_eq!(world.check().len(), 2);
}

#[test]
fn entries_git_does_not_look_at_are_judged() {
    let world = World::populated();
    world.add("a", "changed\n");
    world.add("b/c", "changed\n");
    world.git(&["update-index", "--assume-unchanged", "a"]);
    world.git(&["update-index", "--skip-worktree", "b/c"]);
    assert_eq!(world.check().len(), 2);
}

#[test]
fn version_4() {
    let world = World::populated();
    world.git(&["update-index", "--index-version", "4"]);
    assert!(world.check().is_empty());
    world.add("b/d/e", "changed\n");
    world.add("b/d/eee", "new\n");
    world.git(&["rm", "-q", "z/y/v"]);
    assert_eq!(world.check().len(), 3);
    world.git(&[
        "update-index",
        "--force-write-index",
        "--index-version",
        "2",
    ]);
    assert_eq!(world.check().len(), 3);
}

#[test]
fn split_index() {
    let world = World::populated();
    world.git(&["config", "splitIndex.maxPercentChange", "100"]);
    world.git(&["update-index", "--split-index"]);
    assert!(world.check().is_empty());
    world.add("b/d/e", "changed\n");
    world.add("b/d/new", "new\n");
    world.git(&["rm", "-q", "a"]);
    assert_eq!(world.check().len(), 3);
    assert!(
        world
            .git(&["rev-parse", "--shared-index-path"])
            .contains("sharedindex.")
    );
    world.commit();
    assert!(world.check().is_empty());
    world.add("b/d/new", "again\n");
    world.git(&["rm", "-q", "--cached", "b/d/new"]);
    world.add("a", "back\n");
    assert_eq!(world.check().len(), 2);
}

#[test]
fn sparse_index() {
    let world = World::populated();
    world.git(&["sparse-checkout", "set", "--cone", "--sparse-index", "b"]);
    let listed = world.git(&["ls-files", "--sparse", "--stage"]);
    assert!(listed.contains("040000"), "{listed}");
    assert!(world.check().is_empty());
    world.add("b/d/e", "changed\n");
    assert_eq!(world.check().len(), 1);
    // HEAD moves below a folder that the index holds as a tree.
    let before = world.git(&["rev-parse", "HEAD"]);
    world.git(&["add", "--sparse", "b"]);
    world.commit();
    world.git(&["sparse-checkout", "disable"]);
    world.add("z/y/v", "changed\n");
    world.add("z/new/w", "new\n");
    world.commit();
    world.git(&["sparse-checkout", "set", "--cone", "--sparse-index", "b"]);
    world.git(&["update-ref", "--no-deref", "refs/heads/main", &before]);
    assert_eq!(world.check().len(), 3);
}

#[test]
fn untracked_cache_fsmonitor_and_skipped_hash() {
    let world = World::populated();
    world.git(&["update-index", "--force-untracked-cache"]);
    world.git(&["config", "index.skipHash", "true"]);
    world.git(&["config", "index.threads", "2"]);
    world.git(&["config", "index.recordEndOfIndexEntries", "true"]);
    world.git(&["config", "index.recordOffsetTable", "true"]);
    world.git(&["config", "core.fsmonitor", "true"]);
    world.add("b/d/e", "changed\n");
    world.git(&["update-index", "--force-write-index"]);
    assert_eq!(world.check().len(), 1);
}

#[test]
fn submodules_are_entries_without_content() {
    let world = World::populated();
    let other = World::populated();
    let url = other.repo();
    world.git(&["submodule", "--quiet", "add", url.to_str().unwrap(), "sub"]);
    assert_eq!(world.check().len(), 2);
    world.commit();
    assert!(world.check().is_empty());
    let inside = world.repo().join("sub");
    std::fs::write(inside.join("a"), "changed\n").unwrap();
    world.git_in(&inside, &["commit", "-qam", "x"]);
    assert!(world.check().is_empty());
    world.git(&["add", "sub"]);
    assert_eq!(world.check().len(), 1);
    std::fs::write(inside.join("a"), "staged in the submodule\n").unwrap();
    world.git_in(&inside, &["add", "a"]);
    assert_eq!(world.check_in(&inside, &[]).len(), 1);
}

#[test]
fn the_indexes_commit_makes() {
    let world = World::populated();
    world.write("a", "changed\n");
    world.add("b/c", "changed\n");
    let repo = world.repo();
    let index = repo.join(".git/index");
    let other = repo.join(".git/next-index-1.lock");
    fs::copy(&index, &other).unwrap();
    let other = other.to_str().unwrap();
    let variables = [("GIT_INDEX_FILE", other)];
    world.try_git(&repo, &["update-index", "a"], &variables);
    assert_eq!(world.check_in(&repo, &variables).len(), 2);
    assert_eq!(world.check().len(), 1);
    // From the root of the work tree, wherever one stands.
    let relative = [("GIT_INDEX_FILE", ".git/next-index-1.lock")];
    assert_eq!(world.check_in(&repo, &relative).len(), 2);
    assert_eq!(world.check_in(&repo.join("b/d"), &relative).len(), 2);
    assert_eq!(world.check_in(&repo.join("b/d"), &[]).len(), 1);
}
