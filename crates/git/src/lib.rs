//! A repository's index, or a push in quarantine, as a stream of changes and objects.
//!
//! Hides gix. Enumerates objects by id; never parses diff text, runs no program a repository
//! names, touches no network, and honours no attribute, replace ref, graft or commit-graph.
//! What cannot be read is an [`Error`] or an unreadable object, never absent.
//!
//! Rooms: `environment` (Git's variables as one value), `repository` (opening, extensions, HEAD,
//! refs), `objects` (reading by id, whole or in pieces), `index` (a cursor over the mapped index
//! file), `staged`, `pushed`, `places` (where objects with a hit stand), `documents`.

mod closure;
mod deliver;
mod delta;
mod compare;
mod discovery;
mod documents;
mod environment;
mod error;
mod format;
mod graph;
mod index;
mod mapped;
mod numbers;
mod objects;
mod pack;
mod packindex;
mod places;
mod pushed;
mod quarantine;
mod ranges;
mod refkind;
mod refs;
mod repository;
mod revision;
mod staged;
mod trees;
mod walk;

pub use documents::{Document, Where};
pub use environment::Environment;
pub use error::Error;
pub use objects::{Header, ObjectDirectory, ObjectSink, Objects};
pub use places::Place;
pub use pushed::{NewObjects, Visitor};
pub use ranges::PrePushLine;
pub use refkind::ref_kind;
pub use refs::Head;
pub use repository::Repository;
pub use staged::{staged, staged_places};
