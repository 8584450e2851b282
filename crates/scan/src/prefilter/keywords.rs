//! The keywords themselves, by number.

/// Keywords one after the other: thousands, a few bytes each.
#[derive(Debug)]
pub(super) struct Keywords {
    bytes: Vec<u8>,
    /// Where each ends.
    ends: Vec<u32>,
    pub(super) longest: usize,
    pub(super) shortest: usize,
}

impl Keywords {
    pub(super) fn new<K: AsRef<[u8]>>(keywords: &[K]) -> Self {
        let mut bytes = Vec::new();
        let mut ends = Vec::with_capacity(keywords.len());
        for keyword in keywords {
            bytes.extend_from_slice(keyword.as_ref());
            ends.push(u32::try_from(bytes.len()).unwrap_or(u32::MAX));
        }
        let lengths = || keywords.iter().map(|k| k.as_ref().len());
        Self {
            bytes,
            ends,
            longest: lengths().max().unwrap_or(0),
            // Empty ones never hit.
            shortest: lengths().filter(|l| *l > 0).min().unwrap_or(0),
        }
    }

    /// The keyword of this number; empty where there is none.
    pub(super) fn get(&self, number: u32) -> &[u8] {
        let number = number as usize;
        let end = self.ends.get(number).map_or(0, |e| *e as usize);
        let start = match number.checked_sub(1) {
            Some(before) => self.ends.get(before).map_or(0, |e| *e as usize),
            None => 0,
        };
        self.bytes.get(start..end).unwrap_or_default()
    }

    /// All keywords, by number.
    pub(super) fn iter(&self) -> impl Iterator<Item = (u32, &[u8])> {
        let numbers = 0..u32::try_from(self.ends.len()).unwrap_or(0);
        numbers.map(|number| (number, self.get(number)))
    }
}
