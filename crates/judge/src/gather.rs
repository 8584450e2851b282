//! Stands in for the scan's own stream until that owns its state.

use lychgate_model::{HashKind, ObjectKind};
use lychgate_scan::{Input, RuleSet, Scanned, Scratch, ValueKey};

#[derive(Debug)]
pub(crate) struct Stream {
    kind: ObjectKind,
    bytes: Vec<u8>,
}

impl Stream {
    pub(crate) fn new(kind: ObjectKind) -> Self {
        Self { kind, bytes: Vec::new() }
    }
    pub(crate) fn feed(&mut self, piece: &[u8], _: &RuleSet, _: &ValueKey, _: &mut Scratch) {
        self.bytes.extend_from_slice(piece);
    }
    pub(crate) fn finish(
        self,
        rules: &RuleSet,
        key: &ValueKey,
        scratch: &mut Scratch,
        out: &mut Scanned,
    ) {
        let input = Input { kind: self.kind, hash: HashKind::Sha1, bytes: &self.bytes };
        rules.scan(input, key, scratch, out);
    }
}
