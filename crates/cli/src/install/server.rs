//! A server's side: one bare repository, or every one below a folder.
//!
//! A daemon is expected there, and the hook is told where: it looks at nothing else (contract
//! 4.2). All repositories are looked at before the first is changed.

use std::ffi::OsStr;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use lychgate_client::locate;

use super::conf::Wanted;
use super::folder::{self, Placement};
use super::{SERVER_HOOKS, report};
use crate::args;
use crate::ask_git::{Git, HooksPath, Layout};
use crate::failure::{Failure, Kind};
use crate::page::shell_word;
use crate::surroundings::Surroundings;

/// Gates every repository of `folder`.
pub(crate) fn install(
    around: &Surroundings,
    folder: &Path,
    program: &Path,
    wanted: &args::Install,
) -> Result<Vec<String>, Failure> {
    let wanted = Wanted::Server {
        socket: wanted.socket.as_ref().map(|named| around.cwd().join(named)),
        usual: usual_socket(around),
        daemon_uids: wanted.daemon_uid.clone(),
        own: around.uid(),
    };
    let (found, passed) = apart(repositories(folder)?);
    let layouts = found
        .iter()
        .map(|path| {
            let layout = fit(around, path, program)?;
            let settled = wanted.settle(&layout.hooks, around.program())?;
            Ok((layout, settled))
        })
        .collect::<Result<Vec<_>, Failure>>()?;
    let mut said = not_bare(folder, &passed);
    let mut sockets = Vec::new();
    for (layout, settled) in layouts {
        let done = folder::put(&Placement {
            folder: &layout.hooks,
            hooks: &SERVER_HOOKS,
            program,
            conf: &settled.text,
            conf_mode: settled.mode,
            changes: &settled.changes,
            in_front_of: None,
            behind: None,
            config_scope: None,
            config_created: false,
        })?;
        if done.is_empty() {
            said.push(format!("{} holds the gate already", layout.hooks.display()));
        } else {
            said.push(format!("in {}:", layout.hooks.display()));
            said.extend(done.into_iter().map(|line| format!("  {line}")));
        }
        sockets.extend(settled.socket);
    }
    sockets.sort();
    sockets.dedup();
    for socket in sockets {
        said.push(format!("the daemon is expected at {}", socket.display()));
    }
    Ok(said)
}

/// Bare repositories, and those of work trees among them; where there are no others, all.
pub(crate) fn apart(found: Vec<PathBuf>) -> (Vec<PathBuf>, Vec<PathBuf>) {
    let of_a_work_tree = |path: &PathBuf| path.file_name() == Some(OsStr::new(".git"));
    if found.iter().all(of_a_work_tree) {
        return (found, Vec::new());
    }
    found.into_iter().partition(|path| !of_a_work_tree(path))
}

/// What is said of repositories of `folder` that were passed over: each by its name when they are
/// few, and else how many, the first of them, and what lists them all.
pub(crate) fn not_bare(folder: &Path, passed: &[PathBuf]) -> Vec<String> {
    const FEW: usize = 3;
    let named = |path: &PathBuf| {
        let top = path.parent().unwrap_or(path);
        let below = top.strip_prefix(folder).unwrap_or(top);
        below.display().to_string()
    };
    let shown: Vec<String> = passed.iter().take(FEW).map(named).collect();
    if passed.len() <= FEW {
        let told = |top| format!("passed over {top}: it has a work tree, and no gate of a server");
        return shown.into_iter().map(told).collect();
    }
    let mut said = vec![format!(
        "passed over {} repositories with a work tree: no gate of a server is theirs",
        passed.len()
    )];
    said.extend(shown.into_iter().map(|top| format!("  {top}")));
    let rest = passed.len() - FEW;
    said.push(format!("  and {rest} more; all of them:"));
    said.push(format!("  find {} -name .git -prune", shell_word(folder)));
    said
}

/// Takes the gate out of every repository of `folder`.
pub(crate) fn uninstall(folder: &Path) -> Result<Vec<String>, Failure> {
    let mut said = Vec::new();
    for path in repositories(folder)? {
        let Some(layout) = Git::of_any_owner(&path).layout()? else {
            continue;
        };
        if let Some(taken) = folder::take_out(&layout.hooks)? {
            said.push(format!("in {}:", layout.hooks.display()));
            let lines = report(taken, &layout.hooks)?;
            said.extend(lines.into_iter().map(|line| format!("  {line}")));
        }
    }
    if said.is_empty() {
        said.push(format!("nothing is installed in {}", folder.display()));
    }
    Ok(said)
}

