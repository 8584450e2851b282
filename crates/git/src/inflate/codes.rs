//! The codes of a block as tables that are looked into with the next bits of the stream.

/// An entry: how many bits to drop in the lowest byte, and in the rest what they mean.
///
/// A literal has its byte from bit 16 on. A length or distance has its base there, and from bit 8 on
/// how many of the bits to drop are the code; the others are added to the base. What is [`SPECIAL`]
/// ends the block, or is found in a [second](SECOND) table, which begins at the place that is told
/// from bit 16 on and has as many bits as are told from bit 8 on, or is no code.
pub(super) type Entry = u32;

pub(super) const LITERAL: Entry = 1 << 31;
pub(super) const SPECIAL: Entry = 1 << 15;
pub(super) const SECOND: Entry = 1 << 14;
pub(super) const END: Entry = 1 << 13;
/// What no code leads to.
pub(super) const NOTHING: Entry = SPECIAL;

/// Bits of the first table of literals and lengths, of distances, and of the code that tells both.
pub(super) const MOST: u32 = 10;
pub(super) const MOST_DISTANCE: u32 = 8;
pub(super) const MOST_OUTER: u32 = 7;

/// Places of the tables: the first table and all second ones that 286 or 30 codes can ask for
/// (1,334 and 402), up to the next power of two.
pub(super) const PLACES: usize = 2048;
pub(super) const PLACES_DISTANCE: usize = 512;

/// Bits of the longest code.
const LONGEST: usize = 15;

/// The codes of one block.
pub(super) struct Codes {
    pub(super) symbols: [Entry; PLACES],
    pub(super) symbol_bits: u32,
    pub(super) distances: [Entry; PLACES_DISTANCE],
    pub(super) distance_bits: u32,
}

impl Codes {
    pub(super) fn new() -> Box<Self> {
        Box::new(Self {
            symbols: [NOTHING; PLACES],
            symbol_bits: 0,
            distances: [NOTHING; PLACES_DISTANCE],
            distance_bits: 0,
        })
    }

    /// The codes of blocks that bring none of their own.
    pub(super) fn fixed() -> Box<Self> {
        let mut codes = Self::new();
        let length = |symbol| match symbol {
            0..144 => 8,
            144..256 => 9,
            256..280 => 7,
            _ => 8,
        };
        let lengths: [u8; 288] = std::array::from_fn(length);
        // They are codes, so nothing is left undone.
        let _ = codes.fill(&lengths, &[5; 32]);
        codes
    }

    /// Takes the lengths of the codes of a block; `None`: there are no such codes.
    pub(super) fn fill(&mut self, symbols: &[u8], distances: &[u8]) -> Option<()> {
        self.symbol_bits = table(&mut self.symbols, MOST, symbols, &SYMBOLS)?;
        self.distance_bits = table(&mut self.distances, MOST_DISTANCE, distances, &DISTANCES)?;
        Some(())
    }
}

const LENGTHS: [(u32, u32); 29] = [
    (3, 0),
    (4, 0),
    (5, 0),
    (6, 0),
    (7, 0),
    (8, 0),
    (9, 0),
    (10, 0),
    (11, 1),
    (13, 1),
    (15, 1),
    (17, 1),
    (19, 2),
    (23, 2),
    (27, 2),
    (31, 2),
    (35, 3),
    (43, 3),
    (51, 3),
    (59, 3),
    (67, 4),
    (83, 4),
    (99, 4),
    (115, 4),
    (131, 5),
    (163, 5),
    (195, 5),
    (227, 5),
    (258, 0),
];

/// What each symbol means, still without its code. The last two mean nothing.
static SYMBOLS: [Entry; 288] = {
    let mut symbols = [NOTHING; 288];
    let mut at = 0;
    while at < 256 {
        symbols[at] = LITERAL | (at as u32) << 16;
        at += 1;
    }
    symbols[256] = SPECIAL | END;
    at = 0;
    while at < LENGTHS.len() {
        let (base, more) = LENGTHS[at];
        symbols[257 + at] = base << 16 | more;
        at += 1;
    }
    symbols
};

static DISTANCES: [Entry; 32] = {
    let mut distances = [NOTHING; 32];
    let (mut at, mut base) = (0, 1);
    while at < 30 {
        let more = if at < 4 { 0 } else { at as u32 / 2 - 1 };
        distances[at] = base << 16 | more;
        base += 1 << more;
        at += 1;
    }
    distances
};

