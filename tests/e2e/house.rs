//! Tree hygiene (RF-10) and promises about files (SE-24), with real git on both sides.

use lychgate_e2e::{Repo, World};

use crate::push::world;

const POLICY: &str = ".lychgate/policy.toml";

/// A gated server whose main branch holds `files`, and a clone with the gate's own hooks.
fn house<'w>(world: &'w World, name: &str, files: &[(&str, &str)]) -> Repo<'w> {
    let (_, repo) = world.server(name);
    for (path, content) in files {
        repo.write(path, content);
    }
    repo.git(&["add", "-A"]).ok();
    repo.git(&["commit", "-qm", "house rules", "--allow-empty"])
        .ok();
    repo.git(&["push", "-q", "o", "main"]).ok();
    repo.lychgate(&["install"]).ok();
    repo
}

/// What is staged is denied at commit, and at the server when it comes past the hook. Leaves the
/// repository as it was.
#[track_caller]
fn denied_twice(repo: &Repo<'_>, what: &[&str]) {
    let mut said = vec![repo.commit().fails()];
    repo.git(&["commit", "-qnm", "unseen"]).ok();
    let pushed = ["push", "-q", "--no-verify", "o", "HEAD:refs/heads/topic"];
    said.push(repo.git(&pushed).fails());
    said.push(
        repo.git(&["push", "-q", "o", "HEAD:refs/heads/topic"])
            .fails(),
    );
    for said in said {
        let said = said.fits_a_terminal();
        for part in what {
            let _ = said.clone().says(part);
        }
    }
    repo.git(&["reset", "-q", "--hard", "HEAD^"]).ok();
}

/// The twin: both let it pass without a word.
#[track_caller]
fn allowed_twice(repo: &Repo<'_>) {
    let pushed = ["push", "-q", "--no-verify", "o", "HEAD:refs/heads/topic"];
    for said in [repo.commit().ok(), repo.git(&pushed).ok()] {
        // A machine that has much else to do may take so long that it is told.
        let text = said.text();
        let told = |line: &str| line.contains(" objects judged so far");
        assert!(text.lines().all(told), "{text}");
    }
}

#[test]
fn a_file_that_becomes_executable_is_a_note_and_denied_where_policy_raises_it() {
    let world = world();
    let raise = "schema = 1\n[[raise]]\nrule = \"tree.executable\"\n\
        paths = [\"docs/**\"]\nseverity = \"high\"\n";
    let repo = house(&world, "r", &[(POLICY, raise), ("docs/a.md", "a\n")]);
    // One that is added, one that stood there, and one whose content changes too.
    repo.write("docs/run", "#!/bin/sh\n");
    repo.git(&["add", "--chmod=+x", "docs/run"]).ok();
    denied_twice(&repo, &["tree.executable", "docs/run", "mode 100755"]);
    repo.git(&["update-index", "--chmod=+x", "docs/a.md"]).ok();
    denied_twice(&repo, &["tree.executable", "docs/a.md"]);
    repo.write("docs/a.md", "b\n");
    repo.git(&["add", "--chmod=+x", "docs/a.md"]).ok();
    denied_twice(&repo, &["tree.executable", "docs/a.md"]);
    // Elsewhere it is listed, and blocks nothing.
    repo.write("bin/run", "#!/bin/sh\n");
    repo.git(&["add", "--chmod=+x", "bin/run"]).ok();
    repo.lychgate(&["check"])
        .ok()
        .says("bin/run")
        .says("tree.executable  mode 100755");
    allowed_twice(&repo);
    repo.stage("docs/b.md", "b\n");
    allowed_twice(&repo);
}

