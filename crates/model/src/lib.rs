//! The nouns of lychgate, each defined once. No I/O, no clock, no dependencies.
//!
//! Three of them carry the program, in this order:
//!
//! ```text
//! Change -> Finding -> Verdict
//! ```
//!
//! Read the modules in the order below. Formats (wire, reports, ledger) live with whoever owns
//! them and convert by hand: nothing here is anybody's serialisation contract.

pub mod change;
pub mod comment;
pub mod coverage;
pub mod delta;
pub mod exit;
pub mod finding;
pub mod ids;
pub mod keyed;
pub mod limits;
pub mod path;
pub mod pattern;
pub mod problem;
pub mod refs;
pub mod spelling;
pub mod surface;
pub mod text;
pub mod trust;
pub mod unread;
pub mod verdict;

pub use change::{Change, Mode, ObjectKind, Side};
pub use coverage::{Coverage, Tally};
pub use finding::{Category, Confidence, Finding, Severity, Source, Span, State};
pub use ids::{Digest, Fingerprint, HashKind, ObjectId, RuleId};
pub use path::RepoPath;
pub use problem::Problem;
pub use refs::{RefKind, RefUpdate};
pub use surface::{Hook, Surface};
pub use unread::Unread;
pub use verdict::{Decision, Reason, ReasonCode, RuleNote, Verdict};
