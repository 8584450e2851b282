//! What no tree should hold (RF-10): names that Git or a file system takes for something else.

use std::collections::VecDeque;

use lychgate_model::HashKind;

use crate::sixteen::Sixteen;
use crate::structural as rules;

/// One entry of a tree object.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Entry<'a> {
    pub(crate) mode: u32,
    pub(crate) name: &'a [u8],
    /// Where the name stands in the object.
    pub(crate) at: usize,
    /// What was seen of the name on the way to its end.
    glance: Glance,
}

/// Whether a name holds an upper-case letter, and whether a slash or a backslash.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Glance {
    upper: bool,
    slash: bool,
}

impl Entry<'_> {
    fn is_folder(&self) -> bool {
        self.mode & 0o170_000 == 0o040_000
    }

    fn is_symlink(&self) -> bool {
        self.mode & 0o170_000 == 0o120_000
    }

    /// Whether [`name_flaw`] has nothing to say, as of nearly all names.
    fn is_plain(&self) -> bool {
        let first = self.name.first();
        !self.glance.slash && first.is_some_and(|b| !matches!(b, b'.' | b'g' | b'G' | 0x80..))
    }
}

/// The entries of a tree; ends early, with [`Entries::broken`] set, where it cannot be read.
pub(crate) struct Entries<'a> {
    bytes: &'a [u8],
    at: usize,
    id: usize,
    pub(crate) broken: bool,
}

impl<'a> Entries<'a> {
    pub(crate) fn new(bytes: &'a [u8], hash: HashKind) -> Self {
        Self {
            bytes,
            at: 0,
            id: hash.len(),
            broken: false,
        }
    }

    fn read(&mut self) -> Option<Entry<'a>> {
        let rest = self.bytes.get(self.at..)?;
        let (mut mode, mut space) = (0u32, 0);
        loop {
            match *rest.get(space).filter(|_| space < MODE)? {
                b' ' => break,
                digit @ b'0'..=b'7' => mode = mode << 3 | u32::from(digit - b'0'),
                _ => return None,
            }
            space += 1;
        }
        let named = rest.get(space + 1..)?;
        let (length, glance) = name_end(named)?;
        let name = named.get(..length)?;
        let at = self.at + space + 1;
        let next = at + length + 1 + self.id;
        if next > self.bytes.len() {
            return None;
        }
        self.at = next;
        Some(Entry {
            mode,
            name,
            at,
            glance,
        })
    }
}

impl<'a> Iterator for Entries<'a> {
    type Item = Entry<'a>;

    fn next(&mut self) -> Option<Entry<'a>> {
        if self.at >= self.bytes.len() || self.broken {
            return None;
        }
        let entry = self.read();
        self.broken = entry.is_none();
        entry
    }
}

/// Most bytes of a mode, with its blank.
const MODE: usize = 8;

/// Where the name ends that `named` begins with, and what it holds.
fn name_end(named: &[u8]) -> Option<(usize, Glance)> {
    let mut glance = Glance::default();
    let mut at = 0;
    // An id follows: shorter names than sixteen bytes are read at once too.
    while let Some(sixteen) = named.get(at..).and_then(|rest| rest.first_chunk()) {
        let v = Sixteen::of(sixteen);
        let end = v.is(0).tops();
        let inside = end.wrapping_sub(1) & !end;
        glance.upper |= v.within(b'A', 25).tops() & inside != 0;
        glance.slash |= v.is(b'/').or(v.is(b'\\')).tops() & inside != 0;
        if end != 0 {
            return Some((at + end.trailing_zeros() as usize, glance));
        }
        at += 16;
    }
    let rest = named.get(at..)?;
    let length = memchr::memchr(0, rest)?;
    let name = rest.get(..length)?;
    glance.upper |= name.iter().any(u8::is_ascii_uppercase);
    glance.slash |= name.iter().any(|b| matches!(b, b'/' | b'\\'));
    Some((at + length, glance))
}

/// A problem: the rule, and where the name stands.
pub(crate) struct Flaw {
    pub(crate) rule: &'static str,
    pub(crate) at: usize,
    pub(crate) length: usize,
}

/// Reused between trees.
#[derive(Debug, Default)]
pub(crate) struct Names {
    /// Where keywords end.
    pub(crate) hits: Vec<usize>,
    folded: Vec<(u64, usize, usize)>,
    files: Vec<(usize, usize)>,
}

/// The last trees of which nothing came.
#[derive(Debug, Default)]
pub(crate) struct Clean<'b> {
    past: VecDeque<Past<'b>>,
}

