//! `safe.directory`: repositories of others that this user has said may be used.
//!
//! Read as Git reads it, where only the user and the administrator can write: from the system's
//! file, the user's, and what came with the command; never from the repository. Files that these
//! include are not read.

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt as _;
use std::path::{Path, PathBuf};

use crate::environment::Environment;
use crate::error::Error;
use crate::format::values_in;

const KEY: &[u8] = b"safe.directory";

/// The system's file, unless `GIT_CONFIG_SYSTEM` names another.
const SYSTEM: &str = "/etc/gitconfig";

/// Whether the repository at `path` (its work tree, or itself when it has none) is named.
///
/// # Errors
///
/// A file that cannot be read or is malformed: Git ends there, too.
pub(crate) fn is_named(path: &Path, env: &Environment) -> Result<bool, Error> {
    let Ok(path) = std::fs::canonicalize(path) else {
        return Ok(false);
    };
    let home = env.configuration("HOME").map(Path::new);
    let mut is_safe = false;
    for file in files(env, home) {
        for value in values_in(&file, KEY)? {
            is_safe = after(is_safe, &value, &path, home);
        }
    }
    for value in of_command(env) {
        is_safe = after(is_safe, &value, &path, home);
    }
    Ok(is_safe)
}

/// Whether `path` is safe once `value` is read, too.
fn after(is_safe: bool, value: &[u8], path: &Path, home: Option<&Path>) -> bool {
    match value {
        b"" => return false,
        b"*" => return true,
        _ => {}
    }
    let (value, below) = match value.strip_suffix(b"/*") {
        Some(value) => (value, true),
        None => (value, false),
    };
    let named = match value.strip_prefix(b"~/") {
        Some(rest) => home.map(|home| home.join(OsStr::from_bytes(rest))),
        None if below && value.is_empty() => Some(PathBuf::from("/")),
        None => Some(PathBuf::from(OsStr::from_bytes(value))),
    };
    let named = named.filter(|named| named.is_absolute());
    // What is not there is no repository.
    let named = named.and_then(|named| std::fs::canonicalize(named).ok());
    let is_it = named.is_some_and(|named| match below {
        true => path != named && path.starts_with(&named),
        false => path == named,
    });
    is_safe || is_it
}

/// The system's file, then the user's.
fn files(env: &Environment, home: Option<&Path>) -> Vec<PathBuf> {
    let mut files = Vec::new();
    let no_system = env.configuration("GIT_CONFIG_NOSYSTEM");
    let no_system = no_system.is_some_and(|value| {
        let value = value.to_ascii_lowercase();
        !["", "0", "false", "no", "off"]
            .iter()
            .any(|no| value == *no)
    });
    if !no_system {
        let named = env.configuration("GIT_CONFIG_SYSTEM");
        files.push(named.map_or(PathBuf::from(SYSTEM), PathBuf::from));
    }
    if let Some(named) = env.configuration("GIT_CONFIG_GLOBAL") {
        files.push(PathBuf::from(named));
    } else {
        let xdg = env
            .configuration("XDG_CONFIG_HOME")
            .filter(|v| !v.is_empty());
        let folder = xdg.map(PathBuf::from);
        let folder = folder.or_else(|| home.map(|home| home.join(".config")));
        files.extend(folder.map(|folder| folder.join("git/config")));
        files.extend(home.map(|home| home.join(".gitconfig")));
    }
    files.retain(|file| !file.as_os_str().is_empty());
    files
}

/// What `git -c` and its like say.
fn of_command(env: &Environment) -> Vec<Vec<u8>> {
    let mut values = Vec::new();
    let mut take = |key: &[u8], value: &[u8]| {
        if key.eq_ignore_ascii_case(KEY) {
            values.push(value.to_vec());
        }
    };
    let count = env
        .configuration("GIT_CONFIG_COUNT")
        .and_then(OsStr::to_str);
    let count: usize = count.and_then(|count| count.parse().ok()).unwrap_or(0);
    for n in 0..count.min(1000) {
        let said = |what: &str| env.configuration(&format!("GIT_CONFIG_{what}_{n}"));
        if let (Some(key), Some(value)) = (said("KEY"), said("VALUE")) {
            take(key.as_bytes(), value.as_bytes());
        }
    }
    let parameters = env
        .configuration("GIT_CONFIG_PARAMETERS")
        .unwrap_or_default();
    let mut rest = parameters.as_bytes();
    while let Some((key, after)) = quoted(rest) {
        rest = after;
        // Older ones quote key and value together.
        let together = key.iter().position(|b| *b == b'=');
        if let Some(after) = rest.strip_prefix(b"=") {
            let (value, after) = quoted(after).unwrap_or((Vec::new(), after));
            take(&key, &value);
            rest = after;
        } else if let Some((key, value)) = together.and_then(|at| key.split_at_checked(at)) {
            take(key, value.get(1..).unwrap_or_default());
        }
    }
    values
}

