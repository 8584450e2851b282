//! `lychgate daemon` and `lychgate status`: the daemon of this user, found where hooks find it.

use std::fs::DirBuilder;
use std::io::Read as _;
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

use lychgate_client::conf::Conf;
use lychgate_client::connect::{Outcome, connect};
use lychgate_client::locate::keeps_for_daemon;
use lychgate_client::trust::{Distrust, Trusted};
use lychgate_client::{Error, SocketLink, greet, link, told};
use lychgate_model::{exit, limits};
use lychgate_wire::frame::caps;

use self::holder::{Ended, Holder};
use crate::args::DaemonCommand;
use crate::failure::{Failure, Kind};
use crate::page;
use crate::surroundings::Surroundings;

mod holder;

const BUILD: &str = env!("CARGO_PKG_VERSION");
/// The daemon's program, beside this one.
pub(crate) const PROGRAM: &str = "lychgated";
/// Where a daemon that `daemon start` started writes its log, in the state folder.
const LOG: &str = "lychgated.log";
/// How long a started daemon may take until it answers.
const START: Duration = Duration::from_secs(10);
/// How long a daemon that lost its socket may take to see that and to end: it looks every 2 s.
const LOST: Duration = Duration::from_secs(5);
/// How often it is tried whether that one has ended.
const AGAIN: Duration = Duration::from_millis(100);
/// How long an answer to status, stop or reload may take: the daemon itself waits 30 s.
const ANSWER: Duration = Duration::from_secs(35);

/// Runs one of the verbs; gives the lines to print and the exit code.
pub(crate) fn run(
    around: &Surroundings,
    command: DaemonCommand,
) -> Result<(Vec<String>, u8), Failure> {
    match command {
        DaemonCommand::Start => start(around).map(|lines| (lines, exit::ALLOW)),
        DaemonCommand::Stop => stop(around).map(|lines| (lines, exit::ALLOW)),
        DaemonCommand::Reload => reload(around),
        DaemonCommand::Run => Err(foreground(around)),
    }
}

/// What the daemon says of itself, on lines that fit the page; a failure when none runs.
pub(crate) fn status(around: &Surroundings) -> Result<Vec<String>, Failure> {
    let lines = asked(around)?;
    Ok(lines.iter().flat_map(|line| shown(line)).collect())
}

/// A line of a status. Words that are for people go on in lines below it; what others read, paths
/// and digests among it, stays on one.
fn shown(line: &str) -> Vec<String> {
    const WORDS: [&str; 5] = ["key: ", "distrust: ", "note: ", "problem: ", "self-test: "];
    if !WORDS.iter().any(|key| line.starts_with(key)) {
        return vec![line.to_owned()];
    }
    with_help(line)
}

/// Words, and the help that is folded into them, as lines of a page.
fn with_help(text: &str) -> Vec<String> {
    let (what, help) = text.split_once(FOLDED_HELP).unwrap_or((text, ""));
    let mut page = page::wrapped(what, "", "  ");
    if !help.is_empty() {
        page += &page::advice(help, "  help: ", "    ");
    }
    page.lines().map(str::to_owned).collect()
}

fn asked(around: &Surroundings) -> Result<Vec<String>, Failure> {
    let place = Place::of_client(around, None)?;
    let socket = &place.socket;
    let what = "no status: no daemon runs";
    match place.reach() {
        Reached::Answers(mut link) => ask(&place, &mut link, caps::STATUS, "no status"),
        Reached::Silent => Err(silent("no status", place.holder().as_ref())),
        Reached::Away => {
            let what = format!("{what} at {}", socket.display());
            Err(match place.holder() {
                Some(holder) => {
                    let what = format!("{what}: {}", lost(&holder));
                    Failure::new(Kind::Unavailable, what).hint(LET_GO)
                }
                None => Failure::new(Kind::Unavailable, what)
                    .hint("A hook starts one when it needs it; so does: lychgate daemon start"),
            })
        }
        Reached::NotOurs(distrust) => Err(not_ours(what, &distrust)),
        Reached::Failed(error) => Err(Failure::new(Kind::Unavailable, what).because(&error)),
    }
}

/// What stands at the daemon's place.
pub(crate) enum Reached {
    /// A daemon that is believed.
    Answers(SocketLink),
    /// None.
    Away,
    /// One that takes no connection: its queue is full of those it never answered.
    Silent,
    /// Something that is not believed.
    NotOurs(Distrust),
    /// The system said no.
    Failed(std::io::Error),
}

