//! The world an end-to-end test lives in: its own HOME, runtime and state folders, Git
//! configuration and daemon, all in one temporary folder that goes when the test ends.
//!
//! Real binaries, real git, real sockets. Nothing secret-shaped stands in this crate: tokens are
//! made at run time.

mod binaries;
mod output;
mod token;
mod world;

pub use binaries::binaries;
pub use output::Output;
pub use token::{cloud_key_id, cloud_secret, forge_token};
pub use world::{Repo, World};
