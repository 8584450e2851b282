//! The protocol between a client (hook, CLI) and a judge (daemon, in-process): frames in, frames
//! out. Sans I/O, no async, no serde. Normative text: `docs/protocol.md`.
//!
//! ```text
//! client                                   judge
//!   Hello ->                                           frozen for ever
//!                                       <- Hello | Refuse
//!   Facts, Ref*, Document*, Ready ->
//!                                       <- Plan        which refs count as judged
//!   ( Offer ->                          <- Need )*     ids first, when there are many
//!   ( Entry | Object Data* | Unreadable )* ->          streams while the judge scans
//!   Done ->
//!   ( <- Want   Place*, Object Data*, Answered -> )*   only for objects with a hit
//!                                       <- Finding* Line* Verdict
//! ```

pub mod blocking;
pub mod bound;
mod code;
pub mod decode;
pub mod decoder;
pub mod encode;
pub mod error;
mod field;
pub mod frame;
pub mod order;
pub mod tag;
pub mod tally;
pub mod version;

pub use decoder::Decoder;
pub use encode::Encoder;
pub use error::Error;
pub use frame::Frame;
pub use order::Order;
