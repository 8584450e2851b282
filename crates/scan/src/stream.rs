//! An object in pieces: bounded memory, the same findings.

use std::fmt;

use lychgate_model::ObjectKind;

use crate::decode::{HEAD, Wide};
use crate::flow::Flow;
use crate::ruleset::RuleSet;
use crate::scan::Scratch;
use crate::scanned::Scanned;
use crate::value::ValueKey;

/// An object that arrives in pieces. Memory stays bounded whatever the size; a match is found
/// wherever the pieces are cut, if it is not longer than half the overlap.
pub struct Stream<'s> {
    rules: &'s RuleSet,
    key: &'s ValueKey,
    scratch: &'s mut Scratch,
    kind: ObjectKind,
    /// The first bytes, until they tell the encoding.
    head: Option<Vec<u8>>,
    plain: Flow,
    decoded: Option<Flow>,
}

impl fmt::Debug for Stream<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Stream(..)")
    }
}

impl RuleSet {
    /// Begins an object that comes in pieces because it is larger than
    /// [`lychgate_model::limits::WHOLE_OBJECT`].
    pub fn stream<'s>(
        &'s self,
        kind: ObjectKind,
        key: &'s ValueKey,
        scratch: &'s mut Scratch,
    ) -> Stream<'s> {
        self.begin(scratch);
        scratch.wipe();
        let head = Some(Vec::with_capacity(HEAD));
        Stream { rules: self, key, scratch, kind, head, plain: Flow::raw(0), decoded: None }
    }
}

impl Stream<'_> {
    /// The next bytes, of any length.
    pub fn feed(&mut self, piece: &[u8]) {
        let mut piece = piece;
        if let Some(head) = &mut self.head {
            let (first, rest) = piece.split_at(piece.len().min(HEAD - head.len()));
            head.extend_from_slice(first);
            piece = rest;
            if head.len() < HEAD {
                return;
            }
            self.begin();
        }
        self.pour(piece);
    }

    fn begin(&mut self) {
        let Some(mut head) = self.head.take() else { return };
        self.decoded = Wide::of(&head).map(Flow::decoded);
        if head.starts_with(b"\xef\xbb\xbf") {
            self.plain = Flow::raw(3);
        }
        self.pour(&head);
        zeroize::Zeroize::zeroize(&mut head);
    }

    fn pour(&mut self, piece: &[u8]) {
        let pass = self.rules.pass(self.key, self.kind == ObjectKind::Blob);
        let Scratch { plain, wide, gathered, .. } = &mut *self.scratch;
        self.plain.feed(piece, &pass, plain, gathered);
        if let Some(decoded) = &mut self.decoded {
            decoded.feed(piece, &pass, wide, gathered);
        }
    }

    /// The object is complete: adds what was found to `out`.
    pub fn finish(mut self, out: &mut Scanned) {
        self.begin();
        let pass = self.rules.pass(self.key, self.kind == ObjectKind::Blob);
        let Scratch { plain, wide, gathered, .. } = &mut *self.scratch;
        self.plain.finish(&pass, plain, gathered);
        if let Some(decoded) = &mut self.decoded {
            decoded.finish(&pass, wide, gathered);
        }
        let submodules = plain.state.submodules;
        let source = match self.kind {
            ObjectKind::Blob => lychgate_model::Source::Blob,
            ObjectKind::Tree => lychgate_model::Source::Path,
            ObjectKind::Commit => lychgate_model::Source::Message,
            ObjectKind::Tag => lychgate_model::Source::Tag,
        };
        gathered.findings.iter_mut().for_each(|f| f.source = source);
        gathered.finish(&self.rules.rules, out);
        match self.kind {
            ObjectKind::Tree => out.not_looked_at.push("names in a tree of this size"),
            ObjectKind::Blob if submodules => {
                out.not_looked_at.push("submodule settings in a file of this size");
            }
            _ => {}
        }
    }
}
