//! Beside the folder of the hooks: that folder as it was, in links.
//!
//! One script is often linked under the names of many hooks and asks for its own to know which one
//! it is; the kernel gives a script the path it was run by. So a kept hook is run through a link
//! that bears its old name. The links lie in a folder beside the one of the hooks, as deep as it
//! is, with one more for everything a hook may look for beside itself.

use std::ffi::OsString;
use std::io;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};

use lychgate_client::conf;

use super::folder::{self, Standing, standing};
use super::manifest::{self, Manifest, kept_name};

/// Makes the links of `folder`, or takes them away where nothing is kept; whether anything changed.
///
/// # Errors
/// The file system's: nobody but its owner may write beside a folder.
pub(crate) fn put(folder: &Path, manifest: &Manifest) -> io::Result<bool> {
    let kept = kept(folder, manifest);
    let Some((top, name)) = place(folder) else {
        return Ok(false);
    };
    if kept.is_empty() {
        return take_out(folder);
    }
    let mut wanted: Vec<(OsString, OsString)> = Vec::new();
    for hook in kept {
        wanted.push((hook.into(), kept_name(hook).into()));
    }
    for entry in std::fs::read_dir(folder)? {
        let entry = entry?.file_name();
        let text = entry.to_string_lossy();
        let ours = text == folder::CONF
            || text == manifest::NAME
            || text.starts_with('.')
            || text.ends_with(conf::CHAINED_SUFFIX)
            || standing(&folder.join(&entry))? == Standing::Ours;
        if !ours && !text.ends_with(".sample") && !wanted.iter().any(|(n, _)| *n == entry) {
            wanted.push((entry.clone(), entry));
        }
    }
    let mut changed = false;
    if !top.exists() {
        std::fs::create_dir(&top)?;
    }
    for (link, target) in &wanted {
        let (path, target) = (top.join(link), conf::to_beside(&name, target));
        match std::fs::read_link(&path) {
            Ok(now) if now == target => {}
            Ok(_) => {
                std::fs::remove_file(&path)?;
                symlink(&target, &path)?;
                changed = true;
            }
            // Something of somebody.
            Err(_) if path.symlink_metadata().is_ok() => {}
            Err(_) => {
                symlink(&target, &path)?;
                changed = true;
            }
        }
    }
    changed |= remove(&top, &name, |link| !wanted.iter().any(|(n, _)| n == link))?;
    Ok(changed)
}

/// Takes the links away, and their folder, unless somebody put something there.
pub(crate) fn take_out(folder: &Path) -> io::Result<bool> {
    let Some((top, name)) = place(folder) else {
        return Ok(false);
    };
    let removed = remove(&top, &name, |_| true)?;
    let _ = std::fs::remove_dir(top);
    Ok(removed)
}

/// The kept hooks that are not run under their own names.
pub(crate) fn nameless<'m>(folder: &Path, manifest: &'m Manifest) -> Vec<&'m str> {
    let mut all = kept(folder, manifest);
    all.retain(|hook| conf::under_own_name(folder, hook, kept_name(hook).as_ref()).is_none());
    all
}

fn kept<'m>(folder: &Path, manifest: &'m Manifest) -> Vec<&'m str> {
    let stands = |hook: &&String| folder.join(kept_name(hook)).symlink_metadata().is_ok();
    let kept = manifest.kept.iter().filter(stands);
    kept.map(String::as_str).collect()
}

/// The folder of the links, and the name of the hooks' own.
fn place(folder: &Path) -> Option<(PathBuf, OsString)> {
    let name = folder.file_name()?.to_owned();
    Some((conf::as_it_was(folder)?, name))
}

/// Removes those of our links in `top` that `goes` names; whether there were any.
fn remove(top: &Path, name: &OsString, goes: impl Fn(&OsString) -> bool) -> io::Result<bool> {
    let mut removed = false;
    let entries = match std::fs::read_dir(top) {
        Ok(entries) => entries,
        Err(e) if e.kind() == io::ErrorKind::NotFound => return Ok(false),
        Err(e) => return Err(e),
    };
    for entry in entries {
        let entry = entry?;
        let ours = std::fs::read_link(entry.path())
            .is_ok_and(|target| target.starts_with(Path::new("..").join(name)));
        if ours && goes(&entry.file_name()) {
            std::fs::remove_file(entry.path())?;
            removed = true;
        }
    }
    Ok(removed)
}
