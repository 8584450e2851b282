//! What a megabyte of hostile input costs, against a megabyte of ordinary files in the same run.

use std::path::Path;
use std::process::ExitCode;

use lychgate_model::{HashKind, ObjectKind};
use lychgate_scan::{Input, RuleSet, Scanned, Scratch, ValueKey};
use rustix::time::{ClockId, clock_gettime};

use super::hostile;

/// Below this the price of an object hides the price of its bytes.
const LARGE: usize = 4 << 10;

/// How often everything is scanned that is measured; more, for a profile.
fn rounds() -> usize {
    let asked = std::env::var("LYCHGATE_BENCH_ROUNDS").ok();
    asked.and_then(|n| n.parse().ok()).unwrap_or(3).max(1)
}

/// Milliseconds this thread was on a CPU.
fn milliseconds() -> f64 {
    let at = clock_gettime(ClockId::ThreadCPUTime);
    at.tv_sec as f64 * 1e3 + at.tv_nsec as f64 / 1e6
}

/// MiB of memory this process has.
fn resident() -> f64 {
    let told = std::fs::read_to_string("/proc/self/statm").unwrap_or_default();
    let pages = told
        .split_whitespace()
        .nth(1)
        .and_then(|n| n.parse::<f64>().ok());
    pages.unwrap_or(0.0) * 4096.0 / 1_048_576.0
}

struct Bench {
    rules: RuleSet,
    scratch: Scratch,
}

/// What ordinary files cost, in milliseconds a megabyte.
struct Ordinary {
    mean: f64,
    middle: f64,
    /// Units charged for a byte, and of what they may be, of the files that came nearest to it.
    dearest: Vec<(f64, f64, String)>,
    /// Files that were not judged to their end.
    truncated: Vec<String>,
}

struct Cost {
    milliseconds: f64,
    /// Units charged, of about a nanosecond.
    spent: u64,
    allowed: u64,
    /// Bytes that came out of what was packed.
    came_out: u64,
    out: Scanned,
}

impl Bench {
    fn scan(&mut self, kind: ObjectKind, bytes: &[u8]) -> Cost {
        let mut out = Scanned::default();
        let input = Input {
            kind,
            hash: HashKind::Sha1,
            bytes,
        };
        let from = milliseconds();
        let key = ValueKey::new([0; 32]);
        self.rules.scan(input, &key, &mut self.scratch, &mut out);
        Cost {
            milliseconds: milliseconds() - from,
            spent: self.scratch.spent(),
            allowed: self.scratch.allowed(),
            came_out: self.scratch.came_out(),
            out,
        }
    }

    /// The median of a few scans in milliseconds, and one of them.
    fn median(&mut self, kind: ObjectKind, bytes: &[u8]) -> (f64, Cost) {
        // Patterns compile at their first hit, once for a process.
        let mut cost = self.scan(kind, bytes);
        let mut all: Vec<f64> = (0..rounds())
            .map(|_| {
                cost = self.scan(kind, bytes);
                cost.milliseconds
            })
            .collect();
        all.sort_by(f64::total_cmp);
        (all[all.len() / 2], cost)
    }

    /// The same object in pieces, as one above 16 MiB comes.
    fn stream(&mut self, kind: ObjectKind, bytes: &[u8]) -> f64 {
        let mut out = Scanned::default();
        let key = ValueKey::new([0; 32]);
        let from = milliseconds();
        let mut stream = self.rules.stream(kind, &mut self.scratch);
        for piece in bytes.chunks(256 << 10) {
            stream.feed(&self.rules, &key, &mut self.scratch, piece);
        }
        stream.finish(&self.rules, &key, &mut self.scratch, &mut out);
        milliseconds() - from
    }

    /// Milliseconds for a megabyte of the files of a folder: over all, and of the median file.
    fn ordinary(&mut self, folder: &str) -> Option<Ordinary> {
        let mut paths = Vec::new();
        super::gather(Path::new(folder), &mut paths);
        let (mut spent, mut size, mut each) = (0.0, 0.0, Vec::new());
        let (mut dearest, mut truncated) = (Vec::new(), Vec::new());
        // Once for the patterns, once for the figures.
        for round in 0..2 {
            for path in &paths {
                let Ok(bytes) = std::fs::read(path) else {
                    continue;
                };
                let cost = self.scan(ObjectKind::Blob, &bytes);
                if round == 1 && bytes.len() >= LARGE {
                    spent += cost.milliseconds;
                    size += bytes.len() as f64 / 1e6;
                    each.push(cost.milliseconds * 1e6 / bytes.len() as f64);
                }
                if round == 1 {
                    let spent = cost.spent as f64;
                    let share = spent / cost.allowed as f64;
                    let path = path.display().to_string();
                    if cost.out.truncated {
                        truncated.push(format!("{path}: {} bytes, {share:.2}", bytes.len()));
                    }
                    dearest.push((share, spent / bytes.len().max(1) as f64, path));
                    if dearest.len() > 1000 {
                        shorten(&mut dearest);
                    }
                }
            }
        }
        each.sort_by(f64::total_cmp);
        let middle = *each.get(each.len() / 2)?;
        Some(Ordinary {
            mean: spent / size,
            middle,
            dearest: shorten(&mut dearest).to_vec(),
            truncated,
        })
    }
}

