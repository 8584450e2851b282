//! Prefilter, whole scan and worst inputs, against the reference automaton in the same run.
//!
//! Times are of the thread's CPU, where Linux tells it: a busy machine does not change them.
//!
//! Text: the files under LYCHGATE_BENCH_TEXT (a folder), by default this workspace's crates, cut
//! or repeated to 16 MiB.

use std::hint::black_box;
use std::path::Path;
use std::time::{Duration, Instant};

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use lychgate_model::{HashKind, ObjectKind};
use lychgate_scan::prefilter::{Hits, Prefilter, RANGE_MOST};
use lychgate_scan::{Input, RuleSet, Scanned, Scratch, ValueKey};

const SIZE: usize = 16 << 20;

fn gather(folder: &Path, out: &mut Vec<u8>) {
    let Ok(entries) = std::fs::read_dir(folder) else {
        return;
    };
    for entry in entries.flatten() {
        if out.len() >= SIZE {
            return;
        }
        let Ok(kind) = entry.file_type() else {
            continue;
        };
        if kind.is_dir() {
            gather(&entry.path(), out);
        } else if kind.is_file() {
            out.extend(std::fs::read(entry.path()).unwrap_or_default());
        }
    }
}

fn text() -> Vec<u8> {
    let folder = std::env::var_os("LYCHGATE_BENCH_TEXT").unwrap_or_else(|| "..".into());
    let mut out = Vec::new();
    gather(Path::new(&folder), &mut out);
    while !out.is_empty() && out.len() < SIZE {
        out.extend_from_within(..out.len().min(SIZE - out.len()));
    }
    out.truncate(SIZE);
    out
}

/// Nanoseconds this thread was on a CPU.
fn on_cpu() -> Option<u64> {
    let text = std::fs::read_to_string("/proc/thread-self/schedstat").ok()?;
    text.split_whitespace().next()?.parse().ok()
}

/// CPU time of `rounds` calls.
fn timed<T>(rounds: u64, mut call: impl FnMut() -> T) -> Duration {
    let (cpu, wall) = (on_cpu(), Instant::now());
    for _ in 0..rounds {
        black_box(call());
    }
    match (cpu, on_cpu()) {
        (Some(from), Some(to)) => Duration::from_nanos(to.saturating_sub(from).max(1)),
        _ => wall.elapsed(),
    }
}

fn walk(filter: &Prefilter, text: &[u8], hits: &mut Hits) -> usize {
    let mut found = 0;
    let mut at = 0;
    while at < text.len() {
        let to = text.len().min(at + RANGE_MOST / 4);
        filter.find(text, at..to, hits);
        found += hits.iter().count();
        at = to;
    }
    found
}

fn prefilter(c: &mut Criterion) {
    let Ok(set) = RuleSet::built_in() else { return };
    let (words, text) = (set.keywords(), text());
    let mut group = c.benchmark_group("prefilter");
    group
        .throughput(Throughput::Bytes(text.len() as u64))
        .sample_size(10);
    let mut hits = Hits::default();
    for (name, filter) in Prefilter::ways(&words) {
        group.bench_function(name, |b| {
            b.iter_custom(|n| timed(n, || walk(&filter, black_box(&text), &mut hits)));
        });
    }
    group.finish();
}

fn scan(c: &mut Criterion) {
    let Ok(set) = RuleSet::built_in() else { return };
    let key = ValueKey::new([1; 32]);
    let (mut scratch, mut out) = (Scratch::new(), Scanned::default());
    let worst = |word: &[u8]| word.repeat((1 << 20) / word.len());
    let inputs = [
        ("source", text()),
        ("spaces", worst(b" ")),
        ("one line", worst(b"lorem ipsum ")),
        ("keyword", worst(b"ghp_")),
        ("openings", worst(b"-----BEGIN RSA PRIVATE KEY-----\nAAAA")),
        ("assignments", worst(b"password = \"\n")),
    ];
    let mut group = c.benchmark_group("scan");
    group.sample_size(10);
    for (name, bytes) in &inputs {
        group.throughput(Throughput::Bytes(bytes.len() as u64));
        group.bench_with_input(BenchmarkId::from_parameter(name), bytes, |b, bytes| {
            b.iter_custom(|n| {
                timed(n, || {
                    out.clear();
                    let input = Input {
                        kind: ObjectKind::Blob,
                        hash: HashKind::Sha1,
                        bytes,
                    };
                    set.scan(input, &key, &mut scratch, &mut out);
                    out.findings.len()
                })
            });
        });
    }
    group.finish();
    c.bench_function("load built-in packs", |b| {
        b.iter_custom(|n| timed(n, || RuleSet::built_in().is_ok()));
    });
}

criterion_group!(benches, prefilter, scan);
criterion_main!(benches);
