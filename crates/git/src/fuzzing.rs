//! Ways in for the fuzz targets: bytes in, nothing out, no panic, bounded memory.

use std::ops::ControlFlow;
use std::path::Path;

use lychgate_model::limits::Deltas;
use lychgate_model::{HashKind, ObjectKind};

use crate::graph::Graph;
use crate::inflate::Whole;
use crate::numbers::Numbers;
use crate::objects::Inflater;
use crate::pack::{Base, Failure, Pack, PackSink};
use crate::trees::{Beside, Listing, Trees};

const KINDS: [HashKind; 2] = [HashKind::Sha1, HashKind::Sha256];

/// An index file.
pub fn index(bytes: &[u8]) {
    for kind in KINDS {
        crate::index::Index::exhaust(bytes, kind);
    }
}

/// Reftables and packed refs.
pub fn reftable(bytes: &[u8]) {
    crate::refs::exhaust(bytes);
}

/// Reftables and packed refs.
pub fn packed_refs(bytes: &[u8]) {
    crate::refs::exhaust(bytes);
}

/// A delta: the first half is the base, the second the delta.
pub fn delta(bytes: &[u8]) {
    let (base, delta) = bytes.split_at(bytes.len() / 2);
    let Some(head) = lychgate_model::delta::head(delta).filter(|head| head.result < 1 << 20) else {
        return;
    };
    let mut out = vec![0; usize::try_from(head.result).unwrap_or(0)];
    let instructions = delta.get(head.instructions..).unwrap_or_default();
    let _fits_or_not = lychgate_model::delta::apply(base, instructions, &mut out);
}

/// A zlib stream behind two bytes that say its length: it comes out as from a decoder that others use,
/// or from neither; and what its front alone gives is what both give that far.
pub fn inflate(bytes: &[u8]) {
    let Some((size, stream)) = bytes.split_first_chunk() else {
        return;
    };
    let size = usize::from(u16::from_be_bytes(*size));
    let mut output = vec![0; size];
    let whole = Whole::default().inflate(stream, &mut output);
    let mut inflater = Inflater::default();
    inflater.begin();
    let mut expected = vec![0; size + 1];
    let (mut read, mut written) = (0, 0);
    let ended = loop {
        let (Some(input), Some(room)) = (stream.get(read..), expected.get_mut(written..)) else {
            break false;
        };
        let Some(progress) = inflater.step(input, room) else {
            break false;
        };
        read += progress.read;
        written += progress.written;
        if progress.ended || (progress.read == 0 && progress.written == 0) {
            break progress.ended;
        }
    };
    assert_eq!(whole.is_some(), ended && written == size);
    assert!(whole.is_none() || expected.starts_with(&output));
    let mut front = vec![0; size];
    let came = Whole::default().front(stream, &mut front);
    assert!(whole.is_none() || came == size);
    let both = came.min(written);
    assert_eq!(front.get(..both), expected.get(..both));
}

/// Two trees, the halves of `bytes`, the second read with the help of the first and without.
pub fn tree(bytes: &[u8]) {
    for kind in KINDS {
        let mut numbers = Numbers::new(kind);
        let mut trees = Trees::default();
        let (old, new) = bytes.split_at(bytes.len() / 2);
        let base = trees.read(old, None, &mut numbers, kind).ok();
        let helped = base.map(|base| trees.read(new, Some((old, base)), &mut numbers, kind));
        let alone = trees.read(new, None, &mut numbers, kind);
        if let Some(helped) = helped {
            let same = |tree: &Listing| trees.entries(*tree).collect::<Vec<_>>();
            assert_eq!(helped.as_ref().map(same), alone.as_ref().map(same));
        }
        if let (Some(base), Ok(alone)) = (base, alone) {
            let mut beside = Beside::new(base);
            for at in 0..alone.len() {
                std::hint::black_box(beside.find(&trees, alone, at));
            }
        }
    }
}

/// A commit, a tag, and a tree that is taken into a graph.
pub fn commit(bytes: &[u8]) {
    for kind in KINDS {
        let mut graph = Graph::new(kind, Vec::new());
        let kinds = [ObjectKind::Commit, ObjectKind::Tag, ObjectKind::Tree];
        for (number, kind) in (0..).zip(kinds) {
            graph.add(number, kind, bytes, None);
        }
    }
}

/// A pack: a count, as many offsets of two bytes, and the pack file.
pub fn pack(bytes: &[u8]) {
    let folder = std::env::temp_dir().join(format!("lychgate-fuzz-{}", std::process::id()));
    if std::fs::create_dir_all(&folder).is_ok() {
        pack_in(bytes, &folder);
    }
}

fn pack_in(bytes: &[u8], folder: &Path) {
    let Some((&count, rest)) = bytes.split_first() else {
        return;
    };
    let Some((offsets, file)) = rest.split_at_checked(usize::from(count) * 2) else {
        return;
    };
    for kind in KINDS {
        let mut index = b"\xfftOc\0\0\0\x02".to_vec();
        index.extend(u32::from(count).to_be_bytes().repeat(256));
        for n in 0..count {
            let at = index.len() + kind.len();
            index.extend([0, n]);
            index.resize(at, 0);
        }
        index.resize(index.len() + 4 * usize::from(count), 0);
        offsets.chunks_exact(2).for_each(|offset| {
            index.extend([0, 0]);
            index.extend(offset);
        });
        index.resize(index.len() + 2 * kind.len(), 0);
        let path = folder.join("fuzzed.idx");
        let written = std::fs::write(&path, &index)
            .and_then(|()| std::fs::write(folder.join("fuzzed.pack"), file));
        if written.is_err() {
            return;
        }
        let mut numbers = Numbers::new(kind);
        if let Ok(pack) = Pack::open(&path, kind, Deltas::default(), &mut numbers) {
            let needed = pack.needed(&|number, _| number % 3 != 0);
            let _never_broken = pack.decode(&needed, &mut Nowhere);
        }
    }
}

/// Drops everything.
struct Nowhere;

impl PackSink for Nowhere {
    fn object(&mut self, _: u32, _: ObjectKind, _: &[u8], _: Option<Base<'_>>) -> ControlFlow<()> {
        ControlFlow::Continue(())
    }

    fn begin(&mut self, _: u32, _: ObjectKind, _: u64) -> ControlFlow<()> {
        ControlFlow::Continue(())
    }

    fn piece(&mut self, _: &[u8]) -> ControlFlow<()> {
        ControlFlow::Continue(())
    }

    fn failed(&mut self, _: u32, _: Failure) -> ControlFlow<()> {
        ControlFlow::Continue(())
    }
}
