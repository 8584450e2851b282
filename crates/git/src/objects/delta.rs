//! Deltas: a base and instructions make an object.

/// The base size and the result size a delta declares, and where its instructions begin.
pub(crate) fn sizes(delta: &[u8]) -> Option<(u64, u64, usize)> {
    let (base, first) = size(delta)?;
    let (result, second) = size(delta.get(first..)?)?;
    Some((base, result, first + second))
}

fn size(bytes: &[u8]) -> Option<(u64, usize)> {
    let mut value = 0u64;
    for (at, &byte) in bytes.iter().enumerate().take(10) {
        let part = u64::from(byte & 0x7f);
        let shift = 7 * u32::try_from(at).ok()?;
        value |= part.checked_shl(shift).filter(|v| v >> shift == part)?;
        if byte & 0x80 == 0 {
            return Some((value, at + 1));
        }
    }
    None
}

/// Runs `instructions` over `base` into `result`, which must come out exactly as long as `size`.
pub(crate) fn apply(
    base: &[u8],
    instructions: &[u8],
    size: usize,
    result: &mut Vec<u8>,
) -> Option<()> {
    result.clear();
    result.reserve_exact(size);
    let mut rest = instructions;
    while let Some((&command, after)) = rest.split_first() {
        rest = after;
        let piece = if command & 0x80 != 0 {
            let mut field = |bits: std::ops::Range<u8>| {
                let mut value = 0usize;
                for (place, bit) in bits.enumerate() {
                    if command & 1 << bit != 0 {
                        let (&byte, after) = rest.split_first()?;
                        value |= usize::from(byte) << (8 * place);
                        rest = after;
                    }
                }
                Some(value)
            };
            let offset = field(0..4)?;
            let length = match field(4..7)? {
                0 => 0x10000,
                n => n,
            };
            base.get(offset..offset.checked_add(length)?)?
        } else if command > 0 {
            let (piece, after) = rest.split_at_checked(usize::from(command))?;
            rest = after;
            piece
        } else {
            return None;
        };
        if result.len() + piece.len() > size {
            return None;
        }
        result.extend_from_slice(piece);
    }
    (result.len() == size).then_some(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn copies_and_inserts() {
        let delta = [6, 7, 0x91, 2, 3, 4, b'a', b'b', b'c', b'd'];
        let (base, result, at) = sizes(&delta).unwrap();
        assert_eq!((base, result, at), (6, 7, 2));
        let mut out = Vec::new();
        apply(b"012345", &delta[at..], 7, &mut out).unwrap();
        assert_eq!(out, b"234abcd");
    }

    #[test]
    fn nothing_reaches_beyond_its_bounds() {
        let mut out = Vec::new();
        for bad in [
            &[0x91u8, 5, 3][..],
            &[0x91, 2],
            &[3, b'a'],
            &[0],
            &[1, b'a'],
            &[],
        ] {
            assert_eq!(apply(b"012345", bad, 3, &mut out), None, "{bad:?}");
        }
        assert_eq!(sizes(&[0x80; 20]), None);
        assert_eq!(
            sizes(&[
                0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f, 1
            ]),
            None
        );
    }
}
