//! A developer's hooks: in the folder git uses, ours, runnable, and nothing after them.

use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};

use lychgate_client::conf::{self, Conf};

use super::{Report, managed, programs};
use crate::ask_git::{Git, HooksPath, Layout};
use crate::failure::Failure;
use crate::install::CLIENT_HOOKS;
use crate::install::client::global_folder;
use crate::install::folder::{self, Standing, is_executable, standing};
use crate::install::manager::Manager;
use crate::install::manifest::{Manifest, kept_name};
use crate::install::named;
use crate::install::shim::{self, Behind, WHERE_PRESENT};
use crate::page::shell_word;
use crate::surroundings::Surroundings;

/// Looks at the hooks of one repository; gives their configuration.
pub(super) fn look(
    around: &Surroundings,
    git: &Git,
    layout: &Layout,
    report: &mut Report,
) -> Result<Option<Conf>, Failure> {
    let hooks = &layout.hooks;
    let set = git.hooks_path()?;
    let Ok(manifest) = Manifest::read(hooks) else {
        let file = hooks.join(crate::install::manifest::NAME);
        report.problem(
            format!("{} cannot be read", file.display()),
            format!("rm {} && lychgate install", shell_word(&file)),
        );
        return Ok(None);
    };
    let mut conf = None;
    match manifest {
        Some(manifest) => {
            let names: Vec<&str> = CLIENT_HOOKS.iter().map(|h| h.name()).collect();
            let before = report.problems.len();
            conf = hooks_of(hooks, &names, around.uid(), report);
            if !manifest.shims.is_empty() {
                not_passed_on(layout, report);
            }
            if report.problems.len() == before {
                report.well(format!("the gate stands in {}", hooks.display()));
            }
            later_hooks(git, report)?;
        }
        // Hooks that are off are in the folder of no manager.
        None => match Manager::of(hooks).filter(|_| !is_off(set.as_ref())) {
            Some(manager) => managed::look(manager, layout, report),
            None => absent(around, layout, set.as_ref(), report),
        },
    }
    Ok(conf)
}

fn is_off(set: Option<&HooksPath>) -> bool {
    set.is_some_and(|set| set.off().is_some())
}

/// Whether every hook of `names` is a runnable link, and the configuration beside them, which is
/// given, is good.
pub(super) fn hooks_of(
    folder: &Path,
    names: &[&str],
    owner: u32,
    report: &mut Report,
) -> Option<Conf> {
    for name in names {
        hook(folder, name, report);
    }
    open_to_all(folder, report);
    nameless(folder, report);
    match conf::read(folder, &[owner]) {
        Ok(Some(conf)) => {
            if let Some(lychgate) = conf.lychgate.as_ref().filter(|path| !is_executable(path)) {
                report.problem(
                    format!(
                        "lychgate.conf names {}, which cannot be run",
                        lychgate.display()
                    ),
                    "lychgate install",
                );
            }
            return Some(conf);
        }
        Ok(None) => report.problem(
            format!("there is no lychgate.conf in {}", folder.display()),
            "lychgate install",
        ),
        Err(error) => {
            let path = folder.join(folder::CONF);
            let mend = match error {
                conf::Error::Writable => format!("chmod go-w {}", shell_word(&path)),
                _ => format!("rm {} && lychgate install", shell_word(&path)),
            };
            report.problem(
                format!("the hooks do not read their configuration: {error}"),
                mend,
            );
        }
    }
    None
}

/// A hook that was kept and does not know which one it is may do nothing at all.
fn nameless(folder: &Path, report: &mut Report) {
    let Ok(Some(manifest)) = Manifest::read(folder) else {
        return;
    };
    for hook in named::nameless(folder, &manifest) {
        report.problem(
            format!(
                "the {hook} that stood in {} before is run as {}: one that goes by its own name \
                 takes itself for another",
                folder.display(),
                kept_name(hook)
            ),
            "lychgate install",
        );
    }
}

/// A folder that everybody may write, or that is in one, holds whatever hook anybody puts there.
fn open_to_all(folder: &Path, report: &mut Report) {
    let parent = folder
        .parent()
        .filter(|parent| parent.join("HEAD").exists());
    for path in [Some(folder), parent].into_iter().flatten() {
        if folder::everybody_writes(path) {
            report.problem(
                format!(
                    "everybody may write {}, and so replace the gate",
                    path.display()
                ),
                format!("chmod o-w {}", shell_word(path)),
            );
        }
    }
}

