//! The asking end of the conversation with a judge: Git on one side, the wire on the other.
//!
//! Whoever asks (the hook over a socket, `lychgate check`, the fallback in one process) goes
//! through [`ask`]; whoever needs a daemon goes through [`locate`], [`connect`] and [`spawn`].
//! Nothing here prints, reads a variable of the process, or ends in an allow that a judge did not
//! give for exactly what was sent.

// The conversation.
pub mod ask;
mod talk;

// What is told, for each question.
mod content;
pub mod files;
pub mod hooked;
pub mod lines;
pub mod message;
mod pace;
mod pushed;
mod run;
mod staged;
mod variables;
mod wants;

// The way to a judge, and whom to believe.
pub mod conf;
pub mod connect;
mod descriptors;
pub mod link;
pub mod locate;
pub mod spawn;
pub mod trust;

pub mod error;
pub mod process;

pub use ask::{
    Asker, Greeting, Question, ask, ask_greeted, control, greet, hail, hear_greeting, hear_hello,
    hear_limits, told,
};
pub use error::Error;
pub use link::{Link, SocketLink};
pub use pace::{Progress, so_far};
pub use talk::Answered;
