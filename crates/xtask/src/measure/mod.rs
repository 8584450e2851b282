//! The figures of `docs/detection.md` and `docs/performance.md`: what is found, in made-up lines and
//! in real folders, and what hostile text costs.

mod cost;
mod forms;
mod hostile;
mod made;

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use lychgate_model::{Confidence, HashKind, ObjectKind};
use lychgate_scan::{Input, RuleSet, Scanned, Scratch, ValueKey};

/// Runs one of the measurements.
pub(crate) fn run(words: &[&str]) -> ExitCode {
    match words {
        ["found", folders @ ..] => found(folders),
        ["made", count, seed] => match (count.parse(), seed.parse()) {
            (Ok(count), Ok(seed)) => made::run(count, seed),
            _ => ExitCode::from(2),
        },
        ["cost", folder, kinds @ ..] => cost::run(folder, kinds),
        _ => {
            eprintln!("cargo xtask measure found DIR.. | made COUNT SEED | cost DIR KIND..");
            ExitCode::from(2)
        }
    }
}

/// One finding per line: path, line, confidence, points, rule, evidence; then a summary.
fn found(folders: &[&str]) -> ExitCode {
    let rules = RuleSet::built_in().expect("the built-in packs are good");
    let mut scratch = Scratch::new();
    let (mut files, mut lines, mut bytes, mut outside) = (0usize, 0usize, 0usize, 0usize);
    for folder in folders {
        let mut all = Vec::new();
        gather(Path::new(folder), &mut all);
        all.sort();
        for path in all {
            let Ok(content) = std::fs::read(&path) else {
                continue;
            };
            files += 1;
            bytes += content.len();
            let count = content.iter().filter(|b| **b == b'\n').count();
            lines += count;
            let shown = path
                .strip_prefix(folder)
                .unwrap_or(&path)
                .display()
                .to_string();
            let mut out = Scanned::default();
            let input = Input {
                kind: ObjectKind::Blob,
                hash: HashKind::Sha1,
                bytes: &content,
            };
            rules.scan(input, &ValueKey::new([0; 32]), &mut scratch, &mut out);
            for f in &out.findings {
                let Some(rule) = rules.rules().get(f.rule as usize) else {
                    continue;
                };
                if !rule.paths.applies_to(shown.as_bytes()) {
                    continue;
                }
                let evidence = f.evidence.at(shown.as_bytes());
                let confidence = match f.evidence.is_none() {
                    true => Some(f.confidence),
                    false => evidence.confidence(),
                };
                let level = confidence.map_or("none", Confidence::name);
                let facts: Vec<String> = evidence.facts().map(|f| format!("{f:?}")).collect();
                println!(
                    "{}\t{}\t{level}\t{}\t{}\t{}",
                    path.display(),
                    f.span.line,
                    evidence.points(),
                    rule.id,
                    facts.join(" ")
                );
                outside += usize::from(confidence.is_some());
            }
        }
    }
    eprintln!("{files} files, {lines} lines, {bytes} bytes, {outside} findings");
    ExitCode::SUCCESS
}

fn gather(folder: &Path, out: &mut Vec<PathBuf>) {
    let Ok(entries) = std::fs::read_dir(folder) else {
        return;
    };
    for entry in entries.flatten() {
        match entry.file_type() {
            Ok(kind) if kind.is_dir() && entry.file_name() != ".git" => gather(&entry.path(), out),
            Ok(kind) if kind.is_file() => out.push(entry.path()),
            _ => {}
        }
    }
}
