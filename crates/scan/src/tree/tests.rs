use super::*;

fn tree(entries: &[(&str, &[u8])]) -> Vec<u8> {
    let mut out = Vec::new();
    for (mode, name) in entries {
        out.extend_from_slice(mode.as_bytes());
        out.push(b' ');
        out.extend_from_slice(name);
        out.push(0);
        out.extend_from_slice(&[7; 20]);
    }
    out
}

fn flaws(bytes: &[u8]) -> Vec<&'static str> {
    let mut out = Vec::new();
    judge(bytes, HashKind::Sha1, &mut Names::default(), &mut |f| {
        out.push(f.rule);
    });
    out
}

#[test]
fn look_alikes_of_dot_git_are_told_from_their_twins() {
    for bad in [
        ".git",
        ".GIT",
        ".git.",
        ".git ",
        ".git. . ",
        "git~1",
        "GIT~1",
        ".git::$INDEX_ALLOCATION",
        ".git:x",
        ".g\u{200c}it",
        "\u{feff}.git",
        "a\\.git",
        ".git\\x",
    ] {
        assert_eq!(name_flaw(bad.as_bytes()), Some(rules::DOT_GIT), "{bad:?}");
    }
    for bad in ["", ".", "..", "a/b", "..\\x"] {
        assert_eq!(name_flaw(bad.as_bytes()), Some(rules::BAD_NAME), "{bad:?}");
    }
    for good in [
        ".gitignore",
        ".github",
        "git",
        "git~2",
        "x.git",
        ".git-x",
        "...",
        "..x",
        "g\u{fc}t",
        "a\\b",
        ".gitmodules",
        "git~10",
    ] {
        assert_eq!(name_flaw(good.as_bytes()), None, "{good:?}");
    }
}

#[test]
fn trees_as_git_writes_them_have_no_flaw() {
    let good = tree(&[
        ("100644", b".gitignore"),
        ("100644", b".gitmodules"),
        ("100644", b"a"),
        ("100644", b"a.c"),
        ("40000", b"a0"),
        ("120000", b"link"),
        ("160000", b"module"),
        ("40000", b"src"),
    ]);
    assert!(flaws(&good).is_empty());
    assert!(flaws(&[]).is_empty());
}

#[test]
fn each_flaw_is_named() {
    let one = |entries: &[(&str, &[u8])]| flaws(&tree(entries));
    assert_eq!(
        one(&[("100644", b"a"), ("100644", b"a")]),
        [rules::DUPLICATE]
    );
    let split: &[(&str, &[u8])] = &[("100644", b"a"), ("100644", b"a.c"), ("40000", b"a")];
    assert_eq!(one(split), [rules::DUPLICATE]);
    assert_eq!(
        one(&[("100644", b"README"), ("100644", b"readme")]),
        [rules::CASE_COLLISION]
    );
    assert_eq!(
        one(&[("100644", b"b"), ("100644", b"a")]),
        [rules::MALFORMED]
    );
    assert_eq!(
        one(&[("120000", b".gitmodules")]),
        [rules::GITMODULES_SYMLINK]
    );
    assert_eq!(
        one(&[("120000", b".GitModules ")]),
        [rules::GITMODULES_SYMLINK]
    );
    assert_eq!(one(&[("40000", b"..")]), [rules::BAD_NAME]);
    let mut cut = tree(&[("100644", b"a")]);
    cut.pop();
    assert_eq!(flaws(&cut), [rules::MALFORMED]);
    assert_eq!(flaws(b"no tree at all"), [rules::MALFORMED]);
}

#[test]
fn symlinks_are_followed_on_paper() {
    for (target, want) in [
        ("/etc/passwd", Some(u32::MAX)),
        ("C:\\x", Some(u32::MAX)),
        ("\\\\host", Some(u32::MAX)),
        ("../x", Some(1)),
        ("a/../../../x", Some(2)),
        ("../../x/../y", Some(2)),
        ("x", None),
        ("./x", None),
        ("a/../x", None),
        ("..x/...", None),
        ("", None),
        ("// a comment\n", None),
        ("/x\0", None),
    ] {
        assert_eq!(climbs(target.as_bytes()), want, "{target}");
    }
    assert_eq!(climbs(&[b'/'; TARGET]), Some(u32::MAX));
    assert_eq!(climbs(&[b'/'; TARGET + 1]), None);
}

/// The same, byte by byte.
fn plainly(bytes: &[u8], id: usize) -> (Vec<(u32, usize, usize)>, bool) {
    let (mut out, mut at) = (Vec::new(), 0);
    while at < bytes.len() {
        let rest = &bytes[at..];
        let Some(space) = rest.iter().take(8).position(|b| *b == b' ') else {
            return (out, true);
        };
        let digits = std::str::from_utf8(&rest[..space]).unwrap_or("x");
        let octal = digits.bytes().all(|b| matches!(b, b'0'..=b'7'));
        let mode = u32::from_str_radix(&format!("0{digits}"), 8).unwrap_or(0);
        let name = at + space + 1;
        let length = bytes[name..].iter().position(|b| *b == 0);
        let Some(length) = length.filter(|n| octal && name + n + 1 + id <= bytes.len()) else {
            return (out, true);
        };
        out.push((mode, name, length));
        at = name + length + 1 + id;
    }
    (out, false)
}

proptest::proptest! {
    #[test]
    fn entries_are_read_as_they_stand(
        parts in proptest::collection::vec(
            ("[0-8]{0,9} ?", "[a-zA-Z./\\\\ \u{e9}-]{0,40}", 18usize..22), 0..6,
        ),
    ) {
        let mut bytes = Vec::new();
        for (mode, name, id) in &parts {
            // Most are whole, some are cut.
            let id = if *id == 18 { 3 } else { 20 };
            bytes.extend([mode.as_bytes(), name.as_bytes(), &[0; 1], &[7; 20][..id]].concat());
        }
        let mut entries = Entries::new(&bytes, HashKind::Sha1);
        let mut read = Vec::new();
        for e in entries.by_ref() {
            proptest::prop_assert_eq!(e.name, &bytes[e.at..e.at + e.name.len()]);
            let upper = e.name.iter().any(u8::is_ascii_uppercase);
            let slash = e.name.iter().any(|b| matches!(b, b'/' | b'\\'));
            proptest::prop_assert_eq!(e.glance, Glance { upper, slash });
            proptest::prop_assert!(!e.is_plain() || name_flaw(e.name).is_none());
            read.push((e.mode, e.at, e.name.len()));
        }
        proptest::prop_assert_eq!((read, entries.broken), plainly(&bytes, 20));
    }
}
