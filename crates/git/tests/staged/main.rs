//! What is staged, as Git itself tells it, over repositories made by Git.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    reason = "what cannot be set up is a failed test"
)]

mod configuration;
mod conflict;
mod formats;
mod hooks;
mod hostile;
mod index;
mod listing;
mod opening;
mod packs;
mod places;
mod random;
mod reading;
mod world;
