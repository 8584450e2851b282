//! Rule packs loaded, compiled and run over content: bytes in, findings out. Pure: no files, no
//! clock, no environment.
//!
//! ```text
//! packs -> RuleSet;   bytes -> prefilter -> windows -> pattern -> check -> RawFinding
//! ```
//!
//! A value that matched never leaves: what leaves is a masked preview and a keyed tag.

mod advice;
mod alike;
mod beside;
mod canonical;
pub mod check;
mod cursor;
mod decode;
mod disguise;
mod effort;
mod engine;
mod entropy;
mod exhibited;
mod fields;
mod flow;
mod front;
mod gather;
mod gitleaks;
mod gitmodules;
mod inside;
mod lead;
mod marker;
mod masks;
mod matcher;
mod meter;
mod named;
mod needs;
#[cfg(target_arch = "x86_64")]
mod nibbles;
mod object;
mod overwritten;
pub mod pack;
mod packs;
mod pointing;
pub mod prefilter;
mod program;
mod recall;
mod rule;
mod ruleset;
mod runs;
mod scan;
mod scanned;
mod sealed;
mod search;
mod searcher;
mod series;
mod set;
pub mod shapeless;
pub mod shown;
mod sixteen;
mod steps;
mod stream;
pub mod structural;
mod tree;
mod value;
mod window;

pub use advice::Advice;
pub use gitleaks::PathPattern;
pub use meter::{Clock, Costs, RuleCost};
pub use pack::{check_pack, poor_examples};
pub use recall::{Baseline, ContentKey, Entry, Known, Minted, Recalled};
pub use rule::{NewBy, Paths, Rule};
pub use ruleset::{PackSource, RuleSet};
pub use scan::Scratch;
pub use scanned::{Day, Home, Input, Link, Marker, MarkerKind, RawFinding, Scanned};
pub use sealed::Sealed;
pub use series::{Left, Series};
pub use stream::Stream;
pub use value::{ValueKey, ValueTag};
