//! A daemon is started once, by whoever comes first, and only where nobody else can answer.

#![allow(clippy::unwrap_used, reason = "a test may fail")]

use std::fs::Permissions;
use std::os::unix::fs::PermissionsExt as _;
use std::os::unix::net::UnixListener;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use lychgate_client::spawn::{Error, Spawn, Started};
use lychgate_client::trust::Trusted;

/// A folder with a `lychgated` that notes that it was started and becomes this test program,
/// which listens.
struct Stage {
    folder: tempfile::TempDir,
}

/// Names the socket to the program below.
const SOCKET: &str = "LISTEN_AT";

impl Stage {
    fn new(last_line: &str) -> Self {
        let stage = Self {
            folder: tempfile::tempdir().unwrap(),
        };
        std::fs::create_dir(stage.path().join("run")).unwrap();
        let note = format!(
            "echo started \"$@\" >> '{0}/notes'; env > '{0}/env'; \
            ls -l /proc/self/fd > '{0}/fds'; pwd > '{0}/cwd'",
            stage.path().display()
        );
        let script = format!("#!/bin/sh\n{note}\n{last_line}\n");
        let program = stage.path().join("lychgated");
        std::fs::write(&program, script).unwrap();
        std::fs::set_permissions(&program, Permissions::from_mode(0o755)).unwrap();
        stage
    }

    fn listening() -> Self {
        let test = std::env::current_exe().unwrap();
        let test = test.display();
        Self::new(&format!(
            "{SOCKET}=\"$2\" exec '{test}' --exact listens --nocapture"
        ))
    }

    fn path(&self) -> &Path {
        self.folder.path()
    }

    fn socket(&self) -> PathBuf {
        self.path().join("run/lychgate/s")
    }

    fn start(&self, patience: Duration) -> Result<Started, Error> {
        let (state, socket) = (self.path().join("state"), self.socket());
        let variables = [
            ("HOME".into(), "/h".into()),
            ("LD_AUDIT".into(), "x".into()),
        ];
        let spawn = Spawn {
            beside: self.path(),
            socket: &socket,
            state: &state,
            variables: &variables,
            trusted: Trusted {
                own: rustix::process::geteuid().as_raw(),
                listed: &[],
            },
        };
        spawn.start(Instant::now() + patience)
    }

    fn note(&self, name: &str) -> String {
        std::fs::read_to_string(self.path().join(name)).unwrap_or_default()
    }
}

/// Not a test unless a `lychgated` of a test becomes it: accepts one connection after another
/// until nobody has come for a second.
#[test]
fn listens() {
    let Some(path) = std::env::var_os(SOCKET) else {
        return;
    };
    let listener = UnixListener::bind(path).unwrap();
    listener.set_nonblocking(true).unwrap();
    let mut kept = Vec::new();
    let mut last = Instant::now();
    while last.elapsed() < Duration::from_secs(1) {
        match listener.accept() {
            Ok(connection) => {
                kept.push(connection);
                last = Instant::now();
            }
            Err(_) => std::thread::sleep(Duration::from_millis(2)),
        }
    }
}

#[test]
fn a_missing_daemon_is_started_with_little_of_what_the_hook_has() {
    let stage = Stage::listening();
    let leaked = std::fs::File::open("/dev/zero").unwrap();
    rustix::io::fcntl_setfd(&leaked, rustix::io::FdFlags::empty()).unwrap();
    let started = stage.start(Duration::from_secs(20)).unwrap();
    assert!(started.by_us);
    let (socket, state) = (stage.socket(), stage.path().join("state"));
    let called = format!(
        "started --socket {} --state-dir {} --spawned\n",
        socket.display(),
        state.display()
    );
    assert_eq!(stage.note("notes"), called);
    let environment = stage.note("env");
    assert!(environment.contains("HOME=/h") && !environment.contains("LD_AUDIT"));
    assert_eq!(stage.note("cwd"), "/\n");
    assert!(
        !stage.note("fds").contains("/dev/zero"),
        "{}",
        stage.note("fds")
    );
    assert_eq!(
        stage.note("fds").matches("/dev/null").count(),
        2,
        "{}",
        stage.note("fds")
    );
    let mode = std::fs::metadata(socket.parent().unwrap())
        .unwrap()
        .permissions()
        .mode();
    assert_eq!(mode & 0o777, 0o700);
}

