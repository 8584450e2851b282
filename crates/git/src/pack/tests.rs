//! Packs written by hand: what Git would never write, and what it writes with memory to spare.

use std::collections::BTreeMap;
use std::fs;
use std::io::Write as _;
use std::path::PathBuf;

use gix::zlib::Compression;
use gix::zlib::stream::deflate::Write as Deflate;
use lychgate_model::delta;
use lychgate_model::limits::DELTA_CHAIN;

use super::*;

const BLOB: u8 = 3;
const OFS_DELTA: u8 = 6;
const REF_DELTA: u8 = 7;

/// A pack in the making. Ids are chosen, not computed: nothing here looks at content.
#[derive(Default)]
struct Written {
    bytes: Vec<u8>,
    limits: Deltas,
    entries: BTreeMap<u32, u64>,
}

fn id(n: u32) -> [u8; 20] {
    let mut id = [0; 20];
    id[..4].copy_from_slice(&n.to_be_bytes());
    id
}

fn size_of_delta(mut n: u64) -> Vec<u8> {
    let mut out = Vec::new();
    while n >= 0x80 {
        out.push(n as u8 | 0x80);
        n >>= 7;
    }
    out.push(n as u8);
    out
}

/// A delta that keeps all of a base of `base` bytes and appends `more`.
fn append(base: u32, more: &[u8]) -> Vec<u8> {
    let mut out = size_of_delta(base.into());
    out.extend(size_of_delta(u64::from(base) + more.len() as u64));
    let [a, b, c, _] = base.to_le_bytes();
    out.extend([0x80 | 0x70, a, b, c]);
    out.push(more.len() as u8);
    out.extend(more);
    out
}

impl Written {
    fn new() -> Self {
        Self {
            bytes: b"PACK\0\0\0\x02\0\0\0\0".to_vec(),
            ..Self::default()
        }
    }

    fn entry(&mut self, n: u32, kind: u8, says: u64, base: &[u8], content: &[u8]) -> u64 {
        let offset = self.bytes.len() as u64;
        let mut byte = kind << 4 | (says & 15) as u8;
        let mut rest = says >> 4;
        while rest > 0 {
            self.bytes.push(byte | 0x80);
            byte = (rest & 0x7f) as u8;
            rest >>= 7;
        }
        self.bytes.push(byte);
        self.bytes.extend(base);
        let mut deflate = Deflate::new(Vec::new(), Compression::BEST_SPEED);
        deflate.write_all(content).unwrap();
        deflate.flush().unwrap();
        self.bytes.extend(deflate.into_inner());
        self.entries.insert(n, offset);
        offset
    }

    fn blob(&mut self, n: u32, content: &[u8]) -> u64 {
        self.entry(n, BLOB, content.len() as u64, b"", content)
    }

    fn on(&mut self, n: u32, base: u64, delta: &[u8]) -> u64 {
        let mut distance = self.bytes.len() as u64 - base;
        let mut leb = vec![(distance & 0x7f) as u8];
        while distance > 0x7f {
            distance = (distance >> 7) - 1;
            leb.insert(0, 0x80 | (distance & 0x7f) as u8);
        }
        self.entry(n, OFS_DELTA, delta.len() as u64, &leb, delta)
    }

    fn open(mut self, numbers: &mut Numbers) -> Pack {
        static SERIAL: std::sync::atomic::AtomicU32 = std::sync::atomic::AtomicU32::new(0);
        let serial = SERIAL.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
        let name = format!("lychgate-pack-{}-{serial}", std::process::id());
        let folder: PathBuf = std::env::temp_dir().join(name);
        fs::create_dir_all(&folder).unwrap();
        self.bytes.extend([0; 20]);
        let mut index = b"\xfftOc\0\0\0\x02".to_vec();
        for first in 0..=255u32 {
            let up_to = self.entries.keys().filter(|n| **n >> 24 <= first).count() as u32;
            index.extend(up_to.to_be_bytes());
        }
        self.entries.keys().for_each(|n| index.extend(id(*n)));
        self.entries.keys().for_each(|_| index.extend([0; 4]));
        self.entries
            .values()
            .for_each(|at| index.extend((*at as u32).to_be_bytes()));
        index.extend([0; 40]);
        fs::write(folder.join("x.pack"), &self.bytes).unwrap();
        fs::write(folder.join("x.idx"), index).unwrap();
        let pack = Pack::open(&folder.join("x.idx"), HashKind::Sha1, self.limits, numbers).unwrap();
        fs::remove_dir_all(folder).unwrap();
        pack
    }
}

