//! A developer's side: one repository, or all of one user's.

use std::path::{Path, PathBuf};

use super::conf::Wanted;
use super::folder::{self, Placement};
use super::manager::Manager;
use super::manifest::Manifest;
use super::shim::{self, Behind};
use super::{CLIENT_HOOKS, report};
use crate::ask_git::{Git, HooksPath, Layout};
use crate::failure::{Failure, Kind};
use crate::surroundings::Surroundings;

/// Gates the repository of the working folder.
pub(crate) fn install(
    around: &Surroundings,
    program: &Path,
    conf: &Wanted,
) -> Result<Vec<String>, Failure> {
    let git = Git::at(around.cwd());
    let layout = repository(&git, "nothing was installed")?;
    if layout.bare {
        return Err(Failure::new(
            Kind::Usage,
            "nothing was installed: as a server's, a bare repository is gated with --server; one \
             whose work tree stands elsewhere, with GIT_DIR and GIT_WORK_TREE set",
        )
        .hint("lychgate install --server ."));
    }
    let hooks_path = git.hooks_path()?;
    let hooks = &layout.hooks;
    let ours = Manifest::read(hooks)?;
    if ours.is_none() {
        if let Some(set) = &hooks_path
            && let Some(what) = set.off()
        {
            return Err(off(what).hint(set.unset()));
        }
        if let Some(manager) = Manager::of(hooks) {
            return Err(managed(manager, hooks));
        }
        if hooks.exists() && !hooks.is_dir() {
            return Err(not_a_folder(hooks));
        }
    }
    let placed = |folder: &Path, behind: Option<&Behind>, scope: Option<&str>| {
        let settled = conf.settle(folder, around.program())?;
        let said = folder::put(&Placement {
            folder,
            hooks: &CLIENT_HOOKS,
            program,
            conf: &settled.text,
            conf_mode: settled.mode,
            changes: &settled.changes,
            in_front_of: behind,
            behind: match behind {
                Some(Behind::Folder(path)) => Some(layout.top.join(path)),
                _ => None,
            }
            .as_deref(),
            config_scope: scope,
            config_created: false,
        })?;
        Ok::<_, Failure>(titled(said, folder))
    };
    if ours.is_some() {
        if global_folder(around).as_ref() == Some(hooks) {
            let held = "the gate of all your repositories serves this one too:";
            return Ok(vec![held.to_owned(), format!("  {}", hooks.display())]);
        }
        // A hook may have come since to the folder behind.
        return placed(hooks, shim::behind(hooks).as_ref(), None);
    }
    if let Some(behind) = shim::behind(hooks) {
        // Ours, and its manifest was lost.
        let scope = hooks_path.as_ref().map(|set| set.scope.as_str());
        return placed(hooks, Some(&behind), scope);
    }
    if !is_in_work_tree(&layout, hooks) {
        let mut said = placed(hooks, None, None)?;
        if let Some(set) = hooks_path.filter(|set| set.scope == "global" || set.scope == "system") {
            said.push(format!(
                "core.hooksPath ({}) names this folder: it serves every repository",
                set.scope
            ));
        }
        return Ok(said);
    }

    // A folder in the work tree belongs to the project: ours goes in front of it.
    let set = hooks_path.ok_or_else(|| not_a_folder(hooks))?;
    let scope = if set.scope == "worktree" {
        "worktree"
    } else {
        "local"
    };
    let behind = Behind::Folder(textual(&set)?);
    let (_, folder) = own_folders(&layout, scope);
    let mut said = placed(&folder, Some(&behind), Some(scope))?;
    set_and_verify(&Git::at(&layout.top), scope, &folder)?;
    said.push(format!(
        "core.hooksPath ({scope}) names it; it calls the hooks of"
    ));
    said.push(format!("  {}", hooks.display()));
    Ok(said)
}

/// Takes the gate out of the repository of the working folder.
pub(crate) fn uninstall(around: &Surroundings) -> Result<Vec<String>, Failure> {
    let git = Git::at(around.cwd());
    let layout = repository(&git, "nothing was removed")?;
    if layout.bare {
        return super::server::uninstall(&layout.git_dir);
    }
    let global = global_folder(around);
    if global.as_deref() == Some(layout.hooks.as_path()) {
        return Err(Failure::new(
            Kind::Usage,
            "nothing was removed: the gate of this repository is that of all of yours",
        )
        .hint("lychgate uninstall --global"));
    }
    // Where it would be now, and where it may have been put before somebody moved the hooks.
    let mut folders = vec![layout.hooks.clone(), layout.common_dir.join("hooks")];
    folders.extend(["local", "worktree"].map(|scope| own_folders(&layout, scope).1));
    let mut seen: Vec<PathBuf> = Vec::new();
    let mut said = Vec::new();
    for folder in folders {
        if seen.contains(&folder) {
            continue;
        }
        if let Some(manifest) = Manifest::read(&folder)?
            && let Some(scope) = &manifest.config_scope
        {
            Git::at(&layout.top).remove_hooks_path(scope, &folder)?;
        }
        if let Some(taken) = folder::take_out(&folder)? {
            remove_if_empty(folder.parent(), &layout);
            said.extend(titled(report(taken, &folder)?, &folder));
        }
        seen.push(folder);
    }
    if said.is_empty() {
        said.push(format!(
            "nothing is installed in {}",
            layout.hooks.display()
        ));
    }
    Ok(said)
}

