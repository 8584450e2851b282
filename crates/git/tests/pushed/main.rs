//! What a push brings: real pushes by real git, and what is enumerated of them.

#![expect(clippy::unwrap_used, reason = "what cannot be set up is a failed test")]

mod added;
mod histories;
mod hostile;
mod laundering;
mod nested;
mod outgoing;
mod placed;
mod server;
mod usual;
