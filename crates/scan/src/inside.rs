//! UTF-16 inside a binary that comes in pieces.

use lychgate_model::Source;
use zeroize::Zeroizing;

use crate::cursor::Cursor;
use crate::decode::Unit;
use crate::ruleset::RuleSet;
use crate::runs::CARRIED;
use crate::scan::Scratch;
use crate::search::Text;
use crate::value::ValueKey;

/// Bytes looked at once: more than are carried, so that time stays linear.
const SLICE: usize = 256 << 10;

/// A buffer that slides over the bytes, with what may go on.
pub(crate) struct Inside {
    /// Reserved once, with the first byte: a buffer that moves would leave copies behind.
    buffer: Zeroizing<Vec<u8>>,
    /// Where the buffer begins in the object.
    base: u64,
    /// Bytes of the buffer that were looked at before.
    carried: usize,
    cursor: Cursor,
}

impl Inside {
    pub(crate) fn new() -> Self {
        Self {
            buffer: Zeroizing::default(),
            base: 0,
            carried: 0,
            cursor: Cursor::new(0, Unit::Byte),
        }
    }

    /// The next bytes, of any length.
    pub(crate) fn feed(
        &mut self,
        piece: &[u8],
        rules: &RuleSet,
        key: &ValueKey,
        scratch: &mut Scratch,
    ) {
        let room = (CARRIED + SLICE).saturating_sub(self.buffer.len());
        self.buffer.reserve_exact(room);
        let mut piece = piece;
        while !piece.is_empty() {
            let room = SLICE - (self.buffer.len() - self.carried);
            let (now, rest) = piece.split_at(room.min(piece.len()));
            self.buffer.extend_from_slice(now);
            piece = rest;
            if now.len() == room {
                self.look(false, rules, key, scratch);
            }
        }
    }

    /// Searches what is there. Nothing follows the `last`.
    pub(crate) fn look(
        &mut self,
        last: bool,
        rules: &RuleSet,
        key: &ValueKey,
        scratch: &mut Scratch,
    ) {
        let raw = Text {
            bytes: &self.buffer,
            base: self.base,
            fresh: 0,
            last,
        };
        let pass = rules.pass(key, false);
        let cursor = &mut self.cursor;
        let from = rules.runs_in(raw, Source::Blob, &pass, cursor, scratch);
        let base = self.base + from as u64;
        // It may stand at a run that is seen again, behind the bytes that go.
        if cursor.at < base {
            cursor.advance(raw.between(cursor.at, base));
        }
        scratch.wide.wipe();
        self.buffer.drain(..from);
        self.base = base;
        self.carried = self.buffer.len();
    }
}