/// The symbols of the code in which the lengths of the others are told.
pub(super) static OUTER: [Entry; 19] = {
    let mut outer = [0; 19];
    let mut at = 0;
    while at < 19 {
        outer[at] = (at as u32) << 16;
        at += 1;
    }
    outer
};

/// Makes the tables of a code from the length of each symbol's; the bits of the first comes out,
/// `most` or fewer. `None`: no code has such lengths.
pub(super) fn table(
    table: &mut [Entry],
    most: u32,
    lengths: &[u8],
    meanings: &[Entry],
) -> Option<u32> {
    let mut counts = [0u16; LONGEST + 1];
    for length in lengths {
        counts[usize::from(length & 15)] += 1;
    }
    let mut begin = [0u16; LONGEST + 2];
    let mut left = 1i32;
    for length in 1..=LONGEST {
        begin[length + 1] = begin[length] + counts[length];
        left = 2 * left - i32::from(counts[length]);
        if left < 0 {
            return None;
        }
    }
    let used = usize::from(begin[LONGEST + 1]);
    if left > 0 {
        return incomplete(table, most, used, lengths, meanings);
    }
    // In the order of their codes: by length, then by number.
    let mut sorted = [0u16; 320];
    for (symbol, length) in lengths.iter().enumerate() {
        if *length != 0 {
            let at = &mut begin[usize::from(length & 15)];
            *sorted.get_mut(usize::from(*at))? = symbol as u16;
            *at += 1;
        }
    }
    let mut coded = sorted
        .iter()
        .take(used)
        .map(|symbol| meanings.get(usize::from(*symbol)));
    let longest = counts.iter().rposition(|count| *count > 0)?;
    let most = longest.min(most as usize);
    // The first bit of a code is the lowest.
    let mut code = 0;
    let mut length = 1;
    while length <= most {
        if length > 1 {
            // What fewer bits decide is the same whichever bit comes next.
            let size = 1 << (length - 1);
            let (from, to) = table.split_at_mut_checked(size)?;
            to.get_mut(..size)?.copy_from_slice(from);
        }
        for _ in 0..counts[length] {
            *table.get_mut(code)? = coded_as(*coded.next()??, length as u32);
            code = next(code, length);
        }
        length += 1;
    }
    let mask = (1 << most) - 1;
    let (mut prefix, mut start, mut size, mut end) = (usize::MAX, 0, 0, 1 << most);
    while length <= longest {
        for nth in 0..counts[length] {
            if code & mask != prefix {
                // As many bits as the codes take that begin alike.
                prefix = code & mask;
                let mut bits = length - most;
                let mut space = i32::from(counts[length] - nth);
                while space < 1 << bits && most + bits < longest {
                    bits += 1;
                    space = 2 * space + i32::from(counts[most + bits]);
                }
                (start, size) = (end, 1 << bits);
                end += size;
                let place = (start as u32) << 16;
                *table.get_mut(prefix)? =
                    place | SPECIAL | SECOND | (bits as u32) << 8 | most as u32;
            }
            let entry = coded_as(*coded.next()??, (length - most) as u32);
            let second = table.get_mut(start..start + size)?;
            let same = second.iter_mut().skip(code >> most);
            same.step_by(1 << (length - most))
                .for_each(|place| *place = entry);
            code = next(code, length);
        }
        length += 1;
    }
    Some(most as u32)
}

/// A code that leaves some bits without meaning: none at all, or one symbol in one bit. Both may be,
/// where nothing is as far back as the code could tell.
fn incomplete(
    table: &mut [Entry],
    most: u32,
    used: usize,
    lengths: &[u8],
    meanings: &[Entry],
) -> Option<u32> {
    let first = table.get_mut(..1 << most)?;
    first.fill(NOTHING);
    if used > 0 {
        let symbol = lengths.iter().position(|length| *length == 1)?;
        let entry = coded_as(*meanings.get(symbol)?, 1);
        first.iter_mut().step_by(2).for_each(|place| *place = entry);
    }
    (used < 2).then_some(most)
}

/// The code that follows one of so many bits.
fn next(mut code: usize, length: usize) -> usize {
    let mut bit = 1 << (length - 1);
    while code & bit != 0 {
        code ^= bit;
        bit >>= 1;
    }
    code | bit
}

fn coded_as(meaning: Entry, length: u32) -> Entry {
    let code = match meaning & (LITERAL | SPECIAL) {
        0 => length << 8,
        _ => 0,
    };
    meaning + code + length
}
