//! The hook Git runs: one change goes to the daemon, the verdict decides the exit code.
//!
//! Installed as the hook itself, by name (`pre-commit`, ...), or called with the name as first
//! argument. Exits 0 only for an allow, otherwise 1, or with the code of a chained hook.

mod chain;
mod failure;
mod fallback;
mod handed;
mod invocation;
mod judged;
mod process;
mod reach;
mod voice;

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::process::ExitCode;

use invocation::{Called, Invocation};
use lychgate_model::Surface;

/// The version of this program.
pub(crate) const BUILD: &str = env!("CARGO_PKG_VERSION");

fn main() -> ExitCode {
    process::quiet_panics();
    let code = catch_unwind(AssertUnwindSafe(run)).unwrap_or(lychgate_model::exit::DENY);
    ExitCode::from(code)
}

fn run() -> u8 {
    match Invocation::of_process() {
        Called::Hook(invocation) => match invocation.hook.surface() {
            Surface::Client => judged::client(&invocation),
            Surface::Server => judged::server(&invocation),
        },
        Called::Version => voice::plainly(&format!("lychgate-hook {BUILD}")),
        Called::Wrongly => voice::usage(),
    }
}
