//! `install.sh`: what it says it would do, what it refuses, and that a shell finds nothing wrong.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test that cannot go on fails"
)]

mod scene;

use std::process::Command;

use scene::Scene;

const SCRIPT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../install.sh");

fn run(scene: &Scene, args: &[&str]) -> scene::Said {
    scene::said(scene.command("sh", scene.root()).arg(SCRIPT).args(args))
}

#[test]
fn a_dry_run_says_everything_and_does_nothing() {
    let scene = Scene::new();
    let prefix = scene.path("prefix");
    let prefix = prefix.to_str().unwrap();
    let said = run(&scene, &["--dry-run", "--prefix", prefix]).exits(0);
    for program in ["lychgate", "lychgated", "lychgate-hook"] {
        assert!(
            said.out.contains(&format!("{prefix}/bin/{program}\n")),
            "{}",
            said.out
        );
    }
    assert!(!scene.path("prefix").exists());
    run(&scene, &["--uninstall", "--dry-run", "--prefix", prefix]).exits(0);
    run(&scene, &["--no-such-option"]).exits(2);
    for none in [&["--prefix"][..], &["--prefix="], &["--prefix", ""]] {
        let said = run(&scene, none).exits(2);
        assert!(said.err.contains("--prefix needs a folder"), "{}", said.err);
    }
    let help = run(&scene, &["--help"]).exits(0).out;
    assert!(
        help.contains("--demo") && help.lines().all(|l| l.len() <= 80),
        "{help}"
    );
    // What uninstalling does beside removing files is said too.
    let bin = scene.path("");
    let bin = bin.to_str().unwrap().trim_end_matches('/');
    let said = run(&scene, &["--uninstall", "--dry-run", "--prefix", bin]).exits(0);
    for step in [
        "lychgate uninstall --global\n",
        "lychgate daemon stop\n",
        "rm -f ",
    ] {
        assert!(said.out.contains(step), "{}", said.out);
    }
    assert!(scene.path("bin/lychgate").exists());
}

#[test]
fn what_is_installed_cannot_be_written_through_a_hook() {
    use std::os::unix::fs::PermissionsExt as _;
    let scene = Scene::new();
    // A cargo that builds at once.
    let cargo = "#!/bin/sh\nwhile [ \"$1\" != --target-dir ]; do shift; done\n\
                 mkdir -p \"$2/release\" && cd \"$2/release\" && for name in lychgate lychgated \
                 lychgate-hook; do echo '#!/bin/sh' >$name && chmod 755 $name; done\n";
    scene.program("tools/cargo", cargo);
    let mut path = scene.path("tools").into_os_string();
    path.push(":");
    path.push(std::env::var_os("PATH").unwrap());
    let install = || {
        let mut command = scene.command("sh", scene.root());
        command
            .env("PATH", &path)
            .env("CARGO_TARGET_DIR", scene.path("target"))
            .args([SCRIPT, "--prefix", "p"]);
        scene::said(&mut command).exits(0)
    };
    let mode = |name: &str| {
        let meta = scene.path("p/bin").join(name).metadata().unwrap();
        meta.permissions().mode() & 0o777
    };
    let programs = ["lychgate", "lychgated", "lychgate-hook"];
    install();
    assert_eq!(programs.map(mode), [0o555; 3]);
    // An installation that was made before this was so is mended; and one can be replaced.
    let hook = scene.path("p/bin/lychgate-hook");
    std::fs::set_permissions(&hook, std::fs::Permissions::from_mode(0o755)).unwrap();
    let said = install();
    assert!(said.out.contains("is there already"), "{}", said.out);
    assert_eq!(programs.map(mode), [0o555; 3]);
    std::fs::remove_file(&hook).unwrap();
    std::fs::write(&hook, "older").unwrap();
    install();
    assert_eq!(programs.map(mode), [0o555; 3]);
    assert_eq!(std::fs::read(&hook).unwrap(), b"#!/bin/sh\n");
}

#[test]
fn a_script_away_from_its_source_says_so() {
    let scene = Scene::new();
    let away = scene.program("away/install.sh", &std::fs::read_to_string(SCRIPT).unwrap());
    let args = ["--dry-run", "--prefix", "p"];
    let said = scene::said(scene.command("sh", scene.root()).arg(away).args(args)).exits(1);
    assert!(said.err.contains("no source in"), "{}", said.err);
    let folder = scene.path("prefix");
    let target = scene.path("target");
    let mut twin = scene.command("sh", scene.root());
    twin.env("CARGO_TARGET_DIR", &target).arg(SCRIPT).args(args);
    let said = scene::said(&mut twin).exits(0);
    let from = format!("cp {}/release/lychgate ", target.display());
    assert!(said.out.contains(&from) && !folder.exists(), "{}", said.out);
}

