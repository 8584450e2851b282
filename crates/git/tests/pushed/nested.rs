//! Trees nested so that there are more paths, or more comparisons, than anyone can walk.

use std::collections::HashSet;
use std::fmt::Write as _;
use std::io::Write as _;
use std::process::{Command, Stdio};

use lychgate_git::{Environment, Error, NewObjects, Place, Repository};
use lychgate_model::{ObjectId, ReasonCode};

use crate::server::{Judged, Server};

fn fed(server: &Server, args: &[&str], input: &str) -> String {
    let mut git = Command::new("git")
        .current_dir(server.root.join("work"))
        .args(args)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut stdin = git.stdin.take().unwrap();
    stdin.write_all(input.as_bytes()).unwrap();
    drop(stdin);
    let output = git.wait_with_output().unwrap();
    assert!(output.status.success(), "git {args:?}");
    String::from_utf8(output.stdout).unwrap()
}

fn blob(server: &Server, content: &str) -> String {
    let id = fed(server, &["hash-object", "-w", "--stdin"], content);
    id.trim().to_owned()
}

/// Trees in the form `git ls-tree` prints.
fn trees(server: &Server, listings: &[String]) -> Vec<String> {
    let all = fed(server, &["mktree", "--batch"], &listings.join("\n"));
    all.lines().map(str::to_owned).collect()
}

fn file(blob: &str) -> String {
    format!("100644 blob {blob}\tf\n")
}

fn twice(a: &str, b: &str) -> String {
    format!("040000 tree {a}\ta\n040000 tree {b}\tb\n")
}

fn commit(server: &Server, tree: &str, parents: &[String]) -> String {
    let mut args = vec!["commit-tree", "-m", "x", tree];
    for parent in parents {
        args.extend(["-p", parent]);
    }
    server.git(&args)
}

fn repository(server: &Server) -> Repository {
    let environment = Environment::new(server.root.join("work"), std::iter::empty());
    Repository::open(&environment).unwrap()
}

fn id(hex: &str) -> ObjectId {
    ObjectId::from_hex(hex.as_bytes()).unwrap()
}

fn places(repository: &Repository, tip: &str, wanted: &str) -> Result<Vec<Place>, Error> {
    let mut new = NewObjects::of_range(repository, None, id(tip)).unwrap();
    let mut found = Vec::new();
    new.places(&HashSet::from([id(wanted)]), &mut |place| found.push(place))?;
    Ok(found)
}

/// A folder `deep` levels down that comes and goes `times` times, and a last commit with the hit
/// at another path.
fn coming_and_going(server: &Server, deep: usize, times: usize) -> (String, String) {
    let folder = "d/".repeat(deep);
    let mut stream = String::from("blob\nmark :1\ndata 4\nhit\n\n");
    let mut mark = 1;
    for (n, paths) in std::iter::repeat_n([Some(folder.as_str()), None], times)
        .flatten()
        .chain([Some("last/")])
        .enumerate()
    {
        let from = if n > 0 {
            format!("from :{mark}\n")
        } else {
            String::new()
        };
        mark += 1;
        write!(
            stream,
            "commit refs/heads/deep\nmark :{mark}\n\
             committer x <x@example.com> {} +0000\ndata 0\n{from}deleteall\n",
            1_700_000_000 + n
        )
        .unwrap();
        if let Some(folder) = paths {
            writeln!(stream, "M 100644 :1 {folder}w").unwrap();
        }
    }
    fed(server, &["fast-import", "--quiet"], &stream);
    (server.git(&["rev-parse", "deep"]), blob(server, "hit\n"))
}

#[test]
fn places_that_nobody_can_look_for_are_an_error() {
    let server = Server::new();
    let (tip, hit) = coming_and_going(&server, 1500, 700);
    let error = places(&repository(&server), &tip, &hit).unwrap_err();
    assert!(matches!(error, Error::TooDeep), "{error}");
    assert_eq!(error.reason(), ReasonCode::Unreadable);
}

