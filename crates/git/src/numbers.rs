//! Ids and names as small numbers, so that a push of a million objects fits into a few arrays.

use std::hash::{BuildHasher as _, RandomState};

use lychgate_model::{HashKind, ObjectId};

/// More things than a number can tell apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Full;

/// Ids in the order they were first seen; a number is an index into every per-object array.
pub(crate) struct Numbers {
    kind: HashKind,
    raw: Vec<u8>,
    table: Table,
}

impl Numbers {
    pub(crate) fn new(kind: HashKind) -> Self {
        Self {
            kind,
            raw: Vec::new(),
            table: Table::default(),
        }
    }

    /// How many ids have a number.
    pub(crate) fn len(&self) -> usize {
        self.table.len
    }

    pub(crate) fn reserve(&mut self, more: usize) {
        self.raw.reserve(more.saturating_mul(self.kind.len()));
        let Self { kind, raw, table } = self;
        table.reserve(more, &|number| id_at(raw, *kind, number));
    }

    /// The number of `id`, a new one if need be.
    pub(crate) fn number(&mut self, id: &[u8]) -> Result<u32, Full> {
        let Self { kind, raw, table } = self;
        match table.find(id, &|number| id_at(raw, *kind, number)) {
            Ok(number) => Ok(number),
            Err(slot) => {
                let number = table.take(slot)?;
                raw.extend_from_slice(id);
                table.reserve(0, &|number| id_at(raw, *kind, number));
                Ok(number)
            }
        }
    }

    /// The number of `id`, if it has one.
    pub(crate) fn get(&self, id: &[u8]) -> Option<u32> {
        self.table.find(id, &|number| self.bytes(number)).ok()
    }

    pub(crate) fn bytes(&self, number: u32) -> &[u8] {
        id_at(&self.raw, self.kind, number)
    }

    pub(crate) fn id(&self, number: u32) -> ObjectId {
        ObjectId::from_bytes(self.bytes(number)).unwrap_or(ObjectId::null(self.kind))
    }
}

fn id_at(raw: &[u8], kind: HashKind, number: u32) -> &[u8] {
    let width = kind.len();
    raw.get(number as usize * width..)
        .and_then(|r| r.get(..width))
        .unwrap_or_default()
}

/// File names in the order they were first seen.
#[derive(Default)]
pub(crate) struct Names {
    bytes: Vec<u8>,
    /// Where each name ends.
    ends: Vec<u32>,
    table: Table,
}

impl Names {
    pub(crate) fn number(&mut self, name: &[u8]) -> Result<u32, Full> {
        let Self { bytes, ends, table } = self;
        match table.find(name, &|number| name_at(bytes, ends, number)) {
            Ok(number) => Ok(number),
            Err(slot) => {
                let end = u32::try_from(bytes.len() + name.len()).map_err(|_| Full)?;
                let number = table.take(slot)?;
                bytes.extend_from_slice(name);
                ends.push(end);
                table.reserve(0, &|number| name_at(bytes, ends, number));
                Ok(number)
            }
        }
    }

    pub(crate) fn get(&self, number: u32) -> &[u8] {
        name_at(&self.bytes, &self.ends, number)
    }
}

fn name_at<'a>(bytes: &'a [u8], ends: &[u32], number: u32) -> &'a [u8] {
    let at = number as usize;
    let start = at
        .checked_sub(1)
        .and_then(|before| ends.get(before))
        .map_or(0, |end| *end);
    let end = ends.get(at).map_or(0, |end| *end);
    bytes.get(start as usize..end as usize).unwrap_or_default()
}

/// Finds numbers by what they stand for, which lies elsewhere: open addressing.
struct Table {
    /// Number + 1 of what hashes here; 0 is free.
    slots: Vec<u32>,
    len: usize,
    /// Ids in trees need not be hashes of anything, and names are chosen freely: without secrets
    /// somebody could choose them so that they all fall into one slot.
    secrets: [u64; 2],
}

