//! Accepts clients until the end, and sees to it that the end loses none of them.

use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;
use std::time::Duration;

use lychgate_model::limits;
use lychgate_wire::frame::RefuseCode;
use tokio::net::{UnixListener, UnixStream};
use tokio::signal::unix::{SignalKind, signal};
use tokio::task::JoinSet;

use crate::daemon::{Daemon, Stop};
use crate::failure::Failure;
use crate::listen::Endpoint;
use crate::session;

/// How long to wait before accepting again when there are no descriptors left.
const EXHAUSTED: Duration = Duration::from_millis(50);
/// Clients that are being turned away at once; more are closed without a word.
const TURNED_AWAY: usize = 64;
/// How long sessions have for their last words after they were told to end.
const LAST_WORDS: Duration = Duration::from_secs(2);

/// Serves until the daemon is told to stop or has been idle for long enough, then drains.
pub(crate) async fn run(daemon: &Arc<Daemon>, mut endpoint: Endpoint) -> Result<(), Failure> {
    let system = |error| Failure::system("listen at", daemon.socket.clone(), error);
    endpoint.listener.set_nonblocking(true).map_err(system)?;
    let listener = endpoint.listener.try_clone().map_err(system)?;
    let listener = UnixListener::from_std(listener).map_err(system)?;
    let mut terminate = signal(SignalKind::terminate()).map_err(system)?;
    let mut interrupt = signal(SignalKind::interrupt()).map_err(system)?;
    let mut sessions = JoinSet::new();
    let mut turned_away = JoinSet::new();
    daemon.touch();
    loop {
        while let Some(ended) = sessions.try_join_next() {
            note(ended);
        }
        while turned_away.try_join_next().is_some() {}
        tokio::select! {
            // In this order: once told to stop, it accepts nobody.
            biased;
            _ = terminate.recv() => break,
            _ = interrupt.recv() => break,
            () = daemon.stopping(Stop::Asked) => break,
            accepted = listener.accept() => match accepted {
                Ok((stream, _)) => admit(daemon, stream, &mut sessions, &mut turned_away),
                Err(error) => {
                    tracing::warn!(%error, "cannot accept");
                    tokio::time::sleep(EXHAUSTED).await;
                }
            },
            () = idle(daemon) => {
                tracing::info!("idle");
                break;
            }
            // Reaps what has ended while nothing else happens.
            Some(ended) = sessions.join_next() => note(ended),
        }
    }
    daemon.stop_at_least(Stop::Asked);
    let _known = endpoint.retire();
    daemon.stop_at_least(Stop::Retired);
    // Who connected before the socket went away is told where to turn.
    while let Ok(accepted) = tokio::time::timeout(Duration::ZERO, listener.accept()).await {
        let Ok((stream, _)) = accepted else { break };
        turn_away(
            stream,
            RefuseCode::Draining,
            "the daemon is shutting down",
            &mut turned_away,
        );
    }
    drop((listener, endpoint));
    drain(daemon, sessions).await;
    while turned_away.join_next().await.is_some() {}
    crate::reload::save_cache(daemon).await;
    daemon.pool.close();
    // A failure, so that a service manager starts another.
    match daemon.lost.get() {
        Some(path) => Err(Failure::Lost(path.clone())),
        None => Ok(()),
    }
}

async fn drain(daemon: &Daemon, mut sessions: JoinSet<()>) {
    let wait = {
        let rules = daemon.rules.borrow();
        let bounds = rules
            .warm
            .as_ref()
            .map(|w| w.engine.organisation().bounds().drain_wait_s);
        bounds.map_or(limits::DRAIN_WAIT, Duration::from_secs)
    };
    tracing::info!(sessions = sessions.len(), "draining");
    let all = async {
        while let Some(ended) = sessions.join_next().await {
            note(ended);
        }
    };
    if tokio::time::timeout(wait, all).await.is_ok() {
        return;
    }
    daemon.stop_at_least(Stop::Now);
    let all = async { while sessions.join_next().await.is_some() {} };
    // Whoever does not read the last words does not get them.
    let _ = tokio::time::timeout(LAST_WORDS, all).await;
}

fn admit(
    daemon: &Arc<Daemon>,
    stream: UnixStream,
    sessions: &mut JoinSet<()>,
    turned_away: &mut JoinSet<()>,
) {
    daemon.touch();
    let uid = match stream.peer_cred() {
        Ok(credentials) => credentials.uid(),
        Err(error) => {
            tracing::warn!(%error, "peer without credentials");
            return;
        }
    };
    let limit = daemon.session_limit();
    if daemon.counters.open.load(Relaxed) >= limit {
        daemon.counters.refused.fetch_add(1, Relaxed);
        let message = format!("{limit} sessions are open, and there may be no more");
        turn_away(stream, RefuseCode::Busy, &message, turned_away);
        return;
    }
    daemon.counters.open.fetch_add(1, Relaxed);
    let open = Open(Arc::clone(daemon));
    sessions.spawn(async move {
        session::serve(Arc::clone(&open.0), stream, uid).await;
        drop(open);
    });
}

fn turn_away(stream: UnixStream, code: RefuseCode, message: &str, turned: &mut JoinSet<()>) {
    if turned.len() < TURNED_AWAY {
        let message = message.to_owned();
        turned.spawn(async move { session::turn_away(stream, code, &message).await });
    }
}

/// Counts a session as open until it ends, in whatever way.
struct Open(Arc<Daemon>);

impl Drop for Open {
    fn drop(&mut self) {
        self.0.counters.open.fetch_sub(1, Relaxed);
        self.0.counters.served.fetch_add(1, Relaxed);
        self.0.touch();
    }
}

fn note(ended: Result<(), tokio::task::JoinError>) {
    if let Err(error) = ended
        && error.is_panic()
    {
        // The message of a panic may hold what it was about: it is not logged.
        tracing::error!("session failed");
    }
}

/// Returns when there has been no session for as long as this daemon stays; never, if it stays.
async fn idle(daemon: &Daemon) {
    let Some(limit) = idle_limit(daemon) else {
        return std::future::pending().await;
    };
    loop {
        let quiet = daemon.idle_since().elapsed();
        let open = daemon.counters.open.load(Relaxed) > 0;
        match limit.checked_sub(quiet) {
            None | Some(Duration::ZERO) if !open => return,
            None | Some(Duration::ZERO) => tokio::time::sleep(limit).await,
            Some(left) => tokio::time::sleep(left).await,
        }
    }
}

/// Only a daemon that a hook spawned ends by itself (contract 4.6), unless it was told when.
fn idle_limit(daemon: &Daemon) -> Option<Duration> {
    match daemon.arguments.idle {
        Some(Duration::ZERO) => None,
        Some(limit) => Some(limit),
        None if !daemon.arguments.spawned => None,
        None => {
            let rules = daemon.rules.borrow();
            let told = rules
                .warm
                .as_ref()
                .map(|w| w.engine.organisation().bounds().idle_exit_s);
            Some(told.map_or(limits::IDLE_EXIT, Duration::from_secs))
        }
    }
}