/// Where a daemon is expected, and whose is believed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Place {
    /// Its socket.
    pub(crate) socket: PathBuf,
    own: u32,
    listed: Vec<u32>,
}

impl Place {
    /// Where a client's hooks look: what `conf` says, else the usual places.
    pub(crate) fn of_client(around: &Surroundings, conf: Option<&Conf>) -> Result<Self, Failure> {
        let configured = conf.and_then(|conf| conf.socket.as_deref());
        let socket = around.folders().socket(configured).map_err(|e| {
            Failure::new(Kind::Incomplete, "the daemon has no place to listen")
                .because(&e)
                .hint("Set XDG_RUNTIME_DIR, HOME or LYCHGATE_SOCKET.")
        })?;
        let listed = conf.map_or_else(Vec::new, |conf| conf.daemon_uids.clone());
        Ok(Self {
            socket,
            own: around.uid(),
            listed,
        })
    }

    /// Where a server's hook looks that runs as `owner`; `None`: `conf` names no socket.
    pub(crate) fn of_server(conf: &Conf, owner: u32) -> Option<Self> {
        let (socket, listed) = (conf.socket.clone()?, conf.daemon_uids.clone());
        Some(Self {
            socket,
            own: owner,
            listed,
        })
    }

    /// Tries to connect.
    pub(crate) fn reach(&self) -> Reached {
        let trusted = Trusted {
            own: self.own,
            listed: &self.listed,
        };
        let soon = Instant::now() + limits::COMMAND_WAIT;
        match connect(&self.socket, trusted, soon) {
            Outcome::Listening(stream) => Reached::Answers(SocketLink::new(stream, soon)),
            Outcome::Refused | Outcome::NoSocket => Reached::Away,
            Outcome::NotOurs(distrust) => Reached::NotOurs(distrust),
            Outcome::Other(error) if error.kind() == std::io::ErrorKind::TimedOut => {
                Reached::Silent
            }
            Outcome::Other(error) => Reached::Failed(error),
        }
    }

    fn holder(&self) -> Option<Holder> {
        Holder::of(&self.socket, self.own)
    }

    /// What is wrong where a daemon takes connections and says no word.
    pub(crate) fn silence(&self) -> String {
        said_nothing(self.holder().as_ref())
    }
}

/// Why a daemon that listens gave no answer.
#[derive(Debug)]
pub(crate) enum Unheard {
    /// It did not say its first word in time: it hangs, or is stopped.
    Silent,
    /// Anything else.
    Failed(Error),
}

/// Asks for something else than a judgement. A first word comes soon or never; what was asked for
/// may take its time.
pub(crate) fn hear(link: &mut SocketLink, asked: u64) -> Result<Vec<String>, Unheard> {
    match greet(link, BUILD, asked) {
        Ok(_) => {}
        Err(Error::Link(link::Error::Deadline)) => return Err(Unheard::Silent),
        Err(error) => return Err(Unheard::Failed(error)),
    }
    link.set_deadline(Instant::now() + ANSWER);
    told(link).map_err(Unheard::Failed)
}

/// The same; a failure says `what` did not happen.
fn ask(
    place: &Place,
    link: &mut SocketLink,
    asked: u64,
    what: &str,
) -> Result<Vec<String>, Failure> {
    hear(link, asked).map_err(|unheard| match unheard {
        Unheard::Silent => silent(what, place.holder().as_ref()),
        Unheard::Failed(error) => Failure::new(Kind::Unavailable, what).because(&error),
    })
}

fn said_nothing(holder: Option<&Holder>) -> String {
    let pid = holder.map_or_else(String::new, |holder| format!(" (pid {})", holder.pid));
    format!("the daemon listens and does not answer{pid}")
}

fn silent(what: &str, holder: Option<&Holder>) -> Failure {
    let what = format!("{what}: {}", said_nothing(holder));
    Failure::new(Kind::Unavailable, what).hint("lychgate daemon stop; lychgate daemon start")
}

