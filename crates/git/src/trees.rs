//! Trees as many small numbers: read once, compared often.

use std::cmp::Ordering;

use lychgate_model::{HashKind, Mode};

use crate::numbers::{Full, Lists, Names, Numbers};

/// What an entry of a tree is, as far as its path is judged by it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Entry {
    /// Name number in the low bits, mode in the high ones.
    packed: u32,
    /// Number of the object.
    pub(crate) object: u32,
}

const NAME_BITS: u32 = 29;

impl Entry {
    fn new(name: u32, mode: Mode, object: u32) -> Self {
        let mode = match mode {
            Mode::Regular => 0,
            Mode::Executable => 1,
            Mode::Symlink => 2,
            Mode::Gitlink => 3,
            Mode::Tree => 4,
        };
        Self {
            packed: mode << NAME_BITS | name,
            object,
        }
    }

    pub(crate) const fn name(self) -> u32 {
        self.packed & ((1 << NAME_BITS) - 1)
    }

    pub(crate) const fn mode(self) -> Mode {
        match self.packed >> NAME_BITS {
            0 => Mode::Regular,
            1 => Mode::Executable,
            2 => Mode::Symlink,
            3 => Mode::Gitlink,
            _ => Mode::Tree,
        }
    }

    pub(crate) const fn is_tree(self) -> bool {
        matches!(self.mode(), Mode::Tree)
    }

    /// Whether what is named is no object of this repository.
    pub(crate) const fn is_gitlink(self) -> bool {
        matches!(self.mode(), Mode::Gitlink)
    }

    /// Whether the same content stands here in the same way: a file that becomes executable is
    /// the same, one that becomes a symlink is not, nor one that was a gitlink.
    pub(crate) fn same(self, other: Self) -> bool {
        let way = |e: Self| (matches!(e.mode(), Mode::Symlink), e.is_gitlink());
        self.object == other.object && way(self) == way(other)
    }
}

/// One entry as it stands in a tree object.
pub(crate) struct RawEntry<'a> {
    pub(crate) mode: Option<Mode>,
    pub(crate) name: &'a [u8],
    pub(crate) id: &'a [u8],
    /// All of it, for comparing with another tree's.
    pub(crate) whole: &'a [u8],
}

/// Splits the first entry off `data`; `None`: malformed.
pub(crate) fn split_entry(data: &[u8], kind: HashKind) -> Option<(RawEntry<'_>, &[u8])> {
    let mut bits: u32 = 0;
    let mut at = 0;
    loop {
        match *data.get(at)? {
            b' ' if at > 0 => break,
            digit @ b'0'..=b'7' if at < 7 => bits = bits << 3 | u32::from(digit - b'0'),
            _ => return None,
        }
        at += 1;
    }
    let end = nul(data, at + 1)?;
    let name = data.get(at + 1..end).filter(|name| !name.is_empty())?;
    let (whole, after) = data.split_at_checked(end + 1 + kind.len())?;
    let id = whole.get(end + 1..)?;
    Some((
        RawEntry {
            mode: Mode::from_bits(bits),
            name,
            id,
            whole,
        },
        after,
    ))
}

/// How many bytes both begin with, at least: counted in blocks while they last.
fn agreement(a: &[u8], b: &[u8]) -> usize {
    const BLOCK: usize = 64;
    let blocks = a.as_chunks::<BLOCK>().0.iter().zip(b.as_chunks().0);
    let whole = BLOCK * blocks.take_while(|(a, b)| a == b).count();
    let (a, b) = (
        a.get(whole..).unwrap_or_default(),
        b.get(whole..).unwrap_or_default(),
    );
    whole + a.iter().zip(b).take_while(|(a, b)| a == b).count()
}

/// How many entries end within the bytes that a tree begins with, and where the last of them ends.
/// They were read before: each is whole and well-formed.
fn whole_entries(bytes: Option<&[u8]>, kind: HashKind) -> (usize, usize) {
    /// Digits that any mode has at least.
    const MODE: usize = 5;
    let bytes = bytes.unwrap_or_default();
    let (mut count, mut len) = (0, 0);
    while let Some(nul) = nul(bytes, len + MODE)
        && let next = nul + 1 + kind.len()
        && next <= bytes.len()
    {
        count += 1;
        len = next;
    }
    (count, len)
}

/// Where the first zero from `at` on stands.
fn nul(bytes: &[u8], mut at: usize) -> Option<usize> {
    const ONES: u64 = u64::from_ne_bytes([1; 8]);
    while let Some(word) = bytes.get(at..).and_then(<[u8]>::first_chunk) {
        let word = u64::from_le_bytes(*word);
        let zeros = word.wrapping_sub(ONES) & !word & ONES << 7;
        if zeros != 0 {
            return Some(at + (zeros.trailing_zeros() / 8) as usize);
        }
        at += 8;
    }
    let rest = bytes.get(at..)?.iter();
    { rest }.position(|byte| *byte == 0).map(|more| at + more)
}

