//! Commits, tags, trees, paths, links: content that stands in no file.

#![allow(clippy::unwrap_used, reason = "a test may end with a panic")]

mod fixture;

use fixture::{ids, key, rules, scan, token};
use lychgate_model::{HashKind, Mode, ObjectKind, Source};
use lychgate_scan::{Input, Scanned, Scratch};

fn sources(out: &Scanned) -> Vec<Source> {
    out.findings.iter().map(|f| f.source).collect()
}

fn commit(author: &str, committer: &str, message: &str) -> Vec<u8> {
    let id = "a".repeat(40);
    format!(
        "tree {id}\nparent {id}\nauthor {author} <a@example.org> 1 +0000\n\
         committer {committer} <c@example.org> 2 +0000\nencoding latin1\n\n{message}\n"
    )
    .into_bytes()
}

#[test]
fn each_part_of_a_commit_has_its_source() {
    let (a, b, c) = (token(1), token(2), token(3));
    let bytes = commit(&a, &b, &format!("subject\n\nuse {c}"));
    let out = scan(ObjectKind::Commit, &bytes);
    assert_eq!(
        sources(&out),
        [Source::Author, Source::Committer, Source::Message]
    );
    let message = out.findings[2].span;
    assert_eq!((message.line, message.column), (3, 5));
    for (finding, want) in out.findings.iter().zip([a, b, c]) {
        let range = finding.span.byte_start as usize..finding.span.byte_end as usize;
        assert_eq!(&bytes[range], want.as_bytes());
    }
    assert!(scan(ObjectKind::Commit, &commit("A", "C", "subject")).is_clean());
    let latin = [&commit("A", "C", "caf")[..], b"\xe9 ", token(4).as_bytes()].concat();
    assert_eq!(
        sources(&scan(ObjectKind::Commit, &latin)),
        [Source::Message]
    );
}

#[test]
fn each_part_of_a_tag_has_its_source() {
    let make = |name: &str, tagger: &str, text: &str| {
        let id = "a".repeat(40);
        format!("object {id}\ntype commit\ntag {name}\ntagger {tagger} <t@u> 1 +0\n\n{text}\n")
    };
    let bytes = make(&token(1), &token(2), &token(3));
    let out = scan(ObjectKind::Tag, bytes.as_bytes());
    assert_eq!(sources(&out), [Source::Tag, Source::Tagger, Source::Tag]);
    assert!(scan(ObjectKind::Tag, make("v1", "T", "text").as_bytes()).is_clean());
}

#[test]
fn messages_in_utf16_are_read() {
    let encode = |text: &str, big: bool| -> Vec<u8> {
        let unit = |u: u16| {
            if big {
                u.to_be_bytes()
            } else {
                u.to_le_bytes()
            }
        };
        text.encode_utf16().flat_map(unit).collect()
    };
    let (secret, clean) = (token(1), "nothing to be seen in here".to_owned());
    for big in [false, true] {
        for mark in ["", "\u{feff}"] {
            for (value, count) in [(&secret, 1), (&clean, 0)] {
                let message = encode(&format!("{mark}subject\n\nuse {value} now\n"), big);
                let head = commit("A", "C", "");
                let head = &head[..head.len() - 2];
                let bytes = [head, b"\n", &message].concat();
                let out = scan(ObjectKind::Commit, &bytes);
                assert_eq!(
                    sources(&out),
                    vec![Source::Message; count],
                    "{big} {mark:?}"
                );
                for f in &out.findings {
                    let range = f.span.byte_start as usize..f.span.byte_end as usize;
                    assert_eq!(bytes[range], encode(value, big));
                }
                let id = "a".repeat(40);
                let head = format!("object {id}\ntype commit\ntag v\ntagger T <t@u> 1 +0\n\n");
                let bytes = [head.as_bytes(), &message].concat();
                let out = scan(ObjectKind::Tag, &bytes);
                assert_eq!(sources(&out), vec![Source::Tag; count]);
            }
        }
    }
}