#[derive(Debug)]
struct Past<'b> {
    bytes: &'b [u8],
    hash: HashKind,
    /// Where its ids begin.
    ids: Vec<usize>,
}

impl<'b> Clean<'b> {
    /// Trees that are remembered.
    const MOST: usize = 8;

    /// Whether one of them has the names and modes of this one, and other ids at most.
    pub(crate) fn has_names_of(&mut self, bytes: &[u8], hash: HashKind) -> bool {
        let found = self.past.iter().position(|past| {
            past.hash == hash && past.bytes.len() == bytes.len() && past.has_names_of(bytes)
        });
        if let Some(past) = found.and_then(|at| self.past.remove(at)) {
            self.past.push_front(past);
        }
        found.is_some()
    }

    /// Nothing came of a tree.
    pub(crate) fn keep(&mut self, bytes: &'b [u8], hash: HashKind) {
        let oldest = match self.past.len() < Self::MOST {
            true => None,
            false => self.past.pop_back(),
        };
        let mut ids = oldest.map(|past| past.ids).unwrap_or_default();
        ids.clear();
        ids.extend(Entries::new(bytes, hash).map(|entry| entry.at + entry.name.len() + 1));
        self.past.push_front(Past { bytes, hash, ids });
    }
}

impl Past<'_> {
    fn has_names_of(&self, bytes: &[u8]) -> bool {
        let mut at = 0;
        let mut between = self.ids.iter().map(|&id| {
            let range = at..id;
            at = id + self.hash.len();
            range
        });
        between.all(|range| self.bytes.get(range.clone()) == bytes.get(range))
    }
}

/// Calls `flaw` for everything wrong in a tree.
pub(crate) fn judge(bytes: &[u8], hash: HashKind, names: &mut Names, flaw: &mut dyn FnMut(Flaw)) {
    let mut upper = false;
    let mut previous: Option<Entry<'_>> = None;
    // Files whose name begins the names now being read: a folder of the same name comes later.
    let files = &mut names.files;
    files.clear();
    let name_of = |&(at, length): &(usize, usize)| bytes.get(at..at + length).unwrap_or_default();
    let mut ordered = true;
    let mut entries = Entries::new(bytes, hash);
    for entry in entries.by_ref() {
        let Entry { name, at, .. } = entry;
        let mut report = |rule| {
            flaw(Flaw {
                rule,
                at,
                length: name.len(),
            });
        };
        if !entry.is_plain()
            && let Some(rule) = name_flaw(name)
        {
            report(rule);
        }
        if entry.is_symlink() && is_gitmodules(name) {
            report(rules::GITMODULES_SYMLINK);
        }
        while files.last().is_some_and(|f| !name.starts_with(name_of(f))) {
            files.pop();
        }
        let twin = previous.is_some_and(|p| p.name == name);
        if twin || files.iter().any(|f| name_of(f) == name) {
            report(rules::DUPLICATE);
        } else if ordered && previous.is_some_and(|p| order(p, entry).is_ge()) {
            ordered = false;
            report(rules::MALFORMED);
        }
        if !entry.is_folder() && files.len() < 64 {
            files.push((at, name.len()));
        }
        upper |= entry.glance.upper;
        previous = Some(entry);
    }
    if entries.broken {
        let at = entries.at;
        flaw(Flaw {
            rule: rules::MALFORMED,
            at,
            length: bytes.len().saturating_sub(at).min(1),
        });
    }
    if upper {
        collisions(bytes, hash, names, flaw);
    }
}

/// Git's order: a folder counts as if its name ended with a slash.
fn order(a: Entry<'_>, b: Entry<'_>) -> std::cmp::Ordering {
    let shared = a.name.len().min(b.name.len());
    let (a_head, a_tail) = a.name.split_at(shared);
    let (b_head, b_tail) = b.name.split_at(shared);
    let next = |e: Entry<'_>, tail: &[u8]| match tail.first() {
        Some(byte) => *byte,
        None if e.is_folder() => b'/',
        None => 0,
    };
    a_head
        .cmp(b_head)
        .then_with(|| next(a, a_tail).cmp(&next(b, b_tail)))
}

