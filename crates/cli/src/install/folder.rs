//! The mechanics of one hooks folder: put the gate in, take it out.
//!
//! No moment without a hook: what stood there gets a second name first, and ours takes its place
//! in one rename. Running it twice changes nothing the second time. Only a link whose target is
//! called `lychgate-hook` is ours; everything else belongs to somebody and is kept.

use std::ffi::OsStr;
use std::io;
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt, symlink};
use std::path::{Path, PathBuf};

use lychgate_client::conf;
use lychgate_model::Hook;

use super::manifest::{self, Manifest, kept_name};
use super::{named, shim};
use crate::failure::{Failure, Kind};

/// The hook's own configuration, beside it.
pub(crate) const CONF: &str = "lychgate.conf";
/// The program the links lead to.
pub(crate) const PROGRAM: &str = "lychgate-hook";

/// What is to stand in a folder.
pub(crate) struct Placement<'a> {
    /// The folder, absolute.
    pub(crate) folder: &'a Path,
    /// Which hooks are gated.
    pub(crate) hooks: &'a [Hook],
    /// `lychgate-hook`, absolute.
    pub(crate) program: &'a Path,
    /// `lychgate.conf` without its `chained` line.
    pub(crate) conf: &'a str,
    /// The mode of that file.
    pub(crate) conf_mode: u32,
    /// What it says otherwise than before, a line each.
    pub(crate) changes: &'a [String],
    /// The folder is ours and stands in front of another one, whose hooks it calls.
    pub(crate) in_front_of: Option<&'a shim::Behind>,
    /// That other folder on disk, where it is the same for every repository.
    pub(crate) behind: Option<&'a Path>,
    /// The scope `core.hooksPath` is set in.
    pub(crate) config_scope: Option<&'a str>,
    /// Whether setting it makes the configuration file.
    pub(crate) config_created: bool,
}

/// What stands under a hook's name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Standing {
    /// Nothing.
    Nothing,
    /// A link to a `lychgate-hook`.
    Ours,
    /// Anything else.
    Foreign,
}

/// What stands at `path`.
pub(crate) fn standing(path: &Path) -> io::Result<Standing> {
    match std::fs::symlink_metadata(path) {
        Err(e) if e.kind() == io::ErrorKind::NotFound => Ok(Standing::Nothing),
        Err(e) => Err(e),
        Ok(meta) if !meta.file_type().is_symlink() => Ok(Standing::Foreign),
        Ok(_) => {
            let target = std::fs::read_link(path)?;
            let ours = target.file_name() == Some(OsStr::new(PROGRAM));
            Ok(if ours {
                Standing::Ours
            } else {
                Standing::Foreign
            })
        }
    }
}

/// Puts the gate in; says line by line what was done. Nothing is said when nothing changed.
pub(crate) fn put(wanted: &Placement<'_>) -> Result<Vec<String>, Failure> {
    let folder = wanted.folder;
    let before = Manifest::read(folder)?;
    let missing = !folder.exists();
    let mut after = before.clone().unwrap_or_default();
    after.folder_created |= missing;
    if missing {
        let above = folder.ancestors().skip(1).take_while(|a| !a.exists());
        after.above = above.count().min(manifest::ABOVE);
    }
    if wanted.config_scope.is_some() {
        after.config_scope = wanted.config_scope.map(str::to_owned);
    }
    after.config_created |= wanted.config_created;
    let mut to_keep = Vec::new();
    // Whether the gate stands here already, whatever was lost of it.
    let mut there = before.is_some();
    for hook in wanted.hooks.iter().map(|h| h.name()) {
        let (path, kept) = (folder.join(hook), folder.join(kept_name(hook)));
        let found = standing(&path).map_err(|e| not_done("look at", &path, &e))?;
        there |= found == Standing::Ours;
        if found == Standing::Foreign {
            if is_folder(&path) {
                return Err(in_the_way(hook, &path));
            }
            if std::fs::symlink_metadata(&kept).is_ok() {
                return Err(twice(hook, folder));
            }
            to_keep.push(hook);
            remember(&mut after.kept, hook);
        } else if before.is_none() && was_kept(&kept) {
            // The manifest was lost; what it told of stands here all the same.
            remember(&mut after.kept, hook);
        }
        remember(&mut after.hooks, hook);
    }
    let shims = wanted
        .in_front_of
        .map(|front| shim::all(front, wanted.behind, wanted.hooks));
    for (name, _) in shims.iter().flatten() {
        remember(&mut after.shims, name);
    }

    std::fs::create_dir_all(folder).map_err(|e| nothing_done("create", folder, &e))?;
    // Asked beforehand, so that nothing is changed when not everything can be.
    rustix::fs::access(
        folder,
        rustix::fs::Access::WRITE_OK | rustix::fs::Access::EXEC_OK,
    )
    .map_err(|e| nothing_done("write in", folder, &e.into()))?;
    let mut said = Vec::new();
    if before.as_ref() != Some(&after) {
        let lost = before.is_none() && there;
        write(&folder.join(manifest::NAME), &after.text(), 0o644)?;
        if lost {
            said.push(format!("{} was gone: written again", manifest::NAME));
        }
    }
    for (name, text) in shims.iter().flatten() {
        let known = before.as_ref().is_none_or(|b| b.shims.contains(name));
        if !known {
            said.push(format!("{name} is passed on from now"));
        }
        let wrote = write(&folder.join(name), text, 0o755)?;
        if wrote && known && there {
            said.push(format!("{name} was not as it was written: written again"));
        }
    }
    let path = folder.join(CONF);
    let lost = path.symlink_metadata().is_err();
    let text = conf_with_chain(wanted, &after, &to_keep);
    if write(&path, &text, wanted.conf_mode)? && there && wanted.changes.is_empty() {
        said.push(match lost {
            true => format!("{CONF} was gone: written again, as at a first installation"),
            false => format!("{CONF} was not as it was written: written again"),
        });
    }
    said.extend_from_slice(wanted.changes);
    for hook in wanted.hooks.iter().map(|h| h.name()) {
        let path = folder.join(hook);
        if std::fs::read_link(&path).is_ok_and(|target| target == wanted.program) {
            continue;
        }
        if to_keep.contains(&hook) {
            keep(&path, &folder.join(kept_name(hook)))?;
            said.push(format!("kept the previous {hook} as {}", kept_name(hook)));
        }
        link(wanted.program, &path)?;
        said.push(format!("installed {hook}"));
    }
    said.extend(named(folder, &after));
    Ok(said)
}

