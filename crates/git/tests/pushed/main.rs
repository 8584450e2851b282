//! What a push brings: real pushes by real git, and what is enumerated of them.

mod histories;
mod hostile;
mod laundering;
mod outgoing;
mod placed;
mod server;
mod usual;
