//! Random histories against `git rev-list`.

use std::collections::{BTreeSet, HashMap};

use lychgate_git::NewObjects;
use lychgate_model::{ObjectId, RefKind, RefUpdate};

use crate::server::{Given, Judged, Server};

struct Random(u64);

impl Random {
    fn below(&mut self, n: usize) -> usize {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) as usize % n
    }
}

/// One fast-import stream: commits with random parents and random changes.
fn history(random: &mut Random, commits: usize, backwards: bool) -> String {
    let mut out = String::new();
    for n in 1..=commits {
        let skew = random.below(2000) as i64 * 100;
        let age = n as i64 * if backwards { -100_000 } else { 1000 };
        let date = 1_700_000_000 + age - skew;
        out.push_str(&format!("commit refs/heads/c{n}\nmark :{n}\n"));
        out.push_str(&format!("committer x <x@x> {date} +0000\ndata 2\nx\n"));
        let mut parents = Vec::new();
        for _ in 0..random.below(4) {
            let parent = 1 + random.below(n.max(2) - 1).max(n.saturating_sub(6));
            if parent < n && !parents.contains(&parent) {
                parents.push(parent);
            }
        }
        for (at, parent) in parents.iter().enumerate() {
            out.push_str(&format!(
                "{} :{parent}\n",
                if at == 0 { "from" } else { "merge" }
            ));
        }
        for _ in 0..=random.below(4) {
            let path = format!(
                "d{}/e{}/f{}",
                random.below(3),
                random.below(3),
                random.below(3)
            );
            if random.below(5) == 0 {
                out.push_str(&format!("D {path}\n"));
            } else {
                let text = format!("content {}\n", random.below(40));
                out.push_str(&format!(
                    "M 100644 inline {path}\ndata {}\n{text}\n",
                    text.len()
                ));
            }
        }
        out.push('\n');
    }
    out
}

/// Histories in which a walk that believes dates to a day calls old commits new, then others; where
/// the seed leaves 3 when divided by 4 every commit is older than its parents, by its date.
const SEEDS: [u64; 14] = [
    114, 1004, 1008, 1066, 1133, 1162, 1177, 1181, 1182, 1299, 3, 7, 11, 15,
];

#[test]
fn exactly_what_is_new_however_dates_run() {
    for seed in SEEDS {
        history_of(seed);
    }
}

#[test]
fn exactly_what_is_new_in_a_history_not_seen_before() {
    let clock = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
    let seed = clock.unwrap().as_nanos() as u64;
    println!("seed {seed}");
    history_of(seed);
}

/// One history, some of it pushed, then more of it: as a push and as what an `update` hook finds.
fn history_of(seed: u64) {
    let mut random = Random(seed);
    let server = Server::new();
    if seed.is_multiple_of(2) {
        server.run("server.git", &["config", "receive.unpackLimit", "1"]);
    }
    let commits = 10 + random.below(60);
    let stream = server.root.join("stream");
    std::fs::write(&stream, history(&mut random, commits, seed % 4 == 3)).unwrap();
    let import = |dir: &str| {
        let status = std::process::Command::new("git")
            .current_dir(server.root.join(dir))
            .args(["fast-import", "--quiet"])
            .stdin(std::fs::File::open(&stream).unwrap())
            .status();
        assert!(status.unwrap().success());
    };
    import("work");
    let mut some = || -> Vec<usize> {
        (0..1 + random.below(3))
            .map(|_| 1 + random.below(commits))
            .collect()
    };
    let (old, new) = (some(), some());
    for (at, n) in old.iter().enumerate() {
        server.push(&[&format!("c{n}:refs/heads/old{at}")]);
    }
    let lines = |given: &Given| -> Vec<RefUpdate> {
        let null = ObjectId::null(given.repository().hash_kind());
        let line = |(at, n): (usize, &usize)| RefUpdate {
            name: format!("refs/heads/new{at}").into_bytes(),
            old: null,
            new: server.id(&format!("c{n}")),
            kind: RefKind::Create,
        };
        new.iter().enumerate().map(line).collect()
    };
    let pushed: Vec<_> = new
        .iter()
        .enumerate()
        .map(|(at, n)| format!("c{n}:refs/heads/new{at}"))
        .collect();
    let given = server.ask(&pushed.iter().map(String::as_str).collect::<Vec<_>>());
    check(&given, &format!("seed {seed}, in quarantine"), false);

    // The same objects in the store, as an update hook finds them.
    server.run("server.git", &["config", "core.logAllRefUpdates", "false"]);
    import("server.git");
    let mut forget = String::new();
    for n in 1..=commits {
        forget.push_str(&format!("delete refs/heads/c{n}\n"));
    }
    server.feed("server.git", &["update-ref", "--stdin"], &forget);
    let mut given = server.without_quarantine(Vec::new());
    given.refs = lines(&given);
    check(&given, &format!("seed {seed}, in the store"), true);
}

