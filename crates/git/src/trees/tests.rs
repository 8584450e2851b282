//! Trees read alone, and beside others.

use super::*;

fn tree(entries: &[(&str, &str, u8)]) -> Vec<u8> {
    let mut out = Vec::new();
    for (mode, name, id) in entries {
        out.extend_from_slice(mode.as_bytes());
        out.push(b' ');
        out.extend_from_slice(name.as_bytes());
        out.push(0);
        out.extend_from_slice(&[*id; 20]);
    }
    out
}

#[test]
fn a_base_changes_nothing_but_the_work() {
    let old = tree(&[
        ("100644", "a", 1),
        ("160000", "b", 2),
        ("40000", "c", 3),
        ("120000", "d", 4),
        ("100644", "e", 5),
    ]);
    let new = tree(&[
        ("100644", "a", 1),
        ("100644", "b", 9),
        ("160000", "bb", 7),
        ("40000", "c", 3),
        ("100644", "d", 4),
        ("100644", "e", 5),
        ("100644", "f", 6),
    ]);
    let mut numbers = Numbers::new(HashKind::Sha1);
    let mut trees = Trees::default();
    let base = trees
        .read(&old, None, &mut numbers, HashKind::Sha1)
        .unwrap();
    let alone = trees
        .read(&new, None, &mut numbers, HashKind::Sha1)
        .unwrap();
    let helped = trees
        .read(&new, Some((&old, base)), &mut numbers, HashKind::Sha1)
        .unwrap();
    assert!(trees.entries(alone).eq(trees.entries(helped)));
    assert_eq!((alone.len(), alone.names), (7, helped.names));

    let mut beside = Beside::new(base);
    let found = (0..7)
        .zip(trees.entries(alone))
        .map(|(at, entry)| {
            let other = beside.find(&trees, alone, at);
            other.is_some_and(|other| other.same(entry))
        })
        .collect::<Vec<_>>();
    assert_eq!(found, [true, false, false, true, false, true, false]);
}

#[test]
fn a_base_changes_nothing_wherever_two_trees_differ() {
    // Names of every length about a word, ids that hold zeros, modes with and without one.
    let entry = |n: usize, id: u8| {
        let mode = ["100644", "40000", "040000", "120000"][n % 4];
        (mode, format!("{n:03}{}", "n".repeat(n % 19)), id)
    };
    let all: Vec<_> = (0..60).map(|n| entry(n, (n % 3) as u8)).collect();
    let written = |entries: &[(&'static str, String, u8)]| {
        let entries: Vec<_> = entries.iter().map(|(m, n, i)| (*m, &**n, *i)).collect();
        tree(&entries)
    };
    let old = written(&all);
    let mut versions = vec![Vec::new(), all.clone()];
    for at in 0..all.len() {
        let mut changed = all.clone();
        changed[at].2 ^= 0x80;
        versions.push(changed.clone());
        changed[(at * 7) % 60].0 = "100755";
        versions.push(changed.clone());
        changed.remove(at);
        versions.push(changed.clone());
        changed.insert(at, entry(at, 0));
        changed[at].1.push('x');
        changed.truncate(at + at / 2 + 1);
        versions.push(changed);
    }
    let kind = HashKind::Sha1;
    let (mut numbers, mut trees) = (Numbers::new(kind), Trees::default());
    let base = trees.read(&old, None, &mut numbers, kind).unwrap();
    for version in versions {
        let bytes = written(&version);
        let helped = trees.read(&bytes, Some((&old, base)), &mut numbers, kind);
        let alone = trees.read(&bytes, None, &mut numbers, kind).unwrap();
        let helped = helped.unwrap();
        assert!(trees.entries(alone).eq(trees.entries(helped)));
        assert_eq!(alone.len(), version.len());
        for cut in 1..bytes.len().min(40) {
            let cut = &bytes[..bytes.len() - cut];
            let helped = trees.read(cut, Some((&old, base)), &mut numbers, kind);
            let alone = trees.read(cut, None, &mut numbers, kind);
            assert_eq!(alone.map(Listing::len), helped.map(Listing::len));
        }
    }
}

#[test]
fn versions_of_a_tree_share_its_names() {
    let versions = [1, 2].map(|n| {
        tree(&[
            ("100644", "a", 1),
            ("40000", "a0", 2),
            ("100644", "b", n),
            ("160000", "c", 4),
        ])
    });
    let (mut numbers, mut trees) = (Numbers::new(HashKind::Sha1), Trees::default());
    let [old, new] = versions.map(|bytes| {
        trees
            .read(&bytes, None, &mut numbers, HashKind::Sha1)
            .unwrap()
    });
    assert_eq!(old.names, new.names);
    let mut beside = Beside::new(old);
    assert_eq!(beside.skip(&trees, new, 0), 2, "the first that differs");
    assert_eq!(beside.skip(&trees, new, 3), 4);
    let other = beside.find(&trees, new, 2).unwrap();
    assert!(other.name() == trees.entry(new, 2).unwrap().name());
    let held: Vec<_> = trees
        .entries(old)
        .map(|entry| trees.holds_file(old, entry.name()))
        .collect();
    assert_eq!(held, [true, false, true, true], "a folder is no file");
}

#[test]
fn what_is_no_tree_is_refused() {
    let mut numbers = Numbers::new(HashKind::Sha1);
    let mut trees = Trees::default();
    for bad in [
        b"100644 a".to_vec(),
        b"100644 a\0short".to_vec(),
        tree(&[("100644", "", 1)]),
        tree(&[("", "a", 1)]),
        tree(&[("100684", "a", 1)]),
        tree(&[("123456701", "a", 1)]),
    ] {
        assert_eq!(
            trees.read(&bad, None, &mut numbers, HashKind::Sha1),
            Err(Malformed::Entries)
        );
    }
    for (mode, bits) in [("644", 0o644), ("010000", 0o10_000), ("140000", 0o140_000)] {
        let odd = tree(&[("100644", "a", 1), (mode, "fifo", 1)]);
        let name = b"fifo".to_vec();
        assert_eq!(
            trees.read(&odd, None, &mut numbers, HashKind::Sha1),
            Err(Malformed::Mode { bits, name })
        );
    }
    assert_eq!(
        trees.read(b"", None, &mut numbers, HashKind::Sha1),
        Ok(Listing::default())
    );
}
