//! What a hook run must leave alone, and what must never run or be shown.

use std::process::Stdio;
use std::time::Duration;

use lychgate_e2e::{World, binaries, cloud_key_id, forge_token};
use rustix::process::{Pid, Signal};

#[test]
fn a_hook_run_leaves_the_repository_byte_identical_even_when_killed() {
    let world = World::new();
    let repo = world.repo("r");
    for n in 0..200 {
        repo.write(format!("d{}/{n}", n % 7), format!("line {n}\n").repeat(200));
    }
    repo.stage("a", format!("k={}\n", forge_token()));
    let before = repo.snapshot();
    let spawn = || {
        let mut hook = world.command(binaries().join("lychgate-hook"), &repo.path);
        hook.arg("pre-commit")
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        hook.spawn().unwrap()
    };
    world.gather(spawn()).fails();
    assert!(
        repo.snapshot() == before,
        "a hook run changed the repository"
    );
    for signal in [Signal::INT, Signal::KILL, Signal::TERM] {
        for micros in [0, 300, 1000, 3000] {
            let child = spawn();
            std::thread::sleep(std::time::Duration::from_micros(micros));
            let pid = Pid::from_raw(i32::try_from(child.id()).unwrap()).unwrap();
            let _ = rustix::process::kill_process(pid, signal);
            world.gather(child).fails();
            assert!(
                repo.snapshot() == before,
                "{signal:?} after {micros} us left a trace"
            );
        }
    }
}

/// A program that leaves a trace when it is run, and where.
fn canary(world: &World) -> (String, std::path::PathBuf) {
    let canary = world.root().join("canary");
    let program = world.root().join("program");
    std::fs::write(&program, format!("#!/bin/sh\n: > {}\n", canary.display())).unwrap();
    std::fs::set_permissions(
        &program,
        std::os::unix::fs::PermissionsExt::from_mode(0o755),
    )
    .unwrap();
    (program.display().to_string(), canary)
}

/// Everything `lychgate` can be asked in a repository that changes nothing in its hooks.
const ASKED: [&[&str]; 20] = [
    &["check"],
    &["check", "--staged", "--in-process"],
    &["check", "--all", "--in-process"],
    &["check", "--range", "HEAD..HEAD"],
    &["check", "--path", "."],
    &["check", "--all", "--accept-draft"],
    &["baseline", "--staged"],
    &["baseline"],
    &["baseline", "--all"],
    &["baseline", "--path", "."],
    &["import", ".gitleaksignore"],
    &["explain", "--why", "a:1"],
    &["explain", "--why", "a:1", "--staged"],
    &["explain", "unreadable"],
    &["rules", "list"],
    &["rules", "try", "mine.toml"],
    &["rules", "profile", "."],
    &["doctor"],
    &["status"],
    &["daemon", "reload"],
];

#[test]
fn no_program_the_repository_names_is_run() {
    let world = World::new();
    let repo = world.repo("r");
    let (program, canary) = canary(&world);
    repo.write(".gitattributes", "* diff=evil filter=evil merge=evil\n");
    repo.write(".gitleaksignore", "HEAD:a:r:1\na:r:1\n");
    repo.stage("a", "x\n");
    for key in [
        "core.fsmonitor",
        "core.alternateRefsCommand",
        "diff.external",
        "diff.evil.command",
        "diff.evil.textconv",
        "filter.evil.clean",
        "filter.evil.smudge",
        "filter.evil.process",
        "merge.evil.driver",
        "core.pager",
        "core.editor",
        "core.sshCommand",
        "core.gitProxy",
        "gpg.program",
        "credential.helper",
    ] {
        repo.git(&["config", key, &program]).ok();
    }
    for alias in ["hook", "config", "rev-parse"] {
        let key = format!("alias.{alias}");
        repo.git(&["config", &key, &format!("!{program}")]).ok();
    }
    let hook = |name: &str| {
        let mut hook = world.command(binaries().join("lychgate-hook"), &repo.path);
        hook.arg(name);
        hook
    };
    world.finish(hook("pre-commit"), b"").ok();
    for args in ASKED {
        let _ = repo.lychgate(args);
        assert!(!canary.exists(), "{args:?} ran a program of the repository");
    }
    repo.lychgate(&["baseline"]).ok();
    for args in [&["install"][..], &["uninstall"], &["install", "--global"]] {
        repo.lychgate(args).ok();
        assert!(!canary.exists(), "{args:?} ran a program of the repository");
    }
    repo.lychgate(&["uninstall", "--global"]).ok();
    for verb in ["install", "doctor", "uninstall"] {
        let _ = repo.lychgate(&[verb, "--server", ".git"]);
        assert!(!canary.exists(), "{verb} ran a program of the repository");
    }
    // The twin: git itself does run them.
    let _ = repo.git(&["diff", "--cached", "--ext-diff"]);
    let _ = repo.git(&["status"]);
    assert!(canary.exists(), "the canary does not sing");
}

