//! Ids and names as small numbers, so that a push of a million objects fits into a few arrays.

use std::cmp::Ordering;
use std::hash::{BuildHasher as _, RandomState};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use lychgate_model::{HashKind, ObjectId};

use crate::pack::{Inconsistent, PackIndex};

/// More things than a number can tell apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Full;

/// Ids; a number is an index into every per-object array.
///
/// Those of a pack's index are numbered by its rows and stay in its file; all others are numbered
/// after them, in the order they were first seen.
pub(crate) struct Numbers {
    kind: HashKind,
    listed: Option<Listed>,
    raw: Vec<u8>,
    table: Table,
}

impl Numbers {
    pub(crate) fn new(kind: HashKind) -> Self {
        Self {
            kind,
            listed: None,
            raw: Vec::new(),
            table: Table::default(),
        }
    }

    /// Takes the rows of the index at `path` as numbers; `Ok(false)`: there are numbers already.
    pub(crate) fn adopt(
        &mut self,
        path: &Path,
        index: &Arc<PackIndex>,
    ) -> Result<bool, Inconsistent> {
        let is_free = self.len() == 0;
        if is_free {
            self.listed = Some(Listed::new(path, Arc::clone(index))?);
        }
        Ok(is_free)
    }

    /// The index whose rows are numbers, if it is the one at `path`.
    pub(crate) fn adopted(&self, path: &Path) -> Option<Arc<PackIndex>> {
        let listed = self.listed.as_ref()?;
        (listed.path == path).then(|| Arc::clone(&listed.index))
    }

    /// How many ids have a number.
    pub(crate) fn len(&self) -> usize {
        self.first() as usize + self.table.len
    }

    /// The number of the first id that is not in the index.
    fn first(&self) -> u32 {
        self.listed.as_ref().map_or(0, |listed| listed.count)
    }

    /// The number of `id`, a new one if need be.
    pub(crate) fn number(&mut self, id: &[u8]) -> Result<u32, Full> {
        let first = self.first();
        if let Some(row) = self.listed.as_ref().and_then(|listed| listed.find(id)) {
            return Ok(row);
        }
        let Self {
            kind, raw, table, ..
        } = self;
        let found = table.find(hash(table.secrets, id), |number| {
            id_at(raw, *kind, number) == id
        });
        match found {
            Ok(number) => Ok(first + number),
            Err(slot) => {
                let next = u32::try_from(table.len).map_err(|_| Full)?;
                let number = first.checked_add(next).filter(|n| *n < u32::MAX);
                let number = number.ok_or(Full)?;
                table.put(slot, next)?;
                raw.extend_from_slice(id);
                table.reserve(0, &|secrets, number| {
                    hash(secrets, id_at(raw, *kind, number))
                });
                Ok(number)
            }
        }
    }

    /// The number of what stands in a row of the index that was adopted.
    pub(crate) fn of_row(&self, row: u32) -> u32 {
        match &self.listed {
            Some(listed) if listed.repeats => {
                let id = listed.index.id(row as usize);
                id.and_then(|id| listed.find(id)).unwrap_or(row)
            }
            _ => row,
        }
    }

    /// The number of `id`, if it has one.
    pub(crate) fn get(&self, id: &[u8]) -> Option<u32> {
        if let Some(row) = self.listed.as_ref().and_then(|listed| listed.find(id)) {
            return Some(row);
        }
        let is_it = |number| id_at(&self.raw, self.kind, number) == id;
        let found = self.table.find(hash(self.table.secrets, id), is_it);
        found.ok().map(|number| self.first() + number)
    }