/// Gates every repository of this user.
pub(crate) fn install_global(
    around: &Surroundings,
    program: &Path,
    conf: &Wanted,
) -> Result<Vec<String>, Failure> {
    let git = Git::at(around.cwd());
    let own = global_folder(around).ok_or_else(homeless)?;
    let present = git
        .global_path("core.hooksPath")?
        .filter(|folder| *folder != own);
    if let Some(value) = &present {
        let (scope, origin) = ("global".to_owned(), String::new());
        let value = value.clone().into_os_string();
        let set = HooksPath {
            scope,
            origin,
            value,
        };
        if let Some(what) = set.off() {
            return Err(off(what).hint(set.unset()));
        }
    }
    let there = present.as_deref().filter(|folder| folder.is_absolute());
    if let Some(manager) = there.and_then(Manager::of) {
        return Err(managed(manager, there.unwrap_or(&own)));
    }
    let folder = there.unwrap_or(&own);
    let settled = conf.settle(folder, around.program())?;
    let mut placement = Placement {
        folder,
        hooks: &CLIENT_HOOKS,
        program,
        conf: &settled.text,
        conf_mode: settled.mode,
        changes: &settled.changes,
        in_front_of: None,
        behind: None,
        config_scope: None,
        config_created: false,
    };
    let put = |placement: &Placement<'_>| {
        let said = folder::put(placement)?;
        Ok::<_, Failure>(titled(said, folder))
    };
    if there.is_some() {
        let mut said = put(&placement)?;
        said.push("core.hooksPath (global) named that folder already".into());
        return Ok(said);
    }
    let before = Manifest::read(&own)?;
    let behind = present.clone().map_or(Behind::Repository, Behind::Folder);
    // A second time, the shims that are there know what stands behind.
    if before.is_none() || !matches!(behind, Behind::Repository) {
        placement.in_front_of = Some(&behind);
    }
    placement.config_scope = Some("global");
    placement.config_created = global_config(around).is_some_and(|file| !file.exists());
    let mut said = put(&placement)?;
    let unset = git.global_path("core.hooksPath")?.as_deref() != Some(own.as_path());
    if unset {
        git.add_hooks_path("global", &own)?;
        said.push("core.hooksPath (global) names it; a repository's own hooks still run".into());
    }
    Ok(said)
}

/// Takes the gate out of every repository of this user.
pub(crate) fn uninstall_global(around: &Surroundings) -> Result<Vec<String>, Failure> {
    let git = Git::at(around.cwd());
    let own = global_folder(around).ok_or_else(homeless)?;
    let present = git.global_path("core.hooksPath")?;
    let mut said = Vec::new();
    let others = present.filter(|p| *p != own && p.is_absolute());
    for folder in [Some(own), others].into_iter().flatten() {
        if let Some(manifest) = Manifest::read(&folder)? {
            if manifest.config_scope.is_some() {
                git.remove_hooks_path("global", &folder)?;
            }
            if manifest.config_created
                && let Some(file) = global_config(around)
                && std::fs::metadata(&file).is_ok_and(|m| m.len() == 0)
            {
                let _ = std::fs::remove_file(file);
            }
        }
        if let Some(taken) = folder::take_out(&folder)? {
            said.extend(titled(report(taken, &folder)?, &folder));
        }
    }
    if said.is_empty() {
        said.push("nothing is installed for all repositories".into());
    }
    Ok(said)
}

/// The folder that `install --global` makes.
pub(crate) fn global_folder(around: &Surroundings) -> Option<PathBuf> {
    Some(around.data()?.join("hooks"))
}

/// The parent and the folder of ours for one repository, by the scope of its configuration.
fn own_folders(layout: &Layout, scope: &str) -> (PathBuf, PathBuf) {
    let git_dir = if scope == "worktree" {
        &layout.git_dir
    } else {
        &layout.common_dir
    };
    let parent = git_dir.join("lychgate");
    let folder = parent.join("hooks");
    (parent, folder)
}

