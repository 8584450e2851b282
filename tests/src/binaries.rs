//! Finds the three binaries, building them once when they are not there.

use std::path::PathBuf;
use std::process::Command;
use std::sync::OnceLock;

/// The folder that holds `lychgate`, `lychgated` and `lychgate-hook`.
///
/// `LYCHGATE_BIN` names it (`tests/run` does, after a release build); otherwise they are built in
/// the profile these tests were built in.
pub fn binaries() -> &'static PathBuf {
    static FOUND: OnceLock<PathBuf> = OnceLock::new();
    FOUND.get_or_init(|| {
        if let Some(named) = std::env::var_os("LYCHGATE_BIN") {
            let named = PathBuf::from(named);
            for name in ["lychgate", "lychgated", "lychgate-hook"] {
                assert!(
                    named.join(name).is_file(),
                    "no {name} in {}",
                    named.display()
                );
            }
            return std::fs::canonicalize(named).expect("the folder exists");
        }
        let test = std::env::current_exe().expect("a test has an executable");
        let profile = test
            .ancestors()
            .nth(2)
            .expect("target/<profile>/deps/<test>")
            .to_path_buf();
        let mut build = Command::new(env!("CARGO"));
        build.args(["build", "--quiet", "--locked"]);
        for package in ["lychgate", "lychgated", "lychgate-hook"] {
            build.args(["--package", package]);
        }
        if profile.ends_with("release") {
            build.arg("--release");
        }
        let top = concat!(env!("CARGO_MANIFEST_DIR"), "/..");
        let done = build.current_dir(top).status().expect("cargo runs");
        assert!(done.success(), "the binaries do not build");
        profile
    })
}