/// Gives what is kept its names back; a line where that was not so, or is not possible.
fn named(folder: &Path, manifest: &Manifest) -> Option<String> {
    let place = conf::as_it_was(folder)?;
    let place = place.display();
    match named::put(folder, manifest) {
        Ok(false) => None,
        Ok(true) => Some(format!("what was kept is run by its own name, in {place}")),
        Err(error) => Some(format!(
            "what was kept is not run by its own name: cannot write {place}: {error}"
        )),
    }
}

/// Whether a hook of somebody is kept at `path`, and not a shim of ours.
fn was_kept(path: &Path) -> bool {
    std::fs::symlink_metadata(path).is_ok()
        && !std::fs::read_to_string(path).is_ok_and(|text| shim::is_ours(&text))
}

/// Takes the gate out and puts back what was there; `None`: none was installed here.
/// What somebody else put in our place since is left alone and named in `Taken::left`.
pub(crate) fn take_out(folder: &Path) -> Result<Option<Taken>, Failure> {
    let Some(manifest) = Manifest::read(folder)? else {
        return Ok(None);
    };
    let mut taken = Taken {
        said: Vec::new(),
        left: Vec::new(),
    };
    for hook in &manifest.hooks {
        let (path, kept) = (folder.join(hook), folder.join(kept_name(hook)));
        let found = standing(&path).map_err(|e| not_done("look at", &path, &e))?;
        let was_kept = manifest.kept.contains(hook) && std::fs::symlink_metadata(&kept).is_ok();
        match found {
            Standing::Foreign if was_kept => taken.left.push(format!(
                "{hook} was replaced by another tool; what stood there before is {}",
                kept_name(hook)
            )),
            Standing::Foreign => {}
            _ if was_kept => {
                if is_folder(&kept) && found == Standing::Ours {
                    // A folder does not take the place of a link.
                    std::fs::remove_file(&path).map_err(|e| not_done("remove", &path, &e))?;
                }
                std::fs::rename(&kept, &path).map_err(|e| not_done("put back", &path, &e))?;
                taken.said.push(format!("put back the previous {hook}"));
            }
            Standing::Nothing => {}
            Standing::Ours => {
                std::fs::remove_file(&path).map_err(|e| not_done("remove", &path, &e))?;
                taken.said.push(format!("removed {hook}"));
            }
        }
    }
    for name in &manifest.shims {
        let path = folder.join(name);
        match std::fs::read_to_string(&path) {
            Ok(text) if shim::is_ours(&text) => remove(&path)?,
            Ok(_) => taken
                .left
                .push(format!("{name} is no longer the shim that was written")),
            Err(_) => {}
        }
    }
    let _ = named::take_out(folder);
    remove(&folder.join(CONF))?;
    if taken.left.is_empty() {
        remove(&folder.join(manifest::NAME))?;
        if manifest.folder_created {
            // One that is not empty somebody uses by now.
            let made = folder.ancestors().take(1 + manifest.above);
            for made in made {
                if std::fs::remove_dir(made).is_err() {
                    break;
                }
            }
        }
    }
    Ok(Some(taken))
}

/// What [`take_out`] did.
pub(crate) struct Taken {
    /// What was done, a line each.
    pub(crate) said: Vec<String>,
    /// What could not be put back.
    pub(crate) left: Vec<String>,
}

