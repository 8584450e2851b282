//! One run from beginning to end, for either side. There are two ways out: an allow the judge
//! gave (or, at a client, what was chosen for when there is none), and a code that is not 0.

use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};
use std::time::Instant;

use lychgate_client::conf::{self, Conf};
use lychgate_client::hooked::Run;
use lychgate_client::locate::Folders;
use lychgate_client::{Progress, so_far};
use lychgate_git::{Environment, Repository};
use lychgate_model::{Decision, Surface, exit, limits};

use crate::failure::{Failure, asked};
use crate::invocation::Invocation;
use crate::reach::{self, Reached};
use crate::voice::Voice;
use crate::{BUILD, chain, fallback, handed};

/// pre-commit, pre-merge-commit, commit-msg, pre-push.
pub(crate) fn client(invocation: &Invocation) -> u8 {
    told(invocation, run_client(invocation))
}

/// pre-receive, update.
pub(crate) fn server(invocation: &Invocation) -> u8 {
    told(invocation, run_server(invocation))
}

/// The code of a run; a failure is told first.
fn told(invocation: &Invocation, ended: Result<u8, Failure>) -> u8 {
    match ended {
        Ok(code) => code,
        Err(failure) => {
            let voice = Voice::new(invocation);
            voice.sentence(&failure.told(invocation.hook));
            if let Some(command) = failure.command(invocation) {
                voice.lines(&[format!("    help: {command}")]);
            }
            exit::DENY
        }
    }
}

fn run_client(invocation: &Invocation) -> Result<u8, Failure> {
    let uid = rustix::process::geteuid().as_raw();
    // Whoever owns the folder could put another hook into it.
    let owners = [uid, owner(&invocation.folder).unwrap_or(uid)];
    let conf = conf::read(&invocation.folder, &owners).map_err(Failure::Conf)?;
    let input = handed::input(invocation.hook)?;
    // It may change the index or the message, and what it leaves is judged.
    if let Some(conf) = &conf
        && let Some(code) = chain::run(invocation, conf, &input)?
    {
        return Ok(code);
    }
    lychgate_client::process::no_core_dumps();
    // What another hook needs, for its tests or its linters, is not taken from the gate's time.
    let start = Instant::now();
    let folders = Folders::new(uid, invocation.variables.iter());
    let plain = Conf::default();
    let told = conf.as_ref().unwrap_or(&plain);
    let daemon = reach::Client {
        invocation,
        conf: told,
        folders: &folders,
        voice: Voice::new(invocation),
        deadline: start + told.deadline_on(Surface::Client),
    };
    let called = daemon.socket().map(|socket| (daemon.call(&socket), socket));
    // While the daemon wakes up.
    let here = Here::open(invocation)?;
    let reached = called.and_then(|(called, socket)| daemon.hear(&socket, called));
    match reached
        .map_err(Failure::Away)
        .and_then(|reached| here.ask(invocation, &input, reached))
    {
        // There is no time left to ask anybody else, and whose fault it was nobody can say.
        Err(Failure::Away(_)) if Instant::now() >= daemon.deadline => Err(Failure::Late),
        Err(Failure::Away(away)) => {
            fallback::instead(invocation, conf.as_ref(), &folders, &input, away)?;
            Ok(exit::ALLOW)
        }
        ended => ended,
    }
}

fn run_server(invocation: &Invocation) -> Result<u8, Failure> {
    let start = Instant::now();
    lychgate_client::process::no_core_dumps();
    let uid = rustix::process::geteuid().as_raw();
    let repository = invocation
        .variable("GIT_DIR")
        .map_or(Path::new("."), Path::new);
    let owners: Vec<u32> = owner(repository).into_iter().collect();
    if open_to_all(&invocation.folder) {
        return Err(Failure::OpenFolder);
    }
    let conf = conf::read(&invocation.folder, &owners).map_err(Failure::Conf)?;
    let conf = conf.ok_or(Failure::NoConf)?;
    if conf.surface == Some(Surface::Client) {
        return Err(Failure::ClientConf);
    }
    let input = handed::input(invocation.hook)?;
    let deadline: Instant = start + conf.deadline_on(Surface::Server);
    let called = reach::call_server(&conf, uid, deadline);
    // While the daemon wakes up.
    let here = Here::open(invocation)?;
    let reached = reach::hear_server(called, deadline).map_err(Failure::Away)?;
    match here.ask(invocation, &input, reached)? {
        exit::ALLOW => Ok(chain::run(invocation, &conf, &input)?.unwrap_or(exit::ALLOW)),
        code => Ok(code),
    }
}

fn owner(path: &Path) -> Option<u32> {
    std::fs::metadata(path).ok().map(|m| m.uid())
}

/// Whether anybody can put another file in the place of the configuration, or of the hook. A group
/// that shares the repository can: `git init --shared` makes that of every folder in it.
fn open_to_all(folder: &Path) -> bool {
    const EVERYBODY_WRITES: u32 = 0o002;
    const STICKY: u32 = 0o1000;
    let about = std::fs::metadata(folder);
    about.is_ok_and(|m| m.mode() & (EVERYBODY_WRITES | STICKY) == EVERYBODY_WRITES)
}

/// The repository the hook runs for.
struct Here {
    environment: Environment,
    repository: Repository,
}

impl Here {
    fn open(invocation: &Invocation) -> Result<Self, Failure> {
        let cwd: PathBuf = std::env::current_dir().map_err(|source| Failure::Process {
            what: "there is no current folder",
            source,
        })?;
        let environment = Environment::new(cwd, invocation.variables.iter().cloned());
        let repository = Repository::open(&environment)?;
        Ok(Self {
            environment,
            repository,
        })
    }

    /// Asks the daemon, prints its lines, and gives the code of its verdict.
    fn ask(&self, invocation: &Invocation, input: &[u8], reached: Reached) -> Result<u8, Failure> {
        let Reached { mut link, greeting } = reached;
        let voice = Voice::new(invocation);
        let tell = |judged, announced| voice.sentence(&so_far(judged, announced));
        let run = Run {
            hook: invocation.hook,
            arguments: &invocation.arguments,
            stdin: input,
            environment: &self.environment,
            variables: &invocation.variables,
            build: BUILD,
            repository: &self.repository,
            progress: Some(Progress {
                tell: &tell,
                every: limits::PROGRESS,
            }),
        };
        let answered = run.ask(&mut link, &greeting)?;
        voice.lines(&answered.lines);
        if answered.answer.decision == Decision::Allow {
            return Ok(exit::ALLOW);
        }
        if answered.lines.is_empty() {
            let decision = answered.answer.decision.name();
            voice.sentence(&format!("lychgate: {} {decision}", asked(invocation.hook)));
        }
        Ok(exit::DENY)
    }
}
