//! Exactly one instance, at a place that can be trusted.

use std::os::unix::fs::PermissionsExt as _;
use std::process::Stdio;

use crate::running::{Client, Place, Running, assert_serves, until, value};
use lychgate_model::Decision;

#[test]
fn of_fifty_that_start_at_once_one_serves_and_the_others_leave_quietly() {
    let place = Place::new();
    let _ = place.config();
    let mut all: Vec<Running> = (0..50)
        .map(|_| {
            Running::of(
                place.command().arg("--spawned").spawn().unwrap(),
                &place.socket(),
            )
        })
        .collect();
    until("one instance", || {
        let gone = all.iter_mut().filter_map(|r| r.child.try_wait().unwrap());
        let codes: Vec<_> = gone.map(|status| status.code()).collect();
        assert!(codes.iter().all(|code| *code == Some(0)), "{codes:?}");
        (codes.len() == 49).then_some(())
    });
    let left: Vec<u32> = all
        .iter_mut()
        .filter_map(|r| {
            r.child
                .try_wait()
                .unwrap()
                .is_none()
                .then_some(r.child.id())
        })
        .collect();
    let status = all[0].status();
    assert_eq!(
        left,
        [value(&status, "pid").unwrap().parse::<u32>().unwrap()]
    );
    assert_serves(&all[0]);
}

#[test]
fn a_killed_instance_is_replaced_at_the_same_socket() {
    let place = Place::new();
    let mut first = place.start();
    first.child.kill().unwrap();
    first.child.wait().unwrap();
    assert!(place.socket().exists(), "nobody cleaned up");
    assert!(Client::try_connect(&place.socket()).is_none());
    let second = place.start();
    assert_serves(&second);
}

#[test]
fn a_second_instance_leaves_the_first_alone() {
    let place = Place::new();
    let first = place.start();
    let second = place.command().status().unwrap();
    assert_eq!(second.code(), Some(0));
    assert_serves(&first);
}

#[test]
fn folder_and_socket_are_the_owner_s_alone() {
    let place = Place::new();
    let _running = place.start();
    let mode = |p: &std::path::Path| p.symlink_metadata().unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(&place.path("run")), 0o700);
    assert_eq!(mode(&place.socket()), 0o600);
    let shared = Place::new();
    let _running = shared.start_with(&["--mode", "0660"]);
    assert_eq!(mode(&shared.socket()), 0o660);
}

/// Starts a daemon that must refuse, and gives what it says.
fn refusal(place: &Place, socket: &std::path::Path) -> String {
    let mut command = crate::running::program();
    let output = command
        .arg("--socket")
        .arg(socket)
        .stderr(Stdio::piped())
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(4), "{output:?}");
    assert!(!place.path("run/real.sock").exists());
    String::from_utf8(output.stderr).unwrap()
}

#[test]
fn a_place_others_could_take_is_refused_by_name() {
    let place = Place::new();
    let run = place.path("run");
    std::fs::create_dir(&run).unwrap();
    let permit =
        |mode| std::fs::set_permissions(&run, std::fs::Permissions::from_mode(mode)).unwrap();

    permit(0o777);
    assert!(refusal(&place, &place.socket()).contains("can be written by others"));
    permit(0o700);

    std::os::unix::fs::symlink(run.join("real.sock"), place.socket()).unwrap();
    assert!(refusal(&place, &place.socket()).contains("is a symlink"));
    std::fs::remove_file(place.socket()).unwrap();

    std::fs::write(place.socket(), "a file").unwrap();
    assert!(refusal(&place, &place.socket()).contains("no socket"));
    assert_eq!(std::fs::read_to_string(place.socket()).unwrap(), "a file");
    std::fs::remove_file(place.socket()).unwrap();

    let long = run.join("x".repeat(120));
    assert!(refusal(&place, &long).contains("a socket's may have 107"));
    assert_serves(&place.start());
}

#[test]
fn a_lock_that_is_a_symlink_is_not_followed() {
    let place = Place::new();
    std::fs::create_dir(place.path("run")).unwrap();
    std::fs::set_permissions(place.path("run"), std::fs::Permissions::from_mode(0o700)).unwrap();
    let victim = place.path("victim");
    std::os::unix::fs::symlink(&victim, place.path("run/lychgated.sock.lock")).unwrap();
    let status = place.command().status().unwrap();
    assert_eq!(status.code(), Some(5));
    assert!(!victim.exists());
}

