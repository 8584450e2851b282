//! zlib streams of known length, in one go: all of the input is there, and all of the room.
//!
//! A decoder that may be interrupted at any byte keeps a window and copies into it whatever it puts
//! out, and gets itself ready for each stream. Most entries of a pack are a few dozen bytes long.

mod codes;
#[cfg(test)]
mod tests;

use self::codes::{
    Codes, END, LITERAL, MOST_OUTER, NOTHING, OUTER, PLACES, PLACES_DISTANCE, SECOND, SPECIAL,
    table,
};

/// Decodes one stream after the other.
#[derive(Default)]
pub(crate) struct Whole {
    own: Option<Box<Codes>>,
    fixed: Option<Box<Codes>>,
}

/// In which order the lengths of the outer code are told.
const ORDER: [u8; 19] = [
    16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15,
];

impl Whole {
    /// Decodes the stream at the front of `input`, which has to fill `output` exactly; `None`: it
    /// does not, or is damaged or cut short.
    pub(crate) fn inflate(&mut self, input: &[u8], output: &mut [u8]) -> Option<()> {
        let (mut bits, mut written) = (begin(input)?, 0);
        self.blocks(&mut bits, output, &mut written)?;
        let sum = bits.input.get(bits.used()?..)?.first_chunk()?;
        let same = u32::from_be_bytes(*sum) == zlib_rs::adler32::adler32(1, output);
        (same && written == output.len()).then_some(())
    }

    /// Decodes a stream until the output is full, or nearly, or to its end, or to where it is
    /// damaged; how much came out. That this is right no checksum tells.
    pub(crate) fn front(&mut self, input: &[u8], output: &mut [u8]) -> usize {
        let Some(mut bits) = begin(input) else {
            return 0;
        };
        let mut written = 0;
        // All that matters is how far it came, and that it did not come from beyond the input.
        let _ = self.blocks(&mut bits, output, &mut written);
        bits.used().map_or(0, |_| written)
    }

    /// Decodes all blocks of a stream; where that ends early, `written` tells how far it came.
    fn blocks(
        &mut self,
        bits: &mut Bits<'_>,
        output: &mut [u8],
        written: &mut usize,
    ) -> Option<()> {
        loop {
            bits.refill();
            let is_last = bits.take(1) == 1;
            match bits.take(2) {
                0 => stored(bits, output, written)?,
                1 => {
                    let codes = self.fixed.get_or_insert_with(Codes::fixed);
                    block(codes, bits, output, written)?;
                }
                2 => {
                    let codes = self.own.get_or_insert_with(Codes::new);
                    read_codes(codes, bits)?;
                    block(codes, bits, output, written)?;
                }
                _ => return None,
            }
            bits.used()?;
            if is_last {
                return Some(());
            }
        }
    }
}

/// What comes behind the head of a stream.
fn begin(input: &[u8]) -> Option<Bits<'_>> {
    let (head, input) = input.split_first_chunk()?;
    let [method, flags] = *head;
    let wanted = method & 0x8f == 8 && flags & 0x20 == 0;
    (wanted && u16::from_be_bytes(*head) % 31 == 0).then(|| Bits::new(input, 0))
}

/// The input, bit by bit.
struct Bits<'a> {
    input: &'a [u8],
    /// Bytes taken into the word; beyond the end of the input they are taken as 0, and
    /// [`Bits::used`] tells.
    at: usize,
    word: u64,
    /// In its lowest byte, how many bits of the word were not used. The rest is of no meaning.
    count: u32,
}

impl<'a> Bits<'a> {
    const fn new(input: &'a [u8], at: usize) -> Self {
        Self {
            input,
            at,
            word: 0,
            count: 0,
        }
    }

