//! A repository's index, or a push in quarantine, as a stream of changes and objects.
//!
//! Hides gix. Enumerates objects by id; never parses diff text, runs no program a repository
//! names, touches no network, and honours no attribute, replace ref, graft or commit-graph.
//! What cannot be read is an [`Error`] or an unreadable object, never absent.
//!
//! Rooms, in the order a reader needs them:
//!
//! - Where things are: `environment` (Git's variables as one value), `discovery`, `configuration`
//!   (what Git is told in files and by the command), `safe` (whose repositories may be used),
//!   `format` (what a repository's own file says of it), `persons`, `repository`, `refs`, `revision` (names people type).
//! - What things are: `objects` (by id, whole or in pieces, wherever they lie), `index` (a cursor
//!   over the mapped file), `mapped`, `inflate` (streams that are there whole).
//! - What stands there already: `listing`.
//! - What a commit brings: `compare` (a tree against the index), `staged`, `documents`.
//! - What a push brings: `pushed`, which says how its rooms hang together; `places` (where objects
//!   with a hit stand).
//!
//! Own readers stand where gix would read more than a commit costs (the whole index, every
//! configuration), or would not look (the quarantine, extensions nobody knows).

mod bits;
mod changes;
mod compare;
mod configuration;
mod deleted;
mod discovery;
mod documents;
mod environment;
mod error;
mod format;
#[cfg(fuzzing)]
pub mod fuzzing;
mod graph;
mod index;
mod inflate;
mod listing;
mod mapped;
mod numbers;
mod objects;
mod pack;
mod persons;
mod places;
mod pushed;
mod quarantine;
mod refs;
mod repository;
mod revision;
mod safe;
mod staged;
mod trees;
mod walk;

pub use changes::staged_changes;
pub use documents::{Document, Where};
pub use environment::Environment;
pub use error::Error;
pub use listing::{indexed, reachable};
pub use objects::{Header, ObjectDirectory, ObjectSink, Objects};
pub use persons::Person;
pub use places::Place;
pub use pushed::{NewObjects, PrePushLine, Visitor, ref_kind};
pub use refs::Head;
pub use repository::Repository;
pub use staged::{executable_in, merged_trees, staged, staged_gone, staged_places, staged_with};
