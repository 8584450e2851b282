//! Who judges: the daemon that listens, or this process.

use std::path::Path;
use std::sync::Arc;

use lychgate_client::conf;
use lychgate_git::Repository;
use lychgate_judge::{Cache, Context, Engine, ORGANISATION, Session, Sources, State};
use lychgate_model::Problem;
use lychgate_wire::frame::caps;

use super::memory::MemoryLink;
use super::timed::Judge;
use crate::ask_git::Git;
use crate::daemon::{Place, Reached, Unheard, hear};
use crate::failure::{Failure, Kind};
use crate::surroundings::Surroundings;

/// Why this process judges while a daemon listens.
pub(crate) const SILENT: &str = "the daemon does not answer (lychgate doctor)";
/// One process judges one question: the cache only spares what stands in it twice.
const CACHE: usize = 8 << 20;
/// More threads than this only wait for the one that enumerates.
const THREADS: usize = 16;

/// What a judge is chosen by.
#[derive(Clone, Copy)]
pub(crate) struct Bench<'a> {
    /// The process.
    pub(crate) around: &'a Surroundings,
    /// The repository, whose hooks may have been installed to insist on a daemon.
    pub(crate) repository: Option<&'a Repository>,
    /// `--in-process`.
    pub(crate) in_process: bool,
}

impl Bench<'_> {
    /// The daemon when one listens, else this process where that is allowed; and why it is not
    /// one that listens.
    pub(crate) fn judge(&self) -> Result<(Judge, Option<&'static str>), Failure> {
        if self.in_process {
            return Ok((self.in_process()?, None));
        }
        match self.reach() {
            Some(Reached::Answers(link)) => Ok((Judge::Daemon(link), None)),
            Some(Reached::Silent) => Ok((self.instead()?, Some(SILENT))),
            _ => Ok((self.instead()?, None)),
        }
    }

    /// This process, where the hooks do not insist on a daemon.
    pub(crate) fn instead(&self) -> Result<Judge, Failure> {
        if !self.insists_on_daemon()? {
            return self.in_process();
        }
        let what = "not checked: no daemon answers, and the hooks here insist on one";
        Err(Failure::new(Kind::Unavailable, what)
            .hint("lychgate daemon start, or lychgate check --in-process"))
    }

    /// A session in this process.
    pub(crate) fn in_process(&self) -> Result<Judge, Failure> {
        let link = MemoryLink::new(session(self.around)?, threads());
        Ok(Judge::Here(Box::new(link)))
    }

    /// The daemon the hooks of this repository would ask.
    fn reach(&self) -> Option<Reached> {
        // Where the hooks usually are; asking git would cost more than the check.
        let hooks = self.repository.map(|r| r.common_dir().join("hooks"));
        let conf = hooks.and_then(|hooks| conf::read(&hooks, &[self.around.uid()]).ok().flatten());
        let place = Place::of_client(self.around, conf.as_ref()).ok()?;
        Some(place.reach())
    }

    /// Why a daemon that listens is not asked: it does not judge by the file `LYCHGATE_CONFIG`
    /// names here. It knows only what it was started with.
    pub(crate) fn passes_over_daemon(&self) -> Result<Option<&'static str>, Failure> {
        if self.in_process || self.around.extra_config().is_none() {
            return Ok(None);
        }
        let engine = engine(self.around, "not checked")?;
        let Some(Reached::Answers(mut link)) = self.reach() else {
            return Ok(None);
        };
        // One that does not even say what it judges by is asked no more than this.
        let status = match hear(&mut link, caps::STATUS) {
            Ok(status) => status,
            Err(Unheard::Silent) => return Ok(Some(SILENT)),
            Err(Unheard::Failed(_)) => Vec::new(),
        };
        let same = differs(&engine, &status) == Differs::No;
        Ok((!same).then_some("the daemon was started without LYCHGATE_CONFIG"))
    }

    fn insists_on_daemon(&self) -> Result<bool, Failure> {
        if self.repository.is_none() {
            return Ok(false);
        }
        let Some(layout) = Git::at(self.around.cwd()).layout()? else {
            return Ok(false);
        };
        let read = conf::read(&layout.hooks, &[self.around.uid()]);
        Ok(read.is_ok_and(|conf| {
            conf.is_some_and(|conf| conf.unavailable != conf::Unavailable::InProcess)
        }))
    }
}

/// Scanning threads of a question put by hand.
pub(crate) fn threads() -> usize {
    std::thread::available_parallelism()
        .map_or(1, usize::from)
        .min(THREADS)
}

/// The engine of this process: the organisation's file and what `LYCHGATE_CONFIG` adds. `not`
/// says what did not happen without one.
pub(crate) fn engine(around: &Surroundings, not: &str) -> Result<Engine, Failure> {
    loaded(around)
        .map_err(|problems| unusable(&format!("{not}: rules or policy cannot be used"), &problems))
}

/// The same, or every problem.
pub(crate) fn loaded(around: &Surroundings) -> Result<Engine, Vec<Problem>> {
    let added: Vec<_> = around.extra_config().into_iter().collect();
    Sources::read(Some(Path::new(ORGANISATION)), &added).and_then(|sources| Engine::load(&sources))
}

/// Whether a daemon judges by other rules or another policy.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Differs {
    /// By the same.
    No,
    /// By others.
    Yes,
    /// It does not say.
    Unknown,
}

/// Compares `engine` with what a daemon says of itself.
pub(crate) fn differs(engine: &Engine, status: &[String]) -> Differs {
    let says = |key: &str| status.iter().find_map(|line| line.strip_prefix(key));
    match (says("rule-set: "), says("policy: ")) {
        (Some(rules), Some(policy)) => {
            let same = rules == engine.rule_set().to_string();
            match same && policy == engine.policy().to_string() {
                true => Differs::No,
                false => Differs::Yes,
            }
        }
        _ => Differs::Unknown,
    }
}

/// A failure that lists every problem.
pub(crate) fn unusable(what: &str, problems: &[Problem]) -> Failure {
    let lines: Vec<String> = problems.iter().map(ToString::to_string).collect();
    Failure::new(Kind::Refused, what).listing(lines.join("\n"))
}

/// A session in this process. Its request id is empty: the answer is the daemon's byte for byte.
pub(crate) fn session(around: &Surroundings) -> Result<Session, Failure> {
    Ok(session_with(around, engine(around, "not checked")?))
}

/// The same, judging with `engine`.
pub(crate) fn session_with(around: &Surroundings, engine: Engine) -> Session {
    let state = State::open(around.folders().state_folder().as_deref());
    if let Some(reports) = state.reports() {
        lychgate_judge::prune_reports(&reports, std::time::SystemTime::now());
    }
    let context = Context {
        peer: around.uid(),
        today: crate::today::utc(),
        request: String::new(),
        build: env!("CARGO_PKG_VERSION").to_owned(),
        capabilities: 0,
    };
    Session::new(
        Arc::new(engine),
        Arc::new(Cache::new(CACHE)),
        Arc::new(state),
        context,
    )
}
