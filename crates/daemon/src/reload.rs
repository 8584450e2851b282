//! Loading rules and floor: at the start, on SIGHUP, on request, and when a file has changed.
//!
//! A new engine is built beside the old one on a thread of its own and put in place at once;
//! sessions that are open keep theirs. What cannot be loaded changes nothing but the problems
//! that `status` lists.

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use jiff::Timestamp;
use jiff::tz::TimeZone;
use lychgate_judge::{Cache, Engine, Sources, State, canary};
use lychgate_model::Problem;
use sha2::{Digest as _, Sha256};
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::{mpsc, oneshot};

use crate::arguments::Arguments;
use crate::daemon::{Daemon, ReloadRequest, Stop, Warm};
use crate::watched::{self, Watched};

/// How often the files are looked at, those of the rules and the instance's own.
const POLL: Duration = Duration::from_secs(2);
/// Every so many looks the cache is written, if it has changed.
const SAVE_EVERY: u32 = 30;

/// An engine, and the files it was made of with their digests.
struct Loaded {
    engine: Engine,
    files: Vec<(String, String)>,
}

/// Loads, and loads again whenever there is a reason, until the daemon ends.
pub(crate) async fn keep(daemon: Arc<Daemon>, mut requests: mpsc::Receiver<ReloadRequest>) {
    let mut hangup = match signal(SignalKind::hangup()) {
        Ok(hangup) => hangup,
        Err(error) => {
            tracing::error!(%error, "cannot listen for SIGHUP");
            return;
        }
    };
    let mut watched = attempt(&daemon).await;
    let mut looks = 0u32;
    loop {
        let mut answer = None;
        tokio::select! {
            _ = hangup.recv() => {}
            Some(request) = requests.recv() => answer = Some(request),
            () = tokio::time::sleep(POLL) => {
                daemon.end_if_lost();
                looks = looks.wrapping_add(1);
                if looks.is_multiple_of(SAVE_EVERY) {
                    save_cache(&daemon).await;
                }
                if watched.as_ref().is_some_and(|watched| !watched.has_changed()) {
                    continue;
                }
            }
            () = daemon.stopping(Stop::Asked) => return,
        }
        watched = attempt(&daemon).await;
        if let Some(answer) = answer {
            // Whoever asked may be gone.
            let _ = answer.send(daemon.rules.borrow().problems.clone());
        }
    }
}

/// Writes the cache, if there is a state folder and something new.
pub(crate) async fn save_cache(daemon: &Arc<Daemon>) {
    let warm = daemon.rules.borrow().warm.clone();
    let Some(warm) = warm.filter(|warm| warm.cache.is_dirty()) else {
        return;
    };
    let saved = elsewhere(move || warm.cache.save(&warm.state)).await;
    if let Some(Err(error)) = saved {
        tracing::warn!(%error, "cache not saved");
    }
}

/// Runs `job` on a thread of its own; `None` only if there is no thread to be had.
async fn elsewhere<T: Send + 'static>(job: impl FnOnce() -> T + Send + 'static) -> Option<T> {
    let (sender, receiver) = oneshot::channel();
    let run = move || {
        let _ = sender.send(job());
    };
    std::thread::Builder::new()
        .name("load".into())
        .spawn(run)
        .ok()?;
    receiver.await.ok()
}

