//! Which of the objects that were sent last the judge still has at hand, to make others from them.

use lychgate_model::ObjectId;
use lychgate_wire::bound;

/// Objects that are remembered, each in the place its id gives it: of two with one place the later,
/// and what is made from the other is sent whole.
const PLACES: usize = 1024;

/// Counts a run as the judge does: what both know without a word.
pub(crate) struct Run {
    /// Objects, which run each is of, and the how manieth it is there.
    places: Vec<Option<(ObjectId, u64, u32)>>,
    serial: u64,
    count: u32,
    bytes: u64,
}

impl Run {
    pub(crate) fn new() -> Self {
        Self {
            places: vec![None; PLACES],
            serial: 0,
            count: 0,
            bytes: 0,
        }
    }

    /// An object was sent, in whatever way.
    pub(crate) fn add(&mut self, id: ObjectId, size: u64) {
        if size > bound::RUN_OBJECT {
            return;
        }
        let this = (id, self.serial, self.count);
        if let Some(place) = self.places.get_mut(Self::place(id)) {
            *place = Some(this);
        }
        self.count += 1;
        self.bytes += size;
        if self.bytes >= bound::RUN as u64 {
            self.end();
        }
    }

    /// Something else was sent.
    pub(crate) fn end(&mut self) {
        self.serial += 1;
        (self.count, self.bytes) = (0, 0);
    }

    /// The how manieth of the run an object is, if it is one of it.
    pub(crate) fn find(&self, id: ObjectId) -> Option<u32> {
        let (there, serial, at) = self.places.get(Self::place(id)).copied().flatten()?;
        (there == id && serial == self.serial).then_some(at)
    }

    fn place(id: ObjectId) -> usize {
        let first = id.as_bytes().first_chunk().copied().unwrap_or_default();
        usize::from(u16::from_be_bytes(first)) % PLACES
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn id(n: u8) -> ObjectId {
        ObjectId::from_bytes(&[n; 20]).unwrap()
    }

    #[test]
    fn a_run_ends_when_it_is_full_or_interrupted() {
        let mut run = Run::new();
        run.add(id(1), 10);
        run.add(id(2), bound::RUN_OBJECT + 1);
        run.add(id(3), 0);
        assert_eq!([1, 2, 3].map(|n| run.find(id(n))), [Some(0), None, Some(1)]);
        run.end();
        assert_eq!(run.find(id(1)), None);
        for n in 1..=3 {
            run.add(id(n), bound::RUN_OBJECT);
        }
        assert_eq!(run.find(id(3)), None, "the third fills it");
        run.add(id(4), 1);
        assert_eq!(run.find(id(4)), Some(0));
        let mut other = [4; 20];
        other[19] = 5;
        run.add(ObjectId::from_bytes(&other).unwrap(), 1);
        assert_eq!(run.find(id(4)), None, "another has its place");
    }
}