    /// Takes bytes into the word until it has 56 bits or more.
    #[inline(always)]
    fn refill(&mut self) {
        let rest = self.input.get(self.at..).unwrap_or_default();
        let Some(bytes) = rest.first_chunk() else {
            return self.refill_at_end();
        };
        // The bits above those that are counted are the same when they come again.
        self.word |= u64::from_le_bytes(*bytes) << (self.count & 63);
        self.at += 7 - (self.count >> 3 & 7) as usize;
        self.count |= 56;
    }

    #[cold]
    #[inline(never)]
    fn refill_at_end(&mut self) {
        self.count &= 0xff;
        while self.count <= 56 {
            let byte = self.input.get(self.at).copied().unwrap_or(0);
            self.word |= u64::from(byte) << self.count;
            self.at += 1;
            self.count += 8;
        }
    }

    /// Drops as many bits as the lowest byte says.
    #[inline(always)]
    fn skip(&mut self, bits: u32) {
        self.word >>= bits & 63;
        self.count = self.count.wrapping_sub(bits);
    }

    #[inline(always)]
    fn take(&mut self, bits: u32) -> u32 {
        let value = self.word as u32 & ((1 << bits) - 1);
        self.skip(bits);
        value
    }

    /// What an entry that is a length or distance says, and drops what says it.
    #[inline(always)]
    fn number(&mut self, entry: u32) -> usize {
        let more = (self.word & ((1 << (entry & 31)) - 1)) >> (entry >> 8 & 15);
        self.skip(entry);
        (entry >> 16) as usize + more as usize
    }

    /// The entry of a second table.
    #[inline(always)]
    fn second(&mut self, entry: u32, places: &[u32]) -> u32 {
        self.skip(entry);
        let within = self.word as usize & ((1 << (entry >> 8 & 15)) - 1);
        let at = (entry >> 16) as usize + within;
        places.get(at).copied().unwrap_or(NOTHING)
    }

    /// Bytes of which bits were used; `None`: there were not so many.
    fn used(&self) -> Option<usize> {
        let used = self.at.checked_sub((self.count & 0xff) as usize / 8)?;
        (used <= self.input.len()).then_some(used)
    }
}

/// The bytes of a block that is not compressed.
fn stored(bits: &mut Bits<'_>, output: &mut [u8], written: &mut usize) -> Option<()> {
    let at = bits.used()?;
    let (head, rest) = bits.input.get(at..)?.split_first_chunk()?;
    let [a, b, c, d] = *head;
    if [a, b] != [!c, !d] {
        return None;
    }
    let bytes = rest.get(..usize::from(u16::from_le_bytes([a, b])))?;
    let room = output.get_mut(*written..)?.get_mut(..bytes.len())?;
    room.copy_from_slice(bytes);
    *written += bytes.len();
    *bits = Bits::new(bits.input, at + 4 + bytes.len());
    Some(())
}

/// Reads the codes of a block that brings its own.
fn read_codes(codes: &mut Codes, bits: &mut Bits<'_>) -> Option<()> {
    let symbols = 257 + bits.take(5) as usize;
    let total = symbols + 1 + bits.take(5) as usize;
    let told = 4 + bits.take(4) as usize;
    if symbols > 286 || total - symbols > 30 {
        return None;
    }
    let mut outer = [0; 19];
    for (nth, symbol) in ORDER.iter().take(told).enumerate() {
        // 17 bits were taken before, and 36 are by now.
        if nth == 12 {
            bits.refill();
        }
        *outer.get_mut(usize::from(*symbol))? = bits.take(3) as u8;
    }
    let mut places = [NOTHING; 1 << MOST_OUTER];
    let outer_bits = table(&mut places, MOST_OUTER, &outer, &OUTER)?;
    let mask = (1 << outer_bits) - 1;
    let mut lengths = [0; 320];
    let mut at = 0;
    while at < total {
        bits.refill();
        let entry = *places.get(bits.word as usize & mask)?;
        if entry & SPECIAL != 0 {
            return None;
        }
        bits.skip(entry & 0xff);
        let (length, times) = match (entry >> 16) as u8 {
            16 => (*lengths.get(at.checked_sub(1)?)?, 3 + bits.take(2)),
            17 => (0, 3 + bits.take(3)),
            18 => (0, 11 + bits.take(7)),
            length => {
                *lengths.get_mut(at)? = length;
                at += 1;
                continue;
            }
        };
        let end = at + times as usize;
        if end > total {
            return None;
        }
        lengths.get_mut(at..end)?.fill(length);
        at = end;
    }
    let (symbols, distances) = lengths.get(..total)?.split_at_checked(symbols)?;
    // A block that has no end is none.
    symbols.get(256).filter(|length| **length > 0)?;
    codes.fill(symbols, distances)
}

