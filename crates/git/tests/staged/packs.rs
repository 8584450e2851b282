//! Packs nobody's Git would write.

use std::fs;

use lychgate_git::Error;
use lychgate_model::{ObjectId, limits};

use crate::world::{Collected, World, id};

/// A pack and its index, put together by hand; object `n` has the number after it as its id, which must not
/// be zero.
struct Pack {
    bytes: Vec<u8>,
    offsets: Vec<usize>,
}

const COMMIT: u8 = 1;
const BLOB: u8 = 3;

fn number(n: usize) -> ObjectId {
    id(&format!("{:040x}", n + 1))
}

impl Pack {
    fn new() -> Self {
        Self {
            bytes: b"PACK\0\0\0\x02\0\0\0\0".to_vec(),
            offsets: Vec::new(),
        }
    }

    /// Adds an entry that says it has `size` bytes and holds `content`.
    fn entry(&mut self, kind: u8, size: usize, base: &[u8], content: &[u8]) -> usize {
        let start = self.bytes.len();
        let mut left = size >> 4;
        let mut byte = kind << 4 | (size & 15) as u8;
        while left > 0 {
            self.bytes.push(byte | 0x80);
            byte = (left & 0x7f) as u8;
            left >>= 7;
        }
        self.bytes.push(byte);
        self.bytes.extend_from_slice(base);
        self.bytes.extend(stored(content));
        self.offsets.push(start);
        self.offsets.len() - 1
    }

    fn whole(&mut self, content: &[u8]) -> usize {
        self.entry(BLOB, content.len(), b"", content)
    }

    /// A delta against an earlier entry.
    fn delta(&mut self, base: usize, delta: &[u8]) -> usize {
        let mut distance = self.bytes.len() - self.offsets[base];
        let mut encoded = vec![(distance & 0x7f) as u8];
        while distance > 0x7f {
            distance = (distance >> 7) - 1;
            encoded.insert(0, 0x80 | (distance & 0x7f) as u8);
        }
        self.entry(6, delta.len(), &encoded, delta)
    }

    /// A delta against the object of this number, wherever it stands.
    fn delta_of(&mut self, base: usize, delta: &[u8]) -> usize {
        self.entry(7, delta.len(), number(base).as_bytes(), delta)
    }

    fn put(mut self, world: &World) {
        let count = u32::try_from(self.offsets.len()).unwrap().to_be_bytes();
        self.bytes[8..12].copy_from_slice(&count);
        self.bytes.extend([0; 20]);
        let mut index = Vec::new();
        for _ in 0..256 {
            index.extend(count);
        }
        for (n, offset) in self.offsets.iter().enumerate() {
            index.extend(u32::try_from(*offset).unwrap().to_be_bytes());
            index.extend_from_slice(number(n).as_bytes());
        }
        index.extend([0; 40]);
        let folder = world.repo().join(".git/objects/pack");
        fs::write(folder.join("pack-made.pack"), &self.bytes).unwrap();
        fs::write(folder.join("pack-made.idx"), &index).unwrap();
    }
}

/// `content` as a zlib stream of blocks that are not compressed.
fn stored(content: &[u8]) -> Vec<u8> {
    let mut out = vec![0x78, 0x01];
    let mut blocks = content.chunks(0xffff).peekable();
    if blocks.peek().is_none() {
        out.extend([1, 0, 0, 0xff, 0xff]);
    }
    while let Some(block) = blocks.next() {
        let length = u16::try_from(block.len()).unwrap();
        out.push(u8::from(blocks.peek().is_none()));
        out.extend(length.to_le_bytes());
        out.extend((!length).to_le_bytes());
        out.extend_from_slice(block);
    }
    let (mut a, mut b) = (1u32, 0u32);
    for &byte in content {
        a = (a + u32::from(byte)) % 65521;
        b = (b + a) % 65521;
    }
    out.extend((b << 16 | a).to_be_bytes());
    out
}

fn varint(mut value: u64) -> Vec<u8> {
    let mut out = Vec::new();
    loop {
        let byte = (value & 0x7f) as u8;
        value >>= 7;
        if value == 0 {
            out.push(byte);
            return out;
        }
        out.push(byte | 0x80);
    }
}

/// A delta that copies the whole of a base of `size` bytes, and a byte behind it.
fn growing(size: u64) -> Vec<u8> {
    let bytes = size.to_le_bytes();
    let copy = [0xb0 | 0x40, bytes[0], bytes[1], bytes[2]];
    [&varint(size)[..], &varint(size + 1), &copy, b"\x01x"].concat()
}

fn read(world: &World, n: usize) -> Result<Vec<u8>, Error> {
    let repo = world.open();
    let mut collected = Collected::default();
    let streamed = repo
        .read(number(n), &mut collected)
        .map(|()| collected.content);
    let mut loaded = Vec::new();
    let whole = repo.objects().load(number(n), &mut loaded);
    assert_eq!(streamed.is_ok(), whole.is_ok());
    if let Ok(content) = &streamed {
        assert_eq!(*content, loaded);
    }
    streamed
}

#[test]
fn chains_up_to_the_limit_are_followed() {
    let world = World::new();
    let mut pack = Pack::new();
    let mut last = pack.whole(b"0123456789");
    for n in 0..limits::DELTA_CHAIN as u64 + 1 {
        last = pack.delta(last, &growing(10 + n));
    }
    pack.put(&world);
    assert_eq!(
        read(&world, last - 1).unwrap().len(),
        10 + limits::DELTA_CHAIN
    );
    let error = read(&world, last).unwrap_err();
    assert!(
        matches!(error, Error::TooLarge { limit: 4096, .. }),
        "{error}"
    );
}

