//! What was enumerated and what was judged; a verdict of allow needs both to be equal.

use crate::ids::Digest;

/// Counts kept on both sides of the wire, plus the digest over the ordered list of what was
/// enumerated. Compared field by field: a difference is INDETERMINATE (DM-17).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    /// Paths of a staged change, deletions and mode changes included.
    pub changes: u64,
    /// Ref lines of a push.
    pub refs: u64,
    /// Objects, those the judge already knew included.
    pub objects: u64,
    /// Bytes of content that crossed the wire.
    pub bytes: u64,
    /// SHA-256 over the items in the order they were announced (see `docs/protocol.md`).
    pub digest: Digest,
}

/// What a verdict says of its own completeness.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Coverage {
    /// What the judge received.
    pub tally: Tally,
    /// Of `tally.objects`, those answered from the cache.
    pub cached_objects: u64,
    /// Their size in bytes.
    pub cached_bytes: u64,
    /// Whether the enumerator reached its end and both sides agree.
    pub complete: bool,
}
