//! What is read from files, and what is written to the state folder.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::sync::Arc;

use lychgate_judge::{Cache, Engine, Reply, Sources, State, prune_reports};
use lychgate_model::limits::Deltas;
use lychgate_model::{Decision, Hook};
use lychgate_wire::frame::{Frame, caps};
use lychgate_wire::version;

use crate::talk::{ENGINE, PACK, Talk, token};

fn put(folder: &Path, name: &str, text: &str) -> std::path::PathBuf {
    let path = folder.join(name);
    fs::write(&path, text).unwrap();
    path
}

#[test]
fn what_is_compiled_in_is_a_whole_engine() {
    let engine = Engine::built_in().unwrap();
    assert!(engine.rules().rules().len() > 50);
    assert_ne!(engine.rule_set(), engine.matching());
}

#[test]
fn an_absent_organisations_file_is_the_built_in_floor_and_packs_are_added() {
    let folder = tempfile::tempdir().unwrap();
    let absent = folder.path().join("lychgate.toml");
    let sources = Sources::read(Some(&absent), &[]).unwrap();
    assert!(sources.files().is_empty());
    assert_eq!(
        Engine::load(&sources).unwrap().policy(),
        Engine::built_in().unwrap().policy()
    );

    let listed = format!(
        "schema = 1\npacks = [\"{}/*.toml\"]\n",
        folder.path().join("packs").display()
    );
    fs::create_dir(folder.path().join("packs")).unwrap();
    put(&folder.path().join("packs"), "test.toml", PACK);
    put(&folder.path().join("packs"), "note.txt", "not a pack");
    let file = put(folder.path(), "lychgate.toml", &listed);
    let sources = Sources::read(Some(&file), &[]).unwrap();
    assert_eq!(sources.files().len(), 2);
    let engine = Engine::load(&sources).unwrap();
    assert_ne!(engine.matching(), Engine::built_in().unwrap().matching());
}

#[test]
fn all_problems_of_all_files_come_at_once_and_nothing_is_loaded() {
    let folder = tempfile::tempdir().unwrap();
    let pack = put(folder.path(), "bad-pack.toml", "[pack]\nid = 3\n");
    let text = format!("schema = 1\nblock = 1\npacks = [\"{}\"]\n", pack.display());
    let file = put(folder.path(), "lychgate.toml", &text);
    let lax = put(
        folder.path(),
        "lax.toml",
        "schema = 1\nmode = \"observe\"\n",
    );
    let gone = folder.path().join("gone.toml");
    let problems = Sources::read(Some(&file), &[lax.clone(), gone.clone()]).unwrap_err();
    for name in [&file, &lax, &gone] {
        let name = name.display().to_string();
        assert!(
            problems.iter().any(|p| p.file == name),
            "{name}: {problems:?}"
        );
    }
    let good = put(
        folder.path(),
        "good.toml",
        &format!("schema = 1\npacks = [\"{}\"]\n", pack.display()),
    );
    let sources = Sources::read(Some(&good), &[]).unwrap();
    let problems = Engine::load(&sources).unwrap_err();
    assert!(
        problems
            .iter()
            .all(|p| p.file == pack.display().to_string()),
        "{problems:?}"
    );
}

#[test]
fn a_configured_file_tightens_the_floor() {
    let folder = tempfile::tempdir().unwrap();
    let text = "schema = 1\n[message]\ntrailers = [\"Issue\"]\n";
    let added = put(folder.path(), "mine.toml", text);
    let engine = Arc::new(Engine::load(&Sources::read(None, &[added]).unwrap()).unwrap());
    for (message, expected) in [
        ("t\n", Decision::Deny),
        ("t\n\nIssue: 1\n", Decision::Allow),
    ] {
        let mut talk = Talk::new(&engine);
        talk.open(Hook::CommitMsg, &[], &[]);
        let role = lychgate_wire::frame::Role::Message;
        let kind = lychgate_model::ObjectKind::Blob;
        talk.object_as(
            role,
            kind,
            crate::talk::null(),
            "",
            message.as_bytes(),
            false,
        );
        assert_eq!(talk.close().decision(), expected);
    }
}