#[test]
fn a_deep_folder_that_comes_and_goes_hides_no_place() {
    let server = Server::new();
    let (tip, hit) = coming_and_going(&server, 1500, 3);
    let found = places(&repository(&server), &tip, &hit).unwrap();
    assert!(found.iter().any(|place| place.path.as_bytes() == b"last/w"));
    assert!(found.iter().any(|place| place.path.0.len() == 3001));
}

/// 2^36 paths to one deleted file.
#[test]
fn deleted_files_below_doubling_folders() {
    let server = Server::new();
    let (hit, gone) = (blob(&server, "hit\n"), blob(&server, "gone\n"));
    for leaf in [file(&gone), String::new()] {
        let mut below = fed(&server, &["mktree"], &leaf).trim().to_owned();
        for _ in 0..36 {
            below = trees(&server, &[twice(&below, &below)]).remove(0);
        }
        let parent = commit(&server, &below, &[]);
        let tree = trees(&server, &[file(&hit)]).remove(0);
        let tip = commit(&server, &tree, &[parent]);
        let found = places(&repository(&server), &tip, &hit).unwrap();
        assert_eq!(found.len(), 1);
        let expected = (!leaf.is_empty()).then(|| id(&gone));
        assert_eq!(found[0].deleted, Vec::from_iter(expected));
    }
}

/// A merge of `n` commits whose trees differ from it so that each level down doubles the ways to
/// stand beside it.
fn octopus(server: &Server, n: usize) -> String {
    let x = blob(server, "x\n");
    let ours = (0..n).fold(trees(server, &[file(&x)]).remove(0), |below, _| {
        trees(server, &[twice(&below, &below)]).remove(0)
    });
    let mut leaves = Vec::new();
    for k in 0..n {
        leaves.push(file(&blob(server, &format!("{k} 0\n"))));
        leaves.push(file(&blob(server, &format!("{k} 1\n"))));
    }
    // Both halves of each parent, from the leaves up; they meet at a level of its own.
    let mut halves = trees(server, &leaves);
    for level in (0..n).rev() {
        let listings: Vec<String> = (0..n)
            .flat_map(|k| {
                let (a, b) = (&halves[2 * k], &halves[2 * k + 1]);
                if k == level {
                    [twice(a, b), twice(a, b)]
                } else {
                    [twice(a, a), twice(b, b)]
                }
            })
            .collect();
        halves = trees(server, &listings);
    }
    let parents: Vec<String> = (0..n)
        .map(|k| commit(server, &halves[2 * k], &[]))
        .collect();
    commit(server, &ours, &parents)
}

#[test]
fn an_octopus_beside_which_everything_doubles() {
    let server = Server::new();
    let tip = octopus(&server, 24);
    let repository = repository(&server);
    let mut new = NewObjects::of_range(&repository, None, id(&tip)).unwrap();
    let judged = Judged::all(&mut new);
    let all = server.git(&["rev-list", "--objects", "--no-object-names", &tip]);
    assert_eq!(judged.offered, all.lines().map(id).collect());
}

#[test]
fn an_enumeration_ends_when_there_is_no_time_left() {
    let server = Server::new();
    let tip = octopus(&server, 16);
    let x = id(&blob(&server, "x\n"));
    let repository = repository(&server);
    for expired in [true, false] {
        let new = || {
            let mut new = NewObjects::of_range(&repository, None, id(&tip)).unwrap();
            new.stop_when(Box::new(move || expired));
            new
        };
        let stopped = |result| matches!(result, Err(Error::Stopped));
        let mut judged = Judged::default();
        let result = new().enumerate(&mut judged);
        assert_eq!(stopped(result), expired);
        let result = new().places(&HashSet::from([x]), &mut |_| {});
        assert_eq!(stopped(result), expired);
    }
    assert_eq!(Error::Stopped.reason(), ReasonCode::Deadline);
}
