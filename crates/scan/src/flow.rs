//! Text that comes in pieces: a buffer that slides over it, and the cursor that counts.

use lychgate_model::{Source, limits};

use crate::cursor::Cursor;
use crate::decode::{Decoder, Unit, Wide};
use crate::disguise::Room;
use crate::gather::Gathered;
use crate::overwritten;
use crate::search::{Pass, State, Text};

/// Raw bytes taken at once; decoded they are at most half as many more.
const SLICE: usize = 256 << 10;

/// One view of an object in pieces: its bytes, or its text decoded.
#[derive(Debug)]
pub(crate) struct Flow {
    cursor: Cursor,
    base: u64,
    decoder: Option<Decoder>,
    /// Bytes still to be skipped: a byte order mark.
    skip: usize,
    source: Source,
}

/// What a flow reuses.
#[derive(Debug, Default)]
pub(crate) struct Basin {
    buffer: Vec<u8>,
    pub(crate) state: State,
}

impl Basin {
    /// Lends the buffer, emptied, and the state.
    pub(crate) fn hold(&mut self, work: impl FnOnce(&mut Vec<u8>, &mut State)) {
        self.buffer.clear();
        work(&mut self.buffer, &mut self.state);
    }

    /// Overwrites what the buffer held.
    pub(crate) fn wipe(&mut self) {
        overwritten::empty(&mut self.buffer);
    }
}

/// Where a flow works and leaves what it found.
pub(crate) struct Rooms<'s> {
    pub(crate) basin: &'s mut Basin,
    pub(crate) room: &'s mut Room,
    pub(crate) out: &'s mut Gathered,
}

impl Flow {
    /// Bytes as they are, after a mark of `skip` bytes.
    pub(crate) fn raw(skip: usize) -> Self {
        Self {
            cursor: Cursor::new(skip as u64, Unit::Byte),
            base: 0,
            decoder: None,
            skip,
            source: Source::Blob,
        }
    }

    /// Text in an encoding of wide units.
    pub(crate) fn decoded(wide: Wide) -> Self {
        Self::part(wide, 0, Source::Blob)
    }

    /// The same for a part that begins at `at` of its object.
    pub(crate) fn part(wide: Wide, at: usize, source: Source) -> Self {
        Self {
            cursor: Cursor::new((at + wide.mark) as u64, wide.unit()),
            base: 0,
            decoder: Some(Decoder::new(wide)),
            skip: wide.mark,
            source,
        }
    }

    pub(crate) fn feed(&mut self, raw: &[u8], pass: &Pass<'_>, rooms: Rooms<'_>) {
        let Rooms { basin, room, out } = rooms;
        let skipped = self.skip.min(raw.len());
        self.skip -= skipped;
        let raw = raw.get(skipped..).unwrap_or_default();
        // Reserved once: a buffer that moves would leave copies behind.
        basin.buffer.reserve_exact(
            (SLICE + SLICE / 2 + limits::OVERLAP + 16).saturating_sub(basin.buffer.len()),
        );
        for slice in raw.chunks(SLICE) {
            let fresh = basin.buffer.len();
            match &mut self.decoder {
                Some(decoder) => decoder.decode(slice, &mut basin.buffer),
                None => basin.buffer.extend_from_slice(slice),
            }
            room.allow(slice.len());
            self.search((fresh, false), pass, basin, room, out);
            self.slide(basin);
        }
    }

    pub(crate) fn finish(&mut self, pass: &Pass<'_>, rooms: Rooms<'_>) {
        let Rooms { basin, room, out } = rooms;
        let fresh = basin.buffer.len();
        if let Some(decoder) = &mut self.decoder {
            decoder.finish(&mut basin.buffer);
        }
        self.search((fresh, true), pass, basin, room, out);
        basin.wipe();
    }

    fn search(
        &self,
        (fresh, last): (usize, bool),
        pass: &Pass<'_>,
        basin: &mut Basin,
        room: &mut Room,
        out: &mut Gathered,
    ) {
        let text = Text {
            bytes: &basin.buffer,
            base: self.base,
            fresh,
            last,
        };
        pass.run(text, &mut basin.state);
        out.take(&mut basin.state, text, self.cursor, self.source);
        pass.unveil(text, None, &mut basin.state, room);
        out.take_unveiled(room, text, self.cursor, self.source);
    }

    /// Lets go of all but the overlap, at the edge of a character.
    fn slide(&mut self, basin: &mut Basin) {
        let mut cut = basin.buffer.len().saturating_sub(limits::OVERLAP);
        let inside = |b: Option<&u8>| b.is_some_and(|b| b & 0xc0 == 0x80);
        for _ in 0..3 {
            if cut > 0 && inside(basin.buffer.get(cut)) {
                cut -= 1;
            }
        }
        if let Some(gone) = basin.buffer.get(..cut) {
            self.cursor.advance(gone);
        }
        basin.buffer.drain(..cut);
        self.base += cut as u64;
    }
}
