//! Ways to bring a value in past the gate that must not work.

use std::os::unix::fs::PermissionsExt;

use lychgate_e2e::{Repo, World, cloud_key_id, forge_token};

use crate::push::{denied, put, world};

#[test]
fn a_push_denied_by_update_is_not_laundered_by_pushing_again() {
    let world = world();
    let (bare, repo) = world.server("r");
    // An `update` hook of somebody else denies after git has migrated the objects.
    let update = bare.path.join("hooks/update");
    std::fs::write(&update, "#!/bin/sh\nexit 1\n").unwrap();
    std::fs::set_permissions(&update, std::os::unix::fs::PermissionsExt::from_mode(0o755)).unwrap();
    let pre = bare.path.join("hooks/pre-receive");
    let gate = std::fs::read_link(&pre).unwrap();
    std::fs::remove_file(&pre).unwrap();
    let (token, clean) = (forge_token(), "k=env\n");
    put(&repo, "good", clean);
    let good = repo.id("HEAD");
    put(&repo, "a", format!("k={token}\n"));
    let _ = repo.push(&["main"]).fails();
    // The objects lie in the store now; the gate comes back and the quarantine will be empty.
    std::fs::remove_file(&update).unwrap();
    std::os::unix::fs::symlink(gate, &pre).unwrap();
    denied(repo.push(&["main"]), &token);
    repo.push(&[&format!("{good}:refs/heads/main")]).ok();
}

#[test]
fn a_deleted_branch_cannot_come_back_under_another_name() {
    let world = world();
    let (bare, repo) = world.server("r");
    let pre = bare.path.join("hooks/pre-receive");
    let gate = std::fs::read_link(&pre).unwrap();
    std::fs::remove_file(&pre).unwrap();
    let token = forge_token();
    repo.git(&["branch", "twin"]).ok();
    put(&repo, "a", format!("k={token}\n"));
    repo.push(&["main:refs/heads/x", "twin:refs/heads/y"]).ok();
    repo.push(&[":refs/heads/x", ":refs/heads/y"]).ok();
    std::os::unix::fs::symlink(gate, &pre).unwrap();
    denied(repo.push(&["main:refs/heads/z"]), &token);
    repo.push(&["twin:refs/heads/z"]).ok();
}

#[test]
fn an_object_that_only_an_alternate_holds_is_judged() {
    let world = world();
    let (bare, repo) = world.server("r");
    let token = forge_token();
    let other = world.bare_of_hooks("pool.git", &["--bare"]);
    repo.git(&["branch", "twin"]).ok();
    put(&repo, "a", format!("k={token}\n"));
    repo.git(&["push", "-q", "../pool.git", "main"]).ok();
    std::fs::write(
        bare.path.join("objects/info/alternates"),
        format!("{}\n", other.path.join("objects").display()),
    )
    .unwrap();
    denied(repo.push(&["main"]), &token);
    repo.push(&["twin"]).ok();
}

#[test]
fn a_lax_ref_launders_nothing() {
    let world = world();
    let (_, repo) = world.server("r");
    // Scratch refs block nothing below critical in the organisation's file? The floor cannot be
    // loosened by a repository; so main is made stricter instead.
    put(
        &repo,
        ".lychgate/policy.toml",
        "schema = 1\n[[ref]]\npattern = \"refs/heads/main\"\nblocks = \"note\"\n",
    );
    repo.push(&["main"]).ok();
    let soft = format!("p{}_{}", "k", "test_notasecret");
    put(&repo, "a", soft_finding());
    let _ = soft;
    repo.push(&["main:refs/heads/scratch"]).ok();
    repo.push(&["main"]).fails();
    repo.git(&["reset", "-q", "--hard", "HEAD^"]).ok();
    put(&repo, "b", "k=env\n");
    repo.push(&["main:refs/heads/scratch2"]).ok();
    repo.push(&["main"]).ok();
}

/// Something that is a finding, but below what the built-in floor blocks.
fn soft_finding() -> String {
    format!(
        "key = {}{}{}\n",
        "pk", "_live_", "51HxYzAbCdEfGhIjKlMnOpQrStUvWx0123456789AbCdEfGh"
    )
}

#[test]
fn replace_refs_grafts_and_the_commit_graph_hide_nothing() {
    let world = world();
    let (bare, repo) = world.server("r");
    let token = forge_token();
    put(&repo, "a", "k=env\n");
    let clean = repo.id("HEAD:a");
    put(&repo, "a", format!("k={token}\n"));
    let dirty = repo.id("HEAD:a");
    bare.git(&["config", "core.commitGraph", "true"]).ok();
    let mut hash = world.command("git", &bare.path);
    hash.args(["hash-object", "-w", "--stdin"]);
    world.finish(hash, b"k=env\n").ok();
    // The server would rather see something else under the dirty id.
    std::fs::create_dir_all(bare.path.join("refs/replace")).unwrap();
    std::fs::write(
        bare.path.join("refs/replace").join(&dirty),
        format!("{clean}\n"),
    )
    .unwrap();
    std::fs::write(
        bare.path.join("info/grafts"),
        format!("{}\n", repo.id("HEAD")),
    )
    .unwrap();
    denied(repo.push(&["main"]), &token);
    repo.git(&["reset", "-q", "--hard", "HEAD^"]).ok();
    repo.push(&["main"]).ok();
}