/// A tree object that cannot be read as one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Malformed {
    /// It is no list of entries.
    Entries,
    /// The entry of this name has a mode that Git gives to nothing.
    Mode { bits: u32, name: Vec<u8> },
    /// There is no number left for what it holds.
    Full,
}

impl Malformed {
    /// An entry without a mode of Git's.
    fn mode(raw: &RawEntry<'_>) -> Self {
        let digits = raw.whole.iter().take_while(|byte| **byte != b' ');
        Self::Mode {
            bits: digits.fold(0, |bits, digit| bits << 3 | u32::from(digit & 7)),
            name: raw.name.to_vec(),
        }
    }
}

impl From<Full> for Malformed {
    fn from(_: Full) -> Self {
        Self::Full
    }
}

/// One tree that was read: where its entries stand.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Listing {
    /// Which list of names and modes.
    names: u32,
    /// Where its objects begin.
    objects: u32,
    len: u32,
}

impl Listing {
    pub(crate) const fn len(self) -> usize {
        self.len as usize
    }

    pub(crate) const fn is_empty(self) -> bool {
        self.len == 0
    }
}

/// The entries of many trees.
#[derive(Default)]
pub(crate) struct Trees {
    names: Names,
    /// Names and modes of each tree, as [`Entry`] packs them.
    lists: Lists,
    objects: Vec<u32>,
    /// Names and modes of the tree being read.
    list: Vec<u32>,
    ends: Ends,
}

/// Of some lists of names and modes, each in the place its number gives it, where the entries of a
/// tree end that has them: in Git's own form, which has no zeros before a mode.
#[derive(Default)]
struct Ends {
    kept: Vec<(u32, Vec<u32>)>,
}

impl Ends {
    /// Lists that are kept, and the entries of the longest.
    const PLACES: usize = 32;
    const LONGEST: usize = 1 << 14;

    /// Where the entries end; none for a long list.
    fn of(&mut self, number: u32, lists: &Lists, names: &Names, kind: HashKind) -> &[u32] {
        if self.kept.is_empty() {
            self.kept.resize(Self::PLACES, (u32::MAX, Vec::new()));
        }
        let place = number as usize % Self::PLACES;
        let Some((kept, ends)) = self.kept.get_mut(place) else {
            return &[];
        };
        if *kept != number {
            *kept = number;
            ends.clear();
            let list = lists.get(number);
            let short = Some(list).filter(|list| list.len() <= Self::LONGEST);
            let mut end = 0;
            ends.extend(short.unwrap_or_default().iter().map(|&packed| {
                let entry = Entry { packed, object: 0 };
                let mode = if entry.is_tree() { 5 } else { 6 };
                end += mode + 2 + names.get(entry.name()).len() + kind.len();
                u32::try_from(end).unwrap_or(u32::MAX)
            }));
        }
        ends
    }
}

/// What a tree is read against.
struct Base<'b> {
    /// Its bytes and entries that are still to come, and how many went before.
    rest: &'b [u8],
    listing: Listing,
    at: usize,
}

impl Trees {
    /// Reads a tree; `base` is one read before whose bytes are at hand: where both agree nothing
    /// is looked up again, and in a pack nearly all of a tree agrees with its delta base.
    pub(crate) fn read(
        &mut self,
        content: &[u8],
        base: Option<(&[u8], Listing)>,
        numbers: &mut Numbers,
        kind: HashKind,
    ) -> Result<Listing, Malformed> {
        if let Some((bytes, listing)) = base
            && let Some(read) = self.read_alike(content, (bytes, listing), numbers, kind)
        {
            return read;
        }
        let start = self.objects.len();
        let result = self.read_entries(content, base, numbers, kind);
        let result = result.and_then(|names| {
            Ok(Listing {
                names,
                objects: u32::try_from(start).map_err(|_| Malformed::Full)?,
                len: u32::try_from(self.objects.len() - start).map_err(|_| Malformed::Full)?,
            })
        });
        if result.is_err() {
            self.objects.truncate(start);
        }
        result
    }