#[test]
fn fifty_that_find_none_start_one() {
    let stage = Stage::listening();
    let started: Vec<bool> = std::thread::scope(|scope| {
        let threads: Vec<_> = (0..50)
            .map(|_| scope.spawn(|| stage.start(Duration::from_secs(30))))
            .collect();
        threads
            .into_iter()
            .map(|t| t.join().unwrap().unwrap().by_us)
            .collect()
    });
    assert_eq!(started.iter().filter(|by_us| **by_us).count(), 1);
    assert_eq!(stage.note("notes").lines().count(), 1);
}

#[test]
fn a_daemon_that_does_not_come_up_is_not_waited_for() {
    let dies = Stage::new("exit 3");
    assert!(matches!(
        dies.start(Duration::from_secs(60)),
        Err(Error::Died(_))
    ));
    let hangs = Stage::new("exec sleep 1");
    assert!(matches!(
        hangs.start(Duration::from_millis(100)),
        Err(Error::Late)
    ));
    let missing = Stage::new("");
    std::fs::remove_file(missing.path().join("lychgated")).unwrap();
    assert!(matches!(
        missing.start(Duration::from_secs(60)),
        Err(Error::Launch { .. })
    ));
}

#[test]
fn a_daemon_that_leaves_for_one_nobody_can_reach_is_not_waited_for() {
    let leaves = Stage::new("exit 0");
    assert!(matches!(
        leaves.start(Duration::from_secs(600)),
        Err(Error::Held)
    ));
    // The other one can be reached.
    let test = std::env::current_exe().unwrap();
    let other = Stage::new(&format!(
        "{SOCKET}=\"$2\" '{}' --exact listens --nocapture &\n\
        while [ -e \"$0\" ] && [ ! -S \"$2\" ]; do sleep 0.01; done",
        test.display()
    ));
    other.start(Duration::from_secs(600)).unwrap();
}

#[test]
fn whoever_waits_for_another_gives_up_with_it() {
    let stage = Stage::new("exit 0");
    let ends: Vec<Error> = std::thread::scope(|scope| {
        let threads: Vec<_> = (0..8)
            .map(|_| scope.spawn(|| stage.start(Duration::from_secs(600)).unwrap_err()))
            .collect();
        threads.into_iter().map(|t| t.join().unwrap()).collect()
    });
    assert!(ends.iter().any(|end| matches!(end, Error::Held)));
    assert!(
        ends.iter()
            .all(|end| matches!(end, Error::Held | Error::GivenUp)),
        "{ends:?}"
    );
}

#[test]
fn no_folder_is_made_but_the_sockets_own() {
    let stage = Stage::listening();
    std::fs::remove_dir(stage.path().join("run")).unwrap();
    assert!(matches!(
        stage.start(Duration::from_secs(20)),
        Err(Error::Folder(_))
    ));
    assert!(!stage.path().join("run").exists());
    assert_eq!(stage.note("notes"), "");
}

#[test]
fn nothing_is_started_where_others_could_answer() {
    let stage = Stage::listening();
    std::fs::create_dir_all(stage.path().join("run/lychgate")).unwrap();
    let open = Permissions::from_mode(0o777);
    std::fs::set_permissions(stage.path().join("run"), open).unwrap();
    assert!(matches!(
        stage.start(Duration::from_secs(20)),
        Err(Error::Untrusted(_))
    ));
    assert_eq!(stage.note("notes"), "");
    std::fs::set_permissions(stage.path().join("run"), Permissions::from_mode(0o700)).unwrap();
    stage.start(Duration::from_secs(20)).unwrap();
}