fn collisions(bytes: &[u8], hash: HashKind, names: &mut Names, flaw: &mut dyn FnMut(Flaw)) {
    names.folded.clear();
    for Entry { name, at, .. } in Entries::new(bytes, hash) {
        // FNV-1a; equal sums are compared below.
        let sum = name.iter().fold(0xcbf2_9ce4_8422_2325u64, |h, b| {
            (h ^ u64::from(b.to_ascii_lowercase())).wrapping_mul(0x0100_0000_01b3)
        });
        names.folded.push((sum, at, name.len()));
    }
    names.folded.sort_unstable();
    for pair in names.folded.windows(2) {
        let [(a, a_at, a_length), (b, at, length)] = *pair else {
            continue;
        };
        let first = bytes.get(a_at..a_at + a_length);
        let second = bytes.get(at..at + length);
        if let (true, Some(x), Some(y)) = (a == b, first, second)
            && x.eq_ignore_ascii_case(y)
            && x != y
        {
            flaw(Flaw {
                rule: rules::CASE_COLLISION,
                at,
                length,
            });
        }
    }
}

/// What is wrong with the name of one entry, wherever it stands.
pub(crate) fn name_flaw(name: &[u8]) -> Option<&'static str> {
    let first = name.first().copied().unwrap_or(b'/');
    if name.is_empty() || name == b"." || name == b".." || name.contains(&b'/') {
        return Some(rules::BAD_NAME);
    }
    // All others begin with a dot, a `g`, something ignorable, or hold a backslash.
    let plain = !matches!(first, b'.' | b'g' | b'G' | 0x80..);
    if plain && !name.contains(&b'\\') {
        return None;
    }
    for part in name.split(|&b| b == b'\\') {
        if part == b".." && part.len() != name.len() {
            return Some(rules::BAD_NAME);
        }
        if is_look_alike(part, b".git", b"git~1") {
            return Some(rules::DOT_GIT);
        }
    }
    None
}

fn is_gitmodules(name: &[u8]) -> bool {
    is_look_alike(name, b".gitmodules", b"gitmod~1")
}

/// Whether NTFS or HFS+ opens `want` when asked for `name`: case aside, with trailing dots and
/// blanks, a stream, the short name, or code points that are ignored.
fn is_look_alike(name: &[u8], want: &[u8], short: &[u8]) -> bool {
    for start in [want, short] {
        let Some((head, tail)) = name.split_at_checked(start.len()) else {
            continue;
        };
        if !head.eq_ignore_ascii_case(start) {
            continue;
        }
        let end = tail
            .iter()
            .position(|b| !matches!(b, b'.' | b' '))
            .unwrap_or(tail.len());
        if matches!(tail.get(end), None | Some(b':')) {
            return true;
        }
    }
    if name.is_ascii() {
        return false;
    }
    let Ok(text) = std::str::from_utf8(name) else {
        return false;
    };
    let mut kept = text.chars().filter(|c| !is_ignored_by_hfs(*c));
    want.iter().all(|b| {
        kept.next()
            .is_some_and(|c| c.eq_ignore_ascii_case(&char::from(*b)))
    }) && kept.next().is_none()
}

/// Apple technical note 1150: ignored when names are compared.
fn is_ignored_by_hfs(c: char) -> bool {
    matches!(c, '\u{200c}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{206a}'..='\u{206f}' | '\u{feff}')
}

/// The flaws of a whole path: those of each component, and of a symlink called `.gitmodules`.
pub(crate) fn path_flaws(path: &[u8], symlink: bool, flaw: &mut dyn FnMut(Flaw)) {
    let mut at = 0;
    for name in path.split(|&b| b == b'/') {
        if let Some(rule) = name_flaw(name) {
            flaw(Flaw {
                rule,
                at,
                length: name.len(),
            });
        }
        at += name.len() + 1;
    }
    if symlink && is_gitmodules(path) {
        flaw(Flaw {
            rule: rules::GITMODULES_SYMLINK,
            at: 0,
            length: path.len(),
        });
    }
}

/// Longest target of a symlink (`PATH_MAX` of Linux).
const TARGET: usize = 4096;

/// How many folders a symlink with this target climbs from its own, `u32::MAX` when it is
/// absolute; `None`: it stays below, or this is no target that anybody makes. Text of several
/// lines is none, or every file that begins with a comment would be one.
pub(crate) fn climbs(target: &[u8]) -> Option<u32> {
    if target.len() > TARGET || target.iter().any(|b| matches!(b, 0 | b'\n')) {
        return None;
    }
    let drive = matches!(target, [letter, b':', ..] if letter.is_ascii_alphabetic());
    if drive || matches!(target.first(), Some(b'/' | b'\\')) {
        return Some(u32::MAX);
    }
    let (mut depth, mut least) = (0i32, 0i32);
    for part in target.split(|&b| b == b'/') {
        match part {
            b"" | b"." => {}
            b".." => depth -= 1,
            _ => depth += 1,
        }
        least = least.min(depth);
    }
    (least < 0).then_some(least.unsigned_abs())
}

#[cfg(test)]
mod tests;