/// The text in single quotes at the front, blanks before it left out, and what follows.
fn quoted(text: &[u8]) -> Option<(Vec<u8>, &[u8])> {
    let mut rest = text.trim_ascii_start().strip_prefix(b"'")?;
    let mut out = Vec::new();
    loop {
        let end = rest.iter().position(|b| *b == b'\'')?;
        let (part, after) = rest.split_at_checked(end)?;
        out.extend_from_slice(part);
        let after = after.get(1..)?;
        // A quote, or an exclamation mark, stands outside of the quotes, behind a backslash.
        match after {
            [b'\\', byte @ (b'\'' | b'!'), b'\'', more @ ..] => {
                out.push(*byte);
                rest = more;
            }
            _ => return Some((out, after)),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::ffi::OsString;

    use super::*;

    fn environment(vars: &[(&str, &str)]) -> Environment {
        let vars = vars
            .iter()
            .map(|(k, v)| (OsString::from(k), OsString::from(v)));
        Environment::new("/".into(), vars)
    }

    /// A folder of its own with `repo` in it.
    fn folder(name: &str) -> PathBuf {
        let name = format!("lychgate-safe-{name}-{}", std::process::id());
        let folder = std::env::temp_dir().join(name);
        std::fs::create_dir_all(folder.join("repo")).unwrap();
        std::fs::canonicalize(folder).unwrap()
    }

    #[test]
    fn every_way_to_name_a_repository() {
        let home = folder("values");
        let (repo, text) = (home.join("repo"), home.to_str().unwrap());
        for (values, safe) in [
            (vec!["*".to_owned()], true),
            (vec![format!("{text}/repo")], true),
            (vec![format!("{text}/repo/")], true),
            (vec![format!("{text}/*")], true),
            (vec!["/*".to_owned()], true),
            (vec!["~/repo".to_owned()], true),
            (vec![String::new(), format!("{text}/repo")], true),
            (vec![format!("{text}/repo"), String::new()], false),
            (
                vec!["*".to_owned(), String::new(), "/else".to_owned()],
                false,
            ),
            (vec![text.to_owned()], false),
            (vec![format!("{text}/re*")], false),
            (vec![format!("{text}/repo/*")], false),
            (vec!["repo".to_owned(), ".".to_owned()], false),
            (vec![], false),
        ] {
            let global: String = values
                .iter()
                .map(|value| format!("[safe]\n\tdirectory = {value}\n"))
                .collect();
            std::fs::write(home.join(".gitconfig"), global).unwrap();
            let vars = [("HOME", text), ("GIT_CONFIG_NOSYSTEM", "1")];
            assert_eq!(
                is_named(&repo, &environment(&vars)).unwrap(),
                safe,
                "{values:?}"
            );
            let count = values.len().to_string();
            let mut vars = vec![
                ("HOME".to_owned(), text.to_owned()),
                ("GIT_CONFIG_GLOBAL".to_owned(), "/dev/null".to_owned()),
                ("GIT_CONFIG_NOSYSTEM".to_owned(), "true".to_owned()),
                ("GIT_CONFIG_COUNT".to_owned(), count),
            ];
            for (n, value) in values.iter().enumerate() {
                vars.push((format!("GIT_CONFIG_KEY_{n}"), "Safe.Directory".to_owned()));
                vars.push((format!("GIT_CONFIG_VALUE_{n}"), value.clone()));
            }
            let vars: Vec<_> = vars.iter().map(|(k, v)| (&**k, &**v)).collect();
            assert_eq!(
                is_named(&repo, &environment(&vars)).unwrap(),
                safe,
                "{values:?}"
            );
        }
        std::fs::remove_dir_all(home).unwrap();
    }

    #[test]
    fn every_place_that_names_one() {
        let home = folder("places");
        let (repo, text) = (home.join("repo"), home.to_str().unwrap());
        let config = format!("[safe]\ndirectory = {text}/repo\n");
        let system = home.join("system");
        std::fs::write(&system, &config).unwrap();
        let system = ("GIT_CONFIG_SYSTEM", system.to_str().unwrap());
        let none = ("GIT_CONFIG_GLOBAL", "/dev/null");
        let no_system = ("GIT_CONFIG_NOSYSTEM", "1");
        let named = |vars: &[(&str, &str)]| is_named(&repo, &environment(vars)).unwrap();
        assert!(named(&[system, none]));
        assert!(!named(&[system, none, no_system]));
        std::fs::create_dir_all(home.join("xdg/git")).unwrap();
        std::fs::write(home.join("xdg/git/config"), &config).unwrap();
        let xdg = format!("{text}/xdg");
        assert!(named(&[
            no_system,
            ("XDG_CONFIG_HOME", &xdg),
            ("HOME", text)
        ]));
        assert!(!named(&[no_system, none, ("XDG_CONFIG_HOME", &xdg)]));
        for (said, safe) in [
            (format!("'safe.directory'='{text}/repo'"), true),
            (format!("'core.a'='b' 'safe.directory={text}/repo'"), true),
            ("'a.b'='it'\\''s' 'safe.directory'='*'".to_owned(), true),
            ("'safe.directory'='*' 'safe.directory'=".to_owned(), false),
            ("'safe.directory".to_owned(), false),
        ] {
            let vars = [no_system, none, ("GIT_CONFIG_PARAMETERS", &said)];
            assert_eq!(named(&vars), safe, "{said}");
        }
        // A repository cannot vouch for itself.
        std::fs::write(repo.join("config"), &config).unwrap();
        assert!(!named(&[no_system, none, ("HOME", text)]));
        std::fs::write(home.join("bad"), "[safe\n").unwrap();
        let bad = format!("{text}/bad");
        let vars = [no_system, ("GIT_CONFIG_GLOBAL", &*bad)];
        assert!(is_named(&repo, &environment(&vars)).is_err());
        std::fs::remove_dir_all(home).unwrap();
    }
}