fn hook(folder: &Path, name: &str, report: &mut Report) {
    let path = folder.join(name);
    let at = path.display();
    match standing(&path) {
        Ok(Standing::Ours) if !path.exists() => {
            let target = std::fs::read_link(&path).unwrap_or_default();
            report.problem(
                format!("{at} leads to {}, which is not there", target.display()),
                "lychgate install",
            );
        }
        Ok(Standing::Ours) if !is_executable(&path) => {
            let target = std::fs::read_link(&path).unwrap_or_default();
            report.problem(
                format!("{at} leads to something that cannot be run"),
                format!("chmod +x {}", shell_word(&target)),
            );
        }
        Ok(Standing::Ours) => {
            if let Ok(target) = std::fs::read_link(&path) {
                programs::compare(&target, report);
            }
        }
        Ok(Standing::Nothing) => {
            report.problem(format!("{at} is gone"), "lychgate install");
        }
        Ok(Standing::Foreign) if path.is_dir() && !path.is_symlink() => report.problem(
            format!("{at} is a folder, and git runs no hook there"),
            format!(
                "mv {} {} && lychgate install",
                shell_word(&path),
                shell_word(&older(&path))
            ),
        ),
        Ok(Standing::Foreign) if folder.join(kept_name(name)).symlink_metadata().is_ok() => {
            // `install` does not choose which of the two is to run.
            let kept = folder.join(kept_name(name));
            report.problem(
                format!(
                    "{at} was replaced, and {} is no longer run: merge what you need of it into \
                     {name}, which the gate then runs first",
                    kept_name(name)
                ),
                format!(
                    "mv {} {} && lychgate install",
                    shell_word(&kept),
                    shell_word(&older(&path))
                ),
            );
        }
        Ok(Standing::Foreign) => {
            let by = Manager::of(folder).map_or("another tool", Manager::name);
            report.problem(
                format!("{at} was replaced by {by}"),
                // It keeps what stands there and runs it first.
                "lychgate install",
            );
        }
        Err(error) => report.problem(format!("cannot look at {at}: {error}"), "lychgate install"),
    }
}

/// A name beside `path` where nothing stands.
fn older(path: &Path) -> PathBuf {
    let named = |n: u32| {
        let mut name = path.file_name().unwrap_or_default().to_owned();
        name.push(".older");
        if n > 0 {
            name.push(n.to_string());
        }
        path.with_file_name(name)
    };
    let mut all = (0..).map(named);
    let free = all.find(|path| path.symlink_metadata().is_err());
    free.unwrap_or_else(|| named(0))
}

/// No gate where git looks. If there is one elsewhere, something shadows it.
fn absent(around: &Surroundings, layout: &Layout, set: Option<&HooksPath>, report: &mut Report) {
    let hooks = layout.hooks.display();
    let elsewhere = [
        Some(layout.common_dir.join("hooks")),
        Some(layout.common_dir.join("lychgate/hooks")),
        Some(layout.git_dir.join("lychgate/hooks")),
        global_folder(around),
    ];
    let gate = elsewhere
        .into_iter()
        .flatten()
        .find(|folder| matches!(Manifest::read(folder), Ok(Some(_))));
    match (gate, set) {
        (gate, Some(set)) if set.off().is_some() => {
            let what = set.off().unwrap_or_default();
            let (too, install) = match gate {
                Some(_) => (", the gate too", ""),
                None => ("", " && lychgate install"),
            };
            report.problem(
                format!(
                    "{what} ({}, {}) turns every hook off{too}",
                    set.scope, set.origin
                ),
                format!("{}{install}", set.unset()),
            );
        }
        (Some(gate), Some(set)) => {
            let value = lychgate_model::path::printable(set.value.as_encoded_bytes());
            let mend = match set.scope.as_str() {
                "command" => set.unset(),
                // It goes into the folder that counts, or in front of it.
                _ => "lychgate install".to_owned(),
            };
            report.problem(
                format!(
                    "core.hooksPath = {value} ({}, {}) shadows the gate in {}",
                    set.scope,
                    set.origin,
                    gate.display()
                ),
                mend,
            );
        }
        _ => report.problem(format!("no gate stands in {hooks}"), "lychgate install"),
    }
}

/// Hooks of configuration that git runs after the one in the folder, where this git has them.
fn later_hooks(git: &Git, report: &mut Report) -> Result<(), Failure> {
    let listed = git.configured_hooks("pre-commit")?;
    let ours = listed
        .iter()
        .rposition(|line| line.contains("hookdir") || line.contains("lychgate"));
    for later in listed.iter().skip(ours.map_or(listed.len(), |at| at + 1)) {
        report.problem(
            format!("the configured hook {later} runs after the gate and can change the index"),
            format!("git config --show-origin --get-regexp '^hook\\.{later}\\.'"),
        );
    }
    Ok(())
}

/// Hooks that came after the folder in front of them was made.
fn not_passed_on(layout: &Layout, report: &mut Report) {
    let front = &layout.hooks;
    // A folder in front of every repository's hooks must not get what one of them needs.
    let (behind, mend) = match shim::behind(front) {
        None => return,
        Some(Behind::Folder(path)) => (layout.top.join(path), "lychgate install".to_owned()),
        Some(Behind::Repository) => {
            let own = layout.common_dir.join("hooks");
            let set = format!("git config --local core.hooksPath {}", shell_word(&own));
            (own, format!("{set} && lychgate install"))
        }
    };
    for name in WHERE_PRESENT {
        let hook = behind.join(name);
        if is_executable(&hook) && !front.join(name).exists() {
            report.problem(
                format!(
                    "{} is not run: core.hooksPath stands in front of it",
                    hook.display()
                ),
                mend.clone(),
            );
        }
    }
}

/// Who owns `path`, links not followed.
pub(super) fn owner(path: &Path) -> Option<u32> {
    path.symlink_metadata().ok().map(|m| m.uid())
}