    pub(crate) fn bytes(&self, number: u32) -> &[u8] {
        match number.checked_sub(self.first()) {
            Some(number) => id_at(&self.raw, self.kind, number),
            None => self
                .listed
                .as_ref()
                .and_then(|listed| listed.index.id(number as usize))
                .unwrap_or_default(),
        }
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

/// The rows of a pack's index, found by more leading bits than its own 256 counts use.
struct Listed {
    path: PathBuf,
    index: Arc<PackIndex>,
    count: u32,
    /// Whether an id stands in several rows, of which the first is its number.
    repeats: bool,
    /// Where the rows of each prefix end; those of the first begin at 0.
    ends: Vec<u32>,
    /// How far the first four bytes of an id are shifted to give its prefix.
    shift: u32,
}

/// Rows to a prefix, about.
const ROWS: usize = 8;

impl Listed {
    fn new(path: &Path, index: Arc<PackIndex>) -> Result<Self, Inconsistent> {
        let count = u32::try_from(index.count()).map_err(|_| Inconsistent)?;
        let bits = (index.count() / ROWS).max(1).ilog2().clamp(1, 24);
        let mut listed = Self {
            path: path.to_owned(),
            count,
            repeats: false,
            ends: vec![0; 1 << bits],
            shift: 32 - bits,
            index,
        };
        let mut last: &[u8] = &[];
        let mut repeats = false;
        for row in 0..listed.index.count() {
            let id = listed.index.id(row).ok_or(Inconsistent)?;
            match last.cmp(id) {
                Ordering::Less => {}
                Ordering::Equal => repeats = true,
                Ordering::Greater => return Err(Inconsistent),
            }
            last = id;
            let prefix = listed.prefix(id).ok_or(Inconsistent)?;
            *listed.ends.get_mut(prefix).ok_or(Inconsistent)? += 1;
        }
        listed.repeats = repeats;
        let mut end = 0;
        for slot in &mut listed.ends {
            end += *slot;
            *slot = end;
        }
        Ok(listed)
    }

    fn prefix(&self, id: &[u8]) -> Option<usize> {
        let first = u32::from_be_bytes(*id.first_chunk()?);
        Some((first >> self.shift) as usize)
    }

    /// The row of an id, the first of them if a pack has it twice.
    fn find(&self, id: &[u8]) -> Option<u32> {
        let prefix = self.prefix(id)?;
        let high = *self.ends.get(prefix)?;
        let low = prefix.checked_sub(1).and_then(|p| self.ends.get(p));
        let low = low.copied().unwrap_or(0);
        let rows = (low as usize, high as usize);
        let least = (prefix as u32) << self.shift;
        let most = least | ((1 << self.shift) - 1);
        let row = self.index.find_between(id, rows, (least, most))?;
        u32::try_from(row).ok()
    }
}

/// File names; a name's number is where it stands.
#[derive(Default)]
pub(crate) struct Names {
    /// Each after its length, in seven bits a byte.
    bytes: Vec<u8>,
    table: Table,
}

impl Names {
    pub(crate) fn number(&mut self, name: &[u8]) -> Result<u32, Full> {
        let Self { bytes, table } = self;
        let found = table.find(hash(table.secrets, name), |number| {
            name_at(bytes, number) == name
        });
        match found {
            Ok(number) => Ok(number),
            Err(slot) => {
                let number = u32::try_from(bytes.len()).map_err(|_| Full)?;
                table.put(slot, number)?;
                let mut length = name.len();
                while length > 0x7f {
                    bytes.push(length as u8 | 0x80);
                    length >>= 7;
                }
                bytes.push(length as u8);
                bytes.extend_from_slice(name);
                table.reserve(0, &|secrets, number| hash(secrets, name_at(bytes, number)));
                Ok(number)
            }
        }
    }

    pub(crate) fn get(&self, number: u32) -> &[u8] {
        name_at(&self.bytes, number)
    }
}

fn name_at(bytes: &[u8], number: u32) -> &[u8] {
    let mut rest = bytes.get(number as usize..).unwrap_or_default();
    let (mut length, mut shift) = (0usize, 0);
    while let Some((&byte, after)) = rest.split_first() {
        rest = after;
        length |= usize::from(byte & 0x7f) << shift;
        shift += 7;
        if byte & 0x80 == 0 {
            break;
        }
    }
    rest.get(..length).unwrap_or_default()
}

/// Lists of numbers, each kept once; a list's number is its index.
#[derive(Default)]
pub(crate) struct Lists {
    words: Vec<u32>,
    /// Where each list ends.
    ends: Vec<u32>,
    table: Table,
}

impl Lists {
    /// The number of a list, and whether it is a new one.
    pub(crate) fn number(&mut self, list: &[u32]) -> Result<(u32, bool), Full> {
        let Self { words, ends, table } = self;
        let found = table.find(hash_words(table.secrets, list), |number| {
            list_at(words, ends, number) == list
        });
        match found {
            Ok(number) => Ok((number, false)),
            Err(slot) => {
                let end = u32::try_from(words.len() + list.len()).map_err(|_| Full)?;
                let number = u32::try_from(ends.len()).map_err(|_| Full)?;
                table.put(slot, number)?;
                words.extend_from_slice(list);
                ends.push(end);
                table.reserve(0, &|secrets, number| {
                    hash_words(secrets, list_at(words, ends, number))
                });
                Ok((number, true))
            }
        }
    }

    /// How many lists there are.
    pub(crate) fn len(&self) -> u32 {
        u32::try_from(self.ends.len()).unwrap_or(u32::MAX)
    }

    pub(crate) fn get(&self, number: u32) -> &[u32] {
        list_at(&self.words, &self.ends, number)
    }
}

fn list_at<'a>(words: &'a [u32], ends: &[u32], number: u32) -> &'a [u32] {
    let at = number as usize;
    let start = at
        .checked_sub(1)
        .and_then(|before| ends.get(before))
        .map_or(0, |end| *end);
    let end = ends.get(at).map_or(0, |end| *end);
    words.get(start as usize..end as usize).unwrap_or_default()
}

