//! The gate is quiet over code that other people wrote: the sources of the packages that
//! `Cargo.lock` pins, which every machine that builds this has (SE-17).

use std::path::{Path, PathBuf};
use std::process::Command;

use lychgate_e2e::{World, binaries};
use serde_json::Value;

/// What blocks there and was looked at: the file within its package, rule, why it may stay.
const KNOWN: &[(&str, &str, &str)] = &[(
    "src/simple_url.rs",
    "generic.address-password",
    "gix-url: a made-up password in an address, in a test that stands beside the code",
)];
/// Findings that are listed and do not block, for a million lines of these sources.
const LISTED_MOST: f64 = 4.0;

/// Folders of the packages, as cargo keeps them.
fn sources() -> Vec<PathBuf> {
    let out = Command::new(env!("CARGO"))
        .args(["metadata", "--format-version=1", "--offline", "--locked"])
        .arg(format!("--filter-platform={}", host()))
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .output()
        .unwrap();
    let all: Value = serde_json::from_slice(&out.stdout).unwrap();
    let packages = all["packages"].as_array().unwrap();
    let others = packages.iter().filter(|p| !p["source"].is_null());
    let folders = others.map(|p| PathBuf::from(p["manifest_path"].as_str().unwrap()));
    folders
        .map(|manifest| manifest.parent().unwrap().to_owned())
        .collect()
}

/// The platform this toolchain builds for: of others' packages none may have been fetched.
fn host() -> String {
    let said = Command::new("rustc").arg("-vV").output().unwrap();
    let said = String::from_utf8(said.stdout).unwrap();
    let line = said.lines().find_map(|l| l.strip_prefix("host: "));
    line.unwrap().to_owned()
}

/// Lines of every file below: what findings are counted against.
fn lines(folder: &Path) -> usize {
    let mut sum = 0;
    let mut folders = vec![folder.to_path_buf()];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let entry = entry.unwrap();
            let kind = entry.file_type().unwrap();
            if kind.is_dir() {
                folders.push(entry.path());
            } else if kind.is_file() {
                let bytes = std::fs::read(entry.path()).unwrap();
                sum += bytes.iter().filter(|b| **b == b'\n').count();
            }
        }
    }
    sum
}

#[test]
fn nothing_blocks_in_the_sources_of_the_packages_but_what_was_looked_at() {
    let world = World::new();
    let folders = sources();
    let lines: usize = folders.iter().map(|f| lines(f)).sum();
    assert!(
        lines > 2_000_000,
        "{lines} lines in {} packages",
        folders.len()
    );
    let mut command = world.command(binaries().join("lychgate"), world.root());
    command.args(["check", "--in-process", "--format", "ndjson", "--path"]);
    let out = world.finish(
        {
            command.args(&folders);
            command
        },
        b"",
    );
    let (mut blocking, mut listed) = (Vec::new(), 0);
    for line in out.out().lines() {
        let row: Value = serde_json::from_str(line).unwrap();
        match row["blocks"].as_bool() {
            Some(true) => {
                let (path, rule) = (row["path"].as_str().unwrap(), row["rule"].as_str().unwrap());
                let known = |k: &&(&str, &str, &str)| path == k.0 && rule == k.1;
                if !KNOWN.iter().any(|k| known(&k)) {
                    blocking.push(format!("{path}:{} {rule}", row["line"]));
                }
            }
            Some(false) => listed += 1,
            None => assert_ne!(row["verdict"], "indeterminate", "{line}"),
        }
    }
    assert!(
        blocking.is_empty(),
        "look at these, then mend the rule: {blocking:#?}"
    );
    let million = lines as f64 / 1e6;
    assert!(
        f64::from(listed) <= LISTED_MOST * million,
        "{listed} in {million:.1} million lines"
    );
}
