//! A made-up token and the same text without it, put to the daemon as a file of a client's.

use std::time::{Duration, Instant};

use lychgate_client::{Answered, Asker, Question};
use lychgate_git::Environment;
use lychgate_judge::canary;
use lychgate_model::Hook;
use lychgate_wire::frame::caps;

use super::Report;
use crate::check::files::given;
use crate::daemon::{Place, Reached};

/// How long one answer may take: others may be judged first.
const ANSWER: Duration = Duration::from_secs(10);

/// Whether the daemon denies what it must, and allows what it may.
pub(super) fn ask(place: &Place, report: &mut Report) {
    match answers(place) {
        Ok(()) => report.well("the daemon denies a made-up token and allows a file without one"),
        Err(why) => report.problem(
            format!("the daemon fails a self-test: {why}"),
            super::daemon::restart(),
        ),
    }
}

fn answers(place: &Place) -> Result<(), String> {
    let rules =
        |said: &Answered| -> Vec<_> { said.findings.iter().map(|f| f.rule.clone()).collect() };
    let said = judged(place, &canary::dirty())?;
    if !canary::is_denied(said.answer.decision, &rules(&said), &said.answer.notes) {
        return Err(wrong("a made-up token was", &said));
    }
    let said = judged(place, &canary::clean())?;
    if !canary::is_allowed(said.answer.decision, &rules(&said)) {
        return Err(wrong("a file without one was", &said));
    }
    Ok(())
}

fn wrong(what: &str, said: &Answered) -> String {
    let instead = canary::instead(said.answer.decision, &said.answer.reasons);
    format!("{what} {instead}")
}

fn judged(place: &Place, content: &[u8]) -> Result<Answered, String> {
    let Reached::Answers(mut link) = place.reach() else {
        return Err("it takes no connection".to_owned());
    };
    link.set_deadline(Instant::now() + ANSWER);
    let environment = Environment::new("/".into(), std::iter::empty());
    let asker = Asker {
        hook: Hook::CheckStdin,
        build: env!("CARGO_PKG_VERSION"),
        wants_findings: true,
        environment: &environment,
        variables: &[],
        repository: None,
        progress: None,
    };
    let name = std::path::Path::new(canary::NAME);
    let file = given(name, content).map_err(|error| error.to_string())?;
    let question = Question::Files(&mut std::iter::once(file));
    // Nobody's change: it is no part of what the daemon counts.
    lychgate_client::greet(&mut link, asker.build, caps::PROBE)
        .and_then(|greeting| lychgate_client::ask_greeted(&mut link, &greeting, asker, question))
        .map_err(|error| lychgate_client::error::chain(&error))
}