/// `exactly`: nothing but what the new commits introduce is judged. A quarantine may bring more.
fn check(given: &Given, told: &str, exactly: bool) {
    let (repository, environment) = (given.repository(), given.environment());
    let mut new = NewObjects::of_push(&repository, &environment, &given.refs, &|_| true).unwrap();
    let judged = Judged::all(&mut new);
    assert!(judged.unreadable.is_empty(), "{told}");
    let commits = new_commits(given);
    let introduced = introduced(given, &commits);
    let missed: Vec<_> = introduced.difference(&judged.offered).collect();
    assert!(missed.is_empty(), "{told}: not judged: {missed:?}");
    let more: BTreeSet<_> = judged.offered.difference(&introduced).copied().collect();
    if exactly {
        assert!(more.is_empty(), "{told}: judged though not new: {more:?}");
    } else {
        let old = commits_of(given, &["--all"]);
        let again = more.iter().find(|id| old.contains(id));
        assert_eq!(again, None, "{told}: an old commit");
        let brought = given.in_quarantine();
        let unasked = more.iter().find(|id| !brought.contains(id));
        assert_eq!(unasked, None, "{told}: neither new nor brought");
    }
    let added = crate::added::expected(given);
    let told_paths: BTreeSet<_> = judged.paths.keys().cloned().collect();
    assert!(told_paths.is_superset(&added), "{told}: {added:?}");
    if exactly {
        assert_eq!(told_paths, added, "{told}");
    }
    places(given, &mut new, &judged, told);
}

fn commits_of(given: &Given, from: &[&str]) -> BTreeSet<ObjectId> {
    given.ids(&[&["rev-list"], from].concat())
}

/// What the tips reach and no ref does: the difference of two whole walks, since git's own walk
/// from both sides at once believes dates.
fn new_commits(given: &Given) -> BTreeSet<ObjectId> {
    let tips: Vec<String> = given.refs.iter().map(|line| line.new.to_string()).collect();
    let tips: Vec<&str> = tips.iter().map(String::as_str).collect();
    let old = commits_of(given, &["--all"]);
    commits_of(given, &tips).difference(&old).copied().collect()
}

/// What the new commits bring to a path where no parent has it, as `git log -c` tells it.
fn introduced(given: &Given, commits: &BTreeSet<ObjectId>) -> BTreeSet<ObjectId> {
    if commits.is_empty() {
        return BTreeSet::new();
    }
    let tips: Vec<String> = given.refs.iter().map(|line| line.new.to_string()).collect();
    let commits: Vec<String> = commits.iter().map(ToString::to_string).collect();
    let mut log = vec![
        "log",
        "--no-walk=unsorted",
        "--format=commit %H %T %P",
        "--no-abbrev",
        "--no-renames",
    ];
    log.extend(["--raw", "-c", "-t", "--root"]);
    let all: HashMap<String, String> = given
        .git(
            &[
                &["log", "--format=%H %T", "--all"],
                &*tips.iter().map(String::as_str).collect::<Vec<_>>(),
            ]
            .concat(),
        )
        .lines()
        .filter_map(|line| line.split_once(' '))
        .map(|(commit, tree)| (commit.to_owned(), tree.to_owned()))
        .collect();
    log.extend(commits.iter().map(String::as_str));
    let mut out = BTreeSet::new();
    for line in given.git(&log).lines() {
        let mut words = line.split([' ', '\t']);
        if words.next() == Some("commit") {
            let (commit, tree) = (words.next().unwrap(), words.next().unwrap());
            out.insert(ObjectId::from_hex(commit.as_bytes()).unwrap());
            if words.all(|parent| all.get(parent).is_none_or(|theirs| theirs != tree)) {
                out.insert(ObjectId::from_hex(tree.as_bytes()).unwrap());
            }
        } else if line.starts_with(':') {
            // One mode and one id of each parent, then those of the commit.
            let parents = line.bytes().take_while(|b| *b == b':').count();
            let ids: Vec<&str> = line.split([' ', '\t']).skip(parents + 1).collect();
            let (old, new) = (&ids[..parents], ids[parents]);
            if !old.contains(&new) && new.bytes().any(|b| b != b'0') {
                out.insert(ObjectId::from_hex(new.as_bytes()).unwrap());
            }
        }
    }
    out
}

/// Everything that is new and reachable has a place, and stands there.
fn places(given: &Given, new: &mut NewObjects<'_>, judged: &Judged, told: &str) {
    let wanted = judged.offered.iter().copied().collect();
    let mut placed = BTreeSet::new();
    let mut specs = String::new();
    let mut expected = Vec::new();
    new.places(&wanted, &mut |place| {
        placed.insert(place.object);
        if let Some(commit) = place.commit.filter(|commit| *commit != place.object) {
            let path = std::str::from_utf8(place.path.as_bytes()).unwrap();
            specs.push_str(&format!("{commit}:{path}\n"));
            expected.push(place.object.to_string());
        }
    })
    .unwrap();
    assert_eq!(given.stands(&specs), expected, "{told}");
    for id in &judged.offered {
        assert!(placed.contains(id), "{told}: {id} has no place");
    }
}
