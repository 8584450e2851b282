//! `lychgate install` and `uninstall`: the gate goes into the hooks folder that git would use, and
//! comes out of it without a trace.
//!
//! Never touches the work tree. A folder inside it, or one a repository's configuration shares
//! with others, gets a folder of ours put in front of it. A hook manager's folder is left alone,
//! since the manager would write it anew.

pub(crate) mod client;
pub(crate) mod conf;
pub(crate) mod folder;
pub(crate) mod manager;
pub(crate) mod manifest;
pub(crate) mod named;
pub(crate) mod server;
pub(crate) mod shim;

use std::path::{Path, PathBuf};

use lychgate_model::Hook;

use crate::args;
use crate::failure::{Failure, Kind};
use crate::page;
use crate::surroundings::Surroundings;

/// The hooks of a developer's repository.
pub(crate) const CLIENT_HOOKS: [Hook; 4] = [
    Hook::PreCommit,
    Hook::PreMergeCommit,
    Hook::CommitMsg,
    Hook::PrePush,
];
/// The hooks of a repository that takes pushes.
pub(crate) const SERVER_HOOKS: [Hook; 1] = [Hook::PreReceive];

/// Installs; gives the lines to print.
pub(crate) fn install(
    around: &Surroundings,
    wanted: &args::Install,
) -> Result<Vec<String>, Failure> {
    let program = hook_program(around)?;
    if let Some(folder) = &wanted.target.server {
        return server::install(around, &around.cwd().join(folder), &program, wanted);
    }
    let socket = wanted.socket.as_ref().map(|s| around.cwd().join(s));
    let conf = conf::Wanted::Client {
        socket,
        unavailable: wanted.unavailable,
    };
    if wanted.target.global {
        client::install_global(around, &program, &conf)
    } else {
        client::install(around, &program, &conf)
    }
}

/// Takes out; gives the lines to print.
pub(crate) fn uninstall(
    around: &Surroundings,
    target: &args::Target,
) -> Result<Vec<String>, Failure> {
    if let Some(folder) = &target.server {
        server::uninstall(&around.cwd().join(folder))
    } else if target.global {
        client::uninstall_global(around)
    } else {
        client::uninstall(around)
    }
}

/// The hook binary of this installation.
pub(crate) fn hook_program(around: &Surroundings) -> Result<PathBuf, Failure> {
    let program = around.beside(folder::PROGRAM);
    if program.is_file() && !folder::is_executable(&program) {
        let at = program.display();
        let what = format!("nothing was installed: {at} is not executable");
        return Err(Failure::new(Kind::Incomplete, what)
            .hint(format!("chmod +x {}", page::shell_word(&program))));
    }
    if !folder::is_executable(&program) {
        let what = format!("nothing was installed: there is no {}", program.display());
        return Err(Failure::new(Kind::Incomplete, what)
            .hint("Install all three binaries into one folder: ./install.sh"));
    }
    if program.to_str().is_none_or(|p| p.contains('\n')) {
        let what = "nothing was installed: the folder of the binaries has a name that is not text";
        return Err(Failure::new(Kind::Incomplete, what));
    }
    Ok(program)
}

/// The lines of what was taken out, or a failure naming what could not be put back.
fn report(taken: folder::Taken, folder: &Path) -> Result<Vec<String>, Failure> {
    if taken.left.is_empty() {
        return Ok(taken.said);
    }
    let what = format!("not everything in {} was put back", folder.display());
    Err(Failure::new(Kind::Refused, what).hint(taken.left.join("\n")))
}
