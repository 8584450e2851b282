//! One client, from its Hello to the last byte: reads, hands frames to the judge and its work to
//! the pool, writes what the judge says. All I/O and waiting is here, all judging in the judge.

use std::io;
use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;
use std::time::{Duration, Instant};

use lychgate_judge::{Context, DOCUMENTS, Refusal, Reply, Session, WorkDone, greeting};
use lychgate_model::{Reason, ReasonCode, delta, limits};
use lychgate_wire::frame::{Frame, RefuseCode, caps};
use lychgate_wire::version;
use tokio::net::UnixStream;
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use tracing::Instrument as _;

use crate::BUILD;
use crate::control;
use crate::daemon::{Daemon, Stop};
use crate::peer::Peer;
use crate::queue::Ticket;

/// A peer that has not said Hello after this long is closed.
const HELLO: Duration = Duration::from_secs(10);
/// A drain does not wait longer than this for a peer that has not said Hello.
const GRACE: Duration = Duration::from_millis(500);
/// A write that takes longer than this ends the session: nobody reads.
const WRITE: Duration = limits::SESSION_IDLE;
/// Part of a deadline that is left for the answer to arrive: the hook's clock began before.
const ANSWER: u32 = 32;
/// How long a denial that is certain is weighed after the deadline.
const WEIGHING: Duration = Duration::from_secs(1);
/// How long pieces of work that run are waited for after the answer, to keep what they found.
const AFTERMATH: Duration = Duration::from_secs(10);

/// Why a session ended without a verdict of its own.
enum End {
    /// The peer is told why.
    Refused(Refusal),
    /// The peer is gone.
    Gone(io::Error),
}

impl From<io::Error> for End {
    fn from(error: io::Error) -> Self {
        Self::Gone(error)
    }
}

fn refuse(code: RefuseCode, message: impl Into<String>) -> End {
    End::Refused(Refusal {
        code,
        message: message.into(),
    })
}

/// Serves one connection. `uid` is the peer's, as the kernel tells it.
pub(crate) async fn serve(daemon: Arc<Daemon>, stream: UnixStream, uid: u32) {
    let request = request_id();
    let span = tracing::info_span!("session", session = %request, peer_uid = uid);
    let mut peer = Peer::new(stream);
    async {
        match converse(&daemon, &mut peer, uid, request).await {
            Ok(()) => {}
            Err(End::Refused(refusal)) => {
                daemon.counters.refused.fetch_add(1, Relaxed);
                tracing::warn!(error = %refusal.message, code = ?refusal.code, "session refused");
                let _ = peer.put(&refusal.frame());
            }
            Err(End::Gone(error)) => {
                tracing::info!(%error, "peer left");
                return;
            }
        }
        if peer.flush(WRITE).await.is_ok() {
            peer.close().await;
        }
    }
    .instrument(span)
    .await;
}

/// Tells one that cannot be served why, without reading what it has to say.
pub(crate) async fn turn_away(stream: UnixStream, code: RefuseCode, message: &str) {
    let mut peer = Peer::new(stream);
    let _ = peer.put(&Frame::Refuse(version::refuse(code, message)));
    if peer.flush(Duration::from_secs(1)).await.is_ok() {
        peer.close().await;
    }
}

/// 16 hex digits that correlate hook, log and, later, ledger.
fn request_id() -> String {
    let mut bytes = [0; 8];
    // Without randomness a request has no name of its own; nothing depends on one.
    let _ = getrandom::fill(&mut bytes);
    format!("{:016x}", u64::from_be_bytes(bytes))
}

