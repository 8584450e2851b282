//! Findings and facts become a verdict. Pure: no files, no clock, no environment.
//!
//! ```text
//! Organisation (floor) --tighten--> Policy --weigh(findings, facts)--> decision, states, reasons
//!        ^                            ^
//!  LYCHGATE_CONFIG (only tightens)    RepositoryPolicy (only tightens)
//! ```
//!
//! A lower layer can only tighten: [`layer::Setting`] has no other way to change than
//! [`layer::Setting::tighten`], and an attempt to loosen is refused naming the key and the layer
//! that set it.

pub mod document;
pub mod exception;
pub mod layer;
pub mod organisation;
pub mod plan;
pub mod policy;
pub mod raised;
pub mod references;
pub mod repository;
pub mod trailers;
pub mod weigh;

pub use exception::{Exception, Marked};
pub use layer::{Inline, Mode, Unread};
pub use organisation::{Accept, Bounds, Organisation};
pub use policy::Policy;
pub use repository::RepositoryPolicy;
pub use weigh::Listed;
pub use weigh::{Asked, Candidate, Sighting, Weighed, weigh};