/// Keeps everything.
#[derive(Default)]
struct Kept {
    objects: BTreeMap<u32, Vec<u8>>,
    failed: BTreeMap<u32, Failure>,
    pieces: usize,
    open: u32,
    /// Every so manieth delta is taken as such; 0: none.
    lazily: u32,
    taken: u32,
}

impl PackSink for Kept {
    fn takes(&mut self, number: u32, size: u64, base: u32, delta: &[u8]) -> ControlFlow<(), bool> {
        if self.lazily == 0 || number.is_multiple_of(self.lazily) {
            return ControlFlow::Continue(false);
        }
        let mut content = vec![0; size as usize];
        let instructions = &delta[delta::head(delta).unwrap().instructions..];
        delta::apply(&self.objects[&base], instructions, &mut content).unwrap();
        assert!(self.objects.insert(number, content).is_none());
        self.taken += 1;
        ControlFlow::Continue(true)
    }

    fn object(
        &mut self,
        number: u32,
        _: ObjectKind,
        content: &[u8],
        _: Option<Base<'_>>,
    ) -> ControlFlow<()> {
        assert!(self.objects.insert(number, content.to_vec()).is_none());
        ControlFlow::Continue(())
    }

    fn begin(&mut self, number: u32, _: ObjectKind, _: u64) -> ControlFlow<()> {
        self.open = number;
        self.objects.insert(number, Vec::new());
        ControlFlow::Continue(())
    }

    fn piece(&mut self, piece: &[u8]) -> ControlFlow<()> {
        self.pieces += 1;
        self.objects.get_mut(&self.open).unwrap().extend(piece);
        ControlFlow::Continue(())
    }

    fn failed(&mut self, number: u32, why: Failure) -> ControlFlow<()> {
        self.failed.insert(number, why);
        ControlFlow::Continue(())
    }
}

fn read(written: Written, held: usize, wanted: &dyn Fn(u32) -> bool) -> Kept {
    read_lazily(written, held, 0, wanted)
}

/// As [`read`], where not every content is asked for.
fn read_lazily(written: Written, held: usize, lazily: u32, wanted: &dyn Fn(u32) -> bool) -> Kept {
    read_counting(written, held, lazily, wanted).0
}

/// As [`read_lazily`], and how many deltas were carried out.
fn read_counting(
    written: Written,
    held: usize,
    lazily: u32,
    wanted: &dyn Fn(u32) -> bool,
) -> (Kept, usize) {
    let mut numbers = Numbers::new(HashKind::Sha1);
    let mut pack = written.open(&mut numbers);
    pack.held = held;
    let number = |n: u32| u32::from_be_bytes(numbers.bytes(n)[..4].try_into().unwrap());
    let needed = pack.needed(&|n, _| wanted(number(n)));
    let mut kept = Kept {
        lazily,
        ..Kept::default()
    };
    assert!(pack.decode(&needed, &mut kept).is_continue());
    kept.objects = kept
        .objects
        .into_iter()
        .map(|(n, c)| (number(n), c))
        .collect();
    kept.failed = kept
        .failed
        .into_iter()
        .map(|(n, why)| (number(n), why))
        .collect();
    (kept, pack.made.get())
}

/// A chain of `links` deltas, the odd numbers, with one more delta on each of them, the even ones,
/// which come last.
fn comb(links: u32) -> (Written, BTreeMap<u32, Vec<u8>>) {
    let mut written = Written::new();
    let mut content = b"the base of it all\n".repeat(20);
    let mut expected = BTreeMap::from([(0, content.clone())]);
    let mut at = written.blob(0, &content);
    let mut chain = Vec::new();
    for n in (1..links * 2).step_by(2) {
        let more = format!("{n}\n").into_bytes();
        at = written.on(n, at, &append(content.len() as u32, &more));
        content.extend(more);
        expected.insert(n, content.clone());
        chain.push((n, at));
    }
    for (n, at) in chain {
        let len = expected[&n].len() as u32;
        written.on(n + 1, at, &append(len, b"beside"));
        expected.insert(n + 1, [&expected[&n][..], b"beside"].concat());
    }
    (written, expected)
}