#[test]
fn limits_of_deltas_can_be_raised_and_not_lowered() {
    let world = World::new();
    let mut pack = Pack::new();
    let mut last = pack.whole(b"0123456789");
    for n in 0..limits::DELTA_CHAIN as u64 + 2 {
        last = pack.delta(last, &growing(10 + n));
    }
    pack.put(&world);
    // A base that is remembered would make a chain shorter: each time another repository.
    let load = |n, result, chain| {
        let repo = world.open();
        repo.objects()
            .allow_deltas(limits::Deltas { result, chain });
        repo.objects().load(number(n), &mut Vec::new())
    };
    assert!(load(last - 2, 0, 0).is_ok());
    let error = load(last - 1, 0, 0).unwrap_err();
    assert!(
        matches!(error, Error::TooLarge { limit: 4096, .. }),
        "{error}"
    );
    assert!(load(last - 1, 0, limits::DELTA_CHAIN + 1).is_ok());
    assert!(load(last, 0, limits::DELTA_CHAIN + 1).is_err());
    let repo = world.open();
    repo.objects().allow_deltas(limits::Deltas {
        result: u64::MAX,
        chain: usize::MAX,
    });
    let most = limits::Deltas {
        result: limits::DELTA_RESULT_MOST,
        chain: limits::DELTA_CHAIN_MOST,
    };
    assert_eq!(repo.objects().deltas(), most);
}

#[test]
fn deltas_in_a_circle_end() {
    let world = World::new();
    let mut pack = Pack::new();
    pack.delta_of(1, &growing(10));
    pack.delta_of(0, &growing(10));
    pack.delta_of(2, &growing(10));
    pack.delta_of(77, &growing(10));
    let base = pack.whole(b"0123456789");
    let good = pack.delta_of(base, &growing(10));
    pack.put(&world);
    for n in [0, 1, 2, 3] {
        assert!(read(&world, n).is_err(), "{n}");
    }
    assert_eq!(read(&world, good).unwrap(), b"0123456789x");
}

#[test]
fn a_result_over_the_limit_is_not_even_begun() {
    let world = World::new();
    let mut pack = Pack::new();
    let base = pack.whole(b"0123456789");
    let lie = pack.delta(
        base,
        &[&varint(10)[..], &varint(1 << 40), b"\x01x"].concat(),
    );
    let early = pack.delta(
        base,
        &[&varint(10)[..], &varint(limits::DELTA_RESULT + 1)].concat(),
    );
    let later = pack.delta(
        early,
        &[&varint(limits::DELTA_RESULT + 1)[..], &varint(1)].concat(),
    );
    pack.put(&world);
    for n in [lie, early, later] {
        let error = read(&world, n).unwrap_err();
        assert!(matches!(error, Error::TooLarge { .. }), "{n}: {error}");
    }
    assert_eq!(read(&world, base).unwrap(), b"0123456789");
}

#[test]
fn sizes_that_lie() {
    let world = World::new();
    let mut pack = Pack::new();
    let base = pack.whole(b"0123456789");
    let shorter = pack.entry(BLOB, 11, b"", b"0123456789");
    let longer = pack.entry(BLOB, 9, b"", b"0123456789");
    let nothing = pack.entry(BLOB, 0, b"", b"0");
    let endless = pack.entry(COMMIT, usize::MAX >> 8, b"", b"0123456789");
    let other_base = pack.delta(base, &growing(9));
    let less = pack.delta(base, &[&varint(10)[..], &varint(3), b"\x02xy"].concat());
    let more = pack.delta(base, &[&varint(10)[..], &varint(1), b"\x02xy"].concat());
    let beyond = pack.delta(base, &[&varint(10)[..], &varint(5), &[0x91, 6, 5]].concat());
    pack.put(&world);
    for n in [
        shorter, longer, nothing, endless, other_base, less, more, beyond,
    ] {
        let error = read(&world, n).unwrap_err();
        assert_eq!(error.object(), Some(number(n)), "{n}: {error}");
    }
    assert_eq!(read(&world, base).unwrap(), b"0123456789");
}

#[test]
fn loose_sizes_that_lie() {
    let world = World::new();
    let put = |n: usize, content: &[u8]| {
        let path = crate::world::loose(&world, &number(n).to_string());
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, stored(content)).unwrap();
    };
    let large = [&b"blob 600000\0"[..], &[b'x'; 600_000]].concat();
    put(1, &large);
    put(2, &large[..large.len() - 1]);
    put(3, &[&large[..], b"y"].concat());
    put(4, b"blob 18446744073709551616\0");
    put(5, b"blob 03\0abc");
    put(6, b"blub 3\0abc");
    put(7, b"blob 3");
    put(8, b"blob 0\0");
    put(9, b"blob 99999999999999\0abc");
    assert_eq!(read(&world, 1).unwrap().len(), 600_000);
    assert_eq!(read(&world, 8).unwrap(), b"");
    for n in [2, 3, 4, 5, 6, 7, 9] {
        let error = read(&world, n).unwrap_err();
        assert_eq!(error.object(), Some(number(n)), "{n}: {error}");
    }
}