    /// Reads a tree that differs from its base in ids alone, as most do; `None`: it does not.
    fn read_alike(
        &mut self,
        content: &[u8],
        (base, listing): (&[u8], Listing),
        numbers: &mut Numbers,
        kind: HashKind,
    ) -> Option<Result<Listing, Malformed>> {
        if content.len() != base.len() {
            return None;
        }
        let ends = self.ends.of(listing.names, &self.lists, &self.names, kind);
        // A mode that is not in Git's own form makes a tree longer.
        if ends.len() != listing.len() || ends.last().map(|end| *end as usize) != Some(base.len()) {
            return None;
        }
        let start = self.objects.len();
        let first = listing.objects as usize;
        self.objects.get(first..first + listing.len())?;
        self.objects
            .extend_from_within(first..first + listing.len());
        let (mut at, mut entry) = (0, 0);
        let read = loop {
            let (rest, theirs) = (content.get(at..)?, base.get(at..)?);
            at += agreement(rest, theirs);
            if at == content.len() {
                let objects = u32::try_from(start).map_err(|_| Malformed::Full);
                break Some(objects.map(|objects| Listing { objects, ..listing }));
            }
            entry += ends
                .get(entry..)?
                .partition_point(|end| *end as usize <= at);
            let end = *ends.get(entry)? as usize;
            let id = end - kind.len();
            if at < id {
                break None;
            }
            match (
                numbers.number(content.get(id..end)?),
                self.objects.get_mut(start + entry),
            ) {
                (Ok(number), Some(object)) => *object = number,
                _ => break Some(Err(Malformed::Full)),
            }
            at = end;
        };
        if !matches!(read, Some(Ok(_))) {
            self.objects.truncate(start);
        }
        read
    }

    /// Appends a tree's objects; the number of its names and modes.
    fn read_entries(
        &mut self,
        content: &[u8],
        base: Option<(&[u8], Listing)>,
        numbers: &mut Numbers,
        kind: HashKind,
    ) -> Result<u32, Malformed> {
        let mut list = std::mem::take(&mut self.list);
        list.clear();
        let mut base = base.map(|(rest, listing)| Base {
            rest,
            listing,
            at: 0,
        });
        let mut rest = content;
        let mut agree = base.as_ref().map_or(0, |base| agreement(rest, base.rest));
        while !rest.is_empty() {
            if let Some(base) = &mut base
                && let (count @ 1.., len) = whole_entries(rest.get(..agree), kind)
            {
                let names = self.lists.get(base.listing.names);
                let same = base.at..base.at + count;
                list.extend_from_slice(names.get(same.clone()).ok_or(Malformed::Entries)?);
                let first = base.listing.objects as usize;
                let objects = first + same.start..first + same.end;
                self.objects
                    .get(objects.clone())
                    .ok_or(Malformed::Entries)?;
                self.objects.extend_from_within(objects);
                base.at += count;
                base.rest = base.rest.get(len..).unwrap_or_default();
                rest = rest.get(len..).unwrap_or_default();
                agree -= len;
                continue;
            }
            let (raw, after) = split_entry(rest, kind).ok_or(Malformed::Entries)?;
            rest = after;
            let mode = raw.mode.ok_or_else(|| Malformed::mode(&raw))?;
            let len = raw.whole.len();
            let mut known = None;
            if let Some(base) = &mut base {
                while agree < len
                    && let Some((theirs, next)) = split_entry(base.rest, kind)
                    && theirs.name <= raw.name
                {
                    let (entry, same) =
                        (self.entry(base.listing, base.at), theirs.whole == raw.whole);
                    let named = theirs.name == raw.name && theirs.mode == raw.mode;
                    if same {
                        agree = len + agreement(rest, next);
                        break;
                    }
                    base.rest = next;
                    base.at += 1;
                    if named {
                        known = entry.map(|entry| (entry.packed, None));
                        agree = len + agreement(rest, next);
                        break;
                    }
                }
                if agree >= len {
                    agree -= len;
                    if known.is_none() {
                        let entry = self
                            .entry(base.listing, base.at)
                            .ok_or(Malformed::Entries)?;
                        known = Some((entry.packed, Some(entry.object)));
                        base.rest = base.rest.get(len..).unwrap_or_default();
                        base.at += 1;
                    }
                } else {
                    agree = 0;
                }
            }
            let (packed, object) = known.unwrap_or_default();
            let packed = match known {
                Some(_) => packed,
                None => {
                    let name = self.names.number(raw.name)?;
                    if name >= 1 << NAME_BITS {
                        return Err(Malformed::Full);
                    }
                    Entry::new(name, mode, 0).packed
                }
            };
            list.push(packed);
            self.objects.push(match object {
                Some(object) => object,
                None => numbers.number(raw.id)?,
            });
        }
        let shared = base.map(|base| base.listing.names);
        let shared = shared.filter(|names| self.lists.get(*names) == list);
        let names = match shared {
            Some(names) => names,
            None => self.lists.number(&list)?.0,
        };
        self.list = list;
        Ok(names)
    }

