//! Conversations with a judge, every frame by hand.

mod broken;
mod pushed;
mod remembered;
mod staged;
mod talk;