#[test]
fn the_full_list_is_a_file_only_its_owner_reads() {
    let folder = tempfile::tempdir().unwrap();
    let state = Arc::new(State::open(Some(folder.path())));
    let many: String = (0..40).map(|n| format!("k = {}\n", token(n))).collect();
    let said = || {
        let mut talk = Talk::with(&ENGINE, &Arc::new(Cache::new(0)), &state);
        talk.open(Hook::PreCommit, &[], &[]);
        talk.add("a.py", many.as_bytes());
        talk.close()
    };
    let first = said();
    assert!(first.lines.len() < 24, "{}", first.text());
    assert_eq!(
        first.text(),
        said().text(),
        "the same verdict names the same file"
    );
    let reports = state.reports().unwrap();
    let files: Vec<_> = fs::read_dir(&reports)
        .unwrap()
        .map(|e| e.unwrap().path())
        .collect();
    assert_eq!(files.len(), 1);
    assert!(
        first.text().contains(&files[0].display().to_string()),
        "{}",
        first.text()
    );
    let text = fs::read_to_string(&files[0]).unwrap();
    assert_eq!(text.lines().filter(|l| l.starts_with("a.py:")).count(), 40);
    assert!(!(0..40).any(|n| text.contains(&token(n))));
    let mode = |p: &Path| fs::metadata(p).unwrap().permissions().mode() & 0o777;
    assert_eq!((mode(&files[0]), mode(&reports)), (0o600, 0o700));
    let now = std::time::SystemTime::now();
    prune_reports(&reports, now);
    assert!(files[0].exists());
    prune_reports(
        &reports,
        now + std::time::Duration::from_secs(8 * 24 * 60 * 60),
    );
    assert!(!files[0].exists());
    // Where nothing can be written the command is named instead.
    fs::remove_dir(&reports).unwrap();
    fs::write(&reports, b"in the way").unwrap();
    assert!(
        said().text().contains("all 40: lychgate check"),
        "{}",
        said().text()
    );
}

#[test]
fn what_nobody_keeps_from_being_changed_is_not_read() {
    let folder = tempfile::tempdir().unwrap();
    let pack = put(folder.path(), "test.toml", PACK);
    let text = format!("schema = 1\npacks = [\"{}\"]\n", pack.display());
    let file = put(folder.path(), "lychgate.toml", &text);
    let read = || Sources::read(Some(&file), &[]);
    let told = |path: &Path| {
        let problems = read().unwrap_err();
        let one = problems
            .iter()
            .find(|p| p.file == path.display().to_string());
        one.unwrap_or_else(|| panic!("{problems:?}")).to_string()
    };
    let set = |path: &Path, mode| {
        fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
    };
    for (path, right) in [(&file, 0o644), (&pack, 0o664)] {
        set(path, 0o666);
        let said = told(path);
        assert!(said.contains("everybody may write it"), "{said}");
        assert!(
            said.contains(&format!("chmod o-w {}", path.display())),
            "{said}"
        );
        set(path, right);
        read().unwrap();
    }
    // Nor what can be replaced as a whole.
    set(folder.path(), 0o777);
    let said = told(&file);
    assert!(
        said.contains(&format!("chmod o-w {}\n", folder.path().display()))
            || said.ends_with(&folder.path().display().to_string()),
        "{said}"
    );
    for right in [0o1777, 0o700] {
        set(folder.path(), right);
        read().unwrap();
    }
}