    /// One entry of a tree.
    pub(crate) fn entry(&self, tree: Listing, at: usize) -> Option<Entry> {
        Some(Entry {
            packed: *self.lists.get(tree.names).get(at)?,
            object: *self.objects(tree).get(at)?,
        })
    }

    /// All entries of a tree.
    pub(crate) fn entries(&self, tree: Listing) -> impl Iterator<Item = Entry> + '_ {
        let names = self.lists.get(tree.names).iter();
        let pairs = names.zip(self.objects(tree));
        pairs.map(|(&packed, &object)| Entry { packed, object })
    }

    fn objects(&self, tree: Listing) -> &[u32] {
        let start = tree.objects as usize;
        self.objects
            .get(start..start + tree.len())
            .unwrap_or_default()
    }

    /// From `at` on, the first entry that is not the very same in another tree with the same
    /// names, or the end.
    fn skip(&self, tree: Listing, other: Listing, at: usize) -> usize {
        let rest = |tree| self.objects(tree).get(at..).unwrap_or_default();
        let pairs = rest(tree).iter().zip(rest(other));
        at + pairs.take_while(|(a, b)| a == b).count()
    }

    /// Whether a tree has something else than a folder called `name`. In a tree that is not in
    /// Git's order some names are not found.
    pub(crate) fn holds_file(&self, tree: Listing, name: u32) -> bool {
        let list = self.lists.get(tree.names);
        let wanted = Entry::new(name, Mode::Regular, 0);
        let found = list.binary_search_by(|packed| {
            let (packed, object) = (*packed, 0);
            self.order(Entry { packed, object }, wanted)
        });
        found.is_ok()
    }

    /// The folder called `name` in a tree. In a tree that is not in Git's order some are not found.
    pub(crate) fn folder(&self, tree: Listing, name: u32) -> Option<u32> {
        let list = self.lists.get(tree.names);
        let wanted = Entry::new(name, Mode::Tree, 0);
        let found = list.binary_search_by(|packed| {
            let (packed, object) = (*packed, 0);
            self.order(Entry { packed, object }, wanted)
        });
        found
            .ok()
            .and_then(|at| self.objects(tree).get(at).copied())
    }

    /// The number of a name, whether or not any tree has it.
    pub(crate) fn name_number(&mut self, name: &[u8]) -> Result<u32, Full> {
        self.names.number(name)
    }

    pub(crate) fn name_of(&self, number: u32) -> &[u8] {
        self.names.get(number)
    }

    pub(crate) fn name(&self, entry: Entry) -> &[u8] {
        self.names.get(entry.name())
    }

    /// How Git orders two entries: by name, a tree's as if it ended in a slash.
    fn order(&self, a: Entry, b: Entry) -> Ordering {
        if a.name() == b.name() {
            return a.is_tree().cmp(&b.is_tree());
        }
        let (left, right) = (self.name(a), self.name(b));
        let common = left.len().min(right.len());
        let after = |name: &[u8], entry: Entry| {
            let slash = if entry.is_tree() { Some(b'/') } else { None };
            name.get(common).copied().or(slash)
        };
        let heads = left.get(..common).cmp(&right.get(..common));
        heads
            .then_with(|| after(left, a).cmp(&after(right, b)))
            .then_with(|| left.len().cmp(&right.len()))
    }
}

/// Finds, entry by entry of one tree in order, what stands at the same path in another.
///
/// In a tree that is not in Git's order some entries are not found. They are then taken as new,
/// so that a malformed tree can be judged too often but never too little.
pub(crate) struct Beside {
    other: Listing,
    at: usize,
}

impl Beside {
    pub(crate) const fn new(other: Listing) -> Self {
        Self { other, at: 0 }
    }

    /// Where in `tree`, from `at` on, an entry stands that is not the very same here: only where
    /// that can be said at once, since both have the same names.
    pub(crate) fn skip(&self, trees: &Trees, tree: Listing, at: usize) -> usize {
        if self.other.names == tree.names {
            trees.skip(tree, self.other, at)
        } else {
            at
        }
    }

    /// What stands in the other tree at the path of the entry at `at` of `tree`, as the same kind
    /// of thing: a file or symlink beside a file or symlink, a tree beside a tree.
    pub(crate) fn find(&mut self, trees: &Trees, tree: Listing, at: usize) -> Option<Entry> {
        if self.other.names == tree.names {
            return trees.entry(self.other, at);
        }
        let entry = trees.entry(tree, at)?;
        while let Some(other) = trees.entry(self.other, self.at) {
            match trees.order(other, entry) {
                Ordering::Less => self.at += 1,
                Ordering::Equal => {
                    self.at += 1;
                    return Some(other);
                }
                Ordering::Greater => return None,
            }
        }
        None
    }
}

#[cfg(test)]
mod tests;