#[test]
fn a_long_chain_is_not_gone_through_for_each_of_its_links() {
    const LINKS: u32 = 1000;
    // All is made and given up for memory, or the chain is let be and its even numbers are not.
    for (held, lazily) in [(usize::MAX, 0), (40_000, 0), (40_000, 2), (usize::MAX, 2)] {
        let (written, expected) = comb(LINKS);
        let (kept, made) = read_counting(written, held, lazily, &|_| true);
        assert!(kept.objects == expected && kept.failed.is_empty());
        let most = LINKS as usize * LINKS.ilog2() as usize;
        assert!(made <= most, "{held}, {lazily}: {made} deltas carried out");
    }
    // Without any memory there is no other way.
    let (written, expected) = comb(100);
    let (kept, made) = read_counting(written, 0, 0, &|_| true);
    assert!(kept.objects == expected && made > 4000);
}

/// A tree of deltas, three on each base, four levels deep.
fn branching() -> (Written, BTreeMap<u32, Vec<u8>>) {
    let mut written = Written::new();
    let mut expected = BTreeMap::new();
    let root = b"the base of it all\n".repeat(20);
    let mut level = vec![(written.blob(1, &root), root.clone())];
    expected.insert(1, root);
    let mut next = 2;
    for _ in 0..4 {
        let mut below = Vec::new();
        for (offset, content) in &level {
            for _ in 0..3 {
                let more = format!("and {next}\n").into_bytes();
                let delta = append(content.len() as u32, &more);
                let whole = [content.as_slice(), &more].concat();
                below.push((written.on(next, *offset, &delta), whole.clone()));
                expected.insert(next, whole);
                next += 1;
            }
        }
        level = below;
    }
    (written, expected)
}

#[test]
fn every_delta_comes_out_whatever_memory_there_is() {
    for held in [usize::MAX, 2000, 0] {
        let (written, expected) = branching();
        let kept = read(written, held, &|_| true);
        assert_eq!(kept.objects, expected, "{held}");
        assert!(kept.failed.is_empty());
    }
}

#[test]
fn what_nobody_asks_for_is_made_when_something_is_made_from_it() {
    for held in [usize::MAX, 2000, 0] {
        for lazily in [1, 2, 3, 5, 1000] {
            let (written, expected) = branching();
            let kept = read_lazily(written, held, lazily, &|_| true);
            assert_eq!(kept.objects, expected, "{held}, {lazily}");
            assert_eq!(kept.taken > 0, lazily > 1);
            assert!(kept.failed.is_empty());
        }
    }
}

#[test]
fn a_delta_that_does_not_fit_is_never_given_as_one() {
    let mut written = Written::new();
    let base = written.blob(0, b"base");
    let beyond = [size_of_delta(4), size_of_delta(9), vec![0x90, 9]].concat();
    let bad = written.on(1, base, &beyond);
    written.on(2, bad, &append(9, b"below it"));
    written.on(3, base, &append(4, b"beside it"));
    let kept = read_lazily(written, usize::MAX, 1000, &|_| true);
    let why = Failure::BadDelta;
    assert_eq!(kept.failed, BTreeMap::from([(1, why), (2, why)]));
    assert_eq!(kept.objects[&3], b"basebeside it");
}

#[test]
fn only_what_leads_to_a_wanted_object_is_decoded() {
    let (written, expected) = branching();
    let last = *expected.keys().last().unwrap();
    let kept = read(written, 0, &|n| n == last);
    assert_eq!(kept.objects.len(), 5, "the object and its four bases");
    assert_eq!(kept.objects[&last], expected[&last]);
}

#[test]
fn a_long_chain_and_one_that_is_too_long() {
    let mut written = Written::new();
    let mut at = written.blob(0, b"x");
    for n in 1..=DELTA_CHAIN as u32 + 2 {
        at = written.on(n, at, &append(n, b"y"));
    }
    let kept = read(written, usize::MAX, &|_| true);
    let limit = DELTA_CHAIN as u32;
    assert_eq!(kept.objects[&limit].len(), DELTA_CHAIN + 1);
    let long: Vec<_> = kept.failed.into_iter().collect();
    assert_eq!(
        long,
        [
            (limit + 1, Failure::LongChain),
            (limit + 2, Failure::LongChain)
        ]
    );
    assert!(Failure::LongChain.is_limit());
}