fn conf_with_chain(wanted: &Placement<'_>, manifest: &Manifest, to_keep: &[&str]) -> String {
    let mut chained = Vec::new();
    for hook in wanted.hooks.iter().map(|h| h.name()) {
        let kept = kept_name(hook);
        // At this moment the previous hook may still stand under its own name.
        let name = if to_keep.contains(&hook) {
            hook
        } else {
            kept.as_str()
        };
        let known = manifest.kept.iter().any(|k| k == hook) || manifest.shims.contains(&kept);
        if known && is_executable(&wanted.folder.join(name)) {
            chained.push(kept);
        }
    }
    let mut conf = wanted.conf.to_owned();
    if !chained.is_empty() {
        conf.push_str("chained = ");
        conf.push_str(&chained.join(" "));
        conf.push('\n');
    }
    conf
}

/// Whether anybody at all may put something else into the folder `path`.
pub(crate) fn everybody_writes(path: &Path) -> bool {
    std::fs::metadata(path).is_ok_and(|m| m.permissions().mode() & 0o002 != 0)
}

/// Whether git would run it: a file (through links) with an executable bit.
pub(crate) fn is_executable(path: &Path) -> bool {
    std::fs::metadata(path).is_ok_and(|m| m.is_file() && m.permissions().mode() & 0o111 != 0)
}

fn keep(path: &Path, kept: &Path) -> Result<(), Failure> {
    // A second name first, so that a hook stands there at every moment; not every file system can.
    if std::fs::hard_link(path, kept).is_err() {
        std::fs::rename(path, kept).map_err(|e| not_done("keep", path, &e))?;
    }
    Ok(())
}

fn link(program: &Path, path: &Path) -> Result<(), Failure> {
    let new = fresh_name(path);
    let _ = std::fs::remove_file(&new);
    symlink(program, &new)
        .and_then(|()| std::fs::rename(&new, path))
        .map_err(|e| not_done("install", path, &e))
}

/// Writes a file whole or not at all; leaves one that is right already. Whether it wrote.
pub(crate) fn write(path: &Path, text: &str, mode: u32) -> Result<bool, Failure> {
    let same_mode = std::fs::symlink_metadata(path)
        .is_ok_and(|m| m.is_file() && m.permissions().mode() & 0o7777 == mode);
    if same_mode && std::fs::read(path).is_ok_and(|now| now == text.as_bytes()) {
        return Ok(false);
    }
    let new = fresh_name(path);
    let written = || -> io::Result<()> {
        let _ = std::fs::remove_file(&new);
        let mut file = std::fs::OpenOptions::new()
            .write(true)
            .create_new(true)
            .mode(mode)
            .open(&new)?;
        io::Write::write_all(&mut file, text.as_bytes())?;
        file.set_permissions(std::fs::Permissions::from_mode(mode))?;
        file.sync_all()?;
        std::fs::rename(&new, path)
    };
    written().map(|()| true).map_err(|e| {
        let _ = std::fs::remove_file(&new);
        not_done("write", path, &e)
    })
}

fn remove(path: &Path) -> Result<(), Failure> {
    match std::fs::remove_file(path) {
        Err(e) if e.kind() != io::ErrorKind::NotFound => Err(not_done("remove", path, &e)),
        _ => Ok(()),
    }
}

fn fresh_name(path: &Path) -> PathBuf {
    let mut name = std::ffi::OsString::from(".");
    name.push(path.file_name().unwrap_or_default());
    name.push(".lychgate-new");
    path.with_file_name(name)
}

fn remember(list: &mut Vec<String>, name: &str) {
    if !list.iter().any(|n| n == name) {
        list.push(name.to_owned());
    }
}

fn not_done(act: &str, path: &Path, error: &io::Error) -> Failure {
    failed(format!("cannot {act} {}", path.display()), error)
}

fn nothing_done(act: &str, path: &Path, error: &io::Error) -> Failure {
    let what = format!("nothing was installed: cannot {act} {}", path.display());
    failed(what, error)
}

fn failed(what: String, error: &io::Error) -> Failure {
    let failure = Failure::new(Kind::Incomplete, what).because(error);
    if error.kind() == io::ErrorKind::PermissionDenied {
        return failure.hint("Run it as the user who owns that folder.");
    }
    failure
}

fn is_folder(path: &Path) -> bool {
    path.symlink_metadata().is_ok_and(|m| m.is_dir())
}

fn in_the_way(hook: &str, path: &Path) -> Failure {
    let at = path.display();
    let what = format!("nothing was changed: {at} is a folder, and git runs no hook there");
    Failure::new(Kind::Refused, what).hint(format!(
        "Move it to a name that is not {hook}, then install again."
    ))
}

fn twice(hook: &str, folder: &Path) -> Failure {
    let kept = kept_name(hook);
    let what = format!(
        "nothing was changed: {hook} and {kept} both stand in {}",
        folder.display()
    );
    Failure::new(Kind::Refused, what).hint(format!(
        "Merge the two into one {hook}, remove {kept}, then install again."
    ))
}