#[test]
fn a_socket_handed_over_by_a_service_manager_is_served_and_left_in_place() {
    let place = Place::new();
    let _ = place.config();
    std::fs::create_dir(place.path("run")).unwrap();
    let listener = std::os::unix::net::UnixListener::bind(place.socket()).unwrap();
    let script =
        "LISTEN_PID=$$ LISTEN_FDS=1 exec \"$0\" --activated --config \"$1\" 3<&0 </dev/null";
    let child = std::process::Command::new("sh")
        .args(["-c", script, env!("CARGO_BIN_EXE_lychgated")])
        .arg(place.path("lychgate.toml"))
        .stdin(Stdio::from(std::os::fd::OwnedFd::from(listener)))
        .stderr(std::fs::File::create(place.path("log")).unwrap())
        .spawn()
        .unwrap();
    let mut running = Running::of(child, &place.socket());
    running.wait_ready();
    assert_eq!(
        running.judge(&crate::running::dirty()).decision,
        Decision::Deny
    );
    assert_serves(&running);
    running.signal(rustix::process::Signal::TERM);
    assert_eq!(running.exited().code(), Some(0));
    assert!(place.socket().exists(), "it belongs to the service manager");
}

/// Needs a mount namespace: only the file in `/etc` may raise anything.
#[test]
fn who_calls_before_the_rules_are_loaded_hears_what_the_organisation_raised() {
    use lychgate_model::limits::Deltas;
    let apart = ["-rm", "true"];
    let may = std::process::Command::new("unshare").args(apart).output();
    if !may.is_ok_and(|output| output.status.success()) {
        assert!(std::env::var_os("CI").is_none(), "CI must be able to mount");
        return;
    }
    for (more, raised) in [
        (
            "delta_result_mib = 1024\ndelta_chain = 5000\n",
            Some((1 << 30, 5000)),
        ),
        ("", None),
    ] {
        let place = Place::new();
        std::fs::create_dir(place.path("run")).unwrap();
        std::fs::create_dir_all(place.path("etc/lychgate")).unwrap();
        let organisation = format!("schema = 1\n[limits]\n{more}");
        std::fs::write(place.path("etc/lychgate/lychgate.toml"), organisation).unwrap();
        let listener = std::os::unix::net::UnixListener::bind(place.socket()).unwrap();
        // It waits in the queue when the daemon begins to accept, which is before it loads.
        let mut client = Client::connect(&place.socket());
        client.hello(lychgate_wire::frame::caps::OFFERS);
        client.flush();
        let script = "mount --bind \"$1\" /etc && LISTEN_PID=$$ LISTEN_FDS=1 exec \"$0\" \
                      --activated 3<&0 </dev/null";
        let child = std::process::Command::new("unshare")
            .args(["-rm", "sh", "-c", script, env!("CARGO_BIN_EXE_lychgated")])
            .arg(place.path("etc"))
            .env_remove("LYCHGATE_CONFIG")
            .stdin(Stdio::from(std::os::fd::OwnedFd::from(listener)))
            .stderr(std::fs::File::create(place.path("log")).unwrap())
            .spawn()
            .unwrap();
        let running = Running::of(child, &place.socket());
        let of = |raised: Option<(u64, usize)>| {
            raised.map_or_else(Deltas::default, |(result, chain)| Deltas { result, chain })
        };
        assert_eq!(client.limits(), of(raised), "{}", place.log());
        running.wait_ready();
        let mut later = running.client();
        later.hello(lychgate_wire::frame::caps::OFFERS);
        assert_eq!(later.limits(), of(raised));
        drop(running);
    }
}

#[test]
fn activation_without_a_socket_is_an_error() {
    let output = crate::running::program()
        .arg("--activated")
        .stderr(Stdio::piped())
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(5));
    assert!(
        String::from_utf8_lossy(&output.stderr).contains("LISTEN_PID"),
        "{output:?}"
    );
}

/// The kernel tells the peer's uid; a uid that is not listed is refused before its first byte is
/// read. Needs root, to be somebody else for a moment; nobody else can reach the socket anyway.
#[test]
fn another_user_is_refused_unless_listed() {
    use std::os::unix::process::CommandExt as _;
    if !rustix::process::geteuid().is_root() {
        return;
    }
    let place = Place::new();
    for folder in [place.dir.path().to_owned(), place.path("run")] {
        let _ = std::fs::create_dir(&folder);
        let open = std::fs::Permissions::from_mode(0o755);
        std::fs::set_permissions(folder, open).unwrap();
    }
    let running = place.start_with(&["--mode", "0660", "--group", "65534"]);
    let script = place.path("second_client.py");
    let source = concat!(env!("CARGO_MANIFEST_DIR"), "/../../tests/second_client.py");
    std::fs::copy(source, &script).unwrap();
    std::fs::set_permissions(&script, std::fs::Permissions::from_mode(0o644)).unwrap();
    let ask = |uid: u32| {
        let mut command = std::process::Command::new("python3");
        command
            .arg(&script)
            .arg(&running.socket)
            .arg("--status")
            .uid(uid)
            .gid(uid);
        let output = command.current_dir("/").output().unwrap();
        format!("{output:?}")
    };
    let refused = ask(65534);
    assert!(
        refused.contains("uid 65534 is not on the list"),
        "{refused}"
    );
    let owner = ask(0);
    assert!(owner.contains("state: ready"), "{owner}");
}