#[test]
fn what_is_executable_already_may_change_and_be_merged() {
    let world = world();
    let raise = "schema = 1\n[[raise]]\nrule = \"tree.executable\"\nseverity = \"high\"\n";
    let repo = house(&world, "r", &[("run", "a\n"), ("other", "a\n")]);
    repo.git(&["update-index", "--chmod=+x", "run"]).ok();
    repo.git(&["checkout", "-q", "run"]).ok();
    repo.git(&["commit", "-qm", "runs"]).ok();
    repo.git(&["push", "-q", "o", "main"]).ok();
    repo.git(&["checkout", "-qb", "side", "HEAD^"]).ok();
    repo.commit_unseen("other", "side\n");
    repo.git(&["checkout", "-q", "main"]).ok();
    repo.commit_unseen(POLICY, raise);
    repo.git(&["push", "-q", "--no-verify", "o", "main"]).ok();
    repo.write("run", "b\n");
    repo.git(&["commit", "-qam", "change"]).ok().silent();
    repo.git(&["checkout", "-q", "side"]).ok();
    // main made it executable: that is known there.
    repo.git(&["merge", "-q", "--no-edit", "main"]).ok();
    repo.git(&["push", "-q", "o", "side"]).ok().silent();
    repo.git(&["update-index", "--chmod=+x", "other"]).ok();
    denied_twice(&repo, &["tree.executable", "other"]);
}

#[test]
fn a_file_above_the_size_is_denied_and_only_where_a_size_is_set() {
    let world = world();
    let tree = "schema = 1\n[tree]\nlargest = \"100KiB\"\n";
    let repo = house(&world, "limited", &[(POLICY, tree)]);
    repo.stage("video", "frame\n".repeat(20_000));
    denied_twice(&repo, &["tree.oversized", "video", "120000 bytes"]);
    repo.stage("still", "frame\n".repeat(10_000));
    allowed_twice(&repo);
    // Of a push, every commit counts: what is deleted again is in the history.
    repo.commit_unseen("video", "frame\n".repeat(20_000));
    repo.git(&["rm", "-q", "video"]).ok();
    repo.git(&["commit", "-qm", "gone"]).ok();
    repo.push(&["main"]).fails().says("tree.oversized");
    // A lower layer cannot say more.
    let organisation = world.root().join("tight.toml");
    std::fs::write(&organisation, "schema = 1\n[tree]\nlargest = \"50KiB\"\n").unwrap();
    let free = house(&world, "free", &[]);
    free.stage("video", "frame\n".repeat(20_000));
    let mut command = world.command("lychgate", &free.path);
    command
        .args(["check", "--in-process"])
        .env("LYCHGATE_CONFIG", &organisation);
    world.finish(command, b"").code(1).says("tree.oversized");
    allowed_twice(&free);
    free.stage(POLICY, tree);
    let mut command = world.command("lychgate", &free.path);
    command
        .args(["check", "--in-process"])
        .env("LYCHGATE_CONFIG", &organisation);
    world
        .finish(command, b"")
        .code(4)
        .says("would loosen 50 KiB");
}

#[test]
fn a_large_file_that_only_moves_is_no_news() {
    let world = world();
    let large = "frame\n".repeat(20_000);
    let repo = house(&world, "r", &[("a/video", &large)]);
    repo.commit_unseen(POLICY, "schema = 1\n[tree]\nlargest = \"100KiB\"\n");
    repo.git(&["push", "-q", "--no-verify", "o", "main"]).ok();
    repo.git(&["mv", "a", "b"]).ok();
    allowed_twice(&repo);
}

fn pointer(oid: &str, size: &str) -> String {
    format!("version https://git-lfs.github.com/spec/v1\noid sha256:{oid}\nsize {size}\n")
}

#[test]
fn a_pointer_of_git_lfs_that_leads_nowhere_is_denied() {
    let world = world();
    let repo = house(&world, "r", &[]);
    let oid = "0123456789abcdef".repeat(4);
    for broken in [
        pointer(&oid[1..], "12"),
        pointer(&oid, "-12"),
        pointer(&oid, "12").replace("size 12\n", ""),
    ] {
        repo.stage("film.psd", broken);
        denied_twice(&repo, &["tree.lfs-mismatch", "film.psd", "a pointer"]);
    }
    repo.stage("film.psd", pointer(&oid, "12"));
    allowed_twice(&repo);
}

