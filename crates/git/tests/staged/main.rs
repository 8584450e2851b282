//! What is staged, as Git itself tells it, over repositories made by Git.

mod conflict;
mod formats;
mod hostile;
mod index;
mod opening;
mod packs;
mod places;
mod random;
mod reading;
mod world;