fn start(around: &Surroundings) -> Result<Vec<String>, Failure> {
    let place = Place::of_client(around, None)?;
    let socket = &place.socket;
    let what = "the daemon was not started";
    let state = around.folders().state_folder();
    match place.reach() {
        Reached::Answers(mut link) => match greet(&mut link, BUILD, caps::STATUS) {
            // One that a hook started ends when it is idle: another takes its place.
            Ok(greeting) if greeting.capabilities & caps::SPAWNED != 0 => {
                stop(around)?;
            }
            Ok(_) => {
                return Ok(vec![format!(
                    "a daemon listens already at {}",
                    socket.display()
                )]);
            }
            Err(Error::Link(link::Error::Deadline)) => {
                return Err(silent(what, place.holder().as_ref()));
            }
            // It is about to end, or damaged: the new one finds out.
            Err(_) => {}
        },
        Reached::Silent => return Err(silent(what, place.holder().as_ref())),
        Reached::NotOurs(distrust) => return Err(not_ours(what, &distrust)),
        Reached::Away | Reached::Failed(_) => {}
    }
    make_place(what, socket)?;
    let log = state.as_deref().map(log_in);
    let mut command = command(around, socket, state.as_deref(), log.as_deref());
    command
        .env_clear()
        .envs(kept(around))
        .current_dir("/")
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        // Not the terminal's: an interrupt meant for this command is not meant for the daemon.
        .process_group(0);
    let launch = || command.spawn().map_err(|e| not_run(what, around, &e));
    let status = wait(&place, launch)?;
    let mut said = vec![format!("the daemon listens at {}", socket.display())];
    said.extend(forgetful(&status));
    if let (Some(log), Some(state)) = (log, &state)
        && !log.starts_with(state)
    {
        let state = state.display();
        said.extend(with_help(&format!(
            "it writes no log: none can be written in {state}"
        )));
    }
    Ok(said)
}

/// Where a daemon writes its log, given its state folder: nowhere when it cannot be written there.
/// A log is not worth a refusal.
fn log_in(state: &Path) -> PathBuf {
    let log = state.join(LOG);
    let _ = make(state);
    let mut open = std::fs::OpenOptions::new();
    match open.append(true).create(true).mode(0o600).open(&log) {
        Ok(_) => log,
        Err(_) => "/dev/null".into(),
    }
}

/// What is not remembered by a daemon with this status, and what mends that. It judges all the
/// same, as one does that a hook started.
fn forgetful(status: &[String]) -> Vec<String> {
    let kinds = [
        ("key: of this process: ", "it judges without memory"),
        ("distrust: ", "it forgot what was judged before"),
    ];
    let told = |(key, what): (&str, &str)| {
        let why = status.iter().find_map(|line| line.strip_prefix(key))?;
        Some(with_help(&format!("{what}: {why}")))
    };
    kinds.into_iter().find_map(told).unwrap_or_default()
}

fn make(folder: &Path) -> std::io::Result<()> {
    DirBuilder::new().recursive(true).mode(0o700).create(folder)
}

/// Makes the folder of a daemon's socket.
fn make_place(what: &str, socket: &Path) -> Result<(), Failure> {
    let Some(folder) = socket.parent() else {
        return Ok(());
    };
    make(folder).map_err(|error| {
        let what = format!("{what}: cannot create {}", folder.display());
        Failure::new(Kind::Incomplete, what).because(&error).hint(
            "Set XDG_RUNTIME_DIR to a folder of yours. Until then hooks judge without a daemon.",
        )
    })
}

/// Waits until the daemon can be used; gives its status.
fn wait(
    place: &Place,
    mut launch: impl FnMut() -> Result<Child, Failure>,
) -> Result<Vec<String>, Failure> {
    let what = "the daemon was not started";
    let begin = Instant::now();
    let mut child = launch()?;
    let mut launched = begin;
    loop {
        if let Reached::Answers(mut link) = place.reach()
            && let Ok(lines) = hear(&mut link, caps::STATUS)
            && !lines.iter().any(|line| line == "state: loading")
        {
            return usable(&lines).map(|()| lines);
        }
        let ended = child.try_wait().ok().flatten();
        if let Some(status) = ended
            && !status.success()
        {
            let mut said = Vec::new();
            let _ = child
                .stderr
                .take()
                .map(|pipe| pipe.take(4096).read_to_end(&mut said));
            return Err(ended_at_once(what, &String::from_utf8_lossy(&said), status));
        }
        // One that finds another in its place leaves with success, and the other answers soon,
        // or has lost its socket and ends soon.
        if ended.is_some()
            && launched.elapsed() > AGAIN
            && let Reached::Away = place.reach()
        {
            if begin.elapsed() > LOST
                && let Some(holder) = place.holder()
            {
                return Err(
                    Failure::new(Kind::Unavailable, format!("{what}: {}", lost(&holder)))
                        .hint(LET_GO),
                );
            }
            child = launch()?;
            launched = Instant::now();
        }
        if begin.elapsed() > START {
            // It would be there later, unasked.
            let _ = child.kill();
            let _ = child.wait();
            return Err(Failure::new(
                Kind::Unavailable,
                format!("{what}: it does not answer"),
            ));
        }
        std::thread::sleep(Duration::from_millis(5));
    }
}