async fn converse(
    daemon: &Arc<Daemon>,
    peer: &mut Peer,
    uid: u32,
    request: String,
) -> Result<(), End> {
    let started = Instant::now();
    let own = rustix::process::geteuid().as_raw();
    // Whose uid is not the daemon's own is looked up in the organisation's file before a byte
    // of it is read.
    if uid != own {
        let warm = daemon
            .warm()
            .await
            .map_err(|problems| not_ready(&problems))?;
        let listed = warm.engine.organisation().allowed_uids().contains(&uid);
        if !listed && uid != 0 {
            return Err(refuse(
                RefuseCode::NotAllowed,
                format!("uid {uid} is not on the list"),
            ));
        }
    }
    let draining = async {
        daemon.stopping(Stop::Retired).await;
        tokio::time::sleep(GRACE).await;
    };
    let asked = tokio::select! {
        asked = hello(peer) => asked?,
        () = draining => return Err(refuse(RefuseCode::Draining, "the daemon is shutting down")),
        () = tokio::time::sleep(HELLO) => return Err(refuse(RefuseCode::Limit, "no Hello in time")),
    };

    let is_control = asked & (caps::STATUS | caps::DRAIN | caps::RELOAD) != 0;
    let greeted = daemon.rules.borrow().warm.clone();
    let (mut can, mut deltas) = greeting(greeted.as_ref().map(|warm| &*warm.engine));
    // What it is, is not known yet; that it comes is promised.
    let later = greeted.is_none() && !is_control;
    if later {
        can |= caps::DELTAS;
    }
    if daemon.arguments.spawned {
        can |= caps::SPAWNED;
    }
    let documents = DOCUMENTS.iter().map(|d| d.as_bytes()).collect();
    put(peer, &Frame::Hello(version::hello(can, BUILD, documents)))?;
    // At once, whatever is asked: whoever waits for it knows then that this daemon is alive.
    if later {
        peer.flush(WRITE).await?;
        let told = daemon.deltas().await;
        deltas = Some(told.map_err(|problems| not_ready(&problems))?);
    }
    if let Some(deltas) = deltas {
        put(peer, &Frame::Deltas(deltas))?;
    }
    peer.flush(WRITE).await?;
    if is_control {
        control::answer(daemon, peer, asked, uid == own || uid == 0).await;
        return Ok(());
    }

    let warm = match greeted {
        // What was said of it has to hold.
        Some(warm) => warm,
        None => daemon
            .warm()
            .await
            .map_err(|problems| not_ready(&problems))?,
    };
    let context = Context {
        peer: uid,
        today: jiff::Timestamp::now()
            .to_zoned(jiff::tz::TimeZone::UTC)
            .date(),
        request,
        build: BUILD.to_owned(),
        capabilities: 0,
    };
    let idle_s = warm.engine.organisation().bounds().session_idle_s;
    let mut session = Session::new(warm.engine, warm.cache, warm.state, context);
    // The judge sees the conversation from its first frame on; its Hello has been sent above.
    let hello = Frame::Hello(version::hello(asked, "", Vec::new()));
    session.receive(&hello).map_err(End::Refused)?;
    while session.reply().is_some() {}

    let (done, finished) = unbounded_channel();
    let ticket = daemon.ticket();
    let mut run = Run {
        idle_s,
        is_probe: asked & caps::PROBE != 0,
        urgent: true,
        daemon,
        session,
        ticket,
        done,
        finished,
        pending: 0,
        held: 0,
        started,
    };
    let ended = run.until_answered(peer).await;
    run.close(&ended).await;
    ended
}

fn not_ready(problems: &[String]) -> End {
    let first = problems
        .first()
        .map_or("rules are not loaded", String::as_str);
    refuse(RefuseCode::NotReady, first)
}

fn put(peer: &mut Peer, frame: &Frame<'_>) -> Result<(), End> {
    peer.put(frame)
        .map_err(|error| refuse(RefuseCode::Limit, error.to_string()))
}

