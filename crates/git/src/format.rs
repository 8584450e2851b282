//! What a repository's own configuration says of its format: the few keys Git reads before it
//! trusts anything else. Included files and every other layer of configuration are not read.

use std::path::Path;

use lychgate_model::HashKind;
use lychgate_model::path::printable;

use crate::configuration::{Setting, settings};
use crate::error::Error;

/// Where refs are kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum RefStorage {
    /// One file each, and `packed-refs`.
    Files,
    /// Tables.
    Reftable,
}

/// The format of a repository.
#[derive(Clone, Debug)]
pub(crate) struct Format {
    pub(crate) hash: HashKind,
    pub(crate) refs: RefStorage,
    /// Objects may be missing on purpose.
    pub(crate) partial_clone: bool,
    /// `config.worktree` counts.
    pub(crate) worktree_config: bool,
    pub(crate) bare: Option<bool>,
    pub(crate) work_tree: Option<Vec<u8>>,
}

impl Format {
    /// Reads `config` of `common_dir`, and of `git_dir` where the repository says so.
    ///
    /// # Errors
    ///
    /// [`Error::Unsupported`] for a version or extension that is not known here: Git refuses such a
    /// repository, and so do we.
    pub(crate) fn read(common_dir: &Path, git_dir: &Path) -> Result<Self, Error> {
        let mut format = Self {
            hash: HashKind::Sha1,
            refs: RefStorage::Files,
            partial_clone: false,
            worktree_config: false,
            bare: None,
            work_tree: None,
        };
        let shared = settings(&common_dir.join("config"))?;
        format.take_shared(&shared)?;
        if git_dir != common_dir {
            // These two describe the main work tree, not a linked one.
            format.bare = None;
            format.work_tree = None;
        }
        if format.worktree_config {
            format.take_core(&settings(&git_dir.join("config.worktree"))?)?;
        }
        Ok(format)
    }

    fn take_core(&mut self, settings: &[Setting]) -> Result<(), Error> {
        for setting in settings {
            match setting.key.as_slice() {
                b"core.bare" => self.bare = Some(setting.flag()?),
                b"core.worktree" => self.work_tree = Some(setting.text()?.to_vec()),
                _ => {}
            }
        }
        Ok(())
    }

    fn take_shared(&mut self, settings: &[Setting]) -> Result<(), Error> {
        self.take_core(settings)?;
        for setting in settings {
            // What a clone with a filter leaves behind; older Git sets an extension, too.
            if setting.key.starts_with(b"remote.") && setting.key.ends_with(b".promisor") {
                self.partial_clone |= setting.flag()?;
            }
        }
        let mut version = 0u32;
        for setting in settings
            .iter()
            .filter(|s| s.key == b"core.repositoryformatversion")
        {
            version = std::str::from_utf8(setting.text()?)
                .ok()
                .and_then(|digits| digits.trim().parse().ok())
                .ok_or_else(|| setting.wrong())?;
        }
        if version > 1 {
            return Err(Error::unsupported(format!(
                "repository format version {version}"
            )));
        }
        for setting in settings {
            if let Some(name) = setting.key.strip_prefix(b"extensions.") {
                self.take_extension(name, setting, version)?;
            }
        }
        Ok(())
    }

    /// Version 0 knows four extensions, refuses those of version 1, and ignores the rest; version 1
    /// refuses what it does not know.
    fn take_extension(
        &mut self,
        name: &[u8],
        setting: &Setting,
        version: u32,
    ) -> Result<(), Error> {
        let value = setting.value.as_deref().unwrap_or_default();
        let unsupported = || {
            let name = printable(name);
            Error::unsupported(format!("extensions.{name} = {}", printable(value)))
        };
        match name {
            b"noop" | b"preciousobjects" => return Ok(()),
            b"partialclone" => {
                self.partial_clone = true;
                return Ok(());
            }
            b"worktreeconfig" => {
                self.worktree_config = setting.flag()?;
                return Ok(());
            }
            _ => {}
        }
        match name {
            b"noop-v1" | b"relativeworktrees" => {}
            b"objectformat" => match value {
                b"sha1" => self.hash = HashKind::Sha1,
                b"sha256" => self.hash = HashKind::Sha256,
                _ => return Err(unsupported()),
            },
            b"refstorage" => match value {
                b"files" => self.refs = RefStorage::Files,
                b"reftable" => self.refs = RefStorage::Reftable,
                _ => return Err(unsupported()),
            },
            _ if version == 0 && name != b"compatobjectformat" => return Ok(()),
            _ => return Err(unsupported()),
        }
        if version == 0 {
            Err(unsupported())
        } else {
            Ok(())
        }
    }
}
