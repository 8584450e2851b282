//! Git's delta format: copies from a base and insertions.

/// The two sizes at the head of a delta and where its instructions begin.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Head {
    pub(crate) base: u64,
    pub(crate) result: u64,
    pub(crate) instructions: usize,
}

/// Reads the head; `None`: damaged.
pub(crate) fn head(delta: &[u8]) -> Option<Head> {
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

/// Carries `instructions` out on `base`; fills `out` exactly or gives `None`.
pub(crate) fn apply(base: &[u8], instructions: &[u8], mut out: &mut [u8]) -> Option<()> {
    let mut rest = instructions;
    while let Some((&code, after)) = rest.split_first() {
        rest = after;
        let piece = if code & 0x80 != 0 {
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
            base.get(start..start.checked_add(len)?)?
        } else {
            // Code 0 is reserved.
            let len = Some(usize::from(code)).filter(|len| *len > 0)?;
            let (piece, after) = rest.split_at_checked(len)?;
            rest = after;
            piece
        };
        let (here, after) = out.split_at_mut_checked(piece.len())?;
        here.copy_from_slice(piece);
        out = after;
    }
    out.is_empty().then_some(())
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