#[test]
fn the_names_of_unknown_headers_are_content() {
    let id = "a".repeat(40);
    let make = |line: &str| format!("tree {id}\nauthor A <a@b> 1 +0\n{line}\n\nsubject\n");
    let t = token(1);
    for line in [format!("{t} x"), format!("parent {t}"), format!("tree {t}")] {
        let out = scan(ObjectKind::Commit, make(&line).as_bytes());
        assert_eq!(sources(&out), [Source::Message], "{line}");
    }
    for line in ["HG:extra x".to_owned(), format!("parent {id}")] {
        assert!(scan(ObjectKind::Commit, make(&line).as_bytes()).is_clean());
    }
}

fn tree(names: &[&str], id: usize) -> Vec<u8> {
    let mut out = Vec::new();
    for name in names {
        out.extend_from_slice(format!("100644 {name}\0").as_bytes());
        out.extend(std::iter::repeat_n(0x41, id));
    }
    out
}

#[test]
fn names_in_a_tree_are_scanned_one_by_one() {
    for (hash, id) in [(HashKind::Sha1, 20), (HashKind::Sha256, 32)] {
        let t = token(1);
        let bytes = tree(&["a.txt", &format!("key-{t}.txt"), "z"], id);
        let mut out = Scanned::default();
        let input = Input {
            kind: ObjectKind::Tree,
            hash,
            bytes: &bytes,
        };
        rules().scan(input, &key(), &mut Scratch::new(), &mut out);
        assert_eq!(sources(&out), [Source::Path]);
        let span = out.findings[0].span;
        assert_eq!((span.line, span.column), (1, 5));
        assert_eq!(
            &bytes[span.byte_start as usize..span.byte_end as usize],
            t.as_bytes()
        );
    }
    assert!(scan(ObjectKind::Tree, &tree(&["a.txt", "b", "c"], 20)).is_clean());
}

#[test]
fn a_value_cut_by_an_id_is_no_name() {
    let t = token(1);
    let bytes = tree(&["a", &t[..20], &t[20..]], 20);
    assert!(
        scan(ObjectKind::Tree, &bytes)
            .findings
            .iter()
            .all(|f| f.masked.starts_with('"'))
    );
}

#[test]
fn hygiene_of_trees_names_the_entry_but_no_value() {
    let out = scan(ObjectKind::Tree, &tree(&[".GIT", "README", "readme"], 20));
    assert_eq!(ids(&out), ["tree.dot-git", "tree.case-collision"]);
    assert_eq!(&*out.findings[0].masked, "\".GIT\"");
    let t = token(2);
    let out = scan(ObjectKind::Tree, &tree(&[&format!(".git:{t}")], 20));
    assert_eq!(ids(&out), ["tree.dot-git", "test.token"]);
    assert!(!format!("{out:?}").contains(&t));
}

fn path(path: &str, mode: Option<Mode>) -> Vec<String> {
    let mut out = Scanned::default();
    rules().scan_path(path.as_bytes(), mode, &key(), &mut Scratch::new(), &mut out);
    assert!(out.findings.iter().all(|f| f.source == Source::Path));
    ids(&out)
}

#[test]
fn staged_paths_are_judged_whole() {
    assert_eq!(path(&format!("dir/{}.txt", token(1)), None), ["test.token"]);
    assert_eq!(path("a/.Git/config", None), ["tree.dot-git"]);
    assert_eq!(path("a/../b", None), ["tree.bad-name"]);
    assert_eq!(
        path(".gitmodules", Some(Mode::Symlink)),
        ["tree.gitmodules-symlink"]
    );
    assert!(path(".gitmodules", Some(Mode::Regular)).is_empty());
    assert!(path("src/.gitignore", Some(Mode::Regular)).is_empty());
}

#[test]
fn links_that_lead_out_are_noted() {
    let rules = rules();
    let leads_out = |path: &str, target: &str| {
        let out = scan(ObjectKind::Blob, target.as_bytes());
        assert!(out.findings.is_empty());
        assert_eq!(out.is_clean(), out.link.is_none());
        out.link.is_some_and(|link| {
            let rule = &rules.rules()[link.finding.rule as usize];
            assert_eq!(rule.id.as_str(), "tree.symlink-escape");
            link.leads_out_from(path.as_bytes())
        })
    };
    assert!(leads_out("a/link", "/etc/passwd"));
    assert!(leads_out("a/link", "../../x"));
    assert!(!leads_out("a/b/link", "../../x"));
    assert!(!leads_out("a/link", "../x"));
    assert!(leads_out("link", "../x"));
    assert!(!leads_out("link", "x"));
}