/// The few that came nearest to what they may cost.
fn shorten(all: &mut Vec<(f64, f64, String)>) -> &[(f64, f64, String)] {
    all.sort_by(|a, b| b.0.total_cmp(&a.0));
    all.truncate(5);
    all
}

/// One line for each kind of hostile input whose name holds one of the words; all without words.
/// Of `=word`, what the word costs over and over.
pub(super) fn run(folder: &str, words: &[&str]) -> ExitCode {
    let begun = milliseconds();
    let rules = RuleSet::built_in().expect("the built-in packs are good");
    let (loaded, before) = (milliseconds(), resident());
    let bytes = rules.compile();
    println!(
        "all packs: loaded in {:.1} ms, all patterns compiled in {:.1} ms, {:.1} MiB",
        loaded - begun,
        milliseconds() - loaded,
        bytes as f64 / 1_048_576.0
    );
    println!("resident: {before:.1} MiB before, {:.1} after", resident());
    let keywords = rules.keywords();
    let mut bench = Bench {
        rules,
        scratch: Scratch::new(),
    };
    let Some(ordinary) = bench.ordinary(folder) else {
        eprintln!("no files of {LARGE} bytes in {folder}");
        return ExitCode::from(2);
    };
    let Ordinary {
        mean,
        middle,
        dearest,
        truncated,
    } = ordinary;
    println!("ordinary: {mean:.2} ms/MB over all, {middle:.2} of the median file;");
    for (share, spent, path) in dearest {
        println!(
            "  {:3.0}% of what it may cost, {spent:.1} units a byte: {path}",
            share * 100.0
        );
    }
    println!(
        "{} files were too much or had too many findings",
        truncated.len()
    );
    for file in truncated {
        println!("  {file}");
    }
    println!("  ms/MB  ratio  units/byte  pieces  found  what");
    let source = hostile::source(Path::new(folder));
    for kind in hostile::kinds(&keywords, &source) {
        let (name, object) = (kind.name, kind.object);
        if !words.is_empty() && !words.iter().any(|w| name.contains(w)) {
            continue;
        }
        let bytes = (kind.make)();
        let megabytes = bytes.len() as f64 / 1e6;
        let (took, cost) = bench.median(object, &bytes);
        let (ms, spent) = (took / megabytes, cost.spent as f64 / bytes.len() as f64);
        let pieces = bench.stream(object, &bytes) / megabytes;
        let note = match (cost.out.truncated, cost.out.not_looked_at.first()) {
            (true, _) => ", truncated".to_owned(),
            (false, Some(what)) => format!(", not looked at: {what}"),
            (false, None) => String::new(),
        };
        // What comes out of a small file may be large: beside its own size, that of all that was read.
        let read = megabytes + cost.came_out as f64 / 1e6;
        let unfolded = match cost.came_out {
            0 => String::new(),
            _ => format!(", {:.1} times by what comes out", took / read / mean),
        };
        println!(
            "{ms:7.1} {:6.1} {spent:11.1} {pieces:7.1} {:6}  {name}{unfolded}{note}",
            ms / mean,
            cost.out.findings.len()
        );
    }
    for word in words.iter().filter_map(|w| w.strip_prefix('=')) {
        let ms = over_and_over(&mut bench, word.as_bytes());
        println!("{ms:7.1} {:6.1}  over and over: {word}", ms / mean);
    }
    if words.is_empty() || words.contains(&"each") {
        each(&mut bench, &keywords, mean);
    }
    println!("resident: {:.1} MiB at the end", resident());
    ExitCode::SUCCESS
}

/// What 16 KiB of the same cost, in milliseconds a megabyte.
fn over_and_over(bench: &mut Bench, unit: &[u8]) -> f64 {
    let bytes = unit.repeat((16 << 10) / unit.len());
    bench.median(ObjectKind::Blob, &bytes).0 * 1e6 / bytes.len() as f64
}

/// Every keyword over and over, in the ways they cost: the ten worst.
fn each(bench: &mut Bench, keywords: &[Vec<u8>], mean: f64) {
    let mut all = Vec::new();
    for keyword in keywords {
        for (before, after) in [("", ""), ("", " = \""), ("\n", ": "), (" ", "")] {
            let unit = [before.as_bytes(), keyword, after.as_bytes()].concat();
            let per = over_and_over(bench, &unit);
            all.push((per, String::from_utf8_lossy(&unit).into_owned()));
        }
    }
    all.sort_by(|a, b| b.0.total_cmp(&a.0));
    for (ms, unit) in all.iter().take(10) {
        println!(
            "{ms:7.1} {:6.1}  over and over: {}",
            ms / mean,
            unit.escape_debug()
        );
    }
}
