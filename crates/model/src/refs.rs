//! What a push wants to do to a ref.

use crate::ids::ObjectId;

/// How a ref moves, as the client works it out from the objects it can see.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum RefKind {
    /// It did not exist.
    Create,
    /// It goes away.
    Delete,
    /// The old tip is an ancestor of the new one.
    FastForward,
    /// Anything else: history is rewritten, or a tag moves.
    Forced,
}

/// One ref line of a push, as Git gives it to the hook.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RefUpdate {
    /// The full name, as bytes.
    pub name: Vec<u8>,
    /// The tip before; null: the ref does not exist.
    pub old: ObjectId,
    /// The tip after; null: the ref is deleted.
    pub new: ObjectId,
    /// How it moves.
    pub kind: RefKind,
}
