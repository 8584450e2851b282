//! The real binary behind real sockets.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test fails by panicking"
)]

mod early;
mod ending;
mod hostile;
mod instance;
mod judging;
mod reload;
mod running;
mod units;
