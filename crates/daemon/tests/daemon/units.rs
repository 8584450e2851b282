//! The units of `config/systemd`: understood by systemd where it is there, and the command in each
//! of them serves the socket that it is handed.

use std::io::Write as _;
use std::os::unix::fs::DirBuilderExt as _;
use std::os::unix::net::UnixListener;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};

use lychgate_model::Decision;

use crate::running::{Place, Running, assert_serves, dirty, until, value};

/// The folders of units, and whether they are a user's.
const UNITS: [(&str, bool); 2] = [("config/systemd", false), ("config/systemd/user", true)];

fn folder(name: &str) -> PathBuf {
    PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../..")).join(name)
}

fn unit(place: &str, kind: &str) -> String {
    std::fs::read_to_string(folder(place).join(format!("lychgated.{kind}"))).unwrap()
}

/// What `Key=` says in a unit.
fn set<'u>(unit: &'u str, key: &str) -> &'u str {
    let mut lines = unit.lines();
    lines
        .find_map(|line| line.strip_prefix(key)?.strip_prefix('='))
        .unwrap()
}

/// Whether a program of systemd is there. Where it is not, a test says so and does the rest.
fn there_is(program: &str) -> bool {
    let runs = Command::new(program).arg("--version").output();
    let runs = runs.is_ok_and(|output| output.status.success());
    if !runs {
        // Not by a macro: the harness keeps to itself what those print in a test that passes.
        let said = format!("units of systemd: there is no {program} here to try them with\n");
        std::io::stderr().write_all(said.as_bytes()).unwrap();
    }
    runs
}

#[test]
fn systemd_understands_every_line() {
    if !there_is("systemd-analyze") {
        return;
    }
    let place = Place::new();
    std::fs::create_dir(place.path("run")).unwrap();
    // What systemd says of our units; it may have more to say of the machine's.
    let said = |name: &str, user: bool, service: &str| {
        let copies = place.path(if user { "user" } else { "system" });
        std::fs::create_dir_all(&copies).unwrap();
        let (service_file, socket_file) = (
            copies.join("lychgated.service"),
            copies.join("lychgated.socket"),
        );
        std::fs::write(&service_file, service).unwrap();
        std::fs::write(&socket_file, unit(name, "socket")).unwrap();
        let mut verify = Command::new("systemd-analyze");
        verify.args(["verify", "--man=no"]);
        verify.args(user.then_some("--user"));
        verify.args([service_file, socket_file]);
        verify.env("XDG_RUNTIME_DIR", place.path("run"));
        let output = verify.output().unwrap();
        let all = [output.stdout, output.stderr].concat();
        let all = String::from_utf8(all).unwrap();
        let ours = all.lines().filter(|line| line.contains("lychgated"));
        (ours.collect::<Vec<_>>().join("\n"), all)
    };
    for (name, user) in UNITS {
        let service = unit(name, "service");
        let program = set(&service, "ExecStart").split(' ').next().unwrap();
        let here = service.replace(program, env!("CARGO_BIN_EXE_lychgated"));
        assert_eq!(said(name, user, &here).0, "", "{name}");
        let wrong = here.replacen("RestartSec=", "RestartSecond=", 1);
        let (_, all) = said(name, user, &wrong);
        assert!(all.contains("RestartSecond"), "{name}: {all}");
    }
}

/// Starts the command of a unit with a socket that listens: systemd's own starter hands it over,
/// or a shell in its place.
fn activated(place: &Place, arguments: &[String]) -> Child {
    let program = env!("CARGO_BIN_EXE_lychgated");
    let mut command = if there_is("systemd-socket-activate") {
        let mut starter = Command::new("systemd-socket-activate");
        starter.arg("--listen").arg(place.socket()).arg(program);
        starter
    } else {
        let listener = UnixListener::bind(place.socket()).unwrap();
        let mut shell = Command::new("sh");
        let script = "LISTEN_PID=$$ LISTEN_FDS=1 exec \"$@\" 3<&0 </dev/null";
        shell.args(["-c", script, "sh", program]);
        shell.stdin(Stdio::from(std::os::fd::OwnedFd::from(listener)));
        shell
    };
    command.args(arguments).arg("--config").arg(place.config());
    command.stderr(std::fs::File::create(place.path("log")).unwrap());
    command.spawn().unwrap()
}

#[test]
fn the_command_of_each_unit_serves_the_socket_it_is_handed() {
    for (name, _) in UNITS {
        let service = unit(name, "service");
        let place = Place::new();
        let state = place.path("state");
        for made in [place.path("run"), state.clone()] {
            std::fs::DirBuilder::new().mode(0o700).create(made).unwrap();
        }
        // The state folder is the one thing that differs here.
        let arguments: Vec<String> = set(&service, "ExecStart")
            .split(' ')
            .skip(1)
            .map(|word| {
                if word.ends_with("/lychgate") {
                    state.display().to_string()
                } else {
                    word.to_owned()
                }
            })
            .collect();
        let at = state.display().to_string();
        assert_eq!(arguments, ["--activated", "--state-dir", at.as_str()]);
        let child = activated(&place, &arguments);
        let mut running = Running::of(child, &place.socket());
        until("the socket", || place.socket().exists().then_some(()));
        running.wait_ready();
        // The child has become the daemon.
        let pid = running.child.id().to_string();
        assert_eq!(value(&running.status(), "pid"), Some(pid.as_str()));
        assert_eq!(running.judge(&dirty()).decision, Decision::Deny, "{name}");
        assert_serves(&running);
        running.signal(rustix::process::Signal::TERM);
        assert_eq!(running.exited().code(), Some(0), "{name}");
        assert!(place.socket().exists(), "it belongs to the service manager");
    }
}
