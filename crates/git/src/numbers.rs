//! Object ids as small numbers, so that a push of a million objects fits into a few arrays.

use std::hash::{BuildHasher as _, RandomState};

use lychgate_model::{HashKind, ObjectId};

/// Ids in the order they were first seen; a number is an index into every per-object array.
pub(crate) struct Numbers {
    kind: HashKind,
    raw: Vec<u8>,
    /// Number + 1 of the id that hashes here, open addressing; 0 is free.
    slots: Vec<u32>,
    /// Ids in trees need not be hashes of anything: without secrets somebody could choose them
    /// so that they all fall into one slot.
    secrets: [u64; 2],
}

/// More objects than a number can tell apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Full;

impl Numbers {
    pub(crate) fn new(kind: HashKind) -> Self {
        let secrets = [
            RandomState::new().hash_one(1) | 1,
            RandomState::new().hash_one(2) | 1,
        ];
        Self {
            kind,
            raw: Vec::new(),
            slots: vec![0; 64],
            secrets,
        }
    }

    /// How many ids have a number.
    pub(crate) fn len(&self) -> usize {
        self.raw.len() / self.kind.len()
    }

    pub(crate) fn reserve(&mut self, more: usize) {
        self.raw.reserve(more.saturating_mul(self.kind.len()));
        let wanted = (self.len() + more).saturating_mul(3) / 2;
        if wanted > self.slots.len() {
            self.rehash(wanted.next_power_of_two());
        }
    }

    /// The number of `id`, a new one if need be.
    pub(crate) fn number(&mut self, id: &[u8]) -> Result<u32, Full> {
        let at = match self.find(id) {
            Ok(number) => return Ok(number),
            Err(slot) => slot,
        };
        let next = u32::try_from(self.len()).map_err(|_| Full)?;
        let stored = next.checked_add(1).ok_or(Full)?;
        self.raw.extend_from_slice(id);
        if let Some(slot) = self.slots.get_mut(at) {
            *slot = stored;
        }
        if self.len() > self.slots.len() / 3 * 2 {
            self.rehash(self.slots.len() * 2);
        }
        Ok(next)
    }

    /// The number of `id`, if it has one.
    pub(crate) fn get(&self, id: &[u8]) -> Option<u32> {
        self.find(id).ok()
    }

    pub(crate) fn bytes(&self, number: u32) -> &[u8] {
        let width = self.kind.len();
        self.raw
            .get(number as usize * width..)
            .and_then(|r| r.get(..width))
            .unwrap_or_default()
    }

    pub(crate) fn id(&self, number: u32) -> ObjectId {
        ObjectId::from_bytes(self.bytes(number)).unwrap_or(ObjectId::null(self.kind))
    }

    fn find(&self, id: &[u8]) -> Result<u32, usize> {
        let mask = self.slots.len() - 1;
        let mut at = self.hash(id) & mask;
        loop {
            match self.slots.get(at) {
                Some(0) | None => return Err(at),
                Some(&stored) if self.bytes(stored - 1) == id => return Ok(stored - 1),
                Some(_) => at = (at + 1) & mask,
            }
        }
    }

    fn hash(&self, id: &[u8]) -> usize {
        let word = |at: usize| -> u64 {
            id.get(at..at + 8)
                .and_then(|b| b.try_into().ok())
                .map_or(0, u64::from_le_bytes)
        };
        let [s, t] = self.secrets;
        let tail = word(id.len().saturating_sub(8));
        let wide = u128::from(word(0) ^ s) * u128::from(word(8) ^ tail.rotate_left(23) ^ t);
        (wide as u64 ^ (wide >> 64) as u64) as usize
    }

    fn rehash(&mut self, size: usize) {
        let mut slots = vec![0; size];
        let mask = size - 1;
        for number in 0..self.len() as u32 {
            let mut at = self.hash(self.bytes(number)) & mask;
            while slots.get(at).is_some_and(|s| *s != 0) {
                at = (at + 1) & mask;
            }
            if let Some(slot) = slots.get_mut(at) {
                *slot = number + 1;
            }
        }
        self.slots = slots;
    }
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
}