/// A daemon that did not come up, in its own words: what it did not do, then what there is to do. How
/// it ended is told where it had none.
fn ended_at_once(what: &str, said: &str, status: ExitStatus) -> Failure {
    let said = said.trim();
    let (first, rest) = said.split_once('\n').unwrap_or((said, ""));
    let first = first.trim_start_matches("lychgated: ");
    if first.is_empty() {
        let what = format!("{what}: it ended at once ({status})");
        return Failure::new(Kind::Unavailable, what)
            .hint("lychgate daemon run shows what it says");
    }
    Failure::new(Kind::Unavailable, format!("{what}: {first}")).hint(rest)
}

/// The next step when the holder of the lock cannot be reached.
const LET_GO: &str = "It ends within seconds by itself; at once: lychgate daemon stop";

/// Whether a daemon runs for `place` that nobody can reach any more, in words.
pub(crate) fn lost_at(place: &Place) -> Option<String> {
    Some(lost(&place.holder()?))
}

fn lost(holder: &Holder) -> String {
    format!("pid {} holds its lock, and its socket is gone", holder.pid)
}

/// Ends a daemon that can only be told by a signal, `why`.
fn end(place: &Place, holder: &Holder, why: &str, what: &str) -> Result<Vec<String>, Failure> {
    let what = format!("{what}: {why}");
    let pid = holder.pid;
    let patience = limits::DRAIN_WAIT + Duration::from_secs(2);
    match holder.end(&place.socket, place.own, patience) {
        Ok(Ended::Asked) => Ok(vec![format!("{why}; pid {pid} stops")]),
        Ok(Ended::Killed) => Ok(vec![format!("{why}; pid {pid} was killed")]),
        Ok(Ended::Not) => Err(Failure::new(Kind::Unavailable, what).hint(format!(
            "pid {pid} was told to end, was killed, and still runs."
        ))),
        Err(error) => Err(Failure::new(Kind::Unavailable, what).because(&error)),
    }
}

/// A problem as its file's reader tells it: its help on a line of its own, which a status cannot
/// have.
fn on_lines(problem: &str) -> String {
    problem.replacen(FOLDED_HELP, "\n  help: ", 1)
}

/// How a problem's help stands in a line of a status.
pub(crate) const FOLDED_HELP: &str = "   help: ";

/// A daemon without rules denies everything: that must not look like a good start.
fn usable(status: &[String]) -> Result<(), Failure> {
    if !status.iter().any(|line| line == "state: not-ready") {
        return Ok(());
    }
    let problems = status
        .iter()
        .filter_map(|line| line.strip_prefix("problem: "));
    let problems: Vec<String> = problems.map(on_lines).collect();
    let what = "the daemon runs and judges nothing: its rules or policy cannot be used";
    Err(Failure::new(Kind::Refused, what)
        .listing(problems.join("\n"))
        .hint("Mend them, then: lychgate daemon reload"))
}

fn stop(around: &Surroundings) -> Result<Vec<String>, Failure> {
    let place = Place::of_client(around, None)?;
    let socket = &place.socket;
    let what = "the daemon was not stopped";
    let holder = place.holder();
    let heard = match place.reach() {
        Reached::Answers(mut link) => hear(&mut link, caps::DRAIN),
        Reached::Silent => Err(Unheard::Silent),
        Reached::Away => {
            return match place.holder() {
                Some(holder) => end(&place, &holder, "the daemon had lost its socket", what),
                None => Ok(vec![match Holder::draining(socket, place.own) {
                    Some(last) => outlived(&last),
                    None => format!("no daemon runs at {}", socket.display()),
                }]),
            };
        }
        Reached::NotOurs(distrust) => return Err(not_ours(what, &distrust)),
        Reached::Failed(error) => return Err(Failure::new(Kind::Unavailable, what).because(&error)),
    };
    let lines = match heard {
        Ok(lines) => lines,
        // It cannot be asked; whose it is, and that it holds the lock here, is known.
        Err(Unheard::Silent) => {
            return match place.holder() {
                Some(holder) => end(&place, &holder, "the daemon did not answer", what),
                None => {
                    let what = format!("{what}: {}", said_nothing(None));
                    let hint = "Nobody of this user holds its lock; whoever started it ends it.";
                    Err(Failure::new(Kind::Unavailable, what).hint(hint))
                }
            };
        }
        Err(Unheard::Failed(error)) => {
            return Err(Failure::new(Kind::Unavailable, what).because(&error));
        }
    };
    if let Some(problem) = lines.iter().find_map(|l| l.strip_prefix("problem: ")) {
        return Err(Failure::new(
            Kind::Unavailable,
            format!("{what}: {problem}"),
        ));
    }
    let deadline = Instant::now() + limits::DRAIN_WAIT + Duration::from_secs(2);
    while matches!(place.reach(), Reached::Answers(_)) {
        if Instant::now() > deadline {
            return Err(Failure::new(
                Kind::Unavailable,
                format!("{what}: it still listens"),
            ));
        }
        std::thread::sleep(Duration::from_millis(5));
    }
    // What it remembers is written last: who copies or removes its folders next finds them whole.
    let left = deadline.saturating_duration_since(Instant::now());
    let told = match holder.is_some_and(|holder| holder.is_gone(left)) {
        true => "the daemon has stopped",
        false => "the daemon takes no more, and stops when it has answered what it was asked",
    };
    Ok(vec![told.into()])
}

