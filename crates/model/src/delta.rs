//! Git's delta format: copies from a base and insertions.

/// The two sizes at the head of a delta and where its instructions begin.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Head {
    /// Bytes of the base.
    pub base: u64,
    /// Bytes of the result.
    pub result: u64,
    /// Where the instructions begin.
    pub instructions: usize,
}

/// Reads the head; `None`: damaged.
pub fn head(delta: &[u8]) -> Option<Head> {
    let (base, at) = size(delta, 0)?;
    let (result, instructions) = size(delta, at)?;
    Some(Head {
        base,
        result,
        instructions,
    })
}

fn size(bytes: &[u8], mut at: usize) -> Option<(u64, usize)> {
    let mut value = 0u64;
    let mut shift = 0;
    loop {
        let byte = *bytes.get(at)?;
        at += 1;
        if shift > 56 {
            return None;
        }
        value |= u64::from(byte & 0x7f) << shift;
        shift += 7;
        if byte & 0x80 == 0 {
            return Some((value, at));
        }
    }
}

/// What one instruction adds to the result.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Piece<'d> {
    /// So many bytes of the base, from a place on.
    Copy {
        /// Where they begin.
        start: usize,
        /// How many they are.
        len: usize,
    },
    /// These bytes.
    Insert(&'d [u8]),
}

impl Piece<'_> {
    /// Bytes it adds.
    pub fn len(self) -> usize {
        match self {
            Self::Copy { len, .. } => len,
            Self::Insert(bytes) => bytes.len(),
        }
    }

    /// Whether it adds nothing; no instruction says so.
    pub fn is_empty(self) -> bool {
        self.len() == 0
    }
}

/// Splits the first instruction off; `None`: damaged.
pub fn split(instructions: &[u8]) -> Option<(Piece<'_>, &[u8])> {
    let (&code, mut rest) = instructions.split_first()?;
    if code & 0x80 == 0 {
        // Code 0 is reserved.
        let len = Some(usize::from(code)).filter(|len| *len > 0)?;
        let (piece, rest) = rest.split_at_checked(len)?;
        return Some((Piece::Insert(piece), rest));
    }
    let mut field = |bits: u8, from: u8| -> Option<usize> {
        let mut value = 0;
        for bit in 0..bits {
            if code & (1 << (from + bit)) != 0 {
                let (&byte, after) = rest.split_first()?;
                rest = after;
                value |= usize::from(byte) << (8 * bit);
            }
        }
        Some(value)
    };
    let start = field(4, 0)?;
    let len = match field(3, 4)? {
        0 => 0x1_0000,
        len => len,
    };
    Some((Piece::Copy { start, len }, rest))
}

/// Carries `instructions` out on `base`; fills `out` exactly or gives `None`.
pub fn apply(base: &[u8], instructions: &[u8], mut out: &mut [u8]) -> Option<()> {
    let mut rest = instructions;
    while !rest.is_empty() {
        let (piece, after) = split(rest)?;
        rest = after;
        let bytes = match piece {
            Piece::Copy { start, len } => base.get(start..start.checked_add(len)?)?,
            Piece::Insert(bytes) => bytes,
        };
        let (here, after) = out.split_at_mut_checked(bytes.len())?;
        here.copy_from_slice(bytes);
        out = after;
    }
    out.is_empty().then_some(())
}

/// Whether `instructions` give exactly `result` bytes on any base of `base` bytes.
pub fn fits(instructions: &[u8], base: u64, result: u64) -> bool {
    let mut rest = instructions;
    let mut left = result;
    while !rest.is_empty() {
        let Some((piece, after)) = split(rest) else {
            return false;
        };
        rest = after;
        if let Piece::Copy { start, len } = piece
            && start.checked_add(len).is_none_or(|end| end as u64 > base)
        {
            return false;
        }
        let Some(less) = left.checked_sub(piece.len() as u64) else {
            return false;
        };
        left = less;
    }
    left == 0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn copies_and_insertions() {
        // copy 3 from 2; insert "xy"; copy 0x10000 cannot be.
        let base = b"abcdefg";
        let delta = [7, 5, 0x91, 2, 3, 2, b'x', b'y'];
        let head = head(&delta).unwrap();
        assert_eq!(
            head,
            Head {
                base: 7,
                result: 5,
                instructions: 2
            }
        );
        let mut out = [0; 5];
        apply(base, &delta[2..], &mut out).unwrap();
        assert_eq!(&out, b"cdexy");
        assert!(fits(&delta[2..], 7, 5));
        assert!(!fits(&delta[2..], 4, 5), "a copy beyond the base");
        assert!(!fits(&delta[2..], 7, 4) && !fits(&delta[2..], 7, 6));
        for bad in [
            &[0x91, 6, 3][..],
            &[0][..],
            &[5, b'a'][..],
            &[0x91, 2][..],
            &[0x80][..],
            &[0x91, 0, 6][..],
            &[1, b'a'][..],
        ] {
            assert_eq!(apply(base, bad, &mut [0; 5]), None, "{bad:?}");
            assert!(!fits(bad, 7, 5), "{bad:?}");
        }
    }

    #[test]
    fn sizes_over_64_bits_are_refused() {
        assert_eq!(size(&[0xff; 9], 0), None);
        assert_eq!(
            size(&[0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f], 0).map(|s| s.1),
            Some(9)
        );
        assert_eq!(
            size(
                &[0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01],
                0
            ),
            None
        );
    }
}
