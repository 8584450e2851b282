//! What `install` did to one hooks folder, so that `uninstall` puts back exactly what was there.
//!
//! Written before anything is changed: an installation that was cut short is undone like a whole
//! one. Every name in it is a plain file name of this folder; one that is not makes the manifest
//! unusable, so that nobody can have a file elsewhere moved or removed by it.

use std::io::ErrorKind;
use std::path::Path;

use crate::failure::{Failure, Kind};

/// Its name in the folder; no hook has it, so git does not look at it.
pub(crate) const NAME: &str = "lychgate.manifest";

/// Folders on the way to a hooks folder that are made with it, at most: `.local/share/lychgate`
/// and such.
pub(crate) const ABOVE: usize = 8;

/// What was done.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Manifest {
    /// The folder was not there before.
    pub(crate) folder_created: bool,
    /// Nor were so many above it.
    pub(crate) above: usize,
    /// Hooks that are now links to the gate.
    pub(crate) hooks: Vec<String>,
    /// Of them, those where something stood before; it is kept as [`kept_name`] says.
    pub(crate) kept: Vec<String>,
    /// Chaining shims written in front of hooks in another folder.
    pub(crate) shims: Vec<String>,
    /// The scope in which `core.hooksPath` was given this folder as one more value.
    pub(crate) config_scope: Option<String>,
    /// The configuration file was not there before.
    pub(crate) config_created: bool,
}

/// Under which name the previous `hook` is kept beside ours.
pub(crate) fn kept_name(hook: &str) -> String {
    format!("{hook}.before-lychgate")
}

impl Manifest {
    /// The manifest of `folder`; `None`: nothing was installed there.
    pub(crate) fn read(folder: &Path) -> Result<Option<Self>, Failure> {
        let path = folder.join(NAME);
        match std::fs::read_to_string(&path) {
            Ok(text) => match Self::parse(&text) {
                Some(manifest) => Ok(Some(manifest)),
                None => Err(Failure::new(
                    Kind::Refused,
                    format!(
                        "nothing was changed: {} cannot be understood",
                        path.display()
                    ),
                )
                .hint("Compare the folder with it by hand, then remove it.")),
            },
            // A hooks path that is no folder, such as /dev/null, holds none either.
            Err(e) if matches!(e.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory) => {
                Ok(None)
            }
            Err(e) => {
                let what = format!("nothing was changed: cannot read {}", path.display());
                Err(Failure::new(Kind::Incomplete, what).because(&e))
            }
        }
    }

    /// As it is written.
    pub(crate) fn text(&self) -> String {
        let mut out = String::from(
            "# What `lychgate install` found and did here; `lychgate uninstall` reads it.\n\
             version = 1\n",
        );
        let mut line = |key: &str, value: &str| {
            out.push_str(key);
            out.push_str(" = ");
            out.push_str(value);
            out.push('\n');
        };
        line(
            "folder",
            if self.folder_created {
                "created"
            } else {
                "found"
            },
        );
        if self.above > 0 {
            line("above", &self.above.to_string());
        }
        for hook in &self.hooks {
            line("hook", hook);
        }
        for hook in &self.kept {
            line("kept", hook);
        }
        for hook in &self.shims {
            line("shim", hook);
        }
        if let Some(scope) = &self.config_scope {
            line("config", scope);
        }
        if self.config_created {
            line("config-file", "created");
        }
        out
    }

    fn parse(text: &str) -> Option<Self> {
        let mut read = Self::default();
        let mut version = None;
        for line in text
            .lines()
            .filter(|l| !l.is_empty() && !l.starts_with('#'))
        {
            let (key, value) = line.split_once(" = ")?;
            match key {
                "version" => version = Some(value),
                "folder" => read.folder_created = value == "created",
                "above" => read.above = value.parse().ok().filter(|n| *n <= ABOVE)?,
                "hook" => read.hooks.push(plain_name(value)?),
                "kept" => read.kept.push(plain_name(value)?),
                "shim" => read.shims.push(plain_name(value)?),
                "config" => read.config_scope = Some(plain_name(value)?),
                "config-file" => read.config_created = value == "created",
                _ => return None,
            }
        }
        (version == Some("1")).then_some(read)
    }
}

fn plain_name(name: &str) -> Option<String> {
    let fits = !name.is_empty()
        && !name.starts_with('.')
        && name
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'.'));
    fits.then(|| name.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read_back() {
        let all = Manifest {
            folder_created: true,
            above: 2,
            hooks: vec!["pre-commit".into(), "pre-push".into()],
            kept: vec!["pre-push".into()],
            shims: vec!["post-checkout".into(), "pre-commit.before-lychgate".into()],
            config_scope: Some("global".into()),
            config_created: true,
        };
        assert_eq!(Manifest::parse(&all.text()), Some(all));
        assert_eq!(
            Manifest::parse(&Manifest::default().text()),
            Some(Manifest::default())
        );
    }

    #[test]
    fn a_name_that_leaves_the_folder_is_refused() {
        for bad in ["../x", "/etc/passwd", "a/b", "", ".git", "a b"] {
            assert_eq!(
                Manifest::parse(&format!("version = 1\nhook = {bad}\n")),
                None,
                "{bad}"
            );
        }
        assert!(Manifest::parse("version = 1\nhook = pre-commit\n").is_some());
    }

    #[test]
    fn another_version_is_refused() {
        assert_eq!(Manifest::parse("version = 2\n"), None);
        assert_eq!(Manifest::parse(""), None);
    }
}