#[test]
fn a_longer_chain_and_a_larger_result_where_the_limits_are_raised() {
    let mut written = Written::new();
    let mut at = written.blob(0, b"x");
    let last = DELTA_CHAIN as u32 + 3;
    for n in 1..=last {
        at = written.on(n, at, &append(n, b"y"));
    }
    written.limits.chain = DELTA_CHAIN + 2;
    let kept = read(written, usize::MAX, &|_| true);
    assert_eq!(kept.objects[&(last - 1)].len(), DELTA_CHAIN + 3);
    assert_eq!(kept.failed, BTreeMap::from([(last, Failure::LongChain)]));
}

#[test]
fn deltas_on_each_other_have_no_base() {
    let mut written = Written::new();
    written.blob(0, b"fine");
    written.entry(1, REF_DELTA, 7, &id(2), &append(1, b"a"));
    written.entry(2, REF_DELTA, 7, &id(1), &append(1, b"a"));
    written.entry(3, REF_DELTA, 7, &id(99), &append(1, b"a"));
    let kept = read(written, usize::MAX, &|_| true);
    assert_eq!(kept.objects.len(), 1);
    let none = Failure::NoBase;
    assert_eq!(
        kept.failed,
        BTreeMap::from([(1, none), (2, none), (3, none)])
    );
}

#[test]
fn a_base_may_come_after_its_delta() {
    let mut written = Written::new();
    let delta = append(4, b"more");
    written.entry(1, REF_DELTA, delta.len() as u64, &id(2), &delta);
    written.blob(2, b"base");
    let kept = read(written, usize::MAX, &|_| true);
    assert_eq!(kept.objects[&1], b"basemore");
}

#[test]
fn a_result_that_is_too_large_is_never_made() {
    let mut written = Written::new();
    let base = written.blob(0, b"base");
    let mut delta = size_of_delta(4);
    delta.extend(size_of_delta(lychgate_model::limits::DELTA_RESULT + 1));
    delta.extend([1, b'x']);
    let large = written.on(1, base, &delta);
    written.on(2, large, &append(9, b"below it"));
    written.on(3, base, &append(4, b"beside it"));
    let kept = read(written, usize::MAX, &|_| true);
    let why = Failure::LargeResult;
    assert_eq!(kept.failed, BTreeMap::from([(1, why), (2, why)]));
    assert_eq!(kept.objects[&3], b"basebeside it");
}

#[test]
fn entries_that_lie_about_their_size() {
    for says in [3, 5, 1 << 40] {
        let mut written = Written::new();
        let base = written.entry(0, BLOB, says, b"", b"base");
        written.on(1, base, &append(4, b"x"));
        written.blob(2, b"fine");
        let kept = read(written, usize::MAX, &|_| true);
        assert!(
            kept.failed.contains_key(&0) && kept.failed.contains_key(&1),
            "{says}"
        );
        assert_eq!(kept.objects[&2], b"fine");
    }
}

#[test]
fn a_large_entry_comes_in_pieces_unless_it_is_a_base() {
    let large = vec![7; lychgate_model::limits::WHOLE_OBJECT as usize + 1];
    for wanted in [0, 1] {
        let mut written = Written::new();
        let base = written.blob(0, &large);
        written.on(
            1,
            base,
            &[size_of_delta(large.len() as u64), vec![1, 1, b'z']].concat(),
        );
        let kept = read(written, usize::MAX, &|n| n == wanted);
        assert_eq!(kept.objects[&0], large);
        assert_eq!(kept.pieces > 0, wanted == 0);
        assert_eq!(kept.objects.contains_key(&1), wanted == 1);
    }
}

#[test]
fn empty_objects_and_no_objects() {
    let mut written = Written::new();
    written.blob(0, b"");
    assert_eq!(read(written, usize::MAX, &|_| true).objects[&0], b"");
    assert!(
        read(Written::new(), usize::MAX, &|_| true)
            .objects
            .is_empty()
    );
}
