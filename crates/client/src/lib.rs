//! The asking end of the conversation with a judge: Git on one side, the wire on the other.
//!
//! Whoever asks (the hook over a socket, `lychgate check`, the fallback in one process) goes
//! through [`ask`]; whoever needs a daemon goes through [`locate`], [`connect`] and [`spawn`].
//! Nothing here prints, reads a variable of the process, or ends in an allow that a judge did not
//! give for exactly what was sent.

pub mod ask;
pub mod hooked;
pub mod link;
pub mod error;
mod talk;
mod staged;
mod pushed;
pub mod files;
mod content;
mod wants;
pub mod lines;
pub mod message;
mod variables;
pub mod conf;
pub mod locate;
pub mod trust;
pub mod connect;
pub mod spawn;
mod descriptors;

pub use ask::{Asker, Greeting, Question, ask, ask_greeted, control, greet};
pub use error::Error;
pub use link::{Link, SocketLink};
pub use talk::Answered;