/// Loads; gives what to look at for changes, nothing if there was no thread to load with.
async fn attempt(daemon: &Arc<Daemon>) -> Option<Watched> {
    let old = daemon.rules.borrow().warm.clone();
    let loader = Arc::clone(daemon);
    let ended = elsewhere(move || {
        let arguments = &loader.arguments;
        let (sources, watched) = watched::read(&arguments.config);
        if let Some(deltas) = sources.as_ref().ok().and_then(Sources::deltas) {
            loader.deltas.send_replace(Some(deltas));
        }
        let loaded = sources.and_then(|sources| compile(arguments, &sources));
        let ended = loaded.map(|l| (warm(arguments, l.engine, old), l.files));
        (ended, watched)
    });
    let (ended, watched) = ended.await.unzip();
    let problems = match ended {
        Some(Ok((warm, files))) => {
            let in_flight = warm.engine.organisation().bounds().in_flight_mib;
            let in_flight = usize::try_from(in_flight).unwrap_or(usize::MAX);
            daemon.budget.set_limit(in_flight.saturating_mul(1 << 20));
            daemon.rules.send_modify(|rules| {
                rules.warm = Some(warm.clone());
                rules.compiled += 1;
                rules.files = files;
            });
            tracing::info!(
                rules = warm.engine.rules().rules().len(),
                rule_set = %warm.engine.rule_set(),
                policy = %warm.engine.policy(),
                "rules loaded"
            );
            self_test(daemon, &warm).await;
            Vec::new()
        }
        Some(Err(problems)) => {
            tracing::error!(problems = problems.len(), "rules not loaded");
            problems
                .iter()
                .map(|p| p.to_string().replace('\n', " "))
                .collect()
        }
        None => vec!["no thread to load rules with".to_owned()],
    };
    daemon.rules.send_modify(|rules| {
        rules.attempts += 1;
        rules.at = Some(Timestamp::now());
        rules.problems = problems;
    });
    watched
}

/// Whether the rules now in force deny what they must. Nobody waits for it: they serve already.
async fn self_test(daemon: &Arc<Daemon>, warm: &Warm) {
    let engine = warm.engine.clone();
    let now = Timestamp::now();
    let today = now.to_zoned(TimeZone::UTC).date();
    let tested = elsewhere(move || canary::self_test(&engine, today)).await;
    let tested = tested.unwrap_or_else(|| Err("no thread for it".to_owned()));
    if let Err(why) = &tested {
        tracing::error!(why, "the self-test failed");
    }
    daemon
        .rules
        .send_modify(|rules| rules.tested = Some((now, tested)));
}

/// How long an injected delay takes.
const DELAY: Duration = Duration::from_millis(400);

fn compile(arguments: &Arguments, sources: &Sources) -> Result<Loaded, Vec<Problem>> {
    let mut engine = Engine::load(sources)?;
    if let Some(needle) = &arguments.fault {
        engine = engine.with_fault_injection(needle);
    }
    if let Some(needle) = &arguments.delay {
        engine = engine.with_delay_injection(needle, DELAY);
    }
    let texts = sources
        .organisation
        .iter()
        .chain(&sources.added)
        .chain(&sources.packs);
    let files = texts.map(|text| {
        let digest = lychgate_model::Digest(Sha256::digest(text.text.as_bytes()).into());
        (text.name.clone(), digest.to_string())
    });
    let files = files.collect();
    Ok(Loaded { engine, files })
}

/// Key and cache are opened with the first rules and kept; entries that other rules made go.
fn warm(arguments: &Arguments, engine: Engine, old: Option<Warm>) -> Warm {
    let engine = Arc::new(engine);
    if let Some(old) = old {
        old.cache.retain(engine.matching());
        return Warm { engine, ..old };
    }
    let mib = usize::try_from(engine.organisation().bounds().cache_mib).unwrap_or(usize::MAX);
    let cache = Cache::new(mib.saturating_mul(1 << 20));
    let state = State::open(arguments.state_dir.as_deref());
    let distrust = cache.load(&state).err();
    if let Some(distrust) = &distrust {
        tracing::warn!(%distrust, "what was remembered is not believed");
    }
    cache.retain(engine.matching());
    if let Some(reports) = state.reports() {
        lychgate_judge::prune_reports(&reports, SystemTime::now());
    }
    Warm {
        engine,
        cache: Arc::new(cache),
        state: Arc::new(state),
        distrust: distrust.map(Arc::new),
    }
}
