//! `safe.directory`: repositories of others that this user has said may be used.
//!
//! Read as Git reads it, where only the user and the administrator can write: from the system's
//! file, the user's, what these include, and what came with the command; never from the
//! repository, which is not known yet: a condition that asks where it lies does not hold.

use std::path::{Path, PathBuf};

use crate::configuration::{self, from_home};
use crate::environment::Environment;
use crate::error::Error;

const KEY: &[u8] = b"safe.directory";

/// Whether the repository at `path` (its work tree, or itself when it has none) is named.
///
/// # Errors
///
/// A file that cannot be read or is malformed: Git ends there, too.
pub(crate) fn is_named(path: &Path, env: &Environment) -> Result<bool, Error> {
    let Ok(path) = std::fs::canonicalize(path) else {
        return Ok(false);
    };
    let settings = configuration::read(env, None, |key| key == KEY)?;
    let values = settings.iter().map(|s| s.value.as_deref());
    Ok(values.fold(false, |is_safe, value| {
        after(is_safe, value.unwrap_or_default(), &path, env)
    }))
}

/// Whether `path` is safe once `value` is read, too.
fn after(is_safe: bool, value: &[u8], path: &Path, env: &Environment) -> bool {
    match value {
        b"" => return false,
        b"*" => return true,
        _ => {}
    }
    let (value, below) = match value.strip_suffix(b"/*") {
        Some(value) => (value, true),
        None => (value, false),
    };
    let named = match value {
        b"" if below => Some(PathBuf::from("/")),
        value => from_home(value, env, false),
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