#[test]
fn an_organisations_file_that_is_not_where_its_link_leads_is_not_absent() {
    let folder = tempfile::tempdir().unwrap();
    let link = folder.path().join("lychgate.toml");
    std::os::unix::fs::symlink(folder.path().join("gone"), &link).unwrap();
    let refused = |path: &Path| {
        let problems = Sources::read(Some(path), &[]).unwrap_err();
        assert_eq!(problems.len(), 1, "{problems:?}");
        problems[0].to_string()
    };
    assert!(
        refused(&link).contains("a link that leads nowhere"),
        "{}",
        refused(&link)
    );
    // The same for a folder on the way, and for what is no file at all.
    let etc = folder.path().join("etc");
    std::os::unix::fs::symlink(folder.path().join("gone"), &etc).unwrap();
    assert!(refused(&etc.join("lychgate.toml")).contains("cannot be read"));
    assert!(refused(folder.path()).contains("cannot be read"));
    // The twins: nothing there at all, and a link to a file.
    let absent = folder.path().join("no/such/lychgate.toml");
    assert!(
        Sources::read(Some(&absent), &[])
            .unwrap()
            .organisation
            .is_none()
    );
    put(folder.path(), "gone", "schema = 1\n");
    assert!(
        Sources::read(Some(&link), &[])
            .unwrap()
            .organisation
            .is_some()
    );
}

/// A pipe would be waited at for ever.
#[test]
fn what_is_no_regular_file_is_refused_at_once() {
    let folder = tempfile::tempdir().unwrap();
    let pipe = folder.path().join("pack.toml");
    let own = rustix::fs::Mode::RUSR | rustix::fs::Mode::WUSR;
    rustix::fs::mkfifoat(rustix::fs::CWD, &pipe, own).unwrap();
    let text = format!("schema = 1\npacks = [\"{}\"]\n", pipe.display());
    let file = put(folder.path(), "lychgate.toml", &text);
    for sources in [
        Sources::read(Some(&file), &[]),
        Sources::read(None, std::slice::from_ref(&pipe)),
    ] {
        let said = sources.unwrap_err()[0].to_string();
        assert!(
            said.contains("pack.toml: cannot be read: it is not a regular file"),
            "{said}"
        );
    }
    fs::remove_file(&pipe).unwrap();
    put(folder.path(), "pack.toml", PACK);
    Sources::read(Some(&file), &[]).unwrap();
}

#[test]
fn packs_that_are_not_there_are_told() {
    let folder = tempfile::tempdir().unwrap();
    let packs = folder.path().join("packs");
    let text = format!("schema = 1\npacks = [\"{}/*.toml\"]\n", packs.display());
    let file = put(folder.path(), "lychgate.toml", &text);
    let problems = Sources::read(Some(&file), &[]).unwrap_err();
    assert_eq!(
        problems[0].file,
        packs.display().to_string(),
        "{problems:?}"
    );
    fs::create_dir(&packs).unwrap();
    let idle = || {
        let sources = Sources::read(Some(&file), &[]).unwrap();
        let engine = Engine::load(&sources).unwrap();
        (engine.idle(jiff::civil::date(2026, 12, 1)), sources)
    };
    let (said, sources) = idle();
    assert_eq!(said.len(), 1);
    assert!(said[0].starts_with("packs: no file fits "), "{said:?}");
    assert!(
        sources.files().contains(&packs),
        "a pack that comes is seen"
    );
    put(&packs, "test.toml", PACK);
    assert_eq!(idle().0, [""; 0]);
}

#[test]
fn raised_limits_of_deltas_follow_the_hello_and_nothing_does_without() {
    let raised = crate::talk::engine("schema = 1\n[limits]\ndelta_chain = 5000\n");
    let mut talk = Talk::new(&raised);
    talk.must(&Frame::Hello(version::hello(0, "x", Vec::new())));
    let Some(Reply::Hello { capabilities, .. }) = talk.next() else {
        panic!("no Hello");
    };
    assert_ne!(capabilities & caps::DELTAS, 0);
    let deltas = Deltas {
        chain: 5000,
        ..Deltas::default()
    };
    assert_eq!(talk.next(), Some(Reply::Deltas(deltas)));

    let mut talk = Talk::new(&ENGINE);
    talk.must(&Frame::Hello(version::hello(0, "x", Vec::new())));
    let Some(Reply::Hello { capabilities, .. }) = talk.next() else {
        panic!("no Hello");
    };
    assert_eq!(capabilities & caps::DELTAS, 0);
    assert_eq!(talk.next(), None);
}