fn remove_if_empty(folder: Option<&Path>, layout: &Layout) {
    let ours = ["local", "worktree"].map(|scope| own_folders(layout, scope).0);
    if let Some(folder) = folder.filter(|f| ours.iter().any(|own| own == f)) {
        let _ = std::fs::remove_dir(folder);
    }
}

fn repository(git: &Git, what: &str) -> Result<Layout, Failure> {
    git.layout()?.ok_or_else(|| {
        Failure::new(
            Kind::Usage,
            format!("{what}: this folder is in no Git repository"),
        )
        .hint("Go to a repository, or name what you mean: --global, --server DIR.")
    })
}

fn is_in_work_tree(layout: &Layout, hooks: &Path) -> bool {
    let real = |p: &Path| nearest_real(p);
    let (hooks, top) = (real(hooks), real(&layout.top));
    let in_git = [&layout.git_dir, &layout.common_dir]
        .iter()
        .any(|d| hooks.starts_with(real(d)));
    hooks.starts_with(top) && !in_git
}

/// `path` with links resolved as far as it exists.
fn nearest_real(path: &Path) -> PathBuf {
    let mut rest = Vec::new();
    for ancestor in path.ancestors() {
        if let Ok(mut real) = std::fs::canonicalize(ancestor) {
            real.extend(rest.iter().rev());
            return real;
        }
        rest.extend(ancestor.file_name());
    }
    path.to_path_buf()
}

/// Sets `core.hooksPath` and asks git whether that is now what counts; takes it back if not.
fn set_and_verify(git: &Git, scope: &str, folder: &Path) -> Result<(), Failure> {
    let in_effect = || {
        git.hooks_path()
            .map(|set| set.is_some_and(|s| s.value == *folder))
    };
    if in_effect()? {
        return Ok(());
    }
    git.add_hooks_path(scope, folder)?;
    if in_effect()? {
        return Ok(());
    }
    git.remove_hooks_path(scope, folder)?;
    folder::take_out(folder)?;
    let by = git.hooks_path()?.map_or_else(String::new, |set| {
        format!(" ({} says {})", set.origin, set.value.to_string_lossy())
    });
    let what = format!("nothing was installed: a more specific core.hooksPath is in force{by}");
    Err(Failure::new(Kind::Refused, what).hint("Remove that line, then install again."))
}

fn titled(said: Vec<String>, folder: &Path) -> Vec<String> {
    if said.is_empty() {
        return vec![format!("{} holds the gate already", folder.display())];
    }
    let mut lines = vec![format!("in {}:", folder.display())];
    lines.extend(said.into_iter().map(|line| format!("  {line}")));
    lines
}

fn textual(set: &HooksPath) -> Result<PathBuf, Failure> {
    match set.value.to_str() {
        // Git expands these only when it reads the value as a path.
        Some(text) if !text.starts_with('~') && !text.starts_with("%(") => Ok(text.into()),
        _ => Err(Failure::new(
            Kind::Refused,
            "nothing was installed: core.hooksPath has a form that a shim cannot repeat",
        )
        .hint("Write it as a plain path.")),
    }
}

/// The file `git config --global` writes.
fn global_config(around: &Surroundings) -> Option<PathBuf> {
    if let Some(named) = around.variable("GIT_CONFIG_GLOBAL") {
        return Some(named.into());
    }
    let home = PathBuf::from(around.variable("HOME")?);
    let xdg = around
        .variable("XDG_CONFIG_HOME")
        .map_or_else(|| home.join(".config"), PathBuf::from)
        .join("git/config");
    let usual = home.join(".gitconfig");
    // The other one only when it exists and the usual one does not.
    Some(if xdg.exists() && !usual.exists() {
        xdg
    } else {
        usual
    })
}

fn homeless() -> Failure {
    Failure::new(Kind::Incomplete, "nothing was changed: there is no HOME")
        .hint("Set HOME or XDG_DATA_HOME.")
}

fn off(what: &str) -> Failure {
    let what = format!("nothing was installed: {what} turns every hook off");
    Failure::new(Kind::Refused, what)
}

fn not_a_folder(hooks: &Path) -> Failure {
    let what = format!("nothing was installed: {} is not a folder", hooks.display());
    Failure::new(Kind::Refused, what).hint("git config --show-origin --get-all core.hooksPath")
}

fn managed(manager: Manager, hooks: &Path) -> Failure {
    let what = format!(
        "nothing was installed: {} owns the hooks in {}",
        manager.name(),
        hooks.display()
    );
    Failure::new(Kind::Refused, what).hint(manager.snippet())
}