impl Default for Table {
    fn default() -> Self {
        let secrets = [
            RandomState::new().hash_one(1) | 1,
            RandomState::new().hash_one(2) | 1,
        ];
        Self {
            slots: vec![0; 64],
            len: 0,
            secrets,
        }
    }
}

impl Table {
    /// The number of `key`, or the slot that is free for it.
    fn find<'k>(&self, key: &[u8], stored: &dyn Fn(u32) -> &'k [u8]) -> Result<u32, usize> {
        let mask = self.slots.len() - 1;
        let mut at = self.hash(key) & mask;
        loop {
            match self.slots.get(at) {
                Some(0) | None => return Err(at),
                Some(&next) if stored(next - 1) == key => return Ok(next - 1),
                Some(_) => at = (at + 1) & mask,
            }
        }
    }

    /// Gives the next number to what belongs into a free slot.
    fn take(&mut self, slot: usize) -> Result<u32, Full> {
        let number = u32::try_from(self.len).map_err(|_| Full)?;
        let next = number.checked_add(1).ok_or(Full)?;
        if let Some(slot) = self.slots.get_mut(slot) {
            *slot = next;
        }
        self.len += 1;
        Ok(number)
    }

    /// Makes room so that at most two slots of three are taken by `more` than there are.
    fn reserve<'k>(&mut self, more: usize, stored: &dyn Fn(u32) -> &'k [u8]) {
        let wanted = (self.len + more).saturating_mul(3) / 2 + 1;
        if wanted <= self.slots.len() {
            return;
        }
        let mut slots = vec![0; wanted.next_power_of_two()];
        let mask = slots.len() - 1;
        for &next in self.slots.iter().filter(|next| **next != 0) {
            let mut at = self.hash(stored(next - 1)) & mask;
            while slots.get(at).is_some_and(|taken| *taken != 0) {
                at = (at + 1) & mask;
            }
            if let Some(slot) = slots.get_mut(at) {
                *slot = next;
            }
        }
        self.slots = slots;
    }

    fn hash(&self, key: &[u8]) -> usize {
        let [s, t] = self.secrets;
        let mut state = key.len() as u64 ^ s;
        let mut words = key.chunks_exact(8);
        for word in &mut words {
            let word = word.try_into().map_or(0, u64::from_le_bytes);
            state = fold(state ^ word, t);
        }
        let mut last = [0; 8];
        for (to, from) in last.iter_mut().zip(words.remainder()) {
            *to = *from;
        }
        fold(state ^ u64::from_le_bytes(last), t.rotate_left(32)) as usize
    }
}

fn fold(a: u64, b: u64) -> u64 {
    let wide = u128::from(a) * u128::from(b);
    wide as u64 ^ (wide >> 64) as u64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_dense_and_stable() {
        let mut numbers = Numbers::new(HashKind::Sha1);
        let id = |n: u32| {
            let mut raw = [7u8; 20];
            raw[8..12].copy_from_slice(&n.to_be_bytes());
            raw
        };
        numbers.reserve(10);
        for n in 0..5000 {
            assert_eq!(numbers.get(&id(n)), None);
            assert_eq!(numbers.number(&id(n)), Ok(n));
        }
        for n in 0..5000 {
            assert_eq!(numbers.number(&id(n)), Ok(n));
            assert_eq!(numbers.id(n).as_bytes(), id(n));
        }
        assert_eq!(numbers.len(), 5000);
    }

    #[test]
    fn names_of_any_length() {
        let mut names = Names::default();
        let name = |n: usize| "n".repeat(n % 40 + 1) + &n.to_string();
        for n in 0..3000 {
            assert_eq!(names.number(name(n).as_bytes()), Ok(n as u32));
        }
        for n in 0..3000 {
            assert_eq!(names.number(name(n).as_bytes()), Ok(n as u32));
            assert_eq!(names.get(n as u32), name(n).as_bytes());
        }
    }
}
