//! The real binary behind real sockets.

mod ending;
mod hostile;
mod instance;
mod judging;
mod reload;
mod running;