/// Somebody wrote over an encrypted file, and the name is all that says so.
#[test]
fn a_push_that_makes_plain_what_its_name_promises_is_denied() {
    let world = world();
    let age = "age-encryption.org/v1\n-> X25519 x\n";
    let armour = "-----BEGIN PGP MESSAGE-----\n\nhQEMA\n-----END PGP MESSAGE-----\n";
    let repo = house(&world, "r", &[("db.age", age), ("mail.gpg", armour)]);
    for (name, again) in [("db.age", age), ("mail.gpg", armour)] {
        repo.stage(name, "colour: blue\n");
        denied_twice(&repo, &[name, "encryption.", "by its name"]);
        repo.stage(name, format!("{again}other\n"));
        allowed_twice(&repo);
    }
    // What was plain when it came is debt.
    let debt = house(&world, "debt", &[]);
    debt.commit_unseen("db.age", "colour: red\n");
    std::fs::remove_file(world.root().join("debt.git/hooks/pre-receive")).unwrap();
    debt.git(&["push", "-q", "--no-verify", "o", "main"]).ok();
    world.lychgate(&["install", "--server", "debt.git"]).ok();
    debt.stage("db.age", "colour: green\n");
    allowed_twice(&debt);
}

#[test]
fn what_git_lfs_should_hold_is_denied_as_content_and_allowed_as_pointer() {
    let world = world();
    let oid = "0123456789abcdef".repeat(4);
    let attributes = "*.psd filter=lfs diff=lfs merge=lfs -text\n";
    let repo = house(
        &world,
        "r",
        &[
            (".gitattributes", attributes),
            ("raw/.gitattributes", "*.psd !filter\n"),
            ("stood.psd", &pointer(&oid, "12")),
        ],
    );
    let what = ["tree.lfs-mismatch", ".gitattributes", "renormalize"];
    // One that is added, and one that replaces a pointer.
    repo.stage("a/new.psd", "8BPS\n");
    denied_twice(&repo, &what);
    repo.stage("stood.psd", "8BPS\n");
    denied_twice(&repo, &what);
    // A pointer, an empty file, another kind, and a folder where it does not count.
    repo.write("a/new.psd", pointer(&oid, "13"));
    repo.write("a/empty.psd", "");
    repo.write("a/other.png", "8BPS\n");
    repo.stage("raw/layer.psd", "8BPS\n");
    allowed_twice(&repo);
    // An attribute that goes with the content demands nothing any more, nor does one that
    // cannot be read.
    repo.write(".gitattributes", "");
    repo.stage("b.psd", "8BPS\n");
    repo.commit().ok().silent();
}

#[test]
fn promises_of_folders_are_kept() {
    let world = world();
    let sealed = "\0GITCRYPT\0\u{1}\u{2}\u{3}";
    let sops = "ENC[AES256_GCM,data:bQ==,iv:aQ==,tag:dA==,type:str]";
    let sops = format!("a: {sops}\nsops:\n  mac: {sops}\n");
    let rules = "creation_rules: [{path_regex: ^live/.*, age: age1x}]\n";
    let repo = house(
        &world,
        "r",
        &[
            ("infra/keys/.gitattributes", "*.hid filter=git-crypt\n"),
            ("infra/keys/old.hid", sealed),
            ("infra/.sops.yaml", rules),
            ("infra/live/old.yaml", &sops),
            ("other/old.hid", "plain\n"),
        ],
    );
    for (path, rule) in [
        ("infra/keys/new.hid", "encryption.git-crypt"),
        ("infra/keys/deeper/new.hid", "encryption.git-crypt"),
        ("infra/keys/old.hid", "encryption.git-crypt"),
        ("infra/live/new.yaml", "encryption.sops"),
        ("infra/live/old.yaml", "encryption.sops"),
    ] {
        repo.stage(path, "colour: blue\n");
        denied_twice(&repo, &[path, rule]);
    }
    // A folder that brings its rules along with what breaks them, at commit.
    repo.write("fresh/.gitattributes", "*.hid filter=git-crypt\n");
    repo.stage("fresh/a.hid", "colour: blue\n");
    repo.commit().fails().says("encryption.git-crypt");
    repo.git(&["reset", "-q", "--hard"]).ok();
    // Encrypted, or where nothing is promised.
    repo.write("infra/keys/new.hid", sealed);
    repo.write("infra/keys/old.hid", format!("{sealed}again"));
    repo.write("infra/live/new.yaml", &sops);
    repo.write("infra/test/new.yaml", "colour: blue\n");
    repo.write("other/old.hid", "changed\n");
    repo.stage("other/new.hid", "colour: blue\n");
    allowed_twice(&repo);
}
