//! An object in pieces: bounded memory, the same findings.

use std::fmt;

use lychgate_model::{ObjectKind, Source};
use zeroize::Zeroizing;

use crate::decode::{HEAD, Wide};
use crate::disguise;
use crate::flow::Flow;
use crate::inside::Inside;
use crate::ruleset::RuleSet;
use crate::scan::Scratch;
use crate::scanned::Scanned;
use crate::sealed::Sealed;
use crate::value::ValueKey;

/// An object that arrives in pieces. Memory stays bounded whatever the size; a match is found
/// wherever the pieces are cut, if it is not longer than half the overlap.
///
/// Borrows nothing, so that it can wait between pieces and move between threads. What it has read
/// so far is in the scratch: hand the same rules, key and scratch to every call, and give the
/// scratch to nobody else until the end.
pub struct Stream {
    kind: ObjectKind,
    /// The first bytes, until they tell the encoding.
    head: Option<Zeroizing<Vec<u8>>>,
    plain: Flow,
    decoded: Option<Flow>,
    /// It begins like something packed.
    packed: bool,
    /// Something packed stands in it.
    within: disguise::Within,
    /// It begins like something encrypted.
    sealed: Option<Sealed>,
    /// UTF-16 inside of what is no text.
    inside: Inside,
}

impl fmt::Debug for Stream {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Stream(..)")
    }
}

impl RuleSet {
    /// Begins an object that comes in pieces because it is larger than
    /// [`lychgate_model::limits::WHOLE_OBJECT`].
    pub fn stream(&self, kind: ObjectKind, scratch: &mut Scratch) -> Stream {
        self.begin(0, scratch);
        scratch.wipe();
        let head = Some(Zeroizing::new(Vec::with_capacity(HEAD)));
        Stream {
            kind,
            head,
            plain: Flow::raw(0),
            decoded: None,
            packed: false,
            within: disguise::Within::new(),
            sealed: None,
            inside: Inside::new(),
        }
    }
}

impl Stream {
    /// The next bytes, of any length.
    pub fn feed(&mut self, rules: &RuleSet, key: &ValueKey, scratch: &mut Scratch, piece: &[u8]) {
        scratch.plain.state.allow(piece.len());
        let mut piece = piece;
        if let Some(head) = &mut self.head {
            let (first, rest) = piece.split_at(piece.len().min(HEAD - head.len()));
            head.extend_from_slice(first);
            piece = rest;
            if head.len() < HEAD {
                return;
            }
            self.begin(rules, key, scratch);
        }
        self.pour(rules, key, scratch, piece);
    }

    /// The head is complete: it tells how to read, and is read.
    fn begin(&mut self, rules: &RuleSet, key: &ValueKey, scratch: &mut Scratch) {
        let Some(head) = self.head.take() else { return };
        self.decoded = Wide::of(&head).map(Flow::decoded);
        self.packed = disguise::is_packed(&head);
        self.sealed = Sealed::of_head(&head);
        if head.starts_with(b"\xef\xbb\xbf") {
            self.plain = Flow::raw(3);
        }
        self.pour(rules, key, scratch, &head);
    }

    fn pour(&mut self, rules: &RuleSet, key: &ValueKey, scratch: &mut Scratch, piece: &[u8]) {
        let pass = rules.pass(key, self.kind == ObjectKind::Blob);
        self.plain.feed(piece, &pass, scratch.plain_room());
        if self.kind == ObjectKind::Blob && !self.packed {
            self.within.feed(piece);
        }
        if let Some(decoded) = &mut self.decoded {
            scratch.in_wide_room(|rooms| decoded.feed(piece, &pass, rooms));
        } else if self.kind != ObjectKind::Tree {
            self.inside.feed(piece, rules, key, scratch);
        }
    }

    /// The object is complete: adds what was found to `out`.
    pub fn finish(
        mut self,
        rules: &RuleSet,
        key: &ValueKey,
        scratch: &mut Scratch,
        out: &mut Scanned,
    ) {
        self.begin(rules, key, scratch);
        let pass = rules.pass(key, self.kind == ObjectKind::Blob);
        self.plain.finish(&pass, scratch.plain_room());
        if let Some(decoded) = &mut self.decoded {
            scratch.in_wide_room(|rooms| decoded.finish(&pass, rooms));
        }
        let submodules = scratch.plain.state.submodules;
        self.inside.look(true, rules, key, scratch);
        let gathered = &mut scratch.gathered;
        let source = match self.kind {
            ObjectKind::Blob => Source::Blob,
            ObjectKind::Tree => Source::Path,
            ObjectKind::Commit => Source::Message,
            ObjectKind::Tag => Source::Tag,
        };
        gathered.findings.iter_mut().for_each(|f| f.source = source);
        gathered.finish(&rules.rules, out);
        if self.kind == ObjectKind::Blob {
            out.sealed = self.sealed;
        }
        let packed = self.packed || self.within.finish();
        if packed && self.kind == ObjectKind::Blob {
            out.not_looked_at
                .push("what is packed in an archive of this size");
        }
        match self.kind {
            ObjectKind::Tree => out.not_looked_at.push("names in a tree of this size"),
            ObjectKind::Blob if submodules => {
                out.not_looked_at
                    .push("submodule settings in a file of this size");
            }
            _ => {}
        }
    }
}
