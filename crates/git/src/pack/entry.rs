//! The head of a pack's entry: its type, its size, and its delta base.

use lychgate_model::{HashKind, ObjectId, ObjectKind};

/// What an entry of a pack says of itself.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Entry {
    pub(crate) form: Form,
    /// Bytes its stream expands to: of the object, or of the delta.
    pub(crate) size: u64,
    /// Bytes of the head: its stream begins after them.
    pub(crate) head: usize,
}

/// How an entry stores its object.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Form {
    Whole(ObjectKind),
    /// Against the entry that begins here.
    DeltaAt(u64),
    /// Against this object.
    DeltaOf(ObjectId),
}

/// Bytes of a pack's own head.
const PACK_HEAD: u64 = 12;

impl Entry {
    /// Bytes that hold any head.
    pub(crate) const HEAD: u64 = 64;

    /// Reads the head of the entry that begins at `at` with `bytes`; `None`: damaged.
    pub(crate) fn read(bytes: &[u8], at: u64, hash: HashKind) -> Option<Self> {
        let mut used = 1;
        let first = *bytes.first()?;
        let mut size = u64::from(first & 15);
        let (mut shift, mut more) = (4, first & 0x80 != 0);
        while more {
            let byte = *bytes.get(used)?;
            let part = u64::from(byte & 0x7f);
            size |= part.checked_shl(shift).filter(|v| v >> shift == part)?;
            shift += 7;
            used += 1;
            more = byte & 0x80 != 0;
        }
        let form = match first >> 4 & 7 {
            1 => Form::Whole(ObjectKind::Commit),
            2 => Form::Whole(ObjectKind::Tree),
            3 => Form::Whole(ObjectKind::Blob),
            4 => Form::Whole(ObjectKind::Tag),
            6 => {
                let (distance, length) = distance(bytes.get(used..)?)?;
                used += length;
                // An entry stands after its base, so a chain of these always ends.
                let base = at.checked_sub(distance);
                Form::DeltaAt(base.filter(|&base| base < at && base >= PACK_HEAD)?)
            }
            7 => {
                let end = used + hash.len();
                let base = ObjectId::from_bytes(bytes.get(used..end)?)?;
                used = end;
                Form::DeltaOf(base)
            }
            _ => return None,
        };
        Some(Self {
            form,
            size,
            head: used,
        })
    }
}

fn distance(bytes: &[u8]) -> Option<(u64, usize)> {
    let mut used = 0;
    let mut value = 0u64;
    loop {
        let byte = *bytes.get(used)?;
        used += 1;
        value = value
            .checked_mul(128)?
            .checked_add(u64::from(byte & 0x7f))?;
        if byte & 0x80 == 0 {
            return Some((value, used));
        }
        value = value.checked_add(1)?;
    }
}
