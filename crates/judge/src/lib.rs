//! Answers a client: frames in, work out, a verdict. No sockets, no threads, no clock.
//!
//! ```text
//! Frame -> Session::receive -> intake -> Work (run anywhere) -> Session::complete
//!                                            |
//!          cache <- clean or raw findings <--+--> hits -> sides (Want) -> conclude -> Reply*
//! ```
//!
//! The daemon drives a [`Session`] behind a socket, `lychgate check --in-process` drives one in
//! memory: the same calls, the same verdict.

mod about;
mod baseline;
mod before;
mod cache;
pub mod canary;
mod candidates;
mod causes;
mod conclude;
mod contract;
mod documents;
mod early;
mod engine;
mod gitleaks;
mod here;
mod hits;
mod identity;
mod ids;
mod in_process;
mod intake;
mod kept;
mod load;
mod names;
mod natural;
mod opening;
mod persisted;
mod places;
mod promised;
mod receiving;
mod removed;
mod reply;
mod report;
mod returning;
mod session;
mod state;
mod stores;
mod sure;
mod texts;
mod work;

pub use cache::Cache;
pub use engine::Engine;
pub use in_process::InProcess;
pub use kept::{Distrust, look};
pub use load::{ORGANISATION, Sources, Text};
pub use lychgate_scan::Scratch;
pub use receiving::greeting;
pub use reply::{Refusal, Reply};
pub use session::{Context, Session, Summary};
pub use state::State;
pub use work::{Work, WorkDone};

/// The documents a judge wants to see of every repository (contract 5).
pub const DOCUMENTS: [&str; 5] = [
    lychgate_policy::repository::PATH,
    gitleaks::PATH,
    baseline::PATH,
    contract::SOPS,
    contract::ATTRIBUTES,
];
/// Where a repository lists the values that it knows.
pub const BASELINE: &str = baseline::PATH;
pub use report::prune as prune_reports;