#[test]
fn what_a_machine_lacks_is_named_at_once() {
    let scene = Scene::new();
    // A PATH with what every system has, and no compiler, cargo or git.
    std::fs::create_dir(scene.path("few")).unwrap();
    for name in ["sh", "sed", "dirname", "mkdir", "cp", "chmod", "mv", "cmp"] {
        let found = ["/bin", "/usr/bin"].map(|d| std::path::Path::new(d).join(name));
        let found = found.iter().find(|p| p.exists()).unwrap();
        std::os::unix::fs::symlink(found, scene.path("few").join(name)).unwrap();
    }
    let mut command = scene.command("/bin/sh", scene.root());
    command
        .env("PATH", scene.path("few"))
        .args([SCRIPT, "--prefix", "p"]);
    let said = scene::said(&mut command).exits(1);
    for tool in ["nothing was installed", "cargo:", "git:", "cc:"] {
        assert!(said.err.contains(tool), "{}", said.err);
    }
    assert!(!scene.path("p").exists());
}

#[test]
fn uninstalling_removes_the_programs_and_the_gate_of_all_repositories() {
    let scene = Scene::new();
    let repository = scene.repository("r");
    scene
        .lychgate(&repository, ["install", "--global"])
        .exits(0);
    scene.program("bin/lychgated", "#!/bin/sh\nexit 1\n");
    let root = scene.path("");
    run(
        &scene,
        &[
            "--uninstall",
            "--prefix",
            root.to_str().unwrap().trim_end_matches('/'),
        ],
    )
    .exits(0);
    assert!(!scene.path("bin/lychgate").exists() && !scene.path("bin/lychgate-hook").exists());
    assert!(!scene.path("bin/lychgated").exists());
    assert!(!scene.path("data/lychgate").exists());
    let set = scene.try_git(&repository, ["config", "--get", "core.hooksPath"]);
    assert_eq!(set.code, 1);
}

#[test]
fn every_shell_script_is_clean() {
    let Ok(version) = Command::new("shellcheck").arg("--version").output() else {
        // tests/run installs it; without it the other tests still hold.
        return;
    };
    assert!(version.status.success());
    let chain = concat!(env!("CARGO_MANIFEST_DIR"), "/../../hooks/chain");
    let shim = concat!(env!("CARGO_MANIFEST_DIR"), "/../../hooks/pre-receive");
    let done = Command::new("shellcheck")
        .args([SCRIPT, chain, shim])
        .output()
        .unwrap();
    assert!(
        done.status.success(),
        "{}",
        String::from_utf8_lossy(&done.stdout)
    );
}

/// A static build is one of its own folder, and only its programs are linked so.
#[test]
fn static_programs_are_built_beside_the_usual_ones() {
    let scene = Scene::new();
    let cargo = "#!/bin/sh\necho \"$LYCHGATE_STATIC\" >>\"$TOLD\"\n\
                 while [ \"$1\" != --target-dir ]; do shift; done\n\
                 echo \"$2\" >>\"$TOLD\"; mkdir -p \"$2/release\" && cd \"$2/release\" && for \
                 name in lychgate lychgated lychgate-hook; do echo x >$name && chmod 755 $name; \
                 done\n";
    scene.program("tools/cargo", cargo);
    let mut path = scene.path("tools").into_os_string();
    path.push(":");
    path.push(std::env::var_os("PATH").unwrap());
    let (told, target) = (scene.path("told"), scene.path("target"));
    let target = target.to_str().unwrap();
    for (args, expected) in [
        (&["--static"][..], format!("1\n{target}/static\n")),
        (&[], format!("\n{target}\n")),
    ] {
        let mut command = scene.command("sh", scene.root());
        command
            .env("PATH", &path)
            .env("TOLD", &told)
            .env("CARGO_TARGET_DIR", target)
            .args([SCRIPT, "--prefix", "p"])
            .args(args);
        scene::said(&mut command).exits(0);
        assert_eq!(std::fs::read_to_string(&told).unwrap(), expected);
        std::fs::remove_file(&told).unwrap();
    }
}

#[test]
fn the_linker_is_told_so_for_the_hook_always_and_for_the_others_when_asked() {
    let wrapper = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/../../.cargo/rustc-static-hook"
    );
    let told = |asked: &str, name: &str, kind: &str| {
        let mut command = Command::new("sh");
        command
            .args([
                wrapper,
                "echo",
                "--crate-name",
                name,
                "--edition=2024",
                "--crate-type",
                kind,
                "x",
            ])
            .env("LYCHGATE_STATIC", asked);
        let said = String::from_utf8(command.output().unwrap().stdout).unwrap();
        let is_static = said.contains("+crt-static");
        (is_static, said.contains("relocation-model=static"))
    };
    assert_eq!(told("", "lychgate_hook", "bin"), (true, true));
    for name in ["lychgate", "lychgated"] {
        assert_eq!(told("", name, "bin"), (false, false));
        assert_eq!(told("1", name, "bin"), (true, false));
        assert_eq!(told("1", name, "lib"), (false, false));
    }
    assert_eq!(told("1", "lychgate_scan", "lib"), (false, false));
    assert_eq!(told("1", "build_script_build", "bin"), (false, false));
}
