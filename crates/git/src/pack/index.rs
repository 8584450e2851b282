//! The index of a pack: ids and offsets.

use lychgate_model::HashKind;

use crate::numbers::Numbers;

const FAN: usize = 256 * 4;

/// Offset and number of every object an index file lists; `None`: damaged.
pub(crate) fn entries(
    file: &[u8],
    kind: HashKind,
    numbers: &mut Numbers,
) -> Option<Vec<(u64, u32)>> {
    match file.strip_prefix(b"\xfftOc") {
        Some(rest) => version_2(rest.strip_prefix(&[0, 0, 0, 2])?, kind, numbers),
        None => version_1(file, kind, numbers),
    }
}

fn count(file: &[u8]) -> Option<usize> {
    usize::try_from(word(file, FAN - 4)?).ok()
}

fn word(bytes: &[u8], at: usize) -> Option<u32> {
    Some(u32::from_be_bytes(
        bytes.get(at..at.checked_add(4)?)?.try_into().ok()?,
    ))
}

fn version_1(file: &[u8], kind: HashKind, numbers: &mut Numbers) -> Option<Vec<(u64, u32)>> {
    let count = count(file)?;
    let record = 4 + kind.len();
    let records = file.get(FAN..FAN.checked_add(count.checked_mul(record)?)?)?;
    let read = |r: &[u8]| {
        let number = numbers.number(r.get(4..)?).ok()?;
        Some((u64::from(word(r, 0)?), number))
    };
    records.chunks_exact(record).map(read).collect()
}

fn version_2(file: &[u8], kind: HashKind, numbers: &mut Numbers) -> Option<Vec<(u64, u32)>> {
    let count = count(file)?;
    let ids_end = FAN.checked_add(count.checked_mul(kind.len())?)?;
    let ids = file.get(FAN..ids_end)?;
    let offsets = file.get(ids_end.checked_add(count.checked_mul(4)?)?..)?;
    let large = offsets.get(count.checked_mul(4)?..)?;
    let mut out = Vec::with_capacity(count);
    for (at, id) in ids.chunks_exact(kind.len()).enumerate() {
        let small = word(offsets, at * 4)?;
        let offset = if small & 0x8000_0000 == 0 {
            u64::from(small)
        } else {
            let at = (small & 0x7fff_ffff) as usize * 8;
            u64::from(word(large, at)?) << 32 | u64::from(word(large, at + 4)?)
        };
        out.push((offset, numbers.number(id).ok()?));
    }
    Some(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn index(version: u8, ids: &[(u8, u32)]) -> Vec<u8> {
        let mut out = Vec::new();
        if version == 2 {
            out.extend_from_slice(b"\xfftOc\0\0\0\x02");
        }
        for byte in 0..=255u8 {
            let n = ids.iter().filter(|(id, _)| *id <= byte).count() as u32;
            out.extend_from_slice(&n.to_be_bytes());
        }
        if version == 1 {
            for (id, offset) in ids {
                out.extend_from_slice(&offset.to_be_bytes());
                out.extend_from_slice(&[*id; 20]);
            }
        } else {
            ids.iter()
                .for_each(|(id, _)| out.extend_from_slice(&[*id; 20]));
            ids.iter().for_each(|_| out.extend_from_slice(&[0; 4]));
            ids.iter()
                .for_each(|(_, offset)| out.extend_from_slice(&offset.to_be_bytes()));
        }
        out
    }

    #[test]
    fn both_versions_give_the_same() {
        for version in [1, 2] {
            let mut numbers = Numbers::new(HashKind::Sha1);
            let file = index(version, &[(3, 12), (200, 99)]);
            let found = entries(&file, HashKind::Sha1, &mut numbers);
            assert_eq!(found, Some(vec![(12, 0), (99, 1)]));
            assert_eq!(
                entries(&file[..file.len() - 1], HashKind::Sha1, &mut numbers),
                None
            );
        }
    }

    #[test]
    fn large_offsets() {
        let mut file = index(2, &[(3, 0x8000_0001)]);
        assert_eq!(
            entries(&file, HashKind::Sha1, &mut Numbers::new(HashKind::Sha1)),
            None
        );
        file.extend_from_slice(&[0; 8]);
        file.extend_from_slice(&[0, 0, 0, 1, 0, 0, 0, 2]);
        let found = entries(&file, HashKind::Sha1, &mut Numbers::new(HashKind::Sha1));
        assert_eq!(found, Some(vec![((1 << 32) + 2, 0)]));
    }
}