/// Ids in trees need not be hashes of anything, and names are chosen freely: without secrets
/// somebody could choose them so that they all fall into one slot.
type Secrets = [u64; 2];

/// Finds numbers by what they stand for, which lies elsewhere: open addressing.
struct Table {
    /// Number + 1 of what hashes here; 0 is free.
    slots: Vec<u32>,
    len: usize,
    secrets: Secrets,
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
    /// The number of what has this hash and `is_it`, or the slot that is free for it.
    fn find(&self, hash: usize, is_it: impl Fn(u32) -> bool) -> Result<u32, usize> {
        let mask = self.slots.len() - 1;
        let mut at = hash & mask;
        loop {
            match self.slots.get(at) {
                Some(0) | None => return Err(at),
                Some(&next) if is_it(next - 1) => return Ok(next - 1),
                Some(_) => at = (at + 1) & mask,
            }
        }
    }

    /// Puts a number into a free slot.
    fn put(&mut self, slot: usize, number: u32) -> Result<(), Full> {
        let next = number.checked_add(1).ok_or(Full)?;
        if let Some(slot) = self.slots.get_mut(slot) {
            *slot = next;
        }
        self.len += 1;
        Ok(())
    }

    /// Makes room so that at most three slots of four are taken by `more` than there are.
    fn reserve(&mut self, more: usize, hash: &dyn Fn(Secrets, u32) -> usize) {
        let wanted = (self.len + more).saturating_mul(4) / 3 + 1;
        if wanted <= self.slots.len() {
            return;
        }
        let mut slots = vec![0; wanted.next_power_of_two()];
        let mask = slots.len() - 1;
        for &next in self.slots.iter().filter(|next| **next != 0) {
            let mut at = hash(self.secrets, next - 1) & mask;
            while slots.get(at).is_some_and(|taken| *taken != 0) {
                at = (at + 1) & mask;
            }
            if let Some(slot) = slots.get_mut(at) {
                *slot = next;
            }
        }
        self.slots = slots;
    }
}

