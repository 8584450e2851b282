//! Conversations with a judge, every frame by hand.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test that cannot go on fails"
)]

mod approved;
mod baseline;
mod broken;
mod configured;
mod early;
mod links;
mod listed;
mod made;
mod moved;
mod promised;
mod pushed;
mod referred;
mod remembered;
mod removed;
mod staged;
mod talk;
mod weighed;