/// Reads the client's Hello and gives its capabilities.
async fn hello(peer: &mut Peer) -> Result<u64, End> {
    while peer.decoder.is_waiting() {
        if peer.fill().await? == 0 {
            return Err(End::Gone(io::ErrorKind::UnexpectedEof.into()));
        }
    }
    match peer.decoder.next() {
        Ok(Some(Frame::Hello(hello))) if version::agreed(&hello).is_some() => {
            Ok(hello.capabilities)
        }
        Ok(Some(Frame::Hello(hello))) => {
            let (theirs, ours) = (hello.major, version::MAJOR);
            let message = format!("protocol {theirs} is spoken, and this is {ours}");
            Err(refuse(RefuseCode::Version, message))
        }
        Ok(Some(frame)) => {
            let message = format!("{} is not expected before Hello", frame.name());
            Err(refuse(RefuseCode::Protocol, message))
        }
        Ok(None) => Err(refuse(RefuseCode::Protocol, "no frame")),
        Err(error) => Err(refuse(RefuseCode::Protocol, error.to_string())),
    }
}

/// A session under way.
struct Run<'d> {
    daemon: &'d Arc<Daemon>,
    session: Session,
    ticket: Ticket,
    done: UnboundedSender<WorkDone>,
    finished: UnboundedReceiver<WorkDone>,
    /// Pieces of work handed out and not come back.
    pending: usize,
    /// Bytes of content recorded in the budget.
    held: usize,
    started: Instant,
    /// Whether the client may wait for what was gathered. After Done it waits for a question or
    /// the verdict, and to wake it for less costs both sides a turn.
    urgent: bool,
    /// Whether the client only tries whether it is judged.
    is_probe: bool,
    /// Seconds of silence after which the client is given up.
    idle_s: u64,
}