/// Decodes a block.
fn block(
    codes: &Codes,
    stream: &mut Bits<'_>,
    output: &mut [u8],
    written: &mut usize,
) -> Option<()> {
    let mask = (1u64 << codes.symbol_bits) - 1;
    let distance_mask = (1u64 << codes.distance_bits) - 1;
    // Copies, which stay in registers.
    let mut bits = Bits { ..*stream };
    let mut to = *written;
    macro_rules! look {
        () => {
            codes.symbols[(bits.word & mask) as usize % PLACES]
        };
    }
    macro_rules! put {
        ($entry:ident) => {{
            bits.skip($entry);
            let Some(room) = output.get_mut(to) else {
                (*stream, *written) = (bits, to);
                return None;
            };
            *room = ($entry >> 16) as u8;
            to += 1;
        }};
    }
    loop {
        // 56 bits: two literals and a length (10 + 10 + 20), or three literals.
        bits.refill();
        let mut entry = look!();
        if entry & LITERAL != 0 {
            put!(entry);
            entry = look!();
            if entry & LITERAL != 0 {
                put!(entry);
                entry = look!();
                if entry & LITERAL != 0 {
                    put!(entry);
                    continue;
                }
            }
        }
        if entry & SPECIAL != 0 {
            if entry & SECOND != 0 {
                entry = bits.second(entry, &codes.symbols);
                if entry & LITERAL != 0 {
                    put!(entry);
                    continue;
                }
            }
            if entry & SPECIAL != 0 {
                bits.skip(entry);
                *stream = bits;
                *written = to;
                return (entry & END != 0).then_some(());
            }
        }
        let length = bits.number(entry);
        if bits.count & 0xff < 32 {
            bits.refill();
        }
        let mut entry = codes.distances[(bits.word & distance_mask) as usize % PLACES_DISTANCE];
        if entry & SECOND != 0 {
            entry = bits.second(entry, &codes.distances);
        }
        if entry & SPECIAL != 0 {
            return None;
        }
        let distance = bits.number(entry);
        let Some(end) = copy(output, to, distance, length) else {
            (*stream, *written) = (bits, to);
            return None;
        };
        to = end;
    }
}

/// Puts out again what stands `distance` before; where what was put out ends then.
#[inline(always)]
fn copy(output: &mut [u8], to: usize, distance: usize, length: usize) -> Option<usize> {
    const STEP: usize = 16;
    let from = to.checked_sub(distance)?;
    let end = to + length;
    if distance >= STEP && end + STEP <= output.len() {
        // The last step may go beyond the end: what comes there is written later.
        let mut at = 0;
        while at < length {
            let step: [u8; STEP] = *output.get(from + at..)?.first_chunk()?;
            *output.get_mut(to + at..)?.first_chunk_mut()? = step;
            at += STEP;
        }
        return Some(end);
    }
    if end > output.len() {
        return None;
    }
    if distance == 1 {
        let byte = *output.get(from)?;
        output.get_mut(to..end)?.fill(byte);
    } else if distance >= length {
        output.copy_within(from..from + length, to);
    } else {
        for at in from..from + length {
            let byte = *output.get(at)?;
            *output.get_mut(at + distance)? = byte;
        }
    }
    Some(end)
}
