//! What a client asks instead of a judgement: status, reload, drain.

use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;
use std::time::Duration;

use jiff::Timestamp;
use jiff::tz::TimeZone;
use lychgate_model::limits;
use lychgate_wire::Frame;
use lychgate_wire::frame::caps;
use tokio::sync::oneshot;

use crate::BUILD;
use crate::daemon::{Daemon, Stop};
use crate::peer::Peer;

/// How long an answer waits for the thing that was asked.
const PATIENCE: Duration = Duration::from_secs(30);

/// Answers a Hello with one of the control bits, after the daemon's own Hello was gathered.
/// `may_change`: the peer is the daemon's owner or root.
pub(crate) async fn answer(daemon: &Arc<Daemon>, peer: &mut Peer, asked: u64, may_change: bool) {
    let lines = if asked & caps::STATUS != 0 {
        status(daemon)
    } else if !may_change {
        vec!["problem: only the daemon's owner or root may ask for this".to_owned()]
    } else if asked & caps::DRAIN != 0 {
        drain(daemon).await
    } else {
        reload(daemon).await
    };
    for line in lines {
        // A line too long for a frame is one nobody reads.
        let _ = peer.put(&Frame::Line(&line));
    }
}

/// The lines of `lychgate status`: `key: value`, a key may come again.
pub(crate) fn status(daemon: &Daemon) -> Vec<String> {
    let rules = daemon.rules.borrow().clone();
    let count = &daemon.counters;
    let uptime = Timestamp::now().as_second() - daemon.started.as_second();
    let mut lines = Vec::new();
    let mut say = |key: &str, value: &dyn std::fmt::Display| lines.push(format!("{key}: {value}"));
    say("build", &BUILD);
    say("pid", &std::process::id());
    say("socket", &daemon.socket.display());
    say("started", &daemon.started);
    say("uptime", &uptime);
    let stop = *daemon.stop.borrow();
    let state = match (&rules.warm, stop) {
        (_, Stop::Asked | Stop::Retired | Stop::Now) => "draining",
        (None, _) if rules.attempts == 0 => "loading",
        (None, _) => "not-ready",
        (Some(_), _) if !rules.problems.is_empty() => "degraded",
        (Some(_), _) if matches!(rules.tested, Some((_, Err(_)))) => "degraded",
        (Some(_), _) => "ready",
    };
    say("state", &state);
    if let Some(warm) = &rules.warm {
        say("rules", &warm.engine.rules().rules().len());
        say("rule-set", &warm.engine.rule_set());
        say("matching", &warm.engine.matching());
        say("policy", &warm.engine.policy());
        for idle in warm
            .engine
            .idle(Timestamp::now().to_zoned(TimeZone::UTC).date())
        {
            say("note", &idle);
        }
        let key = match warm.state.unkept() {
            _ if warm.state.persisted() => "kept".to_owned(),
            None => "of this process".to_owned(),
            Some(why) => format!("of this process: {why}   help: {}", why.mend()),
        };
        say("key", &key);
        let (entries, bytes) = (warm.cache.entries(), warm.cache.bytes());
        say("cache", &format!("{entries} entries, {bytes} bytes"));
        if let Some(distrust) = &warm.distrust {
            let mend = distrust.mend();
            say("distrust", &format!("{distrust}   help: {mend}"));
        }
    }
    let age = lychgate_judge::Engine::packs_built();
    let first = jiff::civil::Date::constant(1970, 1, 1);
    if let Ok(day) = first.checked_add(jiff::Span::new().days(age)) {
        let days = Timestamp::now().as_second().div_euclid(86_400) - i64::from(age);
        say("packs", &format!("built {day}, {days} days ago"));
        if days > limits::PACK_DAYS {
            say(
                "note",
                &format!(
                    "rules older than {} days know no new kinds of secrets: install a newer lychgate",
                    limits::PACK_DAYS
                ),
            );
        }
    }
    if rules.files.is_empty() {
        say("config", &"built-in");
    }
    for (name, digest) in &rules.files {
        say("config", &format!("{name} sha256:{digest}"));
    }
    say("rule-compiles", &rules.compiled);
    let result = if rules.problems.is_empty() {
        "ok"
    } else {
        "failed, the old rules serve"
    };
    let result = if rules.warm.is_none() {
        "failed"
    } else {
        result
    };
    if let Some(at) = &rules.at {
        say("last-reload", &format!("{at} {result}"));
    }
    match &rules.tested {
        Some((at, Ok(()))) => say("self-test", &format!("{at} ok")),
        Some((at, Err(why))) => say("self-test", &format!("{at} failed: {why}")),
        None => {}
    }
    say(
        "sessions",
        &format!(
            "{} open, {} served",
            count.open.load(Relaxed),
            count.served.load(Relaxed)
        ),
    );
    say("refused", &count.refused.load(Relaxed));
    let (allowed, denied) = (count.allowed.load(Relaxed), count.denied.load(Relaxed));
    let (unsure, none) = (
        count.indeterminate.load(Relaxed),
        count.unanswered.load(Relaxed),
    );
    say(
        "verdicts",
        &format!("{allowed} allow, {denied} deny, {unsure} indeterminate, {none} unanswered"),
    );
    say("probes", &count.probes.load(Relaxed));
    say("bytes", &count.bytes.load(Relaxed));
    say("queue", &daemon.pool.waiting());
    say("in-flight", &daemon.budget.held());
    for problem in &rules.problems {
        say("problem", problem);
    }
    lines
}

async fn reload(daemon: &Daemon) -> Vec<String> {
    let (sender, receiver) = oneshot::channel();
    let asked = async {
        daemon.reload.send(sender).await.ok()?;
        receiver.await.ok()
    };
    let problems = match tokio::time::timeout(PATIENCE, asked).await {
        Ok(Some(problems)) => problems,
        Ok(None) => vec!["the daemon is shutting down".to_owned()],
        Err(_) => vec!["the reload takes too long".to_owned()],
    };
    let rules = daemon.rules.borrow();
    let mut lines = Vec::new();
    let result = if problems.is_empty() {
        "ok"
    } else {
        "failed, the old rules serve"
    };
    lines.push(format!("reload: {result}"));
    if let Some(warm) = &rules.warm {
        lines.push(format!("rules: {}", warm.engine.rules().rules().len()));
        lines.push(format!("rule-set: {}", warm.engine.rule_set()));
        lines.push(format!("policy: {}", warm.engine.policy()));
    }
    lines.extend(problems.iter().map(|problem| format!("problem: {problem}")));
    lines
}

/// The answer comes only when the socket is free for a successor.
async fn drain(daemon: &Daemon) -> Vec<String> {
    daemon.stop_at_least(Stop::Asked);
    if tokio::time::timeout(PATIENCE, daemon.stopping(Stop::Retired))
        .await
        .is_err()
    {
        return vec!["problem: the daemon still listens".to_owned()];
    }
    // The one that asks is open too.
    let open = daemon.counters.open.load(Relaxed).saturating_sub(1);
    vec![format!("draining: {open} sessions")]
}