impl Run<'_> {
    async fn until_answered(&mut self, peer: &mut Peer) -> Result<(), End> {
        let mut heard = Instant::now();
        // When the judge was told to end.
        let mut over: Option<Instant> = None;
        // When the client is told how far it is.
        let mut word = self.started + limits::PROGRESS;
        loop {
            self.take_in(peer)?;
            self.give_out(peer)?;
            let finished = self.session.is_finished();
            if finished || self.urgent {
                peer.flush(WRITE).await?;
            }
            if finished {
                return Ok(());
            }
            let wants = self.session.wants_input();
            let freed = self.daemon.budget.freed.notified();
            tokio::pin!(freed);
            // Registered before the budget is asked, so that nothing given back is missed.
            freed.as_mut().enable();
            let stuck = self.pending == 0;
            let may = wants && self.daemon.budget.may_read(self.ticket, self.held, stuck);
            let deadline = self.session.deadline();
            let end = self.started + (deadline - deadline / ANSWER);
            let late = self.session.hurry_after().map(|after| self.started + after);
            // A check of a whole repository may think for longer than a hook before it speaks.
            let idle = Duration::from_secs(self.idle_s).max(deadline / 12);
            let until = match over {
                Some(told) => told + WEIGHING,
                None if wants && stuck => end.min(heard + idle),
                None => end,
            };
            tokio::select! {
                biased;
                Some(done) = self.finished.recv(), if self.pending > 0 => self.complete(done),
                read = peer.fill(), if may => {
                    if read? == 0 {
                        return Err(End::Gone(io::ErrorKind::UnexpectedEof.into()));
                    }
                    heard = Instant::now();
                }
                () = &mut freed, if wants && !may => {}
                () = tokio::time::sleep_until(late.unwrap_or(end).into()),
                    if late.is_some() => self.session.hurry(),
                () = tokio::time::sleep_until(until.into()) => {
                    // Twice: the judge has nothing left to say.
                    if over.is_some() {
                        return Err(refuse(RefuseCode::Limit, "deadline passed"));
                    }
                    over = Some(Instant::now());
                    if until < end {
                        self.session.abort(Reason {
                            code: ReasonCode::Deadline,
                            message: format!("the client sent nothing for {} s", idle.as_secs()),
                            help: "Try again.".into(),
                        });
                    } else {
                        self.session.expire();
                    }
                }
                () = tokio::time::sleep_until(word.into()) => {
                    word += limits::PROGRESS;
                    if let Some(progress) = self.session.progress() {
                        put(peer, &progress.frame())?;
                        peer.flush(WRITE).await?;
                    }
                }
                () = self.daemon.stopping(Stop::Now), if over.is_none() => {
                    over = Some(Instant::now());
                    self.session.abort(Reason {
                        code: ReasonCode::Busy,
                        message: "the daemon is shutting down".into(),
                        help: "Try again.".into(),
                    });
                }
            }
        }
    }

    /// Hands what has been read to the judge, as long as it wants more.
    fn take_in(&mut self, peer: &mut Peer) -> Result<(), End> {
        while self.session.wants_input() && !self.session.is_finished() {
            match peer.decoder.next() {
                Ok(None) => break,
                Ok(Some(frame)) => {
                    let bytes = match &frame {
                        Frame::Data(bytes) => bytes.len() as u64,
                        Frame::Made(made) => delta::head(made.delta).map_or(0, |h| h.result),
                        _ => 0,
                    };
                    if bytes > 0 && !self.is_probe {
                        self.daemon.counters.bytes.fetch_add(bytes, Relaxed);
                    }
                    self.urgent = !matches!(frame, Frame::Done(_));
                    self.session.receive(&frame).map_err(End::Refused)?;
                }
                Err(error) => return Err(refuse(RefuseCode::Protocol, error.to_string())),
            }
            self.hand_out();
        }
        Ok(())
    }

    fn give_out(&mut self, peer: &mut Peer) -> Result<(), End> {
        self.hand_out();
        while let Some(reply) = self.session.reply() {
            self.urgent |= reply.asks();
            if !matches!(reply, Reply::Hello { .. }) {
                put(peer, &reply.frame())?;
            }
        }
        let now = self.session.in_flight();
        self.daemon.budget.moved(self.ticket, self.held, now);
        self.held = now;
        Ok(())
    }

    fn hand_out(&mut self) {
        while let Some(work) = self.session.work() {
            self.pending += 1;
            self.daemon
                .pool
                .submit(self.ticket, work, self.done.clone());
        }
    }

    fn complete(&mut self, done: WorkDone) {
        self.pending = self.pending.saturating_sub(1);
        self.session.complete(done);
        while let Ok(done) = self.finished.try_recv() {
            self.pending = self.pending.saturating_sub(1);
            self.session.complete(done);
        }
    }

    /// Accounts for the session and keeps what pieces of work under way still find, so that a
    /// retry goes on from there.
    async fn close(mut self, ended: &Result<(), End>) {
        let dropped = self.daemon.pool.leave(self.ticket);
        self.daemon.budget.moved(self.ticket, self.held, 0);
        self.pending = self.pending.saturating_sub(dropped);
        let summary = self.session.summary().clone();
        let decision = if ended.is_ok() {
            summary.decision
        } else {
            None
        };
        match self.is_probe {
            true => _ = self.daemon.counters.probes.fetch_add(1, Relaxed),
            false => self.daemon.counters.verdict(decision),
        }
        tracing::info!(
            probe = self.is_probe,
            hook = summary.hook.map(|hook| hook.name()),
            decision = decision.map(|decision| decision.name()),
            rules = ?summary.rules,
            reasons = ?summary.reasons,
            changes = summary.coverage.tally.changes,
            objects = summary.coverage.tally.objects,
            bytes = summary.coverage.tally.bytes,
            cached = summary.coverage.cached_objects,
            elapsed_us = u64::try_from(self.started.elapsed().as_micros()).unwrap_or(u64::MAX),
            "session closed"
        );
        if self.pending == 0 {
            return;
        }
        let mut session = self.session;
        let mut finished = self.finished;
        let mut pending = self.pending;
        tokio::spawn(async move {
            let rest = async {
                while pending > 0
                    && let Some(done) = finished.recv().await
                {
                    pending -= 1;
                    session.complete(done);
                }
            };
            // What is not done by then is scanned again another time.
            let _ = tokio::time::timeout(AFTERMATH, rest).await;
        });
    }
}
