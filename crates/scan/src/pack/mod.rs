//! Packs: TOML as people write it becomes rules and their matchers, or a list of every problem.

mod draft;
mod examples;
mod place;
mod table;
mod template;
mod usable;

pub use examples::{check_pack, poor_examples};
pub use template::{expand, shown};

pub(crate) use crate::fields::{Reader, Writer};
pub(crate) use draft::{Reads, WINDOW};
pub(crate) use place::Report;
#[cfg(test)]
pub(crate) use table::At;
pub(crate) use usable::{Seen, load};