/// Waits for the end of a daemon that was told to stop before: of that one nothing is asked.
fn outlived(last: &Holder) -> String {
    let pid = last.pid;
    match last.is_gone(limits::DRAIN_WAIT + Duration::from_secs(2)) {
        true => format!("the daemon was stopping already; pid {pid} has ended"),
        false => format!(
            "the daemon was stopping already; pid {pid} ends when it has answered what it was asked"
        ),
    }
}

fn reload(around: &Surroundings) -> Result<(Vec<String>, u8), Failure> {
    let place = Place::of_client(around, None)?;
    let socket = &place.socket;
    let what = "nothing was reloaded";
    let mut link = match place.reach() {
        Reached::Answers(link) => link,
        Reached::Silent => return Err(silent(what, place.holder().as_ref())),
        Reached::Away => {
            let what = format!("{what}: no daemon runs at {}", socket.display());
            return Err(Failure::new(Kind::Unavailable, what));
        }
        Reached::NotOurs(distrust) => return Err(not_ours(what, &distrust)),
        Reached::Failed(error) => return Err(Failure::new(Kind::Unavailable, what).because(&error)),
    };
    let lines = ask(&place, &mut link, caps::RELOAD, what)?;
    let told = lines.iter().filter_map(|l| l.strip_prefix("problem: "));
    let problems: Vec<String> = told.map(on_lines).collect();
    if problems.is_empty() {
        return Ok((lines, exit::ALLOW));
    }
    let what = format!("{what}: the old rules and policy stay in force");
    Err(Failure::new(Kind::Refused, what).hint(problems.join("\n")))
}

/// Becomes the daemon; comes back only when that fails.
fn foreground(around: &Surroundings) -> Failure {
    let what = "the daemon was not started";
    let place = match Place::of_client(around, None) {
        Ok(place) => place,
        Err(failure) => return failure,
    };
    let state = around.folders().state_folder();
    let mut command = Command::new(around.beside(PROGRAM));
    command.arg("--socket").arg(&place.socket);
    if let Some(state) = &state {
        command.arg("--state-dir").arg(state);
    }
    not_run(what, around, &command.exec())
}

fn command(
    around: &Surroundings,
    socket: &Path,
    state: Option<&Path>,
    log: Option<&Path>,
) -> Command {
    let mut command = Command::new(around.beside(PROGRAM));
    command.arg("--socket").arg(socket);
    for (option, path) in [("--state-dir", state), ("--log", log)] {
        if let Some(path) = path {
            command.arg(option).arg(path);
        }
    }
    command
}

fn kept(around: &Surroundings) -> impl Iterator<Item = (&std::ffi::OsStr, &std::ffi::OsStr)> {
    around
        .variables()
        .iter()
        .filter(|(name, _)| keeps_for_daemon(name))
        .map(|(name, value)| (name.as_os_str(), value.as_os_str()))
}

fn not_run(what: &str, around: &Surroundings, error: &std::io::Error) -> Failure {
    let program = around.beside(PROGRAM);
    Failure::new(
        Kind::Unavailable,
        format!("{what}: cannot run {}", program.display()),
    )
    .because(error)
    .hint("Install all three binaries into one folder: ./install.sh")
}

fn not_ours(what: &str, distrust: &Distrust) -> Failure {
    Failure::new(
        Kind::Unavailable,
        format!("{what}: what is at its place is not trusted"),
    )
    .because(distrust)
    .hint("lychgate doctor")
}