#[test]
fn nothing_that_a_partial_clone_lacks_is_fetched() {
    let world = World::new();
    let far = world.bare_of_hooks("far", &[]);
    far.git(&["config", "uploadpack.allowFilter", "true"]).ok();
    far.commit_unseen("gone", "y\n");
    far.commit_unseen("a", format!("k={}\n", forge_token()));
    let url = format!("file://{}", far.path.display());
    let args = ["clone", "-q", "--filter=blob:none", &url, "near"];
    world.run("git", args, world.root()).ok();
    let near = lychgate_e2e::Repo {
        world: &world,
        path: world.root().join("near"),
    };
    // What the index names is here; of what stood there before, nothing is.
    far.write("gone", "z\n");
    far.commit_unseen("b", "w\n");
    near.git(&["fetch", "-q"]).ok();
    let (program, canary) = canary(&world);
    for (key, value) in [
        ("remote.origin.url", "ssh://nowhere.invalid/x"),
        ("core.sshCommand", &program),
        ("protocol.allow", "always"),
        ("protocol.ssh.allow", "always"),
    ] {
        near.git(&["config", key, value]).ok();
    }
    let lacking = near.id("origin/main:gone");
    near.write(
        ".gitleaksignore",
        format!("{}:gone:r:1\n", near.id("origin/main")),
    );
    for args in ASKED {
        let _ = near.lychgate(args);
        assert!(!canary.exists(), "{args:?} asked the other side");
    }
    // What is not here is said to be unread, not left out.
    near.lychgate(&["baseline", "--all"]).code(3);
    near.lychgate(&["baseline"]).ok();
    let _ = near.git(&["cat-file", "-p", &lacking]);
    assert!(canary.exists(), "the canary does not sing");
}

#[test]
fn no_raw_value_is_in_any_output_log_or_state_file() {
    let world = World::new();
    world.start_daemon();
    let (_, server) = world.server("s");
    let repo = world.repo("r");
    let mut planted = Vec::new();
    let mut plant = || {
        let token = if planted.len() % 2 == 0 {
            forge_token()
        } else {
            cloud_key_id()
        };
        planted.push(token.clone());
        token
    };
    repo.stage("a", format!("k={}\nid = {}\n", plant(), plant()));
    repo.commit().fails();
    // A file that is refused is not quoted either.
    let mut refused = |name: &str| {
        let text = format!("[[rules]]\nid='{}'\nregex='({}'\n", plant(), plant());
        format!("title = '{name}'\n{text}secretGroup = '{}'\n", plant())
    };
    repo.stage(".gitleaks.toml", refused("client"));
    let on_server = refused("server");
    repo.commit().fails().says(".gitleaks.toml:");
    for args in [
        &["check"][..],
        &["check", "--in-process"],
        &["check", "--format", "json"],
        &["check", "--format", "ndjson"],
        &["check", "--path", "."],
    ] {
        repo.lychgate(args).fails();
    }
    repo.git(&["commit", "-qnm", &format!("m {}", plant())])
        .ok();
    repo.lychgate(&["check", "--range", "HEAD~1..HEAD"]).fails();
    repo.lychgate(&["check", "--all"]).fails();
    server.commit_unseen(format!("{}.txt", plant()), format!("k={}\n", plant()));
    server.push(&["main"]).fails();
    server.commit_unseen(".gitleaks.toml", on_server);
    server.push(&["main"]).fails();
    let mut stdin = world.command(binaries().join("lychgate"), &repo.path);
    stdin.args(["check", "--stdin", "--as", "x"]);
    world
        .finish(stdin, format!("k={}\n", plant()).as_bytes())
        .code(1);
    world.lychgate(&["status"]).ok();
    world.lychgate(&["daemon", "stop"]).ok();

    let mut hay = vec![("output".to_owned(), world.everything_said())];
    let mut folders: Vec<_> = ["state", "run", "home", "tmp"]
        .iter()
        .map(|f| world.root().join(f))
        .collect();
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
            match entry.file_type() {
                Ok(kind) if kind.is_dir() => folders.push(entry.path()),
                Ok(kind) if kind.is_file() => {
                    hay.push((
                        entry.path().display().to_string(),
                        std::fs::read(entry.path()).unwrap(),
                    ));
                }
                _ => {}
            }
        }
    }
    assert!(hay.len() > 1, "there is state to look into");
    for token in &planted {
        // The body alone is enough to use a credential.
        let body = &token.as_bytes()[6..];
        for (place, bytes) in &hay {
            let at = bytes.windows(body.len()).position(|w| w == body);
            let line = at.map(|at| {
                let from = bytes[..at].iter().rposition(|b| *b == b'\n').unwrap_or(0);
                String::from_utf8_lossy(&bytes[from..at]).into_owned()
            });
            assert_eq!(
                line, None,
                "a planted value is in {place}, on the line that begins so"
            );
        }
    }
}

/// The limits of a process for core files, soft and hard.
fn core_limits(pid: i64) -> [String; 2] {
    let limits = std::fs::read_to_string(format!("/proc/{pid}/limits")).unwrap_or_default();
    let core = limits.lines().find(|l| l.starts_with("Max core file size"));
    let mut words = core.unwrap_or_default().split_whitespace().skip(4);
    [(); 2].map(|()| words.next().unwrap_or_default().to_owned())
}

#[test]
fn core_dumps_are_off_in_hook_daemon_and_command_line() {
    let world = World::new();
    world.start_daemon();
    let (server, _work) = world.server("server");
    let programs = [
        "hooks/pre-receive".to_owned(),
        format!(
            "{} check --in-process --stdin --as x",
            binaries().join("lychgate").display()
        ),
    ];
    let off = ["0", "0"];
    for program in programs {
        // As a shell that lets everything dump: both wait for what they are to read.
        let mut shell = world.command("sh", &server.path);
        shell
            .args([
                "-c",
                &format!("ulimit -S -c $(ulimit -H -c); exec {program}"),
            ])
            .env("GIT_DIR", ".")
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::null());
        let mut child = shell.spawn().unwrap();
        let pid = i64::from(child.id());
        let mut seen = core_limits(pid);
        for _ in 0..400 {
            if seen == off {
                break;
            }
            std::thread::sleep(Duration::from_millis(25));
            seen = core_limits(pid);
        }
        assert_eq!(seen, off, "{program}");
        drop(child.stdin.take());
        child.wait().unwrap();
    }
    for pid in world.daemons() {
        assert_eq!(core_limits(pid.into()), off);
    }
    assert_eq!(world.daemons().len(), 1);
}