fn hash([s, t]: Secrets, key: &[u8]) -> usize {
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

fn hash_words([s, t]: Secrets, key: &[u32]) -> usize {
    let mut state = key.len() as u64 ^ s;
    for pair in key.chunks(2) {
        let word = pair
            .iter()
            .fold(0, |word, half| word << 32 | u64::from(*half));
        state = fold(state ^ word, t);
    }
    fold(state, t.rotate_left(32)) as usize
}

fn fold(a: u64, b: u64) -> u64 {
    let wide = u128::from(a) * u128::from(b);
    wide as u64 ^ (wide >> 64) as u64
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mapped::Mapped;

    #[test]
    fn numbers_are_dense_and_stable() {
        let mut numbers = Numbers::new(HashKind::Sha1);
        let id = |n: u32| {
            let mut raw = [7u8; 20];
            raw[8..12].copy_from_slice(&n.to_be_bytes());
            raw
        };
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
        let name = |n: usize| name(if n % 100 == 7 { n * 50 } else { n });
        let numbers: Vec<u32> = (0..3000)
            .map(|n| names.number(name(n).as_bytes()).unwrap())
            .collect();
        for (n, &number) in numbers.iter().enumerate() {
            assert_eq!(names.number(name(n).as_bytes()), Ok(number));
            assert_eq!(names.get(number), name(n).as_bytes());
        }
    }

    #[test]
    fn lists_are_kept_once() {
        let mut lists = Lists::default();
        let list = |n: u32| (0..n % 7).map(|m| m * n).collect::<Vec<_>>();
        let mut seen = Vec::new();
        for n in 0..500 {
            let (number, is_new) = lists.number(&list(n)).unwrap();
            assert_eq!(is_new, !seen.contains(&list(n)));
            assert_eq!(lists.get(number), list(n));
            seen.push(list(n));
        }
    }

    #[test]
    fn the_rows_of_an_index_are_numbers() {
        let id = |n: u32| {
            let mut id = [0; 20];
            id[..4].copy_from_slice(&n.wrapping_mul(0x9e37_79b9).to_be_bytes());
            id
        };
        let file = |ids: &[[u8; 20]]| {
            let mut file = b"\xfftOc\0\0\0\x02".to_vec();
            for byte in 0..=255 {
                let up_to = ids.iter().filter(|id| id[0] <= byte).count() as u32;
                file.extend(up_to.to_be_bytes());
            }
            file.extend(ids.concat());
            file.resize(file.len() + ids.len() * 8 + 40, 0);
            Arc::new(PackIndex::new(Mapped::Bytes(file), HashKind::Sha1).unwrap())
        };
        let path = Path::new("x.idx");
        for count in [0, 1, 2, 3000] {
            let mut ids: Vec<_> = (0..count).map(id).collect();
            ids.sort_unstable();
            // A pack may hold an object twice.
            ids.extend(ids.last().copied());
            let mut numbers = Numbers::new(HashKind::Sha1);
            assert_eq!(numbers.adopt(path, &file(&ids)), Ok(true));
            assert_eq!(numbers.len(), ids.len());
            assert!(numbers.adopted(path).is_some());
            assert!(numbers.adopted(Path::new("y.idx")).is_none());
            for (row, id) in (0..count).zip(&ids) {
                assert_eq!(numbers.number(id), Ok(row));
                assert_eq!(numbers.bytes(row), id);
                assert_eq!(numbers.of_row(row), row);
            }
            if count > 0 {
                assert_eq!(numbers.of_row(count), count - 1);
            }
            let other = id(count + 1);
            assert_eq!(numbers.get(&other), None);
            assert_eq!(numbers.number(&other), Ok(ids.len() as u32));
            assert_eq!(numbers.get(&other), Some(ids.len() as u32));
            assert_eq!(numbers.bytes(ids.len() as u32), other);
            assert_eq!(numbers.adopt(path, &file(&ids)), Ok(false));
        }
        let unsorted = file(&[[2; 20], [1; 20]]);
        let mut numbers = Numbers::new(HashKind::Sha1);
        assert_eq!(numbers.adopt(path, &unsorted), Err(Inconsistent));
    }
}