#[test]
fn a_shallow_push_is_indeterminate_and_its_complete_twin_allowed() {
    let world = world();
    let (bare, repo) = world.server("r");
    put(&repo, "a", "1\n");
    put(&repo, "a", "2\n");
    repo.push(&["main"]).ok();
    bare.git(&["config", "receive.shallowUpdate", "true"]).ok();
    let url = format!("file://{}", bare.path.display());
    world
        .run(
            "git",
            ["clone", "-q", "--depth", "1", &url, "shallow"],
            world.root(),
        )
        .ok();
    let shallow = Repo {
        world: &world,
        path: world.root().join("shallow"),
    };
    // Into another repository, which lacks what stands below the boundary.
    let (other, _) = world.server("other");
    other.git(&["config", "receive.shallowUpdate", "true"]).ok();
    shallow
        .git(&[
            "push",
            "-q",
            &other.path.display().to_string(),
            "HEAD:refs/heads/s",
        ])
        .fails()
        .says("not checked");
    repo.git(&[
        "push",
        "-q",
        &other.path.display().to_string(),
        "+main:refs/heads/s",
    ])
    .ok();
}

#[test]
fn clean_bytes_under_a_dirty_name_poison_nothing() {
    // What the cache holds was computed from bytes: a dirty blob is found although a clean one
    // was judged under the same path before.
    let world = world();
    let (_, repo) = world.server("r");
    put(&repo, "a", "k=env\n");
    repo.push(&["main"]).ok();
    let key = cloud_key_id();
    put(&repo, "a", format!("aws_access_key_id = {key}\n"));
    denied(repo.push(&["main"]), &key);
}

#[test]
fn allow_lines_of_the_pusher_do_not_count_at_the_server() {
    let world = world();
    let (_, repo) = world.server("r");
    let token = forge_token();
    put(
        &repo,
        "a.py",
        format!(
            "T = \"{token}\"  # lychgate: allow github.personal-access-token until {} because test\n",
            soon()
        ),
    );
    denied(repo.push(&["main"]), &token);
}

/// A date within the reach of an allow line.
fn soon() -> String {
    let mut date = std::process::Command::new("date");
    let out = date.args(["-u", "-d", "+30 days", "+%F"]).output().unwrap();
    String::from_utf8(out.stdout).unwrap().trim().to_owned()
}

#[test]
fn many_excused_copies_do_not_hide_one_that_is_not() {
    // Path filters of a rule are applied at the places of an object, of which only so many are
    // told: what lies beyond them counts as not excused.
    let world = world();
    for (n, name) in [(40, "zz/.npmrc"), (0, ".npmrc")] {
        let (_, repo) = world.server(&format!("r{n}"));
        let content = format!("//registry.example.org/:_authToken={}\n", uuid());
        for i in 0..n {
            repo.write(format!("copy{i:02}.txt"), &content);
        }
        put(&repo, name, &content);
        repo.push(&["main"]).fails().says("lychgate");
    }
    let (_, repo) = world.server("twin");
    put(
        &repo,
        ".npmrc",
        "//registry.example.org/:_authToken=${NPM_TOKEN}\n",
    );
    repo.push(&["main"]).ok();
}

/// A random UUID, as old registry tokens were.
fn uuid() -> String {
    std::fs::read_to_string("/proc/sys/kernel/random/uuid")
        .unwrap()
        .trim()
        .to_owned()
}

#[test]
fn a_rename_into_the_reach_of_a_rule_is_judged_where_it_lands() {
    let world = world();
    let (_, repo) = world.server("r");
    repo.lychgate(&["install"]).ok();
    let modules = |command: &str| {
        format!("[submodule \"m\"]\n\tpath = m\n\turl = ../m\n\tupdate = {command}\n")
    };
    // Under another name it is text; as .gitmodules it is a command git would run.
    repo.stage("notes.txt", modules("!touch /tmp/x"));
    repo.commit().ok();
    repo.git(&["mv", "notes.txt", ".gitmodules"]).ok();
    repo.commit().fails().says(".gitmodules");
    repo.git(&["commit", "-qnm", "past the hook"]).ok();
    repo.push(&["main"]).fails().says(".gitmodules");
    repo.git(&["reset", "-q", "--hard", "HEAD~2"]).ok();
    repo.stage("notes.txt", modules("merge"));
    repo.commit().ok();
    repo.git(&["mv", "notes.txt", ".gitmodules"]).ok();
    repo.commit().ok();
    repo.push(&["main"]).ok();
}

