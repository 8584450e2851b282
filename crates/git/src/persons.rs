//! Who makes commits, as far as Git's configuration says it.

use std::path::PathBuf;

use crate::configuration::{self, Here, Setting};
use crate::environment::Environment;
use crate::error::Error;
use crate::repository::Repository;

/// A name and an address that Git takes where the environment has none.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Person {
    /// `author.name` or `committer.name`, else `user.name`.
    pub name: Option<Vec<u8>>,
    /// `author.email` or `committer.email`, else `user.email`.
    pub mail: Option<Vec<u8>>,
}

impl Repository {
    /// The author and the committer that the configuration names.
    ///
    /// # Errors
    ///
    /// Configuration that cannot be read, or that Git would refuse.
    pub fn persons(&self, env: &Environment) -> Result<[Person; 2], Error> {
        let head = self.head()?.branch;
        let branch = head.as_deref().and_then(|b| b.strip_prefix(b"refs/heads/"));
        let here = Here {
            git_dir: self.git_dir(),
            branch,
            files: self.configuration(),
        };
        let settings = configuration::read(env, Some(&here), is_said)?;
        let person = |role: &str| Person {
            name: said(&settings, role, "name"),
            mail: said(&settings, role, "email"),
        };
        Ok(["author", "committer"].map(person))
    }

    /// Its own files of configuration.
    fn configuration(&self) -> Vec<PathBuf> {
        let shared = self.common_dir().join("config");
        let own = self.git_dir().join("config.worktree");
        let own = self.has_worktree_configuration().then_some(own);
        std::iter::once(shared).chain(own).collect()
    }
}

fn is_said(key: &[u8]) -> bool {
    let role = key
        .strip_suffix(b".name")
        .or_else(|| key.strip_suffix(b".email"));
    matches!(role, Some(b"user" | b"author" | b"committer"))
}

/// The last word on it; one that is empty says nothing.
fn said(settings: &[Setting], role: &str, what: &str) -> Option<Vec<u8>> {
    let last = |role: &str| {
        let key = format!("{role}.{what}");
        let mut of_key = settings.iter().rev().filter(|s| s.key == key.as_bytes());
        let value = of_key.next().and_then(|s| s.value.clone());
        value.filter(|value| !value.is_empty())
    };
    last(role).or_else(|| last("user"))
}
