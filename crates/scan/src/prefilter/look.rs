//! Which places of a text may hold a gram: the one step that every second byte of it takes.
//!
//! What every machine runs stands here; [`wide`] does the same with AVX2.

#[cfg(target_arch = "x86_64")]
mod wide;

/// Bytes that one word of marks is about: a bit for every second of them.
pub(super) const CHUNK: usize = 128;

/// By three bytes: of which kinds the fourth may be, a bit for each.
pub(super) type Fourths = [u32; 1 << 15];

/// How places are looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Look {
    Plain,
    #[cfg(target_arch = "x86_64")]
    Wide(wide::Able),
}

/// Bytes that text seldom has in each other's place, as one of 32 kinds. Letters of both cases are
/// a kind of their own, `_` nearly so; digits are of the kinds of rare letters.
pub(super) const KINDS: [u8; 256] = {
    let mut kinds = [0; 256];
    let mut b = 0;
    while b < 256 {
        kinds[b] = match b {
            0x00..0x40 if b & 16 == 0 => LOW_KINDS[b & 15],
            0x00..0x40 => DIGIT_KINDS[b & 15],
            0x80..0xc0 => 0,
            _ => b as u8 & 31,
        };
        b += 1;
    }
    kinds
};

/// Of a blank and the bytes behind it.
const LOW_KINDS: [u8; 16] = [0, 0, 29, 0, 30, 0, 0, 29, 27, 0, 0, 30, 0, 30, 28, 28];
/// Of the digits and the bytes behind them.
const DIGIT_KINDS: [u8; 16] = [26, 17, 24, 10, 11, 22, 23, 25, 2, 7, 29, 0, 0, 27, 0, 0];

/// A number for the kinds of the first three of four bytes, the lowest first: fifteen bits.
#[inline(always)]
fn three(kinds: u32) -> usize {
    // The bits of three bytes are put beside each other, the second's lowest, the first's on top,
    // some of them added to what is there: few share a number.
    ((kinds & THREE).wrapping_mul(ASIDE) >> 17) as usize
}

const THREE: u32 = 0x001f_1f1f;
const ASIDE: u32 = 1 << 27 | 1 << 9 | 1 << 6;

impl Look {
    /// The fastest there is on this machine.
    pub(super) fn best() -> Self {
        Self::all().last().copied().unwrap_or(Self::Plain)
    }

    /// Whatever works on this machine, the fastest last.
    pub(super) fn all() -> Vec<Self> {
        let plain = Some(Self::Plain);
        #[cfg(target_arch = "x86_64")]
        let wide = wide::Able::here().map(Self::Wide);
        #[cfg(not(target_arch = "x86_64"))]
        let wide = None;
        plain.into_iter().chain(wide).collect()
    }

    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Plain => "grams",
            #[cfg(target_arch = "x86_64")]
            Self::Wide(_) => "grams, AVX2",
        }
    }

    /// Where it is kept of a gram that it is looked for: which of [`Fourths`], and a bit of it. All
    /// bytes from `@` to `_` are of another kind each, and no kind is without one.
    pub(super) fn place(self, gram: [u8; 4]) -> (usize, u32) {
        let kind = |b: u8| match self {
            Self::Plain => b & 31,
            #[cfg(target_arch = "x86_64")]
            Self::Wide(_) => KINDS[usize::from(b)],
        };
        let kinds = gram.map(kind);
        (three(u32::from_le_bytes(kinds)), 1 << kinds[3])
    }

    /// Marks the places of each chunk of `text`, which goes on for at least four bytes behind the
    /// last, at which a gram may begin.
    pub(super) fn mark(self, fourths: &Fourths, text: &[u8], marks: &mut [u64]) {
        match self {
            Self::Plain => plain(fourths, text, marks),
            #[cfg(target_arch = "x86_64")]
            Self::Wide(able) => able.mark(fourths, text, marks),
        }
    }
}

fn plain(fourths: &Fourths, text: &[u8], marks: &mut [u64]) {
    for (i, mark) in marks.iter_mut().enumerate() {
        let from = i * CHUNK;
        let Some(chunk) = text.get(from..).and_then(<[u8]>::first_chunk) else {
            return;
        };
        *mark = word(fourths, chunk);
    }
}

#[inline(always)]
fn word(fourths: &Fourths, chunk: &[u8; CHUNK + 4]) -> u64 {
    let mut marks = 0;
    for place in (0..CHUNK).step_by(2).rev() {
        let gram = chunk.get(place..).and_then(<[u8]>::first_chunk);
        let gram = u32::from_le_bytes(*gram.unwrap_or(&[0; 4]));
        let fourths = fourths[three(gram)];
        marks = marks << 1 | u64::from(fourths >> (gram >> 24 & 31) & 1);
    }
    marks
}