#[test]
fn a_push_through_a_symbolic_ref_protects_what_it_names() {
    let world = world();
    let (bare, repo) = world.server("r");
    bare.git(&["symbolic-ref", "refs/heads/alias", "refs/heads/main"])
        .ok();
    put(&repo, "a", "1\n");
    repo.push(&["main"]).ok();
    repo.git(&["commit", "-qnm", "rewritten", "--amend"]).ok();
    repo.push(&["+main:refs/heads/alias"])
        .fails()
        .says("lychgate");
    repo.push(&["main:refs/heads/other"]).ok();
}

/// A saved cache that says of the object `id` that it is clean, in form as the daemon writes it.
fn planted(matching: &str, id: &str, size: u64) -> Vec<u8> {
    let hex = |text: &str| -> Vec<u8> {
        let digits = text.as_bytes().chunks(2);
        let byte = |pair: &[u8]| u8::from_str_radix(std::str::from_utf8(pair).unwrap(), 16);
        digits.map(|pair| byte(pair).unwrap()).collect()
    };
    let uid = rustix::process::geteuid().as_raw();
    let mut out = [b"LYCHCLN2G".as_slice(), &uid.to_le_bytes(), &hex(matching)].concat();
    let mut id = hex(id);
    out.extend([b'R', 1, 0, 0, u8::try_from(id.len()).unwrap()]);
    id.resize(32, 0);
    out.extend(id);
    out.extend(size.to_le_bytes());
    // No key, no seal.
    out.extend([0; 32]);
    out
}

#[test]
fn a_cache_that_somebody_planted_is_not_believed_and_ones_own_is() {
    let world = World::new();
    world.start_daemon();
    let (_, repo) = world.server("r");
    let token = forge_token();
    repo.commit_unseen("clean", "fine\n".repeat(100));
    repo.push(&["main"]).ok();
    let status = || world.lychgate(&["status"]).ok().out();
    let of = |status: &str, key: &str| {
        let value = status.lines().find_map(|line| line.strip_prefix(key));
        value.map(|value| value.trim_start_matches(": ").to_owned())
    };
    let matching = of(&status(), "matching").unwrap();
    let restart = |between: &dyn Fn()| {
        world.lychgate(&["daemon", "stop"]).ok();
        // It saves what it knows and ends.
        while !world.daemons().is_empty() {
            std::thread::sleep(std::time::Duration::from_millis(5));
        }
        between();
        world.start_daemon();
    };
    let file = world.state().join("objects.cache");
    let mode = |path: &std::path::Path, mode: u32| {
        std::fs::set_permissions(path, PermissionsExt::from_mode(mode)).unwrap();
    };

    // One's own: nothing that was judged before a restart is read again.
    restart(&|| {});
    repo.git(&["push", "-q", "o", "main:again"]).ok();
    repo.lychgate(&["check", "--all"]).ok();
    let after = status();
    assert_eq!(of(&after, "bytes").as_deref(), Some("0"), "{after}");
    assert_eq!(of(&after, "distrust"), None, "{after}");

    let content = format!("k={token}\n");
    repo.commit_unseen("secret", &content);
    let id = repo.id("HEAD:secret");
    let size = u64::try_from(content.len()).unwrap();
    let forged = planted(matching.trim_start_matches("sha256:"), &id, size);
    let denied = || {
        repo.push(&["main"])
            .fails()
            .hides(&token)
            .says("secret:1:3");
    };
    restart(&|| std::fs::write(&file, &forged).unwrap());
    denied();
    // Where others could have put it, it is not even looked into, and that is said.
    for lax in [file.clone(), world.state()] {
        let kept = lax.metadata().unwrap().permissions().mode() & 0o777;
        restart(&|| mode(&lax, 0o777));
        let said = status();
        let why = format!("others may write {}", lax.display());
        assert!(of(&said, "distrust").unwrap().starts_with(&why), "{said}");
        denied();
        let mend = format!("chmod go-w {}", lax.display());
        let doctor = repo.lychgate(&["doctor"]).code(1).says(&mend);
        assert!(
            doctor.text().contains("not remembered"),
            "{}",
            doctor.text()
        );
        restart(&|| mode(&lax, kept));
        assert_eq!(of(&status(), "distrust"), None);
    }
    // A pipe is waited at by nobody.
    restart(&|| {
        std::fs::remove_file(&file).unwrap();
        let own = rustix::fs::Mode::RUSR | rustix::fs::Mode::WUSR;
        rustix::fs::mkfifoat(rustix::fs::CWD, &file, own).unwrap();
    });
    denied();
    repo.git(&["reset", "-q", "--hard", "HEAD^"]).ok();
    repo.commit_unseen("more", "fine\n");
    repo.push(&["main"]).ok();
}