/// The repositories that `folder` is or holds, in order; links are not followed.
pub(crate) fn repositories(folder: &Path) -> Result<Vec<PathBuf>, Failure> {
    if !folder.exists() {
        let what = format!("nothing was changed: there is no {}", folder.display());
        return Err(Failure::new(Kind::Usage, what));
    }
    if is_repository(folder) {
        return Ok(vec![folder.to_path_buf()]);
    }
    let dot_git = folder.join(".git");
    if is_repository(&dot_git) {
        return Ok(vec![dot_git]);
    }
    let mut found = Vec::new();
    let mut walk = walkdir::WalkDir::new(folder)
        .follow_root_links(true)
        .sort_by_file_name()
        .into_iter();
    while let Some(entry) = walk.next() {
        let entry = entry.map_err(|e| {
            let what = format!(
                "nothing was changed: cannot look through {}",
                folder.display()
            );
            Failure::new(Kind::Incomplete, what).because(&e)
        })?;
        if entry.file_type().is_dir() && is_repository(entry.path()) {
            found.push(entry.path().to_path_buf());
            walk.skip_current_dir();
        }
    }
    if found.is_empty() {
        let what = format!(
            "nothing was changed: no repository is in {}",
            folder.display()
        );
        return Err(Failure::new(Kind::Usage, what)
            .hint("A repository is a folder with HEAD, objects and refs in it."));
    }
    Ok(found)
}

fn is_repository(path: &Path) -> bool {
    path.join("HEAD").symlink_metadata().is_ok()
        && path.join("objects").is_dir()
        && path.join("refs").is_dir()
}

/// Where `path` keeps its hooks, if the gate may and can stand there.
fn fit(around: &Surroundings, path: &Path, program: &Path) -> Result<Layout, Failure> {
    let refused = |why: String| {
        Failure::new(
            Kind::Refused,
            format!("nothing was installed: {}: {why}", path.display()),
        )
    };
    let git = Git::of_any_owner(path);
    let Some(layout) = git.layout()? else {
        return Err(refused("git does not take it for a repository".into()));
    };
    if !layout.bare {
        return Err(refused(
            "it has a work tree, and a server's hooks are for bare repositories".into(),
        )
        .hint("Its own hooks: lychgate install. Pushes go into a bare one: git clone --bare"));
    }
    let repository_owner = owner(path).unwrap_or(0);
    if around.uid() != 0 && around.uid() != repository_owner {
        return Err(refused(format!("it belongs to user {repository_owner}"))
            .hint("Install as root or as the owner of the repository."));
    }
    if git.hooks_path()?.is_some_and(|set| leaves(&set, &layout)) {
        let named = layout.hooks.display();
        let here = shell_word(path);
        return Err(
            refused(format!("its core.hooksPath leaves the repository: {named}"))
                .hint(format!("git -C {here} config --unset-all core.hooksPath")),
        );
    }
    if folder::everybody_writes(&layout.hooks) {
        let hooks = layout.hooks.display();
        return Err(refused(format!(
            "everybody may write {hooks}, and so replace the gate"
        ))
        .hint(format!("chmod o-w {}", shell_word(&layout.hooks))));
    }
    if let Some(closed) = closed_to(program, repository_owner) {
        return Err(refused(format!(
            "its owner, user {repository_owner}, cannot run {}: {} is closed to others",
            program.display(),
            closed.display()
        ))
        .hint("./install.sh --prefix /usr/local"));
    }
    Ok(layout)
}

/// Whether the repository's own configuration puts its hooks elsewhere: whoever may write that
/// must not choose where root writes.
pub(crate) fn leaves(set: &HooksPath, layout: &Layout) -> bool {
    let of_the_repository = set.scope == "local" || set.scope == "worktree";
    of_the_repository && !layout.hooks.starts_with(&layout.git_dir)
}

/// The first folder on the way to `program` that `uid` cannot pass.
pub(crate) fn closed_to(program: &Path, uid: u32) -> Option<PathBuf> {
    if uid == 0 {
        return None;
    }
    let mut way: Vec<&Path> = program.ancestors().collect();
    way.reverse();
    let closed = |path: &&Path| {
        std::fs::metadata(path).is_ok_and(|m| {
            let bit = if m.uid() == uid { 0o100 } else { 0o001 };
            m.mode() & bit == 0
        })
    };
    way.into_iter().find(closed).map(Path::to_path_buf)
}

fn usual_socket(around: &Surroundings) -> Option<PathBuf> {
    let system = Path::new(locate::SYSTEM_SOCKET);
    if around.variable("LYCHGATE_SOCKET").is_none() && system.symlink_metadata().is_ok() {
        return Some(system.to_path_buf());
    }
    around.folders().socket(None).ok()
}

fn owner(path: &Path) -> Option<u32> {
    std::fs::symlink_metadata(path).ok().map(|m| m.uid())
}
