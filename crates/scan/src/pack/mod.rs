//! Packs: TOML as people write it becomes rules and their matchers, or a list of every problem.

mod draft;
mod examples;
mod place;
mod table;
mod template;
mod usable;

pub use examples::check_pack;
pub use template::expand;

pub(crate) use place::Report;
pub(crate) use usable::{Seen, load};
